//! Calendar objects: those of the shared corpora against a naive reader, and such as were made to hurt.
#![allow(clippy::unwrap_used)]

use mail::{Calendar, Limits, Reading};
use rig::clock::Stopwatch;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A mail that is nothing but this object.
fn mail_of(object: &[u8]) -> Vec<u8> {
    let head =
        "From: a@x.org\r\nContent-Type: text/calendar; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    [head.as_bytes(), data_encoding::BASE64.encode(object).as_bytes()].concat()
}

fn read(object: &[u8]) -> Reading {
    let raw = mail_of(object);
    let begun = Stopwatch::start();
    let reading = mail::read(&raw, &Limits::default());
    assert!(begun.elapsed() < Duration::from_secs(20), "{} bytes took {:?}", object.len(), begun.elapsed());
    reading
}

/// What a person finds with a text search: the method, and of the first entry the lines of each property, unfolded.
struct Naive {
    method: Option<String>,
    lines: Vec<String>,
}

impl Naive {
    fn of(object: &str) -> Naive {
        let flat = object.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
        let flat = flat.split_once("END:VCALENDAR").map_or(flat.as_str(), |(first, _)| first);
        let method = flat.lines().find_map(|l| l.strip_prefix("METHOD:")).map(|m| m.trim().to_uppercase());
        let kinds = ["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"];
        let kind = |line: &str| line.strip_prefix("BEGIN:").is_some_and(|k| kinds.contains(&k.trim()));
        let entry = flat.lines().skip_while(|l| !kind(l)).skip(1);
        // The entry's own properties stand before whatever is nested in it and before its end.
        let own = entry.take_while(|l| !l.starts_with("BEGIN:") && !l.starts_with("END:"));
        Naive { method, lines: own.map(str::to_owned).collect() }
    }

    fn value(&self, name: &str) -> Option<&str> {
        let line = self.lines.iter().find(|l| l.strip_prefix(name).is_some_and(|rest| rest.starts_with([':', ';'])))?;
        let start = if line.contains("=\"") { line.rfind("\":").map(|at| at + 1)? } else { line.find(':')? };
        Some(line[start + 1..].trim())
    }
}

fn differences(object: &str, found: &Calendar) -> Vec<String> {
    let naive = Naive::of(object);
    let plain = |text: &str| text.replace("\\n", " ").replace("\\N", " ").replace('\\', "");
    let flat = |text: &str| plain(text).split_whitespace().collect::<Vec<_>>().join(" ");
    let day = |value: &str| value.get(..8).map(str::to_owned);
    let mut wrong = Vec::new();
    let mut compare = |what: &str, wanted: Option<String>, is: Option<String>| {
        if wanted.as_ref().is_some_and(|w| !w.is_empty()) && wanted != is {
            wrong.push(format!("{what}: {wanted:?} but {is:?}"));
        }
    };
    compare("method", naive.method.clone(), Some(found.method.clone()));
    compare("uid", naive.value("UID").map(flat), Some(flat(&found.uid)));
    compare("summary", naive.value("SUMMARY").map(flat), found.summary.as_deref().map(flat));
    compare("location", naive.value("LOCATION").map(flat), found.location.as_deref().map(flat));
    let organizer = naive.value("ORGANIZER").filter(|v| v.to_lowercase().starts_with("mailto:"));
    compare("organizer", organizer.map(|v| v[7..].trim().to_owned()), found.organizer.clone());
    let shown = found.start_local.as_deref().or(found.start.as_deref());
    let shown = shown.map(|s| s.replace(['-', ':', 'T', 'Z'], "")).and_then(|s| day(&s));
    compare("start", naive.value("DTSTART").and_then(day), shown);
    wrong
}

/// Every object of the corpus says what a naive reader finds in it.
#[test]
fn objects_of_the_corpus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let Some(shared) = rig::shared::folder(&root, &rig::shared::this_test()) else { return };
    let folder = shared.join("corpora/stalwart_calcard/resources/ical");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "ics"));
    files.sort();
    assert!(files.len() > 100, "only {} objects found", files.len());
    let (mut read_as_values, mut wrong) = (0, Vec::new());
    for path in &files {
        let bytes = std::fs::read(path).unwrap();
        let object = String::from_utf8_lossy(&bytes);
        let has_entry =
            ["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"].iter().any(|k| object.contains(&format!("BEGIN:{k}")));
        match read(&bytes).message.calendar {
            Some(calendar) => {
                read_as_values += 1;
                assert!(!mail::calendar_shown(&calendar).is_empty());
                wrong.extend(differences(&object, &calendar).iter().map(|d| format!("{}: {d}", path.display())));
            }
            None => assert!(!has_entry, "{} was not read", path.display()),
        }
    }
    println!("{read_as_values} of {} calendar files hold an entry; {} differences", files.len(), wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn event(lines: &str) -> Vec<u8> {
    format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n").into_bytes()
}

#[test]
fn objects_made_to_hurt_cost_no_more_than_their_size() {
    let many = |piece: &str, n: usize| piece.repeat(n);
    let two_million = 2_000_000;
    for object in [
        event(&many("BEGIN:VALARM\r\n", 100_000)),
        event(&many("ATTENDEE;CN=a:mailto:a@x.org\r\n", 60_000)),
        event(&format!("X{}:c", many(";A=b", 500_000))),
        event(&format!("ATTENDEE;MEMBER={}:c", many("\"a\",", 500_000))),
        event(&format!("SUMMARY:{}", many("\r\n ", 600_000))),
        event(&format!("SUMMARY:{}", many("\r\n \r\n\r\n", 300_000))),
        event(&format!("SUMMARY;ENCODING=QUOTED-PRINTABLE:{}", many("=\r\n", 600_000))),
        event(&format!("RRULE:FREQ=DAILY;BYHOUR={}", many("1,", 900_000))),
        event(&format!("DTSTART:{}", many("1", two_million))),
        event(&format!("DURATION:P{}D", many("9", two_million))),
        event(&format!("DTSTART;TZID={}:20260101T000000", many("/a", 1_000_000))),
        event(&format!("DTSTART;TZID=\"(UTC) {}\":20260101T000000", many("a, ", 1_000))),
        format!("BEGIN:VCALENDAR\r\n{}", many("BEGIN:VTIMEZONE\r\nBEGIN:STANDARD\r\n", 60_000)).into_bytes(),
        format!("BEGIN:VCALENDAR\r\n{}", many("BEGIN:VEVENT\r\nEND:VEVENT\r\n", 80_000)).into_bytes(),
        many("BEGIN:VCALENDAR\r\n", 120_000).into_bytes(),
        many("garbage\r\n", 200_000).into_bytes(),
        many("\r\n", 1_000_000).into_bytes(),
    ] {
        let size = object.len();
        let reading = read(&object);
        let packed = postcard::to_allocvec(&reading).unwrap();
        assert!(packed.len() < 2 * 1024 * 1024, "{} bytes out of {size}", packed.len());
    }
}

#[test]
fn times_at_the_edges_are_told_and_not_calculated() {
    for lines in [
        "DTSTART:00000101T000000Z",
        "DTSTART:99991231T235959Z\r\nDURATION:P36000D",
        "DTSTART;VALUE=DATE:99991231",
        "DTSTART;TZID=America/New_York:99991231T235959\r\nDURATION:PT24H",
        "DTSTART;TZID=Europe/Berlin:00010101T000000",
        "DTSTART:20260101T000000\r\nDURATION:-P36000D",
        "DTSTART:\r\nDTEND:x\r\nDURATION:P\r\nRRULE:\r\nRECURRENCE-ID:é\r\nSEQUENCE:99999999999999999999",
    ] {
        let calendar = read(&event(lines)).message.calendar.unwrap();
        assert!(!mail::calendar_shown(&calendar).is_empty(), "{lines}");
    }
    let faults = read(&event("DTSTART:tomorrow")).message.faults;
    assert!(faults.contains(&"a time of the calendar entry cannot be read".to_owned()), "{faults:?}");
}

/// The block stands in front of a text that does not tell what the mail is about, and nowhere else.
#[test]
fn the_block_and_the_text() {
    let mail = |text: &str, method: &str, description: &str| {
        let raw = format!(
            "Content-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\n{text}\n--b\n\
             Content-Type: text/calendar; method={method}\n\nBEGIN:VCALENDAR\nMETHOD:{method}\nBEGIN:VEVENT\nUID:1\n\
             SUMMARY:Budget  review\nDTSTART:20260301T090000Z\nDESCRIPTION:{description}\nEND:VEVENT\nEND:VCALENDAR\n--b--\n"
        );
        mail::read(raw.as_bytes(), &Limits::default())
    };
    let bare = mail("", "REQUEST", "Bring numbers.");
    assert!(bare.message.text.starts_with("Invitation: Budget  review\nWhen: Sunday, 1 March 2026, 09:00 (UTC)"));
    assert!(bare.message.text.ends_with("\n\nBring numbers."));
    assert_eq!(bare.reply.visible, bare.message.text);

    let described = mail("Bring\n numbers.", "REQUEST", "Bring numbers.");
    assert_eq!(described.message.text.matches("numbers").count(), 1, "{}", described.message.text);
    assert!(described.message.text.starts_with("Invitation: Budget") && described.message.text.ends_with(" numbers."));

    let told = mail("You are invited: budget review, 9 o'clock.", "REQUEST", "");
    assert_eq!(told.message.text, "You are invited: budget review, 9 o'clock.");
    let published = mail("For you.", "PUBLISH", "");
    assert_eq!(published.message.text, "For you.");
}
