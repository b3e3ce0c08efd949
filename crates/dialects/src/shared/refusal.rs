//! Errors on shared paths: in the shape of the dialect that the request speaks, or of both.

use app::{App, Identity};
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::kit::{Dialect, Fault, Meter, Refused};
use crate::stt_room::SttRoom;
use crate::stt_room::refusal::status_code_text;
use crate::vox::Vox;
use crate::vox::refusal::{ErrorDetail, status_and_detail};

/// What went wrong, for clients of either dialect.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SharedError {
    /// Vox.
    error: ErrorDetail,
    /// STT Room.
    detail: String,
    /// STT Room: the same.
    message: String,
    /// STT Room.
    code: &'static str,
}

/// What a shared path may answer, for the document.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "each dialect renders its own")]
pub(super) enum AnyError {
    Vox(crate::vox::refusal::ErrorBody),
    SttRoom(crate::stt_room::refusal::ErrorBody),
    Either(SharedError),
}

/// Which dialect a request speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tongue {
    Vox,
    SttRoom,
    /// Nothing tells.
    Unknown,
}

/// Marks what is refused before anything tells the dialect: a bad token, a body that is no JSON.
pub(super) struct Either;

impl Dialect for Either {
    fn render(fault: &Fault) -> Response {
        let (status, _) = status_and_detail(fault);
        render_both(status, fault)
    }
}

/// A fault on its way out.
#[derive(Debug)]
pub(super) struct SharedRefused {
    tongue: Tongue,
    fault: Fault,
}

impl Tongue {
    /// Counts a call of somebody who is known, if this dialect counts calls.
    pub(super) fn count(
        self,
        app: &App,
        meter: &Meter,
        caller: &Identity,
    ) -> Result<(), SharedRefused> {
        let taken = match self {
            Self::Vox => meter.take(app, caller.account.id),
            Self::SttRoom => {
                meter.hide();
                Ok(())
            }
            Self::Unknown => Ok(()),
        };
        taken.map_err(|refusal| self.refuse(refusal))
    }

    /// Refuses in this dialect.
    pub(super) fn refuse(self, fault: impl Into<Fault>) -> SharedRefused {
        SharedRefused { tongue: self, fault: fault.into() }
    }
}

impl IntoResponse for SharedRefused {
    fn into_response(self) -> Response {
        let Self { tongue, fault } = self;
        match tongue {
            Tongue::Vox => Refused::<Vox>::from(fault).into_response(),
            Tongue::SttRoom => Refused::<SttRoom>::from(fault).into_response(),
            Tongue::Unknown => {
                let (status, _, _) = status_code_text(&fault);
                render_both(status, &fault)
            }
        }
    }
}

fn render_both(status: StatusCode, fault: &Fault) -> Response {
    let (_, error) = status_and_detail(fault);
    let (_, code, text) = status_code_text(fault);
    let body = SharedError { error, detail: text.clone(), message: text, code };
    fault.with_retry_after((status, Json(body)).into_response())
}
