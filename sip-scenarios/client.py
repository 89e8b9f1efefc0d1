"""A small SIP client for what SIPp cannot do: SHA-256 digests, answers compared with each other, sound looked at."""

import hashlib
import random
import re
import select
import socket
import time


class ClientError(Exception):
    """The switch did not answer, or not as it must."""


class Response:
    """A response, or a request: its first line, its headers in order, its body."""

    def __init__(self, datagram):
        head, self.body = datagram.decode("utf-8", "replace").split("\r\n\r\n", 1)
        self.first, *lines = head.split("\r\n")
        self.headers = [tuple(part.strip() for part in line.split(":", 1)) for line in lines]
        self.status = int(self.first.split()[1]) if self.first.startswith("SIP/2.0 ") else None

    def all(self, name):
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def get(self, name, otherwise=""):
        return (self.all(name) or [otherwise])[0]


class Client:
    """One phone at `address`, talking to the switch at `switch` (both host and port)."""

    def __init__(self, address, switch, user, password, port=0):
        self.switch, self.user, self.password = switch, user, password
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, port))
        self.here = "%s:%d" % self.socket.getsockname()
        self.domain = switch[0]

    def close(self):
        self.socket.close()

    def send(self, method, uri, to, call_id, tag, cseq, headers=(), body="", branch=None):
        branch = branch or f"z9hG4bK{random.getrandbits(60):x}"
        lines = [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.here};rport;branch={branch}",
            "Max-Forwards: 70",
            f"From: <sip:{self.user}@{self.domain}>;tag={tag}",
            f"To: {to}",
            f"Call-ID: {call_id}",
            f"CSeq: {cseq} {method}",
            f"Contact: <sip:{self.user}@{self.here}>",
            *headers,
            f"Content-Length: {len(body)}",
        ]
        self.socket.sendto(("\r\n".join(lines) + "\r\n\r\n" + body).encode(), self.switch)
        return branch

    def request(self, method, uri, to=None, call_id=None, tag="t", cseq=1, headers=(), body="", bound=6):
        """Sends a request, again after each half second, and returns the final response to it."""
        to, call_id, branch = to or f"<{uri}>", call_id or f"{random.getrandbits(60):x}", None
        end = time.monotonic() + bound
        heard = False
        while time.monotonic() < end:
            if not heard or branch is None:
                branch = self.send(method, uri, to, call_id, tag, cseq, headers, body, branch)
            response = self.receive(0.5, branch)
            heard = heard or response is not None
            if response and response.status >= 200:
                response.branch = branch
                return response
        raise ClientError(f"no answer to {method} {uri}")

    def receive(self, bound, branch=None):
        """The next response to this request within `bound` seconds."""
        end = time.monotonic() + bound
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.socket], [], [], left)[0]:
                break
            response = Response(self.socket.recv(65536))
            if response.status and (branch is None or branch in response.get("Via")):
                return response
        return None

    def register(self, contact=None, expires=600, algorithm="SHA-256", user=None, password=None, headers=None):
        """REGISTER with the answer to the challenge of this algorithm; returns both responses."""
        uri, call_id = f"sip:{self.domain}", f"{random.getrandbits(60):x}"
        aor = f"<sip:{user or self.user}@{self.domain}>"
        more = [f"Expires: {expires}"]
        first = self.request("REGISTER", uri, to=aor, call_id=call_id, headers=more)
        if first.status != 401:
            return first, first
        credentials = headers or [self.credentials(first, "REGISTER", uri, algorithm, user, password)]
        return first, self.request("REGISTER", uri, to=aor, call_id=call_id, cseq=2, headers=more + credentials)

    def credentials(self, challenge, method, uri, algorithm="SHA-256", user=None, password=None, count=1):
        """The Authorization line for a 401."""
        for value in challenge.all("WWW-Authenticate"):
            fields = dict(re.findall(r'(\w+)="?([^",]+)"?', value))
            if fields.get("algorithm", "MD5") == algorithm:
                break
        else:
            raise ClientError(f"no challenge for {algorithm}: {challenge.all('WWW-Authenticate')}")
        digest = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[algorithm]
        h = lambda text: digest(text.encode()).hexdigest()
        user, password = user or self.user, password or self.password
        ha1, ha2, cnonce = h(f"{user}:{fields['realm']}:{password}"), h(f"{method}:{uri}"), "0a4f113b"
        response = h(f"{ha1}:{fields['nonce']}:{count:08x}:{cnonce}:auth:{ha2}")
        return (
            f'Authorization: Digest username="{user}", realm="{fields["realm"]}", nonce="{fields["nonce"]}", uri="{uri}", '
            f'response="{response}", algorithm={algorithm}, cnonce="{cnonce}", qop=auth, nc={count:08x}'
        )
