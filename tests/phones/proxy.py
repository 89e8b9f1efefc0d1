"""A proxy in between, Kamailio: STORIES=tests/phones/proxy.py tests/phones/run [STORY...].

All phones register through it and are reached through it alone (Path, Record-Route); C is reached over a trunk, too, which is the proxy."""

import atexit
import pathlib
import re
import subprocess

from stage import PCMU, SWITCH, Stage, expect, hear_each_other, until, uri
from stories import (
    CONFIG,
    attended_transfer,
    blind_transfer,
    blind_transfer_refused,
    busy,
    call,
    called_hangs_up,
    cancel,
    conference,
    hold,
    warm_transfer_by_star_codes,
)

PROXY = "10.99.0.2"
# tools/kamailio unpacks it there, if it is not installed.
UNPACKED = pathlib.Path(__file__).resolve().parents[2] / "target/kamailio"
THROUGH = (
    CONFIG
    + f"""
[[trunk]]
name = "carrier"
host = "{PROXY}"

[[route]]
match = "9XXXX"
strip = 1
to = "trunk:carrier"
"""
)
# What is within a dialog follows its routes; what begins one is asked to come back this way.
ROUTES = f"""
children=1
listen=udp:{PROXY}:5060
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "path.so"
loadmodule "maxfwd.so"
loadmodule "siputils.so"
loadmodule "textops.so"
request_route {{
    if (!mf_process_maxfwd_header("70")) {{ sl_send_reply("483", "Too Many Hops"); exit; }}
    if (is_method("CANCEL")) {{ if (t_check_trans()) t_relay(); exit; }}
    if (has_totag()) {{
        if (loose_route()) t_relay();
        else if (is_method("ACK")) {{ if (t_check_trans()) t_relay(); }}
        else sl_send_reply("404", "Not Here");
        exit;
    }}
    t_check_trans();
    if (is_method("REGISTER")) {{ add_path(); $du = "sip:{SWITCH}:5060"; t_relay(); exit; }}
    record_route();
    # The switch knows from Path where the phone is. With nothing but this proxy in its route, loose_route says no.
    if (is_present_hf("Route")) {{ loose_route(); t_relay(); exit; }}
    if (src_ip == {SWITCH}) $du = "sip:10.99.0.13:5060";
    else $du = "sip:{SWITCH}:5060";
    t_relay();
}}
"""


class Proxy:
    """Kamailio in the switch's namespace, at an address of its own."""

    def __init__(self, stage):
        subprocess.run(["ip", "address", "add", f"{PROXY}/24", "dev", "bridge"], check=True)
        directory = pathlib.Path(stage.directory)
        (directory / "kamailio.cfg").write_text(ROUTES)
        log = open(directory / "kamailio.log", "wb")
        root = UNPACKED if (UNPACKED / "usr/sbin/kamailio").exists() else pathlib.Path("/")
        modules = next((root / "usr/lib").glob("**/kamailio/modules"))
        command = [root / "usr/sbin/kamailio", "-L", modules, "-DD", "-E", "-f", directory / "kamailio.cfg", "-Y", directory]
        command += ["-P", directory / "kamailio.pid"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        atexit.register(lambda: (process.terminate(), process.wait()))
        until(lambda: (directory / "kamailio.pid").exists() or None, 10, f"Kamailio does not start (see {log.name})")


def through_proxy(stage):
    Proxy(stage)
    return []


def trunk(a, b, c):
    """A calls C over the trunk: both hear each other, A holds and comes back, C hangs up."""
    a.forget(), c.forget()
    a.command("dial", uri("91003"))
    c.expect("CALL_INCOMING")
    c.command("accept")
    a.expect("CALL_ESTABLISHED")
    hear_each_other(a, c)
    a.command("hold")
    c.comes_to_hear({"something"}, {})
    a.command("resume")
    hear_each_other(a, c)
    c.command("hangup")
    a.expect("CALL_CLOSED")


def transfer_to_trunk(a, b, c):
    """B transfers A to C over the trunk, by REFER."""
    a.forget(), b.forget(), c.forget()
    a.command("dial", uri(b.user))
    b.expect("CALL_INCOMING")
    b.command("accept")
    hear_each_other(a, b)
    b.command("transfer", uri("91003"))
    c.expect("CALL_INCOMING")
    c.command("accept")
    hear_each_other(a, c)
    b.expect("CALL_CLOSED")


def nobody_was_asked_directly(a, b, c):
    """After all of that no phone has seen a message of the switch that did not come by the proxy, nor has one been sent there."""
    for phone in (a, b, c):
        ways = set(re.findall(r"^UDP (\S+) -> (\S+)", (phone.directory / "log").read_text(errors="replace"), re.M))
        expect(ways == {(f"{one}:5060", f"{other}:5060") for one, other in ((phone.address, PROXY), (PROXY, phone.address))}, f"{phone.name}: {ways}")


OUTBOUND = (PCMU, f';outbound="sip:{PROXY}"')
Stage(THROUGH, api=False, given=through_proxy).perform(
    [
        (
            [OUTBOUND] * 3,
            [
                call,
                called_hangs_up,
                busy,
                cancel,
                hold,
                conference,
                blind_transfer,
                blind_transfer_refused,
                attended_transfer,
                warm_transfer_by_star_codes,
                trunk,
                transfer_to_trunk,
                nobody_was_asked_directly,
            ],
        )
    ]
)
