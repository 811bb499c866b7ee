//! `sealpost key discover`: what others have of an address, and whether it may be used.

use super::super::{Failure, files, print};
use super::inventory::time;
use super::{Keys, import};
use crate::settings::{self, Settings};
use engine::keys::{KeyFolder, Openers};
use engine::outside::{Discovered, Found, KeySources, Lives, Said, SourceKind, SourceSettings, Way, server_url};
use engine::sealing::AskedFolder;
use engine::speak::Route;
use policy::sealing::{KeyRule, MailFacts};
use policy::{SealingRules, is_plain_address};
use seal::pgp;
use seal::verdict::fingerprint;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The key server that is meant where none is named.
const VKS: &str = "https://keys.openpgp.org";
/// One answer is waited for so long, where no settings say it.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Whom to ask about whom.
#[derive(Debug, clap::Args)]
pub struct Asked {
    /// The address whose keys are looked for. Whoever is asked learns it.
    address: String,
    /// Ask this one: the name or kind of a `[[key_source]]` of --config; without it wkd, vks, hkp or dns. May be given several times.
    #[arg(long = "source", value_name = "NAME")]
    sources: Vec<String>,
    /// Without settings: the server. Needed by hkp; vks asks keys.openpgp.org at first.
    #[arg(long)]
    url: Option<String>,
    /// The file of sealing rules by which keys are judged; at first what holds without rules.
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Take the keys that may be used into the folder, among those of people.
    #[arg(long)]
    import: bool,
}

/// Prints one object for each source.
///
/// # Errors
/// When it is no address, a source could not be asked, or a key not be taken in; the others were.
pub async fn run(keys: &Keys, openers: &Openers, asked: &Asked) -> Result<(), Failure> {
    if !is_plain_address(&asked.address) {
        return Err(Failure::new(format!("{:?} is no address; write one such as ann@example.org", asked.address)));
    }
    let rule = asked.rule()?;
    let sources = asked.sources(keys.config.as_deref())?;
    let folder = match keys.folder.is_dir() {
        true => keys.read(openers)?,
        false => KeyFolder::default(),
    };
    let judging = Judging { folder: AskedFolder::new(folder), address: &asked.address, rule };
    let sources = KeySources::new(sources, files::cells().await?)?;
    let mut is_wrong = false;
    for said in sources.ask_each(&asked.address).await {
        is_wrong |= said.found.is_err();
        let (mut line, usable) = judging.line(said).await;
        if asked.import && !usable.is_empty() {
            let (items, well) = import::found(keys, openers, &asked.address, &usable)?;
            line["imported"] = json!(items);
            is_wrong |= !well;
        }
        print(&format!("{line}\n"))?;
    }
    if is_wrong { Err(Failure::told()) } else { Ok(()) }
}

impl Asked {
    fn rule(&self) -> Result<KeyRule, Failure> {
        let (text, shown) = match &self.rules {
            Some(file) => (files::text(file)?, file.display().to_string()),
            None => ("version = 1\n".to_owned(), String::new()),
        };
        let rules = SealingRules::from_toml(&text, &shown).map_err(|fault| Failure::new(fault.public))?;
        let mail = MailFacts { now_s: now_s(), recipients: vec![self.address.clone()], ..MailFacts::default() };
        KeyRule::of(&mail, &rules, 0).ok_or_else(|| Failure::new("the rules say nothing of a recipient"))
    }

    fn sources(&self, config: Option<&Path>) -> Result<Vec<SourceSettings>, Failure> {
        match config {
            Some(file) => {
                if self.url.is_some() {
                    return Err(Failure::new("--url is for a source without settings; leave it out, or --config"));
                }
                self.of_settings(&settings::load(file)?)
            }
            None if self.sources.is_empty() => {
                let why = "nobody is asked who was not named: add --source wkd, or --config FILE with [[key_source]] sections";
                Err(Failure::new(why))
            }
            None => self.sources.iter().map(|kind| self.by_kind(kind)).collect(),
        }
    }

    fn of_settings(&self, settings: &Settings) -> Result<Vec<SourceSettings>, Failure> {
        let is_named = |source: &SourceSettings, name: &str| source.name == name || source.kind.word() == name;
        let missing = self.sources.iter().find(|name| !settings.key_sources.iter().any(|one| is_named(one, name)));
        if let Some(name) = missing {
            return Err(Failure::new(format!("{name:?} is no [[key_source]] of these settings, nor the kind of one")));
        }
        let is_asked = |source: &&SourceSettings| {
            self.sources.is_empty() || self.sources.iter().any(|name| is_named(source, name))
        };
        let asked: Vec<SourceSettings> = settings.key_sources.iter().filter(is_asked).cloned().collect();
        match asked.is_empty() {
            true => {
                Err(Failure::new("these settings have no [[key_source]]; write one, or name one by --source alone"))
            }
            false => Ok(asked),
        }
    }

    fn by_kind(&self, word: &str) -> Result<SourceSettings, Failure> {
        let Some(kind) = SourceKind::ALL.into_iter().find(|kind| kind.word() == word) else {
            return Err(Failure::new(format!(
                "{word:?} is no kind of source; write wkd, vks, hkp or dns, or name settings by --config"
            )));
        };
        let url = match (kind, self.url.as_deref()) {
            (SourceKind::Wkd, url) => url,
            (SourceKind::Vks, url) => Some(url.unwrap_or(VKS)),
            (SourceKind::Hkp, None) => return Err(Failure::new("hkp needs a server: --url https://keys.example.org")),
            (SourceKind::Hkp, url) => url,
            (SourceKind::Dns, None) => None,
            (SourceKind::Dns, Some(_)) => {
                return Err(Failure::new("dns asks the resolvers of the system; leave --url out"));
            }
            (SourceKind::Ldap, _) => {
                let why = "a directory is asked below its base; write a [[key_source]] of kind \"ldap\", and name its settings by --config";
                return Err(Failure::new(why));
            }
        };
        let server = |url| server_url(url, false).map_err(|why| Failure::new(format!("--url {url:?} {why}")));
        let url = url.map(server).transpose()?;
        let way = match kind {
            SourceKind::Dns => {
                Way::Dns(courier::dns_keys::Settings { servers: Vec::new(), trust_anchor: None, timeout: TIMEOUT })
            }
            _ => Way::Web { url, route: Route::default() },
        };
        let lives = Lives { keys: Duration::ZERO, none: Duration::ZERO, stale: Duration::ZERO };
        let (name, domains) = (word.to_owned(), Vec::new());
        Ok(SourceSettings { name, kind, way, domains, vouches: false, timeout: TIMEOUT, lives })
    }
}

/// By what certificates are judged.
struct Judging<'a> {
    folder: AskedFolder,
    address: &'a str,
    rule: KeyRule,
}

impl Judging<'_> {
    /// What a source said, and those of its certificates that may be used.
    async fn line(&self, said: Said) -> (Value, Vec<Found>) {
        let mut line = json!({
            "source": said.source, "kind": said.kind.word(), "origin": said.origin, "asked": said.asked, "address": self.address,
        });
        let found = match said.found {
            Ok(found) => found,
            Err(unfound) => {
                line["outcome"] = json!("failed");
                line["error"] = json!(unfound.why());
                return (line, Vec::new());
            }
        };
        let (mut keys, mut usable) = (Vec::new(), Vec::new());
        for one in found {
            let (key, may_be_used) = self.key(one).await;
            keys.push(key);
            usable.extend(may_be_used);
        }
        line["outcome"] = json!(if keys.is_empty() { "none" } else { "found" });
        line["keys"] = json!(keys);
        (line, usable)
    }

    /// A certificate in words, and itself where mail may be encrypted with it.
    async fn key(&self, one: Discovered) -> (Value, Option<Found>) {
        let now = now_s();
        let mut line = self.bare(&one.certificate);
        let unfit = why_unfit(&one.certificate, now.unsigned_abs());
        let judged = self.folder.discovered(one, self.address, now.unsigned_abs()).await;
        let (why, found) = match judged {
            Some((key, found)) => {
                line["algorithm"] = json!(key.algorithm);
                line["bits"] = json!(key.bits);
                line["not_after"] = json!(key.not_after_s.map(|at| time(at.unsigned_abs())));
                (self.rule.refusal(&key, now), Some(found))
            }
            None => (Some(unfit), None),
        };
        line["usable"] = json!(why.is_none());
        line["why"] = json!(why.as_deref().unwrap_or("it may be used"));
        (line, found.filter(|_| why.is_none()))
    }

    fn bare(&self, certificate: &Found) -> Value {
        let folder = self.folder.folder();
        match certificate {
            Found::Pgp(one) => {
                let print = one.fingerprint().to_ascii_lowercase();
                let in_folder = folder.pgp_for(self.address).any(|(known, _)| known.fingerprint == print);
                json!({ "fingerprint": print, "scheme": "pgp", "in_folder": in_folder })
            }
            Found::Smime(one) => {
                let in_folder = folder.certificates.iter().any(|(known, _)| known.der() == one.certificate.der());
                json!({
                    "fingerprint": fingerprint(&one.certificate), "scheme": "smime", "in_folder": in_folder,
                    "chain": one.authorities.len(), "capabilities": one.capabilities.is_some(),
                })
            }
        }
    }
}

/// Why a certificate is no key of the address.
fn why_unfit(certificate: &Found, now: u64) -> String {
    match certificate {
        Found::Pgp(one) => {
            let standing = one.standing(&pgp::Policy::default(), now);
            let named = || "its owner signed no name with this address".to_owned();
            standing.is.err().map_or_else(named, |unfit| unfit.to_string())
        }
        Found::Smime(_) => "it could not be judged".to_owned(),
    }
}

fn now_s() -> i64 {
    jiff::Timestamp::now().as_second()
}
