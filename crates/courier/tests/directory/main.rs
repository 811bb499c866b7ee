//! What a directory says of people, asked of a real OpenLDAP.
#![allow(clippy::unwrap_used)]

use courier::directory::{Certificates, Directory, Security, Settings, Trouble};
use data_encoding::BASE64;
use rig::slapd::{BASE, PASSWORD, READER, Slapd};
use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;
use zeroize::Zeroizing;

struct House {
    slapd: Slapd,
    folder: TempDir,
}

fn house(entries: &str) -> House {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["127.0.0.1".into()]).unwrap().self_signed(&key).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
    House { slapd: Slapd::start(&certificate.pem(), &key.serialize_pem(), entries), folder }
}

impl House {
    fn settings(&self, security: Security) -> Settings {
        let port = if security == Security::Implicit { self.slapd.tls.port() } else { self.slapd.plain.port() };
        Settings { authorities: Some(self.ca()), ..settings(port, security) }
    }

    fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }
}

fn settings(port: u16, security: Security) -> Settings {
    Settings {
        host: "127.0.0.1".into(),
        port,
        security,
        authorities: None,
        bind: Some((READER.into(), Zeroizing::new(PASSWORD.into()))),
        base: BASE.into(),
        address_attributes: vec!["mail".into()],
        pgp_base: None,
        timeout: Duration::from_secs(10),
        allow_private: true,
        allow_clear: false,
    }
}

/// Nobody is public in these tests, so that it shows who asks.
fn nobody(_: IpAddr) -> bool {
    false
}

fn directory(settings: Settings) -> Directory {
    Directory::new(settings, nobody)
}

fn person(name: &str, mail: &str, more: &str) -> String {
    format!("dn: cn={name},{BASE}\nobjectClass: inetOrgPerson\ncn: {name}\nsn: {name}\nmail: {mail}\n{more}\n")
}

fn key(id: &str, user: &str, more: &str) -> String {
    format!(
        "dn: pgpCertID={id},ou=keys,{BASE}\nobjectClass: pgpKeyInfo\npgpCertID: {id}\npgpKey: key of {id}\npgpUserID: {user}\n{more}\n"
    )
}

fn pgp_space() -> String {
    format!(
        "dn: ou=keys,{BASE}\nobjectClass: organizationalUnit\nou: keys\n\ndn: cn=pgpServerInfo,{BASE}\nobjectClass: pgpServerInfo\n\
         cn: pgpServerInfo\npgpBaseKeySpaceDN: ou=keys,{BASE}\n\n"
    )
}

/// A certificate that OpenLDAP takes for one.
fn certificate(name: &str) -> Vec<u8> {
    let key = rcgen::KeyPair::generate().unwrap();
    rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap().self_signed(&key).unwrap().der().to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_found_by_their_address_over_every_way_that_is_encrypted() {
    let (plain, signed) = (certificate("ann.example"), b"PKCS#7 of Ann".to_vec());
    let more = format!(
        "userCertificate;binary:: {}\nuserSMIMECertificate:: {}\n",
        BASE64.encode(&plain),
        BASE64.encode(&signed)
    );
    let house = house(&(person("Ann", "ann@house.example", &more) + &person("Bob", "bob@house.example", "")));
    for security in [Security::Implicit, Security::StartTls] {
        let of = directory(house.settings(security));
        let found = of.certificates(&["Ann@House.example"]).await.unwrap();
        assert_eq!(found, [Certificates { signed: vec![signed.clone()], plain: vec![plain.clone()] }]);
        for none in ["bob@house.example", "carl@house.example"] {
            assert_eq!(of.certificates(&[none]).await, Ok(Vec::new()), "{none}");
        }
        assert_eq!(of.certificates(&["x@house.example", "ann@house.example"]).await.unwrap().len(), 1);
        assert!(of.greet().await.unwrap().contains("its base is there"));
    }
    let clear = directory(house.settings(Security::None));
    assert_eq!(clear.certificates(&["ann@house.example"]).await.unwrap().len(), 1, "on this machine");
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_an_address_never_becomes_more_than_an_address() {
    let more = format!("userCertificate;binary:: {}\n", BASE64.encode(&certificate("ann.example")));
    let house = house(&person("Ann", "ann@house.example", &more));
    let of = directory(house.settings(Security::Implicit));
    for hostile in [
        "*",
        "*@house.example",
        "ann@house.example)(objectClass=*",
        "x@house.example)(|(mail=*",
        "\\2a",
        "\\61nn@house.example",
        "ann@house.example\0",
        "a*n@house.example",
    ] {
        assert_eq!(of.certificates(&[hostile]).await.unwrap_or_default(), [], "{hostile:?}");
        assert_eq!(of.pgp_keys(&[hostile]).await.unwrap_or_default(), Vec::<Vec<u8>>::new(), "{hostile:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_of_openpgp_are_found_where_the_directory_says_and_those_that_are_out_are_left_out() {
    let entries = [
        pgp_space(),
        key("01", "Ann <ann@house.example>", "pgpDisabled: 0\npgpRevoked: 0\n"),
        key("02", "ann@house.example", ""),
        key("03", "Ann <ann@house.example>", "pgpDisabled: 1\n"),
        key("04", "Ann <ann@house.example>", "pgpRevoked: 1\n"),
        key("05", "Joann <joann@house.example>", ""),
    ];
    let house = house(&entries.join("\n"));
    let found = |base: Option<String>, address: &'static str| {
        let of = directory(Settings { pgp_base: base, ..house.settings(Security::Implicit) });
        async move { of.pgp_keys(&[address]).await }
    };
    let expected = vec![b"key of 01".to_vec(), b"key of 02".to_vec()];
    assert_eq!(found(None, "ann@house.example").await.unwrap(), expected);
    assert_eq!(found(Some(format!("ou=keys,{BASE}")), "ann@house.example").await.unwrap(), expected);
    assert_eq!(found(None, "nn@house.example").await.unwrap(), Vec::<Vec<u8>>::new());
    let lost = found(Some(format!("ou=elsewhere,{BASE}")), "ann@house.example").await;
    assert_eq!(lost, Err(Trouble::Refused(32)), "a base that is not there is no word of keys");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_cannot_be_asked_has_not_said_that_there_is_nobody() {
    let mut house = house(&person("Ann", "ann@house.example", ""));
    let ask = async |settings: Settings| directory(settings).certificates(&["ann@house.example"]).await;
    let good = house.settings(Security::Implicit);
    assert_eq!(ask(good.clone()).await, Ok(Vec::new()), "an entry without a certificate");
    let wrong = Some((READER.to_owned(), Zeroizing::new("wrong".to_owned())));
    assert_eq!(ask(Settings { bind: wrong, ..good.clone() }).await, Err(Trouble::Refused(49)));
    let elsewhere = "ou=elsewhere,dc=house,dc=example".to_owned();
    assert_eq!(ask(Settings { base: elsewhere, ..good.clone() }).await, Err(Trouble::Refused(32)));
    assert_eq!(ask(Settings { allow_private: false, ..good.clone() }).await, Err(Trouble::OutOfReach));
    assert_eq!(ask(Settings { authorities: None, ..good.clone() }).await, Err(Trouble::Lost), "nobody vouches for it");
    house.slapd.stop();
    assert_eq!(ask(good.clone()).await, Err(Trouble::Lost));
    house.slapd.go_on();
    assert_eq!(ask(good).await, Ok(Vec::new()));
}

/// Answers every connection with these bytes after it was asked something.
fn hostile(answer: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().take(1).flatten() {
            let _ = stream.read(&mut [0; 512]);
            let _ = stream.write_all(&answer);
            // It says nothing more and waits to be left.
            let _ = stream.read(&mut [0; 1]);
        }
    });
    address
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_says_much_or_nonsense_or_nothing_is_left() {
    let done = |code: u8| vec![0x30, 12, 2, 1, 1, 0x65, 7, 10, 1, code, 4, 0, 4, 0];
    // A thousand boxes in each other, as would end a reader that follows them.
    let nested: Vec<u8> = (0..1000).rev().fold(Vec::new(), |inner, _| {
        let mut outer = vec![0x30, 0x82, (inner.len() >> 8) as u8, inner.len() as u8];
        outer.extend(inner);
        outer
    });
    let cases = [
        (done(0), Ok(Vec::new())),
        (done(10), Err(Trouble::Refused(10))),
        (done(51), Err(Trouble::Refused(51))),
        (vec![0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 2], Err(Trouble::TooLarge)),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), Err(Trouble::Lost)),
        (nested, Err(Trouble::Lost)),
        (vec![0x30, 12, 2, 1, 9, 0x65, 7, 10, 1, 0, 4, 0, 4, 0], Err(Trouble::Lost)),
        (Vec::new(), Err(Trouble::Late)),
    ];
    for (answer, expected) in cases {
        let shown = format!("{:?}", answer.get(..answer.len().min(20)));
        let mut settings = settings(hostile(answer).port(), Security::None);
        (settings.bind, settings.timeout) = (None, Duration::from_millis(700));
        assert_eq!(directory(settings).certificates(&["ann@house.example"]).await, expected, "{shown}");
    }
}
