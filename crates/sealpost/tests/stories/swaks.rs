//! Sends mail with swaks, a client that others wrote, as people try a mail server out.

use super::world::RECIPIENT;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

/// How a conversation went.
#[derive(Debug)]
pub struct Conversation {
    pub ended_well: bool,
    /// Everything that was said, both ways.
    pub said: String,
}

impl Conversation {
    /// The id under which the mail was taken. Panics when it was not.
    pub fn id(&self) -> &str {
        assert!(self.ended_well, "{}", self.said);
        let (_, rest) = self.said.split_once("Accepted as ").expect("the gateway says the id");
        rest.split_whitespace().next().unwrap()
    }
}

/// Sends the mail in a file over TCP; `more` are further options.
pub fn send_file(smtp: SocketAddr, file: &Path, more: &[&str]) -> Conversation {
    let server = smtp.to_string();
    let data = format!("@{}", file.display());
    swaks(&[&["--server", server.as_str(), "--data", data.as_str()], more].concat())
}

/// swaks with these options; sender and recipient are given unless they are among them.
pub fn swaks(options: &[&str]) -> Conversation {
    let mut command = Command::new("swaks");
    // Its defaults would come from the user's files.
    command.env("HOME", "/nonexistent").env_remove("SWAKS_HOME").stdin(Stdio::null());
    command.args(["--timeout", "60", "--from", "ann@example.org", "--to", RECIPIENT]).args(options);
    let output = command.output().expect("swaks is installed by ./test");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    Conversation { ended_well: output.status.success(), said }
}
