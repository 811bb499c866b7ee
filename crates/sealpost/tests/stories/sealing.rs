//! `sealpost seal` and `sealpost open`: by hand what the gateway does by rules.

use super::world::{PROGRAM, told};
use serde_json::Value;
use std::fs;
use std::process::{Command, Output};
use tempfile::TempDir;

const MAIL: &str = "From: Ann <ann@people.example>\r\nTo: bob@people.example\r\nSubject: Offer\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGrüße\r\n";

fn run(folder: &TempDir, args: &[&str]) -> Output {
    Command::new(PROGRAM).args(args).current_dir(folder.path()).output().unwrap()
}

#[track_caller]
fn made(folder: &TempDir, args: &[&str]) -> Vec<u8> {
    let output = run(folder, args);
    assert!(output.status.success(), "{args:?}: {}", told(&output));
    output.stdout
}

fn with_keys() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mail.eml"), MAIL).unwrap();
    for address in ["ann@people.example", "bob@people.example"] {
        made(&folder, &["key", "generate", "--keys", "keys", "--address", address, "--algorithm", "p256"]);
    }
    folder
}

#[test]
fn a_mail_is_sealed_and_opened_with_the_keys_of_a_folder() {
    let folder = with_keys();
    let people = ["--from", "ann@people.example", "--rcpt", "bob@people.example"];
    let how = ["--sign", "--encrypt", "--protect", "--outer-subject", "[...]", "mail.eml"];
    let sealed = made(&folder, &[&["seal", "--keys", "keys"], &people[..], &how[..]].concat());
    let text = String::from_utf8(sealed).unwrap();
    assert!(
        text.contains("Subject: [...]\r\n") && !text.contains("Subject: Offer") && !text.contains("Gr=C3=BC"),
        "{text}"
    );
    fs::write(folder.path().join("sealed.eml"), &text).unwrap();

    let opened = run(&folder, &["open", "--keys", "keys", "--verdict", "sealed.eml"]);
    let mail = String::from_utf8(opened.stdout.clone()).unwrap();
    assert!(mail.contains("Subject: Offer\r\n") && mail.contains("Gr=C3=BC=C3=9Fe"), "{mail} {}", told(&opened));
    let verdict: Value = serde_json::from_slice(&opened.stderr).unwrap();
    assert_eq!(verdict["is_proved"], true, "{verdict}");
    assert_eq!(verdict["protected"]["hidden"], serde_json::json!(["subject"]));
    assert_eq!(verdict["layers"][0]["encrypted"]["cipher"], "aes-256-cbc");
    let signature = &verdict["layers"][1]["signed"]["signatures"][0];
    assert_eq!(signature["by"]["addresses"], serde_json::json!(["ann@people.example"]));
    assert!(signature["flaw"].is_null());
}

#[test]
fn nothing_is_printed_that_is_not_sealed() {
    let folder = with_keys();
    let to_nobody = run(&folder, &["seal", "--keys", "keys", "--encrypt", "--rcpt", "eve@people.example", "mail.eml"]);
    assert!(!to_nobody.status.success() && to_nobody.stdout.is_empty());
    assert!(
        told(&to_nobody).contains("eve@people.example") && told(&to_nobody).contains("key import"),
        "{}",
        told(&to_nobody)
    );
    let neither = run(&folder, &["seal", "--keys", "keys", "mail.eml"]);
    assert!(!neither.status.success() && told(&neither).contains("--sign"), "{}", told(&neither));
    let plain = run(&folder, &["open", "--keys", "keys", "--verdict", "mail.eml"]);
    assert_eq!(String::from_utf8(plain.stdout).unwrap(), MAIL, "a mail that was not sealed comes as it is");
    assert!(String::from_utf8(plain.stderr).unwrap().contains("\"layers\":[]"));
}

const AUTHORITY: &str = "[ca]\ndefault_ca = house\n[house]\ndatabase = index.txt\nserial = serial\ncrlnumber = crlnumber\nnew_certs_dir = .\n\
    certificate = ca.pem\nprivate_key = ca.key\ndefault_md = sha256\ndefault_days = 20\ndefault_crl_days = 5\npolicy = any\n\
    unique_subject = no\n[any]\ncommonName = supplied\n[req]\ndistinguished_name = dn\n[dn]\n[authority]\n\
    basicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign\nsubjectKeyIdentifier = hash\n\
    [ann]\nsubjectAltName = email:ann@people.example\n[bob]\nsubjectAltName = email:bob@people.example\n\
    [eve]\nsubjectAltName = email:eve@people.example\n";

#[track_caller]
fn openssl(folder: &TempDir, words: &str) {
    let output = Command::new("openssl").args(words.split(' ')).current_dir(folder.path()).output().unwrap();
    assert!(output.status.success(), "openssl {words}: {}", told(&output));
}

/// An authority that certified ann, bob and eve, and took back what ann and bob have: `crl.pem`.
fn with_authority() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in
        [("mail.eml", MAIL), ("ca.cnf", AUTHORITY), ("index.txt", ""), ("serial", "1001\n"), ("crlnumber", "01\n")]
    {
        fs::write(folder.path().join(file), text).unwrap();
    }
    let new = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -config ca.cnf";
    openssl(
        &folder,
        &format!("req -x509 {new} -keyout ca.key -out ca.pem -subj /CN=House -days 30 -extensions authority"),
    );
    for name in ["ann", "bob", "eve"] {
        openssl(&folder, &format!("req -new {new} -keyout {name}.key -out {name}.csr -subj /CN={name}"));
        openssl(
            &folder,
            &format!("ca -batch -notext -config ca.cnf -extensions {name} -in {name}.csr -out {name}.pem"),
        );
    }
    for name in ["bob", "eve"] {
        let both = [".key", ".pem"].map(|ending| fs::read(folder.path().join(format!("{name}{ending}"))).unwrap());
        fs::write(folder.path().join(format!("{name}.own")), both.concat()).unwrap();
    }
    for name in ["ann", "bob"] {
        openssl(&folder, &format!("ca -config ca.cnf -revoke {name}.pem -crl_reason keyCompromise"));
    }
    openssl(&folder, "ca -config ca.cnf -gencrl -out crl.pem");
    folder
}

#[test]
fn what_a_list_of_the_folder_revokes_neither_signs_nor_is_encrypted_for() {
    let folder = with_authority();
    let encrypt = ["--encrypt", "--rcpt", "ann@people.example", "mail.eml"];
    let sign = ["--sign", "--from", "bob@people.example", "mail.eml"];
    let other = ["--encrypt", "--sign", "--from", "eve@people.example", "--rcpt", "eve@people.example", "mail.eml"];
    // The list counts also where its authority is not among those that are trusted.
    for shelf in ["trusted", "people"] {
        let import = |as_whose: &str, files: &[&str]| {
            made(&folder, &[&["key", "import", "--keys", shelf, "--as", as_whose], files].concat());
        };
        let seal = |how: &[&str]| run(&folder, &[&["seal", "--keys", shelf], how].concat());
        import(shelf, &["ca.pem"]);
        import("people", &["ann.pem"]);
        import("own", &["bob.own", "eve.own"]);
        for how in [&encrypt[..], &sign, &other] {
            let sealed = seal(how);
            assert!(sealed.status.success() && !sealed.stdout.is_empty(), "{shelf}: {}", told(&sealed));
        }
        import("trusted", &["crl.pem"]);
        for (how, whose) in [(&encrypt[..], "ann@people.example"), (&sign[..], "bob@people.example")] {
            let refused = seal(how);
            assert!(!refused.status.success() && refused.stdout.is_empty(), "{shelf}: {}", told(&refused));
            let said = String::from_utf8(refused.stderr).unwrap();
            assert!(said.contains(whose) && said.contains("it was revoked"), "{shelf}: {said}");
        }
        assert!(seal(&other).status.success(), "{shelf}: nobody revoked hers");
    }
}

#[test]
fn a_key_of_openpgp_that_its_owner_took_back_neither_signs_nor_is_encrypted_for() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mail.eml"), MAIL).unwrap();
    let of_ann = ["key", "generate", "--scheme", "pgp", "--algorithm", "ed25519", "--address", "ann@people.example"];
    let made_key: Value = serde_json::from_slice(&made(&folder, &[&of_ann[..], &["--keys", "keys"]].concat())).unwrap();
    let encrypt =
        ["seal", "--keys", "keys", "--scheme", "pgp", "--encrypt", "--rcpt", "ann@people.example", "mail.eml"];
    let sign = ["seal", "--keys", "keys", "--scheme", "pgp", "--sign", "--from", "ann@people.example", "mail.eml"];
    for how in [encrypt, sign] {
        made(&folder, &how);
    }
    // Another file knows it, and has none of its names: the key in the own one says nothing of it.
    let own = fs::File::open(folder.path().join(made_key["file"].as_str().unwrap())).unwrap();
    let revoked = Command::new(PROGRAM).args(["sop", "revoke-key"]).stdin(own).output().unwrap();
    assert!(revoked.status.success(), "{}", told(&revoked));
    fs::create_dir_all(folder.path().join("keys/people")).unwrap();
    fs::write(folder.path().join("keys/people/revoked.asc"), &revoked.stdout).unwrap();
    for how in [encrypt, sign] {
        let refused = run(&folder, &how);
        assert!(!refused.status.success() && refused.stdout.is_empty(), "{}", told(&refused));
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(said.contains("ann@people.example") && said.contains("it was revoked"), "{said}");
    }
}

#[test]
fn a_key_of_version_6_is_made_shown_and_used() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mail.eml"), MAIL).unwrap();
    for (address, algorithm) in [("ann@people.example", "ed25519-v6"), ("bob@people.example", "ed25519")] {
        let words = ["key", "generate", "--keys", "keys", "--scheme", "pgp", "--address", address];
        made(&folder, &[&words[..], &["--algorithm", algorithm]].concat());
    }
    let listed = String::from_utf8(made(&folder, &["key", "list", "--keys", "keys"])).unwrap();
    let listed: Vec<Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let version = |address: &str| {
        let line = listed.iter().find(|line| line["addresses"] == serde_json::json!([address])).unwrap();
        assert_eq!((&line["may_sign"], &line["may_encrypt"]), (&Value::Bool(true), &Value::Bool(true)), "{line}");
        line["version"].as_u64()
    };
    assert_eq!((version("ann@people.example"), version("bob@people.example")), (Some(6), Some(4)));

    let people = ["--from", "ann@people.example", "--rcpt", "ann@people.example", "--sign", "--encrypt", "mail.eml"];
    let sealed = made(&folder, &[&["seal", "--keys", "keys", "--scheme", "pgp"], &people[..]].concat());
    assert!(!String::from_utf8(sealed.clone()).unwrap().contains("Gr=C3=BC"));
    fs::write(folder.path().join("sealed.eml"), sealed).unwrap();
    let opened = run(&folder, &["open", "--keys", "keys", "--verdict", "sealed.eml"]);
    let mail = String::from_utf8(opened.stdout.clone()).unwrap();
    assert!(mail.contains("Gr=C3=BC=C3=9Fe"), "{mail} {}", told(&opened));
    let verdict: Value = serde_json::from_slice(&opened.stderr).unwrap();
    assert_eq!(verdict["is_proved"], true, "{verdict}");
    assert!(verdict["layers"][1]["signed"]["signatures"][0]["flaw"].is_null(), "{verdict}");

    let without = ["key", "generate", "--keys", "keys", "--address", "eve@people.example", "--algorithm", "ed25519-v6"];
    let refused = run(&folder, &without);
    assert!(!refused.status.success() && told(&refused).contains("--scheme pgp"), "{}", told(&refused));
}
