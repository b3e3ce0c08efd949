//! Which packets are tapped for captions: those of a microphone that may pass the gate, while the gate
//! says that it is transcribed. Whether somebody else is there to hear them makes no difference.

use std::sync::Arc;
use std::time::Instant;

use str0m::format::Codec;
use str0m::rtp::RtpPacket;

use super::Router;
use crate::output::Output;
use crate::source::SourceRef;
use crate::voice::{Tapped, Voice};

impl Router {
    /// Taps a packet of a live microphone. For all sessions without captions this is one comparison.
    pub(super) fn tap(&mut self, from: SourceRef, packet: &RtpPacket, now: Instant) {
        let session = &mut self.sessions[from.session];
        if !session.gate.captions {
            return;
        }
        let (id, room, user) = (session.id, session.room, session.user);
        let source = &mut session.sources[from.source];
        let Some((_, codec)) = source.codec else { return };
        let spec = codec.spec();
        // A payload type of a picture in an audio section is the sender's lie; padding alone is no sound.
        if spec.codec != Codec::Opus || packet.payload.is_empty() {
            return;
        }
        if source.voice.is_none() {
            self.sink.out.push_back(Output::Voice(Voice::Began { session: id, room, user }));
        }
        let tapped = source.voice.get_or_insert_with(|| Tapped::new(now));
        if !tapped.takes(now) {
            return;
        }
        let header = &packet.header;
        let (ssrc, clock_hz) = (header.ssrc, spec.clock_rate.get());
        let numbers = tapped.leg.rewrite(ssrc, *packet.seq_no, header.timestamp, clock_hz, now);
        let Some((seq, timestamp)) = numbers else { return };
        let payload = Arc::clone(&packet.payload);
        let voice = Voice::Packet { session: id, seq, timestamp, payload };
        self.sink.out.push_back(Output::Voice(voice));
    }

    /// Nothing more of this source is tapped until its next packet that may be.
    pub(super) fn end_voice(&mut self, from: SourceRef) {
        let session = &mut self.sessions[from.session];
        if session.sources[from.source].voice.take().is_some() {
            self.sink.out.push_back(Output::Voice(Voice::Ended { session: session.id }));
        }
    }
}
