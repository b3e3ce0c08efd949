//! One at a time per person: joins, moves and changes of roles that would otherwise race.

use model::UserId;
use tokio::sync::{Mutex, MutexGuard};

use crate::Refusal;

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

/// Does something to its end even if whoever asked for it is gone: what was given to a room or the store is
/// carried out all the same, and until then nobody else's turn begins.
pub(crate) async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Refusal>> + Send + 'static,
) -> Result<T, Refusal> {
    // It only fails by a panic, which was logged there.
    tokio::spawn(work).await.unwrap_or_else(|_| Err(Refusal::unavailable()))
}
