//! The whole media path of a member that sends or sees pictures: every packet goes through the WebRTC
//! library, with the feedback that it gives: transport-wide numbers, losses, reports.

use std::time::{Duration, Instant};

use str0m::Rtc;
use str0m::media::Mid;
use str0m::rtp::{RtpPacket, RtpWrite};

use crate::camera::Camera;
use crate::clock::unix_ns;
use crate::draft::Speaks;
use crate::member::{Course, Heard};
use crate::stamp::Stamp;
use crate::stream::{Stream, Window};

/// A picture 30 times a second.
const FRAME_EVERY: Duration = Duration::from_nanos(1_000_000_000 / 30);

/// The path of one member.
pub struct Full {
    profile: String,
    sending: Option<Sending>,
    streams: Vec<Stream>,
    delays_us: Vec<f64>,
    bad: u64,
}

struct Sending {
    mid: Mid,
    camera: Camera,
    next: Instant,
    /// Number of the speaker, and its counts at the window's edges.
    said: (u32, (u64, u64)),
}

impl Full {
    /// A member whose DTLS is up.
    pub fn new(_rtc: &Rtc, sends: Option<(Mid, Speaks)>, profile: String, now: Instant) -> Self {
        let sending = sends.map(|(mid, speaks)| Sending {
            mid,
            camera: Camera::new(speaks.speaker),
            next: now + speaks.after,
            said: (speaks.speaker, (0, 0)),
        });
        Self { profile, sending, streams: Vec::new(), delays_us: Vec::new(), bad: 0 }
    }

    /// When it sends next.
    pub fn due(&self) -> Option<Instant> {
        self.sending.as_ref().map(|sending| sending.next)
    }

    /// The server asks for a keyframe.
    pub fn want_keyframe(&mut self) {
        if let Some(sending) = &mut self.sending {
            sending.camera.want_keyframe();
        }
    }

    /// Writes the next picture; it leaves when the library is polled.
    pub fn send(&mut self, rtc: &mut Rtc, now: Instant, window: &Window) {
        let Some(sending) = &mut self.sending else { return };
        sending.next += FRAME_EVERY;
        let payload_type =
            rtc.media(sending.mid).and_then(|media| media.remote_pts().first().copied());
        let mut api = rtc.direct_api();
        let stream = api.stream_tx_by_mid(sending.mid, None);
        let (Some(payload_type), Some(stream)) = (payload_type, stream) else { return };
        let sent_ns = unix_ns();
        if sent_ns < window.from_ns {
            sending.said.1.0 = sending.camera.count();
        }
        let (timestamp, packets) = sending.camera.frame(sent_ns);
        let first = sending.camera.count() - packets.len() as u64 + 1;
        let last = packets.len() - 1;
        for (at, payload) in packets.into_iter().enumerate() {
            let number = (first + at as u64).into();
            let write = RtpWrite::new(payload_type, number, timestamp, now, payload);
            stream.write_rtp(write.marker(at == last).nackable(true));
        }
        if sent_ns < window.to_ns {
            sending.said.1.1 = sending.camera.count();
        }
    }

    /// A packet came and was decrypted.
    pub fn handle_packet(&mut self, packet: &RtpPacket, at_ns: u64, window: &Window) {
        let (header, payload) = (&packet.header, &packet.payload);
        // Padding, by which bandwidth is probed.
        if payload.is_empty() {
            return;
        }
        let known = self.streams.iter().position(|stream| stream.ssrc == *header.ssrc);
        let at = known.unwrap_or_else(|| {
            self.streams.push(Stream::new(*header.ssrc, header.sequence_number));
            self.streams.len() - 1
        });
        let stream = &mut self.streams[at];
        stream.arrived(header.sequence_number, header.timestamp, at_ns, window);
        match Camera::stamp(payload).and_then(Stamp::read) {
            None => self.bad += 1,
            Some(stamp) => {
                stream.looked(&stamp, at_ns, window);
                if window.holds(at_ns) {
                    self.delays_us.push(at_ns.saturating_sub(stamp.sent_ns) as f64 / 1000.0);
                }
            }
        }
    }

    /// What it heard.
    pub fn finish(self, course: Course) -> Heard {
        Heard {
            course,
            said: self.sending.map(|sending| sending.said),
            streams: self.streams,
            delays_us: self.delays_us,
            bad: self.bad,
            profile: self.profile,
        }
    }
}
