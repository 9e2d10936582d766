//! The account of the story: everything behind one web shop, each referring to others in a circle.

use super::{
    Alias, Application, AutoScalingGroup, ClassicLoadBalancer, Environment, HostedZone, Instance,
    InstanceProfile, KeyPair, LaunchConfiguration, RecordSet, Resources, Role, SecurityGroup, Subnet, Tags,
    Volume, Vpc,
};

const INSTANCES: [&str; 2] = ["i-0a1b2c3d4e5f60001", "i-0a1b2c3d4e5f60002"];
const VOLUMES: [&str; 2] = ["vol-0a1b2c3d4e5f60001", "vol-0a1b2c3d4e5f60002"];
const GROUP: &str = "awseb-e-shopprod01-stack-AWSEBAutoScalingGroup-1A2B3C";
const LAUNCH_CONFIGURATION: &str = "awseb-e-shopprod01-stack-AWSEBAutoScalingLaunchConfiguration-4D5E6F";
const LOAD_BALANCER: &str = "awseb-e-s-AWSEBLoa-7G8H9I";
const LOAD_BALANCER_DNS: &str = "awseb-e-s-AWSEBLoa-7G8H9I-1234567890.us-east-1.elb.amazonaws.com";
const PROFILE: &str = "aws-elasticbeanstalk-ec2-role";
const SECURITY_GROUP: &str = "sg-0a1b2c3d4e5f60001";
const SUBNET: &str = "subnet-0a1b2c3d4e5f60001";
const VPC: &str = "vpc-0a1b2c3d4e5f60001";

impl Resources {
    /// The circle that every discovery tool must survive: two instances of an Auto Scaling group, their volumes, key
    /// pair and launch configuration, the classic load balancer before them, the Elastic Beanstalk environment and
    /// application that made all of these, and the DNS record that leads there. For the region us-east-1.
    #[must_use]
    pub fn story() -> Self {
        Self {
            instances: INSTANCES.iter().zip(VOLUMES).zip([10, 11]).map(instance).collect(),
            key_pairs: vec![KeyPair { name: "shop-deploy".to_owned(), ..KeyPair::default() }],
            security_groups: vec![SecurityGroup {
                id: SECURITY_GROUP.to_owned(),
                name: Some("shop-production-instances".to_owned()),
                vpc: Some(VPC.to_owned()),
                ..SecurityGroup::default()
            }],
            volumes: VOLUMES.map(|id| Volume { id: id.to_owned(), ..Volume::default() }).into(),
            subnets: vec![Subnet { id: SUBNET.to_owned(), vpc: VPC.to_owned(), ..Subnet::default() }],
            vpcs: vec![Vpc { id: VPC.to_owned(), is_default: true, ..Vpc::default() }],
            auto_scaling_groups: vec![group()],
            launch_configurations: vec![LaunchConfiguration {
                name: LAUNCH_CONFIGURATION.to_owned(),
                key_name: Some("shop-deploy".to_owned()),
                security_groups: vec![SECURITY_GROUP.to_owned()],
                instance_profile: Some(PROFILE.to_owned()),
                ..LaunchConfiguration::default()
            }],
            classic_load_balancers: vec![ClassicLoadBalancer {
                name: LOAD_BALANCER.to_owned(),
                dns_name: Some(LOAD_BALANCER_DNS.to_owned()),
                instances: INSTANCES.map(str::to_owned).into(),
                security_groups: vec![SECURITY_GROUP.to_owned()],
                subnets: vec![SUBNET.to_owned()],
                vpc: Some(VPC.to_owned()),
                tags: environment_tags(),
                ..ClassicLoadBalancer::default()
            }],
            applications: vec![Application { name: "shop".to_owned(), ..Application::default() }],
            environments: vec![environment()],
            hosted_zones: vec![zone()],
            roles: vec![Role { name: PROFILE.to_owned(), ..Role::default() }],
            instance_profiles: vec![InstanceProfile {
                name: PROFILE.to_owned(),
                role: Some(PROFILE.to_owned()),
                ..InstanceProfile::default()
            }],
            ..Self::default()
        }
    }
}

fn instance(((id, volume), host): ((&&str, &str), u8)) -> Instance {
    let mut tags = environment_tags();
    tags.insert("aws:autoscaling:groupName".to_owned(), GROUP.to_owned());
    Instance {
        id: (*id).to_owned(),
        key_name: Some("shop-deploy".to_owned()),
        security_groups: vec![SECURITY_GROUP.to_owned()],
        subnet: Some(SUBNET.to_owned()),
        vpc: Some(VPC.to_owned()),
        volumes: vec![volume.to_owned()],
        instance_profile: Some(PROFILE.to_owned()),
        private_ip: Some(format!("10.0.0.{host}")),
        public_ip: Some(format!("203.0.113.{host}")),
        tags,
        ..Instance::default()
    }
}

fn group() -> AutoScalingGroup {
    AutoScalingGroup {
        name: GROUP.to_owned(),
        launch_configuration: Some(LAUNCH_CONFIGURATION.to_owned()),
        min_size: 1,
        max_size: 4,
        desired_capacity: 2,
        instances: INSTANCES.map(str::to_owned).into(),
        load_balancers: vec![LOAD_BALANCER.to_owned()],
        subnets: vec![SUBNET.to_owned()],
        tags: environment_tags(),
        ..AutoScalingGroup::default()
    }
}

fn environment() -> Environment {
    Environment {
        id: "e-shopprod01".to_owned(),
        name: "shop-production".to_owned(),
        application: "shop".to_owned(),
        cname: Some("shop-production.us-east-1.elasticbeanstalk.com".to_owned()),
        endpoint_url: Some(LOAD_BALANCER_DNS.to_owned()),
        auto_scaling_groups: vec![GROUP.to_owned()],
        launch_configurations: vec![LAUNCH_CONFIGURATION.to_owned()],
        instances: INSTANCES.map(str::to_owned).into(),
        load_balancers: vec![LOAD_BALANCER.to_owned()],
        tags: Tags::from([("Name".to_owned(), "shop-production".to_owned())]),
        ..Environment::default()
    }
}

fn zone() -> HostedZone {
    let alias = Alias { dns_name: format!("dualstack.{LOAD_BALANCER_DNS}."), ..Alias::default() };
    HostedZone {
        id: "Z0SHOP1EXAMPLE".to_owned(),
        name: "shop.example.".to_owned(),
        records: vec![RecordSet {
            name: "www.shop.example.".to_owned(),
            kind: "A".to_owned(),
            alias: Some(alias),
            ..RecordSet::default()
        }],
        ..HostedZone::default()
    }
}

/// What Elastic Beanstalk tags its resources with.
fn environment_tags() -> Tags {
    Tags::from([
        ("Name".to_owned(), "shop-production".to_owned()),
        ("elasticbeanstalk:environment-id".to_owned(), "e-shopprod01".to_owned()),
        ("elasticbeanstalk:environment-name".to_owned(), "shop-production".to_owned()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_referred_to_is_there() {
        let story = Resources::story();
        let instance = &story.instances[0];
        assert_eq!(instance.key_name.as_deref(), Some(&*story.key_pairs[0].name));
        assert_eq!(story.auto_scaling_groups[0].load_balancers, [&*story.classic_load_balancers[0].name]);
        assert_eq!(story.environments[0].application, story.applications[0].name);
        assert_eq!(story.classic_load_balancers[0].instances, INSTANCES);
    }
}
