//! A WebRTC client with a microphone, on a socket and a thread of its own.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::{ExtensionValues, RtpWrite};
use str0m::{Candidate, Event, Input, Output, Rtc};
use tokio::sync::{mpsc, watch};

use super::soon;

/// Between two packets while talking: as Opus is sent.
const PACKET_EVERY: Duration = Duration::from_millis(20);
/// As loud as somebody who speaks, in dBov.
const LOUD: i8 = -30;

/// What the thread reports.
enum Seen {
    Connected,
    /// A packet with this number in it.
    Packet(u32),
}

/// A peer; its thread ends when it is dropped.
pub struct Peer {
    /// The number in the newest packet that it has sent.
    said: watch::Receiver<u32>,
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
    said: watch::Sender<u32>,
    talking: Arc<AtomicBool>,
    gone: Arc<AtomicBool>,
    report: mpsc::UnboundedSender<Seen>,
}

impl Peer {
    /// Makes one and its offer: a microphone and an audio slot.
    pub fn new() -> (Self, String) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let local = socket.local_addr().unwrap();
        let mut rtc = Rtc::builder().set_rtp_mode(true).build(Instant::now());
        rtc.add_local_candidate(Candidate::host(local, Protocol::Udp).unwrap());
        let mut changes = rtc.sdp_api();
        let mic = changes.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
        changes.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
        let (offer, pending) = changes.apply().unwrap();
        let (report, seen) = mpsc::unbounded_channel();
        let (talking, gone) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        let (saying, said) = watch::channel(0);
        let driver = Driver {
            rtc,
            socket,
            local,
            mic,
            said: saying,
            talking: Arc::clone(&talking),
            gone: Arc::clone(&gone),
            report,
        };
        let peer = Self { said, talking, gone, seen, prepared: Some((driver, pending)) };
        (peer, offer.to_sdp_string())
    }

    /// Takes the answer, runs, and waits until it is connected.
    pub async fn connect(&mut self, answer: &str) {
        let (mut driver, pending) = self.prepared.take().unwrap();
        let answer = SdpAnswer::from_sdp_string(answer).unwrap();
        driver.rtc.sdp_api().accept_answer(pending, answer).unwrap();
        std::thread::spawn(move || driver.run());
        let seen = soon("the connection", self.seen.recv()).await;
        assert!(matches!(seen, Some(Seen::Connected)));
    }

    /// Begins or ceases to talk.
    pub fn talk(&self, talking: bool) {
        self.talking.store(talking, Ordering::SeqCst);
    }

    /// The number in the newest packet that it has sent: later ones have not left.
    pub fn said(&self) -> u32 {
        *self.said.borrow()
    }

    /// Waits until it has sent so many more.
    pub async fn say_more(&self, packets: u32) {
        let (mut said, enough) = (self.said.clone(), self.said() + packets);
        soon("more packets", said.wait_for(|said| *said >= enough)).await.unwrap();
    }

    /// The number in the next packet that it hears.
    pub async fn hear(&mut self) -> u32 {
        match soon("a packet", self.seen.recv()).await {
            Some(Seen::Packet(number)) => number,
            Some(Seen::Connected) | None => panic!("connected twice, or the peer died"),
        }
    }

    /// Waits for a packet that was sent after this one.
    pub async fn hear_later_than(&mut self, number: u32) {
        while self.hear().await <= number {}
    }

    /// The numbers of all packets that it has heard and nobody has asked for.
    pub fn heard(&mut self) -> Vec<u32> {
        let mut heard = Vec::new();
        while let Ok(seen) = self.seen.try_recv() {
            match seen {
                Seen::Packet(number) => heard.push(number),
                Seen::Connected => panic!("connected twice"),
            }
        }
        heard
    }
}

impl Drop for Peer {
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
                Ok((length, source)) => {
                    let contents = buffer[..length].try_into().unwrap();
                    let (proto, destination) = (Protocol::Udp, self.local);
                    Input::Receive(now, Receive { proto, source, destination, contents })
                }
                Err(_) => Input::Timeout(now),
            };
            self.rtc.handle_input(input).unwrap();
        }
    }

    fn say(&mut self, now: Instant) {
        let number = *self.said.borrow() + 1;
        let opus = self.rtc.media(self.mic).unwrap().remote_pts()[0];
        let ext_vals = ExtensionValues {
            audio_level: Some(LOUD),
            // The library writes the extension only with both.
            voice_activity: Some(true),
            ..ExtensionValues::default()
        };
        let payload = number.to_be_bytes();
        let seq = u64::from(number).into();
        let write = RtpWrite::new(opus, seq, number.wrapping_mul(960), now, &payload[..]);
        // Before it leaves: whoever reads the number knows that no later one has been sent yet.
        self.said.send_replace(number);
        let mut api = self.rtc.direct_api();
        api.stream_tx_by_mid(self.mic, None).unwrap().write_rtp(write.ext_vals(ext_vals));
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
