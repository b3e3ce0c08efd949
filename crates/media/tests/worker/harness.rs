//! A worker and its clients on an in-memory network with a clock that only moves when told.

use std::net::SocketAddr;
use std::sync::Once;
use std::time::{Duration, Instant};

use media::{
    Certificate, Event, Gate, IceCredentials, MediaRefusal, OpenSession, Output, SlotBinding,
    SourceLabel, Worker, WorkerConfig, WorkerNumber,
};
use model::{RoomId, SessionId, UserId};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::media::{
    Direction, KeyframeRequestKind, MediaKind, Mid, Rid, Simulcast, SimulcastLayer,
};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{ExtensionValues, RtpWrite};
use str0m::{Candidate, Event as RtcEvent, Input, Output as RtcOutput, Rtc, RtcConfig};

/// Everything open.
pub const OPEN: Gate = Gate { speak: true, camera: true, screen: true, receive: true };
/// How loud a speaking client is.
pub const LOUD: i8 = -30;
/// How loud a silent one is.
pub const QUIET: i8 = -100;
/// What is between two steps of the clock.
const STEP: Duration = Duration::from_millis(5);

pub fn session(n: usize) -> SessionId {
    SessionId::from_i64(100 + n as i64).unwrap()
}

pub fn user(n: usize) -> UserId {
    UserId::from_i64(n as i64).unwrap()
}

/// A packet that a client received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Got {
    pub mid: String,
    pub seq: u64,
    pub timestamp: u32,
    pub payload: Vec<u8>,
    pub level: Option<i8>,
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
}

impl Default for Shape {
    fn default() -> Self {
        Self { audio_slots: 3, video_slots: 0, camera: false, simulcast: false, audio_level: true }
    }
}

/// A browser, more or less.
pub struct Client {
    pub rtc: Rtc,
    pub address: SocketAddr,
    pub mic: Mid,
    pub camera: Option<Mid>,
    pub slots: Vec<Mid>,
    pub got: Vec<Got>,
    pub connected: bool,
    pub keyframes_wanted: usize,
    /// Nothing it sends arrives, and nothing reaches it.
    pub unplugged: bool,
    outgoing: Vec<(SocketAddr, Vec<u8>)>,
    timeout: Instant,
    sent: u64,
    video_sent: u64,
}

/// The worker and everybody around it.
pub struct World {
    pub now: Instant,
    pub worker: Worker,
    pub clients: Vec<Client>,
    pub events: Vec<Event>,
    server: SocketAddr,
    credentials: u8,
}

impl World {
    pub fn new() -> Self {
        static CRYPTO: Once = Once::new();
        CRYPTO.call_once(|| str0m::crypto::from_feature_flags().install_process_default());
        let server: SocketAddr = "192.0.2.1:8085".parse().unwrap();
        let worker = Worker::new(WorkerConfig {
            number: WorkerNumber(0),
            candidates: vec![server, "127.0.0.1:8085".parse().unwrap()],
            certificate: Certificate::generate().unwrap(),
        });
        let now = Instant::now();
        Self { now, worker, clients: Vec::new(), events: Vec::new(), server, credentials: 0 }
    }

    /// A world in which so many users of the usual shape are connected.
    pub fn with(count: usize) -> Self {
        let mut world = Self::new();
        for n in 0..count {
            world.join(user(n), OPEN, Shape::default());
        }
        world.run(500);
        assert!(world.clients.iter().all(|client| client.connected));
        world
    }

    /// Opens a session for a user, with a connection. The client's index is its session's number.
    pub fn join(&mut self, user: UserId, gate: Gate, shape: Shape) -> usize {
        let n = self.clients.len();
        let room = RoomId::from_i64(1).unwrap();
        self.worker.open(OpenSession { session: session(n), room, user, gate }).unwrap();
        let address = SocketAddr::from(([198, 51, 100, n as u8 + 1], 40_000));
        let (client, offer, pending) = Client::new(self.now, address, shape);
        self.clients.push(client);
        self.negotiate(n, offer, pending, &[]).unwrap();
        n
    }

    /// The client has made a new peer connection, at an address.
    pub fn rejoin(&mut self, n: usize, address: SocketAddr, shape: Shape) {
        let (client, offer, pending) = Client::new(self.now, address, shape);
        self.clients[n] = client;
        self.negotiate(n, offer, pending, &[]).unwrap();
    }

    /// Takes an offer to the worker and the answer back.
    pub fn negotiate(
        &mut self,
        n: usize,
        offer: SdpOffer,
        pending: SdpPendingOffer,
        labels: &[SourceLabel],
    ) -> Result<(), MediaRefusal> {
        let answer = self.offer(n, &offer.to_sdp_string(), labels)?;
        let answer = SdpAnswer::from_sdp_string(&answer).unwrap();
        let client = &mut self.clients[n];
        client.rtc.sdp_api().accept_answer(pending, answer).unwrap();
        client.timeout = self.now;
        self.exchange();
        Ok(())
    }

    /// Changes the direction of a section and renegotiates.
    pub fn redirect(&mut self, n: usize, mid: Mid, direction: Direction) {
        let mut changes = self.clients[n].rtc.sdp_api();
        changes.set_direction(mid, direction);
        let (offer, pending) = changes.apply().unwrap();
        self.negotiate(n, offer, pending, &[]).unwrap();
    }

    pub fn offer(
        &mut self,
        n: usize,
        sdp: &str,
        labels: &[SourceLabel],
    ) -> Result<String, MediaRefusal> {
        self.credentials = self.credentials.wrapping_add(1);
        let credentials = IceCredentials::from_random(WorkerNumber(0), [self.credentials; 32]);
        let answer = self.worker.offer(self.now, session(n), sdp, labels, credentials);
        self.drain();
        answer
    }

    pub fn gate(&mut self, n: usize, gate: Gate) {
        self.worker.set_gate(self.now, session(n), gate).unwrap();
        self.drain();
    }

    /// Lets time pass.
    pub fn run(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        self.exchange();
        while self.now < end {
            self.now += STEP;
            for n in 0..self.clients.len() {
                self.clients[n].tick(self.now);
            }
            if self.worker.poll_timeout().is_some_and(|at| at <= self.now) {
                self.worker.handle_timeout(self.now);
            }
            self.exchange();
        }
    }

    /// These clients send a microphone packet every 20 ms at these levels.
    pub fn talk(&mut self, talkers: &[(usize, i8)], ms: u64) {
        for _ in 0..ms / 20 {
            for &(n, level) in talkers {
                self.clients[n].say(self.now, level, &[n as u8; 60]);
            }
            self.run(20);
        }
    }

    /// These clients send a camera packet every 20 ms.
    pub fn film(&mut self, senders: &[(usize, Option<Rid>, usize)], ms: u64) {
        for _ in 0..ms / 20 {
            for &(n, rid, bytes) in senders {
                self.clients[n].show(self.now, rid, bytes);
            }
            self.run(20);
        }
    }

    /// Everything received so far, and forgets it.
    pub fn take_got(&mut self, n: usize) -> Vec<Got> {
        std::mem::take(&mut self.clients[n].got)
    }

    /// Everything reported so far, and forgets it.
    pub fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    /// The newest list of slots reported for a session: mid and whose user is in it.
    pub fn slots(&self, n: usize) -> Vec<SlotBinding> {
        let of = |event: &Event| match event {
            Event::Slots { session: s, slots } if *s == session(n) => Some(slots.clone()),
            _ => None,
        };
        self.events.iter().rev().find_map(of).unwrap_or_default()
    }

    /// Who is in the slots of a session, in order, without the empty ones.
    pub fn bound(&self, n: usize) -> Vec<UserId> {
        self.slots(n).into_iter().filter_map(|slot| slot.bound).map(|bound| bound.user).collect()
    }

    /// Puts bytes on the wire to the worker.
    pub fn inject(&mut self, source: SocketAddr, bytes: &[u8]) {
        self.worker.handle_datagram(self.now, source, self.server, bytes);
        self.drain();
    }

    /// Moves datagrams until nobody has any.
    fn exchange(&mut self) {
        loop {
            let mut moved = self.drain();
            for n in 0..self.clients.len() {
                let client = &mut self.clients[n];
                for (destination, bytes) in client.poll() {
                    if !client.unplugged {
                        moved = true;
                        let source = client.address;
                        self.worker.handle_datagram(self.now, source, destination, &bytes);
                    }
                }
            }
            if !moved {
                return;
            }
        }
    }

    /// Takes everything out of the worker. `true`: there was something for a client.
    pub fn drain(&mut self) -> bool {
        let mut moved = false;
        while let Some(output) = self.worker.poll_output() {
            match output {
                Output::Event(event) => self.events.push(event),
                Output::Handover(handover) => panic!("there is one worker: {handover:?}"),
                Output::Transmit(transmit) => {
                    let to = transmit.destination;
                    let client = self.clients.iter_mut().rfind(|c| c.address == to);
                    if let Some(client) = client.filter(|client| !client.unplugged) {
                        moved = true;
                        client.receive(self.now, transmit.source, &transmit.contents);
                    }
                }
            }
        }
        moved
    }
}

impl Client {
    fn config(shape: Shape) -> RtcConfig {
        let config = Rtc::builder().set_rtp_mode(true);
        if shape.audio_level { config } else { config.clear_extension_map() }
    }

    fn new(now: Instant, address: SocketAddr, shape: Shape) -> (Self, SdpOffer, SdpPendingOffer) {
        let mut rtc = Self::config(shape).build(now);
        rtc.add_local_candidate(Candidate::host(address, Protocol::Udp).unwrap());
        let mut changes = rtc.sdp_api();
        let mic = changes.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
        let camera = shape.camera.then(|| {
            let layers = shape.simulcast.then(|| Simulcast {
                send: vec![SimulcastLayer::new("l"), SimulcastLayer::new("h")],
                recv: Vec::new(),
            });
            changes.add_media(MediaKind::Video, Direction::SendOnly, None, None, layers)
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
            mic,
            camera,
            slots,
            got: Vec::new(),
            connected: false,
            keyframes_wanted: 0,
            unplugged: false,
            outgoing: Vec::new(),
            timeout: now,
            sent: 70_000,
            video_sent: 70_000,
        };
        (client, offer, pending)
    }

    /// Queues one 20 ms microphone packet.
    pub fn say(&mut self, now: Instant, level: i8, payload: &[u8]) {
        self.sent += 1;
        let ext_vals = ExtensionValues {
            audio_level: Some(level),
            // The library writes the extension only with both.
            voice_activity: Some(level > QUIET),
            ..ExtensionValues::default()
        };
        self.write(self.mic, None, now, self.sent, 960, payload, ext_vals);
    }

    /// Queues one camera packet.
    pub fn show(&mut self, now: Instant, rid: Option<Rid>, bytes: usize) {
        let Some(camera) = self.camera else { return };
        self.video_sent += u64::from(rid.is_none_or(|rid| &*rid == "l"));
        let ext_vals = ExtensionValues::default();
        self.write(camera, rid, now, self.video_sent, 1800, &vec![7; bytes], ext_vals);
    }

    #[allow(clippy::too_many_arguments, reason = "one packet in a test")]
    fn write(
        &mut self,
        mid: Mid,
        rid: Option<Rid>,
        now: Instant,
        seq: u64,
        ticks: u32,
        payload: &[u8],
        ext_vals: ExtensionValues,
    ) {
        let media = self.rtc.media(mid).unwrap();
        let payload_type = media.remote_pts()[0];
        let timestamp = (seq as u32).wrapping_mul(ticks);
        let write = RtpWrite::new(payload_type, (seq % 65_536).into(), timestamp, now, payload)
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

    fn tick(&mut self, now: Instant) {
        if self.timeout <= now && !self.unplugged {
            self.rtc.handle_input(Input::Timeout(now)).unwrap();
        }
    }

    fn receive(&mut self, now: Instant, source: SocketAddr, bytes: &[u8]) {
        // The answer to a forged plain STUN request is nothing to a peer connection.
        let Ok(contents) = bytes.try_into() else { return };
        let destination = self.address;
        let receive = Receive { proto: Protocol::Udp, source, destination, contents };
        self.rtc.handle_input(Input::Receive(now, receive)).unwrap();
        // The library holds one received packet at a time.
        self.take_outputs();
    }

    fn poll(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        self.take_outputs();
        std::mem::take(&mut self.outgoing)
    }

    fn take_outputs(&mut self) {
        loop {
            match self.rtc.poll_output().unwrap() {
                RtcOutput::Timeout(at) => {
                    self.timeout = at;
                    return;
                }
                RtcOutput::Transmit(transmit) => {
                    self.outgoing.push((transmit.destination, transmit.contents.into()));
                }
                RtcOutput::Event(RtcEvent::Connected) => self.connected = true,
                RtcOutput::Event(RtcEvent::KeyframeRequest(_)) => self.keyframes_wanted += 1,
                RtcOutput::Event(RtcEvent::RtpPacket(packet)) => {
                    let mut api = self.rtc.direct_api();
                    let mid = api.stream_rx(&packet.header.ssrc).unwrap().mid();
                    self.got.push(Got {
                        mid: mid.to_string(),
                        seq: *packet.seq_no,
                        timestamp: packet.header.timestamp,
                        payload: packet.payload.to_vec(),
                        level: packet.header.ext_vals.audio_level,
                    });
                }
                RtcOutput::Event(_) => {}
            }
        }
    }
}

/// Asserts that sequence numbers go up by one, and returns how many packets there were.
pub fn continuous(got: &[Got]) -> usize {
    for pair in got.windows(2) {
        assert_eq!(pair[1].seq, pair[0].seq + 1, "{} then {}", pair[0].seq, pair[1].seq);
    }
    got.len()
}
