//! S/MIME beside OpenSSL's, in both directions and byte for byte: each algorithm that its `cms` command knows.

mod authority;
mod encryption;
mod headers;
mod kem;
mod mails;
mod orders;
mod signatures;

#[path = "../shared/cast.rs"]
mod cast;
#[path = "../shared/chance.rs"]
mod chance;
#[path = "../shared/folder.rs"]
mod folder;
