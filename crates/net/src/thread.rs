//! A worker thread: receive a batch, let the core work, send a batch, answer commands, wait.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use media::{Event, Handover, Output, Worker, WorkerConfig};
use tokio::sync::mpsc;

use crate::command::{Command, Done};
use crate::outlet::{self, Outlet};
use crate::placement::{Placement, lock};
use crate::socket::{Egress, Ingress, Socket, wait};
use crate::stats::MediaStats;
use crate::tap::{Tap, Voices};
use crate::wake::Waker;

/// Datagrams that wait for a worker which received them elsewhere: a few milliseconds of a busy
/// worker. More would only make what is late later.
const HANDOVERS_MAX: usize = 2048;
/// Handed-over datagrams and commands taken per turn, so that neither starves the socket.
const HANDOVERS_PER_TURN: usize = 256;
const COMMANDS_PER_TURN: usize = 64;
/// Longest sleep: how late metrics may be, and a lost wake-up be noticed.
const SLEEP_MAX: Duration = Duration::from_secs(1);
/// Sleep while events or voices wait for the application.
const SLEEP_WITH_UNSENT: Duration = Duration::from_millis(5);
const PUBLISH_EVERY: Duration = Duration::from_secs(1);

/// How others reach a worker thread with datagrams of its sessions.
#[derive(Clone)]
pub(crate) struct Link {
    sender: SyncSender<Handover>,
    pub waker: Waker,
}

/// The thread's own end.
pub(crate) struct Inbox {
    receiver: Receiver<Handover>,
    waker: Waker,
}

impl Link {
    pub fn new(waker: Waker) -> (Self, Inbox) {
        let (sender, receiver) = sync_channel(HANDOVERS_MAX);
        (Self { sender, waker: waker.clone() }, Inbox { receiver, waker })
    }

    fn send(&self, handover: Handover) -> bool {
        let sent = match self.sender.try_send(handover) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        };
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
    pub tap: Option<Tap>,
}

impl Thread {
    /// Starts it. If it dies, its voices end, its commands are answered `WorkerGone`, nothing is placed
    /// there again and each of its sessions is reported as failed.
    pub fn spawn(self) -> io::Result<JoinHandle<()>> {
        let number = self.config.number.0;
        let (placement, events) = (Arc::clone(&self.placement), self.events.clone());
        let stop = Arc::clone(&self.stop);
        let mut voices = Voices::new(self.tap.clone());
        let body = move || {
            // Nothing of the turn is used after a panic: it is dropped while unwinding, and with it
            // the socket, so that the system gives its datagrams to the other workers.
            let ran = catch_unwind(AssertUnwindSafe(|| Turn::new(self, &mut voices).run()));
            // Before its sessions are opened elsewhere, where their voices begin anew. The tap is not
            // ours: it may be what panicked, and the rest must be told all the same.
            let _ = catch_unwind(AssertUnwindSafe(|| voices.end_all(&stop)));
            if ran.is_ok() {
                return;
            }
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
    commands: mpsc::Receiver<Command>,
    inbox: Inbox,
    links: Vec<Link>,
    outlet: Outlet,
    voices: &'a mut Voices,
    stop: Arc<AtomicBool>,
    done: Vec<Done>,
    handover_dropped: u64,
    published_at: Instant,
}

impl<'a> Turn<'a> {
    fn new(thread: Thread, voices: &'a mut Voices) -> Self {
        Self {
            number: thread.config.number.0,
            ingress: Ingress::new(),
            egress: Egress::new(&thread.socket),
            worker: Worker::new(thread.config),
            socket: thread.socket,
            commands: thread.commands,
            inbox: thread.inbox,
            links: thread.links,
            outlet: Outlet::new(thread.events),
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

    /// One turn. `true`: events or voices wait for the application.
    fn turn(&mut self) -> bool {
        self.inbox.waker.clear();
        let now = Instant::now();
        let worker = &mut self.worker;
        self.ingress.receive(&self.socket, |source, destination, bytes| {
            worker.handle_datagram(now, source, destination, bytes);
        });
        let more_handovers = self.take_handovers(now);
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
        if more_handovers || more_commands {
            self.inbox.waker.wake();
        }
        let voices_wait = self.voices.flush();
        self.outlet.flush() || voices_wait
    }

    /// `true`: there may be more than one turn's share.
    fn take_handovers(&mut self, now: Instant) -> bool {
        let mut taken = 0;
        for handover in self.inbox.receiver.try_iter().take(HANDOVERS_PER_TURN) {
            self.worker.handle_handover(now, &handover);
            taken += 1;
        }
        taken == HANDOVERS_PER_TURN
    }

    /// `true`: there may be more than one turn's share.
    fn run_commands(&mut self, now: Instant) -> bool {
        for _ in 0..COMMANDS_PER_TURN {
            let Ok(command) = self.commands.try_recv() else { return false };
            self.done.push(command.run(&mut self.worker, now));
        }
        true
    }

    fn drain(&mut self) {
        while let Some(output) = self.worker.poll_output() {
            match output {
                Output::Transmit(transmit) => self.egress.push(&self.socket, transmit),
                Output::Event(event) => self.outlet.push(event),
                Output::Voice(voice) => self.voices.push(voice),
                Output::Handover(handover) => {
                    let link = self.links.get(usize::from(handover.worker.0));
                    if !link.is_some_and(|link| link.send(handover)) {
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
            events_dropped: self.outlet.dropped,
            voices_dropped: self.voices.dropped,
        }
    }
}
