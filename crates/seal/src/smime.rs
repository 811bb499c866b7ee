//! S/MIME: mail signed and encrypted with certificates (RFC 8551).
//!
//! CMS is read and written here ourselves, on X.509 types and primitives of others: what was signed has to be had byte for byte, as it
//! was sent, and streaming senders write it in BER.

mod capabilities;
mod certificate;
mod cipher;
mod decrypt;
mod encrypt;
pub(crate) mod issued;
mod kem_recipient;
mod legacy;
mod recipient;
mod sign;
mod signature;
mod verify;
mod whole;

pub use crate::asn1::normalised;
pub use capabilities::{Capabilities, cipher_at_least, cipher_for_all, transport};
pub(crate) use certificate::public_key;
pub use certificate::{Certificate, PublicKey};
pub use cipher::ContentCipher;
pub use decrypt::{Opened, decrypt, decrypt_with};
pub use encrypt::{Recipient, Transport, encrypt};
pub use legacy::Legacy;
pub use sign::{Signer, sign};
pub use signature::{Digest, Scheme};
pub use verify::{Flaw, Signature, Signed, verify};
pub use whole::{Layer, OpenedMail, Opening, Orders, open, open_with, seal};
