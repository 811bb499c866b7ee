//! `sealpost seal`: a mail signed, encrypted or both with keys of a folder.

use super::key::Keys;
use super::{Failure, files};
use engine::cell;
use engine::keys::{KeyFolder, OwnKey};
use seal::order::{ProtectionOrder, SealOrder, SignerOrder};
use seal::smime::{Certificate, ContentCipher, Digest, PublicKey, Scheme, Transport};
use std::io::Write;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

/// Smaller keys of RSA are no protection (RFC 8551, section 6).
const RSA_BITS_MIN: usize = 2048;

/// The command line of `sealpost seal`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    keys: Keys,
    /// Whose key signs.
    #[arg(long, value_name = "ADDRESS", required_if_eq("sign", "true"))]
    from: Option<String>,
    /// For whom it is encrypted; may be given several times.
    #[arg(long = "rcpt", value_name = "ADDRESS", required_if_eq("encrypt", "true"))]
    recipients: Vec<String>,
    #[arg(long)]
    sign: bool,
    #[arg(long)]
    encrypt: bool,
    /// The content stands within the signature: no server can change it, and only programs with S/MIME show it.
    #[arg(long, requires = "sign")]
    opaque: bool,
    /// How strong: what every program opens, unless you know that the recipients open more.
    #[arg(long, value_enum, default_value = "aes-256-cbc")]
    suite: Suite,
    /// Keys of RSA encrypt with OAEP and sign with PSS, which older programs do not know.
    #[arg(long)]
    modern_rsa: bool,
    /// Sender, recipients, subject and date stand within what is sealed, too (RFC 9788).
    #[arg(long)]
    protect: bool,
    /// What stands outside for a subject when the mail is encrypted, for example `[...]`.
    #[arg(long, value_name = "TEXT", requires_all = ["protect", "encrypt"])]
    outer_subject: Option<String>,
    /// The mail; - for standard input.
    file: PathBuf,
}

/// A cipher of content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Suite {
    #[value(name = "aes-128-cbc")]
    Aes128Cbc,
    #[value(name = "aes-256-cbc")]
    Aes256Cbc,
    #[value(name = "aes-128-gcm")]
    Aes128Gcm,
    #[value(name = "aes-256-gcm")]
    Aes256Gcm,
}

impl Suite {
    fn cipher(self) -> ContentCipher {
        match self {
            Suite::Aes128Cbc => ContentCipher::Aes128Cbc,
            Suite::Aes256Cbc => ContentCipher::Aes256Cbc,
            Suite::Aes128Gcm => ContentCipher::Aes128Gcm,
            Suite::Aes256Gcm => ContentCipher::Aes256Gcm,
        }
    }
}

/// Prints the sealed mail.
///
/// # Errors
/// When a key is missing or refuses; nothing is printed then.
pub async fn run(arguments: Arguments) -> Result<(), Failure> {
    if !(arguments.sign || arguments.encrypt) {
        return Err(Failure::new("nothing would be sealed; write --sign, --encrypt or both"));
    }
    let shown = arguments.file.display();
    let mail = files::bytes(&arguments.file).map_err(|why| Failure::new(format!("{shown}: {why}")))?;
    let folder = arguments.keys.read()?;
    let now = now();
    let signer = match &arguments.from {
        Some(from) if arguments.sign => Some(signer(&folder, from, now)?),
        _ => None,
    };
    let encrypts_for = if arguments.encrypt { arguments.recipients.as_slice() } else { &[] };
    let recipients: Vec<Certificate> =
        encrypts_for.iter().map(|address| recipient(&folder, address, now)).collect::<Result<_, _>>()?;
    let order = order(&arguments, signer, &recipients, now);
    let key = signer.map(|own| own.key.clone() as cell::OwnKey);
    let sealed = files::cells().await?.seal(&mail, &order, key).await?;
    let sealed = sealed.map_err(|refusal| Failure::new(format!("{shown}: it cannot be sealed: {refusal}")))?;
    std::io::stdout().write_all(&sealed).map_err(|error| Failure::new(format!("cannot write: {error}")))
}

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn order(arguments: &Arguments, signer: Option<&OwnKey>, recipients: &[Certificate], now: u64) -> SealOrder {
    let transport = if arguments.modern_rsa { Transport::Oaep(Digest::Sha256) } else { Transport::Pkcs1 };
    SealOrder {
        signer: signer.map(|own| SignerOrder {
            certificate: own.certificate.der().to_vec(),
            scheme: scheme(own.certificate.key(), arguments.modern_rsa),
            intermediates: own.chain.iter().map(|one| one.der().to_vec()).collect(),
        }),
        recipients: recipients.iter().map(|one| (one.der().to_vec(), transport)).collect(),
        cipher: arguments.suite.cipher(),
        is_opaque: arguments.opaque,
        protection: arguments
            .protect
            .then(|| ProtectionOrder { outer_subject: arguments.outer_subject.clone(), is_displayed: true }),
        now,
    }
}

/// How a key signs (RFC 8551, section 2.2).
fn scheme(key: &PublicKey, is_modern: bool) -> Scheme {
    use seal::key::Curve;
    match key {
        PublicKey::Rsa { .. } if is_modern => Scheme::RsaPss(Digest::Sha256),
        PublicKey::Rsa { .. } => Scheme::RsaPkcs1(Digest::Sha256),
        PublicKey::Ec { curve: Curve::P384, .. } => Scheme::Ecdsa(Digest::Sha384),
        PublicKey::Ec { curve: Curve::P521, .. } => Scheme::Ecdsa(Digest::Sha512),
        PublicKey::Ec { .. } => Scheme::Ecdsa(Digest::Sha256),
        PublicKey::Ed25519(_) => Scheme::Ed25519,
    }
}

/// The newest of our keys that may sign for an address.
fn signer<'a>(folder: &'a KeyFolder, address: &str, now: u64) -> Result<&'a OwnKey, Failure> {
    let all = || folder.own_for(address);
    let usable = all().filter(|own| why_not(&own.certificate, now, own.certificate.may_sign()).is_none());
    usable.max_by_key(|own| own.certificate.validity().0).ok_or_else(|| {
        let why = all().filter_map(|own| why_not(&own.certificate, now, own.certificate.may_sign()));
        missing("no key of ours signs", address, why.collect())
    })
}

/// The newest certificate that mail for an address may be encrypted for.
fn recipient(folder: &KeyFolder, address: &str, now: u64) -> Result<Certificate, Failure> {
    let all = || folder.certificates_for(address).map(|(one, _)| one);
    let usable = all().filter(|one| why_not(one, now, one.may_encrypt()).is_none());
    usable.max_by_key(|one| one.validity().0).cloned().ok_or_else(|| {
        let why = all().filter_map(|one| why_not(one, now, one.may_encrypt()));
        missing("no certificate may be encrypted for", address, why.collect())
    })
}

/// Why a certificate is not used; `may` is whether its own words allow it.
fn why_not(certificate: &Certificate, now: u64, may: bool) -> Option<&'static str> {
    let (from, until) = certificate.validity();
    match certificate.key() {
        _ if !may => Some("its usage does not allow it"),
        _ if now < from => Some("it is not valid yet"),
        _ if now > until => Some("it has expired"),
        PublicKey::Rsa { bits, .. } if *bits < RSA_BITS_MIN => Some("its key is shorter than 2,048 bits"),
        _ => None,
    }
}

fn missing(what: &str, address: &str, why: Vec<&str>) -> Failure {
    let found = match why.len() {
        0 => "none for that address is in the folder; import one by `sealpost key import`".to_owned(),
        1 => format!("the one in the folder is not used: {}", why.join("")),
        count => format!("none of the {count} in the folder is used: {}", why.join("; ")),
    };
    Failure::new(format!("{what} {address}: {found}"))
}
