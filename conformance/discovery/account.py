"""The drawing of the story, and an account of some hundred resources, made with boto3."""

import io
import json
import zipfile

REGION = "us-east-1"


def story(client):
    """Everything that refers to everything; gives the keys by which dig shows them, by type."""
    ec2, elb, elbv2 = client("ec2"), client("elb"), client("elbv2")
    scaling, route53, iam = client("autoscaling"), client("route53"), client("iam")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnets = [ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.7.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")
               ["Subnet"]["SubnetId"] for n, zone in enumerate("ab")]
    group = ec2.create_security_group(GroupName="shop", Description="shop", VpcId=vpc)["GroupId"]
    ec2.create_key_pair(KeyName="shop-deploy")
    role = {"Version": "2012-10-17", "Statement": []}
    iam.create_role(RoleName="shop-role", AssumeRolePolicyDocument=json.dumps(role))
    iam.create_instance_profile(InstanceProfileName="shop-profile")
    iam.add_role_to_instance_profile(InstanceProfileName="shop-profile", RoleName="shop-role")
    scaling.create_launch_configuration(LaunchConfigurationName="shop-config", ImageId=image, KeyName="shop-deploy",
                                        InstanceType="t2.micro", SecurityGroups=[group],
                                        IamInstanceProfile="shop-profile")
    balancer = elb.create_load_balancer(
        LoadBalancerName="shop-elb", Subnets=subnets, SecurityGroups=[group],
        Listeners=[{"Protocol": "tcp", "LoadBalancerPort": 80, "InstancePort": 80}],
        Tags=[{"Key": "team", "Value": "shop"}])["DNSName"]
    alb = elbv2.create_load_balancer(Name="shop-alb", Subnets=subnets, SecurityGroups=[group])["LoadBalancers"][0]
    target = elbv2.create_target_group(Name="shop-targets", Protocol="HTTP", Port=80, VpcId=vpc)["TargetGroups"][0]
    elbv2.create_listener(LoadBalancerArn=alb["LoadBalancerArn"], Protocol="HTTP", Port=80, DefaultActions=[
        {"Type": "forward", "TargetGroupArn": target["TargetGroupArn"]}])
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="shop-group", LaunchConfigurationName="shop-config", MinSize=2, MaxSize=2,
        VPCZoneIdentifier=",".join(subnets), LoadBalancerNames=["shop-elb"],
        TargetGroupARNs=[target["TargetGroupArn"]])
    members = scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]["Instances"]
    zone = route53.create_hosted_zone(Name="shop.example.", CallerReference="1")["HostedZone"]["Id"].split("/")[-1]
    records = [{"Name": "www.shop.example.", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": balancer}]},
               {"Name": "api.shop.example.", "Type": "A", "AliasTarget": {
                   "HostedZoneId": alb["CanonicalHostedZoneId"], "DNSName": alb["DNSName"],
                   "EvaluateTargetHealth": False}}]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [
        {"Action": "CREATE", "ResourceRecordSet": record} for record in records]})
    return {
        "ec2:instance": [member["InstanceId"] for member in members],
        "ec2:key-pair": ["shop-deploy"],
        "ec2:security-group": [group],
        "ec2:subnet": subnets,
        "ec2:vpc": [vpc],
        "autoscaling:group": ["shop-group"],
        "autoscaling:launch-configuration": ["shop-config"],
        "elb:load-balancer": ["shop-elb"],
        "elbv2:load-balancer": [alb["LoadBalancerArn"]],
        "elbv2:target-group": [target["TargetGroupArn"]],
        "route53:hosted-zone": [zone],
        "route53:record-set": [f"{zone}/www.shop.example/CNAME", f"{zone}/api.shop.example/A"],
    }


def many(client):
    """Enough of each to need pages where moto has them."""
    ec2, elb = client("ec2"), client("elb")
    route53, sqs, s3, kinesis = client("route53"), client("sqs"), client("s3"), client("kinesis")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    for _ in range(12):
        ec2.run_instances(ImageId=image, MinCount=10, MaxCount=10, InstanceType="t2.micro")
    for n in range(120):
        elb.create_load_balancer(LoadBalancerName=f"many-{n:03}", AvailabilityZones=[f"{REGION}a"],
                                 Listeners=[{"Protocol": "tcp", "LoadBalancerPort": 80, "InstancePort": 80}],
                                 Tags=[{"Key": "number", "Value": f"n{n}"}])
        sqs.create_queue(QueueName=f"many-{n:03}")
        s3.create_bucket(Bucket=f"many-{n:03}")
    zone = route53.create_hosted_zone(Name="many.example.", CallerReference="2")["HostedZone"]["Id"]
    for start in range(0, 350, 50):
        route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [
            {"Action": "CREATE", "ResourceRecordSet": {"Name": f"n{n}.many.example.", "Type": "A", "TTL": 60,
                                                       "ResourceRecords": [{"Value": "10.0.0.1"}]}}
            for n in range(start, start + 50)]})
    for n in range(5):
        kinesis.create_stream(StreamName=f"many-{n}", ShardCount=1)
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as file:
        file.writestr("main.py", "def handler(event, context): pass")
    role = client("iam").get_role(RoleName="shop-role")["Role"]["Arn"]
    for n in range(60):
        client("lambda").create_function(FunctionName=f"many-{n}", Runtime="python3.12", Role=role,
                                         Handler="main.handler", Code={"ZipFile": code.getvalue()})
    cluster = client("ecs").create_cluster(clusterName="many")["cluster"]["clusterArn"]
    client("ecs").register_task_definition(family="many", containerDefinitions=[
        {"name": "a", "image": "b", "memory": 64}])
    for n in range(12):
        client("ecs").create_service(cluster=cluster, serviceName=f"many-{n}", taskDefinition="many")


def counted(client):
    """What boto3 lists of each type, to its last page."""
    def pages(service, operation, key, **given):
        found = client(service).get_paginator(operation).paginate(**given)
        return sum((page.get(key, []) for page in found), [])
    zones = pages("route53", "list_hosted_zones", "HostedZones")
    records = [pages("route53", "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone["Id"])
               for zone in zones]
    instances = [one for group in pages("ec2", "describe_instances", "Reservations") for one in group["Instances"]]
    return {
        "ec2:instance": len(instances),
        "ec2:volume": len(pages("ec2", "describe_volumes", "Volumes")),
        "ec2:subnet": len(pages("ec2", "describe_subnets", "Subnets")),
        "ec2:security-group": len(pages("ec2", "describe_security_groups", "SecurityGroups")),
        "autoscaling:group": len(pages("autoscaling", "describe_auto_scaling_groups", "AutoScalingGroups")),
        "elb:load-balancer": len(pages("elb", "describe_load_balancers", "LoadBalancerDescriptions")),
        "elbv2:load-balancer": len(pages("elbv2", "describe_load_balancers", "LoadBalancers")),
        "route53:hosted-zone": len(zones),
        "route53:record-set": sum(map(len, records)),
        "lambda:function": len(pages("lambda", "list_functions", "Functions")),
        "ecs:service": len(pages("ecs", "list_services", "serviceArns", cluster="many")),
        "s3:bucket": len(client("s3").list_buckets()["Buckets"]),
        "sqs:queue": len(pages("sqs", "list_queues", "QueueUrls")),
        "kinesis:stream": len(pages("kinesis", "list_streams", "StreamNames")),
        "iam:role": len(pages("iam", "list_roles", "Roles")),
    }
