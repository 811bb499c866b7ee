//! Microsoft Graph 1.0 as values: what is asked of a mailbox there, and what the answers mean. Nothing here speaks.
//!
//! Every request asks for immutable ids (`Prefer: IdType="ImmutableId"`), which name a mail for as long as it stays in its
//! mailbox, whatever folder it is moved to.

mod answer;

pub use answer::{
    Listed, Next, Page, not_sent, read_folder, read_folders, read_page, refused, says_that_its_place_is_lost,
};

use crate::oauth::write_escaped;
use policy::fault::{Fault, FaultCode};
use serde_json::{Value, json};

/// Mails that one page of a list shows.
const PAGE_MAILS: usize = 200;
/// Folders below folders that a path names at most.
const DEPTH_MAX: usize = 10;

/// The names that Microsoft gives the folders which every mailbox has, whatever they are called there.
const WELL_KNOWN: [&str; 10] = [
    "inbox",
    "archive",
    "deleteditems",
    "drafts",
    "junkemail",
    "msgfolderroot",
    "outbox",
    "sentitems",
    "clutter",
    "recoverableitemsdeletions",
];

/// The version of the interface; it stands before each path.
pub const VERSION: &str = "/v1.0";

/// A request: its path begins behind the version and holds its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub method: Method,
    pub path: String,
    pub body: Option<Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Patch,
    Delete,
}

impl Request {
    /// The value of the `Prefer` field that each request carries.
    pub fn prefer() -> String {
        format!("IdType=\"ImmutableId\", odata.maxpagesize={PAGE_MAILS}")
    }

    fn get(path: String) -> Request {
        Request { method: Method::Get, path, body: None }
    }

    /// A page of a list, where an earlier answer says that it is.
    pub fn page(path: &str) -> Request {
        Request::get(path.to_owned())
    }
}

/// A folder as the settings name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FolderName {
    /// The mailbox knows it by this name in every language.
    WellKnown(&'static str),
    /// Names of folders, each below the one before.
    Path(Vec<String>),
}

impl FolderName {
    /// Reads `inbox` (in any case) or `Support/New`; `None` when it names none or goes too deep.
    pub fn read(text: &str) -> Option<FolderName> {
        if let Some(name) = WELL_KNOWN.iter().find(|name| name.eq_ignore_ascii_case(text)) {
            return Some(FolderName::WellKnown(name));
        }
        let names: Vec<String> = text.split('/').map(str::to_owned).collect();
        let usable = names.len() <= DEPTH_MAX && names.iter().all(|name| !name.trim().is_empty());
        usable.then_some(FolderName::Path(names))
    }
}

/// One mailbox.
#[derive(Debug, Clone)]
pub struct Mailbox {
    root: String,
}

impl Mailbox {
    /// `user` is the address or the id of the mailbox's owner, or the address of a shared mailbox.
    pub fn of(user: &str) -> Mailbox {
        Mailbox { root: format!("/users/{}", escaped(user)) }
    }

    /// One folder, by its id or well-known name.
    pub fn folder(&self, id: &str) -> Request {
        Request::get(format!("{}/mailFolders/{}?$select=id,totalItemCount", self.root, escaped(id)))
    }

    /// The folders of this name below another one, or at the top.
    pub fn folders(&self, parent: Option<&str>, name: &str) -> Request {
        let filter = escaped(&format!("displayName eq '{}'", name.replace('\'', "''")));
        Request::get(format!(
            "{}?$filter={filter}&$select=id,displayName,totalItemCount&$top=10",
            self.children(parent)
        ))
    }

    /// Makes a folder.
    pub fn make_folder(&self, parent: Option<&str>, name: &str) -> Request {
        let body = Some(json!({ "displayName": name }));
        Request { method: Method::Post, path: self.children(parent), body }
    }

    fn children(&self, parent: Option<&str>) -> String {
        match parent {
            Some(id) => format!("{}/mailFolders/{}/childFolders", self.root, escaped(id)),
            None => format!("{}/mailFolders", self.root),
        }
    }

    /// All mails of a folder, and at the end where to ask for what changes later.
    pub fn changes(&self, folder: &str) -> Request {
        Request::get(format!("{}/messages/delta?$select=id,receivedDateTime,isRead", self.of_folder(folder)))
    }

    /// All mails of a folder, oldest first.
    pub fn mails(&self, folder: &str) -> Request {
        let query = format!("$select=id,receivedDateTime,isRead&$orderby=receivedDateTime&$top={PAGE_MAILS}");
        Request::get(format!("{}/messages?{query}", self.of_folder(folder)))
    }

    /// The mails of a folder that came before this time (RFC 3339, in UTC), oldest first.
    pub fn mails_before(&self, folder: &str, time: &str) -> Request {
        let filter = escaped(&format!("receivedDateTime lt {time}"));
        let query = format!("$filter={filter}&$select=id,receivedDateTime&$orderby=receivedDateTime&$top={PAGE_MAILS}");
        Request::get(format!("{}/messages?{query}", self.of_folder(folder)))
    }

    /// The mail as it came (RFC 5322).
    pub fn content(&self, id: &str) -> Request {
        Request::get(format!("{}/$value", self.mail(id)))
    }

    pub fn mark_read(&self, id: &str) -> Request {
        Request { method: Method::Patch, path: self.mail(id), body: Some(json!({ "isRead": true })) }
    }

    /// The mail keeps its immutable id in the other folder.
    pub fn move_to(&self, id: &str, folder: &str) -> Request {
        let body = Some(json!({ "destinationId": folder }));
        Request { method: Method::Post, path: format!("{}/move", self.mail(id)), body }
    }

    pub fn delete(&self, id: &str) -> Request {
        Request { method: Method::Delete, path: self.mail(id), body: None }
    }

    /// Sends the mail that goes along, in base64: to whom its own fields name.
    pub fn send(&self) -> Request {
        Request { method: Method::Post, path: format!("{}/sendMail", self.root), body: None }
    }

    fn of_folder(&self, folder: &str) -> String {
        format!("{}/mailFolders/{}", self.root, escaped(folder))
    }

    fn mail(&self, id: &str) -> String {
        format!("{}/messages/{}", self.root, escaped(id))
    }
}

/// The rights that are asked for when a person signs in: to read, and to write only where mails are marked, moved or deleted.
/// `resource` is the service's address without a slash at its end.
pub fn scopes(resource: &str, writes: bool, of_another: bool) -> String {
    let right = if writes { "Mail.ReadWrite" } else { "Mail.Read" };
    let whose = if of_another { ".Shared" } else { "" };
    format!("{resource}/{right}{whose} offline_access")
}

/// The right that is asked for when a person signs in to send; `of_another` where the mailbox is not his own.
pub fn sending_scopes(resource: &str, of_another: bool) -> String {
    let whose = if of_another { ".Shared" } else { "" };
    format!("{resource}/Mail.Send{whose} offline_access")
}

/// Everything that could end a segment of a path or a value of a query is escaped.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    write_escaped(&mut out, text);
    out
}

fn unreachable(detail: impl Into<String>) -> Fault {
    Fault::temporary(FaultCode::MailboxUnreachable, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_name_leaves_its_place_in_the_path() {
        let mailbox = Mailbox::of("a/../b?x#y@example.org");
        assert_eq!(
            mailbox.content("id/..?").path,
            "/users/a%2F..%2Fb%3Fx%23y%40example.org/messages/id%2F..%3F/$value"
        );
        let asked = mailbox.folders(Some("p/1"), "Bob's & co").path;
        assert!(
            asked.contains("/mailFolders/p%2F1/childFolders?$filter=displayName%20eq%20%27Bob%27%27s%20%26%20co%27&")
        );
    }

    #[test]
    fn folders_are_named_as_outlook_shows_them_or_by_what_every_mailbox_has() {
        assert_eq!(FolderName::read("INBOX"), Some(FolderName::WellKnown("inbox")));
        assert_eq!(FolderName::read("SentItems"), Some(FolderName::WellKnown("sentitems")));
        let path = FolderName::Path(vec!["Support".into(), "New ones".into()]);
        assert_eq!(FolderName::read("Support/New ones"), Some(path));
        for wrong in ["", "/", "a//b", "a/", " ", "1/2/3/4/5/6/7/8/9/10/11"] {
            assert_eq!(FolderName::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn priv_33_a_grant_for_graph_asks_for_reading_and_for_writing_only_where_it_writes() {
        let graph = "https://graph.microsoft.com";
        assert_eq!(scopes(graph, false, false), "https://graph.microsoft.com/Mail.Read offline_access");
        assert_eq!(scopes(graph, true, false), "https://graph.microsoft.com/Mail.ReadWrite offline_access");
        assert_eq!(scopes(graph, false, true), "https://graph.microsoft.com/Mail.Read.Shared offline_access");
        for (writes, of_another) in [(false, false), (true, false), (false, true), (true, true)] {
            let asked = scopes(graph, writes, of_another);
            assert!(
                !["Send", "Files", "Calendars", "User", "default"].iter().any(|more| asked.contains(more)),
                "{asked}"
            );
        }
    }
}
