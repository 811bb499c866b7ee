//! Looks facts up, and remembers as a question what is not among them.

use super::facts::{Audience, Entry, EntryNow, Facts, IssueNow, Person, Question, ToldBefore, Whom};
use super::summary::Listing;
use crate::{Told, Visibility};
use mail::normalised;
use std::collections::{HashMap, HashSet};

/// Facts and the questions that they leave open. What there may be thousands of is looked up by hash.
pub(super) struct Inquiry<'f> {
    facts: &'f Facts,
    people: HashMap<&'f str, &'f Option<Person>>,
    /// The accounts of all who are known, by their normalised addresses; `None` where several have one.
    at: HashMap<String, Option<&'f str>>,
    owners: HashMap<&'f str, &'f Told<Option<String>>>,
    sees_issue: HashMap<(&'f str, &'f str), &'f Told<bool>>,
    sees_entry: HashMap<(&'f str, Entry, &'f str, &'f str), &'f Told<bool>>,
    silences: HashMap<(&'f str, &'f str), &'f Told<Option<String>>>,
    open: Vec<Question>,
    asked: HashSet<Question>,
}

/// Why there is no answer that could be relied on.
pub(super) type Unknown = String;

/// The words for an answer that is still to come.
pub(super) const OPEN: &str = "it is not known yet";

impl<'f> Inquiry<'f> {
    pub(super) fn of(facts: &'f Facts) -> Inquiry<'f> {
        let addresses =
            facts.people.iter().filter_map(|(id, one)| Some((id.as_str(), one.as_ref()?.address.as_ref()?)));
        let mut at = HashMap::new();
        for (id, address) in addresses {
            at.entry(normalised(address)).and_modify(|known: &mut Option<&str>| *known = None).or_insert(Some(id));
        }
        Inquiry {
            facts,
            people: facts.people.iter().map(|(id, person)| (id.as_str(), person)).collect(),
            at,
            owners: facts.owners.iter().map(|(address, told)| (address.as_str(), told)).collect(),
            sees_issue: facts
                .sees_issue
                .iter()
                .map(|(issue, who, told)| ((issue.as_str(), who.as_str()), told))
                .collect(),
            sees_entry: facts
                .sees_entry
                .iter()
                .map(|(issue, entry, id, who, told)| ((issue.as_str(), *entry, id.as_str(), who.as_str()), told))
                .collect(),
            silences: facts.silences.iter().map(|(issue, at, why)| ((issue.as_str(), at.as_str()), why)).collect(),
            open: Vec::new(),
            asked: HashSet::new(),
        }
    }

    /// Whether somebody was told of this deed by an earlier decision: by what stands for him in keys, or by his address.
    pub(super) fn was_told(&self, deed: &str, number: &str, address: &str) -> bool {
        let is_he = |told: &ToldBefore| told.number == number || (!told.address.is_empty() && told.address == address);
        self.facts.told.iter().any(|told| told.deed == deed && is_he(told))
    }

    /// Each question once, in the order in which the answers were missed.
    pub(super) fn open(self) -> Vec<Question> {
        self.open
    }

    /// Whether every question so far has its answer.
    pub(super) fn is_settled(&self) -> bool {
        self.open.is_empty()
    }

    pub(super) fn gateway(&self) -> &'f str {
        &self.facts.gateway
    }

    pub(super) fn issue(&mut self, issue_id: &str) -> Result<&'f IssueNow, Unknown> {
        let found = self.facts.issues.iter().find(|(id, _)| id == issue_id).map(|(_, told)| told);
        self.told(found, || Question::Issue { issue_id: issue_id.to_owned() })
    }

    /// The comment or entry of work; an error, too, where nothing is known of it.
    pub(super) fn entry(&mut self, issue_id: &str, entry: Entry, id: &str) -> Result<&'f EntryNow, Unknown> {
        let mut known = self.facts.entries.iter();
        let found = known.find(|(issue, kind, one, _)| issue == issue_id && *kind == entry && one == id);
        let ask = || Question::Entry { issue_id: issue_id.to_owned(), entry, id: id.to_owned() };
        let known = self.answered(found, ask)?.3.as_ref();
        known.ok_or_else(|| "nothing is known of who may see it".to_owned())
    }

    pub(super) fn writer(&mut self, deed: &str) -> Result<Option<&'f Whom>, Unknown> {
        let found = self.facts.writers.iter().find(|(known, _)| known == deed).map(|(_, told)| told);
        self.told(found, || Question::Writer { deed: deed.to_owned() }).map(Option::as_ref)
    }

    /// Whether what the deed notes or asks for goes to this normalised address as a letter of its own.
    pub(super) fn had(&self, deed: &str, address: &str) -> bool {
        let mut known = self.facts.had.iter().filter(|(known, _)| known == deed);
        known.any(|(_, addresses)| addresses.iter().any(|one| normalised(one) == address))
    }

    pub(super) fn matches(&mut self, issue_id: &str, search: &str) -> Result<bool, Unknown> {
        let found =
            self.facts.matches.iter().find(|(id, known, _)| id == issue_id && known == search).map(|found| &found.2);
        let ask = || Question::Matches { issue_id: issue_id.to_owned(), search: search.to_owned() };
        self.told(found, ask).copied()
    }

    pub(super) fn who(&mut self, issue_id: &str, audience: &Audience) -> Result<&'f [Whom], Unknown> {
        let found =
            self.facts.who.iter().find(|(id, known, _)| id == issue_id && known == audience).map(|found| &found.2);
        let ask = || Question::Who { issue_id: issue_id.to_owned(), audience: audience.clone() };
        self.told(found, ask).map(Vec::as_slice)
    }

    pub(super) fn person(&mut self, account: &str) -> Result<Option<&'f Person>, Unknown> {
        let found = self.people.get(account).copied();
        Ok(self.answered(found, || Question::Person { account: account.to_owned() })?.as_ref())
    }

    /// The account with this normalised address: one of those that are known already, active or not, or one that has to be asked for. An
    /// error, too, where several have it: what one of them may see is not for the others.
    pub(super) fn owner(&mut self, address: &str) -> Result<Option<&'f str>, Unknown> {
        if let Some(id) = self.at.get(address) {
            return id.map(Some).ok_or_else(|| "several accounts have it".to_owned());
        }
        let found = self.owners.get(address).copied();
        self.told(found, || Question::Owner { address: address.to_owned() }).map(Option::as_deref)
    }

    pub(super) fn sees_issue(&mut self, issue_id: &str, account: &str) -> Result<bool, Unknown> {
        let found = self.sees_issue.get(&(issue_id, account)).copied();
        let ask = || Question::SeesIssue { issue_id: issue_id.to_owned(), account: account.to_owned() };
        self.told(found, ask).copied()
    }

    pub(super) fn sees_entry(
        &mut self,
        issue_id: &str,
        entry: Entry,
        id: &str,
        account: &str,
    ) -> Result<bool, Unknown> {
        let found = self.sees_entry.get(&(issue_id, entry, id, account)).copied();
        let ask = || {
            let (issue_id, account) = (issue_id.to_owned(), account.to_owned());
            Question::SeesEntry { issue_id, entry, id: id.to_owned(), account }
        };
        self.told(found, ask).copied()
    }

    pub(super) fn silence(&mut self, issue_id: &str, address: &str) -> Result<Option<&'f str>, Unknown> {
        let found = self.silences.get(&(issue_id, address)).copied();
        let ask = || Question::Silence { issue_id: issue_id.to_owned(), address: address.to_owned() };
        self.told(found, ask).map(Option::as_deref)
    }

    /// What the search of a summary finds.
    pub(super) fn listing(&mut self, search: &str) -> Result<&'f Listing, Unknown> {
        let found = self.facts.listings.iter().find(|(known, _)| known == search).map(|(_, told)| told);
        self.told(found, || Question::Listing { search: search.to_owned() })
    }

    fn told<T>(&mut self, found: Option<&'f Told<T>>, ask: impl FnOnce() -> Question) -> Result<&'f T, Unknown> {
        match self.answered(found, ask)? {
            Told::Known(known) => Ok(known),
            Told::Untold(why) => Err(format!("it was not told ({why})")),
        }
    }

    fn answered<T>(&mut self, found: Option<&'f T>, ask: impl FnOnce() -> Question) -> Result<&'f T, Unknown> {
        if found.is_none() {
            let question = ask();
            if self.asked.insert(question.clone()) {
                self.open.push(question);
            }
        }
        found.ok_or_else(|| OPEN.to_owned())
    }
}

/// For whom something is, in words.
pub(super) fn few(visibility: &Visibility) -> String {
    match visibility {
        Visibility::Internal => "it is internal".to_owned(),
        Visibility::Role(role) => format!("it is for the role {role:?}"),
        Visibility::Group(group) => format!("it is for the group {group:?}"),
    }
}
