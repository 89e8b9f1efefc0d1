"""What the stories of the API are played on: a switch, three real phones, a client. Inside of the switch's namespace.

A (440 Hz) is the caller, B (620 Hz) the agent that has it, C (880 Hz) the agent that gets it."""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "phones"), str(HERE.parents[1] / "sip-scenarios")]
import stage  # noqa: E402
from stage import API, SWITCH, TOKEN, Stage, hear_each_other, until  # noqa: E402, F401 - stories take them from here

TONES = {"A": 440, "B": 620, "C": 880}
MUSIC = {"something"}
SILENCE = set()
PROGRAM = ("127.0.0.1", 8061)  # who is asked by flows
CONFIG = f"""\
[sip]
listen = ["udp://10.99.0.1:5060"]
domain = "10.99.0.1"

[media]
address = "10.99.0.1"
ports = "20000-20999"

[transfer]
recall_timeout_s = 20
ring_timeout_s = 20

[http]
listen = "127.0.0.1:8060"

[sounds]
directory = "{HERE.parent}/sounds"

[recording]
directory = "recordings"
min_free_mb = 1

[[http.token]]
name = "desk"
token = "{TOKEN}"
scopes = ["admin"]

[[extension]]
number = "1001"
name = "A"
password = "pw1001"

[[extension]]
number = "1002"
name = "B"
password = "pw1002"

[[extension]]
number = "1003"
name = "C"
password = "pw1003"

[[queue]]
name = "support"
members = ["1002"]
ring_s = 20

[[flow]]
name = "menu"
url = "http://{PROGRAM[0]}:{PROGRAM[1]}/menu"
secret = "a-secret-of-the-menu"

[[route]]
match = "9000"
to = "flow:menu"
flow_timeout_s = 2
flow_fallback = "1003"

[[route]]
match = "70XX"
to = "conference:{{number}}"
"""


def talk(api, a, b):
    """A calls B, and both hear each other. Returns the call and the legs of both."""
    stage.talk(a, b)
    call = api.get(f"/calls?extension={a.user}")["calls"][0]
    return call["id"], leg_of(call, a), leg_of(call, b)


def leg_of(call, phone):
    """The leg of a phone in a call, by its number, as the tutorials look for it."""
    return next(leg["id"] for leg in call["legs"] if leg["party"]["number"] == phone.user)


def answer(phone):
    """It rings, and is answered."""
    phone.expect("CALL_INCOMING")
    phone.command("accept")
    phone.expect("CALL_ESTABLISHED")


def gone(*phones):
    for phone in phones:
        phone.expect("CALL_CLOSED")


def next_leg(api, call, phone):
    try:
        return leg_of(api.get(f"/calls/{call}"), phone)
    except StopIteration:
        return None


def play_all(stories):
    """Plays those that the command line names, or all."""
    Stage(CONFIG, given=lambda stage: [stage.api]).perform([(None, stories)])
