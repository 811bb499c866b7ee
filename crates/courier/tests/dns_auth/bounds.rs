//! What strangers can make verifying cost: look-ups, time and memory, each within its bound (SEC-07, SEC-22, FAULT-29).

use super::{examined, settings, verdict};
use courier::dns_auth::{Arrival, DnsAuth, Examination, LOOK_UPS_MAX, SIGNATURES_MAX, Settings};
use mail::authenticity::Verdict;
use proptest::prelude::*;
use rig::dns::Dns;
use std::time::{Duration, Instant};

const PLAIN: &[u8] = b"From: ann@corp.example\r\nSubject: x\r\n\r\nText\r\n";

fn signature(domain: &str, tags: &str) -> String {
    format!("DKIM-Signature: v=1; a=rsa-sha256; d={domain}; s=s1; h=from{tags}; bh=YQ==; b=YQ==\r\n")
}

/// A mail whose body hash is right, so that its key is asked for.
fn worth_asking(domain: &str) -> String {
    // Of the body "Text", CRLF.
    let hash = "gg/FhUFa+9XzLrJSR/oNATmgr5VjzvtvKz2dM6K9U/k=";
    format!("DKIM-Signature: v=1; a=rsa-sha256; d={domain}; s=s1; h=from; bh={hash}; b=YQ==\r\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_29_all_questions_together_end_in_time() {
    let dns = Dns::start("corp.example SILENT\ns1._domainkey.corp.example SILENT\n_dmarc.corp.example SILENT");
    let slow = Settings {
        timeout: Duration::from_secs(60),
        retries: 5,
        total_max: Duration::from_millis(300),
        ..settings(&dns)
    };
    let begun = Instant::now();
    let found = examined(&DnsAuth::new(&slow).unwrap(), PLAIN, &Arrival::default()).await;
    assert_eq!((found.verdict, found.why.as_str()), (Verdict::Unknown, "DNS took longer than 0.3 s"));
    assert!(begun.elapsed() < Duration::from_secs(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn fault_29_a_server_that_is_not_there_leaves_it_unknown() {
    let gone = Settings { servers: vec![rig::port::free()], ..settings(&Dns::start("")) };
    let found = examined(&DnsAuth::new(&gone).unwrap(), PLAIN, &Arrival::default()).await;
    assert_eq!(found.verdict, Verdict::Unknown, "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_remembered() {
    let dns = Dns::start("_dmarc.corp.example TXT v=DMARC1; p=reject\n_dmarc.example TXT v=DMARC1; p=none");
    let auth = DnsAuth::new(&settings(&dns)).unwrap();
    let first = examined(&auth, PLAIN, &Arrival::default()).await;
    let asked = dns.asked().len();
    assert_eq!(examined(&auth.clone(), PLAIN, &Arrival::default()).await, first);
    assert_eq!(dns.asked().len(), asked, "{:?}", dns.asked());
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_07_only_so_many_signatures_are_looked_up() {
    let dns = Dns::start("");
    let signatures: String = (0..400).map(|n| worth_asking(&format!("d{n}.a.b.c.d.e.f.evil.example"))).collect();
    let mail = [signatures.as_bytes(), PLAIN].concat();
    let found = verdict(&dns, &mail, &Arrival::default()).await;
    assert_eq!(found.verdict, Verdict::NotAuthentic);
    assert!(found.notes.iter().any(|note| note.contains("more signatures")), "{:?}", found.notes);
    let keys = dns.asked().iter().filter(|name| name.contains("_domainkey")).count();
    assert_eq!(keys, SIGNATURES_MAX);
    assert!(dns.asked().len() <= LOOK_UPS_MAX as usize);
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_22_signatures_cost_no_more_than_their_length() {
    let dns = Dns::start("");
    let begun = Instant::now();
    for mail in [
        signature("evil.example", &":x".repeat(100_000)),
        signature("evil.example", &":from".repeat(400)).repeat(100),
        signature("evil.example", "").repeat(2_000),
        format!(
            "{}{}",
            "X: y\r\n".repeat(9_000),
            worth_asking("corp.example").replace("h=from", &format!("h=from{}", ":zz".repeat(450)))
        ),
        "DKIM-Signature: v=1;".to_owned() + &"=;".repeat(100_000) + "\r\n",
        "ARC-Seal: i=1\r\n".repeat(9_000),
        format!("From: {}", "(".repeat(200_000)),
    ] {
        let mail = [mail.as_bytes(), PLAIN].concat();
        assert_ne!(verdict(&dns, &mail, &Arrival::default()).await.verdict, Verdict::Authentic);
    }
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn sec_07_hostile_names_ask_nothing_and_prove_nothing() {
    let dns = Dns::start("");
    for name in ["", ".", "..", &"a".repeat(300), &"a.".repeat(200), "é.example", "a b.example", "\u{0}.example", "*"]
    {
        let mail = format!("{}From: ann@corp.example\r\n\r\nText\r\n", worth_asking(name));
        let arrival = Arrival {
            ip: "192.0.2.1".parse().ok(),
            hello: name.to_owned(),
            mail_from: Some(format!("a@{name}")),
            host: "x".to_owned(),
        };
        assert_ne!(verdict(&dns, mail.as_bytes(), &arrival).await.verdict, Verdict::Authentic, "{name:?}");
    }
}

#[test]
fn a_large_body_is_never_held() {
    let mut examination = Examination::default();
    assert!(examination.write(signature("corp.example", "").as_bytes()));
    assert!(examination.write(PLAIN));
    let piece = b"A line of text, 64 octets long, and as often as it takes here.\r\n".repeat(1024);
    let begun = Instant::now();
    assert!((0..512).all(|_| examination.write(&piece)));
    println!("32 MiB of body hashed twice in {:?}", begun.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn verifying_is_total(pieces in prop::collection::vec(prop_oneof![
        Just("DKIM-Signature: ".to_owned()), Just("ARC-Seal: i=1; cv=none; ".to_owned()),
        Just("ARC-Message-Signature: i=1; ".to_owned()), Just("ARC-Authentication-Results: i=1; x\r\n".to_owned()),
        Just("v=1; a=ed25519-sha256; d=corp.example; s=s1; h=from; bh=YQ==; b=YQ==\r\n".to_owned()),
        Just("From: ann@corp.example\r\n".to_owned()), Just("\r\n".to_owned()), Just("b=".to_owned()),
        "[ -~\r\n\t]{0,30}",
    ], 0..20)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let dns = Dns::start("s1._domainkey.corp.example TXT v=DKIM1; k=ed25519; p=YQ==");
        let mail = pieces.concat();
        let found = runtime.block_on(verdict(&dns, mail.as_bytes(), &Arrival::default()));
        prop_assert_ne!(found.verdict, Verdict::Authentic);
        prop_assert_ne!(found.why.as_str(), "verifying the mail ended badly");
    }
}
