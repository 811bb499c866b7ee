//! Certificates of people from a real OpenLDAP and from a signed zone of a real NSD, made by OpenSSL and GnuPG.

use super::events;
use super::letters::post_by;
use super::letters_sealed::{arrived, issue, letters, of};
use super::relay::{PASSWORD, dovecot, holding, submit, with_relay};
use super::world::{PROGRAM, World, lines, told};
use data_encoding::{BASE64, HEXLOWER};
use rcgen::{CertificateParams, KeyPair};
use rig::nsd::Nsd;
use rig::post_office::PostOffice;
use rig::settings_file::{SettingsFile, quoted};
use rig::slapd::{BASE, PASSWORD as LDAP_PASSWORD, READER, Slapd};
use rustix::process::Signal;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Where certificates and keys are made.
struct Bench {
    dir: TempDir,
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = Command::new("gpgconf").args(["--kill", "all"]).env("GNUPGHOME", self.path("gnupg")).output();
    }
}

impl Bench {
    /// An authority `root`, one below it `inner`, and one that nobody knows `other`.
    fn new() -> Bench {
        let bench = Bench { dir: tempfile::tempdir().unwrap() };
        fs::create_dir(bench.path("gnupg")).unwrap();
        fs::set_permissions(bench.path("gnupg"), fs::Permissions::from_mode(0o700)).unwrap();
        fs::write(bench.path("nothing"), "").unwrap();
        let authority = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\n";
        fs::write(bench.path("authority.cnf"), authority).unwrap();
        for name in ["root", "other"] {
            let (key, pem, subject) = (format!("{name}.key"), format!("{name}.pem"), format!("/CN={name} CA"));
            let made =
                ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", &key, "-out", &pem, "-subj", &subject];
            let may = ["-days", "30", "-addext", "keyUsage=critical,keyCertSign,cRLSign"];
            bench.run("openssl", &[&made[..], &may].concat());
        }
        bench.signed("inner", "root", "authority.cnf");
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    #[track_caller]
    fn run(&self, program: &str, args: &[&str]) -> Vec<u8> {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.dir.path()).env("GNUPGHOME", self.path("gnupg"));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{program} {args:?}: {}", told(&output));
        output.stdout
    }

    /// A certificate that an authority signs.
    fn signed(&self, name: &str, by: &str, extensions: &str) {
        let (key, csr, pem) = (format!("{name}.key"), format!("{name}.csr"), format!("{name}.pem"));
        let (ca, ca_key, subject) = (format!("{by}.pem"), format!("{by}.key"), format!("/CN={name}"));
        self.run(
            "openssl",
            &["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", &key, "-out", &csr, "-subj", &subject],
        );
        let sign = ["x509", "-req", "-in", &csr, "-CA", &ca, "-CAkey", &ca_key, "-CAcreateserial", "-days", "20"];
        self.run("openssl", &[&sign[..], &["-extfile", extensions, "-out", &pem]].concat());
    }

    /// A person's certificate, in DER.
    fn person(&self, name: &str, by: &str) -> Vec<u8> {
        let extensions = format!(
            "subjectAltName=email:{name}@people.example\nkeyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=emailProtection\n"
        );
        fs::write(self.path("person.cnf"), extensions).unwrap();
        self.signed(name, by, "person.cnf");
        self.run("openssl", &["x509", "-in", &format!("{name}.pem"), "-outform", "DER"])
    }

    /// What a mail program puts into `userSMIMECertificate`: a signature over nothing, with the chain.
    fn published(&self, name: &str, chain: &str) -> Vec<u8> {
        let (pem, key) = (format!("{name}.pem"), format!("{name}.key"));
        let sign = ["cms", "-sign", "-binary", "-in", "nothing", "-signer", &pem, "-inkey", &key, "-certfile", chain];
        self.run("openssl", &[&sign[..], &["-outform", "DER"]].concat())
    }

    /// A key of GnuPG, armored.
    fn pgp(&self, name: &str) -> String {
        let user = format!("{name} <{name}@people.example>");
        let make = ["--batch", "--passphrase", "", "--quick-generate-key", &user, "future-default", "default", "1y"];
        self.run("gpg", &make);
        String::from_utf8(self.run("gpg", &["--armor", "--export", &format!("{name}@people.example")])).unwrap()
    }

    /// What OpenSSL reads in a sealed mail with this person's key.
    fn open(&self, name: &str, sealed: &str) -> String {
        fs::write(self.path("sealed.eml"), sealed).unwrap();
        let (pem, key) = (format!("{name}.pem"), format!("{name}.key"));
        let opened = self.run("openssl", &["cms", "-decrypt", "-in", "sealed.eml", "-recip", &pem, "-inkey", &key]);
        String::from_utf8_lossy(&opened).into_owned()
    }

    fn open_by_gpg(&self, sealed: &str) -> String {
        let armored = &sealed[sealed.find("-----BEGIN PGP MESSAGE-----").expect("a message")..];
        fs::write(self.path("sealed.asc"), armored).unwrap();
        String::from_utf8_lossy(&self.run("gpg", &["--batch", "--decrypt", "sealed.asc"])).into_owned()
    }

    /// The root alone is trusted; nobody's certificate is there.
    fn trust(&self, folder: &std::path::Path) {
        self.run(PROGRAM, &["key", "import", "--keys", folder.to_str().unwrap(), "--as", "trusted", "root.pem"]);
    }
}

/// A directory with these entries, and the `[[key_source]]` that asks it.
struct Directory {
    slapd: Slapd,
    certificate: String,
}

impl Directory {
    fn start(entries: &str) -> Directory {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["127.0.0.1".into()]).unwrap().self_signed(&key).unwrap();
        let slapd = Slapd::start(&certificate.pem(), &key.serialize_pem(), entries);
        Directory { slapd, certificate: certificate.pem() }
    }

    fn source(&self, world: &mut World, more: &[(&str, String)]) {
        fs::write(world.home.file("ldap.pem"), &self.certificate).unwrap();
        world.home.write_secret("ldap.password", LDAP_PASSWORD);
        let all = [
            ("name", quoted("house")),
            ("kind", quoted("ldap")),
            ("url", quoted(&format!("ldaps://127.0.0.1:{}", self.slapd.tls.port()))),
            ("base", quoted(BASE)),
            ("bind_dn", quoted(READER)),
            ("password", quoted("file:ldap.password")),
            ("certificate_authorities", "[\"ldap.pem\"]".into()),
            ("allow_private", "true".into()),
        ];
        world.home.settings.add("[[key_source]]", &[&all[..], more].concat());
    }

    /// How often somebody was asked for.
    fn asked(&self, name: &str) -> usize {
        self.slapd
            .log()
            .lines()
            .filter(|line| line.contains("filter=") && line.contains(&format!("{name}@people")))
            .count()
    }
}

fn entry(name: &str, attribute: &str, value: &[u8]) -> String {
    format!(
        "dn: cn={name},{BASE}\nobjectClass: inetOrgPerson\ncn: {name}\nsn: {name}\nmail: {name}@people.example\n{attribute}:: {}\n\n",
        BASE64.encode(value)
    )
}

fn pgp_entry(name: &str, armored: &str) -> String {
    format!(
        "dn: ou=keys,{BASE}\nobjectClass: organizationalUnit\nou: keys\n\ndn: cn=pgpServerInfo,{BASE}\nobjectClass: pgpServerInfo\n\
         cn: pgpServerInfo\npgpBaseKeySpaceDN: ou=keys,{BASE}\n\ndn: pgpCertID=01,ou=keys,{BASE}\nobjectClass: pgpKeyInfo\npgpCertID: 01\n\
         pgpUserID: {name} <{name}@people.example>\npgpDisabled: 0\npgpKey:: {}\n\n",
        BASE64.encode(armored.as_bytes())
    )
}

const RULES: &str = "version = 1\n[default]\nencrypt = \"when_possible\"\n";

fn sealing(source: &str) -> [(&'static str, String); 4] {
    let text = |text: &str| text.to_owned();
    [("seal", text("rules")), ("rules", text("sealing.toml")), ("keys", text("keys")), ("key_sources", text(source))]
}

/// A relay that asks this source.
fn relay(world: &mut World, bench: &Bench, lmtp: u16, source: &str) -> std::net::SocketAddr {
    bench.trust(&world.home.file("keys"));
    fs::write(world.home.file("sealing.toml"), RULES).unwrap();
    let [seal, rules, keys, sources] = sealing(source);
    let named = [seal, rules, keys];
    let named: Vec<(&str, &str)> = named.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let relay = with_relay(&mut world.home, "lmtp", lmtp, &named);
    world.home.settings.set("[[relay]]", "key_sources", format!("[{}]", quoted(&sources.1)));
    relay
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_seals_to_certificates_of_a_directory_by_the_anchors_of_its_folder() {
    let (dovecot, lmtp) = dovecot();
    let bench = Bench::new();
    let (bob, eve) = (bench.person("bob", "root"), bench.person("eve", "other"));
    bench.person("ann", "inner");
    let published = bench.published("ann", "inner.pem");
    let entries = [
        entry("ann", "userSMIMECertificate", &published),
        entry("bob", "userCertificate;binary", &bob),
        entry("eve", "userCertificate;binary", &eve),
        pgp_entry("gil", &bench.pgp("gil")),
    ];
    let mut directory = Directory::start(&entries.concat());
    let mut world = World::start().await;
    directory.source(&mut world, &[("vouches", "true".into())]);
    let relay = relay(&mut world, &bench, lmtp.port(), "house");
    // Whoever has a key in the folder, of whatever scheme, is asked about nowhere.
    fs::write(bench.path("fay.asc"), bench.pgp("fay")).unwrap();
    bench.run(PROGRAM, &["key", "import", "--keys", world.home.file("keys").to_str().unwrap(), "fay.asc"]);
    let gateway = world.home.start();

    let people = ["ann", "bob", "eve", "gil", "fay", "zoe"].map(|name| format!("{name}@people.example"));
    let heard = submit(&world.home, relay, PASSWORD, &people.each_ref().map(String::as_str));
    assert!(heard.starts_with("accepted []"), "{heard} {}", gateway.log());
    let mail =
        |person: &str| String::from_utf8_lossy(&dovecot.mails(&format!("{person}@people.example"))[0]).into_owned();
    for person in ["ann", "bob"] {
        assert!(bench.open(person, &mail(person)).contains("Planted-words of a page."), "{person}");
        assert!(!mail(person).contains("lanted-words"), "{person}");
    }
    for person in ["gil", "fay"] {
        assert!(bench.open_by_gpg(&mail(person)).contains("Planted-words of a page."), "{person}");
    }
    assert!(mail("eve").contains("Planted-words"), "nobody here believes her authority");
    assert!(mail("zoe").contains("Planted-words"), "she has nothing");
    assert_eq!(["ann", "fay", "zoe"].map(|name| directory.asked(name)), [1, 0, 2], "{}", directory.slapd.log());

    directory.slapd.stop();
    let heard = submit(&world.home, relay, PASSWORD, &["hal@people.example"]);
    assert!(heard.starts_with("refused") && heard.contains("451"), "who cannot be asked has not said no: {heard}");
    assert_eq!(dovecot.mails("hal@people.example").len(), 0);
    let heard = submit(&world.home, relay, PASSWORD, &["bob@people.example"]);
    assert!(heard.starts_with("accepted []"), "what was learned is remembered: {heard}");
    let figures = gateway.metrics().0;
    assert!(figures.contains("sealpost_key_source_answers_total{source=\"house\",outcome=\"failed\"}"), "{figures}");
    assert!(!figures.contains("@people"), "{figures}");
    drop(gateway);
    let planted = ["planted-words", "hal@people.example", "zoe@people.example", LDAP_PASSWORD];
    let left: Vec<String> = holding(world.home.data(), &planted);
    assert_eq!(left, Vec::<String>::new());
}

/// Commands with settings that name a directory of Ann, whose chain came along, Eve, whose authority nobody here knows, and Gil, who has OpenPGP.
struct Commands {
    bench: Bench,
    directory: Directory,
    world: World,
}

impl Commands {
    async fn new() -> Commands {
        let bench = Bench::new();
        bench.person("ann", "inner");
        let eve = bench.person("eve", "other");
        let entries = [
            entry("ann", "userSMIMECertificate", &bench.published("ann", "inner.pem")),
            entry("eve", "userCertificate;binary", &eve),
            pgp_entry("gil", &bench.pgp("gil")),
        ];
        let directory = Directory::start(&entries.concat());
        let mut world = World::start().await;
        directory.source(&mut world, &[]);
        world.home.write_settings();
        bench.trust(&world.home.file("seal-keys"));
        fs::write(bench.path("rules.toml"), RULES).unwrap();
        fs::write(bench.path("mail.eml"), "From: wiki@house.example\r\nSubject: x\r\n\r\nWords.\r\n").unwrap();
        Commands { bench, directory, world }
    }

    /// Its one line, and its exit code.
    fn discover(&self, name: &str, more: &[&str]) -> (Value, Option<i32>) {
        let address = format!("{name}@people.example");
        let args = ["key", "discover", "--keys", "seal-keys", "--config", "sealpost.toml", &address];
        let output = self.world.run(&[&args[..], more].concat());
        assert!(!output.stdout.is_empty(), "{}", told(&output));
        (lines(&output).remove(0), output.status.code())
    }

    /// What becomes of a mail to Ann, and by which key.
    fn explain(&self, more: &[&str]) -> (String, Value) {
        let (rules, mail) = (self.bench.path("rules.toml"), self.bench.path("mail.eml"));
        let args =
            ["explain", "--rules", rules.to_str().unwrap(), "--keys", "seal-keys", "--rcpt", "ann@people.example"];
        let output = self.world.run(&[&args[..], more, &[mail.to_str().unwrap()]].concat());
        assert!(output.status.success(), "{}", told(&output));
        let recipient = lines(&output).remove(0)["recipients"][0].clone();
        (recipient["fate"].to_string(), recipient["trace"]["keys"][0]["origin"].clone())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn discover_shows_what_a_directory_has_and_explain_asks_whom_it_is_told_to() {
    let commands = Commands::new().await;
    let (ann, _) = commands.discover("ann", &[]);
    let key = &ann["keys"][0];
    let said = (&ann["origin"], &ann["outcome"], &key["usable"]);
    assert_eq!(said, (&"directory".into(), &"found".into(), &true.into()), "{ann}");
    let came = (&key["scheme"], &key["chain"], &key["capabilities"]);
    assert_eq!(came, (&"smime".into(), &1.into(), &true.into()), "{ann}");
    assert_eq!(commands.discover("eve", &[]).0["keys"][0]["usable"], false, "nobody here knows her authority");
    assert_eq!(commands.discover("gil", &[]).0["keys"][0]["why"], "nobody has vouched for it");

    for nobody in [&[][..], &["--config", "sealpost.toml"]] {
        assert!(commands.explain(nobody).0.contains("plain"), "nobody is asked who was not named");
    }
    let (fate, origin) = commands.explain(&["--config", "sealpost.toml", "--ask", "house"]);
    assert!(fate.contains("seal") && origin == "directory", "{fate} {origin}");
    let (imported, _) = commands.discover("ann", &["--import"]);
    assert_eq!(imported["imported"].as_array().map(Vec::len), Some(2), "hers and the one above: {imported}");
    let (fate, origin) = commands.explain(&[]);
    assert!(fate.contains("seal") && origin == "file", "the folder has the chain now: {fate}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_says_whether_a_directory_answers() {
    let mut commands = Commands::new().await;
    let check = |commands: &Commands| told(&commands.world.run(&["check", "--config", "sealpost.toml"]));
    let line = "works       key source house (ldap): it answers, its base is there, and so are keys of OpenPGP";
    assert!(check(&commands).contains(line), "{}", check(&commands));
    commands.directory.slapd.stop();
    let line = "DOES NOT    key source house (ldap): it could not be reached";
    assert!(check(&commands).contains(line), "{}", check(&commands));
    let (down, code) = commands.discover("ann", &[]);
    assert_eq!((&down["outcome"], code), (&"failed".into(), Some(1)), "{down}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn letters_are_sealed_to_certificates_of_a_directory_and_wait_while_it_is_away() {
    let (dovecot, lmtp) = dovecot();
    let bench = Bench::new();
    bench.person("ann", "inner");
    let published = bench.published("ann", "inner.pem");
    let mut directory = Directory::start(&entry("ann", "userSMIMECertificate", &published));
    let (mut world, _) = events::hearing().await;
    post_by(&mut world.home, "support@desk.example", &PostOffice::open());
    world.home.settings.set("[[outgoing]]", "kind", quoted("lmtp"));
    world.home.settings.set("[[outgoing]]", "port", lmtp.port().to_string());
    let mappings = "[default]\nurgent = true\naudience = []\n[[mapping]]\nname = \"new\"\nevents = [\"created\"]\naddresses = [\"ann@people.example\"]\n";
    fs::write(world.home.file("mappings.toml"), mappings).unwrap();
    fs::write(world.home.file("sealing.toml"), RULES).unwrap();
    bench.trust(&world.home.file("keys"));
    world.home.settings.set("[[site]]", "mappings", quoted("mappings.toml"));
    for (name, value) in &sealing("house")[..3] {
        world.home.settings.set("[[site]]", name, quoted(value));
    }
    world.home.settings.set("[[site]]", "key_sources", "[\"house\"]".to_owned());
    directory.source(&mut world, &[]);
    directory.slapd.stop();
    let gateway = world.home.start();
    issue(&world);
    let deadline = Instant::now() + Duration::from_secs(60);
    let waits = |line: &Value| line["fault"].as_str().is_some_and(|why| why.contains("SP-0415"));
    while !letters(&world).iter().any(waits) {
        assert!(Instant::now() < deadline, "{:#?} {}", letters(&world), gateway.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(dovecot.mails("ann@people.example").len(), 0, "{}", of(&letters(&world), "ann@people.example"));
    directory.slapd.go_on();
    gateway.signal(Signal::HUP);
    let sealed = arrived(&dovecot, "ann@people.example", &gateway);
    assert!(!sealed.contains("lanted-leak"), "{sealed}");
    assert!(bench.open("ann", &sealed).contains("Planted-leak"));
    let listed = letters(&world);
    let taken = &of(&listed, "ann@people.example")["taken"];
    assert!(taken["left"].as_str().unwrap_or_default().starts_with("by S/MIME, encrypted"), "{taken:#}");
}

fn owner(name: &str) -> String {
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, name.as_bytes());
    HEXLOWER.encode(&hash.as_ref()[..28])
}

fn dns_source(settings: &mut SettingsFile, nsd: &Nsd) {
    let all = [
        ("name", quoted("names")),
        ("kind", quoted("dns")),
        ("servers", format!("[{}]", quoted(&nsd.address().to_string()))),
        ("trust_anchor", quoted(nsd.trust_anchor().to_str().unwrap())),
    ];
    settings.add("[[key_source]]", &all);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_relay_seals_to_keys_that_a_signed_zone_has_and_to_none_that_nobody_signed() {
    let (dovecot, lmtp) = dovecot();
    let bench = Bench::new();
    let (bob, dan) = (bench.person("bob", "root"), bench.person("dan", "other"));
    let gil = bench.pgp("gil");
    fs::write(bench.path("gil.asc"), gil).unwrap();
    bench.run(PROGRAM, &["key", "import", "--keys", "given", "--as", "people", "gil.asc"]);
    let record = |name: &str, usage: u8, der: &[u8]| {
        format!("{}._smimecert.people.example. SMIMEA {usage} 0 0 {}\n", owner(name), HEXLOWER.encode(der))
    };
    // As we print it for zones.
    let key = ["key", "export-public", "gil@people.example", "--keys", "given", "--format", "dns"];
    let key = String::from_utf8(bench.run(PROGRAM, &key)).unwrap();
    // An authority that nobody here knows signed Dan's; his zone says that it stands for itself. Of Eve's it says that it does not.
    let eve = bench.person("eve", "other");
    let root = [record("bob", 1, &bob), record("dan", 3, &dan), record("eve", 1, &eve), key].concat();
    let mut nsd = Nsd::start(&root, "", |zone| zone);
    let mut world = World::start().await;
    dns_source(&mut world.home.settings, &nsd);
    let relay = relay(&mut world, &bench, lmtp.port(), "names");
    let gateway = world.home.start();
    let people = ["bob", "dan", "eve", "gil", "zoe"].map(|name| format!("{name}@people.example"));
    let heard = submit(&world.home, relay, PASSWORD, &people.each_ref().map(String::as_str));
    assert!(heard.starts_with("accepted []"), "{heard} {}", gateway.log());
    let mail =
        |person: &str| String::from_utf8_lossy(&dovecot.mails(&format!("{person}@people.example"))[0]).into_owned();
    for person in ["bob", "dan"] {
        assert!(bench.open(person, &mail(person)).contains("Planted-words of a page."), "{person}");
    }
    assert!(bench.open_by_gpg(&mail("gil")).contains("Planted-words of a page."));
    for person in ["eve", "zoe"] {
        assert!(mail(person).contains("Planted-words"), "{person}");
    }
    nsd.stop();
    let heard = submit(&world.home, relay, PASSWORD, &["hal@people.example"]);
    assert!(heard.starts_with("refused") && heard.contains("451"), "{heard}");
    let told_of = told(&world.run(&["check", "--config", "sealpost.toml"]));
    assert!(told_of.contains("DOES NOT    key source names (dns)"), "{told_of}");
    nsd.go_on();
    let told_of = told(&world.run(&["check", "--config", "sealpost.toml"]));
    assert!(
        told_of.contains("works       key source names (dns): it answers, and its answers can be checked"),
        "{told_of}"
    );
}
