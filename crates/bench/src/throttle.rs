//! A narrow line in front of a receiver: so many bits a second, a short queue, and what does not fit is
//! lost. The sender's bandwidth estimate has to find out.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// What a line's queue holds, in time: as routers at homes do.
const QUEUE: Duration = Duration::from_millis(250);

/// A line.
#[derive(Default)]
pub struct Throttle {
    bits_per_second: Option<u64>,
    /// When the line has carried all that is in the queue.
    free_at: Option<Instant>,
    queue: VecDeque<(Instant, Vec<u8>)>,
    /// Datagrams that did not fit.
    pub dropped: u64,
}

impl Throttle {
    /// From now on so many kilobits a second; none: as many as come.
    pub fn set(&mut self, kbps: Option<u64>) {
        self.bits_per_second = kbps.map(|kbps| kbps * 1000);
    }

    /// A datagram comes in at the far end.
    pub fn push(&mut self, bytes: &[u8], now: Instant) {
        let free_at = self.free_at.filter(|at| *at > now).unwrap_or(now);
        if free_at > now + QUEUE {
            self.dropped += 1;
            return;
        }
        let takes = self.bits_per_second.map_or(Duration::ZERO, |rate| {
            Duration::from_nanos(bytes.len() as u64 * 8 * 1_000_000_000 / rate.max(1))
        });
        self.free_at = Some(free_at + takes);
        self.queue.push_back((free_at + takes, bytes.to_vec()));
    }

    /// The next datagram that is through.
    pub fn pop(&mut self, now: Instant) -> Option<Vec<u8>> {
        let (at, _) = self.queue.front()?;
        (*at <= now).then(|| self.queue.pop_front().map(|(_, bytes)| bytes)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_narrow_line_is_late_and_then_loses() {
        let (mut line, start) = (Throttle::default(), Instant::now());
        line.push(&[0; 1000], start);
        assert!(line.pop(start).is_some(), "as wide as it gets");
        line.set(Some(80));
        for _ in 0..10 {
            line.push(&[0; 1000], start);
        }
        assert_eq!(line.dropped, 7, "each takes 100 ms");
        assert!(line.pop(start + Duration::from_millis(99)).is_none());
        assert!(line.pop(start + Duration::from_millis(100)).is_some());
        let rest = std::iter::from_fn(|| line.pop(start + Duration::from_secs(1))).count();
        assert_eq!(rest, 2);
    }
}
