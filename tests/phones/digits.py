"""Digits in the sound, with real phones: STORIES=tests/phones/digits.py tests/phones/run [STORY...].

1001 tells digits as telephone-events, 1002 has only tones, 1003 wants them by INFO; who is called over the trunk has only tones too. What a
phone with tones dials is in the sound that it says: its own tone, or words where espeak-ng is there, and keys between."""

import array
import shutil
import subprocess
import wave

import keys
from stage import CONFIG, PCMU, TONES, PhoneError, Stage, call, expect, hear_each_other, talk, until

DIGITS = CONFIG + "".join(
    f"""
[[extension]]
number = "{number}"
password = "pw{number}"
dtmf = "{dtmf}"
"""
    for number, dtmf in (("1001", "rfc4733"), ("1002", "inband"), ("1003", "info"))
) + """
[[trunk]]
name = "c"
host = "10.99.0.13"
dtmf = "inband"

[[route]]
match = "70XX"
to = "conference:{number}"

[[route]]
match = "9XXXX"
strip = 1
to = "trunk:c"
"""
ALL = "0123456789ABCD#55"  # no star: that might be a code


def sings(phone, *words, ms=160, pause_ms=160, between=None):
    """From now on it says its tone and presses keys in its calls: each of these words 2.5 s after the one before."""
    own = keys.tones([phone.hz], 2500, 0.3)
    between = between or [own]
    parts = []
    for at, digits in enumerate(words):
        parts += [own] if not parts else [between[at % len(between)]]
        for digit in digits:
            parts += [[0.0] * (pause_ms * 8), keys.key(digit, ms)]
        parts += [[0.0] * (pause_ms * 8)]
    with wave.open(str(phone.tone)) as file:
        rate = file.getframerate()
    song = phone.tone.with_name("song.wav")
    keys.write(song, parts + [keys.tones([phone.hz], 30_000, 0.3)])
    subprocess.run(["sox", song, "-r", str(rate), phone.tone], check=True)


def story(play):
    """Afterwards all say nothing but their tones again."""

    def played(stage, *phones):
        tones = [(phone.tone, phone.tone.read_bytes()) for phone in phones]
        try:
            play(stage, *phones)
        finally:
            for path, tone in tones:
                path.write_bytes(tone)

    played.__name__, played.__doc__ = play.__name__, play.__doc__
    return played


def wait(condition, bound):
    """For what is judged afterwards, whether it came or not."""
    try:
        until(condition, bound, "")
    except PhoneError:
        pass


def told(stage, digits, ms=None, off=40):
    """Programs are told each of these once, in order, with its length."""
    heard = []

    def complete():
        answer = stage.api.get(f"/events?since={stage.api.sequence}")
        heard[:] = [event["data"] for event in answer["events"] if event["type"] == "dtmf.received"]
        return len(heard) >= len(digits) or None

    wait(complete, 15)
    said = "".join(event["digit"] for event in heard)
    expect(said == digits, f"programs are told {said!r} instead of {digits!r}")
    lengths = [event["duration_ms"] for event in heard]
    expect(ms is None or all(abs(length - ms) <= off for length in lengths), f"lengths of {lengths} ms instead of {ms}")
    return lengths


def is_dialled(phone, events="", tones="", lengths=None, off=40):
    """This much has come to it in each way, and nothing twice."""

    def complete():
        got = phone.ear.digits()
        return [len(one) for one in got] >= [len(events), len(tones)] or None

    wait(complete, 5)
    phone.ear.hears(TONES, 0.5)  # what might come twice would come now
    got = phone.ear.digits()
    for way, wanted, found in (("events", events, got[0]), ("tones", tones, got[1])):
        said = "".join(digit for digit, _ in found)
        expect(said == wanted, f"{phone.name} gets {said!r} as {way} instead of {wanted!r}")
        if lengths:
            took = [ms for _, ms in found]
            expect(all(abs(ms - right) <= off for ms, right in zip(took, lengths)), f"{way} of {took} ms for {lengths}")


def presses(stage, phone, digits, after=""):
    """It presses keys, one after the other; how long each was down."""
    for at, digit in enumerate(digits):
        phone.press(digit)
        lengths = told(stage, after + digits[: at + 1])
    return lengths


@story
def transfer_by_tones(stage, a, b, c):
    """B has only tones, and dials *1 1003 # with them: A hears music and no digit in any way, then A and C hear each other."""
    sings(b, "*1", f"{c.user}#")
    talk(a, b)
    c.forget()
    told(stage, "*1", 160)
    a.comes_to_hear({"music"}, TONES)
    c.expect("CALL_INCOMING", 15)
    c.command("accept")
    hear_each_other(a, c)
    b.expect("CALL_CLOSED")
    told(stage, f"*1{c.user}#", 160)
    is_dialled(a)
    is_dialled(c)


@story
def warm_transfer_by_tones(stage, a, b, c):
    """B dials *2 1003 # with tones and talks to C, then *7 swaps A and C, and *4 lets B go."""
    sings(b, f"*2{c.user}#", "", "*7", "", "*4")
    talk(a, b)
    c.forget()
    c.expect("CALL_INCOMING", 15)
    c.command("accept")
    b.comes_to_hear({"C"}, TONES)
    a.comes_to_hear({"music"}, TONES)
    b.comes_to_hear({"A"}, TONES, 12)
    c.comes_to_hear({"music"}, TONES)
    b.expect("CALL_CLOSED", 15)
    hear_each_other(a, c)
    told(stage, f"*2{c.user}#*7*4", 160)
    is_dialled(a)
    is_dialled(c)


@story
def tones_become_events(stage, a, b, c):
    """B's tones come to A as telephone-events, each once with its length, and not as tones; what B says goes on."""
    sings(b, ALL)
    talk(a, b)
    lengths = told(stage, ALL, 160)
    is_dialled(a, events=ALL, lengths=lengths)
    hear_each_other(a, b)


@story
def tones_become_info(stage, a, b, c):
    """B's tones come to C by INFO, each once, and neither as events nor as tones."""
    sings(b, ALL)
    talk(c, b)
    told(stage, ALL, 160)
    got = ""
    for _ in ALL:
        got += c.expect("CALL_DTMF_START").get("param", "?")
    expect(got == ALL, f"C gets {got!r}")
    is_dialled(c)


@story
def events_become_tones(stage, a, b, c):
    """A presses keys: B, who has only tones, hears each once and as long as it was pressed, and gets no events."""
    talk(a, b)
    lengths = presses(stage, a, ALL)
    is_dialled(b, tones=ALL, lengths=lengths)
    hear_each_other(a, b)


@story
def trunk(stage, a, b, c):
    """A calls over the trunk, whose far end has only tones: its tones come to A as events, A's keys go there as tones."""
    sings(c, "159#")
    call(a, c, "91003")
    hear_each_other(a, c)
    lengths = told(stage, "159#", 160)
    is_dialled(a, events="159#", lengths=lengths)
    presses(stage, a, "260", after="159#")
    is_dialled(c, tones="260")


@story
def tones_to_tones(stage, a, b, c):
    """Between two who have only tones each digit is heard once, as a tone that is made anew."""
    sings(b, ALL)
    call(b, c, "91003")
    hear_each_other(b, c)
    lengths = told(stage, ALL, 160)
    is_dialled(c, tones=ALL, lengths=lengths)


@story
def words_are_no_digits(stage, a, b, c):
    """B speaks, presses a key now and then, and speaks on: the keys are heard, and nothing in the words is."""
    sings(b, "1", "5", "9", "#", between=words(stage))
    talk(a, b)
    told(stage, "159#", 160)
    is_dialled(a, events="159#")


def words(stage):
    """Sentences, if there is somebody to say them."""
    if not shutil.which("espeak-ng"):
        return None
    said = []
    for voice in ("en+f3", "de+m3", "fr+f1"):
        path = f"{stage.directory}/words.wav"
        subprocess.run(["espeak-ng", "-v", voice, "-w", path, "Please hold the line while I put you through to my colleague."], check=True)
        subprocess.run(["sox", path, "-r", "8000", "-c", "1", "-b", "16", f"{path}.wav"], check=True)
        with wave.open(f"{path}.wav") as file:
            samples = array.array("h", file.readframes(file.getnframes()))
        said.append([sample / 32768 for sample in samples])
    return said


OPUS, G722, PCMA = "opus/48000/2", "G722/16000/1", "PCMA/8000/1"
WIDE = [transfer_by_tones, tones_to_tones]


def named(prefix, play):
    def played(*given):
        play(*given)

    played.__name__, played.__doc__ = f"{prefix}_{play.__name__}", play.__doc__
    return played


Stage(DIGITS).perform(
    [
        (
            None,
            [
                transfer_by_tones,
                warm_transfer_by_tones,
                tones_become_events,
                tones_become_info,
                events_become_tones,
                trunk,
                tones_to_tones,
                words_are_no_digits,
            ],
        ),
        ([(PCMA, ""), (G722, ""), (G722, "")], [named("g722", play) for play in WIDE]),
        ([(PCMU, ""), (OPUS, ""), (OPUS, "")], [named("opus", play) for play in WIDE]),
    ]
)
