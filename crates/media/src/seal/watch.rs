//! SRTP ciphers that tell whether they could open what they were given, and what was in it if somebody
//! listens ([`listen`]). Those that encrypt are the provider's own: nothing is added to the path of a
//! forwarded packet.

use std::cell::{Cell, RefCell};

use str0m::config::CryptoProvider;
use str0m::crypto::{
    AeadAes128GcmCipher, AeadAes256GcmCipher, Aes128CmSha1_80, Aes128CmSha1_80Cipher, SrtpProvider,
    SupportedAeadAes128Gcm, SupportedAeadAes256Gcm, SupportedAes128CmSha1_80,
};
use str0m_proto::crypto::CryptoError;

thread_local! {
    static TALLY: Cell<Tally> = const { Cell::new(Tally { opened: false, refused: false, behind_index: None }) };
    /// What was opened while somebody listened.
    static OPENED: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Runs something and returns what the last cipher of this thread opened meanwhile: of an SRTCP packet
/// all but its first eight bytes, which are sent in the clear.
pub(crate) fn listen<T>(work: impl FnOnce() -> T) -> (T, Vec<u8>) {
    OPENED.with_borrow_mut(|opened| *opened = Some(Vec::new()));
    let outcome = work();
    (outcome, OPENED.take().unwrap_or_default())
}

/// What a cipher has opened.
fn tell(contents: Option<&[u8]>) {
    OPENED.with_borrow_mut(|opened| {
        if let (Some(opened), Some(contents)) = (opened, contents) {
            opened.clear();
            opened.extend_from_slice(contents);
        }
    });
}

/// What the ciphers of this thread have done.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// One has opened a packet,
    pub opened: bool,
    /// one could not.
    pub refused: bool,
    /// One was made: bytes behind the index of an SRTCP packet of its kind.
    pub behind_index: Option<usize>,
}

impl Tally {
    /// What has been done since this was asked last.
    pub fn take() -> Self {
        TALLY.take()
    }

    fn change(change: impl FnOnce(&mut Self)) {
        let mut tally = TALLY.get();
        change(&mut tally);
        TALLY.set(tally);
    }

    fn count<T, E>(outcome: &Result<T, E>) {
        let opened = outcome.is_ok();
        Self::change(|tally| {
            tally.opened |= opened;
            tally.refused |= !opened;
        });
    }
}

/// Makes the ciphers.
#[derive(Debug)]
pub(crate) struct Watched;

pub(crate) static WATCHED: Watched = Watched;

impl Watched {
    /// There is one, or nothing would have asked for this.
    fn real() -> &'static dyn SrtpProvider {
        static REAL: std::sync::OnceLock<&'static dyn SrtpProvider> = std::sync::OnceLock::new();
        *REAL.get_or_init(|| match CryptoProvider::get_default() {
            Some(real) => real.srtp_provider,
            None => unreachable!("made from the process's provider"),
        })
    }
}

impl SrtpProvider for Watched {
    fn aes_128_cm_sha1_80(&self) -> &'static dyn SupportedAes128CmSha1_80 {
        &WATCHED
    }

    fn aead_aes_128_gcm(&self) -> &'static dyn SupportedAeadAes128Gcm {
        &WATCHED
    }

    fn aead_aes_256_gcm(&self) -> &'static dyn SupportedAeadAes256Gcm {
        &WATCHED
    }

    fn srtp_aes_128_ecb_round(&self, key: &[u8], input: &[u8], output: &mut [u8]) {
        Self::real().srtp_aes_128_ecb_round(key, input, output);
    }

    fn srtp_aes_256_ecb_round(&self, key: &[u8], input: &[u8], output: &mut [u8]) {
        Self::real().srtp_aes_256_ecb_round(key, input, output);
    }
}

#[derive(Debug)]
struct Opens<C>(C);

impl SupportedAes128CmSha1_80 for Watched {
    fn create_cipher(&self, key: [u8; 16], encrypt: bool) -> Box<dyn Aes128CmSha1_80Cipher> {
        let real = Self::real().aes_128_cm_sha1_80().create_cipher(key, encrypt);
        if encrypt {
            return real;
        }
        Tally::change(|tally| tally.behind_index = Some(Aes128CmSha1_80::HMAC_TAG_LEN));
        Box::new(Opens(real))
    }
}

impl Aes128CmSha1_80Cipher for Opens<Box<dyn Aes128CmSha1_80Cipher>> {
    fn encrypt(
        &mut self,
        iv: &[u8; 16],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(), CryptoError> {
        self.0.encrypt(iv, input, output)
    }

    /// Only called for what has the right tag.
    fn decrypt(
        &mut self,
        iv: &[u8; 16],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(), CryptoError> {
        let outcome = self.0.decrypt(iv, input, output);
        Tally::count(&outcome);
        tell(if outcome.is_ok() { output.get(..input.len()) } else { None });
        outcome
    }
}

/// The two AEAD profiles differ in the length of their keys. Their tag is before the index.
macro_rules! watch_aead {
    ($factory:ident, $cipher:ident, $of:ident, $key:literal) => {
        impl $factory for Watched {
            fn create_cipher(&self, key: [u8; $key], encrypt: bool) -> Box<dyn $cipher> {
                let real = Self::real().$of().create_cipher(key, encrypt);
                if encrypt {
                    return real;
                }
                Tally::change(|tally| tally.behind_index = Some(0));
                Box::new(Opens(real))
            }
        }

        impl $cipher for Opens<Box<dyn $cipher>> {
            fn encrypt(
                &mut self,
                iv: &[u8; 12],
                aad: &[u8],
                input: &[u8],
                output: &mut [u8],
            ) -> Result<(), CryptoError> {
                self.0.encrypt(iv, aad, input, output)
            }

            fn decrypt(
                &mut self,
                iv: &[u8; 12],
                aads: &[&[u8]],
                input: &[u8],
                output: &mut [u8],
            ) -> Result<usize, CryptoError> {
                let outcome = self.0.decrypt(iv, aads, input, output);
                Tally::count(&outcome);
                tell(outcome.as_ref().ok().and_then(|len| output.get(..*len)));
                outcome
            }
        }
    };
}

watch_aead!(SupportedAeadAes128Gcm, AeadAes128GcmCipher, aead_aes_128_gcm, 16);
watch_aead!(SupportedAeadAes256Gcm, AeadAes256GcmCipher, aead_aes_256_gcm, 32);
