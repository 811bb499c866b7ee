//! `sealpost seal`: a mail signed, encrypted or both with keys of a folder.

use super::key::Keys;
use super::{Failure, files, now_s};
use engine::cell;
use engine::keys::{KeyFolder, Origin, OwnKey, OwnPgpKey, same_address};
use engine::sealing::AskedFolder;
use policy::sealing::{RSA_BITS_LEAST, Trust};
use seal::keyfile::names_in_words;
use seal::order::{ProtectionOrder, SealOrder, SignerOrder, With};
use seal::pgp::{Certificate, Policy, UserStanding};
use seal::smime::{self, ContentCipher, Digest, PublicKey, Transport};
use std::collections::{BTreeMap, HashSet};
use std::fmt::Display;
use std::io::Write;
use std::path::PathBuf;

/// What is said of an address before why.
const NOBODY_SIGNS: &str = "no key of ours signs";
const NOBODY_READS: &str = "no certificate may be encrypted for";

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
    /// Sign it with the key of --from.
    #[arg(long)]
    sign: bool,
    /// Encrypt it for each --rcpt.
    #[arg(long)]
    encrypt: bool,
    /// In which of the two forms.
    #[arg(long, value_enum, default_value = "smime")]
    scheme: Scheme,
    /// The content stands within the S/MIME signature: no server can change it, and only programs with S/MIME show it.
    #[arg(long, requires = "sign")]
    opaque: bool,
    /// How strong with S/MIME: what every program opens (aes-256-cbc), unless you know that the recipients open more. With OpenPGP their
    /// keys say it.
    #[arg(long, value_enum)]
    suite: Option<Suite>,
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

/// How it is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Scheme {
    /// S/MIME, with certificates.
    Smime,
    /// OpenPGP.
    Pgp,
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
    if let Some(option) = arguments.of_smime_alone().filter(|_| arguments.scheme == Scheme::Pgp) {
        return Err(Failure::new(format!("{option} is for S/MIME alone; leave it out, or write --scheme smime")));
    }
    let shown = arguments.file.display();
    let mail = files::bytes(&arguments.file).map_err(|why| Failure::new(format!("{shown}: {why}")))?;
    let folder = Folder::new(arguments.keys.read(&arguments.keys.openers().await?)?);
    let now = now_s();
    let (with, keys) = match arguments.scheme {
        Scheme::Smime => with_smime(&arguments, &folder, now)?,
        Scheme::Pgp => with_pgp(&arguments, &folder, now)?,
    };
    let protection = arguments
        .protect
        .then(|| ProtectionOrder { outer_subject: arguments.outer_subject.clone(), is_displayed: true });
    let order = SealOrder { with, protection, footer: None, now };
    let sealed = files::cells().await?.seal(&mail, &order, &keys).await?;
    let sealed = sealed.map_err(|refusal| Failure::new(format!("{shown}: it cannot be sealed: {refusal}")))?;
    std::io::stdout().write_all(&sealed).map_err(|error| Failure::new(format!("cannot write: {error}")))
}

/// What is ordered, and the keys that sign.
type Ordered = (With, Vec<cell::OwnKey>);

fn with_smime(arguments: &Arguments, folder: &Folder, now: u64) -> Result<Ordered, Failure> {
    let signer = arguments.signs_for().map(|from| signer(folder, from, now)).transpose()?;
    let transport = if arguments.modern_rsa { Transport::Oaep(Digest::Sha256) } else { Transport::Pkcs1 };
    let recipients = arguments.encrypts_for().iter().map(|address| {
        let certificate = recipient(folder, address, now)?;
        Ok((certificate.der().to_vec(), transport))
    });
    let with = With::Smime {
        signer: signer.map(|own| SignerOrder {
            certificate: own.certificate.der().to_vec(),
            scheme: own.certificate.key().signs_with(arguments.modern_rsa),
            intermediates: own.chain.iter().map(|one| one.der().to_vec()).collect(),
        }),
        recipients: recipients.collect::<Result<_, Failure>>()?,
        cipher: arguments.suite.unwrap_or(Suite::Aes256Cbc).cipher(),
        is_opaque: arguments.opaque,
    };
    Ok((with, signer.map(|own| own.key.clone() as cell::OwnKey).into_iter().collect()))
}

fn with_pgp(arguments: &Arguments, folder: &Folder, now: u64) -> Result<Ordered, Failure> {
    let policy = Policy::default();
    let signer = arguments.signs_for().map(|from| pgp_signer(folder, from, &policy, now)).transpose()?;
    let recipients = arguments.encrypts_for().iter().map(|address| pgp_recipient(folder, address, &policy, now));
    let with = With::Pgp {
        signer: signer.map(|own| own.public.clone()),
        recipients: recipients.collect::<Result<_, Failure>>()?,
        cipher_bits_min: 0,
    };
    let keys = signer.map(|own| own.keys.iter().map(|key| key.clone() as cell::OwnKey).collect());
    Ok((with, keys.unwrap_or_default()))
}

impl Arguments {
    /// An option that says nothing to OpenPGP.
    fn of_smime_alone(&self) -> Option<&'static str> {
        match self {
            Arguments { opaque: true, .. } => Some("--opaque"),
            Arguments { suite: Some(_), .. } => Some("--suite"),
            Arguments { modern_rsa: true, .. } => Some("--modern-rsa"),
            _ => None,
        }
    }

    fn signs_for(&self) -> Option<&str> {
        self.from.as_deref().filter(|_| self.sign)
    }

    fn encrypts_for(&self) -> &[String] {
        if self.encrypt { &self.recipients } else { &[] }
    }
}

/// The newest of our keys that may sign for an address.
fn signer<'a>(folder: &'a Folder, address: &str, now: u64) -> Result<&'a OwnKey, Failure> {
    let why_not = |own: &&OwnKey| folder.why_not(&own.certificate, now, own.certificate.may_sign());
    newest(NOBODY_SIGNS, address, folder.held().own_for(address), why_not, |own| own.certificate.validity().0)
}

/// The newest certificate that mail for an address may be encrypted for.
fn recipient<'a>(folder: &'a Folder, address: &str, now: u64) -> Result<&'a smime::Certificate, Failure> {
    let all = folder.held().certificates_for(address).map(|(one, _)| one);
    newest(NOBODY_READS, address, all, |one| folder.why_not(one, now, one.may_encrypt()), |one| one.validity().0)
}

fn pgp_signer<'a>(folder: &'a Folder, address: &str, policy: &Policy, now: u64) -> Result<&'a OwnPgpKey, Failure> {
    let standing = |own: &OwnPgpKey| folder.known(&own.certificate).standing(policy, now);
    let has = |user: &UserStanding| user.address.as_deref().is_some_and(|own| same_address(own, address));
    // Also those whose names do not count any more, so that it can be said why.
    let all = folder.held().pgp_keys.iter().filter(|own| standing(own).users.iter().any(has));
    let why_not = |own: &&OwnPgpKey| {
        let standing = standing(own);
        let names = standing.users.iter().filter(|user| has(user)).map(|user| user.is.err());
        standing.may_sign().err().or_else(|| names.min().flatten())
    };
    let made = |own: &&OwnPgpKey| standing(own).keys.first().map(|key| key.made);
    newest(NOBODY_SIGNS, address, all, why_not, made)
}

/// The newest of those against which nothing speaks.
fn newest<T, W: Display, N: Ord>(
    missing: &str,
    address: &str,
    all: impl Iterator<Item = T>,
    why_not: impl Fn(&T) -> Option<W>,
    made: impl Fn(&T) -> N,
) -> Result<T, Failure> {
    let (mut usable, mut why) = (Vec::new(), Vec::new());
    for one in all {
        match why_not(&one) {
            Some(reason) => why.push(reason),
            None => usable.push(one),
        }
    }
    usable.into_iter().max_by_key(made).ok_or_else(|| none(missing, address, &why))
}

/// The folder of keys, with what it says of keys that were taken back.
struct Folder {
    asked: AskedFolder,
    /// Each certificate of OpenPGP once, by its fingerprint, with all that its copies say: an older one must not hide that it was revoked.
    pgp: BTreeMap<String, Certificate>,
}

impl Folder {
    fn new(mut folder: KeyFolder) -> Folder {
        let mut pgp = BTreeMap::<String, Certificate>::new();
        let public = folder.pgp.iter().filter_map(|(one, _)| Certificate::read_all(&one.bytes).ok()).flatten();
        for one in public.chain(folder.pgp_keys.iter().map(|own| own.certificate.clone())) {
            match pgp.get_mut(&one.fingerprint()) {
                // It has the same fingerprint, and whatever cannot be joined adds nothing.
                Some(known) => drop(known.learn(&one)),
                None => drop(pgp.insert(one.fingerprint(), one)),
            }
        }
        let heads = heads(&folder);
        folder.anchors.extend(heads);
        Folder { asked: AskedFolder::new(folder), pgp }
    }

    fn held(&self) -> &KeyFolder {
        self.asked.folder()
    }

    /// A certificate of OpenPGP as the whole folder knows it.
    fn known<'a>(&'a self, certificate: &'a Certificate) -> &'a Certificate {
        self.pgp.get(&certificate.fingerprint()).unwrap_or(certificate)
    }

    /// Why a certificate is not used; `may` is whether its own words allow it.
    fn why_not(&self, certificate: &smime::Certificate, now: u64, may: bool) -> Option<&'static str> {
        let (from, until) = certificate.validity();
        match certificate.key() {
            _ if !may => Some("its usage does not allow it"),
            _ if now < from => Some("it is not valid yet"),
            _ if now > until => Some("it has expired"),
            PublicKey::Rsa { bits, .. } if *bits < RSA_BITS_LEAST as usize => {
                Some("its key is shorter than 2,048 bits")
            }
            _ if self.asked.trust(certificate, now) == Trust::Revoked => {
                Some("it was revoked, or an authority above it, by a list in the folder")
            }
            _ => None,
        }
    }
}

/// The authorities of the folder above which it has none. Whether they are believed is not asked here; their lists are, trusted or not: at worst
/// a certificate is not used. One between others stays where it is, so that lists about it count too.
fn heads(folder: &KeyFolder) -> Vec<(smime::Certificate, Origin)> {
    let authorities = || folder.certificates.iter().filter(|(one, _)| one.is_authority());
    let all = authorities().chain(&folder.anchors);
    let subjects: HashSet<String> = all.map(|(one, _)| names_in_words(one).1).collect();
    let is_head = |one: &smime::Certificate| {
        let (issuer, subject) = names_in_words(one);
        issuer == subject || !subjects.contains(&issuer)
    };
    authorities().filter(|(one, _)| is_head(one)).cloned().collect()
}

fn none<W: Display>(missing: &str, address: &str, why: &[W]) -> Failure {
    let said: Vec<String> = why.iter().map(ToString::to_string).collect();
    let found = match why.len() {
        0 => "none for that address is in the folder; import one by `sealpost key import`".to_owned(),
        1 => format!("the one in the folder is not used: {}", said.concat()),
        count => format!("none of the {count} in the folder is used: {}", said.join("; ")),
    };
    Failure::new(format!("{missing} {address}: {found}"))
}

/// The packets of the best certificate that mail for an address may be encrypted for.
fn pgp_recipient(folder: &Folder, address: &str, policy: &Policy, now: u64) -> Result<Vec<u8>, Failure> {
    let all: Vec<Certificate> = folder.pgp.values().cloned().collect();
    let best = Certificate::best(&all, address, policy, now);
    let packets = best.and_then(|one| one.to_bytes().ok());
    packets.ok_or_else(|| {
        // Also those whose names do not count any more, so that it can be said why.
        let has = |one: &&Certificate| {
            let users = one.standing(policy, now).users;
            users.iter().filter_map(|user| user.address.as_deref()).any(|own| same_address(own, address))
        };
        let why = all.iter().filter(has).filter_map(|one| one.standing(policy, now).may_encrypt().err());
        none(NOBODY_READS, address, &why.collect::<Vec<_>>())
    })
}
