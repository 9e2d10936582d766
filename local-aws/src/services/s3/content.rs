//! The content of an object: bytes, or the description of bytes that are made when they are read.

use std::{num::NonZeroU64, ops::Range, sync::Arc};

use bytes::Bytes;
use md5::{Digest as _, Md5};

/// 16 bytes that two contents share if, and only if, they are equal: the MD5 of real bytes, and for
/// synthetic ones a hash of their description.
pub(crate) type Identity = [u8; 16];

/// What an object, or a part of one, holds. A million objects have one each, so it is as small as its bytes.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    Bytes(Bytes),
    Made(Made),
}

/// A content that is not in memory, or not in one stretch.
#[derive(Clone, Debug)]
pub(crate) enum Made {
    Run(Run),
    Joined(Arc<[Piece]>),
}

/// A stretch of content.
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Bytes(Bytes),
    Run(Run),
}

/// A stretch of the endless stream of synthetic bytes that a seed stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    seed: u64,
    offset: u64,
    len: NonZeroU64,
}

impl Content {
    pub(crate) const fn bytes(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }

    /// The first `len` bytes of the seed's stream. Nothing is nothing, whatever its seed.
    pub(crate) fn synthetic(seed: u64, len: u64) -> Self {
        match NonZeroU64::new(len) {
            None => Self::Bytes(Bytes::new()),
            Some(len) => Self::Made(Made::Run(Run { seed, offset: 0, len })),
        }
    }

    /// Contents one after another. Stretches of one stream that touch become one, so that the parts of a
    /// copy add up to what was copied.
    pub(crate) fn join(contents: impl IntoIterator<Item = Self>) -> Self {
        let mut joined: Vec<Piece> = Vec::new();
        for content in contents {
            for piece in content.pieces() {
                match (joined.last_mut(), piece) {
                    (_, piece) if piece.len() == 0 => {}
                    (Some(Piece::Run(last)), Piece::Run(next)) if last.touches(next) => {
                        last.len = last.len.saturating_add(next.len.get());
                    }
                    (_, piece) => joined.push(piece),
                }
            }
        }
        match joined.len() {
            0 => Self::Bytes(Bytes::new()),
            1 => joined.pop().map_or_else(|| Self::Bytes(Bytes::new()), Self::from),
            _ => Self::Made(Made::Joined(joined.into())),
        }
    }

    /// One of its stretches.
    pub(crate) fn piece(&self, at: usize) -> Option<Piece> {
        match self {
            Self::Bytes(bytes) => (at == 0).then(|| Piece::Bytes(bytes.clone())),
            Self::Made(Made::Run(run)) => (at == 0).then_some(Piece::Run(*run)),
            Self::Made(Made::Joined(pieces)) => pieces.get(at).cloned(),
        }
    }

    fn pieces(&self) -> impl Iterator<Item = Piece> {
        (0..).map_while(|at| self.piece(at))
    }

    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Made(Made::Run(run)) => run.len.get(),
            Self::Made(Made::Joined(pieces)) => pieces.iter().map(Piece::len).sum(),
        }
    }

    /// Whether all of it is real.
    pub(crate) fn is_real(&self) -> bool {
        self.pieces().all(|piece| matches!(piece, Piece::Bytes(_)))
    }

    /// A part of it, clamped to what is there.
    pub(crate) fn slice(&self, range: Range<u64>) -> Self {
        let mut start = 0;
        let parts = self.pieces().filter_map(|piece| {
            let (from, to) = (start, start + piece.len());
            start = to;
            let cut = range.start.max(from)..range.end.min(to);
            (cut.start < cut.end).then(|| piece.slice(cut.start - from..cut.end - from))
        });
        Self::join(parts)
    }

    pub(crate) fn identity(&self) -> Identity {
        if self.is_real() {
            let mut hasher = Md5::new();
            self.each_bytes(|bytes| hasher.update(bytes));
            return hasher.finalize().into();
        }
        if let Self::Made(Made::Run(run)) = self {
            return run.identity();
        }
        let mut described = Md5::new_with_prefix(b"synthetic");
        let mut real: Option<(u64, Md5)> = None;
        for piece in self.pieces() {
            match piece {
                // Where real bytes were cut is no part of what they are.
                Piece::Bytes(bytes) => {
                    let (len, hasher) = real.get_or_insert_with(|| (0, Md5::new()));
                    *len += bytes.len() as u64;
                    hasher.update(&bytes);
                }
                Piece::Run(run) => {
                    describe_bytes(&mut described, real.take());
                    described.update([1]);
                    described.update(run.identity());
                }
            }
        }
        describe_bytes(&mut described, real);
        described.finalize().into()
    }

    /// Shows the real bytes, in order.
    pub(crate) fn each_bytes(&self, mut see: impl FnMut(&Bytes)) {
        for piece in self.pieces() {
            if let Piece::Bytes(bytes) = piece {
                see(&bytes);
            }
        }
    }
}

fn describe_bytes(described: &mut Md5, real: Option<(u64, Md5)>) {
    if let Some((len, hasher)) = real {
        described.update([0]);
        described.update(len.to_le_bytes());
        described.update(hasher.finalize());
    }
}

impl From<Piece> for Content {
    fn from(piece: Piece) -> Self {
        match piece {
            Piece::Bytes(bytes) => Self::Bytes(bytes),
            Piece::Run(run) => Self::Made(Made::Run(run)),
        }
    }
}

impl Piece {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Run(run) => run.len.get(),
        }
    }

    /// The caller has clamped the range.
    fn slice(&self, range: Range<u64>) -> Content {
        match self {
            Self::Bytes(bytes) => Content::Bytes(bytes.slice(index(range.start)..index(range.end))),
            Self::Run(run) => match NonZeroU64::new(range.end - range.start) {
                None => Content::Bytes(Bytes::new()),
                Some(len) => {
                    Content::Made(Made::Run(Run { offset: run.offset + range.start, len, seed: run.seed }))
                }
            },
        }
    }
}

impl Run {
    fn touches(self, next: Self) -> bool {
        self.seed == next.seed && self.offset + self.len.get() == next.offset
    }

    /// Each step is a permutation, so that runs which differ in one number differ here for certain.
    fn identity(self) -> Identity {
        let half = |lane| {
            [self.seed, self.offset, self.len.get()]
                .into_iter()
                .fold(lane, |hash, number| mix(hash ^ number, lane))
        };
        ((u128::from(half(0)) << 64) | u128::from(half(1))).to_be_bytes()
    }

    /// Makes the bytes from `at` on, `len` of them.
    pub(crate) fn make(self, at: u64, len: usize) -> Bytes {
        let from = self.offset + at;
        let skip = index(from % 8);
        let words = (skip + len).div_ceil(8) as u64;
        let mut bytes = Vec::with_capacity(index(words * 8));
        for word in from / 8..from / 8 + words {
            bytes.extend_from_slice(&mix(self.seed, word).to_le_bytes());
        }
        Bytes::from(bytes).slice(skip..skip + len)
    }
}

/// One step of splitmix64, at any place of its sequence.
fn mix(seed: u64, place: u64) -> u64 {
    let mut word = seed.wrapping_add(place.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15));
    word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

/// A length that fits, as it counts bytes in memory.
fn index(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(content: &Content) -> Vec<u8> {
        let mut read = Vec::new();
        for piece in content.pieces() {
            match piece {
                Piece::Bytes(bytes) => read.extend_from_slice(&bytes),
                Piece::Run(run) => read.extend_from_slice(&run.make(0, index(run.len.get()))),
            }
        }
        read
    }

    fn content() -> impl Strategy<Value = Content> {
        let piece = prop_oneof![
            prop::collection::vec(any::<u8>(), 0..20).prop_map(|bytes| Content::bytes(bytes.into())),
            (0..3_u64, 0..40_u64).prop_map(|(seed, len)| Content::synthetic(seed, len)),
        ];
        prop::collection::vec(piece, 0..5).prop_map(Content::join)
    }

    proptest! {
        #[test]
        fn parts_that_tile_a_content_join_to_it(whole in content(), cuts in prop::collection::vec(0..200_u64, 0..6)) {
            let len = whole.len();
            let mut cuts: Vec<u64> = cuts.into_iter().map(|cut| cut.min(len)).chain([0, len]).collect();
            cuts.sort_unstable();
            let parts: Vec<Content> = cuts.windows(2).map(|cut| whole.slice(cut[0]..cut[1])).collect();
            let joined = Content::join(parts);
            prop_assert_eq!(joined.identity(), whole.identity());
            prop_assert_eq!(read(&joined), read(&whole));
        }

        #[test]
        fn a_slice_reads_as_the_bytes_do(whole in content(), start in 0..100_u64, len in 0..100_u64) {
            let bytes = read(&whole);
            let from = index(start).min(bytes.len());
            let to = index(start + len).min(bytes.len());
            prop_assert_eq!(read(&whole.slice(start..start + len)), &bytes[from..to]);
        }

        #[test]
        fn synthetic_contents_are_equal_if_size_and_seed_are(a in (0..3_u64, 1..3_u64), b in (0..3_u64, 1..3_u64)) {
            let identity = |(seed, len)| Content::synthetic(seed, len).identity();
            prop_assert_eq!(identity(a) == identity(b), a == b);
        }
    }

    #[test]
    fn nothing_is_the_same_nothing() {
        let md5_of_nothing: Identity = Md5::digest(b"").into();
        assert_eq!(Content::synthetic(7, 0).identity(), md5_of_nothing);
        assert_eq!(Content::synthetic(7, 9).slice(4..4).identity(), md5_of_nothing);
    }
}
