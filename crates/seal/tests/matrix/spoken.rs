//! A tool that stays warm in one process: a job a line, words between tabs, and one line for an answer.

use crate::tool::Failing;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;

pub struct Spoken {
    child: Child,
    pipes: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
}

impl Spoken {
    pub fn start(command: &mut Command, needs: &str) -> Spoken {
        let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = started.unwrap_or_else(|error| panic!("{needs} is not there: {error}"));
        let input = child.stdin.take().expect("a pipe");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        Spoken { child, pipes: Mutex::new((input, output)) }
    }

    /// Does the job; what is made stands in a file.
    pub fn ask(&self, job: &[&str]) -> Result<(), Failing> {
        let mut pipes = self.pipes.lock().expect("nobody broke off within a job");
        writeln!(pipes.0, "{}", job.join("\t")).expect("the tool listens; is all that it needs installed?");
        let mut answer = String::new();
        pipes.1.read_line(&mut answer).expect("the tool answers");
        match answer.trim_end().split_once('\t').unwrap_or((answer.trim_end(), "")) {
            ("ok", _) => Ok(()),
            ("failed", words) => Err(Failing::Said(words.to_owned())),
            _ => panic!("the tool broke off at {job:?}: {answer}"),
        }
    }
}

impl Drop for Spoken {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
