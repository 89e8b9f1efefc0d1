"""A client of the API, as small as it can be: commands, and the events that came since a moment."""

import json
import time
import urllib.error
import urllib.request


class Refused(Exception):
    """A problem: `status`, `rule`, `detail`."""

    def __init__(self, body):
        super().__init__(f"{body['status']} {body['rule']}: {body['detail']}")
        self.status, self.rule = body["status"], body["rule"]


class Client:
    """`base` is where the API is, such as http://127.0.0.1:8060."""

    def __init__(self, base, token):
        self.base, self.token, self.sequence = base, token, None
        self.told = []

    def ask(self, method, path, body=None):
        """The answer as a dictionary; a problem is raised."""
        request = urllib.request.Request(
            f"{self.base}/v1{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise Refused(json.load(error)) from None

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, body=None):
        return self.ask("POST", path, body)

    def delete(self, path):
        return self.ask("DELETE", path)

    def fetch(self, path, method="GET", token=None, **headers):
        """Status, headers and bytes of what is not JSON, or may be refused."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers["Authorization"] = f"Bearer {token or self.token}"
        request = urllib.request.Request(f"{self.base}/v1{path}", None, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.headers, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers, error.read()

    def page(self, path):
        """Text of a page that is not under /v1."""
        request = urllib.request.Request(f"{self.base}{path}", None, {"Authorization": f"Bearer {self.token}"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.read().decode()

    def since(self, sequence, types):
        """What happened after this number: types of events, and what each says."""
        told = self.get(f"/events?since={sequence}&types={types}")["events"]
        return [(event["type"], event["data"]) for event in told]

    def listen(self):
        """Events from now on are kept; those of before are forgotten."""
        self.sequence, self.told = self.get("/events")["sequence"], []

    def expect(self, kind, bound=10, **data):
        """Waits for the next event of this type whose `data` has these; those before it are forgotten."""
        end, seen = time.monotonic() + bound, []
        while True:
            while self.told:
                event = self.told.pop(0)
                if event["type"] == kind and all(event["data"].get(name) == value for name, value in data.items()):
                    return event
                seen.append(f"{event['type']} {event['data']}")
            if time.monotonic() > end:
                raise AssertionError(f"no {kind} {data}; there were {seen}")
            answer = self.get(f"/events?since={self.sequence}&wait_s=1")
            self.sequence, self.told = answer["sequence"], answer["events"]

    def refuses(self, rule, status, method, path, body=None):
        """The command must be refused by this rule, and nothing may have changed: no event comes of it."""
        before = self.get("/events")["sequence"]
        try:
            answer = self.ask(method, path, body)
        except Refused as refused:
            assert (refused.rule, refused.status) == (rule, status), f"refused by another rule: {refused}"
        else:
            raise AssertionError(f"{method} {path} was granted: {answer}")
        caused = [event["type"] for event in self.get(f"/events?since={before}")["events"] if event.get("cause")]
        assert not caused, f"a refused command caused {caused}"
