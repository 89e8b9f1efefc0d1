"""Decoders for what is on a cable: each turns the payloads of one stream into samples, 8000 a second. None of them is the switch's
own: G.711 by its tables, Opus by libopus, G.722 by SpanDSP, both of which come with baresip."""

import array
import ctypes
import functools


def expand_ulaw(byte):
    byte = ~byte & 0xFF
    magnitude = (((byte & 0x0F) << 3) + 0x84 << ((byte & 0x70) >> 4)) - 0x84
    return -magnitude if byte & 0x80 else magnitude


def expand_alaw(byte):
    byte ^= 0x55
    exponent, mantissa = (byte & 0x70) >> 4, (byte & 0x0F) << 4
    magnitude = mantissa + 8 if exponent == 0 else mantissa + 0x108 << (exponent - 1)
    return magnitude if byte & 0x80 else -magnitude


def law(expand):
    table = [expand(byte) for byte in range(256)]
    return lambda payload: [table[byte] for byte in payload]


def g722():
    library = ctypes.CDLL("libspandsp.so.2")
    library.g722_decode_init.restype = ctypes.c_void_p
    state = ctypes.c_void_p(library.g722_decode_init(None, 64000, 1))  # 1: 8000 samples a second

    def decode(payload):
        samples = (ctypes.c_int16 * (len(payload) + 8))()
        return samples[: library.g722_decode(state, samples, bytes(payload), len(payload))]

    return decode


def opus():
    library = ctypes.CDLL("libopus.so.0")
    library.opus_decoder_create.restype = ctypes.c_void_p
    state = ctypes.c_void_p(library.opus_decoder_create(8000, 1, ctypes.byref(ctypes.c_int())))

    def decode(payload):
        samples = (ctypes.c_int16 * 960)()
        return samples[: max(library.opus_decode(state, bytes(payload), len(payload), samples, 960, 0), 0)]

    return decode


STATIC = {0: functools.partial(law, expand_ulaw), 8: functools.partial(law, expand_alaw), 9: g722}


class Decoder:
    """One stream, whatever codecs come in it."""

    def __init__(self):
        self.decoders = {}

    def decode(self, payload_type, payload):
        """The samples; none for a telephone-event. A dynamic number that is none is Opus."""
        if payload_type >= 96 and len(payload) == 4 and payload[0] < 16:
            return []
        if payload_type not in self.decoders:
            make = STATIC.get(payload_type) or (opus if payload_type >= 96 else None)
            self.decoders[payload_type] = make() if make else lambda payload: []
        return array.array("h", self.decoders[payload_type](payload))
