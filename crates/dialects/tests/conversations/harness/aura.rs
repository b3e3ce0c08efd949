//! The JSON-RPC socket as a client of conferences uses it.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{Offers, Peer, Person, Server, Wire};

/// An open socket. Every frame, either way, is held against the AsyncAPI document.
pub struct AuraCall {
    server: Server,
    wire: Wire,
    /// What was told while an answer was waited for, oldest first.
    told: Vec<Value>,
    requests: u64,
    /// What the call is called.
    pub id: String,
    /// Of the last admission.
    pub token: String,
}

/// An error that came in answer to a request.
pub type Failed = (i64, String);

impl Server {
    /// Opens a socket for a call of this name.
    pub async fn aura(&self, id: &str) -> AuraCall {
        AuraCall::open(self, &self.url("ws", "/v1/ws"), id).await
    }
}

impl AuraCall {
    /// Opens a socket anywhere.
    pub async fn open(server: &Server, url: &str, id: &str) -> Self {
        Self::over(server, Wire::open(url).await, id)
    }

    /// Over an open socket.
    pub fn over(server: &Server, wire: Wire, id: &str) -> Self {
        let (id, token) = (id.to_owned(), String::new());
        Self { server: server.clone(), wire, told: Vec::new(), requests: 0, id, token }
    }

    /// Sends a request and waits for its answer; notifications before it are kept.
    pub async fn ask(&mut self, method: &str, params: Value) -> Result<Value, Failed> {
        let request = json!({ "id": 1, "method": method, "params": params });
        self.check(&format!("aura.{method}"), &request);
        self.ask_anything(method, params).await
    }

    /// The same with params that the document need not describe.
    pub async fn ask_anything(&mut self, method: &str, params: Value) -> Result<Value, Failed> {
        self.requests += 1;
        let request = json!({ "id": self.requests, "method": method, "params": params });
        self.wire.send(Message::text(request.to_string())).await;
        loop {
            let frame = self.wire.frame().await;
            if frame.get("method").is_some() {
                self.keep(frame);
                continue;
            }
            assert_eq!((&frame["id"], &frame["jsonrpc"]), (&json!(self.requests), &json!("2.0")));
            return match frame.get("error") {
                None => {
                    self.check("aura.result", &frame);
                    Ok(frame["result"].clone())
                }
                Some(error) => {
                    self.check("aura.error", &frame);
                    let message = error["message"].as_str().unwrap().to_owned();
                    Err((error["code"].as_i64().unwrap(), message))
                }
            };
        }
    }

    /// The same, expecting a result.
    #[track_caller]
    pub fn does(&mut self, method: &'static str, params: Value) -> impl Future<Output = Value> {
        let place = std::panic::Location::caller();
        async move {
            let answer = self.ask(method, params).await;
            answer.unwrap_or_else(|failed| panic!("{method} at {place}: {failed:?}"))
        }
    }

    /// The code of the error that comes in answer.
    #[track_caller]
    pub fn refused(&mut self, method: &'static str, params: Value) -> impl Future<Output = i64> {
        let place = std::panic::Location::caller();
        async move {
            match self.ask(method, params).await {
                Err((code, _)) => code,
                Ok(result) => panic!("{method} at {place} was done: {result}"),
            }
        }
    }

    /// Sends a notification, or any other frame that is not answered.
    pub async fn note(&mut self, method: &str, params: Value) {
        let frame = json!({ "method": method, "params": params });
        self.check(&format!("aura.{method}"), &frame);
        self.send(&frame.to_string()).await;
    }

    /// Sends any text.
    pub async fn send(&mut self, text: &str) {
        self.wire.send(Message::text(text.to_owned())).await;
    }

    /// The next frame, whatever it is.
    pub async fn frame(&mut self) -> Value {
        self.wire.frame().await
    }

    /// The params of the next notification, which has this method. Levels and the active speaker come when
    /// they come, and are passed over.
    #[track_caller]
    pub fn told(&mut self, method: &'static str) -> impl Future<Output = Value> {
        let place = std::panic::Location::caller();
        async move {
            let (told, params) = self.next().await;
            assert_eq!(told, method, "at {place}: {params}");
            params
        }
    }

    /// The next notification, its method and its params.
    pub async fn next(&mut self) -> (String, Value) {
        while self.told.is_empty() {
            let frame = self.wire.frame().await;
            self.keep(frame);
        }
        let frame = self.told.remove(0);
        (frame["method"].as_str().unwrap().to_owned(), frame["params"].clone())
    }

    /// The params of the first notification of this method that fits; what comes before it is dropped.
    pub async fn hears(&mut self, method: &str, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let frame = self.wire.frame().await;
            let params = frame["params"].clone();
            let is_it = frame["method"] == method && fits(&params);
            self.keep(frame);
            if is_it {
                self.told.clear();
                return params;
            }
        }
    }

    /// Whether nothing more was told by the time a request is answered.
    pub async fn knows_all(&mut self) -> Vec<Value> {
        let _ = self.ask("get_room_members", json!({})).await;
        std::mem::take(&mut self.told)
    }

    fn keep(&mut self, frame: Value) {
        let method = frame["method"].as_str().unwrap().to_owned();
        self.check(&format!("aura.{method}"), &frame);
        let passing = ["member_audio_level", "room_active_speaker", "room_clear_active_speaker"];
        let passing = passing.contains(&method.as_str());
        if !passing && !method.starts_with("member_available") && !method.ends_with("allocations") {
            self.told.push(frame);
        }
    }

    /// Rings as somebody, or as a guest.
    pub async fn ring(&mut self, room: &str, who: Option<&Person>) -> Result<(), Failed> {
        self.ring_with(room, who, json!({})).await
    }

    /// The same with more params.
    pub async fn ring_with(
        &mut self,
        room: &str,
        who: Option<&Person>,
        more: Value,
    ) -> Result<(), Failed> {
        let mut params = json!({ "room": room, "call_id": self.id });
        let params_of = params.as_object_mut().unwrap();
        match who {
            Some(person) => params_of.insert("token".into(), json!(person.token)),
            None => params_of.insert("display_name".into(), json!(self.id)),
        };
        params_of.extend(more.as_object().unwrap().clone());
        let answer = self.ask("authenticate", params).await?;
        self.token = answer["auth_token"].as_str().unwrap().to_owned();
        Ok(())
    }

    /// Comes in with a microphone.
    pub async fn join(&mut self) -> (Peer, Value) {
        self.join_with(Offers::default()).await
    }

    /// The same with pictures.
    pub async fn join_with(&mut self, offers: Offers<'_>) -> (Peer, Value) {
        let (mut peer, sdp) = Peer::with(offers);
        let params = json!({ "sdp": sdp, "auth_token": self.token });
        let joined = self.does("join_room", params).await;
        peer.connect(joined["sdp"].as_str().unwrap()).await;
        (peer, joined)
    }

    /// Rings and comes in, expecting to be let.
    pub async fn enters(&mut self, room: &str, who: Option<&Person>) -> Peer {
        self.ring(room, who).await.unwrap();
        self.join().await.0
    }

    pub fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    #[track_caller]
    fn check(&self, message: &str, frame: &Value) {
        let schema =
            self.server.stream.resolve(&format!("#/components/messages/{message}/payload"));
        let objections = self.server.stream.objections(frame, schema);
        assert!(objections.is_empty(), "{message}: {objections:?}");
    }
}

impl Person {
    /// Makes a conference with these keys beside its name; its UUID.
    pub async fn conference(&self, keys: Value) -> String {
        let mut room = json!({ "name": "Weekly" });
        room.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        let made = self.post("/v1/rooms", json!({ "room": room })).await.expect(201);
        made["room"]["id"].as_str().unwrap().to_owned()
    }
}
