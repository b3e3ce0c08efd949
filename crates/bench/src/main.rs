//! The load client: members without people, for measuring a server of voice rooms, this one or another.
//!
//! Run by `cargo xtask bench fan-out` and by hand; nothing of the product imports it. `engine` runs
//! members on one thread, `signal` brings them into a server, `point` measures one scene, `fan_out` all
//! of them on several servers in turn. Rows are JSON, one a line, on standard output.

mod camera;
mod clock;
mod draft;
mod engine;
mod fan_out;
mod full;
mod light;
mod member;
mod picture;
mod point;
mod program;
mod record;
mod recording;
mod replay;
mod report;
mod rtp;
mod scene;
mod seen;
mod signal;
mod spread;
mod stamp;
mod stream;
mod sys;
mod usage;
mod watch;

use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};

use engine::Addresses;
use point::Manner;
use program::{Programs, Server};
use scene::Scene;
use signal::Signal;

#[derive(Parser)]
#[command(name = "load", about = "Members without people, for measuring")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// All scenes on Parlor and Janus in turn, a fresh process for each.
    FanOut(fan_out::FanOut),
    /// One scene on a server that somebody else has started.
    Point(Point),
    /// One scene on a server that is started for it, once or more.
    Run(Run),
    /// Rows from standard input as tables.
    Report,
    /// Members that replay a recording or watch one, and tell what they see.
    Member(watch::Members),
    /// What a browser, or any other sender, sends as video, as a file.
    Record(record::Record),
}

#[derive(Args)]
struct Window {
    /// Bytes of an audio packet's payload.
    #[arg(long, default_value_t = 80)]
    payload: usize,
    /// Seconds before the window.
    #[arg(long, default_value_t = 1.5)]
    warm_up: f64,
    /// Seconds that are measured.
    #[arg(long, default_value_t = 5.0)]
    window: f64,
}

impl Window {
    fn manner(&self, addresses: Addresses) -> Manner {
        Manner {
            addresses,
            payload_len: self.payload,
            warm_up: Duration::from_secs_f64(self.warm_up),
            window: Duration::from_secs_f64(self.window),
        }
    }
}

#[derive(Args)]
struct Point {
    /// The server's signalling: parlor or janus.
    #[arg(long)]
    peer: String,
    /// What it is called in the row.
    #[arg(long)]
    name: Option<String>,
    /// The server's process.
    #[arg(long)]
    pid: u32,
    /// Where its signalling is.
    #[arg(long)]
    url: String,
    /// Parlor's JWT_SECRET. Without it everyone registers first.
    #[arg(long)]
    secret: Option<String>,
    /// Members have a socket each at this address; without it addresses of 127.0.0.0/8 on one socket.
    #[arg(long)]
    ip: Option<Ipv4Addr>,
    /// Which scene.
    #[arg(long, default_value = "1-100")]
    scene: String,
    #[command(flatten)]
    window: Window,
}

#[derive(Args)]
struct Run {
    /// The server's program.
    #[arg(long)]
    parlor: PathBuf,
    /// Its media workers.
    #[arg(long)]
    workers: Option<usize>,
    /// Which scene.
    #[arg(long, default_value = "1-100")]
    scene: String,
    /// How often, each on a fresh process.
    #[arg(long, default_value_t = 1)]
    repeats: usize,
    #[command(flatten)]
    window: Window,
}

fn main() -> Result<()> {
    // The keys of members whose media the library does not see.
    media::srtp::tapped(str0m::crypto::from_feature_flags()).install_process_default();
    match Arguments::parse().command {
        Command::FanOut(all) => all.run(),
        Command::Point(point) => point.run(),
        Command::Run(run) => run.run(),
        Command::Member(members) => members.run(),
        Command::Record(record) => record.run(),
        Command::Report => {
            let rows = report::read(std::io::stdin())?;
            print!("{}", report::markdown(&rows.iter().collect::<Vec<_>>()));
            Ok(())
        }
    }
}

fn scene(name: &str) -> Result<Scene> {
    Scene::named(name).with_context(|| {
        let names: Vec<&str> = scene::SCENES.iter().map(|scene| scene.name).collect();
        format!("no scene {name}; there are {}", names.join(", "))
    })
}

impl Point {
    fn run(&self) -> Result<()> {
        let mut signal = Signal::named(&self.peer, &self.url, self.secret.as_deref())?;
        let manner = self.window.manner(self.ip.map_or(Addresses::Loopback, Addresses::One));
        let mut row = point::measure(&scene(&self.scene)?, &mut signal, self.pid, &manner)?;
        row.insert("server".to_owned(), self.name.as_ref().unwrap_or(&self.peer).as_str().into());
        println!("{}", serde_json::to_string(&row)?);
        Ok(())
    }
}

impl Run {
    fn run(&self) -> Result<()> {
        let programs = Programs { parlor: self.parlor.clone(), janus: PathBuf::new() };
        for _ in 0..self.repeats {
            let server = Server::Parlor(self.workers);
            let server = fan_out::Measured::Fresh(server);
            let row = server.point(&scene(&self.scene)?, &programs, |addresses| {
                self.window.manner(addresses)
            })?;
            println!("{}", serde_json::to_string(&row)?);
        }
        Ok(())
    }
}
