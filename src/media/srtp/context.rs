//! What is remembered of a secret stream: how often its numbers went round, and which key is in force.

use super::{
    Keys, MasterKey,
    tracks::{Tracks, guess},
    transform::Transform,
};
use std::{
    fmt,
    time::{Duration, Instant},
};

/// Once the peer uses its new key, packets that it made with the old one are taken for so long: they were on their way.
const IN_FLIGHT: Duration = Duration::from_secs(2);

/// Both ways of one leg. It lives as long as the leg, whatever it agrees on meanwhile, and goes with it from mixer to mixer.
#[derive(Debug)]
pub struct Secrecy {
    /// What we send.
    pub sealer: Sealer,
    /// What comes.
    pub opener: Opener,
}

impl Secrecy {
    /// Nothing sent, nothing received.
    pub fn new(keys: &Keys) -> Self {
        Self { sealer: Sealer::new(&keys.send), opener: Opener::new(&keys.receive) }
    }

    /// A new agreement. A key that is in it again goes on with what is remembered of it.
    pub fn renew(&mut self, keys: &Keys) {
        if self.sealer.key != keys.send {
            self.sealer = Sealer::new(&keys.send);
        }
        self.opener.renew(&keys.receive);
    }
}

/// Makes our packets secret.
pub struct Sealer {
    key: MasterKey,
    transform: Transform,
    /// Rollover counter and sequence number of the newest packet.
    newest: Option<u64>,
    reports: u32,
}

impl Sealer {
    fn new(key: &MasterKey) -> Self {
        Self { key: key.clone(), transform: Transform::new(key), newest: None, reports: 0 }
    }

    /// The RTP packet from `start` to the end.
    pub fn seal(&mut self, packet: &mut Vec<u8>, start: usize) {
        let sequence = sequence(packet.get(start..).unwrap_or_default());
        let index = self.newest.map_or(Some(u64::from(sequence)), |newest| guess(newest, sequence));
        // What belongs before the first packet of all has no index.
        let Some(index) = index else { return packet.truncate(start) };
        self.newest = self.newest.max(Some(index));
        self.transform.seal(packet, start, index);
    }

    /// The RTCP packet from `start` to the end.
    pub fn seal_report(&mut self, packet: &mut Vec<u8>, start: usize) {
        // 2^31 reports of one leg take 300 years.
        self.reports = (self.reports + 1) & 0x7FFF_FFFF;
        self.transform.seal_report(packet, start, self.reports);
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealer({:?})", self.key)
    }
}

/// Reads the peer's packets.
#[derive(Debug)]
pub struct Opener {
    current: Keyed,
    /// The key before, while packets made with it may come.
    previous: Option<Box<Keyed>>,
    /// When the first packet with the current key came.
    used_since: Option<Instant>,
    /// Packets that were made without the key, changed on their way, or came before.
    forged: u64,
}

impl Opener {
    fn new(key: &MasterKey) -> Self {
        Self { current: Keyed::new(key), previous: None, used_since: None, forged: 0 }
    }

    fn renew(&mut self, key: &MasterKey) {
        if self.current.key == *key {
            return;
        }
        let taken_back = self.previous.take_if(|previous| previous.key == *key);
        let next = taken_back.map_or_else(|| Keyed::new(key), |previous| *previous);
        let current = std::mem::replace(&mut self.current, next);
        // A key that was never used was taken back, or will not be.
        if self.used_since.take().is_some() || self.previous.is_none() {
            self.previous = Some(Box::new(current));
        }
    }

    /// Packets that were refused.
    pub fn forged(&self) -> u64 {
        self.forged
    }

    /// Decrypts an RTP packet in place; the plain one. `None`: nobody with the key made it, or it came before.
    pub fn open<'a>(&mut self, packet: &'a mut [u8], now: Instant) -> Option<&'a [u8]> {
        let length = self.try_keys(now, |keyed, before| keyed.open(packet, before));
        packet.get(..length?)
    }

    /// Likewise RTCP.
    pub fn open_report<'a>(&mut self, packet: &'a mut [u8], now: Instant) -> Option<&'a [u8]> {
        let length = self.try_keys(now, |keyed, _| keyed.open_report(packet));
        packet.get(..length?)
    }

    fn try_keys(
        &mut self,
        now: Instant,
        mut open: impl FnMut(&mut Keyed, Option<&Keyed>) -> Option<usize>,
    ) -> Option<usize> {
        if self.used_since.is_some_and(|since| now.saturating_duration_since(since) >= IN_FLIGHT) {
            self.previous = None;
        }
        let opened = open(&mut self.current, self.previous.as_deref());
        if opened.is_some() {
            self.used_since.get_or_insert(now);
            return opened;
        }
        let opened = self.previous.as_mut().and_then(|previous| open(previous, None));
        self.forged += u64::from(opened.is_none());
        opened
    }
}

/// A key of the peer, with all that came under it.
struct Keyed {
    key: MasterKey,
    transform: Transform,
    rtp: Tracks,
    rtcp: Tracks,
}

impl Keyed {
    fn new(key: &MasterKey) -> Self {
        let (rtp, rtcp) = (Tracks::default(), Tracks::default());
        Self { key: key.clone(), transform: Transform::new(key), rtp, rtcp }
    }

    fn open(&mut self, packet: &mut [u8], before: Option<&Self>) -> Option<usize> {
        let ssrc = u32::from_be_bytes(*packet.get(8..)?.first_chunk()?);
        let sequence = sequence(packet);
        if let Some(track) = self.rtp.find(ssrc) {
            let index = guess(track.newest, sequence).filter(|index| track.is_new(*index))?;
            let length = self.transform.open(packet, index)?;
            self.rtp.take(ssrc, index);
            return Some(length);
        }
        // A new key keeps the counter (RFC 3711 3.3.1), but many begin at zero with it.
        let kept = before.and_then(|before| guess(before.rtp.find(ssrc)?.newest, sequence));
        for index in kept.into_iter().filter(|kept| kept >> 16 != 0).chain([u64::from(sequence)]) {
            if let Some(length) = self.transform.open(packet, index) {
                self.rtp.take(ssrc, index);
                return Some(length);
            }
        }
        None
    }

    fn open_report(&mut self, packet: &mut [u8]) -> Option<usize> {
        let ssrc = u32::from_be_bytes(*packet.get(4..)?.first_chunk()?);
        let index = self.transform.report_index(packet)?;
        if self.rtcp.find(ssrc).is_some_and(|track| !track.is_new(index.into())) {
            return None;
        }
        let length = self.transform.open_report(packet, index)?;
        self.rtcp.take(ssrc, index.into());
        Some(length)
    }
}

impl fmt::Debug for Keyed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyed({:?})", self.key)
    }
}

fn sequence(packet: &[u8]) -> u16 {
    packet.get(2..).and_then(|rest| rest.first_chunk()).map_or(0, |octets| u16::from_be_bytes(*octets))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "a test needs a time to start from")]
mod tests {
    use super::*;
    use crate::media::srtp::Suite;
    use proptest::prelude::*;

    fn key(octet: u8) -> MasterKey {
        let suite = Suite::ALL[usize::from(octet % 3)];
        MasterKey::new(suite, &vec![octet; 16 + suite.salt_length()], 0).unwrap()
    }

    fn packet(ssrc: u8, sequence: u16) -> Vec<u8> {
        let [high, low] = sequence.to_be_bytes();
        let mut packet = vec![0x80, 0, high, low, 0, 0, 0, 0, 0, 0, 0, ssrc];
        packet.extend([sequence as u8; 20]);
        packet
    }

    fn sealed(sealer: &mut Sealer, ssrc: u8, sequence: u16) -> Vec<u8> {
        let mut packet = packet(ssrc, sequence);
        sealer.seal(&mut packet, 0);
        packet
    }

    /// Whether a packet is taken; if so it must be the one that was made.
    fn opens(opener: &mut Opener, mut secret: Vec<u8>, now: Instant) -> bool {
        let (ssrc, sequence) = (secret[11], sequence(&secret));
        let before = secret.clone();
        match opener.open(&mut secret, now) {
            Some(plain) => plain == packet(ssrc, sequence),
            None => {
                assert_eq!(secret, before);
                false
            }
        }
    }

    #[test]
    fn numbers_go_round_and_the_counter_with_them() {
        let now = Instant::now();
        for octet in 0..3 {
            let (mut sealer, mut opener) = (Sealer::new(&key(octet)), Opener::new(&key(octet)));
            for number in 0xFFF0..0x3_0010_u32 {
                // Most of them are lost.
                if number % 1000 < 3 || number & 0xFFFF > 0xFFFC || number & 0xFFFF < 3 {
                    let packet = sealed(&mut sealer, 1, number as u16);
                    assert!(opens(&mut opener, packet.clone(), now), "{number:x}");
                    assert!(!opens(&mut opener, packet, now), "{number:x} twice");
                }
            }
            assert_eq!(sealer.newest, Some(0x3_0002));
        }
    }

    #[test]
    fn disorder_around_the_turn_is_no_loss() {
        let now = Instant::now();
        let (mut sealer, mut opener) = (Sealer::new(&key(1)), Opener::new(&key(1)));
        let mut packets: Vec<_> = (0xFFFA..0x1_0006_u32).map(|number| sealed(&mut sealer, 1, number as u16)).collect();
        packets.swap(5, 6);
        packets.swap(3, 8);
        for packet in packets {
            assert!(opens(&mut opener, packet, now));
        }
    }

    #[test]
    fn what_is_relayed_late_is_made_with_the_counter_of_its_time() {
        let now = Instant::now();
        let (mut sealer, mut opener) = (Sealer::new(&key(0)), Opener::new(&key(0)));
        for number in [0xFFFE, 0, 0xFFFF, 1_u16] {
            let packet = sealed(&mut sealer, 1, number);
            assert!(opens(&mut opener, packet, now), "{number}");
        }
        assert_eq!(sealer.newest, Some(0x1_0001));
    }

    #[test]
    fn a_new_key_is_taken_at_once_and_the_old_one_for_a_while() {
        let start = Instant::now();
        let (mut old, mut new) = (Sealer::new(&key(1)), Sealer::new(&key(2)));
        let mut opener = Opener::new(&key(1));
        let (mut late, mut stale) = (sealed(&mut old, 1, 7), sealed(&mut old, 1, 8));
        assert!(opens(&mut opener, sealed(&mut old, 1, 9), start));
        opener.renew(&key(2));
        // As long as the peer does not use it, the old one goes on.
        assert!(opens(&mut opener, sealed(&mut old, 1, 10), start + IN_FLIGHT * 10));
        let start = start + IN_FLIGHT * 10;
        assert!(opens(&mut opener, sealed(&mut new, 1, 11), start));
        assert!(opens(&mut opener, std::mem::take(&mut late), start + IN_FLIGHT / 2));
        assert!(opens(&mut opener, sealed(&mut new, 1, 12), start + IN_FLIGHT / 2));
        assert!(!opens(&mut opener, std::mem::take(&mut stale), start + IN_FLIGHT));
        assert!(opens(&mut opener, sealed(&mut new, 1, 13), start + IN_FLIGHT));
        assert_eq!(opener.forged(), 1);
    }

    #[test]
    fn the_same_key_again_goes_on_and_is_no_way_in_for_old_packets() {
        let now = Instant::now();
        let keys = Keys { send: key(1), receive: key(1) };
        let mut secrecy = Secrecy::new(&keys);
        let mut packets = Vec::new();
        for number in 0xFF00..0x1_0100_u32 {
            let packet = sealed(&mut secrecy.sealer, 1, number as u16);
            assert!(opens(&mut secrecy.opener, packet.clone(), now));
            packets.push(packet);
        }
        secrecy.renew(&keys);
        assert!(opens(&mut secrecy.opener, sealed(&mut secrecy.sealer, 1, 0x100), now));
        for packet in packets {
            assert!(!opens(&mut secrecy.opener, packet, now));
        }
    }

    #[test]
    fn under_a_new_key_the_counter_may_go_on_or_begin_anew() {
        let now = Instant::now();
        for begins_anew in [true, false] {
            let (mut old, mut new) = (Sealer::new(&key(1)), Sealer::new(&key(2)));
            let mut opener = Opener::new(&key(1));
            for number in 0xFFF0..0x1_0010_u32 {
                assert!(opens(&mut opener, sealed(&mut old, 1, number as u16), now));
            }
            if !begins_anew {
                new.newest = old.newest;
            }
            opener.renew(&key(2));
            for number in 0x10..0x20 {
                assert!(opens(&mut opener, sealed(&mut new, 1, number), now), "{begins_anew} {number}");
            }
        }
    }

    #[test]
    fn a_key_that_was_offered_and_taken_back_does_no_harm() {
        let now = Instant::now();
        let mut old = Sealer::new(&key(1));
        let mut opener = Opener::new(&key(1));
        assert!(opens(&mut opener, sealed(&mut old, 1, 1), now));
        for (number, other) in (2..).zip([2, 3, 1, 4, 1]) {
            opener.renew(&key(other));
            assert!(opens(&mut opener, sealed(&mut old, 1, number), now), "{other}");
        }
    }

    #[test]
    fn forged_sources_take_no_place_and_replayed_reports_are_refused() {
        let now = Instant::now();
        let (mut sealer, mut opener) = (Sealer::new(&key(2)), Opener::new(&key(2)));
        assert!(opens(&mut opener, sealed(&mut sealer, 1, 1), now));
        for ssrc in 2..=255 {
            assert!(opener.open(&mut packet(ssrc, 1).repeat(2), now).is_none());
        }
        assert!(opens(&mut opener, sealed(&mut sealer, 1, 2), now));
        assert_eq!(opener.forged(), 254);
        let reports: Vec<Vec<u8>> = (0..200)
            .map(|_| {
                let mut report = packet(1, 1);
                sealer.seal_report(&mut report, 0);
                report
            })
            .collect();
        for report in &reports {
            assert_eq!(opener.open_report(&mut report.clone(), now), Some(&packet(1, 1)[..]));
        }
        for report in &reports {
            assert_eq!(opener.open_report(&mut report.clone(), now), None);
        }
    }

    proptest! {
        #[test]
        fn each_packet_is_taken_once_in_any_order(order in prop::collection::vec(0..100_u16, 1..300), first in any::<u16>()) {
            let now = Instant::now();
            let (mut sealer, mut opener) = (Sealer::new(&key(0)), Opener::new(&key(0)));
            // 200 on, so that nothing lies before the first.
            let packets: Vec<_> = (0..100).map(|n| sealed(&mut sealer, 1, first.wrapping_add(n))).collect();
            prop_assume!(first > 200 && first < 65_000);
            let mut taken = [false; 100];
            for n in order {
                let new = !std::mem::replace(&mut taken[usize::from(n)], true);
                prop_assert_eq!(opens(&mut opener, packets[usize::from(n)].clone(), now), new);
            }
        }

        #[test]
        fn nothing_panics(mut packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 1..20)) {
            let now = Instant::now();
            let mut opener = Opener::new(&key(2));
            for packet in &mut packets {
                prop_assert!(opener.open(packet, now).is_none());
                prop_assert!(opener.open_report(packet, now).is_none());
            }
        }

        #[test]
        fn another_implementation_understands_ours_and_we_its(
            octet in any::<u8>(), first in any::<u16>(), ssrc in 1_u8.., payload in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            use webrtc_srtp::{context::Context, protection_profile::ProtectionProfile};
            let now = Instant::now();
            let key = key(octet);
            let profile = match key.suite() {
                Suite::AesCm128HmacSha1_80 => ProtectionProfile::Aes128CmHmacSha1_80,
                Suite::AesCm128HmacSha1_32 => ProtectionProfile::Aes128CmHmacSha1_32,
                Suite::AeadAes128Gcm => ProtectionProfile::AeadAes128Gcm,
            };
            let (master, salt) = key.key_and_salt().split_at(16);
            let theirs = || Context::new(master, salt, profile, None, None).unwrap();
            let (mut sends, mut receives) = (theirs(), theirs());
            let (mut sealer, mut opener) = (Sealer::new(&key), Opener::new(&key));
            for number in 0..3_u16 {
                let mut plain = packet(ssrc, first.wrapping_add(number));
                plain.truncate(12);
                plain.extend_from_slice(&payload);
                let mut secret = plain.clone();
                sealer.seal(&mut secret, 0);
                prop_assert_eq!(&sends.encrypt_rtp(&plain).unwrap()[..], &secret[..]);
                prop_assert_eq!(&receives.decrypt_rtp(&secret).unwrap()[..], &plain[..]);
                prop_assert_eq!(opener.open(&mut secret, now), Some(&plain[..]));

                let mut plain = vec![0x80, 201, 0, 1, 0, 0, 0, ssrc];
                plain.extend_from_slice(&payload);
                let mut secret = plain.clone();
                sealer.seal_report(&mut secret, 0);
                // Its first index is 0 in some versions and 1 in others: what matters is that each reads the other.
                prop_assert_eq!(&receives.decrypt_rtcp(&secret).unwrap()[..], &plain[..]);
                prop_assert_eq!(opener.open_report(&mut secret, now), Some(&plain[..]));
            }
        }
    }
}
