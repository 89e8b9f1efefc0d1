//! RTCP (RFC 3550 6): sender and receiver reports with CNAME, and the goodbye.

use std::time::Duration;

const SENDER: u8 = 200;
const RECEIVER: u8 = 201;
const DESCRIPTION: u8 = 202;
const BYE: u8 = 203;
/// Reports are sent about this often (RFC 3550 6.2).
const INTERVAL: Duration = Duration::from_secs(5);

/// The time until the next report: 5 s, half as much more or less by chance (RFC 3550 6.3.1). `chance`: 0 to 1.
pub fn interval(chance: f64) -> Duration {
    INTERVAL.mul_f64(0.5 + chance.clamp(0.0, 1.0))
}

/// What was sent, for a sender report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The sender's clock, 32 bits of seconds and 32 of their fraction.
    pub ntp: u64,
    /// The same moment in RTP.
    pub timestamp: u32,
    /// Packets so far.
    pub packets: u32,
    /// Octets of payload so far.
    pub octets: u32,
}

/// What was received from one source: a report block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// The source that is reported on.
    pub ssrc: u32,
    /// Lost since the last report, 256ths.
    pub fraction_lost: u8,
    /// Lost in all; 24 bits are told.
    pub lost: u32,
    /// Highest sequence number with cycles.
    pub highest: u32,
    /// Interarrival jitter, ticks.
    pub jitter: u32,
    /// Middle of the NTP time of the last sender report of that source; 0: none came.
    pub last_report: u32,
    /// Since then, in 65536ths of a second.
    pub delay: u32,
}

/// What of a compound packet concerns a leg of one source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Incoming {
    /// Who reports.
    pub from: u32,
    /// What it sent, if it is a sender.
    pub sent: Option<Sent>,
    /// What it received of the source asked for.
    pub received: Option<Received>,
    /// It leaves.
    pub bye: bool,
}

/// Whether a datagram on a port that RTP and RTCP share is RTCP (RFC 5761 4).
pub fn is_report(datagram: &[u8]) -> bool {
    datagram.get(1).is_some_and(|kind| (192..=223).contains(kind))
}

/// Reads a compound packet (RFC 3550 A.2), `ours` being the SSRC whose reports are wanted. `None`: not valid as a whole.
pub fn read(datagram: &[u8], ours: u32) -> Option<Incoming> {
    let mut incoming = Incoming::default();
    let mut rest = datagram;
    let mut first = true;
    while !rest.is_empty() {
        let [flags, kind, high, low] = *rest.first_chunk()?;
        let length = 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
        let packet = rest.get(..length)?;
        rest = &rest[length..];
        // The first is a report without padding; only the last may be padded.
        if flags >> 6 != 2 || first && (flags & 0x20 != 0 || !matches!(kind, SENDER | RECEIVER)) {
            return None;
        }
        let count = usize::from(flags & 0x1F);
        match kind {
            SENDER => {
                incoming.from = word(packet, 4)?;
                incoming.sent = Some(Sent {
                    ntp: (u64::from(word(packet, 8)?) << 32) | u64::from(word(packet, 12)?),
                    timestamp: word(packet, 16)?,
                    packets: word(packet, 20)?,
                    octets: word(packet, 24)?,
                });
                incoming.received = blocks(packet.get(28..)?, count, ours)?.or(incoming.received);
            }
            RECEIVER => {
                incoming.from = word(packet, 4)?;
                incoming.received = blocks(packet.get(8..)?, count, ours)?.or(incoming.received);
            }
            BYE => incoming.bye = incoming.bye || count > 0,
            _ => {}
        }
        first = false;
    }
    (!first).then_some(incoming)
}

fn blocks(bytes: &[u8], count: usize, ours: u32) -> Option<Option<Received>> {
    let blocks = bytes.get(..24 * count)?;
    let mut found = None;
    for block in blocks.chunks_exact(24) {
        let ssrc = word(block, 0)?;
        if ssrc == ours {
            let loss = word(block, 4)?;
            found = Some(Received {
                ssrc,
                fraction_lost: (loss >> 24) as u8,
                lost: loss & 0x00FF_FFFF,
                highest: word(block, 8)?,
                jitter: word(block, 12)?,
                last_report: word(block, 16)?,
                delay: word(block, 20)?,
            });
        }
    }
    Some(found)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// Appends a compound packet to `out`: SR or RR, SDES with CNAME, BYE if we leave.
pub fn write(ours: u32, sent: Option<&Sent>, received: Option<&Received>, cname: &str, bye: bool, out: &mut Vec<u8>) {
    let start = begin(if sent.is_some() { SENDER } else { RECEIVER }, u8::from(received.is_some()), out);
    put(out, ours);
    if let Some(sent) = sent {
        out.extend_from_slice(&sent.ntp.to_be_bytes());
        for word in [sent.timestamp, sent.packets, sent.octets] {
            put(out, word);
        }
    }
    if let Some(block) = received {
        let loss = u32::from(block.fraction_lost) << 24 | block.lost.min(0x007F_FFFF);
        for word in [block.ssrc, loss, block.highest, block.jitter, block.last_report, block.delay] {
            put(out, word);
        }
    }
    finish(start, out);
    let start = begin(DESCRIPTION, 1, out);
    put(out, ours);
    let name = &cname.as_bytes()[..cname.len().min(255)];
    out.extend_from_slice(&[1, name.len() as u8]);
    out.extend_from_slice(name);
    // At least one zero ends the items, then up to the next word.
    out.push(0);
    while !(out.len() - start).is_multiple_of(4) {
        out.push(0);
    }
    finish(start, out);
    if bye {
        let start = begin(BYE, 1, out);
        put(out, ours);
        finish(start, out);
    }
}

fn begin(kind: u8, count: u8, out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.extend_from_slice(&[0x80 | count, kind, 0, 0]);
    start
}

fn finish(start: usize, out: &mut [u8]) {
    let words = ((out.len() - start) / 4 - 1) as u16;
    out[start + 2..start + 4].copy_from_slice(&words.to_be_bytes());
}

fn put(out: &mut Vec<u8>, word: u32) {
    out.extend_from_slice(&word.to_be_bytes());
}

/// A duration as the seconds and fractions of NTP.
pub fn ntp(time: Duration) -> u64 {
    (time.as_secs() << 32) | ((u64::from(time.subsec_nanos()) << 32) / 1_000_000_000)
}

/// The middle 32 bits, as reports refer to it.
pub fn middle(ntp: u64) -> u32 {
    (ntp >> 16) as u32
}

/// The way there and back (RFC 3550 6.4.1), told by a block that came at `now` on our clock. `None`: it cannot be told.
pub fn round_trip(block: &Received, now: u64) -> Option<Duration> {
    if block.last_report == 0 {
        return None;
    }
    let units = middle(now).wrapping_sub(block.last_report).checked_sub(block.delay)?;
    // More than a minute is a clock that was set, or a lie.
    (units < 60 << 16).then(|| Duration::from_nanos((u64::from(units) * 1_000_000_000) >> 16))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SENT: Sent = Sent { ntp: 0x0102_0304_0506_0708, timestamp: 9, packets: 10, octets: 1600 };
    const BLOCK: Received = Received {
        ssrc: 7,
        fraction_lost: 3,
        lost: 0x1_0203,
        highest: 0x1_0005,
        jitter: 12,
        last_report: 0x0304_0506,
        delay: 65536,
    };

    #[test]
    fn what_is_reported_is_understood() {
        for (sent, block, bye) in [(Some(SENT), Some(BLOCK), false), (None, Some(BLOCK), true), (None, None, false)] {
            let mut bytes = Vec::new();
            write(5, sent.as_ref(), block.as_ref(), "abc@here", bye, &mut bytes);
            assert_eq!(bytes.len() % 4, 0);
            assert_eq!(read(&bytes, 7), Some(Incoming { from: 5, sent, received: block, bye }));
        }
    }

    #[test]
    fn reports_on_others_do_not_concern_us() {
        let mut bytes = Vec::new();
        write(5, None, Some(&BLOCK), "a", false, &mut bytes);
        assert_eq!(read(&bytes, 8), Some(Incoming { from: 5, ..Incoming::default() }));
    }

    #[test]
    fn the_round_trip_is_what_is_left_of_the_time() {
        let now = ntp(Duration::from_millis(10_250));
        let block = Received { last_report: middle(ntp(Duration::from_secs(9))), delay: 65536, ..BLOCK };
        assert_eq!(round_trip(&block, now), Some(Duration::from_millis(250)));
        assert_eq!(round_trip(&Received { last_report: 0, ..block }, now), None);
        assert_eq!(round_trip(&Received { delay: 1 << 30, ..block }, now), None);
    }

    #[test]
    fn a_compound_packet_that_does_not_begin_with_a_report_or_lies_is_refused() {
        let mut bytes = Vec::new();
        write(5, Some(&SENT), Some(&BLOCK), "a", true, &mut bytes);
        assert_eq!(read(&bytes[52..], 7), None);
        assert_eq!(read(&bytes[..bytes.len() - 1], 7), None);
        assert_eq!(read(&[], 7), None);
        bytes[0] = 0x9F;
        assert_eq!(read(&bytes, 7), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(
            datagram in prop::collection::vec(any::<u8>(), 0..200),
            kind in 199..205_u8,
            words in 0..8_u8,
        ) {
            let mut datagram = datagram;
            if let Some(head) = datagram.first_chunk_mut() {
                *head = [head[0] & 0x3F | 0x80, kind, 0, words];
            }
            let _ = read(&datagram, 0).and_then(|incoming| incoming.received.and_then(|block| round_trip(&block, u64::MAX)));
        }
    }
}
