//! For Neo4j.

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use super::place;
use crate::{Graph, Node};

impl Graph {
    /// Writes it as statements of Cypher, which may be run twice: a `Resource` for each node, and `REFERS_TO` for each
    /// reference.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn to_cypher(&self, mut writer: impl Write) -> io::Result<()> {
        writeln!(
            writer,
            "CREATE CONSTRAINT resource_id IF NOT EXISTS FOR (r:Resource) REQUIRE r.id IS UNIQUE;"
        )?;
        for node in self.nodes() {
            writeln!(
                writer,
                "MERGE (r:Resource {{id: {}}}) SET r.type = {}, r.key = {}, r.scope = {}, r.outcome = {}, r.model = {};",
                quoted(&id(&node)),
                quoted(node.type_name()),
                quoted(node.key()),
                quoted(&place(&node)),
                quoted(node.outcome().as_str()),
                quoted(&node.json().to_string())
            )?;
        }
        for node in self.nodes() {
            for edge in node.refs() {
                writeln!(
                    writer,
                    "MATCH (a:Resource {{id: {}}}), (b:Resource {{id: {}}}) MERGE (a)-[:REFERS_TO {{via: {}}}]->(b);",
                    quoted(&id(&node)),
                    quoted(&id(&edge.node)),
                    quoted(edge.via)
                )?;
            }
        }
        Ok(())
    }
}

/// The same in every run.
fn id(node: &Node<'_>) -> String {
    format!("{} {} {}", node.type_name(), place(node), node.key())
}

/// A quoted text.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("'");
    for char in text.chars() {
        match char {
            '\'' | '\\' => {
                quoted.push('\\');
                quoted.push(char);
            }
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            char if char.is_control() || matches!(char, '\u{2028}' | '\u{2029}') => {
                let _ = write!(quoted, "\\u{:04x}", u32::from(char));
            }
            char => quoted.push(char),
        }
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn nothing_ends_a_text_early() {
        assert_eq!(quoted("a'b\\c\n\u{1}"), "'a\\'b\\\\c\\n\\u0001'");
    }
}
