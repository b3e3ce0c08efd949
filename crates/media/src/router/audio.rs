//! Which voices are in a session's audio slots.
//!
//! A source takes a free slot as soon as it sends. When all are taken, one that speaks takes the slot
//! whose source has been silent longest; a slot whose source speaks is never taken. So nothing moves
//! while as many speak as there are slots.

use std::time::Instant;

use model::{MediaKind, TrackSource};

use super::Router;
use crate::source::{SlotRef, SourceRef};

impl Router {
    /// Finds a slot for a source at every other session of the room.
    pub(super) fn seat_everywhere(&mut self, from: SourceRef, now: Instant) {
        for to in self.others(from.session) {
            self.seat(to, from, now);
        }
    }

    /// Somebody stopped speaking: speakers without a slot may take theirs.
    pub(super) fn seat_waiting_speakers(&mut self, stopped: usize, now: Instant) {
        for member in self.members(self.sessions[stopped].room) {
            let session = &self.sessions[member];
            let speaking =
                session.live_source(TrackSource::Microphone).filter(|_| session.meter.speaking());
            if let Some(source) = speaking {
                self.seat_everywhere(SourceRef { session: member, source }, now);
            }
        }
    }

    /// Gives free (and rested) slots of a session to whoever sends: speakers first, then who was
    /// heard last.
    pub(super) fn fill_audio(&mut self, to: usize, now: Instant) {
        if !self.sessions[to].receives() {
            return;
        }
        let mut waiting: Vec<(bool, Option<Instant>, SourceRef)> = Vec::new();
        for member in self.others(to) {
            let session = &self.sessions[member];
            if let Some(at) = session.live_source(TrackSource::Microphone) {
                let from = SourceRef { session: member, source: at };
                waiting.push((session.meter.speaking(), session.sources[at].heard_at, from));
            }
        }
        waiting.sort_by_key(|(speaking, heard_at, _)| std::cmp::Reverse((*speaking, *heard_at)));
        for (_, _, from) in waiting {
            self.seat(to, from, now);
        }
    }

    /// Gives the slots of a session anew, as if it had just come.
    pub(super) fn refill_audio(&mut self, to: usize, now: Instant) {
        for slot in 0..self.sessions[to].slots.len() {
            if self.sessions[to].slots[slot].kind == MediaKind::Audio {
                self.unbind(SlotRef { session: to, slot });
            }
        }
        self.fill_audio(to, now);
    }

    fn seat(&mut self, to: usize, from: SourceRef, now: Instant) {
        let session = &self.sessions[to];
        let seated = session.slots.iter().any(|slot| slot.bound == Some(from));
        if seated || !session.receives() {
            return;
        }
        if let Some(slot) = self.slot_for(to, from, now) {
            self.bind(SlotRef { session: to, slot }, from);
        }
    }

    fn slot_for(&self, to: usize, from: SourceRef, now: Instant) -> Option<usize> {
        let slots = &self.sessions[to].slots;
        let audio = || {
            slots.iter().enumerate().filter(|(_, slot)| slot.open && slot.kind == MediaKind::Audio)
        };
        let takes = |at: usize| self.takes(to, at, from);
        if let Some((free, _)) = audio().find(|(at, slot)| slot.bound.is_none() && takes(*at)) {
            return Some(free);
        }
        let speaks = self.sessions[from.session].speaks(from.source);
        audio()
            .filter_map(|(at, slot)| Some((at, slot.bound?)))
            .filter_map(|(at, holder)| {
                let session = &self.sessions[holder.session];
                let source = &session.sources[holder.source];
                let gives =
                    if speaks { !session.speaks(holder.source) } else { source.rested(now) };
                (gives && takes(at)).then_some((source.live, source.heard_at, at))
            })
            .min()
            .map(|(_, _, at)| at)
    }
}
