//! NIST's suite of paths (PKITS 1.0.1, as the Python package `cryptography_vectors` carries it; `./test` fetches it).

use crate::world::anchors;
use seal::trust::{Answer, AnswerKind, Asked, Purpose, Revocation, Settings, Unknown, Verdict, judge};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// In September 2020, when all that the suite holds for valid was so.
const NOW: u64 = 1_600_000_000;

/// Names that do not say what is expected with the suite's default settings, and are refused with them.
const REFUSED: [&str; 6] = [
    "DifferentPoliciesTest12EE",
    "DifferentPoliciesTest4EE",
    "DifferentPoliciesTest5EE",
    "DifferentPoliciesTest7EE",
    "DifferentPoliciesTest8EE",
    "DifferentPoliciesTest9EE",
];

/// What comes out otherwise than the suite has it, and why.
const DEVIATIONS: [(&str, &str); 18] = [
    ("ValidBasicSelfIssuedCRLSigningKeyTest6EE", OTHER_KEY),
    ("ValidBasicSelfIssuedNewWithOldTest4EE", OTHER_KEY),
    ("ValidDSAParameterInheritanceTest5EE", DSA),
    ("ValidDSASignaturesTest4EE", DSA),
    ("ValidIDPwithindirectCRLTest24EE", INDIRECT),
    ("ValidIDPwithindirectCRLTest25EE", INDIRECT),
    ("ValidSeparateCertificateandCRLKeysTest19EE", OTHER_KEY),
    ("ValidcRLIssuerTest28EE", INDIRECT),
    ("ValidcRLIssuerTest29EE", INDIRECT),
    ("ValidcRLIssuerTest30EE", INDIRECT),
    ("ValidcRLIssuerTest33EE", INDIRECT),
    ("ValiddeltaCRLTest5EE", DELTA),
    ("ValiddistributionPointTest4EE", RELATIVE),
    ("ValiddistributionPointTest5EE", RELATIVE),
    ("ValiddistributionPointTest7EE", RELATIVE),
    ("ValidonlySomeReasonsTest18EE", REASONS),
    ("ValidonlySomeReasonsTest19EE", REASONS),
    ("Validpre2000UTCnotBeforeDateTest3EE", BEFORE_1970),
];

const DELTA: &str = "a list of what changed (delta) gives nobody back";
const OTHER_KEY: &str = "a list signed by another key than those of the path says nothing";
const DSA: &str = "DSA signs with SHA-1 and is not done";
const INDIRECT: &str = "a list of another issuer than the certificate's says nothing";
const RELATIVE: &str = "a point that is named relative to the issuer is not read";
const REASONS: &str = "a list of only some reasons says nothing, nor do several of them together";
const BEFORE_1970: &str = "a time before 1970 is none";

fn folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"), std::path::PathBuf::from);
    target.join("vectors/cryptography_vectors/x509/PKITS_data")
}

/// The files of a folder by their names without an ending.
fn files(kind: &str) -> BTreeMap<String, Vec<u8>> {
    let folder = folder().join(kind);
    let entries = std::fs::read_dir(&folder)
        .unwrap_or_else(|_| panic!("PKITS is not in {}: ./test puts it there", folder.display()));
    let read = |path: PathBuf| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        (name, std::fs::read(path).expect("a file of the suite"))
    };
    entries.map(|entry| read(entry.expect("an entry").path())).collect()
}

fn is_to_be_trusted(name: &str) -> bool {
    !name.starts_with("Invalid") && !REFUSED.contains(&name)
}

#[test]
fn each_path_comes_out_as_the_suite_has_it_but_for_known_deviations() {
    let (certificates, lists) = (files("certs"), files("crls"));
    let anchors = anchors(&[&certificates["TrustAnchorRootCertificate"]]);
    let between: Vec<&[u8]> =
        certificates.iter().filter(|(name, _)| !name.ends_with("EE")).map(|(_, der)| der.as_slice()).collect();
    let answers: Vec<Answer<'_>> = lists
        .values()
        .map(|bytes| Answer { kind: AnswerKind::Crl, bytes, from: "", fetched_at: NOW, nonce: None })
        .collect();
    let known = Revocation { answers: &answers, nonce: None };
    let asked = Asked { purpose: Purpose::Signing, address: None, now: NOW };
    let judged = |name: &str| -> Verdict {
        judge(&certificates[name], &between, &anchors, &asked, &Settings::new(Unknown::Refused), &known)
    };
    let people: Vec<&String> = certificates.keys().filter(|name| name.ends_with("EE")).collect();
    assert_eq!(people.len(), 223, "the suite is whole");
    let mut deviating = Vec::new();
    for name in &people {
        let verdict = judged(name);
        if verdict.is_trusted() != is_to_be_trusted(name) {
            println!("{name}: {verdict}");
            deviating.push(name.as_str());
        }
    }
    println!("PKITS: {} of {} paths come out as the suite has them", people.len() - deviating.len(), people.len());
    for (name, why) in DEVIATIONS {
        println!("  {name}: {why}");
    }
    assert_eq!(deviating, DEVIATIONS.map(|(name, _)| name));
}
