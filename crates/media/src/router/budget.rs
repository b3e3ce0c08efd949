//! In which layer each picture goes into a session's slots: whenever something that matters has changed, what
//! its connection bears is shared out anew (`allocation`), and the slots are told what to change to.

use std::time::Instant;

use model::{MediaKind, TrackSource};

use super::Router;
use crate::allocation::{Demand, Held};
use crate::choice::{Choice, Target};
use crate::event::{Allocation, LayerInfo};
use crate::layer::{News, Table};
use crate::output::Counters;
use crate::relay::Content;
use crate::source::{Abroad, SlotRef, SourceRef};

/// An estimate that differs from the last by less than one part of this changes nothing.
const SAME_WITHIN: u64 = 50;

/// The old layers are stopped at once when they take more than this many times what there is.
const OVERLOAD: u64 = 2;

impl Router {
    /// A session's connection is thought to bear so much.
    pub(super) fn handle_estimate(&mut self, key: usize, (bps, steady): (u64, bool), now: Instant) {
        let budget = &mut self.sessions[key].budget;
        let before = budget.estimate_bps.replace(bps).unwrap_or(0);
        let turned = std::mem::replace(&mut budget.steady, steady) != steady;
        if turned || before.abs_diff(bps) > before / SAME_WITHIN {
            self.counters.estimates += 1;
            self.allocate(key, now);
        } else {
            budget.estimate_bps = Some(before);
        }
    }

    /// The layers of a picture have changed: those who see it choose anew, other workers are told.
    pub(super) fn handle_news(&mut self, from: SourceRef, news: News, now: Instant) {
        if news == News::None {
            return;
        }
        let session = &self.sessions[from.session];
        let source = &session.sources[from.source];
        let Some(label) = source.label else { return };
        if session.home.is_none() {
            let (id, layers, room) = (session.id, source.layers.table, session.room);
            let workers = self.rooms.get(&room).map(|roster| roster.abroad().collect::<Vec<_>>());
            for worker in workers.unwrap_or_default() {
                self.send(worker, Content::Layers { session: id, source: label, layers });
                if news < News::Layers {
                    continue;
                }
                // It may want one that it has not heard of; until it has answered, it gets all.
                let abroad = &mut self.sessions[from.session].sources[from.source].abroad;
                match abroad.iter_mut().find(|abroad| abroad.worker == worker) {
                    Some(abroad) => abroad.layers = u8::MAX,
                    None => abroad.push(Abroad::all(worker)),
                }
            }
        }
        for leg in self.sessions[from.session].sources[from.source].legs.clone() {
            self.allocate(leg.session, now);
        }
    }

    /// Shares a session's bandwidth out among the pictures in its slots.
    pub(super) fn allocate(&mut self, to: usize, now: Instant) {
        let (slots, demands) = self.demands(to);
        let session = &mut self.sessions[to];
        let sounds = session.slots.iter().filter(|slot| slot.kind == MediaKind::Audio);
        let voices = sounds.filter(|slot| slot.bound.is_some()).count();
        let plan = session.budget.share(voices, &demands, now);
        let there_is_bps = session.budget.for_pictures_bps(voices);
        let is_measured = session.budget.estimate_bps.is_some();
        let aimed = session.budget.aim_bps;
        // The library looks at each change anew; small ones are none.
        let aims = plan.aim_bps.abs_diff(aimed) > aimed / 10;
        if let Some(peer) = session.peer.as_mut() {
            if aims {
                peer.aim(plan.aim_bps);
            }
            peer.set_given(plan.given_bps);
            if plan.looks {
                peer.look();
            }
        }
        if aims {
            session.budget.aim_bps = plan.aim_bps;
        }
        for ((slot, demand), given) in slots.iter().zip(&demands).zip(plan.given) {
            let layer = given.and_then(|at| demand.layers.get(at));
            let target = layer.map(|&(layer, entry)| Target {
                layer,
                stream: entry.stream,
                spatial: entry.spatial,
            });
            self.change_to(*slot, target, now);
        }
        if is_measured && self.sent_bps(&slots) > there_is_bps.saturating_mul(OVERLOAD) {
            for slot in slots {
                if self.choice(slot).is_some_and(Choice::stop_old) {
                    self.forget_sent(slot);
                    self.touch_wish(slot);
                }
            }
        }
        self.touched.push(to);
    }

    /// The pictures in a session's slots, with what is wanted of them.
    fn demands(&self, to: usize) -> (Vec<SlotRef>, Vec<Demand>) {
        let mut demands = (Vec::new(), Vec::new());
        for (at, slot) in self.sessions[to].slots.iter().enumerate() {
            let (Some(from), Some(choice)) = (slot.bound, &slot.choice) else { continue };
            let sender = &self.sessions[from.session];
            let source = &sender.sources[from.source];
            let layers = source.layers.table.ranked();
            // Nothing is known of it yet.
            if layers.is_empty() {
                continue;
            }
            let held = match choice.target() {
                Some(target) => Held::Layer(target.layer),
                None if choice.decided => Held::Paused,
                None => Held::New,
            };
            let screen = source.label == Some(TrackSource::Screen);
            let (wanted, heard_at) = (slot.shown, sender.meter.loud_at());
            demands.0.push(SlotRef { session: to, slot: at });
            demands.1.push(Demand { screen, wanted, heard_at, layers, held });
        }
        demands
    }

    fn change_to(&mut self, to: SlotRef, target: Option<Target>, now: Instant) {
        let Some(choice) = self.choice(to) else { return };
        let first = !choice.decided;
        let changed = choice.set_target(target);
        let asked = choice.take_keyframe_wanted(now);
        if changed || first {
            self.counters.paused += u64::from(target.is_none());
            self.touch_wish(to);
        }
        let bound = self.sessions[to.session].slots[to.slot].bound;
        if let (Some(from), Some(stream)) = (bound, asked) {
            self.want_keyframes(from, 1 << stream, now);
        }
    }

    fn choice(&mut self, to: SlotRef) -> Option<&mut Choice> {
        self.sessions[to.session].slots[to.slot].choice.as_deref_mut()
    }

    /// What has been lost of the old layer would be resent in front of the new one.
    fn forget_sent(&mut self, to: SlotRef) {
        let session = &mut self.sessions[to.session];
        if let Some(peer) = session.peer.as_mut() {
            peer.forget_sent(session.slots[to.slot].mid);
        }
    }

    /// The home of what is in a slot is to be told what is needed of it now.
    fn touch_wish(&mut self, to: SlotRef) {
        if let Some(from) = self.sessions[to.session].slots[to.slot].bound {
            self.wish(from.session);
        }
    }

    fn table(&self, from: SourceRef) -> &Table {
        &self.sessions[from.session].sources[from.source].layers.table
    }

    fn sent_bps(&self, slots: &[SlotRef]) -> u64 {
        let cost = |to: &SlotRef| {
            let slot = &self.sessions[to.session].slots[to.slot];
            let (choice, table) = (slot.choice.as_ref()?, self.table(slot.bound?));
            Some(table.get(choice.sent(table)?)?.cost_bps())
        };
        slots.iter().filter_map(cost).sum()
    }

    /// Adds up in which layers the pictures of this worker's own receivers are sent.
    pub(super) fn count_pictures(&self, totals: &mut Counters) {
        let sessions = self.own.values().map(|key| &self.sessions[*key]);
        for slot in sessions.flat_map(|session| &session.slots) {
            let (Some(from), Some(choice)) = (slot.bound, &slot.choice) else { continue };
            let table = self.table(from);
            let rank = choice.sent(table).and_then(|layer| table.rank(layer));
            match rank.and_then(|rank| totals.pictures.get_mut(rank)) {
                Some(count) => *count += 1,
                None => totals.pictures_unsent += 1,
            }
        }
    }

    /// What each of a session's pictures is sent.
    pub fn allocations(&self, key: usize) -> Vec<Allocation> {
        let slots = self.sessions[key].slots.iter();
        let allocation = |slot: &crate::slot::Slot| {
            let (from, choice) = (slot.bound?, slot.choice.as_ref()?);
            let table = self.table(from);
            let info = |layer: u8| {
                let (rank, entry) = (table.rank(layer)?, table.get(layer)?);
                let (width, height) = entry.size.map_or((0, 0), |size| (size.width, size.height));
                Some(LayerInfo { name: entry.name(), rank, width, height, bps: entry.cost_bps() })
            };
            Some(Allocation {
                mid: slot.name.clone(),
                bound: self.bound(from)?,
                sent: choice.sent(table).and_then(info),
                chosen: choice.target().and_then(|target| info(target.layer)),
            })
        };
        slots.filter_map(allocation).collect()
    }
}
