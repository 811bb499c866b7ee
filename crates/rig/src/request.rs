//! Requests as the scripted servers of tests read them: HTTP/1.1 with bodies of a known length.

use std::collections::HashMap;
use std::io::{BufRead, Error, ErrorKind, Result};

/// Everything that a client says before it waits for an answer.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// With its query, as it came.
    pub(crate) target: String,
    /// By their names in lower case.
    fields: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// The value of a header field; empty when it is missing.
    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map(String::as_str).unwrap_or_default()
    }
}

/// The next request of a connection; `None` when the client has said its last.
pub(crate) fn read(reader: &mut impl BufRead) -> Result<Option<Request>> {
    let mut first = String::new();
    if reader.read_line(&mut first)? == 0 {
        return Ok(None);
    }
    let mut words = first.split(' ').map(str::to_owned);
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut fields = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        fields.insert(name.to_lowercase(), value.to_owned());
    }
    let length = fields.get("content-length").map_or(Ok(0), |length| length.parse());
    let mut body = vec![0; length.map_err(|_| Error::from(ErrorKind::InvalidData))?];
    reader.read_exact(&mut body)?;
    Ok(Some(Request { method, target, fields, body }))
}

/// Undoes the escapes of a URL or a form; what is none stays as it is.
pub(crate) fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| std::str::from_utf8(more.get(..2)?).ok()).flatten();
        match escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &more[2..];
            }
            None => {
                bytes.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
