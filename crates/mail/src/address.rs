//! Address lists (RFC 5322, section 3.4), taken from header values within a budget.

use crate::field;
use crate::message::Address;
use mail_parser::HeaderValue;
use mail_parser::parsers::MessageStream;

/// How many addresses may still be taken from this mail (SEC-22).
pub(crate) struct Budget {
    left: usize,
    /// Addresses were left unread.
    pub overrun: bool,
}

impl Budget {
    pub fn new(addresses_max: usize) -> Budget {
        Budget { left: addresses_max, overrun: false }
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
    let bytes = field::utf8(value);
    let HeaderValue::Address(parsed) = MessageStream::new(&bytes).parse_address() else {
        return Vec::new();
    };
    let mut out = Vec::new();
    for entry in parsed.iter() {
        let name = entry.name.as_deref().map(field::printable).filter(|n| !n.is_empty());
        let address = entry.address.as_deref().map(field::printable).filter(|a| !a.is_empty());
        let found = match (name, address) {
            (name, Some(address)) => Address { name, address },
            (Some(name), None) if name.contains('@') => Address { name: None, address: name },
            _ => continue,
        };
        if !budget.take() {
            break;
        }
        out.push(found);
    }
    out
}

/// The first bare address of a text such as `Jo <jo@x.org>` or `mailto:jo@x.org`.
pub(crate) fn first_in(text: &str) -> Option<&str> {
    text.split(|c: char| c.is_whitespace() || "<>()[]\",;:'\\".contains(c))
        .find(|word| word.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty()))
}
