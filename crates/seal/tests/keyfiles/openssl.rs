//! PEM, DER and PKCS#7 as OpenSSL writes them.

use super::workshop::{PASSWORD, Workshop, assert_key_of, certificates, opened, passwords};
use seal::Trouble;
use seal::keyfile::{Issuers, Item, Problem, names_in_words, read};

#[test]
fn pem_holds_certificates_and_keys_in_any_order_and_among_other_text() {
    let shop = Workshop::with_ann();
    let mixed = [
        "Zertifikate für Ann\n\tBag Attributes: none\n".as_bytes(),
        &shop.bytes("ann.key"),
        &shop.bytes("ca.pem"),
        b"\r\nand hers:\r\n",
        &shop.bytes("ann.pem"),
    ]
    .concat();
    let found = opened(&mixed);
    assert_key_of(&found, "ann@example.com");
    assert_eq!(certificates(&found).len(), 2);
    // What Windows makes of it.
    let text = String::from_utf8(mixed).unwrap().replace('\n', "\r\n");
    assert_key_of(&opened(&[b"\xef\xbb\xbf", text.as_bytes()].concat()), "ann@example.com");
}

#[test]
fn private_keys_are_read_in_each_form_that_pem_has_for_them() {
    let shop = Workshop::with_ann();
    shop.run("openssl", "ec -in ann.key -out sec1.key");
    shop.run("openssl", "ecparam -name prime256v1 -out parameters");
    for (name, cipher) in [("aes256.key", "aes256"), ("aes128.key", "aes128"), ("des3.key", "des3")] {
        let words = format!("pkcs8 -topk8 -in ann.key -v2 {cipher} -out {name} -passout");
        let words: Vec<&str> = words.split(' ').chain(["pass:correct horse"]).collect();
        shop.told("openssl", &words);
    }
    shop.told(
        "openssl",
        &[
            "pkcs8",
            "-topk8",
            "-in",
            "ann.key",
            "-v1",
            "PBE-SHA1-3DES",
            "-out",
            "old.key",
            "-passout",
            "pass:correct horse",
        ],
    );
    for name in ["ann.key", "sec1.key", "aes256.key", "aes128.key", "des3.key", "old.key"] {
        let file = [shop.bytes("parameters"), shop.bytes(name), shop.bytes("ann.pem")].concat();
        assert_key_of(&opened(&file), "ann@example.com");
    }
    let file = shop.bytes("aes256.key");
    let why = |given: &[&str]| read(&file, &passwords(given)).faults.first().map(|fault| (fault.number, fault.why));
    assert_eq!(why(&[]), Some((1, Problem::NoPassword)));
    assert_eq!(why(&["wrong", "worse"]), Some((1, Problem::WrongPassword)));
    assert_eq!(why(&["wrong", PASSWORD]), None);
}

#[test]
fn rsa_ed25519_and_x25519_find_their_certificates() {
    let shop = Workshop::with_ann();
    shop.run("openssl", "genrsa -traditional -out rsa.key 2048");
    shop.run(
        "openssl",
        "req -x509 -new -key rsa.key -days 3 -subj /CN=R -addext subjectAltName=email:r@example.com -out rsa.pem",
    );
    assert!(shop.bytes("rsa.key").starts_with(b"-----BEGIN RSA PRIVATE KEY"));
    assert_key_of(&opened(&[shop.bytes("rsa.key"), shop.bytes("rsa.pem")].concat()), "r@example.com");

    shop.run("openssl", "genpkey -algorithm ED25519 -out ed.key");
    shop.run(
        "openssl",
        "req -x509 -new -key ed.key -days 3 -subj /CN=E -addext subjectAltName=email:e@example.com -out ed.pem",
    );
    assert_key_of(&opened(&[shop.bytes("ed.key"), shop.bytes("ed.pem")].concat()), "e@example.com");

    shop.run("openssl", "genpkey -algorithm X25519 -out x.key");
    shop.run("openssl", "pkey -in x.key -pubout -out x.pub");
    shop.write("extensions", b"subjectAltName=email:x@example.com\n");
    shop.run("openssl", "x509 -req -in ann.csr -force_pubkey x.pub -CA ca.pem -CAkey ca.key -CAcreateserial -days 3 -extfile extensions -out x.pem");
    assert_key_of(&opened(&[shop.bytes("x.pem"), shop.bytes("x.key")].concat()), "x@example.com");
}

#[test]
fn der_and_bundles_are_told_by_their_content() {
    let shop = Workshop::with_ann();
    shop.run("openssl", "x509 -in ann.pem -outform DER -out ann.der");
    shop.run("openssl", "pkcs8 -topk8 -nocrypt -in ann.key -outform DER -out key.der");
    shop.run("openssl", "crl2pkcs7 -nocrl -certfile ann.pem -certfile ca.pem -outform DER -out both.p7b");
    shop.run("openssl", "crl2pkcs7 -nocrl -certfile ann.pem -certfile ca.pem -out both.p7c");
    let der = shop.bytes("ann.der");
    assert_eq!(certificates(&opened(&der))[0].der(), der);
    assert!(matches!(opened(&shop.bytes("key.der")).items[..], [Item::PrivateKey(_)]));
    let bundle = shop.bytes("both.p7b");
    // The same in BER: lengths that are not said.
    let ber = [&[0x30, 0x80], &bundle[4..], &[0, 0]].concat();
    for file in [bundle, shop.bytes("both.p7c"), ber] {
        let found = opened(&file);
        assert_eq!(certificates(&found).len(), 2);
        assert!(certificates(&found).iter().any(|one| one.der() == der), "byte for byte");
    }
}

#[test]
fn lists_of_revoked_certificates_are_kept_and_requests_passed_over() {
    let shop = Workshop::with_ann();
    shop.write("index", b"");
    shop.write("ca.conf", b"[ca]\ndefault_ca=one\n[one]\ndatabase=index\ndefault_md=sha256\ndefault_crl_days=3\n");
    shop.run("openssl", "ca -gencrl -config ca.conf -keyfile ca.key -cert ca.pem -out list.pem");
    shop.run("openssl", "crl -in list.pem -outform DER -out list.der");
    shop.run("openssl", "crl2pkcs7 -in list.pem -certfile ann.pem -outform DER -out both.p7b");
    let list = shop.bytes("list.der");
    for file in ["list.der", "list.pem", "both.p7b"] {
        let found = opened(&shop.bytes(file));
        assert!(found.items.iter().any(|item| matches!(item, Item::RevocationList(der) if *der == list)), "{file}");
    }
    assert!(opened(&shop.bytes("ann.csr")).items.is_empty());
}

#[test]
fn one_bad_thing_is_told_by_its_number_and_the_rest_is_read() {
    let shop = Workshop::with_ann();
    let broken = b"-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n";
    shop.run("openssl", "ecparam -name brainpoolP256r1 -genkey -noout -out pool.key");
    shop.run("openssl", "req -x509 -new -key pool.key -days 3 -subj /CN=P -out pool.pem");
    let file = [shop.bytes("ca.pem"), broken.to_vec(), shop.bytes("pool.pem"), shop.bytes("ann.pem")].concat();
    let found = read(&file, &[]);
    assert_eq!(certificates(&found).len(), 2);
    let faults: Vec<_> = found.faults.iter().map(|fault| (fault.number, fault.why)).collect();
    assert!(matches!(faults[0], (2, Problem::Trouble(Trouble::Malformed(_)))), "{faults:?}");
    assert_eq!(faults[1], (3, Problem::Trouble(Trouble::Unsupported("this curve"))));
    assert_eq!(found.faults[1].to_string(), "item 3: it is not supported: this curve");

    let old = b"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nMAAA\n-----END RSA PRIVATE KEY-----\n";
    assert!(read(old, &[]).faults[0].to_string().contains("openssl pkcs8 -topk8"));
}

#[test]
fn chains_are_found_by_names_and_end_whatever_names_say() {
    let shop = Workshop::with_ann();
    let request = |name: &str| {
        let words = format!("req -new -key {name}.key -subj /CN={name} -out {name}.csr");
        shop.run("openssl", &words);
    };
    let issue = |name: &str, by: &str, out: &str| {
        let by = format!("-CA {by}.pem -CAkey {by}.key -CAcreateserial -days 3");
        shop.run("openssl", &format!("x509 -req -in {name}.csr {by} -out {out}.pem"));
    };
    shop.self_signed("between", "between", "P-256");
    request("between");
    issue("between", "ca", "between");
    request("ann");
    issue("ann", "between", "ann");
    // Two that say that they issued each other.
    shop.self_signed("left", "left", "P-256");
    shop.self_signed("right", "right", "P-256");
    request("left");
    request("right");
    issue("left", "right", "left-of-right");
    issue("right", "left", "right-of-left");
    let files =
        ["ann.pem", "ca.pem", "between.pem", "left-of-right.pem", "right-of-left.pem"].map(|name| shop.bytes(name));
    let found = opened(&files.concat());
    let all = certificates(&found);
    let issuers = Issuers::of(all.iter().copied());
    assert_eq!(issuers.chain(all[0]), [2], "without the anchor");
    assert!(issuers.chain(all[1]).is_empty());
    assert_eq!(issuers.chain(all[3]), [4], "a circle is gone through once");
    assert_eq!(names_in_words(all[0]), ("CN=between".to_owned(), "CN=ann".to_owned()));
}
