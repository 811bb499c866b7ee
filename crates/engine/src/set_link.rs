//! Links in letters: signed when a letter is sent, looked at without effect, and used once. A click comes in like a mail.

pub(crate) mod of_event;

use crate::facts::rfc3339;
use crate::gateway::{Gateway, Shared};
use crate::take_in::TakingIn;
use jiff::Timestamp;
use mail::Envelope;
use policy::profile::DirectiveSet;
use policy::set_link::{self, LinkGrant, LinkPlace};
use policy::{Click, Fault, Letter};
use store::{Handle, Micros, Taken};

const DAY: Micros = 86_400 * 1_000_000;
/// Where links lead to on the public listener.
pub const LINKS_PATH: &str = "/links/";

/// What a link offers, in the words of the profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub question: String,
    pub text: String,
    pub button: String,
    pub done: String,
}

/// A link that can be used.
struct Found {
    site: String,
    mailbox: String,
    set: DirectiveSet,
    click: Click,
    /// Where it stands, by which its use is known for ever: not by its token, of which there could be another under another key.
    name: String,
}

impl Gateway {
    /// What a link offers, without any effect; `None` for every link that cannot be used, whatever the cause.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn offer(&self, token: &str) -> Result<Option<Offer>, Fault> {
        Ok(find(self.shared(), token).await?.map(|found| offer(&found.set)))
    }

    /// Uses a link: the click is durable when this returns what was offered, and comes to its end like a mail. `None` for every link
    /// that cannot be used; of several clicks at once one gets an offer.
    ///
    /// # Errors
    /// `QueueFull`, and those of the store; the link is not used then.
    pub async fn accept(&self, token: &str) -> Result<Option<Offer>, Fault> {
        let shared = self.shared();
        let Some(found) = find(shared, token).await? else { return Ok(None) };
        let mut mail = TakingIn::begin_unless_full(shared, &found.site, &found.mailbox).await?;
        mail.write(shared, message(&found).as_bytes()).await?;
        let handle = Handle::Click { link: found.name, click: found.click };
        match mail.end(shared).await?.take_in_own(shared, Envelope::default(), handle).await? {
            Taken::New { message } => {
                tracing::info!(message_row = message, "a link was used");
                Ok(Some(offer(&found.set)))
            }
            Taken::Known { .. } => Ok(None),
        }
    }
}

fn offer(set: &DirectiveSet) -> Offer {
    let DirectiveSet { question, text, button, done, .. } = set.clone();
    Offer { question, text, button, done }
}

/// What a link of ours is good for, and where it stands.
struct Signed {
    grant: LinkGrant,
    /// Where a click on it comes in.
    mailbox: String,
    /// The letter's key.
    letter: String,
    number: u8,
}

async fn find(shared: &Shared, token: &str) -> Result<Option<Found>, Fault> {
    let now = shared.store.now().await?;
    let signed = match (set_link::place_of(token), set_link::event_place_of(token)) {
        (Some(place), _) => about_a_mail(shared, token, &place, now).await?,
        (None, Some(place)) => of_event::signed(shared, token, place, now).await?,
        (None, None) => None,
    };
    let Some(Signed { grant, mailbox, letter, number }) = signed else { return Ok(None) };
    if now >= grant.valid_until {
        return Ok(None);
    }
    // In shadow a click would be taken in and do nothing, and the link would be spent.
    let found = shared.mailbox_of(&mailbox, &grant.site).ok().filter(|mailbox| !mailbox.shadow);
    let Some(set) = found.and_then(|mailbox| mailbox.profile.directive_set(&grant.set).cloned()) else {
        return Ok(None);
    };
    let name = format!("{letter}/link-{number}");
    if shared.store.is_clicked(&grant.site, &mailbox, &name).await? {
        return Ok(None);
    }
    let LinkGrant { site, set: of, issue_id, person, .. } = grant;
    Ok(Some(Found { site, mailbox, set, click: Click { set: of, issue_id, person, letter }, name }))
}

/// A link in a letter about a mail.
async fn about_a_mail(shared: &Shared, token: &str, place: &LinkPlace, now: Micros) -> Result<Option<Signed>, Fault> {
    let Some(posted) = shared.store.link_letter(place).await? else { return Ok(None) };
    let Some(link) = posted.letter.links.get(usize::from(place.number)) else { return Ok(None) };
    let grant = LinkGrant {
        site: posted.site,
        set: link.set.clone(),
        issue_id: link.issue_id.clone(),
        person: person(&posted.letter.to),
        valid_until: posted.posted_at.saturating_add(i64::from(link.days) * DAY),
    };
    let is_ours = is_ours(shared, token, &grant, now).await?;
    let (mailbox, letter, number) = (posted.mailbox, posted.key.0, place.number);
    Ok(is_ours.then_some(Signed { grant, mailbox, letter, number }))
}

async fn is_ours(shared: &Shared, token: &str, grant: &LinkGrant, now: Micros) -> Result<bool, Fault> {
    Ok(set_link::is_signed(&shared.reply_keys(&grant.site).await?, token, grant, &rfc3339(now)))
}

/// The text of a letter that has links, with these in place; the same for every try. Where nothing listens for them they are left out.
pub(crate) async fn text_of(
    shared: &Shared,
    site: &str,
    place: LinkPlace,
    letter: &Letter,
    posted_at: Micros,
) -> Result<String, Fault> {
    let key = shared.reply_keys(site).await?.into_iter().next();
    let link = |name: &str| {
        let number = letter.links.iter().position(|link| link.set == name)?;
        let link = letter.links.get(number)?;
        let grant = LinkGrant {
            site: site.to_owned(),
            set: link.set.clone(),
            issue_id: link.issue_id.clone(),
            person: person(&letter.to),
            valid_until: posted_at.saturating_add(i64::from(link.days) * DAY),
        };
        let place = LinkPlace { number: u8::try_from(number).ok()?, ..place.clone() };
        let token = set_link::sign(key.as_ref()?, &place, &grant)?;
        let base = shared.settings.public_url.as_deref()?;
        Some(format!("{base}{LINKS_PATH}{token}"))
    };
    Ok(policy::profile::with_links(&letter.text, link))
}

/// Whoever the letter goes to, as an address is compared.
fn person(to: &str) -> String {
    to.trim().to_lowercase()
}

/// The click as a mail, so that it has a story like one. Who clicked stands beside it, sealed: nothing here is believed.
fn message(found: &Found) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, found.name.as_bytes());
    let id = data_encoding::HEXLOWER.encode(&digest.as_ref()[..16]);
    let plain = |text: &str| text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>();
    let date = Timestamp::now().strftime("%a, %d %b %Y %H:%M:%S +0000");
    let comment = found.set.comment.replace("\r\n", "\n").replace('\n', "\r\n");
    format!(
        "From: <{}>\r\nSubject: {}\r\nMessage-ID: <link-{id}@sealpost.invalid>\r\nDate: {date}\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{comment}\r\n",
        plain(&found.click.person),
        plain(&found.set.question),
    )
}
