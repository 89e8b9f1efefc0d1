//! G.711, both laws, by table. Bit-exact with the reference of ITU-T G.191.

/// u-law.
pub mod ulaw {
    use super::{compress_ulaw, expand_ulaw};

    static EXPAND: [i16; 256] = {
        let mut table = [0; 256];
        let mut code = 0;
        while code < 256 {
            table[code] = expand_ulaw(code as u8);
            code += 1;
        }
        table
    };

    /// One code for each value of the upper 14 bits.
    static COMPRESS: [u8; 1 << 14] = {
        let mut table = [0; 1 << 14];
        let mut index = 0;
        while index < table.len() {
            table[index] = compress_ulaw(((index << 2) as u16).cast_signed());
            index += 1;
        }
        table
    };

    /// What a code sounds like.
    #[inline]
    pub fn decode(code: u8) -> i16 {
        EXPAND[usize::from(code)]
    }

    /// The code nearest to a sample.
    #[inline]
    pub fn encode(sample: i16) -> u8 {
        COMPRESS[usize::from(sample.cast_unsigned() >> 2)]
    }
}

/// A-law.
pub mod alaw {
    use super::{compress_alaw, expand_alaw};

    static EXPAND: [i16; 256] = {
        let mut table = [0; 256];
        let mut code = 0;
        while code < 256 {
            table[code] = expand_alaw(code as u8);
            code += 1;
        }
        table
    };

    /// One code for each value of the upper 12 bits.
    static COMPRESS: [u8; 1 << 12] = {
        let mut table = [0; 1 << 12];
        let mut index = 0;
        while index < table.len() {
            table[index] = compress_alaw(((index << 4) as u16).cast_signed());
            index += 1;
        }
        table
    };

    /// What a code sounds like.
    #[inline]
    pub fn decode(code: u8) -> i16 {
        EXPAND[usize::from(code)]
    }

    /// The code nearest to a sample.
    #[inline]
    pub fn encode(sample: i16) -> u8 {
        COMPRESS[usize::from(sample.cast_unsigned() >> 4)]
    }
}

/// G.711 table 2: sign, three bits of segment, four of step, all inverted; bias 33 at 14 bits.
const fn compress_ulaw(sample: i16) -> u8 {
    let magnitude = (if sample < 0 { !sample } else { sample } >> 2) as u16 + 33;
    let magnitude = if magnitude > 0x1FFF { 0x1FFF } else { magnitude };
    let segment = 10 - magnitude.leading_zeros() as u16;
    let step = (magnitude >> (segment + 1)) & 0xF;
    let code = !((segment << 4 | step) as u8) & 0x7F;
    if sample < 0 { code } else { code | 0x80 }
}

const fn expand_ulaw(code: u8) -> i16 {
    let inverted = !code;
    let segment = (inverted >> 4) & 7;
    let step = (inverted & 0xF) as i16;
    let width = 8 << segment;
    let magnitude = (0x80 << segment) + width * step + width / 2 - 4 * 33;
    if code < 0x80 { -magnitude } else { magnitude }
}

/// G.711 table 1: sign, three bits of segment, four of step, every second bit inverted; 12 bits and sign.
const fn compress_alaw(sample: i16) -> u8 {
    let magnitude = (if sample < 0 { !sample } else { sample } >> 4) as u16;
    let code = if magnitude < 32 {
        magnitude as u8
    } else {
        let segment = 12 - magnitude.leading_zeros() as u16;
        ((segment << 4) + (magnitude >> (segment - 1)) - 16) as u8
    };
    (if sample < 0 { code } else { code | 0x80 }) ^ 0x55
}

const fn expand_alaw(code: u8) -> i16 {
    let plain = (code ^ 0x55) & 0x7F;
    let segment = plain >> 4;
    let step = (plain & 0xF) as i16;
    let magnitude = if segment == 0 { (step << 4) + 8 } else { ((step + 16) << 4 | 8) << (segment - 1) };
    if code & 0x80 == 0 { -magnitude } else { magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_and_the_middle_are_those_of_the_standard() {
        let ulaw = [(0, 0xFF), (-1, 0x7F), (i16::MAX, 0x80), (i16::MIN, 0x00), (1000, 0xCE), (-1000, 0x4E)];
        assert_eq!(ulaw.map(|(sample, _)| ulaw::encode(sample)), ulaw.map(|(_, code)| code));
        let alaw = [(0, 0xD5), (-1, 0x55), (i16::MAX, 0xAA), (i16::MIN, 0x2A), (1000, 0xFA), (-1000, 0x7A)];
        assert_eq!(alaw.map(|(sample, _)| alaw::encode(sample)), alaw.map(|(_, code)| code));
        assert_eq!([0xFF, 0x7F, 0x80, 0x00].map(ulaw::decode), [0, 0, 32124, -32124]);
        assert_eq!([0xD5, 0x55, 0xAA, 0x2A].map(alaw::decode), [8, -8, 32256, -32256]);
    }

    #[test]
    fn every_code_survives_decoding_and_encoding() {
        for code in 0..=255 {
            assert_eq!(alaw::encode(alaw::decode(code)), code);
            // u-law has two zeros; the negative one becomes the positive.
            let expected = if code == 0x7F { 0xFF } else { code };
            assert_eq!(ulaw::encode(ulaw::decode(code)), expected);
        }
    }

    #[test]
    fn the_error_is_at_most_half_a_step() {
        for sample in i16::MIN..=i16::MAX {
            let magnitude = i32::from(sample).abs();
            let half = |least: i32, bias: i32| ((magnitude + bias) / 32).max(least) + 4;
            let clipped = |top: i32| i32::from(sample).clamp(-top, top);
            assert!((clipped(32124) - i32::from(ulaw::decode(ulaw::encode(sample)))).abs() <= half(4, 132), "{sample}");
            assert!(
                (clipped(32256) - i32::from(alaw::decode(alaw::encode(sample)))).abs() <= half(8, 0) + 8,
                "{sample}"
            );
        }
    }
}
