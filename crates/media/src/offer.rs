//! What must be known of an offer before the WebRTC library sees it.
//!
//! The library changes a connection while it reads an offer, so everything that can be wrong is found
//! here first: a refused offer leaves the session as it was. This reads only the few lines needed for
//! that; the library parses the rest.

use std::collections::HashMap;

use model::MediaKind;

use crate::limit::{FORMATS_MAX, SDP_BYTES_MAX, SECTIONS_MAX, SSRC_LINES_MAX};
use crate::refusal::MediaRefusal;
use crate::sdp::check_candidate;

/// Who sends in a section, as the offerer sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    SendRecv,
    SendOnly,
    RecvOnly,
    Inactive,
}

impl Direction {
    pub fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    pub fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    fn parse(attribute: &str) -> Option<Self> {
        match attribute {
            "sendrecv" => Some(Self::SendRecv),
            "sendonly" => Some(Self::SendOnly),
            "recvonly" => Some(Self::RecvOnly),
            "inactive" => Some(Self::Inactive),
            _ => None,
        }
    }
}

/// One m-section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    /// Its `a=mid`.
    pub mid: String,
    /// `None`: a data channel.
    pub kind: Option<MediaKind>,
    pub direction: Direction,
    /// Port 0 outside the bundle: the offerer has given it up, another section may take its place.
    pub stopped: bool,
    /// As its `m=` line lists them.
    pub payload_types: Vec<String>,
    /// One of them is audio with redundancy (RED).
    pub redundant: bool,
}

/// The offer in outline, and its text without the candidates (an ICE-lite side needs none, and they
/// are the one part in which browsers write names that do not resolve).
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub text: String,
    pub ufrag: String,
    /// As written after `a=fingerprint:`, in lower case.
    pub fingerprint: String,
    /// The `sess-id` of the `o=` line.
    pub origin: String,
    pub sections: Vec<Section>,
}

impl Offer {
    /// Reads and checks an offer.
    pub fn parse(text: &str) -> Result<Self, MediaRefusal> {
        if text.len() > SDP_BYTES_MAX {
            return Err(MediaRefusal::bad_sdp("the SDP is longer than 256 KiB"));
        }
        if !text.starts_with("v=0") {
            return Err(MediaRefusal::bad_sdp("this is no SDP: it does not begin with v=0"));
        }
        let mut reader = Reader::default();
        for line in text.lines() {
            reader.line(line.trim_end())?;
        }
        reader.finish()
    }

    /// Whether `self` can follow `earlier` on the same connection.
    pub fn continues(&self, earlier: &Self) -> bool {
        let same_peer = self.fingerprint == earlier.fingerprint;
        // A new connection with a kept certificate: everything else about it is new.
        let reborn = self.ufrag != earlier.ufrag && self.origin != earlier.origin;
        same_peer && !reborn
    }

    /// Sections may be added and stopped ones replaced, never reordered (RFC 8829 section 5.2.2).
    pub fn check_order(&self, earlier: &Self) -> Result<(), MediaRefusal> {
        for (at, before) in earlier.sections.iter().enumerate() {
            match self.sections.get(at) {
                Some(now) if now.mid == before.mid && now.kind == before.kind => {}
                Some(_) if before.stopped => {}
                _ => {
                    let mid = &before.mid;
                    return Err(MediaRefusal::bad_sdp(format!(
                        "section {mid} of the earlier offer is missing or has moved"
                    )));
                }
            }
        }
        Ok(())
    }
}

/// What an application asks of an offer before it is made part of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outline {
    /// The ICE user fragment: another one than before is a restart, or another connection.
    pub ufrag: String,
    /// The `a=mid` of each section that receives pictures, in order.
    pub receives_video: Vec<String>,
}

/// Reads an offer as far as it is needed to see that it is one, and what it wants. [`crate::Worker::apply`]
/// may still refuse it.
pub fn outline(sdp: &str) -> Result<Outline, MediaRefusal> {
    let Offer { ufrag, sections, .. } = Offer::parse(sdp)?;
    let shown = |section: &Section| {
        section.kind == Some(MediaKind::Video) && section.direction.receives() && !section.stopped
    };
    let receives_video = sections.into_iter().filter(shown).map(|section| section.mid).collect();
    Ok(Outline { ufrag, receives_video })
}

#[derive(Default)]
struct Reader {
    text: String,
    ufrag: Option<String>,
    password: bool,
    fingerprint: Option<String>,
    origin: String,
    bundled: Vec<String>,
    session_direction: Option<Direction>,
    sections: Vec<Draft>,
    ssrc_lines: usize,
}

struct Draft {
    mid: Option<String>,
    kind: Option<MediaKind>,
    direction: Option<Direction>,
    port_zero: bool,
    payload_types: Vec<String>,
    /// Payload types and what `a=rtpmap` says they are.
    formats: Vec<(u8, String)>,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), MediaRefusal> {
        if let Some(candidate) = line.strip_prefix("a=candidate:") {
            return check_candidate(candidate);
        }
        if line == "a=end-of-candidates" || line.is_empty() {
            return Ok(());
        }
        self.text.push_str(line);
        self.text.push_str("\r\n");
        if let Some(media) = line.strip_prefix("m=") {
            return self.section(media);
        }
        if let Some(origin) = line.strip_prefix("o=") {
            self.origin = origin.split(' ').nth(1).unwrap_or_default().to_owned();
        }
        match line.strip_prefix("a=") {
            Some(attribute) => self.attribute(attribute),
            None => Ok(()),
        }
    }

    fn section(&mut self, media: &str) -> Result<(), MediaRefusal> {
        if self.sections.len() == SECTIONS_MAX {
            return Err(MediaRefusal::bad_sdp(format!("more than {SECTIONS_MAX} sections")));
        }
        let mut words = media.split(' ');
        let kind = match words.next() {
            Some("audio") => Some(MediaKind::Audio),
            Some("video") => Some(MediaKind::Video),
            Some("application") => None,
            _ => return Err(MediaRefusal::bad_sdp(format!("unknown section m={media}"))),
        };
        let port_zero = words.next() == Some("0");
        let payload_types = words.skip(1).map(str::to_owned).take(FORMATS_MAX).collect();
        self.sections.push(Draft {
            mid: None,
            kind,
            direction: None,
            port_zero,
            payload_types,
            formats: Vec::new(),
        });
        Ok(())
    }

    fn attribute(&mut self, attribute: &str) -> Result<(), MediaRefusal> {
        let (name, value) = attribute.split_once(':').unwrap_or((attribute, ""));
        match name {
            "ice-ufrag" => {
                self.ufrag.get_or_insert_with(|| value.to_owned());
            }
            "ice-pwd" => self.password = true,
            "fingerprint" => {
                self.fingerprint.get_or_insert_with(|| value.to_lowercase());
            }
            "rtpmap" => self.format(value),
            "group" if value.starts_with("BUNDLE") => {
                self.bundled = value.split(' ').skip(1).map(str::to_owned).collect();
            }
            "mid" => {
                check_mid(value)?;
                if let Some(section) = self.sections.last_mut() {
                    section.mid = Some(value.to_owned());
                }
            }
            "ssrc" => {
                self.ssrc_lines += 1;
                if self.ssrc_lines > SSRC_LINES_MAX {
                    return Err(MediaRefusal::bad_sdp("too many a=ssrc lines"));
                }
            }
            _ => self.direction(attribute),
        }
        Ok(())
    }

    fn format(&mut self, value: &str) {
        let Some((payload_type, codec)) = value.split_once(' ') else { return };
        if let (Ok(payload_type), Some(section)) = (payload_type.parse(), self.sections.last_mut())
        {
            section.formats.push((payload_type, codec.trim().to_lowercase()));
        }
    }

    fn direction(&mut self, attribute: &str) {
        if let Some(direction) = Direction::parse(attribute) {
            match self.sections.last_mut() {
                Some(section) => section.direction = Some(direction),
                None => self.session_direction = Some(direction),
            }
        }
    }

    fn finish(self) -> Result<Offer, MediaRefusal> {
        let missing = |what: &str| MediaRefusal::bad_sdp(format!("the SDP has no {what}"));
        if self.sections.is_empty() {
            return Err(missing("m= section"));
        }
        if !self.password {
            return Err(missing("a=ice-pwd"));
        }
        let fallback = self.session_direction.unwrap_or(Direction::SendRecv);
        let mut sections: Vec<Section> = Vec::with_capacity(self.sections.len());
        let mut codecs: HashMap<u8, String> = HashMap::new();
        for draft in self.sections {
            let mid = draft.mid.ok_or_else(|| missing("a=mid in one of its sections"))?;
            if sections.iter().any(|earlier| earlier.mid == mid) {
                return Err(MediaRefusal::bad_sdp(format!("two sections have the mid {mid}")));
            }
            let redundant = draft.formats.iter().any(|(_, codec)| codec.starts_with("red/48000"));
            let stopped = draft.port_zero && !self.bundled.contains(&mid);
            if !stopped {
                check_formats(draft.formats, &mut codecs)?;
            }
            let direction =
                if stopped { Direction::Inactive } else { draft.direction.unwrap_or(fallback) };
            let (kind, payload_types) = (draft.kind, draft.payload_types);
            sections.push(Section { mid, kind, direction, stopped, payload_types, redundant });
        }
        Ok(Offer {
            text: self.text,
            ufrag: self.ufrag.ok_or_else(|| missing("a=ice-ufrag"))?,
            fingerprint: self.fingerprint.ok_or_else(|| missing("a=fingerprint"))?,
            origin: self.origin,
            sections,
        })
    }
}

/// All sections share one transport, so a payload type means one thing (RFC 8843 section 10.1.2).
fn check_formats(
    formats: Vec<(u8, String)>,
    codecs: &mut HashMap<u8, String>,
) -> Result<(), MediaRefusal> {
    for (payload_type, codec) in formats {
        let known = codecs.entry(payload_type).or_insert_with(|| codec.clone());
        if *known != codec {
            return Err(MediaRefusal::bad_sdp(format!(
                "payload type {payload_type} means two things"
            )));
        }
    }
    Ok(())
}

/// The library keeps 16 bytes of a mid and turns other characters into `_`; such an answer would
/// name sections that the client does not have.
fn check_mid(mid: &str) -> Result<(), MediaRefusal> {
    let plain = mid.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if plain && (1..=16).contains(&mid.len()) {
        return Ok(());
    }
    Err(MediaRefusal::bad_sdp("a mid must be 1 to 16 letters, digits or _"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: &str = "v=0\r\no=- 7 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n\
        a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 AA:BB\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=sendonly\r\n\
        a=candidate:1 1 udp 2130706431 0f9c.local 9 typ host\r\n\
        m=video 0 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=recvonly\r\n";

    #[test]
    fn the_outline_is_read_and_candidates_go() {
        let offer = Offer::parse(GOOD).unwrap();
        let found: Vec<_> =
            offer.sections.iter().map(|s| (s.mid.as_str(), s.kind, s.direction)).collect();
        assert_eq!(
            found,
            [
                ("0", Some(MediaKind::Audio), Direction::SendOnly),
                ("1", Some(MediaKind::Video), Direction::RecvOnly)
            ]
        );
        assert_eq!((offer.origin.as_str(), offer.ufrag.as_str()), ("7", "abcd"));
        assert!(!offer.text.contains("candidate"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let check = |text: String, says: &str| match Offer::parse(&text) {
            Err(MediaRefusal::BadSdp(why)) => assert!(why.contains(says), "{why} / {says}"),
            other => panic!("{says}: {other:?}"),
        };
        check(String::new(), "v=0");
        check("hello".into(), "v=0");
        check("v=0\r\n".into(), "no m= section");
        check(GOOD.replace("a=ice-ufrag:abcd\r\n", ""), "a=ice-ufrag");
        check(GOOD.replace("a=ice-pwd:0123456789012345678901\r\n", ""), "a=ice-pwd");
        check(GOOD.replace("a=fingerprint:sha-256 AA:BB\r\n", ""), "a=fingerprint");
        check(GOOD.replace("a=mid:1\r\n", ""), "a=mid");
        check(GOOD.replace("a=mid:1", "a=mid:0"), "two sections");
        check(GOOD.replace("a=mid:1", "a=mid:a-b"), "letters, digits");
        let (opus, vp8) = ("a=rtpmap:96 opus/48000/2\r\n", "a=rtpmap:96 VP8/90000\r\n");
        let twice = GOOD.replace("a=sendonly\r\n", &format!("a=sendonly\r\n{opus}")) + vp8;
        check(twice.replace("m=video 0", "m=video 9"), "96 means two things");
        check(GOOD.replace("m=video", "m=image"), "unknown section");
        check(GOOD.replace("udp 2130706431 0f9c.local", "udp x 0f9c.local"), "candidate");
        check(GOOD.to_owned() + &"a=x\r\n".repeat(60_000), "256 KiB");
        check(GOOD.to_owned() + &"a=ssrc:1 cname:x\r\n".repeat(600), "a=ssrc");
        check(GOOD.to_owned() + &"m=audio 9 X 0\r\n".repeat(70), "more than 64");
    }

    #[test]
    fn a_renegotiation_keeps_the_order() {
        let first = Offer::parse(GOOD).unwrap();
        let mut later = first.clone();
        later.sections.push(Section { mid: "2".into(), ..first.sections[1].clone() });
        assert!(later.continues(&first) && later.check_order(&first).is_ok());
        later.sections.swap(0, 1);
        assert!(later.check_order(&first).is_err());
        later.fingerprint = "sha-256 cc".into();
        assert!(!later.continues(&first));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(
            cut in 0..GOOD.len(), noise in "\\PC{0,40}", at in 0..GOOD.len()
        ) {
            let _ = Offer::parse(&GOOD[..cut]);
            let mut text = GOOD.to_owned();
            text.insert_str(at, &noise);
            let _ = Offer::parse(&text);
        }
    }
}
