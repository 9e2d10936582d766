//! [`Update`]: a change of a lease as one `UpdateItem`.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::item;
use crate::lease::{Change, Edit, Expect, Switches, WorkerId};

/// A change of a lease as one `UpdateItem`.
pub(super) struct Update {
    pub(super) expression: String,
    pub(super) condition: String,
    pub(super) names: HashMap<String, String>,
    pub(super) values: HashMap<String, AttributeValue>,
}

/// An update that is being made.
#[derive(Default)]
struct Draft {
    set: Vec<String>,
    remove: Vec<String>,
    add: Vec<String>,
    delete: Vec<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Update {
    pub(super) fn of(change: &Change) -> Self {
        let mut draft = Draft::default();
        draft.expect(&change.expect);
        draft.edit(change);
        let clause = |word: &str, parts: &[String]| match parts {
            [] => String::new(),
            parts => format!("{word} {} ", parts.join(", ")),
        };
        let update = clause("SET", &draft.set)
            + &clause("REMOVE", &draft.remove)
            + &clause("ADD", &draft.add)
            + &clause("DELETE", &draft.delete);
        Self {
            expression: update.trim_end().to_owned(),
            condition: draft.conditions.join(" AND "),
            names: draft.names,
            values: draft.values,
        }
    }
}

impl Draft {
    fn expect(&mut self, expect: &Expect) {
        match expect {
            Expect::Counter(counter) => self.expect_counter(*counter),
            Expect::CounterAndNoHandover(counter) => {
                self.expect_counter(*counter);
                self.expect_owner(item::CHECKPOINT_OWNER, None);
            }
            Expect::Owners { owner, checkpoint_owner } => {
                self.expect_owner(item::OWNER, owner.as_ref());
                self.expect_owner(item::CHECKPOINT_OWNER, checkpoint_owner.as_ref());
            }
            Expect::Exists => {}
        }
        // An update makes a row where there is none.
        let key = self.name(item::KEY);
        self.conditions.push(format!("attribute_exists({key})"));
    }

    fn expect_counter(&mut self, counter: u64) {
        let name = self.name(item::COUNTER);
        let value = self.value("expected", AttributeValue::N(counter.to_string()));
        self.conditions.push(format!("{name} = {value}"));
    }

    fn expect_owner(&mut self, attribute: &str, owner: Option<&WorkerId>) {
        let name = self.name(attribute);
        match owner {
            None => self.conditions.push(format!("attribute_not_exists({name})")),
            Some(owner) => {
                let owner = AttributeValue::S(owner.as_str().to_owned());
                let value = self.value(&format!("expected_{attribute}"), owner);
                self.conditions.push(format!("{name} = {value}"));
            }
        }
    }

    fn edit(&mut self, change: &Change) {
        if change.count {
            self.add(item::COUNTER, AttributeValue::N("1".to_owned()));
        }
        self.edit_owner(item::OWNER, &change.owner);
        self.edit_owner(item::CHECKPOINT_OWNER, &change.checkpoint_owner);
        match change.switches {
            Switches::Keep => {}
            Switches::Count => self.add(item::SWITCHES, AttributeValue::N("1".to_owned())),
            Switches::Reset => self.set(item::SWITCHES, AttributeValue::N("0".to_owned())),
        }
        if let Some(checkpoint) = change.checkpoint {
            let (checkpoint, sub_sequence) = item::checkpoint_values(checkpoint);
            self.set(item::CHECKPOINT, checkpoint);
            self.set(item::SUB_SEQUENCE, sub_sequence);
            for pending in [item::PENDING, item::PENDING_SUB_SEQUENCE, item::PENDING_STATE] {
                self.remove(pending);
            }
        }
        if let Some(children) = &change.children {
            match item::ids(children) {
                Some(children) => self.set(item::CHILDREN, children),
                None => self.remove(item::CHILDREN),
            }
        }
        if let Some(range) = change.hash_range {
            self.set(item::FIRST_HASH_KEY, AttributeValue::S(range.first.to_string()));
            self.set(item::LAST_HASH_KEY, AttributeValue::S(range.last.to_string()));
        }
        if let Some(bytes) = change.throughput {
            self.set(item::THROUGHPUT, item::throughput(bytes));
        }
        if let Some(mark) = &change.mark {
            self.set(item::MARK, item::mark(mark));
        }
        match change.started_at {
            Edit::Keep => {}
            Edit::Set(time) => self.set(item::STARTED_AT, item::time(time)),
            Edit::Remove => self.remove(item::STARTED_AT),
        }
        // One expression cannot do both to one attribute; what is restored wins, as in `Change::apply`.
        let diverted = change.divert.difference(&change.restore).cloned().collect();
        match (item::keys(&change.restore), item::keys(&diverted)) {
            (Some(restored), None) => {
                let (name, value) = (self.name(item::DIVERTED), self.value("restored", restored));
                self.delete.push(format!("{name} {value}"));
            }
            (_, Some(diverted)) => self.add(item::DIVERTED, diverted),
            (None, None) => {}
        }
    }

    fn edit_owner(&mut self, attribute: &str, edit: &Edit<WorkerId>) {
        match edit {
            Edit::Keep => {}
            Edit::Set(worker) => self.set(attribute, AttributeValue::S(worker.as_str().to_owned())),
            Edit::Remove => self.remove(attribute),
        }
    }

    fn set(&mut self, attribute: &str, value: AttributeValue) {
        let (name, value) = (self.name(attribute), self.value(attribute, value));
        self.set.push(format!("{name} = {value}"));
    }

    fn add(&mut self, attribute: &str, value: AttributeValue) {
        let (name, value) = (self.name(attribute), self.value(attribute, value));
        self.add.push(format!("{name} {value}"));
    }

    fn remove(&mut self, attribute: &str) {
        let name = self.name(attribute);
        self.remove.push(name);
    }

    fn name(&mut self, attribute: &str) -> String {
        let name = format!("#{attribute}");
        self.names.insert(name.clone(), attribute.to_owned());
        name
    }

    fn value(&mut self, of: &str, value: AttributeValue) -> String {
        let name = format!(":{of}");
        self.values.insert(name.clone(), value);
        name
    }
}
