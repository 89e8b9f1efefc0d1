//! Reading and printing an INVITE as a phone sends it, and rsip's reading of the same. To reach: parse and print <= 2 us.

use divan::{Bencher, black_box};
use warmline::sip::wire::{Message, Response, StatusCode};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

const INVITE: &[u8] = b"INVITE sip:201@192.0.2.10:5060;transport=udp SIP/2.0\r\n\
Via: SIP/2.0/UDP 192.0.2.21:5062;branch=z9hG4bK-524287-1---a5b2c7d8e9f0a1b2;rport\r\n\
Max-Forwards: 70\r\n\
Contact: <sip:200@192.0.2.21:5062;transport=udp>\r\n\
To: <sip:201@pbx.example.com>\r\n\
From: \"Alice Liddell\" <sip:200@pbx.example.com>;tag=8f2e1c4a\r\n\
Call-ID: 79012ZjM5YjQ0ZDk2MmU1YzI3MzQ4YzVhNDk\r\n\
CSeq: 1 INVITE\r\n\
Allow: INVITE, ACK, CANCEL, BYE, NOTIFY, REFER, MESSAGE, OPTIONS, INFO, SUBSCRIBE, UPDATE, PRACK\r\n\
Content-Type: application/sdp\r\n\
Supported: replaces, norefersub, extended-refer, timer, outbound, path, X-cisco-serviceuri\r\n\
User-Agent: Example Phone 5.6.4\r\n\
Session-Expires: 1800;refresher=uac\r\n\
Min-SE: 90\r\n\
Allow-Events: presence, kpml, talk\r\n\
Content-Length: 261\r\n\
\r\n\
v=0\r\n\
o=- 13219834742 1 IN IP4 192.0.2.21\r\n\
s=Example Phone\r\n\
c=IN IP4 192.0.2.21\r\n\
t=0 0\r\n\
m=audio 4000 RTP/AVP 8 0 9 101\r\n\
a=rtpmap:8 PCMA/8000\r\n\
a=rtpmap:0 PCMU/8000\r\n\
a=rtpmap:9 G722/8000\r\n\
a=rtpmap:101 telephone-event/8000\r\n\
a=fmtp:101 0-15\r\n\
a=ptime:20\r\n\
a=sendrecv\r\n";

fn message() -> Message {
    Message::parse(INVITE).expect("it is one")
}

#[divan::bench]
fn parse(bencher: Bencher) {
    bencher.bench(|| Message::parse(black_box(INVITE)).expect("it is one"));
}

#[divan::bench]
fn print(bencher: Bencher) {
    let message = message();
    bencher.bench(|| black_box(&message).print());
}

#[divan::bench]
fn parse_and_print(bencher: Bencher) {
    bencher.bench(|| Message::parse(black_box(INVITE)).expect("it is one").print());
}

#[divan::bench]
fn answer(bencher: Bencher) {
    let Message::Request(request) = message() else { unreachable!("it is a request") };
    bencher.bench(|| Response::to(black_box(&request), StatusCode::RINGING, Some("b7c8")).print());
}

#[divan::bench]
fn parse_with_rsip(bencher: Bencher) {
    bencher.bench(|| rsip::SipMessage::try_from(black_box(INVITE)).expect("it is one"));
}

/// As above, and what our parser has looked at before it says yes.
#[divan::bench]
fn parse_and_check_with_rsip(bencher: Bencher) {
    use rsip::{headers::ToTypedHeader, message::HeadersExt};
    bencher.bench(|| {
        let message = rsip::SipMessage::try_from(black_box(INVITE)).expect("it is one");
        let via = message.via_header().and_then(|via| via.typed());
        let from = message.from_header().and_then(|from| from.typed());
        let to = message.to_header().and_then(|to| to.typed());
        let cseq = message.cseq_header().and_then(|cseq| cseq.typed());
        black_box((via.is_ok(), from.is_ok(), to.is_ok(), cseq.is_ok()));
        message
    });
}
