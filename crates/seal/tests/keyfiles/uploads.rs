//! What people hand in: a file with a private key is refused, in whatever form it stands there.

use super::java::BOUNCY;
use super::workshop::{PASSWORD, Workshop, certificates};
use seal::keyfile::{Item, Refused, public_only};

#[track_caller]
fn refused(what: &str, bytes: &[u8]) {
    match public_only(bytes) {
        Err(Refused::HoldsPrivate) => {}
        other => panic!("{what}: {other:?}"),
    }
}

#[test]
fn private_keys_are_refused_in_each_format() {
    let shop = Workshop::with_ann();
    let certificate = shop.bytes("ann.pem");
    shop.run("openssl", "ec -in ann.key -out sec1.key");
    shop.run("openssl", "ec -in ann.key -outform DER -out sec1.der");
    shop.run("openssl", "pkcs8 -topk8 -nocrypt -in ann.key -outform DER -out key.der");
    shop.told(
        "openssl",
        &["pkcs8", "-topk8", "-in", "ann.key", "-out", "sealed.key", "-passout", "pass:correct horse"],
    );
    shop.told(
        "openssl",
        &["pkcs8", "-topk8", "-in", "ann.key", "-outform", "DER", "-out", "sealed.der", "-passout", "pass:x"],
    );
    for name in ["ann.key", "sec1.key", "sealed.key"] {
        refused(name, &[certificate.clone(), shop.bytes(name)].concat());
        refused(name, &[shop.bytes(name), certificate.clone()].concat());
    }
    for name in ["sec1.der", "key.der", "sealed.der"] {
        refused(name, &shop.bytes(name));
    }
    let broken = b"-----BEGIN PRIVATE KEY-----\nno base64 !\n-----END PRIVATE KEY-----\n";
    refused("one that cannot be read", &[certificate.as_slice(), broken].concat());
    refused("one without an end", &[certificate.as_slice(), b"-----BEGIN RSA PRIVATE KEY-----\nMII"].concat());
    let unfinished = b"-----BEGIN CERTIFICATE-----\nMII\n".to_vec();
    refused("one behind a block without an end", &[certificate.clone(), unfinished, shop.bytes("ann.key")].concat());
    // A label that lies hides nothing.
    let lie = String::from_utf8(shop.bytes("ann.key")).unwrap().replace("PRIVATE KEY", "CERTIFICATE");
    refused("one that is called a certificate", &[certificate, lie.into_bytes()].concat());
}

#[test]
fn stores_with_private_keys_are_refused_and_those_without_are_taken() {
    let shop = Workshop::with_ann();
    let export = |more: &[&str]| {
        let words = ["pkcs12", "-export", "-in", "ann.pem", "-out", "p12", "-passout", "pass:correct horse"];
        shop.told("openssl", &[&words[..], more].concat());
        shop.bytes("p12")
    };
    for more in [&[][..], &["-legacy"], &["-certpbe", "NONE"], &["-certpbe", "NONE", "-keypbe", "NONE", "-nomac"]] {
        refused("a PKCS#12", &export(&[&["-inkey", "ann.key"], more].concat()));
    }
    refused("one that cannot be looked into", &export(&["-nokeys"]));
    let taken = public_only(&export(&["-nokeys", "-certpbe", "NONE"])).unwrap();
    assert_eq!(certificates(&taken).len(), 1);

    for more in [&["-storetype", "JKS"][..], &BOUNCY] {
        let common = [&["-storepass", PASSWORD], more].concat();
        let import = ["-importcert", "-noprompt", "-alias", "o", "-file", "ann.pem", "-keystore"];
        let (public, private) = (format!("{}.public", more[1]), format!("{}.private", more[1]));
        for store in [&public, &private] {
            shop.told("keytool", &[&import[..], &[store], &common].concat());
        }
        let pair = ["-genkeypair", "-alias", "k", "-keyalg", "EC", "-groupname", "secp256r1", "-dname", "CN=K"];
        shop.told("keytool", &[&pair[..], &["-keypass", PASSWORD, "-keystore", &private], &common].concat());
        assert_eq!(certificates(&public_only(&shop.bytes(&public)).unwrap()).len(), 1);
        refused(more[1], &shop.bytes(&private));
    }
}

#[test]
fn secret_rings_are_refused_also_among_public_ones() {
    let shop = Workshop::open();
    shop.gnupg();
    let batch = ["--batch", "--pinentry-mode", "loopback", "--passphrase", ""];
    shop.told("gpg", &[&batch[..], &["--quick-generate-key", "ann@example.com", "ed25519", "sign", "never"]].concat());
    for armor in [&[][..], &["--armor"]] {
        let public = shop.told("gpg", &[armor, &["--export"]].concat());
        let secret = shop.told("gpg", &[&batch, armor, &["--export-secret-keys"]].concat());
        assert!(matches!(public_only(&public).unwrap().items[..], [Item::PgpPublic(_)]));
        refused("a secret ring", &secret);
        let half = secret[..secret.len() / 2].to_vec();
        refused("a secret ring behind a public one", &[public.clone(), secret].concat());
        refused("half of one behind a public one", &[public, half].concat());
    }
}

#[test]
fn a_file_without_a_certificate_is_said_to_be_one() {
    let told = |bytes: &[u8]| public_only(bytes).unwrap_err().to_string();
    assert!(told(b"Dear all,\nmy key is attached.\n").starts_with("it holds no certificate that can be used"));
    assert!(told(b"").contains("no file of keys"));
}
