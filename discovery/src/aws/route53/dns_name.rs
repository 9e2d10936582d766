//! What a DNS name tells.

/// A name as models have it: in lower case, without the dot at its end, and with `*` for the `\052` of Route 53.
pub(super) fn normal(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).replace("\\052", "*").to_ascii_lowercase()
}

/// A name of a load balancer without what the console puts before it in an alias.
pub(super) fn without_stack(name: &str) -> &str {
    name.strip_prefix("dualstack.").or_else(|| name.strip_prefix("ipv6.")).unwrap_or(name)
}

/// The region of what AWS named so, if it is a load balancer or an Elastic Beanstalk environment:
/// `….REGION.elb.amazonaws.com` (application and classic), `….elb.REGION.amazonaws.com` (network),
/// `….REGION.elasticbeanstalk.com`.
///
/// Source: <https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resource-record-sets-values-alias.html>.
pub(super) fn region_of(name: &str) -> Option<&str> {
    let labels: Vec<&str> = name.split('.').collect();
    let at = labels.iter().rposition(|label| matches!(*label, "elb" | "elasticbeanstalk"))?;
    match (&labels[..at], labels[at], &labels[at + 1..]) {
        ([_, .., region], "elb", ["amazonaws", ..])
        | ([_, ..], "elb", [region, "amazonaws", ..])
        | ([_, .., region], "elasticbeanstalk", ["com", ..]) => Some(region),
        // Environments in us-east-1 had no region in their names once.
        ([_], "elasticbeanstalk", ["com"]) => Some("us-east-1"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_in_the_name() {
        for (name, region) in [
            ("web-1234567890.eu-west-1.elb.amazonaws.com", Some("eu-west-1")),
            ("internal-web-1234567890.cn-north-1.elb.amazonaws.com.cn", Some("cn-north-1")),
            ("web-0123456789abcdef.elb.us-east-2.amazonaws.com", Some("us-east-2")),
            ("shop.eu-west-1.elasticbeanstalk.com", Some("eu-west-1")),
            ("shop.eba-abcd1234.eu-west-1.elasticbeanstalk.com", Some("eu-west-1")),
            ("shop.elasticbeanstalk.com", Some("us-east-1")),
            ("elb.amazonaws.com", None),
            ("eu-west-1.elb.amazonaws.com", None),
            ("elb.example.com", None),
            ("d111111abcdef8.cloudfront.net", None),
        ] {
            assert_eq!(region_of(name), region, "{name}");
        }
    }

    #[test]
    fn names_are_as_models_have_them() {
        assert_eq!(normal("\\052.Example.COM."), "*.example.com");
        assert_eq!(
            without_stack("dualstack.web-1.eu-west-1.elb.amazonaws.com"),
            "web-1.eu-west-1.elb.amazonaws.com"
        );
        assert_eq!(without_stack("web.example.com"), "web.example.com");
    }
}
