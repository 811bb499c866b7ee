//! What a person does on the console's pages with the real program: a mailbox tested and looked into, a test case taken along.

use super::fetching::{Post, fetched, request};
use super::world::{World, lines, told};
use rig::settings_file::quoted;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

/// A signed-in browser that says only what it must.
pub struct Person {
    host: String,
    cookie: String,
}

impl Person {
    pub fn sign_in(world: &World) -> Person {
        let output = world.run(&["sign-in", "--config", "sealpost.toml"]);
        let said = told(&output);
        let link = said.split_whitespace().find(|word| word.starts_with("http://")).expect("a link");
        let (host, secret) = link.trim_start_matches("http://").split_once("/sign-in?secret=").unwrap();
        let mut person = Person { host: host.to_owned(), cookie: String::new() };
        let (head, _) = person.ask("POST", "/sign-in", &format!("secret={secret}"));
        let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("a session");
        person.cookie = cookie.split(';').next().unwrap().to_owned();
        person
    }

    /// Head and body of the answer.
    fn ask(&self, method: &str, path: &str, form: &str) -> (String, Vec<u8>) {
        self.send(method, path, "application/x-www-form-urlencoded", form.as_bytes())
    }

    /// The same of any kind of body.
    pub fn send(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> (String, Vec<u8>) {
        let Person { host, cookie } = self;
        let mut stream = TcpStream::connect(host).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {cookie}\r\n\
             Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        )
        .unwrap();
        stream.write_all(body).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").expect("a whole head");
        let body = bytes.split_off(end + 4);
        (String::from_utf8(bytes).unwrap(), body)
    }

    pub fn page(&self, path: &str) -> String {
        String::from_utf8(self.ask("GET", path, "").1).unwrap()
    }

    /// A form of the page at `/mailboxes`, which stands for every page of the session.
    pub fn act(&self, path: &str, more: &str) -> (String, Vec<u8>) {
        let page = self.page("/mailboxes");
        let (_, rest) = page.split_once("name=\"token\" value=\"").expect("a form");
        self.ask("POST", path, &format!("token={}{more}", rest.split('"').next().unwrap()))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_is_tested_and_looked_into_and_a_mail_taken_along_on_the_console() {
    let mut post = Post::start().await;
    post.set("fetch", quoted("pop3"));
    post.set("poll_s", 86_400);
    post.set("start", quoted("everything"));
    post.put(&request("first"));
    let mut gateway = post.world.home.start();
    fetched(&mut gateway, 1);
    let person = Person::sign_in(&post.world);
    let page = person.page("/mailboxes");
    assert!(page.contains("fetched from ") && page.contains("looked through"), "{page}");
    let said = |(head, body): (String, Vec<u8>)| head + &String::from_utf8(body).unwrap();
    let tested = said(person.act("/mailboxes/test", "&mailbox=post"));
    assert!(tested.contains("answers over POP3, and 1 mail lies there"), "{tested}");
    post.put(&request("second"));
    let polled = said(person.act("/mailboxes/poll", "&mailbox=post"));
    let (_, rest) = polled.split_once("<a href=\"/messages/").expect("the new mail");
    let id = rest.split('"').next().unwrap();
    assert!(rest.contains(">taken in</a>") && polled.contains("known already"), "{polled}");
    gateway.wait_until_quiet();

    let (head, archive) = person.act(&format!("/messages/{id}/case"), "&anonymous=yes");
    assert!(head.contains("filename=\"case-"), "{head}{}", String::from_utf8_lossy(&archive));
    let folder = post.world.home.file("taken");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("case.tar"), archive).unwrap();
    assert!(Command::new("tar").args(["-xf", "case.tar"]).current_dir(&folder).status().unwrap().success());
    let left = fs::read_to_string(folder.join(format!("{id}.txt"))).unwrap();
    assert!(left.contains("stand-ins for people. Left in it:"), "{left}");
    let checked = post.world.run(&["profile", "check", "profile.toml", "--cases", "taken"]);
    assert!(checked.status.success() && lines(&checked)[0]["unchanged"] == true, "{}", told(&checked));
    let story = person.page(&format!("/messages/{id}"));
    assert!(story.contains("console: the whole mail, as a file"), "the look is noted: {story}");
}
