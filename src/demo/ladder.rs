//! SIP messages as arrows between columns.

use super::stage::Role;
use crate::{
    server::Trace,
    sip::wire::{Message, Request, Response, sipfrag_status},
};
use std::{net::SocketAddr, time::Instant};

/// Where the columns stand; the switch is the second.
const CALLER: usize = 14;
const SWITCH: usize = 44;
const AGENT: usize = 74;
const EXPERT: usize = 104;
const COLUMNS: [(usize, &str); 4] = [(CALLER, "caller"), (SWITCH, "switch"), (AGENT, "agent"), (EXPERT, "expert")];

/// Draws what it is shown.
pub(super) struct Ladder {
    phones: Vec<(SocketAddr, Role)>,
    start: Instant,
}

impl Ladder {
    /// Times are told from `start` on.
    pub(super) fn new(phones: Vec<(SocketAddr, Role)>, start: Instant) -> Self {
        Self { phones, start }
    }

    /// The names of the columns.
    pub(super) fn head(&self) -> [String; 1] {
        let mut line = blank();
        for (column, name) in COLUMNS {
            write(&mut line, column - name.len() / 2, name);
        }
        [text(&line)]
    }

    /// A message as a line; none for what is no message.
    pub(super) fn draw(&self, trace: &Trace) -> Option<String> {
        let (_, role) = self.phones.iter().find(|(address, _)| *address == trace.peer)?;
        let phone = match role {
            Role::Caller => CALLER,
            Role::Agent => AGENT,
            Role::Expert => EXPERT,
        };
        let label = label(&Message::parse(&trace.message).ok()?);
        let (from, to) = if trace.sent { (SWITCH, phone) } else { (phone, SWITCH) };
        let (left, right) = (from.min(to), from.max(to));
        let mut line = blank();
        for (column, _) in COLUMNS {
            line[column] = '|';
        }
        line[left + 1..right].fill('-');
        if from < to {
            line[right - 1] = '>';
        } else {
            line[left + 1] = '<';
        }
        // The label stands beside the switch, so that arrows that cross a column can be read as well.
        let middle = if phone < SWITCH { (phone + SWITCH) / 2 } else { (SWITCH + AGENT) / 2 };
        let label = format!(" {label} ");
        write(&mut line, middle - label.chars().count().min(26) / 2, &label);
        let ms = trace.at.saturating_duration_since(self.start).as_millis();
        write(&mut line, 0, &format!("{:>4}.{:03} s", ms / 1000, ms % 1000));
        Some(text(&line))
    }
}

/// What a message is, in a few words.
fn label(message: &Message) -> String {
    match message {
        Message::Request(request) => request_label(request),
        Message::Response(response) => response_label(response),
    }
}

fn request_label(request: &Request) -> String {
    let method = request.method.as_str();
    let replaces = request.headers.get("Refer-To").is_some_and(|target| target.contains("Replaces"));
    match sipfrag_status(&request.body).filter(|_| method == "NOTIFY") {
        Some(status) => format!("NOTIFY {}", status.0),
        None if replaces => format!("{method} with Replaces"),
        None => format!("{method}{}", direction(&request.body)),
    }
}

fn response_label(response: &Response) -> String {
    let method = response.headers.cseq().map(|cseq| cseq.method.as_str().to_owned()).unwrap_or_default();
    format!("{} {} {method}", response.status.0, short(&response.reason))
}

/// The direction in an SDP, if it says another than both ways.
fn direction(body: &[u8]) -> String {
    let sdp = String::from_utf8_lossy(body);
    let said = ["sendonly", "recvonly", "inactive"].into_iter().find(|way| sdp.contains(&format!("a={way}")));
    said.map(|way| format!(" {way}")).unwrap_or_default()
}

fn short(reason: &str) -> &str {
    reason.split_whitespace().next().unwrap_or_default()
}

fn blank() -> Vec<char> {
    vec![' '; EXPERT + 8]
}

fn write(line: &mut [char], at: usize, text: &str) {
    for (place, c) in line.iter_mut().skip(at).zip(text.chars()) {
        *place = c;
    }
}

fn text(line: &[char]) -> String {
    line.iter().collect::<String>().trim_end().to_owned()
}
