//! Payloads that RFC 9788 prints in its appendices, as they are once both layers are off: from S/MIME with the default policy (C.3.1.2), and
//! with a subject that leads the text for programs of old (E.1 and E.2).

use seal::header_protection::{restored, unmarked};

const BASELINE: &str = "MIME-Version: 1.0
Content-Transfer-Encoding: 7bit
Subject: smime-signed-enc-hp-baseline
Message-ID: <smime-signed-enc-hp-baseline@example>
From: Alice <alice@smime.example>
To: Bob <bob@smime.example>
Date: Sat, 20 Feb 2021 10:09:02 -0500
User-Agent: Sample MUA Version 1.0
HP-Outer: Subject: [...]
HP-Outer: Message-ID: <smime-signed-enc-hp-baseline@example>
HP-Outer: From: Alice <alice@smime.example>
HP-Outer: To: Bob <bob@smime.example>
HP-Outer: Date: Sat, 20 Feb 2021 10:09:02 -0500
HP-Outer: User-Agent: Sample MUA Version 1.0
Content-Type: text/plain; charset=\"utf-8\"; hp=\"cipher\"

This is the
smime-signed-enc-hp-baseline
message.
";

const DINNER: &str = "Date: Fri, 21 Jan 2022 20:40:48 -0500
From: Alice <alice@example.net>
To: Bob <bob@example.net>
Subject: Dinner plans
Message-ID: <WHICH@lhp.example>
MIME-Version: 1.0
Content-Type: KIND; charset=\"us-ascii\"; hp-legacy-display=\"1\";
 hp=\"cipher\"
HP-Outer: Date: Fri, 21 Jan 2022 20:40:48 -0500
HP-Outer: From: Alice <alice@example.net>
HP-Outer: To: Bob <bob@example.net>
HP-Outer: Subject: [...]
HP-Outer: Message-ID: <WHICH@lhp.example>

";

const PLAIN: &str = "Subject: Dinner plans

Let's meet at Rama's Roti Shop at 8pm and go to the park
from there.
";

const HTML: &str = "<html><head><title></title></head><body>
<div class=\"header-protection-legacy-display\">
<pre>Subject: Dinner plans</pre>
</div>
<p>
Let's meet at Rama's Roti Shop at 8pm and go to the park
from there.
</p>
</body>
</html>
";

/// The mail outside: what the notes within say of it.
fn outside(payload: &str) -> String {
    let noted: String =
        payload.lines().filter_map(|line| line.strip_prefix("HP-Outer: ")).map(|line| format!("{line}\n")).collect();
    format!("{noted}MIME-Version: 1.0\nContent-Type: application/pkcs7-mime; smime-type=\"enveloped-data\"\n\n")
}

/// The restored mail, with what was hidden and changed.
fn read(outer: &str, payload: &str) -> (String, Vec<String>, Vec<String>) {
    let [outer, payload] = [outer, payload].map(|text| text.replace('\n', "\r\n"));
    let read = restored(outer.as_bytes(), payload.as_bytes(), true, true);
    let protected = read.protected.expect("its fields stand within");
    assert!(protected.is_encrypted && !protected.other_author);
    (String::from_utf8(read.mail).expect("text").replace("\r\n", "\n"), protected.hidden, protected.changed)
}

#[test]
fn the_default_policy_hides_the_subject_and_nothing_else() {
    let (mail, hidden, changed) = read(&outside(BASELINE), BASELINE);
    assert_eq!((hidden, changed), (vec!["subject".to_owned()], Vec::new()));
    assert!(mail.starts_with("Subject: smime-signed-enc-hp-baseline\n") && !mail.contains("[...]"), "{mail}");
    assert!(mail.contains("User-Agent: Sample MUA Version 1.0\n") && !mail.contains("HP-Outer"), "{mail}");
    assert!(mail.ends_with("\n\nThis is the\nsmime-signed-enc-hp-baseline\nmessage.\n"), "{mail}");

    // Somebody on the way wrote another subject, and another thread.
    let forged = outside(BASELINE)
        .replace("[...]", "[OTHER-1] Printer")
        .replace("MIME-Version", "References: <9@x.example>\nMIME-Version");
    let (mail, hidden, changed) = read(&forged, BASELINE);
    assert_eq!((hidden, changed), (vec!["subject".to_owned()], vec!["references".to_owned(), "subject".to_owned()]));
    assert!(!mail.contains("OTHER-1") && !mail.contains("<9@x.example>"), "{mail}");
}

#[test]
fn a_subject_at_the_head_of_the_text_is_shown_once() {
    for (kind, id, body) in
        [("text/plain", "text-plain-legacy-display", PLAIN), ("text/html", "text-html-legacy-display", HTML)]
    {
        let payload = DINNER.replace("KIND", kind).replace("WHICH", id) + body;
        let (mail, hidden, changed) = read(&outside(&payload), &payload);
        assert_eq!((hidden, changed), (vec!["subject".to_owned()], Vec::new()), "{kind}");
        assert_eq!(mail.matches("Dinner plans").count(), 1, "{mail}");
        let (head, text) = mail.split_once("\n\n").expect("a head and a body");
        assert!(head.contains("Subject: Dinner plans") && text.contains("Let's meet at Rama's Roti Shop"), "{mail}");
        assert!(kind == "text/html" || text.starts_with("Let's meet"), "{mail}");
        assert!(
            !head.contains("hp-legacy-display") && head.contains("hp=\"cipher\""),
            "nothing leads the text: {mail}"
        );
    }
}

/// What protected its fields came off, and whoever reads it must not believe that it is still there.
#[test]
fn an_opened_mail_that_is_handed_on_claims_no_protection() {
    let restored = restored(outside(BASELINE).as_bytes(), BASELINE.as_bytes(), true, true).mail;
    let mail = String::from_utf8(unmarked(restored.clone())).expect("text");
    let restored = String::from_utf8(restored).expect("text");
    assert!(restored.contains("Content-Type: text/plain; charset=\"utf-8\"; hp=\"cipher\"\n"), "{restored}");
    assert_eq!(mail, restored.replace("; hp=\"cipher\"", ""), "every other byte stays");
    assert_eq!(unmarked(mail.clone().into_bytes()), mail.as_bytes());

    // In a part it is what somebody has sent along, and in other fields a word like any other.
    let others = "Subject: x; hp=\"cipher\"\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
        Content-Type: text/plain; hp=\"clear\"\r\n\r\nContent-Type: a/b; hp=\"clear\"\r\n--b--\r\n";
    assert_eq!(unmarked(others.as_bytes().to_vec()), others.as_bytes());

    // A subject that could not be taken off stays told.
    let leads = "Content-Type: text/plain; hp-legacy-display=\"1\";\r\n hp=\"cipher\"\r\n\r\nSubject: s\r\n";
    let left = "Content-Type: text/plain; hp-legacy-display=\"1\"\r\n\r\nSubject: s\r\n";
    assert_eq!(unmarked(leads.as_bytes().to_vec()), left.as_bytes());
}

/// Whoever has a public key of ours chooses what stands within.
#[test]
fn a_note_of_a_field_that_ends_before_its_colon_is_none() {
    for payload in ["Content-Type: text/plain; hp=\"cipher\"\r\nHP-Outer", "HP-Outer", "HP-Outer:"] {
        let found = restored(b"Subject: [...]\r\n\r\nx", payload.as_bytes(), true, true);
        assert!(!found.mail.is_empty(), "{payload:?}");
    }
}
