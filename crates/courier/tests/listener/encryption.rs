//! TLS with real sockets and real clients: STARTTLS, implicit TLS, injection, reload, and what is refused without it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use courier::smtp_in::{CertificateFiles, Listener, Settings, Tls};
use courier::submit::{Connection, Secret, Security, Stage, Target, submit};
use mail::Envelope;
use policy::fault::{FaultCode, FaultKind};
use rcgen::{CertificateParams, KeyPair};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;
use tokio::time::timeout;

use crate::book::{Book, HANG, listener, settings};
use crate::limits::hear_until;

struct Certificate {
    folder: tempfile::TempDir,
}

impl Certificate {
    /// A self-signed certificate for localhost that ends at the start of `year`.
    fn until(year: i32) -> Certificate {
        let certificate = Certificate { folder: tempfile::tempdir().unwrap() };
        certificate.renew(year);
        certificate
    }

    fn renew(&self, year: i32) {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let mut params = CertificateParams::new(names).unwrap();
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        let key = KeyPair::generate().unwrap();
        std::fs::write(self.path("key.pem"), key.serialize_pem()).unwrap();
        std::fs::write(self.path("cert.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn files(&self) -> CertificateFiles {
        CertificateFiles { certificate: self.path("cert.pem"), key: self.path("key.pem") }
    }

    fn target(&self, listener: &Listener<Book>, security: Security) -> Target {
        let port = listener.local_addr().unwrap().port();
        Target { security, authorities: Some(self.path("cert.pem")), ..Target::smtp("127.0.0.1", port) }
    }
}

async fn serving(settings: Settings) -> (Arc<Listener<Book>>, Arc<Book>) {
    let (listener, book) = listener(settings).await;
    tokio::spawn({
        let listener = listener.clone();
        async move { listener.serve(std::future::pending()).await }
    });
    (listener, book)
}

fn envelope() -> Envelope {
    Envelope { mail_from: Some("a@c.example".to_owned()), rcpt_to: vec!["b@d.example".to_owned()], client: None }
}

fn password(text: &str) -> Secret {
    Secret::Password(text.to_owned().into())
}

#[tokio::test]
async fn our_client_speaks_starttls_and_implicit_tls_and_authenticates() {
    let certificate = Certificate::until(2040);
    for (tls, security) in [
        (Tls::StartTls(certificate.files()), Security::StartTls),
        (Tls::Implicit(certificate.files()), Security::Implicit),
    ] {
        let (listener, book) =
            serving(Settings { tls, require_tls: true, offer_auth: true, require_auth: true, ..settings() }).await;
        let mut target = certificate.target(&listener, security);
        target.credentials = Some(("ann".to_owned(), password("open sesame")));
        let delivery =
            timeout(HANG, submit(&target, &envelope(), b"Subject: x\r\n\r\nsealed\r\n")).await.unwrap().unwrap();
        assert_eq!(delivery.id(), Some("m1"));
        assert!(book.mails()[0].received.contains(" with ESMTPSA id "), "{}", book.mails()[0].received);

        let connection = timeout(HANG, Connection::open(&target)).await.unwrap().unwrap();
        assert_eq!(connection.tls(), Some("TLS 1.3"));
        assert!(connection.greeting().contains("ESMTP"), "{}", connection.greeting());
        connection.quit().await;

        target.credentials = Some(("ann".to_owned(), password("wrong")));
        let fault = timeout(HANG, submit(&target, &envelope(), b"x")).await.unwrap().unwrap_err();
        assert_eq!((fault.kind, fault.code), (FaultKind::Permanent, FaultCode::SmtpRefused));
    }
}

#[tokio::test]
async fn sec_51_a_client_that_demands_tls_goes_without_it_nowhere() {
    let certificate = Certificate::until(2040);
    let other = Certificate::until(2040);
    let (plain, _) = serving(settings()).await;
    let (sealed, book) = serving(Settings { tls: Tls::StartTls(certificate.files()), ..settings() }).await;
    let stripped = certificate.target(&plain, Security::StartTls);
    let stranger = other.target(&sealed, Security::StartTls);
    let wrong_name = Target {
        authorities: Some(certificate.path("cert.pem")),
        security: Security::StartTls,
        ..Target::smtp("127.0.0.2", sealed.local_addr().unwrap().port())
    };
    for target in [stripped, stranger, wrong_name] {
        let fault = timeout(HANG, submit(&target, &envelope(), b"x")).await.unwrap().unwrap_err();
        assert_eq!((fault.kind, fault.code), (FaultKind::Temporary, FaultCode::SmtpUnreachable), "{fault:?}");
    }
    assert!(book.mails().is_empty());
}

#[tokio::test]
async fn sec_51_what_stands_behind_starttls_is_never_obeyed() {
    let certificate = Certificate::until(2040);
    let (listener, _) = serving(Settings { tls: Tls::StartTls(certificate.files()), ..settings() }).await;
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    hear_until(&mut stream, "220 ").await;
    stream.write_all(b"EHLO c\r\n").await.unwrap();
    hear_until(&mut stream, "250 STARTTLS\r\n").await;
    stream.write_all(b"STARTTLS\r\nMAIL FROM:<evil@c.example>\r\n").await.unwrap();
    let mut heard = String::new();
    timeout(HANG, stream.read_to_string(&mut heard)).await.unwrap().unwrap();
    assert_eq!(heard, "503 5.5.1 Nothing may follow STARTTLS; closing\r\n");
}

#[tokio::test]
async fn mail_and_passwords_wait_for_tls_where_it_is_required() {
    let certificate = Certificate::until(2040);
    let settings =
        Settings { tls: Tls::StartTls(certificate.files()), require_tls: true, offer_auth: true, ..settings() };
    let (listener, _) = serving(settings).await;
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    stream.write_all(b"EHLO c\r\nMAIL FROM:<a@c.example>\r\nAUTH PLAIN AGFubgB4\r\nQUIT\r\n").await.unwrap();
    let heard = hear_until(&mut stream, "221 ").await;
    assert!(heard.contains("\r\n530 5.7.0 Say STARTTLS first\r\n538 5.7.11 "), "{heard}");
}

#[tokio::test]
async fn fault_32_a_new_certificate_is_used_without_dropping_a_connection() {
    let certificate = Certificate::until(2040);
    let (listener, book) = serving(Settings { tls: Tls::Implicit(certificate.files()), ..settings() }).await;
    let until = |year: u64| SystemTime::UNIX_EPOCH + Duration::from_secs((year - 1970) * 31_556_952);
    let target = certificate.target(&listener, Security::Implicit);
    let old_authorities = certificate.path("old.pem");
    std::fs::copy(certificate.path("cert.pem"), &old_authorities).unwrap();
    let mut before = timeout(HANG, Connection::open(&target)).await.unwrap().unwrap();

    certificate.renew(2050);
    listener.reload().unwrap();
    let end = listener.certificate_expires_at().unwrap();
    assert!(end > until(2049) && end < until(2051), "{end:?}");
    timeout(HANG, before.send(&envelope(), b"over the old connection")).await.unwrap().unwrap();
    timeout(HANG, submit(&target, &envelope(), b"over a new one")).await.unwrap().unwrap();
    let stale = Target { authorities: Some(old_authorities), ..target.clone() };
    let unopened = timeout(HANG, Connection::reach(&stale)).await.unwrap().map(|_| ()).unwrap_err();
    assert_eq!(unopened.stage, Stage::Proving, "FAULT-21: the old certificate is gone: {:?}", unopened.fault);

    // A key that does not fit is refused and the listener goes on with what it has.
    std::fs::write(certificate.path("key.pem"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    assert_eq!(listener.reload().unwrap_err().code, FaultCode::SettingsWrong);
    timeout(HANG, submit(&target, &envelope(), b"still")).await.unwrap().unwrap();
    assert_eq!(book.mails().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn fault_26_a_client_that_begins_no_handshake_is_left() {
    let certificate = Certificate::until(2040);
    let (listener, _) = listener(Settings { tls: Tls::Implicit(certificate.files()), ..settings() }).await;
    let (mut ours, theirs) = tokio::io::duplex(64);
    let started = tokio::time::Instant::now();
    let server = tokio::spawn(async move { listener.converse(theirs, None).await });
    let mut heard = Vec::new();
    ours.read_to_end(&mut heard).await.unwrap();
    assert!(heard.is_empty() && started.elapsed() <= Duration::from_secs(31), "{:?}", started.elapsed());
    server.await.unwrap();
}

#[tokio::test]
async fn a_client_that_speaks_in_clear_to_implicit_tls_gets_no_mail_through() {
    let certificate = Certificate::until(2040);
    let (listener, book) = serving(Settings { tls: Tls::Implicit(certificate.files()), ..settings() }).await;
    let mut stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    stream.write_all(b"EHLO c\r\nMAIL FROM:<>\r\nRCPT TO:<b@d.example>\r\nDATA\r\nx\r\n.\r\n").await.unwrap();
    let mut heard = Vec::new();
    // Closing with unread octets may reach the client as a reset.
    let _ = timeout(HANG, stream.read_to_end(&mut heard)).await.unwrap();
    assert!(!String::from_utf8_lossy(&heard).contains("250") && book.mails().is_empty());
}

/// openssl is part of every system the tests run on: `./test` installs it.
async fn openssl(arguments: &[&str], input: &[u8]) -> String {
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("openssl is installed");
    child.stdin.take().unwrap().write_all(input).await.unwrap();
    let output = timeout(HANG, child.wait_with_output()).await.unwrap().unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[tokio::test]
async fn sec_52_openssl_gets_tls_1_2_and_1_3_with_forward_secrecy_and_nothing_less() {
    let certificate = Certificate::until(2040);
    let (listener, _) = serving(Settings { tls: Tls::StartTls(certificate.files()), ..settings() }).await;
    let address = listener.local_addr().unwrap().to_string();
    let session = ["s_client", "-connect", &address, "-starttls", "smtp", "-ign_eof"];
    for (version, expected) in [("-tls1_3", "TLSv1.3"), ("-tls1_2", "ECDHE-")] {
        let heard = openssl(&[&session[..], &[version]].concat(), b"EHLO c\r\nQUIT\r\n").await;
        assert!(heard.contains(expected) && heard.contains("221 2.0.0 Goodbye"), "{version}: {heard}");
    }
    for refused in [&["-tls1_1"][..], &["-tls1_2", "-cipher", "AES128-GCM-SHA256"]] {
        let heard = openssl(&[&session[..], refused].concat(), b"QUIT\r\n").await;
        assert!(!heard.contains("221 2.0.0") && heard.contains("(NONE)"), "{refused:?}: {heard}");
    }
}

/// swaks, the client that administrators reach for; `./test` installs it.
#[tokio::test]
async fn swaks_delivers_over_starttls_with_a_password() {
    let certificate = Certificate::until(2040);
    let settings = Settings {
        tls: Tls::StartTls(certificate.files()),
        require_tls: true,
        require_auth: true,
        offer_auth: true,
        ..settings()
    };
    let (listener, book) = serving(settings).await;
    let address = listener.local_addr().unwrap().to_string();
    let output = Command::new("swaks")
        .args(["--server", &address, "-tls", "--auth", "LOGIN", "--auth-user", "ann", "--auth-password", "open sesame"])
        .args([
            "--from",
            "a@c.example",
            "--to",
            "b@d.example",
            "--header",
            "Subject: from swaks",
            "--body",
            ".\n..dots\n",
        ])
        .kill_on_drop(true)
        .output();
    let output = timeout(HANG, output).await.unwrap().expect("swaks is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let mails = book.mails();
    assert_eq!(mails[0].envelope, envelope());
    let text = String::from_utf8_lossy(&mails[0].bytes).into_owned();
    assert!(text.contains("Subject: from swaks\r\n") && text.contains("\r\n\r\n.\r\n..dots\r\n"), "{text}");
}

#[tokio::test]
async fn settings_that_contradict_each_other_are_refused() {
    let missing = CertificateFiles {
        certificate: Path::new("/nowhere/cert.pem").into(),
        key: Path::new("/nowhere/key.pem").into(),
    };
    for (key, settings) in [
        ("require_tls", Settings { require_tls: true, ..settings() }),
        ("require_auth", Settings { require_auth: true, ..settings() }),
        ("hostname", Settings { hostname: "a b".to_owned(), ..settings() }),
        ("errors_max", Settings { errors_max: 0, ..settings() }),
        ("certificate", Settings { tls: Tls::Implicit(missing), ..settings() }),
    ] {
        let Err(fault) = Listener::bind(settings, Book::new()).await else { panic!("{key} is refused") };
        assert!(fault.code == FaultCode::SettingsWrong && fault.public.contains(&format!("`{key}`")), "{fault}");
    }
}
