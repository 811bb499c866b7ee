//! S/MIME beside tools that we did not write, in both directions and byte for byte: each algorithm that the tool knows.
//!
//! What a tool cannot do is written down in its own words ([`known`]) and held to: a tool that learns it fails the test, and so does
//! whatever else does not open.

mod bouncy_castle;
mod efail;
mod gpgsm;
mod known;
mod openssl;
mod people;
mod pyca;
mod rows;
mod spoken;
mod table;
mod tool;

use people::Folder;
use rows::rows;
use seal::smime::{ContentCipher, Recipient, Transport, encrypt};
use std::path::Path;
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
    let printed = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sealing-matrix.md");
    std::fs::write(&printed, &page).expect("the folder for tests takes files");
    let wrong: Vec<String> = columns.iter().flat_map(|column| column.wrong.clone()).collect();
    assert!(wrong.is_empty(), "{} of the matrix are not as they should be:\n{}", wrong.len(), wrong.join("\n"));

    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(PAGE);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&kept, &page).expect("the page can be written");
    }
    let is_true = std::fs::read_to_string(&kept).is_ok_and(|kept| kept == page);
    assert!(is_true, "{PAGE} differs from {}; run the test with BLESS=1", printed.display());
}

/// No tool here knows recipients on X25519, so a program written by the documents opens what we write for them.
#[test]
fn what_is_encrypted_over_x25519_opens_by_the_words_of_its_rfc() {
    let folder = Folder::with(&["x25519"]);
    for cipher in
        [ContentCipher::Aes128Cbc, ContentCipher::Aes256Cbc, ContentCipher::Aes128Gcm, ContentCipher::Aes256Gcm]
    {
        let recipients = [Recipient { certificate: &folder.person("x25519").certificate, transport: Transport::Pkcs1 }];
        let cms = encrypt(&people::entity(), &recipients, cipher, &mut people::Chance).expect("it is encrypted");
        assert_eq!(pyca::opened_by_rfc_8418(&folder, &cms), Ok(people::entity()), "{cipher:?}");
    }
}

/// Every failure that is written down names a tool, and none is written down for nothing.
#[test]
fn each_known_failure_belongs_to_a_tool() {
    let names = ["openssl cms", "gpgsm", "Python cryptography", "Bouncy Castle"];
    for failure in known::FAILURES {
        assert!(names.contains(&failure.tool), "{} is no tool here", failure.tool);
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
