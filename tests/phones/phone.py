"""One baresip in one network namespace: started with the smallest configuration that works, driven over ctrl_tcp."""

import json
import pathlib
import re
import select
import socket
import subprocess
import time

from ear import Ear

MODULES = next(
    (str(p.parent) for p in pathlib.Path("/usr/lib").glob("**/baresip/modules/g711.so")), "/usr/lib/baresip/modules"
)
CONFIG = """\
poll_method         epoll
sip_listen          {address}:5060
call_local_timeout  120
call_max_calls      4
audio_source        aufile,{tone}
audio_player        aubridge,ear
audio_alert         aubridge,bell
ausrc_srate         {rate}
auplay_srate        8000
ausrc_channels      1
auplay_channels     1
jitter_buffer_type  fixed
jitter_buffer_delay 2-10
rtp_ports           10000-10998
module_path         {modules}
module              g711.so
module              g722.so
module              opus.so
module              aufile.so
module              aubridge.so
module              srtp.so
module_tmp          account.so
module_app          menu.so
module_app          ctrl_tcp.so
ctrl_tcp_listen     {address}:4444
"""
ACCOUNT = "<sip:{user}@{domain}>;auth_user={user};auth_pass={password};regint={regint};audio_codecs={codecs}{more}\n"


class PhoneError(Exception):
    """The phone did not do what the story needs."""


class Phone:
    """`hz` is the tone that this phone's user says all the time."""

    def __init__(self, name, net, address, hz, directory, user, domain, password, codecs="PCMU/8000/1", more=""):
        self.name, self.net, self.address, self.hz, self.user = name, net, address, hz, user
        self.directory = pathlib.Path(directory) / name
        self.directory.mkdir(parents=True)
        self.tone = self.directory / "tone.wav"
        self._set_rate(codecs)
        regint = 600 if password else 0
        account = ACCOUNT.format(
            user=user, domain=domain, password=password or "none", regint=regint, codecs=codecs, more=more
        )
        (self.directory / "accounts").write_text(account)
        (self.directory / "contacts").write_text("")
        self.ear = Ear(f"to-{name}", address)
        self.process = self.control = None
        self.inbox, self.events, self.replies, self.tokens = b"", [], {}, 0

    def _set_rate(self, codecs):
        """Its microphone has the rate of its codec: it converts so badly that no digit is left."""
        rate = codecs.split("/")[1]
        config = CONFIG.format(address=self.address, tone=self.tone, modules=MODULES, rate=rate)
        (self.directory / "config").write_text(config)
        sine = ["synth", "120", "sine", str(self.hz), "vol", "0.3"]
        subprocess.run(["sox", "-n", "-r", rate, "-c", "1", "-b", "16", self.tone, *sine], check=True)

    # -- life

    def start(self):
        self.log = open(self.directory / "log", "ab")
        command = ["ip", "netns", "exec", self.net, "baresip", "-s", "-f", str(self.directory)]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.control = until(self._connect, 10, f"{self.name}: baresip does not start (see {self.directory}/log)")

    def _connect(self):
        if self.process.poll() is not None:
            raise PhoneError(f"{self.name}: baresip ended: {(self.directory / 'log').read_text()[-600:]}")
        try:
            return socket.create_connection((self.address, 4444), timeout=1)
        except OSError:
            return None

    def restart(self, codecs, more=None):
        """Ends it and starts it anew with these codecs, and other parameters of its account."""
        accounts = self.directory / "accounts"
        said = re.sub("audio_codecs=[^;\n]*", f"audio_codecs={codecs}", accounts.read_text())
        if more is not None:
            said = re.sub(f"(audio_codecs={codecs})[^\n]*", rf"\1{more}", said)
        accounts.write_text(said)
        self._set_rate(codecs)
        self.control.close()
        self._end()
        self.inbox, self.events, self.replies = b"", [], {}
        self.start()

    def stop(self):
        self.ear.keep(self.directory)
        self.ear.close()
        if self.control:
            self.control.close()
        if self.process:
            self._end()

    def _end(self):
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()

    # -- ctrl_tcp: netstrings of JSON

    def command(self, command, params="", bound=5):
        """Runs a command of baresip's menu and returns what it says."""
        self.tokens += 1
        token = f"t{self.tokens}"
        text = json.dumps({"command": command, "params": params, "token": token}).encode()
        self.control.sendall(b"%d:%s," % (len(text), text))
        reply = until(lambda: self._read() or self.replies.pop(token, None), bound, f"{self.name}: no reply to {command}")
        return reply.get("data", "")

    def expect(self, kind, bound=10):
        """Waits for the next event of this type (CALL_ESTABLISHED ...); those before it are forgotten."""

        def found():
            self._read()
            while self.events:
                event = self.events.pop(0)
                if event.get("type") == kind:
                    return event
            return None

        return until(found, bound, f"{self.name}: no {kind}")

    def registered(self):
        """Waits until the switch has taken its registration."""
        until(lambda: "OK" in self.command("reginfo") or None, 10, f"{self.name}: is not registered")

    def press(self, digit):
        """One key of the keypad, pressed and let go (telephone-event)."""
        self.command("sndcode", digit)

    def hang_up_all(self):
        """Ends every call, and waits until none is left."""

        def none_left():
            if not self.calls():
                return True
            self.command("hangup")
            return None

        until(none_left, 10, f"{self.name}: calls are left over")
        self.forget()

    def calls(self):
        """How many calls it has."""
        found = re.search(r"Active calls[^0-9]*(\d+)", self.command("listcalls"))
        return int(found[1]) if found else 0

    def last_dialog(self):
        """Call-ID, From tag and To tag of its newest dialog, as its INVITE has them; from its trace of messages."""
        dialog = None
        for message in (self.directory / "log").read_text(errors="replace").split("\nUDP "):
            said = re.search(r"^(INVITE |SIP/2.0 200)", message, re.M)
            fields = {name.lower(): value.strip() for name, value in re.findall(r"^([A-Za-z-]+):(.*)$", message, re.M)}
            if not said or "INVITE" not in fields.get("cseq", "") or "call-id" not in fields:
                continue
            tags = [re.search(r";tag=([^;\s]+)", fields.get(side, "")) for side in ("from", "to")]
            if all(tags):
                dialog = (fields["call-id"], tags[0][1], tags[1][1])
        return dialog

    def forget(self):
        """Forgets the events that came so far."""
        self._read()
        self.events.clear()

    def _read(self):
        while select.select([self.control], [], [], 0)[0]:
            data = self.control.recv(65536)
            if not data:
                raise PhoneError(f"{self.name}: baresip closed its control connection")
            self.inbox += data
        while b":" in self.inbox:
            size, rest = self.inbox.split(b":", 1)
            if len(rest) <= int(size):
                break
            message, self.inbox = json.loads(rest[: int(size)]), rest[int(size) + 1 :]
            if message.get("event"):
                self.events.append(message)
            else:
                self.replies[message.get("token")] = message

    # -- ears

    def comes_to_hear(self, expected, tones, bound=6):
        """Waits until it hears exactly these names of `tones`; {"something"} for sound of another kind, empty for silence."""
        last = None

        def so():
            nonlocal last
            last = self.ear.hears(tones)
            return last == expected or None

        try:
            until(so, bound, "")
        except PhoneError:
            raise PhoneError(f"{self.name} hears {said(last)} instead of {said(expected)}") from None


def said(names):
    return " + ".join(sorted(names)) or "nothing"


def until(condition, bound, complaint):
    """Asks until the condition gives something, for `bound` seconds at most."""
    end = time.monotonic() + bound
    while True:
        result = condition()
        if result is not None:
            return result
        if time.monotonic() > end:
            raise PhoneError(complaint)
        select.select([], [], [], 0.02)
