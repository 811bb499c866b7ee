//! SEC-48: links that end letters cannot be forged, changed, moved to another site or made of reply tokens.
#![allow(clippy::unwrap_used)]

use policy::reply_token::{self, TokenKey};
use policy::silence_link::{LinkedLetter, resembles, sign, verify};
use proptest::prelude::*;

const NOW: &str = "2026-11-22T10:00:00Z";

fn key(id: u8) -> TokenKey {
    TokenKey { id, secret: vec![id.wrapping_add(1); 32], retired_at: None }
}

fn letter() -> LinkedLetter {
    LinkedLetter { issue_id: "10001".to_owned(), number: u64::MAX, shared: false }
}

#[test]
fn a_link_gives_back_the_letter_that_it_stood_in() {
    let token = sign(&key(3), "main", &letter()).unwrap();
    assert_eq!(verify(&[key(9), key(3)], "main", &token, NOW), Some(letter()));
    assert!(resembles(&token) && !token.contains(|c: char| !c.is_ascii_alphanumeric()), "{token}");
}

#[test]
fn sec_48_a_link_of_a_shared_letter_is_none_of_a_letter_of_ones_own() {
    let shared = LinkedLetter { shared: true, ..letter() };
    let tokens = [&letter(), &shared].map(|letter| sign(&key(3), "main", letter).unwrap());
    assert_ne!(tokens[0], tokens[1]);
    assert_eq!(verify(&[key(3)], "main", &tokens[1], NOW), Some(shared));
}

/// A change of the layout would make the links in all letters useless, so one stands here for good; it was worked out apart from
/// this program.
#[test]
fn links_of_this_version_look_the_same_for_ever() {
    let key = TokenKey { id: 1, secret: (0..32).collect(), retired_at: None };
    let letter = LinkedLetter { issue_id: "10001".to_owned(), number: 7, shared: false };
    assert_eq!(sign(&key, "main", &letter).unwrap(), "aeascjyra5sjcbiptmi4xdvu6svqb3gjsk5q");
}

#[test]
fn sec_48_another_site_key_or_spelling_and_a_key_of_long_ago_open_nothing() {
    let token = sign(&key(1), "main", &letter()).unwrap();
    for (keys, site, token, what) in [
        (vec![key(1)], "other", token.clone(), "another site"),
        (vec![TokenKey { secret: vec![7; 32], ..key(1) }], "main", token.clone(), "another secret"),
        (vec![TokenKey { id: 2, ..key(1) }], "main", token.clone(), "another key's number"),
        (vec![], "main", token.clone(), "no key"),
        (vec![key(1)], "main", token.to_ascii_uppercase(), "capitals"),
        (vec![key(1)], "main", format!("{token}@example.org"), "an address"),
        (vec![key(1)], "main", format!(" {token}"), "a space"),
        (vec![key(1)], "main", format!("{token}a"), "one more"),
        (vec![key(1)], "main", String::new(), "nothing"),
        (
            vec![TokenKey { retired_at: Some("2024-11-22T10:00:00Z".into()), ..key(1) }],
            "main",
            token.clone(),
            "retired",
        ),
    ] {
        assert_eq!(verify(&keys, site, &token, NOW), None, "{what}");
    }
    assert_eq!(sign(&TokenKey { secret: vec![1; 31], ..key(1) }, "main", &letter()), None, "a weak key");
    assert_eq!(sign(&key(1), "main", &LinkedLetter { issue_id: "HELP-7".into(), number: 1, shared: false }), None);
}

#[test]
fn sec_48_whoever_can_answer_a_letter_cannot_silence_by_his_reply_address_nor_the_other_way_round() {
    let (id, number) = (letter().issue_id, letter().number.to_string());
    let reply = reply_token::sign(&key(1), "main", &id, &number).unwrap();
    assert_eq!(verify(&[key(1)], "main", &reply, NOW), None);
    let silence = sign(&key(1), "main", &letter()).unwrap();
    assert_eq!(reply_token::verify(&[key(1)], "main", &format!("reply+{silence}@example.org"), NOW), None);
}

#[test]
fn sec_48_every_changed_letter_of_a_link_breaks_it() {
    let token = sign(&key(1), "main", &letter()).unwrap();
    for at in 0..token.len() {
        for other in "abcdefghijklmnopqrstuvwxyz234567".chars().filter(|c| !token[at..].starts_with(*c)) {
            let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
            assert_eq!(verify(&[key(1)], "main", &changed, NOW), None, "{changed}");
        }
    }
}

proptest! {
    #[test]
    fn every_letter_is_given_back(issue: u64, number: u64, id: u8) {
        let letter = LinkedLetter { issue_id: issue.to_string(), number, shared: number.is_multiple_of(2) };
        let token = sign(&key(id), "main", &letter).unwrap();
        prop_assert_eq!(verify(&[key(id)], "main", &token, NOW), Some(letter));
    }

    #[test]
    fn nothing_that_strangers_write_opens_or_breaks_anything(token in ".{0,80}") {
        prop_assert_eq!(verify(&[key(1)], "main", &token, NOW), None);
    }
}
