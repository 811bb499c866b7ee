//! ASN.1 as mail and keys have it: elements of DER, what becomes of BER, and the identifiers of objects.

mod ber;
pub(crate) mod oid;
pub(crate) mod tlv;

pub use ber::normalised;
