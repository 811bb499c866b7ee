//! From sections as written to the values that the parts of the program want.

mod bulletins;
mod dkim;
mod key_sources;
mod mailbox;
mod no_tracker;
mod oauth;
mod outgoing;
mod pkcs11;
mod plans;
mod public;
mod references;
mod relay;
mod sets;
mod site_oauth;

pub(super) use mailbox::OF_LISTENING;

use super::written::{Scalar, Section, Value, Written};
use super::{
    Cells, Console, Dns, Fixed, Log, Mailbox, Problem, ProfileFile, Secret, Settings, Site, Work, profile_file, secret,
};
use engine::keys::KeyTokens;
use policy::template::Templates;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;
use tracker::Dialect;

/// Turns sections into values and collects what is wrong on the way; a wrong value is replaced by an empty one, since
/// nothing is returned once there is a problem.
pub struct Reader {
    folder: PathBuf,
    file: String,
    problems: Vec<Problem>,
}

impl Reader {
    /// Paths are relative to `folder`; `file` names the place in problems.
    pub fn new(folder: PathBuf, file: &Path) -> Reader {
        Reader { folder, file: file.display().to_string(), problems: Vec::new() }
    }

    /// The settings, or all that is wrong with them.
    pub fn resolve(mut self, file: &Path, written: &Written) -> Result<Settings, Vec<Problem>> {
        let settings = self.settings(file, written);
        self.check_references(&settings, written);
        if self.problems.is_empty() { Ok(settings) } else { Err(self.problems) }
    }

    fn settings(&mut self, file: &Path, written: &Written) -> Settings {
        let store = self.single(written, "store");
        let cells = self.single(written, "cells");
        let mail_section = self.single(written, "mail");
        let work = self.single(written, "work");
        let operations = self.single(written, "operations");
        let mut settings = Settings {
            file: file.to_path_buf(),
            store: self.store(written),
            keep_usage_days: self.integer(&store, "keep_usage_days") as u32,
            keep_events_days: self.integer(&store, "keep_events_days") as u32,
            keep_billing_days: self.integer(&store, "keep_billing_days") as u32,
            keep_flags_days: self.integer(&store, "keep_flags_days") as u32,
            console: self.console(written),
            public: self.public(written),
            operations: self.address(&operations, "listen"),
            log: self.log(written),
            work: Work {
                jobs_at_once: self.integer(&work, "jobs_at_once") as u32,
                mailboxes_at_once: self.integer(&work, "mailboxes_at_once") as u32,
                watched_mailboxes_max: self.integer(&work, "watched_mailboxes_max") as u32,
                queue_depth_max: self.integer(&work, "queue_depth_max"),
                tries_max: self.integer(&work, "tries_max") as u32,
                lease_s: self.integer(&work, "lease_s") as u32,
                look_ups: self.seconds(&work, "look_ups_s"),
            },
            cells: Cells {
                count: self.integer(&cells, "count") as usize,
                sandbox_full: self.text(&cells, "sandbox") == "full",
                memory_bytes_max: self.integer(&cells, "memory_mib") << 20,
                wall_s: self.integer(&cells, "wall_s"),
            },
            dns: self.dns(written),
            mail: self.limits(&mail_section),
            size_bytes_max: self.integer(&mail_section, "size_mib_max") << 20,
            sites: Vec::new(),
            outgoing: Vec::new(),
            dkim: Vec::new(),
            mailboxes: Vec::new(),
            relays: self.relays(written),
            key_sources: self.each(written, "key_source[]", Reader::key_source),
            key_tokens: KeyTokens::new(self.each(written, "pkcs11[]", Reader::token)),
            profiles: Vec::new(),
            plans: Vec::new(),
            bulletins: Vec::new(),
            channels: Vec::new(),
            fixed: Fixed::default(),
        };
        settings.sites = self.each(written, "site[]", Reader::site);
        settings.outgoing = self.each(written, "outgoing[]", Reader::outgoing);
        settings.dkim = self.dkim(written, &settings.sites);
        settings.mailboxes = self.mailboxes(written);
        settings.profiles = self.each(written, "profile[]", Reader::profile);
        settings.plans = self.plans(written);
        settings.bulletins = self.each(written, "bulletin[]", Reader::bulletin);
        settings.channels = self.each(written, "channel[]", Reader::channel).into_iter().flatten().collect();
        self.fetched_once(&settings.mailboxes, written);
        settings.fixed = Fixed::of(written, &settings.mailboxes, &settings.relays);
        settings
    }

    fn log(&mut self, written: &Written) -> Log {
        let log = self.single(written, "log");
        Log { level: self.text(&log, "level"), json: self.text(&log, "format") == "json" }
    }

    /// How much of a mail is read.
    fn limits(&mut self, section: &Section) -> mail::Limits {
        mail::Limits {
            header_bytes_max: (self.integer(section, "header_kib_max") << 10) as usize,
            header_fields_max: self.integer(section, "header_fields_max") as usize,
            addresses_max: self.integer(section, "addresses_max") as usize,
            depth_max: self.integer(section, "depth_max") as usize,
            parts_max: self.integer(section, "parts_max") as usize,
        }
    }

    /// The mailboxes with their accounts.
    pub fn mailboxes(&mut self, written: &Written) -> Vec<Mailbox> {
        let mut mailboxes = self.each(written, "mailbox[]", Reader::mailbox);
        self.accounts(written, &mut mailboxes);
        mailboxes
    }

    fn store(&mut self, written: &Written) -> store::Settings {
        let section = self.single(written, "store");
        let database = self.text(&section, "database");
        let database = self.database(&section, &database);
        let key_book = self.text(&section, "key_book");
        let key_book = self.database(&section, &key_book);
        let blobs = self.text(&section, "blobs");
        let reference = self.text(&section, "master_key");
        let master_key = secret::path(&reference, &self.folder).unwrap_or_else(|| {
            self.wrong(&section, "master_key", "is not a file", "write file:PATH or credential:NAME");
            PathBuf::new()
        });
        store::Settings {
            database,
            blobs: self.folder.join(blobs),
            key_book,
            master_key,
            keep_content_days: self.integer(&section, "keep_content_days") as u32,
            free_bytes_min: self.integer(&section, "free_mib_min") << 20,
        }
    }

    /// A database URL with its path made absolute, or with the password put in.
    fn database(&mut self, section: &Section, url: &str) -> String {
        if let Some(path) = url.strip_prefix("sqlite:") {
            return format!("sqlite:{}", self.folder.join(path).display());
        }
        if !url.starts_with("postgres://") {
            self.wrong(
                section,
                "database",
                "is not a database that Sealpost knows",
                "write sqlite:PATH or postgres://USER@HOST/NAME",
            );
            return url.to_string();
        }
        match self.secret(section, "database_password") {
            Some(Secret(password)) => match url.rsplit_once('@') {
                Some((user, rest)) => format!("{user}:{}@{rest}", percent_encoded(&password)),
                None => url.to_string(),
            },
            None => url.to_string(),
        }
    }

    fn console(&mut self, written: &Written) -> Console {
        let section = self.single(written, "console");
        let listen = self.address(&section, "listen");
        let certificate = self.certificate_beyond_loopback(&section, listen);
        Console { listen, certificate, url: self.optional_text(&section, "url") }
    }

    fn site(&mut self, section: &Section) -> Site {
        let dialect = match self.text(section, "dialect").as_str() {
            "jira_data_center" => Dialect::JiraDataCenter,
            // A site without a tracker speaks none.
            _ => Dialect::JiraCloud,
        };
        let has_tracker = self.has_tracker(section);
        let browse_base = match has_tracker {
            true => self.needed(section, "browse_base", "the base of links that people open"),
            false => String::new(),
        };
        let browse_base = browse_base.trim_end_matches('/').to_string();
        let oauth = self.site_oauth(section, dialect);
        Site {
            name: self.text(section, "name"),
            environment: self.optional_text(section, "environment"),
            mappings: self.mappings(section),
            templates: self.templates(section),
            webhook_secrets: self.webhook_secrets(section),
            letters_per_hour: self.optional_integer(section, "letters_per_hour").map(|most| most as u32),
            history_poll: self.optional_integer(section, "history_poll_s").filter(|s| *s > 0).map(Duration::from_secs),
            region: self.text(section, "region"),
            api_base: match has_tracker {
                true => self.api_base(section, &browse_base).trim_end_matches('/').to_string(),
                false => String::new(),
            },
            browse_base,
            dialect,
            has_tracker,
            account: self.optional_text(section, "account").unwrap_or_default(),
            token: match oauth.is_none() && has_tracker {
                true => self.needed_secret(section, "token", "a reference to the account's token, or set site.oauth"),
                false => Secret(String::new()),
            },
            sites_url: self.sites_url(section),
            token_expires: self.date(section, "token_expires"),
            oauth,
            allow_private: self.truth(section, "allow_private"),
            proxy: self.optional_text(section, "proxy").map(Secret),
            certificate_authorities: self
                .texts(section, "certificate_authorities")
                .iter()
                .map(|p| self.folder.join(p))
                .collect(),
            requests_at_once: self.integer(section, "requests_at_once") as usize,
            letters: self.letters(section),
            sealing: self.sealing(section),
            portal: self.truth(section, "portal"),
            portal_remind_days: self.integer(section, "portal_remind_days") as u32,
            requests_per_s: self.integer(section, "requests_per_s") as u32,
            keep_content_days: self.optional_integer(section, "keep_content_days").map(|days| days as u32),
            keep_events_days: self.optional_integer(section, "keep_events_days").map(|days| days as u32),
            keep_usage_days: self.optional_integer(section, "keep_usage_days").map(|days| days as u32),
            keep_billing_days: self.optional_integer(section, "keep_billing_days").map(|days| days as u32),
            keep_flags_days: self.optional_integer(section, "keep_flags_days").map(|days| days as u32),
        }
    }

    /// The newest first, which is the one that is registered.
    fn webhook_secrets(&mut self, section: &Section) -> Vec<Secret> {
        let (now, before) = (self.secret(section, "webhook_secret"), self.secret(section, "webhook_secret_before"));
        if now.is_none() && before.is_some() {
            let why = "stands without the one that came after it";
            self.wrong(section, "webhook_secret_before", why, "set webhook_secret to it, or to the new one");
        }
        now.into_iter().chain(before).collect()
    }

    /// The text of the site's file of mappings, which can be read when it is not refused here.
    fn mappings(&mut self, section: &Section) -> Option<String> {
        let file = self.path(section, "mappings")?;
        let shown = file.display().to_string();
        let read = std::fs::read_to_string(&file).map_err(|error| format!("{shown}: cannot be read: {error}"));
        let read = read.and_then(|text| match policy::Mappings::from_toml(&text, &shown) {
            Ok(_) => Ok(text),
            Err(fault) => Err(fault.public),
        });
        match read {
            Ok(text) => Some(text),
            Err(why) => {
                self.wrong(section, "mappings", &why, "mend the file; `sealpost notify check` tells the same");
                None
            }
        }
    }

    fn templates(&mut self, section: &Section) -> Option<Templates> {
        let file = self.path(section, "templates")?;
        match super::templates::read(&file) {
            Ok(templates) => Some(templates),
            Err(why) => {
                self.wrong(
                    section,
                    "templates",
                    &why,
                    "mend the file; `sealpost letter preview --template` shows what it makes",
                );
                None
            }
        }
    }

    fn dns(&mut self, written: &Written) -> Dns {
        let section = self.single(written, "dns");
        let (why, remedy) = ("holds what is not HOST:PORT with a numeric host", "write for example [\"127.0.0.1:53\"]");
        Dns {
            servers: self.parsed(&section, "servers", why, remedy),
            timeout_s: self.integer(&section, "timeout_s"),
            retries: self.integer(&section, "retries") as u32,
            total_s: self.integer(&section, "total_s"),
            answers_max: self.integer(&section, "answers_max"),
            patience_s: self.integer(&section, "patience_s"),
        }
    }

    fn profile(&mut self, section: &Section) -> ProfileFile {
        let (name, file) = (self.text(section, "name"), self.path(section, "file").unwrap_or_default());
        let cases = self.path(section, "cases");
        let text = match profile_file::whole(&name, &file) {
            Ok(text) => Some(text),
            Err(why) => {
                self.problems.push(Problem {
                    key: "profile[].file".into(),
                    value: format!("{name:?}"),
                    place: file.display().to_string(),
                    why,
                    remedy: "give the path of a profile in which `sealpost profile check` finds no mistakes, such as examples/profile.toml".into(),
                });
                None
            }
        };
        ProfileFile { name, file, is_whole: text.is_some(), text: text.unwrap_or_default(), cases }
    }

    fn single(&self, written: &Written, name: &str) -> Section {
        let none = Section { name: name.into(), place: self.file.clone(), ..Section::default() };
        written.sections.iter().find(|section| section.name == name).cloned().unwrap_or(none)
    }

    fn each<T>(&mut self, written: &Written, name: &str, one: fn(&mut Reader, &Section) -> T) -> Vec<T> {
        written.sections.iter().filter(|section| section.name == name).map(|section| one(self, section)).collect()
    }

    fn value(&mut self, section: &Section, name: &str) -> Option<Value> {
        section.value(name).unwrap_or_else(|problem| {
            self.problems.push(problem);
            None
        })
    }

    fn wrong(&mut self, section: &Section, name: &str, why: &str, remedy: &str) {
        let value = section.values.get(name);
        self.problems.push(Problem {
            key: format!("{}.{name}", section.name),
            value: value.map(|v| v.scalar.to_string()).unwrap_or_default(),
            place: value.map_or_else(|| section.place.clone(), |v| v.place.clone()),
            why: why.into(),
            remedy: remedy.into(),
        });
    }

    fn optional_text(&mut self, section: &Section, name: &str) -> Option<String> {
        match self.value(section, name)?.scalar {
            Scalar::Text(text) => Some(text),
            _ => None,
        }
    }

    fn text(&mut self, section: &Section, name: &str) -> String {
        self.optional_text(section, name).unwrap_or_default()
    }

    fn texts(&mut self, section: &Section, name: &str) -> Vec<String> {
        match self.value(section, name).map(|value| value.scalar) {
            Some(Scalar::Texts(texts)) => texts,
            _ => Vec::new(),
        }
    }

    /// A list of texts that are all of one form; `why` and `remedy` are for those that are not.
    fn parsed<T: FromStr>(&mut self, section: &Section, name: &str, why: &str, remedy: &str) -> Vec<T> {
        let texts = self.texts(section, name);
        let values: Vec<T> = texts.iter().filter_map(|text| text.parse().ok()).collect();
        if values.len() != texts.len() {
            self.wrong(section, name, why, remedy);
        }
        values
    }

    /// The table bounds every integer from below by 0.
    fn integer(&mut self, section: &Section, name: &str) -> u64 {
        self.optional_integer(section, name).unwrap_or_default()
    }

    fn optional_integer(&mut self, section: &Section, name: &str) -> Option<u64> {
        match self.value(section, name)?.scalar {
            Scalar::Integer(number) => Some(number.unsigned_abs()),
            _ => None,
        }
    }

    fn truth(&mut self, section: &Section, name: &str) -> bool {
        matches!(self.value(section, name).map(|value| value.scalar), Some(Scalar::Bool(true)))
    }

    /// A list of times, each at least as long as the one before.
    fn seconds(&mut self, section: &Section, name: &str) -> Vec<Duration> {
        let texts = self.texts(section, name);
        let times: Option<Vec<Duration>> =
            texts.iter().map(|text| Duration::try_from_secs_f64(text.parse().ok()?).ok()).collect();
        match times {
            Some(times) if !times.is_empty() && times.is_sorted() => times,
            _ => {
                self.wrong(
                    section,
                    name,
                    "is not an ascending list of seconds",
                    "write for example [\"5\", \"30\", \"120\", \"300\"]",
                );
                Vec::new()
            }
        }
    }

    /// The beginning of a day in UTC, so that nothing is promised for the day itself.
    fn date(&mut self, section: &Section, name: &str) -> Option<jiff::Timestamp> {
        let text = self.optional_text(section, name)?;
        let day = text.parse::<jiff::civil::Date>().ok().filter(|day| day.to_string() == text);
        let begins = day.and_then(|day| Some(day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp()));
        if begins.is_none() {
            self.wrong(section, name, "is not a day", "write for example \"2027-01-31\"");
        }
        begins
    }

    fn path(&mut self, section: &Section, name: &str) -> Option<PathBuf> {
        let path = self.optional_text(section, name)?;
        let path = self.folder.join(path);
        // Beside settings of this folder it is told as it was written.
        Some(path.strip_prefix(".").map(Path::to_owned).unwrap_or(path))
    }

    fn address(&mut self, section: &Section, name: &str) -> SocketAddr {
        let text = self.text(section, name);
        text.parse().unwrap_or_else(|_| SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    fn certificate(&mut self, section: &Section) -> Option<(PathBuf, PathBuf)> {
        match (self.path(section, "certificate"), self.path(section, "key")) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => {
                self.wrong(section, "certificate", "and key belong together", "set both or none");
                None
            }
        }
    }

    /// The certificate of a listener, which only on loopback may do without.
    fn certificate_beyond_loopback(&mut self, section: &Section, listen: SocketAddr) -> Option<(PathBuf, PathBuf)> {
        let certificate = self.certificate(section);
        if certificate.is_none() && !listen.ip().is_loopback() {
            let keys = format!("set {0}.certificate and {0}.key", section.name);
            let remedy = format!("{keys}, or listen on 127.0.0.1, by itself or behind a proxy that has a certificate");
            self.wrong(section, "listen", "is not loopback and has no certificate", &remedy);
        }
        certificate
    }

    fn needed_secret(&mut self, section: &Section, name: &str, what: &str) -> Secret {
        match section.values.contains_key(name) {
            true => self.secret(section, name).unwrap_or(Secret(String::new())),
            false => Secret(self.needed(section, name, what)),
        }
    }

    fn secret(&mut self, section: &Section, name: &str) -> Option<Secret> {
        let reference = self.optional_text(section, name)?;
        match secret::read(&reference, &self.folder) {
            Ok(secret) => Some(Secret(secret)),
            Err(unread) => {
                self.wrong(section, name, &unread.why, unread.remedy);
                None
            }
        }
    }
}

/// A password as part of a URL (RFC 3986, section 3.2.1).
fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") }).collect()
}
