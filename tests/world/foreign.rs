//! Other SIP hosts, called by URI: those that the configuration names, and nobody else.

use super::sim::{Setup, Span, World};
use warmline::{
    call::{Approach, Manner, PartyKind, Refused, Sound, Transfer, Verb},
    destination::Whom,
    exchange::{Originate, What},
    media::sdp::Codec,
    switch::{ForeignHost, ForeignSettings},
};

/// A world in which the hosts of the network 10.0.1.0/30 may be called: those of the first three phones.
fn world() -> World {
    let hosts = vec![ForeignHost::Network("10.0.1.0/30".parse().unwrap()), ForeignHost::Name("pbx.test".to_owned())];
    let own = vec!["10.0.0.1".parse().unwrap()];
    World::with(Setup { foreign: ForeignSettings { hosts, own }, ..Setup::default() })
}

fn to(uri: &str) -> Approach {
    Approach::new(Whom::Uri(uri.to_owned()))
}

#[test]
fn a_host_that_is_named_is_called_there_and_takes_a_caller_over() {
    let world = world();
    let [a, b] = ["1001", "1002"].map(|number| world.phone(number));
    let stranger = world.strange_phone("alice", &[Codec::Pcmu]);
    a.talks_to(&b);
    let wish = Transfer { leg: b.leg(), to: to("sip:alice@10.0.1.3"), manner: Manner::Warm, music: Sound::Music };
    let transfer = world.wish(Verb::Transfer(Box::new(wish))).unwrap().transfer.unwrap().id;
    world.run(1.s());
    assert!(stranger.rings());
    stranger.answers();
    world.run(1.s());
    assert!(b.hears(&stranger) && a.hears_music());
    let leg = stranger.leg();
    let view = world.views().into_iter().flat_map(|call| call.legs).find(|view| view.id == leg).unwrap();
    assert_eq!((view.party.kind, view.party.place.as_str()), (PartyKind::Host, "10.0.1.3"));
    world.wish(Verb::Complete { transfer }).unwrap();
    world.run(1.s());
    assert!(a.hears(&stranger) && stranger.hears(&a) && b.lines() == 0);
    world.ends();
}

#[test]
fn any_other_host_is_refused_with_the_rule_and_our_own_is_a_number() {
    let world = world();
    let [a, b] = ["1001", "1002"].map(|number| world.phone(number));
    let call = |uri: &str| {
        let wish = Originate { first: to(uri), second: None, waiting: Sound::Music };
        world.obey(What::Originate(Box::new(wish))).map(drop)
    };
    for uri in ["sip:1002@10.0.1.77", "sip:1002@elsewhere.test", "sip:1002@sub.pbx.test", "sip:1002@192.0.2.1:5080"] {
        assert_eq!(call(uri), Err(Refused::ForeignHost), "{uri}");
    }
    assert_eq!((Refused::ForeignHost.rule(), Refused::ForeignHost.http_status()), ("foreign-host", 422));
    assert_eq!(call("sip:x@pbx.test"), Err(Refused::NobodyRegistered), "its address is not known yet");
    for uri in ["sip:1002@office.test", "sip:1002@10.0.0.1", "sip:1002@OFFICE.test:5070", "tel:1002"] {
        call(uri).unwrap();
        world.run(1.s());
        assert!(b.rings(), "{uri}");
        b.hang_up_all();
        world.run(1.s());
    }
    assert_eq!(a.lines(), 0);
    world.ends();
}

#[test]
fn nobody_is_called_anywhere_unless_the_configuration_says_so() {
    let world = World::new();
    let _a = world.phone("1001");
    let wish = Originate { first: to("sip:1001@10.0.1.1"), second: None, waiting: Sound::Music };
    assert_eq!(world.obey(What::Originate(Box::new(wish))), Err(Refused::ForeignHost));
    world.ends();
}
