//! Programs that are started anew for each mail, as scripts do it: `openssl cms`, and `gpg`.

use super::super::child;
use super::folder::Folder;
use super::{Rate, Row};
use crate::command::Failure;
use std::process::Command;
use std::time::{Duration, Instant};

/// What openssl and gpg do, and how often.
pub fn rows(folder: &Folder, long: Duration) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for (name, key) in [("RSA-2048", "rsa2048"), ("P-256", "p256")] {
        let (pem, private) = (format!("{key}.pem"), format!("{key}.key"));
        let sign = ["cms", "-sign", "-in", "mail", "-signer", &pem, "-inkey", &private, "-out", "signed"];
        let encrypt = ["cms", "-encrypt", "-in", "signed", "-aes-256-cbc", "-out", "sealed", &pem];
        let rate = repeated(folder, "openssl", &[&sign, &encrypt], long)?;
        rows.push(Row { name: format!("openssl cms, two processes: signed and encrypted, {name}"), rate });
        let decrypt = ["cms", "-decrypt", "-in", "sealed", "-recip", &pem, "-inkey", &private, "-out", "opened"];
        let verify = ["cms", "-verify", "-in", "opened", "-CAfile", "ca.pem", "-purpose", "any", "-out", "checked"];
        let rate = repeated(folder, "openssl", &[&decrypt, &verify], long)?;
        rows.push(Row { name: format!("openssl cms, two processes: decrypted and checked, {name}"), rate });
    }
    rows.push(Row { name: "gpg, a process: signed and encrypted, RSA-2048".to_owned(), rate: gpg(folder, long)? });
    Ok(rows)
}

/// These commands, one behind the other, again and again; `None` where the program is not there.
fn repeated(folder: &Folder, program: &str, jobs: &[&[&str]], long: Duration) -> Result<Option<Rate>, Failure> {
    let own = std::process::id();
    let (begun, cpu) = (Instant::now(), child::used(own));
    let mut count = 0_u32;
    while begun.elapsed() < long {
        for words in jobs {
            match folder.command(program, words).status() {
                Ok(status) if status.success() => {}
                Ok(status) => return Err(Failure::new(format!("{program} {} failed: {status}", words.join(" ")))),
                Err(_) => return Ok(None),
            }
        }
        count += 1;
    }
    let (wall, cpu, count) = (begun.elapsed(), child::used(own).saturating_sub(cpu), f64::from(count));
    Ok(Some(Rate { per_cpu_s: Some(count / cpu.as_secs_f64().max(0.01)), per_wall_s: count / wall.as_secs_f64() }))
}

/// Its agent does the private operation in a process of its own, so only the clock counts.
fn gpg(folder: &Folder, long: Duration) -> Result<Option<Rate>, Failure> {
    use std::os::unix::fs::DirBuilderExt;
    let home = folder.path().join("gnupg");
    std::fs::DirBuilder::new()
        .mode(0o700)
        .create(&home)
        .map_err(|error| Failure::new(format!("cannot make {}: {error}", home.display())))?;
    let home = home.to_string_lossy().into_owned();
    let quiet = ["--homedir", &home, "--batch", "--yes", "--quiet", "--trust-model", "always"];
    let user = "somebody@example.com";
    let key = ["--passphrase", "", "--quick-generate-key", user, "rsa2048", "default", "1d"];
    let made = folder.command("gpg", &[&quiet[..], &key].concat()).status();
    let Ok(status) = made else { return Ok(None) };
    if !status.success() {
        return Err(Failure::new(format!("gpg made no key: {status}")));
    }
    // The key that was made only signs; a part of it that opens is added.
    let listed = Command::new("gpg").args(quiet).args(["--with-colons", "--list-keys", user]).output();
    let listed = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let print = listed.lines().find_map(|line| line.strip_prefix("fpr:")).unwrap_or_default().trim_matches(':');
    let add = ["--passphrase", "", "--quick-add-key", print, "rsa2048", "encr"];
    let _ = folder.command("gpg", &[&quiet[..], &add].concat()).status();
    let words = [&quiet[..], &["--armor", "--sign", "--encrypt", "-r", user, "-o", "sealed.asc", "mail"]].concat();
    let rate = repeated(folder, "gpg", &[&words], long);
    let _ = folder.command("gpgconf", &["--homedir", &home, "--kill", "all"]).status();
    Ok(rate?.map(|rate| Rate { per_cpu_s: None, ..rate }))
}
