//! [`Target`]: the shard to read, as requests and limits name it.

use tidegate_throttle::Call;

use crate::ShardId;

/// A shard of a stream.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    stream: String,
    shard: ShardId,
}

impl Target {
    /// Of a stream by its name or its ARN.
    pub(crate) fn new(stream: impl Into<String>, shard: ShardId) -> Self {
        Self { stream: stream.into(), shard }
    }

    /// The shard.
    #[must_use]
    pub(crate) fn shard(&self) -> &ShardId {
        &self.shard
    }

    /// The stream's name.
    #[must_use]
    pub(crate) fn stream_name(&self) -> &str {
        self.arn().and_then(|arn| arn.rsplit_once('/')).map_or(&self.stream, |(_, name)| name)
    }

    pub(super) fn arn(&self) -> Option<&str> {
        Some(&*self.stream).filter(|it| it.starts_with("arn:"))
    }

    /// The name, where there is no ARN.
    pub(super) fn name(&self) -> Option<&str> {
        self.arn().is_none().then_some(&self.stream)
    }

    /// Named as the throttle's seam names it.
    pub(super) fn call(&self, operation: &'static str, region: &str) -> Call {
        let call = Call::new("kinesis", operation).region(region.to_owned());
        let account = self.arn().and_then(|arn| arn.split(':').nth(4)).unwrap_or_default();
        call.account(account.to_owned()).resource(format!("{}/{}", self.stream_name(), self.shard))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_an_arn_draw_from_one_limit() {
        let arn = "arn:aws:kinesis:eu-west-1:123456789012:stream/orders";
        for stream in ["orders", arn] {
            let target = Target::new(stream, "shardId-7".into());
            let call = target.call("GetRecords", "eu-west-1");
            assert_eq!((call.resource_name(), call.region_name()), ("orders/shardId-7", "eu-west-1"));
            assert_eq!((target.arn().is_some(), target.name().is_some()), (stream == arn, stream != arn));
        }
    }
}
