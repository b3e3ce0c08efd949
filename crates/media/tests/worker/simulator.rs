//! What lies between a client and its worker: delay, loss, a bottleneck with a queue, a NAT. In
//! simulated time, and the same every time for the same seed.
//!
//! A [`Link`] has two directions, each a [`Way`] with the properties of a [`Path`]. A datagram first
//! waits in the bottleneck's queue, is sent at its bandwidth, and is then in flight; what is lost is
//! lost in flight. The default path is perfect: nothing of it is seen in a test that does not ask.

mod tests;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// IPv4 and UDP: what a datagram has on the wire beside its contents.
const OVERHEAD_BYTES: usize = 28;
/// Of a path that does not say otherwise: a home router's, 250 ms at 1 Mbit/s.
const QUEUE_BYTES: usize = 32 * 1024;
const NANOS: u128 = 1_000_000_000;

/// One direction of a link.
#[derive(Clone, Debug)]
pub struct Path {
    /// Each datagram takes this long,
    pub delay: Duration,
    /// and up to this much longer, evenly spread.
    pub jitter: Duration,
    /// Whether jitter lets a datagram overtake another. If not, it waits for those before it.
    pub reorder: bool,
    /// The share that is lost, each by itself.
    pub loss: f64,
    /// Loss that comes in bursts, beside the other.
    pub bursts: Option<Bursts>,
    /// The share that takes [`Path::late_by`] longer and is overtaken meanwhile.
    pub late: f64,
    pub late_by: Duration,
    /// The share that arrives twice.
    pub duplicates: f64,
    /// Bits in a second, headers included. `None`: no bottleneck; 0: nothing leaves the queue.
    pub bandwidth_bps: Option<u64>,
    /// What the bottleneck keeps waiting, headers included; what finds no place is lost.
    pub queue_bytes: usize,
    /// What the bandwidth becomes, each so long after this path was laid; in order.
    pub steps: Vec<(Duration, u64)>,
}

impl Default for Path {
    fn default() -> Self {
        Self {
            delay: Duration::ZERO,
            jitter: Duration::ZERO,
            reorder: false,
            loss: 0.0,
            bursts: None,
            late: 0.0,
            late_by: Duration::from_millis(30),
            duplicates: 0.0,
            bandwidth_bps: None,
            queue_bytes: QUEUE_BYTES,
            steps: Vec::new(),
        }
    }
}

/// Gilbert and Elliott's channel: good, where nothing is lost, and bad, where much is.
#[derive(Clone, Copy, Debug)]
pub struct Bursts {
    /// How likely the channel turns bad before a datagram, and good again.
    pub enter: f64,
    pub leave: f64,
    /// The share that is lost while it is bad.
    pub loss: f64,
}

impl Bursts {
    /// A channel that loses this share in all, so many at a time on average.
    pub fn of(share: f64, length: f64) -> Self {
        let leave = 1.0 / length;
        Self { enter: leave * share / (1.0 - share), leave, loss: 1.0 }
    }
}

/// What became of the datagrams of a way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    pub sent: u64,
    pub sent_bytes: u64,
    pub arrived: u64,
    pub arrived_bytes: u64,
    /// In flight.
    pub lost: u64,
    /// Because the queue was full.
    pub overflowed: u64,
    pub duplicated: u64,
    /// Bytes that wait now, and that waited at most.
    pub queued_bytes: usize,
    pub queued_bytes_max: usize,
    /// From being sent to arriving.
    pub delay_sum: Duration,
    pub delay_max: Duration,
}

impl Stats {
    pub fn delay_mean(&self) -> Duration {
        self.delay_sum.checked_div(self.arrived as u32).unwrap_or_default()
    }
}

/// A generator of our own (splitmix64): the same numbers for a seed whatever becomes of libraries.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// From 0 up to 1.
    pub fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Something on its way.
struct Waiting<T> {
    what: T,
    bytes: usize,
    sent_at: Instant,
    fate: Fate,
}

struct Flying<T> {
    what: T,
    bytes: usize,
    sent_at: Instant,
    arrives_at: Instant,
}

/// What will become of a datagram in flight. Drawn when it is sent, always the same number of draws,
/// so that one property of a path does not move the luck of another.
#[derive(Clone, Copy)]
struct Fate {
    lost: bool,
    /// Its share of the jitter.
    jitter: f64,
    late: bool,
    again_after: Option<Duration>,
}

/// One direction.
pub struct Way<T> {
    path: Path,
    laid_at: Instant,
    dice: Dice,
    bad: bool,
    queue: VecDeque<Waiting<T>>,
    /// When the head of the queue is sent whole; `None`: never, as things are.
    leaves_at: Option<Instant>,
    /// By arrival.
    flight: VecDeque<Flying<T>>,
    /// The latest arrival among those that keep their order.
    latest: Instant,
    stats: Stats,
}

impl<T: Clone> Way<T> {
    pub fn new(now: Instant, seed: u64) -> Self {
        Self {
            path: Path::default(),
            laid_at: now,
            dice: Dice::new(seed),
            bad: false,
            queue: VecDeque::new(),
            leaves_at: None,
            flight: VecDeque::new(),
            latest: now,
            stats: Stats::default(),
        }
    }

    /// Replaces the path. What waits goes on over the new one, what is in flight as it was.
    pub fn lay(&mut self, now: Instant, path: Path) {
        self.advance(now);
        (self.path, self.laid_at) = (path, now);
        self.leaves_at = self.queue.front().and_then(|head| self.sent_whole(now, head.bytes));
        self.advance(now);
    }

    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Sends something. What arrives at once is in [`Way::receive`] right after.
    pub fn send(&mut self, now: Instant, bytes: usize, what: T) {
        self.advance(now);
        let bytes = bytes + OVERHEAD_BYTES;
        self.stats.sent += 1;
        self.stats.sent_bytes += bytes as u64;
        let fate = self.draw();
        if self.path.bandwidth_bps.is_none() && self.queue.is_empty() {
            self.fly(now, Waiting { what, bytes, sent_at: now, fate });
            return;
        }
        if self.stats.queued_bytes + bytes > self.path.queue_bytes {
            self.stats.overflowed += 1;
            return;
        }
        self.stats.queued_bytes += bytes;
        self.stats.queued_bytes_max = self.stats.queued_bytes_max.max(self.stats.queued_bytes);
        self.queue.push_back(Waiting { what, bytes, sent_at: now, fate });
        if self.queue.len() == 1 {
            self.leaves_at = self.sent_whole(now, bytes);
        }
    }

    /// What has arrived by now, one at a time.
    pub fn receive(&mut self, now: Instant) -> Option<T> {
        self.advance(now);
        let first = self.flight.pop_front_if(|first| first.arrives_at <= now)?;
        let took = first.arrives_at - first.sent_at;
        self.stats.arrived += 1;
        self.stats.arrived_bytes += first.bytes as u64;
        self.stats.delay_sum += took;
        self.stats.delay_max = self.stats.delay_max.max(took);
        Some(first.what)
    }

    /// When there is something to do: something arrives or leaves the queue.
    pub fn due_at(&self) -> Option<Instant> {
        let arrives = self.flight.front().map(|first| first.arrives_at);
        [arrives, self.leaves_at].into_iter().flatten().min()
    }

    /// Sends what has left the bottleneck by now.
    fn advance(&mut self, now: Instant) {
        while let Some(at) = self.leaves_at.filter(|at| *at <= now) {
            let Some(head) = self.queue.pop_front() else { break };
            self.stats.queued_bytes -= head.bytes;
            self.leaves_at = self.queue.front().and_then(|next| self.sent_whole(at, next.bytes));
            self.fly(at, head);
        }
    }

    /// When something is sent whole whose first bit is sent now.
    fn sent_whole(&self, from: Instant, bytes: usize) -> Option<Instant> {
        let Some(mut rate) = self.path.bandwidth_bps else { return Some(from) };
        let (mut at, mut left) = (from, bytes as u128 * 8 * NANOS);
        for (after, becomes) in &self.path.steps {
            let step = self.laid_at + *after;
            // In bits times nanoseconds, so that nothing is rounded on the way.
            let until = left.div_ceil(u128::from(rate).max(1));
            let there = step.saturating_duration_since(at).as_nanos();
            if rate > 0 && until <= there {
                break;
            }
            left -= u128::from(rate) * there;
            (at, rate) = (at.max(step), *becomes);
        }
        let nanos = (rate > 0).then(|| left.div_ceil(u128::from(rate)))?;
        Some(at + Duration::from_nanos(nanos as u64))
    }

    fn draw(&mut self) -> Fate {
        let [turn, burst, alone, jitter, late, again, after] = [(); 7].map(|()| self.dice.share());
        if let Some(bursts) = self.path.bursts {
            self.bad = if self.bad { turn >= bursts.leave } else { turn < bursts.enter };
        }
        let in_burst = self.path.bursts.is_some_and(|bursts| self.bad && burst < bursts.loss);
        let twice = again < self.path.duplicates;
        Fate {
            lost: in_burst || alone < self.path.loss,
            jitter,
            late: late < self.path.late,
            again_after: twice.then(|| self.path.late_by.mul_f64(after)),
        }
    }

    fn fly(&mut self, now: Instant, waiting: Waiting<T>) {
        let Waiting { what, bytes, sent_at, fate } = waiting;
        if fate.lost {
            self.stats.lost += 1;
            return;
        }
        let mut arrives_at = now + self.path.delay + self.path.jitter.mul_f64(fate.jitter);
        if fate.late {
            arrives_at += self.path.late_by;
        } else if !self.path.reorder {
            arrives_at = arrives_at.max(self.latest);
            self.latest = arrives_at;
        }
        if let Some(after) = fate.again_after {
            self.stats.duplicated += 1;
            let arrives_at = arrives_at + after;
            self.land(Flying { what: what.clone(), bytes, sent_at, arrives_at });
        }
        self.land(Flying { what, bytes, sent_at, arrives_at });
    }

    /// Keeps them by arrival; those that arrive together in the order in which they were sent.
    fn land(&mut self, flying: Flying<T>) {
        let place = self.flight.partition_point(|other| other.arrives_at <= flying.arrives_at);
        self.flight.insert(place, flying);
    }
}

/// From where, to where, what.
pub type Sent = (SocketAddr, SocketAddr, Vec<u8>);

/// Both directions between a client and its worker, and the NAT between them.
pub struct Link {
    /// From the client.
    pub up: Way<Sent>,
    /// To the client.
    pub down: Way<Sent>,
    /// The address under which the worker sees the client, if it is not the client's own.
    pub seen_as: Option<SocketAddr>,
}

impl Link {
    pub fn new(now: Instant, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        Self { up: Way::new(now, dice.next()), down: Way::new(now, dice.next()), seen_as: None }
    }

    pub fn due_at(&self) -> Option<Instant> {
        [self.up.due_at(), self.down.due_at()].into_iter().flatten().min()
    }
}

/// A link in the hand of a test.
pub struct Wire<'a> {
    pub link: &'a mut Link,
    pub now: Instant,
}

impl Wire<'_> {
    /// What the client sends goes over this from now on.
    pub fn up(&mut self, path: Path) -> &mut Self {
        self.link.up.lay(self.now, path);
        self
    }

    /// What is sent to the client does.
    pub fn down(&mut self, path: Path) -> &mut Self {
        self.link.down.lay(self.now, path);
        self
    }

    pub fn both(&mut self, path: Path) -> &mut Self {
        self.up(path.clone()).down(path)
    }

    /// The luck of this link from now on.
    pub fn seed(&mut self, seed: u64) -> &mut Self {
        let mut dice = Dice::new(seed);
        self.link.up.dice = Dice::new(dice.next());
        self.link.down.dice = Dice::new(dice.next());
        self
    }

    /// The NAT gives the client another address: the worker sees it from there, and what is sent to the
    /// old one is lost. The client knows nothing of it.
    pub fn rebind(&mut self, address: SocketAddr) -> &mut Self {
        self.link.seen_as = Some(address);
        self
    }
}
