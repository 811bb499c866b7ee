//! The folder of keys: what is found in it, for whom, and what is told of the rest.
#![allow(clippy::unwrap_used)]

use engine::keys::{KeyFolder, Openers, Why};
use seal::Random;
use seal::keyfile::issue::{Kind, Subject, generated, self_signed};
use seal::keyfile::{Password, encrypted_pkcs8, pem};
use seal::smime::{Certificate, Digest, Scheme};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use store::KeyFiles;
use tempfile::TempDir;
use zeroize::Zeroizing;

struct Chance;

impl Random for Chance {
    fn fill(&mut self, bytes: &mut [u8]) {
        aws_lc_rs::rand::fill(bytes).unwrap();
    }
}

/// A private key and a certificate for an address, as PEM.
struct Pair {
    pkcs8: Zeroizing<Vec<u8>>,
    certificate: Certificate,
    public: String,
    private: String,
}

fn pair(address: &str) -> Pair {
    let pkcs8 = generated(Kind::P256).unwrap();
    let subject = Subject { name: address, addresses: &[address] };
    let der = self_signed(&pkcs8, subject, (1_700_000_000, 1_900_000_000), &mut Chance).unwrap();
    let certificate = Certificate::from_der(&der).unwrap();
    let private = pem("PRIVATE KEY", &pkcs8).to_string();
    Pair { pkcs8, certificate, public: pem("CERTIFICATE", &der).to_string(), private }
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn put(folder: &Path, name: &str, text: &str, mode: u32) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
}

fn troubles(folder: &KeyFolder) -> Vec<(&Path, &Why)> {
    folder.troubles.iter().map(|trouble| (trouble.file.as_path(), &trouble.why)).collect()
}

#[test]
fn certificates_keys_and_anchors_are_found_wherever_they_stand() {
    let dir = folder();
    let (ann, bob, root) = (pair("ann@example.com"), pair("bob@example.com"), pair("ca@example.com"));
    put(dir.path(), "deep/er/key", &ann.private, 0o600);
    put(dir.path(), "people/everybody", &[ann.public.as_str(), &bob.public, &bob.public].concat(), 0o644);
    put(dir.path(), "trusted/root.txt", &root.public, 0o644);
    put(dir.path(), ".hidden", &root.public, 0o644);
    let read = KeyFolder::read(dir.path(), &[]);
    assert_eq!(troubles(&read), []);
    let all: Vec<_> = read.certificates.iter().map(|(one, _)| one).collect();
    assert_eq!(all, [&ann.certificate, &bob.certificate], "each once, and no anchor");
    assert_eq!(read.certificates[1].1.file, PathBuf::from("people/everybody"));
    assert_eq!(read.anchors.iter().map(|(one, _)| one).collect::<Vec<_>>(), [&root.certificate]);
    let own: Vec<_> = read.own_for("ann@example.com").collect();
    assert_eq!(own.len(), 1);
    assert_eq!(own[0].certificate, ann.certificate);
    assert_eq!(own[0].key_file, PathBuf::from("deep/er/key"));
    assert!(own[0].key.sign(Scheme::Ecdsa(Digest::Sha256), b"words").is_ok());
    assert!(read.own_for("bob@example.com").next().is_none());
    assert!(read.certificates_for("ca@example.com").next().is_none(), "who is trusted is not written to");
}

#[test]
fn addresses_are_the_same_whatever_the_case_of_their_domain() {
    let dir = folder();
    let spelled = [pair("Ann@Example.COM"), pair("ann@example.com"), pair("Bob@example.com")];
    spelled.iter().enumerate().for_each(|(n, one)| put(dir.path(), &n.to_string(), &one.public, 0o644));
    let read = KeyFolder::read(dir.path(), &[]);
    let found = |address: &str| {
        let all = read.certificates_for(address).map(|(one, _)| one.addresses()[0].as_str());
        all.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found("Ann@EXAMPLE.com"), ["Ann@Example.COM"]);
    assert_eq!(found("ann@EXAMPLE.com"), ["ann@example.com"]);
    assert_eq!(found("bob@example.com"), ["Bob@example.com"], "only where nobody spells it so");
    assert!(found("ann@example.org").is_empty() && found("").is_empty());
}

#[test]
fn several_certificates_of_one_key_are_each_of_use() {
    let dir = folder();
    let ann = pair("ann@example.com");
    let subject = Subject { name: "Renewed", addresses: &["ann@example.com"] };
    let renewed = self_signed(&ann.pkcs8, subject, (1_800_000_000, 2_000_000_000), &mut Chance).unwrap();
    put(dir.path(), "own", &[ann.private.as_str(), &ann.public, &pem("CERTIFICATE", &renewed)].concat(), 0o600);
    assert_eq!(KeyFolder::read(dir.path(), &[]).own_for("ann@example.com").count(), 2);
}

#[test]
fn what_cannot_be_used_is_told_and_stops_nothing() {
    let dir = folder();
    let (ann, bob, eve) = (pair("ann@example.com"), pair("bob@example.com"), pair("eve@example.com"));
    put(dir.path(), "1-notes", "Do not forget to renew.\n", 0o644);
    put(dir.path(), "2-alone", &bob.private, 0o600);
    put(dir.path(), "3-open", &[ann.private.as_str(), &ann.public].concat(), 0o640);
    put(dir.path(), "trusted/4-key", &[eve.private.as_str(), &eve.public].concat(), 0o600);
    symlink(dir.path(), dir.path().join("5-circle")).unwrap();
    symlink("nowhere", dir.path().join("6-link")).unwrap();
    let read = KeyFolder::read(dir.path(), &[]);
    let told = troubles(&read);
    assert_eq!(told.len(), 5, "{told:?}");
    assert!(matches!(told[0], (file, Why::Fault(_)) if file == Path::new("1-notes")), "{told:?}");
    assert_eq!(told[1], (Path::new("3-open"), &Why::Readable(0o640)));
    assert!(matches!(told[2], (file, Why::Unreadable(_)) if file == Path::new("6-link")), "{told:?}");
    assert_eq!(told[3], (Path::new("trusted/4-key"), &Why::AmongTrusted));
    assert_eq!(told[4], (Path::new("2-alone"), &Why::Alone));
    assert_eq!(read.own.len(), 1, "the key that others may read works, and that among the trusted is not ours");
    assert_eq!(read.anchors.len(), 1);
    assert_eq!(read.faults().count(), 4, "a warning is no fault");
    let words: Vec<String> = told.iter().map(|(_, why)| why.to_string()).collect();
    assert!(words[1].contains("chmod go="), "{words:?}");
}

/// Whoever can write there would choose the key with which mail of this address is signed and opened.
#[test]
fn a_private_key_among_those_of_people_is_used_and_told() {
    let dir = folder();
    let (ann, bob, eve) = (pair("ann@example.com"), pair("bob@example.com"), pair("eve@example.com"));
    put(dir.path(), "own/ann.pem", &[ann.private.as_str(), &ann.public].concat(), 0o600);
    put(dir.path(), "people/bob.pem", &[bob.private.as_str(), &bob.public].concat(), 0o640);
    put(dir.path(), "people/deep/eve.pem", &eve.private, 0o600);
    put(dir.path(), "people/eve.pem", &eve.public, 0o644);
    put(dir.path(), "people-of-old/ann.pem", &ann.private, 0o600);
    let read = KeyFolder::read(dir.path(), &[]);
    let expected = [
        (Path::new("people/bob.pem"), &Why::Readable(0o640)),
        (Path::new("people/bob.pem"), &Why::AmongPeople),
        (Path::new("people/deep/eve.pem"), &Why::AmongPeople),
    ];
    assert_eq!(troubles(&read), expected);
    assert_eq!((read.own.len(), read.faults().count()), (3, 0), "they are used, and that is a warning");
    assert!(Why::AmongPeople.to_string().contains("move it to own/"), "{}", Why::AmongPeople);
}

#[test]
fn keys_under_a_password_are_opened_by_those_that_are_given() {
    let dir = folder();
    let ann = pair("ann@example.com");
    let sealed = encrypted_pkcs8(&ann.pkcs8, "correct horse", &mut Chance).unwrap();
    put(dir.path(), "own", &[pem("ENCRYPTED PRIVATE KEY", &sealed).as_str(), &ann.public].concat(), 0o600);
    let password = |text: &str| -> Password { Zeroizing::new(text.to_owned()) };
    let without = KeyFolder::read(dir.path(), &[]);
    assert!(without.own.is_empty() && without.faults().count() == 1);
    assert_eq!(without.certificates.len(), 1, "its certificate is of use to others");
    let with = KeyFolder::read(dir.path(), &[password("wrong"), password("correct horse")]);
    assert_eq!((with.own.len(), with.troubles.len()), (1, 0));
}

#[test]
fn a_folder_that_is_not_there_holds_no_keys_and_says_so() {
    let dir = folder();
    let read = KeyFolder::read(&dir.path().join("none"), &[]);
    assert!(read.certificates.is_empty());
    assert!(matches!(troubles(&read)[..], [(_, Why::Unreadable(_))]));
}

/// A store of its own, whose vault seals and opens files.
async fn vault(dir: &TempDir) -> store::KeyFiles {
    let path = |name: &str| dir.path().join(name);
    store::create_master_key(&path("master.key")).unwrap();
    let settings = store::Settings {
        database: format!("sqlite:{}", path("store.db").display()),
        blobs: path("blobs"),
        key_book: format!("sqlite:{}", path("book.db").display()),
        master_key: path("master.key"),
        keep_content_days: 30,
        free_bytes_min: 0,
    };
    store::Store::open(&settings).await.unwrap().key_files().await.unwrap()
}

fn with(vault: &KeyFiles) -> Openers {
    Openers { vault: Some(vault.clone()), ..Openers::default() }
}

#[tokio::test]
async fn a_file_that_a_vault_sealed_opens_with_it_alone_and_is_never_readable_to_others() {
    let (home, elsewhere, dir) = (folder(), folder(), folder());
    let (ours, theirs) = (vault(&home).await, vault(&elsewhere).await);
    let ann = pair("ann@example.com");
    put(dir.path(), "ann.pem", &ann.public, 0o644);
    let sealed = dir.path().join("own.sealed");
    fs::write(&sealed, ours.seal(ann.private.as_bytes()).unwrap()).unwrap();
    // Who reads it reads nothing, so its mode is nobody's trouble.
    fs::set_permissions(&sealed, fs::Permissions::from_mode(0o644)).unwrap();

    let read = KeyFolder::read_with(dir.path(), &[], &with(&ours));
    assert_eq!((read.own_for("ann@example.com").count(), troubles(&read)), (1, vec![]));
    assert!(read.sealed.contains(Path::new("own.sealed")) && read.own[0].key_file == Path::new("own.sealed"));
    for (openers, why) in [(Openers::default(), Why::Sealed), (with(&theirs), Why::SealedElsewhere)] {
        let read = KeyFolder::read_with(dir.path(), &[], &openers);
        assert_eq!(troubles(&read), [(Path::new("own.sealed"), &why)]);
        assert!(read.own.is_empty() && read.faults().count() == 1 && read.certificates.len() == 1);
    }
    // Among anchors a private key is none, also a sealed one.
    fs::create_dir(dir.path().join("trusted")).unwrap();
    fs::rename(&sealed, dir.path().join("trusted/own.sealed")).unwrap();
    let read = KeyFolder::read_with(dir.path(), &[], &with(&ours));
    assert_eq!(troubles(&read), [(Path::new("trusted/own.sealed"), &Why::AmongTrusted)]);
    assert!(read.own.is_empty());
}
