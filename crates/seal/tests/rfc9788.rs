//! Payloads that RFC 9788 prints in its appendices, as they are once both layers are off: from S/MIME with the default policy (C.3.1.2), and
//! with a subject that leads the text for programs of old (E.1 and E.2).

use seal::header_protection::restored;

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
    }
}

/// Whoever has a public key of ours chooses what stands within.
#[test]
fn a_note_of_a_field_that_ends_before_its_colon_is_none() {
    for payload in ["Content-Type: text/plain; hp=\"cipher\"\r\nHP-Outer", "HP-Outer", "HP-Outer:"] {
        let found = restored(b"Subject: [...]\r\n\r\nx", payload.as_bytes(), true, true);
        assert!(!found.mail.is_empty(), "{payload:?}");
    }
}
