//! The words of each language, one row each: data that nothing but [`super::language`] reads.

use super::language::Language;
use super::languages_rarer::{
    BULGARIAN, CATALAN, CROATIAN, ESTONIAN, GREEK, HINDI, ICELANDIC, INDONESIAN, LATVIAN, LITHUANIAN, PERSIAN,
    ROMANIAN, SERBIAN, SLOVENIAN, THAI, VIETNAMESE,
};

pub(crate) const LANGUAGES: &[Language] = &[
    ENGLISH, GERMAN, FRENCH, SPANISH, ITALIAN, PORTUGUESE, DUTCH, POLISH, CZECH, SLOVAK, SWEDISH, DANISH, NORWEGIAN,
    FINNISH, RUSSIAN, UKRAINIAN, TURKISH, HUNGARIAN, ROMANIAN, GREEK, HEBREW, ARABIC, JAPANESE, KOREAN, CHINESE,
    VIETNAMESE, CROATIAN, BULGARIAN, CATALAN, SLOVENIAN, SERBIAN, LITHUANIAN, LATVIAN, ESTONIAN, ICELANDIC, INDONESIAN,
    THAI, PERSIAN, HINDI,
];

pub(super) const NONE: Language = Language {
    opens: &[],
    wrote: &[],
    from: &[],
    date: &[],
    to: &[],
    subject: &[],
    other: &[],
    original: &[],
    forwarded: &[],
    mobile: &[],
};

const ENGLISH: Language = Language {
    opens: &["on", "at"],
    wrote: &["wrote", "writes", "sent", "said"],
    from: &["from"],
    date: &["date", "sent"],
    to: &["to"],
    subject: &["subject"],
    other: &["cc", "bcc", "reply-to", "reply to", "importance", "attachments", "sent by"],
    original: &["original message", "original appointment", "reply message"],
    forwarded: &[
        "forwarded message",
        "begin forwarded message",
        "forwarded by",
        "forward message",
        "start of forwarded message",
    ],
    mobile: &[
        "sent from outlook",
        "get outlook for ios",
        "get outlook for android",
        "get outlook for mac",
        "get outlook for windows",
        "get [outlook for",
        "sent from mail for",
        "sent from [mail]",
        "sent from yahoo mail",
        "sent with proton",
        "via mobile",
    ],
};

const GERMAN: Language = Language {
    opens: &["am", "um"],
    wrote: &["schrieb", "geschrieben"],
    from: &["von"],
    date: &["datum", "gesendet"],
    to: &["an"],
    subject: &["betreff"],
    other: &["antwort an", "kopie", "wichtigkeit", "anlagen"],
    original: &[
        "ursprüngliche nachricht",
        "original-nachricht",
        "originalnachricht",
        "originaltermin",
        "ursprüngliche mail",
    ],
    forwarded: &[
        "weitergeleitete nachricht",
        "anfang der weitergeleiteten nachricht",
        "anfang der weitergeleiteten e-mail",
        "weitergeleitet von",
    ],
    mobile: &[
        "von meinem",
        "gesendet von",
        "gesendet mit",
        "diese nachricht wurde von meinem",
        "holen sie sich outlook",
    ],
};

const FRENCH: Language = Language {
    opens: &["le"],
    wrote: &["a écrit", "écrit", "a ecrit"],
    from: &["de", "expéditeur"],
    date: &["date", "envoyé", "envoyé le"],
    to: &["à", "a", "pour", "destinataire"],
    subject: &["objet", "sujet"],
    other: &["copie", "répondre à"],
    original: &["message d'origine", "message d’origine", "message original", "e-mail d'origine"],
    forwarded: &[
        "message transféré",
        "message transmis",
        "début du message réexpédié",
        "début du message transféré",
        "transféré par",
        "message réexpédié",
    ],
    mobile: &[
        "envoyé de mon",
        "envoyé depuis",
        "envoyé à partir de",
        "téléchargez outlook",
        "obtenir outlook",
        "provenance : courrier",
        "envoyé avec la messagerie",
        "envoyé avec proton",
    ],
};

const SPANISH: Language = Language {
    opens: &["el"],
    wrote: &["escribió", "escribio", "ha escrito"],
    from: &["de", "desde"],
    date: &["fecha", "enviado", "enviado el"],
    to: &["para", "a"],
    subject: &["asunto"],
    other: &["copia", "responder a"],
    original: &["mensaje original"],
    forwarded: &["mensaje reenviado", "inicio del mensaje reenviado", "mensaje enviado", "reenviado por"],
    mobile: &["enviado desde", "enviado a través de", "obtener outlook", "enviado de mi", "descargar outlook"],
};

const ITALIAN: Language = Language {
    opens: &["il", "in data"],
    wrote: &["ha scritto", "scrisse", "scrive"],
    from: &["da", "mittente"],
    date: &["data", "inviato"],
    to: &["a", "destinatario"],
    subject: &["oggetto"],
    other: &["risposta", "rispondi a"],
    original: &["messaggio originale"],
    forwarded: &["messaggio inoltrato", "inizio messaggio inoltrato", "inoltrato da"],
    mobile: &["inviato da", "inviato dal", "scarica outlook", "ottieni outlook"],
};

const PORTUGUESE: Language = Language {
    opens: &["em", "no dia", "a"],
    wrote: &["escreveu", "escreve"],
    from: &["de"],
    date: &["data", "enviado", "enviada", "enviada em", "enviado em"],
    to: &["para"],
    subject: &["assunto"],
    other: &["responder para"],
    original: &["mensagem original"],
    forwarded: &[
        "mensagem encaminhada",
        "mensagem reencaminhada",
        "início da mensagem reencaminhada",
        "início da mensagem encaminhada",
        "encaminhado por",
    ],
    mobile: &[
        "enviado do meu",
        "enviada do meu",
        "enviado de meu",
        "enviado a partir de",
        "enviado pelo",
        "obter o outlook",
        "enviado do yahoo",
        "enviado do outlook",
    ],
};

const DUTCH: Language = Language {
    opens: &["op"],
    wrote: &["schreef", "geschreven"],
    from: &["van"],
    date: &["datum", "verzonden"],
    to: &["aan"],
    subject: &["onderwerp"],
    other: &["antwoord aan"],
    original: &["oorspronkelijk bericht", "origineel bericht"],
    forwarded: &["doorgestuurd bericht", "begin doorgestuurd bericht", "doorgestuurd door"],
    mobile: &[
        "verstuurd vanaf",
        "verzonden vanaf",
        "verstuurd met",
        "verzonden met",
        "outlook voor",
        "verzonden vanuit",
    ],
};

const POLISH: Language = Language {
    opens: &["w dniu", "dnia", "wiadomość napisana przez"],
    wrote: &["napisał", "napisała", "napisał(a)", "pisze", "wiadomość napisana przez"],
    from: &["od", "nadawca"],
    date: &["data", "wysłano"],
    to: &["do", "adresat"],
    subject: &["temat"],
    other: &["dw", "odpowiedz do"],
    original: &["wiadomość oryginalna", "oryginalna wiadomość", "treść oryginalnej wiadomości"],
    forwarded: &[
        "treść przekazanej wiadomości",
        "przekazana wiadomość",
        "początek przekazywanej wiadomości",
        "wiadomość przekazana dalej",
    ],
    mobile: &["wysłane z", "wysłano z", "pobierz aplikację outlook", "wysłane za pomocą", "pobierz program outlook"],
};

const CZECH: Language = Language {
    opens: &["dne", "v", "ve", "po", "út", "st", "čt", "pá", "so", "ne"],
    wrote: &["napsal", "napsala", "napsal(a)"],
    from: &["od"],
    date: &["datum", "odesláno"],
    to: &["komu"],
    subject: &["předmět"],
    other: &["kopie"],
    original: &["původní zpráva", "původní e-mail"],
    forwarded: &["přeposlaná zpráva", "přeposlaný e-mail", "začátek přeposílané zprávy", "předaná zpráva"],
    mobile: &["odesláno z", "odesláno ze", "získejte outlook", "stáhnout outlook"],
};

const SLOVAK: Language = Language {
    opens: &["dňa"],
    wrote: &["napísal", "napísala", "napísal(a)"],
    from: &["od", "odosielateľ"],
    date: &["dátum", "odoslané"],
    to: &["komu", "pre"],
    subject: &["predmet"],
    other: &["kópia"],
    original: &["pôvodná správa"],
    forwarded: &["preposlaná správa", "začiatok preposielanej správy", "začiatok preposlanej správy"],
    mobile: &["odoslané z", "odoslané zo", "získať outlook", "stiahnite si outlook"],
};

const SWEDISH: Language = Language {
    opens: &["den", "på"],
    wrote: &["skrev"],
    from: &["från"],
    date: &["datum", "skickat"],
    to: &["till"],
    subject: &["ämne"],
    other: &["kopia"],
    original: &["ursprungligt meddelande", "originalmeddelande"],
    forwarded: &["vidarebefordrat meddelande", "vidarebefordrat brev", "vidarebefordrat mejl"],
    mobile: &["skickat från", "skickades från", "hämta outlook", "skickat via"],
};

const DANISH: Language = Language {
    opens: &["den", "d.", "på"],
    wrote: &["skrev", "skrev følgende"],
    from: &["fra"],
    date: &["dato", "sendt"],
    to: &["til"],
    subject: &["emne"],
    other: &["kopi"],
    original: &["oprindelig meddelelse", "original meddelelse"],
    forwarded: &["videresendt meddelelse", "videresendt besked", "start på videresendt besked"],
    mobile: &["sendt fra", "hent outlook", "sendt fra min", "sendt via"],
};

const NORWEGIAN: Language = Language {
    opens: &["den", "på", "kl."],
    wrote: &["skrev"],
    from: &["fra"],
    date: &["dato", "sendt"],
    to: &["til"],
    subject: &["emne"],
    other: &["kopi"],
    original: &["opprinnelig melding", "original melding"],
    forwarded: &["videresendt melding", "start på videresendt melding", "videresendt e-post"],
    mobile: &["sendt fra", "skaff deg outlook", "sendt via", "hent outlook"],
};

const FINNISH: Language = Language {
    opens: &[],
    wrote: &["kirjoitti"],
    from: &["lähettäjä"],
    date: &["päiväys", "lähetetty", "päivämäärä"],
    to: &["vastaanottaja"],
    subject: &["aihe"],
    other: &["kopio"],
    original: &["alkuperäinen viesti"],
    forwarded: &["välitetty viesti", "edelleenlähetetty viesti", "välitetty viesti alkaa"],
    mobile: &["lähetetty", "hanki outlook", "lataa outlook"],
};

const RUSSIAN: Language = Language {
    opens: &["пн", "вт", "ср", "чт", "пт", "сб", "вс", "от", "в", "вы писали"],
    wrote: &["написал", "написала", "написал(а)", "пишет", "писал", "писал(а)", "вы писали"],
    from: &["от", "от кого"],
    date: &["дата", "отправлено"],
    to: &["кому"],
    subject: &["тема"],
    other: &["копия"],
    original: &["исходное сообщение", "оригинальное сообщение", "первоначальное сообщение"],
    forwarded: &[
        "пересылаемое сообщение",
        "переадресованное сообщение",
        "начало переадресованного сообщения",
        "пересланное сообщение",
        "конец пересылаемого сообщения",
        "перенаправленное сообщение",
        "переадресованное письмо",
    ],
    mobile: &["отправлено с", "отправлено из", "скачать outlook", "получить outlook"],
};

const UKRAINIAN: Language = Language {
    opens: &["пн", "вт", "ср", "чт", "пт", "сб", "нд"],
    wrote: &["пише", "написав", "написала"],
    from: &["від"],
    date: &["дата", "надіслано"],
    to: &["кому"],
    subject: &["тема"],
    other: &["копія"],
    original: &["оригінальне повідомлення", "вихідне повідомлення"],
    forwarded: &[
        "переслане повідомлення",
        "пересилання повідомлення",
        "початок листа, що пересилається",
        "переслане повідомлення",
        "початок пересланого повідомлення",
    ],
    mobile: &["надіслано з", "відправлено з", "отримати outlook", "завантажити outlook"],
};

const TURKISH: Language = Language {
    wrote: &["yazdı", "şunları yazdı", "şöyle yazdı"],
    from: &["kimden", "gönderen"],
    date: &["tarih", "gönderme tarihi", "gönderildi"],
    to: &["kime", "alıcı"],
    subject: &["konu"],
    other: &["bilgi"],
    original: &["orijinal mesaj", "özgün ileti", "orjinal mesaj"],
    forwarded: &[
        "iletilen mesaj",
        "yönlendirilmiş mesaj",
        "iletilmiş mesaj",
        "başlangıçta iletilen ileti",
        "İletilmiş mesaj",
        "i̇letilmiş mesaj",
        "iletinin başlangıcı",
    ],
    mobile: &[
        "iphone'umdan gönderildi",
        "gönderen:",
        "ipad'imden gönderildi",
        "android için outlook",
        "ios için outlook",
        "outlook'u edinin",
    ],
    ..NONE
};

const HUNGARIAN: Language = Language {
    wrote: &["írta", "ezt írta", "a következőt írta"],
    from: &["feladó"],
    date: &["dátum", "elküldve", "küldve"],
    to: &["címzett"],
    subject: &["tárgy"],
    other: &["másolatot kap"],
    original: &["eredeti üzenet"],
    forwarded: &[
        "továbbított üzenet",
        "továbbított levél",
        "a továbbított üzenet kezdete",
        "a továbbított levél kezdete",
    ],
    mobile: &[
        "iphone-omról küldve",
        "elküldve a következőből",
        "küldve:",
        "az outlook letöltése",
        "outlook beszerzése",
        "elküldve iphone",
        "elküldve android",
    ],
    ..NONE
};

const HEBREW: Language = Language {
    opens: &["בתאריך", "ב-"],
    wrote: &["כתב", "כתבה", "מאת", "כתב/ה"],
    from: &["מאת"],
    date: &["תאריך", "נשלח"],
    to: &["אל"],
    subject: &["נושא"],
    other: &["עותק"],
    original: &["הודעה מקורית"],
    forwarded: &["הודעה מועברת", "הודעה שהועברה", "תחילת ההודעה שהועברה"],
    mobile: &["נשלח מה", "נשלח מ", "קבל את outlook", "הורד את outlook"],
};

const ARABIC: Language = Language {
    opens: &["في", "بتاريخ"],
    wrote: &["كتب", "كتبت"],
    from: &["من"],
    date: &["التاريخ", "تاريخ", "تم الإرسال"],
    to: &["إلى"],
    subject: &["الموضوع"],
    other: &["نسخة"],
    original: &["الرسالة الأصلية", "رسالة أصلية"],
    forwarded: &[
        "رسالة معاد توجيهها",
        "رسالة مُعاد توجيهها",
        "بداية الرسالة المحولة",
        "بداية الرسالة المُعاد توجيهها",
        "بداية الرسالة المعاد توجيهها",
    ],
    mobile: &["أرسلت من", "مرسل من", "تم الإرسال من", "احصل على outlook", "أُرسلت من", "نُشرت من"],
};

const JAPANESE: Language = Language {
    wrote: &["のメール", "のメッセージ", "は書きました", "が書きました", "書きました"],
    from: &["差出人", "送信者"],
    date: &["日付", "送信日時", "日時"],
    to: &["宛先"],
    subject: &["件名"],
    original: &["元のメッセージ", "オリジナルメッセージ"],
    forwarded: &["転送されたメッセージ", "転送メッセージ", "転送されたメッセージの開始"],
    mobile: &[
        "iphoneから送信",
        "androidから送信",
        "ipadから送信",
        "outlook for ios を入手",
        "outlook for android を入手",
    ],
    ..NONE
};

const KOREAN: Language = Language {
    wrote: &["작성", "님이 작성", "썼습니다", "쓴 글"],
    from: &["보낸 사람", "보낸사람", "발신"],
    date: &["날짜", "보낸 날짜", "보낸날짜"],
    to: &["받는 사람", "받는사람", "수신"],
    subject: &["제목"],
    other: &["참조"],
    original: &["원본 메시지", "원본 메일", "original message"],
    forwarded: &["전달된 메시지", "전달된 메일", "전달한 메시지 시작"],
    mobile: &[
        "나의 iphone에서 보냄",
        "나의 ipad에서 보냄",
        "나의 galaxy에서 보냄",
        "내 galaxy에서 보냄",
        "내 iphone에서 보냄",
        "outlook 다운로드",
        "android용 outlook",
        "ios용 outlook",
    ],
    ..NONE
};

const CHINESE: Language = Language {
    opens: &["在", "于", "於"],
    wrote: &["写道", "寫道", "编写", "撰寫", "说", "寫到"],
    from: &["发件人", "寄件者", "寄件人", "发送人"],
    date: &["日期", "发送时间", "發送時間", "時間", "寄件日期", "发送日期"],
    to: &["收件人", "收件者"],
    subject: &["主题", "主題", "主旨"],
    other: &["抄送", "副本"],
    original: &["原始邮件", "原始郵件", "原邮件", "原始訊息"],
    forwarded: &[
        "转发的邮件",
        "轉寄郵件",
        "转发邮件信息",
        "已转发邮件",
        "已轉寄郵件",
        "开始转发的邮件",
        "以下是转发的邮件",
        "開始轉寄郵件",
        "以下是轉寄的郵件",
        "转发的消息",
        "转发邮件",
        "轉寄的訊息",
    ],
    mobile: &[
        "发自我的",
        "從我的",
        "从我的",
        "發自我的",
        "获取 outlook",
        "取得 outlook",
        "获取outlook",
        "來自我的",
        "来自我的",
        "傳送自我的",
        "传送自我的",
    ],
};
