//! People without an account in fields of the issue, where a profile wants them there. Who sees the issue sees them (PRIV-12).

use super::super::association::is_known_to_take_part;
use super::super::evidence::Evidence;
use super::super::fields::Wish;
use super::super::verdict::Trace;
use super::company::Brought;
use super::{KEPT_MAX, account, addresses, field_ids, texts};
use crate::profile::{Mapping, Reporter};
use crate::{FieldSetting, FieldValue, IssueFacts, Question};

/// The most people of one mail who are looked up.
const NEWCOMERS_MAX: usize = 20;
/// A line of this length may have been cut, in characters.
const LINE_CHARS_MAX: usize = 255;

/// What a new issue gets: its sender, where no account of his reports it, and those whom he addresses and who have none.
pub(in super::super) fn of_new_issue(
    evidence: &Evidence,
    mapping: &Mapping,
    brought: &Brought,
) -> Result<Vec<Wish>, Vec<Question>> {
    let mut wishes = Vec::new();
    let sender = evidence.person().filter(|address| evidence.may_join(address, mapping));
    if let Some(address) =
        sender.filter(|_| !mapping.sender_address_field.is_empty() || !mapping.sender_name_field.is_empty())
        && !reports(evidence, mapping, brought)?
    {
        let name = evidence.sender.author.as_ref().and_then(|author| author.name.as_deref()).unwrap_or_default();
        wishes.extend(wish(&mapping.sender_address_field, address));
        wishes.extend(wish(&mapping.sender_name_field, name));
    }
    if !mapping.participants_field.is_empty() {
        let others =
            without_account(evidence, addressed(evidence, mapping).filter(|one| Some(one.as_str()) != sender))?;
        wishes.extend(wish(&mapping.participants_field, &others.join("\n")));
    }
    Ok(wishes)
}

/// What an issue gets with a comment of somebody who takes part: who is not in its fields yet, behind what stands there.
pub(in super::super) fn of_comment(
    evidence: &Evidence,
    mapping: &Mapping,
    issue: &IssueFacts,
    trace: &mut Trace,
) -> Result<Vec<Wish>, Vec<Question>> {
    const QUESTION: &str = "Who is new among the participants?";
    let field = &mapping.participants_field;
    if field.is_empty() || !is_known_to_take_part(evidence, &issue.id) {
        return Ok(Vec::new());
    }
    let named = [field.clone(), mapping.sender_address_field.clone()];
    let named = if named[1].is_empty() { &named[..1] } else { &named[..] };
    let ids = field_ids(evidence, &issue.id, named)?;
    let Some(id) = ids.first().cloned().flatten() else {
        trace.note(QUESTION, format!("the issue has no field {field:?}"), "it is left out");
        return Ok(Vec::new());
    };
    let known = texts(evidence, &issue.id, &ids.into_iter().flatten().collect::<Vec<_>>())?;
    let Some(known) = known.into_iter().map(|told| told.known()).collect::<Option<Vec<_>>>() else {
        trace.note(QUESTION, "what stands there is not told", "it is left as it is");
        return Ok(Vec::new());
    };
    let there: Vec<String> = known.iter().flat_map(|text| addresses(text)).collect();
    let is_new = |address: &String| !there.contains(address) && !issue.shows(address);
    let sender = evidence.person().filter(|address| evidence.may_join(address, mapping)).map(str::to_owned);
    let everybody = sender.into_iter().chain(addressed(evidence, mapping)).filter(is_new);
    let newcomers = without_account(evidence, everybody)?;
    if newcomers.is_empty() {
        return Ok(Vec::new());
    }
    if there.len() + newcomers.len() > KEPT_MAX {
        trace.note(QUESTION, format!("{} people are there already", there.len()), "nobody is added");
        return Ok(Vec::new());
    }
    let before = known.first().map_or("", |text| text.trim());
    let words = format!("{before}\n{}", newcomers.join("\n"));
    Ok(wish(&id, words.trim()).into_iter().collect())
}

/// A line that was cut where an address stood names somebody else: it loses that address.
pub(in super::super) fn with_whole_addresses(mapping: &Mapping, set: &mut [FieldSetting]) {
    let is_it = |setting: &FieldSetting| {
        [&setting.id, &setting.name]
            .into_iter()
            .any(|name| name.eq_ignore_ascii_case(mapping.participants_field.trim()))
    };
    for setting in set.iter_mut().filter(|setting| is_it(setting)) {
        if let FieldValue::Text(line) = &mut setting.value
            && line.chars().count() >= LINE_CHARS_MAX
        {
            line.truncate(line.rfind(' ').unwrap_or_default());
        }
    }
}

/// Whether an account of the sender's reports the new issue.
fn reports(evidence: &Evidence, mapping: &Mapping, brought: &Brought) -> Result<bool, Vec<Question>> {
    let Some(author) = evidence.proved_person().filter(|_| mapping.reporter == Reporter::Sender) else {
        return Ok(false);
    };
    Ok(brought.reporter.is_some() || account(evidence, author)?.is_some_and(|account| account.active))
}

/// Those in To and Cc who may join, each once.
fn addressed(evidence: &Evidence, mapping: &Mapping) -> impl Iterator<Item = String> {
    let mut known = std::collections::HashSet::new();
    evidence.addressed().filter(move |address| evidence.may_join(address, mapping) && known.insert(address.clone()))
}

fn without_account(evidence: &Evidence, people: impl Iterator<Item = String>) -> Result<Vec<String>, Vec<Question>> {
    let (mut without, mut open) = (Vec::new(), Vec::new());
    for address in people.take(NEWCOMERS_MAX) {
        match account(evidence, &address) {
            Ok(Some(_)) => {}
            Ok(None) => without.push(address),
            Err(questions) => open.extend(questions),
        }
    }
    if open.is_empty() { Ok(without) } else { Err(open) }
}

fn wish(field: &str, words: &str) -> Option<Wish> {
    let is_wanted = !field.is_empty() && !words.trim().is_empty();
    is_wanted.then(|| Wish { from_mail: true, ..Wish::set(field, words) })
}
