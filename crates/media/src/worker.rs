//! The media worker: all sessions of one thread behind one sans-IO surface. `net` calls it.
//!
//! Order of use: any `handle_*` or verb, then [`Worker::poll_output`] until `None`, then
//! [`Worker::poll_timeout`]. Handing in several datagrams before polling is fine and cheaper.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Instant;

use model::{Gate, SessionId};

use crate::credentials::{IceCredentials, WorkerNumber, worker_of};
use crate::demux::{Demux, Whose};
use crate::limit::{DATAGRAM_BYTES_MAX, SESSIONS_MAX, TIMER_STEP, VIEWS_MAX};
use crate::offer::Offer;
use crate::output::{Counters, Handover, Output, Transmit};
use crate::peer::{Certificate, Datagram, Peer};
use crate::refusal::MediaRefusal;
use crate::request::{OpenSession, SourceLabel, ViewRequest};
use crate::router::Router;
use crate::sdp::{check_candidate, finish_answer};
use crate::session::Session;
use crate::stun::{self, Stun};
use crate::timer::Timers;
use crate::trial::Trial;

/// What a worker is made with.
#[derive(Clone)]
pub struct WorkerConfig {
    /// Its number: part of every ICE name it hands out.
    pub number: WorkerNumber,
    /// How many workers there are. A name with a higher number is nobody's.
    pub workers: usize,
    /// Local addresses, the best first; what an answer offers as candidates.
    pub candidates: Vec<SocketAddr>,
    /// The process's certificate.
    pub certificate: Certificate,
}

/// All sessions of one thread.
pub struct Worker {
    config: WorkerConfig,
    router: Router,
    demux: Demux,
    timers: Timers,
    key_by_session: HashMap<SessionId, usize>,
    now: Option<Instant>,
}

impl Worker {
    /// A worker without sessions.
    pub fn new(config: WorkerConfig) -> Self {
        Self {
            config,
            router: Router::default(),
            demux: Demux::default(),
            timers: Timers::default(),
            key_by_session: HashMap::new(),
            now: None,
        }
    }

    /// Totals so far.
    pub fn counters(&self) -> Counters {
        Counters { sessions: self.key_by_session.len() as u64, ..self.router.counters }
    }

    /// Makes a session. Opening one that exists changes nothing.
    pub fn open(&mut self, open: OpenSession) -> Result<(), MediaRefusal> {
        if self.key_by_session.contains_key(&open.session) {
            return Ok(());
        }
        if self.key_by_session.len() >= SESSIONS_MAX {
            return Err(MediaRefusal::Overloaded);
        }
        let key = self.router.insert(Session::new(open));
        self.key_by_session.insert(open.session, key);
        Ok(())
    }

    /// Answers an offer: the first, a renegotiation, or the first of a new connection of the client.
    /// `credentials` are used for a new connection or an ICE restart.
    pub fn offer(
        &mut self,
        now: Instant,
        session: SessionId,
        sdp: &str,
        sources: &[SourceLabel],
        credentials: IceCredentials,
    ) -> Result<String, MediaRefusal> {
        self.key(session)?;
        let trial = Trial::new(now, &self.config, sdp, credentials)?;
        self.apply(now, session, trial, sources)
    }

    /// The second half of [`Worker::offer`], with an offer that was tried elsewhere.
    pub fn apply(
        &mut self,
        now: Instant,
        session: SessionId,
        trial: Trial,
        sources: &[SourceLabel],
    ) -> Result<String, MediaRefusal> {
        let Trial { offer, fresh, mut answer, credentials, made_at } = trial;
        // The caller may have looked at the clock before the trial did.
        let now = now.max(made_at);
        let key = self.key(session)?;
        Session::check_labels(&offer, sources)?;
        let continues = self.router.sessions[key].offer.as_ref().map(|earlier| {
            (offer.continues(earlier), offer.ufrag != earlier.ufrag, offer.check_order(earlier))
        });
        match continues {
            Some((true, restarts, order)) => {
                order?;
                answer = self.renegotiate(now, key, &offer, restarts.then_some(credentials))?;
            }
            _ => self.replace_peer(now, key, fresh),
        }
        self.router.adopt(key, offer, sources, now);
        let peer = self.router.sessions[key].peer.as_ref();
        let credentials = peer.map(|peer| peer.credentials().clone());
        self.router.drive(key, now);
        self.settle(now);
        let credentials = credentials.ok_or(MediaRefusal::UnknownSession)?;
        Ok(finish_answer(&answer, &self.config.candidates, &credentials))
    }

    fn renegotiate(
        &mut self,
        now: Instant,
        key: usize,
        offer: &Offer,
        restart: Option<IceCredentials>,
    ) -> Result<String, MediaRefusal> {
        let session = &mut self.router.sessions[key];
        let peer = session.peer.as_mut().ok_or(MediaRefusal::UnknownSession)?;
        let restarted = restart.is_some();
        if let Some(credentials) = restart {
            peer.set_credentials(credentials);
        }
        let answer = peer.accept_offer(&offer.text, &mut self.router.sink);
        let ufrag = peer.credentials().ufrag.clone();
        if restarted {
            self.name(key, ufrag);
        }
        self.router.handle_events(key, now);
        if answer.is_err() {
            // It passed on trial and was changed halfway here: not to be trusted any more.
            self.router.handle_dead(key, true, now);
        }
        answer
    }

    /// The client has a new connection (or its first): room, gate and meter stay.
    fn replace_peer(&mut self, now: Instant, key: usize, fresh: Peer) {
        self.forget_peer(key);
        self.router.leave_connection(key, now);
        self.name(key, fresh.credentials().ufrag.clone());
        self.router.sessions[key].peer = Some(fresh);
    }

    /// The session is known by this name from now on, and by no other.
    fn name(&mut self, key: usize, ufrag: String) {
        if let Some(before) = self.router.sessions[key].ufrag.replace(ufrag.clone()) {
            self.demux.remove_ufrag(&before);
        }
        self.demux.add_ufrag(ufrag, key);
    }

    fn forget_peer(&mut self, key: usize) {
        if let Some(ufrag) = self.router.sessions[key].ufrag.take() {
            self.demux.remove_ufrag(&ufrag);
        }
        self.demux.release(key);
    }

    /// Takes the answer to an offer of ours. We make none: slots are offered by the client.
    pub fn answer(&mut self, session: SessionId, _sdp: &str) -> Result<(), MediaRefusal> {
        self.key(session)?;
        Err(MediaRefusal::bad_sdp("no offer of ours is open"))
    }

    /// A candidate of the client, or the end of them. Checked and not needed: an ICE-lite side
    /// learns addresses from the checks that arrive.
    pub fn candidate(
        &self,
        session: SessionId,
        candidate: Option<&str>,
    ) -> Result<(), MediaRefusal> {
        self.key(session)?;
        let Some(text) = candidate.map(str::trim).filter(|text| !text.is_empty()) else {
            return Ok(());
        };
        let text = text.strip_prefix("a=").unwrap_or(text);
        let text = text
            .strip_prefix("candidate:")
            .ok_or_else(|| MediaRefusal::bad_sdp("a candidate begins with candidate:"))?;
        check_candidate(text)
    }

    /// What the session may send and is sent. What was forwarded before is in [`Worker::poll_output`]
    /// by the time this returns, and nothing that the new gate forbids follows it.
    pub fn set_gate(
        &mut self,
        now: Instant,
        session: SessionId,
        gate: Gate,
    ) -> Result<(), MediaRefusal> {
        let key = self.key(session)?;
        self.flush(now);
        self.router.set_gate(key, gate, now);
        self.settle(now);
        Ok(())
    }

    /// What the session would like to see.
    pub fn view(
        &mut self,
        now: Instant,
        session: SessionId,
        wants: &[ViewRequest],
    ) -> Result<(), MediaRefusal> {
        let key = self.key(session)?;
        self.router.set_view(key, &wants[..wants.len().min(VIEWS_MAX)], now);
        self.settle(now);
        Ok(())
    }

    /// Ends a session; the peer is told. Closing an unknown one does nothing.
    pub fn close(&mut self, now: Instant, session: SessionId) {
        let Some(key) = self.key_by_session.remove(&session) else { return };
        self.flush(now);
        self.forget_peer(key);
        if let Some(mut peer) = self.router.sessions[key].peer.take() {
            peer.close(&mut self.router.sink);
            self.router.sink.events.clear();
        }
        self.router.remove(key, now);
        self.timers.disarm(key);
        self.settle(now);
    }

    /// A datagram from a socket.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: SocketAddr,
        bytes: &[u8],
    ) {
        self.router.counters.received += 1;
        self.route(now, Datagram { source, destination, bytes }, true);
    }

    /// A datagram that another worker received for a session here.
    pub fn handle_handover(&mut self, now: Instant, handover: &Handover) {
        let Handover { source, destination, ref contents, .. } = *handover;
        self.route(now, Datagram { source, destination, bytes: contents }, false);
    }

    fn route(&mut self, now: Instant, datagram: Datagram<'_>, may_hand_over: bool) {
        self.now = Some(now);
        let first = datagram.bytes.first().copied();
        // RFC 7983 section 7: STUN, DTLS, RTP and RTCP by the first byte.
        match first {
            _ if datagram.bytes.len() > DATAGRAM_BYTES_MAX => self.router.counters.garbage += 1,
            Some(0..=3) => self.route_stun(now, datagram, may_hand_over),
            Some(20..=63 | 128..=191) => match self.demux.whose(datagram.source, now) {
                Whose::Session(key) => self.deliver(now, key, &datagram),
                Whose::Worker(worker) if may_hand_over => self.hand_over(worker, &datagram),
                Whose::Worker(_) | Whose::Nobody => self.router.counters.stranger += 1,
            },
            _ => self.router.counters.garbage += 1,
        }
        self.settle(now);
    }

    fn route_stun(&mut self, now: Instant, datagram: Datagram<'_>, may_hand_over: bool) {
        let source = datagram.source;
        match stun::parse(datagram.bytes) {
            None => self.router.counters.garbage += 1,
            Some(Stun::Plain { transaction }) => {
                self.router.counters.stun_answered += 1;
                self.router.sink.out.push_back(Output::Transmit(Transmit {
                    source: datagram.destination,
                    destination: source,
                    contents: stun::binding_success(transaction, source),
                }));
            }
            Some(Stun::Other) => match self.demux.owner(source) {
                Some(key) => self.deliver(now, key, &datagram),
                None => self.router.counters.stranger += 1,
            },
            Some(Stun::Check { ufrag }) => match worker_of(ufrag) {
                Some(worker) if may_hand_over && self.is_other(worker) => {
                    self.demux.remember_foreign(source, worker);
                    self.hand_over(worker, &datagram);
                }
                _ => self.route_check(now, ufrag, &datagram),
            },
        }
    }

    fn is_other(&self, worker: WorkerNumber) -> bool {
        worker != self.config.number && usize::from(worker.0) < self.config.workers
    }

    fn route_check(&mut self, now: Instant, ufrag: &str, datagram: &Datagram<'_>) {
        let key = self.demux.by_ufrag(ufrag).filter(|&key| {
            let peer = self.router.sessions[key].peer.as_mut();
            let known = self.demux.owner(datagram.source) == Some(key);
            // The library checks the password once more; only a new address is worth asking first.
            known || peer.is_some_and(|peer| peer.accepts(now, datagram))
        });
        let Some(key) = key else {
            self.router.counters.refused_checks += 1;
            return;
        };
        self.demux.claim(datagram.source, key, now);
        self.deliver(now, key, datagram);
    }

    fn hand_over(&mut self, worker: WorkerNumber, datagram: &Datagram<'_>) {
        self.router.counters.handed_over += 1;
        self.router.sink.out.push_back(Output::Handover(Handover {
            worker,
            source: datagram.source,
            destination: datagram.destination,
            contents: datagram.bytes.to_vec(),
        }));
    }

    fn deliver(&mut self, now: Instant, key: usize, datagram: &Datagram<'_>) {
        let session = &mut self.router.sessions[key];
        let Some(peer) = session.peer.as_mut() else { return };
        if !peer.handle_datagram(now, datagram, &mut self.router.sink) {
            self.router.counters.garbage += 1;
            return;
        }
        if let Some(event) = session.seen(now) {
            self.router.tell(event);
            self.router.handle_back(key, now);
        }
        self.router.handle_events(key, now);
    }

    /// Time went by.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = Some(now);
        while let Some(key) = self.timers.pop_due(now) {
            if self.router.sessions.contains(key) {
                self.router.handle_due(key, now);
            }
            self.settle(now);
        }
    }

    /// The next thing to do, until `None`.
    pub fn poll_output(&mut self) -> Option<Output> {
        loop {
            if let Some(output) = self.router.sink.out.pop_front() {
                self.router.counters.sent += u64::from(matches!(output, Output::Transmit(_)));
                return Some(output);
            }
            let now = self.now?;
            if self.router.flush_one(now) {
                self.settle(now);
            } else if !self.router.report_one() {
                return None;
            }
        }
    }

    /// When [`Worker::handle_timeout`] is wanted.
    pub fn poll_timeout(&mut self) -> Option<Instant> {
        self.timers.next()
    }

    fn flush(&mut self, now: Instant) {
        self.now = Some(now);
        while self.router.flush_one(now) {}
        self.settle(now);
    }

    /// Arms the timers of the sessions that something happened to.
    fn settle(&mut self, now: Instant) {
        self.now = Some(now);
        while let Some(key) = self.router.touched.pop() {
            let Some(session) = self.router.sessions.get(key) else { continue };
            if let Some(at) = session.deadline() {
                // Never now: a deadline that does not move must not hold up the others.
                self.timers.arm(key, at.max(now + TIMER_STEP));
            }
        }
    }

    fn key(&self, session: SessionId) -> Result<usize, MediaRefusal> {
        self.key_by_session.get(&session).copied().ok_or(MediaRefusal::UnknownSession)
    }
}
