//! People with a key of each kind, and their files for the tools.

use crate::folder;
use std::ops::Deref;

pub use crate::cast::{Chance, Person, entity, orders};

/// The password of each PKCS#12.
pub const PASSWORD: &str = "matrix";

/// What the tools ask of certificates.
const EXTENSIONS: &str = "authorityKeyIdentifier=keyid\nbasicConstraints=CA:false\nextendedKeyUsage=emailProtection\n\
                          keyUsage=digitalSignature,keyEncipherment,keyAgreement\n";

/// Where the tools work; each person's files are `NAME.pem`, `.cer`, `.key`, `.p8` and `.p12`.
pub struct Folder {
    folder: folder::Folder,
    people: Vec<Person>,
}

impl Deref for Folder {
    type Target = folder::Folder;

    fn deref(&self) -> &folder::Folder {
        &self.folder
    }
}

impl Folder {
    /// A folder with everybody in it, and the content that is sealed in the file `content`.
    pub fn start() -> Folder {
        Folder::with(&["rsa2048", "rsa3072", "p256", "p384", "ed25519", "x25519"])
    }

    /// Only some of them.
    pub fn with(names: &[&'static str]) -> Folder {
        let folder = folder::Folder::of_authority();
        folder.write("content", &entity());
        let people = names.iter().map(|name| folder.certified(name, EXTENSIONS)).collect();
        for name in names {
            let [key, pem, p12] = ["key", "pem", "p12"].map(|ending| format!("{name}.{ending}"));
            let password = format!("pass:{PASSWORD}");
            let args = ["pkcs12", "-export", "-legacy", "-inkey", &key, "-in", &pem, "-certfile", "ca.pem"];
            folder.run(&[&args[..], &["-passout", &password, "-out", &p12]].concat());
        }
        Folder { folder, people }
    }

    pub fn person(&self, name: &str) -> &Person {
        self.people.iter().find(|person| person.name == name).expect("somebody who is there")
    }
}

impl folder::Folder {
    /// A file of the folder, which is gone then: nobody is to find the one of the job before.
    pub fn take(&self, name: &str) -> Vec<u8> {
        let bytes = std::fs::read(self.path(name)).unwrap_or_default();
        let _ = std::fs::remove_file(self.path(name));
        bytes
    }
}
