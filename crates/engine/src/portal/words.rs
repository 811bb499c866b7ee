//! What the letters of the portal say, in the languages of its pages.

/// A language of the portal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    English,
    German,
}

impl Language {
    const ALL: [Language; 2] = [Language::English, Language::German];

    /// As HTML and HTTP have it (RFC 5646).
    pub fn word(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::German => "de",
        }
    }

    /// English for every other word.
    pub fn of_word(word: &str) -> Language {
        Language::ALL.into_iter().find(|one| one.word() == word).unwrap_or_default()
    }
}

/// A letter in words.
pub(super) struct Said {
    pub(super) subject: &'static str,
    pub(super) text: String,
}

/// The letter that proves an address. `sender` is whose mail it is about.
pub(super) fn of_address(language: Language, sender: &str, link: &str) -> Said {
    let (subject, text) = match language {
        Language::English => (
            "Your keys for encrypted mail",
            format!(
                "Somebody, most likely you, wants to see or change the keys by which mail from {sender} to this address is encrypted.\n\n\
                 Open this link to go on. It is good for an hour, and once:\n\n{link}\n\n\
                 If it was not you, do nothing: nobody sees or changes anything without the link.\n"
            ),
        ),
        Language::German => (
            "Ihre Schlüssel für verschlüsselte Mail",
            format!(
                "Jemand, wahrscheinlich Sie selbst, will die Schlüssel sehen oder ändern, mit denen Mail von {sender} an diese Adresse verschlüsselt wird.\n\n\
                 Öffnen Sie diesen Link, um fortzufahren. Er gilt eine Stunde und einmal:\n\n{link}\n\n\
                 Wenn Sie das nicht waren, tun Sie nichts: Ohne den Link sieht und ändert niemand etwas.\n"
            ),
        ),
    };
    Said { subject, text }
}

/// The letter that proves a key, which is encrypted to it.
pub(super) fn of_key(language: Language, sender: &str, fingerprint: &str, link: &str) -> Said {
    let (subject, text) = match language {
        Language::English => (
            "Confirm your key for encrypted mail",
            format!(
                "This letter is encrypted to the key that was brought for your address:\n\n{fingerprint}\n\n\
                 You can read it, so the key is yours and works. Open this link, and it is kept for mail from {sender}. The link is good for a day, and once:\n\n{link}\n\n\
                 If you brought no key, do nothing: without the link it is not used.\n"
            ),
        ),
        Language::German => (
            "Bestätigen Sie Ihren Schlüssel für verschlüsselte Mail",
            format!(
                "Dieser Brief ist mit dem Schlüssel verschlüsselt, der für Ihre Adresse hochgeladen wurde:\n\n{fingerprint}\n\n\
                 Sie können ihn lesen, also gehört der Schlüssel Ihnen und funktioniert. Öffnen Sie diesen Link, und er wird für Mail von {sender} aufbewahrt. Der Link gilt einen Tag und einmal:\n\n{link}\n\n\
                 Wenn Sie keinen Schlüssel hochgeladen haben, tun Sie nichts: Ohne den Link wird er nicht benutzt.\n"
            ),
        ),
    };
    Said { subject, text }
}

/// The letter that tells the owner of a key of its end; nobody knows which language he reads, so it has both.
pub(super) fn of_end(sender: &str, (address, fingerprint): (&str, &str), day: &str, link: &str) -> Said {
    let text = format!(
        "Your key for encrypted mail from {sender} to {address} ends on {day}:\n\n{fingerprint}\n\n\
         Afterwards such mail cannot be encrypted to it. If you have a new key, or the same one with a later end, bring it here:\n\n{link}\n\n\
         Ihr Schlüssel für verschlüsselte Mail von {sender} an {address} endet am {day}. Danach kann solche Mail nicht mehr mit ihm verschlüsselt werden. \
         Einen neuen, oder denselben mit späterem Ende, können Sie unter dem Link oben hochladen.\n"
    );
    Said { subject: "Your key for encrypted mail ends soon / Ihr Schlüssel endet bald", text }
}
