"""The stories of `run`, the slow ones first. A name is the function's; settings are those of `World`."""

import re

from client import ClientError
from world import StoryError


def with_settings(**settings):
    def mark(story):
        story.settings = settings
        return story

    return mark


def timer_dead(world):
    """A caller that promised to refresh the session and does not: both legs end before it runs out."""
    world.called("uas-answer", patience_s=100)
    world.caller("timer-dead", "2001").wait(100)


def timer(world):
    """Session-Expires too small (422), refresh by the switch at half time, glare (491) and the refresh again."""
    world.called("uas-answer", patience_s=100)
    world.caller("timer", "2001").wait(70)


def ack_lost(world):
    """The 200 is repeated until 64*T1, then both legs get BYE."""
    world.called("uas-answer", patience_s=100)
    caller = world.caller("ack-lost", "2001")
    caller.wait(45)
    repeated = len([m for m in caller.messages(r"SIP/2\.0 200") if "INVITE" in m])
    if repeated < 8:
        raise StoryError(f"the 200 came {repeated} times in 32 s")


def register(world):
    """401, 200, refresh, 423, a second contact, a third refused, removal of one and of all."""
    world.caller("register", "1001")


@with_settings(digest='["SHA-256", "MD5"]')
def login(world):
    """SHA-256 is offered before MD5 and both are good; a wrong password and an unknown user get the same answer."""
    client = world.client()
    challenge, granted = client.register(algorithm="SHA-256")
    offered = [re.search(r"algorithm=([\w-]+)", value)[1] for value in challenge.all("WWW-Authenticate")]
    expect(offered == ["SHA-256", "MD5"], f"offered: {offered}")
    expect(granted.status == 200, f"SHA-256: {granted.first}")
    expect(client.register(algorithm="MD5")[1].status == 200, "MD5 is refused")
    wrong = client.register(password="not it")[1]
    unknown = client.register(user="4711", password="not it")[1]
    expect(wrong.status == 401, f"a wrong password: {wrong.first}")
    expect(looks(wrong) == looks(unknown), f"{looks(wrong)} for a wrong password, {looks(unknown)} for an unknown user")


def looks(response):
    """A response without what differs each time: nonces, tags, branches, names, times."""
    lines = [response.first] + [f"{name}: {value}" for name, value in response.headers]
    lines = [line for line in lines if not re.match(r"(Via|From|To|Call-ID|CSeq|Date):", line)]
    return [re.sub(r'nonce="[^"]*"', "nonce", line) for line in lines]


@with_settings(digest='["SHA-256", "MD5"]')
def replay(world):
    """Credentials that were overheard are good for nothing: the same count again is stale, a new one works."""
    client = world.client()
    uri = f"sip:{world.switch_at}"
    challenge, granted = client.register()
    expect(granted.status == 200, granted.first)
    used = client.credentials(challenge, "REGISTER", uri)
    again = client.register(headers=[used])[1]
    expect(again.status == 401 and "stale=true" in again.get("WWW-Authenticate").lower(), f"replayed: {again.first}")
    counted = client.credentials(challenge, "REGISTER", uri, count=2)
    expect(client.register(headers=[counted])[1].status == 200, "the next count of the same nonce is refused")


@with_settings(login_failures=3)
def ban(world):
    """After so many failed logins an address is ignored; others are not."""
    attacker, honest = world.client("1003"), world.client("1001")
    for _ in range(3):
        attacker.register(user="1001", password="guess", algorithm="MD5")
    try:
        answer = attacker.request("OPTIONS", f"sip:{world.switch_at}", bound=1.2)
        raise StoryError(f"still answered after three failures: {answer.first}")
    except ClientError:
        pass
    expect(honest.register(algorithm="MD5")[1].status == 200, "another address is ignored too")


def call_by_trunk(world):
    """An extension calls a number over the trunk, talks, hangs up."""
    world.called("uas-answer")
    world.caller("call", "2001")


def call_from_trunk(world):
    """A call from the trunk, without password, to an extension."""
    world.called("uas-answer", "1002")
    world.caller("trunk-call", "1002", user="3333", at=world.carrier)


def call_between_extensions(world):
    """1001 calls 1002, which is registered."""
    world.called("uas-answer", "1002")
    world.caller("call", "1002")


def call_hung_up(world):
    """The called hangs up."""
    world.called("uas-hangup", "1002")
    world.caller("call-hung-up", "1002")


def music(world):
    """6000 answers and plays."""
    world.caller("call", "6000")


def echo(world):
    """6001 answers and sends back what is said."""
    world.caller("call", "6001")


def cancel(world):
    """The caller gives up while it rings."""
    world.called("uas-ring")
    world.caller("cancel", "2001")


def cancel_crossing(world):
    """CANCEL and the 200 of the called cross: the called gets ACK and BYE."""
    world.called("uas-crossing")
    world.caller("cancel", "2001")


def busy(world):
    """486 comes through."""
    world.called("uas-busy")
    world.refused_with(world.caller("refused", "2001"), 486)


def no_answer(world):
    """Nobody picks up: the called is cancelled, the caller refused."""
    world.called("uas-ring")
    world.refused_with(world.caller("refused", "2001"), 408, 480)


def no_such_number(world):
    """404 for a number that leads nowhere."""
    world.refused_with(world.caller("refused", "1099"), 404)


def nobody_there(world):
    """480 for an extension without a phone."""
    world.refused_with(world.caller("refused", "1003"), 480)


def late_offer(world):
    """INVITE without SDP from the caller."""
    world.called("uas-answer")
    world.caller("late-offer", "2001")


def late_offer_to_trunk(world):
    """INVITE without SDP to the called."""
    world.called("uas-offers", port=5091)
    world.caller("call", "3001")


def late_offer_on_both_sides(world):
    """INVITE without SDP, in and out."""
    world.called("uas-offers", port=5091)
    world.caller("late-offer", "3001")


def early_media(world):
    """183 with SDP, for a caller without 100rel."""
    world.called("uas-early")
    world.caller("early-media", "2001")


def prack(world):
    """183 with SDP, reliably to the caller."""
    world.called("uas-early")
    world.caller("prack", "2001")


def prack_on_both_sides(world):
    """183 with SDP, reliably from the called and to the caller."""
    world.called("uas-prack")
    world.caller("prack", "2001")


def hold(world):
    """Hold and resume in every way that phones do it."""
    world.called("uas-answer")
    world.caller("hold", "2001")


def bad_offer(world):
    """A re-INVITE that cannot be met is refused, the call goes on."""
    world.called("uas-answer")
    world.caller("bad-offer", "2001")


def compact(world):
    """Compact and folded headers."""
    world.called("uas-answer")
    world.caller("compact", "2001")


def multipart(world):
    """SDP in a multipart body."""
    world.called("uas-answer")
    world.caller("multipart", "2001")


def merged(world):
    """The same INVITE by two ways: 482."""
    world.called("uas-ring")
    world.caller("merged", "2001")


def options(world):
    """OPTIONS tells what is allowed."""
    world.caller("options", "1001")


def refusals(world):
    """405, 501, 420, 415, 416, 481, 483."""
    world.caller("refusals", "2001")


def conference(world):
    """Three enter a room, hold, resume and leave."""
    for user in ("1001", "1002", "1003"):
        world.caller("conference", "7001", user=user, name=f"member-{user}", talk_ms=700)


def cold_transfer(world):
    """REFER: 202, NOTIFY 100, 180, 200, BYE; the target hangs up later, and the caller is told."""
    world.called("uas-answer")
    world.called("uas-hangup", "1002", talk_ms=800)
    world.caller("cold-transfer", "2001", target="1002")


def cold_transfer_by_the_called(world):
    """The same when the one who was called transfers the caller, over the trunk."""
    world.called("uas-hangup", talk_ms=800)
    world.called("uas-refer", "1002")
    world.caller("call-hung-up", "1002")


def cold_transfer_of_held(world):
    """The transferor held the caller before."""
    world.called("uas-answer")
    world.called("uas-hangup", "1002", talk_ms=800)
    world.caller("cold-transfer-held", "2001", target="1002")


def cold_transfer_to_busy(world):
    """The target is busy: NOTIFY 486, the caller is back with the transferor."""
    world.called("uas-answer")
    world.called("uas-busy", "1002")
    world.caller("cold-transfer-refused", "2001", target="1002")


def cold_transfer_unanswered(world):
    """The target rings and rings: NOTIFY 408, the caller is back with the transferor."""
    world.called("uas-answer")
    world.called("uas-ring", "1002")
    world.caller("cold-transfer-unanswered", "2001", target="1002")


def cold_transfer_to_nobody(world):
    """The number does not exist: 404, the caller stays with the transferor."""
    world.called("uas-answer")
    world.caller("cold-transfer-unknown", "2001", target="1099")


def cold_transfer_bye_at_once(world):
    """BYE right after REFER ends nothing but the transferor's leg."""
    world.called("uas-answer")
    world.called("uas-hangup", "1002", talk_ms=800)
    world.caller("cold-transfer-bye", "2001", target="1002")


def cold_transfer_quiet(world):
    """Refer-Sub: false: no NOTIFY."""
    world.called("uas-answer")
    world.called("uas-hangup", "1002", talk_ms=800)
    world.caller("cold-transfer-quiet", "2001", target="1002")


def transfer_to_room(world):
    """REFER to a conference room."""
    world.called("uas-hangup", talk_ms=1500)
    world.caller("transfer-to-room", "2001", target="7001")


def queue(world):
    """A caller waits, one agent is busy, the next answers; it hangs up, and the caller is told."""
    world.called("uas-busy", "1002")
    world.called("uas-hangup", "1003", talk_ms=800)
    world.caller("call-hung-up", "8500")


def queue_unanswered(world):
    """An agent does not answer: its phone stops, the next has the caller."""
    world.called("uas-ring", "1002")
    world.called("uas-hangup", "1003", talk_ms=800)
    world.caller("call-hung-up", "8500")


def queue_caller_leaves(world):
    """The caller hangs up while the phone of an agent rings: the phone stops."""
    world.called("uas-ring", "1002")
    world.caller("call", "8500", talk_ms=700)


def transfer_to_queue(world):
    """REFER to a queue: complete at once; the caller waits until an agent answers."""
    world.called("uas-hangup", talk_ms=2500)
    world.called("uas-answer", "1002")
    world.caller("transfer-to-room", "2001", target="8500")


def refer_errors(world):
    """REFER that makes no sense is refused, each with its status, and the call survives."""
    world.called("uas-answer")
    world.caller("refer-errors", "2001", talk_ms=2500)


def attended_transfer(world):
    """Two calls of the transferor are joined by REFER with Replaces."""
    world.called("uas-answer")
    world.called("uas-hangup", "1002", talk_ms=1500)
    consultation = world.caller("consultation", "1002", cid="consultation-%u@phone")
    call_id, tag = world.dialog_of(consultation, 200)
    world.caller("attended-transfer", "2001", target="1002", other_call=call_id.replace("@", "%40"), other_tag=tag)


@with_settings(ring_timeout_s=10)
def semi_attended_transfer(world):
    """The same while the target still rings."""
    world.called("uas-answer")
    world.called("uas-slow", "1002", talk_ms=1500)
    consultation = world.caller("consultation-ringing", "1002", cid="consultation-%u@phone")
    call_id, tag = world.dialog_of(consultation, 180)
    world.caller("semi-attended-transfer", "2001", target="1002", other_call=call_id.replace("@", "%40"), other_tag=tag)


def replaces(world):
    """A third phone takes the place of the caller by INVITE with Replaces."""
    world.called("uas-answer")
    first = world.caller("consultation", "2001", cid="consultation-%u@phone")
    call_id, tag = world.dialog_of(first, 200)
    world.caller("replaces", "2001", user="1003", other_call=call_id, other_tag=tag)


def replaces_unknown(world):
    """INVITE with Replaces for no dialog of ours."""
    world.caller("replaces-unknown", "2001")


def expect(true, complaint):
    if not true:
        raise StoryError(complaint)


STORIES = [
    timer_dead,
    timer,
    ack_lost,
    register,
    login,
    replay,
    ban,
    call_by_trunk,
    call_from_trunk,
    call_between_extensions,
    call_hung_up,
    music,
    echo,
    cancel,
    cancel_crossing,
    busy,
    no_answer,
    no_such_number,
    nobody_there,
    late_offer,
    late_offer_to_trunk,
    late_offer_on_both_sides,
    early_media,
    prack,
    prack_on_both_sides,
    hold,
    bad_offer,
    compact,
    multipart,
    merged,
    options,
    refusals,
    conference,
    cold_transfer,
    cold_transfer_by_the_called,
    cold_transfer_of_held,
    cold_transfer_to_busy,
    cold_transfer_unanswered,
    cold_transfer_to_nobody,
    cold_transfer_bye_at_once,
    cold_transfer_quiet,
    transfer_to_room,
    queue,
    queue_unanswered,
    queue_caller_leaves,
    transfer_to_queue,
    refer_errors,
    attended_transfer,
    semi_attended_transfer,
    replaces,
    replaces_unknown,
]
