//! Usage: what came in and went out, by month and site.

use super::{Moment, moment, render, trouble};
use crate::Console;
use crate::now::PlanNow;
use crate::sign_in::Session;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use policy::meter::{self, Amount, Direction, Metered, Month, OfMonth, bytes_in_words};
use store::BillingLine;

/// Months that the page shows; the command line tells of all.
const MONTHS_MAX: usize = 13;
/// The newest billing records that it shows.
const BILLING_MAX: usize = 50;

/// A row of a table: what it was, how much of it, and how much of that was maintenance.
struct Row {
    what: &'static str,
    messages: u64,
    data: String,
    maintenance: u64,
}

/// One site in one month.
struct Site {
    name: String,
    ways: Vec<Way>,
}

/// What went one way, and the sum of it.
struct Way {
    title: &'static str,
    rows: Vec<Row>,
    sum: Row,
}

struct Shown {
    /// `November 2026`.
    title: String,
    sites: Vec<Site>,
}

#[derive(Template)]
#[template(path = "usage.html")]
struct Page {
    token: String,
    /// For somebody of the support.
    support: bool,
    plans: Vec<PlanNow>,
    months: Vec<Shown>,
    billing: Vec<Billed>,
}

/// A billing record.
struct Billed {
    site: String,
    written: Moment,
    text: String,
}

/// The page.
pub async fn show(State(console): State<Console>, session: Extension<Session>) -> Response {
    let counted = match console.store.counted(None, 0, i64::MAX).await {
        Ok(counted) => counted,
        Err(fault) => return trouble(&fault),
    };
    let billing = match console.store.billing(None).await {
        Ok(billing) => billing,
        Err(fault) => return trouble(&fault),
    };
    let lines = meter::by_month(&counted);
    let mut months: Vec<Month> = lines.iter().map(|line| line.month).collect();
    months.dedup();
    months.truncate(MONTHS_MAX);
    let page = Page {
        token: session.token(),
        support: session.support_of().is_some(),
        plans: console.now.plans(),
        months: months.into_iter().map(|month| shown(month, &lines)).collect(),
        billing: billing.into_iter().take(BILLING_MAX).map(billed).collect(),
    };
    render(StatusCode::OK, &page)
}

fn billed(line: BillingLine) -> Billed {
    let text = line.record.in_words();
    Billed { site: line.record.site, written: moment(line.written_at), text }
}

fn shown(month: Month, lines: &[OfMonth]) -> Shown {
    let of_month: Vec<&OfMonth> = lines.iter().filter(|line| line.month == month).collect();
    let mut names: Vec<&str> = of_month.iter().map(|line| line.site.as_str()).collect();
    names.dedup();
    let site = |name: &str| {
        let lines: Vec<&OfMonth> = of_month.iter().copied().filter(|line| line.site == name).collect();
        let ways = [(Direction::In, "In"), (Direction::Out, "Out")];
        Site {
            name: name.to_owned(),
            ways: ways.into_iter().filter_map(|(way, title)| way_of(way, title, &lines)).collect(),
        }
    };
    Shown { title: month.in_words(), sites: names.into_iter().map(site).collect() }
}

fn way_of(direction: Direction, title: &'static str, lines: &[&OfMonth]) -> Option<Way> {
    let sum = |so: &dyn Fn(&OfMonth) -> bool| {
        let amounts = lines.iter().filter(|line| so(line)).map(|line| line.amount);
        amounts.fold(Amount::default(), Amount::plus)
    };
    let row = |what: &'static str, so: &dyn Fn(&OfMonth) -> bool| {
        let all = sum(so);
        let maintenance = sum(&|line| so(line) && line.maintenance).messages;
        Row { what, messages: all.messages, data: bytes_in_words(all.bytes), maintenance }
    };
    let kinds = Metered::ALL.into_iter().filter(|kind| kind.direction() == direction);
    let rows: Vec<Row> =
        kinds.map(|kind| row(kind.in_words(), &|line| line.what == kind)).filter(|row| row.messages > 0).collect();
    let sum = row("together", &|line| line.what.direction() == direction);
    (!rows.is_empty()).then_some(Way { title, rows, sum })
}
