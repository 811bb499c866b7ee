//! Private keys in a token (PKCS#11), SoftHSM's: mail is signed and opened with them, and no file of the gateway holds them.

use super::relay::{PASSWORD, dovecot, submit, with_relay};
use super::relay_sealed::Bench;
use super::world::{World, lines, told};
use rig::settings_file::quoted;
use rig::token::SoftToken;
use serde_json::Value;
use std::fs;
use std::process::Output;

const RULES: &str = "version = 1\n\n[default]\nencrypt = \"always\"\nsign = \"always\"\n";
const PIN: &str = "471147";

/// A world whose settings name a token, with keys in it, each under its name and number.
struct Vaulted {
    world: World,
    bench: Bench,
    token: SoftToken,
    _folder: tempfile::TempDir,
}

impl Vaulted {
    async fn start(keys: &[(&str, &str)]) -> Vaulted {
        let mut world = World::start().await;
        let folder = tempfile::tempdir().unwrap();
        let bench = Bench { dir: folder.path().to_owned() };
        let token = SoftToken::new("The HSM", PIN);
        for (at, (name, kind)) in keys.iter().enumerate() {
            match kind.strip_prefix("openssl ") {
                // It is elsewhere, too, and can be brought once more.
                Some(algorithm) => {
                    let file = format!("{name}.key");
                    bench.run("openssl", &["genpkey", "-algorithm", algorithm, "-out", &file]);
                    token.bring(name, at + 1, &bench.dir.join(file));
                }
                None => token.make(name, at + 1, kind),
            }
        }
        world.home.write_secret("pin", PIN);
        let module = token.module();
        let section =
            [("name", quoted("The HSM")), ("module", quoted(module.to_str().unwrap())), ("pin", quoted("file:pin"))];
        world.home.settings.add("[[pkcs11]]", &section);
        world.home.write_settings();
        Vaulted { world, bench, token, _folder: folder }
    }

    /// A command of the program that speaks to the token.
    fn sealpost(&self, words: &[&str]) -> Output {
        let keys = self.world.home.file("keys");
        let mut command = self.world.home.command(words);
        command
            .arg("--keys")
            .arg(keys)
            .arg("--config")
            .arg(self.world.home.file("sealpost.toml"))
            .envs(self.token.environment())
            .current_dir(&self.bench.dir);
        command.output().unwrap()
    }

    #[track_caller]
    fn done(&self, words: &[&str]) -> Vec<Value> {
        let output = self.sealpost(words);
        assert!(output.status.success(), "{words:?}: {}", told(&output));
        lines(&output)
    }

    /// No private key and no PIN stands in any file of the gateway.
    #[track_caller]
    fn holds_nothing_private(&self) {
        let own = fs::read_dir(self.world.home.file("keys/own")).unwrap();
        for file in own.map(|entry| entry.unwrap().path()) {
            let text = fs::read_to_string(&file).unwrap();
            assert!(!text.contains("PRIVATE") && !text.contains(PIN), "{}: {text}", file.display());
        }
    }
}

/// Every kind that a token signs and opens with.
const KINDS: [(&str, &str); 3] = [("rsa", "openssl RSA"), ("p256", "EC:prime256v1"), ("p384", "EC:secp384r1")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_a_token_sign_what_openssl_checks_and_open_what_it_encrypts() {
    let vaulted = Vaulted::start(&KINDS).await;
    let words = "From: rsa@example.org\r\nSubject: Offer\r\nContent-Type: text/plain\r\n\r\nPlanted-words\r\n";
    fs::write(vaulted.bench.dir.join("mail.eml"), words).unwrap();
    for (at, (name, _)) in KINDS.iter().enumerate() {
        let uri = format!("pkcs11:token=The%20HSM;object={name};id=%0{}", at + 1);
        let address = format!("{name}@example.org");
        let made = vaulted.done(&["key", "generate", "--token-key", &uri, "--address", &address]);
        assert!(made[0]["file"].as_str().unwrap().ends_with(".pkcs11"), "{made:?}");
        let listed = vaulted.done(&["key", "list", "--address", &address]);
        assert_eq!((&listed[0]["in_token"], &listed[0]["of"]), (&Value::Bool(true), &Value::from("own")), "{listed:?}");
        let certificate = vaulted.sealpost(&["key", "export-public", &address]).stdout;
        fs::write(vaulted.bench.dir.join("own.pem"), certificate).unwrap();
        signs(&vaulted, name);
        opens(&vaulted, name);
    }
    vaulted.holds_nothing_private();
}

/// What the token signs openssl finds right; RSA also with PSS.
fn signs(vaulted: &Vaulted, name: &str) {
    let address = format!("{name}@example.org");
    let modern: &[&str] = if name == "rsa" { &["--modern-rsa"] } else { &[] };
    for more in [&[][..], modern] {
        let by = ["seal", "--from", &address, "--rcpt", "ann@people.example", "--sign", "mail.eml"];
        let sealed = vaulted.sealpost(&[&by[..], more].concat());
        assert!(sealed.status.success(), "{name}: {}", told(&sealed));
        fs::write(vaulted.bench.dir.join("signed.eml"), sealed.stdout).unwrap();
        let verify =
            ["cms", "-verify", "-in", "signed.eml", "-CAfile", "own.pem", "-purpose", "any", "-out", "read.txt"];
        vaulted.bench.run("openssl", &verify);
        assert!(fs::read_to_string(vaulted.bench.dir.join("read.txt")).unwrap().contains("Planted-words"));
    }
}

/// What openssl encrypts for the certificate opens with the token; RSA also with OAEP, in the one form that SoftHSM does.
fn opens(vaulted: &Vaulted, name: &str) {
    let oaep: &[&str] = if name == "rsa" { &["-keyopt", "rsa_padding_mode:oaep"] } else { &[] };
    for more in [&[][..], oaep] {
        let encrypt = ["cms", "-encrypt", "-aes256", "-in", "mail.eml", "-out", "sealed.eml", "-recip", "own.pem"];
        vaulted.bench.run("openssl", &[&encrypt[..], more].concat());
        let opened = vaulted.sealpost(&["open", "sealed.eml"]);
        assert!(opened.status.success(), "{name} {more:?}: {}", told(&opened));
        assert!(String::from_utf8_lossy(&opened.stdout).contains("Planted-words"), "{}", told(&opened));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_signs_with_a_token_and_goes_on_after_it_was_away() {
    let mut vaulted = Vaulted::start(&KINDS[..1]).await;
    let (dovecot, lmtp) = dovecot();
    let keys = vaulted.world.home.file("keys");
    let folder = keys.to_str().unwrap().to_owned();
    vaulted.bench.authority();
    vaulted.bench.certificate("ann", "ann@people.example", true);
    vaulted.bench.certificate("bob", "bob@people.example", true);
    vaulted.bench.run(super::world::PROGRAM, &["key", "import", "--keys", &folder, "ann.pem", "bob.pem"]);
    vaulted.bench.run(super::world::PROGRAM, &["key", "import", "--keys", &folder, "--as", "trusted", "ca.pem"]);

    // A request that the token signs becomes a certificate of the house's authority, which finds its key again.
    let made = vaulted.done(&[
        "key",
        "generate",
        "--token-key",
        "pkcs11:token=The%20HSM;object=rsa",
        "--address",
        "wiki@example.org",
        "--request",
    ]);
    let request = made[0]["request"].as_str().unwrap();
    let by = ["x509", "-req", "-in", request, "-copy_extensions", "copyall", "-CA", "ca.pem", "-CAkey", "ca.key"];
    vaulted.bench.run("openssl", &[&by[..], &["-CAcreateserial", "-days", "30", "-out", "wiki.pem"]].concat());
    let imported = vaulted.done(&["key", "import", "--as", "own", "wiki.pem"]);
    assert_eq!(imported[0]["items"][0]["private_key"], true, "{imported:?}");

    fs::write(vaulted.world.home.file("sealing.toml"), RULES).unwrap();
    let sealing = [("seal", "rules"), ("rules", "sealing.toml"), ("keys", "keys")];
    let relay = with_relay(&mut vaulted.world.home, "lmtp", lmtp.port(), &sealing);
    vaulted.world.home.write_settings();
    let environment = vaulted.token.environment();
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut gateway = vaulted.world.home.spawn(&environment);
    gateway.wait_until_ready().unwrap();
    let heard = submit(&vaulted.world.home, relay, PASSWORD, &["ann@people.example"]);
    assert!(heard.starts_with("accepted []"), "{heard} {}", gateway.log());
    fs::write(vaulted.bench.dir.join("ann.eml"), &dovecot.mails("ann@people.example")[0]).unwrap();
    let decrypt = ["cms", "-decrypt", "-in", "ann.eml", "-recip", "ann.pem", "-inkey", "ann.key", "-out", "ann.inner"];
    vaulted.bench.run("openssl", &decrypt);
    let verify = ["cms", "-verify", "-in", "ann.inner", "-CAfile", "ca.pem", "-purpose", "any", "-out", "ann.txt"];
    vaulted.bench.run("openssl", &verify);

    // The key leaves the token: nothing goes out unsigned or plain. It comes back: mail goes again, without a restart.
    vaulted.token.remove("rsa");
    let heard = submit(&vaulted.world.home, relay, PASSWORD, &["bob@people.example"]);
    assert!(heard.starts_with("refused") && heard.contains("451"), "{heard} {}", gateway.log());
    assert_eq!(dovecot.mails("bob@people.example").len(), 0);
    vaulted.token.bring("rsa", 1, &vaulted.bench.dir.join("rsa.key"));
    let heard = submit(&vaulted.world.home, relay, PASSWORD, &["bob@people.example"]);
    assert!(heard.starts_with("accepted []"), "{heard} {}", gateway.log());
    assert_eq!(dovecot.mails("bob@people.example").len(), 1);
    assert!(!gateway.log().contains(PIN));
    vaulted.holds_nothing_private();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_a_token_is_told_and_a_wrong_pin_is_not_tried_until_it_locks() {
    let vaulted = Vaulted::start(&KINDS[..1]).await;
    vaulted.done(&[
        "key",
        "generate",
        "--token-key",
        "pkcs11:token=The%20HSM;object=rsa",
        "--address",
        "a@example.org",
    ]);
    let own = vaulted.world.home.file("keys/own");
    let file = fs::read_dir(&own)
        .unwrap()
        .map(|one| one.unwrap().path())
        .find(|path| path.extension().is_some_and(|end| end == "pkcs11"));
    let file = file.unwrap();
    for (line, why) in [
        ("pkcs11:token=The%20HSM;object=none", "no private key of this name"),
        ("pkcs11:token=Another;object=rsa", "no [[pkcs11]] section"),
        ("pkcs11:token=The%20HSM;object=rsa?pin-value=1", "stand in the settings alone"),
    ] {
        fs::write(&file, line).unwrap();
        let listed = vaulted.sealpost(&["key", "list"]);
        assert!(!listed.status.success() && told(&listed).contains(why), "{line}: {}", told(&listed));
    }
    // Two files that name keys of a token whose PIN is wrong: the token is asked once.
    fs::write(&file, "pkcs11:token=The%20HSM;object=rsa").unwrap();
    fs::write(own.join("second.pkcs11"), "pkcs11:token=The%20HSM;id=%01").unwrap();
    vaulted.world.home.write_secret("pin", "000000");
    let listed = vaulted.sealpost(&["key", "list"]);
    assert!(told(&listed).contains("refused the PIN") && !told(&listed).contains("000000"), "{}", told(&listed));
    vaulted.world.home.write_secret("pin", PIN);
    fs::remove_file(own.join("second.pkcs11")).unwrap();
    assert_eq!(vaulted.done(&["key", "list", "--address", "a@example.org"])[0]["in_token"], true);

    // Removed, it is forgotten here and kept there.
    let name =
        vaulted.done(&["key", "list", "--address", "a@example.org"])[0]["fingerprint"].as_str().unwrap().to_owned();
    vaulted.done(&["key", "remove", &name]);
    assert!(!file.exists());
    vaulted.done(&[
        "key",
        "generate",
        "--token-key",
        "pkcs11:token=The%20HSM;object=rsa",
        "--address",
        "a@example.org",
    ]);
}
