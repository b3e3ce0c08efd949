//! One WebRTC client, more or less a browser: the `World` moves its datagrams and its clock.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use str0m::change::{SdpOffer, SdpPendingOffer};
use str0m::media::{
    Direction, KeyframeRequestKind, MediaKind, Mid, Pt, Rid, Simulcast, SimulcastLayer,
};
use str0m::net::{Protocol, Receive, TcpType};
use str0m::rtp::{ExtensionValues, RtpWrite};
use str0m::{Candidate, Event as RtcEvent, Input, Output as RtcOutput, Rtc, RtcConfig};

use crate::film::Camera;
use crate::forger::{self, Forger};
use crate::harness::QUIET;

/// A packet that a client received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Got {
    pub mid: String,
    pub seq: u64,
    pub timestamp: u32,
    pub payload: Vec<u8>,
    pub level: Option<i8>,
    pub marker: bool,
    /// When it came.
    pub at: Instant,
}

/// How many sections of each kind a client offers.
#[derive(Clone, Copy)]
pub struct Shape {
    pub audio_slots: usize,
    pub video_slots: usize,
    pub camera: bool,
    /// The camera is sent in two layers, `l` and `h`.
    pub simulcast: bool,
    pub audio_level: bool,
    /// It has no codec for pictures but VP9.
    pub only_vp9: bool,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            audio_slots: 3,
            video_slots: 0,
            camera: false,
            simulcast: false,
            audio_level: true,
            only_vp9: false,
        }
    }
}

/// A browser, more or less.
pub struct Client {
    pub rtc: Rtc,
    /// Where the world sees it.
    pub address: SocketAddr,
    /// Where it believes to be.
    pub local: SocketAddr,
    pub tcp: bool,
    pub mic: Mid,
    pub camera: Option<Mid>,
    /// It is sent in two layers.
    pub layers: bool,
    pub slots: Vec<Mid>,
    pub got: Vec<Got>,
    pub connected: bool,
    /// How many keys there were when its own had been made.
    keys: usize,
    pub keyframes_wanted: usize,
    /// The layers whose next picture is to be a keyframe.
    pub asked: Vec<Option<Rid>>,
    /// What its camera films by itself while time passes.
    pub film: Option<Camera>,
    /// When it sent a picture last.
    shown_at: Option<Instant>,
    /// Nothing it sends arrives, and nothing reaches it.
    pub unplugged: bool,
    /// What it sends waits.
    pub held_back: bool,
    outgoing: Vec<(SocketAddr, Vec<u8>)>,
    pub timeout: Instant,
    sent: u64,
    video_sent: u64,
}

impl Client {
    fn config(shape: Shape) -> RtcConfig {
        let mut config = Rtc::builder()
            .set_rtp_mode(true)
            .enable_opus(true, true)
            .set_crypto_provider(forger::provider());
        if shape.only_vp9 {
            config = config.clear_codecs().enable_opus(true, false).enable_vp9(true);
        }
        if shape.audio_level { config } else { config.clear_extension_map() }
    }

    pub fn new(
        now: Instant,
        address: SocketAddr,
        shape: Shape,
    ) -> (Self, SdpOffer, SdpPendingOffer) {
        let layers: &[&str] = if shape.simulcast { &["l", "h"] } else { &[] };
        Self::with_layers(now, address, shape, layers)
    }

    /// A client whose camera is sent in streams of these names, or in one if there are none.
    pub fn with_layers(
        now: Instant,
        address: SocketAddr,
        shape: Shape,
        layers: &[&str],
    ) -> (Self, SdpOffer, SdpPendingOffer) {
        Self::over(Protocol::Udp, now, address, shape, layers)
    }

    /// The same, one that only this gets through to.
    pub fn over(
        protocol: Protocol,
        now: Instant,
        address: SocketAddr,
        shape: Shape,
        layers: &[&str],
    ) -> (Self, SdpOffer, SdpPendingOffer) {
        let tcp = protocol == Protocol::Tcp;
        let mut rtc = Self::config(shape).build(now);
        let own = Candidate::builder();
        let own = if tcp {
            own.tcp().host(address).tcptype(TcpType::Active).build()
        } else {
            own.udp().host(address).build()
        };
        rtc.add_local_candidate(own.unwrap());
        let mut changes = rtc.sdp_api();
        let mic = changes.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
        let camera = shape.camera.then(|| {
            let send: Vec<_> = layers.iter().map(|rid| SimulcastLayer::new(rid)).collect();
            let recv = Vec::new();
            let simulcast = (!send.is_empty()).then_some(Simulcast { send, recv });
            changes.add_media(MediaKind::Video, Direction::SendOnly, None, None, simulcast)
        });
        let mut add = |kind, direction| changes.add_media(kind, direction, None, None, None);
        let mut slots = Vec::new();
        for _ in 0..shape.audio_slots {
            slots.push(add(MediaKind::Audio, Direction::RecvOnly));
        }
        for _ in 0..shape.video_slots {
            slots.push(add(MediaKind::Video, Direction::RecvOnly));
        }
        let (offer, pending) = changes.apply().unwrap();
        let client = Self {
            rtc,
            address,
            local: address,
            tcp,
            mic,
            camera,
            layers: !layers.is_empty(),
            slots,
            got: Vec::new(),
            connected: false,
            keys: 0,
            keyframes_wanted: 0,
            asked: Vec::new(),
            film: None,
            shown_at: None,
            unplugged: false,
            held_back: false,
            outgoing: Vec::new(),
            timeout: now,
            sent: 70_000,
            video_sent: 70_000,
        };
        (client, offer, pending)
    }

    /// Counts microphone packets that it does not send.
    pub fn skip(&mut self, packets: u64) {
        self.sent += packets;
    }

    /// Queues one 20 ms microphone packet.
    pub fn say(&mut self, now: Instant, level: i8, payload: &[u8]) {
        let opus = self.rtc.media(self.mic).unwrap().remote_pts()[0];
        self.say_as(opus, now, level, payload);
    }

    /// Queues one microphone packet under a payload type of its choice.
    pub fn say_as(&mut self, payload_type: Pt, now: Instant, level: i8, payload: &[u8]) {
        self.sent += 1;
        let ext_vals = ExtensionValues {
            audio_level: Some(level),
            // The library writes the extension only with both.
            voice_activity: Some(level > QUIET),
            ..ExtensionValues::default()
        };
        let numbers = (self.sent, 960, payload_type);
        self.write(self.mic, None, now, numbers, payload, ext_vals);
    }

    /// Queues one camera packet.
    pub fn show(&mut self, now: Instant, rid: Option<Rid>, bytes: usize) {
        self.video_sent += u64::from(rid.is_none_or(|rid| &*rid == "l"));
        // VP8 and VP9 at once: the start of a frame, and whether it needs others. An encoder begins with
        // a keyframe, also after a pause.
        let paused = self.shown_at.is_none_or(|at| now - at > Duration::from_millis(300));
        let asked = self.asked.iter().position(|asked| *asked == rid);
        let key = asked.map(|at| self.asked.swap_remove(at)).is_some() || paused;
        self.shown_at = Some(now);
        self.show_as(now, rid, key, &vec![7; bytes - 2]);
    }

    /// Queues one camera packet with these contents, which begins a keyframe or does not.
    pub fn show_as(&mut self, now: Instant, rid: Option<Rid>, key: bool, contents: &[u8]) {
        let Some(camera) = self.camera else { return };
        let head: &[u8] = if key { &[0x18, 0] } else { &[0x58, 1] };
        let payload = [head, contents].concat();
        let payload_type = self.rtc.media(camera).unwrap().remote_pts()[0];
        let numbers = (self.video_sent, 1800, payload_type);
        self.write(camera, rid, now, numbers, &payload, ExtensionValues::default());
    }

    /// Queues the next camera packet of one that does as it likes: a keyframe every so often.
    pub fn roll(&mut self, now: Instant, rid: Option<Rid>, contents: &[u8]) {
        self.video_sent += u64::from(rid.is_none_or(|rid| &*rid == "l"));
        self.show_as(now, rid, self.video_sent.is_multiple_of(7), contents);
    }

    fn write(
        &mut self,
        mid: Mid,
        rid: Option<Rid>,
        now: Instant,
        (seq, ticks, payload_type): (u64, u32, Pt),
        payload: &[u8],
        ext_vals: ExtensionValues,
    ) {
        let timestamp = (seq as u32).wrapping_mul(ticks);
        // Counted from 70,000, so that the numbers of a new connection are above others, and sent from
        // below the first rollover.
        let write = RtpWrite::new(payload_type, (seq - 65_536).into(), timestamp, now, payload)
            .ext_vals(ext_vals);
        if let Some(stream) = self.rtc.direct_api().stream_tx_by_mid(mid, rid) {
            stream.write_rtp(write);
        }
        self.timeout = now;
        self.tick(now);
    }

    /// Asks for a keyframe in one of its slots.
    pub fn want_keyframe(&mut self, now: Instant, mid: Mid) {
        if let Some(stream) = self.rtc.direct_api().stream_rx_by_mid(mid, None) {
            stream.request_keyframe(KeyframeRequestKind::Pli);
        }
        self.timeout = now;
        self.tick(now);
    }

    pub fn tick(&mut self, now: Instant) {
        self.shoot(now);
        if self.timeout <= now && !self.unplugged {
            self.rtc.handle_input(Input::Timeout(now)).unwrap();
        }
    }

    pub fn receive(&mut self, now: Instant, source: SocketAddr, bytes: &[u8]) {
        // The answer to a forged plain STUN request is nothing to a peer connection.
        let Ok(contents) = bytes.try_into() else { return };
        let destination = self.local;
        let proto = if self.tcp { Protocol::Tcp } else { Protocol::Udp };
        let receive = Receive { proto, source, destination, contents };
        self.rtc.handle_input(Input::Receive(now, receive)).unwrap();
        // The library holds one received packet at a time.
        self.take_outputs();
    }

    /// It has another interface instead of the one it had, as a telephone that leaves its Wi-Fi, and
    /// goes on by that.
    pub fn roam(&mut self, now: Instant, address: SocketAddr) {
        let before = Candidate::host(self.local, Protocol::Udp).unwrap();
        self.rtc.direct_api().invalidate_candidate(&before);
        self.rtc.add_local_candidate(Candidate::host(address, Protocol::Udp).unwrap());
        (self.address, self.local, self.timeout) = (address, address, now);
        self.tick(now);
    }

    /// Who makes datagrams with its keys. It has sent RTP and RTCP.
    pub fn forger(&self) -> Forger {
        Forger::new(self.keys)
    }

    pub fn poll(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        self.take_outputs();
        std::mem::take(&mut self.outgoing)
    }

    fn take_outputs(&mut self) {
        loop {
            let Ok(output) = self.rtc.poll_output() else {
                // It gives up by itself what does not come about, as a handshake.
                self.unplugged = true;
                return;
            };
            match output {
                RtcOutput::Timeout(at) => {
                    self.timeout = at;
                    return;
                }
                RtcOutput::Transmit(transmit) => {
                    // What would leave by an interface that is gone does not.
                    if transmit.source == self.local {
                        self.outgoing.push((transmit.destination, transmit.contents.into()));
                    }
                }
                RtcOutput::Event(RtcEvent::Connected) => {
                    (self.connected, self.keys) = (true, forger::keys_made());
                }
                RtcOutput::Event(RtcEvent::KeyframeRequest(request)) => {
                    self.keyframes_wanted += 1;
                    self.asked.push(request.rid);
                }
                RtcOutput::Event(RtcEvent::RtpPacket(packet)) => {
                    let mut api = self.rtc.direct_api();
                    let mid = api.stream_rx(&packet.header.ssrc).unwrap().mid();
                    self.got.push(Got {
                        mid: mid.to_string(),
                        seq: *packet.seq_no,
                        timestamp: packet.header.timestamp,
                        payload: packet.payload.to_vec(),
                        level: packet.header.ext_vals.audio_level,
                        marker: packet.header.marker,
                        at: packet.timestamp,
                    });
                }
                RtcOutput::Event(_) => {}
            }
        }
    }
}
