//! What other programs may rely on: `read`, `reply`, `sanitize`, `try` and `explain`, their JSON and their exit codes.

use super::world::{PROGRAM, lines, told};
use serde_json::{Value, json};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name)
}

fn run(words: &[&str], files: &[PathBuf]) -> Output {
    Command::new(PROGRAM).args(words).args(files).stdin(Stdio::null()).output().unwrap()
}

/// The program with this on its standard input.
fn run_on(words: &[&str], input: &[u8]) -> Output {
    let mut command = Command::new(PROGRAM);
    let piped = command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut program = piped.spawn().unwrap();
    program.stdin.take().unwrap().write_all(input).unwrap();
    program.wait_with_output().unwrap()
}

fn file_of(line: &Value) -> PathBuf {
    PathBuf::from(line["file"].as_str().unwrap())
}

/// Each command over several files, one of which is not there: told in its place, the others done, exit 1.
fn a_missing_file_stops_nothing(words: &[&str], key: &str) {
    let files = [example("1-new-request.eml"), example("no-such-mail.eml"), example("2-reply.eml")];
    let output = run(words, &files);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let lines = lines(&output);
    assert_eq!(lines.iter().map(file_of).collect::<Vec<_>>(), files, "one line per file, in order");
    assert!(lines[0].get(key).is_some() && lines[2].get(key).is_some(), "{lines:#?}");
    assert!(lines[1]["error"].as_str().is_some_and(|error| error.contains("cannot be read")), "{lines:#?}");
    let good = run(words, &[files[0].clone(), files[2].clone()]);
    assert_eq!(good.status.code(), Some(0), "{}", told(&good));
}

#[test]
fn many_files_are_told_in_order_whatever_happens_to_one() {
    let profile = example("profile.toml").display().to_string();
    a_missing_file_stops_nothing(&["read"], "headers");
    a_missing_file_stops_nothing(&["reply"], "visible");
    a_missing_file_stops_nothing(&["try", "--profile", &profile], "outcome");
}

#[test]
fn wrong_usage_is_exit_2() {
    let wrong: [&[&str]; 7] = [
        &["read"],
        &["reply", "--format", "rtf", "x"],
        &["sanitize"],
        &["try", "x"],
        &["message", "list"],
        &["nonsense"],
        &[],
    ];
    for words in wrong {
        let output = run(words, &[]);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {}", told(&output));
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{words:?}: {}", told(&output));
    }
}

#[test]
fn read_says_what_a_mail_says() {
    let output = run(&["read"], &[example("3-html-with-image.eml")]);
    let line = lines(&output).pop().unwrap();
    for key in ["subject", "from", "sender", "reply_to", "to", "cc", "date", "message_id", "in_reply_to", "references"]
    {
        assert!(line["headers"].get(key).is_some(), "headers.{key} is missing: {line:#}");
    }
    for key in ["file", "parts", "text", "html", "automatic", "bounce", "forward", "calendar", "faults"] {
        assert!(line.get(key).is_some(), "{key} is missing: {line:#}");
    }
    let parts = line["parts"].as_array().unwrap();
    assert_eq!((&parts[0]["path"], &parts[0]["leaf"]), (&json!("1"), &json!(false)), "{line:#}");
    let image = parts.iter().find(|part| part["type"] == "image/png").unwrap();
    for key in ["path", "leaf", "name", "content_id", "size_bytes", "sha256", "disposition"] {
        assert!(image.get(key).is_some(), "{key} is missing: {image:#}");
    }
    assert_eq!(image["sha256"].as_str().map(str::len), Some(64));
    assert_eq!(lines(&run(&["read"], &[example("6-auto-reply.eml")]))[0]["automatic"]["kind"], "auto_reply");
    let bounce = &lines(&run(&["read"], &[example("7-bounce.eml")]))[0];
    assert!(bounce["bounce"]["recipients"][0]["permanent"].is_boolean(), "{bounce:#}");
}

#[test]
fn reply_tells_new_from_old() {
    let line = lines(&run(&["reply"], &[example("2-reply.eml")])).pop().unwrap();
    assert!(line["visible"].as_str().unwrap().starts_with("One more thing"), "{line:#}");
    let hidden = line["hidden"].as_array().unwrap();
    assert!(hidden.iter().any(|piece| piece["kind"] == "quote" && !piece["text"].as_str().unwrap().is_empty()));
    let text = run_on(&["reply", "--format", "text", "-"], b"Yes.\n\n> Shall we?\n");
    let line = lines(&text).pop().unwrap();
    assert_eq!((&line["file"], &line["visible"]), (&json!("-"), &json!("Yes.")), "{}", told(&text));
    let html = run_on(&["reply", "--format", "html", "-"], b"<p>Yes.</p><blockquote type=cite>Shall we?</blockquote>");
    assert_eq!(lines(&html)[0]["visible"], "Yes.", "{}", told(&html));
}

#[test]
fn sanitize_prints_safe_html_and_nothing_else() {
    let hostile =
        b"<p onclick=evil()>Hello<script>evil()</script><svg><style>x</style></svg><img src=javascript:evil()></p>";
    let output = run_on(&["sanitize", "-"], hostile);
    let safe = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(output.status.success() && safe.contains("Hello"), "{}", told(&output));
    for word in ["script", "evil", "svg", "style", "onclick"] {
        assert!(!safe.contains(word), "{safe}");
    }
    assert!(output.stderr.is_empty(), "{}", told(&output));
    let mail = run(&["sanitize"], &[example("3-html-with-image.eml")]);
    assert!(mail.status.success() && told(&mail).contains("looks like a whole mail"), "{}", told(&mail));
    assert_eq!(run(&["sanitize"], &[example("no-such-page.html")]).status.code(), Some(1));
}

#[test]
fn try_shows_the_plan_without_effects() {
    let profile = example("profile.toml").display().to_string();
    let files = ["1-new-request.eml", "6-auto-reply.eml", "7-bounce.eml"].map(example);
    let output = run(&["try", "--profile", &profile], &files);
    let lines = lines(&output);
    for line in &lines {
        for key in ["file", "profile", "mapping", "rule", "outcome", "steps", "trace"] {
            assert!(line.get(key).is_some(), "{key} is missing: {line:#}");
        }
        assert!(!line["trace"].as_array().unwrap().is_empty(), "{line:#}");
    }
    let outcomes: Vec<&str> = lines.iter().map(|line| line["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["create", "ignore", "ignore"]);
    let step = &lines[0]["steps"][0];
    assert_eq!(
        (&step["ordinal"], &step["kind"], &step["project"]),
        (&json!(1), &json!("create_issue"), &json!("DEMO"))
    );
    assert!(step["fields"].is_object() && !step["reason"].as_str().unwrap().is_empty(), "{step:#}");
}

#[test]
fn try_answers_questions_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let facts = folder.path().join("facts.json");
    std::fs::write(&facts, "{\"no_such_fact\": 1}").unwrap();
    let (profile, facts) = (example("profile.toml").display().to_string(), facts.display().to_string());
    let words = ["try", "--profile", profile.as_str(), "--facts", facts.as_str()];
    let output = run(&words, &[example("1-new-request.eml")]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    assert!(String::from_utf8_lossy(&output.stderr).contains("facts.json"), "{}", told(&output));
    std::fs::write(&facts, "{\"seen_before\": []}").unwrap();
    let output = run(&words, &[example("1-new-request.eml")]);
    assert_eq!(lines(&output)[0]["outcome"], "create", "{}", told(&output));
}

#[test]
fn notify_check_names_each_mistake_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("wrong.toml");
    std::fs::write(&wrong, "[[mapping]]\nname = \"m\"\naudience = [\"reporters\"]\nmerge_window = 5\n").unwrap();
    let output = run(&["notify", "check"], &[wrong, example("mappings.toml")]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let said = String::from_utf8_lossy(&output.stderr);
    for told in [
        "wrong.toml:3: mapping[1].audience = \"reporters\" is not one of reporter, ",
        "did you mean \"reporter\"?",
        "wrong.toml:4: mapping[1].merge_window = 5 is not known; did you mean mapping[1].merge_window_s?",
    ] {
        assert!(said.contains(told), "{said}");
    }
    assert!(
        String::from_utf8_lossy(&output.stdout).contains("mappings.toml: mappings without mistakes"),
        "{}",
        told(&output)
    );
    assert_eq!(run(&["notify", "check"], &[example("mappings.toml")]).status.code(), Some(0));
}

/// With the files of the manual.
#[test]
fn notify_try_says_who_is_told_and_who_is_not() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/outbound.md");
    let page = std::fs::read_to_string(page).unwrap();
    let blocks = |kind: &str| -> Vec<String> {
        let fence = format!("```{kind}\n");
        page.split(&fence).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
    };
    let json = blocks("json");
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let mappings = put("mappings.toml", blocks("toml").iter().find(|block| block.contains("on call")).unwrap())
        .display()
        .to_string();
    let facts = put("facts.json", &json[1]).display().to_string();
    let files = [put("events.json", &json[0]), put("none.json", "[]"), put("wrong.json", "{}")];
    let output = run(&["notify", "try", "--mappings", &mappings, "--facts", &facts], &files);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let told_of = lines(&output);
    let one = &told_of[0]["notifications"][0];
    assert_eq!(one["recipient"]["address"], "bob@example.com", "{:#}", told_of[0]);
    assert_eq!(one["reason"], "reports it; the mapping \"support\" tells of commented");
    assert_eq!((&one["events"][0]["part"], &one["style"]["from_name"]), (&json!("20001"), &json!("Example support")));
    assert_eq!(told_of[0]["notifications"].as_array().map(Vec::len), Some(1));
    assert_eq!(told_of[1]["notifications"], json!([]));
    assert!(told_of[2]["error"].as_str().is_some_and(|why| why.contains("are no events")), "{:#}", told_of[2]);
    // Without facts nobody is told, and the trace says of what nothing is known.
    let output = run(&["notify", "try", "--mappings", &mappings], &files[..1]);
    let nothing = &lines(&output)[0];
    assert_eq!(nothing["notifications"], json!([]), "{}", told(&output));
    assert!(nothing["trace"][0].as_str().unwrap().contains("no tracker was asked"), "{nothing:#}");
}

/// With the rules and the keys of the manual: who has a key is written to sealed, who has none by the fallback, and the trace says why.
#[test]
fn explain_says_how_a_mail_would_be_sealed_and_why() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sealing.md");
    let page = std::fs::read_to_string(page).unwrap();
    let block = |fence: &str| page.split(fence).nth(1).unwrap().split("```").next().unwrap().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let shown = |path: &PathBuf| path.display().to_string();
    let rules = shown(&put("sealing.toml", &block("```toml\n")));
    let facts = shown(&put("keys.json", &block("```json\n").replace("\"known\": []", "\"known\": [{\"fingerprint\": \"0a\", \"origin\": \"file\", \"algorithm\": \"p256\", \"bits\": 256, \"signs\": true, \"encrypts\": false, \"trust\": \"trusted\"}]")));
    let mail = put(
        "hr.eml",
        "From: jira@example.com\r\nTo: ann@customer.example\r\nSubject: [JIRA] (HR-7) Secret\r\nX-JIRA-FingerPrint: 01\r\n\r\nWords\r\n",
    );
    let words = [
        "explain",
        "--rules",
        &rules,
        "--facts",
        &facts,
        "--rcpt",
        "ann@customer.example",
        "--rcpt",
        "bob@customer.example",
    ];
    let output = run(&words, &[mail.clone(), example("no-such-mail.eml")]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let said = lines(&output);
    let [ann, bob] = [&said[0]["recipients"][0], &said[0]["recipients"][1]];
    assert_eq!((&ann["fate"]["fate"], &ann["fate"]["encrypt_to"]), (&json!("seal"), &json!(["9f2c"])), "{ann:#}");
    assert_eq!(ann["fate"]["sign"], "0a");
    assert_eq!((&bob["fate"]["fate"], &bob["fate"]["kind"]), (&json!("notice"), &json!("link_only")), "{bob:#}");
    assert!(bob["fate"]["text"].as_str().unwrap().ends_with("\n\nhttps://jira.example.com/browse/HR-7"), "{bob:#}");
    let rule = |setting: &str| {
        let rules = bob["trace"]["rules"].as_array().unwrap();
        rules.iter().find(|rule| rule["setting"] == setting).unwrap()["level"].clone()
    };
    assert_eq!((rule("encrypt"), rule("sign")), (json!("place[1]"), json!("default")));
    for word in ["Secret", "HR", "customer", "Words"] {
        assert!(!bob["trace"].to_string().contains(word), "{word}: {:#}", bob["trace"]);
    }
    assert!(said[1]["error"].as_str().is_some_and(|why| why.contains("cannot be read")), "{:#}", said[1]);
    // The same for people.
    let output = run(&[words.as_slice(), &["--words"]].concat(), &[mail, example("no-such-mail.eml")]);
    assert_eq!(output.status.code(), Some(1), "{}", told(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    for part in [
        "hr.eml\n  ann@customer.example: by S/MIME, encrypted for the key 9f2c and signed with ours, 0a; ",
        "\n    1. ",
        "\n  bob@customer.example: without its content: in its place it said where to look; ",
        "no-such-mail.eml: cannot be read",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains('{') && !text.contains("Secret"), "{text}");
}

/// What is wrong with recipients or rules is told before any mail is looked at.
#[test]
fn explain_names_what_is_wrong_with_what_it_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let rules = file("rules.toml", "version = 1\n[default]\nencrypt = \"always\"\n");
    let wrong = file("wrong.toml", "version = 1\n[default]\nencript = \"always\"\n");
    for (rules, to, said) in [
        (&rules, "notanaddress", "\"notanaddress\" is not a whole address"),
        (&wrong, "ann@customer.example", "wrong.toml:3: default.encript = \"always\" is not known"),
    ] {
        let output = run(&["explain", "--rules", rules, "--rcpt", to], &[example("no-such-mail.eml")]);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{}", told(&output));
        assert!(told(&output).contains(said), "{}", told(&output));
    }
}
