//! Several certificates of one address.

use crate::world::{ANN, AUTHORITY, DAY, Wish, World, anchors, asked, now, soft};
use seal::trust::{Asked, Choice, Outcome, Purpose, Reason, Revocation, choose};

const SIGNS: &str = "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nsubjectAltName=email:ann@example.com\n";
const AGREES: &str = "basicConstraints=CA:FALSE\nkeyUsage=keyAgreement\nsubjectAltName=email:ann@example.com\n";

fn outcomes(choice: &Choice) -> Vec<Outcome> {
    choice.considered.iter().map(|one| one.outcome).collect()
}

#[test]
fn an_expired_certificate_never_stands_before_a_valid_one_and_none_is_better_than_it() {
    let world = World::new();
    let root = world.authority("root", None, AUTHORITY);
    let wish = Wish { name: "long", subject: "/CN=ann", by: Some("root"), extensions: ANN, days: 300, more: &[] };
    let valid = world.make(&wish);
    // Made later, and expired sooner.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let expired = world.make(&Wish { name: "short", days: 1, ..wish });
    let anchors = anchors(&[&root]);
    let asked = Asked { now: now() + 2 * DAY, ..asked("ann@example.com") };
    for (candidates, taken) in [([valid.as_slice(), &expired], 0), ([&expired, &valid], 1)] {
        let choice = choose(&candidates, &[], &anchors, &asked, &soft(), &Revocation::default());
        assert_eq!(choice.taken, Some(taken));
        let other = choice.considered[1 - taken].verdict.as_ref().expect("it was looked at");
        assert!(other.has(|reason| matches!(reason, Reason::Expired { .. })), "{other}");
    }
    let choice = choose(&[&expired], &[], &anchors, &asked, &soft(), &Revocation::default());
    assert_eq!((choice.taken, outcomes(&choice)), (None, vec![Outcome::Refused]));
    let earlier = Asked { now: now(), ..asked };
    let choice = choose(&[&valid, &expired, &valid], &[], &anchors, &earlier, &soft(), &Revocation::default());
    assert_eq!(
        outcomes(&choice),
        [Outcome::Older, Outcome::Taken, Outcome::Twice],
        "the newest is taken while it is valid"
    );
}

#[test]
fn each_purpose_has_its_own_certificate() {
    let world = World::new();
    let root = world.authority("root", None, AUTHORITY);
    let (signs, agrees) = (world.person("signs", "root", SIGNS), world.person("agrees", "root", AGREES));
    let anchors = anchors(&[&root]);
    for (purpose, taken) in [(Purpose::Signing, 0), (Purpose::Encrypting, 1)] {
        let asked = Asked { purpose, ..asked("ann@example.com") };
        let choice = choose(&[&signs, &agrees], &[], &anchors, &asked, &soft(), &Revocation::default());
        assert_eq!(choice.taken, Some(taken));
        let other = choice.considered[1 - taken].verdict.as_ref().expect("it was looked at");
        assert!(other.has(|reason| *reason == Reason::WrongUsage), "{other}");
    }
}

#[test]
fn of_two_as_new_the_stronger_is_taken() {
    let world = World::new();
    let root = world.authority("root", None, AUTHORITY);
    let anchors = anchors(&[&root]);
    world.rsa_key("rsa", 2048);
    // Until both are of one second.
    for attempt in 0.. {
        let (rsa, curve) = (world.person("rsa", "root", ANN), world.person("curve", "root", ANN));
        let choice = choose(&[&rsa, &curve], &[], &anchors, &asked("ann@example.com"), &soft(), &Revocation::default());
        let since = |at: usize| choice.considered[at].verdict.as_ref().expect("it was looked at").chain[0].valid.0;
        if since(0) == since(1) {
            assert_eq!(outcomes(&choice), [Outcome::Weaker, Outcome::Taken]);
            break;
        }
        assert!(attempt < 20, "openssl never makes two within a second");
    }
}
