//! Telling code, comments and tests apart in a Rust file, without a parser.
//!
//! The checks look for words, and a word in a string or a comment is no code. Everything here
//! keeps the line structure: each text has the same number of lines as the file.

/// One Rust file, taken apart.
pub struct Source {
    /// The code outside of tests; strings, characters, comments and tests are blanks.
    pub code: String,
    /// The code with its tests.
    pub code_and_tests: String,
    /// Only the comments, without the slashes of documentation.
    pub comments: String,
    /// Names of modules declared by `#[cfg(test)] mod NAME;`.
    pub test_modules: Vec<String>,
    /// Lines outside of tests.
    pub length: usize,
}

impl Source {
    /// Takes the text of a file apart.
    pub fn scan(text: &str) -> Source {
        let (code_and_tests, comments) = split(text);
        let mut test_modules = Vec::new();
        let mut code = code_and_tests.clone().into_bytes();
        let mut test_lines = 0;
        for span in test_spans(&code_and_tests) {
            let item = &code_and_tests[span.clone()];
            test_modules.extend(declared_module(item));
            test_lines += item.matches('\n').count() + 1;
            for byte in &mut code[span] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
        }
        Source {
            code: String::from_utf8_lossy(&code).into_owned(),
            code_and_tests,
            comments,
            test_modules,
            length: text.lines().count().saturating_sub(test_lines),
        }
    }
}

/// `start` is at an opening bracket; the index after the one that closes it.
pub fn closing(code: &str, start: usize) -> usize {
    let bytes = code.as_bytes();
    let mut depth = 0_usize;
    for (index, byte) in bytes.iter().enumerate().skip(start) {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b'}' | b')' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return index + 1;
                }
            }
            _ => {}
        }
    }
    bytes.len()
}

/// The first `{` or `;` from `start` that is in no round or square bracket.
pub fn body_or_end(code: &str, start: usize) -> usize {
    let bytes = code.as_bytes();
    let mut index = start;
    while index < bytes.len() {
        match bytes[index] {
            b'{' | b';' => return index,
            b'(' | b'[' => index = closing(code, index),
            _ => index += 1,
        }
    }
    bytes.len()
}

/// Whether the byte can be part of a name.
pub fn in_name(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

/// Where `word` stands in `code` as a word of its own.
pub fn words<'c>(code: &'c str, word: &'c str) -> impl Iterator<Item = usize> + 'c {
    let bytes = code.as_bytes();
    code.match_indices(word).map(|(index, _)| index).filter(move |&index| {
        let before = index.checked_sub(1).is_none_or(|before| !in_name(bytes[before]));
        let after = bytes.get(index + word.len()).is_none_or(|&after| !in_name(after));
        before && after
    })
}

/// The line number, from 1, of a position.
pub fn line_of(code: &str, index: usize) -> usize {
    code.as_bytes()[..index].iter().filter(|&&byte| byte == b'\n').count() + 1
}

fn test_spans(code: &str) -> Vec<std::ops::Range<usize>> {
    let mut spans: Vec<std::ops::Range<usize>> = Vec::new();
    for (start, _) in code.match_indices("#[") {
        let end = closing(code, start + 1);
        let attribute: String = code[start..end].split_whitespace().collect();
        let is_test = attribute == "#[cfg(test)]"
            || attribute == "#[test]"
            || attribute.starts_with("#[tokio::test");
        let inside = spans.last().is_some_and(|last| start < last.end);
        if is_test && !inside {
            spans.push(start..item_end(code, end));
        }
    }
    spans
}

/// The end of the item that follows an attribute.
fn item_end(code: &str, mut start: usize) -> usize {
    loop {
        start += code[start..].len() - code[start..].trim_start().len();
        if !code[start..].starts_with("#[") {
            break;
        }
        start = closing(code, start + 1);
    }
    let body = body_or_end(code, start);
    if code[body..].starts_with('{') { closing(code, body) } else { (body + 1).min(code.len()) }
}

fn declared_module(item: &str) -> Option<String> {
    let (_, declaration) = item.strip_suffix(';')?.rsplit_once("mod ")?;
    Some(declaration.trim().to_owned())
}

/// Code without strings and comments, and comments alone; both with the lines of the whole.
fn split(text: &str) -> (String, String) {
    let characters: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut comments = String::new();
    let mut index = 0;
    while index < characters.len() {
        let (end, kind) = piece(&characters, index);
        for &character in &characters[index..end] {
            let newline = character == '\n';
            let keep_code = newline || (kind == Piece::Code && character.is_ascii());
            code.push(if keep_code { character } else { ' ' });
            if newline || kind == Piece::Comment {
                comments.push(character);
            }
        }
        index = end;
    }
    (code, comments)
}

#[derive(PartialEq, Clone, Copy)]
enum Piece {
    Code,
    Comment,
    Literal,
}

/// The piece that starts at `start`, and its end.
fn piece(text: &[char], start: usize) -> (usize, Piece) {
    let next = text.get(start + 1).copied();
    match text[start] {
        '/' if next == Some('/') => {
            let length = text[start..].iter().take_while(|&&character| character != '\n').count();
            (start + length, Piece::Comment)
        }
        '/' if next == Some('*') => (block_comment(text, start), Piece::Comment),
        '"' => (quoted(text, start + 1, '"'), Piece::Literal),
        '\'' if next == Some('\\') => (quoted(text, start + 1, '\''), Piece::Literal),
        '\'' if text.get(start + 2) == Some(&'\'') => (start + 3, Piece::Literal),
        'r' if !starts_in_name(text, start) => match raw_string(text, start) {
            Some(end) => (end, Piece::Literal),
            None => (start + 1, Piece::Code),
        },
        _ => (start + 1, Piece::Code),
    }
}

/// `br"` and `cr"` are raw strings too, the last letter of `var` begins none.
fn starts_in_name(text: &[char], start: usize) -> bool {
    let name = |index: usize| {
        text.get(index).is_some_and(|&character| character == '_' || character.is_alphanumeric())
    };
    let Some(before) = start.checked_sub(1) else { return false };
    let prefix =
        matches!(text[before], 'b' | 'c') && before.checked_sub(1).is_none_or(|at| !name(at));
    name(before) && !prefix
}

fn block_comment(text: &[char], start: usize) -> usize {
    let mut depth = 0_usize;
    let mut index = start;
    while index + 1 < text.len() {
        match (text[index], text[index + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                index += 1;
                continue;
            }
        }
        index += 2;
        if depth == 0 {
            return index;
        }
    }
    text.len()
}

fn quoted(text: &[char], mut index: usize, quote: char) -> usize {
    while index < text.len() {
        match text[index] {
            '\\' => index += 2,
            character if character == quote => return index + 1,
            _ => index += 1,
        }
    }
    text.len()
}

fn raw_string(text: &[char], start: usize) -> Option<usize> {
    let hashes = text[start + 1..].iter().take_while(|&&character| character == '#').count();
    let mut index = start + 1 + hashes;
    if text.get(index) != Some(&'"') {
        return None;
    }
    index += 1;
    while index < text.len() {
        let tail = text[index + 1..].iter().take_while(|&&character| character == '#').count();
        if text[index] == '"' && tail >= hashes {
            return Some(index + 1 + hashes);
        }
        index += 1;
    }
    Some(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_code(text: &str, code: &str) {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(words(&Source::scan(text).code), code, "{text}");
    }

    #[test]
    fn literals_and_comments_are_no_code() {
        check_code("a(\"x \\\" { y\"); b", "a( ); b");
        check_code("a // { \" b\nc", "a c");
        check_code("a /* { /* } */ \" */ b", "a b");
        check_code("r#\"no \" end {\"# b", "b");
        check_code("br\"{\" x", "b x");
        check_code(
            "let var = '{'; let q = '\\''; let s: &'static str",
            "let var = ; let q = ; let s: &'static str",
        );
    }

    #[test]
    fn comments_stand_on_their_lines() {
        let source = Source::scan("a\n// SAFETY: b\nc \"// no\"\n");
        assert_eq!(source.comments, "\n// SAFETY: b\n\n");
    }

    #[test]
    fn tests_are_blanked_and_not_counted() {
        let text = "fn a() {}\n#[cfg(test)]\n#[path = \"x\"]\nmod tests {\n fn b() { \"}\" }\n}\nfn c() {}\n";
        check_code(text, "fn a() {} fn c() {}");
        assert_eq!(Source::scan(text).length, 2);
        check_code("#[cfg(test)]\nmod deep;\nfn c() {}", "fn c() {}");
        check_code(
            "#[tokio::test(flavor = \"x\")]\nasync fn t(a: [u8; 2]) { x() } fn d() {}",
            "fn d() {}",
        );
        check_code("#[cfg(not(test))] fn c() {}", "#[cfg(not(test))] fn c() {}");
    }

    #[test]
    fn modules_of_tests_are_named() {
        assert_eq!(Source::scan("#[cfg(test)]\nmod deep;\nmod b;").test_modules, ["deep"]);
    }

    #[test]
    fn words_stand_alone() {
        let found: Vec<usize> = words("unsafe_code unsafe {} an_unsafe", "unsafe").collect();
        assert_eq!(found, [12]);
    }
}
