//! What `voice-service config` prints, and the table in the operator's page.

use std::fmt::{self, Write};

#[cfg(test)]
use super::SETTINGS;
use super::setting::{Fallback, Kind};
use super::{Config, Value};

/// What stands for a secret.
pub(super) const REDACTED: &str = "[redacted]";

/// The effective settings as TOML, each with where it came from; secrets are not shown.
impl fmt::Display for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for value in &self.values {
            writeln!(f, "# {}\n{value}\n", value.setting.help)?;
        }
        for warning in &self.warnings {
            writeln!(f, "# Warning: {warning}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.setting.name;
        let Some(text) = &self.text else {
            let meaning = match self.setting.default {
                Fallback::Is(text) | Fallback::Means(text) => text,
            };
            return write!(f, "# {name} is not set: {meaning}");
        };
        let shown = self.setting.shown(text.trim());
        match self.setting.kind {
            Kind::PortOrOff if shown.parse::<u16>().is_ok() => write!(f, "{name} = {shown}")?,
            Kind::Port | Kind::Count { .. } => write!(f, "{name} = {shown}")?,
            Kind::PortOrOff
            | Kind::PortRange
            | Kind::Switch
            | Kind::Choice(_)
            | Kind::Address
            | Kind::Path
            | Kind::Text
            | Kind::Url(_)
            | Kind::Networks
            | Kind::Origins => write!(f, "{name} = {}", toml::Value::String(shown))?,
        }
        write!(f, " # {}", self.source)
    }
}

/// All settings as the Markdown table that `docs/operating.md` holds.
#[cfg(test)]
pub(super) fn markdown_table() -> String {
    let mut table = String::from("| name | what | default |\n| --- | --- | --- |\n");
    for setting in SETTINGS {
        let default = match setting.default {
            Fallback::Is(text) => format!("`{text}`"),
            Fallback::Means(text) => text.to_owned(),
        };
        // Writing to a String does not fail.
        let _ = writeln!(table, "| `{}` | {} | {default} |", setting.name, setting.help);
    }
    table
}

/// The URL with its password, in front of the host or as a parameter, taken out. What does not look
/// like a URL is not shown at all.
pub(super) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once(':') else { return REDACTED.to_owned() };
    let (place, query) = match rest.split_once('?') {
        Some((place, query)) => (place, Some(query)),
        None => (rest, None),
    };
    // A password may itself hold "@" or "/": everything to the last "@" is taken for credentials.
    let place = match place.rsplit_once('@') {
        Some((credentials, host)) => {
            let slashes = if credentials.starts_with("//") { "//" } else { "" };
            let credentials = credentials.trim_start_matches('/');
            let user = credentials.split(':').next().unwrap_or_default();
            format!("{slashes}{user}:{REDACTED}@{host}")
        }
        None => place.to_owned(),
    };
    let mut shown = format!("{scheme}:{place}");
    if let Some(query) = query {
        let parameters: Vec<String> = query.split('&').map(without_secret).collect();
        let _ = write!(shown, "?{}", parameters.join("&"));
    }
    shown
}

fn without_secret(parameter: &str) -> String {
    match parameter.split_once('=') {
        Some((key, _)) if key.to_ascii_lowercase().contains("pass") => format!("{key}={REDACTED}"),
        Some(_) | None => parameter.to_owned(),
    }
}
