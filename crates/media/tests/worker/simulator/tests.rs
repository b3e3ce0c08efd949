//! The simulator does what its paths say.

use std::time::{Duration, Instant};

use super::{Bursts, Path, Stats, Way};

const COUNT: u64 = 100_000;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// What came out, in order, when; and the statistics.
struct Outcome {
    came: Vec<(u64, Duration)>,
    stats: Stats,
}

/// Sends numbers of 172 bytes at even distances.
fn play(path: Path, seed: u64, count: u64, apart: Duration) -> Outcome {
    let start = Instant::now();
    let mut way = Way::new(start, seed);
    way.lay(start, path);
    let mut came = Vec::new();
    let mut drain = |way: &mut Way<u64>, until: Instant| {
        while let Some(at) = way.due_at().filter(|at| *at <= until) {
            while let Some(number) = way.receive(at) {
                came.push((number, at - start));
            }
        }
    };
    for number in 0..count {
        let now = start + apart * number as u32;
        drain(&mut way, now);
        way.send(now, 172, number);
    }
    drain(&mut way, start + apart * count as u32 + Duration::from_secs(3600));
    Outcome { came, stats: way.stats() }
}

fn numbers(outcome: &Outcome) -> Vec<u64> {
    outcome.came.iter().map(|(number, _)| *number).collect()
}

fn near(is: f64, wanted: f64) {
    assert!((is - wanted).abs() < wanted / 20.0, "{is}, not about {wanted}");
}

#[test]
fn the_default_path_is_perfect() {
    let outcome = play(Path::default(), 1, 1000, ms(20));
    let all = (0..1000).map(|number| (number, ms(20) * number as u32));
    assert_eq!(outcome.came, all.collect::<Vec<_>>());
    assert_eq!((outcome.stats.arrived, outcome.stats.delay_max), (1000, Duration::ZERO));
}

#[test]
fn the_same_seed_is_the_same_luck_and_another_is_another() {
    let path =
        Path { loss: 0.1, jitter: ms(50), reorder: true, duplicates: 0.1, ..Path::default() };
    let [one, same, other] = [7, 7, 8].map(|seed| play(path.clone(), seed, 1000, ms(20)).came);
    assert_eq!(one, same);
    assert_ne!(one, other);
    let slower = play(Path { delay: ms(30), ..path.clone() }, 7, 1000, ms(20));
    let lost = play(path, 7, 1000, ms(20)).stats.lost;
    assert_eq!(slower.stats.lost, lost, "a property does not move the luck of another");
}

#[test]
fn shares_are_as_said() {
    let path = Path { loss: 0.05, duplicates: 0.02, ..Path::default() };
    let stats = play(path, 1, COUNT, ms(1)).stats;
    near(stats.lost as f64 / COUNT as f64, 0.05);
    near(stats.duplicated as f64 / COUNT as f64, 0.02 * 0.95);
    assert_eq!(stats.arrived, COUNT - stats.lost + stats.duplicated);
}

#[test]
fn bursts_lose_their_share_in_their_length() {
    let path = Path { bursts: Some(Bursts::of(0.05, 8.0)), ..Path::default() };
    let outcome = play(path, 1, COUNT, ms(1));
    near(outcome.stats.lost as f64 / COUNT as f64, 0.05);
    let came = numbers(&outcome);
    let gaps = came.windows(2).filter(|pair| pair[1] > pair[0] + 1).count();
    near(outcome.stats.lost as f64 / gaps as f64, 8.0);
}

#[test]
fn jitter_keeps_the_order_unless_it_may_not() {
    let path = Path { delay: ms(40), jitter: ms(60), ..Path::default() };
    let kept = play(path.clone(), 1, 5000, ms(20));
    assert!(numbers(&kept).is_sorted());
    assert_eq!(kept.stats.arrived, 5000);
    let free = play(Path { reorder: true, ..path }, 1, 5000, ms(20));
    assert!(!numbers(&free).is_sorted());
    near(free.stats.delay_mean().as_secs_f64(), 0.070);
    assert!(free.stats.delay_max <= ms(100) && kept.stats.delay_max <= ms(100));
}

#[test]
fn what_is_late_is_overtaken_and_nothing_else() {
    let path = Path { delay: ms(10), late: 0.02, ..Path::default() };
    let outcome = play(path, 1, COUNT, ms(20));
    let overtaken = numbers(&outcome).windows(2).filter(|pair| pair[1] < pair[0]).count();
    near(overtaken as f64 / COUNT as f64, 0.02 * 0.98);
    assert_eq!((outcome.stats.arrived, outcome.stats.delay_max), (COUNT, ms(40)));
}

#[test]
fn a_bottleneck_passes_its_bandwidth_and_queues_up_to_its_limit() {
    // 200 bytes on the wire every 10 ms: 160 kbit/s.
    let path = |bps| Path { bandwidth_bps: Some(bps), queue_bytes: 4000, ..Path::default() };
    let wide = play(path(320_000), 1, 1000, ms(10)).stats;
    assert_eq!((wide.overflowed, wide.delay_max), (0, ms(5)), "its own time to be sent");
    let narrow = play(path(80_000), 1, 1000, ms(10));
    near(narrow.stats.overflowed as f64, 490.0);
    assert_eq!((narrow.stats.queued_bytes, narrow.stats.queued_bytes_max), (0, 4000));
    assert_eq!(narrow.stats.delay_max, ms(20) * 20, "a full queue");
    assert!(narrow.came.windows(2).all(|pair| pair[1].1 - pair[0].1 == ms(20)), "without a pause");
    assert!(numbers(&narrow).is_sorted());
}

#[test]
fn bandwidth_changes_when_said_also_in_the_middle_of_a_datagram() {
    // 200 bytes take 20 ms, then 40 ms; the third is half sent at the change.
    let path = Path {
        bandwidth_bps: Some(80_000),
        steps: vec![(ms(50), 40_000), (ms(100), 0), (ms(300), 160_000)],
        ..Path::default()
    };
    let came = play(path, 1, 6, Duration::ZERO).came;
    let at: Vec<_> = came.iter().map(|(_, at)| at.as_micros()).collect();
    // Three quarters of the fourth are sent before nothing more is.
    assert_eq!(at, [20_000, 40_000, 70_000, 302_500, 312_500, 322_500]);
}

#[test]
fn what_waits_goes_on_when_another_path_is_laid() {
    let start = Instant::now();
    let mut way = Way::new(start, 1);
    way.lay(start, Path { bandwidth_bps: Some(0), queue_bytes: 450, ..Path::default() });
    for number in 0..3 {
        way.send(start, 172, number);
    }
    assert_eq!((way.due_at(), way.receive(start + ms(5000))), (None, None));
    assert_eq!((way.stats().queued_bytes, way.stats().overflowed), (400, 1));
    let later = start + ms(5000);
    way.lay(later, Path { delay: ms(10), ..Path::default() });
    assert_eq!(way.receive(later), None);
    way.send(later, 172, 3);
    let came: Vec<_> = std::iter::from_fn(|| way.receive(later + ms(10))).collect();
    assert_eq!(came, [0, 1, 3]);
    assert_eq!(way.stats().delay_max, ms(5010));
}
