//! One child process as the parent sees it: what is said to it, what is heard, and how it ended.

use crate::cell::clock::Clock;
use crate::cell::sealing::Budget;
use crate::cell::settings::{SandboxState, Settings};
use crate::cell::source::Source;
use crate::cell::watch::OVERRAN;
use crate::cell::wire::{self, Asked, Call, Done, FRAME_BYTES_MAX, Failure, Greeting, HEAD_BYTES, Hello, Kind, Told};
use bytes::Bytes;
use policy::{Fault, FaultCode};
use rustix::process::{Pid, Resource, Rlimit};
use serde::de::DeserializeOwned;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout};
use zeroize::Zeroizing;

/// How long the end of a dying cell is waited for, to be able to say how it ended.
const OBITUARY_WAIT: Duration = Duration::from_millis(500);
const MICROS: u64 = 1_000_000;

/// A living cell.
pub(super) struct Cell {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    pub(super) state: SandboxState,
    pub(super) calls: u32,
    pub(super) cpu_us: u64,
    /// The CPU time, in seconds since its start, at which the kernel ends the cell.
    cpu_armed_s: u64,
}

/// A frame of an answer.
enum Heard {
    Piece(Kind, Bytes),
    Done(Done),
    Failed(Failure),
    /// It needs a private key.
    Asked(Asked),
}

impl Cell {
    /// Tells a new child its limits and waits until it has confined itself.
    ///
    /// Temporary `CellUnavailable` when it dies or does not answer, permanent when the kernel lacks what the settings demand.
    pub(super) async fn greet(mut child: Child, settings: &Settings) -> Result<Cell, Fault> {
        let no_pipe = || unavailable("a new cell has no pipes");
        let to = child.stdin.take().ok_or_else(no_pipe)?;
        let from = child.stdout.take().ok_or_else(no_pipe)?;
        let cpu_armed_s = settings.cpu_s + 1;
        let hello = Hello {
            memory_bytes_max: settings.memory_bytes_max,
            stack_bytes: settings.stack_bytes as u64,
            cpu_s_first: cpu_armed_s,
            cpu_s_max: cpu_s_max(settings),
            source_bytes_max: settings.source_bytes_max,
            answer_bytes_max: settings.answer_bytes_max,
            part_bytes_max: settings.part_bytes_max,
            sandbox: settings.sandbox,
        };
        let from = BufReader::with_capacity(FRAME_BYTES_MAX + HEAD_BYTES, from);
        let mut cell = Cell { child, to, from, state: SandboxState::Full, calls: 0, cpu_us: 0, cpu_armed_s };
        let mut clock = Clock::new(settings.start_ms);
        let greeting = async {
            let mut out = Vec::new();
            wire::put_value(&mut out, Kind::Hello, &hello).map_err(io::Error::other)?;
            clock.wait(cell.to.write_all(&out)).await?;
            let (kind, payload) = clock.wait(cell.frame()).await?;
            if kind != Kind::Greeting {
                return Err(io::ErrorKind::InvalidData.into());
            }
            decode::<Greeting>(&payload)
        };
        let greeting: io::Result<Greeting> = greeting.await;
        match greeting {
            Ok(Greeting::Ready(state)) => {
                cell.state = state;
                Ok(cell)
            }
            Ok(Greeting::Refused(why)) => Err(Fault::permanent(FaultCode::CellUnavailable, why.clone()).with_public(format!(
                "Cells cannot be confined on this machine: {why}. Use a kernel that offers it, or set `cells.sandbox = \"reduced\"`."
            ))),
            Err(error) => Err(unavailable(format!("a new cell {}", cell.obituary(&error).await))),
        }
    }

    /// Is the cell still there, and may it take `cpu_s` more seconds of CPU time?
    pub(super) fn make_ready(&mut self, settings: &Settings) -> bool {
        let needed_s = self.cpu_us / MICROS + settings.cpu_s + 1;
        let alive = matches!(self.child.try_wait(), Ok(None));
        if !alive || needed_s <= self.cpu_armed_s {
            return alive;
        }
        let limit = Rlimit { current: Some(needed_s), maximum: Some(cpu_s_max(settings)) };
        let pid = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        self.cpu_armed_s = needed_s;
        pid.is_some_and(|pid| rustix::process::prlimit(Some(pid), Resource::Cpu, limit).is_ok())
    }

    /// Says a call and its source. The source's own faults come back as they are; the number of source bytes otherwise.
    pub(super) async fn ask(
        &mut self,
        clock: &mut Clock,
        call: &Call,
        mut source: impl Source,
        bytes_max: u64,
    ) -> Result<u64, Fault> {
        let mut out = Vec::with_capacity(FRAME_BYTES_MAX);
        wire::put_value(&mut out, Kind::Call, call)
            .map_err(|_| Fault::permanent(FaultCode::TooComplex, "the call itself is too long for a cell"))?;
        let mut sent = 0;
        while let Some(piece) = source.next().await? {
            sent += piece.len() as u64;
            if sent > bytes_max {
                return Err(Fault::permanent(FaultCode::TooComplex, format!("more than {bytes_max} bytes for a cell")));
            }
            wire::put_pieces(&mut out, Kind::Bytes, &piece);
            if out.len() >= FRAME_BYTES_MAX {
                self.write(clock, &out).await?;
                out.clear();
            }
        }
        wire::put_frame(&mut out, Kind::End, &[]);
        self.write(clock, &out).await?;
        Ok(sent)
    }

    async fn write(&mut self, clock: &mut Clock, bytes: &[u8]) -> Result<(), Fault> {
        match clock.wait(self.to.write_all(bytes)).await {
            Ok(()) => Ok(()),
            Err(error) => Err(self.died(&error).await),
        }
    }

    /// Hears a whole answer in `Value` frames, at most `bytes_max` together; before it the cell may ask for what `budget` allows.
    pub(super) async fn hear(
        &mut self,
        clock: &mut Clock,
        bytes_max: u64,
        budget: &mut Budget<'_>,
    ) -> Result<Vec<u8>, Fault> {
        let mut answer = Vec::new();
        loop {
            match self.heard(clock).await? {
                Heard::Asked(asked) if answer.is_empty() => self.spend(clock, asked, budget).await?,
                Heard::Piece(Kind::Value, piece) if (answer.len() + piece.len()) as u64 <= bytes_max => {
                    answer.extend_from_slice(&piece);
                }
                Heard::Done(done) => {
                    self.cpu_us = done.cpu_us;
                    return Ok(answer);
                }
                Heard::Failed(failure) => return Err(failed(failure)),
                Heard::Piece(..) | Heard::Asked(_) => return Err(self.babbled().await),
            }
        }
    }

    /// Hears what is told of a mail, and the mail; on its way the cell may ask for what `budget` allows.
    pub(super) async fn hear_mail(
        &mut self,
        clock: &mut Clock,
        told_max: u64,
        mail_max: u64,
        budget: &mut Budget<'_>,
    ) -> Result<(Vec<u8>, Vec<u8>), Fault> {
        let (mut told, mut mail) = (Vec::new(), Vec::new());
        loop {
            match self.heard(clock).await? {
                Heard::Asked(asked) if told.is_empty() => self.spend(clock, asked, budget).await?,
                Heard::Piece(Kind::Value, piece)
                    if mail.is_empty() && (told.len() + piece.len()) as u64 <= told_max =>
                {
                    told.extend_from_slice(&piece);
                }
                Heard::Piece(Kind::Bytes, piece) if (mail.len() + piece.len()) as u64 <= mail_max => {
                    mail.extend_from_slice(&piece);
                }
                Heard::Done(done) => {
                    self.cpu_us = done.cpu_us;
                    return Ok((told, mail));
                }
                Heard::Failed(failure) => return Err(failed(failure)),
                Heard::Piece(..) | Heard::Asked(_) => return Err(self.babbled().await),
            }
        }
    }

    /// Does what the cell asks for; one that asks for more than it may is ended, and so is a call whose key is away.
    async fn spend(&mut self, clock: &mut Clock, asked: Asked, budget: &mut Budget<'_>) -> Result<(), Fault> {
        match budget.spend(asked).await? {
            Some(answer) => self.tell(clock, &answer).await,
            None => Err(self.babbled().await),
        }
    }

    async fn tell(&mut self, clock: &mut Clock, told: &Told) -> Result<(), Fault> {
        let mut out = Zeroizing::new(Vec::new());
        wire::put_value(&mut out, Kind::Told, told)
            .map_err(|_| Fault::permanent(FaultCode::Internal, "an answer to a cell is too long for it"))?;
        self.write(clock, &out).await
    }

    /// Hears how long a part is, before its content; `None` when there is no such part, and then the answer is complete. Before it the cell
    /// may ask for what `budget` allows.
    pub(super) async fn hear_size(
        &mut self,
        clock: &mut Clock,
        bytes_max: u64,
        budget: &mut Budget<'_>,
    ) -> Result<Option<u64>, Fault> {
        let size = loop {
            match self.heard(clock).await? {
                Heard::Asked(asked) => self.spend(clock, asked, budget).await?,
                Heard::Piece(Kind::Value, value) => break decode::<Option<u64>>(&value),
                Heard::Failed(failure) => return Err(failed(failure)),
                _ => break Err(io::ErrorKind::InvalidData.into()),
            }
        };
        match size {
            Ok(None) => self.hear_piece(clock).await.map(|_| None),
            Ok(Some(size)) if size <= bytes_max => Ok(Some(size)),
            _ => Err(self.babbled().await),
        }
    }

    /// Hears the next piece of a part; `None` when it is complete.
    pub(super) async fn hear_piece(&mut self, clock: &mut Clock) -> Result<Option<Bytes>, Fault> {
        match self.heard(clock).await? {
            Heard::Piece(Kind::Bytes, piece) => Ok(Some(piece)),
            Heard::Done(done) => {
                self.cpu_us = done.cpu_us;
                Ok(None)
            }
            Heard::Failed(failure) => Err(failed(failure)),
            Heard::Piece(..) | Heard::Asked(_) => Err(self.babbled().await),
        }
    }

    async fn heard(&mut self, clock: &mut Clock) -> Result<Heard, Fault> {
        let heard = match clock.wait(self.frame()).await {
            Ok((kind @ (Kind::Value | Kind::Bytes), payload)) => Ok(Heard::Piece(kind, payload)),
            Ok((Kind::Done, payload)) => decode(&payload).map(Heard::Done),
            Ok((Kind::Failed, payload)) => decode(&payload).map(Heard::Failed),
            Ok((Kind::Ask, payload)) => decode(&payload).map(Heard::Asked),
            Ok(_) => Err(io::ErrorKind::InvalidData.into()),
            Err(error) => Err(error),
        };
        match heard {
            Ok(heard) => Ok(heard),
            Err(error) => Err(self.died(&error).await),
        }
    }

    async fn frame(&mut self) -> io::Result<(Kind, Bytes)> {
        let mut head = [0; HEAD_BYTES];
        self.from.read_exact(&mut head).await?;
        let (kind, length) = wire::head(head).ok_or(io::ErrorKind::InvalidData)?;
        let mut payload = vec![0; length];
        self.from.read_exact(&mut payload).await?;
        Ok((kind, payload.into()))
    }

    /// The fault for an answer that is well formed but not allowed here.
    pub(super) async fn babbled(&mut self) -> Fault {
        self.died(&io::ErrorKind::InvalidData.into()).await
    }

    async fn died(&mut self, error: &io::Error) -> Fault {
        Fault::temporary(FaultCode::CellDied, format!("the cell {}", self.obituary(error).await))
    }

    /// How the cell ended, in words for an operator; it has ended when this returns.
    async fn obituary(&mut self, error: &io::Error) -> String {
        let how = match error.kind() {
            io::ErrorKind::TimedOut => return self.kill("overran its time"),
            io::ErrorKind::InvalidData => return self.kill("said something that makes no sense"),
            _ => tokio::time::timeout(OBITUARY_WAIT, self.child.wait()).await,
        };
        match how {
            Ok(Ok(status)) => match (status.signal(), status.code()) {
                (Some(signal), _) => format!("was ended by signal {signal}{}", signal_meaning(signal)),
                (None, Some(OVERRAN)) => "took more CPU time than its call may".to_owned(),
                (None, code) => format!("ended with code {}", code.unwrap_or_default()),
            },
            _ => self.kill("closed its pipe"),
        }
    }

    fn kill(&mut self, why: &str) -> String {
        // A cell that cannot be killed has ended already.
        let _ = self.child.start_kill();
        why.to_owned()
    }
}

fn cpu_s_max(settings: &Settings) -> u64 {
    settings.cpu_lifetime_s.saturating_add(settings.cpu_s).saturating_add(2)
}

fn signal_meaning(signal: i32) -> &'static str {
    match signal {
        libc::SIGXCPU => " (too much CPU time)",
        libc::SIGSYS => " (a forbidden system call)",
        libc::SIGABRT => " (out of memory, or it gave up)",
        libc::SIGSEGV => " (out of stack)",
        libc::SIGKILL => " (killed from outside)",
        _ => "",
    }
}

fn failed(failure: Failure) -> Fault {
    match failure {
        Failure::Panicked { at } => {
            Fault::temporary(FaultCode::CellDied, format!("the cell panicked at {}", place(&at)))
        }
        Failure::AnswerTooLarge => Fault::permanent(FaultCode::TooComplex, "the answer is too long"),
        Failure::PartTooLarge => Fault::permanent(FaultCode::TooComplex, "the part is too long"),
    }
}

/// A place in the source code as it may stand in a log. A cell that a mail has taken over could say anything instead.
fn place(at: &str) -> &str {
    const PLACE_BYTES_MAX: usize = 200;
    let in_a_path = |byte: u8| byte.is_ascii_alphanumeric() || b"/._+-".contains(&byte);
    let is_place = at.len() <= PLACE_BYTES_MAX
        && at.rsplit_once(':').is_some_and(|(file, line)| {
            file.ends_with(".rs") && file.bytes().all(in_a_path) && line.bytes().all(|byte| byte.is_ascii_digit())
        });
    if is_place { at } else { "an unknown place" }
}

fn decode<T: DeserializeOwned>(payload: &[u8]) -> io::Result<T> {
    postcard::from_bytes(payload).map_err(|_| io::ErrorKind::InvalidData.into())
}

pub(super) fn unavailable(detail: impl Into<String>) -> Fault {
    Fault::temporary(FaultCode::CellUnavailable, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sec_47_a_cell_tells_no_more_than_a_place() {
        let told = |at: &str| failed(Failure::Panicked { at: at.to_owned() }).detail;
        assert_eq!(told("crates/mail/src/parse.rs:12"), "the cell panicked at crates/mail/src/parse.rs:12");
        let long = format!("{}.rs:1", "a".repeat(10_000));
        for said in ["Dear planted,\r\nhow are you.rs:1", "planted words", "\u{1b}[31m.rs:1", "planted.rs:x", &long] {
            assert_eq!(told(said), "the cell panicked at an unknown place");
        }
    }
}
