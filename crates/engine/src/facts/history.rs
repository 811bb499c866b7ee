//! What an issue has said so far: its description and newest comments, whoever wrote them.

use super::Inquiry;
use crate::Past;
use crate::site::misunderstood;
use mail::letter_mark::LetterKey;
use mail::normalised;
use policy::{Fault, FaultKind, IssueHistory};
use tracker::{Answer, Comment, Operation};

/// Adds the issue's texts to `past`, and the keys by which our own letters are known.
///
/// A history that cannot be had never keeps a mail from its issue: an answer that will not change is taken at once, an
/// outage is waited out like any other and taken at the last try.
pub(super) async fn find_out(inquiry: &Inquiry<'_>, issue_id: &str, past: &mut Past) -> Result<IssueHistory, Fault> {
    for (_, secret, _) in inquiry.shared.store.reply_keys(&inquiry.site.name).await? {
        past.add_letter_key(LetterKey::derive(&secret, &inquiry.site.name));
    }
    for letter in letters(inquiry, issue_id).await? {
        past.add_file(letter);
    }
    match texts(inquiry, issue_id).await {
        Ok((texts, all)) => {
            let known = IssueHistory::Known { texts: texts.len(), all };
            texts.into_iter().for_each(|text| past.add_text(text));
            Ok(known)
        }
        Err(fault) if fault.kind != FaultKind::Permanent && !is_last_try(inquiry) => Err(fault),
        Err(fault) => Ok(IssueHistory::Unavailable { why: fault.public }),
    }
}

/// Letters about the issue that the mail may quote, those to its author first. Quoted whole they are known line by line, so that words
/// typed in between are found. One whose content cannot be had is known by its mark alone.
async fn letters(inquiry: &Inquiry<'_>, issue_id: &str) -> Result<Vec<Vec<u8>>, Fault> {
    const LETTERS_MAX: u32 = 6;
    let store = &inquiry.shared.store;
    let author = inquiry.message.envelope.mail_from.as_deref().map(normalised).unwrap_or_default();
    let mut letters = Vec::new();
    for id in store.letters_about(&inquiry.site.name, issue_id, &author, LETTERS_MAX).await? {
        // It may be erased meanwhile.
        let posted = match store.letter_content(&id).await {
            Err(fault) if fault.kind == FaultKind::Permanent => continue,
            posted => posted?,
        };
        let Some(mut content) = posted.map(|posted| posted.content) else { continue };
        let (mut bytes, most) = (Vec::new(), inquiry.shared.settings.history_bytes_max);
        // Its words come before its files.
        while let Some(piece) = content.next().await?.filter(|_| bytes.len() < most) {
            bytes.extend(piece);
        }
        letters.push(bytes);
    }
    Ok(letters)
}

/// After this run the job would be given up.
fn is_last_try(inquiry: &Inquiry) -> bool {
    let settings = &inquiry.shared.settings;
    inquiry.held.lease.tries >= settings.tries_max || inquiry.held.age() > settings.give_up_after
}

/// The description and then the newest comments first, within the limits; and whether that is all.
async fn texts(inquiry: &Inquiry<'_>, issue_id: &str) -> Result<(Vec<String>, bool), Fault> {
    let settings = &inquiry.shared.settings;
    let description = inquiry.site.read_issue(issue_id).await?.description;
    let (comments, total) = newest_comments(inquiry, issue_id, u64::from(settings.history_comments_max)).await?;
    let mut all = comments.len() as u64 >= total;
    let mut texts = Vec::new();
    let mut size_bytes = 0;
    for text in std::iter::once(description).chain(comments.into_iter().rev().map(|comment| comment.text)) {
        size_bytes += text.len();
        if size_bytes > settings.history_bytes_max {
            all = false;
            break;
        }
        if !text.trim().is_empty() {
            texts.push(text);
        }
    }
    Ok((texts, all))
}

/// At most `max` comments, oldest first, and how many there are. The first page tells how many; with more than `max` the
/// rest is read from where the newest begin.
async fn newest_comments(inquiry: &Inquiry<'_>, issue_id: &str, max: u64) -> Result<(Vec<Comment>, u64), Fault> {
    let (mut comments, total) = page(inquiry, issue_id, 0).await?;
    let mut next = comments.len() as u64;
    let first = total.saturating_sub(max);
    if first >= next {
        comments.clear();
        next = first;
    }
    while next < total {
        let (more, _) = page(inquiry, issue_id, next).await?;
        if more.is_empty() {
            break;
        }
        next += more.len() as u64;
        comments.extend(more);
    }
    let surplus = (comments.len() as u64).saturating_sub(max);
    comments.drain(..usize::try_from(surplus).unwrap_or(0));
    Ok((comments, total))
}

async fn page(inquiry: &Inquiry<'_>, issue_id: &str, start_at: u64) -> Result<(Vec<Comment>, u64), Fault> {
    match inquiry.site.read(&Operation::ReadComments { issue_id: issue_id.to_owned(), start_at }).await? {
        Answer::Comments { comments, total } => Ok((comments, total)),
        other => Err(misunderstood(&other)),
    }
}
