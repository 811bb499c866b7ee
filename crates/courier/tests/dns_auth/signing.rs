//! Our own signatures, read by a program of others (`mail-auth`), with the record that we say DNS has to hold.

use super::verdict;
use courier::dkim::{Key, Signers};
use courier::dns_auth::Arrival;
use mail::authenticity::Verdict;
use rig::dns::Dns;
use std::process::Command;
use std::sync::Arc;

const MAIL: &str = "From: Support <support@desk.example>\r\nTo: ann@example.org\r\nSubject: [DEMO-7]\r\n  Printer\r\n\
    Date: Thu, 26 Nov 2026 21:00:00 +0000\r\nMessage-ID: <1@desk.example>\r\nList-Unsubscribe: <https://gateway.example/u/1>\r\n\
    X-Other: not signed\r\n\r\nIt burns.  \r\n\r\n\r\n";

fn made(words: &[&str]) -> String {
    let output = Command::new("openssl").args(words).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

async fn is_right(dns: &Dns, mail: &str) -> bool {
    let arrival = Arrival {
        ip: "192.0.2.1".parse().ok(),
        hello: "out.desk.example".to_owned(),
        mail_from: None,
        host: "mx.example.org".to_owned(),
    };
    verdict(dns, mail.as_bytes(), &arrival).await.verdict == Verdict::Authentic
}

#[tokio::test(flavor = "multi_thread")]
async fn others_find_our_signatures_right_and_always_the_same() {
    for words in [&["genrsa", "2048"][..], &["genrsa", "-traditional", "3072"], &["genpkey", "-algorithm", "ed25519"]] {
        let key = Key::from_pem("desk.example", "Nov", &made(words)).unwrap();
        assert_eq!(key.record_name(), "nov._domainkey.desk.example");
        let dns = Dns::start(&format!("{} TXT {}\n", key.record_name(), key.record().unwrap()));
        let line = key.zone_line().unwrap();
        assert!(line.split('"').all(|string| string.len() <= 255), "{line}");
        let signers = Signers::new([Arc::new(key)]);
        assert!(signers.of("somebody@other.example").is_none() && signers.of("x@sub.desk.example").is_none());
        let signer = signers.of("support@DESK.example").unwrap();
        let signatures = String::from_utf8(signer.signatures_of(MAIL.as_bytes(), 1_795_000_000).unwrap()).unwrap();
        assert_eq!(signatures.as_bytes(), signer.signatures_of(MAIL.as_bytes(), 1_795_000_000).unwrap());
        assert!(signatures.lines().all(|line| line.len() <= 78), "{signatures}");
        let mail = format!("{signatures}{MAIL}");
        assert!(is_right(&dns, &mail).await, "{mail}");
        assert!(is_right(&dns, &mail.replace("burns.  ", "burns.")).await, "white space at the end means nothing");
        let changed = [
            mail.replace("burns", "turns"),
            mail.replace("To: ann", "To: bob"),
            mail.replace("X-Other", "Reply-To: eve@example.net\r\nX-Other"),
            mail.replace("X-Other", "Subject: Send money\r\nX-Other"),
        ];
        for changed in changed {
            assert!(!is_right(&dns, &changed).await, "{changed}");
        }
    }
}
