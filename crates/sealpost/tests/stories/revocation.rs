//! Revocation that is fetched: lists that `openssl ca` signs, over HTTP, and answers of `openssl ocsp`.

use super::relay::{PASSWORD, dovecot, submit, with_relay};
use super::world::{PROGRAM, World, told};
use std::fs;
use std::io::{BufRead, BufReader};
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
