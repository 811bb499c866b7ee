//! What lets the gateway in and comes to an end: tokens, client secrets, certificates and sign-ins, told ahead.

use crate::settings::{Oauth, Settings};
use engine::tokens::By;
use jiff::Timestamp;
use policy::Fault;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::{GrantOf, GrantTimes, Store};

/// The log tells of each end when so many days are left, or fewer, and when it has come.
const TOLD_AT_DAYS: [i64; 4] = [0, 1, 7, 30];
const DAY_S: i64 = 24 * 3600;

/// What may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    Token,
    ClientSecret,
    Certificate,
    SignIn,
}

/// Something that ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// Of a mailbox, a site or an outgoing server.
    pub of: GrantOf,
    pub what: What,
    /// Whole days; 0 on the last one, negative afterwards.
    pub days_left: i64,
}

/// When it ends.
#[derive(Debug, Clone, Copy)]
enum When {
    At(Timestamp),
    /// When it was not used for so long, or when the token server says so.
    Unused(Option<Duration>),
}

/// The ends that this process tells of.
pub struct Endings {
    store: Store,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    known: Vec<(GrantOf, What, When)>,
    told: HashMap<(GrantOf, What), i64>,
}

impl What {
    /// The word in metrics and logs.
    fn word(self) -> &'static str {
        match self {
            What::Token => "token",
            What::ClientSecret => "client_secret",
            What::Certificate => "certificate",
            What::SignIn => "sign_in",
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            What::Token => "make a new one, put it into its file, set `token_expires` anew and send SIGHUP",
            What::ClientSecret => {
                "make a new one at the token server, put it into its file, set `oauth_secret_expires` anew and send SIGHUP"
            }
            What::Certificate => "register a new one at the token server, replace its files and send SIGHUP",
            What::SignIn => "let the gateway run so that it is used, or sign in again",
        }
    }
}

impl Ending {
    /// What it is of, for `sealpost check`.
    pub fn name(&self) -> String {
        let (kind, name) = self.of.kind_and_name();
        format!("{kind} {name}, {}", self.what.word().replace('_', " "))
    }

    /// How long it is good, and what to do when that is not long.
    pub fn verdict(&self) -> Result<String, String> {
        let remedy = self.what.remedy();
        match self.days_left {
            ..0 => Err(format!("it has ended; {remedy}")),
            left @ 0..=30 => Ok(format!("it ends in {left} days; {remedy}")),
            left => Ok(format!("it is good for {left} days")),
        }
    }
}

impl Endings {
    pub fn new(settings: &Settings, store: Store) -> Endings {
        let state = State { known: known(settings), told: HashMap::new() };
        Endings { store, state: Mutex::new(state) }
    }

    /// Puts other settings in place; what was told already is not told again.
    pub fn swap(&self, settings: &Settings) {
        self.state().known = known(settings);
    }

    /// All ends that are known, sites and mailboxes in the order of the settings.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn all(&self) -> Result<Vec<Ending>, Fault> {
        let grants = self.store.grant_times().await?;
        let (known, now) = (self.state().known.clone(), Timestamp::now());
        let ending = |(of, what, when): (GrantOf, What, When)| {
            let days_left = match when {
                When::At(end) => (end.as_second() - now.as_second()).div_euclid(DAY_S),
                When::Unused(idle) => days_of_grant(grants.iter().find(|times| times.of == of)?, idle)?,
            };
            Some(Ending { of, what, days_left })
        };
        Ok(known.into_iter().filter_map(ending).collect())
    }

    /// Tells the log of each end that has come so near that it was not told yet.
    pub async fn tell(&self) {
        let all = match self.all().await {
            Ok(all) => all,
            Err(fault) => return tracing::warn!(code = %fault.code, detail = fault.logged(), "ends are not known"),
        };
        for Ending { of, what, days_left } in all {
            let near = TOLD_AT_DAYS.into_iter().find(|days| days_left <= *days);
            let told = match near {
                Some(near) => self.state().told.insert((of.clone(), what), near).is_some_and(|told| told <= near),
                None => {
                    self.state().told.remove(&(of.clone(), what));
                    true
                }
            };
            if !told {
                let (site, mailbox, what) = (&of.site, &of.mailbox, what.word());
                tracing::warn!(site, mailbox, what, days_left, "what lets the gateway in ends; see sealpost check");
            }
        }
    }

    /// As Prometheus text; nothing while the store does not answer.
    pub async fn metrics(&self) -> String {
        let metric = "sealpost_credential_days_left";
        let help = "Days until what lets the gateway in ends; negative afterwards.";
        let mut text = format!("# HELP {metric} {help}\n# TYPE {metric} gauge\n");
        for Ending { of: GrantOf { site, mailbox }, what, days_left } in self.all().await.unwrap_or_default() {
            let what = what.word();
            // Debug output escapes quotation marks and ends of lines as the format wants it. Writing to a String cannot fail.
            let _ = writeln!(text, "{metric}{{site={site:?},mailbox={mailbox:?},what=\"{what}\"}} {days_left}");
        }
        text
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every use leaves the state whole; a poisoned lock holds a usable one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn known(settings: &Settings) -> Vec<(GrantOf, What, When)> {
    let mut known = Vec::new();
    for site in &settings.sites {
        let of = GrantOf::site(&site.name);
        known.extend(site.token_expires.map(|end| (of.clone(), What::Token, When::At(end))));
        known.extend(site.oauth.iter().flat_map(|oauth| ends(&of, oauth)));
    }
    for mailbox in &settings.mailboxes {
        let oauth = mailbox.fetched.as_ref().and_then(|fetched| fetched.oauth.as_ref());
        let of = GrantOf::mailbox(&mailbox.site, &mailbox.name);
        known.extend(oauth.into_iter().flat_map(|oauth| ends(&of, oauth)));
    }
    for outgoing in &settings.outgoing {
        let of = GrantOf::outgoing(&outgoing.name);
        known.extend(outgoing.oauth.iter().flat_map(|(_, oauth)| ends(&of, oauth)));
    }
    known
}

fn ends(of: &GrantOf, oauth: &Oauth) -> Vec<(GrantOf, What, When)> {
    let secret = oauth.secret_ends.map(|end| (What::ClientSecret, When::At(end)));
    let certificate = oauth.certificate_ends.map(|end| (What::Certificate, When::At(end)));
    let is_person = matches!(oauth.authorization.by, By::Person);
    let sign_in = is_person.then_some((What::SignIn, When::Unused(oauth.idle_max)));
    [secret, certificate, sign_in].into_iter().flatten().map(|(what, when)| (of.clone(), what, when)).collect()
}

/// The sooner of the two: what the server said, and what it forgets. `None` when neither is known.
fn days_of_grant(times: &GrantTimes, idle_max: Option<Duration>) -> Option<i64> {
    let days = |left: Duration| i64::try_from(left.as_secs()).unwrap_or(i64::MAX) / DAY_S;
    let said = times.left.map(|left| if left.is_zero() { -1 } else { days(left) });
    let unused = idle_max.map(|max| max.checked_sub(times.age).map_or(-1, days));
    said.into_iter().chain(unused).min()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    #[test]
    fn a_grant_ends_when_the_server_says_so_or_when_nobody_uses_it() {
        let times = |age: u32, left: Option<u32>| GrantTimes {
            of: GrantOf::site("demo"),
            age: DAY * age,
            left: left.map(|left| DAY * left),
        };
        let table = [
            (times(10, None), Some(90), Some(80)),
            (times(10, Some(5)), Some(90), Some(5)),
            (times(10, Some(365)), Some(90), Some(80)),
            (times(91, None), Some(90), Some(-1)),
            (times(10, Some(0)), None, Some(-1)),
            (times(10, None), None, None),
        ];
        for (times, idle, expected) in table {
            assert_eq!(days_of_grant(&times, idle.map(|days| DAY * days)), expected, "{times:?} {idle:?}");
        }
    }

    #[test]
    fn verdicts_say_what_to_do_in_time() {
        let ending = |what, days_left| Ending { of: GrantOf::mailbox("demo", "post"), what, days_left };
        assert_eq!(ending(What::ClientSecret, 31).name(), "mailbox post, client secret");
        assert_eq!(ending(What::ClientSecret, 31).verdict().unwrap(), "it is good for 31 days");
        let soon = ending(What::ClientSecret, 30).verdict().unwrap();
        assert!(soon.starts_with("it ends in 30 days; make a new one"), "{soon}");
        assert!(ending(What::SignIn, -1).verdict().unwrap_err().contains("sign in again"));
    }
}
