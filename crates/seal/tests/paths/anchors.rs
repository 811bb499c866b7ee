//! Bundles of anchors.

use crate::world::{AUTHORITY, World};
use seal::trust::{AnchorFlaw, Anchors};

#[test]
fn bundles_are_read_in_both_forms_and_what_is_wrong_in_them_is_told() {
    let world = World::new();
    let (one, two) = (world.authority("one", None, AUTHORITY), world.authority("two", None, AUTHORITY));
    let mut anchors = Anchors::default();
    let pem = [b"# One\n".to_vec(), world.read("one.pem"), b"\n# Again\n".to_vec(), world.read("one.pem")].concat();
    let reading = anchors.add(&pem);
    assert_eq!(reading.added.len(), 1);
    assert_eq!(reading.flaws, [(1, AnchorFlaw::Twice(reading.added[0].clone()))]);
    let reading = anchors.add(&[two.as_slice(), &one].concat());
    assert_eq!((reading.added.len(), reading.flaws.len(), anchors.len()), (1, 1, 2));
    let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n\
                   -----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nAAAA";
    let broken = [broken.as_slice(), b"\n", &world.read("one.key")].concat();
    let reading = anchors.add(&broken);
    assert_eq!(reading.added.len(), 0);
    let flaws: Vec<_> =
        reading.flaws.iter().map(|(at, flaw)| (*at, matches!(flaw, AnchorFlaw::Malformed(_)))).collect();
    assert_eq!(flaws, [(0, true), (1, true), (2, true), (3, false)]);
    assert_eq!(reading.flaws[3].1, AnchorFlaw::PrivateKey);
    assert_eq!(anchors.add(b"nothing of the kind").flaws.len(), 1);
    assert_eq!(anchors.add(&one[..one.len() - 1]).flaws.len(), 1);
    assert_eq!(anchors.add(b"").flaws.len(), 0);
    assert_eq!(anchors.len(), 2);
}
