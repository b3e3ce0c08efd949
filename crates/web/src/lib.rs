//! The web client as files in the binary. Called by `server`, which serves what is found here under
//! `/assets/` with its ETag, and the page itself at every address that is a view.
//!
//! The files are plain ES modules and style sheets and go out as they lie in `client/`: there is no
//! build step. Notes, licences beside them and type declarations stay in; everything else that is not
//! meant for a browser is left out. Nothing here knows HTTP.

use std::borrow::Cow;
use std::fmt::Write;

use rust_embed::{EmbeddedFile, RustEmbed};

/// A debug build reads the files from disk at each call, so that a change shows with a reload.
#[derive(RustEmbed)]
#[folder = "client"]
#[exclude = "*.md"]
#[exclude = "*.d.ts"]
struct Files;

/// The page; every view of the client starts here.
const INDEX: &str = "index.html";

/// A file of the web client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its content.
    pub bytes: Cow<'static, [u8]>,
    /// Its media type, with the character set where it is text.
    pub mime: String,
    /// A strong entity tag of the content, in its quotes: the value of the ETag header.
    pub etag: String,
}

/// The file at this path below `/assets/`, e.g. `views/room.js`.
pub fn asset(path: &str) -> Option<Asset> {
    Files::get(path).map(from_file)
}

/// The page at `/`, `/r/...`, `/settings` and `/admin`.
pub fn index() -> Asset {
    // Without its page the crate does not compile its tests; a server that lost it still answers.
    asset(INDEX).unwrap_or_else(|| Asset {
        bytes: Cow::Borrowed(
            b"<!doctype html><title>Parlor</title><p>The web client is missing.</p>",
        ),
        mime: "text/html; charset=utf-8".to_owned(),
        etag: "\"missing\"".to_owned(),
    })
}

fn from_file(file: EmbeddedFile) -> Asset {
    Asset {
        mime: with_charset(file.metadata.mimetype()),
        etag: etag(&file.metadata.sha256_hash()),
        bytes: file.data,
    }
}

/// All text of the client is UTF-8, and a browser should not have to guess.
fn with_charset(mime: &str) -> String {
    let is_text =
        mime.starts_with("text/") || mime.ends_with("javascript") || mime.ends_with("+xml");
    if is_text { format!("{mime}; charset=utf-8") } else { mime.to_owned() }
}

/// 64 bits of the hash: enough to tell two versions of one file apart.
fn etag(hash: &[u8; 32]) -> String {
    let mut tag = String::from("\"");
    for byte in &hash[..8] {
        // Writing into a String cannot fail.
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push('"');
    tag
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn text(path: &str) -> String {
        String::from_utf8(asset(path).expect(path).bytes.into_owned()).expect("UTF-8")
    }

    /// What is quoted after `before` in this text.
    fn quoted_after<'t>(text: &'t str, before: &str) -> Vec<&'t str> {
        text.split(before).skip(1).filter_map(|rest| rest.split('"').next()).collect()
    }

    /// `./a/b.js` and `../a/b.js` seen from the folder of `from`.
    fn resolve(from: &str, import: &str) -> String {
        let mut parts: Vec<&str> = from.split('/').collect();
        parts.pop();
        for step in import.split('/') {
            match step {
                "." => {}
                ".." => {
                    parts.pop();
                }
                name => parts.push(name),
            }
        }
        parts.join("/")
    }

    #[test]
    fn the_page_refers_only_to_files_that_are_there() {
        let page = text(INDEX);
        let refs: Vec<_> = quoted_after(&page, "=\"/")
            .into_iter()
            .filter_map(|r| r.strip_prefix("assets/"))
            .collect();
        assert!(refs.contains(&"app.js"), "{refs:?}");
        for path in refs {
            assert!(asset(path).is_some(), "{path}");
        }
    }

    #[test]
    fn every_import_leads_to_a_file() {
        let mut todo = vec!["app.js".to_owned()];
        let mut seen = BTreeSet::new();
        while let Some(path) = todo.pop() {
            let code = text(&path);
            for import in
                quoted_after(&code, "from \"").into_iter().chain(quoted_after(&code, "from\""))
            {
                todo.extend(import.starts_with('.').then(|| resolve(&path, import)));
            }
            seen.insert(path);
            todo.retain(|path| !seen.contains(path));
        }
        assert!(seen.contains("protocol/call.js") && seen.contains("vendor/preact.js"), "{seen:?}");
    }

    #[test]
    fn the_page_holds_no_script_or_style_of_its_own() {
        let page = text(INDEX);
        assert!(!page.contains("<style") && !page.contains("style="));
        assert_eq!(
            page.matches("<script").count(),
            page.matches("<script type=\"module\" src=").count()
        );
    }

    #[test]
    fn types_and_tags_are_told() {
        let script = asset("app.js").expect("app.js");
        assert_eq!(script.mime, "text/javascript; charset=utf-8");
        assert_eq!(asset("icon.svg").expect("icon").mime, "image/svg+xml; charset=utf-8");
        assert_eq!(script.etag.len(), 18);
        assert!(script.etag.starts_with('"') && script.etag.ends_with('"'));
        assert_ne!(script.etag, index().etag);
        assert_eq!(index().mime, "text/html; charset=utf-8");
    }

    #[test]
    fn notes_and_strangers_are_not_served() {
        for path in
            ["testids.md", "protocol/README.md", "vendor/preact.d.ts", "../Cargo.toml", "", "views"]
        {
            assert!(asset(path).is_none(), "{path}");
        }
    }
}
