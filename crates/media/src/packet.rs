//! What of a received packet goes on to the receivers: what describes the sound or the picture, and
//! nothing that belongs to the sender's connection (mid, rid, transport sequence numbers).

use std::sync::Arc;
use std::time::Instant;

use str0m::media::Pt;
use str0m::rtp::{ExtensionValues, RtpPacket, Ssrc, VideoOrientation};

use crate::mixer::Sound;
use crate::picture::Picture;

/// A packet on its way from a source to its legs. The payload is shared by all of them.
#[derive(Clone, Debug)]
pub(crate) struct Packet {
    /// What the sender calls its codec.
    pub payload_type: Pt,
    pub ssrc: Ssrc,
    /// Its number without the wrap.
    pub seq: u64,
    pub timestamp: u32,
    pub marker: bool,
    pub arrived_at: Instant,
    pub payload: Arc<[u8]>,
    /// What the sender wrapped around it, redundancy and all (RED).
    pub redundant: Option<Arc<[u8]>>,
    /// `None`: it is sound.
    pub picture: Option<Picture>,
    audio_level: Option<i8>,
    voice_activity: Option<bool>,
    video_orientation: Option<VideoOrientation>,
}

impl From<RtpPacket> for Packet {
    fn from(packet: RtpPacket) -> Self {
        let (header, sent) = (&packet.header, &packet.header.ext_vals);
        Self {
            payload_type: header.payload_type,
            ssrc: header.ssrc,
            seq: *packet.seq_no,
            timestamp: header.timestamp,
            marker: header.marker,
            arrived_at: packet.timestamp,
            audio_level: sent.audio_level,
            voice_activity: sent.voice_activity,
            video_orientation: sent.video_orientation,
            payload: packet.payload,
            redundant: None,
            picture: None,
        }
    }
}

impl Packet {
    /// A packet of a mix, under the name that its codec has at the voices' senders.
    pub fn of_mix(
        payload_type: Pt,
        (seq, timestamp): (u64, u32),
        sound: &Sound,
        now: Instant,
    ) -> Self {
        Self {
            payload_type,
            ssrc: Ssrc::from(0),
            seq,
            timestamp,
            marker: false,
            arrived_at: now,
            payload: Arc::clone(&sound.payload),
            redundant: None,
            picture: None,
            audio_level: Some(sound.level),
            voice_activity: Some(true),
            video_orientation: None,
        }
    }

    /// How loud it is, as one byte of a header extension (RFC 6464 section 3).
    pub fn level_byte(&self) -> Option<u8> {
        let active = u8::from(self.voice_activity.unwrap_or_default());
        self.audio_level.map(|level| active << 7 | level.unsigned_abs().min(127))
    }

    /// The header extensions that a receiver gets: fresh ones, never the sender's whole.
    pub fn extensions(&self) -> ExtensionValues {
        ExtensionValues {
            audio_level: self.audio_level,
            voice_activity: self.voice_activity,
            video_orientation: self.video_orientation,
            ..ExtensionValues::default()
        }
    }
}
