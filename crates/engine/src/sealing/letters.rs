//! Letters of our own, sealed by the rules of their site just before they leave.
//!
//! Whatever is missing or goes wrong keeps the letter here, and it is tried again: no letter leaves plain by an error.

use super::{Beyond, ByRules, Explained, LOOK_EVERY, Planned, SealingSettings, SignOrder};
use crate::cell::Cells;
use crate::outside::Outside;
use futures_util::future::BoxFuture;
use mail::compose::{in_place_of, with_general_list};
use mail::{Envelope, Headers, OtherField};
use policy::sealing::{Fate, MailFacts, Notice, NoticeKind, RecipientPlan, Scheme, Seal};
use policy::{Fault, FaultCode, FaultKind};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// The field by which rules know what kind of letter it is. It stands in none: letters do not tell on their way what they are.
pub const KIND_FIELD: &str = "x-sealpost-letter";
/// The field by which they know its mapping.
pub const MAPPING_FIELD: &str = "x-sealpost-mapping";
/// The field from which rules take the project: first of all, so that no subject has a say beside it.
const ISSUE_FIELD: &str = "x-jira-issue";

/// A letter that waits is looked at again after so long, later less often.
const AGAIN_FIRST: Duration = Duration::from_secs(60);
const AGAIN_MAX: Duration = Duration::from_secs(15 * 60);

/// What is known of a letter beside its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LetterNature {
    pub site: String,
    /// Such as `event`; rules know it by [`KIND_FIELD`].
    pub kind: &'static str,
    /// The key of the issue that it is about; empty for none.
    pub issue_key: String,
    /// Empty for none.
    pub mapping: String,
    /// The keys of the projects of all issues that it tells of, where these are several.
    pub projects: Vec<String>,
    pub came_sealed: bool,
    /// The page of the issue.
    pub link: Option<String>,
    /// It is encrypted to a key that its recipient is to prove by opening it; rules are asked for our signature alone.
    pub proves_key: bool,
}

/// Decides about letters and seals them. Each fault is ours, and none of them says that a letter may go as it is.
pub trait LetterSealer: Send + Sync + 'static {
    /// The header of a letter, without its body.
    fn headers<'a>(&'a self, mail: &'a [u8]) -> BoxFuture<'a, Result<Headers, Fault>>;

    /// What the rules say of a mail to its one recipient.
    fn plan<'a>(&'a self, mail: &'a MailFacts) -> BoxFuture<'a, Result<Planned, Fault>>;

    /// Whether it may be told where nothing is sealed.
    fn may_be_told<'a>(&'a self, mail: &'a MailFacts) -> BoxFuture<'a, Result<bool, Fault>>;

    /// The mail of a site as it was decided, with those who were found for that decision; or why not.
    fn seal<'a>(
        &'a self,
        mail: &'a [u8],
        site: &'a str,
        seal: &'a Seal,
        beyond: &'a Beyond,
    ) -> BoxFuture<'a, Result<Result<Vec<u8>, String>, Fault>>;

    /// The key of ours that signs a mail by this scheme, whatever else is done with the mail; `None` where there is none. A sealer without
    /// keys of its own has none.
    fn signer<'a>(&'a self, _mail: &'a MailFacts, _scheme: Scheme) -> BoxFuture<'a, Result<Option<SignOrder>, Fault>> {
        Box::pin(async { Ok(None) })
    }

    /// What was asked for about a mail, and what would become of it for each of its recipients, with nobody asked outside; `None` where a
    /// sealer has no rules to explain it by.
    fn explained<'a>(&'a self, _mail: &'a MailFacts) -> BoxFuture<'a, Result<Option<Explained>, Fault>> {
        Box::pin(async { Ok(None) })
    }
}

/// A letter as it may leave.
#[derive(Debug)]
pub struct SealedLetter {
    /// `None` where it goes as it is.
    pub mail: Option<Vec<u8>>,
    /// The address in From, as it was read; empty where there is none, or several.
    pub from: String,
    pub plan: RecipientPlan,
}

/// What becomes of a letter for the one recipient of its envelope. It has no signature of its domain: that comes after sealing. `age` is how
/// long it waits already.
///
/// # Errors
/// Temporary `SealingHeld` when it has to wait, which says when it is to be asked again; permanent `SealingRefused` when a rule says that it does not go;
/// every other fault is temporary, whatever went wrong.
pub async fn sealed(
    sealer: &dyn LetterSealer,
    nature: &LetterNature,
    envelope: &Envelope,
    (now_s, age): (i64, Duration),
    mail: &[u8],
) -> Result<SealedLetter, Fault> {
    let headers = sealer.headers(mail).await.map_err(later)?;
    let facts = nature.facts(headers, envelope, now_s);
    if facts.recipients.len() != 1 {
        return Err(Fault::temporary(FaultCode::Internal, "a letter for other than one recipient"));
    }
    let Planned { plan, beyond } = sealer.plan(&facts).await.map_err(later)?;
    let from = facts.from().unwrap_or_default().to_owned();
    let done = match &plan.fate {
        Fate::Plain { .. } => return Ok(SealedLetter { mail: None, from, plan }),
        Fate::Seal(seal) => sealer.seal(&nature.hidden(mail, seal), &nature.site, seal, &beyond).await,
        Fate::Notice(notice) => nature.notice(sealer, mail, notice).await,
        Fate::Hold { why } => return Err(waits(why, age)),
        Fate::Refuse { why } => return Err(refused(why)),
    };
    match done.map_err(later)? {
        Ok(mail) if mail.is_empty() => Err(Fault::temporary(FaultCode::Internal, "the sealer made an empty letter")),
        Ok(mail) => Ok(SealedLetter { mail: Some(mail), from, plan }),
        Err(why) => Err(waits(&format!("it could not be sealed: {why}"), age)),
    }
}

/// What signs a letter by this scheme that is encrypted by somebody else's word than the rules'; `None` where no key of ours for its sender
/// may sign.
///
/// # Errors
/// Temporary, whatever went wrong.
pub async fn signer_of(
    sealer: &dyn LetterSealer,
    nature: &LetterNature,
    envelope: &Envelope,
    now_s: i64,
    (mail, scheme): (&[u8], Scheme),
) -> Result<Option<SignOrder>, Fault> {
    let headers = sealer.headers(mail).await.map_err(later)?;
    sealer.signer(&nature.facts(headers, envelope, now_s), scheme).await.map_err(later)
}

impl LetterNature {
    /// What is decided by. What the letter's own header says under our names does not count.
    pub fn facts(&self, mut headers: Headers, envelope: &Envelope, now_s: i64) -> MailFacts {
        let ours = |field: &OtherField| field.name.starts_with("x-sealpost-") || field.name.starts_with("x-jira-");
        headers.other.retain(|field| !ours(field));
        let known = [(ISSUE_FIELD, self.issue_key.as_str()), (KIND_FIELD, self.kind), (MAPPING_FIELD, &self.mapping)];
        let known = known.into_iter().filter(|(_, value)| !value.is_empty());
        headers.other.extend(known.map(|(name, value)| OtherField { name: name.to_owned(), value: value.to_owned() }));
        MailFacts {
            now_s,
            site: self.site.clone(),
            envelope_from: envelope.mail_from.clone(),
            account: None,
            headers,
            recipients: envelope.rcpt_to.clone(),
            came_sealed: self.came_sealed,
            projects: self.projects.clone(),
        }
    }

    /// The mail with nothing outside that names the issue, where its subject is hidden.
    fn hidden(&self, mail: &[u8], seal: &Seal) -> Vec<u8> {
        match seal.outer_subject.is_some() && !seal.encrypt_to.is_empty() && !self.issue_key.is_empty() {
            true => with_general_list(mail, &self.issue_key),
            false => mail.to_vec(),
        }
    }

    /// What goes in its place, in the same thread and under the same Message-ID.
    async fn notice(
        &self,
        sealer: &dyn LetterSealer,
        mail: &[u8],
        notice: &Notice,
    ) -> Result<Result<Vec<u8>, String>, Fault> {
        let mut text = notice.text.clone();
        if let Some(link) = self.link.as_ref().filter(|_| notice.kind == NoticeKind::LinkOnly && !text.contains("://"))
        {
            text = format!("{}\n\n{link}", text.trim_end());
        }
        let made = in_place_of(mail, &notice.subject, &text);
        let Some((scheme, sign)) = &notice.sign else { return Ok(Ok(made)) };
        let seal = Seal {
            scheme: *scheme,
            sign: Some(sign.clone()),
            encrypt_to: Vec::new(),
            suite: notice.suite,
            protect_header: false,
            outer_subject: None,
            opaque: false,
            footer: None,
            why: notice.why.clone(),
        };
        sealer.seal(&made, &self.site, &seal, &Beyond::default()).await
    }
}

/// The same fault as one of ours that passes: nothing of it is about the letter or its recipient.
fn later(fault: Fault) -> Fault {
    Fault { kind: FaultKind::Temporary, ..fault }
}

/// A letter stays, and is looked at again later, the later the older it is.
pub(crate) fn waits(why: &str, age: Duration) -> Fault {
    let again = (age / 10).clamp(AGAIN_FIRST, AGAIN_MAX);
    let public =
        format!("The letter waits: {why}. Import a key that may be used, or change the rules; it goes by itself then.");
    Fault::temporary(FaultCode::SealingHeld, why).with_public(public).with_retry_after_s(again.as_secs())
}

fn refused(why: &str) -> Fault {
    let public = format!("The letter was not sent: {why}.");
    Fault::permanent(FaultCode::SealingRefused, why).with_public(public)
}

/// Seals by a file of rules and a folder of keys, which are read when the first letter needs them. Until both can be read no letter leaves.
pub struct LettersByRules {
    settings: Arc<SealingSettings>,
    cells: Cells,
    /// Who is asked where the folder has no key that may be used.
    outside: RwLock<Outside>,
    state: Mutex<State>,
}

enum State {
    New,
    /// They could not be read.
    Wrong(Fault, Instant),
    /// They were read, and looked at again at that time.
    Read(ByRules, Instant),
    /// They were read, and are to be looked at again.
    Stale(ByRules),
}

impl LettersByRules {
    /// `outside` is asked where the folder has no key that may be used.
    pub fn new(settings: SealingSettings, cells: Cells, outside: Outside) -> LettersByRules {
        let (settings, outside) = (Arc::new(settings), RwLock::new(outside));
        LettersByRules { settings, cells, outside, state: Mutex::new(State::New) }
    }

    /// From now on these are asked.
    pub fn ask(&self, outside: Outside) {
        *self.outside.write().unwrap_or_else(PoisonError::into_inner) = outside;
    }

    /// Has the next letter look at rules and keys anew, however lately they were read; those that are known stay where the new are wrong.
    pub async fn look_again(&self) {
        let mut state = self.state.lock().await;
        *state = match std::mem::replace(&mut *state, State::New) {
            State::Read(by_rules, _) => State::Stale(by_rules),
            State::Stale(by_rules) => State::Stale(by_rules),
            State::New | State::Wrong(..) => State::New,
        };
    }

    /// Rules and keys as they are; changes are seen after half a minute at the latest.
    ///
    /// # Errors
    /// Those of [`ByRules::start`].
    pub async fn read(&self) -> Result<ByRules, Fault> {
        let mut state = self.state.lock().await;
        let by_rules = match &*state {
            State::Wrong(fault, at) if at.elapsed() < LOOK_EVERY => return Err(fault.clone()),
            State::Read(by_rules, at) if at.elapsed() < LOOK_EVERY => return Ok(self.asking(by_rules)),
            State::Read(by_rules, _) | State::Stale(by_rules) => Some(by_rules.clone()),
            State::New | State::Wrong(..) => None,
        };
        let (settings, cells) = (self.settings.clone(), self.cells.clone());
        let reading = tokio::task::spawn_blocking(move || match by_rules {
            Some(by_rules) => {
                // A panic in there leaves what is known as it is.
                let _ = std::panic::catch_unwind(AssertUnwindSafe(|| by_rules.refresh()));
                Ok(by_rules)
            }
            None => ByRules::start(settings, cells),
        });
        let broken = |_| Err(Fault::temporary(FaultCode::Internal, "reading rules and keys ended badly"));
        let read = reading.await.unwrap_or_else(broken);
        *state = match &read {
            Ok(by_rules) => State::Read(by_rules.clone(), Instant::now()),
            Err(fault) => {
                tracing::error!(code = %fault.code, detail = fault.logged(), "letters wait: rules or keys for sealing cannot be used");
                State::Wrong(fault.clone(), Instant::now())
            }
        };
        read.map(|by_rules| self.asking(&by_rules))
    }

    fn asking(&self, by_rules: &ByRules) -> ByRules {
        by_rules.asking(self.outside.read().unwrap_or_else(PoisonError::into_inner).clone())
    }
}

impl LetterSealer for LettersByRules {
    fn headers<'a>(&'a self, mail: &'a [u8]) -> BoxFuture<'a, Result<Headers, Fault>> {
        Box::pin(async move { super::headers(&self.cells, mail).await })
    }

    fn plan<'a>(&'a self, mail: &'a MailFacts) -> BoxFuture<'a, Result<Planned, Fault>> {
        Box::pin(async move { self.read().await?.plan(mail).await })
    }

    fn may_be_told<'a>(&'a self, mail: &'a MailFacts) -> BoxFuture<'a, Result<bool, Fault>> {
        Box::pin(async move { Ok(self.read().await?.may_be_told(mail)) })
    }

    fn seal<'a>(
        &'a self,
        mail: &'a [u8],
        site: &'a str,
        seal: &'a Seal,
        beyond: &'a Beyond,
    ) -> BoxFuture<'a, Result<Result<Vec<u8>, String>, Fault>> {
        Box::pin(async move { self.read().await?.carry_out(mail, site, seal, beyond).await })
    }

    fn signer<'a>(&'a self, mail: &'a MailFacts, scheme: Scheme) -> BoxFuture<'a, Result<Option<SignOrder>, Fault>> {
        Box::pin(async move { self.read().await?.signer(mail, scheme) })
    }

    fn explained<'a>(&'a self, mail: &'a MailFacts) -> BoxFuture<'a, Result<Option<Explained>, Fault>> {
        Box::pin(async move { Ok(Some(self.read().await?.asking_nobody().explained(mail).await)) })
    }
}

#[cfg(test)]
#[path = "letters_tests.rs"]
mod tests;
