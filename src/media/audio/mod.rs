//! Audio: what becomes of sound between two packets.
//!
//! Everything here works on slices of linear 16-bit samples; [`frame`] says how many make a tick. One file knows one thing:
//! [`codec`] with [`g711`], [`g722`] and `opus` turns payload into samples and back, [`plc`] fills what was lost, [`stretch`]
//! makes time, [`sum`] mixes, [`fade`] joins without a click what [`extrapolate`] makes go on, [`tone`], [`music`] and [`noise`] make sound, [`wav`] and
//! `resample` read it, [`clip`] and [`playlist`] keep it, [`goertzel`] measures it, [`dtmf`] finds digits in it.

pub mod clip;
pub mod codec;
pub mod converter;
pub mod dtmf;
pub mod extrapolate;
pub mod fade;
pub mod file;
pub mod frame;
pub mod g711;
pub mod g722;
pub mod goertzel;
pub mod mp3;
pub mod music;
pub mod noise;
mod opus;
pub mod oscillator;
pub mod playlist;
pub mod plc;
mod resample;
pub mod stretch;
pub mod sum;
pub mod tone;
pub mod wav;
mod whole;
pub mod wide;
