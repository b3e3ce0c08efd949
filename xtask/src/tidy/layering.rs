//! Which crate may import which, and what the pure crates must not have.
//!
//! The table is the drawing of the house in ARCHITECTURE.md. A crate that is not in it fails, so
//! that its place is decided when it is made.

use cargo_metadata::{Dependency, DependencyKind, Metadata, Package};

use super::Findings;

/// The imports that each crate may have among ours.
const ALLOWED: [(&str, &[&str]); 14] = [
    ("model", &[]),
    ("room", &["model"]),
    ("codec", &[]),
    ("media", &["codec", "model"]),
    ("transcribe", &["codec", "model"]),
    ("sip", &["model", "room"]),
    ("store", &["model", "room"]),
    ("bus", &["model", "room"]),
    ("net", &["media", "model"]),
    ("app", &["room", "media", "net", "sip", "transcribe", "codec", "store", "bus", "model"]),
    ("dialects", &["app", "room", "model"]),
    ("web", &[]),
    ("xtask", &[]),
    ("bench", &["media"]),
];

/// Nothing imports these. Those without a row in the table put the others together.
const TOPS: [&str; 3] = ["server", "bench", "fuzz"];

/// Crates without clock, randomness, input and output.
pub const PURE: [&str; 4] = ["model", "room", "codec", "media"];

const IMPURE: [&str; 7] = ["axum", "hyper", "rand", "reqwest", "serde_json", "sqlx", "tokio"];

/// Checks the edges between our crates, and those of the pure crates to the outside.
pub fn check(metadata: &Metadata, findings: &mut Findings) {
    let ours = metadata.workspace_packages();
    let names: Vec<&str> = ours.iter().map(|package| package.name.as_str()).collect();
    for package in &ours {
        for dependency in dependencies(package) {
            if names.contains(&dependency)
                && let Some(reason) = refuse(&package.name, dependency)
            {
                findings.fail(&package.name, reason);
            }
            if PURE.contains(&package.name.as_str()) && IMPURE.contains(&dependency) {
                findings.fail(&package.name, format_args!("is pure and cannot use {dependency}"));
            }
        }
        if !known(&package.name) {
            findings.fail(&package.name, "has no place in the table of layers in xtask");
        }
    }
}

/// Tests may import what they like, but for the tooling itself.
fn dependencies(package: &Package) -> impl Iterator<Item = &str> {
    let counts = |one: &&Dependency| one.kind != DependencyKind::Development || one.name == "xtask";
    package.dependencies.iter().filter(counts).map(|one| one.name.as_str())
}

fn known(name: &str) -> bool {
    TOPS.contains(&name) || ALLOWED.iter().any(|(one, _)| *one == name)
}

fn refuse(from: &str, to: &str) -> Option<String> {
    if TOPS.contains(&to) || to == "xtask" {
        return Some(format!("{to} is not for import"));
    }
    let (_, allowed) = ALLOWED.iter().find(|(name, _)| *name == from)?;
    (!allowed.contains(&to)).then(|| format!("may not import {to}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges() {
        for (from, to) in [
            ("server", "net"),
            ("app", "net"),
            ("dialects", "app"),
            ("store", "room"),
            ("bench", "media"),
        ] {
            assert_eq!(refuse(from, to), None, "{from} -> {to}");
        }
        for (from, to) in [
            ("room", "media"),
            ("dialects", "store"),
            ("media", "net"),
            ("app", "server"),
            ("server", "xtask"),
            ("net", "bench"),
            ("bench", "app"),
        ] {
            assert!(refuse(from, to).is_some(), "{from} -> {to}");
        }
    }

    #[test]
    fn every_crate_needs_a_place() {
        assert!(known("room") && known("server") && !known("utils"));
    }
}
