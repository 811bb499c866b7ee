//! Keys of people: which are kept for whom, what waits for a word, and a form to bring one for an address. Each look is noted.

mod form;

use self::form::{Changed, brought};
use super::filter::{Choice, before, encoded};
use super::{Moment, is_id, moment, not_found, notice, render, stale_form, trouble};
use crate::Console;
use crate::public::portal::grouped;
use crate::sign_in::Session;
use askama::Template;
use axum::Extension;
use axum::extract::multipart::MultipartRejection;
use axum::extract::rejection::{FormRejection, PathRejection, QueryRejection};
use axum::extract::{Form, Multipart, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use policy::is_plain_address;
use policy::portal::Brought;
use policy::sealing::{Origin, Scheme};
use serde::Deserialize;
use store::{KeyHand, KeyStanding, KeyWord, Look, Micros, PersonKey, PersonKeyFilter};
use tokio::sync::Semaphore;

/// Bytes of the form with a file.
pub const FORM_BYTES_MAX: usize = form::FILE_BYTES_MAX + 16 * 1024;
/// Files of keys that are read at the same time; each keeps a cell busy.
static TURNS: Semaphore = Semaphore::const_new(2);
/// No address is longer (RFC 5321, section 4.5.3.1).
const ADDRESS_BYTES_MAX: usize = 320;
/// Keys of one page, as the store gives them.
const ROWS: usize = 200;
/// A key that ends within this time is marked.
const ENDS_SOON: Micros = 30 * 86_400 * 1_000_000;
/// What the audit trail says that was looked at.
pub(super) const KEYS_LOOK: &str = "person_keys";

/// What the list is filtered by, as it stands in the address of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    site: String,
    address: String,
    standing: String,
    /// `MICROSECONDS~ID` of the last row of the page before.
    before: String,
}

struct Row {
    id: String,
    address: String,
    scheme: &'static str,
    fingerprint: String,
    origin: Origin,
    message: Option<String>,
    waits: bool,
    ends: Option<Moment>,
    has_ended: bool,
    ends_soon: bool,
    kept: Moment,
}

#[derive(Template)]
#[template(path = "keys.html")]
struct Page {
    token: String,
    /// For somebody of the support.
    support: bool,
    sites: Vec<Choice>,
    site: String,
    /// As it stands in an address.
    site_query: String,
    address: String,
    standings: Vec<Choice>,
    rows: Vec<Row>,
    /// The address of the next page.
    next: Option<String>,
    /// In use, in quarantine, and of those in use how many end soon.
    figures: (u64, u64, u64),
}

#[derive(Template)]
#[template(path = "keys_brought.html")]
struct Taken {
    token: String,
    /// For somebody of the support.
    support: bool,
    site: String,
    address: String,
    brought: Brought,
}

impl Taken {
    fn named(scheme: &Scheme, print: &str) -> String {
        format!("{} {}", scheme.title(), grouped(print))
    }
}

/// The site that is asked for, or the first, and the names of all; `None` where there is none.
pub(super) fn site_of(console: &Console, asked: &str) -> Option<(String, Vec<String>)> {
    let names: Vec<String> = console.now.sites().into_iter().map(|site| site.name).collect();
    let site = names.iter().find(|name| *name == asked).or(names.first())?.clone();
    Some((site, names))
}

/// The page: of the site that is asked for, or of the first.
pub async fn list(
    State(console): State<Console>,
    session: Extension<Session>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Ok(Query(asked)) = asked else { return not_found().await };
    let Some((site, names)) = site_of(&console, &asked.site) else {
        return notice(StatusCode::OK, "Keys", "There is no site yet.");
    };
    match page(&console, &session, site, names, &asked).await {
        Ok(page) => render(StatusCode::OK, &page),
        Err(fault) => trouble(&fault),
    }
}

async fn page(
    console: &Console,
    session: &Session,
    site: String,
    names: Vec<String>,
    asked: &Asked,
) -> Result<Page, policy::Fault> {
    let store = &console.store;
    let address = asked.address.trim();
    let address = if address.len() <= ADDRESS_BYTES_MAX && !address.contains('\0') { address } else { "" };
    let standing = KeyStanding::of_word(&asked.standing);
    let filter = PersonKeyFilter {
        site: site.clone(),
        address: Some(address.to_owned()).filter(|address| !address.is_empty()),
        standing,
        after: before(&asked.before),
    };
    // First it is written down, then it is shown (PRIV-20).
    store.note_look(&site, KEYS_LOOK, Look::Keys, None, session.who()).await?;
    let keys = store.person_keys(&filter).await?;
    let now = store.now().await?;
    let figures = store.person_key_figures(&site, now + ENDS_SOON).await?;
    let last = keys.last().filter(|_| keys.len() == ROWS).map(|last| (last.changed_at, last.id.clone()));
    let query = |text: &str| text.bytes().map(encoded).collect::<String>();
    let next = last.map(|(at, id)| {
        let word = standing.map_or("", KeyStanding::word);
        format!("/keys?site={}&address={}&standing={word}&before={at}~{id}", query(&site), query(address))
    });
    let choice = |word: &str, shown: &str, chosen| Choice { word: word.to_owned(), shown: shown.to_owned(), chosen };
    Ok(Page {
        token: session.token(),
        support: session.support_of().is_some(),
        sites: names.iter().map(|name| choice(name, name, *name == site)).collect(),
        address: address.to_owned(),
        standings: KeyStanding::ALL
            .into_iter()
            .map(|one| choice(one.word(), in_use_or_not(one), standing == Some(one)))
            .collect(),
        rows: keys.iter().map(|key| row(key, now)).collect(),
        next,
        site_query: query(&site),
        figures: (figures.used, figures.quarantined, figures.ending),
        site,
    })
}

fn in_use_or_not(standing: KeyStanding) -> &'static str {
    match standing {
        KeyStanding::Used => "kept",
        KeyStanding::Quarantined => "in quarantine",
    }
}

fn row(key: &PersonKey, now: Micros) -> Row {
    let ends_at = key.key.ends_at;
    Row {
        id: key.id.clone(),
        address: key.key.address.clone(),
        scheme: key.key.scheme.title(),
        fingerprint: grouped(&key.key.fingerprint),
        origin: key.key.origin,
        message: key.key.message.clone().filter(|message| is_id(message)),
        waits: key.standing == KeyStanding::Quarantined,
        ends: ends_at.map(moment),
        has_ended: ends_at.is_some_and(|at| at <= now),
        ends_soon: ends_at.is_some_and(|at| at > now && at <= now + ENDS_SOON),
        kept: moment(key.kept_at),
    }
}

/// Lets a key out of quarantine.
pub async fn accept(
    console: State<Console>,
    session: Extension<Session>,
    id: Result<Path<String>, PathRejection>,
    form: Result<Form<Changed>, FormRejection>,
) -> Response {
    change(console, session, (id, form), KeyWord::Accept).await
}

/// Removes a key.
pub async fn remove(
    console: State<Console>,
    session: Extension<Session>,
    id: Result<Path<String>, PathRejection>,
    form: Result<Form<Changed>, FormRejection>,
) -> Response {
    change(console, session, (id, form), KeyWord::Remove).await
}

type About = (Result<Path<String>, PathRejection>, Result<Form<Changed>, FormRejection>);

async fn change(
    State(console): State<Console>,
    session: Extension<Session>,
    (id, form): About,
    word: KeyWord,
) -> Response {
    let Ok(Form(Changed { token, site })) = form else { return stale_form() };
    if !session.gave(&token) {
        return stale_form();
    }
    let Some(Path(id)) = id.ok().filter(|Path(id)| is_id(id)) else { return not_found().await };
    let is_known = console.now.sites().iter().any(|known| known.name == site);
    let changed = match is_known {
        true => console.store.change_person_key(&site, &id, word, KeyHand::Person(session.who())).await,
        false => Ok(false),
    };
    match changed {
        Ok(true) => {
            let site: String = site.bytes().map(encoded).collect();
            Redirect::to(&format!("/keys?site={site}")).into_response()
        }
        Ok(false) => {
            let text = "There is no such key any more, or it is so already. Open the page again.";
            notice(StatusCode::CONFLICT, "Nothing was done", text)
        }
        Err(fault) => trouble(&fault),
    }
}

/// Takes a file of keys for an address, by the word of whoever is signed in.
pub async fn bring(
    State(console): State<Console>,
    session: Extension<Session>,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let nothing = |status, text: &str| notice(status, "Nothing was done", text);
    let Ok(_turn) = TURNS.try_acquire() else {
        return nothing(StatusCode::SERVICE_UNAVAILABLE, "Other keys are being read; try again in a moment.");
    };
    let Ok(form) = form else { return stale_form() };
    let Ok(said) = brought(form).await else {
        let text = "What came is not the form of this page, or its file is larger than 256 KiB.";
        return nothing(StatusCode::UNPROCESSABLE_ENTITY, text);
    };
    if !session.gave(&said.token) {
        return stale_form();
    }
    let address = said.address.trim();
    if !console.now.sites().iter().any(|site| site.name == said.site) || !is_plain_address(address) {
        return nothing(StatusCode::UNPROCESSABLE_ENTITY, "Say for which site and address, such as ann@example.org.");
    }
    if said.file.is_empty() {
        return nothing(StatusCode::UNPROCESSABLE_ENTITY, "Choose a file first.");
    }
    match console.hands.bring_key((said.site.as_str(), address), &said.file, session.who()).await {
        Ok(Ok(brought)) => {
            let (token, support) = (session.token(), session.support_of().is_some());
            let (site, address) = (said.site.clone(), address.to_owned());
            render(StatusCode::OK, &Taken { token, support, site, address, brought })
        }
        Ok(Err(why)) => nothing(StatusCode::SERVICE_UNAVAILABLE, &why),
        Err(fault) => trouble(&fault),
    }
}
