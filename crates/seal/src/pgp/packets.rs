//! Packets, read with bounds and written (RFC 9580, section 4).

use crate::Trouble;
use pgp::composed::PacketBodyReader;
use pgp::errors::Error;
use pgp::packet::{Packet, PacketHeader, PacketTrait};
use pgp::types::Tag;

/// A packet in a row of them.
pub(super) struct Read {
    pub(super) tag: Tag,
    /// `None` where its content is of a kind or version that nobody here knows.
    pub(super) packet: Option<Packet>,
}

/// All packets of `bytes`, at most `max`.
///
/// # Errors
/// [`Trouble::Malformed`] when one is cut off or has no head; [`Trouble::Unsupported`] when there are more.
pub(super) fn packets(bytes: &[u8], max: usize) -> Result<Vec<Read>, Trouble> {
    const CUT_OFF: Trouble = Trouble::Malformed("a packet is cut off");
    let (mut found, mut rest) = (Vec::new(), bytes);
    while !rest.is_empty() {
        if found.len() == max {
            return Err(Trouble::Unsupported("so many packets"));
        }
        let header =
            PacketHeader::try_from_reader(&mut rest).map_err(|_| Trouble::Malformed("a packet has no head"))?;
        let mut body = PacketBodyReader::new(header, &mut rest).map_err(|_| CUT_OFF)?;
        let packet = match Packet::from_reader(header, &mut body) {
            Ok(packet) => Some(packet),
            Err(Error::IO { .. } | Error::PacketIncomplete { .. }) => return Err(CUT_OFF),
            Err(_) => None,
        };
        found.push(Read { tag: header.tag(), packet });
    }
    Ok(found)
}

/// Packets that say nothing (RFC 9580, section 4.3): a message is read as if they were not there.
pub(super) fn is_nothing(tag: Tag) -> bool {
    matches!(tag, Tag::Marker | Tag::Padding | Tag::UnassignedNonCritical(_) | Tag::Experimental(_))
}

/// A packet with its head.
pub(super) fn written(packet: &impl PacketTrait) -> Result<Vec<u8>, Trouble> {
    let mut out = Vec::new();
    packet.to_writer_with_header(&mut out).map_err(|_| Trouble::Unsupported("a packet of this size"))?;
    Ok(out)
}

/// Content in a packet of its own, without a name and a time, which nobody needs to learn.
pub(super) fn literal(content: &[u8]) -> Result<Vec<u8>, Trouble> {
    let length = u32::try_from(content.len() + 6).map_err(|_| Trouble::Unsupported("content of more than 4 GiB"))?;
    let mut out = vec![0xc0 | 11, 0xff];
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(&[b'b', 0, 0, 0, 0, 0]);
    out.extend_from_slice(content);
    Ok(out)
}
