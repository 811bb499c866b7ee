//! The page of one letter that somebody wrote: before it is sent each letter as its reader gets it, afterwards what became of each.

use super::super::messages::IssueLink;
use super::super::outbox::{EventLetter, event_letter, event_letters};
use super::super::{Moment, moment, words_of};
use super::{Decided, LeftOut, people, state, subject, way};
use crate::Console;
use crate::sign_in::Session;
use askama::Template;
use policy::{Fault, Visibility};
use store::{JobState, Look, OutboxLine, WrittenDeed, WrittenDeedLine, WrittenLine, WrittenState};

/// Of so many letters the text stands on the page itself; of the others behind a link.
const TEXTS_MAX: usize = 5;
/// Characters of such a text.
const TEXT_CHARS_MAX: usize = 64 * 1024;
/// Of more who are left out the list is folded.
const LEFT_OUT_OPEN: usize = 10;
/// How soon the page asks again while it is decided who gets a letter, in seconds; and while that waits for something.
const LOOK_AGAIN_S: u32 = 2;
const LOOK_AGAIN_LATER_S: u32 = 15;

/// Somebody who gets the letter that waits, and what he gets.
pub(super) struct Reader {
    to: String,
    why: String,
    /// He is shown nothing of the issue.
    stranger: bool,
    letter: Option<Preview>,
}

/// A letter as it would leave.
struct Preview {
    id: String,
    subject: String,
    /// `None` where it is not read for this page.
    text: Option<String>,
    files: Vec<String>,
    /// What was wrong with its template.
    template: Option<String>,
}

#[derive(Template)]
#[template(path = "written.html")]
pub(super) struct Page {
    token: String,
    /// For somebody of the support.
    support: bool,
    id: String,
    subject: String,
    issue: IssueLink,
    site: String,
    state: &'static str,
    class: &'static str,
    /// What its state means, in a sentence.
    sentence: String,
    /// Why the work on it waits or stopped, the code of that, and what was answered.
    fault: Option<(String, String, String)>,
    wakeable: bool,
    look_again_s: Option<u32>,
    is_draft: bool,
    /// Nothing of it has left.
    droppable: bool,
    /// The settings let it be sent here.
    sendable: bool,
    people: String,
    sender: String,
    note: &'static str,
    readers: Vec<Reader>,
    letters: Vec<EventLetter>,
    left_out: Vec<LeftOut>,
    left_out_open: bool,
    trace: Vec<String>,
    /// What was written; `None` after it was erased.
    text: Option<String>,
    writer: String,
    way: &'static str,
    program: Option<String>,
    asked: Moment,
    decided: Option<Moment>,
    deeds: Vec<(Moment, String)>,
    /// The form can begin with its words.
    again: bool,
}

/// `None` when there is none of this id.
pub(super) async fn page(console: &Console, session: &Session, id: &str) -> Result<Option<Page>, Fault> {
    let Some(line) = console.store.written(id).await? else { return Ok(None) };
    let decided = Decided::of(&line);
    let lines = console.store.written_letters(id).await?;
    let (readers, sender, letters) = match line.state {
        WrittenState::Drafted => {
            let (readers, sender) = readers(console, session, &decided, lines).await?;
            (readers, sender, Vec::new())
        }
        // Those that were looked at, of which it is asked once more whose may leave.
        WrittenState::Asked => (Vec::new(), String::new(), Vec::new()),
        WrittenState::Posted | WrittenState::Refused | WrittenState::Dropped => {
            let letter = |letter| EventLetter { event: None, written: None, ..letter };
            (Vec::new(), String::new(), event_letters(console, lines).await?.into_iter().map(letter).collect())
        }
    };
    let deeds = console.store.written_deeds(id).await?.into_iter().map(deed).collect();
    let page = Page { readers, sender, letters, deeds, ..bare(console, session, line, decided) };
    Ok(Some(page))
}

/// The page without its letters.
fn bare(console: &Console, session: &Session, line: WrittenLine, decided: Decided) -> Page {
    let (state, class) = state(line.state);
    let key = match &line.asked {
        _ if !decided.issue_key.is_empty() => decided.issue_key.clone(),
        Some(asked) => asked.writing.issue.clone(),
        None => format!("Issue {}", line.issue_id.as_deref().unwrap_or("unknown")),
    };
    let stopped = matches!(line.job, Some(JobState::Held | JobState::Dead));
    let is_open = line.state == WrittenState::Asked && !stopped;
    let look_again_s = is_open.then_some(if line.fault.is_some() { LOOK_AGAIN_LATER_S } else { LOOK_AGAIN_S });
    let is_draft = line.state == WrittenState::Drafted;
    let over = matches!(line.state, WrittenState::Drafted | WrittenState::Refused | WrittenState::Dropped);
    let may_write = console.may_write(&line.site);
    let writing = line.asked.as_ref().map(|asked| &asked.writing);
    Page {
        token: session.token(),
        support: session.support_of().is_some(),
        subject: subject(&line, &key),
        state,
        class,
        sentence: sentence(console, &line, &decided),
        fault: line
            .fault
            .as_ref()
            .map(|fault| (fault.public.clone(), fault.code.to_string(), words_of(fault).to_owned())),
        wakeable: stopped && line.asked.is_some(),
        look_again_s,
        is_draft,
        droppable: is_draft || (line.state == WrittenState::Asked && line.approved),
        sendable: may_write,
        people: people(decided.recipients.len()),
        sender: String::new(),
        note: note(&decided),
        readers: Vec::new(),
        letters: Vec::new(),
        left_out_open: decided.left_out.len() <= LEFT_OUT_OPEN,
        left_out: decided.left_out,
        trace: decided.trace,
        text: writing.map(|writing| writing.text.clone()),
        writer: writing.map(|writing| writing.writer.clone()).unwrap_or_default(),
        way: way(line.by),
        program: line.token.clone(),
        asked: moment(line.asked_at),
        decided: line.decided_at.map(moment),
        deeds: Vec::new(),
        again: over && may_write && writing.is_some(),
        // Where nothing is decided the key is what somebody typed.
        issue: match decided.issue_key.is_empty() {
            true => IssueLink { key, link: None },
            false => console.issue_link(&line.site, key),
        },
        site: line.site,
        id: line.id,
    }
}

fn sentence(console: &Console, line: &WrittenLine, decided: &Decided) -> String {
    let people = people(decided.recipients.len());
    match line.state {
        WrittenState::Asked if line.approved => {
            "Somebody has it sent. It is asked once more who may get it; then it leaves as it was looked at.".to_owned()
        }
        WrittenState::Asked if line.preview => {
            "It is being decided who gets it. Nothing leaves before somebody has looked at it.".to_owned()
        }
        WrittenState::Asked => "It is being decided who gets it; then it is sent.".to_owned(),
        WrittenState::Drafted => {
            let until = moment(console.store.written_waits_until(line)).shown;
            format!(
                "Nothing has left yet. It goes {people} when somebody has it sent; if nobody has by {until}, it is dropped."
            )
        }
        WrittenState::Posted if people.is_empty() => "It was sent off. What was decided has been erased.".to_owned(),
        WrittenState::Posted => format!("It was sent off {people}."),
        WrittenState::Refused => match &decided.refused {
            Some(why) => format!("Nobody gets it: {why}."),
            None => "Nobody got it. What was decided has been erased.".to_owned(),
        },
        WrittenState::Dropped => "It was not sent and will not be.".to_owned(),
    }
}

/// What is said of it on the issue.
fn note(decided: &Decided) -> &'static str {
    match decided.note.as_ref().map(|note| &note.visibility) {
        None => "none",
        Some(None) => "one comment, for everybody who sees the issue",
        Some(Some(Visibility::Internal)) => "one internal comment",
        Some(Some(_)) => "one comment, for some",
    }
}

/// Who gets it and what, and whom it is from. Each look into a letter is noted first.
async fn readers(
    console: &Console,
    session: &Session,
    decided: &Decided,
    mut lines: Vec<OutboxLine>,
) -> Result<(Vec<Reader>, String), Fault> {
    let (mut readers, mut sender) = (Vec::new(), String::new());
    for one in &decided.recipients {
        let his = |line: &OutboxLine| line.about.as_ref().is_some_and(|about| about.to == one.to);
        let line = lines.iter().position(his).map(|at| lines.swap_remove(at));
        let letter = match line {
            Some(line) => Some(preview(console, session, line, readers.len() < TEXTS_MAX, &mut sender).await?),
            None => None,
        };
        readers.push(Reader { to: one.to.clone(), why: one.why.clone(), stranger: one.stranger, letter });
    }
    Ok((readers, sender))
}

async fn preview(
    console: &Console,
    session: &Session,
    line: OutboxLine,
    reads: bool,
    sender: &mut String,
) -> Result<Preview, Fault> {
    let mut text = None;
    if reads && let Some(posted) = console.store.letter_content(&line.id).await? {
        console.store.note_look(&line.site, &line.id, Look::Text, None, session.who()).await?;
        // One that cannot be read now still has its links.
        if let Ok(view) = console.reader.view(posted.content).await {
            text = Some(view.text.chars().take(TEXT_CHARS_MAX).collect());
            if sender.is_empty() {
                *sender = view.from;
            }
        }
    }
    let letter = event_letter(line);
    Ok(Preview { id: letter.id, subject: letter.subject, text, files: letter.files, template: letter.template })
}

fn deed(line: WrittenDeedLine) -> (Moment, String) {
    let what = match line.deed {
        WrittenDeed::Asked => "wrote it",
        WrittenDeed::Sent => "had it sent",
        WrittenDeed::Dropped => "dropped it",
        WrittenDeed::Woken => "had the work on it begun anew",
    };
    (moment(line.at), format!("{} {what}", line.who))
}
