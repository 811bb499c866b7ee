//! Messages under passwords beside Bouncy Castle. GnuPG stands in the tests of its own, Sequoia in the stories of the command line.

use crate::bouncy_castle;
use crate::folder::Folder;
use crate::people::{Chance, entity};
use seal::pgp::{By, Openers, Policy, SealedAs, Whom, decrypt, encrypt_for, unsigned_message};

#[test]
fn bouncy_castle_opens_what_is_under_a_password_and_what_it_makes_opens() {
    let folder = Folder::new();
    let jvm = bouncy_castle::jvm(&folder.path(""));
    folder.write("content", &entity());
    let packets = unsigned_message(&entity()).expect("content");
    let whom = Whom { recipients: &[], passwords: &[b"first one"], sealed_as: SealedAs::AllRead };
    let (sealed, _) = encrypt_for(&packets, &whom, &Policy::default(), super::now(), &mut Chance).expect("encrypted");
    folder.write("sealed", &sealed);
    jvm.ask(&["pgp-unlock", "first one", "sealed", "opened"]).expect("it opens");
    assert_eq!(folder.read("opened"), entity());
    assert!(jvm.ask(&["pgp-unlock", "second one", "sealed", "opened"]).is_err());

    // AES, Camellia and Twofish by their numbers (RFC 9580, section 9.3).
    for cipher in ["7", "8", "9", "10", "11", "13"] {
        for passwords in [&["first one"][..], &["first one", "second one"]] {
            jvm.ask(&[&["pgp-lock", cipher, "content", "theirs"], passwords].concat()).expect("it is made");
            let theirs = folder.read("theirs");
            for password in passwords {
                let passwords = [&b"wrong"[..], password.as_bytes()];
                let openers = Openers { keys: &[], passwords: &passwords, content_keys: &[] };
                let opened = decrypt(&theirs, &openers, &mut Chance).expect("it opens");
                assert_eq!((opened.content.data, opened.by), (entity(), By::Password(1)), "{cipher}");
            }
        }
    }
}
