"""What must be known of requests before they are sent: keys of their own, and names of calls that live.

Descriptions alone lead nowhere: no made-up leg is ever there. So most of what fits the description is sent about a call of those that
`contract` keeps alive, and to numbers that somebody answers. What came back is counted for each operation."""

import atexit
import collections
import json
import os
import random
import urllib.error
import urllib.request
import uuid

import schemathesis
from schemathesis.core.parameters import ParameterLocation

API = os.environ["WARMLINE_CONTRACT_API"]
COUNTS = os.environ["WARMLINE_CONTRACT_COUNTS"]
CHANCE = random.Random(1)
# Who can be reached: a trunk that answers, a room, a queue, an extension without a phone.
NUMBERS = ["2001", "2002", "conference:7001", "queue:support", "1001"]
# Fields of a body that name something, and what.
NAMES = {"into": "call", "call": "call", "with": "leg", "leaving": "leg", "coach_target": "leg"}
# Names that stay.
FIXED = {"extension": "1001", "trunk": "loop", "conference": "7001", "queue": "support"}
counts = collections.Counter()


def ask(path, method="GET", body=None):
    """The answer, or an empty one where it is refused."""
    text = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": "Bearer operator-token", "Content-Type": "application/json"}
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{API}/v1{path}", text, headers, method=method), timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError:
        return {}


def alive(noun):
    """A name of that kind that is one of something there, or None."""
    if noun in FIXED:
        return FIXED[noun]
    if noun in ("webhook", "record"):
        found = ask(f"/{noun}s")[f"{noun}s"]
        return CHANCE.choice(found)["id"] if found else None
    calls = ask("/calls?limit=1000")["calls"]
    legs = [leg for call in calls for leg in call["legs"]]
    names = {
        "call": [call["id"] for call in calls],
        "leg": [leg["id"] for leg in legs],
        "talker": [leg["id"] for leg in legs if leg["dialled"] == "2001" and leg["state"] == "answered"],
        "member": [leg["id"] for leg in legs if leg["dialled"] == "7001"],
        "caller": [leg["id"] for leg in legs if leg["dialled"] == "9000" and leg["state"] == "trying"],
        "transfer": [call["transfer"]["id"] for call in calls if call["transfer"]],
        "attempt": [attempt["id"] for call in calls for attempt in call["attempts"]],
        "play": [play for leg in legs for play in leg["plays"]],
        "gather": [leg["gather"] for leg in legs if leg["gather"]],
        "recording": [recording for call in calls for recording in call["recordings"]],
    }.get(noun)
    return CHANCE.choice(names) if names else made(noun, legs)


def made(noun, legs):
    """A new one, where that is easily had."""
    talking = [leg["id"] for leg in legs if leg["state"] == "answered" and leg["direction"] == "incoming" and leg["dialled"] == "2001"]
    if noun == "caller":
        # Those who wait have been answered: whoever is hung up calls again.
        for leg in [leg["id"] for leg in legs if leg["dialled"] == "9000"]:
            ask(f"/legs/{leg}", "DELETE")
        sequence = ask("/events")["sequence"]
        told = ask(f"/events?since={sequence}&types=flow.waiting&wait_s=2")["events"]
        return told[0]["leg_id"] if told else None
    if not talking:
        return None
    leg = CHANCE.choice(talking)
    if noun == "transfer":
        sequence = ask("/events")["sequence"]
        transfer = ask(f"/legs/{leg}/consult", "POST", {"to": "2002"}).get("transfer") or {}
        ask(f"/events?since={sequence}&types=transfer.phase&leg={leg}&wait_s=1")
        return transfer.get("id")
    if noun == "play":
        return ask(f"/legs/{leg}/play", "POST", {"sound": "music", "over": False, "times": 0}).get("play")
    return None


def path_of(label, names):
    """The same path, to something that is there."""
    if "file" in names:
        files = ask("/recordings")["recordings"]
        return dict(zip(("day", "file"), CHANCE.choice(files)["file"].split("/"))) if files else names
    if label.endswith(("/answer", "/reject", "/redirect", "/ring")):
        return {"leg": alive("caller") or names["leg"]}
    if label.endswith(("/membership", "/transfer", "/consult")):
        return {"leg": alive("member" if label.endswith("/membership") else "talker") or names["leg"]}
    return {noun: alive(noun) or name for noun, name in names.items()}


def fits(case, place):
    """Whether this part of the request was made to fit the description."""
    component = case.meta.components.get(place) if case.meta else None
    return component is not None and component.mode.is_positive


@schemathesis.hook
def before_call(context, case, kwargs):
    """Each key is one of its own: the same for two bodies is refused, as it should be. Most names are those of something alive."""
    for name in list(case.headers or {}):
        if name.lower() == "idempotency-key":
            case.headers[name] = str(uuid.uuid4())
    if CHANCE.random() < 0.3:
        return
    if case.path_parameters and fits(case, ParameterLocation.PATH):
        case.path_parameters = path_of(case.operation.label, case.path_parameters)
    if isinstance(case.body, dict) and fits(case, ParameterLocation.BODY):
        moves = case.operation.label.endswith("/move")
        case.body = {"to": alive("call") or case.body["to"]} if moves else lively(case.body)


def lively(body):
    """The same wish, of somebody who is there."""
    changed = dict(body)
    for field, value in body.items():
        if field in ("to", "and", "destination") and isinstance(value, str):
            changed[field] = CHANCE.choice(NUMBERS)
        elif field in NAMES and isinstance(value, str):
            changed[field] = alive(NAMES[field]) or value
        elif isinstance(value, dict):
            changed[field] = lively(value)
    return changed


@schemathesis.hook
def after_call(context, case, response):
    counts[case.operation.label, response.status_code] += 1


@atexit.register
def keep_counts():
    with open(COUNTS, "w", encoding="utf-8") as file:
        json.dump([[*key, count] for key, count in sorted(counts.items())], file)


@schemathesis.hook
def map_query(context, query):
    """Who asks for a minute of waiting for events gets it: longer than a request of this test may take."""
    wait_s = str((query or {}).get("wait_s", ""))
    if wait_s.isdigit() and 1 < int(wait_s) <= 60:
        query["wait_s"] = 1
    return query


@schemathesis.hook
def map_body(context, body):
    """699.0 is a whole number to JSON Schema and none to us."""
    return whole(body)


def whole(value):
    if isinstance(value, dict):
        return {name: whole(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [whole(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
