//! `cargo xtask ci`: what `.ci/run` runs, and what anyone can run before a push.
//!
//! All steps run even when an early one fails: one run tells everything that is wrong.

use std::process::Command;

use anyhow::Result;

use crate::place::Place;
use crate::shell::{Steps, run as shell};
use crate::{test, tidy};

/// Format, clippy, tidy, doc, then the same tests as `cargo xtask test`.
pub fn run(place: &Place) -> Result<()> {
    let cargo = |arguments: &[&str]| {
        let mut command = Command::new("cargo");
        command.current_dir(place.root()).args(arguments);
        command
    };
    let mut steps = Steps::default();
    steps.step("fmt", || shell(&mut cargo(&["fmt", "--all", "--check"])));
    steps.step("tidy", || tidy::run(place));
    steps.step("clippy", || {
        let deny = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
        shell(&mut cargo(&deny))
    });
    steps.step("doc", || {
        let mut doc = cargo(&["doc", "--workspace", "--no-deps", "--locked"]);
        shell(doc.env("RUSTDOCFLAGS", "-D warnings"))
    });
    let tally = test::all(place, &mut steps);
    let outcome = steps.finish();
    tally.print();
    outcome
}
