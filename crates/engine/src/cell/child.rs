//! The cell's own side: it confines itself, then answers one call after the other until its pipe ends.

use crate::Past;
use crate::cell::brought;
use crate::cell::confine;
use crate::cell::fit;
use crate::cell::harvest;
use crate::cell::keys;
use crate::cell::opened::{open, split};
use crate::cell::sealed;
use crate::cell::watch::{Watched, cpu_us, watch};
use crate::cell::whole;
use crate::cell::wire::{
    self, Asked, Before, Call, Done, FRAME_BYTES_MAX, Failure, Greeting, HEAD_BYTES, Hello, Kind, TextFormat, Told,
};
use seal::key::Secret;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::{self, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::panic::AssertUnwindSafe;
use std::sync::{Mutex, mpsc};

/// Where the last panic happened; the message of a panic may hold content and is thrown away.
static PANICKED_AT: Mutex<String> = Mutex::new(String::new());

/// The whole life of a cell; call it first thing in a program that was started as one, before any thread or runtime.
///
/// Speaks over standard input and output, and returns to nobody: it ends the process, with 0 when the parent closed the pipe.
pub fn run_child() -> ! {
    std::panic::set_hook(Box::new(|panic| {
        if let (Some(place), Ok(mut at)) = (panic.location(), PANICKED_AT.lock()) {
            *at = format!("{}:{}", place.file(), place.line());
        }
    }));
    std::process::exit(i32::from(live().is_err()))
}

/// Both ends of the conversation with the parent.
pub(super) struct Pipes {
    input: BufReader<File>,
    pub(super) output: File,
}

impl Pipes {
    /// Takes the standard streams over and leaves nothing behind them, so that a stray `print` cannot break the frames.
    fn take() -> io::Result<Pipes> {
        let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        rustix::stdio::dup2_stdin(io::stderr())?;
        rustix::stdio::dup2_stdout(io::stderr())?;
        Ok(Pipes { input: BufReader::with_capacity(FRAME_BYTES_MAX + HEAD_BYTES, input), output })
    }

    /// The next frame's kind and payload length; `None` when the parent has closed the pipe.
    fn head(&mut self) -> io::Result<Option<(Kind, usize)>> {
        let mut head = [0; HEAD_BYTES];
        match self.input.read_exact(&mut head) {
            Ok(()) => wire::head(head).map(Some).ok_or_else(nonsense),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A value in a frame of this kind; `None` when the parent has closed the pipe.
    fn value<T: DeserializeOwned>(&mut self, kind: Kind) -> io::Result<Option<T>> {
        let Some((found, length)) = self.head()? else { return Ok(None) };
        let mut payload = vec![0; length];
        self.input.read_exact(&mut payload)?;
        if found != kind {
            return Err(nonsense());
        }
        postcard::from_bytes(&payload).map(Some).map_err(|_| nonsense())
    }

    /// The source of a call, whole.
    fn source(&mut self, bytes_max: u64) -> io::Result<Vec<u8>> {
        let mut source = Vec::new();
        loop {
            match self.head()?.ok_or_else(nonsense)? {
                (Kind::End, 0) => return Ok(source),
                // The parent counts too and stops earlier, so more is a broken parent.
                (Kind::Bytes, length) if (source.len() + length) as u64 <= bytes_max => {
                    let begun = source.len();
                    source.resize(begun + length, 0);
                    self.input.read_exact(&mut source[begun..])?;
                }
                _ => return Err(nonsense()),
            }
        }
    }

    /// Asks the parent in the middle of a call; nothing when it refuses.
    pub(super) fn ask(&mut self, asked: &Asked) -> io::Result<Option<Secret>> {
        self.say(Kind::Ask, asked)?;
        let mut told = self.value::<Told>(Kind::Told)?.ok_or_else(nonsense)?;
        Ok(told.made.take().map(Secret::new))
    }

    /// An answer and the end of it.
    fn answer(&mut self, answer: Result<Answer, Failure>) -> io::Result<()> {
        let mut out = Vec::new();
        match answer {
            Ok(Answer::Value(value)) => {
                wire::put_pieces(&mut out, Kind::Value, &value);
                self.done(out)
            }
            Ok(Answer::Mail(told)) => {
                wire::put_pieces(&mut out, Kind::Value, &told.value);
                for piece in told.mail.chunks(FRAME_BYTES_MAX) {
                    wire::put_frame(&mut out, Kind::Bytes, piece);
                    self.output.write_all(&out)?;
                    out.clear();
                }
                self.done(out)
            }
            Ok(Answer::Part(part)) => {
                let size = part.as_ref().map(|content| content.len() as u64);
                wire::put_value(&mut out, Kind::Value, &size).map_err(|_| nonsense())?;
                for piece in part.unwrap_or_default().chunks(FRAME_BYTES_MAX) {
                    wire::put_frame(&mut out, Kind::Bytes, piece);
                    self.output.write_all(&out)?;
                    out.clear();
                }
                self.done(out)
            }
            Err(failure) => self.say(Kind::Failed, &failure),
        }
    }

    fn done(&mut self, mut out: Vec<u8>) -> io::Result<()> {
        wire::put_value(&mut out, Kind::Done, &Done { cpu_us: cpu_us() }).map_err(|_| nonsense())?;
        self.output.write_all(&out)
    }

    fn say(&mut self, kind: Kind, value: &impl Serialize) -> io::Result<()> {
        let mut out = Vec::new();
        wire::put_value(&mut out, kind, value).map_err(|_| nonsense())?;
        self.output.write_all(&out)
    }
}

fn nonsense() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

/// Confines the process from the main thread, and lets a thread with a stack of its own do the work.
fn live() -> io::Result<()> {
    let mut pipes = Pipes::take()?;
    let Some(hello) = pipes.value::<Hello>(Kind::Hello)? else { return Ok(()) };
    let (warm, is_warm) = mpsc::channel();
    let (greet, greeting) = mpsc::channel::<Greeting>();
    let (edge, edges) = mpsc::channel();
    let (before_bytes, files) = match confine::limit_resources(&hello).and_then(|()| confine::address_space_bytes()) {
        Ok(bytes) => (bytes, confine::deny_files()),
        Err(error) => return pipes.say(Kind::Greeting, &refused(&error)),
    };
    let limits = hello.clone();
    let stack_bytes = usize::try_from(hello.stack_bytes).map_err(|_| nonsense())?;
    let worker = std::thread::Builder::new().stack_size(stack_bytes).spawn(move || -> io::Result<()> {
        // What is set up on first use is set up now: the first mail is not slower, and nothing looks for files later.
        let _ = (mail::read(b"Subject: warm\r\n\r\nwarm\r\n", &mail::Limits::default()), cpu_us());
        sealed::warm();
        let _ = warm.send(());
        let greeting = greeting.recv().map_err(|_| nonsense())?;
        pipes.say(Kind::Greeting, &greeting)?;
        match greeting {
            Greeting::Ready(_) => work(&mut pipes, &limits, &Watched(edge)),
            Greeting::Refused(_) => Ok(()),
        }
    })?;
    // A warm-up that panicked has dropped its end; joining below then reports it.
    let _ = is_warm.recv();
    let growth = confine::limit_growth(before_bytes, hello.stack_bytes.saturating_add(hello.memory_bytes_max));
    let state = confine::verdict(files, confine::deny_calls(), hello.sandbox);
    let _ = greet.send(match (growth, state) {
        (Ok(()), Ok(state)) => Greeting::Ready(state),
        (Err(error), _) => refused(&error),
        (_, Err(missing)) => Greeting::Refused(missing),
    });
    watch(&edges);
    worker.join().map_err(|_| nonsense())?
}

fn refused(error: &io::Error) -> Greeting {
    Greeting::Refused(format!("resource limits could not be set: {error}"))
}

fn work(pipes: &mut Pipes, limits: &Hello, watched: &Watched) -> io::Result<()> {
    while let Some(call) = pipes.value::<Call>(Kind::Call)? {
        let source = pipes.source(limits.source_bytes_max)?;
        let cpu_ms_max = match &call {
            Call::Letter { cpu_ms_max } => Some(*cpu_ms_max),
            _ => None,
        };
        #[cfg(feature = "misbehave")]
        if let Call::Misbehave(how) = &call {
            let answer = std::panic::catch_unwind(AssertUnwindSafe(|| how.misbehave(pipes)));
            pipes.answer(answer.map(Answer::Value).map_err(|_| panicked()))?;
            continue;
        }
        let work = || {
            std::panic::catch_unwind(AssertUnwindSafe(|| match call {
                Call::Open { .. } | Call::Seal { .. } => {
                    sealed::answer(&call, &source, limits, pipes).map(Answer::Mail)
                }
                Call::OpenWhole { .. } => whole::answer(&call, &source, limits, pipes).map(Answer::Mail),
                call => answer(call, &source, limits, pipes),
            }))
        };
        let answer = watched.during(cpu_ms_max, work);
        drop(source);
        pipes.answer(answer.unwrap_or_else(|_| Err(panicked())))?;
    }
    Ok(())
}

fn panicked() -> Failure {
    let at = PANICKED_AT.lock().map(|at| at.clone()).unwrap_or_default();
    Failure::Panicked { at }
}

enum Answer {
    /// One encoded value.
    Value(Vec<u8>),
    /// A mail that was sealed or opened, and what is told of it.
    Mail(sealed::Told),
    /// The decoded content of a part, if there is such a part.
    Part(Option<Vec<u8>>),
}

fn answer(call: Call, source: &[u8], hello: &Hello, pipes: &mut Pipes) -> Result<Answer, Failure> {
    match call {
        Call::Read { limits, order_bytes } => {
            let (order, mail) = split(source, order_bytes)?;
            let mut found = open(order, mail, &limits, pipes)?;
            // Encoded, a pair is one value behind the other.
            let doubts = std::mem::take(&mut found.doubts);
            let doubts = postcard::to_stdvec(&doubts).map_err(|_| Failure::AnswerTooLarge)?;
            let encoded = fit::encode_before(found.read(&limits), &doubts, hello.answer_bytes_max);
            encoded.map(Answer::Value).map_err(|_| Failure::AnswerTooLarge)
        }
        Call::ReadMany { limits, sizes } => read_many(source, &limits, &sizes, hello.answer_bytes_max),
        Call::Harvest { limits, order_bytes, author, now } => {
            let (order, mail) = split(source, order_bytes)?;
            value(&harvest::gather(order, mail, &limits, (&author, now), pipes)?, hello.answer_bytes_max)
        }
        Call::Part { limits, order_bytes, path } => {
            let (order, mail) = split(source, order_bytes)?;
            let part = mail::part(&open(order, mail, &limits, pipes)?.mail, &limits, &path);
            match part.as_ref().is_some_and(|content| content.len() as u64 > hello.part_bytes_max) {
                true => Err(Failure::PartTooLarge),
                false => Ok(Answer::Part(part)),
            }
        }
        Call::NewText { format, past } if past.said.is_empty() && past.letter_keys.is_empty() => {
            value(&mail::new_text(format.into(), source), hello.answer_bytes_max)
        }
        Call::NewText { format, past } => {
            let (history, text) = history(&past, source)?;
            value(&mail::new_text_after(format.into(), text, &history), hello.answer_bytes_max)
        }
        Call::ReplyAfter { limits, order_bytes, past } => {
            let (order, rest) = split(source, order_bytes)?;
            let (history, mail) = history(&past, rest)?;
            let found = open(order, mail, &limits, pipes)?;
            value(&mail::reply_after(&found.mail, &limits, &history), hello.answer_bytes_max)
        }
        Call::Anonymous { limits, kept } => value(&mail::anonymous(source, &limits, &kept), hello.answer_bytes_max),
        Call::Revocation { is_list } => value(&keys::is_revocation(is_list, source), hello.answer_bytes_max),
        Call::Keys { address, now } => value(&keys::read(source, &address, now), hello.answer_bytes_max),
        Call::Brought { address, now } => value(&brought::read(source, &address, now), hello.answer_bytes_max),
        Call::Letter { .. } => {
            let order = postcard::from_bytes(source).map_err(|_| Failure::AnswerTooLarge)?;
            value(&policy::template::render(order), hello.answer_bytes_max)
        }
        // These ask on their way, and are answered where the pipes are.
        Call::Open { .. } | Call::OpenWhole { .. } | Call::Seal { .. } => Err(Failure::AnswerTooLarge),
        Call::Sanitize => value(&mail::sanitize(&String::from_utf8_lossy(source)), hello.answer_bytes_max),
        #[cfg(feature = "misbehave")]
        Call::Misbehave(_) => Err(Failure::AnswerTooLarge),
    }
}

fn history<'a>(past: &Before, source: &'a [u8]) -> Result<(mail::History, &'a [u8]), Failure> {
    Past::history(past.key, &past.said, &past.letter_keys, source).ok_or(Failure::AnswerTooLarge)
}

fn read_many(source: &[u8], limits: &mail::Limits, sizes: &[u32], bytes_max: u64) -> Result<Answer, Failure> {
    let mut rest = source;
    // The readings stand one behind the other, each as `fit` made it; the parent knows how many there are.
    let mut readings = Vec::new();
    for size in sizes {
        let Some((mail, after)) = rest.split_at_checked(*size as usize) else { return Err(Failure::AnswerTooLarge) };
        rest = after;
        readings.extend(fit::encode(mail::read(mail, limits), bytes_max).map_err(|_| Failure::AnswerTooLarge)?);
        if readings.len() as u64 > bytes_max {
            return Err(Failure::AnswerTooLarge);
        }
    }
    Ok(Answer::Value(readings))
}

fn value(value: &impl Serialize, bytes_max: u64) -> Result<Answer, Failure> {
    let bytes = postcard::to_stdvec(value).map_err(|_| Failure::AnswerTooLarge)?;
    if bytes.len() as u64 > bytes_max { Err(Failure::AnswerTooLarge) } else { Ok(Answer::Value(bytes)) }
}

impl From<TextFormat> for mail::Format {
    fn from(format: TextFormat) -> mail::Format {
        match format {
            TextFormat::Mail => mail::Format::Mail,
            TextFormat::Text => mail::Format::Text,
            TextFormat::Html => mail::Format::Html,
        }
    }
}
