//! HTTPS: no version below TLS 1.2, and a new certificate without a restart (PRIV-21, SEC-52, FAULT-32).

use crate::house::House;
use console::{Listener, Settings};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

struct Secured {
    address: SocketAddr,
    current: Arc<Mutex<TlsAcceptor>>,
    _house: House,
}

fn new_certificate() -> (CertificateDer<'static>, TlsAcceptor) {
    let certified = rcgen::generate_simple_self_signed(vec!["mail.example.com".to_owned()]).unwrap();
    let certificate = certified.cert.der().clone();
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .unwrap();
    (certificate, TlsAcceptor::from(Arc::new(config)))
}

async fn serve(acceptor: TlsAcceptor) -> Secured {
    let current = Arc::new(Mutex::new(acceptor));
    let held = current.clone();
    let tls: console::Acceptor = Arc::new(move || held.lock().unwrap().clone());
    let house = House::open().await;
    let listener = Listener::bind(Settings::new("127.0.0.1:0".parse().unwrap(), Some(tls))).await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = house.router_named("https://mail.example.com");
    tokio::spawn(listener.serve(router, std::future::pending()));
    Secured { address, current, _house: house }
}

impl Secured {
    async fn connect(
        &self,
        trusted: &CertificateDer<'static>,
        version: &'static SupportedProtocolVersion,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(trusted.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(self.address).await.unwrap();
        let name = ServerName::try_from("mail.example.com").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }
}

/// One request on a connection that stays open; the status line.
async fn ask(stream: &mut TlsStream<TcpStream>) -> String {
    stream.write_all(b"HEAD /sign-in HTTP/1.1\r\nHost: mail.example.com\r\n\r\n").await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

#[tokio::test]
async fn sec_52_tls_1_2_and_1_3_are_spoken() {
    let (certificate, acceptor) = new_certificate();
    let secured = serve(acceptor).await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut stream = secured.connect(&certificate, version).await.unwrap();
        let head = ask(&mut stream).await;
        assert!(
            head.starts_with("HTTP/1.1 200") && head.contains("strict-transport-security: max-age=31536000"),
            "{head}"
        );
    }
}

#[tokio::test]
async fn sec_52_tls_1_1_and_plain_http_get_no_page() {
    let (_, acceptor) = new_certificate();
    let secured = serve(acceptor).await;
    // A ClientHello of TLS 1.1 (RFC 4346, section 7.4.1.2) with one cipher suite and one signature algorithm; no client
    // library speaks it any more.
    let mut hello = vec![0x16, 0x03, 0x01, 0x00, 0x37, 0x01, 0x00, 0x00, 0x33, 0x03, 0x02];
    hello.extend([7; 32]);
    hello.extend([0x00, 0x00, 0x02, 0xc0, 0x14, 0x01, 0x00]);
    hello.extend([0x00, 0x08, 0x00, 0x0d, 0x00, 0x04, 0x00, 0x02, 0x04, 0x03]);
    for bytes in [&hello[..], b"GET / HTTP/1.1\r\nHost: mail.example.com\r\n\r\n"] {
        let mut stream = TcpStream::connect(secured.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        const ALERT: u8 = 0x15;
        assert!(answer.is_empty() || answer[0] == ALERT, "{answer:?}");
        if bytes == hello {
            const PROTOCOL_VERSION: u8 = 70;
            assert_eq!(answer.last(), Some(&PROTOCOL_VERSION), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn fault_32_a_new_certificate_is_used_at_once_while_an_old_connection_lives() {
    let (old, acceptor) = new_certificate();
    let secured = serve(acceptor).await;
    let mut before = secured.connect(&old, &rustls::version::TLS13).await.unwrap();
    ask(&mut before).await;
    let (new, acceptor) = new_certificate();
    *secured.current.lock().unwrap() = acceptor;
    assert!(secured.connect(&old, &rustls::version::TLS13).await.is_err(), "the old certificate is gone");
    let mut after = secured.connect(&new, &rustls::version::TLS13).await.unwrap();
    assert!(ask(&mut after).await.starts_with("HTTP/1.1 200"));
    assert!(ask(&mut before).await.starts_with("HTTP/1.1 200"), "the old connection goes on");
}
