//! Who of those to whom a site writes can be reached by encrypted mail: in numbers for each project, and one by one with their keys. Each look
//! is noted.

use super::filter::{Choice, encoded};
use super::keys::{KEYS_LOOK, site_of};
use super::{Moment, moment, not_found, notice, render, trouble};
use crate::Console;
use crate::hands::{CoverageNow, KeyLine, PersonLine, Reached};
use crate::public::portal::grouped;
use crate::sign_in::Session;
use askama::Template;
use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use policy::sealing::Reach;
use serde::Deserialize;
use store::Look;

/// People on one page.
const PEOPLE: usize = 50;
/// Keys of one person that are shown.
const KEYS_MAX: usize = 8;
/// No key of a project is longer.
const PROJECT_BYTES_MAX: usize = 255;
/// What is looked at, as it stands in the audit trail beside the looks at keys.
const COVERAGE: &str = "coverage";

const STANDINGS: [(Reach, &str, &str); 6] = [
    (Reach::WithoutKey, "without_key", "without a key"),
    (Reach::Revoked, "revoked", "revoked"),
    (Reach::Weak, "weak", "weak"),
    (Reach::Unusable, "unusable", "not usable"),
    (Reach::Expiring, "expiring", "reachable, ends soon"),
    (Reach::Reachable, "reachable", "reachable"),
];

/// What is asked for, as it stands in the address of the page.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    site: String,
    project: String,
    standing: String,
    /// How many people stand on the pages before.
    from: String,
}

/// A line of the table.
struct Line {
    /// Empty for the site as a whole.
    project: String,
    /// Where those people are shown.
    address: String,
    chosen: bool,
    reached: Reached,
}

impl Line {
    fn percent(&self) -> String {
        self.reached.percent.map_or_else(|| "–".to_owned(), |percent| format!("{percent} %"))
    }
}

struct PersonRow {
    address: String,
    standing: &'static str,
    class: &'static str,
    keys: Vec<KeyRow>,
    /// Keys that are not shown.
    further_keys: usize,
}

struct KeyRow {
    scheme: &'static str,
    fingerprint: String,
    ends: Option<Moment>,
    why_not: Option<String>,
}

#[derive(Template)]
#[template(path = "coverage.html")]
struct Page {
    token: String,
    /// For somebody of the support.
    support: bool,
    sites: Vec<Choice>,
    site: String,
    /// Why nothing can be said.
    trouble: Option<String>,
    lines: Vec<Line>,
    further_projects: usize,
    is_cut: bool,
    project: String,
    standings: Vec<Choice>,
    people: Vec<PersonRow>,
    /// How many fit, and the first and last of them that are shown, from 1.
    fitting: (usize, usize, usize),
    /// The addresses of the pages before and behind.
    before: Option<String>,
    next: Option<String>,
}

/// The page: of the site that is asked for, or of the first.
pub async fn show(
    State(console): State<Console>,
    session: Extension<Session>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Response {
    let Ok(Query(asked)) = asked else { return not_found().await };
    let Some((site, names)) = site_of(&console, &asked.site) else {
        return notice(StatusCode::OK, "Coverage", "There is no site yet.");
    };
    // First it is written down, then it is shown (PRIV-20).
    if let Err(fault) = console.store.note_look(&site, KEYS_LOOK, Look::Keys, Some(COVERAGE), session.who()).await {
        return trouble(&fault);
    }
    let project = asked.project.trim().to_uppercase();
    let project = Some(project).filter(|key| !key.is_empty() && key.len() <= PROJECT_BYTES_MAX);
    match console.hands.coverage(&site, project.as_deref()).await {
        Ok(counted) => {
            let (counted, trouble) = match counted {
                Ok(counted) => (counted, None),
                Err(why) => (CoverageNow::default(), Some(why)),
            };
            let page = page(&session, (site, names), (&asked, project.unwrap_or_default()), counted);
            render(StatusCode::OK, &Page { trouble, ..page })
        }
        Err(fault) => trouble(&fault),
    }
}

fn page(
    session: &Session,
    (site, names): (String, Vec<String>),
    (asked, project): (&Asked, String),
    counted: CoverageNow,
) -> Page {
    let choice = |word: &str, shown: &str, chosen| Choice { word: word.to_owned(), shown: shown.to_owned(), chosen };
    let standing = STANDINGS.into_iter().find(|(_, word, _)| *word == asked.standing);
    let CoverageNow { site: of_site, projects, further_projects, people, is_cut } = counted;
    let line = |key: String, reached| Line {
        address: address(&site, &key, "", 0),
        chosen: key == project,
        project: key,
        reached,
    };
    let whole = line(String::new(), of_site);
    let lines = std::iter::once(whole).chain(projects.into_iter().map(|(key, reached)| line(key, reached))).collect();
    let people: Vec<PersonLine> =
        people.into_iter().filter(|person| standing.is_none_or(|(of, ..)| of == person.standing)).collect();
    let number = people.len();
    let from = asked.from.parse().ok().filter(|from: &usize| *from < number).unwrap_or(0);
    let rows: Vec<PersonRow> = people.into_iter().skip(from).take(PEOPLE).map(person).collect();
    let to = from + rows.len();
    let word = standing.map_or("", |(_, word, _)| word);
    Page {
        token: session.token(),
        support: session.support_of().is_some(),
        sites: names.iter().map(|name| choice(name, name, *name == site)).collect(),
        trouble: None,
        lines,
        further_projects,
        is_cut,
        standings: STANDINGS.into_iter().map(|(_, one, shown)| choice(one, shown, one == word)).collect(),
        before: (from > 0).then(|| address(&site, &project, word, from.saturating_sub(PEOPLE))),
        next: (to < number).then(|| address(&site, &project, word, to)),
        fitting: (number, from + 1, to),
        people: rows,
        project,
        site,
    }
}

fn address(site: &str, project: &str, standing: &str, from: usize) -> String {
    let query = |text: &str| text.bytes().map(encoded).collect::<String>();
    let (site, project) = (query(site), query(project));
    let from = if from == 0 { String::new() } else { format!("&from={from}") };
    format!("/keys/coverage?site={site}&project={project}&standing={standing}{from}")
}

fn person(line: PersonLine) -> PersonRow {
    let shown = STANDINGS.into_iter().find(|(of, ..)| *of == line.standing).map_or("", |(.., shown)| shown);
    PersonRow {
        address: line.address,
        standing: shown,
        class: match line.standing {
            Reach::Reachable => "letters",
            Reach::Expiring => "held",
            Reach::Revoked | Reach::Weak | Reach::Unusable => "dead",
            Reach::WithoutKey => "",
        },
        further_keys: line.keys.len().saturating_sub(KEYS_MAX),
        keys: line.keys.into_iter().take(KEYS_MAX).map(key).collect(),
    }
}

fn key(line: KeyLine) -> KeyRow {
    KeyRow {
        scheme: line.scheme.title(),
        fingerprint: grouped(&line.fingerprint),
        ends: line.ends_s.and_then(|at| at.checked_mul(1_000_000)).map(moment),
        why_not: line.why_not,
    }
}
