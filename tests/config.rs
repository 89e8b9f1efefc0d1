//! What `config.toml` comes to, and what is said of one that is wrong.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::{path::Path, time::Duration};
use warmline::{
    api::{Scope, hash},
    config::Config,
    media::{Dtmf, sdp::Codec},
    server::Server,
    sip::Secret,
    switch::{ForeignHost, RouteFrom, RouteTo, Strategy},
};

const BENCH: &str = include_str!("configs/bench.toml");
const OFFICE: &str = include_str!("configs/office.toml");
const API: &str = include_str!("configs/api.toml");

#[test]
fn the_bench_is_read_as_it_is() {
    let server = parse(BENCH).unwrap().server;
    assert_eq!(server.listen, "127.0.0.1:5066".parse().unwrap());
    assert_eq!((server.switch.domain.as_str(), server.media_ports), ("127.0.0.1", 40000..=59999));
    assert_eq!((server.exchange.max_calls, server.exchange.max_calls_per_second), (20000, 5000));
    let numbers: Vec<_> = server.switch.extensions.iter().map(|extension| extension.number.as_str()).collect();
    assert_eq!(numbers, ["1001", "1002", "1003"]);
    let trunk = &server.switch.trunks[0];
    assert_eq!((trunk.host.to_string(), trunk.port, trunk.name.as_str()), ("127.0.0.1".into(), Some(5090), "loop"));
    assert!(trunk.accept_from[0].contains("127.0.0.1".parse().unwrap()));
    let routes: Vec<_> =
        server.switch.routes.iter().map(|route| (route.pattern.to_string(), route.to[0].clone())).collect();
    let expected = [
        ("2XXX", RouteTo::Trunk("loop".into())),
        ("7XXX", RouteTo::Conference("{number}".into())),
        ("6000", RouteTo::Music),
        ("6001", RouteTo::Echo),
    ];
    assert_eq!(routes, expected.map(|(pattern, to)| (pattern.to_owned(), to)));
}

#[test]
fn the_office_is_read_as_it_is_and_each_key_counts() {
    let server = parse(OFFICE).unwrap().server;
    let (exchange, call, switch) = (&server.exchange, &server.exchange.call, &server.switch);
    assert_eq!((exchange.sip.domain.as_str(), switch.domain.as_str()), ("office.example", "office.example"));
    assert_eq!((switch.min_expires, switch.max_expires), (s(60), s(3600)));
    assert_eq!((exchange.sip.session_expires, exchange.sip.min_session_expires), (Some(s(1800)), s(90)));
    assert_eq!((call.codecs.as_slice(), server.media_timeout), (&[Codec::Pcmu, Codec::Pcma][..], s(60)));
    assert_eq!((call.recall, call.recall_timeout, call.ring_timeout), (true, s(20), s(30)));
    assert_eq!(call.fallback.as_deref(), Some("1003"));
    let codes = &call.codes;
    let all = [
        &codes.blind_transfer,
        &codes.attended_transfer,
        &codes.complete,
        &codes.cancel,
        &codes.three_way,
        &codes.swap,
    ];
    assert_eq!(all.map(|code| code.as_deref().unwrap()), ["*1", "*2", "*4", "*5", "*6", "*7"]);
    assert_eq!((switch.security.login_failures, switch.security.ban), (10, s(300)));
    let [reception, sales, night] = &switch.extensions[..] else { panic!("three extensions") };
    assert_eq!(reception.name.as_deref(), Some("Reception"));
    assert_eq!(reception.secret, Secret::Password("correct horse battery".into()));
    let hash = "f44b3bc2b7a8c5a85ac4f9a5b5b86a13ecb1a1ba31a9a33c1ad3c52ad4bcf1c2";
    assert_eq!(sales.secret, Secret::Ha1 { md5: None, sha256: Some(hash.into()) });
    assert_eq!(sales.max_contacts, 3);
    assert_eq!(night.secret, Secret::Password("from the environment".into()));
    let carrier = &switch.trunks[0];
    assert_eq!((carrier.codecs.as_slice(), carrier.channels), (&[Codec::Pcma][..], Some(30)));
    assert_eq!(carrier.caller_id.as_deref(), Some("+31201234567"));
    let out = &switch.routes[1];
    assert_eq!((&out.from, out.strip, out.prepend.as_str()), (&Some(RouteFrom::Extensions), 1, "+31"));
    assert_eq!(out.to, [RouteTo::Trunk("carrier".into())]);
    assert_eq!(switch.routes[0].from, Some(RouteFrom::Trunk("carrier".into())));
}

#[test]
fn digits_are_as_an_extension_says_or_else_as_all_do() {
    let extensions = "[[extension]]\nnumber = \"1\"\npassword = \"x\"\ndtmf = \"info\"\n\n[[extension]]\nnumber = \"2\"\npassword = \"x\"\n";
    let dtmf = |text: &str| {
        let config = parse(text).unwrap();
        config.server.switch.extensions.iter().map(|extension| extension.dtmf).collect::<Vec<_>>()
    };
    assert_eq!(dtmf(extensions), [Dtmf::Info, Dtmf::Rfc4733]);
    assert_eq!(dtmf(&format!("[media]\ndtmf = \"auto\"\n{extensions}")), [Dtmf::Info, Dtmf::Auto]);
    let problem = "c.toml:2:8: [media] dtmf: \"sip\" must be \"rfc4733\", \"info\", \"inband\" or \"auto\"";
    assert_eq!(problems("[media]\ndtmf = \"sip\"\n"), [problem]);
}

#[test]
fn the_files_that_come_with_the_program_are_right() {
    for path in ["config.toml", "docker/config.toml"] {
        let told = Config::load(Path::new(path)).err().map(|problems| said(&problems));
        assert_eq!(told, None, "{path}");
    }
}

#[test]
fn a_file_is_loaded_and_a_missing_one_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.toml");
    let text = BENCH
        .replace("[media]", "[media]\nhold_music = \"sounds/hold.wav\"")
        .replace("[sip]", "[sip]\nstate_directory = \"state\"");
    std::fs::write(&path, text).unwrap();
    let server = Config::load(&path).unwrap().server;
    let hold = warmline::server::Piece::File(directory.path().join("sounds/hold.wav"));
    assert_eq!(server.hold_music.pieces, [hold], "paths start beside the file");
    assert_eq!(server.state_directory, Some(directory.path().join("state")));
    let problems = Config::load(Path::new("nowhere/config.toml")).unwrap_err();
    assert!(problems[0].to_string().starts_with("nowhere/config.toml: cannot be read: "));
}

#[test]
fn a_password_that_the_environment_lacks_is_refused_with_its_name() {
    let problems = Config::parse(OFFICE, "office.toml", |_| None).unwrap_err();
    assert_eq!(
        said(&problems),
        [
            "office.toml:50:12: [extension] password: the environment has no variable WARMLINE_1003; set it before the start"
        ]
    );
}

#[test]
fn what_is_not_there_yet_is_said_so() {
    let problem = "c.toml:1:3: [dialect]: is not part of this version; take the section out";
    assert_eq!(problems("[[dialect]]\nname = \"x\"\n"), [problem]);
}

#[test]
fn the_api_is_read_as_it_is_written() {
    let api = parse(API).unwrap().api.unwrap();
    assert_eq!(api.listen, "127.0.0.1:8066".parse().unwrap());
    let tokens: Vec<_> = api.tokens.iter().map(|token| (token.name.as_str(), token.scopes.as_slice())).collect();
    assert_eq!(tokens, [("operator", &[Scope::Admin][..]), ("wallboard", &[Scope::Read][..])]);
    assert_eq!(api.tokens[0].hash, hash("operator-token"));
    assert!(api.tls.is_none() && api.cors_origins.is_empty() && api.webhooks.is_empty());
    assert!(parse("").unwrap().api.is_none(), "without [http] there is no API");
}

#[test]
fn a_token_may_be_a_hash_or_come_from_the_environment() {
    let text = format!(
        "[http]\n[[http.token]]\nname = \"a\"\ntoken = \"sha256:{}\"\nscopes = [\"agent:1001\"]\n\
         [[http.token]]\nname = \"b\"\ntoken = \"env:PW_1001\"\nscopes = \"control\"\n",
        "0a".repeat(32)
    );
    let api = Config::parse(&text, "c.toml", |name| (name == "PW_1001").then(|| "from-env".to_owned())).unwrap().api;
    let api = api.unwrap();
    assert_eq!(api.tokens[0].hash, [10; 32]);
    assert_eq!(api.tokens[0].scopes, [Scope::Agent("1001".to_owned())]);
    assert_eq!(api.tokens[1].hash, hash("from-env"));
}

#[test]
fn what_is_wrong_with_the_api_is_told_in_its_place() {
    let text = "[http]\nlisten = \"everywhere\"\nportt = 1\njwt_secret = \"short\"\n\
                [[http.token]]\nname = \"a\"\ntoken = \"sha256:12\"\nscopes = [\"root\"]\n\
                [[webhook]]\nurl = \"ftp://x\"\nsecret = \"s\"\n";
    assert_eq!(
        problems(text),
        [
            "c.toml:2:10: [http] listen: must be ADDRESS:PORT with an IP address, such as \"127.0.0.1:8060\"",
            "c.toml:3:1: [http] portt: unknown key. There are listen, body_bytes, requests_per_second, connections, \
             head_timeout_s, body_timeout_s, cors_origins, jwt_secret, jwt_max_s, webhook_hosts, webhook_retries",
            "c.toml:4:14: [http] jwt_secret: must be 32 bytes or longer; `openssl rand -hex 32` makes one",
            "c.toml:7:9: [http.token] token: must be sha256: and 64 hexadecimal digits, as sha256sum prints them",
            "c.toml:8:11: [http.token] scopes: \"root\" must be \"read\", \"control\", \"admin\" or \"agent:EXTENSION\"",
            "c.toml:10:7: [webhook] url: must be http:// or https:// and a host",
        ]
    );
}

#[test]
fn an_empty_file_is_a_switch_on_loopback() {
    let server = parse("").unwrap().server;
    assert_eq!(server.listen, "127.0.0.1:5060".parse().unwrap());
    assert_eq!((server.switch.domain.as_str(), server.media_ports), ("127.0.0.1", 20000..=29999));
    assert_eq!((server.media_bind, server.exchange.call.media_address), (server.listen.ip(), server.listen.ip()));
    assert_eq!((server.exchange.max_calls, server.exchange.max_calls_per_second), (1000, 200));
    assert_eq!(server.switch.security.requests_per_second, 200);
    assert_eq!((server.state_directory, server.exchange.sip.public_address), (None, None));
}

#[test]
fn registrations_are_kept_where_the_system_keeps_such_things() {
    let directory = |text: &str, name: &'static str, value: &'static str| {
        let env = move |asked: &str| (asked == name).then(|| value.to_owned());
        Config::parse(text, "c.toml", env).unwrap().server.state_directory.map(|path| path.display().to_string())
    };
    assert_eq!(directory("", "STATE_DIRECTORY", "/var/lib/w").as_deref(), Some("/var/lib/w/127.0.0.1-5060"));
    assert_eq!(directory("", "XDG_STATE_HOME", "/s").as_deref(), Some("/s/warmline/127.0.0.1-5060"));
    assert_eq!(directory("", "HOME", "/home/a").as_deref(), Some("/home/a/.local/state/warmline/127.0.0.1-5060"));
    assert_eq!(directory("[sip]\nstate_directory = \"\"", "HOME", "/home/a"), None);
    assert_eq!(directory("[sip]\nstate_directory = \"s\"", "HOME", "/home/a").as_deref(), Some("s"));
}

#[test]
fn behind_nat_the_public_address_is_said_and_the_private_one_bound() {
    let text = "[sip]\nlisten = \"udp://192.0.2.10\"\npublic_address = \"198.51.100.7\"\n";
    let server = parse(text).unwrap().server;
    assert_eq!(server.listen, "192.0.2.10:5060".parse().unwrap());
    assert_eq!(server.exchange.sip.public_address, Some("198.51.100.7".parse().unwrap()));
    let media = (server.exchange.call.media_address.to_string(), server.media_bind.to_string());
    assert_eq!(media, ("198.51.100.7".into(), "192.0.2.10".into()));
}

#[test]
fn who_listens_everywhere_must_say_where_media_go() {
    assert_eq!(
        problems("[sip]\nlisten = [\"udp://0.0.0.0:5060\"]\n"),
        [
            "c.toml:1:1: [media] address: is missing, and [sip] listen (0.0.0.0) does not say which address phones can reach; write it here"
        ]
    );
    let server = parse("[sip]\nlisten = [\"udp://0.0.0.0:5060\"]\n[media]\naddress = \"192.0.2.10\"\n").unwrap().server;
    assert_eq!(server.exchange.sip.public_address, Some("192.0.2.10".parse().unwrap()));
    assert_eq!(server.switch.domain, "192.0.2.10");
}

#[test]
fn zero_and_nothing_switch_things_off() {
    let text = "[sip]\nsession_expires_s = 0\n[media]\ntimeout_s = 0\n[transfer]\nrecall = false\nfallback = \"\"\n[codes]\nswap = \"\"\n";
    let server = parse(text).unwrap().server;
    let call = &server.exchange.call;
    assert_eq!((server.exchange.sip.session_expires, server.media_timeout), (None, Duration::ZERO));
    assert_eq!((call.recall, call.fallback.as_ref(), call.codes.swap.as_ref()), (false, None, None));
    assert_eq!(call.codes.cancel.as_deref(), Some("*5"));
}

#[test]
fn a_trunk_may_have_all_its_keys() {
    let text = "[[trunk]]\nname = \"t\"\nhost = \"[2001:db8::5]:5070\"\naccept_from = \"2001:db8::/32\"\nuser = \"u\"\n\
                password = \"env:WARMLINE_1003\"\nlate_offer = true\nrefer = false\n";
    let trunk = parse(text).unwrap().server.switch.trunks.remove(0);
    assert_eq!((trunk.host.to_string(), trunk.port), ("[2001:db8::5]".into(), Some(5070)));
    assert_eq!((trunk.late_offer, trunk.refer), (true, false));
    assert_eq!(trunk.credentials.unwrap().secret, Secret::Password("from the environment".into()));
}

#[test]
fn all_that_is_wrong_is_told_at_once_in_the_order_of_the_text() {
    let text = "[sip]
listen = [\"tcp://127.0.0.1:5060\"]
domian = \"x\"
min_expires_s = \"60\"
session_expires_s = 30

[media]
ports = \"20001-20000\"
codecs = [\"PCMU\", \"G729\"]

[codecs]

[transfer]
fallback = \"4711\"
recall_timeout_s = 0

[codes]
swap = \"*12\"
cancel = \"*x\"

[[extension]]
number = \"1001\"
password = \"a\"

[[extension]]
number = \"1001\"

[[extension]]
number = 1002
password = 4711

[[trunk]]
name = \"carrier\"
host = \"bad host\"
accept_from = [\"10.0.0.1/8\", \"0.0.0.0/0\"]
user = \"me\"

[[route]]
match = \"0.5\"
to = \"trunk:carrier\"

[[route]]
from = \"trunk:carier\"
match = \"1XX\"
strip = 4
to = [\"trunk:carier\", \"music\", \"1010\", \"queue:sales\"]

[[route]]
match = \"2XX\"
";
    let expected = "
c.toml:2:11: [sip] listen: this version speaks SIP over UDP only; write udp://
c.toml:3:1: [sip] domian: unknown key; did you mean domain? There are listen, domain, public_address, min_expires_s, max_expires_s, session_expires_s, state_directory
c.toml:4:17: [sip] min_expires_s: must be a whole number, without quotes
c.toml:5:21: [sip] session_expires_s: 30 is less than 90, the least of RFC 4028; 0 switches session timers off
c.toml:8:9: [media] ports: 20001-20000 is no range of ports from 1024 to 65535, lower one first
c.toml:9:19: [media] codecs: \"G729\" is no codec of this version; there are opus, G722, PCMU, PCMA, L16/8000, L16/16000, L16/48000
c.toml:11:2: [codecs]: unknown section; did you mean [codes]? There are sip, media, sounds, recording, transfer, codes, security, limits, http, webhook, flow, records, trace, log, extension, trunk, route, queue
c.toml:14:12: [transfer] fallback: \"4711\" leads nowhere: no extension, queue or route for extensions has this number
c.toml:15:20: [transfer] recall_timeout_s: 0 must be 1 to 3600
c.toml:18:8: [codes] swap: \"*12\" and blind_transfer = \"*1\" begin alike, so that one can never be dialled; take another or \"\"
c.toml:19:10: [codes] cancel: 'x' cannot be dialled; codes are made of 0-9 * # A-D, \"\" switches one off
c.toml:25:1: [extension] password: 1001 needs a password, ha1_sha256 or ha1_md5
c.toml:26:10: [extension] number: 1001 is there twice
c.toml:29:10: [extension] number: must be text in quotes
c.toml:30:12: [extension] password: must be text in quotes
c.toml:34:8: [trunk] host: must be a host name or IP address, with :PORT where it is not 5060, such as \"sip.carrier.example:5070\"
c.toml:35:16: [trunk] accept_from: 10.0.0.1/8 has bits behind its prefix; did you mean 10.0.0.0/8?
c.toml:35:30: [trunk] accept_from: would let everybody call without a password; name the networks of the carrier
c.toml:36:8: [trunk] user: needs a password beside it
c.toml:39:9: [route] match: `.` stands for the rest of the number and must be the last character; [.] is the character itself
c.toml:43:8: [route] from: there is no trunk \"carier\"; did you mean \"carrier\"?
c.toml:45:9: [route] strip: takes 4 characters, but 1XX fits numbers of 3
c.toml:46:7: [route] to: there is no trunk \"carier\"; did you mean \"carrier\"?
c.toml:46:23: [route] to: stands alone: only trunks and extensions can be tried in turn
c.toml:46:32: [route] to: there is no extension \"1010\"; did you mean \"1001\"?
c.toml:46:40: [route] to: there is no queue \"sales\"
c.toml:46:40: [route] to: stands alone: only trunks and extensions can be tried in turn
c.toml:48:1: [route]: to is missing";
    let told = problems(text);
    let expected: Vec<&str> = expected.trim().lines().collect();
    assert_eq!(told, expected, "\n{}", told.join("\n"));
}

#[test]
fn queues_are_read_and_what_is_wrong_with_one_is_told() {
    let people =
        "[[extension]]\nnumber = \"1001\"\npassword = \"a\"\n[[extension]]\nnumber = \"1002\"\npassword = \"b\"\n";
    let good = "[[queue]]\nname = \"support\"\nmembers = [\"1002\", \"1001\"]\n[[queue]]\nname = \"all\"\nnumber = \"8500\"\n\
        members = \"any registered\"\nstrategy = \"longest-idle\"\nring_s = 10\nretry_s = 3\nwrap_up_s = 15\n\
        music = [\"a.wav\", \"https://x.example/b.mp3\"]\nmax_length = 5\nmax_wait_s = 120\nfallback = \"1001\"\n\
        [[route]]\nmatch = \"9\"\nto = \"queue:support\"\nrecord = true\n[recording]\ndirectory = \"tapes\"\n";
    let switch = parse(&format!("{people}{good}")).unwrap().server.switch;
    let [support, all] = &switch.queues[..] else { panic!("two") };
    assert_eq!(support.members.as_deref(), Some(&["1002".to_owned(), "1001".to_owned()][..]));
    assert_eq!((support.strategy, support.ring, support.retry), (Strategy::RingAll, s(20), s(5)));
    assert_eq!((support.max_length, support.max_wait, support.fallback.as_ref()), (None, None, None));
    assert_eq!(
        (all.members.as_ref(), all.strategy, all.number.as_deref()),
        (None, Strategy::LongestIdle, Some("8500"))
    );
    assert_eq!((all.ring, all.retry, all.wrap_up), (s(10), s(3), s(15)));
    assert_eq!((all.music.len(), all.max_length, all.max_wait), (2, Some(5), Some(s(120))));
    assert!(switch.routes[0].record);
    assert_eq!((all.fallback.as_deref(), &switch.routes[0].to[0]), (Some("1001"), &RouteTo::Queue("support".into())));
    let bad = "[[queue]]\nname = \"a b\"\nnumber = \"1001\"\nmembers = [\"1003\", \"1001\", \"1001\"]\nstrategy = \"random\"\n\
        max_wait_s = 0\nfallback = \"4711\"\n[[queue]]\nname = \"a b\"\nmembers = []\n";
    let told = problems(&format!("{people}{bad}"));
    let expected = [
        "c.toml:8:8: [queue] name: \"a b\" must be 1 to 64 letters, digits, and . _ + -",
        "c.toml:9:10: [queue] number: \"1001\" is the number of an extension",
        "c.toml:10:12: [queue] members: there is no extension \"1003\"; did you mean \"1001\"?",
        "c.toml:10:28: [queue] members: \"1001\" is there twice",
        "c.toml:11:12: [queue] strategy: \"random\" must be one of \"ring-all\", \"round-robin\", \"longest-idle\", \"in-order\"",
        "c.toml:12:14: [queue] max_wait_s: 0 must be 1 to 86400",
        "c.toml:13:12: [queue] fallback: \"4711\" leads nowhere: no extension, queue or route for extensions has this number",
        "c.toml:15:8: [queue] name: \"a b\" must be 1 to 64 letters, digits, and . _ + -",
        "c.toml:15:8: [queue] name: \"a b\" is there twice",
        "c.toml:16:11: [queue] members: needs at least one extension, or \"any registered\"",
    ];
    assert_eq!(told, expected, "\n{}", told.join("\n"));
}

#[test]
fn other_hosts_are_called_only_where_they_are_named() {
    assert!(parse("").unwrap().server.switch.foreign.hosts.is_empty());
    let named = "[security]\nforeign_hosts = [\"PBX.example.com\", \"198.51.100.7\", \"10.1.0.0/16\"]\n";
    let foreign = parse(named).unwrap().server.switch.foreign;
    assert_eq!(foreign.hosts[0], ForeignHost::Name("pbx.example.com".into()));
    assert!(matches!(&foreign.hosts[1..], [ForeignHost::Network(one), ForeignHost::Network(_)] if one.bits() == 32));
    assert_eq!(foreign.own, ["127.0.0.1".parse::<std::net::IpAddr>().unwrap(); 2]);
    let wrong = "[security]\nforeign_hosts = [\"*.example.com\"]\n";
    let rule = "must be a name, an address or a network; each name is looked up ahead, so that * cannot be";
    assert_eq!(problems(wrong), [format!("c.toml:2:18: [security] foreign_hosts: \"*.example.com\" {rule}")]);
}

#[test]
fn a_flow_s_fallback_must_lead_somewhere() {
    let route = |fallback: &str| {
        format!(
            "[[route]]\nmatch = \"9X\"\nto = \"flow:a\"\nflow_fallback = \"{fallback}\"\n[[route]]\nmatch = \"8\"\nto = \"echo\"\n"
        )
    };
    assert!(parse(&route("8")).is_ok());
    assert_eq!(
        problems(&route("7")),
        [
            "c.toml:4:17: [route] flow_fallback: \"7\" leads nowhere: no extension, queue or route for extensions has this number"
        ]
    );
    assert_eq!(
        problems(&route("91")),
        ["c.toml:4:17: [route] flow_fallback: \"91\" leads to a program: nobody is sent there by the switch itself"]
    );
}

#[test]
fn broken_syntax_is_told_with_its_place() {
    let told = problems("[sip]\nlisten = \n[media\nports = \"1\"\n");
    assert!(told.iter().any(|problem| problem.starts_with("c.toml:2:")), "{told:?}");
    assert!(told.iter().any(|problem| problem.starts_with("c.toml:3:")), "{told:?}");
    assert_eq!(problems("sip = 1\nextension = [1]\nroute = \"x\"\n").len(), 3);
}

#[test]
fn each_port_range_that_is_none_says_what_would_be() {
    for (ports, hint) in [
        ("20000", "must be the first and the last port, such as \"20000-29999\""),
        ("20001-29999", "must begin with an even port, which RTP takes: 20000 instead of 20001"),
        ("20000-29998", "must end with an odd port, which RTCP takes: 29999 instead of 29998"),
        ("80-99", "80-99 is no range of ports from 1024 to 65535, lower one first"),
    ] {
        assert_eq!(problems(&format!("[media]\nports = {ports:?}\n")), [format!("c.toml:2:9: [media] ports: {hint}")]);
    }
}

#[test]
fn who_is_to_be_recorded_needs_a_place_for_it() {
    let text = "[[extension]]\nnumber = \"1001\"\npassword = \"x\"\nrecord = true\n\
                [[trunk]]\nname = \"a\"\nhost = \"192.0.2.1\"\nrecord = true\n\
                [[route]]\nmatch = \"9X\"\nto = \"trunk:a\"\nrecord = true\n\
                [[extension]]\nnumber = \"1002\"\npassword = \"x\"\nrecord = false\n";
    let needs = "needs a place for the files: [recording] directory";
    assert_eq!(
        problems(text),
        [
            format!("c.toml:4:10: [extension] record: {needs}"),
            format!("c.toml:8:10: [trunk] record: {needs}"),
            format!("c.toml:12:10: [route] record: {needs}"),
        ]
    );
    assert!(parse(&format!("{text}[recording]\ndirectory = \"tapes\"\n")).is_ok());
    assert_eq!(
        problems("[sounds]\nlocale = \"plain English\"\n"),
        ["c.toml:2:10: [sounds] locale: must be a language, such as \"en\" or \"nl-BE\""]
    );
}

#[test]
fn files_that_are_named_are_there_or_told() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("file"), "").unwrap();
    let check = |text: &str| {
        let here = place.path().display().to_string();
        Server::check(&parse(&text.replace("HERE", &here)).unwrap().server).map_err(|error| error.to_string())
    };
    for good in [
        "[sounds]\ndirectory = \"HERE\"\n[recording]\ndirectory = \"HERE/new\"\n",
        "[media]\nhold_music = \"http://127.0.0.1:1/a.mp3\"\n",
    ] {
        assert_eq!(check(good), Ok(()), "{good}");
    }
    assert!(!place.path().join("new").exists(), "who checks makes nothing");
    for (bad, told) in [
        ("[sounds]\ndirectory = \"HERE/none\"\n", "cannot read sounds in"),
        ("[recording]\ndirectory = \"HERE/file/below\"\n", "cannot keep recordings in"),
        ("[media]\nhold_music = [\"http://127.0.0.1:1/a.mp3\", \"HERE/none.mp3\"]\n", "as hold music"),
    ] {
        assert!(check(bad).is_err_and(|error| error.contains(told)), "{bad}");
    }
}

#[test]
fn what_needs_a_restart_is_named_when_it_has_changed() {
    let with = |text: &str| parse(&format!("[http]\nlisten = \"127.0.0.1:8066\"\n{text}")).unwrap();
    let running = with("");
    let changed = [
        "[recording]\ndirectory = \"tapes\"",
        "[media]\njitter_min_ms = 60",
        "[trace]\nmemory_mb = 1",
        "[log]\nformat = \"json\"",
        "[records]\npath = \"elsewhere.sqlite\"",
        "[http.tls]\ncertificate = \"chain.pem\"\nkey = \"key.pem\"",
    ];
    for text in changed {
        let said = said(&with(text).may_follow(&running).expect_err(text));
        let section = text.split_once('\n').unwrap().0;
        assert!(said.len() == 1 && said[0].contains(section) && said[0].contains("restart"), "{text}: {said:?}");
    }
    for text in [
        "[limits]\ncalls = 7",
        "requests_per_second = 7\nwebhook_hosts = \"desk.example\"",
        "[[http.token]]\nname = \"a\"\ntoken = \"b\"\nscopes = \"read\"",
        "[[webhook]]\nurl = \"http://desk.example\"\nsecret = \"s\"",
        "[[flow]]\nname = \"menu\"\nurl = \"http://desk.example\"\nsecret = \"s\"",
        "[records]\nretention_days = 7",
    ] {
        assert!(with(text).may_follow(&running).is_ok(), "{text}");
    }
}

#[test]
fn no_secret_is_ever_printed() {
    let text = "[[extension]]\nnumber = \"1001\"\npassword = \"hunter2\"\nha1_md5 = \"hunter2\"\n\
                [[trunk]]\nname = \"t\"\nhost = \"h\"\npassword = \"hunter2\"\n[[trunk]]\nname = \"u\"\nhost = \"h\"\npassword = [\"hunter2\"]\n";
    let told = problems(text);
    assert_eq!(told.len(), 4, "{told:?}");
    assert!(!told.join(" ").contains("hunter2"));
    let config = parse("[[extension]]\nnumber = \"1001\"\npassword = \"hunter2\"\n").unwrap();
    assert!(!format!("{config:?}").contains("hunter2"));
}

fn parse(text: &str) -> Result<Config, Vec<warmline::config::Problem>> {
    Config::parse(text, "c.toml", |name| (name == "WARMLINE_1003").then(|| "from the environment".to_owned()))
}

fn problems(text: &str) -> Vec<String> {
    said(&parse(text).unwrap_err())
}

fn said(problems: &[warmline::config::Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
