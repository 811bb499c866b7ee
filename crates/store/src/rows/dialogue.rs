//! How letters left: what is kept of the talk with the server that took one.

use super::Micros;
use policy::meter::Metered;
use policy::sealing::RecipientPlan;
use serde::{Deserialize, Serialize};

/// Longer answers of a server are cut.
const SAID_LETTERS_MAX: usize = 500;

/// By which server a letter left, over what, and what that server said in the end. It is content: the answer may name the recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialogue {
    /// `smtp`, or `graph` for Microsoft Graph.
    pub by: String,
    /// Name and port; where settings name several servers, the one that took it.
    pub server: String,
    /// `implicit` or `starttls`, `https` for Microsoft Graph, `none` without encryption.
    pub security: String,
    /// The version of TLS, as in `TLS 1.3`; `None` without encryption, and where it is not known.
    pub tls: Option<String>,
    /// The final answer.
    pub said: String,
    /// When that came.
    pub at: Micros,
    /// How often the work on it was tried, this time included; letters about one mail are one work.
    pub tries: u32,
    /// How it was sealed, or why it was not, with the whole trace; `None` where its site seals nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealing: Option<RecipientPlan>,
}

impl Dialogue {
    /// The same with an answer that is not too long, and on one line.
    pub fn cut(mut self) -> Dialogue {
        let plain = self.said.chars().map(|c| if c.is_control() { ' ' } else { c });
        self.said = plain.take(SAID_LETTERS_MAX).collect();
        self
    }

    /// One sentence for people, but for its time.
    pub fn in_words(&self) -> String {
        let security = match (self.security.as_str(), &self.tls) {
            ("implicit", Some(version)) => format!("{version} from the beginning"),
            ("starttls", Some(version)) => format!("{version} by STARTTLS"),
            ("https", _) => "HTTPS".to_owned(),
            _ => "no encryption".to_owned(),
        };
        let tries = match self.tries {
            0 | 1 => "at the first try".to_owned(),
            tries => format!("at try {tries}"),
        };
        let by = if self.by == "graph" { "Microsoft Graph at " } else { "" };
        let sealing = self.sealing_in_words().map(|how| format!(". It left {how}")).unwrap_or_default();
        format!("{by}{} took it {tries}, over {security}, and said: {}{sealing}", self.server, self.said)
    }

    /// How it left by the rules for sealing, and why.
    pub fn sealing_in_words(&self) -> Option<String> {
        Some(self.sealing.as_ref()?.fate.in_words())
    }
}

/// What is written down of a letter that is done, beside its receipt.
#[derive(Debug, Clone, Default)]
pub struct LetterLeft {
    /// As what it is counted, with how many bytes; `None` where nothing left.
    pub counted: Option<(Metered, u64)>,
    pub dialogue: Option<Dialogue>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dialogue_is_one_sentence_and_its_answer_is_cut() {
        let said = format!("250 2.0.0 Ok:\nqueued as 4711 {}", "x".repeat(600));
        let dialogue = Dialogue {
            by: "smtp".into(),
            server: "mail.example:587".into(),
            security: "starttls".into(),
            tls: Some("TLS 1.3".into()),
            said,
            at: 0,
            tries: 2,
            sealing: None,
        };
        let words = dialogue.cut().in_words();
        let beginning =
            "mail.example:587 took it at try 2, over TLS 1.3 by STARTTLS, and said: 250 2.0.0 Ok: queued as 4711 xx";
        assert!(words.starts_with(beginning) && words.len() < 600, "{words}");
    }
}
