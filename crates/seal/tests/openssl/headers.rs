//! Fields that travel within (RFC 9788).

use crate::authority::{Authority, Chance, Person, orders};
use seal::header_protection::{Protected, Protection, restored};
use seal::smime::{OpenedMail, Orders, open, seal};

const MAIL: &str = "Received: from a by b\r\nFrom: Desk <desk@example.com>\r\nTo: b@example.com\r\nSubject: [DEMO-7] Printer\r\n =?utf-8?Q?br=C3=BBle?= <hot>\r\n\
    Message-ID: <1@example.com>\r\nIn-Reply-To: <0@example.com>\r\nKeywords: printer\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/alternative; boundary=\"x\"\r\n\r\n--x\r\nContent-Type: text/plain; charset=utf-8\r\n\
    Content-Transfer-Encoding: 8bit\r\n\r\nIl brûle.\r\n--x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n\
    <html><body class=\"a\"><p>Il brule.</p></body></html>\r\n--x--\r\n";

fn sealed(person: &Person, is_signed: bool, is_encrypted: bool, protection: Protection<'_>) -> String {
    let recipients = [person.recipient()];
    let recipients = if is_encrypted { &recipients[..] } else { &[] };
    let orders =
        Orders { protection: Some(protection), ..orders(Some(person.signer()).filter(|_| is_signed), recipients) };
    String::from_utf8(seal(MAIL.as_bytes(), &orders, &mut Chance).expect("it is sealed")).expect("seven bits")
}

fn opened(mail: &str, person: &Person) -> (String, Protected) {
    let OpenedMail { mail, protected, .. } = person.opened(mail.as_bytes()).expect("it opens");
    (String::from_utf8(mail).expect("text"), protected.expect("its fields stand within"))
}

/// What servers signed of the plain mail, the copies of its fields included (RFC 6376, section 3.5).
const SIGNED_BY_SERVERS: &str = "DKIM-Signature: v=1; a=rsa-sha256; d=example.com; s=a; h=from:subject;\r\n bh=cGxhaW4=;\r\n z=Subject:[DEMO-7]=20Printer; b=AAAA\r\n\
    X-Google-DKIM-Signature: v=1; bh=cGxhaW4=; b=AAAA\r\nDomainKey-Signature: a=rsa-sha1; b=AAAA\r\nARC-Seal: i=1; b=AAAA\r\n\
    ARC-Message-Signature: i=1; bh=cGxhaW4=; b=AAAA\r\nARC-Authentication-Results: i=1; a.example; dkim=pass\r\n";

#[test]
fn sec_what_servers_signed_of_the_plain_mail_does_not_stand_beside_what_is_encrypted() {
    let authority = Authority::start();
    let person = authority.person("rsa2048");
    let mail = [SIGNED_BY_SERVERS, MAIL].concat();
    let recipients = [person.recipient()];
    for protection in [None, Some(HIDING)] {
        let all = Orders { protection, ..orders(Some(person.signer()), &recipients) };
        let sealed = seal(mail.as_bytes(), &all, &mut Chance).expect("it is sealed");
        let sealed = String::from_utf8(sealed).expect("seven bits");
        for word in ["bh=", "z=", "DKIM", "DomainKey", "ARC-"] {
            let head = sealed.split("\r\n\r\n").next().expect("a head");
            assert!(!head.contains(word), "{word} in {head}");
        }
        assert!(sealed.starts_with("Received: from a by b\r\nFrom: Desk <desk@example.com>\r\n"), "{sealed}");
    }
    let signed = seal(mail.as_bytes(), &orders(Some(person.signer()), &[]), &mut Chance).expect("it is signed");
    assert!(signed.starts_with(SIGNED_BY_SERVERS.as_bytes()), "who only signs hides nothing");
}

const HIDING: Protection<'static> = Protection { outer_subject: Some("[...]"), is_displayed: true };

#[test]
fn a_subject_is_read_by_its_recipient_alone() {
    let authority = Authority::start();
    let person = authority.person("rsa2048");
    for is_signed in [true, false] {
        let mail = sealed(&person, is_signed, true, HIDING);
        assert!(
            mail.contains("Subject: [...]\r\n") && !mail.contains("Printer") && !mail.contains("Keywords"),
            "{mail}"
        );
        assert!(mail.contains("In-Reply-To: <0@example.com>\r\n"), "threads hold");

        authority.write("mail", mail.as_bytes());
        authority.run(&[
            "cms",
            "-decrypt",
            "-in",
            "mail",
            "-recip",
            "rsa2048.pem",
            "-inkey",
            "rsa2048.key",
            "-out",
            "inner",
        ]);
        let inner = String::from_utf8(authority.read("inner")).expect("seven bits");
        assert!(
            inner.contains("HP-Outer: Subject: [...]\r\n") && inner.contains("Subject: [DEMO-7] Printer\r\n"),
            "{inner}"
        );
        assert!(inner.contains("hp=\"cipher\"") && !inner.contains("HP-Outer: Keywords"), "{inner}");
        // Programs that know nothing of it show the subject at the head of each text.
        assert_eq!(inner.matches("hp-legacy-display=\"1\"").count(), 2, "{inner}");
        assert!(inner.contains("<body class=3D\"a\"><div") || inner.contains("<body class=\"a\"><div"), "{inner}");

        let (read, protected) = opened(&mail, &person);
        assert!(read.contains("Subject: [DEMO-7] Printer\r\n =?utf-8?Q?br=C3=BBle?= <hot>\r\n"), "{read}");
        assert!(!read.contains("[...]") && !read.contains("header-protection") && !read.contains("HP-Outer"), "{read}");
        assert!(read.contains("Received: from a by b\r\n") && read.contains("Keywords: printer\r\n"), "{read}");
        assert!(!read.contains("Subject: [DEMO-7] Printer br"), "the texts are as they were: {read}");
        assert_eq!(protected.hidden, ["keywords", "subject"]);
        assert_eq!((protected.changed.as_slice(), protected.is_encrypted), (&[][..], true));
    }
}

#[test]
fn what_is_written_outside_moves_no_comment() {
    let authority = Authority::start();
    let person = authority.person("rsa2048");
    let mail = sealed(&person, true, true, HIDING);
    let forged = mail
        .replace("Subject: [...]\r\n", "Subject: [OTHER-1] Printer\r\n")
        .replace("In-Reply-To: <0@example.com>", "In-Reply-To: <other@example.com>")
        .replace("MIME-Version", "References: <other@example.com>\r\nReply-To: thief@example.net\r\nMIME-Version");
    let (read, protected) = opened(&forged, &person);
    assert!(read.contains("[DEMO-7]") && !read.contains("OTHER-1") && !read.contains("other@example.com"), "{read}");
    assert!(!read.contains("thief@example.net"), "{read}");
    assert_eq!(protected.changed, ["in-reply-to", "references", "reply-to", "subject"]);

    // Servers check who it is from by what stands outside, and that stays.
    let from = mail.replace("From: Desk <desk@example.com>", "From: thief@example.net");
    let (read, protected) = opened(&from, &person);
    assert!(read.contains("From: thief@example.net") && !read.contains("desk@example.com"), "{read}");
    assert!(protected.other_author);
}

#[test]
fn nobody_is_two_authors() {
    let payload =
        "From: boss@example.com\r\nFrom: m@example.net\r\nContent-Type: text/plain; hp=\"clear\"\r\n\r\nPay.\r\n";
    let read = restored(b"From: m@example.net\r\nSubject: s\r\n\r\n", payload.as_bytes(), false, true);
    let text = String::from_utf8(read.mail).expect("text");
    assert!(!text.contains("boss@example.com") && text.contains("From: m@example.net"), "{text}");
    assert!(read.protected.expect("within").other_author);
}

/// Whatever program reads it sees the same fields as the one that judged them (SEC-13).
#[test]
fn sec_13_nothing_within_begins_a_field_for_some_programs_alone() {
    let within = [
        " <boss@example.com>\r\nSubject: s\r\n",
        "X-A: b\rFrom: boss@example.com\r\n",
        "X-A: b\rAuthentication-Results: mx; dmarc=pass\r\n",
        "\0From: boss@example.com\r\n",
        "X-A\rContent-Type: text/html\r\n",
        "\0Content-Type: text/html\r\n",
        "Content-Language: en\rFrom: boss@example.com\r\n",
        "From boss@example.com: x\r\n",
    ];
    for field in within {
        let payload = format!("{field}Content-Type: text/plain; hp=\"cipher\"\r\n\r\nPay.\r\n");
        let outer = "X-Spam-Flag: YES\r\nTo: desk@example.com\r\nFrom: m@example.net\r\n\r\n";
        let read = String::from_utf8(restored(outer.as_bytes(), payload.as_bytes(), true, false).mail).expect("text");
        let (head, _) = read.split_once("\r\n\r\n").expect("a head");
        let lines: Vec<&str> = head.split(['\r', '\n', '\0']).collect();
        let begins = |name: &str| lines.iter().filter(|line| line.to_ascii_lowercase().starts_with(name)).count();
        assert!(!head.contains("boss@example.com") && !head.contains("dmarc"), "{field:?}: {head:?}");
        assert!(begins("from:") == 1 && begins("content-type:") <= 1 && !head.contains("html"), "{field:?}: {head:?}");
    }
}

/// A server that checked the mail said something before us, and who wrote the mail says otherwise: both stand there, as in any mail.
#[test]
fn what_a_server_said_outside_is_not_taken_away_from_within() {
    let payload = "From: m@example.net\r\nX-Spam-Flag: NO\r\nContent-Type: text/plain; hp=\"cipher\"\r\n\r\nPay.\r\n";
    let outer = "X-Spam-Flag: YES\r\nFrom: m@example.net\r\n\r\n";
    let read = restored(outer.as_bytes(), payload.as_bytes(), true, false);
    let text = String::from_utf8(read.mail).expect("text");
    assert!(text.starts_with("X-Spam-Flag: YES\r\n") && text.contains("X-Spam-Flag: NO"), "{text}");
    assert!(read.protected.expect("within").changed.contains(&"x-spam-flag".to_owned()));
}

#[test]
fn a_signature_covers_the_fields_and_without_one_they_are_nothing() {
    let authority = Authority::start();
    let person = authority.person("rsa2048");
    let mail = sealed(&person, true, false, HIDING);
    assert!(
        mail.contains("hp=\"clear\"") && !mail.contains("HP-Outer") && !mail.contains("hp-legacy-display"),
        "{mail}"
    );
    assert!(!mail.contains("[...]"), "what is only signed hides nothing: {mail}");
    let outer = mail.replacen("Subject: [DEMO-7] Printer", "Subject: [OTHER-1] Printer", 1);
    let (read, protected) = opened(&outer, &person);
    assert!(read.contains("[DEMO-7]") && !read.contains("OTHER-1"), "{read}");
    assert_eq!(protected.changed, ["subject"]);

    let broken = outer.replacen("Il br=C3=BBle", "Il gele", 1);
    let opened = open(broken.as_bytes(), &[], &[], &mut Chance).expect("a mail");
    let read = String::from_utf8(opened.mail).expect("text");
    assert_eq!(opened.protected, None, "a signature that does not hold protects nothing");
    assert!(read.contains("OTHER-1") && !read.contains("DEMO-7"), "{read}");
}

#[test]
fn a_mail_within_a_mail_is_read_as_before_rfc_9788() {
    let payload = "Content-Type: message/rfc822; forwarded=no\r\n\r\nFrom: a@example.com\r\nSubject: Within\r\nContent-Type: text/plain\r\n\r\nHelp.\r\n";
    let mail = "From: a@example.com\r\nSubject: Outside\r\nX-Way: 1\r\nContent-Type: application/pkcs7-mime\r\n\r\n";
    let read = restored(mail.as_bytes(), payload.as_bytes(), true, false);
    let text = String::from_utf8(read.mail).expect("text");
    assert_eq!(
        text,
        "X-Way: 1\r\nFrom: a@example.com\r\nSubject: Within\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nHelp.\r\n"
    );
    assert_eq!(read.protected.expect("within").hidden, ["subject"]);
    let forwarded = payload.replace("; forwarded=no", "");
    assert_eq!(
        restored(mail.as_bytes(), forwarded.as_bytes(), true, false).protected,
        None,
        "a forwarded mail is content"
    );
}

proptest::proptest! {
    #[test]
    fn whatever_is_within_is_survived(outer in "[a-zA-Z:<> \r\n]{0,80}", payload in "(Subject: .{0,20}\r\n|Content-Type: text/html; hp=\"cipher\"; hp-legacy-display=\"1\"\r\n|HP-Outer: [a-z:\r\n ]{0,20}|<body|<div class=\"header-protection-legacy-display\">|\r\n|.){0,12}") {
        let read = restored(outer.as_bytes(), payload.as_bytes(), true, true);
        proptest::prop_assert!(read.mail.len() <= outer.len() + payload.len() + 64);
    }
}
