//! What a listener would say: the E-model (ITU-T G.107), with its usual values for all that is not measured here.

use crate::media::sdp::Codec;
use std::time::Duration;

/// R of a perfect narrowband line (G.107 7, all parameters at their default).
const PERFECT: f32 = 93.2;
/// One-way delay from which on people fall into each other's words, ms (G.107 7.4).
const NOTICED_MS: f32 = 177.3;
/// Codec, packet and playing, ms.
const OWN_DELAY_MS: f32 = 20.0;

/// What is known of a stream.
#[derive(Clone, Copy, Debug)]
pub(in crate::media) struct Heard {
    pub(in crate::media) codec: Codec,
    /// Packets that came in time, and those that did not come or came too late.
    pub(in crate::media) played: u64,
    pub(in crate::media) missed: u64,
    /// How often packets were missing, however many together.
    pub(in crate::media) holes: u64,
    /// How long sound waits for late packets, ms.
    pub(in crate::media) buffer_ms: f32,
    pub(in crate::media) round_trip: Option<Duration>,
}

/// Mean opinion score, 1 to 4.5. `None`: nothing came.
pub(in crate::media) fn mos(heard: &Heard) -> Option<f32> {
    let all = heard.played + heard.missed;
    if heard.played == 0 {
        return None;
    }
    let part = heard.missed as f32 / all as f32;
    // How much longer the holes are than by mere chance (G.107 7.5).
    let mean = heard.missed as f32 / heard.holes.max(1) as f32;
    let bursts = (mean * (1.0 - part)).max(1.0);
    let (own, robustness) = impairment(heard.codec);
    let percent = 100.0 * part;
    let equipment = own + (95.0 - own) * percent / (percent / bursts + robustness);
    let way_ms = heard.round_trip.map_or(0.0, |time| time.as_secs_f32() * 500.0);
    let delay_ms = OWN_DELAY_MS + heard.buffer_ms + way_ms;
    let delay = 0.024 * delay_ms + 0.11 * (delay_ms - NOTICED_MS).max(0.0);
    Some(opinion(PERFECT - delay - equipment))
}

/// What a codec takes by itself, and how well it bears losses: Ie and Bpl (G.113 appendix I). For Opus there are no agreed values; these are
/// careful.
fn impairment(codec: Codec) -> (f32, f32) {
    match codec {
        Codec::Pcmu | Codec::Pcma | Codec::L16Narrow | Codec::L16Wide | Codec::L16Full => (0.0, 25.1),
        Codec::G722 => (0.0, 20.0),
        Codec::Opus => (0.0, 30.0),
    }
}

/// G.107 annex B.
fn opinion(rating: f32) -> f32 {
    let rating = rating.clamp(0.0, 100.0);
    (1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6).clamp(1.0, 4.5)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Heard =
        Heard { codec: Codec::Pcmu, played: 1000, missed: 0, holes: 0, buffer_ms: 20.0, round_trip: None };

    fn of(heard: Heard) -> f32 {
        mos(&heard).unwrap()
    }

    #[test]
    fn a_good_line_is_as_good_as_the_model_allows() {
        assert!((of(GOOD) - 4.39).abs() < 0.02, "{}", of(GOOD));
        assert_eq!(mos(&Heard { played: 0, missed: 5, ..GOOD }), None);
        assert!((opinion(93.2) - 4.41).abs() < 0.01 && opinion(-5.0) == 1.0 && opinion(200.0) == 4.5);
    }

    #[test]
    fn each_thing_that_is_worse_makes_it_worse() {
        let lossy = Heard { played: 950, missed: 50, holes: 50, ..GOOD };
        // G.107 with Ie = 0, Bpl = 25.1 and 5 % by chance: R falls by 15.8.
        assert!((of(lossy) - opinion(PERFECT - 0.96 - 15.8)).abs() < 0.02, "{}", of(lossy));
        let bursty = Heard { holes: 5, ..lossy };
        let slow = Heard { round_trip: Some(Duration::from_millis(100)), ..lossy };
        let slower = Heard { round_trip: Some(Duration::from_millis(700)), ..lossy };
        assert!(of(bursty) < of(lossy) && of(slow) < of(lossy) && of(slower) < of(slow) - 0.5);
        assert!(of(Heard { buffer_ms: 300.0, ..GOOD }) < of(GOOD) - 0.5);
        assert!(of(Heard { played: 10, missed: 990, holes: 1, ..GOOD }) >= 1.0);
    }
}
