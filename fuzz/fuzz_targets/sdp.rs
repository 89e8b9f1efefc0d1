//! Two descriptions of a peer, one after the other: nothing panics, and our answers are read by ourselves.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::net::{IpAddr, Ipv4Addr};
use warmline::media::sdp::{Direction, Negotiation};

fuzz_target!(|data: &[u8]| {
    let half = data.len() / 2;
    let mut leg = Negotiation::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 20000, &[], 1);
    leg.offer(Direction::SendRecv, None);
    for sdp in [data, &data[..half], &data[half..]] {
        let _ = leg.receive_answer(sdp);
        if leg.receive_offer(sdp).is_err() {
            continue;
        }
        let (answer, _) = leg.answer(Direction::SendRecv, None).expect("an offer waits");
        let mut other = Negotiation::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 20002, &[], 2);
        other.receive_offer(&answer).expect("our answer is a usable description");
    }
});
