//! `voice-service`: the one binary.
//!
//! `main` reads the command line and the configuration, `compose` puts the parts together, `serve` runs
//! them until a signal. Nothing here knows a rule.

mod accounts;
mod addresses;
mod cli;
mod compose;
mod config;
mod connections;
mod gauges;
mod health;
mod http;
mod listener;
mod logging;
mod models;
mod progress;
mod ready;
mod recording;
mod relay;
mod serve;
mod tls;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use cli::{Cli, Command, Models};
use config::Config;

fn main() -> ExitCode {
    // Two TLS libraries in one process panic at first use: this one is everybody's.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        return fail(&anyhow::anyhow!("the TLS library was set up twice"));
    }
    let cli = Cli::parse();
    match run_and_leave(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// One clear line; the causes behind it in the same line.
fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("voice-service: {error:#}");
    ExitCode::FAILURE
}

/// What still runs on a thread of its own at the end (a password's hash, a lock on a file) may take this
/// long. The goodbyes have had their time before; together it stays below five seconds.
const LEFTOVERS_WITHIN: Duration = Duration::from_millis(500);

fn run_and_leave(cli: Cli) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(run(cli));
    runtime.shutdown_timeout(LEFTOVERS_WITHIN);
    done
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    let config = Config::read(cli.config.as_deref()).map_err(|error| anyhow::anyhow!("{error}"))?;
    logging::start(&config.log)?;
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => serve::run(config).await,
        Command::User(command) => accounts::run(&config, command).await,
        Command::Config => {
            print!("{config}");
            Ok(())
        }
        Command::Health => health::run(&config).await,
        // These two wait for the disk, pip and the model; nothing else runs beside them.
        Command::Transcribe { file, format } => recording::run(&config, &file, format),
        Command::Models(Models::Fetch) => models::fetch(&config),
    }
}
