//! Every expected "no" of the media core.

/// Why a verb was not carried out. The session is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MediaRefusal {
    /// The SDP or candidate is unusable; the text says what is wrong and is safe to show.
    #[error("{0}")]
    BadSdp(String),
    /// No such session here: it was closed, or never opened.
    #[error("unknown media session")]
    UnknownSession,
    /// A limit of this server is reached; later may work.
    #[error("the media server is full")]
    Overloaded,
    /// The thread that owned the session is gone.
    #[error("the media worker is gone")]
    WorkerGone,
}

impl MediaRefusal {
    pub(crate) fn bad_sdp(text: impl Into<String>) -> Self {
        Self::BadSdp(text.into())
    }
}
