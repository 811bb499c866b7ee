//! Private keys that the vault seals: no password stands beside them, and a copy of their folder alone opens nothing.

use super::letters::writing;
use super::relay::{PASSWORD, dovecot, submit, with_relay};
use super::relay_alone;
use super::relay_sealed::Bench;
use super::world::{PROGRAM, World, lines, told};
use rig::post_office::PostOffice;
use rig::settings_file::quoted;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const RULES: &str = "version = 1\n\n[default]\nencrypt = \"always\"\nsign = \"always\"\n";

fn key(settings: Option<&Path>, keys: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(PROGRAM);
    command.arg("key").args(args).arg("--keys").arg(keys);
    if let Some(settings) = settings {
        command.arg("--config").arg(settings);
    }
    command.output().unwrap()
}

#[track_caller]
fn done(output: &Output) -> Vec<Value> {
    assert!(output.status.success(), "{}", told(output));
    lines(output)
}

/// All that is not sealed in the folder of own keys.
fn in_clear(keys: &Path) -> Vec<PathBuf> {
    let own = fs::read_dir(keys.join("own")).unwrap().map(|entry| entry.unwrap().path());
    own.filter(|file| !fs::read(file).unwrap().starts_with(b"sealpost key file 1\n")).collect()
}

/// A copy of the folder, as a thief has it.
fn stolen(keys: &Path, to: &Path) {
    for shelf in ["own", "people", "trusted"] {
        fs::create_dir_all(to.join(shelf)).unwrap();
        for entry in fs::read_dir(keys.join(shelf)).unwrap() {
            let file = entry.unwrap().path();
            fs::copy(&file, to.join(shelf).join(file.file_name().unwrap())).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn priv_17_a_relay_signs_with_a_key_that_its_vault_alone_opens() {
    let (dovecot, lmtp) = dovecot();
    let mut world = World::start().await;
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench { dir: folder.path().to_owned() };
    let keys = world.home.file("keys");
    bench.make_keys(&keys);
    fs::write(world.home.file("sealing.toml"), RULES).unwrap();
    let sealing = [("seal", "rules"), ("rules", "sealing.toml"), ("keys", "keys")];
    let relay = with_relay(&mut world.home, "lmtp", lmtp.port(), &sealing);
    let settings = world.home.write_settings();

    assert_eq!(in_clear(&keys).len(), 1, "the key is made in clear first");
    let sealed = done(&key(Some(&settings), &keys, &["seal-files"]));
    assert!(sealed.len() == 1 && sealed[0]["sealed"].as_str().unwrap().ends_with(".pem.sealed"), "{sealed:?}");
    assert_eq!(in_clear(&keys), Vec::<PathBuf>::new());
    assert_eq!(
        done(&key(Some(&settings), &keys, &["list", "--address", "wiki@example.org"]))[0]["sealed_by_vault"],
        true
    );
    assert_eq!(key(Some(&settings), &keys, &["seal-files"]).stdout, b"", "there is nothing left to do");

    let gateway = world.home.start();
    let heard = submit(&world.home, relay, PASSWORD, &["ann@people.example"]);
    assert!(heard.starts_with("accepted []"), "{heard} {}", gateway.log());
    fs::write(bench.dir.join("ann.eml"), &dovecot.mails("ann@people.example")[0]).unwrap();
    let decrypt = ["cms", "-decrypt", "-in", "ann.eml", "-recip", "ann.pem", "-inkey", "ann.key", "-out", "ann.inner"];
    bench.run("openssl", &decrypt);
    let verify = ["cms", "-verify", "-in", "ann.inner", "-CAfile", "own.pem", "-purpose", "any", "-out", "ann.txt"];
    bench.run("openssl", &verify);
    assert!(fs::read_to_string(bench.dir.join("ann.txt")).unwrap().contains("Planted-words of a page."));
    drop(gateway);

    // The folder alone, also with a gateway of somebody else's, signs and opens nothing.
    let thief = World::start().await;
    let copy = thief.home.file("copy");
    stolen(&keys, &copy);
    let theirs = thief.home.write_settings();
    for (settings, why) in [(None, "name the settings of the gateway by --config"), (Some(&*theirs), "another vault")] {
        let listed = key(settings, &copy, &["list"]);
        assert!(!listed.status.success() && told(&listed).contains(why), "{}", told(&listed));
        assert!(!String::from_utf8_lossy(&listed.stdout).contains("\"own\""), "{}", told(&listed));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn priv_17_keys_of_every_form_come_in_sealed_and_leave_no_password_behind() {
    let world = World::start().await;
    let settings = world.home.write_settings();
    let (keys, password) = (world.home.file("keys"), world.home.file("password"));
    world.home.write_secret("password", "correct horse");
    let reference = format!("file:{}", password.display());
    for (more, at_first) in
        [(&["--algorithm", "p256"][..], "pem"), (&["--scheme", "pgp", "--algorithm", "ed25519"], "pgp")]
    {
        let address = format!("{at_first}@example.org");
        let made = ["generate", "--address", &address, "--password", &reference];
        done(&key(None, &keys, &[&made[..], more].concat()));
        let fresh = format!("new-{at_first}@example.org");
        let made =
            done(&key(Some(&settings), &keys, &[&["generate", "--sealed", "--address", &fresh][..], more].concat()));
        assert!(made[0]["file"].as_str().unwrap().ends_with(".sealed"), "{made:?}");
    }
    let without = key(None, &keys, &["generate", "--sealed", "--address", "a@example.org"]);
    assert!(!without.status.success() && told(&without).contains("--config"), "{}", told(&without));

    // A file whose password is not named stays as it is, and is told.
    let locked = key(Some(&settings), &keys, &["seal-files"]);
    assert!(!locked.status.success() && told(&locked).contains("password"), "{}", told(&locked));
    assert_eq!(in_clear(&keys).len(), 2);
    let sealed = key(Some(&settings), &keys, &["seal-files", "--password", &reference]);
    assert_eq!((done(&sealed).len(), in_clear(&keys).len()), (2, 0));
    fs::remove_file(&password).unwrap();

    each_opens_without_a_password(&world, &keys, &settings);
    one_comes_in_and_goes(&world, &keys, &settings);
}

/// None of them needs the password any more: each opens what is sealed for it.
fn each_opens_without_a_password(world: &World, keys: &Path, settings: &Path) {
    let of_own = done(&key(Some(settings), keys, &["list"]));
    assert_eq!(of_own.iter().filter(|line| line["sealed_by_vault"] == true).count(), 4, "{of_own:?}");
    let (mail, config) = (world.home.file("mail.eml"), settings.to_str().unwrap());
    let words = "From: a@example.org\r\nSubject: Offer\r\nContent-Type: text/plain\r\n\r\nPlanted\r\n";
    fs::write(&mail, words).unwrap();
    for (scheme, address) in [("smime", "pem@example.org"), ("pgp", "pgp@example.org"), ("pgp", "new-pgp@example.org")]
    {
        let by = [
            "seal",
            "--scheme",
            scheme,
            "--from",
            address,
            "--rcpt",
            address,
            "--sign",
            "--encrypt",
            "--config",
            config,
        ];
        let sealed = Command::new(PROGRAM).args(by).arg("--keys").arg(keys).arg(&mail).output().unwrap();
        assert!(sealed.status.success(), "{address}: {}", told(&sealed));
        let file = world.home.file("sealed.eml");
        fs::write(&file, &sealed.stdout).unwrap();
        let open =
            |more: &[&str]| Command::new(PROGRAM).args(["open"]).args(more).arg("--keys").arg(keys).arg(&file).output();
        let opened = open(&["--config", config]).unwrap();
        assert!(
            opened.status.success() && String::from_utf8_lossy(&opened.stdout).contains("Planted"),
            "{}",
            told(&opened)
        );
        let not_opened = open(&[]).unwrap();
        assert!(!not_opened.status.success() && not_opened.stdout.is_empty(), "{address}: {}", told(&not_opened));
    }
}

/// What comes in from elsewhere, and goes again.
fn one_comes_in_and_goes(world: &World, keys: &Path, settings: &Path) {
    let elsewhere = world.home.file("elsewhere");
    let made = done(&key(None, &elsewhere, &["generate", "--address", "old@example.org", "--algorithm", "p384"]));
    let file = elsewhere.join("own").join(Path::new(made[0]["file"].as_str().unwrap()).file_name().unwrap());
    let import = ["import", "--as", "own", "--sealed", file.to_str().unwrap()];
    let taken = done(&key(Some(settings), keys, &import));
    assert_eq!(taken[0]["items"][0]["outcome"], "imported", "{taken:?}");
    assert_eq!(in_clear(keys), Vec::<PathBuf>::new());
    let print = taken[0]["items"][0]["fingerprint"].as_str().unwrap();
    done(&key(Some(settings), keys, &["remove", print]));
    assert!(!key(Some(settings), keys, &["show", print]).status.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_key_is_told_by_mail_and_as_a_figure() {
    let office = PostOffice::open();
    let mut world = writing("support@desk.example", &office).await;
    let keys = world.home.file("keys");
    let settings = world.home.write_settings();
    // The first has a younger one beside it, so nobody is told of it; the second, which the vault sealed, has none.
    for (address, days) in [("wiki@example.org", "5"), ("wiki@example.org", "400"), ("old@example.org", "5")] {
        let made = ["generate", "--algorithm", "p256", "--sealed", "--address", address, "--days", days];
        done(&key(Some(&settings), &keys, &made));
    }
    let people = world.home.file("others");
    done(&key(None, &people, &["generate", "--algorithm", "p256", "--address", "ann@people.example", "--days", "3"]));
    let ann = key(None, &people, &["export-public", "ann@people.example"]).stdout;
    fs::write(world.home.file("ann.pem"), ann).unwrap();
    done(&key(None, &keys, &["import", world.home.file("ann.pem").to_str().unwrap()]));
    fs::write(world.home.file("sealing.toml"), "version = 1\n\n[default]\nencrypt = \"never\"\n").unwrap();
    for (name, value) in [("seal", "rules"), ("rules", "sealing.toml"), ("keys", "keys")] {
        world.home.settings.set("[[site]]", name, quoted(value));
    }
    let rule = [("name", "\"ops\""), ("causes", "[\"key_ends\"]"), ("to", "[\"ops@ops.example\"]")];
    world.home.settings.add("[[bulletin]]", &rule.map(|(name, value)| (name, value.to_owned())));
    let gateway = world.home.start();
    let old = done(&key(Some(&settings), &keys, &["list", "--address", "old@example.org"]));
    let print = &old[0]["fingerprint"].as_str().unwrap()[..16];
    let posted = office.wait_for(2);
    assert!(posted.iter().all(|one| one.rcpt_to == ["ops@ops.example"]), "{posted:#?}");
    assert!(posted.iter().any(|one| one.mail.contains(print) && one.mail.contains("ends on")), "{posted:#?}");
    assert!(posted.iter().any(|one| one.mail.contains("1 key of people")), "{posted:#?}");
    assert!(posted.iter().all(|one| !one.mail.contains("ann@people.example")), "{posted:#?}");
    let metrics = gateway.metrics();
    let of_key = [&*format!("key=\"{print}\""), "of=\"own\"", "folder=\"keys\""];
    let left = metrics.sum("sealpost_seal_key_ends_seconds", &of_key);
    assert!((4 * 86_400..=5 * 86_400).contains(&left), "{left}");
    assert_eq!(metrics.sum("sealpost_seal_people_keys_ending", &["folder=\"keys\""]), 1);
    assert!(!metrics.0.contains("example.org\"") && !metrics.0.contains("people.example"), "no addresses");
    let listed = lines(&world.run(&["bulletin", "--config", "sealpost.toml", "list"]));
    assert!(listed.len() == 2, "nobody is told of a key that a younger one replaces: {listed:?}");
}

#[test]
fn the_end_of_a_key_of_a_relay_without_a_site_is_in_the_log_and_a_figure() {
    let mut home = relay_alone::home();
    let made = ["generate", "--algorithm", "p256", "--address", "inbox@example.org", "--days", "5"];
    let made = done(&key(None, &home.file("keys"), &made));
    let print = &made[0]["fingerprint"].as_str().unwrap()[..16];
    let next = [("name", "next"), ("host", "127.0.0.1"), ("tls", "none")].map(|(name, value)| (name, quoted(value)));
    home.settings.add("[[outgoing]]", &next);
    let listen = rig::port::free().to_string();
    let opens = [
        ("name", "inbox"),
        ("direction", "in"),
        ("keys", "keys"),
        ("outgoing", "next"),
        ("listen", &*listen),
        ("tls", "none"),
        ("hostname", "box.example.org"),
    ];
    let opens: Vec<(&str, String)> = opens.iter().map(|(name, value)| (*name, quoted(value))).collect();
    home.settings.add("[[relay]]", &[&opens[..], &[("clients", "[\"127.0.0.0/8\"]".to_owned())]].concat());
    let gateway = relay_alone::start(&home);
    let log = gateway.wait_for_log("a key of a relay without a site ends soon");
    assert!(log.contains(print) && !log.contains("inbox@example.org"), "{log}");
    let left = gateway.metrics().sum("sealpost_seal_key_ends_seconds", &["of=\"own\"", "folder=\"keys\""]);
    assert!((4 * 86_400..=5 * 86_400).contains(&left), "{left}");
}
