//! The upload page: who may see it, what it takes, and how it looks and feels in a real browser.

use crate::browser::assert_fits_as_it_is;
use crate::house::{Answer, HOST, House, SITE, get, send};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode, header};
use console::public::upload::{self, Uploads};
use console::public::{Public, Sites};
use console::{Listener, Settings};
use futures_util::future::{BoxFuture, join_all};
use futures_util::stream::{self, StreamExt};
use policy::Fault;
use rig::webdriver::Browser;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{ContentWriter, FileContent, Invitation, LinkUse, NewFile};

const FILE_BYTES_MAX: u64 = 1 << 20;
/// Long enough for a test that writes what it has at once.
const SILENCE_MAX: Duration = Duration::from_millis(300);
/// Forms that are read at the same time.
const TURNS: usize = 16;

/// Opens the issue to Ann alone, and remembers what was handed in: names, types, sizes and the word about them.
#[derive(Default)]
struct Taken(Mutex<Vec<String>>);

impl Uploads for Taken {
    fn may<'a>(&'a self, of: &'a Invitation) -> BoxFuture<'a, Result<Option<String>, Fault>> {
        let may = of.address == "ann@people.example";
        Box::pin(async move { Ok(may.then(|| "NORTH-7".to_owned())) })
    }

    fn hand_in<'a>(
        &'a self,
        _: &'a Invitation,
        issue: &'a str,
        _: ContentWriter,
        files: Vec<(NewFile, FileContent)>,
        note: &'a str,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        let told = |(file, content): &(NewFile, FileContent)| {
            format!("{issue}: {} ({}, {})", file.about.name, file.about.content_type, content.size_bytes)
        };
        let mut taken = self.0.lock().unwrap();
        taken.extend(files.iter().map(told));
        taken.push(note.to_owned());
        Box::pin(async { Ok(()) })
    }
}

/// A link by which this person may add files.
async fn link(house: &House, address: &str) -> String {
    let of =
        Invitation { site: SITE.into(), mailbox: "support".into(), issue_id: "10".into(), address: address.into() };
    let id = house.store.invite(&of, 1, "somebody").await.unwrap();
    let token = house.store.sign_link(SITE, LinkUse::Upload, &id, 60).await.unwrap().unwrap();
    format!("/u/{token}")
}

fn room(house: &House, taken: &Arc<Taken>) -> console::public::Room {
    room_of(house, taken, Arc::new(|| vec![SITE.into()]))
}

fn room_of(house: &House, taken: &Arc<Taken>, sites: Sites) -> console::public::Room {
    upload::room(house.store.clone(), sites, taken.clone(), FILE_BYTES_MAX, SILENCE_MAX)
}

/// One part of a form, without its end.
fn part(name: &str, more: &str, content: &str) -> String {
    format!("--cut\r\nContent-Disposition: form-data; name=\"{name}\"{more}\r\n\r\n{content}\r\n")
}

/// Posts a form; after these bytes nothing comes any more when it is `half`.
async fn post_form(wall: Router, link: &str, bytes: String, half: bool) -> Answer {
    let piece = stream::iter([Ok::<_, Infallible>(Bytes::from(bytes))]);
    let body = if half { Body::from_stream(piece.chain(stream::pending())) } else { Body::from_stream(piece) };
    let request = Request::post(link)
        .header(header::HOST, HOST)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=cut")
        .body(body)
        .unwrap();
    send(wall, request).await
}

#[tokio::test]
async fn sec_45_a_form_that_says_nothing_more_gives_its_turn_back() {
    let house = House::open().await;
    let taken: Arc<Taken> = Arc::default();
    let wall = Public::new(crate::house::ORIGIN, 1000).router(vec![room(&house, &taken)]);
    let link = link(&house, "ann@people.example").await;
    let file = part("files", "; filename=\"a.txt\"", "a plan");
    for half in ["--cut\r\nContent-Dispo", file.split("plan").next().unwrap()] {
        let silent = (0..TURNS).map(|_| post_form(wall.clone(), &link, half.to_owned(), true));
        let answers = tokio::time::timeout(Duration::from_secs(60), join_all(silent)).await.expect("they end");
        assert!(answers.iter().all(|answer| answer.text.contains("Broken off")), "{}", answers[0].text);
    }
    let whole = post_form(wall, &link, format!("{file}--cut--\r\n"), false).await;
    assert_eq!(whole.status, StatusCode::OK, "{}", whole.text);
}

#[tokio::test]
async fn sec_45_a_form_of_fields_without_end_is_refused() {
    let house = House::open().await;
    let taken: Arc<Taken> = Arc::default();
    let wall = Public::new(crate::house::ORIGIN, 1000).router(vec![room(&house, &taken)]);
    let link = link(&house, "ann@people.example").await;
    let file = part("files", "; filename=\"a.txt\"", "a plan");
    let nothing = part("files", "; filename=\"\"", "");
    for (fields, title) in [
        (part("note", "", "hello").repeat(23) + &file, "Not understood"),
        (nothing.repeat(23) + &file, "Not understood"),
        (part("note", "", "hello") + &file.repeat(21), "Too many files"),
        (part("note", "", "hello") + &file.repeat(20), "Your files have arrived"),
    ] {
        let answer = post_form(wall.clone(), &link, format!("{fields}--cut--\r\n"), false).await;
        assert!(answer.text.contains(title), "{title}: {}", answer.text);
    }
    assert_eq!(taken.0.lock().unwrap().len(), 21, "20 files and a word about them");
}

#[tokio::test]
async fn an_upload_page_opens_for_sites_that_come_later() {
    let house = House::open().await;
    let named: Arc<Mutex<Vec<String>>> = Arc::default();
    let sites = named.clone();
    let room = room_of(&house, &Arc::default(), Arc::new(move || sites.lock().unwrap().clone()));
    let wall = Public::new(crate::house::ORIGIN, 1000).router(vec![room]);
    let link = link(&house, "ann@people.example").await;
    assert_eq!(send(wall.clone(), get(&link)).await.status, StatusCode::NOT_FOUND);
    named.lock().unwrap().push(SITE.into());
    assert_eq!(send(wall, get(&link)).await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_upload_page_opens_for_whom_its_link_names_alone() {
    let house = House::open().await;
    let wall = Public::new(crate::house::ORIGIN, 1000).router(vec![room(&house, &Arc::default())]);
    let open = send(wall.clone(), get(&link(&house, "ann@people.example").await)).await;
    assert!(open.status == StatusCode::OK && open.text.contains("Add files to NORTH-7"), "{}", open.text);
    let nothing = send(wall.clone(), get("/u/nothing")).await;
    assert_eq!(nothing.status, StatusCode::NOT_FOUND);
    let stranger = send(wall.clone(), get(&link(&house, "mallory@evil.example").await)).await;
    assert_eq!((stranger.status, &stranger.text), (nothing.status, &nothing.text));
    // A link that lets its holder fetch a file lets nobody upload one.
    let fetch = house.store.sign_link(SITE, LinkUse::Fetch, &"0a".repeat(16), 60).await.unwrap().unwrap();
    assert_eq!(send(wall, get(&format!("/u/{fetch}"))).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_person_uploads_files_in_a_browser_at_every_width() {
    let house = House::open().await;
    let taken: Arc<Taken> = Arc::default();
    let listener = Listener::bind(Settings::new("127.0.0.1:0".parse().unwrap(), None)).await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let router = Public::new(&origin, 1000).router(vec![room(&house, &taken)]);
    tokio::spawn(listener.serve(router, std::future::pending()));
    let page = format!("{origin}{}", link(&house, "ann@people.example").await);
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    };
    let (plan, film) = (file("plan ü.txt", b"a plan"), file("film.mp4", &[7; 300_000]));
    let browser = Browser::start().await;
    browser.open(&page).await;
    assert_fits_as_it_is(&browser, "upload").await;
    browser.send_keys("#note", "As we said <b>today</b>").await;
    browser.send_keys("#files", &format!("{plan}\n{film}")).await;
    browser.click("main button").await;
    browser.until("document.title === 'Your files have arrived'").await;
    let shown = browser.run("return document.querySelector('main').innerText").await;
    assert!(shown.as_str().unwrap().contains("2 files will be added to NORTH-7"), "{shown}");
    let told = taken.0.lock().unwrap().clone();
    assert_eq!(
        told,
        ["NORTH-7: plan ü.txt (text/plain, 6)", "NORTH-7: film.mp4 (video/mp4, 300000)", "As we said <b>today</b>",]
    );
    // One that is too large takes nothing with it.
    let large = file("large.bin", &vec![1; (1 << 20) + 1]);
    browser.open(&page).await;
    browser.send_keys("#files", &format!("{plan}\n{large}")).await;
    browser.click("main button").await;
    browser.until("document.title === 'Too large'").await;
    assert_eq!(taken.0.lock().unwrap().len(), 3);
    browser.close().await;
}
