//! Comfort noise (RFC 3389): what is heard where somebody says that it is quiet, and how quiet.

use super::{fade::JOIN_MS, frame::Rate};

/// Reflection coefficients that are heeded; the first ones say most.
const ORDER: usize = 12;
/// Nearer to 1 a filter rings.
const MOST: f32 = 0.98;

/// Noise of a level and a colour, which comes and goes without a click.
#[derive(Clone, Debug)]
pub struct Noise {
    /// How much of it is heard, 0 to 1, and by how much that changes with each sample.
    gain: f32,
    step: f32,
    is_wanted: bool,
    /// What goes into the filter, and the filter.
    amplitude: f32,
    reflections: [f32; ORDER],
    memory: [f32; ORDER],
    chance: u32,
}

impl Noise {
    /// None yet.
    pub fn new(rate: Rate) -> Self {
        Self {
            gain: 0.0,
            step: 1.0 / rate.samples(JOIN_MS) as f32,
            is_wanted: false,
            amplitude: 0.0,
            reflections: [0.0; ORDER],
            memory: [0.0; ORDER],
            chance: 0x9E37_79B9,
        }
    }

    /// Begins as this payload says (RFC 3389 3), or goes on so: the level in -dBov, then reflection coefficients.
    pub fn begin(&mut self, payload: &[u8]) {
        self.is_wanted = true;
        let (level, rest) = payload.split_first().map_or((127, &[][..]), |(level, rest)| (level & 0x7F, rest));
        self.reflections = [0.0; ORDER];
        for (reflection, octet) in self.reflections.iter_mut().zip(rest) {
            *reflection = ((f32::from(*octet) - 127.0) * 258.0 / 32768.0).clamp(-MOST, MOST);
        }
        // The filter makes it louder by so much.
        let rise: f32 = self.reflections.iter().map(|reflection| 1.0 - reflection * reflection).product();
        let level = if level == 127 { 0.0 } else { 32768.0 * 10_f32.powf(f32::from(level) / -20.0) };
        // Numbers spread evenly between -1 and 1 have a root mean square of one by the root of 3.
        self.amplitude = level * (3.0 * rise).sqrt();
    }

    /// Something else is heard from now on.
    pub fn end(&mut self) {
        self.is_wanted = false;
    }

    /// It was never there.
    pub fn reset(&mut self) {
        (self.gain, self.is_wanted) = (0.0, false);
    }

    /// Whether it is heard, or will be.
    pub fn sounds(&self) -> bool {
        self.is_wanted || self.gain > 0.0
    }

    /// Adds it to what is heard.
    #[inline]
    pub fn add(&mut self, sound: &mut [i16]) {
        if self.sounds() {
            self.add_all(sound);
        }
    }

    fn add_all(&mut self, sound: &mut [i16]) {
        let step = if self.is_wanted { self.step } else { -self.step };
        for sample in sound {
            self.gain = (self.gain + step).clamp(0.0, 1.0);
            let noise = self.next() * self.gain;
            *sample = sample.saturating_add(noise as i16);
        }
    }

    /// All-pole lattice.
    fn next(&mut self) -> f32 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 17;
        self.chance ^= self.chance << 5;
        let mut forward = self.chance.cast_signed() as f32 / 2_147_483_648.0 * self.amplitude;
        for at in (0..ORDER).rev() {
            forward -= self.reflections[at] * self.memory[at];
            let backward = self.reflections[at] * forward + self.memory[at];
            if let Some(next) = self.memory.get_mut(at + 1) {
                *next = backward;
            }
        }
        self.memory[0] = forward;
        forward
    }
}

#[cfg(test)]
mod tests {
    use super::{super::goertzel::loudness, *};

    fn heard(payload: &[u8]) -> Vec<i16> {
        let mut noise = Noise::new(Rate::NARROW);
        noise.begin(payload);
        let mut sound = vec![0; 16_000];
        noise.add(&mut sound);
        sound
    }

    /// The level of what is left when each sample is taken from the next: high tones.
    fn high(sound: &[i16]) -> f64 {
        loudness(&sound.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>())
    }

    #[test]
    fn it_is_as_loud_as_is_said_whatever_its_colour() {
        // A sine of full scale has 3 dB less power than an overload.
        for level in [30_u8, 50, 60] {
            for colour in [&[][..], &[40], &[200, 90, 140], &[0, 255, 0]] {
                let told = loudness(&heard(&[&[level], colour].concat()));
                assert!((told + f64::from(level) - 3.0).abs() < 2.0, "{level} {colour:?}: {told}");
            }
        }
        assert_eq!(heard(&[127]), vec![0; 16_000]);
        assert_eq!(heard(&[]), vec![0; 16_000]);
    }

    #[test]
    fn its_colour_is_heard() {
        let (dark, white, bright) = (heard(&[40, 30]), heard(&[40]), heard(&[40, 224]));
        assert!(high(&dark) + 6.0 < high(&white) && high(&white) + 2.0 < high(&bright));
    }

    #[test]
    fn it_comes_and_goes_softly() {
        let mut noise = Noise::new(Rate::NARROW);
        noise.begin(&[30]);
        let mut sound = [0; 160];
        noise.add(&mut sound);
        assert!(sound[..2].iter().all(|sample| sample.abs() < 100) && loudness(&sound[40..]) > -30.0);
        noise.end();
        noise.add(&mut sound[..80]);
        assert!(!noise.sounds());
    }
}
