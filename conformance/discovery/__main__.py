"""Runs dig on moto: the circle from each of its members, and an inventory beside what boto3 lists. Exits 1 when a check
fails."""

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from collections import Counter

given = argparse.ArgumentParser(prog="conformance/discovery/run", description=__doc__)
given.add_argument("--dig", required=True, help=argparse.SUPPRESS)
given.add_argument("--moto", required=True, help=argparse.SUPPRESS)
given = given.parse_args()
# The client's own environment must not choose another endpoint, account or proxy.
for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
    del os.environ[name]
os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_EC2_METADATA_DISABLED="true",
                  AWS_CONFIG_FILE=os.devnull, AWS_SHARED_CREDENTIALS_FILE=os.devnull, AWS_REGION="us-east-1",
                  AWS_DEFAULT_REGION="us-east-1")

import boto3  # noqa: E402

import account  # noqa: E402

CHECKS = []


def check(name, passed, told=""):
    CHECKS.append(bool(passed))
    print(f"{'ok  ' if passed else 'FAIL'}  {name}{'' if passed or not told else f': {told}'}", flush=True)


def dig(*args):
    ran = subprocess.run([given.dig, *args, "--format", "json"], capture_output=True, text=True, timeout=300)
    told = ran.stderr.strip().splitlines()
    return ran.returncode, json.loads(ran.stdout) if ran.stdout else None, told[-1] if told else ""


def found(graph, kind):
    return {node["key"] for node in graph["nodes"] if node["type"] == kind and node["outcome"] == "found"}


def missing(graph, members):
    return [f"{kind} {key}" for kind, keys in members.items() for key in keys if key not in found(graph, kind)]


def main():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen([given.moto, "-H", "127.0.0.1", "-p", str(port)],
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 60
        while socket.socket().connect_ex(("127.0.0.1", port)):
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError("moto did not start")
            time.sleep(0.1)
        url = f"http://127.0.0.1:{port}"
        os.environ["AWS_ENDPOINT_URL"] = url
        clients = {}
        examine(lambda service: clients.setdefault(service, boto3.client(service, endpoint_url=url)))
    finally:
        server.terminate()
        server.wait()
    print(f"\n{sum(CHECKS)} of {len(CHECKS)} checks passed")
    return 0 if all(CHECKS) else 1


def examine(client):
    members = account.story(client)
    terms = {
        "an instance's id": members["ec2:instance"][0],
        "a group's name": "shop-group",
        "a launch configuration's name": "shop-config",
        "a key pair's name": "shop-deploy",
        "a load balancer's name": "shop-elb",
        "a tag": "team=shop",
        "a DNS name": "www.shop.example",
    }
    # The rest hangs on these, and leads back to nobody.
    circle = {kind: keys for kind, keys in members.items() if kind not in ["elbv2:load-balancer", "route53:record-set"]}
    circle["route53:record-set"] = members["route53:record-set"][:1]
    instance = client("ec2").describe_instances(InstanceIds=members["ec2:instance"])["Reservations"][0]["Instances"][0]
    has_key = "KeyName" in instance
    of_key = {kind: members[kind] for kind in ["ec2:key-pair", "autoscaling:launch-configuration", "ec2:security-group"]}
    for what, term in terms.items():
        status, graph, told = dig(term)
        # moto gives the instances of a group no key pair, so that nothing but the launch configuration holds it.
        left = missing(graph, of_key if term == "shop-deploy" and not has_key else circle)
        check(f"the circle from {what}", status == 0 and graph["complete"] and not left, f"{told} {left}")
        twice = [name for name, count in Counter((node["type"], node["key"]) for node in graph["nodes"]).items()
                 if count > 1]
        check("  each once", not twice, str(twice))
    arn = members["elbv2:load-balancer"][0]
    status, graph, told = dig(arn)
    check("an ARN leads to its target group", status == 0 and found(graph, "elbv2:target-group"), told)
    status, graph, told = dig("api.shop.example")
    check("an alias leads to its load balancer", found(graph, "elbv2:load-balancer") == {arn}, told)
    status, graph, told = dig("no-such-thing")
    check("what is not there is said", status == 1 and told == "dig: nothing answers to no-such-thing", told)

    account.many(client)
    status, graph, told = dig("--all")
    check("an inventory ends, and says what it saw", graph is not None and (status == 0) == graph["complete"], told)
    print(f"      {told or 'complete'}")
    for kind, count in account.counted(client).items():
        seen = len(found(graph, kind))
        check(f"  {kind}: {count}", seen == count, f"dig found {seen}")
    edges = [edge for edge in graph["edges"] if not {edge["from"], edge["to"]} <= {node["id"] for node in graph["nodes"]}]
    check("  every reference is between resources of the graph", not edges, str(edges[:3]))
    tags = [call for call in graph["calls"] if "DescribeTags" in json.dumps(call)] if isinstance(graph["calls"], list) \
        else graph["calls"].get("elasticloadbalancing:DescribeTags")
    print(f"      calls for tags: {tags}")


sys.exit(main())
