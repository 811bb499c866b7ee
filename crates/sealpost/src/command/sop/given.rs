//! What stands on the command line of `sealpost sop`: options as `--name=value`, and files that may be variables or open descriptors.

use super::{
    AMBIGUOUS_INPUT, BAD_DATA, FAILED, MISSING_ARG, MISSING_INPUT, OUTPUT_EXISTS, UNSUPPORTED_OPTION,
    UNSUPPORTED_SPECIAL_PREFIX, UNSUPPORTED_SUBCOMMAND,
};
use crate::command::print_bytes;
use seal::pgp::armor::{self, Kind};
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use zeroize::Zeroizing;

/// Bytes of one input.
const INPUT_BYTES_MAX: u64 = 256 << 20;

/// Why it ends with another number than 0.
#[derive(Debug)]
pub struct Refused {
    pub code: u8,
    pub text: String,
}

impl Refused {
    pub fn new(code: u8, text: impl Into<String>) -> Refused {
        Refused { code, text: text.into() }
    }
}

/// As many names beside the options as somebody writes.
const ANY: usize = usize::MAX;

/// The options that are there or not; every other one has a value.
const FLAGS: [&str; 6] = ["backend", "extended", "no-armor", "signing-only", "sop-spec", "sopv"];

/// The subcommands, with how many names at most stand beside the options, and the options that each has.
const SUBCOMMANDS: [(&str, usize, &[&str]); 17] = [
    ("version", 0, &["backend", "extended", "sop-spec", "sopv"]),
    ("list-profiles", 1, &[]),
    ("generate-key", ANY, &["no-armor", "with-key-password", "profile", "signing-only"]),
    ("change-key-password", 0, &["no-armor", "new-key-password", "old-key-password"]),
    ("revoke-key", 0, &["no-armor", "with-key-password"]),
    ("extract-cert", 0, &["no-armor"]),
    ("merge-certs", ANY, &["no-armor"]),
    ("sign", ANY, &["no-armor", "micalg-out", "with-key-password", "as"]),
    ("verify", ANY, &["not-before", "not-after"]),
    (
        "encrypt",
        ANY,
        &["as", "no-armor", "with-password", "sign-with", "with-key-password", "profile", "session-key-out"],
    ),
    (
        "decrypt",
        ANY,
        &[
            "session-key-out",
            "with-session-key",
            "with-password",
            "verifications-out",
            "verify-with",
            "verify-not-before",
            "verify-not-after",
            "with-key-password",
        ],
    ),
    ("armor", 0, &[]),
    ("dearmor", 0, &[]),
    ("inline-sign", ANY, &["no-armor", "with-key-password", "as"]),
    ("inline-verify", ANY, &["not-before", "not-after", "verifications-out"]),
    ("inline-detach", 0, &["no-armor", "signatures-out"]),
    ("help", 0, &[]),
];

/// One call.
#[derive(Debug)]
pub struct Given {
    pub subcommand: String,
    options: Vec<(String, String)>,
    files: Vec<String>,
}

impl Given {
    /// # Errors
    /// When there is no such subcommand, it has no such option, an option lacks its value, a flag has one, or there are more names than
    /// it takes.
    pub fn read(arguments: Vec<String>) -> Result<Given, Refused> {
        let mut arguments = arguments.into_iter();
        let subcommand = arguments.next().ok_or_else(|| {
            Refused::new(UNSUPPORTED_SUBCOMMAND, format!("name a subcommand; there are {}", subcommands()))
        })?;
        let Some((_, names_max, known)) = SUBCOMMANDS.iter().find(|(name, _, _)| *name == subcommand) else {
            let text = format!("{subcommand} is none of its subcommands, which are {}", subcommands());
            return Err(Refused::new(UNSUPPORTED_SUBCOMMAND, text));
        };
        let (mut options, mut files, mut only_files) = (Vec::new(), Vec::new(), false);
        for argument in arguments {
            match argument.strip_prefix("--").filter(|_| !only_files) {
                Some("") => only_files = true,
                Some(option) => {
                    let (name, value) = named(option, &subcommand, known)?;
                    options.push((name.to_owned(), value.to_owned()));
                }
                None => files.push(argument),
            }
        }
        match files.get(*names_max) {
            Some(surplus) => {
                let remedy = "leave it out; what a subcommand works on comes by standard input";
                Err(Refused::new(UNSUPPORTED_OPTION, format!("{subcommand} has no place for {surplus:?}: {remedy}")))
            }
            None => Ok(Given { subcommand, options, files }),
        }
    }

    pub fn flag(&self, name: &str) -> bool {
        self.options.iter().any(|(known, _)| known == name)
    }

    pub fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.options.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn value<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.values(name).last()
    }

    /// What stands beside the options: names of files, mostly.
    pub fn names(&self) -> Vec<&str> {
        self.files.iter().map(String::as_str).collect()
    }

    /// A bound of time, in seconds since 1970; `-` is none.
    ///
    /// # Errors
    /// When it is no time.
    pub fn time(&self, name: &str) -> Result<Option<u64>, Refused> {
        match self.value(name) {
            None | Some("-") => Ok(None),
            Some("now") => Ok(Some(crate::command::now_s())),
            Some(text) => {
                let time: Result<jiff::Timestamp, _> = text.parse();
                let time = time.map_err(|_| {
                    Refused::new(UNSUPPORTED_OPTION, format!("--{name} is no time such as 2026-11-27T12:00:00Z"))
                })?;
                Ok(Some(u64::try_from(time.as_second()).unwrap_or_default()))
            }
        }
    }

    /// Standard input.
    ///
    /// # Errors
    /// When it cannot be read, or is too long.
    pub fn input(&self) -> Result<Vec<u8>, Refused> {
        bounded(std::io::stdin().lock())
    }

    /// What a file holds; `@ENV:NAME` is a variable, `@FD:NUMBER` an open descriptor.
    ///
    /// # Errors
    /// When there is none, or it is too long.
    pub fn file(&self, name: &str) -> Result<Vec<u8>, Refused> {
        let missing = |text: String| Refused::new(MISSING_INPUT, text);
        if name.starts_with('@') && Path::new(name).exists() {
            let text = format!("{name} is a special name and a file; write ./{name} for the file");
            return Err(Refused::new(AMBIGUOUS_INPUT, text));
        }
        if let Some(variable) = name.strip_prefix("@ENV:") {
            let value = std::env::var(variable).map_err(|_| missing(format!("the variable {variable} is not set")))?;
            return Ok(value.into_bytes());
        }
        let path = special(name)?.unwrap_or_else(|| name.to_owned());
        bounded(std::fs::File::open(path).map_err(|error| missing(format!("{name} cannot be read: {error}")))?)
    }

    /// A password, without blanks and line ends behind it.
    ///
    /// # Errors
    /// Those of [`Given::file`].
    pub fn password(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, Refused> {
        let mut bytes = self.password_as_it_is(name)?;
        let length = bytes.trim_ascii_end().len();
        bytes.truncate(length);
        Ok(bytes)
    }

    /// A password with whatever stands behind it: who made the message may have meant that.
    ///
    /// # Errors
    /// Those of [`Given::file`].
    pub fn password_as_it_is(&self, name: &str) -> Result<Zeroizing<Vec<u8>>, Refused> {
        self.file(name).map(Zeroizing::new)
    }

    /// Writes a file that is not there yet, and that only its owner reads: it may hold a key.
    ///
    /// # Errors
    /// When it is there, or cannot be written.
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), Refused> {
        let failed = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => Refused::new(OUTPUT_EXISTS, format!("{name} is there already")),
            _ => Refused::new(FAILED, format!("{name} cannot be written: {error}")),
        };
        let mut file = match special(name)? {
            Some(path) => OpenOptions::new().write(true).open(path),
            None => OpenOptions::new().write(true).create_new(true).mode(0o600).open(name),
        }
        .map_err(failed)?;
        file.write_all(bytes).map_err(failed)
    }

    /// The result, in armor unless that is not wanted.
    ///
    /// # Errors
    /// When standard output takes nothing.
    pub fn result(&self, kind: Kind, bytes: &[u8]) -> Result<(), Refused> {
        match self.flag("no-armor") {
            true => out(bytes),
            false => out(armor::armored(kind, bytes).as_bytes()),
        }
    }
}

pub fn subcommands() -> String {
    SUBCOMMANDS.map(|(name, _, _)| name).join(", ")
}

/// An option, without its dashes, as its name and its value, which is empty for a flag.
fn named<'a>(option: &'a str, subcommand: &str, known: &[&str]) -> Result<(&'a str, &'a str), Refused> {
    let (name, value) = match option.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (option, None),
    };
    // As it was called in older drafts.
    let name = if name == "verify-out" { "verifications-out" } else { name };
    if !known.contains(&name) {
        return Err(Refused::new(UNSUPPORTED_OPTION, format!("{subcommand} does not do --{name}")));
    }
    match (FLAGS.contains(&name), value) {
        (true, None) => Ok((name, "")),
        (true, Some(_)) => {
            Err(Refused::new(UNSUPPORTED_OPTION, format!("--{name} takes no value; write it alone, or leave it out")))
        }
        (false, Some(value)) if !value.is_empty() => Ok((name, value)),
        (false, _) => {
            Err(Refused::new(MISSING_ARG, format!("--{name} needs a value: write --{name}={}", kind_of_value(name))))
        }
    }
}

/// What stands for the value of an option where it is explained.
fn kind_of_value(name: &str) -> &'static str {
    match name {
        "as" => "FORM",
        "profile" => "PROFILE",
        "not-before" | "not-after" | "verify-not-before" | "verify-not-after" => "TIME",
        _ => "FILE",
    }
}

/// Writes to standard output.
///
/// # Errors
/// When it takes nothing.
pub fn out(bytes: &[u8]) -> Result<(), Refused> {
    print_bytes(bytes).map_err(|failure| Refused::new(FAILED, failure.text))
}

/// The path of an open descriptor; `None` for the name of a file.
fn special(name: &str) -> Result<Option<String>, Refused> {
    match name.strip_prefix("@FD:") {
        Some(number) if !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit()) => {
            Ok(Some(format!("/dev/fd/{number}")))
        }
        _ if name.starts_with('@') => {
            let text = format!("{name} is none of the special names that can stand here");
            Err(Refused::new(UNSUPPORTED_SPECIAL_PREFIX, text))
        }
        _ => Ok(None),
    }
}

fn bounded(from: impl Read) -> Result<Vec<u8>, Refused> {
    let mut bytes = Vec::new();
    match from.take(INPUT_BYTES_MAX + 1).read_to_end(&mut bytes) {
        Ok(read) if read as u64 <= INPUT_BYTES_MAX => Ok(bytes),
        Ok(_) => Err(Refused::new(BAD_DATA, "an input has more than 256 MiB")),
        Err(error) => Err(Refused::new(MISSING_INPUT, format!("an input cannot be read: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(line: &str) -> Result<Given, u8> {
        Given::read(line.split_whitespace().map(str::to_owned).collect()).map_err(|refused| refused.code)
    }

    #[test]
    fn options_and_files_are_told_apart_until_two_dashes() {
        let read = given("sign --as=text --no-armor a.key -- --as=binary").expect("its form");
        assert_eq!((read.value("as"), read.flag("no-armor")), (Some("text"), true));
        assert_eq!(read.names(), ["a.key", "--as=binary"]);
        assert_eq!(given("").err(), Some(UNSUPPORTED_SUBCOMMAND));
        assert_eq!(given("frobnicate --x").err(), Some(UNSUPPORTED_SUBCOMMAND));
        let read = given("decrypt --with-password=one --with-password=two --with-session-key=three").expect("its form");
        assert_eq!(read.values("with-password").collect::<Vec<_>>(), ["one", "two"]);
        assert_eq!(given("encrypt --with-session-key=file a.cert").err(), Some(UNSUPPORTED_OPTION));
        assert_eq!(given("update-key").err(), Some(UNSUPPORTED_SUBCOMMAND));
    }

    #[test]
    fn what_has_no_place_is_refused_and_so_is_an_option_without_its_value() {
        for (line, code) in [
            ("decrypt --verify-with ann.cert ann.key --verifications-out told", MISSING_ARG),
            ("inline-verify --verify-out= ann.cert", MISSING_ARG),
            ("generate-key --no-armor=yes", UNSUPPORTED_OPTION),
            ("extract-cert ann.key", UNSUPPORTED_OPTION),
            ("list-profiles encrypt sign", UNSUPPORTED_OPTION),
            ("dearmor -- --no-armor", UNSUPPORTED_OPTION),
        ] {
            assert_eq!(given(line).err(), Some(code), "{line}");
        }
        let refused = Given::read(vec!["encrypt".to_owned(), "--as".to_owned()]).map_err(|refused| refused.text);
        assert_eq!(refused.err().as_deref(), Some("--as needs a value: write --as=FORM"));
    }

    #[test]
    fn bounds_of_time_are_times_or_none() {
        let read = given("verify --not-before=2026-11-27T12:00:00Z --not-after=-").expect("its form");
        assert_eq!(read.time("not-before").ok(), Some(Some(1_795_780_800)));
        assert_eq!(read.time("not-after").ok(), Some(None));
        let wrong = given("verify --not-before=yesterday").expect("its form");
        assert_eq!(wrong.time("not-before").map_err(|refused| refused.code), Err(UNSUPPORTED_OPTION));
    }

    #[test]
    fn special_names_are_those_of_the_draft() {
        assert_eq!(special("file").ok(), Some(None));
        assert_eq!(special("@FD:3").ok(), Some(Some("/dev/fd/3".to_owned())));
        for name in ["@FD:", "@FD:x", "@HARDWARE:1", "@ENV:X"] {
            assert_eq!(special(name).map_err(|refused| refused.code), Err(UNSUPPORTED_SPECIAL_PREFIX), "{name}");
        }
    }
}
