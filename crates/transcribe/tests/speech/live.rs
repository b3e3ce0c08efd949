//! A recording played to a track as a live speaker would come in, in simulated time.

use std::collections::BTreeMap;

use transcribe::audio::Position;
use transcribe::engine::Decoder;
use transcribe::track::{Caption, Outcome, Texts, Track};
use transcribe::utterance::{Action, Tuning};

/// 20 ms, as packets are.
const PACKET: usize = 320;

/// What came out.
#[derive(Default)]
pub struct Played {
    pub captions: Vec<Caption>,
    /// The final texts as they were first shown.
    pub first: BTreeMap<u64, String>,
    /// And as they are with later amendments.
    pub amended: BTreeMap<u64, String>,
    pub decodes: usize,
}

impl Played {
    fn take(&mut self, captions: Vec<Caption>) {
        for caption in &captions {
            match caption {
                Caption::Final { utterance, segment } => {
                    self.first.insert(utterance.0, segment.text.clone());
                    self.amended.insert(utterance.0, segment.text.clone());
                }
                Caption::Amended { utterance, text } => {
                    self.amended.insert(utterance.0, text.clone());
                }
                Caption::Partial { .. } | Caption::Withdrawn { .. } => {}
            }
        }
        self.captions.extend(captions);
    }
}

/// All final texts in order.
pub fn text(texts: &BTreeMap<u64, String>) -> String {
    texts.values().cloned().collect::<Vec<_>>().join(" ")
}

/// Plays it to the end and flushes, as when the speaker lets go of the button.
pub fn play(decoder: &mut Decoder<'_>, samples: &[f32], partials: bool) -> Played {
    let mut track = Track::new(Tuning::default());
    let mut played = Played::default();
    let mut at = Position::ZERO;
    for packet in samples.chunks(PACKET) {
        let actions = track.push(at, packet);
        at = at.after(packet.len());
        for action in actions {
            decode(decoder, &mut track, &mut played, action, partials);
        }
    }
    if let Some(action) = track.flush(at) {
        decode(decoder, &mut track, &mut played, action, partials);
    }
    played
}

fn decode(
    decoder: &mut Decoder<'_>,
    track: &mut Track,
    played: &mut Played,
    action: Action,
    partials: bool,
) {
    let began = std::time::Instant::now();
    let texts = match &action {
        Action::Partial(utterance) => partials.then(|| {
            played.decodes += 1;
            Texts { own: decoder.decode(&utterance.clip.samples).unwrap(), joined: None }
        }),
        Action::Final(utterance, joined) => {
            played.decodes += 1 + usize::from(joined.is_some());
            let own = decoder.decode(&utterance.clip.samples).unwrap();
            let joined =
                joined.as_ref().map(|joined| decoder.decode(&joined.clip.samples).unwrap());
            Some(Texts { own, joined })
        }
    };
    let took_millis = u32::try_from(began.elapsed().as_millis()).unwrap();
    let captions = track.handle_outcome(Outcome { action, texts, took_millis });
    played.take(captions);
}
