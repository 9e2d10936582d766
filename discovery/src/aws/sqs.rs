//! SQS.

mod queue;
mod url;

pub use self::queue::{Queue, Queues, RedriveAllowPolicy, RedrivePolicy};
