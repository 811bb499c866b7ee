//! A mailbox that is opened with tokens: a token server of our own gives them, and a real Dovecot checks them.

use super::browser::Waiting;
use super::fetching::{Post, USER, fetched, request, summaries};
use super::world::told;
use aws_lc_rs::hmac;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use rig::settings_file::quoted;
use rig::token_server::TokenServer;
use rig::web;
use std::time::{SystemTime, UNIX_EPOCH};

const KEY: &[u8] = b"a key of tests, known to Dovecot too";

/// What Dovecot takes; the number makes each another one.
fn jwt(number: u64) -> String {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = format!(r#"{{"sub":"{USER}","iat":{},"exp":{},"jti":"{number}"}}"#, now_s - 60, now_s + 600);
    let part = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    let said = format!("{}.{}", part(r#"{"alg":"HS256","typ":"JWT"}"#), part(&claims));
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, KEY), said.as_bytes());
    format!("{said}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
}

/// A world whose mailbox is opened by tokens of this kind.
async fn start(oauth: &str, keys: &tempfile::TempDir) -> (Post, TokenServer) {
    let at = keys.path();
    std::fs::create_dir_all(at.join("keys/default/HS256")).unwrap();
    std::fs::write(at.join("keys/default/HS256/default"), BASE64.encode(KEY)).unwrap();
    let settings = format!(
        "introspection_mode = local\nlocal_validation_key_dict = fs:posix:prefix={}/keys/\nusername_attribute = sub\n",
        at.display()
    );
    std::fs::write(at.join("oauth2.conf"), settings).unwrap();
    let more = format!(
        "auth_mechanisms = plain xoauth2\npassdb {{\n  driver = oauth2\n  mechanisms = xoauth2\n  args = {}/oauth2.conf\n}}\n",
        at.display()
    );
    let mut post = Post::with(&more).await;
    let server = TokenServer::start();
    server.script().access = Box::new(jwt);
    post.remove("password");
    post.set("fetch", quoted("imap"));
    let port = post.server.imaps.port();
    post.set("port", port);
    post.set("watch", false);
    post.set("start", quoted("everything"));
    post.set("oauth", quoted(oauth));
    post.set("oauth_client", quoted("gateway"));
    post.set("oauth_scopes", quoted("read"));
    post.set("oauth_allow_private", true);
    post.set("oauth_token_url", quoted(&format!("{}/token", server.url)));
    if oauth == "person" {
        post.set("oauth_device_url", quoted(&format!("{}/device", server.url)));
    }
    post.put(&request("printer"));
    (post, server)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_signs_in_once_and_each_refresh_token_is_used_once() {
    let keys = tempfile::tempdir().unwrap();
    let (post, server) = start("person", &keys).await;
    // They end so soon that each look wants a new one.
    server.script().expires_in_s = 60;
    post.world.home.write_settings();
    let run = |words: &[&str]| {
        let words = [&["mailbox", "--config", "sealpost.toml"], words].concat();
        let output = post.world.home.command(&words).output().unwrap();
        (output.status.success(), told(&output))
    };
    let (done, said) = run(&["test", "post"]);
    assert!(!done && said.contains("Nobody has signed in") && said.contains("sealpost mailbox sign-in post"), "{said}");
    let (done, said) = run(&["sign-in", "post"]);
    assert!(done && said.contains("open https://login.example/device") && said.contains("type ABCD-1"), "{said}");
    for _ in 0..2 {
        let (done, said) = run(&["test", "post"]);
        assert!(done && said.contains("1 mail lies there"), "{said}");
    }
    let mut gateway = post.world.home.start();
    fetched(&mut gateway, 1);
    assert_eq!(summaries(&post.world), ["printer"]);
    let asked = server.script().asked.clone();
    let (done, said) = run(&["poll", "post"]);
    assert!(done, "{said}");
    let refreshed: Vec<&String> = asked.iter().filter_map(|form| form.get("refresh_token")).collect();
    assert!(refreshed.len() >= 3, "two tests and one gateway: {asked:?}");
    assert!(refreshed.windows(2).all(|pair| pair[0] != pair[1]), "{refreshed:?}");
    assert_eq!(server.script().reused, 0);
    assert!(asked.iter().filter_map(|form| form.get("scope")).all(|scope| scope == "read"), "{asked:?}");
    for written in [gateway.log(), gateway.output(), said] {
        assert!(!written.contains("planted-"), "{written}");
    }
    drop(gateway);
    // The token server takes the right back.
    server.script().revoke();
    let (done, said) = run(&["test", "post"]);
    assert!(!done && said.contains("SP-0420") && said.contains("invalid_grant"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_with_rights_of_its_own_needs_nobody() {
    let keys = tempfile::tempdir().unwrap();
    let (mut post, server) = start("client_credentials", &keys).await;
    let said = post.check();
    assert!(said.contains("needs exactly one proof of the client"), "{said}");
    post.world.home.write_secret("client.secret", "planted-secret");
    server.script().client_secret = "planted-secret".into();
    post.set("oauth_client_secret", quoted("file:client.secret"));
    let mut gateway = post.world.home.start();
    fetched(&mut gateway, 1);
    post.put(&request("copier"));
    fetched(&mut gateway, 2);
    assert_eq!(summaries(&post.world).len(), 2);
    assert_eq!(server.script().asked.len(), 1, "a token serves many rounds");
    assert!(!gateway.log().contains("planted-"), "{}", gateway.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_settings_of_tokens_are_told() {
    let keys = tempfile::tempdir().unwrap();
    let (mut post, _server) = start("service_account", &keys).await;
    assert!(post.check().contains("mailbox[].oauth_key: is missing"), "{}", post.check());
    post.set("password", quoted("file:post.password"));
    assert!(post.check().contains("stands beside oauth"), "{}", post.check());
    post.set("oauth", quoted("client_credentials"));
    post.remove("password");
    post.remove("oauth_token_url");
    assert!(post.check().contains("mailbox[].oauth_token_url: is missing"), "{}", post.check());
    post.set("preset", quoted("microsoft365"));
    assert!(post.check().contains("mailbox[].oauth_tenant: is missing"), "{}", post.check());
    post.remove("oauth");
    assert!(post.check().contains("is for accounts with tokens"), "{}", post.check());
}

fn begin(post: &Post) -> Waiting {
    Waiting::start(&post.world.home, &["mailbox", "--config", "sealpost.toml", "sign-in", "post"])
}

/// A world whose person signs in with a browser.
async fn start_with_a_browser(keys: &tempfile::TempDir) -> (Post, TokenServer) {
    let (mut post, server) = start("person", keys).await;
    post.remove("oauth_device_url");
    post.set("oauth_authorize_url", quoted(&format!("{}/authorize?for=mail", server.url)));
    (post, server)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_signs_in_with_a_browser_on_this_machine() {
    let keys = tempfile::tempdir().unwrap();
    let (post, server) = start_with_a_browser(&keys).await;
    let waiting = begin(&post);
    assert!(waiting.url.starts_with(&format!("{}/authorize?for=mail&", server.url)), "{}", waiting.url);
    let back = server.agree(&waiting.url);
    let (here, _) = back.split_once('?').unwrap();
    // What a browser and other programs do besides: the sign-in goes on.
    let silent = std::net::TcpStream::connect(here.strip_prefix("http://").unwrap()).unwrap();
    assert_eq!(web::get(&format!("{here}/favicon.ico"), &[]).status, 404);
    assert_eq!(web::get(&format!("{here}?code=planted&state=guessed"), &[]).status, 400);
    let page = web::get(&back, &[]);
    assert!(page.status == 200 && page.body.contains("You may close this page") && !page.body.contains("planted"));
    let (done, said) = waiting.end();
    assert!(done && said.contains("signed in for post") && !said.contains("planted-"), "{said}");
    drop(silent);
    let mut gateway = post.world.home.start();
    fetched(&mut gateway, 1);
    assert_eq!(summaries(&post.world), ["printer"]);
    assert!(!gateway.log().contains("planted-"), "{}", gateway.log());
    assert_eq!(server.script().asked_by("authorization_code").len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_a_browser_takes_the_address_as_a_line() {
    let keys = tempfile::tempdir().unwrap();
    let (mut post, server) = start_with_a_browser(&keys).await;
    let mut waiting = begin(&post);
    let back = server.agree(&waiting.url);
    waiting.paste("");
    waiting.paste("planted-code-0");
    waiting.paste(&back.replace("state=", "state=x"));
    waiting.paste(&back);
    let (done, said) = waiting.end();
    assert!(done && said.contains("signed in for post"), "{said}");
    assert_eq!(said.matches("that is not the address").count(), 2, "{said}");
    // A page elsewhere, with nothing that listens.
    post.set("oauth_redirect_url", quoted("https://gateway.example/signed-in"));
    let mut waiting = begin(&post);
    let back = server.agree(&waiting.url);
    assert!(back.starts_with("https://gateway.example/signed-in?code="), "{back}");
    waiting.paste(&back);
    let (done, said) = waiting.end();
    assert!(done, "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_person_did_not_allow_is_named_and_nothing_is_kept() {
    let keys = tempfile::tempdir().unwrap();
    let (mut post, server) = start_with_a_browser(&keys).await;
    post.set("oauth_scopes", quoted("https://login.example/mail.read offline_access"));
    post.set("oauth_issuer", quoted("https://login.example"));
    type Change<'c> = &'c dyn Fn(&str) -> String;
    let answers: [(&str, Change<'_>); 4] = [
        ("not everything was allowed: https://login.example/mail.read is missing", &str::to_owned),
        ("SP-0420", &|back| back.replace("code=", "error=access_denied&was=")),
        ("another server's", &|back| format!("{back}&iss=https://evil.example")),
        ("SP-0420", &|back| back.replace("code=", "code=x")),
    ];
    server.script().scope = Some("profile".into());
    for (why, change) in answers {
        let mut waiting = begin(&post);
        let back = server.agree(&waiting.url);
        waiting.paste(&change(&back));
        let (done, said) = waiting.end();
        assert!(!done && said.contains(why) && !said.contains("planted-"), "{why}: {said}");
    }
    let said = told(&post.world.run(&["mailbox", "--config", "sealpost.toml", "test", "post"]));
    assert!(said.contains("Nobody has signed in"), "{said}");
    for wrong in ["http://example.org/", "http://localhost:0", "http://localhost/?a=b"] {
        post.set("oauth_redirect_url", quoted(wrong));
        let said = post.check();
        assert!(said.contains("is neither on this machine nor https"), "{wrong}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_s_end_is_read_from_it() {
    let keys = tempfile::tempdir().unwrap();
    let (mut post, _server) = start("client_credentials", &keys).await;
    let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
    let in_days = |days: i64| {
        std::time::SystemTime::now() + std::time::Duration::from_secs(days.unsigned_abs() * 24 * 3600 + 3600)
    };
    params.not_after = in_days(7).into();
    let key = rcgen::KeyPair::generate().unwrap();
    std::fs::write(post.world.home.file("client.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
    post.world.home.write_secret("client.key", &key.serialize_pem());
    post.set("oauth_certificate", quoted("client.pem"));
    post.set("oauth_key", quoted("file:client.key"));
    let said = post.check();
    assert!(said.contains("mailbox post, certificate: it ends in 7 days; register a new one"), "{said}");
    assert!(said.contains("The key for OAuth cannot be used"), "it is no RSA key: {said}");
}

#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_33_a_gateway_that_dies_after_a_refresh_is_not_locked_out() {
    let keys = tempfile::tempdir().unwrap();
    let (post, server) = start("person", &keys).await;
    server.script().expires_in_s = 60;
    let said = told(&post.world.run(&["mailbox", "--config", "sealpost.toml", "sign-in", "post"]));
    assert!(said.contains("signed in for post"), "{said}");
    for point in engine::crash_point::REFRESHING {
        let mut gateway = post.world.home.spawn(&[("SEALPOST_CRASH", &format!("{point}:1"))]);
        assert!(!gateway.wait_for_end().success(), "{point}: {}", gateway.log());
    }
    let mut gateway = post.world.home.start();
    fetched(&mut gateway, 1);
    assert_eq!((summaries(&post.world), server.script().reused), (vec!["printer".to_owned()], 0));
}
