//! S/MIME beside OpenSSL's, in both directions and byte for byte: each algorithm that its `cms` command knows.

mod authority;
mod encryption;
mod headers;
mod mails;
mod orders;
mod signatures;
