//! G.711, both laws. Bit-exact with the reference of ITU-T G.191.
//!
//! A code is a small floating-point number: sign, three bits of exponent, four of fraction. So the machine's own floating-point
//! numbers do the work, without tables and for several samples at once.

/// Exponent and fraction begin here in an `f32`: of 23 bits of fraction the upper four are kept.
const SHIFT: u32 = 23 - 4;
/// What is put behind a fraction that was cut off: half a step.
const HALF: u32 = 1 << (SHIFT - 1);
/// 32 as an `f32`, cut to exponent and fraction: code 0 of u-law, code 32 of A-law.
const ORIGIN: u32 = (127 + 5) << 4;

/// u-law: G.711 table 2. 14 bits, to which 33 are added, and all bits inverted.
pub mod ulaw {
    use super::{super::whole::whole, HALF, ORIGIN, SHIFT};

    /// What a code sounds like.
    #[inline]
    pub fn decode(code: u8) -> i16 {
        let number = f32::from_bits((((u32::from(!code) & 0x7F) + ORIGIN) << SHIFT) | HALF);
        let magnitude = (whole(number) - 33) << 2;
        (if code < 0x80 { -magnitude } else { magnitude }) as i16
    }

    /// The code nearest to a sample.
    #[inline]
    pub fn encode(sample: i16) -> u8 {
        let sign = sample >> 15;
        let magnitude = (i32::from(sample ^ sign) >> 2) + 33;
        let number = (magnitude.min(0x1FFF) as f32).to_bits();
        let code = (number >> SHIFT) - ORIGIN;
        !(code as u8 | sign as u8 & 0x80)
    }
}

/// A-law: G.711 table 1. 12 bits and a sign, the lowest 32 steps of equal width, and every second bit inverted.
pub mod alaw {
    use super::{super::whole::whole, HALF, ORIGIN, SHIFT};

    /// What a code sounds like.
    #[inline]
    pub fn decode(code: u8) -> i16 {
        let plain = u32::from(code ^ 0x55) & 0x7F;
        let number = f32::from_bits(((plain + ORIGIN - 32) << SHIFT) | HALF);
        let curved = whole(number * 16.0);
        let straight = (plain << 4 | 8) as i32;
        let magnitude = if plain < 32 { straight } else { curved };
        (if code & 0x80 == 0 { -magnitude } else { magnitude }) as i16
    }

    /// The code nearest to a sample.
    #[inline]
    pub fn encode(sample: i16) -> u8 {
        let sign = sample >> 15;
        let magnitude = i32::from(sample ^ sign) >> 4;
        let curved = ((magnitude as f32).to_bits() >> SHIFT).wrapping_sub(ORIGIN - 32);
        let code = if magnitude < 32 { magnitude.cast_unsigned() } else { curved };
        (code as u8 | !sign as u8 & 0x80) ^ 0x55
    }
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

    #[test]
    fn floating_point_says_the_same_as_shifts() {
        for sample in i16::MIN..=i16::MAX {
            assert_eq!(ulaw::encode(sample), integer_ulaw(sample), "{sample}");
            assert_eq!(alaw::encode(sample), integer_alaw(sample), "{sample}");
        }
        for code in 0..=255 {
            assert_eq!(ulaw::decode(code), expand_ulaw(code), "{code}");
            assert_eq!(alaw::decode(code), expand_alaw(code), "{code}");
        }
    }

    /// By shifts, as G.711 table 2 has it: sign, three bits of segment, four of step, all inverted; bias 33 at 14 bits.
    fn integer_ulaw(sample: i16) -> u8 {
        let magnitude = (if sample < 0 { !sample } else { sample } >> 2) as u16 + 33;
        let magnitude = if magnitude > 0x1FFF { 0x1FFF } else { magnitude };
        let segment = 10 - magnitude.leading_zeros() as u16;
        let step = (magnitude >> (segment + 1)) & 0xF;
        let code = !((segment << 4 | step) as u8) & 0x7F;
        if sample < 0 { code } else { code | 0x80 }
    }

    fn expand_ulaw(code: u8) -> i16 {
        let inverted = !code;
        let segment = (inverted >> 4) & 7;
        let step = (inverted & 0xF) as i16;
        let width = 8 << segment;
        let magnitude = (0x80 << segment) + width * step + width / 2 - 4 * 33;
        if code < 0x80 { -magnitude } else { magnitude }
    }

    /// By shifts, as G.711 table 1 has it: sign, three bits of segment, four of step, every second bit inverted; 12 bits and sign.
    fn integer_alaw(sample: i16) -> u8 {
        let magnitude = (if sample < 0 { !sample } else { sample } >> 4) as u16;
        let code = if magnitude < 32 {
            magnitude as u8
        } else {
            let segment = 12 - magnitude.leading_zeros() as u16;
            ((segment << 4) + (magnitude >> (segment - 1)) - 16) as u8
        };
        (if sample < 0 { code } else { code | 0x80 }) ^ 0x55
    }

    fn expand_alaw(code: u8) -> i16 {
        let plain = (code ^ 0x55) & 0x7F;
        let segment = plain >> 4;
        let step = (plain & 0xF) as i16;
        let magnitude = if segment == 0 { (step << 4) + 8 } else { ((step + 16) << 4 | 8) << (segment - 1) };
        if code & 0x80 == 0 { -magnitude } else { magnitude }
    }
}
