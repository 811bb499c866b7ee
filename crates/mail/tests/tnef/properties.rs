//! What holds for every stream, however it is made up.

use super::writer::{Stream, alone, beside_text, block, id, kind, stored, tag, utf16, variable};
use super::{inside, read};
use mail::Limits;
use proptest::prelude::*;

fn property() -> impl Strategy<Value = Vec<u8>> {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..20);
    prop_oneof![
        bytes().prop_map(|b| variable(tag::RTF, kind::BINARY, &stored(&b))),
        bytes().prop_map(|b| variable(tag::HTML, kind::BINARY, &b)),
        bytes().prop_map(|b| variable(tag::ATTACH_DATA, kind::BINARY, &b)),
        bytes().prop_map(|b| variable(tag::ATTACH_DATA, kind::OBJECT, &b)),
        "\\PC{0,8}".prop_map(|t| variable(tag::LONG_NAME, kind::UNICODE, &utf16(&t))),
        bytes(),
    ]
}

/// An attribute of any kind with anything in it.
fn attribute() -> impl Strategy<Value = (u8, u32, Vec<u8>)> {
    let properties = || proptest::collection::vec(property(), 0..4).prop_map(|p| block(&p));
    let bytes = || proptest::collection::vec(any::<u8>(), 0..30);
    prop_oneof![
        bytes().prop_map(|b| (1, id::BODY, b)),
        bytes().prop_map(|b| (1, id::CLASS, b)),
        bytes().prop_map(|b| (1, id::SUBJECT, b)),
        "(Rep|IPM.Note.Rules.|IPM.Schedule.Meeting.Request)\\PC{0,5}".prop_map(|c| (1, id::CLASS, c.into_bytes())),
        properties().prop_map(|b| (1, id::PROPERTIES, b)),
        Just((2, id::RENDERING, vec![0; 14])),
        bytes().prop_map(|b| (2, id::DATA, b)),
        bytes().prop_map(|b| (2, id::TITLE, b)),
        properties().prop_map(|b| (2, id::ATTACHMENT, b)),
        (any::<u8>(), any::<u32>(), bytes()),
    ]
}

fn rtf_piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\\\(u|f|uc|par|tab|htmlrtf|fromhtml|fromtext|fonttbl|fcharset|v|bin|plain|field|fldrslt|ansicpg|deff)-?[0-9]{0,5} ?",
        Just("{".to_owned()),
        Just("}".to_owned()),
        Just("{\\*\\htmltag64 <p>}".to_owned()),
        Just("{\\*\\fldinst HYPERLINK \"http://a.example\"}".to_owned()),
        Just("\\'e4".to_owned()),
        "[ -~]{0,10}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reading_is_total_and_its_parts_can_be_taken(attributes in proptest::collection::vec(attribute(), 0..12)) {
        let stream = attributes.iter().fold(Stream::new(), |s, (level, id, data)| s.attribute(*level, *id, data));
        for raw in [alone(&stream.0), beside_text(&stream.0)] {
            let reading = read(&raw);
            prop_assert!(!reading.message.text.contains('\0'));
            let why = reading.message.automatic.map(|a| a.why).unwrap_or_default();
            for value in [reading.message.headers.subject, why] {
                prop_assert!(mail::HeaderValue::new(value).is_ok());
            }
            for part in &reading.message.parts {
                let bytes = mail::part(&raw, &Limits::default(), &part.path);
                prop_assert!(bytes.is_some_and(|b| !part.leaf || b.len() as u64 == part.size_bytes), "{}", part.path);
            }
        }
    }

    #[test]
    fn every_file_comes_back(files in proptest::collection::vec(("[a-z]{1,12}\\.[a-z]{3}", proptest::collection::vec(any::<u8>(), 0..200)), 0..8)) {
        let stream = files.iter().fold(Stream::new(), |s, (name, data)| s.file(name, data));
        let raw = beside_text(&stream.0);
        let reading = read(&raw);
        let found: Vec<(String, Vec<u8>)> = inside(&reading)
            .iter()
            // A file may happen to be a stream itself, whose files are not ours.
            .filter(|p| p.path.matches("/tnef/").count() == 1)
            .map(|p| (p.name.clone().unwrap(), mail::part(&raw, &Limits::default(), &p.path).unwrap()))
            .collect();
        prop_assert_eq!(found, files);
        // Bytes may happen to look like a program under another name, which is told and changes nothing.
        let others = reading.message.faults.iter().filter(|fault| !fault.contains("under the name or type of"));
        prop_assert_eq!(others.count(), 0, "{:?}", reading.message.faults);
    }

    #[test]
    fn rtf_is_read_whatever_it_is(pieces in proptest::collection::vec(rtf_piece(), 0..60)) {
        let rtf = format!("{{\\rtf1{}", pieces.concat());
        let reading = read(&alone(&Stream::new().properties(&[variable(tag::RTF, kind::BINARY, &stored(rtf.as_bytes()))]).0));
        prop_assert!(!reading.message.text.contains('\0'));
        prop_assert!(reading.message.text.len() <= 8 * rtf.len());
    }
}
