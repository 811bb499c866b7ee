//! The ways in which mail comes in, and what is said to mail that cannot be taken.

use super::mails;
use super::swaks::{send_file, swaks};
use super::world::World;
use rig::settings_file::quoted;
use std::fs;

const USER: &str = "relay";
const PASSWORD: &str = "a-password-of-the-stories";

/// A certificate for 127.0.0.1 and localhost, valid for ever and signed by itself, with its key, beside the settings.
fn write_certificate(world: &World) {
    let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
    let certified = rcgen::generate_simple_self_signed(names).unwrap();
    fs::write(world.home.file("mail.pem"), certified.cert.pem()).unwrap();
    world.home.write_secret("mail.key", &certified.signing_key.serialize_pem());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_signs_in_over_starttls() {
    let mut world = World::start().await;
    write_certificate(&world);
    world.home.write_secret("relay.password", PASSWORD);
    let settings = &mut world.home.settings;
    for (key, value) in [
        ("tls", quoted("starttls")),
        ("certificate", quoted("mail.pem")),
        ("key", quoted("mail.key")),
        ("require_tls", "true".into()),
        ("require_auth", "true".into()),
    ] {
        settings.set("[[mailbox]]", key, value);
    }
    let account = [("mailbox", quoted("support")), ("user", quoted(USER)), ("password", quoted("file:relay.password"))];
    settings.add("[[account]]", &account);
    let mut gateway = world.home.start();
    let file = world.home.file("request.eml");
    fs::write(&file, mails::request("a@example.org", "The printer burns", "Flames.")).unwrap();
    let send = |more: &[&str]| send_file(world.home.smtp, &file, more);

    assert!(send(&[]).said.contains("530 "), "without encryption nothing is taken");
    assert!(send(&["--tls"]).said.contains("530 "), "without a password nothing is taken");
    let wrong = send(&["--tls", "--auth", "PLAIN", "--auth-user", USER, "--auth-password", "wrong"]);
    assert!(wrong.said.contains("535 ") && !wrong.ended_well, "{}", wrong.said);
    for mechanism in ["PLAIN", "LOGIN"] {
        let sent = send(&["--tls", "--auth", mechanism, "--auth-user", USER, "--auth-password", PASSWORD]);
        assert!(sent.said.contains("TLS started"), "{}", sent.said);
        sent.id();
    }
    gateway.wait_until_quiet();
    assert_eq!(world.issues().len(), 1, "the second was the same mail by the same way");
    let log = gateway.log();
    assert!(!log.contains(PASSWORD) && !gateway.output().contains(PASSWORD));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_local_server_hands_over_by_lmtp() {
    let mut world = World::start().await;
    let socket = world.home.file("lmtp.sock");
    let listen = quoted(&format!("unix:{}", socket.display()));
    world.home.settings.set("[[mailbox]]", "kind", quoted("lmtp"));
    world.home.settings.set("[[mailbox]]", "listen", listen);
    let mut gateway = world.home.start();
    let path = socket.display().to_string();
    let subject = ["--header", "Subject: by LMTP", "--body", "Flames."];
    swaks(&[&["--protocol", "LMTP", "--socket", path.as_str()], subject.as_slice()].concat()).id();
    fs::write(world.home.file("second.eml"), mails::request("b@example.org", "by deliver", "Smoke.")).unwrap();
    let output = world.run(&["deliver", "--config", "sealpost.toml", "second.eml"]);
    assert!(output.status.success(), "{}", super::world::told(&output));
    gateway.wait_until_quiet();
    let mut subjects: Vec<String> = world.issues().into_iter().map(|issue| issue.summary).collect();
    subjects.sort();
    assert_eq!(subjects, ["by LMTP", "by deliver"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_06_a_nearly_full_disk_refuses_mail_for_now() {
    let mut world = World::start().await;
    // More than any disk of a machine that runs tests has free: a terabyte is the setting's largest value.
    world.home.settings.set("[store]", "free_mib_min", 1_000_000);
    let server = world.home.smtp.to_string();
    let gateway = world.home.spawn(&[]);
    gateway.wait_for_log("takes mail in");
    let refused = swaks(&["--server", &server, "--header", "Subject: The printer burns", "--body", "Flames."]);
    assert!(refused.said.contains("452 ") && !refused.ended_well, "{}", refused.said);
    drop(gateway);

    world.home.settings.set("[store]", "free_mib_min", 8);
    let mut gateway = world.home.start();
    swaks(&["--server", &server, "--header", "Subject: The printer burns", "--body", "Flames."]).id();
    gateway.wait_until_quiet();
    assert_eq!(world.issues().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_22_a_mail_above_the_limit_is_refused_for_good() {
    let mut world = World::start().await;
    world.home.settings.set("[mail]", "size_mib_max", 1);
    let mut gateway = world.home.start();
    let (large, fits) = (world.home.file("large.eml"), world.home.file("fits.eml"));
    fs::write(&large, mails::with_files("a@example.org", "too large", "See.", &[("file.bin", 1 << 20)])).unwrap();
    fs::write(&fits, mails::with_files("b@example.org", "large", "See.", &[("file.bin", 700_000)])).unwrap();
    let refused = send_file(world.home.smtp, &large, &[]);
    assert!(refused.said.contains("552 ") && !refused.ended_well, "{}", refused.said);
    send_file(world.home.smtp, &fits, &[]).id();
    gateway.wait_until_quiet();
    let issues = world.issues();
    assert_eq!(issues.len(), 1);
    assert_eq!(issues[0].files, [("file.bin".to_owned(), 700_000)]);
}
