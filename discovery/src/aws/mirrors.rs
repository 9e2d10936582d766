//! All mirrors at once.

use std::sync::Arc;

use aws_types::SdkConfig;

use super::Clients;
use crate::{Builder, Scope};

/// Adds every mirror whose feature is on.
///
/// `config` tells with which configuration a scope is asked: its credentials are those of the account, and its region
/// is that of the scope, or, for what is in no region, any. `None` means that there are no credentials: what is there
/// is then denied. The SDK's retries are switched off: the discovery repeats what is worth it, and paces it.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// # let sdk_config = aws_types::SdkConfig::builder().build();
/// use aws_types::region::Region;
/// use tidegate_discovery::{Discovery, Scope, aws};
/// use tidegate_throttle::Adaptive;
///
/// let ours = Scope::new("123456789012", "eu-west-1");
/// let account = ours.account().to_owned();
/// let config = move |scope: &Scope| {
///     let region = scope.region().map_or(Region::from_static("us-east-1"), |name| Region::new(name.to_owned()));
///     (scope.account() == account).then(|| sdk_config.to_builder().region(region).build())
/// };
/// let discovery = aws::mirrors(Discovery::builder(), config).throttle(Adaptive::new()).build()?;
/// discovery.search("web".into(), &ours);
/// # Ok::<(), tidegate_discovery::BuildError>(())
/// # }).unwrap();
/// ```
pub fn mirrors(
    builder: Builder,
    config: impl Fn(&Scope) -> Option<SdkConfig> + Send + Sync + 'static,
) -> Builder {
    let config: Config = Arc::new(config);
    add(builder, &config)
}

type Config = Arc<dyn Fn(&Scope) -> Option<SdkConfig> + Send + Sync>;

/// The clients of an SDK crate.
#[allow(unused_macros, reason = "which services are there is a matter of features")]
macro_rules! clients {
    ($sdk:ident, $config:expr) => {{
        let config: Config = Arc::clone($config);
        Clients::new(move |scope: &Scope| {
            let config = $sdk::config::Builder::from(&config(scope)?);
            let config = config.retry_config(tidegate_throttle::aws::no_retries());
            Some($sdk::Client::from_conf(config.build()))
        })
    }};
}

#[allow(unused_mut, unused_variables, reason = "which services are there is a matter of features")]
fn add(mut builder: Builder, config: &Config) -> Builder {
    #[cfg(feature = "autoscaling")]
    {
        use super::autoscaling::{Groups, LaunchConfigurations};
        let clients = clients!(aws_sdk_autoscaling, config);
        builder = builder.mirror(Groups::new(clients.clone())).mirror(LaunchConfigurations::new(clients));
    }
    #[cfg(feature = "ec2")]
    {
        use super::ec2::{Instances, KeyPairs, LaunchTemplates, SecurityGroups, Subnets, Volumes, Vpcs};
        let clients = clients!(aws_sdk_ec2, config);
        builder = builder
            .mirror(Instances::new(clients.clone()))
            .mirror(KeyPairs::new(clients.clone()))
            .mirror(LaunchTemplates::new(clients.clone()))
            .mirror(SecurityGroups::new(clients.clone()))
            .mirror(Subnets::new(clients.clone()))
            .mirror(Volumes::new(clients.clone()))
            .mirror(Vpcs::new(clients));
    }
    #[cfg(feature = "ecs")]
    {
        use super::ecs::{Clusters, Services, Tasks};
        let clients = clients!(aws_sdk_ecs, config);
        builder = builder
            .mirror(Clusters::new(clients.clone()))
            .mirror(Services::new(clients.clone()))
            .mirror(Tasks::new(clients));
    }
    #[cfg(feature = "elasticbeanstalk")]
    {
        use super::elasticbeanstalk::{Applications, Environments};
        let clients = clients!(aws_sdk_elasticbeanstalk, config);
        builder = builder.mirror(Applications::new(clients.clone())).mirror(Environments::new(clients));
    }
    #[cfg(feature = "elb")]
    {
        use super::elb::LoadBalancers;
        builder = builder.mirror(LoadBalancers::new(clients!(aws_sdk_elasticloadbalancing, config)));
    }
    #[cfg(feature = "elbv2")]
    {
        use super::elbv2::{LoadBalancers, TargetGroups};
        let clients = clients!(aws_sdk_elasticloadbalancingv2, config);
        builder = builder.mirror(LoadBalancers::new(clients.clone())).mirror(TargetGroups::new(clients));
    }
    #[cfg(feature = "iam")]
    {
        use super::iam::{InstanceProfiles, Roles};
        let clients = clients!(aws_sdk_iam, config);
        builder = builder.mirror(InstanceProfiles::new(clients.clone())).mirror(Roles::new(clients));
    }
    #[cfg(feature = "kinesis")]
    {
        use super::kinesis::Streams;
        builder = builder.mirror(Streams::new(clients!(aws_sdk_kinesis, config)));
    }
    #[cfg(feature = "lambda")]
    {
        use super::lambda::Functions;
        builder = builder.mirror(Functions::new(clients!(aws_sdk_lambda, config)));
    }
    #[cfg(feature = "route53")]
    {
        use super::route53::{HostedZones, RecordSets};
        let clients = clients!(aws_sdk_route53, config);
        builder = builder.mirror(HostedZones::new(clients.clone())).mirror(RecordSets::new(clients));
    }
    #[cfg(feature = "s3")]
    {
        use super::s3::Buckets;
        builder = builder.mirror(Buckets::new(clients!(aws_sdk_s3, config)));
    }
    #[cfg(feature = "sqs")]
    {
        use super::sqs::Queues;
        builder = builder.mirror(Queues::new(clients!(aws_sdk_sqs, config)));
    }
    builder
}
