//! Arrows between columns.

use crate::sip::wire::{Message, Request, Response, sipfrag_status};

/// Columns, of which one is the switch. Draws rows as text.
#[derive(Clone, Debug)]
pub struct Ladder {
    /// From left to right.
    columns: Vec<String>,
}

/// Something in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A message.
    Arrow {
        /// Which column's.
        column: usize,
        /// From the switch; else to it.
        sent: bool,
        /// In a few words.
        label: String,
    },
    /// Something that the switch did or found.
    Note(String),
}

/// The column of the switch.
const SWITCH: usize = 1;
/// Where the first column stands.
const FIRST: usize = 14;
/// How far columns are apart.
const APART: usize = 30;

impl Ladder {
    /// The switch, and all others from left to right; the first stands left of the switch.
    pub fn new(others: impl IntoIterator<Item = String>) -> Self {
        let mut columns: Vec<String> = others.into_iter().collect();
        columns.insert(SWITCH.min(columns.len()), "switch".to_owned());
        Self { columns }
    }

    /// The column of the one who came there at this place among the others.
    pub fn column(other: usize) -> usize {
        if other < SWITCH { other } else { other + 1 }
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The names of the columns as a line.
    pub fn head(&self) -> String {
        let mut line = self.blank();
        for (column, name) in self.columns.iter().enumerate() {
            let name: String = name.chars().take(APART - 2).collect();
            write(&mut line, at(column).saturating_sub(name.chars().count() / 2), &name);
        }
        text(&line)
    }

    /// A row as a line; `ms` since the first.
    pub fn line(&self, ms: u128, row: &Row) -> String {
        let mut line = self.blank();
        for column in 0..self.columns.len() {
            line[at(column)] = '|';
        }
        match row {
            Row::Arrow { column, sent, label } => self.arrow(&mut line, *column, *sent, label),
            Row::Note(note) => write(&mut line, at(SWITCH) + 2, &format!("* {note} ")),
        }
        write(&mut line, 0, &format!("{:>4}.{:03} s", ms / 1000, ms % 1000));
        text(&line)
    }

    fn arrow(&self, line: &mut [char], column: usize, sent: bool, label: &str) {
        let (from, to) = if sent { (at(SWITCH), at(column)) } else { (at(column), at(SWITCH)) };
        let (left, right) = (from.min(to), from.max(to));
        line[left + 1..right].fill('-');
        if from < to {
            line[right - 1] = '>';
        } else {
            line[left + 1] = '<';
        }
        // The label stands beside the switch, so that arrows that cross a column can be read as well.
        let middle = if column < SWITCH { at(SWITCH) - APART / 2 } else { at(SWITCH) + APART / 2 };
        let label: String = label.chars().take(APART - 6).collect();
        let label = format!(" {label} ");
        write(line, middle - label.chars().count() / 2, &label);
    }

    /// Longer than the columns, for notes.
    fn blank(&self) -> Vec<char> {
        vec![' '; at(self.columns.len().max(2)) + 2 * APART]
    }
}

/// Where a column stands.
fn at(column: usize) -> usize {
    FIRST + column * APART
}

/// What a message is, in a few words.
pub fn label(message: &Message) -> String {
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

fn write(line: &mut [char], at: usize, text: &str) {
    for (place, c) in line.iter_mut().skip(at).zip(text.chars()) {
        *place = c;
    }
}

fn text(line: &[char]) -> String {
    line.iter().collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_go_between_the_switch_and_who_is_meant() {
        let ladder = Ladder::new(["caller", "agent", "expert"].map(str::to_owned));
        let arrow =
            |other, sent, label: &str| Row::Arrow { column: Ladder::column(other), sent, label: label.to_owned() };
        let lines = [
            ladder.head(),
            ladder.line(0, &arrow(0, false, "INVITE")),
            ladder.line(12, &arrow(2, true, "INVITE")),
            ladder.line(1500, &Row::Note("transfer begins".to_owned())),
        ];
        assert_eq!(
            lines,
            [
                "           caller                        switch                         agent                        expert",
                "   0.000 s    |---------- INVITE ---------->|                             |                             |",
                "   0.012 s    |                             |---------- INVITE ---------------------------------------->|",
                "   1.500 s    |                             | * transfer begins           |                             |",
            ]
        );
    }
}
