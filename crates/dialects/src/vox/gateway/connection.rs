//! One connection: hello, who is it, then events down and messages up until one side ends it.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use app::{GatewayPresence, Identity, Refusal};
use axum::extract::ws::WebSocket;
use model::UserId;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, Interval};

use super::Gateway;
use super::close::Close;
use super::desk::Welcome;
use super::dispatch::Dispatch;
use super::envelope::{Identify, Kind, Resume, Said};
use super::hub::{Denied, Hub};
use super::render::{ErrorData, NOTHING, PROTOCOL_VERSION};
use super::request::Requests;
use super::wire::{End, Heard, Wire};
use crate::Doors;
use crate::kit::{Fault, PING_EVERY, SILENT_MAX};
use crate::vox::refusal::status_and_detail;

/// How often a client is to say that it is there. The public SDK gives up by itself after two of these
/// without an answer.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(45);
/// Without a heartbeat for this long there is no client that follows the protocol: one may be late by half.
const HEARTBEAT_WITHIN: Duration = Duration::from_millis(67_500);
/// How long a client may take to say who it is.
const IDENTIFY_WITHIN: Duration = Duration::from_secs(30);

/// How a client asked for the connection.
#[derive(Debug)]
pub(super) struct Opening {
    /// Frames as zstd.
    pub(super) packed: bool,
    /// The protocol version in the address, if there is one.
    pub(super) version: Option<String>,
    /// Where from.
    pub(super) address: IpAddr,
}

/// Serves a socket until its end.
pub(super) async fn serve(doors: Doors, gateway: Gateway, socket: WebSocket, opening: Opening) {
    let mut wire = Wire::new(socket, opening.packed);
    let limited = doors.app.is_limited();
    let place = gateway.doorkeeper.admit(opening.address, limited, std::time::Instant::now());
    let ended = match &place {
        Err(close) => (*close).into(),
        Ok(_) => {
            let hub = gateway.hub(&doors);
            let mut visit = Visit { doors, hub, wire: &mut wire };
            match visit.run(opening.version).await {
                Ok(never) => match never {},
                Err(end) => end,
            }
        }
    };
    if let End::Close(close) = ended {
        wire.goodbye(close).await;
    }
}

/// A client whose connection is open.
struct Visit<'w> {
    doors: Doors,
    hub: Hub,
    wire: &'w mut Wire,
}

impl Visit<'_> {
    async fn run(&mut self, version: Option<String>) -> Result<Infallible, End> {
        let hub = self.hub.clone();
        let handshake = tokio::time::timeout(IDENTIFY_WITHIN, self.handshake(version));
        let (welcome, resumed) = tokio::select! {
            shaken = handshake => shaken.map_err(|_| Close::NotAuthenticated)??,
            () = hub.stopped() => return Err(Close::ServerRestart.into()),
        };
        let Welcome { attached, identity } = welcome;
        let (id, connection) = (Arc::clone(&attached.id), attached.connection);
        let user = UserId::from(identity.borrow().account.id);
        let seat = Seat {
            wire: self.wire,
            requests: Requests::new(self.doors.app.clone(), hub.clone(), identity),
            presence: self.doors.app.gateway_opened(user, resumed).await,
            events: attached.events,
            end: Some(attached.end),
            heard_at: Instant::now(),
            heartbeat_at: Instant::now(),
        };
        let ended = seat.run(attached.first, resumed).await;
        hub.detach(id, connection).await;
        ended
    }

    /// Until the client has said who it is. Nothing else is taken but heartbeats.
    async fn handshake(&mut self, version: Option<String>) -> Result<(Welcome, bool), End> {
        check_version(version)?;
        self.wire.hello(HEARTBEAT_EVERY.as_millis()).await?;
        loop {
            let Heard::Said(said) = self.wire.recv().await? else { continue };
            match said.kind {
                Some(Kind::Heartbeat) => self.wire.say("heartbeat_ack", NOTHING).await?,
                Some(Kind::Identify) => {
                    return Ok((self.identify(said.identify()).await?, false));
                }
                Some(Kind::Resume) => match said.resume() {
                    Ok(resume) => return Ok((self.resume(resume).await?, true)),
                    Err(fault) => say_fault(self.wire, &fault).await?,
                },
                Some(
                    Kind::VoiceStateUpdate
                    | Kind::VoiceCodecNeg
                    | Kind::StageResponse
                    | Kind::Elsewhere,
                )
                | None => return Err(Close::NotAuthenticated.into()),
            }
        }
    }

    async fn identify(&mut self, identify: Identify) -> Result<Welcome, End> {
        check_version(identify.protocol_version())?;
        loop {
            let as_of = self.hub.changes();
            let who = self.authenticate(identify.token.expose()).await?;
            match self.hub.identify(who, as_of).await {
                Err(Denied::Stale) => {}
                Err(Denied::Close(close)) => return Err(close.into()),
                Ok(welcome) => return Ok(welcome),
            }
        }
    }

    async fn resume(&mut self, resume: Resume) -> Result<Welcome, End> {
        let Resume { token, session_id, last_seq } = resume;
        loop {
            let as_of = self.hub.changes();
            let who = self.authenticate(token.expose()).await?;
            match self.hub.resume(who, as_of, session_id.clone(), last_seq).await {
                Err(Denied::Stale) => {}
                Err(Denied::Close(close)) => return Err(close.into()),
                Ok(welcome) => return Ok(welcome),
            }
        }
    }

    async fn authenticate(&mut self, token: &str) -> Result<Identity, Close> {
        let found = self.doors.app.accounts.authenticate(token).await;
        found.map_err(|refusal| match refusal {
            // The store is away: the token may be good.
            Refusal::Unavailable(_) => Close::UnknownError,
            _ => Close::AuthFailed,
        })
    }
}

/// Whether we speak the version that a client wants; one that wants none takes what there is.
fn check_version(wanted: Option<String>) -> Result<(), Close> {
    let ours = PROTOCOL_VERSION.to_string();
    if wanted.is_none_or(|wanted| wanted == ours) { Ok(()) } else { Err(Close::VersionMismatch) }
}

async fn say_fault(wire: &mut Wire, fault: &Fault) -> Result<(), End> {
    let (_, detail) = status_and_detail(fault);
    let error = ErrorData { code: detail.code, message: &detail.message };
    let error = serde_json::to_string(&error).map_err(|_| Close::UnknownError)?;
    wire.say("error", &error).await
}

/// A client that has said who it is.
struct Seat<'v> {
    wire: &'v mut Wire,
    requests: Requests,
    /// Dropped with this.
    presence: GatewayPresence,
    events: mpsc::Receiver<(u64, Arc<Dispatch>)>,
    /// `None` once it has said that the server stops.
    end: Option<oneshot::Receiver<Close>>,
    heard_at: Instant,
    heartbeat_at: Instant,
}

impl Seat<'_> {
    async fn run(
        mut self,
        first: Vec<(u64, Arc<Dispatch>)>,
        resumed: bool,
    ) -> Result<Infallible, End> {
        for (seq, dispatch) in first {
            self.wire.dispatch(seq, &dispatch).await?;
        }
        if resumed {
            self.wire.say("resumed", NOTHING).await?;
        }
        let mut pings = tokio::time::interval(PING_EVERY);
        loop {
            self.step(&mut pings).await?;
        }
    }

    async fn step(&mut self, pings: &mut Interval) -> Result<(), End> {
        let heartbeat_due = self.heartbeat_at + HEARTBEAT_WITHIN;
        tokio::select! {
            why = ended(&mut self.end) => match why {
                // What was told until now is told.
                Close::ServerRestart => {
                    self.end = None;
                    Ok(())
                }
                close => Err(close.into()),
            },
            told = self.events.recv() => match told {
                Some((seq, dispatch)) => self.wire.dispatch(seq, &dispatch).await,
                None => Err(self.last_word().await.into()),
            },
            heard = self.wire.recv() => {
                let heard = heard?;
                self.heard_at = Instant::now();
                self.presence.heard().await;
                match heard {
                    Heard::Sign => Ok(()),
                    Heard::Said(said) => self.handle(said).await,
                }
            }
            _ = pings.tick() => {
                // The connection stays: only what it says of the person's presence is over.
                if self.heard_at.elapsed() >= SILENT_MAX {
                    self.presence.silent().await;
                }
                self.wire.ping().await
            }
            () = tokio::time::sleep_until(heartbeat_due) => Err(Close::SessionTimeout.into()),
        }
    }

    /// Why nothing more is told.
    async fn last_word(&mut self) -> Close {
        match self.end.take() {
            None => Close::ServerRestart,
            Some(end) => end.await.unwrap_or(Close::UnknownError),
        }
    }

    async fn handle(&mut self, said: Said) -> Result<(), End> {
        let Some(kind) = said.kind else { return Err(Close::UnknownType.into()) };
        let done = match kind {
            Kind::Heartbeat => {
                self.heartbeat_at = Instant::now();
                return self.wire.say("heartbeat_ack", NOTHING).await;
            }
            Kind::Identify | Kind::Resume => return Err(Close::AlreadyAuthenticated.into()),
            Kind::Elsewhere => Ok(()),
            Kind::VoiceStateUpdate => self.requests.update_voice(said).await,
            Kind::VoiceCodecNeg => self.requests.relay(said).await,
            Kind::StageResponse => self.requests.answer_invite(said).await,
        };
        match done {
            Ok(()) => Ok(()),
            Err(fault) => say_fault(self.wire, &fault).await,
        }
    }
}

/// Why the hub lets go of a connection; never, once it has said so.
async fn ended(end: &mut Option<oneshot::Receiver<Close>>) -> Close {
    match end {
        None => std::future::pending().await,
        Some(end) => end.await.unwrap_or(Close::UnknownError),
    }
}
