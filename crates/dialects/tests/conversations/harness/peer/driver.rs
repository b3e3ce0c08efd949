//! The thread of a peer.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid, Rid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{ExtensionValues, RtpPacket, RtpWrite};
use str0m::{Event, Input, Output, Rtc};
use tokio::sync::{mpsc, oneshot, watch};

use super::{Ask, Report, Seen};

/// Between two packets while talking: as Opus is sent.
const PACKET_EVERY: Duration = Duration::from_millis(20);
/// As loud as somebody who speaks, in dBov.
const LOUD: i8 = -30;
/// Bytes of a picture.
const PICTURE_BYTES: usize = 100;

pub(super) struct Driver {
    pub rtc: Rtc,
    pub socket: UdpSocket,
    pub local: SocketAddr,
    pub mic: Mid,
    pub camera: Option<Camera>,
    pub said: watch::Sender<u32>,
    pub talking: Arc<AtomicBool>,
    pub filming: Arc<AtomicBool>,
    pub gone: Arc<AtomicBool>,
    pub report: mpsc::UnboundedSender<Report>,
    pub show: mpsc::UnboundedSender<Seen>,
    pub asked: Receiver<Ask>,
    pub pending: Option<SdpPendingOffer>,
    /// Who waits until all that has come is read.
    pub settling: Vec<oneshot::Sender<()>>,
}

/// What it films with.
pub(super) struct Camera {
    mid: Mid,
    streams: Vec<(Option<Rid>, u16)>,
    shown: u32,
}

impl Camera {
    pub fn new(mid: Mid, streams: &[(&str, u16)]) -> Self {
        let rid = |rid: &str| (!rid.is_empty()).then(|| Rid::from(rid));
        let streams = streams.iter().map(|(name, height)| (rid(name), *height)).collect();
        Self { mid, streams, shown: 0 }
    }
}

impl Driver {
    pub fn run(mut self) {
        let mut buffer = [0; 2000];
        let mut due = Instant::now();
        while !self.gone.load(Ordering::SeqCst) {
            while let Ok(ask) = self.asked.try_recv() {
                self.answer(ask);
            }
            let wake_at = self.drain();
            let now = Instant::now();
            if now >= due {
                due = now + PACKET_EVERY;
                self.send(now);
                continue;
            }
            let wait = wake_at.min(due.max(now)).min(now + PACKET_EVERY) - now;
            self.socket.set_read_timeout(Some(wait.max(Duration::from_millis(1)))).unwrap();
            let received = self.socket.recv_from(&mut buffer);
            let now = Instant::now();
            let input = match received {
                Ok((length, source)) => {
                    let contents = buffer[..length].try_into().unwrap();
                    let (proto, destination) = (Protocol::Udp, self.local);
                    Input::Receive(now, Receive { proto, source, destination, contents })
                }
                Err(_) => {
                    for reply in self.settling.drain(..) {
                        let _ = reply.send(());
                    }
                    Input::Timeout(now)
                }
            };
            self.rtc.handle_input(input).unwrap();
        }
    }

    fn answer(&mut self, ask: Ask) {
        match ask {
            Ask::Offer { restart, reply } => {
                let mut changes = self.rtc.sdp_api();
                changes.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
                if restart {
                    changes.ice_restart(true);
                }
                let (offer, pending) = changes.apply().unwrap();
                self.pending = Some(pending);
                let _ = reply.send(offer.to_sdp_string());
            }
            Ask::Settle(reply) => self.settling.push(reply),
            Ask::Accept(answer) => {
                let answer = SdpAnswer::from_sdp_string(&answer).unwrap();
                let pending = self.pending.take().unwrap();
                self.rtc.sdp_api().accept_answer(pending, answer).unwrap();
            }
        }
    }

    fn send(&mut self, now: Instant) {
        if self.talking.load(Ordering::SeqCst) {
            self.say(now);
        }
        if self.filming.load(Ordering::SeqCst) {
            self.show(now);
        }
    }

    fn say(&mut self, now: Instant) {
        let number = *self.said.borrow() + 1;
        let opus = self.rtc.media(self.mic).unwrap().remote_pts()[0];
        let ext_vals = ExtensionValues {
            audio_level: Some(LOUD),
            // The library writes the extension only with both.
            voice_activity: Some(true),
            ..ExtensionValues::default()
        };
        let payload = number.to_be_bytes();
        let seq = u64::from(number).into();
        let write = RtpWrite::new(opus, seq, number.wrapping_mul(960), now, &payload[..]);
        // Before it leaves: whoever reads the number knows that no later one has been sent yet.
        self.said.send_replace(number);
        self.write(self.mic, None, write.ext_vals(ext_vals), now);
    }

    /// A picture of each stream of the camera.
    fn show(&mut self, now: Instant) {
        let Some(camera) = &mut self.camera else { return };
        camera.shown += 1;
        let (mid, number, streams) = (camera.mid, camera.shown, camera.streams.clone());
        let vp8 = self.rtc.media(mid).unwrap().remote_pts()[0];
        for (rid, height) in streams {
            let (payload, timestamp) = (keyframe(height), number.wrapping_mul(1800));
            let seq = u64::from(number).into();
            let write = RtpWrite::new(vp8, seq, timestamp, now, payload).marker(true);
            self.write(mid, rid, write, now);
        }
    }

    fn write(&mut self, mid: Mid, rid: Option<Rid>, write: RtpWrite, now: Instant) {
        self.rtc.direct_api().stream_tx_by_mid(mid, rid).unwrap().write_rtp(write);
        self.drain();
        self.rtc.handle_input(Input::Timeout(now)).unwrap();
    }

    fn drain(&mut self) -> Instant {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(at) => return at,
                Output::Transmit(transmit) => {
                    // An unreachable candidate is no news.
                    let _ = self.socket.send_to(&transmit.contents, transmit.destination);
                }
                Output::Event(Event::Connected) => drop(self.report.send(Report::Connected)),
                Output::Event(Event::RtpPacket(packet)) => self.handle_packet(&packet),
                Output::Event(_) => {}
            }
        }
    }

    fn handle_packet(&mut self, packet: &RtpPacket) {
        let mid = self.rtc.direct_api().stream_rx(&packet.header.ssrc).unwrap().mid();
        let kind = self.rtc.media(mid).unwrap().kind();
        match kind {
            MediaKind::Audio => {
                let number = packet.payload[..4].try_into().map(u32::from_be_bytes).unwrap();
                drop(self.report.send(Report::Packet(number)));
            }
            // Probes are packets with nothing in them.
            MediaKind::Video => {
                if let Some(height) = height_of(&packet.payload) {
                    drop(self.show.send(Seen { mid: mid.to_string(), height }));
                }
            }
        }
    }
}

/// A picture of VP8 that needs no other (RFC 7741 section 4.2 and 4.3), as small as it can be.
fn keyframe(height: u16) -> Vec<u8> {
    let [low, high] = height.to_le_bytes();
    let mut payload = vec![0x10, 0, 0, 0, 0x9d, 0x01, 0x2a, low, high, low, high];
    payload.resize(PICTURE_BYTES, 7);
    payload
}

fn height_of(payload: &[u8]) -> Option<u16> {
    let size = payload.strip_prefix(&[0x10, 0, 0, 0, 0x9d, 0x01, 0x2a])?;
    Some(u16::from_le_bytes([*size.get(2)?, *size.get(3)?]))
}
