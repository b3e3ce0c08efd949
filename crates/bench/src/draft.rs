//! A connection before it is running: what the signalling of a server needs of it. The adapters of
//! `signal` make offers and answers here; then it becomes a member of the `engine`.

use std::net::{SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind, Mid, Simulcast, SimulcastLayer};
use str0m::rtp::Extension;
use str0m::{Candidate, Rtc};

use crate::clock::unix_ns;

/// What kind of member it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Path {
    /// Sound, by the light path.
    Light,
    /// Everything through the WebRTC library: pictures, with feedback as a browser gives it.
    Full,
}

/// What it says.
#[derive(Clone, Copy, Debug)]
pub struct Speaks {
    /// Number of the speaker, unique in the run.
    pub speaker: u32,
    /// Bytes of a sound's payload.
    pub payload_len: usize,
    /// How long after connecting it begins.
    pub after: Duration,
}

/// A connection that is being negotiated.
pub struct Draft {
    pub rtc: Rtc,
    pub path: Path,
    pub local: SocketAddrV4,
    /// A socket of its own; else the engine's.
    pub socket: Option<UdpSocket>,
    /// When its join was begun.
    pub joined_ns: u64,
    /// The section it sends in.
    pub sends: Option<(Mid, Speaks)>,
    /// How many streams it is meant to receive, and in which sections if it offered them.
    pub hears: usize,
    pub receives: Vec<Mid>,
    /// Where media goes in place of the addresses in the answer.
    pub media: Option<SocketAddrV4>,
    pending: Option<SdpPendingOffer>,
}

impl Draft {
    /// A connection from this address.
    pub fn new(path: Path, local: SocketAddrV4, socket: Option<UdpSocket>) -> Result<Self> {
        let builder = Rtc::builder().clear_codecs().set_rtp_mode(true).set_stats_interval(None);
        let builder = match path {
            // No transport-wide numbers: who does not answer them must not agree to them.
            Path::Light => builder
                .enable_opus(true, false)
                .clear_extension_map()
                .set_extension(1, Extension::AudioLevel)
                .set_extension(4, Extension::RtpMid),
            Path::Full => builder.enable_vp8(true).enable_vp9(true),
        };
        let mut rtc = builder.build(Instant::now());
        let candidate = Candidate::host(local.into(), "udp")?;
        rtc.add_local_candidate(candidate);
        let joined_ns = unix_ns();
        Ok(Self {
            rtc,
            path,
            local,
            socket,
            joined_ns,
            sends: None,
            hears: 0,
            receives: Vec::new(),
            media: None,
            pending: None,
        })
    }

    fn kind(&self) -> MediaKind {
        match self.path {
            Path::Light => MediaKind::Audio,
            Path::Full => MediaKind::Video,
        }
    }

    /// An offer to send, if it speaks, and to receive so many streams.
    pub fn offer(&mut self, speaks: Option<Speaks>, hears: usize) -> Result<String> {
        self.hears = hears;
        let kind = self.kind();
        let mut change = self.rtc.sdp_api();
        self.sends = speaks.map(|speaks| {
            let stream = Some("load".to_owned());
            (change.add_media(kind, Direction::SendOnly, stream, None, None), speaks)
        });
        let receives =
            (0..hears).map(|_| change.add_media(kind, Direction::RecvOnly, None, None, None));
        self.receives = receives.collect();
        let (offer, pending) = change.apply().context("an offer of nothing")?;
        self.pending = Some(pending);
        Ok(offer.to_sdp_string())
    }

    /// An offer to send one picture in layers of these names; none or an empty one: without simulcast.
    pub fn offer_layers(&mut self, rids: &[&str]) -> Result<(String, Mid)> {
        let mut layers = Simulcast::new();
        for rid in rids.iter().filter(|rid| !rid.is_empty()) {
            layers.add_send_layer(SimulcastLayer::new(rid));
        }
        let layers = (!layers.send.is_empty()).then_some(layers);
        let mut change = self.rtc.sdp_api();
        let stream = Some("load".to_owned());
        let mid = change.add_media(MediaKind::Video, Direction::SendOnly, stream, None, layers);
        let (offer, pending) = change.apply().context("an offer of nothing")?;
        self.pending = Some(pending);
        Ok((offer.to_sdp_string(), mid))
    }

    /// Takes the answer to the offer.
    pub fn accept(&mut self, answer: &str) -> Result<()> {
        let pending = self.pending.take().context("an answer without an offer")?;
        let answer = match self.media {
            Some(media) => SdpAnswer::from_sdp_string(&led_to(media, answer))?,
            None => SdpAnswer::from_sdp_string(answer)?,
        };
        Ok(self.rtc.sdp_api().accept_answer(pending, answer)?)
    }

    /// Answers a server's offer of so many streams.
    pub fn answer(&mut self, offer: &str, hears: usize) -> Result<String> {
        self.hears = hears;
        let offer = SdpOffer::from_sdp_string(offer)?;
        Ok(self.rtc.sdp_api().accept_offer(offer)?.to_sdp_string())
    }
}

/// An answer with this as the only address.
fn led_to(media: SocketAddrV4, answer: &str) -> String {
    let lines = answer.lines().filter(|line| !line.starts_with("a=candidate:"));
    let mut led = String::new();
    for line in lines {
        led.push_str(&format!("{line}\r\n"));
        // At the head of each section's credentials, of which there are as many as sections.
        if line.starts_with("a=ice-ufrag:") {
            let (ip, port) = (media.ip(), media.port());
            led.push_str(&format!("a=candidate:1 1 udp 2130706431 {ip} {port} typ host\r\n"));
        }
    }
    led
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_leads_to_one_address() {
        let answer = "v=0\r\nm=video 9 X 96\r\na=ice-ufrag:abc\r\na=candidate:1 1 udp 5 10.0.0.1 7 typ host\r\n\
                      a=candidate:2 1 tcp 4 10.0.0.1 7 typ host tcptype passive\r\na=end-of-candidates\r\n";
        let expected = "v=0\r\nm=video 9 X 96\r\na=ice-ufrag:abc\r\n\
                        a=candidate:1 1 udp 2130706431 127.0.0.1 9 typ host\r\na=end-of-candidates\r\n";
        assert_eq!(led_to("127.0.0.1:9".parse().unwrap(), answer), expected);
    }
}
