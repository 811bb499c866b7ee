//! A PostgreSQL cluster of its own for a test: reachable by a socket in its folder only, gone when dropped.

#![allow(clippy::unwrap_used, reason = "a test that cannot start its server must stop at once and say where")]

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The server's word for its user; PostgreSQL refuses to run as root.
const USER: &str = "postgres";
/// How long a cluster may take to answer; a loaded machine needs most of a minute.
const START_TIMEOUT: Duration = Duration::from_secs(90);
/// Between two looks whether it answers.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Starts the server and stops it when standard input ends: with the test's process, even when that is killed. Then its folder (`$0`) goes too.
const KEEPER: &str = r#""$@" <&- & server=$!; read -r _; kill -QUIT "$server"; wait "$server"; rm -rf "$0"/*"#;

/// Nobody copies these clusters, and a test machine has not much room.
const LEAN: &[&str] = &["wal_level=minimal", "max_wal_senders=0", "min_wal_size=32MB", "max_wal_size=64MB"];

/// Does the cluster write to the disk before it answers?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disk {
    /// For tests that only look at what the database says.
    Relaxed,
    /// For tests of durability and for measuring.
    Synced,
}

/// A running cluster.
pub struct Cluster {
    folder: TempDir,
    binaries: PathBuf,
    owner: Option<(u32, u32)>,
    keeper: Child,
    databases: AtomicU32,
}

impl Cluster {
    /// Makes and starts a cluster. Panics with the reason when PostgreSQL is not installed or does not start.
    pub fn start(disk: Disk) -> Cluster {
        let binaries = binaries();
        let folder = tempfile::Builder::new().prefix("rig-postgres-").tempdir().unwrap();
        let owner = owner();
        if let Some((user, group)) = owner {
            chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        let data = folder.path().join("data");
        run(as_owner(&binaries.join("initdb"), owner)
            .args(["--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "--username", USER, "--pgdata"])
            .arg(&data));
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let mut keeper = as_owner(Path::new("/bin/sh"), owner);
        keeper.args(["-c", KEEPER]).arg(folder.path()).arg(binaries.join("postgres")).arg("-D").arg(&data);
        keeper.arg("-k").arg(folder.path()).args(["-c", "listen_addresses=", "-c", "max_connections=200"]);
        if disk == Disk::Relaxed {
            keeper.args(LEAN.iter().chain(&["fsync=off", "full_page_writes=off"]).flat_map(|one| ["-c", one]));
        }
        keeper.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        let keeper = keeper.spawn().unwrap();
        let cluster = Cluster { folder, binaries, owner, keeper, databases: AtomicU32::new(0) };
        cluster.wait_until_it_answers();
        cluster
    }

    /// A new, empty database; its URL.
    pub fn database(&self) -> String {
        let name = format!("test_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.sql("postgres", &format!("CREATE DATABASE {name}"));
        format!("postgres:///{name}?host={}&user={USER}", self.folder.path().display())
    }

    /// Takes these databases away, whoever still uses them.
    pub fn drop_databases<'a>(&self, urls: impl IntoIterator<Item = &'a str>) {
        for url in urls {
            self.sql("postgres", &format!("DROP DATABASE {} WITH (FORCE)", name_of(url)));
        }
    }

    /// Runs SQL in the database of this URL or name; what it printed, columns separated by `|`.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let output =
            self.client("psql", database).args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql]).output();
        let output = output.unwrap();
        assert!(output.status.success(), "psql: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Everything in the database as text.
    pub fn dump(&self, database: &str) -> Vec<u8> {
        let output = self.client("pg_dump", database).arg("--inserts").output().unwrap();
        assert!(output.status.success(), "pg_dump: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// The folder with tables and log.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn client(&self, program: &str, database: &str) -> Command {
        let mut command = as_owner(&self.binaries.join(program), self.owner);
        command.arg("-h").arg(self.folder.path()).args(["-U", USER, "-d", name_of(database)]);
        command
    }

    fn wait_until_it_answers(&self) {
        let since = Instant::now();
        loop {
            let mut ready = as_owner(&self.binaries.join("pg_isready"), self.owner);
            ready.arg("-h").arg(self.folder.path()).args(["-U", USER, "-d", "postgres", "-q"]);
            if ready.status().unwrap().success() {
                return;
            }
            let log = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            assert!(since.elapsed() < START_TIMEOUT, "PostgreSQL does not answer: {}", log());
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // The keeper's input ends, so it stops the server; then it ends itself.
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// A database's name, of itself or of its URL.
fn name_of(database: &str) -> &str {
    let name = database.split_once('?').map_or(database, |(name, _)| name);
    name.rsplit_once('/').map_or(name, |(_, name)| name)
}

/// A command that runs as the owner of the cluster, in a folder that the owner may enter.
fn as_owner(program: &Path, owner: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/").env_remove("PGHOST").env_remove("PGDATABASE").env("LC_ALL", "C");
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The newest PostgreSQL that is installed, as Debian lays it out, or the one in the search path.
fn binaries() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin"))))
        .filter(|(_, folder)| folder.join("initdb").is_file())
        .max_by_key(|(version, _)| *version);
    if let Some((_, folder)) = newest {
        return folder;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).find(|folder| folder.join("initdb").is_file());
    found.expect("PostgreSQL is not installed; `./test` installs it (Debian: apt-get install postgresql)")
}

/// Whom the cluster belongs to: ourselves, or, when we are root, the user that the package made.
fn owner() -> Option<(u32, u32)> {
    let output = Command::new("id").arg("-u").output().unwrap();
    if String::from_utf8_lossy(&output.stdout).trim() != "0" {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let line = users.lines().find(|line| line.starts_with("postgres:"));
    let line = line.expect("there is no user postgres; Debian's package makes one");
    let mut fields = line.split(':').skip(2).map(|field| field.parse().unwrap());
    Some((fields.next().unwrap(), fields.next().unwrap()))
}
