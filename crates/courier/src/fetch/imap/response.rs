//! What an IMAP server says (RFC 3501, section 7), as far as it is listened to; everything else is passed over.

use std::borrow::Cow;
use std::str::from_utf8;

/// The result that a status response tells (RFC 3501, section 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Ok,
    No,
    Bad,
    Bye,
    PreAuth,
}

/// One response of a server: a line, with the literals in it and what follows them.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Response<'r> {
    /// The end of the command with this tag.
    Ended {
        tag: &'r str,
        status: Status,
        text: &'r str,
    },
    /// `+`: more of a command is awaited.
    GoOn(&'r str),
    Status {
        status: Status,
        text: &'r str,
    },
    /// `EXISTS`: so many mails lie in the folder.
    Exists(u32),
    Capabilities(&'r str),
    Fetch(Fetched<'r>),
    /// What nobody asked about, or what makes no sense.
    Other,
}

/// What a FETCH response tells of one mail; a server may tell less, and more than it was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Fetched<'r> {
    pub(super) uid: Option<u32>,
    pub(super) size_bytes: Option<u64>,
    /// As the server writes it: `17-Jul-1996 02:44:25 -0700`.
    pub(super) internal_date: Option<Cow<'r, [u8]>>,
    /// The octets of the mail from this place on.
    pub(super) body: Option<(u64, Cow<'r, [u8]>)>,
}

/// Reads a response without its last line end. Time is linear in its length, and nesting costs no stack.
pub(super) fn read(response: &[u8]) -> Response<'_> {
    let line = response.split(|byte| *byte == b'\r').next().unwrap_or_default();
    // What is compared and shown is ASCII; of a line that is not only its kind is known.
    let line = from_utf8(line).unwrap_or_else(|error| from_utf8(&line[..error.valid_up_to()]).unwrap_or_default());
    let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
    let (second, text) = rest.split_once(' ').unwrap_or((rest, ""));
    match first {
        "+" => Response::GoOn(rest),
        "*" => untagged(response, second, text),
        tag => match status(second) {
            Some(status) => Response::Ended { tag, status, text },
            None => Response::Other,
        },
    }
}

fn untagged<'r>(response: &'r [u8], word: &'r str, text: &'r str) -> Response<'r> {
    if let Some(status) = status(word) {
        return Response::Status { status, text };
    }
    if word.eq_ignore_ascii_case("CAPABILITY") {
        return Response::Capabilities(text);
    }
    let Ok(number) = word.parse::<u32>() else { return Response::Other };
    let kind = text.split(' ').next().unwrap_or_default();
    if kind.eq_ignore_ascii_case("EXISTS") {
        return Response::Exists(number);
    }
    if !kind.eq_ignore_ascii_case("FETCH") {
        return Response::Other;
    }
    let from = "* ".len() + word.len() + 1 + kind.len();
    match (Reader { rest: response.get(from..).unwrap_or_default() }).fetched() {
        Some(fetched) => Response::Fetch(fetched),
        None => Response::Other,
    }
}

fn status(word: &str) -> Option<Status> {
    const STATUSES: [(&str, Status); 5] = [
        ("OK", Status::Ok),
        ("NO", Status::No),
        ("BAD", Status::Bad),
        ("BYE", Status::Bye),
        ("PREAUTH", Status::PreAuth),
    ];
    STATUSES.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, status)| *status)
}

/// The response code in front of a status' text, and its argument: `[UIDNEXT 4392]`.
pub(super) fn code(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('[')?.split(']').next()?;
    Some(inside.split_once(' ').unwrap_or((inside, "")))
}

/// The number that stands in a status' code of this name.
pub(super) fn number(text: &str, name: &str) -> Option<u32> {
    let (found, argument) = code(text)?;
    found.eq_ignore_ascii_case(name).then(|| argument.trim().parse().ok())?
}

/// How many octets of a literal follow this line: `{310}`, also `{310+}` and `~{310}` (RFC 7888, RFC 3516).
/// A number that is too large to be one counts as the largest.
pub(super) fn literal_bytes(line: &[u8]) -> Option<u64> {
    let inside = line.strip_suffix(b"}")?;
    let open = inside.iter().rposition(|byte| *byte == b'{')?;
    let digits = inside[open + 1..].strip_suffix(b"+").unwrap_or(&inside[open + 1..]);
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    is_number.then(|| from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).unwrap_or(u64::MAX))
}

/// Takes a response apart from the front.
struct Reader<'r> {
    rest: &'r [u8],
}

enum Value<'r> {
    Atom(&'r [u8]),
    Text(Cow<'r, [u8]>),
    List,
}

impl<'r> Reader<'r> {
    /// The list of a FETCH response (RFC 3501, section 7.4.2); `None` when it makes no sense.
    fn fetched(mut self) -> Option<Fetched<'r>> {
        let mut fetched = Fetched::default();
        self.skip_spaces();
        self.take(b'(')?;
        loop {
            self.skip_spaces();
            if self.take(b')').is_some() {
                return Some(fetched);
            }
            let name = self.name()?;
            self.take(b' ')?;
            let value = self.value()?;
            match (name.as_slice(), value) {
                (b"UID", Value::Atom(atom)) => fetched.uid = decimal(atom).and_then(|uid| uid.try_into().ok()),
                (b"RFC822.SIZE", Value::Atom(atom)) => fetched.size_bytes = decimal(atom),
                (b"INTERNALDATE", Value::Text(text)) => fetched.internal_date = Some(text),
                (name, Value::Text(text)) if name.starts_with(b"BODY[]") => {
                    fetched.body = Some((origin(&name[b"BODY[]".len()..])?, text));
                }
                _ => {}
            }
        }
    }

    fn skip_spaces(&mut self) {
        while self.take(b' ').is_some() {}
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        self.rest = self.rest.strip_prefix(&[byte])?;
        Some(())
    }

    /// The name of a data item in capitals; in brackets it may hold spaces.
    fn name(&mut self) -> Option<Vec<u8>> {
        let mut within = false;
        let end = self.rest.iter().position(|byte| {
            within = (within || *byte == b'[') && *byte != b']';
            !within && matches!(byte, b' ' | b'(' | b')' | b'"')
        })?;
        let (name, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!name.is_empty()).then(|| name.to_ascii_uppercase())
    }

    fn value(&mut self) -> Option<Value<'r>> {
        match self.rest.first()? {
            b'"' => self.quoted().map(Value::Text),
            b'{' | b'~' => self.literal().map(|bytes| Value::Text(Cow::Borrowed(bytes))),
            b'(' => self.skip_list().map(|()| Value::List),
            _ => {
                let end = self.rest.iter().position(|byte| matches!(byte, b' ' | b')' | b'(' | b'"'))?;
                let (atom, rest) = self.rest.split_at(end);
                self.rest = rest;
                (!atom.is_empty()).then_some(Value::Atom(atom))
            }
        }
    }

    fn quoted(&mut self) -> Option<Cow<'r, [u8]>> {
        self.take(b'"')?;
        let end = memchr::memchr2(b'"', b'\\', self.rest)?;
        if self.rest[end] == b'"' {
            let (text, rest) = self.rest.split_at(end);
            self.rest = &rest[1..];
            return Some(Cow::Borrowed(text));
        }
        let mut text = Vec::new();
        loop {
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            match byte {
                b'"' => return Some(Cow::Owned(text)),
                b'\\' => {
                    let (escaped, rest) = self.rest.split_first()?;
                    self.rest = rest;
                    text.push(*escaped);
                }
                _ => text.push(*byte),
            }
        }
    }

    fn literal(&mut self) -> Option<&'r [u8]> {
        let end = memchr::memchr(b'\r', self.rest)?;
        let bytes = usize::try_from(literal_bytes(&self.rest[..end])?).ok()?;
        let rest = self.rest[end..].strip_prefix(b"\r\n")?;
        let (literal, rest) = rest.split_at_checked(bytes)?;
        self.rest = rest;
        Some(literal)
    }

    fn skip_list(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.rest.first()? {
                b'(' => {
                    depth += 1;
                    self.rest = &self.rest[1..];
                }
                b')' => {
                    depth -= 1;
                    self.rest = &self.rest[1..];
                    if depth == 0 {
                        return Some(());
                    }
                }
                b'"' => drop(self.quoted()?),
                b'{' => drop(self.literal()?),
                _ => self.rest = &self.rest[1..],
            }
        }
    }
}

/// From which octet on a mail's text is: nothing means the first, else `<4096>`.
fn origin(after_brackets: &[u8]) -> Option<u64> {
    if after_brackets.is_empty() {
        return Some(0);
    }
    decimal(after_brackets.strip_prefix(b"<")?.strip_suffix(b">")?)
}

fn decimal(digits: &[u8]) -> Option<u64> {
    digits.iter().all(u8::is_ascii_digit).then(|| from_utf8(digits).ok()?.parse().ok())?
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn fetched(response: &[u8]) -> Fetched<'_> {
        match read(response) {
            Response::Fetch(fetched) => fetched,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn statuses_and_their_codes() {
        let ended = Response::Ended { tag: "s7", status: Status::No, text: "[AUTHENTICATIONFAILED] no" };
        assert_eq!(read(b"s7 NO [AUTHENTICATIONFAILED] no"), ended);
        assert_eq!(
            read(b"* OK [UIDNEXT 4392] soon"),
            Response::Status { status: Status::Ok, text: "[UIDNEXT 4392] soon" }
        );
        assert_eq!(read(b"+ idling"), Response::GoOn("idling"));
        assert_eq!(read(b"+"), Response::GoOn(""));
        assert_eq!(read(b"* 23 EXISTS"), Response::Exists(23));
        assert_eq!(read(b"* CAPABILITY IMAP4rev1 IDLE"), Response::Capabilities("IMAP4rev1 IDLE"));
        for nothing in
            ["", "*", "* 5", "* 5 EXPUNGE", "* 4294967296 EXISTS", "* SEARCH 1 2", "s7", "s7 MAYBE", "* -1 EXISTS"]
        {
            assert_eq!(read(nothing.as_bytes()), Response::Other, "{nothing}");
        }
        assert_eq!(number("[UIDNEXT 4392] soon", "uidnext"), Some(4392));
        assert_eq!(number("[UIDNEXT 99999999999] soon", "UIDNEXT"), None);
        assert_eq!(code("[READ-WRITE] yes"), Some(("READ-WRITE", "")));
        assert_eq!(code("no code"), None);
    }

    #[test]
    fn mails_in_any_order_and_among_what_nobody_asked_for() {
        let first = fetched(b"* 1 FETCH (UID 5 RFC822.SIZE 310 INTERNALDATE \"17-Jul-1996 02:44:25 -0700\")");
        assert_eq!((first.uid, first.size_bytes), (Some(5), Some(310)));
        assert_eq!(first.internal_date.unwrap().as_ref(), b"17-Jul-1996 02:44:25 -0700");
        let text = b"* 1 fetch (body[] {5}\r\na)\r\nb FLAGS (\\Seen ($x \"(\\\"\" {1}\r\n))) MODSEQ (7) UID 9)";
        let second = fetched(text);
        assert_eq!((second.uid, second.body.unwrap()), (Some(9), (0, Cow::Borrowed(b"a)\r\nb".as_slice()))));
        let third = fetched(b"* 1 FETCH (BODY[HEADER.FIELDS (DATE)] \"x\" BODY[]<4096> \"q\\\"\\\\\" X NIL)");
        assert_eq!(third.body.unwrap(), (4096, Cow::Borrowed(b"q\"\\".as_slice())));
    }

    #[test]
    fn sec_60_lists_that_make_no_sense() {
        for text in [
            "",
            "(",
            "(UID",
            "(UID 5",
            "(UID 5 ",
            "(BODY[] {9}\r\nx)",
            "(BODY[] \"x)",
            "(X ((()",
            "(BODY[]<x> \"\")",
            "()x)(",
        ] {
            let response = format!("* 1 FETCH {text}");
            assert!(!matches!(read(response.as_bytes()), Response::Fetch(Fetched { uid: Some(_), .. })), "{text}");
        }
        let deep = format!("* 1 FETCH (BODYSTRUCTURE {}{} UID 5)", "(".repeat(1_000_000), ")".repeat(1_000_000));
        assert_eq!(fetched(deep.as_bytes()).uid, Some(5));
        assert_eq!(fetched(b"* 1 FETCH (UID 4294967296)").uid, None);
    }

    #[test]
    fn literals_are_known_by_the_end_of_their_line() {
        let found = |line: &str| literal_bytes(line.as_bytes());
        assert_eq!(found("* 1 FETCH (BODY[] {310}"), Some(310));
        assert_eq!(found("x {5+}"), Some(5));
        assert_eq!(found("x ~{0}"), Some(0));
        assert_eq!(found("{99999999999999999999999}"), Some(u64::MAX));
        for none in ["{}", "{+}", "{-1}", "{a}", "{5", "5}", "{5} ", ""] {
            assert_eq!(found(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn any_response_is_read(response in "[*+s1] ?(OK|1|FETCH| |\\(|\\)|\"|\\{[0-9]\\}\r\n|UID 5|BODY\\[\\]|\\[|\\]|<|\\\\|\u{e9}){0,20}") {
            let _ = read(response.as_bytes());
        }

        #[test]
        fn any_bytes_are_read(response in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = read(&[b"* 1 FETCH ", response.as_slice()].concat());
            let _ = literal_bytes(&response);
        }
    }
}
