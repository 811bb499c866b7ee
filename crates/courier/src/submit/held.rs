//! A mail that is handed on step by step, as a relay does it: each command passed through, and the final dot held back until all is well.

use policy::fault::{Fault, FaultCode};

use super::stuffing::{FINAL_DOT, Stuffing};
use super::{Connection, Delivery, HANGING_UP, NotSent, Offered, PIECE_BYTES, Refused, Reply, Shape, check_address};

/// What a server said at EHLO that it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Takes {
    /// RFC 6152.
    pub eight_bit_mime: bool,
    /// RFC 6531.
    pub smtp_utf8: bool,
    /// RFC 1870; None when no limit was announced.
    pub size_bytes_max: Option<u64>,
}

/// A mail that is with the server up to its final dot: dropped together with its connection it never was.
#[derive(Debug)]
pub struct Poured {
    offered: Offered,
}

impl Connection {
    /// What the server takes.
    pub fn takes(&self) -> Takes {
        self.dialogue.takes()
    }

    /// Passes MAIL on by itself: its answer, whatever it is. What was announced before and not sent is forgotten by the server.
    ///
    /// # Errors
    /// `SmtpUnreachable`, temporary; `SmtpRefused`, permanent, for a sender that would be a command of its own.
    pub async fn pass_sender(&mut self, mail_from: Option<&str>, utf8: bool) -> Result<Reply, Fault> {
        let sender = mail_from.unwrap_or_default();
        mail_from.map_or(Ok(()), check_address)?;
        self.is_ready = false;
        let reply = self.dialogue.pass_sender(sender, utf8).await?;
        self.is_ready = reply.code != super::CLOSES;
        Ok(reply)
    }

    /// Passes RCPT on by itself, after [`Connection::pass_sender`]: its answer, whatever it is.
    ///
    /// # Errors
    /// As [`Connection::pass_sender`].
    pub async fn pass_recipient(&mut self, address: &str) -> Result<Reply, Fault> {
        check_address(address)?;
        self.is_ready = false;
        let reply = self.dialogue.command(&format!("RCPT TO:<{address}>")).await?;
        self.is_ready = reply.code != super::CLOSES;
        Ok(reply)
    }

    /// Asks for the mail to those whom [`Connection::pass_recipient`] was said yes for.
    ///
    /// # Errors
    /// Those of [`Connection::offer`] that come with DATA.
    pub async fn pass_data(&mut self, addresses: &[String], shape: Shape) -> Result<Offered, NotSent> {
        if let Some(reply) = self.dialogue.too_large(shape.size_bytes) {
            return Err(NotSent::by(Refused::Data, &reply));
        }
        self.is_ready = false;
        let data = self.dialogue.command("DATA").await?;
        if data.code != 354 {
            self.is_ready = data.code != super::CLOSES;
            return Err(NotSent::by(Refused::Data, &data));
        }
        let announced = addresses.iter().map(|_| Reply { code: 250, text: String::new() }).collect();
        Ok(Offered { addresses: addresses.to_vec(), announced, size_bytes: shape.size_bytes })
    }

    /// Sends a mail that was just offered up to its final dot. Line ends become CRLF and dots are doubled on the way.
    ///
    /// # Errors
    /// Temporary or permanent and never *unknown*: without the dot nobody gets it. The connection is of no use any more.
    pub async fn pour_but_the_dot(&mut self, offered: Offered, pieces: &[&[u8]]) -> Result<Poured, NotSent> {
        let mut stuffing = Stuffing::new();
        for piece in pieces.iter().flat_map(|piece| piece.chunks(PIECE_BYTES)) {
            stuffing.push(piece, self.dialogue.output());
            if self.dialogue.output().len() >= PIECE_BYTES
                && let Err(fault) = self.dialogue.flush().await
            {
                return Err(self.said_already(fault).await);
            }
        }
        stuffing.end_before_the_dot(self.dialogue.output());
        match self.dialogue.flush().await {
            Ok(()) => Ok(Poured { offered }),
            Err(fault) => Err(self.said_already(fault).await),
        }
    }

    /// What keeps the server from taking the final dot, as far as that is known here: it has hung up, or said something before it.
    pub async fn gave_up(&mut self) -> Option<NotSent> {
        if self.dialogue.is_quiet().await {
            return None;
        }
        let fault = Fault::temporary(FaultCode::SmtpUnreachable, "the connection was closed before the final dot");
        Some(self.said_already(fault).await)
    }

    /// Sends the final dot, and waits for what the server says to it.
    ///
    /// # Errors
    /// Those of [`Connection::send`] that come after the mail; *unknown* when there was no answer.
    pub async fn dot(&mut self, poured: Poured) -> Result<Delivery, NotSent> {
        self.dialogue.output().extend_from_slice(FINAL_DOT);
        if let Err(fault) = self.dialogue.flush().await {
            let unknown = Fault::unknown(FaultCode::SmtpUnreachable, fault.detail);
            return Err(self.said_already(unknown).await);
        }
        self.end(&poured.offered.addresses, poured.offered.announced).await
    }
}

impl Offered {
    /// To each recipient the answer to its RCPT; at least one is positive.
    pub fn announced(&self) -> impl Iterator<Item = (&str, &Reply)> {
        self.addresses.iter().map(String::as_str).zip(&self.announced)
    }
}

impl NotSent {
    /// The code and the text with which the server refused, `None` where it said nothing of the kind.
    pub fn answer(&self) -> Option<(u16, &str)> {
        if self.fault.code != FaultCode::SmtpRefused {
            return None;
        }
        let (code, text) = self.fault.detail.split_once(' ').unwrap_or((self.fault.detail.as_str(), ""));
        Some((code.parse().ok().filter(|code| (400..600).contains(code))?, text))
    }

    /// The server closes the connection with what it said.
    pub fn hangs_up(&self) -> bool {
        self.fault.detail.starts_with(HANGING_UP)
    }
}
