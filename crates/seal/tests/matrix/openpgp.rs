//! OpenPGP beside GnuPG, Sequoia, Bouncy Castle and OpenPGP.js, in both directions and byte for byte.

mod castle;
mod gpg;
mod js;
mod passwords;
mod sq;

use crate::folder::Folder;
use crate::known::{self, Failure, Mark, Way};
use crate::people::{Chance, entity};
use crate::spoken::Spoken;
use crate::tool::{Failing, Made};
use seal::pgp::{
    Certificate, Key, NewKey, Policy, Suite, encrypt, generate, read, sign, signed_message, verify, verify_detached,
};
use std::ops::Deref;
use std::process::{Command, Output, Stdio};

const PAGE: &str = "docs/sealing-matrix-openpgp.md";

/// Keys that GnuPG makes: what signs, and what is encrypted to.
const BY_GPG: [(&str, &str, &str); 5] = [
    ("rsa2048", "rsa2048", "rsa2048"),
    ("rsa3072", "rsa3072", "rsa3072"),
    ("curve", "ed25519", "cv25519"),
    ("nist256", "nistp256", "nistp256"),
    ("nist384", "nistp384", "nistp384"),
];
/// Keys that we make.
const BY_US: [(&str, NewKey); 4] = [
    ("own-rsa2048", NewKey::Rsa2048),
    ("own-curve", NewKey::Curve25519),
    ("own-v6", NewKey::Version6),
    ("own-pq", NewKey::PostQuantum),
];

/// Where the tools work; each key's files are `NAME.key.asc` and `NAME.cert.asc`.
pub struct Ring {
    folder: Folder,
    keys: Vec<(&'static str, Key<'static>)>,
    /// OpenPGP.js, which also makes some of the keys; not everybody has Node.js.
    js: Option<Spoken>,
}

fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    since.as_secs()
}

impl Deref for Ring {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.folder
    }
}

impl Ring {
    fn start() -> Ring {
        let folder = Folder::new();
        let js = js::node(&folder.path(""));
        let mut ring = Ring { folder, keys: Vec::new(), js };
        ring.write("content", &entity());
        gpg::home(&ring);
        for (name, signs, encrypts) in BY_GPG {
            let private = gpg::made_key(&ring, name, signs, encrypts);
            ring.take_in(name, &private);
        }
        for (name, kind) in BY_US {
            let id = format!("{name} <{name}@example.com>");
            let private = generate(kind, &id, now() - 10, None, None, &mut Chance).expect("a key");
            ring.take_in(name, private.as_bytes());
        }
        for (name, private) in js::made_keys(&ring) {
            ring.take_in(name, &private);
        }
        ring
    }

    fn take_in(&mut self, name: &'static str, private: &[u8]) {
        let key = Key::read_all(private, b"").expect("a private key").remove(0);
        self.write(&format!("{name}.key.asc"), private);
        let armor = key.certificate().to_armor().expect("a certificate");
        self.write(&format!("{name}.cert.asc"), armor.as_bytes());
        self.keys.push((name, key));
    }

    fn has(&self, name: &str) -> bool {
        self.keys.iter().any(|(known, _)| *known == name)
    }

    fn key(&self, name: &str) -> &Key<'static> {
        &self.keys.iter().find(|(known, _)| *known == name).expect("a key that is there").1
    }

    /// Whatever comes of a command in the folder.
    pub fn tried(&self, program: &str, args: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.path("")).env("GNUPGHOME", self.path("home")).env("LC_ALL", "C");
        command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{program} is not there: {error}"))
    }
}

/// Somebody else's OpenPGP.
pub trait Tool {
    fn name(&self) -> &'static str;
    fn version(&self) -> String;
    /// A signature of this key over the file `content`, which stands beside it.
    fn sign(&self, who: &str) -> Made;
    /// The content, once it has said that the signature over it is good.
    fn verify(&self, who: &str, signature: &[u8]) -> Made;
    /// The file `content`, signed by the first and encrypted for all of them.
    fn seal(&self, whom: &[&str]) -> Made;
    /// The content of what `signer` signed, opened with the key of `who`.
    fn open(&self, who: &str, signer: &str, message: &[u8]) -> Made;
}

enum What {
    Signature(&'static str),
    Message { whom: &'static [&'static str], opener: &'static str },
}

/// Those whose keys are there.
fn rows(ring: &Ring) -> Vec<(String, What)> {
    const ALL: [(&str, &[&str]); 13] = [
        ("RSA-2048", &["rsa2048"]),
        ("RSA-3072", &["rsa3072"]),
        ("Ed25519 and X25519, version 4", &["curve"]),
        ("P-256", &["nist256"]),
        ("P-384", &["nist384"]),
        ("RSA-2048, a key of ours", &["own-rsa2048"]),
        ("Ed25519 and X25519, version 4, a key of ours", &["own-curve"]),
        ("Ed25519 and X25519, version 6, a key of ours", &["own-v6"]),
        ("ML-DSA-65 and ML-KEM-768, version 6, a key of ours", &["own-pq"]),
        ("RSA-2048, a key of OpenPGP.js", &["js-rsa2048"]),
        ("Ed25519 and X25519, version 4, a key of OpenPGP.js", &["js-curve"]),
        ("P-256, a key of OpenPGP.js", &["js-nist256"]),
        ("Ed25519 and X25519, version 6, a key of OpenPGP.js", &["js-v6"]),
    ];
    const OF_ONE_AEAD: [(&str, &[&str]); 2] = [
        ("version 6 with GCM alone, a key of OpenPGP.js", &["js-v6-gcm"]),
        ("version 6 with EAX alone, a key of OpenPGP.js", &["js-v6-eax"]),
    ];
    let mut rows: Vec<(String, What)> =
        ALL.iter().map(|(name, who)| (format!("sign, detached, {name}"), What::Signature(who[0]))).collect();
    rows.extend(
        ALL.iter()
            .chain(&OF_ONE_AEAD)
            .map(|(name, whom)| (format!("sign and encrypt, {name}"), What::Message { whom, opener: whom[0] })),
    );
    for (name, opener) in [("RSA-2048", "rsa2048"), ("X25519", "own-curve"), ("P-256", "nist256")] {
        let whom = &["rsa2048", "own-curve", "nist256"];
        rows.push((format!("sign and encrypt for three kinds, opened by {name}"), What::Message { whom, opener }));
    }
    rows.retain(|(_, what)| match what {
        What::Signature(who) => ring.has(who),
        What::Message { whom, .. } => whom.iter().all(|who| ring.has(who)),
    });
    rows
}

/// The AEAD of what is encrypted for this key, where it says that its owner reads any.
fn aead(who: &str) -> &'static str {
    match who {
        "js-v6-gcm" => "GCM",
        "js-v6-eax" => "EAX",
        _ => "OCB",
    }
}

/// Whether this suite is the one that its row is about.
fn is_meant(opener: &str, suite: Suite) -> bool {
    !opener.contains("-v6") || suite.to_string().ends_with(aead(opener))
}

const POLICY: Policy = Policy { sha1_bindings_before: None, rsa_bits_min: 2_048, cipher_bits_min: 0 };

impl What {
    fn there(&self, tool: &dyn Tool, ring: &Ring) -> Made {
        match self {
            What::Signature(who) => {
                let (signature, _) = sign(&entity(), ring.key(who), &POLICY, now(), &mut Chance).expect("it is signed");
                tool.verify(who, &signature)
            }
            What::Message { whom, opener } => {
                let all: Vec<&Certificate> = whom.iter().map(|who| ring.key(who).certificate()).collect();
                let inner = signed_message(&entity(), ring.key(whom[0]), &all, &POLICY, now(), &mut Chance);
                let sealed = encrypt(&inner.expect("it is signed"), &all, &POLICY, now(), &mut Chance);
                let sealed = sealed.expect("it is encrypted");
                let ours = read(&sealed, &[ring.key(opener)], &mut Chance).expect("we open it ourselves");
                let suite = ours.encryption.expect("it is encrypted").suite;
                assert!(is_meant(opener, suite), "{opener} is written to in {suite}");
                tool.open(opener, whom[0], &sealed)
            }
        }
    }

    fn back(&self, tool: &dyn Tool) -> Made {
        match self {
            What::Signature(who) => tool.sign(who),
            What::Message { whom, .. } => tool.seal(whom),
        }
    }

    /// What is not right about what we make of a tool's.
    fn opened(&self, theirs: &[u8], ring: &Ring) -> Result<(), String> {
        let known = |who: &str| [ring.key(who).certificate().clone()];
        let later = now() + 2;
        let flaws: Vec<_> = match self {
            What::Signature(who) => verify_detached(theirs, &entity(), &known(who), &POLICY, later)
                .map_err(|trouble| format!("{trouble:?}"))?
                .into_iter()
                .map(|one| one.flaw)
                .collect(),
            What::Message { whom, opener } => {
                let keys = [ring.key(opener)];
                let message = read(theirs, &keys, &mut Chance).map_err(|trouble| format!("{trouble:?}"))?;
                let suite = message.encryption.map(|one| one.suite).ok_or("it is not encrypted")?;
                if message.content.data != entity() || !is_meant(opener, suite) {
                    return Err(format!("other content, or not as the row says: {suite}"));
                }
                let (signer, own) = (known(whom[0]), [keys[0].certificate()]);
                let verdict = |one| verify(one, &entity(), &signer, &own, &POLICY, later).flaw;
                message.content.signatures.iter().map(verdict).collect()
            }
        };
        if flaws == [None] { Ok(()) } else { Err(format!("{flaws:?}")) }
    }
}

/// One tool's marks, and what is not as it should be.
fn column(tool: &dyn Tool, rows: &[(String, What)], ring: &Ring) -> (String, Vec<[&'static str; 2]>, Vec<String>) {
    let (mut marks, mut wrong, mut seen) = (Vec::new(), Vec::new(), std::collections::BTreeSet::new());
    for (name, what) in rows {
        let mut mark = |way, made: Made, is_right: &dyn Fn(&[u8]) -> Result<(), String>| match made {
            Ok(bytes) => {
                wrong.extend(is_right(&bytes).err().map(|why| format!("{}: {name} {way:?}: {why}", tool.name())));
                "✓"
            }
            Err(Failing::NoSuchThing) => "–",
            Err(Failing::Said(words)) => {
                let met = known::of(tool.name(), name, way);
                match met.into_iter().find(|(_, failure)| words.contains(failure.words)) {
                    Some((place, failure)) => {
                        seen.insert(place);
                        if failure.mark == Mark::DoesNotKnow { "–" } else { "✗" }
                    }
                    None => {
                        wrong.push(format!("{}: {name} {way:?}: it says {words}", tool.name()));
                        "?"
                    }
                }
            }
        };
        let same =
            |bytes: &[u8]| if bytes == entity() { Ok(()) } else { Err("it makes other bytes of ours".to_owned()) };
        let there = mark(Way::OpensOurs, what.there(tool, ring), &same);
        let back = mark(Way::Der, what.back(tool), &|theirs| what.opened(theirs, ring));
        marks.push([there, back]);
    }
    wrong.extend(known::unseen(tool.name(), &seen));
    let version: Vec<String> = tool.version().split('.').take(2).map(str::to_owned).collect();
    (format!("{} {}", tool.name(), version.join(".")), marks, wrong)
}

#[test]
fn every_tool_opens_what_we_seal_in_openpgp_and_we_open_what_it_seals() {
    let ring = Ring::start();
    let rows = rows(&ring);
    let (gpg, sq, castle) = (gpg::Gpg(&ring), sq::Sq(&ring), castle::Castle::start(&ring));
    let js = ring.js.as_ref().map(|node| js::Js { ring: &ring, node });
    let mut tools: Vec<&dyn Tool> = vec![&gpg, &sq, &castle];
    tools.extend(js.iter().map(|js| js as &dyn Tool));
    let columns: Vec<_> = tools.into_iter().map(|tool| column(tool, &rows, &ring)).collect();
    gpg::end(&ring);
    let heads: Vec<&str> = columns.iter().map(|(head, ..)| head.as_str()).collect();
    let mut page = format!("{HEAD}| | {} |\n|---|{}\n", heads.join(" | "), "---|".repeat(heads.len()));
    for (at, (name, _)) in rows.iter().enumerate() {
        let cells: Vec<String> = columns.iter().map(|(_, marks, _)| marks[at].join(" ")).collect();
        page.push_str(&format!("| {name} | {} |\n", cells.join(" | ")));
    }
    page.push_str("\n## What the tools say\n\n");
    known::FAILURES.iter().filter(|one| is_of_openpgp(one)).for_each(|one| page.push_str(&one.to_string()));
    let wrong: Vec<String> = columns.into_iter().flat_map(|(.., wrong)| wrong).collect();
    // A page without the column of a tool that is not here is none to be kept.
    if js.is_some() {
        crate::table::kept(PAGE, &page, &wrong);
    } else {
        crate::table::printed(PAGE, &page, &wrong);
    }
}

/// Whether a known failure is one of these tools.
pub fn is_of_openpgp(failure: &Failure) -> bool {
    [gpg::NAME, sq::NAME, castle::NAME, js::NAME].contains(&failure.tool)
}

const HEAD: &str = "# Who opens what: OpenPGP\n\n\
    Written by the test `crates/seal/tests/matrix`, which `./test` runs: what we seal is given to tools that others wrote, and what \
    they seal to us. The content must come back byte for byte, and the signature must be good. Each cell has two marks: the tool \
    opens ours; we open its own. Keys are GnuPG's where nothing else is said.\n\n\
    ✓ it opens; – the tool has no way to do that; ✗ the tool fails at it. What a tool says when it does not do it stands below \
    the table, and the test fails when that changes.\n\n";
