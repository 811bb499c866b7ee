//! Relayed mail that waits for a key, where a relay is told to keep it: stored sealed, and handed on by a job of its own as soon as it may
//! leave. It goes through the same door as a mail that just came, and is asked about anew each time. What a relay has stored that is no
//! longer in the settings waits for a person, and its time ends with a report where another relay reaches the same server.

use super::answer::{is_temporary, no};
use super::figures::Figures;
use super::memory::Room;
use super::pass::{Ends, Insisting, Passing, hand_on, known_as, missing, note, report};
use super::{Inner, Relay, Submitted};
use crate::crash_point::crash_point;
use crate::gateway::Shared;
use crate::held::Held;
use crate::stop::Stop;
use aws_lc_rs::digest::{Context, SHA256};
use courier::smtp_in::Refusal;
use mail::Client;
use policy::{Fault, FaultCode};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use store::{KeptRelayed, NewKept, RelayedMail, Store};
use tokio::time::Instant;

/// A mail that waits is looked at again after so long, later less often.
const AGAIN_FIRST: Duration = Duration::from_secs(60);
const AGAIN_MAX: Duration = Duration::from_secs(15 * 60);
/// One for which there is no room in memory, or no relay, is looked at again after so long.
const LATER: Duration = Duration::from_secs(5 * 60);

/// What is known of a kept mail beside its bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Told {
    /// The id of the mail at the relay, as it stands in the log.
    id: String,
    prelude: String,
    message_id: Option<String>,
    envelope_from: Option<String>,
    account: Option<String>,
    client: Client,
    /// How many the client named.
    named: usize,
    /// Those who do not have it yet.
    recipients: Vec<String>,
    utf8: bool,
    size_bytes: usize,
    /// The server that its relay hands on to, by which another relay may report the end; empty in what was kept before that was noted.
    #[serde(default)]
    server: String,
}

/// Of [`Told`] what lists of an administrator show.
#[derive(Deserialize)]
struct Waiting {
    recipients: Vec<String>,
}

/// Who does not have a stored mail yet, by its id; nobody where it has left by now.
///
/// # Errors
/// Those of the store, and `KeyUnavailable` where the key of the mail is gone.
pub async fn who_waits(store: &Store, id: &str) -> Result<Vec<String>, Fault> {
    let waiting = store.told_of_kept::<Waiting>(id).await?;
    Ok(waiting.map(|waiting| waiting.recipients).unwrap_or_default())
}

/// Keeps the mail for these, durable when it returns: they count as those who have it, so a client that asks again doubles nothing. `why` they
/// wait is noted with it, as it is each time when they wait on.
///
/// # Errors
/// Those of the store.
pub(super) async fn keep(
    inner: &Inner,
    passing: &Passing,
    (waiting, why): (Vec<String>, &str),
    keeps_for: Duration,
) -> Result<(), Fault> {
    let mail = &passing.mail;
    let told = Told {
        id: passing.id.clone(),
        prelude: passing.prelude.clone(),
        message_id: passing.message_id.clone(),
        envelope_from: mail.envelope_from.clone(),
        account: mail.account.clone(),
        client: mail.client.clone(),
        named: mail.recipients,
        recipients: waiting.clone(),
        utf8: passing.utf8,
        size_bytes: mail.bytes.len(),
        server: inner.hop.server(),
    };
    let known = RelayedMail { site: &inner.settings.site, relay: &inner.settings.name, digest: &passing.digest };
    let seconds = |time: Duration| i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    let (again_s, ends_s) = (seconds(AGAIN_FIRST), seconds(keeps_for));
    let why = held_by_rules(why);
    let new = NewKept { mail: known, recipients: &waiting, told: &told, why: &why, again_s, ends_s };
    let stored = inner.store.keep_relayed(new, &mail.bytes).await?;
    Figures::add(&inner.figures.kept);
    let recipients = waiting.len();
    tracing::info!(
        relay = inner.settings.name,
        relayed = passing.id,
        stored,
        recipients,
        "a mail waits for a key, and is stored"
    );
    Ok(())
}

/// The job of a kept mail: hands it on to those who may have it by now.
pub(crate) async fn again(shared: &Shared, held: &Held) -> Result<(), Stop> {
    let Some(kept) = shared.store.kept_relayed::<Told>(&held.lease).await? else {
        return Ok(shared.store.complete(&held.lease).await?);
    };
    let (age, is_over) = (held.now() - kept.kept_at, held.now() >= kept.ends_at);
    let Some(relay) = relay_for(shared, held, &kept, is_over) else { return Err(Stop::Wait(without_relay(), LATER)) };
    if !is_over && !relay.inner.sealer.may_release_held() {
        return Err(Stop::Wait(seals_no_more(), AGAIN_FIRST));
    }
    let age = Duration::from_micros(u64::try_from(age).unwrap_or_default());
    let (passing, told) = passing(&relay, held, kept).await?;
    let inner = &relay.inner;
    let ends = match is_over {
        true => {
            let gone = no(550, "5.4.7", "No key with which it may be sent appeared in time");
            let waiting = missing(inner, &passing).await.map_err(put_off)?;
            let have = passing.recipients.iter().filter(|one| !waiting.contains(one)).cloned().collect();
            Ends { have, ..Ends::never(waiting.into_iter().map(|one| (one, gone.clone())).collect()) }
        }
        false => hand_on(inner, &passing, None).await.map_err(put_off)?,
    };
    let is_told = match ends.never.is_empty() {
        true => Ok(()),
        false => tell(inner, &passing, &ends.never).await,
    };
    // As it came about here, not as it stands in the store, which may not have taken it.
    let (done, left): (Vec<String>, Vec<String>) = {
        let is_never = |one: &String| is_told.is_ok() && ends.never.iter().any(|(never, _)| never == one);
        passing.recipients.iter().cloned().partition(|one| ends.have.contains(one) || is_never(one))
    };
    held.still_ours()?;
    crash_point("relay_released");
    if !done.is_empty() || left.is_empty() {
        write_down(shared, held, (&passing, &done), Told { recipients: left.clone(), ..told }).await?;
    }
    ends.went.tell(&inner.settings.name, &passing.id, passing.recipients.len());
    if left.is_empty() {
        Figures::add(if is_over { &inner.figures.given_up } else { &inner.figures.released });
        return Ok(());
    }
    is_told?;
    match (ends.held.first(), ends.later) {
        (Some((_, why)), _) => {
            let pause = (age / 10).clamp(AGAIN_FIRST, AGAIN_MAX);
            Err(Stop::Wait(held_by_rules(why), pause))
        }
        (None, later) => Err(put_off(later.unwrap_or_else(|| no(451, "4.3.0", "not handed on")))),
    }
}

/// Who has the mail by now, and who waits; where nobody does, it is erased.
async fn write_down(
    shared: &Shared,
    held: &Held,
    (passing, done): (&Passing, &[String]),
    told: Told,
) -> Result<(), Fault> {
    let mut insisting = Insisting::new();
    loop {
        let written = match told.recipients.len() {
            0 => shared.store.end_kept_relayed(&held.lease).await,
            number => shared.store.keep_on_relayed(&held.lease, &told, number, (known_as(passing), done)).await,
        };
        match written {
            Err(_) if insisting.again().await => {}
            written => return written,
        }
    }
}

/// The rules hold it, for what they say themselves.
fn held_by_rules(why: &str) -> Fault {
    Fault::temporary(FaultCode::SealingHeld, why)
}

/// The rules held it, and nobody is there who asks them: as it is it goes nowhere.
fn seals_no_more() -> Fault {
    let public = "The mail waits: rules held it back, and the relay that keeps it seals no more by rules, or only compares. Give the relay its \
                  `seal = \"rules\"`, `rules` and `keys` again and take out `record`; the mail goes by itself then, as the rules say.";
    Fault::temporary(FaultCode::SealingHeld, "the relay that keeps a mail seals no more by rules").with_public(public)
}

/// The relay that kept the mail. Where it is no longer there nobody hands the mail on, because its rules are gone with it; when the time of the
/// mail is over, another relay of its site that hands on to the same server may say so.
fn relay_for(shared: &Shared, held: &Held, kept: &KeptRelayed<Told>, is_over: bool) -> Option<Relay> {
    let site = &held.lease.site;
    let own = shared.relay(site, &kept.relay);
    own.or_else(|| shared.relay_to(site, &kept.told.server).filter(|_| is_over))
}

fn without_relay() -> Fault {
    let why = "no relay of the settings has the name and site of the one that stored this mail";
    let public = "The relay that stored this mail is not in the settings any more, so nobody hands it on. Put the relay back, or erase the mail.";
    Fault::temporary(FaultCode::SettingsWrong, why).with_public(public)
}

/// Tells the sender who will not get it; then they wait no more.
async fn tell(inner: &Inner, passing: &Passing, never: &[(String, Refusal)]) -> Result<(), Stop> {
    if let Some(sender) = &passing.mail.envelope_from {
        report(inner, passing, sender, never).await.map_err(put_off)?;
        Figures::add(&inner.figures.reports);
    }
    if let Some((_, Refusal { code, status, .. })) = never.first() {
        let (relay, relayed, recipients) = (&inner.settings.name, &passing.id, never.len());
        tracing::info!(relay, relayed, recipients, code, status, "some never get a stored mail");
    }
    let never: Vec<String> = never.iter().map(|(recipient, _)| recipient.clone()).collect();
    // It is written down once more with those who wait.
    let _ = note(inner, known_as(passing), &never).await;
    Ok(())
}

/// The kept mail as one that is to be handed on.
async fn passing(of: &Relay, held: &Held, kept: KeptRelayed<Told>) -> Result<(Passing, Told), Stop> {
    let (inner, KeptRelayed { relay, told, mut content, .. }) = (&of.inner, kept);
    let mut room = Room::default();
    if !inner.memory.grow(&mut room, told.size_bytes) {
        let full = Fault::temporary(FaultCode::QueueFull, "no room in memory for a kept mail");
        return Err(Stop::Wait(full, LATER));
    }
    let mut bytes = Vec::with_capacity(told.size_bytes);
    while let Some(piece) = content.next().await? {
        bytes.extend_from_slice(&piece);
    }
    let mail = Submitted {
        id: told.id.clone(),
        site: inner.settings.site.clone(),
        // By this name those are known who have it, also where another relay stands in.
        relay,
        bytes: bytes.into(),
        envelope_from: told.envelope_from.clone(),
        account: told.account.clone(),
        client: told.client.clone(),
        recipients: told.named,
        headers: Arc::default(),
        opened: Arc::default(),
        memory: inner.memory.clone(),
    };
    let passing = Passing {
        id: told.id.clone(),
        digest: digest(&held.lease.subject),
        mail: Arc::new(mail),
        prelude: told.prelude.clone(),
        message_id: told.message_id.clone(),
        recipients: told.recipients.clone(),
        utf8: told.utf8,
        deadline: Instant::now() + inner.settings.answer_within,
        _room: room,
    };
    Ok((passing, told))
}

/// By which those are known who got a kept mail: another one than the mail's own, by which they count as having it since it was kept.
fn digest(id: &str) -> [u8; 32] {
    let mut context = Context::new(&SHA256);
    context.update(b"kept:");
    context.update(id.as_bytes());
    let mut digest = [0; 32];
    digest.copy_from_slice(context.finish().as_ref());
    digest
}

/// What a client would be told is what the job waits for; a next hop's words stand in it.
fn put_off(refusal: Refusal) -> Stop {
    debug_assert!(is_temporary(&refusal), "what is for good is told to the sender");
    let Refusal { code, status, text } = refusal;
    Stop::Retry(Fault::temporary(FaultCode::PostRefused, format!("{code} {status} {text}")))
}
