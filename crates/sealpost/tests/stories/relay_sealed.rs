//! A wiki's mail goes through the relay by rules, and is opened by programs that we did not write.

use super::relay::{PASSWORD, dovecot, holding, submit, with_relay};
use super::world::{PROGRAM, World, told};
use rig::dovecot::Dovecot;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const RULES: &str = r#"version = 1

[default]
encrypt = "always"
sign = "when_possible"
fallback = "problem_report"

[[recipient]]
addresses = ["bob@people.example"]
scheme = "pgp_only"

[[recipient]]
addresses = ["dan@people.example"]
fallback = "do_not_send"
"#;

/// A folder in which other programs make keys.
pub(super) struct Bench {
    pub(super) dir: PathBuf,
}

impl Bench {
    #[track_caller]
    pub(super) fn run(&self, program: &str, args: &[&str]) -> Vec<u8> {
        let mut command = Command::new(program);
        command.args(args).current_dir(&self.dir).env("GNUPGHOME", self.dir.join("gnupg"));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{program} {args:?}: {}", told(&output));
        output.stdout
    }

    /// A certificate `NAME.pem` for mail of this address, by the authority whose `ca.pem` is there, or signed by itself.
    pub(super) fn certificate(&self, name: &str, address: &str, is_of_authority: bool) {
        let extensions = format!(
            "[v3]\nsubjectAltName = email:{address}\nkeyUsage = critical, digitalSignature, keyEncipherment\n\
             extendedKeyUsage = emailProtection\nbasicConstraints = CA:FALSE\n"
        );
        fs::write(self.dir.join("v3.cnf"), extensions).unwrap();
        let (key, request, certificate) = (format!("{name}.key"), format!("{name}.csr"), format!("{name}.pem"));
        let ask = ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", &key, "-out", &request];
        self.run("openssl", &[&ask[..], &["-subj", &format!("/CN={name}")]].concat());
        let by: &[&str] = match is_of_authority {
            true => &["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"],
            false => &["-signkey", &key],
        };
        let sign = ["x509", "-req", "-in", &request, "-extfile", "v3.cnf", "-extensions", "v3", "-days", "30"];
        self.run("openssl", &[&sign[..], &["-out", &certificate], by].concat());
    }

    /// An authority, `ca.pem`.
    pub(super) fn authority(&self) {
        let ca = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem"];
        self.run("openssl", &[&ca[..], &["-subj", "/CN=House CA", "-days", "30"]].concat());
    }

    /// Ann with a certificate of OpenSSL, and Bob with a key of GnuPG; the authority is trusted. Ours is for the wiki.
    pub(super) fn make_keys(&self, keys: &Path) {
        self.make_keys_for(keys, "wiki@example.org");
    }

    /// The same with a key of ours for this address, of which others find the certificate in `own.pem`.
    pub(super) fn make_keys_for(&self, keys: &Path, own: &str) {
        self.authority();
        self.certificate("ann", "ann@people.example", true);
        fs::create_dir(self.dir.join("gnupg")).unwrap();
        fs::set_permissions(self.dir.join("gnupg"), fs::Permissions::from_mode(0o700)).unwrap();
        let batch = [
            "--batch",
            "--passphrase",
            "",
            "--quick-generate-key",
            "Bob <Bob@people.example>",
            "future-default",
            "default",
            "1y",
        ];
        self.run("gpg", &batch);
        fs::write(self.dir.join("bob.asc"), self.run("gpg", &["--armor", "--export", "Bob@people.example"])).unwrap();
        let folder = keys.to_str().unwrap();
        self.run(PROGRAM, &["key", "import", "--keys", folder, "--as", "people", "ann.pem", "bob.asc"]);
        self.run(PROGRAM, &["key", "import", "--keys", folder, "--as", "trusted", "ca.pem"]);
        self.run(PROGRAM, &["key", "generate", "--keys", folder, "--address", own]);
        fs::write(self.dir.join("own.pem"), self.run(PROGRAM, &["key", "export-public", "--keys", folder, own]))
            .unwrap();
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf").args(["--kill", "all"]).env("GNUPGHOME", self.dir.join("gnupg")).output();
    }
}

fn only_mail(dovecot: &Dovecot, person: &str) -> String {
    let mails = dovecot.mails(person);
    let [arrived] = &mails[..] else { panic!("{person} has {} mails", mails.len()) };
    let text = String::from_utf8_lossy(arrived).into_owned();
    for planted in ["lanted-words", "lanted-title", "UGxhbnRlZC"] {
        assert!(person.starts_with("eve") || !text.contains(planted), "{person} reads {planted}: {text}");
    }
    text
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn priv_18_a_wiki_s_mail_arrives_sealed_and_opens_with_openssl_and_gpg() {
    let (dovecot, lmtp) = dovecot();
    let mut world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench { dir: folder.path().to_owned() };
    let keys = world.home.file("keys");
    bench.make_keys(&keys);
    fs::write(world.home.file("sealing.toml"), RULES).unwrap();
    let sealing = [("seal", "rules"), ("rules", "sealing.toml"), ("keys", "keys")];
    let relay = with_relay(&mut world.home, "lmtp", lmtp.port(), &sealing);
    let gateway = world.home.start();

    let people = ["ann@people.example", "bob@people.example", "carl@people.example"];
    let heard = submit(&world.home, relay, PASSWORD, &people);
    assert!(heard.starts_with("accepted []"), "{heard} {}", gateway.log());

    let ann = only_mail(&dovecot, people[0]);
    assert!(ann.contains("Subject: [...]") && ann.contains("Message-ID: <page-1@wiki.example>"), "{ann}");
    fs::write(bench.dir.join("ann.eml"), &ann).unwrap();
    bench.run(
        "openssl",
        &["cms", "-decrypt", "-in", "ann.eml", "-recip", "ann.pem", "-inkey", "ann.key", "-out", "ann.inner"],
    );
    let verify = ["cms", "-verify", "-in", "ann.inner", "-CAfile", "own.pem", "-purpose", "any", "-out", "ann.txt"];
    bench.run("openssl", &verify);
    let inner = fs::read_to_string(bench.dir.join("ann.txt")).unwrap();
    assert!(inner.contains("Planted-words of a page.") && inner.contains("Subject: [Wiki] Planted-title"), "{inner}");

    let bob = only_mail(&dovecot, people[1]);
    let armored = &bob[bob.find("-----BEGIN PGP MESSAGE-----").expect("a message")..];
    fs::write(bench.dir.join("bob.asc"), armored).unwrap();
    let opened = bench.run("gpg", &["--batch", "--decrypt", "bob.asc"]);
    assert!(String::from_utf8_lossy(&opened).contains("Planted-words of a page."));

    let carl = only_mail(&dovecot, people[2]);
    assert!(
        carl.contains("Auto-Submitted: auto-replied") && carl.contains("From: \"Wiki\" <wiki@example.org>"),
        "{carl}"
    );

    let heard = submit(&world.home, relay, PASSWORD, &["dan@people.example"]);
    assert!(heard.starts_with("refused") && heard.contains("550"), "{heard}");
    assert_eq!(dovecot.mails("dan@people.example").len(), 0);
    why_is_logged(&gateway.log());

    let metrics = gateway.metrics();
    assert_eq!(metrics.sum("sealpost_relay_fates_total", &["fate=\"plain\""]), 0, "{metrics:?}");
    drop(gateway);
    let planted = ["planted-words", "planted-title", "page-1@wiki", "carl@people.example"];
    let left: Vec<String> =
        holding(world.home.data(), &planted).into_iter().chain(holding(&world.home.file(""), &planted)).collect();
    assert_eq!(left, Vec::<String>::new(), "data, log and output");
}

/// Why is in the log: the fate, the rule by its number, the code; and nobody's address.
fn why_is_logged(log: &str) {
    let told: Vec<&str> = log.lines().filter(|line| line.contains("some do not get the mail itself")).collect();
    let [notice, refusal] = &told[..] else { panic!("{told:?}") };
    for (line, parts) in [
        (notice, ["\"notice\"", "encrypt = always (default); fallback = problem_report (default)", "250"]),
        (refusal, ["\"refuse\"", "fallback = do_not_send (recipient[2])", "550"]),
    ] {
        assert!(parts.iter().all(|part| line.contains(part)) && !line.contains('@'), "{line}");
    }
}

/// What a gateway says that does not start with such a relay.
async fn refused(rules: &str, keys: &str) -> String {
    let mut world = World::start().await;
    fs::write(world.home.file("sealing.toml"), rules).unwrap();
    with_relay(&mut world.home, "smtp", 1, &[("seal", "rules"), ("rules", "sealing.toml"), ("keys", keys)]);
    let mut gateway = world.home.spawn(&[]);
    assert!(gateway.wait_until_ready().is_err());
    gateway.log()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_without_its_folder_of_keys_does_not_start() {
    // Mail would be taken for mail to people without any.
    let log = refused("version = 1\n", "kyes").await;
    assert!(log.contains("kyes") && log.contains("`keys`"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_with_wrong_rules_does_not_start() {
    let log = refused("version = 1\n[default]\nencrypt = \"sometimes\"\n", "keys").await;
    assert!(log.contains("sealing.toml") && log.contains("sometimes") && log.contains("always"), "{log}");
}
