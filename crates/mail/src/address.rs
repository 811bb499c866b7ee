//! Address lists (RFC 5322, section 3.4), taken from header values within a budget and mended where mail breaks them.

mod mend;
mod puny;

pub(crate) use puny::to_unicode;

use crate::field;
use crate::message::Address;
use mail_parser::HeaderValue;
use mail_parser::parsers::MessageStream;

/// How many addresses may still be taken from this mail (SEC-22).
pub(crate) struct Budget {
    left: usize,
    /// Addresses were left unread.
    pub overrun: bool,
    /// What was mended, each once.
    pub faults: Vec<&'static str>,
}

impl Budget {
    pub fn new(addresses_max: usize) -> Budget {
        Budget { left: addresses_max, overrun: false, faults: Vec::new() }
    }

    fn take(&mut self) -> bool {
        if self.left == 0 {
            self.overrun = true;
            return false;
        }
        self.left -= 1;
        true
    }
}

/// The mailboxes of one value, groups opened, encoded words decoded; a name without an address is left out.
pub(crate) fn list(value: &[u8], budget: &mut Budget) -> Vec<Address> {
    let value = field::utf8(value);
    let bytes = mend::outer(&value, &mut budget.faults);
    let HeaderValue::Address(parsed) = MessageStream::new(&bytes).parse_address() else {
        return Vec::new();
    };
    let mut out = Vec::new();
    // What stood before a comma that belongs to the next one's name.
    let mut surname: Option<String> = None;
    for entry in parsed.iter() {
        let name = entry.name.as_deref().map(field::printable).map(mend::unquoted).filter(|n| !n.is_empty());
        let address = entry.address.as_deref().map(field::printable).filter(|a| !a.is_empty());
        let (name, address) = match (name, address) {
            (name, Some(address)) => (name, address),
            (Some(name), None) if name.contains('@') => (None, name),
            (Some(name), None) => {
                surname = Some(name);
                continue;
            }
            _ => continue,
        };
        let name = match surname.take() {
            Some(before) if name.is_some() => {
                mend::note(&mut budget.faults, "a name with a comma is not quoted");
                name.map(|n| format!("{before}, {n}"))
            }
            _ => name,
        };
        for found in mend::mailbox(name, &address, &mut budget.faults) {
            if !budget.take() {
                return out;
            }
            out.push(found);
        }
    }
    out
}

/// The first bare address of a text such as `Jo <jo@x.org>` or `mailto:jo@x.org`.
pub(crate) fn first_in(text: &str) -> Option<&str> {
    text.split(|c: char| c.is_whitespace() || "<>()[]\",;:'\\".contains(c))
        .find(|word| word.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty()))
}
