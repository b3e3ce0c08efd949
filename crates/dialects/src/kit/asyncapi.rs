//! One document of the event streams out of the dialects' parts.

use serde_json::{Map, Value};

/// Puts parts together, key by key; what two of them say of the same key they must say alike.
pub(crate) fn merged(parts: &[&str]) -> Value {
    let mut whole = Map::new();
    for part in parts {
        // The parts are files of this crate; a test reads them.
        if let Ok(Value::Object(part)) = serde_json::from_str(part) {
            merge(&mut whole, part);
        }
    }
    Value::Object(whole)
}

fn merge(whole: &mut Map<String, Value>, part: Map<String, Value>) {
    for (key, value) in part {
        match (whole.get_mut(&key), value) {
            (Some(Value::Object(known)), Value::Object(value)) => merge(known, value),
            (_, value) => {
                whole.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parts_are_put_together() {
        let parts = [r#"{"a":{"x":{"k":1}},"b":1}"#, r#"{"a":{"y":[2]},"c":{"z":3}}"#];
        let whole = json!({ "a": { "x": { "k": 1 }, "y": [2] }, "b": 1, "c": { "z": 3 } });
        assert_eq!(merged(&parts), whole);
    }
}
