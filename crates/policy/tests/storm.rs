//! A storm of machines' mail, read and decided on as it stands: nothing of it becomes work, and none of it is answered (SEC-26).
#![allow(clippy::unwrap_used)]

use mail::{Envelope, Limits};
use policy::{Facts, Origin, Outcome, Profile, ask, decide};

/// What tempts a machine's mail to become work or to be answered: everything is accepted, and every cause is told to anybody.
const EAGER: &str = r#"
default.project = "DEMO"
default.customers = ["sender"]
default.notices = ["not_created", "uncaught", "rule", "comment_only", "too_long", "no_permission", "sender_rate", "customer"]
[notices]
to = "anyone"
per_day = 50
[limits]
sender_per_hour = 1
on_flood = "reject"
"#;

/// One mail of the storm: reports of several servers, automatic replies with and without marks, receipts, mail in bulk.
fn machine(number: usize) -> String {
    let from = format!("robot{}@host{}.example", number % 997, number % 89);
    let head = |from: &str, subject: &str, more: &str| {
        format!(
            "From: {from}\nTo: support@desk.example\nSubject: {subject}\nMessage-ID: <{number}@host.example>\n{more}"
        )
    };
    let report = |kind: &str, part: &str| {
        let more = format!(
            "MIME-Version: 1.0\nContent-Type: multipart/report; report-type={kind}; boundary=\"b\"\n\n--b\n\nA report.\n\n--b\n{part}\n\n--b--\n"
        );
        head("MAILER-DAEMON@mx.example", "Undelivered", &more)
    };
    match number % 8 {
        0 => report(
            "delivery-status",
            &format!(
                "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; {from}\nAction: failed\nStatus: 5.1.1"
            ),
        ),
        1 => report(
            "delivery-status",
            &format!(
                "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; {from}\nAction: delayed\nStatus: 4.4.1"
            ),
        ),
        2 => report(
            "disposition-notification",
            &format!(
                "Content-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; {from}\nDisposition: automatic-action/MDN-sent-automatically; displayed"
            ),
        ),
        3 => report(
            "feedback-report",
            "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: robot/1\nVersion: 1",
        ),
        4 => head(&from, "Automatic reply: DEMO-1", "Auto-Submitted: auto-replied\n\nI am away.\n"),
        5 => head(&from, "Out of office", "X-Auto-Response-Suppress: All\nX-Autoreply: yes\n\nI am away.\n"),
        6 => head(&from, "News", "Precedence: bulk\n\nNews.\n"),
        _ => head(
            "Mail Delivery Subsystem <postmaster@mx.example>",
            "failure notice",
            &format!("Auto-Submitted: auto-generated\n\n<{from}>:\n550 5.1.1 user unknown\n"),
        ),
    }
}

#[test]
fn sec_26_a_storm_of_10_000_reports_and_automatic_replies_makes_nothing_and_is_answered_by_nothing() {
    const MAILS: usize = 10_000;
    let profile = Profile::from_toml("p", EAGER, "p.toml").unwrap();
    let limits = Limits::default();
    for number in 0..MAILS {
        let raw = machine(number).replace('\n', "\r\n");
        let reading = mail::read(raw.as_bytes(), &limits);
        // Some came by way of a mailbox, which has lost the envelope; the others name who sent them, as good machines do not.
        let mut facts = Facts { now: "2026-11-22T10:00:00Z".to_owned(), ..Facts::default() };
        if number % 3 == 0 {
            let mail_from = Some("robot@host.example".to_owned());
            facts.envelope = Envelope { mail_from, rcpt_to: vec!["support@desk.example".to_owned()], client: None };
        }
        loop {
            let open = ask(&reading.message, &profile, &facts);
            if open.is_empty() {
                break;
            }
            for question in &open {
                facts.answer_with_nothing(question);
            }
        }
        let plan = decide(&reading.message, &reading.reply, &profile, &facts, Origin::Message("m".to_owned()), 1);
        let nothing = (plan.steps.len(), plan.letters.len()) == (0, 0);
        let stopped = matches!(plan.outcome, Outcome::Ignore | Outcome::Hold);
        assert!(nothing && stopped, "{raw}\n{:?} {:#?}", plan.outcome, plan.trace);
    }
}
