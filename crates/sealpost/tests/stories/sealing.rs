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
