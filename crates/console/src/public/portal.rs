//! The portal of a site: somebody proves an address by a letter, and sees, brings and removes the keys by which mail to it is encrypted.
//!
//! Nothing is remembered in a cookie: whoever has opened the letter gets a pass, which stands in the forms of the page and nowhere else.

mod form;
mod words;

use super::rate::Rates;
use super::{Room, page, pages};
use crate::crowd::Crowd;
use crate::page::{Moment, moment, render};
use crate::reader::Answer;
use crate::serve::Client;
use askama::Template;
use axum::extract::rejection::{FormRejection, PathRejection};
use axum::extract::{DefaultBodyLimit, Form, Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use form::{Act, FORM_BYTES_MAX, Wrong};
use policy::Fault;
use policy::portal::{Brought, Followed, Proves};
use policy::sealing::{Origin, Scheme};
use serde::Deserialize;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{KeyStanding, LinkUse, Micros, PersonKey, Visit};
use tokio::sync::Semaphore;
use words::Words;

/// What stands before a site's name in the address of its portal.
pub const PORTAL_PATH: &str = "/portal/";
/// Letters that one network asks for in a minute.
const LETTERS_PER_MINUTE_MAX: u32 = 6;
/// The same in an hour: well below what a site posts in one ([`store::VISITS_SITE_HOUR_MAX`]), so that no network uses that up.
const LETTERS_PER_HOUR_MAX: u32 = 20;
const HOUR: Duration = Duration::from_secs(3600);
/// Forms of the page of keys that one client has open at once.
const FORMS_OF_ONE_MAX: usize = 8;
/// Files of keys that are read at the same time; each keeps a cell busy.
const AT_ONCE_MAX: usize = 4;
/// A form with a file has to be there within this time (SEC-45).
const FORM_WITHIN: Duration = Duration::from_secs(30);

/// Who knows what a link is good for, and has the keys; `sealpost` implements it over the engine. `language` is `en` or `de`.
pub trait Portal: Send + Sync + 'static {
    /// Whether this site has a portal.
    fn is_open(&self, site: &str) -> bool;

    /// Has a letter sent to the address, or not: what happens is told to nobody.
    fn ask<'a>(&'a self, site: &'a str, address: &'a str, language: &'a str) -> Answer<'a, ()>;

    /// What a link in a letter proves, without any effect; `None` for every link that cannot be used, whatever the cause.
    fn proves<'a>(&'a self, link: &'a str) -> Answer<'a, Option<Proves>>;

    /// Uses a link.
    fn follow<'a>(&'a self, link: &'a str) -> Answer<'a, Option<Followed>>;

    /// What a visitor may see; `None` when his time is over.
    fn visit<'a>(&'a self, pass: &'a str) -> Answer<'a, Option<Visit>>;

    /// Takes a file of keys.
    fn bring<'a>(&'a self, pass: &'a str, file: &'a [u8]) -> Answer<'a, Option<Brought>>;

    /// Removes a key that the visitor brought; whether there was one.
    fn take_away<'a>(&'a self, pass: &'a str, key: &'a str) -> Answer<'a, Option<bool>>;
}

#[derive(Clone)]
struct Hall {
    portal: Arc<dyn Portal>,
    letters: Arc<[Rates; 2]>,
    forms: Crowd,
    turns: Arc<Semaphore>,
}

/// The rooms of `/portal/SITE` and `/k/LINK`. `GET` (and `HEAD`) changes nothing, so that scanners, previews and prefetching do no harm. Without
/// session or cookie no other page can borrow a visitor's right: it is in the form itself.
pub fn room(portal: Arc<dyn Portal>) -> Room {
    let hall = Hall {
        portal,
        letters: Arc::new([Rates::new(LETTERS_PER_MINUTE_MAX), Rates::over(HOUR, LETTERS_PER_HOUR_MAX)]),
        forms: Crowd::default(),
        turns: Arc::new(Semaphore::new(AT_ONCE_MAX)),
    };
    let plain = Router::new()
        .route(&format!("{PORTAL_PATH}{{site}}"), get(ask).post(send))
        .route(&format!("{}{{link}}", LinkUse::Prove.path()), get(show).post(follow))
        .with_state(hall.clone());
    let keys = Router::new()
        .route(&format!("{PORTAL_PATH}{{site}}/keys"), post(change))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .with_state(hall);
    pages(plain).merge(keys)
}

#[derive(Template)]
#[template(path = "public/portal_ask.html")]
struct Asking<'a> {
    words: &'static Words,
    site: &'a str,
    /// What was written was no address.
    is_wrong: bool,
}

#[derive(Template)]
#[template(path = "public/portal_said.html")]
struct Said<'a> {
    words: &'static Words,
    title: &'a str,
    text: &'a str,
    /// Where to go on.
    site: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "public/portal_link.html")]
struct Offered<'a> {
    words: &'static Words,
    link: &'a str,
    path: &'static str,
    /// Of the key that it proves.
    key: Option<(Scheme, String)>,
}

#[derive(Template)]
#[template(path = "public/portal_keys.html")]
struct Keys<'a> {
    words: &'static Words,
    site: &'a str,
    address: &'a str,
    pass: &'a str,
    rows: Vec<Row>,
    said: Vec<Note>,
}

/// A key as its owner sees it.
struct Row {
    id: String,
    scheme: Scheme,
    /// In groups of four.
    fingerprint: String,
    origin: &'static str,
    ends: Option<Moment>,
    has_ended: bool,
    waits: bool,
    kept: Moment,
    is_own: bool,
}

/// Something that is said above the keys.
struct Note {
    is_bad: bool,
    text: String,
}

/// The address that somebody wants to prove.
#[derive(Deserialize)]
struct Address {
    #[serde(default)]
    address: String,
}

async fn ask(State(hall): State<Hall>, headers: HeaderMap, site: Result<Path<String>, PathRejection>) -> Response {
    let Some(site) = hall.open(site) else { return page::not_found().await };
    render(StatusCode::OK, &Asking { words: Words::of(&headers), site: &site, is_wrong: false })
}

/// The answer is the same for every address, whatever is known of it and whatever becomes of the letter.
async fn send(
    State(hall): State<Hall>,
    headers: HeaderMap,
    client: Option<Extension<Client>>,
    site: Result<Path<String>, PathRejection>,
    form: Result<Form<Address>, FormRejection>,
) -> Response {
    let Some(site) = hall.open(site) else { return page::not_found().await };
    let words = Words::of(&headers);
    let Ok(Form(Address { address })) = form else { return words.not_the_form() };
    let address = address.trim();
    if !address.is_ascii() || !policy::is_plain_address(address) {
        return render(StatusCode::UNPROCESSABLE_ENTITY, &Asking { words, site: &site, is_wrong: true });
    }
    let (client, now) = (address_of(client), Instant::now());
    if hall.letters.iter().any(|rates| rates.count(client, now).is_err()) {
        return page::too_often();
    }
    match hall.portal.ask(&site, address, words.language).await {
        Ok(()) => words.said(StatusCode::OK, words.sent, words.sent_text, None),
        Err(fault) => words.later(&fault),
    }
}

async fn show(State(hall): State<Hall>, headers: HeaderMap, link: Result<Path<String>, PathRejection>) -> Response {
    let words = Words::of(&headers);
    let Ok(Path(link)) = link else { return words.unusable() };
    let key = match hall.portal.proves(&link).await {
        Ok(Some(Proves::Address)) => None,
        Ok(Some(Proves::Key { scheme, fingerprint })) => Some((scheme, grouped(&fingerprint))),
        Ok(None) => return words.unusable(),
        Err(fault) => return words.later(&fault),
    };
    render(StatusCode::OK, &Offered { words, link: &link, path: LinkUse::Prove.path(), key })
}

async fn follow(State(hall): State<Hall>, headers: HeaderMap, link: Result<Path<String>, PathRejection>) -> Response {
    let words = Words::of(&headers);
    let Ok(Path(link)) = link else { return words.unusable() };
    match hall.portal.follow(&link).await {
        Ok(Some(Followed::Visit(pass))) => hall.keys(words, &pass, Vec::new()).await,
        Ok(Some(Followed::Used { site })) => words.said(StatusCode::OK, words.used, words.used_text, Some(&site)),
        Ok(Some(Followed::TooMany { site })) => {
            words.said(StatusCode::CONFLICT, words.too_many, words.too_many_text, Some(&site))
        }
        Ok(None) => words.unusable(),
        Err(fault) => words.later(&fault),
    }
}

/// What a visitor wants done with his keys, and then all of them.
async fn change(
    State(hall): State<Hall>,
    headers: HeaderMap,
    client: Option<Extension<Client>>,
    site: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    let words = Words::of(&headers);
    let Some(site) = hall.open(site) else { return page::not_found().await };
    let Some(_place) = hall.forms.enter(address_of(client), FORMS_OF_ONE_MAX) else { return page::busy(words.busy) };
    let begun = match in_time(form::begin(request)).await {
        Ok(begun) => begun,
        Err(wrong) => return words.wrong(&wrong),
    };
    // A pass of one site opens nothing on the pages of another.
    let turned_away = match hall.portal.visit(&begun.pass).await {
        Ok(Some(visit)) if visit.site == site => None,
        Ok(_) => Some(words.said(StatusCode::FORBIDDEN, words.over, words.over_text, Some(&site))),
        Err(fault) => Some(words.later(&fault)),
    };
    if let Some(answer) = turned_away {
        let _ = tokio::time::timeout(FORM_WITHIN, begun.pass_over()).await;
        return answer;
    }
    let pass = begun.pass.clone();
    let act = match in_time(begun.act()).await {
        Ok(act) => act,
        Err(wrong) => return words.wrong(&wrong),
    };
    let notes = match act {
        Act::Look => Ok(Some(Vec::new())),
        Act::Bring(file) if file.is_empty() => Ok(Some(vec![bad(words.no_file)])),
        Act::Bring(file) => {
            let Ok(_turn) = hall.turns.try_acquire() else { return page::busy(words.busy) };
            hall.portal.bring(&pass, &file).await.map(|done| done.map(|one| words.brought(&one)))
        }
        Act::TakeAway(key) => {
            let done = hall.portal.take_away(&pass, &key).await;
            done.map(|done| {
                done.map(|is_gone| if is_gone { vec![good(words.removed)] } else { vec![bad(words.no_such)] })
            })
        }
    };
    match notes {
        Ok(Some(notes)) => hall.keys(words, &pass, notes).await,
        Ok(None) => words.said(StatusCode::FORBIDDEN, words.over, words.over_text, Some(&site)),
        Err(fault) => words.later(&fault),
    }
}

/// A form has to be there in time.
async fn in_time<T>(form: impl Future<Output = Result<T, Wrong>>) -> Result<T, Wrong> {
    tokio::time::timeout(FORM_WITHIN, form).await.unwrap_or(Err(Wrong::NotTheForm))
}

fn address_of(client: Option<Extension<Client>>) -> IpAddr {
    client.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |client| client.0.0)
}

impl Hall {
    /// The name of a site that has a portal.
    fn open(&self, site: Result<Path<String>, PathRejection>) -> Option<String> {
        site.ok().map(|Path(site)| site).filter(|site| self.portal.is_open(site))
    }

    async fn keys(&self, words: &'static Words, pass: &str, said: Vec<Note>) -> Response {
        let visit = match self.portal.visit(pass).await {
            Ok(Some(visit)) => visit,
            Ok(None) => return words.said(StatusCode::FORBIDDEN, words.over, words.over_text, None),
            Err(fault) => return words.later(&fault),
        };
        let now = jiff::Timestamp::now().as_microsecond();
        let rows = visit.keys.iter().map(|key| row(key, words, now)).collect();
        let (site, address) = (visit.site.as_str(), visit.address.as_str());
        render(StatusCode::OK, &Keys { words, site, address, pass, rows, said })
    }
}

fn row(key: &PersonKey, words: &'static Words, now: Micros) -> Row {
    Row {
        id: key.id.clone(),
        scheme: key.key.scheme,
        fingerprint: grouped(&key.key.fingerprint),
        origin: words.origin(key.key.origin),
        ends: key.key.ends_at.map(moment),
        has_ended: key.key.ends_at.is_some_and(|at| at <= now),
        waits: key.standing == KeyStanding::Quarantined,
        kept: moment(key.kept_at),
        is_own: key.key.origin == Origin::Upload,
    }
}

/// As people compare it: large, in groups of four.
pub(crate) fn grouped(fingerprint: &str) -> String {
    let letters: Vec<char> = fingerprint.to_ascii_uppercase().chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

fn good(text: &str) -> Note {
    Note { is_bad: false, text: text.to_owned() }
}

fn bad(text: &str) -> Note {
    Note { is_bad: true, text: text.to_owned() }
}

impl Words {
    fn said(&'static self, status: StatusCode, title: &str, text: &str, site: Option<&str>) -> Response {
        render(status, &Said { words: self, title, text, site })
    }

    /// The same for a link that is wrong, was used, is too old or is of a portal that was closed, so that trying them out tells nothing.
    fn unusable(&'static self) -> Response {
        self.said(StatusCode::NOT_FOUND, self.dead, self.dead_text, None)
    }

    fn wrong(&'static self, wrong: &Wrong) -> Response {
        match wrong {
            Wrong::TooLarge => self.said(StatusCode::PAYLOAD_TOO_LARGE, self.too_large, self.too_large_text, None),
            Wrong::NotTheForm => self.not_the_form(),
        }
    }

    fn not_the_form(&'static self) -> Response {
        self.said(StatusCode::BAD_REQUEST, self.no_form, self.no_form_text, None)
    }

    /// Our own trouble; as far as anybody knows nothing was changed.
    fn later(&'static self, fault: &Fault) -> Response {
        tracing::warn!(code = %fault.code, detail = fault.logged(), "a page of the portal could not be made");
        self.said(StatusCode::SERVICE_UNAVAILABLE, self.not_now, self.not_now_text, None)
    }

    fn brought(&self, brought: &Brought) -> Vec<Note> {
        if brought.holds_private {
            return vec![bad(self.private)];
        }
        if brought.holds_nothing {
            return vec![bad(self.nothing)];
        }
        let named = |scheme: &Scheme, print: &str| format!("{} {}", scheme.title(), grouped(print));
        let taken =
            brought.taken.iter().map(|(scheme, print)| good(&self.letter_goes.replace("{key}", &named(scheme, print))));
        let unusable = brought.unusable.iter().map(|(scheme, print, why)| {
            bad(&self.unusable_key.replace("{key}", &named(scheme, print)).replace("{why}", why))
        });
        let mut notes: Vec<Note> = taken.chain(unusable).collect();
        if brought.too_many {
            notes.push(bad(self.too_many_letters));
        }
        if brought.others > 0 {
            notes.push(bad(&self.of_others.replace("{number}", &brought.others.to_string())));
        }
        notes
    }
}
