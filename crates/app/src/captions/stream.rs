//! One session's audio: packets in, decodes to do out. Owned by the hub.
//!
//! Time is the sender's own: RTP timestamps (RFC 7587: 48 kHz) become positions of the stream, so that
//! jitter and a busy machine do not move words.

use std::time::{Duration, Instant};

use codec::opus::{Decoder, Rate};
use media::Voice;
use model::{SessionId, Timestamp};
use transcribe::audio::Position;
use transcribe::track::{Caption, Outcome, Track};
use transcribe::utterance::{Action, Tuning};

/// RTP clock ticks per sample at 16 kHz.
const TICKS_PER_SAMPLE: u64 = 3;
const TICKS_PER_MILLISECOND: u64 = 48;
/// A timestamp that jumps further than this is of a stream that began anew: ten seconds.
const JUMP_TICKS_MAX: i64 = 480_000;
/// A sequence number this far back is of a stream that began anew, not of a late packet.
const LATE_PACKETS_MAX: u64 = 500;
/// Audio that comes faster than time by more than this is left out: nobody speaks ahead. What a stall of the
/// network held back comes at once and is less.
const AHEAD_MAX: Duration = Duration::from_secs(3);
/// A sender's clock that stood still for longer than this paused with its microphone; less is a network
/// that stalled, whose packets follow at their own times.
const STANDSTILL: Duration = Duration::from_secs(1);
/// Without packets for this long their sender has paused (discontinuous transmission, or a muted
/// track): time goes on without them. Less would take jitter for silence.
const ABSENT_AFTER: Duration = Duration::from_millis(200);

/// A speaker who is listened to.
pub(super) struct Stream {
    pub session: SessionId,
    decoder: Decoder,
    track: Track,
    clock: Option<Clock>,
    /// Decodes asked for and not over.
    pub decoding: usize,
    /// Finals that the queue had no room for, oldest first.
    pub held: std::collections::VecDeque<Action>,
    /// Nothing more is said; what was is still being decoded.
    pub ended: bool,
}

/// Where the stream is.
#[derive(Clone, Copy)]
struct Clock {
    seq: u64,
    timestamp: u32,
    /// Of that timestamp, in ticks since the stream began.
    ticks: u64,
    /// When its packet came.
    heard_at: Instant,
    /// When the stream began.
    began_at: Timestamp,
    began: Instant,
}

impl Stream {
    /// `None` when there is no memory for a decoder.
    pub fn new(session: SessionId) -> Option<Self> {
        Some(Self {
            session,
            decoder: Decoder::new(Rate::Wide)?,
            track: Track::new(Tuning::default()),
            clock: None,
            decoding: 0,
            held: std::collections::VecDeque::new(),
            ended: false,
        })
    }

    /// When position zero was said.
    pub fn began_at(&self) -> Option<Timestamp> {
        self.clock.map(|clock| clock.began_at)
    }

    /// An Opus packet. A late one is left out: its place is taken as silence already.
    pub fn handle_packet(
        &mut self,
        packet: &Packet<'_>,
        now: Instant,
        wall: Timestamp,
    ) -> Vec<Action> {
        let Some(clock) = Clock::next(self.clock, packet, now, wall) else { return Vec::new() };
        self.clock = Some(clock);
        let Ok(samples) = self.decoder.decode(packet.payload) else { return Vec::new() };
        self.track.push(clock.position(), samples)
    }

    /// Time went by, perhaps without packets.
    pub fn handle_tick(&mut self, now: Instant) -> Vec<Action> {
        let Some(clock) = self.clock.filter(|_| !self.ended) else { return Vec::new() };
        let silent = now.saturating_duration_since(clock.heard_at);
        if silent < ABSENT_AFTER {
            return Vec::new();
        }
        let missing = (silent - ABSENT_AFTER).as_millis() as usize * 16;
        self.track.advance(clock.position().after(missing))
    }

    /// The speaker stopped, left or lost the floor: what was begun is final.
    pub fn end(&mut self) -> Option<Action> {
        self.ended = true;
        let position = self.clock.map(Clock::position).unwrap_or_default();
        self.track.flush(position)
    }

    /// A decode is over.
    pub fn handle_outcome(&mut self, outcome: Outcome) -> Vec<Caption> {
        self.track.handle_outcome(outcome)
    }

    /// Whether nothing more comes of it.
    pub fn is_over(&self) -> bool {
        self.ended && self.decoding == 0 && self.held.is_empty()
    }
}

/// The part of [`Voice::Packet`] that a stream looks at.
pub(super) struct Packet<'voice> {
    pub seq: u64,
    pub timestamp: u32,
    pub payload: &'voice [u8],
}

impl Clock {
    /// The clock at this packet; `None` when the packet is late.
    fn next(
        before: Option<Self>,
        packet: &Packet<'_>,
        now: Instant,
        wall: Timestamp,
    ) -> Option<Self> {
        let at = |ticks, began_at, began| Self {
            seq: packet.seq,
            timestamp: packet.timestamp,
            ticks,
            heard_at: now,
            began_at,
            began,
        };
        let Some(before) = before else { return Some(at(0, wall, now)) };
        let passed = i64::from(packet.timestamp.wrapping_sub(before.timestamp).cast_signed());
        let late = packet.seq <= before.seq;
        if late && before.seq - packet.seq <= LATE_PACKETS_MAX {
            return None;
        }
        let waited = ticks_in(now.saturating_duration_since(before.heard_at));
        let jumped = late || !(0..=JUMP_TICKS_MAX).contains(&passed);
        let stood_still = waited.saturating_sub(passed.unsigned_abs()) > ticks_in(STANDSTILL);
        // Across a jump or a pause the sender's clock says nothing about ours: go by the time of arrival.
        let step = if jumped || stood_still { waited } else { passed.unsigned_abs() };
        let ticks = before.ticks + step;
        let possible = ticks_in(now.saturating_duration_since(before.began) + AHEAD_MAX);
        (ticks <= possible).then(|| at(ticks, before.began_at, before.began))
    }

    fn position(self) -> Position {
        Position::from_samples(self.ticks / TICKS_PER_SAMPLE)
    }
}

fn ticks_in(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX) / 1_000 * TICKS_PER_MILLISECOND
}

impl<'voice> Packet<'voice> {
    /// `None` for what is no packet.
    pub fn of(voice: &'voice Voice) -> Option<Self> {
        match voice {
            Voice::Packet { seq, timestamp, payload, .. } => {
                Some(Self { seq: *seq, timestamp: *timestamp, payload })
            }
            Voice::Began { .. } | Voice::Ended { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(steps: &[(u64, u32, u64)]) -> Vec<Option<u64>> {
        let began = Instant::now();
        let mut clock = None;
        let step = |&(seq, timestamp, millis): &(u64, u32, u64)| {
            let packet = Packet { seq, timestamp, payload: &[] };
            let now = began + Duration::from_millis(millis);
            let next = Clock::next(clock, &packet, now, Timestamp::from_micros(0));
            clock = next.or(clock);
            next.map(|clock| clock.ticks)
        };
        steps.iter().map(step).collect()
    }

    #[test]
    fn the_senders_clock_counts() {
        let jitter = [(1, 100, 0), (2, 1060, 90), (3, 2020, 95), (9, 11_620, 250)];
        assert_eq!(ticks(&jitter), [Some(0), Some(960), Some(1920), Some(11_520)]);
        let wrapped = [(1, u32::MAX - 479, 0), (2, 480, 20)];
        assert_eq!(ticks(&wrapped), [Some(0), Some(960)]);
    }

    #[test]
    fn late_packets_are_left_out() {
        let reordered = [(1, 0, 0), (3, 1920, 40), (2, 960, 41), (3, 1920, 42), (4, 2880, 60)];
        assert_eq!(ticks(&reordered), [Some(0), Some(1920), None, None, Some(2880)]);
    }

    #[test]
    fn a_sender_that_begins_anew_goes_on_by_arrival() {
        let restarted = [(70_000, 5_000_000, 0), (12, 77, 500), (13, 1037, 520)];
        assert_eq!(ticks(&restarted), [Some(0), Some(24_000), Some(24_960)]);
        let jumped = [(1, 0, 0), (2, 900_000_000, 20), (3, 900_000_960, 40)];
        assert_eq!(ticks(&jumped), [Some(0), Some(960), Some(1920)]);
        let paused = [(1, 0, 0), (2, 960, 20), (3, 1920, 4_020), (4, 2880, 4_040)];
        assert_eq!(ticks(&paused), [Some(0), Some(960), Some(192_960), Some(193_920)]);
    }

    #[test]
    fn nobody_speaks_faster_than_time() {
        let steps: Vec<_> = (0..100_u32).map(|n| (u64::from(n), n * 48_000, 0)).collect();
        let taken: Vec<u64> = ticks(&steps).into_iter().flatten().collect();
        assert!(taken.len() < 20, "{}", taken.len());
        assert_eq!(taken.iter().max(), Some(&144_000), "three seconds ahead and no more");
        let stalled: Vec<_> = (0..100_u32).map(|n| (u64::from(n), n * 960, 2_000)).collect();
        assert_eq!(ticks(&stalled).into_iter().flatten().count(), 100, "a burst after a stall");
    }
}
