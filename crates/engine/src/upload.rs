//! Files that people hand in by a page of ours: who may, and the message that brings them into the usual way of mail.

use crate::crash_point::crash_point;
use crate::facts::issue_facts;
use crate::gateway::{Gateway, Shared};
use crate::held::Held;
use crate::site::misunderstood;
use aws_lc_rs::digest;
use jiff::Timestamp;
use mail::Envelope;
use policy::kept::size_in_words;
use policy::reply_token::{self, TokenKey};
use policy::{Fault, FaultCode, IssueFacts, Letter, UPLOAD_LINK, kept_id};
use std::sync::Arc;
use store::{Arrival, ContentWriter, FileContent, Handle, Invitation, LinkUse, Micros, NewFile};
use tracker::{Answer, Operation};

/// The way in for files of an issue. Cheap to clone.
#[derive(Clone)]
pub struct Uploads {
    shared: Arc<Shared>,
}

impl Gateway {
    /// The way in for files that people add to issues.
    pub fn uploads(&self) -> Uploads {
        Uploads { shared: self.shared().clone() }
    }
}

impl Uploads {
    /// The issue's key when this person may add files to it now: the tracker has it, it takes comments by the rules of the mailbox's
    /// profile, and the person takes part in it. `None` when not; why is told to nobody.
    pub async fn may(&self, of: &Invitation) -> Result<Option<String>, Fault> {
        let Some(issue) = self.issue(of).await? else { return Ok(None) };
        let address = of.address.trim().to_lowercase();
        let is_person = issue.people.iter().any(|person| person.trim().to_lowercase() == address);
        if !is_person && !self.shared.store.involved(&of.site, &of.issue_id, &address).await? {
            return Ok(None);
        }
        let profile = self.shared.mailbox(&of.mailbox)?.profile;
        Ok(profile.takes_files(&issue, &Timestamp::now().to_string()).then_some(issue.key))
    }

    async fn issue(&self, of: &Invitation) -> Result<Option<IssueFacts>, Fault> {
        let site = self.shared.site(&of.site)?;
        match site.read(&Operation::ReadIssue { issue: of.issue_id.clone() }).await {
            Ok(Answer::Issue(view)) => Ok(Some(issue_facts(*view))),
            Ok(other) => Err(misunderstood(&other)),
            Err(fault) if fault.code == FaultCode::TrackerGone => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// A writer for the message that will bring the files; they are kept under ids made from its id.
    pub async fn begin(&self, of: &Invitation) -> Result<ContentWriter, Fault> {
        self.shared.store.content(&of.site).await
    }

    /// Takes the files in as a message of the invited person to the issue, durable when it returns. From here on it is a mail like
    /// any other: decided on, written down, carried out, told. `issue` is the key that [`Uploads::may`] told.
    pub async fn hand_in(
        &self,
        of: &Invitation,
        issue: &str,
        mut content: ContentWriter,
        mut files: Vec<(NewFile, FileContent)>,
        note: &str,
    ) -> Result<(), Fault> {
        let profile = self.shared.mailbox(&of.mailbox)?.profile;
        let project = issue.rsplit_once('-').map_or("", |(project, _)| project);
        for (file, _) in &mut files {
            // How long it is kept is for the project's mapping to say.
            profile.mapping_name_of(project).clone_into(&mut file.about.mapping);
        }
        let keys = self.shared.store.reply_keys(&of.site).await?.into_iter();
        let keys = keys.map(|(id, secret, _)| TokenKey { id, secret, retired_at: None });
        let token = keys.take(1).find_map(|key| reply_token::sign(&key, &of.site, &of.issue_id, "1"));
        let no_token = || Fault::permanent(FaultCode::Internal, "no reply address could be signed for an upload");
        let to = profile.reply_address(&token.ok_or_else(no_token)?);
        let message = content.message().to_owned();
        let mail = composed(of, &to, &message, &files, note);
        content.write(mail.as_bytes()).await?;
        let mut digest = [0; 32];
        digest.copy_from_slice(digest::digest(&digest::SHA256, mail.as_bytes()).as_ref());
        let arrival = Arrival {
            site: of.site.clone(),
            mailbox: of.mailbox.clone(),
            handle: Handle::Lasting(format!("upload:{message}")),
            envelope: Envelope { mail_from: Some(of.address.clone()), rcpt_to: vec![to], client: None },
            digest,
            message_id: Some(format!("{message}@{UPLOADS}")),
            refers_to: Vec::new(),
            received_at: Timestamp::now().as_microsecond(),
            shadow: self.shared.mailbox(&of.mailbox).is_ok_and(|mailbox| mailbox.shadow),
        };
        let content = content.finish().await?;
        self.shared.store.keep_uploaded(&of.site, &message, files).await?;
        crash_point("upload_files_kept");
        self.shared.store.take_in(arrival, content).await?;
        Ok(())
    }
}

/// The right side of the Message-IDs of such messages; a name that nobody can have (RFC 2606).
const UPLOADS: &str = "upload.invalid";

/// The message in the words of mail; the files themselves stand beside it.
fn composed(of: &Invitation, to: &str, message: &str, files: &[(NewFile, FileContent)], note: &str) -> String {
    let printable = |text: &str| text.chars().filter(|c| !c.is_control()).collect::<String>();
    let mut text: Vec<String> = note.lines().map(printable).collect();
    if !note.trim().is_empty() {
        text.push(String::new());
    }
    text.push("Files that were added by the upload page:".to_owned());
    text.push(String::new());
    for (file, content) in files {
        text.push(format!("- {} ({})", printable(&file.about.name), size_in_words(content.size_bytes)));
    }
    format!(
        "From: <{}>\r\nTo: <{to}>\r\nSubject: Files\r\nMessage-ID: <{message}@{UPLOADS}>\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{}\r\n",
        printable(&of.address),
        text.join("\r\n")
    )
}

/// How long a link in a letter is good.
const LETTER_LINK_DAYS: i64 = 14;

/// A letter's text with the link to the upload page in its place. Each try makes the same link, so that the letter's bytes
/// stay the same.
pub(crate) async fn with_link(
    shared: &Shared,
    held: &Held,
    letter: &Letter,
    text: String,
    posted_at: Micros,
) -> Result<String, Fault> {
    const DAY: Micros = 86_400 * 1_000_000;
    let (Some(issue_id), Some(base)) = (&letter.upload_issue, &shared.settings.public_url) else {
        return Ok(text.replace(UPLOAD_LINK, "-"));
    };
    let (site, message) = (&held.lease.site, &held.lease.subject);
    let mailbox = shared.store.message(message).await?.map(|message| message.mailbox).unwrap_or_default();
    let id = kept_id(site, message, &format!("upload/{}", letter.to));
    let until = posted_at.saturating_add(LETTER_LINK_DAYS * DAY);
    let of = Invitation { site: site.clone(), mailbox, issue_id: issue_id.clone(), address: letter.to.clone() };
    shared.store.invite_by_letter(&of, &id, until).await?;
    let token = shared.store.sign_link_until(site, LinkUse::Upload, &id, until).await?.unwrap_or_default();
    Ok(text.replace(UPLOAD_LINK, &format!("{base}/u/{token}")))
}
