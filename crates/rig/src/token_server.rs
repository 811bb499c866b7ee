//! An OAuth token server on loopback that does what a test tells it, remembers what it was asked, and notices a refresh token
//! that is handed in twice, as servers with rotation do.

#![allow(clippy::unwrap_used, reason = "a test whose server does not answer must stop at once and say where")]

use crate::request;
use aws_lc_rs::digest;
use data_encoding::BASE64URL_NOPAD;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

/// The fields of a form, decoded.
pub type Form = HashMap<String, String>;

/// What the server does and remembers. Tokens of its making begin with `planted-`, so that a leak is found.
pub struct Script {
    /// Makes the access token of this number.
    pub access: Box<dyn Fn(u64) -> String + Send>,
    /// How long they are said to be good.
    pub expires_in_s: u64,
    /// The scopes that are said to be given; `None` says nothing.
    pub scope: Option<String>,
    /// The secret that clients must give; empty asks for none.
    pub client_secret: String,
    /// Instead of an answer: this status, or the end of the connection when it is 0.
    pub trouble: Option<u16>,
    /// Each request for a token waits so long for its answer, after its effect.
    pub pause: Duration,
    /// How many device codes are still pending.
    pub pending: u32,
    /// How far its clock is ahead of this machine's, in seconds. Assertions must be of its last five minutes.
    pub clock_ahead_s: i64,
    /// The status of errors: 400 by the standard, 403 at Atlassian.
    pub error_status: u16,
    /// Further answers, by path.
    pub pages: HashMap<String, String>,
    /// The only refresh token that is good; empty when all were taken back.
    pub refresh: String,
    /// How often a refresh token was handed in that had been used already.
    pub reused: u32,
    /// The forms that it was sent, in order.
    pub asked: Vec<Form>,
    /// The access tokens that are good.
    pub good: BTreeSet<String>,
    made: u64,
    used: BTreeSet<String>,
    codes: HashMap<String, Form>,
}

impl Default for Script {
    fn default() -> Script {
        Script {
            access: Box::new(|number| format!("planted-access-{number}")),
            expires_in_s: 600,
            scope: None,
            client_secret: String::new(),
            trouble: None,
            pause: Duration::ZERO,
            pending: 1,
            clock_ahead_s: 0,
            error_status: 400,
            pages: HashMap::new(),
            refresh: String::new(),
            reused: 0,
            asked: Vec::new(),
            good: BTreeSet::new(),
            made: 0,
            used: BTreeSet::new(),
            codes: HashMap::new(),
        }
    }
}

impl Script {
    /// Takes back what was allowed.
    pub fn revoke(&mut self) {
        let refresh = std::mem::take(&mut self.refresh);
        self.used.insert(refresh);
        self.good.clear();
    }

    /// The forms that asked for a token in this way.
    pub fn asked_by(&self, grant_type: &str) -> Vec<Form> {
        self.asked
            .iter()
            .filter(|form| form.get("grant_type").is_some_and(|kind| kind == grant_type))
            .cloned()
            .collect()
    }

    fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_secs(self.clock_ahead_s)
    }

    fn token(&mut self, form: &Form) -> (u16, String) {
        let error_status = self.error_status;
        let error = |word: &str| (error_status, format!(r#"{{"error":"{word}","error_description":"planted"}}"#));
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        if !self.client_secret.is_empty() && field("client_secret") != self.client_secret {
            return (401, r#"{"error":"invalid_client"}"#.into());
        }
        let assertion = [field("assertion"), field("client_assertion")].into_iter().find(|text| !text.is_empty());
        if assertion.is_some_and(|jwt| (issued_at(jwt) - self.now().as_second()).abs() > 300) {
            return error("invalid_grant");
        }
        match field("grant_type") {
            "client_credentials" | "urn:ietf:params:oauth:grant-type:jwt-bearer" => {}
            "refresh_token" if !self.refresh.is_empty() && field("refresh_token") == self.refresh => {}
            "refresh_token" => {
                if self.used.contains(field("refresh_token")) && !self.refresh.is_empty() {
                    self.reused += 1;
                    // RFC 9700, section 4.14.2: somebody has stolen it, so nobody gets anything any more.
                    self.revoke();
                }
                return error("invalid_grant");
            }
            "urn:ietf:params:oauth:grant-type:device_code" if self.pending > 0 => {
                self.pending -= 1;
                return error("authorization_pending");
            }
            "urn:ietf:params:oauth:grant-type:device_code" => {}
            "authorization_code" => {
                let hash = digest::digest(&digest::SHA256, field("code_verifier").as_bytes());
                let right = self.codes.remove(field("code")).is_some_and(|page| {
                    page["code_challenge"] == BASE64URL_NOPAD.encode(hash.as_ref())
                        && page["redirect_uri"] == field("redirect_uri")
                });
                if !right {
                    return error("invalid_grant");
                }
            }
            _ => return error("unsupported_grant_type"),
        }
        self.made += 1;
        let access = (self.access)(self.made);
        self.good.insert(access.clone());
        let mut answer = format!(r#"{{"access_token":"{access}","expires_in":{}"#, self.expires_in_s);
        if let Some(scope) = &self.scope {
            let _ = write!(answer, r#","scope":"{scope}""#);
        }
        let is_a_persons = ["refresh_token", "authorization_code", "urn:ietf:params:oauth:grant-type:device_code"];
        if is_a_persons.contains(&field("grant_type")) {
            let next = format!("planted-refresh-{}", self.made);
            let before = std::mem::replace(&mut self.refresh, next);
            self.used.insert(before);
            let _ = write!(answer, r#","refresh_token":"{}""#, self.refresh);
        }
        (200, answer + "}")
    }
}

/// The server. Its thread lives as long as the test's process.
pub struct TokenServer {
    /// Without a slash at its end.
    pub url: String,
    script: Arc<Mutex<Script>>,
}

impl TokenServer {
    /// Tokens are at `/token`, codes for devices at `/device`.
    pub fn start() -> TokenServer {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let script: Arc<Mutex<Script>> = Arc::default();
        let shared = script.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                // Whoever asked may be dead before the answer comes: some tests are about that.
                std::thread::spawn(move || serve(stream, &shared));
            }
        });
        TokenServer { url, script }
    }

    /// What it does and remembers; it answers nobody while this is held.
    pub fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }

    /// What a person does who opens this address and agrees: where the browser is sent. Panics when the page is not asked for
    /// as RFC 7636 and RFC 9700 want it.
    pub fn agree(&self, url: &str) -> String {
        let query = url.split_once('?').unwrap().1;
        let page = form(query);
        assert_eq!((page["response_type"].as_str(), page["code_challenge_method"].as_str()), ("code", "S256"));
        assert!(page["state"].len() >= 22 && page["code_challenge"].len() == 43, "{url}");
        let (redirect, state) = (page["redirect_uri"].clone(), page["state"].clone());
        let mut script = self.script();
        let code = format!("planted-code-{}", script.codes.len() + script.asked.len());
        script.codes.insert(code.clone(), page);
        format!("{redirect}?code={code}&state={state}")
    }
}

fn serve(stream: TcpStream, script: &Mutex<Script>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let Some(request) = request::read(&mut reader)? else { return Ok(()) };
    let form = form(&String::from_utf8(request.body).unwrap());
    let (status, answer, pause, now) = {
        let mut script = script.lock().unwrap();
        let (status, answer, pause) = answer(&request.target, form, &mut script);
        (status, answer, pause, script.now())
    };
    std::thread::sleep(pause);
    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).unwrap();
    if status == 0 {
        return Ok(());
    }
    let length = answer.len();
    let head = format!("HTTP/1.1 {status} X\r\nDate: {date}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    reader.into_inner().write_all(format!("{head}{answer}").as_bytes())
}

fn answer(path: &str, form: Form, script: &mut Script) -> (u16, String, Duration) {
    script.asked.push(form.clone());
    if let Some(status) = script.trouble {
        return (status, "planted trouble".into(), Duration::ZERO);
    }
    if let Some(page) = script.pages.get(path) {
        return (200, page.clone(), Duration::ZERO);
    }
    match path {
        "/device" => {
            let answer = r#"{"device_code":"planted-device","user_code":"ABCD-1","verification_uri":"https://login.example/device","interval":1}"#;
            (200, answer.into(), Duration::ZERO)
        }
        "/token" => {
            let (status, answer) = script.token(&form);
            (status, answer, script.pause)
        }
        _ => (404, String::new(), Duration::ZERO),
    }
}

/// When a JWT says that it was made, in seconds since 1970.
fn issued_at(jwt: &str) -> i64 {
    let claims = BASE64URL_NOPAD.decode(jwt.split('.').nth(1).unwrap().as_bytes()).unwrap();
    let claims = String::from_utf8(claims).unwrap();
    let digits = claims.split("\"iat\":").nth(1).unwrap();
    digits.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

/// The pairs of a form or a query.
pub fn form(text: &str) -> Form {
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), request::decoded(value))).collect()
}
