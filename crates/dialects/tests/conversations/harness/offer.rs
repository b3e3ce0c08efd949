//! Offers as a browser makes them.

use std::time::Instant;

use str0m::Rtc;
use str0m::change::{SdpAnswer, SdpPendingOffer};
use str0m::media::{Direction, MediaKind};

/// A peer connection that offers and takes an answer, and sends nothing.
pub struct Client {
    rtc: Rtc,
    pending: Option<SdpPendingOffer>,
}

impl Client {
    /// A microphone, one audio slot and one video slot.
    pub fn new() -> (Self, String) {
        let mut rtc = Rtc::builder().set_rtp_mode(true).build(Instant::now());
        let mut changes = rtc.sdp_api();
        changes.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
        changes.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
        changes.add_media(MediaKind::Video, Direction::RecvOnly, None, None, None);
        let (offer, pending) = changes.apply().unwrap();
        (Self { rtc, pending: Some(pending) }, offer.to_sdp_string())
    }

    /// Takes the answer, which must fit the offer.
    pub fn accept(&mut self, answer: &str) {
        let answer = SdpAnswer::from_sdp_string(answer).unwrap();
        self.rtc.sdp_api().accept_answer(self.pending.take().unwrap(), answer).unwrap();
    }

    /// One more offer on the same connection, with one more audio slot.
    pub fn offer_again(&mut self) -> String {
        let mut changes = self.rtc.sdp_api();
        changes.add_media(MediaKind::Audio, Direction::RecvOnly, None, None, None);
        let (offer, pending) = changes.apply().unwrap();
        self.pending = Some(pending);
        offer.to_sdp_string()
    }
}

/// The offer of somebody who does not care for the answer.
pub fn offer() -> String {
    Client::new().1
}
