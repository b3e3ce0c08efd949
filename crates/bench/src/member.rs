//! One connection of the load client while it runs: ICE and DTLS by the WebRTC library, media by one of
//! two paths. The `engine` drives it; nothing here waits.

use std::net::{SocketAddr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

use media::srtp::take_exported;
use str0m::net::{DatagramRecv, Protocol, Receive};
use str0m::rtp::Extension;
use str0m::{Event, Input, Output, Rtc};

use crate::clock::unix_ns;
use crate::draft::{Draft, Path, Speaks};
use crate::full::Full;
use crate::light::{Light, Voice};
use crate::rtp::{Kind, kind};
use crate::stream::{Stream, Window};
use crate::sys::{self, Datagram};

/// When a member that failed is looked at again: never.
const NEVER: Duration = Duration::from_secs(3600);

/// A running connection.
pub struct Member {
    rtc: Rtc,
    local: SocketAddrV4,
    remote: Option<SocketAddrV4>,
    sends: Option<(str0m::media::Mid, Speaks)>,
    media: Media,
    rtc_due: Instant,
    /// What it came to.
    pub course: Course,
}

/// How far a member came, and when.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// Its join was begun.
    pub joined_ns: u64,
    /// DTLS was up.
    pub connected_ns: Option<u64>,
    /// The first packet arrived.
    pub first_media_ns: Option<u64>,
    /// Why it failed, if it did.
    pub failed: Option<String>,
    /// How many streams it was meant to receive.
    pub hears: usize,
}

enum Media {
    /// Before DTLS is up.
    None(Path),
    Light(Box<Light>),
    Full(Box<Full>),
}

/// What a member heard in the window.
#[derive(Debug, Default)]
pub struct Heard {
    pub course: Course,
    /// The speaker's number and its counts at the window's edges.
    pub said: Option<(u32, (u64, u64))>,
    pub streams: Vec<Stream>,
    pub delays_us: Vec<f64>,
    pub bad: u64,
    pub profile: String,
}

impl Member {
    /// Takes over a negotiated connection.
    pub fn new(draft: Draft, now: Instant) -> Self {
        let (joined_ns, hears) = (draft.joined_ns, draft.hears);
        Self {
            rtc: draft.rtc,
            local: draft.local,
            remote: None,
            sends: draft.sends,
            media: Media::None(draft.path),
            rtc_due: now,
            course: Course { joined_ns, hears, ..Course::default() },
        }
    }

    /// A datagram came for it.
    pub fn handle_datagram(
        &mut self,
        datagram: &Datagram<'_>,
        socket: &UdpSocket,
        window: &Window,
    ) {
        let kind = kind(datagram.bytes);
        if kind == Kind::Rtp && self.course.first_media_ns.is_none() {
            self.course.first_media_ns = Some(datagram.at_ns);
        }
        if let (Media::Light(light), Kind::Rtp | Kind::Rtcp) = (&mut self.media, kind) {
            // The server's reports are of no use to it.
            if kind == Kind::Rtp {
                light.handle_rtp(datagram.bytes, datagram.at_ns, window);
            }
            return;
        }
        let Ok(contents) = DatagramRecv::try_from(datagram.bytes) else { return };
        let (source, destination) = (SocketAddr::from(datagram.from), SocketAddr::from(self.local));
        let receive = Receive { proto: Protocol::Udp, source, destination, contents };
        self.input(Input::Receive(Instant::now(), receive), datagram.at_ns, socket, window);
    }

    /// When [`Member::handle_timeout`] is wanted.
    pub fn due(&self) -> Instant {
        let media = match &self.media {
            Media::None(_) => None,
            Media::Light(light) => Some(light.due()),
            Media::Full(full) => full.due(),
        };
        media.map_or(self.rtc_due, |due| due.min(self.rtc_due))
    }

    /// Time went by.
    pub fn handle_timeout(&mut self, now: Instant, socket: &UdpSocket, window: &Window) {
        match &mut self.media {
            Media::None(_) => {}
            Media::Light(light) => {
                while light.due() <= now {
                    let bytes = light.poll(now, unix_ns(), window);
                    if let (Some(bytes), Some(remote)) = (bytes, self.remote) {
                        sys::send(socket, *self.local.ip(), remote, &bytes);
                    }
                }
            }
            Media::Full(full) => {
                if full.due().is_some_and(|due| due <= now) {
                    full.send(&mut self.rtc, now, window);
                    self.rtc_due = now;
                }
            }
        }
        if self.rtc_due <= now {
            self.input(Input::Timeout(now), 0, socket, window);
        }
    }

    fn input(&mut self, input: Input<'_>, at_ns: u64, socket: &UdpSocket, window: &Window) {
        if let Err(error) = self.rtc.handle_input(input) {
            self.fail(&error.to_string());
            return;
        }
        loop {
            match self.rtc.poll_output() {
                Ok(Output::Timeout(at)) => {
                    self.rtc_due = at;
                    return;
                }
                Ok(Output::Transmit(transmit)) => {
                    let SocketAddr::V4(to) = transmit.destination else { continue };
                    // DTLS goes where ICE says (RFC 7983: its first bytes are 20 to 63).
                    if transmit.contents.first().is_some_and(|first| (20..=63).contains(first)) {
                        self.remote = Some(to);
                    }
                    sys::send(socket, *self.local.ip(), to, &transmit.contents);
                }
                Ok(Output::Event(event)) => self.note(event, at_ns, window),
                Err(error) => return self.fail(&error.to_string()),
            }
        }
    }

    fn note(&mut self, event: Event, at_ns: u64, window: &Window) {
        match event {
            Event::Connected => {
                self.course.connected_ns = Some(unix_ns());
                if let Err(error) = self.connected() {
                    self.fail(&format!("{error:#}"));
                }
            }
            Event::RtpPacket(packet) => {
                if let Media::Full(full) = &mut self.media {
                    full.handle_packet(&packet, at_ns, window);
                }
            }
            Event::KeyframeRequest(_) => {
                if let Media::Full(full) = &mut self.media {
                    full.want_keyframe();
                }
            }
            _ => {}
        }
    }

    fn connected(&mut self) -> anyhow::Result<()> {
        use anyhow::Context;
        let now = Instant::now();
        let exported = take_exported().context("no keys were seen")?;
        let Media::None(path) = self.media else { return Ok(()) };
        if path == Path::Full {
            let profile = format!("{:?}", exported.profile);
            self.media = Media::Full(Box::new(Full::new(&self.rtc, self.sends, profile, now)));
            return Ok(());
        }
        let own_ssrc = *self.rtc.direct_api().new_ssrc();
        let voice = self.sends.map(|(mid, speaks)| self.voice(mid, speaks)).transpose()?;
        self.media = Media::Light(Box::new(Light::new(&exported, own_ssrc, voice, now)?));
        Ok(())
    }

    /// How the negotiated section wants its packets.
    fn voice(&mut self, mid: str0m::media::Mid, speaks: Speaks) -> anyhow::Result<Voice> {
        use anyhow::Context;
        let media = self.rtc.media(mid).context("no section to speak in")?;
        let payload_type = **media.remote_pts().first().context("no codec was agreed on")?;
        let level_id = media.remote_extmap().id_of(Extension::AudioLevel);
        let mut api = self.rtc.direct_api();
        let ssrc = *api.stream_tx_by_mid(mid, None).context("no stream to speak in")?.ssrc();
        let Speaks { speaker, payload_len, after } = speaks;
        Ok(Voice { speaker, ssrc, payload_type, level_id, payload_len, after })
    }

    fn fail(&mut self, why: &str) {
        self.course.failed.get_or_insert_with(|| why.to_owned());
        self.rtc_due = Instant::now() + NEVER;
    }

    /// What it heard.
    pub fn finish(self) -> Heard {
        let course = self.course;
        match self.media {
            Media::None(_) => Heard { course, ..Heard::default() },
            Media::Light(light) => Heard {
                course,
                said: light.said(),
                profile: light.profile().to_owned(),
                streams: light.streams,
                delays_us: light.delays_us,
                bad: light.bad,
            },
            Media::Full(full) => full.finish(course),
        }
    }
}
