//! The sockets, threads and clock around the media core.
//!
//! `app` starts one [`Media`] and talks to it from async code; each worker is a plain thread that owns
//! one UDP socket and one [`media::Worker`] and never waits for anybody else. All sockets share one
//! port (SO_REUSEPORT on Linux; elsewhere there is one worker): whichever receives a datagram hands it
//! to the worker whose session it is.
//!
//! There are no rules in here: who may speak, who hears whom and what a packet means is decided in
//! `media`. What must hold here: a command is answered only after everything it caused has been given
//! to the kernel and to the [`Tap`] (so a mute that has returned is a mute), and no queue is without a
//! limit. Sockets are
//! read into buffers that are used again; the core allocates each datagram that goes out, and each
//! that is handed over to another worker is copied once.

mod address;
mod command;
mod config;
mod handle;
mod outlet;
mod placement;
mod socket;
mod stats;
mod tap;
mod thread;
mod wake;

pub use config::{MediaConfig, StartError};
pub use handle::Media;
pub use stats::MediaStats;
pub use tap::Tap;
