//! The first page: what needs a person, what is worth knowing, and what is under way.

use super::{Moment, moment, render, state, state_word, trouble};
use crate::Console;
use crate::now::{MailboxNow, PlanNow, SiteNow};
use crate::sign_in::Session;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use policy::meter::HeldEvents;
use store::{Attention, JobState, KeptOfRelay, Micros, Work};

/// States in which work goes on by itself.
const OPEN: [JobState; 3] = [JobState::Ready, JobState::Running, JobState::Waiting];

/// Where a mailbox is looked at.
const MAILBOXES: (&str, &str) = ("/mailboxes", "Show the mailboxes");

/// Something that does not go on by itself.
struct Need {
    class: &'static str,
    text: String,
    /// Since when.
    since: Option<Moment>,
    /// Where to look: an address and what stands there.
    link: Option<(&'static str, &'static str)>,
}

/// Work in one state.
struct Count {
    number: u64,
    shown: &'static str,
    word: &'static str,
}

/// Work of one kind that goes on by itself.
struct Row {
    name: &'static str,
    link: &'static str,
    counts: Vec<Count>,
}

#[derive(Template)]
#[template(path = "front.html")]
struct Page {
    token: String,
    /// For somebody of the support.
    support: bool,
    needs: Vec<Need>,
    known: Vec<String>,
    /// Mails.
    counts: Vec<Count>,
    /// Events and letters.
    others: [Row; 2],
}

/// The page.
pub async fn show(State(console): State<Console>, session: Extension<Session>) -> Response {
    let attention = match console.store.attention().await {
        Ok(attention) => attention,
        Err(fault) => return trouble(&fault),
    };
    let aside = match console.store.aside().await {
        Ok(aside) => aside,
        Err(fault) => return trouble(&fault),
    };
    let held = match console.store.held_events().await {
        Ok(held) => held,
        Err(fault) => return trouble(&fault),
    };
    let flagged = match console.store.flagged_contacts().await {
        Ok(flagged) => flagged,
        Err(fault) => return trouble(&fault),
    };
    let kept = match console.store.kept_by_relay().await {
        Ok(kept) => kept,
        Err(fault) => return trouble(&fault),
    };
    let (sites, mailboxes) = (console.now.sites(), console.now.mailboxes());
    let mut needs = needs(&attention, &sites, &mailboxes);
    needs.extend(console.now.halted().iter().map(|name| closed(name)));
    needs.extend(console.now.away().iter().map(|name| away(name)));
    needs.extend(of_plans(&console.now.plans(), &aside, &held));
    needs.extend(flagged.iter().map(of_contacts));
    needs.extend(of_relays_gone(&kept, &console.hands.relays()));
    let count = |number: &dyn Fn(JobState) -> u64| {
        OPEN.map(|open| Count { number: number(open), shown: state(open), word: state_word(open) }).into()
    };
    let row = |name, link, work| Row { name, link, counts: count(&|open| attention.under_way(work, open)) };
    let page = Page {
        token: session.token(),
        support: session.support_of().is_some(),
        needs,
        known: worth_knowing(&sites),
        counts: count(&|open| attention.of(open).map_or(0, |(number, _)| number)),
        others: [row("Events", "/events", Work::Events), row("Letters", "/letters/events", Work::Letters)],
    };
    render(StatusCode::OK, &page)
}

fn needs(attention: &Attention, sites: &[SiteNow], mailboxes: &[MailboxNow]) -> Vec<Need> {
    let mails = |number, one: &str, more: &str| {
        if number == 1 { format!("1 mail {one}") } else { format!("{number} mails {more}") }
    };
    let mut needs = Vec::new();
    if let Some((number, since)) = attention.of(JobState::Held) {
        needs.push(Need {
            class: "held",
            text: mails(number, "is held for a person", "are held for a person"),
            since: Some(moment(since)),
            link: Some(("/messages?state=held", "Show what is held")),
        });
    }
    if let Some((number, since)) = attention.of(JobState::Dead) {
        needs.push(Need {
            class: "dead",
            text: mails(number, "was given up", "were given up"),
            since: Some(moment(since)),
            link: Some(("/messages?state=dead", "Show what was given up")),
        });
    }
    if let Some((number, since)) = attention.unsettled {
        let text = mails(
            number,
            "was held or put into quarantine by its decision; replay or delete it",
            "were held or put into quarantine by their decisions; replay or delete them",
        );
        let link = Some(("/messages?outcome=hold", "Show what is on hold"));
        needs.push(Need { class: "held", text, since: Some(moment(since)), link });
    }
    needs.extend(of_letters_and_events(attention));
    let refused = |what: &str, name: &str| {
        let text =
            format!("A token server gives no tokens for the {what} {name}; sealpost check says why, and what to do");
        Need { class: "held", text, since: None, link: None }
    };
    needs.extend(sites.iter().filter(|site| site.is_refused).map(|site| refused("site", &site.name)));
    needs
        .extend(mailboxes.iter().filter(|mailbox| mailbox.is_refused).map(|mailbox| refused("mailbox", &mailbox.name)));
    for site in sites.iter().filter(|site| site.is_parked && !site.is_refused) {
        let text =
            format!("The site {} is left alone at present, because it is out of order or asked for quiet", site.name);
        needs.push(Need { class: "waiting", text, since: None, link: None });
    }
    for mailbox in mailboxes.iter().filter(|mailbox| mailbox.fails && !mailbox.is_refused) {
        let text = format!("The mailbox {} cannot be fetched; a test of its connection says why", mailbox.name);
        let fetched = attention.fetched.iter().find(|(name, _)| *name == mailbox.name);
        let since = fetched.map(|(_, at)| moment(*at));
        needs.push(Need { class: "held", text, since, link: Some(MAILBOXES) });
    }
    needs.extend(mailboxes.iter().filter(|mailbox| mailbox.not_fetched > 0).map(unfetched));
    needs.extend(mailboxes.iter().filter(|mailbox| !mailbox.fails && !mailbox.is_refused).filter_map(unheard));
    needs
}

/// Plans that leave no room, with what waits for it.
fn of_plans(plans: &[PlanNow], aside: &[(String, u64)], held: &[HeldEvents]) -> Vec<Need> {
    let spent = plans.iter().filter(|plan| !plan.why_not.is_empty()).map(|plan| {
        let PlanNow { name, why_not, .. } = plan;
        let of_plan = aside.iter().filter(|(site, _)| plan.sites.contains(site));
        let waits: u64 = of_plan.map(|(_, number)| number).sum();
        let text = format!(
            "The capacity plan {name} leaves no room: {why_not}. Mail stays where it is, and {waits} pieces of work on events and letters wait{}",
            of_held(plan, held)
        );
        Need { class: "waiting", text, since: None, link: Some(("/usage", "Show the usage")) }
    });
    spent.collect()
}

/// When the first of the events are given up that wait for room in a plan, and when they are lost.
fn of_held(plan: &PlanNow, held: &[HeldEvents]) -> String {
    let held = held.iter().filter(|held| plan.sites.contains(&held.site));
    let Some(first) = held.min_by_key(|held| held.given_up_at(plan.hold_days)) else { return String::new() };
    let (end, lost) = (moment(first.given_up_at(plan.hold_days)), moment(first.kept_until));
    format!(". The first events are given up on {}; what they say is kept until {}", end.shown, lost.shown)
}

/// Contacts of a site from which letters came back.
fn of_contacts((site, number, none_left): &(String, u64, bool)) -> Need {
    let what = if *number == 1 { "a contact".to_owned() } else { format!("{number} contacts") };
    let then = if *none_left { "nobody is told of its billing any more" } else { "others are told instead" };
    let text = format!("Letters to {what} of the site {site} came back; {then}");
    let class = if *none_left { "dead" } else { "held" };
    Need { class, text, since: None, link: Some(("/contacts", "Show the contacts")) }
}

/// What relays have stored that are not in the settings any more, so that nobody hands it on.
fn of_relays_gone(kept: &[KeptOfRelay], relays: &[(String, String)]) -> Vec<Need> {
    let is_gone = |of: &&KeptOfRelay| !relays.iter().any(|(site, name)| *site == of.site && *name == of.relay);
    let need = |KeptOfRelay { relay, mails, since, .. }: &KeptOfRelay| {
        let what = if *mails == 1 { "1 mail that it has".to_owned() } else { format!("{mails} mails that it has") };
        let text = format!(
            "The relay {relay} is not in the settings any more: nobody hands on {what} stored; put it back, or erase them"
        );
        let link = Some(("/relayed", "Show what relays have stored"));
        Need { class: "dead", text, since: Some(moment(*since)), link }
    };
    kept.iter().filter(is_gone).map(need).collect()
}

/// A server that letters wait for until a person has looked.
fn closed(name: &str) -> Need {
    let text = format!(
        "The outgoing mail server {name} lets us in no more, or takes no more of our letters for now: they wait, and sealpost check says why"
    );
    Need { class: "held", text, since: None, link: Some(("/letters/events", "Show the letters about events")) }
}

/// A server that letters wait for, which comes back by itself.
fn away(name: &str) -> Need {
    let text = format!(
        "The outgoing mail server {name} cannot be reached: letters wait and go by themselves when it is back; sealpost check says more"
    );
    Need { class: "waiting", text, since: None, link: Some(("/letters/events", "Show the letters about events")) }
}

/// Letters that do not leave, and events that nobody is told of, because their work stopped.
fn of_letters_and_events(attention: &Attention) -> Vec<Need> {
    let of_mails = Some(attention.stuck_letters).filter(|number| *number > 0).map(|number| {
        let what = if number == 1 { "mail has letters" } else { "mails have letters" };
        let text = format!("{number} {what} that could not be sent");
        Need { class: "dead", text, since: None, link: Some(("/letters", "Show the letters")) }
    });
    let of_bulletins = Some(attention.stuck_bulletins).filter(|number| *number > 0).map(|number| {
        let what = if number == 1 { "notice" } else { "notices" };
        let text = format!("{number} {what} to administrators could not be delivered; sealpost bulletin list says why");
        Need { class: "dead", text, since: None, link: None }
    });
    let of_events = [attention.stuck_events.map(undecided), attention.stuck_event_letters.map(unsent)];
    let of_written = attention.stuck_written.map(unwritten);
    of_mails.into_iter().chain(of_events.into_iter().flatten()).chain(of_written).chain(of_bulletins).collect()
}

/// Events that nothing is decided about.
fn undecided((number, since): (u64, Micros)) -> Need {
    let what = match number {
        1 => "Of 1 event it is not decided who is told: the work on its issue".to_owned(),
        _ => format!("Of {number} events it is not decided who is told: the work on their issues"),
    };
    let text = format!("{what} was given up or is held");
    let link = Some(("/events?state=stopped", "Show these events"));
    Need { class: "dead", text, since: Some(moment(since)), link }
}

/// Letters that people wrote on purpose and that do not go on by themselves.
fn unwritten((number, since): (u64, Micros)) -> Need {
    let what = match number {
        1 => "1 letter that somebody wrote: the work on it".to_owned(),
        _ => format!("{number} letters that people wrote: the work on them"),
    };
    let text = format!("{what} was given up or is held; sealpost letter written says why");
    Need { class: "dead", text, since: Some(moment(since)), link: None }
}

/// Letters about events that do not leave by themselves.
fn unsent((number, since): (u64, Micros)) -> Need {
    let what = if number == 1 { "1 letter".to_owned() } else { format!("{number} letters") };
    let text = format!("{what} about events could not be sent");
    let link = Some(("/letters/events?state=stopped", "Show these letters"));
    Need { class: "dead", text, since: Some(moment(since)), link }
}

/// Mails that were never taken in, so that they have no story.
fn unfetched(mailbox: &MailboxNow) -> Need {
    let MailboxNow { name, not_fetched, too_large, .. } = mailbox;
    let what = if *not_fetched == 1 { "1 mail lies".to_owned() } else { format!("{not_fetched} mails lie") };
    let large = if *too_large > 0 { format!(" ({too_large} too large)") } else { String::new() };
    let text = format!("{what} in the mailbox {name} and could not be fetched{large}; a look into it tells of each");
    Need { class: "held", text, since: mailbox.not_fetched_since.map(moment), link: Some(MAILBOXES) }
}

/// A mailbox that says nothing, though nothing says no.
fn unheard(mailbox: &MailboxNow) -> Option<Need> {
    let text = match mailbox {
        MailboxNow { name, is_silent: true, .. } => {
            format!("No mail comes into the mailbox {name}; see whether it still reaches it")
        }
        MailboxNow { name, is_stalled: true, .. } => format!("The mailbox {name} is not looked through any more"),
        _ => return None,
    };
    Some(Need { class: "held", text, since: None, link: Some(MAILBOXES) })
}

fn worth_knowing(sites: &[SiteNow]) -> Vec<String> {
    let mut known = Vec::new();
    for site in sites {
        if site.is_dead_end {
            known.push(format!("The site {} is a dead end: its letters are kept here, and none leaves.", site.name));
        }
        let bitten: Vec<String> = site
            .limited
            .iter()
            .filter(|(_, times)| *times > 0)
            .map(|(limit, times)| format!("{limit} {times}\u{a0}{}", if *times == 1 { "time" } else { "times" }))
            .collect();
        if !bitten.is_empty() {
            known.push(format!("Limits of the tracker of {}, since the start: {}.", site.name, bitten.join(", ")));
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priv_28_a_limit_that_bit_is_told_with_its_site() {
        let site = |limited: Vec<(&'static str, u64)>| SiteNow { name: "north".into(), limited, ..SiteNow::default() };
        let told = worth_knowing(&[site(vec![("requests in a second", 3), ("quota", 0), ("writes of one issue", 1)])]);
        assert_eq!(
            told,
            ["Limits of the tracker of north, since the start: requests in a second 3\u{a0}times, \
              writes of one issue 1\u{a0}time."]
        );
        assert_eq!(worth_knowing(&[site(vec![("quota", 0)])]), Vec::<String>::new());
    }
}
