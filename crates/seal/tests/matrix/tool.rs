//! What each tool is asked for.

use seal::smime::{ContentCipher, Digest, Scheme, Transport};
use std::process::Output;

/// Why a tool did not do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failing {
    /// It has no option or function for that.
    NoSuchThing,
    /// It tried, and said this.
    Said(String),
}

pub type Made = Result<Vec<u8>, Failing>;

/// A signature over the file `content`.
#[derive(Debug, Clone, Copy)]
pub struct Signing {
    pub who: &'static str,
    pub scheme: Scheme,
    pub is_opaque: bool,
    /// In BER, with lengths that are not said.
    pub is_streamed: bool,
}

/// The file `content`, encrypted.
#[derive(Debug, Clone, Copy)]
pub struct Encrypting {
    pub whom: &'static [&'static str],
    pub transport: Transport,
    pub cipher: ContentCipher,
    pub is_streamed: bool,
}

/// Somebody else's S/MIME.
pub trait Tool {
    fn name(&self) -> &'static str;
    fn version(&self) -> String;

    /// CMS.
    fn sign(&self, signing: &Signing) -> Made;
    /// The content, once it has said that the signature is good.
    fn verify(&self, signing: &Signing, cms: &[u8]) -> Made;
    /// CMS.
    fn encrypt(&self, encrypting: &Encrypting) -> Made;
    /// The content, opened with the key of this person.
    fn decrypt(&self, who: &'static str, cms: &[u8]) -> Made;
    /// A whole mail with this entity, signed by and encrypted for this person, as the tool makes mails.
    fn seal_mail(&self, who: &'static str, entity: &[u8]) -> Made;
    /// The entity within a mail that is signed by and encrypted for this person.
    fn open_mail(&self, who: &'static str, mail: &[u8]) -> Made;
}

/// What a command wrote, or its words in one line.
pub fn said(output: &Output) -> Result<(), Failing> {
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ");
    Err(Failing::Said(format!("{words} ({})", output.status)))
}

pub fn digest_name(digest: Digest) -> &'static str {
    match digest {
        Digest::Sha1 => "sha1",
        Digest::Sha256 => "sha256",
        Digest::Sha384 => "sha384",
        Digest::Sha512 => "sha512",
    }
}

/// As OpenSSL and others write it, in small letters.
pub fn cipher_name(cipher: ContentCipher) -> &'static str {
    match cipher {
        ContentCipher::Aes128Cbc => "aes-128-cbc",
        ContentCipher::Aes192Cbc => "aes-192-cbc",
        ContentCipher::Aes256Cbc => "aes-256-cbc",
        ContentCipher::Aes128Gcm => "aes-128-gcm",
        ContentCipher::Aes256Gcm => "aes-256-gcm",
        ContentCipher::TripleDesCbc => "3des",
        ContentCipher::Rc2Cbc(40) => "rc2-40",
        ContentCipher::Rc2Cbc(64) => "rc2-64",
        ContentCipher::Rc2Cbc(_) => "rc2-128",
    }
}
