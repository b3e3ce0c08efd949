//! Roles: made, and given to people. Nobody hands out more than they have.

use model::{AccountId, Override, OverrideTarget, Permissions, RoleId, RoomId, UserId};
use room::{Actor, Command};
use store::{Account, Role, Taken};

use crate::board::News;
use crate::turnstile::to_the_end;
use crate::{App, Identity, Refusal};

/// The longest name of a role, in characters.
pub const ROLE_NAME_LEN_MAX: usize = 64;
/// Roles of a server: each is looked at with every request of who has it, and all of them in lists.
pub const ROLES_MAX: u64 = 250;

impl App {
    /// All roles, oldest first.
    pub async fn list_roles(&self, _by: &Identity) -> Result<Vec<Role>, Refusal> {
        Ok(self.store.list_roles().await?)
    }

    /// Makes a role. Needs MANAGE_ROLES and every permission that it is to give.
    pub async fn create_role(
        &self,
        by: &Identity,
        name: String,
        permissions: Permissions,
    ) -> Result<Role, Refusal> {
        check_grant(by, permissions)?;
        let length = name.chars().count();
        if !(1..=ROLE_NAME_LEN_MAX).contains(&length) || name.chars().any(char::is_control) {
            let what = format!("name must be 1 to {ROLE_NAME_LEN_MAX} characters");
            return Err(Refusal::Invalid(what));
        }
        if self.store.count_roles().await? >= ROLES_MAX {
            return Err(Refusal::Invalid(format!("there are {ROLES_MAX} roles already")));
        }
        let made = self.store.create_role(RoleId(self.ids.next()), &name, permissions).await;
        made.map_err(|error| match error {
            store::StoreError::Taken => Refusal::RoleTaken,
            error => error.into(),
        })
    }

    /// Gives somebody a role. Needs MANAGE_ROLES and every permission of the role.
    pub async fn assign_role(
        &self,
        by: &Identity,
        user: UserId,
        role: RoleId,
    ) -> Result<(), Refusal> {
        let account = self.grantee(by, user, role).await?.id;
        let app = self.clone();
        to_the_end(async move {
            let _one_at_a_time = app.joins.lock(user).await;
            app.store.grant_role(account, role).await?;
            app.reauthorize(account).await
        })
        .await
    }

    /// Takes a role from somebody; nothing when they do not have it.
    pub async fn unassign_role(
        &self,
        by: &Identity,
        user: UserId,
        role: RoleId,
    ) -> Result<(), Refusal> {
        let account = self.grantee(by, user, role).await?.id;
        let app = self.clone();
        to_the_end(async move {
            let _one_at_a_time = app.joins.lock(user).await;
            match app.store.take_role(account, role).await? {
                Taken::Away => app.reauthorize(account).await,
                Taken::NotThere => Ok(()),
                Taken::LastAdministrator => {
                    Err(Refusal::Invalid("somebody must remain administrator".to_owned()))
                }
            }
        })
        .await
    }

    async fn grantee(&self, by: &Identity, user: UserId, role: RoleId) -> Result<Account, Refusal> {
        check_grant(by, Permissions::NONE)?;
        let role = self.store.role(role).await?.ok_or(Refusal::RoleNotFound)?;
        check_grant(by, role.permissions)?;
        self.check_in_rooms(by, role.id).await?;
        self.store.account(AccountId(user.0)).await?.ok_or(Refusal::UserNotFound)
    }

    /// What rooms' overrides give and take by a role is handed out with it.
    async fn check_in_rooms(&self, by: &Identity, role: RoleId) -> Result<(), Refusal> {
        let actor = by.actor();
        for settings in self.store.list_rooms().await? {
            let had = room::permissions(&settings, &actor);
            let of_role = |change: &&Override| change.target == OverrideTarget::Role(role);
            let said = settings.overrides.iter().filter(of_role);
            let said = said.fold(Permissions::NONE, |all, one| all | one.allow | one.deny);
            if !had.contains(said) {
                return Err(Refusal::Missing(Permissions::MANAGE_ROLES));
            }
        }
        Ok(())
    }

    /// Has rooms and open sockets judge somebody by the roles they have now. The caller has the person's
    /// turn: nobody tells an older state later.
    async fn reauthorize(&self, account: AccountId) -> Result<(), Refusal> {
        let Some(identity) = self.accounts.identity(account).await? else { return Ok(()) };
        for room in self.rooms.index().rooms_of(UserId::from(account)) {
            self.reauthorize_in(&identity, room).await?;
        }
        self.board.tell(News::Reauthorized { identity: Box::new(identity) }).await;
        Ok(())
    }

    /// Has a room judge a member by the roles they have now. Nothing when they are not in.
    pub(crate) async fn reauthorize_in(
        &self,
        identity: &Identity,
        room: RoomId,
    ) -> Result<(), Refusal> {
        let (roles, base) = (identity.role_ids(), identity.permissions());
        let user = UserId::from(identity.account.id);
        let command = Command::Reauthorize { user, roles, base };
        match self.rooms.submit(room, &Actor::Server, command).await {
            Ok(_) | Err(Refusal::Room(room::Refusal::TargetNotInRoom)) => Ok(()),
            Err(refusal) => Err(refusal),
        }
    }
}

/// Whether somebody may hand out these permissions.
fn check_grant(by: &Identity, permissions: Permissions) -> Result<(), Refusal> {
    let had = by.permissions();
    let all = had.contains(Permissions::ADMINISTRATOR);
    if all || had.contains(Permissions::MANAGE_ROLES) && had.contains(permissions) {
        return Ok(());
    }
    Err(Refusal::Missing(Permissions::MANAGE_ROLES))
}
