//! Profiles on their way: moved in from another mail handler, given out again, compared and promoted.

use super::mails;
use super::world::{World, lines, told};
use rig::settings_file::quoted;
use std::fs;

const EXPORT: &str = "<profile><catchEmail>support@desk.example</catchEmail><blocklist>ann@example.org</blocklist>
<subjectCleanupRegex>(?!x)y</subjectCleanupRegex><outboundPassword>hunter2</outboundPassword>
<projectMapping><name>Default</name><project>DEMO</project><issueType>Task</issueType></projectMapping></profile>";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_profile_moves_in_and_what_is_left_is_listed() {
    let world = World::start().await;
    fs::write(world.home.file("export.xml"), EXPORT).unwrap();
    let words = ["profile", "import", "--from", "jemh-xml", "--left", "left.jsonl", "export.xml"];
    let output = world.run(&words);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("export.xml: profile/subjectCleanupRegex (line 2): subjectCleanupRegex was not taken over"),
        "{said}"
    );
    assert!(said.contains("outboundPassword was not taken over"), "{said}");
    let left = fs::read_to_string(world.home.file("left.jsonl")).unwrap();
    assert!(left.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{left}");
    assert!(left.contains("\"why\":\"not_taken_over\"") && !(left + &told(&output)).contains("hunter2"));
    fs::write(world.home.file("profile.toml"), &output.stdout).unwrap();
    let checked = world.run(&["profile", "check", "profile.toml"]);
    assert!(checked.status.success(), "{}", told(&checked));
    // The gateway runs under it.
    let mut gateway = world.home.start();
    world.hand_in(&mails::request("a@example.org", "from somebody who is blocked", "text")).await.unwrap();
    gateway.wait_until_quiet();
    let messages = world.messages();
    assert_eq!((&messages[0]["outcome"], world.issues().len()), (&"ignore".into(), 0), "{messages:?}");

    for (words, says) in [
        (["profile", "import", "--from", "jemhc-json", "export.xml"], "is not JSON"),
        (["profile", "import", "--from", "jemh-xml", "nowhere.xml"], "cannot be read"),
    ] {
        let output = world.run(&words);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{}", told(&output));
        assert!(told(&output).contains(says), "{}", told(&output));
    }
    assert_eq!(world.run(&["profile", "import", "--from", "pigeon", "export.xml"]).status.code(), Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_comes_out_as_it_went_in() {
    let world = World::start().await;
    let gateway = world.home.start();
    let first = fs::read_to_string(world.home.file("profile.toml")).unwrap();
    let second = format!("{first}# another\n[[rule]]\nname = \"r\"\nsubject = \"x\"\noutcome = \"ignore\"\n");
    fs::write(world.home.file("profile.toml"), &second).unwrap();
    gateway.signal(rustix::process::Signal::HUP);
    gateway.wait_for_log("mailboxes and profiles are reloaded");
    let export =
        |more: &[&str]| world.run(&[&["profile", "export", "--config", "sealpost.toml", "support"], more].concat());
    let newest = export(&[]);
    assert_eq!(String::from_utf8(newest.stdout).unwrap(), second, "byte for byte");
    assert_eq!(String::from_utf8(export(&["--version", "1"]).stdout).unwrap(), first);
    let missing = export(&["--version", "3"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(told(&missing).contains("no such version"), "{}", told(&missing));

    // Imported again it makes no new version.
    gateway.signal(rustix::process::Signal::HUP);
    drop(gateway);
    let mut gateway = world.home.start();
    gateway.wait_until_quiet();
    let versions = world.run(&["profile", "versions", "--config", "sealpost.toml"]);
    let versions: Vec<i64> = lines(&versions).iter().map(|line| line["version"].as_i64().unwrap()).collect();
    assert_eq!(versions, [2, 1]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_promotion_shows_whose_plans_change() {
    let mut world = World::start().await;
    let trial = "environment = \"trial\"\n[default]\nproject = \"DEMO\"\n[[rule]]\nname = \"r\"\nsubject = \"x*\"\noutcome = \"ignore\"\n";
    let live = "environment = \"production\"\n[default]\nproject = \"DEMO\"\n";
    fs::write(world.home.file("trial.toml"), trial).unwrap();
    fs::write(world.home.file("profile.toml"), live).unwrap();
    fs::write(world.home.file("a.eml"), mails::request("a@example.org", "xylophone", "text")).unwrap();
    fs::write(world.home.file("b.eml"), mails::request("b@example.org", "printer", "text")).unwrap();
    let diff = |more: &[&str]| world.run(&[&["profile", "diff", "profile.toml", "trial.toml"], more].concat());
    let output = diff(&["a.eml", "b.eml"]);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let said = lines(&output);
    assert_eq!(said[0]["outcome"], serde_json::json!({"before": "create", "now": "ignore"}));
    assert_eq!((&said[0]["unchanged"], &said[1]["unchanged"]), (&false.into(), &true.into()), "{said:?}");
    assert!(
        told(&output).contains("2 plans, 1 of them changed; from environment production to trial"),
        "{}",
        told(&output)
    );
    assert_eq!(diff(&["--same", "a.eml"]).status.code(), Some(1));
    assert_eq!(diff(&["--same", "b.eml"]).status.code(), Some(0));
    let missing = diff(&["no.eml", "b.eml"]);
    assert_eq!((missing.status.code(), lines(&missing).len()), (Some(1), 2), "{}", told(&missing));
    assert_eq!(diff(&[]).status.code(), Some(1));

    // A site takes no profile of another environment.
    world.home.settings.set("[[site]]", "environment", quoted("production"));
    let checked = world.run(&["check", "--config", "sealpost.toml"]);
    assert!(checked.status.success(), "{}", told(&checked));
    fs::write(world.home.file("profile.toml"), trial).unwrap();
    let checked = told(&world.run(&["check", "--config", "sealpost.toml"]));
    assert!(checked.contains("is of the environment \"trial\"") && checked.contains("profile diff"), "{checked}");
}

/// Planted where people, hosts and groups stand.
const PLANTED: &[&str] =
    &["qzcanary", "qzcorp", "qzgroup", "qzname", "qzrule", "qzmapping", "qzcomment", "qzcompany", "qzform", "qzdesk"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn priv_13_a_profile_is_given_out_without_anybody_in_it() {
    let mut world = World::start().await;
    world.home.settings.set("[[mailbox]]", "authenticity", quoted("header"));
    world.home.settings.set("[[mailbox]]", "authserv_id", quoted("mx.desk.example"));
    let text = "# qzcomment\ncatch = [\"qzcanary@qzcorp.com\", \"*@qzcorp.com\"]\nforward_to = [\"boss@other.qzcorp.org\"]\n\
        reply_to_from = [\"qzform@*.qzdesk.com\"]\n\
        catch_regex = '^qzcanary@.*\\.qzcorp\\.com$'\n[default]\nproject = \"DEMO\"\nviewable = \"group:qzgroup\"\n\
        customers = [\"sender\"]\ncustomers_allow = \"*@qzcorp.com\"\ncustomers_block = [\"qzname*@qzcorp.com\"]\n\
        customer_organisations = [\"qzcompany\"]\norganisations = [\"qzcompany\"]\n\
        [[mapping]]\nname = \"qzmapping\"\nproject = \"OPS\"\n\
        [[rule]]\nname = \"qzrule\"\nfrom = \"qzname@qzcorp.com\"\ngroups = [\"qzgroup\"]\nmapping = \"qzmapping\"\n\
        [[exclude]]\nname = \"qzrule\"\nfiles = \"winmail.dat\"\ntypes = \"application/vnd.oasis.*\"\n";
    fs::write(world.home.file("profile.toml"), text).unwrap();
    let gateway = world.home.start();
    let output = world.run(&["profile", "export", "--config", "sealpost.toml", "--anonymous", "support"]);
    drop(gateway);
    assert!(output.status.success(), "{}", told(&output));
    let given = String::from_utf8(output.stdout.clone()).unwrap();
    for word in PLANTED {
        assert!(!told(&output).contains(word), "{word} is left in\n{given}");
    }
    assert!(given.contains("project = \"OPS\"") && given.contains("\"group "), "{given}");
    assert!(given.contains("winmail.dat") && given.contains("vnd.oasis.*") && given.contains("\"*@h"), "{given}");
    fs::write(world.home.file("given.toml"), &given).unwrap();
    let checked = world.run(&["profile", "check", "given.toml"]);
    assert!(checked.status.success(), "{}\n{given}", told(&checked));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_people_of_a_project_keep_their_mapping_and_no_more() {
    let world = World::start().await;
    world.desk.add_project("HR", "People").await.unwrap();
    let text = "[default]\nproject = \"DEMO\"\n[[mapping]]\nname = \"hr\"\nproject = \"HR\"\nfile = \"hr.toml\"\n\
        [[rule]]\nname = \"hr\"\nsubject = \"leave*\"\nmapping = \"hr\"\n";
    fs::write(world.home.file("profile.toml"), text).unwrap();
    let theirs = world.home.file("hr.toml");
    fs::write(&theirs, "description_header = \"Sent to HR.\"\n").unwrap();
    let mut gateway = world.home.start();
    world.hand_in(&mails::request("a@example.org", "leave in May", "Please.")).await.unwrap();
    gateway.wait_until_quiet();
    let headed = |words: &str| {
        let issues = world.issues_of("HR").unwrap();
        issues.iter().filter(|issue| issue.description.contains(words)).count()
    };
    assert_eq!(headed("Sent to HR."), 1);

    // What is wrong is told with its line, and the last good version goes on.
    fs::write(&theirs, "description_header = \"Sent to People.\"\n\ncatch = \"boss@example.org\"\n").unwrap();
    let checked = told(&world.run(&["profile", "check", "profile.toml"]));
    assert!(checked.contains("hr.toml:3: catch is no setting of a mapping"), "{checked}");
    gateway.signal(rustix::process::Signal::HUP);
    let log = gateway.wait_for_log("settings were not reloaded");
    assert!(log.contains("hr.toml:3"), "{log}");
    world.hand_in(&mails::request("b@example.org", "leave in June", "Please.")).await.unwrap();
    gateway.wait_until_quiet();
    assert_eq!(headed("Sent to HR."), 2);

    fs::write(&theirs, "description_header = \"Sent to People.\"\n").unwrap();
    gateway.signal(rustix::process::Signal::HUP);
    gateway.wait_for_log("mailboxes and profiles are reloaded");
    world.hand_in(&mails::request("c@example.org", "leave in July", "Please.")).await.unwrap();
    gateway.wait_until_quiet();
    assert_eq!((headed("Sent to HR."), headed("Sent to People.")), (2, 1));
    let export = world.run(&["profile", "export", "--config", "sealpost.toml", "support"]);
    let kept = String::from_utf8(export.stdout).unwrap();
    assert!(
        kept.contains("# hr.toml\ndescription_header = \"Sent to People.\"\n"),
        "a version says all by itself: {kept}"
    );
}
