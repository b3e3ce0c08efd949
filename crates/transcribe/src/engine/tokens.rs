//! The vocabulary file of Moonshine: pieces by token number.
//!
//! Each piece has its length before it in one byte below 128, or in two (`low + 128`, `high`).
//! U+2581 stands for a space; pieces in angle brackets are the model's own marks, but for
//! `<0x41>`, which is that byte.

/// Pieces by token.
pub struct Vocabulary {
    pieces: Vec<Vec<u8>>,
}

/// No language has this many; more would be a broken file.
const PIECES_MAX: usize = 1_000_000;

impl Vocabulary {
    /// `None` when the file does not end where its last piece does.
    pub fn parse(mut bytes: &[u8]) -> Option<Self> {
        let mut pieces = Vec::new();
        while let Some((&first, rest)) = bytes.split_first() {
            let (length, rest) = if first < 128 {
                (usize::from(first), rest)
            } else {
                let (&second, rest) = rest.split_first()?;
                (usize::from(second) * 128 + usize::from(first) - 128, rest)
            };
            let (piece, rest) = rest.split_at_checked(length)?;
            pieces.push(piece.to_vec());
            bytes = rest;
            if pieces.len() > PIECES_MAX {
                return None;
            }
        }
        Some(Self { pieces })
    }

    /// How many tokens there are.
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// The text of these tokens, without the model's marks.
    pub fn text(&self, tokens: &[i64]) -> String {
        let mut bytes = Vec::new();
        let pieces = tokens
            .iter()
            .filter_map(|&token| usize::try_from(token).ok().and_then(|at| self.pieces.get(at)));
        for piece in pieces {
            match piece.strip_prefix(b"<").and_then(|piece| piece.strip_suffix(b">")) {
                Some(mark) => bytes.extend(byte_of(mark)),
                None => bytes.extend_from_slice(piece),
            }
        }
        String::from_utf8_lossy(&bytes).replace('\u{2581}', " ").trim().to_owned()
    }
}

fn byte_of(mark: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(mark.strip_prefix(b"0x")?).ok()?;
    u8::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_become_text() {
        let long = [b'x'; 130];
        let mut file = b"\x03<s>\0\x05\xe2\x96\x81Hi\x06<0xC3>\x06<0xA9>\x01!".to_vec();
        file.extend([2 + 128, 1]);
        file.extend(long);
        let vocabulary = Vocabulary::parse(&file).unwrap();
        assert_eq!(vocabulary.len(), 7);
        assert_eq!(vocabulary.text(&[0, 2, 3, 4, 5, 1, 99, -1]), "Hié!");
        assert_eq!(vocabulary.text(&[6]).len(), 130);
    }

    #[test]
    fn a_cut_file_is_refused() {
        assert!(Vocabulary::parse(b"\x03<s").is_none());
        assert!(Vocabulary::parse(&[200]).is_none());
    }
}
