//! The door before every server: a letter of a site that seals is sealed here, or stays. Nothing else makes a [`Cleared`], and a server is
//! offered nothing but that.

use super::hand_over::Content;
use super::shelf::Turn;
use crate::gateway::Shared;
use crate::held::Held;
use crate::sealing::letters::{LetterNature, SealedLetter, sealed, waits};
use crate::site::Site;
use courier::submit::Shape;
use mail::Envelope;
use mail::compose::{Composed, without_fields};
use policy::sealing::RecipientPlan;
use policy::{Fault, FaultCode};
use seal::entity::Entity;

/// A letter of a site that seals has no more bytes: it is whole in memory, and more than once.
const BYTES_MAX: u64 = 50 << 20;

/// A letter that may leave.
pub(crate) struct Cleared {
    content: Content,
    /// What the rules of its site said; `None` where the site seals nothing.
    sealing: Option<RecipientPlan>,
}

/// What a server is told of a letter that may leave, before it gets it. Only a [`Cleared`] has one.
#[derive(Clone, Copy)]
pub(super) struct Ticket(Shape);

impl Ticket {
    pub(super) fn shape(self) -> Shape {
        self.0
    }
}

impl Cleared {
    pub(super) fn ticket(&self) -> Ticket {
        Ticket(self.shape())
    }

    pub(super) fn shape(&self) -> Shape {
        self.content.shape()
    }

    /// The bytes, and what is to be noted of how they were sealed.
    pub(super) fn into_parts(self) -> (Content, Option<RecipientPlan>) {
        (self.content, self.sealing)
    }
}

/// The letter as the rules of its site let it go by this way, signed for its domain after it was sealed.
///
/// # Errors
/// Those of [`sealed`]; temporary `SealingHeld` where what it tells came in sealed, or rules held it back before, and nobody seals; those of the store; permanent `PostRefused` in the words of a server when it is too large to be sealed.
pub(super) async fn clear(
    shared: &Shared,
    (site, nature): (&Site, &LetterNature),
    turn: &Turn<'_>,
    held: &Held,
    envelope: &Envelope,
    content: Content,
) -> Result<Cleared, Fault> {
    if nature.proves_key {
        return proving(content).await;
    }
    let Some(sealer) = site.sealer() else {
        // It was written when its site sealed letters.
        if nature.came_sealed {
            return Err(waits("what it tells came encrypted, and its site seals no letters", held.age()));
        }
        // That the rules were taken away is nobody's word that it may leave readable.
        if shared.store.was_held_by_rules(&held.lease).await? {
            return Err(waits(
                "rules held it back, and its site seals no letters any more; name them again",
                held.age(),
            ));
        }
        return Ok(Cleared { content, sealing: None });
    };
    if content.shape().size_bytes > BYTES_MAX {
        return Err(too_large());
    }
    let is_ascii = content.is_ascii;
    let whole = content.whole().await?;
    // It was signed as it would have been sent.
    let bare = without_fields(&whole, "dkim-signature");
    let now_s = held.now().div_euclid(1_000_000);
    let sealed = sealed(&**sealer, nature, envelope, (now_s, held.age()), &bare).await;
    if matches!(&sealed, Err(fault) if fault.code == FaultCode::SealingHeld) {
        shared.store.note_held_by_rules(&held.lease).await?;
    }
    let SealedLetter { mail, from, plan } = sealed?;
    let (bytes, is_ascii) = match mail {
        None => (whole, is_ascii),
        Some(mut mail) => {
            if let Some(signer) = site.signer(turn.outgoing(), &from) {
                mail.splice(0..0, signer.signatures_of(&mail, now_s)?);
            }
            let is_ascii = mail.is_ascii();
            (mail, is_ascii)
        }
    };
    let composed = Composed { before: bytes, after: Vec::new() };
    Ok(Cleared { content: Content { composed, stored: None, is_ascii }, sealing: Some(plan) })
}

/// A letter that proves a key goes to that key and to no other, whatever the rules say of its recipient; plain it goes nowhere.
async fn proving(content: Content) -> Result<Cleared, Fault> {
    let is_ascii = content.is_ascii;
    let bytes = content.whole().await?;
    if !is_encrypted(&bytes) {
        return Err(Fault::permanent(FaultCode::SealingRefused, "a letter that is to prove a key is not encrypted"));
    }
    let composed = Composed { before: bytes, after: Vec::new() };
    Ok(Cleared { content: Content { composed, stored: None, is_ascii }, sealing: None })
}

/// Whether all of a mail is one of the forms of encrypted mail (RFC 8551, section 3.2.2; RFC 3156, section 4).
fn is_encrypted(mail: &[u8]) -> bool {
    let Some(kind) = Entity::read(mail).kind() else { return false };
    let has = |name: &str, value: &str| kind.parameter(name).is_some_and(|said| said.eq_ignore_ascii_case(value));
    match kind.essence.as_str() {
        "multipart/encrypted" => has("protocol", "application/pgp-encrypted"),
        "application/pkcs7-mime" => has("smime-type", "enveloped-data") || has("smime-type", "authEnveloped-data"),
        _ => false,
    }
}

fn too_large() -> Fault {
    let text = format!("The letter has more than {BYTES_MAX} bytes, and larger ones are not sealed.");
    Fault::permanent(FaultCode::PostRefused, "552 5.3.4 larger than what is sealed").with_public(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn a_letter_that_is_to_prove_a_key_never_goes_plain() {
        let content = |kind: &str| {
            let before = format!("From: a@b.example\r\nContent-Type: {kind}\r\n\r\nwords\r\n").into_bytes();
            Content { composed: Composed { before, after: Vec::new() }, stored: None, is_ascii: true }
        };
        for kind in [
            "multipart/encrypted; protocol=\"application/pgp-encrypted\"; boundary=x",
            "application/pkcs7-mime; smime-type=enveloped-data",
        ] {
            assert!(proving(content(kind)).await.is_ok(), "{kind}");
        }
        for kind in [
            "text/plain",
            "multipart/encrypted",
            "application/pkcs7-mime; smime-type=signed-data",
            "multipart/mixed; protocol=\"application/pgp-encrypted\"; boundary=x",
            "multipart/signed; protocol=\"application/pgp-signature\"; boundary=x",
        ] {
            assert!(proving(content(kind)).await.is_err_and(|fault| fault.code == FaultCode::SealingRefused), "{kind}");
        }
    }
}
