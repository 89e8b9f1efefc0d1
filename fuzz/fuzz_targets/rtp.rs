//! Datagrams at the sockets of three legs, with time between them: the mixer neither panics nor runs wild.
//!
//! Each record of the input is a head and a datagram: which leg, from where, how much later, how long.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};
use warmline::{
    ids::LegId,
    media::{
        Command, JitterLimits, Mixer, Music, Settings,
        sdp::{Codec, Session},
    },
};

fuzz_target!(|data: &[u8]| {
    let since = Instant::now();
    let settings = Settings { timeout: Duration::from_secs(10), music: Arc::new(Music::new(vec![1; 500])), since, jitter: JitterLimits::default() };
    let mut mixer = Mixer::new(settings, 1);
    let mut now = since;
    // The third comes later: two are relayed, three are mixed.
    (0..2).for_each(|leg| enter(&mut mixer, leg, now));
    let mut rest = data;
    while let [who, wait, length, tail @ ..] = rest {
        let (datagram, after) = tail.split_at((*length as usize).min(tail.len()));
        rest = after;
        if who & 0x10 != 0 {
            enter(&mut mixer, 2, now);
        }
        now += Duration::from_millis(u64::from(*wait));
        mixer.wake(now);
        assert!(mixer.next_deadline().is_none_or(|at| at > now));
        let from = address(if who & 0x20 == 0 { who % 3 } else { 99 });
        mixer.receive(LegId(u64::from(who % 3)), datagram, from, now);
        while mixer.next_event().is_some() {}
        let packets = std::iter::from_fn(|| mixer.next_transmit().map(|transmit| transmit.payload.len())).count();
        assert!(packets <= 60, "{packets} packets at once");
    }
});

fn address(host: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, host], 4000))
}

fn enter(mixer: &mut Mixer, leg: u8, now: Instant) {
    let session = Session {
        digits_payload_type: Some(101),
        receive_digits_payload_type: Some(101),
        ..Session::new(address(leg), Codec::Pcmu)
    };
    let leg = LegId(u64::from(leg));
    mixer.command(Command::Join { leg }, now);
    mixer.command(Command::Stream { leg, session: Box::new(session) }, now);
}
