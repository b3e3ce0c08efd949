//! The rules for what is no Rust: the web client's budget, tests that are left out, and the paths
//! that ARCHITECTURE.md names.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{Findings, files};

const SCRIPT_LIMIT: usize = 600;

/// How node:test and pytest are told not to run a test.
const LEFT_OUT: [&str; 7] =
    [".skip(", ".only(", ".todo(", "skip: true", "mark.skip", "mark.xfail", "pytest.skip("];

/// Checks scripts and pages.
pub fn check(root: &Path, findings: &mut Findings) -> Result<()> {
    for path in files(root, &["js", "mjs", "py"]) {
        let text = std::fs::read_to_string(root.join(&path))?;
        let length = text.lines().count();
        if length > SCRIPT_LIMIT {
            findings.fail(path.display(), format_args!("{length} lines (limit {SCRIPT_LIMIT})"));
        }
        for (number, line) in text.lines().enumerate() {
            let place = format!("{}:{}", path.display(), number + 1);
            if let Some(word) = LEFT_OUT.iter().find(|word| line.contains(**word)) {
                findings.fail(&place, format_args!("{word} leaves a test out"));
            }
            if line.contains(concat!("TO", "DO")) || line.contains(concat!("FIX", "ME")) {
                findings.fail(&place, "unfinished");
            }
        }
    }
    let page = "ARCHITECTURE.md";
    let text = std::fs::read_to_string(root.join(page)).unwrap_or_default();
    if text.is_empty() {
        findings.fail(page, "is missing");
    }
    let exists = |path: &str| root.join(path).exists() || root.join("crates").join(path).exists();
    for (line, path) in named_paths(&text, exists) {
        findings.fail(format_args!("{page}:{line}"), format_args!("{path} does not exist"));
    }
    Ok(())
}

/// Line and path of each missing file that a page names in backticks.
fn named_paths(text: &str, exists: impl Fn(&str) -> bool) -> Vec<(usize, String)> {
    let mut missing = Vec::new();
    let mut in_block = false;
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
        }
        if in_block {
            continue;
        }
        for word in line.split('`').skip(1).step_by(2) {
            if is_path(word, &exists) && !exists(word) {
                missing.push((number + 1, word.to_owned()));
            }
        }
    }
    missing
}

/// `crates/x/y.rs`, `docs/`, `y.md`; but no `/voice/join`, `text/html`, `*.rs` or `a/{b}`.
fn is_path(word: &str, exists: &impl Fn(&str) -> bool) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    if word.starts_with('/') || !word.chars().all(plain) {
        return false;
    }
    let ending = PathBuf::from(word);
    let ending = ending.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    let is_file = ["rs", "md", "toml", "js", "mjs", "py", "sql", "css", "html"].contains(&ending);
    match word.split_once('/') {
        Some((first, _)) => is_file || word.ends_with('/') || exists(first),
        None => ending == "md",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_backticks() {
        let exists = |path: &str| ["crates", "crates/room/src/stage.rs", "docs/"].contains(&path);
        let text = "See `crates/room/src/stage.rs`, `docs/`.\n\
                    `POST /voice/join`, `/voice/join`, `text/html`, `*.rs`, `app -> net`\n\
                    ```\n`crates/none.rs`\n```\n\
                    `crates/room/gone`, `room/src/away.rs`, `NONE.md`\n";
        let expected = ["crates/room/gone", "room/src/away.rs", "NONE.md"];
        let expected: Vec<(usize, String)> =
            expected.iter().map(|path| (6, (*path).to_owned())).collect();
        assert_eq!(named_paths(text, exists), expected);
    }
}
