//! Contacts: to whom the usage of each site and its plan are told, for any administrator to change.

use super::about::About;
use super::{Moment, moment, notice, render, stale_form, trouble};
use crate::Console;
use crate::sign_in::Session;
use askama::Template;
use axum::extract::State;
use axum::extract::rejection::FormRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use policy::is_plain_address;
use serde::Deserialize;
use store::{Added, Contact, ContactKind, ContactWord};

/// Somebody who is to be told.
#[derive(Deserialize)]
pub struct New {
    #[serde(default)]
    token: String,
    #[serde(default)]
    site: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    address: String,
}

struct Row {
    id: String,
    address: String,
    /// He is the one who is told.
    is_told: bool,
    may_be_first: bool,
    flagged: Option<Moment>,
}

struct Group {
    title: &'static str,
    rows: Vec<Row>,
}

struct Site {
    name: String,
    groups: Vec<Group>,
    /// There are billing contacts, and letters to none of them arrive.
    is_out_of_reach: bool,
}

#[derive(Template)]
#[template(path = "contacts.html")]
struct Page {
    token: String,
    /// For somebody of the support.
    support: bool,
    sites: Vec<Site>,
}

/// The page.
pub async fn list(State(console): State<Console>, session: Extension<Session>) -> Response {
    let contacts = match console.store.contacts(None).await {
        Ok(contacts) => contacts,
        Err(fault) => return trouble(&fault),
    };
    let sites = names(&console, &contacts).into_iter().map(|name| site(name, &contacts)).collect();
    render(StatusCode::OK, &Page { token: session.token(), support: session.support_of().is_some(), sites })
}

/// The sites of the gateway, and those that have contacts.
fn names(console: &Console, contacts: &[Contact]) -> Vec<String> {
    let mut names: Vec<String> = console.now.sites().into_iter().map(|site| site.name).collect();
    names.extend(contacts.iter().map(|contact| contact.site.clone()));
    names.sort();
    names.dedup();
    names
}

fn site(name: String, contacts: &[Contact]) -> Site {
    let of = |kind| rows(contacts.iter().filter(|contact| contact.site == name && contact.kind == kind));
    let (billing, mut further) = (of(ContactKind::Billing), of(ContactKind::Further));
    for row in &mut further {
        // Each of them is told, in whatever order.
        (row.is_told, row.may_be_first) = (row.flagged.is_none(), false);
    }
    let is_out_of_reach = !billing.is_empty() && !billing.iter().any(|row| row.is_told);
    let groups =
        [Group { title: "Billing contacts", rows: billing }, Group { title: "Further addresses", rows: further }];
    Site { name, groups: groups.into_iter().filter(|group| !group.rows.is_empty()).collect(), is_out_of_reach }
}

/// The first of them whose letters arrive is told.
fn rows<'c>(contacts: impl Iterator<Item = &'c Contact>) -> Vec<Row> {
    let mut is_told_yet = false;
    let row = |(at, contact): (usize, &Contact)| {
        let is_told = contact.flagged_at.is_none() && !is_told_yet;
        is_told_yet |= is_told;
        let flagged = contact.flagged_at.map(moment);
        Row { id: contact.id.clone(), address: contact.address.clone(), is_told, may_be_first: at > 0, flagged }
    };
    contacts.enumerate().map(row).collect()
}

/// Adds one.
pub async fn add(
    State(console): State<Console>,
    session: Extension<Session>,
    form: Result<Form<New>, FormRejection>,
) -> Response {
    let Ok(Form(new)) = form else { return stale_form() };
    if !session.gave(&new.token) {
        return stale_form();
    }
    let nothing = |status, text: &str| notice(status, "Nothing was done", text);
    let (address, kind) = (new.address.trim(), ContactKind::of_word(&new.kind));
    let Some(kind) = kind.filter(|_| console.now.sites().iter().any(|site| site.name == new.site)) else {
        return nothing(StatusCode::UNPROCESSABLE_ENTITY, "Say for which site, and as what.");
    };
    if !address.is_ascii() || !is_plain_address(address) {
        return nothing(StatusCode::UNPROCESSABLE_ENTITY, "Write an address, such as billing@example.org.");
    }
    match console.store.add_contact(&new.site, kind, address, session.who()).await {
        Ok(Added::Now) => Redirect::to("/contacts").into_response(),
        Ok(Added::Before) => nothing(StatusCode::CONFLICT, "This site has this address already."),
        Ok(Added::TooMany) => {
            nothing(StatusCode::CONFLICT, "This site has as many contacts as it may; remove one first.")
        }
        Err(fault) => trouble(&fault),
    }
}

/// Has one told first.
pub async fn first(console: State<Console>, session: Extension<Session>, about: About) -> Response {
    change(console, session, about, ContactWord::First).await
}

/// His address is good again.
pub async fn good(console: State<Console>, session: Extension<Session>, about: About) -> Response {
    change(console, session, about, ContactWord::Good).await
}

/// Removes one.
pub async fn remove(console: State<Console>, session: Extension<Session>, about: About) -> Response {
    change(console, session, about, ContactWord::Remove).await
}

async fn change(
    State(console): State<Console>,
    session: Extension<Session>,
    About(id): About,
    word: ContactWord,
) -> Response {
    match console.store.change_contact(&id, word, session.who()).await {
        Ok(true) => Redirect::to("/contacts").into_response(),
        Ok(false) => {
            let text = "There is no such contact any more, or it is so already. Open the page again.";
            notice(StatusCode::CONFLICT, "Nothing was done", text)
        }
        Err(fault) => trouble(&fault),
    }
}
