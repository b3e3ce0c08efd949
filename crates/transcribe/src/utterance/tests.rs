//! Scripts in simulated time: frames in, the exact actions out.

use super::*;
use crate::vad::FRAME_MILLIS;

/// Round numbers of frames (16 ms) for every time, so that ranges can be written down.
const TUNING: Tuning = Tuning {
    pre_roll: 160,
    hangover: 320,
    tail: 80,
    length_max: 3_200,
    cut_window: 1_600,
    partial_interval: 480,
    partial_duty: 4,
    join_gap: 800,
    joined_max: 6_400,
};

/// A stream whose samples are the number of their frame, so that clips can be checked.
struct Stream {
    utterances: Utterances,
    frames: u64,
}

/// Guesses further apart than any script is long.
const NO_PARTIALS: u32 = 1_000_000;

impl Stream {
    fn new() -> Self {
        Self { utterances: Utterances::new(TUNING), frames: 0 }
    }

    fn without_partials() -> Self {
        let tuning = Tuning { partial_interval: NO_PARTIALS, ..TUNING };
        Self { utterances: Utterances::new(tuning), frames: 0 }
    }

    /// So many frames of this score and level; what was asked for, as text.
    fn feed(&mut self, count: usize, score: f32, level_dbfs: f32) -> Vec<String> {
        let mut said = Vec::new();
        for _ in 0..count {
            let samples = [self.frames as f32; FRAME_SAMPLES];
            self.frames += 1;
            let frame = Frame { score, level_dbfs };
            said.extend(self.utterances.handle_frame(&samples, frame).map(|action| told(&action)));
        }
        said
    }

    /// As loud as speech and as uneven.
    fn speech(&mut self, frames: usize) -> Vec<String> {
        let syllable = |n| if n % 2 == 0 { -20.0 } else { -24.0 };
        (0..frames).flat_map(|n| self.feed(1, 0.9, syllable(n))).collect()
    }

    fn silence(&mut self, frames: usize) -> Vec<String> {
        self.feed(frames, 0.1, -70.0)
    }

    fn flush(&mut self) -> Vec<String> {
        let position = self.utterances.position();
        self.utterances.flush(position).map(|action| told(&action)).into_iter().collect()
    }
}

/// An action in frames: `partial 0 [0..30] 30`, the last being frames of speech.
fn told(action: &Action) -> String {
    let frame = |position: Position| position.samples() / FRAME_SAMPLES as u64;
    let clip = |clip: &Clip| {
        let range = frame(clip.range.start)..frame(clip.range.end);
        assert_eq!(clip.samples.len() as u64, (range.end - range.start) * FRAME_SAMPLES as u64);
        assert_eq!(clip.samples.first().copied(), Some(range.start as f32), "audio of its range");
        assert_eq!(clip.samples.last().copied(), Some(range.end as f32 - 1.0));
        format!("[{}..{}]", range.start, range.end)
    };
    let utterance = |one: &Utterance| {
        format!("{} {} {}", one.id.0, clip(&one.clip), one.speech_millis / FRAME_MILLIS)
    };
    match action {
        Action::Partial(one) => format!("partial {}", utterance(one)),
        Action::Final(one, None) => format!("final {}", utterance(one)),
        Action::Final(one, Some(joined)) => {
            format!("final {} with {} {}", utterance(one), joined.previous.0, clip(&joined.clip))
        }
    }
}

const NOTHING: [&str; 0] = [];

#[test]
fn speech_has_what_was_before_it_and_a_little_after() {
    let mut stream = Stream::new();
    assert_eq!(stream.silence(50), NOTHING);
    assert_eq!(stream.speech(15), NOTHING);
    assert_eq!(stream.silence(19), ["partial 0 [40..70] 15"]);
    assert_eq!(stream.silence(1), ["final 0 [40..70] 15"]);
    assert_eq!(stream.silence(500), NOTHING);
}

#[test]
fn the_first_words_of_a_stream_have_nothing_before_them() {
    let mut stream = Stream::new();
    assert_eq!(stream.speech(10), NOTHING);
    assert_eq!(stream.flush(), ["final 0 [0..10] 10"]);
}

#[test]
fn a_click_is_nothing() {
    let mut stream = Stream::new();
    stream.silence(20);
    assert_eq!(stream.speech(4), NOTHING);
    assert_eq!(stream.silence(200), NOTHING);
    assert_eq!(stream.speech(4), NOTHING);
    assert_eq!(stream.flush(), NOTHING);
}

#[test]
fn quiet_word_ends_are_speech_but_do_not_begin_it() {
    let mut stream = Stream::new();
    assert_eq!(stream.feed(100, 0.4, -30.0), NOTHING);
    assert_eq!(stream.speech(10), NOTHING);
    assert_eq!(stream.feed(10, 0.4, -30.0), ["partial 0 [90..120] 20"]);
    assert_eq!(stream.silence(20), ["final 0 [90..125] 20"]);
}

#[test]
fn guesses_wait_for_the_one_before_and_for_its_cost() {
    let mut stream = Stream::new();
    assert_eq!(stream.speech(60), ["partial 0 [0..30] 30"], "one at a time");
    // It took 200 ms: at most a quarter of the time goes to guesses, so 800 ms apart = 50 frames.
    stream.utterances.handle_partial_done(Some(200));
    assert_eq!(stream.speech(19), NOTHING);
    assert_eq!(stream.speech(1), ["partial 0 [0..80] 80"]);
    // Given up: nothing is learnt of the cost.
    stream.utterances.handle_partial_done(None);
    assert_eq!(stream.speech(50), ["partial 0 [0..130] 130"]);
    // A quick one: the interval is back.
    stream.utterances.handle_partial_done(Some(1));
    assert_eq!(stream.speech(30), ["partial 0 [0..160] 160"]);
}

#[test]
fn neighbours_are_decoded_together() {
    let mut stream = Stream::without_partials();
    stream.speech(20);
    assert_eq!(stream.silence(20), ["final 0 [0..25] 20"]);
    stream.silence(10);
    // 50 is the onset, with ten frames before it.
    assert_eq!(stream.speech(20), NOTHING);
    assert_eq!(stream.flush(), ["final 1 [40..70] 20 with 0 [0..70]"]);
    // After a flush nothing is a neighbour.
    stream.speech(10);
    assert_eq!(stream.flush(), ["final 2 [70..80] 10"]);
}

#[test]
fn what_is_far_away_is_no_neighbour() {
    let mut stream = Stream::without_partials();
    stream.speech(20);
    assert_eq!(stream.silence(85), ["final 0 [0..25] 20"]);
    stream.speech(20);
    // 95 - 25 frames are 1120 ms.
    assert_eq!(stream.flush(), ["final 1 [95..125] 20"]);
}

#[test]
fn an_utterance_never_reaches_into_the_one_before() {
    let mut stream = Stream::without_partials();
    stream.speech(20);
    assert_eq!(stream.silence(20), ["final 0 [0..25] 20"]);
    // The onset is at 40, its pre-roll would begin at 30; after 24 more frames, closed at 84.
    stream.speech(10);
    assert_eq!(stream.silence(20), ["final 1 [30..55] 10 with 0 [0..55]"]);
}

#[test]
fn long_speech_is_cut_where_it_is_quietest() {
    let mut stream = Stream::new();
    let mut said = stream.speech(140);
    said.extend(stream.feed(7, 0.9, -45.0));
    said.extend(stream.speech(53));
    // The middle of the dip is frame 143; the speech after it is the next utterance.
    assert_eq!(said, ["partial 0 [0..30] 30", "final 0 [0..143] 143"]);
    assert_eq!(stream.speech(10), NOTHING);
    let told = stream.silence(20);
    assert_eq!(told, ["final 1 [143..215] 67 with 0 [0..215]"]);
}

#[test]
fn neighbours_too_long_together_are_not_joined() {
    let mut stream = Stream::without_partials();
    stream.utterances.tuning.joined_max = 4_800;
    // Nothing is quieter than the rest: the last place that has quiet around it is taken.
    assert_eq!(stream.speech(400), ["final 0 [0..196] 196", "final 1 [196..392] 196"]);
}

#[test]
fn endless_speech_is_cut_again_and_again_and_all_of_it_is_heard() {
    let mut stream = Stream::new();
    let said = stream.speech(5_000);
    let mut end = "0".to_owned();
    let finals: Vec<&String> = said.iter().filter(|one| one.starts_with("final")).collect();
    assert!(finals.len() > 24, "{}", finals.len());
    for one in finals {
        let (from, to) = one.split_once('[').unwrap().1.split_once("..").unwrap();
        assert_eq!(from, end, "{said:?}");
        end = to.split_once(']').unwrap().0.to_owned();
    }
    // The tape holds two utterances at most.
    assert!(stream.utterances.tape.len() < samples_in(2 * 3_200 + 1_500));
}

#[test]
fn silence_is_forgotten() {
    let mut stream = Stream::new();
    stream.speech(20);
    stream.silence(10_000);
    assert!(stream.utterances.tape.len() <= samples_in(160 + 1_100));
    assert_eq!(stream.utterances.position().samples(), 10_020 * FRAME_SAMPLES as u64);
}

#[test]
fn after_a_flush_the_stream_goes_on_elsewhere() {
    let mut stream = Stream::new();
    stream.speech(20);
    stream.utterances.flush(Position::from_millis(60_000));
    assert_eq!(stream.utterances.position(), Position::from_millis(60_000));
    for n in 0..20 {
        let frame = Frame { score: 0.9, level_dbfs: -20.0 - n as f32 };
        assert_eq!(stream.utterances.handle_frame(&[0.0; FRAME_SAMPLES], frame), None);
    }
    let Some(Action::Final(last, None)) = stream.utterances.flush(Position::ZERO) else { panic!() };
    assert_eq!(last.clip.range.start, Position::from_millis(60_000));
}
