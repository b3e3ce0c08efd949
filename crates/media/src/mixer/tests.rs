//! The mixer on its own: how packets that come as they like become even sound.

use codec::opus::{Decoder, Encoder, Rate};
use proptest::prelude::*;

use super::*;

fn room() -> RoomId {
    RoomId::from_i64(1).unwrap()
}

fn session(n: i64) -> SessionId {
    SessionId::from_i64(n).unwrap()
}

fn user(n: i64) -> UserId {
    UserId::from_i64(n).unwrap()
}

/// A tone of half the amplitude that there is, in packets of 20 ms.
fn tone(count: usize) -> Vec<Arc<[u8]>> {
    let mut encoder = Encoder::new().unwrap();
    let packet = |n: usize| {
        let frame: [f32; Encoder::FRAME] = std::array::from_fn(|at| {
            let t = (n * Encoder::FRAME + at) as f32 / 48_000.0;
            0.5 * (t * 440.0 * std::f32::consts::TAU).sin()
        });
        Arc::from(encoder.encode(&frame).unwrap())
    };
    (0..count).map(packet).collect()
}

fn packet(plan: &Arc<Plan>, who: i64, seq: u64, payload: &Arc<[u8]>) -> Mix {
    let (session, user, payload) = (session(who), user(who), Arc::clone(payload));
    let part = Part::Packet { session, user, seq, payload };
    Mix { room: room(), plan: Arc::clone(plan), part }
}

fn plan(turn: u64, listeners: &[i64]) -> Arc<Plan> {
    Arc::new(Plan { turn, listeners: listeners.iter().map(|n| user(*n)).collect() })
}

/// What a listener hears of packets that come at these times (ms, number): how loud each 20 ms are, from the
/// first mix on, and when that was.
fn listen(arrivals: &[(u64, u64)], ms: u64) -> (u64, Vec<f32>) {
    let (start, plan, mut mixer) = (Instant::now(), plan(1, &[9]), Mixer::default());
    let packets = tone(arrivals.iter().map(|(_, seq)| *seq as usize + 1).max().unwrap_or_default());
    let mut decoder = Decoder::new(Rate::Full).unwrap();
    let (mut first, mut heard, mut timestamp) = (None, Vec::new(), None);
    for at in 0..ms {
        let now = start + Duration::from_millis(at);
        for (_, seq) in arrivals.iter().filter(|(when, _)| *when == at) {
            mixer.handle_mix(now, packet(&plan, 1, *seq, &packets[*seq as usize]));
        }
        mixer.handle_timeout(now);
        while let Some(mixed) = mixer.poll_output() {
            assert!(mixed.without.is_empty() && mixed.turn == 1);
            first.get_or_insert(at);
            let passed =
                timestamp.map_or(FRAME_TICKS, |before| mixed.timestamp.wrapping_sub(before));
            timestamp = Some(mixed.timestamp);
            heard.extend((1..passed / FRAME_TICKS).map(|_| 0.0));
            let samples = decoder.decode(&mixed.common.unwrap().payload).unwrap();
            let sum: f32 = samples.iter().map(|sample| sample * sample).sum();
            heard.push((sum / samples.len() as f32).sqrt());
        }
    }
    (first.unwrap_or_default(), heard)
}

/// How many of these are about as loud as the tone.
fn whole(heard: &[f32]) -> usize {
    heard.iter().filter(|rms| (0.25..0.45).contains(*rms)).count()
}

#[test]
fn an_even_stream_is_heard_whole_and_soon() {
    let arrivals: Vec<_> = (0..100).map(|n| (n * 20, n)).collect();
    let (first, heard) = listen(&arrivals, 2500);
    assert!(first <= 60, "{first}");
    assert!(whole(&heard[1..]) >= 98, "{heard:?}");
    assert!(heard.len() <= 104, "it ends when the voice does: {}", heard.len());
}

#[test]
fn bursts_and_jitter_are_evened_out() {
    let bursts: Vec<_> = (0..150).map(|n| (n / 3 * 60 + 40, n)).collect();
    let (_, heard) = listen(&bursts, 3100);
    assert!(whole(&heard[10..]) >= heard.len() - 15, "{heard:?}");
    let jitter: Vec<_> = (0..150).map(|n| (n * 20 + n * 7919 % 70, n)).collect();
    let (_, heard) = listen(&jitter, 3100);
    assert!(whole(&heard[20..]) >= heard.len() - 25, "{heard:?}");
}

#[test]
fn lost_packets_are_made_up_for() {
    let lossy: Vec<_> = (0..200).filter(|n| n % 10 != 7).map(|n| (n * 20, n)).collect();
    let (_, heard) = listen(&lossy, 4000);
    assert!(whole(&heard[2..]) >= heard.len() - 6, "{heard:?}");
    let hole: Vec<_> = (0..200).filter(|n| !(100..150).contains(n)).map(|n| (n * 20, n)).collect();
    let (_, heard) = listen(&hole, 4200);
    assert!((140..=155).contains(&whole(&heard)), "{}", whole(&heard));
}

#[test]
fn a_pause_is_silence_and_a_stall_is_not_made_up_for_by_delay() {
    // Half a second of which nothing comes, and then all of it at once.
    let at = |n: u64| if (50..75).contains(&n) { 1500 } else { n * 20 };
    let arrivals: Vec<_> = (0..300).map(|n| (at(n), n)).collect();
    let (_, heard) = listen(&arrivals, 7000);
    let end = heard.iter().rposition(|rms| *rms > 0.25).unwrap();
    // The last packet came at 5980 ms, and is heard within a cushion or two.
    assert!(end * 20 < 6120, "{}", end * 20);
}

#[test]
fn a_sender_whose_clock_runs_fast_does_not_fall_behind() {
    // One in two hundred too fast: over a minute that would be 300 ms.
    let arrivals: Vec<_> = (0..3000).map(|n| (n * 199 / 10, n)).collect();
    let (_, heard) = listen(&arrivals, 61_000);
    let end = heard.iter().rposition(|rms| *rms > 0.25).unwrap();
    let last = arrivals[2999].0;
    assert!((end as u64 * 20).abs_diff(last) < 200, "{} for {last}", end * 20);
    assert!(whole(&heard) > heard.len() - 30);
}

#[test]
fn nothing_of_an_earlier_turn_is_mixed_in_a_later_one() {
    let (now, packets) = (Instant::now(), tone(40));
    let mut mixer = Mixer::default();
    let at = |frame: usize| now + FRAME * frame as u32;
    for (n, payload) in packets.iter().enumerate().take(20) {
        mixer.handle_mix(at(n), packet(&plan(4, &[9]), 1, n as u64, payload));
        mixer.handle_timeout(at(n));
    }
    assert!(std::iter::from_fn(|| mixer.poll_output()).all(|mixed| mixed.turn == 4));
    let part = Part::Ended { session: session(1) };
    mixer.handle_mix(at(20), Mix { room: room(), plan: plan(5, &[9]), part });
    // It was on its way: of a turn that is over.
    mixer.handle_mix(at(20), packet(&plan(4, &[9]), 1, 20, &packets[20]));
    (20..40).for_each(|n| mixer.handle_timeout(at(n)));
    assert!(mixer.poll_output().is_none());
}

#[test]
fn an_encoder_keeps_nothing_of_whom_is_silenced() {
    let (now, loud) = (Instant::now(), tone(40));
    let (mut silence, mut mixer) = (Encoder::new().unwrap(), Mixer::default());
    let at = |frame: usize| now + FRAME * frame as u32;
    let mut first = None;
    for (n, loud) in loud.iter().enumerate() {
        let turn = if n < 20 { 1 } else { 2 };
        if n == 20 {
            let part = Part::Ended { session: session(1) };
            mixer.handle_mix(at(n), Mix { room: room(), plan: plan(turn, &[9]), part });
        }
        if n < 20 {
            mixer.handle_mix(at(n), packet(&plan(turn, &[9]), 1, n as u64, loud));
        }
        let silent = Arc::from(silence.encode(&[0.0; Encoder::FRAME]).unwrap());
        mixer.handle_mix(at(n), packet(&plan(turn, &[9]), 2, n as u64, &silent));
        mixer.handle_timeout(at(n));
        let mut mixed = std::iter::from_fn(|| mixer.poll_output());
        first = first.or_else(|| mixed.find(|mixed| mixed.turn == 2));
    }
    let first = first.unwrap().common.unwrap();
    let mut decoder = Decoder::new(Rate::Full).unwrap();
    let peak = decoder.decode(&first.payload).unwrap().iter().fold(0.0_f32, |a, b| a.max(b.abs()));
    assert!(peak < 1e-3, "{peak}");
}

#[test]
fn more_voices_than_a_mix_has_wait_for_a_place() {
    let (now, payload, plan) = (Instant::now(), &tone(1)[0], plan(1, &[9]));
    let mut mixer = Mixer::default();
    for who in 1..=20 {
        mixer.handle_mix(now, packet(&plan, who, 0, payload));
    }
    assert_eq!(mixer.rooms[&room()].voices.len(), VOICES_MAX);
    mixer.handle_timeout(now + Duration::from_secs(10));
    assert_eq!((mixer.rooms.len(), mixer.poll_timeout()), (0, None), "and nothing is left of them");
}

#[test]
fn a_mixer_that_does_not_keep_up_leaves_out_what_is_late() {
    let (start, plan, mut mixer) = (Instant::now(), plan(1, &[9]), Mixer::default());
    let packets = tone(60);
    let mut mixed = Vec::new();
    for (n, payload) in packets.iter().enumerate() {
        let now = start + FRAME * n as u32;
        mixer.handle_mix(now, packet(&plan, 1, n as u64, payload));
        // Nobody looks after it for 300 ms.
        if !(20..35).contains(&n) {
            mixer.handle_timeout(now);
        }
        mixed.extend(std::iter::from_fn(|| mixer.poll_output()));
    }
    assert_eq!(mixer.left_out(), 15);
    let steps: Vec<u32> =
        mixed.windows(2).map(|pair| pair[1].timestamp - pair[0].timestamp).collect();
    assert_eq!(steps.iter().filter(|step| **step == 960).count(), steps.len() - 1, "{steps:?}");
    assert!(steps.contains(&(16 * 960)), "{steps:?}");
}

proptest! {
    #[test]
    fn any_packets_are_mixed_or_left_out(
        packets in proptest::collection::vec(
            (1..4_i64, 0..60_u64, 0..3_u64, any::<bool>(), proptest::collection::vec(any::<u8>(), 0..80)),
            0..200,
        ))
    {
        let (mut now, mut mixer) = (Instant::now(), Mixer::default());
        for (who, seq, turn, ended, payload) in packets {
            let mut mix = packet(&plan(turn, &[1, 9]), who, seq, &Arc::from(payload));
            if ended {
                mix.part = Part::Ended { session: session(who) };
            }
            mixer.handle_mix(now, mix);
            now += Duration::from_millis(7);
            mixer.handle_timeout(now);
            while mixer.poll_output().is_some() {}
        }
    }
}
