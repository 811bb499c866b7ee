//! Finds out what a decision needs to know: from the store, and from the site's tracker.

mod history;
pub(crate) mod told;

use crate::Past;
use crate::author_proof::{self, AuthorProof};
use crate::gateway::Shared;
use crate::held::Held;
use crate::site::Site;
use crate::stop::Stop;
use jiff::Timestamp;
use mail::letter_mark::LetterKey;
use policy::reply_token;
use policy::{Facts, Fault, FaultCode, IssueFacts, Question, Standing, Thread, TokenGrant};
use std::time::Duration;
use store::{JobKind, Micros, StoredMessage};
use tracker::{IssueView, Person};

/// A reply whose parent waits for a tracker that is out of order looks no more seldom than this.
const PARENT_POLL_MAX: Duration = Duration::from_secs(60);

/// Where answers come from while one message is decided on.
pub(crate) struct Inquiry<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) held: &'a Held,
    pub(crate) site: &'a Site,
    pub(crate) message: &'a StoredMessage,
    pub(crate) proof: &'a AuthorProof,
}

impl Inquiry<'_> {
    /// What is known before anything was asked. The time is that of arrival, so a later try decides alike.
    pub(crate) fn first_facts(&self) -> Facts {
        Facts {
            now: rfc3339(self.message.received_at),
            site: self.message.site.clone(),
            mailbox: self.message.mailbox.clone(),
            envelope: self.message.envelope.clone(),
            verifies_authors: self.proof.verifies(),
            click: self.message.click.clone(),
            makes_links: self.shared.settings.public_url.is_some(),
            ..Facts::default()
        }
    }

    /// Whether the plan will only be written down. A replay of such a mail is one like any other.
    pub(crate) fn is_shadow(&self) -> bool {
        self.message.shadow && self.held.lease.kind == JobKind::Decide
    }

    /// Answers one question into `facts`, and into `past` what an issue said. A fault of the tracker or the store stops the
    /// job; no guess takes its place.
    pub(crate) async fn find_out(&self, question: Question, facts: &mut Facts, past: &mut Past) -> Result<(), Stop> {
        match question {
            Question::Authenticity => facts.authenticity = Some(author_proof::find_out(self).await?),
            Question::ReplyTokens { addresses } => {
                facts.reply_tokens = Some(self.reply_tokens(&addresses, &facts.now).await?);
            }
            Question::Thread { message_ids } => facts.thread = Some(self.thread(&message_ids).await?),
            Question::SeenBefore => {
                let (store, site, message) = (&self.shared.store, &self.site.name, &self.message.id);
                facts.seen_before = Some(match self.is_shadow() {
                    true => store.seen_before_in_shadow(site, message).await?,
                    false => store.seen_before(site, message).await?,
                });
            }
            Question::Issue { issue } => {
                let found = self.issue(&issue).await?;
                facts.issues.push((issue, found));
            }
            Question::Involved { issue_id, address } => {
                let involved = self.involved(&issue_id, &address, facts).await?;
                facts.involved.push((issue_id, address, involved));
            }
            Question::Traffic { address, issue_id } => {
                let (site, message) = (&self.site.name, self.message);
                let store = &self.shared.store;
                let traffic =
                    store.traffic(site, &address, issue_id.as_deref(), message.received_at, &message.id).await?;
                facts.traffic.push((address, issue_id, traffic));
            }
            Question::Letters { address } => {
                let traffic = self.shared.store.letter_traffic(&self.site.name, &address).await?;
                facts.letters.push((address, traffic));
            }
            Question::History { issue_id } => {
                let known = history::find_out(self, &issue_id, past).await?;
                facts.histories.push((issue_id, known));
            }
            other => told::find_out(self, other, facts).await?,
        }
        Ok(())
    }

    async fn reply_tokens(&self, addresses: &[String], now: &str) -> Result<Vec<TokenGrant>, Fault> {
        let keys = self.shared.reply_keys(&self.site.name).await?;
        let verified = addresses.iter().filter_map(|address| reply_token::verify(&keys, &self.site.name, address, now));
        let mut grants: Vec<TokenGrant> = verified.collect();
        for key in &keys {
            let key = LetterKey::derive(&key.secret, &self.site.name);
            let marks = addresses.iter().filter_map(|mark| Some((mark, key.verify(mark)?)));
            grants.extend(marks.map(|(mark, number)| TokenGrant {
                address: mark.clone(),
                issue_id: String::new(),
                letter_id: number.to_string(),
                is_path: false,
            }));
        }
        Ok(grants)
    }

    /// A parent that is stored but has no issue yet is waited for as long as it is worked on, so that a reply never becomes an
    /// issue of its own only because the tracker was out of order for a while. The store bounds that: it names only parents
    /// that came earlier, and held or dead ones only for a named time.
    async fn thread(&self, message_ids: &[String]) -> Result<Thread, Stop> {
        match self.shared.store.thread(&self.site.name, message_ids, &self.message.id).await? {
            Ok(thread) => Ok(thread),
            Err(parent) => {
                let detail = format!("waits for message {parent}");
                let fault = Fault::temporary(FaultCode::ParentUndecided, detail);
                Err(Stop::Wait(fault, parent_pause(self.held.age(), self.shared.settings.parent_poll)))
            }
        }
    }

    async fn issue(&self, issue: &str) -> Result<Option<IssueFacts>, Fault> {
        Ok(self.site.issue(issue).await?.map(issue_facts))
    }

    async fn involved(&self, issue_id: &str, address: &str, facts: &Facts) -> Result<bool, Fault> {
        if self.shared.store.involved(&self.site.name, issue_id, address).await? {
            return Ok(true);
        }
        let is_person = |issue: &IssueFacts| issue.shows(address);
        let known = facts.issues.iter().find_map(|(_, issue)| issue.as_ref().filter(|issue| issue.id == issue_id));
        match known {
            Some(issue) => Ok(is_person(issue)),
            None => Ok(self.issue(issue_id).await?.as_ref().is_some_and(is_person)),
        }
    }
}

/// Longer the longer it has lasted: each look reads the mail anew.
fn parent_pause(age: Duration, parent_poll: Duration) -> Duration {
    (age / 16).min(PARENT_POLL_MAX).max(parent_poll)
}

pub(crate) fn issue_facts(view: IssueView) -> IssueFacts {
    let people: Vec<Person> = [view.reporter, view.assignee].into_iter().flatten().collect();
    let standing = Standing {
        status: view.status,
        issue_type: view.issue_type,
        resolved_at: view.resolved_at,
        created_at: view.created_at.unwrap_or_default(),
        labels: view.labels,
        accounts: people.iter().map(|person| person.account_id.clone()).collect(),
    };
    IssueFacts {
        id: view.id,
        key: view.key,
        project: view.project,
        status_category: view.status_category,
        people: people.into_iter().filter_map(|person| person.address).collect(),
        standing: Box::new(standing),
    }
}

fn same_address(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// RFC 3339 in UTC; a time out of range becomes the epoch, which no row of ours can hold.
pub(crate) fn rfc3339(at: Micros) -> String {
    Timestamp::from_microsecond(at).unwrap_or_default().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_facts_have_them() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(1_795_000_000_000_000), "2026-11-18T11:06:40Z");
    }

    #[test]
    fn a_parent_is_looked_for_less_often_the_longer_it_takes() {
        let pause_s = |age_s| parent_pause(Duration::from_secs(age_s), Duration::from_secs(2)).as_secs();
        assert_eq!([0, 16, 160, 86_400].map(pause_s), [2, 2, 10, 60]);
    }

    #[test]
    fn people_are_those_whose_address_the_tracker_shows() {
        let shown = Person { address: Some("Ann@Example.org".into()), ..Default::default() };
        let hidden = Person::default();
        let view = IssueView { reporter: Some(shown), assignee: Some(hidden), ..Default::default() };
        let facts = issue_facts(view);
        assert_eq!(facts.people, ["Ann@Example.org"]);
        assert!(same_address(&facts.people[0], " ann@example.ORG"));
    }
}
