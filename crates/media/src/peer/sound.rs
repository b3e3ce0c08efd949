//! Sound past the library.
//!
//! A packet of sound goes to everyone in the room, 50 times a second, and the library takes ten times
//! as long to look after a connection as its ciphers take to seal a packet. So most packets of sound are put
//! together and sealed here, with the library's keys and for its streams; it keeps ICE, DTLS, RTCP and
//! everything received.
//!
//! What must hold: a number of a stream is sealed once, here or there ([`Line::fresh`]); packets leave in
//! order, so nothing is sealed here while something waits there. One packet of a line in
//! [`THROUGH_LIBRARY_EVERY`] goes through the library: from it the library knows that the stream is alive,
//! and what time it is in it, which its sender reports tell (RFC 3550 section 6.4.1).
//!
//! No transport-wide number is on these packets (draft-holmer-rmcat-transport-wide-cc-extensions-01): sound is
//! not in what the bandwidth is measured with, nor is it ever held back by it.

use std::sync::Arc;

use str0m::media::{Mid, Pt};
use str0m::rtp::{Extension, RtpWrite, SeqNo};

use super::{Path, Peer, Sink};
use crate::limit::SECTIONS_MAX;
use crate::output::{Output, Transmit};
use crate::packet::Packet;
use crate::seal::Window;
use crate::srtp::Sealer;

/// Every so many packets of a line one goes through the library: a second of sound.
const THROUGH_LIBRARY_EVERY: u64 = 50;
/// Packets of a line that say which section it is: ten seconds. By then a receiver that had any knows its
/// SSRC; the library's go on until it has reported one.
const NAMED: u64 = 500;
/// Of the fixed header, and of extensions with a level and the longest name.
const HEADER_LEN_MAX: usize = 12 + 4 + 20;
/// Header extensions with ids up to this have one byte in front (RFC 8285 section 4.2).
const SHORT_ID_MAX: u8 = 14;

/// A packet of sound as it is to be sent.
pub(crate) struct Sound<'a> {
    pub mid: Mid,
    pub head: Head,
    pub payload: &'a Arc<[u8]>,
    /// What was received.
    pub packet: &'a Packet,
}

/// What is in its header.
#[derive(Clone, Copy)]
pub(crate) struct Head {
    pub payload_type: Pt,
    /// Its number without the wrap.
    pub seq: u64,
    pub timestamp: u32,
    pub marker: bool,
    /// RFC 6464 section 3.
    pub level: Option<u8>,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrote {
    Nothing,
    /// It leaves at the next [`Peer::handle_timeout`].
    Queued,
    /// It is among the outputs.
    Sent,
}

/// What a connection knows of sound past the library.
#[derive(Default)]
pub(super) struct Sounds {
    /// `None`: before DTLS is up, and with a profile that is left to the library.
    pub sealer: Option<Sealer>,
    lines: Vec<Line>,
}

impl Sounds {
    /// Sections may have changed.
    pub fn forget_lines(&mut self) {
        self.lines.clear();
    }
}

/// An outgoing stream.
struct Line {
    mid: Mid,
    ssrc: u32,
    /// Ids of header extensions, if the receiver takes them.
    mid_id: Option<u8>,
    level_id: Option<u8>,
    packets: u64,
    sealed: Window,
}

impl Line {
    /// Takes note of a number. `false`: it has been used, or is too old to tell.
    fn fresh(&mut self, seq: u64) -> bool {
        let Ok(index) = u32::try_from(seq) else { return false };
        let fresh = self.sealed.accepts(index);
        if fresh {
            self.sealed.update(index);
        }
        fresh
    }

    /// Counts a packet. `true`: it is the library's turn. Not all lines have it with the same packet.
    fn turn(&mut self) -> bool {
        let count = self.packets.wrapping_add(self.ssrc.into());
        let first = self.packets == 0;
        self.packets += 1;
        first || count.is_multiple_of(THROUGH_LIBRARY_EVERY)
    }

    /// The RTP header (RFC 3550 section 5.1) with its extensions (RFC 8285 section 4.2).
    fn header(&self, head: &Head, payload_len: usize) -> Vec<u8> {
        let room = HEADER_LEN_MAX + payload_len + Sealer::OVERHEAD;
        let mut header = Vec::with_capacity(room);
        header.push(0x80);
        header.push(u8::from(head.marker) << 7 | *head.payload_type & 0x7f);
        header.extend_from_slice(&(head.seq as u16).to_be_bytes());
        header.extend_from_slice(&head.timestamp.to_be_bytes());
        header.extend_from_slice(&self.ssrc.to_be_bytes());
        let level = self.level_id.zip(head.level);
        let name = self.mid_id.filter(|_| self.packets < NAMED);
        if level.is_none() && name.is_none() {
            return header;
        }
        header[0] |= 0x10;
        header.extend_from_slice(&[0xbe, 0xde, 0, 0]);
        let start = header.len();
        if let Some((id, level)) = level {
            header.extend_from_slice(&[id << 4, level]);
        }
        if let Some(id) = name {
            let mid = self.mid.as_bytes();
            header.push(id << 4 | (mid.len() as u8).wrapping_sub(1) & 0x0f);
            header.extend_from_slice(mid);
        }
        header.resize(header.len().next_multiple_of(4), 0);
        header[start - 1] = ((header.len() - start) / 4) as u8;
        header
    }
}

impl Peer {
    /// Sends a packet of sound.
    pub fn write_sound(&mut self, sound: &Sound<'_>, sink: &mut Sink) -> Wrote {
        let Some(at) = self.line(sound.mid) else { return Wrote::Nothing };
        let line = &mut self.sounds.lines[at];
        let head = sound.head;
        if !line.fresh(head.seq) {
            return Wrote::Nothing;
        }
        let through_library = line.turn() || self.paced;
        if !through_library
            && self.queued == 0
            && self.rtc.is_some()
            && let Some(path) = self.path
            && let Some(transmit) = self.seal_sound(at, sound, path)
        {
            sink.out.push_back(Output::Transmit(transmit));
            return Wrote::Sent;
        }
        let seq = SeqNo::from(head.seq);
        let (packet, payload) = (sound.packet, Arc::clone(sound.payload));
        let write =
            RtpWrite::new(head.payload_type, seq, head.timestamp, packet.arrived_at, payload)
                .marker(head.marker)
                .ext_vals(packet.extensions())
                .nackable(false);
        if self.write(sound.mid, write) { Wrote::Queued } else { Wrote::Nothing }
    }

    fn seal_sound(&mut self, line: usize, sound: &Sound<'_>, path: Path) -> Option<Transmit> {
        let (sealer, line) = (self.sounds.sealer.as_mut()?, self.sounds.lines.get(line)?);
        let mut contents = line.header(&sound.head, sound.payload.len());
        if !sealer.seal(line.ssrc, sound.head.seq, &mut contents, sound.payload) {
            return None;
        }
        let Path { protocol, local: source, remote: destination } = path;
        Some(Transmit { protocol, source, destination, contents })
    }

    /// The line of a section. `None`: it has no stream.
    fn line(&mut self, mid: Mid) -> Option<usize> {
        if let Some(known) = self.sounds.lines.iter().position(|line| line.mid == mid) {
            return Some(known);
        }
        if self.sounds.lines.len() >= SECTIONS_MAX {
            return None;
        }
        let line = self.guard(|rtc| {
            let ssrc = *rtc.direct_api().stream_tx_by_mid(mid, None)?.ssrc();
            let known = rtc.media(mid)?.remote_extmap();
            let id = |extension| known.id_of(extension).filter(|id| *id <= SHORT_ID_MAX);
            let (mid_id, level_id) = (id(Extension::RtpMid), id(Extension::AudioLevel));
            let sealed = Window::default();
            Some(Line { mid, ssrc, mid_id, level_id, packets: 0, sealed })
        })??;
        self.sounds.lines.push(line);
        Some(self.sounds.lines.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line() -> Line {
        let (mid, sealed) = (Mid::from("a1"), Window::default());
        Line { mid, ssrc: 0x0102_0304, mid_id: Some(4), level_id: Some(1), packets: 0, sealed }
    }

    const HEAD: Head = Head {
        payload_type: Pt::new_with_value(111),
        seq: 0x1_0007,
        timestamp: 960,
        marker: true,
        level: Some(0x9e),
    };

    #[test]
    fn headers_are_what_the_standards_say() {
        let head = [0x90, 0x80 | 111, 0, 7, 0, 0, 3, 0xc0, 1, 2, 3, 4];
        let bare = [&[0x80], &head[1..]].concat();
        let check = |line: &Line, level: Option<u8>, expect: &[u8]| {
            let bytes = line.header(&Head { level, ..HEAD }, 3);
            assert_eq!(bytes, expect);
            assert!(bytes.len() <= HEADER_LEN_MAX);
        };
        let whole =
            [&head[..], &[0xbe, 0xde, 0, 2, 0x10, 0x9e, 0x41, b'a', b'1', 0, 0, 0]].concat();
        check(&line(), HEAD.level, &whole);
        let named = Line { packets: NAMED, ..line() };
        check(&named, HEAD.level, &[&head[..], &[0xbe, 0xde, 0, 1, 0x10, 0x9e, 0, 0]].concat());
        check(&named, None, &bare);
        check(&Line { mid_id: None, level_id: None, ..line() }, HEAD.level, &bare);
        let long = Line { mid: Mid::from("0123456789abcdef"), ..line() };
        let extensions = [0xbe, 0xde, 0, 5, 0x10, 0x9e, 0x4f];
        check(&long, HEAD.level, &[&head[..], &extensions, b"0123456789abcdef", &[0]].concat());
    }

    #[test]
    fn a_number_is_used_once_and_late_ones_too() {
        let mut line = line();
        for (seq, fresh) in [(1, true), (2, true), (2, false), (5, true), (4, true), (4, false)] {
            assert_eq!(line.fresh(seq), fresh, "{seq}");
        }
        assert!(line.fresh(10_000));
        assert!(!line.fresh(3), "too old to tell");
    }

    #[test]
    fn the_library_has_the_first_packet_and_one_in_a_while() {
        let mut line = line();
        let turns: Vec<u64> = (0..200).filter(|_| line.turn()).collect();
        assert_eq!(turns[0], 0);
        assert!(turns[2..].windows(2).all(|pair| pair[1] - pair[0] == THROUGH_LIBRARY_EVERY));
        let mut other = Line { ssrc: line.ssrc + 1, packets: 0, ..self::line() };
        assert_ne!(turns[1..], (0..200).filter(|_| other.turn()).collect::<Vec<_>>()[1..]);
    }
}
