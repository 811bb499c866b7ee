//! Several small files as one download: a tar archive (POSIX.1-1988, ustar), which every system can take apart.

const BLOCK_BYTES: usize = 512;
/// What the name field holds.
const NAME_BYTES_MAX: usize = 100;

/// The archive; files whose names are longer than 100 bytes lose the end of them. `modified_at_s` is seconds since 1970.
pub fn archive(files: &[(String, Vec<u8>)], modified_at_s: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(files.iter().map(|(_, content)| content.len() + 2 * BLOCK_BYTES).sum());
    for (name, content) in files {
        bytes.extend_from_slice(&header(name, content.len() as u64, modified_at_s));
        bytes.extend_from_slice(content);
        bytes.resize(bytes.len().next_multiple_of(BLOCK_BYTES), 0);
    }
    bytes.resize(bytes.len() + 2 * BLOCK_BYTES, 0);
    bytes
}

fn header(name: &str, size_bytes: u64, modified_at_s: u64) -> [u8; BLOCK_BYTES] {
    let mut header = [0; BLOCK_BYTES];
    let mut put = |at: usize, text: &str| header[at..at + text.len()].copy_from_slice(text.as_bytes());
    put(0, &name[..name.floor_char_boundary(NAME_BYTES_MAX)]);
    // Who reads it is nobody else's business: it holds a mail.
    put(100, "0000600");
    put(108, "0000000");
    put(116, "0000000");
    // Eleven octal digits hold 8 GiB, and times until the year 2242.
    put(124, &format!("{:011o}", size_bytes & 0o77_777_777_777));
    put(136, &format!("{:011o}", modified_at_s & 0o77_777_777_777));
    put(148, "        ");
    put(156, "0");
    put(257, "ustar");
    put(263, "00");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..154].copy_from_slice(format!("{:06o}", sum & 0o777_777).as_bytes());
    header[154] = 0;
    header
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::process::Command;

    #[test]
    fn the_systems_own_program_takes_it_apart() {
        let folder = tempfile::tempdir().unwrap();
        let long = format!("{}é.txt", "n".repeat(99));
        let files = [
            ("a.eml".to_owned(), b"Subject: hello\r\n\r\nhello\r\n".to_vec()),
            ("empty.json".to_owned(), Vec::new()),
            (long, vec![7; 3 * BLOCK_BYTES]),
        ];
        std::fs::write(folder.path().join("case.tar"), archive(&files, 1_790_000_000)).unwrap();
        let done = Command::new("tar").args(["-xf", "case.tar"]).current_dir(folder.path()).status().unwrap();
        assert!(done.success());
        for (name, content) in &files {
            let kept = &name[..name.floor_char_boundary(NAME_BYTES_MAX)];
            assert_eq!(std::fs::read(folder.path().join(kept)).unwrap(), *content, "{name}");
        }
    }
}
