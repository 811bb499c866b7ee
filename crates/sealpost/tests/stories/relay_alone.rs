//! A relay of no site: settings without any Jira, for whoever seals the mail of a wiki alone.

use super::relay::{PASSWORD, holding, submit, with_relay};
use super::relay_sealed::Bench;
use super::world::{PROGRAM, told};
use rig::gateway::Gateway;
use rig::home::{Home, Site};
use rig::post_office::PostOffice;
use std::fs;

const RULES: &str = r#"version = 1

[default]
encrypt = "always"
sign = "never"
fallback = "do_not_send"

[[recipient]]
addresses = ["plain@people.example"]
encrypt = "never"

[[site]]
name = "demo"
encrypt = "never"
"#;

/// A home without a site, a mailbox and a profile.
pub fn home() -> Home {
    let nowhere = Site { url: "http://127.0.0.1:9".into(), account: "a@b.example".into(), token: "unused".into() };
    let mut home = Home::new(PROGRAM, &nowhere);
    for section in ["[[site]]", "[[mailbox]]", "[[profile]]"] {
        home.settings.remove_all(section);
    }
    home
}

/// Starts `serve --role relay` and waits until it is ready.
pub fn start(home: &Home) -> Gateway {
    home.write_settings();
    let mut gateway = home.run(home.command(&["serve", "--config", "sealpost.toml", "--role", "relay"]));
    assert!(gateway.wait_until_ready().is_ok(), "{}", gateway.log());
    gateway
}

#[test]
fn a_relay_needs_no_jira_and_the_tables_of_sites_do_not_count_for_it() {
    let office = PostOffice::open();
    let mut home = home();
    let folder = tempfile::tempdir().unwrap();
    Bench { dir: folder.path().to_owned() }.make_keys(&home.file("keys"));
    fs::write(home.file("sealing.toml"), RULES).unwrap();
    let relay =
        with_relay(&mut home, "smtp", office.port(), &[("seal", "rules"), ("rules", "sealing.toml"), ("keys", "keys")]);
    home.settings.remove("[[relay]]", "site");
    let gateway = start(&home);
    let people = ["ann@people.example", "plain@people.example"];
    for _ in 0..2 {
        let heard = submit(&home, relay, PASSWORD, &people);
        assert!(heard.starts_with("accepted []"), "{heard} {}", gateway.log());
    }
    let posted = office.posted();
    assert_eq!(posted.len(), 2, "who has it is known, also without a site");
    let sealed = |person: &str| {
        let to = posted.iter().find(|one| one.rcpt_to == [person]).unwrap();
        !to.mail.contains("Planted-words") && to.mail.contains("application/pkcs7-mime")
    };
    assert_eq!(people.map(sealed), [true, false]);
    let heard = submit(&home, relay, PASSWORD, &["carl@people.example"]);
    assert!(heard.starts_with("refused") && heard.contains("550"), "the site's table says never: {heard}");
    drop(gateway);
    assert_eq!(holding(home.data(), &["planted-words", "planted-title"]), Vec::<String>::new());
    let checked = home.command(&["check", "--config", "sealpost.toml"]).output().unwrap();
    assert!(told(&checked).contains("relay wiki, rules") && checked.status.success(), "{}", told(&checked));
}
