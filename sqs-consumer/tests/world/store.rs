//! A pipeline whose store, and all that was ever done to it, is at hand; and where it is to fail.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use tidegate_local_aws::QueueMessage;
use tidegate_sqs_consumer::{Failure, Loaded, Message, Pipeline, Write, version::Committed};
use tokio::{sync::watch, time::sleep};

use super::{FIFO, World};

/// How long each step takes.
const TAKES: Duration = Duration::from_millis(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Load,
    Process,
    Store,
    Publish,
    Mark,
}

pub(crate) const STEPS: [Step; 5] = [Step::Load, Step::Process, Step::Store, Step::Publish, Step::Mark];

/// Of the effect of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    Before,
    After,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Fails,
    /// Until it is [resumed](Store::resume).
    Hangs,
}

/// What goes wrong with a key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fault {
    pub(crate) step: Step,
    pub(crate) when: When,
    pub(crate) what: What,
    /// So often all is well before.
    pub(crate) skips: usize,
    /// So often it goes wrong.
    pub(crate) times: usize,
}

/// A pipeline of messages like `key 7`. A rule that is broken is told by [`check`](Store::check).
#[derive(Clone)]
pub(crate) struct Store {
    inner: Arc<Mutex<Inner>>,
    resumed: watch::Sender<bool>,
}

#[derive(Default)]
pub(crate) struct Inner {
    pub(crate) rows: BTreeMap<String, Committed<u64>>,
    /// What took effect, in order.
    pub(crate) log: Vec<(String, u64, Step)>,
    pub(crate) faults: BTreeMap<String, Fault>,
    pub(crate) broken: Vec<String>,
    pub(crate) hung: usize,
    pub(crate) loading: usize,
    pub(crate) most_loading: usize,
    /// What takes longer than the others.
    pub(crate) slow: Option<(Step, Duration)>,
}

impl Store {
    pub(crate) fn new() -> Self {
        Self { inner: Arc::default(), resumed: watch::Sender::new(false) }
    }

    pub(crate) fn look(&self) -> MutexGuard<'_, Inner> {
        // Where a rule is found broken, that is the report.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn fault(&self, key: impl Into<String>, fault: Fault) {
        self.look().faults.insert(key.into(), fault);
    }

    pub(crate) fn slow(&self, step: Step, takes: Duration) {
        self.look().slow = Some((step, takes));
    }

    /// Waits until so many hang.
    pub(crate) async fn hangs(&self, number: usize) {
        for _ in 0..10_000 {
            if self.look().hung == number {
                return;
            }
            sleep(TAKES).await;
        }
        panic!("{} of {number} hang", self.look().hung);
    }

    /// What hangs goes on.
    pub(crate) fn resume(&self) {
        self.resumed.send_replace(true);
    }

    pub(crate) fn count(&self, step: Step) -> usize {
        self.look().log.iter().filter(|it| it.2 == step).count()
    }

    /// Of which versions of a key a step took effect, in order.
    pub(crate) fn versions(&self, key: &str, step: Step) -> Vec<u64> {
        self.look().log.iter().filter(|it| it.0 == key && it.2 == step).map(|it| it.1).collect()
    }

    /// These keys end at these versions, each published, and no rule was broken.
    pub(crate) fn check<K: Into<String>>(&self, ends: impl IntoIterator<Item = (K, u64)>) {
        let ends: BTreeMap<_, _> = ends.into_iter().map(|it| (it.0.into(), it.1)).collect();
        let it = self.look();
        assert!(it.broken.is_empty(), "{:?}", it.broken);
        let rows: BTreeMap<_, _> = it.rows.iter().map(|(key, row)| (key.clone(), row.version)).collect();
        assert_eq!(rows, ends);
        assert!(it.rows.values().all(|it| it.published), "{:?}", it.rows);
        for (key, version, _) in it.log.iter().filter(|it| it.2 == Step::Store) {
            assert!(it.has(key, *version, Step::Publish), "{key} {version} was never published");
        }
    }

    /// Of these messages only such are gone from the queue as are stored and published, or stale.
    pub(crate) fn check_gone(&self, world: &World, queue: &str, sent: &[String]) {
        let left: BTreeSet<_> =
            world.sqs.messages(queue).unwrap().into_iter().map(|message| message.body).collect();
        let it = self.look();
        for body in sent.iter().filter(|body| !left.contains(*body)) {
            let (key, version) = read(body).unwrap();
            let row = it.rows.get(&key);
            assert!(row.is_some_and(|it| it.version >= version), "{body} is gone, stored is {row:?}");
            let is_lost = it.has(&key, version, Step::Store) && !it.has(&key, version, Step::Publish);
            assert!(!is_lost, "{body} is gone, and was never published");
        }
    }

    /// Waits until the queue is empty; nothing may be gone from it too early.
    pub(crate) async fn empties(&self, world: &World, queue: &str, sent: &[String]) {
        for _ in 0..10_000 {
            self.check_gone(world, queue, sent);
            if world.left(queue) == 0 {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
        panic!("{:?} are left", world.sqs.messages(queue).unwrap());
    }

    async fn takes(&self, step: Step) {
        let more = self.look().slow.filter(|it| it.0 == step).map(|it| it.1);
        sleep(TAKES + more.unwrap_or_default()).await;
    }

    /// Whether something goes wrong here.
    async fn pass(&self, key: &str, step: Step, when: When) -> Result<(), Failure> {
        let what = {
            let mut it = self.look();
            let fault = it.faults.get_mut(key).filter(|it| it.step == step && it.when == when);
            match fault {
                Some(fault) if fault.skips > 0 => {
                    fault.skips -= 1;
                    None
                }
                Some(fault) if fault.times > 0 => {
                    fault.times -= 1;
                    let what = fault.what;
                    it.hung += usize::from(what == What::Hangs);
                    Some(what)
                }
                _ => None,
            }
        };
        match what {
            None => Ok(()),
            Some(What::Fails) => Err(Failure::retry(format!("{step:?} of {key} fails"))),
            Some(What::Hangs) => {
                // The store is there for as long as this is.
                let _ = self.resumed.subscribe().wait_for(|resumed| *resumed).await;
                Ok(())
            }
        }
    }
}

impl Inner {
    pub(crate) fn has(&self, key: &str, version: u64, step: Step) -> bool {
        self.log.iter().any(|it| it.0 == key && it.1 == version && it.2 == step)
    }

    fn took(&mut self, key: &str, version: u64, step: Step) {
        self.log.push((key.to_owned(), version, step));
    }
}

/// Counts a load that is out.
struct Loading<'a>(&'a Store);

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        self.0.look().loading -= 1;
    }
}

impl Pipeline for Store {
    type Key = String;
    type Version = u64;
    type Message = (String, u64);
    type State = u64;

    fn decode(&self, message: &Message) -> Result<Self::Message, Box<dyn Error + Send + Sync>> {
        read(message.body())
    }

    fn key(&self, message: &Self::Message) -> String {
        message.0.clone()
    }

    fn version(&self, message: &Self::Message) -> u64 {
        message.1
    }

    async fn load(&self, key: &String) -> Result<Loaded<Self>, Failure> {
        {
            let mut it = self.look();
            it.loading += 1;
            it.most_loading = it.most_loading.max(it.loading);
        }
        let _loading = Loading(self);
        self.takes(Step::Load).await;
        self.pass(key, Step::Load, When::Before).await?;
        let row = {
            let mut it = self.look();
            it.took(key, 0, Step::Load);
            it.rows.get(key).copied()
        };
        self.pass(key, Step::Load, When::After).await?;
        Ok(row.map(|it| (it, it.version)))
    }

    async fn process(&self, message: &Self::Message, _: Option<&u64>) -> Result<u64, Failure> {
        let (key, version) = message;
        self.takes(Step::Process).await;
        self.pass(key, Step::Process, When::Before).await?;
        self.look().took(key, *version, Step::Process);
        self.pass(key, Step::Process, When::After).await?;
        Ok(*version)
    }

    async fn store(&self, key: &String, base: Option<u64>, version: u64, _: &u64) -> Result<Write, Failure> {
        self.takes(Step::Store).await;
        self.pass(key, Step::Store, When::Before).await?;
        {
            let mut it = self.look();
            let row = it.rows.get(key).copied();
            if row.map(|it| it.version) != base {
                return Ok(Write::Overtaken);
            }
            if row.is_some_and(|it| !it.published || it.version >= version) {
                it.broken.push(format!("{key}: {version} is stored over {row:?}"));
            }
            it.rows.insert(key.clone(), Committed { version, published: false });
            it.took(key, version, Step::Store);
        }
        self.pass(key, Step::Store, When::After).await?;
        Ok(Write::Stored)
    }

    async fn publish(&self, key: &String, version: u64, state: &u64) -> Result<(), Failure> {
        self.takes(Step::Publish).await;
        self.pass(key, Step::Publish, When::Before).await?;
        {
            let mut it = self.look();
            if *state != version || !it.has(key, version, Step::Store) {
                it.broken.push(format!("{key}: {state} is published as {version}"));
            }
            it.took(key, version, Step::Publish);
        }
        self.pass(key, Step::Publish, When::After).await
    }

    async fn mark(&self, key: &String, version: u64) -> Result<Write, Failure> {
        self.takes(Step::Mark).await;
        self.pass(key, Step::Mark, When::Before).await?;
        {
            let mut it = self.look();
            if !it.has(key, version, Step::Publish) {
                it.broken.push(format!("{key}: {version} is marked, and was never published"));
            }
            match it.rows.get_mut(key) {
                Some(row) if row.version == version => row.published = true,
                _ => return Ok(Write::Overtaken),
            }
            it.took(key, version, Step::Mark);
        }
        self.pass(key, Step::Mark, When::After).await?;
        Ok(Write::Stored)
    }
}

fn read(body: &str) -> Result<(String, u64), Box<dyn Error + Send + Sync>> {
    let (key, version) = body.split_once(' ').ok_or("no space")?;
    Ok((key.to_owned(), version.parse()?))
}

/// Gives each message an id of its own.
static SENT: AtomicU64 = AtomicU64::new(0);

/// Sends messages like `key 7`; on a FIFO queue, a key is a group.
pub(crate) fn send<B: Into<String>>(
    world: &World,
    queue: &str,
    bodies: impl IntoIterator<Item = B>,
) -> Vec<String> {
    let bodies: Vec<String> = bodies.into_iter().map(Into::into).collect();
    let messages = bodies.iter().map(|body| {
        let message = QueueMessage::new(body);
        if queue != FIFO {
            return message;
        }
        // Those that are alike are two all the same.
        let group = body.split(' ').next().unwrap();
        message.group(group).deduplication(SENT.fetch_add(1, Relaxed).to_string())
    });
    world.sqs.send(queue, messages).unwrap();
    bodies
}
