"""Hold music from an MP3 file and recordings, with real phones: STORIES=tests/phones/sound.py tests/phones/run [STORY...].

A says 440 Hz, B 620 Hz and C 880 Hz all the time; the music is 1200 Hz, and so is the whisper. Calls of 1001 are recorded by themselves: the
party that was there first on the left, the others on the right."""

import datetime
import re
import subprocess
import urllib.parse
import wave

from stage import CONFIG, HERE, TONES, Stage, call, expect, hear_each_other, leg_of, talk, until, uri

RECORDING = CONFIG + f"""
[sounds]
directory = "{HERE.parent}/sounds"

[recording]
directory = "recordings"
channels = 2
min_free_mb = 1

[[extension]]
number = "1001"
password = "pw1001"
record = true

[[extension]]
number = "1002"
password = "pw1002"

[[extension]]
number = "1003"
password = "pw1003"

[[route]]
match = "81XXX"
strip = 1
to = "{{number}}"
record = true

[[route]]
match = "9XXXX"
strip = 1
to = "{{number}}"
"""


class Tape:
    """A recording that has ended, as the log tells of it."""

    def __init__(self, stage, recording=None):
        ends = rf"recording ends recording={recording or '(?:recording-)?[0-9]+'} file=\"([^\"]+)\" length_ms=(\d+)"
        said = until(lambda: re.search(ends, since(stage)), 10, f"{recording} does not end")
        self.path = stage.switch.directory / "recordings" / said[1]
        with wave.open(str(self.path)) as file:
            self.channels, rate, frames = file.getnchannels(), file.getframerate(), file.getnframes()
        self.length = frames / rate
        expect(frames * 1000 // rate == int(said[2]), f"{frames} frames, {said[2]} ms told")

    def lasts(self, seconds, pauses=0):
        """It is as long as what it is of; a pause begins and ends with a frame."""
        expect(abs(self.length - seconds) <= 0.04 + 0.02 * pauses, f"{self.length:.3f} s of {seconds:.3f} s")

    def has(self, channel, *names, start=0.3, seconds=None):
        """These tones are on a channel in a part of it, and no others."""
        for name, hz in TONES.items():
            level = self.loudness(channel, hz, start, seconds)
            if name in names:
                expect(level > -30, f"channel {channel} lacks {name}: {level} dB")
            else:
                expect(level < -38, f"channel {channel} has {name} at {level} dB")

    def loudness(self, channel, hz, start, seconds):
        """RMS level of a band of one channel, dB, by sox."""
        part = ["trim", str(start), str(seconds or self.length - start - 0.3)]
        command = ["sox", str(self.path), "-n", "remix", str(channel), *part, "sinc", f"{hz - 60}-{hz + 60}", "stats"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
        level = re.search(r"RMS lev dB\s+(\S+)", said)[1]
        return -200.0 if level == "-inf" else float(level)


def since(stage):
    """The log of this story, without colours."""
    log = re.sub(r"\x1b\[[0-9;]*m", "", stage.switch.log_path.read_text(errors="replace"))
    return log[stage.mark :]


def told_at(stage, what):
    """When the log first said this in this story."""
    said = until(lambda: re.search(rf"^(\S+)Z .*{what}", since(stage), re.M), 10, f"the log lacks {what}")
    return datetime.datetime.fromisoformat(said[1]).timestamp()


def lasted(stage):
    """From the moment when a call of two began to be recorded until its first leg ended."""
    return told_at(stage, "ended leg=") - told_at(stage, "state=Started")


def story(play):
    """Each looks at its own part of the log only."""

    def played(stage, a, b, c):
        stage.mark = 0
        stage.mark = len(since(stage))
        play(stage, a, b, c)

    played.__name__, played.__doc__ = play.__name__, play.__doc__
    return played


def live(stage):
    return stage.api.get("/calls")["calls"][0]


@story
def hold_music_and_recording(stage, a, b, c):
    """A calls B, B holds A, A hears the MP3; the recording has each on its channel, no music, and is as long as the call."""
    talk(a, b)
    b.command("hold")
    a.comes_to_hear({"music"}, TONES)
    b.command("resume")
    hear_each_other(a, b)
    a.command("hangup")
    b.expect("CALL_CLOSED")
    tape = Tape(stage)
    tape.lasts(lasted(stage))
    expect(tape.channels == 2, f"{tape.channels} channels")
    tape.has(1, "A")
    tape.has(2, "B")


@story
def pause_and_resume(stage, a, b, c):
    """A recording is paused, C comes and goes, and it goes on: nothing of C is on it."""
    call(a, b, "91002")
    hear_each_other(a, b)
    recording = stage.api.post(f"/calls/{live(stage)['id']}/recordings")["recording"]
    a.comes_to_hear({"B"}, TONES)
    stage.api.post(f"/recordings/{recording}/pause")
    c.forget()
    stage.api.post(f"/calls/{live(stage)['id']}/participants", {"to": c.user})
    c.expect("CALL_INCOMING")
    c.command("accept")
    c.expect("CALL_ESTABLISHED")
    hear_each_other(a, b, c)
    c.command("hangup")
    c.expect("CALL_CLOSED")
    a.comes_to_hear({"B"}, TONES)
    stage.api.post(f"/recordings/{recording}/resume")
    a.comes_to_hear({"B"}, TONES)
    stage.api.post(f"/recordings/{recording}/stop")
    tape = Tape(stage, recording)
    begun = told_at(stage, f"recording={recording} state=Started")
    paused, resumed, ended = (told_at(stage, f"recording={recording} state={s}") for s in ("Paused", "Resumed", "Ended"))
    tape.lasts(paused - begun + ended - resumed, pauses=1)
    tape.has(1, "A")
    tape.has(2, "B")


@story
def one_leg(stage, a, b, c):
    """One leg alone, of three: what it says on the left, what it hears on the right; on hold it hears nobody."""
    talk(a, b)
    c.forget()
    stage.api.post(f"/calls/{live(stage)['id']}/participants", {"to": c.user})
    c.expect("CALL_INCOMING")
    c.command("accept")
    hear_each_other(a, b, c)
    leg = leg_of(live(stage), c)["id"]
    recording = stage.api.post(f"/legs/{leg}/recordings")["recording"]
    hear_each_other(a, b, c)
    stage.api.post(f"/legs/{leg}/hold", {"music": "music"})
    c.comes_to_hear({"music"}, TONES)
    stage.api.post(f"/recordings/{recording}/stop")
    tape = Tape(stage, recording)
    begun, held, ended = (
        told_at(stage, what)
        for what in (f"recording={recording} state=Started", "hold leg=.*held=true", f"recording={recording} state=Ended")
    )
    tape.lasts(ended - begun)
    tape.has(1, "C", seconds=held - begun - 0.6)
    tape.has(2, "A", "B", seconds=held - begun - 0.6)
    for channel in (1, 2):
        tape.has(channel, start=held - begun + 0.3, seconds=ended - held - 0.5)


@story
def attended_transfer(stage, a, b, c):
    """B holds A, talks to C and joins the two: the recording of A's call is one file, first with B and then with C."""
    talk(a, b)
    b.command("hold")
    a.comes_to_hear({"music"}, TONES)
    talk(b, c)
    call_id, own_tag, tag_of_switch = b.last_dialog()
    b.forget()
    replaces = urllib.parse.quote(f"{call_id};to-tag={tag_of_switch};from-tag={own_tag}", safe="")
    b.command("line", "1")
    b.command("transfer", f"{uri(c.user)}?Replaces={replaces}")
    hear_each_other(a, c)
    b.expect("CALL_CLOSED")
    hear_each_other(a, c)
    a.command("hangup")
    c.expect("CALL_CLOSED")
    tape = Tape(stage)
    expect(len(re.findall("recording ends", since(stage))) == 1, "it is more than one file")
    begun, moved = told_at(stage, "state=Started"), told_at(stage, "transfer ends")
    over = max(told_at(stage, f"ended leg={leg}") for leg in re.findall(r"ended leg=(\S+)", since(stage)))
    tape.lasts(over - begun)
    tape.has(1, "A", seconds=1.0)
    tape.has(2, "B", seconds=0.4)
    tape.has(1, "A", start=moved - begun + 0.4)
    tape.has(2, "C", start=moved - begun + 0.4)


@story
def several_at_once(stage, a, b, c):
    """The call by itself, the call once more, and each leg: four files, each as long as it was made."""
    talk(a, b)
    call = live(stage)
    wishes = [f"/calls/{call['id']}"] + [f"/legs/{leg_of(call, phone)['id']}" for phone in (a, b)]
    recordings = [stage.api.post(f"{wish}/recordings")["recording"] for wish in wishes]
    hear_each_other(a, b)
    stage.api.post(f"/recordings/{recordings[2]}/stop")
    tape = Tape(stage, recordings[2])
    tape.lasts(*spans(stage, recordings[2]))
    tape.has(1, "B")
    tape.has(2, "A")
    hear_each_other(a, b)
    a.command("hangup")
    b.expect("CALL_CLOSED")
    until(lambda: len(re.findall("recording ends", since(stage))) == 4 or None, 10, "not four files")
    for recording in recordings[:2]:
        tape = Tape(stage, recording)
        tape.lasts(told_at(stage, "ended leg=") - told_at(stage, f"recording={recording} state=Started"))
        tape.has(1, "A")
        tape.has(2, "B")


def spans(stage, recording):
    started, ended = (told_at(stage, f"recording={recording} state={state}") for state in ("Started", "Ended"))
    return [ended - started]


@story
def whispers_are_not_recorded(stage, a, b, c):
    """B is whispered to in mid-call, and hears it over A; neither A nor any recording does."""
    talk(a, b)
    leg = leg_of(live(stage), b)["id"]
    own = stage.api.post(f"/legs/{leg}/recordings")["recording"]
    stage.api.post(f"/legs/{leg}/play", {"sound": "hold.mp3", "over": True, "times": 0})
    b.comes_to_hear({"A", "music"}, TONES)
    a.comes_to_hear({"B"}, TONES)
    a.command("hangup")
    b.expect("CALL_CLOSED")
    until(lambda: len(re.findall("recording ends", since(stage))) == 2 or None, 10, "not two files")
    tape = Tape(stage)
    tape.has(1, "A") if not tape.path.name.endswith(f"{own}.wav") else tape.has(1, "B")
    tape = Tape(stage, own)
    tape.has(1, "B")
    tape.has(2, "A")


@story
def by_route(stage, a, b, c):
    """B calls C, neither of whom is recorded: over the route that wants it, it is."""
    call(b, c, "1003")
    hear_each_other(b, c)
    b.command("hangup")
    c.expect("CALL_CLOSED")
    expect("recording" not in since(stage), "a call without a wish is recorded")
    call(b, c, "81003")
    hear_each_other(b, c)
    b.command("hangup")
    c.expect("CALL_CLOSED")
    tape = Tape(stage)
    tape.has(1, "B")
    tape.has(2, "C")


STORIES = [
    hold_music_and_recording,
    pause_and_resume,
    one_leg,
    attended_transfer,
    several_at_once,
    whispers_are_not_recorded,
    by_route,
]
Stage(RECORDING).perform([(None, STORIES)])
