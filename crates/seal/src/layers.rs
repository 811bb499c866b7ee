//! Mail within mail: opened layer by layer, in whatever scheme.

use crate::Trouble;
use crate::entity::with_crlf;
use crate::header_protection::{Protected, Restored, restored};
use std::borrow::Cow;

/// Layers of one mail: signed, encrypted, and signed again is as much as anybody makes (RFC 2634).
const LAYERS_MAX: usize = 4;

/// A mail without its layers.
#[derive(Debug, PartialEq, Eq)]
pub struct OpenedMail<L> {
    /// The fields from outside with the content from within.
    pub mail: Vec<u8>,
    /// The outermost first.
    pub layers: Vec<L>,
    /// How its fields were protected.
    pub protected: Option<Protected>,
}

/// What a layer says of what is within it.
pub(crate) trait Wrapping {
    fn is_encrypted(&self) -> bool;
    /// A signature holds, whoever made it.
    fn is_signed(&self) -> bool;
}

/// What was within, and the layers that came off together.
pub(crate) type Peeled<L> = Option<(Vec<u8>, Vec<L>)>;

/// The mail without its layers. `peel` takes the outermost off, and finds `None` where there is none.
///
/// # Errors
/// Those of `peel`; of what was encrypted no more than that it does not open.
pub(crate) fn opened<L: Wrapping>(
    mail: &[u8],
    mut peel: impl FnMut(&[u8]) -> Result<Peeled<L>, Trouble>,
) -> Result<OpenedMail<L>, Trouble> {
    let mail = with_crlf(mail);
    let (mut current, mut layers) = (Cow::Borrowed(&mail[..]), Vec::<L>::new());
    let mut is_encrypted = false;
    while layers.len() < LAYERS_MAX {
        let found = peel(&current).map_err(|trouble| if is_encrypted { Trouble::CannotOpen } else { trouble })?;
        let Some((inner, found)) = found else { break };
        layers.extend(found);
        is_encrypted = layers.iter().any(Wrapping::is_encrypted);
        current = Cow::Owned(inner);
    }
    if layers.is_empty() {
        return Ok(OpenedMail { mail: mail.into_owned(), layers, protected: None });
    }
    let is_signed = layers.iter().any(Wrapping::is_signed);
    let Restored { mail, protected } = restored(&mail, &current, is_encrypted, is_signed);
    Ok(OpenedMail { mail, layers, protected })
}
