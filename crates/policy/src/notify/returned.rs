//! Who is told that a letter did not arrive: whoever did what it was to tell and waits for an answer to it, or wrote it; else the assignee.
//!
//! One person at most, once for each letter. What he may see is asked as for every letter about events, the comment included that the letter was
//! about: that there was a letter about it says that there is such a comment.

#[cfg(test)]
mod tests;

use super::audience::{Because, Candidate};
use super::facts::{Facts, IssueNow, SeenBy, Whom};
use super::inquiry::{Inquiry, OPEN};
use super::recipient::{self, Reachable};
use super::settle::entry_of;
use super::{EntrySaid, LeftOut, Notification, Question, recipient_of, style};
use crate::decide::{Trace, is_plain_address};
use crate::event::{Event, EventKind};
use crate::outbound::{FilesWay, Held, Mappings, Tell, TellReturned, To};
use crate::template::Words;
use crate::template::view::Reason;
use crate::template::{HowReturned, NotArrived};
use crate::{StepKey, Visibility};
use mail::normalised;
use std::sync::Arc;

/// What the event of its letter is about: no comment of a tracker has this id.
const PART: &str = "returned";

/// A letter that did not arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returned {
    /// Its id.
    pub letter: String,
    pub issue_id: String,
    /// Of one that somebody wrote on purpose empty.
    pub mapping: String,
    /// The address that it went to.
    pub to: String,
    /// What its recipient is called, where that is one of those who work in the tracker: his address need not be anybody's business.
    pub known_as: Option<String>,
    /// What it was to tell.
    pub deeds: Vec<Event>,
    /// In whose name it was written on purpose; counts where it is an address.
    pub writer: Option<String>,
    pub how: HowReturned,
    /// The server's words; `None` where they are ours.
    pub said: Option<String>,
    /// What a report says beside them.
    pub status: Option<String>,
    /// When that was found out, in milliseconds since 1970.
    pub at_ms: i64,
}

/// What is decided about it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReturnedTold {
    /// His letter, with what it says.
    pub letter: Option<(Notification, EntrySaid)>,
    /// Why somebody is told, or nobody is.
    pub why: String,
    /// Who was considered before him.
    pub left_out: Vec<LeftOut>,
    pub trace: Vec<String>,
}

impl Returned {
    /// The questions that are still open before it can be decided who is told.
    pub fn ask(&self, mappings: &Mappings, facts: &Facts) -> Vec<Question> {
        let mut inquiry = Inquiry::of(facts);
        self.walk(mappings, &mut inquiry);
        inquiry.open()
    }

    /// Who is told. Total: what is not known is not told.
    pub fn decide(&self, mappings: &Mappings, facts: &Facts) -> ReturnedTold {
        let mut told = self.walk(mappings, &mut Inquiry::of(facts));
        told.letter.iter_mut().for_each(|(letter, _)| letter.withhold(facts));
        told
    }

    /// The id of its words among the entries of the issue.
    pub fn part() -> &'static str {
        PART
    }

    fn walk(&self, mappings: &Mappings, inquiry: &mut Inquiry) -> ReturnedTold {
        const QUESTION: &str = "Who is told that it did not arrive?";
        let mut told = ReturnedTold::default();
        let issue = match inquiry.issue(&self.issue_id) {
            Ok(issue) if issue.gone => return told.nobody("the issue is gone"),
            Ok(issue) => issue,
            Err(why) => return told.nobody(&format!("what the issue is: {why}")),
        };
        let rule = mappings.tell_returned(&self.mapping, &issue.project);
        if rule == TellReturned::Nobody {
            return told.nobody("nobody is to be told (tell_returned)");
        }
        let held = held(mappings.held_by_project(&issue.project));
        let mut trace = Trace::default();
        for (whom, because) in self.candidates(rule, issue, inquiry, &mut trace) {
            match self.judged(&whom, &because, issue, &held, inquiry) {
                Ok(one) => {
                    let decided = format!("{}, who {}", one.shown(), because.said);
                    trace.note(QUESTION, &decided, "nobody else is");
                    told.letter = Some(self.notification(&one, &because, issue, &held));
                    told.why = format!("{decided}, is told");
                    told.trace = trace.0;
                    return told;
                }
                // Whoever comes after him is asked about when it is known that he is not told.
                Err(why) if why == OPEN || !inquiry.is_settled() => return told.nobody(OPEN),
                Err(why) => {
                    let (mapping, issue_id) = (self.mapping.clone(), self.issue_id.clone());
                    told.left_out.push(LeftOut { mapping, issue_id, whom: whom.to_string(), why });
                }
            }
        }
        trace.note(QUESTION, "nobody is left", "it stands in the story alone");
        told.trace = trace.0;
        told.nobody("neither whoever did it nor the assignee can be told")
    }

    /// Who may be told, the first who can is.
    fn candidates(
        &self,
        rule: TellReturned,
        issue: &IssueNow,
        inquiry: &mut Inquiry,
        trace: &mut Trace,
    ) -> Vec<(Whom, Because)> {
        let mut all: Vec<(Whom, Because)> = Vec::new();
        let mut add = |whom: Whom, said: &str, reason: Reason| {
            if !all.iter().any(|(known, _)| *known == whom) {
                all.push((whom, Because { said: said.to_owned(), reason }));
            }
        };
        if rule == TellReturned::Author {
            for deed in self.telling_first() {
                let Some(actor) = deed.actor.as_ref().filter(|actor| !actor.id.is_empty()) else { continue };
                if actor.id != inquiry.gateway() {
                    add(Whom::Account(actor.id.clone()), "did what it was to tell", Reason::Author);
                    continue;
                }
                match inquiry.writer(&deed.deed()) {
                    Ok(Some(writer)) => add(writer.clone(), "wrote by mail what it was to tell", Reason::Author),
                    Ok(None) => {}
                    Err(why) => trace.note("Who wrote by mail what it was to tell?", why, "he is not told"),
                }
            }
            if let Some(writer) = self.writer.as_ref().filter(|writer| is_plain_address(writer)) {
                add(Whom::Address(writer.clone()), "wrote it", Reason::Author);
            }
        }
        if let Some(assignee) = &issue.assignee {
            add(Whom::Account(assignee.clone()), "works on the issue", Reason::Assignee);
        }
        all
    }

    /// What it was to tell: comments first, for who wrote one waits for an answer; the last of them before those before it.
    fn telling_first(&self) -> Vec<&Event> {
        let mut deeds: Vec<&Event> = self.deeds.iter().rev().collect();
        deeds.sort_by_key(|deed| entry_of(deed.kind).is_none());
        deeds
    }

    /// Who he is, if he can be told.
    fn judged<'f>(
        &self,
        whom: &Whom,
        because: &Because,
        issue: &IssueNow,
        held: &Held,
        inquiry: &mut Inquiry<'f>,
    ) -> Result<Reachable<'f>, String> {
        let candidate = Candidate { whom: whom.clone(), because: vec![because.clone()] };
        let (mut found, others) = recipient::reachable(&[candidate], inquiry);
        let Some(one) = found.pop() else {
            return Err(others.into_iter().next().map(|(_, why)| why).unwrap_or_else(|| OPEN.to_owned()));
        };
        if one.is_outsider() {
            return Err("customers, and people at an address that is no account's own, are not told".to_owned());
        }
        if one.normalised == normalised(&self.to) {
            return Err("it is the address that the letter did not reach".to_owned());
        }
        if let Some(why) = recipient::refused(&one, &self.issue_id, issue, held, inquiry) {
            return Err(why);
        }
        for deed in &self.deeds {
            self.may_know(&one, deed, inquiry)?;
        }
        Ok(one)
    }

    /// An error when the deed is about a comment or work that he may not see, or of which nobody says that he may. Whoever did it knows of it.
    fn may_know(&self, one: &Reachable, deed: &Event, inquiry: &mut Inquiry) -> Result<(), String> {
        let (Some(entry), Some(id)) = (entry_of(deed.kind), deed.part.as_deref()) else { return Ok(()) };
        if deed.kind.is_letter() {
            return Ok(());
        }
        let is_his = deed.actor.as_ref().is_some_and(|actor| one.account_id() == Some(&actor.id));
        let now =
            inquiry.entry(&self.issue_id, entry, id).map_err(|why| if why == OPEN { why } else { unseen(&why) })?;
        match (now.gone, &now.seen_by, one.insider()) {
            (true, ..) if is_his => Ok(()),
            (true, ..) => Err(unseen("it is gone, and who could see it is not known")),
            (false, SeenBy::Everybody, _) => Ok(()),
            (false, SeenBy::Few(_), None) => Err(unseen("it is for few")),
            (false, SeenBy::Few(_), Some(account)) => match inquiry.sees_entry(&self.issue_id, entry, id, account) {
                Ok(true) => Ok(()),
                Ok(false) => Err("the account may not see what the letter was about".to_owned()),
                Err(why) if why == OPEN => Err(why),
                Err(why) => Err(unseen(&why)),
            },
        }
    }

    fn notification(
        &self,
        one: &Reachable,
        because: &Because,
        issue: &IssueNow,
        held: &Held,
    ) -> (Notification, EntrySaid) {
        let recipient = recipient_of(one, held);
        let words = Words::of(&recipient.language);
        let answer = self.said.as_deref().unwrap_or_default();
        let (status, cause) = mail::refusal(answer, self.status.as_deref());
        let not_arrived = NotArrived {
            to: self.known_as.clone().unwrap_or_else(|| self.to.clone()),
            is_written: self.writer.is_some(),
            how: self.how,
            cause,
            status,
            said: self.said.clone(),
        };
        let event = Event {
            kind: EventKind::Returned,
            issue_id: self.issue_id.clone(),
            issue_key: Some(issue.key.clone()),
            at_ms: self.at_ms,
            actor: None,
            part: Some(PART.to_owned()),
            changes: Vec::new(),
            last: None,
        };
        // An answer to it is for no customer to read: it names who has not got something, and why.
        let said = EntrySaid {
            said: not_arrived.said_in(words.language),
            spent: String::new(),
            seen_by: vec![Visibility::Internal],
        };
        let notification = Notification {
            key: StepKey(format!("back:{}", self.letter)),
            mapping: String::new(),
            issue_id: self.issue_id.clone(),
            issue_key: issue.key.clone(),
            subject: format!("{}: {}", words.returned, issue.summary),
            template: String::new(),
            recipient,
            events: vec![Arc::new(event)],
            event_keys: Vec::new(),
            style: style(held),
            because: because.reason.clone(),
            reason: format!("{}; the letter {} did not arrive", because.said, self.letter),
            untold: Vec::new(),
        };
        (notification, said)
    }
}

impl ReturnedTold {
    fn nobody(self, why: &str) -> ReturnedTold {
        ReturnedTold { why: why.to_owned(), letter: None, ..self }
    }
}

fn unseen(why: &str) -> String {
    format!("whether he may see what the letter was about: {why}")
}

/// What holds for its letter: as the project says, without what belongs to letters about events.
fn held(held: Held) -> Held {
    Held { tell: Tell::Both, files: FilesWay::None, to: To::Each, history: 0, ..held }
}
