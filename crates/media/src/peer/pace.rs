//! What is sent to a connection that receives pictures leaves at the pace of the library's estimate; and the
//! library is told what to aim at.

use std::time::{Duration, Instant};

use str0m::bwe::Bitrate;
use str0m::media::Mid;
use str0m::{Reason, Rtc};

use super::{Peer, START_BPS, Sink};

/// Packets that leave in one turn of a paced connection. Two seconds of a large picture are fewer.
const PACED_MAX: usize = 2048;
/// How late a pacer without pictures may be looked at. It would like 40 ms, and has nothing to do.
const PACER_RESTS: Duration = Duration::from_millis(200);

impl Peer {
    /// The library's pacer hands out one packet for each look at the clock, and says whether the next may
    /// follow at once.
    pub(super) fn pace(&mut self, now: Instant, sink: &mut Sink) {
        for _ in 0..PACED_MAX {
            let reason = self.rtc.as_ref().map(Rtc::last_timeout_reason);
            let Some(Reason::Pacer(_) | Reason::Stats) = reason else { return };
            if self.queued == 0 && !self.shows {
                self.timeout = self.timeout.max(now + PACER_RESTS);
                return;
            }
            // It steps by microseconds, and there may be as many steps as packets.
            let until = now + Duration::from_micros(PACED_MAX as u64);
            if self.timeout > until {
                return;
            }
            let at = self.timeout.max(now);
            self.wind(at, sink);
        }
    }

    /// What is to be aimed at, in bits per second, when there are pictures to send; zero when there are
    /// none. The library finds out whether there is so much.
    pub fn aim(&mut self, bps: u64) {
        let begins = bps > 0 && !self.shows;
        if self.shows != (bps > 0) {
            self.shows = bps > 0;
            self.begin_measure(self.shows);
        }
        if self.paced {
            self.guard(|rtc| {
                if begins {
                    // What was measured without them was measured with packets that never left.
                    rtc.bwe().reset(Bitrate::bps(START_BPS));
                }
                rtc.bwe().set_bitrate(Bitrate::ZERO, Bitrate::bps(bps));
            });
        }
    }

    /// Whether packets of this section wait for their turn. Those that do leave at the next
    /// [`Peer::handle_timeout`] when they no longer have to.
    pub fn set_paced(&mut self, mid: Mid, paced: bool) {
        if self.paced {
            self.guard(|rtc| {
                if let Some(stream) = rtc.direct_api().stream_tx_by_mid(mid, None) {
                    stream.set_unpaced(!paced);
                }
            });
        }
    }
}
