//! Plain versions that say nothing but that one should read the other.

/// Longer texts say something.
const BYTES_MAX: usize = 400;
const LINES_MAX: usize = 4;

/// What shows the other version, lower case.
const VIEWERS: &[&str] = &[
    "html",
    "browser",
    "navigateur",
    "navegador",
    "web version",
    "webversion",
    "online version",
    "online-version",
    "version en ligne",
    "versión en línea",
    "versione online",
    "versão online",
    "onlineversie",
    "webbläsare",
    "webblesare",
    "przeglądar",
    "prohlížeč",
    "prehliadač",
    "böngésző",
    "tarayıcı",
    "браузер",
    "selaim",
    "πρόγραμμα περιήγησης",
    "ブラウザ",
    "浏览器",
    "瀏覽器",
    "브라우저",
];

/// What is to be done with it.
const VIEWING: &[&str] = &[
    "view",
    "display",
    "see this",
    "see the",
    "support",
    "read this",
    "capable",
    "anzeig",
    "gezeigt",
    "öffnen",
    "darstell",
    "unterstütz",
    "ansehen",
    "affich",
    "supporte",
    "en charge",
    "consulte",
    "visuali",
    "soporta",
    "admite",
    "ver este",
    "ver esta",
    "weergeven",
    "bekijk",
    "ondersteun",
    "visa ",
    "vis ",
    "stöd",
    "støtt",
    "näyt",
    "tukee",
    "wyświetl",
    "obsług",
    "zobraz",
    "podpor",
    "megtekint",
    "támogat",
    "görüntüle",
    "destekle",
    "просмотр",
    "поддержив",
    "отобраз",
    "προβολή",
    "表示",
    "対応",
    "查看",
    "支持",
    "显示",
    "檢視",
    "顯示",
    "보기",
    "지원",
];

/// Whether a plain version is a mere placeholder: it is short, names HTML or a browser, and speaks of viewing.
///
/// One that names HTML without any address counts in every language.
pub(super) fn is_placeholder(plain: &str) -> bool {
    let text = plain.trim();
    if text.is_empty() {
        return true;
    }
    if text.len() >= BYTES_MAX || text.lines().filter(|line| !line.trim().is_empty()).count() > LINES_MAX {
        return false;
    }
    let lower = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    lower.contains("html") && !lower.contains("http") || says(VIEWERS) && says(VIEWING) && lower.contains("http")
}

#[cfg(test)]
mod tests {
    use super::is_placeholder;

    #[test]
    fn placeholders_and_short_mails() {
        for text in [
            "",
            "This is an HTML message.",
            "If you cannot see this email, use an HTML client or open http://x.example/view",
            "Please view this email in a modern browser: https://x.example/view",
            "Votre messagerie ne prend pas en charge le HTML : https://x.example/v",
            "Falls die Mail nicht korrekt angezeigt wird, im Browser öffnen: https://x.example/v",
            "メールをブラウザで表示する: https://x.example/v",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        for text in [
            "Hello Bob, see https://x.example/",
            "It fails in my browser.",
            "The view is wrong.",
            &"Please view this in a browser. https://x.example/ ".repeat(9),
        ] {
            assert!(!is_placeholder(text), "{text}");
        }
    }
}
