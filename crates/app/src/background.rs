//! What runs beside the requests: reports of the media plane, and bans made by the command line.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use media::Event;
use model::{SessionId, UserId};
use room::{Command, EndReason, Link};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use crate::App;
use crate::board::News;
use crate::clock::now;
use crate::refusal::causes;
use crate::rooms::Rooms;

/// How often the store is asked for accounts whose tokens died: a ban by another process takes effect
/// on running calls within this.
const EPOCH_POLL: Duration = Duration::from_secs(2);

/// Changes are asked for again for this long: another process's clock and writes are not ours.
const EPOCH_OVERLAP: Duration = Duration::from_secs(10);

/// Carries what the media plane reports to the rooms, in order.
pub(crate) async fn follow_media(rooms: Rooms, mut events: mpsc::Receiver<Event>) {
    while let Some(event) = events.recv().await {
        match event {
            Event::Connected { session } => {
                rooms.tell(session, Command::LinkUp { session, link: Link::Media }).await;
            }
            Event::Lost { session, last_seen } => media_down(&rooms, session, last_seen).await,
            Event::Failed { session } => {
                media_down(&rooms, session, Instant::now()).await;
                rooms.peer_failed(session).await;
            }
            Event::SpeakingStarted { session } => {
                rooms.tell(session, Command::Speaking { session, speaking: true }).await;
            }
            Event::SpeakingStopped { session } => {
                rooms.tell(session, Command::Speaking { session, speaking: false }).await;
            }
            Event::Level { session, dbov } => rooms.level(session, dbov).await,
            Event::SourceStarted { session, source } => {
                rooms.tell(session, Command::Source { session, source, flowing: true }).await;
            }
            Event::SourceStopped { session, source } => {
                rooms.tell(session, Command::Source { session, source, flowing: false }).await;
            }
            Event::Slots { session, slots } => rooms.slots(session, slots).await,
        }
    }
}

async fn media_down(rooms: &Rooms, session: SessionId, last_seen: Instant) {
    rooms.tell(session, Command::LinkDown { session, link: Link::Media, last_seen }).await;
}

/// Puts out of their rooms the people who are banned while this runs.
pub(crate) async fn follow_bans(app: App) {
    let mut since = now().wall;
    let mut known = HashMap::new();
    let mut ticks = tokio::time::interval(EPOCH_POLL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let changes = match app.store.epochs_changed_since(since).await {
            Ok(changes) => changes,
            Err(error) => {
                tracing::warn!(error = causes(&error), "bans could not be looked up; trying again");
                continue;
            }
        };
        let mut handled = HashMap::new();
        for change in &changes {
            let is_known = known.get(&change.account) == Some(&change.epoch);
            let banned = UserId::from(change.account);
            if !is_known {
                let news = News::SignedOut { user: banned, epoch: change.epoch };
                app.board.tell(news).await;
            }
            let done =
                is_known || !change.banned || app.end_everywhere(banned, EndReason::Banned).await;
            if done {
                handled.insert(change.account, change.epoch);
            }
        }
        known = handled;
        if let Some(last) = changes.last() {
            since = since.max(last.changed_at.minus(EPOCH_OVERLAP));
        }
    }
}
