//! Programs that are started anew for each mail, as scripts do it: `openssl cms`.

use super::super::child;
use super::folder::Folder;
use super::{Rate, Row};
use crate::command::Failure;
use std::time::{Duration, Instant};

/// What openssl does, and how often.
pub fn rows(folder: &Folder, long: Duration) -> Result<Vec<Row>, Failure> {
    let mut rows = Vec::new();
    for (name, key) in [("RSA-2048", "rsa2048"), ("RSA-3072", "rsa3072"), ("P-256", "p256")] {
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
    Ok(rows)
}

/// These commands, one behind the other, again and again; `None` where the program is not there.
pub fn repeated(folder: &Folder, program: &str, jobs: &[&[&str]], long: Duration) -> Result<Option<Rate>, Failure> {
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
