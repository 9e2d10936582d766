"""Wrong input is one clear line, and exit status 2."""

import os
import subprocess
import tempfile

import server
from expect import equal


def wrong(*flags, says):
    done = subprocess.run([server.PROGRAM, *flags], capture_output=True, text=True, timeout=10)
    equal((flags, done.returncode, done.stdout, done.stderr.count("\n")), (flags, 2, "", 1))
    assert says in done.stderr, f"{flags}: {done.stderr.strip()}"


def wrong_input():
    wrong("--nonsense", says="--nonsense")
    wrong("--port", "x", says="port")
    wrong("--limits", "foo", says="foo")
    for flag in ("--limits", "--latency", "--faults", "--seed"):
        wrong(flag, "/nowhere/file.json", says="/nowhere/file.json")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "typo.json")
            with open(path, "w") as file:
                file.write('{"limitz": [}')
            wrong(flag, path, says=path)


def port_in_use():
    with server.server() as aws:
        port = aws.url.rsplit(":", 1)[1]
        wrong("--port", port, says=port)


CHECKS = [wrong_input, port_in_use]
