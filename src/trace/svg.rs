//! A ladder as a picture.

use super::ladder::{Ladder, Row};
use std::fmt::Write;

/// Where the first column stands, px.
const FIRST: usize = 140;
/// How far columns are apart, px.
const APART: usize = 240;
/// How high a row is, px.
const ROW: usize = 24;
/// Where the first row stands, px.
const TOP: usize = 56;

/// All rows, each with the ms since the first.
pub(super) fn draw(ladder: &Ladder, rows: &[(u64, Row)]) -> String {
    let columns = ladder.columns();
    let (width, height) = (x(columns.len().max(2)) + APART / 2, TOP + ROW * (rows.len() + 1));
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"monospace\" font-size=\"12\">\n<defs><marker id=\"tip\" markerWidth=\"8\" markerHeight=\"8\" refX=\"8\" \
         refY=\"4\" orient=\"auto\"><path d=\"M0,0 L8,4 L0,8 z\" fill=\"#1f4e79\"/></marker></defs>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let end = height - ROW / 2;
    for (column, name) in columns.iter().enumerate() {
        let x = x(column);
        let name = escape(name);
        // Writing to a text cannot fail.
        let _ = writeln!(svg, "<text x=\"{x}\" y=\"24\" text-anchor=\"middle\" font-weight=\"bold\">{name}</text>");
        let _ = writeln!(svg, "<line x1=\"{x}\" y1=\"34\" x2=\"{x}\" y2=\"{end}\" stroke=\"#999\"/>");
    }
    for (index, (ms, row)) in rows.iter().enumerate() {
        let y = TOP + index * ROW;
        let _ = writeln!(svg, "<text x=\"8\" y=\"{}\" fill=\"#777\">{}.{:03}</text>", y + 4, ms / 1000, ms % 1000);
        draw_row(&mut svg, y, row);
    }
    svg.push_str("</svg>\n");
    svg
}

fn draw_row(svg: &mut String, y: usize, row: &Row) {
    let switch = x(1);
    match row {
        Row::Arrow { column, sent, label } => {
            let (from, to) = if *sent { (switch, x(*column)) } else { (x(*column), switch) };
            let middle = usize::midpoint(from, to);
            let _ = writeln!(
                svg,
                "<line x1=\"{from}\" y1=\"{y}\" x2=\"{to}\" y2=\"{y}\" stroke=\"#1f4e79\" marker-end=\"url(#tip)\"/>\
                 <text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                y - 4,
                escape(label)
            );
        }
        Row::Note(note) => {
            let _ = writeln!(
                svg,
                "<circle cx=\"{switch}\" cy=\"{y}\" r=\"3\" fill=\"#b3541e\"/><text x=\"{}\" y=\"{}\" fill=\"#b3541e\">{}</text>",
                switch + 8,
                y + 4,
                escape(note)
            );
        }
    }
}

/// Where a column stands.
fn x(column: usize) -> usize {
    FIRST + column * APART
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            // No other control characters are allowed in XML.
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_say_of_themselves_cannot_be_markup() {
        let ladder = Ladder::new(["leg-1 <script>".to_owned()]);
        let rows =
            [(7, Row::Note("\"a\"&\u{1}b".to_owned())), (9, Row::Arrow { column: 0, sent: true, label: "<x>".into() })];
        let svg = draw(&ladder, &rows);
        assert!(
            svg.contains("leg-1 &lt;script&gt;") && svg.contains("&quot;a&quot;&amp; b") && svg.contains("&lt;x&gt;")
        );
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
    }
}
