//! A byte stream with bounded buffers: whole lines in, batches of replies out, a deadline on every wait.

use std::future::{Future, poll_fn};
use std::io;
use std::ops::Range;
use std::task::Poll;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

/// Anything that carries a conversation: TCP, TLS, a local socket, memory in tests.
pub trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// What stands in the input buffer next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Look {
    /// No line end yet: read on.
    Unfinished,
    /// A line that ends with CRLF; the range is of the buffer and includes the CRLF.
    Line(Range<usize>),
    /// A CR or LF that is not part of a CRLF (RFC 5321, section 2.3.8, forbids it).
    BareLineEnd,
    /// More octets than allowed and no line end.
    TooLong,
}

/// A wire with one input and one output buffer; neither grows beyond what its owner asks for.
pub(crate) struct Channel {
    wire: Box<dyn Wire>,
    input: Vec<u8>,
    filled: Range<usize>,
    output: Vec<u8>,
}

impl Channel {
    pub(crate) fn new(wire: Box<dyn Wire>, input_bytes: usize) -> Channel {
        Channel { wire, input: vec![0; input_bytes], filled: 0..0, output: Vec::new() }
    }

    /// Makes room for large reads; never shrinks, so a busy connection allocates once.
    pub(crate) fn grow(&mut self, input_bytes: usize) {
        if self.input.len() < input_bytes {
            self.input.resize(input_bytes, 0);
        }
    }

    /// Bytes that were read and not yet consumed.
    pub(crate) fn pending(&mut self) -> &mut [u8] {
        &mut self.input[self.filled.clone()]
    }

    pub(crate) fn is_drained(&self) -> bool {
        self.filled.is_empty()
    }

    pub(crate) fn consume(&mut self, bytes: usize) {
        self.filled.start = (self.filled.start + bytes).min(self.filled.end);
    }

    /// Forgets what was read and not consumed.
    pub(crate) fn discard(&mut self) {
        self.filled = 0..0;
    }

    /// Whether a line of at most `line_bytes_max` octets, CRLF included, is ready.
    pub(crate) fn look(&self, line_bytes_max: usize) -> Look {
        let pending = &self.input[self.filled.clone()];
        let window = &pending[..pending.len().min(line_bytes_max)];
        match memchr::memchr2(b'\r', b'\n', window) {
            None if window.len() == line_bytes_max => Look::TooLong,
            None => Look::Unfinished,
            Some(at) if window[at] == b'\n' => Look::BareLineEnd,
            Some(at) => match pending.get(at + 1) {
                None => Look::Unfinished,
                Some(b'\n') if at + 2 > line_bytes_max => Look::TooLong,
                Some(b'\n') => Look::Line(self.filled.start..self.filled.start + at + 2),
                Some(_) => Look::BareLineEnd,
            },
        }
    }

    /// Moves a line that `look` found into `line` and wipes its place in the buffer, since it may hold a password.
    pub(crate) fn take_line(&mut self, range: Range<usize>, line: &mut Vec<u8>) {
        line.clear();
        line.extend_from_slice(&self.input[range.clone()]);
        self.input[range.clone()].fill(0);
        self.filled.start = range.end;
    }

    /// What stands at this place of the buffer; `look` says where lines are.
    pub(crate) fn bytes(&self, range: Range<usize>) -> &[u8] {
        &self.input[range]
    }

    /// Reads once. Zero bytes mean that the other side has closed; a full buffer or a passed deadline is an error.
    /// Dropping the future loses nothing.
    pub(crate) async fn fill(&mut self, deadline: Instant) -> io::Result<usize> {
        if self.filled.is_empty() {
            self.filled = 0..0;
        } else if self.filled.end == self.input.len() {
            self.input.copy_within(self.filled.clone(), 0);
            self.filled = 0..self.filled.len();
        }
        let room = &mut self.input[self.filled.end..];
        if room.is_empty() {
            return Err(io::Error::new(io::ErrorKind::OutOfMemory, "the input buffer is full"));
        }
        let read = timeout_at(deadline, self.wire.read(room)).await??;
        self.filled.end += read;
        Ok(read)
    }

    /// Nothing was sent to us that nobody asked for, and the other side has not closed, as far as is known here.
    pub(crate) async fn is_quiet(&mut self) -> bool {
        if !self.filled.is_empty() {
            return false;
        }
        let mut octet = [0];
        let mut reading = std::pin::pin!(self.wire.read(&mut octet));
        poll_fn(|context| Poll::Ready(reading.as_mut().poll(context).is_pending())).await
    }

    /// Adds to the next batch of output.
    pub(crate) fn say(&mut self, bytes: &[u8]) {
        self.output.extend_from_slice(bytes);
    }

    pub(crate) fn has_output(&self) -> bool {
        !self.output.is_empty()
    }

    /// The batch that the next `flush` sends.
    pub(crate) fn output(&mut self) -> &mut Vec<u8> {
        &mut self.output
    }

    /// Sends the batch in one write where the wire takes it.
    pub(crate) async fn flush(&mut self, deadline: Instant) -> io::Result<()> {
        if self.output.is_empty() {
            return Ok(());
        }
        let sent = timeout_at(deadline, async {
            self.wire.write_all(&self.output).await?;
            self.wire.flush().await
        })
        .await;
        self.output.clear();
        sent?
    }

    /// Says that nothing more will be sent, as TLS wants it said; trouble here changes nothing any more.
    pub(crate) async fn close(&mut self, deadline: Instant) {
        let _ = self.flush(deadline).await;
        let _ = timeout_at(deadline, self.wire.shutdown()).await;
    }

    /// Reads and forgets until the other side has closed too, or at most `bytes_max` octets.
    pub(crate) async fn linger(&mut self, bytes_max: usize, deadline: Instant) {
        let mut seen_bytes = 0;
        while seen_bytes < bytes_max {
            self.discard();
            match self.fill(deadline).await {
                Ok(read @ 1..) => seen_bytes += read,
                _ => return,
            }
        }
    }

    /// Takes the wire out to put TLS around it; both buffers start empty on the new one.
    pub(crate) fn take_wire(&mut self) -> Box<dyn Wire> {
        self.discard();
        self.output.clear();
        std::mem::replace(&mut self.wire, Box::new(tokio::io::empty()))
    }

    pub(crate) fn put_wire(&mut self, wire: Box<dyn Wire>) {
        self.wire = wire;
    }
}
