//! Whole mails, as they travel.

use crate::authority::{Authority, Chance, Person, orders};
use data_encoding::BASE64_MIME;
use seal::smime::{ContentCipher, Flaw, Layer, Orders, Recipient, encrypt, seal};
use seal::{Trouble, smime};

const MAIL: &str = "From: a@example.com\r\nTo: b@example.com\r\nSubject: Help\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=\"x\"\r\n\r\n--x\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Content-Transfer-Encoding: 8bit\r\n\r\nGrüße aus Köln, trailing space \r\n--x\r\nContent-Type: application/pdf\r\n\
    Content-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--x--\r\n";

struct Sealing<'a> {
    signer: Option<&'a Person>,
    recipients: Vec<Recipient<'a>>,
    cipher: ContentCipher,
    is_opaque: bool,
}

impl Sealing<'_> {
    fn seal(&self, mail: &str) -> Vec<u8> {
        let orders = Orders {
            cipher: self.cipher,
            is_opaque: self.is_opaque,
            ..orders(self.signer.map(Person::signer), &self.recipients)
        };
        seal(mail.as_bytes(), &orders, &mut Chance).expect("it is sealed")
    }
}

#[test]
fn a_mail_is_signed_then_encrypted_and_opens_by_openssl_and_by_us() {
    let authority = Authority::start();
    let person = authority.person("rsa2048");
    for (cipher, is_opaque) in [(ContentCipher::Aes256Cbc, false), (ContentCipher::Aes256Gcm, true)] {
        let recipients = vec![person.recipient()];
        let sealed = Sealing { signer: Some(&person), recipients, cipher, is_opaque }.seal(MAIL);
        let text = String::from_utf8(sealed.clone()).expect("seven bits");
        assert!(text.is_ascii() && !text.contains("Help\r\n\r\n") && text.contains("Subject: Help"), "{text}");
        assert!(!text.contains("K=C3=B6ln"), "nothing of the content stands outside");

        authority.write("mail", &sealed);
        authority.run(&[
            "cms",
            "-decrypt",
            "-in",
            "mail",
            "-recip",
            "rsa2048.pem",
            "-inkey",
            "rsa2048.key",
            "-out",
            "inner",
        ]);
        authority.run(&["cms", "-verify", "-in", "inner", "-CAfile", "ca.pem", "-purpose", "smimesign", "-out", "out"]);
        let by_openssl = String::from_utf8(authority.read("out")).expect("seven bits");
        assert!(by_openssl.contains("Gr=C3=BC=C3=9Fe aus K=C3=B6ln"), "{by_openssl}");

        let mail = person.opened(&sealed).expect("it opens");
        let [Layer::Encrypted { cipher: with, .. }, Layer::Signed(signed)] = &mail.layers[..] else {
            panic!("signed within encrypted: {:?}", mail.layers)
        };
        assert_eq!(*with, cipher);
        assert_eq!(signed.signatures[0].flaw, None);
        assert!(
            mail.mail
                .starts_with(b"From: a@example.com\r\nTo: b@example.com\r\nSubject: Help\r\nMIME-Version: 1.0\r\n")
        );
        assert!(mail.mail.ends_with(by_openssl.split_once("\r\n\r\n").expect("a body").1.as_bytes()));
        assert_eq!(authority.person("p256").opened(&sealed), Err(Trouble::NotForUs));
    }
}

#[test]
fn a_mail_that_openssl_signed_and_encrypted_opens() {
    let authority = Authority::start();
    let person = authority.person("rsa2048");
    authority.write("entity", b"Content-Type: text/plain\r\n\r\nPlease help.\r\n");
    authority.run(&[
        "cms",
        "-sign",
        "-in",
        "entity",
        "-signer",
        "rsa2048.pem",
        "-inkey",
        "rsa2048.key",
        "-out",
        "signed",
    ]);
    authority.run(&[
        "cms",
        "-encrypt",
        "-in",
        "signed",
        "-out",
        "mail",
        "-aes256",
        "-from",
        "a@example.com",
        "-to",
        "b@example.com",
        "-subject",
        "Help",
        "rsa2048.pem",
    ]);
    let mail = person.opened(&authority.read("mail")).expect("it opens");
    assert!(
        matches!(&mail.layers[..], [Layer::Encrypted { .. }, Layer::Signed(signed)] if signed.signatures[0].flaw.is_none())
    );
    let text = String::from_utf8(mail.mail).expect("text");
    assert!(text.contains("Subject: Help\r\n") && text.ends_with("\r\n\r\nPlease help.\r\n"), "{text}");
}

#[test]
fn what_is_wrong_within_an_encrypted_mail_is_not_told() {
    let authority = Authority::start();
    let person = authority.person("rsa2048");
    let recipients = || vec![person.recipient()];
    let broken = "From: a@example.com\r\nContent-Type: multipart/signed; protocol=\"application/pkcs7-signature\"; boundary=x\r\n\r\n--x\r\n\r\nHi\r\n";
    let cipher = ContentCipher::Aes256Cbc;
    let sealed = Sealing { signer: None, recipients: recipients(), cipher, is_opaque: false }.seal(broken);
    assert_eq!(person.opened(&sealed), Err(Trouble::CannotOpen));
    assert!(matches!(person.opened(broken.as_bytes()), Err(Trouble::Malformed(_))), "in the clear anybody sees it");
}

#[test]
fn only_the_whole_mail_counts_as_signed() {
    let authority = Authority::start();
    let person = authority.person("rsa2048");
    let signing = || Sealing {
        signer: Some(&person),
        recipients: Vec::new(),
        cipher: ContentCipher::Aes256Cbc,
        is_opaque: false,
    };
    let signed = String::from_utf8(signing().seal(MAIL)).expect("seven bits");
    assert_eq!(person.opened(signed.as_bytes()).expect("a mail").layers.len(), 1);

    let (_, entity) = signed.split_once("MIME-Version: 1.0\r\n").expect("an entity");
    let wrapped = format!(
        "From: a@example.com\r\nContent-Type: multipart/mixed; boundary=w\r\n\r\n--w\r\n\r\nNobody signed this.\r\n--w\r\n{entity}\r\n--w--\r\n"
    );
    let mail = person.opened(wrapped.as_bytes()).expect("a mail");
    assert_eq!(mail.layers, [], "a signed part says nothing about the words before it");
    assert_eq!(mail.mail, wrapped.as_bytes());

    let third = signed.replacen(
        "Content-Type: application/pkcs7-signature",
        "\r\nNobody signed this.\r\n--=_\r\nContent-Type: application/pkcs7-signature",
        1,
    );
    let boundary = signed.split("boundary=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a boundary");
    let third = third.replace("--=_\r\n", &format!("--{boundary}\r\n"));
    assert!(matches!(person.opened(third.as_bytes()), Err(Trouble::Malformed(_))));

    let changed = signed.replace("K=C3=B6ln", "M=C3=BCnster");
    let mail = person.opened(changed.as_bytes()).expect("a mail");
    let [Layer::Signed(verdict)] = &mail.layers[..] else { panic!("a signature") };
    assert_eq!(verdict.signatures[0].flaw, Some(Flaw::ContentChanged));
    assert!(smime::open(b"no mail at all", &[], &[], &mut Chance).expect("any bytes are a mail").layers.is_empty());
}

/// How servers that know no S/MIME leave the fields of a sealed mail.
const DAMAGED: [&str; 6] = [
    "Content-Type: application/octet-stream; name=\"smime.p7m\"\r\nContent-Transfer-Encoding: base64",
    "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=smime.P7M",
    "Content-Type: application/x-unknown\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment;\r\n filename=\"mail.p7z\"",
    "Content-Type: application/pkcs7-signature; name=smime.p7s\r\nContent-Transfer-Encoding: base64",
    "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64",
    "Content-Type: application/pkcs7-mime; name=smime.p7m",
];

/// The mail with other fields about its content.
fn with_fields(mail: &[u8], fields: &str) -> Vec<u8> {
    let text = String::from_utf8(mail.to_vec()).expect("seven bits");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let (outside, _) = head.split_once("Content-Type:").expect("a type");
    format!("{outside}{fields}\r\n\r\n{body}").into_bytes()
}

/// A mail of what OpenSSL signed of a file, by these words.
fn of_openssl(authority: &Authority, content: &[u8], words: &[&str]) -> Vec<u8> {
    authority.write("content", content);
    let signed = ["cms", "-sign", "-in", "content", "-signer", "rsa2048.pem", "-inkey", "rsa2048.key"];
    authority.run(&[&signed[..], words, &["-outform", "DER", "-out", "signed.der"]].concat());
    let fields = "From: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=signed-data\r\n\
        Content-Transfer-Encoding: base64\r\n\r\n";
    format!("{fields}{}", BASE64_MIME.encode(&authority.read("signed.der"))).into_bytes()
}

/// RFC 8551, sections 3.2.1 and 3.9.
#[test]
fn a_mail_that_lost_its_type_opens_by_what_it_holds() {
    let authority = Authority::start();
    let (person, other) = (authority.person("rsa2048"), authority.person("p256"));
    let sealed = |signer, cipher| {
        let recipients = if signer { Vec::new() } else { vec![person.recipient()] };
        Sealing { signer: signer.then_some(&person), recipients, cipher, is_opaque: true }.seal(MAIL)
    };
    let entity = b"Content-Type: text/plain\r\n\r\nPlease help.\r\n";
    for (mail, is_encrypted) in [
        (sealed(false, ContentCipher::Aes256Cbc), true),
        (sealed(false, ContentCipher::Aes256Gcm), true),
        (sealed(true, ContentCipher::Aes256Cbc), false),
        (of_openssl(&authority, entity, &["-nodetach"]), false),
    ] {
        let expected = person.opened(&mail).expect("it opens");
        match &expected.layers[..] {
            [Layer::Encrypted { .. }] => assert!(is_encrypted),
            [Layer::Signed(signed)] => assert!(!is_encrypted && signed.signatures[0].flaw.is_none()),
            other => panic!("one layer: {other:?}"),
        }
        for fields in DAMAGED {
            let damaged = with_fields(&mail, fields);
            assert_eq!(person.opened(&damaged).as_ref(), Ok(&expected), "{fields}");
            if is_encrypted {
                assert_eq!(other.opened(&damaged), Err(Trouble::NotForUs), "{fields}");
            }
        }
    }
}

/// Files that are no entity: a head of which no word would be left, or nothing but a head.
const RAW: [&[u8]; 5] = [
    b"PK\x03\x04 a table without an empty line",
    b"PK\x03\x04 a table\r\n\r\nwith one",
    b"name: value\n\nSettings have fields, too.\n",
    b"POST / HTTP/1.1\r\nContent-Type: text/plain\r\n\r\nHello\r\n",
    b"Content-Type: text/plain\r\n",
];
const CIPHERS: [ContentCipher; 2] = [ContentCipher::Aes256Cbc, ContentCipher::Aes256Gcm];

/// A mail that is nothing but this content, encrypted for somebody, under these fields.
fn encrypted_file(content: &[u8], person: &Person, cipher: ContentCipher, fields: &str) -> String {
    let cms = encrypt(content, &[person.recipient()], cipher, &mut Chance).expect("it is encrypted");
    let encoded = BASE64_MIME.encode(&cms);
    format!("From: a@example.com\r\nMIME-Version: 1.0\r\n{fields}\r\n\r\n{encoded}")
}

#[test]
fn a_file_that_is_no_sealed_mail_stays_a_file() {
    let authority = Authority::start();
    let person = authority.person("rsa2048");
    let entity = b"Content-Type: text/plain\r\n\r\nPlease help.\r\n";
    let (detached, document) = (
        of_openssl(&authority, entity, &[]),
        of_openssl(&authority, b"%PDF-1.7\r\nThe invoice.\r\n", &["-nodetach", "-binary"]),
    );
    let list = with_fields(
        &document,
        "Content-Type: application/pkcs7-mime; name=all.p7c\r\nContent-Transfer-Encoding: base64",
    );
    let mut all = vec![list];
    for fields in &DAMAGED[..5] {
        all.extend([with_fields(&detached, fields), with_fields(&document, fields)]);
        all.push(with_fields(b"From: a@example.com\r\nContent-Type: x/y\r\n\r\naGVsbG8gd29ybGQ=\r\n", fields));
    }
    for mail in all {
        let read = person.opened(&mail).expect("it is a mail");
        assert_eq!((read.layers.len(), &read.mail), (0, &mail), "{}", String::from_utf8_lossy(&mail));
    }
    for (content, cipher) in RAW.iter().flat_map(|content| CIPHERS.map(|cipher| (content, cipher))) {
        for fields in &DAMAGED[..5] {
            let mail = encrypted_file(content, &person, cipher, fields);
            assert_eq!(person.opened(mail.as_bytes()), Err(Trouble::CannotOpen), "{cipher:?} {fields} {content:?}");
        }
    }
    let bare = encrypted_file(b"MIME-Version: 1.0\r\n\r\nHi\r\n", &person, CIPHERS[0], DAMAGED[0]);
    let read = person.opened(bare.as_bytes()).expect("a text needs no type");
    assert_eq!(read.mail, b"From: a@example.com\r\nMIME-Version: 1.0\r\n\r\nHi\r\n");
}

#[test]
fn a_file_that_does_not_open_closes_no_mail_around_it() {
    let authority = Authority::start();
    let (person, other) = (authority.person("rsa2048"), authority.person("rsa3072"));
    let entity = b"Content-Type: text/plain\r\n\r\nThe contract.\r\n";
    let around = |is_signed: bool| Sealing {
        signer: is_signed.then_some(&person),
        recipients: if is_signed { Vec::new() } else { vec![person.recipient()] },
        cipher: CIPHERS[0],
        is_opaque: true,
    };
    let fields = "Content-Type: application/octet-stream; name=contract.p7m\r\nContent-Transfer-Encoding: base64";
    for cipher in CIPHERS {
        let for_other = encrypted_file(entity, &other, cipher, fields);
        assert_eq!(person.opened(for_other.as_bytes()), Err(Trouble::NotForUs), "outermost it is the mail");
        let raw = encrypted_file(RAW[1], &person, cipher, fields);
        for (file, is_signed) in [(&for_other, false), (&for_other, true), (&raw, false), (&raw, true)] {
            let read = person.opened(&around(is_signed).seal(file)).expect("it opens");
            assert_eq!((read.layers.len(), &read.mail[..]), (1, file.as_bytes()), "{cipher:?} {is_signed}");
        }
        let for_us = encrypted_file(entity, &person, cipher, fields);
        let read = person.opened(&around(false).seal(&for_us)).expect("it opens");
        assert_eq!(read.layers.len(), 2, "a mail within a mail");
        assert!(read.mail.ends_with(b"\r\n\r\nThe contract.\r\n"));
    }
}
