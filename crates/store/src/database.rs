//! Where the data is, and opening it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::migrate::Migrator;
use sqlx::{AnyConnection, AnyPool, Connection, Executor};

use crate::Store;
use crate::error::StoreError;

/// The file inside the data directory.
const FILE_NAME: &str = "parlor.db";

/// Readers at once. SQLite reads are short; more would only cost threads and page caches.
const READERS_MAX: u32 = 4;
/// SQLite has one writer at a time (see the crate's page).
const WRITERS_MAX: u32 = 1;
/// How long a call waits for its turn before it counts as unavailable: longer hides overload, shorter
/// turns a slow disk into errors.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Run on every new connection. Waiting for the other process comes first, because switching to WAL
/// itself needs a lock. NORMAL may lose the last transactions at power loss, never the file: what is
/// lost are joins and leaves that the outage ended anyway.
const PRAGMAS: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; \
                       PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON;";

static MIGRATOR: Migrator = sqlx::migrate!();

/// Where the data is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// A SQLite file.
    Sqlite(PathBuf),
}

impl Database {
    /// The file in the data directory, unless a URL names another one (`sqlite:PATH`).
    /// Any other URL is refused; the refusal does not repeat it, as it may hold a password.
    pub fn new(data_dir: &Path, url: Option<&str>) -> Result<Self, StoreError> {
        let Some(url) = url else { return Ok(Self::Sqlite(data_dir.join(FILE_NAME))) };
        let path = url.strip_prefix("sqlite:").map(|rest| rest.strip_prefix("//").unwrap_or(rest));
        match path {
            Some("" | ":memory:") => Err(StoreError::Location(
                "DATABASE_URL: a SQLite database needs a file, as in sqlite:data/parlor.db".into(),
            )),
            Some(path) => Ok(Self::Sqlite(path.into())),
            None => Err(StoreError::Location(
                "DATABASE_URL: this version keeps its data in SQLite; leave it unset or give \
                 sqlite:PATH"
                    .into(),
            )),
        }
    }
}

impl Store {
    /// Opens the database, makes it if it is missing, and brings its tables up to date.
    pub async fn open(database: &Database) -> Result<Self, StoreError> {
        let Database::Sqlite(path) = database;
        let (path, turn) = prepare(path.clone()).await?;
        sqlx::any::install_default_drivers();
        let options: AnyConnectOptions = sqlite_url(&path)?.parse()?;
        // By itself, because a pool does not say why it could not connect.
        let mut first = AnyConnection::connect_with(&options).await?;
        first.execute(PRAGMAS).await?;
        first.close().await?;
        let writes = pool(options.clone(), WRITERS_MAX);
        MIGRATOR.run(&writes).await?;
        drop(turn);
        Ok(Self { reads: pool(options, READERS_MAX), writes })
    }
}

fn pool(options: AnyConnectOptions, connections_max: u32) -> AnyPool {
    AnyPoolOptions::new()
        .max_connections(connections_max)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // A local file does not hang up: no pings, no renewal.
        .test_before_acquire(false)
        .idle_timeout(None)
        .max_lifetime(None)
        .after_connect(|connection, _| {
            Box::pin(async move { connection.execute(PRAGMAS).await.map(|_| ()) })
        })
        .connect_lazy_with(options)
}

/// Makes the file and waits until no other process is at the same point: two that open a new file at
/// once (the server and a command) would both switch it to WAL and both make its tables, and SQLite
/// refuses one of them instead of waiting. The turn lasts until the returned lock is dropped.
async fn prepare(path: PathBuf) -> Result<(PathBuf, fs::File), StoreError> {
    let shown = path.display().to_string();
    let work = move || {
        let path = create_private_file(&path)?;
        let mut lock_path = path.clone().into_os_string();
        lock_path.push(".lock");
        let lock = private_file_options().create(true).open(lock_path)?;
        lock.lock()?;
        Ok::<_, io::Error>((path, lock))
    };
    let done = tokio::task::spawn_blocking(work).await.unwrap_or_else(|e| Err(io::Error::other(e)));
    done.map_err(|error| StoreError::Location(format!("cannot use the database {shown}: {error}")))
}

/// Makes the file, and the directories above it, for the owner alone, and gives its full path. SQLite
/// gives its `-wal` and `-shm` files the mode of the database file. A file that is there is not opened:
/// closing it again would drop the locks that this process may have on it.
fn create_private_file(path: &Path) -> io::Result<PathBuf> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        create_private_dir(parent)?;
    }
    match private_file_options().create_new(true).open(path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            #[cfg(unix)]
            fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        }
        Err(error) => return Err(error),
    }
    fs::canonicalize(path)
}

fn private_file_options() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    options.append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

fn create_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// The driver takes a URL and undoes percent-encoding; every byte that could mean something in one is
/// encoded.
fn sqlite_url(path: &Path) -> Result<String, StoreError> {
    let path = path.to_str().ok_or_else(|| {
        StoreError::Location(format!("the database path {} is not UTF-8", path.display()))
    })?;
    let mut url = String::from("sqlite://");
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' | b'-' => {
                url.push(char::from(byte));
            }
            other => url.push_str(&format!("%{other:02X}")),
        }
    }
    url.push_str("?mode=rw");
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_choose_the_place() {
        let check = |url, expect: &str| {
            let database = Database::new(Path::new("data"), url).unwrap();
            assert_eq!(database, Database::Sqlite(expect.into()), "{url:?}");
        };
        check(None, "data/parlor.db");
        check(Some("sqlite:other.db"), "other.db");
        check(Some("sqlite:///var/lib/parlor.db"), "/var/lib/parlor.db");
    }

    #[test]
    fn other_engines_are_refused_without_repeating_the_url() {
        for url in ["postgres://user:hunter2@host/db", "mysql://hunter2", "hunter2", "sqlite:"] {
            let refusal = Database::new(Path::new("data"), Some(url)).unwrap_err().to_string();
            assert!(refusal.contains("SQLite") && !refusal.contains("hunter2"), "{refusal}");
        }
    }
}
