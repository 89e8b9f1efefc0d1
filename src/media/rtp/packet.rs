//! An RTP packet (RFC 3550 5.1). The only file that knows the crate `rtp`.

use rtp::header::Header;
use webrtc_util::marshal::{Marshal, Unmarshal};

/// Octets of the header that we send: no CSRC, no extension.
pub const HEADER: usize = 12;

/// Comfort noise (RFC 3389), static payload type.
pub const COMFORT_NOISE: u8 = 13;

/// A packet, read from or to be written into a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The first of a talkspurt, or of a digit.
    pub marker: bool,
    /// What `payload` is, by the numbers of the session; 0 to 127.
    pub payload_type: u8,
    /// Goes up by one with each packet of a source.
    pub sequence: u16,
    /// When `payload` begins, in ticks of the codec's clock.
    pub timestamp: u32,
    /// Who sends.
    pub ssrc: u32,
    /// Without padding.
    pub payload: &'a [u8],
}

/// Why a datagram is not an RTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Ends before its header, its extension or its padding does.
    #[error("too short")]
    Short,
    /// Another version than 2.
    #[error("not version 2")]
    Version,
    /// Its payload type is one that RTCP would have (RFC 5761 4).
    #[error("RTCP where RTP belongs")]
    Report,
}

impl<'a> Packet<'a> {
    /// Reads a datagram, in place and without allocation. CSRCs and extensions are passed over.
    pub fn read(datagram: &'a [u8]) -> Result<Self, Malformed> {
        let mut fixed: [u8; HEADER] = *datagram.first_chunk().ok_or(Malformed::Short)?;
        let (padded, extended, sources) = (fixed[0] & 0x20 != 0, fixed[0] & 0x10 != 0, usize::from(fixed[0] & 0x0F));
        // The crate allocates for CSRCs and extensions, and panics on an extension that overruns the packet: it sees neither.
        fixed[0] &= 0xC0;
        let header = Header::unmarshal(&mut &fixed[..]).map_err(|_| Malformed::Short)?;
        if header.version != 2 {
            return Err(Malformed::Version);
        }
        if header.marker && (64..96).contains(&header.payload_type) {
            return Err(Malformed::Report);
        }
        let mut payload = datagram.get(HEADER + 4 * sources..).ok_or(Malformed::Short)?;
        if extended {
            let [_, _, high, low] = *payload.first_chunk().ok_or(Malformed::Short)?;
            let words = usize::from(u16::from_be_bytes([high, low]));
            payload = payload.get(4 + 4 * words..).ok_or(Malformed::Short)?;
        }
        if padded {
            let padding = usize::from(*payload.last().ok_or(Malformed::Short)?);
            let end = payload.len().checked_sub(padding).filter(|_| padding > 0).ok_or(Malformed::Short)?;
            payload = &payload[..end];
        }
        Ok(Self {
            marker: header.marker,
            payload_type: header.payload_type,
            sequence: header.sequence_number,
            timestamp: header.timestamp,
            ssrc: header.ssrc,
            payload,
        })
    }

    /// Appends the packet to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.header());
        out.extend_from_slice(self.payload);
    }

    /// The header alone.
    pub fn header(&self) -> [u8; HEADER] {
        let header = Header {
            version: 2,
            marker: self.marker,
            payload_type: self.payload_type & 0x7F,
            sequence_number: self.sequence,
            timestamp: self.timestamp,
            ssrc: self.ssrc,
            ..Header::default()
        };
        let mut bytes = [0; HEADER];
        header.marshal_to(&mut bytes).expect("a header without CSRC and extension has 12 octets");
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PLAIN: Packet<'_> =
        Packet { marker: true, payload_type: 8, sequence: 0xFFFE, timestamp: 7, ssrc: 0xDEAD_BEEF, payload: b"sound" };

    fn bytes(packet: &Packet<'_>) -> Vec<u8> {
        let mut bytes = Vec::new();
        packet.write(&mut bytes);
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        assert_eq!(bytes(&PLAIN)[..4], [0x80, 0x88, 0xFF, 0xFE]);
        assert_eq!(Packet::read(&bytes(&PLAIN)), Ok(PLAIN));
    }

    #[test]
    fn sources_extension_and_padding_are_not_payload() {
        let mut datagram = bytes(&Packet { payload: &[], ..PLAIN });
        datagram[0] |= 0x20 | 0x10 | 2;
        datagram.extend([0; 8]);
        datagram.extend([0xBE, 0xDE, 0, 1, 0x10, 9, 0, 0]);
        datagram.extend(b"sound\0\0\x03");
        assert_eq!(Packet::read(&datagram), Ok(PLAIN));
    }

    #[test]
    fn lengths_that_lie_are_refused() {
        let whole = bytes(&PLAIN);
        assert_eq!(Packet::read(&whole[..11]), Err(Malformed::Short));
        let lie = |first: u8, tail: &[u8]| {
            let mut datagram = bytes(&Packet { payload: tail, ..PLAIN });
            datagram[0] = first;
            Packet::read(&datagram).map(|packet| packet.payload.len())
        };
        assert_eq!(lie(0x40, b""), Err(Malformed::Version));
        assert_eq!(lie(0x8F, &[0; 59]), Err(Malformed::Short));
        assert_eq!(lie(0x90, &[0xBE, 0xDE, 0, 1, 0x1F, 1, 1]), Err(Malformed::Short));
        assert_eq!(lie(0xA0, b""), Err(Malformed::Short));
        assert_eq!(lie(0xA0, &[0]), Err(Malformed::Short));
        assert_eq!(lie(0xA0, &[0, 3]), Err(Malformed::Short));
        assert_eq!(lie(0xA0, &[0, 2]), Ok(0));
    }

    #[test]
    fn a_report_is_not_taken_for_sound() {
        let report = [0x80, 200, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0];
        assert_eq!(Packet::read(&report), Err(Malformed::Report));
    }

    proptest! {
        #[test]
        fn the_crate_reads_the_same_from_whatever_it_can_read(
            datagram in prop::collection::vec(any::<u8>(), 0..200),
            plain in any::<bool>(),
        ) {
            let mut datagram = datagram;
            // An extension may make the crate panic.
            if let Some(first) = datagram.first_mut() {
                *first &= if plain { 0xA1 } else { 0xAF };
                *first |= 0x80;
            }
            let theirs = rtp::packet::Packet::unmarshal(&mut &datagram[..]);
            match (Packet::read(&datagram), theirs) {
                (Ok(ours), Ok(theirs)) => {
                    prop_assert_eq!(ours.payload, &theirs.payload[..]);
                    let header = theirs.header;
                    prop_assert_eq!(
                        (ours.marker, ours.payload_type, ours.sequence, ours.timestamp, ours.ssrc),
                        (header.marker, header.payload_type, header.sequence_number, header.timestamp, header.ssrc)
                    );
                }
                (Err(Malformed::Report), _) | (Err(_), Err(_)) => {}
                // The crate takes padding of 0 octets, which RFC 3550 5.1 does not know.
                (Err(_), Ok(theirs)) => prop_assert!(theirs.header.padding && datagram.last() == Some(&0)),
                (Ok(ours), Err(error)) => prop_assert!(false, "{:?} but {}", ours, error),
            }
        }

        #[test]
        fn nothing_panics(datagram in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = Packet::read(&datagram);
        }
    }
}
