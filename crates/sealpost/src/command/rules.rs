//! `sealpost rules`: rules for sealing, checked, moved in from another program, and compared with what that program did.

use super::{Failure, files, print};
use engine::sealing::compare::{Compared, SealedAs};
use policy::incumbent::{FORM, Left, MovedSealing, Why, import_sealing};
use policy::{Fault, SealingRules};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Subcommand)]
pub enum What {
    /// Say whether files of rules are right, and what is wrong in them.
    Check {
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Print a form for what the pages of another program that seals show, for `rules import`.
    Form {
        /// The other program.
        #[arg(long, value_enum, default_value = "snotify")]
        from: From,
    },
    /// Translate a form that was filled in into rules (`sealing.toml`) and sections of settings (`sealing-settings.toml`), and print which
    /// commands take the key stores in.
    Import {
        /// The other program.
        #[arg(long, value_enum)]
        from: From,
        /// The folder into which both files are written, which is made where it is not there; files that are there already are left as they are.
        #[arg(long, value_name = "DIR", default_value = ".")]
        out: PathBuf,
        /// The form, or `-` for standard input.
        form: PathBuf,
    },
    /// Say of a record that a relay with `seal = "compare"` wrote how often rules and the other program agree, and print one JSON object for each
    /// recipient about whom they do not.
    Compared {
        /// Records, in any order.
        #[arg(required = true)]
        records: Vec<PathBuf>,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub enum From {
    Snotify,
}

pub fn run(what: &What) -> Result<(), Failure> {
    match what {
        What::Check { files } => check(files),
        What::Form { from: From::Snotify } => print(FORM),
        What::Import { from: From::Snotify, out, form } => import(out, form),
        What::Compared { records } => compared(records),
    }
}

fn check(rules: &[PathBuf]) -> Result<(), Failure> {
    let mut is_wrong = false;
    for file in rules {
        let shown = file.display().to_string();
        match SealingRules::from_toml(&files::text(file)?, &shown) {
            Ok(_) => print(&format!("{shown}: is right\n"))?,
            Err(Fault { public, .. }) => {
                is_wrong = true;
                eprintln!("{public}");
            }
        }
    }
    if is_wrong { Err(Failure::told()) } else { Ok(()) }
}

fn import(out: &Path, form: &Path) -> Result<(), Failure> {
    let shown = form.display().to_string();
    let bytes = files::bytes(form).map_err(|why| Failure::new(format!("{shown}: {why}")))?;
    let text =
        String::from_utf8(bytes).map_err(|_| Failure::new(format!("{shown}: is not UTF-8; save it as UTF-8")))?;
    let moved = import_sealing(&text, &shown).map_err(|fault| Failure::new(fault.public))?;
    let MovedSealing { rules, settings, commands, left } = moved;
    make_folder(out)?;
    let (rules_file, settings_file) = (out.join("sealing.toml"), out.join("sealing-settings.toml"));
    for (file, text) in [(&rules_file, rules), (&settings_file, settings)] {
        new_file(file, &text)?;
        eprintln!("{}: written", file.display());
    }
    for Left { at, value, remedy, .. } in left.iter().filter(|left| left.why != Why::NotNeeded) {
        let value = value.as_ref().map(|value| format!(" = {value}")).unwrap_or_default();
        eprintln!("{shown}: {at}{value} was not taken over: {remedy}");
    }
    commands.iter().try_for_each(|command| print(&format!("{command}\n")))
}

/// For nobody but its owner, like the files in it; one that is there stays as it is.
fn make_folder(folder: &Path) -> Result<(), Failure> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(|error| {
        Failure::new(format!("{}: cannot be made: {error}; name another folder by --out", folder.display()))
    })
}

/// Never over a file that somebody may have worked on.
fn new_file(file: &Path, text: &str) -> Result<(), Failure> {
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let written = opened.and_then(|mut opened| opened.write_all(text.as_bytes()));
    written.map_err(|error| {
        Failure::new(format!("{}: cannot be written: {error}; name another folder by --out", file.display()))
    })
}

/// What was and what would have been, of one recipient.
#[derive(Serialize)]
struct Differing {
    recipient: String,
    was: SealedAs,
    would: SealedAs,
    mails: u64,
    /// Of the last of them.
    why: String,
    last: String,
}

fn compared(records: &[PathBuf]) -> Result<(), Failure> {
    let mut differing: BTreeMap<(String, SealedAs, SealedAs), Differing> = BTreeMap::new();
    let (mut alike, mut unreadable) = (0_u64, 0_u64);
    for record in records {
        let shown = record.display().to_string();
        let cannot = |error: std::io::Error| Failure::new(format!("{shown}: cannot be read: {error}"));
        let (mut read, mut unread) = (0_u64, 0_u64);
        for line in BufReader::new(File::open(record).map_err(cannot)?).lines() {
            let Ok(line) = serde_json::from_str::<Compared>(&line.map_err(cannot)?) else {
                unread += 1;
                continue;
            };
            read += 1;
            match line.is_alike() {
                true => alike += 1,
                false => note(&mut differing, line),
            }
        }
        // That nothing would leave readable must not be said of a file that tells nothing.
        if read == 0 && unread > 0 {
            return Err(Failure::new(format!(
                "{shown}: is no record: none of its lines is one that a relay wrote; name the file that stands in `record` of the [[relay]]"
            )));
        }
        unreadable += unread;
    }
    for one in differing.values() {
        let line = serde_json::to_string(one).map_err(|error| Failure::new(error.to_string()))?;
        print(&format!("{line}\n"))?;
    }
    let mails: u64 = differing.values().map(|one| one.mails).sum();
    let leaks: u64 = differing.values().filter(|one| one.is_leak()).map(|one| one.mails).sum();
    eprintln!("{alike} alike, {mails} not: {leaks} of these were encrypted and would leave readable");
    if unreadable > 0 {
        eprintln!("{unreadable} lines are no lines of a record");
    }
    Ok(())
}

impl Differing {
    fn is_leak(&self) -> bool {
        self.was == SealedAs::Encrypted && matches!(self.would, SealedAs::Plain | SealedAs::Signed)
    }
}

fn note(differing: &mut BTreeMap<(String, SealedAs, SealedAs), Differing>, line: Compared) {
    let Compared { at, recipient, was, would, why, .. } = line;
    let recipient = mail::normalised(&recipient);
    let one = differing.entry((recipient.clone(), was, would)).or_insert(Differing {
        recipient,
        was,
        would,
        mails: 0,
        why: String::new(),
        last: String::new(),
    });
    one.mails += 1;
    if at >= one.last {
        (one.why, one.last) = (why, at);
    }
}
