//! What a client is told of the pictures that it is sent: which layer of whom, and what its connection bears.

use std::collections::BTreeMap;

use app::{Allocation, LayerInfo, Pictures};
use model::TrackSource;
use serde_json::{Value, json};

use super::member::Roster;
use super::rpc::Notification;

/// An estimate that has moved by less than this many hundredths is no news.
const MOVED_BY: u64 = 10;

/// What was told last.
#[derive(Debug, Default)]
pub(super) struct PicturesTold {
    rate: Option<u64>,
    allocations: BTreeMap<String, LayerInfo>,
}

impl PicturesTold {
    /// What is to be told of how things are now.
    pub(super) fn update(&mut self, now: &Pictures, roster: &Roster) -> Vec<Notification> {
        let mut told = Vec::new();
        if let Some(rate) = now.estimate_bps.filter(|rate| self.has_moved(*rate)) {
            self.rate = Some(rate);
            told.push(Notification::new("member_available_rate", json!({ "rate": rate })));
        }
        let sent = |one: &Allocation| Some((name_of(one, roster)?, one.sent.clone()?));
        let allocations: BTreeMap<String, LayerInfo> = now.sent.iter().filter_map(sent).collect();
        if !self.is_same(&allocations) {
            let params = allocations.iter().map(|(id, layer)| (id.clone(), body(layer)));
            told.push(Notification::new(
                "member_video_allocations",
                Value::Object(params.collect()),
            ));
            self.allocations = allocations;
        }
        told
    }

    fn has_moved(&self, rate: u64) -> bool {
        let moved = |before: u64| before.abs_diff(rate) * 100 >= before * MOVED_BY;
        self.rate.is_none_or(moved)
    }

    /// The same layers: what they take moves all the time.
    fn is_same(&self, now: &BTreeMap<String, LayerInfo>) -> bool {
        let same = |one: &LayerInfo, other: &LayerInfo| {
            (&one.name, one.width, one.height) == (&other.name, other.width, other.height)
        };
        self.allocations.len() == now.len()
            && now.iter().all(|(id, layer)| {
                self.allocations.get(id).is_some_and(|before| same(before, layer))
            })
    }
}

fn name_of(allocation: &Allocation, roster: &Roster) -> Option<String> {
    let id = roster.id_of(allocation.bound.session)?;
    Some(match allocation.bound.source {
        TrackSource::Screen => format!("{id}:screen"),
        TrackSource::Camera | TrackSource::Microphone => id.to_owned(),
    })
}

fn body(layer: &LayerInfo) -> Value {
    let LayerInfo { name, rank: _, width, height, bps } = layer;
    json!({ "rid": name, "rate": bps, "width": width, "height": height })
}
