//! Who may register, who may call, and where numbers lead.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![allow(clippy::disallowed_methods, reason = "a starting point in time")]

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    time::{Duration, Instant},
};
use warmline::{
    destination::{Caller, Origin, Plan, Purpose, Refusal, Target},
    ids::{LegId, RequestId},
    media::{Dtmf, sdp::Codec, srtp::Srtp},
    sip::{
        Credentials, Incoming, OutOfDialog, Reply, Secret,
        wire::{
            Host, Message, Request,
            digest::{Algorithm, strongest},
        },
    },
    switch::{
        Admission, Binding, Changes, Difference, Event, ExtensionSettings, RouteFrom, RouteSettings, RouteTo, Security,
        Settings, Switchboard, TrunkSettings,
    },
};

const PHONE: &str = "192.0.2.11:5060";
const STRANGER: &str = "198.51.100.66:5060";
const CARRIER: &str = "203.0.113.5:5060";

// --- Registration ---

#[test]
fn a_phone_is_challenged_and_then_told_all_its_contacts() {
    let mut office = Office::new();
    let asked = office.register(PHONE, "1001", None, "Contact: <sip:1001@192.0.2.11>\r\nExpires: 600\r\n");
    assert_eq!((asked.status.0, values(&asked, "WWW-Authenticate").len()), (401, 2));
    let done = office.log_in(PHONE, "1001", "Contact: <sip:1001@192.0.2.11>\r\nExpires: 600\r\n");
    assert_eq!((done.status.0, values(&done, "Contact")), (200, vec!["<sip:1001@192.0.2.11>;expires=600".into()]));
    office.pass(100);
    let second = office.log_in("192.0.2.12:5060", "1001", "Contact: <sip:1001@192.0.2.12>;expires=300;q=0.5\r\n");
    let both = ["<sip:1001@192.0.2.11>;expires=500", "<sip:1001@192.0.2.12>;q=0.500;expires=300"];
    assert_eq!(values(&second, "Contact"), both);
    assert_eq!(office.events(), ["+1001 sip:1001@192.0.2.11", "+1001 sip:1001@192.0.2.12"]);
    let looked = office.log_in(PHONE, "1001", "");
    assert_eq!(values(&looked, "Contact").len(), 2, "without Contact it is a question");
}

#[test]
fn a_refresh_puts_the_end_off_and_adds_nothing() {
    let mut office = Office::new();
    office.log_in(PHONE, "1001", "Contact: <sip:1001@192.0.2.11>;expires=60\r\n");
    office.pass(59);
    office.log_in(PHONE, "1001", "Contact: <sip:1001@192.0.2.11>;expires=60\r\n");
    assert_eq!(office.board.next_deadline(), Some(office.now + Duration::from_secs(60)));
    office.pass(59);
    assert_eq!(office.board.bindings().len(), 1);
    office.events();
    office.pass(1);
    assert_eq!(
        (office.board.bindings().len(), office.events()),
        (0, vec!["-1001 sip:1001@192.0.2.11 expired".to_owned()])
    );
    assert_eq!(office.board.next_deadline(), None);
}

#[test]
fn times_are_kept_within_the_limits() {
    let mut office = Office::new();
    let brief = office.log_in(PHONE, "1001", "Contact: <sip:1001@192.0.2.11>;expires=59\r\n");
    assert_eq!((brief.status.0, values(&brief, "Min-Expires")), (423, vec!["60".into()]));
    for (said, granted) in [("", 3600), (";expires=999999999999", 3600), (";expires=60", 60)] {
        let done = office.log_in(PHONE, "1001", &format!("Contact: <sip:1001@192.0.2.11>{said}\r\n"));
        assert_eq!(values(&done, "Contact"), [format!("<sip:1001@192.0.2.11>;expires={granted}")]);
    }
}

#[test]
fn one_contact_is_taken_back_or_all() {
    let mut office = Office::new();
    office.log_in(PHONE, "1001", "Contact: <sip:a@192.0.2.11>, <sip:b@192.0.2.11>, <sip:c@192.0.2.11>\r\n");
    let done = office.log_in(PHONE, "1001", "Contact: <sip:b@192.0.2.11>;expires=0\r\n");
    assert_eq!(values(&done, "Contact").len(), 2);
    for bad in ["Contact: *\r\n", "Contact: *\r\nExpires: 60\r\n", "Contact: *, <sip:a@192.0.2.11>\r\nExpires: 0\r\n"] {
        assert_eq!(office.log_in(PHONE, "1001", bad).status.0, 400, "{bad}");
    }
    assert_eq!(office.board.bindings().len(), 2);
    let done = office.log_in(PHONE, "1001", "Contact: *\r\nExpires: 0\r\n");
    assert_eq!((done.status.0, values(&done, "Contact").len()), (200, 0));
}

#[test]
fn one_phone_too_many_is_refused_and_nothing_changes() {
    let mut office = Office::new();
    for n in 1..=3 {
        assert_eq!(office.log_in(PHONE, "1001", &format!("Contact: <sip:{n}@192.0.2.11>\r\n")).status.0, 200);
    }
    assert_eq!(office.log_in(PHONE, "1001", "Contact: <sip:4@192.0.2.11>\r\n").status.0, 403);
    assert_eq!(
        office.log_in(PHONE, "1001", "Contact: <sip:1@192.0.2.11>;expires=0, <sip:4@192.0.2.11>\r\n").status.0,
        200
    );
    let users: Vec<_> = office.board.bindings().into_iter().filter_map(|binding| binding.contact.user).collect();
    assert_eq!(users, ["2", "3", "4"]);
}

#[test]
fn an_update_is_done_whole_or_not_at_all() {
    let mut office = Office::new();
    let mixed = "Contact: <sip:a@192.0.2.11>;expires=600, <sip:b@192.0.2.11>;expires=1\r\n";
    assert_eq!(office.log_in(PHONE, "1001", mixed).status.0, 423);
    assert_eq!((office.board.bindings().len(), office.events().len()), (0, 0));
}

#[test]
fn an_older_request_of_the_same_phone_changes_nothing() {
    let mut office = Office::new();
    office.log_in(PHONE, "1001", "Contact: <sip:a@192.0.2.11>;expires=600\r\n");
    office.cseq = 0;
    let late = office.log_in(PHONE, "1001", "Contact: <sip:a@192.0.2.11>;expires=0\r\n");
    assert_eq!((late.status.0, office.board.bindings().len()), (500, 1));
    office.call_id = "after-reboot";
    assert_eq!(office.log_in(PHONE, "1001", "Contact: <sip:a@192.0.2.11>;expires=0\r\n").status.0, 200);
    assert_eq!(office.board.bindings().len(), 0);
}

#[test]
fn the_same_phone_at_another_address_takes_its_own_place() {
    let mut office = Office::new();
    let instance = ";+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000A95A0E128>\"";
    for port in 5060..5070 {
        let done = office.log_in(PHONE, "1001", &format!("Contact: <sip:1001@192.0.2.11:{port}>{instance}\r\n"));
        assert_eq!((done.status.0, values(&done, "Contact").len()), (200, 1));
    }
}

#[test]
fn nobody_registers_for_somebody_else() {
    let mut office = Office::new();
    let other = office.signed_register(PHONE, "1001", "1002", "Contact: <sip:x@192.0.2.11>\r\n", "pw1001");
    assert_eq!((other.status.0, office.board.bindings().len()), (403, 0));
}

#[test]
fn an_unknown_user_and_a_wrong_password_look_the_same() {
    let mut office = Office::new();
    let contact = "Contact: <sip:x@192.0.2.11>\r\n";
    let blind = |reply: Reply| {
        let without_nonce = |(name, value): (String, String)| {
            let (before, rest) = value.split_once("nonce=\"").unwrap();
            format!("{name}: {before}{}", rest.split_once('"').unwrap().1)
        };
        (reply.status, reply.headers.into_iter().map(without_nonce).collect::<Vec<_>>())
    };
    let wrong = blind(office.signed_register(STRANGER, "1001", "1001", contact, "guess"));
    assert_eq!(blind(office.signed_register(STRANGER, "9999", "9999", contact, "guess")), wrong);
    assert_eq!(blind(office.register(STRANGER, "9999", None, contact)), wrong);
}

#[test]
fn failed_logins_ban_an_address_but_first_requests_do_not() {
    let mut office = Office::new();
    for _ in 0..100 {
        office.register(STRANGER, "1001", None, "");
    }
    assert!(office.may_enter(STRANGER));
    for _ in 0..3 {
        office.signed_register(STRANGER, "1001", "1001", "", "guess");
    }
    assert_eq!(office.events(), ["banned 198.51.100.66 for 300 s"]);
    assert!(!office.may_enter(STRANGER) && office.may_enter(PHONE));
    office.pass(300);
    assert!(office.may_enter(STRANGER));
}

#[test]
fn trunks_and_registered_phones_always_may_enter() {
    let mut office = Office::new();
    office.log_in(PHONE, "1001", "Contact: <sip:1001@192.0.2.11>\r\n");
    for _ in 0..1000 {
        assert!(office.may_enter(PHONE) && office.may_enter(CARRIER));
    }
    assert_eq!((0..1000).filter(|_| office.may_enter(STRANGER)).count(), 400);
    for _ in 0..20 {
        office.signed_register(CARRIER, "1001", "1001", "", "guess");
    }
    assert!(office.may_enter(CARRIER));
}

#[test]
fn registrations_survive_a_restart_unless_they_ran_out_or_lost_their_extension() {
    let mut office = Office::new();
    office.log_in(PHONE, "1001", "Contact: <sip:a@192.0.2.11>;expires=600, <sip:b@192.0.2.11>;expires=60\r\n");
    let mut kept = office.board.bindings();
    kept.push(Binding { extension: "9999".into(), ..kept[0].clone() });
    let mut again = Office::new();
    again.now = office.now + Duration::from_secs(60);
    again.board.restore(kept, again.now);
    let alive: Vec<_> = again.board.bindings().into_iter().filter_map(|binding| binding.contact.user).collect();
    assert_eq!((alive, again.events().len()), (vec!["a".to_owned()], 0));
    assert_eq!(again.board.next_deadline(), Some(again.now + Duration::from_secs(540)));
}

#[test]
fn a_path_is_kept_and_used_and_told_to_who_knows_of_it() {
    let mut office = Office::new();
    let path = "Contact: <sip:1001@10.0.0.9>\r\nPath: <sip:edge2.example;lr>, <sip:edge1.example;lr>\r\n";
    let done = office.log_in(PHONE, "1001", &format!("{path}Supported: path\r\n"));
    assert_eq!(values(&done, "Path"), ["<sip:edge2.example;lr>, <sip:edge1.example;lr>"]);
    let done = office.log_in(PHONE, "1002", path);
    assert!(values(&done, "Path").is_empty());
    for extension in ["1001", "1002"] {
        let target = &office.ring(extension)[0][0];
        let route: Vec<_> = target.route.iter().map(ToString::to_string).collect();
        assert_eq!(
            (route, target.hop),
            (vec!["sip:edge2.example;lr".into(), "sip:edge1.example;lr".into()], addr(PHONE))
        );
    }
}

#[test]
fn rubbish_in_a_register_is_refused_and_harmless() {
    let mut office = Office::new();
    for bad in ["Contact: <http://192.0.2.11>\r\n", "Contact: <tel:1001>\r\n", "Contact: <<\r\n"] {
        assert_eq!(office.log_in(PHONE, "1001", bad).status.0, 400, "{bad}");
    }
    let many = format!("Contact: {}\r\n", vec!["<sip:a@192.0.2.11>;expires=0"; 40].join(","));
    assert_eq!(office.log_in(PHONE, "1001", &many).status.0, 403);
    assert_eq!(office.log_in(PHONE, "1001", "Contact: <sip:a@192.0.2.11>\r\nExpires: soon\r\n").status.0, 200);
}

// --- Who calls ---

#[test]
fn a_stranger_is_challenged_and_a_phone_that_proves_itself_is_its_extension() {
    let mut office = Office::new();
    let Admission::Rejected(challenge) = office.invite(STRANGER, "1001", "1002", "") else { panic!("admitted") };
    assert_eq!((challenge.status.0, challenge.headers.len()), (401, 2));
    let (origin, _) = office.call(STRANGER, "1001", "1002");
    assert_eq!(origin.caller, Caller::Extension("1001".into()));
    assert_eq!(origin.identity.to_string(), "\"Reception\" <sip:1001@office.example>");
    assert!(origin.features.codes && origin.features.refer);
}

#[test]
fn a_phone_that_cannot_read_the_challenge_is_offered_md5_alone_when_it_comes_again() {
    let mut office = Office::new();
    let offers = |reply: &Reply| values(reply, "WWW-Authenticate").len();
    let first = office.register(STRANGER, "1001", None, "");
    let second = office.register(STRANGER, "1001", None, "");
    assert_eq!((offers(&first), offers(&second)), (2, 1));
    assert!(values(&second, "WWW-Authenticate")[0].contains("algorithm=MD5"));
    assert_eq!(office.log_in(STRANGER, "1001", "Contact: <sip:1001@198.51.100.1>\r\n").status.0, 200);
}

#[test]
fn a_wrong_password_is_challenged_again_and_a_false_name_is_refused() {
    let mut office = Office::new();
    assert_eq!(rejected(office.signed_invite(STRANGER, "1001", "1002", "1001", "guess", "")), 401);
    assert_eq!(rejected(office.signed_invite(STRANGER, "1002", "1003", "1001", "pw1001", "")), 403);
}

#[test]
fn credentials_for_one_number_are_no_good_for_another() {
    let mut office = Office::new();
    let first = office.authorize("INVITE", "1002", "1001", "pw1001", STRANGER);
    assert_eq!(rejected(office.invite(STRANGER, "1001", "0900123", &first)), 401);
}

#[test]
fn a_trunk_is_known_by_its_address_and_the_narrowest_network_counts() {
    let mut office = Office::new();
    for (source, trunk) in [(CARRIER, "carrier"), ("203.0.113.99:5060", "wide"), ("203.0.113.20:9999", "branch")] {
        let Admission::Accepted { origin, .. } = office.invite(source, "+4930", "1001", "") else { panic!("{source}") };
        assert_eq!(origin.caller, Caller::Trunk(trunk.into()));
    }
}

#[test]
fn on_one_address_phones_and_trunk_are_told_apart() {
    let mut office = Office::new();
    office.log_in("127.0.0.1:6001", "1001", "Contact: <sip:1001@127.0.0.1:6001>\r\n");
    let Admission::Accepted { origin, .. } = office.invite("127.0.0.1:6001", "1001", "1002", "") else {
        panic!("asked")
    };
    assert_eq!(origin.caller, Caller::Extension("1001".into()), "a phone at the address from where it registered");
    let Admission::Accepted { origin, .. } = office.invite("127.0.0.1:6001", "1002", "1003", "") else {
        panic!("asked")
    };
    assert_eq!(origin.caller, Caller::Trunk("loop".into()), "not the one that registered there");
    assert_eq!(office.call("127.0.0.1:6002", "1001", "1002").0.caller, Caller::Extension("1001".into()));
    for trunk in ["127.0.0.1:5090", "127.0.0.1:6002"] {
        let Admission::Accepted { origin, .. } = office.invite(trunk, "1001", "1002", "") else { panic!("{trunk}") };
        assert_eq!(origin.caller, Caller::Trunk("loop".into()));
    }
}

#[test]
fn a_trunk_says_who_calls_and_its_assertion_counts_more_than_from() {
    let mut office = Office::new();
    for (headers, identity, privacy) in [
        ("", "<sip:+4930@office.example>", None),
        ("P-Asserted-Identity: \"ACME\" <sip:+4940@carrier.example>\r\n", "\"ACME\" <sip:+4940@office.example>", None),
        ("P-Asserted-Identity: <tel:+49-40-1>\r\nPrivacy: id\r\n", "<sip:+49401@office.example>", Some("id")),
    ] {
        let Admission::Accepted { origin, .. } = office.invite(CARRIER, "+4930", "1001", headers) else {
            panic!("{headers}")
        };
        assert_eq!((origin.identity.to_string().as_str(), origin.privacy.as_deref()), (identity, privacy));
        assert!(!origin.features.codes);
    }
    let Admission::Accepted { origin, .. } = office.invite(CARRIER, "anonymous", "1001", "") else { panic!("refused") };
    assert_eq!(origin.privacy.as_deref(), Some("id"));
    assert_eq!(origin.identity.uri.to_string(), "sip:anonymous@anonymous.invalid");
}

#[test]
fn a_phone_that_hides_its_name_is_still_known_to_us() {
    let mut office = Office::new();
    let admission = office.signed_invite(STRANGER, "anonymous", "1002", "1001", "pw1001", "");
    let Admission::Accepted { origin, .. } = admission else { panic!("refused") };
    assert_eq!((origin.caller, origin.privacy.as_deref()), (Caller::Extension("1001".into()), Some("id")));
    assert_eq!(origin.identity.uri.user.as_deref(), Some("1001"));
}

// --- Where numbers lead ---

#[test]
fn extensions_reach_each_other_without_a_route() {
    let mut office = Office::new();
    assert_eq!(office.call(PHONE, "1001", "1002").1, Err(Refusal::Offline));
    office.log_in("192.0.2.12:5062", "1002", "Contact: <sip:1002@10.0.0.9:5060>\r\n");
    let target = office.ring("1002").remove(0).remove(0);
    assert_eq!((target.callee, target.hop), (Caller::Extension("1002".into()), addr("192.0.2.12:5062")));
    assert_eq!((target.uri.to_string().as_str(), target.trusted), ("sip:1002@10.0.0.9:5060", false));
    assert_eq!(target.to.to_string(), "<sip:1002@office.example>");
    assert_eq!(office.call(PHONE, "1001", "4711").1, Err(Refusal::Unknown));
}

#[test]
fn a_phone_without_nat_is_called_at_the_port_of_its_contact() {
    let mut office = Office::new();
    office.log_in("192.0.2.12:40000", "1002", "Contact: <sip:1002@192.0.2.12:5070>, <sip:b@192.0.2.12>\r\n");
    let hops: Vec<_> = office.ring("1002").concat().into_iter().map(|target| target.hop).collect();
    assert_eq!(hops, [addr("192.0.2.12:5070"), addr("192.0.2.12:5060")]);
}

#[test]
fn phones_with_a_higher_q_ring_first_and_equals_together() {
    let mut office = Office::new();
    let contacts = "Contact: <sip:low@192.0.2.11>;q=0.1, <sip:high@192.0.2.11>, <sip:low2@192.0.2.11>;q=0.1\r\n";
    office.log_in(PHONE, "1001", contacts);
    let users: Vec<Vec<_>> = office
        .ring("1001")
        .into_iter()
        .map(|step| step.into_iter().filter_map(|target| target.uri.user).collect())
        .collect();
    assert_eq!(users, [vec!["high"], vec!["low", "low2"]]);
}

#[test]
fn a_route_leads_over_a_trunk_with_its_number_and_its_caller_id() {
    let mut office = Office::new();
    let (_, plan) = office.call(PHONE, "1001", "0201234567");
    let Ok(Plan::Ring(steps)) = plan else { panic!("{plan:?}") };
    let target = &steps[0][0];
    assert_eq!(target.uri.to_string(), "sip:+31201234567@203.0.113.5");
    assert_eq!((target.hop, target.trusted, &target.codecs[..]), (addr(CARRIER), true, &[Codec::Pcma][..]));
    assert_eq!(target.caller_id.as_ref().unwrap().to_string(), "<sip:+31207654321@office.example>");
    assert_eq!(target.credentials.as_ref().unwrap().user, "office");
}

#[test]
fn calls_from_outside_follow_only_routes_that_are_for_them_and_reach_extensions() {
    let mut office = Office::new();
    office.log_in(PHONE, "1001", "Contact: <sip:1001@192.0.2.11>\r\n");
    let mut from_carrier = |number| match office.invite(CARRIER, "+4930", number, "") {
        Admission::Accepted { plan, .. } => plan.map(|plan| matches!(plan, Plan::Ring(_))),
        Admission::Rejected(rejection) => panic!("{rejection:?}"),
    };
    assert_eq!(from_carrier("+31207654321"), Ok(true));
    assert_eq!(from_carrier("1001"), Ok(true));
    assert_eq!(from_carrier("0201234567"), Err(Refusal::Unknown), "that route is for extensions");
}

#[test]
fn rooms_music_and_echo_are_reached_by_number() {
    let mut office = Office::new();
    for (number, plan) in [
        ("7042", Ok(Plan::Conference("7042".into()))),
        ("6000", Ok(Plan::Music)),
        ("6001", Ok(Plan::Echo)),
        ("6002", Err(Refusal::Unknown)),
    ] {
        assert_eq!(office.call(PHONE, "1001", number).1, plan);
    }
}

#[test]
fn several_destinations_are_tried_in_turn_and_a_full_trunk_is_left_out() {
    let mut office = Office::new();
    let mut callees = || match office.board.route(&phone(), &uri("sip:8000@x"), Purpose::Transfer, office.now) {
        Ok(Plan::Ring(steps)) => Ok(steps.concat().into_iter().map(|target| target.callee).collect::<Vec<_>>()),
        Ok(other) => panic!("{other:?}"),
        Err(refusal) => Err(refusal),
    };
    let (carrier, branch) = (Caller::Trunk("carrier".into()), Caller::Trunk("branch".into()));
    assert_eq!(callees(), Ok(vec![branch.clone(), carrier.clone()]));
    assert!(office.board.take_line("branch") && !office.board.take_line("branch"));
    let mut callees = || match office.board.route(&phone(), &uri("sip:8000@x"), Purpose::Transfer, office.now) {
        Ok(Plan::Ring(steps)) => Ok(steps.concat().into_iter().map(|target| target.callee).collect::<Vec<_>>()),
        Ok(other) => panic!("{other:?}"),
        Err(refusal) => Err(refusal),
    };
    assert_eq!(callees(), Ok(vec![carrier]));
    assert!(office.board.take_line("carrier") && office.board.take_line("carrier"));
    assert_eq!(office.board.route(&phone(), &uri("sip:8000@x"), Purpose::Transfer, office.now), Err(Refusal::Full));
    office.board.free_line("branch");
    assert!(office.board.route(&phone(), &uri("sip:8000@x"), Purpose::Transfer, office.now).is_ok());
    assert!(!office.board.take_line("nowhere"));
}

#[test]
fn a_route_that_wants_recordings_says_so_of_who_calls_and_of_whom_others_have_called() {
    let mut office = Office::new();
    for (number, recorded) in [("9123", true), ("8000", false), ("1001", false)] {
        let Admission::Accepted { origin, .. } = office.invite(CARRIER, "+4930", number, "") else { panic!("refused") };
        assert_eq!(origin.features.record, recorded, "{number}");
        let target = uri(&format!("sip:{number}@x"));
        if let Ok(Plan::Ring(steps)) = office.board.route(&phone(), &target, Purpose::Transfer, office.now) {
            assert!(steps.concat().iter().all(|target| target.features.record == recorded), "{number}");
        }
    }
}

#[test]
fn a_trunk_with_a_name_for_a_host_is_reached_when_the_name_is_found() {
    let mut office = Office::new();
    let named = |office: &mut Office| office.board.route(&phone(), &uri("sip:5550@x"), Purpose::Transfer, office.now);
    assert_eq!(named(&mut office), Err(Refusal::Offline));
    office.board.resolved("named", &[addr("203.0.113.80:5062")]);
    let Ok(Plan::Ring(steps)) = named(&mut office) else { panic!("no plan") };
    assert_eq!(
        (steps[0][0].hop, steps[0][0].uri.to_string()),
        (addr("203.0.113.80:5062"), "sip:5550@sip.carrier.example".into())
    );
    let Admission::Accepted { origin, .. } = office.invite("203.0.113.80:5062", "1", "1001", "") else {
        panic!("refused")
    };
    assert_eq!(origin.caller, Caller::Trunk("named".into()));
}

#[test]
fn a_transfer_has_the_rights_of_who_asks_and_recall_those_of_the_house() {
    let mut office = Office::new();
    office.log_in(PHONE, "1001", "Contact: <sip:1001@192.0.2.11>\r\n");
    let Admission::Accepted { origin, .. } = office.invite(CARRIER, "+4930", "1001", "") else { panic!("refused") };
    let outside = uri("sip:0201234567@office.example");
    assert_eq!(office.board.route(&origin, &outside, Purpose::Transfer, office.now), Err(Refusal::Unknown));
    assert!(office.board.route(&phone(), &outside, Purpose::Transfer, office.now).is_ok());
    assert!(office.board.route(&origin, &outside, Purpose::Fallback, office.now).is_ok());
    assert!(office.board.route(&origin, &uri("sip:1001@x"), Purpose::Recall, office.now).is_ok());
}

#[test]
fn uris_that_lead_nowhere_say_why() {
    let mut office = Office::new();
    for (target, refusal) in [
        ("sip:office.example", Refusal::NoNumber),
        ("http://office.example", Refusal::Scheme),
        ("sip:4711@office.example", Refusal::Unknown),
    ] {
        assert_eq!(office.board.route(&phone(), &uri(target), Purpose::Transfer, office.now), Err(refusal));
    }
    assert!(office.board.route(&phone(), &uri("tel:020-123-4567"), Purpose::Transfer, office.now).is_ok());
    assert!(office.board.route(&phone(), &uri("sip:6000@elsewhere.example"), Purpose::Transfer, office.now).is_ok());
}

// --- New settings ---

#[test]
fn registrations_stay_with_their_extension_unless_it_goes_or_gets_another_password() {
    let mut office = Office::new();
    for number in ["1001", "1002", "1003"] {
        office.log_in(PHONE, number, &format!("Contact: <sip:{number}@192.0.2.11>;expires=600\r\n"));
    }
    office.events();
    let mut settings = Office::settings();
    let reception = settings.extensions.remove(0);
    settings.extensions.push(ExtensionSettings { name: Some("Desk".into()), ..reception });
    settings.extensions[0].secret = Secret::Password("another".into());
    settings.extensions.remove(1);
    settings.extensions.push(ExtensionSettings { number: "1004".into(), ..settings.extensions[0].clone() });
    let changes = office.board.reload(settings, &HashMap::new());

    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let expected = Difference { added: names(&["1004"]), removed: names(&["1003"]), changed: names(&["1002", "1001"]) };
    assert_eq!((changes.extensions, changes.registrations_dropped), (expected, 2));
    assert_eq!(office.events(), ["-1002 sip:1002@192.0.2.11", "-1003 sip:1003@192.0.2.11"]);
    assert_eq!(office.ring("1001")[0][0].to.display.as_deref(), Some("Desk"));
    let (_, gone) = office.call(PHONE, "1001", "1003");
    assert_eq!(gone, Err(Refusal::Unknown));
    office.pass(600);
    assert_eq!(office.events(), ["-1001 sip:1001@192.0.2.11 expired"], "it runs out when it would have");
    assert_eq!(office.board.next_deadline(), None);
}

#[test]
fn the_same_settings_again_change_nothing() {
    let mut office = Office::new();
    office.log_in(PHONE, "1001", "Contact: <sip:1001@192.0.2.11>\r\n");
    office.events();
    assert_eq!(office.board.reload(Office::settings(), &HashMap::new()), Changes::default());
    assert_eq!((office.board.bindings().len(), office.events().len()), (1, 0));
}

#[test]
fn a_trunk_keeps_its_lines_and_its_address_while_its_host_is_the_same() {
    let mut office = Office::new();
    office.board.resolved("named", &[addr("203.0.113.80:5062")]);
    assert!(office.board.take_line("branch"));
    let mut settings = Office::settings();
    settings.trunks.retain(|trunk| trunk.name != "wide");
    settings.trunks.reverse();
    settings.routes.retain(|route| !route.pattern.fits("6000"));
    let lines = HashMap::from([("branch".to_owned(), 1)]);
    let changes = office.board.reload(settings.clone(), &lines);
    assert_eq!((changes.trunks.removed, changes.routes), (vec!["wide".to_owned()], true));
    assert_eq!(office.ring("5550")[0][0].hop, addr("203.0.113.80:5062"));
    assert!(!office.board.take_line("branch"), "its only line is still in use");
    office.board.free_line("branch");
    assert!(office.board.take_line("branch"));
    let music = office.board.route(&phone(), &uri("sip:6000@x"), Purpose::Transfer, office.now);
    assert_eq!(music, Err(Refusal::Unknown));

    settings.trunks[0].port = Some(5070);
    office.board.reload(settings, &HashMap::new());
    let named = office.board.route(&phone(), &uri("sip:5550@x"), Purpose::Transfer, office.now);
    assert_eq!(named, Err(Refusal::Offline), "where it is now nobody knows yet");
}

#[test]
fn rules_for_strangers_change_at_once() {
    let mut office = Office::new();
    for _ in 0..3 {
        office.signed_register(STRANGER, "1001", "1001", "", "guess");
    }
    assert!(!office.may_enter(STRANGER));
    let mut settings = Office::settings();
    settings.security =
        Security { digest: vec![Algorithm::Md5], login_failures: 0, ban: Duration::ZERO, requests_per_second: 0 };
    (settings.min_expires, settings.max_expires) = (Duration::from_secs(10), Duration::from_secs(20));
    office.board.reload(settings, &HashMap::new());
    assert!(office.may_enter(STRANGER));
    let asked = office.register(PHONE, "1001", None, "");
    assert_eq!(values(&asked, "WWW-Authenticate").len(), 1);
    let done = office.log_in(PHONE, "1001", "Contact: <sip:1001@192.0.2.11>\r\n");
    assert_eq!(values(&done, "Contact"), ["<sip:1001@192.0.2.11>;expires=20"]);
}

// --- An office with phones, carriers and rooms ---

struct Office {
    board: Switchboard,
    now: Instant,
    cseq: u32,
    call_id: &'static str,
}

impl Office {
    fn new() -> Self {
        let now = Instant::now();
        Self { board: Switchboard::new(Self::settings(), [3; 32], now), now, cseq: 0, call_id: "call" }
    }

    fn settings() -> Settings {
        let extension = |number: &str, name: Option<&str>| ExtensionSettings {
            number: number.into(),
            name: name.map(Into::into),
            secret: Secret::Password(format!("pw{number}")),
            max_contacts: 3,
            codecs: Vec::new(),
            srtp: Srtp::Off,
            dtmf: Dtmf::Rfc4733,
        };
        let trunk = |name: &str, host: &str, port, accept_from: &[&str]| TrunkSettings {
            name: name.into(),
            host: Host::parse(host).unwrap(),
            port,
            accept_from: accept_from.iter().map(|network| network.parse().unwrap()).collect(),
            credentials: None,
            caller_id: None,
            channels: None,
            codecs: Vec::new(),
            late_offer: false,
            refer: true,
            srtp: Srtp::Off,
            dtmf: Dtmf::Rfc4733,
        };
        let route = |from, pattern: &str, to: Vec<RouteTo>| RouteSettings {
            from,
            pattern: pattern.parse().unwrap(),
            strip: 0,
            prepend: String::new(),
            to,
            record: false,
        };
        let over = |name: &str| RouteTo::Trunk(name.into());
        let carrier = TrunkSettings {
            credentials: Some(Credentials { user: "office".into(), secret: Secret::Password("secret".into()) }),
            caller_id: Some("+31207654321".into()),
            channels: Some(2),
            codecs: vec![Codec::Pcma],
            ..trunk("carrier", "203.0.113.5", None, &["203.0.113.5", "203.0.113.6"])
        };
        Settings {
            domain: "office.example".into(),
            min_expires: Duration::from_secs(60),
            max_expires: Duration::from_secs(3600),
            nonce_lifetime: Duration::from_secs(300),
            security: Security {
                digest: vec![Algorithm::Sha256, Algorithm::Md5],
                login_failures: 3,
                ban: Duration::from_secs(300),
                requests_per_second: 200,
            },
            extensions: vec![extension("1001", Some("Reception")), extension("1002", None), extension("1003", None)],
            trunks: vec![
                trunk("loop", "127.0.0.1", Some(5090), &["127.0.0.1"]),
                trunk("wide", "203.0.113.200", None, &["203.0.113.0/24"]),
                carrier,
                TrunkSettings { channels: Some(1), ..trunk("branch", "203.0.113.20", None, &["203.0.113.16/28"]) },
                trunk("named", "sip.carrier.example", None, &[]),
            ],
            queues: Vec::new(),
            foreign: Default::default(),
            routes: vec![
                route(
                    Some(RouteFrom::Trunk("carrier".into())),
                    "+31207654321",
                    vec![RouteTo::Extension("1001".into())],
                ),
                RouteSettings {
                    strip: 1,
                    prepend: "+31".into(),
                    ..route(Some(RouteFrom::Extensions), "0X.", vec![over("carrier")])
                },
                route(None, "2XXX", vec![over("carrier")]),
                route(None, "70XX", vec![RouteTo::Conference("{number}".into())]),
                route(None, "6000", vec![RouteTo::Music]),
                route(None, "6001", vec![RouteTo::Echo]),
                route(None, "6002", vec![RouteTo::Dialect("twilio".into())]),
                route(None, "8XXX", vec![over("branch"), over("carrier")]),
                route(None, "5550", vec![over("named")]),
                RouteSettings { record: true, ..route(None, "9XXX", vec![over("carrier")]) },
            ],
        }
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.board.wake(self.now);
    }

    fn may_enter(&mut self, source: &str) -> bool {
        let ip: IpAddr = addr(source).ip();
        self.board.may_enter(ip, self.now)
    }

    fn register(&mut self, source: &str, to: &str, authorization: Option<&str>, headers: &str) -> Reply {
        self.cseq += 1;
        let message =
            request("REGISTER", "sip:office.example", to, to, self.call_id, self.cseq, authorization, headers);
        self.board.register(&OutOfDialog { request: RequestId(1), source: addr(source), message }, self.now)
    }

    /// REGISTER with the right password.
    fn log_in(&mut self, source: &str, user: &str, headers: &str) -> Reply {
        self.signed_register(source, user, user, headers, &format!("pw{user}"))
    }

    fn signed_register(&mut self, source: &str, user: &str, to: &str, headers: &str, password: &str) -> Reply {
        let challenge = self.register(source, to, None, "").headers;
        let authorization = signed(challenge, "REGISTER", "sip:office.example", user, password);
        self.register(source, to, Some(&authorization), headers)
    }

    fn invite(&mut self, source: &str, from: &str, number: &str, headers: &str) -> Admission {
        let uri = format!("sip:{number}@office.example");
        let request = request("INVITE", &uri, from, number, "invite", 1, None, headers);
        let incoming = Incoming {
            leg: LegId(1),
            source: addr(source),
            from: request.headers.from().unwrap(),
            asserted: request.headers.p_asserted_identity().unwrap().into_iter().next(),
            privacy: request.headers.get("Privacy").map(str::to_owned),
            referred_by: None,
            replaces: None,
            body: None,
            max_forwards: 70,
            request,
        };
        self.board.admit(&incoming, self.now)
    }

    /// An Authorization header line for a call to `number`.
    fn authorize(&mut self, method: &str, number: &str, user: &str, password: &str, source: &str) -> String {
        let challenge = self.register(source, user, None, "").headers;
        format!(
            "Authorization: {}\r\n",
            signed(challenge, method, &format!("sip:{number}@office.example"), user, password)
        )
    }

    fn signed_invite(
        &mut self,
        source: &str,
        from: &str,
        number: &str,
        user: &str,
        password: &str,
        headers: &str,
    ) -> Admission {
        let authorization = self.authorize("INVITE", number, user, password, source);
        self.invite(source, from, number, &format!("{authorization}{headers}"))
    }

    /// A call of an extension with the right password.
    fn call(&mut self, source: &str, user: &str, number: &str) -> (Origin, Result<Plan, Refusal>) {
        match self.signed_invite(source, user, number, user, &format!("pw{user}"), "") {
            Admission::Accepted { origin, plan } => (*origin, plan),
            Admission::Rejected(rejection) => panic!("{rejection:?}"),
        }
    }

    /// Who rings when an extension is called by another.
    fn ring(&mut self, number: &str) -> Vec<Vec<Target>> {
        match self.board.route(&phone(), &uri(&format!("sip:{number}@x")), Purpose::Transfer, self.now) {
            Ok(Plan::Ring(steps)) => steps,
            other => panic!("{other:?}"),
        }
    }

    fn events(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.board.next_event())
            .map(|event| match event {
                Event::Registered(binding) => format!("+{} {}", binding.extension, binding.contact),
                Event::Unregistered { extension, contact, expired } => {
                    format!("-{extension} {contact}{}", if expired { " expired" } else { "" })
                }
                Event::AgentPaused { extension, paused } => format!("{extension} paused: {paused}"),
                Event::Banned { address, seconds } => format!("banned {address} for {seconds} s"),
            })
            .collect()
    }
}

/// Extension 1001, wherever it is.
fn phone() -> Origin {
    let identity = "<sip:1001@office.example>".parse().unwrap();
    Origin {
        caller: Caller::Extension("1001".into()),
        features: Default::default(),
        identity,
        privacy: None,
        codecs: Vec::new(),
    }
}

#[allow(clippy::too_many_arguments, reason = "all of them are parts of the text")]
fn request(
    method: &str,
    uri: &str,
    from: &str,
    to: &str,
    call_id: &str,
    cseq: u32,
    authorization: Option<&str>,
    headers: &str,
) -> Request {
    let authorization = authorization.map_or(String::new(), |value| format!("Authorization: {value}\r\n"));
    let text = format!(
        "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.11;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n\
         From: <sip:{from}@office.example>;tag=1\r\nTo: <sip:{to}@office.example>\r\nCall-ID: {call_id}\r\n\
         CSeq: {cseq} {method}\r\n{authorization}{headers}Content-Length: 0\r\n\r\n"
    );
    match Message::parse(text.as_bytes()) {
        Ok(Message::Request(request)) => request,
        other => panic!("{other:?}"),
    }
}

/// The value of Authorization that answers the strongest of the challenges.
fn signed(challenge: Vec<(String, String)>, method: &str, uri: &str, user: &str, password: &str) -> String {
    let mut headers = warmline::sip::wire::Headers::default();
    for (name, value) in challenge {
        headers.push(&name, value);
    }
    let credentials = Credentials { user: user.into(), secret: Secret::Password(password.into()) };
    let challenges = headers.www_authenticate();
    let method = warmline::sip::wire::Method::parse(method).unwrap();
    let chosen = strongest(&challenges, &credentials.secret).expect("a challenge");
    chosen.answer(&credentials, &method, uri, "0a4f113b", 1).unwrap().to_string()
}

fn rejected(admission: Admission) -> u16 {
    match admission {
        Admission::Rejected(rejection) => rejection.status.0,
        Admission::Accepted { origin, .. } => panic!("admitted as {:?}", origin.caller),
    }
}

fn values(reply: &Reply, name: &str) -> Vec<String> {
    reply.headers.iter().filter(|(known, _)| known == name).map(|(_, value)| value.clone()).collect()
}

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn uri(text: &str) -> warmline::sip::wire::Uri {
    text.parse().unwrap()
}
