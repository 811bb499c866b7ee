//! Whole mails, as they travel.

use crate::home::{Chance, Home, NOW, POLICY};
use data_encoding::BASE64_MIME;
use seal::Trouble;
use seal::entity::Entity;
use seal::header_protection::Protection;
use seal::key::asked::{AskedKey, Operation};
use seal::pgp::{
    Behind, Certificate, Flaw, Key, Layer, Means, NewKey, OpenedMail, Orders, OwnKey, generate, open, seal,
};
use std::cell::RefCell;

const MAIL: &str = "From: a@example.com\r\nTo: b@example.com\r\nSubject: Help\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=\"x\"\r\n\r\n--x\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Content-Transfer-Encoding: 8bit\r\n\r\nGrüße aus Köln, trailing space \r\n--x\r\nContent-Type: application/pdf\r\n\
    Content-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--x--\r\n";

fn sealed(signer: Option<&Key<'_>>, recipients: &[&Certificate]) -> Vec<u8> {
    let orders = Orders { signer, recipients, protection: None, policy: &POLICY, now: NOW };
    seal(MAIL.as_bytes(), &orders, &mut Chance).expect("it is sealed")
}

fn opened(mail: &[u8], keys: &[&Key<'_>], known: &[Certificate]) -> Result<OpenedMail, Trouble> {
    open(mail, &Means { keys, known, policy: &POLICY, now: NOW }, &mut Chance)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The parts of a mail that gpg is given as files.
fn parts(home: &Home, mail: &[u8]) {
    let entity = Entity::read(mail);
    let parts = entity.parts().expect("parts").parts;
    home.write("first", parts[0]);
    home.write("second", &Entity::read(parts[1]).decoded().expect("its encoding"));
}

#[test]
fn a_mail_is_signed_within_its_encryption_and_opens_by_gpg_and_by_us() {
    let home = Home::new();
    home.key("gpg", "rsa2048", "rsa2048", &[]);
    let (ann, gpg) = (home.ours(NewKey::Curve25519, "ann"), home.private("gpg"));
    let mail = sealed(Some(&ann), &[gpg.certificate(), ann.certificate()]);
    let outside = text(&mail);
    assert!(outside.is_ascii() && outside.contains("Subject: Help\r\n") && !outside.contains("K=C3=B6ln"), "{outside}");
    parts(&home, &mail);
    let said = home.run(&["-o", "out", "--decrypt", "second"]);
    assert!(said.contains("GOODSIG"), "{said}");
    assert!(text(&home.read("out")).contains("Gr=C3=BC=C3=9Fe aus K=C3=B6ln"));
    for (key, position) in [(&gpg, 0), (&ann, 0)] {
        let mail = opened(&mail, &[key], &[ann.certificate().clone()]).expect("it opens");
        let [Layer::Encrypted { with, .. }, Layer::Signed(signatures)] = &mail.layers[..] else {
            panic!("signed within encrypted: {:?}", mail.layers)
        };
        assert_eq!((*with, signatures[0].flaw, signatures[0].at), (position, None, Some(NOW)));
        let inside = text(&mail.mail);
        assert!(inside.starts_with("From: a@example.com\r\n") && inside.contains("multipart/mixed"), "{inside}");
    }
}

#[test]
fn a_mail_that_is_only_signed_is_verified_by_gpg_and_read_by_anybody() {
    let home = Home::new();
    let ann = home.ours(NewKey::Rsa2048, "ann");
    let mail = sealed(Some(&ann), &[]);
    parts(&home, &mail);
    assert!(home.run(&["--verify", "second", "first"]).contains("GOODSIG"));
    let read = opened(&mail, &[], &[ann.certificate().clone()]).expect("it opens");
    let [Layer::Signed(signatures)] = &read.layers[..] else { panic!("signed: {:?}", read.layers) };
    assert_eq!(signatures[0].flaw, None);
    let changed = text(&mail).replace("JVBERi0=", "JVBERi1=");
    let read = opened(changed.as_bytes(), &[], &[ann.certificate().clone()]).expect("it opens");
    let [Layer::Signed(signatures)] = &read.layers[..] else { panic!("signed: {:?}", read.layers) };
    assert_eq!(signatures[0].flaw, Some(Flaw::Wrong));
    let plain = sealed(None, &[]);
    assert_eq!(opened(&plain, &[], &[]).expect("nothing to open").layers, []);
}

#[test]
fn what_gpg_makes_in_a_mail_opens_whole_and_never_beside_something() {
    let home = Home::new();
    let ann = home.ours(NewKey::Curve25519, "ann");
    let known = [ann.certificate().clone()];
    home.write("text", "Grüße\n".as_bytes());
    home.run(&["-o", "sealed", "-a", "-u", "ann@example.com", "-r", "ann@example.com", "--sign", "--encrypt", "text"]);
    let armor = text(&home.read("sealed"));
    let head = "Subject: Help\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n";
    let read = opened(format!("{head}{armor}").as_bytes(), &[&ann], &known).expect("it opens");
    assert_eq!(read.layers.len(), 2);
    let inside = text(&read.mail);
    assert!(inside.contains("charset=\"utf-8\"") && inside.ends_with("\r\n\r\nGrüße\r\n"), "{inside}");
    // A text around it was not sealed, and what is within must not look as if it belonged to it (EFAIL).
    for around in [format!("{head}Look:\r\n{armor}"), format!("{head}{armor}behind"), format!("{head}{armor}{armor}")] {
        let read = opened(around.as_bytes(), &[&ann], &known).expect("it is read");
        assert_eq!((read.layers.len(), text(&read.mail).contains("Grüße")), (0, false));
    }
    let mixed = format!(
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<img src=\"http://x/\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\n{armor}\r\n--b--\r\n"
    );
    assert_eq!(opened(mixed.as_bytes(), &[&ann], &known).expect("it is read").layers, []);

    home.run(&["-o", "clear", "-u", "ann@example.com", "--clear-sign", "text"]);
    let clear = text(&home.read("clear"));
    let head = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";
    let read = opened(format!("{head}{clear}").as_bytes(), &[], &known).expect("it opens");
    let [Layer::Signed(signatures)] = &read.layers[..] else { panic!("signed: {:?}", read.layers) };
    assert_eq!(signatures[0].flaw, None);
    assert!(text(&read.mail).ends_with("\r\n\r\nGrüße"), "{}", text(&read.mail));
    let read = opened(format!("{head}Before.\r\n{clear}").as_bytes(), &[], &known).expect("it is read");
    assert_eq!(read.layers, []);
}

/// A mail of parts.
fn of_parts(kind: &str, parts: &[&str]) -> Vec<u8> {
    let parts: String = parts.iter().map(|part| format!("--b\r\n{part}\r\n")).collect();
    let head = "From: a@example.com\r\nSubject: Help\r\nMIME-Version: 1.0";
    format!("{head}\r\nContent-Type: multipart/{kind}; boundary=\"b\"\r\n\r\n{parts}--b--\r\n").into_bytes()
}

const EMPTY: &str =
    "Content-Type: text/plain; charset=\"us-ascii\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n";
const CONTROL: &str = "Content-Type: application/pgp-encrypted\r\nContent-Description: PGP/MIME version identification\r\n\r\nVersion: 1\r\n";

#[test]
fn pgp_mime_as_exchange_leaves_it_opens_and_nothing_that_only_looks_like_it() {
    let home = Home::new();
    let ann = home.ours(NewKey::Curve25519, "ann");
    let known = [ann.certificate().clone()];
    let text = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\n";
    home.write("text", text.as_bytes());
    home.run(&["-o", "sealed", "-a", "-u", "ann@example.com", "-r", "ann@example.com", "--sign", "--encrypt", "text"]);
    let armor = String::from_utf8(home.read("sealed")).expect("armor").replace('\n', "\r\n");
    let sealed = format!("Content-Type: application/octet-stream; name=\"encrypted.asc\"\r\n\r\n{armor}");
    let coded = BASE64_MIME.encode(armor.as_bytes());
    let coded = format!("Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n{coded}");

    let whole = of_parts("encrypted; protocol=\"application/pgp-encrypted\"", &[CONTROL, &sealed]);
    let expected = opened(&whole, &[&ann], &known).expect("it opens");
    let [Layer::Encrypted { .. }, Layer::Signed(signatures)] = &expected.layers[..] else {
        panic!("signed within encrypted: {:?}", expected.layers)
    };
    assert_eq!(signatures[0].flaw, None);
    for sealed in [&sealed, &coded] {
        let mixed = of_parts("mixed", &[EMPTY, CONTROL, sealed]);
        assert_eq!(opened(&mixed, &[&ann], &known).as_ref(), Ok(&expected));
    }

    // Whatever a reader would see beside it was not sealed (EFAIL).
    let written = format!("{EMPTY}Look:\r\n");
    let page = "Content-Type: text/html\r\n\r\n<img src=\"http://e.example/\r\n";
    let around = format!("Content-Type: application/octet-stream\r\n\r\nLook:\r\n{armor}");
    let other = CONTROL.replace("Version: 1", "Version: 2");
    let (sealed, written, around, other) = (sealed.as_str(), written.as_str(), around.as_str(), other.as_str());
    for parts in [
        &[written, CONTROL, sealed][..],
        &[page, CONTROL, sealed],
        &["Look:\r\n", CONTROL, sealed],
        &["Content-Type: text/plain\r\nLook!", CONTROL, sealed],
        &[EMPTY, CONTROL, sealed, page],
        &[EMPTY, CONTROL, sealed, EMPTY],
        &[EMPTY, CONTROL, around],
        &[EMPTY, other, sealed],
        &[EMPTY, page, sealed],
        &[EMPTY, sealed, CONTROL],
    ] {
        let mail = of_parts("mixed", parts);
        let read = opened(&mail, &[&ann], &known).expect("it is a mail");
        assert_eq!((read.layers.len(), &read.mail), (0, &mail));
    }
}

#[test]
fn a_mail_that_does_not_open_says_one_word() {
    let home = Home::new();
    let (ann, ben) = (home.ours(NewKey::Curve25519, "ann"), home.ours(NewKey::Rsa2048, "ben"));
    let mail = sealed(Some(&ann), &[ben.certificate()]);
    assert_eq!(opened(&mail, &[&ann], &[]), Err(Trouble::NotForUs));
    let all = text(&mail);
    let lines: Vec<&str> = all.split("\r\n").collect();
    let start = lines.iter().position(|line| line.starts_with("-----BEGIN PGP MESSAGE")).expect("armor");
    let end = lines.iter().position(|line| line.starts_with("-----END PGP MESSAGE")).expect("armor");
    let mut answers = Vec::new();
    for which in [start + 4, start + 6, start + 8, end - 4, end - 3] {
        let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        let letter = if &lines[which][10..11] == "A" { "B" } else { "A" };
        lines[which].replace_range(10..11, letter);
        answers.push(opened(lines.join("\r\n").as_bytes(), &[&ben], &[]).expect_err("it was changed"));
    }
    assert_eq!(answers, [Trouble::CannotOpen; 5]);
    let unsealed = Orders { signer: None, recipients: &[], protection: None, policy: &POLICY, now: NOW };
    let plain = seal(MAIL.as_bytes(), &unsealed, &mut Chance).expect("nothing to do");
    assert!(text(&plain).contains("K=C3=B6ln"));
    // One recipient to whom nothing may be encrypted, and there is no mail at all.
    let late = Orders {
        signer: Some(&ann),
        recipients: &[ben.certificate()],
        protection: None,
        policy: &POLICY,
        now: NOW - 100_000,
    };
    assert!(seal(MAIL.as_bytes(), &late, &mut Chance).is_err());
}

#[test]
fn fields_travel_within_and_keys_may_be_elsewhere() {
    let armor = generate(NewKey::Curve25519, "ann@example.com", NOW, None, None, &mut Chance).expect("a key");
    let own = OwnKey::read_all(armor.as_bytes(), b"").expect("it is read").remove(0);
    let asked = RefCell::new(Vec::new());
    let holder = |number: usize, operation: Operation| {
        asked.borrow_mut().push((number, operation.opens()));
        operation.with(&own.keys[number].1)
    };
    let numbered = own.keys.iter().enumerate();
    let keys =
        numbered.map(|(number, (print, _))| (print.clone(), Box::new(AskedKey::new(number, &holder)) as Behind<'_>));
    let key = Key::behind(own.certificate.clone(), keys.collect());
    let protection = Some(Protection { outer_subject: Some("[...]"), is_displayed: false });
    let orders = Orders { signer: Some(&key), recipients: &[&own.certificate], protection, policy: &POLICY, now: NOW };
    let mail = seal(MAIL.as_bytes(), &orders, &mut Chance).expect("it is sealed");
    let outside = text(&mail);
    assert!(outside.contains("Subject: [...]\r\n") && !outside.contains("Help"), "{outside}");
    let read = opened(&mail, &[&key], std::slice::from_ref(&own.certificate)).expect("it opens");
    assert!(text(&read.mail).contains("Subject: Help\r\n") && read.protected.is_some(), "{}", text(&read.mail));
    assert!(read.layers.iter().any(|layer| matches!(layer, Layer::Signed(all) if all[0].flaw.is_none())));
    assert_eq!(*asked.borrow(), [(0, false), (1, true)]);
    assert!(opened(&mail, &[&own.key()], &[]).is_ok());
}
