//! Requests to the service and its answers, over HTTP/1.1.

use super::{GraphServer, INBOX, Mail, Mishap, Sent, State, TOKEN};
use crate::request::{self, Request, decoded};
use data_encoding::BASE64;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::io::{BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long a silent server keeps a connection.
const SILENCE: Duration = Duration::from_secs(60);
/// So many bytes of an answer that never ends; no client reads on that long.
const ENDLESS_BYTES: usize = 256 * 1024 * 1024;

struct Answer {
    status: u16,
    fields: Vec<String>,
    body: Vec<u8>,
}

impl Answer {
    fn json(status: u16, body: &Value) -> Answer {
        Answer { status, fields: Vec::new(), body: body.to_string().into_bytes() }
    }

    fn no(status: u16, word: &str) -> Answer {
        Answer::json(status, &json!({ "error": { "code": word, "message": "planted sentence" } }))
    }
}

/// One connection.
pub(super) fn serve(stream: TcpStream, server: &GraphServer) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut out = stream;
    while let Some(request) = request::read(&mut reader)? {
        let line = format!("{} {}", request.method, request.target);
        let (mishap, slowness) = {
            let mut state = server.state();
            state.requests.push(format!("{line} {}", request.field("prefer")));
            state.under_way += 1;
            state.at_once = state.at_once.max(state.under_way);
            let found = state.mishaps.iter().position(|(text, _, _)| line.contains(text.as_str()));
            let mishap = found.and_then(|at| match &state.mishaps[at] {
                (_, true, mishap) => Some(mishap.clone()),
                _ => state.mishaps.remove(at).map(|(_, _, mishap)| mishap),
            });
            (mishap, state.slowness)
        };
        std::thread::sleep(slowness);
        let said = match mishap {
            Some(Mishap::Answer(status, fields, body)) => say(&mut out, &Answer { status, fields, body }, false),
            Some(Mishap::Cut) => say(&mut out, &answer(&request, &mut server.state()), true),
            Some(Mishap::LoseAnswer) => {
                answer(&request, &mut server.state());
                Err(std::io::ErrorKind::ConnectionAborted.into())
            }
            Some(Mishap::Endless(piece)) => say_endlessly(&mut out, &piece, server),
            Some(Mishap::Silence) => {
                out.set_read_timeout(Some(SILENCE))?;
                // Ends when the client goes away.
                reader.read_exact(&mut [0]).and(Err(std::io::ErrorKind::ConnectionAborted.into()))
            }
            None => {
                let answer = answer(&request, &mut server.state());
                say(&mut out, &answer, false)
            }
        };
        server.state().under_way -= 1;
        said?;
    }
    Ok(())
}

fn say(out: &mut TcpStream, answer: &Answer, is_cut: bool) -> std::io::Result<()> {
    let fields: String = answer.fields.iter().map(|field| format!("{field}\r\n")).collect();
    let head = format!("HTTP/1.1 {} X\r\nContent-Length: {}\r\n{fields}\r\n", answer.status, answer.body.len());
    out.write_all(head.as_bytes())?;
    if is_cut {
        out.write_all(&answer.body[..answer.body.len() / 2])?;
        return Err(std::io::ErrorKind::ConnectionAborted.into());
    }
    out.write_all(&answer.body)
}

fn say_endlessly(out: &mut TcpStream, piece: &[u8], server: &GraphServer) -> std::io::Result<()> {
    out.write_all(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")?;
    let chunk = [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat();
    for _ in 0..ENDLESS_BYTES / piece.len() {
        out.write_all(&chunk)?;
        server.state().endless_bytes += piece.len();
    }
    out.write_all(b"0\r\n\r\n")
}

fn answer(request: &Request, state: &mut State) -> Answer {
    if request.field("authorization") != format!("Bearer {TOKEN}") {
        return Answer::no(401, "InvalidAuthenticationToken");
    }
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let Some(rest) = path.strip_prefix("/v1.0/users/").and_then(|rest| rest.split_once('/')) else {
        return Answer::no(404, "ErrorInvalidUser");
    };
    let segments: Vec<&str> = rest.1.split('/').collect();
    let base = format!("http://{}{path}", request.field("host"));
    match (request.method.as_str(), segments.as_slice()) {
        ("GET", ["mailFolders", id]) => match known(state, id) {
            Some(id) => {
                let mails = state.mails.iter().filter(|mail| mail.folder == id).count();
                Answer::json(200, &json!({ "id": id, "totalItemCount": mails }))
            }
            None => Answer::no(404, "ErrorItemNotFound"),
        },
        (method, ["mailFolders"]) => folders(state, method, None, query, &request.body),
        (method, ["mailFolders", id, "childFolders"]) => folders(state, method, Some(id), query, &request.body),
        ("GET", ["mailFolders", id, "messages", "delta"]) => changes(state, id, query, &base),
        ("GET", ["mailFolders", id, "messages"]) => list(state, id, query, &base),
        (method, ["messages", id, deed @ ..]) => mail(state, method, id, deed.first().copied(), &request.body),
        ("POST", ["sendMail"]) => send(state, &decoded(rest.0), request),
        _ => Answer::no(400, "BadRequest"),
    }
}

/// A mail in base64, as `text/plain` says.
fn send(state: &mut State, user: &str, request: &Request) -> Answer {
    let mail = BASE64.decode(&request.body).ok().and_then(|mail| String::from_utf8(mail).ok());
    match mail.filter(|_| request.field("content-type") == "text/plain") {
        Some(mail) => {
            state.sent.push(Sent { user: user.to_owned(), mail });
            Answer { status: 202, fields: Vec::new(), body: Vec::new() }
        }
        None => Answer::no(400, "ErrorMimeContentInvalidBase64String"),
    }
}

fn known(state: &State, id: &str) -> Option<String> {
    let id = if id == "inbox" { INBOX } else { id };
    state.folders.iter().find(|folder| folder.id == id).map(|folder| folder.id.clone())
}

fn folders(state: &mut State, method: &str, parent: Option<&str>, query: &str, body: &[u8]) -> Answer {
    if method == "POST" {
        let name: Value = serde_json::from_slice(body).unwrap();
        let id = state.make_folder(name["displayName"].as_str().unwrap(), parent);
        return Answer::json(201, &json!({ "id": id, "totalItemCount": 0 }));
    }
    let wanted = decoded(parameter(query, "$filter").unwrap_or_default());
    let wanted = wanted.split('\'').nth(1).unwrap_or_default();
    let found = state.folders.iter().filter(|folder| folder.parent.as_deref() == parent && folder.name == wanted);
    let found: Vec<Value> = found
        .map(|folder| {
            let mails = state.mails.iter().filter(|mail| mail.folder == folder.id).count();
            json!({ "id": folder.id, "displayName": folder.name, "totalItemCount": mails })
        })
        .collect();
    Answer::json(200, &json!({ "value": found }))
}

/// A place in the list of what changed.
struct Place {
    forgotten: u32,
    /// How many changes were told before; `None` where everything is listed.
    since: Option<usize>,
    /// Entries of the list that earlier pages showed.
    offset: usize,
    /// Changes that this list tells of; `None` when it begins.
    until: Option<usize>,
}

impl Place {
    fn read(token: &str) -> Option<Place> {
        let mut parts = token.split('.').map(|part| part.parse::<usize>().ok());
        let forgotten = u32::try_from(parts.next()??).ok()?;
        Some(Place { forgotten, since: parts.next()?, offset: parts.next()??, until: parts.next()? })
    }

    fn token(&self) -> String {
        let number = |number: Option<usize>| number.map_or_else(|| "x".to_owned(), |number| number.to_string());
        format!("{}.{}.{}.{}", self.forgotten, number(self.since), self.offset, number(self.until))
    }
}

/// The function `delta`: everything at first, then what changed.
fn changes(state: &State, folder: &str, query: &str, base: &str) -> Answer {
    let Some(folder) = known(state, folder) else { return Answer::no(404, "ErrorItemNotFound") };
    let beginning = Place { forgotten: state.forgotten, since: None, offset: 0, until: None };
    let place = parameter(query, "$token").map_or(Some(beginning), Place::read);
    let Some(place) = place.filter(|place| place.forgotten == state.forgotten) else {
        return Answer::no(410, "syncStateNotFound");
    };
    let until = place.until.unwrap_or(state.changes.len());
    let entries: Vec<Value> = match place.since {
        None => state.mails.iter().filter(|mail| mail.folder == folder).map(shown).collect(),
        Some(since) => {
            let told = state.changes[since..until].iter().filter(|(_, place)| *place == folder);
            let ids: BTreeSet<&String> = told.map(|(id, _)| id).collect();
            let entry = |id: &String| match state.mails.iter().find(|mail| mail.id == *id && mail.folder == folder) {
                Some(mail) => shown(mail),
                None => json!({ "id": id, "@removed": { "reason": "deleted" } }),
            };
            ids.into_iter().map(entry).collect()
        }
    };
    let page: Vec<&Value> = entries.iter().skip(place.offset).take(state.page_mails).collect();
    let offset = place.offset + page.len();
    let (key, next) = match offset < entries.len() {
        true => ("@odata.nextLink", Place { offset, until: Some(until), ..place }),
        false => ("@odata.deltaLink", Place { since: Some(until), offset: 0, until: None, ..place }),
    };
    Answer::json(200, &json!({ "value": page, key: format!("{base}?$token={}", next.token()) }))
}

fn list(state: &State, folder: &str, query: &str, base: &str) -> Answer {
    let Some(folder) = known(state, folder) else { return Answer::no(404, "ErrorItemNotFound") };
    let before = decoded(parameter(query, "$filter").unwrap_or_default()).replace("receivedDateTime lt ", "");
    let mut mails: Vec<&Mail> = state.mails.iter().filter(|mail| mail.folder == folder).collect();
    mails.retain(|mail| before.is_empty() || mail.received_at < before);
    mails.sort_by(|one, other| one.received_at.cmp(&other.received_at));
    let offset: usize = parameter(query, "$skip").map_or(0, |text| text.parse().unwrap());
    let page: Vec<Value> = mails.iter().skip(offset).take(state.page_mails).map(|mail| shown(mail)).collect();
    let mut answer = json!({ "value": page });
    if offset + page.len() < mails.len() {
        let filter = parameter(query, "$filter").map_or_else(String::new, |text| format!("$filter={text}&"));
        answer["@odata.nextLink"] = format!("{base}?{filter}$skip={}", offset + page.len()).into();
    }
    Answer::json(200, &answer)
}

fn shown(mail: &Mail) -> Value {
    json!({ "id": mail.id, "receivedDateTime": mail.received_at, "isRead": mail.is_read })
}

fn mail(state: &mut State, method: &str, id: &str, deed: Option<&str>, body: &[u8]) -> Answer {
    let Some(at) = state.mails.iter().position(|mail| mail.id == id) else {
        return Answer::no(404, "ErrorItemNotFound");
    };
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    match (method, deed) {
        ("GET", Some("$value")) => Answer { status: 200, fields: Vec::new(), body: state.mails[at].bytes.clone() },
        ("PATCH", None) => {
            state.mails[at].is_read = body["isRead"].as_bool().unwrap();
            let folder = state.mails[at].folder.clone();
            state.changed(id, &folder);
            Answer::json(200, &shown(&state.mails[at]))
        }
        ("POST", Some("move")) => match known(state, body["destinationId"].as_str().unwrap()) {
            Some(folder) => {
                state.move_to(id, Some(&folder));
                Answer::json(201, &json!({ "id": id, "body": { "content": "planted text".repeat(100_000) } }))
            }
            None => Answer::no(404, "ErrorFolderNotFound"),
        },
        ("DELETE", None) => {
            state.move_to(id, None);
            Answer { status: 204, fields: Vec::new(), body: Vec::new() }
        }
        _ => Answer::no(400, "BadRequest"),
    }
}

fn parameter<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}
