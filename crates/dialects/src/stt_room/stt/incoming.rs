//! A body on its way in: the file in it is kept up to a limit, the rest is read and thrown away.
//!
//! A client that is cut off while it sends never sees the answer, so a body that is refused is still
//! read for a while. What is kept never exceeds the limit.

use std::time::Duration;

use axum::body::BodyDataStream;
use axum::extract::Request;
use bytes::Bytes;
use futures_util::StreamExt;
use http::{HeaderMap, header};
use tokio::time::{Instant, timeout_at};

use super::form::{FormError, FormReader, boundary_of};
use crate::kit::Fault;

/// How much of a body that is refused is still read. Less would cut off those who send a long
/// recording and hide the reason from them; more would let anyone use up the line.
const DISCARD_MAX: u64 = 256 * 1024 * 1024;
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
            began: Instant::now(),
            patience: PATIENCE,
        }
    }

    /// The file in the form, of at most `limit` bytes.
    pub(super) async fn file(&mut self, limit: usize) -> Result<Vec<u8>, Fault> {
        let mut form = FormReader::new(&boundary_of(&self.content_type).map_err(malformed)?);
        let mut file = Kept { bytes: Vec::new(), limit, overflowed: false };
        while let Some(chunk) = self.chunk().await? {
            let whole = form.handle_chunk(&chunk, &mut |bytes| file.keep(bytes));
            if file.overflowed {
                let what = format!("file is larger than {limit} bytes");
                return Err(Fault::Refused(app::Refusal::FileTooLarge(what)));
            }
            if whole.map_err(malformed)? {
                self.read_to_the_end().await;
                return Ok(file.bytes);
            }
        }
        Err(malformed(form.missing()))
    }

    /// What comes after the file does not matter; but only when all of a body was read is it noticed
    /// that its sender has gone, and only then can the connection carry another request.
    async fn read_to_the_end(&mut self) {
        while let Ok(Some(_)) = self.chunk().await
            && self.seen <= DISCARD_MAX
        {}
    }

    /// Reads on for nothing, so that the client gets to see what it is answered.
    pub(super) async fn discard(mut self) {
        let never_asked_for = self.waits && self.seen == 0;
        if never_asked_for || self.announced > DISCARD_MAX {
            return;
        }
        let read = async {
            while let Some(Ok(chunk)) = self.stream.next().await {
                self.seen += chunk.len() as u64;
                if self.seen > DISCARD_MAX {
                    break;
                }
            }
        };
        // Whether it was all of it makes no difference to the answer.
        let _ = tokio::time::timeout(DISCARD_WITHIN, read).await;
    }

    /// The next part of the body; an error when it does not come in time.
    async fn chunk(&mut self) -> Result<Option<Bytes>, Fault> {
        let earned = Duration::from_secs(self.seen / self.patience.rate);
        let by = self.began + self.patience.grace + earned;
        let late = |_| Fault::Malformed("file did not come in time".to_owned());
        let Some(chunk) = timeout_at(by, self.stream.next()).await.map_err(late)? else {
            return Ok(None);
        };
        let chunk = chunk.map_err(|_| malformed(FormError::CutOff))?;
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

/// Bytes up to a limit, in no more memory than that.
struct Kept {
    bytes: Vec<u8>,
    limit: usize,
    overflowed: bool,
}

impl Kept {
    fn keep(&mut self, more: &[u8]) {
        let length = self.bytes.len() + more.len();
        if self.overflowed || length > self.limit {
            self.overflowed = true;
            self.bytes = Vec::new();
            return;
        }
        if length > self.bytes.capacity() {
            let room = (length * 2).min(self.limit);
            self.bytes.reserve_exact(room - self.bytes.len());
        }
        self.bytes.extend_from_slice(more);
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use futures_util::stream;

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

    #[test]
    fn no_more_than_the_limit_is_kept() {
        let mut kept = Kept { bytes: Vec::new(), limit: 1000, overflowed: false };
        for _ in 0..100 {
            kept.keep(&[7; 10]);
            assert!(kept.bytes.capacity() <= 1000, "{}", kept.bytes.capacity());
        }
        assert_eq!((kept.bytes.len(), kept.overflowed), (1000, false));
        kept.keep(&[7]);
        assert_eq!((kept.bytes.capacity(), kept.overflowed), (0, true));
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
