//! Sealing and opening mail in cells. Private keys stay here: a cell asks for each operation, and is ended when it asks for more than its
//! order needs.

use crate::cell::calls::Ordered;
use crate::cell::clock::Clock;
use crate::cell::pool::Cells;
use crate::cell::process::Cell;
use crate::cell::wire::{Asked, Call, Told};
use policy::{Fault, FaultCode};
use seal::Trouble;
use seal::key::PrivateKey;
use seal::order::{OpenOrder, Opened, Refusal, SealOrder};
use seal::verdict::Verdict;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Private operations for one mail that is opened: each of several layers may be meant for several of our keys.
const OPENING_MAX: u32 = 16;
/// For one that is sealed: its one signature.
const SIGNING_MAX: u32 = 1;

/// What keeps a key has so long to answer.
const KEY_WITHIN: Duration = Duration::from_secs(20);

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
    ///
    /// # Errors
    /// Temporary `KeyUnavailable` when what keeps the key is away: nothing is known then of what it was asked about, and it is asked again later.
    pub(super) async fn spend(&mut self, asked: Asked) -> Result<Option<Told>, Fault> {
        let key = usize::try_from(asked.key).ok().and_then(|number| self.keys.get(number)).cloned();
        let Some(key) = key.filter(|_| self.left > 0 && asked.operation.opens() == self.opens) else { return Ok(None) };
        self.left -= 1;
        let done = tokio::task::spawn_blocking(move || asked.operation.with(&*key));
        match timeout(KEY_WITHIN, done).await {
            Ok(Ok(Ok(made))) => Ok(Some(Told { made: Some(made.to_vec()) })),
            Ok(Ok(Err(Trouble::KeyAway))) | Err(_) => Err(away()),
            Ok(Ok(Err(_))) => Ok(Some(Told { made: None })),
            Ok(Err(_)) => Ok(None),
        }
    }
}

fn away() -> Fault {
    let public = "What keeps a private key, such as an HSM, does not answer. The mail waits; see `sealpost check`.";
    Fault::temporary(FaultCode::KeyUnavailable, "what keeps a private key does not answer").with_public(public)
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
