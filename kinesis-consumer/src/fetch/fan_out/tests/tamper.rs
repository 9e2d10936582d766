//! [`Tamper`]: what becomes of answers on their way.

use std::{
    mem,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_kinesis::config::{
    ConfigBag, Intercept, RuntimeComponents,
    http::HttpResponse,
    interceptors::{BeforeDeserializationInterceptorContextMut, BeforeTransmitInterceptorContextRef},
};
use aws_smithy_types::body::SdkBody;
use futures_util::{StreamExt as _, stream};
use http_body_util::{BodyExt as _, StreamBody};
use tokio::time::sleep;

type Problem = Box<dyn std::error::Error + Send + Sync>;

/// What becomes of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It ends after so many events.
    End(usize),
    /// Its connection breaks after so many events.
    Break(usize),
    /// It says no more after so many events.
    Silence(usize),
}

/// Tampers with answers. Clones are handles to one.
#[derive(Clone, Debug, Default)]
pub(super) struct Tamper {
    /// What becomes of the next subscriptions, the last of these first. Others are left alone.
    pub(super) fates: Arc<Mutex<Vec<Fate>>>,
    /// The operation that is denied.
    pub(super) denied: Arc<Mutex<&'static str>>,
    /// The last one that was sent: where something is denied, one at a time is.
    sent: Arc<Mutex<String>>,
}

impl Intercept for Tamper {
    fn name(&self) -> &'static str {
        "tamper"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), Problem> {
        let action = context.request().headers().get("x-amz-target");
        action.unwrap_or_default().clone_into(&mut self.sent.lock().unwrap());
        Ok(())
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), Problem> {
        let denied = *self.denied.lock().unwrap();
        if !denied.is_empty() && self.sent.lock().unwrap().ends_with(denied) {
            let body = r#"{"__type":"AccessDeniedException","message":"not authorized to perform it"}"#;
            *context.response_mut() = HttpResponse::new(400.try_into()?, SdkBody::from(body));
        }
        let kind = context.response().headers().get("content-type");
        let is_open = kind == Some("application/vnd.amazon.eventstream");
        if let Some(fate) = is_open.then(|| self.fates.lock().unwrap().pop()).flatten() {
            let body = mem::replace(context.response_mut().body_mut(), SdkBody::taken());
            *context.response_mut().body_mut() = meet(body, fate);
        }
        Ok(())
    }
}

/// The body until it meets its fate. Each event is a frame, and the first frame is none.
fn meet(body: SdkBody, fate: Fate) -> SdkBody {
    let frames = stream::unfold((body, 0), move |(mut body, passed)| async move {
        let (Fate::End(events) | Fate::Break(events) | Fate::Silence(events)) = fate;
        if passed > events {
            match fate {
                Fate::End(_) => return None,
                Fate::Break(_) => return Some((Err(Problem::from("broken")), (body, passed))),
                Fate::Silence(_) => sleep(Duration::from_hours(1)).await,
            }
        }
        let frame = body.frame().await?;
        Some((frame, (body, passed + 1)))
    });
    SdkBody::from_body_1_x(StreamBody::new(Box::pin(frames.fuse())))
}
