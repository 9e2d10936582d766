//! For Graphviz.

use std::io::{self, Write};

use crate::{Graph, OutcomeKind};

impl Graph {
    /// Writes it in the language of Graphviz: `dot -Tsvg`.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn to_dot(&self, mut writer: impl Write) -> io::Result<()> {
        writeln!(writer, "digraph resources {{\n  rankdir=LR;\n  node [shape=box];")?;
        for node in self.nodes() {
            let style = if node.outcome() == OutcomeKind::Found { "" } else { ", style=dashed" };
            let label = format!("{}\n{}", node.type_name(), node.key());
            writeln!(writer, "  n{} [label={}{style}];", node.place(), quoted(&label))?;
        }
        for node in self.nodes() {
            for edge in node.refs() {
                writeln!(
                    writer,
                    "  n{} -> n{} [label={}];",
                    node.place(),
                    edge.node.place(),
                    quoted(edge.via)
                )?;
            }
        }
        writeln!(writer, "}}")
    }
}

/// A quoted text. In labels a backslash begins an escape, so it is doubled.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for char in text.chars() {
        match char {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            char if char.is_control() => quoted.push('\u{fffd}'),
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn nothing_ends_a_text_early() {
        assert_eq!(quoted("a\"b\\\n\r<é"), "\"a\\\"b\\\\\\n\u{fffd}<é\"");
    }
}
