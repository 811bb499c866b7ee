//! What plain replies of mail programs newly say: tables of `cases/replies`, written by us.
#![allow(clippy::unwrap_used)]

use mail::{Format, new_text};
use std::path::Path;

/// The file without the sentence that says why it exists.
fn case(name: &str) -> String {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/replies").join(name));
    text.unwrap().split_once('\n').unwrap().1.to_owned()
}

fn visible(text: &str) -> String {
    new_text(Format::Text, text.as_bytes()).visible
}

fn words(text: &str) -> Vec<&str> {
    text.split_whitespace().collect()
}

#[test]
fn lines_that_introduce_a_quote() {
    const SIGNED: &str = "> first quoted line\n> second quoted line\n";
    const BARE: &str = "first quoted line.\nsecond quoted line.\n";
    let lines = case("introductions.case");
    let mut wrong = Vec::new();
    for line in lines.lines() {
        let (line, quotes) = match line.strip_prefix('!') {
            Some(line) => (line, &[SIGNED][..]),
            None => (line, &[SIGNED, BARE][..]),
        };
        for quote in quotes {
            let shown = visible(&format!("Fine with me.\n\n{line}\n\n{quote}"));
            wrong.extend((shown != "Fine with me.").then(|| format!("{line}: {shown:?}")));
        }
    }
    assert!(lines.lines().count() > 150 && wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn headers_in_many_languages() {
    let table = case("headers.case");
    let mut wrong = Vec::new();
    for row in table.lines() {
        let values = ["Jane Doe <jane@x.org>", "Tuesday, August 7, 2018 12:12 PM", "Bob <bob@y.org>", "RE: Printer"];
        let fields = row.split(" | ").zip(values);
        let plain: String = fields.clone().map(|(name, value)| format!("{name}: {value}\n")).collect();
        let bold: String = fields.map(|(name, value)| format!("*{name}:* {value}\n")).collect();
        let rule = "_".repeat(32);
        for header in [&plain, &bold, &format!("{rule}\n{plain}")] {
            let shown = visible(&format!("Fine with me.\n\n{header}\nfirst line.\nsecond line.\n"));
            wrong.extend((shown != "Fine with me.").then(|| format!("{row}: {shown:?}")));
        }
    }
    assert!(table.lines().count() > 40 && wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Below a line of Outlook's, fields in a language that no table knows are a header, too.
#[test]
fn a_header_in_an_unknown_language() {
    let header = "Nga: Jane Doe <jane@x.org>\nDërguar: 7 gusht 2018 12:12\nPër: Bob\nSubjekti: Printer\n";
    let rule = "_".repeat(32);
    assert_eq!(visible(&format!("Mirë.\n\n{rule}\n{header}\nfirst line.\n")), "Mirë.");
    let form = "Name: Jane Doe <jane@x.org>\nTime: 12:12\nPrinter: 5\n";
    assert_eq!(
        words(&visible(&format!("Mirë.\n\n{form}\nPlease call.\n"))),
        words(&format!("Mirë. {form} Please call."))
    );
}

#[test]
fn replies_of_programs_and_words_that_only_look_like_quotes() {
    let programs = case("programs.case");
    let mut wrong = Vec::new();
    let replies: Vec<&str> = programs.split("=== ").skip(1).collect();
    for reply in &replies {
        let (name, rest) = reply.split_once('\n').unwrap();
        let (text, new) = rest.split_once("\n---new---\n").unwrap();
        let shown = visible(text);
        wrong.extend((words(&shown) != words(new)).then(|| format!("{name}: {shown:?}")));
    }
    assert!(replies.len() > 90 && wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Of each row the forwarded sender, date, subject and recipient are read, with quote signs and without.
#[test]
fn forwards_in_many_languages() {
    const DATE: &str = "Tue, 7 Aug 2018 12:12:00 +0200";
    let table = case("forwards.case");
    let mut wrong = Vec::new();
    for row in table.lines() {
        let mut pieces = row.split(" | ");
        let mark = pieces.next().unwrap();
        let (mark, gap) = mark.strip_suffix('~').map_or((mark, ""), |mark| (mark, "\n"));
        let fields: Vec<&str> = pieces.collect();
        let header =
            fields.join("\n").replace('@', "Jane Doe <jane@x.org>").replace('#', DATE).replace('$', "bob@y.org");
        let forwarded = format!("{mark}\n{gap}{header}\n\nThe printer burns.\n");
        let signed: String = forwarded.lines().map(|line| format!("> {line}\n")).collect();
        for forwarded in [&forwarded, &signed] {
            let text = format!("Please answer.\n\n{forwarded}");
            let mail = format!("Subject: Fwd: x\nContent-Type: text/plain; charset=utf-8\n\n{text}");
            let read = mail::read(mail.as_bytes(), &mail::Limits::default()).message.forward.unwrap_or_default();
            let from = read.from.map(|from| from.address).unwrap_or_default();
            let to = read.to.iter().map(|to| to.address.as_str()).collect::<Vec<_>>().join(" ");
            let found = [&from, &to, &read.date.unwrap_or_default(), &read.subject.unwrap_or_default(), &read.text]
                .map(|s| s.trim().to_owned());
            let is_read = found == ["jane@x.org", "bob@y.org", DATE, "Printer", "The printer burns."];
            let reply = new_text(Format::Text, text.as_bytes());
            let is_cut = reply.visible == "Please answer." && read.before == "Please answer.";
            wrong.extend(
                (!is_read || !is_cut).then(|| format!("{row}: {found:?} {:?} {:?}", read.before, reply.visible)),
            );
        }
    }
    assert!(table.lines().count() > 100 && wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn last_lines_of_telephones() {
    let lines = case("telephones.case");
    let shows = |line: &&str| visible(&format!("Fine.\n\n{line}\n")) != "Fine.";
    let shown: Vec<&str> = lines.lines().filter(shows).collect();
    assert!(lines.lines().count() > 70 && shown.is_empty(), "{}", shown.join("\n"));
    for own in [
        "A belge gönderildi.",
        "Das Paket wurde gestern gesendet.",
        "발송했습니다. 창고에서 보냄",
        "Sent from the warehouse.",
    ] {
        assert!(visible(&format!("Fine.\n\n{own}\n")).ends_with(own), "{own}");
    }
}

/// Where both versions say the same, no fault is told and the layout is shown; where they do not, the one goes along.
#[test]
fn versions_of_one_mail() {
    let table = case("versions.case");
    let mut wrong = Vec::new();
    let pairs: Vec<&str> = table.split("=== ").skip(1).collect();
    for pair in &pairs {
        let (name, rest) = pair.split_once('\n').unwrap();
        let (plain, html) = rest.split_once("\n---html---\n").unwrap();
        let part = |kind: &str, text: &str| format!("--b\nContent-Type: text/{kind}; charset=utf-8\n\n{text}\n");
        let head = "MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n";
        let mail = format!("{head}{}{}--b--\n", part("plain", plain), part("html", html));
        let reading = mail::read(mail.as_bytes(), &mail::Limits::default());
        let goes_along = reading.message.parts.iter().any(|part| part.leaf && !part.body);
        let is_told = reading.message.faults.iter().any(|fault| fault.contains("has words that"));
        let differs = name.starts_with('!');
        let is_right = differs == is_told && differs == goes_along && differs == reading.reply.document.is_none();
        wrong.extend((!is_right).then(|| format!("{name}: {is_told} {goes_along} {:?}", reading.reply.visible)));
    }
    assert!(pairs.len() > 20 && wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn notices_below_a_text() {
    let lines = case("notices.case");
    let shows = |line: &&str| visible(&format!("Fine.\n\nBob\n\n{line}\n")) != "Fine.\n\nBob";
    let shown: Vec<&str> = lines.lines().filter(shows).collect();
    assert!(lines.lines().count() > 40 && shown.is_empty(), "{}", shown.join("\n"));
}

/// A mail that answers nothing is cut at a header only where all fields that programs write stand, and then as suspected.
#[test]
fn first_mails_with_fields() {
    let table = case("first_mails.case");
    let reply = |subject: &str, text: &str| {
        let head = format!("From: Web <web@x.org>\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8\n\n");
        new_text(Format::Mail, format!("{head}{text}").as_bytes())
    };
    let mails: Vec<&str> = table.split("=== ").skip(1).collect();
    for mail in &mails {
        let (name, text) = mail.split_once('\n').unwrap();
        let found = reply("Broken pump", text);
        assert!(found.hidden.is_empty() && words(&found.visible) == words(text), "{name}: {found:?}");
    }
    assert!(mails.len() > 10);
    let header = "From: Bob <bob@x.org>\nSent: Monday, May 3, 2026 9:00 AM\nTo: Ann\nSubject: Pump\n";
    let text = format!("What shall I do?\n\n{header}\nThe pump leaks.\n");
    for (subject, is_sure) in [("Pump", false), ("Re: Pump", true), ("[ABC-1] AW[2]: Pump", true), ("WG: Pump", true)] {
        let found = reply(subject, &text);
        assert_eq!(found.visible, "What shall I do?", "{subject}");
        assert_eq!(found.hidden.iter().map(|piece| piece.confirmed).collect::<Vec<_>>(), [is_sure], "{subject}");
    }
    for name in ["order with a remark", "log", "journey", "address of a delivery"] {
        let text = mails.iter().find_map(|mail| mail.strip_prefix(name)).unwrap();
        assert_eq!(words(&visible(text)), words(text), "{name}");
    }
}

#[test]
fn what_only_begins_as_a_notice_or_a_signature_does() {
    let table = case("own_words.case");
    let texts: Vec<&str> = table.split("=== ").skip(1).collect();
    let shown = |text: &str| visible(text).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let cut: Vec<&str> = texts
        .iter()
        .filter(|text| shown(text.split_once('\n').unwrap().1) != words(text.split_once('\n').unwrap().1))
        .copied()
        .collect();
    assert!(texts.len() >= 30 && cut.is_empty(), "{}", cut.join("\n"));
    for (line, below) in [
        ("Sent from my iPhone", "PS: cancel order 5."),
        ("Please consider the environment before printing this email", "PS: cancel order 5"),
        ("This message is confidential. If you are not the intended recipient, delete it.", "Call me."),
    ] {
        assert_eq!(
            words(&visible(&format!("Fine.\n\n{line}\n\n{below}\n"))),
            words(&format!("Fine. {below}")),
            "{line}"
        );
    }
}

/// The lines that ticket systems ask to write above, with signs around them and without; sentences that say the same do not cut.
#[test]
fn lines_to_write_above() {
    for line in [
        "Please type your reply above this line",
        "Please reply above this line",
        "Reply above this line to add a comment",
        "Bitte geben Sie Ihre Antwort oberhalb dieser Zeile ein.",
        "Bitte geben Sie Ihre Antwort über dieser Zeile ein.",
        "Bitte antworten Sie oberhalb dieser Linie",
        "Antworten Sie bitte oberhalb dieser Zeile",
        "Veuillez saisir votre réponse au-dessus de cette ligne",
        "Répondez au-dessus de cette ligne",
        "Por favor, escriba su respuesta por encima de esta línea",
        "Digite sua resposta acima desta linha",
        "Typ uw antwoord boven deze regel",
        "Digita la tua risposta sopra questa riga",
        "Skriv ditt svar ovanför den här raden",
        "Napisz odpowiedź powyżej tej linii",
        "Пожалуйста, напишите ответ выше этой строки",
        "この行より上に返信してください",
    ] {
        // Without signs a writing without spaces says too little.
        let bare = line.contains(' ').then(|| line.to_owned());
        for line in [format!("##- {line} -##"), format!("--- {line} ---")].into_iter().chain(bare) {
            assert_eq!(visible(&format!("Yes.\n\n{line}\n\nYour request was updated.\n")), "Yes.", "{line}");
        }
    }
    for own in ["Please reply to the question above this line", "Schreiben Sie mir bitte, was über dieser Zeile steht."]
    {
        assert_eq!(visible(&format!("Yes.\n\n{own}\nCall me.\n")), format!("Yes.\n\n{own}\nCall me."));
    }
}

/// Words that are new in one version and quoted in the other are told.
#[test]
fn quoted_words_are_not_new() {
    let intro = "On Mon, May 3, 2026 at 9:00 AM Bob <b@x.org> wrote:";
    let read = |new: &str| {
        let plain = format!("No, I do not agree.\n\n{intro}\n\n> No? I do not know\n");
        let html = format!(
            "<div dir=ltr>{new}</div><br><div class=gmail_quote><div class=gmail_attr>{}<br></div><blockquote \
             class=gmail_quote>No? I do not know</blockquote></div>\n",
            intro.replace('<', "&lt;").replace('>', "&gt;")
        );
        let head = "From: a@x.org\nMIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n";
        let mail =
            format!("{head}--b\nContent-Type: text/plain\n\n{plain}--b\nContent-Type: text/html\n\n{html}--b--\n");
        mail::read(mail.as_bytes(), &mail::Limits::default()).message.faults
    };
    assert!(read("I agree.").iter().any(|fault| fault.contains("has words that")));
    assert_eq!(read("No, I do not agree."), Vec::<String>::new());
}

/// Without quote signs and address, what was sent or what stands in a first mail is a sentence of the sender's.
#[test]
fn sentences_that_look_like_attributions() {
    let sent = "Hello,\n\nAt 10:15 John sent:\n3 valves\nPlease confirm both.";
    assert_eq!(visible(sent), sent);
    let text = "Hi\n\nOn 3 May 2026 Jo wrote:\n\nAll fine, he says. I disagree: the pump leaks.";
    let mail =
        |subject: &str| new_text(Format::Mail, format!("From: a@x.org\nSubject: {subject}\n\n{text}").as_bytes());
    assert_eq!(mail("Pump").visible, text);
    assert_eq!(mail("Re: Pump").visible, "Hi");
}
