"""What must be known of requests before they are sent."""

import uuid

import schemathesis


@schemathesis.hook
def before_call(context, case, kwargs):
    """Each key is one of its own: the same for two bodies is refused, as it should be."""
    for name in list(case.headers or {}):
        if name.lower() == "idempotency-key":
            case.headers[name] = str(uuid.uuid4())


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
