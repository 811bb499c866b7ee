//! `sealpost check` tells before any mail comes what would not work: ports, projects, issue types, fields and their values.

use super::world::{World, told};
use rig::settings_file::quoted;
use std::fs;
use std::net::TcpListener;

/// What `check` says, and whether all is well.
fn check(world: &World) -> (bool, String) {
    let checked = world.run(&["check", "--config", "sealpost.toml"]);
    (checked.status.success(), told(&checked))
}

/// The line about this.
fn line<'s>(said: &'s str, what: &str) -> &'s str {
    said.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("no line has {what}: {said}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_is_free_or_the_running_gateways_or_somebody_elses() {
    let mut world = World::start().await;
    let console = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = console.local_addr().unwrap();
    world.home.settings.set("[console]", "listen", quoted(&address.to_string()));
    let (well, said) = check(&world);
    assert!(!well && line(&said, "console.listen").starts_with("DOES NOT"), "{said}");
    assert!(line(&said, "console.listen").contains(&format!("{address} is in use by another program")), "{said}");
    assert!(line(&said, "mailbox support").contains("is free") && said.contains("1 thing does not work"), "{said}");

    drop(console);
    let gateway = world.home.start();
    gateway.wait_for_log("ready");
    let (well, said) = check(&world);
    assert!(well, "{said}");
    for what in ["console.listen", "operations.listen", "mailbox support"] {
        assert!(line(&said, what).contains("in use by the running gateway of these settings"), "{said}");
    }
    let log = gateway.log();
    assert!(log.contains("listens") && log.contains(&address.to_string()), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_listeners_at_one_place_are_told_with_both_names() {
    let mut world = World::start().await;
    world.home.settings.set("[console]", "listen", quoted("127.0.0.1:18025"));
    world.home.settings.set("[public]", "listen", quoted("127.0.0.1:18025"));
    let (well, said) = check(&world);
    let line = line(&said, "public.listen");
    assert!(!well && line.contains("is where console.listen listens") && line.contains("sealpost.toml:"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_that_is_not_there_is_told_with_who_names_it() {
    let world = World::start().await;
    let profile =
        "[default]\nproject = \"DEMO\"\nissue_type = \"Task\"\n[[mapping]]\nname = \"help\"\nproject = \"HELP\"\n";
    fs::write(world.home.file("profile.toml"), profile).unwrap();
    let (well, said) = check(&world);
    assert!(!well && line(&said, "project DEMO").starts_with("works"), "{said}");
    let line = line(&said, "project HELP");
    assert!(line.starts_with("DOES NOT") && line.contains("it is not there, or the account may not see it"), "{line}");
    assert!(line.contains("profile \"support\", mapping \"help\"") && !said.contains("API base"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_refuses_comments_and_would_refuse_nothing_is_told() {
    let world = World::start().await;
    let profile = |refusing: &str| format!("[default]\nproject = \"DEMO\"\nissue_type = \"Task\"\n{refusing}\n");
    for (refusing, told) in [
        (
            "reject_status = [\"Clozed\"]",
            Some("there is no status \"Clozed\", so reject_status (profile \"support\", [default])"),
        ),
        ("reject_search = \"statuss = x\"", Some("reject_search (profile \"support\", [default]) is not answered")),
        ("reject_status = [\"Clozed\", \"done\"]\nreject_search = \"labels = old ORDER BY key\"", None),
    ] {
        fs::write(world.home.file("profile.toml"), profile(refusing)).unwrap();
        let (well, said) = check(&world);
        let line = line(&said, "project DEMO");
        assert_eq!(well, told.is_none(), "{said}");
        assert!(told.is_none_or(|told| line.contains(told)), "{line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn issue_types_fields_and_values_that_a_project_lacks_are_told_with_their_rule() {
    let world = World::start().await;
    let profile = "[default]\nproject = \"DEMO\"\nissue_type = \"Task\"\n\
        [[rule]]\nname = \"outage\"\nsubject = [\"*down*\"]\nissue_type = \"Incident\"\n\
        [[rule]]\nname = \"loud\"\nsubject = [\"*!\"]\npriority = \"Deafening\"\n\
        [[rule]]\nname = \"typed\"\nsubject = [\"*?\"]\nissue_type = \"Bgu\"\n[rule.fields]\nImpact = \"big\"\n\
        [[rule]]\nname = \"hit\"\nsubject = [\"*hit*\"]\n[rule.fields]\nImpact = \"big\"\n\
        [[rule]]\nname = \"miss\"\nsubject = [\"*miss*\"]\n[rule.fields]\nImpact = \"small\"\n";
    fs::write(world.home.file("profile.toml"), profile).unwrap();
    let (well, said) = check(&world);
    let line = line(&said, "project DEMO");
    assert!(!well && line.starts_with("DOES NOT"), "{said}");
    assert_eq!(line.matches("there is no field").count(), 1, "the second rule is told nothing new: {line}");
    for told in [
        "no issue type \"Incident\" that the account may create (profile \"support\", rule \"outage\")",
        "it has Task, Bug, Question",
        "did you mean \"Bug\"",
        "\"Priority\" does not allow \"Deafening\", only ",
        "for \"Task\" (profile \"support\", rule \"loud\")",
        "there is no field \"Impact\"",
        "(profile \"support\", rule \"hit\")",
    ] {
        assert!(line.contains(told), "{told:?} is missing: {line}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_template_that_makes_no_letter_is_told_with_its_field_and_line_before_the_first_letter() {
    let mut world = World::start().await;
    fs::write(world.home.file("mappings.toml"), "[default]\ntheme = \"desk\"\n").unwrap();
    let file = world.home.file("templates.toml");
    let templates = |of_comments: &str, of_invoices: &str| {
        let text = format!(
            "[created]\nsubject = '{{{{ issue.key }}}}'\n\n[commented]\nhtml = \"\"\"\n<h1>{{{{ issue.summary }}}}</h1>\n<p>{of_comments}</p>\n\
             \"\"\"\n\n[written.invoice]\ntext = \"{of_invoices}\"\n\n[summary]\ntext = '{{{{ summary.count }}}}'\n"
        );
        fs::write(&file, text).unwrap();
    };
    templates("{{ issue.key }}", "{{ subject }}");
    world.home.settings.set("[[site]]", "mappings", quoted("mappings.toml"));
    world.home.settings.set("[[site]]", "templates", quoted("templates.toml"));
    let (_, said) = check(&world);
    let made = line(&said, "templates of site");
    assert!(made.starts_with("works") && made.contains("they made 16 letters of samples"), "{said}");

    for (wrong, why) in [
        ("{{ issue.nothing.more }}", "the html of the template is wrong: line 7: "),
        ("{{ issue.key", "the html of the template is wrong: line "),
        ("{{ brand.logo.alt }}", "the html of the template is wrong: line 7: "),
    ] {
        templates(wrong, "{{ 1 // 0 }}");
        let (well, said) = check(&world);
        let told: Vec<&str> = said.lines().filter(|line| line.contains("templates of site")).collect();
        assert!(!well && told.len() == 2 && told.iter().all(|line| line.starts_with("DOES NOT")), "{said}");
        assert!(told[0].contains(&format!("[commented]: {why}")), "{said}");
        assert!(told[0].contains("in a letter `commented` by the theme desk in en"), "{said}");
        assert!(told[1].contains("[written.invoice]: the text of the template is wrong: line 11: "), "{said}");
    }
    // What is not compiled at all is refused with the settings.
    templates("{% include 'x' %}", "");
    let (well, said) = check(&world);
    assert!(!well && said.contains("templates.toml: [commented] html: line 7: {% include %} is for themes"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_language_without_words_is_refused_with_those_that_there_are() {
    let mut world = World::start().await;
    world.home.settings.set("[[site]]", "mappings", quoted("mappings.toml"));
    let with = |language: &str| {
        let text = format!("[default]\n[[project]]\nkey = \"DEMO\"\nlanguage = \"{language}\"\n");
        fs::write(world.home.file("mappings.toml"), text).unwrap();
        check(&world)
    };
    let (_, said) = with("de-AT");
    assert!(line(&said, "settings").starts_with("works"), "{said}");
    for language in ["deutsch", "fr"] {
        let (well, said) = with(language);
        let told = line(&said, "is no language that letters are written in; write one of \"en\", \"de\"");
        assert!(!well && told.contains("mappings.toml:4: ") && told.contains(language), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_mappings_ask_in_vain_is_told_with_their_names() {
    let mut world = World::start().await;
    world.home.settings.set("[[site]]", "mappings", quoted("mappings.toml"));
    let with = |text: &str| {
        fs::write(world.home.file("mappings.toml"), text).unwrap();
        let (_, said) = check(&world);
        line(&said, "site demo, mappings: ").to_owned()
    };
    let comments = "[[mapping]]\nname = \"vip\"\nevents = [\"commented\"]\n";
    let right = with(&format!(
        "{comments}roles = [\"Administrators\"]\naudience = [\"reporter\"]\njql = \"project = DEMO AND labels = vip ORDER BY key\"\n\
         [[summary]]\nname = \"own\"\nat = \"0 8 * * *\"\njql = \"assignee = currentUser()\"\naddresses = [\"a@people.example\"]\n"
    ));
    assert!(right.starts_with("works"), "{right}");
    let wrong = with(&format!(
        "{comments}audience = [\"reporter\", \"mail_people\"]\nroles = [\"Knights\"]\ngroups = [\"nobodies\"]\njql = \"nonsense ~~ here\"\n\
         [[summary]]\nname = \"open\"\nat = \"0 8 * * *\"\njql = \"statuss = x\"\naddresses = [\"a@people.example\"]\n\
         [[mapping]]\nname = \"off\"\nenabled = false\nevents = [\"commented\"]\naudience = [\"reporter\"]\njql = \"more ~~ nonsense\"\n"
    ));
    assert!(wrong.starts_with("DOES NOT") && !wrong.contains("\"off\""), "{wrong}");
    for told in [
        "jql of mapping \"vip\" is not answered, so nobody is told by it: ",
        "jql of summary \"open\" is not answered",
        "DEMO has no role \"Knights\", which mapping \"vip\" names",
        "the people of the group \"nobodies\", which mapping \"vip\" names, cannot be had: ",
        "mail_people (mapping \"vip\") reaches nobody",
        "set sender_address_field in one",
        "`sealpost site fields demo --create` makes the field",
    ] {
        assert!(wrong.contains(told), "{told:?} is missing: {wrong}");
    }
    let profile =
        "[default]\nproject = \"DEMO\"\nissue_type = \"Task\"\nsender_address_field = \"Mail sender address\"\n";
    fs::write(world.home.file("profile.toml"), profile).unwrap();
    let kept = with(&format!("{comments}audience = [\"mail_people\"]\n"));
    assert!(kept.starts_with("works"), "{kept}");
}
