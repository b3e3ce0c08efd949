//! People in a conversation, and how late what they say is read.

use serde_json::{Map, Value, json};
use transcribe::audio::Position;
use transcribe::track::{Caption, Outcome, Track};
use transcribe::utterance::{Action, Tuning};

use crate::clips;

/// 20 ms.
pub const PACKET: usize = 320;
/// The same.
pub const PACKET_MILLIS: u64 = 20;
/// Nobody speaks longer at once.
const TURN_SAMPLES: usize = 12 * 16_000;

/// Speakers who each say the test clips, with as much silence after each as it is long, from
/// another place.
pub struct Speakers {
    sound: Vec<f32>,
    all: Vec<Speaker>,
    tally: Tally,
}

struct Speaker {
    track: Track,
    next_packet: usize,
}

#[derive(Default)]
struct Tally {
    finals_told: usize,
    partials: usize,
    late_ms: Vec<u64>,
}

impl Speakers {
    /// So many.
    pub fn new(count: usize) -> Self {
        let mut sound = Vec::new();
        for clip in &clips::CLIPS {
            let mut samples = clips::samples(clip);
            samples.truncate(TURN_SAMPLES);
            sound.extend_from_slice(&samples);
            sound.resize(sound.len() + samples.len(), 0.0);
        }
        let packets = sound.len() / PACKET;
        let speaker = |place: usize| Speaker {
            track: Track::new(Tuning::default()),
            next_packet: place * packets / count,
        };
        Self { sound, all: (0..count).map(speaker).collect(), tally: Tally::default() }
    }

    /// Everybody's next packet; what is to be decoded for it, and for whom.
    pub fn speak(&mut self, tick: u64) -> Vec<(usize, Action)> {
        let at = Position::from_millis(tick * PACKET_MILLIS);
        let packets = self.sound.as_chunks::<PACKET>().0;
        let mut asked = Vec::new();
        for (number, speaker) in self.all.iter_mut().enumerate() {
            let packet = &packets[speaker.next_packet % packets.len()];
            speaker.next_packet += 1;
            let actions = speaker.track.push(at, packet);
            asked.extend(actions.into_iter().map(|action| (number, action)));
        }
        asked
    }

    /// A decode is over, so many milliseconds after the beginning.
    pub fn handle_outcome(&mut self, number: usize, outcome: Outcome, now_ms: u64) {
        self.tally.finals_told += usize::from(matches!(outcome.action, Action::Final(..)));
        for caption in self.all[number].track.handle_outcome(outcome) {
            match caption {
                Caption::Final { segment, .. } => {
                    // The tail is kept silence: speech ended before it.
                    let ended = segment.end_ms.saturating_sub(u64::from(Tuning::default().tail));
                    self.tally.late_ms.push(now_ms.saturating_sub(ended));
                }
                Caption::Partial { .. } => self.tally.partials += 1,
                Caption::Amended { .. } | Caption::Withdrawn { .. } => {}
            }
        }
    }

    /// How many finals are over.
    pub fn finals_told(&self) -> usize {
        self.tally.finals_told
    }

    /// What came of it.
    pub fn row(self) -> Map<String, Value> {
        let count = self.all.len();
        let Tally { partials, mut late_ms, .. } = self.tally;
        late_ms.sort_unstable();
        let last = late_ms.len().saturating_sub(1);
        let at = |part: usize| late_ms.get((late_ms.len() * part / 100).min(last)).copied();
        let columns = [
            ("speakers", json!(count)),
            ("finals", json!(late_ms.len())),
            ("partials", json!(partials)),
            ("final_p50_ms", json!(at(50))),
            ("final_p95_ms", json!(at(95))),
            ("final_max_ms", json!(at(100))),
        ];
        columns.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}
