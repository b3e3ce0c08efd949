//! Sequence numbers of a stream of which some frames are left out on purpose: the packets of the others get
//! numbers without a gap there, so that nobody asks for what was never meant to come. A loss stays a gap,
//! unless it is certain that what was lost is of a frame that is left out. Where it comes to light only when
//! the packet comes late, the gap is to be filled with nothing.

use std::collections::VecDeque;

/// How many places at which something was left out are remembered, for packets that come late. At 30
/// pictures a second with one such place each this is four seconds, longer than anything is resent.
const PLACES_MAX: usize = 128;

/// Where packets were left out.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    newest: Option<Newest>,
    dropped: u64,
    places: VecDeque<Place>,
    /// The first number there was.
    first: u64,
    /// Numbers below this are from before the oldest place remembered.
    oldest: u64,
}

/// These numbers were left out, and with them so many in all.
#[derive(Debug)]
struct Place {
    from: u64,
    until: u64,
    dropped: u64,
}

/// The packet with the highest number.
#[derive(Debug)]
struct Newest {
    seq: u64,
    part: Part,
    kept: bool,
}

/// What part of which frame a packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its picture and its layer.
    pub frame: (u32, u8),
    pub begins: bool,
    pub ends: bool,
}

impl Gaps {
    /// The number to send a packet under. `None`: it is too late for one.
    pub fn keep(&mut self, seq: u64, part: Part) -> Option<u64> {
        if self.advance(seq, part, true) {
            return seq.checked_sub(self.dropped);
        }
        self.number_kept_for(seq)
    }

    /// A packet is left out. A number: one had been kept for it, which is to be sent with nothing in it.
    pub fn drop(&mut self, seq: u64, part: Part) -> Option<u64> {
        if self.advance(seq, part, false) {
            self.leave_out(seq, seq + 1);
            return None;
        }
        // Those from before the first are not missed.
        self.number_kept_for(seq).filter(|_| seq >= self.first)
    }

    /// The number of a packet that comes late.
    fn number_kept_for(&self, seq: u64) -> Option<u64> {
        if seq < self.oldest {
            return None;
        }
        let place = self.places.iter().rev().find(|place| place.from <= seq);
        match place {
            // It was thought to be left out.
            Some(place) if seq < place.until => None,
            Some(place) => seq.checked_sub(place.dropped),
            None => Some(seq),
        }
    }

    /// `false`: the packet comes late.
    fn advance(&mut self, seq: u64, part: Part, kept: bool) -> bool {
        let newest = Newest { seq, part, kept };
        let Some(last) = self.newest.as_ref() else {
            (self.newest, self.first) = (Some(newest), seq);
            return true;
        };
        if seq <= last.seq {
            return false;
        }
        // Whose what is missing in between is: this frame's; where it is one packet, the last one's; or
        // nobody knows.
        let (from, is_gap, is_one) = (last.seq + 1, last.seq + 1 < seq, last.seq + 2 == seq);
        let missing_kept = match (last.part.frame == part.frame, last.part.ends, part.begins) {
            (true, ..) => kept,
            (false, true, false) if is_one => kept,
            (false, false, true) if is_one => last.kept,
            (false, ..) => true,
        };
        self.newest = Some(newest);
        if is_gap && !missing_kept {
            self.leave_out(from, seq);
        }
        true
    }

    fn leave_out(&mut self, from: u64, until: u64) {
        self.dropped += until - from;
        let dropped = self.dropped;
        match self.places.back_mut() {
            Some(last) if last.until == from => (last.until, last.dropped) = (until, dropped),
            _ => self.places.push_back(Place { from, until, dropped }),
        }
        if self.places.len() > PLACES_MAX {
            self.places.pop_front();
            self.oldest = self.places.front().map_or(0, |place| place.from);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: (bool, bool) = (true, true);

    fn part(frame: u32, (begins, ends): (bool, bool)) -> Part {
        Part { frame: (frame, 0), begins, ends }
    }

    #[test]
    fn what_is_left_out_leaves_no_gap_and_a_loss_does() {
        let mut gaps = Gaps::default();
        assert_eq!(gaps.keep(100, part(0, WHOLE)), Some(100));
        gaps.drop(101, part(1, WHOLE));
        gaps.drop(102, part(2, WHOLE));
        assert_eq!(gaps.keep(103, part(3, WHOLE)), Some(101));
        assert_eq!(gaps.keep(105, part(5, WHOLE)), Some(103), "104 is missing");
        gaps.drop(106, part(6, WHOLE));
        assert_eq!(gaps.keep(104, part(4, WHOLE)), Some(102), "and comes late");
        assert_eq!(gaps.keep(107, part(7, WHOLE)), Some(104));
        gaps.drop(102, part(2, WHOLE));
        assert_eq!(gaps.keep(108, part(8, WHOLE)), Some(105), "left out once");
        assert_eq!(gaps.keep(100, part(0, WHOLE)), Some(100));
    }

    #[test]
    fn a_loss_among_what_is_left_out_leaves_no_gap_either() {
        let mut gaps = Gaps::default();
        assert_eq!(gaps.keep(0, part(0, WHOLE)), Some(0));
        // Of five packets the first, the third and the last are lost, each alone.
        gaps.drop(2, part(1, (false, false)));
        gaps.drop(4, part(1, (false, false)));
        assert_eq!(gaps.keep(6, part(2, (true, false))), Some(1));
        assert_eq!(gaps.keep(8, part(2, (false, true))), Some(3), "of this one a part is missing");
        assert_eq!(gaps.keep(7, part(2, (false, false))), Some(2));
        assert_eq!(gaps.keep(3, part(2, (false, false))), None, "its number is another's");
    }

    #[test]
    fn what_was_lost_of_several_frames_is_waited_for_and_filled_with_nothing_if_left_out() {
        let mut gaps = Gaps::default();
        assert_eq!(gaps.keep(0, part(0, WHOLE)), Some(0));
        assert_eq!(gaps.drop(1, part(1, (true, false))), None);
        // The rest of that one, and all of one that is kept.
        assert_eq!(gaps.drop(4, part(3, WHOLE)), None);
        assert_eq!(gaps.keep(5, part(4, WHOLE)), Some(3));
        assert_eq!(gaps.keep(3, part(2, WHOLE)), Some(2), "it is repaired");
        assert_eq!(gaps.drop(2, part(1, (false, true))), Some(1), "and this not missed");
        assert_eq!(gaps.drop(4, part(3, WHOLE)), None, "it never had a number");
        let mut gaps = Gaps::default();
        assert_eq!(gaps.keep(10, part(2, WHOLE)), Some(10));
        assert_eq!(gaps.drop(9, part(1, WHOLE)), None, "from before it began");
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut gaps = Gaps::default();
        for n in 0..1000 {
            gaps.keep(2 * n, part(n as u32, WHOLE));
            gaps.drop(2 * n + 1, part(n as u32, WHOLE));
        }
        assert_eq!(gaps.places.len(), PLACES_MAX);
        assert_eq!(gaps.keep(2, part(1, WHOLE)), None);
        assert_eq!(gaps.keep(2000, part(0, WHOLE)), Some(1000));
        assert_eq!(gaps.keep(1990, part(0, WHOLE)), Some(995));
    }
}
