//! One stream at one receiver: how much of what was sent arrived, and how late.
//!
//! Loss is not taken from a server's own numbers, which it may rewrite, but from the sender's count in
//! the packets that were looked into: between the first and the last of them in the window, and at the
//! edges from what the sender had sent by then.

use crate::rtp::{Report, extend};
use crate::stamp::Stamp;

/// When is measured: arrivals from `from_ns` up to `to_ns`, nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its first moment.
    pub from_ns: u64,
    /// The first moment after it.
    pub to_ns: u64,
}

impl Window {
    /// Before any is open.
    pub const NONE: Self = Self { from_ns: u64::MAX, to_ns: u64::MAX };

    /// Whether it holds this moment.
    pub fn holds(&self, at_ns: u64) -> bool {
        (self.from_ns..self.to_ns).contains(&at_ns)
    }
}

/// What is known of a stream.
#[derive(Debug, Default)]
pub struct Stream {
    /// Whose it is.
    pub ssrc: u32,
    /// The newest number without its wrap; it is also its place in the SRTP stream.
    pub newest: u64,
    first: u64,
    got: u64,
    reported: (u64, u64),
    /// How long the last packet took, in the stream's clock and from a beginning of no matter.
    transit: Option<u32>,
    jitter: f64,
    /// Arrivals in the window.
    pub got_in_window: u64,
    looked_at: Option<(Look, Look)>,
}

/// A packet that was looked into: the sender's count, and how many had arrived in the window by then.
#[derive(Clone, Copy, Debug)]
struct Look {
    speaker: u32,
    count: u64,
    got: u64,
}

impl Stream {
    /// A stream that begins with this packet.
    pub fn new(ssrc: u32, seq: u16) -> Self {
        let newest = u64::from(seq);
        Self { ssrc, newest, first: newest, reported: (newest, 0), ..Self::default() }
    }

    /// A packet arrived. Returns its number without the wrap.
    pub fn arrived(&mut self, seq: u16, timestamp: u32, at_ns: u64, window: &Window) -> u64 {
        let number = extend(self.newest, seq);
        self.newest = self.newest.max(number);
        self.got += 1;
        self.got_in_window += u64::from(window.holds(at_ns));
        // RFC 3550 section A.8, for a clock of 48 kHz.
        let transit = ((at_ns / 1_000 * 48 / 1_000) as u32).wrapping_sub(timestamp);
        if let Some(before) = self.transit.replace(transit) {
            let change = transit.wrapping_sub(before) as i32;
            self.jitter += (f64::from(change.unsigned_abs()) - self.jitter) / 16.0;
        }
        number
    }

    /// How many arrived in all.
    pub fn got(&self) -> u64 {
        self.got
    }

    /// How many never came, of those that would have to have.
    pub fn missing(&self) -> u64 {
        (self.newest - self.first.min(self.newest) + 1).saturating_sub(self.got)
    }

    /// A packet was looked into.
    pub fn looked(&mut self, stamp: &Stamp, at_ns: u64, window: &Window) {
        if !window.holds(at_ns) {
            return;
        }
        let look = Look { speaker: stamp.speaker, count: stamp.count, got: self.got_in_window };
        self.looked_at = Some((self.looked_at.map_or(look, |(first, _)| first), look));
    }

    /// Expected and lost in the window. `sent`: a speaker's count at the window's beginning and end.
    /// `slack`: packets between two looks and on the way.
    pub fn loss(&self, sent: impl Fn(u32) -> Option<(u64, u64)>, slack: u64) -> Option<(u64, u64)> {
        let (first, last) = self.looked_at?;
        let expected = last.count.saturating_sub(first.count);
        let got = last.got.saturating_sub(first.got);
        let (began, ended) = sent(last.speaker)?;
        // A stream that began late or ended early lost what is beyond the slack.
        let head = first.count.saturating_sub(began).saturating_sub(slack);
        let tail = ended.saturating_sub(last.count).saturating_sub(slack);
        let lost = expected.saturating_sub(got) + head + tail;
        Some((expected + head + tail, lost))
    }

    /// The next receiver report's block.
    pub fn report(&mut self) -> Report {
        let (newest_before, got_before) = self.reported;
        let expected_since = self.newest.saturating_sub(newest_before);
        let lost_since = expected_since.saturating_sub(self.got - got_before);
        self.reported = (self.newest, self.got);
        Report {
            ssrc: self.ssrc,
            fraction: (lost_since * 256).checked_div(expected_since).unwrap_or(0).min(255) as u8,
            lost: self.missing() as u32,
            newest: self.newest as u32,
            jitter: self.jitter as u32,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Window = Window { from_ns: 1_000, to_ns: 2_000 };

    /// Packets of one speaker, one a nanosecond; every fourth is looked into.
    fn play(counts: impl Iterator<Item = u64>) -> Stream {
        let mut stream = Stream::new(7, 0);
        for count in counts {
            stream.arrived(count as u16, 0, count, &WINDOW);
            if count % 4 == 0 {
                stream.looked(&Stamp { speaker: 1, count, sent_ns: 0 }, count, &WINDOW);
            }
        }
        stream
    }

    fn loss(stream: &Stream) -> Option<(u64, u64)> {
        stream.loss(|_| Some((1_000, 1_999)), 8)
    }

    #[test]
    fn a_whole_stream_lost_nothing() {
        let stream = play(500..2_500);
        assert_eq!(stream.got_in_window, 1_000);
        assert_eq!(loss(&stream), Some((996, 0)));
    }

    #[test]
    fn holes_late_beginnings_and_early_ends_are_lost() {
        let hole = play((500..2_500).filter(|count| !(1_500..1_510).contains(count)));
        assert_eq!(loss(&hole), Some((996, 10)));
        let early_end = play(500..1_500);
        assert_eq!(loss(&early_end).unwrap().1, 1_999 - 1_496 - 8);
        let late = play(1_300..2_500);
        assert_eq!(loss(&late).unwrap().1, 300 - 8);
        assert_eq!(loss(&play(2_000..2_500)), None, "silent in the window");
    }

    #[test]
    fn reports_say_what_was_lost_since_the_last() {
        let mut stream = Stream::new(7, 10);
        for seq in [10, 11, 12, 13] {
            stream.arrived(seq, 0, 0, &WINDOW);
        }
        assert_eq!((stream.report().fraction, stream.report().lost), (0, 0));
        for seq in [15, 17] {
            stream.arrived(seq, 0, 0, &WINDOW);
        }
        let report = stream.report();
        assert_eq!((report.fraction, report.lost, report.newest), (128, 2, 17));
    }
}
