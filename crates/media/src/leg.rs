//! One outgoing stream of a receiving section: it stays one stream for the receiver whatever source
//! is in it. Sequence numbers go on by one over a change of source, timestamps by the time that went
//! by; the first packet of a leg starts at a low number, because the receiver of a late join can only
//! guess a rollover counter of zero (RFC 3711 section 3.3.1).
//!
//! What is tapped for captions is numbered by one too, for the same reasons.
//!
//! A sender's numbers are not trusted: a jump beyond [`RUN_GAP_MAX`] in either direction begins a new
//! run, so that no listener's rollover counter can be led astray.

use std::time::Instant;

use str0m::media::Pt;
use str0m::rtp::Ssrc;

/// Sequence number of the first packet. Not zero, so that a packet that was overtaken by it still
/// has a number below.
const FIRST_SEQ: u64 = 1;

/// A jump of more than this is no loss. Receivers guess the rollover counter right up to 32768; less
/// would turn a long outage into one without a trace, more leaves no margin for losses at the listener.
const RUN_GAP_MAX: u64 = 3000;

/// The rewriting state of a leg.
#[derive(Default)]
pub(crate) struct Leg {
    origin: Option<Origin>,
    last: Option<Last>,
    /// The source's payload type and what it is called at the receiver. They differ per peer.
    pub payload_type: Option<(Pt, Option<Mapped>)>,
}

/// What a receiver calls a codec.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mapped {
    pub payload_type: Pt,
    /// The same with redundancy (RED), if it takes it as the sender makes it.
    pub redundant: Option<Pt>,
}

/// Where the current source's numbers begin, in its numbers and in ours.
struct Origin {
    ssrc: Ssrc,
    seq_in: u64,
    /// The newest of its numbers so far.
    newest_in: u64,
    timestamp_in: u32,
    seq_out: u64,
    timestamp_out: u32,
}

/// The newest packet sent.
struct Last {
    seq: u64,
    timestamp: u32,
    at: Instant,
}

impl Leg {
    /// The next packet begins a new run: another source, or the same one after a pause.
    pub fn rebase(&mut self) {
        self.interrupt();
        self.payload_type = None;
    }

    /// Packets were left out: the next one begins a new run.
    pub fn interrupt(&mut self) {
        self.origin = None;
    }

    /// The numbers to send a packet under; `None` for one from before the run began.
    pub fn rewrite(
        &mut self,
        ssrc: Ssrc,
        seq: u64,
        timestamp: u32,
        clock_hz: u32,
        now: Instant,
    ) -> Option<(u64, u32)> {
        let goes_on =
            |origin: &Origin| origin.ssrc == ssrc && origin.newest_in.abs_diff(seq) <= RUN_GAP_MAX;
        if !self.origin.as_ref().is_some_and(goes_on) {
            self.origin = Some(self.begin(ssrc, seq, timestamp, clock_hz, now));
        }
        let origin = self.origin.as_mut()?;
        let seq_out = origin.seq_out.checked_add(seq.checked_sub(origin.seq_in)?)?;
        origin.newest_in = origin.newest_in.max(seq);
        let passed = timestamp.wrapping_sub(origin.timestamp_in);
        let timestamp_out = origin.timestamp_out.wrapping_add(passed);
        if self.last.as_ref().is_none_or(|last| seq_out > last.seq) {
            self.last = Some(Last { seq: seq_out, timestamp: timestamp_out, at: now });
        }
        Some((seq_out, timestamp_out))
    }

    fn begin(&self, ssrc: Ssrc, seq: u64, timestamp: u32, clock_hz: u32, now: Instant) -> Origin {
        let (seq_out, timestamp_out) = match &self.last {
            None => (FIRST_SEQ, timestamp),
            Some(last) => {
                let ms = now.saturating_duration_since(last.at).as_millis() as u64;
                let ticks = (ms.saturating_mul(u64::from(clock_hz)) / 1000) as u32;
                (last.seq.saturating_add(1), last.timestamp.wrapping_add(ticks.max(1)))
            }
        };
        let (seq_in, newest_in, timestamp_in) = (seq, seq, timestamp);
        Origin { ssrc, seq_in, newest_in, timestamp_in, seq_out, timestamp_out }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const HZ: u32 = 48_000;

    #[test]
    fn a_late_joiner_starts_low_and_goes_on() {
        let (mut leg, now) = (Leg::default(), Instant::now());
        assert_eq!(leg.rewrite(7.into(), 200_000, 5000, HZ, now), Some((1, 5000)));
        assert_eq!(leg.rewrite(7.into(), 200_002, 6920, HZ, now), Some((3, 6920)), "a gap stays");
        assert_eq!(leg.rewrite(7.into(), 200_001, 5960, HZ, now), Some((2, 5960)), "late is fine");
        assert_eq!(leg.rewrite(7.into(), 199_999, 4040, HZ, now), None, "before the run");
    }

    #[test]
    fn another_source_continues_the_numbers() {
        let (mut leg, now) = (Leg::default(), Instant::now());
        leg.rewrite(7.into(), 10, 1000, HZ, now);
        leg.rebase();
        let later = now + Duration::from_millis(100);
        assert_eq!(leg.rewrite(9.into(), 5, 77, HZ, later), Some((2, 1000 + 4800)));
        assert_eq!(leg.rewrite(9.into(), 6, 77 + 960, HZ, later), Some((3, 1000 + 4800 + 960)));
    }

    #[test]
    fn a_new_ssrc_of_the_same_source_is_a_new_run() {
        let (mut leg, now) = (Leg::default(), Instant::now());
        leg.rewrite(7.into(), 60_000, u32::MAX, HZ, now);
        assert_eq!(leg.rewrite(8.into(), 3, 9, HZ, now), Some((2, 0)));
    }

    #[test]
    fn numbers_that_jump_begin_a_new_run() {
        let (mut leg, now) = (Leg::default(), Instant::now());
        let mut seq = |seq| leg.rewrite(7.into(), seq, 0, HZ, now).map(|(seq, _)| seq);
        assert_eq!(seq(0), Some(1));
        assert_eq!(seq(u64::MAX - 5), Some(2), "what the library makes of 65530 after 0");
        assert_eq!(seq(u64::MAX), Some(7));
        assert_eq!(seq(1), Some(8), "far back");
        assert_eq!(seq(1 + RUN_GAP_MAX), Some(8 + RUN_GAP_MAX), "a loss stays a gap");
        assert_eq!(seq(2 + 2 * RUN_GAP_MAX), Some(9 + RUN_GAP_MAX), "more is no loss");
    }
}
