//! Which spatial layers of one VP9 stream a receiver is sent: those up to the highest that it wants and
//! can decode. One per receiving section.
//!
//! A layer can be decoded when every frame of it has been sent since it last needed no earlier picture.
//! So down goes at the next picture where each picture has all its layers (full SVC), up at a picture that
//! needs no earlier one. Where only keyframes have layers that need each other (K-SVC), the frames below
//! the wanted one are not needed and not sent, and every change waits for such a picture.
//!
//! What is sent of a picture is settled with its first packet, because the last packet of its highest layer
//! has to carry the marker. An upper layer that begins anew in the middle, without a keyframe, is taken up
//! at the next.

use crate::vp9::{Descriptor, Place, SPATIAL_MAX};

/// Pictures whose packets may still come, late or resent: a second, in which a sender has been asked five
/// times. What comes later is left out.
const PICTURES_MAX: usize = 32;

/// What to do with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// `marker`: it is the last of its picture that is sent.
    Send { marker: bool },
    /// Leave it out, and let no number show it.
    Drop,
}

#[derive(Clone, Copy, Debug)]
struct Settled {
    timestamp: u32,
    /// The highest layer that is sent of it.
    top: u8,
    /// Layers that could be decoded up to it.
    before: u8,
    /// Something that the layers above need of it was not sent.
    broken: bool,
    /// Layers of which a packet has come, and those of them whose frames are sent.
    seen: u8,
    sent: u8,
}

/// The filter of one receiving section.
#[derive(Debug, Default)]
pub(crate) struct Svc {
    /// Layers that can be decoded further.
    intact: u8,
    /// The layer that is sent now.
    top: u8,
    pictures: [Option<Settled>; PICTURES_MAX],
    /// Where the newest of them is.
    latest: usize,
    newest: Option<u64>,
}

impl Svc {
    /// The highest layer that is sent now.
    pub fn top(&self) -> u8 {
        self.top
    }

    /// Whether a layer is sent, or will be from the next picture on, without a keyframe.
    pub fn reaches(&self, layer: u8) -> bool {
        // A stream that does not name its layers has but one.
        let is_only = self.newest.is_none() && layer == self.top;
        is_only || layer <= self.top && self.intact & 1 << layer != 0
    }

    /// A packet of the stream whose layers up to `wanted` are to be sent.
    pub fn handle(
        &mut self,
        packet: &Descriptor,
        (seq, timestamp): (u64, u32),
        marker: bool,
        wanted: u8,
    ) -> Verdict {
        let Some(place) = packet.layer else { return Verdict::Send { marker } };
        let known =
            self.pictures.iter().position(|it| it.is_some_and(|it| it.timestamp == timestamp));
        let at = match known {
            Some(at) => at,
            // All of an old picture that has been forgotten.
            None if self.newest.is_some_and(|newest| seq < newest) => return Verdict::Drop,
            None => self.settle(packet, place, timestamp, wanted),
        };
        self.newest = self.newest.max(Some(seq));
        let Some(mut picture) = self.pictures[at] else { return Verdict::Drop };
        let layer = 1 << place.spatial;
        if picture.seen & layer == 0 {
            picture.seen |= layer;
            let sends = picture.sends(packet, place);
            picture.sent |= if sends { layer } else { 0 };
            self.pictures[at] = Some(picture);
            // What comes late says nothing of what has followed it.
            match sends {
                _ if at != self.latest => {}
                true => self.intact |= layer,
                false => self.intact &= !layer,
            }
        }
        if picture.sent & layer == 0 {
            return Verdict::Drop;
        }
        Verdict::Send { marker: marker || packet.ends && place.spatial == picture.top }
    }

    /// Decides what is sent of a picture whose first packet this is.
    fn settle(&mut self, packet: &Descriptor, place: Place, timestamp: u32, wanted: u8) -> usize {
        let begins_anew = place.spatial == 0 && !packet.inter_picture;
        let decodable = |layer: &u8| self.intact & 1 << layer != 0;
        self.top = match begins_anew {
            true => wanted,
            false => {
                let below = (0..=wanted).rev().find(decodable);
                // None of those: what has been sent so far is, until a picture that begins anew.
                below.or_else(|| (wanted..SPATIAL_MAX as u8).find(decodable)).unwrap_or(wanted)
            }
        };
        let (before, up_to_top) = (self.intact, (2 << self.top) - 1);
        // What is above is not sent of this picture, whether or not it comes to be seen here. What begins
        // anew is decodable up to there: what is lost of it will be repaired.
        self.intact = if begins_anew { up_to_top } else { before & up_to_top };
        self.latest = (self.latest + 1) % PICTURES_MAX;
        let (top, seen, sent) = (self.top, 0, 0);
        self.pictures[self.latest] =
            Some(Settled { timestamp, top, before, broken: false, seen, sent });
        self.latest
    }
}

impl Settled {
    /// Whether the frame of a layer is sent, by its first packet here.
    fn sends(&mut self, packet: &Descriptor, place: Place) -> bool {
        if place.spatial > self.top {
            return false;
        }
        if place.spatial < self.top && packet.inter_picture && packet.spared {
            return false;
        }
        let goes_on = !packet.inter_picture || self.before & 1 << place.spatial != 0;
        let has_lower = !(place.inter_layer && self.broken);
        self.broken |= !(goes_on && has_lower);
        goes_on && has_lower
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(spatial: u8, inter_picture: bool, ksvc: bool) -> Descriptor {
        let inter_layer = spatial > 0 && !(ksvc && inter_picture);
        Descriptor {
            inter_picture,
            begins: true,
            ends: true,
            spared: ksvc && inter_picture || spatial == 2,
            layer: Some(Place { spatial, inter_layer }),
            sizes: [None; SPATIAL_MAX],
        }
    }

    /// What is sent of pictures in three layers; those in `keys` need no earlier one. `wanted` by picture.
    fn play(ksvc: bool, keys: &[u32], wanted: impl Fn(u32) -> u8) -> Vec<Vec<(u8, bool)>> {
        let (mut svc, mut seq) = (Svc::default(), 0);
        let mut one = |n: u32| {
            let mut sent = Vec::new();
            for spatial in 0..3 {
                seq += 1;
                let packet = packet(spatial, !keys.contains(&n), ksvc);
                let verdict = svc.handle(&packet, (seq, n * 3000), spatial == 2, wanted(n));
                if let Verdict::Send { marker } = verdict {
                    sent.push((spatial, marker));
                }
            }
            sent
        };
        (0..12).map(&mut one).collect()
    }

    const ONE: &[(u8, bool)] = &[(0, true)];
    const ALL: &[(u8, bool)] = &[(0, false), (1, false), (2, true)];

    #[test]
    fn full_svc_goes_down_at_once_and_up_at_a_keyframe() {
        let sent = play(false, &[0, 8], |n| if (3..5).contains(&n) { 0 } else { 2 });
        for (n, sent) in sent.iter().enumerate() {
            let expect = if (3..8).contains(&n) { ONE } else { ALL };
            assert_eq!(sent, expect, "picture {n}");
        }
    }

    #[test]
    fn ksvc_changes_at_keyframes_and_sends_one_layer_between_them() {
        let sent = play(true, &[0, 6], |n| if n >= 3 { 1 } else { 2 });
        assert_eq!(sent[0], ALL);
        for sent in &sent[1..6] {
            assert_eq!(sent, &[(2, true)]);
        }
        assert_eq!(sent[6], [(0, false), (1, true)]);
        for sent in &sent[7..] {
            assert_eq!(sent, &[(1, true)]);
        }
    }

    #[test]
    fn what_comes_late_changes_nothing_of_what_has_followed() {
        let mut svc = Svc::default();
        let mut seq = 0;
        let mut handle = |spatial, n: u32, key: bool, wanted| {
            seq += 1;
            svc.handle(&packet(spatial, !key, true), (seq, n * 3000), false, wanted)
        };
        for spatial in 0..3 {
            handle(spatial, 0, true, 2);
        }
        // The lowest layer of the second is lost; of the third, a keyframe, only that is sent.
        handle(1, 1, false, 2);
        assert_eq!(handle(0, 2, true, 0), Verdict::Send { marker: true });
        assert_eq!(handle(0, 1, false, 0), Verdict::Drop, "it was spared then");
        assert_eq!(handle(0, 3, false, 0), Verdict::Send { marker: true });
        assert!(svc.reaches(0));
    }

    #[test]
    fn what_is_lost_of_a_keyframe_is_expected_to_be_repaired() {
        let mut svc = Svc::default();
        let mut handle = |spatial, seq, n: u32| {
            svc.handle(&packet(spatial, n > 0, false), (seq, n * 3000), false, 1)
        };
        assert_eq!(handle(0, 0, 0), Verdict::Send { marker: false });
        assert_eq!(handle(0, 2, 1), Verdict::Send { marker: false });
        assert_eq!(handle(1, 3, 1), Verdict::Send { marker: true }, "it needs what is lost");
        assert_eq!(handle(1, 1, 0), Verdict::Send { marker: true }, "which comes");
    }

    #[test]
    fn a_packet_that_comes_late_is_treated_as_its_picture_was() {
        let mut svc = Svc::default();
        let mut handle = |spatial, seq, n: u32, wanted| {
            svc.handle(&packet(spatial, n > 0, false), (seq, n * 3000), false, wanted)
        };
        for spatial in 0..3 {
            handle(spatial, u64::from(spatial), 0, 2);
        }
        assert_eq!(handle(0, 3, 1, 2), Verdict::Send { marker: false });
        assert_eq!(handle(1, 4, 1, 2), Verdict::Send { marker: false });
        assert_eq!(handle(0, 6, 2, 0), Verdict::Send { marker: true });
        assert_eq!(handle(1, 5, 1, 0), Verdict::Send { marker: false }, "the rest of its frame");
        assert_eq!(handle(1, 7, 2, 0), Verdict::Drop);
        assert_eq!(handle(2, 1, 99, 0), Verdict::Drop, "nobody knows this one");
    }
}
