//! Revocation that is fetched: lists that `openssl ca` signs, over HTTP, and answers of `openssl ocsp`. For those who are written to, and for
//! those who have signed.

use super::relay::{PASSWORD, dovecot, submit, with_relay};
use super::relay_alone::home;
use super::relay_opens::{hand_in, next, opens};
use super::world::{PROGRAM, World, told};
use rig::dovecot::Dovecot;
use rig::gateway::Gateway;
use rig::home::Home;
use rig::settings_file::quoted;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// An authority of OpenSSL's.
struct Authority {
    dir: TempDir,
    servers: Vec<Child>,
    /// Where its lists are, and whoever answers for it.
    web: u16,
    responder: u16,
}

impl Drop for Authority {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

impl Authority {
    fn start() -> Authority {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("web")).unwrap();
        let responder = rig::port::free().port();
        let mut web = Command::new("python3");
        web.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stories/serve_keys.py")).arg(dir.path().join("web"));
        let mut web = web.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(web.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let authority = Authority { dir, servers: vec![web], web: line.trim().parse().unwrap(), responder };
        fs::write(authority.path("index.txt"), "").unwrap();
        fs::write(authority.path("serial"), "1001\n").unwrap();
        fs::write(authority.path("crlnumber"), "01\n").unwrap();
        fs::write(authority.path("ca.cnf"), authority.settings()).unwrap();
        let ca = [
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            "ca.key",
            "-out",
            "ca.pem",
            "-subj",
            "/CN=House CA",
        ];
        authority
            .run("openssl", &[&ca[..], &["-days", "30", "-config", "ca.cnf", "-extensions", "authority"]].concat());
        authority
    }

    fn settings(&self) -> String {
        let leaf = |name: &str, more: String| {
            format!(
                "[{name}]\nsubjectAltName = email:{name}@people.example\nkeyUsage = critical, digitalSignature, keyEncipherment\n\
                 extendedKeyUsage = emailProtection\nbasicConstraints = CA:FALSE\n{more}\n"
            )
        };
        let list = format!("crlDistributionPoints = URI:http://localhost:{}/house.crl", self.web);
        let gone = format!("crlDistributionPoints = URI:http://localhost:{}/gone.crl", self.web);
        let answers = format!("authorityInfoAccess = OCSP;URI:http://localhost:{}/", self.responder);
        let leaves = [
            leaf("ann", list.clone()),
            leaf("rob", list),
            leaf("ula", gone.clone()),
            leaf("otto", answers.clone()),
            leaf("olga", answers.clone()),
            // The list is not there, and the answer is.
            leaf("ivo", format!("{gone}\n{answers}")),
            // Nobody offers to tell.
            leaf("max", String::new()),
        ];
        format!(
            "[ca]\ndefault_ca = house\n[house]\ndatabase = index.txt\nserial = serial\ncrlnumber = crlnumber\nnew_certs_dir = .\n\
             certificate = ca.pem\nprivate_key = ca.key\ndefault_md = sha256\ndefault_days = 20\ndefault_crl_days = 5\npolicy = any\n\
             unique_subject = no\n[any]\ncommonName = supplied\n[req]\ndistinguished_name = dn\n[dn]\n[authority]\n\
             basicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign, cRLSign, digitalSignature\nsubjectKeyIdentifier = hash\n{}",
            leaves.concat()
        )
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    #[track_caller]
    fn run(&self, program: &str, args: &[&str]) {
        let output = Command::new(program).args(args).current_dir(self.dir.path()).output().unwrap();
        assert!(output.status.success(), "{program} {args:?}: {}", told(&output));
    }

    fn issue(&self, name: &str) {
        let (key, csr, pem, subject) =
            (format!("{name}.key"), format!("{name}.csr"), format!("{name}.pem"), format!("/CN={name}"));
        let request =
            ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", &key, "-out", &csr, "-subj", &subject];
        self.run("openssl", &[&request[..], &["-config", "ca.cnf"]].concat());
        let sign = ["ca", "-batch", "-notext", "-config", "ca.cnf", "-extensions", name, "-in", &csr, "-out", &pem];
        self.run("openssl", &sign);
    }

    fn revoke(&self, name: &str) {
        self.run(
            "openssl",
            &["ca", "-config", "ca.cnf", "-revoke", &format!("{name}.pem"), "-crl_reason", "keyCompromise"],
        );
    }

    fn publish(&mut self) {
        self.run("openssl", &["ca", "-config", "ca.cnf", "-gencrl", "-out", "crl.pem"]);
        self.run("openssl", &["crl", "-in", "crl.pem", "-outform", "DER", "-out", "web/house.crl"]);
        let port = self.responder.to_string();
        let args = [
            "ocsp",
            "-port",
            &port,
            "-index",
            "index.txt",
            "-CA",
            "ca.pem",
            "-rkey",
            "ca.key",
            "-rsigner",
            "ca.pem",
            "-ndays",
            "2",
        ];
        let log = fs::File::create(self.path("responder.log")).unwrap();
        let mut responder = Command::new("openssl");
        responder.args(args).current_dir(self.dir.path()).stdout(log.try_clone().unwrap()).stderr(log);
        self.servers.push(responder.spawn().unwrap());
        // It tells when it listens; a connection that says nothing would keep it from all others.
        let until = Instant::now() + Duration::from_secs(20);
        while !fs::read_to_string(self.path("responder.log")).unwrap().contains("waiting for OCSP client") {
            assert!(Instant::now() < until, "no responder");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// A mail that this person has signed.
    fn signed(&self, name: &str) -> Vec<u8> {
        fs::write(self.path("words"), "Words of a letter.\n").unwrap();
        let (pem, key, mail, from) =
            (format!("{name}.pem"), format!("{name}.key"), format!("{name}.eml"), format!("{name}@people.example"));
        let sign = ["cms", "-sign", "-text", "-in", "words", "-signer", &pem, "-inkey", &key, "-out", &mail];
        let head = ["-from", &from, "-to", "box@desk.example", "-subject", "words"];
        self.run("openssl", &[&sign[..], &head].concat());
        fs::read(self.path(&mail)).unwrap()
    }

    fn asked(&self) -> String {
        fs::read_to_string(self.path("web/asked")).unwrap_or_default()
    }
}

const RULES: &str = "version = 1\n[default]\nencrypt = \"always\"\nfallback = \"do_not_send\"\nscheme = \"smime_only\"\nrevocation = \"hard\"\n";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revocation_is_fetched_from_where_certificates_name_it() {
    let (dovecot, lmtp) = dovecot();
    let mut authority = Authority::start();
    let mut world = World::start().await;
    let folder = world.home.file("keys");
    let keys = folder.to_str().unwrap();
    let names = ["ann", "rob", "ula", "otto", "olga", "ivo"];
    for name in names {
        authority.issue(name);
        authority.run(PROGRAM, &["key", "import", "--keys", keys, &format!("{name}.pem")]);
    }
    authority.revoke("rob");
    authority.revoke("olga");
    authority.publish();
    authority.run(PROGRAM, &["key", "import", "--keys", keys, "--as", "trusted", "ca.pem"]);
    fs::write(world.home.file("sealing.toml"), RULES).unwrap();
    let relay = with_relay(
        &mut world.home,
        "lmtp",
        lmtp.port(),
        &[("seal", "rules"), ("rules", "sealing.toml"), ("keys", "keys")],
    );
    world.home.settings.set("[[relay]]", "fetch_revocation", "true");
    world.home.settings.set("[[relay]]", "revocation_hosts", "[\"localhost\"]");
    let gateway = world.home.start();
    let people = names.map(|name| format!("{name}@people.example"));
    for (name, person) in names.iter().zip(&people) {
        let heard = submit(&world.home, relay, PASSWORD, &[person]);
        let is_good = ["ann", "otto", "ivo"].contains(name);
        assert_eq!(heard.starts_with("accepted []"), is_good, "{name}: {heard} {}", gateway.log());
        assert_eq!(dovecot.mails(person).len(), usize::from(is_good), "{name}");
    }
    let sealed = dovecot.mails(&people[0]);
    fs::write(authority.path("ann.eml"), &sealed[0]).unwrap();
    authority.run(
        "openssl",
        &["cms", "-decrypt", "-in", "ann.eml", "-recip", "ann.pem", "-inkey", "ann.key", "-out", "ann.txt"],
    );
    assert!(fs::read_to_string(authority.path("ann.txt")).unwrap().contains("Planted-words of a page."));
    let asked = authority.asked();
    assert_eq!(asked.matches("/house.crl").count(), 1, "a list counts until its next: {asked}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_authority_is_asked_unless_the_settings_say_so() {
    let (_dovecot, lmtp) = dovecot();
    let mut authority = Authority::start();
    let mut world = World::start().await;
    let folder = world.home.file("keys");
    authority.issue("ann");
    authority.publish();
    authority.run(PROGRAM, &["key", "import", "--keys", folder.to_str().unwrap(), "ann.pem"]);
    authority.run(PROGRAM, &["key", "import", "--keys", folder.to_str().unwrap(), "--as", "trusted", "ca.pem"]);
    fs::write(world.home.file("sealing.toml"), RULES).unwrap();
    let relay = with_relay(
        &mut world.home,
        "lmtp",
        lmtp.port(),
        &[("seal", "rules"), ("rules", "sealing.toml"), ("keys", "keys")],
    );
    let mut refused = Vec::new();
    for fetches in [false, true] {
        // Without its host being named, this machine is not asked either.
        world.home.settings.set("[[relay]]", "fetch_revocation", fetches);
        let _gateway = world.home.start();
        refused.push(submit(&world.home, relay, PASSWORD, &["ann@people.example"]));
    }
    assert!(refused.iter().all(|heard| heard.starts_with("refused") && heard.contains("550")), "{refused:?}");
    assert_eq!(authority.asked(), "");
}

/// A relay in front of a mailbox, which opens and checks mail by a folder of keys.
struct Front {
    dovecot: Dovecot,
    home: Home,
    listen: SocketAddr,
}

impl Front {
    fn new() -> Front {
        let (dovecot, lmtp) = dovecot();
        let mut home = home();
        fs::create_dir(home.file("keys")).unwrap();
        next(&mut home, "lmtp", lmtp.port());
        let listen = opens(&mut home, "box", "smtp");
        Front { dovecot, home, listen }
    }

    /// The same relay with other settings, and this as the authorities of the system.
    fn start(&mut self, settings: &[(&str, String)], system: &str) -> Gateway {
        for (key, value) in settings {
            self.home.settings.set("[[relay]]", key, value);
        }
        self.home.write_settings();
        let mut command = self.home.command(&["serve", "--config", "sealpost.toml", "--role", "relay"]);
        command.env("SSL_CERT_FILE", system).env_remove("SSL_CERT_DIR");
        let mut gateway = self.home.run(command);
        assert!(gateway.wait_until_ready().is_ok(), "{}", gateway.log());
        gateway
    }

    /// What a mail that this person has signed is said to be worth, where it arrives for somebody of this name.
    fn signed(&self, authority: &Authority, name: &str, to: &str) -> String {
        let person = format!("{name}-{to}@desk.example");
        let heard = hand_in("smtp", self.listen, &[&person], &authority.signed(name));
        assert!(heard.starts_with("accepted []"), "{heard}");
        let mails = self.dovecot.mails(&person);
        let [arrived] = &mails[..] else { panic!("{person} has {} mails", mails.len()) };
        let text = String::from_utf8_lossy(arrived).replace("\r\n", "\n").replace("\n\t", " ").replace("\n ", " ");
        let verdict = text.lines().find_map(|line| line.strip_prefix("X-Sealpost-Sealed: "));
        let worth = verdict.and_then(|verdict| verdict.split("; ").find_map(|part| part.strip_prefix("signed=")));
        worth.unwrap_or_else(|| panic!("{text}")).to_owned()
    }
}

/// Authorities are asked, and this becomes of those about whom nothing is learned.
fn asking(of_unknown: &str) -> Vec<(&'static str, String)> {
    let hosts = "[\"localhost\"]".to_owned();
    vec![("fetch_revocation", "true".to_owned()), ("revocation_hosts", hosts), ("revocation", quoted(of_unknown))]
}

#[test]
fn authorities_are_asked_about_those_who_have_signed() {
    let mut authority = Authority::start();
    let mut front = Front::new();
    let names = ["ann", "rob", "ula", "otto", "olga", "ivo"];
    names.iter().for_each(|name| authority.issue(name));
    authority.revoke("rob");
    authority.revoke("olga");
    authority.publish();
    let keys = front.home.file("keys");
    authority.run(PROGRAM, &["key", "import", "--keys", keys.to_str().unwrap(), "--as", "trusted", "ca.pem"]);
    for (round, settings, trusted) in [
        ("silent", Vec::new(), vec![]),
        ("hard", asking("hard"), vec!["ann", "otto", "ivo"]),
        // Of whom nobody knows is trusted; who is revoked never is.
        ("soft", asking("soft"), vec!["ann", "ula", "otto", "ivo"]),
    ] {
        let gateway = front.start(&settings, authority.path("ca.pem").to_str().unwrap());
        for name in names {
            let expected = if trusted.contains(&name) { "trusted" } else { "untrusted" };
            let worth = front.signed(&authority, name, round);
            assert_eq!(worth, expected, "{name}, {round}: {}", gateway.log());
        }
        if round == "silent" {
            assert_eq!(authority.asked(), "", "nobody is asked unless the settings say so");
        }
    }
    let asked = authority.asked();
    assert_eq!(asked.matches("/house.crl").count(), 2, "a list counts until its next, or until a restart: {asked}");
}

#[test]
fn the_system_s_authorities_are_believed_where_the_settings_say_so() {
    let authority = Authority::start();
    let mut front = Front::new();
    authority.issue("max");
    let system = authority.path("ca.pem");
    for (trusts, expected) in [("false", "untrusted"), ("true", "trusted")] {
        let gateway = front.start(&[("trust_system", trusts.to_owned())], system.to_str().unwrap());
        let worth = front.signed(&authority, "max", trusts);
        assert_eq!(worth, expected, "{trusts}: {}", gateway.log());
    }
    // Without them nobody is there to be believed.
    let gateway = front.start(&[("trust_system", "true".to_owned())], "/dev/null");
    assert_eq!(front.signed(&authority, "max", "nobody"), "untrusted", "{}", gateway.log());
    assert!(gateway.log().contains("the system has no authorities"), "{}", gateway.log());
}
