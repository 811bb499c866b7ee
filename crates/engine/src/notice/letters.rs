//! From notifications to letters: what each says, rendered in a cell, composed, and put aside until the decision is written down.

use super::contents::Contents;
use super::files::{AtHand, Parts};
use crate::deliver::Outgoing;
use crate::gateway::Shared;
use crate::held::Held;
use crate::letter_id::{self, domain_of};
use crate::metrics::Metrics;
use crate::set_link::of_event::{self as set_link, LetterOfOne, Offering};
use crate::site::Site;
use crate::stop::Stop;
use crate::unsubscribe;
use courier::dkim;
use mail::compose::{Base64Lines, Content, Gap, List, Notification as Composed, Picture};
use mail::letter_mark::LetterKey;
use mail::{Address, normalised};
use policy::event::Event;
use policy::notify::{About, Files, IssueNow, Own, Style};
use policy::outbound::Format;
use policy::reply_token::TokenKey;
use policy::silence_link::LinkedLetter;
use policy::template::view::{self, Brand, Links, Logo, Offer};
use policy::template::{Form as RenderedForm, Order, Rendered, View, Words};
use policy::{Fault, FaultCode, Notification, StepKey, event_letter_number};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};
use store::{
    IssueMail, LetterAbout, LetterCause, LetterFile, LetterMatter, LetterSets, NewLetter, SecondForm, StoredLetterFile,
};

/// Letters whose bytes come to this much are put aside; the rest waits for the decision.
const ASIDE_BYTES: usize = 1024 * 1024;
/// Why the files of a second form stay behind.
const TOO_LARGE: &str = "with its files the letter was too large for the outgoing server";

/// Makes the letters of one decision.
pub(super) struct Making<'a> {
    pub(super) shared: &'a Shared,
    pub(super) held: &'a Held,
    pub(super) site: &'a Site,
    /// The id of the decision.
    pub(super) notice: &'a str,
    pub(super) issue: &'a IssueNow,
    pub(super) contents: &'a Contents,
    /// Files that are at hand already, by the ids that its letters know them by.
    pub(super) given: HashMap<String, StoredLetterFile>,
    /// Files that stay behind in a letter that was made, by their names: why.
    pub(super) stayed: Mutex<BTreeMap<String, String>>,
    /// Whose doing they are, beside what they tell.
    pub(super) cause: LetterCause,
}

/// What all letters of a decision are made with.
pub(super) struct Means {
    key: TokenKey,
    mark: LetterKey,
    site: view::Site,
    /// The mail from which the issue came.
    mail: Option<IssueMail>,
}

/// A mail for one reader, or for several who share it.
struct Made {
    number: u64,
    subject: String,
    message_id: String,
    from: Address,
    /// What was wrong with its template.
    trouble: Option<String>,
    files: Vec<LetterFile>,
    bytes: Vec<u8>,
    second: Option<SecondForm>,
    sets: LetterSets,
}

/// A letter that is being made, in whichever form.
#[derive(Clone, Copy)]
struct Forming<'m> {
    notification: &'m Notification,
    means: &'m Means,
    about: &'m About<'m>,
    names: &'m Names,
    offers: &'m [Offer],
    number: u64,
}

/// One form of it.
struct Form {
    rendered: Rendered,
    bytes: Vec<u8>,
    files: Vec<LetterFile>,
}

/// The names under which a letter leaves.
struct Names {
    from: Address,
    message_id: String,
    reply_to: Option<String>,
    unsubscribe: Option<String>,
    /// Several read it, none of whom it names.
    shared: bool,
    /// By the name of its server.
    outgoing: String,
}

impl Making<'_> {
    /// A letter for each of them; those that are not put aside already are returned. In one window an issue has one state, so all of them
    /// tell the same of it.
    pub(super) async fn letters(&self, notifications: &[Notification]) -> Result<Vec<NewLetter>, Stop> {
        let Some(first) = notifications.first() else { return Ok(Vec::new()) };
        let means = self.means(&first.issue_id).await?;
        let notifications: Vec<Notification> = notifications.iter().map(|one| self.within_way(one)).collect();
        let mut at_hand = AtHand::with(self.given.clone());
        let (mut waiting, mut bytes) = (Vec::new(), 0);
        for told in sharing(&notifications, means.mail.as_ref()) {
            let letters = match told.first().and_then(|one| Some((one, one.recipient.channel.as_ref()?))) {
                Some((notification, channel)) => vec![self.message(notification, channel, &means).await?],
                None => {
                    let made = self.made(&told, &means, &mut at_hand).await?;
                    let each = told.iter().map(|notification| self.letter(notification, &made, &means));
                    each.collect::<Result<Vec<_>, Fault>>()?
                }
            };
            for letter in letters {
                bytes += letter.bytes.len();
                waiting.push(letter);
                if bytes >= ASIDE_BYTES {
                    let aside = std::mem::take(&mut waiting);
                    self.shared.store.draft_letters(&self.held.lease, self.notice, aside).await?;
                    bytes = 0;
                }
            }
        }
        Ok(waiting)
    }

    /// With no more files than its way out takes.
    fn within_way(&self, notification: &Notification) -> Notification {
        let mut within = notification.clone();
        let most = self.site.way(&within.style.outgoing).map_or(u64::MAX, Outgoing::files_bytes_max);
        within.style.files.bytes_max = within.style.files.bytes_max.min(most);
        within
    }

    async fn means(&self, issue_id: &str) -> Result<Means, Fault> {
        let mail = self.shared.store.mail_of_issue(&self.site.name, issue_id).await?;
        let key = letter_id::key(self.shared, &self.site.name).await?;
        let mark = LetterKey::derive(&key.secret, &self.site.name);
        let site = view::Site { name: self.site.name.clone(), url: self.site.browse_base.clone() };
        Ok(Means { key, mark, site, mail })
    }

    /// Numeric ids of issues are those of one tracker only.
    pub(super) fn key(&self, notification: &Notification) -> StepKey {
        StepKey(format!("{}/{}", self.site.name, notification.key.0))
    }

    /// The mail that all of these get, none of whom it names when they are several.
    async fn made(&self, told: &[&Notification], means: &Means, at_hand: &mut AtHand) -> Result<Made, Stop> {
        let Some(&notification) = told.first() else { return Err(no_reader().into()) };
        let keys: Vec<String> = told.iter().map(|notification| self.key(notification).0).collect();
        let number =
            event_letter_number(&StepKey(keys.join("\n")), notification.answer_seen_by(&self.contents.entries));
        let names = self.names(notification, means, number, told.len() > 1)?;
        let about = self.about_issue(means);
        let files = self.files(notification, &about, at_hand).await?;
        let Offering { buttons, kept: sets } = self.offering(notification, means, number);
        let forming = Forming { notification, means, about: &about, names: &names, offers: &buttons, number };
        let first = self.form(&forming, &files, at_hand).await?;
        let stayed = first.files.iter().filter_map(|file| Some((file.name.clone(), file.why_not.clone()?)));
        self.stayed.lock().unwrap_or_else(PoisonError::into_inner).extend(stayed);
        let second = match files.without(TOO_LARGE) {
            Some(without) => Some(self.second(&forming, &without).await?),
            None => None,
        };
        Ok(Made {
            number,
            subject: first.rendered.subject.as_str().to_owned(),
            trouble: noted(self.shared, self.held, &first.rendered),
            message_id: names.message_id,
            from: names.from,
            files: first.files,
            bytes: first.bytes,
            second,
            sets,
        })
    }

    /// What its one reader may have done by one click. Both forms of it have the same links.
    fn offering(&self, notification: &Notification, means: &Means, number: u64) -> Offering {
        let letter = LetterOfOne {
            site: &self.site.name,
            issue_id: &notification.issue_id,
            to: &notification.recipient.address,
            number,
            made_at: self.held.now(),
        };
        set_link::offering(self.shared, &means.key, &notification.style.sets, &letter)
    }

    /// The letter with these files, of which those are at hand that go along.
    async fn form(&self, forming: &Forming<'_>, files: &Files, at_hand: &AtHand) -> Result<Form, Stop> {
        let Forming { notification, means, about, names, offers, number } = *forming;
        let own = Own {
            links: links(self.site, notification, &names.from, names.unsubscribe.clone()),
            offers: offers.to_vec(),
            brand: brand(self.site, &names.from),
            mark: Some(means.mark.mark(number)),
            files: files.clone(),
        };
        let mut view = notification.view(about, own);
        if names.shared {
            view.recipient.name.clear();
        }
        let rendered = self.rendered(notification, view).await?;
        let is_page = notification.style.format == Format::Html;
        let mut parts = at_hand.parts(files, about, if is_page { &rendered.content_ids } else { &[] });
        parts.pictures.extend(pictures(self.site, &rendered.content_ids));
        let answers = own_mail(means.mail.as_ref(), &notification.recipient.address);
        let (mut bytes, mut gaps) = self.composed(notification, names, answers, &rendered, &parts);
        // Signed now, so that each try sends the same bytes.
        let signatures = self.signatures(&bytes, &gaps, &parts, at_hand, names).await?;
        gaps.iter_mut().for_each(|gap| gap.at += signatures.len());
        bytes.splice(0..0, signatures);
        let files = at_hand.told(files, &parts, &gaps);
        Ok(Form { rendered, bytes, files })
    }

    /// The same letter without its files, under the same Message-ID: nobody has the first when this one is sent.
    async fn second(&self, forming: &Forming<'_>, without: &Files) -> Result<SecondForm, Stop> {
        let form = self.form(forming, without, &AtHand::default()).await?;
        let mut writer = self.shared.store.letter_file(&self.held.lease, self.notice).await?;
        writer.write(&form.bytes).await?;
        let StoredLetterFile { id, size_bytes } = writer.finish().await?;
        Ok(SecondForm { file: id, size_bytes, why: TOO_LARGE.to_owned() })
    }

    fn names(&self, notification: &Notification, means: &Means, number: u64, shared: bool) -> Result<Names, Fault> {
        let from = sender(self.site, notification)?;
        let token = letter_id::token(&means.key, &self.site.name, &notification.issue_id, number)?;
        let linked = LinkedLetter { issue_id: notification.issue_id.clone(), number, shared };
        // Without a domain for signed addresses answers go to whom the letter is from, and are known by the Message-ID that they answer.
        let signed = self.shared.signed_reply_address(&self.site.name, &token);
        Ok(Names {
            message_id: format!("{token}@{}", domain_of(&from)),
            reply_to: Some(notification.style.reply_to.clone()).filter(|given| !given.is_empty()).or(signed),
            unsubscribe: unsubscribe::link(self.shared, &means.key, &self.site.name, &linked),
            shared,
            outgoing: notification.style.outgoing.clone(),
            from,
        })
    }

    fn composed(
        &self,
        notification: &Notification,
        names: &Names,
        answers: &[String],
        rendered: &Rendered,
        parts: &Parts<'_>,
    ) -> (Vec<u8>, Vec<Gap>) {
        let domain = domain_of(&names.from);
        let list_id = format!("{}.{}.{domain}", notification.issue_key, self.site.name);
        let recipient =
            Address { name: named(&notification.recipient.name), address: notification.recipient.address.clone() };
        mail::compose::notification(&Composed {
            from: &names.from,
            to: if names.shared { &[] } else { std::slice::from_ref(&recipient) },
            reply_to: names.reply_to.as_deref(),
            subject: rendered.subject.as_str(),
            text: &rendered.text,
            html: Some(rendered.html.as_str()).filter(|_| notification.style.format == Format::Html),
            message_id: &names.message_id,
            thread: Some(&thread(self.site, &notification.issue_id, domain)),
            answers,
            date_s: self.date_s(),
            list: Some(List { name: &notification.issue_key, id: &list_id }),
            // One click would not say whose it is.
            unsubscribe: names.unsubscribe.as_deref().filter(|_| !names.shared),
            language: Some(Words::of(&notification.recipient.language).language),
            pictures: &parts.pictures,
            files: &parts.files,
        })
    }

    pub(super) fn date_s(&self) -> i64 {
        self.held.now().div_euclid(1_000_000)
    }

    /// Those of the domain that the letter is from, over all that is sent: what stands in its gaps is read for them.
    async fn signatures(
        &self,
        mail: &[u8],
        gaps: &[Gap],
        parts: &Parts<'_>,
        at_hand: &AtHand,
        names: &Names,
    ) -> Result<Vec<u8>, Fault> {
        let way = self.site.way(&names.outgoing);
        let signer = way.and_then(|way| self.site.signer(way, &names.from.address));
        let Some(signer) = signer else { return Ok(Vec::new()) };
        let mut body = dkim::Body::default();
        let mut at = mail.len() - dkim::body_of(mail).len();
        for gap in gaps {
            body.push(mail.get(at..gap.at).unwrap_or_default());
            self.fill(&mut body, at_hand.stored(parts, gap)).await?;
            at = gap.at;
        }
        body.push(mail.get(at..).unwrap_or_default());
        signer.signatures(mail, body, self.date_s())
    }

    async fn fill(&self, body: &mut dkim::Body, file: Option<&StoredLetterFile>) -> Result<(), Fault> {
        let no_file = || Fault::permanent(FaultCode::Internal, "a letter with a gap that nothing fills");
        let id = &file.ok_or_else(no_file)?.id;
        let mut content = self.shared.store.letter_file_content(&self.site.name, id).await?;
        let mut lines = Base64Lines::default();
        while let Some(piece) = content.next().await? {
            body.push(&lines.push(&piece));
        }
        body.push(&lines.finish());
        Ok(())
    }

    pub(super) fn about_issue<'m>(&'m self, means: &'m Means) -> About<'m> {
        let contents = self.contents;
        About {
            site: &means.site,
            issue: self.issue,
            said: &contents.issue,
            entries: &contents.entries,
            earlier: &contents.earlier,
        }
    }

    async fn rendered(&self, notification: &Notification, view: View) -> Result<Rendered, Fault> {
        self.shared.letters.render(order(self.site, notification, view)).await
    }

    /// The letter for one of those who get this mail.
    fn letter(&self, notification: &Notification, made: &Made, means: &Means) -> Result<NewLetter, Fault> {
        let (key, issue_id) = (self.key(notification), notification.issue_id.clone());
        let path = letter_id::return_path(self.shared, &means.key, &self.site.name, &issue_id, (&key, &made.from))?;
        let about = LetterAbout {
            to: notification.recipient.address.clone(),
            return_path: path,
            issue_key: notification.issue_key.clone(),
            subject: made.subject.clone(),
            message_id: made.message_id.clone(),
            mapping: notification.mapping.clone(),
            outgoing: notification.style.outgoing.clone(),
            reason: notification.reason.clone(),
            trouble: made.trouble.clone(),
            files: made.files.clone(),
            message: None,
            second: made.second.clone(),
            refused_with_files: None,
            cause: self.cause(notification),
            sets: made.sets.clone(),
            matter: LetterMatter { came_sealed: notification.style.must_be_sealed, ..LetterMatter::default() },
        };
        Ok(NewLetter { key, number: made.number, issue_id, about, bytes: made.bytes.clone() })
    }

    /// Whose doing it is that he gets it; what we tell ourselves, or have somebody tell, is nobody's in the tracker.
    fn cause(&self, notification: &Notification) -> LetterCause {
        let told = notification.events.iter().filter(|told| !told.kind.is_letter());
        let deeds = told.map(|event| Event { changes: Vec::new(), last: None, ..Event::clone(event) });
        let recipient = &notification.recipient;
        let works_here = recipient.is_at_home && !recipient.outsider;
        LetterCause {
            deeds: deeds.chain(self.cause.deeds.iter().cloned()).collect(),
            known_as: named(&recipient.name).filter(|_| works_here),
            ..self.cause.clone()
        }
    }
}

/// What was wrong with the template of a letter or a message, for its story.
pub(crate) fn noted(shared: &Shared, held: &Held, rendered: &Rendered) -> Option<String> {
    let trouble = rendered.trouble()?;
    Metrics::add(&shared.metrics.letters_by_theme_instead);
    tracing::warn!(job = held.lease.job, "a template was of no use, so that its theme was used instead");
    Some(trouble)
}

pub(super) fn sender(site: &Site, notification: &Notification) -> Result<Address, Fault> {
    from(site, &notification.style)
}

/// The page of the issue.
pub(super) fn browse(site: &Site, notification: &Notification) -> String {
    site.page_of(&notification.issue_key)
}

pub(super) fn links(site: &Site, notification: &Notification, from: &Address, unsubscribe: Option<String>) -> Links {
    Links { browse: Some(browse(site, notification)), unsubscribe, complain: Some(format!("mailto:{}", from.address)) }
}

/// What makes its words.
pub(super) fn order(site: &Site, notification: &Notification, view: View) -> Order {
    let chosen = site.templates.named.get(&notification.template);
    let template = chosen.or_else(|| site.templates.of_view(&view)).cloned();
    let resources = site.templates.offered();
    Order { theme: notification.style.theme, template, view, resources, form: RenderedForm::Letter }
}

/// Those who share a letter, together, and everybody else by himself. Whoever wrote the mail from which the issue came has a letter of his own.
fn sharing<'n>(notifications: &'n [Notification], mail: Option<&IssueMail>) -> Vec<Vec<&'n Notification>> {
    let mut all: Vec<Vec<&Notification>> = Vec::new();
    for one in notifications {
        let is_his = |one: &Notification| !own_mail(mail, &one.recipient.address).is_empty();
        let shares = |told: &&mut Vec<&Notification>| {
            told.first().is_some_and(|first| first.shares_a_letter_with(one) && !is_his(first) && !is_his(one))
        };
        match all.iter_mut().find(shares) {
            Some(told) => told.push(one),
            None => all.push(vec![one]),
        }
    }
    all
}

/// Whoever wrote the mail from which the issue came has it, and his mail program shows its answers beside it. To nobody else is its
/// Message-ID told.
fn own_mail<'m>(mail: Option<&'m IssueMail>, recipient: &str) -> &'m [String] {
    let is_his = |mail: &&IssueMail| normalised(&mail.sender) == normalised(recipient);
    mail.filter(is_his).map_or(&[], |mail| std::slice::from_ref(&mail.message_id))
}

/// The site's own pictures that the HTML shows.
pub(crate) fn pictures<'s>(site: &'s Site, content_ids: &[String]) -> Vec<Picture<'s>> {
    let resources = site.templates.resources.iter();
    let shown = resources.filter(|resource| content_ids.iter().any(|id| *id == resource.content_id));
    shown
        .map(|resource| Picture {
            content_id: &resource.content_id,
            content_type: &resource.content_type,
            content: Content::Bytes(&resource.bytes),
        })
        .collect()
}

/// In whose name it leaves: as its mapping says, or else as the site does.
pub(crate) fn from(site: &Site, style: &Style) -> Result<Address, Fault> {
    let Some(way) = site.way(&style.outgoing) else { return Err(crate::deliver::nowhere(site)) };
    let address = if style.from_address.is_empty() { &way.from.address } else { &style.from_address };
    let name = if style.from_name.is_empty() { way.from.name.clone() } else { Some(style.from_name.clone()) };
    Ok(Address { name, address: address.clone() })
}

/// The name in From, and the logo among the site's own pictures.
pub(crate) fn brand(site: &Site, from: &Address) -> Brand {
    let name = from.name.clone().unwrap_or_default();
    let alt = if name.is_empty() { &site.name } else { &name };
    Brand { logo: Logo::of(&site.templates.resources, alt), name }
}

/// What all letters about an issue answer, whatever address their mappings write from, so that mail programs show them as one conversation; no
/// mail has it. A site without an outgoing server of its own has the domain that the letter is from.
fn thread(site: &Site, issue_id: &str, domain: &str) -> String {
    let domain = site.outgoing.as_ref().map_or(domain, |outgoing| domain_of(&outgoing.from));
    format!("issue-{issue_id}.{}@{domain}", site.name)
}

pub(crate) fn named(name: &str) -> Option<String> {
    Some(name.to_owned()).filter(|name| !name.is_empty())
}

fn no_reader() -> Fault {
    Fault::permanent(FaultCode::Internal, "a letter without a reader")
}
