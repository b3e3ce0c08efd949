//! An open socket: requests to the use cases, answers and what the room says back.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use app::{App, CallWatch, Connections, JoinedCall, Notice, Origin, Pictures, Ring};
use axum::extract::ws::{Utf8Bytes, WebSocket};
use model::SessionId;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior};

use super::event::{Teller, Told};
use super::invitation::{Registered, next_ring};
use super::member::Roster;
use super::pictures::PicturesTold;
use super::rpc::{NoRequest, Notification, Request, Response};
use crate::kit::{Closed, Line, Next, SERVICE_RESTART, TRY_AGAIN_LATER};

/// How often a call that shows pictures is told what it is sent.
const PICTURES_EVERY: Duration = Duration::from_secs(1);

/// A socket and what is on it.
pub(super) struct Connection {
    pub(super) app: App,
    pub(super) origin: Origin,
    line: Line,
    /// The call that this socket holds.
    pub(super) open: Option<OpenCall>,
    /// A room that is watched by the token of a call that is not held here.
    pub(super) watching: Option<Watching>,
    /// The account that can be rung here.
    pub(super) registered: Option<Registered>,
    looks: Interval,
}

/// A call that waits, may join, or is in.
pub(super) struct OpenCall {
    pub(super) call: app::Call,
    pub(super) teller: Teller,
    /// Once it is in.
    pub(super) connections: Option<Connections>,
    /// It has subscribed to pictures: which session they come to, and what it was told of them.
    pub(super) pictures: Option<(SessionId, PicturesTold)>,
    watch: CallWatch,
}

/// A room that is followed without a call.
pub(super) struct Watching {
    pub(super) teller: Teller,
    pub(super) notices: mpsc::Receiver<Arc<Notice>>,
}

/// What there is to deal with.
enum Input {
    Text(Utf8Bytes),
    Binary,
    Notice(Option<Arc<Notice>>),
    Watched(Option<Arc<Notice>>),
    Ring(Option<Ring>),
    Look,
    Stops,
}

impl OpenCall {
    pub(super) fn new(call: app::Call, watch: CallWatch) -> Self {
        let teller = Teller::new(call.room, call.session);
        Self { call, teller, connections: None, pictures: None, watch }
    }
}

impl OpenCall {
    /// It has come in, or has come in anew. A second connection that it has goes on.
    pub(super) fn is_in(&mut self, joined: &JoinedCall) {
        self.teller.roster = Roster::of(&joined.view);
        let second = self.connections.take().and_then(|before| before.second);
        self.connections = Some(Connections { ufrag: joined.ufrag.clone(), second });
        let own = self.call.session;
        self.pictures.take_if(|(session, _)| *session == own);
    }

    /// Pictures come to this session from now on.
    pub(super) fn see(&mut self, session: SessionId) {
        let second = (session != self.call.session).then_some(session);
        if let Some(connections) = &mut self.connections {
            connections.second = second.or(connections.second);
        }
        if self.pictures.as_ref().is_none_or(|(before, _)| *before != session) {
            self.pictures = Some((session, PicturesTold::default()));
        }
    }
}

impl Connection {
    /// Serves the socket to its end. What is dropped with it hangs the call up.
    pub(super) async fn run(app: App, origin: Origin, socket: WebSocket) {
        let mut looks = tokio::time::interval(PICTURES_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (line, open, watching, registered) = (Line::new(socket), None, None, None);
        let connection = Self { app, origin, line, open, watching, registered, looks };
        let _ = connection.serve().await;
    }

    async fn serve(mut self) -> Result<Infallible, Closed> {
        loop {
            match self.next().await? {
                Input::Text(text) => self.handle_text(&text).await?,
                Input::Binary => self.handle_text("").await?,
                Input::Notice(Some(notice)) => self.forward(&notice).await?,
                Input::Notice(None) => return Err(self.fell_behind().await),
                Input::Watched(notice) => self.forward_watched(notice).await?,
                Input::Ring(ring) => self.tell_ring(ring).await?,
                Input::Look => self.tell_pictures().await?,
                Input::Stops => {
                    return Err(self.line.close(SERVICE_RESTART, "the server stops").await);
                }
            }
        }
    }

    async fn next(&mut self) -> Result<Input, Closed> {
        loop {
            let idle = self.open.is_none();
            let looks = self.open.as_ref().is_some_and(|open| open.pictures.is_some());
            let notices = self.open.as_mut().map(|open| &mut open.watch.notices);
            let watched = self.watching.as_mut().map(|watching| &mut watching.notices);
            let rings = self.registered.as_mut().map(|registered| &mut registered.registration);
            let elsewhere = async {
                tokio::select! {
                    ring = next_ring(rings) => Input::Ring(ring),
                    notice = recv(notices) => Input::Notice(notice),
                    notice = recv(watched) => Input::Watched(notice),
                    // Who has a call hears of its end first.
                    () = self.app.stops(), if idle => Input::Stops,
                    _ = self.looks.tick(), if looks => Input::Look,
                }
            };
            match self.line.next(elsewhere).await? {
                Next::Other(input) => return Ok(input),
                Next::Text(text) => return Ok(Input::Text(text)),
                Next::Binary => return Ok(Input::Binary),
                Next::Sign => {}
            }
        }
    }

    async fn handle_text(&mut self, text: &str) -> Result<(), Closed> {
        match Request::parse(text) {
            Ok(None) => Ok(()),
            Ok(Some(Request { id, method, params })) => {
                let outcome = self.answer(&method, params).await;
                match id {
                    Some(id) => self.line.send(&Response::new(id, outcome)).await,
                    None => Ok(()),
                }
            }
            Err(NoRequest { id, error }) => self.line.send(&Response::new(id, Err(error))).await,
        }
    }

    /// Tells the client something.
    pub(super) async fn tell(&mut self, told: Notification) -> Result<(), Closed> {
        self.line.send(&told).await
    }

    async fn tell_all(&mut self, told: Vec<Notification>) -> Result<(), Closed> {
        for notification in told {
            self.tell(notification).await?;
        }
        Ok(())
    }

    async fn forward(&mut self, notice: &Notice) -> Result<(), Closed> {
        let Some(open) = &mut self.open else { return Ok(()) };
        match open.teller.notice(notice) {
            Told::All(told) => self.tell_all(told).await,
            Told::Allowed => self.tell_token("member_allowed").await,
            Told::Reconnect => self.tell_token("room_reconnect").await,
            Told::Over(told) => {
                self.open = None;
                self.tell_all(told).await
            }
        }
    }

    /// Sends the call its token.
    async fn tell_token(&mut self, method: &'static str) -> Result<(), Closed> {
        let Some(open) = &self.open else { return Ok(()) };
        // Without one nothing can be joined; the client asks again.
        let Ok(token) = self.app.call_token(&open.call) else { return Err(Closed) };
        self.tell(Notification::new(method, json!({ "auth_token": token.expose() }))).await
    }

    async fn forward_watched(&mut self, notice: Option<Arc<Notice>>) -> Result<(), Closed> {
        let told = match (&mut self.watching, notice) {
            (Some(watching), Some(notice)) => watching.teller.notice(&notice),
            (_, None) | (None, _) => Told::Over(Vec::new()),
        };
        match told {
            Told::All(told) => self.tell_all(told).await,
            // Those are for the call's own socket.
            Told::Allowed | Told::Reconnect => Ok(()),
            Told::Over(told) => {
                self.watching = None;
                self.tell_all(told).await
            }
        }
    }

    async fn tell_pictures(&mut self) -> Result<(), Closed> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let Some((session, told)) = &mut open.pictures else { return Ok(()) };
        // A session that media does not know just now has nothing to tell.
        let pictures: Pictures = self.app.pictures_of(*session).await.unwrap_or_default();
        let news = told.update(&pictures, &open.teller.roster);
        self.tell_all(news).await
    }

    /// The call is over with the watch: what it missed cannot be told.
    async fn fell_behind(&mut self) -> Closed {
        self.open = None;
        self.line.close(TRY_AGAIN_LATER, "fell behind").await
    }
}

/// The next notice; never, where nothing is followed.
async fn recv(notices: Option<&mut mpsc::Receiver<Arc<Notice>>>) -> Option<Arc<Notice>> {
    match notices {
        Some(notices) => notices.recv().await,
        None => std::future::pending().await,
    }
}
