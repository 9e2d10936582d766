//! [`Node`]: a resource in a graph.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Graph, Model, Stored};
use crate::{Mirror, OutcomeKind, Scope};

/// A resource in a [`Graph`].
#[derive(Clone, Copy, Debug)]
pub struct Node<'g> {
    pub(super) graph: &'g Graph,
    pub(super) place: usize,
}

/// A reference from a resource to another.
#[derive(Clone, Copy, Debug)]
pub struct Edge<'g> {
    /// The field that holds the reference.
    pub via: &'g str,
    /// The resource at the other end.
    pub node: Node<'g>,
}

/// A part of a resource that could not be seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Gap {
    /// The part: `tags`.
    pub part: String,
    /// Why it was not seen.
    pub outcome: OutcomeKind,
    /// In words.
    pub reason: String,
}

impl<'g> Node<'g> {
    fn stored(&self) -> &'g Stored {
        &self.graph.nodes[self.place]
    }

    /// Where it stands among the nodes, from 0.
    #[must_use]
    pub fn place(&self) -> usize {
        self.place
    }

    /// The type: `ec2:instance`.
    #[must_use]
    pub fn type_name(&self) -> &'g str {
        &self.stored().type_name
    }

    /// The account and region.
    #[must_use]
    pub fn scope(&self) -> &'g Scope {
        &self.stored().scope
    }

    /// The key, as AWS's own API takes it.
    #[must_use]
    pub fn key(&self) -> &'g str {
        &self.stored().key
    }

    /// What became of it.
    #[must_use]
    pub fn outcome(&self) -> OutcomeKind {
        self.stored().outcome
    }

    /// Why it was not found, where that has to be said.
    #[must_use]
    pub fn reason(&self) -> Option<&'g str> {
        self.stored().reason.as_deref()
    }

    /// Whether it was looked for, and not only referred to.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.stored().is_root
    }

    /// Whether it was to be fetched anew, and could not be: then this is what was known before.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.stored().is_stale
    }

    /// The parts of it that could not be seen.
    #[must_use]
    pub fn gaps(&self) -> &'g [Gap] {
        &self.stored().gaps
    }

    /// What is known of it, as its mirror has it; `None` if it was not found, or is of another type.
    #[must_use]
    pub fn model<M: Mirror>(&self) -> Option<M::Model> {
        match &self.stored().model {
            Model::Typed(_, model) => model.downcast_ref::<M::Model>().cloned(),
            Model::Json(value) if M::TYPE == self.type_name() => M::Model::deserialize(&**value).ok(),
            Model::Json(_) | Model::None => None,
        }
    }

    /// What is known of it, as JSON; `null` if it was not found.
    #[must_use]
    pub fn json(&self) -> Arc<Value> {
        match &self.stored().model {
            Model::Typed(kind, model) => Arc::new(kind.json(&**model).unwrap_or(Value::Null)),
            Model::Json(value) => Arc::clone(value),
            Model::None => Arc::default(),
        }
    }

    /// What it refers to, in the order in which it says so.
    #[must_use]
    pub fn refs(&self) -> impl ExactSizeIterator<Item = Edge<'g>> + DoubleEndedIterator + use<'g> {
        let graph = self.graph;
        graph.range(self.place).map(move |edge| {
            let edge = &graph.edges[edge];
            Edge { via: &edge.via, node: Node { graph, place: edge.to as usize } }
        })
    }

    /// What refers to it, in the order of the nodes.
    #[must_use]
    pub fn referrers(&self) -> impl ExactSizeIterator<Item = Edge<'g>> + DoubleEndedIterator + use<'g> {
        let graph = self.graph;
        graph.back_range(self.place).map(move |place| {
            let (from, edge) = graph.back[place];
            Edge { via: &graph.edges[edge as usize].via, node: Node { graph, place: from as usize } }
        })
    }
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.graph, other.graph) && self.place == other.place
    }
}

impl Eq for Node<'_> {}
