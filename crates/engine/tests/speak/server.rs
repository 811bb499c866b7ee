//! A scripted HTTP server on loopback that keeps what it has seen.

use std::future::pending;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

/// A request as it arrived, whole.
#[derive(Debug, Clone)]
pub struct Seen {
    pub head: String,
    pub body: Vec<u8>,
}

impl Seen {
    /// The value of the header with this name in lower case.
    pub fn header(&self, name: &str) -> Option<String> {
        header(&self.head, name)
    }
}

fn header(head: &str, name: &str) -> Option<String> {
    let pairs = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    pairs.into_iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
}

/// What is done with a request.
#[derive(Debug, Clone)]
pub enum Act {
    /// Answer and go on with the connection.
    Answer(Vec<u8>),
    AnswerAfter(Duration, Vec<u8>),
    /// Send these bytes and close.
    Send(Vec<u8>),
    Close,
    Hang,
    /// One byte of a body now and then, for ever.
    Drip,
    /// A body without end, as fast as it goes.
    Endless,
    /// Answer after the head without reading the body, and close.
    RefuseBody(Vec<u8>),
}

pub fn answer(status: u16, headers: &str, body: &str) -> Act {
    let length = body.len();
    Act::Answer(format!("HTTP/1.1 {status} x\r\nContent-Length: {length}\r\n{headers}\r\n{body}").into_bytes())
}

type Script = Arc<dyn Fn(usize) -> Act + Send + Sync>;

#[derive(Default)]
struct Book {
    seen: Mutex<Vec<Seen>>,
    connections: AtomicUsize,
    at_once: AtomicUsize,
    at_once_max: AtomicUsize,
}

pub struct Server {
    pub url: String,
    book: Arc<Book>,
    script: Script,
}

impl Server {
    /// `script` says what is done with the n-th request, from 0.
    pub async fn start(script: impl Fn(usize) -> Act + Send + Sync + 'static) -> Server {
        let (server, listener) = Server::bind(script).await;
        let (book, script) = (server.book.clone(), server.script.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, book.clone(), script.clone()));
            }
        });
        server
    }

    /// The same, with the accepting left to the caller, who hands each stream to [`Server::serve`].
    pub async fn bind(script: impl Fn(usize) -> Act + Send + Sync + 'static) -> (Server, TcpListener) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        (Server { url, book: Arc::default(), script: Arc::new(script) }, listener)
    }

    pub fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        &self,
        stream: S,
    ) -> impl Future<Output = io::Result<()>> + use<S> {
        serve(stream, self.book.clone(), self.script.clone())
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.book.seen.lock().unwrap().clone()
    }

    pub fn connections(&self) -> usize {
        self.book.connections.load(Ordering::SeqCst)
    }

    pub fn at_once_max(&self) -> usize {
        self.book.at_once_max.load(Ordering::SeqCst)
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    book: Arc<Book>,
    script: Script,
) -> io::Result<()> {
    book.connections.fetch_add(1, Ordering::SeqCst);
    let mut buffer = Vec::new();
    loop {
        let head_length = loop {
            if let Some(at) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            fill(&mut stream, &mut buffer).await?;
        };
        let head = String::from_utf8_lossy(&buffer[..head_length]).into_owned();
        buffer.drain(..head_length);
        let n = book.seen.lock().unwrap().len();
        if let Act::RefuseBody(bytes) = script(n) {
            return stream.write_all(&bytes).await;
        }
        let length: usize = header(&head, "content-length").map_or(0, |text| text.parse().unwrap());
        while buffer.len() < length {
            fill(&mut stream, &mut buffer).await?;
        }
        let body = buffer.drain(..length).collect();
        book.seen.lock().unwrap().push(Seen { head, body });
        let at_once = book.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        book.at_once_max.fetch_max(at_once, Ordering::SeqCst);
        let goes_on = act(&mut stream, script(n), || {
            book.at_once.fetch_sub(1, Ordering::SeqCst);
        });
        if !goes_on.await? {
            return Ok(());
        }
    }
}

async fn fill(stream: &mut (impl AsyncRead + Unpin), buffer: &mut Vec<u8>) -> io::Result<()> {
    match stream.read_buf(buffer).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

/// Says whether the connection goes on; `before_answer` is called when the work is done and the answer about to leave.
async fn act(stream: &mut (impl AsyncWrite + Unpin), act: Act, before_answer: impl FnOnce()) -> io::Result<bool> {
    match act {
        Act::Answer(bytes) => {
            before_answer();
            stream.write_all(&bytes).await.map(|()| true)
        }
        Act::AnswerAfter(pause, bytes) => {
            tokio::time::sleep(pause).await;
            before_answer();
            stream.write_all(&bytes).await.map(|()| true)
        }
        Act::Send(bytes) | Act::RefuseBody(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await.map(|()| false)
        }
        Act::Close => Ok(false),
        Act::Hang => pending().await,
        Act::Drip => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n").await?;
            loop {
                stream.write_all(b".").await?;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        Act::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n").await?;
            loop {
                stream.write_all(&[b'.'; 16 * 1024]).await?;
            }
        }
    }
}
