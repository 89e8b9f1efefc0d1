"""The release switch as a process of a test: started in a directory of its own, known to be ready, ended."""

import os
import pathlib
import signal
import socket
import subprocess
import time

PROGRAM = pathlib.Path(
    os.environ.get("WARMLINE") or pathlib.Path(__file__).resolve().parents[1] / "target/release/warmline"
).resolve()
OPTIONS = (
    "OPTIONS sip:{0} SIP/2.0\r\nVia: SIP/2.0/UDP {1};rport;branch=z9hG4bKready\r\nMax-Forwards: 70\r\n"
    "From: <sip:ready@{0}>;tag=1\r\nTo: <sip:{0}>\r\nCall-ID: ready@{1}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
)


class SwitchError(Exception):
    """The switch did not start, or did not end as it should."""


class Switch:
    """`address` and `port` are those of its `listen` in `config`. It is ready when the constructor returns."""

    def __init__(self, directory, config, address, port):
        self.directory = pathlib.Path(directory)
        self.log_path = self.directory / "switch.log"
        (self.directory / "config.toml").write_text(config)
        self.where = (address, port)
        self.log = open(self.log_path, "wb")
        if not PROGRAM.exists():
            raise SwitchError(f"{PROGRAM} is missing: make build")
        # Registrations are kept in its own directory: none comes from a switch before, a restart finds its own.
        environment = {**os.environ, "STATE_DIRECTORY": str(self.directory.resolve() / "state")}
        self.process = subprocess.Popen(
            [PROGRAM, "run", "config.toml"],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
        )
        try:
            self._wait_until_ready()
        except SwitchError:
            self.process.kill()
            self.process.wait()
            raise

    def _wait_until_ready(self):
        end = time.monotonic() + 15
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise SwitchError(f"the switch ended at once: {self.said()}")
            if self.answers():
                return
        raise SwitchError(f"the switch does not answer OPTIONS: {self.said()}")

    def answers(self, bound=0.2):
        """Whether it answers OPTIONS within `bound` seconds."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((self.where[0], 0))
            probe.settimeout(bound)
            try:
                probe.sendto(OPTIONS.format(self.where[0], "%s:%d" % probe.getsockname()).encode(), self.where)
                return probe.recv(4096).startswith(b"SIP/2.0 200")
            except OSError:
                return False

    def said(self, size=2000):
        """The end of its log."""
        return self.log_path.read_text(errors="replace")[-size:]

    def cpu_seconds(self):
        """User and system time so far, of all its threads."""
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / 100.0

    def thread_seconds(self, name):
        """The same of the threads whose names begin with `name`, from the scheduler's own books (nanoseconds)."""
        spent = 0
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            if (task / "comm").read_text().startswith(name):
                spent += int((task / "schedstat").read_text().split()[0])
        return spent / 1e9

    def memory_kib(self):
        """Resident memory."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0])

    def stop(self):
        """SIGTERM: it must end by itself, with exit code 0."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise SwitchError("the switch did not end within 20 s of SIGTERM") from None
        finally:
            self.log.close()
        if code != 0:
            raise SwitchError(f"the switch ended with exit code {code}: {self.said()}")
