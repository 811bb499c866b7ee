//! Signatures of ours that OpenSSL checks, and of OpenSSL that we check.

use crate::authority::{Authority, entity};
use seal::smime::{Certificate, Digest, Flaw, Scheme, Signed, Signer, sign, verify};

const NOW: u64 = 1_790_000_000;

#[test]
fn openssl_believes_what_we_sign() {
    let (authority, entity) = (Authority::start(), entity());
    authority.write("content", &entity);
    let cases: [(&'static str, &[Scheme]); 5] = [
        (
            "rsa2048",
            &[Scheme::RsaPkcs1(Digest::Sha256), Scheme::RsaPkcs1(Digest::Sha512), Scheme::RsaPss(Digest::Sha256)],
        ),
        (
            "rsa3072",
            &[Scheme::RsaPkcs1(Digest::Sha384), Scheme::RsaPss(Digest::Sha384), Scheme::RsaPss(Digest::Sha512)],
        ),
        ("p256", &[Scheme::Ecdsa(Digest::Sha256)]),
        ("p384", &[Scheme::Ecdsa(Digest::Sha384)]),
        ("p521", &[Scheme::Ecdsa(Digest::Sha512)]),
    ];
    for (name, schemes) in cases {
        let person = authority.person(name);
        for scheme in schemes {
            let signer =
                Signer { certificate: &person.certificate, key: &person.key, scheme: *scheme, intermediates: &[] };
            for is_opaque in [false, true] {
                authority.write("signed", &sign(&entity, &signer, NOW, is_opaque).expect("a signature"));
                let mut args = vec!["cms", "-verify", "-inform", "DER", "-in", "signed", "-CAfile", "ca.pem"];
                args.extend(["-purpose", "smimesign", "-out", "out"]);
                args.extend(if is_opaque { &["-binary"][..] } else { &["-binary", "-content", "content"] });
                authority.run(&args);
                assert_eq!(authority.read("out"), entity, "{name} {scheme:?} opaque: {is_opaque}");
            }
        }
    }
}

/// OpenSSL's signature by `name` with further arguments, and what we say of it.
fn signed_by_openssl(authority: &Authority, name: &str, more: &[&str], is_opaque: bool) -> Signed {
    let (certificate, key) = (format!("{name}.pem"), format!("{name}.key"));
    let mut args = vec!["cms", "-sign", "-binary", "-in", "content", "-signer", &certificate, "-inkey", &key];
    args.extend(["-outform", "DER", "-out", "signed"]);
    args.extend(if is_opaque { &["-nodetach"][..] } else { &[] });
    args.extend(more);
    authority.run(&args);
    let content = authority.read("content");
    verify(&authority.read("signed"), (!is_opaque).then_some(&content[..]), &[]).expect("a signature")
}

#[test]
fn we_believe_what_openssl_signs() {
    const PSS: [&str; 4] = ["-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:-1"];
    let (authority, entity) = (Authority::start(), entity());
    authority.write("content", &entity);
    let pss_384 = [&PSS[..], &["-md", "sha384"]].concat();
    let cases: [(&'static str, &[&[&str]]); 4] = [
        (
            "rsa2048",
            &[&[], &["-md", "sha512"], &PSS, &pss_384, &["-noattr"], &["-cades"], &["-keyid"], &["-nosmimecap"]],
        ),
        ("p256", &[&[], &["-md", "sha512"]]),
        ("p384", &[&["-md", "sha384"]]),
        ("p521", &[&["-md", "sha512"]]),
    ];
    for (name, all) in cases {
        let person = authority.person(name);
        for more in all {
            // OpenSSL puts the content within what it streams, asked to or not.
            // It fails at streaming PSS.
            let forms = [(&[][..], false), (&[], true), (&["-stream"], true)];
            for (streamed, is_opaque) in
                forms.into_iter().filter(|(streamed, _)| streamed.is_empty() || !more.contains(&PSS[1]))
            {
                let signed = signed_by_openssl(&authority, name, &[*more, streamed].concat(), is_opaque);
                let [one] = &signed.signatures[..] else { panic!("one signer") };
                assert_eq!(one.flaw, None, "{name} {more:?} {streamed:?} opaque: {is_opaque}");
                assert_eq!(one.by.as_ref(), Some(&person.certificate));
                assert_eq!(one.at.is_some(), *more != ["-noattr"]);
                assert_eq!(signed.content, is_opaque.then(|| entity.clone()));
            }
        }
    }
}

fn flaws(cms: &[u8], content: &[u8], known: &[Certificate]) -> Vec<Option<Flaw>> {
    let signed = verify(cms, Some(content), known).expect("a signature");
    signed.signatures.iter().map(|one| one.flaw).collect()
}

#[test]
fn what_was_changed_exchanged_or_is_weak_is_not_believed() {
    let (authority, entity) = (Authority::start(), entity());
    authority.write("content", &entity);
    let person = authority.person("rsa2048");
    signed_by_openssl(&authority, "rsa2048", &["-cades"], false);
    let cms = authority.read("signed");
    assert_eq!(flaws(&cms, &entity, &[]), [None]);
    let other: Vec<u8> = entity.iter().map(|byte| if *byte == b'7' { b'8' } else { *byte }).collect();
    assert_eq!(flaws(&cms, &other, &[]), [Some(Flaw::ContentChanged)]);
    let mut wrong = cms.clone();
    *wrong.last_mut().expect("bytes") ^= 1;
    assert_eq!(flaws(&wrong, &entity, &[]), [Some(Flaw::Wrong)]);

    signed_by_openssl(&authority, "rsa2048", &["-md", "sha1"], false);
    assert_eq!(flaws(&authority.read("signed"), &entity, &[]), [Some(Flaw::Algorithm)]);

    signed_by_openssl(&authority, "rsa2048", &["-nocerts"], false);
    assert_eq!(flaws(&authority.read("signed"), &entity, &[]), [Some(Flaw::CertificateMissing)]);
    assert_eq!(flaws(&authority.read("signed"), &entity, std::slice::from_ref(&person.certificate)), [None]);

    let attributes_as_content = [0x31, 0x02, 0x05, 0x00];
    authority.write("content", &attributes_as_content);
    signed_by_openssl(&authority, "rsa2048", &["-noattr"], false);
    assert_eq!(flaws(&authority.read("signed"), &attributes_as_content, &[]), [Some(Flaw::Malformed)]);
}

#[test]
fn several_signers_are_judged_each_by_himself() {
    let (authority, entity) = (Authority::start(), entity());
    authority.write("content", &entity);
    authority.person("rsa2048");
    authority.person("p256");
    let signed = signed_by_openssl(&authority, "rsa2048", &["-signer", "p256.pem", "-inkey", "p256.key"], false);
    assert_eq!(signed.signatures.iter().map(|one| one.flaw).collect::<Vec<_>>(), [None, None]);
    assert!(verify(&authority.read("signed"), None, &[]).is_err(), "content is neither within nor beside it");
}

/// OpenSSL 3.0 cannot check such signatures in CMS ("invalid digest", also of those that it made itself), so only we do.
#[test]
fn ed25519_signs_and_is_believed_by_ourselves() {
    let (authority, entity) = (Authority::start(), entity());
    let person = authority.person("ed25519");
    let signer =
        Signer { certificate: &person.certificate, key: &person.key, scheme: Scheme::Ed25519, intermediates: &[] };
    let cms = sign(&entity, &signer, NOW, false).expect("a signature");
    assert_eq!(flaws(&cms, &entity, &[]), [None]);
    assert_eq!(verify(&cms, Some(&entity), &[]).expect("a signature").signatures[0].at, Some(NOW));
    assert_eq!(flaws(&cms, b"other", &[]), [Some(Flaw::ContentChanged)]);
}
