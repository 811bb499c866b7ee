//! Meetings in a TNEF stream ([MS-OXOCAL], turned into the words of iCalendar as [MS-OXCICAL] says).

use super::cursor::Cursor;
use super::property::{Name, Properties, id};
use super::{is_address, note};
use crate::calendar::{self, ATTENDEES_MAX};
use crate::field;
use crate::message::{Address, Attendee, Calendar};
use data_encoding::HEXUPPER;
use encoding_rs::UTF_16LE;
use std::ops::Range;

/// PSETID_Appointment and PSETID_Meeting, the first four bytes of each.
const APPOINTMENT: [u8; 4] = 0x0006_2002_u32.to_le_bytes();
const MEETING: [u8; 4] = 0x6ED8_DA90_u32.to_le_bytes();

/// Numbers of [MS-OXPROPS], named as there.
const SEQUENCE: Name = Name::InSet(APPOINTMENT, 0x8201);
const LOCATION: Name = Name::InSet(APPOINTMENT, 0x8208);
const START: Name = Name::InSet(APPOINTMENT, 0x820D);
const END: Name = Name::InSet(APPOINTMENT, 0x820E);
/// PidLidAppointmentSubType: whole days.
const WHOLE_DAYS: Name = Name::InSet(APPOINTMENT, 0x8215);
const RECURRENCE: Name = Name::InSet(APPOINTMENT, 0x8216);
const RECURRING: Name = Name::InSet(APPOINTMENT, 0x8223);
/// PidLidExceptionReplaceTime: which occurrence of a series this is about.
const OCCURRENCE: Name = Name::InSet(APPOINTMENT, 0x8228);
/// The recurrence in words of the sender's language.
const RECURRENCE_PATTERN: Name = Name::InSet(APPOINTMENT, 0x8232);
const ZONE_DESCRIPTION: Name = Name::InSet(APPOINTMENT, 0x8234);
const ALL_ATTENDEES: Name = Name::InSet(APPOINTMENT, 0x8238);
const TO_ATTENDEES: Name = Name::InSet(APPOINTMENT, 0x823B);
const CC_ATTENDEES: Name = Name::InSet(APPOINTMENT, 0x823C);
const PROPOSED_START: Name = Name::InSet(APPOINTMENT, 0x8250);
const PROPOSED_END: Name = Name::InSet(APPOINTMENT, 0x8251);
const COUNTER_PROPOSAL: Name = Name::InSet(APPOINTMENT, 0x8257);
const ZONE_OF_START: Name = Name::InSet(APPOINTMENT, 0x825E);
const WHERE: Name = Name::InSet(MEETING, 0x0002);
/// PidLidGlobalObjectId and PidLidCleanGlobalObjectId.
const OBJECT_ID: Name = Name::InSet(MEETING, 0x0003);
const IS_RECURRING: Name = Name::InSet(MEETING, 0x0005);
const CLEAN_OBJECT_ID: Name = Name::InSet(MEETING, 0x0023);

/// The named properties that are read.
pub(super) const READ: &[Name] = &[
    SEQUENCE,
    LOCATION,
    START,
    END,
    WHOLE_DAYS,
    RECURRENCE,
    RECURRING,
    OCCURRENCE,
    RECURRENCE_PATTERN,
    ZONE_DESCRIPTION,
    ALL_ATTENDEES,
    TO_ATTENDEES,
    CC_ATTENDEES,
    PROPOSED_START,
    PROPOSED_END,
    COUNTER_PROPOSAL,
    ZONE_OF_START,
    WHERE,
    OBJECT_ID,
    IS_RECURRING,
    CLEAN_OBJECT_ID,
];

/// What a stream says of its message, from which a meeting is read.
pub(super) struct About<'a> {
    pub bytes: &'a [u8],
    pub charset: Option<&'static str>,
    pub properties: &'a Properties,
    pub recipients: Option<Range<usize>>,
    pub summary: Option<&'a str>,
    pub from: Option<&'a Address>,
}

impl About<'_> {
    /// The meeting that a message of this class is about; `None` for classes that are none. What it says and the value
    /// does not becomes a fault, so that the stream goes along.
    pub fn meeting(&self, class: &str, faults: &mut Vec<&'static str>) -> Option<Calendar> {
        let (method, status) = method(class)?;
        let is_counter = status.is_some() && self.properties.is_true(self.bytes, COUNTER_PROPOSAL);
        let sender = self.from.map(|a| a.address.clone()).filter(|a| !a.is_empty());
        let name = self.from.and_then(|a| a.name.clone());
        let mut meeting = Calendar {
            method: if is_counter { "COUNTER" } else { method }.to_owned(),
            uid: self.uid().unwrap_or_default(),
            summary: self.summary.map(str::to_owned),
            location: self.line(LOCATION).or_else(|| self.line(WHERE)),
            component: "VEVENT".to_owned(),
            sequence: self.properties.number(self.bytes, SEQUENCE).unwrap_or(0),
            recurrence: self.line(RECURRENCE_PATTERN),
            recurrence_id: self.properties.time(self.bytes, OCCURRENCE),
            ..Calendar::default()
        };
        self.when(is_counter, &mut meeting, faults);
        let repeats = [RECURRING, IS_RECURRING].into_iter().any(|name| self.properties.is_true(self.bytes, name))
            || self.properties.get(RECURRENCE).is_some_and(|p| !p.value.is_empty());
        // An exception of a series says that the series repeats, and is itself one day.
        if repeats && meeting.recurrence.is_none() && meeting.recurrence_id.is_none() {
            note(faults, "the meeting in winmail.dat repeats, and how is not shown");
        }
        match status {
            // Whoever answers is not the one who asked.
            Some(status) => meeting.attendees.extend(sender.map(|address| Attendee {
                address,
                name,
                status: Some(status.to_owned()),
                ..Attendee::default()
            })),
            None => {
                meeting.organizer = sender;
                meeting.organizer_name = name;
                meeting.attendees = self.attendees(faults);
            }
        }
        Some(meeting)
    }

    /// Fills in the times, as clocks show them where the meeting was planned.
    fn when(&self, is_counter: bool, meeting: &mut Calendar, faults: &mut Vec<&'static str>) {
        let time = |name: Name| self.properties.time(self.bytes, name);
        let proposed = |name: Name| time(name).filter(|_| is_counter);
        meeting.start = proposed(PROPOSED_START).or_else(|| time(START)).or_else(|| time(Name::Tag(id::START_DATE)));
        meeting.end = proposed(PROPOSED_END).or_else(|| time(END)).or_else(|| time(Name::Tag(id::END_DATE)));
        let zones = [self.zone_of_start(), self.line(ZONE_DESCRIPTION)];
        calendar::show_in_zone(meeting, zones.into_iter().flatten());
        let is_whole_days = self.properties.is_true(self.bytes, WHOLE_DAYS);
        if is_whole_days && !calendar::make_whole_days(meeting) {
            note(faults, "the meeting in winmail.dat lasts whole days of a time zone that is not known");
        }
    }

    /// The key name of a time zone definition ([MS-OXOCAL], section 2.2.1.41): how Windows calls the zone.
    fn zone_of_start(&self) -> Option<String> {
        const NAME_CHARS_MAX: u16 = 260;
        let mut cursor = Cursor::new(self.bytes, self.properties.get(ZONE_OF_START)?.value.clone());
        // Versions, the size of the head and a reserved number stand before the length.
        cursor.take(6)?;
        let chars = cursor.u16().filter(|&n| n <= NAME_CHARS_MAX)?;
        let name = cursor.take(usize::from(chars) * 2)?;
        let name = UTF_16LE.decode_without_bom_handling(&self.bytes[name]).0;
        Some(field::printable(&name)).filter(|name| !name.is_empty())
    }

    fn line(&self, name: Name) -> Option<String> {
        let text = self.properties.text(self.bytes, name, self.charset)?;
        Some(field::printable(&text)).filter(|line| !line.is_empty())
    }

    /// Who was asked: the recipients where the stream lists them, else the names that it says in a line.
    fn attendees(&self, faults: &mut Vec<&'static str>) -> Vec<Attendee> {
        let mut found = self.recipients(faults);
        if found.is_empty() {
            found.extend(self.named(TO_ATTENDEES, "REQ-PARTICIPANT"));
            found.extend(self.named(CC_ATTENDEES, "OPT-PARTICIPANT"));
        }
        if found.is_empty() {
            found = self.named(ALL_ATTENDEES, "");
        }
        if found.len() > ATTENDEES_MAX {
            note(faults, "more attendees than are kept: the rest was not read");
            found.truncate(ATTENDEES_MAX);
        }
        found
    }

    /// Names with semicolons between them.
    fn named(&self, property: Name, role: &str) -> Vec<Attendee> {
        let line = self.line(property).unwrap_or_default();
        let names = line.split(';').map(str::trim).filter(|name| !name.is_empty()).take(ATTENDEES_MAX + 1);
        let role = Some(role.to_owned()).filter(|r| !r.is_empty());
        let attendee = |name: &str| {
            let (address, name) = if is_address(name) { (name, None) } else { ("", Some(name.to_owned())) };
            Attendee { address: address.to_owned(), name, role: role.clone(), ..Attendee::default() }
        };
        names.map(attendee).collect()
    }

    /// The table of recipients: a count, then the properties of each ([MS-OXTNEF], section 2.1.3.5.1).
    fn recipients(&self, faults: &mut Vec<&'static str>) -> Vec<Attendee> {
        let mut found = Vec::new();
        let Some(table) = self.recipients.clone() else { return found };
        let mut cursor = Cursor::new(self.bytes, table);
        let count = cursor.length().unwrap_or(0);
        for _ in 0..count.min(ATTENDEES_MAX + 1) {
            let mut row = Properties::default();
            let goes_on = row.read_next(&mut cursor, faults);
            found.extend(self.recipient(&row));
            if !goes_on {
                break;
            }
        }
        found
    }

    fn recipient(&self, row: &Properties) -> Option<Attendee> {
        let text = |tag: u16| {
            let text = row.text(self.bytes, Name::Tag(tag), self.charset)?;
            Some(field::printable(&text)).filter(|t| !t.is_empty())
        };
        let is_smtp = text(id::ADDRESS_KIND).is_some_and(|k| k.eq_ignore_ascii_case("SMTP"));
        let address = text(id::SMTP_ADDRESS).or_else(|| text(id::ADDRESS).filter(|_| is_smtp));
        let address = address.filter(|a| is_address(a)).unwrap_or_default();
        let name = text(id::DISPLAY_NAME).filter(|name| *name != address);
        // Required, optional, a room ([MS-OXOCAL], section 2.2.4.10.2); none of them is the sender.
        let role = match row.number(self.bytes, id::RECIPIENT_TYPE).map(|kind| kind & 0xF) {
            Some(1) => "REQ-PARTICIPANT",
            Some(2) => "OPT-PARTICIPANT",
            Some(3) => "NON-PARTICIPANT",
            _ => return None,
        };
        let is_known = !address.is_empty() || name.is_some();
        is_known.then(|| Attendee { address, name, role: Some(role.to_owned()), ..Attendee::default() })
    }

    /// The UID of the iCalendar object: the one that Outlook took over from another program, else the object id itself as
    /// digits, the day of a single occurrence taken out ([MS-OXCICAL], section 2.1.3.1.1.20.26).
    fn uid(&self) -> Option<String> {
        const OCCURRENCE: Range<usize> = 16..20;
        const FOREIGN_MARK: &[u8] = b"vCal-Uid\x01\0\0\0";
        const FOREIGN_MARK_AT: usize = 40;
        const ID_BYTES_MAX: usize = 1024;
        let property = self.properties.get(OBJECT_ID).or_else(|| self.properties.get(CLEAN_OBJECT_ID))?;
        let mut id = self.bytes[property.value.clone()].to_vec();
        id.truncate(ID_BYTES_MAX);
        if let Some(foreign) = id.get(FOREIGN_MARK_AT..).and_then(|rest| rest.strip_prefix(FOREIGN_MARK)) {
            let end = foreign.iter().position(|&b| b == 0).unwrap_or(foreign.len());
            return Some(field::printable(&String::from_utf8_lossy(&foreign[..end]))).filter(|u| !u.is_empty());
        }
        id.get_mut(OCCURRENCE)?.fill(0);
        Some(HEXUPPER.encode(&id))
    }
}

/// What a class asks for or says: the method of RFC 5546, and the answer with which an attendee replies.
fn method(class: &str) -> Option<(&'static str, Option<&'static str>)> {
    const METHODS: &[(&str, &str, Option<&str>)] = &[
        ("ipm.schedule.meeting.request", "REQUEST", None),
        ("ipm.schedule.meeting.canceled", "CANCEL", None),
        ("ipm.schedule.meeting.resp.pos", "REPLY", Some("ACCEPTED")),
        ("ipm.schedule.meeting.resp.neg", "REPLY", Some("DECLINED")),
        ("ipm.schedule.meeting.resp.tent", "REPLY", Some("TENTATIVE")),
        ("ipm.appointment", "PUBLISH", None),
    ];
    let class = class.to_ascii_lowercase();
    METHODS.iter().find(|(name, ..)| class.starts_with(name)).map(|(_, method, status)| (*method, *status))
}
