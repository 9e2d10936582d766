//! An account of any size.

use serde::{Deserialize, Serialize};

use super::{
    Alias, Application, AutoScalingGroup, ClassicLoadBalancer, Cluster, EcsLoadBalancer, EcsService,
    Environment, Function, HostedZone, Instance, InstanceProfile, KeyPair, LaunchConfiguration,
    LaunchTemplate, LaunchTemplateVersion, LoadBalancer, RecordSet, Resources, Role, SecurityGroup, Subnet,
    Tags, Target, TargetGroup, Task, Volume, Vpc,
};

/// How many of what a generated account has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sizes {
    /// Instances, each with a volume. Default: 2,000.
    pub instances: u32,
    /// Classic load balancers, each with tags. Default: 1,000.
    pub classic_load_balancers: u32,
    /// Auto Scaling groups. Default: 200.
    pub auto_scaling_groups: u32,
    /// Record sets beside NS and SOA, spread over the zones. Default: 500.
    pub record_sets: u32,
    /// Hosted zones; at least one if there are record sets. Default: 5.
    pub hosted_zones: u32,
    /// Of each of the rest: key pairs, security groups, subnets, VPCs, launch templates, launch configurations,
    /// load balancers, target groups, applications, environments, clusters, services, tasks, functions, roles and
    /// instance profiles. Default: 40.
    pub others: u32,
}

impl Default for Sizes {
    fn default() -> Self {
        Self {
            instances: 2_000,
            classic_load_balancers: 1_000,
            auto_scaling_groups: 200,
            record_sets: 500,
            hosted_zones: 5,
            others: 40,
        }
    }
}

impl Resources {
    /// An account of this size, the same one every time. Everything that is referred to is there, but for a type
    /// of which there is none at all.
    ///
    /// ```
    /// use tidegate_local_aws::resources::{Resources, Sizes};
    ///
    /// let account = Resources::generate(Sizes { instances: 10, ..Sizes::default() });
    /// assert_eq!((account.instances.len(), account.classic_load_balancers.len()), (10, 1_000));
    /// ```
    #[must_use]
    pub fn generate(sizes: Sizes) -> Self {
        let account = Account(sizes);
        let Sizes { instances, classic_load_balancers, auto_scaling_groups, others, .. } = sizes;
        let zones = sizes.hosted_zones.max(u32::from(sizes.record_sets > 0));
        Self {
            instances: (0..instances).map(|n| account.instance(n)).collect(),
            volumes: (0..instances).map(|n| Volume { id: volume(n), ..Volume::default() }).collect(),
            key_pairs: (0..others).map(|n| KeyPair { name: key_pair(n), ..KeyPair::default() }).collect(),
            security_groups: (0..others).map(|n| account.security_group(n)).collect(),
            subnets: (0..others).map(|n| account.subnet(n)).collect(),
            vpcs: (0..others).map(|n| Vpc { id: vpc(n), is_default: n == 0, ..Vpc::default() }).collect(),
            launch_templates: (0..others).map(|n| account.launch_template(n)).collect(),
            auto_scaling_groups: (0..auto_scaling_groups).map(|n| account.group(n)).collect(),
            launch_configurations: (0..others).map(|n| account.launch_configuration(n)).collect(),
            classic_load_balancers: (0..classic_load_balancers).map(|n| account.classic(n)).collect(),
            load_balancers: (0..others).map(|n| account.load_balancer(n)).collect(),
            target_groups: (0..others).map(|n| account.target_group(n)).collect(),
            applications: (0..others)
                .map(|n| Application { name: application(n), ..Application::default() })
                .collect(),
            environments: (0..others).map(|n| account.environment(n)).collect(),
            hosted_zones: (0..zones).map(|n| account.zone(n, zones)).collect(),
            clusters: (0..others).map(|n| Cluster { name: cluster(n), ..Cluster::default() }).collect(),
            services: (0..others).map(|n| account.service(n)).collect(),
            tasks: (0..others).map(|n| account.task(n)).collect(),
            functions: (0..others).map(|n| account.function(n)).collect(),
            roles: (0..others).map(|n| Role { name: role(n), ..Role::default() }).collect(),
            instance_profiles: (0..others)
                .map(|n| InstanceProfile { name: profile(n), role: Some(role(n)), tags: Tags::new() })
                .collect(),
        }
    }
}

/// What refers to what: by number, so that every type is spread evenly over what refers to it.
struct Account(Sizes);

impl Account {
    fn instance(&self, n: u32) -> Instance {
        let mut tags = name(format!("instance-{n}"));
        if let Some(group) = of(n, self.0.auto_scaling_groups) {
            tags.insert("aws:autoscaling:groupName".to_owned(), self::group(group));
        }
        Instance {
            id: instance(n),
            key_name: self.other(n, key_pair),
            security_groups: self.other(n, security_group).into_iter().collect(),
            subnet: self.other(n, subnet),
            vpc: self.other(n, vpc),
            volumes: vec![volume(n)],
            instance_profile: self.other(n, profile),
            private_ip: Some(address(n)),
            tags,
            ..Instance::default()
        }
    }

    fn security_group(&self, n: u32) -> SecurityGroup {
        SecurityGroup {
            id: security_group(n),
            name: Some(format!("group-{n}")),
            vpc: self.other(n, vpc),
            // Each lets the next one in: a circle.
            ingress_from: self.other(n + 1, security_group).into_iter().collect(),
            ..SecurityGroup::default()
        }
    }

    fn subnet(&self, n: u32) -> Subnet {
        Subnet { id: subnet(n), vpc: self.other(n, vpc).unwrap_or_default(), ..Subnet::default() }
    }

    fn launch_template(&self, n: u32) -> LaunchTemplate {
        let version = LaunchTemplateVersion {
            key_name: self.other(n, key_pair),
            security_groups: self.other(n, security_group).into_iter().collect(),
            instance_profile: self.other(n, profile),
            ..LaunchTemplateVersion::default()
        };
        LaunchTemplate {
            id: launch_template(n),
            name: Some(format!("template-{n}")),
            versions: vec![version],
            ..LaunchTemplate::default()
        }
    }

    fn launch_configuration(&self, n: u32) -> LaunchConfiguration {
        LaunchConfiguration {
            name: launch_configuration(n),
            key_name: self.other(n, key_pair),
            security_groups: self.other(n, security_group).into_iter().collect(),
            instance_profile: self.other(n, profile),
            ..LaunchConfiguration::default()
        }
    }

    fn group(&self, n: u32) -> AutoScalingGroup {
        let sizes = &self.0;
        let instances: Vec<_> = stride(n, sizes.auto_scaling_groups, sizes.instances).map(instance).collect();
        let size = u32::try_from(instances.len()).unwrap_or(u32::MAX);
        AutoScalingGroup {
            name: group(n),
            launch_configuration: self.other(n, launch_configuration),
            max_size: size,
            desired_capacity: size,
            instances,
            load_balancers: stride(n, sizes.auto_scaling_groups, sizes.classic_load_balancers)
                .map(classic)
                .collect(),
            subnets: self.other(n, subnet).into_iter().collect(),
            tags: name(group(n)),
            ..AutoScalingGroup::default()
        }
    }

    fn classic(&self, n: u32) -> ClassicLoadBalancer {
        let sizes = &self.0;
        let mut tags = name(classic(n));
        if let Some(environment) = of(n, sizes.others) {
            tags.insert("elasticbeanstalk:environment-id".to_owned(), self::environment(environment));
            tags.insert("elasticbeanstalk:environment-name".to_owned(), format!("environment-{environment}"));
        }
        ClassicLoadBalancer {
            name: classic(n),
            dns_name: Some(classic_dns(n)),
            instances: stride(n, sizes.classic_load_balancers, sizes.instances).map(instance).collect(),
            security_groups: self.other(n, security_group).into_iter().collect(),
            subnets: self.other(n, subnet).into_iter().collect(),
            vpc: self.other(n, vpc),
            tags,
            ..ClassicLoadBalancer::default()
        }
    }

    fn load_balancer(&self, n: u32) -> LoadBalancer {
        LoadBalancer {
            name: load_balancer(n),
            security_groups: self.other(n, security_group).into_iter().collect(),
            subnets: self.other(n, subnet).into_iter().collect(),
            vpc: self.other(n, vpc),
            tags: name(load_balancer(n)),
            ..LoadBalancer::default()
        }
    }

    fn target_group(&self, n: u32) -> TargetGroup {
        let targets = stride(n, self.0.others, self.0.instances)
            .take(5)
            .map(|n| Target { id: instance(n), ..Target::default() })
            .collect();
        TargetGroup {
            name: target_group(n),
            load_balancers: vec![load_balancer(n)],
            targets,
            vpc: self.other(n, vpc),
            ..TargetGroup::default()
        }
    }

    fn environment(&self, n: u32) -> Environment {
        let sizes = &self.0;
        let group_number = of(n, sizes.auto_scaling_groups);
        let instances = group_number
            .map(|group| stride(group, sizes.auto_scaling_groups, sizes.instances).map(instance).collect());
        Environment {
            id: environment(n),
            name: format!("environment-{n}"),
            application: application(n),
            auto_scaling_groups: group_number.map(group).into_iter().collect(),
            launch_configurations: vec![launch_configuration(n)],
            instances: instances.unwrap_or_default(),
            load_balancers: of(n, sizes.classic_load_balancers).map(classic).into_iter().collect(),
            endpoint_url: of(n, sizes.classic_load_balancers).map(classic_dns),
            ..Environment::default()
        }
    }

    fn zone(&self, n: u32, zones: u32) -> HostedZone {
        let zone = format!("zone-{n}.example.");
        let record = |record: u32| {
            let alias = of(record, self.0.classic_load_balancers)
                .filter(|_| record.is_multiple_of(2))
                .map(|n| Alias { dns_name: format!("{}.", classic_dns(n)), ..Alias::default() });
            RecordSet {
                name: format!("www-{record}.{zone}"),
                kind: "A".to_owned(),
                values: if alias.is_none() { vec![address(record)] } else { Vec::new() },
                alias,
                ..RecordSet::default()
            }
        };
        HostedZone {
            id: format!("Z{n:019}"),
            records: stride(n, zones, self.0.record_sets).map(record).collect(),
            name: zone.clone(),
            ..HostedZone::default()
        }
    }

    fn service(&self, n: u32) -> EcsService {
        EcsService {
            name: service(n),
            cluster: cluster(n),
            desired_count: 1,
            load_balancers: of(n, self.0.classic_load_balancers)
                .map(|n| EcsLoadBalancer { load_balancer: Some(classic(n)), ..EcsLoadBalancer::default() })
                .into_iter()
                .collect(),
            subnets: self.other(n, subnet).into_iter().collect(),
            security_groups: self.other(n, security_group).into_iter().collect(),
            ..EcsService::default()
        }
    }

    fn task(&self, n: u32) -> Task {
        Task {
            id: format!("{n:032x}"),
            cluster: cluster(n),
            service: Some(service(n)),
            subnet: self.other(n, subnet),
            ..Task::default()
        }
    }

    fn function(&self, n: u32) -> Function {
        Function {
            name: format!("function-{n}"),
            role: role(n),
            subnets: self.other(n, subnet).into_iter().collect(),
            security_groups: self.other(n, security_group).into_iter().collect(),
            vpc: self.other(n, vpc),
            ..Function::default()
        }
    }

    /// The one of a type of the rest that the n-th of another type refers to.
    fn other(&self, n: u32, id: fn(u32) -> String) -> Option<String> {
        of(n, self.0.others).map(id)
    }
}

/// The one of `many` that the n-th refers to.
fn of(n: u32, many: u32) -> Option<u32> {
    n.checked_rem(many)
}

/// Those of `many` that belong to the n-th of `owners`.
fn stride(n: u32, owners: u32, many: u32) -> impl Iterator<Item = u32> {
    (n..many).step_by(owners.max(1) as usize)
}

fn name(name: String) -> Tags {
    Tags::from([("Name".to_owned(), name)])
}

fn address(n: u32) -> String {
    format!("10.{}.{}.{}", n >> 16 & 0xff, n >> 8 & 0xff, n & 0xff)
}

fn instance(n: u32) -> String {
    format!("i-{n:017x}")
}

fn volume(n: u32) -> String {
    format!("vol-{n:017x}")
}

fn key_pair(n: u32) -> String {
    format!("key-{n}")
}

fn security_group(n: u32) -> String {
    format!("sg-{n:017x}")
}

fn subnet(n: u32) -> String {
    format!("subnet-{n:017x}")
}

fn vpc(n: u32) -> String {
    format!("vpc-{n:017x}")
}

fn launch_template(n: u32) -> String {
    format!("lt-{n:017x}")
}

fn launch_configuration(n: u32) -> String {
    format!("launch-configuration-{n}")
}

fn group(n: u32) -> String {
    format!("auto-scaling-group-{n}")
}

fn classic(n: u32) -> String {
    format!("classic-{n}")
}

fn classic_dns(n: u32) -> String {
    format!("classic-{n}-{:010}.us-east-1.elb.amazonaws.com", u64::from(n) * 7_919 % 10_000_000_000)
}

fn load_balancer(n: u32) -> String {
    format!("load-balancer-{n}")
}

fn target_group(n: u32) -> String {
    format!("target-group-{n}")
}

fn application(n: u32) -> String {
    format!("application-{n}")
}

fn environment(n: u32) -> String {
    format!("e-{n:010}")
}

fn cluster(n: u32) -> String {
    format!("cluster-{n}")
}

fn service(n: u32) -> String {
    format!("service-{n}")
}

fn role(n: u32) -> String {
    format!("role-{n}")
}

fn profile(n: u32) -> String {
    format!("profile-{n}")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn what_is_referred_to_is_there() {
        let account = Resources::generate(Sizes::default());
        let instances: HashSet<_> = account.instances.iter().map(|it| &it.id).collect();
        assert_eq!(instances.len(), 2_000);
        for balancer in &account.classic_load_balancers {
            assert_eq!(balancer.instances.len(), 2);
            assert!(balancer.instances.iter().all(|it| instances.contains(it)));
        }
        let grouped: HashSet<_> = account.auto_scaling_groups.iter().flat_map(|it| &it.instances).collect();
        assert_eq!(grouped, instances, "each instance is in a group");
        let records: usize = account.hosted_zones.iter().map(|it| it.records.len()).sum();
        assert_eq!((account.hosted_zones.len(), records), (5, 500));
    }

    #[test]
    fn an_account_of_nothing() {
        let none = Sizes {
            instances: 0,
            classic_load_balancers: 0,
            auto_scaling_groups: 0,
            record_sets: 0,
            hosted_zones: 0,
            others: 0,
        };
        assert_eq!(Resources::generate(none), Resources::default());
    }
}
