//! What the public rooms need of the running gateway: a way in for mail and for clicks. `sealpost` implements it over the engine.

use crate::reader::Answer;
use std::net::IpAddr;

/// The way into the gateway.
pub trait Door: Send + Sync + 'static {
    /// The site of this mailbox at this moment; `None` when there is no such mailbox.
    fn site_of(&self, mailbox: &str) -> Option<String>;

    /// Begins a mail for this mailbox; `None` when there is no such mailbox. `received` is our own `Received` header field, folded and
    /// with its final CRLF. The fault says when to try again where the queue or the disk is full.
    fn open<'a>(
        &'a self,
        mailbox: &'a str,
        envelope: Envelope,
        received: &'a str,
    ) -> Answer<'a, Option<Box<dyn Incoming>>>;

    /// What a link in a letter offers, without any effect; `None` for every link that cannot be used, whatever the cause.
    fn offer<'a>(&'a self, link: &'a str) -> Answer<'a, Option<Offer>>;

    /// Uses a link: durable when this returns what was offered. `None` for every link that cannot be used; of several clicks at once
    /// one gets an offer. After a fault the link is not used.
    fn accept<'a>(&'a self, link: &'a str) -> Answer<'a, Option<Offer>>;
}

/// What a link offers, in the words of the profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Offer {
    pub question: String,
    /// Empty for nothing.
    pub text: String,
    pub button: String,
    pub done: String,
}

/// One mail that is being handed in. Dropped before `finish` it never was.
pub trait Incoming: Send {
    /// A piece of the mail, with CRLF line ends.
    fn write<'a>(&'a mut self, bytes: &'a [u8]) -> Answer<'a, ()>;

    /// The mail is complete: durable when it returns. It is known again for five days by `key`, when there is one, else by envelope
    /// and bytes; `token` is the id of the token that it came with.
    fn finish<'a>(self: Box<Self>, token: &'a str, key: Option<&'a str>) -> Answer<'a, Handed>;
}

/// What a program says of a mail's way.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// `None` for the empty return path, and where there is no envelope.
    pub mail_from: Option<String>,
    pub rcpt_to: Vec<String>,
    pub client: Option<IpAddr>,
}

/// What became of a mail that arrived whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handed {
    /// It is durable under this id, now or since it was handed in before.
    In { message: String },
    /// Its key was given with another mail before; nothing was stored.
    KeyReused,
}
