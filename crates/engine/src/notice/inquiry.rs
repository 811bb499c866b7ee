//! Finds out what a decision about letters needs to know. What cannot be found out is told to nobody; an outage stops the job.

use super::contents::{Contents, issue_said};
use super::deleted;
use super::listing;
use super::written;
use crate::decide_job::beside_the_workers;
use crate::facts::rfc3339;
use crate::facts::told::{matches, not_so, owner, told};
use crate::gateway::Shared;
use crate::site::{Site, misunderstood};
use crate::stop::Stop;
use mail::normalised;
use policy::event::{Event, EventKind};
use policy::notify::{Entry, Facts, IssueNow, Person, Question, Whom, summary};
use policy::outbound::Summary;
use policy::{Fault, FaultCode, Mappings, Outcome, StepKey, Told, Visibility};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use tracker::{Answer, IssueView, Operation};

/// News so young may be of what the tracker cannot show yet.
const NEWS_MS: u64 = 30_000;
const NEWS_AGAIN_S: u64 = 2;

/// Where answers come from while the events of one issue are decided about.
pub(crate) struct Inquiry<'a> {
    pub(super) shared: &'a Shared,
    pub(super) site: &'a Site,
    pub(super) events: &'a [Event],
    pub(super) mappings: &'a Mappings,
    pub(super) contents: Contents,
    /// Whoever wants no more letters about the issue gets this one, because its writer says so.
    pub(super) anyway: bool,
    /// What is asked for many people and is the same for all of them, by the operation as JSON.
    remembered: HashMap<String, Told<Arc<Answer>>>,
    /// Who takes part, by the id of the issue: asked for each customer.
    partakers: HashMap<String, Partakers>,
    /// In which order the issues of a summary are read, and how many.
    listed: Option<(String, u32)>,
}

/// Who did by mail what the gateway's account did, and to whom the letter goes that it notes.
type Written = (Told<Option<Whom>>, Option<Vec<String>>);

/// Who takes part in a request of service management.
struct Partakers {
    by_name: Told<HashSet<String>>,
    of_organisations: Told<HashSet<String>>,
}

impl<'a> Inquiry<'a> {
    pub(crate) fn new(shared: &'a Shared, site: &'a Site, events: &'a [Event], mappings: &'a Mappings) -> Inquiry<'a> {
        Inquiry {
            shared,
            site,
            events,
            mappings,
            contents: Contents::default(),
            anyway: false,
            remembered: HashMap::new(),
            partakers: HashMap::new(),
            listed: None,
        }
    }

    /// The same for a summary, whose issues are read in this order and so many of them.
    pub(crate) fn listing_issues(self, order: &str, most: u32) -> Inquiry<'a> {
        Inquiry { listed: Some((order.to_owned(), most)), ..self }
    }

    /// Asks and finds out until nothing is open, in at most so many rounds.
    pub(crate) async fn find_out_all(
        &mut self,
        mut facts: Facts,
        rounds_max: usize,
        ask: impl Fn(&Facts) -> Vec<Question> + Send + Sync + 'static,
    ) -> Result<Facts, Stop> {
        let ask = Arc::new(ask);
        for _ in 0..rounds_max {
            let of = ask.clone();
            let (open, known) = beside_the_workers(move || (of(&facts), facts)).await?;
            facts = known;
            if open.is_empty() {
                break;
            }
            for question in open {
                self.find_out(question, &mut facts).await?;
            }
        }
        Ok(facts)
    }

    /// Answers one question into `facts`.
    pub(crate) async fn find_out(&mut self, question: Question, facts: &mut Facts) -> Result<(), Fault> {
        match question {
            Question::Issue { issue_id } => {
                let known = self.issue(&issue_id).await?;
                facts.issues.push((issue_id, known));
            }
            Question::Entry { issue_id, entry, id } => {
                let known = self.entry(&issue_id, entry, &id).await?;
                facts.entries.push((issue_id, entry, id, known));
            }
            Question::Writer { deed } => {
                let (known, had) = self.writer(&deed).await?;
                facts.had.extend(had.map(|addresses| (deed.clone(), addresses)));
                facts.writers.push((deed, known));
            }
            Question::Matches { issue_id, search } => {
                let known = matches(self.site, &issue_id, &search).await?;
                facts.matches.push((issue_id, search, known));
            }
            Question::Who { issue_id, audience } => {
                let known = match known_issue(facts, &issue_id) {
                    Ok(issue) if issue.gone && !deleted::can_be_asked(&audience) => Told::Untold(GONE.to_owned()),
                    Ok(issue) => self.who(&issue_id, issue, &audience).await?,
                    Err(why) => Told::Untold(why),
                };
                facts.who.push((issue_id, audience, known));
            }
            Question::Person { account } => {
                let known = self.person(&account).await?;
                facts.people.push((account, known));
            }
            Question::Owner { address } => {
                let known = owner(self.site, &address).await?;
                facts.owners.push((address, known));
            }
            Question::SeesIssue { issue_id, account } => {
                let known = self.sees_issue(&issue_id, &account, facts).await?;
                facts.sees_issue.push((issue_id, account, known));
            }
            Question::SeesEntry { issue_id, entry, id, account } => {
                let known = match issue_in(facts, &issue_id) {
                    Ok(issue) => self.sees_entry(issue, entry, &id, &account).await?,
                    Err(why) => Told::Untold(why),
                };
                facts.sees_entry.push((issue_id, entry, id, account, known));
            }
            Question::Listing { search } => {
                let known = listing::read(self.site, self.listed.as_ref(), &search).await?;
                listing::remember(&known, facts);
                facts.listings.push((search, known));
            }
            Question::Silence { issue_id, address } => {
                let known = self.silence(&issue_id, &address, facts).await?;
                facts.silences.push((issue_id, address, Told::Known(known)));
            }
        }
        Ok(())
    }

    /// Of an issue that is gone there is nothing but what the events say, that of its deletion before all.
    async fn issue(&mut self, issue_id: &str) -> Result<Told<IssueNow>, Fault> {
        Ok(match told(self.site.issue(issue_id).await)? {
            Told::Known(Some(view)) => {
                self.contents.issue = issue_said(&view, self.site, self.site.account_id().await?);
                if self.events.iter().any(|event| event.kind == EventKind::Created) {
                    self.describe(issue_id).await?;
                }
                self.recall(issue_id, self.mappings.history(self.events, &view.project)).await?;
                Told::Known(issue_now(view))
            }
            Told::Known(None) => {
                self.wait_for_news(self.events.iter()).await?;
                Told::Known(deleted::issue(self.events))
            }
            Told::Untold(why) => Told::Untold(why),
        })
    }

    /// A tracker may tell of a thing before all of its servers have it: what is missing while the news of it is this young is not taken
    /// for deleted, but asked for again.
    ///
    /// Temporary `TrackerBusy` while the first of these events, which are about it, is younger than half a minute by the tracker's clock: what came
    /// after that waits no longer.
    pub(super) async fn wait_for_news<'e>(&self, about: impl Iterator<Item = &'e Event> + Send) -> Result<(), Fault> {
        if self.events.iter().any(|event| event.kind == EventKind::Deleted) {
            return Ok(());
        }
        let Some(first_ms) = about.map(|event| event.at_ms).min() else { return Ok(()) };
        let age = (self.shared.store.now().await? / 1000).saturating_sub(first_ms);
        if age.unsigned_abs() < NEWS_MS {
            let detail = "what was told of cannot be read yet";
            return Err(Fault::temporary(FaultCode::TrackerBusy, detail).with_retry_after_s(NEWS_AGAIN_S));
        }
        Ok(())
    }

    /// Whose mail it was that became this comment or this issue: its marker names the mail. Changes bear no marker. Where it is the note of a
    /// letter that somebody wrote on purpose: to whom that goes.
    async fn writer(&mut self, deed: &str) -> Result<Written, Fault> {
        let pieces: Vec<&str> = deed.split('/').collect();
        let operation = match pieces.as_slice() {
            [_, "commented", comment] => Operation::ReadCommentMarkers { comment_ids: vec![(*comment).to_owned()] },
            [issue, "created"] => Operation::ReadIssueMarker { issue_id: (*issue).to_owned() },
            _ => return Ok((Told::Known(None), None)),
        };
        let marker = match told(self.site.read(&operation).await)? {
            Told::Known(Answer::Found { items, .. }) => items.into_iter().next().and_then(|item| item.marker),
            Told::Known(other) => return Err(misunderstood(&other)),
            Told::Untold(why) => return Ok((Told::Untold(why), None)),
        };
        if let Some(letter) = marker.as_ref().and_then(|marker| noted_letter(marker, &self.site.name)) {
            return self.noted(letter).await;
        }
        let Some(message) = marker.as_ref().and_then(message_of) else { return Ok((Told::Known(None), None)) };
        Ok((self.sender(deed, message).await?, None))
    }

    /// Nobody did a note by mail, and whoever gets the letter that it notes is known as long as the site keeps content.
    async fn noted(&self, letter: &str) -> Result<Written, Fault> {
        const NOT_KEPT: &str = "it notes a letter of which it is not kept who got it";
        let line = self.shared.store.written(letter).await?.filter(|line| line.site == self.site.name);
        Ok(match line.and_then(|line| written::recipients_kept(&line)) {
            Some(addresses) => (Told::Known(None), Some(addresses)),
            None => (Told::Untold(NOT_KEPT.to_owned()), None),
        })
    }

    async fn sender(&mut self, deed: &str, message: &str) -> Result<Told<Option<Whom>>, Fault> {
        let story = self.shared.store.story(message).await?.filter(|story| story.line.site == self.site.name);
        const A_NOTE: &str = "it is a note that a letter came back, of which nobody gets another";
        if story.as_ref().and_then(|story| story.line.outcome).is_some_and(is_no_mail_for_the_issue) {
            return Ok(Told::Untold(A_NOTE.to_owned()));
        }
        if let Some(line) = story.as_ref().map(|story| &story.line).filter(|line| !line.sender_name.is_empty()) {
            self.contents.issue.written_by.insert(deed.to_owned(), line.sender_name.clone());
        }
        let sender = story.map(|story| story.line.sender).filter(|sender| !sender.is_empty());
        const NOT_KEPT: &str = "it came by a mail of which it is not kept who wrote it";
        Ok(sender.map_or_else(|| Told::Untold(NOT_KEPT.to_owned()), |sender| Told::Known(Some(Whom::Address(sender)))))
    }

    pub(super) async fn person(&self, account: &str) -> Result<Option<Person>, Fault> {
        let found = match told(self.site.read(&Operation::ReadAccount { account: account.to_owned() }).await)? {
            Told::Known(Answer::Account(person)) => person,
            Told::Known(other) => return Err(misunderstood(&other)),
            Told::Untold(_) => return Ok(None),
        };
        Ok(Some(Person {
            name: found.name,
            active: !found.inactive,
            is_customer: found.is_customer,
            address: found.address,
            language: found.language,
            time_zone: found.time_zone,
        }))
    }

    /// The tracker's word, which knows of security levels. Customers see their requests on the portal alone, of which no list tells.
    async fn sees_issue(&mut self, issue_id: &str, account: &str, facts: &Facts) -> Result<Told<bool>, Fault> {
        let issue = match known_issue(facts, issue_id) {
            Ok(issue) => issue,
            Err(why) => return Ok(Told::Untold(why)),
        };
        if issue.gone {
            return self.saw_issue(issue_id, issue, account, facts).await;
        }
        let (named, issue_key) = (account.to_owned(), issue.key.clone());
        let seen = self.is_among(&Operation::FindSeers { account: named, issue_key }, account).await?;
        let person = facts.people.iter().find(|(id, _)| id == account).and_then(|(_, person)| person.as_ref());
        let is_customer = person.is_some_and(|person| person.is_customer);
        if seen != Told::Known(false) || !is_customer || issue.security != Told::Known(None) {
            return Ok(seen);
        }
        if issue.reporter.as_deref() == Some(account) {
            return Ok(Told::Known(true));
        }
        if !self.partakers.contains_key(issue_id) {
            let known = self.partakers(issue_id).await?;
            self.partakers.insert(issue_id.to_owned(), known);
        }
        let nothing = || Fault::permanent(FaultCode::Internal, "who takes part was just found out");
        Ok(self.partakers.get(issue_id).ok_or_else(nothing)?.has(account))
    }

    async fn partakers(&mut self, issue_id: &str) -> Result<Partakers, Fault> {
        let set = |told| match told {
            Told::Known(people) => Told::Known(HashSet::from_iter(people)),
            Told::Untold(why) => Told::Untold(why),
        };
        let by_name = set(self.participants(issue_id).await?);
        let of_organisations = match &by_name {
            Told::Known(_) => set(self.people_of_organisations(issue_id).await?),
            Told::Untold(why) => Told::Untold(why.clone()),
        };
        Ok(Partakers { by_name, of_organisations })
    }

    /// Whether the account is within every limit of the entry.
    async fn sees_entry(
        &mut self,
        issue: &IssueNow,
        entry: Entry,
        id: &str,
        account: &str,
    ) -> Result<Told<bool>, Fault> {
        let known = self.contents.entries.get(&(entry, id.to_owned()));
        let Some(limits) = known.map(|said| said.seen_by.clone()) else {
            return Ok(Told::Untold("it is gone, and who could see it is not kept".to_owned()));
        };
        for limit in limits {
            let within = match limit {
                Visibility::Internal => {
                    let (named, issue_key) = (account.to_owned(), issue.key.clone());
                    self.is_among(&Operation::FindAgents { account: named, issue_key }, account).await?
                }
                Visibility::Group(group) => match self.groups_of(account).await? {
                    Told::Known(groups) => Told::Known(groups.contains(&group)),
                    Told::Untold(why) => Told::Untold(why),
                },
                Visibility::Role(role) => self.has_role(&issue.project, &role, account).await?,
            };
            if within != Told::Known(true) {
                return Ok(within);
            }
        }
        Ok(Told::Known(true))
    }

    async fn is_among(&self, operation: &Operation, account: &str) -> Result<Told<bool>, Fault> {
        match told(self.site.read(operation).await)? {
            Told::Known(Answer::Accounts(people)) => {
                Ok(Told::Known(people.iter().any(|person| person.account_id == account)))
            }
            other => not_so(other),
        }
    }

    /// Reads the security level once more when all else is known: what was read meanwhile may have been written for fewer people.
    pub(super) async fn look_again(&self, issue_id: &str, facts: &mut Facts) -> Result<(), Fault> {
        let known = facts.issues.iter_mut().find(|(id, _)| id == issue_id);
        let Some((_, Told::Known(known))) = known else { return Ok(()) };
        if known.gone || known.security != Told::Known(None) {
            return Ok(());
        }
        known.security = self.security(issue_id).await?;
        Ok(())
    }

    /// The same of each issue that a summary lists, once.
    pub(crate) async fn look_again_at_listed(&self, facts: &mut Facts) -> Result<(), Fault> {
        for issue_id in summary::unguarded(facts) {
            let security = self.security(&issue_id).await?;
            summary::looked_again(&issue_id, &security, facts);
        }
        Ok(())
    }

    async fn security(&self, issue_id: &str) -> Result<Told<Option<String>>, Fault> {
        Ok(match told(self.site.issue(issue_id).await)? {
            Told::Known(Some(view)) => issue_now(view).security,
            Told::Known(None) => Told::Untold("the issue went away meanwhile".to_owned()),
            Told::Untold(why) => Told::Untold(why),
        })
    }

    /// Why nothing about this issue goes to this address, whoever has it.
    async fn silence(&self, issue_id: &str, address: &str, facts: &Facts) -> Result<Option<String>, Fault> {
        let own = facts
            .people
            .iter()
            .find(|(id, _)| *id == facts.gateway)
            .and_then(|(_, own)| own.as_ref()?.address.as_ref());
        if own.is_some_and(|own| normalised(own) == address) {
            return Ok(Some("it is the address of the gateway's own account".to_owned()));
        }
        if let Some(why) = self.shared.own_at(address) {
            return Ok(Some(why));
        }
        let silent = match self.anyway {
            true => None,
            false => self.shared.store.silent_since(&self.site.name, issue_id, address).await?,
        };
        if let Some(since) = silent {
            let day = rfc3339(since);
            let day = day.split('T').next().unwrap_or_default();
            let of_what = if Summary::is_id(issue_id) { "of this summary" } else { "letters about this issue" };
            return Ok(Some(format!("he wants no more {of_what} (unsubscribed on {day})")));
        }
        Ok(policy::letter::no_more_after(self.shared.store.returned_letters(&self.site.name, address).await?))
    }

    /// What is the same for everybody who is asked about, asked once.
    pub(super) async fn once(&mut self, operation: Operation) -> Result<Told<Arc<Answer>>, Fault> {
        let no_json = |_| Fault::permanent(FaultCode::Internal, "an operation has no JSON");
        let key = serde_json::to_string(&operation).map_err(no_json)?;
        if let Some(answer) = self.remembered.get(&key) {
            return Ok(answer.clone());
        }
        let answer = match told(self.site.read(&operation).await)? {
            Told::Known(answer) => Told::Known(Arc::new(answer)),
            Told::Untold(why) => Told::Untold(why),
        };
        self.remembered.insert(key, answer.clone());
        Ok(answer)
    }
}

impl Partakers {
    fn has(&self, account: &str) -> Told<bool> {
        match (&self.by_name, &self.of_organisations) {
            (Told::Known(people), _) if people.contains(account) => Told::Known(true),
            (_, Told::Known(people)) => Told::Known(people.contains(account)),
            (_, Told::Untold(why)) => Told::Untold(why.clone()),
        }
    }
}

const GONE: &str = "the issue is gone, so the tracker cannot be asked";

/// Whether all that such a mail can have left on an issue is a note about itself: it was a report.
fn is_no_mail_for_the_issue(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Ignore | Outcome::Hold)
}

/// The issue as it is known by now, while it is there.
fn issue_in<'f>(facts: &'f Facts, issue_id: &str) -> Result<&'f IssueNow, String> {
    known_issue(facts, issue_id).and_then(|issue| if issue.gone { Err(GONE.to_owned()) } else { Ok(issue) })
}

/// The issue as it is known by now, gone or not.
fn known_issue<'f>(facts: &'f Facts, issue_id: &str) -> Result<&'f IssueNow, String> {
    match facts.issues.iter().find(|(id, _)| id == issue_id).map(|(_, told)| told) {
        Some(Told::Known(issue)) => Ok(issue),
        Some(Told::Untold(why)) => Err(why.clone()),
        None => Err("nothing is known of the issue".to_owned()),
    }
}

pub(super) fn issue_now(view: IssueView) -> IssueNow {
    let not_shown = || Told::Untold("the tracker does not show the field of the security level".to_owned());
    IssueNow {
        key: view.key,
        project: view.project,
        gone: false,
        security: view.security.map_or_else(not_shown, Told::Known),
        reporter: view.reporter.map(|person| person.account_id),
        assignee: view.assignee.map(|person| person.account_id),
        summary: view.summary,
        issue_type: view.issue_type,
        status: view.status,
        status_category: view.status_category,
        priority: view.priority,
        labels: view.labels,
        components: view.components,
    }
}

/// The message that a step's key names: `message:ID/revision/ordinal`.
pub(super) fn message_of(key: &StepKey) -> Option<&str> {
    key.0.strip_prefix("message:")?.split('/').next()
}

/// The letter on purpose whose note this marker stands on: `SITE/written:ID/note`.
fn noted_letter<'k>(key: &'k StepKey, site: &str) -> Option<&'k str> {
    key.0.strip_prefix(site)?.strip_prefix("/written:")?.strip_suffix("/note")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_names_its_mail() {
        assert_eq!(message_of(&StepKey("message:0199abc/2/1".to_owned())), Some("0199abc"));
        assert_eq!(message_of(&StepKey("events:1/2".to_owned())), None);
        let note = StepKey("acme/written:0199abc/note".to_owned());
        assert_eq!((noted_letter(&note, "acme"), noted_letter(&note, "ac")), (Some("0199abc"), None));
        assert_eq!(noted_letter(&StepKey("message:0199abc/2/1".to_owned()), "acme"), None);
    }

    #[test]
    fn who_takes_part_is_known_as_far_as_it_is_told() {
        let set = |one: &str| Told::Known(HashSet::from([one.to_owned()]));
        let not = |why: &str| Told::Untold(why.to_owned());
        let whole = Partakers { by_name: set("ann"), of_organisations: set("bob") };
        assert_eq!(["ann", "bob", "eve"].map(|one| whole.has(one)), [true, true, false].map(Told::Known));
        let half = Partakers { by_name: set("ann"), of_organisations: not("no") };
        assert_eq!((half.has("ann"), half.has("bob")), (Told::Known(true), Told::Untold("no".into())));
        let none = Partakers { by_name: not("no"), of_organisations: not("no") };
        assert_eq!(none.has("ann"), Told::Untold("no".into()));
    }

    #[test]
    fn a_security_level_that_is_not_shown_is_not_taken_for_none() {
        let view = |security| issue_now(IssueView { security, ..IssueView::default() }).security;
        assert_eq!(view(Some(None)), Told::Known(None));
        assert_eq!(view(Some(Some("Internal".to_owned()))), Told::Known(Some("Internal".to_owned())));
        assert!(matches!(view(None), Told::Untold(_)));
    }
}
