//! The stream that reads a content, chunk by chunk.

use std::{
    error::Error,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::Stream;
use s3s::stream::{ByteStream, RemainingLength};

use super::content::{Content, Piece};

/// As much of a synthetic content as is in memory at once.
const CHUNK: u64 = 64 * 1024;

/// Reads a content from its start to its end.
#[derive(Debug)]
pub(crate) struct Reader {
    content: Content,
    piece: usize,
    at: u64,
    remaining: u64,
}

impl Reader {
    pub(crate) fn new(content: Content) -> Self {
        let remaining = content.len();
        Self { content, piece: 0, at: 0, remaining }
    }

    fn read(&mut self) -> Option<Bytes> {
        loop {
            let piece = self.content.piece(self.piece)?;
            let left = piece.len() - self.at;
            if left == 0 {
                self.piece += 1;
                self.at = 0;
                continue;
            }
            let chunk = match piece {
                // The whole piece at once: it is read at 0 only, and is in memory already.
                Piece::Bytes(bytes) => bytes,
                Piece::Run(run) => run.make(self.at, usize::try_from(left.min(CHUNK)).unwrap_or_default()),
            };
            self.at += chunk.len() as u64;
            self.remaining -= chunk.len() as u64;
            return Some(chunk);
        }
    }
}

impl Stream for Reader {
    type Item = Result<Bytes, Box<dyn Error + Send + Sync>>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.read().map(Ok))
    }
}

impl ByteStream for Reader {
    fn remaining_length(&self) -> RemainingLength {
        RemainingLength::new_exact(usize::try_from(self.remaining).unwrap_or(usize::MAX))
    }
}
