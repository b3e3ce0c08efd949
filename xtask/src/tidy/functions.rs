//! How long functions are: from the line of `fn` to the line of the closing brace.

use super::scan::{body_or_end, closing, in_name, line_of, words};

/// One function with a body.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    /// The line of `fn`, from 1.
    pub line: usize,
    pub length: usize,
}

/// The functions in code that was blanked by `Source::scan`, inner ones too.
pub fn functions(code: &str) -> Vec<Function> {
    let mut found = Vec::new();
    for start in words(code, "fn") {
        let rest = code[start + 2..].trim_start();
        let name: String = rest.chars().take_while(|&c| c.is_ascii() && in_name(c as u8)).collect();
        // `fn(u8) -> u8` is a type.
        if name.is_empty() {
            continue;
        }
        let body = body_or_end(code, start);
        if code.as_bytes().get(body) != Some(&b'{') {
            continue;
        }
        let line = line_of(code, start);
        let last = line_of(code, closing(code, body) - 1);
        found.push(Function { name, line, length: last - line + 1 });
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_measured_and_declarations_are_not() {
        let code = "trait T { fn no(&self, a: [u8; 3]); }\n\
                    fn a<F>(f: fn(u8) -> u8) -> [u8; 2]\nwhere F: X,\n{\n if x { y } \n}\n\
                    impl A { async fn b() {} }\n";
        let expected = [("a", 2, 5), ("b", 7, 1)];
        let expected: Vec<Function> = expected
            .map(|(name, line, length)| Function { name: name.to_owned(), line, length })
            .into();
        assert_eq!(functions(code), expected);
    }
}
