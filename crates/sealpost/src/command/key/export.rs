//! `sealpost key export-public`: what may be given to others.

use super::super::{Failure, print_bytes};
use super::inventory::{Held, held, named};
use super::zone;
use engine::keys::KeyFolder;
use policy::is_plain_address;
use seal::keyfile::{PgpCertificate, armored, bundle, pem, public_parts};
use seal::smime::Certificate;

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Certificates as text.
    Pem,
    /// One certificate as bytes.
    Der,
    /// Certificates in one PKCS#7, those between ours and its anchor among them.
    P7b,
    /// OpenPGP as text.
    Armored,
    /// Records for the zone of the address's domain: SMIMEA for certificates, OPENPGPKEY for OpenPGP.
    Dns,
}

/// # Errors
/// When there is no such key, or the format is none for it.
pub fn run(folder: &KeyFolder, written: &str, format: Option<Format>) -> Result<(), Failure> {
    let all = match is_plain_address(written) {
        true => for_address(folder, written)?,
        false => vec![named(folder, written)?],
    };
    let certificates: Vec<&Certificate> = all
        .iter()
        .filter_map(|held| match held {
            Held::Certificate { certificate, .. } => Some(*certificate),
            Held::Pgp { .. } => None,
        })
        .collect();
    let pgp: Vec<(&PgpCertificate, bool)> = all
        .iter()
        .filter_map(|held| match held {
            Held::Pgp { certificate, of, .. } => Some((*certificate, *of == "own")),
            Held::Certificate { .. } => None,
        })
        .collect();
    let format = format.unwrap_or(if certificates.is_empty() { Format::Armored } else { Format::Pem });
    print_as(format, folder, written, &certificates, &pgp)?;
    // Whoever has both may want to give both, and no format holds them together.
    match format {
        Format::Armored if !certificates.is_empty() => {
            eprintln!("sealpost: {written} has a certificate of S/MIME too; --format pem prints it");
        }
        Format::Pem | Format::Der | Format::P7b if !pgp.is_empty() => {
            eprintln!("sealpost: {written} has an OpenPGP key too; --format armored prints it");
        }
        _ => {}
    }
    Ok(())
}

fn print_as(
    format: Format,
    folder: &KeyFolder,
    written: &str,
    certificates: &[&Certificate],
    pgp: &[(&PgpCertificate, bool)],
) -> Result<(), Failure> {
    match format {
        Format::Armored if !pgp.is_empty() => print_bytes(armored(&ring(pgp)?).as_bytes()),
        Format::Pem if !certificates.is_empty() => {
            let text: Vec<_> = certificates.iter().map(|one| pem("CERTIFICATE", one.der())).collect();
            print_bytes(text.iter().map(|text| text.as_str()).collect::<String>().as_bytes())
        }
        Format::P7b if !certificates.is_empty() => print_bytes(&bundle(&with_chains(folder, certificates))),
        Format::Der if !certificates.is_empty() => match certificates {
            [one] => print_bytes(one.der()),
            _ => Err(Failure::new(format!(
                "der holds one certificate, and {} were named; write pem or p7b",
                certificates.len()
            ))),
        },
        Format::Dns => print_bytes(zone::records(written, certificates, &ring(pgp)?)?.as_bytes()),
        Format::Armored => Err(Failure::new("what was named is no OpenPGP; write pem, der or p7b")),
        Format::Pem | Format::Der | Format::P7b => Err(Failure::new("what was named is OpenPGP; write armored")),
    }
}

fn for_address<'f>(folder: &'f KeyFolder, address: &str) -> Result<Vec<Held<'f>>, Failure> {
    let is_anchor = |held: &Held<'_>| matches!(held, Held::Certificate { of: "trusted", .. });
    let all = held(folder).into_iter().filter(|held| held.is_for(address) && !is_anchor(held)).collect::<Vec<_>>();
    match all.is_empty() {
        true => Err(Failure::new(format!("no key is for {address}; `sealpost key list` shows those that are there"))),
        false => Ok(all),
    }
}

fn with_chains<'a>(folder: &'a KeyFolder, certificates: &[&'a Certificate]) -> Vec<&'a [u8]> {
    let mut all: Vec<&[u8]> = certificates.iter().map(|one| one.der()).collect();
    for own in folder.own.iter().filter(|own| certificates.iter().any(|one| one.der() == own.certificate.der())) {
        for above in &own.chain {
            if !all.contains(&above.der()) {
                all.push(above.der());
            }
        }
    }
    all
}

/// Of each fingerprint once: what is ours is there with its private parts, and perhaps without.
fn ring(all: &[(&PgpCertificate, bool)]) -> Result<Vec<u8>, Failure> {
    let mut seen: Vec<&str> = Vec::new();
    let mut ring = Vec::new();
    for (certificate, is_own) in all {
        if seen.contains(&certificate.fingerprint.as_str()) {
            continue;
        }
        seen.push(&certificate.fingerprint);
        match is_own {
            false => ring.extend_from_slice(&certificate.bytes),
            true => {
                let cannot = |trouble| Failure::new(format!("{}: {trouble}", certificate.fingerprint));
                ring.extend_from_slice(&public_parts(certificate).map_err(cannot)?.bytes);
            }
        }
    }
    Ok(ring)
}
