//! Reading the summary lines of the test runners: nextest, cargo test, node:test and pytest.
//!
//! Called for every line of their output. Lines that are no summary leave the count as it is.

/// How many tests passed, failed and were left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Tally {
    /// Tests that ran, whatever came of them.
    pub fn run(&self) -> u64 {
        self.passed + self.failed
    }

    /// Tests that failed.
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// Tests that a runner left out.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Sums two runners.
    pub fn add(&mut self, other: &Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// Counts a runner that broke without saying so in its summary.
    pub fn one_failure(&mut self) {
        self.failed += 1;
    }

    /// The last line of a test run.
    pub fn print(&self) {
        println!("\n{} passed, {} failed", self.passed, self.failed);
    }

    /// Takes in one line of output.
    pub fn read(&mut self, line: &str) {
        let line = without_colour(line);
        let line = line.trim();
        if let Some(rest) = line.strip_prefix("test result: ") {
            self.read_words(rest, ["passed", "failed", "ignored"]);
        } else if line.starts_with("Summary [") {
            self.read_words(line, ["passed", "failed", "skipped"]);
        } else if let Some(rest) = line.strip_prefix("# ").or_else(|| line.strip_prefix("ℹ ")) {
            self.read_node(rest);
        } else if line.starts_with('=') && line.ends_with('=') && line.contains(" in ") {
            self.read_words(line, ["passed", "failed", "skipped"]);
            self.read_words(line, ["xpassed", "error", "xfailed"]);
            self.read_words(line, ["", "errors", "deselected"]);
        }
    }

    /// `NUMBER word` pairs: cargo, nextest and pytest differ only in the words.
    fn read_words(&mut self, line: &str, [passed, failed, skipped]: [&str; 3]) {
        let words: Vec<&str> =
            line.split([' ', ',', ';']).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            let Ok(number) = pair[0].parse::<u64>() else { continue };
            match pair[1] {
                word if word == passed => self.passed += number,
                word if word == failed => self.failed += number,
                word if word == skipped => self.skipped += number,
                _ => {}
            }
        }
    }

    /// node:test says `pass 3`, `fail 0`, `cancelled 0`, `skipped 0`, `todo 0`, one a line.
    fn read_node(&mut self, line: &str) {
        let Some((word, number)) = line.split_once(' ') else { return };
        let Ok(number) = number.parse::<u64>() else { return };
        match word {
            "pass" => self.passed += number,
            "fail" | "cancelled" => self.failed += number,
            "skipped" | "todo" => self.skipped += number,
            _ => {}
        }
    }
}

/// Runners that are told to colour their output even into a pipe.
fn without_colour(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find("\u{1b}[") {
        plain.push_str(&rest[..start]);
        let sequence = &rest[start + 2..];
        rest = match sequence.find(|c: char| c.is_ascii_alphabetic()) {
            Some(end) => &sequence[end + 1..],
            None => "",
        };
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &str, expected: [u64; 3]) {
        let mut tally = Tally::default();
        lines.lines().for_each(|line| tally.read(line));
        assert_eq!([tally.passed, tally.failed, tally.skipped], expected, "{lines}");
    }

    #[test]
    fn summaries_of_the_runners() {
        check(
            "     Summary [   0.014s] 7 tests run: 5 passed (1 slow), 2 failed, 1 skipped",
            [5, 2, 1],
        );
        check(
            "test result: ok. 12 passed; 0 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            [12, 0, 3],
        );
        check(
            "# tests 4\n# suites 0\n# pass 2\n# fail 1\n# cancelled 1\n# skipped 0\n# todo 0\n# duration_ms 5",
            [2, 2, 0],
        );
        check("ℹ pass 9\nℹ fail 0\nℹ todo 1", [9, 0, 1]);
        check("==== 1 failed, 20 passed, 2 skipped, 1 error in 3.07s ====", [20, 2, 2]);
        check("==== 20 passed in 61.07s (0:01:01) ====", [20, 0, 0]);
        check("\u{1b}[32mtest result: \u{1b}[0mok. 2 passed; 0 failed; 0 ignored", [2, 0, 0]);
    }

    #[test]
    fn other_lines_count_nothing() {
        check("5 passed it on to 3 failed\n# pass the salt\n=== short test summary ===", [0, 0, 0]);
    }
}
