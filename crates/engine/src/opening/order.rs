//! What a cell needs to open a mail before it reads it: the order, and by whom signatures are vouched for.

use super::grounds::Grounds;
use seal::order::OpenOrder;
use serde::{Deserialize, Serialize};

/// It travels in front of the mail.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct MailOrder {
    pub(crate) open: OpenOrder,
    pub(crate) grounds: Grounds,
    /// Authorities are asked about revocation, so the cell says whose certificates they could tell more about.
    pub(crate) tells_doubts: bool,
}
