//! Which pictures are in a session's video slots.
//!
//! What the client asked for by `view` comes first. The other slots hold screens, then the cameras of
//! those who spoke last. A picture that stays among the wanted ones stays in its slot. One whose codec
//! a section does not take is not there for it. In which layer it is sent is in `router/budget.rs`.

use std::cmp::Reverse;
use std::time::Instant;

use model::{MediaKind, SessionId, TrackSource, UserId};

use super::Router;
use crate::picture::Size;
use crate::request::ViewRequest;
use crate::slot::Want;
use crate::source::{SlotRef, SourceRef};

impl Router {
    /// What a client wants to see; replaces what it wanted before.
    pub fn set_view(&mut self, key: usize, wants: &[ViewRequest], now: Instant) {
        for slot in &mut self.sessions[key].slots {
            let wanted = wants.iter().find(|want| want.mid == slot.name);
            let shown = wanted.map(|want| Size { width: want.width, height: want.height });
            slot.shown = shown.filter(|shown| shown.area() > 0);
            slot.want = match wanted {
                None => Want::Auto,
                Some(want) if want.width == 0 && want.height == 0 => Want::Hidden,
                Some(want) => {
                    want.user.map_or(Want::Auto, |user| Want::Of(user, want.session, want.source))
                }
            };
        }
        self.arrange_video(key, now);
    }

    /// Pictures of a session came, went or matter more: everybody else's slots.
    pub(super) fn arrange_others(&mut self, shown: usize, now: Instant) {
        for to in self.others(shown) {
            self.arrange_video(to, now);
        }
    }

    /// Puts the right pictures into the video slots of a session.
    pub(super) fn arrange_video(&mut self, to: usize, now: Instant) {
        if !self.sessions[to].receives() {
            return;
        }
        let slots = self.video_slots(to);
        let mut pictures = self.pictures_for(to);
        let mut planned: Vec<(usize, Option<SourceRef>)> = Vec::with_capacity(slots.len());
        for &(slot, want) in &slots {
            match want {
                Want::Auto => {}
                Want::Hidden => planned.push((slot, None)),
                Want::Of(user, session, label) => {
                    let picture = self.picture_of(&pictures, user, session, label);
                    let picture = picture.filter(|from| self.takes(to, slot, *from));
                    pictures.retain(|other| Some(*other) != picture);
                    planned.push((slot, picture));
                }
            }
        }
        let auto: Vec<usize> =
            slots.iter().filter(|(_, want)| *want == Want::Auto).map(|(slot, _)| *slot).collect();
        let shown = |from: &SourceRef| auto.iter().any(|&slot| self.takes(to, slot, *from));
        let pictures = pictures.into_iter().filter(shown).take(auto.len()).collect();
        planned.extend(self.keep_seats(to, &auto, pictures));
        // All that leave first: a picture may move from one slot to another.
        for &(slot, picture) in &planned {
            if self.sessions[to].slots[slot].bound != picture {
                self.unbind(SlotRef { session: to, slot });
            }
        }
        for (slot, picture) in planned {
            if let Some(from) = picture.filter(|_| self.sessions[to].slots[slot].bound.is_none()) {
                self.bind(SlotRef { session: to, slot }, from);
            }
        }
        self.allocate(to, now);
    }

    /// Gives the video slots of a session anew, as if it had just come.
    pub(super) fn refill_video(&mut self, to: usize, now: Instant) {
        for slot in 0..self.sessions[to].slots.len() {
            if self.sessions[to].slots[slot].kind == MediaKind::Video {
                self.unbind(SlotRef { session: to, slot });
            }
        }
        self.arrange_video(to, now);
    }

    fn video_slots(&self, to: usize) -> Vec<(usize, Want)> {
        let slots = self.sessions[to].slots.iter().enumerate();
        slots
            .filter(|(_, slot)| slot.open && slot.kind == MediaKind::Video)
            .map(|(at, slot)| (at, slot.want))
            .collect()
    }

    /// Every live picture of others, the most wanted first.
    fn pictures_for(&self, to: usize) -> Vec<SourceRef> {
        let mut ranked = Vec::new();
        for member in self.others(to) {
            let session = &self.sessions[member];
            for label in [TrackSource::Screen, TrackSource::Camera] {
                if let Some(source) = session.live_source(label) {
                    let screen = label == TrackSource::Screen;
                    let rank = Reverse((screen, session.meter.speaking(), session.meter.loud_at()));
                    ranked.push((rank, SourceRef { session: member, source }));
                }
            }
        }
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.into_iter().map(|(_, from)| from).collect()
    }

    /// One user's picture: with this label, or the screen if there is one, else the camera.
    fn picture_of(
        &self,
        pictures: &[SourceRef],
        user: UserId,
        of: Option<SessionId>,
        label: Option<TrackSource>,
    ) -> Option<SourceRef> {
        let labelled = |wanted: TrackSource| {
            pictures.iter().copied().find(|from| {
                let session = &self.sessions[from.session];
                session.user == user
                    && of.is_none_or(|of| session.id == of)
                    && session.sources[from.source].label == Some(wanted)
            })
        };
        match label {
            Some(label) => labelled(label),
            None => labelled(TrackSource::Screen).or_else(|| labelled(TrackSource::Camera)),
        }
    }

    /// Assigns pictures to slots; those that are in one of them already stay there.
    fn keep_seats(
        &self,
        to: usize,
        slots: &[usize],
        mut pictures: Vec<SourceRef>,
    ) -> Vec<(usize, Option<SourceRef>)> {
        let mut planned: Vec<(usize, Option<SourceRef>)> = slots
            .iter()
            .map(|&slot| {
                let stays = |b: &SourceRef| pictures.contains(b) && self.takes(to, slot, *b);
                let kept = self.sessions[to].slots[slot].bound.filter(stays);
                pictures.retain(|picture| Some(*picture) != kept);
                (slot, kept)
            })
            .collect();
        for (slot, picture) in planned.iter_mut().filter(|(_, picture)| picture.is_none()) {
            let fits = pictures.iter().position(|from| self.takes(to, *slot, *from));
            *picture = fits.map(|at| pictures.remove(at));
        }
        planned
    }
}
