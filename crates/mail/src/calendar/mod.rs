//! Invitations, answers to them and cancellations (RFC 5545, RFC 5546, RFC 6047): the calendar object of a mail as a value.
//!
//! A reader of our own: calcard 0.3.14 is quick and does not panic, but needs up to 75 times the size of its input in
//! memory, follows no VTIMEZONE, and would bring a second calendar library into the cells.

mod line;
mod moment;
mod object;
mod planned;
mod recurrence;
mod show;
mod zone;
mod zone_name;

use crate::message::{Attendee, Calendar, Message, Reply};
use crate::scan::Tree;
use crate::{Document, address, charset, field};
use line::Line;
use mail_parser::HeaderValue;
use mail_parser::parsers::MessageStream;
use moment::{Duration, Moment};
use object::{Entry, Object};
use std::borrow::Cow;
use zone::{Resolved, Zone};

pub(crate) use object::ATTENDEES_MAX;
pub(crate) use planned::{make_whole_days, show_in_zone};
pub use show::shown;

/// Methods of RFC 5546, section 1.4.
const METHODS: &[&str] = &["PUBLISH", "REQUEST", "REPLY", "ADD", "CANCEL", "REFRESH", "COUNTER", "DECLINECOUNTER"];

/// Bytes at the start of a file in which a calendar object begins.
const LEAD_BYTES: usize = 1024;
/// A summary that is as long as this is told where a text holds it.
const TOLD_CHARS_MIN: usize = 4;
/// Dates that a series leaves out, and as many that it adds.
const DATES_MAX: usize = 500;
/// Calendar parts of one mail that are tried; the first that holds an object counts.
const PARTS_TRIED_MAX: usize = 8;

/// A calendar object and what was wrong with it.
#[derive(Default)]
pub(crate) struct Found {
    pub calendar: Option<Calendar>,
    pub faults: Vec<&'static str>,
}

/// The text of an object. Nearly all are UTF-8, and may be long because of the files they carry, so those are not copied.
fn text_of<'b>(bytes: &'b [u8], charset: &str) -> (Cow<'b, str>, Option<&'static str>) {
    let is_plain = |text: &&str| !text.starts_with('\u{feff}') && !text.contains('\0');
    match std::str::from_utf8(bytes).ok().filter(is_plain).filter(|_| charset.eq_ignore_ascii_case("utf-8")) {
        Some(text) => (Cow::Borrowed(text), None),
        None => {
            let decoded = charset::decode(bytes, Some(charset));
            (Cow::Owned(decoded.text), decoded.fault)
        }
    }
}

/// The calendar object of a mail: of its first text/calendar part with a method, else of any, else of an `.ics` file.
///
/// Total; time is linear in the size of the parts, and what is kept is bounded. Objects in attached messages are not the
/// sender's.
pub(crate) fn read(tree: &Tree) -> Found {
    let mut found = Found::default();
    let mut parts: Vec<(u8, usize)> = (0..tree.nodes.len())
        .filter(|&i| tree.nodes[i].leaf && !tree.is_inside_message(i))
        .filter_map(|i| Some((rank(tree, i)?, i)))
        .collect();
    parts.sort_unstable();
    for (_, index) in parts.into_iter().take(PARTS_TRIED_MAX) {
        let node = &tree.nodes[index];
        let bytes = tree.body(index);
        let (text, fault) = text_of(&bytes, node.kind.charset.as_deref().unwrap_or("utf-8"));
        if let Some(object) = Object::read(&text) {
            found.faults.extend(fault);
            found.calendar = calendar(&object, method_parameter(tree, index), &mut found.faults);
            if let Some(calendar) = &mut found.calendar {
                calendar.part.clone_from(&node.path);
                return found;
            }
        } else {
            found.faults.push("a calendar part holds no calendar object");
        }
    }
    found
}

/// Puts the block of lines in front of the text of a mail that asks, answers or cancels, so that the text alone tells what
/// the mail is about.
///
/// It is left out where the text names the entry already, as the mails of calendar services do, where an event merely goes
/// along as a file, and beside a forwarded message, which says itself what it is about. A meeting out of winmail.dat is always
/// shown: nothing else of it goes to the tracker.
pub(crate) fn put_first(message: &mut Message, reply: &mut Reply) {
    let Some(calendar) = message.calendar.as_ref() else { return };
    let is_a_part = !calendar.part.is_empty();
    if is_a_part && message.forward.is_some() {
        return;
    }
    let text = words(&message.text);
    let summary = calendar.summary.as_deref().map(words).unwrap_or_default();
    // A summary of a few letters is found in any text.
    let is_told = summary.chars().count() >= TOLD_CHARS_MIN && text.contains(&summary);
    if is_a_part && !text.is_empty() && (is_told || calendar.method == "PUBLISH") {
        return;
    }
    // Outlook sends the description as the text, too.
    let is_said = calendar.description.as_deref().is_some_and(|said| text.contains(&words(said)));
    let block = match is_said {
        true => shown(&Calendar { description: None, ..calendar.clone() }),
        false => shown(calendar),
    };
    let shown = reply.visible.len();
    if let Some(forward) = message.forward.as_mut().filter(|forward| forward.before == message.text) {
        forward.before = format!("{block}\n\n{}", forward.before).trim_end().to_owned();
    }
    for text in [&mut message.text, &mut reply.visible] {
        *text = if text.trim().is_empty() { block.clone() } else { format!("{block}\n\n{text}") };
    }
    let added = reply.visible.len() - shown;
    reply.hidden.iter_mut().for_each(|piece| piece.at_bytes += added);
    if let Some(document) = &mut reply.document {
        // What stands in the fields of a calendar is no markup, and must not become any.
        document.blocks.splice(0..0, Document::literal(&block).blocks);
    }
}

/// A text as it is compared: words in lower case, one space between them.
fn words(text: &str) -> String {
    text.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>().join(" ")
}

/// How likely the part is the one that was meant, lowest first; `None` for parts that are no calendars.
fn rank(tree: &Tree, index: usize) -> Option<u8> {
    let node = &tree.nodes[index];
    let is_named = node.name.as_deref().is_some_and(|name| {
        let name = name.trim().to_ascii_lowercase();
        [".ics", ".ifb", ".vcs"].iter().any(|ending| name.ends_with(ending))
    });
    match node.kind.essence.as_str() {
        "text/calendar" if method_parameter(tree, index).is_some() => Some(0),
        "text/calendar" => Some(1),
        "application/ics" | "application/calendar" | "text/x-vcalendar" | "text/x-icalendar" => Some(2),
        _ if is_named && begins_object(&tree.body(index)) => Some(3),
        _ => None,
    }
}

fn begins_object(content: &[u8]) -> bool {
    let lead = String::from_utf8_lossy(&content[..content.len().min(LEAD_BYTES)]).to_ascii_uppercase();
    lead.trim_start_matches(['\u{feff}', '\r', '\n', ' ']).starts_with("BEGIN:VCALENDAR")
}

/// The method that the part's Content-Type names, upper case (RFC 6047, section 2.4).
fn method_parameter(tree: &Tree, index: usize) -> Option<String> {
    let block = tree.block(index);
    let value = field::utf8(block.get("Content-Type")?);
    let HeaderValue::ContentType(parsed) = MessageStream::new(&value).parse_content_type() else { return None };
    parsed.attribute("method").map(|m| field::printable(m).to_ascii_uppercase()).filter(|m| !m.is_empty())
}

/// The value of the first entry; `None` when the object has none.
fn calendar(object: &Object, declared: Option<String>, faults: &mut Vec<&'static str>) -> Option<Calendar> {
    let Some(entry) = &object.entry else {
        faults.push("a calendar object has no entry");
        return None;
    };
    if !object.is_closed {
        faults.push("a calendar object is not closed");
    }
    if declared.is_some() && object.method.is_some() && declared != object.method {
        faults.push("the calendar object has another method than its part says: the object's counts");
    }
    let method = object.method.clone().or(declared).unwrap_or_else(|| "PUBLISH".to_owned());
    if !METHODS.contains(&method.as_str()) {
        faults.push("the calendar method is none of RFC 5546");
    }
    if entry.has_more_attendees() {
        faults.push("more attendees than are kept: the rest was not read");
    }
    let text = |name: &str| entry.get(name).map(Line::text).filter(|t| !t.is_empty());
    let line = |name: &str| text(name).map(|t| field::printable(&t)).filter(|t| !t.is_empty());
    let word = |name: &str| line(name).map(|t| t.to_ascii_uppercase());
    let uid = line("UID").unwrap_or_default();
    if uid.is_empty() {
        faults.push("the calendar entry has no UID");
    }
    let organizer = entry.get("ORGANIZER");
    let recurrence_rule = line("RRULE");
    let mut value = Calendar {
        method,
        uid,
        summary: line("SUMMARY"),
        organizer: organizer.and_then(person),
        organizer_name: organizer.and_then(name),
        attendees: entry.attendees().take(ATTENDEES_MAX).filter_map(attendee).collect(),
        component: entry.kind.clone(),
        location: line("LOCATION"),
        description: text("DESCRIPTION"),
        comment: text("COMMENT"),
        status: word("STATUS"),
        sequence: line("SEQUENCE").and_then(|s| s.parse().ok()).unwrap_or(0),
        recurrence: recurrence_rule.as_deref().map(|r| recurrence::in_words(r).unwrap_or_else(|| r.to_owned())),
        recurrence_rule,
        more_entries: object.entries - 1,
        ..Calendar::default()
    };
    when(&mut value, entry, &object.zones, faults);
    Some(value)
}

/// Fills in the times.
fn when(value: &mut Calendar, entry: &Entry, zones: &[Zone], faults: &mut Vec<&'static str>) {
    let mut read = |name: &str| {
        let line = entry.get(name)?;
        let moment = Moment::read(line);
        if moment.is_none() {
            faults.push("a time of the calendar entry cannot be read");
        }
        moment
    };
    // Outlook also writes whole days as midnights of its zone.
    let is_marked =
        entry.get("X-MICROSOFT-CDO-ALLDAYEVENT").is_some_and(|l| l.value.trim().eq_ignore_ascii_case("TRUE"));
    let whole_day = |moment: Moment| match moment {
        Moment::Local(at, _) if is_marked && at.time() == jiff::civil::Time::midnight() => Moment::Day(at.date()),
        other => other,
    };
    let start = read("DTSTART").map(whole_day);
    let duration = entry.get("DURATION").and_then(|l| Duration::parse(&l.value));
    let implied = match (&start, entry.kind.as_str()) {
        // An event on a day without an end lasts that day (RFC 5545, section 3.6.1).
        (Some(Moment::Day(_)), "VEVENT") => Some(Duration::ONE_DAY),
        _ => None,
    };
    let end = read("DTEND").or_else(|| read("DUE")).map(whole_day);
    let end = end.or_else(|| start.as_ref()?.after(duration.as_ref().or(implied.as_ref())?));
    let occurrence = read("RECURRENCE-ID");
    if entry.has_more_dates() {
        faults.push(MORE_DATES);
    }
    for (name, dates) in [("EXDATE", &mut value.except), ("RDATE", &mut value.also)] {
        *dates = read_dates(entry, name, start.as_ref(), zones, faults);
    }
    value.all_day = matches!(start, Some(Moment::Day(_)));
    value.time_zone = start.as_ref().or(end.as_ref()).and_then(zone_named);
    value.start_local = start.as_ref().and_then(local);
    value.end_local = end.as_ref().and_then(local);
    value.start = start.map(|m| shown_in_utc(&m, zones, faults));
    value.end = end.map(|m| shown_in_utc(&m, zones, faults));
    value.recurrence_id = occurrence.map(|m| shown_in_utc(&m, zones, faults));
}

const MORE_DATES: &str = "a calendar entry leaves out or adds more dates than are kept: the rest was not read";

/// The dates of a series in lines of this name, as clocks in the zone of its start show them where they are of that zone.
fn read_dates(
    entry: &Entry,
    name: &str,
    start: Option<&Moment>,
    zones: &[Zone],
    faults: &mut Vec<&'static str>,
) -> Vec<String> {
    let zone_of_start = start.and_then(zone_named);
    let mut dates = Vec::new();
    for line in entry.all(name) {
        for value in line.value.split(',').map(str::trim).filter(|value| !value.is_empty()) {
            if dates.len() == DATES_MAX {
                faults.push(MORE_DATES);
                return dates;
            }
            // Of a period its start tells the date (RFC 5545, section 3.3.9).
            let value = value.split('/').next().unwrap_or_default().to_owned();
            match Moment::read(&Line { value, ..line.clone() }) {
                Some(moment @ Moment::Local(at, _)) if zone_named(&moment) == zone_of_start => {
                    dates.push(at.to_string())
                }
                Some(moment) => dates.push(shown_in_utc(&moment, zones, faults)),
                None => faults.push("a time of the calendar entry cannot be read"),
            }
        }
    }
    dates
}

fn zone_named(moment: &Moment) -> Option<String> {
    match moment {
        Moment::Utc(_) => Some("UTC".to_owned()),
        Moment::Local(_, zone) => zone.as_deref().map(field::printable),
        Moment::Day(_) => None,
    }
}

fn local(moment: &Moment) -> Option<String> {
    match moment {
        Moment::Utc(at) => Some(jiff::tz::Offset::UTC.to_datetime(*at).to_string()),
        Moment::Local(at, _) => Some(at.to_string()),
        Moment::Day(_) => None,
    }
}

fn shown_in_utc(moment: &Moment, zones: &[Zone], faults: &mut Vec<&'static str>) -> String {
    match moment {
        Moment::Utc(at) => at.to_string(),
        Moment::Day(day) => day.to_string(),
        Moment::Local(at, None) => at.to_string(),
        Moment::Local(at, Some(zone)) => match zone::resolve(*at, zone, zones) {
            Resolved::Known(at) => at.to_string(),
            Resolved::KnownOtherwise(at) => {
                faults
                    .push("the calendar object defines a time zone otherwise than it is known: its definition counts");
                at.to_string()
            }
            Resolved::Unknown => {
                faults.push("the time zone of a calendar entry is not known");
                at.to_string()
            }
        },
    }
}

fn attendee(line: &Line) -> Option<Attendee> {
    let word = |name: &str| line.parameter(name).map(|v| field::printable(v).to_ascii_uppercase());
    Some(Attendee {
        address: person(line)?,
        status: word("PARTSTAT").or_else(|| word("STATUS")),
        name: name(line),
        role: word("ROLE"),
        delegated_to: line.parameter("DELEGATED-TO").and_then(|to| bare(to, None)),
    })
}

fn name(line: &Line) -> Option<String> {
    line.parameter("CN").map(field::printable).filter(|name| !name.is_empty())
}

/// The address of a calendar user; what is no mailto URI stays as it is, unless EMAIL names one.
fn person(line: &Line) -> Option<String> {
    bare(&line.value, line.parameter("EMAIL"))
}

fn bare(uri: &str, email: Option<&str>) -> Option<String> {
    let uri = field::printable(uri);
    let scheme_end = "mailto:".len();
    let mailto = uri.get(..scheme_end).filter(|s| s.eq_ignore_ascii_case("mailto:")).map(|_| uri[scheme_end..].trim());
    let given = mailto.or(email).unwrap_or(&uri).trim();
    let given = given.split('?').next().unwrap_or("").trim_matches(['<', '>', '"', ' ']);
    let address = if given.contains('<') { address::first_in(given).unwrap_or(given) } else { given };
    (!address.is_empty()).then(|| address.to_owned())
}
