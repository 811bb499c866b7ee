//! Whether a line that begins as telephones and programs sign is nothing but that: people write of what was sent, too.

/// Names of devices, programs and providers, and words for devices, as they stand in such lines in any language. Lower case.
const DEVICES: &[&str] = &[
    "iphon",
    "ipad",
    "ipod",
    "android",
    "samsung",
    "galaxy",
    "phone",
    "telefon",
    "telefón",
    "téléphone",
    "teléfono",
    "telefono",
    "telefone",
    "telefoon",
    "puhelin",
    "handy",
    "mobil",
    "móvil",
    "mobiel",
    "móvel",
    "tablet",
    "outlook",
    "mail",
    "windows",
    "gmx",
    "web.de",
    "yahoo",
    "proton",
    "t-online",
    "blackberry",
    "handheld",
    "huawei",
    "xiaomi",
    "superhuman",
    "my cell",
    "oneplus",
    "pixel",
    "nokia",
    "motorola",
    "device",
    "dispositivo",
    "appareil",
    "gerät",
    "apparaat",
    "urządzen",
    "cihaz",
    "készülék",
    "устройств",
    "телефон",
    "мобильн",
    "пристро",
    "手机",
    "手機",
    "小米",
    "华为",
    "هاتف",
    "موبایل",
];
/// What such lines ask besides: to be forgiven, or to get the program as well. Lower case.
const BESIDES: &[&str] = &[
    "excuse",
    "brevity",
    "brief",
    "typo",
    "sorry",
    "forgive",
    "pardon",
    "get the app",
    "tippfehler",
    "kürze",
    "entschuldig",
    "verzeih",
    "faute",
    "disculp",
    "desculp",
    "errori",
];
/// Endings that deny that something was sent, in writings without spaces.
const DENIED: &[&str] = &["ません", "ない", "못", "안 ", "不", "无法", "無法"];
/// Words behind the last name of a device.
const WORDS_AFTER_MAX: usize = 3;
/// Words of a line that names a program which is not known.
const WORDS_MAX: usize = 5;

/// The line asks nothing, says nothing further and counts nothing; a device or program is named in it. Linear.
pub(super) fn is_signed(line: &str) -> bool {
    // The address of the program says nothing of the sender's.
    let lower =
        line.split_whitespace().filter(|word| !word.contains("://")).collect::<Vec<_>>().join(" ").to_lowercase();
    if lower.contains(['?', '？', '؟']) || DENIED.iter().any(|ending| lower.contains(ending)) {
        return false;
    }
    let is_named = |text: &str| DEVICES.iter().any(|device| text.contains(device));
    if let Some(rest) = after_sentence(&lower)
        && !is_named(rest)
        && !BESIDES.iter().any(|words| rest.contains(words))
    {
        return false;
    }
    let words: Vec<&str> = lower.split_whitespace().collect();
    let is_number = |word: &str| {
        let bare = word.trim_matches(|c: char| c.is_ascii_punctuation());
        !bare.is_empty() && bare.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ','))
    };
    let counts = words
        .iter()
        .enumerate()
        .any(|(at, word)| is_number(word) && !at.checked_sub(1).is_some_and(|before| is_named(words[before])));
    if counts {
        return false;
    }
    if is_named(&lower) && (BESIDES.iter().any(|words| lower.contains(words)) || ends_with_verb(&lower)) {
        return true;
    }
    match words.iter().rposition(|word| is_named(word)) {
        Some(last) => words.len() - last - 1 <= WORDS_AFTER_MAX,
        None => words.len() <= WORDS_MAX && is_english(&words),
    }
}

/// `Windows için Posta ile gönderildi`: whatever stands before the verb is what the mail was written on.
fn ends_with_verb(line: &str) -> bool {
    const VERBS: &[&str] = &["gönderildi", "küldve", "gesendet", "verzonden", "verstuurd", "送信", "보냄"];
    VERBS.iter().any(|verb| line.trim_end_matches(|c: char| !c.is_alphanumeric()).ends_with(verb))
}

/// English alone capitalizes what it names: `Sent from Front`.
fn is_english(words: &[&str]) -> bool {
    words.first().is_some_and(|word| word.ends_with("sent") || word.ends_with("get"))
        && words.get(1).is_some_and(|word| matches!(*word, "from" | "with"))
}

/// What follows a sign that ends a sentence or a part of one.
fn after_sentence(line: &str) -> Option<&str> {
    let follows = |at: usize, c: char| {
        let rest = &line[at + c.len_utf8()..];
        let is_end = match c {
            '.' | ',' | ';' | ':' | '!' => rest.starts_with(char::is_whitespace),
            '。' | '，' | '；' | '！' | '、' => true,
            _ => false,
        };
        is_end && rest.chars().any(char::is_alphanumeric)
    };
    line.char_indices().find(|&(at, c)| follows(at, c)).map(|(at, c)| &line[at + c.len_utf8()..])
}

#[cfg(test)]
mod tests {
    use super::is_signed;

    #[test]
    fn what_was_sent_is_no_signature() {
        for line in [
            "Von meinem Konto wurde zweimal abgebucht, 500 Euro.",
            "Von meinem Konto wurde zweimal abgebucht.",
            "Von meinem iPhone aus kann ich mich seit gestern nicht anmelden.",
            "iPhoneから送信できません。エラー5が出ます。",
            "iPhoneから送信できません。",
            "Gesendet von DHL am 3. Mai, Nummer 12345.",
            "Sent by DHL on Monday",
            "Sent from Outlook, it never arrived; sent from Gmail it did. Why?",
            "Sent from a customer phone at noon, see ticket 5.",
            "Enviado desde Madrid ayer, número 77.",
            "Get Outlook for Mac fails with error 5.",
            "Outlook voor Mac crasht bij het openen.",
            "Отправлено с почты вчера, номер 77.",
        ] {
            assert!(!is_signed(line), "{line}");
        }
        for line in ["Sent from my iPhone 15", "Sent from Front", "Sent from my iPhone. Please excuse typos."] {
            assert!(is_signed(line), "{line}");
        }
    }
}
