//! Mail that came sealed is opened in the cell that reads it, and what that proves stands beside what it says.

use crate::{Test, run, settings, start};
use engine::cell::{Cells, OwnKey, Source};
use engine::keys::Openers;
use engine::opening::{Keyring, Opener, OpeningSettings};
use engine::outside::{News, NewsSettings};
use mail::{Limits, Opened, Reading, SealScheme, Signed, Unopened, Worth};
use policy::{FaultCode, FaultKind};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, CrlDistributionPoint,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SanType, SerialNumber,
};
use seal::Trouble;
use seal::key::{Curve, HeldKey, PrivateKey, Secret};
use seal::order::{OpenOrder, SealOrder, SignerOrder, With};
use seal::smime::{Certificate, ContentCipher, Digest, Scheme, Transport};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::timeout;

pub const TESTS: &[Test] = &[
    ("a_mail_is_opened_before_it_is_read", a_mail_is_opened_before_it_is_read),
    ("sec_08_a_signature_is_worth_what_vouches_for_it", sec_08_a_signature_is_worth_what_vouches_for_it),
    ("sec_13_content_that_nothing_proves_is_its_text", sec_13_content_that_nothing_proves_is_its_text),
    ("what_does_not_open_is_read_as_it_came", what_does_not_open_is_read_as_it_came),
    ("a_key_that_is_away_says_nothing_of_the_mail", a_key_that_is_away_says_nothing_of_the_mail),
    ("a_slow_authority_holds_no_cell", a_slow_authority_holds_no_cell),
    ("what_an_authority_says_of_a_signer_counts", what_an_authority_says_of_a_signer_counts),
];

/// Of certificates that are in lists.
pub const SERIAL: [u8; 2] = [0x11, 0x22];
pub const ASKED_WITHIN: Duration = Duration::from_secs(60);

pub const FROM: &str = "a@example.com";
const MAIL: &str = "From: a@example.com\r\nSubject: Help\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=cut\r\n\r\n\
    --cut\r\nContent-Type: text/html\r\n\r\n<p>Please help.</p><img src=\"http://evil.example/x\">\r\n\
    --cut\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nfile\r\n--cut--\r\n";

/// What a certificate for mail of this address says.
fn params(address: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::Rfc822Name(address.try_into().unwrap())];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyAgreement];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
    params
}

/// An authority.
pub type Authority = CertifiedIssuer<'static, KeyPair>;

/// What the certificate of an authority of this name says.
pub fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// One that nobody is above.
pub fn house() -> Authority {
    CertifiedIssuer::self_signed(authority("House CA"), KeyPair::generate().unwrap()).unwrap()
}

/// Somebody with a certificate, which he may have made himself.
pub struct Person {
    pub certificate: Vec<u8>,
    pub pkcs8: Vec<u8>,
}

impl Person {
    fn new(address: &str) -> Person {
        let pair = KeyPair::generate().unwrap();
        let certificate = params(address).self_signed(&pair).unwrap().der().to_vec();
        Person { certificate, pkcs8: pair.serialized_der().to_vec() }
    }

    /// With a certificate of an authority that serves its list there, and the authority.
    fn listed(address: &str, list: &str) -> (Person, Authority) {
        let house = house();
        (Person::issued(address, list, &house, SERIAL), house)
    }

    /// With a certificate of this number by this authority.
    pub fn issued(address: &str, list: &str, authority: &Authority, serial: [u8; 2]) -> Person {
        let pair = KeyPair::generate().unwrap();
        let mut params = params(address);
        params.serial_number = Some(SerialNumber::from(serial.to_vec()));
        params.crl_distribution_points = vec![CrlDistributionPoint { uris: vec![list.to_owned()] }];
        let certificate = params.signed_by(&pair, authority).unwrap().der().to_vec();
        Person { certificate, pkcs8: pair.serialized_der().to_vec() }
    }

    fn key(&self) -> OwnKey {
        let public = Certificate::from_der(&self.certificate).unwrap();
        Arc::new(HeldKey::from_pkcs8(&self.pkcs8, public.key()).unwrap())
    }

    fn signer(&self) -> SignerOrder {
        SignerOrder {
            certificate: self.certificate.clone(),
            scheme: Scheme::Ecdsa(Digest::Sha256),
            intermediates: Vec::new(),
        }
    }

    /// For himself, signed or not.
    async fn sealed(&self, cells: &Cells, mail: &str, cipher: ContentCipher, is_signed: bool) -> Vec<u8> {
        let with = With::Smime {
            signer: is_signed.then(|| self.signer()),
            recipients: vec![(self.certificate.clone(), Transport::Pkcs1)],
            cipher,
            is_opaque: false,
        };
        let order = SealOrder { with, protection: None, footer: None, now: 1_790_000_000 };
        let keys: Vec<OwnKey> = is_signed.then(|| self.key()).into_iter().collect();
        cells.seal(mail.as_bytes(), &order, &keys).await.unwrap().unwrap()
    }

    /// With his own keys, and with trust in himself or in nobody.
    async fn opener(&self, from: &str, trusts: bool) -> Opener {
        let trusted = if trusts { self.certificate.as_slice() } else { &[] };
        self.opener_asking(from, trusted, None).await
    }

    /// The same with trust in whom this certificate is of, and with whoever is asked about revocation.
    async fn opener_asking(&self, from: &str, trusted: &[u8], news: Option<News>) -> Opener {
        self.opener_by(from, trusted, opening(news)).await
    }

    /// The same by settings, which name no folder.
    pub async fn opener_by(&self, from: &str, trusted: &[u8], settings: OpeningSettings) -> Opener {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, bytes: &[u8]| {
            let place = folder.path().join(name);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, bytes).unwrap();
        };
        put("own/cert.der", &self.certificate);
        put("own/key.der", &self.pkcs8);
        if !trusted.is_empty() {
            put("trusted/cert.der", trusted);
        }
        let keyring = Keyring::start(OpeningSettings { keys: folder.path().to_owned(), ..settings });
        Arc::new(keyring.unwrap_or_else(|fault| panic!("{fault}"))).opener(&[from]).await.unwrap()
    }
}

pub fn opening(news: Option<News>) -> OpeningSettings {
    OpeningSettings {
        keys: PathBuf::new(),
        passwords: vec![],
        openers: Openers::default(),
        opens_legacy: false,
        trusts_unknown: false,
        stale_days_max: 0,
        trusts_system: false,
        news,
    }
}

pub async fn cells() -> Cells {
    start(engine::cell::Settings { cells: 1, ..settings() }).await
}

pub async fn read(cells: &Cells, mail: &[u8], opener: &Opener) -> (Reading, Opened) {
    let reading = cells.read_opened(mail, &Limits::default(), Some(opener)).await.unwrap();
    let opened = reading.message.opened.clone().unwrap_or_default();
    (reading, opened)
}

/// A key that an unplugged token keeps.
struct Away;

impl PrivateKey for Away {
    fn sign(&self, _: Scheme, _: &[u8]) -> Result<Vec<u8>, Trouble> {
        Err(Trouble::KeyAway)
    }

    fn decrypt(&self, _: Transport, _: &[u8]) -> Result<Secret, Trouble> {
        Err(Trouble::KeyAway)
    }

    fn agree(&self, _: Curve, _: &[u8]) -> Result<Secret, Trouble> {
        Err(Trouble::KeyAway)
    }
}

/// Nothing is decided of a mail whose key could not be asked: it is asked again later, and signs and opens as if nothing had been.
fn a_key_that_is_away_says_nothing_of_the_mail() {
    run(async {
        let (cells, person) = (cells().await, Person::new(FROM));
        let sealed = person.sealed(&cells, MAIL, ContentCipher::Aes256Gcm, true).await;
        let order = OpenOrder { own: vec![person.certificate.clone()], ..OpenOrder::default() };
        let away: Vec<OwnKey> = vec![Arc::new(Away)];
        let fault = cells.open_sealed(&sealed, &order, &away).await.unwrap_err();
        assert_eq!((fault.code, fault.kind), (FaultCode::KeyUnavailable, FaultKind::Temporary), "{fault:?}");
        let opened = cells.open_sealed(&sealed, &order, &[person.key()]).await.unwrap().unwrap();
        assert!(String::from_utf8_lossy(&opened.mail).contains("Please help."));

        let with = With::Smime {
            signer: Some(person.signer()),
            recipients: Vec::new(),
            cipher: ContentCipher::Aes256Gcm,
            is_opaque: false,
        };
        let order = SealOrder { with, protection: None, footer: None, now: 1_790_000_000 };
        let fault = cells.seal(MAIL.as_bytes(), &order, &away).await.unwrap_err();
        assert_eq!((fault.code, fault.kind), (FaultCode::KeyUnavailable, FaultKind::Temporary), "{fault:?}");
    });
}

/// Whoever asks authorities, on this machine, too.
pub fn asking_here(cells: &Cells) -> News {
    let asks = NewsSettings { private_hosts: vec!["localhost".to_owned()], ..NewsSettings::default() };
    News::new(asks, cells.clone()).unwrap_or_else(|fault| panic!("{fault}"))
}

/// The list of this authority as of today, with [`SERIAL`] in it or not.
pub fn list(authority: &Authority, is_revoked: bool) -> Vec<u8> {
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let (year, month, day) = (i32::from(today.year()), today.month().unsigned_abs(), today.day().unsigned_abs());
    let midnight = rcgen::date_time_ymd(year, month, day);
    let revoked = RevokedCertParams {
        serial_number: SerialNumber::from(SERIAL.to_vec()),
        revocation_time: midnight,
        reason_code: None,
        invalidity_date: None,
    };
    let list = CertificateRevocationListParams {
        this_update: midnight,
        next_update: rcgen::date_time_ymd(year + 2, 1, 1),
        crl_number: SerialNumber::from(vec![1]),
        issuing_distribution_point: None,
        revoked_certs: is_revoked.then_some(revoked).into_iter().collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    list.signed_by(authority).unwrap().der().to_vec()
}

/// Answers the first who asks.
pub async fn serve(authority: TcpListener, list: Vec<u8>) {
    let (mut line, _) = authority.accept().await.unwrap();
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n\r\n") {
        asked.push(line.read_u8().await.unwrap());
    }
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", list.len());
    line.write_all(&[head.as_bytes(), &list].concat()).await.unwrap();
    line.shutdown().await.unwrap();
}

/// Where a mail is read and where keys are gathered from it; what is learned once is known to both.
fn what_an_authority_says_of_a_signer_counts() {
    run(async {
        for (is_revoked, expected) in [(false, Signed::Trusted), (true, Signed::Untrusted)] {
            let cells = cells().await;
            let authority = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let place = format!("http://localhost:{}/house.crl", authority.local_addr().unwrap().port());
            let (person, house) = Person::listed(FROM, &place);
            let sealed = person.sealed(&cells, MAIL, ContentCipher::Aes256Gcm, true).await;
            let silent = person.opener_asking(FROM, house.der(), None).await;
            let (_, opened) = read(&cells, &sealed, &silent).await;
            assert_eq!(opened.signed(), Signed::Untrusted, "nobody is asked: {opened:?}");
            let opener = person.opener_asking(FROM, house.der(), Some(asking_here(&cells))).await;
            let serving = tokio::spawn(serve(authority, list(&house, is_revoked)));
            let (_, opened) = read(&cells, &sealed, &opener).await;
            assert_eq!(opened.signed(), expected, "{opened:?}");
            if let Worth::Untrusted { why } = &opened.best().unwrap().worth {
                assert!(why.contains("it was revoked at"), "{why}");
            }
            timeout(ASKED_WITHIN, serving).await.expect("the authority was asked").unwrap();
            let now = jiff::Timestamp::now().as_second().unsigned_abs();
            let limits = Limits::default();
            let gathered = cells.harvest(sealed.as_slice(), &limits, (FROM, now), Some(&opener)).await.unwrap();
            assert_eq!(gathered.keys.iter().map(|key| key.is_vouched).collect::<Vec<_>>(), [!is_revoked]);
        }
    });
}

/// While authorities are asked about who signed a mail, the cell that has opened it reads others.
fn a_slow_authority_holds_no_cell() {
    run(async {
        let cells = cells().await;
        let authority = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let list = format!("http://localhost:{}/house.crl", authority.local_addr().unwrap().port());
        let (person, house) = Person::listed(FROM, &list);
        let sealed = person.sealed(&cells, MAIL, ContentCipher::Aes256Gcm, true).await;
        let news = asking_here(&cells);
        let opener = person.opener_asking(FROM, house.der(), Some(news)).await;
        let asked = async {
            let line = timeout(ASKED_WITHIN, authority.accept()).await.expect("the authority is asked").unwrap().0;
            let other = cells.read(MAIL.as_bytes(), &Limits::default()).await.unwrap();
            // It says nothing, and is not there any more.
            drop((line, authority));
            other
        };
        let ((_, opened), other) = tokio::join!(read(&cells, &sealed, &opener), asked);
        assert_eq!(other.message.headers.subject, "Help");
        let Worth::Untrusted { why } = &opened.best().unwrap().worth else { panic!("{opened:?}") };
        assert!(why.contains("nobody says whether it was revoked"), "{why}");
        assert_eq!((cells.figures().died, cells.figures().started), (0, 1), "one cell did all of it");
    });
}

fn a_mail_is_opened_before_it_is_read() {
    run(async {
        let (cells, person) = (cells().await, Person::new(FROM));
        let opener = person.opener(FROM, true).await;
        let sealed = person.sealed(&cells, MAIL, ContentCipher::Aes256Gcm, true).await;
        let (reading, opened) = read(&cells, &sealed, &opener).await;
        assert!(reading.message.text.contains("Please help.") && reading.message.sealed.is_empty(), "{reading:?}");
        assert_eq!((opened.encrypted, opened.signed()), (Some(SealScheme::Smime), Signed::Trusted), "{opened:?}");
        assert!(!opened.is_text_only && opened.came_sealed());

        let file = reading.message.parts.iter().find(|part| part.name.as_deref() == Some("a.txt")).unwrap();
        let limits = Limits::default();
        let part = cells.open_part_opened(sealed.as_slice(), &limits, &file.path, Some(&opener)).await.unwrap();
        let mut part = part.unwrap();
        let mut bytes = Vec::new();
        while let Some(piece) = part.next().await.unwrap() {
            bytes.extend_from_slice(&piece);
        }
        drop(part);
        assert_eq!((bytes.as_slice(), file.size_bytes), (&b"file"[..], 4));
        assert!(cells.open_part(sealed.as_slice(), &limits, &file.path).await.unwrap().is_none(), "it is sealed");
        let past = engine::Past::default();
        let reply = cells.reply_after_opened(sealed.as_slice(), &limits, &past, Some(&opener)).await.unwrap().unwrap();
        assert!(reply.visible.contains("Please help."), "{reply:?}");

        let plain = cells.read_opened(MAIL.as_bytes(), &limits, Some(&opener)).await.unwrap();
        assert_eq!(plain, cells.read(MAIL.as_bytes(), &limits).await.unwrap(), "as if there were no keys");
        assert_eq!((cells.figures().died, cells.figures().started), (0, 1));
    });
}

fn sec_08_a_signature_is_worth_what_vouches_for_it() {
    run(async {
        let (cells, person) = (cells().await, Person::new(FROM));
        let sealed = person.sealed(&cells, MAIL, ContentCipher::Aes256Gcm, true).await;
        let (_, opened) = read(&cells, &sealed, &person.opener(FROM, false).await).await;
        let Worth::Untrusted { why } = &opened.best().unwrap().worth else { panic!("{opened:?}") };
        assert!(why.contains("no issuer leads to an authority"), "{why}");

        // Whoever is trusted for his own address signs nothing for another's.
        let forged = MAIL.replace("From: a@example.com", "From: boss@example.com");
        let sealed = person.sealed(&cells, &forged, ContentCipher::Aes256Gcm, true).await;
        let (_, opened) = read(&cells, &sealed, &person.opener("boss@example.com", true).await).await;
        let Worth::Untrusted { why } = &opened.best().unwrap().worth else { panic!("{opened:?}") };
        assert!(why.contains("does not speak for the address"), "{why}");
        let several = MAIL.replace("From: a@example.com", "From: a@example.com, b@example.com");
        let sealed = person.sealed(&cells, &several, ContentCipher::Aes256Gcm, true).await;
        let (_, opened) = read(&cells, &sealed, &person.opener(FROM, true).await).await;
        assert_eq!(opened.signed(), Signed::Untrusted, "{opened:?}");
    });
}

fn sec_13_content_that_nothing_proves_is_its_text() {
    run(async {
        let (cells, person) = (cells().await, Person::new(FROM));
        let opener = person.opener(FROM, true).await;
        let sealed = person.sealed(&cells, MAIL, ContentCipher::Aes256Cbc, false).await;
        let (reading, opened) = read(&cells, &sealed, &opener).await;
        let message = reading.message;
        assert!(opened.is_text_only && message.text.contains("Please help."), "{message:?}");
        assert_eq!((message.html, message.parts.len()), (None, 1), "neither page nor file");
        assert_eq!(message.headers.subject, "Help");
        let signed = person.sealed(&cells, MAIL, ContentCipher::Aes256Cbc, true).await;
        let (reading, opened) = read(&cells, &signed, &opener).await;
        assert!(!opened.is_text_only && reading.message.html.is_some(), "a signature within proves it");
    });
}

fn what_does_not_open_is_read_as_it_came() {
    run(async {
        let (cells, person, other) = (cells().await, Person::new(FROM), Person::new("b@example.com"));
        let sealed = person.sealed(&cells, MAIL, ContentCipher::Aes256Gcm, true).await;
        let closed = cells.read(sealed.as_slice(), &Limits::default()).await.unwrap();
        let (mut reading, opened) = read(&cells, &sealed, &other.opener(FROM, true).await).await;
        assert_eq!((opened.unopened, opened.came_sealed()), (Some(Unopened::ForOthers), false));
        reading.message.opened = None;
        assert_eq!(reading, closed);

        let opener = person.opener(FROM, true).await;
        let text = String::from_utf8(sealed).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        // In the midst of what is encrypted.
        let last = lines.len() * 2 / 3;
        let mut broken: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        broken[last] = broken[last].chars().rev().collect();
        let (reading, opened) = read(&cells, broken.join("\r\n").as_bytes(), &opener).await;
        assert_eq!(opened.unopened, Some(Unopened::DoesNotOpen));
        assert!(!reading.message.text.contains("Please help."));
        assert_eq!(cells.figures().died, 0, "a mail that does not open costs no cell");
    });
}
