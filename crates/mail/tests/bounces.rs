//! Failed deliveries, complaints and receipts: what is one, what is none, and the score on the shared corpus.
#![allow(clippy::unwrap_used)]

use mail::{AutomaticKind, BounceCause, Limits, Message};
use std::collections::HashMap;
use std::path::Path;

fn read(raw: &str) -> Message {
    mail::read(raw.as_bytes(), &Limits::default()).message
}

/// A notice in words alone, without any machine-readable part.
fn notice(subject: &str, text: &str) -> Message {
    read(&format!(
        "From: Mail Delivery System <MAILER-DAEMON@mx.example.net>\nTo: desk@example.com\nSubject: {subject}\n\n{text}\n"
    ))
}

fn facts(message: &Message) -> Vec<(String, Option<String>, bool, Option<BounceCause>)> {
    let bounce = message.bounce.as_ref().unwrap();
    bounce.recipients.iter().map(|r| (r.address.clone(), r.status.clone(), r.permanent, r.cause)).collect()
}

fn fact(
    address: &str,
    status: &str,
    permanent: bool,
    cause: BounceCause,
) -> (String, Option<String>, bool, Option<BounceCause>) {
    (address.to_owned(), Some(status.to_owned()), permanent, Some(cause))
}

/// Plain notices in the words of servers: name, subject, text, and the status that is reported or derived.
const GONE: &[(&str, &str, &str, &str)] = &[
    (
        "QQ",
        "系统退信",
        "来自desk@example.com的退信\n\n您发送到gone@example.net的邮件被退回，原因：收件人邮箱地址不存在，邮件无法送达。\n",
        "5.1.1",
    ),
    (
        "an alias",
        "Returned mail",
        "   ----- The following addresses had permanent fatal errors -----\n<gone@example.net>\n    (expanded from: \
         <alias@example.org>)\n\nno such user\nPlease reply to postmaster@example.net\n",
        "5.1.1",
    ),
    (
        "Postfix, on one line",
        "Undelivered Mail Returned to Sender",
        "<gone@example.net>: host mx.example.net[192.0.2.1] said: 550 User unknown (in reply to RCPT TO command)\n",
        "5.1.1",
    ),
    (
        "qmail",
        "failure notice",
        "Hi. This is the qmail-send program at mx.example.net.\nI'm afraid I wasn't able to deliver your message to \
             the following addresses.\nThis is a permanent error; I've given up.\n\n<gone@example.net>:\nSorry, no \
             mailbox here by that name. (#5.1.1)\n\n--- Below this line is a copy of the message.\n\nFrom: \
             desk@example.com\nMessage-ID: <letter-7@example.com>\n",
        "5.1.1",
    ),
    (
        "exim",
        "Mail delivery failed: returning message to sender",
        "This message was created automatically by mail delivery software.\n\nA message that you sent could not be \
             delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) \
             failed:\n\n  gone@example.net\n    SMTP error from remote mail server after RCPT \
             TO:<gone@example.net>:\n    host mx.example.net [192.0.2.1]: 550 unknown user\n",
        "5.1.1",
    ),
    (
        "sendmail",
        "Returned mail: User unknown",
        "   ----- The following addresses had permanent fatal errors -----\n<gone@example.net>\n\n   ----- \
             Transcript of session follows -----\n... while talking to mx.example.net.:\n>>> RCPT \
             To:<gone@example.net>\n<<< 550 <gone@example.net>... User unknown\n550 <gone@example.net>... User unknown\n",
        "5.1.1",
    ),
    (
        "Exchange, in German",
        "Unzustellbar: Drucker",
        "Ihre Nachricht konnte nicht zugestellt werden.\n\ngone@example.net\nDer Empfänger wurde nicht gefunden.\n",
        "5.1.1",
    ),
    (
        "in French",
        "Non remis : Imprimante",
        "Votre message n'a pas pu être remis au destinataire gone@example.net : utilisateur inconnu\n",
        "5.1.1",
    ),
    (
        "in Spanish",
        "No se puede entregar: Impresora",
        "No se pudo entregar el mensaje a gone@example.net: el usuario no existe\n",
        "5.1.1",
    ),
    (
        "in Japanese",
        "配信エラー",
        "メールを配信できませんでした。\n<gone@example.net>\n宛先のメールアドレスが存在しません。\n",
        "5.1.1",
    ),
    ("in Chinese", "退信", "您的邮件无法投递。\ngone@example.net\n收件人邮箱不存在\n", "5.1.1"),
    (
        "in Russian",
        "Недоставленное сообщение",
        "Письмо не может быть доставлено:\n\ngone@example.net\n  Пользователь не найден\n",
        "5.1.1",
    ),
    (
        "Domino",
        "DELIVERY FAILURE: User gone not listed in Domino Directory",
        "Your message could not be delivered to:\n\ngone@example.net\n\nbecause:\n\nUser gone (gone@example.net) not \
             listed in Domino Directory\n",
        "5.1.1",
    ),
    (
        "GroupWise",
        "Message status - undeliverable",
        "The message that you sent was undeliverable to the following:\n\tgone@example.net (user not found)\n",
        "5.1.1",
    ),
];

/// The plain notices of servers in the words of their manuals and sources.
#[test]
fn notices_in_words() {
    for (name, subject, text, status) in GONE {
        let message = notice(subject, text);
        assert!(message.bounce.is_some(), "{name}");
        let expected = fact("gone@example.net", status, true, BounceCause::AddressUnknown);
        assert_eq!(facts(&message), [expected], "{name}");
        assert_eq!(message.automatic.as_ref().unwrap().kind, AutomaticKind::Bounce, "{name}");
    }
}

#[test]
fn notices_of_other_fates() {
    for (name, subject, text, expected) in [
        (
            "a full box",
            "Undelivered Mail Returned to Sender",
            "<gone@example.net>: mailbox is full\n",
            vec![fact("gone@example.net", "5.2.2", false, BounceCause::MailboxFull)],
        ),
        (
            "no such domain",
            "Undeliverable mail",
            "gone@example.invalid\n    Unrouteable address\n",
            vec![fact("gone@example.invalid", "5.1.2", true, BounceCause::HostUnknown)],
        ),
        (
            "too slow",
            "Warning: message delayed 24 hours",
            "A message that you sent has not yet been delivered to:\n  slow@example.net\n  host mx [192.0.2.1]: \
             Connection timed out\nNo action is required on your part.\n",
            vec![fact("slow@example.net", "4.4.7", false, BounceCause::Unreachable)],
        ),
        (
            "two recipients of different fate",
            "Delivery Status Notification (Failure)",
            "An error has occurred while attempting to deliver a message for the following list of \
             recipients:\n\nfull@example.net: 552 5.2.2 Mailbox full\ngone@example.net: 550 5.1.1 No such user\n",
            vec![
                fact("full@example.net", "5.2.2", false, BounceCause::MailboxFull),
                fact("gone@example.net", "5.1.1", true, BounceCause::AddressUnknown),
            ],
        ),
    ] {
        let message = notice(subject, text);
        assert!(message.bounce.is_some(), "{name}");
        assert_eq!(facts(&message), expected, "{name}");
    }
    let copied = notice(
        "failure notice",
        "<gone@example.net>:\nuser unknown\n--- Below this line is a copy of the message.\nMessage-ID: <letter-7@example.com>\n",
    );
    assert_eq!(copied.bounce.unwrap().returned_message_id.as_deref(), Some("letter-7@example.com"));
}

fn report(groups: &str, told: &str) -> Message {
    read(&format!(
        "From: MAILER-DAEMON@mx.example.net\nTo: desk@example.com\nSubject: Delivery Status Notification\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=r\n\n--r\n\n{told}\n--r\n\
         Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n{groups}\n--r\n\
         Content-Type: message/rfc822\n\nMessage-ID: <letter-7@example.com>\nSubject: x\n\nx\n--r--\n"
    ))
}

#[test]
fn the_address_that_was_written_to_counts() {
    let message = report(
        "Original-Recipient: rfc822;ann@example.net\nFinal-Recipient: rfc822;ann.lee@example.org\nAction: failed\nStatus: 5.1.1\n",
        "",
    );
    let bounce = message.bounce.unwrap();
    assert_eq!(bounce.recipients[0].address, "ann@example.net");
    assert_eq!(bounce.recipients[0].forwarded_to.as_deref(), Some("ann.lee@example.org"));
    assert_eq!(bounce.returned_message_id.as_deref(), Some("letter-7@example.com"));
}

#[test]
fn what_is_no_failure_is_not_permanent() {
    for action in ["delayed", "delivered", "relayed", "expanded"] {
        let groups = format!("Final-Recipient: rfc822; ann@example.net\nAction: {action}\nStatus: 5.1.1\n");
        let bounce = report(&groups, "").bounce.unwrap();
        assert_eq!(bounce.recipients[0].action.as_deref(), Some(action));
        assert!(!bounce.recipients[0].permanent, "{action}");
    }
    let delivered =
        report("Final-Recipient: rfc822; ann@example.net\nAction: delivered (to mailbox)\nStatus: 2.0.0\n", "");
    assert_eq!(delivered.bounce.unwrap().recipients[0].cause, None);
}

#[test]
fn a_status_is_derived_where_none_is_told() {
    let status = |groups: &str, told: &str| report(groups, told).bounce.unwrap().recipients[0].status.clone();
    let group = |more: &str| format!("Final-Recipient: rfc822; ann@example.net\nAction: failed\n{more}\n");
    assert_eq!(status(&group("Diagnostic-Code: smtp; 552 Mailbox full"), "").as_deref(), Some("5.2.2"));
    assert_eq!(status(&group("Diagnostic-Code: smtp; 452 over quota"), "").as_deref(), Some("4.2.2"));
    assert_eq!(status(&group("Diagnostic-Code: smtp; 550 hm"), "").as_deref(), Some("5.0.0"));
    assert_eq!(status(&group("Diagnostic-Code: X-Notes; user not found in directory"), "").as_deref(), Some("5.1.1"));
    assert_eq!(status(&group("Status: 5.0.0\nDiagnostic-Code: smtp; 550 5.2.2 full"), "").as_deref(), Some("5.2.2"));
    assert_eq!(status(&group("Status: 5.0.0"), "ann@example.net: 550 5.1.1 no such user").as_deref(), Some("5.1.1"));
    assert_eq!(status(&group("Status: 5.1.1 (bad destination mailbox address)"), "").as_deref(), Some("5.1.1"));
}

#[test]
fn source_routes_types_and_comments_go() {
    for named in [
        "rfc822;@relay.example:ann@example.net",
        "RFC822; <ann@example.net>",
        "ann@example.net",
        "rfc822;rfc822;ann@example.net",
    ] {
        let bounce = report(&format!("Final-Recipient: {named}\nStatus: 5.1.1\n"), "").bounce.unwrap();
        assert_eq!(bounce.recipients[0].address, "ann@example.net", "{named}");
    }
}

#[test]
fn recipients_are_bounded() {
    let groups: String =
        (0..3000).map(|n| format!("Final-Recipient: rfc822; a{n}@example.net\nStatus: 5.1.1\n\n")).collect();
    assert!(report(&groups, "").bounce.unwrap().recipients.len() <= 1001);
    let lines: String = (0..3000).map(|n| format!("<a{n}@example.net>: 550 5.1.1 user unknown\n")).collect();
    assert!(notice("Undelivered Mail", &lines).bounce.unwrap().recipients.len() <= 1000);
}

#[test]
fn what_is_no_bounce() {
    let quoted = "\n> From: MAILER-DAEMON@mx.example.net\n> Your message could not be delivered: <gone@example.net>: 550 5.1.1 User unknown\n";
    for (name, raw) in [
        ("a reply that quotes one", format!("From: ann@example.org\nTo: desk@example.com\nSubject: Re: Undelivered Mail Returned to Sender\nIn-Reply-To: <a@b>\n\nDo you know why?\n{quoted}")),
        ("a question about one", format!("From: ann@example.org\nTo: desk@example.com\nSubject: Undelivered mail\n\nI got this, please help:\n{quoted}")),
        ("a postmaster who answers", format!("From: Postmaster <postmaster@example.org>\nTo: desk@example.com\nSubject: Re: delivery failed\nIn-Reply-To: <a@b>\n\nWe fixed it, mail could not be delivered because the disk was full (452 4.3.1).\n{quoted}")),
        (
            "a postmaster who passes a report on",
            format!("From: postmaster@example.org\nTo: desk@example.com\nSubject: Fwd: delivery failed\n\nLook:\n> Final-Recipient: rfc822; gone@example.net\n> Action: failed\n> Status: 5.1.1\n{quoted}"),
        ),
        ("an absence note that speaks of delays", "Return-Path: <>\nFrom: ann@example.org\nTo: desk@example.com\nSubject: Automatic reply: Printer\nX-Auto-Response-Suppress: All\n\nMy answer will be delayed. In urgent cases unable to deliver 550 5.1.1 write to bob@example.org\n".to_owned()),
        ("an absence note of an account called like a daemon", "Return-Path: <>\nFrom: Mail Administrator <postmaster@example.org>\nAuto-Submitted: auto-replied\nX-Autoreply: yes\nSubject: Re: Undelivered Mail\nTo: desk@example.com\n\nI am away.\n".to_owned()),
        ("a newsletter about delivery", "From: Postmaster Tools <postmaster@news.example.org>\nList-Unsubscribe: <mailto:u@example.org>\nTo: desk@example.com\nSubject: Ten reasons why mail is undeliverable\n\nWhen a message could not be delivered with 550 5.1.1 User unknown, remove the address: gone@example.net\n".to_owned()),
        ("a delivery of goods", "From: no-reply@shop.example.org\nTo: desk@example.com\nSubject: Your delivery is delayed\n\nYour parcel could not be delivered today.\n".to_owned()),
        (
            "a parcel",
            "From: Royal Mail Delivery <no-reply@post.example.org>\nTo: desk@example.com\nSubject: Your parcel could not be delivered\n\nIt is delayed. To contact us, write to help@post.example.org, desk@example.com.\n".to_owned(),
        ),
        ("a forwarded report", format!("From: ann@example.org\nTo: desk@example.com\nSubject: Fwd: Delivery failure\nContent-Type: multipart/mixed; boundary=m\n\n--m\n\nLook:\n--m\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; gone@example.net\nAction: failed\nStatus: 5.1.1\n--m--\n{quoted}")),
        ("a report as attachment", "From: ann@example.org\nTo: desk@example.com\nSubject: Look\nContent-Type: multipart/mixed; boundary=m\n\n--m\n\nLook:\n--m\nContent-Type: message/rfc822\n\nFrom: MAILER-DAEMON@mx\nContent-Type: multipart/report; boundary=r\n\n--r\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; gone@example.net\nStatus: 5.1.1\n--r--\n--m--\n".to_owned()),
    ] {
        let message = read(&raw);
        assert_eq!(message.bounce, None, "{name}");
        assert_ne!(message.automatic.map(|a| a.kind), Some(AutomaticKind::Bounce), "{name}");
    }
}

#[test]
fn complaints() {
    let message = read(
        "From: feedback@isp.example\nTo: desk@example.com\nSubject: FW: Printer\nContent-Type: multipart/report; report-type=feedback-report; boundary=r\n\n\
         --r\n\nThis is an abuse report.\n--r\nContent-Type: message/feedback-report\n\nFeedback-Type: abuse\nUser-Agent: SomeGenerator/1.0\nVersion: 1\n\
         Original-Mail-From: <desk@example.com>\nOriginal-Rcpt-To: <ann@example.net>\nOriginal-Rcpt-To: <bob@example.net>\nSource-IP: 192.0.2.1\n\
         --r\nContent-Type: message/rfc822\n\nMessage-ID: <letter-7@example.com>\nSubject: Printer\n\nx\n--r--\n",
    );
    let feedback = message.feedback.unwrap();
    assert_eq!(feedback.kind, "abuse");
    assert_eq!(feedback.recipients, ["ann@example.net", "bob@example.net"]);
    assert_eq!(feedback.source_ip.as_deref(), Some("192.0.2.1"));
    assert_eq!(feedback.message_id.as_deref(), Some("letter-7@example.com"));
    assert_eq!(message.automatic.unwrap().kind, AutomaticKind::FeedbackReport);
    assert_eq!(message.bounce, None);
}

#[test]
fn receipts() {
    let message = read(
        "From: ann@example.net\nTo: desk@example.com\nSubject: Read: Printer\nContent-Type: multipart/report; report-type=disposition-notification; boundary=r\n\n\
         --r\n\nYour message was displayed.\n--r\nContent-Type: message/disposition-notification\n\nReporting-UA: example; 1.0\n\
         Original-Recipient: rfc822;ann@example.net\nFinal-Recipient: rfc822;ann.lee@example.org\nOriginal-Message-ID: <letter-7@example.com>\n\
         Disposition: automatic-action/MDN-sent-automatically; Deleted/error\n--r--\n",
    );
    let receipt = message.receipt.unwrap();
    assert_eq!(receipt.disposition, "deleted");
    assert_eq!(receipt.recipient.as_deref(), Some("ann@example.net"));
    assert_eq!(receipt.message_id.as_deref(), Some("letter-7@example.com"));
    assert_eq!(message.automatic.unwrap().kind, AutomaticKind::ReadReceipt);
    assert_eq!(message.bounce, None);
}

#[derive(serde::Deserialize)]
struct Wanted {
    reason: String,
    hardbounce: bool,
}

/// Counts of one corpus: bounces found and missed, false alarms, recipients whose permanence is right, all recipients.
#[derive(Default)]
struct Score {
    hit: usize,
    missed: usize,
    false_alarms: usize,
    right: usize,
    recipients: usize,
}

#[test]
fn score_on_the_shared_corpus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let Some(shared) = rig::shared::folder(&root, &rig::shared::this_test()) else { return };
    let base = shared.join("corpora/sisimai_set_of_emails");
    let rows = std::fs::read_to_string(base.join("expected_public.json")).unwrap();
    let rows: HashMap<String, Vec<Wanted>> = serde_json::from_str(&rows).unwrap();
    let mut score = Score::default();
    for (name, wanted) in &rows {
        let Ok(raw) = std::fs::read(base.join(name)) else { continue };
        if wanted.iter().any(|w| w.reason == "delivered") {
            continue;
        }
        let bounce = mail::read(&raw, &Limits::default()).message.bounce;
        let is_bounce = !wanted.iter().any(|w| w.reason == "feedback" || w.reason == "vacation");
        match bounce {
            Some(_) if !is_bounce => score.false_alarms += 1,
            None if is_bounce => score.missed += 1,
            Some(bounce) => {
                score.hit += 1;
                score.recipients += wanted.len();
                let hard = |flags: Vec<bool>| flags.iter().filter(|f| **f).count();
                let got = bounce.recipients.iter().map(|r| r.permanent).collect::<Vec<_>>();
                let (all, got_hard) = (got.len(), hard(got));
                let want_hard = hard(wanted.iter().map(|w| w.hardbounce).collect());
                score.right += want_hard.min(got_hard) + (wanted.len() - want_hard).min(all - got_hard);
            }
            None => {}
        }
    }
    let ratio = |part: usize, whole: usize| part as f64 / whole as f64;
    let recall = ratio(score.hit, score.hit + score.missed);
    let precision = ratio(score.hit, score.hit + score.false_alarms);
    let permanence = ratio(score.right, score.recipients);
    println!("bounces: recall {recall:.3}, precision {precision:.3}, permanence {permanence:.3}");
    assert!(score.hit > 250, "only {} bounces found", score.hit);
    assert!(recall >= 0.97 && precision >= 0.99 && permanence >= 0.945, "{recall} {precision} {permanence}");
}

/// Found by the fuzz target: NUL cannot even be stored, and an address without it could be another person's.
#[test]
fn addresses_with_control_characters_are_none() {
    let groups = "Final-Recipient: rfc822; ann@\u{0}\u{6}example.org\nStatus: 5.1.1\n\n\
                  Final-Recipient: rfc822; bob@example.org\nStatus: 5.1.1\n";
    let message = report(groups, "The following address failed:");
    let bounce = message.bounce.unwrap();
    assert_eq!(bounce.recipients.iter().map(|r| r.address.as_str()).collect::<Vec<_>>(), ["bob@example.org"]);
}
