//! The measured servers as processes of their own: started on free ports in a folder of their own, ended
//! when dropped.

use std::fs;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::signal::{Http, Signal};

/// A server must answer within this after its start.
const START_WITHIN: Duration = Duration::from_secs(30);
/// Known to both sides of a run on this machine, and to nobody else for longer.
const SECRET: &str = "a secret of the load client alone";

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// Parlor with so many media workers; none: its own choice.
    Parlor(Option<usize>),
    /// Janus, as it comes or with so many event loops.
    Janus(Option<usize>),
}

impl Server {
    /// What it is called in tables.
    pub fn name(self) -> String {
        match self {
            Self::Parlor(None) => "Parlor".to_owned(),
            Self::Parlor(Some(1)) => "Parlor, 1 worker".to_owned(),
            Self::Parlor(Some(workers)) => format!("Parlor, {workers} workers"),
            Self::Janus(None) => "Janus".to_owned(),
            Self::Janus(Some(loops)) => format!("Janus, {loops} event loops"),
        }
    }
}

/// Where the programs are.
#[derive(Clone, Debug)]
pub struct Programs {
    pub parlor: PathBuf,
    pub janus: PathBuf,
}

/// A running server.
pub struct Running {
    child: Child,
    _folder: TempDir,
    url: String,
    server: Server,
}

impl Running {
    /// Starts it and waits until it answers.
    pub fn start(server: Server, programs: &Programs) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("load-").tempdir()?;
        let port = free_port()?;
        let (mut command, url) = match server {
            Server::Parlor(workers) => parlor(&programs.parlor, folder.path(), port, workers),
            Server::Janus(loops) => janus(&programs.janus, folder.path(), port, loops)?,
        };
        let log = fs::File::create(folder.path().join("log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let child = command.spawn().with_context(|| format!("{command:?}"))?;
        let mut running = Self { child, _folder: folder, url, server };
        running.wait()?;
        Ok(running)
    }

    fn wait(&mut self) -> Result<()> {
        let end = Instant::now() + START_WITHIN;
        let (base, path) = match self.server {
            Server::Parlor(_) => (self.url.clone(), "/health"),
            Server::Janus(_) => (self.url.clone(), "/info"),
        };
        let http = Http::new(&base);
        while http.get(path).is_err() {
            if let Some(status) = self.child.try_wait()? {
                let log = fs::read_to_string(self._folder.path().join("log")).unwrap_or_default();
                bail!("{} ended with {status}: {log}", self.server.name());
            }
            if Instant::now() > end {
                bail!("{} does not answer", self.server.name());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A way in.
    pub fn signal(&self) -> Result<Signal> {
        match self.server {
            Server::Parlor(_) => Signal::named("parlor", &self.url, Some(SECRET)),
            Server::Janus(_) => Signal::named("janus", &self.url, None),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that was free a moment ago, for TCP and for UDP.
fn free_port() -> Result<u16> {
    for _ in 0..100 {
        let tcp = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        let port = tcp.local_addr()?.port();
        if UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port is free for both TCP and UDP")
}

fn parlor(program: &Path, folder: &Path, port: u16, workers: Option<usize>) -> (Command, String) {
    let mut command = Command::new(program);
    command
        .current_dir(folder)
        .env_clear()
        .env("PORT", port.to_string())
        .env("DATA_DIR", folder)
        .env("JWT_SECRET", SECRET)
        .env("RATE_LIMITS", "off")
        .env("STT_ENGINE", "off")
        .env("LOG", "warn");
    if let Some(workers) = workers {
        command.env("MEDIA_WORKERS", workers.to_string());
    }
    (command, format!("http://127.0.0.1:{port}"))
}

fn janus(
    program: &Path,
    folder: &Path,
    port: u16,
    loops: Option<usize>,
) -> Result<(Command, String)> {
    let loops = loops.map(|loops| format!("event_loops = {loops}\nallow_loop_indication = true"));
    let general = format!(
        "general: {{\nconfigs_folder = \"{}\"\ndebug_level = 3\nsession_timeout = 0\n{}\n}}\n",
        folder.display(),
        loops.unwrap_or_default(),
    );
    let media = "media: {\nipv6 = false\nrtp_port_range = \"20000-40000\"\n}\n\
                 nat: {\nice_lite = true\n}\n";
    let unused = |kind: &str, key: &str, names: &[&str]| {
        let names: Vec<String> = names.iter().map(|name| format!("libjanus_{name}.so")).collect();
        format!("{kind}: {{\n{key} = \"{}\"\n}}\n", names.join(","))
    };
    let plugins = [
        "audiobridge",
        "echotest",
        "nosip",
        "recordplay",
        "sip",
        "streaming",
        "textroom",
        "videocall",
        "voicemail",
        "duktape",
        "lua",
    ];
    let plugins = unused("plugins", "disable", &plugins);
    let transports = ["websockets", "rabbitmq", "pfunix", "mqtt", "nanomsg"];
    let transports = unused("transports", "disable", &transports);
    fs::write(folder.join("janus.jcfg"), [&general, media, &plugins, &transports].concat())?;
    let http = format!(
        "general: {{\njson = \"compact\"\nbase_path = \"/janus\"\nhttp = true\nport = {port}\n\
         interface = \"lo\"\nip = \"127.0.0.1\"\nhttps = false\n}}\n"
    );
    fs::write(folder.join("janus.transport.http.jcfg"), http)?;
    fs::write(folder.join("janus.plugin.videoroom.jcfg"), "general: {\n}\n")?;
    let mut command = Command::new(program);
    command.arg("-F").arg(folder);
    Ok((command, format!("http://127.0.0.1:{port}/janus")))
}
