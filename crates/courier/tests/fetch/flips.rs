//! Servers that promise one thing in clear or before the login, and another one after it.

use std::sync::Arc;

use courier::fetch::{Account, Imap, Pop3, Secret, Security, Watch};
use policy::fault::FaultCode;
use rcgen::{CertificateParams, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use zeroize::Zeroizing;

use crate::script::{lines, server};

/// A server that says these pieces in clear, the first before any line and each other after one, then goes over to TLS and goes on
/// with the others; what it heard there until the client went away.
async fn behind_tls(clear: &[&str], sealed: &[&str]) -> (Account, JoinHandle<Vec<String>>, tempfile::TempDir) {
    let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), certificate.pem()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.into())
        .unwrap();
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (clear, sealed) = (lines(clear), lines(sealed));
    let talk = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        for (number, piece) in clear.iter().enumerate() {
            if number > 0 {
                stream.read_line(&mut String::new()).await.unwrap();
            }
            stream.write_all(piece).await.unwrap();
        }
        let stream = TlsAcceptor::from(Arc::new(config)).accept(stream.into_inner()).await.unwrap();
        let (hearing, mut saying) = tokio::io::split(stream);
        let mut hearing = BufReader::new(hearing).lines();
        let (mut heard, mut pieces) = (Vec::new(), sealed.iter());
        // A client that has seen enough is gone, in whatever way.
        while let Ok(Some(line)) = hearing.next_line().await {
            heard.push(line);
            if let Some(piece) = pieces.next() {
                saying.write_all(piece).await.unwrap();
            }
        }
        heard
    });
    let authorities = Some(folder.path().join("ca.pem"));
    (Account { authorities, security: Security::StartTls, ..crate::account(port) }, talk, folder)
}

#[tokio::test]
async fn sec_60_what_was_offered_in_clear_does_not_count_behind_tls() {
    let token = Secret::Token(Zeroizing::new("planted-token".to_owned()));
    let clear = ["+OK\n", "+OK\nSTLS\nSASL XOAUTH2 OAUTHBEARER\n.\n", "+OK begin\n"];
    let (account, heard, _folder) = behind_tls(&clear, &["+OK\nUSER\n.\n"]).await;
    let fault = Pop3::open(&Account { secret: token.clone(), ..account }).await.err().unwrap();
    assert!(fault.code == FaultCode::MailboxUnreachable && fault.detail.contains("takes no token"), "{fault:?}");
    assert_eq!(heard.await.unwrap(), ["CAPA"], "the token is told to nobody who does not want one");

    let clear = [
        "* OK hello\n",
        "* CAPABILITY IMAP4rev1 STARTTLS AUTH=XOAUTH2 AUTH=OAUTHBEARER SASL-IR\ns1 OK\n",
        "s2 OK begin\n",
    ];
    let (account, heard, _folder) = behind_tls(&clear, &["* CAPABILITY IMAP4rev1\ns3 OK\n"]).await;
    let fault = Imap::open(&Account { secret: token, ..account }, "INBOX").await.err().unwrap();
    assert!(fault.code == FaultCode::MailboxUnreachable && fault.detail.contains("takes no token"), "{fault:?}");
    assert_eq!(heard.await.unwrap(), ["s3 CAPABILITY"]);
}

#[tokio::test]
async fn sec_60_what_was_offered_before_the_login_does_not_count_after_it() {
    let before = ["* OK hello\n", "* CAPABILITY IMAP4rev1 IDLE\ns1 OK\n", "s2 OK\n"];
    let opened = "* 3 EXISTS\n* OK [UIDVALIDITY 9] x\n* OK [UIDNEXT 8] x\ns4 OK\n";
    for (after, is_waited_on) in
        [("* CAPABILITY IMAP4rev1 IDLE\ns3 OK\n", true), ("* CAPABILITY IMAP4rev1\ns3 OK\n", false)]
    {
        let port = server(lines(&[&before[..], &[after, opened]].concat())).await;
        let watch = Watch::open(&crate::account(port), "INBOX").await.unwrap();
        assert_eq!(watch.is_some(), is_waited_on, "{after}");
    }
}
