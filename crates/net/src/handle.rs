//! The handle that async code holds: starts the threads, finds a session's worker, waits for replies.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::Instant;

use media::{
    Certificate, Event, Gate, IceCredentials, MediaRefusal, OpenSession, SourceLabel, Trial,
    ViewRequest, WorkerConfig, WorkerNumber,
};
use model::SessionId;
use tokio::sync::{mpsc, oneshot};

use crate::address::candidate_addresses;
use crate::command::{Command, Reply};
use crate::config::{MediaConfig, StartError};
use crate::placement::{Found, Placement, lock};
use crate::socket;
use crate::stats::MediaStats;
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
        let mut workers = Vec::with_capacity(count);
        let mut threads = Vec::with_capacity(count);
        for (number, (socket, inbox)) in sockets.sockets.into_iter().zip(inboxes).enumerate() {
            let (commands, command_queue) = mpsc::channel(COMMANDS_MAX);
            let worker = WorkerConfig {
                number: WorkerNumber(number as u8),
                workers: count,
                candidates: candidates.clone(),
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
                tap: config.tap.clone(),
            };
            threads.push(thread.spawn().map_err(StartError::Thread)?);
            let waker = links[number].waker.clone();
            workers.push(WorkerHandle { config: worker, commands, waker });
        }
        let inner =
            Inner { port, addresses, placement, workers, stop, threads: Mutex::new(threads) };
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

    /// Makes a session, before its first offer. One that exists stays as it is.
    pub async fn open(&self, open: OpenSession) -> Result<(), MediaRefusal> {
        let place = self.placement().place(open);
        let worker = place.ok_or(MediaRefusal::WorkerGone)?;
        let opened = self.ask(worker, |reply| Command::Open { open, reply }).await;
        if opened.is_err() {
            self.placement().remove(open.session);
        }
        opened
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
    pub async fn set_gate(&self, session: SessionId, gate: Gate) -> Result<(), MediaRefusal> {
        self.placement().note_gate(session, gate);
        let worker = self.worker_of(session).await?;
        self.ask(worker, |reply| Command::SetGate { session, gate, reply }).await
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

    /// Ends a session. Returns when nothing of it can leave any more.
    pub async fn close(&self, session: SessionId) {
        let found = self.placement().find(session);
        if let Some(Found::At(worker)) = found {
            // A worker that is gone sends nothing either.
            let _ = self.ask(worker, |reply| Command::Close { session, reply }).await;
        }
        // Only now: a caller that stops waiting must be able to ask again.
        self.placement().remove(session);
    }

    /// How many media threads run, of how many.
    pub fn threads(&self) -> (usize, usize) {
        (self.placement().running(), self.0.workers.len())
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

    async fn ask<T>(
        &self,
        worker: usize,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, MediaRefusal> {
        let (reply, outcome) = oneshot::channel();
        let worker = self.0.workers.get(worker).ok_or(MediaRefusal::WorkerGone)?;
        worker.commands.send(command(reply)).await.map_err(|_| MediaRefusal::WorkerGone)?;
        worker.waker.wake();
        outcome.await.unwrap_or(Err(MediaRefusal::WorkerGone))
    }

    /// Where a session lives. One whose worker died is opened on another first.
    async fn worker_of(&self, session: SessionId) -> Result<usize, MediaRefusal> {
        let found = self.placement().find(session).ok_or(MediaRefusal::UnknownSession)?;
        let orphan = match found {
            Found::At(worker) => return Ok(worker),
            Found::Orphan(open) => open,
        };
        let place = self.placement().place(orphan);
        let worker = place.ok_or(MediaRefusal::WorkerGone)?;
        self.ask(worker, |reply| Command::Open { open: orphan, reply }).await?;
        // A gate may have been set while it was being opened with an earlier one.
        let gate = self.placement().gate_of(session).ok_or(MediaRefusal::UnknownSession)?;
        self.ask(worker, |reply| Command::SetGate { session, gate, reply }).await?;
        Ok(worker)
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use model::{RoomId, UserId};

    use super::*;

    const OPEN: Gate =
        Gate { speak: true, camera: true, screen: true, receive: true, captions: false };
    const PATIENCE: Duration = Duration::from_secs(60);

    fn open(n: i64) -> OpenSession {
        let (room, user) = (RoomId::from_i64(n).unwrap(), UserId::from_i64(n).unwrap());
        OpenSession { session: SessionId::from_i64(n).unwrap(), room, user, gate: OPEN }
    }

    #[tokio::test]
    async fn a_dead_thread_is_noticed_and_its_sessions_live_elsewhere() {
        let config = MediaConfig { workers: 2, ..MediaConfig::default() };
        let (media, mut events) = Media::start(config).unwrap();
        for n in 1..=4 {
            media.open(open(n)).await.unwrap();
        }
        assert!(media.is_healthy());
        assert_eq!(
            media.ask(0, |reply| Command::Die { reply }).await,
            Err(MediaRefusal::WorkerGone)
        );
        let mut failed = Vec::new();
        while failed.len() < 2 {
            let event = tokio::time::timeout(PATIENCE, events.recv()).await.unwrap().unwrap();
            let Event::Failed { session } = event else { panic!("{event:?}") };
            failed.push(session);
        }
        failed.sort();
        assert_eq!(failed, [open(1).session, open(3).session]);
        assert!(!media.is_healthy());
        assert_eq!(media.threads(), (1, 2));
        let closed = Gate { speak: false, ..OPEN };
        assert_eq!(media.set_gate(open(1).session, closed).await, Ok(()), "opened elsewhere");
        assert_eq!(media.open(open(5)).await, Ok(()), "a new room too");
        assert_eq!(media.stats().await.core.sessions, 4, "two, one that moved, one that is new");
        media.close(open(3).session).await;
        assert_eq!(media.set_gate(open(3).session, OPEN).await, Err(MediaRefusal::UnknownSession));
        media.stop();
    }
}
