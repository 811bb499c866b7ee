//! The one author of a mail, read so strictly that no two readers can disagree (SEC-03).

use super::{FIELDS_MAX, comparable};
use crate::address::{self, Budget};
use crate::field::{Block, HEAD_BYTES_MAX};

/// Fields of which a mail has one at most (RFC 5322, section 3.6; RFC 2045, section 3) and whose double changes what is
/// read: a signature covers the lower of two and readers show the upper (SEC-07).
const ONCE: &[&str] = &[
    "Sender",
    "Reply-To",
    "To",
    "Cc",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

/// The only author of a mail: whoever stands in From.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// Normalised, `local@domain`.
    pub address: String,
}

impl Author {
    /// The domain that would have to vouch for the mail, in lower case.
    pub fn domain(&self) -> String {
        comparable(self.address.rsplit_once('@').map_or("", |(_, domain)| domain))
    }
}

/// The only author that a mail's header names, or why nobody can be taken for it, in words.
///
/// `head` is the mail, or a beginning of it with its whole header. Only `local@domain` and `name <local@domain>` count, as
/// one From field with one address. What other programs read in another way (several fields or addresses, groups, routes,
/// quoted local parts, addresses in names without quotes or in comments, control characters) proves nobody.
pub fn author(head: &[u8]) -> Result<Author, &'static str> {
    let block = Block::read(head, HEAD_BYTES_MAX, FIELDS_MAX);
    if block.overrun.is_some() {
        return Err("the header is too large");
    }
    if ONCE.iter().any(|name| block.all(name).nth(1).is_some()) {
        return Err("a field stands twice that may stand only once");
    }
    let mut fields = block.all("From");
    let value = fields.next().ok_or("the mail has no From field")?;
    if fields.next().is_some() {
        return Err("the mail has several From fields");
    }
    let strict = strict_address(value)?;
    match address::list(value, &mut Budget::new(2)).as_slice() {
        [only] if only.address == strict => Ok(Author { address: only.normalised() }),
        _ => Err("the author's address can be read in more than one way"),
    }
}

/// What stands outside of quotes and comments, cut at the angle brackets.
#[derive(Default)]
struct Spread {
    before: String,
    angle: Option<String>,
    after: String,
    comments: String,
}

fn strict_address(value: &[u8]) -> Result<String, &'static str> {
    let text = std::str::from_utf8(value).map_err(|_| "From is not UTF-8")?;
    let spread = spread(text)?;
    if spread.comments.contains('@') {
        return Err("a comment in From shows an address");
    }
    if spread.angle.is_some() && (spread.before.contains('@') || !spread.after.trim().is_empty()) {
        return Err("From shows an address outside of the angle brackets");
    }
    let address = spread.angle.as_deref().unwrap_or(&spread.before).trim();
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>()[],;:\\\"".contains(c);
    match address.split_once('@') {
        Some((local, domain))
            if !local.is_empty()
                && domain.contains(|c: char| c.is_alphanumeric())
                && !domain.contains('@')
                && !address.contains("=?")
                && address.chars().all(plain) =>
        {
            Ok(address.to_owned())
        }
        Some(_) => Err("the author's address can be read in more than one way"),
        None => Err("From names no address"),
    }
}

fn spread(text: &str) -> Result<Spread, &'static str> {
    const SEVERAL: &str = "From names several authors, or a group of them";
    let mut spread = Spread::default();
    let mut characters = text.chars();
    let mut in_angle = false;
    while let Some(c) = characters.next() {
        match c {
            // Folds; everywhere else a control character hides something.
            '\r' | '\n' | '\t' => spread.room(in_angle).push(' '),
            c if c.is_control() => return Err("From holds control characters"),
            '(' => comment(&mut characters, &mut spread.comments)?,
            '"' if in_angle => return Err("the author's local part is quoted"),
            '"' => quoted(&mut characters)?,
            '<' if in_angle || spread.angle.is_some() => return Err("From has several pairs of angle brackets"),
            '<' => {
                in_angle = true;
                spread.angle = Some(String::new());
            }
            '>' if in_angle => in_angle = false,
            '>' => return Err("From has unpaired angle brackets"),
            ',' | ';' | ':' if in_angle => return Err("the author's address has a route"),
            ',' | ';' | ':' => return Err(SEVERAL),
            c => spread.room(in_angle).push(c),
        }
    }
    if in_angle { Err("From has unpaired angle brackets") } else { Ok(spread) }
}

impl Spread {
    fn room(&mut self, in_angle: bool) -> &mut String {
        match &mut self.angle {
            Some(angle) if in_angle => angle,
            Some(_) => &mut self.after,
            None => &mut self.before,
        }
    }
}

/// Reads up to the end of a comment, comments in it included (RFC 5322, section 3.2.2).
fn comment(characters: &mut std::str::Chars, comments: &mut String) -> Result<(), &'static str> {
    let mut depth = 1u32;
    while depth > 0 {
        match characters.next().ok_or("a comment in From does not end")? {
            '(' => depth += 1,
            ')' => depth -= 1,
            '\\' => _ = characters.next(),
            '\r' | '\n' | '\t' => {}
            c if c.is_control() => return Err("From holds control characters"),
            c => comments.push(c),
        }
    }
    Ok(())
}

/// Reads up to the end of a quoted string; what it says is a name and no address.
fn quoted(characters: &mut std::str::Chars) -> Result<(), &'static str> {
    loop {
        match characters.next().ok_or("a quoted name in From does not end")? {
            '"' => return Ok(()),
            '\\' => _ = characters.next(),
            '\r' | '\n' | '\t' => {}
            c if c.is_control() => return Err("From holds control characters"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn of(from: &str) -> Result<String, &'static str> {
        author(format!("Subject: x\r\n{from}\r\n\r\nFrom: body@evil.example\r\n").as_bytes())
            .map(|author| author.address)
    }

    #[test]
    fn one_plain_author_is_taken() {
        for from in [
            "From: Ann@Corp.Example",
            "from:ann@corp.example",
            "From: <ann@corp.example>",
            "From: Ann Smith <ann@corp.example>",
            "From: \"Smith, Ann (CEO): boss@x.example\" <ann@corp.example>",
            "From: =?utf-8?q?J=C3=B6?= <ann@corp.example>",
            "From: Jö <ann@corp.example> (home)",
            "From: Ann\r\n\t<ann@corp.example>",
        ] {
            assert_eq!(of(from).as_deref(), Ok("ann@corp.example"), "{from}");
        }
        assert_eq!(Author { address: "a@corp.example.".into() }.domain(), "corp.example");
    }

    /// Forms of the papers "Composition Kills" and "Weak Links", and of Mailsploit.
    #[test]
    fn sec_03_whatever_can_be_read_in_two_ways_proves_nobody() {
        for from in [
            "Frm: ann@corp.example",
            "From: a@evil.example\r\nFrom: ann@corp.example",
            "From: a@evil.example\r\nFROM : ann@corp.example",
            "From: ann@corp.example\r\nSubject: Pay",
            "From: ann@corp.example\r\nContent-Type: text/plain\r\ncontent-type: text/html",
            "From: a@evil.example, ann@corp.example",
            "From: a@evil.example ann@corp.example",
            "From: <a@evil.example> <ann@corp.example>",
            "From: <a@evil.example>, <ann@corp.example>",
            "From: <a@evil.example>ann@corp.example",
            "From: ann@corp.example <a@evil.example>",
            "From: <<ann@corp.example>a@evil.example>",
            "From: Group: ann@corp.example;",
            "From: undisclosed:;",
            "From: (ann@corp.example) a@evil.example",
            "From: a@evil.example (ann@corp.example)",
            "From: <a@evil.example> (ann@corp.example",
            "From: \"ann@corp.example\"@evil.example",
            "From: <\"ann@corp.example\"@evil.example>",
            "From: \"ann@corp.example <a@evil.example>",
            "From: <@evil.example,@c.example:ann@corp.example>",
            "From: <@evil.example:ann@corp.example>",
            "From: <ann@corp.example",
            "From: ann@corp.example>",
            "From: ann@corp.example\0@evil.example",
            "From: ann\0 <a@evil.example>",
            "From: ann@corp.example\r<a@evil.example>",
            "From: =?utf-8?b?YW5uQGNvcnAuZXhhbXBsZQ==?= a@evil.example",
            "From: =?utf-8?b?YW5uQGNvcnAuZXhhbXBsZQo=?=@evil.example",
            "From: <=?utf-8?q?ann=40corp.example?=>",
            "From: ann@corp.example@evil.example",
            "From: ann@[192.0.2.1]",
            "From: ann@",
            "From: @corp.example",
            "From: ann@.",
            "From: ann",
            "From: <>",
            "From:",
        ] {
            let found = of(from);
            assert!(found.is_err(), "{from} is taken for {found:?}");
        }
        let late = format!("{}From: ann@corp.example\r\n\r\n", "X: y\r\n".repeat(300));
        assert_eq!(author(late.as_bytes()).unwrap().address, "ann@corp.example");
        let endless = "X: y\r\n".repeat(60_000) + "From: ann@corp.example\r\n\r\n";
        assert_eq!(author(endless.as_bytes()), Err("the header is too large"));
    }
}
