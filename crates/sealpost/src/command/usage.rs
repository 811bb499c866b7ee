//! `sealpost usage`: what came in and went out, by month, site and kind.

mod billing;

use super::Failure;
use crate::settings::Settings;
use policy::meter::{self, Month, OfMonth, bytes_in_words};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;
use store::Store;

/// What is asked about usage.
#[derive(Debug, clap::Args)]
pub struct Asked {
    /// Only of this site.
    #[arg(long)]
    site: Option<String>,
    /// Only of this month, such as 2026-11; otherwise all that is kept.
    #[arg(long)]
    month: Option<Month>,
    /// The billing records of sites with a capacity plan in place of the counts: each month that is over, and each pack.
    #[arg(long, conflicts_with = "month")]
    billing: bool,
    /// One JSON object per month, site, kind and class; with --billing per record.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// The same as comma-separated values (RFC 4180), with a line of names.
    #[arg(long)]
    csv: bool,
}

/// Opens the store of these settings and tells.
pub async fn run(config: &Path, asked: &Asked) -> Result<(), Failure> {
    super::with_store(config, async |settings, store| {
        if let Some(site) = &asked.site {
            super::site_named(settings, site)?;
        }
        if asked.billing {
            let lines = store.billing(asked.site.as_deref()).await?;
            return super::print(&billing::text(&lines, asked.json, asked.csv));
        }
        let (from, until) = asked.month.map_or((0, i64::MAX), |month| (month.first_day(), month.end_day()));
        let lines = meter::by_month(&store.counted(asked.site.as_deref(), from, until).await?);
        let text = match (asked.json, asked.csv) {
            (true, _) => lines.iter().map(|line| format!("{}\n", line_json(line))).collect(),
            (_, true) => as_csv(&lines),
            _ => as_table(&lines) + &of_plans(settings, store, asked.site.as_deref()).await?,
        };
        super::print(&text)
    })
    .await
}

/// How each plan of the site, or of all sites, stands now.
async fn of_plans(settings: &Settings, store: &Store, site: Option<&str>) -> Result<String, Failure> {
    let mut text = String::new();
    for plan in settings.plans.iter().filter(|plan| site.is_none_or(|site| plan.sites.iter().any(|of| of == site))) {
        let standing = engine::standing(store, plan).await?;
        let _ = writeln!(text, "plan {}: {}", plan.name, standing.in_words());
        if standing.spent.is_some() {
            let _ = writeln!(text, "plan {} is spent: {}", plan.name, standing.why_not());
        }
    }
    Ok(text)
}

fn class(line: &OfMonth) -> &'static str {
    if line.maintenance { "maintenance" } else { "standard" }
}

fn line_json(line: &OfMonth) -> Value {
    json!({
        "month": line.month.to_string(), "site": line.site, "kind": line.what.word(),
        "direction": line.what.direction().word(), "class": class(line),
        "messages": line.amount.messages, "bytes": line.amount.bytes,
    })
}

fn as_csv(lines: &[OfMonth]) -> String {
    let mut text = String::from("month,site,kind,direction,class,messages,bytes\r\n");
    for line in lines {
        let (month, site, what) = (line.month, quoted(&line.site), line.what);
        let (direction, amount) = (what.direction().word(), line.amount);
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "{month},{site},{},{direction},{},{},{}\r\n",
            what.word(),
            class(line),
            amount.messages,
            amount.bytes
        );
    }
    text
}

/// A value that sheets take for a formula begins with a quote mark of its own.
fn quoted(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@']);
    match text.contains([',', '"', '\r', '\n']) || formula {
        true => format!("\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

fn as_table(lines: &[OfMonth]) -> String {
    let mut text = format!(
        "{:<8} {:<16} {:<27} {:<4} {:<12} {:>10} {:>10}\n",
        "month", "site", "what", "way", "class", "messages", "data"
    );
    for line in lines {
        let _ = writeln!(
            text,
            "{:<8} {:<16} {:<27} {:<4} {:<12} {:>10} {:>10}",
            line.month.to_string(),
            line.site,
            line.what.in_words(),
            line.what.direction().word(),
            class(line),
            line.amount.messages,
            bytes_in_words(line.amount.bytes)
        );
    }
    if lines.is_empty() {
        text.push_str("nothing was counted\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use meter::{Amount, Metered};

    #[test]
    fn a_line_is_told_as_a_table_as_values_and_as_json() {
        let line = OfMonth {
            month: Month::of_day(20_000),
            site: "=a,b".into(),
            what: Metered::EventLetter,
            maintenance: false,
            amount: Amount { messages: 3, bytes: 4_500 },
        };
        let csv = as_csv(std::slice::from_ref(&line));
        assert_eq!(csv.lines().nth(1), Some("2024-10,\"'=a,b\",event_letter,out,standard,3,4500"));
        let table = as_table(std::slice::from_ref(&line));
        assert!(table.contains("letters about events") && table.contains("4.5 kB"), "{table}");
        assert_eq!(line_json(&line)["bytes"], 4500);
        assert!(as_table(&[]).contains("nothing was counted"));
    }
}
