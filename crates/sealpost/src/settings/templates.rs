//! Templates of letters about events as they stand in files: the file itself, and beside it the folder of what they show.

use policy::template::{RESOURCE_BYTES_MAX, Templates};
use std::fs;
use std::path::Path;

/// The folder beside a file of templates in which stands what they show.
const RESOURCES: &str = "resources";
/// Files of that folder that are looked at; more are refused by the templates.
const LOOKED_AT: usize = 1000;

/// The templates of a file, with what they show.
///
/// # Errors
/// The first thing that is wrong, with the file in which it stands.
pub fn read(file: &Path) -> Result<Templates, String> {
    let of = |why: String| format!("{}: {why}", file.display());
    let text = fs::read_to_string(file).map_err(|error| of(format!("cannot be read: {error}")))?;
    let templates = Templates::from_toml(&text).map_err(of)?;
    let folder = file.parent().unwrap_or(Path::new("")).join(RESOURCES);
    let files = resources(&folder)?;
    templates.with_resources(files).map_err(|why| format!("{}: {why}", folder.display()))
}

/// Names and bytes of the files of a folder, by name; none where there is no such folder. Hidden files are left alone.
fn resources(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, String> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let cannot = |error: std::io::Error| format!("{}: cannot be read: {error}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(cannot)?.take(LOOKED_AT) {
        let path = entry.map_err(cannot)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let of = |why: &str| format!("{}: {why}", path.display());
        let about = fs::metadata(&path).map_err(|error| of(&format!("cannot be read: {error}")))?;
        if !about.is_file() {
            return Err(of("is no file; take it away"));
        }
        // What is too large is refused by its size alone.
        if about.len() > RESOURCE_BYTES_MAX as u64 {
            return Err(of(&format!("is larger than {RESOURCE_BYTES_MAX} bytes; make it smaller")));
        }
        files.push((name, fs::read(&path).map_err(|error| of(&format!("cannot be read: {error}")))?));
    }
    files.sort();
    Ok(files)
}
