//! SRTP for what is sent past the library: AEAD profiles only (RFC 7714), which browsers and aiortc prefer.

use str0m::crypto::dtls::SrtpProfile;
use str0m::crypto::{AeadAes128Gcm, AeadAes128GcmCipher, AeadAes256GcmCipher, CryptoProvider};

use super::keys::Exported;

/// Length of the authentication tag behind each packet.
const TAG_LEN: usize = AeadAes128Gcm::TAG_LEN;
const SALT_LEN: usize = 12;

// Labels of RFC 3711 section 4.3.2.
const RTP_KEY: u8 = 0;
const RTP_SALT: u8 = 2;

/// Seals the RTP packets of one side of a connection.
///
/// The library seals others with the same key. A number of a stream is sealed by one of the two, once:
/// two packets under one number would give the key stream away (RFC 7714 section 8.1).
pub(crate) struct Sealer {
    cipher: Cipher,
    salt: [u8; SALT_LEN],
}

enum Cipher {
    Aes128(Box<dyn AeadAes128GcmCipher>),
    Aes256(Box<dyn AeadAes256GcmCipher>),
}

impl Sealer {
    /// From what DTLS agreed on; `None` for another profile.
    pub fn new(exported: &Exported) -> Option<Self> {
        let key_len = match exported.profile {
            SrtpProfile::AEAD_AES_128_GCM => 16,
            SrtpProfile::AEAD_AES_256_GCM => 32,
            _ => return None,
        };
        let which = usize::from(!exported.client);
        let part = |from: usize, len: usize| exported.material.get(from..from + len);
        let master = Master {
            crypto: CryptoProvider::get_default()?,
            key: part(which * key_len, key_len)?,
            salt: part(2 * key_len + which * SALT_LEN, SALT_LEN)?,
        };
        let srtp = master.crypto.srtp_provider;
        let cipher = if key_len == 16 {
            Cipher::Aes128(srtp.aead_aes_128_gcm().create_cipher(master.derive(RTP_KEY), true))
        } else {
            Cipher::Aes256(srtp.aead_aes_256_gcm().create_cipher(master.derive(RTP_KEY), true))
        };
        Some(Self { cipher, salt: master.derive(RTP_SALT) })
    }

    /// Appends a payload to its header, sealed. `index`: the packet's number without the wrap. `false`: the
    /// cipher would not.
    pub fn seal(&mut self, ssrc: u32, index: u64, packet: &mut Vec<u8>, payload: &[u8]) -> bool {
        let iv = AeadAes128Gcm::rtp_iv(self.salt, ssrc, (index >> 16) as u32, index as u16);
        let header_len = packet.len();
        packet.resize(header_len + payload.len() + TAG_LEN, 0);
        let (header, sealed) = packet.split_at_mut(header_len);
        let outcome = match &mut self.cipher {
            Cipher::Aes128(cipher) => cipher.encrypt(&iv, header, payload, sealed),
            Cipher::Aes256(cipher) => cipher.encrypt(&iv, header, payload, sealed),
        };
        outcome.is_ok()
    }

    /// Bytes that a sealed payload has more.
    pub const OVERHEAD: usize = TAG_LEN;
}

/// A master key and its salt, which session keys are derived from.
struct Master<'a> {
    crypto: &'a CryptoProvider,
    key: &'a [u8],
    salt: &'a [u8],
}

impl Master<'_> {
    /// RFC 3711 section 4.3.3: AES in counter mode over the salt with the label in its eighth byte.
    fn derive<const N: usize>(&self, label: u8) -> [u8; N] {
        let mut block = [0; 16];
        block[..self.salt.len()].copy_from_slice(self.salt);
        block[7] ^= label;
        let mut derived = [0; N];
        for (round, chunk) in derived.chunks_mut(16).enumerate() {
            block[15] = round as u8;
            // Some ciphers want room for padding behind the block.
            let mut output = [0; 32];
            let srtp = self.crypto.srtp_provider;
            match self.key.len() {
                16 => srtp.srtp_aes_128_ecb_round(self.key, &block, &mut output),
                _ => srtp.srtp_aes_256_ecb_round(self.key, &block, &mut output),
            }
            chunk.copy_from_slice(&output[..chunk.len()]);
        }
        derived
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(byte).collect()
    }

    /// RFC 3711 appendix B.3.
    #[test]
    fn session_keys_are_derived_as_the_standard_says() {
        str0m::crypto::from_feature_flags().install_process_default();
        let key = hex("E1F97A0D3E018BE0D64FA32C06DE4139");
        let salt = hex("0EC675AD498AFEEBB6960B3AABE6");
        let crypto = CryptoProvider::get_default().unwrap();
        let master = Master { crypto, key: &key, salt: &salt };
        assert_eq!(master.derive::<16>(0).to_vec(), hex("C61E7A93744F39EE10734AFE3FF7A087"));
        assert_eq!(master.derive::<14>(2).to_vec(), hex("30CBBC08863D8C85D49DB34A9AE1"));
    }

    #[test]
    fn another_profile_is_left_to_the_library() {
        str0m::crypto::from_feature_flags().install_process_default();
        let of = |profile, len| Exported { material: vec![7; len], profile, client: false };
        assert!(Sealer::new(&of(SrtpProfile::AES128_CM_SHA1_80, 60)).is_none());
        assert!(Sealer::new(&of(SrtpProfile::AEAD_AES_128_GCM, 56)).is_some());
        assert!(Sealer::new(&of(SrtpProfile::AEAD_AES_256_GCM, 88)).is_some());
        assert!(Sealer::new(&of(SrtpProfile::AEAD_AES_256_GCM, 87)).is_none(), "too short");
    }
}
