//! What people see: the story of each mail, behind a sign-in; what machines ask; and the wall of the public listener.

mod archive;
mod crowd;
mod guard;
pub mod hands;
pub mod now;
pub mod operations;
mod origin;
mod page;
pub mod pen;
pub mod public;
pub mod reader;
mod serve;
mod sign_in;
mod support;

pub use page::filter::{day_begins, day_ends, issue_key};
pub use public::Public;
pub use serve::{Acceptor, Listener, Settings};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::{get, post};
use hands::Hands;
use now::Now;
use origin::Origin;
use page::event::shelf::Shelf;
use page::views::{LETTER, MAIL};
use pen::Pen;
use reader::Reader;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use store::Store;
use tower_http::timeout::TimeoutLayer;

/// The largest form that is read.
const FORM_BYTES_MAX: usize = 16 * 1024;
/// A request, its body included, is answered within this time or with 408 (SEC-45).
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// A form with files.
const FILES_TIMEOUT: Duration = Duration::from_secs(240);

/// The link that signs a person in once, within `valid_s` seconds, to the console of this origin.
///
/// # Errors
/// Those of the store.
pub async fn sign_in_link(store: &Store, origin: &str, valid_s: u32) -> Result<String, policy::Fault> {
    let secret = store.new_sign_in(valid_s).await?;
    Ok(format!("{}/sign-in?secret={secret}", Origin::read(origin).text()))
}

/// The link with which a person of the support signs in once, within `valid_s` seconds and with a code; `None` when nobody has this id.
///
/// # Errors
/// Those of the store.
pub async fn support_link(
    store: &Store,
    origin: &str,
    id: &str,
    valid_s: u32,
) -> Result<Option<String>, policy::Fault> {
    let secret = store.new_support_sign_in(id, valid_s).await?;
    Ok(secret.map(|secret| format!("{}/sign-in?secret={secret}", Origin::read(origin).text())))
}

/// What the pages need: the store, what reads mails, and where each site's issues are looked at.
#[derive(Clone)]
pub struct Console {
    store: Store,
    reader: Arc<dyn Reader>,
    now: Arc<dyn Now>,
    hands: Arc<dyn Hands>,
    pen: Arc<dyn Pen>,
    /// Letters that pages were just made with.
    shelf: Arc<Shelf>,
    /// By site: the base of links that people open. Shared by all clones, so that it can be exchanged while they serve.
    browse_bases: Arc<RwLock<BTreeMap<String, String>>>,
    /// The only origin that forms may come from, the only host answered.
    origin: Arc<Origin>,
}

impl Console {
    /// `origin` is `https://host[:port]`, or `http://` on loopback; links are made from it and never from what a request
    /// says (SEC-42). `browse_bases` are `http` or `https` addresses by site; a site without one has no links.
    pub fn new(store: Store, reader: Arc<dyn Reader>, browse_bases: BTreeMap<String, String>, origin: &str) -> Console {
        Console {
            store,
            reader,
            now: Arc::new(now::Nothing),
            hands: Arc::new(hands::Nobody),
            pen: Arc::new(pen::NoPen),
            shelf: Arc::default(),
            browse_bases: Arc::new(RwLock::new(browse_bases)),
            origin: Arc::new(Origin::read(origin)),
        }
    }

    /// Puts other bases of links in place, also where this console serves already.
    pub fn swap_browse_bases(&self, bases: BTreeMap<String, String>) {
        *self.browse_bases.write().unwrap_or_else(PoisonError::into_inner) = bases;
    }

    /// With what is known of the gateway that runs beside it.
    pub fn watching(self, now: Arc<dyn Now>) -> Console {
        Console { now, ..self }
    }

    /// With what does what people ask for beyond the store.
    pub fn acting_by(self, hands: Arc<dyn Hands>) -> Console {
        Console { hands, ..self }
    }

    /// With what takes in letters that people write on purpose.
    pub fn writing_by(self, pen: Arc<dyn Pen>) -> Console {
        Console { pen, ..self }
    }

    /// The link that signs a person in once, within `valid_s` seconds.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn sign_in_link(&self, valid_s: u32) -> Result<String, policy::Fault> {
        sign_in_link(&self.store, &self.origin.text(), valid_s).await
    }

    /// Every route of the console; each answers with the safe headers that docs/console.md lists.
    pub fn router(self) -> Router {
        let inside = Router::new()
            .route("/", get(page::front::show))
            .route("/messages", get(page::messages::list))
            .route("/events", get(page::events::list))
            .route("/events/{id}", get(page::event::show))
            .route("/events/{id}/wake", post(page::event::wake))
            .route("/events/{id}/again", post(page::event::again))
            .route("/events/{id}/erase", post(page::event::erase))
            .route("/events/{id}/preview", get(page::event::preview::show))
            .route("/events/{id}/preview/{name}", get(page::event::preview::alone))
            .merge(letters())
            .route("/mailboxes", get(page::mailboxes::list))
            .route("/mailboxes/test", post(page::mailboxes::test))
            .route("/mailboxes/poll", post(page::mailboxes::poll))
            .route("/exclusions", get(page::exclusions::list))
            .route("/usage", get(page::usage::show))
            .merge(relayed())
            .route("/contacts", get(page::contacts::list).post(page::contacts::add))
            .route("/contacts/{id}/first", post(page::contacts::first))
            .route("/contacts/{id}/good", post(page::contacts::good))
            .route("/contacts/{id}/remove", post(page::contacts::remove))
            .route("/flagged", get(page::flagged::list))
            .route("/messages/{id}", get(page::story::show))
            .route("/messages/{id}/text", get(page::views::text::<MAIL>))
            .route("/messages/{id}/html", get(page::views::html::<MAIL>))
            .route("/messages/{id}/html/alone", get(page::views::html_alone::<MAIL>))
            .route("/messages/{id}/source", get(page::views::source::<MAIL>))
            .route("/messages/{id}/whole", get(page::views::whole::<MAIL>))
            .route("/messages/{id}/files", get(page::views::files::<MAIL>))
            .route("/messages/{id}/files/{*path}", get(page::views::part::<MAIL>))
            .route("/messages/{id}/case", post(page::case::export))
            .route("/messages/{id}/wake", post(page::story::wake))
            .route("/messages/{id}/flag", post(page::flagged::flag))
            .route("/messages/{id}/unflag", post(page::flagged::unflag))
            .route("/messages/{id}/rehearse", post(page::replay::rehearse))
            .route("/messages/{id}/replay/{version}", post(page::replay::replay))
            .route("/messages/{id}/erase", post(page::replay::erase))
            .route("/sign-out", post(sign_in::sign_out))
            .layer(middleware::from_fn_with_state(self.clone(), sign_in::require));
        // Files come with its form, so that its body is bounded where it is read, and has longer to come.
        let write = Router::new()
            .route("/write", get(page::write::form).post(page::write::take))
            .layer(middleware::from_fn_with_state(self.clone(), sign_in::require))
            .layer(DefaultBodyLimit::disable())
            .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, FILES_TIMEOUT));
        let keys = keys().layer(middleware::from_fn_with_state(self.clone(), sign_in::require));
        let pages = Router::new()
            .route("/sign-in", get(sign_in::ask).post(sign_in::spend))
            .route("/style.css", get(page::style))
            .route("/icon.svg", get(page::icon))
            .merge(inside)
            .fallback(page::not_found)
            .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
            .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT));
        let all = pages.merge(write).merge(keys);
        all.layer(middleware::from_fn_with_state(self.clone(), guard::guard)).with_state(self)
    }
}

/// What relays have stored.
fn relayed() -> Router<Console> {
    Router::new()
        .route("/relayed", get(page::relayed::list))
        .route("/relayed/again", post(page::relayed::all_again))
        .route("/relayed/{id}/again", post(page::relayed::again))
        .route("/relayed/{id}/erase", post(page::relayed::erase))
}

/// Keys of people; a file comes with one of their forms.
fn keys() -> Router<Console> {
    Router::new()
        .route("/keys", get(page::keys::list).post(page::keys::bring))
        .route("/keys/coverage", get(page::coverage::show))
        .route("/keys/{id}/accept", post(page::keys::accept))
        .route("/keys/{id}/remove", post(page::keys::remove))
        .layer(DefaultBodyLimit::max(page::keys::FORM_BYTES_MAX))
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, REQUEST_TIMEOUT))
}

/// The lists of letters, and the pages of each.
fn letters() -> Router<Console> {
    Router::new()
        .route("/letters", get(page::letters::list))
        .route("/letters/events", get(page::outbox::list))
        .route("/letters/written", get(page::written::list))
        .route("/written/{id}", get(page::written::show))
        .route("/written/{id}/send", post(page::written::send))
        .route("/written/{id}/drop", post(page::written::not_send))
        .route("/written/{id}/wake", post(page::written::wake))
        .route("/letters/{id}/again", post(page::outbox::again))
        .route("/letters/{id}/erase", post(page::outbox::erase))
        .route("/letters/{id}/text", get(page::views::text::<LETTER>))
        .route("/letters/{id}/html", get(page::views::html::<LETTER>))
        .route("/letters/{id}/html/alone", get(page::views::html_alone::<LETTER>))
        .route("/letters/{id}/source", get(page::views::source::<LETTER>))
        .route("/letters/{id}/whole", get(page::views::whole::<LETTER>))
        .route("/letters/{id}/files", get(page::views::files::<LETTER>))
        .route("/letters/{id}/files/{*path}", get(page::views::part::<LETTER>))
}
