//! The `Written` job: decides who gets a letter that somebody wrote on purpose, makes the letters, and notes it on the issue.

mod again;
mod note;

use super::contents::{Contents, issue_said, of_markdown};
use super::inquiry::Inquiry;
use super::letters::Making;
use crate::crash_point::crash_point;
use crate::decide_job::beside_the_workers;
use crate::facts::told::told;
use crate::gateway::Shared;
use crate::held::Held;
use crate::metrics::Metrics;
use crate::site::Site;
use crate::stop::Stop;
use mail::normalised;
use policy::event::Event;
use policy::notify::{
    Entry, EntrySaid, Facts, FileSaid, IssueNow, LeftOut, OwnFile, ROUNDS_MAX, Refused, Written, WrittenBy,
};
use policy::{Body, Fault, FaultCode, Mappings, Notified, Told, Visibility};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use store::{Asked, LetterCause, Micros, NewWritten, StoredLetterFile, WrittenDecision, WrittenLine, WrittenState};
use tracker::IssueView;

/// The decision as it is kept: for its story, and for the note that follows.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Decided {
    issue_key: String,
    /// Why nobody gets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
    recipients: Vec<WrittenTo>,
    left_out: Vec<LeftOut>,
    trace: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Noted>,
    /// Files that stay behind, by their names: why. The note says so, also when it is made after a look.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    stayed: BTreeMap<String, String>,
}

/// Who gets it, and why.
#[derive(Debug, Default, Serialize, Deserialize)]
struct WrittenTo {
    to: String,
    why: String,
    /// He is shown nothing of the issue.
    stranger: bool,
    /// He is shown of the issue what customers see.
    #[serde(default)]
    outsider: bool,
}

/// What is said on the issue, and who may see it.
#[derive(Debug, Serialize, Deserialize)]
struct Noted {
    body: Body,
    visibility: Option<Visibility>,
}

/// A letter whose recipients are found out.
struct Asking<'a> {
    id: &'a str,
    by: WrittenBy,
    asked_at: Micros,
    asked: &'a Asked,
}

/// What is known when a letter is decided about.
struct Found {
    written: Written,
    notified: Result<Notified, Refused>,
    issue: Option<IssueNow>,
    contents: Contents,
}

/// The same of one that somebody gets.
struct Settled {
    written: Written,
    notified: Notified,
    issue: IssueNow,
    contents: Contents,
}

/// Goes on where an earlier try stopped.
pub(crate) async fn written(shared: &Shared, held: &Held) -> Result<(), Stop> {
    let gone = || Fault::permanent(FaultCode::StoreCorrupt, "a job about a written letter that is not there");
    let line = shared.store.written(&held.lease.subject).await?.ok_or_else(gone)?;
    let site = shared.site(&held.lease.site)?;
    match line.state {
        WrittenState::Asked => match &line.asked {
            Some(asked) => Deciding { shared, held, site: &site, line: &line }.decide(asked).await,
            None => Ok(shared.store.complete(&held.lease).await?),
        },
        WrittenState::Posted => {
            let note = Decided::kept(&line).and_then(|decided| decided.note);
            note::note(shared, held, &site, line.issue_id.as_deref().unwrap_or_default(), note).await
        }
        WrittenState::Drafted | WrittenState::Refused | WrittenState::Dropped => {
            Ok(shared.store.complete(&held.lease).await?)
        }
    }
}

/// To whom one goes that a comment asked for before: as it was decided, and before that as it was counted on.
///
/// # Errors
/// Why it goes to nobody.
pub(super) fn goes_to(line: &WrittenLine) -> Result<Vec<String>, String> {
    let counted_on = || line.asked.as_ref().map(|asked| asked.counted_on.clone());
    match line.state {
        WrittenState::Posted => Ok(recipients_kept(line).or_else(counted_on).unwrap_or_default()),
        WrittenState::Asked | WrittenState::Drafted => Ok(counted_on().unwrap_or_default()),
        WrittenState::Dropped => Err("somebody dropped it".to_owned()),
        WrittenState::Refused => {
            let why = Decided::kept(line).and_then(|decided| decided.refused);
            Err(why.unwrap_or_else(|| "why is not kept any more".to_owned()))
        }
    }
}

/// To whom one goes that is decided about, as long as that is kept.
pub(super) fn recipients_kept(line: &WrittenLine) -> Option<Vec<String>> {
    Decided::kept(line).map(|decided| decided.recipients.into_iter().map(|one| one.to).collect())
}

/// To whom one would go that a comment asks for and that is not taken in yet; to nobody where it would be refused.
pub(super) async fn recipients(
    shared: &Shared,
    site: &Site,
    mappings: &Arc<Mappings>,
    new: &NewWritten,
) -> Result<Vec<String>, Stop> {
    let writing = &new.asked.writing;
    let Told::Known(Some(view)) = told(site.issue(&writing.issue).await)? else { return Ok(Vec::new()) };
    if site.templates.lacks(&writing.template).is_some() {
        return Ok(Vec::new());
    }
    let asking = Asking { id: &new.id, by: new.by, asked_at: 0, asked: &new.asked };
    let notified = find_out(shared, site, mappings, &asking, view).await?.notified.unwrap_or_default();
    Ok(notified.notifications.into_iter().map(|one| one.recipient.address).collect())
}

/// One letter that is decided about.
struct Deciding<'a> {
    shared: &'a Shared,
    held: &'a Held,
    site: &'a Site,
    line: &'a WrittenLine,
}

impl Deciding<'_> {
    async fn decide(&self, asked: &Asked) -> Result<(), Stop> {
        let Deciding { shared, site, line, .. } = *self;
        let Some(mappings) = &site.mappings else {
            let why = "the site has no mappings, which say who may write letters";
            return self.refuse(None, why.to_owned()).await;
        };
        // One that was looked at is made already.
        if let Some(why) = site.templates.lacks(&asked.writing.template).filter(|_| !line.approved) {
            return self.refuse(None, why).await;
        }
        let view = match told(site.issue(&asked.writing.issue).await)? {
            Told::Known(Some(view)) => view,
            Told::Known(None) => {
                let why =
                    format!("the site has no issue {:?}, or does not show it to the gateway", asked.writing.issue);
                return self.refuse(None, why).await;
            }
            Told::Untold(why) => return self.refuse(None, format!("what the issue is: {why}")).await,
        };
        shared.store.begin_written(&self.held.lease).await?;
        let asking = Asking { id: &line.id, by: line.by, asked_at: line.asked_at, asked };
        let found = find_out(shared, site, mappings, &asking, view).await?;
        match line.approved {
            true => self.send(mappings, found).await,
            false => self.make(mappings, found, asked).await,
        }
    }

    /// Makes the letters, and has them sent unless somebody looks at them first.
    async fn make(&self, mappings: &Mappings, found: Found, asked: &Asked) -> Result<(), Stop> {
        let Deciding { shared, held, site, line } = *self;
        let Some(settled) = self.settled(found).await? else { return Ok(()) };
        let Settled { written, notified, issue, contents } = settled;
        let contents = with_words(contents, &written, mappings, &site.browse_base);
        let given = asked.files.iter().map(|given| {
            let (id, size_bytes) = (given.kept.clone(), given.file.size_bytes);
            (given.file.id.clone(), StoredLetterFile { id, size_bytes })
        });
        let given = given.collect();
        let notice = held.lease.subject.as_str();
        let deeds = asked.comment.iter().cloned().collect();
        let cause = LetterCause { deeds, writer: Some(written.writing.writer.clone()), ..LetterCause::default() };
        let stayed = Mutex::default();
        let making = Making { shared, held, site, notice, issue: &issue, contents: &contents, given, stayed, cause };
        let letters = making.letters(&notified.notifications).await?;
        crash_point("written_made");
        let stayed = making.stayed.into_inner().unwrap_or_else(PoisonError::into_inner);
        let number = notified.notifications.len();
        let decided = self.decided(mappings, &written, notified, &issue, stayed).await?;
        let state = if line.preview { WrittenState::Drafted } else { WrittenState::Posted };
        let ends = line.preview || decided.note.is_none();
        let (issue_id, anew) = (Some(written.issue_id.as_str()), self.to_tell_after_all(&decided));
        let decision = WrittenDecision { state, issue_id, told: &decided, letters, anew, ends };
        shared.store.write_written(&held.lease, decision).await?;
        crash_point("written_written_down");
        shared.metrics.letters_posted.fetch_add(if line.preview { 0 } else { number as u64 }, Ordering::Relaxed);
        tracing::info!(job = held.lease.job, mails = number, "decided about a written letter");
        match ends {
            true => Ok(()),
            false => note::note(shared, held, site, &written.issue_id, decided.note).await,
        }
    }

    /// What somebody gets; `None` when nobody does, and that is written down.
    async fn settled(&self, found: Found) -> Result<Option<Settled>, Stop> {
        let Found { written, notified, issue, contents } = found;
        match (notified, issue) {
            (Ok(notified), Some(issue)) if !notified.notifications.is_empty() => {
                return Ok(Some(Settled { written, notified, issue, contents }));
            }
            (Ok(notified), _) => {
                let refused = Some("nobody of those whom it names gets it".to_owned());
                let decided = Decided { refused, ..Decided::of("", notified) };
                self.write_refusal(Some(&written.issue_id), &decided).await?;
            }
            (Err(why), _) => self.refuse(Some(&written.issue_id), why).await?,
        }
        Ok(None)
    }

    /// The decision as it is kept, with its note.
    async fn decided(
        &self,
        mappings: &Mappings,
        written: &Written,
        notified: Notified,
        issue: &IssueNow,
        stayed: BTreeMap<String, String>,
    ) -> Result<Decided, Stop> {
        let note = written.note(mappings, &notified, &stayed);
        let mut decided = Decided { stayed, ..Decided::of(&issue.key, notified) };
        let Some((body, visibility)) = note else { return Ok(decided) };
        let in_the_way = match visibility {
            Some(Visibility::Internal) => self.against_internal(&issue.project).await?,
            _ => None,
        };
        match in_the_way {
            Some(why) => {
                decided.trace.push(format!("Who may see the note? internal cannot be had, {why}: there is none"))
            }
            None => decided.note = Some(Noted { body, visibility }),
        }
        Ok(decided)
    }

    /// Why a comment cannot be internal: where a project has no service desk, the tracker takes the mark and shows the comment to everybody.
    async fn against_internal(&self, project: &str) -> Result<Option<String>, Fault> {
        Ok(match told(self.site.service_desk(project).await)? {
            Told::Known(desk) if desk.is_some() => None,
            Told::Known(_) => Some(format!("{project} has no service desk, so that everybody would see it")),
            Told::Untold(why) => Some(format!("whether {project} has a service desk is not known, {why}")),
        })
    }

    /// The comment that asks for it, where somebody was not told of that for this letter's sake, and does not get it.
    fn to_tell_after_all(&self, decided: &Decided) -> Option<&Event> {
        let asked = self.line.asked.as_ref()?;
        let gets = |address: &String| decided.recipients.iter().any(|one| normalised(&one.to) == normalised(address));
        asked.comment.as_ref().filter(|_| !asked.counted_on.iter().all(gets))
    }

    async fn refuse(&self, issue_id: Option<&str>, why: String) -> Result<(), Stop> {
        self.write_refusal(issue_id, &Decided { refused: Some(why), ..Decided::default() }).await
    }

    async fn write_refusal(&self, issue_id: Option<&str>, decided: &Decided) -> Result<(), Stop> {
        let Deciding { shared, held, line, .. } = *self;
        let (state, letters) = (WrittenState::Refused, Vec::new());
        let anew = self.to_tell_after_all(decided);
        let decision = WrittenDecision { state, issue_id, told: decided, letters, anew, ends: true };
        let is_written = match line.approved {
            true => shared.store.write_approved(&held.lease, decision, Vec::new()).await?,
            false => shared.store.write_written(&held.lease, decision).await.map(|()| true)?,
        };
        if !is_written {
            return Ok(());
        }
        Metrics::add(&shared.metrics.written_refused);
        tracing::info!(job = held.lease.job, "a written letter goes to nobody");
        Ok(())
    }
}

/// Asks and finds out until nothing is open, and decides.
async fn find_out(
    shared: &Shared,
    site: &Site,
    mappings: &Arc<Mappings>,
    asking: &Asking<'_>,
    view: IssueView,
) -> Result<Found, Stop> {
    let Asking { id, by, asked_at, asked } = *asking;
    let gateway = site.account_id().await?;
    let mut writing = asked.writing.clone();
    if writing.writer.trim().is_empty() {
        let name = site.outgoing.as_ref().and_then(|outgoing| outgoing.from.name.clone());
        writing.writer = name.unwrap_or_else(|| site.name.clone());
    }
    let written = Written {
        id: id.to_owned(),
        by,
        writing,
        issue_id: view.id.clone(),
        at_ms: asked_at.div_euclid(1000),
        attached: issue_said(&view, site, gateway).files,
        own: asked.files.iter().map(|given| given.file.clone()).collect(),
        comment_seen_by: asked.comment_seen_by.clone(),
    };
    let mut inquiry = Inquiry::new(shared, site, &[], mappings);
    inquiry.anyway = written.writing.anyway;
    let facts = Facts { gateway: gateway.to_owned(), ..Facts::default() };
    let written = Arc::new(written);
    let (about, rules) = (written.clone(), mappings.clone());
    let mut facts = inquiry.find_out_all(facts, ROUNDS_MAX, move |facts| about.ask(&rules, facts)).await?;
    inquiry.look_again(&written.issue_id, &mut facts).await?;
    inquiry.look_whether_sealed(&mut facts).await?;
    let (about, rules) = (written.clone(), mappings.clone());
    let (notified, facts) = beside_the_workers(move || (about.decide(&rules, &facts), facts)).await?;
    let issue = facts.issues.into_iter().find_map(|(id, told)| match told {
        Told::Known(issue) if id == written.issue_id => Some(issue),
        _ => None,
    });
    Ok(Found { written: Arc::unwrap_or_clone(written), notified, issue, contents: inquiry.contents })
}

/// With what the letter says, and the files that its writer gave.
fn with_words(mut contents: Contents, written: &Written, mappings: &Mappings, base: &str) -> Contents {
    let said = EntrySaid {
        said: of_markdown(written.writing.text.trim(), base),
        spent: String::new(),
        seen_by: written.limits(mappings),
    };
    contents.entries.insert((Entry::Comment, Written::part().to_owned()), said);
    contents.issue.files = written.attached.clone();
    contents.issue.files.extend(written.own.iter().map(of_writer));
    contents
}

fn of_writer(file: &OwnFile) -> FileSaid {
    FileSaid {
        id: file.id.clone(),
        name: file.name.clone(),
        size_bytes: file.size_bytes,
        content_type: file.content_type.clone(),
        ..FileSaid::default()
    }
}

impl Decided {
    /// As it was written down; `None` before that, and after it was erased.
    fn kept(line: &WrittenLine) -> Option<Decided> {
        line.decision.clone().and_then(|decision| serde_json::from_value(decision).ok())
    }

    fn of(issue_key: &str, notified: Notified) -> Decided {
        let recipients = notified.notifications.into_iter().map(|one| WrittenTo {
            to: one.recipient.address,
            why: one.reason,
            stranger: one.recipient.is_stranger,
            outsider: one.recipient.outsider,
        });
        Decided {
            issue_key: issue_key.to_owned(),
            recipients: recipients.collect(),
            left_out: notified.left_out,
            trace: notified.trace,
            ..Decided::default()
        }
    }
}
