//! Sealing by rules: what they say about a mail for a recipient, done with the keys of the folder, in cells.
//!
//! Whatever is missing or goes wrong is a fault, and whoever asked holds the mail back: nothing leaves plain by an error.

mod asked;
mod asking;
mod beyond;
pub mod compare;
mod covering;
mod explaining;
mod keys;
pub mod letters;
mod notice;
mod people;
mod standing;
mod table;

pub use asked::AskedFolder;
pub use asking::SignOrder;
pub use beyond::Beyond;
pub use covering::Covering;
pub use explaining::Explained;

use crate::cell::{self, Cells};
use crate::keys::{KeyFolder, Openers, Trouble};
use crate::outside::{KeySources, Outside};
use crate::register::PeopleKeys;
use crate::relay::{CopyRoom, Fate, Sealer, Sealing, Submitted};
use futures_util::future::BoxFuture;
use policy::sealing::{self, MailFacts, Notice, RecipientPlan, Seal, SealingRules};
use policy::{Fault, FaultCode};
use seal::entity::Entity;
use seal::keyfile::Password;
use seal::order::{ProtectionOrder, Refusal, SealOrder};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
pub(crate) use table::joined;
use table::{Choice, Table};
use tokio_util::sync::CancellationToken;

/// How often the files are looked at for changes.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// A copy takes up to so many times the room of its mail, beside [`NOTICE_BYTES`]: base64 around base64, each a third longer.
const SEALED_TIMES: usize = 2;
/// Room for a notice, and for signatures and keys of a copy.
const NOTICE_BYTES: usize = 64 * 1024;

/// Where rules and keys are.
pub struct SealingSettings {
    /// The file of rules.
    pub rules: PathBuf,
    /// The folder of keys.
    pub keys: PathBuf,
    /// What opens private keys there.
    pub passwords: Vec<Password>,
    /// What opens those there that no password does.
    pub openers: Openers,
    /// The authorities of the system are trusted, too.
    pub trusts_system: bool,
    /// Our own name in the ids of notices.
    pub hostname: String,
    /// Where the store keeps keys of people; `None` where the folder is all there is.
    pub people: Option<PeopleKeys>,
}

/// Seals by rules. Cheap to clone.
#[derive(Clone)]
pub struct ByRules {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Arc<SealingSettings>,
    cells: Cells,
    /// Who is asked beyond the folder.
    outside: Outside,
    state: Arc<RwLock<Arc<State>>>,
}

/// What the rules say of a mail, with the certificates that were found outside for it.
pub struct Planned {
    pub plan: RecipientPlan,
    pub beyond: Beyond,
}

/// What was read from the files at one time.
#[derive(Clone)]
struct State {
    rules: Arc<SealingRules>,
    table: Arc<Table>,
    /// Some files could not be read, so a key that is not found may be there all the same.
    is_partial: bool,
    /// By which changes of the rules and of the keys are seen.
    stamps: (Vec<u8>, Vec<u8>),
}

impl ByRules {
    /// Reads rules and keys; it blocks.
    ///
    /// # Errors
    /// Permanent `SealingRulesWrong` when the rules cannot be read or say something wrong, or the folder of keys cannot be read. A file of
    /// keys that cannot be used is no error: it is logged, and the keys are missing.
    pub fn start(settings: impl Into<Arc<SealingSettings>>, cells: Cells) -> Result<ByRules, Fault> {
        let outside = Outside { keys: KeySources::nobody(cells.clone()), news: None };
        ByRules::start_asking(settings, cells, outside)
    }

    /// The same, with others to be asked for what the folder does not have.
    ///
    /// # Errors
    /// As [`ByRules::start`].
    pub fn start_asking(
        settings: impl Into<Arc<SealingSettings>>,
        cells: Cells,
        outside: Outside,
    ) -> Result<ByRules, Fault> {
        let settings = settings.into();
        let state = Arc::new(RwLock::new(Arc::new(State::read(&settings)?)));
        Ok(ByRules { inner: Arc::new(Inner { settings, cells, outside, state }) })
    }

    /// The same with others to be asked. What is read of the files is one and the same.
    pub fn asking(&self, outside: Outside) -> ByRules {
        let Inner { settings, cells, state, .. } = &*self.inner;
        let (settings, cells, state) = (settings.clone(), cells.clone(), state.clone());
        ByRules { inner: Arc::new(Inner { settings, cells, outside, state }) }
    }

    /// Reads files again when they changed, until `stop`. Rules that are wrong leave those before them in force, and are logged.
    pub async fn keep_fresh(&self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
            let this = self.clone();
            // A panic in there leaves what is known as it is, and the next look comes.
            let _ = tokio::task::spawn_blocking(move || this.refresh()).await;
        }
    }

    /// Reads files again when they changed, rules and keys each by itself; it blocks. Whether anything new is in force.
    pub fn refresh(&self) -> bool {
        let (settings, known) = (&self.inner.settings, self.state());
        let mut state = State::clone(&known);
        state.stamps = State::stamps(settings);
        let mut is_new = false;
        if state.stamps.0 != known.stamps.0 {
            match read_rules(settings) {
                Ok(rules) => (state.rules, is_new) = (Arc::new(rules), true),
                Err(fault) => {
                    let problem = wrong_lines(settings, &fault);
                    tracing::error!(code = %fault.code, problem, "changed rules for sealing are wrong; those before stay in force");
                }
            }
        }
        // What could not be read may be readable now without having changed.
        if state.stamps.1 != known.stamps.1 || known.is_partial {
            match read_keys(settings) {
                Ok((_, is_partial)) if is_partial && !known.is_partial => {
                    state.stamps.1.clone_from(&known.stamps.1);
                    let problem = where_listed(settings);
                    tracing::error!(problem, "some files of keys cannot be read; the keys before stay in force");
                }
                // A folder that is all at once empty is one that is no longer mounted.
                Ok((table, _)) if table.is_empty() && !known.table.is_empty() => {
                    state.stamps.1.clone_from(&known.stamps.1);
                    let problem = where_listed(settings);
                    tracing::error!(
                        problem,
                        "the folder of keys is empty; the keys before stay in force until a restart"
                    );
                }
                Ok((table, is_partial)) => {
                    (state.table, state.is_partial, is_new) = (Arc::new(table), is_partial, true);
                }
                Err(fault) => {
                    state.stamps.1.clone_from(&known.stamps.1);
                    tracing::error!(code = %fault.code, problem = fault.public, "the folder of keys cannot be read; the keys before stay in force");
                }
            }
        }
        *self.inner.state.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(state);
        is_new
    }

    fn state(&self) -> Arc<State> {
        self.inner.state.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn facts(&self, mail: &Submitted, recipient: &str) -> Result<MailFacts, Fault> {
        let headers = self.headers(mail).await?;
        Ok(MailFacts {
            came_sealed: self.tells_of_sealed(&mail.site, &headers).await?,
            now_s: now_s(),
            site: mail.site.clone(),
            envelope_from: mail.envelope_from.clone(),
            account: mail.account.clone(),
            headers,
            recipients: vec![recipient.to_owned()],
            ..MailFacts::default()
        })
    }

    /// Whether a mail of this site tells of something that came in sealed.
    async fn tells_of_sealed(&self, site: &str, headers: &mail::Headers) -> Result<bool, Fault> {
        match &self.inner.settings.people {
            Some(people) => people.tells_of_sealed(site, headers).await,
            None => Ok(false),
        }
    }

    /// What the rules say of the mail to this recipient, without any of it being done.
    async fn planned(&self, mail: &Submitted, recipient: &str) -> Result<RecipientPlan, Fault> {
        let facts = self.facts(mail, recipient).await?;
        Ok(self.decided(&self.state(), &facts).await?.0)
    }

    async fn fate(&self, mail: &Submitted, recipient: &str) -> Result<Fate, Fault> {
        let state = self.state();
        let facts = self.facts(mail, recipient).await?;
        let (plan, beyond) = self.decided(&state, &facts).await?;
        if plan.fate.is_readable() {
            let (relay, relayed, why) = (&mail.relay, &mail.id, plan.fate.why());
            tracing::info!(relay, relayed, why, "a copy leaves readable, as the rules say");
        }
        match plan.fate {
            sealing::Fate::Plain { .. } => Ok(Fate::HandOn { copy: mail.bytes.clone(), sealing: Sealing::Plain }),
            sealing::Fate::Hold { why } => Ok(Fate::Hold { why }),
            sealing::Fate::Refuse { why } => Ok(Fate::Refuse { why }),
            sealing::Fate::Seal(seal) => self.sealed(&state, mail, &seal, &beyond).await,
            sealing::Fate::Notice(notice) => {
                let room = mail.room_for(NOTICE_BYTES)?;
                self.notice(&state, &facts, (recipient, room), &notice).await
            }
        }
    }

    /// Read once for all recipients of a mail, and without its body.
    async fn headers(&self, mail: &Submitted) -> Result<mail::Headers, Fault> {
        mail.headers.get_or_try_init(|| self.headers_handed_in(&mail.bytes)).await.cloned()
    }

    async fn headers_handed_in(&self, mail: &[u8]) -> Result<mail::Headers, Fault> {
        let mut headers = headers(&self.inner.cells, mail).await?;
        // By these our own letters are known, and whoever hands in a mail writes none of them.
        headers.other.retain(|field| !field.name.starts_with("x-sealpost-"));
        Ok(headers)
    }

    /// What the rules say of a mail to its first recipient, by the keys that are there and those of whoever is asked.
    async fn plan(&self, mail: &MailFacts) -> Result<Planned, Fault> {
        let state = self.state();
        let (mut plan, beyond) = self.decided(&state, mail).await?;
        state.note_algorithms(&mut plan, &beyond, mail.now_s);
        Ok(Planned { plan, beyond })
    }

    fn may_be_told(&self, mail: &MailFacts) -> bool {
        sealing::may_be_told(mail, &self.state().rules)
    }

    /// The mail of a site sealed so, or why not; to whoever was found beyond the folder when it was planned, too.
    async fn carry_out(
        &self,
        mail: &[u8],
        site: &str,
        seal: &Seal,
        beyond: &Beyond,
    ) -> Result<Result<Vec<u8>, String>, Fault> {
        let done = self.seal_by(&self.state(), (mail, site), seal, beyond).await?;
        Ok(done.map_err(|refusal| refusal.word().to_owned()))
    }

    async fn seal_by(
        &self,
        state: &State,
        (mail, site): (&[u8], &str),
        seal: &Seal,
        beyond: &Beyond,
    ) -> Result<Result<Vec<u8>, Refusal>, Fault> {
        self.still_kept(state, site, beyond, &seal.encrypt_to).await?;
        let (with, keys) = state.table.with_beyond(beyond, &Choice::of(seal)).ok_or_else(gone)?;
        let protection = seal
            .protect_header
            .then(|| ProtectionOrder { outer_subject: seal.outer_subject.clone(), is_displayed: true });
        let order = SealOrder { with, protection, footer: seal.footer.clone(), now: now_s().unsigned_abs() };
        self.order(mail, &order, &keys).await
    }

    async fn sealed(&self, state: &State, mail: &Submitted, seal: &Seal, beyond: &Beyond) -> Result<Fate, Fault> {
        let room = mail.room_for(mail.bytes.len() * SEALED_TIMES + NOTICE_BYTES)?;
        let copy = match self.seal_by(state, (&mail.bytes, &mail.site), seal, beyond).await? {
            Ok(copy) => copy,
            // One recipient's key is no reason to keep the mail from the others.
            Err(refusal) => return Ok(Fate::Hold { why: format!("the mail could not be sealed: {}", refusal.word()) }),
        };
        let sealing = match (seal.sign.is_some(), seal.encrypt_to.is_empty()) {
            (true, false) => Sealing::SignedAndEncrypted,
            (false, false) => Sealing::Encrypted,
            (_, true) => Sealing::Signed,
        };
        Ok(Fate::HandOn { copy: room.keep(copy)?, sealing })
    }

    async fn notice(
        &self,
        state: &State,
        mail: &MailFacts,
        (recipient, room): (&str, CopyRoom),
        notice: &Notice,
    ) -> Result<Fate, Fault> {
        let bytes = notice::compose(mail, recipient, notice, &self.inner.settings.hostname)?;
        let replaced = |copy: Vec<u8>| Ok(Fate::Replace { copy: room.keep(copy)?, why: notice.why.clone() });
        let Some((scheme, fingerprint)) = &notice.sign else { return replaced(bytes) };
        let choice = Choice::signature(*scheme, fingerprint, notice.suite);
        let (with, keys) = state.table.with(&choice).ok_or_else(gone)?;
        let order = SealOrder { with, protection: None, footer: None, now: now_s().unsigned_abs() };
        match self.order(&bytes, &order, &keys).await? {
            Ok(copy) => replaced(copy),
            Err(refusal) => Ok(Fate::Hold { why: format!("a notice could not be signed: {}", refusal.word()) }),
        }
    }

    async fn order(
        &self,
        mail: &[u8],
        order: &SealOrder,
        keys: &[cell::OwnKey],
    ) -> Result<Result<Vec<u8>, Refusal>, Fault> {
        let sealed = match self.inner.cells.seal(mail, order, keys).await? {
            Ok(sealed) => sealed,
            Err(refusal) => return Ok(Err(refusal)),
        };
        // Whatever went wrong in a cell: what is not sealed as ordered, or says outside what the mail did not say there, goes nowhere.
        match order.is_form_of(mail, &sealed) {
            true => Ok(Ok(sealed)),
            false => {
                Err(Fault::temporary(FaultCode::CellDied, "a cell gave back a mail that is not sealed as ordered"))
            }
        }
    }
}

impl Sealer for ByRules {
    /// By deciding once for nothing: what was asked on the way is remembered.
    fn look_up<'a>(&'a self, mail: &'a Submitted, recipient: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if self.inner.outside.is_nobody() {
                return;
            }
            // What the register has is asked for again: it is near.
            if let Ok(facts) = self.facts(mail, recipient).await {
                let _ = self.decided(&self.state(), &facts).await;
            }
        })
    }

    fn may_release_held(&self) -> bool {
        true
    }

    fn seal<'a>(&'a self, mail: &'a Submitted, recipient: &'a str) -> BoxFuture<'a, Result<Fate, Fault>> {
        Box::pin(self.fate(mail, recipient))
    }
}

/// The header of a mail, read without its body.
async fn headers(cells: &Cells, mail: &[u8]) -> Result<mail::Headers, Fault> {
    let reading = cells.read(Entity::read(mail).head, &mail::Limits::default()).await?;
    // Rules decide by the whole header or not at all.
    let headers = reading.message.headers;
    match reading.too_complex.is_some() || headers.other.len() >= mail::OTHER_FIELDS_MAX {
        true => Err(Fault::temporary(FaultCode::TooComplex, "the header of a mail is longer than is read")),
        false => Ok(headers),
    }
}

fn read_rules(settings: &SealingSettings) -> Result<SealingRules, Fault> {
    let shown = settings.rules.display().to_string();
    let text = std::fs::read_to_string(&settings.rules).map_err(|error| {
        let public = format!("{shown}: the rules for sealing cannot be read: {error}; name their file in `rules`");
        Fault::permanent(FaultCode::SealingRulesWrong, "the file cannot be read").with_public(public)
    })?;
    SealingRules::from_toml(&text, &shown)
}

/// What is wrong in the rules, as `sealpost rules check` says it: file and line, and what to write. Values may hold addresses, which stand in
/// no log (PRIV-16), so words with an `@` are left out of all but the name of the file.
fn wrong_lines(settings: &SealingSettings, fault: &Fault) -> String {
    let shown = settings.rules.display().to_string();
    let without_addresses = |line: &str| {
        let (file, said) = match line.strip_prefix(&shown) {
            Some(said) => (shown.as_str(), said),
            None => ("", line),
        };
        let words: Vec<&str> = said.split(' ').map(|word| if word.contains('@') { "…" } else { word }).collect();
        format!("{file}{}", words.join(" "))
    };
    fault.public.lines().map(without_addresses).collect::<Vec<_>>().join(" | ")
}

/// The command that names each file of the folder with what is wrong in it.
fn where_listed(settings: &SealingSettings) -> String {
    format!("see `sealpost key list --keys {}`", settings.keys.display())
}

/// The keys, and whether some files could not be read.
fn read_keys(settings: &SealingSettings) -> Result<(Table, bool), Fault> {
    let mut folder = KeyFolder::read_with(&settings.keys, &settings.passwords, &settings.openers);
    if settings.trusts_system {
        folder.system = crate::keys::system_anchors();
    }
    let of_folder = |one: &&Trouble| one.file.as_os_str().is_empty() && !one.why.is_warning();
    if let Some(trouble) = folder.troubles.iter().find(of_folder) {
        let shown = settings.keys.display();
        let public = format!("{shown}: the folder of keys cannot be used: {}; name it in `keys`", trouble.why);
        return Err(Fault::permanent(FaultCode::SealingRulesWrong, "the folder of keys").with_public(public));
    }
    if !folder.troubles.is_empty() {
        tracing::warn!(problem = where_listed(settings), "some files of keys are not as they should be");
    }
    let is_partial = asked::is_partial(&folder);
    Ok((Table::new(folder), is_partial))
}

impl State {
    fn read(settings: &SealingSettings) -> Result<State, Fault> {
        let stamps = State::stamps(settings);
        let rules = Arc::new(read_rules(settings)?);
        let (table, is_partial) = read_keys(settings)?;
        Ok(State { rules, table: Arc::new(table), is_partial, stamps })
    }

    /// Names, sizes and times of all files that are read.
    fn stamps(settings: &SealingSettings) -> (Vec<u8>, Vec<u8>) {
        (crate::keys::stamp(&settings.rules), crate::keys::stamp(&settings.keys))
    }
}

/// The files changed between the decision and its doing.
fn gone() -> Fault {
    Fault::temporary(FaultCode::Internal, "a key that was decided for is no longer there")
}

fn now_s() -> i64 {
    jiff::Timestamp::now().as_second()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn priv_16_what_is_wrong_in_rules_is_told_with_file_and_line_and_without_addresses() {
        let folder = tempfile::tempdir().unwrap();
        let settings = SealingSettings {
            rules: folder.path().join("sealing@relay.toml"),
            keys: folder.path().join("keys"),
            passwords: Vec::new(),
            openers: Openers::default(),
            trusts_system: false,
            hostname: String::new(),
            people: None,
        };
        let text =
            "version = 1\n[default]\nencript = \"always\"\n[[recipient]]\naddresses = [\"a@b@planted.example\"]\n";
        std::fs::write(&settings.rules, text).unwrap();
        let told = wrong_lines(&settings, &read_rules(&settings).unwrap_err());
        let first = format!("{}:3: default.encript = \"always\" is not known", settings.rules.display());
        assert!(told.starts_with(&first), "{told}");
        assert!(!told.contains("planted"), "{told}");
        std::fs::remove_file(&settings.rules).unwrap();
        let told = wrong_lines(&settings, &read_rules(&settings).unwrap_err());
        assert!(told.starts_with(&settings.rules.display().to_string()) && told.contains("cannot be read"), "{told}");
    }
}
