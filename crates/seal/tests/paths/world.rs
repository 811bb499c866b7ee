//! Authorities and people of OpenSSL in a temporary folder.

use crate::folder::Folder;
use seal::trust::{Anchors, Asked, Purpose, Settings, Unknown};
use std::ops::Deref;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

pub const DAY: u64 = 86_400;

/// What an authority's certificate says.
pub const AUTHORITY: &str = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n\
                             subjectKeyIdentifier=hash\n";

/// What a person's certificate says.
pub const ANN: &str = "basicConstraints=CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment,keyAgreement\n\
                       extendedKeyUsage=emailProtection\nsubjectAltName=email:ann@example.com\n";

pub fn now() -> u64 {
    // What OpenSSL just made begins this very second, and its clock is read beside ours.
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_secs() + 2
}

pub fn asked(address: &str) -> Asked<'_> {
    Asked { purpose: Purpose::Signing, address: Some(address), now: now() }
}

/// Of revocation nothing is known in these tests, unless they say so.
pub fn soft() -> Settings {
    Settings::new(Unknown::Accepted)
}

pub fn anchors(of: &[&[u8]]) -> Anchors {
    let mut anchors = Anchors::default();
    for der in of {
        assert_eq!(anchors.add(der).added.len(), 1);
    }
    anchors
}

pub struct World {
    folder: Folder,
    serial: AtomicU32,
}

/// How a certificate is made.
pub struct Wish<'a> {
    pub name: &'a str,
    pub subject: &'a str,
    /// Who issues it; itself if `None`.
    pub by: Option<&'a str>,
    pub extensions: &'a str,
    pub days: u32,
    /// More for `openssl x509`.
    pub more: &'a [&'a str],
}

impl Deref for World {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

impl World {
    pub fn new() -> World {
        World { folder: Folder::new(), serial: AtomicU32::new(0x1000) }
    }

    /// A key on P-256, kept for the name; one that is there already stays.
    fn key(&self, name: &str) {
        if !self.path(&format!("{name}.key")).exists() {
            let out = format!("{name}.key");
            self.run(&["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", &out]);
        }
    }

    pub fn rsa_key(&self, name: &str, bits: u32) {
        let (bits, out) = (format!("rsa_keygen_bits:{bits}"), format!("{name}.key"));
        self.run(&["genpkey", "-algorithm", "RSA", "-pkeyopt", &bits, "-out", &out]);
    }

    /// A certificate in DER; it stays as NAME.pem beside NAME.key.
    pub fn make(&self, wish: &Wish<'_>) -> Vec<u8> {
        let name = wish.name;
        let [key, request, pem, extensions, der] =
            ["key", "req", "pem", "ext", "der"].map(|kind| format!("{name}.{kind}"));
        self.key(name);
        self.write(&extensions, wish.extensions.as_bytes());
        self.run(&["req", "-new", "-utf8", "-key", &key, "-subj", wish.subject, "-out", &request]);
        let serial = format!("0x{:x}", self.serial.fetch_add(1, Ordering::Relaxed));
        let days = wish.days.to_string();
        let mut args = vec![
            "x509",
            "-req",
            "-in",
            &request,
            "-days",
            &days,
            "-set_serial",
            &serial,
            "-extfile",
            &extensions,
            "-out",
            &pem,
        ];
        let by = wish.by.map(|by| (format!("{by}.pem"), format!("{by}.key")));
        match &by {
            Some((certificate, key)) => args.extend(["-CA", certificate, "-CAkey", key]),
            None => args.extend(["-key", &key]),
        }
        args.extend(wish.more);
        self.run(&args);
        self.run(&["x509", "-in", &pem, "-outform", "DER", "-out", &der]);
        self.read(&der)
    }

    /// An authority by the name of its file, for 365 days.
    pub fn authority(&self, name: &str, by: Option<&str>, extensions: &str) -> Vec<u8> {
        let subject = format!("/O=Example/CN={name}");
        self.make(&Wish { name, subject: &subject, by, extensions, days: 365, more: &[] })
    }

    /// A person by the name of its file, for 30 days.
    pub fn person(&self, name: &str, by: &str, extensions: &str) -> Vec<u8> {
        let subject = format!("/CN={name}");
        self.make(&Wish { name, subject: &subject, by: Some(by), extensions, days: 30, more: &[] })
    }
}
