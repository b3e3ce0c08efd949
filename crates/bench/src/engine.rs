//! The thread that runs all members: one loop over sockets and deadlines.
//!
//! Signalling happens elsewhere (it waits for replies); negotiated connections are handed in. The loop
//! wakes for datagrams, for what is due, and every few milliseconds to look for what was handed in.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::draft::{Draft, Path};
use crate::member::{Heard, Member};
use crate::stream::Window;
use crate::sys::{self, Inlet, Waiting};

/// How long a new member or the end may wait for the loop.
const LOOK_EVERY: Duration = Duration::from_millis(4);
/// How long arrivals may wait in the kernel once everybody is connected.
const REST: Duration = Duration::from_millis(2);
/// Batches taken from one socket before anything else is looked at.
const BATCHES_PER_TURN: usize = 4;

/// Where the members' packets come from.
#[derive(Clone, Copy, Debug)]
pub enum Addresses {
    /// Each has an address of 127.0.0.0/8 of its own, all on one socket: the server is on this machine.
    Loopback,
    /// Each has a socket of its own at this address. Janus does not listen on loopback addresses; packets
    /// between addresses of one machine go that way all the same.
    One(Ipv4Addr),
}

/// The running thread.
pub struct Engine {
    addresses: Addresses,
    port: u16,
    made: u32,
    commands: Sender<Command>,
    counts: Arc<Counts>,
    thread: Option<JoinHandle<Vec<Heard>>>,
}

/// How many members came how far.
#[derive(Default)]
struct Counts {
    connected: AtomicUsize,
    heard: AtomicUsize,
    failed: AtomicUsize,
}

enum Command {
    Add(Box<Draft>),
    Measure(Window),
    Finish,
}

impl Engine {
    /// Starts it, without members.
    pub fn start(addresses: Addresses) -> Result<Self> {
        let shared = sys::open(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0))?;
        let port = shared.local_addr()?.port();
        let (commands, inbox) = channel();
        let counts = Arc::new(Counts::default());
        let mut waiting = Waiting::default();
        waiting.add(&shared);
        let crew = Crew {
            sockets: vec![shared],
            waiting,
            members: Vec::new(),
            at: HashMap::new(),
            window: Window::NONE,
            counts: Arc::clone(&counts),
        };
        let thread = std::thread::Builder::new()
            .name("members".to_owned())
            .spawn(move || crew.run(&inbox))
            .context("a thread")?;
        Ok(Self { addresses, port, made: 0, commands, counts, thread: Some(thread) })
    }

    /// A new connection from an address of its own.
    pub fn draft(&mut self, path: Path) -> Result<Draft> {
        self.made += 1;
        match self.addresses {
            Addresses::Loopback => {
                let [.., high, low] = self.made.to_be_bytes();
                let ip = Ipv4Addr::new(127, 77, high, low);
                Draft::new(path, SocketAddrV4::new(ip, self.port), None)
            }
            Addresses::One(ip) => {
                let socket = sys::open(SocketAddrV4::new(ip, 0))?;
                let port = socket.local_addr()?.port();
                Draft::new(path, SocketAddrV4::new(ip, port), Some(socket))
            }
        }
    }

    /// Runs a negotiated connection from now on.
    pub fn add(&self, draft: Draft) -> Result<()> {
        self.commands.send(Command::Add(Box::new(draft))).ok().context("the members' thread ended")
    }

    /// What is measured.
    pub fn measure(&self, window: Window) -> Result<()> {
        self.commands.send(Command::Measure(window)).ok().context("the members' thread ended")
    }

    /// Members whose DTLS is up.
    pub fn connected(&self) -> usize {
        self.counts.connected.load(Ordering::Acquire)
    }

    /// Members that have received media, or are meant to receive none.
    pub fn hearing(&self) -> usize {
        self.counts.heard.load(Ordering::Acquire)
    }

    /// Waits until so many of something, by one of the counts above.
    pub fn wait(
        &self,
        what: &str,
        count: fn(&Self) -> usize,
        wanted: usize,
        limit: Duration,
    ) -> Result<()> {
        let end = Instant::now() + limit;
        while count(self) < wanted {
            let failed = self.counts.failed.load(Ordering::Acquire);
            if Instant::now() > end || failed > 0 {
                bail!("{} of {wanted} {what}, {failed} failed", count(self));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Ok(())
    }

    /// Ends all members; what they heard, in the order in which they were added.
    pub fn finish(mut self) -> Result<Vec<Heard>> {
        self.commands.send(Command::Finish).ok().context("the members' thread ended")?;
        let thread = self.thread.take().context("finished twice")?;
        thread.join().ok().context("the members' thread panicked")
    }
}

/// What the thread owns.
struct Crew {
    sockets: Vec<UdpSocket>,
    waiting: Waiting,
    members: Vec<(usize, Member)>,
    /// Which member is at a local address.
    at: HashMap<(usize, Ipv4Addr), usize>,
    window: Window,
    counts: Arc<Counts>,
}

impl Crew {
    fn run(mut self, inbox: &Receiver<Command>) -> Vec<Heard> {
        let mut inlet = Inlet::new();
        let mut next_count = Instant::now();
        loop {
            for command in inbox.try_iter() {
                match command {
                    Command::Add(draft) => self.add(*draft),
                    Command::Measure(window) => self.window = window,
                    Command::Finish => {
                        return self.members.into_iter().map(|(_, one)| one.finish()).collect();
                    }
                }
            }
            self.receive(&mut inlet);
            let now = Instant::now();
            let due = self.act(now);
            if now >= next_count {
                next_count = now + LOOK_EVERY;
                self.count();
            }
            self.rest(due);
        }
    }

    /// Waits for what is due, and for datagrams. Once everybody is connected they wait as well, for
    /// arrivals have the kernel's time: to wake for each would make the client the dearer of the two, and
    /// the server, whose sending would wake it, pay for that.
    fn rest(&mut self, due: Instant) {
        let limit = due.saturating_duration_since(Instant::now());
        let connected = self.counts.connected.load(Ordering::Acquire);
        if connected < self.members.len() {
            return self.waiting.wait(limit.min(LOOK_EVERY));
        }
        std::thread::sleep(limit.min(REST));
        self.waiting.wait(Duration::ZERO);
    }

    fn add(&mut self, mut draft: Draft) {
        let socket = match draft.socket.take() {
            None => 0,
            Some(own) => {
                self.waiting.add(&own);
                self.sockets.push(own);
                self.sockets.len() - 1
            }
        };
        self.at.insert((socket, *draft.local.ip()), self.members.len());
        self.members.push((socket, Member::new(draft, Instant::now())));
    }

    fn receive(&mut self, inlet: &mut Inlet) {
        let Self { sockets, waiting, members, at, window, .. } = self;
        for number in waiting.ready() {
            let socket = &sockets[number];
            for _ in 0..BATCHES_PER_TURN {
                let received = inlet.receive(socket, |datagram| {
                    let member = at.get(&(number, datagram.to)).and_then(|at| members.get_mut(*at));
                    if let Some((_, member)) = member {
                        member.handle_datagram(&datagram, socket, window);
                    }
                });
                if received < sys::BATCH {
                    break;
                }
            }
        }
    }

    /// Lets everyone act who is due; returns when the next one is.
    fn act(&mut self, now: Instant) -> Instant {
        let mut next = now + LOOK_EVERY;
        for (socket, member) in &mut self.members {
            if member.due() <= now {
                member.handle_timeout(now, &self.sockets[*socket], &self.window);
            }
            next = next.min(member.due());
        }
        next
    }

    fn count(&self) {
        let count = |counter: &AtomicUsize, which: fn(&Member) -> bool| {
            let all = self.members.iter().filter(|(_, member)| which(member)).count();
            counter.store(all, Ordering::Release);
        };
        count(&self.counts.connected, |member| member.course.connected_ns.is_some());
        let hears = |one: &Member| one.course.hears == 0 || one.course.first_media_ns.is_some();
        count(&self.counts.heard, hears);
        count(&self.counts.failed, |member| member.course.failed.is_some());
    }
}

/// The address that this machine sends from; without a network, loopback.
pub fn first_address() -> io::Result<Ipv4Addr> {
    // Nothing is sent: the system only says which of its addresses it would send from.
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    if socket.connect((Ipv4Addr::new(192, 0, 2, 254), 9)).is_err() {
        return Ok(Ipv4Addr::LOCALHOST);
    }
    match socket.local_addr()?.ip() {
        std::net::IpAddr::V4(ip) => Ok(ip),
        std::net::IpAddr::V6(_) => Err(io::ErrorKind::AddrNotAvailable.into()),
    }
}
