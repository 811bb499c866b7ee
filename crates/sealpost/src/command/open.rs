//! `sealpost open`: a mail without what it was sealed in.

use super::key::Keys;
use super::{Failure, files, now_s};
use engine::cell::OwnKey;
use engine::keys::OwnPgpKey;
use seal::order::{OpenOrder, Opened};
use seal::verdict::{LayerVerdict, Verdict};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Prints the opened mail. The verdict goes to standard error as one line of JSON, or to a file.
///
/// # Errors
/// When the mail does not open; nothing is printed then but the verdict's line, which says so.
pub async fn run(keys: &Keys, legacy: bool, verdict: Option<Option<PathBuf>>, file: &Path) -> Result<(), Failure> {
    let shown = file.display();
    let mail = files::bytes(file).map_err(|why| Failure::new(format!("{shown}: {why}")))?;
    let folder = keys.read(&keys.openers().await?)?;
    let public = |own: &OwnPgpKey| own.public.certificate.clone();
    let known_pgp = folder.pgp.iter().map(|(one, _)| one.bytes.to_vec()).chain(folder.pgp_keys.iter().map(public));
    let order = OpenOrder {
        own: folder.own.iter().map(|own| own.certificate.der().to_vec()).collect(),
        known: folder.certificates.iter().map(|(one, _)| one.der().to_vec()).collect(),
        own_pgp: folder.pgp_keys.iter().map(|own| own.public.clone()).collect(),
        known_pgp: known_pgp.collect(),
        opens_legacy: legacy,
        now: now_s(),
    };
    let mut held: Vec<OwnKey> = folder.own.iter().map(|own| own.key.clone() as OwnKey).collect();
    held.extend(folder.pgp_keys.iter().flat_map(|own| own.keys.iter().map(|key| key.clone() as OwnKey)));
    let opened = files::cells().await?.open_sealed(&mail, &order, &held).await?;
    let Opened { mail, verdict: found } =
        opened.map_err(|refusal| Failure::new(format!("{shown}: it cannot be opened: {refusal}")))?;
    std::io::stdout().write_all(&mail).map_err(|error| Failure::new(format!("cannot write: {error}")))?;
    match verdict {
        Some(to) => tell(&found, to.as_deref()),
        None => {
            for flaw in flaws(&found) {
                eprintln!("sealpost: warning: {shown}: a signature proves nothing: {flaw}; --verdict says more");
            }
            Ok(())
        }
    }
}

/// Why signatures do not hold, as words.
fn flaws(verdict: &Verdict) -> impl Iterator<Item = &str> {
    let signatures = verdict.layers.iter().flat_map(|layer| match layer {
        LayerVerdict::Signed { signatures, .. } => signatures.as_slice(),
        LayerVerdict::Encrypted { .. } => &[],
    });
    signatures.filter_map(|signature| signature.flaw.as_deref())
}

fn tell(verdict: &Verdict, to: Option<&Path>) -> Result<(), Failure> {
    let line = serde_json::to_string(verdict)
        .map_err(|error| Failure::new(format!("a verdict cannot be written as JSON: {error}")))?;
    match to {
        Some(file) => std::fs::write(file, line + "\n")
            .map_err(|error| Failure::new(format!("{}: cannot be written: {error}", file.display()))),
        None => {
            eprintln!("{line}");
            Ok(())
        }
    }
}
