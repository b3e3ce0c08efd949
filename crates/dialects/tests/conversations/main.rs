//! Conversations with the dialects over real sockets: what is asked, and word for word what is answered.
//!
//! A seed's example is a test here. Times that matter to a room are not waited for: its own scripts have
//! them in simulated time.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod accounts;
mod arbitrary;
mod aura_admission;
mod aura_bypass;
mod aura_crowd;
mod aura_invite;
mod aura_pictures;
mod aura_reconnect;
mod aura_rest;
mod aura_room;
mod aura_seed;
mod aura_temporary;
mod documents;
mod errors;
mod gateway;
mod gateway_crowd;
mod gateway_presence;
mod gateway_resume;
mod gateway_said;
mod gateway_told;
mod harness;
mod media_socket;
mod moderation;
mod moved;
mod platform;
mod resume;
mod seed;
mod sessions;
mod shared_paths;
mod stage_stream;
mod stream;
mod stt_errors;
mod stt_floor;
mod stt_members;
mod stt_messages;
mod stt_seed;
mod stt_socket;
mod stt_upload;
mod upgrade;
mod vox_bodies;
mod vox_join;
mod vox_matrix;
mod vox_move;
mod vox_quota;
mod vox_roles;
mod vox_rooms;
mod vox_seed;
mod vox_stage;
