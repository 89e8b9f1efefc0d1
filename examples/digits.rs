//! Digits that are heard in recordings. For `tools/talkoff`, where nobody dials.
//!
//! `digits LEVEL[,LEVEL...] FILE.wav...`: each file at each level of its voice (dBov, pauses do not count). Prints what was heard
//! and where, then a line for each level: how long it listened, and how many digits there were.

use std::{error::Error, fs::File};
use warmline::media::audio::{
    dtmf::{Detector, Heard},
    frame::Rate,
    wav,
};

const RATE: Rate = Rate::NARROW;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [levels, files @ ..] = &arguments[..] else { return Err("digits LEVEL[,LEVEL...] FILE.wav...".into()) };
    let levels = levels.split(',').map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    let (mut counts, mut samples) = (vec![0_usize; levels.len()], 0);
    for path in files {
        let sound = wav::read(File::open(path)?, RATE)?;
        samples += sound.len();
        let now = active(&sound);
        for (level, count) in levels.iter().zip(&mut counts) {
            let gain = 32768.0 * 10_f64.powf(level / 20.0) / now.max(1.0);
            let mut detector = Detector::new(RATE);
            for (at, frame) in sound.chunks(RATE.frame()).enumerate() {
                let frame: Vec<i16> = frame.iter().map(|sample| (f64::from(*sample) * gain).round() as i16).collect();
                for heard in detector.hear(&frame).into_iter().flatten() {
                    if let Heard::Down(digit) = heard {
                        *count += 1;
                        println!("{path} at {level} dBov: {digit} at {:.2} s", at as f64 * 0.02);
                    }
                }
            }
        }
    }
    let hours = samples as f64 / f64::from(RATE.0) / 3600.0;
    for (level, count) in levels.iter().zip(&counts) {
        println!("{level} dBov: {hours:.2} hours, {count} digits");
    }
    Ok(())
}

/// How loud a voice is while it speaks (RMS).
fn active(sound: &[i16]) -> f64 {
    let energy =
        |frame: &[i16]| frame.iter().map(|sample| f64::from(*sample).powi(2)).sum::<f64>() / frame.len() as f64;
    let energies: Vec<f64> = sound.chunks(RATE.frame()).map(energy).collect();
    let loudest = energies.iter().copied().fold(0.0, f64::max);
    let speaks: Vec<f64> = energies.into_iter().filter(|energy| *energy > loudest / 1000.0).collect();
    (speaks.iter().sum::<f64>() / speaks.len().max(1) as f64).sqrt()
}
