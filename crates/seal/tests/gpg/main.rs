//! OpenPGP beside GnuPG, in both directions, and beside the vectors of the standards.

mod heads;
mod home;
mod mails;
mod messages;
mod passwords;
mod signers;
mod survival;
mod validity;
mod vectors;

#[path = "../shared/chance.rs"]
mod chance;
