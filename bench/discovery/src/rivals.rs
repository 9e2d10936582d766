//! Other ways: each knows what it has asked for, retries what is throttled, and puts as many ids in a call as it has.

use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::{
    Took,
    api::{AT_ONCE, Api, Throttled},
};

/// Calls until it is not throttled, with pauses that double and are drawn at random, as the SDK has them.
async fn patiently(api: &Api, ids: &[u32]) -> Vec<(u32, Vec<u32>)> {
    let mut most = Duration::from_millis(100);
    loop {
        match api.describe(ids).await {
            Ok(found) => return found,
            Err(Throttled) => sleep(most.mul_f64(fastrand::f64())).await,
        }
        most = (most * 2).min(Duration::from_secs(20));
    }
}

fn run(walk: impl Future<Output = usize>) -> Took {
    fastrand::seed(1);
    crate::ours::paused(async {
        let began = Instant::now();
        let found = walk.await;
        Took { found, time: began.elapsed(), bytes: None }
    })
}

/// Round by round: all calls of a round are awaited before the next one.
pub(crate) fn rounds(api: &Arc<Api>) -> Took {
    run(async {
        let (mut seen, mut round) = (HashSet::from([0]), vec![0]);
        while !round.is_empty() {
            let mut calls = JoinSet::new();
            for ids in round.chunks(AT_ONCE) {
                let (api, ids) = (Arc::clone(api), ids.to_vec());
                calls.spawn(async move { patiently(&api, &ids).await });
            }
            let found = calls.join_all().await;
            let named = found.into_iter().flatten().flat_map(|(_, to)| to);
            round = named.filter(|id| seen.insert(*id)).collect();
        }
        seen.len()
    })
}

/// What comes within a millisecond shares calls.
pub(crate) fn dataloader(api: &Arc<Api>) -> Took {
    run(async {
        let (tell, mut told) = mpsc::unbounded_channel::<Vec<u32>>();
        let mut seen = HashSet::from([0]);
        let (mut window, mut open) = (vec![0], 0_usize);
        loop {
            sleep(Duration::from_millis(1)).await;
            while let Ok(named) = told.try_recv() {
                open -= 1;
                window.extend(named.into_iter().filter(|id| seen.insert(*id)));
            }
            for ids in window.chunks(AT_ONCE) {
                let (api, ids, tell) = (Arc::clone(api), ids.to_vec(), tell.clone());
                open += 1;
                tokio::spawn(async move {
                    let found = patiently(&api, &ids).await;
                    // The walk waits for all that are open.
                    let _ = tell.send(found.into_iter().flat_map(|(_, to)| to).collect());
                });
            }
            window.clear();
            if open == 0 {
                return seen.len();
            }
            if let Some(named) = told.recv().await {
                open -= 1;
                window.extend(named.into_iter().filter(|id| seen.insert(*id)));
            }
        }
    })
}

/// A task for each id, and a call for each task.
pub(crate) fn task_per_id(api: &Arc<Api>) -> Took {
    run(async {
        let (tell, mut told) = mpsc::unbounded_channel::<Vec<u32>>();
        let (mut seen, mut open) = (HashSet::from([0]), 0_usize);
        let spawn = |id: u32| {
            let (api, tell) = (Arc::clone(api), tell.clone());
            tokio::spawn(async move {
                let found = patiently(&api, &[id]).await;
                // The walk waits for all that are open.
                let _ = tell.send(found.into_iter().flat_map(|(_, to)| to).collect());
            });
        };
        spawn(0);
        open += 1;
        while open > 0 {
            let Some(named) = told.recv().await else { break };
            open -= 1;
            for id in named.into_iter().filter(|id| seen.insert(*id)) {
                spawn(id);
                open += 1;
            }
        }
        seen.len()
    })
}
