//! A client's own keys in the hand of a test: SRTP and SRTCP of any content that its worker can open.
//! No honest client writes what is in there.
//!
//! The keys are seen by a provider between the client's library and the real one, as they are made.

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};

use str0m::config::CryptoProvider;
use str0m::crypto::{
    AeadAes256Gcm, AeadAes256GcmCipher, SrtpProvider, SupportedAeadAes128Gcm,
    SupportedAeadAes256Gcm, SupportedAes128CmSha1_80,
};
use str0m_proto::crypto::CryptoError;

thread_local! {
    static SEEN: RefCell<Vec<Seen>> = const { RefCell::new(Vec::new()) };
}

/// A key, and the first thing that was encrypted with it.
struct Seen {
    key: [u8; 32],
    /// Its initialization vector and what was authenticated beside it.
    used: Option<([u8; 12], Vec<u8>)>,
}

#[derive(Debug)]
struct Spy(&'static dyn SrtpProvider);

static SPY: OnceLock<Spy> = OnceLock::new();

/// The provider for clients.
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    let real = CryptoProvider::get_default().unwrap();
    let spied = || {
        let srtp_provider = SPY.get_or_init(|| Spy(real.srtp_provider));
        Arc::new(CryptoProvider { srtp_provider, ..real.clone() })
    };
    Arc::clone(PROVIDER.get_or_init(spied))
}

impl SrtpProvider for Spy {
    fn aes_128_cm_sha1_80(&self) -> &'static dyn SupportedAes128CmSha1_80 {
        self.0.aes_128_cm_sha1_80()
    }

    fn aead_aes_128_gcm(&self) -> &'static dyn SupportedAeadAes128Gcm {
        self.0.aead_aes_128_gcm()
    }

    fn aead_aes_256_gcm(&self) -> &'static dyn SupportedAeadAes256Gcm {
        SPY.get().unwrap()
    }

    fn srtp_aes_128_ecb_round(&self, key: &[u8], input: &[u8], output: &mut [u8]) {
        self.0.srtp_aes_128_ecb_round(key, input, output);
    }

    fn srtp_aes_256_ecb_round(&self, key: &[u8], input: &[u8], output: &mut [u8]) {
        self.0.srtp_aes_256_ecb_round(key, input, output);
    }
}

impl SupportedAeadAes256Gcm for Spy {
    fn create_cipher(&self, key: [u8; 32], encrypt: bool) -> Box<dyn AeadAes256GcmCipher> {
        let real = self.0.aead_aes_256_gcm().create_cipher(key, encrypt);
        if encrypt {
            SEEN.with_borrow_mut(|seen| seen.push(Seen { key, used: None }));
        }
        Box::new(Spied { key, real })
    }
}

#[derive(Debug)]
struct Spied {
    key: [u8; 32],
    real: Box<dyn AeadAes256GcmCipher>,
}

impl AeadAes256GcmCipher for Spied {
    fn encrypt(
        &mut self,
        iv: &[u8; 12],
        aad: &[u8],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<(), CryptoError> {
        SEEN.with_borrow_mut(|seen| {
            let seen = seen.iter_mut().find(|seen| seen.key == self.key);
            if let Some(seen) = seen.filter(|seen| seen.used.is_none()) {
                seen.used = Some((*iv, aad.to_vec()));
            }
        });
        self.real.encrypt(iv, aad, input, output)
    }

    fn decrypt(
        &mut self,
        iv: &[u8; 12],
        aads: &[&[u8]],
        input: &[u8],
        output: &mut [u8],
    ) -> Result<usize, CryptoError> {
        self.real.decrypt(iv, aads, input, output)
    }
}

/// How many keys have been made on this thread: a client that connects now makes four more, of which
/// the last two are those it sends with.
pub fn keys_made() -> usize {
    SEEN.with_borrow(Vec::len)
}

/// Makes datagrams of one client.
pub struct Forger {
    rtp: Box<dyn AeadAes256GcmCipher>,
    rtp_salt: [u8; 12],
    rtcp: Box<dyn AeadAes256GcmCipher>,
    rtcp_salt: [u8; 12],
    /// Of the next SRTCP packet. The client's own are below.
    pub index: u32,
    /// The stream of the client's whose packet was seen, and the payload type of that.
    pub ssrc: u32,
    pub payload_type: u8,
}

impl Forger {
    /// Of the client whose keys are the last of so many. It has sent RTP and RTCP.
    pub fn new(made: usize) -> Self {
        SEEN.with_borrow(|seen| {
            let cipher =
                |seen: &Seen| SPY.get().unwrap().0.aead_aes_256_gcm().create_cipher(seen.key, true);
            let [rtp, rtcp] = &seen[made - 2..made] else { unreachable!() };
            let (rtp_iv, header) = rtp.used.as_ref().expect("it has sent RTP");
            let (rtcp_iv, head) = rtcp.used.as_ref().expect("it has sent RTCP");
            let long = |bytes: &[u8], at| u32::from_be_bytes(*bytes[at..].first_chunk().unwrap());
            let (ssrc, seq) = (long(header, 8), long(header, 0) as u16);
            // What is not the salt in a vector is known.
            let rtp_salt = AeadAes256Gcm::rtp_iv(*rtp_iv, ssrc, 0, seq);
            let index = long(head, 8) & 0x7fff_ffff;
            let rtcp_salt = AeadAes256Gcm::rtcp_iv(*rtcp_iv, long(head, 4), index);
            Self {
                rtp: cipher(rtp),
                rtp_salt,
                rtcp: cipher(rtcp),
                rtcp_salt,
                index: 1 << 20,
                ssrc,
                payload_type: header[1] & 0x7f,
            }
        })
    }

    /// SRTCP with these contents: at least the eight bytes of a first header.
    pub fn rtcp(&mut self, plain: &[u8]) -> Vec<u8> {
        self.index += 1;
        let index = (self.index | 1 << 31).to_be_bytes();
        let (head, body) = plain.split_at(8);
        let ssrc = u32::from_be_bytes(*head[4..].first_chunk().unwrap());
        let iv = AeadAes256Gcm::rtcp_iv(self.rtcp_salt, ssrc, self.index);
        let mut sealed = vec![0; body.len() + AeadAes256Gcm::TAG_LEN];
        self.rtcp.encrypt(&iv, &[head, &index].concat(), body, &mut sealed).unwrap();
        [head, &sealed, &index].concat()
    }

    /// SRTP with this header, extensions included, and these contents.
    pub fn rtp(&mut self, header: &[u8], rollovers: u32, payload: &[u8]) -> Vec<u8> {
        let seq = u16::from_be_bytes([header[2], header[3]]);
        let ssrc = u32::from_be_bytes(*header[8..].first_chunk().unwrap());
        let iv = AeadAes256Gcm::rtp_iv(self.rtp_salt, ssrc, rollovers, seq);
        let mut sealed = vec![0; payload.len() + AeadAes256Gcm::TAG_LEN];
        self.rtp.encrypt(&iv, header, payload, &mut sealed).unwrap();
        [header, &sealed].concat()
    }
}
