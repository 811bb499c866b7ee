//! Failures told in words alone: who says it, what is said about whom, and where the copy of the mail begins.

use super::notices::{CLEAR, COPIES, MACHINES, SERVERS, VAGUE};
use super::{RECIPIENTS_MAX, automatic, failure_in, judged, reply_code_in};
use crate::address;
use crate::field::{Block, line_end};
use crate::message::{BouncedRecipient, Headers};
use crate::scan::Tree;
use crate::{report, thread};
use std::collections::{HashMap, HashSet};

/// Bytes of a text that a failure is looked for in; no server writes more before the copy.
const TOLD_BYTES_MAX: usize = 32 * 1024;

/// Who seems to have sent a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    /// A name that only mail servers use.
    Server,
    /// A name or path that mail servers use and others too.
    Machine,
    Person,
}

impl Sender {
    pub fn of(block: &Block, headers: &Headers) -> Sender {
        // As it stood: `MAILER-DAEMON <>` names no address.
        let from = block.text("From").unwrap_or_default().to_lowercase();
        let is_any = |names: &[&str]| names.iter().any(|n| from.contains(n));
        if is_any(SERVERS) {
            Sender::Server
        } else if is_any(MACHINES) || automatic::is_null_path(block) || headers.from.is_empty() {
            Sender::Machine
        } else {
            Sender::Person
        }
    }

    pub fn is_server(self) -> bool {
        self != Sender::Person
    }
}

/// The recipients of a failure told in words, if the mail tells one.
///
/// Exim's own field settles it. Otherwise the sender and the words must agree, so that a person who quotes a failure,
/// an absence note that speaks of delays and a newsletter about delivery are none.
pub(super) fn read(
    tree: &Tree,
    block: &Block,
    headers: &Headers,
    sender: &Sender,
    told: &str,
) -> Option<Vec<BouncedRecipient>> {
    let failed = failed_recipients(block, told);
    if failed.is_empty() && !tells_failure(tree, block, headers, *sender, told) {
        return None;
    }
    let own = headers.from.iter().chain(&headers.to).map(|a| a.normalised()).collect::<Vec<_>>();
    let segments = Segments::of(told);
    let named = if failed.is_empty() {
        let all: Vec<String> = segments.found.iter().map(|(a, _)| a.clone()).collect();
        let is_other = |address: &str| !own.contains(&address.to_lowercase()) && !is_desk_of(headers, address);
        let others: Vec<String> = all.iter().filter(|a| is_other(a)).cloned().collect();
        // Who writes to himself and fails is told about himself.
        if others.is_empty() { all } else { others }
    } else {
        failed
    };
    let delayed = is_delay(headers, told);
    // Where the words about one recipient mean nothing, the words of the whole notice count.
    let whole = judge(told, delayed);
    let recipients = named.into_iter().take(RECIPIENTS_MAX).map(|address| {
        let own = segments.part_about(&address).map(|said| judge(said, delayed));
        let own = match own {
            Some(own) if own.cause.is_some() => own,
            Some(own) if own.status.is_some() => BouncedRecipient { status: own.status, ..whole.clone() },
            _ => whole.clone(),
        };
        BouncedRecipient { address, ..own }
    });
    Some(recipients.collect())
}

/// Whether an address is the help desk of the server that writes, which it names for questions.
fn is_desk_of(headers: &Headers, address: &str) -> bool {
    const DESKS: &[&str] = &["postmaster", "hostmaster", "abuse", "support", "helpdesk", "admin", "mailer-daemon"];
    let Some((local, domain)) = address.rsplit_once('@') else { return false };
    let is_domain = |from: &str| from.rsplit_once('@').is_some_and(|(_, own)| own.eq_ignore_ascii_case(domain));
    DESKS.iter().any(|desk| local.eq_ignore_ascii_case(desk))
        && headers.from.iter().any(|from| is_domain(&from.address))
}

/// The recipients in Exim's own field, or in the JSON with which Amazon SES tells of a bounce; each address once.
fn failed_recipients(block: &Block, told: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    let values = block.all("X-Failed-Recipients").flat_map(|v| addresses_in(&String::from_utf8_lossy(v)));
    let listed = told.split_once("bouncedRecipients").map_or("", |(_, l)| l.split(']').next().unwrap_or(""));
    let listed = listed.split("emailAddress").skip(1).filter_map(|l| addresses_in(l).into_iter().next());
    values.chain(listed).filter(|a| seen.insert(a.to_lowercase())).take(RECIPIENTS_MAX).collect()
}

/// What words alone mean for a recipient.
fn judge(said: &str, delayed: bool) -> BouncedRecipient {
    let action = delayed.then(|| "delayed".to_owned());
    judged(said, said, failure_in(said), action)
}

/// A warning that the server is still trying.
fn is_delay(headers: &Headers, told: &str) -> bool {
    const DELAYS: &[&str] = &[
        "not yet been delivered",
        "has been delayed",
        "is delayed",
        "(delay)",
        "warning message only",
        "do not need to resend",
        "still being retried",
        "will be retried",
        "will keep trying",
        "will continue to",
        "had transient non-fatal errors",
        "temporary failure report",
    ];
    let lower = format!("{}\n{}", headers.subject, told).to_lowercase();
    DELAYS.iter().any(|d| lower.contains(d))
}

fn tells_failure(tree: &Tree, block: &Block, headers: &Headers, sender: Sender, told: &str) -> bool {
    let lower = format!("{}\n{}", headers.subject, told).to_lowercase().replace('\u{2019}', "'");
    let says = |phrases: &[&str]| phrases.iter().any(|p| lower.contains(p));
    match sender {
        Sender::Server => (says(CLEAR) || says(VAGUE)) && !automatic::is_absence_note(block),
        Sender::Machine => {
            let answers = automatic::is_answer(&headers.subject) || automatic::is_absence_note(block);
            let to_many = block.get("List-Unsubscribe").is_some() || block.get("List-Id").is_some();
            let gives_back = has_copy(tree) || failure_in(told).is_some() || reply_code_in(told).is_some();
            // Shops and ticket systems tell of parcels and of other people's failures under such a name.
            let is_proven = !automatic::is_answerless(block) || automatic::is_null_path(block) || has_copy(tree);
            !answers
                && !to_many
                && is_proven
                && (says(CLEAR) && (automatic::is_null_path(block) || gives_back || names_failure(headers, told))
                    || says(VAGUE) && gives_back)
        }
        Sender::Person => false,
    }
}

/// The subject itself speaks of a failure, and the text of somebody: a parcel that could not be delivered names no
/// address.
fn names_failure(headers: &Headers, told: &str) -> bool {
    let subject = headers.subject.to_lowercase();
    let own = |address: &str| headers.from.iter().chain(&headers.to).any(|a| a.normalised() == address);
    CLEAR.iter().any(|p| subject.contains(p)) && Segments::of(told).places.keys().any(|a| !own(a))
}

fn has_copy(tree: &Tree) -> bool {
    tree.nodes.iter().any(|n| n.kind.is_message() || report::HEADERS.contains(&n.kind.essence.as_str()))
}

/// What the server says, before the copy of the mail that it returns; at most 32 kB.
pub(super) fn told(text: &str) -> &str {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len().min(TOLD_BYTES_MAX) {
        let end = line_end(bytes, at);
        let line = text[at..end].trim_start_matches(['-', '=', '*', '|', '_', '#', '>', ' ', '\t']);
        if begins_copy(line) && (at > 0 || line.starts_with("Received:")) {
            return &text[..at];
        }
        at = end;
    }
    let mut end = text.len().min(TOLD_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn begins_copy(line: &str) -> bool {
    const HEAD_CHARS: usize = 40;
    let head: String = line.chars().take(HEAD_CHARS).flat_map(char::to_lowercase).collect();
    COPIES.iter().any(|c| head.starts_with(c)) && !head.starts_with("original message was")
}

/// Whom the returned copy was written to, for notices that name nobody.
pub(super) fn addressed_in_copy(tree: &Tree, text: &str, told: &str) -> Vec<BouncedRecipient> {
    let inner = (1..tree.nodes.len()).find(|&i| tree.nodes[i].parent.is_some_and(|p| tree.nodes[p].kind.is_message()));
    let in_header = |block: &Block| block.get("To").map(|v| addresses_in(&String::from_utf8_lossy(v)));
    let attached = inner.and_then(|i| in_header(&tree.block(i)));
    let headers = report::part(tree, report::HEADERS).map(|i| tree.body(i).into_owned());
    let attached = attached.or_else(|| headers.and_then(|h| in_header(&Block::read(&h, usize::MAX, usize::MAX))));
    let quoted = || {
        let line = text[told.len()..].lines().find(|l| starts_with_field(l, "to:"))?;
        Some(addresses_in(line))
    };
    let named = attached.filter(|a| !a.is_empty()).or_else(quoted).unwrap_or_default();
    let own = judge(told, false);
    named.into_iter().take(RECIPIENTS_MAX).map(|address| BouncedRecipient { address, ..own.clone() }).collect()
}

/// Whether a line of the text begins with a field's name.
pub(super) fn starts_field(text: &str, field: &str) -> bool {
    text.lines().any(|l| starts_with_field(l, field))
}

fn starts_with_field(line: &str, field: &str) -> bool {
    let bare = line.trim_start_matches(['>', ' ', '\t', '|']);
    bare.get(..field.len()).is_some_and(|s| s.eq_ignore_ascii_case(field))
}

/// The Message-ID of a copy that stands in the text.
pub(super) fn id_in(text: &str) -> Option<String> {
    thread::id(text.lines().find(|l| starts_with_field(l, "message-id:"))?.as_bytes())
}

/// A notice cut at the addresses that it names: each address with the text that is about it.
pub(super) struct Segments<'a> {
    told: &'a str,
    /// Each address once, in order, with the lines that follow it up to the next.
    found: Vec<(String, String)>,
    /// Where an address stands in `found`, by its lower case.
    places: HashMap<String, usize>,
}

impl<'a> Segments<'a> {
    pub fn of(told: &'a str) -> Segments<'a> {
        let mut segments = Segments { told, found: Vec::new(), places: HashMap::new() };
        let mut open: Option<usize> = None;
        for line in told.split_inclusive('\n') {
            if !is_about_others(line) {
                for address in addresses_in(line) {
                    open = Some(segments.place(address));
                }
            }
            if let Some(place) = open {
                segments.found[place].1.push_str(line);
            }
        }
        segments
    }

    fn place(&mut self, address: String) -> usize {
        *self.places.entry(address.to_lowercase()).or_insert_with(|| {
            self.found.push((address, String::new()));
            self.found.len() - 1
        })
    }

    /// What is told about an address alone; nothing, when the notice names no other.
    pub fn part_about(&self, address: &str) -> Option<&str> {
        let place = *self.places.get(&address.to_lowercase())?;
        (self.found.len() > 1).then_some(self.found[place].1.as_str())
    }

    /// What is told about an address; everything, when the notice names no other.
    pub fn about(&self, address: &str) -> Option<&str> {
        let place = *self.places.get(&address.to_lowercase())?;
        Some(if self.found.len() == 1 { self.told } else { &self.found[place].1 })
    }
}

/// Lines of a notice whose address is not the recipient's: the sender's, or whom to ask.
fn is_about_others(line: &str) -> bool {
    const FIELDS: &[&str] = &[
        "from:",
        "message-id",
        "reply-to:",
        "sender:",
        "return-path:",
        "subject:",
        "date:",
        "cc:",
        "mail from",
        "from ",
        "x-",
        "reporting-mta",
        "received-from",
    ];
    const ASKED: &[&str] = &[
        "mail from",
        "contact",
        "assistance",
        "send mail to",
        "write to",
        "please reply",
        "expanded from",
        "help desk",
        "連絡",
    ];
    let lower = line.trim_start_matches(['>', '<', ' ', '\t', '-', '*']).to_lowercase();
    (FIELDS.iter().any(|f| lower.starts_with(f)) && !lower.contains("rcpt")) || ASKED.iter().any(|a| lower.contains(a))
}

/// Addresses in angle brackets or at a line's start, each once, in order.
fn addresses_in(text: &str) -> Vec<String> {
    let mut end = text.len().min(TOLD_BYTES_MAX);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut found: Vec<String> = Vec::new();
    let mut before = "";
    for line in text[..end].split(['\n', ',']) {
        let Some(address) = address::first_in(line) else { continue };
        let address = unglued(address).trim_matches(['.', '<', '>', '*', '#', '\\', '`', '|', '{', '}']);
        if !address.contains(['=', '/', '|', '?'])
            && !address.eq_ignore_ascii_case(before)
            && found.len() < RECIPIENTS_MAX
        {
            found.push(address.to_owned());
            before = address;
        }
    }
    found
}

/// The address alone, where a sentence without spaces stands around it.
fn unglued(address: &str) -> &str {
    let at = address.find('@').unwrap_or(address.len());
    let start = address[..at].char_indices().rev().find(|(_, c)| is_unspaced(*c)).map_or(0, |(i, c)| i + c.len_utf8());
    let end = address[at..].find(is_unspaced).map_or(address.len(), |i| at + i);
    &address[start..end]
}

/// Signs of scripts that put no space between words, so that a sentence begins and ends at the address.
fn is_unspaced(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}' | '\u{ff00}'..='\u{ffef}' | '\u{e00}'..='\u{e7f}')
}
