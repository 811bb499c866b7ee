//! Bouncy Castle in one JVM that is warm before it counts: what programs on Java seal with.

use super::folder::Folder;
use super::openpgp;
use super::{Rate, Row};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// From Debian's libbcmail-java and libbcpg-java, and what those depend on.
const JARS: &str = "/usr/share/java/bcmail.jar:/usr/share/java/bcpkix.jar:/usr/share/java/bcprov.jar:\
    /usr/share/java/bcutil.jar:/usr/share/java/bcpg.jar:/usr/share/java/javax.mail.jar";

/// The rows by which the aims are measured.
pub const BY_CASTLE: &str = "Bouncy Castle through JavaMail: signed and encrypted, RSA-2048";
pub const BY_JDK: &str = "the same on the JDK's providers: signed and encrypted, RSA-2048";
pub const BARE: &str = "the same without JavaMail: signed and encrypted, RSA-2048";
/// The rows of OpenPGP.
pub const PGP: &str = "Bouncy Castle: OpenPGP, signed and encrypted, RSA-2048";
const PGP_OPENED: &str = "Bouncy Castle: OpenPGP, decrypted and checked, RSA-2048";

/// What is asked of it: the row, the job, whose primitives, the algorithm, and the key.
const JOBS: [(&str, &str, &str, &str, &str); 9] = [
    (BY_CASTLE, "seal", "BC", "SHA256withRSA", "rsa2048"),
    ("Bouncy Castle through JavaMail: decrypted and checked, RSA-2048", "open", "BC", "SHA256withRSA", "rsa2048"),
    (BY_JDK, "seal", "jdk", "SHA256withRSA", "rsa2048"),
    ("the same on the JDK's providers: decrypted and checked, RSA-2048", "open", "jdk", "SHA256withRSA", "rsa2048"),
    (BARE, "bare", "jdk", "SHA256withRSA", "rsa2048"),
    ("Bouncy Castle through JavaMail: signed and encrypted, RSA-3072", "seal", "BC", "SHA256withRSA", "rsa3072"),
    ("Bouncy Castle through JavaMail: decrypted and checked, RSA-3072", "open", "BC", "SHA256withRSA", "rsa3072"),
    ("Bouncy Castle through JavaMail: signed and encrypted, P-256", "seal", "BC", "SHA256withECDSA", "p256"),
    ("Bouncy Castle through JavaMail: decrypted and checked, P-256", "open", "BC", "SHA256withECDSA", "p256"),
];

struct Jvm {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Jvm {
    fn start(folder: &Folder, program: &Path) -> Option<Jvm> {
        let program = std::fs::canonicalize(program.join("BouncyCastle.java")).ok()?;
        let mut child = Command::new("java")
            .args(["-XX:+UseSerialGC", "-cp", JARS])
            .arg(program)
            .current_dir(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let input = child.stdin.take()?;
        let output = BufReader::new(child.stdout.take()?);
        Some(Jvm { child, input, output })
    }

    /// Mails, and the nanoseconds of the CPU and of the clock that they took.
    fn ask(&mut self, job: &str) -> Option<Rate> {
        writeln!(self.input, "{job}").ok()?;
        let mut answer = String::new();
        self.output.read_line(&mut answer).ok()?;
        let mut numbers = answer.trim().strip_prefix("ok\t")?.split('\t').map(str::parse::<f64>);
        let mut next = || numbers.next().and_then(Result::ok);
        let (count, cpu, wall) = (next()?, next()?, next()?);
        Some(Rate { per_cpu_s: Some(count * 1e9 / cpu.max(1.0)), per_wall_s: count * 1e9 / wall.max(1.0) })
    }
}

impl Drop for Jvm {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All that it does; without a JDK or its jars the rows say so.
pub fn rows(folder: &Folder, program: &Path, long: Duration) -> Vec<Row> {
    let mut jvm = Jvm::start(folder, program);
    let seconds = long.as_secs();
    let mut jobs = Vec::new();
    for (name, what, provider, algorithm, key) in JOBS {
        jobs.push((name, format!("{what}\t{provider}\t{algorithm}\taes-256-cbc\t{key}.p8\t{key}.cer")));
    }
    for (name, what) in [(PGP, "pgp-seal"), (PGP_OPENED, "pgp-open")] {
        jobs.push((name, format!("{what}\tBC\t-\t-\t{}\t{}", openpgp::KEY, openpgp::CERTIFICATE)));
    }
    let mut rate = |job: &str| jvm.as_mut().and_then(|jvm| jvm.ask(&format!("bench\t{job}\tmail\t{seconds}")));
    jobs.iter().map(|(name, job)| (*name, rate(job))).map(|(name, rate)| Row { name: name.to_owned(), rate }).collect()
}
