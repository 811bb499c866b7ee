//! Certificates in the heads of mails.

use crate::home::{Chance, Home, NOW, POLICY};
use seal::pgp::{Key, NewKey, autocrypt, autocrypt_field, generate};

#[test]
fn the_field_is_written_read_and_known_to_gpg() {
    let home = Home::new();
    let ann = home.ours(NewKey::Curve25519, "ann");
    let field = autocrypt_field("Ann@example.com", true, ann.certificate()).expect("a field");
    assert!(field.split("\r\n").all(|line| line.len() <= 78), "{field}");
    let mail = format!("From: ann@example.com\r\n{field}Subject: x\r\n\r\ntext\r\n");
    let said = autocrypt(mail.as_bytes(), "ann@Example.com").expect("it is said");
    assert_eq!((said.address.as_str(), said.prefers_encrypted), ("ann@example.com", true));
    assert_eq!(&said.certificate, ann.certificate());
    assert_eq!(said.certificate.standing(&POLICY, NOW).may_encrypt(), Ok(()));
    home.write("key", &said.certificate.to_bytes().expect("bytes"));
    assert!(home.run(&["--import", "key"]).contains("IMPORT_OK"));
}

#[test]
fn what_is_said_of_others_twice_or_in_unknown_words_is_not_heard() {
    let armor = generate(NewKey::Curve25519, "ann@example.com", NOW, None, None, &mut Chance).expect("a key");
    let ann = Key::read_all(armor.as_bytes(), b"").expect("it is read").remove(0);
    let field = autocrypt_field("ann@example.com", false, ann.certificate()).expect("a field");
    let heard = |head: String| autocrypt(format!("{head}\r\n").as_bytes(), "ann@example.com");
    assert!(heard(field.clone()).is_some_and(|said| !said.prefers_encrypted));
    assert!(heard(field.replace("keydata", "_hint=x; keydata")).is_some());
    let other = autocrypt_field("ben@example.com", false, ann.certificate()).expect("a field");
    assert!(heard(format!("{field}{other}")).is_some(), "one about somebody else is left out");
    assert_eq!(heard(other), None);
    assert_eq!(heard(format!("{field}{field}")), None);
    assert_eq!(heard(field.replace("keydata", "type=2; keydata")), None);
    assert_eq!(heard(field.replace("keydata=", "keydata=!")), None);
    assert!(autocrypt_field("a b@example.com", false, ann.certificate()).is_err());
    let mut broken = field;
    broken.truncate(200);
    assert_eq!(heard(format!("{broken}\r\n")), None);
}
