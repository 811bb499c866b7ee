//! An OpenLDAP server of its own for a test, with people and with keys of OpenPGP; gone when dropped.

#![allow(clippy::unwrap_used, reason = "a test that cannot start its server must stop at once and say where")]

use crate::keeper::{Keeper, START_TIMEOUT, program, wait_until_it_listens};
use crate::port;
use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// The entry below which everything is.
pub const BASE: &str = "dc=house,dc=example";
/// Who may read, and nobody else.
pub const READER: &str = "cn=reader,dc=house,dc=example";
pub const PASSWORD: &str = "a-secret-of-tests";

/// The schema of PGP's key servers, as far as it is needed here.
const PGP_SCHEMA: &str = "\
attributetype ( 1.3.6.1.4.1.3401.8.2.8 NAME 'pgpBaseKeySpaceDN' EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.3401.8.2.11 NAME 'pgpKey' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.3401.8.2.12 NAME 'pgpCertID' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.3401.8.2.13 NAME 'pgpDisabled' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.3401.8.2.15 NAME 'pgpRevoked' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.3.6.1.4.1.3401.8.2.16 NAME 'pgpUserID' EQUALITY caseIgnoreMatch SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
objectclass ( 1.3.6.1.4.1.3401.8.2.23 NAME 'pgpServerInfo' SUP top STRUCTURAL MUST ( cn $ pgpBaseKeySpaceDN ) )
objectclass ( 1.3.6.1.4.1.3401.8.2.24 NAME 'pgpKeyInfo' SUP top STRUCTURAL MUST ( pgpCertID $ pgpKey ) MAY ( pgpDisabled $ pgpRevoked $ pgpUserID ) )
";

/// A running server.
pub struct Slapd {
    /// Before its folder: it is stopped before that goes.
    keeper: Option<Keeper>,
    folder: TempDir,
    /// For `ldap`, with StartTLS.
    pub plain: SocketAddr,
    /// For `ldaps`.
    pub tls: SocketAddr,
}

impl Slapd {
    /// Starts a server with this certificate and key in PEM, and these entries below [`BASE`] in LDIF.
    ///
    /// # Panics
    /// With the reason, when OpenLDAP is not installed or does not start.
    pub fn start(certificate: &str, key: &str, entries: &str) -> Slapd {
        let folder = tempfile::Builder::new().prefix("rig-slapd-").tempdir().unwrap();
        let path = folder.path();
        fs::create_dir(path.join("data")).unwrap();
        fs::write(path.join("certificate.pem"), certificate).unwrap();
        fs::write(path.join("key.pem"), key).unwrap();
        fs::write(path.join("pgp.schema"), PGP_SCHEMA).unwrap();
        fs::write(path.join("slapd.conf"), settings(path)).unwrap();
        fs::write(path.join("entries.ldif"), format!("{}\n{entries}", house())).unwrap();
        let mut adding = Command::new(program("slapadd"));
        adding.arg("-f").arg(path.join("slapd.conf")).arg("-l").arg(path.join("entries.ldif"));
        let added = adding.output().unwrap();
        assert!(added.status.success(), "slapadd: {}", String::from_utf8_lossy(&added.stderr));
        let [plain, tls] = [(); 2].map(|()| port::free());
        let mut server = Slapd { folder, keeper: None, plain, tls };
        server.go_on();
        server
    }

    /// The same port answers no more.
    pub fn stop(&mut self) {
        self.keeper = None;
    }

    /// Starts it again after [`Slapd::stop`].
    pub fn go_on(&mut self) {
        let settings = self.folder.path().join("slapd.conf");
        let places = format!("ldap://{} ldaps://{}", self.plain, self.tls);
        let words = ["-h", &places, "-d", "256"].map(OsString::from);
        let all = [program("slapd").into(), "-f".into(), settings.into_os_string()].into_iter().chain(words);
        self.keeper = Some(Keeper::start(all, Some(&self.folder.path().join("started.log"))));
        wait_until_it_listens("slapd", &[self.tls], START_TIMEOUT, || self.log());
    }

    /// What it logged since it was started last: each search with its base and filter among it.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("started.log")).unwrap_or_default()
    }
}

fn settings(path: &Path) -> String {
    let at = path.display();
    format!(
        "include /etc/ldap/schema/core.schema\ninclude /etc/ldap/schema/cosine.schema\ninclude /etc/ldap/schema/inetorgperson.schema\n\
         include {at}/pgp.schema\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\nTLSCertificateFile {at}/certificate.pem\n\
         TLSCertificateKeyFile {at}/key.pem\ndatabase mdb\nmaxsize 10485760\nsuffix {BASE}\ndirectory {at}/data\n\
         access to * by dn.exact=\"{READER}\" read by anonymous auth\n"
    )
}

fn house() -> String {
    format!(
        "dn: {BASE}\nobjectClass: dcObject\nobjectClass: organization\ndc: house\no: House\n\ndn: {READER}\nobjectClass: organizationalRole\n\
         objectClass: simpleSecurityObject\ncn: reader\nuserPassword: {PASSWORD}\n"
    )
}
