//! [`Diff`]: what changed between two runs.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Graph, Node};
use crate::{OutcomeKind, report::ScopeName};

/// What changed between two runs.
///
/// A resource is removed only if the later run saw that it is not there: by its key, or because it asked for all of the
/// type in its scope, and saw all. What that run could not see is unknown, be it denied or not reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Diff {
    /// Found in the later run, and not in the earlier one.
    pub added: Vec<Name>,
    /// Found in both, and not the same.
    pub changed: Vec<Change>,
    /// Found in the earlier run, and seen not to be there in the later one.
    pub removed: Vec<Name>,
    /// Found in the earlier run, and not looked at in the later one.
    pub unknown: Vec<Name>,
}

/// The name of a resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Name {
    /// The type.
    #[serde(rename = "type")]
    pub type_name: String,
    /// The scope.
    #[serde(flatten)]
    pub scope: ScopeName,
    /// The key.
    pub key: String,
}

/// A resource that is not the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Change {
    /// Which.
    #[serde(flatten)]
    pub name: Name,
    /// What is not the same of it.
    pub fields: Vec<FieldChange>,
}

/// A field that is not the same: `null` where it was or is not there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FieldChange {
    /// A JSON pointer: `/Tags/Name`.
    pub field: String,
    /// In the earlier run.
    pub old: Value,
    /// In the later run.
    pub new: Value,
}

impl Diff {
    /// Whether nothing changed, as far as was seen.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

impl Graph {
    /// What changed from this run to a later one.
    ///
    /// What was added is told if this run asked for all of its type and scope and saw all, or saw that it was not there; else it may have
    /// been there all along.
    #[must_use]
    pub fn diff(&self, later: &Self) -> Diff {
        let mut diff = Diff::default();
        for old in self.nodes().filter(is_found) {
            let new = later.named(old.type_name(), old.scope(), old.key());
            match new.map(|new| (new.outcome(), new.is_stale(), new)) {
                Some((OutcomeKind::Found, false, new)) => {
                    // A part that one of the runs could not see says nothing.
                    let mut fields = Vec::new();
                    if old.gaps().is_empty() && new.gaps().is_empty() {
                        compare("", &old.json(), &new.json(), &mut fields);
                    }
                    if !fields.is_empty() {
                        diff.changed.push(Change { name: name(&old), fields });
                    }
                }
                Some((OutcomeKind::Absent, ..)) => diff.removed.push(name(&old)),
                None if later.report().has_all(old.type_name(), old.scope()) => diff.removed.push(name(&old)),
                _ => diff.unknown.push(name(&old)),
            }
        }
        for new in later.nodes().filter(is_found) {
            let was_seen = match self.named(new.type_name(), new.scope(), new.key()) {
                Some(old) => old.outcome() == OutcomeKind::Absent,
                None => self.report().has_all(new.type_name(), new.scope()),
            };
            if was_seen {
                diff.added.push(name(&new));
            }
        }
        diff
    }
}

fn is_found(node: &Node<'_>) -> bool {
    node.outcome() == OutcomeKind::Found
}

fn name(node: &Node<'_>) -> Name {
    Name { type_name: node.type_name().to_owned(), scope: node.scope().into(), key: node.key().to_owned() }
}

fn compare(field: &str, old: &Value, new: &Value, changes: &mut Vec<FieldChange>) {
    match (old, new) {
        (Value::Object(before), Value::Object(after)) => {
            let mut all: BTreeMap<&String, (&Value, &Value)> = BTreeMap::new();
            before
                .iter()
                .for_each(|(key, value)| all.entry(key).or_insert((&Value::Null, &Value::Null)).0 = value);
            after
                .iter()
                .for_each(|(key, value)| all.entry(key).or_insert((&Value::Null, &Value::Null)).1 = value);
            for (key, (old, new)) in all {
                let field = format!("{field}/{}", key.replace('~', "~0").replace('/', "~1"));
                compare(&field, old, new, changes);
            }
        }
        _ if old == new => {}
        _ => changes.push(FieldChange { field: field.to_owned(), old: old.clone(), new: new.clone() }),
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let region = self.scope.region.as_ref().map(|region| format!(" {region}")).unwrap_or_default();
        write!(f, "{} {} in {}{region}", self.type_name, self.key, self.scope.account)
    }
}

/// A line for each resource: `+` added, `-` removed, `~` changed, with its fields, `?` unknown.
impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.added.iter().try_for_each(|name| writeln!(f, "+ {name}"))?;
        self.removed.iter().try_for_each(|name| writeln!(f, "- {name}"))?;
        for change in &self.changed {
            writeln!(f, "~ {}", change.name)?;
            for FieldChange { field, old, new } in &change.fields {
                writeln!(f, "    {field}: {old} -> {new}")?;
            }
        }
        self.unknown.iter().try_for_each(|name| writeln!(f, "? {name}"))
    }
}
