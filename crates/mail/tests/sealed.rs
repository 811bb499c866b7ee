//! Seals in the forms in which mail programs write them and gateways leave them: named, and never taken for files.
#![allow(clippy::unwrap_used)]

use mail::{Limits, Message, PartClass, SealForm, SealScheme};

const SIGNED_DATA: &str = "MIAGCSqGSIb3DQEHAqCAMIACAQExDzANBglghkgBZQMEAgEFADCABgkqhkiG9w0BBwE=";
const ENVELOPED_DATA: &str = "MIAGCSqGSIb3DQEHA6CAMIACAQAxggGSMIIBjgIBADB2MGIxCzAJBgNVBAYTAkRFMQ==";
const COMPRESSED_DATA: &str = "MIAGCyqGSIb3DQEJEAEJoIAwgAIBADANBgsqhkiG9w0BCRADCDCABgkqhkiG9w0BBwE=";
const AUTH_ENVELOPED_DATA: &str = "MIAGCyqGSIb3DQEJEAEXoIAwgAIBADGCAZIwggGOAgEAMHYwYjELMAkGA1UEBhMCREU=";
const ARMOUR: &str = "-----BEGIN PGP MESSAGE-----\n\nhQEMA0x5\n=abcd\n-----END PGP MESSAGE-----";
const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----\n\niQEzBAEB\n-----END PGP SIGNATURE-----";

fn read(mail: &str) -> Message {
    mail::read(mail.as_bytes(), &Limits::default()).message
}

fn forms(message: &Message) -> Vec<(SealScheme, SealForm, &str)> {
    message.sealed.iter().map(|s| (s.scheme, s.form, s.part.as_str())).collect()
}

fn multipart(kind: &str, parts: &[String]) -> String {
    let inner: String = parts.iter().map(|part| format!("--b\n{part}\n")).collect();
    format!("Content-Type: multipart/{kind}; boundary=b\n\n{inner}--b--\n")
}

fn part(content_type: &str, content: &str) -> String {
    format!("Content-Type: {content_type}\n\n{content}")
}

fn encoded(content_type: &str, content: &str) -> String {
    format!("Content-Type: {content_type}\nContent-Transfer-Encoding: base64\n\n{content}\n")
}

#[test]
fn smime_kinds_by_content() {
    for (content, form) in [
        (SIGNED_DATA, SealForm::OpaqueSigned),
        (ENVELOPED_DATA, SealForm::Encrypted),
        (COMPRESSED_DATA, SealForm::Compressed),
        (AUTH_ENVELOPED_DATA, SealForm::AuthEncrypted),
    ] {
        for content_type in ["application/pkcs7-mime", "application/x-pkcs7-mime; name=smime.p7m"] {
            let message = read(&encoded(content_type, content));
            assert_eq!(forms(&message), [(SealScheme::Smime, form, "1")]);
            assert_eq!(message.parts[0].class, PartClass::Sealed);
            assert!(!message.faults.iter().any(|f| f.contains("S/MIME")), "{:?}", message.faults);
        }
    }
    let certificates = read(&encoded("application/pkcs7-mime; smime-type=certs-only; name=smime.p7c", SIGNED_DATA));
    assert_eq!(forms(&certificates), [(SealScheme::Smime, SealForm::Certificates, "1")]);
}

#[test]
fn smime_that_gateways_changed() {
    let fault = |mail: &str, wanted: &str| {
        let message = read(mail);
        assert_eq!(forms(&message)[0].1, SealForm::Encrypted, "{mail}");
        assert!(message.faults.iter().any(|f| f.contains(wanted)), "{:?}", message.faults);
    };
    fault(&encoded("application/octet-stream; name=smime.p7m", ENVELOPED_DATA), "lost its type");
    fault(&encoded("application/octet-stream", ENVELOPED_DATA), "lost its type");
    fault(&encoded("application/pkcs7-signature; name=smime.p7s", ENVELOPED_DATA), "lost its type");
    fault(&encoded("application/x-unknown; name=mail.p7z", ENVELOPED_DATA), "lost its type");
    fault(&part("application/pkcs7-mime; name=smime.p7m", ENVELOPED_DATA), "lost its transfer encoding");
    fault(&part("text/plain", ENVELOPED_DATA), "lost its transfer encoding");
    fault(&encoded("application/pkcs7-mime; smime-type=signed-data", ENVELOPED_DATA), "another kind");
}

#[test]
fn smime_without_content_is_told() {
    let named = read(&encoded("application/pkcs7-mime; smime-type=enveloped-data", "aGVsbG8="));
    assert_eq!(forms(&named), [(SealScheme::Smime, SealForm::Encrypted, "1")]);
    let bare = read(&encoded("application/pkcs7-mime", "aGVsbG8="));
    assert_eq!(forms(&bare), [(SealScheme::Smime, SealForm::Unreadable, "1")]);
    assert!(bare.faults.contains(&"an S/MIME part holds no CMS object".to_owned()));
}

#[test]
fn files_that_are_no_seals() {
    for mail in [
        encoded("application/octet-stream; name=a.bin", "aGVsbG8gd29ybGQ="),
        part("text/plain", "MIA is a word, MIAGCSqGSIb3 is none"),
        multipart("mixed", &[part("text/plain", "x"), part("application/pgp-signature; name=a.zip.sig", SIGNATURE)]),
        multipart("mixed", &[part("text/plain", "x"), part("application/octet-stream; name=a.pdf.pgp", ARMOUR)]),
        part("text/plain", &format!("He wrote:\n> {}", ARMOUR.replace('\n', "\n> "))),
    ] {
        let message = read(&mail);
        assert_eq!(forms(&message), [], "{mail}");
        assert!(!message.parts.iter().any(|p| matches!(p.class, PartClass::Signature | PartClass::Sealed)), "{mail}");
    }
}

#[test]
fn pgp_mime_as_it_should_be_and_as_it_comes() {
    let control = part("application/pgp-encrypted", "Version: 1");
    let payload = part("application/octet-stream; name=encrypted.asc", ARMOUR);
    let whole =
        read(&multipart("encrypted; protocol=\"application/pgp-encrypted\"", &[control.clone(), payload.clone()]));
    assert_eq!(forms(&whole), [(SealScheme::OpenPgp, SealForm::Encrypted, "1")]);
    assert!(whole.parts[1..].iter().all(|p| p.class == PartClass::Sealed));

    let mangled = read(&multipart("mixed", &[part("text/plain", ""), control, payload.clone()]));
    assert_eq!(forms(&mangled), [(SealScheme::OpenPgp, SealForm::Encrypted, "1")]);
    assert!(mangled.faults.iter().any(|f| f.contains("encrypted mail was changed")));

    let untyped = read(&multipart("mixed", &[part("application/octet-stream", "Version: 1"), payload]));
    assert_eq!(forms(&untyped), [(SealScheme::OpenPgp, SealForm::Encrypted, "1.2")]);
    assert_eq!(untyped.parts[2].class, PartClass::Sealed);
}

#[test]
fn clear_signatures_and_what_lists_make_of_them() {
    let parts = [part("text/plain", "Hello."), part("application/pgp-signature; name=signature.asc", SIGNATURE)];
    let signed = read(&multipart("signed; protocol=\"application/pgp-signature\"", &parts));
    assert_eq!(forms(&signed), [(SealScheme::OpenPgp, SealForm::ClearSigned, "1")]);
    assert_eq!((signed.text.as_str(), signed.parts[2].class), ("Hello.", PartClass::Signature));

    let listed = read(&multipart("mixed", &[parts[0].clone(), parts[1].clone(), part("text/plain", "A list.")]));
    assert_eq!(forms(&listed), [(SealScheme::OpenPgp, SealForm::ClearSigned, "1")]);
    // Beside other parts it may be a file that its sender wants to be read.
    assert_eq!(listed.parts[2].class, PartClass::File);
    assert!(listed.parts[2].why.as_deref().is_some_and(|why| why.contains("goes along")));
    assert!(listed.faults.iter().any(|f| f.contains("signed mail was changed")));

    let smime = [part("text/plain", "Hello."), encoded("application/pkcs7-signature; name=smime.p7s", SIGNED_DATA)];
    let signed = read(&multipart("signed; protocol=\"application/pkcs7-signature\"", &smime));
    assert_eq!(forms(&signed), [(SealScheme::Smime, SealForm::ClearSigned, "1")]);
    assert_eq!(signed.parts[2].class, PartClass::Signature);
}

/// Whoever calls a file a signature does not hide it.
#[test]
fn a_signature_that_is_none_is_a_file() {
    let parts = [part("text/plain", "Hello."), part("application/pgp-signature; name=signature.asc", "MZ program")];
    let message = read(&multipart("signed; protocol=\"application/pgp-signature\"", &parts));
    assert_eq!(message.parts[2].class, PartClass::File);
    let spoken = format!("{SIGNATURE}\nCall me back on Monday.\n");
    let parts = [part("text/plain", "Hello."), part("text/plain; name=notes.txt", &spoken)];
    let message = read(&multipart("signed; protocol=\"application/pgp-signature\"", &parts));
    assert_eq!(message.parts[2].class, PartClass::File);
}

#[test]
fn inline_blocks() {
    let text = |body: &str| read(&part("text/plain", body));
    assert_eq!(forms(&text(&format!("Hello,\n{ARMOUR}\n"))), [(SealScheme::OpenPgp, SealForm::InlineMessage, "1")]);
    let key = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQENBF\n-----END PGP PUBLIC KEY BLOCK-----";
    assert_eq!(forms(&text(key)), [(SealScheme::OpenPgp, SealForm::PublicKey, "1")]);
    let signed = format!("-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nHello.\n- -- \nAnn\n{SIGNATURE}\n");
    let message = text(&signed);
    assert_eq!(forms(&message), [(SealScheme::OpenPgp, SealForm::InlineSigned, "1")]);
    assert_eq!(message.text, "Hello.\n-- \nAnn");
    let broken = text(&signed.replace("-----END PGP SIGNATURE-----", ""));
    assert!(broken.text.starts_with("-----BEGIN") && broken.faults.iter().any(|f| f.contains("malformed")));
}

#[test]
fn autocrypt_counts_only_for_the_author() {
    let mail = |from: &str, field: &str| read(&format!("From: {from}\n{field}Content-Type: text/plain\n\nx")).autocrypt;
    let field = "Autocrypt: addr=ann@x.org; prefer-encrypt=mutual; keydata=mQENBF\n";
    assert!(mail("Ann <Ann@x.org>", field).unwrap().prefer_encrypt);
    assert_eq!(mail("eve@x.org", field), None);
    assert_eq!(mail("ann@x.org", &field.repeat(2)), None);
    assert_eq!(mail("ann@x.org", "Autocrypt: addr=ann@x.org\n"), None);
    assert_eq!(mail("ann@x.org", ""), None);
}
