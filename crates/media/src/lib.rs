//! The media core: a selective forwarding unit (SFU) that is told the time and the bytes.
//!
//! `net` owns sockets, threads and the clock and drives one [`Worker`] per thread. Nothing in here
//! opens a socket, spawns, reads a clock or draws a random number of its own (DTLS keys and SSRCs are
//! drawn inside the WebRTC library, ICE credentials are handed in).
//!
//! Methods of [`Worker`] come in four kinds:
//! - getters ([`Worker::counters`]);
//! - `handle_*` for what comes from the network and the clock;
//! - verbs for what the application asks (`open`, `offer`, `set_gate`, …);
//! - `poll_*` for what goes out. After any call of the second or third kind the caller drains
//!   [`Worker::poll_output`] to `None` and then asks [`Worker::poll_timeout`].
//!
//! The path of a packet: `worker` (demux by ufrag, then by address) -> `peer` (one WebRTC connection)
//! -> `router` (gate, source, legs) -> `leg` (sequence number, timestamp) -> the receiver's `peer`. A
//! packet of a picture also passes `picture` (what it is), `layer` (the layers that its source has) and each
//! leg's `choice` (the layer that this receiver is sent, shared out by `allocation`).
//!
//! What leaves it is an [`Output`]: datagrams for peers, [`Event`]s for the application, what is for
//! another worker, the [`Voice`] of sessions whose gate has `captions`, and what is to be mixed ([`Mix`], of
//! rooms that somebody is sent a mix of). The last two are sound in the clear, the only things here that are:
//! microphone packets that passed the gate, their payload shared with the listeners. Captions get nothing of a
//! session without them; what goes to the [`Mixer`] comes back as [`Mixed`] and goes nowhere else.
//!
//! What must always hold: a source whose gate is shut reaches nobody, listener, mix or tap, from the very
//! call of [`Worker::set_gate`] on, on other workers from [`Worker::forbid`] on; a fault ends one session, never the worker; every list has a named limit.
//!
//! A session stays on the worker that made it, whatever room it is in. `net` makes the sessions of a small
//! room on one worker, so that a packet is decrypted, forwarded and encrypted there; a large room spans
//! workers, and any may after [`Worker::carry`]: they tell each other what they have ([`Output::Relay`];
//! how, is in `relay`). Which worker a session is on makes no difference to who hears and sees whom.
//!
//! The socket that received a datagram may be another worker's, which is not known before it is looked
//! at; then it is handed over once ([`Output::Handover`]). With N workers that is (N-1)/N of them.

mod allocation;
mod choice;
mod congestion;
mod credentials;
mod demux;
mod event;
mod feedback;
mod gaps;
mod h264;
mod layer;
mod leg;
mod level;
mod limit;
mod mixer;
mod offer;
mod output;
mod packet;
mod peer;
mod picture;
mod rate;
mod red;
mod refusal;
mod relay;
mod request;
mod roster;
mod router;
mod sdp;
mod seal;
mod session;
mod slot;
mod source;
mod speaker;
pub mod srtp;
mod stun;
mod svc;
mod timer;
mod trial;
mod voice;
mod vp9;
mod worker;

pub use credentials::{IceCredentials, WorkerNumber};
pub use event::{Allocation, Bound, Event, LayerInfo, SlotBinding};
pub use mixer::{Mix, Mixed, Mixer};
pub use model::Gate;
pub use offer::{Outline, outline};
pub use output::{Counters, Handover, Output, Protocol, Transmit};
pub use peer::Certificate;
pub use refusal::MediaRefusal;
pub use relay::{Ban, Relay, Topic};
pub use request::{OpenSession, SourceLabel, ViewRequest};
pub use stun::worker_of_check;
pub use trial::Trial;
pub use voice::Voice;
pub use worker::{Worker, WorkerConfig};
