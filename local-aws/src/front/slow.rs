//! A body that trickles: the `slow-body` fault.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::time::sleep;

use crate::services::Body;

/// In so many pieces the body comes.
const PIECES: u32 = 10;

/// The same body, in ten pieces, each after a tenth of the time.
pub(super) fn trickle(body: Body, over: Duration) -> Body {
    let pieces = stream::unfold(State::Whole(body), move |state| async move {
        let mut rest = match state {
            State::Whole(body) => match body.collect().await {
                Ok(body) => {
                    let body = body.to_bytes();
                    let piece = body.len().div_ceil(PIECES as usize);
                    (body, piece)
                }
                Err(error) => return Some((Err(error), State::Rest(Bytes::new(), 0))),
            },
            State::Rest(rest, piece) => (rest, piece),
        };
        if rest.0.is_empty() {
            return None;
        }
        sleep(over / PIECES).await;
        let piece = rest.0.split_to(rest.1.min(rest.0.len()));
        Some((Ok(Frame::data(piece)), State::Rest(rest.0, rest.1)))
    });
    // A client may ask again after the end.
    StreamBody::new(pieces.fuse()).boxed_unsync()
}

enum State {
    Whole(Body),
    Rest(Bytes, usize),
}
