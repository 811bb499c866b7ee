//! The mail that goes in place of one that may not go: nothing of that one's content.

use mail::compose::{Letter, letter};
use policy::sealing::{MailFacts, Notice};
use policy::{Fault, FaultCode};
use uuid::Uuid;

/// The whole mail, from whoever the other one is from.
///
/// # Errors
/// Permanent when the mail names no single author: nobody could say from whom the notice is.
pub(super) fn compose(mail: &MailFacts, recipient: &str, notice: &Notice, hostname: &str) -> Result<Vec<u8>, Fault> {
    let [from] = mail.headers.from.as_slice() else {
        return Err(Fault::permanent(
            FaultCode::Internal,
            "a mail has no author, or several, for a notice in its place",
        ));
    };
    let message_id = format!("{}.notice@{hostname}", Uuid::new_v4().simple());
    let composed = letter(&Letter {
        from,
        to: recipient,
        subject: &notice.subject,
        text: &notice.text,
        message_id: &message_id,
        date_s: mail.now_s,
        answers: None,
        with_original: false,
    });
    Ok([composed.before, composed.after].concat())
}
