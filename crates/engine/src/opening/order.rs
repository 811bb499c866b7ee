//! What a cell needs to open a mail before it reads it: the order, and by whom signatures are vouched for.

use seal::order::OpenOrder;
use serde::{Deserialize, Serialize};

/// It travels in front of the mail.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct MailOrder {
    pub(crate) open: OpenOrder,
    /// Certificates that are trusted, in DER; so are the next two.
    pub(crate) anchors: Vec<Vec<u8>>,
    /// Authorities that may stand between a certificate and an anchor.
    pub(crate) authorities: Vec<Vec<u8>>,
    /// Lists of revoked certificates.
    pub(crate) revocations: Vec<Vec<u8>>,
    /// Certificates of which nobody says whether they were revoked are trusted, too.
    pub(crate) trusts_unknown: bool,
    /// A list of revoked certificates counts for so many days after the next one was due.
    pub(crate) stale_days_max: u32,
}
