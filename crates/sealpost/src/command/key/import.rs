//! `sealpost key import`: what files hold is laid into the folder, one thing to a file, and each file is reported.

use super::super::{Failure, files, print};
use super::generate::Chance;
use super::keep::Keep;
use super::place::{Readers, Shelf, Written, put};
use super::{Keys, fault, fingerprint_of_key, sha256};
use engine::keys::{KeyFolder, Openers, same_address};
use seal::keyfile::{
    Found, FoundKey, Item, Password, PgpCertificate, Refused, armored, bundle, pem, public_only, read, revocation_list,
};
use seal::smime::{Certificate, PublicKey};
use seal::verdict::fingerprint;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// What the folder holds already, and what came since.
struct Importing<'k> {
    folder: &'k Path,
    shelf: Shelf,
    passwords: &'k [Password],
    keep: Keep<'k>,
    certificates: HashSet<String>,
    anchors: HashSet<String>,
    /// By their public keys.
    private: Vec<PublicKey>,
    /// The bytes of each, by its fingerprint.
    pgp: HashMap<String, Vec<u8>>,
    own_pgp: HashMap<String, Vec<u8>>,
    /// The fingerprints for each address, for whoever wants to know what stands beside what came.
    by_address: HashMap<String, Vec<String>>,
}

/// # Errors
/// When a file, or something in it, could not be taken in; the others were.
pub fn run(
    keys: &Keys,
    openers: &Openers,
    (shelf, is_sealed): (Shelf, bool),
    files: &[PathBuf],
) -> Result<(), Failure> {
    let passwords = keys.passwords()?;
    let keep = Keep::asked(is_sealed, openers.vault.as_ref(), (&keys.passwords, &passwords))?;
    let folder = match keys.folder.is_dir() {
        true => keys.read(openers)?,
        false => KeyFolder::default(),
    };
    let mut importing = Importing::into(&keys.folder, shelf, (&passwords, keep), &folder);
    drop(folder);
    let mut is_wrong = false;
    for file in files {
        let (line, well) = importing.file(file);
        is_wrong |= !well;
        print(&format!("{line}\n"))?;
    }
    if is_wrong { Err(Failure::told()) } else { Ok(()) }
}

/// Takes certificates that were found elsewhere for an address in among those of people, those of S/MIME with their chains: what became of
/// each, and whether all came in. Of OpenPGP other names stay out: whoever has the key for one address vouches for no other.
///
/// # Errors
/// When the folder cannot be read, or takes no file, or a key has no name with the address.
pub fn found(
    keys: &Keys,
    openers: &Openers,
    address: &str,
    found: &[engine::outside::Found],
) -> Result<(Vec<Value>, bool), Failure> {
    let folder = match keys.folder.is_dir() {
        true => keys.read(openers)?,
        false => KeyFolder::default(),
    };
    let mut importing = Importing::into(&keys.folder, Shelf::People, (&[], Keep::Clear), &folder);
    let mut items = Vec::new();
    for one in found {
        let bytes = match one {
            engine::outside::Found::Pgp(one) => importing.named(one, address)?,
            engine::outside::Found::Smime(one) => {
                let chain = one.authorities.iter().map(Vec::as_slice);
                bundle(&std::iter::once(one.certificate.der()).chain(chain).collect::<Vec<_>>())
            }
        };
        let found = importing.found(&bytes).map_err(Failure::new)?;
        for item in &found.items {
            items.extend(importing.item(item, &found)?);
        }
    }
    let well = items.iter().all(|item: &Value| item["outcome"] != "conflict");
    Ok((items, well))
}

impl<'k> Importing<'k> {
    fn into(
        folder: &'k Path,
        shelf: Shelf,
        (passwords, keep): (&'k [Password], Keep<'k>),
        held: &KeyFolder,
    ) -> Importing<'k> {
        let rings = |ring: &[(PgpCertificate, engine::keys::Origin)]| {
            ring.iter().map(|(one, _)| (one.fingerprint.clone(), one.bytes.to_vec())).collect()
        };
        let mut importing = Importing {
            folder,
            shelf,
            passwords,
            keep,
            certificates: HashSet::new(),
            anchors: held.anchors.iter().map(|(one, _)| fingerprint(one)).collect(),
            private: held.own.iter().map(|own| own.certificate.key().clone()).collect(),
            pgp: rings(&held.pgp),
            own_pgp: rings(&held.own_pgp),
            by_address: HashMap::new(),
        };
        importing.private.extend(held.alone.iter().map(|(key, _)| key.public().clone()));
        for (one, _) in &held.certificates {
            importing.know(one);
        }
        for (one, _) in &held.pgp {
            importing.know_addresses(&one.addresses, &one.fingerprint);
        }
        importing
    }

    fn know(&mut self, certificate: &Certificate) {
        let name = fingerprint(certificate);
        self.know_addresses(certificate.addresses(), &name);
        self.certificates.insert(name);
    }

    fn know_addresses(&mut self, addresses: &[String], name: &str) {
        for address in addresses {
            let of_it = self.by_address.entry(engine::keys::folded(address)).or_default();
            if of_it.iter().all(|known| known != name) {
                of_it.push(name.to_owned());
            }
        }
    }

    /// Others that are there for the same addresses.
    fn beside(&self, addresses: &[String], name: &str) -> Vec<String> {
        let all = addresses.iter().filter_map(|address| self.by_address.get(&engine::keys::folded(address))).flatten();
        let mut others: Vec<String> = all.filter(|other| *other != name).cloned().collect();
        others.sort();
        others.dedup();
        others
    }

    /// The line of a file, and whether everything in it was taken in.
    fn file(&mut self, file: &Path) -> (Value, bool) {
        let shown = file.display().to_string();
        let found = files::bytes(file).map(Zeroizing::new).and_then(|bytes| self.found(&bytes));
        let found = match found {
            Ok(found) => found,
            Err(why) => return (json!({ "file": shown, "error": why }), false),
        };
        let mut faults: Vec<String> = found.faults.iter().map(fault).collect();
        let mut lines = Vec::new();
        for item in &found.items {
            match self.item(item, &found) {
                Ok(Some(line)) => lines.push(line),
                Ok(None) => {}
                Err(failure) => faults.push(failure.text),
            }
        }
        let is_conflict = lines.iter().any(|line: &Value| line["outcome"] == "conflict");
        let well = faults.is_empty() && !is_conflict;
        let mut line = json!({ "file": shown, "items": lines, "faults": faults });
        if lines.is_empty() {
            line["error"] = json!(faults.first().map_or("it holds nothing that belongs there", String::as_str));
            return (line, false);
        }
        (line, well)
    }

    /// A key with its names of this address alone; as it is where the folder has it so.
    fn named(&self, one: &seal::pgp::Certificate, address: &str) -> Result<Vec<u8>, Failure> {
        let written = |one: &seal::pgp::Certificate| {
            one.to_bytes().map_err(|trouble| Failure::new(format!("a key cannot be written: {trouble}")))
        };
        let whole = written(one)?;
        if self.pgp.values().any(|held| *held == whole) {
            return Ok(whole);
        }
        let named = one.with_names(|own| same_address(own, address));
        let now = u64::try_from(jiff::Timestamp::now().as_second()).unwrap_or(0);
        if named.standing(&seal::pgp::Policy::default(), now).addresses().next().is_none() {
            return Err(Failure::new("a key has no name with this address"));
        }
        written(&named)
    }

    fn found(&self, bytes: &[u8]) -> Result<Found, String> {
        match self.shelf {
            Shelf::Own => Ok(read(bytes, self.passwords)),
            // Lists of revoked certificates alone are welcome among anchors.
            Shelf::People | Shelf::Trusted => match public_only(bytes) {
                Ok(found) => Ok(found),
                Err(Refused::HoldsPrivate) => {
                    Err(format!("{}; keys of our own come in with --as own", Refused::HoldsPrivate))
                }
                Err(Refused::Nothing(faults)) if faults.is_empty() && self.shelf == Shelf::Trusted => {
                    Ok(read(bytes, &[]))
                }
                Err(nothing) => Err(nothing.to_string()),
            },
        }
    }

    /// What became of one thing; `None` for what is said with another.
    fn item(&mut self, item: &Item, found: &Found) -> Result<Option<Value>, Failure> {
        match item {
            Item::Certificate(certificate) => self.certificate(certificate, found).map(Some),
            Item::PrivateKey(key) if key.certificate.is_none() => self.key_alone(key).map(Some),
            Item::PrivateKey(_) => Ok(None),
            Item::RevocationList(der) => self.list(der).map(Some),
            Item::PgpPublic(_) if self.shelf == Shelf::Trusted => {
                Err(Failure::new("anchors are certificates of X.509; OpenPGP comes in with --as people"))
            }
            Item::PgpPublic(one) => self.pgp(one, Shelf::People).map(Some),
            Item::PgpSecret(one) => self.pgp(one, Shelf::Own).map(Some),
        }
    }

    fn certificate(&mut self, certificate: &Certificate, found: &Found) -> Result<Value, Failure> {
        let name = fingerprint(certificate);
        let is_of_it = |key: &&FoundKey| key.public == *certificate.key();
        let mut keys =
            found.items.iter().filter_map(|item| if let Item::PrivateKey(key) = item { Some(key) } else { None });
        let key = keys.find(is_of_it).filter(|key| !self.private.contains(&key.public));
        let is_known = match self.shelf {
            Shelf::Trusted => self.anchors.contains(&name),
            _ => key.is_none() && self.certificates.contains(&name),
        };
        let beside = self.beside(certificate.addresses(), &name);
        let line = json!({
            "fingerprint": name, "scheme": "smime", "addresses": certificate.addresses(), "beside": beside,
            "private_key": key.is_some() || self.private.contains(certificate.key()),
        });
        if is_known {
            return Ok(with_outcome(line, "known"));
        }
        let text = pem("CERTIFICATE", certificate.der());
        let written = match key {
            Some(key) => {
                let both = Zeroizing::new([self.keep.pem(&key.pkcs8)?.as_str(), &text].concat());
                self.keep.put(self.folder, &name, "pem", both.as_bytes())?
            }
            None => put(self.folder, self.shelf, &format!("{name}.pem"), text.as_bytes(), Readers::Everybody)?,
        };
        if matches!(written, Written::New(_)) {
            self.private.extend(key.map(|key| key.public.clone()));
            match self.shelf {
                Shelf::Trusted => {
                    self.anchors.insert(name);
                }
                _ => self.know(certificate),
            }
        }
        Ok(outcome(line, written))
    }

    fn key_alone(&mut self, key: &FoundKey) -> Result<Value, Failure> {
        let name = fingerprint_of_key(&key.public);
        let line = json!({ "key": name, "scheme": "smime", "private_key": true });
        if self.private.contains(&key.public) {
            return Ok(with_outcome(line, "known"));
        }
        let written = self.keep.put(self.folder, &name, "pem", self.keep.pem(&key.pkcs8)?.as_bytes())?;
        self.private.push(key.public.clone());
        Ok(outcome(line, written))
    }

    fn list(&mut self, der: &[u8]) -> Result<Value, Failure> {
        let name = sha256(der);
        // One that nobody can use would make everybody whom it could name unknown.
        revocation_list(der).map_err(|trouble| Failure::new(trouble.to_string()))?;
        let line = json!({ "revocation_list": name, "scheme": "smime" });
        let text = pem("X509 CRL", der);
        // The name is made of its bytes, so whatever has it is the same.
        match put(self.folder, self.shelf, &format!("{name}.crl"), text.as_bytes(), Readers::Everybody)? {
            Written::Taken(_) => Ok(with_outcome(line, "known")),
            written => Ok(outcome(line, written)),
        }
    }

    fn pgp(&mut self, one: &PgpCertificate, shelf: Shelf) -> Result<Value, Failure> {
        let line = json!({
            "fingerprint": one.fingerprint, "scheme": "pgp", "addresses": one.addresses,
            "beside": self.beside(&one.addresses, &one.fingerprint), "private_key": shelf == Shelf::Own,
        });
        let (known, text) = match shelf {
            Shelf::Own => (&mut self.own_pgp, None),
            _ => (&mut self.pgp, Some(armored(&one.bytes))),
        };
        match known.get(&one.fingerprint) {
            Some(bytes) if *bytes == *one.bytes => return Ok(with_outcome(line, "known")),
            // Another state of the same certificate: which is right is not for an import to say.
            Some(_) => return Ok(with_outcome(line, "conflict")),
            None => {}
        }
        let written = match &text {
            None => {
                let bytes = own_pgp_bytes(one, self.keep, self.passwords)?;
                self.keep.put(self.folder, &one.fingerprint, "pgp", &bytes)?
            }
            Some(text) => {
                let name = format!("{}.asc", one.fingerprint);
                put(self.folder, shelf, &name, text.as_bytes(), Readers::Everybody)?
            }
        };
        known.insert(one.fingerprint.clone(), one.bytes.to_vec());
        self.know_addresses(&one.addresses, &one.fingerprint);
        Ok(outcome(line, written))
    }
}

/// A key of OpenPGP as it is; out of its password where the vault seals it.
fn own_pgp_bytes(one: &PgpCertificate, keep: Keep<'_>, passwords: &[Password]) -> Result<Zeroizing<Vec<u8>>, Failure> {
    if !matches!(keep, Keep::Vault(_)) {
        return Ok(one.bytes.clone());
    }
    let passwords: Vec<&[u8]> = passwords.iter().map(|password| password.as_bytes()).collect();
    seal::pgp::relocked(&one.bytes, &passwords, None, &mut Chance).map_err(|_| {
        Failure::new("a private key of OpenPGP does not open; name its password by --password, so that the vault can seal it without")
    })
}

/// A file of the same name that holds something else is never written over.
fn outcome(line: Value, written: Written) -> Value {
    let (word, path) = match written {
        Written::New(path) => ("imported", path),
        Written::Taken(path) => ("conflict", path),
    };
    let mut line = with_outcome(line, word);
    line["path"] = json!(path);
    line
}

fn with_outcome(mut line: Value, word: &str) -> Value {
    line["outcome"] = json!(word);
    line
}
