//! [`Committed`] and [`Turn`]: what is stored of a key, and what that makes of a message.

/// What is stored of a key: its version, and whether what followed from it was published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Committed<V> {
    /// The version of its state.
    pub version: V,
    /// Whether what followed from that version was published: written down after it was.
    pub published: bool,
}

/// What a message is, at its turn, beside what is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Turn {
    /// It is newer than all that is committed: it is to be processed.
    Fresh,
    /// Something newer is committed: it is to be acknowledged, and nothing else.
    Stale,
    /// It is what is committed, and that is published: it is to be acknowledged, and nothing else.
    Duplicate,
    /// What is committed was perhaps never published: that is to be published first, from what is stored, and the message
    /// judged again. Were a newer version stored before, it never would be.
    PublishAgain,
}

impl Turn {
    /// Judges a message of this version by what is committed of its key.
    ///
    /// ```
    /// use tidegate_sqs_consumer::version::{Committed, Turn};
    ///
    /// let published = Some(Committed { version: 5, published: true });
    /// assert_eq!([4, 5, 6].map(|it| Turn::of(it, published)), [Turn::Stale, Turn::Duplicate, Turn::Fresh]);
    ///
    /// let unpublished = Some(Committed { version: 5, published: false });
    /// assert_eq!([4, 5, 6].map(|it| Turn::of(it, unpublished)), [Turn::Stale, Turn::PublishAgain, Turn::PublishAgain]);
    ///
    /// assert_eq!(Turn::of(1, None), Turn::Fresh);
    /// ```
    #[must_use]
    pub fn of<V: Ord + Copy>(version: V, committed: Option<Committed<V>>) -> Self {
        match committed {
            // The message of the newer one is not acknowledged before that is published.
            Some(it) if version < it.version => Self::Stale,
            Some(it) if !it.published => Self::PublishAgain,
            Some(it) if version == it.version => Self::Duplicate,
            None | Some(_) => Self::Fresh,
        }
    }
}
