//! Keys that the store keeps for people seal what is written to them, beside those of the folder and never in place of a doubt.

use crate::{Test, run, settings, start};
use engine::cell::Cells;
use engine::keys::Openers;
use engine::outside::{KeySources, Outside};
use engine::register::{PeopleKeys, joined};
use engine::sealing::letters::{LetterSealer, LettersByRules};
use engine::sealing::{Planned, SealingSettings};
use mail::{Address, Headers};
use policy::sealing::{self, Fate, MailFacts, Origin, RecipientPlan, Seal};
use policy::{FaultCode, FaultKind};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
    SanType,
};
use seal::smime::{Capabilities, Certificate, ContentCipher};
use seal::verdict::fingerprint;
use std::fs;
use store::{BesideOthers, KeyHand, KeyStanding, KeyWord, OfferedKey, Store};
use tempfile::TempDir;

pub const TESTS: &[Test] = &[
    ("a_kept_certificate_seals_with_the_chain_it_came_with", a_kept_certificate_seals_with_the_chain_it_came_with),
    ("what_a_program_can_do_is_honoured", what_a_program_can_do_is_honoured),
    (
        "a_key_that_is_taken_away_after_the_decision_seals_nothing",
        a_key_that_is_taken_away_after_the_decision_seals_nothing,
    ),
    (
        "a_store_that_does_not_answer_is_not_nobody_without_a_key",
        a_store_that_does_not_answer_is_not_nobody_without_a_key,
    ),
    ("a_kept_key_that_cannot_be_read_is_not_no_key", a_kept_key_that_cannot_be_read_is_not_no_key),
    ("what_is_in_quarantine_is_nobodys_key", what_is_in_quarantine_is_nobodys_key),
    ("a_joined_certificate_keeps_what_is_known_of_it", a_joined_certificate_keeps_what_is_known_of_it),
];

const SITE: &str = "north";
const ANN: &str = "ann@people.example";
const LETTER: &[u8] = b"From: <desk@desk.example>\r\nTo: <ann@people.example>\r\nSubject: News\r\nMessage-ID: <1@desk.example>\r\n\r\nPlanted words.\r\n";
const RULES: &str = "version = 1\n[default]\nencrypt = \"when_possible\"\nsign = \"never\"\n";

/// A folder that has an authority and nobody's key, and a store.
struct Stage {
    folder: TempDir,
    store: Store,
    cells: Cells,
    root: CertifiedIssuer<'static, KeyPair>,
}

impl Stage {
    async fn set() -> Stage {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let root = authority("House CA", None);
        fs::create_dir_all(path("keys/trusted")).unwrap();
        fs::write(path("keys/trusted/root.der"), root.der()).unwrap();
        fs::write(path("sealing.toml"), RULES).unwrap();
        store::create_master_key(&path("master.key")).unwrap();
        let store = store::Settings {
            database: format!("sqlite:{}", path("main/sealpost.db").display()),
            blobs: path("blobs"),
            key_book: format!("sqlite:{}", path("keys.db").display()),
            master_key: path("master.key"),
            keep_content_days: 30,
            free_bytes_min: 0,
        };
        Stage { store: Store::open(&store).await.unwrap(), cells: start(settings()).await, folder, root }
    }

    fn sealer(&self) -> LettersByRules {
        let settings = SealingSettings {
            rules: self.folder.path().join("sealing.toml"),
            keys: self.folder.path().join("keys"),
            passwords: Vec::new(),
            openers: Openers::default(),
            trusts_system: false,
            hostname: String::new(),
            people: Some(PeopleKeys::new(self.store.clone())),
        };
        let outside = Outside { keys: KeySources::nobody(self.cells.clone()), news: None };
        LettersByRules::new(settings, self.cells.clone(), outside)
    }

    async fn keep(&self, key: OfferedKey) {
        self.store.keep_person_key(&key, BesideOthers::Quarantined, KeyHand::Program).await.unwrap();
    }
}

fn authority(name: &str, above: Option<&CertifiedIssuer<'static, KeyPair>>) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = KeyPair::generate().unwrap();
    match above {
        Some(above) => CertifiedIssuer::signed_by(params, key, above).unwrap(),
        None => CertifiedIssuer::self_signed(params, key).unwrap(),
    }
}

/// A certificate of Ann by an authority, as it is kept.
fn certificate(by: &CertifiedIssuer<'static, KeyPair>, chain: Vec<Vec<u8>>) -> OfferedKey {
    let mut params = CertificateParams::default();
    params.subject_alt_names = vec![SanType::Rfc822Name(ANN.try_into().unwrap())];
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyAgreement];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection];
    let der = params.signed_by(&KeyPair::generate().unwrap(), by).unwrap().der().to_vec();
    OfferedKey {
        site: SITE.into(),
        address: ANN.into(),
        scheme: sealing::Scheme::Smime,
        origin: Origin::Harvested,
        fingerprint: fingerprint(&Certificate::from_der(&der).unwrap()),
        bytes: der,
        chain,
        capabilities: None,
        message: None,
        ends_at: None,
    }
}

fn facts() -> MailFacts {
    MailFacts {
        now_s: jiff::Timestamp::now().as_second(),
        site: SITE.into(),
        headers: Headers {
            from: vec![Address { name: None, address: "desk@desk.example".into() }],
            ..Headers::default()
        },
        recipients: vec![ANN.into()],
        ..MailFacts::default()
    }
}

fn sealed(plan: &RecipientPlan) -> &Seal {
    match &plan.fate {
        Fate::Seal(seal) => seal,
        other => panic!("{other:?}"),
    }
}

fn a_kept_certificate_seals_with_the_chain_it_came_with() {
    run(async {
        let stage = Stage::set().await;
        let between = authority("Between CA", Some(&stage.root));
        let key = certificate(&between, vec![between.der().to_vec()]);
        let sealer = stage.sealer();
        let Planned { plan, .. } = sealer.plan(&facts()).await.unwrap();
        assert!(plan.fate.is_readable(), "nobody has a key yet: {:?}", plan.fate);
        stage.keep(OfferedKey { chain: Vec::new(), ..key.clone() }).await;
        let Planned { plan, .. } = sealer.plan(&facts()).await.unwrap();
        assert!(plan.fate.is_readable(), "nothing leads to the authority: {:?}", plan.fate);
        stage.keep(key.clone()).await;
        let Planned { plan, beyond: found } = sealer.plan(&facts()).await.unwrap();
        assert_eq!(sealed(&plan).encrypt_to, [key.fingerprint.as_str()]);
        let mail = sealer.seal(LETTER, SITE, sealed(&plan), &found).await.unwrap().unwrap();
        let mail = String::from_utf8_lossy(&mail).into_owned();
        assert!(mail.contains("application/pkcs7-mime") && !mail.contains("Planted"), "{mail}");
        let elsewhere = MailFacts { site: "south".into(), ..facts() };
        assert!(sealer.plan(&elsewhere).await.unwrap().plan.fate.is_readable(), "another site has no such key");
    });
}

fn what_a_program_can_do_is_honoured() {
    run(async {
        let stage = Stage::set().await;
        let key = certificate(&stage.root, Vec::new());
        for (capabilities, form) in [
            (None, "smime-type=enveloped-data"),
            (Some(vec![ContentCipher::Aes256Gcm]), "smime-type=authEnveloped-data"),
        ] {
            let capabilities = capabilities.map(|ciphers| Capabilities { ciphers, ..Capabilities::default() }.der());
            stage.keep(OfferedKey { capabilities, ..key.clone() }).await;
            let sealer = stage.sealer();
            let Planned { plan, beyond: found } = sealer.plan(&facts()).await.unwrap();
            let mail = sealer.seal(LETTER, SITE, sealed(&plan), &found).await.unwrap().unwrap();
            let mail = String::from_utf8_lossy(&mail).replace('"', "");
            assert!(mail.contains(form), "{form}: {mail}");
        }
    });
}

fn a_key_that_is_taken_away_after_the_decision_seals_nothing() {
    run(async {
        let stage = Stage::set().await;
        stage.keep(certificate(&stage.root, Vec::new())).await;
        let sealer = stage.sealer();
        let Planned { plan, beyond: found } = sealer.plan(&facts()).await.unwrap();
        let kept = stage.store.keys_of_person(SITE, ANN).await.unwrap();
        assert!(stage.store.change_person_key(SITE, &kept[0].id, KeyWord::Remove, KeyHand::Person("x")).await.unwrap());
        let fault = sealer.seal(LETTER, SITE, sealed(&plan), &found).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Temporary, "it waits");
    });
}

fn a_store_that_does_not_answer_is_not_nobody_without_a_key() {
    run(async {
        let stage = Stage::set().await;
        let sealer = stage.sealer();
        assert!(sealer.plan(&facts()).await.unwrap().plan.fate.is_readable());
        stage.store.close().await;
        let Planned { plan, .. } = sealer.plan(&facts()).await.unwrap();
        assert!(matches!(plan.fate, Fate::Hold { .. }), "{:?}", plan.fate);
        assert!(sealer.coverage(SITE, "", &[ANN.to_owned()]).await.is_err());
    });
}

fn a_kept_key_that_cannot_be_read_is_not_no_key() {
    run(async {
        for scheme in [sealing::Scheme::Smime, sealing::Scheme::Pgp] {
            let stage = Stage::set().await;
            let key = certificate(&stage.root, Vec::new());
            stage.keep(OfferedKey { scheme, bytes: b"none".to_vec(), ..key }).await;
            let fault = PeopleKeys::new(stage.store.clone()).of(SITE, ANN).await.unwrap_err();
            assert_eq!(fault.code, FaultCode::StoreCorrupt);
            let Planned { plan, .. } = stage.sealer().plan(&facts()).await.unwrap();
            assert!(matches!(plan.fate, Fate::Hold { .. }), "{:?}", plan.fate);
        }
    });
}

fn what_is_in_quarantine_is_nobodys_key() {
    run(async {
        let stage = Stage::set().await;
        let (first, second) = (certificate(&stage.root, Vec::new()), certificate(&stage.root, Vec::new()));
        stage.keep(first.clone()).await;
        stage.keep(second.clone()).await;
        let kept = stage.store.keys_of_person(SITE, ANN).await.unwrap();
        assert!(kept.iter().any(|one| one.standing == KeyStanding::Quarantined), "{kept:?}");
        let Planned { plan, .. } = stage.sealer().plan(&facts()).await.unwrap();
        assert_eq!(sealed(&plan).encrypt_to, [first.fingerprint.as_str()]);
        let people = [ANN.to_owned(), "bob@people.example".to_owned()];
        let coverage = stage.sealer().coverage(SITE, "HR", &people).await.unwrap();
        assert_eq!((coverage.reachable, coverage.without_key), (vec![0], vec![1]));
    });
}

fn a_joined_certificate_keeps_what_is_known_of_it() {
    run(async {
        let stage = Stage::set().await;
        let known = OfferedKey {
            chain: vec![stage.root.der().to_vec()],
            message: Some("first".into()),
            ..certificate(&stage.root, Vec::new())
        };
        let capable = OfferedKey {
            chain: Vec::new(),
            capabilities: Some(vec![1]),
            message: Some("second".into()),
            ..known.clone()
        };
        let both = joined(&known, &capable, false, 0);
        assert_eq!(both, OfferedKey { capabilities: Some(vec![1]), ..known.clone() });
        assert_eq!(joined(&both, &known, true, 0), both, "nothing is lost by an older mail");
        let weaker = OfferedKey { capabilities: Some(vec![2]), ..capable.clone() };
        assert_eq!(joined(&both, &weaker, false, 0), both, "a mail that somebody sends again takes nothing back");
        assert_eq!(joined(&both, &weaker, true, 0).capabilities, weaker.capabilities);
    });
}
