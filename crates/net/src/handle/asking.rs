//! Finding a session's worker, telling it, and waiting for what comes of it.

use media::{Ban, MediaRefusal, OpenSession, WorkerNumber};
use model::SessionId;
use tokio::sync::oneshot;

use super::Media;
use crate::command::{Command, Reply};
use crate::placement::{Found, Placement};

/// Where a command's outcome arrives.
type Outcome<T> = oneshot::Receiver<Result<T, MediaRefusal>>;

impl Media {
    pub(super) async fn ask<T>(
        &self,
        worker: usize,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, MediaRefusal> {
        let asked = self.tell(worker, |_, reply| Some(command(reply))).await?;
        asked.ok_or(MediaRefusal::WorkerGone)
    }

    /// Changes the table and sends a worker the command that says so, under one lock: it is told things
    /// in the order in which they are so, and whoever stops waiting leaves nothing half done. `None`:
    /// the table is not as the caller thought.
    pub(super) async fn tell<T>(
        &self,
        worker: usize,
        change: impl FnOnce(&mut Placement, Reply<T>) -> Option<Command>,
    ) -> Result<Option<T>, MediaRefusal> {
        let Some(outcome) = self.send(worker, change).await? else { return Ok(None) };
        outcome.await.unwrap_or(Err(MediaRefusal::WorkerGone)).map(Some)
    }

    /// The first half of [`Self::tell`]: the outcome is still to come.
    async fn send<T>(
        &self,
        worker: usize,
        change: impl FnOnce(&mut Placement, Reply<T>) -> Option<Command>,
    ) -> Result<Option<Outcome<T>>, MediaRefusal> {
        let worker = self.0.workers.get(worker).ok_or(MediaRefusal::WorkerGone)?;
        let place = worker.commands.reserve().await.map_err(|_| MediaRefusal::WorkerGone)?;
        let (reply, outcome) = oneshot::channel();
        {
            let mut placement = self.placement();
            let Some(command) = change(&mut placement, reply) else { return Ok(None) };
            place.send(command);
        }
        worker.waker.wake();
        Ok(Some(outcome))
    }

    /// The same with the worker of a session, which is told beside what came of it.
    pub(super) async fn tell_home<T>(
        &self,
        session: SessionId,
        change: impl Fn(&mut Placement, usize, Reply<T>) -> Option<Command>,
    ) -> Result<(usize, Result<Option<T>, MediaRefusal>), MediaRefusal> {
        loop {
            let worker = self.worker_of(session).await?;
            let mut elsewhere = false;
            let told = self.tell(worker, |placement, reply| {
                elsewhere = placement.find(session) != Some(Found::At(worker));
                if elsewhere { None } else { change(placement, worker, reply) }
            });
            let told = told.await;
            if !elsewhere {
                return Ok((worker, told));
            }
        }
    }

    /// Has other workers carry out what a command has promised. A worker that is gone sends nothing.
    pub(super) async fn forbid(&self, bans: Vec<Ban>) {
        let mut outcomes = Vec::with_capacity(bans.len());
        for ban in bans {
            let worker = usize::from(ban.worker.0);
            let forbid = |_: &mut Placement, reply| Some(Command::Forbid { ban, reply });
            if let Ok(Some(outcome)) = self.send(worker, forbid).await {
                outcomes.push(outcome);
            }
        }
        for outcome in outcomes {
            let _ = outcome.await;
        }
    }

    /// A worker died with a session: what it had sent of it to others goes no further.
    pub(super) async fn forbid_orphan(&self, session: SessionId, home: usize) {
        let number = |worker| WorkerNumber(worker as u8);
        let ban = |worker| Ban::of_orphan(number(worker), session, number(home));
        let bans = self.placement().running().map(ban).collect();
        self.forbid(bans).await;
    }

    /// Has the promise of a command hold in the whole process. `asked`: the worker, and what came of it. One
    /// that died while it was asked keeps the promise too, by sending nothing more, once others have let go
    /// of what it had sent.
    pub(super) async fn keep(
        &self,
        session: SessionId,
        asked: (usize, Result<Option<Vec<Ban>>, MediaRefusal>),
    ) -> Result<(), MediaRefusal> {
        match asked {
            (home, Err(MediaRefusal::WorkerGone)) => {
                self.forbid_orphan(session, home).await;
                Err(MediaRefusal::WorkerGone)
            }
            (_, bans) => {
                self.forbid(bans?.unwrap_or_default()).await;
                Ok(())
            }
        }
    }

    /// Opens a session on the worker that is to have it. `None`: that has just changed.
    pub(super) async fn seat(
        &self,
        open: OpenSession,
        is_new: bool,
    ) -> Result<Option<()>, MediaRefusal> {
        let worker = self.placement().place_for(&open).ok_or(MediaRefusal::WorkerGone)?;
        let seated = self.tell(worker, |placement, reply| {
            let known = is_new || placement.find(open.session).is_some();
            (known && placement.place_for(&open) == Some(worker)).then(|| {
                placement.put(open, worker);
                let beside = placement.beside(open.room, worker);
                Command::Open { open, beside, reply }
            })
        });
        seated.await
    }

    /// Where a session lives. One whose worker died is opened on another first.
    pub(super) async fn worker_of(&self, session: SessionId) -> Result<usize, MediaRefusal> {
        loop {
            let found = self.placement().find(session).ok_or(MediaRefusal::UnknownSession)?;
            let (orphan, home) = match found {
                Found::At(worker) => return Ok(worker),
                Found::Orphan(open, home) => (open, home),
            };
            self.forbid_orphan(session, home).await;
            if let Err(refusal) = self.seat(orphan, false).await {
                self.placement().unseat(session);
                return Err(refusal);
            }
        }
    }
}
