//! Names of accounts and rooms, and the forms derived from them.

use std::fmt;

/// A unique account name: 3 to 32 of ASCII letters, digits and `_` (seed 000's clients' rule).
///
/// Compared and stored case-folded; shown as it was typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

/// Too short, too long, or a character outside letters, digits and `_`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("username must be 3 to 32 letters, digits or _")]
pub struct InvalidName;

const USERNAME_LEN: std::ops::RangeInclusive<usize> = 3..=32;
/// As many as OriginChats allows in a channel name.
const SLUG_LEN_MAX: usize = 64;

impl Username {
    /// Checks the form; uniqueness is the store's business.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        let fits = USERNAME_LEN.contains(&text.len()) && text.chars().all(is_username_char);
        if fits { Ok(Self(text.to_owned())) } else { Err(InvalidName) }
    }

    /// As typed.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form that must be unique.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }

    /// The same name with a number behind it, cut so that it fits: the next try when it is taken.
    pub fn numbered(&self, number: u32) -> Self {
        let suffix = number.to_string();
        let keep = self.0.len().min(USERNAME_LEN.end() - suffix.len());
        Self(format!("{}{suffix}", &self.0[..keep]))
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

fn is_username_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// A username made of anything (an e-mail's local part, a platform's user name): other characters
/// become `_`, short ones are padded with `_`, long ones cut.
pub fn username_from_email(text: &str) -> Username {
    let local = text.split('@').next().unwrap_or_default();
    let folded = local.chars().map(|c| if is_username_char(c) { c } else { '_' });
    let mut name: String = folded.take(*USERNAME_LEN.end()).collect();
    while name.len() < *USERNAME_LEN.start() {
        name.push('_');
    }
    Username(name)
}

/// The address form of a room's name: lower-case `[a-z0-9_-]`, at most 64, never empty.
pub fn slug_of(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        let c = if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' };
        if c != '-' || !(slug.is_empty() || slug.ends_with('-')) {
            slug.push(c);
        }
    }
    slug.truncate(SLUG_LEN_MAX);
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "room".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_keep_the_rule() {
        for good in ["abc", "A_9", &"x".repeat(32)] {
            assert!(Username::new(good).is_ok(), "{good}");
        }
        for bad in ["ab", "a b c", "é__", "", &"x".repeat(33)] {
            assert!(Username::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_email_becomes_a_name() {
        let check = |email: &str, expect: &str| {
            assert_eq!(username_from_email(email).as_str(), expect);
        };
        check("maya.k@example.com", "maya_k");
        check("jo@example.com", "jo_");
        check("@", "___");
        check(&"é".repeat(50), &"_".repeat(32));
    }

    #[test]
    fn numbering_keeps_the_length() {
        let long = username_from_email(&"x".repeat(40));
        assert_eq!(long.numbered(12).as_str().len(), 32);
        assert!(long.numbered(12).as_str().ends_with("x12"));
    }

    #[test]
    fn slugs() {
        let check = |name: &str, expect: &str| assert_eq!(slug_of(name), expect);
        check("General Chat", "general-chat");
        check("  --Q&A!! ", "q-a");
        check("日本", "room");
    }
}
