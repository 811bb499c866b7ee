//! Messages under passwords, keys of content, several signers, and keys that are taken back.

use super::{Bench, TEXT};
use std::os::unix::fs::PermissionsExt;

/// Types a password wherever the program that it starts asks for one: `sq` takes it from a terminal alone.
const TYPES: &str = r#"
import os, pty, sys
child, terminal = pty.fork()
if child == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
said = b""
while True:
    try:
        read = os.read(terminal, 1024)
    except OSError:
        break
    if not read:
        break
    said += read
    if b"assword" in said:
        os.write(terminal, sys.argv[1].encode() + b"\n")
        said = b""
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"#;

impl Bench {
    #[track_caller]
    fn sq_typing(&self, password: &str, arguments: &[&str]) {
        self.other("python3", &[&["-c", TYPES, password, "sq"], arguments].concat(), b"");
    }

    #[track_caller]
    fn gpg_with(&self, password: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        self.gpg(&[&["--passphrase", password], arguments].concat(), input)
    }
}

#[test]
fn a_message_under_passwords_opens_with_each_of_them() {
    let bench = Bench::open();
    bench.person("ann", "draft-koch-eddsa-for-openpgp-00");
    bench.person("ben", "rfc9580");
    bench.write("first", b"first one\n");
    bench.write("second", "zweites Wörtchen".as_bytes());
    bench.write("wrong", b"first");
    let both = ["--with-password=first", "--with-password=second"];
    for profile in ["default", "rfc4880", "rfc9580"] {
        for certificates in [&[][..], &["ben.cert"]] {
            let profile = format!("--profile={profile}");
            let sealed = bench.good(&[&["encrypt", &profile], &both[..], certificates].concat(), TEXT);
            for password in both {
                assert_eq!(bench.good(&["decrypt", password], &sealed), TEXT, "{profile}");
            }
            for certificate in certificates {
                assert_eq!(bench.good(&["decrypt", &certificate.replace("cert", "key")], &sealed), TEXT);
                // A key that is not meant does not stand in the way of a password, nor does a wrong one.
                let all = ["decrypt", "--with-password=wrong", both[0], "ann.key"];
                assert_eq!(bench.good(&all, &sealed), TEXT);
            }
        }
    }

    // Others read what every program reads, and a new line behind a password is none of it.
    let sealed = bench.good(&["encrypt", "--no-armor", both[0], both[1], "--sign-with=ann.key"], TEXT);
    bench.gpg(&["--import", "ann.cert"], b"");
    assert_eq!(bench.gpg_with("first one", &["--decrypt"], &sealed), TEXT);
    let second = bench.good(&["encrypt", both[1]], TEXT);
    assert_eq!(bench.gpg_with("zweites Wörtchen", &["--decrypt"], &second), TEXT);
    bench.ends(29, &["decrypt", "--with-password=wrong"], &second);
    bench.write("sealed", &sealed);
    bench.sq_typing("first one", &["decrypt", "--signer-cert", "ann.cert", "-n", "1", "-o", "out", "sealed"]);
    assert_eq!(bench.read("out"), TEXT);
    let told = ["--verifications-out=told", "--verify-with=ann.cert"];
    assert_eq!(bench.good(&["decrypt", both[1], told[0], told[1]], &sealed), TEXT);
    assert!(bench.read("told").ends_with(b" mode:binary\n"), "the signature holds for whoever has the password");

    // And the other way round. One says that the blank at the end is part of it.
    let by_gpg = bench.gpg_with("first one", &["--symmetric", "--armor"], TEXT);
    assert_eq!(bench.good(&["decrypt", both[1], both[0]], &by_gpg), TEXT);
    bench.write("blank", b"with a blank ");
    let by_gpg = bench.gpg_with("with a blank ", &["--symmetric"], TEXT);
    assert_eq!(bench.good(&["decrypt", "--with-password=blank"], &by_gpg), TEXT);
    bench.write("text", TEXT);
    bench.sq_typing("first one", &["encrypt", "--symmetric", "--recipient-cert", "ann.cert", "-o", "by-sq", "text"]);
    let by_sq = bench.read("by-sq");
    assert_eq!(bench.good(&["decrypt", "--with-password=first"], &by_sq), TEXT);
    assert_eq!(bench.good(&["decrypt", "ann.key"], &by_sq), TEXT);
    bench.ends(29, &["decrypt", "--with-password=wrong", "ben.key"], &by_sq);
}

#[test]
fn the_key_of_a_content_opens_that_message_and_no_other() {
    let bench = Bench::open();
    bench.person("ann", "draft-koch-eddsa-for-openpgp-00");
    bench.person("ben", "rfc9580");
    bench.gpg(&["--import", "ann.key"], b"");
    bench.write("word", b"a word");
    for (name, to) in [("ann", &["ann.cert"][..]), ("ben", &["ben.cert"]), ("word", &["--with-password=word"])] {
        let (kept, again) = (format!("{name}.made"), format!("{name}.read"));
        let sealed = bench.good(&[&["encrypt", &format!("--session-key-out={kept}")], to].concat(), TEXT);
        let own = if name == "word" { "--with-password=word".to_owned() } else { format!("{name}.key") };
        assert_eq!(bench.good(&["decrypt", &format!("--session-key-out={again}"), &own], &sealed), TEXT);
        let key = bench.read(&kept);
        assert_eq!(bench.read(&again), key, "{name}");
        assert!(key.starts_with(b"9:") && key.ends_with(b"\n") && key.len() == 67, "{name}");
        let mode = std::fs::metadata(bench.path(&kept)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "it is its owner's alone");
        let with = format!("--with-session-key={kept}");
        assert_eq!(bench.good(&["decrypt", &with], &sealed), TEXT);
        assert_eq!(bench.good(&["decrypt", "--with-session-key=ann.made", &with], &sealed), TEXT);
        bench.ends(59, &["decrypt", &format!("--session-key-out={again}"), &own], &sealed);
        bench.write(&format!("{name}.sealed"), &sealed);
        let small = String::from_utf8(key).unwrap().to_lowercase();
        bench.write("small", small.trim_end().as_bytes());
        assert_eq!(bench.good(&["decrypt", "--with-session-key=small"], &sealed), TEXT);
    }
    bench.ends(29, &["decrypt", "--with-session-key=ben.made"], &bench.read("ann.sealed"));
    // Whose message fails to open learns no key.
    bench.ends(29, &["decrypt", "--session-key-out=none", "ben.key"], &bench.read("ann.sealed"));
    assert!(!bench.path("none").exists());

    // With the same numbers others open it, and theirs open what they made.
    let key = String::from_utf8(bench.read("ann.made")).unwrap();
    let (line, digits) = (key.trim_end(), key.trim_end().split_once(':').unwrap().1);
    assert_eq!(bench.gpg(&["--override-session-key", line, "--decrypt"], &bench.read("ann.sealed")), TEXT);
    assert_eq!(bench.other("sq", &["decrypt", "--session-key", digits, "ann.sealed"], b""), TEXT);
    let theirs = bench.gpg(&["-r", "ann@example.com", "--encrypt"], TEXT);
    bench.write("theirs", &theirs);
    let said = bench.run("sq", &["decrypt", "--recipient-key", "ann.key", "--dump-session-key", "theirs"], b"");
    assert_eq!((said.code, said.out.as_slice()), (0, TEXT), "{}", said.said);
    bench.good(&["decrypt", "--session-key-out=known", "ann.key"], &theirs);
    let known = String::from_utf8(bench.read("known")).unwrap();
    assert!(said.said.to_uppercase().contains(known.trim_end().split_once(':').unwrap().1), "{}", said.said);
    assert_eq!(bench.good(&["decrypt", "--with-session-key=known"], &theirs), TEXT);
}

#[test]
fn several_sign_around_a_content() {
    let bench = Bench::open();
    for (name, profile) in [("ann", "draft-koch-eddsa-for-openpgp-00"), ("dee", "rfc4880"), ("ben", "rfc9580")] {
        bench.person(name, profile);
    }
    let told = |bench: &Bench| {
        let told = String::from_utf8(bench.read("told")).unwrap();
        std::fs::remove_file(bench.path("told")).unwrap();
        told.lines().count()
    };
    for form in ["--as=binary", "--as=text", "--as=clearsigned"] {
        let signed = bench.good(&["inline-sign", form, "ann.key", "dee.key", "ben.key"], TEXT);
        let verify = ["inline-verify", "--verifications-out=told"];
        bench.good(&[&verify[..], &["ann.cert", "dee.cert", "ben.cert"]].concat(), &signed);
        assert_eq!(told(&bench), 3, "{form}");
        bench.good(&[&verify[..], &["dee.cert"]].concat(), &signed);
        assert_eq!(told(&bench), 1, "{form}");
        let beside = bench.good(&["inline-detach", "--signatures-out=beside"], &signed);
        let lines = bench.good(&["verify", "beside", "ann.cert", "dee.cert", "ben.cert"], &beside);
        assert_eq!(lines.iter().filter(|byte| **byte == b'\n').count(), 3, "{form}");
        std::fs::remove_file(bench.path("beside")).unwrap();
        // GnuPG and Sequoia 1.12 know no version 6.
        let signed = bench.good(&["inline-sign", form, "ann.key", "dee.key"], TEXT);
        bench.write("signed", &signed);
        let certs = ["--signer-cert", "ann.cert", "--signer-cert", "dee.cert"];
        bench.other("sq", &[&["verify"], &certs[..], &["-n", "2", "signed"]].concat(), b"");
        bench.gpg(&["--import", "ann.cert", "dee.cert"], b"");
        let said = bench.run("gpg", &["--batch", "--status-fd", "2", "--verify", "signed"], b"");
        assert_eq!((said.code, said.said.matches("GOODSIG").count()), (0, 2), "{form}: {}", said.said);
    }
    let signers = ["--sign-with=ann.key", "--sign-with=ben.key", "--sign-with=dee.key"];
    for form in ["--as=binary", "--as=text"] {
        let sealed = bench.good(&[&["encrypt", form], &signers[..], &["ann.cert"]].concat(), TEXT);
        let verify = ["--verifications-out=told", "--verify-with=ann.cert", "--verify-with=ben.cert"];
        bench.good(&[&["decrypt"], &verify[..], &["--verify-with=dee.cert", "ann.key"]].concat(), &sealed);
        assert_eq!(told(&bench), 3, "{form}");
        // As it was called before.
        let verify = ["decrypt", "--verify-out=told", "--verify-with=ben.cert", "ann.key"];
        bench.good(&verify, &sealed);
        assert_eq!(told(&bench), 1, "{form}");
    }
}

#[test]
fn a_key_that_is_taken_back_is_good_for_nothing_once_its_word_is_merged() {
    let bench = Bench::open();
    bench.write("word", b"a good one");
    bench.write("wrong", b"another");
    for (name, profile) in [("ann", "draft-koch-eddsa-for-openpgp-00"), ("dee", "rfc4880"), ("ben", "rfc9580")] {
        bench.person(name, profile);
        let (cert, key, address) = (format!("{name}.cert"), format!("{name}.key"), format!("{name}@example.com"));
        let plain = bench.read(&key);
        let locked = bench.good(&["change-key-password", "--new-key-password=word"], &plain);
        bench.ends(67, &["revoke-key"], &locked);
        bench.ends(67, &["revoke-key", "--with-key-password=wrong"], &locked);
        let passwords = ["--with-key-password=wrong", "--with-key-password=word"];
        let taken_back = bench.good(&["revoke-key", passwords[0], passwords[1]], &locked);
        assert!(taken_back.starts_with(b"-----BEGIN PGP PUBLIC KEY BLOCK-----"), "{name}");
        bench.write("taken-back", &taken_back);
        bench.write("signature", &bench.good(&["sign", &key], TEXT));
        bench.good(&["verify", "signature", &cert], TEXT);
        let merged = bench.good(&["merge-certs", "taken-back"], &bench.read(&cert));
        bench.write("merged", &merged);
        bench.ends(17, &["encrypt", "merged"], TEXT);
        bench.ends(3, &["verify", "signature", "merged"], TEXT);
        assert_eq!(bench.good(&["merge-certs", &cert], &merged), merged, "a revocation is never lost again");
        if name == "ben" {
            continue;
        }
        let said = bench.other("sq", &["inspect"], &merged);
        assert!(String::from_utf8_lossy(&said).contains("Revoked:"), "{name}");
        bench.gpg(&["--import", &cert], b"");
        bench.gpg(&["-r", &address, "--encrypt"], TEXT);
        bench.gpg(&["--import", "taken-back"], b"");
        let always = ["--batch", "--trust-model", "always"];
        assert_ne!(bench.run("gpg", &[&always[..], &["-r", &address, "--encrypt"]].concat(), TEXT).code, 0, "{name}");
    }
    // What GnuPG says of its own key is understood as well, and others in a file change nothing.
    bench.gpg(&["--quick-gen-key", "cem@example.com", "ed25519", "sign", "never"], b"");
    let before = bench.gpg(&["--export", "cem@example.com"], b"");
    bench.write("cem.cert", &before);
    bench.gpg(&["--quick-add-uid", "cem@example.com", "Cem <cem@example.org>"], b"");
    bench.write("cem.later", &bench.gpg(&["--export", "cem@example.com"], b""));
    let merged = bench.good(&["merge-certs", "--no-armor", "ann.cert", "cem.later"], &before);
    assert_eq!(bench.other("sq", &["inspect"], &merged), bench.other("sq", &["inspect"], &bench.read("cem.later")));
    assert_eq!(bench.good(&["merge-certs", "--no-armor"], &merged), merged);
}

#[test]
fn each_wrong_call_with_passwords_keys_and_options_ends_with_its_number() {
    let bench = Bench::open();
    bench.person("ann", "default");
    bench.write("binary", b"\xff\xfe");
    bench.write("nothing", b" \n");
    for (arguments, code) in [
        (&["encrypt", "--with-password=binary", "ann.cert"][..], 31),
        (&["encrypt", "--with-password=nothing"], 31),
        (&["encrypt", "--with-password=nowhere"], 61),
        (&["encrypt", "--with-session-key=binary", "ann.cert"], 37),
        (&["encrypt", "--profile=none", "ann.cert"], 89),
        (&["encrypt", "--session-key-out=binary", "ann.cert"], 59),
        (&["decrypt"], 19),
        (&["decrypt", "--with-session-key=binary"], 41),
        (&["revoke-key"], 41),
        (&["merge-certs", "ann.cert"], 41),
        (&["merge-certs", "ann.key"], 41),
        (&["update-key"], 69),
        (&["version", "extra"], 37),
        (&["extract-cert", "ann.key"], 37),
        (&["generate-key", "--no-armor=yes"], 37),
        (&["encrypt", "--as", "binary", "ann.cert"], 19),
        (&["decrypt", "--verify-with", "ann.cert", "ann.key"], 19),
        (&["inline-verify", "--verifications-out", "ann.cert"], 19),
    ] {
        bench.ends(code, arguments, b"text");
    }
}
