//! The light media path of a member that only hears and speaks: RTP headers are read, one packet in
//! [`LOOKED_INTO`] of each stream is decrypted and held against what was sent, receiver and sender
//! reports are sent as a browser would. ICE and DTLS stay with the WebRTC library.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use media::srtp::{ControlSealer, Exported, Opener, Sealer};

use crate::rtp::{self, Header};
use crate::stamp::Stamp;
use crate::stream::{Stream, Window};

/// Of so many packets of a stream one is decrypted. All would make the client dearer than the server.
pub const LOOKED_INTO: u64 = 16;
/// Opus frames of 20 ms at 48 kHz.
pub const PACKET_EVERY: Duration = Duration::from_millis(20);
const TICKS_PER_PACKET: u32 = 960;
/// What browsers keep to for sound (RFC 3550 section 6.2 with its least interval).
const REPORT_EVERY: Duration = Duration::from_secs(5);
/// Streams that one member may receive; more is a fault of the server or of the client.
const STREAMS_MAX: usize = 256;
/// What the level extension says: speech, 30 dB below the loudest.
const LEVEL: u8 = 0x80 | 30;

/// How a speaker's packets look.
#[derive(Clone, Copy, Debug)]
pub struct Voice {
    /// Number of the speaker, unique in the run.
    pub speaker: u32,
    /// Whose the stream is.
    pub ssrc: u32,
    /// What Opus is called.
    pub payload_type: u8,
    /// Id of the level extension, if it was agreed on.
    pub level_id: Option<u8>,
    /// Bytes of a payload.
    pub payload_len: usize,
    /// How long after connecting the first packet is sent: speakers do not all speak at once.
    pub after: Duration,
}

/// The light path of one member.
pub struct Light {
    srtp: Srtp,
    profile: String,
    own_ssrc: u32,
    speaking: Option<Speaking>,
    pub streams: Vec<Stream>,
    /// Delays of packets looked into, in microseconds.
    pub delays_us: Vec<f64>,
    /// Packets that could not be read, or were not what was sent.
    pub bad: u64,
    report_at: Instant,
    payload: Vec<u8>,
}

struct Speaking {
    voice: Voice,
    next: Instant,
    count: u64,
    /// Counts at the beginning and the end of the window.
    edges: (u64, u64),
}

/// The library never sees the media of a light member, so no number is sealed twice.
struct Srtp {
    sealer: Sealer,
    opener: Opener,
    controls: ControlSealer,
}

impl Srtp {
    fn new(exported: &Exported) -> Option<Self> {
        Some(Self {
            sealer: Sealer::new(exported)?,
            opener: Opener::new(exported)?,
            controls: ControlSealer::new(exported)?,
        })
    }
}

impl Light {
    /// A member whose DTLS is up.
    pub fn new(
        exported: &Exported,
        own_ssrc: u32,
        voice: Option<Voice>,
        now: Instant,
    ) -> Result<Self> {
        let speaking =
            voice.map(|voice| Speaking { next: now + voice.after, voice, count: 0, edges: (0, 0) });
        Ok(Self {
            srtp: Srtp::new(exported).context("no keys of a profile that is known here")?,
            profile: format!("{:?}", exported.profile),
            own_ssrc,
            speaking,
            streams: Vec::new(),
            delays_us: Vec::new(),
            bad: 0,
            report_at: now + REPORT_EVERY,
            payload: Vec::new(),
        })
    }

    /// The SRTP profile that was agreed on.
    pub fn profile(&self) -> &str {
        &self.profile
    }

    /// The speaker's number and how many packets it had sent at the window's beginning and end.
    pub fn said(&self) -> Option<(u32, (u64, u64))> {
        self.speaking.as_ref().map(|speaking| (speaking.voice.speaker, speaking.edges))
    }

    /// An RTP packet came.
    pub fn handle_rtp(&mut self, bytes: &[u8], at_ns: u64, window: &Window) {
        let Some(header) = rtp::parse(bytes) else {
            self.bad += 1;
            return;
        };
        let known = self.streams.iter().position(|stream| stream.ssrc == header.ssrc);
        let at = match known {
            Some(at) => at,
            None if self.streams.len() == STREAMS_MAX => {
                self.bad += 1;
                return;
            }
            None => {
                self.streams.push(Stream::new(header.ssrc, header.seq));
                self.streams.len() - 1
            }
        };
        let stream = &mut self.streams[at];
        let number = stream.arrived(header.seq, header.timestamp, at_ns, window);
        if stream.got() % LOOKED_INTO != 1 {
            return;
        }
        let packet = (bytes, header.len);
        let opened = self.srtp.opener.open(header.ssrc, number, packet, &mut self.payload);
        match Stamp::read(&self.payload).filter(|_| opened) {
            None => self.bad += 1,
            Some(stamp) => {
                stream.looked(&stamp, at_ns, window);
                if window.holds(at_ns) {
                    self.delays_us.push(at_ns.saturating_sub(stamp.sent_ns) as f64 / 1000.0);
                }
            }
        }
    }

    /// When [`Light::poll`] has something.
    pub fn due(&self) -> Instant {
        self.speaking.as_ref().map_or(self.report_at, |speaking| speaking.next.min(self.report_at))
    }

    /// The next datagram to send, until `None`.
    pub fn poll(&mut self, now: Instant, unix_ns: u64, window: &Window) -> Option<Vec<u8>> {
        if let Some(speaking) = self.speaking.as_mut().filter(|speaking| speaking.next <= now) {
            speaking.next += PACKET_EVERY;
            return speaking.packet(&mut self.srtp.sealer, unix_ns, window);
        }
        if self.report_at > now {
            return None;
        }
        self.report_at = now + REPORT_EVERY;
        let reports: Vec<_> = self.streams.iter_mut().map(Stream::report).collect();
        let report = match &self.speaking {
            Some(speaking) => {
                let mut both = speaking.report(unix_ns);
                both.extend(rtp::receiver_report(self.own_ssrc, &reports));
                both
            }
            None => rtp::receiver_report(self.own_ssrc, &reports),
        };
        self.srtp.controls.seal(&report)
    }
}

impl Speaking {
    fn packet(&mut self, sealer: &mut Sealer, unix_ns: u64, window: &Window) -> Option<Vec<u8>> {
        if unix_ns < window.from_ns {
            self.edges.0 = self.count;
        }
        self.count += 1;
        if unix_ns < window.to_ns {
            self.edges.1 = self.count;
        }
        let Voice { speaker, ssrc, payload_type, level_id, payload_len, .. } = self.voice;
        let header = Header {
            len: 12,
            marker: self.count == 1,
            payload_type,
            seq: self.count as u16,
            timestamp: (self.count as u32).wrapping_mul(TICKS_PER_PACKET),
            ssrc,
        };
        let mut packet = rtp::write(&header, level_id.map(|id| (id, LEVEL)));
        let payload = Stamp { speaker, count: self.count, sent_ns: unix_ns }.payload(payload_len);
        sealer.seal(ssrc, self.count, &mut packet, &payload).then_some(packet)
    }

    fn report(&self, unix_ns: u64) -> Vec<u8> {
        let timestamp = (self.count as u32).wrapping_mul(TICKS_PER_PACKET);
        let bytes = (self.count as u32).wrapping_mul(self.voice.payload_len as u32);
        rtp::sender_report(self.voice.ssrc, unix_ns, timestamp, self.count as u32, bytes)
    }
}
