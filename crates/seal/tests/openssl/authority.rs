//! A certification authority of OpenSSL, and what its people hold: certificates that say nothing of their usage.

use seal::Trouble;
use seal::smime::Certificate;

pub use crate::cast::{Chance, Person, entity, orders};
pub use crate::folder::Folder as Authority;

impl Authority {
    pub fn start() -> Authority {
        Authority::of_authority()
    }

    /// A person with a key of this kind, certified for `NAME@example.com`.
    pub fn person(&self, name: &'static str) -> Person {
        self.certified(name, "")
    }
}

#[test]
fn a_certificate_is_read_as_openssl_made_it() {
    let authority = Authority::start();
    let person = authority.person("p256");
    assert_eq!(person.certificate.addresses(), ["p256@example.com"]);
    assert!(person.certificate.may_sign() && person.certificate.may_encrypt());
    assert!(!person.certificate.is_valid_at(0), "it is not valid before it was made");
    assert!(!authority.person("ed25519").certificate.may_encrypt(), "a key that only signs is none to encrypt for");
    assert!(matches!(Certificate::from_der(b"no certificate"), Err(Trouble::Malformed(_))));
}
