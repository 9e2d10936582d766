//! A graph as people read it: a tree, each resource once.

use std::{
    fmt::Write as _,
    io::{self, Write},
    mem,
};

use super::{Graph, Node};
use crate::OutcomeKind;

impl Graph {
    /// Writes it as a tree from what was looked for, each resource once: where it comes again, an arrow says that it
    /// stands above. What refers to these, and is not referred to by them, follows in trees of its own.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn to_tree(&self, mut writer: impl Write) -> io::Result<()> {
        let mut printed = vec![false; self.len()];
        let unreferred = self.nodes().filter(|node| node.referrers().len() == 0);
        // What is left then is in circles, or behind them.
        let rest = self.nodes();
        for start in self.roots().chain(unreferred).chain(rest) {
            if !printed[start.place] {
                branch(start, &mut printed, &mut writer)?;
            }
        }
        Ok(())
    }
}

/// Writes what can be reached from a node and was not written before.
fn branch(start: Node<'_>, printed: &mut [bool], writer: &mut impl Write) -> io::Result<()> {
    // What is to be printed, the next one last: a chain may be longer than the thread's stack.
    let mut next = vec![Line { node: start, via: "", indent: String::new(), bend: "" }];
    while let Some(Line { node, via, indent, bend }) = next.pop() {
        let is_first = !mem::replace(&mut printed[node.place], true);
        write!(writer, "{indent}{bend}")?;
        if !via.is_empty() {
            write!(writer, "{via}: ")?;
        }
        writeln!(writer, "{}", describe(&node, is_first))?;
        if !is_first {
            continue;
        }
        let below = match bend {
            "" => String::new(),
            "├─ " => format!("{indent}│  "),
            _ => format!("{indent}   "),
        };
        let mut edges: Vec<_> = node.refs().collect();
        // The same field may name the same resource twice.
        let mut seen = std::collections::HashSet::new();
        edges.retain(|edge| seen.insert((edge.via, edge.node.place)));
        for (from_last, edge) in edges.into_iter().rev().enumerate() {
            let bend = if from_last == 0 { "└─ " } else { "├─ " };
            next.push(Line { node: edge.node, via: edge.via, indent: below.clone(), bend });
        }
    }
    Ok(())
}

struct Line<'g> {
    node: Node<'g>,
    via: &'g str,
    indent: String,
    bend: &'static str,
}

/// A node in one line.
fn describe(node: &Node<'_>, is_first: bool) -> String {
    let mut line = format!("{} {}", node.type_name(), node.key().escape_debug());
    if !is_first {
        line.push_str(" ↑");
        return line;
    }
    if node.outcome() != OutcomeKind::Found {
        let reason = node.reason().map(|reason| format!(": {reason}")).unwrap_or_default();
        let _ = write!(line, " ({}{reason})", node.outcome());
    }
    if node.is_stale() {
        line.push_str(" (stale)");
    }
    for gap in node.gaps() {
        let _ = write!(line, " ({} {}: {})", gap.part, gap.outcome, gap.reason);
    }
    line
}
