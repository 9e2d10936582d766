//! The handle of a running embedded AWS, and its builder.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::{behavior_version::BehaviorVersion, http::SharedHttpClient};
use aws_types::{SdkConfig, region::Region};

use crate::{
    Counters, Error, Faults, Latency, Limits,
    conditions::desk::Desk,
    front::{Front, InProcess, Socket},
};

/// An AWS in this process: started by its builder, stopped by [`LocalAws::shutdown`] or by dropping it.
///
/// ```
/// use tidegate_local_aws::{Limits, LocalAws};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tidegate_local_aws::Error> {
/// let aws = LocalAws::builder().limits(Limits::aws()).region("eu-west-1").start().await?;
/// println!("export AWS_ENDPOINT_URL={}", aws.endpoint_url());
/// aws.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct LocalAws {
    front: Arc<Front>,
    socket: Option<Socket>,
    region: String,
}

/// What an embedded AWS is to be like; see [`LocalAws::builder`].
#[derive(Clone, Debug)]
#[must_use]
pub struct Builder {
    limits: Limits,
    latency: Latency,
    faults: Faults,
    seed: u64,
    region: String,
    /// `None` without a socket.
    address: Option<SocketAddr>,
}

impl LocalAws {
    /// An AWS without limits, latency or faults, on a free port of 127.0.0.1.
    pub fn builder() -> Builder {
        Builder {
            limits: Limits::none(),
            latency: Latency::none(),
            faults: Faults::none(),
            seed: 0,
            region: "us-east-1".to_owned(),
            address: Some(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)),
        }
    }

    /// Where it listens, such as `http://127.0.0.1:4566`. In process nothing listens: then it is
    /// `http://127.0.0.1:0`, which only [`Self::http_client`] answers.
    #[must_use]
    pub fn endpoint_url(&self) -> String {
        let nowhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);
        let mut address = self.socket.as_ref().map_or(nowhere, Socket::address);
        // Nothing can be reached at "all addresses"; the loopback is one of them.
        if address.ip().is_unspecified() {
            address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        format!("http://{address}")
    }

    /// The configuration for any SDK client: endpoint, region, credentials `test`/`test`, the latest
    /// behavior version and tokio's sleep.
    ///
    /// With a socket it has no HTTP client, so that the one you use stands; in process it carries
    /// [`Self::http_client`].
    #[must_use]
    pub fn sdk_config(&self) -> SdkConfig {
        let credentials = Credentials::new("test", "test", None, None, "tidegate-local-aws");
        let mut config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(self.endpoint_url())
            .region(Region::new(self.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .sleep_impl(TokioSleep::new());
        config.set_http_client(self.socket.is_none().then(|| self.http_client()));
        config.build()
    }

    /// An HTTP client that calls this AWS in process, without a socket.
    ///
    /// Tests with tokio's paused clock need it: while a socket is pending, a paused clock runs ahead.
    #[must_use]
    pub fn http_client(&self) -> SharedHttpClient {
        SharedHttpClient::new(InProcess::new(Arc::clone(&self.front)))
    }

    /// A handle that seeds Kinesis and looks into it without a request: the streams of account 000000000000 in
    /// the region of the builder, and from there of any other.
    #[cfg(feature = "kinesis")]
    #[must_use]
    pub fn kinesis(&self) -> crate::KinesisHandle {
        self.front.services.kinesis.clone()
    }

    /// A handle that fills an account with resources and looks at them without a request: those of account
    /// 000000000000 in the region of the builder, and from there of any other.
    #[cfg(feature = "resources")]
    #[must_use]
    pub fn resources(&self) -> crate::resources::ResourcesHandle {
        self.front.services.resources.clone()
    }

    /// A handle that seeds S3 and looks into it without a request.
    #[cfg(feature = "s3")]
    #[must_use]
    pub fn s3(&self) -> crate::S3Handle {
        self.front.services.s3.clone()
    }

    /// A handle that seeds SQS and looks into it without a request: the queues of account 000000000000 in the
    /// region of the builder, and from there of any other.
    #[cfg(feature = "sqs")]
    #[must_use]
    pub fn sqs(&self) -> crate::SqsHandle {
        self.front.services.sqs.clone()
    }

    /// What was asked so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.front.desk.counters()
    }

    /// Counts from zero again; calls in flight stay counted as such.
    pub fn reset_counters(&self) {
        self.front.desk.reset_counters();
    }

    /// Replaces the limits. A bucket whose row is about the same calls keeps what is in it, up to the new
    /// burst; other buckets start full.
    pub fn set_limits(&self, limits: Limits) {
        self.front.desk.set_limits(limits);
    }

    /// Replaces the latency.
    pub fn set_latency(&self, latency: Latency) {
        self.front.desk.set_latency(latency);
    }

    /// Replaces the faults.
    pub fn set_faults(&self, faults: Faults) {
        self.front.desk.set_faults(faults);
    }

    /// Stops: takes no more connections and lets answers finish that are under way, for at most 5 seconds.
    ///
    /// # Cancel safety
    /// Dropped half-way, it stops at once, as dropping the handle does.
    pub async fn shutdown(self) {
        if let Some(socket) = self.socket {
            socket.close().await;
        }
    }
}

impl Builder {
    /// What the services may be asked. Default: [`Limits::none`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How long answers take. Default: [`Latency::none`].
    pub fn latency(mut self, latency: Latency) -> Self {
        self.latency = latency;
        self
    }

    /// What goes wrong. Default: [`Faults::none`].
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// What latency and faults are drawn from, so that a run can be repeated: the n-th call of an action
    /// draws the same in every run with the same seed. Default: 0.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The region of [`LocalAws::sdk_config`], and of requests that do not name one. Default: `us-east-1`.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }

    /// The port on 127.0.0.1. Default: 0, any that is free.
    pub fn port(self, port: u16) -> Self {
        self.address(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port))
    }

    /// The address and port. Whoever can reach it can do everything: there is no authorization. Default:
    /// 127.0.0.1, any port that is free.
    pub fn address(mut self, address: SocketAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// Without a socket: only [`LocalAws::http_client`] reaches it. For tests with a paused clock.
    pub fn in_process(mut self) -> Self {
        self.address = None;
        self
    }

    /// Starts it, on the current tokio runtime.
    ///
    /// # Errors
    /// [`ErrorKind::Bind`](crate::ErrorKind::Bind) if the address cannot be listened on. In process it
    /// cannot fail.
    ///
    /// # Cancel safety
    /// Dropped half-way, nothing is left running.
    pub async fn start(self) -> Result<LocalAws, Error> {
        let desk = Desk::new(self.limits, self.latency, self.faults, self.seed);
        let front = Arc::new(Front::new(Arc::new(desk), self.region.clone()));
        let socket = match self.address {
            Some(address) => Some(Socket::open(address, Arc::clone(&front)).await?),
            None => None,
        };
        Ok(LocalAws { front, socket, region: self.region })
    }
}
