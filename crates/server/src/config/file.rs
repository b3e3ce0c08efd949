//! The TOML file into one text per setting. Names are those of the environment, in either case.

use std::collections::BTreeMap;

use super::{ConfigError, NOT_SERVED, SETTINGS};

/// The values by the setting's name.
pub(super) fn read(text: &str) -> Result<BTreeMap<&'static str, String>, ConfigError> {
    let table: toml::Table = toml::from_str(text).map_err(|error| syntax(text, &error))?;
    let mut values = BTreeMap::new();
    for (written, value) in table {
        let name = known(&written)?;
        let value = as_text(&value).ok_or_else(|| {
            ConfigError::File(format!(
                "{name}: expected a text, a number, true, false or a list of texts"
            ))
        })?;
        if values.insert(name, value).is_some() {
            return Err(ConfigError::File(format!("{name} is there twice")));
        }
    }
    // As in the environment, empty is unset.
    values.retain(|_, value| !value.trim().is_empty());
    Ok(values)
}

fn names() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().map(|setting| setting.name).chain(NOT_SERVED.iter().copied())
}

fn known(written: &str) -> Result<&'static str, ConfigError> {
    let upper = written.to_ascii_uppercase();
    if let Some(name) = names().find(|name| *name == upper) {
        return Ok(name);
    }
    let nearest = names().min_by_key(|name| distance(&upper, name)).unwrap_or_default();
    Err(ConfigError::UnknownName { name: written.to_owned(), nearest })
}

/// The text that the same value has in the environment.
fn as_text(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(on) => Some(if *on { "on" } else { "off" }.to_owned()),
        toml::Value::Array(items) => {
            let texts: Option<Vec<&str>> = items.iter().map(toml::Value::as_str).collect();
            texts.map(|texts| texts.join(","))
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

/// One line without the text of the file, which may hold secrets.
fn syntax(text: &str, error: &toml::de::Error) -> ConfigError {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let why = error.message().lines().next().unwrap_or("not TOML");
    ConfigError::File(format!("line {line}: {why}"))
}

/// How many letters must be put in, taken out or changed to make one of the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let changed = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, expect) in [
            ("", "", 0),
            ("PORT", "PORT", 0),
            ("PROT", "PORT", 2),
            ("", "LOG", 3),
            ("LG", "LOG", 1),
        ] {
            assert_eq!(distance(a, b), expect, "{a} {b}");
        }
    }
}
