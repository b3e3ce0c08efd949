//! The library gives a section to the stream of a packet that names it before it has looked whether the
//! packet is the peer's: one forged datagram from the peer's address would silence it. What such a
//! packet has changed is changed back.

use str0m::media::{Mid, Rid};
use str0m::rtp::Ssrc;

use super::Peer;

/// Which streams there were before a packet of another one.
pub(super) struct Mapping {
    other: Ssrc,
    known: Vec<(Ssrc, Option<Ssrc>, Mid, Option<Rid>)>,
}

impl Peer {
    /// What a packet might change: `None` if it is of a stream that is known.
    pub(super) fn mapping(&mut self, bytes: &[u8]) -> Option<Mapping> {
        let other = Ssrc::from(self.seal.unheard(bytes)?);
        let streams = self.streams.clone();
        self.guard(|rtc| {
            let mut api = rtc.direct_api();
            if api.stream_rx(&other).is_some() {
                return None;
            }
            let known = streams.into_iter().filter_map(|(ssrc, mid, rid)| {
                let rtx = api.stream_rx(&ssrc)?.rtx();
                Some((ssrc, rtx, mid, rid))
            });
            Some(Mapping { other, known: known.collect() })
        })?
    }

    /// Nothing of the packet could be opened: all is as it was before.
    pub(super) fn restore(&mut self, before: Mapping) {
        self.guard(|rtc| {
            let mut api = rtc.direct_api();
            api.remove_stream_rx(before.other);
            for (ssrc, rtx, mid, rid) in before.known {
                let same = api.stream_rx(&ssrc).is_some_and(|stream| stream.rtx() == rtx);
                if !same {
                    api.expect_stream_rx(ssrc, rtx, mid, rid);
                }
            }
        });
    }
}
