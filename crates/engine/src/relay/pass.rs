//! Hands a mail on: every copy up to its final dot, then all dots, and what became of each recipient is noted as it is known.

use super::answer::{is_temporary, later, no, of_fault, of_not_sent, of_reply};
use super::copies::{Copy, Decided, decide, held};
use super::figures::Figures;
use super::hop::{Hop, Lent};
use super::kept::keep;
use super::memory::Room;
use super::report::Report;
use super::settled::Went;
use super::{Inner, Submitted};
use crate::crash_point::crash_point;
use courier::smtp_in::Refusal;
use courier::submit::{NotSent, Offered, Poured, Shape};
use mail::Envelope;
use policy::{Fault, FaultCode, FaultKind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use store::RelayedMail;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

/// How often it is tried to write down who has a mail, and the pause after the first time; each is twice as long as the one before.
const WRITE_TRIES: usize = 5;
const WRITE_PAUSE_FIRST: Duration = Duration::from_millis(100);

/// A mail that is to be handed on.
pub(super) struct Passing {
    pub(super) id: String,
    /// Of what the client sent, envelope sender included.
    pub(super) digest: [u8; 32],
    pub(super) mail: Arc<Submitted>,
    /// What stands before each copy: our `Received` and our mark.
    pub(super) prelude: String,
    pub(super) message_id: Option<String>,
    /// Those whom the next hop accepted at RCPT.
    pub(super) recipients: Vec<String>,
    pub(super) utf8: bool,
    pub(super) deadline: Instant,
    pub(super) _room: Room,
}

/// A copy that is with the next hop up to its final dot.
struct Ready {
    lent: Lent,
    poured: Poured,
    recipients: Vec<String>,
}

/// What became of one copy before its dot: those whom the next hop refused are told apart from it.
type Handed = (Option<Ready>, Vec<(String, Refusal)>);

/// What became of the recipients.
#[derive(Default)]
pub(super) struct Ends {
    /// Who has the mail, or needs none.
    pub(super) have: Vec<String>,
    /// Who waits, and why.
    pub(super) held: Vec<(String, String)>,
    /// The first reason beside that for which the client has to come again.
    pub(super) later: Option<Refusal>,
    /// Who gets it never.
    pub(super) never: Vec<(String, Refusal)>,
    /// The same in numbers, for the log.
    pub(super) went: Went,
}

impl Ends {
    pub(super) fn never(never: Vec<(String, Refusal)>) -> Ends {
        Ends { never, ..Ends::default() }
    }

    fn refused(&mut self, recipient: String, refusal: Refusal) {
        match is_temporary(&refusal) {
            true => drop(self.later.get_or_insert(refusal)),
            false => self.never.push((recipient, refusal)),
        }
    }
}

/// Hands the mail on, `live` being the connection over which its recipients were asked for; what the client is to be told. It goes on after the deadline where dots were sent, so that their answers are noted.
pub(super) async fn pass(inner: Arc<Inner>, passing: Passing, live: Option<Lent>) -> Result<(), Refusal> {
    let (digest, deadline) = (passing.digest, passing.deadline);
    let Some(_going) = inner.under_way.set_out(digest, &passing.recipients, deadline).await else {
        return Err(later("4.4.2", "The same mail is still being handed on, try again later"));
    };
    let ends = hand_on(&inner, &passing, live).await?;
    let went = ends.went;
    conclude(&inner, &passing, ends).await?;
    went.tell(&inner.settings.name, &passing.id, passing.recipients.len());
    Ok(())
}

/// The same for those who do not have the mail yet, without a word to anybody about what became of them.
///
/// # Errors
/// A temporary refusal; then nobody got anything.
pub(super) async fn hand_on(inner: &Arc<Inner>, passing: &Passing, live: Option<Lent>) -> Result<Ends, Refusal> {
    let deadline = passing.deadline;
    let recipients = missing(inner, passing).await?;
    let have: Vec<String> = passing.recipients.iter().filter(|one| !recipients.contains(one)).cloned().collect();
    let had_before = have.len();
    let mut ends = Ends { have, went: Went { had_before, ..Went::default() }, ..Ends::default() };
    inner.figures.skipped.fetch_add(had_before as u64, Ordering::Relaxed);
    if recipients.is_empty() {
        return Ok(ends);
    }
    let decided = decide(inner, &passing.mail, &passing.id, &recipients, deadline).await?;
    let Decided { copies, held, refused, went } = decided;
    ends.went = Went { had_before, ..went };
    ends.held = held;
    ends.never.extend(refused);
    let mut ready = Vec::with_capacity(copies.len());
    for (copy, refused) in hand_over(inner, passing, live, copies).await? {
        ready.extend(copy);
        ends.never.extend(refused);
    }
    if Instant::now() >= deadline {
        return Err(late());
    }
    let ready = still_awaited(ready, &mut ends).await?;
    crash_point("relay_handed_over");
    send_dots(inner, passing, ready, &mut ends).await;
    Ok(ends)
}

/// Those who do not have the mail yet.
pub(super) async fn missing(inner: &Inner, passing: &Passing) -> Result<Vec<String>, Refusal> {
    let known = timeout_at(passing.deadline, inner.store.relayed(known_as(passing), &passing.recipients)).await;
    let known = known.map_err(|_| later("4.3.0", "Not answered in time, try again later"))?;
    let known = known.map_err(|fault| unnoted(inner, &fault))?;
    let missing = passing.recipients.iter().zip(known).filter(|(_, known)| !known);
    Ok(missing.map(|(recipient, _)| recipient.clone()).collect())
}

/// By the relay that took the mail in, which another may stand in for.
pub(super) fn known_as(passing: &Passing) -> RelayedMail<'_> {
    RelayedMail { site: &passing.mail.site, relay: &passing.mail.relay, digest: &passing.digest }
}

/// The store does not answer.
fn unnoted(inner: &Inner, fault: &Fault) -> Refusal {
    let relay = &inner.settings.name;
    tracing::warn!(relay, code = %fault.code, detail = fault.logged(), "what a relay has done cannot be looked up or noted");
    of_fault(fault)
}

/// Every copy up to its final dot, all at once.
///
/// # Errors
/// A temporary refusal where one of them cannot be handed over now. Then no dot is sent, and nobody gets anything.
async fn hand_over(
    inner: &Arc<Inner>,
    passing: &Passing,
    live: Option<Lent>,
    copies: Vec<Copy>,
) -> Result<Vec<Handed>, Refusal> {
    let (mut handing, number) = (JoinSet::new(), copies.len());
    let is_for_all = matches!(&copies[..], [only] if only.recipients == passing.recipients);
    let (sender, prelude, utf8) = (&passing.mail.envelope_from, &passing.prelude, passing.utf8);
    let parcel = |copy| Parcel { sender: sender.clone(), prelude: prelude.clone(), copy, utf8, hop: inner.hop.clone() };
    let mut parcels = copies.into_iter().map(parcel);
    match live {
        // The next hop has heard of just these recipients already.
        Some(lent) if is_for_all => {
            if let Some(parcel) = parcels.next() {
                handing.spawn(parcel.go_on(lent));
            }
        }
        live => {
            // Its seat is free for the copies.
            drop(live);
            let seats = match number {
                0 => Vec::new(),
                _ => inner.hop.seats(number, passing.deadline).await.map_err(|fault| of_fault(&fault))?,
            };
            for (parcel, seat) in parcels.zip(seats) {
                handing.spawn(parcel.set_out(seat));
            }
        }
    }
    let all = async {
        let mut handed = Vec::with_capacity(number);
        while let Some(one) = handing.join_next().await {
            handed.push(one.map_err(|_| later("4.3.0", "The mail cannot be handed on now, try again later"))??);
        }
        Ok(handed)
    };
    timeout_at(passing.deadline, all).await.unwrap_or_else(|_| Err(late()))
}

fn late() -> Refusal {
    later("4.4.2", "The next hop has not answered in time, try again later")
}

/// A copy on its way, and all that belongs to it.
struct Parcel {
    sender: Option<String>,
    prelude: String,
    copy: Copy,
    utf8: bool,
    hop: Arc<Hop>,
}

impl Parcel {
    fn shape(&self) -> Shape {
        let Parcel { prelude, copy, utf8, .. } = self;
        let size_bytes = (prelude.len() + copy.bytes.len()) as u64;
        Shape { size_bytes, is_ascii: copy.bytes.is_ascii() && prelude.is_ascii(), utf8: *utf8 }
    }

    /// Over the connection that has heard of the sender and of just these recipients.
    async fn go_on(self, mut lent: Lent) -> Result<Handed, Refusal> {
        let offered = connection(&mut lent)?.pass_data(&self.copy.recipients, self.shape()).await;
        match offered {
            // It ended meanwhile; nothing of the mail was sent over it.
            Err(not_sent) if not_sent.answer().is_none() || not_sent.hangs_up() => self.offer_anew(lent).await,
            offered => self.pour(lent, offered).await,
        }
    }

    /// Over a connection of its own.
    async fn set_out(self, seat: OwnedSemaphorePermit) -> Result<Handed, Refusal> {
        let mut lent = self.hop.sit(seat).await.map_err(|fault| of_fault(&fault))?;
        let offered = connection(&mut lent)?.offer(&self.envelope(), self.shape()).await;
        match offered {
            Err(not_sent) if lent.was_kept && (not_sent.answer().is_none() || not_sent.hangs_up()) => {
                self.offer_anew(lent).await
            }
            offered => self.pour(lent, offered).await,
        }
    }

    async fn offer_anew(self, mut lent: Lent) -> Result<Handed, Refusal> {
        lent.renew().await.map_err(|fault| of_fault(&fault))?;
        let offered = connection(&mut lent)?.offer(&self.envelope(), self.shape()).await;
        self.pour(lent, offered).await
    }

    fn envelope(&self) -> Envelope {
        Envelope { mail_from: self.sender.clone(), rcpt_to: self.copy.recipients.clone(), client: None }
    }

    async fn pour(self, mut lent: Lent, offered: Result<Offered, NotSent>) -> Result<Handed, Refusal> {
        let offered = match offered {
            Ok(offered) => offered,
            Err(not_sent) => return self.for_all(of_not_sent(&not_sent)),
        };
        let mut refused = Vec::new();
        for (recipient, reply) in offered.announced().filter(|(_, reply)| !reply.is_positive()) {
            let refusal = of_reply(reply);
            if is_temporary(&refusal) {
                return Err(refusal);
            }
            refused.push((recipient.to_owned(), refusal));
        }
        let connection = connection(&mut lent)?;
        if !self.shape().is_ascii && !connection.takes().eight_bit_mime {
            return self.for_all(no(554, "5.6.3", "The mail has 8-bit content, which the next hop does not take"));
        }
        let poured = connection.pour_but_the_dot(offered, &[self.prelude.as_bytes(), &self.copy.bytes]).await;
        match poured {
            Ok(poured) => {
                let recipients = self.copy.recipients.into_iter();
                let recipients = recipients.filter(|one| refused.iter().all(|(refused, _)| refused != one)).collect();
                Ok((Some(Ready { lent, poured, recipients }), refused))
            }
            Err(not_sent) => self.for_all(of_not_sent(&not_sent)),
        }
    }

    /// The same for every recipient of this copy.
    fn for_all(self, refusal: Refusal) -> Result<Handed, Refusal> {
        if is_temporary(&refusal) {
            return Err(refusal);
        }
        Ok((None, self.copy.recipients.into_iter().map(|recipient| (recipient, refusal.clone())).collect()))
    }
}

fn connection(lent: &mut Lent) -> Result<&mut courier::submit::Connection, Refusal> {
    lent.connection().map_err(|fault| of_fault(&fault))
}

/// The copies for which the next hop still waits: it may have said no, or gone, before their end.
async fn still_awaited(ready: Vec<Ready>, ends: &mut Ends) -> Result<Vec<Ready>, Refusal> {
    let mut awaited = Vec::with_capacity(ready.len());
    for mut copy in ready {
        let Some(not_sent) = connection(&mut copy.lent)?.gave_up().await else {
            awaited.push(copy);
            continue;
        };
        let refusal = of_not_sent(&not_sent);
        if is_temporary(&refusal) {
            return Err(refusal);
        }
        ends.never.extend(copy.recipients.into_iter().map(|recipient| (recipient, refusal.clone())));
    }
    Ok(awaited)
}

/// All dots at once. What the next hop says to each is noted at once, however late it comes: whoever asks again finds it.
async fn send_dots(inner: &Arc<Inner>, passing: &Passing, ready: Vec<Ready>, ends: &mut Ends) {
    let mut dots = JoinSet::new();
    for copy in ready {
        dots.spawn(dot(inner.clone(), passing.digest, copy));
    }
    while let Some(answered) = dots.join_next().await {
        match answered {
            Ok(answers) => {
                for (recipient, answer) in answers {
                    match answer {
                        Ok(code) => {
                            ends.have.push(recipient);
                            ends.went.code = Some(code);
                        }
                        Err(refusal) => ends.refused(recipient, refusal),
                    }
                }
            }
            Err(_) => drop(ends.later.get_or_insert_with(|| later("4.3.0", "An answer of the next hop was lost"))),
        }
    }
}

/// One dot, and what became of each of its recipients: the next hop's answer where it took the copy.
async fn dot(inner: Arc<Inner>, digest: [u8; 32], copy: Ready) -> Vec<(String, Result<u16, Refusal>)> {
    let Ready { mut lent, poured, recipients } = copy;
    let said = match lent.connection() {
        Ok(connection) => connection.dot(poured).await,
        Err(fault) => Err(fault.into()),
    };
    let answers: Vec<(String, Result<u16, Refusal>)> = match said {
        Ok(delivery) => {
            let outcomes = delivery.outcomes.into_iter().filter(|outcome| recipients.contains(&outcome.address));
            let answer = |reply: courier::submit::Reply| {
                if reply.is_positive() { Ok(reply.code) } else { Err(of_reply(&reply)) }
            };
            outcomes.map(|outcome| (outcome.address, answer(outcome.reply))).collect()
        }
        Err(not_sent) => {
            let refusal = of_not_sent(&not_sent);
            recipients.into_iter().map(|recipient| (recipient, Err(refusal.clone()))).collect()
        }
    };
    drop(lent);
    let have: Vec<String> = answers.iter().filter(|(_, answer)| answer.is_ok()).map(|(one, _)| one.clone()).collect();
    if !have.is_empty() {
        crash_point("relay_dotted");
        let settings = &inner.settings;
        let mail = RelayedMail { site: &settings.site, relay: &settings.name, digest: &digest };
        // Where that cannot be noted they have it all the same.
        let _ = note(&inner, mail, &have).await;
        crash_point("relay_noted");
    }
    answers
}

/// Patience of whoever writes down what cannot be taken back: a store that fails, for whatever reason, is asked a few times more.
pub(super) struct Insisting {
    left: usize,
    pause: Duration,
}

impl Insisting {
    pub(super) fn new() -> Insisting {
        Insisting { left: WRITE_TRIES - 1, pause: WRITE_PAUSE_FIRST }
    }

    /// After a pause, whether it is tried once more.
    pub(super) async fn again(&mut self) -> bool {
        if self.left == 0 {
            return false;
        }
        tokio::time::sleep(self.pause).await;
        (self.left, self.pause) = (self.left - 1, self.pause * 2);
        true
    }
}

/// These are not to get it again.
///
/// # Errors
/// What a client would be told; the fault is in the log.
pub(super) async fn note(inner: &Inner, mail: RelayedMail<'_>, recipients: &[String]) -> Result<(), Refusal> {
    let mut insisting = Insisting::new();
    while let Err(fault) = inner.store.note_relayed(mail, recipients).await {
        if !insisting.again().await {
            return Err(unnoted(inner, &fault));
        }
    }
    Ok(())
}

/// What the client is told, and a report to the sender where some got it and others never will.
async fn conclude(inner: &Inner, passing: &Passing, mut ends: Ends) -> Result<(), Refusal> {
    if let Some((_, why)) = ends.held.first() {
        let Some(keeps_for) = inner.settings.keeps_for else { return Err(held(why.clone())) };
        // Where the client comes again anyway, it is decided anew then.
        if ends.later.is_none() {
            let why = why.clone();
            let waiting = ends.held.drain(..).map(|(recipient, _)| recipient).collect::<Vec<_>>();
            ends.have.extend(waiting.iter().cloned());
            keep(inner, passing, (waiting, why.as_str()), keeps_for).await.map_err(|fault| unnoted(inner, &fault))?;
            crash_point("relay_kept");
        }
    }
    if let Some(later) = ends.later {
        return Err(later);
    }
    let Some((_, first)) = ends.never.first() else { return Ok(()) };
    if ends.have.is_empty() {
        return Err(first.clone());
    }
    // A report about a report would be the beginning of a circle (RFC 5321, section 6.1).
    if let Some(sender) = &passing.mail.envelope_from {
        let told = timeout_at(passing.deadline, report(inner, passing, sender, &ends.never)).await;
        told.unwrap_or_else(|_| Err(late()))?;
        Figures::add(&inner.figures.reports);
    }
    let never: Vec<String> = ends.never.into_iter().map(|(recipient, _)| recipient).collect();
    // The sender was told, and would be told once more at worst.
    let _ = note(inner, known_as(passing), &never).await;
    Ok(())
}

pub(super) async fn report(
    inner: &Inner,
    passing: &Passing,
    to: &str,
    failed: &[(String, Refusal)],
) -> Result<(), Refusal> {
    let report = Report {
        hostname: &inner.settings.hostname,
        to,
        id: &passing.id,
        message_id: passing.message_id.as_deref(),
        arrived: jiff::Timestamp::now(),
        failed,
    };
    let envelope = Envelope { mail_from: None, rcpt_to: vec![to.to_owned()], client: None };
    let sent = async {
        let mut lent = inner.hop.lend().await?;
        let sent = lent.connection()?.send(&envelope, &report.mail()).await;
        match sent {
            Err(fault) if lent.was_kept && fault.kind == FaultKind::Temporary => {
                lent.renew().await?;
                lent.connection()?.send(&envelope, &report.mail()).await
            }
            sent => sent,
        }
    };
    match sent.await {
        Ok(_) => Ok(()),
        // Whoever takes no reports is told nothing; the mail would never come to an end otherwise.
        Err(fault) if fault.kind == FaultKind::Permanent && fault.code == FaultCode::SmtpRefused => {
            tracing::warn!(relay = inner.settings.name, relayed = passing.id, "a delivery report was refused");
            Ok(())
        }
        Err(fault) => Err(of_fault(&fault)),
    }
}
