//! References to secrets: where a secret is read from, so that none ever stands in the settings.

use std::path::{Path, PathBuf};

/// Why a secret cannot be had, without it, and what to do.
#[derive(Debug)]
pub struct Unread {
    pub why: String,
    pub remedy: &'static str,
}

/// The largest secret that is read.
const SECRET_BYTES_MAX: u64 = 16 * 1024;

/// The path behind a `file:` or `credential:` reference, or `None` for `env:`.
///
/// `file:` is relative to `folder`; `credential:` is a file in the folder that the service manager names in
/// `CREDENTIALS_DIRECTORY`.
pub fn path(reference: &str, folder: &Path) -> Option<PathBuf> {
    if let Some(file) = reference.strip_prefix("file:") {
        return Some(folder.join(file));
    }
    let name = reference.strip_prefix("credential:")?;
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY")?;
    Some(PathBuf::from(credentials).join(name))
}

/// The secret behind a reference, without the line end that editors add. The error says why not, without the secret.
pub fn read(reference: &str, folder: &Path) -> Result<String, Unread> {
    let unread = |why: String, remedy: &'static str| Unread { why, remedy };
    if let Some(name) = reference.strip_prefix("env:") {
        let remedy = "set it in the environment of the gateway's process, and of every command";
        return std::env::var(name).map_err(|_| unread(format!("the environment variable {name} is not set"), remedy));
    }
    let path = path(reference, folder).ok_or_else(|| {
        let remedy = "let the service manager hand the credential over, or write file:PATH";
        unread("CREDENTIALS_DIRECTORY is not set".into(), remedy)
    })?;
    let cannot = |error: std::io::Error| {
        let remedy = "make the file, readable for the gateway and nobody else";
        unread(format!("{} cannot be read: {error}", path.display()), remedy)
    };
    let about = std::fs::metadata(&path).map_err(cannot)?;
    if about.len() > SECRET_BYTES_MAX {
        return Err(unread(format!("{} is larger than any secret", path.display()), "name the file of the secret"));
    }
    refuse_readable_by_others(&path, &about)
        .map_err(|why| unread(why, "make the secret readable for the gateway and nobody else"))?;
    let text = std::fs::read_to_string(&path).map_err(cannot)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_string())
}

#[cfg(unix)]
fn refuse_readable_by_others(path: &Path, about: &std::fs::Metadata) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    if about.permissions().mode() & 0o007 != 0 {
        return Err(format!("{} may be read by everybody; run chmod o= on it", path.display()));
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_readable_by_others(_path: &Path, _about: &std::fs::Metadata) -> Result<(), String> {
    Ok(())
}
