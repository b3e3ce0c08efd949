//! Counters of the media side.

use media::Counters;
use metrics::{counter, gauge};

/// Totals over all workers since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MediaStats {
    /// What the media cores counted.
    pub core: Counters,
    /// Datagrams that the kernel would not take.
    pub send_dropped: u64,
    /// Datagrams for another worker whose queue was full.
    pub handover_dropped: u64,
    /// Frames for TCP connections that take them too slowly.
    pub stream_dropped: u64,
    /// Packets for members of a room on another worker whose queue was full.
    pub relay_dropped: u64,
    /// Events that had to be given up because nobody took them for a long time.
    pub events_dropped: u64,
    /// Packets of voices that the tap had no place for: captions with holes.
    pub voices_dropped: u64,
    /// Packets of voices, and mixes of them, that a mixer or its worker did not keep up with.
    pub mixes_dropped: u64,
}

impl MediaStats {
    pub(crate) fn add(&mut self, other: &Self) {
        self.core.add(&other.core);
        self.send_dropped += other.send_dropped;
        self.handover_dropped += other.handover_dropped;
        self.stream_dropped += other.stream_dropped;
        self.relay_dropped += other.relay_dropped;
        self.events_dropped += other.events_dropped;
        self.voices_dropped += other.voices_dropped;
        self.mixes_dropped += other.mixes_dropped;
    }

    /// Publishes one worker's totals under its number.
    pub(crate) fn publish(&self, worker: u8) {
        let worker = worker.to_string();
        let total = |name: &'static str, value: u64| {
            counter!(name, "worker" => worker.clone()).absolute(value);
        };
        total("parlor_media_datagrams_received_total", self.core.received);
        total("parlor_media_datagrams_sent_total", self.core.sent);
        total("parlor_media_packets_forwarded_total", self.core.forwarded);
        total("parlor_media_packets_mixed_total", self.core.mixed);
        total("parlor_media_packets_gated_total", self.core.gated);
        total("parlor_media_datagrams_handed_over_total", self.core.handed_over);
        total("parlor_media_packets_relayed_total", self.core.relayed);
        total("parlor_media_stun_answered_total", self.core.stun_answered);
        total("parlor_media_connections_failed_total", self.core.failed);
        for (reason, value) in [
            ("garbage", self.core.garbage),
            ("stranger", self.core.stranger),
            ("refused_check", self.core.refused_checks),
            ("undecryptable", self.core.undecryptable),
            ("replayed", self.core.replayed),
            ("unmapped", self.core.unmapped),
            ("send", self.send_dropped),
            ("handover", self.handover_dropped),
            ("stream", self.stream_dropped),
            ("relay", self.relay_dropped),
            ("event", self.events_dropped),
            ("voice", self.voices_dropped),
            ("mix", self.mixes_dropped),
        ] {
            counter!("parlor_media_dropped_total", "worker" => worker.clone(), "reason" => reason)
                .absolute(value);
        }
        total("parlor_media_layer_switches_total", self.core.layer_switches);
        total("parlor_media_pictures_paused_total", self.core.paused);
        for (layer, count) in self.core.pictures.iter().enumerate() {
            gauge!("parlor_media_pictures", "worker" => worker.clone(), "layer" => layer.to_string())
                .set(*count as f64);
        }
        gauge!("parlor_media_pictures", "worker" => worker.clone(), "layer" => "none")
            .set(self.core.pictures_unsent as f64);
        gauge!("parlor_media_stand_ins", "worker" => worker.clone())
            .set(self.core.stand_ins as f64);
        gauge!("parlor_media_sessions", "worker" => worker).set(self.core.sessions as f64);
    }
}
