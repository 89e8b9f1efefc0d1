"""Hold music from an MP3 file and recordings, with real phones: STORIES=tests/phones/sound.py tests/phones/run.

A says 440 Hz and B 620 Hz all the time; the music is 1200 Hz. Each call is recorded by itself, caller left, called right."""

import datetime
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import wave

from phone import Phone, PhoneError, until

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "sip-scenarios"))
from switch import Switch, SwitchError  # noqa: E402

SWITCH = "10.99.0.1"
SOUNDS = pathlib.Path(__file__).resolve().parents[1] / "sounds"
TONES = {"A": 440, "B": 620, "music": 1200}
CONFIG = f"""\
[sip]
listen = ["udp://{SWITCH}:5060"]
domain = "{SWITCH}"

[media]
address = "{SWITCH}"
ports = "20000-20999"
hold_music = "{SOUNDS}/hold.mp3"

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
"""


def hold_music_and_recording(a, b, switch):
    """A calls B, B holds A, A hears the MP3; the recording has each on its channel, and no music."""
    a.command("dial", f"sip:1002@{SWITCH}")
    b.expect("CALL_INCOMING")
    b.command("accept")
    for phone in (a, b):
        phone.expect("CALL_ESTABLISHED")
    a.comes_to_hear({"B"}, TONES)
    b.comes_to_hear({"A"}, TONES)
    b.command("hold")
    a.comes_to_hear({"music"}, TONES)
    b.command("resume")
    a.comes_to_hear({"B"}, TONES)
    b.comes_to_hear({"A"}, TONES)
    a.command("hangup")
    b.expect("CALL_CLOSED")
    ends = r"recording ends.*?file=\"([^\"]+)\" length_ms=(\d+)"
    said = until(lambda: re.search(ends, plain(switch)), 10, "no recording ends")
    length = told_at(switch, "ended leg=") - told_at(switch, "state=Started")
    recording = switch.directory / "recordings" / said[1]
    with wave.open(str(recording)) as file:
        channels, rate, frames = file.getnchannels(), file.getframerate(), file.getnframes()
    expect(channels == 2, f"{channels} channels")
    expect(frames * 1000 // rate == int(said[2]), f"{frames} frames, {said[2]} ms told")
    expect(abs(frames / rate - length) <= 0.04, f"{frames / rate} s of a call of {length} s")
    for channel, own, others in ((1, 440, (620, 1200)), (2, 620, (440, 1200))):
        expect(loudness(recording, channel, own) > -25, f"channel {channel} lacks {own} Hz")
        for other in others:
            heard = loudness(recording, channel, other)
            expect(heard < -50, f"channel {channel} has {other} Hz at {heard} dB")
    print(f"        {recording.name}: {frames / rate:.2f} s of a call of {length:.2f} s")


def told_at(switch, what):
    """When the log says this first."""
    stamp = re.search(rf"^(\S+)Z .*{what}", plain(switch), re.M)[1]
    return datetime.datetime.fromisoformat(stamp).timestamp()


def plain(switch):
    return re.sub(r"\x1b\[[0-9;]*m", "", switch.log_path.read_text(errors="replace"))


def loudness(path, channel, hz):
    """RMS level of a band of one channel, dB, by sox."""
    command = ["sox", str(path), "-n", "remix", str(channel), "sinc", f"{hz - 60}-{hz + 60}", "stats"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    return float(re.search(r"RMS lev dB\s+(\S+)", said)[1])


def expect(condition, complaint):
    if not condition:
        raise PhoneError(complaint)


def main():
    net = sys.argv[1]
    directory = tempfile.mkdtemp(prefix="warmline-sound-")
    switch, phones, failed = None, [], 0
    try:
        switch = Switch(directory, CONFIG, SWITCH, 5060)
        for at, (name, hz) in enumerate((("a", 440), ("b", 620))):
            where = (f"{net}-{name}", f"10.99.0.{11 + at}")
            phones.append(Phone(name, *where, hz, directory, f"100{1 + at}", SWITCH, f"pw100{1 + at}"))
            phones[-1].start()
        for phone in phones:
            phone.registered()
        hold_music_and_recording(*phones, switch)
        faults = [f"{phone.name}: {fault}" for phone in phones for fault in phone.ear.faults]
        expect(not faults, "; ".join(faults[:3]))
        print(f"  ok    hold_music_and_recording: {hold_music_and_recording.__doc__}")
    except (PhoneError, SwitchError) as error:
        failed = 1
        print(f"  FAIL  {error}")
        print(f"Logs: {directory}\n{switch.said(3000) if switch else ''}")
    finally:
        for phone in phones:
            phone.stop()
        if switch:
            switch.stop()
    if not failed:
        shutil.rmtree(directory)
    sys.exit(failed)


main()
