//! [`assign`]: which worker is to have which lease.

use std::{cmp::Reverse, collections::BTreeMap};

use super::rank::{rank, scatter};
use crate::{ShardId, lease::WorkerId};

/// The workers among which leases are shared out, with their weights.
pub(super) type Weights<'a> = BTreeMap<&'a WorkerId, u32>;

/// A live lease, and who has it. The holder is one of the workers, or nobody.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot<'a> {
    pub(super) key: &'a ShardId,
    pub(super) holder: Option<&'a WorkerId>,
}

/// Which leases change hands, and to whom. Everyone who knows the same comes to the same.
///
/// Each worker gets its weighted share to within one lease. Who has one lease more than the whole part of its
/// share keeps it, as long as there are such leases: so nothing moves to and fro.
pub(super) fn assign<'a>(slots: &[Slot<'a>], weights: &Weights<'a>) -> BTreeMap<&'a ShardId, &'a WorkerId> {
    let held = held(slots, weights);
    let quotas = quotas(slots.len(), &held, weights);

    // What nobody has, and what is above somebody's quota, goes to those who are below theirs.
    let mut above: BTreeMap<_, _> =
        held.iter().map(|(worker, held)| (*worker, held.saturating_sub(quotas[worker]))).collect();
    let mut below: BTreeMap<_, _> =
        held.iter().map(|(worker, held)| (*worker, quotas[worker].saturating_sub(*held))).collect();
    let mut order = slots.to_vec();
    order.sort_by_key(|slot| (slot.holder.is_some(), scatter(slot.key), slot.key));

    let mut moves = BTreeMap::new();
    for slot in order {
        if let Some(holder) = slot.holder {
            match above.get_mut(holder) {
                Some(above) if *above > 0 => *above -= 1,
                _ => continue,
            }
        }
        let wanting = below.iter_mut().filter(|(_, wants)| **wants > 0);
        let Some((worker, wants)) = wanting.max_by_key(|(worker, _)| (rank(worker, slot.key), **worker))
        else {
            break;
        };
        *wants -= 1;
        moves.insert(slot.key, *worker);
    }
    moves
}

/// How many leases each worker is to have.
fn quotas<'a>(
    leases: usize,
    held: &BTreeMap<&'a WorkerId, usize>,
    weights: &Weights<'a>,
) -> BTreeMap<&'a WorkerId, usize> {
    // Where nobody asks for any, all ask for the same.
    let none = weights.values().all(|weight| *weight == 0);
    let weight = |worker: &WorkerId| if none { 1 } else { u128::from(weights[worker]) };
    let total: u128 = weights.keys().map(|worker| weight(worker)).sum();
    let leases = leases as u128;
    // No quota is above the number of leases, which is a usize.
    let whole = |worker: &WorkerId| usize::try_from(leases * weight(worker) / total).unwrap_or(usize::MAX);
    let mut quotas: BTreeMap<_, _> = weights.keys().map(|worker| (*worker, whole(worker))).collect();

    let mut rest: Vec<_> =
        weights.keys().copied().filter(|worker| !(leases * weight(worker)).is_multiple_of(total)).collect();
    rest.sort_by_key(|worker| {
        let has_one_more = held[worker] > quotas[worker];
        (Reverse(has_one_more), Reverse(leases * weight(worker) % total), *worker)
    });
    let given: u128 = quotas.values().map(|quota| *quota as u128).sum();
    let left = usize::try_from(leases.saturating_sub(given)).unwrap_or(usize::MAX);
    for worker in rest.into_iter().take(left) {
        *quotas.entry(worker).or_default() += 1;
    }
    quotas
}

fn held<'a>(slots: &[Slot<'a>], weights: &Weights<'a>) -> BTreeMap<&'a WorkerId, usize> {
    let mut held: BTreeMap<_, _> = weights.keys().map(|worker| (*worker, 0)).collect();
    for holder in slots.iter().filter_map(|slot| slot.holder) {
        if let Some(held) = held.get_mut(holder) {
            *held += 1;
        }
    }
    held
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Owners = BTreeMap<ShardId, Option<WorkerId>>;

    fn moves(owners: &Owners, weights: &BTreeMap<WorkerId, u32>) -> BTreeMap<ShardId, WorkerId> {
        let slots: Vec<_> =
            owners.iter().map(|(key, holder)| Slot { key, holder: holder.as_ref() }).collect();
        let weights = weights.iter().map(|(worker, weight)| (worker, *weight)).collect();
        assign(&slots, &weights).into_iter().map(|(key, worker)| (key.clone(), worker.clone())).collect()
    }

    fn fleet() -> impl Strategy<Value = (Owners, BTreeMap<WorkerId, u32>)> {
        (1_usize..20).prop_flat_map(|workers| {
            let weights = prop::collection::vec(0_u32..5, workers);
            let owners = prop::collection::vec(prop::option::of(0..workers), 1..300);
            (owners, weights).prop_map(|(owners, weights)| {
                let name = |index: usize| WorkerId::from(format!("worker-{index}"));
                let weights = weights.into_iter().enumerate().map(|(i, weight)| (name(i), weight)).collect();
                let owner = |(i, owner): (usize, Option<usize>)| {
                    (ShardId::from(format!("shardId-{i:012}")), owner.map(name))
                };
                (owners.into_iter().enumerate().map(owner).collect(), weights)
            })
        })
    }

    proptest! {
        /// One round is enough, after it nothing moves, and each has its share to within one.
        #[test]
        fn one_round_settles((mut owners, weights) in fleet()) {
            for (key, worker) in moves(&owners, &weights) {
                prop_assert_ne!(owners.insert(key, Some(worker.clone())), Some(Some(worker)));
            }
            prop_assert!(owners.values().all(Option::is_some));
            prop_assert!(moves(&owners, &weights).is_empty());

            let none = weights.values().all(|weight| *weight == 0);
            let weight = |worker| if none { 1 } else { weights[worker] as usize };
            let total: usize = weights.keys().map(weight).sum();
            for worker in weights.keys() {
                let has = owners.values().flatten().filter(|owner| *owner == worker).count();
                let whole = owners.len() * weight(worker) / total;
                prop_assert!((whole..=whole + 1).contains(&has), "{worker} has {has}, share {whole}");
            }
        }

        /// No more moves than leases that have to.
        #[test]
        fn nobody_below_gives_and_nobody_above_gets((owners, weights) in fleet()) {
            let moves = moves(&owners, &weights);
            for (key, worker) in &moves {
                if let Some(from) = &owners[key] {
                    prop_assert!(!moves.values().any(|to| to == from), "{from} gives and gets");
                    prop_assert_ne!(from, worker);
                }
            }
        }
    }
}
