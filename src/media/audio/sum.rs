//! The mix: everybody's sound added once, each listener's own taken off again, and a limiter for when many shout.

use super::{frame::Rate, whole::whole};

/// A sample louder than this is limited.
pub const LIMIT: i32 = 30_000;

/// All that is said in one tick.
#[derive(Clone, Debug)]
pub struct Sum(Vec<i32>);

impl Sum {
    /// Silence, for frames of `rate`.
    pub fn new(rate: Rate) -> Self {
        Self(vec![0; rate.frame()])
    }

    /// Silence again.
    pub fn clear(&mut self) {
        self.0.fill(0);
    }

    /// Somebody's sound. 65 000 people fit before a sum could wrap.
    #[inline]
    pub fn add(&mut self, sound: &[i16]) {
        for (sum, sample) in self.0.iter_mut().zip(sound) {
            *sum += i32::from(*sample);
        }
    }

    /// What all others say, for one whose own sound was added; the limiter is that listener's.
    #[inline]
    pub fn without(&self, own: &[i16], limiter: &mut Limiter, sound: &mut [i16]) {
        for ((out, sum), own) in sound.iter_mut().zip(&self.0).zip(own) {
            *out = cut(sum - i32::from(*own));
        }
        if limiter.acts_on(sound) {
            limiter.apply(self.0.iter().zip(own).map(|(sum, own)| sum - i32::from(*own)), sound);
        }
    }

    /// What everybody says, for one who says nothing.
    #[inline]
    pub fn whole(&self, limiter: &mut Limiter, sound: &mut [i16]) {
        for (out, sum) in sound.iter_mut().zip(&self.0) {
            *out = cut(*sum);
        }
        if limiter.acts_on(sound) {
            limiter.apply(self.0.iter().copied(), sound);
        }
    }
}

#[inline]
fn cut(sample: i32) -> i16 {
    sample.clamp(-32768, 32767) as i16
}

#[inline]
fn scaled(sample: i32, gain: f32) -> i16 {
    whole((sample as f32 * gain).clamp(-32768.0, 32767.0)) as i16
}

/// The greatest magnitude in `sound`; 32768 counts as 32767.
#[inline]
pub fn peak(sound: &[i16]) -> i16 {
    // By the ends of the range: both are one instruction for many samples, and a magnitude is not.
    let (low, high) = sound.iter().fold((0, 0), |(low, high), sample| (*sample.min(&low), *sample.max(&high)));
    high.max(low.saturating_neg())
}

/// Turns a loud passage down as a whole, rather than cutting its peaks off: fast when it comes, slowly back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limiter {
    /// 1 is 65536.
    gain: i32,
}

const ONE: i32 = 1 << 16;
/// Samples in which the gain falls; what peaks in them is cut.
const ATTACK: usize = 32;

impl Limiter {
    /// All passes.
    pub fn new() -> Self {
        Self { gain: ONE }
    }

    /// `sound` is cut, which does not matter: the limit is below that.
    #[inline]
    fn acts_on(&self, sound: &[i16]) -> bool {
        self.gain < ONE || i32::from(peak(sound)) > LIMIT
    }

    fn apply(&mut self, loud: impl Iterator<Item = i32> + Clone, sound: &mut [i16]) {
        let peak = loud.clone().fold(0, |peak: i32, sample| peak.max(sample.abs()));
        let most = if peak > LIMIT { (i64::from(LIMIT) * i64::from(ONE) / i64::from(peak)) as i32 } else { ONE };
        let wanted = most.min(self.gain + (ONE - self.gain) / 16 + 64);
        let length = if wanted < self.gain { ATTACK.min(sound.len()) } else { sound.len() };
        // In floating point, of which the machine does four at once.
        let [from, to] = [self.gain, wanted].map(|gain| gain as f32 / ONE as f32);
        let step = (to - from) / length.max(1) as f32;
        let (moving, steady) = sound.split_at_mut(length);
        for ((out, loud), at) in moving.iter_mut().zip(loud.clone()).zip(0..length as i32) {
            *out = scaled(loud, from + step * at as f32);
        }
        for (out, loud) in steady.iter_mut().zip(loud.skip(length)) {
            *out = scaled(loud, to);
        }
        self.gain = wanted;
    }
}

impl Default for Limiter {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{goertzel::level, oscillator::Oscillator},
        *,
    };

    fn sine(frequency: u32, amplitude: i32, seconds: usize) -> Vec<i16> {
        let mut oscillator = Oscillator::new(frequency, Rate::NARROW);
        (0..8000 * seconds).map(|_| ((oscillator.next() * amplitude) >> 15) as i16).collect()
    }

    #[test]
    fn each_hears_all_but_itself() {
        let mut sum = Sum::new(Rate::NARROW);
        let (own, other) = ([1000; 160], [-300; 160]);
        sum.add(&own);
        sum.add(&other);
        let mut heard = [0; 160];
        sum.without(&own, &mut Limiter::new(), &mut heard);
        assert_eq!(heard, other);
        sum.whole(&mut Limiter::new(), &mut heard);
        assert_eq!(heard, [700; 160]);
    }

    #[test]
    fn twenty_who_shout_stay_tones_instead_of_noise() {
        let shouts: Vec<_> = (0..20).map(|n| sine(300 + 130 * n, 20_000, 2)).collect();
        let (mut limiter, mut heard) = (Limiter::new(), vec![0; 16_000]);
        for (tick, out) in heard.chunks_mut(160).enumerate() {
            let mut sum = Sum::new(Rate::NARROW);
            shouts.iter().for_each(|shout| sum.add(&shout[tick * 160..][..160]));
            sum.whole(&mut limiter, out);
        }
        let late = &heard[8000..];
        let voice = level(late, 300.0, Rate::NARROW);
        assert!(voice > -32.0 && level(late, 360.0, Rate::NARROW) < voice - 25.0);
    }

    #[test]
    fn after_the_loud_comes_the_soft_at_its_own_level() {
        let mut limiter = Limiter::new();
        let mut heard = [0; 160];
        let mut sum = Sum::new(Rate::NARROW);
        sum.add(&[30_000; 160]);
        sum.add(&[30_000; 160]);
        sum.whole(&mut limiter, &mut heard);
        assert!(heard[40..].iter().all(|sample| i32::from(*sample) <= LIMIT));
        sum.clear();
        sum.add(&[1000; 160]);
        for _ in 0..100 {
            sum.whole(&mut limiter, &mut heard);
        }
        assert_eq!((heard, limiter), ([1000; 160], Limiter::new()));
    }
}
