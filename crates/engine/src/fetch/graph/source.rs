//! An open mailbox of Microsoft Graph: each mail by a request of its own, a few at a time.

use super::Graph;
use crate::fetch::Fetching;
use crate::gateway::Shared;
use crate::speak::{Answer, Coming, MailService, SiteConnection};
use courier::fetch::graph::{self, FolderName, Listed, Next, Page, Request};
use courier::fetch::{Account, Basket, MailSource, Offer, Secret, Security, Settling, too_large};
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesOrdered, StreamExt, TryStreamExt, iter};
use policy::{Fault, FaultCode};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};
use url::Url;
use zeroize::Zeroizing;

/// Mails that are asked for at the same time.
const AHEAD: usize = 4;
/// A mail that is longer is fetched when its turn comes, so that what is asked for ahead takes little room.
const AHEAD_BYTES_MAX: usize = 256 * 1024;

/// The ways to all mailboxes of this process, so that connections, turns and asked quiet outlive a round.
#[derive(Default)]
pub(crate) struct MailServices {
    by_account: Mutex<HashMap<(String, u16, String), MailService>>,
}

impl MailServices {
    fn service(&self, account: &Account, allow_private: bool) -> Result<MailService, Fault> {
        let key = (account.host.to_lowercase(), account.port, account.user.clone());
        let mut services = self.by_account.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(service) = services.get(&key) {
            return Ok(service.clone());
        }
        let service = service(account, allow_private)?;
        services.insert(key, service.clone());
        Ok(service)
    }

    /// After other settings they are made anew.
    pub(crate) fn forget_all(&self) {
        self.by_account.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

fn service(account: &Account, allow_private: bool) -> Result<MailService, Fault> {
    let scheme = if account.security == Security::None { "http" } else { "https" };
    let wrong = |_| {
        let text = "The host of a mailbox is no server's name: check mailbox.host.";
        Fault::permanent(FaultCode::SettingsWrong, text).with_public(text)
    };
    let base = Url::parse(&format!("{scheme}://{}:{}", account.host, account.port)).map_err(wrong)?;
    let mut connection = SiteConnection::new("a mail service", base, "", "");
    connection.allow_private = allow_private;
    connection.extra_certificate_authorities = account.authorities.iter().cloned().collect();
    connection.connect_timeout = account.connect_timeout;
    connection.answer_timeout = account.answer_timeout;
    MailService::new(&connection, account.mail_timeout)
}

/// Looks into a mailbox without changing anything: how many mails lie in the folder.
///
/// # Errors
/// What `sealpost check` tells.
pub async fn look(account: &Account, settings: &Graph) -> Result<u64, Fault> {
    let opened = Opened::over(service(account, settings.allow_private)?, account, settings)?;
    let (_, mails) = opened.find(&settings.folder.name, WhenMissing::Refuse).await?;
    Ok(mails)
}

/// What becomes of a folder that is not there.
#[derive(Clone, Copy)]
enum WhenMissing {
    Refuse,
    Make,
}

/// What came of asking for a mail.
enum Came {
    Whole(Vec<u8>),
    /// It is too long to be kept ready.
    Long,
    /// Somebody took it away before it could be had.
    Gone,
}

/// A mailbox that can be asked. Cheap to clone.
#[derive(Clone)]
pub(super) struct Opened {
    service: MailService,
    token: Zeroizing<String>,
    mailbox: graph::Mailbox,
    mail_bytes_max: u64,
    folder: String,
}

/// What a place in a list holds.
pub(super) enum Place {
    /// With the time by the server's clock.
    Page(Page, Option<jiff::Timestamp>),
    /// The server knows it no more.
    Lost,
}

impl Opened {
    pub(super) fn by(shared: &Shared, fetching: &Fetching, settings: &Graph) -> Result<Opened, Fault> {
        let service = shared.mail_services.service(&fetching.account, settings.allow_private)?;
        Opened::over(service, &fetching.account, settings)
    }

    fn over(service: MailService, account: &Account, settings: &Graph) -> Result<Opened, Fault> {
        let Secret::Token(token) = &account.secret else {
            let text = "Microsoft Graph takes tokens alone: set mailbox.oauth.";
            return Err(Fault::permanent(FaultCode::SettingsWrong, text).with_public(text));
        };
        Ok(Opened {
            service,
            token: token.clone(),
            mailbox: graph::Mailbox::of(&account.user),
            mail_bytes_max: account.mail_bytes_max,
            folder: settings.folder.name.clone(),
        })
    }

    async fn ask(&self, request: &Request) -> Result<Answer, Fault> {
        let answer = self.service.say(&self.token, request).await?;
        if answer.status < 300 { Ok(answer) } else { Err(graph::refused(answer.status, &answer.body)) }
    }

    /// The id of a folder and how many mails lie in it.
    async fn find(&self, name: &str, when_missing: WhenMissing) -> Result<(String, u64), Fault> {
        let unusable = || {
            let text =
                format!("`{name}` is no name of a folder: write a well-known name or a path such as Support/New.");
            Fault::permanent(FaultCode::SettingsWrong, text.clone()).with_public(text)
        };
        let names = match FolderName::read(name).ok_or_else(unusable)? {
            FolderName::WellKnown(name) => {
                return graph::read_folder(&self.ask(&self.mailbox.folder(name)).await?.body);
            }
            FolderName::Path(names) => names,
        };
        let mut found: Option<(String, u64)> = None;
        for name in &names {
            let parent = found.as_ref().map(|(id, _)| id.as_str());
            let answer = self.ask(&self.mailbox.folders(parent, name)).await?;
            let mut folders = graph::read_folders(name, &answer.body)?;
            found = match (folders.pop(), when_missing) {
                (Some(_), _) if !folders.is_empty() => {
                    return Err(Fault::permanent(FaultCode::MailboxRefused, "several folders bear the name"));
                }
                (Some(folder), _) => Some(folder),
                (None, WhenMissing::Refuse) => {
                    let text =
                        "The folder is not there: check mailbox.folder; a path begins at the top of the mailbox.";
                    return Err(Fault::permanent(FaultCode::MailboxRefused, text).with_public(text));
                }
                (None, WhenMissing::Make) => {
                    let made = self.ask(&self.mailbox.make_folder(parent, name)).await?;
                    Some(graph::read_folder(&made.body)?)
                }
            };
        }
        found.ok_or_else(unusable)
    }

    /// The beginning of the list of all mails in the folder.
    pub(super) async fn beginning(&self, tells_changes: bool) -> Result<String, Fault> {
        let (folder, _) = self.find(&self.folder, WhenMissing::Refuse).await?;
        let request = if tells_changes { self.mailbox.changes(&folder) } else { self.mailbox.mails(&folder) };
        Ok(request.path)
    }

    /// What a place in a list holds. A place that was told by an earlier answer may be lost.
    pub(super) async fn page(&self, path: &str, may_be_lost: bool) -> Result<Place, Fault> {
        let answer = self.service.say(&self.token, &Request::page(path)).await?;
        if may_be_lost && graph::says_that_its_place_is_lost(answer.status, &answer.body) {
            return Ok(Place::Lost);
        }
        if answer.status >= 300 {
            return Err(graph::refused(answer.status, &answer.body));
        }
        Ok(Place::Page(graph::read_page(&self.service.base(), &answer.body)?, answer.at))
    }

    /// All mails of the folder that came before this time.
    pub(super) async fn mails_before(&self, time: &str, mails_max: usize) -> Result<Vec<Listed>, Fault> {
        let (folder, _) = self.find(&self.folder, WhenMissing::Refuse).await?;
        let mut path = self.mailbox.mails_before(&folder, time).path;
        let mut mails = Vec::new();
        loop {
            let answer = self.ask(&Request::page(&path)).await?;
            let page = graph::read_page(&self.service.base(), &answer.body)?;
            mails.extend(page.mails);
            match page.next {
                Next::Page(next) if mails.len() < mails_max => path = next,
                _ => return Ok(mails),
            }
        }
    }

    /// Its length; `None` when somebody took it away.
    async fn stream(&self, handle: &str, basket: &mut impl Basket) -> Result<Option<u64>, Fault> {
        let content = self.mailbox.content(handle);
        let Some(mut coming) = begin(&self.service, &self.token, &content).await? else { return Ok(None) };
        if coming.length().is_some_and(|length| length > self.mail_bytes_max) {
            return Err(too_large());
        }
        let mut size_bytes = 0;
        while let Some(piece) = coming.next().await? {
            size_bytes += piece.len() as u64;
            if size_bytes > self.mail_bytes_max {
                return Err(too_large());
            }
            basket.put(&piece).await?;
        }
        Ok(Some(size_bytes))
    }

    /// One mail that somebody else took away needs nothing done any more.
    async fn do_to(&self, request: Request) -> Result<(), Fault> {
        let coming = self.service.open(&self.token, &request).await?;
        let status = coming.status;
        // The answer repeats the mail; what of it is read only keeps the connection of use.
        let body = beginning_of(coming).await;
        match status {
            200..=299 | 404 => Ok(()),
            status => Err(graph::refused(status, &body)),
        }
    }
}

/// Mails that are asked for, each by a request of its own.
pub(super) struct Source {
    opened: Opened,
    next: VecDeque<Offer>,
    ahead: FuturesOrdered<BoxFuture<'static, Result<Came, Fault>>>,
    asked: VecDeque<Offer>,
    /// Mails that somebody took away before they could be had.
    gone: HashSet<String>,
}

impl Source {
    pub(super) fn of(opened: Opened) -> Source {
        let (next, asked) = (VecDeque::new(), VecDeque::new());
        Source { opened, next, ahead: FuturesOrdered::new(), asked, gone: HashSet::new() }
    }

    /// Asks for the next mails, up to a few at a time.
    fn ask_ahead(&mut self) {
        while self.ahead.len() < AHEAD
            && let Some(offer) = self.next.pop_front()
        {
            let (service, token, request) =
                (self.opened.service.clone(), self.opened.token.clone(), self.opened.mailbox.content(&offer.handle));
            self.asked.push_back(offer.clone());
            self.ahead.push_back(Box::pin(async move {
                let Some(mut coming) = begin(&service, &token, &request).await? else { return Ok(Came::Gone) };
                let mut bytes = Vec::new();
                while let Some(piece) = coming.next().await? {
                    if bytes.len() + piece.len() > AHEAD_BYTES_MAX {
                        return Ok(Came::Long);
                    }
                    bytes.extend_from_slice(&piece);
                }
                Ok(Came::Whole(bytes))
            }));
        }
    }

    async fn came(&mut self, handle: &str) -> Result<Came, Fault> {
        self.ask_ahead();
        if self.asked.front().is_some_and(|asked| asked.handle == handle) {
            self.asked.pop_front();
            if let Some(came) = self.ahead.next().await {
                return came;
            }
        }
        Ok(Came::Long)
    }

    /// What is asked for and not waited for any more would keep the turns that the next request needs.
    fn take_back(&mut self) {
        self.ahead = FuturesOrdered::new();
        while let Some(offer) = self.asked.pop_back() {
            self.next.push_front(offer);
        }
    }
}

impl MailSource for Source {
    fn announce(&mut self, next: &[Offer]) {
        self.next = next.iter().cloned().collect();
    }

    async fn fetch(&mut self, offer: &Offer, basket: &mut impl Basket) -> Result<u64, Fault> {
        let size_bytes = match self.came(&offer.handle).await? {
            Came::Whole(bytes) if bytes.len() as u64 > self.opened.mail_bytes_max => return Err(too_large()),
            Came::Whole(bytes) => {
                basket.put(&bytes).await?;
                Some(bytes.len() as u64)
            }
            Came::Long => {
                self.take_back();
                self.opened.stream(&offer.handle, basket).await?
            }
            Came::Gone => None,
        };
        size_bytes.ok_or_else(|| {
            self.gone.insert(offer.handle.clone());
            Fault::permanent(FaultCode::MailboxRefused, "the mail was taken away before it could be had")
        })
    }

    fn is_asked_for_several(&self) -> bool {
        false
    }

    fn asks_singly(&self) -> bool {
        true
    }

    fn is_gone(&self, offer: &Offer) -> bool {
        self.gone.contains(&offer.handle)
    }

    async fn settle(self, settling: Settling<'_>) -> Result<(), Fault> {
        let Source { opened, .. } = self;
        let moves_to = match settling.move_to {
            Some(name) if !settling.moved.is_empty() => Some(opened.find(name, WhenMissing::Make).await?.0),
            _ => None,
        };
        let marks: Vec<Request> =
            settling.mark_seen.iter().map(|offer| opened.mailbox.mark_read(&offer.handle)).collect();
        let to = moves_to.as_deref();
        let moves = settling.moved.iter().filter_map(|offer| Some(opened.mailbox.move_to(&offer.handle, to?)));
        let deletes = settling.delete.iter().map(|offer| opened.mailbox.delete(&offer.handle));
        let leave: Vec<Request> = moves.chain(deletes).collect();
        // A mail is marked where it lies, and moved afterwards.
        for deeds in [marks, leave] {
            let all = iter(deeds.into_iter().map(Ok::<_, Fault>));
            all.try_for_each_concurrent(AHEAD, |request| opened.do_to(request)).await?;
        }
        Ok(())
    }
}

/// A mail whose head has come; `None` when it is not there any more.
///
/// # Errors
/// A refusal that is about this mail alone is `MailboxRefused`, and the others go on. `SignInNeeded`, temporary, when the token is
/// over: the next round has another one.
async fn begin(service: &MailService, token: &Zeroizing<String>, request: &Request) -> Result<Option<Coming>, Fault> {
    let coming = service.open(token, request).await?;
    match coming.status {
        200..=299 => Ok(Some(coming)),
        404 => Ok(None),
        401 => Err(Fault::temporary(FaultCode::SignInNeeded, "the token is over")),
        status => Err(graph::refused(status, &beginning_of(coming).await)),
    }
}

/// The beginning of an answer, for the server's word in it.
async fn beginning_of(mut coming: Coming) -> Vec<u8> {
    const BYTES_MAX: usize = 64 * 1024;
    let mut body = Vec::new();
    while let Ok(Some(piece)) = coming.next().await
        && body.len() + piece.len() <= BYTES_MAX
    {
        body.extend_from_slice(&piece);
    }
    body
}
