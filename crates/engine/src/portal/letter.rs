//! The `Challenge` job: sends a letter by which somebody proves an address, or a key that he brought, or that tells him that a key of his ends.

use super::brought::now_s;
use super::proof;
use super::words::{self, Language};
use crate::deliver::hand_over::{Content, hand_over};
use crate::deliver::once::{Ends, Handed, Parcel, is_about_the_sender, once};
use crate::deliver::shelf::Turn;
use crate::deliver::{Outgoing, composed, message_id, nowhere};
use crate::gateway::Shared;
use crate::held::Held;
use crate::sealing::letters::{LetterNature, signer_of};
use crate::site::Site;
use crate::stop::Stop;
use mail::Envelope;
use mail::compose::Composed;
use policy::meter::{Metered, date_of};
use policy::{Fault, FaultCode};
use store::{Challenge, LinkUse};

const DAY: i64 = 86_400 * 1_000_000;
/// As rules for sealing know the letter that proves an address.
const KIND: &str = "portal";

/// Sends the letter unless that was done, or its link is good no more. That it cannot be delivered is noted and that is all: anybody may have
/// named any address.
pub(crate) async fn deliver(shared: &Shared, held: &Held) -> Result<(), Stop> {
    let site = shared.site(&held.lease.site)?;
    let challenge = shared.store.posted_challenge(&held.lease).await?;
    let is_unwanted = challenge.ending.is_some() && site.remind_days() == 0;
    if challenge.is_used || held.now() >= challenge.until || site.portal().is_none() || is_unwanted {
        return Ok(shared.store.complete(&held.lease).await?);
    }
    let key = challenge.step_key();
    let message_id = message_id(shared, &site, &key).await?;
    let parcel = Parcel {
        key: &key,
        metered: Metered::PortalLetter,
        kind: KIND,
        receipt_id: message_id.clone(),
        message_id,
        to: &challenge.address,
        outgoing: site.outgoing.as_ref(),
        nowhere: nowhere(&site),
        ends: Ends::Job,
        has_other_form: false,
    };
    let send = async |outgoing: &Outgoing, turn: Turn<'_>, message_id: String| {
        let (mail, nature) = written(shared, &site, outgoing, &challenge, &message_id).await?;
        let is_ascii = mail.before.is_ascii();
        let content = Content { composed: mail, stored: None, is_ascii };
        hand_over(shared, (&site, &nature), &turn, held, &envelope(&challenge), content).await
    };
    match once(shared, held, parcel, send).await? {
        Handed::Now => Ok(()),
        Handed::Failed(fault) if fault.code == FaultCode::SettingsWrong || is_about_the_sender(&fault) => {
            Err(Stop::GiveUp(fault))
        }
        Handed::Before | Handed::Failed(_) | Handed::TooLarge(_) => Ok(shared.store.complete(&held.lease).await?),
    }
}

/// The letter as it is to be cleared, signed for its domain; one that proves a key is encrypted to it, and signed with our own key where there
/// is one for its sender in the same scheme.
async fn written(
    shared: &Shared,
    site: &Site,
    outgoing: &Outgoing,
    challenge: &Challenge,
    message_id: &str,
) -> Result<(Composed, LetterNature), Fault> {
    let link = link(shared, challenge).await?;
    let language = Language::of_word(&challenge.language);
    let sender = outgoing.from.name.as_deref().unwrap_or(&outgoing.from.address);
    let said = match (&challenge.key, &challenge.ending) {
        (_, Some(ending)) => {
            let day = date_of(ending.ends_at.div_euclid(DAY));
            words::of_end(sender, (&challenge.address, &ending.fingerprint), &day.to_string(), &link)
        }
        (Some(key), None) => words::of_key(language, sender, &key.fingerprint, &link),
        (None, None) => words::of_address(language, sender, &link),
    };
    let date_s = challenge.posted_at.div_euclid(1_000_000);
    let mut mail = composed(&mail::compose::Letter {
        from: &outgoing.from,
        to: &challenge.address,
        subject: said.subject,
        text: &said.text,
        message_id,
        date_s,
        answers: None,
        with_original: false,
    });
    let proves_key = challenge.key.is_some();
    let nature = LetterNature { site: site.name.clone(), kind: KIND, proves_key, ..LetterNature::default() };
    if let (Some(key), Some(cells)) = (&challenge.key, site.portal()) {
        let refused = |why: String| Fault::permanent(FaultCode::SealingRefused, why);
        let (envelope, now_s) = (envelope(challenge), i64::try_from(now_s()).unwrap_or(i64::MAX));
        let signer = match site.sealer() {
            Some(sealer) => signer_of(&**sealer, &nature, &envelope, now_s, (&mail.before, key.scheme)).await?,
            None => None,
        };
        mail.before = proof::signed_and_sealed(cells, key, signer, &mail.before).await?.map_err(refused)?;
    }
    if let Some(signer) = site.signer(outgoing, &outgoing.from.address) {
        let signatures = signer.signatures_of(&mail.before, date_s)?;
        mail.before.splice(0..0, signatures);
    }
    Ok((mail, nature))
}

/// From nobody: whoever named the address learns nothing of what becomes of the letter.
fn envelope(challenge: &Challenge) -> Envelope {
    Envelope { mail_from: None, rcpt_to: vec![challenge.address.clone()], ..Envelope::default() }
}

/// Where people see and bring keys; `None` where nothing listens. (Names of sites can stand in addresses.)
pub(super) fn keys_page(shared: &Shared, site: &str) -> Option<String> {
    shared.settings.public_url.as_ref().map(|base| format!("{base}/portal/{site}"))
}

/// Each try makes the same link.
async fn link(shared: &Shared, challenge: &Challenge) -> Result<String, Fault> {
    let nowhere = || {
        Fault::permanent(FaultCode::SettingsWrong, "nothing listens for the links of the portal")
            .with_public("The portal needs a public listener; set public.listen and public.url.")
    };
    if challenge.ending.is_some() {
        return keys_page(shared, &challenge.site).ok_or_else(nowhere);
    }
    let base = shared.settings.public_url.as_ref().ok_or_else(nowhere)?;
    let token = shared.store.sign_link_until(&challenge.site, LinkUse::Prove, &challenge.id, challenge.until).await?;
    let no_token = || Fault::permanent(FaultCode::KeyUnavailable, "no key signs this site's links");
    Ok(format!("{base}{}{}", LinkUse::Prove.path(), token.ok_or_else(no_token)?))
}
