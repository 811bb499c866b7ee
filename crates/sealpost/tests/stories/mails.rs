//! The mails that the stories send.

/// A short mail that begins a thread.
pub fn request(id: &str, subject: &str, text: &str) -> Vec<u8> {
    mail(id, subject, "", "Content-Type: text/plain; charset=utf-8", text)
}

/// A reply to the mail with this id, with what it quotes below the new text.
pub fn reply(id: &str, to: &str, subject: &str, text: &str, quoted: &str) -> Vec<u8> {
    let body = format!("{text}\n\nOn Sun, 22 Nov 2026 at 10:00, Ann <ann@example.org> wrote:\n> {quoted}\n");
    let thread = format!("In-Reply-To: <{to}>\nReferences: <{to}>\n");
    mail(id, subject, &thread, "Content-Type: text/plain; charset=utf-8", &body)
}

/// A mail with files of these names and lengths.
pub fn with_files(id: &str, subject: &str, text: &str, files: &[(&str, usize)]) -> Vec<u8> {
    let mut body = format!("--cut\nContent-Type: text/plain; charset=utf-8\n\n{text}\n");
    for (name, length) in files {
        body.push_str(&format!(
            "--cut\nContent-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n\
             Content-Disposition: attachment; filename=\"{name}\"\n\n{}\n",
            encoded(name, *length)
        ));
    }
    body.push_str("--cut--\n");
    mail(id, subject, "", "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=cut", &body)
}

/// So many bytes that differ from file to file, as base64 in lines.
fn encoded(name: &str, length: usize) -> String {
    let bytes: Vec<u8> = name.bytes().cycle().take(length).collect();
    let text = data_encoding::BASE64.encode(&bytes);
    let lines: Vec<&str> = text.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    lines.join("\n")
}

fn mail(id: &str, subject: &str, thread: &str, kind: &str, body: &str) -> Vec<u8> {
    let text = format!(
        "From: Ann <ann@example.org>\nTo: Support <support@desk.example>\nSubject: {subject}\nMessage-ID: <{id}>\n\
         Date: Sun, 22 Nov 2026 10:00:00 +0000\n{thread}{kind}\n\n{body}"
    );
    text.replace('\n', "\r\n").into_bytes()
}

/// A mail in which so many multiparts are nested.
pub fn nested(id: &str, depth: usize) -> Vec<u8> {
    let mut text = format!(
        "From: mallory@example.org\r\nTo: support@desk.example\r\nSubject: a bomb\r\nMessage-ID: <{id}>\r\n\
         MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n"
    );
    for _ in 0..depth {
        text.push_str("Content-Type: message/rfc822\r\n\r\n");
    }
    text.push_str("Subject: the core\r\n\r\nboom\r\n");
    text.into_bytes()
}
