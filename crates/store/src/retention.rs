//! How long each site keeps what people wrote. A period that changes is in the audit trail, and so is what the sweep erased.

use crate::Store;
use crate::audit::{self, Entry};
use crate::database::{Conn, execute, one};
use crate::dialect;
use crate::event::EVENTS_KEPT_DAYS;
use crate::flag::FLAG_DAYS_MAX;
use crate::rows::Micros;
use crate::sweep::UNSETTLED_KEPT_DAYS_MIN;
use policy::Fault;
use policy::meter::Capacity;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::PoisonError;

const DAY: Micros = 86_400 * 1_000_000;
/// For how long what is counted is kept, in days: the year behind, and the day on which it began.
const KEEP_USAGE_DAYS: u32 = 366;
/// For how long billing records are kept, in days: seven years.
const KEEP_BILLING_DAYS: u32 = 2557;

/// The periods in days, each for sites that are not named and for those that are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retention {
    /// Content, counted from when a mail was taken in or a letter posted; 0 erases it as soon as its work is done.
    pub keep_content_days: u32,
    pub by_site: BTreeMap<String, u32>,
    /// What trackers told and what was decided about it; 0 erases it with the decision.
    pub keep_events_days: u32,
    pub events_by_site: BTreeMap<String, u32>,
    /// What was counted of mail that came and went ([`Store::counted`]).
    pub keep_usage_days: u32,
    pub usage_by_site: BTreeMap<String, u32>,
    /// As long as a pack of one of these is good, the counts of its sites that it is reckoned from stay, however short their period is.
    pub plans: Vec<Capacity>,
    /// Records of the months and packs of sites with a plan ([`Store::billing`]), for sites that are not named.
    pub keep_billing_days: u32,
    pub billing_by_site: BTreeMap<String, u32>,
    /// No flag is longer ([`Store::flag`]); 1 to 30.
    pub keep_flags_days: u32,
    pub flags_by_site: BTreeMap<String, u32>,
}

impl Default for Retention {
    fn default() -> Retention {
        Retention {
            keep_content_days: 0,
            by_site: BTreeMap::new(),
            keep_events_days: EVENTS_KEPT_DAYS as u32,
            events_by_site: BTreeMap::new(),
            keep_usage_days: KEEP_USAGE_DAYS,
            usage_by_site: BTreeMap::new(),
            plans: Vec::new(),
            keep_billing_days: KEEP_BILLING_DAYS,
            billing_by_site: BTreeMap::new(),
            keep_flags_days: FLAG_DAYS_MAX,
            flags_by_site: BTreeMap::new(),
        }
    }
}

/// What a period is for.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Content,
    Events,
    Usage,
    Billing,
    Flags,
}

impl Kind {
    const ALL: [Kind; 5] = [Kind::Content, Kind::Events, Kind::Usage, Kind::Billing, Kind::Flags];

    /// The word of its setting, as receipts in the audit trail have it.
    fn word(self) -> &'static str {
        match self {
            Kind::Content => "keep_content_days",
            Kind::Events => "keep_events_days",
            Kind::Usage => "keep_usage_days",
            Kind::Billing => "keep_billing_days",
            Kind::Flags => "keep_flags_days",
        }
    }
}

impl Retention {
    /// Until when what an event says is kept about which nothing is decided; the next sweep erases it then.
    pub fn undecided_event_kept_until(&self, site: &str, received_at: Micros) -> Micros {
        let days = i64::from(self.days(Kind::Events, site)).max(UNSETTLED_KEPT_DAYS_MIN);
        received_at.saturating_add(days * DAY)
    }

    fn named(&self, kind: Kind) -> &BTreeMap<String, u32> {
        match kind {
            Kind::Content => &self.by_site,
            Kind::Events => &self.events_by_site,
            Kind::Usage => &self.usage_by_site,
            Kind::Billing => &self.billing_by_site,
            Kind::Flags => &self.flags_by_site,
        }
    }

    fn days(&self, kind: Kind, site: &str) -> u32 {
        let of_others = match kind {
            Kind::Content => self.keep_content_days,
            Kind::Events => self.keep_events_days,
            Kind::Usage => self.keep_usage_days,
            Kind::Billing => self.keep_billing_days,
            Kind::Flags => self.keep_flags_days,
        };
        self.named(kind).get(site).copied().unwrap_or(of_others)
    }
}

impl Store {
    /// Puts other periods in place; the next sweep goes by them, which comes at once where a site keeps nothing. For each named site whose period is another than the last
    /// one that is known, or the first, the audit trail says who set which. What was erased under a shorter period stays erased.
    pub async fn keep(&self, retention: &Retention, who: &str) -> Result<(), Fault> {
        for kind in Kind::ALL {
            for (site, days) in retention.named(kind) {
                self.record_period(kind, site, *days, who).await?;
            }
        }
        self.go_by(retention);
        if self.sites_keeping_nothing().is_empty() { Ok(()) } else { self.sweep_soon().await }
    }

    /// Goes by these periods in what this process does, and leaves the rest of [`Store::keep`] to the gateway: the audit trail and the sweep.
    pub fn go_by(&self, retention: &Retention) {
        *self.inner.retention.write().unwrap_or_else(PoisonError::into_inner) = retention.clone();
    }

    async fn record_period(&self, kind: Kind, site: &str, days: u32, who: &str) -> Result<(), Fault> {
        let days = i64::from(days);
        let asked = site.to_owned();
        let known = self.inner.db.read(move |conn| Box::pin(async move { period(conn, kind, &asked).await }));
        if known.await? == Some(days) {
            return Ok(());
        }
        let entry = Entry::by_person(&self.inner.vault, site, "retention", site, who).await?;
        let site = site.to_owned();
        let work = self.inner.db.unit(move |conn| {
            Box::pin(async move {
                // Another process may have written it down meanwhile.
                let before = period(conn, kind, &site).await?;
                if before == Some(days) {
                    return Ok(());
                }
                let now = dialect::now(conn).await?;
                put(conn, kind, &site, days, now).await?;
                let before = before.map_or_else(|| "null".to_owned(), |days| days.to_string());
                let receipt = format!("{{\"{}\":{days},\"before\":{before}}}", kind.word());
                audit::write(conn, &entry.with_receipt(Some(receipt)), now).await
            })
        });
        work.await
    }

    /// For how long the counts of this site are kept, in days.
    pub(crate) fn keep_usage_days(&self, site: &str) -> i64 {
        self.period_of(Kind::Usage, site)
    }

    /// The first day of which the counts of this site stay on this one.
    pub(crate) fn counts_kept_from(&self, site: &str, today: i64) -> i64 {
        let by_period = today - self.keep_usage_days(site);
        let retention = self.inner.retention.read().unwrap_or_else(PoisonError::into_inner);
        let plans = retention.plans.iter().filter(|plan| plan.sites.iter().any(|of| of == site));
        plans.filter_map(|plan| plan.counts_needed_from(today)).fold(by_period, i64::min)
    }

    /// For how long its billing records are, in days.
    pub(crate) fn keep_billing_days(&self, site: &str) -> i64 {
        self.period_of(Kind::Billing, site)
    }

    /// How long a flag of its mails may be, in days.
    pub(crate) fn keep_flags_days(&self, site: &str) -> i64 {
        self.period_of(Kind::Flags, site)
    }

    /// The shortest period of any site for counts, in days.
    pub(crate) fn shortest_usage_days(&self) -> i64 {
        let retention = self.inner.retention.read().unwrap_or_else(PoisonError::into_inner);
        let named = retention.usage_by_site.values().copied().min();
        i64::from(named.map_or(retention.keep_usage_days, |days| days.min(retention.keep_usage_days)))
    }

    /// For how long its content is, in days.
    pub(crate) fn keep_days(&self, site: &str) -> i64 {
        self.period_of(Kind::Content, site)
    }

    /// For how long its events are, in days.
    pub(crate) fn keep_events_days(&self, site: &str) -> i64 {
        self.period_of(Kind::Events, site)
    }

    /// [`Retention::undecided_event_kept_until`] as this process keeps it.
    pub fn undecided_event_kept_until(&self, site: &str, received_at: Micros) -> Micros {
        let retention = self.inner.retention.read().unwrap_or_else(PoisonError::into_inner);
        retention.undecided_event_kept_until(site, received_at)
    }

    /// The sites of which content or events are erased as soon as their work is done.
    pub(crate) fn sites_keeping_nothing(&self) -> BTreeSet<String> {
        let retention = self.inner.retention.read().unwrap_or_else(PoisonError::into_inner);
        let named = [&retention.by_site, &retention.events_by_site].into_iter().flatten();
        named.filter(|(_, days)| **days == 0).map(|(site, _)| site.clone()).collect()
    }

    fn period_of(&self, kind: Kind, site: &str) -> i64 {
        i64::from(self.inner.retention.read().unwrap_or_else(PoisonError::into_inner).days(kind, site))
    }
}

async fn period(conn: &mut Conn, kind: Kind, site: &str) -> Result<Option<i64>, Fault> {
    const OF_CONTENT: &str = "SELECT keep_content_days FROM retention WHERE site = $1";
    const OF_OTHERS: &str = "SELECT days FROM retention_periods WHERE site = $1 AND kind = $2";
    let found = match kind {
        Kind::Content => one!(conn, (i64,), OF_CONTENT, site)?,
        Kind::Events | Kind::Usage | Kind::Billing | Kind::Flags => one!(conn, (i64,), OF_OTHERS, site, kind.word())?,
    };
    Ok(found.map(|(days,)| days))
}

async fn put(conn: &mut Conn, kind: Kind, site: &str, days: i64, now: Micros) -> Result<(), Fault> {
    const OF_CONTENT: &str = "INSERT INTO retention (site, keep_content_days, changed_at) VALUES ($1, $2, $3)
        ON CONFLICT (site) DO UPDATE SET keep_content_days = excluded.keep_content_days, changed_at = excluded.changed_at";
    const OF_OTHERS: &str = "INSERT INTO retention_periods (site, kind, days, changed_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (site, kind) DO UPDATE SET days = excluded.days, changed_at = excluded.changed_at";
    match kind {
        Kind::Content => execute!(conn, OF_CONTENT, site, days, now)?,
        Kind::Events | Kind::Usage | Kind::Billing | Kind::Flags => {
            execute!(conn, OF_OTHERS, site, kind.word(), days, now)?
        }
    };
    Ok(())
}
