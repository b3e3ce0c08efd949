//! Comparing JSON with an expectation in which what differs from run to run is a pattern.

use serde_json::{Map, Value};

/// Fails unless `actual` has exactly the keys and values of `expected`, where a text of the form
/// `<kind>` stands for any value of that kind: `<uuid>`, `<decimal>`, `<seconds>`, `<time>`, `<seq>`,
/// `<token>`, `<text>`, `<number>`, `<any>`.
#[track_caller]
pub fn assert_like(actual: &Value, expected: &Value) {
    let mut differences = Vec::new();
    compare("$", actual, expected, &mut differences);
    assert!(differences.is_empty(), "{}\nin {actual:#}", differences.join("\n"));
}

fn compare(at: &str, actual: &Value, expected: &Value, differences: &mut Vec<String>) {
    match (actual, expected) {
        (_, Value::String(pattern)) if pattern.starts_with('<') && pattern.ends_with('>') => {
            if !fits(actual, pattern) {
                differences.push(format!("{at}: {actual} is no {pattern}"));
            }
        }
        (Value::Object(actual), Value::Object(expected)) => {
            compare_objects(at, actual, expected, differences);
        }
        (Value::Array(actual), Value::Array(expected)) if actual.len() == expected.len() => {
            for (index, (actual, expected)) in actual.iter().zip(expected).enumerate() {
                compare(&format!("{at}[{index}]"), actual, expected, differences);
            }
        }
        _ if actual == expected => {}
        _ => differences.push(format!("{at}: {actual}, expected {expected}")),
    }
}

fn compare_objects(
    at: &str,
    actual: &Map<String, Value>,
    expected: &Map<String, Value>,
    differences: &mut Vec<String>,
) {
    for key in actual.keys().filter(|key| !expected.contains_key(*key)) {
        differences.push(format!("{at}.{key}: unexpected"));
    }
    for (key, expected) in expected {
        match actual.get(key) {
            Some(actual) => compare(&format!("{at}.{key}"), actual, expected, differences),
            None => differences.push(format!("{at}.{key}: missing")),
        }
    }
}

fn fits(value: &Value, pattern: &str) -> bool {
    let text = value.as_str().unwrap_or_default();
    match pattern {
        "<any>" => true,
        "<text>" => !text.is_empty(),
        "<number>" => value.is_number(),
        // Version 8 and the variant of RFC 9562: what this server makes.
        "<uuid>" => is_uuid(text) && &text[14..15] == "8" && "89ab".contains(&text[19..20]),
        "<decimal>" => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()),
        "<time>" => is_time(text),
        "<seconds>" => value.as_i64().is_some_and(|secs| secs > 1_700_000_000),
        "<seq>" => value.as_u64().is_some_and(|seq| seq > 0 && seq < 1 << 53),
        "<token>" => text.split('.').count() == 3,
        other => panic!("nobody knows the pattern {other}"),
    }
}

fn is_uuid(text: &str) -> bool {
    let form = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
    };
    text.len() == 36 && text.bytes().enumerate().all(form)
}

/// RFC 3339 with milliseconds, in UTC.
pub fn is_time(text: &str) -> bool {
    let form = match text.len() {
        // Where an order is read from it.
        27 => "0000-00-00T00:00:00.000000Z",
        _ => "0000-00-00T00:00:00.000Z",
    };
    let fits = |(byte, form): (u8, u8)| match form {
        b'0' => byte.is_ascii_digit(),
        _ => byte == form,
    };
    text.len() == form.len() && text.bytes().zip(form.bytes()).all(fits)
}
