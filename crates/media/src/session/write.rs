//! A packet of a source, as it is written into one of a session's slots: numbered anew, under the
//! receiver's payload type, without the layers that it is not sent.

use std::sync::Arc;
use std::time::Instant;

use model::MediaKind;
use str0m::format::PayloadParams;
use str0m::rtp::{RtpWrite, SeqNo, Vp8Patch};

use super::Session;
use crate::choice::Admit;
use crate::leg::Mapped;
use crate::packet::Packet;
use crate::peer::{Head, Sink, Sound, Wrote};
use crate::picture::Picture;

/// What came of a packet of a picture.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Written {
    /// It was queued.
    pub sent: bool,
    /// With it another layer began.
    pub switched: bool,
    /// The stream of which a keyframe is needed.
    pub ask: Option<u8>,
}

impl Session {
    /// Sends a microphone packet in one of the slots.
    pub fn write_sound(
        &mut self,
        slot: usize,
        codec: PayloadParams,
        packet: &Packet,
        now: Instant,
        sink: &mut Sink,
    ) -> Wrote {
        if self.mixed.as_ref().is_some_and(|mixed| mixed.slot == slot) {
            return Wrote::Nothing;
        }
        self.write_mix(slot, codec, packet, now, sink)
    }

    /// Sends a packet of a mix in one of the slots.
    pub fn write_mix(
        &mut self,
        slot: usize,
        codec: PayloadParams,
        packet: &Packet,
        now: Instant,
        sink: &mut Sink,
    ) -> Wrote {
        let mapped = self.mapped(slot, codec, packet);
        let (slot, peer) = (self.slots.get_mut(slot), self.peer.as_mut());
        let (Some(mapped), Some(slot), Some(peer)) = (mapped, slot, peer) else {
            return Wrote::Nothing;
        };
        let clock_hz = codec.spec().clock_rate.get();
        let numbers = slot.leg.rewrite(packet.ssrc, packet.seq, packet.timestamp, clock_hz, now);
        let Some((seq, timestamp)) = numbers else { return Wrote::Nothing };
        let (payload_type, payload) = match (&packet.redundant, mapped.redundant) {
            (Some(whole), Some(payload_type)) => (payload_type, whole),
            (Some(_), None) | (None, _) => (mapped.payload_type, &packet.payload),
        };
        let mid = slot.mid;
        let (marker, level) = (packet.marker, packet.level_byte());
        let head = Head { payload_type, seq, timestamp, marker, level };
        peer.write_sound(&Sound { mid, head, payload, packet }, sink)
    }

    /// The same with a packet of a picture.
    pub fn write_picture(
        &mut self,
        slot: usize,
        codec: PayloadParams,
        (packet, picture): (&Packet, &Picture),
        now: Instant,
    ) -> Written {
        let nothing = Written::default();
        let Some(mapped) = self.mapped(slot, codec, packet) else { return nothing };
        let Some(slot_at) = self.slots.get_mut(slot) else { return nothing };
        let Some(choice) = slot_at.choice.as_deref_mut() else { return nothing };
        let (seq, marker, switched, empty) = match choice.admit(packet, picture, now) {
            Admit::Skip => return nothing,
            Admit::Ask(stream) => return Written { ask: Some(stream), ..nothing },
            Admit::Send { seq, marker, switched } => (seq, marker, switched, false),
            Admit::Fill { seq } => (seq, false, false, true),
        };
        if switched && picture.begins {
            slot_at.leg.interrupt();
        }
        let clock_hz = codec.spec().clock_rate.get();
        let numbers = slot_at.leg.rewrite(packet.ssrc, seq, packet.timestamp, clock_hz, now);
        let Some(numbers) = numbers else { return Written { switched, ..nothing } };
        let patch = picture.vp8.as_ref().and_then(|vp8| choice.ids.rewrite(vp8));
        let payload = if empty { &Arc::from([]) } else { &packet.payload };
        let sent = self.queue(slot, (mapped, numbers, marker), packet, payload, patch);
        Written { sent, switched, ask: None }
    }

    /// What the receiver calls the codec of a packet. `None`: it is sent nothing, or does not take it.
    fn mapped(&mut self, slot: usize, codec: PayloadParams, packet: &Packet) -> Option<Mapped> {
        let (slot, peer) = (self.slots.get_mut(slot)?, self.peer.as_ref()?);
        if self.lost || !self.gate.receive {
            return None;
        }
        let sent_as = packet.payload_type;
        if let Some((known, Some(mapped))) = slot.leg.payload_type
            && known == sent_as
        {
            return Some(mapped);
        }
        let mut mapped = peer.payload_type_for(slot.mid, codec);
        if let Some(mapped) = mapped.as_mut().filter(|_| !slot.redundant) {
            mapped.redundant = None;
        }
        slot.leg.payload_type = Some((sent_as, mapped));
        if mapped.is_none() {
            slot.interrupt();
        }
        mapped
    }

    fn queue(
        &mut self,
        slot: usize,
        (mapped, (seq, timestamp), marker): (Mapped, (u64, u32), bool),
        packet: &Packet,
        payload: &Arc<[u8]>,
        patch: Option<Vp8Patch>,
    ) -> bool {
        let (Some(slot), Some(peer)) = (self.slots.get(slot), self.peer.as_mut()) else {
            return false;
        };
        // The library would pad with an empty one for ever.
        let nackable = slot.kind == MediaKind::Video && !payload.is_empty();
        let mut write = RtpWrite::new(
            mapped.payload_type,
            SeqNo::from(seq),
            timestamp,
            packet.arrived_at,
            Arc::clone(payload),
        )
        .marker(marker)
        .ext_vals(packet.extensions())
        .nackable(nackable);
        if let Some(patch) = patch {
            write = write.vp8_patch(patch);
        }
        peer.write(slot.mid, write)
    }
}
