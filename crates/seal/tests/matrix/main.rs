//! S/MIME beside tools that we did not write, in both directions and byte for byte: each algorithm that the tool knows.
//!
//! What a tool cannot do is written down in its own words ([`known`]) and held to: a tool that learns it fails the test, and so does
//! whatever else does not open.

mod bouncy_castle;
mod efail;
mod gpgsm;
mod known;
mod openpgp;
mod openssl;
mod people;
mod pyca;
mod rows;
mod spoken;
mod table;
mod tool;

#[path = "../shared/cast.rs"]
mod cast;
#[path = "../shared/chance.rs"]
mod chance;
#[path = "../shared/folder.rs"]
mod folder;

use people::Folder;
use rows::rows;
use seal::key::{HeldKey, Kem};
use seal::keyfile::issue::{Kind, Subject, generated, signed_by};
use seal::smime::{Certificate, ContentCipher, Recipient, Transport, decrypt, encrypt};
use table::Column;
use tool::Tool;

/// The page that is kept in the repository.
const PAGE: &str = "docs/sealing-matrix.md";

#[test]
fn every_tool_opens_what_we_seal_and_we_open_what_it_seals() {
    let folder = Folder::start();
    let rows = rows();
    let columns: Vec<Column> = std::thread::scope(|scope| {
        let (folder, rows) = (&folder, &rows);
        let running = [
            scope.spawn(move || Column::of(&openssl::OpenSsl::new(folder), rows, folder)),
            scope.spawn(move || Column::of(&gpgsm::Gpgsm::start(folder), rows, folder)),
            scope.spawn(move || Column::of(&pyca::Pyca::start(folder), rows, folder)),
            scope.spawn(move || Column::of(&bouncy_castle::BouncyCastle::start(folder), rows, folder)),
        ];
        running.into_iter().map(|column| column.join().expect("a tool's thread ends")).collect()
    });
    let page = table::page(&rows, &columns);
    let wrong: Vec<String> = columns.iter().flat_map(|column| column.wrong.clone()).collect();
    table::kept(PAGE, &page, &wrong);
}

/// No tool here knows recipients on X25519, so a program written by the documents opens what we write for them.
#[test]
fn what_is_encrypted_over_x25519_opens_by_the_words_of_its_rfc() {
    let folder = Folder::with(&["x25519"]);
    for cipher in
        [ContentCipher::Aes128Cbc, ContentCipher::Aes256Cbc, ContentCipher::Aes128Gcm, ContentCipher::Aes256Gcm]
    {
        let recipients = [folder.person("x25519").recipient()];
        let cms = encrypt(&people::entity(), &recipients, cipher, &mut people::Chance).expect("it is encrypted");
        assert_eq!(pyca::opened_by_rfc_8418(&folder, &cms), Ok(people::entity()), "{cipher:?}");
    }
}

/// Nor recipients with ML-KEM: a program written by the documents, on OpenSSL's ML-KEM, opens ours, and we open what it makes.
#[test]
fn what_is_encrypted_with_ml_kem_opens_by_the_words_of_its_rfc() {
    let folder = Folder::with(&["p256"]);
    let issuer = folder.person("p256");
    let python = pyca::Pyca::start(&folder);
    for kem in [Kem::MlKem768, Kem::MlKem1024] {
        let pkcs8 = generated(Kind::MlKem(kem)).expect("a key");
        let subject = Subject { name: "Ann", addresses: &["ann@example.com"] };
        let valid = (1_700_000_000, 2_000_000_000);
        let der = signed_by((&issuer.certificate, &issuer.key), &pkcs8, subject, valid, &mut people::Chance);
        let certificate = Certificate::from_der(&der.expect("a certificate")).expect("a certificate");
        let key = HeldKey::from_pkcs8(&pkcs8, certificate.key()).expect("its key");
        folder.write("kem.p8", &pkcs8);
        folder.write("kem.cer", certificate.der());
        let recipients = [Recipient { certificate: &certificate, transport: Transport::Pkcs1 }];
        for cipher in [ContentCipher::Aes128Cbc, ContentCipher::Aes256Cbc, ContentCipher::Aes256Gcm] {
            let cms = encrypt(&people::entity(), &recipients, cipher, &mut people::Chance).expect("it is encrypted");
            assert_eq!(python.decapsulated("kem.p8", &cms), Ok(people::entity()), "{kem:?} {cipher:?}");
        }
        for ukm in ["-", "material of both"] {
            let cms = python.encapsulated("kem.cer", ukm).expect("it is encrypted");
            let opened = decrypt(&cms, &[(&certificate, &key)], &mut people::Chance).expect("it opens");
            assert_eq!(opened.content, people::entity(), "{kem:?} {ukm}");
        }
    }
}

/// Every failure that is written down names a tool, and none is written down for nothing.
#[test]
fn each_known_failure_belongs_to_a_tool() {
    let names = ["openssl cms", "gpgsm", "Python cryptography", "Bouncy Castle"];
    for failure in known::FAILURES {
        let is_here = names.contains(&failure.tool) || openpgp::is_of_openpgp(failure);
        assert!(is_here, "{} is no tool here", failure.tool);
        assert!(!failure.words.is_empty() && !failure.rows.is_empty(), "{failure:?} says nothing");
    }
    assert!(names.contains(&openssl::NAME) && names.contains(&gpgsm::NAME));
    assert!(names.contains(&pyca::NAME) && names.contains(&bouncy_castle::NAME));
}

/// The name and version of a tool as the page writes it: what changes with every patch is left out.
fn headline(tool: &dyn Tool) -> String {
    let version: Vec<String> = tool.version().split('.').take(2).map(str::to_owned).collect();
    format!("{} {}", tool.name(), version.join("."))
}
