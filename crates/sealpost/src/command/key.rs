//! `sealpost key`: keys and certificates in a folder, which `seal`, `open` and the gateway use.

mod discover;
mod export;
mod generate;
mod import;
mod inventory;
mod place;
mod remove;

use super::Failure;
use crate::settings::secret;
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use engine::keys::KeyFolder;
use seal::keyfile::Password;
use seal::smime::PublicKey;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

pub use generate::Chance;
pub use inventory::{pgp_certificate, time};

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
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// One JSON object for each key and certificate.
    List {
        /// For this address.
        #[arg(long)]
        address: Option<String>,
    },
    /// What is known of one.
    Show {
        /// SHA-256 of a certificate, or the fingerprint of an OpenPGP key; its first 16 digits suffice.
        fingerprint: String,
    },
    /// Print what may be given to others, never private parts.
    ExportPublic {
        /// A fingerprint as for `show`, or an address.
        #[arg(value_name = "FINGERPRINT|ADDRESS")]
        named: String,
        /// Default: pem for certificates, armored for OpenPGP.
        #[arg(long, value_enum)]
        format: Option<export::Format>,
    },
    /// Ask others for the keys of an address: one JSON object per source.
    Discover(discover::Asked),
    /// Delete the files of one, its private key among them.
    Remove {
        /// A fingerprint as for `show`.
        fingerprint: String,
    },
}

/// # Errors
/// When the work failed; what stands in a folder and cannot be used is told and is a failure in the end.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { keys, what } = arguments;
    match what {
        What::Generate(asked) => generate::run(&keys, &asked),
        What::Import { shelf, files } => import::run(&keys, shelf, &files),
        What::List { address } => inventory::list(keys.read()?, address.as_deref()),
        What::Show { fingerprint } => inventory::show(keys.read()?, &fingerprint),
        What::ExportPublic { named, format } => export::run(&keys.read()?, &named, format),
        What::Discover(asked) => discover::run(&keys, &asked).await,
        What::Remove { fingerprint } => remove::run(&keys, &fingerprint),
    }
}

impl Keys {
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
    pub fn read(&self) -> Result<KeyFolder, Failure> {
        if !self.folder.is_dir() {
            let why = "is no folder; name the folder of keys by --keys, or make one by `sealpost key generate` or `key import`";
            return Err(Failure::new(format!("{} {why}", self.folder.display())));
        }
        let folder = KeyFolder::read(&self.folder, &self.passwords()?);
        for trouble in &folder.troubles {
            let file = self.folder.join(&trouble.file);
            let word = if trouble.why.is_warning() { "warning: " } else { "" };
            eprintln!("sealpost: {word}{}: {}", file.display(), trouble.why);
        }
        Ok(folder)
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
        PublicKey::Ed25519(bytes) => bytes,
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
