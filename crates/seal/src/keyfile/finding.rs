//! One walk through a file: what it came upon, and how much more it may do.

use super::password::Work;
use super::private::key_of;
use super::{
    FILE_BYTES_MAX, Fault, Found, FoundKey, ITEMS_MAX, Item, PRIVATE_KEYS_MAX, Password, Problem, binary, block,
    bundle, java, keybox, ring,
};
use crate::key::Secret;
use crate::smime::Certificate;

/// What a file is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Everything,
    /// Private keys are told of and never opened.
    PublicOnly,
}

pub(super) struct Finding<'p> {
    found: Found,
    look: Look,
    passwords: &'p [Password],
    /// The password that opened the last thing; files rarely have two.
    opened_with: usize,
    work: Work,
    /// Things that were come upon.
    seen: usize,
    private_keys: usize,
    holds_private: bool,
}

impl<'p> Finding<'p> {
    pub(super) fn new(look: Look, passwords: &'p [Password]) -> Finding<'p> {
        Finding {
            found: Found::default(),
            look,
            passwords,
            opened_with: 0,
            work: Work::default(),
            seen: 0,
            private_keys: 0,
            holds_private: false,
        }
    }

    pub(super) fn is_for_public(&self) -> bool {
        self.look == Look::PublicOnly
    }

    /// The file, by what it begins with.
    pub(super) fn file(&mut self, bytes: &[u8]) {
        const BOM: &[u8] = &[0xef, 0xbb, 0xbf];
        if bytes.len() > FILE_BYTES_MAX {
            return self.found.faults.push(Fault { number: 0, why: Problem::TooLarge });
        }
        let bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
        // A label says so, whatever else the file is and whether the block can be read.
        if block::has_private_block(bytes) {
            self.note_private();
        }
        let has_blocks = block::has_blocks(bytes);
        let read = if has_blocks && std::str::from_utf8(bytes).is_ok() {
            block::blocks(bytes, self);
            Ok(())
        } else if java::is_jks(bytes) {
            java::jks(bytes, self)
        } else if java::is_bks(bytes) {
            java::bks(bytes, self)
        } else if keybox::is_keybox(bytes) {
            keybox::keybox(bytes, self)
        } else if bytes.first() == Some(&crate::asn1::tlv::SEQUENCE) {
            bundle::element(bytes, self)
        } else if ring::is_ring(bytes) {
            ring::ring(bytes, self)
        } else if has_blocks {
            block::blocks(bytes, self);
            Ok(())
        } else {
            Err(Problem::Trouble(binary::NO_KEY_FILE))
        };
        if let Err(why) = read {
            self.fault(why);
        }
        if self.seen > ITEMS_MAX || self.private_keys > PRIVATE_KEYS_MAX {
            self.found.faults.push(Fault { number: 0, why: Problem::TooMany });
        }
    }

    /// What was found, and whether a private key or something that may be one was among it.
    pub(super) fn done(mut self) -> (Found, bool) {
        let places: Vec<usize> = (0..self.found.items.len())
            .filter(|place| matches!(self.found.items[*place], Item::PrivateKey(_)))
            .collect();
        for place in places {
            let Some(Item::PrivateKey(key)) = self.found.items.get(place) else { continue };
            let of_it = |item: &Item| matches!(item, Item::Certificate(one) if *one.key() == key.public);
            let certificate = self.found.items.iter().position(of_it);
            if let Some(Item::PrivateKey(key)) = self.found.items.get_mut(place) {
                key.certificate = certificate;
            }
        }
        (self.found, self.holds_private)
    }

    /// Something is next.
    pub(super) fn fault(&mut self, why: impl Into<Problem>) {
        self.seen += 1;
        if self.seen <= ITEMS_MAX {
            self.found.faults.push(Fault { number: self.seen, why: why.into() });
        }
    }

    pub(super) fn item(&mut self, item: Item) {
        self.seen += 1;
        if self.seen <= ITEMS_MAX {
            self.found.items.push(item);
        }
    }

    pub(super) fn certificate(&mut self, der: &[u8]) {
        match Certificate::from_der(der) {
            Ok(certificate) => self.item(Item::Certificate(certificate)),
            Err(trouble) => self.fault(trouble),
        }
    }

    /// A private key, or what may be one, is in the file.
    pub(super) fn note_private(&mut self) {
        self.holds_private = true;
    }

    /// A private key in PKCS#8 that is no longer under a password.
    pub(super) fn private_key(&mut self, pkcs8: Secret) {
        self.note_private();
        if self.is_for_public() {
            return;
        }
        self.private_keys += 1;
        if self.private_keys > PRIVATE_KEYS_MAX {
            return;
        }
        match key_of(&pkcs8) {
            Ok(public) => self.item(Item::PrivateKey(FoundKey { pkcs8, public, certificate: None })),
            Err(trouble) => self.fault(trouble),
        }
    }

    /// What comes of the first password that fits: [`Problem::WrongPassword`] from `open` asks for the next.
    pub(super) fn with_passwords<T>(
        &mut self,
        mut open: impl FnMut(&str, &mut Work) -> Result<T, Problem>,
    ) -> Result<T, Problem> {
        let first = self.opened_with;
        let others = (0..self.passwords.len()).filter(|place| *place != first);
        for place in std::iter::once(first).chain(others) {
            let Some(password) = self.passwords.get(place) else { continue };
            match open(password, &mut self.work) {
                Err(Problem::WrongPassword) => {}
                Ok(opened) => {
                    self.opened_with = place;
                    return Ok(opened);
                }
                Err(other) => return Err(other),
            }
        }
        match open("", &mut self.work) {
            Err(Problem::WrongPassword) if self.passwords.is_empty() => Err(Problem::NoPassword),
            other => other,
        }
    }
}
