//! What a connection that is sent pictures bears: what the library estimates, bounded by what is seen of
//! queues and losses (`congestion`).

use std::time::{Duration, Instant};

use str0m::bwe::{Bitrate, BweKind};
use str0m::media::Mid;
use str0m::rtp::Extension;

use super::{Peer, PeerEvent, START_BPS, Sink};
use crate::congestion::Congestion;
use crate::feedback::{number_of, reports};

/// How often the library's estimate is asked for. The events it has for that tell an average of three
/// seconds. More often costs a look at each stream each time.
pub(super) const ASKED_EVERY: Duration = Duration::from_millis(250);
/// So long after the first picture the library has measured something.
const MEASURED_AFTER: Duration = Duration::from_millis(500);

/// What is known of a path.
#[derive(Default)]
pub(super) struct Measure {
    congestion: Congestion,
    /// The id of the header extension with transport-wide numbers. `None`: nothing can be measured.
    number_id: Option<u8>,
    /// The library has begun to measure.
    measures: bool,
    /// Since when there have been pictures.
    begun_at: Option<Instant>,
    library_bps: Option<u64>,
    /// What pictures and voices take as decided.
    given_bps: u64,
    told: Option<(u64, bool)>,
}

impl Measure {
    /// A datagram of RTP leaves.
    pub fn handle_sent(&mut self, datagram: &[u8], now: Instant) {
        if let Some(number) = self.number_id.and_then(|id| number_of(datagram, id)) {
            self.congestion.handle_sent(number, datagram.len(), now);
        }
    }

    pub fn handle_event(&mut self, kind: &BweKind) {
        if let BweKind::Twcc { can_probe: true, .. } = kind {
            self.measures = true;
        }
    }

    fn estimate(&self, now: Instant) -> Option<(u64, bool)> {
        let bound = self.congestion.bound_bps(now);
        let bps = [self.library_bps, bound].into_iter().flatten().min()?;
        Some((bps, self.congestion.is_steady(now)))
    }
}

impl Peer {
    /// Learns how packets of a section for pictures are numbered. They are the same in all sections
    /// (RFC 9143 section 9.2).
    pub(super) fn learn_number_id(&mut self, mid: Mid) {
        let id = self.guard(|rtc| {
            let known = rtc.media(mid)?.remote_extmap();
            known.id_of(Extension::TransportSequenceNumber)
        });
        if let Some(id) = id.flatten() {
            self.measure.number_id = Some(id);
        }
    }

    /// The first picture is to be sent, or the last has been.
    pub(super) fn begin_measure(&mut self, shows: bool) {
        let Measure { number_id, measures, .. } = self.measure;
        let begun_at = shows.then_some(self.now);
        self.measure = Measure { number_id, measures, begun_at, ..Measure::default() };
    }

    /// The library's own number.
    pub(super) fn handle_library(&mut self, bps: u64, sink: &mut Sink) {
        let measured = |at: Instant| self.now >= at + MEASURED_AFTER;
        if self.measure.measures && self.measure.begun_at.is_some_and(measured) {
            self.measure.library_bps = Some(bps);
            self.measure.congestion.handle_estimate(bps);
            self.tell_estimate(sink);
        }
    }

    /// A control packet was opened: its first bytes were in the clear.
    pub(super) fn handle_control(&mut self, clear: &[u8], opened: &[u8], sink: &mut Sink) {
        let Some(head) = clear.first_chunk::<8>() else { return };
        let reports = reports(&[head.as_slice(), opened].concat());
        for report in &reports {
            self.measure.congestion.handle_report(report, self.now);
        }
        if !reports.is_empty() {
            self.tell_estimate(sink);
        }
    }

    fn tell_estimate(&mut self, sink: &mut Sink) {
        let estimate = self.measure.estimate(self.now);
        if let Some((bps, steady)) = estimate.filter(|_| estimate != self.measure.told) {
            self.measure.told = estimate;
            sink.events.push(PeerEvent::Estimate { bps, steady });
        }
    }

    /// So much has been decided to be sent.
    pub fn set_given(&mut self, bps: u64) {
        self.measure.given_bps = bps;
    }

    /// Has the library find out anew what the path bears, from what it is sent on: its probes follow. By
    /// itself it would look every five seconds at best, and after losses not for a minute.
    pub fn look(&mut self) {
        let from = self.measure.library_bps.unwrap_or(START_BPS).max(self.measure.given_bps);
        self.guard(|rtc| rtc.bwe().reset(Bitrate::bps(from)));
    }
}
