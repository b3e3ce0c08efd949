//! A WebRTC client on a socket of its own, driven by a thread of its own.

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Event, Input, Output, Rtc};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// The one limit on waiting: far beyond anything that works.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Between two packets while talking. Faster than speech, to have many soon.
const PACKET_EVERY: Duration = Duration::from_millis(5);

/// What the thread reports.
enum Seen {
    Connected,
    /// A packet with this number in it.
    Packet(u32),
}

/// A client; its thread ends when it is dropped.
pub struct Client {
    /// The number in the newest packet it has sent.
    pub sent: Arc<AtomicU32>,
    talking: Arc<AtomicBool>,
    gone: Arc<AtomicBool>,
    seen: mpsc::UnboundedReceiver<Seen>,
    prepared: Option<(Driver, SdpPendingOffer)>,
}

struct Driver {
    rtc: Rtc,
    socket: UdpSocket,
    local: SocketAddr,
    mic: Mid,
    sent: Arc<AtomicU32>,
    talking: Arc<AtomicBool>,
    gone: Arc<AtomicBool>,
    report: mpsc::UnboundedSender<Seen>,
}

impl Client {
    /// Makes one and its offer: a microphone and two slots.
    pub fn prepare(ip: IpAddr) -> (Self, String) {
        let socket = UdpSocket::bind(SocketAddr::new(ip, 0)).unwrap();
        let local = socket.local_addr().unwrap();
        let mut rtc = Rtc::builder().set_rtp_mode(true).build(Instant::now());
        rtc.add_local_candidate(Candidate::host(local, Protocol::Udp).unwrap());
        let mut changes = rtc.sdp_api();
        let mic = changes.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
        for _ in 0..2 {
            changes.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
        }
        let (offer, pending) = changes.apply().unwrap();
        let (report, seen) = mpsc::unbounded_channel();
        let sent = Arc::new(AtomicU32::new(0));
        let (talking, gone) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let driver = Driver {
            rtc,
            socket,
            local,
            mic,
            sent: Arc::clone(&sent),
            talking: Arc::clone(&talking),
            gone: Arc::clone(&gone),
            report,
        };
        let client = Self { sent, talking, gone, seen, prepared: Some((driver, pending)) };
        (client, offer.to_sdp_string())
    }

    /// Takes the answer and runs.
    pub fn start(&mut self, answer: &str) {
        // Loopback only: what else the machine has is none of the test's business.
        let local = |line: &&str| {
            !line.starts_with("a=candidate")
                || line.contains(" 127.0.0.1 ")
                || line.contains(" ::1 ")
        };
        let answer: String = answer.lines().filter(local).map(|l| format!("{l}\r\n")).collect();
        let (mut driver, pending) = self.prepared.take().unwrap();
        let answer = SdpAnswer::from_sdp_string(&answer).unwrap();
        driver.rtc.sdp_api().accept_answer(pending, answer).unwrap();
        std::thread::spawn(move || driver.run());
    }

    pub fn talk(&self, talking: bool) {
        self.talking.store(talking, Ordering::SeqCst);
    }

    pub async fn connected(&mut self) {
        let seen = timeout(PATIENCE, self.seen.recv()).await.expect("a connection in time");
        assert!(matches!(seen, Some(Seen::Connected)));
    }

    async fn packet(&mut self) -> u32 {
        match timeout(PATIENCE, self.seen.recv()).await.expect("a packet in time") {
            Some(Seen::Packet(number)) => number,
            Some(Seen::Connected) | None => panic!("connected twice, or the client died"),
        }
    }

    /// The numbers of the next so many packets.
    pub async fn take(&mut self, count: usize) -> Vec<u32> {
        let mut got = Vec::new();
        while got.len() < count {
            got.push(self.packet().await);
        }
        got
    }

    /// The numbers of all packets up to the first with this number or a later one.
    pub async fn take_until(&mut self, number: u32) -> Vec<u32> {
        let mut got = Vec::new();
        while got.last().is_none_or(|last| *last < number) {
            got.push(self.packet().await);
        }
        got
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::SeqCst);
    }
}

impl Driver {
    fn run(mut self) {
        let mut buffer = [0; 2000];
        let mut due = Instant::now();
        while !self.gone.load(Ordering::SeqCst) {
            let wake_at = self.drain();
            let now = Instant::now();
            if self.talking.load(Ordering::SeqCst) && now >= due {
                due = now + PACKET_EVERY;
                self.say(now);
                continue;
            }
            let wait = wake_at.min(due.max(now)).min(now + PACKET_EVERY) - now;
            self.socket.set_read_timeout(Some(wait.max(Duration::from_millis(1)))).unwrap();
            let received = self.socket.recv_from(&mut buffer);
            let now = Instant::now();
            let input = match received {
                Ok((len, source)) => {
                    let contents = buffer[..len].try_into().unwrap();
                    let destination = self.local;
                    let proto = Protocol::Udp;
                    Input::Receive(now, Receive { proto, source, destination, contents })
                }
                Err(_) => Input::Timeout(now),
            };
            self.rtc.handle_input(input).unwrap();
        }
    }

    fn say(&mut self, now: Instant) {
        let number = self.sent.load(Ordering::SeqCst) + 1;
        let payload_type = self.rtc.media(self.mic).unwrap().remote_pts()[0];
        let payload = number.to_be_bytes();
        let seq = u64::from(number).into();
        let write = RtpWrite::new(payload_type, seq, number.wrapping_mul(960), now, &payload[..]);
        // Before it leaves: whoever reads the number knows that no later one has been sent yet.
        self.sent.store(number, Ordering::SeqCst);
        self.rtc.direct_api().stream_tx_by_mid(self.mic, None).unwrap().write_rtp(write);
        self.drain();
        self.rtc.handle_input(Input::Timeout(now)).unwrap();
    }

    fn drain(&mut self) -> Instant {
        loop {
            match self.rtc.poll_output().unwrap() {
                Output::Timeout(at) => return at,
                Output::Transmit(transmit) => {
                    // An unreachable candidate is no news.
                    let _ = self.socket.send_to(&transmit.contents, transmit.destination);
                }
                Output::Event(Event::Connected) => drop(self.report.send(Seen::Connected)),
                Output::Event(Event::RtpPacket(packet)) => {
                    let number = packet.payload[..4].try_into().map(u32::from_be_bytes).unwrap();
                    drop(self.report.send(Seen::Packet(number)));
                }
                Output::Event(_) => {}
            }
        }
    }
}
