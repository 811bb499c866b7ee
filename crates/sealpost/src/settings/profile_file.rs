//! The text of a profile from its file, with the mappings that stand in files of their own.

use policy::profile::{MappingFile, PROFILE_BYTES_MAX, mapping_files, with_mapping_files};
use rustix::fs::OFlags;
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The name that a profile has by its file: that of the file without the extension.
pub fn name_of(file: &Path) -> String {
    file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

/// The whole text of the profile of this name: what it says by itself, whatever files it is made of. Otherwise what is wrong, a line each,
/// with the files named.
pub fn whole(name: &str, file: &Path) -> Result<String, String> {
    let shown = file.display().to_string();
    let text = std::fs::read_to_string(file).map_err(|error| format!("{shown}: cannot be read: {error}"))?;
    let folder = file.parent().unwrap_or(Path::new(""));
    let mut files = Vec::new();
    for named in mapping_files(&text) {
        let path = folder.join(&named);
        let shown = path.display().to_string();
        let text = read_plain(&path).map_err(|why| format!("{shown}: cannot be read: {why}"))?;
        files.push(MappingFile { named, shown, text });
    }
    with_mapping_files(name, &text, &shown, &files).map_err(|fault| fault.public)
}

/// The text of a plain file. Other people may write it than those who run the gateway, so it must be no link to what only the gateway
/// can read, and nothing that never ends.
fn read_plain(path: &Path) -> Result<String, String> {
    let in_words = |error: std::io::Error| match error.raw_os_error() {
        Some(code) if code == rustix::io::Errno::LOOP.raw_os_error() => {
            "it is a link; put the file itself there".to_owned()
        }
        _ => error.to_string(),
    };
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
    let opened = OpenOptions::new().read(true).custom_flags(flags.cast_signed()).open(path);
    let file: File = opened.map_err(in_words)?;
    if !file.metadata().map_err(in_words)?.is_file() {
        return Err("it is no file".to_owned());
    }
    let mut text = String::new();
    // One byte more than is allowed, so that a longer one is told as that.
    file.take(PROFILE_BYTES_MAX as u64 + 1).read_to_string(&mut text).map_err(in_words)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::fs;

    #[test]
    fn a_mapping_file_is_a_plain_file_beside_the_profile_and_no_way_to_a_secret() {
        let folder = tempfile::tempdir().unwrap();
        let place = |name: &str| folder.path().join(name);
        fs::create_dir(place("mappings")).unwrap();
        fs::write(place("token"), "token = \"planted-secret\"\n").unwrap();
        let profile = "[default]\nproject = \"HELP\"\n[[mapping]]\nname = \"hr\"\nfile = \"mappings/hr.toml\"\n";
        fs::write(place("support.toml"), profile).unwrap();
        let read = || whole(&name_of(&place("support.toml")), &place("support.toml"));
        assert!(read().unwrap_err().contains("mappings/hr.toml: cannot be read: No such file"));
        fs::write(place("mappings/hr.toml"), "labels = \"hr\"\n").unwrap();
        assert!(read().unwrap().ends_with("# mappings/hr.toml\nlabels = \"hr\"\n"));
        fs::remove_file(place("mappings/hr.toml")).unwrap();
        std::os::unix::fs::symlink(place("token"), place("mappings/hr.toml")).unwrap();
        let told = read().unwrap_err();
        assert!(told.contains("it is a link") && !told.contains("planted"), "{told}");
        fs::remove_file(place("mappings/hr.toml")).unwrap();
        fs::create_dir(place("mappings/hr.toml")).unwrap();
        assert!(read().unwrap_err().contains("it is no file"));
    }
}
