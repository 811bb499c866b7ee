//! Every setting of a file of sealing rules, with its form, default and meaning: for the reader, the manual and the tests.

use super::words::{
    Algorithm, BySubject, Cipher, Demand, Fallback, LookupFailed, NoSigningKey, NoticeKind, Origin, Platform, Preset,
    Priority, Revocation, RsaPadding, Spares,
};
use crate::profile::{Default, Form, Room, Setting, Tables, setting};

/// The least bits of an RSA key, whatever rules say.
pub const RSA_BITS_LEAST: u32 = 2048;

/// The kinds of keys that a rule may allow: all but the last, which stands for all others.
const ALGORITHMS: &[&str] = match Algorithm::CHOICES {
    [known @ .., _] => known,
    [] => &[],
};

/// Every setting, in the order of the manual.
pub const ROOMS: &[Room] =
    &[VERSION, WHAT, KEYS, TELLING, SITES, PLACES, DOMAINS, RECIPIENTS, EXEMPTIONS, REPORTS, PUBLISH];

pub(super) const TABLES: Tables =
    Tables { rooms: ROOMS, overriding: &["site[].", "place[].", "domain[].", "recipient[]."] };

const VERSION: Room = Room {
    title: "Version",
    about: "It stands at the top, before every table.",
    settings: &[setting("version", Form::Number(1), Default::Required, "The version of this format: 1.")],
};

const WHAT: Room = Room {
    title: "[default]: what is done",
    about: "These and all others of `[default]` may stand in a `[[site]]`, a `[[place]]`, a `[[domain]]` and a `[[recipient]]`, too. Each value is \
            taken from the recipient's table, or else from that of his domain, of the repository, of the project or space, of the site, \
            or else from `[default]`: the most specific wins, for each setting by itself.",
    settings: OF_WHAT,
};

const OF_WHAT: &[Setting] = &[
    setting(
        "default.scheme",
        Form::OneOf(Priority::CHOICES),
        Default::Is("smime_preferred"),
        "Which kinds of keys may be used, and which is looked for first.",
    ),
    setting(
        "default.encrypt",
        Form::OneOf(Demand::CHOICES),
        Default::Is("when_possible"),
        "`always` means that nothing leaves readable, unless `fallback` says so. With `when_possible` mail to whoever has no key that may be used goes readable. With `never` no keys are looked for.",
    ),
    setting(
        "default.sign",
        Form::OneOf(Demand::CHOICES),
        Default::Is("when_possible"),
        "The same for signatures, with the gateway's key for the address in From.",
    ),
    setting(
        "default.fallback",
        Form::OneOf(Fallback::CHOICES),
        Default::Is("problem_report"),
        "What becomes of mail that is always encrypted when no key may be used: `problem_report`, a notice without content; `send_plain`; `sign_only`, readable and signed, or not at all; `link_only`, a notice that says where to look; \
         `hold` until a key appears; `do_not_send`.",
    ),
    setting(
        "default.no_signing_key",
        Form::OneOf(NoSigningKey::CHOICES),
        Default::Is("hold"),
        "What becomes of mail that is always signed when no key of ours may be used: `hold`, `do_not_send`, or `send` it without.",
    ),
    setting(
        "default.lookup_failed",
        Form::OneOf(LookupFailed::CHOICES),
        Default::Is("hold"),
        "What becomes of mail when keys could not be looked up, such as in a directory that does not answer: `hold`, or `as_without_key`, which an outage turns into readable mail where `encrypt` or `fallback` allow that.",
    ),
    setting(
        "default.encrypt_to_self",
        Form::Truth,
        Default::Is("false"),
        "With `true` mail is encrypted for the sender's key of ours as well. Whoever has that key can then read what went to anybody.",
    ),
    setting(
        "default.encrypt_to_classic",
        Form::Truth,
        Default::Is("false"),
        "With `true` S/MIME that is encrypted to a certificate with ML-KEM is encrypted to the best other certificate of the same recipient, too, if he has one that may be used: for as long as some of his programs do not know ML-KEM. \
         A computer of quanta then opens it by the other.",
    ),
    setting(
        "default.cipher_min",
        Form::OneOf(Cipher::CHOICES),
        Default::Is("aes-128-cbc"),
        "Content is encrypted with no weaker cipher: with keys of at least so many bits and, with GCM, so that it is proved that nothing was changed. Where a recipient's program does not say that it opens one, \
         this one is used all the same, and he may be unable to read it. For OpenPGP its bits count alone: each of its forms proves its content.",
    ),
    setting(
        "default.rsa_padding",
        Form::OneOf(RsaPadding::CHOICES),
        Default::Is("auto"),
        "How S/MIME encrypts and signs with keys of RSA. With `auto` OAEP where the recipient's program says that it opens it, otherwise PKCS#1 v1.5, which every program reads, and signatures with PKCS#1 v1.5; \
         with `pkcs1` nothing else; with `modern` OAEP and PSS always, which older programs do not read. OpenPGP has PKCS#1 v1.5 alone.",
    ),
    setting(
        "default.protect_header",
        Form::Truth,
        Default::Is("true"),
        "With `true` the subject of encrypted mail stands inside (RFC 9788), and outside there is `outer_subject`. Addresses and the date stay visible.",
    ),
    setting("default.outer_subject", Form::Line, Default::Is("[...]"), "What stands outside in its place."),
    setting(
        "default.opaque",
        Form::Truth,
        Default::Is("false"),
        "With `true` mail that is signed and not encrypted has its content inside the S/MIME signature, where no relay can change it and no program without S/MIME can read it.",
    ),
    setting(
        "default.footer",
        Form::Truth,
        Default::Is("false"),
        "With `true` a line below the text says how the mail was sealed.",
    ),
];

const KEYS: Room = Room {
    title: "[default]: which keys may be used",
    about: "A key that is revoked, expired, not yet good, not for the address, or not made for the purpose is never used. Of those that are left the first \
            by origin is taken, in the order of `origins` in the table below, and of several of one origin the newest. Of keys of OpenPGP one of \
            version 6 goes before them if it says that its owner's programs read RFC 9580, and behind them if not.",
    settings: OF_KEYS,
};

const OF_KEYS: &[Setting] = &[
    setting(
        "default.algorithms",
        Form::SomeOf(ALGORITHMS),
        Default::Is("rsa, p256, p384, p521, curve25519, curve448, post_quantum"),
        "The kinds of keys that may be used. Others may never: DSA, ElGamal, and curves of Brainpool, whose certificates are not read.",
    ),
    setting(
        "default.rsa_bits_min",
        Form::Number(16_384),
        Default::Is("2048"),
        "The least bits of an RSA key; below 2048 none is ever used. Keys with fewer are told as weak.",
    ),
    setting(
        "default.origins",
        Form::SomeOf(Origin::CHOICES),
        Default::Is("upload, administrator, harvested, file, directory, wkd, key_server, autocrypt, dns"),
        "Whence keys of recipients may come. The order in which they are taken is that of this manual, however they are written.",
    ),
    setting(
        "default.proof_suffices",
        Form::SomeOf(&["upload", "administrator", "harvested", "autocrypt"]),
        Default::Is(""),
        "Origins whose own proof of the address suffices where nobody else vouches for a key: certificates of S/MIME that lead to no authority of the folder, such as those that somebody signed himself, and keys from Autocrypt fields. \
         At first none: such keys are kept, and not used.",
    ),
    setting(
        "default.revocation",
        Form::OneOf(Revocation::CHOICES),
        Default::Is("stale"),
        "What of a key of which nobody can say at the moment whether it was revoked: `soft` uses it, `hard` does not, `stale` uses it when it was known to be good at most `revocation_stale_days` ago.",
    ),
    setting("default.revocation_stale_days", Form::Number(365), Default::Is("7"), "For `stale`."),
    setting(
        "default.expiring_days",
        Form::Number(365),
        Default::Is("30"),
        "How many days before its end the trace says of a key that it ends soon.",
    ),
];

const TELLING: Room = Room {
    title: "[default]: notices",
    about: "",
    settings: &[
        setting(
            "default.language",
            Form::Language,
            Default::Is("en"),
            "The language of notices and footers, as in [mappings](mappings.md).",
        ),
        setting(
            "default.link",
            Form::Line,
            Default::Is(""),
            "Where notices say to look, such as `https://jira.example.com/browse/{issue}`. `{issue}` is the key of the issue, `{place}` that of the project, space or repository; where the mail does not tell them there is no link.",
        ),
    ],
};

const SITES: Room = Room {
    title: "[[site]]",
    about: "What holds for mail of one site.",
    settings: &[setting(
        "site[].name",
        Form::Text,
        Default::Required,
        "The name of the site in the gateway's settings.",
    )],
};

const PLACES: Room = Room {
    title: "[[place]]",
    about: "What holds for mail of some projects, spaces or repositories. How they are recognised stands in \
            [sealing](sealing.md#which-project-a-mail-is-about). A place that is not recognised has the site's rule.",
    settings: OF_PLACES,
};

const OF_PLACES: &[Setting] = &[
    setting(
        "place[].keys",
        Form::Texts,
        Default::Is(""),
        "Keys of projects or spaces, such as `HR`, or repositories, such as `HR/payroll`. A repository's table is heard before its project's.",
    ),
    setting(
        "place[].names",
        Form::Texts,
        Default::Is(""),
        "Names of Confluence spaces, as they stand in subjects, which do not tell the key.",
    ),
    setting("place[].platform", Form::OneOf(Platform::CHOICES), Default::Unset, "The only platform it is about."),
    setting("place[].site", Form::Text, Default::Unset, "The only site it is about."),
    setting(
        "place[].headers",
        Form::FieldGlobs,
        Default::Unset,
        "Header fields by which its mail is known, such as `X-Space: HR*`; one is enough. The name stands for itself, `*` and `?` may stand in the value.",
    ),
    setting(
        "place[].senders",
        Form::AddressGlobs,
        Default::Unset,
        "Addresses in From by which its mail is known, such as `hr@example.com` for a project that sends by an address of its own.",
    ),
    setting(
        "place[].by_subject",
        Form::OneOf(BySubject::CHOICES),
        Default::Is("tighten"),
        "Whoever writes an issue may write into the subject. So a place that nothing but the subject names may demand more than would hold without it and never less. With `any` it may demand less, too.",
    ),
];

const DOMAINS: Room = Room {
    title: "[[domain]]",
    about: "What holds for recipients in some domains.",
    settings: &[setting(
        "domain[].names",
        Form::Domains,
        Default::Is(""),
        "The domains, with all below them; of several that hold, the longest is heard.",
    )],
};

const RECIPIENTS: Room = Room {
    title: "[[recipient]]",
    about: "What holds for single recipients.",
    settings: &[setting("recipient[].addresses", Form::People, Default::Is(""), "Their addresses.")],
};

const EXEMPTIONS: Room = Room {
    title: "[[exemption]]",
    about: "Mail that is spared. Everything that an exemption names has to hold; of several values of one setting one is enough. What a mail says, its subject included, is \
            never looked at, so that nobody can write a mail free. Mail that came in sealed is never spared.",
    settings: OF_EXEMPTIONS,
};

const OF_EXEMPTIONS: &[Setting] = &[
    setting(
        "exemption[].name",
        Form::Text,
        Default::Required,
        "Its name, which traces show: letters, digits, `-` and `_`.",
    ),
    setting("exemption[].enabled", Form::Truth, Default::Is("true"), "With `false` it spares nothing."),
    setting(
        "exemption[].spares",
        Form::OneOf(Spares::CHOICES),
        Default::Is("encrypt"),
        "What is not done: `encrypt`, `sign` or `both`; with `without_key` it is not encrypted only where its recipient has no key. A letter of the portal is spared no more than `without_key`, whatever stands here.",
    ),
    setting(
        "exemption[].preset",
        Form::OneOf(Preset::CHOICES),
        Default::Unset,
        "What is known of a platform's mails about accounts (invitation, new password, confirmation of an address, those to customers of a service desk as well). It narrows the exemption and is \
         not enough for one: [what identifies them](sealing.md#mails-about-accounts).",
    ),
    setting("exemption[].sites", Form::Texts, Default::Is(""), "The sites whose mail it is; empty for all."),
    setting("exemption[].envelope_from", Form::AddressGlobs, Default::Unset, "Senders in the envelope (MAIL FROM)."),
    setting("exemption[].accounts", Form::Texts, Default::Is(""), "Accounts by which the mail was submitted."),
    setting(
        "exemption[].headers",
        Form::FieldGlobs,
        Default::Unset,
        "Header fields that the platform's templates write, such as `X-Template: invite`; `*` and `?` may stand in the value. Where a field stands there several times each has to match. Fields in which people's words stand are refused.",
    ),
    setting("exemption[].recipients", Form::AddressGlobs, Default::Unset, "Recipients in the envelope."),
];

const REPORTS: Room = Room {
    title: "[[report]]",
    about: "What notices say. That of the place in the recipient's language is taken, or else that of all places in it, or else that of \
            the gateway.",
    settings: &[
        setting("report[].kind", Form::OneOf(NoticeKind::CHOICES), Default::Is("problem_report"), "Which of them."),
        setting("report[].language", Form::Language, Default::Is("en"), "Its language."),
        setting("report[].keys", Form::Texts, Default::Is(""), "Keys of places, as in `[[place]]`; empty for all."),
        setting("report[].subject", Form::Line, Default::Is(""), "Its subject; empty for the gateway's."),
        setting("report[].text", Form::LongText, Default::Required, "Its text. The link follows below."),
    ],
};

const PUBLISH: Room = Room {
    title: "[publish]",
    about: "",
    settings: &[setting(
        "publish.wkd",
        Form::Addresses,
        Default::Is(""),
        "The addresses whose OpenPGP keys of ours are published in a Web Key Directory, and whose certificates are given out. Whoever asks learns that there is such an address.",
    )],
};
