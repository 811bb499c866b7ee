//! Mail that comes in sealed by programs that we did not write: the issue says what it says, and what that is worth.

use super::outbound::Telling;
use super::relay::holding;
use super::relay_sealed::Bench;
use super::world::{Issue, PROGRAM, World, told};
use rig::gateway::Gateway;
use rig::settings_file::quoted;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tempfile::TempDir;

pub const ANN: &str = "ann@people.example";
pub const SUPPORT: &str = "support@desk.example";
pub const OPENSSL: &str = "sealed by openssl";
pub const GPG: &str = "sealed by gpg";
/// What nobody but the gateway is to read.
pub const PLANTED: [&str; 3] = ["qzwordsqz", "qzfileqz", "qztitleqz"];

/// People with keys, and a folder of keys of a mailbox.
pub struct Cast {
    bench: Bench,
    _folder: TempDir,
}

impl Cast {
    /// An authority, Ann, the gateway and a stranger with certificates; Ann and the gateway with keys of GnuPG, too.
    pub fn assemble(keys: &Path) -> Cast {
        let folder = tempfile::tempdir().unwrap();
        let cast = Cast { bench: Bench { dir: folder.path().to_owned() }, _folder: folder };
        cast.bench.authority();
        for (name, address) in [("ann", ANN), ("gate", SUPPORT), ("other", "other@people.example")] {
            cast.bench.certificate(name, address, true);
        }
        let home = cast.file("gnupg");
        fs::create_dir(&home).unwrap();
        fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
        for (address, name) in [(ANN, "ann"), (SUPPORT, "gate")] {
            cast.gpg(&["--quick-generate-key", address, "future-default", "default", "1y"]);
            fs::write(cast.file(&format!("{name}.asc")), cast.gpg(&["--armor", "--export", address])).unwrap();
        }
        fs::write(cast.file("gate.secret.asc"), cast.gpg(&["--armor", "--export-secret-keys", SUPPORT])).unwrap();
        let folder = keys.to_str().unwrap();
        let import = |shelf, files: &[&str]| {
            cast.bench.run(PROGRAM, &[&["key", "import", "--keys", folder, "--as", shelf], files].concat());
        };
        import("own", &["gate.pem", "gate.key", "gate.secret.asc"]);
        import("people", &["ann.asc"]);
        import("trusted", &["ca.pem"]);
        cast
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.bench.dir.join(name)
    }

    fn gpg(&self, args: &[&str]) -> Vec<u8> {
        let quiet = ["--batch", "--yes", "--pinentry-mode", "loopback", "--passphrase", "", "--trust-model", "always"];
        self.bench.run("gpg", &[&quiet[..], args].concat())
    }

    /// Signed by Ann where `signed`, then encrypted for whoever has this certificate, by OpenSSL.
    pub fn smime(&self, inner: &str, signed: bool, recipient: &str) -> Vec<u8> {
        fs::write(self.file("inner"), inner).unwrap();
        let mut current = "inner";
        if signed {
            let sign = ["cms", "-sign", "-in", "inner", "-signer", "ann.pem", "-inkey", "ann.key", "-out", "signed"];
            self.bench.run("openssl", &sign);
            current = "signed";
        }
        let encrypt = ["cms", "-encrypt", "-aes256", "-in", current, "-out", "sealed", recipient];
        self.bench.run("openssl", &encrypt);
        [head(OPENSSL).as_bytes(), &fs::read(self.file("sealed")).unwrap()].concat()
    }

    /// Signed by Ann and encrypted for the gateway, by GnuPG (RFC 3156).
    pub fn pgp(&self, inner: &str) -> Vec<u8> {
        fs::write(self.file("inner"), inner).unwrap();
        let args =
            ["--armor", "--local-user", ANN, "--sign", "--encrypt", "--recipient", SUPPORT, "--output", "-", "inner"];
        let armored = String::from_utf8(self.gpg(&args)).unwrap().replace("\r\n", "\n").replace('\n', "\r\n");
        let mail = format!(
            "{}MIME-Version: 1.0\r\nContent-Type: multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=cut\r\n\r\n\
             --cut\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--cut\r\n\
             Content-Type: application/octet-stream\r\n\r\n{armored}\r\n--cut--\r\n",
            head(GPG)
        );
        mail.into_bytes()
    }
}

pub fn head(subject: &str) -> String {
    let id = subject.replace(' ', "-");
    format!("From: Ann <{ANN}>\r\nTo: {SUPPORT}\r\nSubject: {subject}\r\nMessage-ID: <{id}@people.example>\r\n")
}

/// What is within: a text, a file, and fields that only whoever opens it reads (RFC 9788).
pub fn inner(outer: &str) -> String {
    let protected = head(outer).replace(outer, "qztitleqz");
    format!(
        "{protected}Content-Type: multipart/mixed; boundary=within; hp=\"cipher\"\r\n\r\n--within\r\nContent-Type: text/plain\r\n\r\n\
         qzwordsqz of a printer.\r\n--within\r\nContent-Type: text/plain\r\n\
         Content-Disposition: attachment; filename=offer.txt\r\n\r\nqzfileqz\r\n--within--\r\n"
    )
}

/// A gateway whose mailbox has keys, and those who write to it.
async fn opening() -> (World, Cast, Gateway) {
    let mut world = World::start().await;
    let cast = Cast::assemble(&world.home.file("keys"));
    world.home.settings.set("[[mailbox]]", "keys", quoted("keys"));
    world.home.settings.set("[log]", "level", quoted("trace"));
    let gateway = world.home.start();
    (world, cast, gateway)
}

async fn issue_of(world: &World, gateway: &mut Gateway, mail: &[u8]) -> Issue {
    world.hand_in(mail).await.unwrap();
    gateway.wait_until_quiet();
    world.issues().pop().unwrap_or_else(|| panic!("no issue: {}", gateway.log()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mail_sealed_by_openssl_and_gpg_becomes_issues_that_say_what_it_is_worth_and_is_nowhere_at_rest() {
    let (world, cast, mut gateway) = opening().await;
    for (mail, said) in [
        (
            cast.smime(&inner(OPENSSL), true, "gate.pem"),
            "Encrypted with S/MIME; signed by ann@people.example, trusted by CN=House CA",
        ),
        (
            cast.pgp(&inner(GPG)),
            "Encrypted with OpenPGP; signed by ann@people.example, whose key is in the folder of keys",
        ),
    ] {
        assert!(PLANTED.iter().all(|word| !String::from_utf8_lossy(&mail).contains(word)), "it is sealed");
        let issue = issue_of(&world, &mut gateway, &mail).await;
        assert!(issue.description.contains("qzwordsqz of a printer.") && issue.description.contains(said), "{issue:?}");
        assert_eq!(issue.summary, "qztitleqz", "the subject within counts");
        assert_eq!(issue.files, [("offer.txt".to_owned(), 8)], "and neither a signature nor what was sealed");
        let id = world.messages()[0]["id"].as_str().unwrap().to_owned();
        let story = told(&world.run(&["message", "--config", "sealpost.toml", "show", &id]));
        assert!(story.contains("Did it come sealed?") && story.contains(said), "{story}");
    }
    let look = |when: &str| {
        let left = holding(world.home.data(), &PLANTED);
        assert!(left.is_empty(), "{when}: {left:?}");
        let log = gateway.log();
        assert!(PLANTED.iter().all(|word| !log.contains(word)) && !log.contains(ANN), "{when}: {log}");
    };
    look("while it runs");
    gateway.signal(rustix::process::Signal::TERM);
    assert!(gateway.wait_for_end().success());
    let left = holding(world.home.data(), &PLANTED);
    assert!(left.is_empty(), "afterwards: {left:?}");
}

/// SEC-13: without a proof of it the content may have been changed, so no more than its text is taken; SEC-14: and what does not open says
/// one word.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_13_what_nothing_proves_is_text_alone_and_what_does_not_open_is_a_file() {
    let (world, cast, mut gateway) = opening().await;
    let html = "Content-Type: text/html\r\n\r\n<p>qzwordsqz</p><img src=\"http://evil.example/qzpictureqz\">\r\n";
    let mail = cast.smime(html, false, "gate.pem");
    let issue = issue_of(&world, &mut gateway, &mail).await;
    assert!(
        issue.description.contains("qzwordsqz") && issue.description.contains("only its text was taken"),
        "{issue:?}"
    );
    assert!(issue.description.contains("not signed") && issue.files.is_empty(), "{issue:?}");

    let foreign = cast.smime(&inner(OPENSSL), true, "other.pem");
    let issue = issue_of(&world, &mut gateway, &foreign).await;
    let closed =
        "could not be opened: it is encrypted for none of the keys here. The sealed part goes along as a file.";
    assert!(issue.description.contains(closed), "{issue:?}");
    assert_eq!(issue.files.len(), 1, "{issue:?}");

    // Ciphertext that was changed: the key of its content is another one, or its padding is wrong. Nobody learns which.
    let sealed = String::from_utf8(cast.smime(&inner(OPENSSL), true, "gate.pem")).unwrap();
    let lines: Vec<&str> = sealed.lines().collect();
    let last = lines.iter().rposition(|line| line.len() == 64).unwrap();
    let mut changed: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    changed[last] = changed[last].chars().rev().collect();
    let issue = issue_of(&world, &mut gateway, (changed.join("\r\n") + "\r\n").as_bytes()).await;
    assert!(!issue.description.contains("qzwordsqz") && issue.files.len() == 1, "{issue:?}");
}

/// SEC-15: of an issue that came in sealed a letter only says where to look.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_15_letters_about_an_issue_that_came_in_sealed_say_nothing_of_it() {
    let mut cast = None;
    let mut telling = Telling::start_with(|home| {
        let profile = home.file("profile.toml");
        let caught =
            fs::read_to_string(&profile).unwrap().replacen("catch = [", "catch = [\"support@desk.example\", ", 1);
        fs::write(profile, caught).unwrap();
        cast = Some(Cast::assemble(&home.file("keys")));
        home.settings.set("[[mailbox]]", "keys", quoted("keys"));
    })
    .await;
    let cast = cast.unwrap();
    let plain = telling.issue();
    telling.world.hand_in(&cast.smime(&inner(OPENSSL), true, "gate.pem")).await.unwrap();
    telling.gateway.wait_until_quiet();
    let sealed = telling.world.issues().pop().unwrap();
    assert!(sealed.key != plain && sealed.description.contains("qzwordsqz"), "{sealed:?}");
    telling.comment(&sealed.key, "qzcommentqz");
    let letters = telling.letters(3);
    let about = |key: &str| -> Vec<String> {
        let read = letters.iter().map(|letter| mail::read(letter.mail.as_bytes(), &mail::Limits::default()).message);
        let about = read.filter(|message| message.headers.subject.contains(key));
        about.map(|message| format!("{}\n{}\n{:?}", message.headers.subject, message.text, message.html)).collect()
    };
    assert!(!about(&sealed.key).is_empty(), "{} letters", letters.len());
    for text in about(&sealed.key) {
        for word in PLANTED.iter().chain(&["qzcommentqz"]) {
            assert!(!text.contains(word), "{word} in {text}");
        }
        assert!(text.contains("Protected: read it in the issue."), "{text}");
    }
}
