//! References to secrets: where a secret is read from, so that none ever stands in the settings.

use std::path::{Path, PathBuf};

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
pub fn read(reference: &str, folder: &Path) -> Result<String, String> {
    if let Some(name) = reference.strip_prefix("env:") {
        return std::env::var(name).map_err(|_| format!("the environment variable {name} is not set"));
    }
    let path = path(reference, folder).ok_or("CREDENTIALS_DIRECTORY is not set")?;
    let about = std::fs::metadata(&path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    if about.len() > SECRET_BYTES_MAX {
        return Err(format!("{} is larger than any secret", path.display()));
    }
    refuse_readable_by_others(&path, &about)?;
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
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
