//! The headers of a message, in order, unknown ones kept.

/// Header fields in the order of the message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Headers(());
