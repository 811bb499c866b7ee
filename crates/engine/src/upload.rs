//! Files that people hand in by a page of ours: who may, and the message that brings them into the usual way of mail.

use crate::crash_point::crash_point;
use crate::facts::{issue_facts, told};
use crate::gateway::{Gateway, Shared};
use crate::held::Held;
use crate::site::Site;
use crate::take_in::{TakingIn, refuse_when_full, refuse_when_spent};
use jiff::Timestamp;
use mail::{Address, Envelope};
use policy::kept::size_in_words;
use policy::{Act, Fault, FaultCode, Letter, Told, UPLOAD_LINK, kept_id, reply_token};
use std::sync::Arc;
use store::{ContentWriter, FileContent, Handle, Invitation, LinkUse, Micros, NewFile, Taken};

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
    /// profile, the person takes part in it, and his account, where the profile has the tracker asked about everybody's, may comment and
    /// attach files. `None` when not; why is told to nobody. Nor in shadow, where files would be taken in and nothing done with them.
    pub async fn may(&self, of: &Invitation) -> Result<Option<String>, Fault> {
        let Ok(mailbox) = self.shared.mailbox_of(&of.mailbox, &of.site) else { return Ok(None) };
        if mailbox.shadow {
            return Ok(None);
        }
        let site = self.shared.site(&of.site)?;
        let Some(issue) = site.issue(&of.issue_id).await?.map(issue_facts) else { return Ok(None) };
        let address = Address { name: None, address: of.address.clone() }.normalised();
        if !issue.shows(&address) && !self.shared.store.involved(&of.site, &of.issue_id, &address).await? {
            return Ok(None);
        }
        let profile = &mailbox.profile;
        if !profile.takes_files(&issue, &Timestamp::now().to_string()) {
            return Ok(None);
        }
        let may = !profile.asks_for_rights_on(&issue) || is_permitted(&site, &address, &issue.project).await?;
        Ok(may.then_some(issue.key))
    }

    /// Takes the files in as a message of the invited person to the issue, durable when it returns. From here on it is a mail like
    /// any other: decided on, written down, carried out, told. `issue` is the key that [`Uploads::may`] told. The files are kept under
    /// ids made from the id of `content`. Who sends the same once more within five days, because no answer came, adds nothing.
    ///
    /// # Errors
    /// `QueueFull`, `PlanSpent`, and those of the store; nothing is taken in then.
    pub async fn hand_in(
        &self,
        of: &Invitation,
        issue: &str,
        content: ContentWriter,
        mut files: Vec<(NewFile, FileContent)>,
        note: &str,
    ) -> Result<(), Fault> {
        let shared = &self.shared;
        refuse_when_full(shared)?;
        refuse_when_spent(shared, &of.site).await?;
        let profile = shared.mailbox_of(&of.mailbox, &of.site)?.profile;
        let project = issue.rsplit_once('-').map_or("", |(project, _)| project);
        for (file, _) in &mut files {
            // How long it is kept is for the project's mapping to say.
            profile.mapping_name_of(project).clone_into(&mut file.about.mapping);
        }
        let keys = shared.reply_keys(&of.site).await?;
        let token = keys.first().and_then(|key| reply_token::sign(key, &of.site, &of.issue_id, "1"));
        let no_token = || Fault::permanent(FaultCode::Internal, "no reply address could be signed for an upload");
        let to = profile.reply_address(&token.ok_or_else(no_token)?);
        let message = content.message().to_owned();
        let text = composed(of, &to, &message, &files, note);
        let handle = Handle::FiveDays(name_of(of, &files, note));
        let ids: Vec<String> = files.iter().map(|(file, _)| file.id.clone()).collect();
        let mut mail = TakingIn::over(content, &of.site, &of.mailbox);
        mail.write(shared, text.as_bytes()).await?;
        let mail = mail.end(shared).await?;
        shared.store.keep_uploaded(&of.site, &message, files).await?;
        crash_point("upload_files_kept");
        let envelope = Envelope { mail_from: Some(of.address.clone()), rcpt_to: vec![to], client: None };
        if let Taken::Known { .. } = mail.take_in_own(shared, envelope, handle).await? {
            for id in &ids {
                shared.store.delete_file(id, "came_twice").await?;
            }
        }
        Ok(())
    }
}

/// By what the same upload is known again: who adds which files with which words to which issue.
fn name_of(of: &Invitation, files: &[(NewFile, FileContent)], note: &str) -> String {
    let files = files.iter().map(|(file, _)| (file.about.name.as_str(), file.about.sha256.as_str()));
    let all: Vec<(&str, &str)> =
        [(of.issue_id.as_str(), of.address.as_str()), ("", note)].into_iter().chain(files).collect();
    format!("upload:{all:?}")
}

/// Whether nothing speaks against it that this person's own account adds a comment and files. Who has no account, a customer of a service
/// desk, and one about whom the tracker does not tell are treated as with mail: as outsiders, who take part all the same.
async fn is_permitted(site: &Site, address: &str, project: &str) -> Result<bool, Fault> {
    let account = match told::account(site, address).await? {
        Some(account) if !account.active => return Ok(false),
        Some(account) if !account.is_customer => account,
        Some(_) | None => return Ok(true),
    };
    for act in [Act::Comment, Act::Attach] {
        if told::may(site, &account.id, project, act).await? == Told::Known(false) {
            return Ok(false);
        }
    }
    Ok(true)
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
    let no_message = || Fault::permanent(FaultCode::StoreCorrupt, "a letter without its message");
    let mailbox = shared.store.message(message).await?.ok_or_else(no_message)?.mailbox;
    let id = kept_id(site, message, &format!("upload/{}", letter.to));
    let until = posted_at.saturating_add(LETTER_LINK_DAYS * DAY);
    let of = Invitation { site: site.clone(), mailbox, issue_id: issue_id.clone(), address: letter.to.clone() };
    shared.store.invite_by_letter(&of, &id, until).await?;
    let token = shared.store.sign_link_until(site, LinkUse::Upload, &id, until).await?;
    let no_token = || Fault::permanent(FaultCode::KeyUnavailable, "no key signs this site's links");
    let token = token.ok_or_else(no_token)?;
    Ok(text.replace(UPLOAD_LINK, &format!("{base}{}{token}", LinkUse::Upload.path())))
}
