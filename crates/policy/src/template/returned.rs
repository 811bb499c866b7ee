//! The words of a letter that says that another one did not arrive: one row for each language, beside [`super::words`].

use super::html::SafeHtml;
use super::view::Said;
use super::words::filled;
use crate::shortened::shortened;
use mail::BounceCause;
use serde::{Deserialize, Serialize};

/// Characters of what a server said.
const SAID_CHARS_MAX: usize = 500;

/// How it was found out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HowReturned {
    /// A report says so.
    #[default]
    CameBack,
    /// The server by which it leaves refused it for good.
    Refused,
    /// It was tried for as long as letters are.
    GivenUp,
}

/// What did not arrive, and why.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NotArrived {
    /// Whom it did not reach: an address or a name.
    pub to: String,
    /// Somebody wrote it on purpose.
    pub is_written: bool,
    pub how: HowReturned,
    pub cause: Option<BounceCause>,
    /// As RFC 3463 writes it.
    pub status: Option<String>,
    /// The server's words, whatever they are.
    pub said: Option<String>,
}

struct Row {
    language: &'static str,
    /// With `{to}`.
    told: &'static str,
    /// With `{to}`.
    written: &'static str,
    stays: &'static str,
    why: &'static str,
    said: &'static str,
    to_do: &'static str,
    /// Why, and what to do.
    address_unknown: [&'static str; 2],
    host_unknown: [&'static str; 2],
    moved: [&'static str; 2],
    mailbox_full: [&'static str; 2],
    suspended: [&'static str; 2],
    too_large: [&'static str; 2],
    refused: [&'static str; 2],
    unreachable: [&'static str; 2],
    server_fault: [&'static str; 2],
    unknown: [&'static str; 2],
    given_up: [&'static str; 2],
}

const ROWS: [Row; 2] = [
    Row {
        language: "en",
        told: "The letter about this issue to {to} did not arrive.",
        written: "The letter that was written to {to} about this issue did not arrive.",
        stays: "In the issue everything stands as it did; this recipient has not got it by mail.",
        why: "Why:",
        said: "The mail server said:",
        to_do: "What to do:",
        address_unknown: [
            "there is no such address.",
            "see how it is spelt, and ask for the right one by another way, such as the telephone. Later letters to it will come back, too.",
        ],
        host_unknown: [
            "what stands behind the @ of the address takes no mail.",
            "see how it is spelt, and ask for the right one by another way, such as the telephone. Later letters to it will come back, too.",
        ],
        moved: [
            "the recipient has another address now.",
            "put the new one in its place; the server’s words may name it.",
        ],
        mailbox_full: [
            "the mailbox is full.",
            "tell the recipient by another way. Whoever looks after the gateway can send the letter once more.",
        ],
        suspended: [
            "the mailbox is locked, or not in use any more.",
            "ask for another address by another way, such as the telephone.",
        ],
        too_large: ["the letter is too large for the recipient.", "let the files be had by another way."],
        refused: [
            "the other side refuses this mail, by its rules or by a filter.",
            "reach the recipient by another way, and show this letter to whoever looks after mail here.",
        ],
        unreachable: [
            "the mail server of the other side could not be reached for too long.",
            "see how the address is spelt, and reach the recipient by another way.",
        ],
        server_fault: [
            "the mail server of the other side has a trouble of its own.",
            "reach the recipient by another way. Whoever looks after the gateway can send the letter once more.",
        ],
        unknown: [
            "nothing is known that says it in plain words.",
            "reach the recipient by another way, and show this letter to whoever looks after mail here.",
        ],
        given_up: [
            "it could not be handed over for days, and is not tried any more.",
            "reach the recipient by another way. Whoever looks after the gateway can send the letter once more.",
        ],
    },
    Row {
        language: "de",
        told: "Der Brief zu diesem Vorgang an {to} ist nicht angekommen.",
        written: "Der Brief, der zu diesem Vorgang an {to} geschrieben wurde, ist nicht angekommen.",
        stays: "Im Vorgang steht alles wie zuvor; per Mail hat dieser Empfänger es nicht erhalten.",
        why: "Warum:",
        said: "Der Mailserver sagte:",
        to_do: "Was zu tun ist:",
        address_unknown: [
            "Diese Adresse gibt es nicht.",
            "Prüfen Sie die Schreibweise und fragen Sie auf anderem Weg, etwa am Telefon, nach der richtigen. Auch spätere Briefe an diese Adresse werden zurückkommen.",
        ],
        host_unknown: [
            "Was hinter dem @ der Adresse steht, nimmt keine Mail an.",
            "Prüfen Sie die Schreibweise und fragen Sie auf anderem Weg, etwa am Telefon, nach der richtigen. Auch spätere Briefe an diese Adresse werden zurückkommen.",
        ],
        moved: [
            "Der Empfänger hat jetzt eine andere Adresse.",
            "Tragen Sie die neue ein; vielleicht nennt der Server sie in seinen Worten.",
        ],
        mailbox_full: [
            "Das Postfach ist voll.",
            "Sagen Sie es dem Empfänger auf anderem Weg. Wer das Gateway betreut, kann den Brief noch einmal senden.",
        ],
        suspended: [
            "Das Postfach ist gesperrt oder wird nicht mehr benutzt.",
            "Fragen Sie auf anderem Weg, etwa am Telefon, nach einer anderen Adresse.",
        ],
        too_large: ["Der Brief ist für den Empfänger zu groß.", "Geben Sie die Dateien auf anderem Weg."],
        refused: [
            "Die Gegenseite lehnt diese Mail ab, nach ihren Regeln oder durch einen Filter.",
            "Erreichen Sie den Empfänger auf anderem Weg, und zeigen Sie diesen Brief denen, die hier die Mail betreuen.",
        ],
        unreachable: [
            "Der Mailserver der Gegenseite war zu lange nicht erreichbar.",
            "Prüfen Sie die Schreibweise der Adresse, und erreichen Sie den Empfänger auf anderem Weg.",
        ],
        server_fault: [
            "Der Mailserver der Gegenseite hat selbst eine Störung.",
            "Erreichen Sie den Empfänger auf anderem Weg. Wer das Gateway betreut, kann den Brief noch einmal senden.",
        ],
        unknown: [
            "Nichts ist bekannt, was es in einfachen Worten sagt.",
            "Erreichen Sie den Empfänger auf anderem Weg, und zeigen Sie diesen Brief denen, die hier die Mail betreuen.",
        ],
        given_up: [
            "Er konnte tagelang nicht übergeben werden und wird nicht mehr versucht.",
            "Erreichen Sie den Empfänger auf anderem Weg. Wer das Gateway betreut, kann den Brief noch einmal senden.",
        ],
    },
];

impl NotArrived {
    /// What its letter says in this language, one of [`super::LANGUAGES`], or else in English.
    pub fn said_in(&self, language: &str) -> Said {
        let row = ROWS.iter().find(|row| row.language == language).unwrap_or(&ROWS[0]);
        let told = filled(if self.is_written { row.written } else { row.told }, &[("to", &self.to)]);
        let [why, to_do] = self.why_and_to_do(row);
        let why = match &self.status {
            Some(status) => format!("{} ({status}).", why.trim_end_matches('.')),
            None => why.to_owned(),
        };
        let mut html =
            format!("<p>{} {}</p><p>{} {}</p>", mail::escaped(&told), row.stays, row.why, mail::escaped(&why));
        if let Some(said) = self.said.as_deref().map(one_line).filter(|said| !said.is_empty()) {
            html.push_str(&format!("<p>{}</p><blockquote><p>{}</p></blockquote>", row.said, mail::escaped(&said)));
        }
        html.push_str(&format!("<p>{} {to_do}</p>", row.to_do));
        let text = mail::Document::from_html(&html).text();
        Said { html: SafeHtml::of(&html), text }
    }

    fn why_and_to_do(&self, row: &Row) -> [&'static str; 2] {
        match (self.cause, self.how) {
            (None, HowReturned::GivenUp) => row.given_up,
            (None, _) => row.unknown,
            (Some(BounceCause::AddressUnknown), _) => row.address_unknown,
            (Some(BounceCause::HostUnknown | BounceCause::NoMailAccepted), _) => row.host_unknown,
            (Some(BounceCause::Moved), _) => row.moved,
            (Some(BounceCause::MailboxFull), _) => row.mailbox_full,
            (Some(BounceCause::Suspended), _) => row.suspended,
            (Some(BounceCause::TooLarge), _) => row.too_large,
            (Some(BounceCause::Refused), _) => row.refused,
            (Some(BounceCause::Unreachable), _) => row.unreachable,
            (Some(BounceCause::ServerFault), _) => row.server_fault,
        }
    }
}

fn one_line(said: &str) -> String {
    let said: String = said.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    shortened(&said.split_whitespace().collect::<Vec<_>>().join(" "), SAID_CHARS_MAX).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::LANGUAGES;

    fn full() -> NotArrived {
        NotArrived {
            to: "ann@x.example".into(),
            cause: Some(BounceCause::MailboxFull),
            status: Some("5.2.2".into()),
            said: Some("552 5.2.2 <b>over</b>\r\n quota".into()),
            ..NotArrived::default()
        }
    }

    #[test]
    fn every_language_of_letters_has_its_row() {
        let languages: Vec<&str> = LANGUAGES.iter().map(|words| words.language).collect();
        assert_eq!(languages, ROWS.iter().map(|row| row.language).collect::<Vec<_>>());
        let said = full().said_in("de").text;
        assert!(said.contains("Das Postfach ist voll (5.2.2).") && said.contains("Was zu tun ist:"), "{said}");
        assert!(full().said_in("fr").text.contains("the mailbox is full (5.2.2)."));
    }

    #[test]
    fn what_a_server_says_is_text_on_one_line_and_bounded() {
        let said = full().said_in("en");
        assert!(said.text.contains("552 5.2.2 <b>over</b> quota"), "{}", said.text);
        assert!(said.html.shown().contains("&lt;b&gt;over&lt;/b&gt;"), "{}", said.html.shown());
        let long = NotArrived { said: Some("x".repeat(5_000)), ..full() }.said_in("en");
        assert!(long.text.len() < 1_500, "{}", long.text.len());
    }

    #[test]
    fn why_it_did_not_arrive_is_said_in_plain_words() {
        let why = |how, cause| NotArrived { how, cause, ..NotArrived::default() }.said_in("en").text;
        assert!(why(HowReturned::CameBack, Some(BounceCause::AddressUnknown)).contains("there is no such address"));
        assert!(why(HowReturned::Refused, Some(BounceCause::Refused)).contains("refuses this mail"));
        assert!(why(HowReturned::GivenUp, None).contains("could not be handed over for days"));
        assert!(why(HowReturned::CameBack, None).contains("nothing is known"));
    }
}
