//! A body on its way in: the file in it is kept up to a limit, the rest is read and thrown away.
//!
//! A client that is cut off while it sends never sees the answer, so a body that is refused is still
//! read for a while. What is kept never exceeds the limit.

use std::time::Duration;

use axum::body::BodyDataStream;
use axum::extract::Request;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::{HeaderMap, header};
use multer::{Constraints, Multipart, SizeLimit};
use tokio::time::{Instant, timeout_at};

use crate::kit::Fault;

/// The field that the audio is in.
const FIELD: &str = "file";
/// What a form may have besides the file, in bytes: other fields and their headers. The library reads ahead
/// as fast as the client sends; this and the file's limit are what it may hold.
const REST_MAX: u64 = 1024 * 1024;

/// How much of a body that is refused is still read. Less would cut off those who send a long
/// recording and hide the reason from them; more would let anyone use up the line.
const DISCARD_MAX: u64 = 256 * 1024 * 1024;
/// The same where nobody knows who sends it.
const STRANGERS_DISCARD_MAX: u64 = 8 * 1024 * 1024;
/// How long a body that is refused is still read.
const DISCARD_WITHIN: Duration = Duration::from_secs(60);

/// How slow a client may be.
#[derive(Clone, Copy, Debug)]
struct Patience {
    /// Before the first byte, and for stalls after it.
    grace: Duration,
    /// On average from then on, in bytes a second. Slower ones hold a place for nothing.
    rate: u64,
}

/// A telephone line does it: the largest default upload takes at most seven minutes.
const PATIENCE: Patience = Patience { grace: Duration::from_secs(30), rate: 64 * 1024 };

/// A request's body that has not been read to its end.
pub(super) struct Incoming {
    content_type: String,
    /// Whether the client waits to be asked for the body (RFC 9110 section 10.1.1).
    waits: bool,
    announced: u64,
    stream: BodyDataStream,
    seen: u64,
    /// Its client was too slow: nothing more of it is read.
    given_up: bool,
    began: Instant,
    patience: Patience,
}

impl Incoming {
    pub(super) fn new(request: Request) -> Self {
        let (parts, body) = request.into_parts();
        let text = |name| header_text(&parts.headers, name);
        Self {
            content_type: text(header::CONTENT_TYPE).to_owned(),
            waits: text(header::EXPECT).eq_ignore_ascii_case("100-continue"),
            announced: text(header::CONTENT_LENGTH).parse().unwrap_or(0),
            stream: body.into_data_stream(),
            seen: 0,
            given_up: false,
            began: Instant::now(),
            patience: PATIENCE,
        }
    }

    /// The file in the form, of at most `limit` bytes.
    pub(super) async fn file(&mut self, limit: usize) -> Result<Vec<u8>, Fault> {
        let boundary = multer::parse_boundary(&self.content_type)
            .map_err(|_| malformed(FormError::NotMultipart))?;
        let sizes = SizeLimit::new().whole_stream(limit as u64 + REST_MAX);
        let constraints = Constraints::new().size_limit(sizes);
        let chunks = stream::try_unfold(&mut *self, |incoming| async move {
            Ok::<_, FormError>(incoming.chunk().await?.map(|chunk| (chunk, incoming)))
        });
        let form = Multipart::with_constraints(chunks, boundary, constraints);
        let file = file_in(form, limit).await?;
        self.read_to_the_end().await;
        Ok(file)
    }

    /// What comes after the file does not matter; but only when all of a body was read is it noticed
    /// that its sender has gone, and only then can the connection carry another request.
    async fn read_to_the_end(&mut self) {
        while let Ok(Some(_)) = self.chunk().await
            && self.seen <= DISCARD_MAX
        {}
    }

    /// Reads on for nothing, so that the client gets to see what it is answered: longer for somebody whose
    /// token was good.
    pub(super) async fn discard(mut self, known: bool) {
        let most = if known { DISCARD_MAX } else { STRANGERS_DISCARD_MAX };
        let never_asked_for = self.waits && self.seen == 0;
        if self.given_up || never_asked_for || self.announced > most {
            return;
        }
        let read = async {
            while let Some(Ok(chunk)) = self.stream.next().await {
                self.seen += chunk.len() as u64;
                if self.seen > most {
                    break;
                }
            }
        };
        // Whether it was all of it makes no difference to the answer.
        let _ = tokio::time::timeout(DISCARD_WITHIN, read).await;
    }

    /// The next part of the body; an error when it does not come in time.
    async fn chunk(&mut self) -> Result<Option<Bytes>, FormError> {
        let earned = Duration::from_secs(self.seen / self.patience.rate);
        let by = self.began + self.patience.grace + earned;
        let Ok(next) = timeout_at(by, self.stream.next()).await else {
            self.given_up = true;
            return Err(FormError::Late);
        };
        let Some(chunk) = next else { return Ok(None) };
        let chunk = chunk.map_err(|_| FormError::CutOff)?;
        self.seen += chunk.len() as u64;
        Ok(Some(chunk))
    }
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> &str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

fn malformed(error: FormError) -> Fault {
    Fault::Malformed(error.to_string())
}

/// Why there is no file in a body. The texts are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum FormError {
    #[error("the body must be multipart/form-data with a field file")]
    NotMultipart,
    #[error("file is required")]
    NoFile,
    #[error("file is cut off")]
    CutOff,
    #[error("file did not come in time")]
    Late,
    #[error("the multipart body is damaged")]
    Damaged,
}

/// The first field named file, and of what it is no more than the limit.
async fn file_in(mut form: Multipart<'_>, limit: usize) -> Result<Vec<u8>, Fault> {
    let too_large = || {
        let what = format!("file is larger than {limit} bytes");
        Fault::Refused(app::Refusal::FileTooLarge(what))
    };
    let refused = |error: multer::Error| match error {
        multer::Error::StreamSizeExceeded { .. } => too_large(),
        error => malformed(form_error(&error)),
    };
    // What ends before there is a file is no cut-off file.
    let none = |error: multer::Error| match error {
        multer::Error::IncompleteFieldData { .. }
        | multer::Error::IncompleteHeaders
        | multer::Error::IncompleteStream => malformed(FormError::NoFile),
        error => refused(error),
    };
    while let Some(mut field) = form.next_field().await.map_err(none)? {
        if field.name() != Some(FIELD) {
            continue;
        }
        let mut file = Vec::new();
        while let Some(chunk) = field.chunk().await.map_err(refused)? {
            if file.len() + chunk.len() > limit {
                return Err(too_large());
            }
            file.extend_from_slice(&chunk);
        }
        return Ok(file);
    }
    Err(malformed(FormError::NoFile))
}

/// What the library found; what went wrong on the way in is told as it was.
fn form_error(error: &multer::Error) -> FormError {
    match error {
        multer::Error::StreamReadFailed(cause) => {
            cause.downcast_ref().copied().unwrap_or(FormError::CutOff)
        }
        multer::Error::IncompleteFieldData { .. } | multer::Error::IncompleteStream => {
            FormError::CutOff
        }
        // A list that may grow: whatever else it is, the body is not as it must be.
        _ => FormError::Damaged,
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    const HEAD: &[u8] = b"--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n";
    const END: &[u8] = b"\r\n--b--\r\n";

    fn incoming(body: Body) -> Incoming {
        let request =
            http::Request::post("/").header("content-type", "multipart/form-data; boundary=b");
        Incoming::new(request.body(body).unwrap())
    }

    fn upload(file: &[u8]) -> Incoming {
        incoming(Body::from([HEAD, file, END].concat()))
    }

    #[tokio::test]
    async fn a_file_may_be_as_large_as_the_limit() {
        assert_eq!(upload(&[7; 1000]).file(1000).await, Ok(vec![7; 1000]));
        let refused = upload(&[7; 1001]).file(1000).await;
        assert!(matches!(refused, Err(Fault::Refused(app::Refusal::FileTooLarge(_)))));
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_given_up() {
        let head = stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(HEAD))]);
        let stalls = Body::from_stream(head.chain(stream::pending()));
        let mut incoming = incoming(stalls);
        incoming.patience = Patience { grace: Duration::from_millis(1), rate: 1024 };
        let late = Fault::Malformed("file did not come in time".to_owned());
        assert_eq!(incoming.file(1000).await, Err(late));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_told() {
        let broken = [
            Ok(Bytes::from_static(HEAD)),
            Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
        ];
        let cut_off = Err(Fault::Malformed("file is cut off".to_owned()));
        assert_eq!(incoming(Body::from_stream(stream::iter(broken))).file(9).await, cut_off);
        assert_eq!(incoming(Body::from([HEAD, b"RIFF"].concat())).file(9).await, cut_off);
    }
}
