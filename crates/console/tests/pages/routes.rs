//! Every route against every kind of request: signed in or not, from our pages or from others, under our name or another.

use crate::filled::{self, Words};
use crate::house::*;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode};

/// The same for events and letters about them.
fn matrix_of_events() -> Vec<(Method, String, u16, u16)> {
    let route = |method: Method, path: &str, person| (method, path.to_owned(), 401, person);
    vec![
        route(Method::GET, "/events", 200),
        route(Method::GET, "/events?state=stopped&before=1~a", 200),
        route(Method::GET, "/events?before=1~%00", 200),
        route(Method::GET, "/events?before=1&before=2", 404),
        route(Method::GET, "/events/none", 404),
        route(Method::GET, "/events/%00", 404),
        route(Method::GET, "/events/none/wake", 405),
        route(Method::POST, "/events/none/wake", 409),
        route(Method::POST, "/events/%00/wake", 404),
        route(Method::GET, "/events?site=%00&issue=%00&mapping=%00&state=none", 200),
        route(Method::GET, "/events/none/again", 405),
        route(Method::POST, "/events/none/again", 409),
        route(Method::POST, "/events/%00/again", 404),
        route(Method::GET, "/events/none/erase", 405),
        route(Method::POST, "/events/none/erase", 409),
        route(Method::POST, "/events/%00/erase", 404),
        route(Method::GET, "/events/none/preview", 404),
        route(Method::GET, "/events/%00/preview?to=a@b", 404),
        route(Method::GET, "/events/none/preview?to=a&to=b", 404),
        route(Method::GET, "/events/none/preview/%00", 404),
        route(Method::POST, "/events/none/preview", 405),
        route(Method::GET, "/letters/events", 200),
        route(Method::GET, "/letters/events?state=stopped&before=1~%00", 200),
        route(Method::GET, "/letters/events?site=%00&issue=%00&to=%00&mapping=x&before=1~a", 200),
        route(Method::GET, "/letters/events?to=a&to=b", 404),
        route(Method::GET, "/letters/none/again", 405),
        route(Method::POST, "/letters/none/again", 409),
        route(Method::POST, "/letters/%00/again", 404),
        route(Method::GET, "/letters/none/erase", 405),
        route(Method::POST, "/letters/none/erase", 409),
        route(Method::POST, "/letters/%00/erase", 404),
        route(Method::GET, "/letters/none/text", 404),
        route(Method::GET, "/letters/%00/html/alone", 404),
        route(Method::GET, "/letters/none/source?page=0", 404),
        route(Method::GET, "/letters/none/whole", 404),
        route(Method::GET, "/letters/none/files/%00", 404),
        route(Method::GET, "/letters/written", 200),
        route(Method::GET, "/letters/written?before=1~%00", 200),
        route(Method::GET, "/letters/written?before=1&before=2", 404),
        route(Method::GET, "/written/none", 404),
        route(Method::GET, "/written/%00", 404),
        route(Method::GET, "/written/none/send", 405),
        route(Method::POST, "/written/none/send", 409),
        route(Method::POST, "/written/%00/send", 404),
        route(Method::POST, "/written/none/drop", 409),
        route(Method::POST, "/written/none/wake", 409),
        route(Method::GET, "/write", 200),
        route(Method::GET, "/write?from=%00&site=%00", 200),
        route(Method::GET, "/write?from=1&from=2", 404),
        // No form with files.
        route(Method::POST, "/write", 403),
    ]
}

/// The same for what relays have stored.
fn matrix_of_relayed() -> Vec<(Method, String, u16, u16)> {
    let route = |method: Method, path: &str, person| (method, path.to_owned(), 401, person);
    vec![
        route(Method::GET, "/relayed", 200),
        route(Method::GET, "/relayed?after=1~%00&done=x", 200),
        route(Method::GET, "/relayed?after=1&after=2", 404),
        route(Method::GET, "/relayed/again", 405),
        route(Method::POST, "/relayed/again", 303),
        route(Method::GET, "/relayed/none/again", 405),
        route(Method::POST, "/relayed/none/again", 409),
        route(Method::POST, "/relayed/none/erase", 409),
        route(Method::POST, "/relayed/%00/erase", 404),
    ]
}

/// The same for keys of people.
fn matrix_of_keys() -> Vec<(Method, String, u16, u16)> {
    let route = |method: Method, path: &str, person| (method, path.to_owned(), 401, person);
    vec![
        route(Method::GET, "/keys", 200),
        route(Method::GET, "/keys?site=a&site=b", 404),
        // No form with a file.
        route(Method::POST, "/keys", 403),
        route(Method::GET, "/keys/coverage", 200),
        route(Method::GET, "/keys/coverage?site=a&site=b", 404),
        route(Method::GET, "/keys/coverage?site=%00&project=%00&standing=x&from=x", 200),
        route(Method::POST, "/keys/coverage", 405),
        route(Method::GET, "/keys/none/accept", 405),
        route(Method::POST, "/keys/none/accept", 409),
        route(Method::POST, "/keys/%00/remove", 404),
    ]
}

/// Routes with the status that a stranger and a signed-in person get.
async fn matrix(house: &House) -> Vec<(Method, String, u16, u16)> {
    let id = filled::held(&house.store, "one", filled::NOON, &Words::plain()).await;
    let get = |path: &str, stranger, person| (Method::GET, path.to_owned(), stranger, person);
    vec![
        get("/", 401, 200),
        get("/messages", 401, 200),
        get(&format!("/messages/{id}"), 401, 200),
        get(&format!("/messages/{id}/text"), 401, 200),
        get(&format!("/messages/{id}/source"), 401, 200),
        get(&format!("/messages/{id}/files"), 401, 200),
        get(&format!("/messages/{id}/files/%00"), 401, 404),
        get("/messages/none/html/alone", 401, 404),
        get("/messages/none/whole", 401, 404),
        get("/flagged", 401, 200),
        get("/mailboxes", 401, 200),
        get("/exclusions", 401, 200),
        get("/usage", 401, 200),
        get("/contacts", 401, 200),
        (Method::POST, "/contacts".into(), 401, 422),
        get("/contacts/none/first", 401, 405),
        (Method::POST, "/contacts/none/first".into(), 401, 409),
        (Method::POST, "/contacts/none/good".into(), 401, 409),
        (Method::POST, "/contacts/%00/remove".into(), 401, 404),
        get("/mailboxes/test", 401, 405),
        (Method::POST, "/mailboxes/test".into(), 401, 404),
        (Method::POST, "/mailboxes/poll".into(), 401, 404),
        get(&format!("/messages/{id}/case"), 401, 405),
        (Method::POST, format!("/messages/{id}/case"), 401, 409),
        (Method::POST, "/messages/%00/case".into(), 401, 404),
        (Method::POST, format!("/messages/{id}/flag"), 401, 422),
        (Method::POST, format!("/messages/{id}/unflag"), 401, 409),
        get("/letters", 401, 200),
        get("/letters?before=1~message:a/1/letter-1", 401, 200),
        get("/letters?before=1~%00", 401, 200),
        get("/messages/none", 401, 404),
        get("/messages/%00", 401, 404),
        get("/messages/%FF", 401, 404),
        get(&format!("/messages/{id}/wake"), 401, 405),
        get("/sign-out", 401, 405),
        get("/sign-in", 200, 200),
        get("/style.css", 200, 200),
        get("/icon.svg", 200, 200),
        get("/nothing", 404, 404),
        get("/messages/../../etc/passwd", 404, 404),
        (Method::POST, "/sign-in".into(), 403, 403),
        (Method::POST, "/messages/none/wake".into(), 401, 409),
        (Method::POST, "/messages/none/rehearse".into(), 401, 409),
        (Method::POST, format!("/messages/{id}/replay/9"), 401, 409),
        (Method::POST, format!("/messages/{id}/replay/x"), 401, 404),
        (Method::POST, "/messages/none/erase".into(), 401, 409),
        (Method::POST, format!("/messages/{id}/rehearse"), 401, 409),
        (Method::POST, format!("/messages/{id}/wake"), 401, 303),
        (Method::DELETE, format!("/messages/{id}"), 401, 405),
        (Method::PUT, "/style.css".into(), 405, 405),
        // Last, since it ends the session.
        (Method::POST, "/sign-out".into(), 401, 303),
    ]
}

fn request(method: &Method, path: &str, form: &str) -> Request<Body> {
    let mut request = if *method == Method::GET { get(path) } else { post(path, form) };
    *request.method_mut() = method.clone();
    request
}

/// The headers that every answer has, and no other but those named at the call (SEC-44).
fn assert_safe(answer: &Answer, what: &str) {
    let expected = "\
cache-control: no-store
content-security-policy: default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'
cross-origin-opener-policy: same-origin
cross-origin-resource-policy: same-origin
permissions-policy: camera=(), geolocation=(), microphone=()
referrer-policy: same-origin
x-content-type-options: nosniff
x-frame-options: DENY";
    let own = ["content-type", "content-length", "location", "set-cookie", "allow"];
    assert_eq!(answer.headers_but(&own), expected, "{what}");
}

#[tokio::test]
async fn sec_44_every_route_answers_as_the_matrix_says_with_safe_headers() {
    let house = House::open().await;
    let session = house.session().await;
    let token = house.page(&session, "/messages").await.token();
    let of_events = matrix_of_events().into_iter().chain(matrix_of_keys()).chain(matrix_of_relayed());
    for (method, path, stranger, person) in of_events.chain(matrix(&house).await) {
        let form = format!("token={token}");
        let what = format!("{method} {path}");
        let answer = house.send(request(&method, &path, &form)).await;
        assert_eq!(answer.status, stranger, "a stranger: {what}: {}", answer.text);
        assert_safe(&answer, &what);
        if stranger == 401 {
            assert!(!answer.text.contains("printer"), "a stranger sees a mail: {what}");
        }
        let answer = house.send(with(request(&method, &path, &form), "cookie", &session)).await;
        assert_eq!(answer.status, person, "signed in: {what}: {}", answer.text);
        assert_safe(&answer, &what);
    }
}

#[tokio::test]
async fn sec_42_no_other_host_is_answered() {
    let house = House::open().await;
    let session = house.session().await;
    let foreign = [
        "evil.example",
        "evil.example:8025",
        "127.0.0.1",
        "127.0.0.1:80",
        "10.0.0.1:8025",
        "",
        "127.0.0.1:8025.evil.example",
        "127.0.0.1:8025@evil.example",
    ];
    for host in foreign {
        for asked in [get("/messages"), get("/style.css"), get("/nothing"), post("/sign-out", "")] {
            let answer = house.send(with(with(asked, "host", host), "cookie", &session)).await;
            assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{host:?}");
            assert_safe(&answer, host);
        }
    }
    assert_eq!(house.send(without(get("/sign-in"), "host")).await.status, StatusCode::MISDIRECTED_REQUEST);
    let mut twice = get("/sign-in");
    twice.headers_mut().append("host", HOST.parse().unwrap());
    assert_eq!(house.send(twice).await.status, StatusCode::MISDIRECTED_REQUEST, "two hosts, even equal ones");
    let in_line = get("http://evil.example/sign-in");
    assert_eq!(house.send(in_line).await.status, StatusCode::MISDIRECTED_REQUEST, "absolute form");
    let ours = get(&format!("{ORIGIN}/sign-in"));
    assert_eq!(house.send(ours).await.status, StatusCode::OK, "absolute form of our own name");
}

#[tokio::test]
async fn sec_42_what_a_request_says_of_its_host_is_in_no_link() {
    let house = House::open().await;
    for name in ["x-forwarded-host", "forwarded", "x-host"] {
        let answer = house.send(with(post("/sign-in", "secret="), name, "evil.example")).await;
        assert!(!format!("{:?}{}", answer.headers, answer.text).contains("evil"), "{name}");
    }
    assert!(house.link().await.starts_with("http://127.0.0.1:8025/sign-in?secret="));
}

#[tokio::test]
async fn another_name_of_this_machine_leads_to_the_console() {
    let house = House::open().await;
    for host in ["localhost:8025", "[::1]:8025"] {
        let answer = house.send(with(get("/sign-in?secret=AB"), "host", host)).await;
        assert_eq!(answer.status, StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(answer.header("location"), "http://127.0.0.1:8025/sign-in?secret=AB");
        let form = with(with(post("/sign-in", ""), "host", host), "origin", &format!("http://{host}"));
        assert_eq!(house.send(form).await.status, StatusCode::MISDIRECTED_REQUEST, "a form is not led on");
    }
    let answer = house.send(with(get("//evil.example/"), "host", "localhost:8025")).await;
    assert_eq!(answer.header("location"), "http://127.0.0.1:8025//evil.example/", "it leads nowhere else");
}

#[tokio::test]
async fn sec_40_forms_come_only_from_our_own_pages() {
    let house = House::open().await;
    let session = house.session().await;
    let token = house.page(&session, "/messages").await.token();
    let id = filled::held(&house.store, "one", filled::NOON, &Words::plain()).await;
    let path = format!("/messages/{id}/wake");
    let form = || with(post(&path, &format!("token={token}")), "cookie", &session);
    let foreign = [
        with(form(), "origin", "http://evil.example"),
        with(form(), "origin", "null"),
        with(form(), "origin", "http://127.0.0.1:8027"),
        with(form(), "origin", "https://127.0.0.1:8025"),
        with(form(), "sec-fetch-site", "cross-site"),
        with(form(), "sec-fetch-site", "same-site"),
        with(without(form(), "origin"), "sec-fetch-site", "none"),
        without(form(), "origin"),
        with(post(&path, ""), "cookie", &session),
        with(post(&path, &format!("token={}", "A".repeat(52))), "cookie", &session),
        with(post(&path, &format!("token={token}&token={token}")), "cookie", &session),
        with(form(), "content-type", "text/plain"),
        with(form(), "content-type", "application/json"),
    ];
    for (number, request) in foreign.into_iter().enumerate() {
        assert_eq!(house.send(request).await.status, StatusCode::FORBIDDEN, "form {number}");
    }
    let story = house.store.story(&id).await.unwrap().unwrap();
    assert_eq!(story.line.job, store::JobState::Held, "nothing was done");
    let newer = with(without(form(), "origin"), "sec-fetch-site", "same-origin");
    assert_eq!(house.send(newer).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn sec_40_a_token_of_another_session_is_worth_nothing() {
    let house = House::open().await;
    let (one, other) = (house.session().await, house.session().await);
    let token = house.page(&one, "/messages").await.token();
    assert_ne!(token, house.page(&other, "/messages").await.token());
    let form = with(post("/sign-out", &format!("token={token}")), "cookie", &other);
    assert_eq!(house.send(form).await.status, StatusCode::FORBIDDEN);
    assert_eq!(house.page(&other, "/messages").await.status, StatusCode::OK);
}

#[tokio::test]
async fn priv_21_over_tls_a_year_of_hsts_is_asked_for_but_not_on_loopback() {
    let house = House::open().await;
    let hsts = async |origin: &str, host: &str| {
        let request = with(get("/sign-in"), "host", host);
        send(house.router_named(origin), request).await.header("strict-transport-security").to_owned()
    };
    assert_eq!(hsts("https://mail.example.com", "mail.example.com").await, "max-age=31536000");
    assert_eq!(hsts("https://mail.example.com:443/", "mail.example.com:443").await, "max-age=31536000");
    assert_eq!(hsts("https://mail.example.com", "evil.example").await, "max-age=31536000", "with a refusal too");
    assert_eq!(hsts("https://localhost:8025", "localhost:8025").await, "");
    assert_eq!(hsts(ORIGIN, HOST).await, "");
}
