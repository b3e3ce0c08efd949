//! Logins and tokens over a store of their own.

use std::net::Ipv4Addr;

use jsonwebtoken::{EncodingKey, Header, encode};
use model::{Timestamp, UserId};
use serde_json::{Value, json};
use store::Database;
use tempfile::TempDir;

use super::*;

const SECRET: &str = "a secret that two servers share";
const THEIRS: &str = "0b5c9d7e-3f1a-4b6e-9a51-0d3f6a2b7c11";
const HERE: Origin = Origin { address: IpAddr::V4(Ipv4Addr::LOCALHOST), local: false };

async fn opened() -> (TempDir, Accounts) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    let store = Store::open(&Database::new(path, None).unwrap()).await.unwrap();
    let tokens = Tokens::open(path, Some(secret(SECRET))).unwrap();
    let ids = Arc::new(Ids::new(crate::only_node()));
    let setup_code = SetupCode::open(path, false).unwrap();
    (directory, Accounts::new(store, tokens, ids, setup_code, true))
}

fn secret(text: &str) -> Redacted<String> {
    Redacted::new(text.to_owned())
}

async fn maya(accounts: &Accounts, operator: bool) -> Account {
    let sign_up = SignUp {
        username: Username::new("maya").unwrap(),
        email: None,
        display_name: None,
        password: secret("correct horse"),
        setup_code: None,
    };
    accounts.create(sign_up, operator).await.unwrap()
}

/// A token of the platform's.
fn vouched(sub: &str, iat: Option<Timestamp>) -> String {
    let exp = now().wall.as_secs() + 3600;
    let mut claims = json!({ "sub": sub, "username": "maya", "exp": exp });
    claims["iat"] = iat.map_or(Value::Null, |iat| json!(iat.as_secs()));
    encode(&Header::default(), &claims, &EncodingKey::from_secret(SECRET.as_bytes())).unwrap()
}

fn in_secs(secs: i64) -> Option<Timestamp> {
    Some(Timestamp::from_micros(now().wall.as_micros() + secs * 1_000_000))
}

#[tokio::test]
async fn guesses_made_at_once_are_no_more_than_others() {
    let (_directory, accounts) = opened().await;
    maya(&accounts, false).await;
    for _ in 0..8 {
        let right = accounts.login("maya", secret("correct horse"), HERE).await;
        assert!(right.is_ok(), "a right password costs nothing");
    }
    let accounts = Arc::new(accounts);
    let guesses: Vec<_> = (0..8)
        .map(|_| {
            let accounts = Arc::clone(&accounts);
            tokio::spawn(async move { accounts.login("MAYA", secret("wrong"), HERE).await })
        })
        .collect();
    let mut tried = 0;
    for guess in guesses {
        match guess.await.unwrap() {
            Err(Refusal::WrongCredentials) => tried += 1,
            Err(Refusal::RateLimited(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(tried, 5);
    let word = |letter: &str| letter.repeat(LOGIN_WORD_LEN_MAX + 1);
    for letter in ["a", "b", "c", "d", "e"] {
        let long = accounts.login(&word(letter), secret("wrong"), HERE).await;
        assert!(matches!(long, Err(Refusal::WrongCredentials)), "{long:?}");
    }
    let sixth = accounts.login(&word("f"), secret("wrong"), HERE).await;
    assert!(matches!(sixth, Err(Refusal::RateLimited(_))), "{sixth:?}");
}

#[tokio::test]
async fn a_platforms_token_dies_with_the_epoch() {
    let (_directory, accounts) = opened().await;
    let before = accounts.authenticate(&vouched(THEIRS, None)).await.unwrap();
    assert!(before.from_platform);
    accounts.store.raise_epoch(before.account.id, now().wall).await.unwrap();
    for (iat, good) in [(None, false), (in_secs(-5), false), (in_secs(5), true)] {
        let found = accounts.authenticate(&vouched(THEIRS, iat)).await;
        assert_eq!(found.is_ok(), good, "{iat:?}");
    }
}

#[tokio::test]
async fn a_platform_names_our_people_but_is_no_administrator() {
    let (_directory, accounts) = opened().await;
    let maya = maya(&accounts, true).await;
    let token = vouched(&maya.id.to_uuid(), in_secs(0));
    let found = accounts.authenticate(&token).await.map(|found| found.account.id);
    assert_eq!(found, Err(Refusal::Unauthenticated));
    let owner = accounts.store.role_by_name(store::OWNER).await.unwrap().unwrap();
    accounts.store.revoke_role(maya.id, owner.id).await.unwrap();
    let found = accounts.authenticate(&token).await.map(|found| found.account.id);
    assert_eq!(found, Ok(maya.id));
}

#[tokio::test]
async fn a_platforms_people_are_found_by_its_id() {
    let (_directory, accounts) = opened().await;
    let id = model::ExternalId::new(THEIRS).unwrap();
    assert_eq!(accounts.find_external(&id).await, Err(Refusal::UserNotFound));
    let seen = accounts.authenticate(&vouched(&THEIRS.to_uppercase(), None)).await.unwrap();
    assert_eq!(accounts.find_external(&id).await, Ok(UserId::from(seen.account.id)));
}
