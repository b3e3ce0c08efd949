//! Following a session wherever it goes: its room's notices, and those of the room it is moved to.

use std::sync::Arc;

use app::{App, Notice, Refusal, Snapshot, Start, Watch, What};
use model::{SessionId, Timestamp, UserId};
use room::{EndReason, Event};

/// How often a session that was moved is looked for: moderators move people by hand.
const FIND_TRIES: usize = 3;

/// A running watch, which is a link of its session: the member is present while this lives.
pub(crate) struct Follow {
    app: App,
    session: SessionId,
    /// Its start has been taken out.
    watch: Watch,
}

/// What a follower is told next.
pub(crate) enum Told {
    /// Something of the room that the session is in.
    Notice(Arc<Notice>),
    /// The session goes on in another room.
    Moved(Box<Moved>),
    /// Nothing more: the follower fell behind, or the session was gone before it was found again.
    Lost,
}

/// A session is in another room now.
pub(crate) struct Moved {
    /// Of the notice in the room that it left.
    pub seq: u64,
    /// When it left.
    pub at: Timestamp,
    /// Who moved it; `None` is the server.
    pub by: Option<UserId>,
    /// The room that it is in, as it is.
    pub snapshot: Snapshot,
}

impl Follow {
    /// Begins behind a notice that the client has, or from the present state.
    pub(crate) async fn open(
        app: App,
        session: SessionId,
        after: Option<u64>,
    ) -> Result<(Self, Start), Refusal> {
        let mut watch = app.rooms.watch(session, after).await?;
        // The number is of the room that the session was in before: of this one the client knows nothing.
        if matches!(&watch.start, Start::Missed(missed) if missed.iter().any(|n| is_arrival(n, session)))
        {
            watch = app.rooms.watch(session, None).await?;
        }
        Ok(Self::over(app, session, watch))
    }

    /// Goes on with a watch that somebody has begun.
    pub(crate) fn over(app: App, session: SessionId, mut watch: Watch) -> (Self, Start) {
        let start = take_start(&mut watch);
        (Self { app, session, watch }, start)
    }

    /// Waits for the next notice; may be given up at any time. [`Follow::told`] says what it means.
    pub(crate) async fn recv(&mut self) -> Option<Arc<Notice>> {
        self.watch.notices.recv().await
    }

    /// What a notice, or that none comes any more, means to this follower. Must not be given up: it may
    /// be looking for the session.
    pub(crate) async fn told(&mut self, notice: Option<Arc<Notice>>) -> Told {
        let Some(notice) = notice else { return Told::Lost };
        match own_end(&notice, self.session) {
            Some(EndReason::MovedTo { by, .. }) => self.find_again(&notice, by).await,
            Some(_) | None => Told::Notice(notice),
        }
    }

    /// Somebody may be moved on while this looks for them.
    async fn watch_again(&self) -> Option<Watch> {
        for _ in 0..FIND_TRIES {
            if let Ok(watch) = self.app.rooms.watch(self.session, None).await {
                return Some(watch);
            }
        }
        None
    }

    /// The client was there just now.
    pub(crate) fn mark_heard(&self) {
        self.watch.heard.mark();
    }

    async fn find_again(&mut self, left: &Notice, by: Option<UserId>) -> Told {
        let Some(watch) = self.watch_again().await else { return Told::Lost };
        // Only now is the old one dropped: the session has a link all the time.
        self.watch = watch;
        match take_start(&mut self.watch) {
            Start::Snapshot(snapshot) => {
                let (seq, at) = (left.seq, left.at);
                Told::Moved(Box::new(Moved { seq, at, by, snapshot: *snapshot }))
            }
            // Only whoever names a notice is told what came after it.
            Start::Missed(_) => Told::Lost,
        }
    }
}

fn take_start(watch: &mut Watch) -> Start {
    std::mem::replace(&mut watch.start, Start::Missed(Vec::new()))
}

/// Why the watching session is over, if this notice says so.
pub(crate) fn own_end(notice: &Notice, watching: SessionId) -> Option<EndReason> {
    match &notice.what {
        What::Event { event: Event::SessionEnded { session, reason, .. }, .. } => {
            (*session == watching).then_some(*reason)
        }
        What::Event { .. }
        | What::Message(_)
        | What::Slots { .. }
        | What::Level { .. }
        | What::ActiveSpeaker { .. }
        | What::Reconnect { .. } => None,
    }
}

fn is_arrival(notice: &Notice, watching: SessionId) -> bool {
    match &notice.what {
        What::Event { event: Event::SessionArrived { session, .. }, .. } => *session == watching,
        What::Event { .. }
        | What::Message(_)
        | What::Slots { .. }
        | What::Level { .. }
        | What::ActiveSpeaker { .. }
        | What::Reconnect { .. } => false,
    }
}
