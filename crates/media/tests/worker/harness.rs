//! A worker and its clients on an in-memory network with a clock that only moves when told.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Once;
use std::time::{Duration, Instant};

use media::{
    Certificate, Event, Gate, IceCredentials, MediaRefusal, OpenSession, Output, SlotBinding,
    SourceLabel, Voice, Worker, WorkerConfig, WorkerNumber,
};
use model::{RoomId, SessionId, UserId};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::media::{Direction, Mid, Rid};

pub use crate::client::{Client, Got, Shape};

/// Everything open.
pub const OPEN: Gate =
    Gate { speak: true, camera: true, screen: true, receive: true, captions: false };
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

/// The worker and everybody around it.
pub struct World {
    pub now: Instant,
    pub worker: Worker,
    pub clients: Vec<Client>,
    pub events: Vec<Event>,
    pub voices: Vec<Voice>,
    /// Sessions whose voice has begun and not ended.
    voiced: HashSet<SessionId>,
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
            workers: 4,
            candidates: vec![server, "127.0.0.1:8085".parse().unwrap()],
            certificate: Certificate::generate().unwrap(),
        });
        let now = Instant::now();
        Self {
            now,
            worker,
            clients: Vec::new(),
            events: Vec::new(),
            voices: Vec::new(),
            voiced: HashSet::new(),
            server,
            credentials: 0,
        }
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

    /// Everything tapped so far, and forgets it.
    pub fn take_voices(&mut self) -> Vec<Voice> {
        std::mem::take(&mut self.voices)
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
                if client.held_back {
                    continue;
                }
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

    /// Whatever a test is about: a voice begins, has packets, ends.
    fn hear(&mut self, voice: Voice) {
        match &voice {
            Voice::Began { session, .. } => assert!(self.voiced.insert(*session), "begun twice"),
            Voice::Packet { session, .. } => assert!(self.voiced.contains(session), "{voice:?}"),
            Voice::Ended { session } => assert!(self.voiced.remove(session), "ended twice"),
        }
        self.voices.push(voice);
    }

    /// Takes everything out of the worker. `true`: there was something for a client.
    pub fn drain(&mut self) -> bool {
        let mut moved = false;
        while let Some(output) = self.worker.poll_output() {
            match output {
                Output::Event(event) => self.events.push(event),
                Output::Voice(voice) => self.hear(voice),
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

/// Asserts that sequence numbers go up by one, and returns how many packets there were.
pub fn continuous(got: &[Got]) -> usize {
    for pair in got.windows(2) {
        assert_eq!(pair[1].seq, pair[0].seq + 1, "{} then {}", pair[0].seq, pair[1].seq);
    }
    got.len()
}
