//! [`Reading`]: how a shard is read, and what its reader waits for.

/// How a shard is read, and what its reader waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reading {
    /// By `GetRecords`.
    Polling,
    /// By enhanced fan-out: it waits until the consumer is registered and active.
    Registering,
    /// By enhanced fan-out: it waits for its subscription. A shard can be subscribed to again five seconds after it
    /// was, and not while another process does.
    Subscribing,
    /// By enhanced fan-out: records come as they are written.
    Subscribed,
    /// By enhanced fan-out: records that came wait for room, because handlers are slow. The subscription was given
    /// up meanwhile.
    Full,
}
