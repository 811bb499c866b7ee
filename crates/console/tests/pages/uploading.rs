//! The upload page: who may see it, what it takes, and how it looks and feels in a real browser.

use crate::browser::keep_picture;
use crate::house::{House, SITE, get, send};
use crate::webdriver::Browser;
use axum::http::StatusCode;
use console::public::Public;
use console::public::upload::{self, Uploads};
use console::{Listener, Settings};
use futures_util::future::BoxFuture;
use policy::Fault;
use serde_json::json;
use std::sync::{Arc, Mutex};
use store::{ContentWriter, FileContent, Invitation, LinkUse, NewFile};

const FILE_BYTES_MAX: u64 = 1 << 20;

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
    upload::room(house.store.clone(), vec![SITE.into()], taken.clone(), FILE_BYTES_MAX)
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
    for (width, scheme) in [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark"), (320, "light")] {
        browser.look(width, scheme).await;
        let wide = browser.run("return document.documentElement.scrollWidth").await.as_u64().unwrap();
        assert!(wide <= u64::from(width), "it is {wide} wide in {width}");
        keep_picture(&browser, &format!("upload-{width}-{scheme}")).await;
    }
    let unnamed = "return [...document.querySelectorAll('input, textarea')].filter(one => !one.labels.length).length";
    assert_eq!(browser.run(unnamed).await, json!(0), "every field has a label");
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
