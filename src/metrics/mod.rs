//! What Prometheus is told. `Watch` counts what the news say, at its own pace; what the busy threads count by themselves
//! ([`crate::control::Meters`]) and how much of everything is alive is read when somebody asks. The only file that knows the
//! client library is `page`.

mod page;
mod watch;

pub use page::{Load, Page, QueueLoad};
pub use watch::watch;
