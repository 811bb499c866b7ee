//! From notifications to letters: what each says, rendered in a cell, composed, and put aside until the decision is written down.

use super::inquiry::Contents;
use crate::gateway::Shared;
use crate::held::Held;
use crate::letter_id;
use crate::metrics::Metrics;
use crate::site::Site;
use crate::stop::Stop;
use crate::unsubscribe;
use mail::Address;
use mail::compose::{List, Notification as Composed};
use mail::letter_mark::LetterKey;
use policy::notify::{About, IssueNow, Own};
use policy::outbound::Format;
use policy::reply_token::TokenKey;
use policy::silence_link::LinkedLetter;
use policy::template::view::{self, Brand, Links};
use policy::template::{MadeBy, Order, Rendered, Trouble, Words};
use policy::{Fault, Notification, StepKey, event_letter_number};
use store::{LetterAbout, NewLetter};

/// Letters whose bytes come to this much are put aside; the rest waits for the decision.
const ASIDE_BYTES: usize = 1024 * 1024;

/// Makes the letters of one decision.
pub(super) struct Making<'a> {
    pub(super) shared: &'a Shared,
    pub(super) held: &'a Held,
    pub(super) site: &'a Site,
    /// The id of the decision.
    pub(super) notice: &'a str,
    pub(super) issue: &'a IssueNow,
    pub(super) contents: &'a Contents,
}

/// What all letters of a decision are made with.
struct Means {
    key: TokenKey,
    mark: LetterKey,
    site: view::Site,
}

impl Making<'_> {
    /// A letter for each of them; those that are not put aside already are returned. In one window an issue has one state, so all of them
    /// tell the same of it.
    pub(super) async fn letters(&self, notifications: &[Notification]) -> Result<Vec<NewLetter>, Stop> {
        if notifications.is_empty() {
            return Ok(Vec::new());
        }
        let means = self.means().await?;
        let (mut waiting, mut bytes) = (Vec::new(), 0);
        for notification in notifications {
            let letter = self.letter(notification, &means).await?;
            bytes += letter.bytes.len();
            waiting.push(letter);
            if bytes >= ASIDE_BYTES {
                let aside = std::mem::take(&mut waiting);
                self.shared.store.draft_letters(&self.held.lease, self.notice, aside).await?;
                bytes = 0;
            }
        }
        Ok(waiting)
    }

    async fn means(&self) -> Result<Means, Fault> {
        let key = letter_id::key(self.shared, &self.site.name).await?;
        let mark = LetterKey::derive(&key.secret, &self.site.name);
        let site = view::Site { name: self.site.name.clone(), url: self.site.browse_base.clone() };
        Ok(Means { key, mark, site })
    }

    async fn letter(&self, notification: &Notification, means: &Means) -> Result<NewLetter, Stop> {
        // Numeric ids of issues are those of one tracker only.
        let key = StepKey(format!("{}/{}", self.site.name, notification.key.0));
        let number = event_letter_number(&key, notification.answer_seen_by(&self.contents.entries));
        let from = self.from(notification)?;
        let token = letter_id::token(&means.key, &self.site.name, &notification.issue_id, number)?;
        let about =
            About { site: &means.site, issue: self.issue, said: &self.contents.issue, entries: &self.contents.entries };
        let linked = LinkedLetter { issue_id: notification.issue_id.clone(), number };
        let unsubscribe = unsubscribe::link(self.shared, &means.key, &self.site.name, &linked);
        let own = Own {
            links: self.links(notification, &from, unsubscribe.clone()),
            brand: brand(&from),
            mark: Some(means.mark.mark(number)),
        };
        let view = notification.view(&about, own);
        let template = self.site.templates.of(view.kind()).cloned();
        let order = Order { theme: notification.style.theme, template, view };
        let rendered = self.shared.letters.render(order).await?;
        let domain = letter_id::domain_of(&from);
        // Without a domain for signed addresses answers go to whom the letter is from, and are known by the Message-ID that they answer.
        let signed = self.shared.signed_reply_address(&self.site.name, &token);
        let reply_to = Some(notification.style.reply_to.clone()).filter(|given| !given.is_empty()).or(signed.clone());
        // Reports of what could not be delivered further on name the letter that they are about.
        let return_path = signed.unwrap_or_else(|| from.address.clone());
        let message_id = format!("{token}@{domain}");
        let list_id = format!("{}.{}.{domain}", notification.issue_key, self.site.name);
        let recipient =
            Address { name: named(&notification.recipient.name), address: notification.recipient.address.clone() };
        let date_s = self.held.now().div_euclid(1_000_000);
        let bytes = mail::compose::notification(&Composed {
            from: &from,
            to: std::slice::from_ref(&recipient),
            reply_to: reply_to.as_deref(),
            subject: rendered.subject.as_str(),
            text: &rendered.text,
            html: Some(rendered.html.as_str()).filter(|_| notification.style.format == Format::Html),
            message_id: &message_id,
            thread: Some(&thread(&self.site.name, &notification.issue_id, domain)),
            answers: &[],
            date_s,
            list: Some(List { name: &notification.issue_key, id: &list_id }),
            unsubscribe: unsubscribe.as_deref(),
            language: Some(Words::of(&notification.recipient.language).language),
            pictures: &[],
            files: &[],
        });
        let bytes = self.signed(bytes, &from, date_s)?;
        Ok(NewLetter { key, number, about: self.about(notification, rendered, message_id, return_path), bytes })
    }

    /// Signed now, so that each try sends the same bytes.
    fn signed(&self, mail: Vec<u8>, from: &Address, date_s: i64) -> Result<Vec<u8>, Fault> {
        let Some(signer) = self.site.signers.of(&from.address) else { return Ok(mail) };
        let mut signed = signer.signatures_of(&mail, date_s)?;
        signed.extend(mail);
        Ok(signed)
    }

    fn about(
        &self,
        notification: &Notification,
        rendered: Rendered,
        message_id: String,
        return_path: String,
    ) -> LetterAbout {
        let trouble = match &rendered.made_by {
            MadeBy::ThemeInstead(trouble) => Some(self.noted(trouble)),
            MadeBy::Theme | MadeBy::Template => None,
        };
        LetterAbout {
            to: notification.recipient.address.clone(),
            return_path,
            issue_key: notification.issue_key.clone(),
            subject: rendered.subject.as_str().to_owned(),
            message_id,
            mapping: notification.mapping.clone(),
            outgoing: notification.style.outgoing.clone(),
            reason: notification.reason.clone(),
            trouble,
        }
    }

    fn noted(&self, trouble: &Trouble) -> String {
        Metrics::add(&self.shared.metrics.letters_by_theme_instead);
        tracing::warn!(job = self.held.lease.job, "a template was of no use, so that its theme was used instead");
        trouble.to_string()
    }

    /// In whose name it leaves: as its mapping says, or else as the site does.
    fn from(&self, notification: &Notification) -> Result<Address, Fault> {
        let style = &notification.style;
        let Some(way) = self.site.way(&style.outgoing) else { return Err(super::super::deliver::nowhere(self.site)) };
        let address = if style.from_address.is_empty() { &way.from.address } else { &style.from_address };
        let name = if style.from_name.is_empty() { way.from.name.clone() } else { Some(style.from_name.clone()) };
        Ok(Address { name, address: address.clone() })
    }

    fn links(&self, notification: &Notification, from: &Address, unsubscribe: Option<String>) -> Links {
        Links {
            browse: Some(format!("{}/browse/{}", self.site.browse_base, notification.issue_key)),
            unsubscribe,
            complain: Some(format!("mailto:{}", from.address)),
        }
    }
}

fn brand(from: &Address) -> Brand {
    Brand { name: from.name.clone().unwrap_or_default(), logo: None }
}

/// What all letters about an issue answer, so that mail programs show them as one conversation; no mail has it.
fn thread(site: &str, issue_id: &str, domain: &str) -> String {
    format!("issue-{issue_id}.{site}@{domain}")
}

fn named(name: &str) -> Option<String> {
    Some(name.to_owned()).filter(|name| !name.is_empty())
}
