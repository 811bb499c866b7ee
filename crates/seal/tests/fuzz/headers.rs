//! What holds for every mail whose fields travel within: what was said outside is not taken for what was said within.

use seal::entity::Entity;
use seal::header_protection::restored;

/// A text from which the subject at its head is taken out may be written otherwise.
const TIMES_MAX: usize = 4;
const MORE_BYTES_MAX: usize = 1024;

/// The first byte says whether it was encrypted (1) and signed (2), the next two how long the mail outside is; then come that, and what was
/// within.
pub fn check(input: &[u8]) {
    let [flags, high, low, rest @ ..] = input else { return };
    let (outer, payload) = rest.split_at(usize::from(u16::from_be_bytes([*high, *low])).min(rest.len()));
    let (is_encrypted, is_signed) = (flags & 1 != 0, flags & 2 != 0);
    let read = restored(outer, payload, is_encrypted, is_signed);
    assert_eq!(restored(outer, payload, is_encrypted, is_signed), read, "it is read in two ways");
    assert!(
        read.mail.len() <= input.len() * TIMES_MAX + MORE_BYTES_MAX,
        "{} bytes became {}",
        input.len(),
        read.mail.len()
    );
    let Some(protected) = &read.protected else { return };
    assert!(is_encrypted || is_signed, "nothing proves what stands within");
    assert!(is_encrypted || protected.hidden.is_empty(), "who only signs hides nothing");
    for name in ["subject", "references", "in-reply-to", "message-id"] {
        let said = Entity::read(&read.mail).value(name).map(<[u8]>::trim_ascii);
        let Some(said) = said.filter(|said| !said.is_empty()) else { continue };
        assert!(payload.windows(said.len()).any(|piece| piece == said), "{name} was not said within");
    }
}
