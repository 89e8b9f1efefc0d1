"""What a phone is sent: the RTP that leaves the switch for it, read from the phone's cable and decoded.

The cable and not baresip's own recording, because the latter ends at the first re-INVITE in the release of Debian 12, and
because here the line itself can be checked too: one SSRC, no sequence number left out, no timestamp that runs backwards."""

import array
import select
import socket
import struct
import time
import wave

import keys
from payloads import Decoder
from srtp import Secrets
from tones import heard

ETH_P_ALL = 3
PACKET_OUTGOING = 4


class Ear:
    """`cable` is the switch's end of the veth, `address` the phone's."""

    def __init__(self, cable, address):
        self.address = socket.inet_aton(address)
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(ETH_P_ALL))
        self.socket.bind((cable, 0))
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sound = {}  # port of the phone -> samples that came to it
        self.decoders = {}  # port -> of its stream
        self.types = {}  # port -> payload types of sound in it
        self.events = {}  # (port, timestamp) -> digit and length (ms) of a telephone-event, in the order in which they came
        self.listeners = {}  # port -> of digits in the sound
        self.got = []  # the payloads that came to it of late
        self.said = set()  # the payloads that it sent
        self.lines = {}  # port -> (ssrc, sequence, timestamp) of its last packet
        self.secrets = Secrets()  # of what comes to it
        self.own_secrets = Secrets()  # of what it sends
        self.kinds = []  # of the last packets, whether they were secret
        self.faults = []  # breaks of the line, as sentences

    def close(self):
        self.socket.close()

    def read(self):
        """Takes in what has come since."""
        while select.select([self.socket], [], [], 0)[0]:
            packet, origin = self.socket.recvfrom(2048)
            if origin[1] == 0x0800:
                if origin[2] == PACKET_OUTGOING:
                    self._take(packet)
                else:
                    self._note(packet)

    def _note(self, packet):
        """The phone says something."""
        header = (packet[0] & 0x0F) * 4
        if packet[9] == socket.IPPROTO_UDP and packet[12:16] == self.address and len(packet) > header + 20:
            self.said.add(packet[header + 20 :])
            if packet[header + 2 : header + 4] == b"\x13\xc4":
                self.own_secrets.note(packet[header + 8 :])

    def _take(self, packet):
        header = (packet[0] & 0x0F) * 4
        if packet[9] != socket.IPPROTO_UDP or packet[16:20] != self.address:
            return
        source, port = struct.unpack_from("!HH", packet, header)
        rtp = packet[header + 8 :]
        if source == 5060:
            self.secrets.note(rtp)
        if port < 10000 or port % 2 or len(rtp) < 12 or rtp[0] >> 6 != 2:
            return
        plain = self.secrets.open(rtp) if self.secrets.keys else None
        self.kinds = self.kinds[-24:] + [plain is not None]
        rtp = plain or rtp
        sequence, timestamp, ssrc = struct.unpack_from("!HII", rtp, 2)
        self._check(port, ssrc, sequence, timestamp)
        payload = rtp[12 + 4 * (rtp[0] & 0x0F) :]
        decoder = self.decoders.setdefault(port, Decoder())
        samples = decoder.decode(rtp[1] & 0x7F, payload)
        if samples:
            self.sound.setdefault(port, array.array("h")).extend(samples)
            self.types.setdefault(port, set()).add(rtp[1] & 0x7F)
            self.got = self.got[-49:] + [payload]
            self.listeners.setdefault(port, keys.Listener()).hear(samples)
        elif len(payload) == 4 and payload[0] < 16:
            ticks = struct.unpack_from("!H", payload, 2)[0]
            self.events[port, timestamp] = [keys.EVENTS[payload[0]], ticks // 8]

    def _check(self, port, ssrc, sequence, timestamp):
        before, self.lines[port] = self.lines.get(port), (ssrc, sequence, timestamp)
        if before is None:
            return
        if ssrc != before[0]:
            self.faults.append(f"port {port}: SSRC {before[0]:08x} became {ssrc:08x}")
        elif (sequence - before[1]) & 0xFFFF != 1:
            self.faults.append(f"port {port}: sequence {before[1]} was followed by {sequence}")
        elif (timestamp - before[2]) & 0x80000000:
            self.faults.append(f"port {port}: timestamp {before[2]} was followed by {timestamp}")

    def hears(self, tones, seconds=0.6, bound=1.2):
        """What comes during the next `seconds` of sound, on any of the phone's ports: names of tones, "something", or empty.
        Ends after `bound` seconds of time when less sound than that comes."""
        self.read()
        start = {port: len(sound) for port, sound in self.sound.items()}
        end, wanted = time.monotonic() + bound, int(seconds * 8000)
        while time.monotonic() < end:
            select.select([self.socket], [], [], 0.05)
            self.read()
            if any(len(sound) - start.get(port, 0) >= wanted for port, sound in self.sound.items()):
                break
        names = set()
        for port, sound in self.sound.items():
            names |= heard(sound[start.get(port, 0) :], tones)
        return names

    def is_secret(self):
        """Whether everything that came of late was SRTP that could be proven; None: it was mixed, or there was nothing."""
        self.read()
        return self.kinds[0] if len(set(self.kinds)) == 1 else None

    def relayed(self, speaker):
        """The part of the last second that is what the other phone said, octet by octet."""
        self.read(), speaker.read()
        return sum(payload in speaker.said for payload in self.got) / max(len(self.got), 1)

    def digits(self):
        """What it was dialled: as telephone-events, and as tones; each with its length, ms."""
        self.read()
        return list(self.events.values()), [told for listener in self.listeners.values() for told in listener.told]

    def forget(self):
        """A new story: lines may begin anew, faults of before are forgotten."""
        self.read()
        self.events.clear()
        self.listeners.clear()
        self.lines.clear()
        self.faults.clear()
        self.types.clear()
        self.kinds.clear()
        self.got.clear()
        self.said.clear()

    def keep(self, directory):
        """Writes what came to each port as WAV."""
        for port, sound in self.sound.items():
            with wave.open(f"{directory}/heard-{port}.wav", "wb") as file:
                file.setparams((1, 2, 8000, 0, "NONE", ""))
                file.writeframes(sound.tobytes())
