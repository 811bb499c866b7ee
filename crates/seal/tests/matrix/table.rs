//! The matrix as it was found, and as a page.

use crate::known::{self, Mark, Way};
use crate::people::{Folder, entity};
use crate::rows::{Row, What};
use crate::tool::{Encrypting, Failing, Made, Signing, Tool};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What one tool did with each row.
pub struct Column {
    headline: String,
    /// For each row: it opens ours, we open its DER, we open its BER.
    cells: Vec<[&'static str; 3]>,
    /// Failures that it is known for and that were seen, by their place in the list.
    seen: BTreeSet<usize>,
    /// What is not as it should be.
    pub wrong: Vec<String>,
}

impl Column {
    pub fn of(tool: &dyn Tool, rows: &[Row], folder: &Folder) -> Column {
        let headline = crate::headline(tool);
        let mut column = Column { headline, cells: Vec::new(), seen: BTreeSet::new(), wrong: Vec::new() };
        for row in rows {
            let there = column.mark(tool, row, Way::OpensOurs, there(tool, row, folder));
            let der = column.mark(tool, row, Way::Der, back(tool, row, false));
            let ber = column.mark(tool, row, Way::Ber, back(tool, row, true));
            let marks = [there.0, der.0, ber.0];
            for theirs in [der.1, ber.1].into_iter().flatten() {
                if let Err(why) = row.opened(&theirs, folder) {
                    column.wrong.push(format!("{}: {}: we do not open its own: {why}", tool.name(), row.name));
                }
            }
            if let Some(opened) = there.1.filter(|opened| *opened != expected(row, opened)) {
                let len = opened.len();
                column.wrong.push(format!("{}: {}: it makes {len} other bytes of ours", tool.name(), row.name));
            }
            column.cells.push(marks);
        }
        column.wrong.extend(known::unseen(tool.name(), &column.seen));
        column
    }

    /// The mark of what came, and what was made.
    fn mark(&mut self, tool: &dyn Tool, row: &Row, way: Way, made: Option<Made>) -> (&'static str, Option<Vec<u8>>) {
        let met = known::of(tool.name(), &row.name, way);
        let words = match made {
            None | Some(Err(Failing::NoSuchThing)) => return ("–", None),
            // One that has learned something changes the page, and that is compared.
            Some(Ok(bytes)) => return ("✓", Some(bytes)),
            Some(Err(Failing::Said(words))) => words,
        };
        match met.into_iter().find(|(_, failure)| words.contains(failure.words)) {
            Some((place, failure)) => {
                self.seen.insert(place);
                (if failure.mark == Mark::DoesNotKnow { "–" } else { "✗" }, None)
            }
            None => {
                self.wrong.push(format!("{}: {} {way:?}: it says {words}", tool.name(), row.name));
                ("?", None)
            }
        }
    }
}

/// A mail's content may come back with other fields before it, as JavaMail writes them.
fn expected(row: &Row, opened: &[u8]) -> Vec<u8> {
    let whole = entity();
    match row.what {
        What::Mail { .. } if opened.ends_with(&whole) => opened.to_vec(),
        _ => whole,
    }
}

fn there(tool: &dyn Tool, row: &Row, folder: &Folder) -> Option<Made> {
    let ours = row.sealed(folder)?;
    Some(match &row.what {
        What::Signature(signing) => tool.verify(signing, &ours),
        What::Encryption { opener, .. } => tool.decrypt(opener, &ours),
        What::Mail { who, .. } => tool.open_mail(who, &ours),
    })
}

fn back(tool: &dyn Tool, row: &Row, is_streamed: bool) -> Option<Made> {
    match &row.what {
        What::Signature(signing) if is_streamed && !signing.is_opaque && tool.name() == crate::openssl::NAME => None,
        What::Signature(signing) => Some(tool.sign(&Signing { is_streamed, ..*signing })),
        What::Encryption { encrypting, .. } => Some(tool.encrypt(&Encrypting { is_streamed, ..*encrypting })),
        // A mail is as the tool makes it, once.
        What::Mail { who, .. } => is_streamed.then(|| tool.seal_mail(who, &entity())),
    }
}

/// The page: the table, then what the tools said.
pub fn page(rows: &[Row], columns: &[Column]) -> String {
    let mut page = String::from(HEAD);
    let names: Vec<&str> = columns.iter().map(|column| column.headline.as_str()).collect();
    page.push_str(&format!("| | {} |\n|---|{}\n", names.join(" | "), "---|".repeat(names.len())));
    for (at, row) in rows.iter().enumerate() {
        let cells: Vec<String> = columns
            .iter()
            .map(|column| column.cells.get(at).map_or_else(String::new, |marks| marks.join(" ")))
            .collect();
        page.push_str(&format!("| {} | {} |\n", row.name, cells.join(" | ")));
    }
    page.push_str("\n## What the tools say\n\n");
    let ours = known::FAILURES.iter().filter(|failure| !crate::openpgp::is_of_openpgp(failure));
    ours.for_each(|failure| page.push_str(&failure.to_string()));
    page.push_str(X25519);
    page
}

/// Writes the page for whoever wants to see it, and says where; nothing may be wrong.
pub fn printed(name: &str, page: &str, wrong: &[String]) -> PathBuf {
    let file_name = Path::new(name).file_name().expect("a file");
    let printed = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file_name);
    std::fs::write(&printed, page).expect("the folder for tests takes files");
    assert!(wrong.is_empty(), "{} of the matrix are not as they should be:\n{}", wrong.len(), wrong.join("\n"));
    printed
}

/// The same, and holds it against the one in the repository; `BLESS=1` puts it there.
pub fn kept(name: &str, page: &str, wrong: &[String]) {
    let printed = printed(name, page, wrong);
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&kept, page).expect("the page can be written");
    }
    let is_true = std::fs::read_to_string(&kept).is_ok_and(|kept| kept == page);
    assert!(is_true, "{name} differs from {}; run the test with BLESS=1", printed.display());
}

const X25519: &str = "\nNone of these tools knows recipients with X25519. What we write for them is opened in the test by a program of its own, in Python \
    by the words of RFC 8418, on another library's primitives.\n\nNone of them knows recipients with ML-KEM either (RFC 9936). A program in Python by the \
    words of that RFC, on OpenSSL's ML-KEM-768 and ML-KEM-1024, opens ours and makes some that we open; the example of the RFC, with ML-KEM-512, opens as it stands \
    there.\n";

const HEAD: &str = "# Who opens what\n\n\
    Written by the test `crates/seal/tests/matrix`, which `./test` runs: what we seal is given to tools that others wrote, and what \
    they seal to us. The content must come back byte for byte. Each cell has three marks: the tool opens ours; we open what it \
    writes in DER; we open what it streams in BER. A mail has no encoding of its own, so there the third mark stands for it.\n\n\
    ✓ it opens; – the tool has no way to do that; ✗ the tool fails at it. What a tool says when it does not do it stands below \
    the table, and the test fails when that changes. Ciphers of old (3DES, RC2) are only ever read, and only where the setting \
    allows it.\n\n";
