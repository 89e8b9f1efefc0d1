"""Scores what a listener in a room hears. Started by `quality`: the program that plays the room, and a directory to work in."""

import statistics
import subprocess
import sys

import numpy
from pesq import pesq
from scipy.io import wavfile
from scipy.signal import resample_poly

ROOM, DIRECTORY = sys.argv[1:3]
# Who speaks what, and who listens by what. Telephone sound is scored at 8000 Hz, the rest at 16000.
PAIRS = [
    ("PCMU", "PCMA"),
    ("PCMA", "opus"),
    ("opus", "PCMU"),
    ("G722", "PCMA"),
    ("opus", "G722"),
    ("G722", "opus"),
    ("opus", "opus"),
    ("G722", "G722"),
]
NARROW = {"PCMU", "PCMA"}
# What is wanted; but nobody can do better than the two codecs by themselves, one after the other, and some do worse than this.
CLEAN, ROUGH = 4.2, 3.8
# Voices that PESQ takes for voices: of the others of espeak-ng, G.711 by itself costs half a point and more.
TEXTS = [
    ("en+f5", "The birch canoe slid on the smooth planks. Glue the sheet to the dark blue background. It's easy to tell the depth of a well."),
    ("en-us+klatt4", "These days a chicken leg is a rare dish. Rice is often served in round bowls. The juice of lemons makes fine punch."),
]


def speech(number):
    path = f"{DIRECTORY}/speech{number}.wav"
    voice, text = TEXTS[number]
    subprocess.run(["espeak-ng", "-v", voice, "-s", "150", "-w", path, text], check=True)
    rate, sound = wavfile.read(path)
    sound = sound.astype(float) / numpy.abs(sound).max() * 16000
    sound = resample_poly(sound, 48000, rate)
    silence = numpy.zeros(48000)
    wavfile.write(path, 48000, numpy.concatenate([silence, sound, silence[:24000]]).astype(numpy.int16))
    return path


def alone(path, speaker, listener):
    """The two codecs one after the other, without a room."""
    between, heard = f"{DIRECTORY}/between.wav", f"{DIRECTORY}/heard.wav"
    subprocess.run([ROOM, path, between, speaker], check=True)
    subprocess.run([ROOM, between, heard, listener], check=True)
    return compared(path, heard, speaker, listener)


def score(path, speaker, listener, loss, jitter, seed):
    heard = f"{DIRECTORY}/heard.wav"
    subprocess.run([ROOM, path, heard, speaker, listener, str(loss), str(jitter), str(seed)], check=True)
    return compared(path, heard, speaker, listener)


def compared(path, heard, speaker, listener):
    narrow = bool({speaker, listener} & NARROW)
    wanted = 8000 if narrow else 16000

    def read(name):
        rate, sound = wavfile.read(name)
        return sound if rate == wanted else resample_poly(sound.astype(float), wanted, rate).astype(numpy.int16)

    return pesq(wanted, read(path), read(heard), "nb" if narrow else "wb")


def main():
    paths, passed, failed = [speech(number) for number in range(len(TEXTS))], 0, 0
    for speaker, listener in PAIRS:
        clean = statistics.mean(score(path, speaker, listener, 0, 0, 1) for path in paths)
        rough = statistics.mean(score(path, speaker, listener, 1, 30, seed) for path in paths for seed in (1, 2, 3))
        best = statistics.mean(alone(path, speaker, listener) for path in paths)
        fine = clean >= min(CLEAN, best - 0.1) and rough >= min(ROUGH, best - 0.4)
        passed, failed = passed + fine, failed + (not fine)
        band = "nb" if {speaker, listener} & NARROW else "wb"
        print(f"  {'ok  ' if fine else 'FAIL'}  {speaker} to {listener} ({band}): clean {clean:.2f}, 1 % loss and 30 ms jitter {rough:.2f}; the codecs alone {best:.2f}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
