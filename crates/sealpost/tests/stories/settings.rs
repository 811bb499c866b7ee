//! Wrong settings are told before anything starts: one line each, with key, value, file and remedy.

use super::world::{World, told};
use rig::settings_file::quoted;
use std::fs;
use std::os::unix::fs::PermissionsExt;

/// `check` with these settings: the line that names the key, and `serve` refuses them too.
fn complaint(world: &World, key: &str) -> String {
    let checked = world.run(&["check", "--config", "sealpost.toml"]);
    assert_eq!(checked.status.code(), Some(1), "{}", told(&checked));
    let said = told(&checked);
    let line = said.lines().find(|line| line.contains(key));
    let line = line.unwrap_or_else(|| panic!("no line names {key}: {said}")).to_owned();
    let served = world.run(&["serve", "--config", "sealpost.toml"]);
    assert_eq!(served.status.code(), Some(1), "{}", told(&served));
    assert!(told(&served).contains(key), "serve says it too: {}", told(&served));
    line
}

/// All of these stand in the line.
fn has_all(line: &str, words: &[&str]) {
    for word in words {
        assert!(line.contains(word), "{word:?} is missing in {line:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn right_settings_pass() {
    let world = World::start().await;
    let checked = world.run(&["check", "--config", "sealpost.toml"]);
    assert!(checked.status.success(), "{}", told(&checked));
    has_all(&told(&checked), &["settings", "database", "cells", "mailbox support", "site demo"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unknown_key_is_told_with_the_nearest_one() {
    let mut world = World::start().await;
    world.home.settings.set("[work]", "leese_s", 5);
    has_all(&complaint(&world, "work.leese_s"), &["sealpost.toml:", "is not a setting", "lease_s"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_type_and_a_number_out_of_range_are_told() {
    let mut world = World::start().await;
    world.home.settings.set("[work]", "jobs_at_once", quoted("many"));
    has_all(&complaint(&world, "work.jobs_at_once"), &["\"many\"", "sealpost.toml:", "wrong type", "1 to 1000"]);
    world.home.settings.set("[work]", "jobs_at_once", 0);
    has_all(&complaint(&world, "work.jobs_at_once"), &[" = 0", "sealpost.toml:", "out of range", "1 to 1000"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missing_profile_is_told() {
    let mut world = World::start().await;
    world.home.settings.set("[[mailbox]]", "profile", quoted("suport"));
    has_all(&complaint(&world, "profile"), &["\"suport\"", "sealpost.toml", "[[profile]]"]);
    world.home.settings.set("[[mailbox]]", "profile", quoted("support"));
    world.home.settings.set("[[profile]]", "file", quoted("no-such-profile.toml"));
    let line = complaint(&world, "file");
    has_all(&line, &["no-such-profile.toml", "cannot be read", "give the path"]);
    assert!(!line.contains("./no-such"), "as it was written: {line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_reference_is_told_with_its_line_its_mailbox_and_the_nearest_name() {
    let mut world = World::start().await;
    world.home.settings.set("[[mailbox]]", "site", quoted("dmeo"));
    let line = complaint(&world, "mailbox[].site");
    has_all(&line, &["sealpost.toml:", "\"dmeo\"", "mailbox \"support\"", "did you mean \"demo\"?"]);
    world.home.settings.set("[[mailbox]]", "site", quoted("production"));
    has_all(&complaint(&world, "mailbox[].site"), &["name one of the [[site]] sections"]);
    world.home.settings.set("[[mailbox]]", "site", quoted("demo"));
    world.home.settings.add("[[profile]]", &[("name", quoted("support")), ("file", quoted("profile.toml"))]);
    has_all(&complaint(&world, "profile[].name"), &["sealpost.toml:", "\"support\"", "stands twice"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn remedies_lead_where_the_mistake_is() {
    let mut world = World::start().await;
    world.home.settings.set("[[mailbox]]", "tls", quoted("ssl"));
    let line = complaint(&world, "mailbox[].tls");
    assert!(line.contains("write one of none, starttls, implicit") && !line.contains("did you mean"), "{line}");
    world.home.settings.set("[[mailbox]]", "tls", quoted("startls"));
    has_all(&complaint(&world, "mailbox[].tls"), &["did you mean starttls?"]);
    world.home.settings.set("[[mailbox]]", "tls", quoted("none"));
    world.home.settings.set("[[site]]", "token", quoted("env:NO_SUCH_SECRET"));
    has_all(
        &complaint(&world, "site[].token"),
        &["NO_SUCH_SECRET is not set", "set it in the environment of the gateway"],
    );
    world.home.settings.set("[[site]]", "token", quoted("file:site.token"));
    world.home.settings.set("[[profile]]", "file", quoted("no-such-profile.toml"));
    let said = told(&world.run(&["check", "--config", "sealpost.toml"]));
    assert!(said.contains("cannot be read") && !said.contains("default.project"), "{said}");
    world.home.settings.set("[[profile]]", "file", quoted("profile.toml"));
    fs::write(world.home.file("profile.toml"), "[default]\nproject = \"DEMO\"\ncatch_regex = [\"a\"]\n").unwrap();
    has_all(&complaint(&world, "catch_regex"), &["stands at the top, before every table"]);
    let output = world.run(&["message", "--config", "sealpost.toml", "list", "--state", "given_up"]);
    has_all(&told(&output), &["write one of ready, running, waiting, held, done, dead"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn authors_that_could_never_be_proved_are_told() {
    let mut world = World::start().await;
    world.home.settings.set("[[mailbox]]", "authenticity", quoted("header"));
    has_all(&complaint(&world, "authenticity"), &["\"header\"", "sealpost.toml:", "mailbox.authserv_id"]);
    world.home.settings.set("[[mailbox]]", "authserv_id", quoted("mx.desk.example"));
    world.home.settings.set("[[mailbox]]", "authserv_clients", "[\"mx.desk.example\"]");
    has_all(&complaint(&world, "authserv_clients"), &["mx.desk.example", "sealpost.toml:", "192.0.2.7"]);
    world.home.settings.set("[[mailbox]]", "authserv_clients", "[\"192.0.2.7\"]");
    world.home.settings.set("[[mailbox]]", "authenticity", quoted("none"));
    let strict = "[default]\nproject = \"DEMO\"\n[threads]\nrequire_authentic = true\n";
    fs::write(world.home.file("profile.toml"), strict).unwrap();
    has_all(&complaint(&world, "authenticity"), &["\"support\"", "sealpost.toml", "\"header\" or \"dns\""]);
    world.home.settings.set("[[mailbox]]", "authenticity", quoted("dns"));
    world.home.settings.set("[dns]", "servers", "[\"dns.example\"]");
    has_all(&complaint(&world, "dns.servers"), &["dns.example", "sealpost.toml:", "127.0.0.1:53"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_everybody_can_read_is_refused_and_never_shown() {
    let world = World::start().await;
    fs::set_permissions(world.home.file("site.token"), fs::Permissions::from_mode(0o644)).unwrap();
    let line = complaint(&world, "token");
    has_all(&line, &["site.token", "sealpost.toml:", "read by", "chmod"]);
    assert!(!line.contains(super::world::TOKEN));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_key_that_others_can_read_is_refused() {
    let world = World::start().await;
    fs::set_permissions(world.home.master_key(), fs::Permissions::from_mode(0o640)).unwrap();
    let line = complaint(&world, "master.key");
    let key = fs::read_to_string(world.home.master_key()).unwrap();
    assert!(!line.contains(key.trim()), "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_that_refuses_us_is_told_by_check() {
    let world = World::start().await;
    world.home.write_secret("site.token", "not-the-token");
    let checked = world.run(&["check", "--config", "sealpost.toml"]);
    assert_eq!(checked.status.code(), Some(1), "{}", told(&checked));
    let said = told(&checked);
    let line = said.lines().find(|line| line.contains("site demo")).unwrap();
    assert!(line.starts_with("DOES NOT"), "{line}");
    assert!(!said.contains("not-the-token"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_mistakes_are_told_at_once() {
    let mut world = World::start().await;
    world.home.settings.set("[log]", "level", quoted("loud"));
    world.home.settings.set("[[mailbox]]", "site", quoted("dmeo"));
    world.home.settings.set("[mial]", "size_mib_max", 5);
    let checked = world.run(&["check", "--config", "sealpost.toml"]);
    assert_eq!(checked.status.code(), Some(1));
    let said = told(&checked);
    has_all(&said, &["log.level", "\"loud\"", "did you mean mail?"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_missing_permission_is_named_by_check() {
    let world = World::start().await;
    world.desk.deny("DEMO", "LINK_ISSUES");
    let checked = world.run(&["check", "--config", "sealpost.toml"]);
    assert!(checked.status.success(), "links are not needed by every mail: {}", told(&checked));
    has_all(&told(&checked), &["site demo, project DEMO", "Jira Cloud", "LINK_ISSUES (links)"]);

    for permission in ["ADD_COMMENTS", "CREATE_ATTACHMENTS"] {
        world.desk.deny("DEMO", permission);
    }
    let checked = world.run(&["check", "--config", "sealpost.toml"]);
    assert_eq!(checked.status.code(), Some(1), "{}", told(&checked));
    has_all(
        &told(&checked),
        &["DOES NOT    site demo, project DEMO", "ADD_COMMENTS, CREATE_ATTACHMENTS", "permission scheme"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_dialect_is_told_by_check() {
    let mut world = World::start().await;
    world.home.settings.set("[[site]]", "dialect", rig::settings_file::quoted("jira_data_center"));
    let checked = world.run(&["check", "--config", "sealpost.toml"]);
    assert_eq!(checked.status.code(), Some(1), "{}", told(&checked));
    has_all(&told(&checked), &["it is a Jira Cloud; write dialect = \"jira_cloud\""]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn priv_30_a_site_is_a_dead_end_until_its_settings_release_it() {
    let mut world = World::start().await;
    let letters = |world: &World| {
        let said = told(&world.run(&["check", "--config", "sealpost.toml"]));
        said.lines().find(|line| line.contains("letters of site demo")).unwrap_or_default().to_owned()
    };
    has_all(&letters(&world), &["it is a dead end, nothing leaves"]);
    world.home.settings.set("[[site]]", "dead_end", "false");
    has_all(&letters(&world), &["none can leave, and no profile wants one"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn priv_21_mail_comes_and_letters_leave_in_clear_on_this_machine_only() {
    let mut world = World::start().await;
    for elsewhere in ["0.0.0.0:0", "[::]:0", "192.0.2.1:2525"] {
        world.home.settings.set("[[mailbox]]", "listen", quoted(elsewhere));
        let words = [elsewhere, "sealpost.toml:", "other machines in clear", "starttls", "mailbox.allow_clear"];
        has_all(&complaint(&world, "mailbox[].listen"), &words);
    }
    world.home.settings.set("[[mailbox]]", "allow_clear", "true");
    let said = told(&world.run(&["check", "--config", "sealpost.toml"]));
    assert!(!said.contains("mailbox[].listen"), "{said}");
    world.home.settings.set("[[mailbox]]", "listen", quoted("127.0.0.1:0"));
    world.home.settings.remove("[[mailbox]]", "allow_clear");
    let letters = |host: &str, tls: &str| {
        [("name", "relay"), ("host", host), ("tls", tls)].map(|(key, value)| (key, quoted(value))).to_vec()
    };
    let right = world.home.settings.clone();
    world.home.settings.add("[[outgoing]]", &letters("relay.example.org", "none"));
    let words = ["sealpost.toml:", "letters through the network in clear", "starttls"];
    has_all(&complaint(&world, "outgoing[].tls"), &words);
    for (host, tls) in [("relay.example.org", "starttls"), ("localhost", "none")] {
        world.home.settings = right.clone();
        world.home.settings.add("[[outgoing]]", &letters(host, tls));
        let said = told(&world.run(&["check", "--config", "sealpost.toml"]));
        assert!(!said.contains("outgoing[].tls"), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plans_bulletins_and_channels_name_what_is_there() {
    let mut world = World::start().await;
    let texts = |text: &str| format!("[{}]", quoted(text));
    world.home.settings.add("[[plan]]", &[("name", quoted("small")), ("sites", texts("dmeo"))]);
    has_all(&complaint(&world, "plan[].sites"), &["sealpost.toml:", "dmeo", "which is not there"]);
    world.home.settings.set("[[plan]]", "sites", texts("demo"));
    let pack = [("plan", quoted("smal")), ("from", quoted("2026-12-01")), ("until", quoted("2026-11-01"))];
    world.home.settings.add("[[pack]]", &pack);
    has_all(&complaint(&world, "pack[].plan"), &["\"smal\"", "did you mean \"small\"?"]);
    has_all(&complaint(&world, "pack[].messages"), &["adds nothing"]);
    has_all(&complaint(&world, "pack[].until"), &["is before from"]);
    world.home.settings.set("[[pack]]", "plan", quoted("small"));
    world.home.settings.set("[[pack]]", "messages", 5);
    world.home.settings.set("[[pack]]", "until", quoted("2026-12-31"));
    fs::write(world.home.file("chat.url"), "http://chat.example/planted-secret").unwrap();
    fs::set_permissions(world.home.file("chat.url"), fs::Permissions::from_mode(0o600)).unwrap();
    let channel = [("name", quoted("chat")), ("kind", quoted("slack")), ("url", quoted("file:chat.url"))];
    world.home.settings.add("[[channel]]", &channel);
    world.home.settings.add("[[bulletin]]", &[("name", quoted("ops")), ("channels", texts("chta"))]);
    has_all(&complaint(&world, "bulletin[].channels"), &["chta", "which is not there"]);
    let line = complaint(&world, "channel[].url");
    assert!(line.contains("https://") && !line.contains("planted"), "sec_36: {line}");
    fs::write(world.home.file("chat.url"), "https://chat.example/planted-secret\n").unwrap();
    world.home.settings.set("[[bulletin]]", "channels", texts("chat"));
    let checked = world.run(&["check", "--config", "sealpost.toml"]);
    assert!(checked.status.success(), "{}", told(&checked));
}
