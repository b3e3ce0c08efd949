//! `voice-service`: the one binary.
//!
//! `main` reads the command line and the configuration, `compose` puts the parts together, `serve` runs
//! them until a signal. Nothing here knows a rule.

mod accounts;
mod addresses;
mod cli;
mod compose;
mod config;
mod gauges;
mod health;
mod http;
mod listener;
mod ready;
mod serve;
mod tls;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use tracing_subscriber::EnvFilter;

use cli::{Cli, Command};
use config::Config;

fn main() -> ExitCode {
    // Two TLS libraries in one process panic at first use: this one is everybody's.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        return fail(&anyhow::anyhow!("the TLS library was set up twice"));
    }
    let cli = Cli::parse();
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// One clear line; the causes behind it in the same line.
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("voice-service: {error:#}");
    ExitCode::FAILURE
}

#[tokio::main]
async fn run(cli: Cli) -> anyhow::Result<()> {
    let config = Config::read(cli.config.as_deref()).map_err(|error| anyhow::anyhow!("{error}"))?;
    log_to_stderr(&config)?;
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(config).await,
        Command::User(command) => accounts::run(&config, command).await,
        Command::Config => {
            print!("{config}");
            Ok(())
        }
        Command::Health => health::run(&config).await,
    }
}

/// Libraries whose finer levels would log what must never be in a log (SDP credentials, frames with
/// tokens): held at these levels whatever LOG says.
const HELD_DOWN: [&str; 6] =
    ["str0m=error", "is=error", "dimpl=error", "tungstenite=info", "hyper=info", "rustls=info"];

fn log_to_stderr(config: &Config) -> anyhow::Result<()> {
    let mut filter = EnvFilter::try_new(&config.log)
        .map_err(|error| anyhow::anyhow!("LOG: not a log filter: {error}"))?;
    for directive in HELD_DOWN {
        filter = filter.add_directive(directive.parse()?);
    }
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
    Ok(())
}
