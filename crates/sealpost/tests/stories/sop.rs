//! `sealpost sop` as public suites call it, with GnuPG and Sequoia on the other side.

mod messages;

use super::world::PROGRAM;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use tempfile::TempDir;

const TEXT: &[u8] = b"Meet at noon.\r\n- Bring the key.\r\nGr\xc3\xbc\xc3\x9fe\r\n";

/// What came of a call.
struct Done {
    code: i32,
    out: Vec<u8>,
    said: String,
}

/// A folder, in which a home of GnuPG is.
struct Bench(TempDir);

impl Bench {
    fn open() -> Bench {
        let bench = Bench(tempfile::tempdir().unwrap());
        std::fs::DirBuilder::new().mode(0o700).create(bench.path("home")).unwrap();
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    fn run(&self, program: &str, arguments: &[&str], input: &[u8]) -> Done {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(self.0.path()).env("GNUPGHOME", self.path("home"));
        command.env("SOP_PASSWORD", "a good one").env("SOP_TEXT", "text");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("it starts");
        let mut to = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || {
            // One that ends without reading is no failure of ours.
            let _ = to.write_all(&input);
        });
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Done { code: output.status.code().unwrap(), out: output.stdout, said }
    }

    fn sop(&self, arguments: &[&str], input: &[u8]) -> Done {
        self.run(PROGRAM, &[&["sop"], arguments].concat(), input)
    }

    #[track_caller]
    fn good(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let done = self.sop(arguments, input);
        assert_eq!(done.code, 0, "sop {arguments:?}: {}", done.said);
        done.out
    }

    #[track_caller]
    fn ends(&self, code: i32, arguments: &[&str], input: &[u8]) {
        let done = self.sop(arguments, input);
        assert_eq!(done.code, code, "sop {arguments:?}: {}", done.said);
        assert!(done.out.is_empty() && done.said.starts_with("sealpost sop: "), "{arguments:?}: {}", done.said);
    }

    #[track_caller]
    fn other(&self, program: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let done = self.run(program, arguments, input);
        assert_eq!(done.code, 0, "{program} {arguments:?}: {}", done.said);
        done.out
    }

    #[track_caller]
    fn gpg(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let always = ["--batch", "--yes", "--trust-model", "always", "--pinentry-mode", "loopback", "--passphrase", ""];
        self.other("gpg", &[&always[..], arguments].concat(), input)
    }

    /// `NAME.key` and `NAME.cert`.
    fn person(&self, name: &str, profile: &str) {
        let id = format!("{name} <{name}@example.com>");
        let key = self.good(&["generate-key", &format!("--profile={profile}"), &id], b"");
        self.write(&format!("{name}.cert"), &self.good(&["extract-cert"], &key));
        self.write(&format!("{name}.key"), &key);
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf").arg("--homedir").arg(self.path("home")).args(["--kill", "all"]).status();
    }
}

#[test]
fn what_is_signed_is_verified_and_nothing_else_is() {
    let bench = Bench::open();
    bench.person("ann", "default");
    bench.person("ben", "rfc9580");
    bench.write("signature", &bench.good(&["sign", "--micalg-out=micalg", "ann.key"], TEXT));
    assert_eq!(bench.read("micalg"), b"pgp-sha256");
    let line = String::from_utf8(bench.good(&["verify", "signature", "ben.cert", "ann.cert"], TEXT)).unwrap();
    let words: Vec<&str> = line.trim_end().split(' ').collect();
    assert!(words.len() == 4 && words[0].ends_with('Z') && words[1] == words[2] && words[3] == "mode:binary", "{line}");
    bench.ends(3, &["verify", "signature", "ann.cert"], b"other");
    bench.ends(3, &["verify", "signature", "ben.cert"], TEXT);
    bench.ends(3, &["verify", "--not-after=2020-01-01T00:00:00Z", "signature", "ann.cert"], TEXT);
    bench.ends(3, &["verify", "--not-before=2100-01-01T00:00:00Z", "signature", "ann.cert"], TEXT);
    bench.ends(19, &["verify", "signature"], TEXT);
    bench.ends(59, &["sign", "--micalg-out=micalg", "ann.key"], TEXT);

    // Two keys make two signatures; a text may change how its lines end.
    bench.write("both", &bench.good(&["sign", "--as=text", "ann.key", "ben.key"], TEXT));
    let unix: Vec<u8> = TEXT.iter().copied().filter(|byte| *byte != b'\r').collect();
    let told = String::from_utf8(bench.good(&["verify", "both", "ann.cert", "ben.cert"], &unix)).unwrap();
    assert_eq!(told.matches("mode:text\n").count(), 2, "{told}");
    bench.ends(3, &["verify", "signature", "ann.cert"], &unix);
    bench.ends(53, &["sign", "--as=text", "ann.key"], b"\xff");

    for form in ["--as=clearsigned", "--as=binary", "--as=text"] {
        let signed = bench.good(&["inline-sign", form, "ann.key"], TEXT);
        let text = bench.good(&["inline-verify", "--verifications-out=told", "ann.cert"], &signed);
        assert!(text.starts_with(b"Meet at noon.\r\n- Bring"), "{form}");
        assert_eq!(bench.read("told").iter().filter(|byte| **byte == b'\n').count(), 1, "{form}");
        bench.ends(3, &["inline-verify", "ben.cert"], &signed);
        let beside = bench.good(&["inline-detach", "--signatures-out=beside"], &signed);
        assert_eq!(beside, text);
        bench.good(&["verify", "beside", "ann.cert"], &beside);
        for file in ["told", "beside"] {
            std::fs::remove_file(bench.path(file)).unwrap();
        }
    }
    bench.ends(83, &["inline-sign", "--as=clearsigned", "--no-armor", "ann.key"], TEXT);
    bench.ends(41, &["inline-verify", "ann.cert"], b"words");
    bench.ends(19, &["inline-detach"], b"words");
}

#[test]
fn what_is_encrypted_opens_for_its_recipients_alone() {
    let bench = Bench::open();
    for (name, profile) in [("ann", "default"), ("ben", "rfc9580"), ("cem", "rfc9980"), ("dee", "rfc4880")] {
        bench.person(name, profile);
    }
    let sealed = bench.good(&["encrypt", "--sign-with=ann.key", "ann.cert", "ben.cert", "dee.cert"], TEXT);
    for (at, who) in ["ann.key", "ben.key", "dee.key"].into_iter().enumerate() {
        let told = format!("told-{at}");
        let out = format!("--verifications-out={told}");
        assert_eq!(bench.good(&["decrypt", &out, "--verify-with=ann.cert", who], &sealed), TEXT);
        assert!(bench.read(&told).ends_with(b" mode:binary\n"), "{who}");
    }
    let out = ["--verifications-out=unsure", "--verify-with=ben.cert"];
    assert_eq!(bench.good(&["decrypt", out[0], out[1], "ann.key"], &sealed), TEXT);
    assert_eq!(bench.read("unsure"), b"", "a signature of another proves nothing");
    bench.ends(59, &["decrypt", out[0], out[1], "ann.key"], &sealed);
    bench.ends(23, &["decrypt", out[1], "ann.key"], &sealed);
    bench.ends(29, &["decrypt", "cem.key"], &sealed);
    let to_cem = bench.good(&["encrypt", "cem.cert"], TEXT);
    assert_eq!(bench.good(&["decrypt", "ann.key", "cem.key"], &to_cem), TEXT);

    let packets = bench.good(&["dearmor"], &sealed);
    assert_eq!(bench.good(&["armor"], &packets), sealed);
    assert_eq!(bench.good(&["dearmor"], &packets), packets);
    let mut changed = packets.clone();
    *changed.last_mut().unwrap() ^= 1;
    bench.ends(29, &["decrypt", "ann.key"], &changed);
    bench.ends(41, &["decrypt", "ann.key"], &bench.good(&["inline-sign", "ann.key"], TEXT));
}

#[test]
fn each_wrong_call_ends_with_the_number_that_the_draft_has_for_it() {
    let bench = Bench::open();
    bench.person("ann", "default");
    bench.write("@ENV:SOP_TEXT", b"");
    bench.write("binary", b"\xff\xfe");
    for (arguments, code) in [
        (&["frobnicate"][..], 69),
        (&[], 69),
        (&["sign", "--unknown", "ann.key"], 37),
        (&["encrypt", "--as=clearsigned", "ann.cert"], 37),
        (&["sign"], 19),
        (&["encrypt"], 19),
        (&["sign", "nowhere"], 61),
        (&["sign", "@ENV:NOBODY_SET_THIS"], 61),
        (&["sign", "@XX:1"], 71),
        (&["sign", "@ENV:SOP_TEXT"], 73),
        (&["generate-key", "--profile=none", "x"], 89),
        (&["list-profiles", "sign"], 89),
        (&["generate-key", "--with-key-password=binary", "x"], 31),
        (&["version", "--backend", "--extended"], 83),
        (&["encrypt", "ann.key"], 41),
        (&["extract-cert"], 41),
        (&["armor"], 41),
        (&["dearmor"], 41),
    ] {
        bench.ends(code, arguments, b"text");
    }
    let locked = bench.good(&["generate-key", "--with-key-password=@ENV:SOP_PASSWORD", "Cem <cem@example.com>"], b"");
    bench.write("cem.key", &locked);
    bench.write("cem.cert", &bench.good(&["extract-cert"], &locked));
    bench.ends(67, &["sign", "cem.key"], b"text");
    bench.good(&["sign", "--with-key-password=@ENV:SOP_PASSWORD", "cem.key"], b"text");
    let sealed = bench.good(&["encrypt", "cem.cert"], b"text");
    bench.ends(67, &["decrypt", "cem.key"], &sealed);
    assert_eq!(bench.good(&["decrypt", "--with-key-password=@ENV:SOP_PASSWORD", "cem.key"], &sealed), b"text");

    // A certificate whose every key has ended takes nothing, and signs nothing.
    bench.gpg(
        &["--faked-system-time", "20200101T000000", "--quick-gen-key", "old@example.com", "rsa2048", "sign", "1d"],
        b"",
    );
    bench.write("old.key", &bench.gpg(&["--export-secret-keys", "old@example.com"], b""));
    bench.write("old.cert", &bench.gpg(&["--export", "old@example.com"], b""));
    bench.ends(17, &["encrypt", "old.cert"], b"text");
    bench.ends(79, &["sign", "old.key"], b"text");

    let said = |arguments: &[&str]| String::from_utf8(bench.good(arguments, b"")).unwrap();
    assert!(said(&["version"]).starts_with("sealpost "));
    assert!(said(&["version", "--sop-spec"]).starts_with("~draft-dkg-openpgp-stateless-cli-"));
    assert_eq!(said(&["version", "--sopv"]), "1.0\n");
    assert!(said(&["version", "--backend"]).starts_with("rPGP "));
    for line in said(&["list-profiles", "generate-key"]).lines().filter(|line| !line.starts_with("rsa4096")) {
        let profile = format!("--profile={}", line.split_once(": ").expect("name: words").0);
        let key = bench.good(&["generate-key", "--no-armor", &profile, "One <one@example.com>", "Two"], b"");
        assert!(!bench.good(&["extract-cert"], &key).is_empty());
    }
}

#[test]
fn a_key_for_signing_only_signs_and_nobody_encrypts_for_it() {
    let bench = Bench::open();
    bench.write("text", TEXT);
    for profile in ["default", "rfc4880", "rfc9580"] {
        let (form, locked) = (format!("--profile={profile}"), "--with-key-password=@ENV:SOP_PASSWORD");
        let key = bench.good(&["generate-key", "--signing-only", &form, locked, "Ann <ann@example.com>"], b"");
        bench.write("key", &key);
        bench.write("cert", &bench.good(&["extract-cert"], &key));
        bench.write("signature", &bench.good(&["sign", locked, "key"], TEXT));
        bench.good(&["verify", "signature", "cert"], TEXT);
        bench.ends(17, &["encrypt", "cert"], TEXT);
        // Version 6 is not for GnuPG 2.2.
        if profile != "rfc9580" {
            bench.gpg(&["--import", "cert"], b"");
            bench.gpg(&["--verify", "signature", "text"], b"");
        }
    }
}

#[test]
fn gnupg_and_sequoia_read_what_it_writes_and_it_reads_what_they_write() {
    let bench = Bench::open();
    bench.person("ann", "default");
    bench.write("text", TEXT);
    let sealed = bench.good(&["encrypt", "--sign-with=ann.key", "ann.cert"], TEXT);
    bench.write("sealed", &sealed);
    bench.write("signature", &bench.good(&["sign", "ann.key"], TEXT));
    bench.write("clear", &bench.good(&["inline-sign", "--as=clearsigned", "ann.key"], TEXT));

    bench.gpg(&["--import", "ann.key"], b"");
    assert_eq!(bench.gpg(&["--decrypt"], &sealed), TEXT);
    bench.gpg(&["--verify", "signature", "text"], b"");
    bench.gpg(&["--verify", "clear"], b"");
    let (key, cert) = (["--recipient-key", "ann.key"], ["--signer-cert", "ann.cert"]);
    assert_eq!(bench.other("sq", &[&["decrypt"], &key[..], &cert, &["-n", "1", "sealed"]].concat(), b""), TEXT);
    bench.other("sq", &[&["verify"], &cert[..], &["--detached", "signature", "text"]].concat(), b"");

    let by_gpg = bench.gpg(&["--armor", "--sign", "--encrypt", "-r", "ann@example.com"], TEXT);
    let by_sq = bench.other("sq", &["encrypt", "--signer-key", "ann.key", "--recipient-cert", "ann.cert", "text"], b"");
    for (name, sealed) in [("gpg", by_gpg), ("sq", by_sq)] {
        let told = format!("{name}-told");
        let out = format!("--verifications-out={told}");
        assert_eq!(bench.good(&["decrypt", &out, "--verify-with=ann.cert", "ann.key"], &sealed), TEXT, "{name}");
        assert!(!bench.read(&told).is_empty(), "the signature of {name} holds");
    }
    bench.write("by-gpg", &bench.gpg(&["--detach-sign"], TEXT));
    bench.good(&["verify", "by-gpg", "ann.cert"], TEXT);
    bench.write("by-sq", &bench.other("sq", &["sign", "--detached", "--signer-key", "ann.key", "text"], b""));
    bench.good(&["verify", "by-sq", "ann.cert"], TEXT);
    let inline = bench.gpg(&["--clearsign"], TEXT);
    assert!(bench.good(&["inline-verify", "ann.cert"], &inline).starts_with(b"Meet at noon."));
}

#[test]
fn a_key_changes_its_password_and_nothing_else_and_gnupg_goes_by_the_new_one() {
    let bench = Bench::open();
    for (name, profile) in [("ann", "draft-koch-eddsa-for-openpgp-00"), ("rsa", "rfc4880"), ("new", "rfc9580")] {
        let user = format!("{name} <{name}@example.org>");
        let plain = bench.good(&["generate-key", &format!("--profile={profile}"), &user], b"");
        let cert = bench.good(&["extract-cert"], &plain);
        bench.write("cert", &cert);
        bench.write("first", b"first one");
        bench.write("second", b"second one");
        let first = bench.good(&["change-key-password", "--new-key-password=first"], &plain);
        let wrong = ["change-key-password", "--old-key-password=second", "--new-key-password=second"];
        bench.ends(67, &wrong, &first);
        let change = [
            "change-key-password",
            "--old-key-password=second",
            "--old-key-password=first",
            "--new-key-password=second",
        ];
        let second = bench.good(&change, &first);
        assert_eq!(bench.good(&["extract-cert"], &second), cert, "nothing else of it changed");
        bench.write("key", &second);
        bench.ends(67, &["sign", "--with-key-password=first", "key"], TEXT);
        let signature = bench.good(&["sign", "--with-key-password=second", "key"], TEXT);
        bench.write("signature", &signature);
        bench.good(&["verify", "signature", "cert"], TEXT);
        let open = bench.good(&["change-key-password", "--old-key-password=second"], &second);
        assert_eq!(bench.good(&["dearmor"], &open), bench.good(&["dearmor"], &plain));
        // Version 6 is not for GnuPG 2.2.
        if profile == "rfc9580" {
            continue;
        }
        let passphrase = |word: &'static str| ["--batch", "--yes", "--pinentry-mode", "loopback", "--passphrase", word];
        bench.other("gpg", &[&passphrase("second one")[..], &["--import", "key"]].concat(), b"");
        let sign = [&passphrase("second one")[..], &["--armor", "--detach-sign", "-u", &user]].concat();
        bench.write("theirs", &bench.other("gpg", &sign, TEXT));
        bench.good(&["verify", "theirs", "cert"], TEXT);
    }
    bench.ends(41, &["change-key-password"], b"no key");
}
