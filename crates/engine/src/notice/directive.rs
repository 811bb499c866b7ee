//! Directives in comments: which of the comments that are told of ask for a letter, and whether whoever wrote them may.

use super::inquiry::Inquiry;
use super::written::{goes_to, recipients};
use crate::gateway::Shared;
use crate::site::Site;
use crate::stop::Stop;
use policy::event::{Event, EventKind};
use policy::notify::{Entry, Facts, IssueNow, WrittenBy, directive};
use policy::outbound::CommentRules;
use policy::{Fault, Mappings, Notified, Told};
use std::sync::Arc;
use store::{NewWritten, Store, WrittenState};

/// What was found among the events of one issue.
#[derive(Default)]
pub(super) struct Asked {
    lines: Vec<String>,
    /// The new letters, each with the account that asks for it.
    pub(super) letters: Vec<(NewWritten, String)>,
    /// By the deed of each comment that asks for a letter, or did before: to whom that goes.
    goes_to: Vec<(String, Vec<String>)>,
    /// Of those that did before: letters that are not decided yet.
    pub(super) counted: Vec<(String, Event)>,
}

impl Asked {
    /// The letters that these comments asked for when they were decided about before. A comment asks once, and to whom its letter goes was
    /// decided then, whatever it says and the rules are now.
    pub(super) async fn before(shared: &Shared, site: &Site, events: &[Event]) -> Result<Asked, Fault> {
        let mut asked = Asked::default();
        for event in events.iter().filter(|event| event.kind == EventKind::Commented) {
            let Some(comment) = &event.part else { continue };
            let request = request(event, comment);
            let Some(line) = shared.store.written_of_request(&site.name, WrittenBy::Comment, &request).await? else {
                continue;
            };
            let (before, to) =
                (format!("{} it was asked for before, as {}", question(comment), line.id), goes_to(&line));
            asked.lines.push(match &to {
                Ok(_) => before,
                Err(why) => format!("{before}, and goes to nobody, {why}: the comment is told of as any other"),
            });
            let to = to.unwrap_or_default();
            if line.state == WrittenState::Asked && !to.is_empty() {
                asked.counted.push((line.id, event.clone()));
            }
            asked.goes_to.push((event.deed(), to));
        }
        Ok(asked)
    }

    /// Finds out to whom the new letters will go, which is kept with them: who gets the letter is not told of the comment as well, unless it
    /// goes to him no more when it is decided.
    pub(super) async fn count_on(
        &mut self,
        shared: &Shared,
        site: &Site,
        mappings: &Arc<Mappings>,
    ) -> Result<(), Stop> {
        for (new, _) in &mut self.letters {
            let to = recipients(shared, site, mappings, new).await?;
            if let Some(comment) = &new.asked.comment {
                self.goes_to.push((comment.deed(), to.clone()));
            }
            new.asked.counted_on = to;
        }
        Ok(())
    }

    /// To whom letters go, by the deeds that ask for them.
    pub(super) fn goes_to(&self) -> Vec<(String, Vec<String>)> {
        self.goes_to.clone()
    }

    /// The story gets what was asked and answered.
    pub(super) fn tell(&mut self, notified: &mut Notified) {
        notified.trace.append(&mut self.lines);
    }
}

/// By which a comment's letter is known.
fn request(event: &Event, comment: &str) -> String {
    format!("{}/{comment}", event.issue_id)
}

fn question(comment: &str) -> String {
    format!("Is a letter written by comment {comment}?")
}

/// Looks at each comment that is new; one that was changed asks for nothing again, nor does one that asked before. What the gateway's own
/// account wrote came by mail, or from us, and asks for nothing either.
pub(super) async fn ask(
    inquiry: &mut Inquiry<'_>,
    issue_id: &str,
    facts: &mut Facts,
    asked: &mut Asked,
) -> Result<(), Fault> {
    let known = facts.issues.iter().find(|(id, _)| id == issue_id);
    let Some((_, Told::Known(issue))) = known else { return Ok(()) };
    if issue.gone {
        return Ok(());
    }
    let Some(rules) = inquiry.mappings.written_by_comments(&issue.project) else { return Ok(()) };
    let gateway = inquiry.site.account_id().await?;
    for event in inquiry.events.iter().filter(|event| event.kind == EventKind::Commented) {
        let (Some(actor), Some(comment)) = (&event.actor, &event.part) else { continue };
        let deed = event.deed();
        if actor.id == gateway || asked.goes_to.iter().any(|(known, _)| *known == deed) {
            continue;
        }
        let question = question(comment);
        // What it says is read once, for the mappings as well.
        let now = inquiry.entry(issue_id, Entry::Comment, comment).await?;
        facts.entries.push((issue_id.to_owned(), Entry::Comment, comment.clone(), now));
        match letter(inquiry, event, issue, &rules, comment).await? {
            None => {}
            Some(Err(why)) => asked.lines.push(format!("{question} no, {why}: nothing is sent")),
            Some(Ok(new)) => {
                asked.lines.push(format!("{question} yes: it is asked for, as {}", new.id));
                asked.letters.push((new, actor.id.clone()));
            }
        }
    }
    Ok(())
}

/// The letter that a comment asks for, or why it does not get one; `None` for one that asks for none.
async fn letter(
    inquiry: &mut Inquiry<'_>,
    event: &Event,
    issue: &IssueNow,
    rules: &CommentRules<'_>,
    comment: &str,
) -> Result<Option<Result<NewWritten, String>>, Fault> {
    let said = inquiry.contents.entries.get(&(Entry::Comment, comment.to_owned()));
    let Some(said) = said else { return Ok(None) };
    let seen_by = said.seen_by.clone();
    let Some(read) = directive(&said.said.text) else { return Ok(None) };
    let mut writing = match read {
        Ok(writing) => writing,
        Err(why) => return Ok(Some(Err(why))),
    };
    let Some(actor) = &event.actor else { return Ok(None) };
    // What is read is the editor's, and the right to have it sent is the author's.
    if inquiry.contents.changed_by.get(comment).is_some_and(|editor| *editor != actor.id) {
        return Ok(Some(Err("somebody else has changed it since it was written".to_owned())));
    }
    if let Some(why) = refusal(inquiry, &actor.id, issue, rules).await? {
        return Ok(Some(Err(why)));
    }
    event.issue_id.clone_into(&mut writing.issue);
    actor.name.clone_into(&mut writing.writer);
    Ok(Some(Ok(NewWritten {
        id: Store::new_written_id(),
        site: inquiry.site.name.clone(),
        by: WrittenBy::Comment,
        request: request(event, comment),
        asked: store::Asked {
            writing,
            files: Vec::new(),
            comment_seen_by: Some(seen_by),
            comment: Some(event.clone()),
            counted_on: Vec::new(),
        },
        token: None,
        preview: false,
        per_hour: rules.per_hour,
        keyless: false,
    })))
}

/// Why this account may write no letters by comments; `None` when it may. What the tracker does not tell is no permission.
async fn refusal(
    inquiry: &mut Inquiry<'_>,
    account: &str,
    issue: &IssueNow,
    rules: &CommentRules<'_>,
) -> Result<Option<String>, Fault> {
    match inquiry.person(account).await? {
        Some(person) if person.is_customer => return Ok(Some("a customer wrote it".to_owned())),
        Some(person) if person.active => {}
        _ => return Ok(Some("the tracker does not say that whoever wrote it has an active account".to_owned())),
    }
    let mut unknown = None;
    if !rules.groups.is_empty() {
        match inquiry.groups_of(account).await? {
            Told::Known(own) if own.iter().any(|group| rules.groups.contains(group)) => return Ok(None),
            Told::Known(_) => {}
            Told::Untold(why) => unknown = Some(why),
        }
    }
    for role in rules.roles {
        match inquiry.has_role(&issue.project, role, account).await? {
            Told::Known(true) => return Ok(None),
            Told::Known(false) => {}
            Told::Untold(why) => unknown = Some(why),
        }
    }
    let none = "whoever wrote it has none of the roles and groups that may (written.roles, written.groups)";
    Ok(Some(unknown.map_or_else(|| none.to_owned(), |why| format!("{none}, as far as it was told ({why})"))))
}
