//! A body that trickles: the `slow-body` fault.

use std::{collections::VecDeque, time::Duration};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body::{Body as _, Frame};
use http_body_util::{BodyExt, StreamBody};
use tokio::time::{Instant, sleep_until};

use crate::services::Body;

/// Into at least so many pieces the body is cut.
const PIECES: u32 = 10;

/// The same body over the given time, in pieces, each as late as its last byte is far into the body.
pub(super) fn trickle(body: Body, over: Duration) -> Body {
    let total = body.size_hint().exact();
    let pieces = stream::unfold(
        Trickle { body, over, total, start: None, sent: 0, pieces: 0, ready: VecDeque::new() },
        next,
    );
    // A client may ask again after the end.
    StreamBody::new(pieces.fuse()).boxed_unsync()
}

struct Trickle {
    body: Body,
    over: Duration,
    /// Its length, if it is known beforehand.
    total: Option<u64>,
    /// When the first of it came.
    start: Option<Instant>,
    sent: u64,
    pieces: u32,
    /// What has come of the body and waits for its time.
    ready: VecDeque<(Instant, Bytes)>,
}

type Piece = Result<Frame<Bytes>, Box<dyn std::error::Error + Send + Sync>>;

async fn next(mut trickle: Trickle) -> Option<(Piece, Trickle)> {
    while trickle.ready.is_empty() {
        let frame = match trickle.body.frame().await? {
            Ok(frame) => frame,
            Err(error) => return Some((Err(error), trickle)),
        };
        match frame.into_data() {
            Ok(data) => trickle.cut(data),
            Err(trailers) => return Some((Ok(trailers), trickle)),
        }
    }
    let (due, piece) = trickle.ready.pop_front()?;
    sleep_until(due).await;
    Some((Ok(Frame::data(piece)), trickle))
}

impl Trickle {
    /// Cuts what has come into pieces, each with its time.
    fn cut(&mut self, mut data: Bytes) {
        let most = match self.total {
            Some(total) => usize::try_from(total.div_ceil(PIECES.into())).unwrap_or(usize::MAX).max(1),
            None => data.len().max(1),
        };
        let start = *self.start.get_or_insert_with(Instant::now);
        while !data.is_empty() {
            let piece = data.split_to(most.min(data.len()));
            self.sent += piece.len() as u64;
            self.pieces += 1;
            self.ready.push_back((start + self.share(), piece));
        }
    }

    /// How much of the time belongs to what was cut so far.
    fn share(&self) -> Duration {
        let (part, whole) = match self.total {
            Some(total) => (self.sent.min(total), total.max(1)),
            None => (self.pieces.min(PIECES).into(), PIECES.into()),
        };
        let nanos = self.over.as_nanos() * u128::from(part) / u128::from(whole);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::front::full;

    #[tokio::test(start_paused = true)]
    async fn a_body_comes_whole_and_in_its_time() {
        let start = Instant::now();
        let mut body = trickle(full("0123456789abcdefghij"), Duration::from_secs(10));
        let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
        assert_eq!((first, start.elapsed()), (Bytes::from("01"), Duration::from_secs(1)));
        let rest = body.collect().await.unwrap().to_bytes();
        assert_eq!((rest, start.elapsed()), (Bytes::from("23456789abcdefghij"), Duration::from_secs(10)));
    }

    #[tokio::test(start_paused = true)]
    async fn frames_of_unknown_length_are_as_slow() {
        let start = Instant::now();
        let frames = (0..30).map(|n| Ok(Frame::data(Bytes::from(vec![n]))));
        let body = StreamBody::new(stream::iter(frames)).boxed_unsync();
        let whole = trickle(body, Duration::from_secs(10)).collect().await.unwrap().to_bytes();
        assert_eq!((whole.len(), start.elapsed()), (30, Duration::from_secs(10)));
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_body_is_as_fast_as_ever() {
        let start = Instant::now();
        assert!(trickle(full(""), Duration::from_secs(10)).collect().await.unwrap().to_bytes().is_empty());
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}
