//! Graphs in the forms of other programs.

mod cypher;
mod dot;
mod graphml;
mod html;
mod mermaid;

/// The account and region of a node, as one text.
fn place(node: &crate::Node<'_>) -> String {
    node.scope().to_string()
}
