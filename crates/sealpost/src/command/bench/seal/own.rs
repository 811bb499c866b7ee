//! What this program does itself, in one thread.

use super::folder::{Folder, Kind};
use super::{Rate, Row, measured};
use crate::command::Failure;
use crate::command::key::Chance;
use seal::key::PrivateKey;
use seal::smime::{Certificate, ContentCipher, Digest, Layer, Orders, Recipient, Signer, Transport, open, seal};
use std::hint::black_box;
use std::time::Duration;

fn broken(trouble: seal::Trouble) -> Failure {
    Failure::new(format!("a mail cannot be sealed or opened: {trouble}"))
}

/// The name of the row by which the aims are measured.
pub fn sealed(kind: &str) -> String {
    format!("Sealpost: signed and encrypted, {kind}, AES-256-CBC")
}

/// Bare signatures over 32 bytes, without a mail around them.
pub fn signatures(folder: &Folder, long: Duration) -> Result<Rate, Failure> {
    use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
    let key = RsaKeyPair::from_pkcs8(&folder.read("rsa2048.p8")?)
        .map_err(|_| Failure::new("the RSA key of openssl is none"))?;
    let mut signature = vec![0; key.public_modulus_len()];
    let random = aws_lc_rs::rand::SystemRandom::new();
    measured(long, || {
        key.sign(&RSA_PKCS1_SHA256, &random, &[7; 32], &mut signature)
            .map_err(|_| Failure::new("the RSA key does not sign"))?;
        black_box(&signature);
        Ok(())
    })
}

/// Signed and encrypted, and the other way.
pub fn rows(folder: &Folder, kind: &Kind, long: Duration) -> Result<Vec<Row>, Failure> {
    let (signs, opens) = (folder.person(kind.signs)?, folder.person(kind.opens)?);
    let mail = folder.read("mail")?;
    let mut ways = vec![("AES-256-CBC", ContentCipher::Aes256Cbc, Transport::Pkcs1)];
    if kind.name == "RSA-2048" {
        ways.push(("OAEP and AES-256-GCM", ContentCipher::Aes256Gcm, Transport::Oaep(Digest::Sha256)));
    }
    let mut rows = Vec::new();
    for (name, cipher, transport) in ways {
        let recipients = [Recipient { certificate: &opens.certificate, transport }];
        let sealed = || {
            let signer =
                Signer { certificate: &signs.certificate, key: &signs.key, scheme: kind.scheme, intermediates: &[] };
            let orders = Orders {
                signer: Some(signer),
                recipients: &recipients,
                cipher,
                is_opaque: false,
                now: 1_795_000_000,
                protection: None,
            };
            seal(&mail, &orders, &mut Chance).map_err(broken)
        };
        let rate = measured(long, || {
            black_box(sealed()?);
            Ok(())
        })?;
        rows.push(Row { name: format!("Sealpost: signed and encrypted, {}, {name}", kind.name), rate: Some(rate) });
        let given = sealed()?;
        let keys: [(&Certificate, &dyn PrivateKey); 1] = [(&opens.certificate, &opens.key)];
        let rate = measured(long, || {
            let opened = open(&given, &keys, &[], &mut Chance).map_err(broken)?;
            match &opened.layers[..] {
                [Layer::Encrypted { .. }, Layer::Signed(signed)]
                    if signed.signatures.iter().all(|one| one.flaw.is_none()) =>
                {
                    black_box(&opened.mail);
                    Ok(())
                }
                _ => Err(Failure::new("a mail of our own does not open as it was sealed")),
            }
        })?;
        rows.push(Row { name: format!("Sealpost: decrypted and checked, {}, {name}", kind.name), rate: Some(rate) });
    }
    Ok(rows)
}
