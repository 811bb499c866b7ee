//! The story of one message, in each state, and a person's word that it is tried again.

use crate::filled::{self, NOON, Words};
use crate::house::*;
use axum::http::StatusCode;
use store::{JobKind, JobState};

async fn story(state: &str) -> (House, String, String, String) {
    let house = House::open().await;
    let each = filled::one_of_each(&house.store).await;
    let id = each.iter().find(|(word, _)| *word == state).unwrap().1.clone();
    let session = house.session().await;
    let page = house.page(&session, &format!("/messages/{id}")).await.text;
    assert!(!page.contains("private-detail"), "a fault's detail is for logs");
    (house, session, id, page)
}

fn assert_says(page: &str, texts: &[&str]) {
    for text in texts {
        assert!(page.contains(text), "{text}:\n{page}");
    }
}

#[tokio::test]
async fn a_done_message_shows_outcome_reasons_receipts_and_what_was_cut() {
    let (.., page) = story("done").await;
    assert_says(
        &page,
        &[
            "<title>The printer on floor 3 eats paper · Sealpost</title>",
            "<span class=\"lozenge create done\">create</span>",
            "href=\"https://jira.example/browse/NORTH-41\"",
            "no thread, no key in the subject",
            "1. Create an issue of type Task in NORTH",
            "issue NORTH-41, id 1",
            "2. Attach paper.jpg (123.4 kB)",
            "attachment 77",
            "<dt>Summary</dt><dd>The printer on floor 3 eats paper</dd>",
            "<dt>Floor (customfield_10042)</dt><dd>North, 3</dd>",
            "<dt>SHA-256</dt><dd>00</dd>",
            "every second sheet is crumpled.\n\nCan somebody",
            "What was cut off and kept",
            "Does it answer a known mail? No, so it becomes an issue in NORTH.",
            "support version 3, mapping default",
            "from ada@people.example<br>to help@north.example",
            "kept, sealed",
        ],
    );
    assert!(!page.contains("Try again") && !page.contains("What was malformed"), "{page}");
}

#[tokio::test]
async fn a_held_message_says_that_it_waits_for_a_person() {
    let (.., page) = story("held").await;
    assert_says(&page, &["held for a person", "SP-0307", "begun; its trace is looked for", "Try again"]);
}

#[tokio::test]
async fn a_message_that_was_given_up_says_why() {
    let (.., page) = story("dead").await;
    let texts = [
        "given up",
        "SP-0300",
        "The project NORTH wants a component.",
        "Try again",
        "transfer encoding is unknown",
        "<summary>What was answered, word by word</summary><div class=\"words\">400: The project NORTH wants a component.",
    ];
    assert_says(&page, &texts);
}

#[tokio::test]
async fn an_undecided_message_says_what_it_waits_for() {
    let (.., page) = story("waiting").await;
    assert_says(
        &page,
        &[
            "(not read yet)",
            "undecided",
            "It is not decided yet",
            "waiting",
            "SP-0303",
            "Nothing was asked yet.",
            "1 try",
        ],
    );
    assert!(!page.contains("Try again"));
}

#[tokio::test]
async fn of_an_erased_message_outcome_and_receipts_remain() {
    let house = House::keeping(0).await;
    let long_ago = 1_000_000;
    let id = filled::done(&house.store, "old", long_ago, "NORTH-7", &filled::Words::plain()).await;
    assert_eq!(house.store.sweep().await.unwrap().contents, 1);
    let session = house.session().await;
    let list = house.page(&session, "/messages").await.text;
    assert_says(&list, &["(erased)", "NORTH-7", ">create<"]);
    let page = house.page(&session, &format!("/messages/{id}")).await.text;
    assert_says(&page, &["(erased)", "issue NORTH-7, id 1", "attachment 77", "What was written has been erased"]);
    for gone in ["printer", "ada@", "paper.jpg", "no thread", "crumpled"] {
        assert!(!page.contains(gone) && !list.contains(gone), "{gone}");
    }
}

#[tokio::test]
async fn a_message_without_steps_says_so() {
    let (.., page) = story("ignored").await;
    assert_says(&page, &["ignore", "Nothing was to be done.", "sent automatically"]);
}

#[tokio::test]
async fn a_person_wakes_what_is_held_or_given_up_and_nothing_else() {
    for (state, woken) in [("held", true), ("dead", true), ("done", false), ("ignored", false)] {
        let (house, session, id, _) = story(state).await;
        let page = house.page(&session, "/messages").await;
        let wake = with(post(&format!("/messages/{id}/wake"), &format!("token={}", page.token())), "cookie", &session);
        let answer = house.send(wake).await;
        let now = house.store.story(&id).await.unwrap().unwrap();
        if woken {
            assert_eq!(
                (answer.status, answer.header("location")),
                (StatusCode::SEE_OTHER, &*format!("/messages/{id}"))
            );
            assert_eq!((now.line.job, now.tries), (JobState::Ready, 0), "{state}");
        } else {
            assert_eq!(answer.status, StatusCode::CONFLICT, "{state}");
            assert!(answer.text.contains("nothing was done"));
            assert_eq!(now.line.job, JobState::Done);
        }
    }
}

#[tokio::test]
async fn a_store_that_is_gone_is_told_with_code_and_remedy() {
    let (house, session, id, _) = story("done").await;
    house.store.close().await;
    for path in ["/messages", &*format!("/messages/{id}")] {
        let answer = house.page(&session, path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(
            answer.text.contains("SP-0100") && answer.text.contains("See whether the database runs"),
            "{}",
            answer.text
        );
    }
    assert_eq!(house.send(get("/sign-in")).await.status, StatusCode::OK);
}

#[tokio::test]
async fn what_todays_rules_would_do_is_shown_beside_what_is_done() {
    let (house, session, id, page) = story("done").await;
    assert_says(&page, &["What would today's rules do?", "Erase its content"]);
    let send = |path: String, token: String| with(post(&path, &format!("token={token}")), "cookie", &session);
    let token = house.page(&session, "/messages").await.token();
    let answer = house.send(send(format!("/messages/{id}/rehearse"), token.clone())).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
    assert_says(&house.page(&session, &format!("/messages/{id}")).await.text, &["It is being worked out"]);

    let lease = house.store.claim("worker", &[JobKind::Rehearse], 1, 600).await.unwrap().remove(0);
    let past = house.store.past(&id).await.unwrap();
    let mut plan = policy::Plan { revision: 2, ..past[0].plan.clone() };
    plan.steps.pop();
    house.store.propose(&lease, &plan, None).await.unwrap();
    let page = house.page(&session, &format!("/messages/{id}")).await.text;
    assert_says(&page, &["done already: issue NORTH-41", "It stays as it is", "attachment 77", "was written already"]);

    let yes = yes_to(&page);
    let answer = house.send(send(format!("{yes}1"), token.clone())).await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "nobody was shown that one");
    let answer = house.send(send(yes, token)).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

/// Where the form leads that says yes to the proposal of this page.
fn yes_to(page: &str) -> String {
    let (before, after) = page.split_once("/replay/").expect("a proposal to say yes to");
    let (_, path) = before.rsplit_once("action=\"").unwrap();
    format!("{path}/replay/{}", after.split('"').next().unwrap())
}

#[tokio::test]
async fn other_rules_are_chosen_and_what_they_change_is_shown() {
    let (house, session, id, page) = story("done").await;
    house.store.import_mappings(SITE, "[[mapping]]").await.unwrap();
    assert!(!page.contains("By other rules"), "the site keeps none");
    let page = house.page(&session, &format!("/messages/{id}")).await.text;
    assert!(!page.contains("By other rules"), "mappings are no rules for mail");
    house.store.import_profile(SITE, "draft <b>", "text").await.unwrap();
    let page = house.page(&session, &format!("/messages/{id}")).await;
    let offered = "<option value=\"1 draft &#60;b&#62;\">draft &#60;b&#62;, version 1</option>";
    assert_says(&page.text, &["By other rules", offered]);
    let token = page.token();
    let choose = |rules: &str| {
        let form = format!("token={token}&rules={rules}");
        with(post(&format!("/messages/{id}/rehearse"), &form), "cookie", &session)
    };
    for wrong in ["2+draft+%3Cb%3E", "1+", "1+a%00b", "x+draft", "draft"] {
        let answer = house.send(choose(wrong)).await;
        assert_eq!(answer.status, StatusCode::CONFLICT, "{wrong}");
        assert!(answer.text.contains("no such version"), "{wrong}: {}", answer.text);
    }
    assert_eq!(house.send(choose("1+draft+%3Cb%3E")).await.status, StatusCode::SEE_OTHER);
    let lease = house.store.claim("worker", &[JobKind::Rehearse], 1, 600).await.unwrap().remove(0);
    let past = house.store.past(&id).await.unwrap();
    let mut plan = policy::Plan { revision: 2, reason: "another".into(), ..past[0].plan.clone() };
    plan.steps.pop();
    house.store.propose(&lease, &plan, None).await.unwrap();
    let page = house.page(&session, &format!("/messages/{id}")).await.text;
    let shown = [
        "Decided by draft &#60;b&#62;, version 1, for this mail alone.",
        "<del>no thread, no key in the subject</del> <ins>another</ins>",
        "<ins>nothing</ins>",
    ];
    assert_says(&page, &shown);
}

#[tokio::test]
async fn a_message_id_leads_to_the_mail_that_bears_it() {
    let house = House::open().await;
    let session = house.session().await;
    let first = filled::done(&house.store, "first", NOON, "NORTH-1", &Words::plain()).await;
    let trace = vec!["Is it known? yes, first@id.example; other@id.example is not".to_owned()];
    let words = Words { trace, ..Words::plain() };
    let second = filled::done(&house.store, "second", NOON + 9, "NORTH-1", &words).await;
    let page = house.page(&session, &format!("/messages/{second}")).await.text;
    let link = format!("yes, <a href=\"/messages/{first}\">first@id.example</a>; other@id.example is not");
    assert!(page.contains(&link), "{page}");
}
