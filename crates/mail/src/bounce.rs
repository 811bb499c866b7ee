//! Delivery status notifications (RFC 3464, RFC 3463), and the failure texts of servers that send none.

use crate::address;
use crate::field::Block;
use crate::message::{Bounce, BouncedRecipient, Headers};
use crate::scan::Tree;
use crate::{body, charset, thread};
use regex::Regex;
use std::sync::LazyLock;

/// Recipients that are taken from one notification.
const RECIPIENTS_MAX: usize = 1000;

/// The notification that the mail is, if it is one.
pub(crate) fn read(tree: &Tree, headers: &Headers, text: &str) -> Option<Bounce> {
    let mut bounce = match tree.find("message/delivery-status").or_else(|| tree.find("message/global-delivery-status"))
    {
        Some(status) => Bounce { recipients: recipients(&tree.body(status)), returned_message_id: None },
        None => from_words(tree, headers, text)?,
    };
    bounce.returned_message_id = returned_id(tree).or_else(|| id_in_words(text));
    Some(bounce)
}

/// The groups of fields in a delivery-status part: the first is about the report, each further one about a recipient
/// (RFC 3464, section 2.1).
fn recipients(status: &[u8]) -> Vec<BouncedRecipient> {
    let text = body::lines(&charset::decode(status, None).text);
    let groups = text.split("\n\n").map(|g| g.trim_start_matches('\n')).filter(|g| !g.trim().is_empty());
    groups.take(RECIPIENTS_MAX + 1).filter_map(recipient).collect()
}

fn recipient(group: &str) -> Option<BouncedRecipient> {
    let block = Block::read(group.as_bytes(), usize::MAX, usize::MAX);
    let value = |name: &str| block.text(name).filter(|v| !v.is_empty());
    let named = value("Final-Recipient").or_else(|| value("Original-Recipient"))?;
    let named = named.split_once(';').map_or(named.as_str(), |(_, a)| a).trim().to_owned();
    let diagnostic = value("Diagnostic-Code").unwrap_or_default();
    let status = value("Status")
        .as_deref()
        .and_then(status_in)
        .filter(|s| !s.ends_with(".0.0"))
        .or_else(|| status_in(&diagnostic))
        .or_else(|| value("Status").as_deref().and_then(status_in));
    let action = value("Action").map(|a| a.split([' ', '(', ';']).next().unwrap_or("").to_ascii_lowercase());
    let permanent = is_permanent(status.as_deref(), action.as_deref());
    let address = address::first_in(&named).map_or(named.clone(), |a| a.trim_start_matches("rfc822;").to_owned());
    Some(BouncedRecipient { address, status, action, permanent })
}

/// A failure is for good unless its status says otherwise; a delay is not.
fn is_permanent(status: Option<&str>, action: Option<&str>) -> bool {
    match (action, status) {
        (Some("delayed" | "delivered" | "relayed" | "expanded"), _) => false,
        (_, Some(status)) => status.starts_with('5'),
        (action, None) => action == Some("failed"),
    }
}

/// The first enhanced status code in a text (RFC 3463, section 2).
fn status_in(text: &str) -> Option<String> {
    static STATUS: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?:^|[^\d.])([245]\.\d{1,3}\.\d{1,3})(?:[^\d.]|\.?$|\.\s)").ok());
    STATUS.as_ref()?.captures(text)?.get(1).map(|m| m.as_str().to_owned())
}

/// The Message-ID of the mail that came back, from its attached copy or header.
fn returned_id(tree: &Tree) -> Option<String> {
    let message =
        (1..tree.nodes.len()).find(|&i| tree.nodes[i].parent.is_some_and(|p| tree.nodes[p].kind.is_message()));
    if let Some(id) = message.and_then(|i| tree.block(i).get("Message-ID").and_then(thread::id)) {
        return Some(id);
    }
    let headers = tree.find("text/rfc822-headers").or_else(|| tree.find("message/rfc822-headers"))?;
    let bytes = tree.body(headers);
    Block::read(&bytes, usize::MAX, usize::MAX).get("Message-ID").and_then(thread::id)
}

fn id_in_words(text: &str) -> Option<String> {
    let line = text.lines().find(|l| {
        l.trim_start_matches(['>', ' ', '\t']).get(..11).is_some_and(|s| s.eq_ignore_ascii_case("message-id:"))
    })?;
    thread::id(line.as_bytes())
}

/// Who sends failure notices, lower case, before the `@` or as a name.
const DAEMONS: &[&str] = &[
    "mailer-daemon",
    "mail delivery",
    "postmaster",
    "mailerdaemon",
    "mail-daemon",
    "mdaemon",
    "mail administrator",
    "postoffice",
];

/// Phrases with which servers that send no RFC 3464 report introduce a failure, lower case.
const FAILURES: &[(&str, bool)] = &[
    ("this is a permanent error", true),
    ("i'm afraid i wasn't able to deliver your message", true),
    ("could not be delivered to one or more recipients", true),
    ("a message that you sent could not be delivered", true),
    ("message could not be delivered", true),
    ("the following addresses had permanent fatal errors", true),
    ("the following addresses had transient non-fatal errors", false),
    ("delivery to the following recipient failed permanently", true),
    ("delivery to the following recipients failed", true),
    ("delivery to the following recipient has been delayed", false),
    ("your message did not reach some or all of the intended recipients", true),
    ("was undeliverable", true),
    ("could not be delivered", true),
    ("unable to deliver", true),
    ("not be delivered", true),
    ("delivery failed", true),
    ("undeliverable", true),
    ("user unknown", true),
    ("returned mail", true),
    ("returned to sender", true),
    ("delivery has failed", true),
    ("failed to deliver", true),
    ("delivery failure", true),
    ("undelivered mail", true),
    ("non-delivery", true),
    ("failure notice", true),
    ("mail delivery", true),
    ("had not yet been delivered", false),
    ("delayed", false),
    ("was not delivered", true),
    ("cannot be delivered", true),
    ("host unknown", true),
    ("mailbox full", false),
    ("over quota", false),
    ("error delivering", true),
    ("trouble delivering", true),
    ("trying to deliver", true),
    ("returning to sender", true),
    ("recipients was aborted", true),
    ("delivery status notification", true),
    ("error sending your mail", true),
    ("unzustellbar", true),
    ("配信", true),
];

/// A failure told in words: sent by a mail daemon and naming the failure, or with exim's own field.
fn from_words(tree: &Tree, headers: &Headers, text: &str) -> Option<Bounce> {
    let block = tree.block(0);
    let failed: Vec<String> =
        block.all("X-Failed-Recipients").flat_map(|v| addresses_in(&String::from_utf8_lossy(v))).collect();
    // As it stood: `MAILER-DAEMON <>` names no address.
    let sender = block.text("From").unwrap_or_default().to_lowercase();
    let is_daemon = DAEMONS.iter().any(|d| sender.contains(d)) || is_null_path(&block);
    let lower = format!("{}\n{}", headers.subject, text).to_lowercase();
    let failure = FAILURES.iter().find(|(phrase, _)| lower.contains(phrase)).map(|(_, permanent)| *permanent);
    if failed.is_empty() && (!is_daemon || failure.is_none() || is_answer(&block, headers)) {
        return None;
    }
    let own = headers.from.iter().chain(&headers.to).map(|a| a.normalised()).collect::<Vec<_>>();
    let named = if failed.is_empty() {
        addresses_in(told(text)).into_iter().filter(|a| !own.contains(&a.to_lowercase())).collect()
    } else {
        failed
    };
    let status = status_in(text).or_else(|| reply_code_in(text));
    let permanent = status.as_deref().map_or(failure.unwrap_or(true), |s| s.starts_with('5'));
    let recipients = named
        .into_iter()
        .take(RECIPIENTS_MAX)
        .map(|address| BouncedRecipient { address, status: status.clone(), action: None, permanent })
        .collect();
    Some(Bounce { recipients, returned_message_id: None })
}

fn is_null_path(block: &Block) -> bool {
    block.get("Return-Path").is_some_and(|v| v.trim_ascii() == b"<>")
}

/// An absence note of a daemon-like account is an answer, not a failure.
fn is_answer(block: &Block, headers: &Headers) -> bool {
    block.text("Auto-Submitted").is_some_and(|v| v.to_ascii_lowercase().starts_with("auto-replied"))
        && !headers.in_reply_to.is_empty()
        && !headers.subject.to_lowercase().contains("deliver")
}

/// What the server says, before the copy of the mail that it returns.
fn told(text: &str) -> &str {
    const COPIES: &[&str] = &[
        "\n--- Below this line is a copy",
        "\n------ This is a copy of",
        "\n   ----- Original message follows",
        "\n----- Original message",
        "\n   ----- Unsent message follows",
        "\n--- Original message",
        "\nReceived: ",
        "\nReturn-Path: ",
    ];
    let end = COPIES.iter().filter_map(|c| text.find(c)).min().unwrap_or(text.len());
    &text[..end]
}

/// Addresses in angle brackets or at a line's start, each once, in order.
fn addresses_in(text: &str) -> Vec<String> {
    const LOOKED_AT_BYTES: usize = 32 * 1024;
    let mut end = text.len().min(LOOKED_AT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut found: Vec<String> = Vec::new();
    for line in text[..end].split(['\n', ',']) {
        let Some(address) = address::first_in(line).map(|a| a.trim_matches(['.', '<', '>', '*'])) else { continue };
        if !found.iter().any(|f| f.eq_ignore_ascii_case(address))
            && !address.contains('=')
            && found.len() < RECIPIENTS_MAX
        {
            found.push(address.to_owned());
        }
    }
    found
}

/// An SMTP reply code in words, as a status of its class (`550 …` is `5.0.0`).
fn reply_code_in(text: &str) -> Option<String> {
    static CODE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?m)(?:^|[\s(:#])([45])\d\d[\s-](?:[A-Za-z<#\[]|\d\.)").ok());
    CODE.as_ref()?.captures(text)?.get(1).map(|m| format!("{}.0.0", m.as_str()))
}
