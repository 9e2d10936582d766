"""EC2, load balancers, Auto Scaling, Beanstalk, Route 53, ECS, Lambda and IAM, through boto3."""

from expect import equal, error
from server import server

GENERATED = {"generate": {"instances": 2100, "classic_load_balancers": 450, "auto_scaling_groups": 130,
                          "record_sets": 700, "hosted_zones": 2, "others": 60}}


def every(client, operation, key, **given):
    """All pages; and how many they were."""
    pages = list(client.get_paginator(operation).paginate(**given))
    return [one for page in pages for one in page[key]], len(pages)


def the_circle_of_the_story_refers_to_itself():
    with server(seed={"story": True}) as aws:
        [record] = [record for zone in aws.client("route53").list_hosted_zones()["HostedZones"]
                    for record in aws.client("route53").list_resource_record_sets(HostedZoneId=zone["Id"])
                    ["ResourceRecordSets"] if record["Name"] == "www.shop.example." and "AliasTarget" in record]
        beanstalk, scaling = aws.client("elasticbeanstalk"), aws.client("autoscaling")
        environments = beanstalk.describe_environments()["Environments"]
        target = record["AliasTarget"]["DNSName"].rstrip(".").lower().removeprefix("dualstack.")
        [environment] = [one for one in environments if target in (one["CNAME"].lower(), one["EndpointURL"].lower())]
        parts = beanstalk.describe_environment_resources(EnvironmentId=environment["EnvironmentId"])
        parts = parts["EnvironmentResources"]
        balancers = aws.client("elb").describe_load_balancers(
            LoadBalancerNames=[one["Name"] for one in parts["LoadBalancers"]])["LoadBalancerDescriptions"]
        groups = scaling.describe_auto_scaling_groups(
            AutoScalingGroupNames=[one["Name"] for one in parts["AutoScalingGroups"]])["AutoScalingGroups"]
        equal(groups[0]["LoadBalancerNames"], [balancers[0]["LoadBalancerName"]])
        ids = sorted(one["InstanceId"] for one in groups[0]["Instances"])
        equal(sorted(one["InstanceId"] for one in balancers[0]["Instances"]), ids)
        told = aws.client("ec2").describe_instances(InstanceIds=ids)["Reservations"]
        instances = [instance for reservation in told for instance in reservation["Instances"]]
        keys = {instance["KeyName"] for instance in instances}
        equal(len(aws.client("ec2").describe_key_pairs(KeyNames=sorted(keys))["KeyPairs"]), len(keys))
        tags = {tag["Key"]: tag["Value"] for tag in instances[0]["Tags"]}
        equal(tags["elasticbeanstalk:environment-name"], environment["EnvironmentName"])


def lists_have_pages():
    with server(seed=GENERATED) as aws:
        ec2, elb, scaling = aws.client("ec2"), aws.client("elb"), aws.client("autoscaling")
        reservations, pages = every(ec2, "describe_instances", "Reservations", PaginationConfig={"PageSize": 1000})
        ids = {instance["InstanceId"] for one in reservations for instance in one["Instances"]}
        equal((len(ids), pages), (2100, 3))
        balancers, pages = every(elb, "describe_load_balancers", "LoadBalancerDescriptions")
        equal((len({one["LoadBalancerName"] for one in balancers}), pages), (450, 2))
        groups, pages = every(scaling, "describe_auto_scaling_groups", "AutoScalingGroups")
        equal((len({one["AutoScalingGroupName"] for one in groups}), pages >= 2), (130, True))
        route53 = aws.client("route53")
        zones, _ = every(route53, "list_hosted_zones", "HostedZones")
        told = [every(route53, "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone["Id"])
                for zone in zones]
        records = {(zone["Id"], one["Name"], one["Type"]) for zone, (some, _) in zip(zones, told) for one in some}
        # Those of a zone that has them come with it.
        assert len(records) >= 700 and max(pages for _, pages in told) >= 2, (len(records), told[0][1])
        functions, pages = every(aws.client("lambda"), "list_functions", "Functions")
        equal((len({one["FunctionName"] for one in functions}), pages), (60, 2))
        roles, _ = every(aws.client("iam"), "list_roles", "Roles")
        assert len(roles) >= 60, len(roles)
        clusters, _ = every(aws.client("ecs"), "list_clusters", "clusterArns")
        assert clusters


def what_is_unknown_or_too_much_is_refused():
    with server(seed=GENERATED) as aws:
        ec2, elb = aws.client("ec2"), aws.client("elb")
        known = ec2.describe_instances(MaxResults=5)["Reservations"][0]["Instances"][0]["InstanceId"]
        error("InvalidInstanceID.NotFound", ec2.describe_instances, InstanceIds=[known, "i-0123456789abcdef0"])
        error("InvalidInstanceID.Malformed", ec2.describe_instances, InstanceIds=["web"])
        error("InvalidParameterCombination", ec2.describe_instances, InstanceIds=[known], MaxResults=5)
        error("InvalidKeyPair.NotFound", ec2.describe_key_pairs, KeyNames=["none"])
        error("InvalidParameterValue", ec2.describe_instances, Filters=[{"Name": "no-such-filter", "Values": ["x"]}])
        equal(ec2.describe_instances(Filters=[{"Name": "instance-id", "Values": ["i-none"]}])["Reservations"], [])
        told = ec2.describe_instances(Filters=[{"Name": "instance-id", "Values": [known[:-3] + "*"]}])
        assert known in str(told["Reservations"])
        error("LoadBalancerNotFound", elb.describe_load_balancers, LoadBalancerNames=["none"])
        names = [one["LoadBalancerName"] for one in elb.describe_load_balancers()["LoadBalancerDescriptions"]]
        equal(len(elb.describe_tags(LoadBalancerNames=names[:20])["TagDescriptions"]), 20)
        try:
            elb.describe_tags(LoadBalancerNames=names[:21])
        except Exception as failure:
            assert "20" in str(failure), failure
        else:
            raise AssertionError("21 names in one DescribeTags")
        scaling = aws.client("autoscaling")
        equal(scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["none"])["AutoScalingGroups"], [])
        error("NoSuchHostedZone", aws.client("route53").list_resource_record_sets, HostedZoneId="ZNONE")
        error("NoSuchEntity", aws.client("iam").get_role, RoleName="none")
        error("ResourceNotFoundException", aws.client("lambda").get_function, FunctionName="none")
        failures = aws.client("ecs").describe_clusters(clusters=["none"])["failures"]
        equal(failures[0]["reason"], "MISSING")


CHECKS = [the_circle_of_the_story_refers_to_itself, lists_have_pages, what_is_unknown_or_too_much_is_refused]
