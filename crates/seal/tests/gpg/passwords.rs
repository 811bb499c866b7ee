//! Messages under passwords, and keys of content by themselves: the samples of RFC 9580 (appendix A.9 to A.12), and GnuPG.

use crate::home::{Chance, Home, NOW, POLICY};
use seal::Trouble;
use seal::pgp::{
    By, Certificate, ContentKey, Decrypted, Key, Means, NewKey, Openers, SealedAs, Whom, armor, decrypt, encrypt_for,
    generate, open, read, unsigned_message,
};

/// Each with its suite, and the key of its content as the standard tells it.
const SAMPLES: [(&[u8], &str, &str); 3] = [
    (include_bytes!("vectors/rfc9580-a9.asc"), "AES-128-EAX", "7:3881BAFE985412459B86C36F98CB9A5E"),
    (include_bytes!("vectors/rfc9580-a10.asc"), "AES-128-OCB", "7:28E79AB82397D3C63DE24AC217D7B791"),
    (include_bytes!("vectors/rfc9580-a11.asc"), "AES-128-GCM", "7:1936FC8568980274BB900D8319360C77"),
];
/// Those want 2 GiB of memory each.
const LARGE: [(&[u8], &str, &str); 3] = [
    (include_bytes!("vectors/rfc9580-a12-aes128.asc"), "AES-128 with MDC", "7:01FE16BBACFD1E7B78EF3B865187374F"),
    (
        include_bytes!("vectors/rfc9580-a12-aes192.asc"),
        "AES-192 with MDC",
        "8:27006DAE68E509022CE45A14E569E91001C2955AF8DFE194",
    ),
    (
        include_bytes!("vectors/rfc9580-a12-aes256.asc"),
        "AES-256 with MDC",
        "9:BBEDA55B9AAE63DAC45D4F49D89DACF4AF37FEFC13BAB2F1F8E18FB74580D8B0",
    ),
];

fn by_passwords(message: &[u8], passwords: &[&[u8]]) -> Result<Decrypted, Trouble> {
    decrypt(message, &Openers { keys: &[], passwords, content_keys: &[] }, &mut Chance)
}

fn by_content_key(message: &[u8], key: &str) -> Result<Decrypted, Trouble> {
    let content_keys = [ContentKey::from_text(key).expect("its form")];
    decrypt(message, &Openers { keys: &[], passwords: &[], content_keys: &content_keys }, &mut Chance)
}

#[track_caller]
fn opens((message, suite, key): (&[u8], &str, &str), passwords: &[&[u8]], by: usize) {
    let opened = by_passwords(message, passwords).expect("it opens");
    assert_eq!((opened.content.data.as_slice(), opened.by), (&b"Hello, world!"[..], By::Password(by)));
    assert_eq!((opened.suite.to_string().as_str(), opened.key.to_text().as_str()), (suite, key));
    let again = by_content_key(message, key).expect("it opens");
    assert_eq!((again.content.data.as_slice(), again.by), (&b"Hello, world!"[..], By::ContentKey(0)));
}

#[test]
fn the_samples_under_a_password_open_with_it_and_with_their_key_alone() {
    for sample in SAMPLES {
        opens(sample, &[b"wrong", b"password"], 1);
        assert_eq!(by_passwords(sample.0, &[b"wrong"]).err(), Some(Trouble::CannotOpen));
        assert_eq!(by_passwords(sample.0, &[]).err(), Some(Trouble::NotForUs));
        // The same bytes as the key of another cipher.
        let other = sample.2.replace("7:", "11:");
        assert_eq!(by_content_key(sample.0, &other).err(), Some(Trouble::CannotOpen));
    }
}

#[test]
fn the_samples_with_argon2_open() {
    for sample in LARGE {
        opens(sample, &[b"password"], 0);
    }
    let locked = include_bytes!("vectors/rfc9580-a5.asc");
    let plain = Key::read_all(include_bytes!("vectors/rfc9580-a4.asc"), b"").expect("a key").remove(0);
    let key = Key::read_all(locked, b"correct horse battery staple").expect("it opens").remove(0);
    assert_eq!(key.certificate(), plain.certificate());
    let sealed = include_bytes!("vectors/rfc9580-a8.asc");
    assert_eq!(read(sealed, &[&key], &mut Chance).expect("it opens").content.data, b"Hello, world!");
}

#[test]
fn what_costs_too_much_is_refused_before_it_costs_anything() {
    let sample = armor::unarmored(LARGE[0].0).expect("armor");
    // Behind version, cipher and kind: 16 bytes of salt, then passes, lanes and the power of two of the memory.
    let behind_salt = 2 + 3 + 16;
    assert_eq!(&sample[behind_salt..behind_salt + 3], [1, 4, 21]);
    let changed = |at: usize, value: u8| {
        let mut bytes = sample.clone();
        bytes[behind_salt + at] = value;
        by_passwords(&bytes, &[b"password"]).err()
    };
    assert!(matches!(changed(2, 22), Some(Trouble::Unsupported(_))), "4 GiB at once");
    assert!(matches!(changed(2, 255), Some(Trouble::Unsupported(_))), "more than anybody has");
    assert!(matches!(changed(0, 5), Some(Trouble::Unsupported(_))), "five passes over 2 GiB");
    // Without memory for its lanes, or passes at all, it is none.
    assert_eq!(changed(2, 0), Some(Trouble::CannotOpen));
    assert_eq!(changed(0, 0), Some(Trouble::CannotOpen));
    // Many cheap ones together are tried to an end, too.
    let (skesk, content) = sample.split_at(2 + usize::from(sample[1]));
    let mut small = skesk.to_vec();
    small[behind_salt + 2] = 10;
    let many = [small.repeat(1_000), content.to_vec()].concat();
    assert_eq!(by_passwords(&many, &[b"password"]).err(), Some(Trouble::CannotOpen));
}

#[test]
fn no_change_of_a_sample_changes_what_comes_out_of_it_or_stops_the_program() {
    for (message, _, key) in SAMPLES {
        let whole = armor::unarmored(message).expect("armor");
        let (behind, skesk) = (2 + usize::from(whole[1]), &whole[..2 + usize::from(whole[1])]);
        for at in behind..whole.len() {
            assert!(by_content_key(&whole[..at], key).is_err(), "cut at {at}");
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            assert!(by_content_key(&bytes, key).is_err(), "changed at {at}");
        }
        // Hashed a thousand times and not a million, so it costs nothing and opens nothing.
        let mut cheap = whole.clone();
        assert_eq!((cheap[8], std::mem::replace(&mut cheap[17], 0)), (8, 0xff), "SHA-256, 65,011,712 bytes");
        for at in 0..skesk.len() {
            assert!(by_passwords(&cheap[..at], &[b"password"]).is_err(), "cut at {at}");
            let mut bytes = cheap.clone();
            bytes[at] ^= 1;
            assert!(by_passwords(&bytes, &[b"password"]).is_err(), "changed at {at}");
        }
    }
}

/// Mail has nothing to do with passwords, whatever a stranger writes.
#[test]
fn mail_under_a_password_is_for_nobody() {
    let key = Key::read_all(include_bytes!("vectors/rfc9580-a4.asc"), b"").expect("a key").remove(0);
    for (message, _, _) in SAMPLES.into_iter().chain(LARGE) {
        assert_eq!(read(message, &[&key], &mut Chance).err(), Some(Trouble::NotForUs));
        let mail = [b"From: ann@example.com\r\nContent-Type: text/plain\r\n\r\n", message].concat();
        let means = Means { keys: &[&key], known: &[], policy: &POLICY, now: NOW };
        assert_eq!(open(&mail, &means, &mut Chance).err(), Some(Trouble::NotForUs));
    }
}

fn sealed(recipients: &[&Certificate], passwords: &[&[u8]], sealed_as: SealedAs) -> (Vec<u8>, String) {
    let packets = unsigned_message(b"text").expect("content");
    let whom = Whom { recipients, passwords, sealed_as };
    let (message, key) = encrypt_for(&packets, &whom, &POLICY, NOW, &mut Chance).expect("it is encrypted");
    (message, key.to_text().to_string())
}

fn made(kind: NewKey) -> Key<'static> {
    let armor = generate(kind, "Ann <ann@example.com>", NOW - 9, None, None, &mut Chance).expect("a key");
    Key::read_all(armor.as_bytes(), b"").expect("it is read").remove(0)
}

#[test]
fn each_password_and_each_key_opens_what_is_made_for_it() {
    let home = Home::new();
    home.key("old", "ed25519", "cv25519", &[]);
    let (old, new) = (home.private("old"), made(NewKey::Version6));
    let (old_only, new_only, both) = ([old.certificate()], [new.certificate()], [old.certificate(), new.certificate()]);
    for (recipients, sealed_as, suite) in [
        (&[][..], SealedAs::AllRead, "AES-256 with MDC"),
        (&[], SealedAs::Rfc9580, "AES-256-OCB"),
        (&new_only, SealedAs::AllRead, "AES-256-OCB"),
        (&new_only, SealedAs::Rfc4880, "AES-256 with MDC"),
        // The certificate has the last word: its owner's program reads nothing else.
        (&old_only, SealedAs::Rfc9580, "AES-256 with MDC"),
        (&both, SealedAs::AllRead, "AES-256 with MDC"),
    ] {
        let (message, key) = sealed(recipients, &[b"one", b"two"], sealed_as);
        for (at, password) in [&b"one"[..], b"two"].into_iter().enumerate() {
            let opened = by_passwords(&message, &[password]).expect("it opens");
            assert_eq!((opened.content.data.as_slice(), opened.by), (&b"text"[..], By::Password(0)), "{at}");
            assert_eq!((opened.suite.to_string().as_str(), opened.key.to_text().as_str()), (suite, key.as_str()));
        }
        assert_eq!(by_content_key(&message, &key).expect("it opens").content.data, b"text");
        for recipient in recipients {
            let own = if *recipient == old.certificate() { &old } else { &new };
            assert_eq!(read(&message, &[own], &mut Chance).expect("it opens").content.data, b"text");
            let openers = Openers { keys: &[own], passwords: &[b"two"], content_keys: &[] };
            assert_eq!(decrypt(&message, &openers, &mut Chance).expect("it opens").by, By::Key(0));
        }
        let mut changed = message;
        *changed.last_mut().expect("bytes") ^= 1;
        assert_eq!(by_passwords(&changed, &[b"one"]).err(), Some(Trouble::CannotOpen));
        assert_eq!(by_content_key(&changed, &key).err(), Some(Trouble::CannotOpen));
    }
    let packets = unsigned_message(b"text").expect("content");
    for (recipients, passwords) in [(&[][..], &[][..]), (&[], &[&b""[..]]), (&new_only, &[b""])] {
        let whom = Whom { recipients, passwords, sealed_as: SealedAs::AllRead };
        assert!(encrypt_for(&packets, &whom, &POLICY, NOW, &mut Chance).is_err());
    }
}

#[test]
fn gnupg_reads_what_is_made_and_what_it_makes_is_read() {
    let home = Home::new();
    home.key("ann", "ed25519", "cv25519", &[]);
    let ann = home.private("ann");
    let (message, key) = sealed(&[ann.certificate()], &[b"first one", b"second one"], SealedAs::AllRead);
    home.write("sealed", &message);
    let said = home.run(&["-o", "out", "--show-session-key", "--decrypt", "sealed"]);
    assert!(said.contains(&format!("SESSION_KEY {key}")), "{said}");
    let (message, _) = sealed(&[], &[b"first one", b"second one"], SealedAs::AllRead);
    home.write("sealed", &message);
    // GnuPG 2.2 tries no other than the first.
    home.run(&["-o", "out", "--passphrase", "first one", "--decrypt", "sealed"]);
    assert_eq!(home.read("out"), b"text");
    assert!(!home.try_run(&["-o", "out", "--passphrase", "third", "--decrypt", "sealed"]).status.success());

    home.write("text", b"text");
    for more in [
        &[][..],
        &["--s2k-digest-algo", "SHA512", "--s2k-count", "65011712", "--cipher-algo", "AES192"],
        &["--s2k-mode", "1", "--cipher-algo", "CAMELLIA256"],
        &["--s2k-mode", "0", "--cipher-algo", "TWOFISH", "--s2k-cipher-algo", "AES128"],
        // For a person too, so the key of content is under the password and is not that of the password.
        &["-r", "ann@example.com", "--encrypt"],
    ] {
        home.run(&[more, &["-o", "theirs", "--passphrase", "first one", "--symmetric", "text"]].concat());
        let theirs = home.read("theirs");
        let opened = by_passwords(&theirs, &[b"wrong", b"first one"]).expect("it opens");
        assert_eq!((opened.content.data.as_slice(), opened.by), (&b"text"[..], By::Password(1)), "{more:?}");
        assert_eq!(by_passwords(&theirs, &[b"wrong"]).err(), Some(Trouble::CannotOpen), "{more:?}");
        let key = opened.key.to_text();
        assert_eq!(by_content_key(&theirs, &key).expect("it opens").content.data, b"text");
        home.run(&["-o", "out", "--override-session-key", &key, "--decrypt", "theirs"]);
        assert_eq!(home.read("out"), b"text");
    }
}
