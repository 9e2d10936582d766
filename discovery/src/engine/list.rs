//! [`List`] and [`Whole`]: lists, and what waits for them.

use std::{collections::HashMap, sync::Arc};

use super::nodes::{Edge, Id};
use crate::{OutcomeKind, index::AnyIndex};

/// A list of a type, scope and group.
#[derive(Debug)]
pub(super) struct List {
    pub(super) state: ListState,
    /// Those that it answers for: what it does not bring is absent.
    pub(super) waiting: Vec<Id>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ListState {
    Running,
    Complete,
    /// It could not be had: how, and why.
    Ended(OutcomeKind, Arc<str>),
}

/// All resources of a type in a scope: one list, or one for each resource that they are listed with.
#[derive(Default)]
pub(super) struct Whole {
    /// How many of its lists are running.
    pub(super) open: usize,
    /// Whether all that it is listed with is known.
    pub(super) knows_groups: bool,
    pub(super) is_done: bool,
    /// Whether a list could not be had.
    pub(super) is_lacking: bool,
    /// Who asks for the holders of a key: and the node and field that refer to them by it, if one does.
    pub(super) asks: Vec<(&'static dyn AnyIndex, Box<str>, Option<Edge>)>,
    /// By the names of the indexes that were asked for.
    pub(super) holders: HashMap<&'static str, HashMap<Box<str>, Vec<Id>>>,
}
