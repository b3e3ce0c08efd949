//! The one file of a `multipart/form-data` body (RFC 7578), found while the body comes in.
//!
//! Pure: given chunks of any size, it hands out the bytes of the first part named `file` and keeps
//! nothing but what a boundary or a part's header may still need. Libraries for this read ahead as fast
//! as the client sends, which is what the limits on an upload are there to prevent.

/// The field that the audio is in.
const FIELD: &str = "file";
/// A part's header, in bytes: a long file name in every encoding fits.
const HEADER_MAX: usize = 16 * 1024;
const END_OF_HEADER: &[u8] = b"\r\n\r\n";
/// RFC 2046 section 5.1.1.
const BOUNDARY_LEN: std::ops::RangeInclusive<usize> = 1..=70;
/// Parts before the file: a form with more is none of ours.
const PARTS_MAX: u32 = 64;

/// Why there is no file in a body. The texts are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum FormError {
    #[error("the body must be multipart/form-data with a field file")]
    NotMultipart,
    #[error("file is required")]
    NoFile,
    #[error("file is cut off")]
    CutOff,
    #[error("the multipart body is damaged")]
    Damaged,
}

/// The boundary that a `Content-Type` names.
pub(super) fn boundary_of(content_type: &str) -> Result<String, FormError> {
    let (kind, parameters) = content_type.split_once(';').ok_or(FormError::NotMultipart)?;
    if !kind.trim().eq_ignore_ascii_case("multipart/form-data") {
        return Err(FormError::NotMultipart);
    }
    let boundary = parameter(parameters, "boundary").ok_or(FormError::NotMultipart)?;
    let fits = BOUNDARY_LEN.contains(&boundary.len()) && boundary.bytes().all(|b| b >= b' ');
    fits.then_some(boundary).ok_or(FormError::NotMultipart)
}

/// A parameter of a header's value: `; name=token` or `; name="quoted \"text\""`, whose names have no
/// case (RFC 9110 section 5.6.6).
fn parameter(mut rest: &str, wanted: &str) -> Option<String> {
    loop {
        let (name, value) = rest.split_once('=')?;
        let (value, after) = match value.trim_start().strip_prefix('"') {
            Some(quoted) => unquoted(quoted)?,
            None => {
                let (value, after) = value.split_once(';').unwrap_or((value, ""));
                (value.trim().to_owned(), after)
            }
        };
        let name = name.rsplit(';').next().unwrap_or(name);
        if name.trim().eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = after;
    }
}

/// The text up to the closing quote, and what is behind it. Browsers escape a quote in a file name as
/// `%22`, others as `\"`; a lone backslash, as in a path of Windows, is itself.
fn unquoted(quoted: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    let mut characters = quoted.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((text, &quoted[at + 1..])),
            '\\' if characters.next_if(|(_, next)| *next == '"').is_some() => text.push('"'),
            other => text.push(other),
        }
    }
    None
}

/// Reads one body.
#[derive(Debug)]
pub(super) struct FormReader {
    /// CR LF, two hyphens, the boundary: what ends a part.
    delimiter: Vec<u8>,
    /// What has come and is not decided yet.
    pending: Vec<u8>,
    place: Place,
    parts: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In something that is not wanted.
    Skipping,
    /// Behind a boundary: the end, or a part's header.
    AtBoundary,
    /// In the file.
    InFile,
    /// The file is over.
    Done,
    /// The form is over and no file was in it.
    Ended,
}

impl FormReader {
    /// At the start of a body.
    pub(super) fn new(boundary: &str) -> Self {
        Self {
            delimiter: format!("\r\n--{boundary}").into_bytes(),
            // The first boundary need not have a line before it.
            pending: b"\r\n".to_vec(),
            place: Place::Skipping,
            parts: 0,
        }
    }

    /// Takes a chunk and hands the file's bytes in it to `keep`. True once the file is whole: what
    /// comes after it does not matter.
    pub(super) fn handle_chunk(
        &mut self,
        chunk: &[u8],
        keep: &mut impl FnMut(&[u8]),
    ) -> Result<bool, FormError> {
        self.pending.extend_from_slice(chunk);
        loop {
            let went_on = match self.place {
                Place::Skipping => self.skip_to_boundary(&mut |_| {}),
                Place::InFile => self.skip_to_boundary(keep),
                Place::AtBoundary => self.read_header()?,
                Place::Done => return Ok(true),
                Place::Ended => return Err(FormError::NoFile),
            };
            if !went_on {
                return Ok(false);
            }
        }
    }

    /// Why the file is not whole when nothing more comes.
    pub(super) fn missing(&self) -> FormError {
        match self.place {
            Place::InFile => FormError::CutOff,
            Place::Skipping | Place::AtBoundary | Place::Done | Place::Ended => FormError::NoFile,
        }
    }

    /// Hands out what is certainly no boundary; false when more has to come.
    fn skip_to_boundary(&mut self, keep: &mut impl FnMut(&[u8])) -> bool {
        if let Some(at) = position(&self.pending, &self.delimiter) {
            keep(&self.pending[..at]);
            self.pending.drain(..at + self.delimiter.len());
            self.place = match self.place {
                Place::InFile => Place::Done,
                Place::Skipping | Place::AtBoundary | Place::Done | Place::Ended => {
                    Place::AtBoundary
                }
            };
            return true;
        }
        // The last bytes may be the beginning of one.
        let certain = self.pending.len().saturating_sub(self.delimiter.len() - 1);
        keep(&self.pending[..certain]);
        self.pending.drain(..certain);
        false
    }

    fn read_header(&mut self) -> Result<bool, FormError> {
        if self.pending.starts_with(b"--") {
            self.place = Place::Ended;
            return Ok(true);
        }
        let Some(end) = position(&self.pending, END_OF_HEADER) else {
            let too_long = self.pending.len() > HEADER_MAX;
            return if too_long { Err(FormError::Damaged) } else { Ok(false) };
        };
        self.parts += 1;
        if end > HEADER_MAX || self.parts > PARTS_MAX {
            return Err(FormError::Damaged);
        }
        let is_file = name_of(&self.pending[..end]).is_some_and(|name| name == FIELD);
        self.pending.drain(..end + END_OF_HEADER.len());
        self.place = if is_file { Place::InFile } else { Place::Skipping };
        Ok(true)
    }
}

/// The field name in a part's header (RFC 7578 section 4.2).
fn name_of(header: &[u8]) -> Option<String> {
    let header = String::from_utf8_lossy(header);
    header.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let disposition = name.trim().eq_ignore_ascii_case("content-disposition");
        let (kind, parameters) = value.split_once(';').filter(|_| disposition)?;
        let form_data = kind.trim().eq_ignore_ascii_case("form-data");
        form_data.then(|| parameter(parameters, "name")).flatten()
    })
}

/// Where a text that begins with CR is first.
fn position(within: &[u8], wanted: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = within[from..].iter().position(|byte| *byte == b'\r') {
        if within[from + at..].starts_with(wanted) {
            return Some(from + at);
        }
        from += at + 1;
    }
    None
}

#[cfg(test)]
mod tests;
