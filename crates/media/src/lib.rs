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
//! -> `router` (gate, source, legs) -> `leg` (sequence number, timestamp) -> the receiver's `peer`.
//!
//! What leaves it is an [`Output`]: datagrams for peers, [`Event`]s for the application, datagrams for
//! another worker, and the [`Voice`] of sessions whose gate has `captions`. The last is sound in the
//! clear, the only thing here that is: microphone packets that passed the gate, their payload shared
//! with the listeners, never anything of a session without captions.
//!
//! What must always hold: a source whose gate is shut reaches nobody, listener or tap, from the very
//! call of [`Worker::set_gate`] on; a fault ends one session, never the worker; every list has a named limit.
//!
//! For now all sessions of a room live on one worker (`net` picks it by room): a packet is decrypted,
//! forwarded and encrypted there. The socket that received it may be another worker's, which is not
//! known before the datagram is looked at; then it is handed over once ([`Output::Handover`]). With N
//! workers that is (N-1)/N of the datagrams.

mod credentials;
mod demux;
mod event;
mod keyframe;
mod layer;
mod leg;
mod limit;
mod offer;
mod opus;
mod output;
mod peer;
mod refusal;
mod request;
mod router;
mod sdp;
mod session;
mod slot;
mod source;
mod speaker;
mod stun;
mod timer;
mod trial;
mod voice;
mod worker;

pub use credentials::{IceCredentials, WorkerNumber};
pub use event::{Bound, Event, SlotBinding};
pub use model::Gate;
pub use output::{Counters, Handover, Output, Transmit};
pub use peer::Certificate;
pub use refusal::MediaRefusal;
pub use request::{OpenSession, SourceLabel, ViewRequest};
pub use trial::Trial;
pub use voice::Voice;
pub use worker::{Worker, WorkerConfig};
