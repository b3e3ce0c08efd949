//! The handle that async code holds: starts the threads and has them do what is asked. How a worker is
//! found and told is in `handle/asking.rs`.

mod asking;
#[cfg(test)]
mod tests;

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Instant;

use media::{
    Certificate, Event, Gate, IceCredentials, MediaRefusal, OpenSession, SourceLabel, Trial,
    ViewRequest, WorkerConfig, WorkerNumber,
};
use model::{RoomId, SessionId};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::address::candidate_addresses;
use crate::command::{Command, Pictures};
use crate::config::{MediaConfig, StartError};
use crate::deaths::Deaths;
use crate::placement::{Found, Placement, lock};
use crate::socket;
use crate::stats::MediaStats;
use crate::stream::Streams;
use crate::thread::{Link, Thread};
use crate::wake::Waker;

/// Commands that wait for one worker. A full queue makes callers wait, which is what they should do.
const COMMANDS_MAX: usize = 1024;
/// Events between the workers and the application before they wait at the worker.
const EVENTS_MAX: usize = 4096;
/// Threads at most: the number is one byte of an ICE name.
const WORKERS_MAX: usize = 256;

/// The running media side. Clones are the same one.
#[derive(Clone)]
pub struct Media(Arc<Inner>);

struct Inner {
    port: u16,
    addresses: Vec<IpAddr>,
    workers: Vec<WorkerHandle>,
    streams: Arc<Streams>,
    placement: Arc<Mutex<Placement>>,
    stop: Arc<AtomicBool>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

struct WorkerHandle {
    config: WorkerConfig,
    commands: mpsc::Sender<Command>,
    waker: Waker,
}

impl Media {
    /// Opens the sockets and starts the threads.
    pub fn start(config: MediaConfig) -> Result<(Self, mpsc::Receiver<Event>), StartError> {
        if str0m::config::CryptoProvider::get_default().is_none() {
            str0m::crypto::from_feature_flags().install_process_default();
        }
        let certificate = Certificate::generate().ok_or(StartError::Certificate)?;
        let sockets = socket::bind(&config, worker_count(config.workers))?;
        let (port, has_ipv6) = (sockets.port, sockets.has_ipv6);
        let addresses = candidate_addresses(&config, has_ipv6);
        let candidates: Vec<SocketAddr> =
            addresses.iter().map(|ip| SocketAddr::new(*ip, port)).collect();
        let tcp_candidates: Vec<SocketAddr> = config.tcp_port.map_or_else(Vec::new, |port| {
            addresses.iter().map(|ip| SocketAddr::new(*ip, port)).collect()
        });
        let (event_sender, events) = mpsc::channel(EVENTS_MAX);
        let stop = Arc::new(AtomicBool::new(false));
        let count = sockets.sockets.len();
        let mut links = Vec::with_capacity(count);
        let mut inboxes = Vec::with_capacity(count);
        for socket in &sockets.sockets {
            let waker = Waker::new(socket.local).map_err(StartError::Thread)?;
            let (link, inbox) = Link::new(waker);
            links.push(link);
            inboxes.push(inbox);
        }
        let placement = Arc::new(Mutex::new(Placement::new(count)));
        let deaths = Deaths::new(count);
        let mut workers = Vec::with_capacity(count);
        let mut threads = Vec::with_capacity(count);
        for (number, (socket, inbox)) in sockets.sockets.into_iter().zip(inboxes).enumerate() {
            let (commands, command_queue) = mpsc::channel(COMMANDS_MAX);
            let worker = WorkerConfig {
                number: WorkerNumber(number as u8),
                workers: count,
                candidates: candidates.clone(),
                tcp_candidates: tcp_candidates.clone(),
                certificate: certificate.clone(),
            };
            let thread = Thread {
                config: worker.clone(),
                socket,
                commands: command_queue,
                inbox,
                links: links.clone(),
                events: event_sender.clone(),
                stop: Arc::clone(&stop),
                placement: Arc::clone(&placement),
                deaths: deaths.clone(),
                tap: config.tap.clone(),
            };
            threads.push(thread.spawn().map_err(StartError::Thread)?);
            let waker = links[number].waker.clone();
            workers.push(WorkerHandle { config: worker, commands, waker });
        }
        let (streams, threads) = (Streams::new(links), Mutex::new(threads));
        let inner = Inner { port, addresses, placement, workers, streams, stop, threads };
        Ok((Self(Arc::new(inner)), events))
    }

    /// The UDP port that media arrives on.
    pub fn local_port(&self) -> u16 {
        self.0.port
    }

    /// The addresses that answers offer, the best first, loopback last.
    pub fn addresses(&self) -> Vec<IpAddr> {
        self.0.addresses.clone()
    }

    /// Takes a TCP connection whose first byte is 0 to 3, as the length of an ICE check begins, and which
    /// nothing has been read of. `keep` is dropped when it ends.
    pub fn take_stream(&self, stream: TcpStream, keep: impl Send + 'static) {
        self.0.streams.take(stream, keep);
    }

    /// Makes a session, before its first offer. One that exists stays as it is.
    pub async fn open(&self, open: OpenSession) -> Result<(), MediaRefusal> {
        loop {
            match self.seat(open, true).await {
                Ok(Some(())) => return Ok(()),
                Ok(None) => {}
                Err(refusal) => {
                    self.placement().remove(open.session);
                    return Err(refusal);
                }
            }
        }
    }

    /// Answers an offer of the client: the first, or a renegotiation. Returns the answer SDP.
    pub async fn offer(
        &self,
        session: SessionId,
        sdp: String,
        sources: Vec<SourceLabel>,
    ) -> Result<String, MediaRefusal> {
        let worker = self.worker_of(session).await?;
        let credentials = IceCredentials::from_random(WorkerNumber(worker as u8), rand::random());
        let config = self.0.workers[worker].config.clone();
        // Milliseconds of parsing and key making, which would be heard on the media thread.
        let tried = tokio::task::spawn_blocking(move || {
            Trial::new(Instant::now(), &config, &sdp, credentials).map(Box::new)
        });
        let trial = tried.await.map_err(|_| MediaRefusal::Overloaded)??;
        self.ask(worker, |reply| Command::Offer { session, trial, sources, reply }).await
    }

    /// Takes the client's answer to an offer of ours.
    pub async fn answer(&self, session: SessionId, sdp: String) -> Result<(), MediaRefusal> {
        let worker = self.worker_of(session).await?;
        self.ask(worker, |reply| Command::Answer { session, sdp, reply }).await
    }

    /// Takes a trickled candidate; `None` is the end of them.
    pub async fn candidate(
        &self,
        session: SessionId,
        candidate: Option<String>,
    ) -> Result<(), MediaRefusal> {
        let worker = self.worker_of(session).await?;
        self.ask(worker, |reply| Command::Candidate { session, candidate, reply }).await
    }

    /// Changes what a session may send and is sent. Returns when no packet that the new gate forbids
    /// can leave this process any more, nor reach the tap: its [`media::Voice::Ended`] is there, or is
    /// the next thing of the session that will be.
    /// Ok and nothing when the session is in another room by now.
    pub async fn set_gate(
        &self,
        session: SessionId,
        room: RoomId,
        gate: Gate,
    ) -> Result<(), MediaRefusal> {
        let set = self.tell_home(session, |placement, _, reply| {
            placement.is_in(session, room).then(|| {
                placement.note_gate(session, gate);
                Command::SetGate { session, room, gate, reply }
            })
        });
        self.keep(session, set.await?).await
    }

    /// Takes a session to another room on the same peer connection. Returns when no packet of it can
    /// reach anybody in the old room any more, nor one of the old room it.
    pub async fn carry(
        &self,
        session: SessionId,
        room: RoomId,
        gate: Gate,
    ) -> Result<(), MediaRefusal> {
        let carried = self.tell_home(session, |placement, worker, reply| {
            placement.note_room(session, room, gate);
            let beside = placement.beside(room, worker);
            Some(Command::Carry { session, room, gate, beside, reply })
        });
        self.keep(session, carried.await?).await
    }

    /// Changes what a session would like to see.
    pub async fn view(
        &self,
        session: SessionId,
        wants: Vec<ViewRequest>,
    ) -> Result<(), MediaRefusal> {
        let worker = self.worker_of(session).await?;
        self.ask(worker, |reply| Command::View { session, wants, reply }).await
    }

    /// What a session is sent of others' pictures just now.
    pub async fn pictures(&self, session: SessionId) -> Result<Pictures, MediaRefusal> {
        let worker = self.worker_of(session).await?;
        self.ask(worker, |reply| Command::Pictures { session, reply }).await
    }

    /// Ends a session. Returns when nothing of it can leave any more. Does nothing when it is in
    /// another room by now.
    pub async fn close(&self, session: SessionId, room: RoomId) {
        let home = loop {
            let found = self.placement().find(session);
            let worker = match found {
                None => return,
                Some(Found::Orphan(_, home)) => break home,
                Some(Found::At(worker)) => worker,
            };
            let mut elsewhere = false;
            let closed = self.tell(worker, |placement, reply| {
                elsewhere = placement.find(session) != Some(Found::At(worker));
                let ends = !elsewhere && placement.is_in(session, room);
                ends.then(|| {
                    placement.remove(session);
                    Command::Close { session, room, reply }
                })
            });
            match closed.await {
                Ok(bans) if !elsewhere => return self.forbid(bans.unwrap_or_default()).await,
                Ok(_) => {}
                Err(_) => break worker,
            }
        };
        // Its worker is gone and sends nothing more, but what it had sent may still be on the way.
        if self.placement().remove_from(session, room) {
            self.forbid_orphan(session, home).await;
        }
    }

    /// How many media threads run, of how many.
    pub fn threads(&self) -> (usize, usize) {
        (self.placement().running().count(), self.0.workers.len())
    }

    /// Whether every media thread runs. One that died stays dead until the process starts anew.
    pub fn is_healthy(&self) -> bool {
        let (running, all) = self.threads();
        running == all
    }

    /// Totals over all workers that still run.
    pub async fn stats(&self) -> MediaStats {
        let mut total = MediaStats::default();
        for worker in 0..self.0.workers.len() {
            if let Ok(stats) = self.ask(worker, |reply| Command::Stats { reply }).await {
                total.add(&stats);
            }
        }
        total
    }

    /// Ends the threads and closes the sockets. Later calls are answered [`MediaRefusal::WorkerGone`].
    pub fn stop(&self) {
        self.0.tell_to_stop();
        let threads = std::mem::take(&mut *lock(&self.0.threads));
        for thread in threads {
            // A panic in it was logged there.
            let _ = thread.join();
        }
    }

    fn placement(&self) -> MutexGuard<'_, Placement> {
        lock(&self.0.placement)
    }
}

impl Inner {
    fn tell_to_stop(&self) {
        self.stop.store(true, Ordering::Release);
        self.workers.iter().for_each(|worker| worker.waker.wake());
    }
}

impl Drop for Inner {
    /// The last handle is gone: nobody could stop the threads any more.
    fn drop(&mut self) {
        self.tell_to_stop();
    }
}

fn worker_count(wanted: usize) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let wanted = if wanted == 0 { cores } else { wanted };
    wanted.clamp(1, WORKERS_MAX)
}
