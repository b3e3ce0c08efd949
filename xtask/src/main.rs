//! The project's own tooling: `cargo xtask setup|test|ci|tidy|bench`.
//!
//! Called by people at their desks and by `.ci/run`; both run the very same commands. A step that
//! cannot run because a tool is missing fails, it is never left out: a green run means that
//! everything was run. Nothing here is a dependency of the product.

mod bench;
mod ci;
mod place;
mod setup;
mod shell;
mod test;
mod tidy;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Tooling of Parlor")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the test tools present: Chromium, recorded speech, Python and Node packages.
    Setup,
    /// Run every test; with --quick only those that need no browser and no Python.
    Test {
        #[arg(long)]
        quick: bool,
    },
    /// What continuous integration runs: format, clippy, tidy, doc and every test.
    Ci,
    /// Check the rules of the house: layering, budgets, licences, no unfinished work.
    Tidy,
    /// Measure a release build; rows are kept in target/bench/NAME.jsonl.
    Bench {
        /// The name of one benchmark; all of them when absent.
        name: Option<String>,
        /// Of fan-out: few points and short ones, and the page stays as it is.
        #[arg(long)]
        quick: bool,
        /// Of fan-out, after `--`: what `load fan-out` is told besides.
        #[arg(last = true)]
        more: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let place = place::Place::find()?;
    match Arguments::parse().command {
        Command::Setup => setup::run(&place),
        Command::Test { quick } => test::run(&place, quick),
        Command::Ci => ci::run(&place),
        Command::Tidy => tidy::run(&place),
        Command::Bench { name, quick, more } => bench::run(&place, name.as_deref(), quick, &more),
    }
}
