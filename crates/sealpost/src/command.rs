//! The commands, one file each; what they share is how they print and how they fail.

pub mod bench;
mod cases;
pub mod check;
mod consent;
pub mod deliver;
pub mod demo;
pub mod file;
pub mod files;
pub mod mailbox;
pub mod manual;
pub mod message;
pub mod profile;
pub mod read;
mod replay;
pub mod reply;
pub mod sanitize;
pub mod serve;
pub mod shadow;
pub mod sign_in;
pub mod site;
pub mod support;
pub mod token;
pub mod try_plan;

use std::io::Write;

/// Why a command failed: a text for standard error, empty when everything was already told.
#[derive(Debug)]
pub struct Failure {
    pub text: String,
}

impl Failure {
    /// A failure that still has to be told.
    pub fn new(text: impl Into<String>) -> Failure {
        Failure { text: text.into() }
    }

    /// A failure of which everything was told where it happened.
    pub fn told() -> Failure {
        Failure { text: String::new() }
    }
}

impl From<policy::Fault> for Failure {
    fn from(fault: policy::Fault) -> Failure {
        let detail = if fault.detail.is_empty() { String::new() } else { format!(" ({})", fault.detail) };
        Failure::new(format!("{fault}{detail}"))
    }
}

impl From<Vec<crate::settings::Problem>> for Failure {
    fn from(problems: Vec<crate::settings::Problem>) -> Failure {
        let lines: Vec<String> = problems.iter().map(|problem| problem.to_string()).collect();
        Failure::new(lines.join("\nsealpost: "))
    }
}

/// Writes results to standard output; a reader that went away is not an error worth a word.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Err(Failure::told()),
        Err(error) => Err(Failure::new(format!("cannot write to standard output: {error}"))),
        Ok(()) => Ok(()),
    }
}
