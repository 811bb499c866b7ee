//! From a notification to the message of a channel: rendered in a cell as letters are, and kept beside them.

use super::letters::{Making, Means, browse, noted};
use crate::letter_id::NO_DOMAIN;
use crate::stop::Stop;
use mail::Address;
use mail::compose::Notification as Composed;
use policy::bulletin::channel::{ISSUE, Message};
use policy::letter::AnswerSeenBy;
use policy::notify::ChannelTold;
use policy::template::{Form, Order, Words};
use policy::{Notification, event_letter_number};
use store::{ChannelMessage, LetterAbout, LetterCause, LetterMatter, LetterSets, NewLetter};

impl Making<'_> {
    /// What this channel is told. It is said from what is known about the letter; its bytes are a mail that says the same, for whoever looks
    /// at it.
    pub(super) async fn message(
        &self,
        notification: &Notification,
        channel: &ChannelTold,
        means: &Means,
    ) -> Result<NewLetter, Stop> {
        let browse = Some(browse(self.site, notification)).filter(|_| !self.site.browse_base.is_empty());
        let view = notification.message(&self.about_issue(means), browse.clone(), channel.says);
        let (kind, language) = (view.kind(), view.recipient.language.clone());
        let template = self.site.templates.channel.clone();
        let theme = notification.style.theme;
        let order = Order { theme, template, view, resources: Vec::new(), form: Form::Message };
        let rendered = self.shared.letters.render(order).await?;
        let trouble = noted(self.shared, self.held, &rendered);
        let message = Message {
            kind: format!("{ISSUE}{}", kind.word()),
            name: notification.issue_key.clone(),
            site: self.site.name.clone(),
            subject: rendered.subject.as_str().to_owned(),
            text: rendered.text,
            link: browse,
            link_words: Words::of(&language).view_issue.to_owned(),
        };
        let message = message.bounded();
        let key = self.key(notification);
        let number = event_letter_number(&key, AnswerSeenBy::Everybody);
        let bytes = self.as_mail(&message, number);
        let about = LetterAbout {
            to: notification.recipient.address.clone(),
            return_path: String::new(),
            issue_key: notification.issue_key.clone(),
            subject: message.subject.clone(),
            message_id: String::new(),
            mapping: notification.mapping.clone(),
            outgoing: String::new(),
            reason: notification.reason.clone(),
            trouble,
            files: Vec::new(),
            message: Some(ChannelMessage { channel: channel.name.clone(), message }),
            second: None,
            refused_with_files: None,
            cause: LetterCause::default(),
            sets: LetterSets::default(),
            matter: LetterMatter::default(),
        };
        Ok(NewLetter { key, number, issue_id: notification.issue_id.clone(), about, bytes })
    }

    fn as_mail(&self, message: &Message, number: u64) -> Vec<u8> {
        let from = Address { name: Some(self.site.name.clone()), address: format!("nobody@{NO_DOMAIN}") };
        let link = message.link.as_ref().map(|link| format!("\n{}: {link}\n", message.link_words)).unwrap_or_default();
        let (mail, _) = mail::compose::notification(&Composed {
            from: &from,
            to: &[],
            reply_to: None,
            subject: &message.subject,
            text: &format!("{}{link}", message.text),
            html: None,
            message_id: &format!("{number:016x}@{NO_DOMAIN}"),
            thread: None,
            answers: &[],
            date_s: self.date_s(),
            list: None,
            unsubscribe: None,
            language: None,
            pictures: &[],
            files: &[],
        });
        mail
    }
}
