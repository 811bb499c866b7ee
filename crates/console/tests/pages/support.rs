//! People of the support: how they sign in, and that they reach flagged mails of their site and nothing else (PRIV-15).

use crate::events::{self, Deed, Told};
use crate::filled::{self, NOON, Words};
use crate::house::*;
use axum::http::StatusCode;
use store::{Look, Retention};

/// What an authenticator shows for this key now.
async fn code(house: &House, secret: &str) -> String {
    rig::authenticator::code(secret, house.store.now().await.unwrap())
}

/// The cookie of somebody of the support of this site.
pub async fn supporter(house: &House, site: &str) -> String {
    let (id, secret) = house.store.add_supporter(site, "Ada of the support", "ann").await.unwrap();
    let link = console::support_link(&house.store, ORIGIN, &id, 600).await.unwrap().unwrap();
    let path = link.strip_prefix(ORIGIN).unwrap();
    let asked = house.send(get(path)).await;
    assert!(
        asked.text.contains("autocomplete=\"one-time-code\"") && asked.text.contains("for support"),
        "{}",
        asked.text
    );
    let link = path.split_once("secret=").unwrap().1;
    let wrong = house.send(post("/sign-in", &format!("secret={link}&code=000"))).await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN);
    assert!(wrong.text.contains("This code is wrong") && wrong.header("set-cookie").is_empty(), "{}", wrong.text);
    let alone = house.send(post("/sign-in", &format!("secret={link}"))).await;
    assert_eq!(alone.status, StatusCode::FORBIDDEN, "the link alone is half of it");
    let right = house.send(post("/sign-in", &format!("secret={link}&code={}", code(house, &secret).await))).await;
    assert_eq!(right.status, StatusCode::SEE_OTHER, "{}", right.text);
    right.cookie()
}

#[tokio::test]
async fn priv_15_support_reaches_flagged_mail_of_its_site_and_nothing_else() {
    let house = House::open().await;
    let flagged = filled::done(&house.store, "one", NOON, "NORTH-1", &Words::plain()).await;
    let other = filled::done(&house.store, "two", NOON + 1, "NORTH-2", &Words::plain()).await;
    house.store.flag(&flagged, "It became a new issue", 7, "ann").await.unwrap();
    let Told { event, letters } = events::told(&house.store, "10", &Deed::plain()).await;
    let (north, south) = (supporter(&house, SITE).await, supporter(&house, "south").await);
    for (path, of_north, of_south) in [
        ("/".to_owned(), 303, 303),
        ("/messages".to_owned(), 303, 303),
        ("/flagged".to_owned(), 200, 200),
        ("/letters".to_owned(), 403, 403),
        ("/letters/events".to_owned(), 403, 403),
        ("/events".to_owned(), 403, 403),
        (format!("/events/{event}"), 403, 403),
        (format!("/messages/{flagged}"), 200, 404),
        (format!("/messages/{flagged}/text"), 200, 404),
        (format!("/messages/{flagged}/html"), 200, 404),
        (format!("/messages/{flagged}/html/alone"), 200, 404),
        (format!("/messages/{flagged}/source"), 200, 404),
        (format!("/messages/{flagged}/files"), 200, 404),
        (format!("/messages/{flagged}/files/1"), 403, 403),
        (format!("/messages/{flagged}/whole"), 403, 403),
        (format!("/messages/{other}"), 404, 404),
        (format!("/messages/{other}/source"), 404, 404),
        ("/messages/none".to_owned(), 404, 404),
        ("/messages/%00".to_owned(), 403, 403),
    ] {
        for (session, expected) in [(&north, of_north), (&south, of_south)] {
            let answer = house.page(session, &path).await;
            assert_eq!(answer.status, expected, "{path}: {}", answer.text);
            assert!(expected == 200 || !["printer", "Ada"].iter().any(|word| answer.text.contains(word)), "{path}");
        }
    }
    let page = house.page(&north, "/flagged").await;
    assert!(page.text.contains("It became a new issue") && !page.text.contains("/letters"), "{}", page.text);
    assert!(!house.page(&south, "/flagged").await.text.contains("printer"));
    let acts = ["wake", "erase", "flag", "unflag", "replay/2", "case"].map(|act| format!("/messages/{flagged}/{act}"));
    let of_events = letters.iter().map(|letter| format!("/letters/{letter}/again"));
    for act in acts.into_iter().chain(of_events).chain([format!("/events/{event}/wake")]) {
        let form = post(&act, &format!("token={}", page.token()));
        assert_eq!(house.send(with(form, "cookie", &north)).await.status, StatusCode::FORBIDDEN, "{act}");
    }
    let form = post(&format!("/messages/{flagged}/rehearse"), &format!("token={}", page.token()));
    assert_eq!(house.send(with(form, "cookie", &north)).await.status, StatusCode::SEE_OTHER);
    assert!(house.store.unflag(&flagged, "ann").await.unwrap());
    assert_eq!(house.page(&north, &format!("/messages/{flagged}")).await.status, StatusCode::NOT_FOUND, "at once");
}

#[tokio::test]
async fn priv_15_each_look_of_the_support_is_noted_with_its_name() {
    let house = House::open().await;
    let flagged = filled::done(&house.store, "one", NOON, "NORTH-1", &Words::plain()).await;
    house.store.flag(&flagged, "why", 7, "ann").await.unwrap();
    let session = supporter(&house, SITE).await;
    let story = house.page(&session, &format!("/messages/{flagged}")).await.text;
    assert!(story.contains("Flagged for support") && story.contains("NORTH-1"), "{story}");
    for not_theirs in ["/erase", "/unflag", "/flag\"", "Try again", "/whole"] {
        assert!(!story.contains(not_theirs), "{not_theirs}:\n{story}");
    }
    house.page(&session, &format!("/messages/{flagged}/text")).await;
    let looks = house.store.looks(&flagged).await.unwrap();
    let told: Vec<(Look, &str)> = looks.iter().map(|look| (look.look, look.who.as_str())).collect();
    assert_eq!(told, [(Look::Text, "Ada of the support"), (Look::Story, "Ada of the support")]);
}

#[tokio::test]
async fn an_administrator_flags_a_mail_with_a_reason_and_takes_the_flag_back() {
    let house = House::open().await;
    let id = filled::done(&house.store, "one", NOON, "NORTH-1", &Words::plain()).await;
    let session = house.session().await;
    let page = house.page(&session, &format!("/messages/{id}")).await;
    assert!(page.text.contains("max=\"30\" value=\"7\""), "{}", page.text);
    let token = page.token();
    let send = async |act: &str, form: &str| {
        let form = post(&format!("/messages/{id}/{act}"), &format!("token={token}&{form}"));
        house.send(with(form, "cookie", &session)).await
    };
    for without in ["reason=&days=7", "reason=why&days=0", "reason=why", "reason=why&days=-1", "days=7"] {
        assert_eq!(send("flag", without).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{without}");
    }
    assert_eq!(house.store.flag_of(&id).await.unwrap(), None);
    assert_eq!(send("flag", "reason=Why%20a%20new%20issue%3F&days=3").await.status, StatusCode::SEE_OTHER);
    let page = house.page(&session, &format!("/messages/{id}")).await.text;
    assert!(page.contains("Why a new issue?") && page.contains("Take the flag back"), "{page}");
    assert!(house.page(&session, "/flagged").await.text.contains("Why a new issue?"));
    assert_eq!(send("unflag", "").await.status, StatusCode::SEE_OTHER);
    assert_eq!(send("unflag", "").await.status, StatusCode::CONFLICT);
    let by_site = [(SITE.to_owned(), 3)].into_iter().collect();
    house.store.keep(&Retention { flags_by_site: by_site, ..Retention::default() }, "ann").await.unwrap();
    let page = house.page(&session, &format!("/messages/{id}")).await.text;
    assert!(page.contains("max=\"3\" value=\"3\""), "the site's own maximum: {page}");
    let stale = with(post(&format!("/messages/{id}/flag"), "token=x&reason=why&days=3"), "cookie", &session);
    assert_eq!(house.send(stale).await.status, StatusCode::FORBIDDEN);
}
