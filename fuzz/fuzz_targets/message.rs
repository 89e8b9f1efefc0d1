#![no_main]

use libfuzzer_sys::fuzz_target;
use warmline::sip::wire::Message;

fuzz_target!(|datagram: &[u8]| {
    let Ok(message) = Message::parse(datagram) else { return };
    assert_eq!(Message::parse(&message.print()), Ok(message));
});
