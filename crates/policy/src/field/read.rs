//! From words that a profile, a directive or a mail gives to the typed value of a field.

use super::{Allowed, Choice, FieldKind, FieldMeta, FieldValue};
use crate::ask::Account;
use crate::plan::AccountTarget;
use jiff::{Timestamp, civil};
use serde_json::Number;

/// The longest words that are read, in bytes; more is no value of a field.
const WORDS_MAX: usize = 32 * 1024;
/// The most values that one list may name.
const LIST_MAX: usize = 100;
/// The longest line of text, in characters, as Jira counts it.
const LINE_CHARS_MAX: usize = 255;
/// What parts an option from the one below it.
const CASCADE_SIGNS: [&str; 4] = [" > ", ">", " - ", ","];
/// How many allowed values a refusal names.
const NAMED_MAX: usize = 20;

/// The typed value that `words` mean for a field. Lists are parted by commas; a cascading value by ` > `, ` - ` or `,`; empty words
/// empty the field. Persons are found among `accounts`, by address or as an account's own id.
///
/// # Errors
/// A sentence that says what is wrong and what the field takes.
pub fn read(meta: &FieldMeta, words: &str, accounts: &[(String, Option<Account>)]) -> Result<FieldValue, String> {
    let words = words.trim();
    if words.len() > WORDS_MAX {
        return Err(format!("the value of {:?} is longer than {WORDS_MAX} bytes", meta.name));
    }
    if words.is_empty() {
        return Ok(FieldValue::Empty);
    }
    let person = |named: &str| person(meta, named, accounts);
    let choice = |named: &str| choice(meta, &meta.allowed, named);
    Ok(match &meta.kind {
        FieldKind::Text => FieldValue::Text(line(words)),
        FieldKind::LongText => FieldValue::LongText(words.to_owned()),
        FieldKind::Number => FieldValue::Number(number(meta, words)?),
        FieldKind::Date => FieldValue::Date(day(meta, words)?),
        FieldKind::DateTime => FieldValue::DateTime(moment(meta, words)?),
        FieldKind::Url => FieldValue::Url(web_address(meta, words)?),
        FieldKind::Option => FieldValue::Option(choice(words)?),
        FieldKind::Options => FieldValue::Options(each(meta, words, choice)?),
        FieldKind::Cascade => cascade(meta, words)?,
        FieldKind::User => FieldValue::User(person(words)?),
        FieldKind::Users => FieldValue::Users(each(meta, words, person)?),
        FieldKind::Group => FieldValue::Group(line(words)),
        FieldKind::Groups => FieldValue::Groups(each(meta, words, |name| Ok(line(name)))?),
        FieldKind::Labels => FieldValue::Labels(labels(meta, words)?),
        FieldKind::Component => FieldValue::Component(choice(words)?),
        FieldKind::Components => FieldValue::Components(each(meta, words, choice)?),
        FieldKind::Version => FieldValue::Version(choice(words)?),
        FieldKind::Versions => FieldValue::Versions(each(meta, words, choice)?),
        FieldKind::Priority => FieldValue::Priority(choice(words)?),
        FieldKind::SecurityLevel => FieldValue::SecurityLevel(choice(words)?),
        FieldKind::Resolution => FieldValue::Resolution(choice(words)?),
        FieldKind::IssueType => FieldValue::IssueType(choice(words)?),
        FieldKind::Project => FieldValue::Project(choice(words)?),
        FieldKind::Parent => FieldValue::Parent(issue(meta, words)?),
        FieldKind::TimeEstimate => FieldValue::TimeEstimate { original: Some(work(meta, words)?), remaining: None },
        FieldKind::Sprint => FieldValue::Sprint(words.parse().map_err(|_| wrong(meta, words))?),
        FieldKind::RequestType => request_type(meta, words)?,
        FieldKind::Organisations => FieldValue::Organisations(each(meta, words, |name| Ok(line(name)))?),
        FieldKind::ReadOnly(kind) => return Err(format!("{:?} ({kind}) can be seen and not written", meta.name)),
        FieldKind::Unknown(kind) => {
            return Err(format!("{:?} is of a kind that is not known here ({kind}), so nothing is written", meta.name));
        }
    })
}

/// The addresses and ids in `words` of which [`read`] will need the account; empty for fields that hold no persons.
pub fn accounts_named(meta: &FieldMeta, words: &str) -> Vec<String> {
    match meta.kind {
        FieldKind::User => vec![words.trim().to_owned()].into_iter().filter(|named| !named.is_empty()).collect(),
        FieldKind::Users => items(words).take(LIST_MAX).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

fn items(words: &str) -> impl Iterator<Item = &str> {
    words.split([',', '\n']).map(str::trim).filter(|item| !item.is_empty())
}

fn each<T: PartialEq>(
    meta: &FieldMeta,
    words: &str,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    let mut all = Vec::new();
    for item in items(words) {
        let value = read(item)?;
        if !all.contains(&value) {
            all.push(value);
        }
    }
    match all.len() > LIST_MAX {
        true => Err(format!("{:?} is given more than {LIST_MAX} values", meta.name)),
        false => Ok(all),
    }
}

fn wrong(meta: &FieldMeta, words: &str) -> String {
    format!("{:?} takes {}, and {:?} is none", meta.name, meta.kind.in_words(), short(words))
}

fn short(words: &str) -> String {
    words.chars().filter(|c| !c.is_control()).take(60).collect()
}

/// On one line and no longer than a line of text may be.
fn line(words: &str) -> String {
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().take(LINE_CHARS_MAX).collect()
}

/// `1234.5`; a comma counts as the point only where it cannot part thousands.
fn number(meta: &FieldMeta, words: &str) -> Result<Number, String> {
    let words = match words.split_once(',') {
        Some((whole, rest)) if !words.contains('.') && rest.len() != 3 && !rest.contains(',') => {
            format!("{whole}.{rest}")
        }
        Some(_) => return Err(wrong(meta, words)),
        None => words.to_owned(),
    };
    if let Ok(whole) = words.parse::<i64>() {
        return Ok(whole.into());
    }
    let plain = words.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
    let number = words.parse::<f64>().ok().filter(|_| plain).and_then(Number::from_f64);
    number.ok_or_else(|| wrong(meta, &words))
}

/// ISO 8601 as RFC 3339 narrows it: `2026-11-26`, also as the first part of a moment.
fn day(meta: &FieldMeta, words: &str) -> Result<String, String> {
    let day = words.get(..10).filter(|_| words.len() == 10 || words[10..].starts_with(['T', ' ']));
    day.filter(|day| is_day(day)).map(str::to_owned).ok_or_else(|| wrong(meta, words) + " (2026-11-26)")
}

fn is_day(words: &str) -> bool {
    words.len() == 10 && words.parse::<civil::Date>().is_ok()
}

/// A moment in UTC; a day alone is its midnight there.
fn moment(meta: &FieldMeta, words: &str) -> Result<String, String> {
    let zoned = if is_day(words) { format!("{words}T00:00:00Z") } else { words.replacen(' ', "T", 1) };
    match zoned.parse::<Timestamp>() {
        Ok(moment) => Ok(moment.to_string()),
        Err(_) => Err(wrong(meta, words) + " (2026-11-26T15:30:00+01:00)"),
    }
}

fn web_address(meta: &FieldMeta, words: &str) -> Result<String, String> {
    let lower = words.to_ascii_lowercase();
    let known = ["http://", "https://", "mailto:"].iter().any(|scheme| lower.starts_with(scheme));
    let plain = !words.contains(|c: char| c.is_whitespace() || c.is_control());
    if known && plain { Ok(words.to_owned()) } else { Err(wrong(meta, words)) }
}

/// By id or, without regard to case, by name. Where the tracker does not name what it allows the words go as they are, and it
/// judges them.
fn choice(meta: &FieldMeta, allowed: &[Allowed], words: &str) -> Result<Choice, String> {
    let lower = words.trim().to_lowercase();
    let by_name = allowed.iter().find(|one| one.name.trim().to_lowercase() == lower);
    let found = by_name.or_else(|| allowed.iter().find(|one| one.id == words.trim()));
    match found {
        Some(one) => Ok(Choice { id: Some(one.id.clone()), name: one.name.clone() }),
        None if !meta.allowed_all => Ok(Choice::named(&line(words))),
        None => {
            let mut names: Vec<&str> = allowed.iter().take(NAMED_MAX).map(|one| one.name.as_str()).collect();
            if allowed.len() > NAMED_MAX {
                names.push("…");
            }
            Err(format!("{:?} does not allow {:?}, only {}", meta.name, short(words), names.join(", ")))
        }
    }
}

/// `Hardware > Printer`. Names may hold the sign themselves, so the words are tried whole and parted at each sign.
fn cascade(meta: &FieldMeta, words: &str) -> Result<FieldValue, String> {
    let mut parted = CASCADE_SIGNS.iter().flat_map(|sign| words.match_indices(sign)).take(LIST_MAX).peekable();
    if (meta.allowed_all || parted.peek().is_none())
        && let Ok(parent) = choice(meta, &meta.allowed, words)
    {
        return Ok(FieldValue::Cascade(parent, None));
    }
    let mut refused = None;
    for (at, sign) in parted {
        let (parent, child) = (&words[..at], &words[at + sign.len()..]);
        let Ok(parent) = choice(meta, &meta.allowed, parent) else { continue };
        let below = meta.allowed.iter().find(|one| Some(&one.id) == parent.id.as_ref());
        match choice(meta, below.map_or(&[][..], |one| &one.children), child) {
            Ok(child) => return Ok(FieldValue::Cascade(parent, Some(child))),
            Err(why) => refused = refused.or(Some(why)),
        }
    }
    Err(refused.or_else(|| choice(meta, &meta.allowed, words).err()).unwrap_or_else(|| wrong(meta, words)))
}

fn person(meta: &FieldMeta, named: &str, accounts: &[(String, Option<Account>)]) -> Result<AccountTarget, String> {
    let named = named.trim();
    let asked = accounts.iter().find(|(asked, _)| asked.trim().eq_ignore_ascii_case(named));
    match asked {
        Some((_, Some(account))) => Ok(AccountTarget::Id(account.id.clone())),
        Some((_, None)) => Err(format!("{:?}: the tracker knows nobody called {:?}", meta.name, short(named))),
        None => Err(format!("{:?}: it is not known who {:?} is", meta.name, short(named))),
    }
}

/// Labels hold no white space, so each word between commas is joined by `_`; spaces part labels where there is no comma.
fn labels(meta: &FieldMeta, words: &str) -> Result<Vec<String>, String> {
    let one =
        |label: &str| Ok(label.split_whitespace().collect::<Vec<_>>().join("_").chars().take(LINE_CHARS_MAX).collect());
    match words.contains([',', '\n']) {
        true => each(meta, words, one),
        false => each(meta, &words.split_whitespace().collect::<Vec<_>>().join(","), one),
    }
}

/// A key such as `DEMO-7`, or a numeric id.
fn issue(meta: &FieldMeta, words: &str) -> Result<String, String> {
    let is_key = words.split_once('-').is_some_and(|(project, number)| {
        !project.is_empty() && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    });
    let plain = words.len() <= 64 && words.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let is_id = words.bytes().all(|byte| byte.is_ascii_digit());
    if plain && (is_key || is_id) { Ok(words.to_ascii_uppercase()) } else { Err(wrong(meta, words)) }
}

/// `1w7d12h30m` or `2h 30m`: numbers with a unit each, in Jira's form.
fn work(meta: &FieldMeta, words: &str) -> Result<String, String> {
    let mut parts = Vec::new();
    let mut digits = String::new();
    for c in words.chars().filter(|c| !c.is_whitespace()) {
        match c {
            '0'..='9' | '.' if digits.len() < 8 => digits.push(c),
            'w' | 'd' | 'h' | 'm' | 'W' | 'D' | 'H' | 'M' if !digits.is_empty() => {
                parts.push(format!("{digits}{}", c.to_ascii_lowercase()));
                digits.clear();
            }
            _ => return Err(wrong(meta, words)),
        }
    }
    match (parts.is_empty(), digits.is_empty()) {
        // Minutes alone, as Jira takes a bare number.
        (true, false) => Ok(format!("{digits}m")),
        (false, true) if parts.len() <= 8 => Ok(parts.join(" ")),
        _ => Err(wrong(meta, words)),
    }
}

/// By name or id, or as the field itself holds it: `portal/key`. A tracker takes no bare name, so one that leads to no id is refused.
fn request_type(meta: &FieldMeta, words: &str) -> Result<FieldValue, String> {
    let lower = words.trim().to_lowercase();
    let named: Vec<&Allowed> = meta.allowed.iter().filter(|one| one.name.trim().to_lowercase() == lower).collect();
    if named.len() > 1 {
        let ids: Vec<&str> = named.iter().map(|one| one.id.as_str()).collect();
        return Err(format!(
            "several request types are called {:?}; name one by its id: {}",
            short(words),
            ids.join(", ")
        ));
    }
    let plain =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let is_whole = words.split_once('/').is_some_and(|(portal, key)| plain(portal) && plain(key));
    if named.is_empty() && is_whole {
        return Ok(FieldValue::RequestType(words.to_owned()));
    }
    match choice(meta, &meta.allowed, words)? {
        Choice { id: Some(id), .. } => Ok(FieldValue::RequestType(id)),
        Choice { name, .. } if name.bytes().all(|byte| byte.is_ascii_digit()) => Ok(FieldValue::RequestType(name)),
        Choice { name, .. } => Err(format!(
            "{:?}: the service desk does not tell its request types, so write the id of {:?}",
            meta.name,
            short(&name)
        )),
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
