//! Puts sources into slots and takes them out, reports it, and asks for the keyframes it needs.

use std::time::Instant;

use model::MediaKind;
use str0m::media::Mid;

use super::Router;
use crate::event::{Bound, Event, SlotBinding};
use crate::limit::LAYERS_MAX;
use crate::source::{SlotRef, SourceRef};

impl Router {
    /// Reports the slots of one session whose slots have changed. `false`: there was none.
    pub fn report_one(&mut self) -> bool {
        let Some(key) = self.slots_changed.pop() else { return false };
        let session = &mut self.sessions[key];
        session.slots_changed = false;
        let id = session.id;
        let session = &self.sessions[key];
        let open = session.slots.iter().filter(|slot| slot.open);
        let slots = open
            .map(|slot| SlotBinding {
                mid: slot.name.clone(),
                kind: slot.kind,
                bound: slot.bound.and_then(|source| self.bound(source)),
            })
            .collect();
        self.tell(Event::Slots { session: id, slots });
        true
    }

    pub(super) fn bound(&self, from: SourceRef) -> Option<Bound> {
        let session = self.sessions.get(from.session)?;
        let source = session.sources.get(from.source)?.label?;
        Some(Bound { session: session.id, user: session.user, source })
    }

    /// A session's slots are to be reported.
    pub(super) fn slots_changed(&mut self, key: usize) {
        if !std::mem::replace(&mut self.sessions[key].slots_changed, true) {
            self.slots_changed.push(key);
        }
    }

    /// Puts a source into a slot, whatever was there.
    pub(super) fn bind(&mut self, to: SlotRef, from: SourceRef) {
        self.unbind(to);
        let slot = &mut self.sessions[to.session].slots[to.slot];
        slot.bound = Some(from);
        slot.rebase();
        self.sessions[from.session].sources[from.source].legs.push(to);
        self.slots_changed(to.session);
    }

    /// Empties a slot. What was kept for retransmission goes too: it may be what a gate now forbids.
    pub(super) fn unbind(&mut self, to: SlotRef) {
        let session = &mut self.sessions[to.session];
        let slot = &mut session.slots[to.slot];
        let Some(from) = slot.bound.take() else { return };
        slot.rebase();
        if let Some(peer) = session.peer.as_mut() {
            peer.forget_sent(slot.mid);
        }
        self.sessions[from.session].sources[from.source].legs.retain(|leg| *leg != to);
        self.wish(from.session);
        self.slots_changed(to.session);
    }

    pub(super) fn handle_keyframe_wanted(&mut self, key: usize, mid: Mid, now: Instant) {
        let session = &self.sessions[key];
        let Some(slot) = session.slot_of(mid).map(|slot| &session.slots[slot]) else { return };
        let target = slot.choice.as_ref().and_then(|choice| choice.target());
        if let (Some(from), Some(target)) = (slot.bound, target) {
            self.want_keyframes(from, 1 << target.stream, now);
        }
    }

    /// Asks the sender of a picture for keyframes of these streams, bits by place, now or as soon as it
    /// may be asked again.
    pub(super) fn want_keyframes(&mut self, from: SourceRef, streams: u8, now: Instant) {
        if streams == 0 {
            return;
        }
        let session = &mut self.sessions[from.session];
        let source = &mut session.sources[from.source];
        if session.home.is_some() {
            // Its home decides how often: two limits would only add up.
            source.wish.keyframes |= streams;
            self.wish(from.session);
            return;
        }
        for stream in (0..LAYERS_MAX as u8).filter(|stream| streams & 1 << stream != 0) {
            let source = &mut self.sessions[from.session].sources[from.source];
            if source.layers.keyframes[usize::from(stream)].want(now) {
                self.ask_keyframe(from, stream);
            }
        }
        self.touched.push(from.session);
    }

    pub(super) fn ask_keyframe(&mut self, from: SourceRef, stream: u8) {
        let session = &mut self.sessions[from.session];
        let source = &session.sources[from.source];
        if let Some(peer) = session.peer.as_mut() {
            peer.request_keyframe(source.mid, source.layers.rid_of(stream));
            if !std::mem::replace(&mut session.dirty, true) {
                self.dirty.push(from.session);
            }
        }
    }

    /// Lets everything go that waits for its turn in the pacers between a session's pictures and their
    /// receivers, and between others' and itself: what a verb forbids from now on has left by then. The
    /// caller flushes, and then has them `hold` again.
    pub fn release(&mut self, key: usize, hold: bool) {
        let pictures = self.sessions[key].sources.iter().filter(|it| it.kind == MediaKind::Video);
        let mut slots: Vec<SlotRef> = pictures.flat_map(|it| it.legs.iter().copied()).collect();
        let own = self.sessions[key].slots.iter().enumerate();
        let own = own.filter(|(_, slot)| slot.kind == MediaKind::Video && slot.bound.is_some());
        slots.extend(own.map(|(slot, _)| SlotRef { session: key, slot }));
        for to in slots {
            let session = &mut self.sessions[to.session];
            let Some(peer) = session.peer.as_mut() else { continue };
            peer.set_paced(session.slots[to.slot].mid, hold);
            if !hold && !std::mem::replace(&mut session.dirty, true) {
                self.dirty.push(to.session);
            }
        }
    }
}
