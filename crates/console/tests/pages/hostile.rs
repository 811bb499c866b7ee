//! What strangers wrote is shown as they wrote it and is never markup (SEC-11).

use crate::filled::{self, NOON, Words};
use crate::house::*;

pub const VALUES: &[&str] = &[
    "<script>document.title='ran'</script>",
    "\"><img src=x onerror=alert(1)>",
    "'><svg onload=alert(1)>",
    "</title></textarea><script>alert(1)</script>",
    "\" autofocus onfocus=alert(1) x=\"",
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% include \"frame.html\" %}",
    "&lt;script&gt;",
    "a\r\nSet-Cookie: stolen=1\r\n\r\n<b>",
    "\u{202e}gpj.exe\u{2066}<i>",
    "<!--",
    "]]><base href=//evil.example>",
];

/// The page's markup with every text taken out: what tags and attributes there are.
pub fn skeleton(page: &str) -> Vec<String> {
    let mut tags: Vec<String> = page
        .split('<')
        .skip(1)
        .map(|rest| rest.split('>').next().unwrap())
        // Values of attributes differ with ids and tokens; their names and order must not.
        .map(|tag| tag.split('"').step_by(2).collect::<String>())
        .collect();
    tags.dedup();
    tags
}

#[tokio::test]
async fn sec_11_hostile_values_are_text_on_every_page() {
    let house = House::open().await;
    let session = house.session().await;
    let mut plain: Option<[Vec<String>; 4]> = None;
    for (number, value) in std::iter::once(&"harmless").chain(VALUES).enumerate() {
        let words = Words::all(value);
        let at = NOON + i64::try_from(number).unwrap() * 10;
        let done = filled::done(&house.store, &format!("done-{number}"), at, value, &words).await;
        let dead = filled::dead(&house.store, &format!("dead-{number}"), at + 1, value, &words).await;
        let list = house.page(&session, &format!("/messages?before={}~", at + 2)).await.text;
        let (rows, _) = list.split_once("</ul>").unwrap();
        let two: String = rows.split("<li>").take(3).collect();
        let pages = [
            two,
            house.page(&session, &format!("/messages/{done}")).await.text,
            house.page(&session, &format!("/messages/{dead}")).await.text,
            newest_letter(&house.page(&session, "/letters").await.text),
        ];
        for page in &pages[1..3] {
            let escaped = value.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;");
            let escaped = escaped.replace('"', "&#34;").replace('\'', "&#39;");
            assert!(page.matches(escaped.as_str()).count() >= 7, "{value:?} is shown as it is:\n{page}");
        }
        let skeletons = pages.map(|page| skeleton(&page));
        let plain = plain.get_or_insert(skeletons.clone());
        assert_eq!(*plain, skeletons, "{value:?} changed the markup");
    }
}

/// The first of the letters on a page.
fn newest_letter(page: &str) -> String {
    page.split("<li").take(2).collect()
}

#[tokio::test]
async fn sec_11_values_from_the_address_are_text_and_no_header() {
    let house = House::open().await;
    let session = house.session().await;
    for value in VALUES {
        let value: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for path in
            ["/messages?sender=", "/messages?outcome=", "/messages?before=", "/messages/", "/sign-in?secret=", "/"]
        {
            let answer = house.page(&session, &format!("{path}{value}")).await;
            assert!(!answer.text.contains("<script") && !answer.text.contains("onerror=alert(1)>"), "{path}{value}");
            assert!(answer.headers.get("set-cookie").is_none(), "{path}{value}");
        }
    }
}

#[tokio::test]
async fn a_links_scheme_is_never_a_script() {
    let house = House::open().await;
    let id = filled::done(&house.store, "done", NOON, "NORTH-1", &Words::plain()).await;
    let session = house.session().await;
    let page = house.page(&session, &format!("/messages/{id}")).await.text;
    assert!(page.contains("href=\"https://jira.example/browse/NORTH-1\""), "{page}");
    for base in ["javascript:alert(1)//", "data:text/html,", "//evil.example", ""] {
        let bases = [(SITE.to_owned(), base.to_owned())].into();
        let router =
            console::Console::new(house.store.clone(), std::sync::Arc::new(crate::reading::Direct), bases, ORIGIN)
                .router();
        let page = send(router, with(get(&format!("/messages/{id}")), "cookie", &session)).await.text;
        assert!(page.contains("<span class=\"key\">NORTH-1</span>"), "{base}: {page}");
    }
}
