//! A follower of a session's channel over Server-Sent Events.

use serde_json::Value;

use super::events::Checker;
use super::{Person, soon};

/// An open stream.
pub struct ServerSent {
    response: reqwest::Response,
    pending: String,
    checker: Checker,
}

impl ServerSent {
    pub async fn open(who: &Person, path: &str, last_event_id: Option<u64>) -> Self {
        let request = who.server.http.get(who.server.url("http", path));
        let request = request.bearer_auth(&who.token).header("accept", "text/event-stream");
        let request = match last_event_id {
            Some(id) => request.header("last-event-id", id),
            None => request,
        };
        let response = soon("the stream", request.send()).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, pending: String::new(), checker: Checker::new(&who.server, last_event_id) }
    }

    /// The next event. Its id is the number in it.
    pub async fn next(&mut self) -> Value {
        self.try_next().await.expect("the stream goes on")
    }

    /// The next event; `None` at the end of the stream.
    pub async fn try_next(&mut self) -> Option<Value> {
        loop {
            while let Some(end) = self.pending.find("\n\n") {
                let block: String = self.pending.drain(..end + 2).collect();
                if let Some(frame) = self.frame(&block) {
                    return Some(frame);
                }
            }
            let chunk = soon("a part of the stream", self.response.chunk()).await.unwrap()?;
            self.pending.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// `None` for a comment, which only keeps the connection open.
    fn frame(&mut self, block: &str) -> Option<Value> {
        let field = |name: &str| {
            let value = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            value.map(|value| value.trim_start().to_owned())
        };
        let frame: Value = serde_json::from_str(&field("data")?).unwrap();
        assert_eq!(field("id"), Some(frame["seq"].to_string()));
        self.checker.check(&frame);
        Some(frame)
    }
}
