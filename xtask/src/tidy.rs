//! `cargo xtask tidy`: the rules of the house, checked by a program.
//!
//! Layering and licences come from cargo metadata, the rest from the text of the files. A finding
//! says where, what and, where it is not plain, why. Warnings do not fail the run.

mod functions;
mod layering;
mod licences;
mod pages;
mod rust;
mod scan;

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use walkdir::{DirEntry, WalkDir};

use crate::place::Place;

/// What the checks found.
#[derive(Default)]
pub struct Findings {
    failures: Vec<String>,
    warnings: Vec<String>,
}

impl Findings {
    fn fail(&mut self, place: impl std::fmt::Display, what: impl std::fmt::Display) {
        self.failures.push(format!("{place}: {what}"));
    }

    fn warn(&mut self, place: impl std::fmt::Display, what: impl std::fmt::Display) {
        self.warnings.push(format!("{place}: {what}"));
    }
}

/// Runs all checks; an error when one failed.
pub fn run(place: &Place) -> Result<()> {
    let mut findings = Findings::default();
    layering::check(place.metadata(), &mut findings);
    licences::check(place.metadata(), &mut findings);
    rust::check(place.root(), &files(place.root(), &["rs"]), &mut findings)?;
    pages::check(place.root(), &mut findings)?;
    for warning in &findings.warnings {
        println!("warning: {warning}");
    }
    for failure in &findings.failures {
        println!("error: {failure}");
    }
    if findings.failures.is_empty() {
        println!("tidy: all rules hold, {} warnings", findings.warnings.len());
        return Ok(());
    }
    bail!("tidy: {} rules broken", findings.failures.len())
}

/// Our own files with one of these endings, by path from the root, in a stable order.
fn files(root: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let foreign = |entry: &DirEntry| {
        let name = entry.file_name().to_string_lossy();
        let hidden = name.starts_with('.') && name != ".ci" && entry.depth() > 0;
        hidden || ["target", "node_modules", "vendor", "data"].contains(&name.as_ref())
    };
    WalkDir::new(root)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| !foreign(entry))
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| entry.into_path())
        .filter(|path| path.extension().is_some_and(|end| endings.iter().any(|one| end == *one)))
        .filter_map(|path| path.strip_prefix(root).map(Path::to_path_buf).ok())
        .collect()
}
