//! Rules of sealing as administrators write them: what is read, what is refused and with which words; notices, coverage, and what is published.
#![allow(clippy::unwrap_used)]

use policy::sealing::{
    Algorithm, Distrust, Key, KeyFacts, KeyRule, MailFacts, NoticeKind, Origin, Person, Platform, Scheme, Trust,
    decide, settings,
};
use policy::sealing::{Fate, Notice};
use policy::{FaultCode, SealingRules};
use std::collections::BTreeSet;

fn page(path: &str) -> String {
    std::fs::read_to_string(format!("{}/../../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn read(text: &str) -> SealingRules {
    SealingRules::from_toml(&format!("version = 1\n{text}"), "s.toml").unwrap_or_else(|fault| panic!("{fault}\n{text}"))
}

/// The lines of the fault that a wrong file yields.
fn wrong(text: &str) -> Vec<String> {
    let fault = SealingRules::from_toml(text, "s.toml").unwrap_err();
    assert_eq!(fault.code, FaultCode::SealingRulesWrong);
    fault.public.lines().map(str::to_owned).collect()
}

/// All keys of a document, as the manual writes them.
fn keys(table: &toml::Table, before: &str, found: &mut BTreeSet<String>) {
    for (key, value) in table {
        match value {
            toml::Value::Table(inner) => keys(inner, &format!("{before}{key}."), found),
            toml::Value::Array(list) if list.iter().all(toml::Value::is_table) && !list.is_empty() => {
                let tables = list.iter().filter_map(toml::Value::as_table);
                tables.for_each(|one| keys(one, &format!("{before}{key}[]."), found));
            }
            _ => {
                found.insert(format!("{before}{key}"));
            }
        }
    }
}

#[test]
fn the_sample_is_read_and_shows_every_setting() {
    let sample = page("examples/sealing.toml");
    SealingRules::from_toml(&sample, "examples/sealing.toml").unwrap();
    let mut shown = BTreeSet::new();
    keys(&sample.parse().unwrap(), "", &mut shown);
    for setting in settings() {
        assert!(shown.contains(setting.key), "{} has no example", setting.key);
    }
}

/// A file, and what is told of it.
const WRONG: &[(&str, &str)] = &[
    ("", "s.toml: version is missing; write version = 1 at the top"),
    ("version = 0\n", "s.toml:1: version = 0 is no version that is known here; write version = 1"),
    ("version = 2\n", "s.toml:1: version = 2 is not a whole number from 0 to 1"),
    (
        "version = 1\n[default]\nencript = \"always\"\n",
        "s.toml:3: default.encript = \"always\" is not known; did you mean default.encrypt?",
    ),
    (
        "version = 1\n[default]\nencrypt = \"allways\"\n",
        "s.toml:3: default.encrypt = \"allways\" is not one of never, when_possible, always; did you mean \"always\"?",
    ),
    (
        "version = 1\n[[place]]\nkeys = [\"HR\"]\nrsa_bits_min = 1024\n",
        "s.toml:4: place[1].rsa_bits_min = 1024 is too few",
    ),
    (
        "version = 1\n[default]\nalgorithms = [\"dsa\"]\n",
        "s.toml:3: default.algorithms = \"dsa\" is not one of rsa, p256",
    ),
    (
        "version = 1\n[default]\nalgorithms = [\"rsa\", \"brainpool\"]\n",
        "s.toml:3: default.algorithms = \"brainpool\" is not one of rsa, p256",
    ),
    (
        "version = 1\n[[domain]]\nnames = [\"a.example\"]\ncipher_min = \"3des-cbc\"\n",
        "s.toml:4: domain[1].cipher_min = \"3des-cbc\" is not one of aes-128-cbc, aes-256-cbc, aes-128-gcm, aes-256-gcm",
    ),
    (
        "version = 1\n[default]\nrsa_padding = \"pss\"\n",
        "s.toml:3: default.rsa_padding = \"pss\" is not one of auto, pkcs1, modern",
    ),
    ("version = 1\n[default]\norigins = []\n", "s.toml:3: default.origins = […] is empty, so no key may be used"),
    ("version = 1\n[default]\nouter_subject = \"\"\n", "s.toml:3: default.outer_subject = \"\" is empty"),
    ("version = 1\n[[place]]\nencrypt = \"always\"\n", "place[1].keys is empty, so the table is about nothing"),
    (
        "version = 1\n[[place]]\nkeys = [\"A\"]\n[[place]]\nkeys = [\"A\"]\n",
        "s.toml:5: place[2].keys = \"A\" stands in another [[place]]",
    ),
    (
        "version = 1\n[[site]]\nname = \"a\"\n[[site]]\nname = \"a\"\n",
        "s.toml:5: site[2].name = \"a\" is the name of another [[site]]",
    ),
    ("version = 1\n[[domain]]\nencrypt = \"never\"\n", "domain[1].names is empty, so the table is about nobody"),
    (
        "version = 1\n[[domain]]\nnames = [\"a.example\", \"A.example\"]\n",
        "s.toml:3: domain[1].names = \"a.example\" stands in a [[domain]] already",
    ),
    (
        "version = 1\n[[recipient]]\naddresses = [\"*@a.example\"]\n",
        "s.toml:3: recipient[1].addresses = \"*@a.example\" is not an address",
    ),
    (
        "version = 1\n[[exemption]]\nname = \"x\"\n",
        "s.toml:3: exemption[1].name = \"x\" spares all mail; name envelope_from",
    ),
    (
        "version = 1\n[[exemption]]\nname = \"x\"\npreset = \"jira_account_mail\"\n",
        "s.toml:3: exemption[1].name = \"x\" spares all mail",
    ),
    (
        "version = 1\n[[exemption]]\nname = \"a@b\"\naccounts = [\"x\"]\n",
        "s.toml:3: exemption[1].name = \"a@b\" is no name",
    ),
    (
        "version = 1\n[[exemption]]\nname = \"x\"\nheaders = [\"Subject: invite*\"]\n",
        "s.toml:4: exemption[1].headers = \"Subject: invite*\" is a field that people write into",
    ),
    (
        "version = 1\n[[exemption]]\nname = \"x\"\nheaders = [\"Thread-Topic: a\"]\n",
        "is a field that people write into",
    ),
    ("version = 1\n[[exemption]]\nname = \"x\"\nheaders = [\"From: *invite*\"]\n", "is a field that people write into"),
    (
        "version = 1\n[[exemption]]\nname = \"x\"\nheaders = [\"Content-Type: *\"]\n",
        "is a field that people write into",
    ),
    (
        "version = 1\n[[exemption]]\nname = \"x\"\nheaders = [\"*: invite\"]\n",
        "s.toml:4: exemption[1].headers = \"*: invite\" names no field",
    ),
    ("version = 1\n[[exemption]]\nname = \"x\"\nheaders = [\"X-T?: invite\"]\n", "names no field"),
    ("version = 1\n[[exemption]]\nname = \"x\"\nheaders = [\"X-Template: *\"]\n", "matches whatever the field says"),
    (
        "version = 1\n[[exemption]]\nname = \"x\"\naccounts = \"a\"\nsubject = \"Invite\"\n",
        "exemption[1].subject = \"Invite\" is not known here",
    ),
    ("version = 1\n[[report]]\nlanguage = \"de\"\n", "report[1].text is missing; add it"),
    (
        "version = 1\n[[report]]\ntext = \"a\"\n[[report]]\ntext = \"b\"\n",
        "report[2].language has a [[report]] of this kind",
    ),
    ("version = 1\n[publish]\nwkd = [\"support\"]\n", "s.toml:3: publish.wkd = \"support\" is not an address"),
    ("encrypt\n", "s.toml:1: is not TOML"),
];

#[test]
fn what_is_wrong_is_told_with_line_key_value_and_remedy() {
    for (text, told) in WRONG {
        let lines = wrong(text);
        assert!(lines.len() == 1 && lines[0].contains(told), "{text}: {lines:#?}");
    }
    assert!(wrong(&" ".repeat(1024 * 1024 + 1))[0].contains("larger than 1048576 bytes"));
}

fn key(origin: Origin, bits: u32, until: Option<i64>, trust: Trust) -> (Scheme, Key) {
    let key = Key {
        fingerprint: format!("{origin}{bits}"),
        origin,
        algorithm: Algorithm::Rsa,
        bits,
        beside: Vec::new(),
        version: None,
        reads_seipd_v2: false,
        not_before_s: Some(0),
        not_after_s: until,
        signs: true,
        encrypts: true,
        trust,
    };
    (Scheme::Smime, key)
}

#[test]
fn coverage_tells_of_each_person_how_he_stands_in_a_place() {
    let day = 86_400;
    let rules = read(
        "[[place]]\nkeys = [\"HR\"]\nrsa_bits_min = 3072\n[[domain]]\nnames = [\"pgp.example\"]\nscheme = \"pgp_only\"\n",
    );
    let person = |address: &str, keys: &[(Scheme, Key)]| Person { address: address.into(), keys: keys.to_vec() };
    let people = [
        person("good@a.example", &[key(Origin::Upload, 4096, Some(400 * day), Trust::Trusted)]),
        person("soon@a.example", &[key(Origin::Upload, 4096, Some(20 * day), Trust::Trusted)]),
        person("gone@a.example", &[key(Origin::Upload, 4096, None, Trust::Revoked)]),
        person("weak@a.example", &[key(Origin::Upload, 2048, None, Trust::Trusted)]),
        person("late@a.example", &[key(Origin::Upload, 4096, Some(-1), Trust::Trusted)]),
        person("none@a.example", &[]),
        person("other@sub.pgp.example", &[key(Origin::Upload, 4096, None, Trust::Trusted)]),
        person(
            "renewed@a.example",
            &[
                key(Origin::Upload, 4096, Some(20 * day), Trust::Trusted),
                key(Origin::File, 4096, Some(400 * day), Trust::Trusted),
            ],
        ),
    ];
    let of_hr = rules.coverage("", Some(Platform::Jira), "HR", &people, 0);
    assert_eq!((of_hr.reachable.as_slice(), of_hr.expiring.as_slice()), (&[0, 1, 7][..], &[1][..]));
    assert_eq!((of_hr.revoked.as_slice(), of_hr.weak.as_slice()), (&[2][..], &[3][..]));
    assert_eq!((of_hr.unusable.as_slice(), of_hr.without_key.as_slice()), (&[4][..], &[5, 6][..]));
    assert_eq!(of_hr.percent(), Some(37));
    let of_site = rules.coverage("", None, "", &people, 0);
    assert_eq!(of_site.reachable, [0, 1, 3, 7], "2048 bits are enough where no place says more");
    assert_eq!(rules.coverage("", None, "", &[], 0).percent(), None);
}

#[test]
fn a_key_that_is_kept_in_several_places_is_told_once() {
    let rules = read("");
    let as_from = |origin, trust| {
        let (scheme, key) = key(origin, 4096, None, trust);
        (scheme, Key { fingerprint: "one".into(), ..key })
    };
    let keys = [
        as_from(Origin::File, Trust::Trusted),
        as_from(Origin::Administrator, Trust::Trusted),
        as_from(Origin::Upload, Trust::Revoked),
        key(Origin::File, 4096, None, Trust::Trusted),
    ];
    let person = Person { address: "ann@a.example".into(), keys: keys.to_vec() };
    let (_, told) = rules.covered("", None, "", 0).reach(&person);
    let told: Vec<_> = told.iter().map(|one| (one.key.origin, one.why_not.is_none())).collect();
    assert_eq!(told, [(Origin::Administrator, true), (Origin::File, true)]);
}

#[test]
fn what_is_published_is_what_is_named() {
    let rules = read("[publish]\nwkd = [\"Support@example.com\", \"*@help.example\"]\n");
    assert!(rules.publishes("support@Example.com") && rules.publishes("any@help.example"));
    assert!(!rules.publishes("ann@example.com") && !rules.publishes("any@sub.help.example"));
}

fn notice(rules: &str, mail: MailFacts) -> Notice {
    let rules = read(&format!("[default]\nencrypt = \"always\"\nsign = \"never\"\n{rules}"));
    let mail = MailFacts { recipients: vec!["ann@a.example".into()], ..mail };
    let mut facts = KeyFacts::default();
    for _ in 0..policy::sealing::ROUNDS_MAX {
        for question in policy::sealing::ask(&mail, &rules, &facts) {
            facts.answer_with_nothing(&question);
        }
    }
    match decide(&mail, &rules, &facts).recipients.remove(0).fate {
        Fate::Notice(notice) => notice,
        other => panic!("{other:?}"),
    }
}

/// The text of the place in the language, then that of all places, then ours; with the link that the mail tells.
#[test]
fn notices_speak_for_the_place_and_in_the_language() {
    let headers = |subject: &str| mail::Headers { subject: subject.into(), ..mail::Headers::default() };
    let hr = || MailFacts { headers: headers("[JIRA] (HR-7) Secret"), ..MailFacts::default() };
    let other = || MailFacts { headers: headers("Hello"), ..MailFacts::default() };
    let reports = "language = \"de-AT\"\nlink = \"https://j.example/browse/{issue}\"\n\
        [[report]]\nlanguage = \"de\"\nkeys = [\"HR\"]\nsubject = \"Personal\"\ntext = \"Rufen Sie an.\"\n\
        [[report]]\nlanguage = \"de\"\ntext = \"Allgemein.\"\n";
    let of_hr = notice(reports, hr());
    assert_eq!((of_hr.kind, of_hr.subject.as_str()), (NoticeKind::ProblemReport, "Personal"));
    assert_eq!(of_hr.text, "Rufen Sie an.\n\nhttps://j.example/browse/HR-7");
    let elsewhere = notice(reports, other());
    assert_eq!((elsewhere.text.as_str(), elsewhere.subject.starts_with("Eine Nachricht")), ("Allgemein.", true));
    let ours = notice("fallback = \"link_only\"\n", hr());
    assert_eq!((ours.kind, ours.language.as_str()), (NoticeKind::LinkOnly, "en"));
    for notice in [of_hr, elsewhere, ours] {
        assert!(!serde_json::to_string(&notice).unwrap().contains("Secret"), "{notice:?}");
    }
}

#[test]
fn the_rules_of_the_manual_are_good() {
    let sealing = page("docs/sealing.md");
    let blocks: Vec<&str> = sealing.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    let of_rules: Vec<&&str> = blocks.iter().filter(|block| block.starts_with("version = 1")).collect();
    assert!(of_rules.len() >= 2, "{}", of_rules.len());
    for block in of_rules {
        SealingRules::from_toml(block, "sealing.md").unwrap_or_else(|fault| panic!("{fault}\n{block}"));
    }
}

/// A summary tells of several projects for certain: it is sealed as the strictest of them demands, and none of them loosens what holds.
#[test]
fn further_projects_only_tighten() {
    let rules = read(
        "[default]\nencrypt = \"when_possible\"\nsign = \"never\"\n[[place]]\nkeys = [\"HR\"]\nencrypt = \"always\"\nfallback = \"hold\"\n\
         [[place]]\nkeys = [\"OPEN\"]\nencrypt = \"never\"\n",
    );
    let fate = |projects: &[&str]| {
        let projects = projects.iter().map(|key| (*key).to_owned()).collect();
        let mail = MailFacts { recipients: vec!["ann@a.example".into()], projects, ..MailFacts::default() };
        let mut facts = KeyFacts::default();
        for _ in 0..policy::sealing::ROUNDS_MAX {
            for question in policy::sealing::ask(&mail, &rules, &facts) {
                facts.answer_with_nothing(&question);
            }
        }
        let may_be_told = policy::sealing::may_be_told(&mail, &rules);
        (decide(&mail, &rules, &facts).recipients.remove(0).fate, may_be_told)
    };
    let many: Vec<String> = (0..500).map(|number| format!("P{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).chain(["HR"]).collect();
    for with_hr in [&["HR"][..], &["OPEN", "HR"], &["HR", "OPEN"], &many] {
        let (fate, may_be_told) = fate(with_hr);
        assert!(!fate.is_readable() && !may_be_told, "{with_hr:?} {fate:?}");
    }
    for without in [&[][..], &["OPEN"], &["WEB"]] {
        assert!(matches!(fate(without), (Fate::Plain { .. }, true)), "{without:?}");
    }
}

/// A chat has no keys: only what may be readable for want of one is told there.
#[test]
fn what_has_to_be_encrypted_is_told_by_no_other_way() {
    let told = |rules: &str, came_sealed| {
        let headers = mail::Headers {
            other: vec![mail::OtherField { name: "x-jira-issue".into(), value: "HR-7".into() }],
            ..mail::Headers::default()
        };
        let mail = MailFacts { headers, came_sealed, ..MailFacts::default() };
        policy::sealing::may_be_told(&mail, &read(rules))
    };
    let always = "[default]\nencrypt = \"always\"\n";
    assert!(told("", false) && !told("", true) && !told(always, false));
    let plain = format!("{always}fallback = \"send_plain\"\n");
    assert!(told(&plain, false) && !told(&plain, true));
    assert!(!told(&format!("{always}fallback = \"sign_only\"\n"), false), "nobody signs what is told a chat");
    assert!(!told("[[place]]\nkeys = [\"HR\"]\nencrypt = \"always\"\n", false));
    assert!(told("[[place]]\nkeys = [\"IT\"]\nencrypt = \"always\"\n", false));
}

#[test]
fn rules_say_for_each_recipient_whence_his_key_may_come_and_whether_it_may_be_used() {
    let rules = read(
        "[default]\norigins = [\"file\", \"wkd\"]\n[[recipient]]\naddresses = [\"bob@b.example\"]\norigins = [\"key_server\"]\n",
    );
    let recipients = vec!["ann@a.example".to_owned(), "Bob@b.example".to_owned()];
    let mail = MailFacts { now_s: 1000, recipients, ..MailFacts::default() };
    let rule = |number| KeyRule::of(&mail, &rules, number);
    let taken =
        |number| [Origin::File, Origin::Wkd, Origin::KeyServer].map(|origin| rule(number).unwrap().takes(origin));
    assert_eq!([taken(0), taken(1)], [[true, true, false], [false, false, true]]);
    assert!(rule(2).is_none(), "there is no such recipient");
    let key = Key {
        fingerprint: "9f2c".into(),
        origin: Origin::Wkd,
        algorithm: Algorithm::Rsa,
        bits: 3072,
        beside: Vec::new(),
        version: None,
        reads_seipd_v2: false,
        not_before_s: None,
        not_after_s: Some(2000),
        signs: true,
        encrypts: true,
        trust: Trust::Trusted,
    };
    let why = |number, key: &Key, now_s| rule(number).unwrap().refusal(key, now_s);
    assert_eq!(why(0, &key, 1000), None);
    assert_eq!(why(0, &key, 2001).as_deref(), Some("it has expired"));
    assert_eq!(why(1, &key, 1000).as_deref(), Some("it comes by wkd, which is not among origins"));
    let found = Key { trust: Trust::Untrusted(Distrust::NotVouched), ..key };
    assert_eq!(why(0, &found, 1000).as_deref(), Some("nobody has vouched for it"));
}
