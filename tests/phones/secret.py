"""SRTP with keys in SDP, with real phones: STORIES=tests/phones/secret.py tests/phones/run [STORY...].

1001 must speak it, 1002 had better, 1003 does not; the trunk must. What is on the cables is opened with the keys of the SIP messages there,
and judged by tone; a packet that cannot be proven counts as plain."""

import json
import pathlib
import time
import time
import urllib.parse

from stage import CONFIG, PCMU, PhoneError, Stage, call, expect, hear_each_other, talk, uri, until, TONES

MANDATORY, OPTIONAL, NONE = (PCMU, ";mediaenc=srtp-mand"), (PCMU, ";mediaenc=srtp"), (PCMU, "")
SECRETS = CONFIG + "".join(
    f"""
[[extension]]
number = "{number}"
password = "pw{number}"
srtp = "{srtp}"
"""
    for number, srtp in (("1001", "required"), ("1002", "preferred"), ("1003", "off"))
) + """
[log]
filter = "trace"

[[trunk]]
name = "c"
host = "10.99.0.13"
srtp = "required"

[[route]]
match = "70XX"
to = "conference:{number}"

[[route]]
match = "9XXXX"
strip = 1
to = "trunk:c"
"""


def are_secret(**phones):
    """What comes to each phone is SRTP, or is RTP."""
    for name, (phone, secret) in phones.items():
        until(lambda: phone.ear.is_secret() is secret or None, 3, f"{name}: secret is {phone.ear.is_secret()}")


def hold_and_resume(holder, held):
    holder.command("hold")
    held.comes_to_hear({"music"}, TONES)
    holder.command("resume")
    hear_each_other(holder, held)


def required_and_preferred(stage, a, b, c):
    """A must, B had better: both legs are secret, through holds by each of them; the keys stay, the API and its trace know which."""
    talk(a, b)
    are_secret(a=(a, True), b=(b, True))
    keys = [len(phone.ear.secrets.keys) for phone in (a, b)]
    for _ in range(2):
        hold_and_resume(a, b)
        hold_and_resume(b, a)
    are_secret(a=(a, True), b=(b, True))
    expect(keys == [len(phone.ear.secrets.keys) for phone in (a, b)], "a re-INVITE brought new keys")
    live = stage.api.get("/calls")["calls"][0]
    expect(all(leg["srtp"] for leg in live["legs"]), f"the API says {[leg['srtp'] for leg in live['legs']]}")
    trace = json.dumps(stage.api.get(f"/calls/{live['id']}/trace"))
    expect("inline:(hidden)" in trace, "the trace lacks the lines of the keys")
    expect(not any(key in trace for key in keys_of(a, b)), "a key is in the trace")


def plain_and_secret(stage, a, b, c):
    """C has never heard of it and calls A, who must: each leg as its phone is, through holds by each of them."""
    talk(c, a)
    are_secret(a=(a, True), c=(c, False))
    legs = stage.api.get("/calls")["calls"][0]["legs"]
    expect(sorted(bool(leg["srtp"]) for leg in legs) == [False, True], f"the API says {[leg['srtp'] for leg in legs]}")
    hold_and_resume(a, c)
    hold_and_resume(c, a)
    are_secret(a=(a, True), c=(c, False))


def blind_transfer(stage, a, b, c):
    """B transfers A, who is secret, to C, who is not."""
    talk(a, b)
    c.forget()
    b.command("transfer", uri(c.user))
    c.expect("CALL_INCOMING")
    c.command("accept")
    c.expect("CALL_ESTABLISHED")
    hear_each_other(a, c)
    are_secret(a=(a, True), c=(c, False))
    b.expect("CALL_CLOSED")


def attended_transfer(stage, a, b, c):
    """C, who is not secret, holds A, talks to B and joins the two, who are."""
    talk(a, c)
    c.command("hold")
    a.comes_to_hear({"music"}, TONES)
    talk(c, b)
    call_id, own_tag, tag_of_switch = c.last_dialog()
    c.forget()
    replaces = urllib.parse.quote(f"{call_id};to-tag={tag_of_switch};from-tag={own_tag}", safe="")
    c.command("line", "1")
    c.command("transfer", f"{uri(b.user)}?Replaces={replaces}")
    hear_each_other(a, b)
    are_secret(a=(a, True), b=(b, True))
    hold_and_resume(b, a)
    c.expect("CALL_CLOSED")


def conference(stage, a, b, c):
    """Three in a room, each with its own keys or none."""
    for phone in (a, b, c):
        phone.forget()
        phone.command("dial", uri("7001"))
        phone.expect("CALL_ESTABLISHED")
    hear_each_other(a, b, c)
    are_secret(a=(a, True), b=(b, True), c=(c, False))


def refused(caller, number, status=488):
    """A call comes to nothing, with this status."""
    caller.forget()
    caller.command("dial", uri(number))
    reason = caller.expect("CALL_CLOSED").get("param", "")
    expect(str(status) in reason, f"{caller.name} is told {reason!r}")


def trunk_that_cannot(stage, a, b, c):
    """The trunk must and its far end cannot: 488."""
    refused(a, "91003")


def required_and_not_offered(stage, a, b, c):
    """A must, and its phone offers RTP alone: 488."""
    refused(a, b.user)


def required_and_not_taken(stage, a, b, c):
    """A must, and its phone takes RTP alone: who calls it is told 488."""
    refused(b, a.user)


def off_and_offered(stage, a, b, c):
    """C may not, and its phone offers nothing else: 488."""
    refused(c, b.user)


def trunk(stage, a, b, c):
    """B, whose phone cannot, calls over the trunk, which must."""
    call(b, c, "91003")
    hear_each_other(b, c)
    are_secret(b=(b, False), c=(c, True))
    hold_and_resume(b, c)
    hold_and_resume(c, b)


def preferred_gives_in(stage, a, b, c):
    """B had better and its phone cannot: A, who must, talks to it, and each leg is as its phone is."""
    talk(a, b)
    are_secret(a=(a, True), b=(b, False))
    hold_and_resume(b, a)


def numbers_go_round(stage, a, b, c):
    """Played only when it is named: calls until the numbers of a stream to A go round while B holds and resumes."""
    for attempt in range(400):
        call(a, b, b.user)
        until(lambda: a.ear.read() or a.ear.lines or None, 5, "no packet for A")
        newest = max(line[1] for line in a.ear.lines.values())
        if newest < 64_600:
            a.command("hangup")
            b.expect("CALL_CLOSED")
            a.ear.forget(), b.ear.forget()
            continue
        turns, end = a.ear.secrets.turns, time.monotonic() + 60
        while a.ear.secrets.turns == turns:
            expect(time.monotonic() < end, "the numbers do not go round")
            hold_and_resume(b, a)
        hold_and_resume(b, a)
        hold_and_resume(a, b)
        are_secret(a=(a, True), b=(b, True))
        print(f"        at attempt {attempt + 1}, from {newest}")
        return
    raise PhoneError("no stream began near enough to the end of the numbers")


def keys_stay_secret(stage, a, b, c):
    """After all of that no key is in the log, which says everything, nor in any other file of the switch."""
    keys = keys_of(a, b, c)
    expect(len(keys) >= 8, f"only {len(keys)} keys were seen")
    own = [phone.directory for phone in (a, b, c)]
    files = [path for path in pathlib.Path(stage.directory).rglob("*") if path.is_file()]
    files = [path for path in files if not any(path.is_relative_to(phone) for phone in own)]
    expect(any(b" TRACE " in path.read_bytes() for path in files), "the log does not say everything")
    for path in files:
        said = path.read_bytes()
        expect(not any(key.encode() in said for key in keys), f"a key is in {path.name}")


def keys_of(*phones):
    both = [key for phone in phones for key in phone.ear.secrets.keys + phone.ear.own_secrets.keys]
    return {key.inline.decode() for key in both}


USUAL = [required_and_preferred, plain_and_secret, blind_transfer, attended_transfer, conference, trunk_that_cannot]
CROSSED = [required_and_not_offered, required_and_not_taken, off_and_offered, trunk]
stage = Stage(SECRETS)
long = [numbers_go_round] if numbers_go_round.__name__ in stage.names else []
stage.perform(
    [
        ((MANDATORY, OPTIONAL, NONE), USUAL + long),
        ((NONE, NONE, MANDATORY), CROSSED),
        ((MANDATORY, NONE, NONE), [preferred_gives_in, keys_stay_secret]),
    ]
)
