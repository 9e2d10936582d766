//! [`Walk`]: what can be reached.

use std::collections::VecDeque;

use super::{Graph, Node};

/// What can be reached from some nodes, these first, each node once, the nearest first.
#[derive(Clone, Debug)]
pub struct Walk<'g> {
    graph: &'g Graph,
    seen: Vec<bool>,
    next: VecDeque<usize>,
}

impl<'g> Walk<'g> {
    pub(crate) fn over(graph: &'g Graph, from: impl IntoIterator<Item = Node<'g>>) -> Self {
        let mut walk = Self { graph, seen: vec![false; graph.len()], next: VecDeque::new() };
        from.into_iter().for_each(|node| walk.visit(node));
        walk
    }

    fn visit(&mut self, node: Node<'g>) {
        if !std::mem::replace(&mut self.seen[node.place], true) {
            self.next.push_back(node.place);
        }
    }
}

impl<'g> Iterator for Walk<'g> {
    type Item = Node<'g>;

    fn next(&mut self) -> Option<Node<'g>> {
        let node = Node { graph: self.graph, place: self.next.pop_front()? };
        node.refs().for_each(|edge| self.visit(edge.node));
        Some(node)
    }
}
