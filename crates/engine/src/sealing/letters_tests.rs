//! Whatever a sealer says, a letter goes readable by its decision alone.

#![allow(clippy::unwrap_used)]
use super::*;
use policy::sealing::{Suite, Trace};

const LETTER: &[u8] =
    b"From: <desk@x.example>\r\nTo: <ann@y.example>\r\nSubject: [HR-7] Planted\r\nMessage-ID: <1@x.example>\r\n\
    X-Sealpost-Letter: bulletin\r\nList-Id: \"HR-7\" <HR-7.north.x.example>\r\n\r\nPlanted words.\r\n";

/// Says what it is told to, and seals by turning the mail around.
struct Says {
    fate: Result<Fate, Fault>,
    done: Result<Result<(), String>, Fault>,
}

impl LetterSealer for Says {
    fn headers<'a>(&'a self, mail: &'a [u8]) -> BoxFuture<'a, Result<Headers, Fault>> {
        Box::pin(async move { Ok(mail::read(mail, &mail::Limits::default()).message.headers) })
    }

    fn plan<'a>(&'a self, _: &'a MailFacts) -> BoxFuture<'a, Result<Planned, Fault>> {
        let plan = |fate| RecipientPlan { recipient: 0, fate, trace: Trace::default() };
        let plan = move |fate| Planned { plan: plan(fate), beyond: Beyond::default() };
        Box::pin(async move { self.fate.clone().map(plan) })
    }

    fn may_be_told<'a>(&'a self, _: &'a MailFacts) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async { Ok(false) })
    }

    fn seal<'a>(
        &'a self,
        mail: &'a [u8],
        _: &'a str,
        _: &'a Seal,
        _: &'a Beyond,
    ) -> BoxFuture<'a, Result<Result<Vec<u8>, String>, Fault>> {
        let sealed = || mail.iter().rev().copied().collect();
        Box::pin(async move { Ok(self.done.clone()?.map(|()| sealed())) })
    }
}

fn seal(outer_subject: Option<&str>) -> Seal {
    Seal {
        scheme: Scheme::Smime,
        sign: None,
        encrypt_to: vec!["9f2c".into()],
        suite: Suite::default(),
        protect_header: true,
        outer_subject: outer_subject.map(str::to_owned),
        opaque: false,
        footer: None,
        why: "it has to be encrypted".into(),
    }
}

fn notice(kind: NoticeKind, sign: Option<(Scheme, String)>) -> Fate {
    let (language, subject, text) = ("en".to_owned(), "A message".to_owned(), "Look there.".to_owned());
    Fate::Notice(Notice { kind, language, subject, text, sign, suite: Suite::default(), why: "no key".into() })
}

fn nature() -> LetterNature {
    LetterNature {
        site: "north".into(),
        kind: "event",
        issue_key: "HR-7".into(),
        link: Some("https://j.example/browse/HR-7".into()),
        ..LetterNature::default()
    }
}

async fn of(fate: Result<Fate, Fault>, done: Result<Result<(), String>, Fault>) -> Result<SealedLetter, Fault> {
    let envelope = Envelope { rcpt_to: vec!["ann@y.example".into()], ..Envelope::default() };
    sealed(&Says { fate, done }, &nature(), &envelope, (1_000, Duration::from_secs(7200)), LETTER).await
}

fn fault(kind: FaultKind) -> Fault {
    Fault { kind, ..Fault::temporary(FaultCode::CellDied, "whatever") }
}

#[tokio::test]
async fn only_the_decision_lets_a_letter_out_as_it_is() {
    let why = || "a rule".to_owned();
    let fates = [
        Fate::Seal(seal(Some("[...]"))),
        notice(NoticeKind::LinkOnly, Some((Scheme::Pgp, "ab".into()))),
        Fate::Hold { why: why() },
        Fate::Refuse { why: why() },
        Fate::Plain { why: why() },
    ];
    let faults = [FaultKind::Temporary, FaultKind::Permanent, FaultKind::Unknown].map(fault);
    for fate in &fates {
        let is_plain = matches!(fate, Fate::Plain { .. });
        for done in faults.iter().cloned().map(Err).chain([Ok(Ok(())), Ok(Err("it is malformed".to_owned()))]) {
            let letter = of(Ok(fate.clone()), done.clone()).await;
            let went = letter.as_ref().is_ok_and(|letter| letter.mail.is_none());
            assert_eq!(went, is_plain, "{fate:?} {done:?}");
            if let Ok(SealedLetter { mail: Some(mail), .. }) = &letter {
                assert!(done == Ok(Ok(())) && !mail.windows(7).any(|piece| piece == b"Planted"), "{fate:?}");
            }
            if let (Err(fault), false) = (&letter, matches!(fate, Fate::Refuse { .. })) {
                assert_eq!(fault.kind, FaultKind::Temporary, "{fate:?}: nothing of ours ends a letter");
            }
        }
    }
    for fault in faults {
        assert_eq!(of(Err(fault), Ok(Ok(()))).await.unwrap_err().kind, FaultKind::Temporary);
    }
}

#[tokio::test]
async fn a_letter_for_several_is_decided_for_none() {
    let rcpt_to = vec!["ann@y.example".into(), "bob@y.example".into()];
    let says = Says { fate: Ok(Fate::Plain { why: String::new() }), done: Ok(Ok(())) };
    let envelope = Envelope { rcpt_to, ..Envelope::default() };
    assert!(sealed(&says, &nature(), &envelope, (1_000, Duration::ZERO), LETTER).await.is_err());
}

#[tokio::test]
async fn what_waits_says_why_and_when_it_is_asked_again() {
    let held = of(Ok(Fate::Hold { why: "no key may be used".into() }), Ok(Ok(()))).await.unwrap_err();
    assert_eq!((held.code, held.retry_after_s), (FaultCode::SealingHeld, Some(720)), "a tenth of its age");
    assert!(held.public.contains("no key may be used"), "{held}");
    assert_eq!(waits("", Duration::ZERO).retry_after_s, Some(60));
    assert_eq!(waits("", Duration::from_secs(1_000_000)).retry_after_s, Some(900));
    let refused = of(Ok(Fate::Refuse { why: "a rule".into() }), Ok(Ok(()))).await.unwrap_err();
    assert_eq!((refused.code, refused.kind), (FaultCode::SealingRefused, FaultKind::Permanent));
}

#[tokio::test]
async fn the_key_of_an_issue_stands_within_alone_where_the_subject_is_hidden() {
    let sealed = |subject| async move {
        let letter = of(Ok(Fate::Seal(seal(subject))), Ok(Ok(()))).await.unwrap();
        let mail: Vec<u8> = letter.mail.unwrap().into_iter().rev().collect();
        String::from_utf8(mail).unwrap()
    };
    assert!(sealed(Some("[...]")).await.contains("\r\nList-Id: <north.x.example>\r\n"));
    assert!(sealed(None).await.contains("<HR-7.north.x.example>"), "the subject says it anyhow");
}

#[tokio::test]
async fn a_notice_leads_to_the_issue_unless_the_rules_lead_elsewhere() {
    let text = |kind, text: &str| {
        let Fate::Notice(notice) = notice(kind, None) else { panic!("a notice") };
        let notice = Fate::Notice(Notice { text: text.to_owned(), ..notice });
        async move { String::from_utf8(of(Ok(notice), Ok(Ok(()))).await.unwrap().mail.unwrap()).unwrap() }
    };
    let link = "https://j.example/browse/HR-7";
    assert!(text(NoticeKind::LinkOnly, "Look there.").await.contains(link));
    assert!(!text(NoticeKind::LinkOnly, "See https://other.example/").await.contains(link));
    assert!(!text(NoticeKind::ProblemReport, "It could not be encrypted.").await.contains(link));
}

#[test]
fn rules_are_told_of_a_letter_by_us_and_not_by_its_own_header() {
    let headers = mail::read(LETTER, &mail::Limits::default()).message.headers;
    let nature =
        LetterNature { mapping: "comments".into(), came_sealed: true, projects: vec!["HR".into()], ..nature() };
    let facts = nature.facts(headers, &Envelope::default(), 7);
    let of = |name: &str| {
        let found = facts.headers.other.iter().filter(|field| field.name == name);
        found.map(|field| field.value.as_str()).collect::<Vec<_>>()
    };
    assert_eq!((of(KIND_FIELD), of(MAPPING_FIELD), of(ISSUE_FIELD)), (vec!["event"], vec!["comments"], vec!["HR-7"]));
    assert_eq!(
        (facts.site.as_str(), facts.came_sealed, facts.projects.as_slice()),
        ("north", true, &["HR".to_owned()][..])
    );
    let of_mail = LetterNature { issue_key: String::new(), mapping: String::new(), ..nature };
    let facts = of_mail.facts(Headers::default(), &Envelope::default(), 7);
    assert_eq!(facts.headers.other.len(), 1, "what is not known is not said");
}
