//! One at a time per person: joins that would otherwise race.

use model::UserId;
use tokio::sync::{Mutex, MutexGuard};

/// Stripes. More would let more people join at the same instant without ever waiting for a stranger;
/// a join holds one for a few milliseconds.
const STRIPES: usize = 64;

/// A lock per person, striped.
#[derive(Debug)]
pub struct Turnstile([Mutex<()>; STRIPES]);

impl Default for Turnstile {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::new(())))
    }
}

impl Turnstile {
    /// Waits for this person's turn.
    pub async fn lock(&self, user: UserId) -> MutexGuard<'_, ()> {
        // The low bits of an id are its sequence number; mixing spreads ids of different moments.
        let mixed = user.0.as_u64().wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        self.0[mixed as usize % STRIPES].lock().await
    }
}
