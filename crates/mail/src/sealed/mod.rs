//! Sealed mail recognised and named: S/MIME (RFC 8551), PGP/MIME (RFC 3156), OpenPGP in the text, and what gateways make of
//! them; opening it is another room's work.

pub(crate) mod armour;
pub(crate) mod cms;

use crate::body::Body;
use crate::field::{self, Block};
use crate::message::{Address, Autocrypt, SealForm, SealScheme, Sealed};
use crate::scan::Tree;
use mail_parser::HeaderValue;
use mail_parser::parsers::MessageStream;

/// Layers that are told of one mail.
const LAYERS_MAX: usize = 20;

/// The seals of a mail, outermost first, and what was wrong with them.
#[derive(Default)]
pub(crate) struct Seals {
    pub layers: Vec<Sealed>,
    pub faults: Vec<&'static str>,
}

impl Seals {
    fn add(&mut self, tree: &Tree, index: usize, scheme: SealScheme, form: SealForm, why: impl Into<String>) {
        if self.layers.len() < LAYERS_MAX {
            let part = tree.nodes[index].path.clone();
            self.layers.push(Sealed { scheme, form, part, why: why.into() });
        }
    }
}

/// Names the seals of a mail and takes the armour of a cleartext signature off its text. Linear, total; seals of attached
/// messages are those messages'.
pub(crate) fn read(tree: &Tree, body: &mut Body) -> Seals {
    let mut seals = Seals::default();
    for index in 0..tree.nodes.len() {
        if tree.is_inside_message(index) {
            continue;
        }
        if tree.nodes[index].leaf {
            smime_part(tree, index, &mut seals);
            pgp_part(tree, index, body, &mut seals);
        } else {
            container(tree, index, &mut seals);
        }
    }
    inline(tree, body, &mut seals);
    seals
}

/// The first bytes of a part with its transfer encoding undone.
pub(crate) fn head(tree: &Tree, index: usize) -> Vec<u8> {
    const HEAD_BYTES: usize = 512;
    // Encodings need at most three times the bytes, and line breaks.
    let raw = tree.raw_body(index);
    tree.nodes[index].transfer.decode(&raw[..raw.len().min(4 * HEAD_BYTES)]).into_owned()
}

/// A parameter of a part's Content-Type.
fn parameter(tree: &Tree, index: usize, name: &str) -> Option<String> {
    let block = tree.block(index);
    let value = field::utf8(block.get("Content-Type")?);
    let HeaderValue::ContentType(parsed) = MessageStream::new(&value).parse_content_type() else { return None };
    parsed.attribute(name).map(|v| field::printable(v).to_ascii_lowercase()).filter(|v| !v.is_empty())
}

fn child(tree: &Tree, index: usize, essences: &[&str]) -> Option<usize> {
    tree.below(index).find(|&i| essences.contains(&tree.nodes[i].kind.essence.as_str()))
}

const SMIME_SIGNATURES: &[&str] = &["application/pkcs7-signature", "application/x-pkcs7-signature"];
const PGP_SIGNATURES: &[&str] = &["application/pgp-signature"];

fn container(tree: &Tree, index: usize, seals: &mut Seals) {
    let smime = child(tree, index, SMIME_SIGNATURES);
    let pgp = child(tree, index, PGP_SIGNATURES);
    let control = child(tree, index, &["application/pgp-encrypted"]);
    match tree.nodes[index].kind.essence.as_str() {
        "multipart/signed" => {
            let protocol = parameter(tree, index, "protocol").unwrap_or_default();
            let why = format!("multipart/signed with {protocol}");
            if smime.is_some() || pgp.is_none() && SMIME_SIGNATURES.contains(&protocol.as_str()) {
                seals.add(tree, index, SealScheme::Smime, SealForm::ClearSigned, why);
            } else if pgp.is_some() || PGP_SIGNATURES.contains(&protocol.as_str()) {
                seals.add(tree, index, SealScheme::OpenPgp, SealForm::ClearSigned, why);
            } else {
                seals.faults.push("a signed multipart holds no signature that is known");
            }
        }
        "multipart/encrypted" => {
            seals.add(tree, index, SealScheme::OpenPgp, SealForm::Encrypted, "multipart/encrypted");
            if control.is_none() {
                seals.faults.push("an encrypted multipart lacks its control part");
            }
        }
        kind => {
            let changed = |seal: &str| format!("{seal} in {kind}");
            if control.is_some() {
                // Exchange makes multipart/mixed of it and puts an empty text in front.
                let why = changed("application/pgp-encrypted");
                seals.add(tree, index, SealScheme::OpenPgp, SealForm::Encrypted, why);
                seals.faults.push("the container of an encrypted mail was changed on the way");
            }
            let signatures = [(smime, SealScheme::Smime), (pgp, SealScheme::OpenPgp)];
            for (at, scheme) in signatures {
                if let Some(at) = at.filter(|&at| is_signature_of_mail(tree, at)) {
                    let why = changed(&tree.nodes[at].kind.essence);
                    seals.add(tree, index, scheme, SealForm::ClearSigned, why);
                    seals.faults.push("the container of a signed mail was changed on the way");
                }
            }
        }
    }
}

/// Names under which mail programs put the signature of the mail itself; other names are those of signed files.
const SIGNATURE_NAMES: &[&str] = &[
    "smime.p7s",
    "smime.p7m",
    "signature.asc",
    "signature.pgp",
    "pgp.sig",
    "openpgp_signature",
    "openpgp_signature.asc",
];

/// Whether a part proves a mail and is no file of its sender: a signature by its content, in a multipart/signed or under a
/// name that only signatures of mails have.
pub(crate) fn is_signature_of_mail(tree: &Tree, index: usize) -> bool {
    let node = &tree.nodes[index];
    // What is the whole mail, or declared to hold a message, proves nothing beside it, whatever it is called.
    if node.parent.is_none() || node.kind.essence.ends_with("pkcs7-mime") {
        return false;
    }
    let is_signed_child =
        node.parent.is_some_and(|p| tree.nodes[p].kind.essence == "multipart/signed") && node.ordinal > 0;
    let has_such_name =
        node.name.as_deref().is_none_or(|name| SIGNATURE_NAMES.contains(&name.trim().to_ascii_lowercase().as_str()));
    let is_typed = [SMIME_SIGNATURES, PGP_SIGNATURES].concat().contains(&node.kind.essence.as_str());
    if !node.leaf || !(is_signed_child || has_such_name && (is_typed || node.name.is_some())) {
        return false;
    }
    let head = head(tree, index);
    // A signed message is opaque or clear by whether it holds the text; only one without it is a mere signature.
    let is_opaque = node.name.as_deref().is_some_and(|name| name.trim().to_ascii_lowercase().ends_with(".p7m"));
    cms::form(&head) == Some(SealForm::OpaqueSigned) && (!is_opaque || is_typed)
        || armour::begins(&head, "BEGIN PGP SIGNATURE")
}

/// Whether a part is such a signature and certainly nothing else: all of it is armour, or a CMS object without content, where
/// only a signature can stand. A `signature.asc` that stands elsewhere may be a file that its sender wants to be read.
pub(crate) fn is_nothing_but_proof(tree: &Tree, index: usize) -> bool {
    const BYTES_MAX: usize = 1024 * 1024;
    let node = &tree.nodes[index];
    if !is_signature_of_mail(tree, index) || tree.raw_body(index).len() > BYTES_MAX {
        return false;
    }
    let is_signed_child = node.parent.is_some_and(|p| tree.nodes[p].kind.essence == "multipart/signed");
    if cms::form(&head(tree, index)).is_some() {
        // Nobody but a mail program writes this type with this name.
        let is_typed = SMIME_SIGNATURES.contains(&node.kind.essence.as_str());
        return (is_signed_child || is_typed) && !cms::holds_content(&tree.body(index));
    }
    is_signed_child && armour::is_one_signature(&tree.body(index))
}

fn smime_part(tree: &Tree, index: usize, seals: &mut Seals) {
    let node = &tree.nodes[index];
    let is_declared = matches!(node.kind.essence.as_str(), "application/pkcs7-mime" | "application/x-pkcs7-mime");
    let name = node.name.as_deref().unwrap_or("").trim().to_ascii_lowercase();
    let is_root = node.parent.is_none();
    let is_named =
        [".p7m", ".p7z", ".p7c"].iter().any(|ending| name.ends_with(ending)) || is_root && name.ends_with(".p7s");
    // A gateway that knows no S/MIME leaves a file without a type, or a mail of one part.
    let is_alone = is_root && node.kind.essence == "text/plain";
    if !is_declared && !is_named && node.kind.essence != "application/octet-stream" && !is_alone {
        return;
    }
    let head = head(tree, index);
    let by_content = cms::form(&head);
    let undecoded = by_content.is_none().then(|| cms::form_of_base64(&head)).flatten();
    let smime_type = parameter(tree, index, "smime-type");
    let declared = smime_type.as_deref().and_then(cms::declared);
    let Some(form) = by_content.or(undecoded) else {
        if is_declared || is_named && declared.is_some() {
            let form = declared.unwrap_or(SealForm::Unreadable);
            seals.add(tree, index, SealScheme::Smime, form, format!("declared as {}", node.kind.essence));
            seals.faults.push("an S/MIME part holds no CMS object");
        }
        return;
    };
    // A whole mail under the name of a signature may hold what was signed, or be encrypted.
    let is_whole = is_root && (form != SealForm::OpaqueSigned || cms::holds_content(&tree.body(index)));
    if !is_whole && (SMIME_SIGNATURES.contains(&node.kind.essence.as_str()) || name.ends_with(".p7s")) {
        return;
    }
    let holds_certificates = declared == Some(SealForm::Certificates) || name.ends_with(".p7c");
    let form = if form == SealForm::OpaqueSigned && holds_certificates { SealForm::Certificates } else { form };
    if declared.is_some_and(|declared| declared != form) {
        seals.faults.push("an S/MIME part is of another kind than it declares");
    }
    if undecoded.is_some() {
        seals.faults.push("an S/MIME part lost its transfer encoding on the way");
    }
    if !is_declared {
        seals.faults.push("an S/MIME part lost its type on the way");
    }
    let why = match smime_type {
        Some(smime_type) => format!("CMS in {}; smime-type={smime_type}", node.kind.essence),
        None => format!("CMS in {}", node.kind.essence),
    };
    seals.add(tree, index, SealScheme::Smime, form, why);
}

fn pgp_part(tree: &Tree, index: usize, body: &Body, seals: &mut Seals) {
    let node = &tree.nodes[index];
    if node.kind.essence == "application/pgp-keys" {
        seals.add(tree, index, SealScheme::OpenPgp, SealForm::PublicKey, "application/pgp-keys");
        return;
    }
    let is_in_sealed = node.parent.and_then(|p| child(tree, p, &["application/pgp-encrypted"])).is_some();
    if body.nodes.contains(&index) || is_in_sealed {
        return;
    }
    let name = node.name.as_deref().unwrap_or("").trim().to_ascii_lowercase();
    let is_old = node.kind.essence == "application/pgp" || node.kind.essence == "text/x-pgp";
    let is_named =
        matches!(name.as_str(), "encrypted.asc" | "encrypted.pgp" | "openpgp encrypted message.asc" | "msg.asc");
    if (is_old || is_named) && armour::begins(&head(tree, index), "BEGIN PGP MESSAGE") {
        let why = format!("an OpenPGP message in {}", node.kind.essence);
        seals.add(tree, index, SealScheme::OpenPgp, SealForm::Encrypted, why);
        if !is_old {
            seals.faults.push("the container of an encrypted mail was changed on the way");
        }
    }
}

/// OpenPGP in the text of the body.
fn inline(tree: &Tree, body: &mut Body, seals: &mut Seals) {
    let Some(&index) = body.nodes.first() else { return };
    let text = body.shown();
    let blocks = armour::blocks(&text);
    let mut add = |form, why| seals.add(tree, index, SealScheme::OpenPgp, form, why);
    if blocks.message {
        add(SealForm::InlineMessage, "BEGIN PGP MESSAGE in the text");
    }
    if blocks.public_key {
        add(SealForm::PublicKey, "BEGIN PGP PUBLIC KEY BLOCK in the text");
    }
    if blocks.signed {
        add(SealForm::InlineSigned, "BEGIN PGP SIGNED MESSAGE in the text");
        match armour::unwrap(&text) {
            Some(unwrapped) => {
                body.text = Some(unwrapped.text);
                if unwrapped.has_more {
                    seals.faults.push("a part of the text stands outside what is signed");
                }
            }
            None => seals.faults.push("a signed text is malformed: it is shown as it stands"),
        }
    }
}

/// What a sender offers for encrypting to him (Autocrypt, level 1, section 2.1): counts when one such field names the only
/// author.
pub(crate) fn autocrypt(block: &Block, from: &[Address]) -> Option<Autocrypt> {
    let mut fields = block.all("Autocrypt");
    let (value, None) = (field::plain(fields.next()?), fields.next()) else { return None };
    let attribute = |name: &str| {
        let mut pairs = value.split(';').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
    };
    let address = attribute("addr")?.to_lowercase();
    let [author] = from else { return None };
    let has_key = attribute("keydata").is_some_and(|key| !key.is_empty());
    (author.normalised() == address && has_key).then(|| Autocrypt {
        address,
        prefer_encrypt: attribute("prefer-encrypt").is_some_and(|v| v.eq_ignore_ascii_case("mutual")),
    })
}
