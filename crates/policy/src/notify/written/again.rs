//! A letter that somebody looked at and has sent: who may still get it, as it was looked at.

use super::Written;
use crate::notify::Notified;
use mail::normalised;
use std::collections::HashSet;

/// Whose letter was looked at, and what it shows.
#[derive(Debug, Clone, Copy)]
pub struct LookedAt<'a> {
    pub address: &'a str,
    /// It shows nothing of the issue.
    pub stranger: bool,
    /// It shows of the issue what customers see.
    pub outsider: bool,
}

impl Written {
    /// Of what is decided now only what was looked at: whoever came since gets nothing, and whoever may see less now gets nothing that shows
    /// more. All others are left out with why.
    pub fn only_looked_at(&self, notified: Notified, looked_at: &[LookedAt<'_>]) -> Notified {
        let mut done = Notified { notifications: Vec::new(), ..notified };
        let mut answered: HashSet<String> = done.left_out.iter().map(|one| normalised(&one.whom)).collect();
        for one in notified.notifications {
            let (address, recipient) = (normalised(&one.recipient.address), &one.recipient);
            let then = looked_at.iter().find(|then| normalised(then.address) == address);
            answered.insert(address);
            let why = match then {
                None => Some("his letter is not among those that were looked at"),
                Some(then) if recipient.is_stranger && !then.stranger => {
                    Some("may not see the issue any more, which the letter that was looked at shows")
                }
                Some(then) if recipient.outsider && !then.outsider => {
                    Some("sees less of the issue now than the letter that was looked at shows")
                }
                Some(_) => None,
            };
            match why {
                None => done.notifications.push(one),
                Some(why) => done.left_out.push(self.left_out(one.recipient.address, why.to_owned())),
            }
        }
        for then in looked_at.iter().filter(|then| !answered.contains(&normalised(then.address))) {
            const WHY: &str = "nobody of those who get it now has the address of the letter that was looked at";
            done.left_out.push(self.left_out(then.address.to_owned(), WHY.to_owned()));
        }
        done
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::notify::written::tests::{sole_issue, written_to};
    use crate::notify::{Facts, Person};
    use crate::{Mappings, Told};

    #[test]
    fn whoever_may_see_less_than_his_letter_shows_falls_away() {
        let mappings = Mappings::from_toml("[written]\nby = [\"api\"]\n", "m.toml").unwrap();
        let written = written_to(vec!["account:bob".into(), "ann@x.example".into(), "new@x.example".into()]);
        let bob =
            Person { name: "Bob".into(), active: true, address: Some("bob@x.example".into()), ..Person::default() };
        let facts = |sees: bool, wants: Option<&str>| Facts {
            issues: vec![("10".into(), Told::Known(sole_issue()))],
            people: vec![("bob".into(), Some(bob.clone()))],
            owners: ["ann@x.example", "new@x.example"].map(|one| (one.into(), Told::Known(None))).into(),
            sees_issue: vec![("10".into(), "bob".into(), Told::Known(sees))],
            silences: ["ann@x.example", "bob@x.example", "new@x.example"]
                .map(|one| {
                    ("10".into(), one.into(), Told::Known(wants.filter(|_| one.starts_with("ann")).map(str::to_owned)))
                })
                .into(),
            ..Facts::default()
        };
        let looked_at = [("Bob@x.example", false, false), ("ann@x.example", true, true), ("was@x.example", true, true)]
            .map(|(address, stranger, outsider)| LookedAt { address, stranger, outsider });
        let again = |facts: &Facts| written.only_looked_at(written.decide(&mappings, facts).unwrap(), &looked_at);
        let to = |facts: &Facts| -> Vec<String> {
            again(facts).notifications.into_iter().map(|one| one.recipient.address).collect()
        };
        assert_eq!(to(&facts(true, None)), ["bob@x.example", "ann@x.example"]);
        assert_eq!(to(&facts(false, None)), ["ann@x.example"], "his letter shows the issue");
        assert_eq!(to(&facts(true, Some("unsubscribed"))), ["bob@x.example"]);
        let left: Vec<(String, String)> =
            again(&facts(false, Some("unsubscribed"))).left_out.into_iter().map(|one| (one.whom, one.why)).collect();
        for (whom, why) in [
            ("bob@x.example", "may not see the issue any more"),
            ("ann@x.example", "unsubscribed"),
            ("new@x.example", "not among those that were looked at"),
            ("was@x.example", "nobody of those who get it now"),
        ] {
            assert_eq!(left.iter().filter(|(one, said)| one == whom && said.contains(why)).count(), 1, "{left:#?}");
        }
    }
}
