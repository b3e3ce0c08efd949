//! One WebRTC connection: the only module that touches the library's `Rtc`.
//!
//! The library wants every change followed by a drain of its outputs up to its timeout. That loop is
//! in [`Peer::drain`] and nowhere else. One exception is made on purpose: [`Peer::write`] only appends
//! to the library's send queue, so several packets of one turn are written before the one
//! [`Peer::handle_timeout`] that stamps, encrypts and drains them.
//!
//! The library asserts what it believes about its input, and some of that input is a stranger's. So it
//! is only ever called through [`Peer::guard`]: a panic in it costs this connection and nothing else.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::change::SdpOffer;
use str0m::config::DtlsCert;
use str0m::format::PayloadParams;
use str0m::media::{KeyframeRequestKind, Mid, Pt, Rid};
use str0m::net::{DatagramRecv, Protocol, Receive};
use str0m::rtp::{RtpPacket, RtpWrite, Ssrc};
use str0m::{Candidate, IceCreds, Input, Rtc, RtcError};

use crate::credentials::IceCredentials;
use crate::limit::{LOCAL_ADDRESSES_MAX, SECTIONS_MAX};
use crate::output::{Output, Transmit};
use crate::refusal::MediaRefusal;

/// Packets kept per receiving video section for retransmission, and for how long. A second of a
/// large picture; more only helps peers whose picture is long gone.
const RESEND_PACKETS: usize = 1024;
const RESEND_FOR: Duration = Duration::from_secs(3);
/// Resends may take this share of what is sent.
const RESEND_RATIO: Option<f32> = Some(0.15);

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
    timeout: Instant,
    /// Local addresses the library accepts checks on.
    local: Vec<SocketAddr>,
    /// Which section and layer a stream belongs to, as the library told last.
    streams: Vec<(Ssrc, Mid, Option<Rid>)>,
    credentials: IceCredentials,
}

impl Peer {
    /// A connection that has not seen an offer.
    pub fn new(
        now: Instant,
        certificate: &Certificate,
        credentials: IceCredentials,
        local: &[SocketAddr],
    ) -> Self {
        let mut rtc = Rtc::builder()
            .set_ice_lite(true)
            .set_rtp_mode(true)
            .set_dtls_cert(certificate.0.clone())
            .set_local_ice_credentials(library_credentials(&credentials))
            .set_send_buffer_video(RESEND_PACKETS)
            .clear_codecs()
            .enable_opus(true, false)
            .enable_vp8(true)
            .enable_vp9(true)
            .enable_h264(true)
            .enable_av1(true)
            .build(now);
        for address in local {
            add_local(&mut rtc, *address);
        }
        Self {
            rtc: Some(rtc),
            timeout: now,
            local: local.to_vec(),
            streams: Vec::new(),
            credentials,
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

    /// A datagram from an address that this connection owns. `false`: it was not readable.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        datagram: &Datagram<'_>,
        sink: &mut Sink,
    ) -> bool {
        self.learn_local(datagram.destination);
        let Some(input) = datagram.input(now) else { return false };
        self.handle_input(input, sink);
        true
    }

    /// Time went by, or packets were written.
    pub fn handle_timeout(&mut self, now: Instant, sink: &mut Sink) {
        self.handle_input(Input::Timeout(now), sink);
    }

    fn handle_input(&mut self, input: Input<'_>, sink: &mut Sink) {
        match self.guard(|rtc| rtc.handle_input(input)) {
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
        // Whoever wrote comes to flush, and finds out there that the connection is gone.
        written.unwrap_or(true)
    }

    /// Forgets packets kept for retransmission in this section.
    pub fn forget_sent(&mut self, mid: Mid) {
        self.guard(|rtc| {
            if let Some(stream) = rtc.direct_api().stream_tx_by_mid(mid, None) {
                stream.set_rtx_cache(RESEND_PACKETS, RESEND_FOR, RESEND_RATIO);
            }
        });
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

    /// What this peer calls a codec in a section, if it takes it there.
    pub fn payload_type_for(&self, mid: Mid, codec: PayloadParams) -> Option<Pt> {
        let rtc = self.rtc.as_ref()?;
        let pt = rtc.codec_config().match_params(codec)?.pt();
        rtc.media(mid)?.remote_pts().contains(&pt).then_some(pt)
    }

    /// Says goodbye (RTCP BYE, DTLS close_notify).
    pub fn close(&mut self, sink: &mut Sink) {
        if let Some(Ok(())) = self.guard(|rtc| rtc.close()) {
            self.drain(sink);
        }
    }

    /// Takes everything out of the library, up to its next timeout.
    fn drain(&mut self, sink: &mut Sink) {
        loop {
            match self.guard(|rtc| (rtc.poll_output(), rtc.is_alive())) {
                Some((Ok(str0m::Output::Timeout(at)), alive)) => {
                    self.timeout = at;
                    if !alive {
                        sink.events.push(PeerEvent::Dead { fault: false });
                    }
                    return;
                }
                Some((Ok(str0m::Output::Transmit(transmit)), _)) => {
                    sink.out.push_back(Output::Transmit(Transmit {
                        source: transmit.source,
                        destination: transmit.destination,
                        contents: transmit.contents.into(),
                    }));
                }
                Some((Ok(str0m::Output::Event(event)), _)) => self.note(event, sink),
                Some((Err(_), _)) | None => return self.die(sink),
            }
        }
    }

    fn note(&mut self, event: str0m::Event, sink: &mut Sink) {
        match event {
            str0m::Event::Connected => sink.events.push(PeerEvent::Connected),
            str0m::Event::RtpPacket(packet) => {
                if let Some((mid, rid)) = self.stream(packet.header.ssrc) {
                    sink.events.push(PeerEvent::Packet { mid, rid, packet });
                }
            }
            str0m::Event::KeyframeRequest(request) => {
                sink.events.push(PeerEvent::KeyframeWanted { mid: request.mid });
            }
            // The library's enum is open, and the rest (statistics, bandwidth, data channels) is of
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
    /// after the start.
    fn learn_local(&mut self, destination: SocketAddr) {
        if self.local.len() < LOCAL_ADDRESSES_MAX && !self.local.contains(&destination) {
            self.local.push(destination);
            self.guard(|rtc| add_local(rtc, destination));
        }
    }
}

fn add_local(rtc: &mut Rtc, address: SocketAddr) {
    // An address that cannot be a candidate (link-local IPv4) is simply not offered.
    if let Ok(candidate) = Candidate::host(address, Protocol::Udp) {
        rtc.add_local_candidate(candidate);
    }
}

fn library_credentials(credentials: &IceCredentials) -> IceCreds {
    IceCreds { ufrag: credentials.ufrag.clone(), pass: credentials.password.clone() }
}

/// A datagram and where it went.
#[derive(Clone, Copy)]
pub(crate) struct Datagram<'a> {
    pub source: SocketAddr,
    pub destination: SocketAddr,
    pub bytes: &'a [u8],
}

impl<'a> Datagram<'a> {
    fn input(&self, now: Instant) -> Option<Input<'a>> {
        let contents = DatagramRecv::try_from(self.bytes).ok()?;
        let (source, destination) = (self.source, self.destination);
        Some(Input::Receive(now, Receive { proto: Protocol::Udp, source, destination, contents }))
    }
}

/// What is copied of a packet's header extensions: what describes the sound and the picture. Never
/// the rest, which belongs to the sender's connection (mid, rid, transport sequence numbers).
pub(crate) fn passed_on(packet: &RtpPacket) -> str0m::rtp::ExtensionValues {
    let sent = &packet.header.ext_vals;
    str0m::rtp::ExtensionValues {
        audio_level: sent.audio_level,
        voice_activity: sent.voice_activity,
        video_orientation: sent.video_orientation,
        ..Default::default()
    }
}

/// The payload, shared by all receivers.
pub(crate) fn payload(packet: &RtpPacket) -> Arc<[u8]> {
    Arc::clone(&packet.payload)
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
        let mut peer = Peer::new(now, &certificate, credentials, &[]);
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
