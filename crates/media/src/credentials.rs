//! ICE credentials that say which worker a session lives on.
//!
//! Whichever socket receives a connectivity check reads the worker's number out of the name in it
//! and hands it there. The random bytes come from `net`.

/// The number of a worker, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WorkerNumber(pub u8);

/// Our half of the credentials of one connection (RFC 8445 section 5.3).
#[derive(Clone, PartialEq, Eq)]
pub struct IceCredentials {
    pub(crate) ufrag: String,
    pub(crate) password: String,
}

/// The `ice-char`s of RFC 8839 section 5.4: exactly 64, so six bits make one.
const ICE_CHARS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl IceCredentials {
    /// Makes them of 32 random bytes: 8 for the name (48 bits used), 24 for the password (144 bits;
    /// the RFC asks for 24 and 128).
    pub fn from_random(worker: WorkerNumber, random: [u8; 32]) -> Self {
        let chars = |bytes: &[u8]| -> String {
            bytes.iter().map(|byte| char::from(ICE_CHARS[usize::from(byte & 63)])).collect()
        };
        Self {
            ufrag: format!("{:02x}{}", worker.0, chars(&random[..8])),
            password: chars(&random[8..]),
        }
    }
}

/// The worker that a name of ours belongs to.
pub(crate) fn worker_of(ufrag: &str) -> Option<WorkerNumber> {
    let digits = ufrag.get(..2)?;
    let ours = digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !ours {
        return None;
    }
    u8::from_str_radix(digits, 16).ok().map(WorkerNumber)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_the_worker() {
        for number in [0, 1, 15, 16, 255] {
            let made = IceCredentials::from_random(WorkerNumber(number), [0xa7; 32]);
            assert_eq!(worker_of(&made.ufrag), Some(WorkerNumber(number)));
            assert_eq!((made.ufrag.len(), made.password.len()), (10, 24));
        }
    }

    #[test]
    fn other_names_tell_nothing() {
        for name in ["", "0", "zz12", "+1ab", "é1", "0é"] {
            assert_eq!(worker_of(name), None, "{name}");
        }
    }
}
