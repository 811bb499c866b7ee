//! Mail that no person wrote: the signs of auto-replies, lists, bulk mail and reports (RFC 3834, RFC 2919, RFC 3462).

use crate::field::Block;
use crate::message::{Automatic, AutomaticKind};
use crate::scan::Tree;

/// Fields whose mere presence says that a machine answered.
const ANSWERING_FIELDS: &[&str] = &[
    "X-Autoreply",
    "X-Auto-Reply",
    "X-Autorespond",
    "X-Autoresponder",
    "X-AutoReply-From",
    "X-Mail-Autoreply",
    "X-Autoreply-From",
];

/// How Outlook and others begin the subject of an absence note, lower case, colon included, in the languages they ship.
const ANSWERING_SUBJECTS: &[&str] = &[
    "automatic reply:",
    "auto reply:",
    "auto-reply:",
    "autoreply:",
    "out of office:",
    "out of office autoreply:",
    "automatische antwort:",
    "abwesenheitsnotiz:",
    "abwesenheit:",
    "réponse automatique :",
    "réponse automatique:",
    "respuesta automática:",
    "risposta automatica:",
    "resposta automática:",
    "automatisch antwoord:",
    "automatiskt svar:",
    "autosvar:",
    "automatisk svar:",
    "automaattinen vastaus:",
    "odpowiedź automatyczna:",
    "automatická odpověď:",
    "automatická odpoveď:",
    "automatikus válasz:",
    "răspuns automat:",
    "otomatik yanıt:",
    "автоматический ответ:",
    "автоответ:",
    "автоматична відповідь:",
    "自动答复:",
    "自動回覆:",
    "自動応答:",
    "자동 회신:",
];

/// What the header alone says; `Auto-Submitted: no` is a person, whatever a list adds.
pub(crate) fn from_header(block: &Block) -> Option<Automatic> {
    let submitted = block.text("Auto-Submitted").map(|v| keyword(&v));
    if submitted.as_deref() == Some("no") {
        return list(block);
    }
    if let Some(word) = submitted.filter(|w| !w.is_empty()) {
        let kind = if word.starts_with("auto-repl") { AutomaticKind::AutoReply } else { AutomaticKind::Bulk };
        return found(kind, format!("Auto-Submitted: {word}"));
    }
    if let Some(field) = ANSWERING_FIELDS.iter().find(|f| block.get(f).is_some()) {
        return found(AutomaticKind::AutoReply, (*field).to_owned());
    }
    precedence(block).or_else(|| list(block)).or_else(|| suppressed(block)).or_else(|| subject(block))
}

/// What the structure says; stronger than the header, because a report is a report whatever it is called.
pub(crate) fn from_parts(tree: &Tree, is_bounce: bool) -> Option<Automatic> {
    if is_bounce {
        let why = if tree.find("message/delivery-status").is_some() {
            "message/delivery-status"
        } else {
            "text of a failed delivery"
        };
        return found(AutomaticKind::Bounce, why.to_owned());
    }
    if tree.find("message/feedback-report").is_some() {
        return found(AutomaticKind::FeedbackReport, "message/feedback-report".to_owned());
    }
    tree.find("message/disposition-notification")
        .and_then(|_| found(AutomaticKind::ReadReceipt, "message/disposition-notification".to_owned()))
}

fn found(kind: AutomaticKind, why: String) -> Option<Automatic> {
    Some(Automatic { kind, why })
}

/// The keyword before parameters and comments, lower case (RFC 3834, section 5).
fn keyword(value: &str) -> String {
    value.split([';', '(', ' ']).next().unwrap_or("").trim().to_ascii_lowercase()
}

fn precedence(block: &Block) -> Option<Automatic> {
    let word = keyword(&block.text("Precedence").or_else(|| block.text("X-Precedence"))?);
    let kind = match word.as_str() {
        "bulk" | "junk" => AutomaticKind::Bulk,
        "list" => AutomaticKind::List,
        "auto_reply" | "auto-reply" => AutomaticKind::AutoReply,
        _ => return None,
    };
    found(kind, format!("Precedence: {word}"))
}

/// List-Id and List-Post belong to discussions; List-Unsubscribe alone belongs to newsletters.
fn list(block: &Block) -> Option<Automatic> {
    for field in ["List-Id", "List-Post", "Mailing-List", "X-Mailman-Version"] {
        if block.get(field).is_some() {
            return found(AutomaticKind::List, field.to_owned());
        }
    }
    block.get("List-Unsubscribe").and_then(|_| found(AutomaticKind::Bulk, "List-Unsubscribe".to_owned()))
}

fn suppressed(block: &Block) -> Option<Automatic> {
    let value = block.text("X-Auto-Response-Suppress")?;
    let says = |word: &str| value.split(',').any(|w| w.trim().eq_ignore_ascii_case(word));
    if !says("All") && !says("AutoReply") && !says("OOF") {
        return None;
    }
    let answers = block.get("In-Reply-To").is_some();
    let kind = if answers { AutomaticKind::AutoReply } else { AutomaticKind::Bulk };
    found(kind, format!("X-Auto-Response-Suppress: {value}"))
}

fn subject(block: &Block) -> Option<Automatic> {
    let subject = block.text("Subject")?.to_lowercase();
    let sign = ANSWERING_SUBJECTS.iter().find(|s| subject.starts_with(*s))?;
    found(AutomaticKind::AutoReply, format!("Subject: {sign}"))
}
