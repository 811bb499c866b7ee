//! Whatever bytes come, a verdict comes of them, and never that they are trusted.

use crate::world::{ANN, AUTHORITY, World, anchors, asked, soft};
use proptest::prelude::*;
use seal::trust::{Anchors, Answer, AnswerKind, Revocation, choose, judge};
use std::sync::OnceLock;

struct Scene {
    anchors: Anchors,
    root: Vec<u8>,
    low: Vec<u8>,
    ann: Vec<u8>,
}

fn scene() -> &'static Scene {
    static SCENE: OnceLock<Scene> = OnceLock::new();
    SCENE.get_or_init(|| {
        let world = World::new();
        let constraints = "nameConstraints=critical,permitted;email:example.com\ncertificatePolicies=1.2.3.4\n";
        let root = world.authority("root", None, AUTHORITY);
        let low = world.authority("low", Some("root"), &format!("{AUTHORITY}{constraints}"));
        let more =
            "crlDistributionPoints=URI:http://pki.example/l\nauthorityInfoAccess=OCSP;URI:http://ocsp.example/\n";
        let ann = world.person("ann", "low", &format!("{ANN}{more}"));
        Scene { anchors: anchors(&[&root]), root, low, ann }
    })
}

/// One byte changed, or the end cut off.
fn damaged(bytes: &[u8], at: prop::sample::Index, change: u8, is_cut: bool) -> Vec<u8> {
    let (mut bytes, at) = (bytes.to_vec(), at.index(bytes.len()));
    if is_cut {
        bytes.truncate(at)
    } else {
        bytes[at] ^= change
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_damaged_certificate_is_never_trusted(at: prop::sample::Index, change in 1_u8.., is_cut: bool) {
        let scene = scene();
        let asked = asked("ann@example.com");
        let known = Revocation::default();
        prop_assert!(judge(&scene.ann, &[&scene.low], &scene.anchors, &asked, &soft(), &known).is_trusted());
        let ann = damaged(&scene.ann, at, change, is_cut);
        prop_assert!(!judge(&ann, &[&scene.low], &scene.anchors, &asked, &soft(), &known).is_trusted());
        let low = damaged(&scene.low, at, change, is_cut);
        prop_assert!(!judge(&scene.ann, &[&low], &scene.anchors, &asked, &soft(), &known).is_trusted());
        Anchors::default().add(&damaged(&scene.root, at, change, is_cut));
    }

    #[test]
    fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let scene = scene();
        let asked = asked("ann@example.com");
        for kind in [AnswerKind::Crl, AnswerKind::Ocsp] {
            let answers = [Answer { kind, bytes: &bytes, from: "", fetched_at: 0, nonce: None }];
            let known = Revocation { answers: &answers, nonce: Some(&bytes) };
            let verdict = judge(&scene.ann, &[&scene.low, &bytes], &scene.anchors, &asked, &soft(), &known);
            prop_assert!(verdict.is_trusted());
            prop_assert!(choose(&[&bytes], &[&bytes], &scene.anchors, &asked, &soft(), &known).taken.is_none());
        }
        prop_assert!(Anchors::default().add(&bytes).added.is_empty());
    }
}
