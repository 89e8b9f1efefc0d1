//! What a call takes of memory at the exchange, while it lasts and until its transactions are forgotten.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a test needs a time to start from"
)]

#[path = "../benches/signalling/calls.rs"]
mod calls;

use allocation_counter::measure;
use calls::Calls;
use std::time::Duration;

const CALLS: usize = 256;
/// After this no transaction is remembered.
const FORGOTTEN: Duration = Duration::from_secs(40);

/// Bytes a call that are allocated in `step` and not given back.
fn bytes(step: impl FnOnce()) -> i64 {
    measure(step).bytes_current / CALLS as i64
}

#[test]
fn a_call_is_small_and_what_it_leaves_behind_is_smaller() {
    let mut exchange = Calls::new(3 * CALLS, || Duration::ZERO);
    // Tables have grown by then.
    (0..CALLS).for_each(|number| exchange.begin(number));
    (0..CALLS).for_each(|number| exchange.end(number));
    exchange.pass_time(FORGOTTEN);

    let begun = bytes(|| (CALLS..2 * CALLS).for_each(|number| exchange.begin(number)));
    let talking = begun + bytes(|| exchange.pass_time(FORGOTTEN));
    let ended = talking
        + bytes(|| {
            (CALLS..2 * CALLS).for_each(|number| exchange.end(number));
            exchange.pass_time(FORGOTTEN);
        });
    let hung_up = bytes(|| {
        (2 * CALLS..3 * CALLS).for_each(|number| exchange.begin(number));
        exchange.pass_time(Duration::from_secs(5));
        (2 * CALLS..3 * CALLS).for_each(|number| exchange.end(number));
        exchange.pass_time(Duration::from_secs(6));
    });
    println!("bytes a call: {begun} at first, {talking} while it lasts, {hung_up} when it is over, {ended} in the end");
    assert!(begun < 16 << 10, "a call that has just been answered: {begun}");
    assert!(talking < 13 << 10, "a call that goes on: {talking}");
    assert!(hung_up < 5 << 10, "a call that is over and whose transactions are remembered: {hung_up}");
    // The peers of this test remember each 200.
    assert!(ended < 1 << 10, "a call of which nothing is left: {ended}");
}
