//! What is known of a letter that was handed over: how many bytes it had, and how its server took it.

use super::graph::GraphServer;
use crate::held::Held;
use courier::submit::{Connection, Reply, Security};
use policy::sealing::RecipientPlan;
use store::Dialogue;

/// A letter that its server took.
pub(crate) struct Sent {
    pub(crate) bytes: u64,
    pub(crate) dialogue: Dialogue,
}

impl Sent {
    /// The same, with what the rules for sealing said of it.
    pub(super) fn sealed(mut self, sealing: Option<RecipientPlan>) -> Sent {
        self.dialogue.sealing = sealing;
        self
    }
}

/// By which connection a letter left, before it is known what became of it.
pub(super) struct Line {
    server: String,
    security: Security,
    tls: Option<&'static str>,
}

impl Line {
    pub(super) fn of(connection: &Connection) -> Line {
        let server = connection.host().to_string();
        Line { server, security: connection.security(), tls: connection.tls() }
    }

    /// The letter was taken with this answer.
    pub(super) fn took(self, held: &Held, bytes: u64, reply: &Reply) -> Sent {
        let security = match self.security {
            Security::None => "none",
            Security::StartTls => "starttls",
            Security::Implicit => "implicit",
        };
        let dialogue = Dialogue {
            by: "smtp".to_owned(),
            server: self.server,
            security: security.to_owned(),
            tls: self.tls.map(str::to_owned),
            said: format!("{} {}", reply.code, reply.text),
            at: held.now(),
            tries: held.lease.tries,
            sealing: None,
        };
        Sent { bytes, dialogue: dialogue.cut() }
    }
}

/// Microsoft Graph took the letter with this answer.
pub(super) fn by_graph(server: &GraphServer, held: &Held, bytes: u64, said: String) -> Sent {
    let dialogue = Dialogue {
        by: "graph".to_owned(),
        server: format!("{}:{}", server.host, server.port),
        security: if server.encrypted { "https" } else { "none" }.to_owned(),
        tls: None,
        said,
        at: held.now(),
        tries: held.lease.tries,
        sealing: None,
    };
    Sent { bytes, dialogue: dialogue.cut() }
}
