//! Devices, which log in with a token of their own.

use std::marker::PhantomData;

use app::App;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Aura;
use super::refusal::ErrorBody;
use crate::kit::{Body, Caller, Fault, PathText, Refused};

/// A device that is to log in by itself.
#[derive(Deserialize, ToSchema)]
#[schema(as = AuraDevice)]
pub(crate) struct DeviceBody {
    /// 1 to 128 characters, the account's own name for it.
    device: String,
}

/// Its token, shown once.
#[derive(Serialize, ToSchema)]
#[schema(as = AuraDeviceToken)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeviceTokenBody {
    device_token: String,
}

/// Gives a device of one's own a token, in place of the one it had.
#[utoipa::path(
    post, path = "/v1/devices", tag = "Aura", request_body = DeviceBody,
    responses(
        (status = 201, body = DeviceTokenBody), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn issue(
    State(app): State<App>,
    Caller(caller, _): Caller<Aura>,
    Body(wanted, _): Body<DeviceBody, Aura>,
) -> Result<(StatusCode, Json<DeviceTokenBody>), Refused<Aura>> {
    let token = app.issue_device(&caller, &wanted.device).await?;
    let device_token = token.expose().clone();
    Ok((StatusCode::CREATED, Json(DeviceTokenBody { device_token })))
}

/// Takes the token of a device of one's own back.
#[utoipa::path(
    delete, path = "/v1/devices/{device}", tag = "Aura",
    params(("device" = String, Path, description = "The account's own name for it")),
    responses(
        (status = 204), (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    Caller(caller, _): Caller<Aura>,
    PathText(device, PhantomData): PathText<Aura>,
) -> Result<StatusCode, Refused<Aura>> {
    let had = app.revoke_device(&caller, &device).await?;
    if had { Ok(StatusCode::NO_CONTENT) } else { Err(Fault::NoSuch("device").into()) }
}
