//! [`Waiting`]: the messages of one key, of which only the newest has to be processed.

use std::collections::BTreeMap;

/// The messages of one key that wait, where only the newest has to be processed: it is conflated.
///
/// The others stay until a version that covers them is stored. Should the newest fail, they are there still.
///
/// ```
/// use tidegate_sqs_consumer::version::Waiting;
///
/// let mut waiting = Waiting::new();
/// for version in [4, 6, 5] {
///     waiting.push(version, format!("message {version}"));
/// }
/// assert_eq!(waiting.take_newest(), Some((6, "message 6".to_owned())));
/// waiting.push(7, "message 7".to_owned()); // while 6 is processed
///
/// // 6 is stored: these are to be acknowledged.
/// assert_eq!(waiting.take_covered(6), ["message 4", "message 5"]);
/// assert_eq!(waiting.take_newest(), Some((7, "message 7".to_owned())));
/// ```
#[derive(Clone, Debug)]
pub struct Waiting<V, M> {
    versions: BTreeMap<V, Vec<M>>,
}

impl<V: Ord + Copy, M> Waiting<V, M> {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Self { versions: BTreeMap::new() }
    }

    /// A message has come, or is given back after a failure.
    pub fn push(&mut self, version: V, message: M) {
        self.versions.entry(version).or_default().push(message);
    }

    /// The message that is to be processed next.
    pub fn take_newest(&mut self) -> Option<(V, M)> {
        let mut newest = self.versions.last_entry()?;
        let version = *newest.key();
        let message = newest.get_mut().pop()?;
        if newest.get().is_empty() {
            newest.remove();
        }
        Some((version, message))
    }

    /// This version is stored: those that it covers, oldest first, are to be acknowledged. Those of the version itself wait
    /// on, since it may not be published yet.
    pub fn take_covered(&mut self, stored: V) -> Vec<M> {
        let rest = self.versions.split_off(&stored);
        std::mem::replace(&mut self.versions, rest).into_values().flatten().collect()
    }

    /// All that wait, the oldest version first.
    #[must_use]
    pub fn into_messages(self) -> Vec<M> {
        self.versions.into_values().flatten().collect()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.versions.is_empty()
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.versions.values().map(Vec::len).sum()
    }
}

impl<V: Ord + Copy, M> Default for Waiting<V, M> {
    fn default() -> Self {
        Self::new()
    }
}
