//! What a setting is: a row of the table.

use std::fmt;

use super::draft::Draft;
use super::show;

/// One setting.
pub struct Setting {
    /// Its name, in the file and in the environment.
    pub name: &'static str,
    /// What it can be.
    pub kind: Kind,
    /// What holds when nobody sets it.
    pub default: Fallback,
    /// How much of it may be shown.
    pub privacy: Privacy,
    /// One line for the operator.
    pub help: &'static str,
    /// Puts a value into the draft; `None` when it is none of its kind.
    pub(super) apply: fn(&mut Draft, &str) -> Option<()>,
}

/// What a setting can be. Its text form completes "expected …".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A port number.
    Port,
    /// A port number, or off.
    PortOrOff,
    /// Two port numbers.
    PortRange,
    /// A number from 1.
    Count {
        /// The largest.
        max: usize,
    },
    /// On or off.
    Switch,
    /// One of some words.
    Choice(&'static [&'static str]),
    /// An IP address.
    Address,
    /// A file or directory.
    Path,
    /// Anything.
    Text,
    /// An address that starts with one of these.
    Url(&'static [&'static str]),
    /// Addresses of networks.
    Networks,
    /// Origins of web pages.
    Origins,
}

/// What holds when nobody sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// This value.
    Is(&'static str),
    /// No value; what that means.
    Means(&'static str),
}

/// How much of a value may be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privacy {
    /// All.
    Public,
    /// All but a password inside the URL.
    UrlPassword,
    /// Nothing.
    Secret,
}

impl Setting {
    /// The default as text, if it is a value.
    pub(super) fn default_text(&self) -> Option<String> {
        match self.default {
            Fallback::Is(text) => Some(text.to_owned()),
            Fallback::Means(_) => None,
        }
    }

    /// A value of it as it may be shown.
    pub(super) fn shown(&self, text: &str) -> String {
        match self.privacy {
            Privacy::Public => text.to_owned(),
            Privacy::UrlPassword => show::without_password(text),
            Privacy::Secret => show::REDACTED.to_owned(),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Port => f.write_str("a number from 1 to 65535"),
            Self::PortOrOff => f.write_str("a number from 1 to 65535, or off"),
            Self::PortRange => f.write_str("two numbers from 1 to 65535 like 49152-49407"),
            Self::Count { max } => write!(f, "a number from 1 to {max}"),
            Self::Switch => f.write_str("on or off"),
            Self::Choice(words) => f.write_str(&words.join(" or ")),
            Self::Address => f.write_str("an IP address"),
            Self::Path => f.write_str("a path"),
            Self::Text => f.write_str("a text"),
            Self::Url(starts) => write!(f, "an address that starts with {}", starts.join(" or ")),
            Self::Networks => {
                f.write_str("IP addresses or networks like 10.0.0.0/8, separated by commas")
            }
            Self::Origins => {
                f.write_str("origins like https://example.com, separated by commas, or *")
            }
        }
    }
}
