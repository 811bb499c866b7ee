//! A letter that is encrypted to a key that somebody brought: whoever opens it has shown that the key is his.

use super::brought::now_s;
use crate::cell::Cells;
use crate::sealing::SignOrder;
use policy::sealing::Scheme;
use policy::{Fault, FaultCode};
use seal::order::{SealOrder, With};
use seal::smime::{Capabilities, Certificate, cipher_for_all, transport};
use store::OfferedKey;

/// By which it is tried whether a key can be encrypted to at all.
pub(super) const SAMPLE: &[u8] =
    b"From: a@sample.invalid\r\nTo: b@sample.invalid\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\nx\r\n";

/// The mail signed, and encrypted to the key and to nobody else; without a signature where there is no `signer`, or ours does not do what it
/// is asked for: what the letter proves needs none.
pub(super) async fn signed_and_sealed(
    cells: &Cells,
    key: &OfferedKey,
    signer: Option<SignOrder>,
    mail: &[u8],
) -> Result<Result<Vec<u8>, String>, Fault> {
    if signer.is_some() {
        match seal(cells, key, signer, mail).await? {
            Ok(sealed) => return Ok(Ok(sealed)),
            Err(why) => tracing::warn!(why, "a letter that proves a key could not be signed, and goes unsigned"),
        }
    }
    sealed(cells, key, mail).await
}

/// The mail encrypted to the key and to nobody else, or why it cannot be, in our own words.
pub(super) async fn sealed(cells: &Cells, key: &OfferedKey, mail: &[u8]) -> Result<Result<Vec<u8>, String>, Fault> {
    seal(cells, key, None, mail).await
}

async fn seal(
    cells: &Cells,
    key: &OfferedKey,
    signer: Option<SignOrder>,
    mail: &[u8],
) -> Result<Result<Vec<u8>, String>, Fault> {
    let (signs, keys) = signer.unzip();
    let Some(with) = with(key, signs) else { return Ok(Err("it cannot be read".to_owned())) };
    let order = SealOrder { with, protection: None, footer: None, now: now_s() };
    match cells.seal(mail, &order, &keys.unwrap_or_default()).await? {
        Ok(sealed) if order.is_form_of(mail, &sealed) => Ok(Ok(sealed)),
        // What a cell makes of a stranger's key is looked at before it goes anywhere.
        Ok(_) => Err(Fault::temporary(FaultCode::CellDied, "a cell gave back a mail that is not sealed as ordered")),
        Err(refusal) => Ok(Err(refusal.word().to_owned())),
    }
}

/// The order for this key, signed as `signs` has it where that is of the same scheme.
fn with(key: &OfferedKey, signs: Option<With>) -> Option<With> {
    if key.scheme == Scheme::Pgp {
        let signer = match signs {
            Some(With::Pgp { signer, .. }) => signer,
            Some(With::Smime { .. }) | None => None,
        };
        return Some(With::Pgp { signer, recipients: vec![key.bytes.clone()], cipher_bits_min: 0 });
    }
    let signer = match signs {
        Some(With::Smime { signer, .. }) => signer,
        Some(With::Pgp { .. }) | None => None,
    };
    // A cell has read it before.
    let certificate = Certificate::from_der(&key.bytes).ok()?;
    let shown = Capabilities::of_certificate(&key.bytes).ok().flatten();
    let shown = [shown.as_ref()];
    Some(With::Smime {
        signer,
        recipients: vec![(key.bytes.clone(), transport(&certificate, shown[0]))],
        cipher: cipher_for_all(&shown),
        is_opaque: false,
    })
}
