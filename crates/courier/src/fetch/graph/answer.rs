//! What Microsoft Graph answers: lists, folders and refusals. Nothing in it is believed further than it must be.

use super::{VERSION, unreachable};
use jiff::Timestamp;
use policy::fault::{Fault, FaultCode};
use serde_json::Value;

/// A page with more entries than this is none; we ask for far fewer.
const ENTRIES_MAX: usize = 5_000;
/// Ids are about 150 octets long.
const ID_BYTES_MAX: usize = 255;
/// Links hold the place in a list and are about a kilobyte long.
const LINK_BYTES_MAX: usize = 16 * 1024;
const WORD_CHARS_MAX: usize = 60;

/// One page of a list of mails.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    pub mails: Vec<Listed>,
    pub next: Next,
    /// Entries whose ids could not be remembered; they are passed over.
    pub nameless: usize,
}

/// A mail as a list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub id: String,
    pub received_at: Option<Timestamp>,
    pub is_read: bool,
}

/// Where the list goes on; paths are those of a [`Request`](super::Request).
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// There is more of it.
    Page(String),
    /// That was all; here stands later what changes.
    Changes(String),
    /// That was all, and the list tells no changes.
    End,
}

/// Reads a page. `base` is scheme, host and port of the service: links that lead anywhere else are refused, because each
/// request carries the token.
///
/// # Errors
/// `MailboxUnreachable`, temporary, when the answer is none.
pub fn read_page(base: &str, body: &[u8]) -> Result<Page, Fault> {
    let answer: Value = serde_json::from_slice(body).map_err(|_| unreachable("a list of mails is no JSON"))?;
    let entries = answer["value"].as_array().ok_or_else(|| unreachable("a list of mails holds no mails"))?;
    if entries.len() > ENTRIES_MAX {
        return Err(unreachable(format!("a page of mails holds more than {ENTRIES_MAX}")));
    }
    let mut page = Page { mails: Vec::with_capacity(entries.len()), next: Next::End, nameless: 0 };
    for entry in entries {
        // Mails that left the folder are told of too.
        if entry.get("@removed").is_some() {
            continue;
        }
        match usable_id(&entry["id"]) {
            Some(id) => page.mails.push(Listed {
                id,
                received_at: entry["receivedDateTime"].as_str().and_then(|text| text.parse().ok()),
                is_read: entry["isRead"].as_bool().unwrap_or(false),
            }),
            None => page.nameless += 1,
        }
    }
    // A reply comes after what it answers.
    page.mails.sort_by_key(|mail| mail.received_at);
    page.next = match (link(base, &answer["@odata.nextLink"])?, link(base, &answer["@odata.deltaLink"])?) {
        (Some(path), _) => Next::Page(path),
        (None, Some(path)) => Next::Changes(path),
        (None, None) => Next::End,
    };
    Ok(page)
}

/// The path of a link on the same service.
fn link(base: &str, value: &Value) -> Result<Option<String>, Fault> {
    let Some(text) = value.as_str() else {
        return if value.is_null() { Ok(None) } else { Err(unreachable("a link of a list is no text")) };
    };
    let path = text.strip_prefix(base).and_then(|rest| rest.strip_prefix(VERSION)).filter(|path| path.starts_with('/'));
    let is_plain = |path: &&str| path.len() <= LINK_BYTES_MAX && path.bytes().all(|byte| byte.is_ascii_graphic());
    match path.filter(is_plain) {
        Some(path) => Ok(Some(path.to_owned())),
        // What it says instead is not repeated: a link may hold anything.
        None => Err(unreachable("a list goes on at another server, or nowhere")),
    }
}

fn usable_id(value: &Value) -> Option<String> {
    let id = value.as_str()?;
    (!id.is_empty() && id.len() <= ID_BYTES_MAX && id.bytes().all(|byte| byte.is_ascii_graphic()))
        .then(|| id.to_owned())
}

/// A folder's id and how many mails lie in it.
///
/// # Errors
/// As [`read_page`].
pub fn read_folder(body: &[u8]) -> Result<(String, u64), Fault> {
    let answer: Value = serde_json::from_slice(body).map_err(|_| unreachable("a folder is no JSON"))?;
    folder(&answer).ok_or_else(|| unreachable("a folder has no id"))
}

/// The folders that an answer lists and that bear exactly this name, case aside as Outlook compares.
///
/// # Errors
/// As [`read_page`].
pub fn read_folders(name: &str, body: &[u8]) -> Result<Vec<(String, u64)>, Fault> {
    let answer: Value = serde_json::from_slice(body).map_err(|_| unreachable("a list of folders is no JSON"))?;
    let entries = answer["value"].as_array().ok_or_else(|| unreachable("a list of folders holds no folders"))?;
    let same =
        |entry: &&Value| entry["displayName"].as_str().is_some_and(|shown| shown.to_lowercase() == name.to_lowercase());
    Ok(entries.iter().take(ENTRIES_MAX).filter(same).filter_map(folder).collect())
}

fn folder(entry: &Value) -> Option<(String, u64)> {
    Some((usable_id(&entry["id"])?, entry["totalItemCount"].as_u64().unwrap_or(0)))
}

/// The server's own word for what is wrong, such as `ErrorAccessDenied`. Its sentences are not repeated: they may hold
/// anything.
fn error_word(body: &[u8]) -> String {
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let word = answer["error"]["code"].as_str().unwrap_or_default();
    word.chars().filter(|c| c.is_ascii_alphanumeric() || ".-_".contains(*c)).take(WORD_CHARS_MAX).collect()
}

/// Whether the place that a path names is not known any more, so that the list has to be read from its beginning: the
/// server forgot it (410, `syncStateNotFound`), or the folder is gone and may be there again under another id.
pub fn says_that_its_place_is_lost(status: u16, body: &[u8]) -> bool {
    let word = error_word(body).to_ascii_lowercase();
    let forgotten =
        ["syncstatenotfound", "syncstateinvalid", "resyncrequired"].iter().any(|known| word.contains(known));
    status == 410 || status == 404 || (status == 400 && forgotten)
}

/// What an answer without success means for the mailbox. Those that ask for patience (429, 503, 504) are none of these.
pub fn refused(status: u16, body: &[u8]) -> Fault {
    let word = error_word(body);
    let word = if word.is_empty() { String::new() } else { format!(" ({word})") };
    let permanent = |what: &str| Fault::permanent(FaultCode::MailboxRefused, format!("{what}{word}"));
    match status {
        401 => permanent("the server does not take the token"),
        403 => permanent(
            "the right is missing: allow Mail.Read, or Mail.ReadWrite where mails are marked, moved or deleted",
        ),
        404 => permanent("there is no such mailbox, folder or mail"),
        300..=399 => permanent("the server sends us elsewhere, where no token is brought"),
        _ => Fault::temporary(FaultCode::MailboxRefused, format!("the server answers with status {status}{word}")),
    }
}

/// Why a letter was not sent, or whether it may have been. What is about us and not about the letter is temporary, so that letters wait until
/// it is mended. Those that ask for patience (429, 503) are none of these.
pub fn not_sent(status: u16, body: &[u8]) -> Fault {
    let word = error_word(body);
    let is_full = ["quota", "limit"].iter().any(|known| word.to_ascii_lowercase().contains(known));
    let word = if word.is_empty() { String::new() } else { format!(" ({word})") };
    let later = |what: &str| Fault::temporary(FaultCode::PostRefused, format!("{what}{word}"));
    match status {
        401 => later("the server does not take the token"),
        403 => later("the right is missing: allow Mail.Send, and let the mailbox send in this name"),
        404 => later("there is no such mailbox"),
        300..=399 => later("the server sends us elsewhere, where no token is brought"),
        400..=499 if is_full => later("the mailbox may send no more for now"),
        408 | 500..=599 => Fault::unknown(FaultCode::PostUnreachable, format!("status {status}{word}")),
        _ => Fault::permanent(FaultCode::PostRefused, format!("the server answers with status {status}{word}")),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use policy::FaultKind;

    const BASE: &str = "https://graph.microsoft.com";

    fn page(body: &str) -> Result<Page, Fault> {
        read_page(BASE, body.as_bytes())
    }

    #[test]
    fn what_is_about_us_costs_no_letter_and_a_lost_answer_is_no_refusal() {
        let kind = |status, body: &str| not_sent(status, body.as_bytes()).kind;
        for status in [302, 401, 403, 404] {
            assert_eq!(kind(status, "{}"), FaultKind::Temporary, "{status}");
        }
        assert_eq!(kind(400, r#"{"error":{"code":"ErrorSendQuotaExceeded"}}"#), FaultKind::Temporary);
        for status in [408, 500, 502, 504] {
            assert_eq!(kind(status, "{}"), FaultKind::Unknown, "{status}");
        }
        for status in [400, 413, 422] {
            assert_eq!(kind(status, "{}"), FaultKind::Permanent, "{status}");
        }
        let fault = not_sent(400, br#"{"error":{"code":"ErrorInvalidRecipients","message":"planted@example.org"}}"#);
        assert_eq!(fault.detail, "the server answers with status 400 (ErrorInvalidRecipients)");
    }

    #[test]
    fn a_page_is_sorted_by_arrival_and_tells_where_it_goes_on() {
        let body = r#"{"@odata.nextLink":"https://graph.microsoft.com/v1.0/users('a')/mailFolders('b')/messages/delta?$skiptoken=x",
            "value":[{"id":"late","receivedDateTime":"2026-11-22T10:00:01Z","isRead":true},{"id":"gone","@removed":{"reason":"deleted"}},
            {"id":"early","receivedDateTime":"2026-11-22T10:00:00Z"},{"id":""},{"id":7},{"id":"a\nb"}]}"#;
        let read = page(body).unwrap();
        let ids: Vec<&str> = read.mails.iter().map(|mail| mail.id.as_str()).collect();
        assert_eq!((ids, read.nameless), (vec!["early", "late"], 3));
        assert!(read.mails[1].is_read && !read.mails[0].is_read);
        assert_eq!(read.next, Next::Page("/users('a')/mailFolders('b')/messages/delta?$skiptoken=x".into()));
        let last =
            page(r#"{"value":[],"@odata.deltaLink":"https://graph.microsoft.com/v1.0/d?$deltatoken=1"}"#).unwrap();
        assert_eq!(last.next, Next::Changes("/d?$deltatoken=1".into()));
        assert_eq!(page(r#"{"value":[]}"#).unwrap().next, Next::End);
    }

    #[test]
    fn sec_60_a_link_to_another_host_is_refused_and_not_repeated() {
        let evil = [
            "https://graph.microsoft.com.evil.example/v1.0/x",
            "https://evil.example/v1.0/x",
            "http://graph.microsoft.com/v1.0/x",
            "https://graph.microsoft.com@evil.example/v1.0/x",
            "https://graph.microsoft.com:8443/v1.0/x",
            "https://graph.microsoft.com/beta/x",
            "https://graph.microsoft.com/v1.0.evil.example/x",
            "/v1.0/x",
            "https://graph.microsoft.com/v1.0/x\r\nHost: evil.example",
            "https://graph.microsoft.com/v1.0/x y",
        ];
        for link in evil {
            for key in ["@odata.nextLink", "@odata.deltaLink"] {
                let fault = page(&serde_json::json!({ "value": [], key: link }).to_string()).unwrap_err();
                assert_eq!(fault.code, FaultCode::MailboxUnreachable);
                assert!(!fault.detail.contains("evil") && !fault.detail.contains("beta"), "{}", fault.detail);
            }
        }
        let long = format!("{BASE}/v1.0/{}", "x".repeat(LINK_BYTES_MAX));
        assert!(page(&serde_json::json!({ "value": [], "@odata.nextLink": long }).to_string()).is_err());
        assert!(page(r#"{"value":[],"@odata.nextLink":7}"#).is_err());
    }

    #[test]
    fn sec_60_what_is_no_list_is_refused() {
        let many = serde_json::json!({ "value": vec![serde_json::json!({}); ENTRIES_MAX + 1] }).to_string();
        let deep = "[".repeat(100_000);
        for body in ["", "[]", "null", "{\"value\":7}", "<html>planted</html>", &many, &deep] {
            let fault = page(body).unwrap_err();
            assert!(!fault.detail.contains("planted"), "{}", fault.detail);
            assert!(read_folders("x", body.as_bytes()).is_err() || body == many);
            assert!(read_folder(body.as_bytes()).is_err());
        }
    }

    #[test]
    fn a_refusal_names_the_servers_word_and_nothing_else_of_it() {
        let body = br#"{"error":{"code":"ErrorAccessDenied","message":"planted boss@example.org"}}"#;
        let fault = refused(403, body);
        assert!(fault.detail.contains("ErrorAccessDenied") && fault.detail.contains("Mail.Read"), "{}", fault.detail);
        assert!(!fault.detail.contains("planted"), "{}", fault.detail);
        assert_eq!(error_word(br#"{"error":{"code":"a b@c<d>"}}"#), "abcd");
        assert!(says_that_its_place_is_lost(410, b""));
        assert!(says_that_its_place_is_lost(400, br#"{"error":{"code":"SyncStateNotFound"}}"#));
        assert!(!says_that_its_place_is_lost(400, body) && !says_that_its_place_is_lost(500, b""));
    }

    #[test]
    fn folders_are_found_by_their_whole_name() {
        let body = r#"{"value":[{"id":"1","displayName":"New","totalItemCount":4},{"id":"2","displayName":"Newer"},
            {"displayName":"New"}]}"#;
        assert_eq!(read_folders("new", body.as_bytes()).unwrap(), [("1".to_owned(), 4)]);
    }
}
