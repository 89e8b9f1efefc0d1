//! SRTP among phones that need it, prefer it, or have never heard of it.

use super::sim::{Handle, Span, World};
use warmline::{media::srtp::Srtp, phone::HoldStyle, sip::OfferMethod};

/// Preferred, required, and off, as the switch sees it.
const PREFERS: &str = "1201";
const NEEDS: &str = "1221";
const PLAIN: &str = "1001";

fn is_secret(phone: &Handle) -> bool {
    phone.session().keys.is_some()
}

fn is_shown_as_secret(world: &World, phone: &Handle) -> bool {
    let (leg, views) = (phone.leg(), world.views());
    let view = views.iter().flat_map(|call| &call.legs).find(|view| view.id == leg).unwrap();
    view.srtp.as_deref() == Some("AES_CM_128_HMAC_SHA1_80")
}

#[test]
fn each_leg_is_as_secret_as_both_its_ends_want() {
    use Srtp::{Off, Preferred, Required};
    // Who calls, what its phone wants, whom, what that wants; whether they talk, and which leg is secret.
    let table = [
        (PLAIN, Off, NEEDS, Required, true, (false, true)),
        (NEEDS, Required, PLAIN, Off, true, (true, false)),
        (NEEDS, Required, "1222", Preferred, true, (true, true)),
        (NEEDS, Preferred, PREFERS, Required, true, (true, true)),
        (PREFERS, Off, "1202", Off, true, (false, false)),
        (PREFERS, Off, "1202", Preferred, true, (false, true)),
        (PREFERS, Required, "1202", Off, true, (true, false)),
        (NEEDS, Off, PLAIN, Off, false, (false, false)),
        (PLAIN, Off, NEEDS, Off, false, (false, false)),
        (PLAIN, Required, "1002", Off, false, (false, false)),
    ];
    for (caller, its, called, that, talk, secret) in table {
        let world = World::new();
        let (a, b) = (world.secret_phone(caller, its), world.secret_phone(called, that));
        a.calls(called);
        world.run(1.s());
        let what = format!("{caller} {its:?} to {called} {that:?}");
        assert_eq!(b.lines() == 1 && b.rings(), talk, "{what}");
        if talk {
            b.answers();
            world.run(1.s());
            assert!(a.hears(&b) && b.hears(&a), "{what}");
            assert_eq!((is_secret(&a), is_secret(&b)), secret, "{what}");
            assert_eq!((is_shown_as_secret(&world, &a), is_shown_as_secret(&world, &b)), secret, "{what}");
            assert_eq!((a.breaks(), b.breaks()), (0, 0));
            world.ends();
        } else {
            assert_eq!(a.failures(), [488], "{what}");
        }
    }
}

#[test]
fn hold_in_every_way_keeps_the_keys() {
    let world = World::new();
    let (a, b) = (world.secret_phone(NEEDS, Srtp::Required), world.secret_phone(PREFERS, Srtp::Required));
    a.talks_to(&b);
    let keys = (a.session().keys, b.session().keys);
    for style in [HoldStyle::SendOnly, HoldStyle::Inactive, HoldStyle::ZeroAddress] {
        for method in [OfferMethod::Reinvite, OfferMethod::Update] {
            b.holds_by(style, method);
            world.run(1.s());
            assert!(a.hears_music());
            b.resumes();
            world.run(1.s());
            assert!(a.hears(&b) && b.hears(&a));
        }
    }
    assert!(keys == (a.session().keys, b.session().keys));
    assert_eq!((a.breaks(), b.breaks()), (0, 0));
    world.ends();
}

#[test]
fn a_caller_is_handed_from_secret_to_plain_and_on() {
    let world = World::new();
    let (a, b) = (world.secret_phone(NEEDS, Srtp::Required), world.secret_phone(PREFERS, Srtp::Preferred));
    let (c, d) = (world.phone(PLAIN), world.secret_phone("1222", Srtp::Required));
    a.talks_to(&b);
    b.transfers_to(PLAIN);
    world.run(1.s());
    c.answers();
    world.run(1.s());
    assert!(a.hears(&c) && c.hears(&a));
    c.holds();
    world.run(500.ms());
    c.talks_to(&d);
    c.connects();
    world.run(2.s());
    assert!(a.hears(&d) && d.hears(&a) && is_secret(&a) && is_secret(&d));
    assert_eq!((a.breaks(), d.breaks()), (0, 0));
    world.ends();
}

#[test]
fn a_late_offer_is_of_srtp_too() {
    let world = World::new();
    let (a, b) = (world.secret_phone(NEEDS, Srtp::Required), world.secret_phone(PREFERS, Srtp::Preferred));
    a.calls_late(PREFERS);
    world.run(1.s());
    b.answers();
    world.run(1.s());
    assert!(a.hears(&b) && b.hears(&a) && is_secret(&a) && is_secret(&b));
    world.ends();
}

#[test]
fn three_in_a_room_each_with_its_own_key_or_none() {
    let world = World::new();
    let phones =
        [world.secret_phone(NEEDS, Srtp::Required), world.secret_phone(PREFERS, Srtp::Preferred), world.phone(PLAIN)];
    for phone in &phones {
        phone.calls("7001");
        world.run(500.ms());
    }
    world.run(1.s());
    world.everybody_hears_somebody();
    assert_eq!(phones.each_ref().map(is_secret), [true, true, false]);
    world.ends();
}

#[test]
fn of_two_phones_of_a_number_each_is_called_as_it_can() {
    let world = World::new();
    let a = world.phone(PLAIN);
    let (plain, secret) = (world.secret_phone(PREFERS, Srtp::Off), world.secret_phone(PREFERS, Srtp::Required));
    a.calls(PREFERS);
    world.run(1.s());
    assert!(plain.rings() && secret.rings());
    secret.answers();
    world.run(1.s());
    assert!(a.hears(&secret) && secret.hears(&a) && is_secret(&secret) && !plain.rings());
    world.ends();
}
