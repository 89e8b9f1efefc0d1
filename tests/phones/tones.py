"""What is in a piece of sound: one known tone, something else, or nothing."""

import math

RATE = 8000
SILENCE = 60.0  # RMS of 16-bit samples, about -55 dBFS


def rms(samples):
    return math.sqrt(sum(s * s for s in samples) / len(samples)) if samples else 0.0


def share_of(samples, frequency):
    """The part of the power that is at this frequency, 0 to 1 (Goertzel, over windows of 50 ms)."""
    window = RATE // 20
    at, total = 0.0, 0.0
    for start in range(0, len(samples) - window + 1, window):
        piece = samples[start : start + window]
        coefficient = 2.0 * math.cos(2.0 * math.pi * frequency / RATE)
        before, last = 0.0, 0.0
        for sample in piece:
            before, last = last, sample + coefficient * last - before
        power = last * last + before * before - coefficient * last * before
        at += 2.0 * power / (window * window)
        total += sum(s * s for s in piece) / window
    return at / total if total > 0 else 0.0


def heard(samples, tones):
    """The set of names in `tones` (name -> Hz) that can be heard; {"something"} for sound of another kind, else empty."""
    if rms(samples) < SILENCE:
        return set()
    return {name for name, frequency in tones.items() if share_of(samples, frequency) > 0.15} or {"something"}
