//! Links in letters about events: made with the letter, so that each try sends the same, and known again by what is kept of it.

use super::{DAY, LINKS_PATH, Signed, is_ours, person};
use crate::gateway::{Mailbox, Shared};
use policy::Fault;
use policy::profile::{DirectiveSet, profile_of_set, set_named};
use policy::reply_token::TokenKey;
use policy::set_link::{EventLinkPlace, LinkGrant, sign_in_event};
use policy::template::view::Offer;
use store::{LetterSet, LetterSets, Micros};

/// What stands in the place of a link where it is only looked at what a letter would say.
const PREVIEW: &str = "preview";

/// The letter that links are made for.
#[derive(Clone, Copy)]
pub(crate) struct LetterOfOne<'l> {
    pub(crate) site: &'l str,
    pub(crate) issue_id: &'l str,
    /// Whoever clicks acts for whom it goes to.
    pub(crate) to: &'l str,
    /// What stands for it in its Message-ID.
    pub(crate) number: u64,
    pub(crate) made_at: Micros,
}

/// What a letter offers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Offering {
    pub(crate) buttons: Vec<Offer>,
    pub(crate) kept: LetterSets,
}

/// The sets of these names as mappings write them, each with a link of this reader; what cannot be offered is named with why.
pub(crate) fn offering(shared: &Shared, key: &TokenKey, names: &[String], letter: &LetterOfOne<'_>) -> Offering {
    let mut offering = Offering::default();
    for name in names {
        let number = offering.kept.offered.len();
        let made = standing(shared, letter.site, name).and_then(|(mailbox, set)| {
            let until = letter.made_at.saturating_add(i64::from(set.days) * DAY);
            let kept = LetterSet { set: set.name.clone(), mailbox: mailbox.name, until };
            let token = token(key, letter, number, &kept).ok_or("no key signs its link")?;
            Ok((button(shared, &set, &token)?, kept))
        });
        match made {
            Ok((button, kept)) => {
                offering.buttons.push(button);
                offering.kept.offered.push(kept);
            }
            Err(why) => offering.kept.left_out.push(format!("the directive set {name:?} is not offered: it {why}")),
        }
    }
    offering
}

/// The buttons of a letter that is only looked at; their links do nothing.
pub(crate) fn preview(shared: &Shared, site: &str, names: &[String]) -> Vec<Offer> {
    let all = names.iter().filter_map(|name| standing(shared, site, name).ok());
    all.filter_map(|(_, set)| button(shared, &set, PREVIEW).ok()).collect()
}

fn token(key: &TokenKey, letter: &LetterOfOne<'_>, number: usize, kept: &LetterSet) -> Option<String> {
    let place = EventLinkPlace { letter: letter.number, number: u8::try_from(number).ok()? };
    sign_in_event(key, place, &grant(letter.site, letter.issue_id, letter.to, kept))
}

fn grant(site: &str, issue_id: &str, to: &str, kept: &LetterSet) -> LinkGrant {
    LinkGrant {
        site: site.to_owned(),
        set: kept.set.clone(),
        issue_id: issue_id.to_owned(),
        person: person(to),
        valid_until: kept.until,
    }
}

fn button(shared: &Shared, set: &DirectiveSet, token: &str) -> Result<Offer, String> {
    let Some(base) = &shared.settings.public_url else {
        return Err("has no page, because nothing listens for links (public.listen)".to_owned());
    };
    let (name, label, question) = (set.name.clone(), set.button.clone(), set.question.clone());
    Ok(Offer { name, label, question, link: format!("{base}{LINKS_PATH}{token}") })
}

/// The set, and the mailbox by which a click on it comes in: of those with its profile the first by name.
fn standing(shared: &Shared, site: &str, name: &str) -> Result<(Mailbox, DirectiveSet), String> {
    let mailboxes = shared.mailboxes();
    let takes = |mailbox: &&Mailbox| mailbox.site == site && !mailbox.shadow;
    let mut of_site: Vec<&Mailbox> = mailboxes.values().filter(takes).collect();
    of_site.sort_by(|one, other| one.name.cmp(&other.name));
    let profile = profile_of_set(name, of_site.iter().map(|mailbox| mailbox.profile.as_ref()))?;
    let set = profile.directive_set(set_named(name).1).ok_or("is switched off in its profile")?;
    let mailbox = of_site.into_iter().find(|mailbox| mailbox.profile.name == profile.name);
    mailbox.map(|mailbox| (mailbox.clone(), set.clone())).ok_or_else(|| "has no mailbox".to_owned())
}

/// What the token is good for. It does not say of which site it is, so each is looked at.
pub(super) async fn signed(
    shared: &Shared,
    token: &str,
    place: EventLinkPlace,
    now: Micros,
) -> Result<Option<Signed>, Fault> {
    for site in shared.sites().keys() {
        let Some(letter) = shared.store.set_letter(site, place.letter).await? else { continue };
        let Some(kept) = letter.offered.get(usize::from(place.number)) else { continue };
        let grant = grant(site, &letter.issue_id, &letter.to, kept);
        if is_ours(shared, token, &grant, now).await? {
            let (mailbox, letter) = (kept.mailbox.clone(), letter.key.0);
            return Ok(Some(Signed { grant, mailbox, letter, number: place.number }));
        }
    }
    Ok(None)
}
