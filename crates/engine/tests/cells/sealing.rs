//! Mail sealed and opened in cells (SEC-14): keys stay with the parent, and a cell gets what its order needs and no more.

use crate::{Test, run, settings, start};
use engine::cell::{Cells, OwnKey};
use policy::FaultCode;
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, SanType};
use seal::Trouble;
use seal::key::{Curve, HeldKey, PrivateKey, Secret};
use seal::order::{OpenOrder, Refusal, SealOrder, SignerOrder, With};
use seal::smime::{Certificate, ContentCipher, Digest, Scheme, Transport};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

pub const TESTS: &[Test] = &[
    ("a_mail_is_sealed_and_opened_in_a_cell", a_mail_is_sealed_and_opened_in_a_cell),
    ("a_mail_that_does_not_open_costs_no_cell", a_mail_that_does_not_open_costs_no_cell),
    ("sec_14_a_cell_asks_for_what_its_order_needs", sec_14_a_cell_asks_for_what_its_order_needs),
];

const MAIL: &[u8] = b"From: a@example.com\r\nSubject: Help\r\nContent-Type: text/plain\r\n\r\nPlease help.\r\n";

/// Somebody's certificate, and a key that counts.
struct Person {
    certificate: Vec<u8>,
    key: Arc<Counting>,
}

struct Counting {
    held: HeldKey,
    asked: AtomicU32,
}

impl PrivateKey for Counting {
    fn sign(&self, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, Trouble> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.held.sign(scheme, message)
    }

    fn sign_digest(&self, scheme: Scheme, digest: &[u8]) -> Result<Vec<u8>, Trouble> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.held.sign_digest(scheme, digest)
    }

    fn decrypt(&self, transport: Transport, encrypted: &[u8]) -> Result<Secret, Trouble> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.held.decrypt(transport, encrypted)
    }

    fn agree(&self, curve: Curve, other: &[u8]) -> Result<Secret, Trouble> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.held.agree(curve, other)
    }
}

impl Person {
    fn new() -> Person {
        let pair = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.subject_alt_names = vec![SanType::Rfc822Name("a@example.com".try_into().unwrap())];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyAgreement];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
        let certificate = params.self_signed(&pair).unwrap().der().to_vec();
        let public = Certificate::from_der(&certificate).unwrap();
        let held = HeldKey::from_pkcs8(pair.serialized_der(), public.key()).unwrap();
        Person { certificate, key: Arc::new(Counting { held, asked: AtomicU32::new(0) }) }
    }

    fn order(&self) -> SealOrder {
        SealOrder {
            with: With::Smime {
                signer: Some(SignerOrder {
                    certificate: self.certificate.clone(),
                    scheme: Scheme::Ecdsa(Digest::Sha256),
                    intermediates: Vec::new(),
                }),
                recipients: vec![(self.certificate.clone(), Transport::Pkcs1)],
                cipher: ContentCipher::Aes256Gcm,
                is_opaque: false,
            },
            footer: None,
            protection: None,
            now: 1_790_000_000,
        }
    }

    fn key(&self) -> OwnKey {
        self.key.clone()
    }
}

fn opening(people: &[&Person]) -> OpenOrder {
    OpenOrder { own: people.iter().map(|person| person.certificate.clone()).collect(), ..OpenOrder::default() }
}

async fn one_cell() -> Cells {
    start(engine::cell::Settings { cells: 1, ..settings() }).await
}

fn a_mail_is_sealed_and_opened_in_a_cell() {
    run(async {
        let (cells, person) = (one_cell().await, Person::new());
        // Over several frames, so that what is asked in between finds its way.
        let mail = [MAIL, &b"The printer on floor 3 prints again and again.\r\n".repeat(5_000)].concat();
        for _ in 0..3 {
            let sealed = cells.seal(&mail, &person.order(), &[person.key()]).await.unwrap().unwrap();
            assert!(!String::from_utf8_lossy(&sealed).contains("printer"));
            let opened = cells.open_sealed(&sealed, &opening(&[&person]), &[person.key()]).await.unwrap().unwrap();
            assert!(opened.verdict.is_proved && opened.mail.ends_with(b"prints again and again.\r\n"));
            assert_eq!(opened.verdict.layers.len(), 2);
        }
        assert_eq!(person.key.asked.load(Ordering::Relaxed), 6, "one signature and one opening each");
        let plain = cells.open_sealed(MAIL, &opening(&[&person]), &[person.key()]).await.unwrap().unwrap();
        assert!(plain.mail == MAIL && plain.verdict.layers.is_empty());
        let figures = cells.figures();
        assert_eq!((figures.started, figures.died, figures.calls), (1, 0, 7));
    });
}

fn a_mail_that_does_not_open_costs_no_cell() {
    run(async {
        let (cells, person, other) = (one_cell().await, Person::new(), Person::new());
        let sealed = cells.seal(MAIL, &person.order(), &[person.key()]).await.unwrap().unwrap();
        let refused = cells.open_sealed(&sealed, &opening(&[&other]), &[other.key()]).await.unwrap();
        assert_eq!(refused.unwrap_err(), Refusal::NotForUs);
        let broken = String::from_utf8(sealed).unwrap().replace("\r\n\r\nMI", "\r\n\r\nMM");
        let refused = cells.open_sealed(broken.as_bytes(), &opening(&[&person]), &[person.key()]).await.unwrap();
        assert!(matches!(refused.unwrap_err(), Refusal::Malformed(_)));
        let nobody = SealOrder {
            with: With::Pgp { signer: None, recipients: Vec::new(), cipher_bits_min: 0 },
            ..person.order()
        };
        assert!(cells.seal(MAIL, &nobody, &[]).await.unwrap().is_err(), "nothing leaves that is not sealed");
        assert_eq!((cells.figures().started, cells.figures().died), (1, 0));
    });
}

fn sec_14_a_cell_asks_for_what_its_order_needs() {
    run(async {
        let (cells, person) = (one_cell().await, Person::new());
        // A key that was not handed in for this call is none: the cell asks for it, and is not heard any further.
        let fault = cells.seal(MAIL, &person.order(), &[]).await.unwrap_err();
        assert_eq!((fault.code, person.key.asked.load(Ordering::Relaxed)), (FaultCode::CellDied, 0));
        assert_eq!(cells.figures().died, 1);
        // The next call has a cell again.
        assert!(cells.seal(MAIL, &person.order(), &[person.key()]).await.unwrap().is_ok());
    });
}
