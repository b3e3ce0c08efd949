//! Every limit of the media core, with what more or less would buy.

use std::time::Duration;

/// Sessions of one worker. A session costs tens of KiB and a timer; more than this on one thread
/// would be out of processor time long before.
pub(crate) const SESSIONS_MAX: usize = 10_000;

/// m-sections of one session. The web client has 17; more makes each idle connection dearer.
pub(crate) const SECTIONS_MAX: usize = 64;

/// Bytes of one SDP. A browser's offer with 17 sections has about 60 KiB.
pub(crate) const SDP_BYTES_MAX: usize = 256 * 1024;

/// Payload types of one section whose order is kept. There are 128.
pub(crate) const FORMATS_MAX: usize = 128;

/// `a=ssrc` lines of one offer: each may become a receive stream with its own registers.
pub(crate) const SSRC_LINES_MAX: usize = 512;

/// Bytes of a datagram that is looked at. The WebRTC library writes a forwarded packet into 2000
/// bytes together with its own header, so a longer one must never get that far.
pub(crate) const DATAGRAM_BYTES_MAX: usize = 1500;

/// Remote addresses one session may own. A client has a handful (interfaces, NAT rebinding); the
/// one idle for longest goes when there are more.
pub(crate) const ADDRESSES_PER_SESSION: usize = 8;

/// Local addresses a session learns beyond the advertised ones (an interface that came up later).
pub(crate) const LOCAL_ADDRESSES_MAX: usize = 64;

/// Addresses remembered as another worker's, per generation; two generations are kept. Fewer would
/// forget live peers under a flood of forged STUN, more would only cost memory.
pub(crate) const FOREIGN_ADDRESSES_MAX: usize = 32_768;

/// Layers counted per source, simulcast streams and spatial layers inside a stream. Browsers send at most 3.
pub(crate) const LAYERS_MAX: usize = 4;

/// Wanted sections in one `view`: more cannot exist.
pub(crate) const VIEWS_MAX: usize = SECTIONS_MAX;

/// No datagram at all for this long: the peer is lost. Consent checks may be 5 s apart, spread by a
/// fifth (RFC 7675 section 5.1), so 6 s or less would report healthy listeners.
pub(crate) const LOST_AFTER: Duration = Duration::from_millis(6500);

/// A video source without a packet for this long has stopped.
pub(crate) const VIDEO_ABSENT_AFTER: Duration = Duration::from_secs(5);

/// The same for a microphone. Long, because discontinuous transmission is silence by absence.
pub(crate) const AUDIO_ABSENT_AFTER: Duration = Duration::from_secs(30);

/// A shut or absent microphone keeps its slots this long even if others would like them, so that a
/// short mute does not reshuffle everybody.
pub(crate) const SLOT_GRACE: Duration = Duration::from_secs(3);

/// At most one keyframe request per stream of a source in this time. Keyframes are large: more often starves
/// the picture, less often keeps a newcomer in the dark.
pub(crate) const KEYFRAME_INTERVAL: Duration = Duration::from_millis(500);

/// The soonest a session is looked at again. Less would only cost wake-ups.
pub(crate) const TIMER_STEP: Duration = Duration::from_millis(1);

/// A source that changed its codec keeps the new one at least this long. Less would let a sender make
/// everybody's slots be arranged anew with every packet, more would hold up an honest change.
pub(crate) const CODEC_KEPT_FOR: Duration = Duration::from_secs(1);

/// Packets of one microphone that are tapped in a second: as many as Opus can have (RFC 6716 section
/// 2.1.4: 2.5 ms each), and some for a burst after a stall. More would let one sender fill the queue in
/// which everybody's voices wait.
pub(crate) const TAPPED_PER_SECOND_MAX: u32 = 450;

/// Streams of one connection: RTP SSRCs, and SSRCs that send RTCP. With [`SECTIONS_MAX`] sections of
/// three layers and their retransmissions there are 384; each costs a place here and in the library for
/// as long as the connection lives.
pub(crate) const SSRCS_MAX: usize = 512;

/// Datagrams that the RTCP of one peer may call forth in a [`RESEND_PERIOD`]. A receiver that lost more
/// than that is better served by a keyframe; more would let 1500 bytes call forth megabytes.
pub(crate) const RESENDS_PER_PERIOD_MAX: usize = 512;

/// Less would let a peer ask again at once, more would hurt one that has had a bad moment.
pub(crate) const RESEND_PERIOD: Duration = Duration::from_secs(1);
