"""What a story is played with: a switch, and SIPp processes as phones and carrier around it."""

import pathlib
import re
import socket
import subprocess
import time

from client import Client
from switch import Switch

HERE = pathlib.Path(__file__).resolve().parent
CONFIG = """\
[sip]
listen = ["udp://{switch}:5066"]
domain = "{switch}"

[media]
address = "{switch}"
ports = "40000-40999"

[transfer]
recall = true
recall_timeout_s = 3
ring_timeout_s = {ring_timeout_s}

[security]
digest = {digest}
login_failures = {login_failures}
ban_s = 300

[[extension]]
number = "1001"
password = "pw1001"
max_contacts = 2

[[extension]]
number = "1002"
password = "pw1002"

[[extension]]
number = "1003"
password = "pw1003"

[[trunk]]
name = "loop"
host = "{carrier}:5090"
accept_from = ["{carrier}"]

[[trunk]]
name = "silent-offer"
host = "{carrier}:5091"
late_offer = true

[[queue]]
name = "support"
number = "8500"
members = ["1002", "1003"]
strategy = "in-order"
ring_s = 2
retry_s = 1

[[route]]
match = "2XXX"
to = "trunk:loop"

[[route]]
match = "3XXX"
to = "trunk:silent-offer"

[[route]]
match = "7XXX"
to = "conference:{{number}}"

[[route]]
match = "6000"
to = "music"

[[route]]
match = "6001"
to = "echo"

[[route]]
match = "10XX"
to = "{{number}}"
"""


class StoryError(Exception):
    """Something that a story needs did not happen."""


class Sipp:
    """One SIPp process; its messages are in `trace`."""

    def __init__(self, name, command, directory):
        self.name = name
        self.trace = directory / f"{name}.msg"
        self.errors = directory / f"{name}.err"
        self.screen = open(directory / f"{name}.out", "wb")
        files = ["-trace_msg", "-message_file", str(self.trace), "-trace_err", "-error_file", str(self.errors)]
        self.process = subprocess.Popen(
            command + files, cwd=directory, stdin=subprocess.DEVNULL, stdout=self.screen, stderr=subprocess.STDOUT
        )

    def messages(self, pattern):
        """The messages that came or went so far whose first line fits."""
        text = self.trace.read_text(errors="replace") if self.trace.exists() else ""
        parts = re.split(r"^-{40,}.*\n", text, flags=re.M)
        found = []
        for part in parts:
            message = part.split("\n\n", 1)[1].lstrip() if "\n\n" in part else ""
            if re.match(pattern, message):
                found.append(message)
        return found

    def wait(self, bound):
        try:
            code = self.process.wait(bound)
        except subprocess.TimeoutExpired:
            raise StoryError(f"{self.name} is not done after {bound} s") from None
        if code != 0:
            raise StoryError(f"{self.name} failed (SIPp says {code})")

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.screen.close()


class World:
    """`lane` makes the addresses of one story; see `run`."""

    def __init__(self, directory, lane, ring_timeout_s=3, digest='["MD5"]', login_failures=10):
        self.directory, self.net = directory, f"127.0.{lane}"
        self.switch_at, self.carrier = f"{self.net}.1", f"{self.net}.9"
        self.processes, self.clients, self.ports = [], [], 0
        config = CONFIG.format(
            switch=self.switch_at,
            carrier=self.carrier,
            ring_timeout_s=ring_timeout_s,
            digest=digest,
            login_failures=login_failures,
        )
        self.switch = Switch(directory, config, self.switch_at, 5066)

    # -- who takes part

    def caller(self, scenario, number, user="1001", name=None, talk_ms=300, calls=1, at=None, cid=None, **keys):
        """A SIPp that calls `number` as extension `user`. Keys are those of the scenario: target, other_call ..."""
        address = at or self.address_of(user)
        self.ports += 1
        options = ["-p", str(5100 + self.ports), "-s", number, "-d", str(talk_ms), "-recv_timeout", "12000"]
        if scenario != "register":
            options += ["-auth_uri", f"{number}@{self.switch_at}:5066"]
        if cid:
            options += ["-cid_str", cid]
        return self._sipp(name or scenario, scenario, address, user, options, calls, keys)

    def called(self, scenario, user=None, port=5090, talk_ms=300, calls=1, name=None, patience_s=12):
        """A SIPp that is called: the carrier, or extension `user`, which is registered first. It waits `patience_s` for
        what comes next in its scenario."""
        address = self.address_of(user) if user else self.carrier
        if user:
            port = 5070
            self.register(user, address, port)
        name = name or f"{scenario}-{user or port}"
        options = ["-p", str(port), "-d", str(talk_ms), "-recv_timeout", str(1000 * patience_s)]
        sipp = self._sipp(name, scenario, address, user or "2000", options, calls, {})
        self.until(lambda: bound(address, port) or sipp.process.poll() is not None, 5, f"{sipp.name} does not start")
        return sipp

    def register(self, user, address, port):
        """Registers `user` at this address and port, from there."""
        client = Client(address, (self.switch_at, 5066), user, f"pw{user}", port)
        try:
            response = client.register(algorithm="MD5")[1]
        finally:
            client.close()
        if response.status != 200:
            raise StoryError(f"{user} cannot register: {response.first}")

    def client(self, user="1001", password=None):
        """A small client in place of SIPp."""
        client = Client(self.address_of(user), (self.switch_at, 5066), user, password or f"pw{user}")
        self.clients.append(client)
        return client

    def address_of(self, user):
        return f"{self.net}.{int(user[-1]) + 1}"

    def _sipp(self, name, scenario, address, user, options, calls, keys):
        self.ports += 1
        command = ["sipp", f"{self.switch_at}:5066", "-sf", str(HERE / f"{scenario}.xml"), "-i", address, "-mi", address]
        command += ["-mp", str(30000 + 4 * self.ports), "-ci", address, "-m", str(calls), "-nostdin", "-skip_rlimit"]
        command += ["-key", "user", user, "-au", user, "-ap", f"pw{user}"] + options
        for key, value in keys.items():
            command += ["-key", key, value]
        sipp = Sipp(name, command, self.directory)
        self.processes.append(sipp)
        return sipp

    # -- how it goes

    def until(self, condition, seconds, complaint):
        """Asks until the condition gives something true, and returns that."""
        end = time.monotonic() + seconds
        while not (result := condition()):
            if time.monotonic() > end:
                raise StoryError(complaint)
            time.sleep(0.02)
        return result

    def dialog_of(self, sipp, status):
        """Call-ID and To tag of the dialog of a SIPp caller, once it has this status."""

        def known():
            for message in sipp.messages(rf"SIP/2\.0 {status}"):
                tag = re.search(r"^To:.*;tag=(\S+)", message, re.M)
                if tag and "INVITE" in message:
                    return re.search(r"^Call-ID: *(\S+)", message, re.M)[1], tag[1].strip()
            return None

        return self.until(known, 6, f"{sipp.name} gets no {status}")

    def refused_with(self, sipp, *statuses):
        """The caller was refused with one of these."""
        sipp.wait(15)
        said = [int(m.split()[1]) for m in sipp.messages(r"SIP/2\.0 [3-6]") if " INVITE" in m]
        if said[-1] not in statuses:
            raise StoryError(f"{sipp.name} was refused with {said[-1]} instead of {statuses}")

    def everybody_is_done(self, bound=15):
        """Every SIPp has come to the end of its scenario, and the switch lives."""
        for sipp in self.processes:
            sipp.wait(bound)
        if not self.switch.answers(2):
            raise StoryError("the switch no longer answers OPTIONS")

    def stop_switch(self):
        self.switch.stop()

    def end(self):
        """Ends whatever is left, after a failure."""
        for sipp in self.processes:
            sipp.end()
        for client in self.clients:
            client.close()
        if self.switch.process.poll() is None:
            self.switch.process.kill()
            self.switch.process.wait()


def bound(address, port):
    """Whether some process has this UDP socket."""
    hexadecimal = f"{int.from_bytes(socket.inet_aton(address), 'little'):08X}:{port:04X}"
    with open("/proc/net/udp", encoding="ascii") as sockets:
        return any(line.split()[1] == hexadecimal for line in sockets)
