//! Who is speaking: audio level over arrival time.
//!
//! A level says loud or not; speech starts after 100 ms of loud and stops after 500 ms without.
//! Absence is silence (discontinuous transmission), so stopping needs the clock, not a packet.

use std::time::{Duration, Instant};

/// dBov above which a packet is loud. Background noise of a quiet room is around -60, low speech
/// around -40. This is about sound, not words: a tone counts.
const LOUD_DBOV: i8 = -45;
/// Loud for this long: speaking. Less would light up on every click of a mouse.
const START_AFTER: Duration = Duration::from_millis(100);
/// Not loud for this long: stopped. Less would flicker between words.
const STOP_AFTER: Duration = Duration::from_millis(500);
/// A pause between loud packets up to this is the same sound: jitter, a lost packet or two.
const GAP_MAX: Duration = Duration::from_millis(80);
/// How often somebody who speaks is reported with their level: four times a second is what a meter on a
/// screen needs.
const REPORT_EVERY: Duration = Duration::from_millis(250);
/// What one packet stands for, the usual Opus frame.
const FRAME: Duration = Duration::from_millis(20);

/// What changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Started,
    Stopped,
}

/// The meter of one microphone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meter {
    speaking: bool,
    /// First loud packet of the current run.
    since: Option<Instant>,
    /// Newest loud packet.
    loud_at: Option<Instant>,
    /// The loudest packet since the last report, and when that was.
    peak: Option<i8>,
    reported_at: Option<Instant>,
}

impl Meter {
    pub fn speaking(&self) -> bool {
        self.speaking
    }

    /// When it was loud last.
    pub fn loud_at(&self) -> Option<Instant> {
        self.loud_at
    }

    /// One packet with its level: 0 is the loudest there is, -127 silence.
    pub fn handle_level(&mut self, now: Instant, dbov: i8) -> Option<Change> {
        if dbov < LOUD_DBOV {
            return self.handle_timeout(now);
        }
        let broken = self.loud_at.is_none_or(|at| now.saturating_duration_since(at) > GAP_MAX);
        if broken || self.since.is_none() {
            self.since = Some(now);
        }
        self.loud_at = Some(now);
        let run = self.since.map(|since| now.saturating_duration_since(since) + FRAME);
        if !self.speaking && run.is_some_and(|run| run >= START_AFTER) {
            self.speaking = true;
            return Some(Change::Started);
        }
        None
    }

    /// The level to be reported by now, of one who speaks.
    pub fn report(&mut self, now: Instant, dbov: i8) -> Option<i8> {
        if !self.speaking {
            return None;
        }
        let peak = self.peak.map_or(dbov, |peak| peak.max(dbov));
        let waits = |at| now.saturating_duration_since(at) < REPORT_EVERY;
        if self.reported_at.is_some_and(waits) {
            self.peak = Some(peak);
            return None;
        }
        (self.peak, self.reported_at) = (None, Some(now));
        Some(peak)
    }

    /// Time went by.
    pub fn handle_timeout(&mut self, now: Instant) -> Option<Change> {
        if self.deadline().is_some_and(|at| at <= now) {
            return self.silence();
        }
        None
    }

    /// When [`Meter::handle_timeout`] has something to say.
    pub fn deadline(&self) -> Option<Instant> {
        self.loud_at.filter(|_| self.speaking).map(|at| at + STOP_AFTER)
    }

    /// Silent by decree: muted or gone.
    pub fn silence(&mut self) -> Option<Change> {
        self.since = None;
        std::mem::take(&mut self.speaking).then_some(Change::Stopped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds (ms, dBov) and returns (ms, change).
    fn run(packets: &[(u64, i8)]) -> Vec<(u64, Change)> {
        let (start, mut meter) = (Instant::now(), Meter::default());
        let at = |ms| start + Duration::from_millis(ms);
        packets
            .iter()
            .filter_map(|&(ms, level)| Some((ms, meter.handle_level(at(ms), level)?)))
            .collect()
    }

    #[test]
    fn starts_after_100_ms_and_stops_after_500() {
        let mut packets: Vec<_> = (0..50).map(|n| (n * 20, -30)).collect();
        packets.extend((50..100).map(|n| (n * 20, -90)));
        assert_eq!(run(&packets), [(80, Change::Started), (1480, Change::Stopped)]);
    }

    #[test]
    fn a_click_is_not_speech_and_a_pause_between_words_is_no_stop() {
        assert_eq!(run(&[(0, -10), (20, -10), (300, -10), (320, -10)]), []);
        let words: Vec<_> = (0..20).chain(35..60).map(|n| (n * 20, -30)).collect();
        assert_eq!(run(&words), [(80, Change::Started)]);
    }

    #[test]
    fn who_speaks_is_reported_with_the_loudest_packet_four_times_a_second() {
        let (start, mut meter) = (Instant::now(), Meter::default());
        let mut reports = Vec::new();
        for n in 0..50_u32 {
            let (now, level) = (start + FRAME * n, -40 + i8::from(n == 10) * 20);
            meter.handle_level(now, level);
            reports.extend(meter.report(now, level).map(|level| (n, level)));
        }
        assert_eq!(reports, [(4, -40), (17, -20), (30, -40), (43, -40)]);
        meter.silence();
        assert_eq!(meter.report(start + FRAME * 60, -40), None);
    }

    #[test]
    fn absence_is_silence() {
        let (start, mut meter) = (Instant::now(), Meter::default());
        for n in 0..10 {
            meter.handle_level(start + FRAME * n, -20);
        }
        let deadline = meter.deadline().unwrap();
        assert_eq!(deadline, start + FRAME * 9 + STOP_AFTER);
        assert_eq!(meter.handle_timeout(deadline - FRAME), None);
        assert_eq!(meter.handle_timeout(deadline), Some(Change::Stopped));
        assert_eq!(meter.deadline(), None);
    }
}
