//! What is accepted and, mostly, what is not.

use base64::engine::general_purpose::STANDARD;
use jsonwebtoken::{EncodingKey, encode};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::*;

const SECRET: &str = "a secret that two servers share";
const DAY: i64 = 24 * 3600;
const START: i64 = 1_700_000_000;
const MEDIA_LIFETIME: Duration = Duration::from_secs(5 * 60);

fn at(secs: i64) -> Timestamp {
    Timestamp::from_micros(secs * 1_000_000)
}

fn id(raw: u64) -> Id {
    Id::from_u64(raw).unwrap()
}

fn opened(secret: Option<&str>) -> (TempDir, Tokens) {
    let directory = tempfile::tempdir().unwrap();
    let secret = secret.map(|secret| Redacted::new(secret.to_owned()));
    let tokens = Tokens::open(directory.path(), secret).unwrap();
    (directory, tokens)
}

fn maya(tokens: &Tokens) -> String {
    tokens.issue_access(AccountId(id(7)), "maya", 3, at(START)).unwrap()
}

fn hs256(secret: &[u8], claims: &Value) -> String {
    encode(&Header::new(Algorithm::HS256), claims, &EncodingKey::from_secret(secret)).unwrap()
}

/// The token with another header or other claims and the old signature.
fn with_part(token: &str, part: usize, content: &Value) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts[part] = URL_SAFE_NO_PAD.encode(content.to_string());
    parts.join(".")
}

fn part(token: &str, part: usize) -> Value {
    let encoded = token.split('.').nth(part).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).unwrap()).unwrap()
}

#[track_caller]
fn check_refused(tokens: &Tokens, token: &str) {
    assert_eq!(tokens.verify_access(token, at(START + 1)), Err(TokenRefusal::Invalid));
    assert_eq!(tokens.verify_media(token, at(START + 1)), Err(TokenRefusal::Invalid));
}

#[test]
fn a_token_of_ours_is_good_for_a_day_and_after_a_restart() {
    let (directory, tokens) = opened(None);
    let token = maya(&tokens);
    let bearer = Bearer::Own { account: AccountId(id(7)), epoch: 3, username: "maya".into() };
    assert_eq!(tokens.verify_access(&token, at(START + DAY - 1)), Ok(bearer.clone()));
    assert_eq!(tokens.verify_access(&token, at(START + DAY)), Err(TokenRefusal::Expired));
    let restarted = Tokens::open(directory.path(), None).unwrap();
    assert_eq!(restarted.verify_access(&token, at(START)), Ok(bearer));
    assert_ne!(maya(&tokens), token, "each token has its own jti");
}

#[test]
fn a_media_token_is_bound_and_is_no_access_token() {
    let (_directory, tokens) = opened(Some(SECRET));
    let (user, room, session) = (UserId(id(7)), RoomId(id(8)), SessionId(id(9)));
    let token = tokens.issue_media(user, room, session, 3, at(START), MEDIA_LIFETIME).unwrap();
    let expires = at(START + 300);
    let bearer = MediaBearer { user, room, session, epoch: 3, expires };
    assert_eq!(tokens.verify_media(&token, at(START + 299)), Ok(bearer));
    assert_eq!(tokens.verify_media(&token, expires), Err(TokenRefusal::Expired));
    assert_eq!(tokens.verify_access(&token, at(START)), Err(TokenRefusal::Invalid));
    assert_eq!(tokens.verify_media(&maya(&tokens), at(START)), Err(TokenRefusal::Invalid));
    // With all claims of both kinds the audience still decides.
    let mut claims = part(&token, 1);
    claims["username"] = json!("maya");
    let both = tokens.0.own.sign(&claims).unwrap();
    assert_eq!(tokens.verify_access(&both, at(START)), Err(TokenRefusal::Invalid));
    assert!(tokens.verify_media(&both, at(START)).is_ok());
}

#[test]
fn forged_tokens_are_refused() {
    let (_directory, tokens) = opened(Some(SECRET));
    let token = maya(&tokens);
    let mut claims = part(&token, 1);
    claims["epoch"] = json!(4);
    check_refused(&tokens, &with_part(&token, 1, &claims));
    for alg in ["none", "None", "NONE", "HS256", "HS512", "RS256", "ES256", "", "EdDSA "] {
        let mut header = part(&token, 0);
        header["alg"] = json!(alg);
        check_refused(&tokens, &with_part(&token, 0, &header));
    }
    let unsigned = &token[..=token.rfind('.').unwrap()];
    for bad in ["", ".", "..", "a.b.c", unsigned, &format!("{token}x"), &format!("{token}.x")] {
        check_refused(&tokens, bad);
    }
    check_refused(&tokens, &"x".repeat(TOKEN_LEN_MAX + 1));
}

#[test]
fn the_key_id_must_be_ours() {
    let (directory, tokens) = opened(None);
    let (other_directory, other) = opened(None);
    check_refused(&tokens, &maya(&other));
    // Our key under another name, under none, and another key under our name.
    let claims = part(&maya(&tokens), 1);
    let pem = std::fs::read(directory.path().join("token-key.pem")).unwrap();
    let other_pem = std::fs::read(other_directory.path().join("token-key.pem")).unwrap();
    let kid = Some(tokens.0.own.id().to_owned());
    for (pem, kid, good) in [
        (&pem, Some("other".to_owned()), false),
        (&pem, None, false),
        (&other_pem, kid.clone(), false),
        (&pem, kid, true),
    ] {
        let header = Header { kid, ..Header::new(Algorithm::EdDSA) };
        let token = encode(&header, &claims, &EncodingKey::from_ed_pem(pem).unwrap()).unwrap();
        assert_eq!(tokens.verify_access(&token, at(START)).is_ok(), good, "{header:?}");
    }
}

#[test]
fn a_header_extension_that_must_be_understood_is_refused() {
    let (directory, tokens) = opened(None);
    let claims = part(&maya(&tokens), 1);
    let kid = Some(tokens.0.own.id().to_owned());
    let crit = Some(vec!["b64".to_owned()]);
    let header = Header { kid, crit, ..Header::new(Algorithm::EdDSA) };
    let pem = std::fs::read(directory.path().join("token-key.pem")).unwrap();
    let token = encode(&header, &claims, &EncodingKey::from_ed_pem(&pem).unwrap()).unwrap();
    check_refused(&tokens, &token);
}

#[test]
fn our_public_key_is_no_secret() {
    let claims = json!({ "sub": id(7).to_uuid(), "username": "maya", "exp": START + 60 });
    for secret in [None, Some(SECRET)] {
        let (_directory, tokens) = opened(secret);
        let jwks: Value = serde_json::from_str(&tokens.jwks()).unwrap();
        let x = jwks["keys"][0]["x"].as_str().unwrap();
        let raw = URL_SAFE_NO_PAD.decode(x).unwrap();
        let pem = STANDARD.encode(&raw);
        for key in [x.as_bytes(), &raw, pem.as_bytes(), tokens.jwks().as_bytes(), b""] {
            check_refused(&tokens, &hs256(key, &claims));
        }
    }
}

#[test]
fn the_platform_names_its_own_people_and_ours() {
    let (_directory, tokens) = opened(Some(SECRET));
    let verify =
        |claims: Value| tokens.verify_access(&hs256(SECRET.as_bytes(), &claims), at(START));
    let sub = "0b5c9d7e-3f1a-4b6e-9a51-0d3f6a2b7c11";
    let external = |username: &str, iat: Option<i64>| {
        let external = ExternalId::new(sub).unwrap();
        let issued_at = iat.map(at);
        Ok(Bearer::PlatformExternal { external, username: username.into(), issued_at })
    };
    let exp = START + 60;
    let full = json!({ "sub": sub, "username": "maya", "exp": exp, "iat": START, "aud": "x" });
    assert_eq!(verify(full), external("maya", Some(START)));
    let control = json!({ "sub": sub, "username": "m\u{0}a\n", "exp": exp });
    assert_eq!(verify(control), external("ma", None));
    let shouted = json!({ "sub": sub.to_uppercase(), "username": "maya", "exp": exp });
    assert_eq!(verify(shouted), external("maya", None));
    let fractions = json!({ "sub": sub, "exp": exp as f64 + 0.5, "iat": START as f64 + 0.5 });
    assert_eq!(verify(fractions), external(sub, Some(START)));
    let ours = json!({ "sub": id(7).to_uuid(), "username": "maya", "exp": exp });
    let (account, issued_at) = (AccountId(id(7)), None);
    let expect = Bearer::Platform { account, username: "maya".into(), issued_at };
    assert_eq!(verify(ours), Ok(expect));
    // A decimal number is the platform's own, whatever account has it here.
    let decimal = verify(json!({ "sub": "7", "exp": exp }));
    assert!(matches!(decimal, Ok(Bearer::PlatformExternal { .. })), "{decimal:?}");

    let expired = json!({ "sub": sub, "username": "maya", "exp": START });
    assert_eq!(verify(expired), Err(TokenRefusal::Expired));
    for bad in [
        json!({ "sub": sub, "username": "maya" }),
        json!({ "sub": sub, "username": "maya", "exp": null }),
        json!({ "sub": sub, "username": "maya", "exp": "tomorrow" }),
        json!({ "sub": sub, "username": "maya", "exp": exp, "nbf": START + 61 }),
        json!({ "username": "maya", "exp": exp }),
        json!({ "sub": "", "exp": exp }),
        json!({ "sub": "a\nb", "exp": exp }),
        json!({ "sub": "x".repeat(200), "exp": exp }),
        json!([]),
    ] {
        assert_eq!(verify(bad.clone()), Err(TokenRefusal::Invalid), "{bad}");
    }
}

#[test]
fn only_hs256_with_the_secret_is_the_platforms() {
    let (_directory, tokens) = opened(Some(SECRET));
    let claims = json!({ "sub": "u-1", "username": "maya", "exp": START + 60 });
    assert!(tokens.verify_access(&hs256(SECRET.as_bytes(), &claims), at(START)).is_ok());
    check_refused(&tokens, &hs256(b"another secret", &claims));
    for alg in [Algorithm::HS384, Algorithm::HS512] {
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        check_refused(&tokens, &encode(&Header::new(alg), &claims, &key).unwrap());
    }
    let (_other_directory, without) = opened(None);
    check_refused(&without, &hs256(SECRET.as_bytes(), &claims));
    // The platform vouches for people, not for media sessions.
    let (user, room, session) = (UserId(id(7)), RoomId(id(8)), SessionId(id(9)));
    let media =
        part(&tokens.issue_media(user, room, session, 0, at(START), MEDIA_LIFETIME).unwrap(), 1);
    let token = hs256(SECRET.as_bytes(), &media);
    assert_eq!(tokens.verify_media(&token, at(START)), Err(TokenRefusal::Invalid));
}

#[test]
fn the_public_key_is_published_under_the_id_that_tokens_carry() {
    let (_directory, tokens) = opened(None);
    let jwks: Value = serde_json::from_str(&tokens.jwks()).unwrap();
    let key = &jwks["keys"][0];
    assert_eq!(key["kid"], part(&maya(&tokens), 0)["kid"]);
    assert_eq!(
        (&key["kty"], &key["crv"], &key["alg"]),
        (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA"))
    );
    let public = DecodingKey::from_ed_components(key["x"].as_str().unwrap()).unwrap();
    let verified = verify_claims::<Value>(&maya(&tokens), &public, Algorithm::EdDSA);
    assert_eq!(verified.unwrap()["sub"], id(7).to_uuid());
    assert!(key.get("d").is_none(), "the private half stays here");
}
