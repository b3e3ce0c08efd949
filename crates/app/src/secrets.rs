//! Files in the data directory that only the server may read: keys and secrets made once.
//!
//! A secret appears whole or not at all, under its final name, mode 0600, and never changes: whoever
//! comes second, another process included, reads what the first one made.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;
use model::Redacted;
use subtle::ConstantTimeEq;

const MEDIA_SECRET_FILE: &str = "media-secret";
/// As long as the output of the hash that it keys; more would not make it harder to guess.
const MEDIA_SECRET_LEN: usize = 32;

/// The secret that keys media credentials, made at the first start.
pub fn media_secret(data_dir: &Path) -> io::Result<Redacted<Vec<u8>>> {
    let mut fresh = vec![0; MEDIA_SECRET_LEN];
    rand::fill(&mut fresh).map_err(|_| io::Error::other("the system gave no random bytes"))?;
    let path = data_dir.join(MEDIA_SECRET_FILE);
    let secret = read_or_create(&path, || fresh)?;
    if secret.len() != MEDIA_SECRET_LEN {
        let why = format!("{} is damaged: remove it and start again", path.display());
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    Ok(Redacted::new(secret))
}

/// Whether two secrets are the same, in a time that does not tell where they differ.
pub fn is_same(secret: &str, shown: &str) -> bool {
    secret.as_bytes().ct_eq(shown.as_bytes()).into()
}

/// What the file holds. If there is none it is made, and the directory with it, for the owner alone.
pub fn read_or_create(path: &Path, make: impl FnOnce() -> Vec<u8>) -> io::Result<Vec<u8>> {
    match read_private(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => return other,
    }
    if let Some(parent) = path.parent() {
        create_private_dir(parent)?;
    }
    let temporary = temporary_name(path);
    let made = write_new(&temporary, &make()).and_then(|()| publish(&temporary, path));
    if made.is_err() {
        // The first failure is the one to report.
        let _ = fs::remove_file(&temporary);
    }
    made?;
    read_private(path)
}

fn read_private(path: &Path) -> io::Result<Vec<u8>> {
    let bytes = fs::read(path)?;
    // Copying or restoring a directory may have opened it to others.
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(bytes)
}

/// Beside the file, and of this process alone, so that two never write to one.
fn temporary_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    name.into()
}

fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // Left by a run that died here and had the same number.
    let _ = fs::remove_file(path);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Gives a written file its name, unless somebody else was faster.
fn publish(temporary: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(temporary, path) {
        Ok(()) => fs::remove_file(temporary),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => fs::remove_file(temporary),
        // A file system without links: renaming is whole too, only the last one wins.
        Err(_) => fs::rename(temporary, path),
    }
}

fn create_private_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once() {
        let directory = tempfile::tempdir().unwrap();
        let data_dir = directory.path().join("data");
        let first = media_secret(&data_dir).unwrap();
        assert_eq!(first.expose().len(), MEDIA_SECRET_LEN);
        assert!(first.expose().iter().any(|&byte| byte != 0));
        assert_eq!(media_secret(&data_dir).unwrap(), first);
        let files: Vec<_> = fs::read_dir(&data_dir).unwrap().collect();
        assert_eq!(files.len(), 1, "no temporary file is left: {files:?}");
    }

    #[test]
    fn what_is_there_is_not_made_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        assert_eq!(read_or_create(&path, || b"one".to_vec()).unwrap(), b"one");
        assert_eq!(read_or_create(&path, || unreachable!("it is there")).unwrap(), b"one");
        // A second process that saw no file, and comes to publish, leaves the first one's.
        let late = temporary_name(&path);
        write_new(&late, b"two").unwrap();
        publish(&late, &path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert!(!late.exists());
    }

    #[test]
    fn a_damaged_secret_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join(MEDIA_SECRET_FILE), "short").unwrap();
        let refusal = media_secret(directory.path()).unwrap_err();
        assert_eq!(refusal.kind(), io::ErrorKind::InvalidData);
    }

    #[cfg(unix)]
    #[test]
    fn files_are_for_the_owner_alone() {
        use std::os::unix::fs::PermissionsExt;

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("key");
        let mode = || fs::metadata(&path).unwrap().permissions().mode() & 0o777;
        read_or_create(&path, || b"one".to_vec()).unwrap();
        assert_eq!(mode(), 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        read_or_create(&path, Vec::new).unwrap();
        assert_eq!(mode(), 0o600);
    }
}
