//! An open media socket: frames of the client to the media plane, answers and events back.

use std::convert::Infallible;

use app::{App, Identity, Notice, OpenMedia, Snapshot, SourceLabel, Start};
use axum::extract::ws::WebSocket;
use model::SessionId;
use room::EndReason;

use super::event::Teller;
use super::frame::{FromClient, FromServer};
use super::{SERVER_RESTART, SESSION_EXPIRED, UNKNOWN_ERROR};
use crate::kit::{
    CandidateBody, Closed, Fault, Follow, Input, LinkSocket, Told, own_end, view_requests,
};

/// One open socket.
pub(super) struct Pump {
    app: App,
    caller: Identity,
    session: SessionId,
    link: LinkSocket,
    teller: Teller,
}

impl Pump {
    /// Serves the socket to its end. Whichever way that comes, the link is dropped and the room knows.
    pub(super) async fn run(app: App, socket: WebSocket, open: OpenMedia, events: bool) {
        let OpenMedia { caller, session, ice_servers, watch, .. } = open;
        let (follow, start) = Follow::over(app.clone(), session, watch);
        let link = LinkSocket::new(socket, follow);
        let teller = Teller::new(events);
        let ready = FromServer::Ready {
            ice_servers: ice_servers.into_iter().map(Into::into).collect(),
            session_id: session.to_string(),
        };
        let _ = Self { app, caller, session, link, teller }.pump(ready, start).await;
    }

    async fn pump(mut self, ready: FromServer, start: Start) -> Result<Infallible, Closed> {
        self.link.send(&ready).await?;
        match start {
            Start::Snapshot(snapshot) => self.tell_state(&snapshot).await?,
            Start::Missed(notices) => {
                for notice in notices {
                    self.forward_notice(&notice).await?;
                }
            }
        }
        loop {
            match self.link.next().await? {
                Input::Told(told) => self.forward(told).await?,
                Input::Text(text) => {
                    let handled = self.handle_text(text.as_str()).await;
                    self.reply(handled).await?;
                }
                Input::Binary => {
                    let what = "frames must be text".to_owned();
                    self.reply(Err(Fault::Malformed(what))).await?;
                }
            }
        }
    }

    async fn forward(&mut self, told: Told) -> Result<(), Closed> {
        match told {
            Told::Notice(notice) => self.forward_notice(&notice).await,
            Told::Moved(moved) => self.tell_state(&moved.snapshot).await,
            Told::Lost => Err(self.link.close(UNKNOWN_ERROR, "fell behind").await),
        }
    }

    async fn forward_notice(&mut self, notice: &Notice) -> Result<(), Closed> {
        if let Some(reason) = own_end(notice, self.session) {
            return Err(self.link.close(close_code_of(reason), reason.as_str()).await);
        }
        match self.teller.notice(notice) {
            Some(frame) => self.link.send(&frame).await,
            None => Ok(()),
        }
    }

    async fn tell_state(&mut self, snapshot: &Snapshot) -> Result<(), Closed> {
        for frame in self.teller.start(snapshot) {
            self.link.send(&frame).await?;
        }
        Ok(())
    }

    /// Sends the answer to a frame, or what is wrong with it.
    async fn reply(&mut self, handled: Result<Option<FromServer>, Fault>) -> Result<(), Closed> {
        match handled {
            Ok(None) => Ok(()),
            Ok(Some(frame)) => self.link.send(&frame).await,
            Err(fault) => self.link.send(&FromServer::error(&fault)).await,
        }
    }

    async fn handle_text(&mut self, text: &str) -> Result<Option<FromServer>, Fault> {
        let (app, caller, session) = (&self.app, &self.caller, self.session);
        match FromClient::parse(text)? {
            FromClient::Auth { .. } => {
                return Err(Fault::Malformed("the socket is open already".to_owned()));
            }
            FromClient::Offer { sdp, sources } => {
                let sources = sources.into_iter().map(SourceLabel::from).collect();
                let sdp = app.offer(caller, session, sdp, sources).await?;
                return Ok(Some(FromServer::Answer { sdp }));
            }
            FromClient::Answer { sdp } => app.answer(caller, session, sdp).await?,
            FromClient::Candidate { candidate } => {
                let line = candidate.and_then(CandidateBody::into_line);
                app.candidate(caller, session, line).await?;
            }
            FromClient::View { slots } => {
                let room = app.own_session(caller, session).await?;
                app.view(caller, session, view_requests(slots, &room)?).await?;
            }
        }
        Ok(None)
    }
}

/// The close code for a session that is over.
fn close_code_of(reason: EndReason) -> u16 {
    match reason {
        EndReason::ServerShutdown | EndReason::ServerRestart => SERVER_RESTART,
        EndReason::Left
        | EndReason::Replaced
        | EndReason::Kicked { .. }
        | EndReason::Moved
        | EndReason::MovedTo { .. }
        | EndReason::Timeout
        | EndReason::Banned
        | EndReason::RoomDeleted
        | EndReason::MediaFailed => SESSION_EXPIRED,
    }
}
