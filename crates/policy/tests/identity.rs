//! SEC-03: ways to write From so that different readers see different authors; none of them lends anybody's part in an issue.
#![allow(clippy::unwrap_used)]

use mail::Limits;
use mail::authenticity::{Authenticity, Verdict};
use policy::decide::author;
use policy::{Facts, IssueFacts, Origin, Outcome, Plan, Profile, Question, StepKind, Thread};

/// Header lines that try to pass for boss@corp.example, who takes part in DEMO-1; only the last ones are his own.
const FORGED: &[&[u8]] = &[
    b"From: eve@evil.example\r\nFrom: boss@corp.example\r\n",
    b"From: boss@corp.example\r\nFrom: eve@evil.example\r\n",
    b"From: boss@corp.example, eve@evil.example\r\n",
    b"From: eve@evil.example,\r\n boss@corp.example\r\n",
    b"From: \"boss@corp.example\" <eve@evil.example>\r\n",
    b"From: boss@corp.example <eve@evil.example>\r\n",
    b"From: \"boss@corp.example\"@evil.example\r\n",
    b"From: <boss@corp.example@evil.example>\r\n",
    b"From: <@corp.example,@boss:eve@evil.example>\r\n",
    b"From: (boss@corp.example) eve@evil.example\r\n",
    b"From: eve@evil.example (boss@corp.example)\r\n",
    b"From: boss: eve@evil.example, boss@corp.example;\r\n",
    b"From: =?utf-8?b?Ym9zc0Bjb3JwLmV4YW1wbGU=?= <eve@evil.example>\r\n",
    b"From: =?utf-8?b?Ym9zc0Bjb3JwLmV4YW1wbGUA?=@evil.example\r\n",
    b"From: =?utf-8?q?=22boss=40corp.example=22?= <eve@evil.example>\r\n",
    b"From: boss@corp.example\0@evil.example\r\n",
    b"From: \r\n eve@evil.example\r\n",
    b"From: <boss@corp.example>, <eve@evil.example>\r\n",
    b"From: <boss@corp.example> <eve@evil.example>\r\n",
    b"From: boss@corp.example eve@evil.example\r\n",
    b"From: eve@evil.example <boss@corp.example> <eve@evil.example>\r\n",
    b"From: eve@evil.example\r\nSender: boss@corp.example\r\n",
    b"From: eve@evil.example\r\nReply-To: boss@corp.example\r\nX-Original-From: boss@corp.example\r\n",
    "From: boss＠corp.example <eve@evil.example>\r\n".as_bytes(),
    b"From: boss@corp.examp1e\r\n",
    b"From: boss@corp\xe2\x80\xa4example\r\n",
    b"From:\r\nSender: boss@corp.example\r\n",
    b"From boss@corp.example\r\nSender: boss@corp.example\r\n",
    b"Resent-From: boss@corp.example\r\n",
    b"",
];

const OWN: &[&[u8]] = &[
    b"From: boss@corp.example\r\n",
    b"From: The Boss <Boss@Corp.Example>\r\n",
    b"From: =?utf-8?q?The_B=C3=B6ss?= <boss@corp.example>\r\n",
];

/// The plan for a mail with these header lines that answers a known message of DEMO-1 and names it in the subject.
fn plan(head: &[u8]) -> Plan {
    let rest =
        b"To: support@example.com\r\nSubject: Re: [DEMO-1] Pay\r\nIn-Reply-To: <old@corp.example>\r\n\r\nPay.\r\n";
    let reading = mail::read(&[head, rest].concat(), &Limits::default());
    let profile = Profile::from_toml("p", "default.project = \"DEMO\"\n", "p.toml").unwrap();
    let issue = IssueFacts {
        id: "1".to_owned(),
        key: "DEMO-1".to_owned(),
        people: vec!["boss@corp.example".to_owned()],
        ..IssueFacts::default()
    };
    let mut facts = Facts {
        thread: Some(Thread::Issue { message_id: "old@corp.example".to_owned(), issue_id: "1".to_owned() }),
        seen_before: Some(Vec::new()),
        issues: vec![("1".to_owned(), Some(issue.clone())), ("DEMO-1".to_owned(), Some(issue))],
        ..Facts::default()
    };
    for question in policy::ask(&reading.message, &profile, &facts) {
        match question {
            Question::Involved { issue_id, address } => facts.involved.push((issue_id, address, false)),
            Question::Traffic { .. } => facts.answer_with_nothing(&question),
            other => panic!("{other:?} is answered already"),
        }
    }
    policy::decide(&reading.message, &reading.reply, &profile, &facts, Origin::Message("m1".to_owned()), 1)
}

#[test]
fn sec_03_no_way_to_write_from_lends_anothers_part() {
    for head in FORGED {
        let plan = plan(head);
        let shown = String::from_utf8_lossy(head);
        assert_eq!(plan.outcome, Outcome::Create, "{shown}: {plan:#?}");
        for step in &plan.steps {
            let StepKind::CreateIssue { body, .. } = &step.kind else { continue };
            let author = body.author.as_ref().map(|author| author.address.as_str());
            assert_ne!(author, Some("boss@corp.example"), "{shown}");
            let name = body.author.as_ref().and_then(|author| author.name.as_deref()).unwrap_or_default();
            assert!(!name.contains("boss"), "{shown}: {name}");
        }
    }
}

#[test]
fn a_plain_author_keeps_his_part() {
    for head in OWN {
        let plan = plan(head);
        assert_eq!(plan.outcome, Outcome::Comment, "{}: {plan:#?}", String::from_utf8_lossy(head));
    }
}

/// Whose mail with these header lines is, where a form is proved that may write for others.
fn whose(head: &str) -> Option<String> {
    let profile = "reply_to_from = \"form@corp.example\"\ndefault.project = \"DEMO\"\n";
    let profile = Profile::from_toml("p", profile, "p.toml").unwrap();
    let reading = mail::read(format!("{head}\r\n\r\nPay.\r\n").as_bytes(), &Limits::default());
    let proof = Authenticity {
        verdict: Verdict::Authentic,
        address: Some("form@corp.example".to_owned()),
        ..Authenticity::default()
    };
    author(&reading.message, &profile, &Facts { authenticity: Some(proof), ..Facts::default() })
}

#[test]
fn the_author_is_the_one_who_wrote_or_for_whom_a_form_writes() {
    assert_eq!(whose("From: The Boss <Boss@Corp.Example>").as_deref(), Some("boss@corp.example"));
    assert_eq!(
        whose("From: form@corp.example\r\nReply-To: Ann <Ann@B\u{fc}cher.example>").as_deref(),
        Some("ann@b\u{fc}cher.example"),
        "counting the form's mail would let one user spend what all others may send"
    );
    assert_eq!(whose("From: form@corp.example").as_deref(), Some("form@corp.example"));
    assert_eq!(whose("From: eve@evil.example\r\nReply-To: ann@corp.example").as_deref(), Some("eve@evil.example"));
    assert_eq!(whose("From: a@corp.example, b@corp.example"), None);
}

#[test]
fn an_address_shows_in_an_issue_however_it_is_written() {
    let people = vec!["Ann@Example.org".to_owned(), " bob@xn--bcher-kva.example".to_owned()];
    let issue = IssueFacts { people, ..IssueFacts::default() };
    assert!(issue.shows("ann@example.org") && issue.shows("bob@b\u{fc}cher.example"));
    assert!(!issue.shows("carol@example.org"));
}
