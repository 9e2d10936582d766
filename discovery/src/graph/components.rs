//! Strongly connected components: what refers to each other in circles.

use super::{Graph, Node};

impl Graph {
    /// The strongly connected components: within one, every node can be reached from every other. Each node is in one
    /// of them; they stand in the order of their first nodes.
    #[must_use]
    pub fn components(&self) -> Vec<Vec<Node<'_>>> {
        let mut of = Search::new(self).run();
        of.sort_unstable();
        let nodes =
            |component: Vec<usize>| component.into_iter().map(|place| Node { graph: self, place }).collect();
        of.into_iter().map(nodes).collect()
    }

    /// The components that are circles: of several nodes, or of one that refers to itself.
    #[must_use]
    pub fn cycles(&self) -> Vec<Vec<Node<'_>>> {
        let is_circle = |component: &Vec<Node<'_>>| match &**component {
            [one] => one.refs().any(|edge| edge.node == *one),
            _ => true,
        };
        self.components().into_iter().filter(is_circle).collect()
    }
}

/// Tarjan's algorithm, with a stack of its own: a chain may be longer than the thread's.
///
/// Source: R. Tarjan, Depth-first search and linear graph algorithms, 1972.
struct Search<'g> {
    graph: &'g Graph,
    /// When a node was entered, from 1; 0 before that.
    entered: Vec<usize>,
    /// The earliest node that can be reached and is still open.
    low: Vec<usize>,
    is_open: Vec<bool>,
    open: Vec<usize>,
    clock: usize,
    components: Vec<Vec<usize>>,
}

impl<'g> Search<'g> {
    fn new(graph: &'g Graph) -> Self {
        let count = graph.len();
        Self {
            graph,
            entered: vec![0; count],
            low: vec![0; count],
            is_open: vec![false; count],
            open: Vec::new(),
            clock: 0,
            components: Vec::new(),
        }
    }

    fn run(mut self) -> Vec<Vec<usize>> {
        // A node, and how many of its references were followed.
        let mut path: Vec<(usize, usize)> = Vec::new();
        for start in 0..self.graph.len() {
            if self.entered[start] == 0 {
                self.enter(start);
                path.push((start, 0));
            }
            while let Some((node, followed)) = path.last_mut() {
                let (node, range) = (*node, self.graph.range(*node));
                if let Some(edge) = range.clone().nth(*followed) {
                    *followed += 1;
                    let to = self.graph.edges[edge].to as usize;
                    if self.entered[to] == 0 {
                        self.enter(to);
                        path.push((to, 0));
                    } else if self.is_open[to] {
                        self.low[node] = self.low[node].min(self.entered[to]);
                    }
                    continue;
                }
                path.pop();
                if let Some((before, _)) = path.last() {
                    self.low[*before] = self.low[*before].min(self.low[node]);
                }
                if self.low[node] == self.entered[node] {
                    self.close(node);
                }
            }
        }
        self.components
    }

    fn enter(&mut self, node: usize) {
        self.clock += 1;
        (self.entered[node], self.low[node]) = (self.clock, self.clock);
        self.is_open[node] = true;
        self.open.push(node);
    }

    /// All that was entered after a node and is still open is of its component.
    fn close(&mut self, node: usize) {
        let mut component = Vec::new();
        while let Some(one) = self.open.pop() {
            self.is_open[one] = false;
            component.push(one);
            if one == node {
                break;
            }
        }
        component.sort_unstable();
        self.components.push(component);
    }
}
