//! How the subjects of absence notes begin, one row per language: data that nothing but [`super`] reads.

/// The beginnings of subjects in one language, lower case, without the sign that ends them.
pub(super) struct Subjects {
    /// What programs write and people do not: enough by itself.
    pub programs: &'static [&'static str],
    /// What people write too: believed of a mail that answers another one or shows another sign.
    pub people: &'static [&'static str],
}

pub(super) const SUBJECTS: &[Subjects] = &[
    // English
    Subjects {
        programs: &[
            "automatic reply",
            "automatic response",
            "automated reply",
            "automated response",
            "auto reply",
            "auto-reply",
            "autoreply",
            "auto response",
            "auto-response",
            "autoresponse",
            "autorespons",
            "auto responder",
            "autoresponder",
            "out of office autoreply",
            "out of office automatic reply",
            "vacation reply",
            "vacation auto-reply",
            "vacation autoreply",
            "auto",
        ],
        people: &[
            "out of office",
            "out of the office",
            "out-of-office",
            "ooo",
            "away from my mail",
            "on vacation",
            "vacation",
            "away",
            "absence",
            "i am away",
            "i am out of the office",
            "holiday message",
            "annual leave",
            "on leave",
        ],
    },
    // German
    Subjects {
        programs: &[
            "automatische antwort",
            "autom. antwort",
            "automatische rückantwort",
            "automatische abwesenheitsnotiz",
            "automatische nachricht",
            "auto-antwort",
        ],
        people: &[
            "abwesenheitsnotiz",
            "abwesenheit",
            "abwesenheitsnachricht",
            "abwesenheitsassistent",
            "abwesend",
            "nicht im büro",
            "urlaub",
            "bin im urlaub",
        ],
    },
    // French
    Subjects {
        programs: &["réponse automatique", "reponse automatique", "réponse auto"],
        people: &[
            "absence du bureau",
            "absent du bureau",
            "absence",
            "en congé",
            "message d'absence",
            "notification d'absence",
        ],
    },
    // Spanish
    Subjects {
        programs: &["respuesta automática", "respuesta automatica", "contestación automática"],
        people: &["fuera de la oficina", "fuera de oficina", "ausente", "de vacaciones", "vacaciones"],
    },
    // Italian
    Subjects {
        programs: &["risposta automatica", "risposta automatica per assenza"],
        people: &["fuori sede", "fuori ufficio", "assente", "in ferie", "assenza"],
    },
    // Portuguese
    Subjects {
        programs: &["resposta automática", "resposta automatica"],
        people: &["fora do escritório", "ausência temporária", "ausente", "férias"],
    },
    // Dutch
    Subjects {
        programs: &["automatisch antwoord", "automatische beantwoording", "automatische reactie"],
        people: &["afwezigheidsbericht", "afwezig", "afwezigheid", "niet aanwezig", "niet op kantoor"],
    },
    // Polish
    Subjects {
        programs: &["odpowiedź automatyczna", "automatyczna odpowiedź", "autoodpowiedź"],
        people: &["nieobecność", "poza biurem", "nieobecny", "urlop"],
    },
    // Czech
    Subjects {
        programs: &["automatická odpověď", "automaticka odpoved"],
        people: &["mimo kancelář", "nepřítomnost", "nepřítomen", "dovolená"],
    },
    // Slovak
    Subjects { programs: &["automatická odpoveď"], people: &["mimo kancelárie", "neprítomnosť", "dovolenka"] },
    // Swedish
    Subjects {
        programs: &["autosvar", "automatiskt svar", "automatsvar"],
        people: &["frånvaro", "frånvaromeddelande", "inte på kontoret", "semester"],
    },
    // Danish
    Subjects {
        programs: &["automatisk svar", "autosvar"],
        people: &["ikke til stede", "fraværende", "fravær", "ferie"],
    },
    // Norwegian
    Subjects {
        programs: &["automatisk svar", "autosvar", "automatisk svarmelding"],
        people: &["fraværsmelding", "fraværende", "ikke på kontoret"],
    },
    // Finnish
    Subjects {
        programs: &["automaattinen vastaus", "automaattivastaus", "poissaoloviesti"],
        people: &["poissa", "poissaolo", "lomalla"],
    },
    // Icelandic
    Subjects { programs: &["sjálfvirkt svar"], people: &["í fríi"] },
    // Russian
    Subjects {
        programs: &["автоматический ответ", "автоответ", "автоответчик"],
        people: &["нет на месте", "отсутствую", "в отпуске", "вне офиса"],
    },
    // Ukrainian
    Subjects {
        programs: &["автоматична відповідь", "автовідповідь"], people: &["немає на місці", "у відпустці"]
    },
    // Bulgarian
    Subjects {
        programs: &["автоматичен отговор"], people: &["извън офиса", "в отпуск"]
    },
    // Serbian, Croatian, Bosnian
    Subjects {
        programs: &["automatski odgovor", "аутоматски одговор"],
        people: &["odsutan", "izvan ureda", "van kancelarije"],
    },
    // Slovenian
    Subjects { programs: &["samodejni odgovor", "avtomatski odgovor"], people: &["odsotnost", "odsoten"] },
    // Hungarian
    Subjects {
        programs: &["automatikus válasz", "automatikus üzenet"],
        people: &["házon kívül", "távollét", "szabadság"],
    },
    // Romanian
    Subjects {
        programs: &["răspuns automat", "raspuns automat"],
        people: &["plecat din birou", "absent de la birou", "în concediu"],
    },
    // Greek
    Subjects {
        programs: &["αυτόματη απάντηση", "αυτόματη απόκριση"], people: &["εκτός γραφείου", "απουσία"]
    },
    // Turkish
    Subjects { programs: &["otomatik yanıt", "otomatik cevap"], people: &["ofis dışında", "ofis dışı"] },
    // Estonian
    Subjects { programs: &["automaatvastus", "automaatne vastus"], people: &["kontorist väljas", "puhkusel"] },
    // Latvian
    Subjects { programs: &["automātiska atbilde", "automātiskā atbilde"], people: &["ārpus biroja", "prombūtne"] },
    // Lithuanian
    Subjects { programs: &["automatinis atsakymas"], people: &["ne biure", "atostogauju"] },
    // Catalan
    Subjects { programs: &["resposta automàtica"], people: &["fora de l'oficina"] },
    // Basque, Galician
    Subjects {
        programs: &["erantzun automatikoa", "resposta automática"],
        people: &["bulegotik kanpo", "fóra da oficina"],
    },
    // Hebrew
    Subjects {
        programs: &["תשובה אוטומטית", "מענה אוטומטי"], people: &["מחוץ למשרד"]
    },
    // Arabic
    Subjects { programs: &["رد تلقائي", "الرد التلقائي"], people: &["خارج المكتب"] },
    // Japanese
    Subjects {
        programs: &["自動応答", "自動返信", "自動回答"], people: &["不在通知", "不在", "外出中"]
    },
    // Chinese, simplified and traditional
    Subjects {
        programs: &["自动答复", "自动回复", "自動回覆", "自動回復", "自動答覆"],
        people: &["外出", "不在办公室", "休假", "不在辦公室"],
    },
    // Korean
    Subjects {
        programs: &["자동 회신", "자동회신", "자동 응답", "자동응답"], people: &["부재 중", "부재중"]
    },
    // Vietnamese
    Subjects {
        programs: &["trả lời tự động", "thư trả lời tự động"], people: &["vắng mặt", "không có ở văn phòng"]
    },
    // Thai
    Subjects {
        programs: &["ตอบกลับอัตโนมัติ", "การตอบกลับอัตโนมัติ"], people: &["ไม่อยู่ที่สำนักงาน"]
    },
    // Indonesian, Malay
    Subjects { programs: &["balasan otomatis", "balasan automatik"], people: &["di luar kantor", "sedang cuti"] },
];
