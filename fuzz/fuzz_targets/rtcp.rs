//! Reports: read as such, and at the RTCP socket of a leg, whose own reports go on all the same.
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
        rtp::report,
        sdp::{Codec, Session},
    },
};

fuzz_target!(|datagram: &[u8]| {
    if let Some(incoming) = report::read(datagram, 7) {
        let mut bytes = Vec::new();
        let (sent, received) = (incoming.sent.as_ref(), incoming.received.as_ref());
        report::write(incoming.from, sent, received, "name@host", incoming.bye, &mut bytes);
        let again = report::read(&bytes, 7).expect("our report is readable");
        assert_eq!((again.from, again.sent, again.bye), (incoming.from, incoming.sent, incoming.bye));
    }

    let (leg, since, remote) = (LegId(1), Instant::now(), SocketAddr::from(([192, 0, 2, 1], 4000)));
    let settings = Settings { timeout: Duration::ZERO, music: Arc::new(Music::new(vec![1; 500])), since, jitter: JitterLimits::default() };
    let mut mixer = Mixer::new(settings, 1);
    let session = Session { remote_rtcp: remote, ..Session::new(remote, Codec::Pcmu) };
    mixer.command(Command::Join { leg }, since);
    mixer.command(Command::Stream { leg, session: Box::new(session) }, since);
    mixer.receive_report(leg, datagram, remote, since + Duration::from_millis(7));
    mixer.wake(since + Duration::from_secs(31));
    let reports = std::iter::from_fn(|| mixer.next_transmit().map(|transmit| transmit.report)).filter(|it| *it);
    assert_eq!(reports.count(), 1);
});
