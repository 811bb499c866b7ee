//! Profiles as administrators write them: what is read, what is refused and with which words.
#![allow(clippy::unwrap_used)]

use policy::profile::{Default, Form, MappingFile, Setting, mapping_files, settings, with_mapping_files};
use policy::{IssueFacts, Profile, Standing};
use std::collections::BTreeSet;

const LEAST: &str = "[default]\nproject = \"DEMO\"\n";

/// The lines of the fault that a wrong profile yields.
fn wrong(text: &str) -> Vec<String> {
    let fault = Profile::from_toml("support", text, "support.toml").unwrap_err();
    assert_eq!(fault.code, policy::FaultCode::ProfileWrong);
    fault.public.lines().map(str::to_owned).collect()
}

fn sample() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/profile.toml")).unwrap()
}

#[test]
fn the_sample_profile_is_read() {
    let profile = Profile::from_toml("sample", &sample(), "examples/profile.toml").unwrap();
    assert_eq!(profile.name, "sample");
    assert_eq!(profile.version, 0);
    let projects = profile.projects();
    let projects: Vec<(&str, &str)> = projects.iter().map(|(key, kind)| (key.as_str(), kind.as_str())).collect();
    assert_eq!(projects, [("DEMO", "Task"), ("DEMO", "Bug"), ("DEMO", "Question")]);
}

/// Those that stand in one table at most.
fn single() -> impl Iterator<Item = &'static Setting> {
    settings().filter(|setting| !setting.key.contains("[]"))
}

#[test]
fn what_the_sample_shows_are_the_defaults() {
    let document: toml::Table = sample().parse().unwrap();
    let mut shown_settings = 0;
    for setting in single().filter(|setting| setting.key != "default.project") {
        let (table, name) = setting.key.rsplit_once('.').unwrap_or(("", setting.key));
        let table = if table.is_empty() { Some(&document) } else { document.get(table).and_then(|t| t.as_table()) };
        let Some(shown) = table.and_then(|table| table.get(name)) else { continue };
        shown_settings += 1;
        let number = || shown.as_integer().map(|number| number.to_string());
        let truth = || shown.as_bool().map(|truth| truth.to_string());
        let shown = shown.as_str().map(str::to_owned).or_else(number).or_else(truth);
        if let (Default::Is(default), Some(shown)) = (setting.default, shown) {
            assert_eq!(shown, default, "{}", setting.key);
        }
    }
    assert!(shown_settings >= 15, "the sample shows {shown_settings}");
}

/// A value that the setting takes.
fn value(form: Form) -> String {
    match form {
        Form::OneOf(words) => format!("{:?}", words[0]),
        Form::SomeOf(words) => format!("{words:?}"),
        Form::Text | Form::LongText | Form::Line | Form::Search | Form::Template => "\"Some text\"".to_owned(),
        Form::Texts | Form::Fields => "[\"one\", \"two\"]".to_owned(),
        Form::People => "[\"boss@example.net\"]".to_owned(),
        Form::Address => "\"boss@example.net\"".to_owned(),
        Form::Digests => format!("{:?}", "0f".repeat(32)),
        Form::Networks => "[\"10.1.0.0/16\", \"2001:db8::1\"]".to_owned(),
        Form::ProjectKeys => "[\"DEMO\", \"BILL\"]".to_owned(),
        Form::Condition => "\"authentic\"".to_owned(),
        Form::ProjectKey => "\"DEMO\"".to_owned(),
        Form::TimeZone => "\"Europe/Berlin\"".to_owned(),
        Form::Language => "\"de-AT\"".to_owned(),
        Form::Addresses => "[\"a@example.com\", \"*@example.org\"]".to_owned(),
        Form::Domains => "\"example.com\"".to_owned(),
        Form::Prefix => "\"r-\"".to_owned(),
        Form::AddressGlobs | Form::Globs | Form::FieldGlobs => "[\"a*\"]".to_owned(),
        Form::Regexes => "[\"^a.*\"]".to_owned(),
        Form::Number(most) => most.to_string(),
        Form::Truth => "true".to_owned(),
        Form::Due => "\"+3d\"".to_owned(),
        Form::Templates => "{ Team = \"{{sender.domain}}\", customfield_1 = [\"a\"], \"No. of\" = 7 }".to_owned(),
    }
}

#[test]
fn every_setting_of_the_table_is_read_and_no_key_stands_twice() {
    let mut top = String::new();
    let mut tables: std::collections::BTreeMap<String, String> = std::collections::BTreeMap::new();
    // It is about pictures, and the other conditions of its table are about files.
    let alone = "exclude[].image_url_regex";
    for setting in settings().filter(|setting| setting.key != alone) {
        let value = match setting.key {
            // These say nothing unless they fit what stands elsewhere in the profile.
            "workflow[].mappings" | "exclude[].mappings" | "notice[].mappings" => "\"default\"".to_owned(),
            "workflow[].statuses" => "\"Open\"".to_owned(),
            "notice[].cause" => "\"status\"".to_owned(),
            "notice[].text" => "\"{{set:reopen}}\"".to_owned(),
            "directive_set[].name" => "\"reopen\"".to_owned(),
            _ => value(setting.form),
        };
        let line = |name: &str| format!("{name} = {value}\n");
        match setting.key.rsplit_once('.') {
            None => top.push_str(&line(setting.key)),
            Some((table, name)) => tables.entry(table.to_owned()).or_default().push_str(&line(name)),
        }
    }
    for (table, lines) in &tables {
        let head = table.strip_suffix("[]").map_or(format!("[{table}]"), |name| format!("[[{name}]]"));
        top.push_str(&format!("{head}\n{lines}"));
    }
    Profile::from_toml("all", &top, "all.toml").unwrap_or_else(|fault| panic!("{fault}\n{top}"));
    let keys: BTreeSet<&str> = settings().map(|setting| setting.key).collect();
    assert_eq!(keys.len(), settings().count());
}

#[test]
fn an_exclusion_is_about_files_or_about_pictures_under_a_name_of_its_own() {
    let with = |tables: &str| Profile::from_toml("all", &format!("{LEAST}{tables}"), "all.toml");
    let pictures = "[[exclude]]\nname = \"icons\"\nimage_url_regex = \"^https://\"\n";
    assert!(with(pictures).is_ok());
    for (tables, words) in [
        (format!("{pictures}types = \"image/*\"\n"), "exclude[1].image_url_regex"),
        (format!("{pictures}{pictures}"), "the name of another exclusion"),
        (format!("{pictures}mappings = \"defualt\"\n"), "did you mean \"default\"?"),
        ("[[exclude]]\nname = \"all\"\nprojects = \"DEMO\"\n".to_owned(), "has no condition"),
    ] {
        let fault = with(&tables).expect_err(&tables);
        assert!(fault.public.contains(words), "{words}: {}", fault.public);
    }
}

#[test]
fn defaults_written_out_are_the_same_as_left_out() {
    let mut written = LEAST.replace("[default]\n", "");
    written.insert_str(0, "default.");
    for setting in single() {
        if let Default::Is(default) = setting.default {
            let value = match setting.form {
                Form::Number(_) | Form::Truth => default.to_owned(),
                Form::OneOf(_)
                | Form::Text
                | Form::Line
                | Form::Search
                | Form::Template
                | Form::Due
                | Form::Prefix
                | Form::ProjectKey => {
                    format!("{default:?}")
                }
                _ => format!("{:?}", default.split(", ").filter(|text| !text.is_empty()).collect::<Vec<_>>()),
            };
            written.push_str(&format!("{} = {value}\n", setting.key));
        }
    }
    let written = Profile::from_toml("p", &written, "p.toml").unwrap_or_else(|fault| panic!("{fault}\n{written}"));
    let left_out = Profile::from_toml("p", LEAST, "p.toml").unwrap();
    assert_eq!(format!("{written:?}"), format!("{left_out:?}"));
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_known_one() {
    let text = format!(
        "uncought = \"hold\"\n{LEAST}issue_typ = \"Bug\"\n[[rule]]\nname = \"x\"\nform = \"*\"\nto = \"*\"\n[trheads]\na = 1\n"
    );
    assert_eq!(
        wrong(&text),
        [
            "support.toml:1: uncought = \"hold\" is not known; did you mean uncaught?",
            "support.toml:4: default.issue_typ = \"Bug\" is not known; did you mean default.issue_type?",
            "support.toml:7: rule[1].form = \"*\" is not known; did you mean rule[1].from?",
            "support.toml:9: trheads = {…} is not known; did you mean threads?",
        ]
    );
}

/// Whole profiles, and the first line that each is refused with.
const WRONG_DEFAULTS: &[(&str, &str)] = &[
    ("", "support.toml: default.project is missing; add it"),
    (
        "[default]\nproject = \"demo\"\n",
        "support.toml:2: default.project = \"demo\" is not a project key; write it as the tracker shows it, such as \"DEMO\"",
    ),
    ("[default]\nproject = 7\n", "support.toml:2: default.project = 7 is not a text; put it in quotes"),
    ("default = \"DEMO\"\n", "support.toml:1: default = \"DEMO\" is not a table; write [default] on a line of its own"),
];

/// What stands beside a good `[default]`, and the one line that it is refused with.
const WRONG: &[(&str, &str)] = &[
    ("loops = \"holt\"\n", "support.toml:2: loops = \"holt\" is not one of hold, ignore; did you mean \"hold\"?"),
    (
        "catch = [\"support\"]\n",
        "support.toml:2: catch = \"support\" is not an address; write \"local@domain\", or \"*@domain\" for all of a domain",
    ),
    (
        "catch = [\"sup*@example.com\"]\n",
        "support.toml:2: catch = \"sup*@example.com\" is not an address; write \"local@domain\", or \"*@domain\" for all of a domain",
    ),
    (
        "threads.require_authentic = \"yes\"\n",
        "support.toml:2: threads.require_authentic = \"yes\" is neither true nor false; write one of them without quotes",
    ),
    ("catch = [1]\n", "support.toml:2: catch = […] is neither a text nor a list of texts; write [\"one\", \"two\"]"),
    (
        "attachments_max = 1001\n",
        "support.toml:2: attachments_max = 1001 is not a whole number from 0 to 1000; write one without quotes",
    ),
    (
        "attachments_max = -1\n",
        "support.toml:2: attachments_max = -1 is not a whole number from 0 to 1000; write one without quotes",
    ),
    (
        "reply.prefix = \"reply\"\n",
        "support.toml:2: reply.prefix = \"reply\" is not a prefix; write at most 8 lower-case letters or digits and end with one of + - . _ =",
    ),
    (
        "reply.prefix = \"too-long-\"\n",
        "support.toml:2: reply.prefix = \"too-long-\" is not a prefix; write at most 8 lower-case letters or digits and end with one of + - . _ =",
    ),
    (
        "reply.domains = \"@example.com\"\n",
        "support.toml:2: reply.domains = \"@example.com\" is not a domain; write it without @, such as \"example.com\"",
    ),
    ("automatic.bounce = \"accept\"\n", "support.toml:2: automatic.bounce = \"accept\" is not one of ignore, hold"),
    (
        "catch = [\"a@b.example\", \"*@c.example\"]\nforward_to = [\"x@c.example\"]\n",
        "support.toml:3: forward_to = \"x@c.example\" is awaited by this very profile, so mail would go round for ever; name somebody else",
    ),
    (
        "catch_regex = \"^help\"\nforward_to = [\"helper@c.example\"]\n",
        "support.toml:3: forward_to = \"helper@c.example\" is awaited by this very profile, so mail would go round for ever; name somebody else",
    ),
    (
        "forward_to = \"x@c.example\"\n[[rule]]\nname = \"r\"\nto = \"X@C.example\"\n",
        "support.toml:2: forward_to = \"x@c.example\" is awaited by this very profile, so mail would go round for ever; name somebody else",
    ),
    ("uncaught = \"forward\"\n", "support.toml: forward_to is missing, and a setting says \"forward\"; name somebody"),
    (
        "default.mode = \"comment\"\n[[mapping]]\nname = \"m\"\nunplaced = \"forward\"\n",
        "support.toml: forward_to is missing, and a setting says \"forward\"; name somebody",
    ),
    (
        "recipient_headers = \"X-To:\"\n",
        "support.toml:2: recipient_headers = \"X-To:\" is not the name of a header field; write it without the colon, such as \"X-Original-To\"",
    ),
    (
        "projects.keys = \"demo\"\n",
        "support.toml:2: projects.keys = \"demo\" is not a project key; write it as the tracker shows it, such as \"DEMO\"",
    ),
    (
        "[[rule]]\nname = \"r\"\nto = \"*\"\nmapping = \"bils\"\n[[mapping]]\nname = \"bills\"\n",
        "support.toml:5: rule[1].mapping = \"bils\" is no mapping's name; did you mean \"bills\"?",
    ),
    (
        "[[notice]]\ncause = \"not_created\"\nmappings = \"bils\"\n[[mapping]]\nname = \"bills\"\n",
        "support.toml:4: notice[1].mappings = \"bils\" is no mapping's name; did you mean \"bills\"?",
    ),
    (
        "[[notice]]\ncause = \"not_created\"\n[[notice]]\ncause = \"not_created\"\n",
        "support.toml:5: notice[2].cause = \"not_created\" has words already; keep one of the two, or name `mappings` for one",
    ),
    (
        "[[mapping]]\nname = \"default\"\n",
        "support.toml:3: mapping[1].name = \"default\" is the name of another mapping; give each its own (\"default\" is taken)",
    ),
    (
        "[[rule]]\nname = \"r\"\nwhen = \"subjec == ''\"\n",
        "support.toml:4: rule[1].when = \"subjec == ''\" cannot be used: \"subjec\" at 1 is not known; did you mean \"subject\"?; correct the condition",
    ),
    (
        "default.due = \"tomorrow\"\n",
        "support.toml:2: default.due = \"tomorrow\" is no due date; write \"+3d\", \"+2w\" or a day such as \"2026-12-24\"",
    ),
    (
        "default.comment_header = \"{{sendr.name}}\"\n",
        "support.toml:2: default.comment_header = \"{{sendr.name}}\" cannot be used: \"sendr.name\" is nothing that a mail says; did you mean \"sender.name\"?; correct the text",
    ),
    (
        "default.fields = { Team = 2026-01-01 }\n",
        "support.toml:2: default.fields = \"Team\" has a value that is no text; put it in quotes",
    ),
    (
        "[[workflow]]\nname = \"w\"\n",
        "support.toml:2: workflow[1].transitions is missing, and so is to_status; add one of them",
    ),
    (
        "default.notices = [\"statuses\"]\n",
        "support.toml:2: default.notices = \"statuses\" is not one of not_created, uncaught, rule, comment_only, status, search, resolved_too_long, comment_limit, comment_rate, sender_rate, too_long, no_permission, customer; did you mean \"status\"?",
    ),
    (
        "directives.submitters = \"10.1.0.0/40\"\n",
        "support.toml:2: directives.submitters = \"10.1.0.0/40\" is neither an address nor a network; write such as \"10.1.0.0/16\"",
    ),
    (
        "[[directive]]\nfield = \"priority\"\n",
        "support.toml:3: directive[1].field = \"priority\" has no place where its value stands; add subject_regex, text_regex or value",
    ),
    (
        "[[workflow]]\nname = \"w\"\nto_status = \"Open\"\nmappings = [\"default\", \"bils\"]\n[[mapping]]\nname = \"bills\"\n",
        "support.toml:5: workflow[1].mappings = \"bils\" is no mapping's name; did you mean \"bills\"?",
    ),
    (
        "[[workflow]]\nname = \"w\"\non = \"create\"\nto_status = \"Open\"\nstatuses = \"Done\"\n",
        "support.toml:6: workflow[1].statuses = \"Done\" never holds, since a new issue has no status before; leave it out, or write on = \"comment\"",
    ),
    (
        "default.reject_status = [\"Closed\", \"Done\"]\n[[workflow]]\nname = \"w\"\nto_status = \"Open\"\nstatuses = [\"done\"]\n",
        "support.toml:6: workflow[1].statuses = […] never holds, since no comment is made in these statuses; take them out of reject_status, or out of here",
    ),
    (
        "default.foreign_key_regex = \"Ticket\"\n",
        "support.toml:1: default.foreign_key_field is missing, so that foreign_key_regex finds nothing; name the field that holds the number",
    ),
    (
        "default.customers_block = \"*@x.example\"\n",
        "support.toml:2: default.customers_block = \"*@x.example\" is about customers, and nobody becomes one; write customers = [\"sender\"], or leave it out",
    ),
    (
        "default.watchers = [\"senders\"]\n",
        "support.toml:2: default.watchers = \"senders\" is not one of sender, to, cc; did you mean \"sender\"?",
    ),
    (
        "directives.processors = [\"at\", \"rules\"]\n",
        "support.toml:2: directives.processors = \"rules\" finds nothing without a [[directive]]; add one, or leave it out",
    ),
    (
        "default.directives = \"create\"\n",
        "support.toml: directives.senders is missing, and so are groups, so that nobody's directives count; name whose do, or leave directives off",
    ),
    (
        "default.fields = { \"Issue Type\" = \"Bug\" }\n",
        "support.toml:2: default.fields = \"Issue Type\" is no field that can be set here; use issue_type",
    ),
    (
        "default.mode = \"comment\"\ndefault.notices = [\"comment_only\"]\n",
        "support.toml:3: default.notices = […] names comment_only, but nobody is told of mail that is held or ignored; write unplaced = \"reject\", or leave comment_only out",
    ),
    ("rule = 1\n", "support.toml:2: rule = 1 is not a list of tables; begin each with [[rule]]"),
    (
        "[[rule]]\nname = \"all\"\n",
        "support.toml:3: rule[1].name = \"all\" has no condition; add from, to, subject, header, authentic, sealed, signed, groups or when (the rest is what [default] is for)",
    ),
    (
        "[[rule]]\nname = \"r\"\nsubject_regex = \"(\"\n",
        "support.toml:4: rule[1].subject_regex = \"(\" cannot be used: unclosed group; correct the pattern",
    ),
    ("[[rule]]\nto = \"*\"\n", "support.toml:2: rule[1].name is missing; add it"),
    (
        "[[rule]]\nname = \"r\"\nto = \"*\"\n[[rule]]\nname = \"r\"\nto = \"*\"\n",
        "support.toml:6: rule[2].name = \"r\" is the name of two rules; give each its own",
    ),
    (
        "[[rule]]\nname = \"r\"\nfrom = \"partner.example\"\n",
        "support.toml:4: rule[1].from = \"partner.example\" is no whole address, so it never holds; write \"*@partner.example\" for all of a domain",
    ),
    (
        "[[mapping]]\nname = \"m\"\nproject = \"M\"\noutcome = \"ignore\"\n",
        "support.toml:5: mapping[1].outcome = \"ignore\" is not known here, it belongs to [[rule]]; move it there",
    ),
    (
        "[[notice]]\ncause = \"not_created\"\ntext = \"Dear {{sender.name}}, wait.\"\n",
        "support.toml:4: notice[1].text = \"{{sender.name}}\" is no place of a letter to a sender, which repeats nothing of the mail; write {{set:NAME}} or {{upload_link}}, or leave it out",
    ),
    (
        "default.issue_type = \"\"\n",
        "support.toml:2: default.issue_type = \"\" has to be 1 to 255 characters on one line; write such a text",
    ),
];

#[test]
fn every_wrong_value_has_one_line_with_key_value_file_and_remedy() {
    for (text, line) in WRONG_DEFAULTS {
        assert_eq!(wrong(text).first().map(String::as_str), Some(*line), "{text}");
    }
    for (text, line) in WRONG {
        assert_eq!(wrong(&format!("default.project = \"DEMO\"\n{text}")), [*line], "{text}");
    }
}

#[test]
fn what_may_come_about_is_not_refused() {
    for good in [
        "default.mode = \"comment\"\n",
        "default.mode = \"comment\"\ndefault.unplaced = \"reject\"\ndefault.notices = [\"comment_only\"]\n",
        "default.reject_status = \"Done\"\n[[rule]]\nname = \"r\"\nto = \"*\"\nreject_status = []\n[[workflow]]\nname = \"w\"\nto_status = \"Open\"\nstatuses = \"Done\"\n",
        "default.directives = \"create\"\ndirectives.processors = \"headers\"\ndirectives.submitters = \"10.1.0.0/16\"\n",
        "default.comment_fields = { Summary = \"x\" }\n",
    ] {
        let text = format!("default.project = \"DEMO\"\n{good}");
        Profile::from_toml("support", &text, "support.toml").unwrap_or_else(|fault| panic!("{fault}\n{good}"));
    }
}

#[test]
fn what_is_no_toml_is_refused_with_its_line() {
    let lines = wrong("loops = \"hold\"\nuncaught = \n");
    assert_eq!(lines.len(), 1);
    assert!(lines[0].starts_with("support.toml:2: is not TOML: "), "{lines:?}");
    assert_eq!(wrong(&format!("x = \"{}\"", "x".repeat(1024 * 1024))).len(), 1);
}

#[test]
fn a_long_or_many_lined_value_keeps_its_complaint_on_one_line() {
    let long = format!("{LEAST}issue_type = \"a\\nb{}\"\n", "x".repeat(300));
    let lines = wrong(&long);
    assert_eq!(lines.len(), 1);
    assert!(lines[0].len() < 250, "{lines:?}");
    assert_eq!(wrong(&format!("{LEAST}\"a\\nb\" = 1\n")).len(), 1);
}

#[test]
fn more_rules_than_allowed_are_refused() {
    let rules: String = (0..1001).map(|number| format!("[[rule]]\nname = \"r{number}\"\nto = \"*\"\n")).collect();
    let lines = wrong(&format!("{LEAST}{rules}"));
    assert_eq!(lines, ["support.toml:3: rule = […] holds more than 1000 rules; make fewer, or several profiles"]);
}

#[test]
fn sec_32_more_patterns_than_allowed_are_refused() {
    let many = vec!["\"a*\""; 1001].join(", ");
    let rule = |name: &str| format!("[[rule]]\nname = \"{name}\"\nfrom = [{many}]\n");
    let remedy = "is more than 1000 patterns in all; join some, or make several profiles";
    let lines = wrong(&format!("{LEAST}{}{}", rule("one"), rule("two")));
    assert_eq!(
        lines,
        [(5, 1), (8, 2)].map(|(line, number)| format!("support.toml:{line}: rule[{number}].from = […] {remedy}"))
    );
}

#[test]
fn the_profiles_of_the_manual_are_good_and_its_names_are_those_of_conditions() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/routing.md")).unwrap();
    let blocks = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let blocks: Vec<&str> = blocks.filter(|block| !block.contains("\nsets = ")).collect();
    assert!(!blocks.is_empty());
    let mut blocks = blocks.into_iter();
    while let Some(block) = blocks.next() {
        let project = if block.contains("project = ") { "" } else { "default.project = \"DEMO\"\n" };
        let text = format!("{project}{block}");
        // The file that a mapping names is the block that follows.
        let file = |named: String| MappingFile {
            shown: named.clone(),
            named,
            text: blocks.next().expect("the file of a mapping").to_owned(),
        };
        let files: Vec<MappingFile> = mapping_files(&text).into_iter().map(file).collect();
        let whole = with_mapping_files("manual", &text, "routing.md", &files);
        whole
            .and_then(|text| Profile::from_toml("manual", &text, "routing.md"))
            .unwrap_or_else(|f| panic!("{f}\n{block}"));
    }
    for (name, meaning) in policy::PLACES {
        assert!(page.contains(&format!("| `{{{{{name}}}}}` | {meaning} |\n")), "{name}");
    }
    for (name, meaning) in policy::profile::CONDITION_NAMES {
        assert!(page.contains(&format!("| `{name}` | {meaning} |\n")), "{name}");
    }
}

/// PRIV-12: whoever turns the fields on reads in the same table who will see what stands in them.
#[test]
fn priv_12_the_manual_says_that_the_tracker_shows_them() {
    let fields = ["default.sender_address_field", "default.sender_name_field", "default.participants_field"];
    for key in fields {
        let room = policy::profile::ROOMS.iter().find(|room| room.settings.iter().any(|setting| setting.key == key));
        let about = room.unwrap().about;
        assert!(about.contains("in clear, and Jira shows it to everybody who sees the issue"), "{key}: {about}");
        let setting = settings().find(|setting| setting.key == key).unwrap();
        assert_eq!(setting.default, Default::Is(""), "{key} is off unless it is named");
    }
}

#[test]
fn files_are_taken_where_a_comment_can_be_made() {
    let standing =
        Standing { status: "Done".into(), resolved_at: Some("2026-10-01T00:00:00Z".into()), ..Standing::default() };
    let issue = IssueFacts { key: "DEMO-1".into(), standing: Box::new(standing), ..IssueFacts::default() };
    let takes = |words: &str, now: &str| {
        let profile = Profile::from_toml("support", &format!("{LEAST}{words}"), "support.toml").unwrap();
        profile.takes_files(&issue, now)
    };
    let soon = "2026-10-01T12:00:00Z";
    assert!(takes("", soon));
    assert!(!takes("reject_status = [\"done\"]\n", soon));
    assert!(takes("reject_resolved_days = 1\n", soon) && !takes("reject_resolved_days = 1\n", "2026-10-02T00:00:00Z"));
    assert!(!takes("mode = \"create\"\n", soon), "they would come as an issue of their own");
    let mapping = "[[mapping]]\nname = \"demo\"\nproject = \"DEMO\"\nreject_status = [\"Done\"]\n";
    assert!(!takes(mapping, soon), "its project is known by its key, too");
}

#[test]
fn letters_have_links_where_their_texts_say_so() {
    let links = |text: &str| {
        let notice = format!("{LEAST}[[notice]]\ncause = \"status\"\ntext = \"{text}\"\n");
        Profile::from_toml("support", &notice, "support.toml").unwrap().offers_links()
    };
    assert!(links("Add files: {{upload_link}}"));
    assert!(!links("It is closed."));
}
