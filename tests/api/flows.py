"""Callers led by a program: a number asks a small web server what to do with its caller. Each step is heard, seen or found on disk."""

import hashlib
import hmac
import http.server
import json
import queue
import threading
import time

from desk import MUSIC, PROGRAM, SILENCE, SWITCH, TONES, answer, gone, hear_each_other, until

# hold.mp3 of tests/sounds.
SOUNDS = {**TONES, "clip": 1200}


class Menu:
    """Answers each question with the next of `answers`: a list of steps, a status, seconds of silence, or steps once an event is set."""

    def __init__(self, *answers):
        menu, self.answers, self.asked = self, list(answers), queue.Queue()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                seconds, signed = self.headers["Warmline-Signature"].removeprefix("t=").split(",v1=")
                right = hmac.new(b"a-secret-of-the-menu", f"{seconds}.".encode() + body, hashlib.sha256).hexdigest()
                menu.asked.put(json.loads(body) if hmac.compare_digest(signed, right) else {"reason": "badly signed"})
                answer = menu.answers.pop(0) if menu.answers else []
                if isinstance(answer, float):
                    time.sleep(answer)
                if isinstance(answer, tuple):
                    event, answer = answer
                    event.wait(4)
                status, steps = (answer, []) if isinstance(answer, int) else (200, answer)
                text = json.dumps({"steps": steps if isinstance(steps, list) else []}).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True

            def handle_error(self, *_):
                """The switch does not wait for who is too slow."""

        self.server = Server(PROGRAM, Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def is_asked(self, reason, bound=20):
        """The next question, which must be asked for this reason."""
        question = self.asked.get(timeout=bound)
        assert question["reason"] == reason, f"asked for another reason than {reason}: {question}"
        return question


def dial(phone):
    phone.forget()
    phone.command("dial", f"sip:9000@{SWITCH}")


def led_to_an_agent(api, a, b, c):
    """Answered, a clip is played, a text said, digits gathered, held with a clip, recorded, put through; the file has the caller in it."""
    first = [{"do": "answer"}, {"do": "play", "sound": "hold"}, {"do": "say", "text": "Please enter the number of your contract"},
             {"do": "gather", "max_digits": 6, "terminators": "#", "timeout_s": 10}]  # fmt: skip
    second = [{"do": "record"}, {"do": "hold", "music": "hold"}]
    heard = threading.Event()
    third = (heard, [{"do": "transfer", "to": {"destination": "1002", "display_name": "Contract 42"}}])
    with Menu(first, second, third) as menu:
        b.forget()
        dial(a)
        question = menu.is_asked("started")
        assert (question["flow"], question["leg"]["dialled"]) == ("menu", "9000"), question
        a.expect("CALL_ESTABLISHED")
        a.comes_to_hear({"clip"}, SOUNDS)
        play = api.expect("play.started")["data"]["play_id"]
        assert api.expect("play.ended", bound=20)["data"] == {"play_id": play, "end": "done"}
        a.comes_to_hear({"something"}, SOUNDS)
        api.expect("play.ended", bound=20, end="done")
        for digit in "42#":
            a.press(digit)
        assert menu.is_asked("gathered")["digits"] == "42"
        api.expect("recording.started")
        menu.is_asked("done")
        a.comes_to_hear({"clip"}, SOUNDS)
        heard.set()
        assert "Contract 42" in b.expect("CALL_INCOMING")["peerdisplayname"]
        b.command("accept")
        b.expect("CALL_ESTABLISHED")
        hear_each_other(a, b)
        a.command("hangup")
        gone(b)
        file = api.expect("recording.file", state="ended")["data"]
    assert file["length_ms"] > 1000, file
    status, headers, sound = api.fetch(f"/recordings/files/{file['file']}")
    assert (status, headers["Content-Type"], sound[:4]) == (200, "audio/wav", b"RIFF"), (status, headers)


def led_to_a_room_and_out(api, a, b, c):
    """Put into a room by name; another caller, whom the program wants no more, is told that it is busy."""
    with Menu([{"do": "answer"}, {"do": "conference", "name": "lobby"}], [{"do": "hang_up"}]) as menu:
        dial(a)
        a.expect("CALL_ESTABLISHED")
        until(lambda: api.get("/conferences")["conferences"] or None, 5, "there is no room")
        dial(b)
        gone(b)
        assert [menu.is_asked("started")["leg"]["party"]["number"] for _ in range(2)] == ["1001", "1002"]
        refused = api.get("/records?extension=1002&limit=1")["records"][0]
        assert refused["status"] == 486, refused


def led_to_a_queue(api, a, b, c):
    """Asked for a digit, then put into a queue: music until the agent takes the call, who hears the caller then."""
    first = [{"do": "answer"}, {"do": "gather", "max_digits": 1, "timeout_s": 10}]
    with Menu(first, [{"do": "queue", "name": "support"}]) as menu:
        b.forget()
        dial(a)
        a.expect("CALL_ESTABLISHED")
        a.press("1")
        menu.is_asked("started")
        assert menu.is_asked("gathered")["digits"] == "1"
        b.expect("CALL_INCOMING")
        a.comes_to_hear(MUSIC, SOUNDS)
        b.command("accept")
        b.expect("CALL_ESTABLISHED")
        hear_each_other(a, b)


def a_step_that_cannot_be(api, a, b, c):
    """A step is refused: the program is told the rule, and goes another way. Then it fails, and the caller is hung up."""
    with Menu([{"do": "answer"}, {"do": "transfer", "to": "4711"}], [{"do": "play", "sound": "hold"}], 500) as menu:
        dial(a)
        menu.is_asked("started")
        assert menu.is_asked("refused")["rule"] == "no-such-target"
        a.expect("CALL_ESTABLISHED")
        a.comes_to_hear({"clip"}, SOUNDS)
        menu.is_asked("done")
        gone(a)


def nobody_enters_anything(api, a, b, c):
    """No digit comes: the program is told so, and nothing is heard meanwhile; no steps at all are the end."""
    with Menu([{"do": "answer"}, {"do": "gather", "timeout_s": 2}], []) as menu:
        dial(a)
        menu.is_asked("started")
        a.comes_to_hear(SILENCE, SOUNDS)
        asked = menu.is_asked("gathered")
        assert (asked["digits"], asked["end"]) == ("", "timeout"), asked
        gone(a)


def no_word_in_time(api, a, b, c):
    """The program thinks for too long: the caller goes to the fallback, and what the program says then is nobody's business."""
    with Menu(4.0) as menu:
        c.forget()
        dial(a)
        menu.is_asked("started")
        answer(c)
        a.expect("CALL_ESTABLISHED")
        hear_each_other(a, c)
        assert [kind for kind, _ in api.since(api.sequence, "flow")] == ["flow.waiting", "flow.timeout"]


def nobody_there(api, a, b, c):
    """The program is not there: the caller goes to the fallback."""
    c.forget()
    dial(a)
    answer(c)
    a.expect("CALL_ESTABLISHED")
    hear_each_other(a, c)


FLOWS = [led_to_an_agent, led_to_a_room_and_out, led_to_a_queue, a_step_that_cannot_be, nobody_enters_anything, no_word_in_time, nobody_there]
