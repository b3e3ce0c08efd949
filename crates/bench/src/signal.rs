//! How members get into a server: an adapter for each signalling. They turn a scene into negotiated
//! connections and hand those to the engine; media is none of their business.

pub mod janus;
pub mod parlor;

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::engine::Engine;
use crate::scene::Scene;

/// A reply is waited for this long.
const REPLY_WITHIN: Duration = Duration::from_secs(20);
/// Between two joins: as fast as people come at the start of an event, not as fast as a loop.
pub const JOIN_EVERY: Duration = Duration::from_millis(15);

/// A server's signalling.
pub enum Signal {
    /// Parlor, by the Voice Service's routes.
    Parlor(parlor::Parlor),
    /// Janus, by its VideoRoom over HTTP.
    Janus(janus::Janus),
}

impl Signal {
    /// The adapter of this name.
    pub fn named(name: &str, url: &str, secret: Option<&str>) -> Result<Self> {
        match name {
            "parlor" => Ok(Self::Parlor(parlor::Parlor::new(url, secret))),
            "janus" => Ok(Self::Janus(janus::Janus::new(url))),
            _ => bail!("no adapter {name}; there are parlor and janus"),
        }
    }

    /// Brings in everyone who speaks. Returns how many connections that are.
    pub fn speakers(
        &mut self,
        scene: &Scene,
        payload_len: usize,
        engine: &mut Engine,
    ) -> Result<usize> {
        match self {
            Self::Parlor(parlor) => parlor.speakers(scene, payload_len, engine),
            Self::Janus(janus) => janus.speakers(scene, payload_len, engine),
        }
    }

    /// Brings in everyone else, while the first speak. Returns how many connections that are.
    pub fn listeners(&mut self, scene: &Scene, engine: &mut Engine) -> Result<usize> {
        match self {
            Self::Parlor(parlor) => parlor.listeners(scene, engine),
            Self::Janus(janus) => janus.listeners(scene, engine),
        }
    }

    /// Rooms and sessions are given up.
    pub fn leave(&mut self) {
        match self {
            Self::Parlor(_) => {}
            Self::Janus(janus) => janus.leave(),
        }
    }
}

/// JSON over HTTP.
pub struct Http {
    agent: ureq::Agent,
    url: String,
}

impl Http {
    /// Below this address.
    pub fn new(url: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(REPLY_WITHIN))
            .build();
        Self { agent: config.into(), url: url.trim_end_matches('/').to_owned() }
    }

    /// Posts, with a token if there is one; anything but success is an error.
    pub fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Result<Value> {
        let mut request = self.agent.post(format!("{}{path}", self.url));
        request = request.header("Content-Type", "application/json");
        if let Some(token) = token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        let mut reply = request.send(body.to_string()).with_context(|| format!("POST {path}"))?;
        let status = reply.status();
        let text = reply.body_mut().read_to_string()?;
        if !status.is_success() {
            bail!("POST {path}: {status} {text}");
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// Gets; anything but success is an error.
    pub fn get(&self, path: &str) -> Result<Value> {
        let mut reply = self.agent.get(format!("{}{path}", self.url)).call()?;
        let status = reply.status();
        let text = reply.body_mut().read_to_string()?;
        if !status.is_success() {
            bail!("GET {path}: {status} {text}");
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

/// A text in a reply.
pub fn text<'v>(value: &'v Value, pointer: &str) -> Result<&'v str> {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.with_context(|| format!("no {pointer} in {value}"))
}
