//! `cargo xtask test`: every test there is, and one line at the end that sums them up.
//!
//! Each runner's own summary is read from its output. A runner that fails, that runs no test at
//! all or that skips one makes the whole run fail.

mod count;

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};
pub use count::Tally;

use crate::place::Place;
use crate::setup;
use crate::shell::{Steps, run as shell, succeeds, watch};

/// All tests, or with `quick` those that need neither browser nor Python.
pub fn run(place: &Place, quick: bool) -> Result<()> {
    let mut steps = Steps::default();
    let tally = if quick { inner_loop(place, &mut steps) } else { all(place, &mut steps) };
    let outcome = steps.finish();
    tally.print();
    outcome
}

/// Adds every test suite to `steps`, with the set-up and the build they need.
pub fn all(place: &Place, steps: &mut Steps) -> Tally {
    let mut tally = Tally::default();
    steps.step("setup", || setup::run(place));
    // It builds the programs that the other suites drive, too: the server and the load client have tests of
    // their own that run them.
    steps.step("rust tests", || rust(place, &mut tally));
    for folder in [WEB, BROWSER] {
        steps.step(&format!("types in {folder}"), || {
            shell(Command::new("npm").current_dir(place.root().join(folder)).args(["run", "check"]))
        });
    }
    steps.step("web client: tests", || npm(place, WEB, &mut tally));
    steps.step("browser tests", || npm(place, BROWSER, &mut tally));
    steps.step("aiortc tests", || python(place, &mut tally));
    tally
}

const WEB: &str = "crates/web";
const BROWSER: &str = "tests/browser";

fn inner_loop(place: &Place, steps: &mut Steps) -> Tally {
    let mut tally = Tally::default();
    steps.step("rust tests", || rust(place, &mut tally));
    steps.step("web client: packages", || setup::node_packages(place, WEB));
    steps.step("web client: tests", || npm(place, WEB, &mut tally));
    tally
}

fn cargo(place: &Place, arguments: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(place.root()).args(arguments);
    command
}

fn rust(place: &Place, tally: &mut Tally) -> Result<()> {
    if succeeds(Command::new("cargo").args(["nextest", "--version"])) {
        let units = ["nextest", "run", "--workspace", "--no-fail-fast", "--no-tests", "pass"];
        counted(&mut cargo(place, &units), tally)?;
        // nextest does not run the examples in documentation.
        let examples = ["test", "--doc", "--workspace", "--no-fail-fast"];
        return watched(&mut cargo(place, &examples), tally).map(drop);
    }
    counted(&mut cargo(place, &["test", "--workspace", "--no-fail-fast"]), tally)
}

fn npm(place: &Place, folder: &str, tally: &mut Tally) -> Result<()> {
    let mut command = Command::new("npm");
    command.current_dir(place.root().join(folder)).args(["test"]);
    counted(with_tools(&mut command, place), tally)
}

fn python(place: &Place, tally: &mut Tally) -> Result<()> {
    let mut command = Command::new(place.python());
    command.current_dir(place.root().join("tests/aiortc")).args(["-m", "pytest", "-ra"]);
    command.args(["-p", "no:cacheprovider"]).env("PYTHONDONTWRITEBYTECODE", "1");
    counted(with_tools(&mut command, place), tally)
}

/// Where the outside-in suites find what they drive.
pub fn with_tools<'c>(command: &'c mut Command, place: &Place) -> &'c mut Command {
    let server: &Path = &place.server("debug");
    command
        .env("PARLOR_SERVER", server)
        .env("PARLOR_LOAD", place.load("debug"))
        .env("PARLOR_SPEECH", place.speech())
        .env("CHROMIUM", Place::chromium())
}

/// A runner that must run at least one test.
fn counted(command: &mut Command, tally: &mut Tally) -> Result<()> {
    if watched(command, tally)? == 0 {
        bail!("no test was counted");
    }
    Ok(())
}

/// Runs a test runner, adds what it counted to `tally` and returns how many tests it ran.
fn watched(command: &mut Command, tally: &mut Tally) -> Result<u64> {
    let mut own = Tally::default();
    let status = watch(command, |line| own.read(line))?;
    tally.add(&own);
    if !status.success() {
        // A crash before the summary must show in the last line too.
        if own.failed() == 0 {
            tally.one_failure();
        }
        bail!("the runner ended with {status}");
    }
    if own.skipped() > 0 {
        bail!("{} tests were skipped", own.skipped());
    }
    Ok(own.run())
}
