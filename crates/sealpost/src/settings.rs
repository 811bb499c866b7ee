//! Settings: one TOML file, read, checked and resolved into the values that the parts of the program want.

mod fixed;
pub mod manual;
pub mod presets;
pub mod profile_file;
mod resolve;
pub mod secret;
pub mod table;
pub mod templates;
pub mod written;

pub use fixed::Fixed;
pub use written::Problem;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tracker::Dialect;

/// A secret that never shows in debug output.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Everything that `serve` needs, resolved: paths absolute, secrets read, references between sections checked.
///
/// It cannot be printed: a database's URL may hold a password.
#[derive(Clone)]
pub struct Settings {
    pub file: PathBuf,
    pub store: store::Settings,
    pub keep_usage_days: u32,
    pub keep_flags_days: u32,
    pub keep_events_days: u32,
    pub keep_billing_days: u32,
    pub console: Console,
    /// `None` when nothing listens to strangers.
    pub public: Option<Public>,
    pub operations: SocketAddr,
    pub log: Log,
    pub work: Work,
    pub cells: Cells,
    pub dns: Dns,
    pub mail: mail::Limits,
    pub size_bytes_max: u64,
    pub sites: Vec<Site>,
    pub outgoing: Vec<Outgoing>,
    /// What signs letters, by domain and selector.
    pub dkim: Vec<DkimKey>,
    pub mailboxes: Vec<Mailbox>,
    pub relays: Vec<Relay>,
    /// Who may be asked for keys.
    pub key_sources: Vec<engine::outside::SourceSettings>,
    /// Tokens that keep private keys.
    pub key_tokens: engine::keys::KeyTokens,
    pub profiles: Vec<ProfileFile>,
    /// Empty where nothing is limited.
    pub plans: Vec<policy::meter::Capacity>,
    /// Who is told of the gateway itself.
    pub bulletins: Vec<policy::bulletin::Rule>,
    /// The ways to tell by, mail apart.
    pub channels: Vec<engine::Channel>,
    /// What only a restart changes.
    pub fixed: Fixed,
}

#[derive(Debug, Clone)]
pub struct Console {
    pub listen: SocketAddr,
    pub certificate: Option<(PathBuf, PathBuf)>,
    pub url: Option<String>,
}

/// What strangers reach.
#[derive(Debug, Clone)]
pub struct Public {
    pub listen: SocketAddr,
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// `scheme://host[:port]`, never with anything behind it.
    pub url: String,
    pub proxies: Vec<std::net::IpAddr>,
    pub connections_max: usize,
    pub connections_per_ip_max: usize,
    pub requests_per_minute_max: u32,
    /// The longest silence within a mail that is handed in.
    pub silence_s: u64,
    /// How long one mail as a whole may take.
    pub mail_timeout_s: u64,
    pub upload_bytes_max: u64,
}

#[derive(Debug, Clone)]
pub struct Log {
    pub level: String,
    pub json: bool,
}

#[derive(Debug, Clone)]
pub struct Work {
    pub jobs_at_once: u32,
    pub mailboxes_at_once: u32,
    pub watched_mailboxes_max: u32,
    pub queue_depth_max: u64,
    pub tries_max: u32,
    pub lease_s: u32,
    /// Never empty, ascending.
    pub look_ups: Vec<Duration>,
}

#[derive(Debug, Clone)]
pub struct Cells {
    pub count: usize,
    pub sandbox_full: bool,
    pub memory_bytes_max: u64,
    pub wall_s: u64,
}

#[derive(Debug, Clone)]
pub struct Dns {
    pub servers: Vec<SocketAddr>,
    pub timeout_s: u64,
    pub retries: u32,
    pub total_s: u64,
    pub answers_max: u64,
    pub patience_s: u64,
}

/// How the authors of a mailbox's mail are verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authenticity {
    Nothing,
    /// Whose results count, and the clients that may hand them over.
    Header(mail::authenticity::Trust, Vec<std::net::IpAddr>),
    Dns,
}

#[derive(Debug, Clone)]
pub struct Site {
    pub name: String,
    /// A label; `None` takes every profile.
    pub environment: Option<String>,
    /// What its webhooks are signed with, the newest first.
    pub webhook_secrets: Vec<Secret>,
    /// How often its history is read; `None` where it is not.
    pub history_poll: Option<Duration>,
    /// Letters about events to one address within an hour.
    pub letters_per_hour: Option<u32>,
    /// Who is told of its events, as the file says it.
    pub mappings: Option<String>,
    /// Its own templates.
    pub templates: Option<policy::template::Templates>,
    pub dialect: Dialect,
    /// It has no issues otherwise, and `dialect` says nothing.
    pub has_tracker: bool,
    pub region: String,
    pub api_base: String,
    pub browse_base: String,
    pub account: String,
    /// Empty when there is `oauth`.
    pub token: Secret,
    /// When that token ends, as far as anybody said.
    pub token_expires: Option<jiff::Timestamp>,
    pub oauth: Option<Oauth>,
    /// Where it is told which sites such a token is good for.
    pub sites_url: String,
    pub allow_private: bool,
    /// A secret, because a user and a password may stand in it.
    pub proxy: Option<Secret>,
    pub certificate_authorities: Vec<PathBuf>,
    pub requests_at_once: usize,
    pub letters: Letters,
    /// By which rules and with which keys its letters are sealed; `None` where they leave as they are.
    pub sealing: Option<Sealing>,
    /// People see, bring and remove their keys by a page of the public listener.
    pub portal: bool,
    /// How many days ahead people are told that a key of theirs ends; 0 for never.
    pub portal_remind_days: u32,
    pub requests_per_s: u32,
    /// `None`: as the store says.
    pub keep_content_days: Option<u32>,
    /// The same of what its tracker told.
    pub keep_events_days: Option<u32>,
    /// The same of what is counted.
    pub keep_usage_days: Option<u32>,
    pub keep_flags_days: Option<u32>,
    pub keep_billing_days: Option<u32>,
}

/// How tokens come about, for a mailbox, a site or an outgoing server, and when that by which they are had ends.
#[derive(Debug, Clone)]
pub struct Oauth {
    pub authorization: engine::Authorization,
    /// How somebody signs in; `None` for what has rights of its own.
    pub consent_by: Option<courier::oauth::ConsentBy>,
    pub secret_ends: Option<jiff::Timestamp>,
    pub certificate_ends: Option<jiff::Timestamp>,
    /// A sign-in that was not used for so long is forgotten.
    pub idle_max: Option<Duration>,
}

/// What a site says of its letters.
#[derive(Debug, Clone)]
pub struct Letters {
    /// Nothing leaves to anybody.
    pub dead_end: bool,
    /// The name of an [`Outgoing`].
    pub outgoing: Option<String>,
    pub from: Option<mail::Address>,
}

/// A server that letters are handed to.
#[derive(Debug, Clone)]
pub struct Outgoing {
    pub name: String,
    pub host: String,
    /// Asked in this order when the one before cannot be reached.
    pub next_hosts: Vec<String>,
    pub port: u16,
    pub security: courier::submit::Security,
    /// It speaks LMTP.
    pub lmtp: bool,
    /// It is no server for mail but this mailbox of Microsoft Graph.
    pub graph: Option<engine::outgoing_graph::GraphServer>,
    pub authorities: Option<PathBuf>,
    pub credentials: Option<(String, Secret)>,
    /// The account that is opened with tokens, and how they come about.
    pub oauth: Option<(String, Oauth)>,
    /// What we call ourselves in EHLO.
    pub client_name: String,
    pub connections: usize,
    /// `None` for as many as there are connections.
    pub connections_per_domain: Option<usize>,
}

#[derive(Debug, Clone)]
pub struct Mailbox {
    pub name: String,
    pub site: String,
    /// `smtp` or `lmtp`.
    pub kind: String,
    /// Its mail is handed in over HTTP; it neither listens nor is fetched.
    pub api: bool,
    /// Empty unless it listens.
    pub listen: String,
    pub profile: String,
    /// Its mail is only looked at.
    pub shadow: bool,
    /// `None` unless it is fetched.
    pub fetched: Option<Fetched>,
    /// When no mail came for so long, somebody should look.
    pub silent_after_h: Option<u64>,
    pub authenticity: Authenticity,
    /// `None` where its mail is read as it came.
    pub opening: Option<Opening>,
    /// Keys that come with its mail are kept for its senders.
    pub harvests: bool,
    pub hostname: String,
    /// `none`, `starttls` or `implicit`.
    pub tls: String,
    pub require_tls: bool,
    pub certificate: Option<(PathBuf, PathBuf)>,
    pub require_auth: bool,
    pub connections_max: usize,
    pub connections_per_ip_max: usize,
    pub recipients_max: usize,
    pub messages_per_connection_max: u32,
    pub command_timeout_s: u64,
    pub data_timeout_s: u64,
    pub errors_max: u32,
    /// User and password of the accounts that may hand mail in.
    pub accounts: Vec<(String, Secret)>,
}

/// A service that hands mail of other programs on.
#[derive(Debug, Clone)]
pub struct Relay {
    pub name: String,
    /// Empty for a relay of no site.
    pub site: String,
    /// The name of an [`Outgoing`].
    pub outgoing: String,
    /// At least one of the two.
    pub listen: Option<SocketAddr>,
    pub listen_implicit: Option<SocketAddr>,
    /// STARTTLS is offered at `listen`.
    pub starttls: bool,
    pub certificate: Option<(PathBuf, PathBuf)>,
    pub require_tls: bool,
    /// Empty for whoever signs in.
    pub clients: Vec<engine::relay::Network>,
    /// User and password.
    pub accounts: Vec<(String, Secret)>,
    /// It speaks LMTP in place of SMTP.
    pub lmtp: bool,
    /// By which rules and with which keys it seals; `None` for a relay that seals nothing.
    pub sealing: Option<Sealing>,
    /// With what it opens mail; `None` for one that hands mail of programs on.
    pub opening: Option<Opening>,
    pub hostname: String,
    pub connections: usize,
    pub recipients_max: usize,
    pub size_bytes_max: u64,
    pub memory_bytes_max: u64,
    pub connections_max: usize,
    pub connections_per_ip_max: usize,
    pub answer_within_s: u64,
    pub hops_max: usize,
    /// How long mail that waits for a key is stored here; `None` where its client keeps it.
    pub keeps_for: Option<Duration>,
}

/// Where the rules for sealing are, and the keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealing {
    pub rules: PathBuf,
    pub keys: PathBuf,
    pub password: Option<Secret>,
    /// The names of those who are asked for keys that the folder does not have.
    pub key_sources: Vec<String>,
    /// How news of revocation is fetched; `None` where it is not.
    pub news: Option<engine::outside::NewsSettings>,
    /// The authorities of the system are trusted, too.
    pub trusts_system: bool,
    /// Nothing is sealed, and what would have been is written down there.
    pub record: Option<PathBuf>,
}

/// With what the mail of a mailbox is opened, or that of a relay in front of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    pub keys: PathBuf,
    pub password: Option<Secret>,
    pub trusts_unknown: bool,
    /// What is known of revocation counts for so many days after the next word was due.
    pub stale_days_max: u32,
    /// How news of revocation is fetched; `None` where it is not.
    pub news: Option<engine::outside::NewsSettings>,
    /// The authorities of the system are trusted, too.
    pub trusts_system: bool,
    pub opens_legacy: bool,
}

/// Where and how a mailbox is fetched.
#[derive(Debug, Clone)]
pub struct Fetched {
    pub protocol: engine::fetch::Protocol,
    pub host: String,
    pub port: u16,
    pub security: engine::fetch::Security,
    pub authorities: Option<PathBuf>,
    pub user: String,
    /// Empty when there is `oauth`.
    pub password: Secret,
    pub oauth: Option<Oauth>,
    pub start: engine::fetch::Start,
    /// `None` never deletes.
    pub delete_after_days: Option<u64>,
    pub poll_s: u64,
    pub answer_timeout_s: u64,
    pub mail_timeout_s: u64,
}

#[derive(Debug, Clone)]
pub struct ProfileFile {
    pub name: String,
    pub file: PathBuf,
    /// With the mappings that stand in files of their own.
    pub text: String,
    /// Whether all of it could be read; what is wrong is among the problems.
    is_whole: bool,
    /// The folder of its test cases, where the settings name one.
    pub cases: Option<PathBuf>,
}

/// A key, and whose letters it signs.
#[derive(Debug, Clone)]
pub struct DkimKey {
    pub key: Arc<courier::dkim::Key>,
    /// Of these sites alone; empty for all.
    pub sites: Vec<String>,
}

impl Settings {
    /// What signs the letters of a site.
    pub fn signers(&self, site: &str) -> courier::dkim::Signers {
        let is_its = |one: &&DkimKey| one.sites.is_empty() || one.sites.iter().any(|of| of == site);
        courier::dkim::Signers::new(self.dkim.iter().filter(is_its).map(|one| one.key.clone()))
    }

    pub fn site(&self, name: &str) -> Option<&Site> {
        self.sites.iter().find(|site| site.name == name)
    }

    /// The site and the name of each relay, as what it stores is known by; the site is empty for one of none.
    pub fn relays_with_site(&self) -> Vec<(String, String)> {
        self.relays.iter().map(|relay| (relay.site.clone(), relay.name.clone())).collect()
    }

    pub fn outgoing(&self, name: &str) -> Option<&Outgoing> {
        self.outgoing.iter().find(|outgoing| outgoing.name == name)
    }

    pub fn mailbox(&self, name: &str) -> Option<&Mailbox> {
        self.mailboxes.iter().find(|mailbox| mailbox.name == name)
    }

    pub fn profile(&self, name: &str) -> Option<&ProfileFile> {
        self.profiles.iter().find(|profile| profile.name == name)
    }

    /// There is one, or the settings were refused.
    pub fn profile_of(&self, mailbox: &Mailbox) -> Option<&ProfileFile> {
        self.profile(&mailbox.profile)
    }

    /// How long each site keeps content, events and what is counted. A site that keeps no content keeps no events either, unless it says so.
    pub fn retention(&self) -> store::Retention {
        let (keep_content_days, keep_events_days) = (self.store.keep_content_days, self.keep_events_days);
        let content = |site: &Site| site.keep_content_days.unwrap_or(keep_content_days);
        let events = |site: &Site| match (site.keep_events_days, site.keep_content_days) {
            (Some(days), _) => days,
            (None, Some(0)) => 0,
            (None, _) => keep_events_days,
        };
        let usage = |site: &Site| site.keep_usage_days.unwrap_or(self.keep_usage_days);
        let billing = self.sites.iter().filter_map(|site| Some((site.name.clone(), site.keep_billing_days?)));
        let flags = self.sites.iter().filter_map(|site| Some((site.name.clone(), site.keep_flags_days?)));
        let of_sites =
            |days: &dyn Fn(&Site) -> u32| self.sites.iter().map(|site| (site.name.clone(), days(site))).collect();
        store::Retention {
            keep_content_days,
            by_site: of_sites(&content),
            keep_events_days,
            events_by_site: of_sites(&events),
            keep_usage_days: self.keep_usage_days,
            usage_by_site: of_sites(&usage),
            plans: self.plans.clone(),
            keep_billing_days: self.keep_billing_days,
            billing_by_site: billing.collect(),
            keep_flags_days: self.keep_flags_days,
            flags_by_site: flags.collect(),
        }
    }
}

/// Reads and resolves a settings file, with the environment's overrides. All problems are told, not only the first.
pub fn load(file: &Path) -> Result<Settings, Vec<Problem>> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        vec![Problem {
            key: "the file".into(),
            value: String::new(),
            place: file.display().to_string(),
            why: format!("cannot be read: {error}"),
            remedy: "give the path of a settings file with --config".into(),
        }]
    })?;
    let environment: Vec<(String, String)> = std::env::vars().collect();
    resolve(&text, file, &environment)
}

/// The pure half of [`load`], but for the files that the settings name.
pub fn resolve(text: &str, file: &Path, environment: &[(String, String)]) -> Result<Settings, Vec<Problem>> {
    let written = written::read(text, &file.display().to_string(), environment)?;
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_path_buf();
    resolve::Reader::new(folder, file).resolve(file, &written)
}
