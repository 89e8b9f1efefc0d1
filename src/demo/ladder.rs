//! SIP messages as arrows between columns.

use super::stage::Role;
use crate::{
    server::Trace,
    sip::wire::Message,
    trace::{self, Row},
};
use std::{net::SocketAddr, time::Instant};

/// Draws what it is shown.
pub(super) struct Ladder {
    phones: Vec<(SocketAddr, Role)>,
    columns: trace::Ladder,
    start: Instant,
}

impl Ladder {
    /// Times are told from `start` on.
    pub(super) fn new(phones: Vec<(SocketAddr, Role)>, start: Instant) -> Self {
        let columns = trace::Ladder::new(Role::ALL.map(|role| role.name().to_owned()));
        Self { phones, columns, start }
    }

    /// The names of the columns.
    pub(super) fn head(&self) -> [String; 1] {
        [self.columns.head()]
    }

    /// A message as a line; none for what is no message.
    pub(super) fn draw(&self, trace: &Trace) -> Option<String> {
        let (_, role) = self.phones.iter().find(|(address, _)| *address == trace.peer)?;
        let column = trace::Ladder::column(*role as usize);
        let label = trace::label(&Message::parse(&trace.message).ok()?);
        let ms = trace.at.saturating_duration_since(self.start).as_millis();
        Some(self.columns.line(ms, &Row::Arrow { column, sent: trace.sent, label }))
    }
}
