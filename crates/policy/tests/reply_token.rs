//! SEC-02: reply tokens cannot be forged, moved to another site, issue or letter, shortened or outlive their keys.
#![allow(clippy::unwrap_used)]

use policy::reply_token::{PREFIX_OCTETS_MAX, TOKEN_OCTETS_MAX, TokenKey, resembles, sign, sign_path, verify};
use proptest::prelude::*;

const NOW: &str = "2026-11-22T10:00:00Z";

fn key(id: u8) -> TokenKey {
    TokenKey { id, secret: vec![id.wrapping_add(1); 32], retired_at: None }
}

fn at(token: &str) -> String {
    format!("reply+{token}@example.com")
}

#[test]
fn a_token_gives_back_what_it_was_signed_for() {
    let token = sign(&key(3), "main", "10001", "7").unwrap();
    for address in [at(&token), at(&token).to_uppercase(), format!("{token}@example.com"), format!(" r-{token}@x ")] {
        let grant = verify(&[key(9), key(3)], "main", &address, NOW).unwrap();
        assert_eq!((grant.address, grant.issue_id, grant.letter_id), (address, "10001".to_owned(), "7".to_owned()));
    }
}

#[test]
fn the_longest_token_and_prefix_fit_a_local_part() {
    let greatest = u64::MAX.to_string();
    let token = sign(&key(255), "main", &greatest, &greatest).unwrap();
    assert_eq!(token.len(), TOKEN_OCTETS_MAX);
    assert_eq!(token.len() + PREFIX_OCTETS_MAX, 64);
    assert_eq!(verify(&[key(255)], "main", &at(&token), NOW).unwrap().issue_id, greatest);
    let shortest = sign(&key(0), "", "0", "0").unwrap();
    assert!(resembles(&at(&shortest)));
    assert_eq!(verify(&[key(0)], "", &at(&shortest), NOW).unwrap().letter_id, "0");
}

/// Whoever can answer a letter cannot make a return path of it, nor the other way round.
#[test]
fn a_return_path_is_no_reply_address_though_it_looks_like_one() {
    let [reply, path] = [sign, sign_path].map(|signed| at(&signed(&key(3), "main", "10001", "7").unwrap()));
    assert_ne!(reply, path);
    assert!(resembles(&path));
    let is_path = |address: &str| verify(&[key(3)], "main", address, NOW).unwrap().is_path;
    assert!(!is_path(&reply) && is_path(&path));
    assert_eq!(verify(&[key(3)], "other", &path, NOW), None);
    assert_eq!(verify(&[TokenKey { secret: vec![9; 32], ..key(3) }], "main", &path, NOW), None);
}

/// A change of the layout would make every address that is out in the world useless, so one token stands here for good;
/// it was worked out apart from this program.
#[test]
fn tokens_of_this_version_look_the_same_for_ever() {
    let token = sign(&TokenKey { id: 1, secret: (0..32).collect(), retired_at: None }, "main", "10001", "7").unwrap();
    assert_eq!(token, "aeascjyra52jpmwwfpq4ngisvokycqc4pyfa");
}

#[test]
fn ids_that_are_no_shortest_decimal_numbers_and_weak_keys_sign_nothing() {
    for id in ["", "007", "+1", "-1", " 1", "DEMO-1", "18446744073709551616"] {
        assert_eq!(sign(&key(1), "main", id, "7"), None, "{id}");
        assert_eq!(sign(&key(1), "main", "7", id), None, "{id}");
    }
    let weak = TokenKey { secret: vec![1; 31], ..key(1) };
    assert_eq!(sign(&weak, "main", "1", "1"), None);
    let token = sign(&key(1), "main", "1", "1").unwrap();
    assert_eq!(verify(&[TokenKey { secret: Vec::new(), ..key(1) }], "main", &at(&token), NOW), None);
}

#[test]
fn a_retired_key_verifies_for_two_years() {
    let retired = |time: &str| TokenKey { retired_at: Some(time.to_owned()), ..key(1) };
    let token = at(&sign(&key(1), "main", "1", "1").unwrap());
    let holds = |time: &str, now: &str| verify(&[retired(time)], "main", &token, now).is_some();
    assert!(holds("2024-11-22T10:00:01Z", NOW));
    assert!(!holds("2024-11-22T10:00:00Z", NOW));
    assert!(holds("2024-02-29T00:00:00Z", "2026-02-27T23:59:59Z"));
    assert!(!holds("2024-02-29T00:00:00Z", "2026-02-28T00:00:00Z"));
    assert!(holds("2030-01-01T00:00:00Z", NOW));
    assert!(!holds("some day", NOW));
    assert!(!holds("2026-01-01T00:00:00Z", "now"));
}

#[test]
fn another_key_of_the_same_number_does_not_verify() {
    let token = at(&sign(&key(1), "main", "1", "1").unwrap());
    let other = TokenKey { secret: vec![9; 32], ..key(1) };
    assert_eq!(verify(std::slice::from_ref(&other), "main", &token, NOW), None);
    assert!(verify(&[other, key(1)], "main", &token, NOW).is_some());
    assert_eq!(verify(&[], "main", &token, NOW), None);
}

#[test]
fn an_unknown_version_is_refused() {
    let token = sign(&key(1), "main", "1", "1").unwrap();
    // The first eight bits are the version: the second character holds its last three.
    let other = format!("ai{}", &token[2..]);
    assert!(resembles(&at(&other)));
    assert_eq!(verify(&[key(1)], "main", &at(&other), NOW), None);
}

#[test]
fn a_key_shows_no_secret() {
    let key = TokenKey { secret: b"canary-canary-canary-canary-cana".to_vec(), ..key(1) };
    let shown = format!("{key:?}");
    assert!(!shown.contains("canary") && !shown.contains("99, 97"), "{shown}");
}

/// Matrix of sites, keys, issues and letters: a token verifies in exactly one cell.
#[test]
fn sec_02_a_token_holds_for_one_site_only() {
    for signer in ["a", "b", "ab", ""] {
        let token = at(&sign(&key(1), signer, "1", "2").unwrap());
        for site in ["a", "b", "ab", ""] {
            assert_eq!(verify(&[key(1)], site, &token, NOW).is_some(), site == signer, "{signer} {site}");
        }
    }
}

/// Half a million macs, each different, after a head that is genuine: the catalogue asks for many more than a property tries.
#[test]
fn sec_02_half_a_million_forged_macs_are_refused() {
    let genuine = sign(&key(1), "main", "10001", "7").unwrap();
    let head = &genuine[..10];
    assert_eq!(genuine.len(), 36);
    let alphabet = b"abcdefghijklmnopqrstuvwxyz234567";
    for number in 0..500_000u128 {
        // An odd factor spreads the numbers over all 128 bits and gives each its own.
        let mac = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
        // 36 characters hold 22 octets and four bits that have to be zero; the head keeps the first 50 bits.
        let bits = |place: u32| (mac >> (place * 5)) as usize & if place == 25 { 0b10000 } else { 0b11111 };
        let tail = (0..26).map(|place| char::from(alphabet[bits(place)]));
        let forged = format!("{head}{}", tail.collect::<String>());
        assert!(forged == genuine || verify(&[key(1)], "main", &at(&forged), NOW).is_none(), "{forged}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn sec_02_random_tokens_are_never_accepted(token in "[a-z2-7]{0,60}") {
        prop_assert_eq!(verify(&[key(1), key(0)], "main", &at(&token), NOW), None);
    }

    #[test]
    fn sec_02_random_tails_after_a_genuine_head_are_never_accepted(tail in "[a-z2-7]{26}") {
        let token = sign(&key(1), "main", "10001", "7").unwrap();
        prop_assume!(!token.ends_with(&tail));
        let forged = format!("{}{tail}", &token[..token.len() - 26]);
        prop_assert_eq!(verify(&[key(1)], "main", &at(&forged), NOW), None);
    }

    #[test]
    fn sec_02_every_changed_character_is_refused(issue: u64, letter: u64, place: prop::sample::Index, put in "[a-z2-7]") {
        let token = sign(&key(1), "main", &issue.to_string(), &letter.to_string()).unwrap();
        let place = place.index(token.len());
        let changed = format!("{}{put}{}", &token[..place], &token[place + 1..]);
        let held = verify(&[key(1)], "main", &at(&changed), NOW).is_some();
        prop_assert_eq!(held, changed == token);
    }

    #[test]
    fn sec_02_shortened_and_lengthened_tokens_are_refused(issue: u64, letter: u64, cut in 1usize..20, more in "[a-z2-7]{1,8}") {
        let token = sign(&key(1), "main", &issue.to_string(), &letter.to_string()).unwrap();
        for wrong in [&token[cut..], &token[..token.len() - cut], &format!("{token}{more}"), &format!("{more}{token}")] {
            prop_assert_eq!(verify(&[key(1)], "main", &at(wrong), NOW), None);
        }
    }

    #[test]
    fn every_pair_of_ids_comes_back_in_any_case(issue: u64, letter: u64, id: u8, upper: Vec<bool>) {
        let (issue, letter) = (issue.to_string(), letter.to_string());
        let token = sign(&key(id), "main", &issue, &letter).unwrap();
        prop_assert!(token.len() <= TOKEN_OCTETS_MAX);
        let mixed: String = token.chars().zip(upper.into_iter().chain(std::iter::repeat(true)))
            .map(|(c, upper)| if upper { c.to_ascii_uppercase() } else { c }).collect();
        let grant = verify(&[key(id)], "main", &at(&mixed), NOW).unwrap();
        prop_assert_eq!((grant.issue_id, grant.letter_id), (issue, letter));
    }

    #[test]
    fn verifying_is_total(address in "\\PC{0,80}", site in "\\PC{0,10}", now in "\\PC{0,30}") {
        prop_assert_eq!(verify(&[key(1)], &site, &address, &now), None);
    }
}
