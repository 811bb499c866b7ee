//! `sealpost key`: keys are made, taken in, shown and given out, and no private one where it does not belong.

use super::world::{PROGRAM, lines, told};
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

const PASSWORD: &str = "correct horse";

/// A folder of work, with the folder of keys in `keys`.
struct Desk(TempDir);

impl Desk {
    fn open() -> Desk {
        Desk(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, program: &str, args: &[&str]) -> Output {
        let mut command = Command::new(program);
        command
            .args(args)
            .current_dir(self.0.path())
            .env("GNUPGHOME", self.path("gnupg"))
            .env("KEY_PASSWORD", PASSWORD);
        command.output().unwrap()
    }

    #[track_caller]
    fn made(&self, program: &str, args: &[&str]) -> Vec<u8> {
        let output = self.run(program, args);
        assert!(output.status.success(), "{program} {args:?}: {}", told(&output));
        output.stdout
    }

    /// `sealpost key ARGS --keys keys`, and what it wrote; its exit code is this.
    #[track_caller]
    fn key(&self, code: i32, args: &[&str]) -> Vec<Value> {
        let output = self.run(PROGRAM, &[&["key"], args, &["--keys", "keys"]].concat());
        assert_eq!(output.status.code(), Some(code), "{args:?}: {}", told(&output));
        let all = [output.stdout.clone(), output.stderr.clone()].concat();
        assert!(!String::from_utf8_lossy(&all).contains(PASSWORD), "no password is ever shown");
        if output.stdout.is_empty() { Vec::new() } else { lines(&output) }
    }

    /// Every file of the folder of keys.
    fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for shelf in ["own", "people", "trusted"] {
            let listed = fs::read_dir(self.path("keys").join(shelf)).into_iter().flatten();
            files.extend(listed.map(|entry| entry.unwrap().path()));
        }
        files.sort();
        files
    }

    /// Of an authority `ca.pem`, and `ann.key` and `ann.pem` for an address.
    fn with_ann(&self) {
        self.self_signed("ca", "email:ca@example.com");
        self.made(
            "openssl",
            &[
                "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", "ann.key", "-subj", "/CN=Ann", "-out",
                "ann.csr",
            ],
        );
        self.certified("ann.csr", "ann.pem", "ann@example.com");
        self.made(
            "openssl",
            &[
                "pkcs12",
                "-export",
                "-in",
                "ann.pem",
                "-inkey",
                "ann.key",
                "-certfile",
                "ca.pem",
                "-out",
                "ann.p12",
                "-passout",
                "env:KEY_PASSWORD",
            ],
        );
    }

    fn self_signed(&self, name: &str, names: &str) {
        let (key, out) = (format!("{name}.key"), format!("{name}.pem"));
        let names = format!("subjectAltName={names}");
        let words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"];
        self.made(
            "openssl",
            &[&words[..], &["-keyout", &key, "-out", &out, "-subj", "/CN=N", "-addext", &names]].concat(),
        );
    }

    fn certified(&self, request: &str, out: &str, address: &str) {
        fs::write(self.path("extensions"), format!("subjectAltName=email:{address}\n")).unwrap();
        self.made(
            "openssl",
            &[
                "x509",
                "-req",
                "-in",
                request,
                "-CA",
                "ca.pem",
                "-CAkey",
                "ca.key",
                "-CAcreateserial",
                "-days",
                "30",
                "-extfile",
                "extensions",
                "-out",
                out,
            ],
        );
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} of {value}"))
}

#[test]
fn a_key_that_is_made_works_elsewhere_and_stays_under_its_password() {
    let desk = Desk::open();
    let words = ["generate", "--address", "support@example.org", "--name", "Support", "--algorithm", "p256"];
    let made = &desk.key(0, &[&words[..], &["--password", "env:KEY_PASSWORD"]].concat())[0];
    let file = desk.path(text(made, "file"));
    assert_eq!(mode(&file), 0o600);
    assert!(fs::read_to_string(&file).unwrap().starts_with("-----BEGIN ENCRYPTED PRIVATE KEY"));
    desk.made("openssl", &["pkey", "-in", file.to_str().unwrap(), "-passin", "env:KEY_PASSWORD", "-noout", "-check"]);

    // Without its password it is a fault; with it, it is ours.
    let closed = desk.key(1, &["list"]);
    assert!(told(&desk.run(PROGRAM, &["key", "list", "--keys", "keys"])).contains("--password file:PATH"));
    assert_eq!(text(&closed[0], "of"), "people");
    let open = desk.key(0, &["list", "--password", "env:KEY_PASSWORD"]);
    assert_eq!((text(&open[0], "of"), text(&open[0], "fingerprint")), ("own", text(made, "fingerprint")));
    assert_eq!(open[0]["valid_now"], Value::Bool(true));
    let shown =
        &desk.key(0, &["show", &text(made, "fingerprint")[..16].to_uppercase(), "--password", "env:KEY_PASSWORD"])[0];
    assert_eq!(text(shown, "subject"), "CN=Support");

    for format in [&[][..], &["--format", "p7b"], &["--format", "der"]] {
        let public =
            ["key", "export-public", "support@example.org", "--keys", "keys", "--password", "env:KEY_PASSWORD"];
        let public = desk.made(PROGRAM, &[&public[..], format].concat());
        assert!(!String::from_utf8_lossy(&public).contains("PRIVATE"));
        fs::write(desk.path("public"), &public).unwrap();
        let reader = match format.last() {
            Some(&"p7b") => &["pkcs7", "-inform", "DER", "-in", "public", "-print_certs", "-noout"][..],
            Some(_) => &["x509", "-inform", "DER", "-in", "public", "-noout"],
            None => &["verify", "-CAfile", "public", "-purpose", "smimesign", "public"],
        };
        desk.made("openssl", reader);
    }
    // A key is made anew each time, and removed with its file.
    desk.key(0, &words);
    assert_eq!(desk.files().len(), 2);
    desk.key(0, &["remove", text(made, "fingerprint"), "--password", "env:KEY_PASSWORD"]);
    assert_eq!(desk.files().len(), 1);
    assert!(!file.exists());
}

#[test]
fn an_authority_makes_a_certificate_of_a_request() {
    let desk = Desk::open();
    desk.with_ann();
    let words = ["generate", "--address", "support@example.org", "--algorithm", "p384", "--request"];
    let made = &desk.key(0, &words)[0];
    let waiting = desk.key(0, &["list"]);
    assert_eq!(waiting[0]["waits_for_its_certificate"], Value::Bool(true), "{waiting:?}");
    desk.made("openssl", &["req", "-in", text(made, "request"), "-verify", "-noout"]);
    desk.certified(text(made, "request"), "support.pem", "support@example.org");
    let imported = &desk.key(0, &["import", "--as", "own", "support.pem"])[0];
    assert_eq!(imported["items"][0]["private_key"], Value::Bool(true), "{imported}");
    let listed = desk.key(0, &["list", "--address", "support@EXAMPLE.org"]);
    assert_eq!((listed.len(), text(&listed[0], "of")), (1, "own"));
    assert_eq!(text(&listed[0], "algorithm"), "p384");
}

#[test]
fn files_are_taken_in_by_what_they_hold_and_private_keys_only_as_own() {
    let desk = Desk::open();
    desk.with_ann();
    desk.self_signed("bob", "email:bob@example.com");
    desk.self_signed("ann2", "email:ann@EXAMPLE.com");
    fs::write(desk.path("notes"), "no key\n").unwrap();
    fs::write(
        desk.path("both"),
        [fs::read(desk.path("ann.pem")).unwrap(), fs::read(desk.path("ann.key")).unwrap()].concat(),
    )
    .unwrap();

    // For people, files with private keys are refused, and nothing of them is kept; the others are taken in.
    let lines = desk.key(1, &["import", "ann.p12", "both", "notes", "nowhere", "bob.pem"]);
    let names: Vec<&str> = lines.iter().map(|line| text(line, "file")).collect();
    assert_eq!(names, ["ann.p12", "both", "notes", "nowhere", "bob.pem"], "one line for each file, in order");
    for refused in &lines[..2] {
        assert!(text(refused, "error").contains("private key"), "{refused}");
    }
    assert!(lines[2]["error"].is_string() && lines[3]["error"].is_string());
    assert_eq!(text(&lines[4]["items"][0], "outcome"), "imported");
    assert_eq!(desk.files().len(), 1);

    // As our own they come in with their password, whole chain and all.
    let wrong = desk.key(1, &["import", "--as", "own", "ann.p12"]);
    assert!(text(&wrong[0], "error").contains("password"), "{wrong:?}");
    let own = ["import", "--as", "own", "ann.p12", "--password", "env:KEY_PASSWORD"];
    let lines = desk.key(0, &own);
    assert_eq!(lines[0]["items"].as_array().unwrap().len(), 2, "{lines:?}");
    let again = desk.key(0, &own);
    assert!(again[0]["items"].as_array().unwrap().iter().all(|item| item["outcome"] == "known"), "{again:?}");
    let private: Vec<PathBuf> =
        desk.files().into_iter().filter(|file| fs::read_to_string(file).unwrap().contains("PRIVATE KEY")).collect();
    assert_eq!(private.len(), 1);
    assert_eq!(mode(&private[0]), 0o600);
    assert!(fs::read_to_string(&private[0]).unwrap().contains("ENCRYPTED PRIVATE KEY"));

    // Another certificate for an address that has one is said to stand beside it.
    let other = desk.key(0, &["import", "ann2.pem", "--password", "env:KEY_PASSWORD"]);
    assert_eq!(other[0]["items"][0]["beside"].as_array().unwrap().len(), 1, "{other:?}");

    let trusted = desk.key(0, &["import", "--as", "trusted", "ca.pem", "--password", "env:KEY_PASSWORD"]);
    assert!(text(&trusted[0]["items"][0], "path").starts_with("trusted/"));
    assert!(desk.files().iter().all(|file| !file.to_string_lossy().contains(".new")), "nothing half written stays");
}

#[test]
fn openpgp_comes_in_and_only_its_public_parts_go_out() {
    let desk = Desk::open();
    fs::create_dir(desk.path("gnupg")).unwrap();
    fs::set_permissions(desk.path("gnupg"), fs::Permissions::from_mode(0o700)).unwrap();
    let batch = ["--batch", "--pinentry-mode", "loopback", "--passphrase", ""];
    for user in ["support@example.org", "ann@example.com"] {
        desk.made("gpg", &[&batch[..], &["--quick-generate-key", user, "ed25519", "sign", "never"]].concat());
    }
    let secret = desk.made("gpg", &[&batch[..], &["--export-secret-keys", "support@example.org"]].concat());
    fs::write(desk.path("secret"), secret).unwrap();
    fs::write(desk.path("public"), desk.made("gpg", &["--export", "--armor", "ann@example.com"])).unwrap();
    desk.made("gpg", &[&batch[..], &["--quick-add-uid", "ann@example.com", "ann@example.org"]].concat());
    fs::write(desk.path("changed"), desk.made("gpg", &["--export", "ann@example.com"])).unwrap();
    desk.made("gpgconf", &["--kill", "all"]);

    assert!(text(&desk.key(1, &["import", "secret"])[0], "error").contains("private key"));
    assert!(desk.files().is_empty());
    desk.key(0, &["import", "--as", "own", "secret"]);
    desk.key(0, &["import", "public"]);
    desk.key(1, &["import", "--as", "trusted", "public"]);
    let listed = desk.key(0, &["list"]);
    let of: Vec<_> = listed.iter().map(|line| (text(line, "scheme"), text(line, "of"))).collect();
    assert_eq!(of, [("pgp", "own"), ("pgp", "people")]);
    for address in ["support@example.org", "ann@example.com"] {
        let given = desk.made(PROGRAM, &["key", "export-public", address, "--keys", "keys"]);
        fs::write(desk.path("given"), &given).unwrap();
        let packets = desk.made("gpg", &["--list-packets", "given"]);
        let packets = String::from_utf8(packets).unwrap();
        assert!(packets.contains("public key packet") && !packets.contains("secret key packet"), "{packets}");
        assert!(packets.contains(address));
    }
    // Another state of a certificate that is there is told, and replaces nothing.
    let before: Vec<_> = desk.files().iter().map(|file| fs::read(file).unwrap()).collect();
    assert_eq!(text(&desk.key(1, &["import", "changed"])[0]["items"][0], "outcome"), "conflict");
    let after: Vec<_> = desk.files().iter().map(|file| fs::read(file).unwrap()).collect();
    assert_eq!(before, after);
}

#[test]
fn a_key_of_openpgp_that_is_made_works_in_gnupg_and_under_its_password_alone() {
    let desk = Desk::open();
    fs::create_dir(desk.path("gnupg")).unwrap();
    fs::set_permissions(desk.path("gnupg"), fs::Permissions::from_mode(0o700)).unwrap();
    let words = ["generate", "--scheme", "pgp", "--address", "ann@example.com", "--name", "Ann Smith", "--days", "10"];
    let locked = ["--algorithm", "ed25519", "--password", "env:KEY_PASSWORD"];
    let made = &desk.key(0, &[&words[..], &locked, &["--address", "help@example.com"]].concat())[0];
    assert_eq!(made["addresses"], serde_json::json!(["ann@example.com", "help@example.com"]));
    let file = desk.path(text(made, "file"));
    assert_eq!(mode(&file), 0o600);
    let batch = |password| ["--batch", "--pinentry-mode", "loopback", "--passphrase", password];
    desk.made("gpg", &[&batch(PASSWORD)[..], &["--import", file.to_str().unwrap()]].concat());
    let listed = String::from_utf8(desk.made("gpg", &["--list-keys", "--with-colons"])).unwrap();
    assert!(listed.contains(&text(made, "fingerprint").to_uppercase()), "{listed}");
    assert!(listed.contains("Ann Smith <ann@example.com>") && listed.contains("<help@example.com>"), "{listed}");
    fs::write(desk.path("plain"), "words").unwrap();
    desk.made("gpgconf", &["--kill", "all"]);
    let sign = ["--detach-sign", "--output", "signature", "plain"];
    assert!(!desk.run("gpg", &[&batch("wrong")[..], &sign].concat()).status.success());
    desk.made("gpg", &[&batch(PASSWORD)[..], &sign].concat());
    desk.made("gpgconf", &["--kill", "all"]);

    // The folder's own commands use it, and only with its password.
    let mail = "From: ann@example.com\r\nTo: ann@example.com\r\nSubject: a\r\n\r\nwords\r\n";
    fs::write(desk.path("mail"), mail).unwrap();
    let seal = ["seal", "--keys", "keys", "--scheme", "pgp", "--sign", "--from", "ann@example.com", "mail"];
    assert!(!desk.run(PROGRAM, &seal).status.success());
    let sealed = desk.made(PROGRAM, &[&seal[..], &["--password", "env:KEY_PASSWORD"]].concat());
    assert!(String::from_utf8(sealed).unwrap().contains("application/pgp-signature"));
    for option in [&["--opaque"][..], &["--suite", "aes-128-gcm"], &["--modern-rsa"]] {
        let refused = desk.run(PROGRAM, &[&seal[..], &["--password", "env:KEY_PASSWORD"], option].concat());
        assert_eq!(refused.status.code(), Some(1));
        assert!(told(&refused).contains(&format!("{} is for S/MIME alone", option[0])), "{}", told(&refused));
    }
    for wrong in [&["--algorithm", "p256"][..], &["--algorithm", "ed25519", "--request"], &["--name", "A <b>"]] {
        assert!(
            desk.key(1, &[&["generate", "--scheme", "pgp", "--address", "b@example.com"], wrong].concat()).is_empty()
        );
    }
    let public = desk.made(PROGRAM, &["key", "export-public", "ann@example.com", "--keys", "keys"]);
    assert!(public.starts_with(b"-----BEGIN PGP PUBLIC KEY BLOCK-----"));
}

#[test]
fn no_key_is_kept_under_an_empty_password() {
    let desk = Desk::open();
    fs::write(desk.path("empty"), "\n").unwrap();
    fs::set_permissions(desk.path("empty"), fs::Permissions::from_mode(0o600)).unwrap();
    let words = ["generate", "--address", "ann@example.org"];
    let under = ["--keys", "keys", "--password", "file:empty"];
    for kind in [&["--algorithm", "p256"][..], &["--scheme", "pgp", "--algorithm", "ed25519"]] {
        let refused = desk.run(PROGRAM, &[&["key"], &words[..], kind, &under].concat());
        assert_eq!(refused.status.code(), Some(1));
        assert!(told(&refused).contains("--password file:empty: the password is empty"), "{}", told(&refused));
    }
    let made = &desk.key(0, &[&words[..], &["--algorithm", "p256"]].concat())[0];
    fs::rename(desk.path(text(made, "file")), desk.path("own.pem")).unwrap();
    let refused = desk.key(1, &["import", "--as", "own", "--password", "file:empty", "own.pem"]);
    assert!(text(&refused[0], "error").contains("the password is empty"), "{refused:?}");
    assert!(desk.files().is_empty());
    desk.key(0, &["import", "--as", "own", "own.pem"]);
}

#[test]
fn what_else_an_address_has_is_told_and_so_is_a_private_key_among_those_of_people() {
    let desk = Desk::open();
    let words = ["generate", "--address", "ann@example.org"];
    let made = &desk.key(0, &[&words[..], &["--algorithm", "p256"]].concat())[0];
    let pgp = &desk.key(0, &[&words[..], &["--scheme", "pgp", "--algorithm", "ed25519"]].concat())[0];
    let export = |named: &str, format: &str| {
        desk.run(PROGRAM, &["key", "export-public", named, "--keys", "keys", "--format", format])
    };
    for (format, too) in [
        ("pem", "an OpenPGP key too; --format armored"),
        ("der", "an OpenPGP key too"),
        ("armored", "a certificate of S/MIME too; --format pem"),
    ] {
        let given = export("ann@example.org", format);
        let said = String::from_utf8_lossy(&given.stderr);
        assert!(given.status.success() && said.contains(too), "{format}: {said}");
    }
    // Both as records of the zone, at the names that RFC 7929 and RFC 8162 give the address.
    let given = export("ann@example.org", "dns");
    let records = String::from_utf8(given.stdout).unwrap();
    let der = HEXLOWER.encode(&export("ann@example.org", "der").stdout);
    let hash = HEXLOWER.encode(&digest(&SHA256, b"ann").as_ref()[..28]);
    let smimea =
        format!("{hash}._smimecert.example.org. IN SMIMEA 3 0 0 {der}\n{hash}._openpgpkey.example.org. IN OPENPGPKEY ");
    assert!(records.starts_with(&smimea) && records.lines().count() == 2, "{records}");
    let wrong = export(text(pgp, "fingerprint"), "dns");
    assert!(!wrong.status.success() && told(&wrong).contains("is no address"), "{}", told(&wrong));
    let wrong = export(text(pgp, "fingerprint"), "der");
    assert!(!wrong.status.success() && told(&wrong).contains("write armored"), "{}", told(&wrong));

    let file = desk.path(text(made, "file"));
    fs::create_dir(desk.path("keys/people")).unwrap();
    fs::rename(&file, desk.path("keys/people/ann.pem")).unwrap();
    let listed = desk.run(PROGRAM, &["key", "list", "--keys", "keys"]);
    let said = String::from_utf8_lossy(&listed.stderr);
    assert!(listed.status.success(), "{said}");
    assert!(said.contains("warning: keys/people/ann.pem: ") && said.contains("move it to own/"), "{said}");
}

#[test]
fn wrong_usage_is_exit_2_and_a_password_on_the_command_line_is_not_repeated() {
    let desk = Desk::open();
    for wrong in [
        &["list", "--password", PASSWORD][..],
        &["generate"],
        &["generate", "--address", "a@example.org", "--algorithm", "rsa-1024"],
        &["import"],
        &["import", "--as", "friends", "file"],
        &["show"],
        &[],
    ] {
        let output = desk.run(PROGRAM, &[&["key"], wrong].concat());
        assert_eq!(output.status.code(), Some(2), "{wrong:?}: {}", told(&output));
    }
    desk.key(1, &["list"]);
    desk.key(1, &["generate", "--address", "not an address"]);
    desk.key(0, &["generate", "--address", "a@example.org", "--algorithm", "p256"]);
    desk.key(1, &["show", "0123456789abcdef"]);
    desk.key(1, &["show", "short"]);
    desk.key(1, &["export-public", "b@example.org"]);
}
