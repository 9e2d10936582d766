//! Ours.

use std::{borrow::Cow, sync::Arc};

use serde::{Deserialize, Serialize};
use tidegate_discovery::{Answers, Discovery, Fetch, FetchError, Mirror, Plan, Ref, Refs, Scope};
use tidegate_throttle::{Adaptive, Outcome, Throttle, catalog::Catalog};
use tokio::time::Instant;

use crate::{
    Took,
    api::{AT_ONCE, Api, BURST, RATE, Throttled},
    memory,
};

const DESCRIBE: tidegate_discovery::Api = tidegate_discovery::Api::new("bench", "DescribeThings");

#[derive(Clone, Serialize, Deserialize)]
struct Thing {
    id: u32,
    to: Vec<u32>,
}

struct Things(Arc<Api>);

impl Mirror for Things {
    const TYPE: &'static str = "bench:thing";

    type Model = Thing;

    fn key(thing: &Thing) -> Cow<'_, str> {
        Cow::Owned(thing.id.to_string())
    }

    fn refs(thing: &Thing, refs: &mut Refs<'_>) {
        refs.many::<Self>("To", thing.to.iter().map(ToString::to_string));
    }

    fn plan(&self) -> Plan {
        Plan::by_id(DESCRIBE, AT_ONCE)
    }

    async fn fetch(&self, cx: &Fetch, keys: &[&str], answers: &mut Answers<Self>) -> Result<(), FetchError> {
        let ids: Result<Vec<u32>, _> = keys.iter().map(|key| key.parse()).collect();
        let ids = ids.map_err(FetchError::failed)?;
        loop {
            let mut permit = cx.acquire(&cx.call(DESCRIBE)).await.map_err(FetchError::failed)?;
            permit.sent();
            match self.0.describe(&ids).await {
                Ok(found) => {
                    permit.finish(Outcome::Accepted);
                    for (id, to) in found {
                        answers.found(Thing { id, to });
                    }
                    return Ok(());
                }
                Err(Throttled) => permit.finish(Outcome::Throttled { retry_after: None }),
            }
        }
    }
}

/// Walks the graph, with the limit in the throttle's catalog or not.
pub(crate) fn walk(api: &Arc<Api>, documented: bool) -> Took {
    paused(async {
        let throttle =
            if documented { Adaptive::builder().catalog(catalog()).build() } else { Adaptive::new() };
        let discovery = Discovery::builder().mirror(Things(Arc::clone(api))).throttle(throttle);
        let Ok(discovery) = discovery.max_nodes(usize::MAX).build() else {
            return Took { found: 0, time: std::time::Duration::ZERO, bytes: None };
        };
        let (began, before) = (Instant::now(), memory::resident());
        let asked = discovery.ask(&Ref::<Things>::new(Scope::new("1", "here"), "0"));
        let report = discovery.settled().await;
        let (time, after) = (began.elapsed(), memory::resident());
        let found =
            if asked.is_ok() && report.is_complete() { report.outcomes.values().sum::<u64>() } else { 0 };
        let found = usize::try_from(found).unwrap_or(usize::MAX);
        Took { found, time, bytes: after.zip(before).map(|(after, before)| after - before) }
    })
}

fn catalog() -> Catalog {
    Catalog::parse(&format!("bench region - one {RATE} {BURST} - - DescribeThings")).unwrap_or_default()
}

/// What a discovery keeps of a model: what the mirror made.
pub(crate) fn model(id: u32) -> Arc<dyn std::any::Any + Send + Sync> {
    Arc::new(Thing { id, to: vec![id; crate::graph::DEGREE as usize] })
}

/// Runs under a clock that moves when everybody waits.
pub(crate) fn paused<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    #[allow(clippy::expect_used, reason = "a bench without a runtime is none")]
    runtime.expect("a runtime on one thread").block_on(future)
}
