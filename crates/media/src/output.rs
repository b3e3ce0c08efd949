//! What [`crate::Worker::poll_output`] hands out, and the counters beside it.

use std::net::SocketAddr;

use crate::credentials::WorkerNumber;
use crate::event::Event;
use crate::limit::LAYERS_MAX;
use crate::mixer::Mix;
use crate::relay::Relay;
use crate::seal::Dropped;
use crate::voice::Voice;

/// One thing to do for the caller.
#[derive(Debug)]
pub enum Output {
    /// Send this datagram.
    Transmit(Transmit),
    /// Tell the application.
    Event(Event),
    /// Give this to whoever writes captions, in this order.
    Voice(Voice),
    /// Give this to the worker's [`crate::Mixer::handle_mix`], in this order.
    Mix(Mix),
    /// Give this datagram to another worker's [`crate::Worker::handle_handover`].
    Handover(Handover),
    /// Give this to another worker's [`crate::Worker::handle_relay`], in this order.
    Relay(Relay),
}

/// How a datagram travels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// As it is.
    #[default]
    Udp,
    /// In a frame of a TCP connection that the peer has opened (RFC 4571 section 2, RFC 6544).
    Tcp,
}

/// A datagram to send.
#[derive(Debug)]
pub struct Transmit {
    /// How. Over TCP `source` and `destination` name the connection; one that is closed takes nothing.
    pub protocol: Protocol,
    /// The local address it must leave from: the one the peer knows.
    pub source: SocketAddr,
    /// Where to.
    pub destination: SocketAddr,
    /// The bytes.
    pub contents: Vec<u8>,
}

/// A datagram that belongs to another worker's session. What comes over TCP is none: whoever holds the
/// connection looks for the session's worker first.
#[derive(Debug)]
pub struct Handover {
    /// Whose it is.
    pub worker: WorkerNumber,
    /// Where it came from.
    pub source: SocketAddr,
    /// The local address it came to.
    pub destination: SocketAddr,
    /// The bytes.
    pub contents: Vec<u8>,
}

/// Totals since the worker was made. Hostile input shows here and nowhere else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Datagrams handed in.
    pub received: u64,
    /// Datagrams to send.
    pub sent: u64,
    /// RTP packets written to a receiver.
    pub forwarded: u64,
    /// RTP packets of mixes written to a receiver.
    pub mixed: u64,
    /// RTP packets that a shut gate held back.
    pub gated: u64,
    /// Datagrams handed to other workers.
    pub handed_over: u64,
    /// Packets relayed to other workers, for the members that a room has there.
    pub relayed: u64,
    /// Not STUN, DTLS or RTP, malformed, or too long.
    pub garbage: u64,
    /// From an address that never passed a connectivity check.
    pub stranger: u64,
    /// ICE checks with an unknown name or a wrong password.
    pub refused_checks: u64,
    /// Plain STUN requests answered.
    pub stun_answered: u64,
    /// SRTP from a peer's address that its keys do not open: made with others, or changed on its way.
    pub undecryptable: u64,
    /// SRTP that had been there before, or is too old to tell.
    pub replayed: u64,
    /// SRTP of streams that no section has, of one stream too many, or with a header that cannot be read.
    pub unmapped: u64,
    /// Sessions now.
    pub sessions: u64,
    /// Sessions of other workers that somebody here could hear or see now.
    pub stand_ins: u64,
    /// Peer connections that died of a fault.
    pub failed: u64,
    /// Receivers' pictures that began, or went on in another layer.
    pub layer_switches: u64,
    /// Times that a receiver's picture was paused for want of bandwidth.
    pub paused: u64,
    /// Times that a receiver's bandwidth was found to be another.
    pub estimates: u64,
    /// Receivers' pictures now, by the layer that is sent: its place among those that flow, from the smallest.
    pub pictures: [u64; LAYERS_MAX],
    /// The same of which nothing is sent: paused, or their keyframe has not come.
    pub pictures_unsent: u64,
}

impl Counters {
    /// Nothing came of a datagram, for this reason.
    pub(crate) fn count(&mut self, dropped: Dropped) {
        match dropped {
            Dropped::Garbage => self.garbage += 1,
            Dropped::Undecryptable => self.undecryptable += 1,
            Dropped::Replayed => self.replayed += 1,
            Dropped::Unmapped => self.unmapped += 1,
        }
    }

    /// Adds another worker's totals.
    pub fn add(&mut self, other: &Self) {
        self.received += other.received;
        self.sent += other.sent;
        self.forwarded += other.forwarded;
        self.mixed += other.mixed;
        self.gated += other.gated;
        self.handed_over += other.handed_over;
        self.relayed += other.relayed;
        self.garbage += other.garbage;
        self.stranger += other.stranger;
        self.refused_checks += other.refused_checks;
        self.stun_answered += other.stun_answered;
        self.undecryptable += other.undecryptable;
        self.replayed += other.replayed;
        self.unmapped += other.unmapped;
        self.sessions += other.sessions;
        self.stand_ins += other.stand_ins;
        self.failed += other.failed;
        self.layer_switches += other.layer_switches;
        self.paused += other.paused;
        self.estimates += other.estimates;
        for (own, other) in self.pictures.iter_mut().zip(other.pictures) {
            *own += other;
        }
        self.pictures_unsent += other.pictures_unsent;
    }
}
