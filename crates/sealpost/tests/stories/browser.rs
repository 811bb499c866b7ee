//! A command that waits until somebody has signed in with a browser.

use super::world::told;
use rig::home::Home;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Stdio};

/// A sign-in in a browser, told to open an address and waiting.
pub struct Waiting {
    child: Child,
    out: BufReader<ChildStdout>,
    /// What a person is to open.
    pub url: String,
}

impl Waiting {
    /// Starts the command with these words, and waits until it names an address.
    pub fn start(home: &Home, words: &[&str]) -> Waiting {
        home.write_settings();
        let mut command = home.command(words);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut url = String::new();
        while !url.trim().starts_with("http") {
            url.clear();
            assert!(out.read_line(&mut url).unwrap() > 0, "{}", told(&child.wait_with_output().unwrap()));
        }
        Waiting { child, out, url: url.trim().to_owned() }
    }

    pub fn paste(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }

    /// Whether it went well, and all that was said.
    pub fn end(mut self) -> (bool, String) {
        let mut said = String::new();
        self.out.read_to_string(&mut said).unwrap();
        let output = self.child.wait_with_output().unwrap();
        (output.status.success(), said + &told(&output))
    }
}
