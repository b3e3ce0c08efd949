//! SRTP of the light members: enough to encrypt what they send and to look into a part of what they
//! receive. AEAD profiles only (RFC 7714), which all that is measured here negotiates.
//!
//! The keys come from the DTLS of the WebRTC library (`keys`). The library never sees the media of a
//! light member, so no packet index is used twice under one key.

use anyhow::{Context, Result, bail};
use str0m::crypto::dtls::SrtpProfile;
use str0m::crypto::{AeadAes128Gcm, AeadAes128GcmCipher, AeadAes256GcmCipher, CryptoProvider};

use crate::keys::Exported;

/// Length of the authentication tag behind each packet.
pub const TAG_LEN: usize = AeadAes128Gcm::TAG_LEN;
const SALT_LEN: usize = 12;
/// The flag in front of an RTCP packet's number.
const ENCRYPTED: u32 = 1 << 31;

// Labels of RFC 3711 section 4.3.2.
const RTP_KEY: u8 = 0;
const RTP_SALT: u8 = 2;
const RTCP_KEY: u8 = 3;
const RTCP_SALT: u8 = 5;

/// Both directions of one connection.
pub struct Srtp {
    sends: Side,
    receives: Side,
    /// Number of the next RTCP packet.
    rtcp_index: u32,
}

impl Srtp {
    /// From what DTLS agreed on.
    pub fn new(exported: &Exported) -> Result<Self> {
        let provider = CryptoProvider::get_default().context("no crypto provider")?;
        let (mine, theirs) = if exported.client { (0, 1) } else { (1, 0) };
        Ok(Self {
            sends: Side::new(provider, exported, mine, true)?,
            receives: Side::new(provider, exported, theirs, false)?,
            rtcp_index: 0,
        })
    }

    /// Encrypts an RTP packet. `index`: its number without the wrap.
    pub fn protect(
        &mut self,
        header: &[u8],
        ssrc: u32,
        index: u64,
        payload: &[u8],
    ) -> Result<Vec<u8>> {
        let iv = rtp_iv(self.sends.rtp_salt, ssrc, index);
        let mut packet = header.to_vec();
        packet.resize(header.len() + payload.len() + TAG_LEN, 0);
        self.sends.rtp.encrypt(&iv, header, payload, &mut packet[header.len()..])?;
        Ok(packet)
    }

    /// Decrypts and authenticates an RTP packet into `payload`.
    pub fn unprotect(
        &mut self,
        packet: &[u8],
        header_len: usize,
        ssrc: u32,
        index: u64,
        payload: &mut Vec<u8>,
    ) -> Result<()> {
        let (header, sealed) = packet.split_at_checked(header_len).context("a short packet")?;
        payload.resize(sealed.len().checked_sub(TAG_LEN).context("a packet without tag")?, 0);
        let iv = rtp_iv(self.receives.rtp_salt, ssrc, index);
        self.receives.rtp.decrypt(&iv, &[header], sealed, payload)
    }

    /// Encrypts an RTCP packet.
    pub fn protect_rtcp(&mut self, packet: &[u8]) -> Result<Vec<u8>> {
        let (header, rest) = packet.split_at_checked(8).context("a short RTCP packet")?;
        let flagged = ENCRYPTED | self.rtcp_index;
        let iv = AeadAes128Gcm::rtcp_iv(self.sends.rtcp_salt, word(header, 4), self.rtcp_index);
        self.rtcp_index = (self.rtcp_index + 1) % ENCRYPTED;
        let aad = [header, &flagged.to_be_bytes()].concat();
        let mut sealed = header.to_vec();
        sealed.resize(packet.len() + TAG_LEN, 0);
        self.sends.rtcp.encrypt(&iv, &aad, rest, &mut sealed[8..])?;
        sealed.extend_from_slice(&flagged.to_be_bytes());
        Ok(sealed)
    }
}

fn rtp_iv(salt: [u8; SALT_LEN], ssrc: u32, index: u64) -> [u8; 12] {
    AeadAes128Gcm::rtp_iv(salt, ssrc, (index >> 16) as u32, index as u16)
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_be_bytes)
}

/// Ciphers and salts of one direction.
struct Side {
    rtp: Aead,
    rtp_salt: [u8; SALT_LEN],
    rtcp: Aead,
    rtcp_salt: [u8; SALT_LEN],
}

impl Side {
    /// `which`: 0 is the DTLS client's half of the material, 1 the server's (RFC 5764 section 4.2).
    fn new(
        crypto: &CryptoProvider,
        exported: &Exported,
        which: usize,
        seals: bool,
    ) -> Result<Self> {
        let key_len = match exported.profile {
            SrtpProfile::AEAD_AES_128_GCM => 16,
            SrtpProfile::AEAD_AES_256_GCM => 32,
            other => bail!("the light path knows AEAD profiles only, not {other:?}"),
        };
        let material = &exported.material;
        let part = |from: usize, len: usize| material.get(from..from + len).context("short keys");
        let key = part(which * key_len, key_len)?;
        let salt = part(2 * key_len + which * SALT_LEN, SALT_LEN)?;
        let master = Master { crypto, key, salt };
        Ok(Self {
            rtp: Aead::new(&master, RTP_KEY, seals),
            rtp_salt: master.derive(RTP_SALT),
            rtcp: Aead::new(&master, RTCP_KEY, seals),
            rtcp_salt: master.derive(RTCP_SALT),
        })
    }
}

/// A master key and its salt, which all session keys are derived from.
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

enum Aead {
    Aes128(Box<dyn AeadAes128GcmCipher>),
    Aes256(Box<dyn AeadAes256GcmCipher>),
}

impl Aead {
    fn new(master: &Master<'_>, label: u8, seals: bool) -> Self {
        let srtp = master.crypto.srtp_provider;
        match master.key.len() {
            16 => Self::Aes128(srtp.aead_aes_128_gcm().create_cipher(master.derive(label), seals)),
            _ => Self::Aes256(srtp.aead_aes_256_gcm().create_cipher(master.derive(label), seals)),
        }
    }

    fn encrypt(
        &mut self,
        iv: &[u8; 12],
        aad: &[u8],
        plain: &[u8],
        sealed: &mut [u8],
    ) -> Result<()> {
        match self {
            Self::Aes128(cipher) => cipher.encrypt(iv, aad, plain, sealed),
            Self::Aes256(cipher) => cipher.encrypt(iv, aad, plain, sealed),
        }
        .map_err(|error| anyhow::anyhow!("SRTP: {error}"))
    }

    fn decrypt(
        &mut self,
        iv: &[u8; 12],
        aads: &[&[u8]],
        sealed: &[u8],
        plain: &mut [u8],
    ) -> Result<()> {
        match self {
            Self::Aes128(cipher) => cipher.decrypt(iv, aads, sealed, plain),
            Self::Aes256(cipher) => cipher.decrypt(iv, aads, sealed, plain),
        }
        .map(|_| ())
        .map_err(|error| anyhow::anyhow!("SRTP: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    }

    /// RFC 3711 appendix B.3.
    #[test]
    fn session_keys_are_derived_as_the_standard_says() {
        crate::keys::install();
        let (key, salt) =
            (hex("E1F97A0D3E018BE0D64FA32C06DE4139"), hex("0EC675AD498AFEEBB6960B3AABE6"));
        let crypto = CryptoProvider::get_default().unwrap();
        let master = Master { crypto, key: &key, salt: &salt };
        assert_eq!(master.derive::<16>(0).to_vec(), hex("C61E7A93744F39EE10734AFE3FF7A087"));
        assert_eq!(master.derive::<14>(2).to_vec(), hex("30CBBC08863D8C85D49DB34A9AE1"));
    }

    #[test]
    fn what_one_side_seals_the_other_opens_and_nobody_may_touch() {
        crate::keys::install();
        for (profile, len) in
            [(SrtpProfile::AEAD_AES_128_GCM, 56), (SrtpProfile::AEAD_AES_256_GCM, 88)]
        {
            let side = |client| {
                let material = (0..len).collect();
                Srtp::new(&Exported { material, profile, client }).unwrap()
            };
            let (mut client, mut server) = (side(true), side(false));
            let header = [0x80, 111, 0, 7, 0, 0, 0, 1, 0, 0, 0, 9];
            let mut packet = client.protect(&header, 9, 65_543, b"sound").unwrap();
            let mut payload = Vec::new();
            server.unprotect(&packet, 12, 9, 65_543, &mut payload).unwrap();
            assert_eq!(payload, b"sound");
            assert!(server.unprotect(&packet, 12, 9, 7, &mut payload).is_err(), "another rollover");
            packet[14] ^= 1;
            assert!(server.unprotect(&packet, 12, 9, 65_543, &mut payload).is_err());
            assert!(server.unprotect(&packet[..20], 12, 9, 65_543, &mut payload).is_err());
        }
    }
}
