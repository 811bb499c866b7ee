//! What is told of a meeting in winmail.dat, and when the file itself goes along.

use super::read;
use super::writer::{Stream, beside_text, id, kind, number, tag, utf16, variable};
use mail::{PartClass, Reading};

const APPOINTMENT: u32 = 0x0006_2002;

/// A property of PSETID_Appointment: its kind, its number, and its value as it stands.
fn named(kind: u16, number: u32, value: &[u8]) -> Vec<u8> {
    let set = [&APPOINTMENT.to_le_bytes()[..], b"\0\0\0\0\xc0\0\0\0\0\0\0\x46"].concat();
    let head = [kind.to_le_bytes(), 0x8000u16.to_le_bytes()].concat();
    [&head[..], &set, &[0; 4], &number.to_le_bytes(), value].concat()
}

/// With the count, the length and the filling of values that have a length of their own.
fn long(kind: u16, number: u32, value: &[u8]) -> Vec<u8> {
    let whole = variable(0, kind, value);
    named(kind, number, &whole[4..])
}

fn text(number: u32, value: &str) -> Vec<u8> {
    long(kind::UNICODE, number, &utf16(value))
}

fn yes(number: u32) -> Vec<u8> {
    named(0x000B, number, &[1, 0, 0, 0])
}

/// Seconds since 1970 as a time of MAPI.
fn time(number: u32, at_s: u64) -> Vec<u8> {
    named(0x0040, number, &((at_s + 11_644_473_600) * 10_000_000).to_le_bytes())
}

fn zone(name: &str) -> Vec<u8> {
    let chars = u16::try_from(name.encode_utf16().count()).unwrap().to_le_bytes();
    let key: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    long(kind::BINARY, 0x825E, &[&[2, 1, 0, 0, 2, 0][..], &chars, &key, &[0; 2]].concat())
}

fn meeting(class: &[u8], properties: &[Vec<u8>]) -> Reading {
    let sender = [
        variable(tag::SENDER_SMTP, kind::UNICODE, &utf16("jo@example.org")),
        variable(tag::SENDER_NAME, kind::UNICODE, &utf16("Jo")),
    ];
    let stream = Stream::new().attribute(1, id::CLASS, class).attribute(1, id::SUBJECT, b"Roadmap\0");
    read(&beside_text(&stream.properties(&[&sender[..], properties].concat()).0))
}

/// 30 November 2026, 09:00 UTC.
const START_S: u64 = 1_796_029_200;

fn winmail_class(reading: &Reading) -> PartClass {
    reading.message.parts.iter().find(|p| p.content_type == "application/ms-tnef").unwrap().class
}

#[test]
fn place_time_people_and_recurrence_are_told() {
    let reading = meeting(
        b"IPM.Schedule.Meeting.Request\0",
        &[
            text(0x8208, "Room 5"),
            time(0x820D, START_S),
            time(0x820E, START_S + 3600),
            zone("W. Europe Standard Time"),
            text(0x823B, "Bob Example; cy@example.org"),
            text(0x823C, "Dee"),
            yes(0x8223),
            text(0x8232, "every Monday from 10:00 to 11:00"),
        ],
    );
    assert_eq!(reading.message.faults, [""; 0]);
    let shown = "Invitation: Roadmap\n\
                 When: Monday, 30 November 2026, 10:00 to 11:00 (W. Europe Standard Time), 09:00 UTC\n\
                 Repeats: every Monday from 10:00 to 11:00\nWhere: Room 5\nOrganizer: Jo <jo@example.org>\nAttendees:\n\
                 - Bob Example\n- cy@example.org\n- Dee (optional)\n\nsee below";
    assert_eq!(reading.message.text, shown);
    assert_eq!(reading.reply.visible, shown);
    assert_eq!(winmail_class(&reading), PartClass::Unpacked);
}

#[test]
fn the_block_stands_although_the_text_names_the_meeting() {
    let stream = Stream::new()
        .attribute(1, id::CLASS, b"IPM.Schedule.Meeting.Canceled\0")
        .attribute(1, id::SUBJECT, b"Roadmap\0")
        .attribute(1, id::BODY, b"Roadmap is off.\0")
        .properties(&[text(0x8208, "Room 5")]);
    let text = read(&beside_text(&stream.0)).message.text;
    assert!(text.starts_with("Cancelled: Roadmap\nWhere: Room 5\n"), "{text}");
    assert!(text.ends_with("Roadmap is off."), "{text}");
}

#[test]
fn whole_days_are_those_of_their_zone() {
    let day = |zone: &[Vec<u8>]| {
        let start = [yes(0x8215), time(0x820D, START_S + 14 * 3600), time(0x820E, START_S + 38 * 3600)];
        meeting(b"IPM.Schedule.Meeting.Request\0", &[&start[..], zone].concat())
    };
    let known = day(&[zone("W. Europe Standard Time")]);
    let calendar = known.message.calendar.as_ref().unwrap();
    assert_eq!((calendar.start.as_deref(), calendar.end.as_deref()), (Some("2026-12-01"), Some("2026-12-02")));
    assert!(calendar.all_day && winmail_class(&known) == PartClass::Unpacked);
    let unknown = day(&[]);
    assert!(!unknown.message.calendar.as_ref().unwrap().all_day);
    assert!(unknown.message.text.contains("Monday, 30 November 2026, 23:00 to Tuesday"), "{}", unknown.message.text);
    assert_eq!(winmail_class(&unknown), PartClass::File);
}

#[test]
fn a_series_that_nobody_says_in_words_keeps_the_file() {
    let reading = meeting(b"IPM.Schedule.Meeting.Request\0", &[yes(0x8223)]);
    assert_eq!(reading.message.faults, ["the meeting in winmail.dat repeats, and how is not shown"]);
    assert_eq!(winmail_class(&reading), PartClass::File);
    // One day of it that is changed says which.
    let one = meeting(b"IPM.Schedule.Meeting.Request\0", &[yes(0x8223), time(0x8228, START_S)]);
    assert!(one.message.text.contains("Only the occurrence of: Monday, 30 November 2026, 09:00 UTC"));
    assert_eq!(winmail_class(&one), PartClass::Unpacked);
}

#[test]
fn an_answer_may_propose_another_time() {
    let reading = meeting(
        b"IPM.Schedule.Meeting.Resp.Tent\0",
        &[time(0x820D, START_S), time(0x8250, START_S + 7200), time(0x8251, START_S + 9000), yes(0x8257)],
    );
    let shown = "Counter proposal: Roadmap\nWhen: Monday, 30 November 2026, 11:00 to 11:30 (UTC)\nAttendees:\n\
                 - Jo <jo@example.org>: tentative\n\nsee below";
    assert_eq!(reading.message.text, shown);
}

#[test]
fn the_table_of_recipients_says_more_than_names() {
    let person = |name: &str, address: &str, kind_of: u32| {
        let properties = [
            variable(tag::DISPLAY_NAME, kind::UNICODE, &utf16(name)),
            variable(0x39FE, kind::UNICODE, &utf16(address)),
            number(0x0C15, kind_of),
        ];
        super::writer::block(&properties)
    };
    let rows = [person("Bob", "bob@example.org", 1), person("Room 5", "", 3), person("Jo", "jo@example.org", 0)];
    let table = [&3u32.to_le_bytes()[..], &rows.concat()].concat();
    let stream =
        Stream::new().attribute(1, id::CLASS, b"IPM.Schedule.Meeting.Request\0").attribute(1, 0x0006_9004, &table);
    let reading = read(&beside_text(&stream.0));
    assert!(reading.message.text.contains("Attendees:\n- Bob <bob@example.org>\n- Room 5 (for information)\n\n"));
    assert_eq!(reading.message.faults, [""; 0]);
    let cut = Stream::new().attribute(1, id::CLASS, b"IPM.Schedule.Meeting.Request\0").attribute(
        1,
        0x0006_9004,
        &table[..90],
    );
    assert_eq!(winmail_class(&read(&beside_text(&cut.0))), PartClass::File);
}

#[test]
fn whom_the_header_names_was_invited() {
    let stream = Stream::new().attribute(1, id::CLASS, b"IPM.Schedule.Meeting.Request\0");
    let raw = [&b"To: Bob <bob@example.org>\r\nCc: cy@example.org\r\n"[..], &beside_text(&stream.0)].concat();
    let text = read(&raw).message.text;
    assert!(text.contains("Attendees:\n- Bob <bob@example.org>\n- cy@example.org (optional)\n"), "{text}");
}
