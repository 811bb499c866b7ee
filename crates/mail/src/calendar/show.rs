//! A calendar object as lines that people read.

use super::recurrence::{MONTHS, weekday};
use crate::message::{Attendee, Calendar};
use jiff::civil::{Date, DateTime};

/// Attendees that are named; the rest is counted.
const ATTENDEES_SHOWN_MAX: usize = 50;
/// Dates of a series that are named; the rest is counted.
const DATES_SHOWN_MAX: usize = 20;

/// The object as plain lines, which are Markdown, too: what it is, when, where, who, and what was added in words.
///
/// Times are shown as the sender's zone has them, with UTC behind; nothing is left out but attendees beyond fifty. It is
/// bounded by the value.
pub fn shown(calendar: &Calendar) -> String {
    let mut lines = vec![first_line(calendar)];
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value.filter(|v| !v.trim().is_empty()) {
            lines.push(format!("{name}: {value}"));
        }
    };
    add("When", when(calendar));
    add("Repeats", calendar.recurrence.clone());
    add("Also on", dates(calendar, &calendar.also));
    add("Not on", dates(calendar, &calendar.except));
    add("Only the occurrence of", calendar.recurrence_id.as_deref().map(moment));
    add("Where", calendar.location.clone());
    add("Status", status(calendar).map(str::to_owned));
    let organizer = calendar.organizer.as_deref().map(|a| person(calendar.organizer_name.as_deref(), a));
    add("Organizer", organizer);
    lines.extend(attendees(calendar));
    if calendar.more_entries > 0 {
        lines.push(format!("Further entries in the calendar file: {}", calendar.more_entries));
    }
    let mut text = lines.join("\n");
    for added in [&calendar.comment, &calendar.description].into_iter().flatten() {
        text.push_str("\n\n");
        text.push_str(added);
    }
    text
}

/// What it is, and its title; some programs put the first into the second.
fn first_line(calendar: &Calendar) -> String {
    let title = calendar.summary.as_deref().unwrap_or("(no title)");
    let heading = format!("{}:", heading(calendar));
    match title.get(..heading.len()) {
        Some(start) if start.eq_ignore_ascii_case(&heading) => title.to_owned(),
        _ => format!("{heading} {title}"),
    }
}

/// What the sender does with the entry, in a word or two.
fn heading(calendar: &Calendar) -> &'static str {
    let is_task = calendar.component == "VTODO";
    match calendar.method.as_str() {
        "REPLY" => match calendar.attendees.first().and_then(|a| a.status.as_deref()) {
            Some("ACCEPTED") => "Accepted",
            Some("DECLINED") => "Declined",
            Some("TENTATIVE") => "Tentatively accepted",
            Some("DELEGATED") => "Delegated",
            Some("COMPLETED") => "Completed",
            Some("IN-PROCESS") => "In progress",
            _ => "Answer",
        },
        "CANCEL" => "Cancelled",
        "COUNTER" => "Counter proposal",
        "DECLINECOUNTER" => "Counter proposal declined",
        "REFRESH" => "Request for the latest version",
        "ADD" => "Added occurrence",
        "REQUEST" => match (calendar.component.as_str(), calendar.sequence) {
            ("VFREEBUSY", _) => "Request for free and busy times",
            ("VTODO", 0) => "Task",
            ("VTODO", _) => "Updated task",
            (_, 0) => "Invitation",
            _ => "Updated invitation",
        },
        _ if is_task => "Task",
        _ if calendar.component == "VFREEBUSY" => "Free and busy times",
        _ if calendar.component == "VJOURNAL" => "Note",
        _ => "Event",
    }
}

fn status(calendar: &Calendar) -> Option<&'static str> {
    match calendar.status.as_deref()? {
        "TENTATIVE" => Some("tentative"),
        "CANCELLED" if calendar.method != "CANCEL" => Some("cancelled"),
        "COMPLETED" => Some("completed"),
        "IN-PROCESS" => Some("in progress"),
        // Confirmed is what an event is when nothing is said.
        _ => None,
    }
}

/// `Sunday, 22 November 2026, 11:00 to 12:00 (Europe/Berlin), 10:00 UTC`.
fn when(calendar: &Calendar) -> Option<String> {
    if calendar.all_day {
        return all_day(calendar.start.as_deref()?, calendar.end.as_deref());
    }
    let Some(start) = calendar.start_local.as_deref() else {
        return calendar.end_local.as_deref().map(|end| format!("until {}{}", moment(end), zone(calendar)));
    };
    let Ok(from) = start.parse::<DateTime>() else { return Some(start.to_owned()) };
    let mut text = format!("{}, {}", long(from.date()), clock(from));
    if let Some(to) = calendar.end_local.as_deref().and_then(|end| end.parse::<DateTime>().ok()) {
        if to.date() == from.date() {
            text.push_str(&format!(" to {}", clock(to)));
        } else {
            text.push_str(&format!(" to {}, {}", long(to.date()), clock(to)));
        }
    }
    Some(format!("{text}{}{}", zone(calendar), in_utc(calendar, from)))
}

fn zone(calendar: &Calendar) -> String {
    calendar.time_zone.as_deref().map(|zone| format!(" ({zone})")).unwrap_or_default()
}

/// The start in UTC, for readers elsewhere; with the day where it is another one.
fn in_utc(calendar: &Calendar, local: DateTime) -> String {
    let utc = calendar.start.as_deref().and_then(|s| s.strip_suffix('Z')).and_then(|s| s.parse::<DateTime>().ok());
    match utc.filter(|_| calendar.time_zone.as_deref() != Some("UTC")) {
        Some(utc) if utc.date() == local.date() => format!(", {} UTC", clock(utc)),
        Some(utc) => format!(", {} {} UTC", long(utc.date()), clock(utc)),
        None => String::new(),
    }
}

/// The end of whole days is the day after (RFC 5545, section 3.6.1); people name the last one.
fn all_day(start: &str, end: Option<&str>) -> Option<String> {
    let Ok(first) = start.parse::<Date>() else { return Some(start.to_owned()) };
    let last = end.and_then(|end| end.parse::<Date>().ok()).and_then(|end| end.yesterday().ok());
    Some(match last {
        Some(last) if last > first => format!("{} to {}, all day", long(first), long(last)),
        _ => format!("{}, all day", long(first)),
    })
}

fn moment(value: &str) -> String {
    let (bare, suffix) = value.strip_suffix('Z').map_or((value, ""), |bare| (bare, " UTC"));
    match (bare.parse::<DateTime>(), bare.contains('T')) {
        (Ok(at), true) => format!("{}, {}{suffix}", long(at.date()), clock(at)),
        (Ok(at), false) => long(at.date()),
        (Err(_), _) => value.to_owned(),
    }
}

/// Days of a series, with the hour where it is not that of the entry.
fn dates(calendar: &Calendar, dates: &[String]) -> Option<String> {
    let hour =
        calendar.start_local.as_deref().and_then(|start| start.parse::<DateTime>().ok()).map(|start| start.time());
    let day = |date: &String| match date.parse::<DateTime>() {
        Ok(at) if date.contains('T') && Some(at.time()) == hour => long(at.date()),
        _ => moment(date),
    };
    let mut text = dates.iter().take(DATES_SHOWN_MAX).map(day).collect::<Vec<_>>().join("; ");
    if let Some(more) = dates.len().checked_sub(DATES_SHOWN_MAX).filter(|more| *more > 0) {
        text.push_str(&format!("; and {more} more"));
    }
    Some(text)
}

fn long(date: Date) -> String {
    // A month of the calendar is 1 to 12.
    let month = usize::try_from(date.month() - 1).ok().and_then(|m| MONTHS.get(m)).copied().unwrap_or_default();
    format!("{}, {} {month} {}", weekday(date.weekday()), date.day(), date.year())
}

fn clock(at: DateTime) -> String {
    format!("{:02}:{:02}", at.hour(), at.minute())
}

fn person(name: Option<&str>, address: &str) -> String {
    match name.filter(|name| !name.eq_ignore_ascii_case(address)) {
        Some(name) if address.is_empty() => name.to_owned(),
        Some(name) => format!("{name} <{address}>"),
        None => address.to_owned(),
    }
}

fn attendees(calendar: &Calendar) -> Vec<String> {
    let mut lines = Vec::new();
    if calendar.attendees.is_empty() {
        return lines;
    }
    lines.push(if calendar.method == "REPLY" { "Answer of:" } else { "Attendees:" }.to_owned());
    for attendee in calendar.attendees.iter().take(ATTENDEES_SHOWN_MAX) {
        let who = person(attendee.name.as_deref(), &attendee.address);
        lines.push(format!("- {who}{}{}", role(attendee), answer(calendar, attendee)));
    }
    if let Some(more) = calendar.attendees.len().checked_sub(ATTENDEES_SHOWN_MAX).filter(|n| *n > 0) {
        lines.push(format!("- and {more} more"));
    }
    lines
}

fn role(attendee: &Attendee) -> &'static str {
    match attendee.role.as_deref() {
        Some("OPT-PARTICIPANT") => " (optional)",
        Some("NON-PARTICIPANT") => " (for information)",
        Some("CHAIR") => " (chair)",
        _ => "",
    }
}

fn answer(calendar: &Calendar, attendee: &Attendee) -> String {
    let said = match attendee.status.as_deref() {
        Some("ACCEPTED") => "accepted",
        Some("DECLINED") => "declined",
        Some("TENTATIVE") => "tentative",
        Some("COMPLETED") => "completed",
        Some("IN-PROCESS") => "in progress",
        Some("DELEGATED") => match &attendee.delegated_to {
            Some(to) => return format!(": delegated to {to}"),
            None => "delegated",
        },
        // Before anybody was asked there is no answer to miss.
        Some("NEEDS-ACTION") | None if matches!(calendar.method.as_str(), "REQUEST" | "CANCEL" | "PUBLISH" | "ADD") => {
            return String::new();
        }
        Some("NEEDS-ACTION") | None => "no answer yet",
        Some(other) => return format!(": {}", other.to_lowercase()),
    };
    format!(": {said}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Calendar {
        Calendar {
            method: "REQUEST".to_owned(),
            component: "VEVENT".to_owned(),
            summary: Some("Plan".to_owned()),
            start: Some("2026-11-22T23:30:00Z".to_owned()),
            end: Some("2026-11-23T00:30:00Z".to_owned()),
            start_local: Some("2026-11-23T00:30:00".to_owned()),
            end_local: Some("2026-11-23T01:30:00".to_owned()),
            time_zone: Some("Europe/Berlin".to_owned()),
            ..Calendar::default()
        }
    }

    fn answer(method: &str, status: &str) -> String {
        let attendee = Attendee {
            address: "bob@x.org".to_owned(),
            status: Some(status.to_owned()),
            delegated_to: Some("eve@x.org".to_owned()),
            ..Attendee::default()
        };
        shown(&Calendar { method: method.to_owned(), attendees: vec![attendee], ..event() })
    }

    #[test]
    fn times_in_the_zone_of_the_sender_and_in_utc() {
        let when = "When: Monday, 23 November 2026, 00:30 to 01:30 (Europe/Berlin), Sunday, 22 November 2026 23:30 UTC";
        assert_eq!(shown(&event()), format!("Invitation: Plan\n{when}"));
        let day = Calendar {
            all_day: true,
            start: Some("2026-11-22".to_owned()),
            end: Some("2026-11-23".to_owned()),
            ..Calendar::default()
        };
        assert_eq!(shown(&day), "Event: (no title)\nWhen: Sunday, 22 November 2026, all day");
        let due = Calendar { start: None, start_local: None, component: "VTODO".to_owned(), ..event() };
        assert!(shown(&due).starts_with("Task: Plan\nWhen: until Monday, 23 November 2026, 01:30 (Europe/Berlin)"));
    }

    #[test]
    fn who_answered_what() {
        for (method, status, wanted) in [
            ("REPLY", "ACCEPTED", "Accepted: Plan|Answer of:|- bob@x.org: accepted"),
            ("REPLY", "DECLINED", "Declined: Plan|Answer of:|- bob@x.org: declined"),
            ("REPLY", "TENTATIVE", "Tentatively accepted: Plan|Answer of:|- bob@x.org: tentative"),
            ("REPLY", "DELEGATED", "Delegated: Plan|Answer of:|- bob@x.org: delegated to eve@x.org"),
            ("REPLY", "NEEDS-ACTION", "Answer: Plan|Answer of:|- bob@x.org: no answer yet"),
            ("REQUEST", "NEEDS-ACTION", "Invitation: Plan|Attendees:|- bob@x.org"),
            ("COUNTER", "X-ODD", "Counter proposal: Plan|Attendees:|- bob@x.org: x-odd"),
            ("CANCEL", "ACCEPTED", "Cancelled: Plan|Attendees:|- bob@x.org: accepted"),
        ] {
            let lines: Vec<String> = answer(method, status).lines().map(str::to_owned).collect();
            let without_time = [lines[0].clone(), lines[2].clone(), lines[3].clone()].join("|");
            assert_eq!(without_time, wanted);
        }
    }

    #[test]
    fn dates_of_a_series() {
        let value = Calendar {
            recurrence: Some("every day".to_owned()),
            except: vec!["2026-11-24T00:30:00".to_owned(), "2026-11-25".to_owned(), "2026-11-26T08:00:00Z".to_owned()],
            also: vec!["2026-12-24T18:00:00".to_owned(); 22],
            ..event()
        };
        let text = shown(&value);
        let not_on =
            "Not on: Tuesday, 24 November 2026; Wednesday, 25 November 2026; Thursday, 26 November 2026, 08:00 UTC";
        assert!(text.contains(not_on), "{text}");
        assert!(text.contains("\nAlso on: Thursday, 24 December 2026, 18:00; "), "{text}");
        assert!(text.contains("; and 2 more\n"), "{text}");
    }

    #[test]
    fn a_crowd_is_counted() {
        let attendee = Attendee { address: "a@x.org".to_owned(), ..Attendee::default() };
        let text = shown(&Calendar { attendees: vec![attendee; 60], ..event() });
        assert!(text.ends_with("- and 10 more"), "{text}");
    }
}
