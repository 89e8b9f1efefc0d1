"""Starts a switch on free ports and has schemathesis ask it everything."""

import os
import pathlib
import socket
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "sip-scenarios"))
from switch import Switch  # noqa: E402

CONFIG = """\
[sip]
listen = ["udp://127.0.0.1:{sip}"]

[media]
ports = "{media}-{last}"

[http]
listen = "127.0.0.1:{http}"
requests_per_second = 0
webhook_hosts = ["desk.example"]

[[http.token]]
name = "operator"
token = "operator-token"
scopes = ["admin"]

[[extension]]
number = "1001"
password = "pw1001"

[[trunk]]
name = "loop"
host = "127.0.0.1:9"

[[route]]
match = "7XXX"
to = "conference:{{number}}"
"""


def free(kind):
    """A port that nobody uses now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    sip, http, media = free(socket.SOCK_DGRAM), free(socket.SOCK_STREAM), 27800
    config = CONFIG.format(sip=sip, http=http, media=media, last=media + 199)
    with tempfile.TemporaryDirectory(prefix="warmline-contract-") as directory:
        switch = Switch(directory, config, "127.0.0.1", sip)
        command = [
            sys.argv[1], "--config-file", str(HERE / "schemathesis.toml"), "run", f"http://127.0.0.1:{http}/openapi.json",
            "--checks", "all", "--max-examples", "40", "--seed", "1", "--suppress-health-check", "all",
            "--request-timeout", "70", "--no-color", *sys.argv[2:],
        ]  # fmt: skip
        environment = {**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)}
        status = subprocess.run(command, cwd=directory, env=environment, check=False).returncode
        switch.stop()
    print(f"{1 if status == 0 else 0} passed, {1 if status else 0} failed")
    sys.exit(status)


main()
