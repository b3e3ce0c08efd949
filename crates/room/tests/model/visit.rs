//! How people come into the naive room: by themselves, or moved from another one.

use std::collections::BTreeSet;

use model::{Now, Permissions, UserId, Via};
use room::{Actor, Caller, Join, ProfileKind, Refusal};

use super::{Naive, Row};

impl Naive {
    pub(super) fn join(&mut self, by: &Actor, join: &Join, now: Now) -> Result<(), Refusal> {
        let Actor::Caller(caller) = by else { return Err(Refusal::RoomNotFound) };
        let free = matches!(self.settings.kind, ProfileKind::Talk | ProfileKind::Conference);
        self.may(by, if free { &[] } else { &[Permissions::CONNECT] })?;
        let user = caller.person.id;
        self.check_first_step(user, join.session, join.via)?;
        let is_here = |row: &Row| !row.detached && row.via != Via::SttRoom;
        if join.only_once && self.of(user).any(is_here) {
            return Err(Refusal::AlreadyIn);
        }
        let is_in = self.of(user).next().is_some();
        self.check_place(user)?;
        if !is_in {
            self.check_door(by, join.session, join.unlocked)?;
        }
        let again = |row: &Row| (row.person.id, row.via) == (user, Via::SttRoom);
        if join.via == Via::SttRoom && self.rows.iter().any(again) {
            self.reauthorize(user, &caller.roles, caller.base);
            self.hear(user, now.mono);
            return Ok(());
        }
        let row = new_row(caller, join, now);
        self.come(caller, vec![row], now);
        Ok(())
    }

    /// A moderator brings somebody with what they had in another room.
    pub fn arrive(
        &mut self,
        by: &Actor,
        caller: &Caller,
        rows: Vec<Row>,
        now: Now,
    ) -> Result<(), Refusal> {
        if self.closed {
            return Err(Refusal::RoomNotFound);
        }
        self.may(by, &[Permissions::MOVE_MEMBERS])?;
        self.check_place(caller.person.id)?;
        let silent = |row: Row| Row { speaking: false, camera: false, screen: false, ..row };
        let before = self.in_by_session();
        self.come(caller, rows.into_iter().map(silent).collect(), now);
        self.clear_calls(&before);
        Ok(())
    }

    /// A person's sessions, as they are.
    pub fn rows_of(&self, user: UserId) -> Vec<Row> {
        self.of(user).cloned().collect()
    }

    pub(super) fn check_place(&self, user: UserId) -> Result<(), Refusal> {
        let limit = self.settings.member_limit;
        let people = self.people();
        let is_in = people.contains(&user);
        let full = people.len() >= limit as usize;
        if full && !is_in { Err(Refusal::RoomFull { limit }) } else { Ok(()) }
    }

    /// The same clients give way, then the lowest numbers beyond eight, never those who come.
    fn come(&mut self, caller: &Caller, rows: Vec<Row>, now: Now) {
        let user = caller.person.id;
        let since = self.of(user).next().map_or(now.wall, |row| row.since);
        // Through the door where requests count everyone is one client.
        let client = |row: &Row| {
            let name = row.client.clone().filter(|_| row.via != Via::SttRoom);
            (row.via.to_string(), name)
        };
        let clients: BTreeSet<_> = rows.iter().map(client).collect();
        let same = |row: &Row| clients.contains(&client(row));
        self.rows.retain(|row| row.person.id != user || !same(row));
        while self.of(user).count() + rows.len() > 8 {
            let Some(lowest) = self.of(user).map(|row| row.id).min() else { break };
            self.rows.retain(|row| row.id != lowest);
        }
        self.rows.extend(rows.into_iter().map(|row| Row { since, ..row }));
        self.reauthorize(user, &caller.roles, caller.base);
    }
}

fn new_row(caller: &Caller, join: &Join, now: Now) -> Row {
    let Caller { person, roles, base } = caller.clone();
    let Join { session: id, via, client, mute, deaf, video_mute, .. } = join.clone();
    // What they may do here is worked out when they are in.
    let bits = 0;
    let (says, speaking, camera, screen) = Default::default();
    let (sockets, media, heard, detached) = Default::default();
    let (since, born) = (now.wall, now.mono);
    Row {
        id,
        person,
        roles,
        base,
        bits,
        since,
        via,
        client,
        mute,
        deaf,
        says,
        video_mute,
        hand: None,
        speaking,
        camera,
        screen,
        sockets,
        media,
        born,
        heard,
        detached,
    }
}
