//! A calendar object: its method, its first entry and its time zones, taken from the lines in one pass within bounds.

use super::line::{Line, Lines};
use super::zone::{Observance, Zone};

/// Components inside one another; deeper ones are only counted.
const DEPTH_MAX: usize = 8;
/// Attendees that are kept.
pub(crate) const ATTENDEES_MAX: usize = 500;
const ZONES_MAX: usize = 50;
/// Lines of dates that a series leaves out or adds; one line may hold many.
const DATE_LINES_MAX: usize = 500;
/// Observances of all zones together; Outlook writes two for a zone, converters of the whole history some hundred.
const OBSERVANCES_MAX: usize = 1000;

/// Properties of an entry that are kept, each once; ATTENDEE is kept more often.
const KEPT: &[&str] = &[
    "UID",
    "SUMMARY",
    "DTSTART",
    "DTEND",
    "DUE",
    "DURATION",
    "LOCATION",
    "DESCRIPTION",
    "ORGANIZER",
    "STATUS",
    "SEQUENCE",
    "RRULE",
    "RECURRENCE-ID",
    "COMMENT",
    "X-MICROSOFT-CDO-ALLDAYEVENT",
];

/// Properties that are read outside of entries, or more than once.
const STRUCTURE: &[&str] =
    &["BEGIN", "END", "METHOD", "ATTENDEE", "TZID", "X-LIC-LOCATION", "TZOFFSETFROM", "TZOFFSETTO", "RDATE", "EXDATE"];

/// Whether a line is worth being taken apart; most lines of large objects are not.
fn is_wanted(line: &str) -> bool {
    let name = line[..line.find([':', ';']).unwrap_or(0)].trim();
    STRUCTURE.iter().chain(KEPT).any(|wanted| wanted.eq_ignore_ascii_case(name))
}

/// An event, a task, a note or a statement of free time: what the object is about.
#[derive(Debug, Default)]
pub(super) struct Entry {
    /// `VEVENT`, `VTODO`, `VJOURNAL` or `VFREEBUSY`.
    pub kind: String,
    lines: Vec<Line>,
    attendees: usize,
    date_lines: usize,
}

impl Entry {
    pub fn get(&self, name: &str) -> Option<&Line> {
        self.lines.iter().find(|l| l.name == name)
    }

    pub fn attendees(&self) -> impl Iterator<Item = &Line> {
        self.all("ATTENDEE")
    }

    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Line> {
        self.lines.iter().filter(move |l| l.name == name)
    }

    fn take(&mut self, line: Line) {
        if line.name == "ATTENDEE" {
            self.attendees += 1;
            if self.attendees <= ATTENDEES_MAX {
                self.lines.push(line);
            }
        } else if matches!(line.name.as_str(), "EXDATE" | "RDATE") {
            self.date_lines += 1;
            if self.date_lines <= DATE_LINES_MAX {
                self.lines.push(line);
            }
        } else if KEPT.contains(&line.name.as_str()) && self.get(&line.name).is_none() {
            self.lines.push(line);
        }
    }

    pub fn has_more_attendees(&self) -> bool {
        self.attendees > ATTENDEES_MAX
    }

    pub fn has_more_dates(&self) -> bool {
        self.date_lines > DATE_LINES_MAX
    }
}

/// What was found between `BEGIN:VCALENDAR` and its end.
#[derive(Debug, Default)]
pub(super) struct Object {
    /// Upper case.
    pub method: Option<String>,
    pub entry: Option<Entry>,
    /// How many entries there are, the first included.
    pub entries: u32,
    pub zones: Vec<Zone>,
    pub is_closed: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    Calendar,
    FirstEntry,
    Zone,
    Observance,
    /// Alarms, further entries and what is not known.
    Other,
}

/// Where the reader is in the object.
#[derive(Default)]
struct Reader {
    object: Object,
    open: Vec<(Frame, String)>,
    observances: usize,
}

impl Object {
    /// Reads the first object of a text; `None` when there is none. Linear; what is kept is
    /// bounded by the limits of this file and of a line.
    pub fn read(text: &str) -> Option<Object> {
        let mut reader = Reader::default();
        let mut is_found = false;
        for line in Lines::of(text) {
            let line = line.trim_start_matches('\u{feff}');
            if !is_wanted(line) {
                continue;
            }
            let Some(line) = Line::parse(line) else { continue };
            if !is_found {
                is_found = line.name == "BEGIN" && line.value.trim().eq_ignore_ascii_case("VCALENDAR");
                reader.open.extend(is_found.then(|| (Frame::Calendar, "VCALENDAR".to_owned())));
                continue;
            }
            reader.take(line);
            if reader.open.is_empty() {
                reader.object.is_closed = true;
                break;
            }
        }
        is_found.then_some(reader.object)
    }
}

impl Reader {
    fn take(&mut self, line: Line) {
        match line.name.as_str() {
            "BEGIN" => self.begin(line.value.trim().to_ascii_uppercase()),
            "END" => self.end(line.value.trim()),
            _ => self.property(line),
        }
    }

    fn begin(&mut self, name: String) {
        if self.open.len() >= DEPTH_MAX {
            return;
        }
        let frame = match (self.open.last().map(|(frame, _)| *frame), name.as_str()) {
            (Some(Frame::Calendar), "VEVENT" | "VTODO" | "VJOURNAL" | "VFREEBUSY") => {
                self.object.entries = self.object.entries.saturating_add(1);
                if self.object.entry.is_some() {
                    Frame::Other
                } else {
                    self.object.entry = Some(Entry { kind: name.clone(), ..Entry::default() });
                    Frame::FirstEntry
                }
            }
            (Some(Frame::Calendar), "VTIMEZONE") if self.object.zones.len() < ZONES_MAX => {
                self.object.zones.push(Zone::default());
                Frame::Zone
            }
            (Some(Frame::Zone), "STANDARD" | "DAYLIGHT") if self.observances < OBSERVANCES_MAX => {
                self.observances += 1;
                if let Some(zone) = self.object.zones.last_mut() {
                    zone.observances.push(Observance::default());
                }
                Frame::Observance
            }
            _ => Frame::Other,
        };
        self.open.push((frame, name));
    }

    /// Ends the innermost component of this name and what was left open in it.
    fn end(&mut self, name: &str) {
        if let Some(at) = self.open.iter().rposition(|(_, open)| open.eq_ignore_ascii_case(name)) {
            self.open.truncate(at);
        }
    }

    fn property(&mut self, line: Line) {
        let Some((frame, _)) = self.open.last() else { return };
        match frame {
            Frame::Calendar if line.name == "METHOD" && self.object.method.is_none() => {
                let method = line.text().to_ascii_uppercase();
                self.object.method = Some(method).filter(|m| !m.is_empty());
            }
            Frame::FirstEntry => {
                if let Some(entry) = &mut self.object.entry {
                    entry.take(line);
                }
            }
            Frame::Zone => {
                if let Some(zone) = self.object.zones.last_mut() {
                    zone.take(&line);
                }
            }
            Frame::Observance => {
                if let Some(seen) = self.object.zones.last_mut().and_then(|z| z.observances.last_mut()) {
                    seen.take(&line);
                }
            }
            Frame::Calendar | Frame::Other => {}
        }
    }
}
