//! The event stream: a WebSocket both ways, or Server-Sent Events downwards.
//!
//! Refusals come before the upgrade, as HTTP. The stream is a link of its session: while it is open the
//! member is present.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use app::{App, Identity, Notice, Refusal, Start, Watch, now};
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::sse::{Event as SseEvent, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream, StreamExt};
use http::request::Parts;
use http::{HeaderMap, StatusCode, header};
use model::SessionId;
use serde::Deserialize;
use utoipa::IntoParams;

use super::VoiceService;
use super::event::Frame;
use super::refusal::{ErrorBody, status_and_text};
use super::view::{FromClient, check_count};
use crate::kit::{
    AnyId, Closed, Fault, PING_EVERY, PathText, QueryOf, Refused, SERVICE_RESTART, SILENT_MAX,
    TRY_AGAIN_LATER, say_goodbye, send_within, token_of,
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
    app.own_session(&caller, session).await?;
    let after = query.after.or_else(|| last_event_id(&parts.headers));
    if let Ok(upgrade) = upgrade {
        let watch = app.rooms.watch(session, after).await?;
        let upgrade = upgrade.max_message_size(FRAME_MAX).max_frame_size(FRAME_MAX);
        // The server waits for these when it stops, so that the goodbye arrives.
        let sockets = app.sockets.clone();
        let pump =
            move |socket| Pump { app, caller, session, socket, seq: after.unwrap_or(0) }.run(watch);
        return Ok(upgrade.on_upgrade(move |socket| sockets.track_future(pump(socket))));
    }
    if wants_event_stream(&parts.headers) {
        let watch = app.rooms.watch(session, after).await?;
        return Ok(server_sent(watch, session).into_response());
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

/// The frames that a watch starts with.
fn first_frames(start: Start, session: SessionId) -> Vec<Frame> {
    match start {
        Start::Snapshot(snapshot) => vec![Frame::state(&snapshot, session)],
        Start::Missed(notices) => {
            notices.iter().filter_map(|notice| Frame::of(notice, session)).collect()
        }
    }
}

fn server_sent(
    watch: Watch,
    session: SessionId,
) -> Sse<impl Stream<Item = Result<SseEvent, Infallible>>> {
    let Watch { start, notices, heard, gone } = watch;
    let first = stream::iter(first_frames(start, session));
    let pings = tokio::time::interval_at(tokio::time::Instant::now() + PING_EVERY, PING_EVERY);
    let state = (notices, pings, heard, gone);
    let later = stream::unfold(state, move |(mut notices, mut pings, heard, gone)| async move {
        let event = tokio::select! {
            notice = notices.recv() => Frame::of(&*notice?, session).as_ref().map(sse_event),
            _ = pings.tick() => Some(SseEvent::default().comment("")),
        };
        // The connection takes what is written: its client is there.
        heard.mark();
        Some((event, (notices, pings, heard, gone)))
    });
    let first = first.map(|frame| sse_event(&frame));
    Sse::new(first.chain(later.filter_map(async |event| event)).map(Ok))
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
    socket: WebSocket,
    /// Of the last event that the client has.
    seq: u64,
}

impl Pump {
    async fn run(mut self, watch: Watch) {
        // Whichever way it ends, the watch is dropped and the room knows.
        let _ = self.pump(watch).await;
    }

    async fn pump(&mut self, mut watch: Watch) -> Result<(), Closed> {
        let start = std::mem::replace(&mut watch.start, Start::Missed(Vec::new()));
        for frame in first_frames(start, self.session) {
            self.send(&frame).await?;
        }
        let mut pings = tokio::time::interval(PING_EVERY);
        let mut heard_at = Instant::now();
        loop {
            tokio::select! {
                notice = watch.notices.recv() => self.forward(notice).await?,
                message = self.socket.recv() => {
                    let Some(Ok(message)) = message else { return Err(Closed) };
                    heard_at = Instant::now();
                    watch.heard.mark();
                    self.handle_message(message).await?;
                }
                _ = pings.tick() => {
                    if heard_at.elapsed() >= SILENT_MAX {
                        return Err(Closed);
                    }
                    send_within(&mut self.socket, Message::Ping(Default::default())).await?;
                }
            }
        }
    }

    async fn forward(&mut self, notice: Option<Arc<Notice>>) -> Result<(), Closed> {
        let Some(notice) = notice else {
            return self.close(TRY_AGAIN_LATER, "fell behind; resume with after").await;
        };
        let Some(frame) = Frame::of(&notice, self.session) else { return Ok(()) };
        self.send(&frame).await?;
        match frame.end_reason() {
            None => Ok(()),
            Some("server_shutdown") => self.close(SERVICE_RESTART, "server_shutdown").await,
            Some(reason) => self.close(close_code::NORMAL, reason).await,
        }
    }

    async fn handle_message(&mut self, message: Message) -> Result<(), Closed> {
        let refused = match message {
            Message::Text(text) => self.handle_text(text.as_str()).await.err(),
            Message::Binary(_) => Some(Fault::Malformed("frames must be text".to_owned())),
            Message::Ping(_) | Message::Pong(_) => None,
            Message::Close(_) => return Err(Closed),
        };
        match refused {
            Some(fault) => {
                let (_, error) = status_and_text(&fault);
                self.send(&Frame::error(error, self.seq, now().wall)).await
            }
            None => Ok(()),
        }
    }

    async fn handle_text(&mut self, text: &str) -> Result<(), Fault> {
        let FromClient::View { slots } = FromClient::parse(text)?;
        check_count(&slots)?;
        let room = self.app.own_session(&self.caller, self.session).await;
        let room = room.map_err(Fault::Refused)?;
        let external = |id: &model::ExternalId| {
            let named = |member: &&room::MemberView| member.person.external_id.as_ref() == Some(id);
            room.members.iter().find(named).map(|member| member.person.id)
        };
        let wants = slots.into_iter().map(|wanted| wanted.into_request(external));
        let wants = wants.collect::<Result<Vec<_>, _>>()?;
        self.app.view(&self.caller, self.session, wants).await.map_err(Fault::Refused)
    }

    async fn send(&mut self, frame: &Frame) -> Result<(), Closed> {
        self.seq = frame.seq();
        let text = serde_json::to_string(frame).map_err(|_| Closed)?;
        send_within(&mut self.socket, Message::Text(text.into())).await
    }

    async fn close(&mut self, code: u16, reason: &'static str) -> Result<(), Closed> {
        say_goodbye(&mut self.socket, code, reason).await;
        Err(Closed)
    }
}
