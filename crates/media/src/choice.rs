//! Which layer of its source a receiving section is sent: what is wanted, what is being sent, and the way
//! from one to the other. One per video section.
//!
//! Another stream (simulcast) is begun with a keyframe of it; until that comes the old one goes on. Layers
//! inside a stream change as `svc` says. Nothing is sent that refers to what was not, so a section waits
//! for its keyframe however long it takes, and asks again.

use std::time::{Duration, Instant};

use str0m::rtp::{Vp8Descriptor, Vp8Patch};

use crate::gaps::Gaps;
use crate::layer::Table;
use crate::packet::Packet;
use crate::picture::Picture;
use crate::svc::{Svc, Verdict};

/// A keyframe that did not come is asked for again after this: the request or its answer was lost. Less
/// would have a sender far away make two.
const ASKED_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// A layer that is to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    /// Its place in its source's table.
    pub layer: u8,
    pub stream: u8,
    pub spatial: u8,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admit {
    /// It is sent, under this number of its stream.
    Send {
        seq: u64,
        marker: bool,
        /// Another stream, or layer, than was sent before.
        switched: bool,
    },
    Skip,
    /// Its contents are not sent, but the receiver waits for its number: under that, of its stream, goes an
    /// empty packet.
    Fill {
        seq: u64,
    },
    /// It is not sent, and a keyframe of the stream at this place is needed.
    Ask(u8),
}

/// What a section is sent.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    /// `None`: it is paused.
    target: Option<Target>,
    /// It has been decided about since the source came into the section.
    pub decided: bool,
    /// The stream being sent.
    current: Option<u8>,
    svc: Svc,
    gaps: Gaps,
    pub ids: Vp8Ids,
    asked_at: Option<Instant>,
}

impl Choice {
    /// Another source, or the same one anew.
    pub fn rebase(&mut self) {
        self.interrupt();
        (self.target, self.decided) = (None, false);
    }

    /// Packets were left out: it begins again with a keyframe.
    pub fn interrupt(&mut self) {
        self.current = None;
        self.asked_at = None;
        (self.svc, self.gaps) = (Svc::default(), Gaps::default());
        self.ids.interrupt();
    }

    pub fn target(&self) -> Option<Target> {
        self.target
    }

    /// What is to be sent from now on. `true`: that is something else than before.
    pub fn set_target(&mut self, target: Option<Target>) -> bool {
        self.decided = true;
        if target == self.target {
            return false;
        }
        self.target = target;
        self.asked_at = None;
        if target.is_none() {
            self.interrupt();
        }
        true
    }

    /// Sends nothing more of the old layer while the keyframe of the new one is waited for. A lower one of the
    /// same stream that would do without is begun anew as well: of what waits on the way and what was lost
    /// there, most is of the upper ones. `true`: it did.
    pub fn stop_old(&mut self) -> bool {
        let lowered = self.target.is_some_and(|target| target.spatial < self.svc.top());
        let leaves = self.current.is_some() && (lowered || self.keyframe_wanted().is_some());
        if leaves {
            self.interrupt();
        }
        leaves
    }

    /// The stream of which a keyframe is needed to get where it is to be.
    pub fn keyframe_wanted(&self) -> Option<u8> {
        let target = self.target?;
        let there = self.current == Some(target.stream) && self.svc.reaches(target.spatial);
        (!there).then_some(target.stream)
    }

    /// The same, if it has not been asked for already; it counts as asked for.
    pub fn take_keyframe_wanted(&mut self, now: Instant) -> Option<u8> {
        let stream = self.keyframe_wanted()?;
        let due = self.asked_at.is_none_or(|at| now >= at + ASKED_AGAIN_AFTER);
        due.then(|| self.asked_at = Some(now))?;
        Some(stream)
    }

    /// The layers whose packets it needs now, as bits by place.
    pub fn needs(&self, table: &Table) -> u8 {
        let Some(target) = self.target else {
            // Until it has been decided about, whatever there is.
            return if self.decided { 0 } else { u8::MAX };
        };
        let old = self.current.map_or(0, |stream| table.up_to(stream, self.svc.top()));
        old | table.up_to(target.stream, target.spatial)
    }

    /// What it is sent now: the place of the layer in the table.
    pub fn sent(&self, table: &Table) -> Option<u8> {
        let (stream, top) = (self.current?, self.svc.top());
        let same = |entry: &crate::layer::Entry| entry.stream == stream && entry.spatial == top;
        let at = table.0.iter().position(|entry| entry.as_ref().is_some_and(same))?;
        Some(at as u8)
    }

    /// A packet of the source.
    pub fn admit(&mut self, packet: &Packet, picture: &Picture, now: Instant) -> Admit {
        let Some(target) = self.target else { return Admit::Skip };
        let mut switched = false;
        if self.current != Some(picture.stream) {
            if picture.stream != target.stream {
                return Admit::Skip;
            }
            if !picture.begins {
                return self.take_keyframe_wanted(now).map_or(Admit::Skip, Admit::Ask);
            }
            self.interrupt();
            (self.current, switched) = (Some(picture.stream), true);
        }
        let (mut seq, mut marker) = (packet.seq, packet.marker);
        if let Some(svc) = &picture.svc {
            let before = self.svc.top();
            let wanted = if picture.stream == target.stream { target.spatial } else { before };
            let numbers = (packet.seq, packet.timestamp);
            let part = svc.part(packet.timestamp);
            match self.svc.handle(svc, numbers, packet.marker, wanted) {
                Verdict::Drop => {
                    if let Some(seq) = self.gaps.drop(packet.seq, part) {
                        return Admit::Fill { seq };
                    }
                    return self.take_keyframe_wanted(now).map_or(Admit::Skip, Admit::Ask);
                }
                Verdict::Send { marker: last } => marker = last,
            }
            switched |= self.svc.top() != before;
            let Some(closed_up) = self.gaps.keep(packet.seq, part) else { return Admit::Skip };
            seq = closed_up;
        }
        Admit::Send { seq, marker, switched }
    }
}

/// The numbers of pictures in VP8's descriptor (RFC 7741 section 4.2), made to go on over a change of
/// stream: a receiver takes a jump for loss, or the new pictures for old ones.
#[derive(Debug, Default)]
pub(crate) struct Vp8Ids {
    /// What is added to the numbers of this run.
    shift: Option<(u16, u8)>,
    /// The newest that were sent.
    picture: Option<u16>,
    tl0: Option<u8>,
}

impl Vp8Ids {
    fn interrupt(&mut self) {
        self.shift = None;
    }

    /// What is to be changed in a packet. `None`: nothing.
    pub fn rewrite(&mut self, vp8: &Vp8Descriptor) -> Option<Vp8Patch> {
        let (picture, tl0) = (vp8.picture_id(), vp8.tl0_pic_idx());
        let (by_picture, by_tl0) = *self.shift.get_or_insert_with(|| {
            let next = |last: u16| last.wrapping_add(1).wrapping_sub(picture.unwrap_or(0));
            let next_tl0 = |last: u8| last.wrapping_add(1).wrapping_sub(tl0.unwrap_or(0));
            (self.picture.map_or(0, next), self.tl0.map_or(0, next_tl0))
        });
        let mut patch = vp8.patch();
        if let Some(sent) = picture.map(|id| id.wrapping_add(by_picture) & 0x7fff) {
            // Newer, in 15 bits.
            if self.picture.is_none_or(|last| (sent.wrapping_sub(last) & 0x7fff) < 0x4000) {
                self.picture = Some(sent);
            }
            patch = patch.picture_id(sent);
        }
        if let Some(sent) = tl0.map(|index| index.wrapping_add(by_tl0)) {
            if self.tl0.is_none_or(|last| sent.wrapping_sub(last) < 0x80) {
                self.tl0 = Some(sent);
            }
            patch = patch.tl0_pic_idx(sent);
        }
        if (by_picture, by_tl0) == (0, 0) {
            return None;
        }
        // Seven bits only: it stays as the sender wrote it.
        patch.build().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(picture: u16, tl0: u8) -> Vp8Descriptor {
        let [high, low] = picture.to_be_bytes();
        Vp8Descriptor::parse(&[0x90, 0xe0, 0x80 | high, low, tl0, 0x00, 0x50]).unwrap()
    }

    #[test]
    fn picture_numbers_go_on_over_a_change_of_stream() {
        let mut ids = Vp8Ids::default();
        assert_eq!(ids.rewrite(&descriptor(0x7ffe, 254)), None);
        assert_eq!(ids.rewrite(&descriptor(0x7fff, 255)), None);
        ids.interrupt();
        let mut check = |picture, tl0, sent_picture, sent_tl0| {
            let read = descriptor(picture, tl0);
            let expect = read.patch().picture_id(sent_picture).tl0_pic_idx(sent_tl0).build();
            assert_eq!(ids.rewrite(&read), Some(expect.unwrap()));
        };
        // One after the largest; then the next, and one that comes late.
        check(77, 9, 0, 0);
        check(78, 10, 1, 1);
        check(77, 9, 0, 0);
        ids.interrupt();
        let read = descriptor(5000, 3);
        let expect = read.patch().picture_id(2).tl0_pic_idx(2).build();
        assert_eq!(ids.rewrite(&read), Some(expect.unwrap()));
    }
}
