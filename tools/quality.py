"""Scores what a listener in a room hears. Started by `quality`: the program that plays the room, a directory to work in, and one of
recorded voices."""

import argparse
import statistics
import subprocess
import sys

import numpy
from pesq import pesq
from scipy.io import wavfile
from scipy.signal import resample_poly

arguments = argparse.ArgumentParser()
for name in ["room", "directory", "voices"]:
    arguments.add_argument(name)
arguments.add_argument("--seed", type=int, default=1, help="of the first network that loses and delays")
arguments.add_argument("--runs", type=int, default=5, help="how many such networks, for each text")
arguments.add_argument("--loss", type=float, default=1, help="per cent")
arguments.add_argument("--jitter", type=int, default=30, help="ms")
arguments = arguments.parse_args()
ROOM, DIRECTORY, VOICES = arguments.room, arguments.directory, arguments.voices
SEEDS = range(arguments.seed, arguments.seed + arguments.runs)
LOSS, JITTER = arguments.loss, arguments.jitter
RATE = 48000
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
# People who speak, at 48000 Hz: recordings that come with Debian's alsa-utils. Two texts of four pieces each.
TEXTS = [
    ["Front_Left", "Front_Center", "Front_Right", "Rear_Center"],
    ["Side_Left", "Side_Right", "Rear_Left", "Rear_Right"],
]
# Active speech, dBov (ITU-T P.862.3).
LEVEL = -26
# The room they speak in. Between pieces of digital silence PESQ hears the noise of a codec that no room lets anybody hear: G.711 alone
# loses half a point by that.
FLOOR = -60


def speech(number):
    """A text at the level that PESQ wants, with silence around it and between its pieces."""
    parts = [numpy.zeros(RATE)]
    for name in TEXTS[number]:
        rate, sound = wavfile.read(f"{VOICES}/{name}.wav")
        parts += [resample_poly(sound.astype(float), RATE, rate), numpy.zeros(RATE * 3 // 10)]
    sound = numpy.concatenate(parts + [numpy.zeros(RATE // 2)])
    frames = sound[: len(sound) // 960 * 960].reshape(-1, 960)
    energy = (frames**2).mean(axis=1)
    active = numpy.sqrt(energy[energy > energy.max() / 1000].mean())
    sound *= 32768 * 10 ** (LEVEL / 20) / active
    sound += numpy.random.default_rng(number).normal(0, 32768 * 10 ** (FLOOR / 20), len(sound))
    path = f"{DIRECTORY}/speech{number}.wav"
    wavfile.write(path, RATE, numpy.clip(sound, -32768, 32767).astype(numpy.int16))
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
        rough = statistics.mean(score(path, speaker, listener, LOSS, JITTER, seed) for path in paths for seed in SEEDS)
        best = statistics.mean(alone(path, speaker, listener) for path in paths)
        fine = clean >= min(CLEAN, best - 0.1) and rough >= min(ROUGH, best - 0.4)
        passed, failed = passed + fine, failed + (not fine)
        band = "nb" if {speaker, listener} & NARROW else "wb"
        print(f"  {'ok  ' if fine else 'FAIL'}  {speaker} to {listener} ({band}): clean {clean:.2f}, {LOSS:g} % loss and {JITTER} ms jitter {rough:.2f}; the codecs alone {best:.2f}")
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


main()
