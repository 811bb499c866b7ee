//! Reads the mail and the keys of cases about sealing, answers questions from them, and shows what was decided.
#![allow(clippy::unwrap_used, dead_code, reason = "each test uses a part of it")]

use policy::sealing::{Algorithm, Key, KeyFacts, MailFacts, Question, ROUNDS_MAX, Scheme, SealingPlan, Trust, ask};
use policy::{SealingRules, Told};
use serde::de::DeserializeOwned;
use std::fmt::Write;

/// The value that a word stands for.
pub fn word<T: DeserializeOwned>(word: &str) -> T {
    serde_json::from_value(serde_json::Value::String(word.into())).unwrap_or_else(|error| panic!("{word}: {error}"))
}

/// Lines `now`, `site`, `envelope`, `account`, `from`, `to`, `sealed`, `subject`, `id`, `reply-to-id`, and `header Name: value`.
pub fn mail(text: &str) -> MailFacts {
    let mut mail = MailFacts { now_s: 1_000_000, ..MailFacts::default() };
    for line in text.lines() {
        let (word, value) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "now" => mail.now_s = value.parse().unwrap(),
            "site" => value.clone_into(&mut mail.site),
            "envelope" => mail.envelope_from = Some(value.to_owned()),
            "account" => mail.account = Some(value.to_owned()),
            "from" => mail.headers.from.push(mail::Address { name: None, address: value.to_owned() }),
            "to" => mail.recipients.push(value.to_owned()),
            "sealed" => mail.came_sealed = true,
            "subject" => value.clone_into(&mut mail.headers.subject),
            "id" => mail.headers.message_id = Some(value.to_owned()),
            "reply-to-id" => mail.headers.in_reply_to.push(value.to_owned()),
            "header" => {
                let (name, value) = value.split_once(": ").unwrap();
                mail.headers.other.push(mail::OtherField { name: name.to_lowercase(), value: value.to_owned() });
            }
            _ => panic!("{line}: no line of a mail"),
        }
    }
    mail
}

/// Lines `WHO SCHEME FINGERPRINT ORIGIN ALGORITHM BITS TRUST [from=S] [until=S] [only=sign|encrypt] [beside=ALGORITHM:BITS,…] [version=4|6] [seipdv2]`, where WHO is the number of a recipient or `own`; or
/// `WHO SCHEME untold`. Trust is `trusted`, `revoked`, `unknown`, `unknown:DAYS` or `untrusted:WHY`.
pub fn keys(text: &str) -> KeyFacts {
    let mut facts = KeyFacts::default();
    let mut told: Vec<(Question, Told<Vec<Key>>)> = Vec::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let scheme: Scheme = word(words[1]);
        let question = match words[0] {
            "own" => Question::OwnKeys { scheme },
            number => Question::RecipientKeys { recipient: number.parse().unwrap(), scheme },
        };
        if words[2] == "untold" {
            told.push((question, Told::Untold("the directory does not answer".into())));
            continue;
        }
        let option = |name: &str| words.iter().find_map(|word| word.strip_prefix(name));
        let trust = match words[6].split_once(':') {
            Some(("unknown", days)) => Trust::Unknown { good_days: Some(days.parse().unwrap()) },
            Some(("untrusted", why)) => Trust::Untrusted(word(why)),
            _ if words[6] == "unknown" => Trust::Unknown { good_days: None },
            _ => word(words[6]),
        };
        let key = Key {
            fingerprint: words[2].to_owned(),
            origin: word(words[3]),
            algorithm: word(words[4]),
            bits: words[5].parse().unwrap(),
            beside: option("beside=").into_iter().flat_map(|all| all.split(',')).map(part).collect(),
            version: option("version=").map(|version| version.parse().unwrap()),
            reads_seipd_v2: words.contains(&"seipdv2"),
            not_before_s: option("from=").map(|at| at.parse().unwrap()),
            not_after_s: option("until=").map(|at| at.parse().unwrap()),
            signs: option("only=").is_none_or(|only| only == "sign"),
            encrypts: option("only=").is_none_or(|only| only == "encrypt"),
            trust,
        };
        match told.iter_mut().find(|(known, _)| *known == question) {
            Some((_, Told::Known(keys))) => keys.push(key),
            _ => told.push((question, Told::Known(vec![key]))),
        }
    }
    told.into_iter().for_each(|(question, keys)| facts.answer(&question, keys));
    facts
}

/// A further part of a key, as `rsa:2048`.
fn part(text: &str) -> (Algorithm, u32) {
    let (kind, bits) = text.split_once(':').unwrap();
    (word(kind), bits.parse().unwrap())
}

/// Asks until nothing is open; what the world does not tell is nothing. Returns what was asked in which round, and what is known then.
pub fn question(mail: &MailFacts, rules: &SealingRules, world: &KeyFacts) -> (String, KeyFacts) {
    let (mut asked, mut known) = (String::new(), KeyFacts::default());
    for round in 1..=ROUNDS_MAX {
        let open = ask(mail, rules, &known);
        if open.is_empty() {
            break;
        }
        for question in open {
            let _ = writeln!(asked, "{round} {}", serde_json::to_string(&question).unwrap());
            match world.told(&question) {
                Some(told) => known.answer(&question, told.clone()),
                None => known.answer_with_nothing(&question),
            }
        }
    }
    assert_eq!(ask(mail, rules, &known), [], "asking ends");
    (asked, known)
}

/// The plan as cases show it.
pub fn shown(plan: &SealingPlan) -> String {
    let mut text = String::new();
    let place = serde_json::to_string(&plan.place).unwrap();
    let platform = plan.platform.map_or_else(|| "unknown".to_owned(), |platform| platform.to_string());
    let _ = writeln!(text, "platform {platform}, place {place}");
    for one in &plan.recipients {
        let _ = writeln!(text, "{} {}", one.recipient, serde_json::to_string(&one.fate).unwrap());
        for exemption in &one.trace.exemptions {
            let holds = if exemption.holds { "spares" } else { "does not spare" };
            let _ = writeln!(text, "  exemption {} {} {holds}: {}", exemption.number, exemption.name, exemption.why);
        }
        for key in &one.trace.keys {
            let sign = if key.taken { "+" } else { "-" };
            let soon = if key.ends_soon { ", ends soon" } else { "" };
            let purpose: String = serde_json::to_value(key.purpose).unwrap().as_str().unwrap().to_owned();
            let name = &key.fingerprint;
            let _ = writeln!(
                text,
                "  {sign} {purpose} {} {} {name}, {}, {} {}{soon}: {}",
                key.scheme, key.number, key.origin, key.algorithm, key.bits, key.why
            );
        }
        for step in &one.trace.steps {
            let _ = writeln!(text, "  {step}");
        }
        let said = one.trace.rules.iter().filter(|rule| rule.level != "default");
        for rule in said {
            let _ = writeln!(text, "  {} = {} by {}", rule.setting, rule.value, rule.level);
        }
    }
    text
}
