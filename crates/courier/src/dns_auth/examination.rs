//! A mail as it streams by: its header is kept, its body goes into hashes.

use mail::authenticity::{self, HEAD_BYTES_MAX};
use mail_auth::common::crypto::{HashContext, HashImpl, Sha256};
use mail_auth::dkim::Canonicalization;
use mail_auth::dkim::canonicalize::BodyHasher;

type Hasher = BodyHasher<<Sha256 as HashImpl>::Context>;

/// Takes in a mail, piece by piece. Memory: its header, at most 256 KiB.
#[derive(Default)]
pub struct Examination {
    head: Vec<u8>,
    /// The header is complete, or too large.
    head_ended: bool,
    hashers: Vec<(Canonicalization, Hasher)>,
}

impl Examination {
    /// A further piece; whether more is of use. A mail without signatures is not read to its end.
    pub fn write(&mut self, piece: &[u8]) -> bool {
        if self.head_ended {
            self.hashers.iter_mut().for_each(|(_, hasher)| hasher.write(piece));
            return !self.hashers.is_empty();
        }
        const END: &[u8] = b"\r\n\r\n";
        let from = self.head.len().saturating_sub(END.len() - 1);
        self.head.extend_from_slice(piece);
        if let Some(at) = self.head[from..].windows(END.len()).position(|window| window == END) {
            let body = self.head.split_off(from + at + END.len());
            self.end_head();
            return self.write(&body);
        }
        if self.head.len() > HEAD_BYTES_MAX {
            // A mail with more header proves nothing, and is quarantined anyway (SEC-22).
            self.head_ended = true;
        }
        !self.head_ended
    }

    fn end_head(&mut self) {
        self.head_ended = true;
        let fields = authenticity::fields(&self.head).map_or(Vec::new(), |found| found.fields);
        if !fields.iter().any(|(name, _)| is_signature(name)) {
            return;
        }
        for canonicalization in [Canonicalization::Simple, Canonicalization::Relaxed] {
            self.hashers.push((canonicalization, BodyHasher::new(Sha256::hasher(), canonicalization, 0)));
        }
    }

    /// What verifying needs of the mail.
    pub(super) fn finish(mut self) -> Examined {
        if !self.head_ended {
            // A mail that is all header has an empty body.
            self.end_head();
        }
        let hash = |hasher: Hasher| hasher.finish().0.complete().as_ref().to_vec();
        let body_hashes = self.hashers.into_iter().map(|(form, hasher)| (form, hash(hasher))).collect();
        Examined { head: self.head, body_hashes }
    }
}

/// A mail's header, and the hashes of its body in each form; none for a mail without signatures.
pub(super) struct Examined {
    pub(super) head: Vec<u8>,
    pub(super) body_hashes: Vec<(Canonicalization, Vec<u8>)>,
}

fn is_signature(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"DKIM-Signature") || name.eq_ignore_ascii_case(b"ARC-Message-Signature")
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::digest::{SHA256, digest};

    const HEAD: &[u8] = b"From: ann@corp.example\r\nDKIM-Signature: v=1\r\n\r\n";

    #[test]
    fn a_mail_is_the_same_however_it_is_cut() {
        let mail = [HEAD, b" Two  words \r\n\r\nend\r\n\r\n\r\n"].concat();
        for size in 1..=mail.len() {
            let mut examination = Examination::default();
            assert!(mail.chunks(size).all(|piece| examination.write(piece)), "in pieces of {size}");
            let examined = examination.finish();
            assert_eq!(examined.head, HEAD);
            let hashed = |text: &[u8]| digest(&SHA256, text).as_ref().to_vec();
            assert_eq!(
                examined.body_hashes,
                [
                    (Canonicalization::Simple, hashed(b" Two  words \r\n\r\nend\r\n")),
                    (Canonicalization::Relaxed, hashed(b" Two words\r\n\r\nend\r\n")),
                ],
                "in pieces of {size}"
            );
        }
    }

    #[test]
    fn a_mail_that_is_all_header_has_an_empty_body() {
        let mut examination = Examination::default();
        assert!(examination.write(&HEAD[..HEAD.len() - 2]));
        let hashes = examination.finish().body_hashes;
        assert_eq!(hashes[1], (Canonicalization::Relaxed, digest(&SHA256, b"").as_ref().to_vec()));
    }

    #[test]
    fn a_mail_without_signatures_is_not_read_to_its_end() {
        let mut examination = Examination::default();
        assert!(examination.write(b"From: ann@corp.example\r\n"));
        assert!(!examination.write(b"\r\nbody"));
        assert!(examination.finish().body_hashes.is_empty());
    }

    #[test]
    fn sec_22_an_endless_header_is_not_kept() {
        let mut examination = Examination::default();
        let pieces = (0..1000).take_while(|_| examination.write(&[b'x'; 65_536])).count();
        assert!(pieces < 5);
        assert!(examination.finish().head.len() <= HEAD_BYTES_MAX + 65_536);
    }
}
