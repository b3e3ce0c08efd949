//! One WebRTC connection: the only module that touches the library's `Rtc`.
//!
//! The library wants every change followed by a drain of its outputs up to its timeout. That loop is
//! in [`Peer::drain`] and nowhere else. One exception is made on purpose: [`Peer::write`] only appends
//! to the library's send queue, so several packets of one turn are written before the one
//! [`Peer::handle_timeout`] that stamps, encrypts and drains them.
//!
//! The library asserts what it believes about its input, and some of that input is a stranger's. So it
//! is only ever called through [`Peer::guard`]: a panic in it costs this connection and nothing else.

mod forged;
mod measure;
mod pace;
mod resend;
mod sound;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use str0m::bwe::Bitrate;
use str0m::change::SdpOffer;
use str0m::config::DtlsCert;
use str0m::format::PayloadParams;
use str0m::media::{KeyframeRequestKind, Mid, Pt, Rid};
use str0m::net::{DatagramRecv, Receive};
use str0m::rtp::{RtpPacket, RtpWrite, Ssrc};
use str0m::{Candidate, IceCreds, Input, Rtc, RtcError};

use self::measure::Measure;
use self::resend::Resends;
use self::sound::Sounds;
pub(crate) use self::sound::{Head, Sound, Wrote};
use crate::credentials::IceCredentials;
use crate::demux::Remote;
use crate::leg::Mapped;
use crate::limit::{LOCAL_ADDRESSES_MAX, SECTIONS_MAX};
use crate::output::{Output, Protocol, Transmit};
use crate::refusal::MediaRefusal;
use crate::seal::{self, Dropped, Seal, Tally, listen};
use crate::srtp::{Sealer, take_exported};

/// What a connection is taken to bear until it has been measured, which takes half a second. Less keeps
/// the first picture small, more hurts who is on a phone.
const START_BPS: u64 = 1_000_000;
/// The DTLS certificate, made once per process: a peer checks its fingerprint in the answer.
#[derive(Clone)]
pub struct Certificate(DtlsCert);

impl Certificate {
    /// Makes a self-signed one. `None` if the installed crypto provider cannot.
    pub fn generate() -> Option<Self> {
        let provider = str0m::config::CryptoProvider::get_default()?;
        provider.dtls_provider.generate_certificate().map(Self)
    }
}

/// What a connection has to say to the router.
#[expect(clippy::large_enum_variant, reason = "one reused list; a box per packet would cost more")]
pub(crate) enum PeerEvent {
    /// DTLS is up.
    Connected,
    /// It ended, by a fault or because the peer closed it.
    Dead { fault: bool },
    /// A packet came.
    Packet { mid: Mid, rid: Option<Rid>, packet: RtpPacket },
    /// The receiver of this section lacks a keyframe.
    KeyframeWanted { mid: Mid },
    /// So much is thought to get through to the peer, bits per second. `steady`: nothing queues up, and not
    /// much is lost.
    Estimate { bps: u64, steady: bool },
}

/// Where a connection puts what comes out of it.
#[derive(Default)]
pub(crate) struct Sink {
    pub out: VecDeque<Output>,
    pub events: Vec<PeerEvent>,
}

/// A connection.
pub(crate) struct Peer {
    /// `None` after a panic in it: what it left behind is not to be trusted.
    rtc: Option<Rtc>,
    /// When it was last told the time.
    now: Instant,
    timeout: Instant,
    /// Local addresses the library accepts checks on.
    local: Vec<(Protocol, SocketAddr)>,
    /// It receives pictures: what it bears is measured, and what it is sent is paced.
    paced: bool,
    /// Pictures are being sent.
    shows: bool,
    /// Packets written that have not left.
    queued: usize,
    /// Which section and layer a stream belongs to, as the library told last.
    streams: Vec<(Ssrc, Mid, Option<Rid>)>,
    credentials: IceCredentials,
    seal: Seal,
    /// By which the client sends and wants to be sent to, as it said last.
    path: Option<Path>,
    resends: Resends,
    sounds: Sounds,
    measure: Measure,
}

/// Both ends of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Path {
    protocol: Protocol,
    local: SocketAddr,
    remote: SocketAddr,
}

impl Peer {
    /// A connection that has not seen an offer. `paced`: it is to receive pictures. One that receives only
    /// sound is not made to pay for a pacer.
    pub fn new(
        now: Instant,
        certificate: &Certificate,
        credentials: IceCredentials,
        local: &[SocketAddr],
        paced: bool,
    ) -> Self {
        let mut config = Rtc::builder();
        if let Some(provider) = seal::provider() {
            config = config.set_crypto_provider(provider);
        }
        let mut rtc = config
            .set_ice_lite(true)
            .set_rtp_mode(true)
            .set_dtls_cert(certificate.0.clone())
            .set_local_ice_credentials(library_credentials(&credentials))
            .set_send_buffer_video(resend::PACKETS)
            .clear_codecs()
            .enable_opus(true, true)
            .enable_vp8(true)
            .enable_vp9(true)
            .enable_h264(true)
            .enable_av1(true)
            .enable_bwe(paced.then(|| Bitrate::bps(START_BPS)))
            .set_stats_interval(paced.then_some(measure::ASKED_EVERY))
            .build(now);
        for address in local {
            add_local(&mut rtc, Protocol::Udp, *address);
        }
        Self {
            rtc: Some(rtc),
            now,
            timeout: now,
            local: local.iter().map(|address| (Protocol::Udp, *address)).collect(),
            paced,
            shows: false,
            queued: 0,
            streams: Vec::new(),
            credentials,
            seal: Seal::default(),
            path: None,
            resends: Resends::default(),
            sounds: Sounds::default(),
            measure: Measure::default(),
        }
    }

    /// Runs the library. `None`: it panicked, now or earlier, and is gone. The panic hook has written
    /// its line; there is none for what still arrives afterwards.
    fn guard<T>(&mut self, work: impl FnOnce(&mut Rtc) -> T) -> Option<T> {
        let rtc = self.rtc.as_mut()?;
        // Nothing of the connection is looked at after a panic: it is dropped.
        let outcome = catch_unwind(AssertUnwindSafe(|| work(rtc)));
        if outcome.is_err() {
            self.rtc = None;
        }
        outcome.ok()
    }

    /// Takes an offer and returns the library's answer. After an error the connection is unusable.
    pub fn accept_offer(&mut self, text: &str, sink: &mut Sink) -> Result<String, MediaRefusal> {
        let unusable = || MediaRefusal::bad_sdp("the offer cannot be used");
        let accepted = self.guard(|rtc| {
            // The parser's own words hold memory addresses: not for strangers.
            let offer = SdpOffer::from_sdp_string(text)
                .map_err(|_| MediaRefusal::bad_sdp("the SDP does not parse"))?;
            let before = rtc.direct_api().local_ice_credentials();
            let answer = rtc.sdp_api().accept_offer(offer).map_err(|error| match error {
                RtcError::RemoteSdp(why) => {
                    MediaRefusal::bad_sdp(format!("the offer cannot be used: {why}"))
                }
                _ => unusable(),
            })?;
            let restarted = rtc.direct_api().local_ice_credentials() != before;
            Ok((answer.to_sdp_string(), restarted))
        });
        let (answer, restarted) = accepted.ok_or_else(unusable)??;
        self.streams.clear();
        self.sounds.forget_lines();
        self.drain(sink);
        if restarted {
            // The library drew new ones, which do not name our worker.
            let credentials = library_credentials(&self.credentials);
            self.guard(|rtc| rtc.direct_api().set_local_ice_credentials(credentials));
            self.drain(sink);
        }
        if self.rtc.is_none() {
            return Err(unusable());
        }
        Ok(answer)
    }

    /// What to be known by from the next ICE restart on.
    pub fn set_credentials(&mut self, credentials: IceCredentials) {
        self.credentials = credentials;
    }

    pub fn credentials(&self) -> &IceCredentials {
        &self.credentials
    }

    /// Whether an ICE check is for this connection and has its password.
    pub fn accepts(&mut self, now: Instant, receive: &Datagram<'_>) -> bool {
        let Some(input) = receive.input(now) else { return false };
        self.guard(|rtc| rtc.accepts(&input)).unwrap_or(false)
    }

    /// An ICE check with the right password came that makes this path the one to use (RFC 8445 section
    /// 7.3.1.5). The latest wins: the library prefers what once had a higher priority for as long as it
    /// may be alive, which after a change of the client's address is a quarter of a minute of silence.
    pub fn follow(&mut self, now: Instant, datagram: &Datagram<'_>, checked: bool) {
        let Datagram { protocol, source: remote, destination: local, .. } = *datagram;
        let path = Some(Path { protocol, local, remote });
        if self.path != path && (checked || self.accepts(now, datagram)) {
            self.path = path;
        }
    }

    /// A datagram from an address that this connection owns.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        datagram: &Datagram<'_>,
        sink: &mut Sink,
    ) -> Result<(), Dropped> {
        self.learn_local(datagram.protocol, datagram.destination);
        let input = datagram.input(now).ok_or(Dropped::Garbage)?;
        self.seal.check(datagram.bytes)?;
        let before = self.mapping(datagram.bytes);
        self.now = now;
        Tally::take();
        let listens = self.paced && self.shows && seal::is_control(datagram.bytes);
        let (handled, opened) = match listens {
            true => listen(|| self.guard(|rtc| rtc.handle_input(input))),
            false => (self.guard(|rtc| rtc.handle_input(input)), Vec::new()),
        };
        let noted = self.seal.note(datagram.bytes, Tally::take());
        if let Some(before) = before.filter(|_| noted.is_err()) {
            self.restore(before);
        }
        match handled {
            Some(Ok(())) if seal::is_control(datagram.bytes) => self.drain_asked(now, sink),
            Some(Ok(())) => self.drain(sink),
            Some(Err(_)) | None => self.die(sink),
        }
        if listens && noted.is_ok() {
            self.handle_control(datagram.bytes, &opened, sink);
        }
        if self.paced {
            self.pace(now, sink);
        }
        noted
    }

    /// Time went by, or packets were written.
    pub fn handle_timeout(&mut self, now: Instant, sink: &mut Sink) {
        self.resume_resends(now);
        self.wind(now, sink);
        if self.paced {
            self.pace(now, sink);
        }
    }

    fn wind(&mut self, now: Instant, sink: &mut Sink) {
        self.now = now;
        match self.guard(|rtc| rtc.handle_input(Input::Timeout(now))) {
            Some(Ok(())) => self.drain(sink),
            Some(Err(_)) | None => self.die(sink),
        }
    }

    /// When the library wants [`Peer::handle_timeout`].
    pub fn timeout(&self) -> Instant {
        self.timeout
    }

    /// Queues a packet; it leaves at the next [`Peer::handle_timeout`].
    pub fn write(&mut self, mid: Mid, packet: RtpWrite) -> bool {
        let written = self.guard(|rtc| {
            let mut api = rtc.direct_api();
            let Some(stream) = api.stream_tx_by_mid(mid, None) else { return false };
            stream.write_rtp(packet);
            true
        });
        self.queued += 1;
        // Whoever wrote comes to flush, and finds out there that the connection is gone.
        written.unwrap_or(true)
    }

    /// Asks the sender of this section for a keyframe, at the next [`Peer::handle_timeout`].
    pub fn request_keyframe(&mut self, mid: Mid, rid: Option<Rid>) {
        self.guard(|rtc| {
            if let Some(stream) = rtc.direct_api().stream_rx_by_mid(mid, rid) {
                stream.request_keyframe(KeyframeRequestKind::Pli);
            }
        });
    }

    /// The codec behind a payload type of this peer.
    pub fn codec(&self, payload_type: Pt) -> Option<PayloadParams> {
        let params = self.rtc.as_ref()?.codec_config().iter();
        params.copied().find(|params| params.pt() == payload_type)
    }

    /// What is inside the packets of a payload type with redundancy (RED).
    pub fn inside(&self, payload_type: Pt) -> Option<Pt> {
        let mut params = self.rtc.as_ref()?.codec_config().iter();
        params.find(|params| params.red() == Some(payload_type)).map(PayloadParams::pt)
    }

    /// What this peer calls a codec in a section, if it takes it there.
    pub fn payload_type_for(&self, mid: Mid, codec: PayloadParams) -> Option<Mapped> {
        let rtc = self.rtc.as_ref()?;
        let params = rtc.codec_config().match_params(codec)?;
        let payload_type = params.pt();
        // The blocks name the sender's payload type: they go on as they are only where it is the same.
        let redundant = params.red().filter(|_| payload_type == codec.pt());
        let taken = rtc.media(mid)?.remote_pts().contains(&payload_type);
        taken.then_some(Mapped { payload_type, redundant })
    }

    /// Says goodbye (RTCP BYE, DTLS close_notify).
    pub fn close(&mut self, sink: &mut Sink) {
        if let Some(Ok(())) = self.guard(|rtc| rtc.close()) {
            self.drain(sink);
        }
    }

    /// Takes everything out of the library, up to its next timeout.
    fn drain(&mut self, sink: &mut Sink) {
        self.drain_up_to(usize::MAX, sink);
    }

    /// The same, but no more than so many datagrams. `false`: there are more.
    fn drain_up_to(&mut self, mut datagrams: usize, sink: &mut Sink) -> bool {
        if self.sounds.sealer.is_none() {
            // Of a connection that died before it could take them.
            take_exported();
        }
        while datagrams > 0 {
            match self.guard(|rtc| (rtc.poll_output(), rtc.is_alive())) {
                Some((Ok(str0m::Output::Timeout(at)), alive)) => {
                    self.timeout = at;
                    // Keys are made on the way out.
                    self.seal.learn(Tally::take());
                    if self.sounds.sealer.is_none() {
                        self.sounds.sealer = take_exported().as_ref().and_then(Sealer::new);
                    }
                    if !self.paced {
                        self.queued = 0;
                    }
                    if !alive {
                        sink.events.push(PeerEvent::Dead { fault: false });
                    }
                    return true;
                }
                // The library pads what it sends up to 50 kbit/s, pictures or none.
                Some((Ok(str0m::Output::Transmit(transmit)), _))
                    if self.paced && !self.shows && is_padding(&transmit.contents) => {}
                Some((Ok(str0m::Output::Transmit(transmit)), _)) => {
                    datagrams -= 1;
                    // RTP and not RTCP (RFC 5761 section 4).
                    let is_packet =
                        matches!(transmit.contents[..], [128..=191, 0..=191 | 224.., ..]);
                    self.queued = self.queued.saturating_sub(usize::from(is_packet));
                    if is_packet && self.paced && self.shows {
                        self.measure.handle_sent(&transmit.contents, self.now);
                    }
                    let transmit = self.directed(transmit);
                    sink.out.push_back(Output::Transmit(transmit));
                }
                Some((Ok(str0m::Output::Event(event)), _)) => self.note(event, sink),
                Some((Err(_), _)) | None => {
                    self.die(sink);
                    return true;
                }
            }
        }
        false
    }

    /// Answers to checks go back where those came from, the rest by the path that the client chose.
    fn directed(&self, transmit: str0m::net::Transmit) -> Transmit {
        let contents: Vec<u8> = transmit.contents.into();
        let stun = contents.first().is_some_and(|first| *first < 4);
        let path = self.path.filter(|_| !stun).unwrap_or(Path {
            protocol: own_protocol(transmit.proto),
            local: transmit.source,
            remote: transmit.destination,
        });
        let Path { protocol, local: source, remote: destination } = path;
        Transmit { protocol, source, destination, contents }
    }

    fn note(&mut self, event: str0m::Event, sink: &mut Sink) {
        match event {
            str0m::Event::MediaAdded(added) if added.kind.is_video() => {
                self.resends.add(added.mid);
                self.forget_sent(added.mid);
                self.learn_number_id(added.mid);
            }
            str0m::Event::Connected => sink.events.push(PeerEvent::Connected),
            str0m::Event::RtpPacket(packet) => {
                if let Some((mid, rid)) = self.stream(packet.header.ssrc) {
                    sink.events.push(PeerEvent::Packet { mid, rid, packet });
                }
            }
            str0m::Event::KeyframeRequest(request) => {
                sink.events.push(PeerEvent::KeyframeWanted { mid: request.mid });
            }
            str0m::Event::EgressBitrateEstimate(kind) => self.measure.handle_event(&kind),
            str0m::Event::PeerStats(stats) if self.shows => {
                if let Some(bps) = stats.bwe_tx {
                    self.handle_library(bps.as_u64(), sink);
                }
            }
            // The library's enum is open, and the rest (statistics, data channels) is of
            // no use to a forwarder.
            _ => {}
        }
    }

    fn stream(&mut self, ssrc: Ssrc) -> Option<(Mid, Option<Rid>)> {
        if let Some((_, mid, rid)) = self.streams.iter().find(|(known, ..)| *known == ssrc) {
            return Some((*mid, *rid));
        }
        let found = self.guard(|rtc| {
            let mut api = rtc.direct_api();
            api.stream_rx(&ssrc).map(|stream| (stream.mid(), stream.rid()))
        })??;
        if self.streams.len() == SECTIONS_MAX {
            self.streams.clear();
        }
        self.streams.push((ssrc, found.0, found.1));
        Some(found)
    }

    fn die(&mut self, sink: &mut Sink) {
        self.rtc = None;
        sink.events.push(PeerEvent::Dead { fault: true });
    }

    /// The library drops checks to an address it does not know as ours; an interface may have come up
    /// after the start, and for TCP none is told to it before.
    fn learn_local(&mut self, protocol: Protocol, destination: SocketAddr) {
        let local = (protocol, destination);
        if self.local.len() < LOCAL_ADDRESSES_MAX && !self.local.contains(&local) {
            self.local.push(local);
            self.guard(|rtc| add_local(rtc, protocol, destination));
        }
    }
}

/// RTP (and not RTCP, RFC 5761 section 4) with the padding bit: the library pads no packet with contents.
fn is_padding(datagram: &[u8]) -> bool {
    matches!(datagram, [160..=191, 0..=191 | 224.., ..])
}

fn add_local(rtc: &mut Rtc, protocol: Protocol, address: SocketAddr) {
    // An address that cannot be a candidate (link-local IPv4) is simply not offered.
    if let Ok(candidate) = Candidate::host(address, library_protocol(protocol)) {
        rtc.add_local_candidate(candidate);
    }
}

fn library_credentials(credentials: &IceCredentials) -> IceCreds {
    IceCreds { ufrag: credentials.ufrag.clone(), pass: credentials.password.clone() }
}

fn library_protocol(protocol: Protocol) -> str0m::net::Protocol {
    match protocol {
        Protocol::Udp => str0m::net::Protocol::Udp,
        Protocol::Tcp => str0m::net::Protocol::Tcp,
    }
}

/// The library is told of no other.
fn own_protocol(protocol: str0m::net::Protocol) -> Protocol {
    if protocol == str0m::net::Protocol::Tcp { Protocol::Tcp } else { Protocol::Udp }
}

/// A datagram and where it went.
#[derive(Clone, Copy)]
pub(crate) struct Datagram<'a> {
    pub protocol: Protocol,
    pub source: SocketAddr,
    pub destination: SocketAddr,
    pub bytes: &'a [u8],
}

impl<'a> Datagram<'a> {
    /// Where it came from.
    pub fn remote(&self) -> Remote {
        Remote { protocol: self.protocol, address: self.source }
    }

    fn input(&self, now: Instant) -> Option<Input<'a>> {
        let contents = DatagramRecv::try_from(self.bytes).ok()?;
        let (source, destination) = (self.source, self.destination);
        let proto = library_protocol(self.protocol);
        Some(Input::Receive(now, Receive { proto, source, destination, contents }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::WorkerNumber;

    #[test]
    fn a_panic_in_the_library_ends_the_connection_and_is_told_as_a_fault() {
        str0m::crypto::from_feature_flags().install_process_default();
        let (now, mut sink) = (Instant::now(), Sink::default());
        let certificate = Certificate::generate().unwrap();
        let credentials = IceCredentials::from_random(WorkerNumber(0), [1; 32]);
        let mut peer = Peer::new(now, &certificate, credentials, &[], true);
        peer.handle_timeout(now, &mut sink);
        assert!(sink.events.is_empty());
        assert_eq!(peer.guard(|_| panic!("as the library does")), None::<()>);
        assert_eq!(peer.guard(|_| ()), None, "it is gone");
        peer.handle_timeout(now, &mut sink);
        assert!(matches!(sink.events[..], [PeerEvent::Dead { fault: true }]));
        peer.close(&mut sink);
        assert!(peer.accept_offer("v=0", &mut sink).is_err());
    }
}
