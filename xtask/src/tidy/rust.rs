//! The rules for Rust files: module docs, budgets, no unfinished work, `unsafe`, clocks, unwraps.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::Findings;
use super::functions::functions;
use super::layering::PURE;
use super::scan::{Source, line_of, words};

const FILE_WARNING: usize = 400;
const FILE_LIMIT: usize = 600;
const FUNCTION_WARNING: usize = 50;
const FUNCTION_LIMIT: usize = 70;

/// How far above an `unsafe` its reason may stand.
const SAFETY_DISTANCE: usize = 8;

/// The wrapper around the Opus library.
const CODEC: &str = "crates/codec/src/opus";

/// The load client's system calls: it receives as no product crate does.
const LOAD_CLIENT: &str = "crates/bench/src/sys.rs";

/// What a pure crate cannot do by itself: time, threads and chance are arguments there.
const EFFECTS: [&str; 6] = [
    "Instant::now",
    "SystemTime::now",
    "thread::spawn",
    "rand::",
    "std::fs",
    "std::net::UdpSocket",
];

/// Checks all Rust files of the workspace; `paths` are from the root.
pub fn check(root: &Path, paths: &[PathBuf], findings: &mut Findings) -> Result<()> {
    let mut sources = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(root.join(path))?;
        sources.push((path, Source::scan(&text), text));
    }
    let tests: BTreeSet<PathBuf> = sources
        .iter()
        .flat_map(|(path, source, _)| source.test_modules.iter().map(|name| module(path, name)))
        .collect();
    for (path, source, text) in &sources {
        let file = File { path, source, text, is_test: is_test(path, &tests) };
        file.check(findings);
    }
    Ok(())
}

/// The path, without ending, of the module `name` that the file at `path` declares.
fn module(path: &Path, name: &str) -> PathBuf {
    match path.file_stem().and_then(|stem| stem.to_str()) {
        Some("lib" | "main") | None => path.with_file_name(name),
        Some(_) => path.with_extension("").join(name),
    }
}

/// Integration tests, and modules declared for tests only with all that is under them.
fn is_test(path: &Path, tests: &BTreeSet<PathBuf>) -> bool {
    let stem = path.with_extension("");
    path.iter().any(|part| part == "tests" || part == "benches")
        || tests.iter().any(|test| stem.starts_with(test))
}

struct File<'f> {
    path: &'f Path,
    source: &'f Source,
    text: &'f str,
    is_test: bool,
}

impl File<'_> {
    fn check(&self, findings: &mut Findings) {
        self.head(findings);
        self.budgets(findings);
        self.unfinished(findings);
        self.unsafety(findings);
        if !self.is_test {
            self.unwraps(findings);
            self.effects(findings);
        }
    }

    fn at(&self, index: usize) -> String {
        format!("{}:{}", self.path.display(), line_of(&self.source.code_and_tests, index))
    }

    fn head(&self, findings: &mut Findings) {
        if !self.text.starts_with("//!") {
            findings.fail(self.path.display(), "opens with no `//!`");
        }
        if self.path.file_name().is_some_and(|name| name == "mod.rs") {
            findings.fail(self.path.display(), "is foo/mod.rs; foo.rs beside foo/ is our form");
        }
    }

    fn budgets(&self, findings: &mut Findings) {
        let length = if self.is_test { self.text.lines().count() } else { self.source.length };
        if length > FILE_LIMIT {
            findings.fail(self.path.display(), format_args!("{length} lines (limit {FILE_LIMIT})"));
        } else if length > FILE_WARNING {
            findings.warn(self.path.display(), format_args!("{length} lines"));
        }
        for function in functions(&self.source.code) {
            let place = format!("{}:{}", self.path.display(), function.line);
            let what = format!("fn {} has {} lines", function.name, function.length);
            if function.length > FUNCTION_LIMIT && !self.is_test {
                findings.fail(place, format_args!("{what} (limit {FUNCTION_LIMIT})"));
            } else if function.length > FUNCTION_WARNING {
                findings.warn(place, what);
            }
        }
    }

    fn unfinished(&self, findings: &mut Findings) {
        for word in ["todo", "unimplemented"] {
            for index in words(&self.source.code_and_tests, word) {
                if self.source.code_and_tests[index + word.len()..].starts_with('!') {
                    findings.fail(self.at(index), format_args!("{word}!"));
                }
            }
        }
        for word in [concat!("TO", "DO"), concat!("FIX", "ME")] {
            for index in words(&self.source.comments, word) {
                let line = line_of(&self.source.comments, index);
                findings.fail(format_args!("{}:{line}", self.path.display()), word);
            }
        }
        for (index, _) in self.source.code_and_tests.match_indices("#[ignore") {
            findings.fail(self.at(index), "a test that does not run");
        }
    }

    fn unsafety(&self, findings: &mut Findings) {
        let allowed = self.path.starts_with("crates/net")
            || self.path == Path::new(LOAD_CLIENT)
            || self.path.starts_with(CODEC);
        let comments: Vec<&str> = self.source.comments.lines().collect();
        for index in words(&self.source.code_and_tests, "unsafe") {
            if !allowed {
                findings.fail(
                    self.at(index),
                    "unsafe belongs in net, the codec wrapper and the load client only",
                );
                continue;
            }
            let line = line_of(&self.source.code_and_tests, index).min(comments.len());
            let near = &comments[line.saturating_sub(SAFETY_DISTANCE)..line];
            if !near.iter().any(|text| text.contains("SAFETY") || text.contains("# Safety")) {
                findings.fail(self.at(index), "unsafe without a SAFETY comment near");
            }
        }
    }

    /// The server's start-up may give up loudly; nothing else may.
    fn unwraps(&self, findings: &mut Findings) {
        if self.path.starts_with("crates/server/src") {
            return;
        }
        for call in [".unwrap()", ".expect("] {
            for (index, _) in self.source.code.match_indices(call) {
                findings.fail(self.at(index), format_args!("{call} outside of tests"));
            }
        }
    }

    fn effects(&self, findings: &mut Findings) {
        let pure = PURE.iter().any(|name| self.path.starts_with(format!("crates/{name}/src")));
        if !pure {
            return;
        }
        for effect in EFFECTS {
            for (index, _) in self.source.code.match_indices(effect) {
                findings.fail(self.at(index), format_args!("{effect} in a pure crate"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The failures of one file, without its path.
    fn failures(path: &str, text: &str) -> Vec<String> {
        let mut findings = Findings::default();
        let source = Source::scan(text);
        let path = Path::new(path);
        let file = File { path, source: &source, text, is_test: is_test(path, &BTreeSet::new()) };
        file.check(&mut findings);
        let name = path.display().to_string();
        findings.failures.iter().map(|one| one.replace(&name, "")).collect()
    }

    #[test]
    fn a_clean_file() {
        let text = "//! Docs.\n// \"unsafe\" in words\nfn a() { b(\"todo!() .unwrap() Instant::now\") }\n\
                    #[cfg(test)]\nmod tests { fn t() { x.unwrap(); Instant::now(); } }\n";
        assert_eq!(failures("crates/room/src/a.rs", text), Vec::<String>::new());
    }

    #[test]
    fn each_rule_can_fail() {
        let check = |path: &str, text: &str, expected: &str| {
            let found = failures(path, text);
            assert!(found.iter().any(|one| one.contains(expected)), "{text}: {found:?}");
        };
        check("crates/app/src/a.rs", "fn a() {}", "no `//!`");
        check("crates/app/src/a/mod.rs", "//! D", "mod.rs");
        check("crates/app/src/a.rs", "//! D\nfn a() { todo!() }", ":2: todo!");
        check("crates/app/src/a.rs", &format!("//! D\n// {}: x", concat!("TO", "DO")), ":2:");
        check("crates/app/tests/a.rs", "//! D\n#[ignore = \"slow\"]\nfn a() {}", "does not run");
        check("crates/app/src/a.rs", "//! D\nfn a() { b.unwrap(); }", ".unwrap()");
        check("crates/app/src/a.rs", "//! D\n// SAFETY: x\nunsafe { b() }", "only");
        check("crates/net/src/a.rs", "//! D\nfn a() { unsafe { b() } }", "without a SAFETY");
        check("crates/media/src/a.rs", "//! D\nfn a() { Instant::now() }", "pure crate");
        let long_function = format!("//! D\nfn a() {{\n{}}}\n", "x;\n".repeat(69));
        check("crates/app/src/a.rs", &long_function, "fn a has 71 lines");
        check("crates/app/src/a.rs", &format!("//! D\n{}", "x;\n".repeat(600)), "601 lines");
    }

    #[test]
    fn unsafe_with_its_reason() {
        let text = "//! D\n// SAFETY: the pointer lives.\nlet x = unsafe { b() };\n";
        assert_eq!(failures("crates/net/src/a.rs", text), Vec::<String>::new());
        assert_eq!(failures("crates/codec/src/opus/decoder.rs", text), Vec::<String>::new());
    }

    #[test]
    fn files_of_tests() {
        let tests = BTreeSet::from([module(Path::new("crates/a/src/b.rs"), "script")]);
        assert!(is_test(Path::new("crates/a/src/b/script.rs"), &tests));
        assert!(is_test(Path::new("crates/a/src/b/script/deep.rs"), &tests));
        assert!(is_test(Path::new("crates/a/tests/x.rs"), &tests));
        assert!(!is_test(Path::new("crates/a/src/script.rs"), &tests));
        assert_eq!(module(Path::new("crates/a/src/lib.rs"), "t"), Path::new("crates/a/src/t"));
    }
}
