//! A client that says just what a test wants and hears every answer.

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

pub struct Client {
    read: BufReader<OwnedReadHalf>,
    write: OwnedWriteHalf,
}

impl Client {
    /// Connects, and says EHLO.
    pub async fn open(port: u16) -> Client {
        let mut client = Client::connect(port).await;
        assert!(client.hear().await.starts_with("220 "));
        client.say("EHLO client.example").await;
        client
    }

    pub async fn connect(port: u16) -> Client {
        let (read, write) = TcpStream::connect(("127.0.0.1", port)).await.unwrap().into_split();
        Client { read: BufReader::new(read), write }
    }

    /// The whole answer to a command.
    pub async fn say(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n").as_bytes()).await;
        self.hear().await
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        self.write.write_all(bytes).await.unwrap();
    }

    pub async fn hear(&mut self) -> String {
        let mut answer = String::new();
        loop {
            let mut line = String::new();
            let read = tokio::time::timeout(std::time::Duration::from_secs(50), self.read.read_line(&mut line));
            if read.await.expect("an answer comes").unwrap() == 0 {
                return answer;
            }
            answer.push_str(&line);
            if line.as_bytes().get(3) != Some(&b'-') {
                return answer.trim_end().to_owned();
            }
        }
    }

    /// A whole mail from Ann; the answers to each RCPT, and that to the mail. `None` where no RCPT was accepted.
    pub async fn mail(&mut self, to: &[&str], mail: &str) -> (Vec<String>, Option<String>) {
        self.mail_from("ann@example.org", to, mail).await
    }

    pub async fn mail_from(&mut self, from: &str, to: &[&str], mail: &str) -> (Vec<String>, Option<String>) {
        let said = self.say(&format!("MAIL FROM:<{from}>")).await;
        assert!(said.starts_with("250 "), "{said}");
        let mut answers = Vec::new();
        for name in to {
            answers.push(self.say(&format!("RCPT TO:<{name}@next.example>")).await);
        }
        if !answers.iter().any(|answer| answer.starts_with("250 ")) {
            self.say("RSET").await;
            return (answers, None);
        }
        let said = self.say("DATA").await;
        if !said.starts_with("354 ") {
            return (answers, Some(said));
        }
        self.send(mail.replace("\r\n.", "\r\n..").as_bytes()).await;
        (answers, Some(self.say(".").await))
    }

    /// The same where every recipient is accepted; the answer to the mail.
    pub async fn hand_in(&mut self, to: &[&str], mail: &str) -> String {
        let (answers, answer) = self.mail(to, mail).await;
        assert!(answers.iter().all(|answer| answer.starts_with("250 ")), "{answers:?}");
        answer.unwrap()
    }
}
