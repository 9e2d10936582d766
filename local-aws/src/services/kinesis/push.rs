//! The event stream of a subscription: it waits, writes events as they are decided, and ends.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::header;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::time::timeout;

use super::{
    call::Meter,
    create::Nothing,
    failure::Failure,
    get_records::push_records,
    region::Region,
    subscribe::{Event, Push, Subscription},
};
use crate::{
    services::{Flow, Gate, Response, Scope, clock::Clock},
    wire::{codec::Codec, timestamp::Timestamp},
};

type Error = Box<dyn std::error::Error + Send + Sync>;

/// All that a subscription needs while it lives.
pub(super) struct Pusher {
    pub(super) subscription: Subscription,
    pub(super) region: Arc<Mutex<Region>>,
    pub(super) scope: Scope,
    pub(super) gate: Arc<dyn Gate>,
    pub(super) clock: Clock,
    pub(super) codec: Codec,
}

/// The answer: a body that lasts as long as the subscription.
pub(super) fn answer(pusher: Pusher) -> Response {
    let codec = pusher.codec;
    let first = message(codec, "event", ":event-type", "initial-response", codec.write(&Nothing {}));
    let events = stream::unfold(pusher, next);
    let frames = stream::iter([first]).chain(events).map(|frame| frame.map(Frame::data));
    // A client may ask again after the end.
    let mut response = Response::new(StreamBody::new(frames.fuse()).boxed_unsync());
    let kind = http::HeaderValue::from_static("application/vnd.amazon.eventstream");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

async fn next(mut pusher: Pusher) -> Option<(Result<Bytes, Error>, Pusher)> {
    let (codec, wake) = (pusher.codec, Arc::clone(pusher.subscription.wake()));
    loop {
        // Before the look, so that nothing is missed between the look and the wait.
        let woken = wake.notified();
        tokio::pin!(woken);
        woken.as_mut().enable();
        let now = Timestamp::from(pusher.clock.now());
        let frame = match pusher.decide(now) {
            Push::Event(event) => {
                message(codec, "event", ":event-type", "SubscribeToShardEvent", write(&event, codec))
            }
            Push::Fail(failure) => exception(codec, &failure),
            Push::End => return None,
            Push::Wait(until) => {
                // Time is told in whole milliseconds; what is due within one is not yet due.
                let _ = timeout(until.since(now).max(Duration::from_millis(1)), woken).await;
                continue;
            }
        };
        return Some((frame, pusher));
    }
}

impl Pusher {
    fn decide(&mut self, now: Timestamp) -> Push {
        let meter = Meter::new(&*self.gate, &self.scope, "SubscribeToShard");
        let resource = self.subscription.resource();
        let pay = |records: usize, bytes: usize| {
            let flow = Flow { records: records as u64, bytes: bytes as u64, may_owe: true };
            meter.pass(|| resource, flow).map_err(|shut| shut.wait)
        };
        let mut region = self.region.lock().unwrap_or_else(PoisonError::into_inner);
        self.subscription.next(&mut region, now, pay)
    }
}

fn write(event: &Event, codec: Codec) -> Bytes {
    if codec == Codec::Cbor {
        return codec.write(event);
    }
    let mut out = b"{\"Records\":".to_vec();
    push_records(&event.records, &mut out);
    out.push(b',');
    // The other members follow, without the brace before them.
    out.extend_from_slice(codec.write(&event.rest).get(1..).unwrap_or_default());
    out.into()
}

fn exception(codec: Codec, failure: &Failure) -> Result<Bytes, Error> {
    #[derive(serde::Serialize)]
    struct Told<'a> {
        message: &'a str,
    }
    let body = codec.write(&Told { message: &failure.message });
    message(codec, "exception", ":exception-type", &failure.code, body)
}

fn message(codec: Codec, kind: &str, name: &'static str, value: &str, body: Bytes) -> Result<Bytes, Error> {
    let text = |text: &str| HeaderValue::String(text.to_owned().into());
    let message = Message::new(body)
        .add_header(Header::new(name, text(value)))
        .add_header(Header::new(":content-type", text(codec.content_type())))
        .add_header(Header::new(":message-type", text(kind)));
    let mut frame = Vec::new();
    write_message_to(&message, &mut frame)?;
    Ok(frame.into())
}
