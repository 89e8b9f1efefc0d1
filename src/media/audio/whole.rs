//! Floating point to whole numbers, several samples at once.

/// 1.5 * 2^23: what is added to it leaves its whole part in the lowest bits.
const LARGE: f32 = 12_582_912.0;

/// The nearest whole number, for magnitudes below 2^22; of others, any. `as` looks at each sample for what is no number.
#[inline]
pub(super) fn whole(number: f32) -> i32 {
    (number + LARGE).to_bits().wrapping_sub(LARGE.to_bits()).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_nearest() {
        assert_eq!([0.0, -0.4, 0.6, -32768.0, 32767.0, 4_000_000.2].map(whole), [0, 0, 1, -32768, 32767, 4_000_000]);
        let _ = [f32::NAN, f32::INFINITY, f32::MIN].map(whole);
    }
}
