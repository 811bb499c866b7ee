//! Signs letters of our own domains with DKIM (RFC 6376, Ed25519 by RFC 8463), and says what DNS has to hold for that.
//!
//! The same letter always gets the same signature, also at another try a day later: its time is that of the letter's `Date`, and both
//! algorithms are deterministic.

mod canonical;

pub use canonical::Body;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256};
use canonical::{field, fields, unfolded};
use data_encoding::BASE64;
use policy::fault::{Fault, FaultCode};
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use std::collections::HashMap;
use std::sync::Arc;

/// A shorter RSA key is not safe any more (RFC 8301 demands 1024 and recommends 2048), and a longer one does not fit into DNS everywhere.
const RSA_BITS_MIN: usize = 2048;
const RSA_BITS_MAX: usize = 4096;

/// Octets of one string of a TXT record (RFC 1035, section 3.3.14).
const STRING_BYTES_MAX: usize = 255;
/// Octets of a line of the signature.
const LINE_BYTES_MAX: usize = 76;

/// The fields that are signed where a letter has them, each as often as it is there (RFC 6376, section 5.4.1).
const SIGNED: [&str; 19] = [
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "content-language",
    "auto-submitted",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "precedence",
    "x-auto-response-suppress",
];

/// Of these the signature also says that there are no more, so that nobody can put in another one that readers see instead (RFC 6376,
/// section 8.15).
const NO_MORE: [&str; 9] = [
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "content-type",
    "list-unsubscribe",
    "list-unsubscribe-post",
];

/// The key of a domain, under one selector.
pub struct Key {
    domain: String,
    selector: String,
    pair: Pair,
}

enum Pair {
    Rsa(Box<rsa::KeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
}

impl std::fmt::Debug for Key {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").field("record", &self.record_name()).finish_non_exhaustive()
    }
}

/// Why a key cannot sign, and what to do; nothing of the key stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unusable {
    pub why: &'static str,
    pub remedy: &'static str,
}

impl Key {
    /// A private key in PEM: RSA of 2048 to 4096 bits (PKCS #1 or #8) or Ed25519 (PKCS #8).
    ///
    /// # Errors
    /// When it is none of these.
    pub fn from_pem(domain: &str, selector: &str, pem: &str) -> Result<Key, Unusable> {
        let pair = pair(pem)?;
        Ok(Key { domain: domain.to_ascii_lowercase(), selector: selector.to_ascii_lowercase(), pair })
    }

    /// What it is, as in `rsa, 2048 bits`.
    pub fn kind(&self) -> String {
        match &self.pair {
            Pair::Rsa(pair) => format!("rsa, {} bits", pair.public_modulus_len() * 8),
            Pair::Ed25519(_) => "ed25519".to_owned(),
        }
    }

    /// The name of the record that DNS has to hold (RFC 6376, section 3.6.2.1).
    pub fn record_name(&self) -> String {
        format!("{}._domainkey.{}", self.selector, self.domain)
    }

    /// What that TXT record has to say (RFC 6376, section 3.6.1).
    ///
    /// # Errors
    /// `Internal` when the public key cannot be written.
    pub fn record(&self) -> Result<String, Fault> {
        Ok(match &self.pair {
            Pair::Rsa(pair) => {
                let public: PublicKeyX509Der<'_> =
                    pair.public_key().as_der().map_err(|_| internal("a public key cannot be written"))?;
                format!("v=DKIM1; k=rsa; p={}", BASE64.encode(public.as_ref()))
            }
            Pair::Ed25519(pair) => format!("v=DKIM1; k=ed25519; p={}", BASE64.encode(pair.public_key().as_ref())),
        })
    }

    /// The record as a line of a zone file, in strings that are short enough.
    ///
    /// # Errors
    /// Those of [`Key::record`].
    pub fn zone_line(&self) -> Result<String, Fault> {
        let record = self.record()?;
        let strings: Vec<String> = record.as_bytes().chunks(STRING_BYTES_MAX).map(quoted).collect();
        Ok(format!("{}. IN TXT ( {} )", self.record_name(), strings.join(" ")))
    }

    /// The signature's field with its line end, to be put before a mail that begins with `head`, whose body has this digest.
    fn signature(&self, head: &[u8], body: &[u8; 32], at_s: i64) -> Result<Vec<u8>, Fault> {
        let fields = fields(head);
        let (names, mut signed) = signed(&fields);
        let algorithm = match &self.pair {
            Pair::Rsa(_) => "rsa-sha256",
            Pair::Ed25519(_) => "ed25519-sha256",
        };
        let mut written = folded(&[
            format!("v=1; a={algorithm}; c=relaxed/relaxed; d={};", self.domain),
            format!("s={}; t={};", self.selector, at_s.max(0)),
            format!("h={};", names.join(":")),
            format!("bh={};", BASE64.encode(body)),
            "b=".to_owned(),
        ]);
        // Its own field comes last, without its line end (RFC 6376, section 3.7).
        signed.extend_from_slice(b"dkim-signature:");
        signed.extend_from_slice(unfolded(written.as_bytes()).as_slice());
        for piece in BASE64.encode(&self.sign(&signed)?).as_bytes().chunks(LINE_BYTES_MAX - 1) {
            written.push_str("\r\n\t");
            // Base64 is ASCII.
            written.push_str(&String::from_utf8_lossy(piece));
        }
        Ok(format!("DKIM-Signature:{written}\r\n").into_bytes())
    }

    fn sign(&self, signed: &[u8]) -> Result<Vec<u8>, Fault> {
        match &self.pair {
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let signing = pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed, &mut signature);
                signing.map_err(|_| internal("a letter cannot be signed")).map(|()| signature)
            }
            // RFC 8463, section 3: the digest is what is signed.
            Pair::Ed25519(pair) => {
                let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, signed);
                Ok(pair.sign(digest.as_ref()).as_ref().to_vec())
            }
        }
    }
}

fn pair(pem: &str) -> Result<Pair, Unusable> {
    let wrong = |why| Unusable {
        why,
        remedy: "make a key with `openssl genpkey -algorithm ed25519` or `openssl genrsa 2048`, and name its file",
    };
    let unread = || wrong("is no private key in PEM");
    let of_rsa = |pair: rsa::KeyPair| match pair.public_modulus_len() * 8 {
        ..RSA_BITS_MIN => Err(wrong("is an RSA key of fewer than 2048 bits")),
        RSA_BITS_MIN..=RSA_BITS_MAX => Ok(Pair::Rsa(Box::new(pair))),
        _ => Err(wrong("is an RSA key of more than 4096 bits")),
    };
    match PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| unread())? {
        PrivateKeyDer::Pkcs1(key) => {
            let pair = rsa::KeyPair::from_der(key.secret_pkcs1_der());
            of_rsa(pair.map_err(|_| wrong("is no RSA key of 2048 to 4096 bits"))?)
        }
        PrivateKeyDer::Pkcs8(key) => {
            let key = key.secret_pkcs8_der();
            if let Ok(pair) = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key) {
                return Ok(Pair::Ed25519(Box::new(pair)));
            }
            let pair = rsa::KeyPair::from_pkcs8(key);
            of_rsa(pair.map_err(|_| wrong("is neither an RSA key of 2048 to 4096 bits nor an Ed25519 key"))?)
        }
        _ => Err(wrong("is neither an RSA key nor an Ed25519 key")),
    }
}

/// The names that stand in `h=`, and the canonical form of what they mean: of several fields of one name the last one first (RFC 6376,
/// section 5.4.2).
fn signed(fields: &[(String, &[u8])]) -> (Vec<&'static str>, Vec<u8>) {
    let (mut names, mut signed) = (Vec::new(), Vec::new());
    for name in SIGNED {
        for (_, value) in fields.iter().rev().filter(|(known, _)| known == name) {
            names.push(name);
            signed.extend_from_slice(&field(name, value));
        }
        if NO_MORE.contains(&name) {
            names.push(name);
        }
    }
    (names, signed)
}

/// Tags on lines of their own, long ones broken between names.
fn folded(tags: &[String]) -> String {
    let mut written = String::new();
    for tag in tags {
        written.push_str(if written.is_empty() { " " } else { "\r\n\t" });
        let mut column = 0;
        for piece in tag.split_inclusive(':') {
            if column > 0 && column + piece.len() > LINE_BYTES_MAX - 2 {
                written.push_str("\r\n\t ");
                column = 0;
            }
            written.push_str(piece);
            column += piece.len();
        }
    }
    written
}

fn quoted(string: &[u8]) -> String {
    format!("\"{}\"", String::from_utf8_lossy(string))
}

fn internal(detail: &'static str) -> Fault {
    Fault::permanent(FaultCode::Internal, detail)
}

/// The keys of all domains.
#[derive(Debug, Default)]
pub struct Signers(HashMap<String, Vec<Arc<Key>>>);

impl Signers {
    pub fn new(keys: impl IntoIterator<Item = Arc<Key>>) -> Signers {
        let mut signers = Signers::default();
        for key in keys {
            signers.0.entry(key.domain.clone()).or_default().push(key);
        }
        signers
    }

    /// Those that sign what is from this address; `None` when nobody does.
    pub fn of(&self, from: &str) -> Option<Signer<'_>> {
        let domain = from.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
        self.0.get(&domain).map(|keys| Signer(keys))
    }
}

/// The keys of one domain.
#[derive(Debug, Clone, Copy)]
pub struct Signer<'a>(&'a [Arc<Key>]);

impl Signer<'_> {
    /// What has to stand before a mail: a signature for each key. `head` is the mail's beginning up to its body, or more of it; `at_s` its
    /// date, in seconds since 1970.
    ///
    /// # Errors
    /// `Internal` when a key does not sign.
    pub fn signatures(&self, head: &[u8], body: Body, at_s: i64) -> Result<Vec<u8>, Fault> {
        let digest = body.digest();
        let mut all = Vec::new();
        for key in self.0 {
            all.extend(key.signature(head, &digest, at_s)?);
        }
        Ok(all)
    }

    /// [`Signer::signatures`] of a whole mail.
    ///
    /// # Errors
    /// Those of [`Signer::signatures`].
    pub fn signatures_of(&self, mail: &[u8], at_s: i64) -> Result<Vec<u8>, Fault> {
        let mut body = Body::default();
        body.push(body_of(mail));
        self.signatures(mail, body, at_s)
    }
}

/// What comes after the empty line of a mail.
pub fn body_of(mail: &[u8]) -> &[u8] {
    const HEAD_ENDS: &[u8] = b"\r\n\r\n";
    memchr::memmem::find(mail, HEAD_ENDS).and_then(|at| mail.get(at + HEAD_ENDS.len()..)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
