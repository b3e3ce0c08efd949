//! A worker thread: receive a batch, let the core work, send a batch, answer commands, wait.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use media::{Event, Output, Protocol, Relay, Worker, WorkerConfig};
use tokio::sync::mpsc;

use crate::command::{Command, Done};
use crate::deaths::Deaths;
use crate::mixing::Mixing;
use crate::outlet::{self, Outlet};
use crate::placement::{Placement, lock};
use crate::relays::{RELAYS_MAX, RelaySender, Relays};
use crate::socket::{Egress, Ingress, Socket, wait};
use crate::stats::MediaStats;
use crate::stream::{Arrival, Connection, Outgoing};
use crate::tap::{Tap, Voices};
use crate::wake::Waker;

/// Datagrams that wait for a worker which received them elsewhere, and frames of TCP connections: a few milliseconds of a busy
/// worker. More would only make what is late later.
const ARRIVALS_MAX: usize = 2048;
/// Handed-over datagrams, relays and commands taken per turn, so that none starves the socket.
const ARRIVALS_PER_TURN: usize = 256;
const RELAYS_PER_TURN: usize = 1024;
const COMMANDS_PER_TURN: usize = 64;
/// Longest sleep: how late metrics may be, and a lost wake-up be noticed.
const SLEEP_MAX: Duration = Duration::from_secs(1);
/// Sleep while something waits for a place in somebody's queue.
const SLEEP_WITH_UNSENT: Duration = Duration::from_millis(5);
const PUBLISH_EVERY: Duration = Duration::from_secs(1);

/// How others reach a worker thread: with datagrams of its sessions, and with what its sessions are to
/// hear of others.
#[derive(Clone)]
pub(crate) struct Link {
    sender: SyncSender<Arrival>,
    relays: RelaySender,
    pub waker: Waker,
}

/// The thread's own end.
pub(crate) struct Inbox {
    receiver: Receiver<Arrival>,
    relays: Receiver<Relay>,
    waker: Waker,
}

impl Link {
    pub fn new(waker: Waker) -> (Self, Inbox) {
        let (sender, receiver) = sync_channel(ARRIVALS_MAX);
        let (relays, inbox) = RelaySender::new(waker.clone());
        let link = Self { sender, relays, waker: waker.clone() };
        (link, Inbox { receiver, relays: inbox, waker })
    }

    /// Gives the thread something, without waiting. What is full gives it back; `Err(None)`: the thread is
    /// gone.
    pub fn offer(&self, arrival: Arrival) -> Result<(), Option<Arrival>> {
        let sent = self.sender.try_send(arrival).map_err(|error| match error {
            TrySendError::Full(arrival) => Some(arrival),
            TrySendError::Disconnected(_) => None,
        });
        self.waker.wake();
        sent
    }
}

/// Everything a thread starts with.
pub(crate) struct Thread {
    pub config: WorkerConfig,
    pub socket: Socket,
    pub commands: mpsc::Receiver<Command>,
    pub inbox: Inbox,
    pub links: Vec<Link>,
    pub events: mpsc::Sender<Event>,
    pub stop: Arc<AtomicBool>,
    pub placement: Arc<Mutex<Placement>>,
    pub deaths: Deaths,
    pub tap: Option<Tap>,
}

impl Thread {
    /// Starts it. If it dies, its voices end, its commands are answered `WorkerGone`, nothing is placed
    /// there again and each of its sessions is reported as failed.
    pub fn spawn(self) -> io::Result<JoinHandle<()>> {
        let number = self.config.number.0;
        let (deaths, links) = (self.deaths.clone(), self.links.clone());
        let (placement, events) = (Arc::clone(&self.placement), self.events.clone());
        let stop = Arc::clone(&self.stop);
        let mut voices = Voices::new(self.tap.clone());
        let mixing = Mixing::start(number, self.inbox.waker.clone())?;
        let body = move || {
            // Nothing of the turn is used after a panic: it is dropped while unwinding, and with it
            // the socket, so that the system gives its datagrams to the other workers.
            let ran = catch_unwind(AssertUnwindSafe(|| Turn::new(self, mixing, &mut voices).run()));
            // Before its sessions are opened elsewhere, where their voices begin anew. The tap is not
            // ours: it may be what panicked, and the rest must be told all the same.
            let _ = catch_unwind(AssertUnwindSafe(|| voices.end_all(&stop)));
            if ran.is_ok() {
                return;
            }
            // First the threads that have something of its sessions: whoever opens one elsewhere may
            // rely on it that nothing more of them passes.
            deaths.note(usize::from(number));
            links.iter().for_each(|link| link.waker.wake());
            let lost = lock(&placement).bury(usize::from(number));
            tracing::error!(worker = number, sessions = lost.len(), "a media thread died");
            for session in lost {
                outlet::tell(&events, Event::Failed { session }, &stop);
            }
        };
        std::thread::Builder::new().name(format!("media-{number}")).spawn(body)
    }
}

/// The running thread.
struct Turn<'a> {
    number: u8,
    worker: Worker,
    socket: Socket,
    ingress: Ingress,
    egress: Egress,
    streams: Outgoing,
    commands: mpsc::Receiver<Command>,
    inbox: Inbox,
    links: Vec<Link>,
    /// A way to each worker, the own one unused.
    relays: Vec<Relays>,
    deaths: Deaths,
    deaths_known: usize,
    outlet: Outlet,
    mixing: Mixing,
    voices: &'a mut Voices,
    stop: Arc<AtomicBool>,
    done: Vec<Done>,
    handover_dropped: u64,
    published_at: Instant,
}

impl<'a> Turn<'a> {
    fn new(thread: Thread, mixing: Mixing, voices: &'a mut Voices) -> Self {
        Self {
            number: thread.config.number.0,
            ingress: Ingress::new(),
            egress: Egress::new(&thread.socket),
            streams: Outgoing::default(),
            worker: Worker::new(thread.config),
            socket: thread.socket,
            commands: thread.commands,
            inbox: thread.inbox,
            relays: thread.links.iter().map(|link| Relays::new(link.relays.clone())).collect(),
            links: thread.links,
            deaths: thread.deaths,
            deaths_known: 0,
            outlet: Outlet::new(thread.events),
            mixing,
            voices,
            stop: thread.stop,
            done: Vec::new(),
            handover_dropped: 0,
            published_at: Instant::now(),
        }
    }

    fn run(mut self) {
        while !self.stop.load(Ordering::Acquire) {
            let unsent = self.turn();
            let sleep = self.sleep(unsent);
            wait(&self.socket, &self.inbox.waker, sleep);
        }
    }

    /// One turn. `true`: events, voices or relays wait for a place.
    fn turn(&mut self) -> bool {
        self.inbox.waker.clear();
        let now = Instant::now();
        let worker = &mut self.worker;
        self.ingress.receive(&self.socket, |source, destination, bytes| {
            worker.handle_datagram(now, source, destination, bytes);
        });
        self.take_deaths(now);
        let more_arrivals = self.take_arrivals(now);
        let more_relays = self.take_relays(now, RELAYS_PER_TURN);
        self.mixing.take().for_each(|mixed| self.worker.handle_mixed(now, &mixed));
        self.worker.handle_timeout(now);
        let more_commands = self.run_commands(now);
        self.drain();
        self.egress.flush(&self.socket);
        for done in std::mem::take(&mut self.done) {
            done.complete(|| self.stats());
        }
        if now.saturating_duration_since(self.published_at) >= PUBLISH_EVERY {
            self.published_at = now;
            self.stats().publish(self.number);
        }
        if more_arrivals || more_relays || more_commands {
            self.inbox.waker.wake();
        }
        let voices_wait = self.voices.flush();
        let mut relays_wait = false;
        for relays in &mut self.relays {
            relays_wait |= relays.flush();
        }
        self.outlet.flush() || voices_wait || relays_wait
    }

    fn take_deaths(&mut self, now: Instant) {
        for dead in self.deaths.news(&mut self.deaths_known) {
            self.worker.handle_dead_worker(now, dead);
        }
    }

    /// `true`: there may be more than one turn's share.
    fn take_arrivals(&mut self, now: Instant) -> bool {
        let mut taken = 0;
        for arrival in self.inbox.receiver.try_iter().take(ARRIVALS_PER_TURN) {
            match arrival {
                Arrival::Datagram(handover) => self.worker.handle_handover(now, &handover),
                Arrival::Opened { connection, sender } => self.streams.open(connection, sender),
                Arrival::Frame { connection, contents } => {
                    let Connection { source, destination } = connection;
                    self.worker.handle_frame(now, source, destination, &contents);
                }
                Arrival::Closed { connection } => {
                    self.worker.handle_closed(connection.source);
                    self.streams.close(connection);
                }
            }
            taken += 1;
        }
        taken == ARRIVALS_PER_TURN
    }

    /// `true`: there may be more.
    fn take_relays(&mut self, now: Instant, most: usize) -> bool {
        let mut taken = 0;
        for relay in self.inbox.relays.try_iter().take(most) {
            self.worker.handle_relay(now, relay);
            taken += 1;
        }
        taken == most
    }

    /// `true`: there may be more than one turn's share. What other workers had sent before a command
    /// was given is handled before it: a ban relies on it, and a newcomer is not sent what is old.
    fn run_commands(&mut self, now: Instant) -> bool {
        for _ in 0..COMMANDS_PER_TURN {
            let Ok(command) = self.commands.try_recv() else { return false };
            self.take_relays(now, RELAYS_MAX);
            self.done.push(command.run(&mut self.worker, now));
        }
        true
    }

    fn drain(&mut self) {
        while let Some(output) = self.worker.poll_output() {
            match output {
                Output::Transmit(transmit) => match transmit.protocol {
                    Protocol::Udp => self.egress.push(&self.socket, transmit),
                    Protocol::Tcp => self.streams.send(transmit),
                },
                Output::Event(event) => self.outlet.push(event),
                Output::Voice(voice) => self.voices.push(voice),
                Output::Mix(mix) => self.mixing.push(mix),
                Output::Relay(relay) => {
                    if let Some(relays) = self.relays.get_mut(usize::from(relay.to.0)) {
                        relays.push(relay);
                    }
                }
                Output::Handover(handover) => {
                    let link = self.links.get(usize::from(handover.worker.0));
                    let sent = link.map(|link| link.offer(Arrival::Datagram(handover)));
                    if !matches!(sent, Some(Ok(()))) {
                        self.handover_dropped += 1;
                    }
                }
            }
        }
    }

    fn sleep(&mut self, unsent: bool) -> Duration {
        let limit = if unsent { SLEEP_WITH_UNSENT } else { SLEEP_MAX };
        let due = self.worker.poll_timeout();
        due.map_or(limit, |at| at.saturating_duration_since(Instant::now()).min(limit))
    }

    fn stats(&self) -> MediaStats {
        MediaStats {
            core: self.worker.counters(),
            send_dropped: self.egress.dropped,
            handover_dropped: self.handover_dropped,
            stream_dropped: self.streams.dropped,
            relay_dropped: self.relays.iter().map(|relays| relays.dropped).sum(),
            events_dropped: self.outlet.dropped,
            voices_dropped: self.voices.dropped,
            mixes_dropped: self.mixing.given_up(),
        }
    }
}
