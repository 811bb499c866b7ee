//! The `Letter` job: sends one letter about events, or one message to a channel, as it was posted.

use super::hand_over::{Content, hand_over};
use super::message;
use super::nowhere;
use super::once::{Ends, Handed, Parcel, is_no_such_address, once};
use super::shelf::Turn;
use crate::gateway::Shared;
use crate::held::Held;
use crate::stop::Stop;
use mail::Envelope;
use mail::compose::Composed;
use policy::meter::Metered;
use policy::{Fault, FaultCode};
use std::time::Duration;

/// Sends the letter unless that was done. That there is no such address is noted and that is all; any other refusal is for a person to
/// see, because it may be our own fault.
pub(crate) async fn letter(shared: &Shared, held: &Held) -> Result<(), Stop> {
    let site = shared.site(&held.lease.site)?;
    let posted = shared.store.posted_letter(&held.lease).await?;
    let mut about = posted.about;
    if let Some(told) = about.message.take() {
        return message::of_mapping(shared, held, &site, &posted.key, told).await;
    }
    if let Some(most) = site.letters_per_hour
        && let Some(until) = shared.store.let_go(&held.lease, most).await?
    {
        let left = u64::try_from(until.saturating_sub(held.now())).unwrap_or(0);
        return Err(Stop::Wait(too_soon(most), Duration::from_micros(left)));
    }
    // It answers nobody, so it has a return path (RFC 5321, section 4.5.5): only so it is known when servers further on refuse it.
    let envelope = Envelope { mail_from: Some(about.return_path), rcpt_to: vec![about.to], ..Envelope::default() };
    let parcel = Parcel {
        key: &posted.key,
        metered: Metered::EventLetter,
        kind: "letter",
        // It opens the issue to whoever has it, and receipts stand in clear.
        receipt_id: String::new(),
        message_id: about.message_id,
        to: envelope.rcpt_to.first().map_or("", String::as_str),
        outgoing: site.way(&about.outgoing),
        nowhere: nowhere(&site),
        ends: Ends::Job,
    };
    let content = Content {
        composed: Composed { before: Vec::new(), after: Vec::new() },
        stored: Some((posted.content, posted.size_bytes)),
        is_ascii: true,
    };
    let envelope = &envelope;
    let send = async |_, turn: Turn<'_>, _| hand_over(&turn, held, envelope, content).await;
    match once(shared, held, parcel, send).await? {
        Handed::Now => Ok(()),
        Handed::Failed(fault) if !is_no_such_address(&fault) => Err(Stop::GiveUp(fault)),
        Handed::Failed(_) | Handed::Before => Ok(shared.store.complete(&held.lease).await?),
    }
}

fn too_soon(most: u32) -> Fault {
    Fault::temporary(
        FaultCode::LetterTooSoon,
        format!("{most} letters went to this address within an hour, {most} may"),
    )
}
