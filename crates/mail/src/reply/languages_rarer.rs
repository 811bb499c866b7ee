//! The words of further languages, one row each: see [`super::languages`].

use super::language::Language;
use super::languages::NONE;

pub(super) const CATALAN: Language = Language {
    opens: &["el", "a"],
    wrote: &["va escriure", "ha escrit"],
    from: &["de"],
    date: &["data", "enviat", "enviat el"],
    to: &["per a", "a"],
    subject: &["assumpte"],
    original: &["missatge original"],
    forwarded: &["missatge reenviat", "inici del missatge reenviat"],
    mobile: &["enviat des de", "enviat des del"],
    ..NONE
};

pub(super) const SLOVENIAN: Language = Language {
    opens: &["v", "dne", "je"],
    wrote: &["napisal", "napisala", "napisal/-a", "napisal/a", "je napisal", "je napisala", "piše"],
    from: &["od", "pošiljatelj"],
    date: &["datum", "poslano"],
    to: &["za", "prejemnik"],
    subject: &["zadeva"],
    original: &["izvorno sporočilo", "prvotno sporočilo"],
    forwarded: &["posredovano sporočilo", "začetek posredovanega sporočila"],
    mobile: &["poslano iz", "poslano z"],
    ..NONE
};

/// In Cyrillic letters; see Croatian for the Latin ones.
pub(super) const SERBIAN: Language = Language {
    opens: &["дана", "у"],
    wrote: &["написао", "написала", "је написао", "је написала", "је написао/ла", "написао/ла", "пише"],
    from: &["од", "шаље"],
    date: &["датум", "послато"],
    to: &["за", "прима"],
    subject: &["наслов", "предмет"],
    original: &["оригинална порука", "изворна порука"],
    forwarded: &["прослеђена порука"],
    mobile: &["послато са", "послато с"],
    ..NONE
};

pub(super) const LITHUANIAN: Language = Language {
    wrote: &["rašė", "parašė"],
    from: &["nuo", "siuntėjas"],
    date: &["data", "išsiųsta", "siųsta"],
    to: &["kam", "gavėjas"],
    subject: &["tema"],
    original: &["pradinis pranešimas", "originalus laiškas", "pirminis laiškas"],
    forwarded: &["persiųstas laiškas", "persiųstas pranešimas"],
    mobile: &["išsiųsta iš", "siųsta iš"],
    ..NONE
};

pub(super) const LATVIAN: Language = Language {
    wrote: &["rakstīja", "raksta"],
    from: &["sūtītājs"],
    date: &["datums", "nosūtīts", "nosūtīta"],
    to: &["kam", "adresāts"],
    subject: &["temats", "tēma"],
    original: &["sākotnējais ziņojums", "oriģinālais ziņojums"],
    forwarded: &["pārsūtīta ziņa", "pārsūtīts ziņojums"],
    mobile: &["nosūtīts no", "sūtīts no"],
    ..NONE
};

pub(super) const ESTONIAN: Language = Language {
    opens: &["kontakt"],
    wrote: &["kirjutas", "kirjutas järgmist"],
    from: &["saatja", "kellelt"],
    date: &["kuupäev", "saadetud"],
    to: &["adressaat", "kellele"],
    subject: &["teema"],
    original: &["algne sõnum", "algne kiri", "originaalsõnum"],
    forwarded: &["edastatud kiri", "edastatud sõnum"],
    mobile: &["saadetud minu", "saadetud nutitelefonist"],
    ..NONE
};

pub(super) const ICELANDIC: Language = Language {
    opens: &["þann"],
    wrote: &["skrifaði", "ritaði"],
    from: &["frá"],
    date: &["dagsetning", "sent"],
    to: &["til"],
    subject: &["efni"],
    original: &["upprunaleg skilaboð"],
    forwarded: &["áframsend skilaboð", "framsend skilaboð"],
    mobile: &["sent úr"],
    ..NONE
};

/// And Malay.
pub(super) const INDONESIAN: Language = Language {
    opens: &["pada"],
    wrote: &["menulis", "telah menulis"],
    from: &["dari", "daripada"],
    date: &["tanggal", "dikirim", "tarikh", "dihantar"],
    to: &["kepada", "ke"],
    subject: &["subjek", "perihal", "hal"],
    original: &["pesan asli", "mesej asal"],
    forwarded: &["pesan terusan", "pesan yang diteruskan", "mesej dimajukan"],
    mobile: &["dikirim dari", "dihantar daripada"],
    ..NONE
};

pub(super) const THAI: Language = Language {
    opens: &["เมื่อ", "ใน"],
    wrote: &["เขียนว่า", "เขียน", "ได้เขียนว่า"],
    from: &["จาก"],
    date: &["วันที่", "ส่งเมื่อ", "ส่ง"],
    to: &["ถึง"],
    subject: &["เรื่อง", "หัวเรื่อง"],
    original: &["ข้อความต้นฉบับ", "ข้อความเดิม"],
    forwarded: &["ข้อความที่ส่งต่อ", "เริ่มข้อความที่ส่งต่อ"],
    mobile: &["ส่งจาก", "ส่งโดยใช้"],
    ..NONE
};

pub(super) const PERSIAN: Language = Language {
    opens: &["در"],
    wrote: &["نوشت", "نوشته است"],
    from: &["از", "فرستنده"],
    date: &["تاریخ", "ارسال شده"],
    to: &["به", "گیرنده"],
    subject: &["موضوع"],
    original: &["پیام اصلی"],
    forwarded: &["پیام ارسال‌شده", "پیام فوروارد شده", "پیام بازارسال‌شده"],
    mobile: &["ارسال شده از", "ارسال‌شده از"],
    ..NONE
};

pub(super) const HINDI: Language = Language {
    wrote: &["ने लिखा", "लिखा"],
    from: &["प्रेषक", "से"],
    date: &["दिनांक", "भेजा गया"],
    to: &["प्रति", "को"],
    subject: &["विषय"],
    original: &["मूल संदेश"],
    forwarded: &["अग्रेषित संदेश", "फ़ॉरवर्ड किया गया संदेश"],
    mobile: &["मेरे iphone से भेजा गया"],
    ..NONE
};
