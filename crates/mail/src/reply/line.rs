//! Each line of a text gets one class, by one set of regular expressions that runs once over it.

use super::language;
use super::telephone::is_signed;
use regex::{Regex, RegexSet, RegexSetBuilder};
use std::sync::LazyLock;

/// What a line looks like on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Text,
    Empty,
    /// Begins with a quote sign.
    Quote,
    /// A header field of a quoted mail.
    Header(Role),
    /// May begin an attribution, and nothing else does: `On Tuesday …`, `2024-05-03 …`.
    Opening,
    /// May begin one or go on with it: `Jo <jo@x> …`, `… 3 May, Jo wrote:`.
    Named,
    /// Is an attribution between dashes, or begins one and ends it.
    Attribution,
    /// `----- Original Message -----`.
    Original,
    /// `---------- Forwarded message ----------`.
    Forwarded,
    /// Dashes, underscores or the like alone.
    Rule,
    /// `-- ` alone (RFC 3676, section 4.3).
    SignatureMark,
    /// Inside a blockquote that no mail program marked as a quote: indented, perhaps the sender's own.
    Indent,
    /// `Sent from my telephone`.
    Mobile,
    /// Begins a confidentiality notice.
    Disclaimer,
}

/// What a header field above a quoted mail says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    From,
    Date,
    To,
    Subject,
    Other,
}

/// Longer lines are text: what introduces a quote is short.
pub(super) const LINE_BYTES_MAX: usize = 600;

/// Characters that a name, a local part and what stands before a date may have.
const NAME_CHARS_MAX: usize = 80;

/// The order decides: the first that matches names the class.
const CLASSES: &[Class] = &[
    Class::SignatureMark,
    Class::Forwarded,
    Class::Original,
    Class::Original,
    Class::Quote,
    Class::Original,
    Class::Rule,
    Class::Mobile,
    Class::Header(Role::From),
    Class::Header(Role::Date),
    Class::Header(Role::Subject),
    Class::Header(Role::To),
    Class::Header(Role::Other),
    Class::Attribution,
    Class::Disclaimer,
    Class::Opening,
];

/// Room for the states of the set's automaton. With the default of 2 MiB it is not
/// built at all, and each line costs ten times as much.
const AUTOMATON_BYTES_MAX: usize = 8 * 1024 * 1024;

static SET: LazyLock<RegexSet> = LazyLock::new(|| {
    let set = RegexSetBuilder::new(patterns()).dfa_size_limit(AUTOMATON_BYTES_MAX).build();
    // The patterns are constants and the test `every_pattern_compiles` builds them.
    set.unwrap_or_else(|_| RegexSet::empty())
});

/// An address and then the verb, at the start of a line.
static ADDRESS_WROTE: LazyLock<Regex> = LazyLock::new(|| pattern(&format!(r"^\s{{0,3}}\S+@\S+\s(?i:{})", wrote())));
/// The verb and soon a colon, at the end of a line.
static WROTE_AT_END: LazyLock<Regex> =
    LazyLock::new(|| pattern(&format!(r"(?i)(?:{})(?:\W.{{0,80}})?[:：]\s*$", wrote())));

/// An expression made of constants.
pub(super) fn pattern(text: &str) -> Regex {
    // The tests build each of them.
    Regex::new(text).expect("a constant pattern compiles")
}

fn wrote() -> String {
    language::any(|l| l.wrote)
}

/// No word boundaries: for those of Unicode an automaton gives up at the first letter that is not ASCII.
fn patterns() -> Vec<String> {
    let header =
        |names: String| format!(r"(?i)^[\s>]{{0,6}}[*_]{{0,2}}(?:{names})\s?[*_]{{0,2}}\s?[:：][*_]{{0,2}}(?:\s|$|\S)");
    let wrote = wrote();
    let forwarded = language::any(|l| l.forwarded);
    let original = language::any(|l| l.original);
    vec![
        // SignatureMark
        r"^\s?(?:--|—|–)\s?$".to_owned(),
        // Forwarded
        format!(r"(?i)^[\s*_>]*[-=‐-―]{{2,}}\s*(?:{forwarded}).*$|^[\s*_>]*(?:{forwarded})\s*[:：]?[\s*_]*$"),
        // Original: `>>> Jo <jo@x.org> 07.08.2018 12:12 >>>`, as GroupWise writes it above what has no signs.
        r"^\s?>{3}\s[^>]{2,80}(?:<[^<>\s]{3,80}>)?[^>]{0,20}\d{1,2}[:.]\d{2}[^>]{0,12}>{3}\s*$".to_owned(),
        // Original: the line that ticket systems ask to write above.
        format!("{REPLY_ABOVE}|{REPLY_ABOVE_LATER}"),
        // Quote: a sign at the start, or the initials of the one who is quoted before it.
        r"^\s{0,3}(?:>|[A-Z]{1,2}>(?:\s|$))".to_owned(),
        // Original
        format!(
            r"(?i)^[\s*_]*[-_=‐-―]{{2,}}(?:\s|&nbsp;)*(?:{original})(?:\s|&nbsp;)*[:：]?\s*[-_=‐-―]*[\s*_]*$|^[\s*_]*(?:{original})\s*[:：]?[\s*_]*$|^\s*-{{6,}}\s*original\s*-{{6,}}\s*$"
        ),
        // Rule
        r"^\s*(?:(?:[-=_*~#+‐―─—–]\s?){3,}|ᐧ)\s*$".to_owned(),
        // Mobile: a desk or a friend is no telephone, so English asks for a product or a device.
        format!(
            r"(?i)^[\s*_>\[(<-]*(?:{}|(?:sent|from) (?:from |via |with |by |on )?(?:my |a |the )?(?:(?-i:[A-Z])[\w+.-]*(?:\W.{{0,59}})?|(?:[\w ]{{0,19}} )?(?:{DEVICES})(?:\W.{{0,59}})?))$",
            mobile()
        ),
        header(language::any(|l| l.from)),
        header(language::any(|l| l.date)),
        header(language::any(|l| l.subject)),
        header(language::any(|l| l.to)),
        header(language::any(|l| l.other)),
        // Attribution: between dashes.
        format!(r"(?i)^\s*[-=]{{2,}}\s*.{{0,199}}\W(?:{wrote})\s*[:：]?\s*[-=]{{2,}}\s*$"),
        // Disclaimer
        format!("{DISCLAIMER}|{SECRECY}"),
        opening(),
    ]
}

/// How signatures of telephones begin. Writings without spaces have no end of a word.
fn mobile() -> String {
    let (unspaced, spaced): (Vec<&str>, Vec<&str>) = language::all(|l| l.mobile)
        .into_iter()
        .partition(|word| word.chars().next_back().is_some_and(|c| c >= '\u{2e80}'));
    let any = |words: &[&str]| words.iter().map(|word| regex::escape(word)).collect::<Vec<_>>().join("|");
    format!(r"(?:{})(?:(?:\W|https?://).{{0,79}})?|(?:{}).{{0,80}}", any(&spaced), any(&unspaced))
}

/// An opening word and soon a digit or weekday, or a date.
fn opening() -> String {
    // In alphabets with capitals the first word of a line has one; "to test this in 2 weeks" opens nothing.
    let capital = |word: &&str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>()).unwrap_or_default()
    };
    let opens: Vec<String> = language::all(|l| l.opens)
        .iter()
        .flat_map(|w| if w.is_ascii() { vec![capital(w)] } else { vec![capital(w), (*w).to_owned()] })
        .map(|w| regex::escape(&w))
        .collect();
    let opens = opens.join("|");
    [
        format!(r"^[\s>]{{0,3}}(?:[-=]{{2,}}\s*)?(?:{opens})[\s,-](?:.{{0,40}}\d|(?:.{{0,39}}\W)?(?i:{DAYS})(?:\W|$))"),
        r"^\s{0,3}(?:[-=]{2,}\s*)?(?:在|于|於)\s?\d".to_owned(),
        r"^\s{0,3}\d{1,4}\s?[-/.年]\s?\d{1,2}".to_owned(),
        r"^\s{0,3}\d{1,2}[. ]\s?\p{L}{3,12}\.?[, ]+\d{4}".to_owned(),
        format!(r"^\s{{0,3}}(?i:{DAYS})[.,]?\s.{{0,20}}\d"),
    ]
    .map(|form| format!("(?:{form})"))
    .join("|")
}

/// What people call the things they write mail on, in English.
const DEVICES: &str =
    "phone|iphone|ipad|ipod|mobile|cell|device|tablet|galaxy|android|blackberry|handheld|pda|smartphone";

/// Names of weekdays as dates in attributions abbreviate them.
const DAYS: &str = "mon|tue|wed|thu|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|lun|mar|mer|jeu|ven|sam|dim|lunes|martes|miércoles|jueves|viernes|sábado|domingo|mié|jue|vie|sáb|dom|lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica|seg|ter|qua|qui|sex|maandag|dinsdag|woensdag|donderdag|vrijdag|zaterdag|zondag|pon|wt|śr|czw|pt|sob|niedz|måndag|tisdag|onsdag|torsdag|fredag|lördag|söndag|mandag|tirsdag|lørdag|søndag|пн|вт|ср|чт|пт|сб|вс|нд";

/// `Please reply above this line`: the request, and soon where.
const REPLY_ABOVE: &str = concat!(
    r"(?i)^[\W_]{0,8}(?:(?:please|bitte|veuillez|merci de|merci d.|por favor|s.il vous pla[iî]t|alstublieft|per favore|vänligen|prosz[eę])[, ]{1,2})?",
    r"(?:(?:type|write|enter|add)(?: your)?(?: reply| message| comment| response)?|reply|respond|antworten sie|geben sie|schreiben sie",
    r"|répond(?:ez|re)|écri(?:re|vez)|saisi(?:r|ssez)|tapez|inscri(?:re|vez)|respond[ae]r?|escrib[ae]r?|digit[ae]r?|scriv[ae](?:re)?|inserisc[ai]|rispond[aei](?:re)?",
    r"|typ|schrijf|antwoord|beantwoord|plaats|skriv|svar[ae]?|ange|odpowiedz|odpisz|wpisz|napisz|vastaa|kirjoita",
    r"|(?:пожалуйста, )?(?:напишите|введите|ответьте|пишите))(?: .{1,50}?)? ",
    r"(?:above|oberhalb|über|au[- ]dessus d.{1,3}|(?:por )?encima de|arriba de|acima|sopra|al di sopra d.|boven|ovanför|ovenfor|over|powyżej|nad|выше|над)",
    r" ?(?:this|the|dieser?|cette|d?est[ae]|es?ta|la|quest[ao]|deze|den här|denne|tej|tą|этой|данной)? ?(?:line|linie|zeile|ligne|línea|linea|linha|riga|lijn|regel|rad(?:en)?|linje(?:n)?|linii|linią|строки|линии|чертой|черты)",
    r"(?: ein(?:geben)?)?[\W_]{0,20}(?:to .{0,40})?$",
);

/// The same where the place stands first: `この行より上に返信してください`.
const REPLY_ABOVE_LATER: &str = r"^[\W_]{0,8}(?:こ|本)の?(?:行|線|ライン)(?:より|の)上(?:に|へ|部に).{0,30}(?:返信|入力|記入|書).{0,20}$|^[\W_]{0,8}请?(?:請)?在(?:此|这|這)(?:行|线|線)(?:之)?上方?.{0,10}(?:回复|回覆|输入|輸入).{0,10}$";

const DISCLAIMER: &str = r"(?i)^\s*(?:\*{0,3}|_{0,3})\s*(?:(?:important |legal |confidentiality )?(?:notice|disclaimer|confidentiality)\s*[:.–-]|(?:p\s+)?(?:please (?:consider|think (?:of|about)) the environment|think before you print|bitte (?:denken|prüfen) sie .{0,40}(?:umwelt|ausdruck|drucken)|pensez à l.environnement|antes de imprimir)|this (?:e-?mail|message|communication)(?: and any| \(|,? (?:is|contains|may|including)|\W.{0,40}confidential)|the information (?:contained )?in this (?:e-?mail|message|communication)|if you (?:are not the (?:intended|named) (?:recipient|addressee)|have received this (?:e-?mail|message|communication) (?:in error|by mistake))|diese e-?mail (?:enthält|kann|ist|und)|diese nachricht .{0,60}vertraulich|der inhalt dieser e-?mail|ce (?:message|courriel|mail)(?: électronique)? (?:et|est|contient|peut contenir)|aviso (?:legal|de confidencialida)|la información (?:contenida|incluida) en este (?:mensaje|correo)|as informações contidas nest|le informazioni contenute (?:in|nel)|ai sensi del (?:regolamento|d\. ?lgs)|este (?:mensaje|correo|e-?mail|mensagem)(?: electrónico)? (?:y|es|contiene|e|pode|puede)|esta mensagem (?:e|é|pode)|questo messaggio|il presente messaggio|dit (?:e-?mail)?bericht|de informatie in (?:dit|deze) (?:e-?mail|bericht)|deze e-?mail (?:en|is|kan) .{0,60}vertrouwelijk|ta wiadomość|niniejsza wiadomość|treść (?:tej|niniejszej) wiadomości|e-?mail ini .{0,60}rahasia)";

/// Notices in the other languages: "this message" and soon what it calls itself, confidential.
const SECRECY: &str = concat!(
    r"(?i)^[\s*_]*(?:(?:tato|táto) (?:zpráva|správa)|ten?to e-?mail|(?:detta|denne|dette) (?:e-?post|e-?mail|mejl|med+elan?d|med+elels|meld)",
    r"|tämä (?:sähköposti|viesti)|(?:настоящее|данное|это) (?:электронное )?(?:сообщение|письмо)|(?:цей|це|дане) (?:лист|повідомлення|електронн)",
    r"|bu (?:e-?posta|ileti|mesaj)|ez(?:en|t)? (?:az |a )?(?:e-?mail|elektronikus|üzenet|levél)|acest (?:e-?mail|mesaj)",
    r"|(?:το παρόν|αυτό το) (?:μήνυμα|e-?mail|ηλεκτρονικό)|הודעה זו|דואר אלקטרוני זה|هذه الرسالة|هذا البريد|(?:この|本)(?:電子)?メール",
    r"|(?:이|본) (?:메일|이메일|전자우편)|(?:本|此)(?:电子)?(?:邮件|電郵|電子郵件|郵件)|(?:e-?mail|thư điện tử|thư) này|ova(?:j)? (?:e-?)?(?:poruka|mail)",
    r"|(?:това|този) (?:съобщение|имейл|електронн)).{0,100}(?:konfidens|důvěrn|dôvern|konfident|sekret|fortrolig|luottamuks|конфиденц|конфіденц|gizli",
    r"|bizalmas|confiden[țţt]|εμπιστευτικ|חסוי|סודי|سري|機密|秘密|기밀|비밀|机密|保密|bảo mật|povjerljiv|poverljiv|поверител)",
);

pub(crate) fn classify(line: &str) -> Class {
    if line.trim().is_empty() {
        return Class::Empty;
    }
    if line.len() > LINE_BYTES_MAX {
        // A quote sign counts however long the line is: some clients never wrap.
        return if line.starts_with('>') { Class::Quote } else { Class::Text };
    }
    let matches = SET.matches(line);
    let mut classes = matches.iter().map(|n| CLASSES[n]).filter(|class| *class != Class::Mobile || is_signed(line));
    match classes.next() {
        Some(class) => class,
        None if ends_as_mobile(line) && is_signed(line) => Class::Mobile,
        None if is_named(line) => Class::Named,
        None => Class::Text,
    }
}

/// `Samsung cihazımdan gönderildi`: languages that end such a line with the verb begin it with what the mail was written on.
fn ends_as_mobile(line: &str) -> bool {
    const LINE_BYTES_MAX: usize = 120;
    const VERBS: [&str; 6] = ["から送信", "에서 보냄", "gönderildi", "küldve", "gesendet", "verzonden"];
    const BRANDS: [&str; 10] =
        ["samsung", "galaxy", "iphone", "ipad", "android", "huawei", "xiaomi", "windows", "outlook", "yahoo"];
    let line = line.trim().trim_end_matches('.');
    if line.len() > LINE_BYTES_MAX || !VERBS.iter().any(|verb| line.ends_with(verb)) {
        return false;
    }
    let lower = line.to_lowercase();
    BRANDS.iter().any(|brand| lower.contains(brand))
}

/// Whether a line has a name and an address, or a date and the verb.
fn is_named(line: &str) -> bool {
    if line.contains('@') && (bears_address(line) || ADDRESS_WROTE.is_match(line)) {
        return true;
    }
    if let Some(name) = line.strip_suffix('<') {
        return !name.contains('<') && (1..=NAME_CHARS_MAX).contains(&name.chars().count());
    }
    // What stands after the first digit says the rest of the date as well.
    let mut start = line.char_indices().take(NAME_CHARS_MAX + 1);
    line.trim_end().ends_with([':', '：'])
        && start.find(|(_, c)| c.is_numeric()).is_some_and(|(at, _)| WROTE_AT_END.is_match(&line[at..]))
}

/// Whether an address follows the first bracket or two, and something stands before it: `Jo <jo@x.org>`, `Jo [mailto:jo@x.org]`.
fn bears_address(line: &str) -> bool {
    let Some((name, rest)) = line.split_once(['<', '(', '[']) else { return false };
    let rest = rest.strip_prefix(['<', '(', '[']).unwrap_or(rest);
    let rest = rest.strip_prefix(char::is_whitespace).unwrap_or(rest);
    let Some((local, _)) = rest.strip_prefix("mailto:").unwrap_or(rest).split_once('@') else { return false };
    let holds = |text: &str| (1..=NAME_CHARS_MAX).contains(&text.chars().count());
    holds(name) && holds(local) && !local.contains(|c: char| c.is_whitespace() || c == '<' || c == '>')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles() {
        assert_eq!(patterns().len(), CLASSES.len());
        assert_eq!(RegexSet::new(patterns()).map(|s| s.len()), Ok(CLASSES.len()));
        assert!(!ADDRESS_WROTE.is_match("") && !WROTE_AT_END.is_match(""));
    }

    #[test]
    fn lines_have_the_class_a_reader_gives_them() {
        for (line, class) in [
            ("Hello", Class::Text),
            ("> quoted", Class::Quote),
            ("-- ", Class::SignatureMark),
            ("-----Ursprüngliche Nachricht-----", Class::Original),
            ("---------- Forwarded message ----------", Class::Forwarded),
            ("Von: jo@example.org", Class::Header(Role::From)),
            ("*Sent:* Wednesday", Class::Header(Role::Date)),
            ("Sent from my iPhone", Class::Mobile),
            ("________________", Class::Rule),
            ("On Tue, May 3, Jo wrote:", Class::Opening),
        ] {
            assert_eq!(classify(line), class, "{line}");
        }
    }

    #[test]
    fn every_language_has_its_telephones() {
        for line in [
            "Von meinem iPhone gesendet",
            "Envoyé de mon iPhone",
            "Enviado desde mi iPhone",
            "Inviato da iPhone",
            "Enviado do meu iPhone",
            "Verstuurd vanaf mijn iPhone",
            "Wysłane z iPhone'a",
            "Odesláno z iPhonu",
            "Odoslané z iPhonu",
            "Skickat från min iPhone",
            "Sendt fra min iPhone",
            "Sendt fra min iPad",
            "Lähetetty iPhonesta",
            "Отправлено с iPhone",
            "Надіслано з iPhone",
            "iPhone'umdan gönderildi",
            "iPhone-omról küldve",
            "Trimis de pe iPhone-ul meu",
            "Στάλθηκε από το iPhone μου",
            "נשלח מה-iPhone שלי",
            "أرسلت من الـ iPhone",
            "iPhoneから送信",
            "나의 iPhone에서 보냄",
            "发自我的 iPhone",
            "從我的 iPhone 傳送",
            "Được gửi từ iPhone của tôi",
            "Poslano s mog iPhonea",
            "Изпратено от iPhone",
            "Outlook'u edinin",
            "获取 Outlook for iOS",
        ] {
            assert_eq!(classify(line), Class::Mobile, "{line}");
        }
    }

    #[test]
    fn every_language_has_its_notices_and_no_letter_is_one() {
        for line in [
            "Tato zpráva je důvěrná a je určena pouze adresátovi.",
            "Táto správa je dôverná.",
            "Detta meddelande är konfidentiellt.",
            "Denne e-mail er fortrolig.",
            "Tämä viesti on luottamuksellinen.",
            "Настоящее сообщение является конфиденциальным.",
            "Це повідомлення є конфіденційним.",
            "Bu e-posta ve ekleri gizli bilgiler içerebilir.",
            "Ez az üzenet bizalmas információkat tartalmaz.",
            "Acest mesaj este confidențial.",
            "Το παρόν μήνυμα είναι εμπιστευτικό.",
            "הודעה זו מכילה מידע חסוי.",
            "هذه الرسالة سرية",
            "本メールには機密情報が含まれています。",
            "이 메일은 기밀 정보를 포함하고 있습니다.",
            "本邮件含有保密信息。",
            "Email này chứa thông tin bảo mật.",
            "Ova poruka je povjerljiva.",
            "Това съобщение е поверително.",
        ] {
            assert_eq!(classify(line), Class::Disclaimer, "{line}");
        }
        for line in
            ["Это письмо я отправил вчера.", "Denne mail kom i går.", "本邮件昨天收到了。", "Acest mesaj a sosit ieri."]
        {
            assert_eq!(classify(line), Class::Text, "{line}");
        }
    }
}
