//! What the naive room hears of its sessions, and when they end for want of it.

use std::time::{Duration, Instant};

use model::{TrackSource, UserId, Via};
use room::{Command, EndReason, Link, Refusal};

use super::{Naive, Row};

impl Row {
    /// Ten seconds after the last link, or thirty without a first one; sixty after whatever was last
    /// through the door where requests count.
    pub fn ends_at(&self) -> Option<Instant> {
        if self.is_linked() {
            return None;
        }
        let (since, wait) = match (self.via, self.heard) {
            (Via::SttRoom, heard) => (heard.max(Some(self.born)).unwrap_or(self.born), 60),
            (_, Some(heard)) => (heard, 10),
            (_, None) => (self.born, 30),
        };
        Some(since + Duration::from_secs(wait))
    }

    fn is_linked(&self) -> bool {
        self.sockets > 0 || self.media
    }
}

impl Naive {
    /// What links and media say about one session.
    pub(super) fn report(&mut self, command: &Command) -> Result<(), Refusal> {
        match command {
            Command::LinkUp { session, link } => {
                let row = self.row(*session)?;
                let is_media = *link == Link::Media;
                row.media |= is_media;
                row.sockets += u32::from(!is_media);
                if *link != Link::Gateway {
                    row.detached = false;
                }
            }
            Command::LinkDown { session, link, last_seen } => {
                let row = self.row(*session)?;
                let was_up = if *link == Link::Media { row.media } else { row.sockets > 0 };
                if was_up {
                    row.heard = row.heard.max(Some(*last_seen));
                    row.sockets -= u32::from(*link != Link::Media);
                    row.media &= *link != Link::Media;
                    row.detached |= !row.is_linked();
                }
            }
            Command::Speaking { session, speaking } => {
                let heard = self.gate(*session).speak;
                self.row(*session)?.speaking = *speaking && heard;
            }
            Command::Source { session, source, flowing } => {
                let row = self.row(*session)?;
                match source {
                    TrackSource::Microphone => {}
                    TrackSource::Camera => row.camera = *flowing,
                    TrackSource::Screen => row.screen = *flowing,
                }
            }
            other => panic!("no report: {other:?}"),
        }
        Ok(())
    }

    /// A request: what lives by it lives on.
    pub(super) fn hear(&mut self, user: UserId, now: Instant) {
        let by_requests = |row: &&mut Row| row.person.id == user && row.via == Via::SttRoom;
        for row in self.rows.iter_mut().filter(by_requests) {
            row.heard = row.heard.max(Some(now));
            self.heard += 1;
        }
    }

    /// Ends whose time is over.
    pub fn expire(&mut self, now: Instant) {
        let before = self.in_by_session();
        self.rows.retain(|row| row.ends_at().is_none_or(|at| at > now));
        self.clear_calls(&before);
        self.free_if_over(now);
        self.free_if_holder_is_out();
        self.forget_late_invites(now);
        self.clear_stage(&[], EndReason::Timeout);
    }
}
