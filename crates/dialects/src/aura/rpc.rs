//! The envelope: JSON-RPC 2.0 as Aura's clients speak it, `jsonrpc` and `params` optional.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::refusal::RpcError;

/// What came from the client.
#[derive(Debug, PartialEq)]
pub(super) struct Request {
    /// Echoed as it came. `None`: a notification, which is not answered.
    pub id: Option<Value>,
    pub method: String,
    pub params: Params,
}

/// The params of a request; absent ones are none.
#[derive(Debug, PartialEq)]
pub(super) struct Params(Value);

impl Params {
    pub(super) fn read<T: DeserializeOwned>(self) -> Result<T, RpcError> {
        serde_json::from_value(self.0).map_err(|_| RpcError::invalid_request())
    }
}

/// Why a frame is no request, with the id that it names.
#[derive(Debug, PartialEq)]
pub(super) struct NoRequest {
    pub id: Value,
    pub error: RpcError,
}

impl Request {
    /// Reads a frame. `Ok(None)`: an answer to something that nobody asked, passed over.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, NoRequest> {
        let Ok(value) = serde_json::from_str(text) else {
            let error = RpcError::new(-32700, "parse error");
            return Err(NoRequest { id: Value::Null, error });
        };
        let Value::Object(mut object) = value else { return Err(invalid(Value::Null)) };
        let id = object.remove("id");
        if id.as_ref().is_some_and(|id| !is_id(id)) {
            return Err(invalid(Value::Null));
        }
        let method = match object.remove("method") {
            Some(Value::String(method)) => method,
            None if object.contains_key("result") || object.contains_key("error") => {
                return Ok(None);
            }
            None | Some(_) => return Err(invalid(id.unwrap_or(Value::Null))),
        };
        let params = match object.remove("params") {
            None | Some(Value::Null) => Value::Object(Map::new()),
            Some(params) => params,
        };
        Ok(Some(Self { id, method, params: Params(params) }))
    }
}

/// RFC-like: a string, a number or null (JSON-RPC 2.0 section 4).
fn is_id(id: &Value) -> bool {
    matches!(id, Value::String(_) | Value::Number(_) | Value::Null)
}

fn invalid(id: Value) -> NoRequest {
    NoRequest { id, error: RpcError::new(-32600, "invalid request") }
}

/// The answer to a request.
#[derive(Serialize)]
pub(super) struct Response {
    jsonrpc: &'static str,
    id: Value,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum Outcome {
    Result(Value),
    Error(RpcError),
}

impl Response {
    pub(super) fn new(id: Value, outcome: Result<Value, RpcError>) -> Self {
        let outcome = match outcome {
            Ok(result) => Outcome::Result(result),
            Err(error) => Outcome::Error(error),
        };
        Self { jsonrpc: "2.0", id, outcome }
    }
}

/// Something that a client is told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Notification {
    jsonrpc: &'static str,
    pub method: &'static str,
    pub params: Value,
}

impl Notification {
    pub(super) fn new(method: &'static str, params: Value) -> Self {
        Self { jsonrpc: "2.0", method, params }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ids_come_back_as_they_came_and_without_one_nothing_is_answered() {
        for id in [json!("a"), json!(1), json!(1.5), json!(null)] {
            let text = json!({ "id": id, "method": "m" }).to_string();
            let request = Request::parse(&text).unwrap().unwrap();
            assert_eq!((request.id, request.params), (Some(id), Params(json!({}))));
        }
        let notification = Request::parse(r#"{"method":"m","params":null}"#).unwrap().unwrap();
        assert_eq!((notification.id, notification.params), (None, Params(json!({}))));
    }

    #[test]
    fn what_is_no_request_is_told_so_or_passed_over() {
        let check = |text: &str, code: i32, id: Value| {
            let refused = Request::parse(text).unwrap_err();
            assert_eq!((refused.error.code, refused.id), (code, id), "{text}");
        };
        check("{", -32700, json!(null));
        check("[]", -32600, json!(null));
        check("1", -32600, json!(null));
        check(r#"{"id":{},"method":"m"}"#, -32600, json!(null));
        check(r#"{"id":7}"#, -32600, json!(7));
        check(r#"{"id":7,"method":7}"#, -32600, json!(7));
        for answer in [r#"{"id":7,"result":{}}"#, r#"{"id":7,"error":{}}"#] {
            assert_eq!(Request::parse(answer), Ok(None));
        }
    }
}
