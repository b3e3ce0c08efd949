//! Retransmissions: how much is kept for them, and how many a peer may have.

use std::time::{Duration, Instant};

use str0m::media::Mid;

use super::{Peer, Sink};
use crate::limit::{RESEND_PERIOD, RESENDS_PER_PERIOD_MAX, SECTIONS_MAX};

/// Packets kept per receiving video section for retransmission, and for how long. Two seconds of a large
/// picture; more only helps peers whose picture is long gone. At most [`DATAGRAM_BYTES_MAX`] each, that is
/// 750 KiB, and all receivers of a picture share them; what each has to itself is some 200 KiB of headers.
///
/// [`DATAGRAM_BYTES_MAX`]: crate::limit::DATAGRAM_BYTES_MAX
pub(super) const PACKETS: usize = 512;
const FOR: Duration = Duration::from_secs(2);
/// Resends may take this share of what is sent in a second; beyond it the library forgets what it was asked
/// for. A receiver asks five or ten times and all in less than a second: with less (the library's own is
/// 0.15) a few losses in a row leave a hole in a thin stream for good. What a peer may ask for is bounded
/// apart from that.
const RATIO: Option<f32> = Some(0.5);
/// The library keeps at least one.
const NEARLY_NONE: usize = 1;

/// What a connection keeps, and what it was asked for.
#[derive(Default)]
pub(super) struct Resends {
    /// Sections whose packets are kept.
    kept: Vec<Mid>,
    /// Since when they are counted, and how many datagrams control packets have called forth since.
    period: Option<(Instant, usize)>,
    /// There are no more in this period.
    paused: bool,
}

impl Resends {
    /// There is a section for pictures.
    pub fn add(&mut self, mid: Mid) {
        if self.kept.len() < SECTIONS_MAX {
            self.kept.push(mid);
        }
    }
}

impl Peer {
    /// Drains after a datagram that may ask for retransmissions. Thousands of requests fit into one, and
    /// the library looks at its limit every 50 ms only. Whoever asks for more than could be of use gets
    /// no more until the period is over.
    pub(super) fn drain_asked(&mut self, now: Instant, sink: &mut Sink) {
        let (since, count) = match self.resends.period {
            Some((since, count)) if now < since + RESEND_PERIOD => (since, count),
            _ => (now, 0),
        };
        let before = sink.out.len();
        let drained = self.drain_up_to(RESENDS_PER_PERIOD_MAX.saturating_sub(count).max(1), sink);
        self.resends.period = Some((since, count + sink.out.len() - before));
        if !drained {
            self.resends.paused = true;
            self.keep_all(NEARLY_NONE);
            self.drain(sink);
        }
    }

    /// What was paused goes on when its time is over.
    pub(super) fn resume_resends(&mut self, now: Instant) {
        let over = self.resends.period.is_none_or(|(since, _)| now >= since + RESEND_PERIOD);
        if self.resends.paused && over {
            self.resends.paused = false;
            self.keep_all(PACKETS);
        }
    }

    /// Forgets packets kept for retransmission in this section. Those that follow are kept as is said here.
    pub fn forget_sent(&mut self, mid: Mid) {
        let packets = if self.resends.paused { NEARLY_NONE } else { PACKETS };
        self.keep(mid, packets);
    }

    fn keep_all(&mut self, packets: usize) {
        for mid in self.resends.kept.clone() {
            self.keep(mid, packets);
        }
    }

    fn keep(&mut self, mid: Mid, packets: usize) {
        self.guard(|rtc| {
            if let Some(stream) = rtc.direct_api().stream_tx_by_mid(mid, None) {
                stream.set_rtx_cache(packets, FOR, RATIO);
            }
        });
    }
}
