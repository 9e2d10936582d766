//! [`Conditions`]: what the server allows, how long it takes and what goes wrong.

use std::time::Duration;

use clap::{Args, ValueEnum};
use tidegate_local_aws::{Fault, FaultMode, Faults, Latency, Limit, Limits, Per, Rate};

use crate::data::Data;

const WRITES: [&str; 5] = ["CopyObject", "PutObject*", "DeleteObject*", "*MultipartUpload", "UploadPart*"];

/// What the server allows, and what goes wrong.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Conditions {
    /// What is there to be cloned.
    #[arg(long, value_enum)]
    pub(crate) data: Data,
    /// Writes a second for one partition; the burst is what one second brings.
    #[arg(long)]
    pub(crate) writes: u32,
    /// What a copy takes, in milliseconds.
    #[arg(long)]
    pub(crate) copy_ms: u64,
    /// What a listing takes, in milliseconds.
    #[arg(long)]
    pub(crate) list_ms: u64,
    /// What 1 % of all requests meet.
    #[arg(long, value_enum)]
    pub(crate) fault: Option<Mode>,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mode {
    Drop,
    Error500,
    Error503,
    ErrorIn200,
    SlowBody,
    LostReply,
}

impl Mode {
    pub(crate) const ALL: [Self; 6] =
        [Self::Drop, Self::Error500, Self::Error503, Self::ErrorIn200, Self::SlowBody, Self::LostReply];

    /// As the command line and the table name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Error500 => "error500",
            Self::Error503 => "error503",
            Self::ErrorIn200 => "error-in200",
            Self::SlowBody => "slow-body",
            Self::LostReply => "lost-reply",
        }
    }

    fn fault(self) -> FaultMode {
        match self {
            Self::Drop => FaultMode::Drop,
            Self::Error500 => FaultMode::Error500,
            Self::Error503 => FaultMode::Error503,
            Self::ErrorIn200 => FaultMode::ErrorIn200,
            Self::SlowBody => FaultMode::SlowBody,
            Self::LostReply => FaultMode::LostReply,
        }
    }
}

impl Conditions {
    /// S3's two buckets per partition, with reads as documented.
    pub(crate) fn limits(self) -> Limits {
        let limit = |actions: &[&str], rate| {
            Limit::new("s3", actions.iter().copied(), Rate::per_second(rate), rate)
                .per(Per::S3Partition)
                .error(503, "SlowDown", "Please reduce your request rate.")
        };
        Limits::none().with(limit(&WRITES, self.writes)).with(limit(&["*"], 5_500))
    }

    pub(crate) fn latency(self) -> Latency {
        let millis = |time| Duration::from_millis(time).into();
        Latency::none()
            .with("s3", ["CopyObject"], millis(self.copy_ms))
            .with("s3", ["ListObjectsV2", "ListObjects"], millis(self.list_ms))
            .with("s3", ["*"], millis(20))
            .throttled(millis(5))
    }

    pub(crate) fn faults(self) -> Faults {
        self.fault.map_or_else(Faults::none, |mode| {
            Faults::none().with(Fault::new(mode.fault(), 0.01).over(Duration::from_secs(3)))
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::Mode;

    #[test]
    fn the_command_line_knows_every_name() {
        for mode in Mode::ALL {
            assert_eq!(Mode::from_str(mode.name(), false), Ok(mode));
        }
    }
}
