//! [`Graph`]: an immutable picture of what was found.

mod components;
mod diff;
mod document;
mod node;
mod tree;
mod walk;

use std::{collections::HashMap, ops::Range, sync::Arc};

use serde_json::Value;

pub use self::{
    diff::{Change, Diff, FieldChange, Name},
    document::LoadError,
    node::{Edge, Gap, Node},
    walk::Walk,
};
use crate::{Find, Mirror, OutcomeKind, Ref, Report, Scope, Term, answers::AnyModel, kind::Kind};

/// An immutable picture of what was found: every resource once, and what refers to what.
///
/// The same resources make the same graph, whatever the order in which they were found: nodes stand in the order of
/// their type, scope and key, and references in the order in which the resources state them.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Stored>,
    /// Of the first reference of each node, and behind the last one.
    starts: Vec<u32>,
    edges: Vec<StoredEdge>,
    /// The same of the references to each node.
    back_starts: Vec<u32>,
    /// Node and reference.
    back: Vec<(u32, u32)>,
    by_name: HashMap<(Arc<str>, Scope, Arc<str>), u32>,
    report: Report,
}

/// A node as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) type_name: Arc<str>,
    pub(crate) scope: Scope,
    pub(crate) key: Arc<str>,
    pub(crate) outcome: OutcomeKind,
    /// Why it was not found.
    pub(crate) reason: Option<Arc<str>>,
    pub(crate) model: Model,
    pub(crate) is_root: bool,
    /// It is older than it should be: it was to be fetched anew, and could not be.
    pub(crate) is_stale: bool,
    pub(crate) gaps: Vec<Gap>,
}

/// What is known of a node.
#[derive(Clone)]
pub(crate) enum Model {
    None,
    Typed(Arc<dyn Kind>, AnyModel),
    /// As it was saved.
    Json(Arc<Value>),
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Typed(..) => "Typed",
            Self::Json(_) => "Json",
        })
    }
}

#[derive(Clone, Debug)]
pub(crate) struct StoredEdge {
    pub(crate) to: u32,
    pub(crate) via: Arc<str>,
}

impl Graph {
    /// A graph of nodes in whatever order, each with what it refers to by the places of the others; `aliases` are
    /// further names of a node.
    pub(crate) fn new(
        nodes: Vec<(Stored, Vec<StoredEdge>)>,
        aliases: Vec<(Arc<str>, Scope, Arc<str>, u32)>,
        report: Report,
    ) -> Self {
        let mut order: Vec<u32> = (0..count(nodes.len())).collect();
        order.sort_by(|a, b| {
            let (a, b) = (&nodes[*a as usize].0, &nodes[*b as usize].0);
            (&a.type_name, &a.scope, &a.key).cmp(&(&b.type_name, &b.scope, &b.key))
        });
        let mut place = vec![0; nodes.len()];
        for (new, old) in order.iter().enumerate() {
            place[*old as usize] = count(new);
        }
        let mut nodes: Vec<_> = nodes.into_iter().map(Some).collect();
        let mut graph = Self { report, ..Self::default() };
        graph.starts.push(0);
        for old in &order {
            // Each place is in the order once.
            let Some((stored, edges)) = nodes[*old as usize].take() else { continue };
            let name = (Arc::clone(&stored.type_name), stored.scope.clone(), Arc::clone(&stored.key));
            graph.by_name.insert(name, count(graph.nodes.len()));
            graph.nodes.push(stored);
            let edges =
                edges.into_iter().map(|edge| StoredEdge { to: place[edge.to as usize], via: edge.via });
            graph.edges.extend(edges);
            graph.starts.push(count(graph.edges.len()));
        }
        for (type_name, scope, key, old) in aliases {
            graph.by_name.entry((type_name, scope, key)).or_insert(place[old as usize]);
        }
        graph.turn();
        graph
    }

    /// Works out what is referred to by what.
    fn turn(&mut self) {
        let mut starts = vec![0_u32; self.nodes.len() + 1];
        for edge in &self.edges {
            starts[edge.to as usize + 1] += 1;
        }
        for place in 1..starts.len() {
            starts[place] += starts[place - 1];
        }
        let mut next = starts.clone();
        let mut back = vec![(0, 0); self.edges.len()];
        for from in 0..self.nodes.len() {
            for edge in self.range(from) {
                let free = &mut next[self.edges[edge].to as usize];
                back[*free as usize] = (count(from), count(edge));
                *free += 1;
            }
        }
        (self.back_starts, self.back) = (starts, back);
    }

    fn range(&self, node: usize) -> Range<usize> {
        self.starts[node] as usize..self.starts[node + 1] as usize
    }

    fn back_range(&self, node: usize) -> Range<usize> {
        self.back_starts[node] as usize..self.back_starts[node + 1] as usize
    }

    /// How many nodes it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether it has no node.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// How many references it has.
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.edges.len()
    }

    /// The nodes, in the order of type, scope and key.
    #[must_use]
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = Node<'_>> + DoubleEndedIterator {
        (0..self.nodes.len()).map(|place| Node { graph: self, place })
    }

    /// The nodes that were looked for, by key or by term.
    pub fn roots(&self) -> impl Iterator<Item = Node<'_>> {
        self.nodes().filter(Node::is_root)
    }

    /// The node of a [place](Node::place).
    #[must_use]
    pub fn node(&self, place: usize) -> Option<Node<'_>> {
        (place < self.nodes.len()).then_some(Node { graph: self, place })
    }

    /// The node that a reference names, by its key or an alias.
    #[must_use]
    pub fn get<M: Mirror>(&self, reference: &Ref<M>) -> Option<Node<'_>> {
        self.named(M::TYPE, reference.scope(), reference.key())
    }

    /// The node of a type, scope and key or alias.
    #[must_use]
    pub fn named(&self, type_name: &str, scope: &Scope, key: &str) -> Option<Node<'_>> {
        let name = (type_name.into(), scope.clone(), key.into());
        self.by_name.get(&name).map(|place| Node { graph: self, place: *place as usize })
    }

    /// The resources that were found and answer to a term, as a search for it finds them. A graph that was loaded does
    /// not know its mirrors: none answers.
    pub fn answering<'g>(&'g self, term: &'g Term) -> impl Iterator<Item = Node<'g>> {
        self.nodes().filter(move |node| node.outcome() == OutcomeKind::Found && self.answers(node, term))
    }

    fn answers(&self, node: &Node<'_>, term: &Term) -> bool {
        let Model::Typed(kind, model) = &self.nodes[node.place()].model else { return false };
        match kind.find(term) {
            Find::No => false,
            Find::Key(key) => {
                let named = self.named(node.type_name(), node.scope(), &key);
                named.is_some_and(|named| named.place() == node.place())
            }
            Find::List | Find::Whole => kind.answers_to(&**model, term),
        }
    }

    /// What is known of what a reference names.
    #[must_use]
    pub fn resolve<M: Mirror>(&self, reference: &Ref<M>) -> Option<M::Model> {
        self.get(reference)?.model::<M>()
    }

    /// What can be reached from a node, itself first, each node once, the nearest first.
    #[must_use]
    pub fn walk<'g>(&'g self, from: Node<'g>) -> Walk<'g> {
        Walk::over(self, [from])
    }

    /// What was seen, and what could not be seen.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.report
    }
}

/// Places are 32 bits wide; a discovery makes no more nodes than that.
fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
