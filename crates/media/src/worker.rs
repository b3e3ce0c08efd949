//! The media worker: all sessions of one thread behind one sans-IO surface. `net` calls it. Where a
//! datagram goes is in `worker/datagram.rs`.
//!
//! Order of use: any `handle_*` or verb, then [`Worker::poll_output`] until `None`, then
//! [`Worker::poll_timeout`]. Handing in several datagrams before polling is fine and cheaper.

mod datagram;

use std::net::SocketAddr;
use std::time::Instant;

use model::{Gate, RoomId, SessionId};

use crate::credentials::{IceCredentials, WorkerNumber};
use crate::demux::Demux;
use crate::event::Allocation;
use crate::limit::{SESSIONS_MAX, TIMER_STEP, VIEWS_MAX};
use crate::mixer::Mixed;
use crate::offer::Offer;
use crate::output::{Counters, Output};
use crate::peer::{Certificate, Peer};
use crate::red::in_offered_order;
use crate::refusal::MediaRefusal;
use crate::relay::{Ban, Relay};
use crate::request::{OpenSession, SourceLabel, ViewRequest};
use crate::router::Router;
use crate::sdp::{check_candidate, finish_answer};
use crate::session::Session;
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
    /// The same for connections that peers open: answers offer them after all others.
    pub tcp_candidates: Vec<SocketAddr>,
    /// The process's certificate.
    pub certificate: Certificate,
}

/// All sessions of one thread.
pub struct Worker {
    config: WorkerConfig,
    router: Router,
    demux: Demux,
    timers: Timers,
    now: Option<Instant>,
}

impl Worker {
    /// A worker without sessions.
    pub fn new(config: WorkerConfig) -> Self {
        Self {
            router: Router::new(config.number),
            config,
            demux: Demux::default(),
            timers: Timers::default(),
            now: None,
        }
    }

    /// Totals so far.
    pub fn counters(&self) -> Counters {
        self.router.totals()
    }

    /// Makes a session. Opening one that exists changes nothing. `beside`: the other workers that have
    /// members of its room; one too many does no harm.
    pub fn open(
        &mut self,
        now: Instant,
        open: OpenSession,
        beside: &[WorkerNumber],
    ) -> Result<(), MediaRefusal> {
        if self.router.own.contains_key(&open.session) {
            return Ok(());
        }
        if self.router.own.len() >= SESSIONS_MAX {
            return Err(MediaRefusal::Overloaded);
        }
        self.router.forget_stand_in(open.session, now);
        self.router.insert(Session::new(open), beside);
        self.settle(now);
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
        let answer = in_offered_order(&answer, &offer);
        self.router.adopt(key, offer, sources, now);
        let peer = self.router.sessions[key].peer.as_ref();
        let credentials = peer.map(|peer| peer.credentials().clone());
        self.router.drive(key, now);
        self.settle(now);
        let credentials = credentials.ok_or(MediaRefusal::UnknownSession)?;
        let WorkerConfig { candidates, tcp_candidates, .. } = &self.config;
        Ok(finish_answer(&answer, candidates, tcp_candidates, &credentials))
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
    /// by the time this returns, and nothing that the new gate forbids follows it; on other workers
    /// that holds when the bans that this returns are carried out. Does nothing when the session is in
    /// another room by now: whoever asks has not heard of the move.
    pub fn set_gate(
        &mut self,
        now: Instant,
        session: SessionId,
        room: RoomId,
        gate: Gate,
    ) -> Result<Vec<Ban>, MediaRefusal> {
        let key = self.key(session)?;
        if self.router.sessions[key].room != room {
            return Ok(Vec::new());
        }
        self.flush_pictures(key, now);
        self.router.sessions[key].turn += 1;
        let open = gate.speak && gate.camera && gate.screen;
        let bans = if open { Vec::new() } else { self.router.bans(key, Some(gate)) };
        self.router.set_gate(key, gate, now);
        self.settle(now);
        Ok(bans)
    }

    /// Takes a session to another room, with its connection. What was forwarded before is in
    /// [`Worker::poll_output`] by the time this returns, and nothing more passes between it and the old
    /// room; on other workers that holds when the bans that this returns are carried out. Its sources
    /// start in the new room with their next packets. `beside`: as for [`Worker::open`].
    pub fn carry(
        &mut self,
        now: Instant,
        session: SessionId,
        room: RoomId,
        gate: Gate,
        beside: &[WorkerNumber],
    ) -> Result<Vec<Ban>, MediaRefusal> {
        let key = self.key(session)?;
        if self.router.sessions[key].room == room {
            return self.set_gate(now, session, room, gate);
        }
        self.flush_pictures(key, now);
        self.router.sessions[key].turn += 1;
        let bans = self.router.bans(key, None);
        self.router.carry(key, room, gate, beside, now);
        self.settle(now);
        Ok(bans)
    }

    /// Carries out here what a verb on another worker has promised. The caller hands in everything that
    /// came from there before this, or what that verb forbids could follow.
    pub fn forbid(&mut self, now: Instant, ban: &Ban) {
        match self.router.stand_in_of(ban) {
            Some(key) => self.flush_pictures(key, now),
            None => self.flush(now),
        }
        self.router.forbid(ban, now);
        self.settle(now);
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

    /// In which layers a session is sent the pictures in its slots.
    pub fn allocations(&self, session: SessionId) -> Result<Vec<Allocation>, MediaRefusal> {
        Ok(self.router.allocations(self.key(session)?))
    }

    /// What a session's connection is thought to bear, bits per second. `None`: it receives no pictures, or
    /// does not say what arrives.
    pub fn estimate(&self, session: SessionId) -> Option<u64> {
        self.router.sessions[self.key(session).ok()?].budget.estimate_bps
    }

    /// Ends a session; the peer is told. Nothing of it follows, on other workers from when the bans that
    /// this returns are carried out. Does nothing when the session is unknown or in another room.
    pub fn close(&mut self, now: Instant, session: SessionId, room: RoomId) -> Vec<Ban> {
        let Ok(key) = self.key(session) else { return Vec::new() };
        if self.router.sessions[key].room != room {
            return Vec::new();
        }
        self.flush_pictures(key, now);
        self.router.sessions[key].turn += 1;
        let bans = self.router.bans(key, None);
        self.forget_peer(key);
        if let Some(mut peer) = self.router.sessions[key].peer.take() {
            peer.close(&mut self.router.sink);
            self.router.sink.events.clear();
        }
        self.router.remove(key, now);
        self.timers.disarm(key);
        self.settle(now);
        bans
    }

    /// What another worker has to say about a room with members on both.
    pub fn handle_relay(&mut self, now: Instant, relay: Relay) {
        self.router.handle_relay(relay, now);
        self.settle(now);
    }

    /// The mixer has mixed a room.
    pub fn handle_mixed(&mut self, now: Instant, mixed: &Mixed) {
        self.router.handle_mixed(mixed, now);
        self.settle(now);
    }

    /// Another worker has died, with all its sessions.
    pub fn handle_dead_worker(&mut self, now: Instant, worker: WorkerNumber) {
        self.router.handle_dead_worker(worker, now);
        self.settle(now);
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
            if self.router.flush_one(now) || self.router.arrange_one_mix(now) {
                self.settle(now);
            } else if !self.router.wish_one() && !self.router.report_one() {
                return None;
            }
        }
    }

    /// When [`Worker::handle_timeout`] is wanted.
    pub fn poll_timeout(&mut self) -> Option<Instant> {
        self.timers.next()
    }

    /// Sends all that there is, and what waits in a pacer because of this session too.
    fn flush_pictures(&mut self, key: usize, now: Instant) {
        self.router.release(key, false);
        self.flush(now);
        if self.router.sessions.contains(key) {
            self.router.release(key, true);
        }
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
        self.router.own.get(&session).copied().ok_or(MediaRefusal::UnknownSession)
    }
}
