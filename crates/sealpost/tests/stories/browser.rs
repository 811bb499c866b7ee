//! A command that waits until somebody has signed in with a browser.

use super::world::told;
use rig::home::Home;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Stdio};

/// A sign-in in a browser, told to open an address and waiting; killed when dropped.
pub struct Waiting {
    /// `None` when it has ended.
    child: Option<Child>,
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
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut waiting = Waiting { child: Some(child), out, url: String::new() };
        let mut line = String::new();
        while !line.trim().starts_with("http") {
            line.clear();
            if waiting.out.read_line(&mut line).unwrap() == 0 {
                panic!("it names no address: {}", waiting.end().1);
            }
        }
        line.trim().clone_into(&mut waiting.url);
        waiting
    }

    pub fn paste(&mut self, line: &str) {
        let stdin = self.child.as_mut().and_then(|child| child.stdin.as_mut());
        writeln!(stdin.unwrap(), "{line}").unwrap();
    }

    /// Whether it went well, and all that was said.
    pub fn end(mut self) -> (bool, String) {
        let mut said = String::new();
        self.out.read_to_string(&mut said).unwrap();
        let output = self.child.take().unwrap().wait_with_output().unwrap();
        (output.status.success(), said + &told(&output))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
