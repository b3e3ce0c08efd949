//! `cargo xtask bench [NAME]`: figures that no test asserts.
//!
//! Each benchmark is a script in `tests/bench`, or the load client of `crates/bench`, that drives a
//! release build and prints its rows as JSON lines. They are kept in `target/bench/NAME.jsonl`, where runs can be compared, and shown as
//! tables. What the rows mean is in `docs/benchmarks.md`.

mod captions;
mod fan_out;

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value};

use crate::place::Place;
use crate::setup;
use crate::shell::{output, run as shell};
use crate::test::with_tools;

/// What can be measured.
#[derive(Clone, Copy)]
enum Bench {
    Join,
    Mute,
    React,
    Captions,
    FanOut,
}

const ALL: [Bench; 5] = [Bench::Join, Bench::Mute, Bench::React, Bench::Captions, Bench::FanOut];

impl Bench {
    fn name(self) -> &'static str {
        match self {
            Self::Join => "join",
            Self::Mute => "mute",
            Self::React => "react",
            Self::Captions => "captions",
            Self::FanOut => "fan-out",
        }
    }

    /// Builds what is measured, and gives the command that measures it.
    fn ready(self, place: &Place) -> Result<Command> {
        match self {
            Self::Join | Self::Mute | Self::React => {
                build(place, &["--package", "server"])?;
                let mut command = Command::new(place.python());
                command.arg("bench.py").arg(self.name());
                with_tools(&mut command, place).env("PARLOR_SERVER", place.server("release"));
                Ok(command)
            }
            Self::Captions => captions::ready(place),
            Self::FanOut => fan_out::ready(place),
        }
    }
}

/// Runs one benchmark, or all.
pub fn run(place: &Place, name: Option<&str>, quick: bool, more: &[String]) -> Result<()> {
    let chosen: Vec<Bench> =
        ALL.into_iter().filter(|bench| name.is_none_or(|name| name == bench.name())).collect();
    if chosen.is_empty() {
        bail!("no such benchmark; there are: {}", ALL.map(Bench::name).join(", "));
    }
    setup::run(place)?;
    std::fs::create_dir_all(place.bench())?;
    let commit = commit(place);
    for bench in chosen {
        let mut command = bench.ready(place)?;
        command.current_dir(place.root().join("tests/bench"));
        if let Bench::FanOut = bench {
            command.args(quick.then_some("--quick")).args(more);
        }
        let rows = rows(&output(&mut command)?, &commit)?;
        keep(place, bench.name(), &rows)?;
        println!("{}", bench.name());
        if let Bench::FanOut = bench {
            let tables = fan_out::tables(place, &rows)?;
            println!("{tables}");
            if !quick {
                fan_out::publish(place, &tables)?;
            }
            continue;
        }
        // Rows of another kind have other columns.
        for alike in rows.chunk_by(|one, next| one.keys().eq(next.keys())) {
            println!("{}", table(alike));
        }
    }
    Ok(())
}

/// A release build of these.
fn build(place: &Place, what: &[&str]) -> Result<()> {
    let mut command = Command::new("cargo");
    shell(command.current_dir(place.root()).args(["build", "--release"]).args(what))
}

/// Rows name what they measured; a dirty tree says so.
fn commit(place: &Place) -> String {
    let describe = ["describe", "--always", "--dirty"];
    output(Command::new("git").current_dir(place.root()).args(describe))
        .map_or_else(|_| "unknown".to_owned(), |text| text.trim().to_owned())
}

fn rows(lines: &str, commit: &str) -> Result<Vec<Map<String, Value>>> {
    let mut rows = Vec::new();
    for line in lines.lines() {
        let mut row: Map<String, Value> =
            serde_json::from_str(line).with_context(|| format!("not a row: {line}"))?;
        row.insert("commit".to_owned(), Value::from(commit));
        rows.push(row);
    }
    if rows.is_empty() {
        bail!("the benchmark printed no row");
    }
    Ok(rows)
}

fn keep(place: &Place, name: &str, rows: &[Map<String, Value>]) -> Result<()> {
    let path = place.bench().join(format!("{name}.jsonl"));
    let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
    for row in rows {
        writeln!(file, "{}", serde_json::to_string(row)?)?;
    }
    Ok(())
}

fn table(rows: &[Map<String, Value>]) -> String {
    let columns: BTreeSet<&str> = rows.iter().flat_map(Map::keys).map(String::as_str).collect();
    let mut lines: Vec<Vec<String>> = vec![columns.iter().map(|name| (*name).to_owned()).collect()];
    for row in rows {
        lines.push(columns.iter().map(|name| cell(row.get(*name))).collect());
    }
    let width = |column: usize| lines.iter().map(|line| line[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        for (cell, width) in line.iter().zip(&widths) {
            text.push_str(&format!("{cell:>width$}  "));
        }
        text.push('\n');
    }
    text
}

fn cell(value: Option<&Value>) -> String {
    match value {
        None => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_every_column_of_every_row() {
        let rows = rows("{\"a\":1}\n{\"b\":\"two\"}\n", "c0ffee").unwrap();
        assert_eq!(table(&rows), "a    b  commit  \n1       c0ffee  \n   two  c0ffee  \n");
    }

    #[test]
    fn a_benchmark_without_rows_is_an_error() {
        assert!(rows("", "c0ffee").is_err());
        assert!(rows("Traceback", "c0ffee").is_err());
    }
}
