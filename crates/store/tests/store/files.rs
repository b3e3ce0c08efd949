//! What survives, who else writes, and who may read the files.

use crate::*;

fn session(raw: u64, room: RoomId) -> SessionRow {
    SessionRow {
        id: SessionId(id(raw)),
        room,
        user: UserId(id(7)),
        via: Via::VoiceService,
        joined_at: at(5),
    }
}

#[tokio::test]
async fn everything_survives_and_open_sessions_end_at_the_next_start() {
    let (directory, store) = fresh().await;
    let maya = store.create_account(&account(1, "maya")).await.unwrap();
    let general = store.create_room(&room(2, "General")).await.unwrap();
    let user = UserId(id(7));
    let mark = Mark {
        user,
        server_mute: true,
        server_deaf: false,
        server_video_mute: false,
        stage_speaker: true,
    };
    store.set_marks(general.id, mark).await.unwrap();
    let (left, stays) = (session(10, general.id), session(11, general.id));
    store.start_session(&left).await.unwrap();
    store.start_session(&stays).await.unwrap();
    assert!(store.end_session(left.id, general.id, "left", at(6)).await.unwrap());
    assert!(!store.end_session(left.id, general.id, "kicked", at(7)).await.unwrap());
    assert!(!store.end_session(stays.id, RoomId(id(3)), "left", at(7)).await.unwrap());
    store.close().await;
    assert!(matches!(store.ping().await, Err(StoreError::Unavailable(_))));

    let store = open(directory.path()).await;
    store.ping().await.unwrap();
    assert_eq!(store.account_by_word("maya").await.unwrap(), Some(maya));
    assert_eq!(store.room(general.id).await.unwrap(), Some(general.clone()));
    assert_eq!(store.marks(general.id).await.unwrap(), [mark]);
    assert_eq!(store.open_sessions().await.unwrap(), [stays]);
    assert_eq!(store.end_open_sessions("server_restart", at(8)).await.unwrap(), 1);
    assert_eq!(store.open_sessions().await.unwrap(), []);
    assert_eq!(store.end_open_sessions("server_restart", at(9)).await.unwrap(), 0);
}

#[tokio::test]
async fn a_database_of_the_first_version_is_brought_up_to_date() {
    let directory = tempfile::tempdir().unwrap();
    let first = tempfile::tempdir().unwrap();
    let name = "0001_accounts_and_rooms.sql";
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    std::fs::copy(migrations.join(name), first.path().join(name)).unwrap();
    let mut raw = raw(directory.path()).await;
    sqlx::migrate::Migrator::new(first.path()).await.unwrap().run(&mut raw).await.unwrap();
    for row in [
        "INSERT INTO accounts (id, username, username_folded, epoch, epoch_changed_at, created_at) \
         VALUES (7, 'maya', 'maya', 3, 0, 1000000)",
        "INSERT INTO account_words (word, account_id) VALUES ('maya', 7)",
        "INSERT INTO account_roles (account_id, role_id) VALUES (7, 1)",
        "INSERT INTO rooms (id, name, slug, profile, member_limit, created_at) \
         VALUES (2, 'General', 'general', 'talk', 2, 1000000)",
        "INSERT INTO room_overrides (room_id, target_type, target_id, allow, deny) \
         VALUES (2, 'user', 7, 1, 2)",
        "INSERT INTO room_marks (room_id, user_id, server_mute, server_deaf) VALUES (2, 7, 1, 0)",
        "INSERT INTO sessions (id, room_id, user_id, via, joined_at) \
         VALUES (10, 2, 7, 'voice_service', 5000000)",
    ] {
        raw.execute(row).await.unwrap();
    }
    raw.close().await.unwrap();

    let store = open(directory.path()).await;
    let maya = store.account_by_word("maya").await.unwrap().unwrap();
    assert_eq!((maya.id, maya.epoch), (AccountId(id(7)), 3));
    assert!(store.has_administrator().await.unwrap());
    let general = store.room_by_slug("general").await.unwrap().unwrap();
    assert_eq!(
        (general.id, general.kind, general.overrides.len()),
        (RoomId(id(2)), ProfileKind::Talk, 1)
    );
    assert!(!general.has_password && !general.captions, "as it was before");
    assert!(!general.temporary, "and kept");
    assert_eq!(store.room_password(general.id).await.unwrap(), None);
    assert_eq!(store.marks(general.id).await.unwrap().len(), 1);
    assert_eq!(store.open_sessions().await.unwrap(), [session(10, general.id)]);
    assert!(store.was_participant(general.id, UserId(id(7))).await.unwrap());
    assert_eq!(store.messages(general.id, 9, 0).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_open_a_new_file_at_once_and_see_each_other() {
    let directory = tempfile::tempdir().unwrap();
    let stores = at_once(|_| {
        let path = directory.path().to_owned();
        async move { open(&path).await }
    })
    .await;
    let (server, command) = (&stores[0], &stores[1]);
    let maya = server.create_account(&account(1, "maya")).await.unwrap().id;
    command.ban(maya, None, at(50)).await.unwrap();
    let changes = server.epochs_changed_since(at(50)).await.unwrap();
    assert!(changes.iter().any(|change| change.account == maya && change.banned));
    // All write at once: none is refused, they wait for each other.
    let outcomes = at_once(|n| {
        let store = stores[n as usize - 1].clone();
        async move { store.create_account(&account(n + 1, &format!("user{n}"))).await }
    })
    .await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_for_the_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let parent = tempfile::tempdir().unwrap();
    // Characters that mean something in a URL belong to the path.
    let directory = parent.path().join("da ta?a=1#%41");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for start in ["first", "second"] {
        let store = open(&directory).await;
        store.create_account(&account(start.len() as u64, start)).await.unwrap();
        assert_eq!(mode(&directory), 0o700);
        for name in ["parlor.db", "parlor.db-wal", "parlor.db-shm", "parlor.db.lock"] {
            assert_eq!(mode(&directory.join(name)), 0o600, "{name} at the {start} start");
        }
        store.close().await;
        let loose = std::fs::Permissions::from_mode(0o644);
        std::fs::set_permissions(directory.join("parlor.db"), loose).unwrap();
    }
}

#[tokio::test]
async fn a_place_that_cannot_be_used_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    std::fs::write(&file, "not a directory").unwrap();
    let refusal = Store::open(&Database::new(&file, None).unwrap()).await.unwrap_err();
    assert!(refusal.to_string().contains(&file.display().to_string()), "{refusal}");

    let other = directory.path().join("parlor.db");
    std::fs::write(&other, "this is not a database at all, it is a text").unwrap();
    let refusal = Store::open(&Database::Sqlite(other)).await.unwrap_err();
    assert!(matches!(refusal, StoreError::Broken(_)), "{refusal:?}");
    assert_eq!(refusal.to_string(), "the stored data cannot be read");
}
