//! Files of keys as OpenSSL, Java and GnuPG write them, and ours as they read them.
#![allow(clippy::unwrap_used)]

mod hostile;
mod java;
mod openpgp;
mod openssl;
mod pkcs12;
mod uploads;
mod workshop;
mod written;

#[path = "../shared/chance.rs"]
mod chance;
