//! A listener's certificate: loaded, checked, replaced without dropping a connection, and read for its end.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use policy::fault::{Fault, FaultCode};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// The authorities of the machine, in DER, as its TLS trusts them: where `SSL_CERT_FILE` or `SSL_CERT_DIR` say, else in the place of its
/// distribution. What cannot be read is left out. It blocks.
pub fn of_system() -> Vec<Vec<u8>> {
    rustls_native_certs::load_native_certs().certs.iter().map(|one| one.to_vec()).collect()
}

/// The certificate chain, leaf first, and its private key, both PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// The certificate in use, for TLS 1.2 and 1.3 and nothing less; connections keep the one they began with.
pub struct Certificates {
    files: CertificateFiles,
    current: RwLock<Current>,
}

#[derive(Clone)]
struct Current {
    config: Arc<ServerConfig>,
    expires_at: SystemTime,
}

impl Certificates {
    /// Reads the files.
    ///
    /// # Errors
    /// `SettingsWrong` when one cannot be read, or the key does not fit the certificate.
    pub fn load(files: &CertificateFiles) -> Result<Certificates, Fault> {
        Ok(Certificates { files: files.clone(), current: RwLock::new(read(files)?) })
    }

    /// Reads the files again (FAULT-32).
    ///
    /// # Errors
    /// As `load`; then the old certificate stays in use.
    pub fn reload(&self) -> Result<(), Fault> {
        let new = read(&self.files)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    /// Greets one connection with the certificate of this moment.
    pub fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.read().unwrap_or_else(PoisonError::into_inner).config.clone())
    }

    /// When it ends: `notAfter` of the leaf.
    pub fn expires_at(&self) -> SystemTime {
        self.current.read().unwrap_or_else(PoisonError::into_inner).expires_at
    }
}

fn wrong(key: &str, value: &str, remedy: &str) -> Fault {
    let text = format!("The setting `{key}` is \"{value}\": {remedy}.");
    Fault::permanent(FaultCode::SettingsWrong, text.clone()).with_public(text)
}

fn read(files: &CertificateFiles) -> Result<Current, Fault> {
    let certificate = files.certificate.display().to_string();
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong("certificate", &certificate, &format!("name a readable PEM file ({error})")))?;
    let Some(leaf) = chain.first() else {
        return Err(wrong("certificate", &certificate, "the file holds no certificate"));
    };
    let expires_at = not_after(leaf)
        .ok_or_else(|| wrong("certificate", &certificate, "the first certificate cannot be read; name an X.509 one"))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| {
        wrong("key", &files.key.display().to_string(), &format!("name a readable PEM private key ({error})"))
    })?;
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map(|builder| builder.with_no_client_auth())
        .and_then(|builder| builder.with_single_cert(chain, key))
        .map_err(|error| {
            wrong("key", &files.key.display().to_string(), &format!("it must fit the certificate ({error})"))
        })?;
    Ok(Current { config: Arc::new(config), expires_at })
}

/// `notAfter` of a certificate in DER (RFC 5280, section 4.1): the one field of it that anybody here needs to know. `None` when
/// it is no certificate.
pub fn not_after(certificate: &[u8]) -> Option<SystemTime> {
    const SEQUENCE: u8 = 0x30;
    const VERSION: u8 = 0xa0;
    let (body, _) = element(certificate, Some(SEQUENCE))?;
    let (mut tbs, _) = element(body, Some(SEQUENCE))?;
    if tbs.first() == Some(&VERSION) {
        tbs = element(tbs, None)?.1;
    }
    // Serial number, signature algorithm, issuer.
    for _ in 0..3 {
        tbs = element(tbs, None)?.1;
    }
    let (validity, _) = element(tbs, Some(SEQUENCE))?;
    let (_, rest) = element(validity, None)?;
    time(*rest.first()?, element(rest, None)?.0)
}

/// The content of the first DER element and what follows it; lengths of at most three octets, since a certificate is small.
fn element(der: &[u8], tag: Option<u8>) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = der.split_first()?;
    if tag.is_some_and(|tag| tag != found) {
        return None;
    }
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        let octets = usize::from(first & 0x7f);
        if !(1..=3).contains(&octets) {
            return None;
        }
        let (number, after) = rest.split_at_checked(octets)?;
        length = number.iter().fold(0, |sum, &octet| sum << 8 | usize::from(octet));
        rest = after;
    }
    rest.split_at_checked(length)
}

/// UTCTime `YYMMDDHHMMSSZ` or GeneralizedTime `YYYYMMDDHHMMSSZ` (RFC 5280, section 4.1.2.5).
fn time(tag: u8, text: &[u8]) -> Option<SystemTime> {
    const UTC_TIME: u8 = 0x17;
    const GENERALIZED_TIME: u8 = 0x18;
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let text = match tag {
        UTC_TIME if text < "50" => format!("20{text}"),
        UTC_TIME => format!("19{text}"),
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let moment = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", text).ok()?;
    let seconds = moment.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
    Some(SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).ok()?))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn seconds(time: SystemTime) -> u64 {
        time.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
    }

    #[test]
    fn fault_32_the_end_of_a_certificate_is_known() {
        for (year, expected) in [(2031, 1_924_992_000), (2075, 3_313_526_400)] {
            let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
            params.not_after = rcgen::date_time_ymd(year, 1, 1);
            let key = rcgen::KeyPair::generate().unwrap();
            let certificate = params.self_signed(&key).unwrap();
            assert_eq!(not_after(certificate.der()).map(seconds), Some(expected), "{year}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let mut der = vec![0x30, 0x50, 0x30, 0x40];
            der.extend_from_slice(&bytes);
            let _ = not_after(&der);
            prop_assert_eq!(not_after(&bytes[..bytes.len().min(8)]), None);
        }
    }
}
