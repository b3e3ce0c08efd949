//! The licences of everything we link: read from cargo metadata, held against one list.
//!
//! The expressions are SPDX (AND, OR, WITH, brackets) and the slash that older crates use for OR.
//! What is on no list may still be one side of an OR.

use cargo_metadata::Metadata;

use super::Findings;

const ALLOWED: [&str; 11] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

const ALLOWED_EXCEPTIONS: [&str; 1] = ["LLVM-exception"];

/// Every package of the lock file must have a licence that allows what we do.
pub fn check(metadata: &Metadata, findings: &mut Findings) {
    for package in &metadata.packages {
        let place = format!("{} {}", package.name, package.version);
        let Some(licence) = &package.license else {
            findings.fail(place, "names no licence");
            continue;
        };
        match allows(licence) {
            Some(true) => {}
            Some(false) => findings.fail(place, format_args!("licence {licence} is not allowed")),
            None => findings.fail(place, format_args!("licence {licence} cannot be read")),
        }
    }
}

/// Whether an expression can be met with allowed licences; `None` if it is no expression.
fn allows(expression: &str) -> Option<bool> {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words = Words { words: spaced.split_whitespace().collect(), next: 0 };
    let answer = words.either()?;
    (words.next == words.words.len()).then_some(answer)
}

/// Recursive descent: OR binds weaker than AND, AND weaker than WITH.
struct Words<'e> {
    words: Vec<&'e str>,
    next: usize,
}

impl Words<'_> {
    fn take(&mut self, word: &str) -> bool {
        let found = self.words.get(self.next) == Some(&word);
        self.next += usize::from(found);
        found
    }

    fn either(&mut self) -> Option<bool> {
        let mut answer = self.both()?;
        while self.take("OR") {
            answer |= self.both()?;
        }
        Some(answer)
    }

    fn both(&mut self) -> Option<bool> {
        let mut answer = self.one()?;
        while self.take("AND") {
            answer &= self.one()?;
        }
        Some(answer)
    }

    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let answer = self.either()?;
            return self.take(")").then_some(answer);
        }
        let answer = ALLOWED.contains(&self.name()?);
        if self.take("WITH") {
            return Some(answer && ALLOWED_EXCEPTIONS.contains(&self.name()?));
        }
        Some(answer)
    }

    fn name(&mut self) -> Option<&str> {
        let word = self.words.get(self.next)?;
        self.next += 1;
        (!["AND", "OR", "WITH", "(", ")"].contains(word)).then_some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expression: &str, expected: Option<bool>) {
        assert_eq!(allows(expression), expected, "{expression}");
    }

    #[test]
    fn expressions() {
        check("MIT", Some(true));
        check("GPL-3.0-only", Some(false));
        check("MIT/Apache-2.0", Some(true));
        check("GPL-2.0 / MIT", Some(true));
        check("MIT AND GPL-2.0", Some(false));
        check("MIT OR Apache-2.0 OR LGPL-2.1-or-later", Some(true));
        check("LGPL-2.1 OR MIT AND GPL-2.0", Some(false));
        check("(MIT OR GPL-2.0) AND Unicode-3.0", Some(true));
        check("ISC AND (Apache-2.0 OR ISC) AND OpenSSL", Some(false));
        check("Apache-2.0 WITH LLVM-exception OR AGPL-3.0", Some(true));
        check("Apache-2.0 WITH Other-exception", Some(false));
    }

    #[test]
    fn what_is_no_expression() {
        check("", None);
        check("MIT Apache-2.0", None);
        check("(MIT OR ISC", None);
        check("MIT OR", None);
        check("AND MIT", None);
    }
}
