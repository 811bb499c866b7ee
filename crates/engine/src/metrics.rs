//! Counters of what the gateway did, rendered as Prometheus text; never an address, a subject or an id.

mod person_keys;

use crate::deliver::shelf::Condition;
use crate::fetch::NotFetched;
use policy::meter::{Capacity, OfMonth, Standing};
use policy::sealing::Origin;
use policy::{Fault, FaultCode};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use store::{Figures, GrantOf};

macro_rules! counters {
    ($($name:ident, $metric:literal, $help:literal;)*) => {
        /// What happened in this process since it started.
        #[derive(Debug, Default)]
        pub struct Metrics {
            $(pub(crate) $name: AtomicU64,)*
            faults: Mutex<BTreeMap<u16, u64>>,
            person_keys: Mutex<BTreeMap<(&'static str, Origin), u64>>,
        }

        impl Metrics {
            fn counters(&self) -> Vec<(&'static str, &'static str, u64)> {
                vec![$(($metric, $help, self.$name.load(Ordering::Relaxed)),)*]
            }
        }
    };
}

counters! {
    taken_in, "sealpost_intake_messages_total", "Messages taken in durably.";
    known_again, "sealpost_intake_known_again_total", "Messages that had been taken in before by the same way.";
    refused, "sealpost_intake_refused_total", "Messages refused for now, for want of room or because the queue was full.";
    claimed, "sealpost_jobs_claimed_total", "Jobs claimed.";
    finished, "sealpost_jobs_finished_total", "Jobs that came to their end.";
    retried, "sealpost_jobs_retried_total", "Runs that failed and are tried again.";
    waited, "sealpost_jobs_waited_total", "Runs that ended in a wait that belongs to the work.";
    held, "sealpost_jobs_held_total", "Jobs held for a person.";
    dead, "sealpost_jobs_dead_total", "Jobs given up.";
    lost, "sealpost_jobs_lost_total", "Jobs that another process took over.";
    panics, "sealpost_jobs_panicked_total", "Runs that panicked.";
    quarantined, "sealpost_messages_quarantined_total", "Messages quarantined because reading them killed their cell or overstepped a limit.";
    effects, "sealpost_effects_total", "Effects in trackers that have a receipt.";
    effects_failed, "sealpost_effects_failed_total", "Effects that a tracker refused for good.";
    in_doubt, "sealpost_effects_in_doubt_total", "Effects whose answer was lost.";
    looks, "sealpost_effect_look_ups_total", "Looks for the trace of an effect in doubt.";
    traces_found, "sealpost_effect_traces_found_total", "Effects in doubt whose trace was found.";
    repeats, "sealpost_effect_repeats_total", "Effects repeated after their trace was surely absent.";
    fetch_rounds, "sealpost_fetch_rounds_total", "Times that a mailbox on another server was gone through without a fault.";
    fetched, "sealpost_fetch_messages_total", "Messages taken in from mailboxes on other servers.";
    not_fetched, "sealpost_fetch_failed_messages_total", "Attempts to fetch a single message that failed; it stays in its mailbox and is asked for again.";
    deleted, "sealpost_fetch_deleted_messages_total", "Messages deleted in mailboxes on other servers after they were taken in.";
    letters_sent, "sealpost_letters_sent_total", "Letters that an outgoing mail server took.";
    channel_messages_sent, "sealpost_channel_messages_sent_total", "Messages about issues that a channel took.";
    letters_kept, "sealpost_letters_kept_total", "Letters kept here because their site is a dead end.";
    letters_failed, "sealpost_letters_failed_total", "Letters that failed for good.";
    letters_posted, "sealpost_letters_posted_total", "Letters about events that were posted.";
    letters_by_theme_instead, "sealpost_letters_by_theme_instead_total", "Letters about events made by a theme, because the template of their mapping was of no use.";
    written_refused, "sealpost_letters_written_refused_total", "Letters that people wrote on purpose and nobody gets.";
    letters_returned_told, "sealpost_letters_returned_told_total", "Letters that tell somebody that another letter did not arrive.";
    letters_again, "sealpost_letters_again_total", "Letters sent once more because the answer after the final dot was lost.";
    moved, "sealpost_fetch_moved_messages_total", "Messages moved to another folder of their server after they were taken in.";
    files_kept, "sealpost_files_kept_total", "Files that were kept here instead of being attached.";
    files_deleted, "sealpost_files_deleted_total", "Kept files that were deleted because their time was over.";
    webhooks, "sealpost_webhooks_total", "Webhooks of trackers that told something new.";
    webhooks_known, "sealpost_webhooks_known_again_total", "Webhooks that told nothing new, or of nothing that is looked at.";
    webhooks_unproved, "sealpost_webhooks_unproved_total", "Webhooks that nothing proved to be of their site; nothing of them was read.";
    webhooks_out_of_time, "sealpost_webhooks_out_of_time_total", "Webhooks that were refused because they told of a time more than a day ago, or three months ahead.";
    webhooks_ahead, "sealpost_webhooks_ahead_total", "Webhooks that were taken in though they told of a time more than ten minutes ahead: a clock is wrong.";
    history_passes, "sealpost_history_passes_total", "Times that what was touched on a site was gone through without a fault.";
    history_events, "sealpost_history_events_total", "Events that were read in the history of issues and not known before.";
    history_unread, "sealpost_history_unread_total", "Attempts to read what happened to a single issue that were refused.";
    notices, "sealpost_notices_total", "Decisions about the events of an issue.";
    summaries, "sealpost_summaries_total", "Times that a summary was due and it was decided who gets it.";
    bulletins, "sealpost_bulletins_total", "Bulletins to administrators that were posted.";
    bulletins_failed, "sealpost_bulletins_failed_total", "Bulletins that a channel refused.";
    swept, "sealpost_sweep_erased_total", "Contents and orphans erased.";
}

/// What is told of one site.
#[derive(Debug, Clone)]
pub struct SiteFigures {
    pub name: String,
    /// Whether it is left alone at present.
    pub is_parked: bool,
    /// Its letters are kept and none leaves.
    pub is_dead_end: bool,
    /// Whether the last pass through its history failed in this process; `None` where it is not read.
    pub history_fails: Option<bool>,
    /// How often each of the tracker's limits bit.
    pub limited: [(&'static str, u64); 4],
}

/// What is told of one outgoing mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingFigures {
    pub name: String,
    /// The sites whose letters leave by it, by name.
    pub sites: Vec<String>,
    pub condition: Condition,
}

/// What is told of one mailbox.
#[derive(Debug, Clone)]
pub struct MailboxFigures {
    pub name: String,
    pub is_fetched: bool,
    /// Its last round in this process failed.
    pub fails: bool,
    pub not_fetched: NotFetched,
    /// No mail came for longer than its settings say.
    pub is_silent: bool,
    /// No round through it has got to its end for too long.
    pub is_stalled: bool,
}

impl Metrics {
    pub(crate) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a job that waits for something, and why.
    pub(crate) fn waits(&self, fault: &Fault) {
        Metrics::add(&self.waited);
        self.fault(fault);
    }

    /// Counts a fault by its code.
    pub(crate) fn fault(&self, fault: &Fault) {
        *self.faults().entry(fault.code.number()).or_default() += 1;
    }

    /// The text form (Prometheus exposition format 0.0.4). `watches` is how many servers are waited on; `grants` are those that
    /// were used, and whether a token server refused each.
    pub fn render(
        &self,
        figures: Option<&Figures>,
        sites: &[SiteFigures],
        mailboxes: &[MailboxFigures],
        watches: usize,
        grants: &[(GrantOf, bool)],
        plans: &[(Capacity, Standing)],
    ) -> String {
        let mut text = String::with_capacity(4096);
        for (metric, help, value) in self.counters() {
            head(&mut text, metric, help, "counter");
            line(&mut text, metric, &[], value);
        }
        head(&mut text, "sealpost_faults_total", "Faults by code.", "counter");
        for (number, count) in self.faults().iter() {
            line(&mut text, "sealpost_faults_total", &[("code", &format!("SP-{number:04}"))], *count);
        }
        self.render_harvested(&mut text);
        render_sites(&mut text, sites);
        render_mailboxes(&mut text, mailboxes);
        head(&mut text, "sealpost_mailbox_watches", "Servers that tell of new mail at once.", "gauge");
        line(&mut text, "sealpost_mailbox_watches", &[], u64::try_from(watches).unwrap_or(u64::MAX));
        let metric = "sealpost_grant_refused";
        head(
            &mut text,
            metric,
            "1 while a token server gives no tokens for a site, a mailbox or (without a site) an outgoing server: sign in again.",
            "gauge",
        );
        for (GrantOf { site, mailbox }, refused) in grants {
            line(&mut text, metric, &[("site", site), ("mailbox", mailbox)], u64::from(*refused));
        }
        render_plans(&mut text, plans);
        if let Some(figures) = figures {
            render_figures(&mut text, figures);
            render_fetched(&mut text, figures, mailboxes);
            render_files(&mut text, figures);
            person_keys::render(&mut text, figures);
            render_usage(&mut text, figures);
        }
        text
    }

    /// How often faults of this code happened.
    pub fn faults_of(&self, code: FaultCode) -> u64 {
        self.faults().get(&code.number()).copied().unwrap_or(0)
    }

    fn faults(&self) -> std::sync::MutexGuard<'_, BTreeMap<u16, u64>> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn render_figures(text: &mut String, figures: &Figures) {
    head(text, "sealpost_messages", "Messages stored.", "gauge");
    line(text, "sealpost_messages", &[], figures.messages);
    head(text, "sealpost_content_age_seconds", "Age of the oldest content that is still kept.", "gauge");
    for (site, age_s) in &figures.kept {
        line(text, "sealpost_content_age_seconds", &[("site", site)], *age_s);
    }
    head(text, "sealpost_outcomes", "Messages by what became of them; those in shadow are not counted.", "gauge");
    for (outcome, count) in &figures.outcomes {
        line(text, "sealpost_outcomes", &[("outcome", outcome.word())], *count);
    }
    head(
        text,
        "sealpost_messages_unsettled",
        "Messages that a decision held or put into quarantine and nobody has replayed or deleted.",
        "gauge",
    );
    line(text, "sealpost_messages_unsettled", &[], figures.unsettled);
    head(text, "sealpost_jobs", "Jobs by kind and state.", "gauge");
    for (kind, state, count, _) in &figures.jobs {
        let labels = (format!("{kind:?}").to_lowercase(), format!("{state:?}").to_lowercase());
        line(text, "sealpost_jobs", &[("kind", &labels.0), ("state", &labels.1)], *count);
    }
    head(text, "sealpost_job_age_seconds", "Age of the oldest job by kind and state.", "gauge");
    for (kind, state, _, age_s) in &figures.jobs {
        let labels = (format!("{kind:?}").to_lowercase(), format!("{state:?}").to_lowercase());
        line(text, "sealpost_job_age_seconds", &[("kind", &labels.0), ("state", &labels.1)], *age_s);
    }
}

fn render_files(text: &mut String, figures: &Figures) {
    let (files, bytes) = figures.kept_files;
    head(text, "sealpost_kept_files", "Files that are kept here for issues.", "gauge");
    line(text, "sealpost_kept_files", &[], files);
    head(text, "sealpost_kept_files_bytes", "Their bytes.", "gauge");
    line(text, "sealpost_kept_files_bytes", &[], bytes);
    let metric = "sealpost_excluded_total";
    head(text, metric, "Files and pictures that an exclusion of a profile kept back.", "counter");
    for one in &figures.exclusions {
        let labels = [("site", one.site.as_str()), ("profile", &one.profile), ("exclusion", &one.name)];
        line(text, metric, &labels, one.times);
    }
}

fn render_plans(text: &mut String, plans: &[(Capacity, Standing)]) {
    let metric = "sealpost_plan_used_percent";
    head(text, metric, "How much of a capacity plan is used in this month; none for a plan without limits.", "gauge");
    for (plan, percent) in plans.iter().filter_map(|(plan, standing)| Some((plan, standing.percent()?))) {
        line(text, metric, &[("plan", &plan.name)], u64::from(percent));
    }
    head(text, "sealpost_plan_spent", "1 while a capacity plan leaves no room.", "gauge");
    for (plan, standing) in plans {
        line(text, "sealpost_plan_spent", &[("plan", &plan.name)], u64::from(standing.spent.is_some()));
    }
}

/// What was counted in this month, so that it begins at 0 with each.
fn render_usage(text: &mut String, figures: &Figures) {
    type Figure = (&'static str, &'static str, fn(&OfMonth) -> u64);
    let of_month: [Figure; 2] = [
        ("sealpost_month_messages", "Messages of this month, in UTC, by site and kind.", |one| one.amount.messages),
        ("sealpost_month_bytes", "Their bytes.", |one| one.amount.bytes),
    ];
    for (metric, help, figure) in of_month {
        head(text, metric, help, "gauge");
        for one in &figures.usage {
            let class = if one.maintenance { "maintenance" } else { "standard" };
            line(text, metric, &[("site", &one.site), ("kind", one.what.word()), ("class", class)], figure(one));
        }
    }
}

fn render_sites(text: &mut String, sites: &[SiteFigures]) {
    head(
        text,
        "sealpost_site_parked",
        "1 while a site is left alone, because it is out of order or asked for it.",
        "gauge",
    );
    for site in sites {
        line(text, "sealpost_site_parked", &[("site", &site.name)], u64::from(site.is_parked));
    }
    let metric = "sealpost_site_history_fails";
    head(text, metric, "1 while what happened on a site cannot be read in its history.", "gauge");
    for (site, fails) in sites.iter().filter_map(|site| Some((site, site.history_fails?))) {
        line(text, metric, &[("site", &site.name)], u64::from(fails));
    }
    head(
        text,
        "sealpost_site_limited_total",
        "Requests that a limit of the tracker refused or that were kept back for it, by limit: burst, issue, quota, other.",
        "counter",
    );
    for site in sites {
        for (limit, count) in &site.limited {
            line(text, "sealpost_site_limited_total", &[("site", &site.name), ("limit", limit)], *count);
        }
    }
}

/// The outgoing mail servers as Prometheus text.
pub(crate) fn outgoings_in_text(outgoings: &[OutgoingFigures]) -> String {
    let mut text = String::new();
    let metric = "sealpost_outgoing_halted";
    head(
        &mut text,
        metric,
        "1 while an outgoing mail server lets us in no more, or takes no more of our letters.",
        "gauge",
    );
    for one in outgoings {
        line(&mut text, metric, &[("outgoing", &one.name)], u64::from(one.condition == Condition::Halted));
    }
    let metric = "sealpost_outgoing_away";
    head(&mut text, metric, "1 while an outgoing mail server cannot be reached.", "gauge");
    for one in outgoings {
        line(&mut text, metric, &[("outgoing", &one.name)], u64::from(one.condition == Condition::Away));
    }
    text
}

fn render_mailboxes(text: &mut String, mailboxes: &[MailboxFigures]) {
    type Figure = (&'static str, &'static str, bool, fn(&MailboxFigures) -> u64);
    let figures: [Figure; 4] = [
        ("sealpost_mailbox_fails", "1 while fetching a mailbox fails.", true, |mailbox| u64::from(mailbox.fails)),
        ("sealpost_mailbox_unfetched", "Mails that lie in a mailbox and could not be fetched.", true, |mailbox| {
            mailbox.not_fetched.mails
        }),
        ("sealpost_mailbox_stalled", "1 while no round through a mailbox gets to its end.", true, |mailbox| {
            u64::from(mailbox.is_stalled)
        }),
        ("sealpost_mailbox_silent", "1 while no mail has come for longer than `silent_after_h`.", false, |mailbox| {
            u64::from(mailbox.is_silent)
        }),
    ];
    for (metric, help, of_fetched, figure) in figures {
        head(text, metric, help, "gauge");
        for mailbox in mailboxes.iter().filter(|mailbox| mailbox.is_fetched || !of_fetched) {
            line(text, metric, &[("mailbox", &mailbox.name)], figure(mailbox));
        }
    }
}

/// Only mailboxes that are still fetched: the others would only grow older.
fn render_fetched(text: &mut String, figures: &Figures, mailboxes: &[MailboxFigures]) {
    let metric = "sealpost_mailbox_fetched_age_seconds";
    head(text, metric, "How long ago all that lay in a fetched mailbox was looked at.", "gauge");
    for (_, mailbox, age_s) in &figures.fetched {
        if mailboxes.iter().any(|known| known.is_fetched && known.name == *mailbox) {
            line(text, metric, &[("mailbox", mailbox)], *age_s);
        }
    }
}

pub(crate) fn head(text: &mut String, metric: &str, help: &str, kind: &str) {
    // Writing to a String cannot fail.
    let _ = write!(text, "# HELP {metric} {help}\n# TYPE {metric} {kind}\n");
}

pub(crate) fn line(text: &mut String, metric: &str, labels: &[(&str, &str)], value: u64) {
    let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escape(value))).collect();
    let braces = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    let _ = writeln!(text, "{metric}{braces} {value}");
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use policy::Outcome;
    use store::{JobKind, JobState};

    fn figures() -> Figures {
        Figures {
            jobs: vec![(JobKind::Decide, JobState::Ready, 4, 17)],
            outcomes: vec![(Outcome::Create, 3)],
            messages: 9,
            unsettled: 2,
            kept: vec![("acme".into(), 86_400)],
            fetched: vec![("acme".into(), "desk".into(), 61), ("acme".into(), "gone".into(), 999)],
            kept_files: (2, 3_000_000),
            exclusions: vec![store::ExclusionLine {
                site: "acme".into(),
                profile: "desk".into(),
                name: "small \"icons\"".into(),
                times: 12,
                last_seen_at: 0,
            }],
            person_keys: vec![store::PersonKeyCount {
                site: "acme".into(),
                origin: "harvested".into(),
                standing: store::KeyStanding::Used,
                number: 5,
                ending: 1,
            }],
            usage: vec![OfMonth {
                month: policy::meter::Month::of_day(0),
                site: "acme".into(),
                what: policy::meter::Metered::Mail,
                maintenance: true,
                amount: policy::meter::Amount { messages: 4, bytes: 4096 },
            }],
        }
    }

    /// A plan of which more is used than there is.
    fn plan() -> (Capacity, Standing) {
        let plan = Capacity {
            name: "small".into(),
            sites: vec![],
            messages: Some(10),
            bytes: None,
            ends: None,
            hold_days: 7,
            packs: vec![],
        };
        let used = policy::meter::Amount { messages: 12, bytes: 0 };
        let standing = plan.standing(&[(policy::meter::Month::of_day(0), used)], 0);
        (plan, standing)
    }

    #[test]
    fn the_text_has_a_help_and_a_type_for_every_sample() {
        let metrics = Metrics::default();
        Metrics::add(&metrics.taken_in);
        metrics.person_key("kept", policy::sealing::Origin::Autocrypt);
        metrics.fault(&Fault::temporary(FaultCode::TrackerBusy, "detail with boss@example.org"));
        let figures = figures();
        let limited = [("burst", 2), ("issue", 0), ("quota", 0), ("other", 0)];
        let name = "ac\"me".into();
        let site = SiteFigures { name, is_parked: true, is_dead_end: false, history_fails: Some(true), limited };
        let desk = MailboxFigures {
            name: "desk".into(),
            is_fetched: true,
            fails: true,
            not_fetched: NotFetched { mails: 3, ..NotFetched::default() },
            is_silent: true,
            is_stalled: false,
        };
        let door = MailboxFigures { name: "door".into(), is_fetched: false, ..desk.clone() };
        let text =
            metrics.render(Some(&figures), &[site], &[desk, door], 7, &[(GrantOf::site("acme"), true)], &[plan()]);
        assert!(text.contains("sealpost_plan_used_percent{plan=\"small\"} 120\n"), "{text}");
        assert!(text.contains("sealpost_plan_spent{plan=\"small\"} 1\n"), "{text}");
        assert!(text.contains("sealpost_mailbox_silent{mailbox=\"door\"} 1\n"), "{text}");
        assert!(text.contains("sealpost_mailbox_stalled{mailbox=\"desk\"} 0\n"), "{text}");
        assert!(!text.contains("sealpost_mailbox_fails{mailbox=\"door\"}"), "{text}");
        assert!(text.contains("sealpost_mailbox_unfetched{mailbox=\"desk\"} 3\n"), "{text}");
        assert!(text.contains("sealpost_grant_refused{site=\"acme\",mailbox=\"\"} 1\n"), "{text}");
        assert!(text.contains("sealpost_site_limited_total{site=\"ac\\\"me\",limit=\"burst\"} 2\n"), "{text}");
        assert!(text.contains("sealpost_mailbox_fails{mailbox=\"desk\"} 1\n"), "{text}");
        assert!(text.contains("sealpost_site_history_fails{site=\"ac\\\"me\"} 1\n"), "{text}");
        assert!(text.contains("sealpost_mailbox_fetched_age_seconds{mailbox=\"desk\"} 61\n"), "{text}");
        let excluded = r#"sealpost_excluded_total{site="acme",profile="desk",exclusion="small \"icons\""} 12"#;
        assert!(text.contains(excluded) && text.contains("sealpost_kept_files_bytes 3000000\n"), "{text}");
        assert!(!text.contains("\"gone\""), "{text}");
        let key = "sealpost_person_keys{site=\"acme\",origin=\"harvested\",standing=\"used\"} 5\n";
        assert!(text.contains(key) && text.contains("sealpost_harvested_keys_total{outcome=\"kept\""), "{text}");
        let counted = "sealpost_month_bytes{site=\"acme\",kind=\"mail\",class=\"maintenance\"} 4096\n";
        assert!(text.contains(counted), "{text}");
        assert!(text.contains("sealpost_intake_messages_total 1\n"), "{text}");
        assert!(text.contains("sealpost_content_age_seconds{site=\"acme\"} 86400\n"), "{text}");
        assert!(text.contains("sealpost_faults_total{code=\"SP-0303\"} 1\n"), "{text}");
        assert!(text.contains("sealpost_job_age_seconds{kind=\"decide\",state=\"ready\"} 17\n"), "{text}");
        assert!(text.contains("sealpost_site_parked{site=\"ac\\\"me\"} 1\n"), "{text}");
        assert!(!text.contains("boss@"), "a fault's detail never reaches the metrics");
        for sample in text.lines().filter(|line| !line.starts_with('#')) {
            let name = sample.split(['{', ' ']).next().unwrap_or_default();
            assert!(text.contains(&format!("# TYPE {name} ")), "{name} has no type");
        }
    }
}
