"""Warm transfers through the API, between three real phones. Started by `run`, inside of the switch's namespace.

After every step it is asked by tone who hears whom. The first stories follow the tutorials of hosted call APIs step by step;
those of other files are played after them."""

import re
import subprocess
import sys

from desk import HERE, MUSIC, SILENCE, TONES, answer, gone, hear_each_other, next_leg, play_all, talk, until
from flows import FLOWS
from office import OFFICE

# -- the stories: a docstring says what is shown


def hold_add_unhold_leave(api, a, b, c):
    """Hold the caller, add the second agent, take the caller back, the first agent leaves (MessageBird)."""
    call, caller, agent = talk(api, a, b)
    c.forget()
    held = api.post(f"/legs/{caller}/hold", {"music": "music"})
    assert held["leg"]["held_by_us"] and held["leg"]["state"] == "answered", held["leg"]
    api.expect("hold.started", held=True, by_phone=False)
    a.comes_to_hear(MUSIC, TONES), b.comes_to_hear(SILENCE, TONES)

    added = api.post(f"/calls/{call}/participants", {"to": "1003"})
    assert added["attempt"], added
    # The second agent sees the caller's number, not the first agent's.
    assert "1001" in c.expect("CALL_INCOMING")["peeruri"], "the called sees another number"
    c.command("accept")
    api.expect("attempt.ended", status=200)
    hear_each_other(b, c), a.comes_to_hear(MUSIC, TONES)

    api.post(f"/legs/{caller}/unhold")
    api.expect("hold.ended")
    hear_each_other(a, b, c)

    api.delete(f"/legs/{agent}")
    gone(b)
    hear_each_other(a, c)


def held_in_silence_and_added_as_somebody_else(api, a, b, c):
    """Held without music; the added one sees the number and the name that the program says (MessageBird)."""
    call, caller, _ = talk(api, a, b)
    c.forget()
    api.post(f"/legs/{caller}/hold", {"music": "silence"})
    a.comes_to_hear(SILENCE, TONES)
    to = {"destination": "1003", "source": "31201234567", "display_name": "Front desk"}
    api.post(f"/calls/{call}/participants", {"to": to})
    ringing = c.expect("CALL_INCOMING")
    assert "31201234567" in ringing["peeruri"] and "Front desk" in ringing["peerdisplayname"], ringing
    c.command("accept")
    hear_each_other(b, c), a.comes_to_hear(SILENCE, TONES)
    # The caller is never left alone on hold: when the agents go, it goes on with the last.
    b.command("hangup")
    hear_each_other(a, c)


def consult_swap_merge_complete(api, a, b, c):
    """Consult, talk in private, back to the customer, all three, leave (Twilio Flex)."""
    _, _, agent = talk(api, a, b)
    c.forget()
    begun = api.post(f"/legs/{agent}/consult", {"to": "1003"})["transfer"]
    assert (begun["kind"], begun["to"]) == ("warm", "1003"), begun
    a.comes_to_hear(MUSIC, TONES)
    answer(c)
    api.expect("transfer.phase", phase="consulting")
    hear_each_other(b, c), a.comes_to_hear(MUSIC, TONES)

    transfer = f"/transfers/{begun['id']}"
    assert api.post(f"{transfer}/swap")["transfer"]["phase"] == "swapped"
    hear_each_other(a, b), c.comes_to_hear(MUSIC, TONES)

    assert api.post(f"{transfer}/merge")["transfer"]["phase"] == "merged"
    hear_each_other(a, b, c)

    api.post(f"{transfer}/complete")
    assert api.expect("transfer.ended", outcome="completed")["transfer"]["phase"] == "ended"
    gone(b)
    hear_each_other(a, c)


def flex_by_hold_and_unhold(api, a, b, c):
    """The same with nothing but hold and unhold of each participant, as the pause buttons do it (Twilio Flex)."""
    call, caller, agent = talk(api, a, b)
    c.forget()
    api.post(f"/legs/{caller}/hold")
    api.post(f"/calls/{call}/participants", {"to": "1003"})
    answer(c)
    hear_each_other(b, c)
    target = until(lambda: next_leg(api, call, c), 5, "C has no leg")
    api.post(f"/legs/{target}/hold")
    api.post(f"/legs/{caller}/unhold")
    hear_each_other(a, b), c.comes_to_hear(MUSIC, TONES)
    api.post(f"/legs/{target}/unhold")
    hear_each_other(a, b, c)
    api.post(f"/legs/{target}/hold")
    c.comes_to_hear(MUSIC, TONES)
    # The agent leaves while the second one is on hold: who is left is taken back.
    api.delete(f"/legs/{agent}")
    gone(b)
    hear_each_other(a, c)


def cancel_while_it_rings(api, a, b, c):
    """The second agent rings; the first one takes it back and is with the customer again (Twilio Flex)."""
    _, _, agent = talk(api, a, b)
    c.forget()
    transfer = api.post(f"/legs/{agent}/consult", {"to": "1003"})["transfer"]["id"]
    c.expect("CALL_INCOMING")
    api.post(f"/transfers/{transfer}/cancel")
    gone(c)
    api.expect("transfer.ended", outcome="cancelled")
    hear_each_other(a, b)


def refusals(api, a, b, c):
    """A transfer is refused while the agent is on hold, while one is under way, of nobody, and to nobody; nothing changes."""
    _, caller, agent = talk(api, a, b)
    c.forget()
    consult = f"/legs/{agent}/consult"
    b.command("hold")
    api.expect("hold.started", by_phone=True)
    api.refuses("on-hold", 409, "POST", consult, {"to": "1003"})
    a.comes_to_hear(MUSIC, TONES)
    b.command("resume")
    api.expect("hold.ended", by_phone=True)
    api.post(f"/legs/{agent}/hold")
    api.refuses("on-hold", 409, "POST", consult, {"to": "1003"})
    api.post(f"/legs/{agent}/unhold")
    hear_each_other(a, b)

    api.refuses("no-such-target", 422, "POST", consult, {"to": "9999"})
    api.refuses("unknown-leg", 404, "POST", "/legs/leg-99999/consult", {"to": "1003"})
    api.refuses("not-held", 409, "POST", f"/legs/{caller}/unhold")

    transfer = api.post(consult, {"to": "1003"})["transfer"]["id"]
    c.expect("CALL_INCOMING")
    api.refuses("already-in-transfer", 409, "POST", consult, {"to": "1003"})
    api.refuses("already-in-transfer", 409, "POST", f"/legs/{caller}/transfer", {"to": "1003", "kind": "cold"})
    target = next(leg["id"] for leg in api.get("/calls?extension=1003")["calls"][0]["legs"] if leg["state"] == "ringing")
    api.refuses("not-answered", 409, "POST", f"/legs/{target}/hold")
    api.refuses("not-now", 409, "POST", f"/transfers/{transfer}/swap")
    api.post(f"/transfers/{transfer}/cancel")
    hear_each_other(a, b)
    api.refuses("unknown-transfer", 404, "POST", f"/transfers/{transfer}/complete")
    b.command("hangup")
    gone(a)
    api.expect("call.ended")
    api.refuses("unknown-leg", 404, "POST", consult, {"to": "1003"})


def rejected(api, a, b, c):
    """The second agent rejects: the first one and the customer talk again, and the event says why."""
    _, _, agent = talk(api, a, b)
    c.forget()
    api.post(f"/legs/{agent}/consult", {"to": "1003"})
    c.expect("CALL_INCOMING")
    c.command("hangup")
    ended = api.expect("transfer.ended", bound=15)
    assert (ended["data"]["outcome"], ended["data"]["status"]) == ("recalled", 486), ended["data"]
    hear_each_other(a, b)


def cold(api, a, b, c):
    """Cold: the customer hears music, then talks to the second agent; the first one is out."""
    _, _, agent = talk(api, a, b)
    c.forget()
    api.post(f"/legs/{agent}/transfer", {"to": "1003", "kind": "cold"})
    c.expect("CALL_INCOMING")
    c.command("accept")
    api.expect("transfer.ended", outcome="completed")
    gone(b)
    hear_each_other(a, c)


def cold_recall(api, a, b, c):
    """Cold, and the agent hangs up at once; the second rejects: the first is rung again and has the customer back."""
    _, _, agent = talk(api, a, b)
    c.forget()
    api.post(f"/legs/{agent}/transfer", {"to": "1003", "kind": "cold"})
    c.expect("CALL_INCOMING")
    b.command("hangup")
    gone(b)
    b.forget()
    c.command("hangup")
    answer(b)
    api.expect("transfer.ended", bound=15, outcome="recalled")
    hear_each_other(a, b)


def caller_leaves(api, a, b, c):
    """The customer hangs up while the agents talk: it is told, and they may go on."""
    _, _, agent = talk(api, a, b)
    c.forget()
    api.post(f"/legs/{agent}/consult", {"to": "1003"})
    answer(c)
    hear_each_other(b, c)
    a.command("hangup")
    api.expect("transfer.ended", outcome="caller_left")
    hear_each_other(b, c)


def originate(api, a, b, c):
    """A program calls the agent, then the customer, and joins them; then ends the call."""
    a.forget(), b.forget()
    made = api.post("/calls", {"to": "1002", "and": "1001"})
    answer(b)
    answer(a)
    hear_each_other(a, b)
    call = made["call"]["id"]
    api.delete(f"/calls/{call}")
    gone(a, b)
    api.expect("call.ended")


def roles(api, a, b, c):
    """A supervisor comes in as a coach: the agent hears it, the customer does not; then it is one of three."""
    call, _, agent = talk(api, a, b)
    c.forget()
    api.post(f"/calls/{call}/participants", {"to": "1003", "role": "coach", "coach_target": agent})
    answer(c)
    b.comes_to_hear({"A", "C"}, TONES), a.comes_to_hear({"B"}, TONES), c.comes_to_hear({"A", "B"}, TONES)
    coach = until(lambda: next_leg(api, call, c), 5, "C has no leg")
    api.post(f"/legs/{coach}/role", {"role": "talk"})
    hear_each_other(a, b, c)
    api.post(f"/legs/{coach}/mute")
    a.comes_to_hear({"B"}, TONES), c.comes_to_hear({"A", "B"}, TONES)
    api.post(f"/legs/{coach}/deaf")
    c.comes_to_hear(SILENCE, TONES)


def readme(api, a, b, c):
    """The client of the README does a warm transfer."""
    talk(api, a, b)
    c.forget()
    text = (HERE.parents[1] / "README.md").read_text()
    program = next(block for block in re.findall(r"```python\n(.*?)```", text, re.S) if "consult" in block)
    client = subprocess.Popen([sys.executable, "-c", program, "1002", "1003"], stdout=subprocess.PIPE, text=True)
    answer(c)
    gone(b)
    hear_each_other(a, c)
    assert client.wait(10) == 0
    assert "completed" in client.stdout.read()


STORIES = [
    hold_add_unhold_leave,
    held_in_silence_and_added_as_somebody_else,
    consult_swap_merge_complete,
    flex_by_hold_and_unhold,
    cancel_while_it_rings,
    refusals,
    rejected,
    cold,
    cold_recall,
    caller_leaves,
    originate,
    roles,
    readme,
]

play_all(STORIES + OFFICE + FLOWS)
