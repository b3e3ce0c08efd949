//! Workers and their clients on an in-memory network with a clock that only moves when told.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Once;
use std::time::{Duration, Instant};

use media::{
    Ban, Certificate, Event, Gate, IceCredentials, MediaRefusal, Mixer, OpenSession, Output,
    Protocol, SlotBinding, SourceLabel, ViewRequest, Voice, Worker, WorkerConfig, WorkerNumber,
};
use model::{RoomId, SessionId, UserId};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::media::{Direction, Mid, Rid};

pub use crate::client::{Client, Got, Shape};
use crate::film::Film;
use crate::simulator::{Link, Wire};
pub use crate::wire::Wires;

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

pub fn room(n: i64) -> RoomId {
    RoomId::from_i64(n).unwrap()
}

/// The workers and everybody around them.
pub struct World {
    pub now: Instant,
    /// Most tests are about one.
    pub workers: Vec<Worker>,
    /// One for each worker.
    pub mixers: Vec<Mixer>,
    /// What workers want mixed is lost on the way.
    pub mixes_lost: bool,
    /// From worker to worker.
    pub wires: Wires,
    pub clients: Vec<Client>,
    /// Between each client and its worker; see [`World::link`].
    pub links: Vec<Link>,
    /// On which worker each client's session lives, and in which room it is; `None`: closed.
    places: Vec<(usize, Option<RoomId>)>,
    step: Duration,
    pub events: Vec<Event>,
    pub voices: Vec<Voice>,
    /// Sessions whose voice has begun and not ended.
    voiced: HashSet<SessionId>,
    server: SocketAddr,
    credentials: u8,
}

impl World {
    pub fn new() -> Self {
        Self::on(1)
    }

    /// A world with so many workers.
    pub fn on(workers: usize) -> Self {
        static CRYPTO: Once = Once::new();
        CRYPTO.call_once(|| str0m::crypto::from_feature_flags().install_process_default());
        let server: SocketAddr = "192.0.2.1:8085".parse().unwrap();
        let certificate = Certificate::generate().unwrap();
        let worker = |number| {
            Worker::new(WorkerConfig {
                number: WorkerNumber(number as u8),
                workers: 4,
                tcp_candidates: vec!["192.0.2.1:80".parse().unwrap()],
                candidates: vec![server, "127.0.0.1:8085".parse().unwrap()],
                certificate: certificate.clone(),
            })
        };
        let now = Instant::now();
        Self {
            now,
            workers: (0..workers).map(worker).collect(),
            mixers: (0..workers).map(|_| Mixer::default()).collect(),
            mixes_lost: false,
            wires: Wires::default(),
            clients: Vec::new(),
            links: Vec::new(),
            places: Vec::new(),
            step: STEP,
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

    /// A world of several workers whose clocks go in steps of a millisecond: whatever two people do, one
    /// did it first.
    pub fn finely(workers: usize) -> Self {
        Self { step: Duration::from_millis(1), ..Self::on(workers) }
    }

    /// Opens a session for a user, with a connection. The client's index is its session's number.
    pub fn join(&mut self, user: UserId, gate: Gate, shape: Shape) -> usize {
        self.join_at(0, room(1), user, gate, shape)
    }

    /// The same on a worker, in a room.
    pub fn join_at(
        &mut self,
        worker: usize,
        room: RoomId,
        user: UserId,
        gate: Gate,
        shape: Shape,
    ) -> usize {
        self.enter(worker, room, user, gate, |now, address| Client::new(now, address, shape))
    }

    /// Opens a session for a user that UDP does not get through to.
    pub fn join_over_tcp(&mut self, user: UserId, gate: Gate, shape: Shape) -> usize {
        let tcp = str0m::net::Protocol::Tcp;
        self.enter(0, room(1), user, gate, |now, address| {
            Client::over(tcp, now, address, shape, &[])
        })
    }

    /// Opens a session for a user whose camera films this for as long as time passes.
    pub fn join_filming(&mut self, user: UserId, gate: Gate, shape: Shape, film: Film) -> usize {
        self.join_filming_at(0, room(1), user, gate, shape, film)
    }

    /// The same on a worker, in a room.
    pub fn join_filming_at(
        &mut self,
        worker: usize,
        room: RoomId,
        user: UserId,
        gate: Gate,
        shape: Shape,
        film: Film,
    ) -> usize {
        let shape = Shape { camera: true, ..shape };
        self.enter(worker, room, user, gate, |now, address| {
            let (mut client, offer, pending) =
                Client::with_layers(now, address, shape, &film.rids());
            client.film(now, film);
            (client, offer, pending)
        })
    }

    fn enter(
        &mut self,
        worker: usize,
        room: RoomId,
        user: UserId,
        gate: Gate,
        client: impl FnOnce(Instant, SocketAddr) -> (Client, SdpOffer, SdpPendingOffer),
    ) -> usize {
        let n = self.clients.len();
        let open = OpenSession { session: session(n), room, user, gate };
        let beside = self.beside(worker, room);
        self.workers[worker].open(self.now, open, &beside).unwrap();
        self.places.push((worker, Some(room)));
        let address = SocketAddr::from(([198, 51, 100, n as u8 + 1], 40_000));
        let (client, offer, pending) = client(self.now, address);
        self.clients.push(client);
        self.links.push(Link::new(self.now, n as u64));
        self.negotiate(n, offer, pending, &[]).unwrap();
        n
    }

    /// The client has made a new peer connection, at an address.
    pub fn rejoin(&mut self, n: usize, address: SocketAddr, shape: Shape) {
        let (client, offer, pending) = Client::new(self.now, address, shape);
        self.clients[n] = client;
        self.links[n].seen_as = None;
        self.negotiate(n, offer, pending, &[]).unwrap();
    }

    /// What is between a client and its worker: perfect, until a test says otherwise.
    pub fn link(&mut self, n: usize) -> Wire<'_> {
        Wire { link: &mut self.links[n], now: self.now }
    }

    /// The address under which the worker knows a client.
    pub fn seen(&self, n: usize) -> SocketAddr {
        self.links[n].seen_as.unwrap_or(self.clients[n].address)
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
        let home = self.places.get(n).map_or(0, |place| place.0);
        let number = WorkerNumber(home as u8);
        let credentials = IceCredentials::from_random(number, [self.credentials; 32]);
        let answer = self.workers[home].offer(self.now, session(n), sdp, labels, credentials);
        self.drain();
        answer
    }

    /// The other workers with members of a room, as the caller of a worker is to know them.
    fn beside(&self, worker: usize, room: RoomId) -> Vec<WorkerNumber> {
        let has = |at: &usize| self.places.contains(&(*at, Some(room)));
        let others = (0..self.workers.len()).filter(|at| *at != worker).filter(has);
        others.map(|at| WorkerNumber(at as u8)).collect()
    }

    pub fn gate(&mut self, n: usize, gate: Gate) {
        let (home, room) = self.places[n];
        let bans = self.workers[home].set_gate(self.now, session(n), room.unwrap(), gate);
        self.drain();
        self.forbid(&bans.unwrap());
    }

    pub fn view(&mut self, n: usize, wants: &[ViewRequest]) {
        let home = self.places[n].0;
        self.workers[home].view(self.now, session(n), wants).unwrap();
        self.exchange();
    }

    /// Takes a session to another room.
    pub fn carry(&mut self, n: usize, to: RoomId, gate: Gate) {
        let home = self.places[n].0;
        self.places[n].1 = Some(to);
        let beside = self.beside(home, to);
        let bans = self.workers[home].carry(self.now, session(n), to, gate, &beside);
        self.drain();
        self.forbid(&bans.unwrap());
    }

    pub fn close(&mut self, n: usize) {
        let (home, Some(room)) = self.places[n] else { return };
        self.places[n].1 = None;
        let bans = self.workers[home].close(self.now, session(n), room);
        self.drain();
        self.forbid(&bans);
    }

    /// What is left to do on other workers, each after all that has been sent to it by now.
    pub fn forbid(&mut self, bans: &[Ban]) {
        for ban in bans {
            let to = usize::from(ban.worker.0);
            for relay in self.wires.take_for(to) {
                self.workers[to].handle_relay(self.now, relay);
            }
            self.workers[to].forbid(self.now, ban);
            self.drain();
        }
        self.exchange();
    }

    /// Lets time pass.
    pub fn run(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        self.exchange();
        while self.now < end {
            let tick = self.now + self.step;
            self.fly(tick);
            self.now = tick;
            for n in 0..self.clients.len() {
                self.clients[n].tick(self.now);
            }
            for at in 0..self.workers.len() {
                if self.workers[at].poll_timeout().is_some_and(|due| due <= self.now) {
                    self.workers[at].handle_timeout(self.now);
                    self.spread();
                }
                self.mix(at);
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
        self.workers[0].handle_datagram(self.now, source, self.server, bytes);
        self.drain();
    }

    /// Lets what arrives before a tick of the clock arrive when it does.
    fn fly(&mut self, tick: Instant) {
        while let Some(at) = self.links.iter().filter_map(Link::due_at).min() {
            if at >= tick {
                return;
            }
            self.now = self.now.max(at);
            self.exchange();
        }
    }

    /// Hands a worker what its mixer has mixed by now.
    fn mix(&mut self, at: usize) {
        self.mixers[at].handle_timeout(self.now);
        while let Some(mixed) = self.mixers[at].poll_output() {
            self.workers[at].handle_mixed(self.now, &mixed);
            self.drain();
        }
    }

    /// Moves datagrams until nobody has any.
    fn exchange(&mut self) {
        loop {
            let mut moved = self.spread();
            for n in 0..self.clients.len() {
                moved |= self.land(n);
                let client = &mut self.clients[n];
                if !client.held_back {
                    let (outgoing, unplugged) = (client.poll(), client.unplugged);
                    let source = self.seen(n);
                    for (destination, bytes) in outgoing.into_iter().filter(|_| !unplugged) {
                        moved = true;
                        let sent = (source, destination, bytes);
                        self.links[n].up.send(self.now, sent.2.len(), sent);
                    }
                }
                self.arrive(n);
            }
            if !moved {
                return;
            }
        }
    }

    /// Hands a client's worker what has arrived.
    fn arrive(&mut self, n: usize) {
        let home = self.places[n].0;
        while let Some((source, destination, bytes)) = self.links[n].up.receive(self.now) {
            let worker = &mut self.workers[home];
            match self.clients[n].tcp {
                true => worker.handle_frame(self.now, source, destination, &bytes),
                false => worker.handle_datagram(self.now, source, destination, &bytes),
            }
            if self.workers.len() > 1 {
                // All know of one packet before the next comes, as on one worker.
                self.spread();
            }
        }
    }

    /// Hands a client what has arrived. `true`: something had.
    fn land(&mut self, n: usize) -> bool {
        let mut moved = false;
        while let Some((source, destination, bytes)) = self.links[n].down.receive(self.now) {
            if self.seen(n) == destination && !self.clients[n].unplugged {
                moved = true;
                self.clients[n].receive(self.now, source, &bytes);
            }
        }
        moved
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

    /// Moves what workers have for each other until they have no more. `true`: there was something for
    /// a client.
    fn spread(&mut self) -> bool {
        let mut moved = self.drain();
        while let Some(relay) = self.wires.next() {
            self.workers[usize::from(relay.to.0)].handle_relay(self.now, relay);
            moved |= self.drain();
        }
        moved
    }

    /// Takes everything out of the workers. `true`: there was something for a client.
    pub fn drain(&mut self) -> bool {
        let mut moved = false;
        for at in 0..self.workers.len() {
            moved |= self.drain_one(at);
        }
        moved
    }

    fn drain_one(&mut self, at: usize) -> bool {
        let mut moved = false;
        while let Some(output) = self.workers[at].poll_output() {
            match output {
                // It says nothing that speaking does not, all the time.
                Output::Event(media::Event::Level { .. }) => {}
                Output::Event(event) => self.events.push(event),
                Output::Relay(relay) => self.wires.send(at, relay),
                Output::Voice(voice) => self.hear(voice),
                Output::Mix(_) if self.mixes_lost => {}
                Output::Mix(mix) => self.mixers[at].handle_mix(self.now, mix),
                Output::Handover(handover) => panic!("there is one worker: {handover:?}"),
                Output::Transmit(transmit) => {
                    let to = transmit.destination;
                    let known = (0..self.clients.len()).rfind(|n| self.seen(*n) == to);
                    let client = known.filter(|n| !self.clients[*n].unplugged);
                    if let Some(n) = client {
                        assert_eq!(transmit.protocol == Protocol::Tcp, self.clients[n].tcp);
                        let sent = (transmit.source, to, transmit.contents);
                        self.links[n].down.send(self.now, sent.2.len(), sent);
                        moved |= self.land(n);
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
