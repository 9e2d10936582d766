"""The servers that are asked: each on a free port, and ended by its own process."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager

ELASTICMQ = """include classpath("application.conf")
node-address {{ protocol = http, host = 127.0.0.1, port = {port}, context-path = "" }}
rest-sqs {{ enabled = true, bind-port = {port}, bind-hostname = "127.0.0.1", sqs-limits = strict }}
rest-stats {{ enabled = false }}
queues {{}}
"""


class Absent(Exception):
    """The peer is not installed."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(command, port, **more):
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)
    try:
        end = time.monotonic() + 120
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"{command[0]} did not start")
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@contextmanager
def local_aws(program):
    port = free_port()
    with running([program, "--port", str(port), "--limits", "none"], port) as url:
        yield url


@contextmanager
def elasticmq(folder):
    lib = os.path.join(folder, "elasticmq", "lib")
    if not os.path.isdir(lib) or not shutil.which("java"):
        raise Absent("ElasticMQ: no java, or no jars; conformance/sqs/run install fetches them")
    with tempfile.TemporaryDirectory() as place:
        port, conf = free_port(), os.path.join(place, "elasticmq.conf")
        with open(conf, "w") as file:
            file.write(ELASTICMQ.format(port=port))
        command = ["java", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", f"-Dconfig.file={conf}", "-cp",
                   os.path.join(lib, "*"), "org.elasticmq.server.Main"]
        with running(command, port) as url:
            yield url


@contextmanager
def moto(folder):
    program = os.path.join(folder, "moto", "bin", "moto_server")
    if not os.path.exists(program):
        raise Absent("moto: not there; conformance/sqs/run install fetches it")
    port = free_port()
    with running([program, "-H", "127.0.0.1", "-p", str(port)], port) as url:
        yield url
