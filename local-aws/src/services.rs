//! The services: each is a state and its operations, and knows nothing of latency or faults, and
//! of limits a gate alone.

#[cfg(feature = "resources")]
pub(crate) mod accounts;
#[cfg(feature = "resources")]
mod autoscaling;
#[cfg(feature = "resources")]
mod beanstalk;
#[cfg(any(feature = "s3", feature = "kinesis", feature = "sqs"))]
mod clock;
#[cfg(feature = "resources")]
mod constraint;
#[cfg(feature = "dynamodb")]
mod dynamodb;
#[cfg(feature = "resources")]
mod ec2;
#[cfg(feature = "resources")]
mod ecs;
#[cfg(feature = "resources")]
mod elb;
#[cfg(feature = "resources")]
mod elbv2;
#[cfg(feature = "resources")]
mod iam;
#[cfg(feature = "kinesis")]
pub(crate) mod kinesis;
#[cfg(feature = "resources")]
mod lambda;
#[cfg(feature = "resources")]
mod query;
#[cfg(feature = "resources")]
mod route53;
#[cfg(feature = "s3")]
pub(crate) mod s3;
#[cfg(feature = "sqs")]
pub(crate) mod sqs;
#[cfg(feature = "resources")]
mod sts;

use std::{borrow::Cow, error::Error, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;

/// A request whose body has arrived.
pub(crate) type Request = http::Request<Bytes>;
/// An answer, whose body may be streamed.
pub(crate) type Response = http::Response<Body>;
/// The body of an answer.
pub(crate) type Body = UnsyncBoxBody<Bytes, Box<dyn Error + Send + Sync>>;

/// Whose state a request is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Scope {
    /// The account id, 12 digits.
    pub(crate) account: String,
    /// The region of the SigV4 credential scope.
    pub(crate) region: String,
}

/// What a request asks for, read before it is served: limits, latency, faults and counters go by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Action {
    /// The service as it signs: `s3`, `dynamodb`.
    pub(crate) service: &'static str,
    /// The operation as the API names it: `CopyObject`.
    pub(crate) name: Cow<'static, str>,
    /// The resource whose limit it draws from, where AWS counts per resource: `bucket/key` for S3, `table` or
    /// `table/index` for DynamoDB, `stream`, `stream/shard` or `stream/consumer/shard` for Kinesis, the name of the queue for SQS.
    pub(crate) resource: Option<String>,
}

/// One service.
#[async_trait]
pub(crate) trait Service: fmt::Debug + Send + Sync {
    /// What the request asks for.
    fn action(&self, request: &Request) -> Action;

    /// Serves it.
    async fn call(&self, scope: &Scope, request: Request) -> Response;

    /// An error in the service's own wire form, as its limits and faults answer a request with these headers.
    fn error(&self, asked: &HeaderMap, status: StatusCode, code: &str, message: &str) -> Response;
}

/// What a service asks about records and bytes that it moves. It is open unless there are limits for them: the
/// service itself knows none.
#[cfg_attr(
    not(any(feature = "kinesis", feature = "sqs")),
    expect(dead_code, reason = "only Kinesis and SQS ask it")
)]
pub(crate) trait Gate: fmt::Debug + Send + Sync {
    /// Whether anything is counted for an action beside its calls.
    fn counts(&self, service: &str, action: &str) -> bool;

    /// Lets records and bytes pass, or none of them.
    fn pass(&self, scope: &Scope, action: &Action, flow: Flow) -> Result<(), Shut>;
}

/// Where S3 sends the events of its buckets.
#[cfg(feature = "s3")]
pub(crate) trait Queues: fmt::Debug + Send + Sync {
    /// Whether the queue of this ARN is there, and takes events.
    fn takes(&self, arn: &str) -> bool;

    /// Sends it a message; a queue that is gone is sent nothing.
    fn send(&self, arn: &str, body: String);
}

/// No queues: SQS is not here.
#[cfg(all(feature = "s3", not(feature = "sqs")))]
#[derive(Debug)]
struct NoQueues;

#[cfg(all(feature = "s3", not(feature = "sqs")))]
impl Queues for NoQueues {
    fn takes(&self, _arn: &str) -> bool {
        false
    }

    fn send(&self, _arn: &str, _body: String) {}
}

/// What moves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flow {
    pub(crate) records: u64,
    pub(crate) bytes: u64,
    /// It passes while there is anything left, and what it takes beyond that is owed: its size is known
    /// afterwards. Otherwise only what is larger than the bucket is owed, and the bucket must be full.
    pub(crate) may_owe: bool,
}

/// A limit is exhausted: how to say so, and for how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shut {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) wait: Duration,
}

/// Something odd that a service does by itself, as a fault asks of one call: it is among what a request carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Quirk {
    /// What is received stays behind as a copy.
    Twice,
    /// A short poll finds nothing.
    Empty,
    /// One entry of a batch fails: which one, of as many as there are.
    FailedEntry(u32),
}

/// Who asks, by the access key of the signature: it is among what a signed request carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Caller(pub(crate) Arc<str>);

/// Marks an answer with which a service says that its gate was shut: it counts as throttled.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Throttled;

/// The names of the services that are here, in the order of [`Services`].
pub(crate) const NAMES: &[&str] = &[
    #[cfg(feature = "resources")]
    "autoscaling",
    #[cfg(feature = "dynamodb")]
    "dynamodb",
    #[cfg(feature = "resources")]
    "ec2",
    #[cfg(feature = "resources")]
    "ecs",
    #[cfg(feature = "resources")]
    "elasticbeanstalk",
    #[cfg(feature = "resources")]
    "elasticloadbalancing",
    #[cfg(feature = "resources")]
    "iam",
    #[cfg(feature = "kinesis")]
    "kinesis",
    #[cfg(feature = "resources")]
    "lambda",
    #[cfg(feature = "resources")]
    "route53",
    #[cfg(feature = "s3")]
    "s3",
    #[cfg(feature = "sqs")]
    "sqs",
    #[cfg(feature = "resources")]
    "sts",
];

/// The services that are here, each with its state.
#[derive(Debug)]
pub(crate) struct Services {
    all: Vec<Box<dyn Service>>,
    #[cfg(feature = "kinesis")]
    pub(crate) kinesis: kinesis::KinesisHandle,
    #[cfg(feature = "resources")]
    pub(crate) resources: accounts::ResourcesHandle,
    #[cfg(feature = "s3")]
    pub(crate) s3: s3::S3Handle,
    #[cfg(feature = "sqs")]
    pub(crate) sqs: sqs::SqsHandle,
}

impl Services {
    /// The services, and handles to the state of a scope.
    #[cfg_attr(
        not(any(feature = "kinesis", feature = "sqs")),
        expect(unused_variables, reason = "only Kinesis and SQS ask it")
    )]
    #[allow(clippy::needless_pass_by_value, reason = "which services are there is a matter of features")]
    pub(crate) fn new(gate: Arc<dyn Gate>, scope: Scope) -> Self {
        #[cfg(feature = "kinesis")]
        let kinesis = kinesis::Kinesis::new(Arc::clone(&gate));
        #[cfg(feature = "sqs")]
        let sqs = sqs::Sqs::new(Arc::clone(&gate));
        #[cfg(all(feature = "s3", feature = "sqs"))]
        let queues = Arc::new(sqs.handle(scope.clone()));
        #[cfg(all(feature = "s3", not(feature = "sqs")))]
        let queues = Arc::new(NoQueues);
        #[cfg(feature = "s3")]
        let s3 = s3::S3::new(queues);
        #[cfg(feature = "resources")]
        let accounts = accounts::Accounts::default();
        Self {
            #[cfg(feature = "kinesis")]
            kinesis: kinesis.handle(scope.clone()),
            #[cfg(feature = "resources")]
            resources: accounts::ResourcesHandle::new(accounts.clone(), scope.clone()),
            #[cfg(feature = "s3")]
            s3: s3.handle(),
            #[cfg(feature = "sqs")]
            sqs: sqs.handle(scope.clone()),
            all: vec![
                #[cfg(feature = "resources")]
                Box::new(query::Query::new(&[&autoscaling::API], accounts.clone())),
                #[cfg(feature = "dynamodb")]
                Box::new(dynamodb::DynamoDb::default()),
                #[cfg(feature = "resources")]
                Box::new(query::Query::new(&[&ec2::API], accounts.clone())),
                #[cfg(feature = "resources")]
                Box::new(ecs::Ecs::new(accounts.clone())),
                #[cfg(feature = "resources")]
                Box::new(query::Query::new(&[&beanstalk::API], accounts.clone())),
                #[cfg(feature = "resources")]
                Box::new(query::Query::new(&[&elb::API, &elbv2::API], accounts.clone())),
                #[cfg(feature = "resources")]
                Box::new(query::Query::new(&[&iam::API], accounts.clone())),
                #[cfg(feature = "kinesis")]
                Box::new(kinesis),
                #[cfg(feature = "resources")]
                Box::new(lambda::Lambda::new(accounts.clone())),
                #[cfg(feature = "resources")]
                Box::new(route53::Route53::new(accounts.clone())),
                #[cfg(feature = "s3")]
                Box::new(s3),
                #[cfg(feature = "sqs")]
                Box::new(sqs),
                #[cfg(feature = "resources")]
                Box::new(query::Query::new(&[&sts::API], accounts.clone())),
            ],
        }
    }

    /// The service that signs with this name.
    pub(crate) fn get(&self, name: &str) -> Option<&dyn Service> {
        let index = NAMES.iter().position(|known| *known == name)?;
        self.all.get(index).map(|service| &**service)
    }
}
