//! The event stream: a WebSocket both ways, or Server-Sent Events downwards.
//!
//! Refusals come before the upgrade, as HTTP. The stream is a link of its session: while it is open the
//! member is present.

use std::convert::Infallible;

use app::{App, Identity, Refusal, Start, now};
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{WebSocketUpgrade, close_code};
use axum::response::sse::{Event as SseEvent, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream, StreamExt};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use model::SessionId;
use serde::Deserialize;
use utoipa::IntoParams;

use super::VoiceService;
use super::event::{Frame, Teller};
use super::refusal::{ErrorBody, status_and_text};
use super::view::FromClient;
use crate::kit::{
    AnyId, Closed, Fault, Follow, Input, LinkSocket, PING_EVERY, PathText, QueryOf, Refused,
    SERVICE_RESTART, TRY_AGAIN_LATER, Told, token_of, view_requests,
};

/// The largest frame taken from a client, in bytes: a `view` of every section fits many times.
const FRAME_MAX: usize = 16 * 1024;

#[derive(Deserialize, IntoParams)]
pub(crate) struct StreamQuery {
    /// An access token, for clients that cannot set headers.
    token: Option<String>,
    /// The `seq` of the last event the client has; what came after it is sent first.
    after: Option<u64>,
}

/// The events of a session's channel.
#[utoipa::path(
    get, path = "/voice/sessions/{session_id}/events", tag = "Voice Service",
    params(("session_id" = String, Path), StreamQuery),
    responses(
        (status = 101, description = "WebSocket of JSON text frames; described in /asyncapi.json"),
        (status = 200, content_type = "text/event-stream"),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 426, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn events(
    State(app): State<App>,
    PathText(session, ..): PathText<VoiceService>,
    QueryOf(query, ..): QueryOf<StreamQuery, VoiceService>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    parts: Parts,
) -> Result<Response, Refused<VoiceService>> {
    let token = query.token.as_deref().or_else(|| token_of(&parts));
    let caller = app.accounts.authenticate(token.ok_or(Refusal::Unauthenticated)?).await?;
    let session = SessionId(session.parse::<AnyId>()?.own("session")?);
    let channel = app.own_session(&caller, session).await?.settings;
    let teller = Teller::new(session, &channel);
    let after = query.after.or_else(|| last_event_id(&parts.headers));
    if let Ok(upgrade) = upgrade {
        let (follow, start) = Follow::open(app.clone(), session, after).await?;
        let upgrade = upgrade.max_message_size(FRAME_MAX).max_frame_size(FRAME_MAX);
        // The server waits for these when it stops, so that the goodbye arrives.
        let sockets = app.sockets.clone();
        let pump = move |socket| {
            let (link, seq) = (LinkSocket::new(socket, follow), after.unwrap_or(0));
            Pump { app, caller, session, link, teller, seq }.run(start)
        };
        return Ok(upgrade.on_upgrade(move |socket| sockets.track_future(pump(socket))));
    }
    if wants_event_stream(&parts.headers) {
        let (follow, start) = Follow::open(app, session, after).await?;
        return Ok(server_sent(follow, teller, start).into_response());
    }
    let error = "Upgrade to a WebSocket, or accept text/event-stream";
    let body = axum::Json(serde_json::json!({ "error": error }));
    Ok((StatusCode::UPGRADE_REQUIRED, [(header::UPGRADE, "websocket")], body).into_response())
}

fn wants_event_stream(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/event-stream"))
}

fn last_event_id(headers: &HeaderMap) -> Option<u64> {
    headers.get("last-event-id")?.to_str().ok()?.parse().ok()
}

fn server_sent(
    follow: Follow,
    mut teller: Teller,
    start: Start,
) -> Sse<impl Stream<Item = Result<SseEvent, Infallible>>> {
    let first = stream::iter(teller.start(start));
    let pings = tokio::time::interval_at(tokio::time::Instant::now() + PING_EVERY, PING_EVERY);
    let state = (follow, teller, pings);
    let later = stream::unfold(state, |(mut follow, mut teller, mut pings)| async move {
        let events: Vec<SseEvent> = tokio::select! {
            notice = follow.recv() => match follow.told(notice).await {
                Told::Notice(notice) => teller.notice(&notice).iter().map(sse_event).collect(),
                Told::Moved(moved) => teller.moved(&moved).iter().map(sse_event).collect(),
                Told::Lost => return None,
            },
            _ = pings.tick() => vec![SseEvent::default().comment("")],
        };
        // The connection takes what is written: its client is there.
        follow.mark_heard();
        Some((stream::iter(events), (follow, teller, pings)))
    });
    let first = first.map(|frame| sse_event(&frame));
    Sse::new(first.chain(later.flatten()).map(Ok))
}

fn sse_event(frame: &Frame) -> SseEvent {
    let event = SseEvent::default().id(frame.seq().to_string());
    event.json_data(frame).unwrap_or_default()
}

/// One open socket.
struct Pump {
    app: App,
    caller: Identity,
    session: SessionId,
    link: LinkSocket,
    teller: Teller,
    /// Of the last event that the client has.
    seq: u64,
}

impl Pump {
    async fn run(mut self, start: Start) {
        // Whichever way it ends, the link is dropped and the room knows.
        let _ = self.pump(start).await;
    }

    async fn pump(&mut self, start: Start) -> Result<Infallible, Closed> {
        for frame in self.teller.start(start) {
            self.send(&frame).await?;
        }
        loop {
            match self.link.next().await? {
                Input::Told(told) => self.forward(told).await?,
                Input::Text(text) => {
                    let handled = self.handle_text(text.as_str()).await;
                    self.answer(handled).await?;
                }
                Input::Binary => {
                    let what = "frames must be text".to_owned();
                    self.answer(Err(Fault::Malformed(what))).await?;
                }
            }
        }
    }

    async fn forward(&mut self, told: Told) -> Result<(), Closed> {
        let frame = match told {
            Told::Notice(notice) => self.teller.notice(&notice),
            Told::Moved(moved) => {
                let [left, state] = self.teller.moved(&moved);
                self.send(&left).await?;
                Some(state)
            }
            Told::Lost => {
                return Err(self
                    .link
                    .close(TRY_AGAIN_LATER, "fell behind; resume with after")
                    .await);
            }
        };
        let Some(frame) = frame else { return Ok(()) };
        self.send(&frame).await?;
        match frame.end_reason() {
            None => Ok(()),
            Some("server_shutdown") => {
                Err(self.link.close(SERVICE_RESTART, "server_shutdown").await)
            }
            Some(reason) => Err(self.link.close(close_code::NORMAL, reason).await),
        }
    }

    /// Tells the client what is wrong with what it sent.
    async fn answer(&mut self, handled: Result<(), Fault>) -> Result<(), Closed> {
        let Err(fault) = handled else { return Ok(()) };
        let (_, error) = status_and_text(&fault);
        self.send(&Frame::error(error, self.seq, now().wall)).await
    }

    async fn handle_text(&mut self, text: &str) -> Result<(), Fault> {
        let FromClient::View { slots } = FromClient::parse(text)?;
        let room = self.app.own_session(&self.caller, self.session).await?;
        let wants = view_requests(slots, &room)?;
        Ok(self.app.view(&self.caller, self.session, wants).await?)
    }

    async fn send(&mut self, frame: &Frame) -> Result<(), Closed> {
        self.seq = frame.seq();
        self.link.send(frame).await
    }
}
