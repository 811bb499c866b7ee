//! What a case does not show of letters: the bounds that the store holds them to.
#![allow(clippy::unwrap_used)]

use policy::decide::ALERTS_DAY_MAX;
use policy::{Facts, LetterBound, Origin, Profile};

#[test]
fn sec_26_an_alert_is_held_to_the_letters_that_came_back_as_a_notice_is() {
    let bound = |settings: &str| {
        let text = format!(
            "forward_to = \"boss@desk.example\"\nuncaught = \"hold\"\ncatch = \"help@desk.example\"\n{settings}"
        );
        let profile = Profile::from_toml("p", &format!("{text}\n[default]\nproject = \"DEMO\"\n"), "p.toml").unwrap();
        let (message, reply) = (mail::Message::default(), mail::Reply::default());
        let facts = Facts { now: "2026-11-22T10:00:00Z".to_owned(), ..Facts::default() };
        let plan = policy::decide(&message, &reply, &profile, &facts, Origin::Message("m".to_owned()), 1);
        plan.letters[0].bound.unwrap()
    };
    assert_eq!(bound(""), LetterBound { address_day: ALERTS_DAY_MAX, returned: 3 });
    assert_eq!(bound("notices.returned_max = 0").returned, 0, "never, where the profile says so");
}
