//! What a message says: bytes in, values out; no I/O, no clock, no randomness of its own.

pub mod message;

pub use message::{
    Address, Attendee, Automatic, AutomaticKind, Bounce, BouncedRecipient, Calendar, Envelope, Forward, Headers, Hidden,
    HiddenKind, Message, Part, Reply,
};
