//! The store against real SQLite files: what is unique stays unique under contention, what is written
//! survives, what is private stays private.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests are tests

mod accounts;
mod conferences;
mod files;
mod log;
mod marks;
mod messages;
mod moves;
mod rooms;
mod settings;

use std::path::Path;

use model::{
    AccountId, ExternalId, Id, MessageId, Override, OverrideTarget, Permissions, Redacted, RoleId,
    RoomId, SessionId, Timestamp, UserId, Username, Via,
};
use room::{Admission, ProfileKind};
use sqlx::{AnyConnection, Connection, Executor};
use store::{
    ADMIN, Database, ExternalKey, MODERATOR, Mark, NewAccount, NewRoom, OWNER, SessionRow, Store,
    StoreError, Taken,
};
use tempfile::TempDir;

use log::logged;

async fn open(directory: &Path) -> Store {
    let database = Database::new(directory, None).expect("a file in a directory is a place");
    Store::open(&database).await.expect("the store opens")
}

/// A store in a directory of its own.
async fn fresh() -> (TempDir, Store) {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = open(directory.path()).await;
    (directory, store)
}

/// The database behind the store's back.
async fn raw(directory: &Path) -> AnyConnection {
    sqlx::any::install_default_drivers();
    let url = format!("sqlite://{}?mode=rwc", directory.join("parlor.db").display());
    AnyConnection::connect(&url).await.expect("the file opens")
}

fn id(raw: u64) -> Id {
    Id::from_u64(raw).expect("small numbers are ids")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

fn account(raw: u64, username: &str) -> NewAccount {
    NewAccount {
        id: AccountId(id(raw)),
        username: Username::new(username).expect("a valid username"),
        email: None,
        display_name: None,
        password_hash: None,
        external: None,
        owner_if_none: false,
        created_at: at(1),
    }
}

fn key(text: &str) -> ExternalKey {
    ExternalKey { issuer: "platform".into(), id: ExternalId::new(text).expect("an external id") }
}

fn room(raw: u64, name: &str) -> NewRoom {
    NewRoom {
        id: RoomId(id(raw)),
        name: name.into(),
        kind: ProfileKind::Voice,
        topic: None,
        member_limit: 99,
        password_hash: None,
        captions: false,
        admission: Admission::default(),
        temporary: false,
        created_by: None,
        external: None,
        overrides: Vec::new(),
        created_at: at(1),
    }
}

/// Runs a call 32 times at once, with numbers from 1, and gives all outcomes.
async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    call: impl Fn(u64) -> F,
) -> Vec<T> {
    let running: Vec<_> = (1..=32).map(|n| tokio::spawn(call(n))).collect();
    let mut outcomes = Vec::new();
    for task in running {
        outcomes.push(task.await.expect("no panic"));
    }
    outcomes
}
