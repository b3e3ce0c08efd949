//! Janus's VideoRoom over its HTTP API. A member who speaks and hears has two connections there: one as a
//! publisher, one as a subscriber to all the others.

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

use super::{Http, JOIN_EVERY, text};
use crate::clock::unix_ns;
use crate::draft::Path;
use crate::engine::Engine;
use crate::scene::Scene;

/// Looks at a session's events, each of which may wait for a while, before an answer is given up.
const LOOKS_MAX: usize = 20;

/// The adapter.
pub struct Janus {
    http: Http,
    sessions: Vec<u64>,
    first_room: u64,
    rooms: Vec<u64>,
    /// Each speaker's room and feed.
    feeds: Vec<(usize, u64)>,
}

impl Janus {
    /// A server; `url` ends in `/janus`.
    pub fn new(url: &str) -> Self {
        Self {
            http: Http::new(url),
            sessions: Vec::new(),
            // Rooms of earlier runs may still be there.
            first_room: unix_ns() / 1_000_000,
            rooms: Vec::new(),
            feeds: Vec::new(),
        }
    }

    /// See [`super::Signal::speakers`].
    pub fn speakers(
        &mut self,
        scene: &Scene,
        payload_len: usize,
        engine: &mut Engine,
    ) -> Result<usize> {
        let (control, handle) = self.attach()?;
        for number in 0..scene.rooms {
            let room = self.first_room + number as u64;
            let body =
                json!({"request": "create", "room": room, "publishers": 1000, "permanent": false});
            self.message(control, handle, body, None)?;
            self.rooms.push(room);
        }
        let is_video = scene.path == Path::Full;
        for number in 0..scene.rooms * scene.speakers {
            let in_room = number / scene.speakers;
            let (session, handle) = self.attach()?;
            let mut draft = engine.draft(scene.path)?;
            let offer = draft.offer(Some(scene.speaks(number, payload_len)), 0)?;
            let body = json!({
                "request": "joinandconfigure", "room": self.rooms[in_room], "ptype": "publisher",
                "audio": !is_video, "video": is_video,
            });
            let event = self.message(session, handle, body, Some(("offer", &offer)))?;
            let feed = event.pointer("/plugindata/data/id").and_then(Value::as_u64);
            self.feeds.push((in_room, feed.with_context(|| event.to_string())?));
            draft.accept(text(&event, "/jsep/sdp")?)?;
            engine.add(draft)?;
        }
        Ok(scene.rooms * scene.speakers)
    }

    /// See [`super::Signal::listeners`]. Those who speak and hear come first.
    pub fn listeners(&mut self, scene: &Scene, engine: &mut Engine) -> Result<usize> {
        let mut made = 0;
        for in_room in 0..scene.rooms {
            let feeds = self.feeds.iter().filter(|(room, _)| *room == in_room);
            let feeds: Vec<u64> = feeds.map(|(_, feed)| *feed).collect();
            for member in 0..scene.members {
                let own = feeds.get(member);
                let others: Vec<u64> =
                    feeds.iter().filter(|feed| Some(*feed) != own).copied().collect();
                if !others.is_empty() {
                    self.subscribe(scene, self.rooms[in_room], &others, engine)?;
                    made += 1;
                    std::thread::sleep(JOIN_EVERY);
                }
            }
        }
        Ok(made)
    }

    fn subscribe(
        &mut self,
        scene: &Scene,
        room: u64,
        feeds: &[u64],
        engine: &mut Engine,
    ) -> Result<()> {
        let mut draft = engine.draft(scene.path)?;
        let (session, handle) = self.attach()?;
        let streams: Vec<Value> = feeds.iter().map(|feed| json!({"feed": feed})).collect();
        let body =
            json!({"request": "join", "ptype": "subscriber", "room": room, "streams": streams});
        let event = self.message(session, handle, body, None)?;
        let answer = draft.answer(text(&event, "/jsep/sdp")?, feeds.len())?;
        let body = json!({"request": "start"});
        self.message(session, handle, body, Some(("answer", &answer)))?;
        engine.add(draft)
    }

    /// A session with a handle of the plugin.
    fn attach(&mut self) -> Result<(u64, u64)> {
        let id = |reply: &Value| {
            let id = reply.pointer("/data/id").and_then(Value::as_u64);
            id.with_context(|| reply.to_string())
        };
        let created = self.http.post("", None, &json!({"janus": "create", "transaction": "t"}))?;
        let session = id(&created)?;
        self.sessions.push(session);
        let body =
            json!({"janus": "attach", "plugin": "janus.plugin.videoroom", "transaction": "t"});
        Ok((session, id(&self.http.post(&format!("/{session}"), None, &body)?)?))
    }

    /// Asks the plugin, and waits for its event where the reply is only an acknowledgement.
    fn message(
        &self,
        session: u64,
        handle: u64,
        body: Value,
        jsep: Option<(&str, &str)>,
    ) -> Result<Value> {
        let mut message = json!({"janus": "message", "transaction": "t", "body": body});
        if let Some((kind, sdp)) = jsep {
            message["jsep"] = json!({"type": kind, "sdp": sdp});
        }
        let mut event = self.http.post(&format!("/{session}/{handle}"), None, &message)?;
        for _ in 0..LOOKS_MAX {
            let is_ours = event["sender"].as_u64() == Some(handle);
            if is_ours && event.pointer("/plugindata/data/error").is_some() {
                bail!("{event}");
            }
            // What is told of others has neither.
            let answers = event.get("jsep").is_some()
                || event["janus"] == "success"
                || event.pointer("/plugindata/data/started").is_some();
            if is_ours && answers {
                return Ok(event);
            }
            event = self.http.get(&format!("/{session}?maxev=1"))?;
        }
        bail!("no answer to {}", message["body"])
    }

    /// Ends the sessions: Janus keeps what they had for a minute otherwise.
    pub fn leave(&mut self) {
        for session in self.sessions.drain(..) {
            let body = json!({"janus": "destroy", "transaction": "t"});
            // It may have ended by itself.
            let _ = self.http.post(&format!("/{session}"), None, &body);
        }
    }
}
