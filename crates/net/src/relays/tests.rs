//! With what real workers have for each other.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use media::{
    Certificate, Gate, IceCredentials, OpenSession, Output, Transmit, Worker, WorkerConfig,
    WorkerNumber,
};
use model::{RoomId, SessionId, UserId};
use str0m::change::SdpAnswer;
use str0m::media::{Direction, MediaKind, Mid};
use str0m::net::{Protocol, Receive};
use str0m::rtp::RtpWrite;
use str0m::{Candidate, Input, Rtc};

use super::*;

const OPEN: Gate = Gate { speak: true, camera: true, screen: true, receive: true, captions: false };

fn worker(number: u8) -> Worker {
    if str0m::config::CryptoProvider::get_default().is_none() {
        str0m::crypto::from_feature_flags().install_process_default();
    }
    Worker::new(WorkerConfig {
        tcp_candidates: Vec::new(),
        number: WorkerNumber(number),
        workers: 2,
        candidates: vec!["192.0.2.1:8085".parse().unwrap()],
        certificate: Certificate::generate().unwrap(),
    })
}

fn open(n: i64, room: i64) -> OpenSession {
    let (session, user) = (SessionId::from_i64(n).unwrap(), UserId::from_i64(n).unwrap());
    OpenSession { session, room: RoomId::from_i64(room).unwrap(), user, gate: OPEN }
}

/// Everything that a worker has for others now, and for its clients.
fn drain(worker: &mut Worker) -> (Vec<Relay>, Vec<Transmit>) {
    let (mut relays, mut transmits) = (Vec::new(), Vec::new());
    while let Some(output) = worker.poll_output() {
        match output {
            Output::Relay(relay) => relays.push(relay),
            Output::Transmit(transmit) => transmits.push(transmit),
            Output::Event(_) | Output::Voice(_) | Output::Mix(_) | Output::Handover(_) => {}
        }
    }
    (relays, transmits)
}

/// That somebody is in each of so many rooms: things that must not be lost, each about another topic.
fn words(rooms: i64) -> Vec<Relay> {
    let mut worker = worker(0);
    for n in 1..=rooms {
        worker.open(Instant::now(), open(n, n), &[WorkerNumber(1)]).unwrap();
    }
    drain(&mut worker).0
}

/// A client that talks until its worker has relayed so many packets to the other.
struct Talker {
    worker: Worker,
    rtc: Rtc,
    mic: Mid,
    now: Instant,
    relays: Vec<Relay>,
}

impl Talker {
    fn new() -> Self {
        let (mut one, mut other, now) = (worker(0), worker(1), Instant::now());
        other.open(now, open(2, 1), &[WorkerNumber(0)]).unwrap();
        one.open(now, open(1, 1), &[WorkerNumber(1)]).unwrap();
        for relay in drain(&mut other).0 {
            one.handle_relay(now, relay);
        }
        let mut rtc = Rtc::builder().set_rtp_mode(true).build(now);
        let address: SocketAddr = "198.51.100.1:4000".parse().unwrap();
        rtc.add_local_candidate(Candidate::host(address, Protocol::Udp).unwrap());
        let mut changes = rtc.sdp_api();
        let mic = changes.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
        let (offer, pending) = changes.apply().unwrap();
        let credentials = IceCredentials::from_random(WorkerNumber(0), [7; 32]);
        let (session, sdp) = (open(1, 1).session, offer.to_sdp_string());
        let answer = one.offer(now, session, &sdp, &[], credentials).unwrap();
        let answer = SdpAnswer::from_sdp_string(&answer).unwrap();
        rtc.sdp_api().accept_answer(pending, answer).unwrap();
        Self { worker: one, rtc, mic, now, relays: Vec::new() }
    }

    fn turn(&mut self) {
        let address: SocketAddr = "198.51.100.1:4000".parse().unwrap();
        self.now += Duration::from_millis(10);
        self.worker.handle_timeout(self.now);
        let (relays, transmits) = drain(&mut self.worker);
        self.relays.extend(relays);
        let mut inputs = vec![Input::Timeout(self.now)];
        for Transmit { source, contents, .. } in &transmits {
            let contents = contents.as_slice().try_into().unwrap();
            let receive =
                Receive { proto: Protocol::Udp, source: *source, destination: address, contents };
            inputs.push(Input::Receive(self.now, receive));
        }
        for input in inputs {
            self.rtc.handle_input(input).unwrap();
            loop {
                match self.rtc.poll_output().unwrap() {
                    str0m::Output::Timeout(_) => break,
                    str0m::Output::Event(_) => {}
                    str0m::Output::Transmit(sent) => {
                        let (now, to) = (self.now, sent.destination);
                        self.worker.handle_datagram(now, sent.source, to, &sent.contents);
                    }
                }
            }
        }
    }

    fn packets(mut self, count: usize) -> Vec<Relay> {
        for n in 0_u64..5000 {
            if self.rtc.is_connected() {
                let payload_type = self.rtc.media(self.mic).unwrap().remote_pts()[0];
                let (now, timestamp) = (self.now, n as u32 * 960);
                let write = RtpWrite::new(payload_type, n.into(), timestamp, now, &[1_u8; 60][..]);
                self.rtc.direct_api().stream_tx_by_mid(self.mic, None).unwrap().write_rtp(write);
            }
            self.turn();
            let packets = self.relays.iter().filter(|relay| relay.topic().is_none());
            if packets.count() >= count {
                self.relays.retain(|relay| relay.topic().is_none());
                self.relays.truncate(count);
                return self.relays;
            }
        }
        panic!("no packets");
    }
}

fn way() -> (Relays, Receiver<Relay>) {
    let waker = Waker::new("127.0.0.1:1".parse().unwrap()).unwrap();
    let (sender, receiver) = RelaySender::new(waker);
    (Relays::new(sender), receiver)
}

#[test]
fn a_full_queue_drops_packets_and_keeps_the_rest_in_order() {
    let (mut relays, receiver) = way();
    let packet = Talker::new().packets(1).remove(0);
    for _ in 0..RELAYS_MAX {
        relays.push(packet.clone());
    }
    assert_eq!(relays.dropped, 0);
    let words = words(3);
    assert_eq!(words.len(), 3);
    relays.push(packet.clone());
    words.iter().for_each(|word| relays.push(word.clone()));
    assert_eq!((relays.dropped, relays.waiting.len()), (1, 3));
    receiver.try_recv().unwrap();
    relays.push(packet.clone());
    assert_eq!((relays.dropped, relays.waiting.len()), (2, 2), "what waits goes first");
    let got: Vec<Relay> = receiver.try_iter().collect();
    assert!(!relays.flush());
    relays.push(packet);
    let topics = got.into_iter().chain(receiver.try_iter()).filter_map(|relay| relay.topic());
    assert_eq!(
        topics.collect::<Vec<_>>(),
        words.iter().filter_map(Relay::topic).collect::<Vec<_>>()
    );
    assert_eq!(relays.dropped, 2);
}

#[test]
fn of_what_waits_only_the_newest_about_each_topic_is_kept() {
    let (mut relays, receiver) = way();
    let words = words(5);
    for _ in 0..RELAYS_MAX {
        relays.push(words[0].clone());
    }
    for _ in 0..100 {
        words.iter().for_each(|word| relays.push(word.clone()));
    }
    relays.push(words[1].clone());
    assert_eq!((relays.waiting.len(), relays.place_by_topic.len()), (5, 5));
    assert_eq!(receiver.try_iter().count(), RELAYS_MAX);
    assert!(!relays.flush());
    assert!(relays.place_by_topic.is_empty());
    let got: Vec<_> = receiver.try_iter().map(|relay| relay.topic()).collect();
    let order = [0, 2, 3, 4, 1].map(|at| words[at].topic());
    assert_eq!(got, order, "in the place of the newest");
}

#[test]
fn a_worker_that_is_gone_holds_up_nobody() {
    let (mut relays, receiver) = way();
    drop(receiver);
    let words = words(2);
    (0..2 * RELAYS_MAX).for_each(|_| relays.push(words[0].clone()));
    assert_eq!((relays.waiting.len(), relays.dropped), (0, 0));
}
