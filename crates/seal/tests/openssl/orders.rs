//! Sealing and opening by somebody who holds no key.

use crate::authority::{Authority, Chance, Person};
use seal::Trouble;
use seal::key::Secret;
use seal::key::asked::Operation;
use seal::order::{OpenOrder, ProtectionOrder, SealOrder, SignerOrder, With};
use seal::smime::{ContentCipher, Digest, Scheme, Transport};
use seal::verdict::{LayerVerdict, fingerprint};

const MAIL: &[u8] = b"From: a@example.com\r\nSubject: Help\r\n\r\nPlease help.\r\n";

fn order(person: &Person) -> SealOrder {
    SealOrder {
        with: With::Smime {
            signer: Some(SignerOrder {
                certificate: person.certificate.der().to_vec(),
                scheme: Scheme::RsaPkcs1(Digest::Sha256),
                intermediates: Vec::new(),
            }),
            recipients: vec![(person.certificate.der().to_vec(), Transport::Pkcs1)],
            cipher: ContentCipher::Aes256Cbc,
            is_opaque: false,
        },
        footer: None,
        protection: Some(ProtectionOrder { outer_subject: Some("[...]".to_owned()), is_displayed: false }),
        now: 1_790_000_000,
    }
}

#[test]
fn a_key_is_asked_once_for_each_operation_and_never_leaves_its_holder() {
    let authority = Authority::start();
    let person = authority.person("rsa2048");
    let asked = std::cell::RefCell::new(Vec::new());
    let holder = |number: usize, operation: Operation| -> Result<Secret, Trouble> {
        asked.borrow_mut().push((number, operation.opens()));
        operation.with(&person.key)
    };
    let sealed = order(&person).carry_out(MAIL, &holder, &mut Chance).expect("it is sealed");
    assert!(order(&person).is_form_of(MAIL, &sealed));
    let With::Smime { signer, cipher, .. } = order(&person).with else { panic!("it is S/MIME") };
    let signing =
        SealOrder { with: With::Smime { signer, recipients: Vec::new(), cipher, is_opaque: false }, ..order(&person) };
    let signed =
        signing.carry_out(MAIL, &|_, operation| operation.with(&person.key), &mut Chance).expect("it is signed");
    assert!(signing.is_form_of(MAIL, &signed) && !order(&person).is_form_of(MAIL, &signed), "signed is not encrypted");
    let opening = OpenOrder { own: vec![person.certificate.der().to_vec()], ..OpenOrder::default() };
    let opened = opening.carry_out(&sealed, &holder, &mut Chance).expect("it opens");
    assert_eq!(*asked.borrow(), [(0, false), (0, true)]);
    assert!(opened.verdict.is_proved && opened.mail.starts_with(b"From: a@example.com\r\nSubject: Help\r\n"));
    let [LayerVerdict::Encrypted { with, .. }, LayerVerdict::Signed { signatures, .. }] = &opened.verdict.layers[..]
    else {
        panic!("signed within encrypted: {:?}", opened.verdict)
    };
    assert_eq!(*with, fingerprint(&person.certificate));
    let by = signatures[0].by.as_ref().expect("a certificate");
    assert_eq!((by.algorithm.as_str(), signatures[0].flaw.clone()), ("rsa-2048", None));

    let refusing = |_: usize, _: Operation| Err(Trouble::KeyRefused);
    assert_eq!(
        opening.carry_out(&sealed, &refusing, &mut Chance),
        Err(Trouble::CannotOpen),
        "one word for whatever is wrong"
    );
    assert_eq!(order(&person).carry_out(MAIL, &refusing, &mut Chance), Err(Trouble::KeyRefused));
}

#[test]
fn content_that_somebody_may_have_changed_is_not_called_proved() {
    let authority = Authority::start();
    let person = authority.person("rsa2048");
    let holder = |_: usize, operation: Operation| operation.with(&person.key);
    let opening = OpenOrder { own: vec![person.certificate.der().to_vec()], ..OpenOrder::default() };
    for (cipher, is_proved) in [(ContentCipher::Aes256Cbc, false), (ContentCipher::Aes256Gcm, true)] {
        let recipients = vec![(person.certificate.der().to_vec(), Transport::Pkcs1)];
        let with = With::Smime { signer: None, recipients, cipher, is_opaque: false };
        let unsigned = SealOrder { with, ..order(&person) };
        let sealed = unsigned.carry_out(MAIL, &holder, &mut Chance).expect("it is sealed");
        assert!(unsigned.is_form_of(MAIL, &sealed) && !unsigned.is_form_of(MAIL, MAIL));
        let told = [b"X-Said: Please help.\r\n", &sealed[..]].concat();
        assert!(!unsigned.is_form_of(MAIL, &told), "nothing new stands outside");
        let proof = b"DKIM-Signature: v=1; bh=AAAA; b=AAAA\r\n";
        let (mail, told) = ([&proof[..], MAIL].concat(), [&proof[..], &sealed[..]].concat());
        assert!(
            unsigned.is_form_of(&mail, &sealed) && !unsigned.is_form_of(&mail, &told),
            "a digest of what is within"
        );
        assert_eq!(opening.carry_out(&sealed, &holder, &mut Chance).expect("it opens").verdict.is_proved, is_proved);
    }
    let nothing =
        SealOrder { with: With::Pgp { signer: None, recipients: Vec::new(), cipher_bits_min: 0 }, ..order(&person) };
    assert!(
        matches!(nothing.carry_out(MAIL, &holder, &mut Chance), Err(Trouble::Malformed(_))),
        "no order leaves it plain"
    );
}
