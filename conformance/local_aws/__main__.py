"""Runs every check, and prints a table: peer, check, pass or fail."""

import os
import sys
import time

import server

# The client's own environment must not choose another endpoint, account or proxy.
for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
    del os.environ[name]
os.environ.update(AWS_EC2_METADATA_DISABLED="true", AWS_CONFIG_FILE=os.devnull,
                  AWS_SHARED_CREDENTIALS_FILE=os.devnull)
server.PROGRAM = sys.argv[1]

import cli, conditions, copies, keys, listing, objects, program  # noqa: E402
import queues, resources, streams, tables, uploads, versions  # noqa: E402

PEERS = [("boto3", module) for module in (objects, keys, listing, copies, uploads, versions, tables, streams, queues,
                                          resources, conditions)]
PEERS += [("aws cli", cli), ("shell", program)]

failed = 0
for peer, module in PEERS:
    for check in module.CHECKS:
        start = time.monotonic()
        try:
            check()
            result = "pass"
        except Exception as problem:
            failed += 1
            result = f"FAIL  {type(problem).__name__}: {problem}"
        name = f"{module.__name__}: {check.__name__.replace('_', ' ')}"
        print(f"{peer:8} {name:44} {time.monotonic() - start:6.1f} s  {result}", flush=True)
print(f"{failed} failed" if failed else "all pass")
sys.exit(1 if failed else 0)
