//! What cells are asked: to read mails, to give out a part, to find the new text of a reply, to make HTML safe.

use crate::Past;
use crate::cell::clock::Clock;
use crate::cell::harvest::Gathered;
use crate::cell::pool::{Cells, Lease};
use crate::cell::sealing::Budget;
use crate::cell::source::{Sink, Source};
use crate::cell::wire::{Before, Call, TextFormat};
use crate::opening::{Doubt, Opener};
use bytes::Bytes;
use policy::{Fault, FaultCode};
use serde::de::DeserializeOwned;

/// Every call fails with one of these faults:
///
/// - temporary `CellDied`: the cell died, overran its limits, panicked or talked nonsense. It has been replaced; whoever
///   asked counts the tries.
/// - temporary `CellUnavailable`: no cell could be started, or too many calls wait.
/// - permanent `TooComplex`: more bytes than the settings let into or out of a cell.
/// - whatever fault the source or the sink had.
impl Cells {
    /// Reads a mail, as [`mail::read`] does.
    pub async fn read(&self, source: impl Source, limits: &mail::Limits) -> Result<mail::Reading, Fault> {
        self.read_opened(source, limits, None).await
    }

    /// The same of a mail that may have come sealed: it is opened before it is read, as all those calls do that take an opener. Where that one
    /// asks authorities about signers, they are asked when the cell has answered.
    pub async fn read_opened(
        &self,
        source: impl Source,
        limits: &mail::Limits,
        opener: Option<&Opener>,
    ) -> Result<mail::Reading, Fault> {
        let call = Call::Read { limits: limits.clone(), order_bytes: order_bytes(opener)? };
        let (mut reading, doubts): (mail::Reading, Vec<Doubt>) = self.call_opening(call, source, opener).await?;
        if let (Some(opener), Some(opened)) = (opener, &mut reading.message.opened) {
            opener.settle(opened, doubts).await;
        }
        Ok(reading)
    }

    /// The keys that a mail brings of its author at this time, in seconds since 1970.
    pub async fn harvest(
        &self,
        source: impl Source,
        limits: &mail::Limits,
        (author, now): (&str, u64),
        opener: Option<&Opener>,
    ) -> Result<Gathered, Fault> {
        let (limits, order_bytes) = (limits.clone(), order_bytes(opener)?);
        let call = Call::Harvest { limits, order_bytes, author: author.to_owned(), now };
        let (mut gathered, doubts): (Gathered, Vec<Doubt>) = self.call_opening(call, source, opener).await?;
        if let Some(opener) = opener {
            for (doubt, worth) in opener.asked(doubts).await {
                gathered.settle(&doubt, &worth);
            }
        }
        Ok(gathered)
    }

    /// Reads several small mails in one round trip, in their order. When this fails because the cell died, read them singly:
    /// one of them is hostile, the others are not.
    pub async fn read_many<M: AsRef<[u8]>>(
        &self,
        mails: &[M],
        limits: &mail::Limits,
    ) -> Result<Vec<mail::Reading>, Fault> {
        let sizes = mails.iter().map(|mail| u32::try_from(mail.as_ref().len())).collect::<Result<Vec<u32>, _>>();
        let sizes = sizes.map_err(|_| Fault::permanent(FaultCode::TooComplex, "a mail of more than 4 GiB"))?;
        let call = Call::ReadMany { limits: limits.clone(), sizes };
        let source = Joined { mails: mails.iter().map(AsRef::as_ref).collect(), next: 0 };
        let (mut lease, answer, sent) = self.ask(call, source, None).await?;
        let mut rest = answer.as_slice();
        let mut readings = Vec::with_capacity(mails.len());
        while readings.len() < mails.len() {
            let Ok((reading, after)) = postcard::take_from_bytes(rest) else {
                return Err(lease.cell()?.babbled().await);
            };
            readings.push(reading);
            rest = after;
        }
        if !rest.is_empty() {
            return Err(lease.cell()?.babbled().await);
        }
        lease.give_back(sent);
        Ok(readings)
    }

    /// Opens the transfer-decoded content of one part, as [`mail::part`] finds it; `None` when there is no such part.
    pub async fn open_part(
        &self,
        source: impl Source,
        limits: &mail::Limits,
        path: &str,
    ) -> Result<Option<PartStream>, Fault> {
        self.open_part_opened(source, limits, path, None).await
    }

    /// The same of a mail that may have come sealed.
    pub async fn open_part_opened(
        &self,
        source: impl Source,
        limits: &mail::Limits,
        path: &str,
        opener: Option<&Opener>,
    ) -> Result<Option<PartStream>, Fault> {
        let mut lease = self.lease().await?;
        let mut clock = Clock::new(lease.settings().wall_ms);
        let (source_max, part_max) = (lease.settings().source_bytes_max, lease.settings().part_bytes_max);
        let order_bytes = order_bytes(opener)?;
        let call = Call::Part { limits: limits.clone(), order_bytes, path: path.to_owned() };
        let sent = lease.cell()?.ask(&mut clock, &call, Ordered::new(opener, source), source_max).await?;
        match lease.cell()?.hear_size(&mut clock, part_max, &mut budget(opener)).await? {
            Some(size_bytes) => {
                Ok(Some(PartStream { lease, clock, sent, size_bytes, left_bytes: size_bytes, ended: false }))
            }
            None => {
                lease.give_back(sent);
                Ok(None)
            }
        }
    }

    /// Hands the transfer-decoded content of one part over in pieces and returns its size in bytes.
    ///
    /// Permanent `TooComplex` when the mail has no such part: what was listed once cannot vanish from the same bytes unless
    /// the limits have been lowered since.
    pub async fn part(
        &self,
        source: impl Source,
        limits: &mail::Limits,
        path: &str,
        mut sink: impl Sink,
    ) -> Result<u64, Fault> {
        let part = self.open_part(source, limits, path).await?;
        let mut part = part.ok_or_else(|| Fault::permanent(FaultCode::TooComplex, "the mail has no such part"))?;
        while let Some(piece) = part.next().await? {
            sink.put(piece).await?;
        }
        Ok(part.size_bytes())
    }

    /// What the sender newly wrote, as [`mail::new_text`] finds it, or [`mail::new_text_after`] with a past.
    pub async fn new_text(&self, format: mail::Format, source: impl Source, past: &Past) -> Result<mail::Reply, Fault> {
        let format = match format {
            mail::Format::Mail => TextFormat::Mail,
            mail::Format::Text => TextFormat::Text,
            mail::Format::Html => TextFormat::Html,
        };
        let call = Call::NewText { format, past: before(past)? };
        self.call(call, After::new(past, source)).await
    }

    /// The reply of a mail after what was said before, as [`mail::reply_after`] finds it.
    pub async fn reply_after(
        &self,
        source: impl Source,
        limits: &mail::Limits,
        past: &Past,
    ) -> Result<Option<mail::Reply>, Fault> {
        self.reply_after_opened(source, limits, past, None).await
    }

    /// The same of a mail that may have come sealed.
    pub async fn reply_after_opened(
        &self,
        source: impl Source,
        limits: &mail::Limits,
        past: &Past,
        opener: Option<&Opener>,
    ) -> Result<Option<mail::Reply>, Fault> {
        let order_bytes = order_bytes(opener)?;
        let call = Call::ReplyAfter { limits: limits.clone(), order_bytes, past: before(past)? };
        self.call_opening(call, After::new(past, source), opener).await
    }

    /// The HTML made safe, as [`mail::sanitize`] does; bytes that are not UTF-8 are replaced.
    pub async fn sanitize(&self, source: impl Source) -> Result<String, Fault> {
        self.call(Call::Sanitize, source).await
    }

    /// The mail with stand-ins for people, as [`mail::anonymous`] makes it.
    pub async fn anonymous(
        &self,
        source: impl Source,
        limits: &mail::Limits,
        kept: &[String],
    ) -> Result<mail::Anonymous, Fault> {
        self.call(Call::Anonymous { limits: limits.clone(), kept: kept.to_vec() }, source).await
    }

    /// Lets a cell misbehave; what it answers if it survives.
    #[cfg(feature = "misbehave")]
    pub async fn misbehave(&self, how: crate::cell::misbehave::Misbehaviour) -> Result<i32, Fault> {
        let (mut lease, answer, sent) = self.ask(Call::Misbehave(how), [].as_slice(), None).await?;
        let number =
            <[u8; 4]>::try_from(answer).map_err(|_| Fault::temporary(FaultCode::CellDied, "a wrong answer"))?;
        lease.give_back(sent);
        Ok(i32::from_le_bytes(number))
    }

    pub(super) async fn call<T: DeserializeOwned>(&self, call: Call, source: impl Source) -> Result<T, Fault> {
        self.call_opening(call, source, None).await
    }

    async fn call_opening<T: DeserializeOwned>(
        &self,
        call: Call,
        source: impl Source,
        opener: Option<&Opener>,
    ) -> Result<T, Fault> {
        let (mut lease, answer, sent) = self.ask(call, source, opener).await?;
        let Ok(value) = postcard::from_bytes(&answer) else { return Err(lease.cell()?.babbled().await) };
        lease.give_back(sent);
        Ok(value)
    }

    /// One round trip; the cell is given back by whoever has understood the answer.
    async fn ask(
        &self,
        call: Call,
        source: impl Source,
        opener: Option<&Opener>,
    ) -> Result<(Lease, Vec<u8>, u64), Fault> {
        let mut lease = self.lease().await?;
        let mut clock = Clock::new(lease.settings().wall_ms);
        let (source_max, answer_max) = (lease.settings().source_bytes_max, lease.settings().answer_bytes_max);
        let cell = lease.cell()?;
        let sent = cell.ask(&mut clock, &call, Ordered::new(opener, source), source_max).await?;
        let answer = cell.hear(&mut clock, answer_max, &mut budget(opener)).await?;
        Ok((lease, answer, sent))
    }
}

/// A key for one call: nothing that is made with it outlives the call.
fn before(past: &Past) -> Result<Before, Fault> {
    let mut key = mail::HistoryKey::default();
    aws_lc_rs::rand::fill(&mut key).map_err(|_| Fault::temporary(FaultCode::Internal, "no random numbers"))?;
    Ok(Before { key, said: past.forms(), letter_keys: past.letter_keys().to_vec() })
}

pub(super) fn order_bytes(opener: Option<&Opener>) -> Result<u32, Fault> {
    let bytes = opener.map_or(0, |opener| opener.order().len());
    u32::try_from(bytes).map_err(|_| Fault::permanent(FaultCode::TooComplex, "an order of more than 4 GiB"))
}

pub(super) fn budget(opener: Option<&Opener>) -> Budget<'_> {
    match opener {
        Some(opener) => Budget::opening(opener.keys()),
        None => Budget::none(),
    }
}

/// The order by which a mail is opened, and behind it another source.
pub(super) struct Ordered<'a, S> {
    order: &'a [u8],
    then: S,
}

impl<'a, S> Ordered<'a, S> {
    pub(super) fn new(opener: Option<&'a Opener>, then: S) -> Ordered<'a, S> {
        Ordered::behind(opener.map(Opener::order).unwrap_or_default(), then)
    }

    /// The same with an order that is encoded already.
    pub(super) fn behind(order: &'a [u8], then: S) -> Ordered<'a, S> {
        Ordered { order, then }
    }
}

impl<S: Source> Source for Ordered<'_, S> {
    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        match self.order.next().await? {
            Some(piece) => Ok(Some(piece)),
            None => self.then.next().await,
        }
    }
}

/// The texts of the past, and behind them another source.
struct After<'a, S> {
    past: Joined<'a>,
    then: S,
}

impl<'a, S> After<'a, S> {
    fn new(past: &'a Past, then: S) -> After<'a, S> {
        After { past: Joined { mails: past.pieces().collect(), next: 0 }, then }
    }
}

impl<S: Source> Source for After<'_, S> {
    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        match self.past.next().await? {
            Some(piece) => Ok(Some(piece)),
            None => self.then.next().await,
        }
    }
}

/// Several mails as one source.
struct Joined<'a> {
    mails: Vec<&'a [u8]>,
    next: usize,
}

impl Source for Joined<'_> {
    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        while let Some(mail) = self.mails.get_mut(self.next) {
            match mail.next().await? {
                Some(piece) => return Ok(Some(piece)),
                None => self.next += 1,
            }
        }
        Ok(None)
    }
}

/// The content of a part on its way out of a cell. It holds the cell until it is read to its end or dropped; a slow reader
/// slows the cell down and does not use up its time.
pub struct PartStream {
    lease: Lease,
    clock: Clock,
    sent: u64,
    size_bytes: u64,
    left_bytes: u64,
    ended: bool,
}

impl PartStream {
    /// The size of the whole content; exactly this many bytes come, or a fault.
    pub fn size_bytes(&self) -> u64 {
        self.size_bytes
    }
}

impl Source for PartStream {
    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        if self.ended {
            return Ok(None);
        }
        let cell = self.lease.cell()?;
        let piece = cell.hear_piece(&mut self.clock).await?;
        let length = piece.as_ref().map_or(0, |piece| piece.len() as u64);
        match piece {
            Some(piece) if length > 0 && length <= self.left_bytes => {
                self.left_bytes -= length;
                Ok(Some(piece))
            }
            None if self.left_bytes == 0 => {
                self.ended = true;
                self.lease.give_back(self.sent);
                Ok(None)
            }
            _ => Err(cell.babbled().await),
        }
    }
}
