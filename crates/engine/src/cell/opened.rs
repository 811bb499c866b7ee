//! The cell's side of mail that comes in sealed: it is opened here, before it is read, and nowhere else; and here is said what that proves.

use crate::cell::child::Pipes;
use crate::cell::sealed::{Chance, asking};
use crate::cell::wire::Failure;
use crate::opening::{DOUBTS_MAX, Doubt, MailOrder, Signer, unasked};
use mail::{Limits, Reading, SealScheme, SignatureFound, Unopened, Worth};
use seal::Trouble;
use seal::entity::Entity;
use seal::order::{Opened, Signers};
use seal::trust::{Verdict, is_same_address};
use seal::verdict::{CERTIFICATE_MISSING, LayerVerdict, SchemeName, SignatureVerdict, fingerprint_of};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// Signatures of one mail that are told.
const SIGNATURES_MAX: usize = 16;

/// What opening a mail has shown, before it is cut to what may be taken of it.
pub(super) struct Shown {
    /// Without what it was sealed in; `None` where it stays closed.
    pub(super) mail: Option<Vec<u8>>,
    pub(super) opened: mail::Opened,
    /// Of the outermost layer that is encrypted, as its standard calls it; empty where there is none.
    pub(super) cipher: String,
    /// Who wrote it, as its readers see it; `None` where it names nobody or several.
    pub(super) author: Option<String>,
    /// Signers of whose revocation authorities could say more.
    pub(super) doubts: Vec<Doubt>,
}

/// A mail as it is read, and what opening it has shown; `None` where it did not come sealed, or no order came with it.
pub(super) struct Found<'a> {
    pub(super) mail: Cow<'a, [u8]>,
    pub(super) opened: Option<mail::Opened>,
    /// Signers of whose revocation authorities could say more.
    pub(super) doubts: Vec<Doubt>,
}

impl<'a> Found<'a> {
    /// What may be taken of a mail by what opening it has shown.
    fn of(mail: &'a [u8], shown: Option<Shown>, limits: &Limits) -> Found<'a> {
        match shown {
            None => Found::as_it_came(mail, None),
            Some(Shown { mail: None, opened, .. }) => Found::as_it_came(mail, Some(opened)),
            Some(Shown { mail: Some(inner), opened, doubts, .. }) => {
                let cut = if opened.is_text_only { of_text_alone(&inner, limits) } else { None };
                Found { mail: Cow::Owned(cut.unwrap_or(inner)), opened: Some(opened), doubts }
            }
        }
    }

    fn as_it_came(mail: &'a [u8], opened: Option<mail::Opened>) -> Found<'a> {
        Found { mail: Cow::Borrowed(mail), opened, doubts: Vec::new() }
    }

    /// What the mail says.
    pub(super) fn read(self, limits: &Limits) -> Reading {
        let mut reading = mail::read(&self.mail, limits);
        reading.message.opened = self.opened;
        reading
    }
}

/// The encoded order of so many bytes, and what stands behind it.
pub(super) fn split(source: &[u8], order_bytes: u32) -> Result<(&[u8], &[u8]), Failure> {
    source.split_at_checked(order_bytes as usize).ok_or(Failure::AnswerTooLarge)
}

/// The mail without what it was sealed in, where an order came with it. Whatever cannot be opened is read as it came.
pub(super) fn open<'a>(order: &[u8], mail: &'a [u8], limits: &Limits, pipes: &mut Pipes) -> Result<Found<'a>, Failure> {
    if order.is_empty() {
        return Ok(Found::as_it_came(mail, None));
    }
    let shown = shown(order, mail, limits, pipes)?;
    Ok(Found::of(mail, shown, limits))
}

/// Opens a mail by an encoded order; `None` where it did not come sealed.
pub(super) fn shown(order: &[u8], mail: &[u8], limits: &Limits, pipes: &mut Pipes) -> Result<Option<Shown>, Failure> {
    let order: MailOrder = postcard::from_bytes(order).map_err(|_| Failure::AnswerTooLarge)?;
    Ok(shown_naming_signers(&order, mail, limits, pipes).0)
}

/// The mail by an order, with the certificates of those who signed the content.
pub(super) fn open_naming_signers<'a>(
    order: &MailOrder,
    mail: &'a [u8],
    limits: &Limits,
    pipes: &mut Pipes,
) -> (Found<'a>, Signers) {
    let (shown, signers) = shown_naming_signers(order, mail, limits, pipes);
    (Found::of(mail, shown, limits), signers)
}

fn shown_naming_signers(
    order: &MailOrder,
    mail: &[u8],
    limits: &Limits,
    pipes: &mut Pipes,
) -> (Option<Shown>, Signers) {
    let pipes = std::cell::RefCell::new(pipes);
    let holder = asking(&pipes);
    match order.open.carry_out_naming_signers(mail, &holder, &mut Chance) {
        Ok((opened, _)) if opened.verdict.layers.is_empty() => (None, Signers::default()),
        Ok((opened, signers)) => (Some(judged(order, opened, &signers, limits)), signers),
        Err(trouble) => {
            let opened = mail::Opened { unopened: Some(unopened(trouble)), ..mail::Opened::default() };
            let shown = Shown { mail: None, opened, cipher: String::new(), author: None, doubts: Vec::new() };
            (Some(shown), Signers::default())
        }
    }
}

/// Of what went wrong inside what is encrypted nobody learns more than that it does not open (SEC-14).
fn unopened(trouble: Trouble) -> Unopened {
    match trouble {
        Trouble::NotForUs => Unopened::ForOthers,
        Trouble::CannotOpen | Trouble::KeyRefused | Trouble::KeyAway => Unopened::DoesNotOpen,
        Trouble::Malformed(_) => Unopened::Malformed,
        Trouble::Unsupported(_) => Unopened::Unsupported,
    }
}

fn judged(order: &MailOrder, opened: Opened, signers: &Signers, limits: &Limits) -> Shown {
    let Opened { mail, verdict } = opened;
    let layer = verdict.layers.iter().find_map(|layer| match layer {
        LayerVerdict::Encrypted { scheme, cipher, .. } => Some((scheme_of(*scheme), cipher.clone())),
        LayerVerdict::Signed { .. } => None,
    });
    let (encrypted, cipher) = layer.map_or((None, String::new()), |(scheme, cipher)| (Some(scheme), cipher));
    let is_text_only = encrypted.is_some() && !verdict.is_proved;
    let has_fields_within = verdict.protected.is_some();
    let fields = verdict.protected.unwrap_or_default();
    let mut told = mail::Opened {
        encrypted,
        is_text_only,
        changed_fields: fields.changed.clone(),
        other_author: fields.other_author,
        has_fields_within,
        ..mail::Opened::default()
    };
    let author = author(&mail, limits);
    let mut doubts = Vec::new();
    if let Some(LayerVerdict::Signed { scheme, signatures }) = verdict.layers.last() {
        let judging = Judging { order, signers, author: author.as_deref() };
        let signatures = signatures.iter().take(SIGNATURES_MAX).enumerate();
        for (mut signature, doubt) in signatures.map(|(at, one)| judging.signature(*scheme, at, one)) {
            let is_left = doubt.is_some_and(|doubt| !is_asked_about(doubt, &mut doubts));
            if is_left && matches!(signature.worth, Worth::Trusted { .. }) {
                signature.worth = unasked();
            }
            told.signatures.push(signature);
        }
    }
    Shown { mail: Some(mail), opened: told, cipher, author, doubts }
}

/// Takes a doubt among those of its mail, each signer once, while there is room; whether authorities are asked about him.
fn is_asked_about(doubt: Doubt, doubts: &mut Vec<Doubt>) -> bool {
    if doubts.iter().any(|known| known.certificate == doubt.certificate) {
        return true;
    }
    let has_room = doubts.len() < DOUBTS_MAX && doubt.is_short();
    if has_room {
        doubts.push(doubt);
    }
    has_room
}

/// Who wrote the mail, as its readers see it; `None` where it names nobody or several.
fn author(opened: &[u8], limits: &Limits) -> Option<String> {
    let head = [Entity::read(opened).head, b"\r\n"].concat();
    match mail::read(&head, limits).message.headers.from.as_slice() {
        [one] => Some(one.address.trim().to_owned()),
        _ => None,
    }
}

/// The same mail with nothing but its text: no HTML, no file, nothing that a program would fetch or run (EFAIL). `None` where it is too
/// complex to be read.
fn of_text_alone(mail: &[u8], limits: &Limits) -> Option<Vec<u8>> {
    let (mut out, text) = head_and_text(mail, limits)?;
    const KIND: &str =
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";
    out.extend_from_slice(KIND.as_bytes());
    out.extend_from_slice(text.as_bytes());
    Some(out)
}

/// The fields of a mail but for those that say what its content is, and its text; `None` where it is too complex to be read.
pub(super) fn head_and_text(mail: &[u8], limits: &Limits) -> Option<(Vec<u8>, String)> {
    let Reading { message, too_complex, .. } = mail::read(mail, limits);
    if too_complex.is_some() {
        return None;
    }
    let mut head = Vec::new();
    for field in Entity::read(mail).fields() {
        let name = field.split(|byte| *byte == b':').next().unwrap_or_default().to_ascii_lowercase();
        if !name.starts_with(b"content-") && !name.starts_with(b"mime-version") {
            head.extend_from_slice(field);
        }
    }
    Some((head, message.text))
}

/// What signatures are judged by.
struct Judging<'a> {
    order: &'a MailOrder,
    signers: &'a Signers,
    author: Option<&'a str>,
}

impl Judging<'_> {
    fn signature(&self, scheme: SchemeName, at: usize, one: &SignatureVerdict) -> (SignatureFound, Option<Doubt>) {
        let mut doubt = None;
        let worth = match (&one.flaw, self.author) {
            (Some(flaw), _) if flaw == CERTIFICATE_MISSING => Worth::Unknown,
            (Some(flaw), _) => Worth::Wrong { why: flaw.clone() },
            (None, None) => Worth::Untrusted { why: "the mail names no author, or several".to_owned() },
            (None, Some(author)) => match scheme {
                SchemeName::Smime => {
                    let (worth, found) = self.of_certificate(at, author);
                    doubt = found;
                    worth
                }
                SchemeName::Pgp => of_pgp(one, author),
            },
        };
        let fingerprint = one.by.as_ref().map(|by| by.fingerprint.clone()).unwrap_or_default();
        (SignatureFound { scheme: scheme_of(scheme), fingerprint, worth }, doubt)
    }

    /// A path to an anchor, for mail, for signing, and for the author's address; and what authorities could say more of it.
    fn of_certificate(&self, at: usize, author: &str) -> (Worth, Option<Doubt>) {
        let Some(certificate) = self.signers.certificates.get(at).and_then(Option::as_ref) else {
            return (Worth::Untrusted { why: "its certificate is not had".to_owned() }, None);
        };
        let verdict = path(self.order, self.signers, certificate, author);
        let worth = self.order.grounds.worth(&verdict, self.order.open.now);
        let is_open = self.order.tells_doubts && !verdict.questions.is_empty();
        let doubt = || Doubt {
            certificate: certificate.clone(),
            along: of_path(self.signers, &verdict).cloned().collect(),
            author: author.to_owned(),
        };
        (worth, is_open.then(doubt))
    }
}

/// The path of a signer's certificate to an anchor of the order, and what is against it.
pub(super) fn path(order: &MailOrder, signers: &Signers, certificate: &[u8], author: &str) -> Verdict {
    let signer = Signer { certificate, along: &signers.along, author };
    order.grounds.verdict(signer, &[], order.open.now)
}

/// The certificates that came along and that a path goes over, each once, however often it came.
pub(super) fn of_path<'a>(signers: &'a Signers, verdict: &Verdict) -> impl Iterator<Item = &'a Vec<u8>> {
    let mut prints: BTreeSet<String> = verdict.chain.iter().skip(1).map(|link| link.fingerprint.clone()).collect();
    signers.along.iter().filter(move |der| prints.remove(&fingerprint_of(der)))
}

/// The certificate is in the folder, or its signature could not be checked; whoever put it there vouches for the names that still count.
fn of_pgp(one: &SignatureVerdict, author: &str) -> Worth {
    let speaks = one.by.iter().flat_map(|by| &by.addresses).any(|address| is_same_address(address, author, true));
    match speaks {
        true => Worth::Trusted { by: String::new() },
        false => Worth::Untrusted { why: "its key does not speak for the address".to_owned() },
    }
}

fn scheme_of(scheme: SchemeName) -> SealScheme {
    match scheme {
        SchemeName::Smime => SealScheme::Smime,
        SchemeName::Pgp => SealScheme::OpenPgp,
    }
}
