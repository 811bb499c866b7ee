//! Keys of ours that the rules name are given to everybody: GnuPG takes the one of a Web Key Directory in, and finds one name on it.

use super::public::listen;
use super::relay_sealed::Bench;
use super::world::{PROGRAM, World};
use rig::gateway::Gateway;
use rig::settings_file::quoted;
use rig::web::{Page, curl};
use std::fs;
use std::process::Command;

const RULES: &str = "version = 1\n[publish]\nwkd = [\"help@desk.example\", \"*@wiki.example\"]\n";

/// What names a local part in a directory, as gpg-wks-client prints it.
fn hash(local: &str) -> String {
    let output = Command::new("/usr/lib/gnupg/gpg-wks-client")
        .args(["--print-wkd-hash", &format!("{local}@desk.example")])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).split_whitespace().next().unwrap().to_owned()
}

struct Directory {
    _gateway: Gateway,
    base: String,
}

impl Directory {
    fn ask(&self, host: &str, path: &str, into: &std::path::Path) -> Page {
        let (host, url) = (format!("Host: {host}"), format!("{}{path}", self.base));
        // The body once more, as it is.
        let output =
            Command::new("curl").args(["-sS", "--max-time", "100", "-H", &host, "-o"]).arg(into).arg(&url).status();
        assert!(output.unwrap().success());
        curl(&["-H", &host, &url])
    }
}

async fn directory(bench: &Bench) -> (World, Directory) {
    let mut world = World::start().await;
    let base = listen(&mut world);
    let keys = world.home.file("keys");
    bench.make_keys_for(&keys, "help@desk.example");
    let folder = keys.to_str().unwrap();
    let addresses = ["--address", "help@desk.example", "--address", "private@desk.example"];
    let made = ["key", "generate", "--keys", folder, "--scheme", "pgp", "--algorithm", "ed25519"];
    bench.run(PROGRAM, &[&made[..], &addresses[..]].concat());
    fs::write(world.home.file("sealing.toml"), RULES).unwrap();
    for (name, value) in [("seal", "rules"), ("rules", "sealing.toml"), ("keys", "keys")] {
        world.home.settings.set("[[site]]", name, quoted(value));
    }
    let gateway = world.home.start();
    (world, Directory { _gateway: gateway, base })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gnupg_takes_our_key_out_of_the_web_key_directory_with_one_name_alone() {
    let folder = tempfile::tempdir().unwrap();
    let bench = Bench { dir: folder.path().to_owned() };
    let (_world, directory) = directory(&bench).await;
    let file = bench.dir.join("found.pgp");
    for (host, before) in [("openpgpkey.desk.example", "desk.example/"), ("desk.example", "")] {
        let path = format!("/.well-known/openpgpkey/{before}hu/{}?l=help", hash("help"));
        let found = directory.ask(host, &path, &file);
        assert_eq!(found.status, 200, "{host} {path}");
        assert!(found.head.contains("access-control-allow-origin: *"), "{}", found.head);
        let policy = directory.ask(host, &format!("/.well-known/openpgpkey/{before}policy"), &bench.dir.join("policy"));
        assert_eq!(policy.status, 200);
        directory.ask(host, &path, &file);
        let shown =
            bench.run("gpg", &["--batch", "--with-colons", "--import-options", "show-only", "--import", "found.pgp"]);
        let shown = String::from_utf8_lossy(&shown).into_owned();
        let names: Vec<&str> = shown.lines().filter(|line| line.starts_with("uid")).collect();
        assert!(names.len() == 1 && names[0].contains("help@desk.example"), "{shown}");
        assert!(!shown.lines().any(|line| line.starts_with("sec")), "{shown}");
    }
    // Neither an address that the rules do not name, nor anybody else's key, nor another's domain.
    for (host, path) in [
        ("desk.example", format!("hu/{}?l=private", hash("private"))),
        ("people.example", format!("hu/{}?l=bob", hash("bob"))),
        ("openpgpkey.people.example", "people.example/policy".to_owned()),
    ] {
        let found = directory.ask(host, &format!("/.well-known/openpgpkey/{path}"), &file);
        assert_eq!((found.status, found.body.as_str()), (404, ""), "{host} {path}");
    }
    let pem = curl(&[&format!("{}/certificates/help@desk.example", directory.base)]);
    assert!(
        pem.status == 200 && pem.body.contains("BEGIN CERTIFICATE") && !pem.body.contains("PRIVATE"),
        "{}",
        pem.body
    );
    assert_eq!(curl(&[&format!("{}/certificates/ann@people.example", directory.base)]).status, 404);
}
