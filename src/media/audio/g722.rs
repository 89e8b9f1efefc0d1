//! G.722 at 64 kbit/s (ITU-T G.722, mode 1): two bands of 8000 samples a second, each by adaptive differences, the lower with six
//! bits a sample and the upper with two. The names of the blocks are those of the recommendation.
//!
//! Where 8000 samples a second are enough, the lower band alone is the sound: no filter, half the work.

/// One direction of a stream from its beginning, to payload.
#[derive(Clone, Debug)]
pub struct Encoder {
    low: Band,
    high: Band,
    filter: Filter,
}

/// One direction of a stream from its beginning, to sound.
#[derive(Clone, Debug)]
pub struct Decoder {
    low: Band,
    high: Band,
    filter: Filter,
}

impl Encoder {
    /// Nothing heard yet.
    pub fn new() -> Self {
        Self { low: Band::new(LOW_START), high: Band::new(HIGH_START), filter: Filter::default() }
    }

    /// Appends the payload for sound of 16000 samples a second: an octet for each two.
    pub fn encode(&mut self, sound: &[i16], payload: &mut Vec<u8>) {
        payload.extend(sound.as_chunks().0.iter().map(|pair| {
            let (low, high) = self.filter.split(*pair);
            self.code_low(low) | self.code_high(high) << 6
        }));
    }

    /// Appends the payload for sound of 8000 samples a second: an octet for each.
    pub fn encode_narrow(&mut self, sound: &[i16], payload: &mut Vec<u8>) {
        payload.extend(sound.iter().map(|sample| self.code_low(i32::from(*sample) >> 1) | self.code_high(0) << 6));
    }

    fn code_low(&mut self, sample: i32) -> u8 {
        let difference = clip(sample - self.low.predicted);
        let magnitude = if difference < 0 { !difference } else { difference };
        let step = self.low.step;
        let level = LOW_DECISIONS.partition_point(|decision| (decision * step) >> 12 <= magnitude) as u8;
        // QUANTL: codes 63 and 62 are the smallest below zero, then both signs count down from 31 and 61.
        let code = match (difference < 0, level) {
            (true, 0) => 63,
            (true, 1) => 62,
            (true, _) => 33 - level,
            (false, _) => 61 - level,
        };
        self.low.follow_low(code);
        code
    }

    fn code_high(&mut self, sample: i32) -> u8 {
        let difference = clip(sample - self.high.predicted);
        let magnitude = if difference < 0 { !difference } else { difference };
        let is_great = magnitude >= (564 * self.high.step) >> 12;
        let code = match (difference < 0, is_great) {
            (true, false) => 1,
            (true, true) => 0,
            (false, false) => 3,
            (false, true) => 2,
        };
        self.high.follow_high(code);
        code
    }
}

impl Decoder {
    /// Nothing heard yet.
    pub fn new() -> Self {
        Self { low: Band::new(LOW_START), high: Band::new(HIGH_START), filter: Filter::default() }
    }

    /// Appends the sound of `payload`, 16000 samples a second.
    pub fn decode(&mut self, payload: &[u8], sound: &mut Vec<i16>) {
        for code in payload {
            let low = self.sound_low(code & 0x3F);
            let high = limit(self.high.follow_high(code >> 6));
            sound.extend_from_slice(&self.filter.join(low, high));
        }
    }

    /// Appends the lower half of it, 8000 samples a second.
    pub fn decode_narrow(&mut self, payload: &[u8], sound: &mut Vec<i16>) {
        sound.extend(payload.iter().map(|code| clip(self.sound_low(code & 0x3F) << 1) as i16));
    }

    /// All six bits make the sound, the upper four what is predicted from it.
    fn sound_low(&mut self, code: u8) -> i32 {
        let band = &mut self.low;
        let sound = limit(band.predicted + ((band.step * LOW_FINE[usize::from(code)]) >> 15));
        band.follow_low(code);
        sound
    }
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

/// One band: an adaptive quantiser and a predictor with two poles and six zeros, the same on both sides.
#[derive(Clone, Debug)]
struct Band {
    /// s: what the next sample ought to be.
    predicted: i32,
    /// DET: the quantiser's step, and NB: its logarithm.
    step: i32,
    log_step: i32,
    /// A: the poles; R and P: the last two sounds, whole and as the zeros made them, the newest first.
    poles: [i32; 2],
    sounds: [i32; 2],
    partials: [i32; 2],
    /// B and D: the zeros, and the last six differences, the newest first.
    zeros: [i32; 6],
    differences: [i32; 6],
    /// sz: what the zeros make of the prediction.
    from_zeros: i32,
}

impl Band {
    fn new(step: i32) -> Self {
        Self {
            predicted: 0,
            step,
            log_step: 0,
            poles: [0; 2],
            sounds: [0; 2],
            partials: [0; 2],
            zeros: [0; 6],
            differences: [0; 6],
            from_zeros: 0,
        }
    }

    /// INVQAL, LOGSCL, SCALEL: goes on with the difference that a code of the lower band stands for.
    fn follow_low(&mut self, code: u8) {
        let coarse = usize::from(code >> 2);
        let difference = (self.step * LOW_COARSE[coarse]) >> 15;
        self.log_step = (((self.log_step * 127) >> 7) + LOW_GROWTH[coarse]).clamp(0, 18_432);
        self.step = scale(self.log_step, 8);
        self.predict(difference);
    }

    /// INVQAH, LOGSCH, SCALEH: likewise for the upper band. The sound.
    fn follow_high(&mut self, code: u8) -> i32 {
        let code = usize::from(code & 3);
        let difference = (self.step * HIGH[code]) >> 15;
        let sound = self.predicted + difference;
        self.log_step = (((self.log_step * 127) >> 7) + HIGH_GROWTH[code]).clamp(0, 22_528);
        self.step = scale(self.log_step, 10);
        self.predict(difference);
        sound
    }

    /// Block 4: RECONS, PARREC, UPPOL2, UPPOL1, UPZERO, FILTEP, FILTEZ, PREDIC.
    #[inline]
    fn predict(&mut self, difference: i32) {
        let sound = clip(self.predicted + difference);
        let partial = clip(self.from_zeros + difference);
        let alike = |before: i32| (partial < 0) == (before < 0);

        let first = clip(self.poles[0] << 2);
        let pull = if alike(self.partials[0]) { (-first).min(32_767) } else { first };
        let push = if alike(self.partials[1]) { 128 } else { -128 };
        let second = ((pull >> 7) + push + ((self.poles[1] * 32_512) >> 15)).clamp(-12_288, 12_288);
        let push = if alike(self.partials[0]) { 192 } else { -192 };
        let most = 15_360 - second;
        let first = clip(push + ((self.poles[0] * 32_640) >> 15)).clamp(-most, most);
        self.poles = [first, second];

        let push = if difference == 0 { 0 } else { 128 };
        for (zero, before) in self.zeros.iter_mut().zip(&self.differences) {
            let push = if (difference < 0) == (*before < 0) { push } else { -push };
            *zero = clip(push + ((*zero * 32_640) >> 15));
        }

        self.differences.copy_within(..5, 1);
        self.differences[0] = difference;
        self.sounds = [sound, self.sounds[0]];
        self.partials = [partial, self.partials[0]];

        let tap = |weight: i32, value: i32| (weight * clip(value << 1)) >> 15;
        let from_poles = clip(tap(first, self.sounds[0]) + tap(second, self.sounds[1]));
        let taps = self.zeros.iter().zip(&self.differences).map(|(zero, difference)| tap(*zero, *difference));
        self.from_zeros = clip(taps.sum());
        self.predicted = clip(from_poles + self.from_zeros);
    }
}

/// The quadrature mirror filter, by which two bands become one and one two. It remembers 24 samples.
#[derive(Clone, Debug, Default)]
struct Filter {
    even: [i32; 12],
    odd: [i32; 12],
}

impl Filter {
    fn push(&mut self, even: i32, odd: i32) {
        self.even.copy_within(1.., 0);
        self.odd.copy_within(1.., 0);
        (self.even[11], self.odd[11]) = (even, odd);
    }

    fn sums(&self) -> (i32, i32) {
        let even = self.even.iter().zip(&TAPS).map(|(sample, tap)| sample * tap).sum();
        let odd = self.odd.iter().zip(TAPS.iter().rev()).map(|(sample, tap)| sample * tap).sum();
        (even, odd)
    }

    /// Two samples to one of each band.
    fn split(&mut self, [first, second]: [i16; 2]) -> (i32, i32) {
        self.push(first.into(), second.into());
        let (even, odd) = self.sums();
        ((even + odd) >> 14, (odd - even) >> 14)
    }

    /// One sample of each band to two.
    fn join(&mut self, low: i32, high: i32) -> [i16; 2] {
        self.push(low + high, low - high);
        let (even, odd) = self.sums();
        [clip(odd >> 11) as i16, clip(even >> 11) as i16]
    }
}

/// The step for its logarithm.
#[inline]
fn scale(log: i32, whole: i32) -> i32 {
    let mantissa = MANTISSAS[((log >> 6) & 31) as usize];
    let shift = whole - (log >> 11);
    (if shift < 0 { mantissa << -shift } else { mantissa >> shift }) << 2
}

#[inline]
fn clip(value: i32) -> i32 {
    value.clamp(-32_768, 32_767)
}

/// LIMIT: a band's sound has 15 bits.
#[inline]
fn limit(value: i32) -> i32 {
    value.clamp(-16_384, 16_383)
}

/// After a loss, of which the decoder knows nothing, its sound is wrong above all for so long.
pub const SETTLES_MS: u32 = 3;

const LOW_START: i32 = 32;
const HIGH_START: i32 = 8;

/// Every second coefficient of the filter (table 11), in 8192ths; the others are the same backwards.
static TAPS: [i32; 12] = [3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11];

/// ILB: 2048 times the 32 steps of an octave.
static MANTISSAS: [i32; 32] = [
    2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834, 2896, 2960, 3025,
    3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
];

/// Q6: where one code of the lower band ends and the next begins, in 4096ths of the step.
static LOW_DECISIONS: [i32; 29] = [
    35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650, 714, 786, 858, 940, 1023, 1121, 1219, 1339,
    1458, 1612, 1765, 1980, 2195, 2557, 2919,
];

/// QQ6: what each of the 64 codes of the lower band stands for. The first four never occur at this rate and mean the same.
static LOW_FINE: [i32; 64] = [
    -136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576,
    -7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040,
    -728, 24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
    4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
];

/// QQ4: the same by the upper four of its six bits.
static LOW_COARSE: [i32; 16] =
    [0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0];

/// WL by RL42: how the logarithm of the lower step grows.
static LOW_GROWTH: [i32; 16] = [-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60];

/// QQ2 and WH by RH2: the same for the upper band.
static HIGH: [i32; 4] = [-7408, -1616, 7408, 1616];
static HIGH_GROWTH: [i32; 4] = [798, -214, 798, -214];

#[cfg(test)]
mod tests {
    use super::{
        super::{frame::Rate, goertzel::level, oscillator::Oscillator},
        *,
    };

    fn tone(frequency: u32, amplitude: i32, rate: Rate) -> Vec<i16> {
        let mut oscillator = Oscillator::new(frequency, rate);
        (0..rate.0).map(|_| ((oscillator.next() * amplitude) >> 15) as i16).collect()
    }

    fn coded(sound: &[i16]) -> Vec<u8> {
        let mut payload = Vec::new();
        Encoder::new().encode(sound, &mut payload);
        payload
    }

    fn decoded(payload: &[u8]) -> Vec<i16> {
        let mut sound = Vec::new();
        Decoder::new().decode(payload, &mut sound);
        sound
    }

    #[test]
    fn tones_of_both_bands_come_back_as_loud_as_they_were() {
        for frequency in [100, 440, 1000, 3000, 4800, 6500] {
            let sound = tone(frequency, 10_000, Rate::WIDE);
            let payload = coded(&sound);
            assert_eq!(payload.len(), 8000);
            let heard = decoded(&payload);
            let of = |sound: &[i16]| level(&sound[1600..], f64::from(frequency), Rate::WIDE);
            assert!((of(&heard) - of(&sound)).abs() < 0.7, "{frequency}: {} for {}", of(&heard), of(&sound));
        }
    }

    #[test]
    fn the_lower_band_alone_is_telephone_sound() {
        let sound = tone(1000, 10_000, Rate::NARROW);
        let mut payload = Vec::new();
        Encoder::new().encode_narrow(&sound, &mut payload);
        let wide = level(&decoded(&payload)[1600..], 1000.0, Rate::WIDE);
        let mut narrow = Vec::new();
        Decoder::new().decode_narrow(&payload, &mut narrow);
        let narrow = level(&narrow[800..], 1000.0, Rate::NARROW);
        let said = level(&sound, 1000.0, Rate::NARROW);
        assert!((wide - said).abs() < 0.7 && (narrow - said).abs() < 0.7, "{said}: {wide}, {narrow}");
    }

    #[test]
    fn silence_stays_silent_and_full_scale_does_not_wrap() {
        let heard = decoded(&coded(&[0; 16_000]));
        assert!(heard[200..].iter().all(|sample| sample.abs() <= 4));
        let square: Vec<i16> = (0..16_000).map(|at| if at / 20 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
        let heard = decoded(&coded(&square));
        let middle = |at: usize| heard[at * 20 + 22 + 10];
        assert!((100..700).all(|at| (middle(at) > 0) == (at % 2 == 0)));
    }

    #[test]
    fn noise_is_coded_bit_by_bit_as_by_others() {
        // The sums were taken of what FFmpeg 5.1 and SpanDSP 0.0.6 make of the same samples.
        let sum = |octets: &mut dyn Iterator<Item = u8>| {
            octets.fold(2_166_136_261_u32, |sum, octet| (sum ^ u32::from(octet)).wrapping_mul(16_777_619))
        };
        let mut state = 1_u32;
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345);
            (state >> 16) as i16 / 2
        });
        let payload = coded(&noise.take(16_000).collect::<Vec<_>>());
        assert_eq!(sum(&mut payload.iter().copied()), 0x8B41_2916);
        assert_eq!(sum(&mut decoded(&payload).into_iter().flat_map(i16::to_le_bytes)), 0x7563_9808);
    }

    #[test]
    fn any_octets_are_sound() {
        let mut payload: Vec<u8> = (0..20_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        payload.extend([0; 2000]);
        payload.extend([0x80; 2000]);
        assert_eq!(decoded(&payload).len(), 48_000);
    }
}
