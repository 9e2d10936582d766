//! For graph editors.

use std::io::{self, Write};

use super::place;
use crate::Graph;

impl Graph {
    /// Writes it as `GraphML`.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn to_graphml(&self, mut writer: impl Write) -> io::Result<()> {
        writeln!(writer, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        writeln!(writer, "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">")?;
        for name in ["type", "key", "scope", "outcome", "model"] {
            writeln!(
                writer,
                "  <key id=\"{name}\" for=\"node\" attr.name=\"{name}\" attr.type=\"string\"/>"
            )?;
        }
        writeln!(writer, "  <key id=\"via\" for=\"edge\" attr.name=\"via\" attr.type=\"string\"/>")?;
        writeln!(writer, "  <graph id=\"resources\" edgedefault=\"directed\">")?;
        for node in self.nodes() {
            writeln!(writer, "    <node id=\"n{}\">", node.place())?;
            let model = node.json().to_string();
            for (name, text) in [
                ("type", node.type_name()),
                ("key", node.key()),
                ("scope", &place(&node)),
                ("outcome", node.outcome().as_str()),
                ("model", &model),
            ] {
                writeln!(writer, "      <data key=\"{name}\">{}</data>", escaped(text))?;
            }
            writeln!(writer, "    </node>")?;
        }
        let edges = self.nodes().flat_map(|node| node.refs().map(move |edge| (node, edge)));
        for (number, (node, edge)) in edges.enumerate() {
            writeln!(
                writer,
                "    <edge id=\"e{number}\" source=\"n{}\" target=\"n{}\"><data key=\"via\">{}</data></edge>",
                node.place(),
                edge.node.place(),
                escaped(edge.via)
            )?;
        }
        writeln!(writer, "  </graph>\n</graphml>")
    }
}

/// A text of XML. What XML cannot hold at all is replaced.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\r' => escaped.push_str("&#13;"),
            '\n' | '\t' => escaped.push(char),
            char if char < ' ' || matches!(char, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            char => escaped.push(char),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        assert_eq!(escaped("a<b>&]]>\r\u{0}\u{ffff}é"), "a&lt;b&gt;&amp;]]&gt;&#13;\u{fffd}\u{fffd}é");
    }
}
