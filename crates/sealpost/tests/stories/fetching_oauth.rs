//! A mailbox that is opened with tokens: a token server of our own gives them, and a real Dovecot checks them.

use super::fetching::{Post, USER, fetched, request, summaries};
use super::world::told;
use aws_lc_rs::hmac;
use data_encoding::{BASE64, BASE64URL_NOPAD};
use rig::settings_file::quoted;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

const KEY: &[u8] = b"a key of tests, known to Dovecot too";

/// What a token server remembers.
#[derive(Default)]
struct Memory {
    /// The only refresh token that is good.
    refresh: String,
    polls: u32,
    /// The forms that it was sent, without the tokens in them.
    asked: Vec<HashMap<String, String>>,
}

/// A token server on loopback. Each refresh token is good once.
struct TokenServer {
    port: u16,
    memory: Arc<Mutex<Memory>>,
}

impl TokenServer {
    fn start() -> TokenServer {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let memory: Arc<Mutex<Memory>> = Arc::default();
        let shared = memory.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                serve(stream.unwrap(), &mut shared.lock().unwrap());
            }
        });
        TokenServer { port, memory }
    }

    fn asked(&self) -> Vec<HashMap<String, String>> {
        self.memory.lock().unwrap().asked.clone()
    }
}

fn serve(stream: TcpStream, memory: &mut Memory) {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim_end().to_ascii_lowercase().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().unwrap(),
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let body = String::from_utf8(body).unwrap().replace("%3A", ":").replace("%20", " ");
    let form: HashMap<String, String> =
        body.split('&').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
    let (status, answer) = answer(&first, &form, memory);
    memory.asked.push(form);
    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", answer.len());
    reader.into_inner().write_all(format!("{head}{answer}").as_bytes()).unwrap();
}

fn answer(first: &str, form: &HashMap<String, String>, memory: &mut Memory) -> (u16, String) {
    if first.contains("/device") {
        let answer = r#"{"device_code":"planted-device","user_code":"ABCD-1","verification_uri":"https://login.example/device","interval":1}"#;
        return (200, answer.into());
    }
    match form["grant_type"].as_str() {
        "client_credentials" if form["client_secret"] == "planted-secret" => {}
        "refresh_token" if form["refresh_token"] == memory.refresh => {}
        "urn:ietf:params:oauth:grant-type:device_code" => {
            memory.polls += 1;
            if memory.polls == 1 {
                return (400, r#"{"error":"authorization_pending"}"#.into());
            }
        }
        _ => return (400, r#"{"error":"invalid_grant"}"#.into()),
    }
    memory.refresh = format!("planted-refresh-{}", memory.asked.len());
    let refresh = &memory.refresh;
    (200, format!(r#"{{"access_token":"{}","expires_in":600,"refresh_token":"{refresh}"}}"#, jwt()))
}

fn jwt() -> String {
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let claims = format!(r#"{{"sub":"{USER}","iat":{},"exp":{}}}"#, now_s - 60, now_s + 600);
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
    post.remove("password");
    post.set("fetch", quoted("imap"));
    let port = post.dovecot.imaps.port();
    post.set("port", port);
    post.set("watch", false);
    post.set("start", quoted("everything"));
    post.set("oauth", quoted(oauth));
    post.set("oauth_client", quoted("gateway"));
    post.set("oauth_scopes", quoted("read"));
    post.set("oauth_allow_private", true);
    post.set("oauth_token_url", quoted(&format!("http://127.0.0.1:{}/token", server.port)));
    post.set("oauth_device_url", quoted(&format!("http://127.0.0.1:{}/device", server.port)));
    post.put(&request("printer"));
    (post, server)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_signs_in_once_and_each_refresh_token_is_used_once() {
    let keys = tempfile::tempdir().unwrap();
    let (post, server) = start("person", &keys).await;
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
        assert!(done && said.contains("1 mails lie there"), "{said}");
    }
    let mut gateway = post.world.home.start();
    fetched(&mut gateway, 1);
    assert_eq!(summaries(&post.world), ["printer"]);
    let asked = server.asked();
    let (done, said) = run(&["poll", "post"]);
    assert!(done, "{said}");
    let refreshed: Vec<&String> = asked.iter().filter_map(|form| form.get("refresh_token")).collect();
    assert_eq!(refreshed.len(), 3, "two tests and one gateway: {asked:?}");
    assert!(refreshed.windows(2).all(|pair| pair[0] != pair[1]), "{refreshed:?}");
    assert!(asked.iter().filter_map(|form| form.get("scope")).all(|scope| scope == "read"), "{asked:?}");
    for written in [gateway.log(), gateway.output(), said] {
        assert!(!written.contains("planted-"), "{written}");
    }
    drop(gateway);
    // The token server takes the right back.
    server.memory.lock().unwrap().refresh = "another".into();
    let (done, said) = run(&["test", "post"]);
    assert!(!done && said.contains("SP-0403") && said.contains("invalid_grant"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_with_rights_of_its_own_needs_nobody() {
    let keys = tempfile::tempdir().unwrap();
    let (mut post, server) = start("client_credentials", &keys).await;
    let said = told(&post.world.run(&["check", "--config", "sealpost.toml"]));
    assert!(said.contains("needs exactly one proof of the client"), "{said}");
    post.world.home.write_secret("client.secret", "planted-secret");
    post.set("oauth_client_secret", quoted("file:client.secret"));
    let mut gateway = post.world.home.start();
    fetched(&mut gateway, 1);
    post.put(&request("copier"));
    fetched(&mut gateway, 2);
    assert_eq!(summaries(&post.world).len(), 2);
    assert_eq!(server.asked().len(), 1, "a token serves many rounds");
    assert!(!gateway.log().contains("planted-"), "{}", gateway.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_settings_of_tokens_are_told() {
    let keys = tempfile::tempdir().unwrap();
    let (mut post, _server) = start("service_account", &keys).await;
    let said = |post: &Post| told(&post.world.run(&["check", "--config", "sealpost.toml"]));
    assert!(said(&post).contains("mailbox[].oauth_key: is missing"), "{}", said(&post));
    post.set("password", quoted("file:post.password"));
    assert!(said(&post).contains("stands beside oauth"), "{}", said(&post));
    post.set("oauth", quoted("client_credentials"));
    post.remove("password");
    post.remove("oauth_token_url");
    assert!(said(&post).contains("mailbox[].oauth_token_url: is missing"), "{}", said(&post));
    post.set("preset", quoted("microsoft365"));
    assert!(said(&post).contains("mailbox[].oauth_tenant: is missing"), "{}", said(&post));
    post.remove("oauth");
    assert!(said(&post).contains("is for accounts with tokens"), "{}", said(&post));
}
