//! Whoever was revoked is not trusted for how he signs: many times, beside others, or with many or long certificates. The settings trust
//! those about whom nothing is known, and authorities are asked.

use crate::opening::{
    ASKED_WITHIN, Authority, FROM, Person, SERIAL, asking_here, authority, cells, house, list, opening, read, serve,
};
use crate::{Test, run};
use data_encoding::BASE64_MIME;
use engine::cell::Cells;
use engine::opening::{Opener, OpeningSettings};
use engine::outside::News;
use mail::{Limits, Opened, Signed, Worth};
use rcgen::{CertifiedIssuer, CustomExtension, KeyPair};
use seal::key::HeldKey;
use seal::smime::{Certificate, Digest, Scheme, Signer, normalised, sign};
use tokio::net::TcpListener;
use tokio::time::timeout;

pub const TESTS: &[Test] = &[
    (
        "sec_08_a_revoked_signer_is_not_trusted_for_repeating_himself",
        sec_08_a_revoked_signer_is_not_trusted_for_repeating_himself,
    ),
    ("sec_08_a_signer_beyond_the_bounds_is_not_trusted", sec_08_a_signer_beyond_the_bounds_is_not_trusted),
];

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OCTETS: u8 = 0x04;
/// `[0]`, constructed.
const WITHIN: u8 = 0xa0;

/// Bytes of the head of an element of ASN.1, and of its content.
fn lengths(element: &[u8]) -> (usize, usize) {
    match element[1] {
        short @ 0..0x80 => (2, short.into()),
        long => {
            let more = usize::from(long & 0x7f);
            let length = element[2..2 + more].iter().fold(0, |length, byte| (length << 8) | usize::from(*byte));
            (2 + more, length)
        }
    }
}

/// The elements within one.
fn within(element: &[u8]) -> Vec<Vec<u8>> {
    let (head, length) = lengths(element);
    let (mut all, mut rest) = (Vec::new(), &element[head..head + length]);
    while !rest.is_empty() {
        let (head, length) = lengths(rest);
        let (one, behind) = rest.split_at(head + length);
        all.push(one.to_vec());
        rest = behind;
    }
    all
}

/// An element of these, in BER.
fn element(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    let content = parts.concat();
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    [&[tag, 0x84][..], &length, &content].concat()
}

/// A mail that all these sign, in their order, with certificates along, as often as they are named.
fn signed(people: &[&Person], along: &[Vec<u8>]) -> Vec<u8> {
    const CONTENT: &[u8] = b"Content-Type: text/plain\r\n\r\nPlease help.\r\n";
    let (mut info, mut data) = (Vec::new(), Vec::new());
    let (mut certificates, mut signers) = (along.to_vec(), Vec::new());
    for person in people {
        let certificate = Certificate::from_der(&person.certificate).unwrap();
        let key = HeldKey::from_pkcs8(&person.pkcs8, certificate.key()).unwrap();
        let scheme = Scheme::Ecdsa(Digest::Sha256);
        let signer = Signer { certificate: &certificate, key: &key, scheme, intermediates: &[] };
        // Version, digests, content, certificates, signers (RFC 5652, section 5.1).
        info = within(&sign(CONTENT, &signer, 1_790_000_000, true).unwrap());
        data = within(&within(&info[1])[0]);
        certificates.push(person.certificate.clone());
        signers.extend(within(&data[4]));
    }
    data[3] = element(WITHIN, &certificates);
    data[4] = element(SET, &signers);
    info[1] = element(WITHIN, &[element(SEQUENCE, &data)]);
    let cms = normalised(&element(SEQUENCE, &info)).unwrap();
    let head = format!(
        "From: {FROM}\r\nSubject: Help\r\nMIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n"
    );
    [head.as_bytes(), BASE64_MIME.encode(&cms).as_bytes()].concat()
}

/// An authority below another, with a certificate that is longer by so many bytes.
fn branch(house: &Authority, longer_bytes: usize) -> Authority {
    let mut params = authority("Branch CA");
    let long = element(OCTETS, &[vec![0; longer_bytes]]);
    // Of the numbers for documents (RFC 5612).
    params.custom_extensions = vec![CustomExtension::from_oid_content(&[1, 3, 6, 1, 4, 1, 32473, 1], long)];
    CertifiedIssuer::signed_by(params, KeyPair::generate().unwrap(), house).unwrap()
}

/// Where an authority can be asked, and what its certificates say of that.
async fn place() -> (TcpListener, String) {
    let authority = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://localhost:{}/house.crl", authority.local_addr().unwrap().port());
    (authority, url)
}

/// By which those are trusted about whom nothing is known.
async fn soft(person: &Person, house: &Authority, news: Option<News>) -> Opener {
    let settings = OpeningSettings { trusts_unknown: true, ..opening(news) };
    person.opener_by(FROM, house.der(), settings).await
}

/// Why each signature is not trusted; nothing where it is.
fn whys(opened: &Opened) -> Vec<String> {
    let why = |worth: &Worth| match worth {
        Worth::Trusted { .. } => String::new(),
        Worth::Untrusted { why } => why.clone(),
        Worth::Unknown | Worth::Wrong { .. } => panic!("a signature that holds: {opened:?}"),
    };
    opened.signatures.iter().map(|one| why(&one.worth)).collect()
}

/// Of each key that the mail brings, whether an authority vouches for it.
async fn vouched(cells: &Cells, mail: &[u8], opener: &Opener) -> Vec<bool> {
    let now = jiff::Timestamp::now().as_second().unsigned_abs();
    let gathered = cells.harvest(mail, &Limits::default(), (FROM, now), Some(opener)).await.unwrap();
    gathered.keys.iter().map(|key| key.is_vouched).collect()
}

/// Nor for what comes along with it as often as he likes.
fn sec_08_a_revoked_signer_is_not_trusted_for_repeating_himself() {
    run(async {
        for (times, copies) in [(2, 1), (3, 1), (1, 50)] {
            let (cells, house, (listener, url)) = (cells().await, house(), place().await);
            let branch = branch(&house, 2000);
            let person = Person::issued(FROM, &url, &branch, SERIAL);
            let mail = signed(&vec![&person; times], &vec![branch.der().to_vec(); copies]);
            let silent = soft(&person, &house, None).await;
            let (_, opened) = read(&cells, &mail, &silent).await;
            assert_eq!(whys(&opened), vec![""; times], "nobody is asked");
            assert_eq!(vouched(&cells, &mail, &silent).await, [true]);

            let opener = soft(&person, &house, Some(asking_here(&cells))).await;
            let serving = tokio::spawn(serve(listener, list(&branch, true)));
            let (_, opened) = read(&cells, &mail, &opener).await;
            let whys = whys(&opened);
            assert_eq!((whys.len(), opened.signed()), (times, Signed::Untrusted), "{times}, {copies}: {whys:?}");
            assert!(whys.iter().all(|why| why.contains("it was revoked at")), "{times}, {copies}: {whys:?}");
            timeout(ASKED_WITHIN, serving).await.expect("the authority was asked").unwrap();
            assert_eq!(vouched(&cells, &mail, &opener).await, [false]);
        }
    });
}

/// Whoever signs chooses how many sign, and what their certificates hold. Those who are asked about at once learn the same from one list.
fn sec_08_a_signer_beyond_the_bounds_is_not_trusted() {
    run(async {
        let (cells, house, (listener, url)) = (cells().await, house(), place().await);
        let people = [[0x11, 0x23], SERIAL, [0x11, 0x24]].map(|serial| Person::issued(FROM, &url, &house, serial));
        let mail = signed(&people.each_ref(), &[]);
        let opener = soft(&people[0], &house, Some(asking_here(&cells))).await;
        let serving = tokio::spawn(serve(listener, list(&house, true)));
        let (_, opened) = read(&cells, &mail, &opener).await;
        timeout(ASKED_WITHIN, serving).await.expect("the authority was asked").unwrap();
        let found = whys(&opened);
        let [first, second, third] = found.as_slice() else { panic!("{opened:?}") };
        assert_eq!(first, "", "it is not in the list");
        assert!(second.contains("it was revoked at"), "{second}");
        assert!(third.contains("nobody was asked"), "{third}");
        assert_eq!(vouched(&cells, &mail, &opener).await, [true, false, false]);

        let branch = branch(&house, 70_000);
        let person = Person::issued(FROM, &url, &branch, SERIAL);
        let mail = signed(&[&person], &[branch.der().to_vec()]);
        let (_, opened) = read(&cells, &mail, &soft(&person, &house, None).await).await;
        assert_eq!(opened.signed(), Signed::Trusted, "nobody is asked: {opened:?}");
        let opener = soft(&person, &house, Some(asking_here(&cells))).await;
        let (_, opened) = read(&cells, &mail, &opener).await;
        assert!(whys(&opened)[0].contains("nobody was asked"), "{opened:?}");
        assert_eq!(vouched(&cells, &mail, &opener).await, [false]);
    });
}
