//! A next hop that notes everything in order, and misbehaves by the local part of a recipient.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore};

/// What the sink does once with a mail to somebody, or with his RCPT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mishap {
    /// RCPT is answered with this.
    Recipient(&'static str),
    /// DATA is not answered before [`Sink::release`].
    Wait,
    /// DATA is answered with this.
    Data(&'static str),
    /// The final dot is answered with this, and nothing is kept.
    Dot(&'static str),
    /// The final dot is not answered before [`Sink::release`]; the mail is kept then.
    Slow,
    /// The mail is kept, and the connection ends without an answer.
    Lost,
    /// The connection ends after DATA's content, before the dot.
    HangUp,
}

/// A mail that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub sender: String,
    pub recipients: Vec<String>,
    pub mail: String,
}

impl Kept {
    /// Without what the relay puts before.
    pub fn original(&self) -> &str {
        let mark = self.mail.find("X-Sealpost-Relay: ").expect("the relay's mark stands in every copy");
        &self.mail[mark + self.mail[mark..].find("\r\n").unwrap() + 2..]
    }
}

#[derive(Default)]
struct State {
    kept: Vec<Kept>,
    /// Such as `poured ann` and `dot ann`.
    events: Vec<String>,
    mishaps: HashMap<String, VecDeque<Mishap>>,
    connections: usize,
}

pub struct Sink {
    pub port: u16,
    extensions: String,
    state: Mutex<State>,
    changed: Notify,
    slow: Semaphore,
    is_shut: AtomicBool,
}

impl Sink {
    pub async fn open() -> Arc<Sink> {
        Sink::open_with("PIPELINING\n8BITMIME\nSMTPUTF8\nSIZE 20000000").await
    }

    /// With these lines after EHLO.
    pub async fn open_with(extensions: &str) -> Arc<Sink> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let sink = Arc::new(Sink {
            port: listener.local_addr().unwrap().port(),
            extensions: extensions.to_owned(),
            state: Mutex::default(),
            changed: Notify::new(),
            slow: Semaphore::new(0),
            is_shut: AtomicBool::new(false),
        });
        let serving = sink.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let sink = serving.clone();
                sink.state.lock().unwrap().connections += 1;
                // A relay that breaks off is what some tests are about.
                tokio::spawn(async move { sink.serve(stream).await.ok() });
            }
        });
        sink
    }

    /// The next mail to this local part meets this.
    pub fn next(&self, name: &str, mishap: Mishap) {
        self.state.lock().unwrap().mishaps.entry(name.to_owned()).or_default().push_back(mishap);
    }

    pub fn release(&self) {
        self.slow.add_permits(1);
    }

    /// Whether it hangs up on everybody.
    pub fn shut(&self, shut: bool) {
        self.is_shut.store(shut, Ordering::SeqCst);
    }

    pub fn kept(&self) -> Vec<Kept> {
        self.state.lock().unwrap().kept.clone()
    }

    /// The local parts of those who have a mail, sorted, each as often as he has one.
    pub fn have(&self) -> Vec<String> {
        let kept = self.kept();
        let mut names: Vec<String> = kept.iter().flat_map(|kept| kept.recipients.iter().map(|to| local(to))).collect();
        names.sort();
        names
    }

    pub fn events(&self) -> Vec<String> {
        self.state.lock().unwrap().events.clone()
    }

    pub fn connections(&self) -> usize {
        self.state.lock().unwrap().connections
    }

    /// Waits until something is so.
    pub async fn wait_until(&self, so: impl Fn(&Sink) -> bool) {
        let waiting = async {
            loop {
                let changed = self.changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                if so(self) {
                    return;
                }
                changed.await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(50), waiting).await.expect("it never comes to that");
    }

    pub fn note(&self, event: String) {
        self.state.lock().unwrap().events.push(event);
        self.changed.notify_waiters();
    }

    /// The next mishap of one of these, where it is one of this place.
    fn mishap(&self, recipients: &[String], is_here: impl Fn(&Mishap) -> bool) -> Option<Mishap> {
        let mut state = self.state.lock().unwrap();
        recipients.iter().find_map(|to| {
            let all = state.mishaps.get_mut(&local(to))?;
            all.front().copied().filter(&is_here)?;
            all.pop_front()
        })
    }

    async fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        let (read, mut write) = stream.into_split();
        let mut lines = BufReader::new(read);
        if self.is_shut.load(Ordering::SeqCst) {
            return Ok(());
        }
        write.write_all(b"220 sink ESMTP\r\n").await?;
        let (mut sender, mut recipients) = (String::new(), Vec::<String>::new());
        loop {
            let mut line = String::new();
            if lines.read_line(&mut line).await? == 0 || self.is_shut.load(Ordering::SeqCst) {
                return Ok(());
            }
            let line = line.trim_end();
            let answer = match line.split([' ', ':']).next().unwrap_or_default() {
                "EHLO" => {
                    let all =
                        self.extensions.lines().fold("250-sink\r\n".to_owned(), |all, one| all + "250-" + one + "\r\n");
                    all + "250 ENHANCEDSTATUSCODES"
                }
                "MAIL" => {
                    self.note(line.to_owned());
                    sender = address(line);
                    "250 2.1.0 ok".into()
                }
                "RCPT" => {
                    let to = address(line);
                    match self.mishap(std::slice::from_ref(&to), |mishap| matches!(mishap, Mishap::Recipient(_))) {
                        Some(Mishap::Recipient(answer)) => answer.into(),
                        _ => {
                            recipients.push(to);
                            "250 2.1.5 ok".into()
                        }
                    }
                }
                "RSET" => {
                    recipients.clear();
                    "250 2.0.0 ok".into()
                }
                "DATA" => match self.mishap(&recipients, |mishap| matches!(mishap, Mishap::Data(_) | Mishap::Wait)) {
                    Some(Mishap::Data(answer)) => answer.into(),
                    mishap => {
                        if mishap.is_some() {
                            self.slow.acquire().await.unwrap().forget();
                        }
                        write.write_all(b"354 go\r\n").await?;
                        let to = std::mem::take(&mut recipients);
                        match self.mail(&mut lines, std::mem::take(&mut sender), to).await? {
                            Some(answer) => answer,
                            None => return Ok(()),
                        }
                    }
                },
                "QUIT" => return write.write_all(b"221 bye\r\n").await,
                _ => "500 5.5.1 what".into(),
            };
            write.write_all(format!("{answer}\r\n").as_bytes()).await?;
        }
    }

    /// Reads a mail; what is answered to its dot, `None` to hang up.
    async fn mail(
        &self,
        lines: &mut (impl AsyncBufReadExt + Unpin),
        sender: String,
        recipients: Vec<String>,
    ) -> std::io::Result<Option<String>> {
        let names = recipients.iter().map(|to| local(to)).collect::<Vec<_>>().join("+");
        let (mut mail, mut is_poured) = (String::new(), false);
        if self.mishap(&recipients, |mishap| *mishap == Mishap::HangUp).is_some() {
            return Ok(None);
        }
        loop {
            let mut line = Vec::new();
            if lines.read_until(b'\n', &mut line).await? == 0 {
                self.note(format!("broken off {names}"));
                return Ok(None);
            }
            if line == b".\r\n" {
                break;
            }
            let line = String::from_utf8_lossy(&line).into_owned();
            // The mails of these tests end with this line.
            if !is_poured && line.trim_end().ends_with("-- the end") {
                is_poured = true;
                self.note(format!("poured {names}"));
            }
            mail.push_str(line.strip_prefix('.').unwrap_or(&line));
        }
        self.note(format!("dot {names}"));
        let kept = Kept { sender, recipients: recipients.clone(), mail };
        let is_of_dot = |mishap: &Mishap| matches!(mishap, Mishap::Dot(_) | Mishap::Slow | Mishap::Lost);
        let answer = match self.mishap(&recipients, is_of_dot) {
            Some(Mishap::Dot(answer)) => return Ok(Some(answer.to_owned())),
            Some(Mishap::Slow) => {
                self.slow.acquire().await.unwrap().forget();
                Some("250 2.0.0 kept".to_owned())
            }
            Some(_) => None,
            None => Some("250 2.0.0 kept".to_owned()),
        };
        self.state.lock().unwrap().kept.push(kept);
        self.changed.notify_waiters();
        Ok(answer)
    }
}

fn address(line: &str) -> String {
    line.split(['<', '>']).nth(1).unwrap_or_default().to_owned()
}

fn local(address: &str) -> String {
    address.split('@').next().unwrap_or_default().to_owned()
}
