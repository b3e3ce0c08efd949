//! The socket: events only. Closing it is not leaving.
//!
//! Browsers do not show a page why an upgrade was refused, so that every refusal comes after it, as a
//! close code. What the client sends is read, which answers pings, and thrown away.

use std::time::{Duration, Instant};

use app::{App, Notice, Refusal, Start, Watch};
use axum::Json;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State, rejection::QueryRejection};
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{StatusCode, header};
use model::{RoomId, SessionId};
use serde::Deserialize;
use utoipa::IntoParams;

use super::SttRoom;
use super::event::{BAD_TOKEN, Frame, NO_PARTICIPANT, NO_ROOM, close_code_of};
use super::refusal::ErrorBody;
use super::room::room_of;
use crate::kit::{
    Closed, Fault, PathText, Refused, TRY_AGAIN_LATER, own_end, say_goodbye, send_within, token_of,
};

/// The largest frame taken from a client, in bytes: none of them is of use.
const FRAME_MAX: usize = 4 * 1024;
/// How often a client is asked for a sign of life.
const PING_EVERY: Duration = Duration::from_secs(20);
/// A socket that has been silent for this long when the next ping is due has nobody behind it: who
/// vanished right after an answer is noticed at the second ping, well within the minute after which a
/// participant is offline.
const SILENT_MAX: Duration = Duration::from_secs(35);

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SocketQuery {
    /// An access token.
    token: Option<String>,
}

type RoomName = Result<PathText<SttRoom>, Refused<SttRoom>>;
type Asked = Result<Query<SocketQuery>, QueryRejection>;
type Upgrade = Result<WebSocketUpgrade, WebSocketUpgradeRejection>;

/// The events of a room, for its participants.
#[utoipa::path(
    get, path = "/ws/rooms/{room_id}", tag = "STT Room",
    params(("room_id" = String, Path), SocketQuery),
    responses(
        (status = 101, description = "WebSocket of JSON text frames; described in /asyncapi.json"),
        (status = 426, body = ErrorBody),
    ),
)]
pub(crate) async fn socket(
    State(app): State<App>,
    room: RoomName,
    query: Asked,
    upgrade: Upgrade,
    parts: Parts,
) -> Response {
    let Ok(upgrade) = upgrade else { return upgrade_required() };
    // Names that cannot be read name nothing.
    let room = room.map_or_else(|_| String::new(), |PathText(room, ..)| room);
    let Query(SocketQuery { token }) = query.unwrap_or_default();
    let token = token.or_else(|| token_of(&parts).map(str::to_owned)).unwrap_or_default();
    let upgrade = upgrade.max_message_size(FRAME_MAX).max_frame_size(FRAME_MAX);
    // The server waits for these when it stops, so that the goodbye arrives.
    let sockets = app.sockets.clone();
    upgrade.on_upgrade(move |socket| sockets.track_future(serve(app, socket, room, token)))
}

/// The same under the base of the other routes.
#[utoipa::path(
    get, path = "/api/v1/ws/rooms/{room_id}", tag = "STT Room",
    params(("room_id" = String, Path), SocketQuery),
    responses(
        (status = 101, description = "WebSocket of JSON text frames; described in /asyncapi.json"),
        (status = 426, body = ErrorBody),
    ),
)]
pub(crate) async fn socket_under_base(
    state: State<App>,
    room: RoomName,
    query: Asked,
    upgrade: Upgrade,
    parts: Parts,
) -> Response {
    socket(state, room, query, upgrade, parts).await
}

fn upgrade_required() -> Response {
    let body = ErrorBody::new("UPGRADE_REQUIRED", "Upgrade to a WebSocket".to_owned());
    let upgrade = [(header::UPGRADE, "websocket")];
    (StatusCode::UPGRADE_REQUIRED, upgrade, Json(body)).into_response()
}

async fn serve(app: App, mut socket: WebSocket, room: String, token: String) {
    match admit(&app, &room, &token).await {
        Ok((room, session, watch)) => Pump { room, session, socket }.run(watch).await,
        Err(fault) => {
            let (code, reason) = close_of(&fault);
            say_goodbye(&mut socket, code, reason).await;
        }
    }
}

async fn admit(app: &App, room: &str, token: &str) -> Result<(RoomId, SessionId, Watch), Fault> {
    let caller = app.accounts.authenticate(token).await?;
    app.note_request(&caller).await;
    let room = room_of(app, room).await?;
    let (session, watch) = app.watch_room(&caller, room).await?;
    Ok((room, session, watch))
}

/// How somebody is told that they cannot follow.
fn close_of(fault: &Fault) -> (u16, &'static str) {
    match fault {
        Fault::Malformed(_) | Fault::NoSuch(_) => (NO_ROOM, "Room not found"),
        Fault::TooLarge(_) => (TRY_AGAIN_LATER, "Try again later"),
        Fault::Refused(refusal) => match refusal {
            Refusal::Unauthenticated | Refusal::TokenExpired | Refusal::WrongCredentials => {
                (BAD_TOKEN, "Missing or invalid token")
            }
            Refusal::Banned => (BAD_TOKEN, "This account is banned"),
            Refusal::Room(room::Refusal::RoomNotFound) => (NO_ROOM, "Room not found"),
            Refusal::Missing(_) | Refusal::Room(_) => {
                (NO_PARTICIPANT, "Not a participant of this room")
            }
            Refusal::NameTaken
            | Refusal::EmailTaken
            | Refusal::RoleTaken
            | Refusal::RoleNotFound
            | Refusal::NoSuchCall
            | Refusal::Invalid(_)
            | Refusal::BadSdp(_)
            | Refusal::UserNotFound
            | Refusal::UnsupportedAudio(_)
            | Refusal::FileTooLarge(_)
            | Refusal::SpeechUnavailable(..)
            | Refusal::SpeechBusy(_)
            | Refusal::RateLimited(_)
            | Refusal::Unavailable(_) => (TRY_AGAIN_LATER, "Try again later"),
        },
    }
}

/// One open socket of a participant.
struct Pump {
    room: RoomId,
    session: SessionId,
    socket: WebSocket,
}

impl Pump {
    async fn run(mut self, watch: Watch) {
        // Whichever way it ends, the watch is dropped and the room knows.
        let _ = self.pump(watch).await;
    }

    async fn pump(&mut self, mut watch: Watch) -> Result<(), Closed> {
        if let Start::Snapshot(snapshot) = &watch.start {
            self.send(&Frame::current(&snapshot.view, snapshot.at)).await?;
        }
        let mut pings = tokio::time::interval(PING_EVERY);
        let mut heard_at = Instant::now();
        loop {
            tokio::select! {
                notice = watch.notices.recv() => self.forward(notice.as_deref()).await?,
                // Pings and a close frame are answered by reading on. The end of the connection, too, is a
                // word of the client's: it was there until now.
                message = self.socket.recv() => {
                    heard_at = Instant::now();
                    watch.heard.mark();
                    let Some(Ok(_)) = message else { return Err(Closed) };
                }
                _ = pings.tick() => {
                    if is_dead(heard_at.elapsed()) {
                        return Err(Closed);
                    }
                    send_within(&mut self.socket, Message::Ping(Default::default())).await?;
                }
            }
        }
    }

    async fn forward(&mut self, notice: Option<&Notice>) -> Result<(), Closed> {
        let Some(notice) = notice else {
            return self.close(TRY_AGAIN_LATER, "fell behind").await;
        };
        if let Some(frame) = Frame::of(notice, self.room) {
            self.send(&frame).await?;
        }
        match own_end(notice, self.session) {
            Some(reason) => self.close(close_code_of(reason), reason.as_str()).await,
            None => Ok(()),
        }
    }

    async fn send(&mut self, frame: &Frame) -> Result<(), Closed> {
        let text = serde_json::to_string(frame).map_err(|_| Closed)?;
        send_within(&mut self.socket, Message::Text(text.into())).await
    }

    async fn close(&mut self, code: u16, reason: &'static str) -> Result<(), Closed> {
        say_goodbye(&mut self.socket, code, reason).await;
        Err(Closed)
    }
}

/// Whether a client that has been silent for so long when a ping is due is gone.
fn is_dead(silent: Duration) -> bool {
    silent >= SILENT_MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_unanswered_ping_is_late_and_two_are_the_end() {
        assert!(!is_dead(PING_EVERY + Duration::from_secs(10)), "its answer may be on the way");
        assert!(is_dead(2 * PING_EVERY));
    }
}
