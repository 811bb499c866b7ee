//! Mail that is handed on opened: a cell gives back the whole mail without what it was sealed in, and what that has shown.

use crate::cell::calls::{Ordered, budget, order_bytes};
use crate::cell::child::Pipes;
use crate::cell::clock::Clock;
use crate::cell::opened::{self, head_and_text, split};
use crate::cell::pool::Cells;
use crate::cell::sealed::Told;
use crate::cell::wire::{Call, Failure, Hello};
use crate::opening::{Doubt, Opener};
use data_encoding::BASE64;
use mail::{Limits, Opened, Unopened};
use policy::{Fault, FaultCode};
use seal::header_protection::unmarked;
use serde::{Deserialize, Serialize};

/// Octets of a line that every server takes (RFC 5321, section 4.5.3.1.6), with some room.
const LINE_BYTES_MAX: usize = 900;
/// Octets that become one line of base64 (RFC 2045, section 6.8).
const BASE64_BYTES: usize = 57;

/// What opening a mail has shown that is handed on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shown {
    /// `None` where it did not come sealed.
    pub(crate) opened: Option<Opened>,
    /// Empty where it was not encrypted.
    pub(crate) cipher: String,
    /// Who wrote it, as its readers see it; `None` where it names nobody or several.
    pub(crate) author: Option<String>,
}

impl Cells {
    /// A mail without what it was sealed in, whole, and what opening it has shown; no bytes where it did not come sealed or stays closed.
    /// Of one whose content nothing proves it is the text alone, with a note below it (EFAIL).
    ///
    /// # Errors
    /// The cell's own faults.
    pub(crate) async fn open_whole(
        &self,
        mail: &[u8],
        limits: &Limits,
        opener: &Opener,
    ) -> Result<(Shown, Option<Vec<u8>>), Fault> {
        let call = Call::OpenWhole { limits: limits.clone(), order_bytes: order_bytes(Some(opener))? };
        let mut lease = self.lease().await?;
        let mut clock = Clock::new(lease.settings().wall_ms);
        let (source_max, answer_max) = (lease.settings().source_bytes_max, lease.settings().answer_bytes_max);
        let part_max = lease.settings().part_bytes_max;
        let cell = lease.cell()?;
        let sent = cell.ask(&mut clock, &call, Ordered::new(Some(opener), mail), source_max).await?;
        let (told, whole) = cell.hear_mail(&mut clock, answer_max, part_max, &mut budget(Some(opener))).await?;
        let Ok((mut shown, doubts)) = postcard::from_bytes::<(Shown, Vec<Doubt>)>(&told) else {
            return Err(lease.cell()?.babbled().await);
        };
        lease.give_back(sent);
        // Nobody waits for its cell, nor for its place, while authorities are asked.
        drop(lease);
        if let Some(opened) = &mut shown.opened {
            opener.settle(opened, doubts).await;
        }
        let is_open = shown.opened.as_ref().is_some_and(|opened| opened.unopened.is_none());
        match (is_open, whole.is_empty()) {
            (true, true) => {
                Err(Fault::temporary(FaultCode::CellDied, "a cell gave back nothing of a mail that it opened"))
            }
            (true, false) => Ok((shown, Some(whole))),
            (false, _) => Ok((shown, None)),
        }
    }
}

/// The cell's own side.
pub(super) fn answer(call: &Call, source: &[u8], hello: &Hello, pipes: &mut Pipes) -> Result<Told, Failure> {
    let Call::OpenWhole { limits, order_bytes } = call else { return Err(Failure::AnswerTooLarge) };
    let (order, mail) = split(source, *order_bytes)?;
    let mut doubts = Vec::new();
    let (shown, whole) = match opened::shown(order, mail, limits, pipes)? {
        None => (Shown::default(), Vec::new()),
        Some(mut found) => {
            doubts = std::mem::take(&mut found.doubts);
            let author = found.author.unwrap_or_default();
            let (opened, whole) = match found.mail {
                Some(inner) if found.opened.is_text_only => {
                    let note = policy::opened_in_words(&found.opened, &author);
                    match text_alone(&inner, &note, limits) {
                        Some(text) => (found.opened, text),
                        // What cannot be cut to its text is not shown at all.
                        None => (Opened { unopened: Some(Unopened::Unsupported), ..Opened::default() }, Vec::new()),
                    }
                }
                // Whoever gets it sees no layer that its fields stood within.
                Some(inner) => (found.opened, unmarked(inner)),
                None => (found.opened, Vec::new()),
            };
            let author = Some(author).filter(|author| !author.is_empty());
            (Shown { opened: Some(opened), cipher: found.cipher, author }, whole)
        }
    };
    let value = postcard::to_stdvec(&(shown, doubts)).map_err(|_| Failure::AnswerTooLarge)?;
    match (value.len() as u64 > hello.answer_bytes_max, whole.len() as u64 > hello.part_bytes_max) {
        (true, _) => Err(Failure::AnswerTooLarge),
        (_, true) => Err(Failure::PartTooLarge),
        _ => Ok(Told { value, mail: whole }),
    }
}

/// The mail with nothing but its text, and a note below it; every server takes it. `None` where it is too complex to be read.
fn text_alone(mail: &[u8], note: &str, limits: &Limits) -> Option<Vec<u8>> {
    let (mut out, text) = head_and_text(mail, limits)?;
    let lines = text.lines().chain(["", "-- ", note]).collect::<Vec<_>>();
    let is_simple =
        lines.iter().all(|line| line.is_ascii() && line.len() <= LINE_BYTES_MAX && !line.contains(['\0', '\r']));
    let text = lines.join("\r\n") + "\r\n";
    let encoding = if is_simple { "7bit" } else { "base64" };
    let kind = format!(
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    );
    out.extend_from_slice(kind.as_bytes());
    match is_simple {
        true => out.extend_from_slice(text.as_bytes()),
        false => {
            for line in text.as_bytes().chunks(BASE64_BYTES) {
                out.extend_from_slice(BASE64.encode(line).as_bytes());
                out.extend_from_slice(b"\r\n");
            }
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const HEAD: &str = "Received: from a by b; now\r\nFrom: ann@x.example\r\nSubject: s\r\nContent-Type: text/html; charset=utf-8\r\nMIME-Version: 1.0\r\n\r\n";

    #[test]
    fn sec_13_of_what_nothing_proves_its_text_is_left_and_a_note() {
        for (body, encoding) in [
            ("<p>words</p><img src=\"http://x.example/picture\">", "7bit"),
            ("<p>wörds</p><script>run()</script>", "base64"),
        ] {
            let mail = format!("{HEAD}{body}\r\n");
            let cut = String::from_utf8(text_alone(mail.as_bytes(), "the note.", &Limits::default()).unwrap()).unwrap();
            assert!(
                cut.is_ascii()
                    && cut.starts_with(
                        "Received: from a by b; now\r\nFrom: ann@x.example\r\nSubject: s\r\nMIME-Version: 1.0\r\n"
                    ),
                "{cut}"
            );
            assert!(
                cut.contains(&format!("Content-Transfer-Encoding: {encoding}\r\n")) && !cut.contains("html"),
                "{cut}"
            );
            let text = mail::read(cut.as_bytes(), &Limits::default()).message.text;
            assert!(text.contains("rds") && text.trim_end().ends_with("-- \nthe note."), "{text}");
            assert!(!text.contains("picture") && !text.contains("run()"), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_not_shown() {
        let layer = |at: usize| format!("Content-Type: multipart/mixed; boundary=b{at}x\r\n\r\n--b{at}x\r\n");
        let nested: String = (0..300).map(layer).collect();
        assert_eq!(text_alone(nested.as_bytes(), "n", &Limits { depth_max: 3, ..Limits::default() }), None);
    }
}
