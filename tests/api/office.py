"""What is left of a call and who looks at it: call records with their chains, recordings, the command line."""

import json
import os
import re
import subprocess
import wave

from desk import API, HERE, MUSIC, TOKEN, TONES, answer, gone, hear_each_other, next_leg, talk, until
from switch import PROGRAM as WARMLINE
from tones import share_of


def chain(api, phone, legs, handovers):
    """The newest record of this caller with its chain, once it has so many legs and handovers, and how they fared."""

    def whole():
        records = api.get(f"/records?extension={phone.user}&limit=1")["records"]
        story = api.get(f"/records/{records[0]['id']}") if records else {"legs": [], "handovers": []}
        ended = [leg for leg in story["legs"] if leg["leg"]["ended_at"] and (leg["leg"]["quality"] or leg["talk_s"] is None)]
        return story if (len(ended), len(story["handovers"])) == (legs, handovers) else None

    return until(whole, 10, f"there is no chain of {legs} legs and {handovers} handovers")


def numbers(story):
    return [leg["leg"]["party"]["number"] for leg in story["legs"]]


def consult(api, agent):
    """Begins a warm transfer to C; the number of the last event before it."""
    mark = api.get("/events")["sequence"]
    api.post(f"/legs/{agent}/consult", {"to": "1003"})
    return mark


def of_transfer(api, mark):
    """What became of the transfer that began after `mark`: phases and outcome."""
    return [data.get("phase") or data.get("outcome") or data["to"] for _, data in api.since(mark, "transfer")]


def record_of_a_completed_one(api, a, b, c):
    """Warm, completed: three legs of one chain with their quality, and who handed over to whom."""
    _, _, agent = talk(api, a, b)
    c.forget()
    mark = consult(api, agent)
    answer(c)
    hear_each_other(b, c)
    transfer = api.expect("transfer.phase", phase="consulting")["data"]["transfer_id"]
    api.post(f"/transfers/{transfer}/complete")
    gone(b)
    hear_each_other(a, c)
    a.command("hangup")
    gone(c)
    assert of_transfer(api, mark) == ["1003", "calling", "ringing", "consulting", "completing", "completed"], of_transfer(api, mark)
    story = chain(api, a, 3, 1)
    caller, first, second = story["legs"]
    assert numbers(story) == ["1001", "1002", "1003"] and story["record"] == caller
    assert {leg["chain"] for leg in story["legs"]} == {caller["id"]}
    for leg in story["legs"]:
        assert leg["status"] == 200 and leg["talk_s"] > 0.5 and leg["leg"]["quality"]["mos"] > 4, leg
    assert int(re.search(r"^warmline_rtp_mos_count (\d+)", api.page("/metrics"), re.M)[1]) >= 3
    [handover] = story["handovers"]
    assert (handover["from"], handover["to"], handover["chain"]) == (first["id"], second["id"], caller["id"]), handover
    said = handover["transfer"]
    assert (said["kind"], said["outcome"], said["by"]["place"], said["to"]) == ("warm", "completed", "1002", "1003"), said
    assert said["started_at"] < handover["at"]


def record_of_a_recalled_one(api, a, b, c):
    """Warm, and C does not answer: they talk again; the chain has the leg that was never answered, and why."""
    _, _, agent = talk(api, a, b)
    c.forget()
    mark = api.get("/events")["sequence"]
    api.post(f"/legs/{agent}/consult", {"to": {"destination": "1003", "ring_timeout_s": 3}})
    c.expect("CALL_INCOMING")
    a.comes_to_hear(MUSIC, TONES)
    gone(c)
    ended = api.expect("transfer.ended", bound=15)["data"]
    assert (ended["outcome"], ended["status"]) == ("recalled", 480), ended
    hear_each_other(a, b)
    a.command("hangup")
    gone(b)
    assert of_transfer(api, mark)[-1] == "recalled", of_transfer(api, mark)
    story = chain(api, a, 3, 1)
    said = story["handovers"][0]["transfer"]
    assert (numbers(story), said["outcome"], said["status"]) == (["1001", "1002", "1003"], "recalled", 480), story
    assert story["legs"][2]["talk_s"] is None and story["legs"][2]["status"] in (480, 487), story["legs"][2]


def record_of_a_rejected_one(api, a, b, c):
    """Warm, and C rejects: the chain says 486."""
    _, _, agent = talk(api, a, b)
    c.forget()
    mark = consult(api, agent)
    c.expect("CALL_INCOMING")
    c.command("hangup")
    api.expect("transfer.ended", bound=15, outcome="recalled", status=486)
    hear_each_other(a, b)
    b.command("hangup")
    gone(a)
    assert of_transfer(api, mark)[-1] == "recalled", of_transfer(api, mark)
    story = chain(api, a, 3, 1)
    assert story["handovers"][0]["transfer"]["status"] == 486 and story["legs"][2]["status"] == 486, story


def record_of_a_caller_who_left(api, a, b, c):
    """Warm, and the caller hangs up while the agents talk: the chain ends with that."""
    _, _, agent = talk(api, a, b)
    c.forget()
    mark = consult(api, agent)
    answer(c)
    hear_each_other(b, c)
    a.command("hangup")
    api.expect("transfer.ended", outcome="caller_left")
    b.command("hangup")
    gone(c)
    assert of_transfer(api, mark)[-1] == "caller_left", of_transfer(api, mark)
    story = chain(api, a, 3, 1)
    said = story["handovers"][0]["transfer"]
    assert (said["outcome"], said["by"]["place"]) == ("caller_left", "1002"), said


def recordings(api, a, b, c):
    """A call is recorded; the file is listed, fetched, in part too, and removed. Nobody gets at anything else, agents at nothing."""
    call, _, _ = talk(api, a, b)
    made = api.post(f"/calls/{call}/recordings")["recording"]
    api.expect("recording.started", recording_id=made)
    hear_each_other(a, b)
    hear_each_other(a, b)
    api.post(f"/recordings/{made}/stop")
    said = api.expect("recording.file", state="ended", recording_id=made)["data"]
    listed = api.get("/recordings")["recordings"][0]
    assert listed["file"] == said["file"], (listed, said)
    path = f"/recordings/files/{said['file']}"

    status, headers, sound = api.fetch(path)
    assert (status, headers["Content-Type"], len(sound)) == (200, "audio/wav", listed["bytes"]), (status, headers)
    name = HERE.parents[1] / "target" / f"api-recording-{os.getpid()}.wav"
    name.write_bytes(sound)
    with wave.open(str(name)) as file:
        rate, count, frames = file.getframerate(), file.getnframes(), file.readframes(-1)
    name.unlink()
    assert abs(1000 * count / rate - said["length_ms"]) <= 20, (count, rate, said)
    samples = memoryview(frames).cast("h").tolist()[:: rate // 8000]
    assert share_of(samples, 440) > 0.15 and share_of(samples, 620) > 0.15, "A and B are not in it"

    status, headers, part = api.fetch(path, Range="bytes=44-1043")
    assert (status, part, headers["Content-Range"]) == (206, sound[44:1044], f"bytes 44-1043/{len(sound)}"), headers
    assert api.fetch(path, Range=f"bytes={len(sound)}-")[0] == 416
    for way in ("../config.toml", "2026-01-01/../../config.toml", "..%2Fconfig.toml", "%2e%2e/config.toml", "2026-01-01/..%2f..%2fconfig.toml"):
        status, _, body = api.fetch(f"/recordings/files/{way}")
        assert status in (404, 405) and b"[sip]" not in body, (way, status)
    agent = api.post("/tokens", {"extension": "1001"})["token"]
    for method, what in (("GET", "/recordings"), ("GET", path), ("DELETE", path)):
        assert api.fetch(what, method, agent)[0] == 403, f"{method} {what} by an agent"
    other = api.post("/tokens", {"extension": "1003"})["token"]
    assert json.loads(api.fetch("/calls", token=agent)[2])["calls"][0]["id"] == call
    assert json.loads(api.fetch("/calls", token=other)[2])["calls"] == [] and api.fetch(f"/calls/{call}", token=other)[0] == 404

    assert api.delete(path)["file"] == said["file"]
    assert api.fetch(path)[0] == 404 and api.fetch(path, "DELETE")[0] == 404


class Terminal:
    """The command line of a person with a token."""

    def __init__(self):
        self.environment = {**os.environ, "WARMLINE_URL": API, "WARMLINE_TOKEN": TOKEN}

    def __call__(self, *words, fails=False):
        """What it says: on standard error where it must fail."""
        done = subprocess.run([WARMLINE, *words], env=self.environment, capture_output=True, text=True, timeout=30)
        assert (done.returncode != 0) == fails, f"warmline {' '.join(words)}: {done.returncode} {done.stdout} {done.stderr}"
        return done.stderr if fails else done.stdout

    def json(self, *words):
        return json.loads(self("--json", *words))

    def follow(self, *words):
        return subprocess.Popen([WARMLINE, *words], env=self.environment, stdout=subprocess.PIPE, text=True)


def command_line(api, a, b, c):
    """An operator looks, holds, adds, hands over and hangs up from a terminal, while another one follows what happens."""
    warmline = Terminal()
    follower = warmline.follow("events", "--types", "hold,transfer,leg.answered,call.ended", "--since", str(api.sequence))
    registered = warmline("registrations")
    assert all(number in registered for number in ("1001", "1002", "1003")) and "baresip" in registered, registered
    assert len(warmline.json("registrations")["registrations"]) == 3
    assert warmline("calls") == "none\n" and warmline("trunks") == "none\n"

    call, caller, agent = talk(api, a, b)
    c.forget()
    assert f"{call} " in warmline("calls") and "from 1001, to 1002" in warmline("calls"), warmline("calls")
    listed = warmline("legs")
    assert all(word in listed for word in (caller, agent, "answered", "PCMU")), listed
    assert warmline.json("legs", call)["id"] == call

    assert "held" in warmline("hold", caller, "--music", "music")
    a.comes_to_hear(MUSIC, TONES)
    warmline("unhold", caller)
    hear_each_other(a, b)
    assert "(not-held)" in warmline("unhold", caller, fails=True)

    warmline("add", call, "1003", "--monitor")
    answer(c)
    c.comes_to_hear({"A", "B"}, TONES)
    warmline("drop", until(lambda: next_leg(api, call, c), 5, "C has no leg"))
    gone(c)
    c.forget()

    said = warmline("transfer", agent, "1003", "--warm")
    transfer = said.split()[0]
    assert transfer.startswith("transfer-"), said
    answer(c)
    hear_each_other(b, c)
    assert transfer in warmline("calls")
    warmline("swap", transfer), hear_each_other(a, b)
    warmline("merge", transfer), hear_each_other(a, b, c)
    warmline("complete", transfer), gone(b)
    hear_each_other(a, c)

    ladder = warmline("trace", call)
    assert " INVITE " in ladder and "transfer.ended" in ladder and "pw1001" not in ladder, ladder
    assert warmline("trace", call, "--svg").startswith("<svg") and warmline.json("trace", call)["entries"]
    warmline("drop", call)
    gone(a, c)
    chain(api, a, 4, 1)
    assert "1001" in warmline("records", "--extension", "1001", "--limit", "1")
    record = warmline.json("records", "--extension", "1001", "--limit", "1")["records"][0]["id"]
    assert "1002 handed over to 1003, warm: completed" in warmline("records", record), warmline("records", record)
    assert "read again" in warmline("reload")

    for words, what in [
        (("hold", "leg-99999"), "warmline legs"),
        (("--token", "wrong", "calls"), "does not know this token"),
        (("--url", "http://127.0.0.1:9", "calls"), "no switch answers"),
        (("calls", "nonsense"), "unknown-call"),
        (("records", "nonsense"), "unknown-record"),
        (("add", "call-1", "1003", "--colour"), "--colour"),
    ]:
        complaint = warmline(*words, fails=True)
        assert what in complaint, f"{words}: {complaint}"
    for shell in ("bash", "zsh", "fish"):
        assert "registrations" in warmline("completions", shell)

    follower.terminate()
    told = follower.communicate(timeout=10)[0]
    for kind in ("hold.started", "hold.ended", "leg.answered", "transfer.started", "transfer.ended", "call.ended"):
        assert f" {kind}" in told, f"{kind} was not told: {told}"


OFFICE = [
    record_of_a_completed_one,
    record_of_a_recalled_one,
    record_of_a_rejected_one,
    record_of_a_caller_who_left,
    recordings,
    command_line,
]
