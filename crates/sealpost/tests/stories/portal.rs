//! Somebody without an account proves his address by a letter in his own mailbox, brings a key of GnuPG, proves it, and takes it away again.

use super::events::{self, SITE};
use super::letters::post_by;
use super::public::token_behind;
use super::relay::{PASSWORD, dovecot, submit, with_relay};
use super::relay_sealed::Bench;
use super::world::{PROGRAM, World, lines, told};
use mail::Limits;
use rig::dovecot::Dovecot;
use rig::gateway::Gateway;
use rig::home::Home;
use rig::post_office::PostOffice;
use rig::settings_file::quoted;
use rig::web::{Page, curl, get};
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

/// The letter that proves an address is exempt, and goes sealed all the same to whoever has a key.
const RULES: &str = "version = 1\n[default]\nencrypt = \"when_possible\"\n\
    [[exemption]]\nname = \"portal\"\nheaders = [\"X-Sealpost-Letter: portal\"]\nspares = \"encrypt\"\n";
const FROM: &str = "support@desk.example";
const DORA: &str = "dora@people.example";
/// Part of a private key, by which it is looked for in places where it must not be.
const PRIVATE: &str = "-----BEGIN PGP PRIVATE KEY BLOCK-----";

/// A desk with a portal, a real mailbox behind it, and Dora's keys.
struct Portal {
    world: World,
    gateway: Gateway,
    dovecot: Dovecot,
    bench: Bench,
    base: String,
}

impl Portal {
    async fn open(folder: &tempfile::TempDir) -> Portal {
        Portal::open_as(folder, |_, _| {}).await
    }

    /// The same with other settings; `change` is told where the mailbox server takes mail.
    async fn open_as(folder: &tempfile::TempDir, change: impl FnOnce(&mut Home, u16)) -> Portal {
        let (dovecot, lmtp) = dovecot();
        let bench = Bench { dir: folder.path().to_owned() };
        let (mut world, hook) = events::hearing().await;
        let base = hook.split("/hooks/").next().unwrap().to_owned();
        post_by(&mut world.home, FROM, &PostOffice::open());
        let keys = world.home.file("keys");
        bench.make_keys_for(&keys, FROM);
        let keys = keys.to_str().unwrap();
        let pgp = ["--scheme", "pgp", "--algorithm", "ed25519", "--address", FROM];
        bench.run(PROGRAM, &[&["key", "generate", "--keys", keys][..], &pgp].concat());
        let own = bench.run(PROGRAM, &["key", "export-public", "--keys", keys, "--format", "armored", FROM]);
        fs::write(bench.dir.join("own.asc"), own).unwrap();
        bench.run("gpg", &["--batch", "--import", "own.asc"]);
        fs::write(world.home.file("sealing.toml"), RULES).unwrap();
        for (name, value) in [("seal", "rules"), ("rules", "sealing.toml"), ("keys", "keys")] {
            world.home.settings.set("[[site]]", name, quoted(value));
        }
        world.home.settings.set("[[site]]", "portal", "true");
        world.home.settings.set("[[outgoing]]", "kind", quoted("lmtp"));
        world.home.settings.set("[[outgoing]]", "port", lmtp.port().to_string());
        change(&mut world.home, lmtp.port());
        let gateway = world.home.start();
        let made = ["--batch", "--passphrase", "", "--quick-generate-key", "Dora <dora@people.example>", "default"];
        bench.run("gpg", &[&made[..], &["default", "1y"]].concat());
        fs::write(bench.dir.join("dora.asc"), bench.run("gpg", &["--armor", "--export", DORA])).unwrap();
        let private = ["--batch", "--pinentry-mode", "loopback", "--passphrase", "", "--armor", "--export-secret-keys"];
        fs::write(bench.dir.join("dora.private"), bench.run("gpg", &[&private[..], &[DORA]].concat())).unwrap();
        Portal { world, gateway, dovecot, bench, base }
    }

    /// Asks for a letter to this address.
    fn ask(&self, address: &str) -> Page {
        curl(&["--data-urlencode", &format!("address={address}"), &format!("{}/portal/{SITE}", self.base)])
    }

    /// The newest of so many mails in the mailbox, as soon as it is there: the one that was not seen before.
    fn letter(&self, person: &str, seen: &mut Vec<Vec<u8>>) -> Vec<u8> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            if let Some(new) = self.dovecot.mails(person).into_iter().find(|mail| !seen.contains(mail)) {
                seen.push(new.clone());
                return new;
            }
            assert!(Instant::now() < deadline, "{person} has no new mail: {}", self.gateway.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The form of the page of keys, with its fields, each `name=value` or `name=@file`.
    fn form(&self, pass: &str, fields: &[&str]) -> Page {
        let pass = format!("pass={pass}");
        let url = format!("{}/portal/{SITE}/keys", self.base);
        let mut words = vec!["-F", &pass];
        words.extend(fields.iter().flat_map(|field| ["-F", field]));
        words.push(&url);
        curl(&words)
    }

    fn bring(&self, pass: &str, file: &str) -> Page {
        let file = format!("file=@{}", self.bench.dir.join(file).display());
        self.form(pass, &["act=bring", &file])
    }

    fn link(&self, letter: &[u8]) -> String {
        let text = mail::read(letter, &Limits::default()).message.text;
        format!("{}/k/{}", self.base, token_behind(&text, &format!("{}/k/", self.base)))
    }

    /// What Dora reads of a letter that is encrypted to her, and of which nothing can be read otherwise; GnuPG finds that we signed it.
    fn opened(&self, letter: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(letter).into_owned();
        let link = format!("{}/k/", self.base);
        assert!(text.contains("multipart/encrypted") && !text.contains(&link), "{text}");
        fs::write(self.bench.dir.join("letter.asc"), &text[text.find("-----BEGIN PGP MESSAGE-----").unwrap()..])
            .unwrap();
        let quiet = ["--batch", "--pinentry-mode", "loopback", "--passphrase", ""];
        let open = ["--status-file", "letter.status", "--decrypt", "letter.asc"];
        let opened = self.bench.run("gpg", &[&quiet[..], &open].concat());
        let status = fs::read_to_string(self.bench.dir.join("letter.status")).unwrap();
        assert!(status.contains("GOODSIG") && status.contains(FROM), "{status}");
        opened
    }

    /// The same of one that is encrypted to her certificate, by OpenSSL.
    fn opened_by_openssl(&self, letter: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(letter).into_owned();
        let link = format!("{}/k/", self.base);
        assert!(text.contains("application/pkcs7-mime") && !text.contains(&link), "{text}");
        fs::write(self.bench.dir.join("letter.eml"), letter).unwrap();
        let decrypt = ["cms", "-decrypt", "-in", "letter.eml", "-recip", "dora.pem", "-inkey", "dora.key"];
        self.bench.run("openssl", &[&decrypt[..], &["-out", "letter.inner"]].concat());
        self.bench.run("openssl", &["cms", "-verify", "-in", "letter.inner", "-CAfile", "own.pem", "-purpose", "any"])
    }

    /// What stands in the folder of the gateway, and in its log.
    fn leaks(&self, text: &str) -> bool {
        fn holds(path: &Path, text: &[u8]) -> bool {
            if path.is_dir() {
                return fs::read_dir(path).unwrap().any(|entry| holds(&entry.unwrap().path(), text));
            }
            fs::read(path).unwrap_or_default().windows(text.len()).any(|window| window == text)
        }
        holds(&self.world.home.file("data"), text.as_bytes()) || self.gateway.log().contains(text)
    }
}

/// The value of the first hidden field of this name.
fn hidden(page: &Page, name: &str) -> String {
    let before = format!("name=\"{name}\" value=\"");
    let rest = page.body.split_once(&before).unwrap_or_else(|| panic!("no {name}: {}", page.body)).1;
    rest.split('"').next().unwrap().to_owned()
}

fn posted(url: &str) -> Page {
    curl(&["-X", "POST", "-d", "", url])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_48_a_person_proves_an_address_and_a_key_and_takes_the_key_away() {
    let folder = tempfile::tempdir().unwrap();
    let mut portal = Portal::open(&folder).await;
    let mut seen = Vec::new();
    let known = portal.ask(DORA);
    assert_eq!(known.status, 200, "{}", known.body);

    // Looking has no effect, the first click opens the keys, and no other does.
    let letter = portal.letter(DORA, &mut seen);
    let link = portal.link(&letter);
    for _ in 0..2 {
        let shown = get(&link, &[]);
        assert!(shown.status == 200 && !shown.body.contains(DORA), "{}", shown.body);
    }
    let opened = posted(&link);
    assert!(opened.status == 200 && opened.body.contains("No key is kept"), "{}", opened.body);
    let pass = hidden(&opened, "pass");
    let again = posted(&link);
    assert_eq!((again.status, again.body.contains(DORA)), (404, false));

    // A private key is refused, and stands nowhere afterwards.
    let refused = portal.bring(&pass, "dora.private");
    assert!(refused.status == 200 && refused.body.contains("consider it compromised"), "{}", refused.body);
    let private = fs::read_to_string(portal.bench.dir.join("dora.private")).unwrap();
    let line = private.lines().find(|line| line.len() == 64).unwrap();
    assert!(private.contains(PRIVATE) && !portal.leaks(line) && !portal.leaks(PRIVATE));

    // The public one is used only when a letter that was encrypted to it was opened.
    let brought = portal.bring(&pass, "dora.asc");
    assert!(
        brought.body.contains("is on its way to you") && brought.body.contains("No key is kept"),
        "{}",
        brought.body
    );
    let sealed = portal.letter(DORA, &mut seen);
    let proof = portal.link(&portal.opened(&sealed));
    let confirm = get(&proof, &[]);
    assert!(confirm.status == 200 && confirm.body.contains("Use this key"), "{}", confirm.body);
    assert_eq!(posted(&proof).status, 200);
    assert_eq!(posted(&proof).status, 404, "it works once");

    // It is there, and goes by its owner's hand.
    let kept = portal.form(&pass, &["act=look"]);
    assert!(kept.body.contains("OpenPGP") && kept.body.contains(">kept<"), "{}", kept.body);
    let key = hidden(&kept, "key");
    let sent = portal.world.run(&["letter", "--config", "sealpost.toml", "test", "--site", SITE, "--to", DORA]);
    assert!(sent.status.success(), "{}", told(&sent));
    let next = portal.letter(DORA, &mut seen);
    assert!(!portal.opened(&next).is_empty(), "the next letter is encrypted to it");
    assert_eq!(portal.ask(DORA).status, 200);
    let visit = portal.letter(DORA, &mut seen);
    portal.link(&portal.opened(&visit));
    let other = portal.form(&pass, &["act=take away", "key=0123456789abcdef0123456789abcdef"]);
    assert!(other.body.contains("no such key"), "{}", other.body);
    let gone = portal.form(&pass, &["act=take away", &format!("key={key}")]);
    assert!(gone.body.contains("The key was removed") && gone.body.contains("No key is kept"), "{}", gone.body);
    portal.gateway.wait_until_quiet();
    assert!(!portal.gateway.log().contains(DORA) && !portal.gateway.log().contains("/k/"), "{}", portal.gateway.log());
}

/// Otherwise programs show the one letter by which somebody is to trust us as one of nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_letter_that_proves_a_certificate_is_signed_with_ours() {
    let folder = tempfile::tempdir().unwrap();
    let portal = Portal::open(&folder).await;
    portal.bench.certificate("dora", DORA, true);
    let mut seen = Vec::new();
    assert_eq!(portal.ask(DORA).status, 200);
    let pass = hidden(&posted(&portal.link(&portal.letter(DORA, &mut seen))), "pass");
    let brought = portal.bring(&pass, "dora.pem");
    assert!(brought.body.contains("is on its way to you"), "{}", brought.body);
    let proof = portal.link(&portal.opened_by_openssl(&portal.letter(DORA, &mut seen)));
    assert_eq!(posted(&proof).status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_45_a_stranger_learns_nothing_from_the_portal() {
    let folder = tempfile::tempdir().unwrap();
    let portal = Portal::open(&folder).await;
    let (first, second) = (portal.ask(DORA), portal.ask("nobody@elsewhere.example"));
    assert_eq!((first.status, &first.body), (second.status, &second.body), "the same for whoever it is");
    // Our own addresses get no letter, and the answer is the same.
    assert_eq!(portal.ask(FROM).body, first.body);
    assert_eq!(portal.ask("no address").status, 422);
    let foreign = portal.form("AAAA", &["act=look"]);
    assert_eq!(foreign.status, 403, "{}", foreign.body);
    let elsewhere = get(&format!("{}/portal/other", portal.base), &[]);
    assert_eq!(elsewhere.status, 404);
    // What is larger than a file of keys may be is not read to its end.
    let mut seen = Vec::new();
    let pass = hidden(&posted(&portal.link(&portal.letter(DORA, &mut seen))), "pass");
    fs::write(portal.bench.dir.join("large"), vec![b'x'; 300 * 1024]).unwrap();
    assert_eq!(portal.bring(&pass, "large").status, 413);
    let nothing = portal.bring(&pass, "ann.csr");
    assert!(nothing.body.contains("no certificate and no public key"), "{}", nothing.body);
    let others = portal.bring(&pass, "ann.pem");
    assert!(others.body.contains("other addresses were left out: 1"), "{}", others.body);
    // One network asks only so often.
    let statuses: Vec<u16> = (0..6).map(|number| portal.ask(&format!("p{number}@many.example")).status).collect();
    assert!(statuses.contains(&429), "{statuses:?}");
}

/// Settings without any Jira: a site that keeps keys, its portal, and a relay for the wiki.
fn without_jira(home: &mut Home, lmtp: u16) -> SocketAddr {
    for section in ["[[mailbox]]", "[[profile]]"] {
        home.settings.remove_all(section);
    }
    for key in ["api_base", "browse_base", "account", "token", "webhook_secret"] {
        home.settings.remove("[[site]]", key);
    }
    home.settings.set("[[site]]", "dialect", quoted("none"));
    with_relay(home, "lmtp", lmtp, &[("seal", "rules"), ("rules", "sealing.toml"), ("keys", "keys")])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_jira_a_person_brings_a_key_by_which_the_wiki_s_mail_leaves_sealed() {
    let folder = tempfile::tempdir().unwrap();
    let mut listen = None;
    let portal = Portal::open_as(&folder, |home, lmtp| listen = Some(without_jira(home, lmtp))).await;
    let (relay, mut seen) = (listen.unwrap(), Vec::new());
    assert_eq!(portal.ask(DORA).status, 200);
    let visit = portal.letter(DORA, &mut seen);
    let pass = hidden(&posted(&portal.link(&visit)), "pass");
    assert!(portal.bring(&pass, "dora.asc").body.contains("is on its way to you"));
    let sealed = portal.letter(DORA, &mut seen);
    assert_eq!(posted(&portal.link(&portal.opened(&sealed))).status, 200);

    let heard = submit(&portal.world.home, relay, PASSWORD, &[DORA]);
    assert!(heard.starts_with("accepted []"), "{heard} {}", portal.gateway.log());
    let page = String::from_utf8(portal.letter(DORA, &mut seen)).unwrap();
    assert!(page.contains("multipart/encrypted") && !page.contains("Planted-words"), "{page}");
    let message = &page[page.find("-----BEGIN PGP MESSAGE-----").unwrap()..];
    fs::write(portal.bench.dir.join("page.asc"), message).unwrap();
    let quiet = ["--batch", "--pinentry-mode", "loopback", "--passphrase", "", "--decrypt", "page.asc"];
    assert!(String::from_utf8_lossy(&portal.bench.run("gpg", &quiet)).contains("Planted-words"));

    let of_site = ["key", "coverage", "--config", "sealpost.toml", "--site", SITE];
    let coverage = lines(&portal.world.run(&of_site)).pop().unwrap();
    assert_eq!(coverage["reachable"], 1, "{coverage:#}");
    let checked = told(&portal.world.run(&["check", "--config", "sealpost.toml"]));
    assert!(checked.contains("it has no tracker"), "{checked}");
}

/// A person who has an OpenPGP key that ends within two weeks is told so by one letter, sealed to that key, also after a restart.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_is_told_once_that_a_key_ends_and_where_to_bring_another() {
    let folder = tempfile::tempdir().unwrap();
    let mut portal = Portal::open(&folder).await;
    let emil = ["--batch", "--passphrase", "", "--quick-generate-key", "Emil <emil@people.example>", "default"];
    portal.bench.run("gpg", &[&emil[..], &["default", "9d"]].concat());
    let public = portal.bench.run("gpg", &["--armor", "--export", "emil@people.example"]);
    let file = portal.bench.dir.join("emil.asc");
    fs::write(&file, public).unwrap();
    let import = ["key", "import", "--config", "sealpost.toml", "--site", SITE, file.to_str().unwrap()];
    let kept = portal.world.run(&import);
    assert!(kept.status.success(), "{}", told(&kept));
    let mut seen = Vec::new();
    // It is looked at the start and every ten minutes.
    drop(portal.gateway);
    portal.gateway = portal.world.home.start();
    let letter = portal.letter("emil@people.example", &mut seen);
    let said = mail::read(&portal.opened(&letter), &Limits::default()).message.text;
    assert!(said.contains("/portal/demo") && !said.contains("/k/"), "{said}");
    portal.gateway.wait_until_quiet();
    drop(portal.gateway);
    portal.gateway = portal.world.home.start();
    portal.gateway.wait_until_quiet();
    assert_eq!(portal.dovecot.mails("emil@people.example").len(), 1);
    assert!(!portal.gateway.log().contains("emil@"), "{}", portal.gateway.log());
}
