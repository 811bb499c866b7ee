//! The folder of keys, ready to be asked for addresses and fingerprints.

use super::keys::{of_pgp, of_smime, trust};
use crate::cell::OwnKey as Signing;
use crate::keys::{KeyFolder, OwnKey, OwnPgpKey, same_address};
use policy::sealing::{Key, Scheme, Seal, Trust};
use seal::order::{SignerOrder, With};
use seal::pgp;
use seal::smime::{Capabilities, Certificate, Transport, cipher_for_all, transport};
use seal::trust::{Anchors, Answer, AnswerKind, Asked, Purpose, Revocation, Settings, Unknown, judge};
use seal::verdict::fingerprint;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// What was found about a certificate is believed for so long: it may expire or be revoked meanwhile, which the next look sees.
const JUDGED_S: u64 = 10 * 60;

/// All keys, and what was found about them.
pub(super) struct Table {
    folder: KeyFolder,
    /// Certificates of OpenPGP of people, and our own.
    pgp: Vec<pgp::Certificate>,
    anchors: Anchors,
    /// By fingerprint: when, and what.
    judged: Mutex<HashMap<String, (u64, Trust)>>,
}

impl Table {
    pub(super) fn new(folder: KeyFolder) -> Table {
        let mut anchors = Anchors::default();
        for (anchor, _) in &folder.anchors {
            // It was read as a certificate already.
            anchors.add(anchor.der());
        }
        let public = folder.pgp.iter().filter_map(|(one, _)| pgp::Certificate::read_all(&one.bytes).ok()).flatten();
        let pgp = joined(public.chain(folder.pgp_keys.iter().map(|own| own.certificate.clone())));
        Table { folder, pgp, anchors, judged: Mutex::default() }
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
            Scheme::Pgp => self.pgp_for(address, now).map(|one| of_pgp(one, now)).collect(),
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
                let joined = |own: &OwnPgpKey| self.pgp(&own.certificate.fingerprint()).map(|one| of_pgp(one, now));
                self.own_pgp_for(address, now).filter_map(joined).collect()
            }
        }
    }

    fn pgp_for(&self, address: &str, now: u64) -> impl Iterator<Item = &pgp::Certificate> {
        self.pgp.iter().filter(move |one| speaks_for(one, address, now))
    }

    fn own_pgp_for(&self, address: &str, now: u64) -> impl Iterator<Item = &OwnPgpKey> {
        self.folder.pgp_keys.iter().filter(move |own| speaks_for(&own.certificate, address, now))
    }

    fn judge(&self, certificate: &Certificate, now: u64) -> Trust {
        let print = fingerprint(certificate);
        let known = self.judged.lock().unwrap_or_else(PoisonError::into_inner).get(&print).copied();
        if let Some((_, trust)) = known.filter(|(at, _)| now.saturating_sub(*at) < JUDGED_S) {
            return trust;
        }
        // Everybody else's would only take the place of those that can lead to an anchor.
        let authorities = self.folder.certificates.iter().map(|(one, _)| one).filter(|one| one.is_authority());
        let intermediates: Vec<&[u8]> = authorities.map(Certificate::der).collect();
        let answers: Vec<Answer<'_>> = self
            .folder
            .revocations
            .iter()
            .map(|(der, _)| Answer { kind: AnswerKind::Crl, bytes: der, from: "", fetched_at: now, nonce: None })
            .collect();
        // For an address it was looked up; which purpose it is for, the rules see.
        let asked = Asked { purpose: Purpose::Encrypting, address: None, now };
        let settings = Settings { stale_days_max: 3650, ..Settings::new(Unknown::Accepted) };
        let known = Revocation { answers: &answers, nonce: None };
        let verdict = judge(certificate.der(), &intermediates, &self.anchors, &asked, &settings, &known);
        let found = trust(&verdict, now);
        self.judged.lock().unwrap_or_else(PoisonError::into_inner).insert(print, (now, found));
        found
    }

    /// The order that a decision means, and the keys that sign; `None` when one of its keys is not there.
    pub(super) fn with(&self, seal: &Seal) -> Option<(With, Vec<Signing>)> {
        match seal.scheme {
            Scheme::Smime => {
                let signer = seal.sign.as_ref().map(|print| self.own(print).ok_or(())).transpose().ok()?;
                let recipients = seal.encrypt_to.iter().map(|print| self.certificate(print));
                let recipients = recipients.collect::<Option<Vec<&Certificate>>>()?;
                // What a recipient's program can do is known from his certificate alone.
                let shown: Vec<Option<Capabilities>> =
                    recipients.iter().map(|one| Capabilities::of_certificate(one.der()).ok().flatten()).collect();
                let shown: Vec<Option<&Capabilities>> = shown.iter().map(Option::as_ref).collect();
                let for_one = |(one, shown): (&&Certificate, &Option<&Capabilities>)| -> (Vec<u8>, Transport) {
                    (one.der().to_vec(), transport(one, *shown))
                };
                let with = With::Smime {
                    signer: signer.map(signer_order),
                    recipients: recipients.iter().zip(&shown).map(for_one).collect(),
                    cipher: cipher_for_all(&shown),
                    is_opaque: seal.opaque && recipients.is_empty(),
                };
                Some((with, signer.map(|own| own.key.clone() as Signing).into_iter().collect()))
            }
            Scheme::Pgp => {
                let signer = seal.sign.as_ref().map(|print| self.own_pgp(print).ok_or(())).transpose().ok()?;
                let recipients = seal.encrypt_to.iter().map(|print| self.pgp(print)?.to_bytes().ok());
                let with = With::Pgp {
                    signer: signer.map(|own| own.public.clone()),
                    recipients: recipients.collect::<Option<Vec<_>>>()?,
                };
                Some((with, signer.map(signing).unwrap_or_default()))
            }
        }
    }

    /// The order to sign alone.
    pub(super) fn signing(&self, scheme: Scheme, print: &str) -> Option<(With, Vec<Signing>)> {
        let seal = Seal {
            scheme,
            sign: Some(print.to_owned()),
            encrypt_to: Vec::new(),
            protect_header: false,
            outer_subject: None,
            opaque: false,
            footer: false,
            why: String::new(),
        };
        self.with(&seal)
    }

    fn own(&self, print: &str) -> Option<&OwnKey> {
        self.folder.own.iter().find(|own| fingerprint(&own.certificate) == print)
    }

    fn certificate(&self, print: &str) -> Option<&Certificate> {
        let people = self.folder.certificates.iter().chain(&self.folder.anchors).map(|(one, _)| one);
        let mut all = people.chain(self.folder.own.iter().map(|own| &own.certificate));
        all.find(|one| fingerprint(one) == print)
    }

    fn own_pgp(&self, print: &str) -> Option<&OwnPgpKey> {
        self.folder.pgp_keys.iter().find(|own| own.certificate.fingerprint().eq_ignore_ascii_case(print))
    }

    fn pgp(&self, print: &str) -> Option<&pgp::Certificate> {
        self.pgp.iter().find(|one| one.fingerprint().eq_ignore_ascii_case(print))
    }
}

/// Each certificate once, with all that its copies say: an older one must not hide that it was revoked.
fn joined(all: impl Iterator<Item = pgp::Certificate>) -> Vec<pgp::Certificate> {
    let (mut joined, mut places) = (Vec::<pgp::Certificate>::new(), HashMap::new());
    for one in all {
        match places.get(&one.fingerprint()).and_then(|place: &usize| joined.get_mut(*place)) {
            // It has the same fingerprint, and whatever cannot be joined adds nothing.
            Some(known) => drop(known.learn(&one)),
            None => {
                places.insert(one.fingerprint(), joined.len());
                joined.push(one);
            }
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

/// Whether its owner signed a name with this address, and it still counts.
fn speaks_for(certificate: &pgp::Certificate, address: &str, now: u64) -> bool {
    let standing = certificate.standing(&pgp::Policy::default(), now);
    standing.addresses().any(|own| same_address(own, address))
}
