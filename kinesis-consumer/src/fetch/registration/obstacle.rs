//! [`Obstacle`]: why there is no registered consumer.

use std::{error, fmt, sync::Arc};

use crate::fetch;

/// Why there is no registered consumer. Many who ask are told of one.
#[derive(Clone, Debug)]
pub(crate) struct Obstacle {
    kind: ObstacleKind,
    text: String,
    source: Option<Arc<dyn error::Error + Send + Sync>>,
}

/// What is in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObstacleKind {
    /// The service failed, or could not be reached, several times in a row. A retry may help.
    Unavailable,
    /// The credentials do not allow the action. A retry helps once they do.
    Denied,
    /// The stream has as many consumers as it may. A retry helps once one of them is gone.
    Limit,
    /// There is no such stream. A retry helps once there is.
    NoStream,
    /// Being made or deleted: of the consumer, found; of the stream, a retry helps soon.
    InUse,
    /// The service does not take the request. A retry does not help.
    Invalid,
}

impl ObstacleKind {
    /// Of an error code, unless it is one to try again.
    pub(super) fn of(code: &str) -> Option<Self> {
        match code {
            "ResourceNotFoundException" => Some(Self::NoStream),
            "ResourceInUseException" => Some(Self::InUse),
            "LimitExceededException" => Some(Self::Limit),
            _ => match fetch::ErrorKind::of(code)? {
                fetch::ErrorKind::Denied => Some(Self::Denied),
                _ => Some(Self::Invalid),
            },
        }
    }

    /// In one line.
    ///
    /// Source of the numbers: <https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RegisterStreamConsumer.html>
    pub(super) fn text(self, action: &str, consumer: &str, stream: &str) -> String {
        match self {
            Self::Unavailable => format!("kinesis:{action} on stream {stream} failed several times"),
            Self::Denied => format!("kinesis:{action} on stream {stream} is not allowed"),
            Self::Limit => format!(
                "consumer {consumer} cannot be registered on stream {stream}: it has as many as it may, 20 (50 with \
                 On-demand Advantage), or five others are being registered; deregister one that is not needed"
            ),
            Self::NoStream => format!("there is no stream {stream} in this account and region"),
            Self::InUse => format!("stream {stream} is being made, changed or deleted"),
            Self::Invalid => format!("kinesis:{action} on stream {stream} was refused as invalid"),
        }
    }
}

impl Obstacle {
    pub(super) fn new(kind: ObstacleKind, text: String) -> Self {
        Self { kind, text, source: None }
    }

    pub(super) fn because(self, source: impl error::Error + Send + Sync + 'static) -> Self {
        Self { source: Some(Arc::new(source)), ..self }
    }

    /// What is in the way.
    pub(crate) fn kind(&self) -> ObstacleKind {
        self.kind
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl error::Error for Obstacle {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
