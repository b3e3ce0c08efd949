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
//!
//! Sessions of a room are made on one worker and stay there when they are carried to another room, so a
//! room may span workers. What those have for each other goes through bounded queues (`relays`): packets
//! are dropped when one is full, the rest waits for a place. A promise that concerns such a room is
//! kept in two steps: the session's own worker carries the command out, then each other worker of the room is
//! asked (`Command::Forbid`), which looks first at all that has come in. Commands and the table of who
//! lives where (`placement`) change together.

mod address;
mod command;
mod config;
mod deaths;
mod handle;
mod mixing;
mod outlet;
mod placement;
mod relays;
mod socket;
mod stats;
mod stream;
mod tap;
mod thread;
mod turn;
mod wake;

pub use command::Pictures;
pub use config::{MediaConfig, StartError};
pub use handle::Media;
pub use stats::MediaStats;
pub use tap::Tap;
pub use turn::{Turn, TurnConfig};
