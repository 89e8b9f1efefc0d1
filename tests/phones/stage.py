"""What all stories need: a switch, three phones, and somebody who says how it went.

A says 440 Hz, B 620 Hz, C 880 Hz, all the time; the hold music is 1200 Hz where a story's configuration says so."""

import pathlib
import shutil
import sys
import tempfile
import time
import traceback

from phone import Phone, PhoneError, until

HERE = pathlib.Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE.parent / "api"), str(HERE.parents[1] / "sip-scenarios")]
from client import Client, Refused  # noqa: E402
from switch import Switch, SwitchError  # noqa: E402

SWITCH = "10.99.0.1"
TONES = {"A": 440, "B": 620, "C": 880, "music": 1200}
API, TOKEN = "http://127.0.0.1:8060", "warm-desk"
CONFIG = f"""\
[sip]
listen = ["udp://{SWITCH}:5060"]
domain = "{SWITCH}"

[media]
address = "{SWITCH}"
ports = "20000-20999"
hold_music = "{HERE.parent}/sounds/hold.mp3"

[http]
listen = "127.0.0.1:8060"

[[http.token]]
name = "desk"
token = "{TOKEN}"
scopes = ["admin"]
"""
PCMU = "PCMU/8000/1"


def uri(number):
    return f"sip:{number}@{SWITCH}"


def expect(condition, complaint):
    if not condition:
        raise PhoneError(complaint)


def talk(caller, callee):
    """A call is made, answered, and both hear each other."""
    call(caller, callee, callee.user)
    hear_each_other(caller, callee)


def call(caller, callee, number):
    """A call is made and answered."""
    caller.forget(), callee.forget()
    caller.command("dial", uri(number))
    callee.expect("CALL_INCOMING")
    callee.command("accept")
    caller.expect("CALL_ESTABLISHED")
    callee.expect("CALL_ESTABLISHED")


def hear_each_other(*phones):
    for phone in phones:
        phone.comes_to_hear({other.name.upper() for other in phones if other is not phone}, TONES)


def leg_of(call, phone):
    """The leg of a phone in a call as the API has it."""
    return next(leg for leg in call["legs"] if leg["party"]["number"] == phone.user)


class Stage:
    """The switch and its phones; ends them. `api`: whether the switch has one; `given`: what stories get before the phones, if
    not the stage."""

    def __init__(self, config, api=True, given=None):
        self.net, self.names = sys.argv[1], sys.argv[2:]
        self.directory = tempfile.mkdtemp(prefix="warmline-stage-")
        self.config, self.switch, self.phones = config, None, []
        self.api = Client(API, TOKEN) if api else None
        self.given = given(self) if given else [self]
        self.passed = self.failed = 0

    def perform(self, rounds):
        """`rounds`: pairs of what the phones speak, with what their accounts say beside the usual (`None`: as before), and stories.
        Ends the program."""
        stories = [story for _, some in rounds for story in some]
        if unknown := set(self.names) - {story.__name__ for story in stories}:
            sys.exit(f"no such story: {', '.join(sorted(unknown))}; there are {', '.join(s.__name__ for s in stories)}")
        try:
            self._rounds(rounds)
        except (PhoneError, SwitchError) as error:
            self._count("the stage", error, 0)
        finally:
            self._end()
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed else 0)

    def _rounds(self, rounds):
        self.switch = Switch(self.directory, self.config, SWITCH, 5060)
        for accounts, stories in rounds:
            stories = [story for story in stories if not self.names or story.__name__ in self.names]
            if not stories:
                continue
            self._set_up(accounts)
            for story in stories:
                began = time.monotonic()
                wrong = self._play(story)
                self._count(f"{story.__name__}: {story.__doc__}", wrong, time.monotonic() - began)

    def _set_up(self, accounts):
        if not self.phones:
            for at, (name, (codec, more)) in enumerate(zip("abc", accounts or [(PCMU, "")] * 3)):
                user, where = f"100{1 + at}", (f"{self.net}-{name}", f"10.99.0.{11 + at}")
                hz = TONES[name.upper()]
                self.phones.append(Phone(name, *where, hz, self.directory, user, SWITCH, f"pw{user}", codec, more))
                self.phones[-1].start()
        elif accounts:
            for phone, (codec, more) in zip(self.phones, accounts):
                phone.restart(codec, more)
        else:
            return
        for phone in self.phones:
            phone.registered()

    def _play(self, story):
        for phone in self.phones:
            phone.ear.forget()
        if self.api:
            self.api.listen()
        try:
            story(*self.given, *self.phones)
            faults = [f"{phone.name}: {fault}" for phone in self.phones for fault in phone.ear.faults]
            return "; ".join(faults[:3]) or None
        except (PhoneError, AssertionError, Refused) as error:
            return f"{error} (line {traceback.extract_tb(error.__traceback__)[1].lineno})"
        except Exception:
            return traceback.format_exc()
        finally:
            for phone in self.phones:
                phone.hang_up_all()
            if self.api:
                until(lambda: not self.api.get("/calls")["calls"] or None, 10, "calls are left over")

    def _count(self, what, wrong, took):
        self.passed, self.failed = self.passed + (not wrong), self.failed + bool(wrong)
        print(f"  {'FAIL' if wrong else 'ok  '}  {what} ({took:.1f} s)", flush=True)
        if wrong:
            print(f"        {wrong}", flush=True)

    def _end(self):
        for phone in self.phones:
            phone.stop()
        try:
            if self.switch:
                self.switch.stop()
        except SwitchError as error:
            self._count("the end of the switch", error, 0)
        if self.failed:
            print(f"Logs of the switch and the phones, and what each phone heard as WAV: {self.directory}")
            print(self.switch.said(3000) if self.switch else "")
        else:
            shutil.rmtree(self.directory)
