//! The rooms that exist: made, listed, looked up, deleted.

use model::{ExternalId, Override, OverrideTarget, Permissions, Redacted, RoomId, UserId};
use room::{
    Action, Admission, Command, EndReason, Floor, ProfileKind, Settings, SettingsChange, check,
};
use store::{ExternalKey, NewRoom};

use crate::board::News;
use crate::clock::now;
use crate::identity::PLATFORM_ISSUER;
use crate::{App, Identity, Refusal};

/// The longest name of a room, in characters.
pub const ROOM_NAME_LEN_MAX: usize = 100;
/// How much of an external channel's id goes into the name it gets.
const EXTERNAL_NAME_LEN: usize = 8;

/// Who may make rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomCreation {
    /// Every account.
    Anyone,
    /// Who has MANAGE_SPACES.
    Managers,
}

/// What a new room is made of.
#[derive(Clone, Debug)]
pub struct RoomDraft {
    /// 1 to [`ROOM_NAME_LEN_MAX`] characters.
    pub name: String,
    /// What kind of room.
    pub kind: ProfileKind,
    /// Members at once; `None` is the kind's own.
    pub member_limit: Option<u32>,
    /// Changes of permissions beside the creator's own.
    pub overrides: Vec<Override>,
    /// What one must know to come in.
    pub password: Option<Redacted<String>>,
    /// Live captions; `None` is the kind's own.
    pub captions: Option<bool>,
}

/// What is to be changed of a room; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct RoomChanges {
    /// 1 to [`ROOM_NAME_LEN_MAX`] characters. The name in addresses stays.
    pub name: Option<String>,
    /// Members at once. Who is in stays in.
    pub member_limit: Option<u32>,
    /// In place of all that were there; the creator keeps theirs.
    pub overrides: Option<Vec<Override>>,
    /// Live captions.
    pub captions: Option<bool>,
}

/// A room in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The stored part.
    pub settings: Settings,
    /// Members just now.
    pub member_count: usize,
    /// What the one who asks may do in it.
    pub permissions: Permissions,
    /// Who holds the speaker lock. Lists leave it out.
    pub floor: Option<Floor>,
}

/// How a request names a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RoomRef {
    /// By our id.
    Own(RoomId),
    /// By the surrounding platform's.
    External(ExternalId),
}

impl App {
    /// Makes a room; its creator gets all room permissions there.
    pub async fn create_room(&self, by: &Identity, draft: RoomDraft) -> Result<Listed, Refusal> {
        self.check_may_create(by)?;
        self.limits.take_room(by.account.id)?;
        check_name(&draft.name, ROOM_NAME_LEN_MAX)?;
        let password_hash = match draft.password {
            Some(password) => Some(self.accounts.passwords.hash(password).await?),
            None => None,
        };
        let creator = UserId::from(by.account.id);
        let new = NewRoom {
            id: RoomId(self.ids.next()),
            name: draft.name,
            kind: draft.kind,
            topic: None,
            member_limit: draft.member_limit.unwrap_or(draft.kind.profile().member_limit),
            temporary: false,
            created_by: Some(creator),
            external: None,
            created_at: now().wall,
            overrides: with_owner(Some(creator), draft.overrides),
            password_hash,
            captions: draft.captions.unwrap_or(draft.kind.profile().captions),
            admission: Admission::default(),
        };
        let settings = self.store.create_room(&new).await?;
        self.board.tell(News::RoomCreated { settings: settings.clone() }).await;
        Ok(self.listed(settings, by))
    }

    pub(crate) fn check_may_create(&self, by: &Identity) -> Result<(), Refusal> {
        let had = by.permissions();
        let manages =
            had.contains(Permissions::MANAGE_SPACES) || had.contains(Permissions::ADMINISTRATOR);
        if self.settings.room_creation == RoomCreation::Managers && !manages {
            return Err(Refusal::Missing(Permissions::MANAGE_SPACES));
        }
        Ok(())
    }

    /// The rooms that one may view, newest first.
    pub async fn list_rooms(
        &self,
        by: &Identity,
        kinds: &[ProfileKind],
    ) -> Result<Vec<Listed>, Refusal> {
        let actor = by.actor();
        let rooms = self.store.list_rooms().await?;
        let seen = rooms.into_iter().rev().filter(|settings| {
            kinds.contains(&settings.kind) && check(settings, &actor, Action::View).is_ok()
        });
        Ok(seen.map(|settings| self.listed(settings, by)).collect())
    }

    /// One room, if one may view it.
    pub async fn room(&self, by: &Identity, room: RoomId) -> Result<Listed, Refusal> {
        let settings = self.store.room(room).await?.ok_or(room::Refusal::RoomNotFound)?;
        check(&settings, &by.actor(), Action::View)?;
        let floor = self.rooms.view_if_running(room).await.and_then(|view| view.floor);
        Ok(Listed { floor, ..self.listed(settings, by) })
    }

    /// Changes a room. Needs MANAGE_SPACES there, or to have made it.
    pub async fn change_room(
        &self,
        by: &Identity,
        room: RoomId,
        changes: RoomChanges,
    ) -> Result<Listed, Refusal> {
        let RoomChanges { name, member_limit, overrides, captions } = changes;
        let found = self.room(by, room).await?;
        check(&found.settings, &by.actor(), Action::Manage)?;
        name.as_deref().map_or(Ok(()), |name| check_name(name, ROOM_NAME_LEN_MAX))?;
        member_limit.map_or(Ok(()), |limit| check_limit(found.settings.kind, limit))?;
        let creator = found.settings.created_by;
        let overrides = overrides.map(|overrides| with_owner(creator, overrides));
        if let Some(overrides) = &overrides {
            check_hand_out(by, &found, overrides)?;
        }
        // First: what is changed after it may take away the right to.
        if let Some(on) = captions {
            let switch = Command::SwitchCaptions { on };
            self.rooms.submit(room, &by.actor(), switch).await?;
        }
        let change = SettingsChange { name, member_limit, overrides, ..SettingsChange::default() };
        let view =
            self.rooms.submit(room, &by.actor(), Command::ChangeSettings(change)).await?.view;
        Ok(Listed { floor: view.floor, ..self.listed(view.settings, by) })
    }

    /// Switches live captions of a room for everybody in it.
    pub async fn switch_captions(
        &self,
        by: &Identity,
        room: RoomId,
        on: bool,
    ) -> Result<Listed, Refusal> {
        let switch = Command::SwitchCaptions { on };
        let view = self.rooms.submit(room, &by.actor(), switch).await?.view;
        Ok(Listed { floor: view.floor, ..self.listed(view.settings, by) })
    }

    /// Deletes a room; everyone in it is put out.
    pub async fn delete_room(&self, by: &Identity, room: RoomId) -> Result<(), Refusal> {
        let found = self.room(by, room).await?;
        self.delete_room_as(&by.actor(), found.settings).await
    }

    /// The same for whoever was let see it.
    pub(crate) async fn delete_room_as(
        &self,
        by: &room::Actor,
        settings: Settings,
    ) -> Result<(), Refusal> {
        check(&settings, by, Action::Manage)?;
        let room = settings.id;
        if !self.store.delete_room(room, now().wall).await? {
            return Err(room::Refusal::RoomNotFound.into());
        }
        let close = Command::Close { reason: EndReason::RoomDeleted };
        match self.rooms.submit(room, &room::Actor::Server, close).await {
            // It was not running, and being deleted cannot be started.
            Ok(_) | Err(Refusal::Room(room::Refusal::RoomNotFound)) => {}
            Err(refusal) => return Err(refusal),
        }
        self.board.tell(News::RoomDeleted { settings }).await;
        Ok(())
    }

    /// The room that a request means, if it is there.
    pub async fn find_room(&self, named: &RoomRef) -> Result<RoomId, Refusal> {
        let external = match named {
            RoomRef::Own(room) => return Ok(*room),
            RoomRef::External(external) => external,
        };
        let known = self.store.room_by_external(PLATFORM_ISSUER, external).await?;
        Ok(known.ok_or(room::Refusal::RoomNotFound)?.id)
    }

    /// The room that somebody wants to come into. A platform's own people make its channels on first
    /// sight.
    pub async fn resolve_room(&self, by: &Identity, named: &RoomRef) -> Result<RoomId, Refusal> {
        let external = match (self.find_room(named).await, named) {
            (Err(Refusal::Room(room::Refusal::RoomNotFound)), RoomRef::External(external))
                if by.from_platform =>
            {
                external
            }
            (found, _) => return found,
        };
        let shown: String = external.as_str().chars().take(EXTERNAL_NAME_LEN).collect();
        let new = NewRoom {
            id: RoomId(self.ids.next()),
            name: format!("channel-{shown}"),
            kind: ProfileKind::Voice,
            topic: None,
            member_limit: ProfileKind::Voice.profile().member_limit,
            temporary: false,
            created_by: None,
            external: Some(ExternalKey {
                issuer: PLATFORM_ISSUER.to_owned(),
                id: external.clone(),
            }),
            created_at: now().wall,
            overrides: Vec::new(),
            password_hash: None,
            captions: ProfileKind::Voice.profile().captions,
            admission: Admission::default(),
        };
        let (settings, made) = self.store.find_or_create_external_room(&new).await?;
        let id = settings.id;
        if made {
            self.board.tell(News::RoomCreated { settings }).await;
        }
        Ok(id)
    }

    fn listed(&self, settings: Settings, by: &Identity) -> Listed {
        Listed {
            member_count: self.rooms.index().member_count(settings.id),
            permissions: room::permissions(&settings, &by.actor()),
            settings,
            floor: None,
        }
    }
}

pub(crate) fn check_name(name: &str, len_max: usize) -> Result<(), Refusal> {
    let fits = (1..=len_max).contains(&name.chars().count());
    if fits && !name.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Refusal::Invalid(format!("name must be 1 to {len_max} characters")))
}

/// Overrides, one for each whom they are about, with the creator's own, who may do everything in the room
/// whatever else is said of them.
pub(crate) fn with_owner(creator: Option<UserId>, overrides: Vec<Override>) -> Vec<Override> {
    let owner = creator.map(|creator| Override {
        target: OverrideTarget::User(creator),
        allow: Permissions::ROOM_OWNER,
        deny: Permissions::NONE,
    });
    let others = overrides.into_iter().filter(|other| {
        creator.is_none_or(|creator| other.target != OverrideTarget::User(creator))
    });
    let mut merged: Vec<Override> = Vec::new();
    for one in owner.into_iter().chain(others) {
        match merged.iter_mut().find(|other| other.target == one.target) {
            Some(other) => {
                (other.allow, other.deny) = (other.allow | one.allow, other.deny | one.deny);
            }
            None => merged.push(one),
        }
    }
    merged
}

/// A pair stays a pair, whoever changes the room.
fn check_limit(kind: ProfileKind, limit: u32) -> Result<(), Refusal> {
    let most = kind.profile().member_limit;
    if kind == ProfileKind::Talk && limit > most {
        return Err(Refusal::Invalid(format!("limit of a push-to-talk room is at most {most}")));
    }
    Ok(())
}

/// Nobody hands out or takes away more than they may do in the room themselves. The creator may all that
/// overrides can say.
fn check_hand_out(by: &Identity, room: &Listed, after: &[Override]) -> Result<(), Refusal> {
    if room.settings.created_by == Some(UserId::from(by.account.id)) {
        return Ok(());
    }
    let said = |overrides: &[Override], target: OverrideTarget| {
        let of_target = overrides.iter().filter(|change| change.target == target);
        of_target.fold((Permissions::NONE, Permissions::NONE), |(allow, deny), change| {
            (allow | change.allow, deny | change.deny)
        })
    };
    let before = &room.settings.overrides;
    for target in before.iter().chain(after).map(|change| change.target) {
        let (was, is) = (said(before, target), said(after, target));
        let changed = differing(was.0, is.0) | differing(was.1, is.1);
        if let Some(missing) = (changed & !room.permissions).first() {
            return Err(room::Refusal::Missing(missing).into());
        }
    }
    Ok(())
}

fn differing(one: Permissions, other: Permissions) -> Permissions {
    one & !other | other & !one
}
