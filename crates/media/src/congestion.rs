//! Whether what is sent to a receiver queues up or is lost on its way, from the receiver's reports of which
//! packets came when (`feedback`). Pure: told what leaves, what was reported, and the time.
//!
//! The WebRTC library estimates what a path bears, carefully: after a sudden lack it takes a second or two,
//! and packets that are lost for no want of bandwidth it takes for a lack. So what it says is bounded from
//! above as soon as a queue is seen to grow or much is lost ([`Congestion::bound_bps`]), by what gets
//! through meanwhile; and while neither is the case, the path is [`Congestion::is_steady`] and nothing that
//! is sent need be given up for its estimate.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::feedback::Report;

/// Packets whose reports are waited for. Two seconds of a large picture, as many as the library keeps.
const SENT_MAX: usize = 1024;
/// Packets whose fate is remembered.
const FATES_MAX: usize = 1024;
/// So many packets are looked at together: one alone may be late by itself.
const TOGETHER: usize = 3;
/// Even the fastest of them took so much longer than the fastest of the last seconds: there is a queue,
/// which is too long if it has grown by so much within so long. A keyframe makes a queue as well, of a
/// frame or two; a link that has become too narrow makes one of hundreds of milliseconds.
const QUEUE_LONG: Duration = Duration::from_millis(60);
const GROWN_BY: Duration = Duration::from_millis(30);
const GROWN_WITHIN: Duration = Duration::from_millis(300);
/// Looks in that time that are remembered: receivers report every 50 ms at most.
const QUEUES_MAX: usize = 32;
/// For the fastest packet this is looked back over once or twice. Less would take a queue that stays for
/// the path; the clocks of both ends differ by less than a millisecond in it.
const FASTEST_OVER: Duration = Duration::from_secs(10);
/// So much of what gets through is taken to be what can: the rest empties the queue.
const OF_DELIVERED: u64 = 85;
/// What gets through is measured over at most so long while there is a queue, and so long if there is none.
/// What was held up for a moment, as on a radio link, comes all at once: no queue is seen for so long then.
const BUSY_OVER: Duration = Duration::from_millis(400);
const BUSY_MIN: Duration = Duration::from_millis(40);
/// It takes at least so many hundredths of the time in which it was sent to come out of a queue that grows. A
/// path that has become longer, or delays unevenly, is no narrower.
const COMES_SLOWER: i64 = 125;
const LATELY: Duration = Duration::from_millis(200);
/// More lost of the packets of so long, and at least so many, is no accident. Where 5 % are lost by chance so
/// many of ninety, a second of the smallest picture and a voice, are lost about once in an hour.
const LOSS_MAX_PERCENT: usize = 15;
const LOSS_OVER: Duration = Duration::from_secs(1);
const LOSS_OF_MIN: usize = 40;
/// The bound holds until the path has been fine for so long, or the library has come below it.
const FINE_AFTER: Duration = Duration::from_secs(3);
/// A path is steady when it has been fine for so long.
const STEADY_AFTER: Duration = Duration::from_secs(1);

/// A packet on its way.
struct Sent {
    at: Instant,
    bytes: usize,
    reported: bool,
}

/// What became of one.
struct Fate {
    sent_at: Instant,
    bytes: usize,
    /// When it came by the receiver's clock in microseconds, and how long it had waited on its way.
    came: Option<(i64, Duration)>,
}

/// More than there is was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Bound {
    bps: u64,
    /// When that was seen last.
    at: Instant,
}

/// One path. See the module.
#[derive(Default)]
pub(crate) struct Congestion {
    sent: VecDeque<Sent>,
    /// The number of the first of them.
    first: u16,
    /// Their clock: microseconds since.
    origin: Option<Instant>,
    fates: VecDeque<Fate>,
    /// So many of the newest have not been looked at yet.
    fresh: usize,
    fastest: Fastest,
    /// The queue of late, newest last.
    queues: VecDeque<(Instant, Duration)>,
    bound: Option<Bound>,
    /// Losses of packets that were sent before are known and acted on.
    losses_from: Option<Instant>,
    /// When it was not fine last.
    bad_at: Option<Instant>,
}

/// The shortest time from one clock to the other, over the last seconds.
#[derive(Default)]
struct Fastest {
    since: Option<Instant>,
    before: Option<i64>,
    lately: Option<i64>,
}

impl Fastest {
    /// Notes a time, and returns by how much it is above the shortest.
    fn note(&mut self, took: i64, now: Instant) -> Duration {
        let since = *self.since.get_or_insert(now);
        if now.saturating_duration_since(since) >= FASTEST_OVER {
            (self.since, self.before, self.lately) = (Some(now), self.lately, None);
        }
        self.lately = Some(self.lately.map_or(took, |least| least.min(took)));
        let least = [self.before, self.lately].into_iter().flatten().min().unwrap_or(took);
        Duration::from_micros(took.saturating_sub(least).unsigned_abs())
    }
}

impl Congestion {
    /// A packet leaves under this transport-wide number.
    pub fn handle_sent(&mut self, number: u16, bytes: usize, now: Instant) {
        let next = self.first.wrapping_add(self.sent.len() as u16);
        if number != next {
            self.sent.clear();
            self.first = number;
        }
        if self.sent.len() == SENT_MAX {
            self.sent.pop_front();
            self.first = self.first.wrapping_add(1);
        }
        self.origin.get_or_insert(now);
        self.sent.push_back(Sent { at: now, bytes, reported: false });
    }

    /// The receiver tells. Reports of packets that nobody sent are nothing.
    pub fn handle_report(&mut self, report: &Report, now: Instant) {
        let Some(origin) = self.origin else { return };
        for (nth, came) in report.arrivals.iter().enumerate() {
            let at = report.first.wrapping_add(nth as u16).wrapping_sub(self.first);
            let Some(sent) = self.sent.get_mut(usize::from(at)) else { continue };
            if std::mem::replace(&mut sent.reported, true) {
                continue;
            }
            let left = sent.at.saturating_duration_since(origin).as_micros() as i64;
            let came = came.map(|came| (came, self.fastest.note(came.saturating_sub(left), now)));
            if self.fates.len() == FATES_MAX {
                self.fates.pop_front();
            }
            self.fates.push_back(Fate { sent_at: sent.at, bytes: sent.bytes, came });
            self.fresh += usize::from(came.is_some());
        }
        if self.fresh >= TOGETHER {
            self.fresh = 0;
            self.look(now);
        }
    }

    /// The library says that so much gets through.
    pub fn handle_estimate(&mut self, bps: u64) {
        if self.bound.is_some_and(|bound| bps <= bound.bps) {
            self.bound = None;
        }
    }

    /// No more than so many bits a second get through.
    pub fn bound_bps(&self, now: Instant) -> Option<u64> {
        self.bound.filter(|bound| now < bound.at + FINE_AFTER).map(|bound| bound.bps)
    }

    /// For a while nothing has queued up, and not much was lost.
    pub fn is_steady(&self, now: Instant) -> bool {
        self.bad_at.is_none_or(|at| now >= at + STEADY_AFTER)
    }

    fn look(&mut self, now: Instant) {
        let fresh = self.fates.iter().rev().filter_map(|fate| fate.came).take(TOGETHER);
        let queue = fresh.map(|(_, waited)| waited).min().unwrap_or_default();
        let old = |(at, _): &(Instant, Duration)| now > *at + GROWN_WITHIN;
        while self.queues.len() >= QUEUES_MAX || self.queues.front().is_some_and(old) {
            self.queues.pop_front();
        }
        let before = self.queues.iter().map(|(_, queue)| *queue).min().unwrap_or(queue);
        self.queues.push_back((now, queue));
        let too_long = queue >= QUEUE_LONG && queue >= before + GROWN_BY;
        let lossy = self.is_lossy(now);
        if queue >= QUEUE_LONG || lossy {
            self.bad_at = Some(now);
        }
        let busy = self.busy_bps().filter(|_| too_long);
        if lossy {
            self.losses_from = Some(now);
        }
        if let Some(delivered) = busy.or_else(|| self.lately_bps(now).filter(|_| lossy)) {
            self.bound = Some(Bound { bps: delivered * OF_DELIVERED / 100, at: now });
        }
    }

    fn is_lossy(&self, now: Instant) -> bool {
        let from = now.checked_sub(LOSS_OVER).max(self.losses_from);
        let sent = self.fates.iter().rev().take_while(|fate| Some(fate.sent_at) >= from);
        let (all, lost) = sent
            .fold((0, 0), |(all, lost), fate| (all + 1, lost + usize::from(fate.came.is_none())));
        all >= LOSS_OF_MIN && lost * 100 > all * LOSS_MAX_PERCENT
    }

    /// What comes out of the queue, as long as there is one that grows: less than goes in.
    fn busy_bps(&self) -> Option<u64> {
        let came = self.fates.iter().rev().filter_map(|fate| Some((fate.came?, fate)));
        let mut waited = came.take_while(|((_, waited), _)| *waited >= QUEUE_LONG / 2);
        let ((last, _), newest) = waited.next()?;
        let (mut span, mut oldest, mut bytes) = (0, newest, newest.bytes);
        for ((at, _), fate) in waited {
            let longer = last.saturating_sub(at);
            if longer > BUSY_OVER.as_micros() as i64 {
                break;
            }
            if longer > span {
                (span, oldest) = (longer, fate);
            }
            bytes += fate.bytes;
        }
        let sent_over = newest.sent_at.saturating_duration_since(oldest.sent_at).as_micros() as i64;
        let grows = span * 100 >= sent_over * COMES_SLOWER;
        // What the first of them took is not in between.
        let enough = grows && span >= BUSY_MIN.as_micros() as i64;
        enough.then(|| (bytes - oldest.bytes) as u64 * 8 * 1_000_000 / span.unsigned_abs())
    }

    fn lately_bps(&self, now: Instant) -> Option<u64> {
        let newest = self.fates.iter().rev().find_map(|fate| fate.came)?.0;
        let from = newest.saturating_sub(LATELY.as_micros() as i64);
        let recent = self.fates.iter().rev().take_while(|fate| now <= fate.sent_at + LOSS_OVER);
        let came = recent.filter(|fate| fate.came.is_some_and(|(at, _)| at > from));
        let bytes: u64 = came.map(|fate| fate.bytes as u64).sum();
        Some(bytes * 8 * 1000 / LATELY.as_millis() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A link that sends so many bits a second, from one millisecond to another, and keeps so much waiting.
    struct Link {
        congestion: Congestion,
        start: Instant,
        number: u16,
        /// When what was sent last has left the link.
        free_at: f64,
        queue_ms: f64,
        /// One in so many is lost.
        loses: u16,
        /// What was sent and not yet reported: when each comes, in milliseconds.
        flying: Vec<(u16, Option<f64>)>,
    }

    const BYTES: usize = 1000;
    const EVERY_MS: u64 = 50;

    impl Link {
        fn new() -> Self {
            let congestion = Congestion::default();
            let (free_at, queue_ms, flying) = (0.0, 500.0, Vec::new());
            Self {
                congestion,
                start: Instant::now(),
                number: 65_000,
                free_at,
                queue_ms,
                loses: 0,
                flying,
            }
        }

        fn at(&self, ms: u64) -> Instant {
            self.start + Duration::from_millis(ms)
        }

        /// Sends at a rate over a link of another, with a report every so often, and says when a bound was
        /// first seen.
        fn play(&mut self, ms: std::ops::Range<u64>, kbps: u64, link_kbps: u64) -> Option<u64> {
            let apart = (BYTES as u64 * 8).div_ceil(kbps);
            let mut first = None;
            for now in ms {
                if now.is_multiple_of(apart) {
                    self.number = self.number.wrapping_add(1);
                    self.congestion.handle_sent(self.number, BYTES, self.at(now));
                    let begins = self.free_at.max(now as f64);
                    let lost = self.loses > 0 && self.number.is_multiple_of(self.loses);
                    let fits = begins - now as f64 <= self.queue_ms;
                    if fits {
                        self.free_at = begins + (BYTES * 8) as f64 / link_kbps as f64;
                    }
                    self.flying.push((self.number, (fits && !lost).then_some(self.free_at)));
                }
                if now.is_multiple_of(EVERY_MS) {
                    self.report(now);
                }
                if self.congestion.bound_bps(self.at(now)).is_some() {
                    first.get_or_insert(now);
                }
            }
            first
        }

        fn report(&mut self, now: u64) {
            let came = |(_, at): &(u16, Option<f64>)| at.is_some_and(|at| at <= now as f64);
            let Some(until) = self.flying.iter().rposition(came) else { return };
            let reported: Vec<_> = self.flying.drain(..=until).collect();
            // The receiver's clock is another.
            let micros = |at: f64| (at * 1000.0) as i64 + 77_000_000;
            let arrivals = reported.iter().map(|(_, at)| at.map(micros)).collect();
            let report = Report { first: reported[0].0, arrivals };
            self.congestion.handle_report(&report, self.at(now));
        }

        fn bound_kbps(&self, ms: u64) -> Option<u64> {
            Some(self.congestion.bound_bps(self.at(ms))? / 1000)
        }
    }

    #[test]
    fn a_link_that_becomes_narrow_is_seen_in_a_fifth_of_a_second() {
        let mut link = Link::new();
        assert_eq!(link.play(0..2000, 1500, 10_000), None);
        let seen = link.play(2000..2300, 1500, 400).unwrap();
        assert!(seen <= 2200, "{seen}");
        let bound = link.bound_kbps(2299).unwrap();
        assert!((290..=390).contains(&bound), "{bound} of 400");
        assert!(!link.congestion.is_steady(link.at(2300)));
        // Once less is sent, the queue empties and the bound goes.
        link.play(2300..3000, 150, 400);
        let bound = link.bound_kbps(3000).unwrap();
        assert!((290..=390).contains(&bound), "{bound} of 400 still");
        link.play(3000..7000, 150, 400);
        assert_eq!(link.bound_kbps(7000), None);
        assert!(link.congestion.is_steady(link.at(7000)));
    }

    #[test]
    fn a_link_without_a_queue_is_seen_by_its_losses() {
        let mut link = Link::new();
        link.queue_ms = 20.0;
        assert_eq!(link.play(0..2000, 1500, 10_000), None);
        let seen = link.play(2000..3000, 1500, 400).unwrap();
        assert!(seen <= 2400, "{seen}");
        let bound = link.bound_kbps(2999).unwrap();
        assert!((250..=450).contains(&bound), "{bound} of 400");
    }

    #[test]
    fn some_loss_and_a_short_queue_are_nothing() {
        let mut link = Link::new();
        link.loses = 12;
        assert_eq!(link.play(0..20_000, 500, 10_000), None);
        assert!(link.congestion.is_steady(link.at(20_000)));
        // A keyframe: 60 ms at once.
        link.free_at += 60.0;
        assert_eq!(link.play(20_000..22_000, 500, 10_000), None);
    }

    #[test]
    fn the_bound_goes_when_the_library_has_come_below_it() {
        let mut link = Link::new();
        link.play(0..2000, 1500, 10_000);
        link.play(2000..2300, 1500, 400);
        let bound = link.congestion.bound_bps(link.at(2300)).unwrap();
        link.congestion.handle_estimate(bound + 1);
        assert!(link.bound_kbps(2300).is_some());
        link.congestion.handle_estimate(bound);
        assert_eq!(link.bound_kbps(2300), None);
        assert!(!link.congestion.is_steady(link.at(2300)));
    }

    #[test]
    fn what_is_kept_is_bounded_and_nonsense_does_no_harm() {
        let (mut congestion, now) = (Congestion::default(), Instant::now());
        let nonsense = [i64::MIN, i64::MAX, 0, 5].map(Some).to_vec();
        for number in 0..200_000_u32 {
            congestion.handle_sent(number as u16, BYTES, now);
            let report =
                Report { first: (number as u16).wrapping_sub(3), arrivals: nonsense.clone() };
            congestion.handle_report(&report, now + Duration::from_millis(u64::from(number)));
        }
        assert!(congestion.sent.len() <= SENT_MAX && congestion.fates.len() <= FATES_MAX);
        assert!(congestion.queues.len() <= QUEUES_MAX);
    }
}
