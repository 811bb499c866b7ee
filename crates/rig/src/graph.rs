//! A mail service that speaks as much of Microsoft Graph as fetching needs, and misbehaves when it is told to.

#![allow(clippy::unwrap_used, reason = "a test whose server breaks must stop at once and say where")]

mod speech;

use serde_json::Value;
use std::collections::VecDeque;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// The token that opens all mailboxes here.
pub const TOKEN: &str = "planted-graph-token";
/// The id of the folder that every mailbox has.
pub const INBOX: &str = "inbox-id";

/// What happens instead of an answer.
#[derive(Debug, Clone)]
pub enum Mishap {
    /// This answer, with further header fields as whole lines.
    Answer(u16, Vec<String>, Vec<u8>),
    /// The request has its effect, and its answer never comes.
    LoseAnswer,
    /// The answer is promised whole and breaks off in its middle.
    Cut,
    /// The answer never ends: this piece again and again.
    Endless(Vec<u8>),
    /// Nothing comes, until the client gives up.
    Silence,
}

impl Mishap {
    pub fn json(status: u16, body: &Value) -> Mishap {
        Mishap::Answer(status, Vec::new(), body.to_string().into_bytes())
    }

    /// The service asks for patience.
    pub fn busy(status: u16, retry_after_s: u32) -> Mishap {
        Mishap::Answer(status, vec![format!("Retry-After: {retry_after_s}")], b"{}".to_vec())
    }
}

#[derive(Debug, Clone)]
struct Mail {
    id: String,
    folder: String,
    received_at: String,
    is_read: bool,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone)]
struct Folder {
    id: String,
    name: String,
    parent: Option<String>,
}

#[derive(Default)]
struct State {
    mails: Vec<Mail>,
    folders: Vec<Folder>,
    /// Which mail changed in which folder, in order.
    changes: Vec<(String, String)>,
    /// Places in lists that were told before this many forgettings are lost.
    forgotten: u32,
    page_mails: usize,
    mishaps: VecDeque<(String, bool, Mishap)>,
    requests: Vec<String>,
    under_way: usize,
    at_once: usize,
    slowness: Duration,
    endless_bytes: usize,
    made: usize,
    sent: Vec<Sent>,
}

/// A mail that was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    /// The mailbox by which it was sent.
    pub user: String,
    pub mail: String,
}

/// The server; it serves until the test's process ends.
#[derive(Clone)]
pub struct GraphServer {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl GraphServer {
    /// Listens on a free port of loopback, without TLS.
    pub fn start() -> GraphServer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let inbox = Folder { id: INBOX.into(), name: "Posteingang".into(), parent: None };
        let state = State { folders: vec![inbox], page_mails: 200, ..State::default() };
        let server = GraphServer { address, state: Arc::new(Mutex::new(state)) };
        let serving = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let serving = serving.clone();
                // A client that goes away in the middle is what some tests are about.
                std::thread::spawn(move || stream.and_then(|stream| speech::serve(stream, &serving)));
            }
        });
        server
    }

    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Puts a mail into a folder, and says its id. `received_at` is a time as RFC 3339 writes it, in UTC.
    pub fn put(&self, folder: &str, received_at: &str, bytes: &[u8]) -> String {
        let mut state = self.state();
        state.made += 1;
        let id = format!("AAkALgAA-{}", state.made);
        let mail = Mail {
            id: id.clone(),
            folder: folder.into(),
            received_at: received_at.into(),
            is_read: false,
            bytes: bytes.to_vec(),
        };
        state.mails.push(mail);
        state.changed(&id, folder);
        id
    }

    pub fn make_folder(&self, name: &str, parent: Option<&str>) -> String {
        self.state().make_folder(name, parent)
    }

    /// The ids of the mails that lie in a folder, and whether each is read.
    pub fn mails(&self, folder: &str) -> Vec<(String, bool)> {
        let state = self.state();
        state.mails.iter().filter(|mail| mail.folder == folder).map(|mail| (mail.id.clone(), mail.is_read)).collect()
    }

    /// The id of the folder of this name.
    pub fn folder(&self, name: &str) -> Option<String> {
        self.state().folders.iter().find(|folder| folder.name == name).map(|folder| folder.id.clone())
    }

    /// A person moves a mail, or takes it away.
    pub fn move_to(&self, id: &str, folder: Option<&str>) {
        self.state().move_to(id, folder);
    }

    /// A person marks a mail as unread.
    pub fn mark_unread(&self, id: &str) {
        let mut state = self.state();
        let mail = state.mails.iter_mut().find(|mail| mail.id == id).unwrap();
        mail.is_read = false;
        let folder = mail.folder.clone();
        state.changed(id, &folder);
    }

    /// All mails bear other ids from now on, as after a move to another organisation.
    pub fn rename_all(&self) {
        let mut state = self.state();
        state.mails.iter_mut().for_each(|mail| mail.id = format!("new-{}", mail.id));
        state.forgotten += 1;
    }

    /// Places in lists that were told so far are lost.
    pub fn forget(&self) {
        self.state().forgotten += 1;
    }

    /// Lists have pages of so many mails.
    pub fn page_of(&self, mails: usize) {
        self.state().page_mails = mails;
    }

    /// The next request whose line holds this text meets a mishap.
    pub fn next(&self, text: &str, mishap: Mishap) {
        self.state().mishaps.push_back((text.into(), false, mishap));
    }

    /// Every request whose line holds this text meets a mishap, until [`GraphServer::behave`].
    pub fn always(&self, text: &str, mishap: Mishap) {
        self.state().mishaps.push_back((text.into(), true, mishap));
    }

    pub fn behave(&self) {
        self.state().mishaps.clear();
    }

    /// Every answer comes so much later.
    pub fn answer_after(&self, slowness: Duration) {
        self.state().slowness = slowness;
    }

    /// How many bytes of answers that never end went out.
    pub fn endless_bytes(&self) -> usize {
        self.state().endless_bytes
    }

    /// The lines of all requests so far, with the `Prefer` field behind each.
    pub fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    /// The mails that were taken, in order.
    pub fn sent(&self) -> Vec<Sent> {
        self.state().sent.clone()
    }

    /// The most requests that were under way at the same time.
    pub fn at_once(&self) -> usize {
        self.state().at_once
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl State {
    fn changed(&mut self, id: &str, folder: &str) {
        self.changes.push((id.to_owned(), folder.to_owned()));
    }

    fn make_folder(&mut self, name: &str, parent: Option<&str>) -> String {
        let id = format!("folder-{}", self.folders.len());
        self.folders.push(Folder { id: id.clone(), name: name.into(), parent: parent.map(str::to_owned) });
        id
    }

    fn move_to(&mut self, id: &str, folder: Option<&str>) {
        let at = self.mails.iter().position(|mail| mail.id == id).unwrap();
        let left = self.mails[at].folder.clone();
        match folder {
            Some(folder) => self.mails[at].folder = folder.to_owned(),
            None => drop(self.mails.remove(at)),
        }
        self.changed(id, &left);
        if let Some(folder) = folder {
            self.changed(id, folder);
        }
    }
}
