//! Looks into a mail: text, HTML in its sandbox, source, files; and that each of them is in the audit trail.

use crate::filled;
use crate::house::*;
use axum::http::StatusCode;
use data_encoding::BASE64;
use store::Look;

/// A picture of one pixel.
const PICTURE: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/// A mail with text, HTML, the picture that the HTML shows, and a file whose name is an attack.
pub fn mail() -> String {
    format!(
        "From: ada@people.example\r\nSubject: Floor 3\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=m\r\n\r\n\
         --m\r\nContent-Type: multipart/related; boundary=r\r\n\r\n\
         --r\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n\
         --a\r\nContent-Type: text/plain\r\n\r\nEvery <b>second</b> sheet.\r\n\
         --a\r\nContent-Type: text/html\r\n\r\n<p onclick=x()>Every <b>second</b> sheet.</p>\
         <script>document.title='ran'</script><img src=\"cid:pic@1\" alt=\"the jam\">\
         <img src=\"https://tracker.example/1.png\" alt=\"far\"><a href=\"https://people.example/\">more</a>\r\n\
         --a--\r\n\
         --r\r\nContent-Type: image/png\r\nContent-ID: <pic@1>\r\nContent-Transfer-Encoding: base64\r\n\r\n{PICTURE}\r\n\
         --r--\r\n\
         --m\r\nContent-Type: text/html; name=\"../<i>.html\"\r\nContent-Disposition: attachment\r\n\r\n\
         <script>alert(1)</script>\r\n\
         --m--\r\n"
    )
}

async fn stored(bytes: &[u8]) -> (House, String, String) {
    let house = House::open().await;
    let id = filled::take_bytes(&house.store, "mail", filled::NOON, &filled::Words::plain(), bytes).await;
    let session = house.session().await;
    (house, session, format!("/messages/{id}"))
}

fn id(path: &str) -> &str {
    path.strip_prefix("/messages/").unwrap()
}

#[tokio::test]
async fn a_mail_is_shown_as_text_as_source_and_as_a_list_of_files() {
    let (house, session, path) = stored(mail().as_bytes()).await;
    let text = house.page(&session, &format!("{path}/text")).await;
    assert!(text.text.contains("Every &#60;b&#62;second&#60;/b&#62; sheet."), "{}", text.text);
    let source = house.page(&session, &format!("{path}/source")).await.text;
    assert!(source.contains("&#60;p onclick=x()&#62;") && source.contains("Content-ID: &#60;pic@1&#62;"), "{source}");
    let files = house.page(&session, &format!("{path}/files")).await.text;
    for text in ["image/png", "/files/1.1.2\"", "/files/1.2\"", "../&#60;i&#62;.html"] {
        assert!(files.contains(text), "{text}:\n{files}");
    }
    for view in ["text", "html", "source", "files"] {
        let page = house.page(&session, &format!("{path}/{view}")).await.text;
        assert!(page.contains(&format!("<a href=\"{path}/{view}\" aria-current=\"page\">")), "{view}:\n{page}");
    }
}

#[tokio::test]
async fn sec_11_html_stands_in_a_sandbox_with_the_pictures_that_the_mail_brings() {
    let (house, session, path) = stored(mail().as_bytes()).await;
    let page = house.page(&session, &format!("{path}/html")).await;
    assert!(page.text.contains(&format!("src=\"{path}/html/alone\" sandbox></iframe>")), "{}", page.text);
    assert!(page.header("content-security-policy").ends_with("base-uri 'none'; frame-src 'self'"));
    assert_eq!(page.header("x-frame-options"), "DENY");

    let alone = house.page(&session, &format!("{path}/html/alone")).await;
    let policy = alone.header("content-security-policy");
    assert!(policy.starts_with("sandbox; default-src 'none'; img-src data:; style-src 'sha256-"), "{policy}");
    assert!(policy.ends_with("form-action 'none'; frame-ancestors 'self'; base-uri 'none'"), "{policy}");
    assert_eq!(alone.header("x-frame-options"), "SAMEORIGIN");
    assert_eq!(alone.header("referrer-policy"), "no-referrer");
    assert_eq!(alone.header("x-content-type-options"), "nosniff");
    assert!(
        alone.text.contains(&format!("<img src=\"data:image/png;base64,{PICTURE}\" alt=\"the jam\">")),
        "{}",
        alone.text
    );
    for gone in ["script", "onclick", "tracker.example", "cid:"] {
        assert!(!alone.text.contains(gone), "{gone}:\n{}", alone.text);
    }
    // The style that the policy allows is the style that stands there.
    let style = alone.text.split("<style>").nth(1).unwrap().split("</style>").next().unwrap();
    let hash = BASE64.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, style.as_bytes()).as_ref());
    assert!(policy.contains(&format!("'sha256-{hash}'")), "{policy}");
}

#[tokio::test]
async fn sec_16_a_file_is_kept_and_never_shown() {
    let (house, session, path) = stored(mail().as_bytes()).await;
    let file = house.page(&session, &format!("{path}/files/1.2")).await;
    assert_eq!(file.status, StatusCode::OK);
    assert_eq!(file.text.trim_end(), "<script>alert(1)</script>");
    assert_eq!(file.header("content-type"), "application/octet-stream");
    assert_eq!(file.header("content-length"), file.text.len().to_string());
    assert_eq!(
        file.header("content-disposition"),
        "attachment; filename=\"..__i_.html\"; filename*=UTF-8''%2E%2E%2F%3Ci%3E%2Ehtml"
    );
    assert_eq!(file.header("x-content-type-options"), "nosniff");
    assert!(file.header("content-security-policy").starts_with("sandbox; default-src 'none'"));
    let whole = house.page(&session, &format!("{path}/whole")).await;
    assert_eq!(whole.text, mail());
    assert_eq!(whole.header("content-disposition").split(';').next(), Some("attachment"));
    for wrong in ["9", "1", "1.2%2F..", "..%2f..%2fetc%2fpasswd", "%00", "1.2/uu/1"] {
        let answer = house.page(&session, &format!("{path}/files/{wrong}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{wrong}");
    }
}

#[tokio::test]
async fn the_source_of_a_large_mail_has_pages() {
    let line = "0123456789abcdef0123456789abcde\r\n";
    let large = format!("Subject: large\r\n\r\n{}", line.repeat(5_000));
    let (house, session, path) = stored(large.as_bytes()).await;
    let mut seen = String::new();
    for page in 1..=3 {
        let shown = house.page(&session, &format!("{path}/source?page={page}")).await.text;
        assert!(shown.contains(&format!("page {page} of 3")), "{shown}");
        assert_eq!(shown.contains("rel=\"next\""), page < 3);
        assert_eq!(shown.contains("rel=\"prev\""), page > 1);
        let (_, rest) = shown.split_once("<pre class=\"words whole\">").unwrap();
        seen += rest.split("</pre>").next().unwrap();
    }
    assert_eq!(seen, large.replace('\r', ""));
    for beyond in ["4", "99999999999", "-1", "x"] {
        let answer = house.page(&session, &format!("{path}/source?page={beyond}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{beyond}");
    }
}

#[tokio::test]
async fn a_stranger_sees_nothing_and_leaves_no_trace() {
    let (house, _, path) = stored(mail().as_bytes()).await;
    for view in ["text", "html", "html/alone", "source", "whole", "files", "files/1.2"] {
        let answer = house.send(get(&format!("{path}/{view}"))).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{view}");
        assert!(!answer.text.contains("second"), "{view}: {}", answer.text);
    }
    assert_eq!(house.store.looks(id(&path)).await.unwrap(), []);
}

#[tokio::test]
async fn every_look_is_in_the_audit_trail_before_anything_is_shown() {
    let (house, session, path) = stored(mail().as_bytes()).await;
    for view in ["text", "html/alone", "source?page=1", "files", "files/1.2", "whole"] {
        assert_eq!(house.page(&session, &format!("{path}/{view}")).await.status, StatusCode::OK, "{view}");
    }
    let looks = house.store.looks(id(&path)).await.unwrap();
    let told: Vec<(Look, Option<&str>)> = looks.iter().rev().map(|look| (look.look, look.place.as_deref())).collect();
    let expected = [
        (Look::Text, None),
        (Look::Html, None),
        (Look::Source, Some("1")),
        (Look::Files, None),
        (Look::Part, Some("1.2")),
        (Look::Whole, None),
    ];
    assert_eq!(told, expected);
    assert!(looks.iter().all(|look| look.who == "console" && look.at > 0));
    let story = house.page(&session, &path).await.text;
    for text in ["Who looked into it", "console: the source, page 1", "console: part 1.2", "console: the whole mail"] {
        assert!(story.contains(text), "{text}:\n{story}");
    }
    let verdict = house.store.verify_audit().await.unwrap();
    assert_eq!((verdict.unlinked, verdict.wrong), (6, None));
}

#[tokio::test]
async fn what_cannot_be_read_or_is_erased_is_told_as_that() {
    let (house, session, path) = stored(b"X-Test: die\r\n\r\nhello\r\n").await;
    let died = house.page(&session, &format!("{path}/text")).await;
    assert_eq!(died.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(died.text.contains("SP-0200") && !died.text.contains("private-detail"), "{}", died.text);
    assert_eq!(
        house.page(&session, &format!("{path}/source")).await.status,
        StatusCode::OK,
        "raw bytes need no reading"
    );
    let lease = filled::claim(&house.store).await;
    house.store.bury(&lease, &policy::Fault::permanent(policy::FaultCode::TooComplex, "")).await.unwrap();
    assert_eq!(house.store.erase(id(&path), "ann").await.unwrap(), None);
    for view in ["text", "html", "html/alone", "source", "whole", "files", "files/1"] {
        assert_eq!(house.page(&session, &format!("{path}/{view}")).await.status, StatusCode::GONE, "{view}");
        let unknown = house.page(&session, &format!("/messages/none/{view}")).await;
        assert_eq!(unknown.status, StatusCode::NOT_FOUND, "{view}");
    }
}
