//! What one call costs the signalling side, INVITE to BYE with two dialogs: the whole exchange on a virtual clock, a thousand calls at once,
//! 200 a second, peers that answer at once. Only processor time spent inside of the exchange is counted.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, missing_docs, reason = "a bench measures, and may fail")]

mod calls;

use calls::Calls;
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const CALLS: usize = 20_000;
const AT_ONCE: usize = 1_000;
const BETWEEN_CALLS: Duration = Duration::from_millis(5);

fn main() {
    let mut bench = Calls::new(CALLS, processor_time);
    for number in 0..CALLS {
        bench.begin(number);
        if number >= AT_ONCE {
            bench.end(number - AT_ONCE);
        }
        bench.pass_time(BETWEEN_CALLS);
    }
    let calls = CALLS - AT_ONCE;
    assert_eq!(bench.answered, CALLS, "every call is answered");
    assert_eq!(bench.exchange.calls(), AT_ONCE, "those that were ended are gone");
    println!(
        "signalling: {:.1} us of processor time a call (INVITE to BYE, two dialogs), {:.1} us of it for timers; {calls} calls",
        micros(bench.inside) / calls as f64,
        micros(bench.waking) / calls as f64,
    );
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// What this thread has used: other programs on the machine do not count.
fn processor_time() -> Duration {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(spent.tv_sec.unsigned_abs(), u32::try_from(spent.tv_nsec).unwrap())
}
