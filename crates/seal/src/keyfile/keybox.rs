//! GnuPG's keybox (`pubring.kbx`): certificates of OpenPGP and of X.509 in blobs, as `kbx/keybox-blob.c` describes them.

use super::binary::Bytes;
use super::finding::Finding;
use super::{Problem, ring};
use crate::Trouble;

const MAGIC: &[u8] = b"KBXf";
const HEADER_LEN: usize = 32;

pub(super) fn is_keybox(bytes: &[u8]) -> bool {
    bytes.get(4) == Some(&1) && bytes.get(8..12) == Some(MAGIC)
}

pub(super) fn keybox(bytes: &[u8], finding: &mut Finding<'_>) -> Result<(), Problem> {
    let mut rest = Bytes(bytes);
    while !rest.0.is_empty() {
        let len = usize::try_from(Bytes(rest.0).u32()?).unwrap_or(usize::MAX);
        if len < 5 {
            return Err(Trouble::Malformed("a blob of a keybox is shorter than its head").into());
        }
        let blob = rest.take(len)?;
        let held = match blob[4] {
            2 => content(blob).and_then(|content| ring::ring(content, finding)),
            3 => content(blob).map(|content| finding.certificate(content)),
            // A blob that was deleted, or a head.
            0 | 1 => Ok(()),
            _ => Err(Trouble::Unsupported("a blob of another kind").into()),
        };
        if let Err(why) = held {
            finding.fault(why);
        }
    }
    Ok(())
}

/// Where in the blob it says that the certificate stands.
fn content(blob: &[u8]) -> Result<&[u8], Problem> {
    let mut head = Bytes(blob);
    head.take(8)?;
    let at = usize::try_from(head.u32()?).unwrap_or(usize::MAX);
    let len = usize::try_from(head.u32()?).unwrap_or(usize::MAX);
    let end = at.checked_add(len).filter(|_| at >= HEADER_LEN);
    let held = end.and_then(|end| blob.get(at..end));
    held.ok_or(Problem::Trouble(Trouble::Malformed("a blob of a keybox points outside itself")))
}
