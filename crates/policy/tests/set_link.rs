//! SEC-48: links to directive sets cannot be forged, moved to another letter, person, issue or site, or spelled in two ways.
#![allow(clippy::unwrap_used)]

use policy::reply_token::TokenKey;
use policy::set_link::{
    EVENT_TOKEN_CHARS, EventLinkPlace, LinkGrant, LinkPlace, TOKEN_CHARS, event_place_of, is_signed, place_of, sign,
    sign_in_event,
};
use proptest::prelude::*;

const NOW: &str = "2026-11-22T10:00:00Z";

fn key(id: u8) -> TokenKey {
    TokenKey { id, secret: vec![id.wrapping_add(1); 32], retired_at: None }
}

fn place() -> LinkPlace {
    LinkPlace { message: "0198c0de0198c0de0198c0de0198c0de".to_owned(), revision: 2, letter: 3, number: 1 }
}

fn grant() -> LinkGrant {
    LinkGrant {
        site: "main".to_owned(),
        set: "reopen".to_owned(),
        issue_id: "10001".to_owned(),
        person: "ann@example.org".to_owned(),
        valid_until: 1_790_000_000_000_000,
    }
}

#[test]
fn a_token_says_where_it_stands_and_is_good_for_what_was_offered_there() {
    let token = sign(&key(3), &place(), &grant()).unwrap();
    assert_eq!(token.len(), TOKEN_CHARS);
    assert_eq!(place_of(&token).unwrap(), place());
    assert!(is_signed(&[key(9), key(3)], &token, &grant(), NOW));
    assert!(!is_signed(&[key(9)], &token, &grant(), NOW));
    let other_secret = TokenKey { secret: vec![7; 32], ..key(3) };
    assert!(!is_signed(&[other_secret], &token, &grant(), NOW));
    let retired = TokenKey { retired_at: Some("2024-11-22T09:00:00Z".to_owned()), ..key(3) };
    assert!(!is_signed(&[retired], &token, &grant(), NOW), "retired for more than two years");
}

#[test]
fn sec_48_a_token_is_good_for_nothing_else() {
    let token = sign(&key(3), &place(), &grant()).unwrap();
    let others = [
        LinkGrant { site: "other".to_owned(), ..grant() },
        LinkGrant { set: "close".to_owned(), ..grant() },
        LinkGrant { issue_id: "10002".to_owned(), ..grant() },
        LinkGrant { person: "bob@example.org".to_owned(), ..grant() },
        LinkGrant { valid_until: grant().valid_until + 1, ..grant() },
        // Parts that would read alike without their lengths.
        LinkGrant { set: "reopen1".to_owned(), issue_id: "0001".to_owned(), ..grant() },
    ];
    for other in others {
        assert!(!is_signed(&[key(3)], &token, &other, NOW), "{other:?}");
    }
    for moved in [
        LinkPlace { message: "0198c0de0198c0de0198c0de0198c0df".to_owned(), ..place() },
        LinkPlace { revision: 3, ..place() },
        LinkPlace { letter: 4, ..place() },
        LinkPlace { number: 0, ..place() },
    ] {
        assert_ne!(sign(&key(3), &moved, &grant()).unwrap(), token);
    }
    assert_eq!(sign(&TokenKey { secret: vec![1; 31], ..key(3) }, &place(), &grant()), None);
    assert_eq!(sign(&key(3), &LinkPlace { message: "m1".to_owned(), ..place() }, &grant()), None);
}

/// A change of the layout would break every link that is out in the world, so one token stands here for good; it was worked
/// out apart from this program.
#[test]
fn tokens_of_this_version_look_the_same_for_ever() {
    let token = sign(&key(3), &place(), &grant()).unwrap();
    assert_eq!(token, "aebqdgga3yazrqg6agmmbxqbtdan4aaaaabaaaybtku2cyao7e4k2bo5ouplxeiaqq");
}

const EVENT_PLACE: EventLinkPlace = EventLinkPlace { letter: 0x8123_4567_89ab_cdef, number: 2 };

#[test]
fn sec_48_a_token_in_a_letter_about_events_is_good_for_what_was_offered_there() {
    let token = sign_in_event(&key(3), EVENT_PLACE, &grant()).unwrap();
    assert_eq!(token.len(), EVENT_TOKEN_CHARS);
    assert_eq!((event_place_of(&token), place_of(&token)), (Some(EVENT_PLACE), None));
    assert_eq!(event_place_of(&sign(&key(3), &place(), &grant()).unwrap()), None);
    assert!(is_signed(&[key(9), key(3)], &token, &grant(), NOW));
    assert!(!is_signed(&[key(9)], &token, &grant(), NOW));
    for other in [
        LinkGrant { site: "other".to_owned(), ..grant() },
        LinkGrant { set: "close".to_owned(), ..grant() },
        LinkGrant { issue_id: "10002".to_owned(), ..grant() },
        LinkGrant { person: "bob@example.org".to_owned(), ..grant() },
        LinkGrant { valid_until: grant().valid_until + 1, ..grant() },
    ] {
        assert!(!is_signed(&[key(3)], &token, &other, NOW), "{other:?}");
    }
    for moved in
        [EventLinkPlace { letter: EVENT_PLACE.letter ^ 1, ..EVENT_PLACE }, EventLinkPlace { number: 1, ..EVENT_PLACE }]
    {
        assert_ne!(sign_in_event(&key(3), moved, &grant()).unwrap(), token);
    }
    assert_eq!(sign_in_event(&TokenKey { secret: vec![1; 31], ..key(3) }, EVENT_PLACE, &grant()), None);
}

/// As above: links that are out must stay good. The MAC was worked out apart from this program.
#[test]
fn tokens_in_letters_about_events_look_the_same_for_ever() {
    let token = sign_in_event(&key(3), EVENT_PLACE, &grant()).unwrap();
    assert_eq!(token, "aibyci2fm6e2xtppal24tavdomq64fgpwh3wluymtweq");
}

proptest! {
    #[test]
    fn sec_48_every_changed_letter_breaks_a_token(at in 0..TOKEN_CHARS, letter in "[a-z2-7A-Z]") {
        let token = sign(&key(3), &place(), &grant()).unwrap();
        let mut changed = token.clone();
        changed.replace_range(at..=at, &letter);
        prop_assume!(changed != token);
        prop_assert!(!is_signed(&[key(3)], &changed, &grant(), NOW));
    }

    #[test]
    fn sec_48_every_changed_letter_breaks_a_token_of_events(at in 0..EVENT_TOKEN_CHARS, letter in "[a-z2-7A-Z]") {
        let token = sign_in_event(&key(3), EVENT_PLACE, &grant()).unwrap();
        let mut changed = token.clone();
        changed.replace_range(at..=at, &letter);
        prop_assume!(changed != token);
        prop_assert!(!is_signed(&[key(3)], &changed, &grant(), NOW));
    }

    #[test]
    fn any_text_is_a_token_or_none(text in "\\PC{0,80}") {
        let _ = (place_of(&text), event_place_of(&text));
        prop_assert!(!is_signed(&[key(3)], &text, &grant(), NOW));
    }
}
