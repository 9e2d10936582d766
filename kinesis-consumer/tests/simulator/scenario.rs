//! [`Scenario`]: what a seed does to a fleet.

use std::time::Duration;

use fastrand::Rng;
use tidegate_kinesis_consumer::{
    Checkpoint,
    lease::{Change, Expect},
    worker::InitialPosition,
};

use super::{faults::Faults, java::Version, ledger::name, log::Log, millis, secs, world::World};

/// What is done at a time, to whatever the dice choose then.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Start,
    /// A new process of the name of one that is dead or alive.
    StartAgain,
    Kill,
    Freeze(Duration),
    ShutDown,
    CutOff(Duration),
    Outage(Duration),
    Throttle(u32, Duration),
    Hang(Duration),
    GiveUp,
    StartPeer,
    KillPeer,
    FreezePeer(Duration),
    /// The last of the workers in Java go.
    KillPeers,
    Split,
    Merge,
    Delete,
    Restore,
}

/// The kinds of scenarios.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Processes come and go in good order, and nothing is repeated.
    Orderly,
    /// Processes die, freeze and hang.
    Deaths,
    /// The table loses requests and answers, is late, throttles, and is away.
    Table,
    /// The stream's shards change.
    Shards,
    /// All of it.
    All,
    /// Workers of the KCL 2.x share the leases.
    Java2,
    /// A leader of the KCL 3.x assigns the leases.
    Java3,
}

/// What a seed does to a fleet.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) kind: Kind,
    shards: usize,
    workers: usize,
    initial: InitialPosition,
    checkpoint: Duration,
    drain: Duration,
    retention: Option<Duration>,
    work: Duration,
    fails: Option<u32>,
    faults: Faults,
    steps: Vec<(Duration, Step)>,
    peers: usize,
}

/// The last disturbance, and by when all has to be well again.
const CALM: Duration = secs(50);
const WELL: Duration = secs(70);
/// A KCL in Java looks every 20 s, and moves one lease at a time.
const WELL_BESIDE_JAVA: Duration = secs(200);

impl Scenario {
    pub(crate) fn of(seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let kind = match rng.u32(0..12) {
            0 => Kind::Orderly,
            1 | 2 => Kind::Deaths,
            3 | 4 => Kind::Table,
            5 | 6 => Kind::Shards,
            7 => Kind::Java2,
            8 => Kind::Java3,
            _ => Kind::All,
        };
        let shards = rng.usize(1..=5);
        let has = |of: Kind| kind == of || kind == Kind::All;
        let java = matches!(kind, Kind::Java2 | Kind::Java3);
        let steps = steps(kind, &mut rng);
        let faults = if has(Kind::Table) {
            Faults {
                lost: rng.choice([0, 20, 80]).unwrap(),
                unanswered: rng.choice([0, 20, 80]).unwrap(),
                zombie: rng.choice([0, 20, 60]).unwrap(),
                zombie_after: secs(rng.u64(1..30)),
                slow: rng.choice([0, 30]).unwrap(),
                unlisted: rng.choice([0, 300]).unwrap(),
                listed_late: millis(rng.choice([0, 500, 2000]).unwrap()),
                scanned_late: millis(rng.choice([0, 300, 1000, 3000]).unwrap()),
                ..Faults::default()
            }
        } else {
            Faults::default()
        };
        Self {
            seed,
            kind,
            shards,
            peers: if java { rng.usize(1..=2) } else { 0 },
            workers: rng.usize(1..=3),
            initial: if !java && rng.u32(0..4) == 0 {
                InitialPosition::Latest
            } else {
                InitialPosition::TrimHorizon
            },
            checkpoint: millis(rng.choice([500, 1000, 3000]).unwrap()),
            drain: secs(if kind == Kind::Orderly { 30 } else { rng.choice([2, 5, 30]).unwrap() }),
            retention: has(Kind::Shards).then(|| secs(rng.u64(25..60))).filter(|_| rng.bool()),
            work: millis(rng.choice([20, 300, 1500]).unwrap()),
            fails: rng.bool().then(|| rng.u32(20..80)),
            faults,
            steps,
        }
    }

    /// Plays it, and panics where an invariant does not hold.
    pub(crate) fn play(&self, log: Log) -> World {
        let mut world = World::new(self.shards, self.seed, log);
        world.work = self.work;
        world.fails = self.fails;
        world.faults = self.faults.clone();
        for _ in 0..self.peers {
            self.start_peer(&mut world);
        }
        let before = millis(world.rng.u64(0..4000));
        world.run_for(before);
        for _ in 0..self.workers {
            self.start(&mut world, None);
            let pause = millis(world.rng.u64(0..2000));
            world.run_for(pause);
        }
        for (at, step) in &self.steps {
            world.run_until(world.now.max(*at));
            self.step(&mut world, *step);
        }
        world.run_until(world.now.max(CALM));
        self.calm(&mut world);
        let repeats = world.ledger.duplicates;
        assert!(self.kind != Kind::Orderly || repeats == 0, "{repeats} records were repeated");
        world
    }

    /// Ends all disturbances, and waits until all is well and rests.
    fn calm(&self, world: &mut World) {
        world.log.note(world.now, || "calm".to_owned());
        world.faults.end();
        for host in &mut world.hosts {
            host.frozen_until = host.frozen_until.min(world.now + millis(1));
            host.cut_off_until = Duration::ZERO;
            host.hangs_until = Duration::ZERO;
        }
        for peer in &mut world.peers {
            peer.frozen_until = peer.frozen_until.min(world.now + millis(1));
        }
        if world.up().is_empty() {
            self.start(world, None);
        }
        let calm = world.now;
        world.run_for(secs(3));
        world.writing = false;
        let mut since = None;
        loop {
            world.run_for(millis(500));
            match world.unrest() {
                None => {
                    let since = *since.get_or_insert(world.now);
                    let rests = world.now.saturating_sub(since.max(world.ledger.switched));
                    if rests >= if self.peers == 0 { secs(5) } else { secs(25) } {
                        return;
                    }
                }
                Some(_) => since = None,
            }
            if world.now >= calm + if self.peers == 0 { WELL } else { WELL_BESIDE_JAVA } {
                let unrest = world.unrest().unwrap_or_else(|| "leases move to and fro".to_owned());
                panic!("8: {unrest}: {}", world.describe());
            }
        }
    }

    fn start(&self, world: &mut World, name: Option<String>) {
        let name = name.unwrap_or_else(|| format!("worker-{}", world.hosts.len()));
        let drift = world.rng.i64(-10_000..=10_000);
        world.start(&name, drift, |settings| {
            settings.initial = self.initial;
            settings.checkpoint = self.checkpoint;
            settings.drain = self.drain;
        });
    }

    fn start_peer(&self, world: &mut World) {
        let version = if self.kind == Kind::Java2 { Version::V2 } else { Version::V3 };
        world.start_peer(&format!("java-{}", world.peers.len()), version);
    }

    fn step(&self, world: &mut World, step: Step) {
        world.log.note(world.now, || format!("step {step:?}"));
        let up = world.up();
        let which = world.rng.choice(up.iter().copied());
        if let Some(retention) = self.retention {
            world.trim(retention);
        }
        let now = world.now;
        match (step, which) {
            (Step::Start, _) if up.len() < 4 => self.start(world, None),
            (Step::StartAgain, _) if up.len() < 4 => {
                let name = world.rng.choice(&world.hosts).map(|host| host.name.to_string());
                self.start(world, name);
            }
            (Step::Kill, Some(host)) => world.kill(host),
            (Step::Freeze(time), Some(host)) if world.hosts[host].frozen_until <= now => {
                world.freeze(host, time.min(CALM.saturating_sub(now)));
            }
            (Step::ShutDown, Some(host)) if up.len() > 1 => world.shut_down(host),
            (Step::CutOff(time), Some(host)) => world.hosts[host].cut_off_until = now + time,
            (Step::Outage(time), _) => world.faults.outage_until = now + time,
            (Step::Throttle(units, time), _) => world.faults.units = Some((units, now + time)),
            (Step::Hang(time), Some(host)) => world.hosts[host].hangs_until = now + time,
            (Step::GiveUp, Some(host)) if world.hosts[host].frozen_until <= now => {
                let runs: Vec<_> = world.hosts[host]
                    .runs
                    .iter()
                    .filter(|(_, run)| !run.aborted && !run.draining)
                    .map(|(id, _)| *id)
                    .collect();
                if let Some(run) = world.rng.choice(runs) {
                    world.give_up(host, run);
                }
            }
            (Step::StartPeer, _) if world.peers.len() < 4 => self.start_peer(world),
            // The first leads, and that none leads for minutes is not what is looked at here.
            (Step::KillPeer, _) if world.peers.len() > 1 => {
                let peer = world.rng.usize(1..world.peers.len());
                world.kill_peer(peer);
            }
            (Step::FreezePeer(time), _) if world.peers.len() > 1 => {
                let peer = world.rng.usize(1..world.peers.len());
                world.freeze_peer(peer, time);
            }
            (Step::KillPeers, _) => (0..world.peers.len()).for_each(|peer| world.kill_peer(peer)),
            (Step::Split, _) => {
                let open = world.stream.open_shards();
                let shard = world.rng.choice(open).unwrap();
                if world.stream.is_settled(shard, now) {
                    world.stream.split(shard, now);
                }
            }
            (Step::Merge, _) => {
                let open = world.stream.open_shards();
                let pairs: Vec<_> = open.windows(2).map(|pair| (pair[0], pair[1])).collect();
                if let Some((left, right)) = world.rng.choice(pairs)
                    && world.stream.is_settled(left, now)
                    && world.stream.is_settled(right, now)
                {
                    world.stream.merge(left, right, now);
                }
            }
            (Step::Delete, _) => {
                let keys: Vec<_> = world
                    .store
                    .leases()
                    .filter(|row| row.checkpoint != Checkpoint::ShardEnd)
                    .map(|row| row.key.clone())
                    .collect();
                if let Some(key) = world.rng.choice(keys) {
                    world.delete(&key);
                }
            }
            (Step::Restore, _) => {
                let diverted: Vec<_> = world
                    .store
                    .leases()
                    .filter(|row| !row.diverted.is_empty())
                    .map(|row| row.key.clone())
                    .collect();
                if let Some(row) = world.rng.choice(diverted) {
                    let shard = super::stream::number(&row);
                    let key = (0..world.stream.keys())
                        .find(|key| {
                            world.store.get(&row).is_some_and(|row| row.diverted.contains(&name(*key)))
                        })
                        .unwrap();
                    let mut change = Change::new(row, Expect::Exists);
                    change.restore.insert(name(key));
                    world.ledger.restores(&world.stream, shard, key);
                    world.edit(&change);
                }
            }
            _ => {}
        }
    }
}

/// What is done to a scenario of this kind, and when.
fn steps(kind: Kind, rng: &mut Rng) -> Vec<(Duration, Step)> {
    let has = |of: Kind| kind == of || kind == Kind::All;
    let mut steps = Vec::new();
    let mut add =
        |rng: &mut Rng, step: Step| steps.push((millis(rng.u64(2000..CALM.as_secs() * 1000)), step));
    for _ in 0..rng.u32(0..3) {
        add(rng, Step::Start);
    }
    for _ in 0..rng.u32(0..3) {
        let step = if rng.bool() { Step::ShutDown } else { Step::StartAgain };
        add(rng, step);
    }
    if has(Kind::Deaths) {
        for _ in 0..rng.u32(1..4) {
            let long = millis(rng.u64(100..20_000));
            let step = match rng.u32(0..8) {
                0..3 => Step::Kill,
                3..6 => Step::Freeze(long),
                6 => Step::Hang(long),
                _ => Step::GiveUp,
            };
            add(rng, step);
        }
    }
    if has(Kind::Table) {
        for _ in 0..rng.u32(0..3) {
            let long = millis(rng.u64(500..15_000));
            let step = match rng.u32(0..5) {
                0 => Step::Outage(long),
                1 => Step::Throttle(rng.u32(1..6), long),
                2 => Step::CutOff(long),
                3 => Step::Delete,
                _ => Step::Restore,
            };
            add(rng, step);
        }
    }
    if has(Kind::Shards) {
        for _ in 0..rng.u32(1..5) {
            let step = if rng.u32(0..5) < 3 { Step::Split } else { Step::Merge };
            add(rng, step);
        }
    }
    if matches!(kind, Kind::Java2 | Kind::Java3) {
        for _ in 0..rng.u32(0..5) {
            let step = match rng.u32(0..10) {
                0 | 1 => Step::StartPeer,
                2 | 3 => Step::KillPeer,
                4 => Step::FreezePeer(millis(rng.u64(1000..15_000))),
                5 => Step::Kill,
                6 => Step::Freeze(millis(rng.u64(1000..15_000))),
                7 => Step::KillPeers,
                8 => Step::Merge,
                _ => Step::Split,
            };
            add(rng, step);
        }
    }
    steps.sort_by_key(|(at, _)| *at);
    steps
}
