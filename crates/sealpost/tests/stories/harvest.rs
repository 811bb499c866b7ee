//! Keys that come with mail made by programs that we did not write: what is kept, what waits for a word, and how the next letters leave.

use super::events::{self, SITE};
use super::letters::post_by;
use super::pages::Person;
use super::relay_sealed::Bench;
use super::world::{PROGRAM, World, lines, told};
use rig::gateway::Gateway;
use rig::post_office::PostOffice;
use rig::settings_file::quoted;
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const FROM: &str = "support@desk.example";
const ANN: &str = "ann@people.example";
const BOB: &str = "bob@people.example";

/// Of issues that mails made nobody is told: their letters would wait for the very keys that are looked at here.
const MAPPINGS: &str = "[default]\nurgent = true\naudience = []\n[[mapping]]\nname = \"new\"\nevents = [\"created\"]\n\
    when = 'summary.startsWith(\"Planted\")'\naddresses = [\"ann@people.example\", \"bob@people.example\"]\n";
/// Nothing leaves readable; Bob reads OpenPGP.
const RULES: &str = "version = 1\n[default]\nencrypt = \"always\"\nfallback = \"hold\"\nsign = \"never\"\n\
    [[recipient]]\naddresses = [\"bob@people.example\"]\nscheme = \"pgp_only\"\n";

/// A gateway whose mailbox keeps keys, an authority, and people with programs of their own.
struct Stage {
    world: World,
    gateway: Gateway,
    office: PostOffice,
    bench: Bench,
    mails: u32,
    _folder: TempDir,
}

impl Stage {
    async fn set(rules: &str) -> Stage {
        let (folder, office) = (tempfile::tempdir().unwrap(), PostOffice::open());
        let bench = Bench { dir: folder.path().to_owned() };
        bench.authority();
        fs::create_dir(bench.dir.join("gnupg")).unwrap();
        fs::set_permissions(bench.dir.join("gnupg"), fs::Permissions::from_mode(0o700)).unwrap();
        let (mut world, _) = events::hearing().await;
        post_by(&mut world.home, FROM, &office);
        let keys = world.home.file("keys");
        bench.run(PROGRAM, &["key", "import", "--keys", keys.to_str().unwrap(), "--as", "trusted", "ca.pem"]);
        fs::write(world.home.file("sealing.toml"), rules).unwrap();
        fs::write(world.home.file("mappings.toml"), MAPPINGS).unwrap();
        let of_site = [("mappings", "mappings.toml"), ("seal", "rules"), ("rules", "sealing.toml"), ("keys", "keys")];
        for (name, value) in of_site {
            world.home.settings.set("[[site]]", name, quoted(value));
        }
        let of_mailbox = [
            ("keys", "keys"),
            ("authenticity", "header"),
            ("authserv_id", "mx.desk.example"),
            ("harvest", "authentic"),
        ];
        for (name, value) in of_mailbox {
            world.home.settings.set("[[mailbox]]", name, quoted(value));
        }
        let gateway = world.home.start();
        let webhook = world.run(&["site", "--config", "sealpost.toml", "webhook", SITE, "--register"]);
        assert!(webhook.status.success(), "{}", told(&webhook));
        Stage { world, gateway, office, bench, mails: 0, _folder: folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.bench.dir.join(name)
    }

    fn stop(&mut self) {
        self.gateway.signal(rustix::process::Signal::TERM);
        assert!(self.gateway.wait_for_end().success());
    }

    fn gpg(&self, args: &[&str]) -> Vec<u8> {
        let quiet = ["--batch", "--yes", "--pinentry-mode", "loopback", "--passphrase", "", "--trust-model", "always"];
        self.bench.run("gpg", &[&quiet[..], args].concat())
    }

    /// A new key of Bob; its fingerprint in small hex.
    fn new_key(&self) -> String {
        self.gpg(&["--quick-generate-key", BOB, "future-default", "default", "1y"]);
        let listed = String::from_utf8(self.gpg(&["--with-colons", "--list-keys", BOB])).unwrap();
        let prints = listed.lines().scan(false, |is_primary, line| {
            let field = |at: usize| line.split(':').nth(at).unwrap_or_default().to_ascii_lowercase();
            let print = (line.starts_with("fpr") && *is_primary).then(|| field(9));
            *is_primary = line.starts_with("pub") || (*is_primary && !line.starts_with("fpr"));
            Some(print)
        });
        prints.flatten().last().unwrap()
    }

    fn public(&self, print: &str) -> String {
        String::from_utf8(self.gpg(&["--armor", "--export", print])).unwrap().replace('\n', "\r\n")
    }

    /// Hands a mail in, whose author the server before us has proved or not, and gives its story.
    async fn mail(&mut self, from: &str, is_proved: bool, entity: &str) -> String {
        self.mails += 1;
        let proof = match is_proved {
            true => "Authentication-Results: mx.desk.example; dmarc=pass header.from=people.example\r\n",
            false => "Authentication-Results: mx.desk.example; dmarc=fail header.from=people.example\r\n",
        };
        let head = format!(
            "{proof}From: <{from}>\r\nTo: <{FROM}>\r\nSubject: A question {number}\r\nMessage-ID: <{number}@people.example>\r\n",
            number = self.mails
        );
        self.world.hand_in(format!("{head}{entity}").as_bytes()).await.unwrap();
        self.gateway.wait_until_quiet();
        let messages = self.world.messages();
        let id = messages[0]["id"].as_str().unwrap();
        told(&self.world.run(&["message", "--config", "sealpost.toml", "show", id]))
    }

    /// Signed by OpenSSL.
    fn signed(&self, name: &str) -> String {
        fs::write(self.file("inner"), "Content-Type: text/plain\r\n\r\nIs it open?\r\n").unwrap();
        let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
        let sign = ["cms", "-sign", "-in", "inner", "-signer", &certificate, "-inkey", &key, "-out", "signed"];
        self.bench.run("openssl", &sign);
        fs::read_to_string(self.file("signed")).unwrap().replace("\r\n", "\n").replace('\n', "\r\n")
    }

    /// `explain` knows the key of Bob that the site keeps, and without its settings nobody's.
    fn explains_by_the_register(&self, print: &str) {
        fs::write(self.world.home.file("mail.eml"), "From: a@desk.example\r\nSubject: a\r\n\r\nwords\r\n").unwrap();
        let words = ["explain", "--rules", "sealing.toml", "--keys", "keys", "--rcpt", BOB, "mail.eml"];
        let explained = |more: &[&str]| {
            let output = self.world.run(&[&words[..], more].concat());
            assert!(output.status.success(), "{}", told(&output));
            lines(&output).remove(0)["recipients"][0].clone()
        };
        let by_register = explained(&["--config", "sealpost.toml", "--site", SITE]);
        assert_eq!(by_register["fate"]["fate"], "seal", "{by_register:#}");
        assert!(by_register["fate"]["encrypt_to"].to_string().contains(print), "{by_register:#}");
        for without in [&["--site", SITE][..], &["--config", "sealpost.toml"]] {
            assert_eq!(explained(without)["fate"]["fate"], "hold", "{without:?}");
        }
        let nowhere = self.world.run(&[&words[..], &["--config", "sealpost.toml", "--site", "nowhere"]].concat());
        assert!(told(&nowhere).contains("nowhere is not the name of a site"), "{}", told(&nowhere));
    }

    fn keys(&self, more: &[&str]) -> Vec<Value> {
        let words = ["key", "list", "--config", "sealpost.toml", "--site", SITE];
        lines(&self.world.run(&[&words[..], more].concat()))
    }

    /// Somebody makes an issue, and the letter about it to this address leaves: as it left, and what its reader sees.
    fn letter(&mut self, to: &str, open: impl Fn(&Stage, &str) -> String) -> (String, String) {
        self.mails += 1;
        let summary = format!("Planted-leak-{}.", self.mails);
        let fields = json!({ "project": { "key": "DEMO" }, "issuetype": { "name": "Task" }, "summary": summary });
        self.world.as_incumbent("/rest/api/3/issue", &json!({ "fields": fields }));
        let (deadline, mut seen) = (Instant::now() + Duration::from_secs(60), 0);
        loop {
            let letters = self.letters(to);
            for letter in &letters[seen..] {
                assert!(!letter.contains("Planted-leak") && !letter.contains("UGxhbnRlZC"), "{letter}");
                let opened = open(self, letter);
                if opened.replace("=\r\n", "").replace("=\n", "").contains(&summary) {
                    return (letter.clone(), opened);
                }
            }
            seen = letters.len();
            assert!(Instant::now() < deadline, "no letter to {to}: {}", self.gateway.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn letters(&self, to: &str) -> Vec<String> {
        let posted = self.office.posted().into_iter().filter(|one| one.rcpt_to.iter().any(|rcpt| rcpt == to));
        posted.map(|one| one.mail).collect()
    }

    /// What Ann reads with this key.
    fn opened_by_openssl(&self, mail: &str, name: &str) -> String {
        fs::write(self.file("letter.eml"), mail).unwrap();
        let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
        let decrypt = ["cms", "-decrypt", "-in", "letter.eml", "-recip", &certificate, "-inkey", &key];
        String::from_utf8(self.bench.run("openssl", &decrypt)).unwrap()
    }

    /// What Bob reads.
    fn opened_by_gpg(&self, mail: &str) -> String {
        let armored = &mail[mail.find("-----BEGIN PGP MESSAGE-----").expect("a message")..];
        fs::write(self.file("letter.asc"), armored).unwrap();
        String::from_utf8(self.gpg(&["--decrypt", "letter.asc"])).unwrap()
    }

    /// For which keys the letter to Bob is, in the words of gpg.
    fn letter_to_bob(&mut self) -> String {
        let (letter, _) = self.letter(BOB, Stage::opened_by_gpg);
        fs::write(self.file("letter.asc"), &letter[letter.find("-----BEGIN PGP MESSAGE-----").unwrap()..]).unwrap();
        String::from_utf8(self.gpg(&["--list-packets", "letter.asc"])).unwrap()
    }

    /// The key id of the part of this key that is encrypted to.
    fn encryption_id(&self, print: &str) -> String {
        let listed = String::from_utf8(self.gpg(&["--with-colons", "--list-keys", print])).unwrap();
        let subkey = listed.lines().find(|line| line.starts_with("sub")).unwrap();
        subkey.split(':').nth(4).unwrap().to_owned()
    }
}

/// A text with a file of keys beside it.
fn with_file(keys: &str) -> String {
    format!(
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=cut\r\n\r\n--cut\r\nContent-Type: text/plain\r\n\r\n\
         My key.\r\n--cut\r\nContent-Type: application/pgp-keys\r\nContent-Disposition: attachment; filename=key.asc\r\n\r\n\
         {keys}\r\n--cut--\r\n"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_signed_a_mail_or_sent_a_key_is_written_to_encrypted() {
    let mut stage = Stage::set(RULES).await;
    stage.bench.certificate("ann", ANN, true);
    // Nobody vouches for the domain: the signature and its authority do.
    let story = stage.mail(ANN, false, &stage.signed("ann")).await;
    assert!(story.contains("it is kept and may be used for letters to the sender"), "{story}");
    let print = stage.new_key();
    let story = stage.mail(BOB, true, &with_file(&stage.public(&print))).await;
    assert!(story.contains(&format!("one of pgp, {}…", &print[..16])), "{story}");

    let kept = stage.keys(&[]);
    let of = |address: &str| kept.iter().find(|one| one["address"] == address).unwrap_or(&Value::Null);
    assert_eq!(of(ANN)["origin"], "harvested", "{kept:#?}");
    assert_eq!(of(BOB)["fingerprint"], print.as_str(), "{kept:#?}");
    let chosen = stage.keys(&["--address", ANN]).pop().unwrap();
    assert_eq!(chosen["chosen"]["origin"], "harvested", "{chosen:#}");

    let (letter, _) = stage.letter(ANN, |stage, letter| stage.opened_by_openssl(letter, "ann"));
    assert!(letter.contains("application/pkcs7-mime"), "{letter}");
    stage.letter_to_bob();

    let coverage = ["key", "coverage", "--config", "sealpost.toml", "--site", SITE, "--addresses"];
    let coverage = lines(&stage.world.run(&coverage)).pop().unwrap();
    assert_eq!((&coverage["reachable"], &coverage["percent"]), (&json!(2), &json!(100)), "{coverage:#}");
    stage.explains_by_the_register(&print);
    let page = Person::sign_in(&stage.world).page(&format!("/keys/coverage?site={SITE}&project=demo"));
    for shown in ["100 %", "2 of 2 can be reached", "Who has letters about DEMO", ANN, BOB, "OpenPGP", "may be used"] {
        assert!(page.contains(shown), "{shown}: {page}");
    }
    let metrics = stage.gateway.metrics();
    assert_eq!(metrics.sum("sealpost_person_keys", &["standing=\"used\""]), 2, "{metrics:?}");
    assert_eq!(metrics.sum("sealpost_harvested_keys_total", &["outcome=\"kept\""]), 2, "{metrics:?}");
    let log = stage.gateway.log();
    assert!(!log.contains(ANN) && !log.contains(BOB) && !log.contains(&print), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_key_waits_in_quarantine_until_somebody_accepts_it() {
    let mut stage = Stage::set(RULES).await;
    let (first, second) = (stage.new_key(), stage.new_key());
    stage.mail(BOB, true, &with_file(&stage.public(&first))).await;
    let story = stage.mail(BOB, true, &with_file(&stage.public(&second))).await;
    assert!(story.contains("it waits in quarantine for somebody's word"), "{story}");
    let packets = stage.letter_to_bob();
    assert!(packets.contains(&stage.encryption_id(&first)), "{packets}");
    assert!(!packets.contains(&stage.encryption_id(&second)), "{packets}");
    let metrics = stage.gateway.metrics();
    assert_eq!(metrics.sum("sealpost_person_keys", &["standing=\"quarantined\""]), 1, "{metrics:?}");

    let waiting = stage.keys(&["--quarantined"]);
    let [one] = &waiting[..] else { panic!("{waiting:#?}") };
    assert_eq!(one["fingerprint"], second.as_str());
    let id = one["id"].as_str().unwrap();
    let accepted = stage.world.run(&["key", "accept", "--config", "sealpost.toml", "--site", SITE, id]);
    assert!(accepted.status.success(), "{}", told(&accepted));
    let packets = stage.letter_to_bob();
    assert!(packets.contains(&stage.encryption_id(&second)), "{packets}");
    assert_eq!(stage.keys(&[]).len(), 1, "what it contradicts is gone");
    let exported = stage.world.run(&["key", "export-public", "--config", "sealpost.toml", "--site", SITE, BOB]);
    assert!(String::from_utf8_lossy(&exported.stdout).contains("BEGIN PGP PUBLIC KEY BLOCK"), "{}", told(&exported));
    let removed = stage.world.run(&["key", "remove", "--config", "sealpost.toml", "--site", SITE, id]);
    assert!(removed.status.success() && stage.keys(&[]).is_empty(), "{}", told(&removed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_a_forged_sender_and_a_private_key_leave_nothing() {
    let mut stage = Stage::set(RULES).await;
    let print = stage.new_key();
    let story = stage.mail(BOB, false, &with_file(&stage.public(&print))).await;
    assert!(story.contains("it is not kept, because nobody vouches that the mail is its sender's"), "{story}");
    stage.bench.certificate("self", BOB, false);
    let story = stage.mail(BOB, false, &stage.signed("self")).await;
    assert!(story.contains("nobody vouches that the mail is its sender's"), "{story}");
    let secret = String::from_utf8(stage.gpg(&["--armor", "--export-secret-keys", &print])).unwrap();
    let story = stage.mail(BOB, true, &with_file(&secret.replace('\n', "\r\n"))).await;
    assert!(story.contains("it holds a private key, of which nothing is ever kept"), "{story}");
    // Ann signs a mail that says it is from Bob.
    stage.bench.certificate("ann", ANN, true);
    let story = stage.mail(BOB, true, &stage.signed("ann")).await;
    assert!(story.contains("it is not for the sender's address"), "{story}");
    let automatic = format!("Auto-Submitted: auto-generated\r\n{}", with_file(&stage.public(&print)));
    let story = stage.mail(BOB, true, &automatic).await;
    assert!(!story.contains("Which key of the sender"), "{story}");
    assert_eq!(stage.keys(&[]), Vec::<Value>::new());
    assert!(stage.letters(BOB).is_empty());
}

/// An older copy of a key does not hide that its owner revoked it (the bug of a peer that deleted before it checked).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_what_a_key_said_once_is_never_less_afterwards() {
    let mut stage = Stage::set(RULES).await;
    let print = stage.new_key();
    let before = stage.public(&print);
    let autocrypt = |key: &str| {
        let lines = key.lines().filter(|line| !line.starts_with("--") && !line.starts_with('=') && !line.is_empty());
        let data = lines.map(|line| format!("\r\n {line}")).collect::<String>();
        format!(
            "Autocrypt: addr={BOB}; prefer-encrypt=mutual; keydata={data}\r\nContent-Type: text/plain\r\n\r\nHello.\r\n"
        )
    };
    stage.mail(BOB, true, &with_file(&before)).await;
    assert_eq!(stage.keys(&["--address", BOB]).pop().unwrap()["chosen"]["fingerprint"], print.as_str());
    let listed = stage.bench.dir.join("gnupg/openpgp-revocs.d").join(format!("{}.rev", print.to_uppercase()));
    let revocation = fs::read_to_string(listed).unwrap().replace(":-----BEGIN", "-----BEGIN");
    fs::write(stage.file("revocation.asc"), &revocation[revocation.find("-----BEGIN").unwrap()..]).unwrap();
    stage.gpg(&["--import", "revocation.asc"]);
    stage.mail(BOB, true, &with_file(&stage.public(&print))).await;
    for older in [with_file(&before), autocrypt(&before)] {
        stage.mail(BOB, true, &older).await;
        let chosen = stage.keys(&["--address", BOB]).pop().unwrap();
        assert_eq!(chosen["chosen"], Value::Null, "{chosen:#}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rules_say_whether_the_proof_of_an_address_suffices() {
    let mut stage = Stage::set(RULES).await;
    stage.bench.certificate("ann", ANN, false);
    let story = stage.mail(ANN, true, &stage.signed("ann")).await;
    assert!(story.contains("it is kept and may be used"), "{story}");
    let chosen = stage.keys(&["--address", ANN]).pop().unwrap();
    assert_eq!(chosen["considered"][0]["why"], "its issuer is not trusted", "{chosen:#}");
    let content = RULES.replacen("[default]\n", "[default]\nproof_suffices = [\"harvested\"]\n", 1);
    fs::write(stage.world.home.file("sealing.toml"), content).unwrap();
    stage.stop();
    stage.gateway = stage.world.home.start();
    stage.letter(ANN, |stage, letter| stage.opened_by_openssl(letter, "ann"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn administrators_import_many_keys_and_each_file_is_reported() {
    let mut stage = Stage::set(RULES).await;
    stage.bench.certificate("ann", ANN, true);
    let print = stage.new_key();
    fs::write(stage.file("bob.asc"), stage.public(&print)).unwrap();
    let secret = stage.gpg(&["--armor", "--export-secret-keys", &print]);
    fs::write(stage.file("bob.secret.asc"), secret).unwrap();
    let files = ["ann.pem", "bob.asc", "bob.secret.asc", "v3.cnf"].map(|name| stage.file(name).display().to_string());
    let words = ["key", "import", "--config", "sealpost.toml", "--site", SITE];
    let told_of = |more: &[&str]| stage.world.run(&[&words[..], more].concat());
    let ran = told_of(&files.each_ref().map(String::as_str));
    assert!(!ran.status.success(), "two of the files are no keys of people");
    let said = lines(&ran);
    assert_eq!(said[0]["items"][0]["outcome"], "imported", "{said:#?}");
    assert_eq!(said[1]["items"][0]["address"], BOB, "{said:#?}");
    assert!(said[2]["error"].as_str().unwrap().contains("private key"), "{said:#?}");
    assert!(said[3]["error"].is_string(), "{said:#?}");
    let again = lines(&told_of(&[files[0].as_str()]));
    assert_eq!(again[0]["items"][0]["outcome"], "known", "{again:#?}");
    let other = lines(&told_of(&["--address", BOB, files[0].as_str()]));
    assert!(other[0]["error"].as_str().unwrap().contains("is not for bob@people.example"), "{other:#?}");
    let chosen = stage.keys(&["--address", BOB]).pop().unwrap();
    assert_eq!(chosen["chosen"]["origin"], "administrator", "{chosen:#}");
    stage.letter_to_bob();
}

/// Between the key and the plan that tells of it: the next run finds the key, and tells the same.
#[cfg(feature = "crash_points")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kill_after_a_key_was_kept_doubles_nothing() {
    let mut stage = Stage::set(RULES).await;
    let (first, second) = (stage.new_key(), stage.new_key());
    stage.mail(BOB, true, &with_file(&stage.public(&first))).await;
    stage.stop();
    for point in engine::crash_point::HARVESTING {
        stage.gateway = stage.world.home.spawn(&[("SEALPOST_CRASH", &format!("{point}:1"))]);
        let _ = stage.gateway.wait_until_ready();
        let mail = format!(
            "Authentication-Results: mx.desk.example; dmarc=pass header.from=people.example\r\nFrom: <{BOB}>\r\nTo: <{FROM}>\r\n\
             Subject: {point}\r\nMessage-ID: <{point}@people.example>\r\n{}",
            with_file(&stage.public(&second))
        );
        stage.world.hand_in(mail.as_bytes()).await.unwrap();
        assert!(!stage.gateway.wait_for_end().success(), "{point}");
        stage.gateway = stage.world.home.start();
        stage.gateway.wait_until_quiet();
        let id = stage.world.messages()[0]["id"].as_str().unwrap().to_owned();
        let story = told(&stage.world.run(&["message", "--config", "sealpost.toml", "show", &id]));
        assert_eq!(story.matches("it waits in quarantine for somebody's word").count(), 1, "{story}");
        assert_eq!(stage.keys(&[]).len(), 2, "{point}");
    }
}
