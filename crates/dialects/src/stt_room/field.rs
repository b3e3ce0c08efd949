//! The keys of a body, each refused by its name.
//!
//! serde's own errors of a wrong type do not say which key it was; this dialect's clients show the text
//! to people.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::kit::Fault;

/// A body that is an object, or `null`, which stands for one without keys.
#[derive(Debug, Default)]
pub(crate) struct Fields(Map<String, Value>);

impl From<Map<String, Value>> for Fields {
    fn from(object: Map<String, Value>) -> Self {
        Self(object)
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Option::deserialize(deserializer)?.unwrap_or_default()))
    }
}

impl Fields {
    /// A text that must be there.
    pub(super) fn text(&mut self, key: &str) -> Result<String, Fault> {
        self.optional_text(key)?.ok_or_else(|| Fault::Malformed(format!("{key} is required")))
    }

    /// A text that may be missing; `null` is as missing.
    pub(super) fn optional_text(&mut self, key: &str) -> Result<Option<String>, Fault> {
        match self.0.remove(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Fault::Malformed(format!("{key} must be a text"))),
        }
    }
}

/// Refuses a text of another length, counted in characters.
pub(super) fn check_length(
    key: &str,
    text: &str,
    range: std::ops::RangeInclusive<usize>,
) -> Result<(), Fault> {
    if range.contains(&text.chars().count()) {
        return Ok(());
    }
    let (least, most) = (range.start(), range.end());
    Err(Fault::Malformed(format!("{key} must be {least} to {most} characters")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<(Option<String>, String), String> {
        let mut fields: Fields = serde_json::from_str(body).map_err(|error| error.to_string())?;
        let text = |fault: Fault| format!("{fault:?}");
        Ok((fields.optional_text("a").map_err(text)?, fields.text("b").map_err(text)?))
    }

    #[test]
    fn keys_are_named() {
        let b = || "x".to_owned();
        assert_eq!(read(r#"{"b":"x"}"#), Ok((None, b())));
        assert_eq!(read(r#"{"a":null,"b":"x","c":7}"#), Ok((None, b())));
        assert_eq!(read(r#"{"a":"","b":"x"}"#), Ok((Some(String::new()), b())));
        for (body, named) in [
            ("{}", "b is required"),
            ("null", "b is required"),
            (r#"{"b":null}"#, "b is required"),
            (r#"{"b":7}"#, "b must be a text"),
            (r#"{"a":{},"b":"x"}"#, "a must be a text"),
            ("[]", "expected a map"),
        ] {
            let refused = read(body).unwrap_err();
            assert!(refused.contains(named), "{body}: {refused}");
        }
    }

    #[test]
    fn lengths_count_characters() {
        assert!(check_length("a", "éé", 1..=2).is_ok());
        assert_eq!(
            check_length("a", "", 1..=2),
            Err(Fault::Malformed("a must be 1 to 2 characters".to_owned()))
        );
        assert!(check_length("a", "abc", 1..=2).is_err());
    }
}
