//! Letting a client in: the token, from the address or the first frame, and what it opens.

use std::time::Duration;

use app::{App, OpenMedia, Refusal};
use axum::extract::ws::{Message, WebSocket};

use super::frame::FromClient;
use super::pump::Pump;
use super::{AUTH_FAILED, MediaQuery, NOT_AUTHENTICATED, SERVER_RESTART, UNKNOWN_ERROR};
use crate::kit::Fault;

/// How long a client may take to show its token: a socket that nobody is known behind costs a connection.
const AUTH_WITHIN: Duration = Duration::from_secs(10);

/// Why nobody comes in.
pub(super) enum Denied {
    /// They went away.
    Gone,
    /// They are told so.
    Refused { code: u16, fault: Fault },
}

/// Somebody whose token was good.
pub(super) struct Admitted {
    open: OpenMedia,
    events: bool,
}

impl Admitted {
    /// Serves the socket to its end.
    pub(super) async fn run(self, app: App, socket: WebSocket) {
        Pump::run(app, socket, self.open, self.events).await;
    }
}

/// Finds out who is there.
pub(super) async fn admit(
    app: &App,
    socket: &mut WebSocket,
    query: MediaQuery,
) -> Result<Admitted, Denied> {
    let (token, events) = match query.token {
        Some(token) => (token, query.events.as_deref() == Some("true")),
        None => {
            let shown = tokio::time::timeout(AUTH_WITHIN, shown_token(socket)).await;
            shown.map_err(|_| no_token(Refusal::Unauthenticated.into()))??
        }
    };
    let open = app.open_media(&token).await.map_err(|refusal| {
        let fault = Fault::Refused(refusal);
        Denied::Refused { code: close_code_of(&fault, app.is_stopping()), fault }
    })?;
    Ok(Admitted { open, events })
}

/// The token in the first frame, and whether its client wants to be told of slots and speaking.
async fn shown_token(socket: &mut WebSocket) -> Result<(String, bool), Denied> {
    loop {
        let frame = match socket.recv().await {
            Some(Ok(Message::Text(text))) => FromClient::parse(text.as_str()),
            Some(Ok(Message::Binary(_))) => Err(Fault::Malformed("frames must be text".to_owned())),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
            Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(Denied::Gone),
        };
        return match frame.map_err(no_token)? {
            FromClient::Auth { media_token, events } => Ok((media_token, events)),
            FromClient::Offer { .. }
            | FromClient::Answer { .. }
            | FromClient::Candidate { .. }
            | FromClient::View { .. } => Err(no_token(Refusal::Unauthenticated.into())),
        };
    }
}

/// The close code for a token that opens nothing. What time alone may mend says nothing against it.
fn close_code_of(fault: &Fault, is_stopping: bool) -> u16 {
    match fault.retry_after() {
        Some(_) if is_stopping => SERVER_RESTART,
        Some(_) => UNKNOWN_ERROR,
        None => AUTH_FAILED,
    }
}

fn no_token(fault: Fault) -> Denied {
    Denied::Refused { code: NOT_AUTHENTICATED, fault }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_time_may_mend_says_nothing_against_the_token() {
        let code = |refusal, is_stopping| close_code_of(&Fault::Refused(refusal), is_stopping);
        for is_stopping in [false, true] {
            for dead in [Refusal::Unauthenticated, Refusal::TokenExpired, Refusal::Banned] {
                assert_eq!(code(dead, is_stopping), AUTH_FAILED);
            }
        }
        assert_eq!(code(Refusal::unavailable(), false), UNKNOWN_ERROR);
        assert_eq!(code(Refusal::unavailable(), true), SERVER_RESTART);
    }
}
