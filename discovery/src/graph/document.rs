//! A graph as JSON: what is exported, saved and loaded.

use std::{
    collections::{HashMap, HashSet},
    error::Error,
    fmt,
    io::{Read, Write},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Gap, Graph, Model, Stored, StoredEdge};
use crate::{OutcomeKind, Report, report::ScopeName};

/// The form of the file; one that a later version writes otherwise has a higher number.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Document<N, E> {
    version: u32,
    /// For readers; it follows from the rest.
    complete: bool,
    #[serde(flatten)]
    report: Report,
    nodes: N,
    edges: E,
}

#[derive(Serialize, Deserialize)]
struct NodeLine {
    id: u32,
    #[serde(rename = "type")]
    type_name: Arc<str>,
    key: Arc<str>,
    #[serde(flatten)]
    scope: ScopeName,
    outcome: OutcomeKind,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "is_false")]
    root: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    stale: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    gaps: Vec<Gap>,
    model: Arc<Value>,
}

#[derive(Serialize, Deserialize)]
struct EdgeLine {
    from: u32,
    to: u32,
    via: Arc<str>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(value: &bool) -> bool {
    !*value
}

impl Graph {
    /// The further names of each node, in their order.
    fn aliases(&self) -> HashMap<usize, Vec<Arc<str>>> {
        let mut aliases: HashMap<usize, Vec<Arc<str>>> = HashMap::new();
        for ((.., key), place) in &self.by_name {
            if *key != self.nodes[*place as usize].key {
                aliases.entry(*place as usize).or_default().push(Arc::clone(key));
            }
        }
        for names in aliases.values_mut() {
            names.sort();
        }
        aliases
    }

    /// Writes it as one JSON object: `nodes` of `id`, `type`, `key`, `account`, `region`, `outcome` and `model`,
    /// `edges` of `from`, `to` and `via`, `complete`, `calls`, and the rest of the [report](Self::report).
    ///
    /// [`from_json`](Self::from_json) reads it.
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn to_json(&self, writer: impl Write) -> Result<(), std::io::Error> {
        let mut aliases = self.aliases();
        let line = |node: super::Node<'_>| {
            node_line(self, node.place(), aliases.remove(&node.place()).unwrap_or_default())
        };
        let nodes: Vec<NodeLine> = self.nodes().map(line).collect();
        let mut edges = Vec::with_capacity(self.edges.len());
        for node in self.nodes() {
            let from = super::count(node.place());
            let line = |edge: &StoredEdge| EdgeLine { from, to: edge.to, via: Arc::clone(&edge.via) };
            edges.extend(self.edges[self.range(node.place())].iter().map(line));
        }
        let document = Document {
            version: VERSION,
            complete: self.report.is_complete(),
            report: self.report.clone(),
            nodes,
            edges,
        };
        serde_json::to_writer(writer, &document).map_err(Into::into)
    }

    /// Reads what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    ///
    /// [`LoadError`] if it cannot be read, is no such object, or is of a later version.
    pub fn from_json(reader: impl Read) -> Result<Self, LoadError> {
        let document: Document<Vec<NodeLine>, Vec<EdgeLine>> =
            serde_json::from_reader(reader).map_err(|error| LoadError(error.to_string()))?;
        if document.version != VERSION {
            let problem = format!("it is of version {}; this reads version {VERSION}", document.version);
            return Err(LoadError(problem));
        }
        let places: HashMap<u32, usize> =
            document.nodes.iter().enumerate().map(|(place, node)| (node.id, place)).collect();
        if places.len() != document.nodes.len() {
            return Err(LoadError("two nodes have one id".to_owned()));
        }
        let mut aliases = Vec::new();
        let mut nodes = Vec::with_capacity(document.nodes.len());
        for (place, mut line) in (0..).zip(document.nodes) {
            for alias in std::mem::take(&mut line.aliases) {
                aliases.push((Arc::clone(&line.type_name), (&line.scope).into(), alias, place));
            }
            nodes.push((stored(line), Vec::new()));
        }
        for EdgeLine { from, to, via } in document.edges {
            let (Some(from), Some(to)) = (places.get(&from), places.get(&to)) else {
                return Err(LoadError(format!("an edge from {from} to {to}: there is no such node")));
            };
            nodes[*from].1.push(StoredEdge { to: super::count(*to), via });
        }
        let count = nodes.len();
        let names: HashSet<_> =
            nodes.iter().map(|(node, _)| (&node.type_name, &node.scope, &node.key)).collect();
        if names.len() != count {
            return Err(LoadError("two nodes have one name".to_owned()));
        }
        Ok(Self::new(nodes, aliases, document.report))
    }
}

fn node_line(graph: &Graph, place: usize, aliases: Vec<Arc<str>>) -> NodeLine {
    let stored = &graph.nodes[place];
    NodeLine {
        id: super::count(place),
        type_name: Arc::clone(&stored.type_name),
        key: Arc::clone(&stored.key),
        scope: (&stored.scope).into(),
        outcome: stored.outcome,
        aliases,
        reason: stored.reason.clone(),
        root: stored.is_root,
        stale: stored.is_stale,
        gaps: stored.gaps.clone(),
        model: super::Node { graph, place }.json(),
    }
}

fn stored(line: NodeLine) -> Stored {
    Stored {
        type_name: line.type_name,
        scope: (&line.scope).into(),
        key: line.key,
        outcome: line.outcome,
        reason: line.reason,
        model: if line.outcome == OutcomeKind::Found { Model::Json(line.model) } else { Model::None },
        is_root: line.root,
        is_stale: line.stale,
        gaps: line.gaps,
    }
}

/// A saved graph could not be read: the text says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError(String);

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for LoadError {}
