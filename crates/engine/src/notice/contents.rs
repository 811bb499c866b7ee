//! What the issue, its comments and its work say, each read in one answer with who may see it.

use super::files;
use super::inquiry::Inquiry;
use crate::facts::told::{is_refusal, told};
use crate::site::{Site, misunderstood};
use mail::Document;
use policy::event::EventKind;
use policy::notify::{EarlierSaid, Entry, EntryNow, EntrySaid, IssueSaid, SeenBy, without_directives};
use policy::template::SafeHtml;
use policy::template::view::Said;
use policy::{Fault, FaultCode, Told, Visibility};
use std::collections::HashMap;
use tracker::{Answer, CommentView, IssueView, Operation, Written};

/// What the issue and what stands on it say, read together with who may see it.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) issue: IssueSaid,
    pub(super) entries: HashMap<(Entry, String), EntrySaid>,
    /// Comments of the issue, the newest first.
    pub(super) earlier: Vec<EarlierSaid>,
    /// By the ids of comments that are not as they were written: who changed each last, as far as that is told.
    pub(super) changed_by: HashMap<String, String>,
}

/// Of so many comments of an issue those are chosen that letters show as earlier ones.
const NEWEST_COMMENTS: u32 = 20;

impl Contents {
    /// Leaves out the directives above what comments say, where they write letters: they say to whom, and are no words for readers.
    pub(super) fn leave_out_directives(&mut self, browse_base: &str) {
        let comments = self.entries.iter_mut().filter(|((entry, _), _)| *entry == Entry::Comment);
        let earlier = self.earlier.iter_mut().map(|one| &mut one.entry.said);
        for said in comments.map(|(_, comment)| &mut comment.said).chain(earlier) {
            let Some((text, html)) = without_directives(said) else { continue };
            *said = match html {
                Some(html) => Said { html, text: text.to_owned() },
                // As the letter of the comment has it.
                None => of_markdown(text, browse_base),
            };
        }
    }
}

/// What somebody wrote in Markdown.
pub(super) fn of_markdown(text: &str, browse_base: &str) -> Said {
    let html = SafeHtml::unread(Document::from_markdown(text).html(), browse_base);
    Said { html, text: text.to_owned() }
}

impl Inquiry<'_> {
    /// Reads what a new issue says beside its fields: before anybody is asked who may see it.
    pub(super) async fn describe(&mut self, issue_id: &str) -> Result<(), Fault> {
        match told(self.site.read(&Operation::ReadDescription { issue_id: issue_id.to_owned() }).await)? {
            Told::Known(Answer::Written(written)) => {
                self.contents.issue.description = written.map(|written| said(written, &self.site.browse_base));
            }
            Told::Known(other) => return Err(misunderstood(&other)),
            Told::Untold(_) => {}
        }
        Ok(())
    }

    /// Reads what was commented before: before anybody is asked who may see the issue, and once for all letters. A comment of which nobody
    /// says whether it is internal is left out.
    pub(super) async fn recall(&mut self, issue_id: &str, history: u32) -> Result<(), Fault> {
        if history == 0 {
            return Ok(());
        }
        let operation = Operation::ReadNewestComments { issue_id: issue_id.to_owned(), most: NEWEST_COMMENTS };
        let comments = match told(self.site.read(&operation).await)? {
            Told::Known(Answer::Newest(comments)) => comments,
            Told::Known(other) => return Err(misunderstood(&other)),
            Told::Untold(_) => return Ok(()),
        };
        let (mut earlier, mut for_all) = (Vec::new(), 0);
        for CommentView { id, by, created_ms, entry } in comments {
            let Some(is_marked) = self.is_marked(&id).await? else { continue };
            let is_told = self.events.iter().any(|event| event.part.as_ref() == Some(&id));
            let seen_by = with_mark(entry.seen_by, is_marked);
            for_all += u32::from(seen_by.is_empty() && !is_told);
            let said = entry.said.map(|written| said(written, &self.site.browse_base)).unwrap_or_default();
            let entry = EntrySaid { said, spent: String::new(), seen_by };
            earlier.push(EarlierSaid { id, who: by, at_ms: created_ms, entry });
            // Where each costs a request of its own no more are read than a letter shows.
            if for_all == history {
                break;
            }
        }
        self.contents.earlier = earlier;
        Ok(())
    }

    /// Of an entry whose end is told the tracker knows no more who might see it: it is known where an earlier decision saw that everybody
    /// might. Otherwise it is enough that it is gone.
    pub(super) async fn entry(&mut self, issue_id: &str, entry: Entry, id: &str) -> Result<Option<EntryNow>, Fault> {
        let id = id.to_owned();
        let tells_of_its_end = self.events.iter().any(|event| {
            event.part.as_ref() == Some(&id)
                && matches!(
                    (event.kind, entry),
                    (EventKind::CommentDeleted, Entry::Comment) | (EventKind::WorkDeleted, Entry::Work)
                )
        });
        // The mark first: a comment that has become internal meanwhile then still says so itself, or is gone.
        let is_marked = match entry {
            Entry::Comment => self.is_marked(&id).await?,
            Entry::Work => Some(false),
        };
        let operation = match entry {
            Entry::Comment => Operation::ReadComment { issue_id: issue_id.to_owned(), comment_id: id.clone() },
            Entry::Work => Operation::ReadWork { issue_id: issue_id.to_owned(), work_id: id.clone() },
        };
        let view = match self.site.read(&operation).await {
            Ok(Answer::Entry(view)) => view,
            Ok(other) => return Err(misunderstood(&other)),
            Err(fault) if fault.code == FaultCode::TrackerGone && !tells_of_its_end => {
                let about = self.events.iter().filter(|event| event.part.as_ref() == Some(&id));
                self.wait_for_news(about).await?;
                return Ok(Some(EntryNow { gone: true, seen_by: SeenBy::Few(Visibility::Internal) }));
            }
            Err(fault) if fault.code == FaultCode::TrackerGone => {
                let was_for_all = self.was_for_everybody(issue_id, entry, &id).await?;
                return Ok(was_for_all.then_some(EntryNow { gone: true, seen_by: SeenBy::Everybody }));
            }
            Err(fault) if is_refusal(&fault) => return Ok(None),
            Err(fault) => return Err(fault),
        };
        let Some(is_marked) = is_marked else { return Ok(None) };
        let seen_by = with_mark(view.seen_by, is_marked);
        let few = seen_by.first().cloned();
        let said = view.said.map(|written| said(written, &self.site.browse_base)).unwrap_or_default();
        if let Some(editor) = view.changed_by {
            self.contents.changed_by.insert(id.clone(), editor);
        }
        self.contents.entries.insert((entry, id), EntrySaid { said, spent: view.spent, seen_by });
        Ok(Some(EntryNow { gone: false, seen_by: few.map_or(SeenBy::Everybody, SeenBy::Few) }))
    }

    /// Whether a comment bears the mark of internal ones, where reading it does not tell; `None` where nobody says.
    async fn is_marked(&self, comment_id: &str) -> Result<Option<bool>, Fault> {
        if self.site.dialect().lists_tell_markers() {
            return Ok(Some(false));
        }
        match self.site.read(&Operation::ReadInternal { comment_id: comment_id.to_owned() }).await {
            Ok(Answer::Internal(internal)) => Ok(Some(internal)),
            Ok(other) => Err(misunderstood(&other)),
            Err(fault) if fault.code == FaultCode::TrackerGone => Ok(Some(false)),
            Err(fault) if is_refusal(&fault) => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}

/// Who may see an entry that may bear the mark of internal ones, too.
fn with_mark(mut seen_by: Vec<Visibility>, is_marked: bool) -> Vec<Visibility> {
    if is_marked && !seen_by.contains(&Visibility::Internal) {
        seen_by.push(Visibility::Internal);
    }
    seen_by
}

/// What a person wrote, as the tracker shows it.
fn said(written: Written, browse_base: &str) -> Said {
    match written {
        Written { html: Some(html), text } => Said { html: SafeHtml::unread(html, browse_base), text },
        Written { html: None, text } => Said { html: SafeHtml::of_text(&text), text },
    }
}

pub(super) fn issue_said(view: &IssueView, site: &Site, gateway: &str) -> IssueSaid {
    let name = |person: &tracker::Person| person.name.clone();
    IssueSaid {
        project: String::new(),
        reporter: view.reporter.as_ref().map(name),
        assignee: view.assignee.as_ref().map(name),
        description: None,
        files: view.files.iter().map(|file| files::said(file, site, gateway)).collect(),
        written_by: HashMap::new(),
    }
}
