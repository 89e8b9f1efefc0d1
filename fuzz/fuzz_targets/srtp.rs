//! Datagrams at a stream of SRTP, and its own packets among them: nothing panics, nobody without the key is believed, what is refused stays as
//! it was, and nothing is taken twice.
//!
//! The first octet says the suite; then come records: what is done, how long, and octets.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::time::{Duration, Instant};
use warmline::media::srtp::{Keys, MasterKey, Secrecy, Suite};

fuzz_target!(|data: &[u8]| {
    let [first, rest @ ..] = data else { return };
    let suite = Suite::ALL[usize::from(first % 3)];
    let key = |octet| MasterKey::new(suite, &vec![octet; 16 + suite.salt_length()], first >> 6).expect("as long as it must be");
    let mut now = Instant::now();
    let mut ours = Secrecy::new(&Keys { send: key(1), receive: key(2) });
    let mut theirs = Secrecy::new(&Keys { send: key(2), receive: key(1) });
    let (mut sequence, mut newest, mut rest) = (0_u16, 2_u8, rest);
    while let [what, length, tail @ ..] = rest {
        let (octets, after) = tail.split_at(usize::from(*length).min(tail.len()));
        rest = after;
        now += Duration::from_millis(u64::from(*what));
        match what % 4 {
            // Whatever anybody sends.
            0 | 1 => {
                let (mut datagram, before) = (octets.to_vec(), octets);
                let opened = if what % 4 == 0 { ours.opener.open(&mut datagram, now) } else { ours.opener.open_report(&mut datagram, now) };
                assert!(opened.is_none(), "without the key");
                assert!(datagram == before);
            }
            // A packet of the peer's, touched somewhere, then as it is, then once more.
            2 => {
                sequence = sequence.wrapping_add(u16::from(*length)).wrapping_add(1);
                let [high, low] = sequence.to_be_bytes();
                let mut packet = [&[0x80, 0, high, low, 0, 0, 0, 0, 1, 2, 3, 4], octets].concat();
                let plain = packet.clone();
                // Its identifier would be added by the peer; it is left out where there is none.
                theirs.sealer.seal(&mut packet, 0);
                if first >> 6 == 0 {
                    let mut touched = packet.clone();
                    let at = usize::from(*length) % touched.len();
                    touched[at] ^= 1;
                    assert!(ours.opener.open(&mut touched, now).is_none());
                    assert_eq!(ours.opener.open(&mut packet.clone(), now), Some(&plain[..]));
                    assert!(ours.opener.open(&mut packet, now).is_none(), "twice");
                }
            }
            // Another key, which never comes back, or the same one again.
            _ => {
                newest = newest.saturating_add(u8::from(octets.first().is_some_and(|octet| octet % 2 == 0)));
                ours.renew(&Keys { send: key(1), receive: key(newest) });
                theirs.renew(&Keys { send: key(newest), receive: key(1) });
            }
        }
    }
});
