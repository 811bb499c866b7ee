//! The folder of keys, ready to be asked for addresses and fingerprints.

mod order;

pub(super) use order::Choice;

use super::keys::{of_pgp, of_smime, trust};
use crate::keys::{KeyFolder, OwnKey, same_address};
use crate::outside::{Piece, SmimeFound};
use crate::register::OfPerson;
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use policy::sealing::{Key, Scheme, Trust};
use seal::pgp;
use seal::smime::Certificate;
use seal::trust::{Anchors, Answer, AnswerKind, Asked, Purpose, Revocation, Settings, Unknown, Verdict, judge};
use seal::verdict::fingerprint;
use std::cmp::Reverse;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

/// What was found about a certificate is believed for so long: it may expire or be revoked meanwhile, which the next look sees.
pub(super) const JUDGED_S: u64 = 10 * 60;
/// Judgements that are remembered; beyond, those whose time is over go, or all.
const JUDGED_MAX: usize = 20_000;

/// A certificate that is judged, with what came along to stand between it and an anchor.
#[derive(Clone)]
pub(super) struct Subject {
    pub(super) certificate: Certificate,
    /// In DER; none for one of the folder.
    pub(super) authorities: Arc<Vec<Vec<u8>>>,
}

impl Subject {
    pub(super) fn of_folder(certificate: &Certificate) -> Subject {
        Subject { certificate: certificate.clone(), authorities: Arc::default() }
    }

    pub(super) fn of_stranger(one: &SmimeFound) -> Subject {
        Subject { certificate: one.certificate.clone(), authorities: one.authorities.clone() }
    }

    /// Whether mail could be encrypted to it at this time, by its own word.
    fn may_serve(&self, now: u64) -> bool {
        let (from, until) = self.certificate.validity();
        (from..=until).contains(&now) && self.certificate.may_encrypt()
    }

    /// By which its judgement is known again: one with other certificates beside it may lead elsewhere.
    fn name(&self) -> String {
        let mut name = fingerprint(&self.certificate);
        for der in self.authorities.iter() {
            name.push_str(&HEXLOWER.encode(digest(&SHA256, der).as_ref()));
        }
        name
    }
}

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
        for anchor in folder.anchors.iter().map(|(anchor, _)| anchor).chain(&folder.system) {
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

    /// What people's keys for an address are, good or not; `None` where one of them could not be judged.
    pub(super) fn of_people(&self, address: &str, scheme: Scheme, now: u64) -> Option<Vec<Key>> {
        match scheme {
            Scheme::Smime => {
                let anchored = self.folder.anchors.iter().map(|(one, _)| one);
                let anchored = anchored.filter(|one| one.addresses().iter().any(|own| same_address(own, address)));
                let all = self.folder.certificates_for(address).map(|(one, _)| one).chain(anchored);
                all.map(|one| Some(of_smime(one, self.judge(one, now)?))).collect()
            }
            Scheme::Pgp => Some(self.pgp_for(address, now).collect()),
        }
    }

    /// What our own keys for an address are; `None` where one of them could not be judged. That they are ours needs nobody's word.
    pub(super) fn of_ours(&self, address: &str, scheme: Scheme, now: u64) -> Option<Vec<Key>> {
        match scheme {
            Scheme::Smime => {
                let trust = |own: &OwnKey| match self.judge(&own.certificate, now)? {
                    Trust::Revoked => Some(Trust::Revoked),
                    _ => Some(Trust::Trusted),
                };
                self.folder.own_for(address).map(|own| Some(of_smime(&own.certificate, trust(own)?))).collect()
            }
            // What others may have learned of our own key, such as that it is revoked, counts too.
            Scheme::Pgp => {
                Some(self.pgp_for(address, now).filter(|key| self.own_pgp.contains_key(&key.fingerprint)).collect())
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

    /// What is found about a certificate of the folder, without an address; `None` where it could not be judged.
    pub(super) fn judge(&self, certificate: &Certificate, now: u64) -> Option<Trust> {
        self.judge_by_folder(&Subject::of_folder(certificate), now)
    }

    /// The same of anybody's, by the anchors and lists of the folder alone.
    pub(super) fn judge_by_folder(&self, subject: &Subject, now: u64) -> Option<Trust> {
        if let Some(trust) = self.judged(subject, now) {
            return Some(trust);
        }
        let verdict = self.verdict(subject, &[], now)?;
        Some(self.remember(subject, trust(&verdict, now), now, JUDGED_S))
    }

    /// What was found not long ago.
    pub(super) fn judged(&self, subject: &Subject, now: u64) -> Option<Trust> {
        let judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        judged.get(&subject.name()).filter(|(until, _)| now < *until).map(|(_, trust)| *trust)
    }

    /// Keeps what was found for so many seconds.
    pub(super) fn remember(&self, subject: &Subject, found: Trust, now: u64, lasts_s: u64) -> Trust {
        let mut judged = self.judged.lock().unwrap_or_else(PoisonError::into_inner);
        if judged.len() >= JUDGED_MAX {
            judged.retain(|_, (until, _)| now < *until);
        }
        if judged.len() >= JUDGED_MAX {
            judged.clear();
        }
        judged.insert(subject.name(), (now.saturating_add(lasts_s), found));
        found
    }

    /// The certificates for an address, of the folder and the register, about which nothing was found lately and which mail could be
    /// encrypted to at `now`; the newest first, as rules take them.
    pub(super) fn unjudged(&self, address: &str, person: &OfPerson, now: u64) -> Vec<Subject> {
        let of_folder = self.folder.certificates_for(address).map(|(one, _)| Subject::of_folder(one));
        let of_register = person.smime.iter().map(|kept| Subject::of_stranger(&kept.found));
        let is_open = |one: &Subject| one.may_serve(now) && self.judged(one, now).is_none();
        let mut open: Vec<Subject> = of_folder.chain(of_register).filter(is_open).collect();
        open.sort_by_key(|one| Reverse(one.certificate.validity().0));
        open
    }

    /// The number by which a verdict names this piece of the news that it was made with.
    pub(super) fn number_of(&self, piece: usize) -> usize {
        self.folder.revocations.len() + piece
    }

    /// What speaks for and against a certificate, by the folder and by news; and what could still be asked. `None` where judging it ended
    /// badly: then nothing is known of it.
    pub(super) fn verdict(&self, subject: &Subject, news: &[Piece], now: u64) -> Option<Verdict> {
        // What it reads it leaves as it was.
        std::panic::catch_unwind(AssertUnwindSafe(|| self.verdict_of(subject, news, now))).ok()
    }

    fn verdict_of(&self, subject: &Subject, news: &[Piece], now: u64) -> Verdict {
        // Everybody else's would only take the place of those that can lead to an anchor.
        let authorities = self.folder.certificates.iter().map(|(one, _)| one).filter(|one| one.is_authority());
        let authorities = authorities.map(Certificate::der).chain(subject.authorities.iter().map(Vec::as_slice));
        let intermediates: Vec<&[u8]> = authorities.collect();
        // Where it came from is left out: by it a judgement would not ask again, and when that may be is known where it is fetched.
        let answer = |kind, bytes, fetched_at| Answer { kind, bytes, from: "", fetched_at, nonce: None };
        let of_folder = self.folder.revocations.iter().map(|(der, _)| answer(AnswerKind::Crl, der.as_slice(), now));
        let of_news = news.iter().map(|piece| answer(piece.kind, piece.bytes.as_slice(), piece.fetched_at));
        let answers: Vec<Answer<'_>> = of_folder.chain(of_news).collect();
        // For an address it was looked up; which purpose it is for, the rules see.
        let asked = Asked { purpose: Purpose::Encrypting, address: None, now };
        let settings = Settings { stale_days_max: 3650, ..Settings::new(Unknown::Accepted) };
        let known = Revocation { answers: &answers, nonce: None };
        judge(subject.certificate.der(), &intermediates, &self.anchors, &asked, &settings, &known)
    }
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::register::KeptCertificate;
    use policy::sealing::Origin;
    use seal::Random;
    use seal::keyfile::issue::{Kind, Subject as Named, generated, self_signed};

    struct Chance;

    impl Random for Chance {
        fn fill(&mut self, bytes: &mut [u8]) {
            aws_lc_rs::rand::fill(bytes).unwrap();
        }
    }

    fn kept(id: &str, from: u64, until: u64) -> KeptCertificate {
        let pkcs8 = generated(Kind::P256).unwrap();
        let subject = Named { name: "Ann", addresses: &["ann@a.example"] };
        let der = self_signed(&pkcs8, subject, (from, until), &mut Chance).unwrap();
        let certificate = Certificate::from_der(&der).unwrap();
        let found = SmimeFound { certificate, authorities: Arc::default(), capabilities: None };
        KeptCertificate { id: id.into(), origin: Origin::Upload, found }
    }

    #[test]
    fn the_newest_that_are_of_today_are_asked_about_first() {
        const NOW: u64 = 1_800_000_000;
        let smime = vec![
            kept("expired", NOW - 1_000, NOW - 10),
            kept("old", NOW - 2_000, NOW + 1_000),
            kept("to come", NOW + 10, NOW + 1_000),
            kept("new", NOW - 100, NOW + 1_000),
        ];
        let print = |at: usize| fingerprint(&smime.get(at).unwrap().found.certificate);
        let expected = [print(3), print(1)];
        let person = OfPerson { smime, ..OfPerson::default() };
        let open = Table::new(KeyFolder::default()).unjudged("ann@a.example", &person, NOW);
        let open: Vec<String> = open.iter().map(|one| fingerprint(&one.certificate)).collect();
        assert_eq!(open, expected);
    }
}
