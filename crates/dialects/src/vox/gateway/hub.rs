//! The task that owns all gateway sessions. It reads what the rooms tell and what connections ask for, one
//! after the other, so that what a connection begins with and what it is told later fit together.
//!
//! It never waits for a connection: each has a bounded queue, and who does not keep up is let go of.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use app::{App, Identity, News, now};
use futures_util::FutureExt;
use model::UserId;
use room::Settings;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::MissedTickBehavior;

use super::close::Close;
use super::desk::{Desk, Welcome};
use super::envelope::CodecNeg;
use super::render::{codec_neg_data, kind};
use super::replay::ConnectionId;
use crate::Doors;

/// Requests of connections that may wait. They wait for their turn; more would only hide a hub that is
/// too slow.
const COMMANDS_MAX: usize = 1024;
/// How often old events and sessions are looked for. They are kept up to this much longer.
const TIDY_EVERY: Duration = Duration::from_secs(5);
/// How long to wait before the rooms are read again when the store is away.
const LOAD_AGAIN: Duration = Duration::from_secs(1);

enum Command {
    Identify { who: Box<Identity>, as_of: u64, reply: Reply },
    Resume { who: Box<Identity>, as_of: u64, id: String, last_seq: u64, reply: Reply },
    Detach { id: Arc<str>, connection: ConnectionId },
    Relay { to: Vec<UserId>, said: Box<CodecNeg>, from: UserId },
}

type Reply = oneshot::Sender<Result<Welcome, Denied>>;

/// Why a connection is not let in.
#[derive(Debug)]
pub(super) enum Denied {
    /// Somebody's permissions or tokens have changed since the token was looked at: look again.
    Stale,
    /// For good.
    Close(Close),
}

/// The hub as connections see it.
#[derive(Clone, Debug)]
pub(super) struct Hub {
    commands: mpsc::Sender<Command>,
    /// Rises whenever somebody's permissions or tokens have changed.
    changes: Arc<AtomicU64>,
    stopping: watch::Receiver<bool>,
}

impl Hub {
    /// Starts the task; it ends with the runtime.
    pub(super) fn start(doors: &Doors) -> Self {
        let (commands, asked) = mpsc::channel(COMMANDS_MAX);
        let (stop, stopping) = watch::channel(doors.app.is_stopping());
        let changes = Arc::new(AtomicU64::new(0));
        let task = Task { doors: doors.clone(), changes: Arc::clone(&changes), stop, asked };
        // From here on nothing is missed.
        let news = doors.app.board.subscribe();
        tokio::spawn(task.run(news));
        Self { commands, changes, stopping }
    }

    /// What must not change between a look at a token and the letting in of who has shown it.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// A new session.
    pub(super) async fn identify(&self, who: Identity, as_of: u64) -> Result<Welcome, Denied> {
        let who = Box::new(who);
        self.ask(|reply| Command::Identify { who, as_of, reply }).await
    }

    /// A session that there is.
    pub(super) async fn resume(
        &self,
        who: Identity,
        as_of: u64,
        id: String,
        last_seq: u64,
    ) -> Result<Welcome, Denied> {
        let who = Box::new(who);
        self.ask(|reply| Command::Resume { who, as_of, id, last_seq, reply }).await
    }

    /// A connection has ended.
    pub(super) async fn detach(&self, id: Arc<str>, connection: ConnectionId) {
        // Without a hub there are no sessions.
        let _ = self.commands.send(Command::Detach { id, connection }).await;
    }

    /// Something of a member's client for those of the others.
    pub(super) async fn relay(&self, to: Vec<UserId>, said: CodecNeg, from: UserId) {
        let said = Box::new(said);
        let _ = self.commands.send(Command::Relay { to, said, from }).await;
    }

    /// Waits until the server stops.
    pub(super) async fn stopped(&self) {
        let mut stopping = self.stopping.clone();
        if stopping.wait_for(|stopping| *stopping).await.is_err() {
            // The task is gone, which says nothing of the server.
            std::future::pending::<()>().await;
        }
    }

    async fn ask(&self, command: impl FnOnce(Reply) -> Command) -> Result<Welcome, Denied> {
        let gone = Denied::Close(Close::UnknownError);
        let (reply, answer) = oneshot::channel();
        if self.commands.send(command(reply)).await.is_err() {
            return Err(gone);
        }
        answer.await.unwrap_or(Err(gone))
    }
}

struct Task {
    doors: Doors,
    changes: Arc<AtomicU64>,
    stop: watch::Sender<bool>,
    asked: mpsc::Receiver<Command>,
}

/// Why there is no more to do with what was known.
enum Over {
    /// News were missed.
    LetGo,
    /// Nobody asks any more.
    Unneeded,
}

impl Task {
    async fn run(mut self, mut news: mpsc::Receiver<Arc<News>>) {
        loop {
            let (app, server_name) = (&self.doors.app, self.doors.server_name.clone());
            let mut desk = Desk::new(server_name, app.is_limited());
            for room in load(app).await {
                let inside = app.rooms.index().member_count(room.id);
                let running =
                    if inside > 0 { app.rooms.view_if_running(room.id).await } else { None };
                desk.know_room(room, running);
            }
            // Its news may have been among those that were missed.
            if app.is_stopping() {
                self.stop.send_replace(true);
                desk.stop(mono());
            }
            let served = AssertUnwindSafe(self.serve(desk, &mut news)).catch_unwind().await;
            // All sessions are gone with the desk: their clients identify again and ask for everything.
            match served {
                Ok(Over::Unneeded) => return,
                Ok(Over::LetGo) => {
                    tracing::warn!("the gateway fell behind the rooms; all sessions begin anew")
                }
                Err(_) => {
                    tracing::error!("the gateway's hub died of a bug; all sessions begin anew")
                }
            }
            news = self.doors.app.board.subscribe();
        }
    }

    async fn serve(&mut self, mut desk: Desk, news: &mut mpsc::Receiver<Arc<News>>) -> Over {
        let mut ticks = tokio::time::interval(TIDY_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                told = news.recv() => {
                    let Some(told) = told else { return Over::LetGo };
                    self.note(&told);
                    desk.handle_news(&told, mono());
                }
                asked = self.asked.recv() => {
                    let Some(asked) = asked else { return Over::Unneeded };
                    self.handle_command(&mut desk, asked);
                }
                _ = ticks.tick() => desk.tidy(mono()),
                () = until(desk.next_due()) => desk.handle_due(mono()),
            }
        }
    }

    /// Before what is told takes effect.
    fn note(&self, news: &News) {
        match news {
            News::Reauthorized { .. } | News::SignedOut { .. } => {
                self.changes.fetch_add(1, Ordering::Release);
            }
            News::Stopping => {
                self.stop.send_replace(true);
            }
            News::Room(_)
            | News::RoomCreated { .. }
            | News::RoomDeleted { .. }
            | News::MediaToken { .. } => {}
        }
    }

    fn handle_command(&self, desk: &mut Desk, command: Command) {
        let now_mono = mono();
        match command {
            Command::Identify { who, as_of, reply } => {
                let welcome = self.check_fresh(as_of).and_then(|()| {
                    let id = fresh_id();
                    desk.identify(*who, id, now().wall, now_mono).map_err(Denied::Close)
                });
                answer(desk, reply, welcome, now_mono);
            }
            Command::Resume { who, as_of, id, last_seq, reply } => {
                let welcome = self.check_fresh(as_of).and_then(|()| {
                    desk.resume(*who, &id, last_seq, now_mono).map_err(Denied::Close)
                });
                answer(desk, reply, welcome, now_mono);
            }
            Command::Detach { id, connection } => desk.sessions().detach(&id, connection, now_mono),
            Command::Relay { to, said, from } => {
                let data = codec_neg_data(*said, from);
                desk.relay(&to, kind::VOICE_CODEC_NEG, &data, now_mono);
            }
        }
    }

    fn check_fresh(&self, as_of: u64) -> Result<(), Denied> {
        if as_of == self.changes.load(Ordering::Acquire) { Ok(()) } else { Err(Denied::Stale) }
    }
}

/// Hands a connection its line; one that has gone meanwhile does not stay attached.
fn answer(desk: &mut Desk, reply: Reply, welcome: Result<Welcome, Denied>, now: Instant) {
    if let Err(Ok(welcome)) = reply.send(welcome) {
        let Welcome { attached, .. } = welcome;
        desk.sessions().detach(&attached.id, attached.connection, now);
    }
}

/// The rooms that there are.
async fn load(app: &App) -> Vec<Settings> {
    loop {
        match app.store.list_rooms().await {
            Ok(rooms) => return rooms,
            Err(error) => {
                tracing::warn!(%error, "rooms could not be read for the gateway; trying again");
                tokio::time::sleep(LOAD_AGAIN).await;
            }
        }
    }
}

/// A session's name. It is no secret, a token is needed beside it; but it must never name another session,
/// not after a restart either.
fn fresh_id() -> Arc<str> {
    format!("gw-{:032x}", rand::random::<u128>()).into()
}

/// Waits until then; for ever, for nothing.
async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at.into()).await,
        None => std::future::pending().await,
    }
}

/// The runtime's clock.
fn mono() -> Instant {
    tokio::time::Instant::now().into_std()
}
