//! The web client, embedded in the binary: its page and the files under `/assets`.
//!
//! The server crate asks for them by path. Pure bytes: no HTTP here.

use std::borrow::Cow;

use rust_embed::{EmbeddedFile, RustEmbed};

/// What is served; tests, notes and type declarations stay behind.
#[derive(RustEmbed)]
#[folder = "client"]
#[exclude = "*.test.js"]
#[exclude = "*.d.ts"]
#[exclude = "*.md"]
struct Client;

/// A file of the client.
#[derive(Clone, Debug)]
pub struct Asset {
    /// Its content.
    pub bytes: Cow<'static, [u8]>,
    /// Its media type, with the charset where it is text.
    pub mime: String,
    /// Changes with the content; quoted, as the header has it (RFC 9110 section 8.8.3).
    pub etag: String,
}

const PAGE: &str = "index.html";

/// The file at a path under `/assets`; `None` when there is none.
pub fn asset(path: &str) -> Option<Asset> {
    Client::get(path).map(|file| described(file))
}

/// The page.
pub fn index() -> Asset {
    asset(PAGE).unwrap_or_else(|| Asset {
        bytes: Cow::Borrowed(b"<!doctype html><title>Parlor</title>The web client is missing."),
        mime: "text/html; charset=utf-8".to_owned(),
        etag: "\"missing\"".to_owned(),
    })
}

fn described(file: EmbeddedFile) -> Asset {
    let digest = file.metadata.sha256_hash();
    let etag: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    let guessed = file.metadata.mimetype();
    let is_text = guessed.starts_with("text/") || guessed.ends_with("javascript");
    let mime = if is_text { format!("{guessed}; charset=utf-8") } else { guessed.to_owned() };
    Asset { bytes: file.data, mime, etag: format!("\"{etag}\"") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_and_its_scripts_are_there() {
        assert_eq!(index().mime, "text/html; charset=utf-8");
        let script = asset("app.js").unwrap();
        assert_eq!(script.mime, "text/javascript; charset=utf-8");
        assert_ne!(script.etag, index().etag);
    }

    #[test]
    fn what_is_not_served_is_not_there() {
        for path in ["", "../Cargo.toml", "protocol/README.md", "nothing.js"] {
            assert!(asset(path).is_none(), "{path}");
        }
    }
}
