//! The other half of the demo: an agent's comment becomes a letter, and the answer to it a comment.

use super::home::SITE;
use super::mailbox::Mailbox;
use crate::command::{Failure, deliver};
use courier::submit::{Target, submit};
use mail::Envelope;
use std::fmt::Write;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use store::{EventStory, LetterFate, OutboxLine, Store};

/// What the desk's agent writes.
const COMMENT: &str = "A technician is on the way. Does the printer show anything on its display?";
/// What the customer answers.
const ANSWER: &str = "Yes, it says \"ribbon out\". Thank you!";
/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Events that are looked through for the one.
const EVENTS: u32 = 50;

/// What takes part.
pub struct Stage<'d> {
    pub store: &'d Store,
    pub desk: &'d desk::Desk,
    pub mailbox: &'d Mailbox,
    pub smtp: SocketAddr,
    pub desk_at: SocketAddr,
    pub console: SocketAddr,
}

/// Has the agent comment on this issue, and tells what came of it.
pub async fn show(stage: &Stage<'_>, issue: &str) -> Result<String, Failure> {
    if issue.is_empty() {
        return Ok("\nThe first mail became no issue, so there is nothing to comment on.\n".to_owned());
    }
    // What happened before the history is read for the first time is not told.
    let begun = until(async || Ok(stage.store.history_mark(SITE).await?)).await?;
    if begun.is_none() {
        return Ok(late("the gateway does not read the desk's history yet", stage));
    }
    let commented = stage.desk.comment(issue, COMMENT).await;
    let comment = commented.map_err(|error| Failure::new(format!("the desk takes no comment: {error}")))?;
    let Some(event) = until(async || decided(stage.store, &comment).await).await? else {
        return Ok(late("it is not decided yet who is told of the comment", stage));
    };
    let notice = event.notice_id.clone().unwrap_or_default();
    let Some(letters) = until(async || sent(stage.store, &notice).await).await? else {
        return Ok(late("its letters are not sent yet", stage));
    };
    let mut text = told(stage, issue, &event);
    for letter in &letters {
        text.push_str(&of_letter(stage, letter).await?);
    }
    let _ = writeln!(
        text,
        "  in the console   http://{console}/events/{}\n                   http://{console}/letters/events",
        event.line.id,
        console = stage.console
    );
    Ok(text)
}

/// Looks again and again; `None` when it takes too long.
async fn until<T>(look: impl AsyncFn() -> Result<Option<T>, Failure>) -> Result<Option<T>, Failure> {
    let begun = Instant::now();
    loop {
        match look().await? {
            None if begun.elapsed() < PATIENCE => tokio::time::sleep(LOOK_EVERY).await,
            found => return Ok(found),
        }
    }
}

fn late(what: &str, stage: &Stage<'_>) -> String {
    format!("\nAn agent's comment becomes a letter, but {what}; see http://{}/events\n", stage.console)
}

/// The event of a comment, once it is decided who is told.
async fn decided(store: &Store, comment: &str) -> Result<Option<EventStory>, Failure> {
    let lines = store.events(None, EVENTS).await?;
    let is_it = |event: &policy::event::Event| event.part.as_deref() == Some(comment);
    let found = lines.into_iter().find(|line| line.outcome.is_some() && line.event.as_ref().is_some_and(is_it));
    match found {
        Some(line) => Ok(store.event(&line.id).await?),
        None => Ok(None),
    }
}

/// The letters of a decision, once each has come to its end.
async fn sent(store: &Store, notice: &str) -> Result<Option<Vec<OutboxLine>>, Failure> {
    let letters = store.letters_of_notice(notice).await?;
    let is_open = letters.iter().any(|letter| matches!(letter.fate, LetterFate::Waits));
    Ok((!is_open).then_some(letters))
}

/// What happened and what was decided.
fn told(stage: &Stage<'_>, issue: &str, event: &EventStory) -> String {
    let mut text = format!(
        "\nWhat happens in the desk becomes mail. An agent comments on {issue}, http://{}/browse/{issue}:\n\n",
        stage.desk_at
    );
    let _ = writeln!(text, "  what it says     {COMMENT}");
    let notice = event.notice.clone().unwrap_or_default();
    let of = |list: &str| notice[list].as_array().cloned().unwrap_or_default();
    for one in of("notifications") {
        let (to, why) = (&one["recipient"]["address"], &one["reason"]);
        let _ = writeln!(text, "  is told          {}: {}", word(to), word(why));
    }
    for one in of("left_out") {
        let _ = writeln!(text, "  is not told      {}: {}", word(&one["whom"]), word(&one["why"]));
    }
    text
}

fn word(value: &serde_json::Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Where a letter lies, and what becomes of the answer to it.
async fn of_letter(stage: &Stage<'_>, letter: &OutboxLine) -> Result<String, Failure> {
    let Some(about) = &letter.about else { return Ok(String::new()) };
    let Some((file, mail)) = stage.mailbox.find(&about.message_id).await else {
        return Ok(format!("  its letter       did not reach {}; see the console\n", about.to));
    };
    let mut text = format!("  its letter       {}\n                   {}\n", about.subject, file.display());
    let Some(reply_to) = reply_address(&mail) else { return Ok(text) };
    let answer = format!(
        "From: <{to}>\r\nTo: <{reply_to}>\r\nSubject: Re: {subject}\r\nMessage-ID: <{own}@{domain}>\r\nIn-Reply-To: <{id}>\r\n\r\n{ANSWER}\r\n",
        to = about.to,
        subject = about.subject,
        id = about.message_id,
        // One of ours would be taken for the letter itself.
        own = letter.id,
        domain = about.to.rsplit('@').next().unwrap_or("northwind.example"),
    );
    let envelope = Envelope { mail_from: Some(about.to.clone()), rcpt_to: vec![reply_to], client: None };
    let target = Target::smtp(stage.smtp.ip().to_string(), stage.smtp.port());
    let delivery = submit(&target, &envelope, answer.as_bytes()).await?;
    let id = delivery.id().ok_or_else(|| Failure::new("the listener gave no id"))?;
    if let Some(story) = deliver::ended(stage.store, id, PATIENCE).await? {
        let outcome = story.line.outcome.map_or("undecided", policy::Outcome::word);
        let issue = story.line.issue_key.unwrap_or_default();
        let _ = writeln!(text, "  is answered      {outcome} on {issue}: {}", story.line.reason);
        let _ = writeln!(text, "                   {ANSWER}");
    }
    Ok(text)
}

/// Where answers to this mail go.
fn reply_address(mail: &str) -> Option<String> {
    let head = mail.split("\r\n\r\n").next()?.replace("\r\n ", " ").replace("\r\n\t", " ");
    let value = head.lines().find_map(|line| line.strip_prefix("Reply-To:"))?.trim();
    let address = value.rsplit_once('<').map_or(value, |(_, address)| address.trim_end_matches('>'));
    address.contains('@').then(|| address.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_address_for_answers_is_read_folded_and_with_a_name() {
        let of = |field: &str| {
            reply_address(&format!("From: a@b.example\r\n{field}\r\nTo: c@d.example\r\n\r\nReply-To: x@y.example"))
        };
        assert_eq!(of("Reply-To: Support\r\n <reply+1@desk.example>").unwrap(), "reply+1@desk.example");
        assert_eq!(of("Reply-To: reply+1@desk.example").unwrap(), "reply+1@desk.example");
        assert_eq!(of("Subject: none"), None, "what a mail says is no field");
    }
}
