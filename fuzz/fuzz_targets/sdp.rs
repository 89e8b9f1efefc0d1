//! Two descriptions of a peer, one after the other: nothing panics, our answers are read by ourselves, and a leg that must be secret is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::net::{IpAddr, Ipv4Addr};
use warmline::media::{
    sdp::{Direction, Negotiation},
    srtp::Srtp,
};

fuzz_target!(|data: &[u8]| {
    let half = data.len() / 2;
    let policy = Srtp::ALL[data.len() % 3];
    let mut leg = Negotiation::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 20000, &[], 1).secured(policy, [1; 32]);
    leg.offer(Direction::SendRecv, None);
    for sdp in [data, &data[..half], &data[half..]] {
        let _ = leg.receive_answer(sdp);
        if leg.receive_offer(sdp).is_err() {
            continue;
        }
        let (answer, session) = leg.answer(Direction::SendRecv, None).expect("an offer waits");
        assert!(policy != Srtp::Required || session.keys.is_some());
        let other = if session.keys.is_some() { Srtp::Required } else { Srtp::Off };
        let mut other = Negotiation::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 20002, &[], 2).secured(other, [2; 32]);
        other.receive_offer(&answer).expect("our answer is a usable description");
    }
});
