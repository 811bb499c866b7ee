//! Golden cases as text: why, operation, request, response, answer.

use serde_json::Value;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use tracker::{Content, Dialect, Method, Operation, Request, Response};

/// The parts of a case, in order, each under a line `--- name`.
const PARTS: [&str; 4] = ["operation", "request", "response", "answer"];

pub struct Case {
    pub name: String,
    path: PathBuf,
    why: String,
    operation_text: String,
    response_text: String,
    pub operation: Operation,
    pub request: String,
    pub response: Response,
    pub answer: String,
}

/// Every case of a dialect, in order of its name.
pub fn all(dialect: Dialect) -> Vec<Case> {
    let name = match dialect {
        Dialect::JiraCloud => "jira_cloud",
        Dialect::JiraDataCenter => "jira_data_center",
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases").join(name);
    let entries = std::fs::read_dir(folder).expect("the folder of cases stands in the repository");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().filter(|path| path.extension().is_some_and(|end| end == "http")).map(|path| read(path)).collect()
}

fn read(path: &Path) -> Case {
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).unwrap();
    let mut rest = text.as_str();
    let mut pieces = Vec::new();
    for part in PARTS {
        let (before, after) = rest.split_once(&format!("--- {part}\n")).unwrap_or_else(|| panic!("{name}: no {part}"));
        pieces.push(before.trim().to_owned());
        rest = after;
    }
    pieces.push(rest.trim().to_owned());
    let [why, operation_text, request, response_text, answer]: [String; 5] = pieces.try_into().unwrap();
    assert!(!why.is_empty(), "{name}: the first line says why the case exists");
    let operation = serde_json::from_str(&operation_text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let response = response(&response_text);
    Case { name, path: path.to_owned(), why, operation_text, response_text, operation, request, response, answer }
}

/// Status, header lines, an empty line, body.
fn response(text: &str) -> Response {
    let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
    let mut lines = head.lines();
    let status = lines.next().unwrap().trim().parse().unwrap();
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.to_owned(), value.to_owned())
    };
    Response { status, headers: lines.map(header).collect(), body: body.as_bytes().to_vec() }
}

/// The request as a case shows it.
pub fn request_text(request: &Request) -> String {
    let method = match request.method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
    };
    let mut text = format!("{method} {}", request.path);
    for (name, value) in &request.headers {
        write!(text, "\n{name}: {value}").unwrap();
    }
    match &request.content {
        Content::Nothing => {}
        Content::Json(value) => write!(text, "\n\n{}", pretty(value)).unwrap(),
        Content::File { name, content_type } => {
            write!(text, "\n\nfile named {name:?} of type {content_type:?}").unwrap();
        }
    }
    text
}

/// A request's text, its JSON as a value: the order of keys means nothing.
pub fn parsed(request: &str) -> (&str, Value) {
    let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
    (head, serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned())))
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

impl Case {
    /// Writes what is into what is expected.
    pub fn bless(&self, request: &Request, answer: &Value) {
        let pieces = [&self.operation_text, &request_text(request), &self.response_text, &pretty(answer)];
        let mut text = format!("{}\n", self.why);
        for (part, piece) in PARTS.iter().zip(pieces) {
            write!(text, "\n--- {part}\n{piece}\n").unwrap();
        }
        std::fs::write(&self.path, text).unwrap();
    }
}
