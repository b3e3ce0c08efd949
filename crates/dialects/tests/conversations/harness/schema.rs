//! Holding values against the documents that describe them.
//!
//! A small part of JSON Schema 2020-12: the keywords that the two documents use. A keyword that is not
//! known here fails, so that nothing passes unchecked.

use serde_json::{Map, Value};

use super::like::is_time;

/// One document: OpenAPI or AsyncAPI.
#[derive(Clone, Debug)]
pub struct Schemas {
    document: Value,
}

/// Say nothing about a value.
const ANNOTATIONS: [&str; 5] = ["description", "example", "deprecated", "title", "default"];

impl Schemas {
    /// Over a whole document, in which references are looked up.
    pub fn new(document: Value) -> Self {
        Self { document }
    }

    /// The document.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// What a reference of the form `#/a/b` points to.
    pub fn resolve(&self, reference: &str) -> &Value {
        let pointer = reference.strip_prefix('#').expect("references stay in the document");
        self.document.pointer(pointer).unwrap_or_else(|| panic!("{reference} points nowhere"))
    }

    /// Everything about the value that the schema forbids.
    pub fn objections(&self, value: &Value, schema: &Value) -> Vec<String> {
        let mut objections = Vec::new();
        self.check("$", value, schema, &mut objections);
        objections
    }

    fn check(&self, at: &str, value: &Value, schema: &Value, objections: &mut Vec<String>) {
        let schema = match schema {
            Value::Object(schema) => schema,
            Value::Bool(true) => return,
            other => panic!("no schema: {other}"),
        };
        for (keyword, wanted) in schema {
            match keyword.as_str() {
                "$ref" => {
                    let schema = self.resolve(wanted.as_str().expect("a reference is a text"));
                    self.check(at, value, schema, objections);
                }
                "oneOf" => self.check_one_of(at, value, wanted, objections),
                "properties" => self.check_properties(at, value, wanted, objections),
                "items" => {
                    for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                        self.check(&format!("{at}[{index}]"), item, wanted, objections);
                    }
                }
                "additionalProperties" if wanted.is_object() => {
                    for (key, value) in others(value, schema) {
                        self.check(&format!("{at}.{key}"), value, wanted, objections);
                    }
                }
                "additionalProperties" => check_no_more(at, value, schema, objections),
                _ if ANNOTATIONS.contains(&keyword.as_str()) => {}
                _ if !holds(keyword, wanted, value) => {
                    objections.push(format!("{at}: {value} is against {keyword} {wanted}"));
                }
                _ => {}
            }
        }
    }

    fn check_one_of(&self, at: &str, value: &Value, of: &Value, objections: &mut Vec<String>) {
        let branches = of.as_array().expect("oneOf is a list");
        let fits = |schema: &&Value| self.objections(value, schema).is_empty();
        if branches.iter().filter(fits).count() != 1 {
            objections.push(format!("{at}: {value} does not fit exactly one of {of}"));
        }
    }

    fn check_properties(&self, at: &str, value: &Value, of: &Value, objections: &mut Vec<String>) {
        for (key, schema) in of.as_object().expect("properties have names") {
            if let Some(value) = value.get(key) {
                self.check(&format!("{at}.{key}"), value, schema, objections);
            }
        }
    }
}

fn check_no_more(
    at: &str,
    value: &Value,
    schema: &Map<String, Value>,
    objections: &mut Vec<String>,
) {
    assert_eq!(schema["additionalProperties"], false);
    for (key, _) in others(value, schema) {
        objections.push(format!("{at}.{key}: unexpected"));
    }
}

/// What the schema does not name.
fn others<'a>(
    value: &'a Value,
    schema: &'a Map<String, Value>,
) -> impl Iterator<Item = (&'a String, &'a Value)> {
    let named = |key: &str| schema.get("properties").is_some_and(|named| named.get(key).is_some());
    value.as_object().into_iter().flatten().filter(move |(key, _)| !named(key))
}

/// Keywords that look at one value alone. They hold of values of other types.
fn holds(keyword: &str, wanted: &Value, value: &Value) -> bool {
    match keyword {
        "type" => match wanted {
            Value::Array(types) => types.iter().any(|wanted| is_a(wanted, value)),
            one => is_a(one, value),
        },
        "const" => value == wanted,
        "enum" => wanted.as_array().is_some_and(|values| values.contains(value)),
        "minimum" => value.as_f64().is_none_or(|number| number >= wanted.as_f64().unwrap()),
        "maximum" => value.as_f64().is_none_or(|number| number <= wanted.as_f64().unwrap()),
        "maxItems" => {
            value.as_array().is_none_or(|items| items.len() as u64 <= wanted.as_u64().unwrap())
        }
        "required" => value.as_object().is_none_or(|value| {
            wanted
                .as_array()
                .into_iter()
                .flatten()
                .all(|key| value.contains_key(key.as_str().expect("required keys are texts")))
        }),
        "format" => match wanted.as_str() {
            Some("date-time") => value.as_str().is_none_or(is_time),
            Some("int32" | "int64") => value.is_i64() || value.is_u64() || value.is_null(),
            Some("float" | "double") => value.is_number() || value.is_null(),
            other => panic!("nobody checks the format {other:?}"),
        },
        other => panic!("nobody checks the keyword {other}"),
    }
}

fn is_a(wanted: &Value, value: &Value) -> bool {
    match wanted.as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        Some("null") => value.is_null(),
        other => panic!("nobody knows the type {other:?}"),
    }
}
