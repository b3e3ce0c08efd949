//! A recording as a sender: its packets at their times, over and over. A wish for a keyframe is met by
//! beginning anew, for every layer begins with one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use str0m::Rtc;
use str0m::media::{Mid, Rid};
use str0m::rtp::{RtpWrite, SeqNo};

use crate::recording::Recording;

/// At most so often does it begin anew for a keyframe.
const KEYFRAME_INTERVAL: Duration = Duration::from_millis(300);
/// Between two rounds, in the 90 kHz of video.
const TICKS_BETWEEN: u32 = 3_000;

/// A recording that is being sent.
pub struct Replay {
    recording: Recording,
    mid: Mid,
    began: Instant,
    next: usize,
    lines: Vec<Line>,
    keyframe_wanted: bool,
    /// How often it has begun anew because a keyframe was wanted.
    pub keyframes: u64,
}

/// One layer's numbers: they go on from round to round.
#[derive(Clone, Copy, Default)]
struct Line {
    seq: u64,
    timestamp: u32,
    /// The recorded time of the round's first packet.
    first: Option<u32>,
    /// Where this round's time begins.
    base: u32,
}

impl Replay {
    /// Begins to send in this section.
    pub fn new(recording: Recording, mid: Mid, now: Instant) -> Self {
        let lines = vec![Line { seq: 1, ..Line::default() }; recording.layers.len()];
        Self { recording, mid, began: now, next: 0, lines, keyframe_wanted: false, keyframes: 0 }
    }

    /// The server asks for a keyframe.
    pub fn want_keyframe(&mut self) {
        self.keyframe_wanted = true;
    }

    /// Writes what is due; it leaves when the library is polled. `false`: there was nothing.
    pub fn send(&mut self, rtc: &mut Rtc, now: Instant) -> bool {
        if self.keyframe_wanted && now >= self.began + KEYFRAME_INTERVAL {
            (self.keyframe_wanted, self.keyframes) = (false, self.keyframes + 1);
            self.begin(now);
        }
        let mut wrote = false;
        while let Some(packet) = self.recording.packets.get(self.next) {
            let at = self.began + Duration::from_micros(packet.at_us.into());
            if at > now {
                return wrote;
            }
            self.next += 1;
            wrote |= self.write(self.next - 1, rtc, now);
        }
        self.begin(now);
        wrote
    }

    fn begin(&mut self, now: Instant) {
        (self.began, self.next) = (now, 0);
        for line in &mut self.lines {
            line.first = None;
            line.base = line.timestamp.wrapping_add(TICKS_BETWEEN);
        }
    }

    fn write(&mut self, at: usize, rtc: &mut Rtc, now: Instant) -> bool {
        let packet = &self.recording.packets[at];
        let layer = usize::from(packet.layer);
        let codec = &self.recording.codec;
        let named = |pt: &str0m::media::Pt| {
            let params = rtc.codec_config().iter().find(|params| params.pt() == *pt);
            params.is_some_and(|params| params.spec().codec.to_string() == *codec)
        };
        let media = rtc.media(self.mid);
        let Some(pt) = media.and_then(|media| media.remote_pts().iter().copied().find(named))
        else {
            return false;
        };
        let rid = Some(self.recording.layers[layer].rid.as_str()).filter(|rid| !rid.is_empty());
        let mut api = rtc.direct_api();
        let Some(stream) = api.stream_tx_by_mid(self.mid, rid.map(Rid::from)) else { return false };
        let line = &mut self.lines[layer];
        let first = *line.first.get_or_insert(packet.timestamp);
        line.timestamp = line.base.wrapping_add(packet.timestamp.wrapping_sub(first));
        let payload: Arc<[u8]> = packet.payload.as_slice().into();
        let write = RtpWrite::new(pt, SeqNo::from(line.seq), line.timestamp, now, payload);
        line.seq += 1;
        stream.write_rtp(write.marker(packet.marker).nackable(true));
        true
    }
}
