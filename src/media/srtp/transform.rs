//! What is done to a packet to make it secret, and to read it again (RFC 3711 3.1, 3.4, 4; RFC 7714). In place and without allocation.
//! The only file that knows the ciphers.

use super::{
    MasterKey, Suite,
    wipe::{Wiped, wipe},
};
use aes::{
    Aes128,
    cipher::{Block, BlockCipherEncrypt, KeyInit},
};
use aes_gcm::{Aes128Gcm, aead::AeadInOut};
use hmac::{Hmac, Mac};
use sha1::Sha1;

/// Octets at the front of RTCP that are not encrypted: header and SSRC of the first packet.
const REPORT_HEADER: usize = 8;
/// In front of the index of SRTCP: the packet is encrypted (RFC 3711 3.4).
const ENCRYPTED: u32 = 1 << 31;
/// Octets of the tag of AES-GCM (RFC 7714 13).
const GCM_TAG: usize = 16;
/// Octets of the HMAC-SHA1 tag of RTCP, whatever that of RTP is (RFC 4568 6.2).
const REPORT_TAG: usize = 10;
/// Blocks of key stream that are made together.
const STRIDE: usize = 8;

/// The session keys that come of one master key.
pub(super) struct Transform {
    rtp: Cipher,
    rtcp: Cipher,
    /// Octets of the master key identifier in packets.
    mki: usize,
}

#[allow(clippy::large_enum_variant, reason = "a context is boxed as a whole")]
enum Cipher {
    /// AES in counter mode, HMAC-SHA1 with a tag of that many octets.
    Counter { aes: Aes128, salt: u128, mac: Hmac<Sha1>, tag: usize },
    /// AES-GCM.
    Gcm { gcm: Aes128Gcm, salt: [u8; 12] },
}

impl Transform {
    pub(super) fn new(key: &MasterKey) -> Self {
        let tag = if key.suite() == Suite::AesCm128HmacSha1_32 { 4 } else { 10 };
        Self { rtp: Cipher::derive(key, 0, tag), rtcp: Cipher::derive(key, 3, REPORT_TAG), mki: key.mki() }
    }

    /// Encrypts the RTP packet that begins at `start` and goes to the end. `index`: rollover counter and sequence number.
    pub(super) fn seal(&self, packet: &mut Vec<u8>, start: usize, index: u64) {
        let Some((header, ssrc)) = rtp_header(&packet[start..]) else { return };
        let rollover = ((index >> 16) as u32).to_be_bytes();
        let (head, body) = packet[start..].split_at_mut(header);
        match &self.rtp {
            Cipher::Counter { aes, salt, mac, tag } => {
                apply(aes, vector(*salt, ssrc, index), body);
                let mac = mac.clone().chain_update(&packet[start..]).chain_update(rollover).finalize().into_bytes();
                packet.extend_from_slice(&mac[..*tag]);
            }
            Cipher::Gcm { gcm, salt } => {
                if let Ok(tag) = gcm.encrypt_inout_detached(&rtp_nonce(salt, ssrc, index).into(), head, body.into()) {
                    packet.extend_from_slice(&tag);
                }
            }
        }
    }

    /// Proves and decrypts an RTP packet; how long it is then. `None`, and the packet as it was: it was not made with this key and index.
    pub(super) fn open(&self, packet: &mut [u8], index: u64) -> Option<usize> {
        let (header, ssrc) = rtp_header(packet)?;
        let rollover = ((index >> 16) as u32).to_be_bytes();
        match &self.rtp {
            Cipher::Counter { aes, salt, mac, tag } => {
                let (rest, tag) = packet.split_at_mut_checked(packet.len().checked_sub(*tag)?)?;
                let end = rest.len().checked_sub(self.mki)?;
                let body = rest.get_mut(..end)?;
                let proof = mac.clone().chain_update(&*body).chain_update(rollover);
                proof.verify_truncated_left(tag).ok()?;
                apply(aes, vector(*salt, ssrc, index), body.get_mut(header..)?);
                Some(end)
            }
            Cipher::Gcm { gcm, salt } => {
                let end = packet.len().checked_sub(self.mki + GCM_TAG)?;
                let (head, rest) = packet.split_at_mut(header);
                let (body, rest) = rest.split_at_mut_checked(end.checked_sub(header)?)?;
                let tag: &[u8; GCM_TAG] = rest.first_chunk()?;
                let nonce = rtp_nonce(salt, ssrc, index).into();
                gcm.decrypt_inout_detached(&nonce, head, body.into(), tag.into()).ok()?;
                Some(end)
            }
        }
    }

    /// Encrypts the RTCP packet that begins at `start` and goes to the end. `index`: 31 bits.
    pub(super) fn seal_report(&self, packet: &mut Vec<u8>, start: usize, index: u32) {
        let Some(ssrc) = word(&packet[start..], 4) else { return };
        let trailer = (index | ENCRYPTED).to_be_bytes();
        let (head, body) = packet[start..].split_at_mut(REPORT_HEADER);
        match &self.rtcp {
            Cipher::Counter { aes, salt, mac, tag } => {
                apply(aes, vector(*salt, ssrc, u64::from(index)), body);
                packet.extend_from_slice(&trailer);
                let mac = mac.clone().chain_update(&packet[start..]).finalize().into_bytes();
                packet.extend_from_slice(&mac[..*tag]);
            }
            Cipher::Gcm { gcm, salt } => {
                let nonce = report_nonce(salt, ssrc, index).into();
                if let Ok(tag) = gcm.encrypt_inout_detached(&nonce, &known(head, trailer), body.into()) {
                    packet.extend_from_slice(&tag);
                    packet.extend_from_slice(&trailer);
                }
            }
        }
    }

    /// The index that an RTCP packet says it has; `None`: it is too short, or not encrypted, which is not agreed on.
    pub(super) fn report_index(&self, packet: &[u8]) -> Option<u32> {
        let behind = match &self.rtcp {
            Cipher::Counter { tag, .. } => self.mki + *tag,
            Cipher::Gcm { .. } => self.mki,
        };
        let trailer = word(packet, packet.len().checked_sub(behind + 4)?)?;
        (trailer & ENCRYPTED != 0).then_some(trailer & !ENCRYPTED)
    }

    /// As `open`, for an RTCP packet with the index that it says.
    pub(super) fn open_report(&self, packet: &mut [u8], index: u32) -> Option<usize> {
        let ssrc = word(packet, 4)?;
        let trailer = (index | ENCRYPTED).to_be_bytes();
        match &self.rtcp {
            Cipher::Counter { aes, salt, mac, tag } => {
                let (rest, tag) = packet.split_at_mut_checked(packet.len().checked_sub(*tag)?)?;
                let proven = rest.len().checked_sub(self.mki)?;
                mac.clone().chain_update(&rest[..proven]).verify_truncated_left(tag).ok()?;
                let end = proven.checked_sub(4)?;
                apply(aes, vector(*salt, ssrc, u64::from(index)), rest.get_mut(REPORT_HEADER..end)?);
                Some(end)
            }
            Cipher::Gcm { gcm, salt } => {
                let end = packet.len().checked_sub(self.mki + 4 + GCM_TAG)?;
                let (head, rest) = packet.split_at_mut_checked(REPORT_HEADER)?;
                let (body, rest) = rest.split_at_mut_checked(end.checked_sub(REPORT_HEADER)?)?;
                let tag: &[u8; GCM_TAG] = rest.first_chunk()?;
                let nonce = report_nonce(salt, ssrc, index).into();
                gcm.decrypt_inout_detached(&nonce, &known(head, trailer), body.into(), tag.into()).ok()?;
                Some(end)
            }
        }
    }
}

impl Drop for Cipher {
    fn drop(&mut self) {
        // The keys wipe themselves.
        match self {
            Self::Counter { salt, .. } => wipe(salt),
            Self::Gcm { salt, .. } => wipe(salt),
        }
    }
}

impl Cipher {
    /// The keys with three labels from `label` on (RFC 3711 4.3.2); the same function makes those of GCM (RFC 7714 11).
    fn derive(master: &MasterKey, label: u8, tag: usize) -> Self {
        let (key, salt) = master.parts();
        let source = Aes128::new((&*key).into());
        let mut padded = [0; 16];
        padded[..salt.len()].copy_from_slice(&salt);
        let salt = u128::from_be_bytes(padded);
        let derive = |label: u8, out: &mut [u8]| apply(&source, salt ^ (u128::from(label) << 64), out);
        let (mut cipher_key, mut mac_key, mut session_salt) = (Wiped::new([0; 16]), Wiped::new([0; 20]), [0; 16]);
        derive(label, &mut *cipher_key);
        match master.suite() {
            Suite::AesCm128HmacSha1_80 | Suite::AesCm128HmacSha1_32 => {
                derive(label + 1, &mut *mac_key);
                derive(label + 2, &mut session_salt[..14]);
                Self::Counter {
                    aes: Aes128::new((&*cipher_key).into()),
                    salt: u128::from_be_bytes(session_salt),
                    mac: hmac(&mac_key),
                    tag,
                }
            }
            Suite::AeadAes128Gcm => {
                let mut salt = [0; 12];
                derive(label + 2, &mut salt);
                Self::Gcm { gcm: Aes128Gcm::new((&*cipher_key).into()), salt }
            }
        }
    }
}

fn hmac(key: &[u8; 20]) -> Hmac<Sha1> {
    <Hmac<Sha1> as hmac::digest::KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length")
}

/// Where the payload of an RTP packet begins, and who sent it. CSRCs and extension are not secret (RFC 3711 3.1).
fn rtp_header(packet: &[u8]) -> Option<(usize, u32)> {
    let first = *packet.first()?;
    let mut length = 12 + 4 * usize::from(first & 0x0F);
    if first & 0x10 != 0 {
        length += 4 + 4 * (word(packet, length)? & 0xFFFF) as usize;
    }
    (packet.len() >= length).then_some((length, word(packet, 8)?))
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// The first counter block (RFC 3711 4.1.1); the salt stands at the upper 112 bits.
fn vector(salt: u128, ssrc: u32, index: u64) -> u128 {
    salt ^ (u128::from(ssrc) << 64) ^ (u128::from(index) << 16)
}

/// RFC 7714 8.1.
fn rtp_nonce(salt: &[u8; 12], ssrc: u32, index: u64) -> [u8; 12] {
    nonce(salt, ssrc, index)
}

/// RFC 7714 9.1.
fn report_nonce(salt: &[u8; 12], ssrc: u32, index: u32) -> [u8; 12] {
    nonce(salt, ssrc, u64::from(index))
}

fn nonce(salt: &[u8; 12], ssrc: u32, index: u64) -> [u8; 12] {
    let plain = ((u128::from(ssrc) << 48) | u128::from(index)).to_be_bytes();
    std::array::from_fn(|at| plain[4 + at] ^ salt[at])
}

/// What is proven without being secret in RTCP: its header, and the word at its end (RFC 7714 9.2).
fn known(head: &[u8], trailer: [u8; 4]) -> [u8; REPORT_HEADER + 4] {
    let mut known = [0; REPORT_HEADER + 4];
    known[..REPORT_HEADER].copy_from_slice(head);
    known[REPORT_HEADER..].copy_from_slice(&trailer);
    known
}

/// AES in counter mode: encrypts and decrypts.
fn apply(aes: &Aes128, mut counter: u128, data: &mut [u8]) {
    for piece in data.chunks_mut(16 * STRIDE) {
        let mut stream = [Block::<Aes128>::default(); STRIDE];
        let stream = &mut stream[..piece.len().div_ceil(16)];
        for block in &mut *stream {
            *block = counter.to_be_bytes().into();
            counter = counter.wrapping_add(1);
        }
        aes.encrypt_blocks(stream);
        for (octets, key) in piece.chunks_mut(16).zip(stream) {
            octets.iter_mut().zip(key.iter()).for_each(|(octet, key)| *octet ^= key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.chars().filter_map(|c| c.to_digit(16)).map(|digit| digit as u8).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    }

    #[test]
    fn keys_are_derived_as_rfc_3711_b_3_says() {
        let source = Aes128::new(&<[u8; 16]>::try_from(hex("E1F97A0D3E018BE0D64FA32C06DE4139")).unwrap().into());
        let mut salt = [0; 16];
        salt[..14].copy_from_slice(&hex("0EC675AD498AFEEBB6960B3AABE6"));
        let derive = |label: u128, length: usize| {
            let mut out = vec![0; length];
            apply(&source, u128::from_be_bytes(salt) ^ (label << 64), &mut out);
            out
        };
        assert_eq!(derive(0, 16), hex("C61E7A93744F39EE10734AFE3FF7A087"));
        assert_eq!(derive(2, 14), hex("30CBBC08863D8C85D49DB34A9AE1"));
        assert_eq!(derive(1, 20), hex("CEBE321F6FF7716B6FD4AB49AF256A156D38BAA4"));
    }

    #[test]
    fn the_key_stream_is_that_of_rfc_3711_b_2() {
        let aes = Aes128::new(&<[u8; 16]>::try_from(hex("2B7E151628AED2A6ABF7158809CF4F3C")).unwrap().into());
        let mut out = vec![0; 16 * 0xFF02];
        apply(&aes, u128::from_be_bytes(hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000").try_into().unwrap()), &mut out);
        assert_eq!(out[..16], hex("E03EAD0935C95E80E166B16DD92B4EB4"));
        assert_eq!(out[16..32], hex("D23513162B02D0F72A43A2FE4A5F97AB"));
        assert_eq!(out[16 * 0xFF00..16 * 0xFF01], hex("362B7C3C6773516318A077D7FC5073AE"));
    }

    /// The vectors that libsrtp tests itself with.
    #[test]
    fn packets_look_as_others_make_them() {
        let plain = "800F1234DECAFBADCAFEBABE ABABABABABABABABABABABABABABABAB";
        let suites = [
            (
                Suite::AesCm128HmacSha1_80,
                "E1F97A0D3E018BE0D64FA32C06DE4139 0EC675AD498AFEEBB6960B3AABE6",
                "800F1234DECAFBADCAFEBABE 4E55DC4CE79978D88CA4D215949D2402 B78D6ACC99EA179B8DBB",
            ),
            (
                Suite::AeadAes128Gcm,
                "000102030405060708090A0B0C0D0E0F A0A1A2A3A4A5A6A7A8A9AAAB",
                "800F1234DECAFBADCAFEBABE C5002EDE04CFDD2EB91159E0880AA06E D2976826F796B201DF3131A127E8A392",
            ),
        ];
        for (suite, key, sealed) in suites {
            let transform = Transform::new(&MasterKey::new(suite, &hex(key), 0).unwrap());
            let mut packet = hex(plain);
            transform.seal(&mut packet, 0, 0x1234);
            assert_eq!(packet, hex(sealed), "{suite:?}");
            assert_eq!(transform.open(&mut packet, 0x1234), Some(28));
            assert_eq!(packet[..28], hex(plain));
        }
    }

    #[test]
    fn a_packet_that_was_touched_anywhere_is_refused_and_left_as_it_is() {
        for suite in Suite::ALL {
            let transform = Transform::new(&MasterKey::new(suite, &vec![7; 16 + suite.salt_length()], 0).unwrap());
            let mut sealed = vec![0x80, 0, 0, 9, 0, 0, 0, 0, 1, 2, 3, 4];
            sealed.extend([0x55; 40]);
            let mut report = sealed.clone();
            transform.seal(&mut sealed, 0, 9);
            transform.seal_report(&mut report, 0, 9);
            assert_eq!(transform.report_index(&report), Some(9));
            for at in 0..sealed.len() {
                let mut touched = sealed.clone();
                touched[at] ^= 1;
                let before = touched.clone();
                assert_eq!(transform.open(&mut touched, 9), None, "{suite:?} {at}");
                assert_eq!(touched, before);
            }
            for at in 0..report.len() {
                let mut touched = report.clone();
                touched[at] ^= 1;
                let index = transform.report_index(&touched);
                assert_eq!(index.and_then(|index| transform.open_report(&mut touched, index)), None, "{suite:?} {at}");
            }
            assert_eq!(transform.open(&mut sealed.clone(), 9 + (1 << 16)), None);
            for short in 0..sealed.len() {
                assert_eq!(transform.open(&mut sealed[..short].to_vec(), 9), None);
                assert_eq!(transform.open_report(&mut report[..short.min(report.len())].to_vec(), 9), None);
            }
            assert_eq!(transform.open(&mut sealed, 9), Some(52));
            assert_eq!(transform.open_report(&mut report, 9), Some(52));
            assert_eq!(sealed[..52], report[..52]);
        }
    }

    #[test]
    fn an_identifier_of_the_key_is_passed_over() {
        for suite in Suite::ALL {
            let octets = vec![7; 16 + suite.salt_length()];
            let plain = Transform::new(&MasterKey::new(suite, &octets, 0).unwrap());
            let marked = Transform::new(&MasterKey::new(suite, &octets, 2).unwrap());
            let (tag, report_tag) = match suite {
                Suite::AesCm128HmacSha1_80 => (10, 10),
                Suite::AesCm128HmacSha1_32 => (4, 10),
                Suite::AeadAes128Gcm => (0, 4),
            };
            let mut sealed = vec![0x80; 60];
            sealed[0] = 0x80;
            let mut report = sealed.clone();
            plain.seal(&mut sealed, 0, 3);
            plain.seal_report(&mut report, 0, 3);
            let insert = |packet: &mut Vec<u8>, before_end: usize| {
                let at = packet.len() - before_end;
                packet.splice(at..at, [0xAB, 0xCD]);
            };
            insert(&mut sealed, tag);
            // In AES-GCM the identifier comes after the index (RFC 7714 9.3).
            insert(&mut report, if suite == Suite::AeadAes128Gcm { 0 } else { report_tag });
            assert_eq!(marked.open(&mut sealed, 3), Some(60), "{suite:?}");
            assert_eq!(marked.report_index(&report), Some(3), "{suite:?}");
            assert_eq!(marked.open_report(&mut report, 3), Some(60), "{suite:?}");
        }
    }
}
