//! [`Batch`]: resources that are asked for in one call.

use std::{collections::HashSet, sync::Arc};

use super::{Engine, Id, LaneId, NO_GROUP, Step, Work};
use crate::{Scope, answers::AnyModel, kind::Kind};

/// Resources that are asked for in one call.
pub(crate) struct Batch {
    pub(crate) lane: LaneId,
    pub(crate) ids: Vec<Id>,
    pub(crate) kind: Arc<dyn Kind>,
    pub(crate) scope: Scope,
    pub(crate) group: Option<Arc<str>>,
    pub(crate) keys: Vec<Arc<str>>,
    /// Of a part: what it is of.
    pub(crate) models: Vec<AnyModel>,
    pub(crate) part: &'static str,
}

impl Engine {
    /// What the task of a lane does next.
    pub(crate) fn step(&mut self, id: LaneId) -> Step {
        let (at_once, most) = (self.at_once(id), self.limits.in_flight);
        let Some(lane) = self.lanes.get_mut(&id) else { return Step::Rest };
        let step = lane.step(at_once, most);
        let queued = lane.queue.len();
        if matches!(step, Step::Ready { .. }) && id.work == Work::Fetch && self.is_list_cheaper(id, queued) {
            let list = (id.kind, id.scope, id.group);
            let queue =
                self.lanes.get_mut(&id).map(|lane| std::mem::take(&mut lane.queue)).unwrap_or_default();
            for id in queue {
                self.nodes[id].is.queued = false;
                if self.nodes[id].is.awaiting {
                    self.join_list(list, id);
                }
            }
            self.finish_op();
            return self.step(id);
        }
        step
    }

    /// Whether a list is expected to take fewer calls than these keys by id. Of what is not known, the keys are taken
    /// to be a quarter.
    fn is_list_cheaper(&self, lane: LaneId, keys: usize) -> bool {
        let plan = self.kinds.of(lane.kind).plan();
        let (Some(by_id), Some(list)) = (plan.by_id, plan.list) else { return false };
        let is_new = !self.lists.contains_key(&(lane.kind, lane.scope, lane.group))
            && !self.refused.contains_key(&(lane.kind, Work::List, lane.scope));
        is_new && keys.div_ceil(by_id.most.get()) > keys.saturating_mul(4).div_ceil(list.most.get())
    }

    /// Takes a batch out of a lane; `None` if what waited there has been answered otherwise.
    pub(crate) fn close_batch(&mut self, id: LaneId) -> Option<Batch> {
        let at_once = self.at_once(id);
        let lane = self.lanes.get_mut(&id)?;
        let mut ids = lane.halves.pop_front().unwrap_or_default();
        let is_half = !ids.is_empty();
        while !is_half && ids.len() < at_once {
            let Some(next) = lane.queue.pop_front() else { break };
            let node = &mut self.nodes[next];
            if id.work == Work::Fetch {
                node.is.queued = false;
            }
            ids.push(next);
        }
        let mut seen = HashSet::new();
        ids.retain(|it| match id.work {
            Work::Part(part) => {
                // One that was found again meanwhile stands there twice.
                self.pending.get(it).is_some_and(|pending| pending.open.contains(&part)) && seen.insert(*it)
            }
            _ => self.nodes[*it].is.awaiting,
        });
        if ids.is_empty() {
            return None;
        }
        let lane = self.lanes.get_mut(&id)?;
        lane.in_flight += 1;
        let kind = Arc::clone(self.kinds.of(id.kind));
        let part = match id.work {
            Work::Part(part) => kind.plan().parts.get(usize::from(part)).map_or("", |(name, _)| *name),
            _ => "",
        };
        let models = match id.work {
            Work::Part(_) => {
                ids.iter().filter_map(|id| self.pending.get(id)).map(|it| Arc::clone(&it.model)).collect()
            }
            _ => Vec::new(),
        };
        Some(Batch {
            lane: id,
            keys: ids.iter().map(|id| Arc::clone(&self.nodes[*id].key)).collect(),
            ids,
            scope: self.scopes.get(id.scope).clone(),
            group: self.group_of(id),
            kind,
            models,
            part,
        })
    }

    /// The scope of a lane, its mirror, and the key of what it is listed with.
    pub(crate) fn place(&self, lane: LaneId) -> (Scope, Arc<dyn Kind>, Option<Arc<str>>) {
        let kind = Arc::clone(self.kinds.of(lane.kind));
        (self.scopes.get(lane.scope).clone(), kind, self.group_of(lane))
    }

    fn group_of(&self, lane: LaneId) -> Option<Arc<str>> {
        (lane.group != NO_GROUP).then(|| Arc::clone(self.groups.get(lane.group)))
    }
}
