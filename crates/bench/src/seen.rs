//! What a watcher is sent over time: of which size and layer, how much, and how often a keyframe.

use std::time::Duration;

use serde_json::{Value, json};
use str0m::Rtc;
use str0m::rtp::RtpPacket;

use crate::picture;
use crate::stream::{Stream, Window};

/// One watcher's picture.
pub struct Seen {
    /// Which watcher.
    pub number: usize,
    codec: Option<String>,
    /// Of the newest keyframe.
    size: Option<(u16, u16)>,
    layers: Option<u8>,
    /// The highest spatial layer since the last line.
    layer: Option<u8>,
    stream: Option<Stream>,
    packets: u64,
    bytes: u64,
    keyframes: u64,
    told: (Duration, u64),
}

impl Seen {
    /// That has seen nothing. `codec`: what will come, if it is known; else what the packets say.
    pub fn new(number: usize, codec: Option<String>) -> Self {
        Self {
            number,
            codec,
            size: None,
            layers: None,
            layer: None,
            stream: None,
            packets: 0,
            bytes: 0,
            keyframes: 0,
            told: (Duration::ZERO, 0),
        }
    }

    /// A packet came.
    pub fn handle_packet(&mut self, packet: &RtpPacket, rtc: &Rtc) {
        let (header, payload) = (&packet.header, &packet.payload);
        // Padding, by which bandwidth is probed.
        if payload.is_empty() {
            return;
        }
        let seq = header.sequence_number;
        let stream = match &mut self.stream {
            Some(stream) if stream.ssrc == *header.ssrc => stream,
            other => other.insert(Stream::new(*header.ssrc, seq)),
        };
        stream.arrived(seq, header.timestamp, 0, &Window::NONE);
        self.packets += 1;
        self.bytes += payload.len() as u64;
        let codecs = rtc.codec_config();
        let named = codecs.iter().find(|params| params.pt() == header.payload_type);
        let named = named.map(|params| params.spec().codec.to_string());
        let Some(codec) = named.as_ref().or(self.codec.as_ref()) else { return };
        let Some(picture) = picture::read(codec, payload) else { return };
        self.keyframes += u64::from(picture.keyframe);
        self.size = picture.size.or(self.size);
        self.layers = picture.layers.or(self.layers);
        self.layer = picture.layer.max(self.layer);
    }

    /// A line about the time since the last.
    pub fn tell(&mut self, since: Duration) -> Value {
        let (at, bytes) = std::mem::replace(&mut self.told, (since, self.bytes));
        let passed_ms = (since - at).as_millis().max(1) as u64;
        json!({
            "event": "seen",
            "member": self.number,
            "t_ms": since.as_millis() as u64,
            "width": self.size.map(|(width, _)| width),
            "height": self.size.map(|(_, height)| height),
            "layer": self.layer.take(),
            "layers": self.layers,
            "kbps": (self.bytes - bytes) * 8 / passed_ms,
            "packets": self.packets,
            "keyframes": self.keyframes,
            "missing": self.stream.as_ref().map(Stream::missing),
        })
    }
}
