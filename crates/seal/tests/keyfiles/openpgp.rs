//! Rings and keyboxes of GnuPG.

use super::workshop::{Workshop, certificates, opened};
use seal::keyfile::{Item, PgpCertificate};

/// GnuPG with the keys of Ann and Bob; the fingerprint of each.
fn with_people(shop: &Workshop) -> [String; 2] {
    shop.gnupg();
    ["Ann Smith <ann@example.com>", "bob@example.com"].map(|user| {
        let batch = ["--batch", "--pinentry-mode", "loopback", "--passphrase", ""];
        shop.told("gpg", &[&batch[..], &["--quick-generate-key", user, "ed25519", "sign", "never"]].concat());
        let listed = shop.told("gpg", &["--with-colons", "--list-keys", user]);
        let listed = String::from_utf8(listed).unwrap();
        let line = listed.lines().find(|line| line.starts_with("fpr")).unwrap();
        let fingerprint = line.split(':').nth(9).unwrap().to_ascii_lowercase();
        let curve = [&batch[..], &["--quick-add-key", &fingerprint, "cv25519", "encr", "never"]].concat();
        shop.told("gpg", &curve);
        fingerprint
    })
}

fn public(items: &[Item]) -> Vec<&PgpCertificate> {
    items.iter().filter_map(|item| if let Item::PgpPublic(one) = item { Some(one) } else { None }).collect()
}

#[test]
fn rings_are_split_into_certificates_armored_or_binary() {
    let shop = Workshop::open();
    let fingerprints = with_people(&shop);
    let binary = shop.told("gpg", &["--export"]);
    let armored = shop.told("gpg", &["--export", "--armor"]);
    for file in [&binary, &armored] {
        let found = opened(file);
        let both = public(&found.items);
        assert_eq!(both.iter().map(|one| one.fingerprint.as_str()).collect::<Vec<_>>(), fingerprints);
        assert_eq!(both[0].addresses, ["ann@example.com"]);
        assert_eq!(both[1].addresses, ["bob@example.com"]);
        assert_eq!([both[0].bytes.as_slice(), both[1].bytes.as_slice()].concat(), binary, "byte for byte");
    }
}

#[test]
fn secret_rings_are_told_from_public_ones() {
    let shop = Workshop::open();
    let fingerprints = with_people(&shop);
    let batch = ["--batch", "--pinentry-mode", "loopback", "--passphrase", ""];
    for armor in [&[][..], &["--armor"]] {
        let secret = shop.told("gpg", &[&batch, armor, &["--export-secret-keys"]].concat());
        let found = opened(&secret);
        let of_items: Vec<_> = found
            .items
            .iter()
            .map(|item| match item {
                Item::PgpSecret(one) => one.fingerprint.as_str(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(of_items, fingerprints);
    }
}

#[test]
fn a_keybox_holds_certificates_of_both_kinds() {
    let shop = Workshop::with_ann();
    let fingerprints = with_people(&shop);
    shop.told("gpgsm", &["--batch", "--disable-dirmngr", "--import", "ann.pem"]);
    let found = opened(&shop.bytes("gnupg/pubring.kbx"));
    let pgp = public(&found.items);
    assert_eq!(pgp.iter().map(|one| one.fingerprint.as_str()).collect::<Vec<_>>(), fingerprints);
    assert_eq!(certificates(&found)[0].addresses(), ["ann@example.com"]);
}
