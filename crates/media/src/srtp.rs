//! SRTP beside the WebRTC library, for packets that go past it: the worker's sound, and the members of the
//! load client. The keys come from the library's own DTLS ([`tapped`], [`take_exported`]).
//!
//! AEAD profiles only (RFC 7714), which browsers and aiortc prefer: for another one nothing is made. The
//! library seals with the same keys. Each number of a stream must be sealed by one of the two, once: two
//! packets under one number would give the key stream away (RFC 7714 section 8.1).

mod tap;

use str0m::crypto::dtls::SrtpProfile;
use str0m::crypto::{AeadAes128Gcm, AeadAes128GcmCipher, AeadAes256GcmCipher, CryptoProvider};

pub use self::tap::{Exported, take_exported, tapped};

/// Length of the authentication tag behind each packet.
const TAG_LEN: usize = AeadAes128Gcm::TAG_LEN;
const SALT_LEN: usize = 12;
/// What an RTCP packet begins with, and what stays in the clear (RFC 3711 section 3.4).
const CONTROL_HEADER_LEN: usize = 8;
/// The flag in front of an RTCP packet's number: it is encrypted.
const ENCRYPTED: u32 = 1 << 31;

// Labels of RFC 3711 section 4.3.2: of a key, and of its salt.
const RTP: [u8; 2] = [0, 2];
const RTCP: [u8; 2] = [3, 5];

/// Seals the RTP packets that this side of a connection sends.
pub struct Sealer(Cipher);

impl Sealer {
    /// Bytes that a sealed payload has more.
    pub const OVERHEAD: usize = TAG_LEN;

    /// From what DTLS agreed on; `None` for another profile, or keys that are too short for it.
    pub fn new(exported: &Exported) -> Option<Self> {
        Some(Self(Cipher::new(exported, Side::Own, RTP)?))
    }

    /// Appends a payload to its header, sealed. `index`: the packet's number without the wrap. `false`: the
    /// cipher would not.
    pub fn seal(&mut self, ssrc: u32, index: u64, packet: &mut Vec<u8>, payload: &[u8]) -> bool {
        let iv = rtp_iv(self.0.salt, ssrc, index);
        let header_len = packet.len();
        packet.resize(header_len + payload.len() + TAG_LEN, 0);
        let (header, sealed) = packet.split_at_mut(header_len);
        self.0.seal(&iv, header, payload, sealed)
    }
}

/// Opens the RTP packets of the other side. It keeps no window: it does not see replays.
pub struct Opener(Cipher);

impl Opener {
    /// As [`Sealer::new`].
    pub fn new(exported: &Exported) -> Option<Self> {
        Some(Self(Cipher::new(exported, Side::Other, RTP)?))
    }

    /// Makes `payload` that of a packet with a header of this length. `index`: the packet's number without
    /// the wrap. `false`: it was not sealed with this key under this number, or was changed on its way.
    pub fn open(
        &mut self,
        ssrc: u32,
        index: u64,
        (packet, header_len): (&[u8], usize),
        payload: &mut Vec<u8>,
    ) -> bool {
        let Some((header, sealed)) = packet.split_at_checked(header_len) else { return false };
        let Some(len) = sealed.len().checked_sub(TAG_LEN) else { return false };
        payload.resize(len, 0);
        self.0.open(&rtp_iv(self.0.salt, ssrc, index), header, sealed, payload)
    }
}

/// Seals the RTCP packets that this side sends, and numbers them. It must be the only one of its connection.
pub struct ControlSealer {
    cipher: Cipher,
    next: u32,
}

impl ControlSealer {
    /// As [`Sealer::new`].
    pub fn new(exported: &Exported) -> Option<Self> {
        Some(Self { cipher: Cipher::new(exported, Side::Own, RTCP)?, next: 0 })
    }

    /// A packet as it is sent. `None`: it is too short to be one, or the cipher would not.
    pub fn seal(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        let (header, rest) = packet.split_at_checked(CONTROL_HEADER_LEN)?;
        let ssrc = u32::from_be_bytes(*header.last_chunk()?);
        let flagged = ENCRYPTED | self.next;
        let iv = AeadAes128Gcm::rtcp_iv(self.cipher.salt, ssrc, self.next);
        self.next = (self.next + 1) % ENCRYPTED;
        let aad = [header, &flagged.to_be_bytes()].concat();
        let mut sealed = header.to_vec();
        sealed.resize(packet.len() + TAG_LEN, 0);
        let done = self.cipher.seal(&iv, &aad, rest, &mut sealed[CONTROL_HEADER_LEN..]);
        sealed.extend_from_slice(&flagged.to_be_bytes());
        done.then_some(sealed)
    }
}

fn rtp_iv(salt: [u8; SALT_LEN], ssrc: u32, index: u64) -> [u8; 12] {
    AeadAes128Gcm::rtp_iv(salt, ssrc, (index >> 16) as u32, index as u16)
}

/// Whose packets a key is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Own,
    Other,
}

/// A session key with its salt.
struct Cipher {
    aead: Aead,
    salt: [u8; SALT_LEN],
}

enum Aead {
    Aes128(Box<dyn AeadAes128GcmCipher>),
    Aes256(Box<dyn AeadAes256GcmCipher>),
}

impl Cipher {
    fn new(exported: &Exported, side: Side, [key_label, salt_label]: [u8; 2]) -> Option<Self> {
        let key_len = match exported.profile {
            SrtpProfile::AEAD_AES_128_GCM => 16,
            SrtpProfile::AEAD_AES_256_GCM => 32,
            _ => return None,
        };
        // The DTLS client's half of the material comes first.
        let which = usize::from(exported.client != (side == Side::Own));
        let part = |from: usize, len: usize| exported.material.get(from..from + len);
        let master = Master {
            crypto: CryptoProvider::get_default()?,
            key: part(which * key_len, key_len)?,
            salt: part(2 * key_len + which * SALT_LEN, SALT_LEN)?,
        };
        let (srtp, seals) = (master.crypto.srtp_provider, side == Side::Own);
        let aead = match key_len {
            16 => {
                Aead::Aes128(srtp.aead_aes_128_gcm().create_cipher(master.derive(key_label), seals))
            }
            _ => {
                Aead::Aes256(srtp.aead_aes_256_gcm().create_cipher(master.derive(key_label), seals))
            }
        };
        Some(Self { aead, salt: master.derive(salt_label) })
    }

    fn seal(&mut self, iv: &[u8; 12], aad: &[u8], plain: &[u8], sealed: &mut [u8]) -> bool {
        let outcome = match &mut self.aead {
            Aead::Aes128(cipher) => cipher.encrypt(iv, aad, plain, sealed),
            Aead::Aes256(cipher) => cipher.encrypt(iv, aad, plain, sealed),
        };
        outcome.is_ok()
    }

    fn open(&mut self, iv: &[u8; 12], aad: &[u8], sealed: &[u8], plain: &mut [u8]) -> bool {
        let outcome = match &mut self.aead {
            Aead::Aes128(cipher) => cipher.decrypt(iv, &[aad], sealed, plain),
            Aead::Aes256(cipher) => cipher.decrypt(iv, &[aad], sealed, plain),
        };
        outcome.is_ok()
    }
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

    #[test]
    fn what_one_side_seals_the_other_opens_and_nobody_may_touch() {
        str0m::crypto::from_feature_flags().install_process_default();
        for (profile, len) in
            [(SrtpProfile::AEAD_AES_128_GCM, 56), (SrtpProfile::AEAD_AES_256_GCM, 88)]
        {
            let side = |client| Exported { material: (0..len).collect(), profile, client };
            for seals in [true, false] {
                let mut opener = Opener::new(&side(!seals)).unwrap();
                let mut packet = vec![0x80, 111, 0, 7, 0, 0, 0, 1, 0, 0, 0, 9];
                assert!(Sealer::new(&side(seals)).unwrap().seal(9, 65_543, &mut packet, b"sound"));
                assert_eq!(packet.len(), 12 + 5 + Sealer::OVERHEAD);
                let mut payload = Vec::new();
                let mut open = |index, packet: &[u8], payload: &mut Vec<u8>| {
                    opener.open(9, index, (packet, 12), payload)
                };
                assert!(open(65_543, &packet, &mut payload));
                assert_eq!(payload, b"sound");
                assert!(!open(7, &packet, &mut payload), "another rollover");
                packet[14] ^= 1;
                assert!(!open(65_543, &packet, &mut payload));
                assert!(!open(65_543, &packet[..20], &mut payload));
                assert!(!open(65_543, &packet[..9], &mut payload));
            }
        }
    }

    #[test]
    fn control_packets_are_numbered() {
        str0m::crypto::from_feature_flags().install_process_default();
        let exported = Exported {
            material: vec![7; 56],
            profile: SrtpProfile::AEAD_AES_128_GCM,
            client: true,
        };
        let mut sealer = ControlSealer::new(&exported).unwrap();
        let report = [0x80, 201, 0, 1, 0, 0, 0, 9];
        for number in [0, 1] {
            let sealed = sealer.seal(&report).unwrap();
            assert_eq!(sealed[..8], report);
            assert_eq!(sealed[8 + TAG_LEN..], (ENCRYPTED | number).to_be_bytes());
        }
        assert_eq!(sealer.seal(&report[..7]), None);
    }
}
