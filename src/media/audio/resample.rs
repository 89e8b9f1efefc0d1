//! Sound at one rate to sound at another, all at once. The only file that knows rubato.

use super::frame::Rate;
use rubato::{Fft, FixedSync, Resampler, audioadapter_buffers::direct::InterleavedSlice};

/// `sound` (one channel, 1.0 being full scale) at `to` instead of `from` samples a second. `None`: no such ratio.
pub(super) fn resample(sound: &[f32], from: u32, to: Rate) -> Option<Vec<f32>> {
    if from == to.0 {
        return Some(sound.to_vec());
    }
    let mut resampler = Fft::<f32>::new(from as usize, to.0 as usize, 1024, 1, FixedSync::Both).ok()?;
    let mut resampled = vec![0.0; resampler.process_all_needed_output_len(sound.len())];
    let frames = resampled.len();
    let input = InterleavedSlice::new(sound, 1, sound.len()).ok()?;
    let mut output = InterleavedSlice::new_mut(&mut resampled, 1, frames).ok()?;
    let (_, made) = resampler.process_all_into_buffer(&input, &mut output, sound.len(), None).ok()?;
    resampled.truncate(made);
    Some(resampled)
}
