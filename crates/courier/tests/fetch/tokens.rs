//! OAuth tokens at Dovecot, which checks them itself (a signed JWT): both mechanisms, over IMAP and POP3.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::hmac;
use courier::fetch::{Account, Imap, Pop3, Secret, Security};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use policy::fault::{FaultCode, FaultKind};
use zeroize::Zeroizing;

use crate::Server;

const KEY: &[u8] = b"a key of tests, known to Dovecot too";

/// A server that takes tokens by these mechanisms, and the folder of its keys.
fn server(mechanisms: &str) -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    std::fs::create_dir_all(at.join("keys/default/HS256")).unwrap();
    std::fs::write(at.join("keys/default/HS256/default"), BASE64.encode(KEY)).unwrap();
    let settings = format!(
        "introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix={}/keys/\nusername_attribute = sub\n",
        at.display()
    );
    std::fs::write(at.join("oauth2.conf"), settings).unwrap();
    let more = format!(
        "auth_failure_delay = 0\nauth_mechanisms = plain {mechanisms}\n\
         passdb {{\n  driver = oauth2\n  mechanisms = {mechanisms}\n  args = {}/oauth2.conf\n}}\n",
        at.display()
    );
    (Server::start(&more), folder)
}

/// A token for this user that is good for so many seconds.
fn token(user: &str, good_for_s: i64) -> Secret {
    let now_s = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let claims = format!(r#"{{"sub":"{user}","iat":{},"exp":{}}}"#, now_s - 60, now_s + good_for_s);
    let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    let said = format!("{}.{}", part(r#"{"alg":"HS256","typ":"JWT"}"#), part(&claims));
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, KEY), said.as_bytes());
    Secret::Token(Zeroizing::new(format!("{said}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))))
}

#[tokio::test]
async fn tokens_open_mailboxes_by_either_mechanism() {
    for mechanisms in ["oauthbearer", "xoauth2", "xoauth2 oauthbearer"] {
        let (server, _keys) = server(mechanisms);
        server.dovecot.put("desk", b"Subject: one\r\n\r\n");
        let account = server.account(server.dovecot.imaps.port(), Security::Implicit);
        let account = Account { secret: token("desk", 600), ..account };
        let mut mailbox = Imap::open(&account, "INBOX").await.unwrap();
        assert_eq!(mailbox.list(1).await.unwrap().len(), 1, "{mechanisms}");
        let account = server.account(server.dovecot.pop3s.port(), Security::Implicit);
        let account = Account { secret: token("desk", 600), ..account };
        assert_eq!(Pop3::open(&account).await.unwrap().offers().await.unwrap().len(), 1, "{mechanisms}");
    }
}

#[tokio::test]
async fn tokens_that_are_over_or_of_others_are_refused_and_never_told() {
    let (server, _keys) = server("xoauth2 oauthbearer");
    for secret in [token("desk", -30), token("somebody", 600), Secret::Token(Zeroizing::new("planted".to_owned()))] {
        let account = server.account(server.dovecot.imaps.port(), Security::Implicit);
        let fault = Imap::open(&Account { secret: secret.clone(), ..account }, "INBOX").await.err().unwrap();
        assert_eq!((fault.code, fault.kind), (FaultCode::MailboxRefused, FaultKind::Permanent), "{}", fault.detail);
        assert!(!fault.detail.contains("planted"));
        let account = server.account(server.dovecot.pop3s.port(), Security::Implicit);
        let fault = Pop3::open(&Account { secret, ..account }).await.err().unwrap();
        assert_eq!(fault.code, FaultCode::MailboxRefused, "{}", fault.detail);
    }
}

#[tokio::test]
async fn a_server_without_tokens_gets_none() {
    let server = Server::start("");
    let account = server.account(server.dovecot.imaps.port(), Security::Implicit);
    let fault = Imap::open(&Account { secret: token("desk", 600), ..account }, "INBOX").await.err().unwrap();
    assert!(fault.detail.contains("takes no token"), "{}", fault.detail);
}
