//! Sealing and opening mail in cells. Private keys stay here: a cell asks for each operation, and is ended when it asks for more than its
//! order needs.

use crate::cell::calls::Ordered;
use crate::cell::clock::Clock;
use crate::cell::pool::Cells;
use crate::cell::process::Cell;
use crate::cell::wire::{Asked, Call, Told};
use policy::{Fault, FaultCode};
use seal::key::PrivateKey;
use seal::order::{OpenOrder, Opened, Refusal, SealOrder};
use seal::verdict::Verdict;
use serde::Serialize;
use std::sync::Arc;

/// Private operations for one mail that is opened: each of several layers may be meant for several of our keys.
const OPENING_MAX: u32 = 16;
/// For one that is sealed: its one signature.
const SIGNING_MAX: u32 = 1;

/// A key of ours, wherever it is.
pub type OwnKey = Arc<dyn PrivateKey + Send + Sync>;

/// Which operations a cell may ask for, and on which keys.
pub(super) struct Budget<'a> {
    keys: &'a [OwnKey],
    opens: bool,
    left: u32,
}

impl<'a> Budget<'a> {
    /// For a call that needs no key.
    pub(super) fn none() -> Budget<'static> {
        Budget { keys: &[], opens: true, left: 0 }
    }

    /// For opening one mail with these keys.
    pub(super) fn opening(keys: &'a [OwnKey]) -> Budget<'a> {
        Budget { keys, opens: true, left: OPENING_MAX }
    }

    /// Does what a cell asks for; `None` when it may not.
    pub(super) async fn spend(&mut self, asked: Asked) -> Option<Told> {
        let key = usize::try_from(asked.key).ok().and_then(|number| self.keys.get(number))?.clone();
        if self.left == 0 || asked.operation.opens() != self.opens {
            return None;
        }
        self.left -= 1;
        let done = tokio::task::spawn_blocking(move || asked.operation.with(&*key)).await.ok()?;
        Some(Told { made: done.ok().map(|made| made.to_vec()) })
    }
}

/// Beside the faults of every call, these hold a [`Refusal`] of the mail itself.
impl Cells {
    /// Opens a mail that came sealed; a mail that did not comes back as it is, with an empty verdict.
    ///
    /// # Errors
    /// The cell's own faults.
    pub async fn open_sealed(
        &self,
        mail: &[u8],
        order: &OpenOrder,
        keys: &[OwnKey],
    ) -> Result<Result<Opened, Refusal>, Fault> {
        let budget = Budget::opening(keys);
        let (told, mail) = self.sealing(|order_bytes| Call::Open { order_bytes }, order, mail, budget).await?;
        let told: Result<Verdict, Refusal> = told;
        Ok(told.map(|verdict| Opened { mail, verdict }))
    }

    /// Seals a mail; `keys` are those that the order names for signing, in its order.
    ///
    /// # Errors
    /// The cell's own faults. Whatever happens, nothing comes back that is not sealed.
    pub async fn seal(
        &self,
        mail: &[u8],
        order: &SealOrder,
        keys: &[OwnKey],
    ) -> Result<Result<Vec<u8>, Refusal>, Fault> {
        let budget = Budget { keys, opens: false, left: SIGNING_MAX };
        let (told, mail) = self.sealing(|order_bytes| Call::Seal { order_bytes }, order, mail, budget).await?;
        let told: Result<(), Refusal> = told;
        Ok(told.map(|()| mail))
    }

    async fn sealing<T: serde::de::DeserializeOwned>(
        &self,
        call: impl FnOnce(u32) -> Call,
        order: &impl Serialize,
        mail: &[u8],
        mut budget: Budget<'_>,
    ) -> Result<(T, Vec<u8>), Fault> {
        let order = postcard::to_stdvec(order)
            .map_err(|error| Fault::permanent(FaultCode::Internal, format!("an order cannot be written: {error}")))?;
        let order_bytes = u32::try_from(order.len())
            .map_err(|_| Fault::permanent(FaultCode::TooComplex, "an order of more than 4 GiB"))?;
        let mut lease = self.lease().await?;
        let mut clock = Clock::new(lease.settings().wall_ms);
        let (source_max, answer_max) = (lease.settings().source_bytes_max, lease.settings().answer_bytes_max);
        let part_max = lease.settings().part_bytes_max;
        let cell: &mut Cell = lease.cell()?;
        let sent = cell.ask(&mut clock, &call(order_bytes), Ordered::behind(&order, mail), source_max).await?;
        let (answer, mail) = cell.hear_mail(&mut clock, answer_max, part_max, &mut budget).await?;
        let Ok(told) = postcard::from_bytes(&answer) else { return Err(lease.cell()?.babbled().await) };
        lease.give_back(sent);
        Ok((told, mail))
    }
}
