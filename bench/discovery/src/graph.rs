//! [`Graph`]: a graph with circles, the same for the same seed.

use fastrand::Rng;

/// What each resource refers to, in number.
pub(crate) const DEGREE: u32 = 4;

/// A graph with circles: one in ten references is to one of a few hubs, and some are to themselves.
pub(crate) struct Graph {
    to: Vec<[u32; DEGREE as usize]>,
    reachable: usize,
}

impl Graph {
    pub(crate) fn new(nodes: u32, seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let hubs = (nodes / 1_000).max(1);
        let to: Vec<_> = (0..nodes)
            .map(|node| {
                let mut to = [(); DEGREE as usize].map(|()| match rng.u32(0..10) {
                    0 => rng.u32(0..hubs),
                    _ => rng.u32(0..nodes),
                });
                // A ring, so that all of it can be reached.
                to[0] = (node + 1) % nodes;
                to
            })
            .collect();
        let reachable = to.len();
        Self { to, reachable }
    }

    /// How many can be reached from the first.
    pub(crate) fn reachable(&self) -> usize {
        self.reachable
    }

    pub(crate) fn to(&self, node: u32) -> &[u32] {
        &self.to[node as usize]
    }
}
