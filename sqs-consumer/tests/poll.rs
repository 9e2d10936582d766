//! The pollers before a queue that is simulated, in virtual time: what they never do, what they always do, and what
//! they cost.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails panics")]

mod receiving;

use std::time::Duration;

use proptest::prelude::*;
use tidegate_lanes::Amount;
use tidegate_sqs_consumer::poll::{Settings, Standing, Trouble};

use self::receiving::{Nature, World, ms};

const MIB: usize = 1 << 20;

fn settings(count: usize) -> Settings {
    Settings::new(Amount::new(count, 256 * MIB))
}

fn trouble() -> impl Strategy<Value = Trouble> {
    use Trouble::{Denied, Kms, Network, OverLimit, QueueGone, Throttled};
    prop_oneof![Just(Throttled), Just(OverLimit), Just(Network), Just(Denied), Just(QueueGone), Just(Kms)]
}

prop_compose! {
    fn nature()(
        seed: u64,
        latency in 0..100_u64,
        handling in prop_oneof![Just(0_u64), 0..50_u64, 0..3_000_u64],
        stuck_one_in in prop_oneof![3 => Just(0_u32), 1 => 2..40_u32],
        weight in prop_oneof![Just(300_usize), Just(100_000), Just(MIB)],
        partial: bool,
        failing in prop_oneof![3 => Just(0_u32), 1 => 1..40_u32],
        in_flight in prop_oneof![3 => Just(120_000_usize), 1 => 1..30_usize],
        early in prop_oneof![3 => Just(100_u32), 1 => 0..100_u32],
    ) -> Nature {
        let most_stuck = 0;
        let (latency, handling, outage) = (ms(latency), ms(handling), None);
        Nature { seed, latency, handling, stuck_one_in, most_stuck, weight, partial, failing, outage, in_flight, early }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    /// Never more is held and reserved than allowed, which the world checks at every instant, and everything that is not
    /// stuck is handled in the end, whatever happens on the way.
    #[test]
    fn whatever_happens_nothing_is_too_much_and_nothing_stays(
        nature in nature(),
        limit in prop_oneof![Just(1_usize), Just(7), Just(10), Just(11), Just(1_000), 1..60_usize],
        bytes in prop_oneof![Just(1_usize), Just(MIB), Just(64 * MIB)],
        parallelism in 1..20_usize,
        wait in 0..30_u64,
        patience in 0..300_u64,
        arrivals in proptest::collection::vec((0..60_000_u64, 1..80_usize), 0..20),
        outage in proptest::option::of((0..60_000_u64, 0..60_000_u64, trouble())),
    ) {
        let mut settings = Settings::new(Amount::new(limit, bytes));
        settings.parallelism = parallelism;
        settings.wait = Duration::from_secs(wait.clamp(1, 20));
        settings.patience = ms(patience);
        // Someone must be able to go on, by count and bytes and in flight.
        let most_stuck = if bytes < 64 * MIB { 0 } else { (limit - 1).min(nature.in_flight - 1).min(30) };
        let outage = outage.map(|(from, lasts, trouble)| (ms(from), ms(from + lasts), trouble));
        let mut world = World::new(settings, Nature { most_stuck, outage, ..nature });
        let total: usize = arrivals.iter().map(|(_, count)| count).sum();
        for (at, count) in &arrivals {
            world.arrive(ms(*at), *count);
        }
        world.run_until(Duration::from_mins(2));
        world.drain(Duration::from_hours(12));
        prop_assert_eq!((world.visible(), world.done + world.stuck), (0, total));

        // Nothing is reserved for ever: what is in use is what is stuck.
        world.pollers.stop();
        world.run_until(world.now + Duration::from_mins(1));
        prop_assert_eq!(world.pollers.out(), 0);
        prop_assert_eq!(world.in_use().count, world.stuck);
    }

    /// As long as receives succeed, nobody leaves messages in the queue for longer than the patience allows.
    #[test]
    fn where_there_is_something_and_room_for_it_somebody_asks(
        nature in nature(),
        limit in prop_oneof![Just(1_usize), Just(7), Just(10), Just(11), Just(1_000)],
        parallelism in 1..20_usize,
        arrivals in proptest::collection::vec((0..60_000_u64, 1..80_usize), 0..20),
    ) {
        let nature = Nature { failing: 0, in_flight: 120_000, early: 100, most_stuck: limit - 1, ..nature };
        let mut settings = settings(limit);
        settings.parallelism = parallelism;
        let patience = settings.patience;
        let mut world = World::new(settings, nature);
        for (at, count) in arrivals {
            world.arrive(ms(at), count);
        }
        world.run_until(Duration::from_mins(2));
        prop_assert!(world.longest_neglect <= patience, "{:?}", world.longest_neglect);
    }

    /// Receives that fail are made one at a time, with pauses that grow; what was held meanwhile goes on, and when
    /// the failure ends, everything is handled.
    #[test]
    fn failures_are_not_hammered(nature in nature(), trouble in trouble(), minutes in 1..12_u64) {
        let (from, to) = (ms(500), ms(500) + Duration::from_mins(minutes));
        let outage = Some((from, to, trouble));
        let mut world = World::new(settings(500), Nature { outage, failing: 0, in_flight: 120_000, ..nature });
        for at in 0..100 {
            world.arrive(ms(at * 10), 20);
        }
        world.run_until(from + Duration::from_secs(20));
        let mut calls = world.sent_between(from + nature.latency, world.now);
        prop_assert!(calls <= 60, "{calls} in the first seconds");
        prop_assert!(matches!(world.pollers.standing(), Standing::Failing(_) | Standing::Limited));
        world.run_until(to);
        calls = world.sent_between(to.saturating_sub(Duration::from_secs(30)), to);
        prop_assert!(calls <= 60, "{calls} in the last seconds");
        prop_assert!(world.sent_between(from + ms(100), to).div_ceil(usize::try_from(minutes).unwrap()) <= 60);
        world.drain(Duration::from_mins(2));
        prop_assert_eq!(world.done, 2_000);
    }

    /// An empty queue costs one call for each wait; after that as many receives as are allowed are out within as many round trips
    /// as it takes to double up to them.
    #[test]
    fn an_idle_queue_costs_a_call_for_each_wait_and_wakes_up_fast(
        wait in 1..=20_u64,
        parallelism in 1..60_usize,
        latency in 1..100_u64,
        idle in 1..120_u64,
    ) {
        let mut settings = settings(100_000);
        settings.wait = Duration::from_secs(wait);
        settings.parallelism = parallelism;
        let mut world = World::new(settings, Nature { latency: ms(latency), ..Nature::default() });
        let morning = Duration::from_mins(idle);
        world.arrive(morning, 100_000);
        world.run_until(morning.saturating_sub(ms(1)));
        let waits = usize::try_from(morning.as_secs() / wait).unwrap();
        prop_assert!((1..=waits + 1).contains(&world.sent.len()), "{} calls in {waits} waits", world.sent.len());
        prop_assert_eq!((world.most_out, world.pollers.standing()), (1, Standing::Idle));
        // The one that is out has to come back, or to arrive and come back.
        let doublings = parallelism.next_power_of_two().ilog2();
        world.run_until(morning + ms(latency) * (doublings + 2));
        prop_assert_eq!(world.most_out, parallelism);
    }
}

#[test]
fn an_empty_queue_costs_three_calls_a_minute() {
    let mut world = World::new(settings(1_000), Nature::default());
    world.run_until(Duration::from_hours(1));
    assert!((178..=181).contains(&world.sent.len()), "{}", world.sent.len());
    assert_eq!((world.most_out, world.pollers.standing()), (1, Standing::Idle));
}

#[test]
fn a_queue_that_does_not_wait_costs_six_calls_a_minute() {
    let mut world = World::new(settings(1_000), Nature { early: 0, ..Nature::default() });
    world.run_until(Duration::from_mins(10));
    assert!((59..=61).contains(&world.sent.len()), "{}", world.sent.len());
}

#[test]
fn a_queue_that_has_dried_up_costs_what_an_empty_one_does() {
    let mut world = World::new(settings(1_000), Nature::default());
    world.arrive(Duration::ZERO, 5_000);
    world.run_until(Duration::from_mins(2));
    assert_eq!((world.done, world.most_out), (5_000, 16));
    let calls = world.sent_between(Duration::from_mins(1), Duration::from_mins(2));
    assert!(calls <= 6, "{calls}");
}

#[test]
fn after_a_quiet_night_all_receive_within_a_few_round_trips() {
    let mut world = World::new(settings(100_000), Nature::default());
    let morning = Duration::from_hours(8);
    world.arrive(morning, 100_000);
    world.run_until(morning);
    assert_eq!(world.most_out, 1);
    // 1, 2, 4, 8 and then 16 are out, a round trip of 20 ms after the other; the first one had only to come back.
    world.run_until(morning + ms(10 + 4 * 20));
    assert_eq!(world.most_out, 16);
}

#[test]
fn a_full_house_costs_a_fifth_of_a_call_for_a_message() {
    for (handling, limit, weight) in [(0, 500, 300), (5, 500, 10_000), (50, 500, 100_000), (50, 60, 300)] {
        let nature = Nature { handling: ms(handling), weight, ..Nature::default() };
        let mut world = World::new(settings(limit), nature);
        world.arrive(Duration::ZERO, 50_000);
        world.run_until(ms(1));
        world.drain(Duration::from_mins(10));
        assert_eq!(world.done, 50_000);
        let calls = (world.sent.len(), world.deletes_sent);
        assert!((calls.0 + calls.1) * 100 <= 50_000 * 21, "{calls:?} receives and deletes, {handling} ms");
        // Where the room is what is scarce, all of it is used.
        assert!(limit > 60 || world.most_in_use == limit, "{} of {limit} used", world.most_in_use);
    }
}

#[test]
fn stuck_messages_leave_the_rest_of_the_room_to_the_others() {
    for limit in [2, 7, 10, 11, 15] {
        let nature = Nature { stuck_one_in: 2, most_stuck: limit - 1, handling: ms(0), ..Nature::default() };
        let mut world = World::new(settings(limit), nature);
        world.arrive(Duration::ZERO, 500);
        world.run_until(Duration::from_mins(2));
        assert_eq!((world.stuck, world.done), (limit - 1, 500 - (limit - 1)), "of {limit}");
    }
}

#[test]
fn a_queue_that_is_full_of_what_is_in_flight_is_not_taken_for_an_empty_one() {
    let mut settings = settings(200);
    settings.share = 100;
    let nature = Nature { in_flight: 100, stuck_one_in: 1, most_stuck: 100, ..Nature::default() };
    let mut world = World::new(settings, nature);
    world.arrive(Duration::ZERO, 1_000);
    world.run_until(Duration::from_secs(35));
    assert_eq!((world.pollers.standing(), world.held()), (Standing::Limited, 100));
    let out = world.pollers.out();
    assert!(out >= 8, "{out} receives, which is what they had grown to");
    world.run_until(Duration::from_secs(95));
    let calls = world.sent_between(Duration::from_secs(35), Duration::from_secs(95));
    assert!(calls <= out * 3 && world.pollers.out() == out, "{calls} calls by {out} receives");
}
