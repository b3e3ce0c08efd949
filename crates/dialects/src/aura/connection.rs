//! An open socket: requests to the use cases, answers and what the room says back.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::{App, CallWatch, Connections, JoinedCall, Notice, Origin, Pictures, Ring};
use axum::extract::ws::{Message, WebSocket};
use model::SessionId;
use serde_json::json;
use tokio::sync::mpsc;
use tokio::time::{Interval, MissedTickBehavior};

use super::event::{Teller, Told};
use super::invitation::{Registered, next_ring};
use super::member::Roster;
use super::pictures::PicturesTold;
use super::rpc::{NoRequest, Notification, Request, Response};
use crate::kit::{
    Closed, PING_EVERY, SERVICE_RESTART, SILENT_MAX, TRY_AGAIN_LATER, say_goodbye, send_json,
    send_within,
};

/// How often a call that shows pictures is told what it is sent.
const PICTURES_EVERY: Duration = Duration::from_secs(1);

/// A socket and what is on it.
pub(super) struct Connection {
    pub(super) app: App,
    pub(super) origin: Origin,
    socket: WebSocket,
    /// The call that this socket holds.
    pub(super) open: Option<OpenCall>,
    /// A room that is watched by the token of a call that is not held here.
    pub(super) watching: Option<Watching>,
    /// The account that can be rung here.
    pub(super) registered: Option<Registered>,
    pings: Interval,
    looks: Interval,
    heard_at: Instant,
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
    Text(String),
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
    /// It has come in, or has come in anew.
    pub(super) fn is_in(&mut self, joined: &JoinedCall) {
        self.teller.roster = Roster::of(&joined.view);
        self.connections = Some(Connections { ufrag: joined.ufrag.clone(), second: None });
        self.pictures = None;
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
        let pings = tokio::time::interval(PING_EVERY);
        let (open, watching, registered) = (None, None, None);
        let heard_at = Instant::now();
        let connection =
            Self { app, origin, socket, open, watching, registered, pings, looks, heard_at };
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
                    say_goodbye(&mut self.socket, SERVICE_RESTART, "the server stops").await;
                    return Err(Closed);
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
            tokio::select! {
                ring = next_ring(rings) => return Ok(Input::Ring(ring)),
                notice = recv(notices) => return Ok(Input::Notice(notice)),
                notice = recv(watched) => return Ok(Input::Watched(notice)),
                message = self.socket.recv() => {
                    let Some(Ok(message)) = message else { return Err(Closed) };
                    self.heard_at = Instant::now();
                    match message {
                        Message::Text(text) => return Ok(Input::Text(text.as_str().to_owned())),
                        Message::Binary(_) => return Ok(Input::Binary),
                        Message::Ping(_) | Message::Pong(_) => {}
                        Message::Close(_) => return Err(Closed),
                    }
                }
                // Who has a call hears of its end first.
                () = self.app.stops(), if idle => return Ok(Input::Stops),
                _ = self.looks.tick(), if looks => return Ok(Input::Look),
                _ = self.pings.tick() => {
                    if self.heard_at.elapsed() >= SILENT_MAX {
                        return Err(Closed);
                    }
                    send_within(&mut self.socket, Message::Ping(Default::default())).await?;
                }
            }
        }
    }

    async fn handle_text(&mut self, text: &str) -> Result<(), Closed> {
        match Request::parse(text) {
            Ok(None) => Ok(()),
            Ok(Some(Request { id, method, params })) => {
                let outcome = self.answer(&method, params).await;
                match id {
                    Some(id) => send_json(&mut self.socket, &Response::new(id, outcome)).await,
                    None => Ok(()),
                }
            }
            Err(NoRequest { id, error }) => {
                send_json(&mut self.socket, &Response::new(id, Err(error))).await
            }
        }
    }

    /// Tells the client something.
    pub(super) async fn tell(&mut self, told: Notification) -> Result<(), Closed> {
        send_json(&mut self.socket, &told).await
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
        say_goodbye(&mut self.socket, TRY_AGAIN_LATER, "fell behind").await;
        Closed
    }
}

/// The next notice; never, where nothing is followed.
async fn recv(notices: Option<&mut mpsc::Receiver<Arc<Notice>>>) -> Option<Arc<Notice>> {
    match notices {
        Some(notices) => notices.recv().await,
        None => std::future::pending().await,
    }
}
