//! [`Bisect`]: which part of a failing batch to run next.

use std::ops::Range;

/// Which part of a failing batch to run next, until each item that makes it fail is alone.
///
/// Parts run in the order of the batch, and an item runs until it succeeded or was [found](Bisect::failed). Of n items, k that
/// always fail take at most 2 k (log₂ n + 1) + 1 runs.
///
/// ```
/// use tidegate_lanes::Bisect;
///
/// let mut bisect = Bisect::new(100);
/// let mut runs = 0;
/// while let Some(part) = bisect.next() {
///     runs += 1;
///     if !part.contains(&42) {
///         bisect.succeeded();
///     } else if let Some(poison) = bisect.failed() {
///         assert_eq!(poison, 42);
///         bisect.succeeded(); // once it is in the dead letters
///     }
/// }
/// assert!(runs <= 15);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bisect {
    /// What is to run; the next is the last.
    parts: Vec<Range<usize>>,
}

impl Bisect {
    /// A batch of so many items, which runs as a whole at first.
    #[must_use]
    pub fn new(len: usize) -> Self {
        let whole = 0..len;
        Self { parts: if len == 0 { Vec::new() } else { vec![whole] } }
    }

    /// The part to run now; `None` when all of it is done.
    #[must_use]
    pub fn next(&self) -> Option<Range<usize>> {
        self.parts.last().cloned()
    }

    /// The part is done with.
    pub fn succeeded(&mut self) {
        self.parts.pop();
    }

    /// The part failed. If it is a single item, that is the answer, and it stays the next part until it is done with; else its
    /// halves are next, the first one first.
    pub fn failed(&mut self) -> Option<usize> {
        let part = self.parts.pop()?;
        if part.len() == 1 {
            let poison = part.start;
            self.parts.push(part);
            return Some(poison);
        }
        let middle = part.start + part.len() / 2;
        self.parts.extend([middle..part.end, part.start..middle]);
        None
    }

    /// Of the part, these failed, and all others are done with. Each that failed is now a part of its own; what is
    /// not in the part is passed over.
    pub fn failed_only(&mut self, failed: impl IntoIterator<Item = usize>) {
        let Some(part) = self.parts.pop() else { return };
        let mut failed: Vec<_> = failed.into_iter().filter(|it| part.contains(it)).collect();
        failed.sort_unstable();
        failed.dedup();
        self.parts.extend(failed.into_iter().rev().map(|it| it..it + 1));
    }
}
