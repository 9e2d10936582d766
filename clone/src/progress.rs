//! [`Progress`]: where a running clone is.

/// Where a running clone is: a snapshot, cheap to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Objects found in the source so far.
    pub listed: u64,
    /// Bytes in them.
    pub bytes_listed: u64,
    /// Whether the listing has come to its end, so that `listed` is the total.
    pub list_done: bool,
    /// Objects that were in the destination as they should be.
    pub unchanged: u64,
    /// Objects copied.
    pub copied: u64,
    /// Bytes in them, and the parts that were copied of objects under way.
    pub bytes_copied: u64,
    /// Objects that are not copied, and will not be: failed, changed under way, or vanished.
    pub failed: u64,
    /// Objects being copied now.
    pub in_flight: u64,
    /// Listings in flight now.
    pub listing: u64,
    /// Requests sent, of all kinds.
    pub requests: u64,
    /// Answers that were throttles.
    pub throttled: u64,
    /// Requests sent again after a failure that was no throttle.
    pub retries: u64,
}

/// How many there are to be done, as far as it is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Total {
    /// Exactly so many.
    Known(u64),
    /// So many so far; the listing goes on.
    AtLeast(u64),
}

impl Progress {
    /// How many objects there are.
    #[must_use]
    pub fn objects(&self) -> Total {
        self.total(self.listed)
    }

    /// How many bytes there are.
    #[must_use]
    pub fn bytes(&self) -> Total {
        self.total(self.bytes_listed)
    }

    fn total(&self, listed: u64) -> Total {
        if self.list_done { Total::Known(listed) } else { Total::AtLeast(listed) }
    }
}

impl Total {
    /// The number, be it exact or not.
    #[must_use]
    pub fn count(self) -> u64 {
        match self {
            Self::Known(count) | Self::AtLeast(count) => count,
        }
    }
}
