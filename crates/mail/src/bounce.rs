//! Delivery status notifications (RFC 3464, RFC 3463), and the failure texts of servers that send none.

mod cause;
mod notices;
mod phrases;
mod words;

use crate::field::Block;
use crate::message::{Bounce, BounceCause, BouncedRecipient, Headers};
use crate::scan::Tree;
use crate::{address, automatic, body, charset, report};
use regex::Regex;
use std::collections::HashSet;
use std::sync::LazyLock;

/// Recipients that are taken from one notification.
const RECIPIENTS_MAX: usize = 1000;

/// The notification that the mail is, if it is one.
///
/// A report about somebody else's mail that a person sends along is no notification: the report must stand in a
/// multipart/report, or its sender must be a mail server.
pub(crate) fn read(tree: &Tree, headers: &Headers, text: &str) -> Option<Bounce> {
    let block = tree.block(0);
    let sender = words::Sender::of(&block, headers);
    // A postmaster who answers or passes something on is a person.
    let is_server = sender == words::Sender::Server || sender.is_server() && !automatic::is_answer(&headers.subject);
    let status = report::part(tree, report::STATUSES).filter(|&i| {
        let Some(parent) = tree.nodes[i].parent else { return true };
        // Words above the report are those of a person who sends it along.
        let is_own = tree.nodes[parent].kind.essence == "multipart/report" && !is_preceded(tree, parent);
        is_own || is_server
    });
    if status.is_none() && !is_server && block.get("X-Failed-Recipients").is_none() {
        return None;
    }
    let told = words::told(text);
    let mut recipients = status.map(|i| reported(&tree.body(i), told)).unwrap_or_default();
    if recipients.is_empty() && is_server && words::starts_field(text, "final-recipient:") {
        // The report stands in the text, as some gateways write it.
        recipients = reported(text.as_bytes(), told);
    }
    if recipients.is_empty() {
        let failed = words::read(tree, &block, headers, &sender, told);
        recipients = match failed {
            Some(recipients) => recipients,
            // A report whose groups cannot be read is a report still.
            None if status.is_some() => Vec::new(),
            None => return None,
        };
        if recipients.is_empty() {
            recipients = words::addressed_in_copy(tree, text, told);
        }
    }
    // No address has them (RFC 5321, section 4.1.2), nor what stands for bytes that are no text, and without them it could
    // be somebody else's.
    let is_plain = |address: &str| !address.contains(|c: char| c.is_control() || c == '\u{fffd}');
    recipients.retain(|recipient| is_plain(&recipient.address));
    for recipient in &mut recipients {
        recipient.forwarded_to = recipient.forwarded_to.take().filter(|to| is_plain(to));
    }
    let returned_message_id = report::returned_id(tree)
        .or_else(|| words::id_in(text))
        .or_else(|| headers.in_reply_to.last().or(headers.references.last()).cloned());
    Some(Bounce { recipients, returned_message_id })
}

/// Whether a server's answer to our own mail to one recipient, such as `550 5.1.1 No such user`, says that later mail to that address
/// must be expected to fail, too.
pub fn is_refused_for_good(answer: &str) -> bool {
    !cause::speaks_of_the_sender(answer) && judged(answer, "", status_in(answer), None).permanent
}

/// What a server's answer to our own mail to one recipient says of why: its enhanced status code, if it has one, and what codes and words
/// come to. `status` is one that is known already.
pub fn refusal(answer: &str, status: Option<&str>) -> (Option<String>, Option<BounceCause>) {
    let own = status.map(str::to_owned).or_else(|| status_in(answer));
    (own.clone(), judged(answer, "", own, None).cause)
}

/// Whether a text stands before a part and outside of it.
fn is_preceded(tree: &Tree, part: usize) -> bool {
    tree.nodes[..part].iter().any(|node| node.leaf && node.kind.essence.starts_with("text/"))
}

/// The groups of fields in a delivery-status part: the first is about the report, each further one about a recipient
/// (RFC 3464, section 2.1).
fn reported(status: &[u8], told: &str) -> Vec<BouncedRecipient> {
    /// As many recipients as are taken have room in it.
    const STATUS_BYTES_MAX: usize = 4 * 1024 * 1024;
    let status = &status[..status.len().min(STATUS_BYTES_MAX)];
    let text = body::lines(&charset::decode(status, None).text);
    let segments = words::Segments::of(told);
    // What is told about an address is read for its first group only, so that the cost stays linear.
    let mut seen = HashSet::new();
    let groups = report::groups(&text).take(RECIPIENTS_MAX + 1);
    groups.filter_map(|g| recipient(g, &segments, &mut seen)).collect()
}

fn recipient(group: &str, segments: &words::Segments, seen: &mut HashSet<String>) -> Option<BouncedRecipient> {
    let block = Block::read(group.as_bytes(), usize::MAX, usize::MAX);
    let value = |name: &str| block.text(name).filter(|v| !v.is_empty());
    let named = |name: &str| {
        value(name).map(|v| typed_address(&v)).filter(|a| !a.is_empty() && a.len() <= report::ADDRESS_BYTES_MAX)
    };
    let last = named("Final-Recipient").or_else(|| named("X-Actual-Recipient"));
    let first = named("Original-Recipient").filter(|a| a.contains('@'));
    let address = first.clone().or_else(|| last.clone())?;
    let is_first = seen.insert(address.to_lowercase());
    let forwarded_to = last.filter(|l| !l.eq_ignore_ascii_case(&address));
    let told = ["Diagnostic-Code", "X-PowerMTA-BounceCategory", "X-Supplementary-Info"];
    let diagnostic = told.iter().filter_map(|f| value(f)).collect::<Vec<_>>().join("\n");
    let reported = value("Status").as_deref().and_then(status_in);
    let action = value("Action").map(|a| report::word(a.split([' ', '(', ';']).next().unwrap_or("")));
    let said = segments.about(&address).or_else(|| segments.about(forwarded_to.as_deref()?));
    let said = said.filter(|_| is_first).unwrap_or_default();
    let status = reported
        .clone()
        .filter(|s| !s.ends_with(".0.0"))
        .or_else(|| status_in(&diagnostic))
        .or_else(|| failure_in(said).filter(|s| same_class(s, reported.as_deref())))
        .or(reported);
    let found = judged(&diagnostic, said, status, action);
    Some(BouncedRecipient { address, forwarded_to, said: in_one_line(&diagnostic), ..found })
}

/// The words of a diagnostic without the name of their kind, for people to read.
fn in_one_line(diagnostic: &str) -> Option<String> {
    /// As long as a reply of a server may be (RFC 5321, section 4.5.3.1.5).
    const CHARS_MAX: usize = 512;
    let words = diagnostic.split_once(';').map_or(diagnostic, |(_, words)| words);
    let line = words.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let line = line.collect::<Vec<_>>().join(" ").chars().take(CHARS_MAX).collect::<String>();
    Some(line).filter(|line| !line.is_empty())
}

/// A code from the text for people refines what was reported and never contradicts it.
fn same_class(status: &str, reported: Option<&str>) -> bool {
    reported.is_none_or(|r| r[..1] == status[..1])
}

/// The address in `rfc822; jo@example.org`; old servers add a source route (RFC 5321, section 4.1.1.3) or brackets.
fn typed_address(value: &str) -> String {
    let bare = value.split_once(';').map_or(value, |(_, a)| a).trim();
    let bare = if bare.starts_with('@') { bare.rsplit(':').next().unwrap_or(bare) } else { bare };
    address::first_in(bare).map_or_else(|| bare.to_owned(), |a| a.trim_start_matches("rfc822;").to_owned())
}

/// What a server's words and codes mean for one recipient: `answer` is its own, `around` all that is told about the
/// recipient.
fn judged(answer: &str, around: &str, status: Option<String>, action: Option<String>) -> BouncedRecipient {
    let failed = !matches!(action.as_deref(), Some("delivered" | "relayed" | "expanded"));
    let find = || {
        cause::in_words(answer, around, status.as_deref())
            .or_else(|| status.as_deref().and_then(cause::in_status))
            .or_else(|| cause::in_words(around, around, status.as_deref()))
    };
    let cause = failed.then(find).flatten();
    // A reply code tells the class only; the words tell the rest, but what is derived from them proves nothing about them.
    let code = status.clone().or_else(|| reply_code_in(answer)).or_else(|| reply_code_in(around));
    let all = format!("{answer}\n{around}");
    let permanent = failed && action.as_deref() != Some("delayed") && cause::is_permanent(cause, code.as_deref(), &all);
    let class = code.as_deref().and_then(|s| s.chars().next());
    let class = class.unwrap_or(if action.as_deref() == Some("delayed") { '4' } else { '5' });
    let status = status.or_else(|| cause.map(|c| cause::status(c, class))).or(code);
    BouncedRecipient { status, action, permanent, cause, ..BouncedRecipient::default() }
}

/// The first enhanced status code in a text (RFC 3463, section 2).
fn status_in(text: &str) -> Option<String> {
    static STATUS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?:^|[^\d.])([245]\.\d{1,3}\.\d{1,3})(?:[^\d.]|\.?$|\.\s)").ok());
    STATUS.as_ref()?.captures(text)?.get(1).map(|m| m.as_str().to_owned())
}

/// The first enhanced status code of a failure; a transcript names successes as well.
fn failure_in(text: &str) -> Option<String> {
    static STATUS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?:^|[^\d.])([45]\.\d{1,3}\.\d{1,3})(?:[^\d.]|\.?$|\.\s)").ok());
    STATUS.as_ref()?.captures(text)?.get(1).map(|m| m.as_str().to_owned())
}

/// An SMTP reply code in words, as a status of its class (`550 …` is `5.0.0`).
fn reply_code_in(text: &str) -> Option<String> {
    static CODE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?m)(?:^|[\s(:;#])([45])\d\d(?:[\s:,-]+(?:[^\s\d]|\d\.)|\s*$)").ok());
    CODE.as_ref()?.captures(text)?.get(1).map(|m| format!("{}.0.0", m.as_str()))
}
