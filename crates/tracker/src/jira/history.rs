//! What happened to issues, read where it stands and told as the same events that webhooks tell of.
//!
//! What was deleted stands nowhere, and of several edits of one comment only the last does.

use super::answer::{Lack, next_page, number};
use super::path::segment;
use super::request::{get, search};
use super::{COMMENTS_PER_PAGE, ISSUES_PER_PAGE, Kind, jql};
use crate::answer::{Answer, Touched};
use crate::http::{Content, Request};
use crate::operation::{HistoryList, Operation};
use crate::webhook::{Item, User, actor, change, cut, id, moment_ms};
use policy::event::{EVENT_CHANGES_MAX, Event, EventKind};
use serde::Deserialize;
use serde_json::{Value, json};

/// How many entries of a history, or of work, one page is asked to hold; Jira may send fewer.
const ENTRIES_PER_PAGE: u32 = 100;

/// Data Center counts its pages. An issue that is touched between two of them moves to the end, and those behind it move up by one each:
/// so many may do so before one is passed over.
const STEP_BACK: u64 = 10;

/// The request for one of these operations; `None` for any other.
pub(super) fn request(kind: Kind, operation: &Operation) -> Option<Request> {
    let api = kind.api();
    Some(match operation {
        Operation::ReadClock => get(format!("{api}/serverInfo")),
        Operation::FindTouched { since_minutes, page_token } => {
            let jql = jql::touched_since(*since_minutes);
            let mut request = search(kind, &jql, ISSUES_PER_PAGE, page_token.as_deref());
            if let Content::Json(Value::Object(body)) = &mut request.content {
                body.insert("fields".to_owned(), json!(["created", "creator", "updated"]));
                body.remove("properties");
            }
            request
        }
        Operation::ReadHistory { issue_id, .. } => {
            get(format!("{api}/issue/{}?fields=comment,worklog&expand=changelog", segment(issue_id)))
        }
        Operation::ReadHistoryPage { issue_id, list, start_at, .. } => page(kind, issue_id, *list, *start_at),
        _ => return None,
    })
}

fn page(kind: Kind, issue_id: &str, list: HistoryList, start_at: u64) -> Request {
    let issue = format!("{}/issue/{}", kind.api(), segment(issue_id));
    get(match (list, kind) {
        (HistoryList::Changes, Kind::Cloud) => {
            format!("{issue}/changelog?startAt={start_at}&maxResults={ENTRIES_PER_PAGE}")
        }
        // It has no pages of them, and always tells all.
        (HistoryList::Changes, Kind::DataCenter) => format!("{issue}?fields=created&expand=changelog"),
        (HistoryList::Comments, _) => {
            format!("{issue}/comment?startAt={start_at}&maxResults={COMMENTS_PER_PAGE}&orderBy=created")
        }
        (HistoryList::Work, _) => format!("{issue}/worklog?startAt={start_at}&maxResults={ENTRIES_PER_PAGE}"),
    })
}

/// What the answer to one of these operations says; `None` for any other.
pub(super) fn answer(kind: Kind, operation: &Operation, json: &Value) -> Option<Result<Answer, Lack>> {
    Some(match operation {
        Operation::ReadClock => {
            let time = json["serverTime"].as_str().and_then(moment_ms);
            time.map(Answer::Clock).ok_or(Lack("serverTime"))
        }
        Operation::FindTouched { .. } => touched(kind, json),
        Operation::ReadHistory { since_ms, .. } => whole(kind, json, *since_ms),
        Operation::ReadHistoryPage { issue_id, issue_key, list, start_at, since_ms } => {
            let of = Of { issue_id, issue_key, since_ms: *since_ms };
            one_page(kind, json, &of, *list, *start_at)
        }
        _ => return None,
    })
}

/// Of which issue something is told, and since when.
struct Of<'o> {
    issue_id: &'o str,
    issue_key: &'o str,
    since_ms: i64,
}

impl Of<'_> {
    fn event(&self, kind: EventKind, at_ms: i64, by: Option<&User>) -> Event {
        Event {
            kind,
            issue_id: self.issue_id.to_owned(),
            issue_key: (!self.issue_key.is_empty()).then(|| cut(self.issue_key, 255)),
            at_ms,
            actor: by.and_then(actor),
            part: None,
            changes: Vec::new(),
            last: None,
        }
    }
}

/// Changes that were made together.
#[derive(Deserialize)]
struct Entry {
    id: Value,
    author: Option<User>,
    created: String,
    #[serde(default)]
    items: Vec<Item>,
}

/// A comment, or an entry of work.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    id: Value,
    author: Option<User>,
    update_author: Option<User>,
    created: String,
    updated: Option<String>,
}

fn touched(kind: Kind, json: &Value) -> Result<Answer, Lack> {
    let list = json["issues"].as_array().ok_or(Lack("issues"))?;
    let issues = list.iter().map(one_touched).collect::<Option<Vec<_>>>().ok_or(Lack("updated"))?;
    let mut next_page = next_page(kind, json)?;
    if let (Kind::DataCenter, Some(next)) = (kind, &mut next_page) {
        // At least one further than before, or the pages would never end.
        let back = STEP_BACK.min((issues.len() as u64).saturating_sub(1));
        *next = next.parse::<u64>().unwrap_or_default().saturating_sub(back).to_string();
    }
    Ok(Answer::Touched { issues, next_page })
}

fn one_touched(issue: &Value) -> Option<Touched> {
    let (issue_id, fields) = (id(&issue["id"])?, &issue["fields"]);
    let key = issue["key"].as_str().unwrap_or_default();
    // The account of whoever made it may be gone.
    let creator = User::deserialize(&fields["creator"]).ok();
    let of = Of { issue_id: &issue_id, issue_key: key, since_ms: 0 };
    let created = of.event(EventKind::Created, moment_ms(fields["created"].as_str()?)?, creator.as_ref());
    let updated_ms = moment_ms(fields["updated"].as_str()?)?;
    Some(Touched { created, updated_ms, key: key.to_owned(), id: issue_id })
}

/// An issue with what of its lists stands in it.
fn whole(kind: Kind, json: &Value, since_ms: i64) -> Result<Answer, Lack> {
    let issue_id = id(&json["id"]).ok_or(Lack("id"))?;
    let of = Of { issue_id: &issue_id, issue_key: json["key"].as_str().unwrap_or_default(), since_ms };
    let (log, fields) = (&json["changelog"], &json["fields"]);
    let mut events = Vec::new();
    let mut owed = Vec::new();
    let entries = entries(&log["histories"])?;
    // The newest stand here, and the others matter as long as all of these do.
    let is_cut = number(&log["total"]).is_some_and(|total| total > entries.len() as u64);
    let newest_first = entries.is_sorted_by(|(one, _), (other, _)| one >= other);
    let all_matter = entries.iter().all(|(at_ms, _)| *at_ms >= since_ms);
    if is_cut && kind == Kind::Cloud && (all_matter || !newest_first) {
        owed.push((HistoryList::Changes, 0));
    } else {
        events.extend(entries.iter().filter_map(|(at_ms, entry)| changed(&of, *at_ms, entry)));
    }
    let lists = [(HistoryList::Comments, "comment", "comments"), (HistoryList::Work, "worklog", "worklogs")];
    for (list, field, name) in lists {
        let told = &fields[field];
        match told[name].as_array() {
            Some(all) if number(&told["total"]).is_none_or(|total| total <= all.len() as u64) => {
                events.extend(parts(&of, list, &told[name])?);
            }
            // Where no time is tracked there is no work.
            None if list == HistoryList::Work => {}
            _ => owed.push((list, 0)),
        }
    }
    Ok(Answer::History { events, owed })
}

fn one_page(kind: Kind, json: &Value, of: &Of<'_>, list: HistoryList, start_at: u64) -> Result<Answer, Lack> {
    let (log, shown) = match (list, kind) {
        (HistoryList::Changes, Kind::Cloud) => (json, &json["values"]),
        (HistoryList::Changes, Kind::DataCenter) => (&json["changelog"], &json["changelog"]["histories"]),
        (HistoryList::Comments, _) => (json, &json["comments"]),
        (HistoryList::Work, _) => (json, &json["worklogs"]),
    };
    let events = match list {
        HistoryList::Changes => {
            entries(shown)?.iter().filter_map(|(at_ms, entry)| changed(of, *at_ms, entry)).collect()
        }
        HistoryList::Comments | HistoryList::Work => parts(of, list, shown)?,
    };
    let length = shown.as_array().map_or(0, |all| all.len() as u64);
    let next = start_at.saturating_add(length);
    let is_last = match number(&log["total"]) {
        // What comes without an end would be asked for without end.
        Some(total) => next >= total || length == 0,
        None => true,
    };
    Ok(Answer::History { events, owed: if is_last { Vec::new() } else { vec![(list, next)] } })
}

/// Each entry with its time; none where one cannot be read: a list with holes would look complete.
fn entries(list: &Value) -> Result<Vec<(i64, Entry)>, Lack> {
    let one = |value: &Value| {
        let entry = Entry::deserialize(value).ok()?;
        Some((moment_ms(&entry.created)?, entry))
    };
    let all = list.as_array().ok_or(Lack("changelog"))?;
    all.iter().map(one).collect::<Option<Vec<_>>>().ok_or(Lack("changelog"))
}

fn changed(of: &Of<'_>, at_ms: i64, entry: &Entry) -> Option<Event> {
    let changes = entry.items.iter().filter_map(change).take(EVENT_CHANGES_MAX).collect();
    let event = of.event(EventKind::Updated, at_ms, entry.author.as_ref());
    (at_ms >= of.since_ms).then(|| Event { part: id(&entry.id), changes, ..event })
}

/// How the comments, or the entries of work, came about and were edited.
fn parts(of: &Of<'_>, list: HistoryList, shown: &Value) -> Result<Vec<Event>, Lack> {
    let (made, edited, lack) = match list {
        HistoryList::Work => (EventKind::Worked, EventKind::WorkEdited, Lack("worklogs")),
        _ => (EventKind::Commented, EventKind::CommentEdited, Lack("comments")),
    };
    let mut events = Vec::new();
    let Some(all) = shown.as_array() else { return Err(lack) };
    for one in all {
        let Some((part, part_id, made_at)) = read_part(one) else { return Err(lack) };
        let edited_at = part.updated.as_deref().and_then(moment_ms).filter(|at| *at > made_at);
        let tell = |kind, at_ms, by: &Option<User>| Event {
            part: Some(part_id.clone()),
            ..of.event(kind, at_ms, by.as_ref())
        };
        events.push(tell(made, made_at, &part.author));
        events.extend(edited_at.map(|at| tell(edited, at, &part.update_author)));
    }
    events.retain(|event| event.at_ms >= of.since_ms);
    Ok(events)
}

fn read_part(value: &Value) -> Option<(Part, String, i64)> {
    let part = Part::deserialize(value).ok()?;
    let (part_id, made_at) = (id(&part.id)?, moment_ms(&part.created)?);
    Some((part, part_id, made_at))
}
