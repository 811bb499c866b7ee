//! One site: how its tracker is spoken to, and what is known of it without asking.

mod known;
pub(crate) mod limits;
mod no_tracker;
mod portal;

pub use no_tracker::NoTracker;

use crate::carry::Traces;
use crate::deliver::Outgoing;
use crate::keys::PublishedFolder;
use crate::metrics::SiteFigures;
use crate::sealing::letters::LetterSealer;
use crate::settings::Settings;
use crate::trouble::Trouble;
use bytes::Bytes;
use courier::dkim::{Signer, Signers};
use futures_util::future::BoxFuture;
use policy::event::Event;
use policy::template::Templates;
use policy::{Fault, FaultCode, FaultKind, Mappings};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use store::Micros;
use tokio::sync::{OnceCell, mpsc};
use tracker::webhook::Secret;
use tracker::{Answer, Comment, Dialect, IssueView, Operation, Request, Response};

/// Asked when all waiting is over and the request is about to be sent; a fault keeps it from being sent.
///
/// A request may wait for its turn for longer than a lease holds, above all in a process that was stopped meanwhile: what
/// was asked before the wait says nothing any more (FAULT-30).
pub type Go<'a> = &'a (dyn Fn() -> Result<(), Fault> + Send + Sync);

/// Carries requests to one site: the HTTP client in a gateway. Nothing is repeated here.
pub trait Voice: Send + Sync + 'static {
    /// One request that changes nothing, and its whole response.
    fn say<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Response, Fault>>;

    /// One request that has an effect, and its whole response. `Unknown` when it may have reached the tracker.
    fn say_if<'a>(&'a self, request: &'a Request, go: Go<'a>) -> BoxFuture<'a, Result<Response, Fault>>;

    /// One request for a file. Of a success the bytes go to `pieces` while they come, at most so many, and the response has none; when
    /// there are more, or nobody takes them, the fault is permanent. What came before a fault is no whole file.
    fn say_for_file<'a>(
        &'a self,
        request: &'a Request,
        bytes_max: u64,
        pieces: mpsc::Sender<Bytes>,
    ) -> BoxFuture<'a, Result<Response, Fault>>;

    /// Is the site left alone until a time that it named itself?
    fn is_parked(&self) -> bool;

    /// A request that carries a file of exactly `size_bytes`. When `pieces` ends early the request is broken off, so
    /// that the tracker never sees a whole request with half a file (FAULT-40).
    fn say_with_file<'a>(
        &'a self,
        request: &'a Request,
        size_bytes: u64,
        pieces: mpsc::Receiver<Bytes>,
        go: Go<'a>,
    ) -> BoxFuture<'a, Result<Response, Fault>>;
}

/// How far the comments of an issue were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    All,
    /// A page was empty before as many had come as the tracker told of.
    FewerThanTold,
    /// There are more pages.
    More,
}

/// One Jira that a customer owns, or in its place nothing but keys and letters ([`NoTracker`]).
pub struct Site {
    pub name: String,
    dialect: Dialect,
    voice: Arc<dyn Voice>,
    trouble: Trouble,
    account_id: OnceCell<String>,
    request_max: Duration,
    upload_max: Duration,
    pub(crate) traces: Traces,
    /// Where its letters leave; `None` when nothing can.
    pub(crate) outgoing: Option<Outgoing>,
    /// Where letters about events may leave instead, by name.
    ways: HashMap<String, Outgoing>,
    /// What its letters about events are made of; a kind without a template is its theme's.
    pub(crate) templates: Templates,
    /// What signs its letters, by the domain that they are from.
    pub(crate) signers: Arc<Signers>,
    /// What seals its letters; `None` where they leave as they are.
    sealer: Option<Arc<dyn LetterSealer>>,
    /// Where people bring keys; `None` where it has none.
    portal: Option<portal::Portal>,
    /// Whose own keys are given to everybody; none where it publishes none.
    published: Vec<Arc<PublishedFolder>>,
    /// So many letters about events go to one address within an hour.
    pub(crate) letters_per_hour: Option<u32>,
    /// The base of links that people open, without a slash at its end; empty where there are none.
    pub(crate) browse_base: String,
    known: known::Known,
    limits: limits::Limits,
    /// What its webhooks are proved with; none where it sends none.
    pub(crate) webhooks: Vec<Secret>,
    /// Who is told of what happens on it; `None` where nobody is.
    pub(crate) mappings: Option<Arc<Mappings>>,
    /// How often what happened on it is read in its history; `None` where that is not read.
    pub(crate) poll_every: Option<Duration>,
    history_fails: AtomicBool,
    /// Where webhooks go that our app registers there and that have to be renewed; `None` where there are none.
    pub(crate) app_webhooks: Option<String>,
}

impl Site {
    pub fn new(name: &str, dialect: Dialect, voice: Arc<dyn Voice>, settings: &Settings) -> Site {
        Site {
            name: name.to_owned(),
            dialect,
            voice,
            trouble: Trouble::new(settings.trouble_after, settings.probe_every),
            account_id: OnceCell::new(),
            request_max: settings.request_max,
            upload_max: settings.upload_max,
            traces: Traces::default(),
            limits: limits::Limits::new(settings.issue_writes),
            known: known::Known::new(settings.told_age_max),
            outgoing: None,
            ways: HashMap::new(),
            templates: Templates::default(),
            signers: Arc::default(),
            sealer: None,
            portal: None,
            published: Vec::new(),
            letters_per_hour: None,
            browse_base: String::new(),
            webhooks: Vec::new(),
            mappings: None,
            poll_every: None,
            history_fails: AtomicBool::new(false),
            app_webhooks: None,
        }
    }

    /// The same site with a way out for its letters.
    pub fn with_outgoing(self, outgoing: Option<Outgoing>) -> Site {
        Site { outgoing, ..self }
    }

    /// The same site, whose letters about events may leave by these as well.
    pub fn with_ways(self, ways: HashMap<String, Outgoing>) -> Site {
        Site { ways, ..self }
    }

    /// The same site, to whose pages links begin with this.
    pub fn with_browse_base(self, base: &str) -> Site {
        Site { browse_base: base.trim_end_matches('/').to_owned(), ..self }
    }

    /// The same site, whose letters about events are made of these templates.
    pub fn with_templates(self, templates: Option<Templates>) -> Site {
        Site { templates: templates.unwrap_or_default(), ..self }
    }

    /// How many letters about events go to one address within an hour.
    pub fn with_letters_per_hour(self, most: Option<u32>) -> Site {
        Site { letters_per_hour: most, ..self }
    }

    /// The same site, whose letters these keys sign.
    pub fn with_signers(self, signers: Arc<Signers>) -> Site {
        Site { signers, ..self }
    }

    /// The same site, none of whose letters leaves but as this says.
    pub fn with_sealer(self, sealer: Option<Arc<dyn LetterSealer>>) -> Site {
        Site { sealer, ..self }
    }

    /// The same site, which gives the own keys of these folders to everybody.
    pub fn with_published(self, published: Vec<Arc<PublishedFolder>>) -> Site {
        Site { published, ..self }
    }

    pub(crate) fn published(&self) -> &[Arc<PublishedFolder>] {
        &self.published
    }

    pub(crate) fn sealer(&self) -> Option<&Arc<dyn LetterSealer>> {
        self.sealer.as_ref()
    }

    /// The page of an issue.
    pub(crate) fn page_of(&self, issue_key: &str) -> String {
        format!("{}/browse/{issue_key}", self.browse_base)
    }

    /// What signs its letters from this address. By Graph they leave unsigned: it writes them anew, and signs for itself.
    pub(crate) fn signer(&self, way: &Outgoing, from: &str) -> Option<Signer<'_>> {
        self.signers.of(from).filter(|_| way.graph.is_none())
    }

    /// How a letter leaves that names a server, or none for the site's own; `None` when it cannot. From a dead end nothing leaves by any.
    pub(crate) fn way(&self, name: &str) -> Option<&Outgoing> {
        match &self.outgoing {
            Some(outgoing) if name.is_empty() || outgoing.is_dead_end() => Some(outgoing),
            _ => self.ways.get(name),
        }
    }

    /// Every way out for its letters: where a dead end leaves none, none.
    pub(crate) fn all_ways(&self) -> impl Iterator<Item = &Outgoing> {
        let leaves = self.outgoing.as_ref().is_none_or(|outgoing| !outgoing.is_dead_end());
        self.outgoing.iter().chain(self.ways.values()).filter(move |_| leaves)
    }

    /// Ends the connections to mail servers that are kept for further letters.
    pub(crate) async fn end_connections(&self) {
        for outgoing in self.outgoing.iter().chain(self.ways.values()) {
            outgoing.clear().await;
        }
    }

    /// The same site, heard when one of these secrets proves it.
    pub fn with_webhooks(self, webhooks: Vec<Secret>) -> Site {
        Site { webhooks, ..self }
    }

    /// The same site, of whose events people are told by these mappings.
    pub fn with_mappings(self, mappings: Option<Arc<Mappings>>) -> Site {
        Site { mappings, ..self }
    }

    /// The same site, whose history is read so often.
    pub fn with_history(self, poll_every: Option<Duration>) -> Site {
        Site { poll_every, ..self }
    }

    /// The same site, whose webhooks to this address are those of an app and have to be renewed.
    pub fn with_app_webhooks(self, url: Option<String>) -> Site {
        Site { app_webhooks: url, ..self }
    }

    /// A pass through its history went well or not.
    pub(crate) fn history_went(&self, well: bool) {
        self.history_fails.store(!well, Ordering::Relaxed);
    }

    /// How long an event is gathered with others of its issue: as long as the mapping waits that waits the least of those that tell of it;
    /// `None` where nobody will be told.
    pub(crate) fn merge_window(&self, event: &Event) -> Option<Micros> {
        Some(i64::from(self.mappings.as_ref()?.wait(event)?) * 1_000_000)
    }

    /// What is told of it to operators.
    pub(crate) fn figures(&self) -> SiteFigures {
        let limited = self.limits.bitten().map(|(limit, count)| (limit.word(), count));
        let is_dead_end = self.outgoing.as_ref().is_some_and(Outgoing::is_dead_end);
        let history_fails = self.poll_every.map(|_| self.history_fails.load(Ordering::Relaxed));
        SiteFigures { name: self.name.clone(), is_parked: self.is_parked(), is_dead_end, history_fails, limited }
    }

    /// How its tracker speaks.
    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Is the site left alone at present, because it is out of order or asked for it?
    pub fn is_parked(&self) -> bool {
        self.trouble.is_parked() || self.voice.is_parked()
    }

    /// Asks for something that changes nothing; a lost answer is temporary.
    pub(crate) async fn read(&self, operation: &Operation) -> Result<Answer, Fault> {
        self.may_go()?;
        let request = self.dialect.request(operation);
        let response = within(self.request_max, self.voice.say(&request)).await;
        self.understand(operation, response).map_err(|fault| match fault.kind {
            // Reading again does no harm.
            FaultKind::Unknown => {
                let pause = whole_seconds(self.trouble.pause_now());
                Fault { kind: FaultKind::Temporary, ..fault }.with_retry_after_s(pause)
            }
            FaultKind::Temporary | FaultKind::Permanent => fault,
        })
    }

    /// An issue, by its id or key.
    ///
    /// # Errors
    /// `TrackerGone` when the tracker has none, or none for us; else as for all that is read.
    pub(crate) async fn read_issue(&self, issue: &str) -> Result<IssueView, Fault> {
        match self.read(&Operation::ReadIssue { issue: issue.to_owned() }).await? {
            Answer::Issue(view) => Ok(*view),
            other => Err(misunderstood(&other)),
        }
    }

    /// The same where it is no fault that the tracker has none.
    pub(crate) async fn issue(&self, issue: &str) -> Result<Option<IssueView>, Fault> {
        match self.read_issue(issue).await {
            Ok(view) => Ok(Some(view)),
            Err(fault) if fault.code == FaultCode::TrackerGone => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// The comments of an issue, oldest first, from as many pages as may be read, and whether those are all.
    pub(crate) async fn comments(&self, issue_id: &str, pages_max: u32) -> Result<(Vec<Comment>, Extent), Fault> {
        let mut all: Vec<Comment> = Vec::new();
        for _ in 0..pages_max {
            let operation = Operation::ReadComments { issue_id: issue_id.to_owned(), start_at: all.len() as u64 };
            let (comments, total) = match self.read(&operation).await? {
                Answer::Comments { comments, total } => (comments, total),
                other => return Err(misunderstood(&other)),
            };
            let page_is_empty = comments.is_empty();
            all.extend(comments);
            if all.len() as u64 >= total {
                return Ok((all, Extent::All));
            }
            if page_is_empty {
                return Ok((all, Extent::FewerThanTold));
            }
        }
        Ok((all, Extent::More))
    }

    /// Asks for a file, whose bytes go to `pieces`; see [`Voice::say_for_file`].
    pub(crate) async fn read_file(
        &self,
        operation: &Operation,
        bytes_max: u64,
        pieces: mpsc::Sender<Bytes>,
    ) -> Result<(), Fault> {
        self.may_go()?;
        let request = self.dialect.request(operation);
        let response = within(self.upload_max, self.voice.say_for_file(&request, bytes_max, pieces)).await?;
        let answer = self.dialect.answer(operation, &response);
        // What is wrong with one file says nothing of the site, which would be left alone for it; nor is one that leads elsewhere asked again.
        answer.map(|_| ()).map_err(|fault| match response.status {
            300..=399 | 401 => Fault { kind: FaultKind::Permanent, ..fault },
            _ => fault,
        })
    }

    /// Asks for an effect. `Temporary` means that it surely did not happen, `Unknown` that it may have.
    pub(crate) async fn write(&self, operation: &Operation, go: Go<'_>) -> Result<Answer, Fault> {
        self.may_write(operation)?;
        let request = self.dialect.request(operation);
        let response = within(self.request_max, self.voice.say_if(&request, go)).await;
        self.understand(operation, response)
    }

    /// Asks for a file to be attached; see [`Voice::say_with_file`].
    pub(crate) async fn write_file(
        &self,
        operation: &Operation,
        size_bytes: u64,
        pieces: mpsc::Receiver<Bytes>,
        go: Go<'_>,
    ) -> Result<Answer, Fault> {
        self.may_write(operation)?;
        let request = self.dialect.request(operation);
        let response = within(self.upload_max, self.voice.say_with_file(&request, size_bytes, pieces, go)).await;
        self.understand(operation, response)
    }

    /// Who we are on this site; asked once.
    pub(crate) async fn account_id(&self) -> Result<&str, Fault> {
        let asked = self.account_id.get_or_try_init(|| async {
            match self.read(&Operation::Myself).await? {
                Answer::Myself(person) => Ok(person.account_id),
                other => Err(misunderstood(&other)),
            }
        });
        asked.await.map(String::as_str)
    }

    fn may_go(&self) -> Result<(), Fault> {
        self.trouble.may_go(Instant::now()).map_err(|pause| {
            Fault::temporary(FaultCode::TrackerUnreachable, "the site is out of order and being probed")
                .with_retry_after_s(whole_seconds(pause))
        })
    }

    /// The same for a write, which also counts against the limit of its issue.
    fn may_write(&self, operation: &Operation) -> Result<(), Fault> {
        self.may_go()?;
        match operation.written_issue() {
            Some(issue_id) => self.limits.before_write(issue_id, Instant::now()),
            None => Ok(()),
        }
    }

    /// Tells an operator when a limit bit, and those who look at the mail (PRIV-28).
    fn heed_limits(
        &self,
        operation: &Operation,
        response: &Response,
        answer: Result<Answer, Fault>,
    ) -> Result<Answer, Fault> {
        let retry_after_s = answer.as_ref().err().and_then(|fault| fault.retry_after_s);
        match self.limits.heed(operation, response, retry_after_s) {
            Some(limit) => {
                tracing::warn!(
                    site = self.name,
                    what = limit.word(),
                    kind = operation.word(),
                    wait_ms = retry_after_s.unwrap_or_default() * 1000,
                    "a limit of the tracker refused a request"
                );
                answer.map_err(|fault| fault.with_public(limit.in_words()))
            }
            None => answer,
        }
    }

    fn understand(&self, operation: &Operation, response: Result<Response, Fault>) -> Result<Answer, Fault> {
        let (status, answer) = match response {
            Ok(response) => {
                let answer = self.dialect.answer(operation, &response);
                let answer = self.heed_limits(operation, &response, answer);
                (Some(response.status), answer)
            }
            Err(fault) => (None, Err(fault)),
        };
        let fault = match answer {
            Ok(answer) => {
                self.trouble.went_well();
                return Ok(answer);
            }
            Err(fault) => fault,
        };
        match (status, fault.kind) {
            // Nothing was sent, and that says nothing about the site.
            (None, _) if fault.code == FaultCode::LeaseLost => Err(fault),
            // The account is refused as a whole: every request of the site would be, so the site waits for its new token.
            (Some(401), _) => Err(self.troubled(Fault { kind: FaultKind::Temporary, ..fault })),
            // A proxy may say 503 after the tracker has done the work; only with Retry-After it is the tracker's own word.
            (Some(500..=599), FaultKind::Temporary) if operation.writes() && fault.retry_after_s.is_none() => {
                self.trouble.went_wrong(Instant::now());
                Err(Fault { kind: FaultKind::Unknown, ..fault })
            }
            // The limit of one issue says nothing about the site.
            (Some(429), FaultKind::Temporary) if fault.retry_after_s.is_some() => Err(fault),
            (_, FaultKind::Temporary) => Err(self.troubled(fault)),
            (_, FaultKind::Unknown) => {
                self.trouble.went_wrong(Instant::now());
                Err(fault)
            }
            (_, FaultKind::Permanent) => {
                // An answer about the request, so the site is well.
                self.trouble.went_well();
                Err(fault)
            }
        }
    }

    /// A temporary fault with the time at which the next try makes sense.
    fn troubled(&self, fault: Fault) -> Fault {
        let pause = self.trouble.went_wrong(Instant::now());
        match fault.retry_after_s {
            Some(_) => fault,
            None => fault.with_retry_after_s(whole_seconds(pause)),
        }
    }
}

/// A fault for an answer of another form than the one asked for.
pub(crate) fn misunderstood(answer: &Answer) -> Fault {
    let form = answer.word();
    Fault::permanent(FaultCode::Internal, format!("the dialect answered with `{form}`"))
}

/// Rounded up: a time that the tracker named is never undercut.
fn whole_seconds(pause: Duration) -> u64 {
    pause.as_secs() + u64::from(pause.subsec_nanos() > 0)
}

async fn within(limit: Duration, saying: BoxFuture<'_, Result<Response, Fault>>) -> Result<Response, Fault> {
    let late = |_| Err(Fault::unknown(FaultCode::TrackerUnclear, "no answer within the time allowed"));
    tokio::time::timeout(limit, saying).await.unwrap_or_else(late)
}
