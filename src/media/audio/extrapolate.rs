//! How sound would go on for a moment, by linear prediction (the method of Burg): several tones at once go on as they are, with no seam
//! where it begins, as there is where a period is repeated. Good for the few ms of a join.

use super::frame::Rate;

/// The frame after `past`, which is a frame too.
pub fn extrapolate(past: &[i16], next: &mut [i16], rate: Rate) {
    let weights = predictor(past, if rate > Rate::WIDE { 64 } else { 32 });
    let mut sound: Vec<f64> = past.iter().copied().map(f64::from).collect();
    for next in next {
        let sample: f64 = weights.iter().zip(sound.iter().rev()).map(|(weight, sample)| weight * sample).sum();
        sound.push(sample);
        *next = sample as i16;
    }
}

/// What the next sample is made of, the weight of the last one first. What they make never grows.
fn predictor(past: &[i16], order: usize) -> Vec<f64> {
    let mut forward: Vec<f64> = past.iter().copied().map(f64::from).collect();
    let mut backward = forward.clone();
    let mut weights: Vec<f64> = Vec::with_capacity(order);
    for step in 1..=order.min(past.len() / 2) {
        let pairs = || forward[step..].iter().zip(&backward[step - 1..]);
        let likeness: f64 = pairs().map(|(ahead, behind)| ahead * behind).sum();
        let energy: f64 = pairs().map(|(ahead, behind)| ahead * ahead + behind * behind).sum();
        // A little more than there is: silence predicts silence.
        let reflection = 2.0 * likeness / (energy + 1.0);
        for at in (step..past.len()).rev() {
            let (ahead, behind) = (forward[at], backward[at - 1]);
            forward[at] = ahead - reflection * behind;
            backward[at] = behind - reflection * ahead;
        }
        let turned: Vec<f64> = weights.iter().rev().map(|weight| reflection * weight).collect();
        weights.iter_mut().zip(turned).for_each(|(weight, turned)| *weight -= turned);
        weights.push(reflection);
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::{super::oscillator::Oscillator, *};

    #[test]
    fn three_tones_go_on_without_a_seam() {
        for rate in Rate::ROOMS {
            let mut tones = [311, 524, 797].map(|frequency| Oscillator::new(frequency, rate));
            let mut sample = || tones.iter_mut().map(|tone| tone.next() / 10).sum::<i32>() as i16;
            let past: Vec<i16> = (0..rate.frame()).map(|_| sample()).collect();
            let expected: Vec<i16> = (0..rate.samples(1)).map(|_| sample()).collect();
            let mut next = vec![0; rate.frame()];
            extrapolate(&past, &mut next, rate);
            let most = next.iter().zip(&expected).map(|(next, expected)| next.abs_diff(*expected)).max();
            assert!(most < Some(600), "{rate:?}: {most:?}");
        }
    }

    #[test]
    fn nothing_grows() {
        for past in [[0; 160], [32_767; 160], std::array::from_fn(|at| if at % 2 == 0 { 32_767 } else { -32_768 })] {
            let mut next = [0; 160];
            extrapolate(&past, &mut next, Rate::NARROW);
            let (loudest, was) =
                (next.iter().map(|s| s.unsigned_abs()).max(), past.iter().map(|s| s.unsigned_abs()).max());
            assert!(loudest <= was, "{loudest:?} {was:?}");
        }
    }
}
