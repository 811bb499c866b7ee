//! What people have the gateway do from a page: mailboxes tested and looked into, test cases taken along; and the exclusions' counters.

use crate::coverage::counted;
use crate::filled::{self, NOON, Words};
use crate::house::*;
use crate::reading::Direct;
use axum::http::StatusCode;
use console::Console;
use console::hands::{
    Case, CoverageNow, Hands, MailboxLine, Preview, PreviewLeftOut, PreviewLetter, Round, RoundLine, Wanted,
};
use console::reader::Answer;
use policy::Excluded;
use policy::portal::Brought;
use policy::sealing::Scheme;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::Look;

/// Two mailboxes, of which one is fetched, and a hand that does as it is told.
pub struct Busy;

impl Hands for Busy {
    fn mailboxes(&self) -> Vec<MailboxLine> {
        let line = |name: &str| MailboxLine {
            name: name.into(),
            site: SITE.into(),
            profile: "support".into(),
            ..MailboxLine::default()
        };
        let server = Some("imap.people.example:993".to_owned());
        vec![MailboxLine { server, is_shadow: true, ..line("post & <b>") }, line("support")]
    }

    fn test<'a>(&'a self, mailbox: &'a str) -> Answer<'a, Result<String, String>> {
        Box::pin(async move { Ok(Err(format!("{mailbox}: SP-0401 the account is refused <i>"))) })
    }

    fn poll<'a>(&'a self, _: &'a str) -> Answer<'a, Result<Round, String>> {
        let taken = RoundLine {
            outcome: "taken in",
            message: Some("0199f0a1".into()),
            size_bytes: Some(4_711),
            on_server: "marked as read",
            ..RoundLine::default()
        };
        let failed = RoundLine {
            outcome: "too large",
            failed: true,
            on_server: "left there",
            error: Some("SP-0202 it is larger than 50 MiB".into()),
            ..RoundLine::default()
        };
        Box::pin(async { Ok(Ok(Round { mails: vec![taken, failed], more: 3, goes_on: true, error: None })) })
    }

    fn case<'a>(&'a self, message: &'a str, anonymous: bool, who: &'a str) -> Answer<'a, Result<Case, String>> {
        let text = format!("{message} {anonymous} {who}");
        Box::pin(async { Ok(Ok(Case { files: vec![("case.json".into(), text.into_bytes())] })) })
    }

    fn relays(&self) -> Vec<(String, String)> {
        vec![(SITE.into(), "wiki".into())]
    }

    fn coverage<'a>(&'a self, site: &'a str, project: Option<&'a str>) -> Answer<'a, Result<CoverageNow, String>> {
        Box::pin(async move { Ok(counted(site, project)) })
    }

    fn bring_key<'a>(
        &'a self,
        (site, address): (&'a str, &'a str),
        file: &'a [u8],
        who: &'a str,
    ) -> Answer<'a, Result<Brought, String>> {
        let brought = match file {
            b"private" => Brought { holds_private: true, ..Brought::default() },
            b"none" => Brought { holds_nothing: true, ..Brought::default() },
            _ => Brought {
                taken: vec![(Scheme::Pgp, "00ff".repeat(10))],
                unusable: vec![(Scheme::Smime, "aa".repeat(32), format!("{site} {address} {who} <i>"))],
                others: 2,
                ..Brought::default()
            },
        };
        Box::pin(async { Ok(Ok(brought)) })
    }

    fn mappings(&self, site: &str) -> Vec<String> {
        vec!["all".into(), format!("urgent of {site} <i>")]
    }

    fn preview<'a>(&'a self, wanted: Wanted<'a>) -> Answer<'a, Result<Preview, String>> {
        let Wanted { event, to, mapping, who } = wanted;
        let told = vec!["bob@people.example".to_owned(), "carol@people.example".to_owned()];
        let answer = match to {
            "away@people.example" => Err("SP-0305 The tracker could not be reached. <b>".to_owned()),
            "bob@people.example" => Ok(Preview { letters: previewed(mapping), told, ..Preview::default() }),
            _ => Ok(Preview {
                told,
                left_out: vec![PreviewLeftOut {
                    mapping: "all".into(),
                    whom: "Dora <b>".into(),
                    why: "own doing".into(),
                }],
                trace: vec![format!("{event} was looked at by {who}")],
                ..Preview::default()
            }),
        };
        Box::pin(async { Ok(answer) })
    }
}

/// Two letters: one of a template with styles, and one whose template was wrong.
fn previewed(mapping: Option<&str>) -> Vec<PreviewLetter> {
    let html = "<!doctype html><html lang=\"en\"><head><title>A letter</title><style>h1 { color: #0055cc }</style></head><body>\
        <h1 style=\"font-size: 30px\">NORTH-41 is mended</h1><p>Ada Example wrote:</p><blockquote>It drips no more.</blockquote>\
        <script>document.title = 'ran'</script><img src=\"https://tracker.example/1.png\" alt=\"far\"></body></html>";
    let letter = PreviewLetter {
        mapping: "all".into(),
        reason: "he is the reporter of NORTH-41".into(),
        from: "support@desk.example".into(),
        subject: "[NORTH-41] The printer <b> eats paper".into(),
        text: "Ada Example wrote:\n\n    It drips no more.\n".into(),
        html: html.into(),
        made_by: "the template [updated], within the theme desk".into(),
        trouble: None,
        sealing: Some("readable; by a rule <b>".into()),
    };
    let wrong = PreviewLetter {
        mapping: "urgent".into(),
        made_by: "the theme desk".into(),
        trouble: Some("[updated]: the html of the template is wrong: line 3: unknown field issue.kee <i>".into()),
        ..letter.clone()
    };
    [letter, wrong].into_iter().filter(|one| mapping.is_none_or(|mapping| one.mapping == mapping)).collect()
}

/// A house whose console acts; the router, and a session.
pub async fn acting() -> (House, axum::Router, String) {
    let house = House::open().await;
    let session = house.session().await;
    let console = Console::new(house.store.clone(), Arc::new(Direct), BTreeMap::new(), ORIGIN);
    let router = console.acting_by(Arc::new(Busy)).router();
    (house, router, session)
}

fn says(page: &str, texts: &[&str]) {
    for text in texts {
        assert!(page.contains(text), "{text}:\n{page}");
    }
}

#[tokio::test]
async fn a_mailbox_is_tested_and_looked_into_from_its_page() {
    let (_house, router, session) = acting().await;
    let send_to = async |path: &str, form: &str| send(router.clone(), with(post(path, form), "cookie", &session)).await;
    let page = send(router.clone(), with(get("/mailboxes"), "cookie", &session)).await;
    says(
        &page.text,
        &["post &#38; &#60;b&#62;", "fetched from imap.people.example:993", "its mail is handed in", ">shadow<"],
    );
    assert_eq!(page.text.matches("Test the connection<").count(), 1, "what is handed in has no connection");
    let form = format!("token={}&mailbox=post+%26+%3Cb%3E", page.token());
    let tested = send_to("/mailboxes/test", &form).await;
    assert_eq!(tested.status, StatusCode::OK);
    says(&tested.text, &["SP-0401 the account is refused &#60;i&#62;", "All mailboxes"]);
    let polled = send_to("/mailboxes/poll", &form).await.text;
    says(
        &polled,
        &["<a href=\"/messages/0199f0a1\">taken in</a>", "4.7 kB", "marked as read", "too large</span>: SP-0202"],
    );
    says(&polled, &["Of 3 more nothing is told here.", "the next one follows at once"]);
    for (path, form, status) in [
        ("/mailboxes/test", form.replace("post", "nobody"), StatusCode::NOT_FOUND),
        ("/mailboxes/poll", format!("token={}&mailbox=support", page.token()), StatusCode::NOT_FOUND),
        ("/mailboxes/poll", "mailbox=post+%26+%3Cb%3E".to_owned(), StatusCode::FORBIDDEN),
        ("/mailboxes/test", "token=AAAA&mailbox=post+%26+%3Cb%3E".to_owned(), StatusCode::FORBIDDEN),
    ] {
        assert_eq!(send_to(path, &form).await.status, status, "{path} {form}");
    }
}

#[tokio::test]
async fn a_mail_is_taken_along_as_a_test_case_with_stand_ins_or_without() {
    let (house, router, session) = acting().await;
    let id = filled::done(&house.store, "done", NOON, "NORTH-1", &Words::plain()).await;
    let story = send(router.clone(), with(get(&format!("/messages/{id}")), "cookie", &session)).await;
    says(&story.text, &["Export as a test case", &format!("href=\"/messages/{id}/whole\" download")]);
    let path = format!("/messages/{id}/case");
    for (more, anonymous) in [("&anonymous=yes", true), ("", false)] {
        let form = format!("token={}{more}", story.token());
        let answer = send(router.clone(), with(post(&path, &form), "cookie", &session)).await;
        assert_eq!(answer.status, StatusCode::OK);
        says(&answer.text, &["case.json", &format!("{id} {anonymous} console")]);
        assert_eq!(answer.header("content-type"), "application/octet-stream");
        assert!(answer.header("content-disposition").starts_with(&format!("attachment; filename=\"case-{id}.tar\"")));
        assert!(answer.header("content-security-policy").starts_with("sandbox; default-src 'none'"));
    }
    let stale = send(router.clone(), with(post(&path, "token=AAAA"), "cookie", &session)).await;
    assert_eq!(stale.status, StatusCode::FORBIDDEN);
    assert_eq!(send(router, post(&path, "")).await.status, StatusCode::UNAUTHORIZED);
    assert!(house.store.looks(&id).await.unwrap().iter().all(|look| look.look != Look::Whole), "the hand notes it");
}

#[tokio::test]
async fn what_exclusions_kept_back_is_counted_on_a_page() {
    let house = House::open().await;
    let session = house.session().await;
    says(&house.page(&session, "/exclusions").await.text, &["No exclusion of a profile has kept anything back yet."]);
    let excluded = vec![Excluded { exclusion: "icons <b>".into(), times: 2 }];
    filled::excluding(&house.store, "one", excluded).await;
    let page = house.page(&session, "/exclusions").await.text;
    says(&page, &["icons &#60;b&#62;", "2 times", "profile support", "site north"]);
}
