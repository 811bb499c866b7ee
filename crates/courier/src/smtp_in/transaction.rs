//! Who writes to whom: MAIL and RCPT.

use mail::{Client, Envelope};

use super::command::{Sender, unannounced};
use super::refusals::Reason;
use super::session::{Next, Session, ask};
use super::{Gate, Opening, Protocol, Refusal};

/// A mail that is being announced.
#[derive(Debug)]
pub(super) struct Transaction<B> {
    pub(super) envelope: Envelope,
    /// One entry per accepted RCPT, doubles included: LMTP owes each of them a reply.
    pub(super) accepted: Vec<String>,
    pub(super) utf8: bool,
    /// What the gate keeps of it.
    pub(super) begun: B,
}

impl<G: Gate> Session<'_, G> {
    pub(super) async fn mail(&mut self, sender: Sender) -> Next {
        if let Some((why, refusal)) = self.refusal_of_mail(&sender) {
            return self.refuse(why, &refusal);
        }
        if self.spent.mails >= self.shared.settings.messages_per_connection_max {
            let text = "Enough mails on one connection; please connect again";
            return self.close(Reason::TooManyMails, 421, "4.7.0", text);
        }
        let client = Client {
            ip: self.ip.map(|ip| ip.to_canonical().to_string()),
            hello: self.greeting.as_ref().map(|greeting| greeting.name.clone()).unwrap_or_default(),
        };
        let opening = Opening {
            mail_from: sender.address.clone(),
            client: client.clone(),
            account: self.account.clone(),
            size_bytes: sender.size_bytes,
            utf8: sender.utf8,
        };
        let begun = match ask(self.shared.gate.begin(opening)).await {
            Ok(begun) => begun,
            Err(refusal) => return self.refuse(Reason::Sender, &refusal),
        };
        self.transaction = Some(Transaction {
            envelope: Envelope { mail_from: sender.address, rcpt_to: Vec::new(), client: Some(client) },
            accepted: Vec::new(),
            utf8: sender.utf8,
            begun,
        });
        self.say(250, "2.1.0", "Sender accepted");
        Next::Listen
    }

    fn refusal_of_mail(&self, sender: &Sender) -> Option<(Reason, Refusal)> {
        let settings = &self.shared.settings;
        let Some(greeting) = &self.greeting else {
            return Some((Reason::Sequence, Refusal::new(503, "5.5.1", "Say EHLO first")));
        };
        if settings.require_tls && !self.encrypted {
            return Some((Reason::TlsRequired, Refusal::new(530, "5.7.0", "Say STARTTLS first")));
        }
        if settings.require_auth && !self.authenticated {
            return Some((Reason::AuthRequired, Refusal::new(530, "5.7.0", "Authentication required")));
        }
        if self.transaction.is_some() {
            return Some((Reason::Sequence, Refusal::new(503, "5.5.1", "A mail has already begun; say RSET first")));
        }
        if sender.parameters && !greeting.extended {
            return Some((Reason::Command, Refusal::new(555, "5.5.4", "Parameters are only known after EHLO")));
        }
        let offered = self.shared.gate.extensions();
        if sender.utf8 && !offered.smtp_utf8 || sender.eight_bit && !offered.eight_bit_mime {
            return Some((Reason::Command, unannounced()));
        }
        (sender.size_bytes > settings.size_bytes_max).then(|| (Reason::TooLarge, too_big(settings.size_bytes_max)))
    }

    pub(super) async fn recipient(&mut self, address: String) -> Next {
        let Some(transaction) = &mut self.transaction else {
            return self.refuse(Reason::Sequence, &Refusal::new(503, "5.5.1", "Say MAIL first"));
        };
        if !transaction.utf8 && !address.is_ascii() {
            return self.refuse(Reason::Command, &Refusal::new(553, "5.6.7", "This address needs SMTPUTF8"));
        }
        if transaction.accepted.len() >= self.shared.settings.recipients_max {
            let refusal = Refusal::new(452, "4.5.3", "Too many recipients; send the rest in another mail");
            return self.refuse(Reason::TooManyRecipients, &refusal);
        }
        if let Err(refusal) = ask(self.shared.gate.recipient(&mut transaction.begun, &address)).await {
            return self.refuse(Reason::Recipient, &refusal);
        }
        if !transaction.envelope.rcpt_to.contains(&address) {
            transaction.envelope.rcpt_to.push(address.clone());
        }
        transaction.accepted.push(address);
        self.say(250, "2.1.5", "Recipient accepted");
        Next::Listen
    }

    /// Says the outcome of a mail: once, or in LMTP once per accepted recipient (RFC 2033, section 4.2).
    pub(super) fn conclude(&mut self, accepted: &[String], outcome: &Result<String, (Reason, Refusal)>) -> Next {
        self.spent.mails += 1;
        let times = match self.shared.settings.protocol {
            Protocol::Smtp => 1,
            Protocol::Lmtp => accepted.len(),
        };
        self.shared.count(outcome.is_ok());
        let mut next = Next::Listen;
        match outcome {
            Ok(id) => {
                // A mail that came through pays for the errors on the way to it.
                self.spent.idle_commands = 0;
                self.spent.errors = 0;
                for _ in 0..times {
                    self.say(250, "2.0.0", &format!("Accepted as {id}"));
                }
            }
            Err((why, refusal)) => {
                for _ in 1..times {
                    super::reply::refuse(self.channel.output(), refusal);
                }
                next = self.refuse(*why, refusal);
            }
        }
        next
    }
}

pub(super) fn too_big(size_bytes_max: u64) -> Refusal {
    Refusal::new(552, "5.3.4", format!("A mail may have at most {size_bytes_max} octets"))
}
