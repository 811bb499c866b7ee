//! How an answer is made to fit its limit: texts are cut, and the message says so.

use mail::{Message, Reading, Reply};
use postcard::ser_flavors::Size;

/// What each text keeps when an answer is too large as a whole; far above what a tracker takes.
const TEXT_BYTES_KEPT: usize = 1024 * 1024;

/// The encoded reading, cut when it is longer than the limit; a reading that is still too long becomes a bare `too_complex`.
pub(super) fn encode(reading: Reading, bytes_max: u64) -> postcard::Result<Vec<u8>> {
    encode_before(reading, &[], bytes_max)
}

/// The same with what stands behind it, which the limit holds for, too.
pub(super) fn encode_before(mut reading: Reading, behind: &[u8], bytes_max: u64) -> postcard::Result<Vec<u8>> {
    let bytes_max = bytes_max.saturating_sub(behind.len() as u64);
    if let Some(whole) = within(&reading, behind, bytes_max)? {
        return Ok(whole);
    }
    cut(&mut reading);
    if let Some(shorter) = within(&reading, behind, bytes_max)? {
        return Ok(shorter);
    }
    let why = format!("what the message says is longer than {bytes_max} bytes");
    let mut bare = postcard::to_stdvec(&Reading {
        message: Message { faults: vec![why.clone()], ..Message::default() },
        reply: Reply::default(),
        too_complex: Some(why),
    })?;
    bare.extend_from_slice(behind);
    Ok(bare)
}

/// The encoded reading, when it is not longer. It is measured first: a long one would stand in memory twice for nothing.
fn within(reading: &Reading, behind: &[u8], bytes_max: u64) -> postcard::Result<Option<Vec<u8>>> {
    let length = postcard::serialize_with_flavor(reading, Size::default())?;
    if u64::try_from(length).is_ok_and(|length| length <= bytes_max) {
        let mut encoded = postcard::to_extend(reading, Vec::with_capacity(length + behind.len()))?;
        encoded.extend_from_slice(behind);
        return Ok(Some(encoded));
    }
    Ok(None)
}

fn cut(reading: &mut Reading) {
    // The layout says what the text says, at several times its length.
    reading.reply.document = None;
    reading.reply.hidden.iter_mut().for_each(|hidden| hidden.document = None);
    let message = &mut reading.message;
    let mut texts = vec![&mut message.text, &mut reading.reply.visible];
    texts.extend(message.html.as_mut());
    texts.extend(message.forward.iter_mut().flat_map(|forward| [&mut forward.text, &mut forward.before]));
    texts.extend(reading.reply.hidden.iter_mut().map(|hidden| &mut hidden.text));
    for text in texts {
        text.truncate(text.floor_char_boundary(TEXT_BYTES_KEPT));
    }
    message.faults.push(format!("the text is too long and was cut after {TEXT_BYTES_KEPT} bytes"));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn reading(text_bytes: usize, faults: usize) -> Reading {
        let message =
            Message { text: "ä".repeat(text_bytes / 2), faults: vec!["odd".to_owned(); faults], ..Message::default() };
        Reading { message, reply: Reply::default(), too_complex: None }
    }

    fn through(reading: Reading, bytes_max: u64) -> Reading {
        let bytes = encode(reading, bytes_max).unwrap();
        assert!(bytes.len() as u64 <= bytes_max);
        postcard::from_bytes(&bytes).unwrap()
    }

    #[test]
    fn a_reading_within_the_limit_is_left_alone() {
        assert_eq!(through(reading(1000, 1), 10_000), reading(1000, 1));
    }

    #[test]
    fn a_long_text_is_cut_at_a_character_and_the_message_says_so() {
        let cut = through(reading(5 * TEXT_BYTES_KEPT, 0), 4 * TEXT_BYTES_KEPT as u64);
        assert_eq!(cut.message.text.len(), TEXT_BYTES_KEPT);
        assert!(cut.message.faults.iter().any(|fault| fault.contains("cut after")));
        assert_eq!(cut.too_complex, None);
    }

    #[test]
    fn what_cannot_be_cut_becomes_too_complex() {
        assert!(through(reading(10, 10_000), 1000).too_complex.is_some());
    }
}
