//! What was said in a call, by SIP and by the switch, for people to look at. Pure.
//!
//! [`Story`] gathers it; [`Ladder`] draws it, as text and as SVG; `mask` takes out what nobody should see.

mod ladder;
mod mask;
mod story;
mod svg;

pub use ladder::{Ladder, Row, label};
pub use mask::mask;
pub use story::{Entry, Story};
