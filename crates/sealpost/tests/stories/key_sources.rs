//! Keys of people from Web Key Directories and key servers, laid out by GnuPG and served over TLS by programs that we did not write.

use super::relay::{PASSWORD, dovecot, holding, submit, with_relay};
use super::world::{PROGRAM, World, lines, told};
use rcgen::{CertificateParams, KeyPair};
use rig::settings_file::{SettingsFile, quoted};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

const WKS: &str = "/usr/lib/gnupg/gpg-wks-client";

/// A web server with keys, and the GnuPG that fills it.
struct KeyServer {
    dir: TempDir,
    server: Child,
    port: u16,
}

impl Drop for KeyServer {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = Command::new("gpgconf").args(["--kill", "all"]).env("GNUPGHOME", self.path("gnupg")).output();
    }
}

impl KeyServer {
    fn start() -> KeyServer {
        let dir = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["127.0.0.1".into()]).unwrap().self_signed(&key).unwrap();
        let path = |name: &str| dir.path().join(name);
        fs::write(path("server.pem"), certificate.pem()).unwrap();
        fs::write(path("server.key"), key.serialize_pem()).unwrap();
        for folder in [
            "web",
            "web/.well-known",
            "web/.well-known/openpgpkey",
            "web/vks",
            "web/vks/v1",
            "web/vks/v1/by-email",
            "web/pks",
            "gnupg",
        ] {
            fs::create_dir(path(folder)).unwrap();
        }
        fs::set_permissions(path("gnupg"), fs::Permissions::from_mode(0o700)).unwrap();
        let mut program = Command::new("python3");
        program.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stories/serve_keys.py"));
        let mut server =
            program.args([path("web"), path("server.pem"), path("server.key")]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
        KeyServer { port: line.trim().parse().unwrap(), dir, server }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    #[track_caller]
    fn run(&self, program: &str, args: &[&str]) -> Vec<u8> {
        let output = Command::new(program)
            .args(args)
            .current_dir(self.dir.path())
            .env("GNUPGHOME", self.path("gnupg"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{program} {args:?}: {}", told(&output));
        output.stdout
    }

    /// A new key of GnuPG for this address.
    fn key(&self, address: &str) {
        let key = ["--batch", "--passphrase", "", "--quick-generate-key", address, "future-default", "default", "1y"];
        self.run("gpg", &key);
    }

    fn fingerprint(&self, address: &str) -> String {
        let prints = String::from_utf8(self.run("gpg", &["--with-colons", "--list-keys", address])).unwrap();
        prints.lines().find_map(|line| line.strip_prefix("fpr:")).unwrap().trim_matches(':').to_owned()
    }

    /// Lays the key into the Web Key Directory, as GnuPG does.
    fn publish(&self, address: &str) {
        let (print, directory) = (self.fingerprint(address), self.path("web/.well-known/openpgpkey"));
        self.run(WKS, &["--install-key", "-C", directory.to_str().unwrap(), &print, address]);
    }

    /// Takes it back by the revocation that GnuPG made with it.
    fn revoke(&self, address: &str) {
        let file = self.path(&format!("gnupg/openpgp-revocs.d/{}.rev", self.fingerprint(address)));
        let text = fs::read_to_string(file).unwrap().replace(":-----BEGIN", "-----BEGIN");
        fs::write(self.path("revoked.asc"), text).unwrap();
        self.run("gpg", &["--batch", "--import", "revoked.asc"]);
    }

    fn export(&self, address: &str, file: &str) {
        fs::write(self.path(file), self.run("gpg", &["--armor", "--export", address])).unwrap();
    }

    /// What GnuPG reads in a sealed mail.
    fn open(&self, sealed: &str) -> String {
        let armored = &sealed[sealed.find("-----BEGIN PGP MESSAGE-----").expect("a message")..];
        fs::write(self.path("sealed.asc"), armored).unwrap();
        String::from_utf8_lossy(&self.run("gpg", &["--batch", "--decrypt", "sealed.asc"])).into_owned()
    }

    /// What it was asked for so far.
    fn asked(&self) -> String {
        fs::read_to_string(self.path("web/asked")).unwrap_or_default()
    }

    /// A `[[key_source]]` that asks this server.
    fn source(&self, settings: &mut SettingsFile, kind: &str, more: &[(&str, String)]) {
        let url = quoted(&format!("https://127.0.0.1:{}", self.port));
        let own = quoted(self.path("server.pem").to_str().unwrap());
        let all = [
            ("name", quoted(&format!("our-{kind}"))),
            ("kind", quoted(kind)),
            ("url", url),
            ("allow_private", "true".into()),
        ];
        let all = [&all[..], &[("certificate_authorities", format!("[{own}]"))], more].concat();
        settings.add("[[key_source]]", &all);
    }
}

/// `key discover` with the settings of this home: its lines, and its exit code.
fn discover(settings: &Path, keys: &Path, args: &[&str]) -> (Vec<Value>, Option<i32>) {
    let mut command = Command::new(PROGRAM);
    command.args(["key", "discover", "--keys"]).arg(keys).arg("--config").arg(settings).args(args);
    let output = command.output().unwrap();
    assert!(!output.stdout.is_empty(), "{}", told(&output));
    (lines(&output), output.status.code())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sec_a_key_that_is_taken_in_has_no_names_but_those_of_the_address_that_was_asked_about() {
    let server = KeyServer::start();
    server.key("Ida <ida@people.example>");
    let print = server.fingerprint("ida@people.example");
    let chief = ["--batch", "--passphrase", "", "--quick-add-uid", &print, "Chief <chief@other.example>"];
    server.run("gpg", &chief);
    server.export("ida@people.example", "web/vks/v1/by-email/ida@people.example");
    let mut world = World::start().await;
    server.source(&mut world.home.settings, "vks", &[]);
    let (settings, keys) = (world.home.write_settings(), world.home.file("seal-keys"));
    let (said, code) = discover(&settings, &keys, &["--import", "Ida@People.example"]);
    let imported = &said[0]["imported"][0];
    assert_eq!((imported["outcome"].as_str(), code), (Some("imported"), Some(0)), "{said:?}");
    assert_eq!(imported["addresses"], serde_json::json!(["ida@people.example"]), "{said:?}");
    let shown = server
        .run("gpg", &["--show-keys", "--with-colons", keys.join(imported["path"].as_str().unwrap()).to_str().unwrap()]);
    let shown = String::from_utf8_lossy(&shown);
    assert!(shown.contains("<ida@people.example>") && !shown.contains("chief@"), "{shown}");
    let (said, code) = discover(&settings, &keys, &["--import", "ida@people.example"]);
    assert_eq!((said[0]["imported"][0]["outcome"].as_str(), code), (Some("known"), Some(0)), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_of_others_are_shown_with_their_origin_and_why_they_may_be_used() {
    let server = KeyServer::start();
    server.key("Bob <bob@people.example>");
    server.publish("bob@people.example");
    server.key("eve@people.example");
    server.export("eve@people.example", "web/pks/lookup");
    server.export("eve@people.example", "web/vks/v1/by-email/bob@people.example");
    let mut world = World::start().await;
    for kind in ["hkp", "vks", "wkd"] {
        server.source(&mut world.home.settings, kind, &[]);
    }
    let (settings, keys) = (world.home.write_settings(), world.home.file("seal-keys"));

    let (said, code) = discover(&settings, &keys, &["Bob@people.example"]);
    let outcomes: Vec<_> = said.iter().map(|line| (line["source"].as_str(), line["outcome"].as_str())).collect();
    let expected = [(Some("our-wkd"), Some("found")), (Some("our-hkp"), Some("none")), (Some("our-vks"), Some("none"))];
    assert_eq!(outcomes, expected, "what another address has is no key of this one: {said:?}");
    assert_eq!(
        (&said[0]["origin"], &said[0]["keys"][0]["usable"], code),
        (&"wkd".into(), &true.into(), Some(0)),
        "{said:?}"
    );

    let (said, _) = discover(&settings, &keys, &["--source", "hkp", "eve@people.example"]);
    assert_eq!(said[0]["keys"][0]["usable"], false, "{said:?}");
    assert_eq!(said[0]["keys"][0]["why"], "nobody has vouched for it");
    assert!(!keys.exists(), "nothing was taken in");
    let (said, code) = discover(&settings, &keys, &["--source", "our-wkd", "--import", "bob@people.example"]);
    assert_eq!((said[0]["imported"][0]["outcome"].as_str(), code), (Some("imported"), Some(0)), "{said:?}");
    let (said, code) = discover(&settings, &keys, &["--import", "eve@people.example"]);
    assert_eq!((said.iter().filter(|line| line["imported"].is_array()).count(), code), (0, Some(0)), "{said:?}");

    fs::write(server.path("web/vks/v1/by-email/gil@people.example"), "<p>We are back soon.</p>").unwrap();
    let (said, code) = discover(&settings, &keys, &["--source", "our-vks", "gil@people.example"]);
    assert_eq!((said[0]["outcome"].as_str(), code), (Some("failed"), Some(1)), "a page is no word of keys: {said:?}");

    fs::write(server.path("web/trouble"), "").unwrap();
    let (said, code) = discover(&settings, &keys, &["--source", "wkd", "bob@people.example"]);
    assert_eq!((said[0]["outcome"].as_str(), code), (Some("failed"), Some(1)), "{said:?}");
    assert_eq!(said[0]["error"], "it answered with status 503");
}

#[test]
fn nobody_is_asked_who_was_not_named() {
    let output = Command::new(PROGRAM).args(["key", "discover", "ann@people.example"]).output().unwrap();
    assert!(!output.status.success() && told(&output).contains("--source wkd"), "{}", told(&output));
    let output = Command::new(PROGRAM).args(["key", "discover", "--source", "wkd", "nonsense"]).output().unwrap();
    assert!(!output.status.success() && told(&output).contains("is no address"), "{}", told(&output));
    let args = ["key", "discover", "--source", "hkp", "--url", "http://127.0.0.1:11371", "ann@people.example"];
    let output = Command::new(PROGRAM).args(args).output().unwrap();
    assert!(!output.status.success() && told(&output).contains("in clear"), "{}", told(&output));
}

const RULES: &str = "version = 1\n[default]\nencrypt = \"when_possible\"\nprotect_header = true\n[[recipient]]\naddresses = [\"gus@people.example\"]\norigins = [\"file\"]\n\
    [[recipient]]\naddresses = [\"jo@people.example\"]\nencrypt = \"always\"\nfallback = \"do_not_send\"\n\
    [[domain]]\nnames = [\"bare.example\"]\nencrypt = \"never\"\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn priv_18_a_relay_seals_to_a_key_of_a_web_key_directory_and_holds_what_it_cannot_look_up() {
    let (dovecot, lmtp) = dovecot();
    let server = KeyServer::start();
    for address in ["bob@people.example", "fay@people.example", "gus@people.example", "jo@people.example"] {
        server.key(address);
        server.publish(address);
    }
    let mut world = World::start().await;
    let keys = world.home.file("keys");
    server.export("fay@people.example", "fay.asc");
    server.revoke("jo@people.example");
    server.export("jo@people.example", "jo.asc");
    server.run(PROGRAM, &["key", "import", "--keys", keys.to_str().unwrap(), "fay.asc", "jo.asc"]);
    fs::write(world.home.file("sealing.toml"), RULES).unwrap();
    server.source(&mut world.home.settings, "wkd", &[]);
    let relay = with_relay(
        &mut world.home,
        "lmtp",
        lmtp.port(),
        &[("seal", "rules"), ("rules", "sealing.toml"), ("keys", "keys")],
    );
    world.home.settings.set("[[relay]]", "key_sources", "[\"our-wkd\"]");
    let gateway = world.home.start();

    let people =
        ["bob@people.example", "carl@people.example", "fay@people.example", "gus@people.example", "ida@bare.example"];
    let heard = submit(&world.home, relay, PASSWORD, &people);
    assert!(heard.starts_with("accepted []"), "{heard} {}", gateway.log());
    let mail = |person: &str| String::from_utf8_lossy(&dovecot.mails(person)[0]).into_owned();
    for person in ["bob@people.example", "fay@people.example"] {
        let sealed = mail(person);
        assert!(server.open(&sealed).contains("Planted-words of a page."), "{person}");
        assert!(!sealed.contains("lanted-words"), "{sealed}");
    }
    for person in ["carl@people.example", "gus@people.example", "ida@bare.example"] {
        assert!(mail(person).contains("Planted-words"), "{person} has no key that the rules take");
    }
    let asked = server.asked();
    let about = |person: &str| asked.lines().filter(|path| path.ends_with(&format!("?l={person}"))).count();
    assert_eq!(
        ["bob", "carl", "fay", "gus", "ida"].map(about),
        [1, 1, 0, 0, 0],
        "only whom the folder does not know: {asked}"
    );

    let heard = submit(&world.home, relay, PASSWORD, &["jo@people.example"]);
    assert!(heard.contains("550"), "the directory has it as it was, and the folder knows that it was revoked: {heard}");
    assert!(server.asked().contains("?l=jo"));
    fs::write(server.path("web/trouble"), "").unwrap();
    let heard = submit(&world.home, relay, PASSWORD, &["hal@people.example"]);
    assert!(heard.starts_with("refused") && heard.contains("451"), "a source that fails is no missing key: {heard}");
    assert_eq!(dovecot.mails("hal@people.example").len(), 0);
    drop(gateway);
    let planted = ["planted-words", "carl@people.example", "hal@people.example", "bob@people.example"];
    let left: Vec<String> =
        holding(world.home.data(), &planted).into_iter().chain(holding(&world.home.file(""), &planted)).collect();
    assert_eq!(left, Vec::<String>::new(), "data, log and output");
}
