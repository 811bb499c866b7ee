//! The `Letter` job: sends one letter about events, as it was posted.

use super::once::{Parcel, of_post, once};
use super::original::pour;
use super::{Outgoing, nowhere};
use crate::gateway::Shared;
use crate::held::Held;
use crate::stop::Stop;
use courier::submit::{self, Shape};
use mail::Envelope;
use mail::compose::Composed;
use policy::meter::Metered;
use policy::{Fault, FaultCode};
use store::ContentReader;

/// Sends the letter unless that was done. That there is no such address is noted and that is all; any other refusal is for a person to
/// see, because it may be our own fault.
pub(crate) async fn letter(shared: &Shared, held: &Held) -> Result<(), Stop> {
    let site = shared.site(&held.lease.site)?;
    let posted = shared.store.posted_letter(&held.lease).await?;
    let about = posted.about;
    let parcel = Parcel {
        key: &posted.key,
        metered: Metered::EventLetter,
        kind: "letter",
        // It opens the issue to whoever has it, and receipts stand in clear.
        receipt_id: String::new(),
        message_id: about.message_id,
        outgoing: site.way(&about.outgoing),
        nowhere: nowhere(&site),
    };
    // It answers nobody, so it has a return path (RFC 5321, section 4.5.5): only so it is known when servers further on refuse it.
    let envelope = Envelope { mail_from: Some(about.return_path), rcpt_to: vec![about.to], ..Envelope::default() };
    let (size_bytes, content) = (posted.size_bytes, posted.content);
    let send = async |outgoing, target, _| send(held, outgoing, target, &envelope, size_bytes, content).await;
    match once(shared, held, parcel, send).await? {
        Some(fault) if !(fault.code == FaultCode::PostRefused && mail::is_refused_for_good(&fault.detail)) => {
            Err(Stop::GiveUp(fault))
        }
        _ => Ok(shared.store.complete(&held.lease).await?),
    }
}

async fn send(
    held: &Held,
    outgoing: &Outgoing,
    target: &submit::Target,
    envelope: &Envelope,
    size_bytes: u64,
    content: ContentReader,
) -> Result<u64, Fault> {
    let mut connection = outgoing.open(target).await?;
    // Asked as late as can be: a process that was stopped while it connected has lost its lease (FAULT-30).
    held.still_ours()?;
    let shape = Shape { size_bytes, is_ascii: true };
    let (pieces, pouring) = pour(content, Composed { before: Vec::new(), after: Vec::new() });
    let (poured, sent) = tokio::join!(pouring, connection.send_pieces(envelope, shape, pieces));
    match (poured, sent) {
        (Err(fault), Err(sent)) if sent.kind != policy::FaultKind::Permanent => return Err(fault),
        (_, sent) => sent.map_err(of_post)?,
    };
    connection.quit().await;
    Ok(size_bytes)
}
