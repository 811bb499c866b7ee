//! A letter that is encrypted to a key that somebody brought: whoever opens it has shown that the key is his.

use super::brought::now_s;
use crate::cell::Cells;
use policy::sealing::Scheme;
use policy::{Fault, FaultCode};
use seal::order::{SealOrder, With};
use seal::smime::{Capabilities, Certificate, cipher_for_all, transport};
use store::OfferedKey;

/// By which it is tried whether a key can be encrypted to at all.
pub(super) const SAMPLE: &[u8] =
    b"From: a@sample.invalid\r\nTo: b@sample.invalid\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nx\r\n";

/// The mail encrypted to the key and to nobody else, or why it cannot be, in our own words.
pub(super) async fn sealed(cells: &Cells, key: &OfferedKey, mail: &[u8]) -> Result<Result<Vec<u8>, String>, Fault> {
    let Some(with) = with(key) else { return Ok(Err("it cannot be read".to_owned())) };
    let order = SealOrder { with, protection: None, footer: None, now: now_s() };
    match cells.seal(mail, &order, &[]).await? {
        Ok(sealed) if order.is_form_of(mail, &sealed) => Ok(Ok(sealed)),
        // What a cell makes of a stranger's key is looked at before it goes anywhere.
        Ok(_) => Err(Fault::temporary(FaultCode::CellDied, "a cell gave back a mail that is not sealed as ordered")),
        Err(refusal) => Ok(Err(refusal.word().to_owned())),
    }
}

fn with(key: &OfferedKey) -> Option<With> {
    if key.scheme == Scheme::Pgp {
        return Some(With::Pgp { signer: None, recipients: vec![key.bytes.clone()] });
    }
    // A cell has read it before.
    let certificate = Certificate::from_der(&key.bytes).ok()?;
    let shown = Capabilities::of_certificate(&key.bytes).ok().flatten();
    let shown = [shown.as_ref()];
    Some(With::Smime {
        signer: None,
        recipients: vec![(key.bytes.clone(), transport(&certificate, shown[0]))],
        cipher: cipher_for_all(&shown),
        is_opaque: false,
    })
}
