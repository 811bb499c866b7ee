//! Keys that come with a mail: of which mails they are taken, and which are kept for its author.

use crate::decide::proved_author;
use crate::plan::{Outcome, Plan};
use crate::sealing::{Origin, Scheme};
use crate::{Facts, Profile};
use mail::Message;
use serde::{Deserialize, Serialize};

/// Why a key that came with a mail is not kept. It says nothing of what stands in the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unkept {
    /// It holds a private part; nothing of it is kept.
    HoldsPrivate,
    TooLarge,
    /// The mail brings more keys than anybody has, or the address has as many as it may.
    TooMany,
    /// None of its names has the author's address.
    OtherAddress,
    Unreadable,
    /// Mail cannot be encrypted with it, or its time is over.
    Unfit,
    /// Nobody vouches that the mail is its author's.
    NotAuthentic,
}

impl Unkept {
    pub fn why(self) -> &'static str {
        match self {
            Unkept::HoldsPrivate => {
                "it holds a private key, of which nothing is ever kept; its owner has to make a new one"
            }
            Unkept::TooLarge => "it is larger than 64 KiB",
            Unkept::TooMany => "there are more keys than are kept for one address",
            Unkept::OtherAddress => "it is not for the sender's address",
            Unkept::Unreadable => "it cannot be read",
            Unkept::Unfit => "mail cannot be encrypted with it",
            Unkept::NotAuthentic => "nobody vouches that the mail is its sender's",
        }
    }
}

/// For whom the keys of a mail may be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bringer {
    /// Normalised.
    pub address: String,
    /// His domain vouches that he wrote the mail, or his signature does where the profile says so.
    pub is_authentic: bool,
}

/// Whose keys are taken out of a mail on which this plan was made: those of a person whose mail became an issue or a comment, and that no
/// machine wrote. `None` where no key is looked for.
pub fn bringer(mail: &Message, profile: &Profile, facts: &Facts, plan: &Plan) -> Option<Bringer> {
    let is_by_a_person =
        mail.automatic.is_none() && mail.bounce.is_none() && mail.receipt.is_none() && mail.feedback.is_none();
    let is_taken = matches!(plan.outcome, Outcome::Create | Outcome::Comment) && !plan.steps.is_empty();
    let (address, is_authentic) = proved_author(mail, profile, facts).filter(|_| is_by_a_person && is_taken)?;
    Some(Bringer { address, is_authentic })
}

/// Whether a mail has anything that may be a key.
pub fn may_hold_keys(mail: &Message) -> bool {
    let has_part = || mail.parts.iter().any(|part| part.leaf && part.content_type == "application/pgp-keys");
    mail.autocrypt.is_some() || !mail.sealed.is_empty() || mail.opened.is_some() || has_part()
}

/// How a key stands to others of the same address and scheme that came with mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// It is used beside them: an authority says whose it is.
    Used,
    /// It is used where there is none, and waits for a person's word where there is one (trust on first use).
    FirstAlone,
}

/// What becomes of a key. `is_vouched` is that it signed the mail and an authority says whose it is; `is_fit` that mail can be encrypted
/// with it; one that is known and no longer fit is kept, because that it ended has to be known.
///
/// # Errors
/// Why it is not kept.
pub fn treatment(bringer: &Bringer, is_vouched: bool, is_fit: bool, is_known: bool) -> Result<Beside, Unkept> {
    match (is_vouched, bringer.is_authentic) {
        (false, false) => Err(Unkept::NotAuthentic),
        _ if !is_fit && !is_known => Err(Unkept::Unfit),
        (true, _) => Ok(Beside::Used),
        (false, true) => Ok(Beside::FirstAlone),
    }
}

/// What became of a key that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    Used,
    Quarantined,
}

/// The line of the story about a key that came along.
pub fn told(origin: Origin, key: Option<(Scheme, &str)>, became: Result<Kept, Unkept>) -> String {
    let by = match origin {
        Origin::Autocrypt => "in the header (Autocrypt)",
        _ => "with the mail",
    };
    let what = match key {
        Some((scheme, fingerprint)) => {
            let short: String = fingerprint.chars().take(16).collect();
            format!("one of {scheme}, {short}…, came {by}")
        }
        None => format!("one came {by}"),
    };
    let became = match became {
        Ok(Kept::Used) => "it is kept and may be used for letters to the sender".to_owned(),
        Ok(Kept::Quarantined) => {
            "it waits in quarantine for somebody's word, because another one is in use (`sealpost key list --quarantined`)".to_owned()
        }
        Err(why) => format!("it is not kept, because {}", why.why()),
    };
    format!("Which key of the sender came along? {what}: {became}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_vouches_for_is_not_kept_and_what_ended_only_where_it_is_known() {
        let by = |is_authentic| Bringer { address: "ann@people.example".into(), is_authentic };
        assert_eq!(treatment(&by(false), false, true, true), Err(Unkept::NotAuthentic));
        assert_eq!(treatment(&by(false), true, true, false), Ok(Beside::Used));
        assert_eq!(treatment(&by(true), false, true, false), Ok(Beside::FirstAlone));
        assert_eq!(treatment(&by(true), false, false, false), Err(Unkept::Unfit));
        assert_eq!(treatment(&by(true), false, false, true), Ok(Beside::FirstAlone));
    }
}
