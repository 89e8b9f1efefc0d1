"""Digits: as sound, and found in sound by SpanDSP, which comes with baresip and is what other switches listen with."""

import array
import ctypes
import functools
import math
import wave

RATE = 8000
ROWS, COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
KEYS = ["123A", "456B", "789C", "*0#D"]
EVENTS = "0123456789*#ABCD"


def tones(frequencies, ms, amplitude):
    """Sines together, as floats up to 1; they begin and end at once."""
    turns = [2.0 * math.pi * hz / RATE for hz in frequencies]
    return [amplitude * sum(math.sin(turn * at) for turn in turns) for at in range(ms * RATE // 1000)]


def key(digit, ms):
    row = next(at for at, keys in enumerate(KEYS) if digit in keys)
    return tones((ROWS[row], COLUMNS[KEYS[row].index(digit)]), ms, 0.25)


def write(path, parts):
    """A WAV file of these pieces, each a list of floats."""
    samples = array.array("h", (int(32767 * sample) for part in parts for sample in part))
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples.tobytes())


@functools.cache
def library():
    found = ctypes.CDLL("libspandsp.so.2")
    found.dtmf_rx_init.restype = ctypes.c_void_p
    found.dtmf_rx_init.argtypes = [ctypes.c_void_p] * 3
    found.dtmf_rx.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]
    found.dtmf_rx_set_realtime_callback.argtypes = [ctypes.c_void_p] * 3
    return found


REPORT = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int)


class Listener:
    """Hears digits in one stream of samples: `told` has each with how long it was, ms (None while it lasts)."""

    def __init__(self):
        self.told = []
        self.report = REPORT(self._report)  # is kept for as long as it may be called
        self.state = library().dtmf_rx_init(None, None, None)
        library().dtmf_rx_set_realtime_callback(self.state, self.report, None)

    def hear(self, samples):
        library().dtmf_rx(self.state, (ctypes.c_int16 * len(samples))(*samples), len(samples))

    def _report(self, _, code, level, samples):
        if code:
            self.told.append([chr(code), None])
        elif self.told:
            self.told[-1][1] = samples * 1000 // RATE
