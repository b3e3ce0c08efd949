//! The room: who is in it, who may speak, and what everyone is told. Pure.
//!
//! A [`Room`] has four kinds of methods. Getters read ([`Room::view`], [`Room::gate`]).
//! [`Room::decide`] answers what a command would change, as events, or refuses, and changes nothing:
//! it takes `&self`, so a refusal cannot leave half a change. [`Room::apply`] is the only mutator and
//! cannot fail. [`Room::next_deadline`] and [`Room::due`] are the clock: whoever owns the room wakes it
//! up then and applies what is due.
//!
//! The events are the reply, the broadcast, the stored row and the bus message at once. Voice rooms,
//! stages, push-to-talk rooms and conferences are one kind of room with different [`Profile`]s.
//!
//! Deliberately absent: clocks, randomness, tokio, JSON, SQL, passwords (a room is told that the right
//! one was shown), and any knowledge of the five wire APIs. Ids and times come in with the command.

mod active;
mod activity;
mod actor;
mod admission;
mod apply;
mod call;
mod captions;
mod change;
mod command;
mod end;
mod event;
mod floor;
mod gate;
mod hand;
mod invitation;
mod member;
mod membership;
mod message;
mod moves;
mod mute;
mod policy;
mod presence;
mod profile;
mod refusal;
mod room;
mod settings;
mod stage;
mod timing;
mod view;
mod waiting;

pub use active::{ActiveChange, ActiveSpeaker};
pub use actor::{Actor, Caller, Person};
pub use admission::{Admission, Entry, Listed, Shown, entry};
pub use call::{Call, CallChange, Invitation, RingEnd};
pub use change::SettingsChange;
pub use command::{Command, Join};
pub use end::EndReason;
pub use event::{Audience, Event, FloorEnd};
pub use floor::Floor;
pub use invitation::{Invite, RINGING_MAX};
pub use member::Marks;
pub use membership::SESSIONS_PER_MEMBER_MAX;
pub use message::{Message, MessageMeta, MessageStatus, Segment, Sender};
pub use model::Gate;
pub use moves::{Arrival, Carried};
pub use policy::{Action, check, permissions};
pub use presence::{GONE_AFTER, JOIN_TIMEOUT, Link};
pub use profile::{Profile, ProfileKind, SpeakRule, UnknownProfile};
pub use refusal::Refusal;
pub use room::Room;
pub use settings::Settings;
pub use stage::{INVITE_TTL, InviteEnd, RevokeReason, StageRole};
pub use timing::{RING_FOR, Timing};
pub use view::{MemberView, RoomView, SessionView};
pub use waiting::{CALLS_MAX, Knock, NUDGE_EVERY, REJECTED_FOR};
