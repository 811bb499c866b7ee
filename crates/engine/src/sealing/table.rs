//! The folder of keys, ready to be asked for addresses and fingerprints.

use super::found::Found;
use super::keys::{of_pgp, of_smime, trust};
use crate::cell::OwnKey as Signing;
use crate::keys::{KeyFolder, OwnKey, OwnPgpKey, same_address};
use crate::outside::Piece;
use crate::register::OfPerson;
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use policy::sealing::{Key, Scheme, Trust};
use seal::order::{SignerOrder, With};
use seal::pgp;
use seal::smime::{Capabilities, Certificate, Transport, cipher_for_all, transport};
use seal::trust::{Anchors, Answer, AnswerKind, Asked, Purpose, Revocation, Settings, Unknown, Verdict, judge};
use seal::verdict::fingerprint;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};

/// What was found about a certificate is believed for so long: it may expire or be revoked meanwhile, which the next look sees.
pub(super) const JUDGED_S: u64 = 10 * 60;

/// All keys, and what was found about them. Fingerprints are in small hex.
pub(super) struct Table {
    folder: KeyFolder,
    /// Everybody's certificates, anchors and our own among them, by fingerprint.
    certificates: HashMap<String, Certificate>,
    /// Places in [`KeyFolder::own`] by fingerprint.
    own: HashMap<String, usize>,
    /// Everybody's certificates of OpenPGP, our own among them, by fingerprint.
    pgp: HashMap<String, pgp::Certificate>,
    /// Fingerprints by the addresses on them, whether these still count or not, as [`mail::normalised`] spells them.
    pgp_by_address: HashMap<String, Vec<String>>,
    /// Places in [`KeyFolder::pgp_keys`] by fingerprint.
    own_pgp: HashMap<String, usize>,
    anchors: Anchors,
    /// By fingerprint: until when it is believed, and what.
    judged: Mutex<HashMap<String, (u64, Trust)>>,
}

impl Table {
    pub(super) fn new(folder: KeyFolder) -> Table {
        let mut anchors = Anchors::default();
        for (anchor, _) in &folder.anchors {
            // It was read as a certificate already.
            anchors.add(anchor.der());
        }
        let people = folder.certificates.iter().chain(&folder.anchors).map(|(one, _)| one);
        let certificates = people.map(|one| (fingerprint(one), one.clone())).collect();
        let own = folder.own.iter().enumerate().map(|(place, own)| (fingerprint(&own.certificate), place)).collect();
        let public = folder.pgp.iter().filter_map(|(one, _)| pgp::Certificate::read_all(&one.bytes).ok()).flatten();
        let pgp = joined(public.chain(folder.pgp_keys.iter().map(|own| own.certificate.clone())));
        let own_pgp = folder.pgp_keys.iter().enumerate().map(|(place, own)| (print(&own.certificate), place)).collect();
        let mut pgp_by_address: HashMap<String, Vec<String>> = HashMap::new();
        for (print, one) in &pgp {
            let addresses = one.standing(&pgp::Policy::default(), 0).users.into_iter().filter_map(|user| user.address);
            for address in addresses.map(|address| mail::normalised(&address)) {
                pgp_by_address.entry(address).or_default().push(print.clone());
            }
        }
        Table { folder, certificates, own, pgp, pgp_by_address, own_pgp, anchors, judged: Mutex::default() }
    }

    pub(super) fn folder(&self) -> &KeyFolder {
        &self.folder
    }

    /// Whether there is no key of anybody.
    pub(super) fn is_empty(&self) -> bool {
        self.certificates.is_empty() && self.pgp.is_empty()
    }

    /// What people's keys for an address are, good or not.
    pub(super) fn of_people(&self, address: &str, scheme: Scheme, now: u64) -> Vec<Key> {
        match scheme {
            Scheme::Smime => {
                let anchored = self.folder.anchors.iter().map(|(one, _)| one);
                let anchored = anchored.filter(|one| one.addresses().iter().any(|own| same_address(own, address)));
                let all = self.folder.certificates_for(address).map(|(one, _)| one).chain(anchored);
                all.map(|one| of_smime(one, self.judge(one, now))).collect()
            }
            Scheme::Pgp => self.pgp_for(address, now).collect(),
        }
    }

    /// What our own keys for an address are. That they are ours needs nobody's word.
    pub(super) fn of_ours(&self, address: &str, scheme: Scheme, now: u64) -> Vec<Key> {
        match scheme {
            Scheme::Smime => {
                let trust = |own: &OwnKey| match self.judge(&own.certificate, now) {
                    Trust::Revoked => Trust::Revoked,
                    _ => Trust::Trusted,
                };
                self.folder.own_for(address).map(|own| of_smime(&own.certificate, trust(own))).collect()
            }
            // What others may have learned of our own key, such as that it is revoked, counts too.
            Scheme::Pgp => {
                self.pgp_for(address, now).filter(|key| self.own_pgp.contains_key(&key.fingerprint)).collect()
            }
        }
    }

    /// Those whose owner signed a name with this address that still counts.
    fn pgp_for(&self, address: &str, now: u64) -> impl Iterator<Item = Key> {
        let prints = self.pgp_by_address.get(&mail::normalised(address)).into_iter().flatten();
        prints.filter_map(|print| self.pgp.get(print)).filter_map(move |one| of_pgp(one, address, now))
    }

    /// Adds what the folder knows of the same certificate.
    pub(super) fn teach(&self, certificate: &mut pgp::Certificate) {
        if let Some(known) = self.pgp.get(&print(certificate)) {
            // It has the same fingerprint, and whatever cannot be joined adds nothing.
            let _ = certificate.learn(known);
        }
    }

    /// The certificate of OpenPGP with this fingerprint.
    pub(super) fn pgp(&self, print: &str) -> Option<&pgp::Certificate> {
        self.pgp.get(print)
    }

    /// Whether the folder has a certificate of either scheme with this fingerprint.
    pub(super) fn has(&self, print: &str) -> bool {
        self.certificates.contains_key(print) || self.pgp.contains_key(print)
    }

    /// What is found about a certificate, without an address.
    pub(super) fn judge(&self, certificate: &Certificate, now: u64) -> Trust {
        self.judge_along(certificate, &[], now)
    }

    /// The same of one that brought others along, in DER, which may lead to an anchor.
    pub(super) fn judge_along(&self, certificate: &Certificate, along: &[Vec<u8>], now: u64) -> Trust {
        if let Some(trust) = self.judged(certificate, along, now) {
            return trust;
        }
        let verdict = self.verdict(certificate, along, &[], now);
        self.remember(certificate, along, &verdict, (now, JUDGED_S))
    }

    /// What was found not long ago.
    fn judged(&self, certificate: &Certificate, along: &[Vec<u8>], now: u64) -> Option<Trust> {
        let judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        judged.get(&judged_as(certificate, along)).filter(|(until, _)| now < *until).map(|(_, trust)| *trust)
    }

    /// Keeps what was found now for so many seconds.
    pub(super) fn remember(
        &self,
        certificate: &Certificate,
        along: &[Vec<u8>],
        verdict: &Verdict,
        (now, lasts_s): (u64, u64),
    ) -> Trust {
        let found = trust(verdict, now);
        let mut judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        judged.retain(|_, (until, _)| now < *until);
        judged.insert(judged_as(certificate, along), (now.saturating_add(lasts_s), found));
        found
    }

    /// The certificates for an address, with what came along with each, about which nothing was found lately.
    pub(super) fn unjudged(&self, address: &str, person: &OfPerson, now: u64) -> Vec<(Certificate, Arc<[Vec<u8>]>)> {
        let of_folder = self.folder.certificates_for(address).map(|(one, _)| (one, Arc::from([])));
        let of_register = person.smime.iter().map(|kept| (&kept.certificate, kept.along.clone()));
        let all = of_folder.chain(of_register);
        let open = all.filter(|(one, along)| self.judged(one, along, now).is_none());
        open.map(|(one, along)| (one.clone(), along)).collect()
    }

    /// The number by which a verdict names this piece of the news that it was made with.
    pub(super) fn number_of(&self, piece: usize) -> usize {
        self.folder.revocations.len() + piece
    }

    /// What speaks for and against a certificate, by the folder and by news; and what could still be asked.
    pub(super) fn verdict(&self, certificate: &Certificate, along: &[Vec<u8>], news: &[Piece], now: u64) -> Verdict {
        // Everybody else's would only take the place of those that can lead to an anchor.
        let authorities = self.folder.certificates.iter().map(|(one, _)| one).filter(|one| one.is_authority());
        let intermediates: Vec<&[u8]> =
            authorities.map(Certificate::der).chain(along.iter().map(Vec::as_slice)).collect();
        // Where it came from is left out: by it a judgement would not ask again, and when that may be is known where it is fetched.
        let answer = |kind, bytes, fetched_at| Answer { kind, bytes, from: "", fetched_at, nonce: None };
        let of_folder = self.folder.revocations.iter().map(|(der, _)| answer(AnswerKind::Crl, der.as_slice(), now));
        let of_news = news.iter().map(|piece| answer(piece.kind, piece.bytes.as_slice(), piece.fetched_at));
        let answers: Vec<Answer<'_>> = of_folder.chain(of_news).collect();
        // For an address it was looked up; which purpose it is for, the rules see.
        let asked = Asked { purpose: Purpose::Encrypting, address: None, now };
        let settings = Settings { stale_days_max: 3650, ..Settings::new(Unknown::Accepted) };
        let known = Revocation { answers: &answers, nonce: None };
        judge(certificate.der(), &intermediates, &self.anchors, &asked, &settings, &known)
    }

    /// The order that a decision means, and the keys that sign; `None` when one of its keys, named by fingerprints, is not there.
    pub(super) fn with(
        &self,
        scheme: Scheme,
        sign: Option<&str>,
        encrypt_to: &[String],
        is_opaque: bool,
    ) -> Option<(With, Vec<Signing>)> {
        self.with_found(&Found::new(), scheme, sign, encrypt_to, is_opaque)
    }

    /// The same, where recipients may have keys that were found elsewhere.
    pub(super) fn with_found(
        &self,
        found: &Found,
        scheme: Scheme,
        sign: Option<&str>,
        encrypt_to: &[String],
        is_opaque: bool,
    ) -> Option<(With, Vec<Signing>)> {
        match scheme {
            Scheme::Smime => {
                let own = |print: &str| self.own.get(print).and_then(|place| self.folder.own.get(*place));
                let signer = wanted(sign, own)?;
                let kept = |print: &String| found.smime.get(print);
                let known = |print: &String| self.certificates.get(print).or(kept(print).map(|kept| &kept.certificate));
                let recipients = encrypt_to.iter().map(known).collect::<Option<Vec<&Certificate>>>()?;
                // What a recipient's program can do is known from a mail that he signed, or else from his certificate.
                let shown = |(print, one): (&String, &&Certificate)| {
                    let said = kept(print).and_then(|kept| kept.capabilities.clone());
                    said.or_else(|| Capabilities::of_certificate(one.der()).ok().flatten())
                };
                let shown: Vec<Option<Capabilities>> = encrypt_to.iter().zip(&recipients).map(shown).collect();
                let shown: Vec<Option<&Capabilities>> = shown.iter().map(Option::as_ref).collect();
                let for_one = |(one, shown): (&&Certificate, &Option<&Capabilities>)| -> (Vec<u8>, Transport) {
                    (one.der().to_vec(), transport(one, *shown))
                };
                let with = With::Smime {
                    signer: signer.map(signer_order),
                    recipients: recipients.iter().zip(&shown).map(for_one).collect(),
                    cipher: cipher_for_all(&shown),
                    is_opaque,
                };
                Some((with, signer.map(|own| own.key.clone() as Signing).into_iter().collect()))
            }
            Scheme::Pgp => {
                let own = |print: &str| self.own_pgp.get(print).and_then(|place| self.folder.pgp_keys.get(*place));
                let signer = wanted(sign, own)?;
                let recipients = encrypt_to.iter().map(|print| {
                    // One from elsewhere holds what the folder knows of it, too.
                    found.pgp.get(print).or_else(|| self.pgp.get(print))?.to_bytes().ok()
                });
                let with = With::Pgp {
                    signer: signer.map(|own| own.public.clone()),
                    recipients: recipients.collect::<Option<Vec<_>>>()?,
                };
                Some((with, signer.map(signing).unwrap_or_default()))
            }
        }
    }
}

/// Nobody where nobody is wanted; `None` where somebody is, and is not there.
fn wanted<T>(print: Option<&str>, find: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    match print {
        Some(print) => find(print).map(Some),
        None => Some(None),
    }
}

/// Under which name a judgement is kept: what came along may be what makes it good.
fn judged_as(certificate: &Certificate, along: &[Vec<u8>]) -> String {
    let mut name = fingerprint(certificate);
    for one in along {
        name.push('+');
        name.push_str(&HEXLOWER.encode(digest(&SHA256, one).as_ref()));
    }
    name
}

fn print(certificate: &pgp::Certificate) -> String {
    certificate.fingerprint().to_ascii_lowercase()
}

/// Each certificate once, with all that its copies say: an older one must not hide that it was revoked.
pub(crate) fn joined(all: impl Iterator<Item = pgp::Certificate>) -> HashMap<String, pgp::Certificate> {
    let mut joined = HashMap::<String, pgp::Certificate>::new();
    for one in all {
        match joined.entry(print(&one)) {
            // It has the same fingerprint, and whatever cannot be joined adds nothing.
            Entry::Occupied(mut known) => drop(known.get_mut().learn(&one)),
            Entry::Vacant(place) => drop(place.insert(one)),
        }
    }
    joined
}

fn signer_order(own: &OwnKey) -> SignerOrder {
    SignerOrder {
        certificate: own.certificate.der().to_vec(),
        scheme: own.certificate.key().signs_with(false),
        intermediates: own.chain.iter().map(|one| one.der().to_vec()).collect(),
    }
}

fn signing(own: &OwnPgpKey) -> Vec<Signing> {
    own.keys.iter().map(|key| key.clone() as Signing).collect()
}
