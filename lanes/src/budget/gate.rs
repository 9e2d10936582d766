//! [`Gate`]: what else must agree before a source fetches.

use std::{fmt, sync::Arc};

use async_trait::async_trait;

use super::Amount;

/// What else must agree before a source fetches: a rate, the depth of a queue downstream.
///
/// A gate knows what passed it, not what is in flight: that is the budget's.
///
/// # Contract
///
/// - [`pass`](Gate::pass) answers between `least` and `most`; what is beyond is read as the nearer of the two.
/// - It is cancel safe: whoever gives up has taken nothing.
/// - It is live: as long as what it waits for comes, so does its answer.
///
/// ```
/// use async_trait::async_trait;
/// use tidegate_lanes::{Amount, Budget, Gate};
///
/// /// Fetches nothing while too much waits downstream.
/// #[derive(Debug)]
/// struct Depth(tokio::sync::watch::Receiver<usize>);
///
/// #[async_trait]
/// impl Gate for Depth {
///     async fn pass(&self, _least: Amount, most: Amount) -> Amount {
///         // Nobody tells the depth any more: nothing is downstream.
///         let _ = self.0.clone().wait_for(|depth| *depth < 10_000).await;
///         most
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let (depth, receiver) = tokio::sync::watch::channel(10_000);
/// let budget = Budget::new(1_000, 64 << 20).behind(Depth(receiver));
/// assert!(budget.try_reserve(10, 0).is_none());
/// depth.send_replace(9_000);
/// assert!(budget.try_reserve(10, 0).is_some());
/// # });
/// # Ok::<_, std::io::Error>(())
/// ```
#[async_trait]
pub trait Gate: Send + Sync + fmt::Debug {
    /// Waits until at least `least` may be fetched, and answers how much of `most` may.
    ///
    /// # Cancel safety
    ///
    /// By contract: whoever gives up has taken nothing.
    async fn pass(&self, least: Amount, most: Amount) -> Amount;

    /// Learns how much of what passed is not fetched after all. By default, that is ignored.
    fn unused(&self, amount: Amount) {
        let _ = amount;
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<G: Gate + ?Sized> Gate for Arc<G> {
    async fn pass(&self, least: Amount, most: Amount) -> Amount {
        (**self).pass(least, most).await
    }

    fn unused(&self, amount: Amount) {
        (**self).unused(amount);
    }
}
