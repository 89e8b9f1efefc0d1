"""SRTP with keys in SDP, as somebody reads it who sees the SIP messages too (RFC 3711, RFC 4568). Not the switch's own: AES is that of
OpenSSL, which comes with baresip."""

import base64
import ctypes
import functools
import hashlib
import hmac
import re
import struct

TAGS = {"AES_CM_128_HMAC_SHA1_80": 10, "AES_CM_128_HMAC_SHA1_32": 4}


class Secrets:
    """What one side has said its keys are, and the streams that it makes with them."""

    def __init__(self):
        self.keys = []
        self.streams = {}  # SSRC -> (key, index of the newest packet)
        self.turns = 0  # how often the numbers of a stream went round

    def note(self, message):
        """A SIP message, which may bring a key."""
        for suite, inline in re.findall(rb"a=crypto:\d+ (\S+) inline:([A-Za-z0-9+/=]+)", message):
            if suite.decode() in TAGS and all(key.inline != inline for key in self.keys):
                self.keys.append(Key(suite.decode(), inline))

    def open(self, packet):
        """The RTP in a packet; None: it was made with none of the keys."""
        sequence, _, ssrc = struct.unpack_from("!HII", packet, 2)
        known = self.streams.get(ssrc)
        if known:
            key, newest = known
            step = (sequence - newest + 0x8000) % 0x10000 - 0x8000
            plain = newest + step >= 0 and key.open(packet, ssrc, newest + step)
            if plain:
                self.turns += newest >> 16 < newest + step >> 16
                self.streams[ssrc] = (key, max(newest, newest + step))
                return plain
        for key in reversed(self.keys):
            plain = key.open(packet, ssrc, sequence)
            if plain:
                self.streams[ssrc] = (key, sequence)
                return plain
        return None


class Key:
    """A master key, and what is made of it (RFC 3711 4.3)."""

    def __init__(self, suite, inline):
        self.inline, self.tag = inline, TAGS[suite]
        octets = base64.b64decode(inline + b"=" * (-len(inline) % 4))
        master, salt = aes(octets[:16]), int.from_bytes(octets[16:30], "big") << 16

        def derive(label, length):
            return stream(master, salt ^ label << 64, length)

        self.cipher, self.mac = aes(derive(0, 16)), derive(1, 20)
        self.salt = int.from_bytes(derive(2, 14), "big") << 16

    def open(self, packet, ssrc, index):
        if len(packet) < 12 + self.tag:
            return None
        head, tag = packet[: -self.tag], packet[-self.tag :]
        proof = hmac.new(self.mac, head + struct.pack("!I", index >> 16), hashlib.sha1).digest()
        if not hmac.compare_digest(proof[: self.tag], tag):
            return None
        header = 12 + 4 * (head[0] & 0x0F)
        body = head[header:]
        key = stream(self.cipher, self.salt ^ ssrc << 64 ^ index << 16, len(body))
        return head[:header] + bytes(one ^ other for one, other in zip(body, key))


def stream(cipher, counter, length):
    blocks = (cipher(((counter + at) % (1 << 128)).to_bytes(16, "big")) for at in range((length + 15) // 16))
    return b"".join(blocks)[:length]


@functools.cache
def library():
    return ctypes.CDLL("libcrypto.so.3")


def aes(key):
    """A function that encrypts one block with AES-128."""
    schedule = ctypes.create_string_buffer(256)
    library().AES_set_encrypt_key(key, 128, schedule)

    def encrypt(block):
        out = ctypes.create_string_buffer(16)
        library().AES_encrypt(block, out, schedule)
        return out.raw

    return encrypt
