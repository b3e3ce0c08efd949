//! What is measured: rooms, who is in them, and who of those speaks.

use std::time::Duration;

use crate::draft::{Path, Speaks};
use crate::light::PACKET_EVERY;

/// A row of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scene {
    /// What it is called in tables.
    pub name: &'static str,
    pub path: Path,
    pub rooms: usize,
    /// In each room.
    pub members: usize,
    /// Of those, who speak; the others only hear.
    pub speakers: usize,
}

const fn audio(name: &'static str, rooms: usize, members: usize, speakers: usize) -> Scene {
    Scene { name, path: Path::Light, rooms, members, speakers }
}

/// All rows, in the order in which they are shown.
pub const SCENES: [Scene; 8] = [
    audio("1-20", 1, 21, 1),
    audio("1-50", 1, 51, 1),
    audio("1-100", 1, 101, 1),
    audio("1-200", 1, 201, 1),
    audio("10x10", 1, 10, 10),
    audio("50x4", 50, 4, 4),
    audio("200-2", 1, 200, 2),
    Scene { name: "video-1-30", path: Path::Full, rooms: 1, members: 31, speakers: 1 },
];

impl Scene {
    /// The row of this name.
    pub fn named(name: &str) -> Option<Self> {
        SCENES.into_iter().find(|scene| scene.name == name)
    }

    /// Streams that somebody receives.
    pub fn streams(&self) -> usize {
        self.rooms * self.speakers * (self.members - 1)
    }

    /// How many streams a member receives.
    pub fn hears(&self, speaks: bool) -> usize {
        self.speakers - usize::from(speaks)
    }

    /// How the speaker with this number, in all rooms together, speaks. They begin one after the other
    /// within one packet's time, so that not all packets come at once.
    pub fn speaks(&self, number: usize, payload_len: usize) -> Speaks {
        let all = (self.rooms * self.speakers) as u32;
        let after = PACKET_EVERY * (number as u32 % all) / all;
        Speaks { speaker: number as u32, payload_len, after: Duration::from_millis(1) + after }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_hears_everybody_else_who_speaks() {
        let streams = |name| Scene::named(name).unwrap().streams();
        assert_eq!(streams("1-100"), 100);
        assert_eq!(streams("10x10"), 90);
        assert_eq!(streams("50x4"), 50 * 4 * 3);
        assert_eq!(streams("200-2"), 2 * 199);
        let ten = Scene::named("10x10").unwrap();
        assert_eq!((ten.hears(true), Scene::named("1-20").unwrap().hears(true)), (9, 0));
        let after: Vec<Duration> = (0..10).map(|number| ten.speaks(number, 80).after).collect();
        assert!(after.is_sorted() && after[9] < after[0] + PACKET_EVERY);
    }
}
