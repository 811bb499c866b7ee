//! A mail whose header was looked at before the mail itself is read.

use crate::cell::Source;
use bytes::Bytes;
use policy::Fault;
use std::collections::VecDeque;

/// What was taken out already, and behind it the rest.
pub(crate) struct Peeked<S> {
    taken: VecDeque<Bytes>,
    rest: S,
}

impl<S: Source> Peeked<S> {
    pub(crate) fn untouched(rest: S) -> Peeked<S> {
        Peeked { taken: VecDeque::new(), rest }
    }

    /// The header, at most about so many bytes of it, and the whole mail.
    pub(crate) async fn head_of(mut source: S, bytes_max: usize) -> Result<(Vec<u8>, Peeked<S>), Fault> {
        let (mut head, mut taken) = (Vec::new(), VecDeque::new());
        while head.len() <= bytes_max {
            let Some(piece) = source.next().await? else { break };
            // The empty line may lie across two pieces.
            let from = head.len().saturating_sub(3);
            head.extend_from_slice(&piece);
            taken.push_back(piece);
            if let Some(at) = end_of_head(&head[from..]) {
                head.truncate(from + at);
                break;
            }
        }
        Ok((head, Peeked { taken, rest: source }))
    }
}

fn end_of_head(bytes: &[u8]) -> Option<usize> {
    let ends: [&[u8]; 2] = [b"\r\n\r\n", b"\n\n"];
    ends.iter().filter_map(|end| bytes.windows(end.len()).position(|at| at == *end).map(|at| at + end.len())).min()
}

impl<S: Source> Source for Peeked<S> {
    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        match self.taken.pop_front() {
            Some(piece) => Ok(Some(piece)),
            None => self.rest.next().await,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    struct Pieces(VecDeque<&'static str>);

    impl Source for Pieces {
        async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
            Ok(self.0.pop_front().map(|piece| Bytes::from_static(piece.as_bytes())))
        }
    }

    #[tokio::test]
    async fn a_header_is_found_across_pieces_and_the_mail_stays_whole() {
        for (pieces, head) in [
            (["From: a\r\n\r", "\nbody\r\n\r\nmore", ""], "From: a\r\n\r\n"),
            (["From: a\n", "\nbody\n\n", "more"], "From: a\n\n"),
            (["From: a\r\n", "To: b\r\n", "no end"], "From: a\r\nTo: b\r\nno end"),
        ] {
            let whole = pieces.concat();
            let pieces = Pieces(pieces.into_iter().filter(|piece| !piece.is_empty()).collect());
            let (found, mut mail) = Peeked::head_of(pieces, 1000).await.unwrap();
            assert_eq!(found, head.as_bytes());
            let mut read = Vec::new();
            while let Some(piece) = mail.next().await.unwrap() {
                read.extend_from_slice(&piece);
            }
            assert_eq!(read, whole.as_bytes());
        }
    }

    #[tokio::test]
    async fn no_more_is_taken_than_a_header_may_have() {
        let (head, _) = Peeked::head_of(Pieces(VecDeque::from(["x: y\r\n"; 100])), 60).await.unwrap();
        assert!(head.len() <= 70);
    }
}
