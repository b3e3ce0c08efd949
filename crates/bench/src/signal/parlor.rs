//! Parlor by the Voice Service's routes: one peer connection per member, with a section to receive each
//! speaker. With the server's JWT_SECRET members are people of a platform, who need not register.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::{Http, JOIN_EVERY, text};
use crate::draft::Draft;
use crate::engine::Engine;
use crate::scene::Scene;

/// Members of a room: more than any scene has.
const ROOM_LIMIT: usize = 1000;
/// How long a token of ours is good for.
const TOKEN_SECS: u64 = 3600;

/// The adapter.
pub struct Parlor {
    http: Http,
    secret: Option<String>,
    /// Tells this run's people and rooms from an earlier one's.
    run: u32,
    people: u32,
    /// Rooms that were made, by number.
    rooms: Vec<String>,
}

/// Somebody in a room.
pub struct Session {
    /// Who they are.
    pub token: String,
    /// Their session.
    pub id: String,
}

impl Parlor {
    /// A server; without a secret everyone registers first, which takes it a while for each.
    pub fn new(url: &str, secret: Option<&str>) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            http: Http::new(url),
            secret: secret.map(str::to_owned),
            run: since.as_millis() as u32,
            people: 0,
            rooms: Vec::new(),
        }
    }

    /// See [`super::Signal::speakers`].
    pub fn speakers(
        &mut self,
        scene: &Scene,
        payload_len: usize,
        engine: &mut Engine,
    ) -> Result<usize> {
        let all = scene.rooms * scene.speakers;
        for number in 0..all {
            let token = self.person()?;
            let mut draft = engine.draft(scene.path)?;
            let speaks = Some(scene.speaks(number, payload_len));
            let offer = draft.offer(speaks, scene.hears(true))?;
            let room = self.room(number / scene.speakers, &token)?;
            self.enter(&mut draft, &room, &token, &offer)?;
            engine.add(draft)?;
        }
        Ok(all)
    }

    /// See [`super::Signal::listeners`].
    pub fn listeners(&mut self, scene: &Scene, engine: &mut Engine) -> Result<usize> {
        let in_room = scene.members - scene.speakers;
        for number in 0..scene.rooms * in_room {
            let token = self.person()?;
            let mut draft = engine.draft(scene.path)?;
            let offer = draft.offer(None, scene.hears(false))?;
            let room = self.room(number / in_room, &token)?;
            self.enter(&mut draft, &room, &token, &offer)?;
            engine.add(draft)?;
            std::thread::sleep(JOIN_EVERY);
        }
        Ok(scene.rooms * in_room)
    }

    /// Joins, offers, takes the answer.
    pub fn enter(
        &self,
        draft: &mut Draft,
        room: &str,
        token: &str,
        offer: &str,
    ) -> Result<Session> {
        let id = self.join(room, token)?;
        let signal = json!({"session_id": id, "type": "offer", "sdp": offer});
        let answer = self.http.post("/voice/signal", Some(token), &signal)?;
        draft.accept(text(&answer, "/sdp")?)?;
        Ok(Session { token: token.to_owned(), id })
    }

    fn join(&self, room: &str, token: &str) -> Result<String> {
        let joined = self.http.post("/voice/join", Some(token), &json!({"channel_id": room}))?;
        Ok(text(&joined, "/session_id")?.to_owned())
    }

    /// A new person's token.
    pub fn person(&mut self) -> Result<String> {
        self.people += 1;
        let (run, number) = (self.run, self.people);
        if let Some(secret) = &self.secret {
            return platform_token(secret, &format!("load-{run}-{number}"));
        }
        let body = json!({"username": format!("load_{run:x}_{number}"), "password": format!("load-{run}-{number}-load")});
        let reply = self.http.post("/api/v1/auth/register", None, &body)?;
        Ok(text(&reply, "/token")?.to_owned())
    }

    /// The room with this number, made when it is first asked for.
    pub fn room(&mut self, number: usize, token: &str) -> Result<String> {
        while self.rooms.len() <= number {
            let name = format!("load {} {}", self.run, self.rooms.len());
            let body = json!({"name": name, "type": "voice", "limit": ROOM_LIMIT});
            let reply = self.http.post("/api/v1/rooms", Some(token), &body)?;
            self.rooms.push(text(&reply, "/room_id")?.to_owned());
        }
        self.rooms.get(number).cloned().context("no room")
    }
}

fn platform_token(secret: &str, subject: &str) -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let claims: Value =
        json!({"sub": subject, "username": subject, "iat": now, "exp": now + TOKEN_SECS});
    let key = EncodingKey::from_secret(secret.as_bytes());
    Ok(jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)?)
}
