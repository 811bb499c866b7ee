//! Where a gateway lives in a test: a temporary folder with its settings, keys, data and log.

#![allow(clippy::unwrap_used, reason = "a test that cannot write its folder must stop at once and say where")]

use crate::gateway::Gateway;
use crate::port;
use crate::settings_file::{SettingsFile, quoted};
use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// The site that the gateway works for.
#[derive(Debug, Clone)]
pub struct Site {
    pub url: String,
    pub account: String,
    pub token: String,
}

/// The profile of the one mailbox, unless a test writes another one.
pub const PROFILE: &str = "[default]\nproject = \"DEMO\"\nissue_type = \"Task\"\n";

/// How long a dead process keeps its jobs, in seconds: the shortest lease that the settings allow.
pub const LEASE_S: u32 = 5;

/// A gateway's folder. Settings are written at each start, so a test may change them before.
pub struct Home {
    folder: TempDir,
    data: PathBuf,
    program: PathBuf,
    pub settings: SettingsFile,
    pub smtp: SocketAddr,
    pub operations: SocketAddr,
}

impl Home {
    /// A home with everything in its own folder. `program` is the binary.
    pub fn new(program: &str, site: &Site) -> Home {
        Home::make(program, site, None)
    }

    /// A home whose databases, keys and blobs are in the folder `data`, which other homes may share.
    pub fn with_data(program: &str, site: &Site, data: &Path) -> Home {
        Home::make(program, site, Some(data.to_owned()))
    }

    fn make(program: &str, site: &Site, data: Option<PathBuf>) -> Home {
        let folder = tempfile::Builder::new().prefix("rig-home-").tempdir().unwrap();
        let data = data.unwrap_or_else(|| folder.path().join("data"));
        fs::create_dir_all(&data).unwrap();
        let (smtp, operations, console) = (port::free(), port::free(), port::free());
        let mut home =
            Home { folder, data, program: program.into(), settings: SettingsFile::default(), smtp, operations };
        home.write_secret("site.token", &site.token);
        fs::write(home.file("profile.toml"), PROFILE).unwrap();
        if !home.master_key().exists() {
            write_secret(&home.master_key(), &random_hex());
        }
        home.settings = home.usual_settings(site, console);
        home
    }

    /// Quick waits and small limits; everything else as the program has it.
    fn usual_settings(&self, site: &Site, console: SocketAddr) -> SettingsFile {
        let mut settings = SettingsFile::default();
        let data = |name: &str| self.data.join(name).display().to_string();
        settings.set("[store]", "database", quoted(&format!("sqlite:{}", data("sealpost.db"))));
        settings.set("[store]", "key_book", quoted(&format!("sqlite:{}", data("book.db"))));
        settings.set("[store]", "blobs", quoted(&data("blobs")));
        settings.set("[store]", "master_key", quoted(&format!("file:{}", data("master.key"))));
        settings.set("[store]", "free_mib_min", 8);
        settings.set("[console]", "listen", quoted(&console.to_string()));
        settings.set("[operations]", "listen", quoted(&self.operations.to_string()));
        settings.set("[log]", "level", quoted("info"));
        settings.set("[cells]", "sandbox", quoted("reduced"));
        settings.set("[cells]", "count", 1);
        settings.set("[work]", "lease_s", LEASE_S);
        settings.set("[work]", "look_ups_s", "[\"0.2\", \"0.4\", \"0.6\", \"0.8\"]");
        let site_values = [
            ("name", quoted("demo")),
            ("api_base", quoted(&site.url)),
            ("browse_base", quoted(&site.url)),
            ("account", quoted(&site.account)),
            ("token", quoted("file:site.token")),
            ("allow_private", "true".to_owned()),
            ("requests_per_s", "0".to_owned()),
        ];
        settings.add("[[site]]", &site_values);
        let mailbox = [
            ("name", quoted("support")),
            ("site", quoted("demo")),
            ("listen", quoted(&self.smtp.to_string())),
            ("profile", quoted("support")),
        ];
        settings.add("[[mailbox]]", &mailbox);
        settings.add("[[profile]]", &[("name", quoted("support")), ("file", quoted("profile.toml"))]);
        settings
    }

    /// A file beside the settings.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder of databases, keys and blobs.
    pub fn data(&self) -> &Path {
        &self.data
    }

    pub fn master_key(&self) -> PathBuf {
        self.data.join("master.key")
    }

    /// Writes a file with mode 0600 beside the settings.
    pub fn write_secret(&self, name: &str, text: &str) {
        write_secret(&self.file(name), text);
    }

    /// Writes the settings as they are now; their path.
    pub fn write_settings(&self) -> PathBuf {
        let file = self.file("sealpost.toml");
        fs::write(&file, self.settings.text()).unwrap();
        file
    }

    /// The program with these words, in the home's folder, with nothing of ours in its environment.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        let ours = std::env::vars_os().map(|(name, _)| name);
        for name in ours.filter(|name| name.to_string_lossy().starts_with("SEALPOST_")) {
            command.env_remove(name);
        }
        command.args(words).current_dir(self.folder.path());
        command
    }

    /// Starts `serve` and waits until it is ready. Panics with its log when it ends before.
    pub fn start(&self) -> Gateway {
        let mut gateway = self.spawn(&[]);
        if let Err(status) = gateway.wait_until_ready() {
            panic!("the gateway ended before it was ready ({status}): {}", gateway.log());
        }
        gateway
    }

    /// Starts `serve` with more in its environment and does not wait.
    pub fn spawn(&self, environment: &[(&str, &str)]) -> Gateway {
        self.write_settings();
        let mut command = self.command(&["serve", "--config", "sealpost.toml"]);
        command.envs(environment.iter().copied());
        self.run(command)
    }

    /// Runs a command that serves, and does not wait.
    pub fn run(&self, command: Command) -> Gateway {
        Gateway::spawn(command, self.operations, self.file("log"), self.file("out"))
    }
}

fn write_secret(file: &Path, text: &str) {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file).unwrap();
    writeln!(file, "{text}").unwrap();
    // The power may go at any time from here on.
    file.sync_all().unwrap();
}

/// 32 random bytes as lower-case hex.
fn random_hex() -> String {
    let mut bytes = [0; 32];
    fs::File::open("/dev/urandom").unwrap().read_exact(&mut bytes).unwrap();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
