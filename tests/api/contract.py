"""Starts a switch on free ports, keeps some calls alive in it, and has schemathesis ask it everything."""

import collections
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SCENARIOS = HERE.parents[1] / "sip-scenarios"
sys.path.insert(0, str(SCENARIOS))
from switch import Switch  # noqa: E402

CONFIG = """\
[sip]
listen = ["udp://127.0.0.1:{sip}"]

[media]
ports = "{media}-{last}"

[http]
listen = "127.0.0.1:{http}"
requests_per_second = 0
jwt_max_s = 86400
webhook_hosts = ["desk.example"]

[recording]
directory = "recordings"
min_free_mb = 1

[[http.token]]
name = "operator"
token = "operator-token"
scopes = ["admin"]

[[extension]]
number = "1001"
password = "pw1001"

[[queue]]
name = "support"
members = ["1001"]

[[trunk]]
name = "loop"
host = "127.0.0.1:{called}"
accept_from = ["127.0.0.1"]

[[route]]
match = "2XXX"
to = "trunk:loop"

[[route]]
match = "9000"
to = "flow:nobody"
flow_timeout_s = 60

[[route]]
match = "7XXX"
to = "conference:{{number}}"
"""
# Who is called by whom without end: an answering trunk, a room, and nobody, who leaves the caller waiting for a program.
CALLED = {"2001": 8, "7001": 2, "9000": 4}
# What is sent is chance; some operations want what is seldom so: somebody who rings, one person in two calls.
MAY_LACK = 5


def free(kind):
    """A port that nobody uses now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def sipp(directory, switch, role, port, *options):
    """One side of the calls that are there all the time: whoever is hung up calls again."""
    command = ["sipp", f"127.0.0.1:{switch}", "-sf", str(SCENARIOS / f"load-{role}.xml"), "-i", "127.0.0.1", "-p", str(port)]
    command += ["-ci", "127.0.0.1", "-key", "user", "4930123", "-nostdin", *options]
    return subprocess.Popen(
        command, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def granted(counts):
    """Says how many operations were carried out at least once, and which were not. True when these are few."""
    statuses = collections.defaultdict(collections.Counter)
    for operation, status, count in counts:
        statuses[operation][status] += count
    never = {name: seen for name, seen in statuses.items() if not any(200 <= status < 300 for status in seen)}
    print(f"{len(statuses) - len(never)} of {len(statuses)} operations were granted at least once" + ("; never:" if never else ""))
    for name, seen in sorted(never.items()):
        print(f"  {name}: " + ", ".join(f"{count} times {status}" for status, count in sorted(seen.items())))
    return len(never) <= MAY_LACK


def main():
    sip, http, called, media = free(socket.SOCK_DGRAM), free(socket.SOCK_STREAM), free(socket.SOCK_DGRAM), 27800
    config = CONFIG.format(sip=sip, http=http, called=called, media=media, last=media + 1199)
    directory, calls = tempfile.mkdtemp(prefix="warmline-contract-"), []
    switch = Switch(directory, config, "127.0.0.1", sip)
    try:
        calls.append(sipp(directory, sip, "uas", called))
        for number, at_once in CALLED.items():
            options = ["-s", number, "-r", "10", "-l", str(at_once), "-d", "600000"]
            calls.append(sipp(directory, sip, "uac", free(socket.SOCK_DGRAM), *options))
        command = [
            sys.argv[1], "--config-file", str(HERE / "schemathesis.toml"), "run", f"http://127.0.0.1:{http}/openapi.json",
            # What was made may be over a moment later: who is called answers, or not, and calls end.
            "--checks", "all", "--exclude-checks", "ensure_resource_availability", "--max-examples", "40", "--seed", "1", "--suppress-health-check", "all",
            "--request-timeout", "70", "--no-color", *sys.argv[2:],
        ]  # fmt: skip
        counts = pathlib.Path(directory, "counts.json")
        environment = {
            **os.environ,
            "SCHEMATHESIS_HOOKS": "hooks",
            "PYTHONPATH": str(HERE),
            "WARMLINE_CONTRACT_API": f"http://127.0.0.1:{http}",
            "WARMLINE_CONTRACT_COUNTS": str(counts),
        }
        status = subprocess.run(command, cwd=directory, env=environment, check=False).returncode
        all_granted = granted(json.loads(counts.read_text())) or len(sys.argv) > 2 and "--include-path" in sys.argv
    finally:
        for process in calls:
            process.kill()
            process.wait()
        switch.stop()
    failed = (status != 0) + (not all_granted)
    if not failed:
        shutil.rmtree(directory)
    print(f"{2 - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
