//! What a process and the machine use, from /proc.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Processor time of a process so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cpu {
    /// By the scheduler, in nanoseconds: of the threads that there are now.
    pub scheduled_ns: u64,
    /// Of all threads that ever were, in ticks of 10 ms.
    pub ticks_ms: u64,
}

impl Cpu {
    /// Of a process.
    pub fn of(pid: u32) -> Result<Self> {
        let process = Path::new("/proc").join(pid.to_string());
        let mut scheduled_ns = 0;
        for thread in fs::read_dir(process.join("task")).context("the server has ended")? {
            // A thread may end between the list and the look.
            let text = fs::read_to_string(thread?.path().join("schedstat")).unwrap_or_default();
            scheduled_ns += first_number(&text).unwrap_or(0);
        }
        let stat = fs::read_to_string(process.join("stat"))?;
        let ticks = ticks(&stat).context("/proc/PID/stat")?;
        Ok(Self { scheduled_ns, ticks_ms: ticks * 10 })
    }

    /// Since an earlier look.
    pub fn since(&self, earlier: &Self) -> Self {
        Self {
            scheduled_ns: self.scheduled_ns.saturating_sub(earlier.scheduled_ns),
            ticks_ms: self.ticks_ms.saturating_sub(earlier.ticks_ms),
        }
    }
}

fn first_number(text: &str) -> Option<u64> {
    text.split_ascii_whitespace().next()?.parse().ok()
}

/// utime and stime, behind the name, which may hold anything.
fn ticks(stat: &str) -> Option<u64> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
}

/// Memory of a process in KiB: resident, and its proportional share of what others map too.
pub fn memory_kib(pid: u32) -> Result<(u64, u64)> {
    let file = format!("/proc/{pid}/smaps_rollup");
    let text = fs::read_to_string(&file).context(file)?;
    Ok((field(&text, "Rss:").unwrap_or(0), field(&text, "Pss:").unwrap_or(0)))
}

fn field(text: &str, name: &str) -> Option<u64> {
    first_number(text.lines().find_map(|line| line.strip_prefix(name))?)
}

/// The machine's load over the last minute.
pub fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0.0)
}

/// Time that the machine's host took for others, of all processors since the start, in ticks of 10 ms.
pub fn steal_ticks() -> u64 {
    let text = fs::read_to_string("/proc/stat").unwrap_or_default();
    let first = text.lines().next().unwrap_or_default();
    first.split_ascii_whitespace().nth(8).and_then(|word| word.parse().ok()).unwrap_or(0)
}

/// What the processors call themselves, and how many there are.
pub fn machine() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let names = text.lines().filter_map(|line| line.strip_prefix("model name"));
    let names: Vec<&str> = names.map(|name| name.trim_start_matches([' ', '\t', ':'])).collect();
    format!("{} x {}", names.len(), names.first().unwrap_or(&"unknown"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_processes_may_hold_anything() {
        let fields = "S 1 2 3 4 5 6 7 8 9 10 30 12 13";
        assert_eq!(ticks(&format!("7 (a) b (c) {fields}")), Some(42));
        assert_eq!(ticks("7 (a"), None);
    }

    #[test]
    fn this_process_uses_something() {
        let me = std::process::id();
        let before = Cpu::of(me).unwrap();
        let mut sum = 0_u64;
        while Cpu::of(me).unwrap().since(&before).scheduled_ns == 0 {
            sum = (0..100_000).fold(sum, u64::wrapping_add);
        }
        let (resident, proportional) = memory_kib(me).unwrap();
        assert!(resident >= proportional && proportional > 0);
        assert_eq!(field("Rss:   12 kB\nPss:    3 kB\n", "Pss:"), Some(3));
    }
}
