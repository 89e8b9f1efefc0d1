"""What the stories of the API are played on: a switch, three real phones, a client. Inside of the switch's namespace.

A (440 Hz) is the caller, B (620 Hz) the agent that has it, C (880 Hz) the agent that gets it."""

import pathlib
import shutil
import sys
import tempfile
import time
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "phones"), str(HERE.parents[1] / "sip-scenarios")]
from client import Client, Refused  # noqa: E402
from phone import Phone, PhoneError, until  # noqa: E402
from switch import Switch, SwitchError  # noqa: E402

SWITCH = "10.99.0.1"
TONES = {"A": 440, "B": 620, "C": 880}
MUSIC = {"something"}
SILENCE = set()
API, TOKEN = "http://127.0.0.1:8060", "warm-desk"
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
    a.forget(), b.forget()
    a.command("dial", f"sip:{b.user}@{SWITCH}")
    b.expect("CALL_INCOMING")
    b.command("accept")
    a.expect("CALL_ESTABLISHED")
    b.expect("CALL_ESTABLISHED")
    hear_each_other(a, b)
    call = api.get(f"/calls?extension={a.user}")["calls"][0]
    return call["id"], leg_of(call, a), leg_of(call, b)


def leg_of(call, phone):
    """The leg of a phone in a call, by its number, as the tutorials look for it."""
    return next(leg["id"] for leg in call["legs"] if leg["party"]["number"] == phone.user)


def hear_each_other(*phones):
    for phone in phones:
        phone.comes_to_hear({other.name.upper() for other in phones if other is not phone}, TONES)


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


def play(story, api, phones):
    """None, or what went wrong."""
    for phone in phones:
        phone.ear.forget()
    api.listen()
    try:
        story(api, *phones)
        faults = [f"{phone.name}: {fault}" for phone in phones for fault in phone.ear.faults]
        return "; ".join(faults) or None
    except (PhoneError, AssertionError, Refused) as error:
        return f"{error} (line {traceback.extract_tb(error.__traceback__)[1].lineno})"
    except Exception:
        return traceback.format_exc()
    finally:
        for phone in phones:
            phone.hang_up_all()
        until(lambda: not api.get("/calls")["calls"] or None, 10, "calls are left over")


def play_all(stories):
    """Plays those that the command line names, or all."""
    net, names = sys.argv[1], sys.argv[2:]
    known = [story.__name__ for story in stories]
    if unknown := set(names) - set(known):
        sys.exit(f"no such story: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    directory = tempfile.mkdtemp(prefix="warmline-api-")
    switch, phones, passed, failed = None, [], 0, 0
    try:
        switch = Switch(directory, CONFIG, SWITCH, 5060)
        for at, (name, hz) in enumerate(TONES.items()):
            user, where = f"100{1 + at}", (f"{net}-{name.lower()}", f"10.99.0.{11 + at}")
            phones.append(Phone(name.lower(), *where, hz, directory, user, SWITCH, f"pw{user}"))
            phones[-1].start()
        for phone in phones:
            phone.registered()
        api = Client(API, TOKEN)
        for story in [story for story in stories if not names or story.__name__ in names]:
            began = time.monotonic()
            wrong = play(story, api, phones)
            passed, failed = passed + (not wrong), failed + bool(wrong)
            took = time.monotonic() - began
            print(f"  {'FAIL' if wrong else 'ok  '}  {story.__name__}: {story.__doc__} ({took:.1f} s)", flush=True)
            if wrong:
                print(f"        {wrong}", flush=True)
    except (PhoneError, SwitchError) as error:
        failed += 1
        print(f"  FAIL  {error}")
    finally:
        for phone in phones:
            phone.stop()
        try:
            if switch:
                switch.stop()
        except SwitchError as error:
            failed += 1
            print(f"  FAIL  {error}")
    if failed:
        print(f"Logs of the switch and the phones, and what each phone heard as WAV: {directory}")
        print(switch.said(3000) if switch else "")
    else:
        shutil.rmtree(directory)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
