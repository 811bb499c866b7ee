//! The `Letter` job: sends one letter about events, or one message to a channel, as it was posted.

use super::hand_over::{Content, hand_over};
use super::message;
use super::nature;
use super::nowhere;
use super::once::{Ends, Handed, Parcel, is_no_such_address, once};
use super::shelf::Turn;
use crate::crash_point::crash_point;
use crate::gateway::Shared;
use crate::held::Held;
use crate::site::Site;
use crate::stop::Stop;
use mail::Envelope;
use mail::compose::Composed;
use policy::meter::Metered;
use policy::{Fault, FaultCode, StepKey, notify};
use std::time::Duration;
use store::{Begun, LetterAbout, PostedLetter};

/// Sends the letter unless that was done. That there is no such address is noted and that is all; any other refusal is for a person to
/// see, because it may be our own fault. One that is too large for its server goes without its files, once.
pub(crate) async fn letter(shared: &Shared, held: &Held) -> Result<(), Stop> {
    let site = shared.site(&held.lease.site)?;
    let mut posted = shared.store.posted_letter(&held.lease).await?;
    let key = posted.key.clone();
    if posted.again > 0 && is_barred(shared, held, &site, (&key, &posted.about)).await? {
        return Ok(shared.store.complete(&held.lease).await?);
    }
    if let Some(told) = posted.about.message.take() {
        return message::of_mapping(shared, held, &site, &key, told).await;
    }
    if let Some(most) = site.letters_per_hour
        && let Some(until) = shared.store.let_go(&held.lease, most).await?
    {
        let left = u64::try_from(until.saturating_sub(held.now())).unwrap_or(0);
        return Err(Stop::Wait(too_soon(most), Duration::from_micros(left)));
    }
    let handed = match hand(shared, held, &site, posted).await? {
        Handed::TooLarge(fault) => {
            shared.store.take_second_form(&held.lease, &key, &fault.detail).await?;
            tracing::info!(job = held.lease.job, "a letter is too large for its server and goes without its files");
            crash_point("deliver_second_form");
            hand(shared, held, &site, shared.store.posted_letter(&held.lease).await?).await?
        }
        handed => handed,
    };
    match handed {
        Handed::Now => Ok(()),
        // That was our own word, written down before a crash, or that of the rules.
        Handed::Failed(fault) if matches!(fault.code, FaultCode::LetterWithheld | FaultCode::SealingRefused) => {
            Ok(shared.store.complete(&held.lease).await?)
        }
        Handed::Failed(fault) if !is_no_such_address(&fault) => Err(Stop::GiveUp(fault)),
        Handed::Failed(_) | Handed::Before => Ok(shared.store.complete(&held.lease).await?),
        Handed::TooLarge(fault) => Err(Stop::GiveUp(fault)),
    }
}

/// Whether a letter that was sent is not sent once more after all, because meanwhile its recipient wanted no more, letters to him came
/// back, or the lists of the file name him; that is written down. What was begun before ends as it began.
async fn is_barred(
    shared: &Shared,
    held: &Held,
    site: &Site,
    (key, about): (&StepKey, &LetterAbout),
) -> Result<bool, Stop> {
    if shared.store.deed(&held.lease, key).await? != Begun::Fresh {
        return Ok(false);
    }
    let barred = shared.store.letter_barred(&held.lease).await?;
    let Some(fault) = barred.or_else(|| barred_by_lists(site, about)) else { return Ok(false) };
    shared.store.fail(&held.lease, key, &fault).await?;
    shared.metrics.fault(&fault);
    Ok(true)
}

/// What the site's file of mappings says now against the address.
fn barred_by_lists(site: &Site, about: &LetterAbout) -> Option<Fault> {
    let mappings = site.mappings.as_ref().filter(|_| about.message.is_none())?;
    let why = notify::kept_from(mappings, &about.mapping, &about.issue_key, &about.to)?;
    let public = format!("It was not sent once more: {why}.");
    Some(Fault::permanent(FaultCode::LetterWithheld, "the lists of the file of mappings").with_public(public))
}

/// Hands the letter over as it is now, unless that was done.
async fn hand(shared: &Shared, held: &Held, site: &Site, posted: PostedLetter) -> Result<Handed, Stop> {
    let about = posted.about;
    let has_other_form = about.other_form().is_some();
    let nature = nature::of_letter(site, &about);
    // It answers nobody, so it has a return path (RFC 5321, section 4.5.5): only so it is known when servers further on refuse it.
    let envelope = Envelope { mail_from: Some(about.return_path), rcpt_to: vec![about.to], ..Envelope::default() };
    let parcel = Parcel {
        key: &posted.key,
        metered: if about.cause.tells_of.is_some() { Metered::ReturnLetter } else { Metered::EventLetter },
        kind: "letter",
        // It opens the issue to whoever has it, and receipts stand in clear.
        receipt_id: String::new(),
        message_id: about.message_id,
        to: envelope.rcpt_to.first().map_or("", String::as_str),
        outgoing: site.way(&about.outgoing),
        nowhere: nowhere(site),
        ends: Ends::Job,
        has_other_form,
    };
    let content = Content {
        composed: Composed { before: Vec::new(), after: Vec::new() },
        stored: Some((posted.content, posted.size_bytes)),
        is_ascii: true,
    };
    let (envelope, nature) = (&envelope, &nature);
    let send = async |_, turn: Turn<'_>, _| hand_over(shared, (site, nature), &turn, held, envelope, content).await;
    once(shared, held, parcel, send).await
}

fn too_soon(most: u32) -> Fault {
    Fault::temporary(
        FaultCode::LetterTooSoon,
        format!("{most} letters went to this address within an hour, {most} may"),
    )
}
