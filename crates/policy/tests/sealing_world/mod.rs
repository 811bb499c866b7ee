//! Rules, mails and keys by chance, for what holds for all of them.
#![allow(clippy::unwrap_used)]

use policy::Told;
use policy::sealing::{Algorithm, Key, KeyFacts, MailFacts, Origin, Question, Scheme, Trust};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// A word, or nothing.
pub type Word = Option<&'static str>;

/// What one table says; every setting may be left out.
#[derive(Debug, Clone, Default)]
pub struct Table {
    pub encrypt: Option<&'static str>,
    pub sign: Option<&'static str>,
    pub fallback: Option<&'static str>,
    pub scheme: Option<&'static str>,
    pub lookup_failed: Option<&'static str>,
    pub no_signing_key: Option<&'static str>,
    pub rsa_bits_min: Option<u32>,
    pub any: bool,
}

/// A file of rules. Places are `HR`, `PUB` and `HR/payroll`; domains `a.example` and `sub.a.example`; the recipient is `ann@sub.a.example`.
#[derive(Debug, Clone)]
pub struct File {
    pub default: Table,
    pub site: Table,
    pub places: [Table; 3],
    pub domains: [Table; 2],
    pub recipient: Table,
    /// Which account, envelope and field an exemption names, and what it spares.
    pub exemption: Option<(Word, Word, Word, &'static str)>,
}

pub const PLACES: [&str; 3] = ["HR", "PUB", "HR/payroll"];
pub const RECIPIENTS: [&str; 3] = ["Ann@sub.a.example", "bob@a.example", "cy@b.example"];

impl Table {
    pub fn toml(&self) -> String {
        let words = [
            ("encrypt", self.encrypt),
            ("sign", self.sign),
            ("fallback", self.fallback),
            ("scheme", self.scheme),
            ("lookup_failed", self.lookup_failed),
            ("no_signing_key", self.no_signing_key),
        ];
        let words = words.iter().filter_map(|(key, word)| word.map(|word| format!("{key} = \"{word}\"\n")));
        words.chain(self.rsa_bits_min.map(|bits| format!("rsa_bits_min = {bits}\n"))).collect()
    }
}

impl File {
    pub fn toml(&self) -> String {
        let mut text = format!("version = 1\n[default]\n{}", self.default.toml());
        text += &format!("[[site]]\nname = \"s\"\n{}", self.site.toml());
        for (key, place) in PLACES.iter().zip(&self.places) {
            let any = if place.any { "by_subject = \"any\"\n" } else { "" };
            text += &format!("[[place]]\nkeys = [\"{key}\"]\n{any}{}", place.toml());
        }
        for (name, domain) in ["a.example", "sub.a.example"].iter().zip(&self.domains) {
            text += &format!("[[domain]]\nnames = [\"{name}\"]\n{}", domain.toml());
        }
        text += &format!("[[recipient]]\naddresses = [\"ann@sub.a.example\"]\n{}", self.recipient.toml());
        if let Some((account, envelope, field, spares)) = self.exemption {
            let some = |key: &str, value: Option<&str>| {
                value.map_or_else(String::new, |value| format!("{key} = [\"{value}\"]\n"))
            };
            text += &format!("[[exemption]]\nname = \"x\"\nspares = \"{spares}\"\n");
            text += &(some("accounts", account) + &some("envelope_from", envelope) + &some("headers", field));
        }
        text
    }
}

/// Where a mail says that it belongs: a key in a field, and keys in its subject, the first where platforms write it.
#[derive(Debug, Clone)]
pub struct Letter {
    pub field: Option<&'static str>,
    pub subject: Vec<&'static str>,
    pub account: Option<&'static str>,
    pub envelope: Option<&'static str>,
    pub template: Option<&'static str>,
    pub came_sealed: bool,
    pub authors: usize,
}

impl Letter {
    pub fn mail(&self) -> MailFacts {
        let mut mail =
            MailFacts { now_s: 1_000, site: "s".into(), came_sealed: self.came_sealed, ..MailFacts::default() };
        mail.account = self.account.map(str::to_owned);
        mail.envelope_from = self.envelope.map(str::to_owned);
        mail.recipients = RECIPIENTS.map(str::to_owned).to_vec();
        let mut field = |name: &str, value: &str| {
            mail.headers.other.push(mail::OtherField { name: name.into(), value: value.into() });
        };
        self.field.iter().for_each(|key| field("x-jira-project", key));
        self.template.iter().for_each(|value| field("x-template", value));
        mail.headers.subject = self.subject.iter().map(|key| format!("({key}-1) ")).collect();
        let author = mail::Address { name: None, address: "support@example.com".into() };
        mail.headers.from = vec![author; self.authors];
        mail
    }
}

pub fn table() -> impl Strategy<Value = Table> {
    let said = |words: &'static [&'static str]| prop::option::weighted(0.4, select(words));
    (
        said(&["never", "when_possible", "always", "always"]),
        said(&["never", "when_possible", "always"]),
        said(&["problem_report", "send_plain", "sign_only", "link_only", "hold", "do_not_send"]),
        said(&["smime_only", "smime_preferred", "pgp_preferred", "pgp_only"]),
        said(&["hold", "as_without_key"]),
        said(&["hold", "do_not_send", "send"]),
        prop::option::weighted(0.2, select(&[2048u32, 3072, 4096][..])),
        any::<bool>(),
    )
        .prop_map(|(encrypt, sign, fallback, scheme, lookup_failed, no_signing_key, rsa_bits_min, any)| Table {
            encrypt,
            sign,
            fallback,
            scheme,
            lookup_failed,
            no_signing_key,
            rsa_bits_min,
            any,
        })
}

pub fn file() -> impl Strategy<Value = File> {
    let named = |words: &'static [&'static str]| prop::option::of(select(words));
    let exemption = (
        named(&["jira", "wiki"]),
        named(&["jira@example.com", "wiki@example.com"]),
        named(&["X-Template: invite", "X-Template: reset"]),
        select(&["encrypt", "sign", "both"][..]),
    );
    let exemption = prop::option::of(
        exemption.prop_filter("it names something", |(a, b, c, _)| a.is_some() || b.is_some() || c.is_some()),
    );
    (table(), table(), [table(), table(), table()], [table(), table()], table(), exemption).prop_map(
        |(default, site, places, domains, recipient, exemption)| File {
            default,
            site,
            places,
            domains,
            recipient,
            exemption,
        },
    )
}

pub fn letter() -> impl Strategy<Value = Letter> {
    let named = |words: &'static [&'static str]| prop::option::of(select(words));
    let keys = subsequence(vec!["HR", "PUB", "OTHER"], 0..=3).prop_shuffle();
    (
        prop::option::weighted(0.3, select(&["HR", "PUB", "HR/payroll", "HR/other", "OTHER"][..])),
        keys,
        named(&["jira", "wiki", "ann"]),
        named(&["jira@example.com", "wiki@example.com", "ann@example.com"]),
        named(&["invite", "reset", "comment"]),
        prop::bool::weighted(0.2),
        prop::sample::select(&[1usize, 1, 1, 1, 0, 2][..]),
    )
        .prop_map(|(field, subject, account, envelope, template, came_sealed, authors)| Letter {
            field,
            subject,
            account,
            envelope,
            template,
            came_sealed,
            authors,
        })
}

pub fn key() -> impl Strategy<Value = Key> {
    let trust = select(
        &[
            Trust::Trusted,
            Trust::Trusted,
            Trust::Trusted,
            Trust::Revoked,
            Trust::Untrusted(policy::sealing::Distrust::SelfSigned),
            Trust::Unknown { good_days: None },
            Trust::Unknown { good_days: Some(3) },
            Trust::Unknown { good_days: Some(8) },
        ][..],
    );
    let kind = select(
        &[
            (Algorithm::Rsa, 1024),
            (Algorithm::Rsa, 2048),
            (Algorithm::Rsa, 4096),
            (Algorithm::P256, 256),
            (Algorithm::Other, 4096),
        ][..],
    );
    let origin = select(&[Origin::Upload, Origin::Harvested, Origin::Directory, Origin::Dns][..]);
    let times =
        select(&[(None, None), (None, None), (Some(900), Some(1_100)), (Some(1_001), None), (None, Some(999))][..]);
    ("[0-9A-F]{8}", origin, kind, times, prop::bool::weighted(0.8), prop::bool::weighted(0.8), trust).prop_map(
        |(fingerprint, origin, (algorithm, bits), (not_before_s, not_after_s), signs, encrypts, trust)| Key {
            fingerprint,
            origin,
            algorithm,
            bits,
            beside: Vec::new(),
            version: None,
            reads_seipd_v2: false,
            not_before_s,
            not_after_s,
            signs,
            encrypts,
            trust,
        },
    )
}

/// Every answer there is: of each recipient and of ours, by each scheme.
pub fn world() -> impl Strategy<Value = KeyFacts> {
    let told = || {
        let keys = prop::collection::vec(key(), 0..3).prop_map(Told::Known);
        prop_oneof![5 => keys, 1 => Just(Told::Untold("the directory does not answer".to_owned()))]
    };
    prop::collection::vec(told(), 8).prop_map(|all| {
        let mut facts = KeyFacts::default();
        all.into_iter().zip(questions()).for_each(|(told, question)| facts.answer(&question, told));
        facts
    })
}

pub fn questions() -> impl Iterator<Item = Question> {
    let of = |scheme| (0..3).map(move |recipient| Question::RecipientKeys { recipient, scheme });
    let own = [Scheme::Smime, Scheme::Pgp].map(|scheme| Question::OwnKeys { scheme });
    of(Scheme::Smime).chain(of(Scheme::Pgp)).chain(own)
}
