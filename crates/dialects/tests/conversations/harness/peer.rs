//! A WebRTC client with a microphone, and a camera if it wants one, on a socket and a thread of its own.

mod driver;

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid, Simulcast, SimulcastLayer};
use str0m::net::Protocol;
use str0m::{Candidate, Rtc};
use tokio::sync::{mpsc, oneshot, watch};

use driver::{Camera, Driver};

use super::soon;

/// What it offers beside a microphone and an audio slot.
#[derive(Clone, Copy, Debug, Default)]
pub struct Offers<'a> {
    /// A camera's streams, each with its rid and how many lines its pictures have. A single one without a
    /// rid is no simulcast.
    pub camera: &'a [(&'a str, u16)],
    /// Sections for others' pictures.
    pub video_slots: usize,
}

/// A packet of a picture. Each is a keyframe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The section that it came in.
    pub mid: String,
    /// Lines.
    pub height: u16,
}

/// What the thread reports.
enum Report {
    Connected,
    /// A packet with this number in it.
    Packet(u32),
}

/// What the thread is asked for.
enum Ask {
    /// An offer on the same connection.
    Offer { restart: bool, reply: oneshot::Sender<String> },
    /// The answer to the last offer.
    Accept(String),
    /// A word when all that has come is read.
    Settle(oneshot::Sender<()>),
}

/// A peer; its thread ends when it is dropped.
pub struct Peer {
    /// The sections for others' pictures.
    pub slots: Vec<String>,
    /// The number in the newest packet that it has sent.
    said: watch::Receiver<u32>,
    talking: Arc<AtomicBool>,
    filming: Arc<AtomicBool>,
    gone: Arc<AtomicBool>,
    heard: mpsc::UnboundedReceiver<Report>,
    seen: mpsc::UnboundedReceiver<Seen>,
    asks: std::sync::mpsc::Sender<Ask>,
    prepared: Option<(Driver, SdpPendingOffer)>,
}

impl Peer {
    /// Makes one and its offer: a microphone and an audio slot.
    pub fn new() -> (Self, String) {
        Self::with(Offers::default())
    }

    /// The same with pictures.
    pub fn with(offers: Offers<'_>) -> (Self, String) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let local = socket.local_addr().unwrap();
        let mut rtc = Rtc::builder().set_rtp_mode(true).build(Instant::now());
        rtc.add_local_candidate(Candidate::host(local, Protocol::Udp).unwrap());
        let mut changes = rtc.sdp_api();
        let mic = changes.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
        changes.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
        let camera = (!offers.camera.is_empty()).then(|| {
            let (kind, direction) = (MediaKind::Video, Direction::SendOnly);
            changes.add_media(kind, direction, None, None, simulcast(offers.camera))
        });
        let mut slot =
            |_| changes.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
        let slots: Vec<Mid> = (0..offers.video_slots).map(&mut slot).collect();
        let (offer, pending) = changes.apply().unwrap();
        let (report, heard) = mpsc::unbounded_channel();
        let (show, seen) = mpsc::unbounded_channel();
        let (asks, asked) = std::sync::mpsc::channel();
        let [talking, filming, gone] = [(); 3].map(|()| Arc::new(AtomicBool::new(false)));
        let (saying, said) = watch::channel(0);
        let camera = camera.map(|mid| Camera::new(mid, offers.camera));
        let driver = Driver {
            rtc,
            socket,
            local,
            mic,
            camera,
            said: saying,
            talking: Arc::clone(&talking),
            filming: Arc::clone(&filming),
            gone: Arc::clone(&gone),
            report,
            show,
            asked,
            pending: None,
            settling: Vec::new(),
        };
        let slots = slots.iter().map(Mid::to_string).collect();
        let prepared = Some((driver, pending));
        let peer = Self { slots, said, talking, filming, gone, heard, seen, asks, prepared };
        (peer, offer.to_sdp_string())
    }

    /// Takes the answer, runs, and waits until it is connected.
    pub async fn connect(&mut self, answer: &str) {
        let (mut driver, pending) = self.prepared.take().unwrap();
        let answer = SdpAnswer::from_sdp_string(answer).unwrap();
        driver.rtc.sdp_api().accept_answer(pending, answer).unwrap();
        std::thread::spawn(move || driver.run());
        let heard = soon("the connection", self.heard.recv()).await;
        assert!(matches!(heard, Some(Report::Connected)));
    }

    /// One more offer on the same connection, with one more section for a picture.
    pub async fn offer_again(&mut self) -> String {
        self.ask_offer(false).await
    }

    /// The same with ICE begun anew: other credentials, by which it is found again.
    pub async fn offer_restarted(&mut self) -> String {
        self.ask_offer(true).await
    }

    async fn ask_offer(&mut self, restart: bool) -> String {
        let (reply, offer) = oneshot::channel();
        self.asks.send(Ask::Offer { restart, reply }).unwrap();
        let offer = soon("an offer", offer).await.unwrap();
        self.slots = receiving_video(&offer);
        offer
    }

    /// Takes the answer to the last of those.
    pub fn accept(&self, answer: &str) {
        self.asks.send(Ask::Accept(answer.to_owned())).unwrap();
    }

    /// Waits until all that has come is read: what is seen or heard after this came after it was asked for.
    pub async fn settle(&self) {
        let (reply, settled) = oneshot::channel();
        self.asks.send(Ask::Settle(reply)).unwrap();
        soon("an empty socket", settled).await.unwrap();
    }

    /// Begins or ceases to talk.
    pub fn talk(&self, talking: bool) {
        self.talking.store(talking, Ordering::SeqCst);
    }

    /// Begins or ceases to send pictures.
    pub fn film(&self, filming: bool) {
        self.filming.store(filming, Ordering::SeqCst);
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
        match soon("a packet", self.heard.recv()).await {
            Some(Report::Packet(number)) => number,
            Some(Report::Connected) | None => panic!("connected twice, or the peer died"),
        }
    }

    /// Waits for a packet that was sent after this one.
    pub async fn hear_later_than(&mut self, number: u32) {
        while self.hear().await <= number {}
    }

    /// The numbers of all packets that it has heard and nobody has asked for.
    pub fn heard(&mut self) -> Vec<u32> {
        let mut heard = Vec::new();
        while let Ok(report) = self.heard.try_recv() {
            match report {
                Report::Packet(number) => heard.push(number),
                Report::Connected => panic!("connected twice"),
            }
        }
        heard
    }

    /// The next packet of a picture.
    pub async fn see(&mut self) -> Seen {
        soon("a picture", self.seen.recv()).await.expect("the peer lives")
    }

    /// Waits for a picture of so many lines in a section.
    pub async fn see_in(&mut self, mid: &str, height: u16) {
        let wanted = Seen { mid: mid.to_owned(), height };
        while self.see().await != wanted {}
    }

    /// All packets of pictures that have come and nobody has asked for.
    pub fn seen(&mut self) -> Vec<Seen> {
        std::iter::from_fn(|| self.seen.try_recv().ok()).collect()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.gone.store(true, Ordering::SeqCst);
    }
}

fn simulcast(camera: &[(&str, u16)]) -> Option<Simulcast> {
    let named = camera.iter().filter(|(rid, _)| !rid.is_empty());
    let send: Vec<_> = named.map(|(rid, _)| SimulcastLayer::new(rid)).collect();
    (!send.is_empty()).then_some(Simulcast { send, recv: Vec::new() })
}

/// The sections of an offer that are to receive pictures.
fn receiving_video(offer: &str) -> Vec<String> {
    let sections = offer.split("\nm=").skip(1);
    let receives = |section: &&str| section.starts_with("video") && section.contains("a=recvonly");
    let mid = |section: &str| {
        let line = section.lines().find_map(|line| line.strip_prefix("a=mid:"));
        line.unwrap().to_owned()
    };
    sections.filter(receives).map(mid).collect()
}
