//! [`Update`]: a [`Change`] as one conditional `UpdateItem`.
//!
//! Source: `leases/dynamodb/DynamoDBLeaseRefresher.java` and `DynamoDBLeaseSerializer.java` of
//! <https://github.com/awslabs/amazon-kinesis-client>, whose `Expected` and `AttributeUpdates` these are as
//! expressions.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;

use super::{
    item::{
        CHECKPOINT, CHECKPOINT_OWNER, CHILDREN, COUNTER, DIVERTED, FIRST_HASH, KEY, LAST_HASH, MARK, OWNER,
        PENDING, PENDING_STATE, PENDING_SUB_SEQUENCE, STARTED_AT, SUB_SEQUENCE, SWITCHES, THROUGHPUT,
        kilobytes_of, n, s, shard_set, values_of,
    },
    mark::Stamp,
};
use crate::lease::{Change, Edit, Expect, Switches, WorkerId};

/// A conditional `UpdateItem`. None of the attributes' names is a reserved word, so that they stand as they are.
///
/// Source: <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html>
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Update {
    pub(super) condition: String,
    set: Vec<String>,
    remove: Vec<&'static str>,
    add: Vec<String>,
    delete: Vec<String>,
    pub(super) values: BTreeMap<String, AttributeValue>,
}

impl Update {
    /// What makes this change; `write` is the number of the write in its mark.
    pub(super) fn of(change: &Change, write: u32) -> Self {
        let mut update = Self::default();
        update.expect(&change.expect);
        match (change.count, &change.expect) {
            (false, _) => {}
            (true, Expect::Counter(counter) | Expect::CounterAndNoHandover(counter)) => {
                update.set(COUNTER, "next", n(counter.saturating_add(1)));
            }
            (true, Expect::Owners { .. } | Expect::Exists) => update.add(COUNTER, "one", n(1)),
        }
        update.edit(OWNER, "newOwner", &change.owner, |it| s(it));
        update.edit(CHECKPOINT_OWNER, "newCheckpointOwner", &change.checkpoint_owner, |it| s(it));
        match change.switches {
            Switches::Keep => {}
            Switches::Count => update.add(SWITCHES, "one", n(1)),
            Switches::Reset => update.set(SWITCHES, "zero", n(0)),
        }
        if let Some(checkpoint) = change.checkpoint {
            let (checkpoint, sub_sequence) = values_of(checkpoint);
            update.set(CHECKPOINT, "checkpoint", checkpoint);
            update.set(SUB_SEQUENCE, "subSequence", sub_sequence);
            update.remove.extend([PENDING, PENDING_SUB_SEQUENCE, PENDING_STATE]);
        }
        match &change.children {
            None => {}
            Some(none) if none.is_empty() => update.remove.push(CHILDREN),
            Some(children) => update.set(CHILDREN, "children", shard_set(children)),
        }
        if let Some(range) = change.hash_range {
            update.set(FIRST_HASH, "firstHash", s(range.first));
            update.set(LAST_HASH, "lastHash", s(range.last));
        }
        if let Some(bytes) = change.throughput {
            update.set(THROUGHPUT, "throughput", kilobytes_of(bytes));
        }
        if let Some(mark) = &change.mark {
            update.set(MARK, "mark", s(Stamp { mark: mark.clone(), write }));
        }
        update.edit(STARTED_AT, "startedAt", &change.started_at, |it| n(it.0));
        update.diverted(change);
        update
    }

    /// The update expression, if anything changes.
    pub(super) fn expression(&self) -> Option<String> {
        let remove: Vec<_> = self.remove.iter().map(|name| (*name).to_owned()).collect();
        let clauses = [("SET", &self.set), ("REMOVE", &remove), ("ADD", &self.add), ("DELETE", &self.delete)];
        let clauses = clauses.into_iter().filter(|(_, parts)| !parts.is_empty());
        let clauses: Vec<_> = clauses.map(|(verb, parts)| format!("{verb} {}", parts.join(", "))).collect();
        (!clauses.is_empty()).then(|| clauses.join(" "))
    }

    fn expect(&mut self, expect: &Expect) {
        self.condition = match expect {
            Expect::Counter(counter) => {
                self.value("counter", n(*counter));
                format!("{COUNTER} = :counter")
            }
            Expect::CounterAndNoHandover(counter) => {
                self.value("counter", n(*counter));
                format!("{COUNTER} = :counter AND attribute_not_exists({CHECKPOINT_OWNER})")
            }
            Expect::Owners { owner, checkpoint_owner } => {
                let owner = self.is(OWNER, "owner", owner.as_ref());
                let checkpoint_owner =
                    self.is(CHECKPOINT_OWNER, "checkpointOwner", checkpoint_owner.as_ref());
                format!("attribute_exists({KEY}) AND {owner} AND {checkpoint_owner}")
            }
            Expect::Exists => format!("attribute_exists({KEY})"),
        };
    }

    fn is(&mut self, name: &str, value: &str, worker: Option<&WorkerId>) -> String {
        let Some(worker) = worker else { return format!("attribute_not_exists({name})") };
        self.value(value, s(worker));
        format!("{name} = :{value}")
    }

    /// As additions and removals, so that what an operator removed is not put back.
    fn diverted(&mut self, change: &Change) {
        let set = |keys: BTreeSet<&String>| AttributeValue::Ss(keys.into_iter().cloned().collect());
        if !change.divert.is_empty() {
            self.add(DIVERTED, "diverted", set(change.divert.iter().collect()));
        }
        if !change.restore.is_empty() {
            self.value("restored", set(change.restore.iter().collect()));
            self.delete.push(format!("{DIVERTED} :restored"));
        }
    }

    fn edit<T>(
        &mut self,
        name: &'static str,
        value: &str,
        edit: &Edit<T>,
        written: impl Fn(&T) -> AttributeValue,
    ) {
        match edit {
            Edit::Keep => {}
            Edit::Set(new) => self.set(name, value, written(new)),
            Edit::Remove => self.remove.push(name),
        }
    }

    fn set(&mut self, name: &str, value: &str, to: AttributeValue) {
        self.value(value, to);
        self.set.push(format!("{name} = :{value}"));
    }

    fn add(&mut self, name: &str, value: &str, to: AttributeValue) {
        self.value(value, to);
        self.add.push(format!("{name} :{value}"));
    }

    fn value(&mut self, name: &str, value: AttributeValue) {
        self.values.insert(format!(":{name}"), value);
    }
}
