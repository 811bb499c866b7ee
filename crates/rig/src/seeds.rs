//! The bounded form of a fuzz target: its seeds, and what a fixed generator makes of them, the same in every run.

#![allow(clippy::unwrap_used, reason = "a test that cannot read its seeds must stop")]

use crate::shared;
use std::fs;
use std::path::{Path, PathBuf};

/// Larger files are attachments, in which damage changes nothing.
const SEED_BYTES_MAX: u64 = 48 * 1024;

/// Damage done to one input.
const CHANGES_MAX: usize = 6;

/// What readers of mail look for.
const TOKENS: &[&str] = &[
    "\r\n",
    "\r\n\r\n",
    "\n",
    "--",
    "=",
    "=3D",
    "\0",
    "\u{feff}",
    "\t",
    " ",
    ":",
    ";",
    ",",
    "<",
    ">",
    "\"",
    "(",
    ")",
    "\\",
    "@",
    "&",
    "&#0;",
    "> ",
    "-- \n",
    "-----Original Message-----\n",
    "---------- Forwarded message ----------\n",
    "On 3 May 2024, Jo <j@x> wrote:\n",
    "Content-Type: multipart/mixed; boundary=b\r\n",
    "Content-Type: text/html\r\n",
    "Content-Type: message/rfc822\r\n\r\n",
    "Content-Transfer-Encoding: base64\r\n",
    "Content-Transfer-Encoding: quoted-printable\r\n",
    "=?utf-8?q?=C3?=",
    "=?iso-2022-jp?b?GyRC?=",
    "begin 644 a\n",
    "end\n",
    "-----BEGIN PGP SIGNED MESSAGE-----\n",
    "-----BEGIN PGP SIGNATURE-----\n",
    "BEGIN:VCALENDAR\r\n",
    "END:VEVENT\r\n",
    "Final-Recipient: rfc822; a@b\r\n",
    "Status: 5.1.1\r\n",
    "550 5.1.1 user unknown",
    "<td>",
    "<table border=1>",
    "</td>",
    "<blockquote>",
    "<pre>",
    "<a href=\"https://x.example/\">",
    "<script>",
    "<style>",
    "<!--",
    "-->",
    "<svg>",
    "<img src=cid:a>",
    "<li>",
    "<div class=gmail_quote>",
    "*",
    "_",
    "`",
    "~~",
    "[",
    "](",
    "|",
    "#",
    "{\"type\":\"text\",\"text\":\"a\"}",
    "\"marks\":[{\"type\":\"strong\"}],",
    "null",
    "[]",
    "{}",
];

/// What a target begins with.
pub struct Seeds<'s> {
    /// The target's name, as its file in `fuzz/fuzz_targets` is called.
    pub target: &'s str,
    /// Which files of the corpora are like its inputs.
    pub fits: fn(&Path) -> bool,
    /// The input that is made of such a file.
    pub input: fn(Vec<u8>) -> Vec<u8>,
    /// Inputs that are built and not found.
    pub more: Vec<Vec<u8>>,
}

impl Seeds<'_> {
    /// Checks each seed, and `rounds` damaged forms of each of at most `seeds_max` of them. With `SEALPOST_SEEDS_TO`, a
    /// folder, the seeds are written there too, which fills the corpus of the fuzzer.
    ///
    /// # Panics
    /// When a check does; the name of the input stands on standard error then.
    pub fn check(self, root: &Path, seeds_max: usize, rounds: usize, check: impl Fn(&[u8])) {
        let seeds = self.found(root);
        assert!(!seeds.is_empty(), "{} has no seed", self.target);
        if let Some(folder) = std::env::var_os("SEALPOST_SEEDS_TO") {
            write(&PathBuf::from(folder).join(self.target), &seeds);
        }
        let step = seeds.len().div_ceil(seeds_max).max(1);
        for (name, seed) in &seeds {
            tell_on_panic(name, 0, seed, &check);
        }
        for (at, (name, seed)) in seeds.iter().enumerate().step_by(step) {
            let mut chance = Chance(at as u64 + 2026);
            for round in 1..=rounds {
                let other = &seeds[chance.below(seeds.len())].1;
                tell_on_panic(name, round, &damaged(seed, other, &mut chance), &check);
            }
        }
    }

    /// The cases of the repository, what the target builds, and the corpora where they are; each with a name.
    fn found(&self, root: &Path) -> Vec<(String, Vec<u8>)> {
        let mut found: Vec<(String, Vec<u8>)> =
            self.more.iter().enumerate().map(|(at, seed)| (format!("built {at}"), seed.clone())).collect();
        for path in files(&root.join("cases/fuzz").join(self.target)) {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
        let corpora = shared::folder(root, &shared::this_test()).map(|folder| folder.join("corpora"));
        let own = root.join("cases/mail");
        for path in corpora.iter().chain([&own]).flat_map(|folder| files(folder)) {
            if (self.fits)(&path) && path.metadata().unwrap().len() <= SEED_BYTES_MAX {
                found.push((path.display().to_string(), (self.input)(fs::read(&path).unwrap())));
            }
        }
        found
    }
}

fn write(folder: &Path, seeds: &[(String, Vec<u8>)]) {
    fs::create_dir_all(folder).unwrap();
    for (at, (_, seed)) in seeds.iter().enumerate() {
        fs::write(folder.join(format!("seed-{at:04}")), seed).unwrap();
    }
}

/// Every file below a folder, in order; nothing where there is none.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()) {
            if path.is_dir() { folders.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

fn tell_on_panic(name: &str, round: usize, input: &[u8], check: impl Fn(&[u8])) {
    struct Told<'t>(&'t str, usize, &'t [u8]);
    impl Drop for Told<'_> {
        fn drop(&mut self) {
            if std::thread::panicking() {
                eprintln!("the input was round {} of {}:\n{}", self.1, self.0, self.2.escape_ascii());
            }
        }
    }
    let _told = Told(name, round, input);
    check(input);
}

/// A cheap generator, so that a failure can be repeated.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end.max(1)
    }

    /// A piece of `length`, at most 200 bytes of it.
    fn piece(&mut self, length: usize) -> std::ops::Range<usize> {
        let from = self.below(length + 1);
        from..(from + self.below(200)).min(length)
    }
}

fn damaged(seed: &[u8], other: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=chance.below(CHANGES_MAX) {
        let piece = chance.piece(bytes.len());
        let at = piece.start;
        match chance.below(7) {
            0 => bytes.truncate(at),
            1 => drop(bytes.drain(piece)),
            2 => {
                let again = bytes[piece].to_vec();
                bytes.splice(at..at, again);
            }
            3 => {
                let theirs = chance.piece(other.len());
                bytes.splice(piece, other[theirs].iter().copied());
            }
            4 if at < bytes.len() => bytes[at] = chance.below(256) as u8,
            _ => {
                let token = TOKENS[chance.below(TOKENS.len())].as_bytes();
                bytes.splice(at..at, token.iter().copied());
            }
        }
    }
    bytes
}
