"""Stories that three real phones play through the switch. Started by `run`, inside of the switch's namespace.

A says 440 Hz, B says 620 Hz, C says 880 Hz, all the time; who hears what is told by the tone. Between stories everybody hangs up."""

import urllib.parse

from stage import PCMU, Stage, hear_each_other, talk, until, uri

TONES = {"A": 440, "B": 620, "C": 880}
MUSIC = {"something"}
SILENCE = set()
CONFIG = """\
[sip]
listen = ["udp://10.99.0.1:5060"]
domain = "10.99.0.1"

[media]
address = "10.99.0.1"
ports = "20000-20999"

[transfer]
recall = true
recall_timeout_s = 20
ring_timeout_s = 20

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
number = "8500"
members = ["1002", "1003"]
strategy = "in-order"
ring_s = 15
retry_s = 2

[[route]]
match = "10XX"
to = "{number}"

[[route]]
match = "70XX"
to = "conference:{number}"

[[route]]
match = "6000"
to = "music"

[[route]]
match = "6001"
to = "echo"
"""


# -- the stories: a docstring says what is shown


def call(a, b, c):
    """A calls B: it rings, both hear each other and nobody else; A hangs up, B is told."""
    talk(a, b)
    a.command("hangup")
    b.expect("CALL_CLOSED")


def called_hangs_up(a, b, c):
    """The called hangs up, the caller is told."""
    talk(a, b)
    b.command("hangup")
    a.expect("CALL_CLOSED")


def busy(a, b, c):
    """B refuses: A is told, and no longer rings."""
    a.forget(), b.forget()
    a.command("dial", uri(b.user))
    b.expect("CALL_INCOMING")
    b.command("hangup")
    a.expect("CALL_CLOSED")


def cancel(a, b, c):
    """A gives up while B rings: B stops ringing."""
    a.forget(), b.forget()
    a.command("dial", uri(b.user))
    b.expect("CALL_INCOMING")
    a.command("hangup")
    b.expect("CALL_CLOSED")


def echo(a, b, c):
    """A hears itself at 6001."""
    a.forget()
    a.command("dial", uri("6001"))
    a.expect("CALL_ESTABLISHED")
    a.comes_to_hear({"A"}, TONES)


def music(a, b, c):
    """A hears the hold music at 6000."""
    a.forget()
    a.command("dial", uri("6000"))
    a.expect("CALL_ESTABLISHED")
    a.comes_to_hear(MUSIC, TONES)


def hold(a, b, c):
    """B holds and resumes three times: A hears music and not B, B hears nothing; then both hear each other again."""
    talk(a, b)
    for _ in range(3):
        b.command("hold")
        a.comes_to_hear(MUSIC, TONES)
        b.comes_to_hear(SILENCE, TONES)
        b.command("resume")
        hear_each_other(a, b)


def conference(a, b, c):
    """Three enter 7001: each hears both others and not itself; one leaves, the rest talk on."""
    for phone in (a, b, c):
        phone.forget()
        phone.command("dial", uri("7001"))
        phone.expect("CALL_ESTABLISHED")
    hear_each_other(a, b, c)
    c.command("hangup")
    c.expect("CALL_CLOSED")
    hear_each_other(a, b)


def blind_transfer(a, b, c):
    """A talks to B; B transfers A to C by REFER; A and C hear each other, B is let go."""
    talk(a, b)
    c.forget()
    b.command("transfer", uri(c.user))
    c.expect("CALL_INCOMING")
    c.command("accept")
    c.expect("CALL_ESTABLISHED")
    hear_each_other(a, c)
    b.expect("CALL_CLOSED")


def blind_transfer_refused(a, b, c):
    """B transfers A to C, C refuses. B's phone has hung up by then: it rings again, with A, and they talk on."""
    talk(a, b)
    c.forget(), b.forget()
    b.command("transfer", uri(c.user))
    c.expect("CALL_INCOMING")
    c.command("hangup")
    b.expect("TRANSFER_FAILED")
    b.expect("CALL_INCOMING")
    b.command("accept")
    hear_each_other(a, b)


def attended_transfer(a, b, c):
    """B holds A, talks to C while A hears music, then joins the two by REFER with Replaces: A and C hear each other."""
    talk(a, b)
    b.command("hold")
    a.comes_to_hear(MUSIC, TONES)
    talk(b, c)
    a.comes_to_hear(MUSIC, TONES)
    call_id, own_tag, tag_of_switch = b.last_dialog()
    b.forget()
    replaces = urllib.parse.quote(f"{call_id};to-tag={tag_of_switch};from-tag={own_tag}", safe="")
    b.command("line", "1")
    b.command("transfer", f"{uri(c.user)}?Replaces={replaces}")
    hear_each_other(a, c)
    b.expect("CALL_CLOSED")
    b.expect("CALL_CLOSED")


def transfer_by_star_code(a, b, c):
    """B dials *1 1003 # within the call: A hears music meanwhile and no digits, then A and C hear each other."""
    talk(a, b)
    c.forget()
    dial(b, "*1")
    a.comes_to_hear(MUSIC, TONES)
    dial(b, f"{c.user}#")
    c.expect("CALL_INCOMING")
    c.command("accept")
    hear_each_other(a, c)
    b.expect("CALL_CLOSED")


def warm_transfer_by_star_codes(a, b, c):
    """B dials *2 1003 #: B and C talk while A hears music; *7 swaps A and C; *4 lets B go, and A and C talk."""
    talk(a, b)
    c.forget()
    dial(b, f"*2{c.user}#")
    c.expect("CALL_INCOMING")
    c.command("accept")
    hear_each_other(b, c)
    a.comes_to_hear(MUSIC, TONES)
    dial(b, "*7")
    hear_each_other(a, b)
    c.comes_to_hear(MUSIC, TONES)
    dial(b, "*4")
    hear_each_other(a, c)
    b.expect("CALL_CLOSED")


def queue(a, b, c):
    """A calls a queue and hears music; B declines, C answers: A and C hear each other. C sends A to the queue: music, then B."""
    a.forget(), b.forget(), c.forget()
    a.command("dial", uri("8500"))
    a.expect("CALL_ESTABLISHED")
    a.comes_to_hear(MUSIC, TONES)
    b.expect("CALL_INCOMING")
    b.command("hangup")
    c.expect("CALL_INCOMING")
    a.comes_to_hear(MUSIC, TONES)
    c.command("accept")
    hear_each_other(a, c)
    b.forget()
    c.command("transfer", uri("8500"))
    c.expect("CALL_CLOSED")
    b.expect("CALL_INCOMING")
    a.comes_to_hear(MUSIC, TONES)
    b.command("accept")
    hear_each_other(a, b)
    c.comes_to_hear(SILENCE, TONES)


def warm_transfer_to_a_queue(a, b, c):
    """B dials *2 8500 #: A and B hear music until C answers; B and C talk; *4 lets B go, and A and C talk."""
    talk(a, b)
    c.forget()
    dial(b, "*28500#")
    c.expect("CALL_INCOMING")
    a.comes_to_hear(MUSIC, TONES)
    b.comes_to_hear(MUSIC, TONES)
    c.command("accept")
    hear_each_other(b, c)
    a.comes_to_hear(MUSIC, TONES)
    dial(b, "*4")
    hear_each_other(a, c)
    b.expect("CALL_CLOSED")


def three_way_by_star_codes(a, b, c):
    """B dials *2 1003 #, then *6: all three talk. B hangs up, A and C talk on."""
    talk(a, b)
    c.forget()
    dial(b, f"*2{c.user}#")
    c.expect("CALL_INCOMING")
    c.command("accept")
    hear_each_other(b, c)
    dial(b, "*6")
    hear_each_other(a, b, c)
    b.command("hangup")
    hear_each_other(a, c)


# -- phones of different codecs


def opus_and_pcma(a, b, c):
    """An Opus phone and one of G.711 hear each other, through holds by each of them."""
    talk(a, b)
    for holder, held in ((b, a), (a, b)):
        holder.command("hold")
        held.comes_to_hear(MUSIC, TONES)
        holder.command("resume")
        hear_each_other(a, b)


def opus_relay(a, b, c):
    """Two Opus phones: each gets what the other said, octet by octet."""
    talk(a, c)
    relayed(a, c)


def opus_blind_transfer(a, b, c):
    """B, of G.711, transfers A to C, both of Opus: they come to be relayed."""
    blind_transfer(a, b, c)
    relayed(a, c)


def opus_attended_transfer(a, b, c):
    """B, of G.711, holds A, talks to C and joins the two, both of Opus."""
    attended_transfer(a, b, c)


def opus_conference(a, b, c):
    """Two of Opus and one of G.711 in a room: each hears both others and not itself."""
    conference(a, b, c)


def opus_star_codes(a, b, c):
    """The Opus phone is the agent: its digits are understood."""
    talk(b, a)
    c.forget()
    dial(a, f"*2{c.user}#")
    c.expect("CALL_INCOMING")
    c.command("accept")
    hear_each_other(a, c)
    b.comes_to_hear(MUSIC, TONES)
    dial(a, "*6")
    hear_each_other(a, b, c)
    a.command("hangup")
    hear_each_other(b, c)


def g722_and_pcmu(a, b, c):
    """A G.722 phone and one of G.711 hear each other, through holds by each of them."""
    opus_and_pcma(a, b, c)


def g722_relay(a, b, c):
    """Two G.722 phones: each gets what the other said, octet by octet."""
    opus_relay(a, b, c)


def g722_blind_transfer(a, b, c):
    """B, of G.711, transfers A to C, both of G.722."""
    opus_blind_transfer(a, b, c)


def g722_conference(a, b, c):
    """Two of G.722 and one of G.711 in a room: each hears both others and not itself."""
    conference(a, b, c)


def three_codecs(a, b, c):
    """Opus, G.722 and A-law in one room, and A transferred from one to the other."""
    conference(a, b, c)
    for phone in (a, b, c):
        phone.hang_up_all()
    blind_transfer(a, b, c)


def relayed(*phones):
    for one, other in (phones, phones[::-1]):
        until(lambda: one.ear.relayed(other.ear) > 0.9 or None, 5, f"{one.name} does not get what {other.name} said as it was")


OPUS, G722, PCMA = "opus/48000/2", "G722/16000/1", "PCMA/8000/1"
# What the phones speak -> the stories.
ROUNDS = {
    (OPUS, PCMA, OPUS): [
        opus_and_pcma,
        opus_relay,
        opus_blind_transfer,
        opus_attended_transfer,
        opus_conference,
        opus_star_codes,
    ],
    (G722, PCMU, G722): [g722_and_pcmu, g722_relay, g722_blind_transfer, g722_conference],
    (OPUS, G722, PCMA): [three_codecs],
}

STORIES = [
    call,
    called_hangs_up,
    busy,
    cancel,
    echo,
    music,
    hold,
    conference,
    blind_transfer,
    blind_transfer_refused,
    attended_transfer,
    transfer_by_star_code,
    warm_transfer_by_star_codes,
    queue,
    warm_transfer_to_a_queue,
    three_way_by_star_codes,
]


def dial(phone, digits):
    """Presses the keys one after the other (telephone-event)."""
    for digit in digits:
        phone.press(digit)


if __name__ == "__main__":
    Stage(CONFIG, api=False, given=lambda stage: []).perform(
        [(None, STORIES), *(([(codec, "") for codec in codecs], stories) for codecs, stories in ROUNDS.items())]
    )
