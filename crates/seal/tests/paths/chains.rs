//! One chain for each reason.

use crate::world::{ANN, AUTHORITY, DAY, Wish, World, anchors, asked, now, soft};
use seal::trust::{Anchors, Asked, Note, Purpose, Reason, Revocation, Settings, Verdict, judge};

fn judged(leaf: &[u8], between: &[&[u8]], anchors: &Anchors, settings: &Settings) -> Verdict {
    judge(leaf, between, anchors, &asked("ann@example.com"), settings, &Revocation::default())
}

/// The reasons without their places.
fn reasons(verdict: &Verdict) -> Vec<Reason> {
    verdict.refusals.iter().map(|refusal| refusal.reason).collect()
}

#[test]
fn a_chain_of_two_authorities_is_found_whatever_else_comes_along_and_is_shown() {
    let world = World::new();
    let root = world.authority("root", None, AUTHORITY);
    let middle = world.authority("middle", Some("root"), AUTHORITY);
    let low = world.authority("low", Some("middle"), AUTHORITY);
    let stranger = world.authority("stranger", None, AUTHORITY);
    let ann = world.person("ann", "low", ANN);
    let anchors = anchors(&[&stranger, &root]);
    let verdict = judged(&ann, &[b"none", &stranger, &middle, &ann, &low, &middle], &anchors, &soft());
    assert!(verdict.is_trusted(), "{verdict}");
    let subjects: Vec<&str> = verdict.chain.iter().map(|link| link.subject.as_str()).collect();
    assert_eq!(subjects, ["CN=ann", "CN=low,O=Example", "CN=middle,O=Example", "CN=root,O=Example"]);
    assert!(verdict.notes.contains(&Note::IntermediateIgnored { intermediate: 0 }));
    world.run(&["x509", "-in", "ann.pem", "-noout", "-fingerprint", "-sha256", "-out", "print"]);
    let printed = String::from_utf8(world.read("print")).expect("text").replace(':', "").to_lowercase();
    assert!(printed.contains(&verdict.chain[0].fingerprint), "{printed}");
    let shown = verdict.to_string();
    assert!(shown.starts_with("trusted\n  1: CN=ann (SHA-256 "), "{shown}");
}

#[test]
fn without_an_anchor_there_is_no_path_and_a_wrong_signature_is_told_from_that() {
    let world = World::new();
    let root = world.authority("root", None, AUTHORITY);
    let ann = world.person("ann", "root", ANN);
    let stranger = world.authority("stranger", None, AUTHORITY);
    assert_eq!(reasons(&judged(&ann, &[], &anchors(&[&stranger]), &soft())), [Reason::NoPath]);
    assert_eq!(reasons(&judged(&ann, &[], &Anchors::default(), &soft())), [Reason::NoPath]);
    // An authority of the same name with another key.
    let other = World::new().authority("root", None, AUTHORITY);
    assert_ne!(root, other);
    assert_eq!(reasons(&judged(&ann, &[&root], &anchors(&[&other]), &soft())), [Reason::WrongSignature]);
    let mut forged = ann.clone();
    *forged.last_mut().expect("a signature") ^= 1;
    assert_eq!(reasons(&judged(&forged, &[], &anchors(&[&root]), &soft())), [Reason::WrongSignature]);
}

#[test]
fn what_is_not_valid_at_the_time_is_told_of_each_certificate() {
    let world = World::new();
    let root = world.authority("root", None, AUTHORITY);
    let wish = Wish { name: "low", subject: "/CN=low", by: Some("root"), extensions: AUTHORITY, days: 60, more: &[] };
    let low = world.make(&wish);
    let ann = world.person("ann", "low", ANN);
    let anchors = anchors(&[&root]);
    let at = |now: u64| {
        let asked = Asked { purpose: Purpose::Signing, address: None, now };
        judge(&ann, &[&low], &anchors, &asked, &soft(), &Revocation::default())
    };
    assert!(at(now() + 29 * DAY).is_trusted());
    let late = at(now() + 31 * DAY);
    assert!(matches!(reasons(&late)[..], [Reason::Expired { .. }]), "{late}");
    let later = at(now() + 61 * DAY);
    assert_eq!(later.refusals.iter().map(|refusal| refusal.of).collect::<Vec<_>>(), [0, 1], "{later}");
    let early = at(now() - 2 * DAY);
    assert!(reasons(&early).iter().all(|reason| matches!(reason, Reason::NotYetValid { .. })), "{early}");
    assert_eq!(early.refusals.len(), 3, "{early}");
}

#[test]
fn a_key_is_used_only_for_what_its_certificate_says() {
    let world = World::new();
    let root = world.authority("root", None, AUTHORITY);
    let anchors = anchors(&[&root]);
    let said = |name: &str, usage: &str, purpose: Purpose, settings: &Settings| {
        let ann = world.person(name, "root", &format!("{usage}\nsubjectAltName=email:ann@example.com\n"));
        let asked = Asked { purpose, address: None, now: now() };
        reasons(&judge(&ann, &[], &anchors, &asked, settings, &Revocation::default()))
    };
    let (sign, encrypt) = (Purpose::Signing, Purpose::Encrypting);
    assert_eq!(said("none", "basicConstraints=CA:FALSE", sign, &soft()), []);
    assert_eq!(said("none2", "basicConstraints=CA:FALSE", encrypt, &soft()), []);
    assert_eq!(said("signs", "keyUsage=digitalSignature", sign, &soft()), []);
    assert_eq!(said("signs2", "keyUsage=digitalSignature", encrypt, &soft()), [Reason::WrongUsage]);
    assert_eq!(said("agrees", "keyUsage=keyAgreement", encrypt, &soft()), []);
    assert_eq!(said("agrees2", "keyUsage=keyAgreement", sign, &soft()), [Reason::WrongUsage]);
    // A key on a curve does not encipher keys.
    assert_eq!(said("enciphers", "keyUsage=keyEncipherment", encrypt, &soft()), [Reason::WrongUsage]);
    assert_eq!(said("server", "extendedKeyUsage=serverAuth", sign, &soft()), [Reason::WrongUsage]);
    assert_eq!(said("mail", "extendedKeyUsage=serverAuth,emailProtection", sign, &soft()), []);
    assert_eq!(said("any", "extendedKeyUsage=anyExtendedKeyUsage", sign, &soft()), []);
    let strict = Settings { any_usage_counts: false, ..soft() };
    assert_eq!(said("any2", "extendedKeyUsage=anyExtendedKeyUsage", sign, &strict), [Reason::WrongUsage]);
}

#[test]
fn an_authority_for_other_usages_is_none_for_mail() {
    let world = World::new();
    let root = world.authority("root", None, AUTHORITY);
    let low = world.authority("low", Some("root"), &format!("{AUTHORITY}extendedKeyUsage=serverAuth\n"));
    let ann = world.person("ann", "low", ANN);
    let verdict = judged(&ann, &[&low], &anchors(&[&root]), &soft());
    assert_eq!(reasons(&verdict), [Reason::WrongUsage]);
    assert_eq!(verdict.refusals[0].of, 1);
}

#[test]
fn it_speaks_only_for_its_own_address() {
    let world = World::new();
    let root = world.authority("root", None, AUTHORITY);
    let anchors = anchors(&[&root]);
    let plain = "basicConstraints=CA:FALSE\n";
    let ann =
        world.person("ann", "root", &format!("{plain}subjectAltName=email:Ann@Example.com,email:a@example.org\n"));
    let said = |leaf: &[u8], address: &str, settings: &Settings| {
        reasons(&judge(leaf, &[], &anchors, &asked(address), settings, &Revocation::default()))
    };
    assert_eq!(said(&ann, "Ann@example.COM", &soft()), []);
    assert_eq!(said(&ann, "a@example.org", &soft()), []);
    assert_eq!(said(&ann, "ann@example.com", &soft()), [Reason::WrongAddress]);
    let folding = Settings { folds_local_part: true, ..soft() };
    assert_eq!(said(&ann, "ann@example.com", &folding), []);
    assert_eq!(said(&ann, "ann@example.com.example.org", &folding), [Reason::WrongAddress]);
    let subject = "/CN=Ann/emailAddress=ann@example.com";
    let wish = Wish { name: "old", subject, by: Some("root"), extensions: plain, days: 30, more: &[] };
    let old = world.make(&wish);
    assert_eq!(said(&old, "ann@example.com", &soft()), [Reason::WrongAddress]);
    let legacy = Settings { subject_address_counts: true, ..soft() };
    assert_eq!(said(&old, "ann@example.com", &legacy), []);
    // What stands in the alternative names rules out the subject.
    let extensions = format!("{plain}subjectAltName=email:bob@example.com\n");
    let both = world.make(&Wish { name: "both", extensions: &extensions, ..wish });
    assert_eq!(said(&both, "ann@example.com", &legacy), [Reason::WrongAddress]);
    let mailbox = "subjectAltName=@names\n[names]\notherName.0=1.3.6.1.5.5.7.8.9;FORMAT:UTF8,UTF8:jürgen@example.com\n";
    let jürgen = world.person("juergen", "root", &format!("{plain}{mailbox}"));
    assert_eq!(said(&jürgen, "jürgen@EXAMPLE.com", &soft()), []);
    assert_eq!(said(&jürgen, "jurgen@example.com", &soft()), [Reason::WrongAddress]);
}

#[test]
fn short_keys_and_weak_signatures_are_refused_but_an_anchors_own() {
    let world = World::new();
    let subject = "/O=Example/CN=root";
    let wish = Wish { name: "root", subject, by: None, extensions: AUTHORITY, days: 365, more: &["-sha1"] };
    let root = world.make(&wish);
    let anchors = anchors(&[&root]);
    assert_eq!(reasons(&judged(&world.person("ann", "root", ANN), &[], &anchors, &soft())), []);
    let wish = Wish { name: "old", subject: "/CN=old", by: Some("root"), extensions: ANN, days: 30, more: &["-sha1"] };
    assert_eq!(reasons(&judged(&world.make(&wish), &[], &anchors, &soft())), [Reason::WeakSignature]);
    world.rsa_key("short", 1024);
    let short = world.person("short", "root", ANN);
    assert_eq!(reasons(&judged(&short, &[], &anchors, &soft())), [Reason::WeakKey { bits: 1024 }]);
    // A setting below the least is the least.
    let lax = Settings { rsa_bits_min: 512, ..soft() };
    assert_eq!(reasons(&judged(&short, &[], &anchors, &lax)), [Reason::WeakKey { bits: 1024 }]);
    world.rsa_key("low", 2048);
    let low = world.authority("low", Some("root"), AUTHORITY);
    let ann = world.person("ann", "low", ANN);
    assert_eq!(reasons(&judged(&ann, &[&low], &anchors, &soft())), []);
    let strict = Settings { rsa_bits_min: 3072, ..soft() };
    let verdict = judged(&ann, &[&low], &anchors, &strict);
    assert_eq!((reasons(&verdict), verdict.refusals[0].of), (vec![Reason::WeakKey { bits: 2048 }], 1));
}

#[test]
fn constraints_of_names_hold_for_both_kinds_of_addresses() {
    let world = World::new();
    let root = world.authority("root", None, AUTHORITY);
    let low = |name: &str, constraints: &str| {
        world.authority(name, Some("root"), &format!("{AUTHORITY}nameConstraints=critical,{constraints}\n"))
    };
    let only = low("only", "permitted;email:example.com");
    let without = low("without", "excluded;email:example.com");
    let below = low("below", "permitted;email:.example.com");
    let anchors = anchors(&[&root]);
    let said = |name: &str, by: &str, authority: &[u8], kind: &str, address: &str| {
        let ann = world.person(name, by, &format!("basicConstraints=CA:FALSE\nsubjectAltName={kind}{address}\n"));
        reasons(&judge(&ann, &[authority], &anchors, &asked(address), &soft(), &Revocation::default()))
    };
    let refused = [Reason::NameConstraint];
    for kind in ["email:", "otherName:1.3.6.1.5.5.7.8.9;UTF8:"] {
        assert_eq!(said("a", "only", &only, kind, "ann@example.com"), []);
        assert_eq!(said("b", "only", &only, kind, "ann@EXAMPLE.com"), []);
        assert_eq!(said("c", "only", &only, kind, "ann@example.org"), refused);
        assert_eq!(said("d", "only", &only, kind, "ann@sub.example.com"), refused);
        assert_eq!(said("e", "without", &without, kind, "ann@example.com"), refused);
        assert_eq!(said("f", "without", &without, kind, "ann@example.org"), []);
        assert_eq!(said("g", "below", &below, kind, "ann@sub.example.com"), []);
        assert_eq!(said("h", "below", &below, kind, "ann@example.com"), refused);
    }
}

#[test]
fn a_constraint_of_the_anchor_itself_holds() {
    let world = World::new();
    let root =
        world.authority("root", None, &format!("{AUTHORITY}nameConstraints=critical,permitted;email:example.org\n"));
    let ann = world.person("ann", "root", ANN);
    assert_eq!(reasons(&judged(&ann, &[], &anchors(&[&root]), &soft())), [Reason::NameConstraint]);
}

#[test]
fn only_authorities_issue_and_no_deeper_than_they_may() {
    let world = World::new();
    let flat = "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n";
    let root = world.authority("root", None, AUTHORITY);
    let low = world.authority("low", Some("root"), flat);
    let lower = world.authority("lower", Some("low"), AUTHORITY);
    let ann = world.person("ann", "lower", ANN);
    let anchors = anchors(&[&root]);
    let verdict = judged(&ann, &[&low, &lower], &anchors, &soft());
    assert_eq!(reasons(&verdict), [Reason::PathTooLong], "{verdict}");
    // A person who issues, and an authority whose key may not sign certificates.
    let bob = world.person("bob", "root", ANN);
    let of_bob = world.person("ann2", "bob", ANN);
    let verdict = judged(&of_bob, &[&bob], &anchors, &soft());
    assert!(verdict.has(|reason| *reason == Reason::NotAnAuthority), "{verdict}");
    let mute = world.authority("mute", Some("root"), "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,cRLSign\n");
    let of_mute = world.person("ann3", "mute", ANN);
    assert_eq!(reasons(&judged(&of_mute, &[&mute], &anchors, &soft())), [Reason::NotAnAuthority]);
}

#[test]
fn a_path_is_not_followed_without_end() {
    let world = World::new();
    let root = world.authority("a0", None, AUTHORITY);
    let names: Vec<String> = (0..=12).map(|at| format!("a{at}")).collect();
    let all: Vec<Vec<u8>> = names.windows(2).map(|pair| world.authority(&pair[1], Some(&pair[0]), AUTHORITY)).collect();
    let between: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
    let anchors = anchors(&[&root]);
    let ann = world.person("ann", "a10", ANN);
    assert_eq!(reasons(&judged(&ann, &between, &anchors, &soft())), []);
    let ann = world.person("ann", "a12", ANN);
    assert_eq!(reasons(&judged(&ann, &between, &anchors, &soft())), [Reason::PathTooLong]);
}

#[test]
fn what_must_be_understood_and_is_not_refuses() {
    let world = World::new();
    let root = world.authority("root", None, AUTHORITY);
    let anchors = anchors(&[&root]);
    let strange = world.person("ann", "root", &format!("{ANN}1.2.3.4=critical,ASN1:NULL\n"));
    assert_eq!(reasons(&judged(&strange, &[], &anchors, &soft())), [Reason::UnknownExtension]);
    let harmless = world.person("ann2", "root", &format!("{ANN}1.2.3.4=ASN1:NULL\n"));
    assert_eq!(reasons(&judged(&harmless, &[], &anchors, &soft())), []);
    for bytes in [&b""[..], b"no certificate", &root[..root.len() - 1], &[root.as_slice(), b"more"].concat()] {
        let verdict = judged(bytes, &[], &anchors, &soft());
        assert!(matches!(reasons(&verdict)[..], [Reason::Malformed(_)]), "{verdict}");
        assert!(verdict.chain.is_empty());
    }
}

#[test]
fn all_reasons_are_told_at_once() {
    let world = World::new();
    let root = world.authority("root", None, AUTHORITY);
    world.rsa_key("ann", 1024);
    let extensions = "keyUsage=cRLSign\nsubjectAltName=email:bob@example.com\n";
    let wish = Wish { name: "ann", subject: "/CN=ann", by: Some("root"), extensions, days: 30, more: &["-sha1"] };
    let ann = world.make(&wish);
    let asked = Asked { now: now() + 40 * DAY, ..asked("ann@example.com") };
    let all: [fn(&Reason) -> bool; 5] = [
        |reason| matches!(reason, Reason::Expired { .. }),
        |reason| matches!(reason, Reason::WeakKey { bits: 1024 }),
        |reason| *reason == Reason::WeakSignature,
        |reason| *reason == Reason::WrongUsage,
        |reason| *reason == Reason::WrongAddress,
    ];
    let verdict = judge(&ann, &[], &anchors(&[&root]), &asked, &soft(), &Revocation::default());
    assert!(all.iter().all(|one| verdict.has(one)) && verdict.refusals.len() == all.len(), "{verdict}");
    assert!(verdict.to_string().starts_with("not trusted\n"));
    // Without a path those that need none are told too; that of the signature needs its issuer.
    let alone = judge(&ann, &[], &Anchors::default(), &asked, &soft(), &Revocation::default());
    assert!(alone.has(|reason| *reason == Reason::NoPath) && alone.has(all[0]) && alone.has(all[4]), "{alone}");
}

#[test]
fn a_certificate_among_the_anchors_is_trusted_by_itself_for_what_it_may() {
    let world = World::new();
    let ann = world.make(&Wish { name: "ann", subject: "/CN=ann", by: None, extensions: ANN, days: 30, more: &[] });
    assert_eq!(reasons(&judged(&ann, &[], &Anchors::default(), &soft())), [Reason::NoPath]);
    let pinned = anchors(&[&ann]);
    assert_eq!(reasons(&judged(&ann, &[], &pinned, &soft())), []);
    let other = judge(&ann, &[], &pinned, &asked("bob@example.com"), &soft(), &Revocation::default());
    assert_eq!(reasons(&other), [Reason::WrongAddress]);
    let late = Asked { now: now() + 40 * DAY, ..asked("ann@example.com") };
    let late = judge(&ann, &[], &pinned, &late, &soft(), &Revocation::default());
    assert!(late.has(|reason| matches!(reason, Reason::Expired { .. })), "{late}");
}

#[test]
fn an_expired_authority_does_not_hide_the_valid_one_of_the_same_key() {
    let world = World::new();
    let root = world.authority("root", None, AUTHORITY);
    let wish = Wish { name: "low", subject: "/CN=low", by: Some("root"), extensions: AUTHORITY, days: 1, more: &[] };
    let expired = world.make(&wish);
    let valid = world.make(&Wish { days: 300, ..wish });
    let ann = world.person("ann", "low", ANN);
    let asked = Asked { now: now() + 3 * DAY, ..asked("ann@example.com") };
    let anchors = anchors(&[&root]);
    for between in [[expired.as_slice(), &valid], [&valid, &expired]] {
        let verdict = judge(&ann, &between, &anchors, &asked, &soft(), &Revocation::default());
        assert!(verdict.is_trusted(), "{verdict}");
    }
    let verdict = judge(&ann, &[&expired], &anchors, &asked, &soft(), &Revocation::default());
    assert!(matches!(reasons(&verdict)[..], [Reason::Expired { .. }]), "{verdict}");
}

#[test]
fn policies_that_are_asked_for_must_be_there() {
    let world = World::new();
    let policy = "certificatePolicies=1.3.6.1.4.1.55555.1\n";
    let root = world.authority("root", None, AUTHORITY);
    let low = world.authority("low", Some("root"), &format!("{AUTHORITY}{policy}"));
    let with = world.person("ann", "low", &format!("{ANN}{policy}"));
    let without = world.person("bob", "low", ANN);
    let anchors = anchors(&[&root]);
    let wants = |policy: &str| Settings { policies: vec![policy.to_owned()], ..soft() };
    let right = wants("1.3.6.1.4.1.55555.1");
    assert_eq!(reasons(&judged(&with, &[&low], &anchors, &right)), []);
    assert_eq!(reasons(&judged(&without, &[&low], &anchors, &soft())), []);
    assert_eq!(reasons(&judged(&without, &[&low], &anchors, &right)), [Reason::Policy]);
    assert_eq!(reasons(&judged(&with, &[&low], &anchors, &wants("1.3.6.1.4.1.55555.2"))), [Reason::Policy]);
    assert_eq!(reasons(&judged(&with, &[&low], &anchors, &wants("no policy"))), [Reason::Policy]);
}
