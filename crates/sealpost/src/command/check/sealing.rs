//! Rules of sealing and the folder of keys of each relay and site, and keys of mailboxes: what mail and letters would miss, before there are any.

use super::super::key::pgp_certificate;
use super::super::{counted, now_s};
use crate::settings::{Opening, Sealing, Secret};
use engine::keys::{KeyFolder, Openers, Why};
use policy::SealingRules;
use policy::sealing::Needs;
use seal::keyfile::{Password, revocation_list};
use seal::pgp::{self, Policy};
use seal::smime::Certificate;
use seal::verdict::fingerprint;
use std::collections::HashMap;
use std::path::Path;

/// What ends within so many days is told.
const SOON_DAYS: u64 = 30;
const DAY_S: u64 = 24 * 60 * 60;
/// Things of one kind that are named one by one.
const NAMED_MAX: usize = 5;
/// Digits of a fingerprint that are shown: as many as `key show` needs.
const DIGITS: usize = 16;

/// A line of `check`: what it is about, and whether it works.
pub type Line = (String, Result<String, String>);

/// What is found about the rules and keys of this relay or site; it blocks.
pub fn verdicts(of: &str, sealing: &Sealing, openers: &Openers) -> Vec<Line> {
    let name = |what: &str| format!("{of}, {what}");
    let rules = rules(sealing);
    let mut lines = vec![(
        name("rules"),
        rules.as_ref().map(|_| format!("{} is right", sealing.rules.display())).map_err(Clone::clone),
    )];
    let folder = read(&sealing.keys, (sealing.password.as_ref(), sealing.trusts_system), openers);
    let keys = readable(&sealing.keys, &folder);
    let is_there = keys.is_ok();
    lines.push((name("keys"), keys));
    lines.extend(of_system(sealing.trusts_system, &folder).map(|verdict| (name("authorities of the system"), verdict)));
    if !is_there && folder.certificates.is_empty() && folder.pgp.is_empty() && folder.own_pgp.is_empty() {
        return lines;
    }
    lines.extend(warnings(&sealing.keys, &folder).map(|warning| (name("files of keys"), Ok(warning))));
    let keys = Keys::of(&folder);
    if let Ok(rules) = &rules {
        lines.extend(keys.missing(&folder, &rules.needs()).into_iter().map(|why| (name("what rules need"), Err(why))));
    }
    lines.extend(keys.ends(now_s()).into_iter().map(|verdict| (name("ends of keys"), verdict)));
    lines.extend(lists(&folder, now_s()).map(|verdict| (name("lists of revoked certificates"), verdict)));
    lines
}

/// What is found about the keys with which the mail of a mailbox is opened; it blocks.
pub fn of_opening(of: &str, opening: &Opening, openers: &Openers) -> Vec<Line> {
    let folder = read(&opening.keys, (opening.password.as_ref(), opening.trusts_system), openers);
    let keys = readable(&opening.keys, &folder);
    let is_there = keys.is_ok();
    let mut lines = vec![(format!("{of}, keys"), keys)];
    let of_system = of_system(opening.trusts_system, &folder);
    lines.extend(of_system.map(|verdict| (format!("{of}, authorities of the system"), verdict)));
    lines.extend(warnings(&opening.keys, &folder).map(|warning| (format!("{of}, files of keys"), Ok(warning))));
    if is_there && folder.own.is_empty() && folder.pgp_keys.is_empty() {
        let why = "there is no private key, so no mail that comes encrypted is opened; import one by `sealpost key import --as own`";
        lines.push((format!("{of}, keys of ours"), Err(why.to_owned())));
    }
    let ends = Keys::of(&folder).ends(now_s());
    lines.extend(ends.into_iter().map(|verdict| (format!("{of}, ends of keys"), verdict)));
    lines.extend(lists(&folder, now_s()).map(|verdict| (format!("{of}, lists of revoked certificates"), verdict)));
    lines
}

/// How many authorities of the system are believed beside those of the folder, where they are.
fn of_system(trusts: bool, folder: &KeyFolder) -> Option<Result<String, String>> {
    trusts.then(|| match folder.system.len() {
        0 => Err("there are none, or they cannot be read; install the certificates of your distribution (ca-certificates), or leave \
                  trust_system out"
            .to_owned()),
        count => Ok(format!("{}; the system does not say which of them are for mail", counted(count, "authority", "authorities"))),
    })
}

fn read(keys: &Path, (password, trusts_system): (Option<&Secret>, bool), openers: &Openers) -> KeyFolder {
    let passwords: Vec<Password> = password.iter().map(|one| Password::new(one.0.clone())).collect();
    let mut folder = KeyFolder::read_with(keys, &passwords, openers);
    if trusts_system {
        folder.system = engine::keys::system_anchors();
    }
    folder
}

fn rules(sealing: &Sealing) -> Result<SealingRules, String> {
    let shown = sealing.rules.display().to_string();
    let text = std::fs::read_to_string(&sealing.rules)
        .map_err(|error| format!("{shown} cannot be read: {error}; name the file of rules in `rules`"))?;
    SealingRules::from_toml(&text, &shown).map_err(|fault| fault.public)
}

/// How much is there, or which files cannot be used.
fn readable(keys: &Path, folder: &KeyFolder) -> Result<String, String> {
    let shown = keys.display();
    // A key that waits for its certificate is nobody's trouble yet.
    let wrong: Vec<_> = folder.faults().filter(|trouble| trouble.why != Why::Alone).collect();
    if let Some(first) = wrong.first() {
        let at = keys.join(&first.file);
        let others = match wrong.len() - 1 {
            0 => String::new(),
            more => format!("; {more} more; `sealpost key list --keys {shown}` names all of them"),
        };
        return Err(format!("{}: {}{others}", at.display(), first.why));
    }
    let people = folder.certificates.len().saturating_sub(folder.own.len()) + folder.pgp.len();
    let held = [
        counted(folder.own.len() + folder.pgp_keys.len(), "key of ours", "keys of ours"),
        counted(people, "certificate of people", "certificates of people"),
        counted(folder.anchors.len(), "anchor", "anchors"),
    ];
    Ok(format!("{shown} has {}", held.join(", ")))
}

/// Files whose keys are used all the same, and that are not safe: one line for each, and for all above [`NAMED_MAX`] together.
fn warnings(keys: &Path, folder: &KeyFolder) -> impl Iterator<Item = String> {
    let all: Vec<_> = folder.troubles.iter().filter(|trouble| trouble.why.is_warning()).collect();
    let named = all.iter().take(NAMED_MAX);
    let mut lines: Vec<String> =
        named.map(|trouble| format!("{}: {}", keys.join(&trouble.file).display(), trouble.why)).collect();
    if all.len() > NAMED_MAX {
        let more = all.len() - NAMED_MAX;
        lines.push(format!("{more} more; `sealpost key list --keys {}` names all of them", keys.display()));
    }
    lines.into_iter()
}

/// A key, and when it ends.
struct Ends {
    is_own: bool,
    scheme: &'static str,
    fingerprint: String,
    addresses: Vec<String>,
    /// Seconds since 1970; `None` for never.
    at: Option<u64>,
    /// It was revoked, or does not count for another reason than its end.
    is_out: bool,
    may_sign: bool,
}

struct Keys(Vec<Ends>);

impl Keys {
    fn of(folder: &KeyFolder) -> Keys {
        let own = |one: &Certificate| folder.own.iter().any(|own| own.certificate.der() == one.der());
        let certificates = folder.certificates.iter().map(|(one, _)| of_certificate(one, own(one)));
        let people =
            folder.pgp.iter().filter_map(|(one, _)| Some(of_pgp(&pgp_certificate(one, "people").ok()?, false)));
        let ours = folder.pgp_keys.iter().map(|own| of_pgp(&own.certificate, true));
        Keys(certificates.chain(people).chain(ours).collect())
    }

    /// What mail would be held for.
    fn missing(&self, folder: &KeyFolder, needs: &Needs) -> Vec<String> {
        let mut missing = Vec::new();
        let signs = |one: &&Ends| one.is_own && one.may_sign && !one.is_out && one.at.is_none_or(|at| at > now_s());
        if let Some(table) = &needs.signs
            && self.0.iter().find(signs).is_none()
        {
            missing.push(format!(
                "sign = \"always\" ({table}), and no key of ours may sign now; make one by `sealpost key generate --address` with the \
                 address in From"
            ));
        }
        let has_people = folder.certificates.len() > folder.own.len();
        if let (Some(table), true, true, Some(_)) =
            (&needs.smime, folder.anchors.is_empty() && folder.system.is_empty(), has_people, &needs.encrypts)
        {
            missing.push(format!(
                "S/MIME may be used (scheme, {table}), and nobody is trusted, so no certificate of people is used; import their \
                 authority by `sealpost key import --as trusted`"
            ));
        }
        missing
    }

    /// What has ended or ends soon, and has nothing that takes its place: ours by itself, people's together.
    fn ends(&self, now: u64) -> Vec<Result<String, String>> {
        let soon = now + SOON_DAYS * DAY_S;
        // The last end for each address; whoever has a newer key has no trouble.
        let mut last: HashMap<(bool, &str, &str), u64> = HashMap::new();
        for one in self.0.iter().filter(|one| !one.is_out) {
            for address in &one.addresses {
                let until = last.entry((one.is_own, one.scheme, address)).or_default();
                *until = (*until).max(one.at.unwrap_or(u64::MAX));
            }
        }
        let is_last = |one: &&Ends| {
            let of =
                |address: &String| last.get(&(one.is_own, one.scheme, address)).is_some_and(|until| *until <= soon);
            !one.is_out && one.addresses.iter().any(of)
        };
        let ending: Vec<(&Ends, u64)> =
            self.0.iter().filter(is_last).filter_map(|one| Some((one, one.at.filter(|at| *at <= soon)?))).collect();
        let mut verdicts = Vec::new();
        for (one, at) in ending.iter().filter(|(one, _)| one.is_own) {
            let shown = &one.fingerprint[..DIGITS.min(one.fingerprint.len())];
            let make = "make a new one by `sealpost key generate`, and give people its certificate";
            verdicts.push(match at.checked_sub(now) {
                None | Some(0) => Err(format!("our key {shown} ({}) has ended; {make}", one.scheme)),
                Some(left) => Ok(format!("our key {shown} ({}) ends in {} days; {make}", one.scheme, left / DAY_S)),
            });
        }
        let people: Vec<&str> =
            ending.iter().filter(|(one, _)| !one.is_own).map(|(one, _)| one.fingerprint.as_str()).collect();
        if !people.is_empty() {
            let named: Vec<&str> =
                people.iter().take(NAMED_MAX).map(|print| &print[..DIGITS.min(print.len())]).collect();
            let more = if people.len() > NAMED_MAX { ", …" } else { "" };
            let count = counted(people.len(), "key of people has", "keys of people have");
            verdicts.push(Ok(format!(
                "{count} ended or will within {SOON_DAYS} days, with nothing newer: {}{more}; ask for new ones, `sealpost key show` tells whose",
                named.join(", ")
            )));
        }
        verdicts
    }
}

fn of_certificate(one: &Certificate, is_own: bool) -> Ends {
    Ends {
        is_own,
        scheme: "smime",
        fingerprint: fingerprint(one),
        addresses: one.addresses().iter().map(|address| engine::keys::folded(address)).collect(),
        at: Some(one.validity().1),
        is_out: false,
        may_sign: one.may_sign(),
    }
}

fn of_pgp(one: &pgp::Certificate, is_own: bool) -> Ends {
    let now = now_s();
    let standing = one.standing(&Policy::default(), now);
    // What people are written with ends with the last of the keys that are encrypted to; what we sign with, with the last that signs.
    let of_use = standing.keys.iter().filter(|key| if is_own { key.may_sign.is_ok() } else { key.may_encrypt.is_ok() });
    let ends: Vec<Option<u64>> = of_use.map(|key| key.expires).collect();
    let last = if ends.contains(&None) { None } else { ends.into_iter().flatten().max() };
    let at = standing.expires.into_iter().chain(last).min();
    Ends {
        is_own,
        scheme: "pgp",
        fingerprint: one.fingerprint().to_ascii_lowercase(),
        addresses: standing.users.iter().filter_map(|user| user.address.as_deref()).map(engine::keys::folded).collect(),
        at,
        is_out: !matches!(standing.is, Ok(()) | Err(pgp::Unfit::Expired { .. })),
        may_sign: standing.may_sign().is_ok(),
    }
}

/// Lists that cannot be used, or are due.
fn lists(folder: &KeyFolder, now: u64) -> impl Iterator<Item = Result<String, String>> {
    folder.revocations.iter().filter_map(move |(der, origin)| {
        let file = origin.file.display();
        match revocation_list(der) {
            Err(trouble) => Some(Err(format!("{file}: {trouble}"))),
            Ok(list) => {
                let next = list.next_update.filter(|next| *next < now)?;
                let since = super::super::key::time(next);
                Some(Err(format!("{file}: a newer one has been due since {since}; import it, and remove this file")))
            }
        }
    })
}
