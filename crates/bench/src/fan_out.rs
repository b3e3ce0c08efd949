//! Every scene on every server, in turn: A B C, A B C, and so on, so that what else the machine does
//! meets all of them alike. A fresh process for each point.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::Args;

use crate::engine::{Addresses, first_address};
use crate::point::{self, Manner, Row};
use crate::program::{Programs, Running, Server};
use crate::scene::{SCENES, Scene};
use crate::signal::Signal;
use crate::usage;

/// The servers, in the order of the tables.
const SERVERS: [Server; 4] =
    [Server::Parlor(Some(1)), Server::Parlor(None), Server::Janus(None), Server::Janus(Some(2))];

#[derive(Args)]
pub struct FanOut {
    /// Parlor's program.
    #[arg(long)]
    parlor: PathBuf,
    /// Janus's program.
    #[arg(long, default_value = "/usr/bin/janus")]
    janus: PathBuf,
    /// How often each point is measured.
    #[arg(long, default_value_t = 5)]
    repeats: usize,
    /// Scenes to measure; all when absent.
    #[arg(long, value_delimiter = ',')]
    scenes: Vec<String>,
    /// Few points, and short ones: to see that all of it works.
    #[arg(long)]
    quick: bool,
    /// Seconds that are measured.
    #[arg(long, default_value_t = 5.0)]
    window: f64,
    #[command(flatten)]
    outside: Outside,
}

impl FanOut {
    /// Measures, and prints a row for each point.
    pub fn run(&self) -> Result<()> {
        let programs = Programs { parlor: self.parlor.clone(), janus: self.janus.clone() };
        let named = |scene: &&Scene| match self.quick {
            _ if !self.scenes.is_empty() => self.scenes.iter().any(|name| name == scene.name),
            true => ["1-20", "10x10", "video-1-30"].contains(&scene.name),
            false => true,
        };
        let (repeats, window) = if self.quick { (1, 2.0) } else { (self.repeats, self.window) };
        let manner = |addresses| Manner {
            addresses,
            payload_len: 80,
            warm_up: Duration::from_millis(1500),
            window: Duration::from_secs_f64(window),
        };
        let mut servers: Vec<Measured> = SERVERS.into_iter().map(Measured::Fresh).collect();
        servers
            .extend(self.outside.peer.is_some().then(|| Measured::Outside(self.outside.clone())));
        for scene in SCENES.iter().filter(named) {
            for repeat in 0..repeats {
                for server in &servers {
                    match server.point(scene, &programs, manner) {
                        Ok(mut row) => {
                            row.insert("repeat".to_owned(), repeat.into());
                            println!("{}", serde_json::to_string(&row)?);
                        }
                        // One server that cannot do a scene must not take the others' rows along.
                        Err(error) => eprintln!("{} {}: {error:#}", server.name(), scene.name),
                    }
                }
            }
        }
        Ok(())
    }
}

/// A server that is measured.
pub enum Measured {
    /// By a process of its own for each point.
    Fresh(Server),
    /// As somebody has started it.
    Outside(Outside),
}

/// A server that somebody else has started.
#[derive(Args, Clone)]
pub struct Outside {
    /// Measure this as well, by the name for tables; needs --pid and --url.
    #[arg(long, requires_all = ["pid", "url"])]
    peer: Option<String>,
    /// Its process.
    #[arg(long)]
    pid: Option<u32>,
    /// Where its signalling is.
    #[arg(long)]
    url: Option<String>,
    /// What its signalling is: parlor or janus.
    #[arg(long, default_value = "janus")]
    adapter: String,
}

impl Measured {
    fn name(&self) -> String {
        match self {
            Self::Fresh(server) => server.name(),
            Self::Outside(outside) => outside.peer.clone().unwrap_or_default(),
        }
    }

    /// Measures one point.
    pub fn point(
        &self,
        scene: &Scene,
        programs: &Programs,
        manner: impl Fn(Addresses) -> Manner,
    ) -> Result<Row> {
        let manner = manner(Addresses::One(first_address()?));
        let mut row = match self {
            Self::Fresh(server) => {
                let running = Running::start(*server, programs)?;
                point::measure(scene, &mut running.signal()?, running.pid(), &manner)?
            }
            Self::Outside(outside) => {
                let url = outside.url.as_deref().context("no --url")?;
                let mut signal = Signal::named(&outside.adapter, url, None)?;
                point::measure(scene, &mut signal, outside.pid.context("no --pid")?, &manner)?
            }
        };
        let at = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        row.insert("server".to_owned(), self.name().into());
        row.insert("at".to_owned(), at.into());
        row.insert("machine".to_owned(), usage::machine().into());
        Ok(row)
    }
}
