//! Sound at one rate to sound at another, frame by frame and without end: what joins the rates of a room.
//!
//! A windowed sinc in its phases, all of them loops over whole frames (`wide.rs`). Flat up to 0.41 of the lower rate, 70 dB down from
//! 0.52 of it on; it delays by 20 samples of the lower rate.

use super::{fade, frame::Rate, whole::whole, wide};
use std::sync::OnceLock;

/// Taps of one phase.
const TAPS: usize = 40;
/// Where half of the sound passes, of the lower rate.
const CUTOFF: f64 = 0.465;
/// The shape of the window: 70 dB.
const BETA: f64 = 6.76;

/// One way, with what it remembers.
#[derive(Debug)]
pub struct Converter {
    from: Rate,
    to: Rate,
    times: usize,
    table: &'static [f32],
    /// The past before each frame, at the lower rate: as many lanes as samples of the higher rate come in for one that goes out.
    lanes: Vec<Vec<f32>>,
    sum: Vec<f32>,
    made: Vec<f32>,
    is_fresh: bool,
    is_silent: bool,
}

impl Converter {
    /// Between two rates of which one is 1, 2, 3 or 6 times the other. It begins softly, whatever comes first.
    pub fn new(from: Rate, to: Rate) -> Self {
        let low = from.min(to);
        let times = (from.max(to).0 / low.0.max(1)) as usize;
        let lanes = if from > to { times } else { 1 };
        Self {
            from,
            to,
            times,
            table: table(times),
            lanes: vec![vec![0.0; TAPS - 1 + low.frame()]; lanes],
            sum: vec![0.0; low.frame()],
            made: vec![0.0; to.frame()],
            is_fresh: true,
            is_silent: true,
        }
    }

    /// Whether it does this.
    pub fn is_between(&self, from: Rate, to: Rate) -> bool {
        (self.from, self.to) == (from, to)
    }

    /// A frame in, a frame out; `None`: silence in, and silence out. `sounds`: the frame is more than silence.
    pub fn convert<T: Copy + Into<f64>>(&mut self, frame: &[T], sounds: bool) -> Option<&[f32]> {
        if !sounds && self.is_silent {
            self.is_fresh = false;
            return None;
        }
        self.is_silent = !sounds;
        self.take_in(frame);
        if std::mem::take(&mut self.is_fresh) {
            self.soften();
        }
        if self.from > self.to {
            self.thin()
        } else {
            self.fill_up()
        }
        Some(&self.made)
    }

    fn take_in<T: Copy + Into<f64>>(&mut self, frame: &[T]) {
        let lanes = self.lanes.len();
        for (first, lane) in self.lanes.iter_mut().enumerate() {
            let past = lane.len() - (TAPS - 1);
            lane.copy_within(past.., 0);
            for (place, sample) in lane[TAPS - 1..].iter_mut().zip(frame.iter().skip(first).step_by(lanes)) {
                *place = (*sample).into() as f32;
            }
        }
    }

    /// The first frame comes from silence.
    fn soften(&mut self) {
        let low = self.from.min(self.to);
        for lane in &mut self.lanes {
            for (at, sample) in lane[TAPS - 1..][..low.samples(fade::JOIN_MS)].iter_mut().enumerate() {
                *sample *= fade::ramp(at, low) as f32 / 32767.0;
            }
        }
    }

    fn thin(&mut self) {
        self.made.fill(0.0);
        for (taps, lane) in self.table.chunks_exact(TAPS).zip(self.lanes.iter().rev()) {
            wide::filter(taps, lane, &mut self.made);
        }
    }

    fn fill_up(&mut self) {
        let gain = self.times as f32;
        for (phase, taps) in self.table.chunks_exact(TAPS).enumerate() {
            self.sum.fill(0.0);
            wide::filter(taps, &self.lanes[0], &mut self.sum);
            for (made, sum) in self.made.iter_mut().skip(phase).step_by(self.times).zip(&self.sum) {
                *made = sum * gain;
            }
        }
    }
}

/// What was converted, as a sample.
pub fn sample(converted: f32) -> i16 {
    whole(converted.clamp(-32768.0, 32767.0)) as i16
}

/// The phases of the filter between a rate and so many times that, the oldest sample's tap first.
fn table(times: usize) -> &'static [f32] {
    static TABLES: [OnceLock<Vec<f32>>; 7] = [const { OnceLock::new() }; 7];
    TABLES[times.min(TABLES.len() - 1)].get_or_init(|| {
        let length = TAPS * times;
        let middle = (length - 1) as f64 / 2.0;
        let tap = |at: usize| {
            let distance = at as f64 - middle;
            let x = std::f64::consts::TAU * CUTOFF / times as f64 * distance;
            let sinc = if x == 0.0 { 1.0 } else { x.sin() / x };
            sinc * bessel(BETA * (1.0 - (distance / (middle + 0.5)).powi(2)).max(0.0).sqrt())
        };
        let whole: f64 = (0..length).map(tap).sum();
        let place = |at: usize| (tap((TAPS - 1 - at % TAPS) * times + at / TAPS) / whole) as f32;
        (0..length).map(place).collect()
    })
}

/// The modified Bessel function of order 0.
fn bessel(x: f64) -> f64 {
    let mut term = 1.0;
    let terms = (1..32).map(|n| {
        term *= (x / 2.0 / f64::from(n)).powi(2);
        term
    });
    1.0 + terms.sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::{
        super::{goertzel::level, oscillator::Oscillator},
        *,
    };

    const RATES: [Rate; 3] = [Rate::NARROW, Rate::WIDE, Rate::FULL];

    fn tone(frequency: u32, rate: Rate) -> Vec<i16> {
        let mut oscillator = Oscillator::new(frequency, rate);
        (0..rate.0).map(|_| ((oscillator.next() * 8000) >> 15) as i16).collect()
    }

    fn converted(sound: &[i16], from: Rate, to: Rate) -> Vec<i16> {
        let mut converter = Converter::new(from, to);
        let frames = sound.chunks_exact(from.frame());
        frames.flat_map(|frame| converter.convert(frame, true).unwrap_or_default().to_vec()).map(sample).collect()
    }

    #[test]
    fn a_tone_is_the_same_at_every_rate() {
        for (from, to) in RATES.iter().flat_map(|from| RATES.map(|to| (*from, to))).filter(|(from, to)| from != to) {
            for frequency in [300_u32, 1000, 3000] {
                let sound = converted(&tone(frequency, from), from, to);
                assert_eq!(sound.len(), to.0 as usize);
                let late = &sound[to.frame() * 2..];
                let before = level(&tone(frequency, from), f64::from(frequency), from);
                let after = level(late, f64::from(frequency), to);
                assert!((after - before).abs() < 0.2, "{from:?} {to:?} {frequency}: {before} {after}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_nothing_is_added() {
        for (to, frequency, mirrored) in [(Rate::NARROW, 4500, 3500.0), (Rate::WIDE, 9000, 7000.0)] {
            let sound = converted(&tone(frequency, Rate::FULL), Rate::FULL, to);
            assert!(level(&sound[to.frame() * 2..], mirrored, to) < -75.0);
        }
        for (from, image) in [(Rate::NARROW, 5000.0), (Rate::WIDE, 13_000.0)] {
            let sound = converted(&tone(3000, from), from, Rate::FULL);
            assert!(level(&sound[Rate::FULL.frame() * 2..], image, Rate::FULL) < -75.0);
        }
    }

    #[test]
    fn silence_costs_nothing_and_ends_what_was_said() {
        let mut converter = Converter::new(Rate::NARROW, Rate::FULL);
        assert!(converter.convert(&[0_i16; 160], false).is_none());
        assert!(converter.convert(&[1000_i16; 160], true).is_some());
        assert!(converter.convert(&[0_i16; 160], false).is_some_and(|tail| tail[900].abs() < 1.0));
        assert!(converter.convert(&[0_i16; 160], false).is_none());
    }
}
