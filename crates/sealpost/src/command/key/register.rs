//! `sealpost key … --config FILE --site SITE`: keys of people that the store keeps for a site.

mod bulk;
mod covered;

use super::super::{Failure, WHO, now_s, print, print_bytes, print_object, site_named, time, with_store};
use crate::settings::{Sealing, Settings};
use crate::wire;
use engine::cell::Cells;
use engine::outside::{KeySources, Outside};
use engine::register::micros;
use engine::sealing::letters::{LetterSealer, LettersByRules};
use policy::is_plain_address;
use policy::sealing::{Fate, MailFacts, Purpose, Scheme};
use seal::keyfile::{armored, pem};
use serde_json::{Value, json};
use std::path::PathBuf;
use store::{KeyHand, KeyStanding, KeyWord, PersonKey, PersonKeyFilter, Store};

pub use bulk::import;
pub use covered::{coverage, coverage_now};

/// A key that ends within so many days is told to end soon.
const SOON_DAYS: u64 = 30;

/// Whose keys, where those of people are meant and not those of a folder.
#[derive(Debug, clap::Args)]
pub struct Of {
    /// Keys of people that the store of --config (sealpost.toml where nothing is said) keeps for this site are meant, in place of a folder.
    #[arg(long)]
    pub site: Option<String>,
}

/// The same where nothing else can be meant.
#[derive(Debug, clap::Args)]
pub struct OfOne {
    /// The site that keeps them, of the settings in --config, or in sealpost.toml where nothing is said.
    #[arg(long)]
    pub site: String,
}

/// A site of some settings.
pub struct OfSite {
    pub config: PathBuf,
    pub site: String,
}

/// One JSON object for each key, the last changed first; for one address also which is chosen for it now.
pub async fn list(of: &OfSite, address: Option<String>, quarantined: bool) -> Result<(), Failure> {
    checked(address.as_deref())?;
    with_store(&of.config, async |settings, store| {
        site_named(settings, &of.site)?;
        let standing = quarantined.then_some(KeyStanding::Quarantined);
        let mut filter =
            PersonKeyFilter { site: of.site.clone(), address: address.clone(), standing, ..PersonKeyFilter::default() };
        loop {
            let page = store.person_keys(&filter).await?;
            let Some(last) = page.last() else { break };
            filter.after = Some((last.changed_at, last.id.clone()));
            print(&page.iter().map(|kept| format!("{}\n", line(kept))).collect::<String>())?;
        }
        match &address {
            Some(address) if !quarantined => chosen(settings, store, &of.site, address).await,
            _ => Ok(()),
        }
    })
    .await
}

fn checked(address: Option<&str>) -> Result<(), Failure> {
    match address {
        Some(address) if !is_plain_address(address) => {
            Err(Failure::new(format!("{address:?} is not a whole address; write one such as ann@example.org")))
        }
        _ => Ok(()),
    }
}

fn line(kept: &PersonKey) -> Value {
    let PersonKey { id, key, standing, kept_at, changed_at } = kept;
    let ends_soon = key.ends_at.is_some_and(|at| micros(now_s() + SOON_DAYS * 86_400).is_some_and(|soon| at < soon));
    json!({
        "id": id, "of": "register", "site": key.site, "address": key.address, "scheme": key.scheme.to_string(),
        "fingerprint": key.fingerprint, "origin": key.origin.to_string(), "standing": standing.word(),
        "message": key.message, "kept_at": time(*kept_at), "changed_at": time(*changed_at),
        "ends_at": key.ends_at.map(time), "ends_soon": ends_soon,
    })
}

/// What the rules of the site would make of a letter to this address, and with which key, by the folder and the register.
async fn chosen(settings: &Settings, store: &Store, site: &str, address: &str) -> Result<(), Failure> {
    let of = site_named(settings, site)?;
    let Some(sealing) = &of.sealing else {
        return print_object(
            &json!({ "address": address, "chosen": Value::Null, "why": "letters of this site are not sealed" }),
        );
    };
    let sealer = sealer(settings, sealing, store).await?;
    let headers = mail::Headers { from: of.letters.from.clone().into_iter().collect(), ..mail::Headers::default() };
    let now_s = i64::try_from(now_s()).unwrap_or(i64::MAX);
    let facts = MailFacts {
        now_s,
        site: site.to_owned(),
        headers,
        recipients: vec![address.to_owned()],
        ..MailFacts::default()
    };
    let plan = sealer.plan(&facts).await?.plan;
    let considered = plan.trace.keys.iter().filter(|key| key.purpose == Purpose::Encrypt);
    let is_sealed = matches!(&plan.fate, Fate::Seal(seal) if !seal.encrypt_to.is_empty());
    let taken = considered.clone().find(|key| key.taken && is_sealed);
    let key = |key: &policy::sealing::KeyTrace| {
        json!({
            "scheme": key.scheme.to_string(), "fingerprint": key.fingerprint, "origin": key.origin.to_string(), "why": key.why,
            "ends_soon": key.ends_soon,
        })
    };
    print_object(&json!({
        "address": address, "chosen": taken.map(key), "considered": considered.map(key).collect::<Vec<_>>(),
        "fate": plan.fate.in_words(),
    }))
}

/// What a person says of a key that is kept.
pub async fn change(of: &OfSite, id: &str, word: KeyWord) -> Result<(), Failure> {
    with_store(&of.config, async |settings, store| {
        site_named(settings, &of.site)?;
        let done = store.change_person_key(&of.site, id, word, KeyHand::Person(WHO)).await?;
        match (done, word) {
            (true, KeyWord::Accept) => print(&format!("{id}: is used from now on\n")),
            (true, KeyWord::Remove) => print(&format!("{id}: removed\n")),
            (false, _) => Err(Failure::new(format!(
                "{id}: site {} has no such key, or it is so already; `sealpost key list` shows those that are there",
                of.site
            ))),
        }
    })
    .await
}

/// Prints a key that is kept, by its id, or all of an address: as text.
pub async fn export(of: &OfSite, named: &str) -> Result<(), Failure> {
    with_store(&of.config, async |settings, store| {
        site_named(settings, &of.site)?;
        let all = match is_plain_address(named) {
            true => store.keys_of_person(&of.site, named).await?,
            false => store.person_key(&of.site, named).await?.into_iter().collect(),
        };
        if all.is_empty() {
            return Err(Failure::new(format!(
                "site {} keeps no key {named}; `sealpost key list` shows those that are there",
                of.site
            )));
        }
        let text = |kept: &PersonKey| match kept.key.scheme {
            Scheme::Smime => pem("CERTIFICATE", &kept.key.bytes).to_string(),
            Scheme::Pgp => armored(&kept.key.bytes),
        };
        print_bytes(all.iter().map(text).collect::<String>().as_bytes())
    })
    .await
}

/// What seals letters by folder and register; nobody outside is asked.
async fn sealer(settings: &Settings, sealing: &Sealing, store: &Store) -> Result<LettersByRules, Failure> {
    let cells = wire::cells(settings).await?;
    sealer_in(&cells, sealing, (settings, store)).await
}

/// The same in cells that are there.
async fn sealer_in(
    cells: &Cells,
    sealing: &Sealing,
    (settings, store): (&Settings, &Store),
) -> Result<LettersByRules, Failure> {
    let outside = Outside { keys: KeySources::nobody(cells.clone()), news: None };
    Ok(wire::letter_sealer(sealing, (store, wire::openers(settings, store).await?), cells, outside))
}
