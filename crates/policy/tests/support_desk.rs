//! The support desk that the manual builds in ten minutes: where each of its mails goes.
#![allow(clippy::unwrap_used)]

use mail::{Envelope, Limits};
use policy::{Facts, Origin, Plan, Profile, StepKind};

/// The block of the page that begins so.
fn block(begins: &str) -> String {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/ten-minutes.md")).unwrap();
    let (_, rest) = page.split_once(&format!("```{begins}")).unwrap();
    let begins = begins.split_once('\n').unwrap().1;
    format!("{begins}{}", rest.split("```").next().unwrap())
}

fn decided(mail: &str, from: &str, to: &str) -> Plan {
    let profile = Profile::from_toml("support", &block("toml\nenvironment"), "support.toml").unwrap();
    let reading = mail::read(mail.replace('\n', "\r\n").as_bytes(), &Limits::default());
    let envelope = Envelope { mail_from: Some(from.to_owned()), rcpt_to: vec![to.to_owned()], client: None };
    let mut facts = Facts { now: "2026-11-22T10:00:00Z".to_owned(), envelope, ..Facts::default() };
    loop {
        let open = policy::ask(&reading.message, &profile, &facts);
        if open.is_empty() {
            break;
        }
        open.iter().for_each(|question| facts.answer_with_nothing(question));
    }
    policy::decide(&reading.message, &reading.reply, &profile, &facts, Origin::Message("m".to_owned()), 1)
}

#[test]
fn each_mail_of_the_support_desk_goes_to_its_project() {
    for (from, to, subject, more, expected) in [
        ("ann@customer.example", "support@example.com", "Printer", "", "default - HELP Task []"),
        ("ann@customer.example", "billing@example.com", "Printer", "", r#"billing invoices BILL Task ["invoice"]"#),
        (
            "monitoring@example.com",
            "support@example.com",
            "[ALERT] disk",
            "Auto-Submitted: auto-generated\n",
            "operations alarms OPS Bug []",
        ),
        ("ann@customer.example", "support+OPS@example.com", "Printer", "", "operations - OPS Bug []"),
        // A sender chooses the address, and only what the profile knows can be reached by it.
        ("ann@customer.example", "support+BOARD@example.com", "Printer", "", "default - HELP Task []"),
        ("eve@customer.example", "support@example.com", "[ALERT] disk", "", "default - HELP Task []"),
        ("monitoring@example.com", "support@example.com", "Weekly numbers", "", "default - HELP Task []"),
        (
            "monitoring@example.com",
            "support@example.com",
            "Weekly numbers",
            "Auto-Submitted: auto-generated\n",
            "default - ignore",
        ),
    ] {
        let mail = format!("From: {from}\nTo: {to}\nSubject: {subject}\nMessage-ID: <a@x.example>\n{more}\nHello.\n");
        let plan = decided(&mail, from, to);
        let what = match plan.steps.first().map(|step| &step.kind) {
            Some(StepKind::CreateIssue { project, issue_type, set, .. }) => {
                let labels = set.iter().find_map(|one| match &one.value {
                    policy::FieldValue::Labels(labels) => Some(labels.clone()),
                    _ => None,
                });
                format!("{project} {issue_type} {:?}", labels.unwrap_or_default())
            }
            _ => plan.outcome.word().to_owned(),
        };
        let said = format!("{} {} {what}", plan.mapping, plan.rule.as_deref().unwrap_or("-"));
        assert_eq!(said, expected, "{from} {to} {subject} {more}\n{:#?}", plan.trace);
    }
}

#[test]
fn the_mail_on_trial_is_an_invoice() {
    let mail = block("eml\nFrom");
    let plan = decided(&mail, "ann@customer.example", "billing@example.com");
    assert_eq!((plan.rule.as_deref(), plan.mapping.as_str()), (Some("invoices"), "billing"));
}
