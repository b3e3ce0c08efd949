//! How the gateway ends a connection. Codes and names are wire format, known to the public clients: they
//! decide by them whether to resume, to identify again, or to give up.

/// Why a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Close {
    /// Something went wrong here, or the client does not keep up. Resume.
    UnknownError,
    /// A message of a type that nobody knows.
    UnknownType,
    /// A frame that is no message.
    Decode,
    /// Something came before the client said who it is, or it never did.
    NotAuthenticated,
    /// The token is missing, wrong or dead.
    AuthFailed,
    /// The client said twice who it is.
    AlreadyAuthenticated,
    /// Too many messages, or too many connections.
    RateLimited,
    /// No heartbeat came. Resume.
    SessionTimeout,
    /// The server stops. Come back.
    ServerRestart,
    /// There is no such session any more, or another connection has taken it. Identify again.
    SessionExpired,
    /// The session is there, what was missed is not. Identify again.
    ReplayExhausted,
    /// No version that both speak.
    VersionMismatch,
    /// As many connections as the server takes.
    ServerFull,
}

impl Close {
    /// The close code.
    pub(super) fn code(self) -> u16 {
        match self {
            Self::UnknownError => 4000,
            Self::UnknownType => 4001,
            Self::Decode => 4002,
            Self::NotAuthenticated => 4003,
            Self::AuthFailed => 4004,
            Self::AlreadyAuthenticated => 4005,
            Self::RateLimited => 4006,
            Self::SessionTimeout => 4007,
            Self::ServerRestart => 4008,
            Self::SessionExpired => 4009,
            Self::ReplayExhausted => 4010,
            Self::VersionMismatch => 4011,
            Self::ServerFull => 4012,
        }
    }

    /// The code's name, sent as the reason.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::UnknownError => "UNKNOWN_ERROR",
            Self::UnknownType => "UNKNOWN_TYPE",
            Self::Decode => "DECODE_ERROR",
            Self::NotAuthenticated => "NOT_AUTHENTICATED",
            Self::AuthFailed => "AUTH_FAILED",
            Self::AlreadyAuthenticated => "ALREADY_AUTHENTICATED",
            Self::RateLimited => "RATE_LIMITED",
            Self::SessionTimeout => "SESSION_TIMEOUT",
            Self::ServerRestart => "SERVER_RESTART",
            Self::SessionExpired => "SESSION_EXPIRED",
            Self::ReplayExhausted => "REPLAY_EXHAUSTED",
            Self::VersionMismatch => "VERSION_MISMATCH",
            Self::ServerFull => "SERVER_FULL",
        }
    }
}
