//! Pictures that stand on other servers: their words are shown or left out by their URL, and no plan holds an address of one.
#![allow(clippy::unwrap_used)]

use mail::{Address, Document, Message, Reply};
use policy::{Excluded, Facts, Origin, Plan, Profile, StepKind, ask};

const HTML: &str = "<p>The chart: <img src='https://reports.example.org/q3.png' alt='Third quarter'></p>\
    <p>Follow us <a href='https://social.example/us'><img src='https://cdn.example.org/icons/s.png' alt='Social'></a></p>";

fn plan(exclude: &str) -> Plan {
    let profile = format!("[default]\nproject = \"DEMO\"\n{exclude}");
    let profile = Profile::from_toml("support", &profile, "profile.toml").unwrap();
    let document = Document::from_html(HTML);
    let mut message = Message { text: document.text(), ..Message::default() };
    message.headers.from.push(Address { name: None, address: "ann@customer.example".into() });
    let reply = Reply { visible: document.text(), hidden: Vec::new(), document: Some(document) };
    let mut facts = Facts { now: "2026-11-22T10:00:00Z".into(), ..Facts::default() };
    loop {
        let questions = ask(&message, &profile, &facts);
        if questions.is_empty() {
            break;
        }
        questions.iter().for_each(|question| facts.answer_with_nothing(question));
    }
    policy::decide(&message, &reply, &profile, &facts, Origin::Message("m1".into()), 1)
}

/// What the issue says, as text and as HTML.
fn shown(plan: &Plan) -> (String, String) {
    let StepKind::CreateIssue { body, .. } = &plan.steps[0].kind else { panic!("{plan:?}") };
    (body.visible.clone(), body.document.as_ref().unwrap().html())
}

#[test]
fn their_words_are_shown_and_their_addresses_are_not_kept() {
    let plan = plan("");
    let (text, html) = shown(&plan);
    assert!(text.contains("Third quarter") && text.contains("Social"), "{text}");
    assert!(html.contains("The chart: Third quarter") && !html.contains("<img"), "{html}");
    let kept = serde_json::to_string(&plan).unwrap();
    assert!(!kept.contains("q3.png") && !kept.contains("icons/s.png"), "{kept}");
    assert_eq!(plan.excluded, []);
}

#[test]
fn an_exclusion_leaves_their_words_out_by_url_and_counts_them() {
    let exclude =
        "[[exclude]]\nname = \"social networks\"\nimage_url_regex = \"^https://cdn\\\\.example\\\\.org/icons/\"\n";
    let left_out = plan(exclude);
    let (text, html) = shown(&left_out);
    assert!(text.contains("Third quarter") && !text.contains("Social"), "{text}");
    assert!(html.contains("Third quarter") && !html.contains("Social"), "{html}");
    assert_eq!(left_out.excluded, [Excluded { exclusion: "social networks".into(), times: 1 }]);
    assert!(left_out.trace.iter().any(|line| line.contains("\"social networks\" means")), "{:#?}", left_out.trace);
    let elsewhere = plan(&format!("{exclude}projects = \"OTHER\"\n"));
    assert!(shown(&elsewhere).0.contains("Social") && elsewhere.excluded.is_empty());
}
