//! [`Plan`]: how the resources of a type can be asked for.

use std::{any::TypeId, num::NonZeroUsize};

use crate::{Api, Mirror};

/// How the resources of a type can be asked for: by id, as a list, or either; and what has to be asked of each
/// one after that.
///
/// ```
/// use tidegate_discovery::{Api, Plan};
///
/// const DESCRIBE: Api = Api::new("elasticloadbalancing", "DescribeLoadBalancers");
/// const TAGS: Api = Api::new("elasticloadbalancing", "DescribeTags");
/// // 400 names in a call, 400 resources on a page, and the tags of 20 in a call.
/// let plan = Plan::by_id(DESCRIBE, 400).and_list(DESCRIBE, 400).part("tags", TAGS, 20);
/// ```
#[derive(Clone, Debug)]
pub struct Plan {
    pub(crate) by_id: Option<Step>,
    pub(crate) list: Option<Step>,
    pub(crate) parts: Vec<(&'static str, Step)>,
    pub(crate) also: Vec<Api>,
    pub(crate) within: Option<TypeId>,
}

/// A call, and how many resources it can be about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) api: Api,
    pub(crate) most: NonZeroUsize,
}

impl Step {
    fn new(api: Api, most: usize) -> Self {
        Self { api, most: NonZeroUsize::new(most).unwrap_or(NonZeroUsize::MIN) }
    }
}

impl Plan {
    /// Up to `most` keys in a call: AWS's hard cap, at least 1.
    #[must_use]
    pub fn by_id(api: Api, most: usize) -> Self {
        let by_id = Some(Step::new(api, most));
        Self { by_id, list: None, parts: Vec::new(), also: Vec::new(), within: None }
    }

    /// As a list only, of up to `page` resources a call.
    #[must_use]
    pub fn list_only(api: Api, page: usize) -> Self {
        let list = Some(Step::new(api, page));
        Self { by_id: None, list, parts: Vec::new(), also: Vec::new(), within: None }
    }

    /// As a list too: keys join one that is under way, and a list is begun instead of calls by id where it is
    /// expected to take fewer.
    #[must_use]
    pub fn and_list(mut self, api: Api, page: usize) -> Self {
        self.list = Some(Step::new(api, page));
        self
    }

    /// What [`Mirror::complete`] asks of up to `most` resources in a call, once they have been found.
    #[must_use]
    pub fn part(mut self, name: &'static str, api: Api, most: usize) -> Self {
        self.parts.push((name, Step::new(api, most)));
        self
    }

    /// A further call that a fetch makes: only the least policy asks.
    #[must_use]
    pub fn also(mut self, api: Api) -> Self {
        self.also.push(api);
        self
    }

    /// There is a list for each resource of another type: the record sets of a zone, the services of a cluster. Keys
    /// of two of these never share a call; [`Mirror::group`] tells them apart.
    #[must_use]
    pub fn within<P: Mirror>(mut self) -> Self {
        self.within = Some(TypeId::of::<P>());
        self
    }

    /// Every call.
    pub(crate) fn apis(&self) -> impl Iterator<Item = Api> {
        let steps = self.by_id.iter().chain(&self.list).chain(self.parts.iter().map(|(_, step)| step));
        steps.map(|step| step.api).chain(self.also.iter().copied())
    }
}
