//! The letters of a summary: what each says, rendered in a cell, composed, and put aside until the decision is written down.

use crate::gateway::Shared;
use crate::held::Held;
use crate::letter_id::{self, domain_of};
use crate::notice::letters::{brand, from, named, noted, pictures};
use crate::site::Site;
use crate::stop::Stop;
use crate::unsubscribe;
use mail::Address;
use mail::compose::{List, Notification as Composed};
use mail::letter_mark::LetterKey;
use policy::notify::summary::{SummaryLetter, SummaryOwn};
use policy::outbound::Format;
use policy::reply_token::TokenKey;
use policy::silence_link::LinkedLetter;
use policy::template::view::{self, Links};
use policy::template::{Form, Order, Rendered, Words};
use policy::{AnswerSeenBy, Fault, StepKey, event_letter_number};
use std::collections::BTreeSet;
use store::{LetterAbout, LetterCause, LetterMatter, LetterSets, NewLetter};

/// Letters whose bytes come to this much are put aside; the rest waits for the decision.
const ASIDE_BYTES: usize = 1024 * 1024;

/// Makes the letters of one decision.
pub(super) struct Making<'a> {
    pub(super) shared: &'a Shared,
    pub(super) held: &'a Held,
    pub(super) site: &'a Site,
    /// The id of the decision.
    pub(super) notice: &'a str,
}

impl Making<'_> {
    /// A letter for each of them; those that are not put aside already are returned.
    pub(super) async fn letters(&self, all: &[SummaryLetter]) -> Result<Vec<NewLetter>, Stop> {
        if all.is_empty() {
            return Ok(Vec::new());
        }
        let key = letter_id::key(self.shared, &self.site.name).await?;
        let (mut waiting, mut bytes) = (Vec::new(), 0);
        for one in all {
            let letter = self.letter(one, &key).await?;
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

    async fn letter(&self, one: &SummaryLetter, key: &TokenKey) -> Result<NewLetter, Stop> {
        let site = &self.site.name;
        let step = StepKey(format!("{site}/{}", one.key.0));
        let number = event_letter_number(&step, AnswerSeenBy::Everybody);
        let from = from(self.site, &one.style)?;
        let token = letter_id::token(key, site, &one.id, number)?;
        let signed = self.shared.signed_reply_address(site, &token);
        let message_id = format!("{token}@{}", domain_of(&from));
        let linked = LinkedLetter { issue_id: one.id.clone(), number, shared: false };
        let unsubscribe = unsubscribe::link(self.shared, key, site, &linked);
        let own = SummaryOwn {
            links: Links {
                unsubscribe: unsubscribe.clone(),
                complain: Some(format!("mailto:{}", from.address)),
                browse: None,
            },
            brand: brand(self.site, &from),
            mark: Some(LetterKey::derive(&key.secret, site).mark(number)),
            answers: self.answers(one, key, &step)?,
        };
        let view = one.view(&view::Site { name: site.clone(), url: self.site.browse_base.clone() }, own);
        let template = self.site.templates.of_view(&view).cloned();
        let resources = self.site.templates.offered();
        let order = Order { theme: one.style.theme, template, view, resources, form: Form::Letter };
        let rendered = self.shared.letters.render(order).await?;
        let trouble = noted(self.shared, self.held, &rendered);
        let given = Some(one.style.reply_to.clone()).filter(|given| !given.is_empty());
        let ids = Ids { message_id, reply_to: given.or(signed), unsubscribe };
        let bytes = self.composed(one, &from, &ids, &rendered)?;
        let about = LetterAbout {
            to: one.recipient.address.clone(),
            return_path: letter_id::return_path(self.shared, key, site, &one.id, (&step, &from))?,
            issue_key: format!("the summary {:?}", one.summary),
            subject: rendered.subject.as_str().to_owned(),
            message_id: ids.message_id,
            mapping: one.summary.clone(),
            outgoing: one.style.outgoing.clone(),
            reason: one.reason.clone(),
            trouble,
            files: Vec::new(),
            message: None,
            second: None,
            refused_with_files: None,
            cause: LetterCause::default(),
            sets: LetterSets::default(),
            matter: LetterMatter { is_summary: true, projects: projects(one), came_sealed: one.style.must_be_sealed },
        };
        Ok(NewLetter { key: step, number, issue_id: one.id.clone(), about, bytes })
    }

    /// Where answers about each issue go: an address that is signed for the issue.
    fn answers(&self, one: &SummaryLetter, key: &TokenKey, step: &StepKey) -> Result<Vec<Option<String>>, Fault> {
        let address = |id: &String| {
            let number = event_letter_number(&StepKey(format!("{}/{id}", step.0)), AnswerSeenBy::Everybody);
            let token = letter_id::token(key, &self.site.name, id, number)?;
            Ok(self.shared.signed_reply_address(&self.site.name, &token))
        };
        one.issues.iter().map(|issue| address(&issue.id)).collect()
    }

    fn composed(&self, one: &SummaryLetter, from: &Address, ids: &Ids, rendered: &Rendered) -> Result<Vec<u8>, Fault> {
        let list_id = format!("summary-{}.{}.{}", one.id, self.site.name, domain_of(from));
        let to = Address { name: named(&one.recipient.name), address: one.recipient.address.clone() };
        let date_s = self.held.now().div_euclid(1_000_000);
        let is_page = one.style.format == Format::Html;
        let (mut bytes, _) = mail::compose::notification(&Composed {
            from,
            to: std::slice::from_ref(&to),
            reply_to: ids.reply_to.as_deref(),
            subject: rendered.subject.as_str(),
            text: &rendered.text,
            html: Some(rendered.html.as_str()).filter(|_| is_page),
            message_id: &ids.message_id,
            thread: None,
            answers: &[],
            date_s,
            list: Some(List { name: &one.summary, id: &list_id }),
            unsubscribe: ids.unsubscribe.as_deref(),
            language: Some(Words::of(&one.recipient.language).language),
            pictures: &pictures(self.site, if is_page { &rendered.content_ids } else { &[] }),
            files: &[],
        });
        let way = self.site.way(&one.style.outgoing);
        if let Some(signer) = way.and_then(|way| self.site.signer(way, &from.address)) {
            bytes.splice(0..0, signer.signatures_of(&bytes, date_s)?);
        }
        Ok(bytes)
    }
}

/// Of all issues that it lists, each once.
fn projects(one: &SummaryLetter) -> Vec<String> {
    let projects: BTreeSet<&str> = one.issues.iter().map(|issue| issue.now.project.as_str()).collect();
    projects.into_iter().map(str::to_owned).collect()
}

/// The names under which a letter leaves.
struct Ids {
    message_id: String,
    reply_to: Option<String>,
    unsubscribe: Option<String>,
}
