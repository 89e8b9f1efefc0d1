//! The mix: everybody's sound added once, each listener's own taken off again, and a limiter for when many shout.

use super::{
    frame::{MAX, Rate},
    whole::whole,
    wide,
};

/// A sample louder than this is limited.
pub const LIMIT: i32 = 30_000;

/// All that is said in one tick.
#[derive(Clone, Debug)]
pub struct Sum(Vec<i32>);

/// What one says who says nothing.
static SILENCE: [i16; MAX] = [0; MAX];

impl Sum {
    /// Silence, for frames of `rate`.
    pub fn new(rate: Rate) -> Self {
        Self(vec![0; rate.frame()])
    }

    /// No sum at all, until it is made ready.
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Silence again, for frames of `rate`.
    pub fn clear(&mut self, rate: Rate) {
        if self.0.len() == rate.frame() { self.0.fill(0) } else { self.0 = vec![0; rate.frame()] }
    }

    /// What another sum is, of the same rate.
    pub fn copy(&mut self, other: &Self) {
        self.0.clear();
        self.0.extend_from_slice(&other.0);
    }

    /// The samples.
    pub fn samples(&self) -> &[i32] {
        &self.0
    }

    /// Sound that was said at another rate.
    pub fn add_converted(&mut self, sound: &[f32]) {
        for (sum, sample) in self.0.iter_mut().zip(sound) {
            *sum += whole(sample.clamp(-4e6, 4e6));
        }
    }

    /// Somebody's sound. 65 000 people fit before a sum could wrap.
    #[inline]
    pub fn add(&mut self, sound: &[i16]) {
        wide::add(&mut self.0, sound);
    }

    /// What all others say, for one whose own sound was added; the limiter is that listener's.
    #[inline]
    pub fn without(&self, own: &[i16], limiter: &mut Limiter, sound: &mut [i16]) {
        if self.0.len() != sound.len() {
            return sound.fill(0);
        }
        let peak = wide::without(&self.0, own, sound);
        if limiter.acts_on(peak) {
            limiter.apply(&self.0, own, peak, sound);
        }
    }

    /// What everybody says, for one who says nothing.
    #[inline]
    pub fn whole(&self, limiter: &mut Limiter, sound: &mut [i16]) {
        self.without(&SILENCE[..self.0.len()], limiter, sound);
    }
}

/// Turns a loud passage down as a whole, rather than cutting its peaks off: fast when it comes, slowly back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limiter {
    /// 1 is 65536.
    gain: i32,
}

const ONE: i32 = 1 << 16;
/// The part of a frame in which the gain falls; what peaks in it is cut.
const ATTACK: usize = 5;

impl Limiter {
    /// All passes.
    pub fn new() -> Self {
        Self { gain: ONE }
    }

    #[inline]
    fn acts_on(&self, peak: i32) -> bool {
        self.gain < ONE || peak > LIMIT
    }

    fn apply(&mut self, sum: &[i32], own: &[i16], peak: i32, sound: &mut [i16]) {
        let most = if peak > LIMIT { (i64::from(LIMIT) * i64::from(ONE) / i64::from(peak)) as i32 } else { ONE };
        let wanted = most.min(self.gain + (ONE - self.gain) / 16 + 64);
        let length = if wanted < self.gain { sound.len() / ATTACK } else { sound.len() };
        let [from, to] = [self.gain, wanted].map(|gain| gain as f32 / ONE as f32);
        let step = (to - from) / length.max(1) as f32;
        wide::scaled(&sum[..length], &own[..length], from, step, &mut sound[..length]);
        wide::scaled(&sum[length..], &own[length..], to, 0.0, &mut sound[length..]);
        self.gain = wanted;
    }
}

impl Default for Limiter {
    fn default() -> Self {
        Self::new()
    }
}

/// What is said to one alone over everything else that he hears: both are turned down together when they are too loud.
#[derive(Debug)]
pub struct Aside {
    sum: Sum,
    sounds: bool,
    limiter: Limiter,
}

impl Aside {
    /// Nothing is said.
    pub const fn none() -> Self {
        Self { sum: Sum::none(), sounds: false, limiter: Limiter { gain: ONE } }
    }

    /// Whether everything else is heard as it is.
    #[inline]
    pub fn is_over(&self) -> bool {
        !self.sounds && self.limiter.gain >= ONE
    }

    /// To be heard over the next frame, which is as long.
    pub fn add(&mut self, sound: &[i16]) {
        if !std::mem::replace(&mut self.sounds, true) {
            self.sum.0.clear();
            self.sum.0.resize(sound.len(), 0);
        }
        self.sum.add(sound);
    }

    /// Puts it over a frame.
    #[inline]
    pub fn put_over(&mut self, sound: &mut [i16]) {
        if self.is_over() {
            return;
        }
        self.add(sound);
        self.sum.whole(&mut self.limiter, sound);
        self.sounds = false;
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
    fn what_is_said_aside_is_turned_down_with_what_it_is_said_over() {
        let (mut aside, mut heard) = (Aside::none(), [25_000; 160]);
        aside.add(&[25_000; 160]);
        aside.put_over(&mut heard);
        assert!(heard[40..].iter().all(|sample| (29_900..=30_000).contains(sample)), "{heard:?}");
        for _ in 0..200 {
            heard.fill(25_000);
            aside.put_over(&mut heard);
        }
        assert!(aside.is_over() && heard == [25_000; 160]);
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
        sum.clear(Rate::NARROW);
        sum.add(&[1000; 160]);
        for _ in 0..100 {
            sum.whole(&mut limiter, &mut heard);
        }
        assert_eq!((heard, limiter), ([1000; 160], Limiter::new()));
    }
}
