//! What holds for every report of a delivery: few recipients, each with an address and a status that is one.

use mail::Limits;

/// As many recipients as one report may name.
const RECIPIENTS_MAX: usize = 1000;

/// The input is a mail; it is read as it stands, and as what a mail server says.
pub fn check(input: &[u8]) {
    let head: &[u8] =
        b"Return-Path: <>\r\nFrom: MAILER-DAEMON@example.org\r\nSubject: Undelivered Mail Returned to Sender\r\n\r\n";
    for raw in [input, &[head, input].concat()] {
        let message = mail::read(raw, &Limits::default()).message;
        let Some(bounce) = &message.bounce else { continue };
        assert!(message.automatic.is_some(), "a bounce is automatic mail");
        assert!(bounce.recipients.len() <= RECIPIENTS_MAX, "{} recipients", bounce.recipients.len());
        assert!(bounce.returned_message_id.as_ref().is_none_or(|id| !id.is_empty() && id.len() <= 998), "an odd id");
        for recipient in &bounce.recipients {
            let address = &recipient.address;
            assert!(!address.is_empty() && address.len() <= 1000, "{} bytes of address", address.len());
            assert!(!address.contains(['\r', '\n', '\0']), "{address:?}");
            if let Some(status) = &recipient.status {
                let numbers: Vec<&str> = status.split('.').collect();
                let is_number = |n: &&str| (1..=3).contains(&n.len()) && n.bytes().all(|b| b.is_ascii_digit());
                assert!(numbers.len() == 3 && numbers.iter().all(is_number), "{status:?} is no status");
                let is_failure = !status.starts_with('2');
                assert!(is_failure || !recipient.permanent, "a success is permanent: {recipient:?}");
                assert!(!(status.starts_with('4') && recipient.permanent), "class 4 is permanent: {recipient:?}");
            }
        }
    }
}
