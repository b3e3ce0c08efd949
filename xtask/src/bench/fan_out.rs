//! The fan-out benchmark: Parlor and Janus in turn under the load client, and the page that says what
//! came of it. Janus is installed for it; nothing else needs it.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

use super::build;
use crate::place::Place;
use crate::setup::install;

const PAGE: &str = "docs/benchmarks.md";
const BEGIN: &str = "<!-- fan-out: written by cargo xtask bench fan-out -->\n";
const END: &str = "<!-- fan-out: end -->\n";
const JANUS: &str = "/usr/bin/janus";

/// Builds both sides and gives the command that measures.
pub fn ready(place: &Place) -> Result<Command> {
    install("janus", || PathBuf::from(JANUS).exists())?;
    build(place, &["--package", "server", "--package", "bench"])?;
    let mut command = Command::new(load(place));
    command.arg("fan-out").arg("--parlor").arg(place.server("release")).args(["--janus", JANUS]);
    Ok(command)
}

fn load(place: &Place) -> PathBuf {
    place.server("release").with_file_name("load")
}

/// The rows as tables.
pub fn tables(place: &Place, rows: &[Map<String, Value>]) -> Result<String> {
    let mut report = Command::new(load(place));
    let mut child = report.arg("report").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = child.stdin.take().context("no way to the report")?;
    for row in rows {
        writeln!(input, "{}", serde_json::to_string(row)?)?;
    }
    drop(input);
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("load report ended with {}", output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Puts them into the page, in place of the last.
pub fn publish(place: &Place, tables: &str) -> Result<()> {
    let path = place.root().join(PAGE);
    let page = std::fs::read_to_string(&path)?;
    let page =
        replaced(&page, tables).with_context(|| format!("{PAGE} has no place for tables"))?;
    Ok(std::fs::write(path, page)?)
}

fn replaced(page: &str, tables: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{tables}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_tables_take_the_place_of_the_old() {
        let page = format!("a\n{BEGIN}old\n{END}b\n");
        let expected = format!("a\n{BEGIN}new\n{END}b\n");
        assert_eq!(replaced(&page, "new\n"), Some(expected));
        assert_eq!(replaced("a\nb\n", "new\n"), None);
    }
}
