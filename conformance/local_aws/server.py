"""The program under test: started on a free port, stopped by its own process."""

import json
import os
import subprocess
import tempfile
import urllib.request
from contextlib import contextmanager

import boto3
from botocore.config import Config

PROGRAM = None  # set by __main__


class Server:
    def __init__(self, process, url):
        self.process, self.url = process, url

    def client(self, service, attempts=1, **config):
        """A boto3 client; with one attempt an answer is seen as it was given."""
        config = Config(retries={"total_max_attempts": attempts, "mode": "standard"}, **config)
        return boto3.client(service, endpoint_url=self.url, region_name="us-east-1", config=config,
                            aws_access_key_id="test", aws_secret_access_key="test")

    def counters(self, service, action):
        with urllib.request.urlopen(self.url + "/_tidegate/counters") as answer:
            return json.load(answer)["services"][service][action]

    def peak_memory_mb(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            peak = next(line for line in status if line.startswith("VmHWM"))
        return int(peak.split()[1]) / 1024


@contextmanager
def server(*flags, **files):
    """Files are values written as JSON and passed by flags of their names: limits, faults, seed."""
    files.setdefault("limits", None)
    with tempfile.TemporaryDirectory() as folder:
        command = [PROGRAM, "--port", "0", *flags]
        for flag, value in files.items():
            path = "none"
            if value is not None:
                path = os.path.join(folder, flag + ".json")
                with open(path, "w") as file:
                    json.dump(value, file)
            command += ["--" + flag, path]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            # The first line says where it listens, once everything is seeded.
            yield Server(process, process.stdout.readline().split()[-1])
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()
