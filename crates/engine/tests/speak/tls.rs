//! Certificates that are not to be trusted, authorities of the site's own, and the proxy.

use crate::server::{Server, answer};
use crate::{connection, get, post};
use engine::speak::{SiteConnection, Speaker};
use policy::{FaultCode, FaultKind};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Issuer {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A server whose certificate is for this name; `https://localhost:…`.
async fn tls_server(authority: &Issuer, name: &str) -> (Arc<Server>, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (server, listener) = Server::bind(|_| answer(200, "", "{}")).await;
    let url = server.url.replace("http://127.0.0.1", "https://localhost");
    let server = Arc::new(server);
    tokio::spawn({
        let server = server.clone();
        async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Ok(stream) = acceptor.accept(stream).await {
                    tokio::spawn(server.serve(stream));
                }
            }
        }
    });
    (server, url)
}

fn trusting(url: &str, authorities: Vec<PathBuf>) -> SiteConnection {
    SiteConnection { extra_certificate_authorities: authorities, ..connection(url) }
}

fn pem_file(authority: &Issuer) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("authority.pem");
    std::fs::write(&file, authority.pem()).unwrap();
    (folder, file)
}

#[tokio::test]
async fn an_authority_that_the_settings_name_is_trusted() {
    let authority = authority();
    let (_folder, pem) = pem_file(&authority);
    let (server, url) = tls_server(&authority, "localhost").await;
    assert_eq!(Speaker::new(trusting(&url, vec![pem])).unwrap().say(&post()).await.unwrap().status, 200);
    assert_eq!(server.seen().len(), 1);
}

#[tokio::test]
async fn a_certificate_that_cannot_be_trusted_gets_no_request() {
    let (ours, theirs) = (authority(), authority());
    let (_folder, pem) = pem_file(&ours);
    for (issuer, name) in [(&theirs, "localhost"), (&ours, "other.example")] {
        let (server, url) = tls_server(issuer, name).await;
        let fault = Speaker::new(trusting(&url, vec![pem.clone()])).unwrap().say(&post()).await.unwrap_err();
        assert_eq!((fault.kind, fault.code), (FaultKind::Temporary, FaultCode::TrackerUnreachable), "{name}");
        assert!(fault.detail.contains("certificate"), "{}", fault.detail);
        assert!(server.seen().is_empty());
    }
}

#[tokio::test]
async fn plain_http_behind_an_https_url_is_unreachable() {
    let server = Server::start(|_| answer(200, "", "{}")).await;
    let url = server.url.replace("http://127.0.0.1", "https://localhost");
    let fault = Speaker::new(connection(&url)).unwrap().say(&get()).await.unwrap_err();
    assert_eq!((fault.kind, fault.code), (FaultKind::Temporary, FaultCode::TrackerUnreachable), "{}", fault.detail);
}

#[test]
fn a_file_without_authorities_is_a_wrong_setting() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "no certificate here").unwrap();
    for file in [empty, folder.path().join("missing.pem")] {
        let fault = Speaker::new(trusting("https://example.org/", vec![file.clone()])).err().unwrap();
        assert_eq!(fault.code, FaultCode::SettingsWrong);
        assert!(fault.public.contains(&file.display().to_string()), "{}", fault.public);
    }
}

#[tokio::test]
async fn a_proxy_is_asked_to_connect_and_sees_no_credentials() {
    let authority = authority();
    let (_folder, pem) = pem_file(&authority);
    let (server, url) = tls_server(&authority, "localhost").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://127.0.0.1:{}", listener.local_addr().unwrap().port());
    let asked = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let target = head.split_whitespace().nth(1).unwrap().to_owned();
        let mut target = TcpStream::connect(target).await.unwrap();
        client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await.unwrap();
        tokio::spawn(async move { copy_bidirectional(&mut client, &mut target).await });
        head
    });
    let connection = SiteConnection { proxy: Some(proxy.parse().unwrap()), ..trusting(&url, vec![pem]) };
    assert_eq!(Speaker::new(connection).unwrap().say(&post()).await.unwrap().status, 200);
    let head = asked.await.unwrap();
    assert!(head.starts_with("CONNECT localhost:"), "{head}");
    assert!(!head.to_lowercase().contains("authorization"), "{head}");
    assert_eq!(server.seen().len(), 1);
}
