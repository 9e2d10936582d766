//! [`Call`]: what is about to be called, in plain strings.

use std::{borrow::Cow, fmt, num::NonZeroU32};

use tokio::time::Instant;

/// What is about to be called: the limit that it falls under, and what it costs there.
///
/// Two calls that differ in nothing but cost, class and deadline fall under one limit.
///
/// ```
/// use tidegate_throttle::Call;
///
/// let call = Call::new("ec2", "DescribeInstances").region("eu-west-1").account("123456789012");
/// assert_eq!(call.to_string(), "123456789012 eu-west-1 ec2 DescribeInstances");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    account: Cow<'static, str>,
    region: Cow<'static, str>,
    service: Cow<'static, str>,
    operation: Cow<'static, str>,
    resource: Cow<'static, str>,
    cost: NonZeroU32,
    class: Class,
    deadline: Option<Instant>,
}

impl Call {
    /// A call of `operation` of `service`, both as the AWS SDK spells them; empty strings elsewhere, cost
    /// 1, [`Class::Request`].
    pub fn new(service: impl Into<Cow<'static, str>>, operation: impl Into<Cow<'static, str>>) -> Self {
        Self {
            account: Cow::Borrowed(""),
            region: Cow::Borrowed(""),
            service: service.into(),
            operation: operation.into(),
            resource: Cow::Borrowed(""),
            cost: NonZeroU32::MIN,
            class: Class::Request,
            deadline: None,
        }
    }

    /// The account whose limit it is. Default: empty, one account.
    #[must_use]
    pub fn account(mut self, account: impl Into<Cow<'static, str>>) -> Self {
        self.account = account.into();
        self
    }

    /// The region whose limit it is. Default: empty, one region.
    #[must_use]
    pub fn region(mut self, region: impl Into<Cow<'static, str>>) -> Self {
        self.region = region.into();
        self
    }

    /// The resource whose limit it is, where AWS counts per resource: a bucket and prefix, a shard.
    /// Default: empty, none.
    #[must_use]
    pub fn resource(mut self, resource: impl Into<Cow<'static, str>>) -> Self {
        self.resource = resource.into();
        self
    }

    /// How many tokens of the limit it takes. Default: 1.
    #[must_use]
    pub fn cost(mut self, tokens: NonZeroU32) -> Self {
        self.cost = tokens;
        self
    }

    /// How the call behaves while it is in flight. Default: [`Class::Request`].
    #[must_use]
    pub fn class(mut self, class: Class) -> Self {
        self.class = class;
        self
    }

    /// When whoever waits for the call gives up: a throttle may refuse at once what cannot be admitted by
    /// then. Default: never.
    #[must_use]
    pub fn deadline(mut self, at: Instant) -> Self {
        self.deadline = Some(at);
        self
    }

    /// The account that was set, or an empty string.
    #[must_use]
    pub fn account_id(&self) -> &str {
        &self.account
    }

    /// The region that was set, or an empty string.
    #[must_use]
    pub fn region_name(&self) -> &str {
        &self.region
    }

    /// The service.
    #[must_use]
    pub fn service_name(&self) -> &str {
        &self.service
    }

    /// The operation.
    #[must_use]
    pub fn operation_name(&self) -> &str {
        &self.operation
    }

    /// The resource that was set, or an empty string.
    #[must_use]
    pub fn resource_name(&self) -> &str {
        &self.resource
    }

    /// How many tokens it takes.
    #[must_use]
    pub fn tokens(&self) -> NonZeroU32 {
        self.cost
    }

    /// How the call behaves while it is in flight.
    #[must_use]
    pub fn in_flight_class(&self) -> Class {
        self.class
    }

    /// When whoever waits for the call gives up, if ever.
    #[must_use]
    pub fn deadline_at(&self) -> Option<Instant> {
        self.deadline
    }
}

/// The limit that the call falls under: the parts that are set, with a blank between them.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [&self.account, &self.region, &self.service, &self.operation, &self.resource];
        let mut parts = parts.into_iter().filter(|part| !part.is_empty());
        if let Some(first) = parts.next() {
            f.write_str(first)?;
        }
        parts.try_for_each(|part| write!(f, " {part}"))
    }
}

/// How a call behaves while it is in flight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// It is answered as soon as the service can.
    #[default]
    Request,
    /// The service holds the answer back until there is something to say (SQS `ReceiveMessage` with a
    /// wait time): its duration says nothing of the service's latency.
    LongPoll,
}
