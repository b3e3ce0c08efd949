//! Rooms under the real store and media plane: what holds when many act at once, and when the store is
//! away. The rules themselves are tested in `room`, what is said of them in `dialects`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod away;
mod grants;
mod moves;
mod races;
mod talk;
mod world;
