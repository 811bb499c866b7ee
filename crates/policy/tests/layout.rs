//! The layout of an HTML mail on its way into a plan: whole, with its pictures named, and readable from older plans.
#![allow(clippy::unwrap_used)]

use mail::{Envelope, Limits};
use policy::{Body, Facts, Origin, Plan, Profile, StepKind, Thread};

const MAIL: &str = "From: Bob <bob@example.org>\r\nTo: support@desk.example\r\nSubject: Screenshot\r\nMIME-Version: 1.0\r\n\
Content-Type: multipart/related; boundary=r\r\n\r\n--r\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
<p>See the <b>picture</b>: <img src=\"cid:pic@example.org\"></p><table border=1><tr><th>Part<th>State<tr><td>Fan<td>hot</table>\
<div class=\"gmail_quote\"><div class=\"gmail_attr\">On Friday Ann wrote:</div><blockquote>Which <i>picture</i>?</blockquote></div>\r\n\
--r\r\nContent-Type: image/png; name=\"error [1].png\"\r\nContent-ID: <pic@example.org>\r\nContent-Transfer-Encoding: base64\r\n\r\n\
iVBORw0KGgo=\r\n--r--\r\n";

fn decided(raw: &str) -> Plan {
    let reading = mail::read(raw.as_bytes(), &Limits::default());
    let profile =
        Profile::from_toml("p", "catch = [\"support@desk.example\"]\ndefault.project = \"DEMO\"\n", "p.toml").unwrap();
    let envelope = Envelope {
        mail_from: Some("bob@example.org".to_owned()),
        rcpt_to: vec!["support@desk.example".to_owned()],
        client: None,
    };
    let facts = Facts {
        now: "2026-11-22T10:00:00Z".to_owned(),
        envelope,
        reply_tokens: Some(Vec::new()),
        seen_before: Some(Vec::new()),
        thread: Some(Thread::Unknown),
        ..Facts::default()
    };
    policy::decide(&reading.message, &reading.reply, &profile, &facts, Origin::Message("m".to_owned()), 1)
}

fn body(plan: &Plan) -> Body {
    match &plan.steps[0].kind {
        StepKind::CreateIssue { body, .. } | StepKind::AddComment { body, .. } => body.clone(),
        _ => panic!("{plan:#?}"),
    }
}

#[test]
fn a_layout_goes_along_with_its_pictures_named() {
    let plan = decided(MAIL);
    let body = body(&plan);
    let shown = body.document.unwrap().html();
    assert_eq!(
        shown,
        "<p>See the <strong>picture</strong>: <img src=\"cid:pic@example.org\" alt=\"error _1_.png\"></p>\
         <table><tbody><tr><th>Part</th><th>State</th></tr><tr><td>Fan</td><td>hot</td></tr></tbody></table>"
    );
    let folded: String = body.hidden.iter().map(|piece| piece.document.as_ref().unwrap().html()).collect();
    assert_eq!(folded, "<p>On Friday Ann wrote:</p><blockquote><p>Which <em>picture</em>?</p></blockquote>");
    assert!(body.visible.contains("![error _1_.png](cid:pic@example.org)"), "{}", body.visible);
}

#[test]
fn several_authors_stand_above_the_layout_too() {
    let plan = decided(&MAIL.replacen("From: Bob <bob@example.org>", "From: bob@example.org, eve@example.org", 1));
    let shown = body(&plan).document.unwrap().html();
    assert!(shown.starts_with("<p>From, not verified: bob@example.org, eve@example.org</p><p>See the "), "{shown}");
}

#[test]
fn a_plan_is_read_as_it_was_written_and_an_older_one_has_no_layout() {
    let plan = decided(MAIL);
    let mut json = serde_json::to_value(&plan).unwrap();
    assert_eq!(serde_json::from_value::<Plan>(json.clone()).unwrap(), plan);
    let body_of = |json: &mut serde_json::Value| {
        let body = json["steps"][0]["body"].as_object_mut().unwrap();
        body.remove("document").unwrap();
        for piece in body["hidden"].as_array_mut().unwrap() {
            piece.as_object_mut().unwrap().remove("document").unwrap();
        }
    };
    body_of(&mut json);
    let older = body(&serde_json::from_value(json).unwrap());
    assert_eq!((older.visible, older.document), (body(&plan).visible, None));
}
