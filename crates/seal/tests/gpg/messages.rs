//! Messages and signatures without a mail around them.

use crate::home::{Chance, Home, NOW, POLICY};
use seal::Trouble;
use seal::pgp::{
    Certificate, Flaw, Key, NewKey, clearsigned, encrypt, generate, read, read_clearsigned, sign, signed_message,
    verify, verify_detached,
};

const TEXT: &[u8] = b"Content-Type: text/plain\r\n\r\nThe printer prints again.\r\n";

/// What each kind of key of GnuPG is called, and how it is made.
const KINDS: [(&str, &str, &str); 4] = [
    ("rsa", "rsa2048", "rsa2048"),
    ("curve", "ed25519", "cv25519"),
    ("nist256", "nistp256", "nistp256"),
    ("nist521", "nistp521", "nistp384"),
];

#[test]
fn what_gpg_seals_opens_here() {
    let home = Home::new();
    home.write("text", TEXT);
    for (name, signs, encrypts) in KINDS {
        home.key(name, signs, encrypts, &[]);
        let (key, address) = (home.private(name), format!("{name}@example.com"));
        let known = [home.certificate(name)];
        for packing in
            [&["--compress-algo", "none"][..], &["--compress-algo", "zlib"], &["--compress-algo", "zip", "-a"]]
        {
            let mut arguments = packing.to_vec();
            arguments.extend(["-o", "sealed", "-u", &address, "-r", &address, "--sign", "--encrypt", "text"]);
            home.run(&arguments);
            let message = read(&home.read("sealed"), &[&key], &mut Chance).expect("it opens");
            assert_eq!(message.content.data, TEXT, "{name}");
            let encryption = message.encryption.expect("it was encrypted");
            assert_eq!((encryption.suite.to_string().as_str(), encryption.with), ("AES-256 with MDC", 0));
            let [signature] = &message.content.signatures[..] else { panic!("one signature") };
            let verdict = verify(signature, TEXT, &known, &[key.certificate()], &POLICY, NOW);
            assert_eq!((verdict.flaw, verdict.at), (None, Some(NOW)), "{name}");
            assert_eq!(verdict.issuer, Some(home.fingerprint(name)));
        }
        home.run(&["-o", "beside", "-u", &address, "--armor", "--detach-sign", "text"]);
        let verdict = verify_detached(&home.read("beside"), TEXT, &known, &POLICY, NOW).expect("its form");
        assert_eq!(verdict[0].flaw, None, "{name}");
        let changed = verify_detached(&home.read("beside"), b"other", &known, &POLICY, NOW).expect("its form");
        assert_eq!(changed[0].flaw, Some(Flaw::Wrong));
        let unknown = verify_detached(&home.read("beside"), TEXT, &[], &POLICY, NOW).expect("its form");
        assert_eq!((unknown[0].flaw, &unknown[0].by), (Some(Flaw::CertificateMissing), &None));
        home.run(&["-o", "clear", "-u", &address, "--clear-sign", "text"]);
        let clear = read_clearsigned(&home.read("clear")).expect("its form").expect("a text");
        let verdict = verify_detached(&clear.signatures, &clear.text, &known, &POLICY, NOW).expect("its form");
        assert_eq!(verdict[0].flaw, None, "{name}");
    }
}

fn opens_in_gpg(home: &Home, name: &str, key: &Key<'_>, recipients: &[&Certificate]) {
    let inner = signed_message(TEXT, key, recipients, &POLICY, NOW, &mut Chance).expect("it is signed");
    home.write("sealed", &encrypt(&inner, recipients, &POLICY, NOW, &mut Chance).expect("it is encrypted"));
    let said = home.run(&["-o", "out", "--decrypt", "sealed"]);
    assert_eq!(home.read("out"), TEXT, "{name}");
    assert!(said.contains("GOODSIG") && said.contains("DECRYPTION_OKAY") && said.contains("GOODMDC"), "{name}: {said}");
    let (signature, micalg) = sign(TEXT, key, &POLICY, NOW, &mut Chance).expect("it is signed");
    home.write("text", TEXT);
    home.write("beside", &signature);
    let said = home.run(&["--verify", "beside", "text"]);
    assert!(said.contains("GOODSIG") && micalg.starts_with("pgp-sha"), "{name}: {said}");
    let clear = clearsigned(b"- one  \nFrom two\n", std::slice::from_ref(key), &POLICY, NOW, &mut Chance)
        .expect("it is signed");
    home.write("clear", &clear);
    let said = home.run(&["--verify", "clear"]);
    assert!(said.contains("GOODSIG"), "{name}: {said}");
}

#[test]
fn what_is_sealed_here_opens_in_gpg() {
    let home = Home::new();
    for (name, signs, encrypts) in KINDS {
        home.key(name, signs, encrypts, &[]);
        let key = home.private(name);
        opens_in_gpg(&home, name, &key, &[&home.certificate(name)]);
    }
    for (name, kind) in [("own-curve", NewKey::Curve25519), ("own-rsa", NewKey::Rsa2048)] {
        let key = home.ours(kind, name);
        let all = [key.certificate(), &home.certificate("nist256")];
        opens_in_gpg(&home, name, &key, &all);
        // What we wrote into it, GnuPG follows.
        home.write("text", TEXT);
        let address = format!("{name}@example.com");
        home.run(&["-o", "sealed", "-u", &address, "-r", &address, "--sign", "--encrypt", "text"]);
        let message = read(&home.read("sealed"), &[&key], &mut Chance).expect("it opens");
        let verdict = verify(&message.content.signatures[0], TEXT, &[key.certificate().clone()], &[], &POLICY, NOW);
        assert_eq!((verdict.flaw, message.content.data), (None, TEXT.to_vec()));
    }
}

#[test]
fn a_recipient_that_is_not_named_is_found_and_a_stranger_is_not() {
    let home = Home::new();
    home.write("text", TEXT);
    let key = home.ours(NewKey::Curve25519, "ann");
    let other = home.ours(NewKey::Curve25519, "ben");
    home.run(&["-o", "sealed", "-R", "ann@example.com", "--encrypt", "text"]);
    let message = read(&home.read("sealed"), &[&other, &key], &mut Chance).expect("it opens");
    assert_eq!(message.encryption.map(|one| one.with), Some(1));
    home.run(&["-o", "sealed", "-r", "ann@example.com", "--encrypt", "text"]);
    assert_eq!(read(&home.read("sealed"), &[&other], &mut Chance), Err(Trouble::NotForUs));
}

/// Where the packet of encrypted content begins, and how it is told.
fn sealed_at(message: &[u8]) -> usize {
    let mut at = 0;
    loop {
        let (tag, length, head) = match message[at..] {
            [first, length, ..] if first & 0x40 == 0 && first & 3 == 0 => ((first >> 2) & 15, usize::from(length), 2),
            [first, high, low, ..] if first & 0x40 == 0 && first & 3 == 1 => {
                ((first >> 2) & 15, (usize::from(high) << 8) | usize::from(low), 3)
            }
            [first, length @ 0..=191, ..] => (first & 63, usize::from(length), 2),
            [first, high @ 192..=223, low, ..] => {
                (first & 63, ((usize::from(high) - 192) << 8) + usize::from(low) + 192, 3)
            }
            _ => panic!("another head at {at}"),
        };
        if tag == 18 {
            return at;
        }
        at += head + length;
    }
}

#[test]
fn whatever_is_changed_in_it_there_is_one_answer() {
    let home = Home::new();
    home.write("text", &TEXT.repeat(3));
    for (name, kind) in [("ann", NewKey::Curve25519), ("rsa", NewKey::Rsa2048)] {
        let key = home.ours(kind, name);
        home.run(&["-o", "sealed", "-r", &format!("{name}@example.com"), "--encrypt", "text"]);
        let sealed = home.read("sealed");
        let at = sealed_at(&sealed);
        assert!(read(&sealed, &[&key], &mut Chance).is_ok());
        // In the wrapped key, its prefix, the content, and its proof.
        for which in [at - 1, at - 20, at + 5, at + 20, at + 40, sealed.len() - 25, sealed.len() - 2] {
            let mut changed = sealed.clone();
            changed[which] ^= 1;
            assert_eq!(read(&changed, &[&key], &mut Chance), Err(Trouble::CannotOpen), "{name}, byte {which}");
        }
        assert!(read(&sealed[..sealed.len() - 22], &[&key], &mut Chance).is_err(), "the proof is cut off");
        // The same bytes, said to have no proof (packet 9): what EFAIL did.
        let mut bare = sealed[..at].to_vec();
        let body = sealed.len() - at - 3 - 1;
        bare.extend([0xc9, 0xff]);
        bare.extend(u32::try_from(body).expect("small").to_be_bytes());
        bare.extend(&sealed[sealed.len() - body..]);
        let refused = read(&bare, &[&key], &mut Chance);
        assert_eq!(refused, Err(Trouble::Unsupported("encryption without a proof that nothing was changed")));
    }
}

#[test]
fn a_bomb_is_not_unpacked() {
    let home = Home::new();
    let key = home.ours(NewKey::Curve25519, "ann");
    home.write("zeros", &vec![b'0'; 24 << 20]);
    home.run(&["-o", "bomb", "-z", "9", "--store", "zeros"]);
    let packed = home.read("bomb");
    assert!(packed.len() < 100_000, "{}", packed.len());
    let refused = Err(Trouble::Unsupported("content that is packed so tight"));
    assert_eq!(read(&packed, &[], &mut Chance), refused);
    home.run(&["-o", "bomb", "-z", "9", "-r", "ann@example.com", "--encrypt", "zeros"]);
    assert_eq!(read(&home.read("bomb"), &[&key], &mut Chance), Err(Trouble::CannotOpen));
    home.write("fits", &vec![b'0'; 1_000_000]);
    home.run(&["-o", "small", "-z", "9", "--store", "fits"]);
    assert_eq!(read(&home.read("small"), &[], &mut Chance).expect("it is small").content.data.len(), 1_000_000);
}

#[test]
fn a_signed_mail_that_somebody_sent_on_to_others_says_so() {
    let home = Home::new();
    let (ann, ben) = (home.ours(NewKey::Curve25519, "ann"), home.ours(NewKey::Curve25519, "ben"));
    let armor = generate(NewKey::Version6, "cem@example.com", NOW, None, None, &mut Chance).expect("a key");
    let cem = Key::read_all(armor.as_bytes(), b"").expect("it is read").remove(0);
    let inner = signed_message(TEXT, &ann, &[ben.certificate()], &POLICY, NOW, &mut Chance).expect("it is signed");
    let on = encrypt(&inner, &[cem.certificate()], &POLICY, NOW, &mut Chance).expect("it is encrypted");
    let message = read(&on, &[&cem], &mut Chance).expect("it opens");
    let known = [ann.certificate().clone()];
    let verdict = verify(&message.content.signatures[0], TEXT, &known, &[cem.certificate()], &POLICY, NOW);
    assert_eq!(verdict.flaw, Some(Flaw::MeantForOthers));
    let verdict = verify(&message.content.signatures[0], TEXT, &known, &[ben.certificate()], &POLICY, NOW);
    assert_eq!(verdict.flaw, None);
}
