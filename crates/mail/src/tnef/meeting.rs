//! Meetings in a TNEF stream ([MS-OXOCAL], turned into the words of iCalendar as [MS-OXCICAL] says).

use super::property::{Name, Properties, id};
use crate::field;
use crate::message::{Address, Attendee, Calendar};
use data_encoding::HEXUPPER;

/// PSETID_Appointment and PSETID_Meeting, the first four bytes of each.
const APPOINTMENT: [u8; 4] = 0x0006_2002_u32.to_le_bytes();
const MEETING: [u8; 4] = 0x6ED8_DA90_u32.to_le_bytes();

const START: Name = Name::InSet(APPOINTMENT, 0x820D);
const END: Name = Name::InSet(APPOINTMENT, 0x820E);
/// PidLidGlobalObjectId and PidLidCleanGlobalObjectId.
const OBJECT_ID: Name = Name::InSet(MEETING, 0x0003);
const CLEAN_OBJECT_ID: Name = Name::InSet(MEETING, 0x0023);

/// The named properties that are read.
pub(super) const READ: &[Name] = &[START, END, OBJECT_ID, CLEAN_OBJECT_ID];

/// The meeting that a message of this class is about; `None` for classes that are none.
pub(super) fn read(
    bytes: &[u8],
    class: &str,
    properties: &Properties,
    summary: Option<&str>,
    from: Option<&Address>,
) -> Option<Calendar> {
    let (method, status) = method(class)?;
    let start = properties.time(bytes, START).or_else(|| properties.time(bytes, Name::Tag(id::START_DATE)));
    let end = properties.time(bytes, END).or_else(|| properties.time(bytes, Name::Tag(id::END_DATE)));
    let sender = from.map(|a| a.address.clone()).filter(|a| !a.is_empty());
    let mut meeting = Calendar {
        method: method.to_owned(),
        uid: uid(bytes, properties).unwrap_or_default(),
        summary: summary.map(str::to_owned),
        start,
        end,
        component: "VEVENT".to_owned(),
        ..Calendar::default()
    };
    match status {
        // Whoever answers is not the one who asked.
        Some(status) => meeting.attendees.extend(sender.map(|address| {
            let mut attendee = Attendee { address, ..Attendee::default() };
            attendee.status = Some(status.to_owned());
            attendee
        })),
        None => meeting.organizer = sender,
    }
    Some(meeting)
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

/// The UID of the iCalendar object: the one that Outlook took over from another program, else the object id itself as
/// digits, the day of a single occurrence taken out ([MS-OXCICAL], section 2.1.3.1.1.20.26).
fn uid(bytes: &[u8], properties: &Properties) -> Option<String> {
    const OCCURRENCE: std::ops::Range<usize> = 16..20;
    const FOREIGN_MARK: &[u8] = b"vCal-Uid\x01\0\0\0";
    const FOREIGN_MARK_AT: usize = 40;
    const ID_BYTES_MAX: usize = 1024;
    let property = properties.get(OBJECT_ID).or_else(|| properties.get(CLEAN_OBJECT_ID))?;
    let mut id = bytes[property.value.clone()].to_vec();
    id.truncate(ID_BYTES_MAX);
    if let Some(foreign) = id.get(FOREIGN_MARK_AT..).and_then(|rest| rest.strip_prefix(FOREIGN_MARK)) {
        let end = foreign.iter().position(|&b| b == 0).unwrap_or(foreign.len());
        return Some(field::printable(&String::from_utf8_lossy(&foreign[..end]))).filter(|u| !u.is_empty());
    }
    id.get_mut(OCCURRENCE)?.fill(0);
    Some(HEXUPPER.encode(&id))
}
