//! The way in and out: a link that works once, a session that cannot be fixed, and what each may do.

use crate::house::*;
use axum::http::StatusCode;

#[tokio::test]
async fn sec_41_a_link_is_spent_by_its_form_and_only_once() {
    let house = House::open().await;
    let secret = house.secret().await;
    for _ in 0..3 {
        let page = house.send(get(&format!("/sign-in?secret={secret}"))).await;
        assert!(page.text.contains(&format!("value=\"{secret}\"")), "a scanner that opens the link spends nothing");
        assert!(page.headers.get("set-cookie").is_none());
    }
    let form = format!("secret={secret}");
    let answer = house.send(post("/sign-in", &form)).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/"));
    assert_eq!(house.page(&answer.cookie(), "/messages").await.status, StatusCode::OK);
    let again = house.send(post("/sign-in", &form)).await;
    assert_eq!(again.status, StatusCode::FORBIDDEN);
    assert!(again.text.contains("used already"), "{}", again.text);
    assert!(again.headers.get("set-cookie").is_none());
}

#[tokio::test]
async fn sec_41_a_link_ends_with_its_time() {
    let house = House::open().await;
    let late = house.store.new_sign_in(0).await.unwrap();
    assert_eq!(house.send(post("/sign-in", &format!("secret={late}"))).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_is_no_secret_is_refused_with_words() {
    let house = House::open().await;
    let secret = house.secret().await;
    let wrong = [
        String::new(),
        "secret=".into(),
        format!("secret={}", &secret[..51]),
        format!("secret={}", "A".repeat(52)),
        format!("secret={secret}&secret={secret}"),
        format!("secret={}", "%F0%9F%94%91".repeat(13)),
        format!("secret={secret}%00"),
        format!("secret={}", "A".repeat(17 * 1024)),
    ];
    for form in &wrong {
        let answer = house.send(post("/sign-in", form)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{form:.80}");
        assert!(answer.text.contains("not complete"), "{form:.80}");
    }
    let json = with(post("/sign-in", &format!("{{\"secret\":\"{secret}\"}}")), "content-type", "application/json");
    assert_eq!(house.send(json).await.status, StatusCode::FORBIDDEN);
    assert_eq!(house.send(post("/sign-in", &format!("secret={secret}"))).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn sec_41_a_session_cannot_be_fixed_beforehand_and_the_old_one_ends() {
    let house = House::open().await;
    let before = house.session().await;
    let secret = house.secret().await;
    let answer = house.send(with(post("/sign-in", &format!("secret={secret}")), "cookie", &before)).await;
    assert_ne!(answer.cookie(), before);
    assert_eq!(house.page(&answer.cookie(), "/").await.status, StatusCode::OK);
    assert_eq!(house.page(&before, "/").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn sec_41_a_session_ends_at_sign_out() {
    let house = House::open().await;
    let (session, other) = (house.session().await, house.session().await);
    let token = house.page(&session, "/").await.token();
    let answer = house.send(with(post("/sign-out", &format!("token={token}")), "cookie", &session)).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/sign-in"));
    assert!(answer.header("set-cookie").starts_with("sealpost_session=;"), "{}", answer.header("set-cookie"));
    let ended = house.page(&session, "/").await;
    assert_eq!(ended.status, StatusCode::UNAUTHORIZED);
    assert!(ended.text.contains("Your session has ended."));
    assert_eq!(house.page(&other, "/").await.status, StatusCode::OK, "other sessions go on");
}

#[tokio::test]
async fn sec_41_the_cookie_is_kept_from_scripts_other_sites_and_plain_connections() {
    let house = House::open().await;
    let secret = house.secret().await;
    let answer = house.send(post("/sign-in", &format!("secret={secret}"))).await;
    let cookie = answer.header("set-cookie");
    let attributes: Vec<&str> = cookie.split("; ").skip(1).collect();
    assert_eq!(attributes, ["HttpOnly", "SameSite=Strict", "Path=/"]);

    let router = house.router_named("https://mail.example.com");
    let secret = house.secret().await;
    let form = with(post("/sign-in", &format!("secret={secret}")), "host", "mail.example.com");
    let answer = send(router.clone(), with(form, "origin", "https://mail.example.com")).await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-sealpost_session="), "{cookie}");
    let attributes: Vec<&str> = cookie.split("; ").skip(1).collect();
    assert_eq!(attributes, ["HttpOnly", "SameSite=Strict", "Secure", "Path=/"]);
    let session = answer.cookie();
    let page = with(with(get("/"), "host", "mail.example.com"), "cookie", &session);
    let page = send(router.clone(), page).await;
    assert_eq!(page.status, StatusCode::OK);
    let form = with(post("/sign-out", &format!("token={}", page.token())), "host", "mail.example.com");
    let answer = send(router, with(with(form, "origin", "https://mail.example.com"), "cookie", &session)).await;
    let gone = answer.header("set-cookie");
    assert!(gone.starts_with("__Host-sealpost_session=;") && gone.contains("Secure"), "browsers take no other: {gone}");
}

#[tokio::test]
async fn sec_41_a_made_up_session_is_none() {
    let house = House::open().await;
    for cookie in [
        "sealpost_session=".to_owned(),
        format!("sealpost_session={}", "A".repeat(52)),
        format!("sealpost_session={}", "A".repeat(7_000)),
        "sealpost_session='; DROP TABLE sessions".to_owned(),
        format!("__Host-{}", house.session().await),
    ] {
        assert_eq!(house.page(&cookie, "/messages").await.status, StatusCode::UNAUTHORIZED, "{cookie:.80}");
    }
    let link = house.secret().await;
    assert_eq!(house.page(&format!("sealpost_session={link}"), "/").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn sec_57_a_link_that_is_spent_twice_at_once_opens_one_session() {
    let house = House::open().await;
    let form = format!("secret={}", house.secret().await);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..20 {
        tasks.spawn(send(house.router.clone(), post("/sign-in", &form)));
    }
    let opened = tasks.join_all().await.into_iter().filter(|answer| answer.status == StatusCode::SEE_OTHER).count();
    assert_eq!(opened, 1);
}
