//! A mail without those who wrote it: addresses, names, hosts, links and numbers have stand-ins, the structure stays (PRIV-14).
//!
//! The mail is written anew from its tree, so that nothing is copied by accident: preambles, boundaries, unknown
//! parameters, signatures and the contents of files do not come along.

mod fields;
mod stand_ins;

pub use stand_ins::{StandIns, documented_ipv4, documented_ipv6, resembles_host};

use crate::address::{self, Budget};
use crate::field::{self, Block};
use crate::scan::{Role, Tree};
use crate::{Limits, attachment, charset, report};
use data_encoding::BASE64;
use fields::Treatment;
use serde::{Deserialize, Serialize};
use stand_ins::Manner;
use std::collections::BTreeSet;

/// Of a file as much is kept as tells its type.
const FILE_HEAD_BYTES: usize = 32;
/// A larger file is this large afterwards.
const FILE_BYTES_MAX: usize = 1024 * 1024;
/// Bytes on one line of base64 (RFC 2045, section 6.8), before it is encoded.
const LINE_BYTES: usize = 57;
/// Bytes in one encoded word (RFC 2047, section 2), before they are encoded.
const WORD_BYTES: usize = 45;

/// A mail as it can be shown to others, and what it still tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anonymous {
    pub mail: Vec<u8>,
    pub stand_ins: StandIns,
    /// What is left of people in it, for whoever hands it on.
    pub left: Vec<String>,
}

/// The mail with stand-ins, but for the addresses that are `kept`. Total; a mail over a limit keeps what was read of it.
pub fn anonymous(raw: &[u8], limits: &Limits, kept: &[String]) -> Anonymous {
    let tree = Tree::scan(raw, limits);
    let mut writer = Writer {
        tree: &tree,
        names: StandIns::keeping(kept.iter().cloned()),
        out: Vec::new(),
        files: 0,
        unknown: BTreeSet::new(),
    };
    writer.learn(limits);
    writer.node(0);
    let mut left = writer.left();
    if !kept.is_empty() {
        left.push("the addresses that the profile names, and their hosts".to_owned());
    }
    Anonymous { mail: writer.out, stand_ins: writer.names, left }
}

struct Writer<'a> {
    tree: &'a Tree<'a>,
    names: StandIns,
    out: Vec<u8>,
    files: usize,
    /// The names of header fields that came along with values of the same shape.
    unknown: BTreeSet<String>,
}

impl Writer<'_> {
    /// What is left of people, in words.
    fn left(&self) -> Vec<String> {
        let mut left = vec![
            "everything in subject and texts that is no address, no host of one, no name of somebody whom a header names, no link, no \
             address of a machine and no telephone number that begins with + or 0: read them before you hand them on"
                .to_owned(),
        ];
        if self.files > 0 {
            left.push(format!(
                "of {} files the type, the size up to 1 MiB, the ending of the name and, where they are no text, the first \
                 {FILE_HEAD_BYTES} bytes",
                self.files
            ));
        }
        if !self.unknown.is_empty() {
            let names: Vec<&str> = self.unknown.iter().map(String::as_str).collect();
            left.push(format!("the names of these header fields, with values of the same shape: {}", names.join(", ")));
        }
        left
    }

    /// Whom any header names, before anything is written.
    fn learn(&mut self, limits: &Limits) {
        let mut budget = Budget::new(limits.addresses_max);
        for index in 0..self.tree.nodes.len() {
            if !self.is_mail(index) {
                continue;
            }
            let block = self.tree.block(index);
            for value in fields::PEOPLE.iter().flat_map(|name| block.all(name)) {
                for address in address::list(value, &mut budget) {
                    self.names.learn(address.name.as_deref().unwrap_or_default(), &address.address);
                    self.names.in_field(&address.address);
                }
            }
        }
    }

    /// Does the node have the header of a mail?
    fn is_mail(&self, index: usize) -> bool {
        let node = &self.tree.nodes[index];
        node.role == Role::Part && node.parent.is_none_or(|parent| self.tree.nodes[parent].kind.is_message())
    }

    fn node(&mut self, root: usize) {
        // Nodes stand depth first, so the end of each container is known by what follows it.
        let mut open: Vec<(usize, String)> = Vec::new();
        for index in root..self.tree.nodes.len() {
            let node = &self.tree.nodes[index];
            if node.role != Role::Part {
                continue;
            }
            while open.last().is_some_and(|(container, _)| !self.is_below(index, *container)) {
                self.close(open.pop());
            }
            if let Some((container, boundary)) = open.last()
                && self.tree.nodes[index].parent == Some(*container)
            {
                let line = format!("--{boundary}\r\n");
                self.out.extend_from_slice(line.as_bytes());
            }
            let boundary = (!node.leaf && node.kind.is_multipart()).then(|| format!("part-{index}"));
            self.header(index, boundary.as_deref());
            match boundary {
                Some(boundary) => open.push((index, boundary)),
                None if node.leaf => self.leaf(index),
                None => {}
            }
        }
        while let Some(last) = open.pop() {
            self.close(Some(last));
        }
    }

    fn is_below(&self, index: usize, container: usize) -> bool {
        let mut at = self.tree.nodes[index].parent;
        while let Some(parent) = at {
            if parent == container {
                return true;
            }
            at = self.tree.nodes[parent].parent;
        }
        false
    }

    fn close(&mut self, container: Option<(usize, String)>) {
        if let Some((_, boundary)) = container {
            self.out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        }
    }

    fn header(&mut self, index: usize, boundary: Option<&str>) {
        let block = self.tree.block(index);
        for one in &block.fields {
            let name = String::from_utf8_lossy(one.name).trim().to_ascii_lowercase();
            let shown = String::from_utf8_lossy(one.name).trim().to_owned();
            let value = || field::text(one.value);
            let value = match Treatment::of(&name, one.value) {
                Treatment::Left => continue,
                Treatment::Received => "from host.example by host.example".to_owned(),
                Treatment::Sign(word) => word.to_owned(),
                Treatment::Written(manner) => self.names.written(&value(), manner),
                Treatment::List => self.names.in_field(&fields::bracketed(&value())),
                Treatment::Unknown => {
                    self.unknown.insert(shown.clone());
                    self.names.written(&value(), Manner::Shape)
                }
            };
            self.field(&shown, &value);
        }
        self.content_fields(index, &block, boundary);
        self.out.extend_from_slice(b"\r\n");
    }

    /// What the content is, in our own words.
    fn content_fields(&mut self, index: usize, block: &Block<'_>, boundary: Option<&str>) {
        let node = &self.tree.nodes[index];
        let essence = &node.kind.essence;
        let mut kind = essence.clone();
        if let Some(boundary) = boundary {
            kind += &format!("; boundary=\"{boundary}\"");
        }
        for parameter in ["report-type", "method"] {
            if let Some(word) = parameter_of(block, parameter) {
                kind += &format!("; {parameter}={word}");
            }
        }
        if self.is_text(index) {
            kind += "; charset=utf-8";
        }
        self.field("Content-Type", &kind);
        if node.leaf {
            self.field("Content-Transfer-Encoding", "base64");
        }
        // What stands behind the last dot may be a name, too.
        let ending = self.names.in_text(&plain_ending(node.name.as_deref().unwrap_or_default()));
        match (&node.disposition, &node.name) {
            (None, None) => {}
            (disposition, name) => {
                let word = disposition.as_deref().filter(|word| *word == "inline").unwrap_or("attachment");
                let named = name.as_ref().map(|_| format!("; filename=\"file-{index}{ending}\""));
                self.field("Content-Disposition", &format!("{word}{}", named.unwrap_or_default()));
            }
        }
    }

    /// Whether a leaf is words of the mail and no file: reports about mails are read, and their fields name addresses.
    fn is_text(&self, index: usize) -> bool {
        let node = &self.tree.nodes[index];
        let is_attached = node.disposition.as_deref().is_some_and(|word| word != "inline");
        let is_file = is_attached || node.name.is_some() && index != 0;
        let essence = node.kind.essence.as_str();
        node.leaf && (report::is_one(essence) || essence.starts_with("text/") && !is_file)
    }

    fn leaf(&mut self, index: usize) {
        let node = &self.tree.nodes[index];
        let content = if self.is_text(index) {
            // Files that stand in a text are no words of it.
            let words = self.tree.words(index);
            self.names.in_text(&charset::decode(&words, node.kind.charset.as_deref()).text).into_bytes()
        } else {
            self.files += 1;
            let body = self.tree.body(index);
            let mut content = head(&body).to_vec();
            content.resize(body.len().min(FILE_BYTES_MAX), 0);
            content
        };
        for line in content.chunks(LINE_BYTES) {
            self.out.extend_from_slice(BASE64.encode(line).as_bytes());
            self.out.extend_from_slice(b"\r\n");
        }
    }

    /// A field on one line; what is not ASCII stands in encoded words, or as `?` where those may not stand.
    fn field(&mut self, name: &str, value: &str) {
        let value: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let name: String = name.chars().filter(|c| c.is_ascii_graphic() && *c != ':').collect();
        let value = match value.is_ascii() {
            true => value,
            false if value.contains('@') => value.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect(),
            false => encoded_words(&value),
        };
        self.out.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
}

/// As much of a file as tells its type, and the size of a picture; of what can be read as text no more than that needs.
fn head(body: &[u8]) -> &[u8] {
    let head = &body[..body.len().min(FILE_HEAD_BYTES)];
    if !attachment::is_text(head) {
        return head;
    }
    let kind = attachment::true_type(head);
    (0..head.len()).map(|length| &head[..length]).find(|short| attachment::true_type(short) == kind).unwrap_or(head)
}

/// A parameter of Content-Type that is one plain word.
fn parameter_of(block: &Block<'_>, name: &str) -> Option<String> {
    let value = block.text("content-type")?.to_ascii_lowercase();
    let (_, after) = value.split_once(&format!("{name}="))?;
    let word: String =
        after.trim_start_matches('"').chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    (!word.is_empty()).then_some(word)
}

/// The ending of a file's name, such as `.pdf`, where it is a plain one; else nothing.
pub fn plain_ending(name: &str) -> String {
    let (_, ending) = name.rsplit_once('.').unwrap_or_default();
    let plain = (1..=8).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if plain { format!(".{ending}") } else { String::new() }
}

fn encoded_words(value: &str) -> String {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in value.chars() {
        if word.len() + c.len_utf8() > WORD_BYTES {
            words.push(std::mem::take(&mut word));
        }
        word.push(c);
    }
    words.push(word);
    let words: Vec<String> =
        words.iter().map(|word| format!("=?utf-8?B?{}?=", BASE64.encode(word.as_bytes()))).collect();
    words.join("\r\n ")
}

/// Addresses in a text, such as that of a profile.
pub fn addresses_in(text: &str) -> BTreeSet<String> {
    let outside = |c: char| !(c.is_alphanumeric() || "._%+-@".contains(c));
    let tokens = text.split(outside).map(|token| token.trim_matches(['.', '-']));
    let is_address =
        |token: &&str| token.rsplit_once('@').is_some_and(|(local, host)| !local.is_empty() && host.contains('.'));
    tokens.filter(is_address).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const MAIL: &str = "Received: from mx.people.example by mx.north.example; Thu, 26 Nov 2026 10:00:00 +0000\r\n\
        DKIM-Signature: v=1; d=people.example\r\n\
        From: =?utf-8?Q?Ada_L=C3=B6vel?= <ada.loevel@people.example>\r\n\
        To: Support <help@north.example>, Bob Builder <bob@people.example>\r\n\
        Subject: Ada's printer is on =?utf-8?Q?f=C3=BCr?= fire\r\n\
        Message-ID: <4711@mail.people.example>\r\n\
        References: <first@mail.people.example> <4711@mail.people.example>\r\n\
        MIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=\"people-boundary\"\r\n\r\n\
        preamble of ada\r\n\
        --people-boundary\r\n\
        Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
        Dear Bob,=0D=0Acall me: 030 123 45 67.=0D=0A-- =0D=0AAda L=F6vel\r\n\
        --people-boundary\r\n\
        Content-Type: image/png; name=\"Ada at the sea.png\"\r\nContent-ID: <pic@people.example>\r\n\
        Content-Transfer-Encoding: base64\r\n\r\n\
        iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==\r\n\
        --people-boundary\r\n\
        Content-Type: message/rfc822\r\n\r\n\
        From: Bob Builder <bob@people.example>\r\nSubject: inner\r\n\r\nAsk ada.loevel@people.example.\r\n\
        --people-boundary--\r\n";

    /// Files that read as text, in each way in which a mail carries them.
    const FILES: &str = "From: Ada <ada@people.example>\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain\r\n\r\nMy words.\r\nbegin 644 list.csv\r\n&<V5C<F5T\r\n`\r\nend\r\nMy end.\r\n\
        --b\r\nContent-Type: text/html\r\n\r\n<p>Look:<img src=\"data:image/png;base64,c2VjcmV0\r\nc2VjcmV0\"></p>\r\n\
        --b\r\nContent-Type: text/csv; name=list.csv\r\n\r\nsecret;secret;secret;secret;secret;secret\r\n\
        --b\r\nContent-Type: text/vcard\r\nContent-Disposition: attachment; filename=secret.Ada\r\n\r\nBEGIN:VCARD secret\r\n\
        --b\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\n%PDF-1.7 secret secret\r\n--b--\r\n";

    #[test]
    fn priv_14_no_file_says_what_it_said() {
        let made = anonymous(FILES.as_bytes(), &Limits::default(), &[]);
        let after = crate::read(&made.mail, &Limits::default()).message;
        let contents = after.parts.iter().filter_map(|part| crate::part(&made.mail, &Limits::default(), &part.path));
        let mut all = String::from_utf8_lossy(&made.mail).into_owned();
        contents.for_each(|content| all += &String::from_utf8_lossy(&content));
        for gone in ["secret", "c2Vj", "<V5C", "VCARD", "Ada", "list.csv"] {
            assert!(!all.contains(gone), "{gone}:\n{all}");
        }
        assert!(all.contains("My words.") && all.contains("My end.") && all.contains("Look:"), "{all}");
        let pdf = after.parts.iter().find(|part| part.content_type == "application/pdf").unwrap();
        assert_eq!(pdf.true_type.as_deref(), Some("application/pdf"));
    }

    #[test]
    fn priv_14_of_a_header_field_that_nobody_knows_the_shape_is_left() {
        let mail = "From: ada@people.example\r\nX-Google-DKIM-Signature: v=1; d=secret.example\r\nX-Gm-Message-State: secret\r\n\
            X-Tenant: Secret 47\r\nX-Autoreply: no\r\nX-Spam-Flag: YES\r\nContent-Secret: x\r\n\
            List-Id: Friends of secret <all.secret.example>\r\nX-Sealpost-Priority: High\r\n\r\nhi";
        let made = anonymous(mail.as_bytes(), &Limits::default(), &[]);
        let text = String::from_utf8(made.mail).unwrap();
        assert!(!text.to_lowercase().contains("secret") && !text.contains("Message-State"), "{text}");
        for kept in [
            "X-Tenant: xxxxxx 00",
            "X-Autoreply: no",
            "X-Spam-Flag: YES",
            "List-Id: <host",
            "X-Sealpost-Priority: High",
        ] {
            assert!(text.contains(kept), "{kept}:\n{text}");
        }
        assert!(
            made.left.iter().any(|left| left.ends_with("the same shape: X-Autoreply, X-Tenant")),
            "{:?}",
            made.left
        );
    }

    #[test]
    fn priv_14_a_report_says_afterwards_about_whom_and_about_which_mail_it_is() {
        for kind in report::HEADERS {
            let mail = format!(
                "From: MAILER-DAEMON@mx.people.example\r\nReferences: <46@people.example>\r\nMIME-Version: 1.0\r\n\
                 Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
                 --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.people.example\r\n\r\n\
                 Final-Recipient: rfc822; ada@people.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n\
                 --b\r\nContent-Type: {kind}\r\nContent-Disposition: attachment; filename=mail.hdr\r\n\r\n\
                 From: help@north.example\r\nMessage-ID: <47@people.example>\r\n\r\n--b--\r\n"
            );
            let mut made = anonymous(mail.as_bytes(), &Limits::default(), &[]);
            let bounce = crate::read(&made.mail, &Limits::default()).message.bounce.unwrap();
            // Its references name another.
            assert_eq!(bounce.returned_message_id.unwrap(), made.stand_ins.in_value("47@people.example"), "{kind}");
            assert_eq!(bounce.recipients[0].address, made.stand_ins.in_value("ada@people.example"), "{kind}");
        }
    }

    fn made() -> Anonymous {
        anonymous(MAIL.as_bytes(), &Limits::default(), &["help@north.example".to_owned()])
    }

    #[test]
    fn priv_14_no_address_and_no_name_is_left_and_the_structure_is() {
        let made = made();
        let text = String::from_utf8(made.mail.clone()).unwrap();
        let before = crate::read(MAIL.as_bytes(), &Limits::default()).message;
        let after = crate::read(&made.mail, &Limits::default()).message;
        let all = format!("{text}\n{}\n{}", serde_json::to_string(&after).unwrap(), after.text).to_lowercase();
        for gone in ["ada", "l\u{f6}vel", "loevel", "bob", "builder", "people", "4711", "preamble", "the sea", "123 45"]
        {
            assert!(!all.contains(gone), "{gone}:\n{text}\n{after:#?}");
        }
        assert!(all.contains("help@north.example"), "what the profile names is kept");
        let shape = |message: &crate::Message| -> Vec<(String, String, bool, Option<String>)> {
            let parts = message.parts.iter();
            parts.map(|p| (p.path.clone(), p.content_type.clone(), p.leaf, p.true_type.clone())).collect()
        };
        assert_eq!(shape(&after), shape(&before));
        let sizes: Vec<u64> =
            after.parts.iter().filter(|part| part.content_type == "image/png").map(|p| p.size_bytes).collect();
        assert_eq!(sizes, [70]);
        assert_eq!(after.headers.received_count, before.headers.received_count);
        assert_eq!(after.faults, Vec::<String>::new(), "{text}");
    }

    #[test]
    fn priv_14_who_is_the_same_stays_the_same() {
        let made = made();
        let message = crate::read(&made.mail, &Limits::default()).message;
        let from = &message.headers.from[0];
        assert_eq!(from.address, "person1@host1.example");
        let name = from.name.clone().unwrap();
        assert!(message.text.contains(&name), "{name} signs: {}", message.text);
        assert!(message.headers.subject.contains(name.split(' ').next().unwrap()), "{}", message.headers.subject);
        assert!(message.headers.subject.contains("f\u{fc}r fire"), "{}", message.headers.subject);
        assert_eq!(message.headers.references.last(), message.headers.message_id.as_ref());
        assert_eq!(
            String::from_utf8_lossy(&crate::part(&made.mail, &Limits::default(), "1.3.1").unwrap()).trim(),
            "Ask person1@host1.example."
        );
        let mut names = made.stand_ins;
        assert_eq!(names.in_value("ada.loevel@people.example"), from.address, "facts speak of the same person");
        assert!(made.left.iter().any(|left| left.starts_with("of 1 files")), "{:?}", made.left);
    }

    #[test]
    fn what_is_no_mail_is_taken_too() {
        for raw in [
            "",
            "\r\n",
            "no header at all",
            "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n",
            "From: \u{fc}@\u{fc}\r\n\r\n\u{fc}",
        ] {
            let made = anonymous(raw.as_bytes(), &Limits::default(), &[]);
            crate::read(&made.mail, &Limits::default());
        }
    }

    #[test]
    fn addresses_of_a_profile_are_found() {
        let found = addresses_in("catch = [\"Help@north.example\", 'x@y']\n# write to <sales@north.example>.");
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["help@north.example", "sales@north.example"]);
    }
}
