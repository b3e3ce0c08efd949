//! An offer and a whole connection made from it on trial: what the library refuses there cannot hurt
//! the real one. Making it is the dear part of an offer and needs nothing of the worker, so `net` does it
//! elsewhere; [`crate::Worker::apply`] uses it.

use std::time::Instant;

use model::MediaKind;

use crate::WorkerConfig;
use crate::credentials::IceCredentials;
use crate::offer::{Offer, Section};
use crate::peer::{Peer, Sink};
use crate::refusal::MediaRefusal;

/// An offer that the library takes.
pub struct Trial {
    pub(crate) offer: Offer,
    pub(crate) fresh: Peer,
    pub(crate) answer: String,
    pub(crate) credentials: IceCredentials,
    pub(crate) made_at: Instant,
}

impl Trial {
    /// Tries an offer. `credentials` are used for a new connection or an ICE restart.
    pub fn new(
        now: Instant,
        config: &WorkerConfig,
        sdp: &str,
        credentials: IceCredentials,
    ) -> Result<Self, MediaRefusal> {
        let offer = Offer::parse(sdp)?;
        let shown = |section: &Section| {
            section.kind == Some(MediaKind::Video) && section.direction.receives()
        };
        let paced = offer.sections.iter().any(shown);
        let (certificate, local) = (&config.certificate, &config.candidates);
        let mut fresh = Peer::new(now, certificate, credentials.clone(), local, paced);
        let answer = fresh.accept_offer(&offer.text, &mut Sink::default())?;
        Ok(Self { offer, fresh, answer, credentials, made_at: now })
    }
}
