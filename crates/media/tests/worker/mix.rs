//! Several voices for a connection with one section for sound.

use codec::opus::{Decoder, Encoder, Rate};
use media::{Gate, Mixed};

use crate::harness::*;

const ONE: Shape = Shape {
    audio_slots: 1,
    video_slots: 0,
    camera: false,
    simulcast: false,
    audio_level: true,
    only_vp9: false,
};
const SHUT: Gate = Gate { speak: false, ..OPEN };
/// Each client sings its own note.
const NOTES: [f32; 4] = [400.0, 700.0, 1100.0, 1700.0];
/// How loud.
const AMPLITUDE: f32 = 0.2;

/// Clients that sing, each with its encoder.
struct Choir {
    world: World,
    encoders: Vec<Encoder>,
    sung: usize,
}

impl Choir {
    /// So many clients in one room, all with one section for sound.
    fn new(count: usize) -> Self {
        Self::of(World::new(), &vec![(0, user(0)); count])
    }

    /// Clients on workers, of users; those of user 0 get one each.
    fn of(mut world: World, clients: &[(usize, model::UserId)]) -> Self {
        for (n, (worker, who)) in clients.iter().enumerate() {
            let who = if *who == user(0) { user(n + 10) } else { *who };
            world.join_at(*worker, room(1), who, OPEN, ONE);
        }
        world.run(500);
        let encoders = clients.iter().map(|_| Encoder::new().unwrap()).collect();
        Self { world, encoders, sung: 0 }
    }

    /// These sing for a while.
    fn sing(&mut self, singers: &[usize], ms: u64) {
        for _ in 0..ms / 20 {
            for &n in singers {
                let note = frame(NOTES[n], self.sung);
                let packet = self.encoders[n].encode(&note).unwrap();
                self.world.clients[n].say(self.world.now, LOUD, packet);
            }
            self.sung += 1;
            self.world.run(20);
        }
    }

    /// Which notes a client has heard since it was asked last, and the packets, which go on by one.
    fn heard(&mut self, n: usize) -> (Vec<usize>, Vec<Got>) {
        let got = self.world.take_got(n);
        continuous(&got);
        (notes(&got), got)
    }

    fn mixed(&self) -> u64 {
        self.world.workers.iter().map(|worker| worker.counters().mixed).sum()
    }
}

fn frame(hz: f32, number: usize) -> [f32; Encoder::FRAME] {
    std::array::from_fn(|at| {
        let t = (number * Encoder::FRAME + at) as f32 / 48_000.0;
        AMPLITUDE * (t * hz * std::f32::consts::TAU).sin()
    })
}

/// The notes in what comes out of a fresh decoder. The first 40 ms, while it tunes in, do not count.
fn notes(got: &[Got]) -> Vec<usize> {
    let mut decoder = Decoder::new(Rate::Full).unwrap();
    let mut samples = Vec::new();
    for packet in got {
        samples.extend_from_slice(decoder.decode(&packet.payload).unwrap());
    }
    let samples = samples.get(2 * Encoder::FRAME..).unwrap_or_default();
    (0..NOTES.len()).filter(|n| amplitude(samples, NOTES[*n]) > AMPLITUDE / 10.0).collect()
}

/// How much of a tone there is (Goertzel's algorithm).
fn amplitude(samples: &[f32], hz: f32) -> f32 {
    let step = hz * std::f32::consts::TAU / 48_000.0;
    let (mut re, mut im) = (0.0, 0.0);
    for (at, sample) in samples.iter().enumerate() {
        let (sin, cos) = (step * at as f32).sin_cos();
        (re, im) = (re + sample * cos, im + sample * sin);
    }
    2.0 * (re * re + im * im).sqrt() / samples.len().max(1) as f32
}

#[test]
fn one_voice_is_passed_on_as_it_is() {
    let mut choir = Choir::new(3);
    choir.sing(&[0], 1000);
    let (notes, got) = choir.heard(2);
    assert_eq!((notes, got.len(), choir.mixed()), (vec![0], 50, 0));
}

#[test]
fn all_who_speak_at_once_are_heard_and_nobody_hears_themselves() {
    let mut choir = Choir::new(4);
    choir.sing(&[0, 1, 2], 1000);
    (0..4).for_each(|n| drop(choir.heard(n)));
    choir.sing(&[0, 1, 2], 1000);
    let heard: Vec<_> = (0..4).map(|n| choir.heard(n)).collect();
    let notes: Vec<_> = heard.iter().map(|(notes, _)| notes.clone()).collect();
    assert_eq!(notes, [vec![1, 2], vec![0, 2], vec![0, 1], vec![0, 1, 2]]);
    for (_, got) in heard {
        assert!((48..=51).contains(&got.len()), "{}", got.len());
        assert!(got.windows(2).all(|pair| pair[1].timestamp - pair[0].timestamp == 960));
        let levels: Vec<_> = got.iter().filter_map(|packet| packet.level).collect();
        assert!(levels.len() == got.len() && levels.iter().all(|level| *level > -20), "{levels:?}");
    }
}

#[test]
fn a_mix_begins_and_ends_without_a_gap_in_numbers() {
    let mut choir = Choir::new(3);
    choir.sing(&[0], 500);
    choir.sing(&[0, 1], 1000);
    assert!(choir.mixed() > 0);
    choir.sing(&[0], 7000);
    let (_, got) = choir.heard(2);
    let mixed = choir.mixed();
    choir.sing(&[0], 500);
    assert_eq!(choir.mixed(), mixed, "one voice for a while: no mix");
    let (notes, after) = choir.heard(2);
    assert_eq!((notes, after.len()), (vec![0], 25));
    let both = [got, after].concat();
    continuous(&both);
    assert!(both.windows(2).all(|pair| pair[1].timestamp.wrapping_sub(pair[0].timestamp) < 9600));
}

#[test]
fn sessions_of_one_user_are_left_out_of_what_that_user_is_sent() {
    let mut choir =
        Choir::of(World::new(), &[(0, user(1)), (0, user(1)), (0, user(2)), (0, user(3))]);
    choir.sing(&[1, 2, 3], 1000);
    choir.heard(0);
    choir.sing(&[1, 2, 3], 500);
    assert_eq!(choir.heard(0).0, [2, 3]);
}

#[test]
fn a_mute_holds_in_the_mix_from_the_call_on() {
    let mut choir = Choir::new(4);
    choir.sing(&[0, 1, 2], 1000);
    // On its way from the mixer when the gate shuts.
    let now = choir.world.now + std::time::Duration::from_millis(20);
    choir.world.mixers[0].handle_timeout(now);
    let late: Vec<Mixed> = std::iter::from_fn(|| choir.world.mixers[0].poll_output()).collect();
    assert!(!late.is_empty());
    choir.world.gate(0, SHUT);
    (0..4).for_each(|n| drop(choir.heard(n)));
    let sent = choir.mixed();
    for mixed in late {
        choir.world.workers[0].handle_mixed(choir.world.now, &mixed);
    }
    assert_eq!(choir.mixed(), sent, "of what was mixed before nothing is sent");
    choir.sing(&[0, 1, 2], 500);
    assert_eq!(choir.heard(3).0, [1, 2]);
    choir.world.gate(0, OPEN);
    choir.sing(&[0, 1, 2], 500);
    assert_eq!(choir.heard(3).0, [0, 1, 2]);
}

#[test]
fn a_mute_holds_though_the_mixer_has_not_heard_of_it() {
    let mut choir = Choir::new(4);
    choir.sing(&[0, 1, 2], 1000);
    choir.world.mixes_lost = true;
    choir.world.gate(0, SHUT);
    choir.world.gate(1, SHUT);
    choir.world.gate(1, OPEN);
    choir.world.mixes_lost = false;
    choir.heard(3);
    choir.sing(&[0, 1, 2], 500);
    assert_eq!(choir.heard(3).0, [1, 2]);
}

#[test]
fn voices_of_other_workers_are_mixed_and_muted_alike() {
    let clients = [(0, user(0)), (1, user(0)), (2, user(0)), (0, user(0))];
    let mut choir = Choir::of(World::on(3), &clients);
    choir.sing(&[0, 1, 2], 1000);
    choir.heard(3);
    choir.sing(&[0, 1, 2], 500);
    assert_eq!(choir.heard(3).0, [0, 1, 2]);
    choir.world.gate(1, SHUT);
    choir.heard(3);
    choir.sing(&[0, 1, 2], 500);
    assert_eq!(choir.heard(3).0, [0, 2]);
}

#[test]
fn who_is_carried_away_is_sent_nothing_of_the_old_room() {
    let mut choir = Choir::new(4);
    choir.sing(&[0, 1, 2], 1000);
    choir.world.carry(3, room(2), OPEN);
    choir.heard(3);
    choir.sing(&[0, 1, 2], 500);
    assert_eq!(choir.heard(3).1, []);
    choir.world.close(2);
    choir.world.close(1);
    choir.sing(&[0], 500);
    let mixed = choir.mixed();
    choir.sing(&[0], 6000);
    choir.world.carry(3, room(1), OPEN);
    choir.sing(&[0], 500);
    assert_eq!(choir.heard(3).0, [0]);
    assert_eq!(choir.mixed(), mixed);
}

#[test]
fn the_deafened_are_sent_no_mix() {
    let mut choir = Choir::new(4);
    choir.sing(&[0, 1, 2], 1000);
    choir.world.gate(3, Gate { receive: false, ..OPEN });
    choir.heard(3);
    choir.sing(&[0, 1, 2], 500);
    assert_eq!(choir.heard(3).1, []);
    choir.world.gate(3, OPEN);
    choir.sing(&[0, 1, 2], 500);
    assert_eq!(choir.heard(3).0, [0, 1, 2]);
}

#[test]
fn with_two_sections_voices_stay_apart() {
    let mut choir = Choir::new(3);
    choir.world.join(user(99), OPEN, Shape { audio_slots: 2, ..ONE });
    choir.encoders.push(Encoder::new().unwrap());
    choir.world.run(500);
    choir.sing(&[0, 1], 1000);
    let got = choir.world.take_got(3);
    for (n, slot) in choir.world.clients[3].slots.clone().iter().enumerate() {
        let one: Vec<Got> = got.iter().filter(|got| got.mid == slot.to_string()).cloned().collect();
        assert_eq!(notes(&one), [n]);
    }
}
