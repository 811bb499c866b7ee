//! What the folder of keys is told to be: by `key list` and `key show`, by `explain --keys`, and by `check` before any mail comes.

use super::relay::with_relay;
use super::world::{PROGRAM, World, lines, told};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::{Command, Output};
use tempfile::TempDir;

/// A folder of work with a home of GnuPG and an authority; keys stand in `keys`.
struct Bench(TempDir);

impl Bench {
    fn open() -> Bench {
        let bench = Bench(tempfile::tempdir().unwrap());
        fs::DirBuilder::new().mode(0o700).create(bench.path("gnupg")).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, program: &str, args: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.0.path()).env("GNUPGHOME", self.path("gnupg"));
        command.output().unwrap()
    }

    #[track_caller]
    fn made(&self, program: &str, args: &[&str]) -> Vec<u8> {
        let output = self.run(program, args);
        assert!(output.status.success(), "{program} {args:?}: {}", told(&output));
        output.stdout
    }

    #[track_caller]
    fn openssl(&self, words: &str) {
        self.made("openssl", &words.split(' ').collect::<Vec<_>>());
    }

    #[track_caller]
    fn key(&self, code: i32, args: &[&str]) -> Vec<Value> {
        let output = self.run(PROGRAM, &[&["key"], args, &["--keys", "keys"]].concat());
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", told(&output));
        if output.stdout.is_empty() { Vec::new() } else { lines(&output) }
    }

    /// A certificate of OpenPGP that is imported; `at` is when it is made.
    fn pgp(&self, user: &str, words: &[&str]) {
        let batch = ["--batch", "--yes", "--pinentry-mode", "loopback", "--passphrase", ""];
        self.made("gpg", &[&batch[..], words].concat());
        let file = self.path("one.pgp");
        fs::write(&file, self.made("gpg", &["--export", user])).unwrap();
        self.key(0, &["import", "one.pgp"]);
    }

    /// `ca.pem` and `ann.pem`, and lists by which Ann is revoked, `first.crl` in version 1 and `second.crl` in version 2.
    fn with_authority(&self) {
        self.openssl("req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=House -days 30");
        self.openssl("req -new -newkey rsa:2048 -nodes -keyout ann.key -out ann.csr -subj /CN=Ann");
        fs::write(self.path("ext"), "subjectAltName=email:ann@people.example\n").unwrap();
        self.openssl(
            "x509 -req -in ann.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 20 -extfile ext -out ann.pem",
        );
        let database = "[ca]\ndefault_ca=one\n[one]\ndatabase=index\ndefault_md=sha256\ndefault_crl_days=3\n";
        fs::write(self.path("index"), "").unwrap();
        fs::write(self.path("first.cnf"), database).unwrap();
        fs::write(
            self.path("second.cnf"),
            format!("{database}crl_extensions=more\n[more]\nauthorityKeyIdentifier=keyid\n"),
        )
        .unwrap();
        self.openssl("ca -config first.cnf -keyfile ca.key -cert ca.pem -revoke ann.pem");
        for name in ["first", "second"] {
            let (config, out) = (format!("{name}.cnf"), format!("{name}.crl"));
            self.openssl(&format!("ca -gencrl -config {config} -keyfile ca.key -cert ca.pem -out {out}"));
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf").args(["--kill", "all"]).env("GNUPGHOME", self.path("gnupg")).output();
    }
}

fn of<'v>(all: &'v [Value], address: &str) -> &'v Value {
    let found = all.iter().find(|line| line["addresses"].as_array().is_some_and(|all| all.contains(&json!(address))));
    found.unwrap_or_else(|| panic!("{address}: {all:?}"))
}

#[test]
fn keys_of_openpgp_are_listed_with_their_ends_and_what_they_are_for() {
    let bench = Bench::open();
    let old = ["--faked-system-time", "20200101T000000!"];
    bench.pgp("good@people.example", &["--quick-gen-key", "good@people.example", "default", "default", "1y"]);
    bench.pgp("ever@people.example", &["--quick-gen-key", "ever@people.example", "ed25519", "sign", "never"]);
    bench.pgp(
        "ended@people.example",
        &[&old[..], &["--quick-gen-key", "ended@people.example", "rsa2048", "default", "1d"]].concat(),
    );
    bench.pgp("weak@people.example", &["--quick-gen-key", "weak@people.example", "rsa1024", "sign", "never"]);
    let revoked = "gone@people.example";
    bench.made("gpg", &["--batch", "--passphrase", "", "--quick-gen-key", revoked, "default", "default", "1y"]);
    let listed = String::from_utf8(bench.made("gpg", &["--with-colons", "--list-keys", revoked])).unwrap();
    let print = listed.lines().find(|line| line.starts_with("fpr")).unwrap().split(':').nth(9).unwrap().to_owned();
    // GnuPG writes one beside each key, made harmless by a colon.
    let taken_back = fs::read_to_string(bench.path(&format!("gnupg/openpgp-revocs.d/{print}.rev"))).unwrap();
    fs::write(bench.path("back"), taken_back.replace(":-----BEGIN", "-----BEGIN")).unwrap();
    bench.pgp(revoked, &["--import", "back"]);

    let all = bench.key(0, &["list"]);
    let word = |address: &str, name: &str| of(&all, address)[name].clone();
    for (address, valid, signs, encrypts, is_revoked, is_weak) in [
        ("good@people.example", true, true, true, false, false),
        ("ever@people.example", true, true, false, false, false),
        ("ended@people.example", false, false, false, false, false),
        ("weak@people.example", false, false, false, false, true),
        (revoked, false, false, false, true, false),
    ] {
        let found = ["valid_now", "may_sign", "may_encrypt", "revoked", "weak"].map(|name| word(address, name));
        assert_eq!(found, [valid, signs, encrypts, is_revoked, is_weak].map(|one| json!(one)), "{address}: {all:?}");
    }
    assert_eq!(word("ever@people.example", "not_after"), Value::Null);
    assert_eq!(word("ended@people.example", "not_after"), "2020-01-02T00:00:00Z");
    assert_eq!(word("ended@people.example", "why_not"), "it has expired");
    assert_eq!(word("good@people.example", "why_not"), Value::Null);
    let print = word("good@people.example", "fingerprint");
    let shown = &bench.key(0, &["show", print.as_str().unwrap()])[0];
    let keys = shown["keys"].as_array().unwrap();
    assert_eq!(keys[0]["fingerprint"], print);
    let may: Vec<_> = keys.iter().map(|key| (key["may_sign"] == true, key["may_encrypt"] == true)).collect();
    assert_eq!(may, [(true, false), (false, true)], "{shown}");
    assert!(keys[1]["not_after"].is_string() || keys[0]["not_after"].is_string(), "{shown}");
}

#[test]
fn a_list_of_revoked_certificates_is_told_and_one_that_nobody_can_use_stays_out() {
    let bench = Bench::open();
    bench.with_authority();
    bench.key(0, &["import", "--as", "trusted", "ca.pem"]);
    bench.key(0, &["import", "ann.pem"]);
    let before = bench.key(0, &["list"]);
    assert_eq!(of(&before, "ann@people.example")["trust"], "trusted");
    let refused = &bench.key(1, &["import", "--as", "trusted", "first.crl"])[0];
    assert!(refused["error"].as_str().unwrap().contains("version 1"), "{refused}");
    assert_eq!(bench.key(0, &["list"]), before, "nothing of it is kept");

    bench.key(0, &["import", "--as", "trusted", "second.crl"]);
    let all = bench.key(0, &["list"]);
    let ann = of(&all, "ann@people.example");
    assert_eq!((&ann["trust"], &ann["revoked"], &ann["weak"]), (&json!("revoked"), &json!(true), &json!(false)));
    let list = all.iter().find(|line| line["revocation_list"].is_string()).unwrap();
    assert_eq!((&list["revoked"], &list["is_due"], &list["of"]), (&json!(1), &json!(false), &json!("trusted")));
    assert!(list["issuer"].as_str().unwrap().contains("House") && list["next_update"].is_string(), "{list}");
    let shown = &bench.key(0, &["show", &list["revocation_list"].as_str().unwrap()[..16]])[0];
    assert_eq!(shown, list);

    // One that was put there by hand is told, and makes the whole a failure.
    fs::copy(bench.path("first.crl"), bench.path("keys/trusted/by-hand.crl")).unwrap();
    let all = bench.key(1, &["list"]);
    assert!(all.iter().any(|line| line["error"].as_str().is_some_and(|why| why.contains("version 1"))), "{all:?}");
}

/// What `list` shows, in the words of facts; the algorithm of Bob's key as it was `found`, which is that of the part that is used.
fn as_facts(listed: &[Value], found: &Value) -> Value {
    let seconds = |value: &Value| value.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_second();
    let fact = |address: &str, algorithm: Value, bits: Value| {
        let line = of(listed, address);
        json!({
            "fingerprint": line["fingerprint"], "origin": "file", "algorithm": algorithm, "bits": bits, "signs": true,
            "encrypts": true, "trust": "trusted", "not_before_s": seconds(&line["not_before"]),
            "not_after_s": seconds(&line["not_after"]),
        })
    };
    let ann = fact("ann@people.example", json!("rsa"), json!(2048));
    let bob = fact("bob@people.example", found["algorithm"].clone(), found["bits"].clone());
    let own = fact("wiki@example.org", json!("p256"), json!(256));
    json!({
        "recipients": [
            {"recipient": 0, "scheme": "smime", "keys": {"known": [ann]}},
            {"recipient": 1, "scheme": "pgp", "keys": {"known": [bob]}},
        ],
        "own": [{"scheme": "smime", "keys": {"known": [own]}}],
    })
}

#[test]
fn explain_takes_keys_from_the_folder_and_decides_as_it_does_with_facts() {
    let bench = Bench::open();
    bench.with_authority();
    bench.key(0, &["import", "--as", "trusted", "ca.pem"]);
    bench.key(0, &["import", "ann.pem"]);
    bench.pgp("bob@people.example", &["--quick-gen-key", "bob@people.example", "default", "default", "1y"]);
    bench.key(0, &["generate", "--address", "wiki@example.org", "--algorithm", "p256"]);
    let rules = "version = 1\n[default]\nencrypt = \"always\"\nsign = \"always\"\nfallback = \"do_not_send\"\nscheme = \"smime_preferred\"\n\
                 no_signing_key = \"send\"\n";
    fs::write(bench.path("rules.toml"), rules).unwrap();
    fs::write(bench.path("mail"), "From: wiki@example.org\r\nSubject: a\r\n\r\nwords\r\n").unwrap();
    let explained = |words: &[&str]| {
        let people = ["ann", "bob", "eve"].map(|name| format!("--rcpt={name}@people.example"));
        let people: Vec<&str> = people.iter().map(String::as_str).collect();
        let mail = ["--from", "wiki@example.org", "mail"];
        let output = bench.run(PROGRAM, &[&["explain", "--rules", "rules.toml"], words, &people, &mail].concat());
        assert!(output.status.success(), "{}", told(&output));
        lines(&output).remove(0)
    };
    let with_keys = explained(&["--keys", "keys"]);
    let fates: Vec<&str> = (0..3).map(|at| with_keys["recipients"][at]["fate"]["fate"].as_str().unwrap()).collect();
    assert_eq!(fates, ["seal", "seal", "refuse"], "{with_keys}");
    let seals = |at: usize| {
        (&with_keys["recipients"][at]["fate"]["scheme"], with_keys["recipients"][at]["fate"]["sign"].is_string())
    };
    assert_eq!((seals(0), seals(1)), ((&json!("smime"), true), (&json!("pgp"), false)));

    // The same keys as facts: the same plan, word for word, but for the algorithms, of which facts say nothing.
    let found = with_keys["recipients"][1]["trace"]["keys"].as_array().unwrap().last().unwrap();
    fs::write(bench.path("facts.json"), as_facts(&bench.key(0, &["list"]), found).to_string()).unwrap();
    let mut without_algorithms = with_keys.clone();
    for at in 0..2 {
        let steps = without_algorithms["recipients"][at]["trace"]["steps"].as_array_mut().unwrap();
        let told = steps.remove(steps.len() - 2);
        assert!(told.as_str().is_some_and(|told| told.contains(": encrypted with ")), "{told}");
    }
    assert_eq!(explained(&["--facts", "facts.json"]), without_algorithms);

    // Who is revoked by a list in the folder gets nothing.
    bench.key(0, &["import", "--as", "trusted", "second.crl"]);
    assert_eq!(explained(&["--keys", "keys"])["recipients"][0]["fate"]["fate"], "refuse");
    let both = bench
        .run(PROGRAM, &["explain", "--rules", "rules.toml", "--keys", "keys", "--facts", "f", "--rcpt", "a@b", "mail"]);
    assert_eq!(both.status.code(), Some(2));
    let nowhere =
        bench.run(PROGRAM, &["explain", "--rules", "rules.toml", "--keys", "kyes", "--rcpt", "a@b.example", "mail"]);
    assert!(nowhere.status.code() == Some(1) && told(&nowhere).contains("kyes"), "{}", told(&nowhere));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_says_of_a_relay_what_its_rules_and_keys_would_miss() {
    let mut world = World::start().await;
    let bench = Bench::open();
    bench.with_authority();
    let (rules, keys) = (world.home.file("sealing.toml"), world.home.file("keys"));
    let in_folder = |words: &[&str]| {
        bench.made(PROGRAM, &[&["key"], words, &["--keys", keys.to_str().unwrap()]].concat());
    };
    let next = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    with_relay(&mut world.home, "smtp", next.port(), &[("seal", "rules"), ("rules", "sealing.toml"), ("keys", "keys")]);
    let check = || {
        let said = told(&world.run(&["check", "--config", "sealpost.toml"]));
        said.lines().filter(|line| line.contains(" relay wiki")).map(str::to_owned).collect::<Vec<_>>()
    };
    let one = |lines: &[String], what: &str| {
        lines.iter().find(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}: {lines:?}")).clone()
    };
    fs::write(&rules, "version = 1\n[default]\nencrypt = \"sometimes\"\n").unwrap();
    let said = check();
    assert!(one(&said, ", rules").starts_with("DOES NOT") && one(&said, ", rules").contains("sometimes"), "{said:?}");
    assert!(one(&said, ", keys").starts_with("DOES NOT"), "{said:?}");

    fs::write(&rules, "version = 1\n[default]\nencrypt = \"always\"\nsign = \"always\"\n").unwrap();
    in_folder(&["import", "ann.pem"]);
    let said = check();
    assert!(one(&said, ", rules").starts_with("works"), "{said:?}");
    let needs: Vec<&String> = said.iter().filter(|line| line.contains("what rules need")).collect();
    assert!(needs.len() == 2 && needs.iter().all(|line| line.starts_with("DOES NOT")), "{said:?}");
    assert!(one(&said, "no key of ours may sign").contains("sign = \"always\" (default)"), "{said:?}");
    assert!(one(&said, "--as trusted").contains("nobody is trusted"), "{said:?}");

    in_folder(&["import", "--as", "trusted", "ca.pem"]);
    in_folder(&["generate", "--address", "wiki@example.org", "--algorithm", "p256", "--days", "10"]);
    let said = check();
    assert!(!said.iter().any(|line| line.contains("what rules need")), "{said:?}");
    assert!(one(&said, ", keys").contains("1 key of ours, 1 certificate of people, 1 anchor"), "{said:?}");
    let ours = one(&said, "our key");
    // A second or none has passed since it was made.
    let left = ["ends in 9 days", "ends in 10 days"];
    assert!(ours.starts_with("works") && left.iter().any(|left| ours.contains(left)), "{ours}");
    assert!(one(&said, "1 key of people has ended or will within 30 days").starts_with("works"), "{said:?}");
    assert!(one(&said, "relay wiki: ").contains("is free"), "{said:?}");

    // A newer key of the same address takes its place.
    in_folder(&["generate", "--address", "wiki@example.org", "--algorithm", "p384"]);
    assert!(!check().iter().any(|line| line.contains("our key")), "{:?}", check());
    fs::copy(bench.path("first.crl"), keys.join("trusted/by-hand.crl")).unwrap();
    let list = one(&check(), "lists of revoked");
    assert!(list.starts_with("DOES NOT") && list.contains("by-hand.crl") && list.contains("version 1"), "{list}");
}
