//! Mails made as EFAIL makes them (Poddebniak and others, 2018): nothing that an attacker changed or put beside is taken for proved.

use crate::people::{Chance, Folder, Person, entity, orders};
use data_encoding::BASE64_MIME;
use seal::Trouble;
use seal::smime::{ContentCipher, Flaw, Layer, encrypt, seal};

const BLOCK: usize = 16;

fn cms(content: &[u8], person: &Person, cipher: ContentCipher) -> Vec<u8> {
    encrypt(content, &[person.recipient()], cipher, &mut Chance).expect("it is encrypted")
}

fn mail(cms: &[u8]) -> Vec<u8> {
    format!(
        "From: a@example.com\r\nMIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; name=smime.p7m\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}",
        BASE64_MIME.encode(cms)
    )
    .into_bytes()
}

/// The bytes with which AES in CBC begins stand right before its first block: 04 10 IV 80 LENGTH BLOCKS. The attacker, who knows how
/// the content begins, turns its first block into one of his own.
fn with_first_block(cms: &[u8], known: &[u8], wanted: &[u8; BLOCK]) -> Vec<u8> {
    let at = cms.windows(2).rposition(|pair| pair == [0x04, 0x10]).expect("an IV") + 2;
    let mut changed = cms.to_vec();
    for place in 0..BLOCK {
        changed[at + place] ^= known[place] ^ wanted[place];
    }
    changed
}

#[test]
fn a_gadget_in_cbc_is_never_taken_for_proved() {
    let folder = Folder::with(&["rsa2048"]);
    let person = folder.person("rsa2048");
    let content = entity();
    let gadget = b"<img src='//e.x/";
    let changed = with_first_block(&cms(&content, person, ContentCipher::Aes256Cbc), &content, gadget);
    let opened_gadget = person.opened(&mail(&changed)).expect("nothing in CBC says that it was changed");
    let [Layer::Encrypted { cipher, .. }] = &opened_gadget.layers[..] else { panic!("one layer") };
    assert!(!cipher.is_authenticated(), "so it says itself that nothing proves it");

    let whole = cms(&content, person, ContentCipher::Aes256Gcm);
    for at in [whole.len() - 1, whole.len() - 20, whole.len() - 400] {
        let mut changed = whole.clone();
        changed[at] ^= 0x20;
        assert_eq!(person.opened(&mail(&changed)), Err(Trouble::CannotOpen), "what is proved does not open changed");
    }
}

#[test]
fn a_gadget_before_signed_content_is_not_signed() {
    let folder = Folder::with(&["rsa2048"]);
    let person = folder.person("rsa2048");
    let plain = [&b"From: a@example.com\r\nMIME-Version: 1.0\r\n"[..], &entity()].concat();
    let signed = seal(&plain, &orders(Some(person.signer()), &[]), &mut Chance).expect("it is signed");
    let at = signed.windows(13).position(|seen| seen == b"Content-Type:").expect("an entity");
    let signed = signed[at..].to_vec();
    // "Content-Type: mu" becomes another field, so that the boundary and the signature are lost to whoever reads on.
    let changed = with_first_block(&cms(&signed, person, ContentCipher::Aes256Cbc), &signed, b"Content-Type: ht");
    let mail_opened = person.opened(&mail(&changed)).expect("it opens");
    let proofs = mail_opened.layers.iter().filter(|layer| match layer {
        Layer::Signed(signed) => signed.signatures.iter().any(|one| one.flaw.is_none()),
        Layer::Encrypted { cipher, .. } => cipher.is_authenticated(),
    });
    assert_eq!(proofs.count(), 0, "neither layer proves what the attacker wrote: {:?}", mail_opened.layers);

    // And a block changed within what is signed is seen.
    let sealed = cms(&signed, person, ContentCipher::Aes256Cbc);
    let mut changed = sealed.clone();
    let inside = sealed.len() - signed.len() + 600;
    changed[inside] ^= 1;
    let flaws: Vec<Option<Flaw>> = person
        .opened(&mail(&changed))
        .expect("it opens")
        .layers
        .iter()
        .filter_map(|layer| if let Layer::Signed(signed) = layer { Some(signed) } else { None })
        .flat_map(|signed| signed.signatures.iter().map(|one| one.flaw))
        .collect();
    assert_eq!(flaws, [Some(Flaw::ContentChanged)]);
}

/// Content in GCM is a stream that can be read as CBC by whoever changes the name of the cipher; nothing of the plain text may come out.
#[test]
fn gcm_that_is_called_cbc_gives_nothing_away() {
    let folder = Folder::with(&["rsa2048"]);
    let person = folder.person("rsa2048");
    let content = entity();
    let whole = cms(&content, person, ContentCipher::Aes256Gcm);
    // AuthEnvelopedData becomes EnvelopedData and AES-256-GCM becomes AES-256-CBC, where their names stand.
    let auth = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x17];
    assert!(whole.windows(auth.len()).any(|seen| seen == auth));
    let gcm = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2e];
    let at = whole.windows(gcm.len()).position(|seen| seen == gcm).expect("the name of GCM");
    let mut renamed = whole.clone();
    renamed[at + gcm.len() - 1] = 0x2a;
    let came = person.opened(&mail(&renamed));
    assert!(
        matches!(came, Err(Trouble::Malformed(_))),
        "a cipher that proves nothing does not go with a proof: {came:?}"
    );
}

#[test]
fn a_sealed_part_between_strange_parts_is_not_opened_for_them() {
    let folder = Folder::with(&["rsa2048"]);
    let person = folder.person("rsa2048");
    for cipher in [ContentCipher::Aes256Cbc, ContentCipher::Aes256Gcm] {
        let sealed = BASE64_MIME.encode(&cms(&entity(), person, cipher));
        let mail = format!(
            "From: eve@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
             --b\r\nContent-Type: text/html\r\n\r\n<img src=\"http://e.example/\r\n\
             --b\r\nContent-Type: application/pkcs7-mime; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n{sealed}\r\n\
             --b\r\nContent-Type: text/html\r\n\r\n\">\r\n--b--\r\n"
        );
        let opened = person.opened(mail.as_bytes()).expect("it is a mail");
        assert_eq!(opened.layers, []);
        assert_eq!(opened.mail, mail.as_bytes(), "not a byte of the sealed part stands between theirs");
    }
}

/// Every way in which it does not open looks the same: which byte it was, in the key, the nonce or the content, cannot be told.
#[test]
fn what_does_not_open_says_one_word() {
    let folder = Folder::with(&["rsa2048", "p256"]);
    for (name, cipher) in [
        ("rsa2048", ContentCipher::Aes256Cbc),
        ("rsa2048", ContentCipher::Aes256Gcm),
        ("p256", ContentCipher::Aes256Gcm),
    ] {
        let person = folder.person(name);
        let whole = cms(b"Content-Type: text/plain\r\n\r\nshort\r\n", person, cipher);
        let mut words = std::collections::BTreeSet::new();
        // The encrypted key stands before the nonce and the content.
        let key_at = if name == "rsa2048" { whole.len() - 250 } else { whole.len() - 130 };
        for at in [key_at, whole.len() - 2, whole.len() - 1] {
            for bit in 0..8 {
                let mut changed = whole.clone();
                changed[at] ^= 1 << bit;
                if let Err(trouble) = person.opened(&mail(&changed)) {
                    words.insert(trouble.to_string());
                }
            }
        }
        assert_eq!(words, [Trouble::CannotOpen.to_string()].into(), "{name} {cipher:?}");
    }
}
