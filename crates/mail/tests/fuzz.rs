//! The bodies of the fuzz targets over their seeds and fixed damage to them; `fuzz/README.md` tells how to run them longer.

#[path = "fuzz/bounce.rs"]
mod bounce;
#[path = "fuzz/html.rs"]
mod html;
#[path = "sanitizer/oracle.rs"]
mod oracle;
#[path = "fuzz/parse.rs"]
mod parse;
#[path = "fuzz/reply.rs"]
mod reply;
#[path = "fuzz/shown.rs"]
mod shown;
#[path = "fuzz/tnef.rs"]
mod tnef;

use rig::seeds::Seeds;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn ends_with(path: &Path, endings: &[&str]) -> bool {
    path.extension().is_some_and(|end| endings.iter().any(|ending| end == *ending))
}

/// Mails have every name; what has none of the others' is likely one.
fn is_mail(path: &Path) -> bool {
    !ends_with(path, &["json", "md", "out", "yml", "pem", "xml", "list", "tokens", "html", "jpg", "rtf"])
}

#[test]
fn every_mail_holds() {
    let seeds = Seeds { target: "parse", fits: is_mail, input: |bytes| bytes, more: Vec::new() };
    seeds.check(&root(), 250, 2, parse::check);
}

#[test]
fn every_reply_holds() {
    let fits = |path: &Path| ends_with(path, &["txt", "html"]) || path.components().any(|c| c.as_os_str() == "talon");
    // Bit 0 says whether it is a page, bit 2 whether something was said before.
    let input = |bytes: Vec<u8>| {
        let is_page = bytes.trim_ascii_start().starts_with(b"<");
        let choice = u8::from(is_page) | if bytes.len().is_multiple_of(2) { 4 } else { 0 };
        [&[choice], bytes.as_slice()].concat()
    };
    Seeds { target: "reply", fits, input, more: Vec::new() }.check(&root(), 200, 4, reply::check);
}

#[test]
fn every_winmail_dat_holds() {
    let fits = |path: &Path| ends_with(path, &["tnef", "dat"]);
    Seeds { target: "tnef", fits, input: |bytes| bytes, more: vec![b"\x78\x9f\x3e\x22\x01\x00".to_vec()] }.check(
        &root(),
        40,
        10,
        tnef::check,
    );
}

#[test]
fn every_bounce_holds() {
    let fits = |path: &Path| is_mail(path) && path.components().any(|c| c.as_os_str() == "sisimai_set_of_emails");
    let report = "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\n\r\nNo such user\r\n--b\r\n\
                  Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\n\
                  Action: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n";
    Seeds { target: "bounce", fits, input: |bytes| bytes, more: vec![report.into()] }.check(
        &root(),
        200,
        2,
        bounce::check,
    );
}

#[test]
fn every_page_holds() {
    let fits = |path: &Path| ends_with(path, &["html"]);
    Seeds { target: "html", fits, input: |bytes| bytes, more: attacks() }.check(&root(), 150, 8, html::check);
}

/// The pages that the authors of another sanitizer collected, one by one.
fn attacks() -> Vec<Vec<u8>> {
    let plain =
        b"<p>a<table border=1><tr><td>b</table><blockquote>c<ul><li>d</ul></blockquote><pre>e\nf</pre>".to_vec();
    let corpora = rig::shared::folder(&root(), &rig::shared::this_test());
    let file = corpora.and_then(|folder| std::fs::read(folder.join("corpora/dompurify/expect.json")).ok());
    let attacks: Vec<serde_json::Value> =
        file.map(|file| serde_json::from_slice(&file).expect("the corpus is JSON")).unwrap_or_default();
    let payloads = attacks.iter().filter_map(|attack| attack["payload"].as_str());
    payloads.map(|payload| payload.as_bytes().to_vec()).chain([plain]).collect()
}
