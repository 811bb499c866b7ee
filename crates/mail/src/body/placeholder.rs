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

/// What else such sentences are made of, lower case: words of no more than what is read, where, and how.
const WORDS: &[&str] = &[
    "if you cannot can not can t are is am be was has have having had trouble problem problems unable to see seeing view \
     read reading this the that these your email emails e mail mails message messages newsletter newsletters in an a of \
     by with please use using open click tap here link below above following on or and format formatted version online \
     web page website browser client reader program software viewer view viewer enabled compatible does doesn do don it \
     been sent as only mime multi part multipart plain text content contents contains requires require need needs html \
     turn enable copy paste address url into modern another app application for from visit go alternative switch look at \
     full original we recommend correctly properly best its images no without body preview so able fully",
    "falls wenn sie du diese dieser dieses die der das den dem nachricht nicht richtig korrekt wird werden kann können \
     kannst im in ihrem deinem ihr dein klicken klicke bitte hier auf um zu und oder ein eine einen darstellung probleme \
     haben bei ist nur als lesen sehen programm kein keine mit für fehlerfrei vollständig öffne enthält inhalt inhalte inhalten nachrichten programms mailprogramm \
     contenu contenido contenuto conteúdo inhoud innehåll indhold innhold",
    "si vous ne pouvez pas voir lire ce cet cette courriel mél votre messagerie prend le la les s correctement cliquez \
     ici sur lien suivant dans ouvrir ouvrez pour ligne un une du de des et ou est au l d n à logiciel merci page charge",
    "no puede puedes ver leer este esta correo electrónico mensaje su tu correctamente haga haz clic pulse pulsa aquí en \
     el enlace siguiente los las para un una del y o es formato con por favor abra abrir cliente bien al",
    "se non riesci riesce vedere leggere questo questa messaggio posta elettronica il lo i gli tuo suo clicca clicchi qui \
     sul nel di per e è formato con apri aprire visualizza correttamente",
    "não consegue pode ver ler mensagem seu sua clique aqui no na do da os as para um uma e ou é formato com abra abrir \
     corretamente eletrônico eletrónico",
    "als u je deze dit bericht niet goed kunt kan lezen zien klik dan hier op de het een van in uw voor openen geen en of",
    "om du inte kan läsa se detta denna meddelande mejl epost klicka klikk klik här her på länken i din ditt webb och eller \
     hvis ikke denne dette vise læse lese e-post post beskeden meldingen webversionen som är er til att at",
    "jos et näe viestiä tätä sähköpostia oikein klikkaa tästä selaimessa html muodossa on ei",
    "jeśli nie ją możesz widzisz tej tego wiadomości wiadomość poprawnie kliknij tutaj w z do się jest przeglądarce link",
    "pokud se vám ak sa tento tato e-mail nezobrazuje správně správne klikněte kliknite zde sem tu v ve na prohlížeči \
     zprávu správu jako nie je nelze",
    "ha nem látja ezt az a levelet üzenetet megfelelően kattintson ide böngészőben",
    "bu e-postayı postayı iletiyi mesajı düzgün göremiyorsanız tıklayın tıklayınız buraya için tarayıcınızda lütfen",
    "если вы не видите это письмо сообщение в вашем браузере откройте нажмите здесь по ссылке для чтобы на ваш почтовый \
     клиент программа формате формат корректно и его",
    "αν δεν μπορείτε να δείτε αυτό το μήνυμα κάντε κλικ εδώ στο περιήγησης πρόγραμμα σας",
];

/// What such sentences are made of in writings that put no space between words, or whose words have many endings.
const SIGNS: &str = "メールをブラウザで表示するにはこちらさいくだれないがの場合正し開いてクリックご覧対応形式本文見えできまたWebウェブ版\
    浏览器瀏覽查看支持显示檢視顯示如果您無无法看到此邮件郵信请請点點击擊在中这這里裡裏打开開不的電电子正常\
    브라우저에서보기지원이메일을를가는않않으면보이지여클릭하세요십시오열표시되웹";

/// Of a plain version that is short, names HTML or a browser and speaks of viewing, as placeholders do, the words that no
/// placeholder has; `None` for every other text. Where nobody loses these words, it says nothing.
///
/// One that names HTML without any address counts in every language.
pub(super) fn own_words(plain: &str) -> Option<String> {
    let text = plain.trim();
    if text.len() >= BYTES_MAX || text.lines().filter(|line| !line.trim().is_empty()).count() > LINES_MAX {
        return None;
    }
    let lower = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let is_like_one = text.is_empty()
        || lower.contains("html") && !lower.contains("http")
        || says(VIEWERS) && says(VIEWING) && lower.contains("http");
    is_like_one.then(|| {
        let tokens = lower.split_whitespace().filter(|token| !token.contains("://") && !token.starts_with("mailto:"));
        let words =
            tokens.flat_map(|token| token.split(|c: char| !c.is_alphanumeric())).filter(|word| !word.is_empty());
        words.filter(|word| !is_known(word)).collect::<Vec<_>>().join(" ")
    })
}

/// The letters of writings without spaces begin here.
const SPACELESS: fn(char) -> bool = |c| c >= '\u{2e80}';

fn is_known(word: &str) -> bool {
    const STEM_BYTES_MIN: usize = 5;
    let is_stem = |stem: &&str| stem.len() >= STEM_BYTES_MIN && !stem.contains(' ') && word.contains(*stem);
    let is_sign = |c: char| !c.is_ascii() && SIGNS.contains(c);
    WORDS.iter().any(|language| language.split_whitespace().any(|known| known == word))
        || !word.contains(SPACELESS)
            && word.chars().all(char::is_alphabetic)
            && VIEWERS.iter().chain(VIEWING).any(is_stem)
        || word.replace("html", "").chars().all(is_sign)
}

#[cfg(test)]
mod tests {
    use super::own_words;

    #[test]
    fn placeholders_say_nothing_of_their_own() {
        for text in [
            "",
            "This is an HTML message.",
            "If you cannot see this email, use an HTML client or open http://x.example/view",
            "Please view this email in a modern browser: https://x.example/view",
            "Your email client does not support HTML messages.",
            "This is a multi-part message in MIME format, and your mail reader doesn't display HTML.",
            "Votre messagerie ne prend pas en charge le HTML : https://x.example/v",
            "Falls die Mail nicht korrekt angezeigt wird, im Browser öffnen: https://x.example/v",
            "メールをブラウザで表示する: https://x.example/v",
            "如果您无法查看此邮件,请在浏览器中打开: https://x.example/v",
            "Jeśli nie widzisz tej wiadomości, wyświetl ją w przeglądarce: https://x.example/v",
        ] {
            assert_eq!(own_words(text).as_deref(), Some(""), "{text}");
        }
    }

    #[test]
    fn short_mails_say_something() {
        for text in [
            "Hello Bob, see https://x.example/",
            "It fails in my browser.",
            "The view is wrong.",
            &"Please view this in a browser. https://x.example/ ".repeat(9),
        ] {
            assert_eq!(own_words(text), None, "{text}");
        }
        for (text, own) in [
            ("The file index.html is empty.\nCode 7788", "file index empty code 7788"),
            ("To view the offers of Acme in your browser: https://x.example/", "offers acme"),
            ("Pay 900 by HTML", "pay 900"),
            ("请在浏览器中查看订单7788: https://x.example/", "请在浏览器中查看订单7788"),
        ] {
            assert_eq!(own_words(text).as_deref(), Some(own), "{text}");
        }
    }
}
