//! A server that says what it was told to say, whatever it hears.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// A server on a free port; what it says after each line that it hears, the first before any.
pub async fn server(says: Vec<Vec<u8>>) -> u16 {
    hearing_server(says).await.0
}

/// The same, with the lines that it heard until the client went away.
pub async fn hearing_server(says: Vec<Vec<u8>>) -> (u16, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let talk = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let (hearing, mut saying) = stream.into_split();
        let mut hearing = BufReader::new(hearing).lines();
        let mut says = says.into_iter();
        let mut heard = Vec::new();
        loop {
            // A client that has seen enough is gone. After the last piece comes silence, with the connection open.
            let said = match says.next() {
                Some(piece) => saying.write_all(&piece).await.is_ok(),
                None => true,
            };
            match hearing.next_line().await {
                Ok(Some(line)) if said => heard.push(line),
                _ => return heard,
            }
        }
    });
    (port, talk)
}

pub fn lines(says: &[&str]) -> Vec<Vec<u8>> {
    says.iter().map(|say| say.replace('\n', "\r\n").into_bytes()).collect()
}
