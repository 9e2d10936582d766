//! [`Job`]: a message, and what its body says.

use std::sync::{Arc, OnceLock};

use serde_json::Value;
use tidegate_lanes::{Envelope, Item};
use tidegate_sqs_consumer::Message;

use crate::args::{Args, Key};

/// A message, and what its body says.
#[derive(Clone)]
pub(crate) struct Job {
    pub(crate) message: Message,
    pub(crate) key: Option<String>,
    pub(crate) version: Option<i64>,
    /// Why its body cannot be read.
    pub(crate) unreadable: Option<Arc<str>>,
    /// Whether it was stale at its turn.
    pub(crate) stale: Arc<OnceLock<()>>,
}

/// What has an order of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    Key(String),
    /// Its own.
    Message(String),
}

impl Job {
    pub(crate) fn new(args: &Args, message: Message) -> Self {
        let (key, version, unreadable) = match read(args, &message) {
            Ok((key, version)) => (key, version, None),
            Err(problem) => (None, None, Some(problem.into())),
        };
        Self { message, key, version, unreadable, stale: Arc::default() }
    }

    pub(crate) fn lane(&self) -> Lane {
        self.key.clone().map_or_else(|| Lane::Message(self.message.id().to_string()), Lane::Key)
    }
}

impl Item for Job {
    fn envelope(&self) -> Envelope {
        self.message.envelope()
    }
}

fn read(args: &Args, message: &Message) -> Result<(Option<String>, Option<i64>), String> {
    let needs_body = args.version.is_some() || matches!(args.key, Key::Pointer(_));
    let body = if needs_body {
        serde_json::from_str(message.body()).map_err(|error| format!("the body is no JSON: {error}"))?
    } else {
        Value::Null
    };
    let key = match &args.key {
        Key::Group => message.group_id().map(str::to_owned),
        Key::None => None,
        Key::Pointer(pointer) => match body.pointer(pointer) {
            Some(Value::String(text)) => Some(text.clone()),
            Some(value) => Some(value.to_string()),
            None => return Err(format!("the body has nothing at {pointer}")),
        },
    };
    let version = match &args.version {
        None => None,
        Some(pointer) => match body.pointer(pointer).and_then(Value::as_i64) {
            Some(version) => Some(version),
            None => return Err(format!("the body has no integer at {pointer}")),
        },
    };
    Ok((key, version))
}
