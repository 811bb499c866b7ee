//! Lists and answers about revocation, made by `openssl ca` and `openssl ocsp`.

use crate::world::{AUTHORITY, DAY, World, anchors, asked, now};
use seal::trust::{
    Anchors, Answer, AnswerKind, Asked, Note, Question, Reason, Revocation, RevocationReason, Settings, Unknown,
    Verdict, judge,
};
use std::fmt::Write;

const ANN: &str = "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nsubjectAltName=email:ann@example.com\n\
                   crlDistributionPoints=URI:http://pki.example/list.crl,URI:ldap://pki.example/list\n\
                   authorityInfoAccess=OCSP;URI:http://ocsp.example/\n";

/// An authority, a person, and the book that OpenSSL keeps of them.
struct Scene {
    world: World,
    anchors: Anchors,
    ann: Vec<u8>,
    serial: String,
}

impl Scene {
    fn new() -> Scene {
        let world = World::new();
        let root = world.authority("root", None, AUTHORITY);
        let ann = world.person("ann", "root", ANN);
        world.run(&["x509", "-in", "ann.pem", "-noout", "-serial", "-out", "serial"]);
        let serial = String::from_utf8(world.read("serial")).expect("text").trim().replace("serial=", "");
        let scene = Scene { anchors: anchors(&[&root]), world, ann, serial };
        scene.book("");
        scene
    }

    /// Writes what stands about Ann in the authority's book; nothing means that she was not revoked.
    fn book(&self, revoked: &str) {
        let kind = if revoked.is_empty() { "V" } else { "R" };
        let line = format!("{kind}\t401231235959Z\t{revoked}\t{}\tunknown\t/CN=ann\n", self.serial);
        self.world.write("index", line.as_bytes());
        self.world.write("index.attr", b"unique_subject = no\n");
    }

    /// A list by this authority, with more for `openssl ca`, and extensions of the list.
    fn list(&self, by: &str, extensions: &str, more: &[&str]) -> Vec<u8> {
        let mut config =
            "[ca]\ndefault_ca=own\n[own]\ndatabase=index\ncrlnumber=number\ndefault_md=sha256\n".to_owned();
        write!(config, "crl_extensions=list\n[list]\nauthorityKeyIdentifier=keyid\n{extensions}\n").expect("a string");
        self.world.write("config", config.as_bytes());
        self.world.write("number", b"01\n");
        let (certificate, key) = (format!("{by}.pem"), format!("{by}.key"));
        let args = ["ca", "-gencrl", "-config", "config", "-cert", &certificate, "-keyfile", &key, "-out", "list.pem"];
        let days: &[&str] = if more.is_empty() { &["-crldays", "7"] } else { more };
        self.world.run(&[&args, days].concat());
        self.world.run(&["crl", "-in", "list.pem", "-outform", "DER", "-out", "list"]);
        self.world.read("list")
    }

    /// An answer to a request, signed by this responder.
    fn answer(&self, request: &[u8], by: &str, more: &[&str]) -> Vec<u8> {
        self.world.write("request", request);
        let (signer, key) = (format!("{by}.pem"), format!("{by}.key"));
        let args =
            ["ocsp", "-index", "index", "-CA", "root.pem", "-rsigner", &signer, "-rkey", &key, "-reqin", "request"];
        self.world.run(&[&args, more, &["-respout", "answer"]].concat());
        self.world.read("answer")
    }

    fn judged_at(&self, at: u64, settings: &Settings, known: &Revocation<'_>) -> Verdict {
        let asked = Asked { now: at, ..asked("ann@example.com") };
        judge(&self.ann, &[], &self.anchors, &asked, settings, known)
    }

    fn with_list(&self, list: &[u8], settings: &Settings) -> Verdict {
        self.judged_at(now(), settings, &Revocation { answers: &[crl(list)], nonce: None })
    }

    fn with_answer(&self, bytes: &[u8], settings: &Settings) -> Verdict {
        self.judged_at(now(), settings, &Revocation { answers: &[ocsp(bytes)], nonce: None })
    }

    /// What would be asked, with this nonce.
    fn request(&self, nonce: Option<&[u8]>) -> Vec<u8> {
        let verdict = self.judged_at(now(), &hard(), &Revocation { answers: &[], nonce });
        let request = verdict.questions.into_iter().find_map(|question| match question {
            Question::Ocsp { request, .. } => Some(request),
            Question::Crl { .. } => None,
        });
        request.expect("the responder would be asked")
    }
}

fn crl(bytes: &[u8]) -> Answer<'_> {
    Answer { kind: AnswerKind::Crl, bytes, from: "http://elsewhere.example/", fetched_at: 0, nonce: None }
}

fn ocsp(bytes: &[u8]) -> Answer<'_> {
    Answer { kind: AnswerKind::Ocsp, ..crl(bytes) }
}

fn hard() -> Settings {
    Settings::new(Unknown::Refused)
}

fn soft() -> Settings {
    Settings::new(Unknown::Accepted)
}

fn is_unknown(verdict: &Verdict) -> bool {
    verdict.refusals.len() == 1 && verdict.has(|reason| *reason == Reason::RevocationUnknown)
}

fn revoked(verdict: &Verdict) -> Option<(u64, RevocationReason)> {
    verdict.refusals.iter().find_map(|refusal| match refusal.reason {
        Reason::Revoked { at, reason } => Some((at, reason)),
        _ => None,
    })
}

#[test]
fn what_is_unknown_is_asked_and_the_settings_say_what_becomes_of_it_until_then() {
    let scene = Scene::new();
    let verdict = scene.judged_at(now(), &hard(), &Revocation::default());
    assert!(is_unknown(&verdict), "{verdict}");
    let [Question::Ocsp { of: 0, urls: responders, .. }, Question::Crl { of: 0, urls }] = &verdict.questions[..] else {
        panic!("{:?}", verdict.questions);
    };
    assert_eq!(
        (&responders[..], &urls[..]),
        (&["http://ocsp.example/".to_owned()][..], &["http://pki.example/list.crl".to_owned()][..])
    );
    let verdict = scene.judged_at(now(), &soft(), &Revocation::default());
    assert!(verdict.is_trusted() && matches!(verdict.notes[..], [Note::RevocationUnknown { of: 0 }]), "{verdict}");
    assert_eq!(verdict.questions.len(), 2);
    // Nobody is asked about what is refused anyway, nor again so soon where nothing came.
    let late = scene.judged_at(now() + 100 * DAY, &hard(), &Revocation::default());
    assert!(late.questions.is_empty(), "{late}");
    let nothing = Answer { from: "http://ocsp.example/", fetched_at: now(), ..ocsp(b"") };
    let verdict = scene.judged_at(now() + 60, &hard(), &Revocation { answers: &[nothing], nonce: None });
    assert!(matches!(verdict.questions[..], [Question::Crl { .. }]), "{:?}", verdict.questions);
    let verdict = scene.judged_at(now() + 3700, &hard(), &Revocation { answers: &[nothing], nonce: None });
    assert_eq!(verdict.questions.len(), 2);
}

#[test]
fn a_list_says_who_was_revoked_when_and_why() {
    let scene = Scene::new();
    let verdict = scene.with_list(&scene.list("root", "", &[]), &hard());
    assert!(verdict.is_trusted() && verdict.notes.is_empty() && verdict.questions.is_empty(), "{verdict}");
    scene.book("260101000000Z,keyCompromise");
    let list = scene.list("root", "", &[]);
    for settings in [hard(), soft()] {
        let verdict = scene.with_list(&list, &settings);
        assert_eq!(revoked(&verdict), Some((1_767_225_600, RevocationReason::KeyCompromised)), "{verdict}");
        assert!(verdict.questions.is_empty());
    }
    // However old it is.
    let known = Revocation { answers: &[crl(&list)], nonce: None };
    let verdict = scene.judged_at(now() + 20 * DAY, &soft(), &known);
    assert!(revoked(&verdict).is_some(), "{verdict}");
}

#[test]
fn only_what_was_on_hold_comes_back_and_only_by_newer_word() {
    let scene = Scene::new();
    for (reason, comes_back) in [("certificateHold", true), ("keyCompromise", false)] {
        scene.book(&format!("260101000000Z,{reason}"));
        let list =
            |update: &str| scene.list("root", "", &["-crl_lastupdate", update, "-crl_nextupdate", "401231235959Z"]);
        let old = list("260201000000Z");
        scene.book("");
        let (new, older) = (list("260301000000Z"), list("260115000000Z"));
        let verdict = scene.judged_at(now(), &hard(), &Revocation { answers: &[crl(&old), crl(&new)], nonce: None });
        assert_eq!(verdict.is_trusted(), comes_back, "{verdict}");
        let verdict = scene.judged_at(now(), &hard(), &Revocation { answers: &[crl(&old), crl(&older)], nonce: None });
        assert!(!verdict.is_trusted(), "{verdict}");
    }
}

#[test]
fn an_outdated_list_counts_for_the_days_that_the_settings_give_it() {
    let scene = Scene::new();
    let list = scene.list("root", "", &[]);
    let stale = Settings { stale_days_max: 3, ..hard() };
    let at = |days: u64, settings: &Settings| {
        scene.judged_at(now() + days * DAY, settings, &Revocation { answers: &[crl(&list)], nonce: None })
    };
    assert!(at(6, &hard()).is_trusted());
    assert!(is_unknown(&at(8, &hard())));
    let verdict = at(8, &stale);
    assert!(verdict.is_trusted() && matches!(verdict.notes[..], [Note::RevocationStale { of: 0, .. }]), "{verdict}");
    assert_eq!(verdict.questions.len(), 2, "a newer one is asked for");
    assert!(is_unknown(&at(11, &stale)));
    // One of the future says nothing yet.
    let early = scene.list("root", "", &["-crl_lastupdate", "400101000000Z", "-crl_nextupdate", "401231235959Z"]);
    assert!(is_unknown(&scene.with_list(&early, &hard())));
}

#[test]
fn lists_that_cannot_be_believed_or_understood_are_as_good_as_none() {
    let scene = Scene::new();
    let refused = |list: &[u8]| {
        let verdict = scene.with_list(list, &hard());
        assert!(is_unknown(&verdict), "{verdict}");
        verdict.notes.contains(&Note::AnswerRefused { of: 0, answer: 0 })
    };
    let mut forged = scene.list("root", "", &[]);
    *forged.last_mut().expect("a signature") ^= 1;
    assert!(refused(&forged));
    // A delta, one of some reasons only, one for authorities only, one that wants to be understood.
    for extensions in [
        "2.5.29.27=critical,ASN1:INTEGER:1",
        "issuingDistributionPoint=critical,@point\n[point]\nonlysomereasons=keyCompromise",
        "issuingDistributionPoint=critical,@point\n[point]\nonlyCA=TRUE",
        "1.2.3.4=critical,ASN1:NULL",
    ] {
        let list = scene.list("root", extensions, &[]);
        assert!(refused(&list), "{extensions}");
    }
    // What one of them says against somebody is true all the same.
    scene.book("260101000000Z,keyCompromise");
    for extensions in [
        "2.5.29.27=critical,ASN1:INTEGER:1",
        "issuingDistributionPoint=critical,@point\n[point]\nonlysomereasons=keyCompromise",
    ] {
        let mut list = scene.list("root", extensions, &[]);
        assert!(revoked(&scene.with_list(&list, &soft())).is_some(), "{extensions}");
        *list.last_mut().expect("a signature") ^= 1;
        assert!(is_unknown(&scene.with_list(&list, &hard())), "{extensions}");
    }
    scene.book("");
    // An authority of the same name with another key, and one that is about somebody else.
    let other = World::new();
    other.authority("root", None, AUTHORITY);
    scene.world.write("other.pem", &other.read("root.pem"));
    scene.world.write("other.key", &other.read("root.key"));
    assert!(refused(&scene.list("other", "", &[])));
    scene.world.authority("stranger", None, AUTHORITY);
    assert!(!refused(&scene.list("stranger", "", &[])));
    let verdict = scene.with_list(b"no list", &hard());
    assert!(verdict.notes.contains(&Note::AnswerUnreadable { answer: 0 }), "{verdict}");
}

#[test]
fn an_authority_that_may_not_sign_lists_says_nothing() {
    let world = World::new();
    let root = world.authority("root", None, "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n");
    let ann = world.person("ann", "root", ANN);
    let scene = Scene { anchors: anchors(&[&root]), world, ann, serial: "1001".to_owned() };
    scene.book("");
    assert!(is_unknown(&scene.with_list(&scene.list("root", "", &[]), &hard())));
}

#[test]
fn an_authority_that_offers_no_word_is_told_from_one_of_which_it_is_missing() {
    let world = World::new();
    let root = world.authority("root", None, AUTHORITY);
    let ann = world.person("ann", "root", crate::world::ANN);
    let scene = Scene { anchors: anchors(&[&root]), world, ann, serial: "1001".to_owned() };
    scene.book("");
    scene.world.authority("stranger", None, AUTHORITY);
    let (own, other) = (scene.list("root", "", &[]), scene.list("stranger", "", &[]));
    let notes = |list: &[u8], days: u64| {
        let verdict = scene.judged_at(now() + days * DAY, &soft(), &Revocation { answers: &[crl(list)], nonce: None });
        assert!(verdict.is_trusted(), "{verdict}");
        verdict.notes
    };
    assert_eq!(notes(b"", 0), [Note::RevocationNotOffered { of: 0 }]);
    assert_eq!(notes(&other, 0), [Note::RevocationNotOffered { of: 0 }], "a list of somebody else is no word of it");
    assert_eq!(notes(&own, 0), []);
    // What it does tell has to be of use.
    assert_eq!(notes(&own, 8), [Note::RevocationUnknown { of: 0 }]);
    let mut forged = own;
    *forged.last_mut().expect("a signature") ^= 1;
    assert_eq!(notes(&forged, 0), [Note::AnswerRefused { of: 0, answer: 0 }, Note::RevocationUnknown { of: 0 }]);
    assert_eq!(notes(b"no list", 0), [Note::RevocationUnknown { of: 0 }, Note::AnswerUnreadable { answer: 0 }]);
}

#[test]
fn a_revoked_authority_takes_its_people_along() {
    let scene = Scene::new();
    let low = scene.world.authority("low", Some("root"), AUTHORITY);
    let bob = scene.world.person("bob", "low", ANN);
    scene.world.run(&["x509", "-in", "low.pem", "-noout", "-serial", "-out", "serial"]);
    let serial = String::from_utf8(scene.world.read("serial")).expect("text").trim().replace("serial=", "");
    scene.world.write("index", format!("R\t401231235959Z\t260101000000Z\t{serial}\tunknown\t/CN=low\n").as_bytes());
    let (of_root, of_low) = (scene.list("root", "", &[]), scene.list("low", "", &[]));
    let known = [crl(&of_root), crl(&of_low)];
    let asked = asked("ann@example.com");
    let verdict = judge(&bob, &[&low], &scene.anchors, &asked, &hard(), &Revocation { answers: &known, nonce: None });
    assert_eq!(verdict.refusals.iter().map(|refusal| refusal.of).collect::<Vec<_>>(), [1], "{verdict}");
    assert_eq!(revoked(&verdict).map(|(_, reason)| reason), Some(RevocationReason::Unspecified));
}

const RESPONDER: &str =
    "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=OCSPSigning\nnoCheck=ignored\n";

#[test]
fn an_answer_counts_from_the_issuer_and_from_whom_it_appointed() {
    let scene = Scene::new();
    scene.world.person("responder", "root", RESPONDER);
    scene.world.person("impostor", "root", "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\n");
    scene.world.authority("stranger", None, AUTHORITY);
    scene.world.person("foreigner", "stranger", RESPONDER);
    let request = scene.request(None);
    for by in ["root", "responder"] {
        scene.book("");
        let verdict = scene.with_answer(&scene.answer(&request, by, &["-ndays", "7"]), &hard());
        assert!(verdict.is_trusted() && verdict.notes.is_empty(), "{by}: {verdict}");
        scene.book("260101000000Z,superseded");
        let verdict = scene.with_answer(&scene.answer(&request, by, &["-ndays", "7"]), &soft());
        assert_eq!(revoked(&verdict), Some((1_767_225_600, RevocationReason::Superseded)), "{by}: {verdict}");
    }
    scene.book("");
    for by in ["impostor", "foreigner"] {
        let verdict = scene.with_answer(&scene.answer(&request, by, &["-ndays", "7"]), &hard());
        assert!(is_unknown(&verdict), "{by}: {verdict}");
        assert!(verdict.notes.contains(&Note::AnswerRefused { of: 0, answer: 0 }), "{by}: {verdict}");
    }
    scene.world.write("index", b"");
    let verdict = scene.with_answer(&scene.answer(&request, "root", &["-ndays", "7"]), &hard());
    assert!(is_unknown(&verdict), "a responder that does not know her: {verdict}");
}

#[test]
fn an_answer_is_about_one_certificate_and_one_time() {
    let scene = Scene::new();
    let bob = scene.world.person("bob", "root", &ANN.replace("ann@", "bob@"));
    let about_ann = scene.answer(&scene.request(None), "root", &["-ndays", "7"]);
    let known = [ocsp(&about_ann)];
    let known = Revocation { answers: &known, nonce: None };
    let verdict = judge(&bob, &[], &scene.anchors, &asked("bob@example.com"), &hard(), &known);
    assert!(is_unknown(&verdict), "{verdict}");
    assert!(scene.judged_at(now() + 6 * DAY, &hard(), &known).is_trusted());
    assert!(is_unknown(&scene.judged_at(now() + 8 * DAY, &hard(), &known)));
    let stale = Settings { stale_days_max: 2, ..hard() };
    assert!(scene.judged_at(now() + 8 * DAY, &stale, &known).is_trusted());
    // One that names no next time counts for a day.
    let undated = scene.answer(&scene.request(None), "root", &[]);
    let known = [ocsp(&undated)];
    let known = Revocation { answers: &known, nonce: None };
    assert!(scene.judged_at(now() + DAY / 2, &hard(), &known).is_trusted());
    assert!(is_unknown(&scene.judged_at(now() + 2 * DAY, &hard(), &known)));
}

#[test]
fn an_answer_to_another_question_is_told_by_its_nonce() {
    let scene = Scene::new();
    let nonce = [7; 16];
    let answered = scene.answer(&scene.request(Some(&nonce)), "root", &["-ndays", "7"]);
    let silent = scene.answer(&scene.request(None), "root", &["-ndays", "7"]);
    let said = |bytes: &[u8], nonce: Option<&[u8]>, is_nonce_required: bool| {
        let answers = [Answer { nonce, ..ocsp(bytes) }];
        let settings = Settings { is_nonce_required, ..hard() };
        scene.judged_at(now(), &settings, &Revocation { answers: &answers, nonce: None }).is_trusted()
    };
    assert!(said(&answered, Some(&nonce), true));
    assert!(said(&answered, None, false));
    assert!(!said(&answered, Some(&[8; 16]), false));
    assert!(said(&silent, Some(&nonce), false));
    assert!(!said(&silent, Some(&nonce), true));
}

#[test]
fn a_responder_that_was_revoked_says_nothing() {
    let scene = Scene::new();
    let responder = "basicConstraints=CA:FALSE\nkeyUsage=digitalSignature\nextendedKeyUsage=OCSPSigning\n";
    scene.world.person("responder", "root", responder);
    let answer = scene.answer(&scene.request(None), "responder", &["-ndays", "7"]);
    assert!(scene.with_answer(&answer, &hard()).is_trusted());
    scene.world.run(&["x509", "-in", "responder.pem", "-noout", "-serial", "-out", "serial"]);
    let serial = String::from_utf8(scene.world.read("serial")).expect("text").trim().replace("serial=", "");
    // A list for authorities and people alike in which only the responder stands, older than the answer by its name.
    scene.world.write("index", format!("R\t401231235959Z\t260101000000Z\t{serial}\tunknown\t/CN=r\n").as_bytes());
    let list = scene.list("root", "", &[]);
    let both = [ocsp(&answer), crl(&list)];
    let verdict = scene.judged_at(now(), &hard(), &Revocation { answers: &both, nonce: None });
    assert!(verdict.notes.contains(&Note::AnswerRefused { of: 0, answer: 0 }), "{verdict}");
}
