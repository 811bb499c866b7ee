//! `sealpost key`: keys and certificates in a folder, which `seal`, `open` and the gateway use.

mod discover;
mod export;
mod generate;
mod import;
mod inventory;
mod keep;
mod place;
mod register;
mod remove;
mod seal_files;
mod zone;

use super::Failure;
use crate::settings::secret;
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use engine::keys::{KeyFolder, Openers, Why};
use seal::keyfile::{Fault, Password, Problem};
use seal::smime::PublicKey;
use std::path::{Path, PathBuf};
use store::KeyWord;
use zeroize::Zeroizing;

pub use generate::Chance;
pub use inventory::{pgp_certificate, time};
pub use register::coverage_now;

/// The fewest digits of a fingerprint that name something.
const DIGITS_MIN: usize = 16;

/// The folder of keys, and what opens what is there.
#[derive(Debug, clap::Args)]
pub struct Keys {
    /// The folder of keys.
    #[arg(long = "keys", value_name = "DIR", global = true, default_value = "sealpost-keys")]
    pub folder: PathBuf,
    /// Where a password stands that opens keys: file:PATH, env:NAME or credential:NAME; may be given several times. New keys are kept
    /// under the first.
    #[arg(long = "password", value_name = "REF", global = true, value_parser = reference)]
    pub passwords: Vec<String>,
    /// The settings of the gateway: its vault opens and seals files of keys, its store keeps those of people (--site), and `key discover` asks
    /// its `[[key_source]]` sections.
    #[arg(long = "config", value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
}

/// The command line of `sealpost key`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    keys: Keys,
    #[command(subcommand)]
    what: What,
}

/// What is to be done about keys.
#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// Make a key of our own, with a certificate that it signs itself or a request for an authority.
    Generate(generate::Asked),
    /// Take in what files hold, whatever their format: one JSON object per file.
    Import {
        /// Whose they are. Only `own` takes private keys; `trusted` are anchors of trust.
        #[arg(long = "as", value_enum, default_value = "people")]
        shelf: place::Shelf,
        #[command(flatten)]
        of: register::Of,
        /// With --site: keep them for this address alone, and not for each that stands in a key.
        #[arg(long, requires = "site")]
        address: Option<String>,
        /// Have the vault of --config seal what holds private keys.
        #[arg(long, conflicts_with = "site")]
        sealed: bool,
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Have the vault of --config seal the files with private keys that stand there in other forms: one JSON object per file.
    SealFiles,
    /// One JSON object for each key and certificate.
    List {
        #[command(flatten)]
        of: register::Of,
        /// For this address; with --site also which key is chosen for it now, and why.
        #[arg(long)]
        address: Option<String>,
        /// With --site: those that wait for somebody's word.
        #[arg(long, requires = "site")]
        quarantined: bool,
    },
    /// Use a key of a person that waits in quarantine, by its id; those that came with mail and contradict it are removed.
    Accept {
        #[command(flatten)]
        of: register::OfOne,
        id: String,
    },
    /// How many of those to whom a site writes can be reached by encrypted mail: one JSON object.
    Coverage {
        #[command(flatten)]
        of: register::OfOne,
        /// Of letters about this project alone.
        #[arg(long, value_name = "KEY")]
        project: Option<String>,
        /// Say who cannot be reached, too.
        #[arg(long)]
        addresses: bool,
    },
    /// What is known of one.
    Show {
        /// SHA-256 of a certificate, or the fingerprint of an OpenPGP key; its first 16 digits suffice.
        fingerprint: String,
    },
    /// Print what may be given to others, never private parts.
    ExportPublic {
        #[command(flatten)]
        of: register::Of,
        /// A fingerprint as for `show`, or an address; with --site an id or an address.
        #[arg(value_name = "FINGERPRINT|ADDRESS|ID")]
        named: String,
        /// Default: pem for certificates, armored for OpenPGP.
        #[arg(long, value_enum)]
        format: Option<export::Format>,
    },
    /// Ask others for the keys of an address: one JSON object per source.
    Discover(discover::Asked),
    /// Delete the files of one, its private key among them; with --site a key of a person.
    Remove {
        #[command(flatten)]
        of: register::Of,
        /// A fingerprint as for `show`; with --site an id.
        #[arg(value_name = "FINGERPRINT|ID")]
        named: String,
    },
}

/// # Errors
/// When the work failed; what stands in a folder and cannot be used is told and is a failure in the end.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { keys, what } = arguments;
    let openers = match &what {
        What::Accept { .. } | What::Coverage { .. } => Openers::default(),
        What::Import { of, .. } | What::List { of, .. } | What::ExportPublic { of, .. } | What::Remove { of, .. }
            if of.site.is_some() =>
        {
            Openers::default()
        }
        // It asks for keys of people, and the settings are there for whom to ask.
        What::Discover(_) => keys.openers().await.unwrap_or_default(),
        _ => keys.openers().await?,
    };
    match what {
        What::Generate(asked) => generate::run(&keys, &openers, &asked),
        What::Import { shelf, sealed, of, address, files } => match keys.of(of.site) {
            Some(of) if shelf == place::Shelf::People => register::import(&of, address, &files).await,
            Some(_) => Err(Failure::new("a site keeps keys of people alone; leave --as out")),
            None => import::run(&keys, &openers, (shelf, sealed), &files),
        },
        What::SealFiles => seal_files::run(&keys, &openers),
        What::List { of, address, quarantined } => match keys.of(of.site) {
            Some(of) => register::list(&of, address, quarantined).await,
            None => inventory::list(keys.read(&openers)?, address.as_deref()),
        },
        What::Accept { of, id } => register::change(&keys.of_site(of.site), &id, KeyWord::Accept).await,
        What::Coverage { of, project, addresses } => {
            register::coverage(&keys.of_site(of.site), project.as_deref(), addresses).await
        }
        What::Show { fingerprint } => inventory::show(keys.read(&openers)?, &fingerprint),
        What::ExportPublic { of, named, format } => match keys.of(of.site) {
            Some(of) => register::export(&of, &named).await,
            None => export::run(&keys.read(&openers)?, &named, format),
        },
        What::Discover(asked) => discover::run(&keys, &openers, &asked).await,
        What::Remove { of, named } => match keys.of(of.site) {
            Some(of) => register::change(&of, &named, KeyWord::Remove).await,
            None => remove::run(&keys, &openers, &named),
        },
    }
}

impl Keys {
    /// The store that keeps keys of people for this site; `None` where a folder is meant.
    fn of(&self, site: Option<String>) -> Option<register::OfSite> {
        site.map(|site| self.of_site(site))
    }

    fn of_site(&self, site: String) -> register::OfSite {
        let config = self.config.clone().unwrap_or_else(|| PathBuf::from("sealpost.toml"));
        register::OfSite { config, site }
    }

    /// The passwords behind their references.
    ///
    /// # Errors
    /// When one cannot be had.
    pub fn passwords(&self) -> Result<Vec<Password>, Failure> {
        let read = |reference: &String| {
            let unread = |unread: secret::Unread| {
                Failure::new(format!("--password {reference}: {}; {}", unread.why, unread.remedy))
            };
            secret::read(reference, Path::new("")).map(Zeroizing::new).map_err(unread)
        };
        self.passwords.iter().map(read).collect()
    }

    /// The folder; what cannot be used in it is told on standard error.
    ///
    /// # Errors
    /// When it is not there, or a password cannot be had.
    pub fn read(&self, openers: &Openers) -> Result<KeyFolder, Failure> {
        if !self.folder.is_dir() {
            let why = "is no folder; name the folder of keys by --keys, or make one by `sealpost key generate` or `key import`";
            return Err(Failure::new(format!("{} {why}", self.folder.display())));
        }
        let folder = KeyFolder::read_with(&self.folder, &self.passwords()?, openers);
        for trouble in &folder.troubles {
            let file = self.folder.join(&trouble.file);
            let word = if trouble.why.is_warning() { "warning: " } else { "" };
            let why = match &trouble.why {
                Why::Fault(found) => fault(found),
                why => why.to_string(),
            };
            eprintln!("sealpost: {word}{}: {why}", file.display());
        }
        Ok(folder)
    }
}

/// What is wrong with something in a file; where it is a missing password, also how it is given here.
fn fault(fault: &Fault) -> String {
    match fault.why {
        Problem::NoPassword => format!("{fault}: --password file:PATH, env:NAME or credential:NAME"),
        _ => fault.to_string(),
    }
}

/// Where a password stands, and never the password itself.
///
/// # Errors
/// What to write instead.
pub fn reference(written: &str) -> Result<String, String> {
    let names = ["file:", "env:", "credential:"]
        .iter()
        .any(|kind| written.strip_prefix(kind).is_some_and(|name| !name.is_empty()));
    match names {
        true => Ok(written.to_owned()),
        // What was written may be the password itself, and is not repeated.
        false => {
            Err("write file:PATH, env:NAME or credential:NAME; a password itself never stands on a command line"
                .to_owned())
        }
    }
}

/// What names a key that has no certificate yet, as [`seal::verdict::fingerprint`] does a certificate.
fn fingerprint_of_key(key: &PublicKey) -> String {
    let bytes = match key {
        PublicKey::Rsa { der, .. } => der,
        PublicKey::Ec { point, .. } => point,
        PublicKey::Ed25519(bytes) | PublicKey::MlKem { bytes, .. } => bytes,
    };
    sha256(bytes)
}

fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
}

/// A fingerprint as it was written, without the marks between its digits.
///
/// # Errors
/// When it is none.
fn digits(written: &str) -> Result<String, Failure> {
    let digits: String =
        written.chars().filter(|one| !matches!(one, ':' | ' ')).collect::<String>().to_ascii_lowercase();
    let is_one = digits.len() >= DIGITS_MIN && digits.chars().all(|one| one.is_ascii_hexdigit());
    match is_one {
        true => Ok(digits),
        false => Err(Failure::new(format!(
            "{written:?} is no fingerprint; write at least {DIGITS_MIN} of its digits, as `sealpost key list` shows them"
        ))),
    }
}
